/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The threads of a guest. What they are is known from libvirt (their tid), else from the cgroup
 * that libvirt put them into, else from their names; each way is tried only when the one before it
 * did not name a vCPU. libvirt does not say which thread an I/O thread is. */
#include "kernel/process.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- what a thread is ---- */

static bool take_number(const char *text, const char *before, const char *after, uint32_t *ret)
{
	vn_cursor in = vn_cursor_of_string(NULL, text);
	uint64_t number;

	if (!vn_take_word(&in, before) || vn_take_uint(&in, VN_VCPU_MAX, &number, NULL) < 0 ||
	    !vn_take_word(&in, after))
		return false;
	*ret = (uint32_t)number;
	return true;
}

/* Lines as "0::/machine.slice/machine-qemu\x2d1\x2dweb.scope/libvirt/vcpu3": the last part of one.
 */
static bool kind_by_group(const vn_process *process, vn_thread *thread)
{
	static const struct {
		const char *group;
		enum vn_thread_kind kind;
	} groups[] = { { "vcpu", VN_THREAD_VCPU }, { "iothread", VN_THREAD_IOTHREAD } };
	vn_kfile file;
	uint32_t number;

	if (vn_kfile_read(process->dir, &file, "task/%d/cgroup", thread->tid))
		return false;
	for (char *line = file.bytes, *end; *line; line = end) {
		const char *part;

		end = line + strcspn(line, "\n");
		if (*end)
			*end++ = '\0';
		part = strrchr(line, '/');
		for (size_t i = 0; part && i < VN_LEN(groups); i++) {
			if (!take_number(part + 1, groups[i].group, "", &number))
				continue;
			thread->kind = groups[i].kind;
			thread->number = number;
			return true;
		}
	}
	return false;
}

/* QEMU's own names: "CPU 3/KVM", "IO iothread1". */
static bool kind_by_name(const vn_process *process, vn_thread *thread)
{
	vn_kfile comm;

	if (vn_kfile_read(process->dir, &comm, "task/%d/comm", thread->tid))
		return false;
	vn_kfile_trim(&comm);
	if (take_number(comm.bytes, "CPU ", "/", &thread->number))
		thread->kind = VN_THREAD_VCPU;
	else if (take_number(comm.bytes, "IO iothread", "", &thread->number))
		thread->kind = VN_THREAD_IOTHREAD;
	else
		return false;
	return true;
}

static bool is_vhost(const vn_process *process, int32_t tid)
{
	vn_kfile comm;

	return !vn_kfile_read(process->dir, &comm, "task/%d/comm", tid) &&
	       !strncmp(comm.bytes, "vhost-", 6);
}

static bool has_vcpu(const vn_thread *threads, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		if (threads[i].kind == VN_THREAD_VCPU && threads[i].tid)
			return true;
	return false;
}

static bool has_tid(const vn_thread *threads, uint32_t n, int32_t tid)
{
	for (uint32_t i = 0; i < n; i++)
		if (threads[i].tid == tid)
			return true;
	return false;
}

/* ---- what it does ---- */

/* "CPU ns, waiting ns, turns". */
static bool read_times(int dir, vn_thread *thread)
{
	vn_kfile file;
	vn_cursor in;

	if (vn_kfile_read(dir, &file, "task/%d/schedstat", thread->tid))
		return false;
	in = vn_cursor_of(NULL, file.bytes, file.size);
	if (vn_take_uint(&in, UINT64_MAX, &thread->run_ns, NULL) < 0)
		return false;
	vn_take_space(&in);
	return vn_take_uint(&in, UINT64_MAX, &thread->wait_ns, NULL) == VN_OK;
}

static bool read_allowed(int dir, vn_thread *thread)
{
	vn_kfile file;
	vn_cursor cpus, mems;

	return !vn_kfile_read(dir, &file, "task/%d/status", thread->tid) &&
	       vn_kfile_field(&file, "Cpus_allowed_list:", &cpus) &&
	       vn_cpuset_parse(cpus, &thread->allowed, NULL) == VN_OK &&
	       vn_kfile_field(&file, "Mems_allowed_list:", &mems) &&
	       vn_nodeset_parse(mems, &thread->mems, NULL) == VN_OK;
}

/* A thread that ended since it was listed keeps "not known" everywhere. */
static void read_thread(int dir, vn_thread *thread)
{
	vn_kfile stat;
	uint64_t cpu;

	thread->cpu = -1;
	if (!vn_kfile_read(dir, &stat, "task/%d/stat", thread->tid) &&
	    vn_kfile_stat(&stat, 39, &cpu) && cpu < VN_CPU_MAX)
		thread->cpu = (int32_t)cpu;
	thread->allowed_known = read_allowed(dir, thread);
	thread->times_known = read_times(dir, thread);
}

