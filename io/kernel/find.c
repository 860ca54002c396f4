/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * QEMU processes found without libvirt: by the program that they run, or, where that may not be
 * seen, by the first word of their command line. */
#include "kernel/cmdline.h"
#include "kernel/process.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { NAME_BYTES = 256 };

typedef struct search {
	int root;
	vn_arena *arena;
	vn_guest *guests; /* VN_GUESTS_MAX */
	uint32_t n;
	bool no_memory;
} search;

/* "/usr/bin/qemu-system-x86_64 (deleted)" is QEMU before its package was upgraded. */
static bool is_qemu(const char *path)
{
	static const char *const names[] = { "qemu-kvm", "kvm" };
	const char *slash = strrchr(path, '/');
	char name[64];
	size_t length;

	snprintf(name, sizeof(name), "%s", slash ? slash + 1 : path);
	length = strcspn(name, " ");
	name[length] = '\0';
	return !strncmp(name, "qemu-system-", 12) || vn_name_find(names, VN_LEN(names), name) >= 0;
}

static bool runs_qemu(int root, uint32_t pid, const vn_kfile *cmdline)
{
	char path[32], program[4096];
	ssize_t length;

	snprintf(path, sizeof(path), "proc/%u/exe", pid);
	length = readlinkat(root, path, program, sizeof(program) - 1);
	if (length < 0)
		return is_qemu(cmdline->bytes);
	program[length] = '\0';
	return is_qemu(program);
}

static const char *copy(search *s, const char *text)
{
	const char *kept = vn_arena_strndup(s->arena, text, strlen(text));

	s->no_memory |= !kept;
	return kept;
}

static void add_guest(search *s, uint32_t pid, const vn_kfile *cmdline)
{
	vn_guest *guest = &s->guests[s->n];
	char name[NAME_BYTES], uuid[64] = "";
	const char *argument;
	size_t at = 0;

	snprintf(name, sizeof(name), "qemu-%u", pid);
	if ((argument = vn_cmdline_option(cmdline, "-name", &at)))
		vn_cmdline_value(argument, "guest", "guest", name, sizeof(name));
	at = 0;
	if ((argument = vn_cmdline_option(cmdline, "-uuid", &at)))
		snprintf(uuid, sizeof(uuid), "%s", argument);
	*guest = (vn_guest){
		.name = copy(s, name),
		.uuid = copy(s, uuid),
		.state = VN_GUEST_RUNNING,
		.pid = (int32_t)pid,
	};
	vn_fail(&guest->unreadable, VN_E_SYSTEM, "found without libvirt: its XML is not known");
	s->n += !s->no_memory;
}

static bool look_at_process(void *context, uint32_t pid)
{
	search *s = context;
	vn_kfile cmdline;

	/* Kernel threads have no command line, and what ended has none any more. */
	if (!vn_kfile_read(s->root, &cmdline, "proc/%u/cmdline", pid) && cmdline.size &&
	    runs_qemu(s->root, pid, &cmdline))
		add_guest(s, pid, &cmdline);
	return s->n < VN_GUESTS_MAX && !s->no_memory;
}

static int by_name(const void *a, const void *b)
{
	const vn_guest *x = a, *y = b;
	int order = strcmp(x->name, y->name);

	return order ? order : (x->pid > y->pid) - (x->pid < y->pid);
}

static int find_all(search *s, vn_running *running)
{
	int error = vn_kdir_each_number(s->root, "proc", look_at_process, s);
	vn_guest *kept;

	if (error)
		return error;
	qsort(s->guests, s->n, sizeof(*s->guests), by_name);
	kept = s->no_memory ? NULL : vn_arena_alloc(s->arena, s->n + (size_t)1, sizeof(*kept));
	if (!kept)
		return ENOMEM;
	memcpy(kept, s->guests, s->n * sizeof(*kept));
	for (uint32_t i = 0; i < running->n_guests; i++) {
		vn_request_free(running->guests[i].config);
		vn_request_free(running->guests[i].policy);
	}
	running->guests = kept;
	running->n_guests = s->n;
	return 0;
}

int vn_kernel_find_guests(const char *root, vn_running *running, vn_error *err)
{
	search s = { .root = vn_kdir_open(-1, "%s", root), .arena = running->arena };
	int error;

	if (s.root < 0)
		return vn_fail_line(err, VN_E_INPUT, root, 0, 0, "cannot be opened: %s",
				    strerror(-s.root));
	s.guests = malloc(VN_GUESTS_MAX * sizeof(*s.guests));
	error = s.guests ? find_all(&s, running) : ENOMEM;
	free(s.guests);
	close(s.root);
	if (error == ENOMEM)
		return vn_fail(err, VN_E_NOMEM, "no memory for the guests");
	if (error)
		return vn_fail_line(err, VN_E_INPUT, root, 0, 0, "has no /proc: %s",
				    strerror(error));
	return VN_OK;
}
