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
	VN_NEED_UNPINNED,     /* CPUs that no guest is pinned to, one for each floating vCPU */
	VN_NEED_FREE_CPUS,    /* free CPUs for 1:1 pins */
	VN_NEED_FREE_CORES,   /* whole free cores (thread policy isolate) */
	VN_NEED_SIBLINGS,     /* free sibling threads (thread policy require) */
	VN_NEED_CPU_RATIO,    /* room for floating vCPUs under the overcommit ratio */
	VN_NEED_PAGE_SIZE,    /* pages of the wanted size, at all */
	VN_NEED_PAGES,	      /* enough free pages of the wanted size; in KiB */
	VN_NEED_WHOLE_PAGES,  /* memory that is a multiple of the page size; in KiB */
	VN_NEED_MEMORY,	      /* free ordinary memory; in KiB */
	VN_NEED_RESERVE,      /* the same, beside what is to be kept free on each node */
	VN_NEED_PINS,	      /* the CPUs that the owner's pins name */
	VN_NEED_MEMNODE,      /* the memory node that the owner names */
	VN_NEED_DEVICE,	      /* to be the node of a device that must be local */
	VN_NEED_NETWORK,      /* to be near a network that the guest wants */
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
	uint64_t page_kib; /* of the pages that it is about; 0 = ordinary memory, or not about any
			    */
} vn_verdict;

