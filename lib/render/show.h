/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the writers of `vnuma show` have in common: a guest's threads in rows of those that are
 * alike, and sums over its memory. */
#ifndef VN_RENDER_SHOW_H
#define VN_RENDER_SHOW_H

#include "vnuma/render.h"

/* Threads of one kind (vCPUs: of one cell) that may use the same CPUs; or many of them that have
 * equally many CPUs each, none in common. */
typedef struct vn_show_row {
	enum vn_thread_kind kind;
	int32_t cell; /* of vCPUs; -1: not known */
	uint32_t n_threads;
	vn_cpuset numbers; /* of vCPUs and I/O threads */
	bool known;	   /* the CPUs */
	bool by_pin;	   /* they are libvirt's word, not the kernel's */
	uint32_t each;	   /* CPUs of each thread where they share none; 0: they share all */
	vn_cpuset allowed, now;
	bool everywhere; /* every CPU of the host is allowed */
	bool times_known;
	uint64_t run_ns, wait_ns; /* in sum */
} vn_show_row;

typedef struct vn_show_guest {
	const vn_guest *guest;
	uint32_t n_rows;
	vn_show_row *rows;
	uint32_t n_vcpus, n_pinned; /* threads of vCPUs whose CPUs are known; with one CPU only */
	bool floats_everywhere;	    /* some vCPU may use every CPU of the host */
	vn_nodeset cpu_nodes, mem_nodes;
	int32_t locality; /* 1/10 percent, -1: not known */
	uint64_t touched_kib;
} vn_show_guest;

/* Rows beyond this are merged where their threads have CPUs of their own. */
enum { VN_SHOW_VCPU_ROWS = 16 };

/* Everything lives in `arena`. Errors: VN_E_NOMEM. */
int vn_show_guest_make(const vn_show *show, const vn_guest *guest, vn_arena *arena,
		       vn_show_guest *ret, vn_error *err);

/* The next guest that is asked for, from *at on; NULL: no more. */
const vn_guest *vn_show_next(const vn_show *show, uint32_t *at);

/* Waiting for a CPU, in 1/10 percent of the time that the threads wanted one; -1: not known. */
int32_t vn_show_wait(uint64_t run_ns, uint64_t wait_ns);

uint64_t vn_show_kib(const vn_show *show, const vn_guest *guest, uint32_t size, uint32_t node_ix);
vn_cpuset vn_show_host_cpus(const vn_host *host); /* that guests may run on: online */

/* The words of a guest; appended, without a newline. */
extern const char *const vn_show_states[VN_GUEST_STATE_COUNT];
extern const char *const vn_show_kinds[VN_THREAD_KIND_COUNT];
extern const char *const vn_show_measured[VN_MEASURED_COUNT];
void vn_show_words_size(const vn_show_guest *g, vn_text *ret);
void vn_show_words_policy(const vn_show_guest *g, vn_text *ret);
void vn_show_words_home(const vn_show_guest *g, vn_text *ret);
void vn_show_words_memory(const vn_show_guest *g, vn_text *ret);
void vn_show_words_balloon(const vn_guest *guest, vn_text *ret);
void vn_show_words_nodes(const vn_nodeset *nodes, vn_text *ret); /* "node 0", "nodes 0-1" */

#endif
