/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The fit by brute force, for hosts of at most 4 nodes and 8 CPUs: every assignment of cells to
 * nodes, of memory nodes and of page sizes is tried. Written from docs/design/0001 for clarity,
 * without a line of lib/place. */
#ifndef VNUMA_TESTS_BRUTE_H
#define VNUMA_TESTS_BRUTE_H

#include "random.h"

/* A guest cut into cells. */
struct cut {
	uint32_t n;
	struct cut_cell {
		vn_cpuset vcpus;
		uint64_t mem_kib, memdev_kib;
		uint32_t floating; /* vCPUs without a CPU of their own */
		uint32_t pins;	   /* vCPUs that need one, and that the owner has not pinned */
		uint32_t extra;	   /* 1: the emulator's own CPU */
	} cells[VN_CELL_MAX];
	int memdev_cell[MEMDEVS_MAX];
};

/* Cut the guest into n even cells (or the owner's). unit_kib: what memory is split in. False when a
 * setting of the owner does not go with so many cells. */
bool cut_make(const struct pair *pair, uint32_t n, uint64_t unit_kib, struct cut *ret);

/* How many cells a node may have. */
struct spread {
	uint32_t min, max;
};
enum vn_hold { HOLD_CORES, HOLD_THREADS }; /* floating vCPUs: one per core, or per thread */

struct brute {
	bool feasible;
	uint64_t devices_remote, distance; /* of the best */
};

/* Try everything for this cut. */
struct brute brute_fit(const struct pair *pair, const struct cut *cut, struct spread spread,
		       enum vn_hold hold);

/* The whole question of docs/design/0001, 1 and 2: is there any cut that fits, and which is first?
 */
struct answer {
	bool feasible;
	uint32_t n_cells; /* of the first stage that fits */
	struct spread spread;
	enum vn_hold hold;
};
struct answer brute_answer(const struct pair *pair);
/* Nodes (by index) that the guest's cells may have, and how many cells one may get. */
struct spread spread_of(const struct pair *pair, uint32_t n_cells);
/* Page sizes that the memory may be split by, smallest first. */
uint32_t units_of(const struct pair *pair, uint64_t units[VN_PAGE_SIZES_MAX]);

/* Small questions that the checker asks too. */
bool node_is_allowed(const struct pair *pair, uint32_t node_ix);
/* It has CPUs of a kind that the guest can use. */
bool node_has_cpus(const struct pair *pair, uint32_t node_ix);
/* In the nodeset, with CPUs; mode `host` without a nodeset: with memory of its own too. */
bool node_may_have_cells(const struct pair *pair, uint32_t node_ix);
/* Is page size `page_ix` of a node one that cell `cell` asks for? -1 is ordinary memory. */
bool page_is_wanted(const struct pair *pair, uint32_t cell, const vn_node *node, int page_ix);
/* May the memory of a cell on node_ix come from mem_ix? */
bool memory_may_come_from(const struct pair *pair, uint32_t cell, uint32_t node_ix,
			  uint32_t mem_ix);
bool device_must_be_local(const struct pair *pair, const vn_guest_device *device);
int32_t device_node(const struct pair *pair, const vn_guest_device *device);

#endif
