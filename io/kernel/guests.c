/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The guests of a vn_running, filled with what the kernel says about them. What it will not say, or
 * no longer, becomes a reason in the guest; only a machine without /proc is an error. */
#include "kernel/process.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

typedef struct filling {
	int root;
	bool live;
	const vn_kernel_options *options;
	vn_running *running;
	vn_vhost vhost;
} filling;

static int fill_memory(const filling *f, const vn_process *process, vn_guest *guest, vn_error *err)
{
	const vn_kernel_options *options = f->options;
	uint32_t samples = options->samples ? options->samples : VN_KERNEL_SAMPLES;
	vn_arena *arena = f->running->arena;
	vn_ram ram;
	int r = vn_ram_find(process, guest->config, arena, &ram, err);

	if (r < 0)
		return r;
	if (samples > VN_KERNEL_SAMPLES_MAX)
		samples = VN_KERNEL_SAMPLES_MAX;
	return options->exact ? vn_memory_exact(process, f->running->host, &ram, arena,
						&guest->memory, err)
			      : vn_memory_sample(process, f->running->host, &ram, samples, arena,
						 &guest->memory, err);
}

static void mark_ended(vn_guest *guest)
{
	guest->state = VN_GUEST_OFF;
	guest->n_threads = 0;
	guest->memory = (vn_memory_use){ 0 };
	vn_fail(&guest->no_threads, VN_E_SYSTEM, "process %d ended", guest->pid);
	guest->no_memory = guest->no_threads;
	guest->pid = 0;
}

/* A reason is kept in the guest; being out of memory ends it all. */
static int keep_reason(int r, const vn_error *why, vn_error *kept, vn_error *err)
{
	if (r == VN_E_NOMEM)
		return vn_fail(err, VN_E_NOMEM, "%s", why->text);
	if (r < 0)
		*kept = *why;
	return VN_OK;
}

static int fill_guest(const filling *f, vn_guest *guest, vn_error *err)
{
	vn_process process;
	vn_error why = { 0 };
	int error = vn_process_open(f->root, f->live, guest->pid, &process), r;

	if (error == ENOENT || error == ESRCH) {
		mark_ended(guest);
		return VN_OK;
	}
	if (error) {
		vn_fail(&guest->no_threads, VN_E_SYSTEM, "process %d: %s", guest->pid,
			strerror(error));
		guest->no_memory = guest->no_threads;
		return VN_OK;
	}
	guest->no_threads = guest->no_memory = (vn_error){ 0 };
	r = vn_threads_read(&process, &f->vhost, f->running->arena, guest, &why);
	r = keep_reason(r, &why, &guest->no_threads, err);
	if (r == VN_OK && !f->options->no_memory) {
		r = fill_memory(f, &process, guest, &why);
		r = keep_reason(r, &why, &guest->no_memory, err);
	}
	if (r == VN_OK && vn_process_ended(&process))
		mark_ended(guest);
	vn_process_close(&process);
	return r;
}

int vn_kernel_fill(vn_running *running, const vn_kernel_options *options, vn_error *err)
{
	const char *root = options->root ? options->root : "/";
	filling f = { .options = options, .running = running };
	int r = VN_OK;

	assert(running->host && running->arena);
	f.live = !strcmp(root, "/");
	f.root = vn_kdir_open(-1, "%s", root);
	if (f.root < 0)
		return vn_fail_line(err, VN_E_INPUT, root, 0, 0, "cannot be opened: %s",
				    strerror(-f.root));
	if (running->n_guests)
		vn_vhost_find(f.root, &f.vhost);
	if (f.vhost.no_memory)
		r = vn_fail(err, VN_E_NOMEM, "no memory for the kernel's threads");
	for (uint32_t i = 0; i < running->n_guests && r == VN_OK; i++)
		if (running->guests[i].pid > 0)
			r = fill_guest(&f, &running->guests[i], err);
	vn_vhost_clear(&f.vhost);
	close(f.root);
	return r;
}

int vn_kernel_ram(const char *root, int32_t pid, const vn_request *config, bool policies,
		  vn_arena *arena, vn_ram *ret, vn_error *err)
{
	int dir = vn_kdir_open(-1, "%s", root), error, r;
	vn_process process;
	vn_ram ram;

	if (dir < 0)
		return vn_fail_line(err, VN_E_INPUT, root, 0, 0, "cannot be opened: %s",
				    strerror(-dir));
	error = vn_process_open(dir, !strcmp(root, "/"), pid, &process);
	if (error) {
		close(dir);
		return vn_fail(err, VN_E_SYSTEM, "process %d: %s", pid, strerror(error));
	}
	r = vn_ram_find(&process, config, arena, &ram, err);
	if (r == VN_OK && policies)
		r = vn_ram_policies(&process, &ram, err);
	if (r == VN_OK)
		*ret = ram;
	vn_process_close(&process);
	close(dir);
	return r;
}
