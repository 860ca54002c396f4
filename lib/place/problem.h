/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The normal form that the search works on: counts instead of sets, indexes instead of ids. prep.c
 * makes it, search.c assigns cells to nodes in it, plan.c turns the result into CPUs and bytes.
 * About 200 KiB, kept on vn_place's stack; nothing here allocates. */
#ifndef VNUMA_PLACE_PROBLEM_H
#define VNUMA_PLACE_PROBLEM_H

#include "vnuma/place.h"

enum { VN_SMT_MAX = 8 }; /* threads of one core: POWER8 has 8 */

/* Free CPUs for 1:1 pins, grouped by core. A core is whole when every online CPU of it may be
 * taken and is free; otherwise it is part. */
struct cores {
	uint16_t whole[VN_SMT_MAX + 1]; /* [k] whole cores with k threads */
	uint16_t part[VN_SMT_MAX + 1];	/* [k] other cores with k free threads */
	uint8_t first;			/* free threads of the node's first core, kept out of the
					   counts above for as long as possible; 0 = not kept */
	bool first_whole;
};

/* What one host node still has. The search changes it as it goes down and restores it going up. */
struct place_node {
	bool for_cpus, for_memory; /* may be chosen at all */
	uint32_t cpus;		   /* floating: CPUs of its own, without those pinned by others */
	uint32_t float_room;	   /* floating vCPUs of this guest that it still takes */
	uint32_t present;	   /* CPUs that could ever be pinned */
	struct cores free;
	uint64_t room_kib;	/* ordinary memory that this guest may still take */
	uint64_t most_kib;	/* the most that one cell may have of ordinary memory */
	uint64_t pages[VN_PAGE_SIZES_MAX]; /* free pages by size, as in vn_node.pages */
	uint32_t load;		/* 0..2000: how full it is, CPUs plus memory in 1/1000 */
	uint32_t cells;		/* cells of this guest on it so far */
};

/* One guest cell to be placed. */
struct place_cell {
	uint32_t vcpus;	   /* all of them: weight of distances */
	uint32_t floating; /* of them: without a CPU of their own and without an owner's pin */
	uint32_t pins;	   /* of them: need a free CPU of their own, not fixed by the owner */
	uint32_t extra;	   /* CPUs taken beside: the emulator's */
	uint64_t mem_kib, memdev_kib;
	enum vn_page_want want;
	uint64_t page_kib;
	bool node_fixed;      /* nodes[] restricts the CPU node */
	vn_nodeset nodes;     /* by index: nodes that hold the owner's pins */
	bool memnode_fixed;   /* memnodes[] restricts the memory node */
	vn_nodeset memnodes;  /* by index */
	uint32_t twin_of;     /* the cell before it that is just like it, or itself */
};

/* Where one cell goes. */
struct choice {
	uint16_t node_ix, mem_ix;
	uint8_t page_ix; /* index into vn_node.pages of mem_ix; NO_PAGES: ordinary memory */
};
enum { NO_PAGES = 0xff };

struct device_need {
	int32_t node_ix;   /* >= 0: wants a cell on this node */
	vn_nodeset any_of; /* must: a cell on one of these, by index */
	bool must;
};

struct problem {
	const vn_host *host;
	const vn_request *request;
	const vn_place_options *options;
	uint32_t n_cells;
	struct place_cell cells[VN_CELL_MAX];
	vn_cpuset cell_vcpus[VN_CELL_MAX];
	struct place_node nodes[VN_NODE_MAX]; /* [host->n_nodes] */
	uint32_t n_devices;
	struct device_need devices[VN_GUEST_DEVICES_MAX];
	uint32_t cells_min, cells_max; /* on one node: 1 and 1, or as even as can be */
	uint32_t nodes_at_max;	       /* how many nodes may have cells_max (when min < max) */
	bool coupled; /* cells compete for memory across nodes or share nodes: a matching is not
			 the whole truth */
	enum vn_size_by size_by;
	/* result of the search */
	struct choice best[VN_CELL_MAX];
	vn_cost cost;
	bool found, proven;
	uint64_t steps;
};

/* prep.c: checks that do not depend on how the guest is cut, then the nodes. */
int prep_check(const vn_host *host, const vn_request *request, vn_error *err);
void prep_nodes(struct problem *p);
/* prep.c: cut the guest into n cells (or take the owner's), splitting memory in units of unit_kib. */
void prep_cells(struct problem *p, uint32_t n, uint64_t unit_kib);
/* prep.c: page sizes to split by, smallest first; returns how many (at least 1). */
uint32_t prep_units(const struct problem *p, uint64_t units[VN_PAGE_SIZES_MAX]);

/* cores.c: take `pins` CPUs under a policy, and `extra` more; false (and *cores is spoilt) if there are not as many. *broken counts
 * whole cores that are left half used. The picks of plan.c follow the same order. */
bool cores_take(struct cores *cores, enum vn_thread_policy policy, uint32_t pins, uint32_t extra,
		uint32_t *broken);
uint32_t cores_free_threads(const struct cores *cores);
uint32_t cores_whole(const struct cores *cores);
/* How many pins fit under `require`: the most that k >= 2 threads on each of enough cores give. */
uint32_t cores_require_room(const struct cores *cores, uint32_t *k_for, uint32_t pins);

/* fit.c: may this cell go there now? Fills *choice and the verdict; take and untake change nodes. */
struct verdict_of {
	enum vn_requirement need;
	uint64_t asked, there;
};
struct verdict_of fit_cpus(const struct problem *p, uint32_t cell, uint32_t node_ix);
struct verdict_of fit_memory(const struct problem *p, uint32_t cell, uint32_t mem_ix,
			     uint32_t page_from, uint8_t *page_ix);
struct verdict_of fit_cell(const struct problem *p, uint32_t cell, uint32_t node_ix);
uint32_t fit_memory_nodes(const struct problem *p, uint32_t cell, uint32_t node_ix,
			  uint16_t mem_ix[VN_NODE_MAX]);

/* search.c: best assignment of p->cells to p->nodes into p->best. */
void search(struct problem *p);
/* explain.c: why there is none. */
int explain_refusal(const struct problem *p, vn_error *err);
void explain_fill(const struct problem *p, uint32_t cell);
/* plan.c: the winning choices as CPUs, memory, topology, distances. */
int plan_build(const struct problem *p, vn_placement *ret, vn_error *err);
/* topology.c: what the guest sees. */
int topology_build(const struct problem *p, vn_placement *ret, vn_error *err);
bool topology_agrees(const vn_topology *topology, uint32_t vcpus, const vn_cpuset *cells,
		     uint32_t n_cells);

#endif
