/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The normal form that the search works on: counts instead of sets, indexes instead of ids. prep.c
 * makes it, search.c assigns cells to nodes in it, plan.c turns the result into CPUs and bytes.
 * About 400 KiB, kept on vn_place's stack; nothing here allocates. */
#ifndef VNUMA_PLACE_PROBLEM_H
#define VNUMA_PLACE_PROBLEM_H

#include "vnuma/place.h"

enum {
	NO_PAGES = 0xff,	  /* choice.page_ix: ordinary memory */
	DEFAULT_BUDGET = 1 << 18, /* steps of the search */
	PROOF_BUDGET =
		1 << 12, /* where a matching has found a placement and it is to be bettered */
};

/* Free CPUs for 1:1 pins, grouped by core. A core is whole when all its online CPUs may be taken
 * and are free; otherwise it is part. */
struct cores {
	uint16_t whole[VN_SMT_MAX + 1]; /* [k] whole cores of k threads */
	uint16_t part[VN_SMT_MAX + 1];	/* [k] other cores with k free threads */
	uint8_t kept; /* free threads of the node's first core, which `siblings` leaves to the host
			 for as long as it can; not in the counts above; 0 = none kept */
	bool kept_whole;
};

/* What one host node still has. The search changes it going down and restores it going up. */
struct place_node {
	bool for_cpus, for_memory; /* may be chosen at all */
	uint32_t threads;	   /* free CPUs for pins: the sum of `free` */
	uint32_t cpus;		   /* where floating vCPUs may run: not pinned by others */
	uint32_t cores;		   /* cores of those */
	uint32_t ratio_room;	   /* floating vCPUs that the overcommit ratio still allows */
	uint32_t float_room;	   /* floating vCPUs of this guest that it still takes */
	uint32_t present;	   /* CPUs that can be pinned at all, free or not */
	uint32_t floats;	   /* floating vCPUs of this guest on it so far */
	uint32_t l3_groups;	   /* that its CPUs are in */
	bool sets_overlap;	   /* pins take CPUs away from the floating vCPUs */
	struct cores free;
	uint64_t most_kib;		   /* ordinary memory in all */
	uint64_t room_kib;		   /* of it: what this guest may still take */
	uint64_t pages[VN_PAGE_SIZES_MAX]; /* free pages, by the index of vn_node.pages */
	uint32_t load;			   /* how full: CPUs plus memory, 1/1000 each */
	uint32_t cells;			   /* cells of this guest on it */
};

/* One guest cell to be placed. */
struct place_cell {
	uint32_t vcpus;	   /* all of them: the weight of distances */
	uint32_t floating; /* of them: without a CPU of their own */
	uint32_t pins;	   /* of them: need a CPU of their own that the owner has not named */
	uint32_t extra;	   /* CPUs taken beside, for the emulator */
	uint64_t mem_kib, memdev_kib;
	enum vn_page_want want;
	uint64_t page_kib;
	bool nodes_fixed; /* only nodes[] hold the owner's pins */
	vn_nodeset nodes; /* by index */
	bool memnodes_fixed;
	vn_nodeset memnodes; /* by index */
	bool twin;	     /* just like the cell before it */
	uint8_t kind;	     /* cells of one kind are just alike */
};

/* Where one cell goes. */
struct choice {
	uint16_t node_ix, mem_ix;
	uint8_t page_ix; /* index into vn_node.pages of mem_ix, or NO_PAGES */
};

/* A guest device that pulls. */
struct device_need {
	int32_t node_ix;   /* it is on this node; -1: not known, it pulls nowhere */
	bool must;	   /* a cell has to be on one of any_of */
	vn_nodeset any_of; /* by index */
};

/* Free devices on one node, or on none that is known, that the same requests may have. */
struct pci_supply {
	int32_t node_ix;
	uint32_t count;
	uint64_t requests; /* bits */
};
enum {
	NEEDS_MAX = VN_PCI_REQUESTS_MAX + VN_PHYSNETS_MAX + 1,
	SUPPLIES_MAX = 2048,
};

