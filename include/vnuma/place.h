/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The fit: vn_host + vn_request -> vn_placement, the independent check of any placement, and the
 * account of what a placement takes from a host. lib/place/README.md explains the search. */
#ifndef VNUMA_PLACE_H
#define VNUMA_PLACE_H

#include "vnuma/guest.h"
#include "vnuma/host.h"

enum vn_strategy {
	VN_STRATEGY_SPREAD, /* emptiest nodes first */
	VN_STRATEGY_PACK,   /* fullest nodes first */
	VN_STRATEGY_COUNT
};
extern const char *const vn_strategy_names[VN_STRATEGY_COUNT];

enum vn_size_by { /* how many vCPUs a node holds when `auto` chooses how many nodes to use */
		  VN_SIZE_BY_CORES, /* floating vCPUs: one for each core; 1:1 pins: one for each
				       thread */
		  VN_SIZE_BY_THREADS,
		  VN_SIZE_BY_COUNT
};
extern const char *const vn_size_by_names[VN_SIZE_BY_COUNT];

/* The requirement that decided about a node. The table vn_requirements has the words. */
enum vn_requirement {
	VN_NEED_NOTHING,      /* the node would do */
	VN_NEED_ALLOWED,      /* the node is in the nodeset */
	VN_NEED_CPUS_PRESENT, /* the node has CPUs at all */
	VN_NEED_CPUS,	      /* as many CPUs as the cell has vCPUs, empty or not */
	VN_NEED_FREE_CPUS,    /* free CPUs for 1:1 pins */
	VN_NEED_FREE_CORES,   /* whole free cores (thread policy isolate) */
	VN_NEED_SIBLINGS,     /* free sibling threads (thread policy require) */
	VN_NEED_CPU_RATIO,    /* room for floating vCPUs under the overcommit ratio */
	VN_NEED_PAGE_SIZE,    /* pages of the wanted size, at all */
	VN_NEED_PAGES,	      /* enough free pages of the wanted size; in KiB */
	VN_NEED_WHOLE_PAGES,  /* memory that is a multiple of the page size; in KiB */
	VN_NEED_MEMORY,	      /* free ordinary memory; in KiB */
	VN_NEED_PINS,	      /* the CPUs that the owner's pins name */
	VN_NEED_MEMNODE,      /* the memory node that the owner names */
	VN_NEED_DEVICE,	      /* to be the node of a device that must be local */
	VN_NEED_TOGETHER,     /* each cell alone would fit; all of them together do not */
	VN_REQUIREMENT_COUNT
};
typedef struct vn_requirement_text {
	const char *name; /* stable: "free-cpus" */
	const char *unit; /* of asked and there: "CPUs", "KiB", ... */
	const char *text; /* "free CPUs for 1:1 pins" */
} vn_requirement_text;
extern const vn_requirement_text vn_requirements[VN_REQUIREMENT_COUNT];

/* Why a node was not used for a cell: what was asked, what was there. */
typedef struct vn_verdict {
	uint32_t node; /* OS number */
	enum vn_requirement need;
	uint64_t asked, there;
} vn_verdict;

/* Filled by vn_place when options->explain is set, on success and on refusal. */
typedef struct vn_explain {
	uint32_t n_cells;    /* how many cells the guest was cut into (auto: the last try) */
	uint32_t cell;	     /* the cell that the verdicts are about: the one that decided against,
				or the first */
	uint32_t n_verdicts; /* one for each node, ascending by id */
	vn_verdict verdicts[VN_NODE_MAX];
	uint64_t steps; /* of the search */
} vn_explain;

typedef struct vn_place_options {
	enum vn_strategy strategy;
	enum vn_size_by size_by;
	uint32_t cpu_ratio_percent; /* floating vCPUs per CPU; 0 = no limit */
	uint32_t ram_ratio_percent; /* ordinary memory; 0 = no limit; 100 = what is free now */
	uint64_t reserve_kib;	    /* kept free on each node */
	uint64_t budget;	    /* search steps; 0 = the default */
	vn_explain *explain;	    /* may be NULL */
} vn_place_options;
/* spread, by cores, 4 floating vCPUs per CPU, memory not overcommitted, nothing reserved */
extern const vn_place_options vn_place_defaults;

/* What a placement costs; compared in this order, lower is better. */
typedef struct vn_cost {
	uint64_t devices_remote; /* devices not on a node of the guest that would rather be */
	uint64_t distance;	 /* sum over pairs of cells of vcpus*vcpus*distance, both ways, and
				    over cells of vcpus*distance to their memory */
	uint64_t broken;	 /* whole free cores left half used */
	uint64_t strategy;	 /* load of the chosen nodes by the strategy, in 1/1000 */
} vn_cost;

