/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What runs on a host: its guests with their threads and memory as they are, and the settings of
 * the kernel that matter to them. io/virt and io/kernel fill these structs on a running host, and
 * files fill them for a host that is elsewhere. `vnuma show`, the doctor and the account of what is
 * taken read them; nothing here asks libvirt or the kernel.
 *
 * What could not be found out says so and why; it is never zero instead. */
#ifndef VNUMA_RUNNING_H
#define VNUMA_RUNNING_H

#include "vnuma/place.h"

enum { VN_GUESTS_MAX = 4096, VN_THREADS_MAX = 8192 /* of one guest */ };

/* ---- threads ---- */

enum vn_thread_kind {
	VN_THREAD_VCPU,	    /* number: the vCPU */
	VN_THREAD_IOTHREAD, /* number: the I/O thread's id in libvirt */
	VN_THREAD_EMULATOR, /* every other thread of QEMU's process */
	VN_THREAD_VHOST,    /* a thread of the kernel that works for the guest's network */
	VN_THREAD_KIND_COUNT
};
typedef struct vn_thread {
	enum vn_thread_kind kind;
	uint32_t number;
	int32_t tid; /* 0: not known */
	int32_t cpu; /* where it ran last; -1: not known */
	bool pin_known, allowed_known, times_known;
	vn_cpuset pin;		  /* what libvirt says that it may use */
	vn_cpuset allowed;	  /* what the kernel says (Cpus_allowed_list) */
	vn_nodeset mems;	  /* Mems_allowed_list, meaningful when allowed_known; OS numbers */
	uint64_t run_ns, wait_ns; /* on a CPU, and waiting for one, since it began (schedstat) */
} vn_thread;

/* ---- memory ---- */

enum vn_measured { /* how the memory of a guest was found */
		   VN_MEASURED_NOT,
		   VN_MEASURED_SAMPLED, /* the nodes of some pages of its RAM, asked with move_pages
					 */
		   VN_MEASURED_EXACT,	/* numa_maps: every page */
		   VN_MEASURED_COUNT
};
/* Memory of a guest's RAM on the host, in KiB, by page size and node. */
typedef struct vn_memory_use {
	enum vn_measured how;
	uint32_t samples; /* pages that were asked about */
	uint64_t ram_kib; /* mapped as the guest's RAM, touched or not */
	bool guessed; /* which mappings that is: the large ones, none has a size that was told */
	uint64_t swap_kib;
	uint32_t n_sizes; /* page sizes, ascending; transparent huge pages count as ordinary */
	uint64_t size_kib[VN_PAGE_SIZES_MAX];
	uint64_t *kib;	  /* [n_sizes * n_nodes]: size * n_nodes + node_ix; NULL if not measured */
	bool thp_known;	  /* with VN_MEASURED_EXACT */
	uint64_t thp_kib; /* of the ordinary: in transparent huge pages */
} vn_memory_use;

/* ---- guests ---- */

enum vn_guest_state { VN_GUEST_OFF, VN_GUEST_RUNNING, VN_GUEST_PAUSED, VN_GUEST_STATE_COUNT };
typedef struct vn_guest {
	const char *name, *uuid; /* uuid is "" where it is not known */
	enum vn_guest_state state;
	int32_t pid; /* of QEMU; 0: not known */
	/* Its domain XML with every setting taken as said, also those that a plan wrote:
	 * vn_request_parse_xml_as_is. `policy` is the other reading, which a new plan begins with.
	 * NULL with `unreadable` saying why. */
	vn_request *config, *policy;
	vn_error unreadable;
	uint32_t n_threads;
	vn_thread *threads;   /* vCPUs ascending, then I/O threads, then the others */
	bool threads_by_name; /* which are vCPUs is known by the threads' names only */
	vn_memory_use memory;
	vn_error no_threads, no_memory; /* why these are not known (threads: or
					   not all); code VN_OK when they are */
	bool balloon_known;
	uint64_t balloon_kib; /* what the guest has now */
	bool rss_known;
	uint64_t rss_kib;	/* of QEMU's process, as libvirt says; huge pages are not in it */
	bool guest_stats_known; /* the guest's own driver answers */
	uint64_t guest_unused_kib, guest_available_kib;
} vn_guest;

/* ---- the kernel's settings ---- */

/* A setting as text, and NULL when the file is not there or may not be read. */
typedef struct vn_kernel {
	const char *release; /* 6.1.0-18-amd64 */
	const char *cmdline;
	const char *numa_balancing;    /* /proc/sys/kernel/numa_balancing */
	const char *zone_reclaim_mode; /* /proc/sys/vm/ */
	const char *swappiness;
	const char *ksm_run, *ksm_merge_across_nodes;
	const char *thp_enabled, *thp_defrag; /* the word in brackets */
	vn_cpuset isolated, nohz_full, online;
	bool isolated_known, nohz_full_known, online_known;
	const char *governor; /* of CPU 0; "mixed" where they differ */
	const char *nr_overcommit[VN_PAGE_SIZES_MAX], *surplus[VN_PAGE_SIZES_MAX];
	uint64_t hugetlb_size_kib[VN_PAGE_SIZES_MAX]; /* of those two; hugetlbfs_mounted too */
	bool hugetlbfs_mounted[VN_PAGE_SIZES_MAX];
	uint32_t n_hugetlb;
	bool machine_slice_known; /* the cgroup that libvirt's guests are in */
	vn_cpuset machine_cpus;	  /* cpuset.cpus.effective */
	vn_nodeset machine_mems;
	const char *machine_partition; /* cpuset.cpus.partition */
	bool cpuset_controller;	       /* is delegated to it */
	bool resctrl_mounted;
	bool numad_running, numad_known;
	bool irqbalance_running;
	vn_cpuset irq_cpus; /* CPUs that device interrupts may go to */
	bool irq_known;
	const char *not_allowed; /* the first file that could not be read for want of rights */
} vn_kernel;