struct problem {
	const vn_host *host;
	const vn_request *request;
	const vn_place_options *options;
	uint32_t words;		    /* of a vn_cpuset that the host's CPUs reach into */
	uint32_t dedicated;	    /* how many vCPUs have a CPU of their own */
	bool as_counted;	    /* no setting of the owner narrows the CPUs of a node */
	vn_nodeset allowed;	    /* by index: the nodeset, or every node */
	vn_cpuset owner_floats;	    /* CPUs that the owner's vcpupin gives to floating vCPUs */
	vn_cpuset owner_pins;	    /* CPUs that the owner's vcpupin gives to dedicated vCPUs */
	const vn_core *cores;	    /* of all nodes, in the host's index */
	const uint32_t *first_core; /* [n_nodes + 1] */
	const uint16_t *alike;	    /* as vn_host_index */
	struct place_node nodes[VN_NODE_MAX];

	uint32_t n_cells;
	struct place_cell cells[VN_CELL_MAX];
	uint32_t n_kinds;
	uint8_t kind_cell[VN_CELL_MAX];		  /* the first cell of each kind */
	const vn_cpuset *cell_vcpus[VN_CELL_MAX]; /* in the request, or in cut_vcpus */
	vn_cpuset cut_vcpus[VN_CELL_MAX];
	uint16_t vcpu_cell[VN_VCPU_MAX];
	int16_t memdev_cell[VN_MEMDEVS_MAX];
	uint32_t n_devices;
	struct device_need devices[VN_GUEST_DEVICES_MAX];

	uint32_t cells_min, cells_max; /* on each node that is used by an even spread */
	uint32_t nodes_at_max;	       /* how many nodes may have cells_max, when min < max */

	uint32_t n_needs;
	struct device_need needs[NEEDS_MAX]; /* networks, and devices by kind that must be local */
	uint32_t n_supplies;
	struct pci_supply supplies[SUPPLIES_MAX];

	/* results of the search, best first */
	uint32_t n_best; /* how many to keep */
	uint32_t n_found;
	bool found, proven;
	vn_cost found_cost[VN_PLACE_BEST_MAX];
	struct choice found_choices[VN_PLACE_BEST_MAX][VN_CELL_MAX];
	uint64_t steps;
};

/* A node seen by one cell: what is asked and there, and the one requirement that decides. */
struct need {
	enum vn_requirement need;
	uint64_t asked, there;
};

/* contradict.c: contradictions of the request with itself and with the host. */
int contradict_check(const vn_host *host, const vn_request *request, vn_error *err);
/* prep.c: what each node has for this guest. */
void prep_nodes(struct problem *p);
void prep_free_words(const struct problem *p, uint32_t node_ix, uint64_t *floats, uint64_t *pins);
uint32_t count_words(const vn_cpuset *set, uint32_t words); /* the members in the first words */
void prep_size_by(struct problem *p, enum vn_size_by size_by);
void prep_devices(struct problem *p);

/* cut.c: the guest as n cells, memory split in units of unit_kib; the owner's cells are taken as
 * they are. */
void cut_vcpus(struct problem *p, uint32_t n);	      /* which cell each vCPU belongs to */
void cut_number_vcpus(struct problem *p, uint32_t n); /* p->vcpu_cell */
void cut_cells(struct problem *p, uint32_t n, uint64_t unit_kib);
/* Units to split by, in the order to try them; returns how many, at least 1. */
uint32_t cut_units(const struct problem *p, uint64_t units[VN_PAGE_SIZES_MAX]);

/* cores.c: take `pins` CPUs of one cell under a policy, and `extra` more. False when there are not
 * as many (*cores is spoilt then). `picker` (may be NULL) is
 * told of each step, so that the CPUs that plan.c picks are those that the search has counted. */
struct core_pick {
	bool kept;	  /* the kept first core */
	bool whole;	  /* a core of whole[free], else of part[free] */
	uint32_t free;	  /* its free threads */
	uint32_t threads; /* how many of them are taken */
	uint32_t cores;	  /* how many such cores */
	bool idle;	  /* the other threads are taken too and stay idle */
	bool extra;	  /* for the emulator */
	bool mine;	  /* extra: a core that the cell's own pins have broken */
};
struct core_picker {
	void (*pick)(struct core_picker *self, const struct core_pick *pick);
};
struct cores_taken {
	uint32_t broken;  /* whole cores left half used */
	uint32_t threads; /* CPUs that are gone: pins, extra and idle siblings */
};
bool cores_take(struct cores *cores, enum vn_thread_policy policy, uint32_t pins, uint32_t extra,
		struct cores_taken *taken, struct core_picker *picker);
