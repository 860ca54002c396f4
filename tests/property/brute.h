/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The fit by brute force, for small hosts: every assignment of cells to nodes and of memory nodes
 * is tried; on each node every way to take its cores, every page size, every choice of devices is.
 * Written from docs/design/0001 and 0002 for clarity, without a line of lib/place.
 *
 *   brute.c          assignments and the objective; how many cells
 *   brute_cpus.c     the CPUs of one node
 *   brute_memory.c   the memory of one node
 *   brute_devices.c  devices and networks
 *   cut.c            cutting a guest into cells, and the small questions */
#ifndef VNUMA_TESTS_BRUTE_H
#define VNUMA_TESTS_BRUTE_H

#include "question.h"

/* How large a question may be for it. */
enum {
	BRUTE_NODES = 6,
	BRUTE_NODE_CPUS = 16,
	BRUTE_CELLS = 9,
	BRUTE_VCPUS = 64,
	CUT_MEMDEVS_MAX = 3, /* what random guests have at most */
	BASE_KIB_MAX = 64,   /* pages up to here are ordinary, above huge */
};

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
	int memdev_cell[CUT_MEMDEVS_MAX];
};

/* Cut the guest into n even cells (or the owner's). unit_kib: what memory is split in. False when a
 * setting of the owner does not go with so many cells. */
bool cut_make(const struct question *q, uint32_t n, uint64_t unit_kib, struct cut *ret);

/* How many cells a node may have. */
struct spread {
	uint32_t min, max;
};
enum vn_hold { HOLD_CORES, HOLD_THREADS }; /* floating vCPUs: one per core, or per thread */

/* The best placement of one cut. */
struct brute {
	bool feasible;
	vn_cost cost;
	uint32_t node_of[BRUTE_CELLS]; /* of those that cost the same the lowest, cell by cell */
};

/* The emulator's own CPU keeps off the cores of its cell's pins if it can be helped (0001, 8). */
enum vn_apart { APART_IF_POSSIBLE, APART_NOT_NEEDED };

/* Is the question small enough? */
bool brute_can(const struct question *q);

/* Try everything for this cut. */
struct brute brute_fit(const struct question *q, const struct cut *cut, struct spread spread,
		       enum vn_hold hold, enum vn_apart apart);

/* The whole question of docs/design/0001, 1 and 2: is there any cut that fits, and which is first?
 */
struct answer {
	bool feasible;
	uint32_t n_cells; /* of the first stage that fits */
	struct spread spread;
	enum vn_hold hold;
};
struct answer brute_answer(const struct question *q);
/* Nodes (by index) that the guest's cells may have, and how many cells one may get. */
struct spread spread_of(const struct question *q, uint32_t n_cells);
/* Page sizes that the memory may be split by, smallest first. */
uint32_t units_of(const struct question *q, uint64_t units[VN_PAGE_SIZES_MAX]);

/* ---- one node ---- */

enum { NO_FIT = 0xff };
/* Cells (bits of `cells`) on a node: the fewest cores that they break there, or NO_FIT. */
uint8_t brute_cpus(const struct question *q, const struct cut *cut, uint32_t node_ix,
		   uint32_t cells, enum vn_hold hold, enum vn_apart apart);

/* Is there memory for cells 0..n-1, each on mem_of[cell], in pages that each of them asks for? */
bool brute_memory(const struct question *q, const struct cut *cut, const uint32_t *mem_of,
		  uint32_t n);
/* The same for given pages: an index into vn_node.pages of the memory node, or -1: ordinary. */
bool memory_fits(const struct question *q, const struct cut *cut, const uint32_t *mem_of,
		 const int *page_of, uint32_t n);

/* With cells on the nodes `c` (bits): the fewest devices on known nodes outside c (but for
 * `required` ones), or NO_FIT. */
uint8_t brute_devices(const struct question *q, uint32_t c);
bool networks_near(const struct question *q, uint32_t c);

/* ---- small questions that the judge asks too ---- */

bool node_is_allowed(const struct question *q, uint32_t node_ix);
/* It has CPUs of a kind that the guest can use. */
bool node_has_cpus(const struct question *q, uint32_t node_ix);
/* In the nodeset, with CPUs; mode `host` without a nodeset: with memory of its own too. */
bool node_may_have_cells(const struct question *q, uint32_t node_ix);
/* Is page size `page_ix` of a node one that cell `cell` asks for? -1 is ordinary memory. */
bool page_is_wanted(const struct question *q, uint32_t cell, const vn_node *node, int page_ix);
/* May the memory of a cell on node_ix come from mem_ix? */
bool memory_may_come_from(const struct question *q, uint32_t cell, uint32_t node_ix,
			  uint32_t mem_ix);
bool device_must_be_local(const struct question *q, const vn_guest_device *device);
int32_t device_node(const struct question *q, const vn_guest_device *device);
bool same_socket(const vn_host *host, uint32_t a, uint32_t b);
/* May a device on node_ix (-1: not known) serve a request of this policy, with cells on `c`? */
bool pci_policy_allows(const vn_host *host, enum vn_pci_policy policy, int32_t node_ix, uint32_t c);
/* CPUs that pins, or floating vCPUs, may have on a node (rule 2). */
vn_cpuset cpus_for(const struct question *q, uint32_t node_ix, bool pins);
/* What one more cell on a node costs by the strategy: its load, or what it lacks to full. */
uint64_t strategy_cost(const struct question *q, uint32_t node_ix);
uint32_t distance_of(const vn_host *host, uint32_t from, uint32_t to);

#endif