/* ---- all of them ---- */

typedef struct listing {
	const vn_process *process;
	vn_thread *threads; /* VN_THREADS_MAX; those that libvirt named come first */
	uint32_t n, named;
	int32_t *tids;
	uint32_t n_tids;
	bool full;
} listing;

static bool list_tid(void *context, uint32_t tid)
{
	listing *list = context;

	list->full = list->n_tids == VN_THREADS_MAX;
	if (!list->full)
		list->tids[list->n_tids++] = (int32_t)tid;
	return !list->full;
}

/* The thread that libvirt named without its tid, if `found` is that one. */
static vn_thread *named_thread(const listing *list, const vn_thread *found)
{
	for (uint32_t i = 0; i < list->named; i++)
		if (!list->threads[i].tid && list->threads[i].kind == found->kind &&
		    list->threads[i].number == found->number)
			return &list->threads[i];
	return NULL;
}

static void add_thread(listing *list, const vn_thread *found)
{
	vn_thread *named = found->kind <= VN_THREAD_IOTHREAD ? named_thread(list, found) : NULL;

	if (named)
		named->tid = found->tid;
	else if (list->n < VN_THREADS_MAX)
		list->threads[list->n++] = *found;
	else
		list->full = true;
}

static bool (*const ways[])(const vn_process *, vn_thread *) = { kind_by_group, kind_by_name };

/* Is it an I/O thread that libvirt named without its tid? */
static bool is_named_iothread(const listing *list, vn_thread *found)
{
	for (size_t way = 0; way < VN_LEN(ways); way++) {
		vn_thread probe = *found;

		if (!ways[way](list->process, &probe) || probe.kind != VN_THREAD_IOTHREAD ||
		    !named_thread(list, &probe))
			continue;
		*found = probe;
		return true;
	}
	return false;
}

/* Give a kind to each tid that libvirt did not name. True if the names had to tell. */
static bool add_others(listing *list, bool vhost)
{
	vn_thread *known = list->threads;
	bool by_libvirt = has_vcpu(known, list->named), by_name = false, vcpus = by_libvirt;
	size_t way = 0;

	/* Which way finds a vCPU at all? */
	for (; !vcpus && way < VN_LEN(ways); way += !vcpus)
		for (uint32_t i = 0; i < list->n_tids && !vcpus; i++) {
			vn_thread probe = { .kind = VN_THREAD_EMULATOR, .tid = list->tids[i] };

			vcpus = ways[way](list->process, &probe) && probe.kind == VN_THREAD_VCPU;
		}
	for (uint32_t i = 0; i < list->n_tids; i++) {
		vn_thread found = { .kind = VN_THREAD_EMULATOR, .tid = list->tids[i], .cpu = -1 };

		if (has_tid(known, list->named, found.tid))
			continue;
		if (vhost && is_vhost(list->process, found.tid))
			found.kind = VN_THREAD_VHOST;
		else if (!by_libvirt && vcpus && ways[way](list->process, &found))
			by_name |= way == 1;
		else if (by_libvirt)
			is_named_iothread(list, &found);
		add_thread(list, &found);
	}
	return by_name;
}

static int compare_threads(const void *a, const void *b)
{
	const vn_thread *x = a, *y = b;

	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	if (x->number != y->number)
		return x->number < y->number ? -1 : 1;
	return (x->tid > y->tid) - (x->tid < y->tid);
}

/* The kernel's own threads for this guest are processes of their own in kernels before 6.4. */
static void add_vhost(listing *list, const vn_vhost *vhost)
{
	for (uint32_t i = 0; i < vhost->n; i++) {
		vn_thread thread = { .kind = VN_THREAD_VHOST, .tid = vhost->items[i].tid };

		if (vhost->items[i].pid == list->process->pid &&
		    !has_tid(list->threads, list->n, thread.tid))
			add_thread(list, &thread);
	}
}

/* libvirt names one emulator thread, QEMU's first; what it says is about all of them. */
static void share_emulator(listing *list)
{
	vn_thread *first = NULL;

	for (uint32_t i = 0; i < list->named && !first; i++)
		if (list->threads[i].kind == VN_THREAD_EMULATOR)
			first = &list->threads[i];
	for (uint32_t i = 0; first && i < list->n; i++)
		if (list->threads[i].kind == VN_THREAD_EMULATOR && i >= list->named) {
			list->threads[i].pin_known = first->pin_known;
			list->threads[i].pin = first->pin;
		}
}