/* Filled by vn_place when options->explain is set, on success and on refusal. */
typedef struct vn_explain {
	uint32_t n_cells; /* how many cells the guest was cut into (auto: the try that came nearest
			     to a fit) */
	uint32_t tried_from, tried_to; /* numbers of cells that were tried; the same where the
					  request fixes it */
	uint32_t cell;	  /* the cell that the verdicts are about: the one that decided against, or
			     the first */
	uint32_t vcpus;	  /* of that cell */
	uint64_t mem_kib; /* of it, memory devices included */
	uint32_t n_verdicts; /* one for each node, ascending by id */
	vn_verdict verdicts[VN_NODE_MAX];
	/* Each cell alone would fit, but these cells fit only on these nodes (OS numbers), which
	 * are fewer. Empty where that is not the reason. */
	vn_cpuset crowd_cells;
	vn_nodeset crowd_nodes;
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

/* ---- advice: why so, how much else, and what would have to change ----------------------------
 *
 * These ask vn_place about copies of the host and the request, so what they say has been tried.
 * They allocate, and take a bounded number of placements, not microseconds. */

/* The table of a refusal, as vn_place fills it, also for a guest that was refused before the
 * search began (a pin of its owner that another guest has). */
void vn_place_explain(const vn_host *host, const vn_request *request,
		      const vn_place_options *options, vn_explain *ret);

/* Why a cell of a placement is not on some other node, the other cells staying where they are. */
enum vn_why {
	VN_WHY_CHOSEN,	 /* it is there */
	VN_WHY_LACKS,	 /* it does not fit there: `lack` says what is missing */
	VN_WHY_OCCUPIED, /* another cell of the guest is there, and each has a node of its own */
	VN_WHY_DEVICES,	 /* it would fit; more devices would be remote */
	VN_WHY_DISTANCE, /* ...the cells, or their memory, would be farther from each other */
	VN_WHY_LOAD,	 /* ...the strategy prefers the chosen node's load */
	VN_WHY_EQUAL,	 /* ...as good in all of that: cores broken, or the lower number, decided */
	VN_WHY_COUNT
};
typedef struct vn_other_node {
	uint32_t node; /* OS number */
	enum vn_why why;
	vn_verdict lack;      /* for VN_WHY_LACKS */
	uint64_t here, there; /* remote devices, distance or load (1/1000): chosen and this one */
} vn_other_node;
/* ret: [host->n_nodes] */
void vn_place_others(const vn_host *host, const vn_request *request,
		     const vn_place_options *options, const vn_placement *placement, uint32_t cell,
		     vn_other_node *ret);

/* The largest guest like this one that fits now. */
typedef struct vn_most_size {
	bool asked;	  /* false: the owner's settings do not scale (uneven cells, pins, a
			     topology, a mask), nothing was tried */
	bool exact;	  /* nothing larger fits; else something larger may */
	uint32_t vcpus;	  /* 0: none fits */
	uint64_t mem_kib; /* without memory devices; 0: none fits */
} vn_most_size;
typedef struct vn_most {
	vn_most_size vcpus;	 /* most vCPUs, memory as asked */
	vn_most_size memory;	 /* most memory, vCPUs as asked; to the page, or to 1 MiB if
				    that is more */
	vn_most_size proportion; /* both, scaled alike */
} vn_most;
/* What is guaranteed: each size in the answer has been placed. A fit need not be monotone in the
 * number of vCPUs (remainders, whole cores), so after halving the counts above are tried from the
 * top, at most VN_MOST_TRIES of them for each of the three; `exact` says whether that was all.
 * Even cells of the owner are scaled evenly.
 * Errors: as vn_place, but for VN_E_NOFIT; VN_E_NOMEM. */
enum { VN_MOST_TRIES = 128 };
int vn_place_most(const vn_host *host, const vn_request *request, const vn_place_options *options,
		  vn_most *ret, vn_error *err);

/* What would have to be free besides on one node. */
typedef struct vn_short_node {
	uint32_t node; /* OS number */
	uint32_t cpus; /* pinned CPUs that would have to be free: so many */
	uint32_t
		cores; /* ...which make so many whole free cores, where those are asked for; or 0 */
	vn_cpuset which;  /* CPUs that would do */
	uint32_t vcpus;	  /* floating vCPUs of other guests that would have to go */
	uint64_t mem_kib; /* more free ordinary memory */
	uint64_t pages_kib[VN_PAGE_SIZES_MAX]; /* more free pages, by the index of vn_node.pages */
	uint64_t pages_new_kib[VN_PAGE_SIZES_MAX]; /* of them: more than the node has in use; the
						      pool has to grow */
} vn_short_node;
enum vn_short_state {
	VN_SHORT_FITS,	     /* nothing is missing */
	VN_SHORT_CHANGE,     /* nodes[] */
	VN_SHORT_IMPOSSIBLE, /* not even on the host without guests; `why` says why */
};
enum { VN_SHORT_NODES_MAX = 64 };
typedef struct vn_shortfall {
	enum vn_short_state state;
	bool exact;	  /* no change of fewer nodes, and none of these nodes with less, does */
	uint32_t n_nodes; /* ascending by id */
	vn_short_node nodes[VN_SHORT_NODES_MAX];
	vn_nodeset
		never; /* allowed nodes (OS numbers) that could not hold a cell even when empty */
	vn_error why;
} vn_shortfall;
/* The smallest change of the host that makes a refused guest fit: fewest nodes, then fewest CPUs
 * and floating vCPUs, then least memory. It has been tried on a copy of the host.
 * Errors: VN_E_NOMEM; as vn_place, but for VN_E_NOFIT; VN_E_NOFIT when more nodes would have to
 * change than fit in the answer. */
int vn_place_shortfall(const vn_host *host, const vn_request *request,
		       const vn_place_options *options, vn_shortfall *ret, vn_error *err);
/* Make that change on a host: what the tests verify it by. */
void vn_host_relieve(vn_host *host, const vn_shortfall *shortfall);

/* A guest that is on the host: what it takes was recorded by vn_host_take. */
typedef struct vn_resident {
	const vn_request *request;
	const vn_placement *placement;
} vn_resident;
enum { VN_RESIDENTS_MAX = 64 };
typedef struct vn_moves {
	uint32_t n;			  /* how many have to go; 0: it fits without, or never */
	uint32_t which[VN_RESIDENTS_MAX]; /* indexes, ascending */
	bool can_move; /* they all find another place on this host beside the new guest; else they
			  would have to leave it */
	bool exact;    /* no fewer would do; else found one by one */
} vn_moves;
/* The fewest guests whose leaving makes the refused one fit; of equally few, some that find another
 * place. Subsets by increasing size, at most VN_MOVES_TRIES placements, then one by one.
 * Errors: VN_E_NOMEM, VN_E_RANGE for more than VN_RESIDENTS_MAX. */
enum { VN_MOVES_TRIES = 4096 };
int vn_place_moves(const vn_host *host, const vn_request *request, const vn_place_options *options,
		   const vn_resident *residents, uint32_t n, vn_moves *ret, vn_error *err);

#endif