/* Where devices that were asked for by kind come from. */
typedef struct vn_pci_pick {
	uint16_t request; /* index into vn_request.pci_requests */
	int16_t pool;	  /* index into vn_host.pools, or -1 */
	int16_t device;	  /* index into vn_host.devices, or -1 */
	int16_t node_ix;  /* of the device; -1: not known */
	uint32_t count;	  /* how many of the pool; 1 for a device */
} vn_pci_pick;
enum { VN_PCI_PICKS_MAX = VN_GUEST_DEVICES_MAX };

typedef struct vn_place_cell {
	uint32_t node_ix;     /* host node of its CPUs */
	uint32_t mem_node_ix; /* host node of its memory: the same unless that one has none */
	uint64_t mem_kib;     /* without memory devices */
	uint64_t memdev_kib;  /* memory devices that sit on this cell and use host memory */
	uint64_t page_kib;    /* huge page size; 0 = ordinary memory */
	vn_cpuset vcpus;
	vn_cpuset cpus;	    /* where its floating vCPUs may run; empty if all are pinned 1:1 */
	vn_cpuset reserved; /* CPUs taken beside the pins: emulator, or siblings kept idle */
} vn_place_cell;

/* A placement: plain data, owns nothing. It is large (about 450 KiB): allocate it, or keep one.
 * Only the first n_cells, n_vcpus, n_devices entries mean anything. */
typedef struct vn_placement {
	uint32_t n_cells, n_vcpus, n_devices, n_memdevs;
	vn_place_cell cells[VN_CELL_MAX];
	uint16_t vcpu_cell[VN_VCPU_MAX];
	int32_t pin[VN_VCPU_MAX]; /* the one CPU of a dedicated vCPU; -1: floats over cell.cpus, or
				     over what the owner's vcpupin says */
	vn_cpuset emulator;	  /* where emulator and I/O threads run */
	vn_topology topology;	  /* of the guest; product == n_vcpus */
	uint16_t distance[VN_CELL_MAX * VN_CELL_MAX]; /* cell * n_cells + cell */
	int16_t device_cell[VN_GUEST_DEVICES_MAX];    /* cell on the device's node; -1: none */
	int16_t device_node_ix[VN_GUEST_DEVICES_MAX]; /* host node of the device; -1: not known */
	int16_t memdev_cell[VN_CELL_MAX];	      /* cell of memory device i */
	uint32_t n_pci_picks;
	vn_pci_pick pci_picks[VN_PCI_PICKS_MAX];
	vn_cost cost;
	bool proven; /* false: the search budget ended first; this is the best found */
} vn_placement;

enum { VN_MEMDEVS_MAX = VN_CELL_MAX };

/* Place one guest.
 * ret:  see above; untouched on failure.
 * Errors: VN_E_NOFIT (the text names the deciding requirement), VN_E_CONFLICT (settings of the
 * owner that contradict each other or the host), VN_E_RANGE (a nodeset that does not exist).
 * No allocation. */
int vn_place(const vn_host *host, const vn_request *request, const vn_place_options *options,
	     vn_placement *ret, vn_error *err);

/* The best placements, at most `n` of them, best first, no two with the same nodes for the same
 * cells (cells that are just alike count as one kind).
 * ret:  n placements; *ret_n says how many there are.
 * Errors: as vn_place, when there is none. */
enum { VN_PLACE_BEST_MAX = 16 };
int vn_place_best(const vn_host *host, const vn_request *request, const vn_place_options *options,
		  uint32_t n, vn_placement *ret, uint32_t *ret_n, vn_error *err);

/* Verify a placement against the host and the request, sharing no code with the search.
 * VN_E_RANGE with the first rule that is broken. */
int vn_placement_check(const vn_host *host, const vn_request *request,
		       const vn_place_options *options, const vn_placement *placement,
		       vn_error *err);

/* CPUs of one vCPU: its 1:1 pin, the owner's vcpupin, or its cell's CPUs. */
vn_cpuset vn_placement_vcpu_cpus(const vn_placement *placement, const vn_request *request,
				 uint32_t vcpu);
/* CPUs of an I/O thread without a pin of the owner, and of the emulator: the owner's or ours. */
vn_cpuset vn_placement_emulator_cpus(const vn_placement *placement, const vn_request *request);

/* Record that the guest takes its place on the host, or leaves it: pins, floating vCPUs, memory and
 * pages. Take and then release restores the host exactly. */
void vn_host_take(vn_host *host, const vn_placement *placement);
void vn_host_release(vn_host *host, const vn_placement *placement);

#endif