static void read_threads(listing *list)
{
	for (uint32_t i = 0; i < list->n; i++) {
		vn_thread *thread = &list->threads[i];
		int dir = list->process->dir, other = -1;

		if (thread->kind == VN_THREAD_VHOST && thread->tid)
			other = vn_kdir_open(list->process->root, "proc/%d", thread->tid);
		if (thread->tid)
			read_thread(other < 0 ? dir : other, thread);
		if (other >= 0)
			close(other);
	}
}

int vn_threads_read(const vn_process *process, const vn_vhost *vhost, vn_arena *arena,
		    vn_guest *guest, vn_error *err)
{
	listing list = { .process = process };
	vn_thread *kept;
	int error;

	list.threads = malloc(VN_THREADS_MAX * sizeof(*list.threads));
	list.tids = malloc(VN_THREADS_MAX * sizeof(*list.tids));
	list.named = list.n = guest->n_threads < VN_THREADS_MAX ? guest->n_threads : VN_THREADS_MAX;
	error = list.threads && list.tids ? 0 : ENOMEM;
	if (!error && list.n)
		memcpy(list.threads, guest->threads, list.n * sizeof(*list.threads));
	if (!error)
		error = vn_kdir_each_number(process->dir, "task", list_tid, &list);
	for (uint32_t i = 0; !error && i < list.named; i++)
		if (list.threads[i].kind == VN_THREAD_EMULATOR && !list.threads[i].tid)
			list.threads[i].tid = process->pid;
	if (!error) {
		guest->threads_by_name = add_others(&list, vhost->possible);
		share_emulator(&list);
		add_vhost(&list, vhost);
		read_threads(&list);
		qsort(list.threads, list.n, sizeof(*list.threads), compare_threads);
		kept = vn_arena_alloc(arena, list.n + (size_t)1, sizeof(*kept));
		if (kept) {
			memcpy(kept, list.threads, list.n * sizeof(*kept));
			guest->threads = kept;
			guest->n_threads = list.n;
		}
		error = kept ? 0 : ENOMEM;
	}
	free(list.threads);
	free(list.tids);
	if (error == ENOMEM)
		return vn_fail(err, VN_E_NOMEM, "no memory for the threads of a guest");
	if (!error && list.full)
		vn_fail(&guest->no_threads, VN_E_RANGE,
			"process %d has over %d threads; the others are not shown", process->pid,
			VN_THREADS_MAX);
	return error ? vn_process_fail(process, error, "the threads", err) : VN_OK;
}

/* ---- vhost ---- */

typedef struct vhost_search {
	int root;
	vn_vhost *vhost;
} vhost_search;

/* A program may call itself what it likes. */
static bool is_kernel_thread(int root, uint32_t tid)
{
	enum { PF_KTHREAD = 0x200000 };
	vn_kfile stat;
	uint64_t flags;

	return !vn_kfile_read(root, &stat, "proc/%u/stat", tid) &&
	       vn_kfile_stat(&stat, 9, &flags) && flags & PF_KTHREAD;
}

static bool look_at_process(void *context, uint32_t tid)
{
	vhost_search *search = context;
	vn_vhost *vhost = search->vhost;
	vn_kfile comm;
	uint64_t pid;
	vn_cursor in;
	void *more;

	if (vn_kfile_read(search->root, &comm, "proc/%u/comm", tid))
		return true;
	vn_kfile_trim(&comm);
	in = vn_cursor_of_string(NULL, comm.bytes);
	if (!vn_take_word(&in, "vhost-") || vn_take_uint(&in, INT32_MAX, &pid, NULL) < 0 ||
	    !is_kernel_thread(search->root, tid))
		return true;
	if (vhost->n == vhost->room) {
		more = reallocarray(vhost->items, vhost->room * 2 + 16, sizeof(*vhost->items));
		if (!more)
			return !(vhost->no_memory = true);
		vhost->items = more;
		vhost->room = vhost->room * 2 + 16;
	}
	vhost->items[vhost->n].pid = (int32_t)pid;
	vhost->items[vhost->n++].tid = (int32_t)tid;
	return vhost->n < VN_THREADS_MAX;
}

void vn_vhost_find(int root, vn_vhost *ret)
{
	vhost_search search = { root, ret };

	int module = vn_kdir_open(root, "sys/module/vhost");

	*ret = (vn_vhost){ .possible = module >= 0 };
	if (module < 0)
		return;
	close(module);
	vn_kdir_each_number(root, "proc", look_at_process, &search);
}

void vn_vhost_clear(vn_vhost *vhost)
{
	free(vhost->items);
	*vhost = (vn_vhost){ 0 };
}
