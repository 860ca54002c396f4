/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What this machine's kernel says about the guests that run on it, from /proc and /sys, and what
 * can be asked of it: to move their memory. Works without libvirt. Not installed.
 *
 * `root` is "/" for this machine, or a folder with a copy of its /proc and /sys (tests, a captured
 * host); there, what only a living kernel can answer is not known, and says so. */
#ifndef VN_KERNEL_H
#define VN_KERNEL_H

#include "vnuma/running.h"

/* ---- settings ---- */

/* The settings of the kernel. A file that is not there or may not be read leaves its field NULL (or
 * _known false); the first one that needs rights is named in not_allowed.
 * ret: lives in `arena`.
 * Errors: VN_E_INPUT (the root folder cannot be opened), VN_E_NOMEM. */
int vn_kernel_read(const char *root, vn_arena *arena, vn_kernel **ret, vn_error *err);

/* ---- guests ---- */

typedef struct vn_kernel_options {
	const char *root; /* NULL: "/" */
	bool exact;	  /* memory: every page (numa_maps, smaps_rollup) in place of a sample */
	bool no_memory;	  /* only the threads */
	uint32_t samples; /* pages to ask about, for each guest; 0: VN_KERNEL_SAMPLES; four times
			     as many where the guest has touched few of them */
} vn_kernel_options;
enum { VN_KERNEL_SAMPLES = 2048, VN_KERNEL_SAMPLES_MAX = 1 << 20 };

/* For each guest with a pid: its threads, where they ran last, where they may run and how long they
 * waited, and its memory by node. Threads whose tid is known keep their kind, number and pin; of
 * the others those that libvirt put into a cgroup "vcpuN" or "iothreadN" are these, and all the
 * rest is VN_THREAD_EMULATOR or VN_THREAD_VHOST. Only where neither libvirt nor a cgroup names a
 * vCPU its thread's name does ("CPU 0/KVM"), and threads_by_name says so. running->host has to be
 * there: its nodes index the memory.
 *
 * What may not be read becomes the guest's no_threads or no_memory. A guest that ended is
 * VN_GUEST_OFF, without threads and memory, and no_threads says so.
 * Errors: VN_E_INPUT (the root folder), VN_E_NOMEM. */
int vn_kernel_fill(vn_running *running, const vn_kernel_options *options, vn_error *err);

/* The QEMU processes of this machine as guests: pid, name, uuid; to be filled afterwards. For when
 * libvirt does not answer: `unreadable` says that the domain XML is not known. A process without a
 * name is "qemu-PID". What running->guests had is gone.
 * Errors: VN_E_INPUT (no /proc there), VN_E_NOMEM. */
int vn_kernel_find_guests(const char *root, vn_running *running, vn_error *err);

/* Let a thread run on these CPUs alone: for threads that somebody has bound past libvirt. One that
 * has ended is no error. Errors: VN_E_SYSTEM. */
int vn_kernel_set_affinity(int32_t tid, const vn_cpuset *cpus, vn_error *err);

/* ---- a guest's RAM in its process ---- */

/* One mapping of QEMU's process that is RAM of the guest. */
typedef struct vn_ram_area {
	uint64_t first, last; /* addresses, last not included */
	uint64_t page_kib;    /* 4 also where transparent huge pages are in use; 0: not known */
	bool bound;	      /* its memory policy is "bind" or "prefer"; known with `policies` */
	vn_nodeset nodes;     /* OS numbers that the policy names */
} vn_ram_area;
typedef struct vn_ram {
	uint32_t n_areas;
	vn_ram_area *areas; /* ascending by address; in the arena */
	bool guessed; /* no mapping has a size that QEMU was told: the large ones were taken */
} vn_ram;

/* The RAM of a guest: the mappings whose size is one that QEMU was told, by its command line or by
 * `config` (may be NULL). `policies`: also their memory policies, which costs a read of numa_maps.
 * Errors: VN_E_SYSTEM (ended, not allowed: the text says which), VN_E_RANGE (absurdly large). */
int vn_kernel_ram(const char *root, int32_t pid, const vn_request *config, bool policies,
		  vn_arena *arena, vn_ram *ret, vn_error *err);

/* ---- moving memory ---- */

/* Pages between two addresses (both 0: all RAM) that are on one of the nodes `from` (empty: on any
 * other node) go to node `to`. The first move of a list that a page matches decides about it. OS
 * numbers. To swap two cells name their areas: then it can be done again after a kill -9. */
typedef struct vn_memory_move {
	uint64_t first, last;
	vn_nodeset from;
	uint32_t to;
} vn_memory_move;

typedef struct vn_move_progress {
	uint64_t total_kib;  /* of the RAM that the moves are about, touched or not */
	uint64_t seen_kib;   /* of it, looked at so far */
	uint64_t wanted_kib; /* found on a node that it is to leave */
	uint64_t moved_kib;  /* and on its new node now, asked again afterwards */
	uint64_t elapsed_ms;
} vn_move_progress;

typedef struct vn_move_options {
	const vn_request *config; /* to tell the guest's RAM; may be NULL */
	uint32_t rate_mib_s;	  /* 0: VN_MOVE_RATE_MIB_S */
	uint32_t batch_ms;	  /* one system call aims at less; 0: VN_MOVE_BATCH_MS */
	/* Called after each batch; false ends the move, which is no error. May be NULL. */
	bool (*progress)(void *context, const vn_move_progress *progress);
	void *context;
} vn_move_options;
enum { VN_MOVE_RATE_MIB_S = 256, VN_MOVE_BATCH_MS = 10, VN_MOVE_REASONS_MAX = 8 };

/* Why pages stayed: the errno that move_pages gave for them; 0: it gave none, and they are not
 * there.
 */
typedef struct vn_move_reason {
	int error;
	uint64_t kib;
} vn_move_reason;
typedef struct vn_move_result {
	vn_move_progress done;
	bool stopped; /* by `progress` */
	uint32_t n_reasons;
	vn_move_reason reasons[VN_MOVE_REASONS_MAX]; /* largest first; what has no place here: -1 */
} vn_move_result;

/* What an errno of a vn_move_reason means here: "pinned by a device or in use by the kernel". */
const char *vn_move_reason_text(int error);

/* Move pages of a guest that runs, in batches whose size follows the time that they take: a vCPU
 * that touches a page which is being moved waits for its batch at most. Pages that did not move are
 * tried once more at the end. Each page's node is asked first and afterwards, so a move that was
 * cut off is completed by the same call again. Pages that the guest has not touched, or that are
 * swapped out, are nowhere and stay so. ret: also set on failure, to what was done until then.
 * Errors: VN_E_SYSTEM (not permitted, no such node, a node that the guest's cgroup forbids, the
 * guest ended), VN_E_NOMEM. */
int vn_kernel_move_memory(int32_t pid, const vn_memory_move *moves, uint32_t n_moves,
			  const vn_move_options *options, vn_move_result *ret, vn_error *err);

/* Move what the call above did not find, at full speed: every page of the process on one of these
 * nodes (OS numbers). Errors: VN_E_SYSTEM. */
int vn_kernel_migrate_rest(int32_t pid, const vn_nodeset *from, uint32_t to, vn_error *err);

#endif