uint32_t cores_whole(const struct cores *cores);
uint32_t cores_require_room(const struct cores *cores); /* most pins that share cores */
/* Whole cores that cores_take would leave half used. */
uint32_t cores_broken(const struct cores *cores, enum vn_thread_policy policy, uint32_t pins,
		      uint32_t extra, uint32_t threads_per_core);

/* exact.c: the threads of each core of a node, with the fewest cores broken and CPUs left for the
 * cell's floating vCPUs. False: there is no such way, or the node or the cell is too large. */
struct exact_take {
	uint32_t n_cores, broken;
	uint8_t pins[VN_CPU_MAX], extra[VN_CPU_MAX]; /* [core of the node] */
};
bool exact_cores(const struct problem *p, uint32_t cell, uint32_t node_ix, struct exact_take *ret);
/* fit.c: is it exact_cores that decides about the cell on the node? */
bool fit_needs_exact(const struct problem *p, uint32_t cell, uint32_t node_ix);
uint32_t fit_broken(const struct problem *p, uint32_t cell, uint32_t node_ix); /* cells_max == 1 */

/* fit.c: may a cell go there now? need is VN_NEED_NOTHING if so. */
struct need fit_cpus(const struct problem *p, uint32_t cell, uint32_t node_ix);
/* The first page size from page_from on (in the order of preference) that will do. */
struct need fit_memory(const struct problem *p, uint32_t cell, uint32_t mem_ix, uint32_t page_from,
		       uint8_t *page_ix);
/* Nodes that the memory of a cell on node_ix may come from, nearest first. */
uint32_t fit_memory_nodes(const struct problem *p, uint32_t cell, uint32_t node_ix,
			  uint16_t mem_ix[VN_NODE_MAX]);
struct need fit_cell(const struct problem *p, uint32_t cell, uint32_t node_ix);
/* Take the cell's share of its nodes, and give it back by restoring what the caller saved. */
uint32_t fit_take(struct problem *p, uint32_t cell, const struct choice *choice);

/* search.c: the best assignments of p->cells into p->found_*, by one of two ways: */
void search(struct problem *p);
void place_apart(struct problem *p, uint64_t budget); /* apart.c: each on a node of its own */
void share_nodes(struct problem *p, uint64_t budget); /* share.c: where nodes are shared */
/* What both share. */
int search_compare(const vn_cost *a, const vn_cost *b);
uint64_t strategy_cost(const struct problem *p, uint32_t node_ix);
uint64_t search_remote(const struct problem *p, uint32_t cells_left);
bool search_may_satisfy(const struct problem *p, uint32_t cells_left);
const vn_cost *search_worst(const struct problem *p); /* to be beaten; NULL: anything will do */
void search_record(struct problem *p, const struct choice *choices, const vn_cost *cost);

/* pci.c: devices by kind. */
int pci_prepare(struct problem *p, vn_error *err);
/* Can all requests have their devices, with the cells where they are now? *remote: how many are on
 * a known node without a cell. `to` (may be NULL) gets the picks. */
bool pci_fits(const struct problem *p, uint32_t *remote, vn_placement *to);

/* explain.c: why there is none. `err` gets the sentence, options->explain the table. */
int explain_refusal(struct problem *p, vn_error *err);
void explain_success(const struct problem *p); /* the table for the first cell */

/* plan.c, topology.c: the winning choices as CPUs, memory and what the guest sees. */
int plan_build(struct problem *p, uint32_t nth, vn_placement *ret, vn_error *err);
int topology_build(const struct problem *p, vn_placement *placement, vn_error *err);
/* May a guest with this topology have these cells? No socket spans two of them. */
bool topology_agrees(const vn_topology *topology, uint32_t vcpus, const uint16_t *vcpu_cell);

#endif