/* Everything about one host at one time. Owns its memory, its host too. */
typedef struct vn_running {
	vn_arena *arena;
	vn_host *host;	    /* without what the guests have taken: vn_running_account adds it */
	vn_kernel *kernel;  /* NULL: not known (a remote or captured host) */
	const char *source; /* the libvirt URI, or where the files are */
	bool local;	    /* /proc of this machine is about these guests */
	uint32_t n_guests;
	vn_guest *guests; /* ascending by name */
} vn_running;
void vn_running_free(vn_running *running); /* accepts NULL */
VN_DEFINE_AUTO(vn_running)

/* Record on running->host what the guests that are not off have taken: 1:1 pins, floating vCPUs
 * where they may run, memory and huge pages by node - by measurement where there is one and the
 * guest has touched it, by its configuration for the rest of it - and devices. `except` (may be
 * NULL) is left out: the guest that is planned anew. Call it once. */
void vn_running_account(vn_running *running, const vn_guest *except);
/* The same without several guests: out[i] is about guests[i]. */
void vn_running_account_some(vn_running *running, const bool *out);

/* Nodes (OS numbers) that a guest's vCPUs may run on; and where its memory is bound or, unbound,
 * has most of its pages. Empty: not known. */
vn_nodeset vn_guest_cpu_nodes(const vn_running *running, const vn_guest *guest);
vn_nodeset vn_guest_mem_nodes(const vn_running *running, const vn_guest *guest);

/* How local a guest is, in 1/10 percent; -1: not known. For each vCPU the share of the guest's
 * memory that is on the node where the vCPU runs (its allowed CPUs, in equal parts), averaged over
 * the vCPUs; with several cells, memory that is bound to a cell counts for that cell's vCPUs. */
int32_t vn_guest_locality(const vn_running *running, const vn_guest *guest);

/* ---- a plan for a guest that runs ---- */

/* Can the guest's memory go to other nodes while it runs? */
enum vn_memory_stays {
	VN_MEMORY_MOVES,
	VN_MEMORY_BOUND, /* QEMU has bound it itself (strict, preferred, interleave) and cannot be
			    told otherwise; libvirt changes the nodes of 'restrictive' alone */
	VN_MEMORY_VFIO,	 /* a device that is passed through holds every page where it is */
	VN_MEMORY_STAYS_COUNT
};
enum vn_memory_stays vn_guest_memory_stays(const vn_guest *guest);

typedef struct vn_live_options {
	const vn_place_options *place;
	const vn_nodeset *nodes; /* only these (OS numbers); NULL: as its policy says */
	bool anew;		 /* do not keep the place that it has, good as that may be */
} vn_live_options;

/* From now on what a request's owner has set of places (pins, CPU sets, node sets) counts as
 * written by a plan: it is placed anew, and a plan's document says that it is the planner's own. */
void vn_request_take_over(vn_request *request);

/* Where a running guest should be, given that its cells, topology and page sizes stay as they are,
 * and its memory too unless it moves. The place that it has is kept while that is a legal one: its
 * own CPU for each dedicated vCPU, the same nodes for the others.
 * host:  with what others have taken, the guest itself left out (vn_running_account).
 * ret_kept: it is the place that it has.
 * Errors: as vn_place; VN_E_INPUT: its XML could not be read. */
int vn_guest_plan(const vn_host *host, const vn_guest *guest, const vn_live_options *options,
		  vn_placement *ret, bool *ret_kept, vn_error *err);

/* Is the guest as planned? Threads by libvirt's pins and by what the kernel allows, memory bindings
 * by its XML, pages by measurement where there is one. What is not known is not complained about.
 * request: whose plan it is; NULL: the guest's own policy.
 * VN_E_SYSTEM with the first thing that is not so. */
int vn_guest_verify(const vn_running *running, const vn_guest *guest, const vn_request *request,
		    const vn_placement *placement, vn_error *err);

/* Does a guest that has just been started share nothing that is its own? The check after a start,
 * against those that started meanwhile without asking vnuma.
 * host: with what the others have taken by now, the guest left out.
 * VN_E_NOFIT with the first CPU or node. */
int vn_guest_verify_alone(const vn_host *host, const vn_request *request,
			  const vn_placement *placement, vn_error *err);

/* Which vCPUs are on when `n` of them are: as many as can be stay as they are; each cell has as
 * many as the next, give or take a core; whole cores of the guest go on or off; vCPU 0 stays.
 * pluggable: those that can be turned on and off.
 * Errors: VN_E_RANGE: n is 0 or more than there are, or those that are not pluggable are in the
 * way. */
int vn_guest_choose_vcpus(const vn_request *config, const vn_cpuset *online,
			  const vn_cpuset *pluggable, uint32_t n, vn_cpuset *ret, vn_error *err);

#endif
