/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What a node lacks for a cell: the rules of docs/design/0002 for one cell on one node, in the
 * order in which an operator would check them, on counts. It is for explanations and advice and
 * shares no code with the search, so that a wrong word here cannot become a wrong placement;
 * tests/property hold the two against each other. Nothing here allocates. */
#ifndef VNUMA_PLACE_LACK_H
#define VNUMA_PLACE_LACK_H

#include "vnuma/place.h"

enum {
	LACK_SMT_MAX = 8,	 /* threads of one core */
	LACK_BASE_PAGE_KIB = 64, /* ordinary pages are at most as large */
	LACK_ANY_NODE = -1,
	LACK_NO_NODE = -2,
	LACK_PULLS_MAX = VN_GUEST_DEVICES_MAX + VN_PCI_REQUESTS_MAX + VN_PHYSNETS_MAX + 1,
};

/* What a node has for this guest. */
struct lack_node {
	bool allowed, for_cpus, for_memory;
	uint32_t present;   /* CPUs that can be pinned, taken or not */
	uint32_t pins;	    /* of them: free */
	uint32_t floatable; /* CPUs for floating vCPUs, pinned or not */
	uint32_t floats;    /* of them: no guest is pinned to them */
	uint32_t both;	    /* free CPUs that are in both of these */
	uint32_t ratio_room;
	uint16_t whole[LACK_SMT_MAX + 1][LACK_SMT_MAX + 1]; /* [threads][of them in `floats`]: cores
							       that are free as a whole */
	uint32_t sibling_room; /* free threads of the cores that have two or more */
	uint64_t room_kib;     /* ordinary memory that may be taken, were nothing to be kept free */
	uint64_t kept_kib;     /* the same, with the reserve kept free */
	uint64_t page_kib;     /* size of its ordinary pages; 1: not known */
};

/* One guest cell. */
struct lack_cell {
	vn_cpuset set; /* its vCPUs */
	uint32_t vcpus, floating, pins, extra;
	uint32_t owned, owned_free; /* dedicated vCPUs that the owner has pinned; of them: to CPUs
				       that are free */
	int32_t only_ix;	    /* the node of the owner's pins, or one of LACK_... */
	uint64_t mem_kib, memdev_kib;
	enum vn_page_want want;
	uint64_t page_kib;
	const vn_nodeset *memnodes; /* OS numbers; NULL: not fixed */
	bool twin;		    /* just like the cell before it */
};

/* Some cell has to be on one of these nodes. */
struct lack_pull {
	enum vn_requirement need; /* VN_NEED_DEVICE or VN_NEED_NETWORK */
	uint32_t asked;		  /* how many devices */
	int32_t device;		  /* index into request->devices, or -1 */
	int32_t pci_request;	  /* index into request->pci_requests, or -1 */
	const char *network;	  /* or NULL */
	vn_nodeset any_of;	  /* by index */
};

struct lack_view {
	const vn_host *host;
	const vn_request *request;
	const vn_place_options *options;
	vn_cpuset owner_pins, owner_floats; /* CPUs that the owner gives to vCPUs of either kind */
	uint32_t words, dedicated; /* of a set of CPUs in use; vCPUs with a CPU of their own */
	uint32_t n_cells;
	uint32_t n_pulls;
	struct lack_node nodes[VN_NODE_MAX];
	struct lack_cell cells[VN_CELL_MAX];
	struct lack_pull pulls[LACK_PULLS_MAX];
};

/* What decides: VN_NEED_NOTHING if the cell fits. page_kib: the size of the pages that it is about,
 * 0 = ordinary memory; mem_ix: the node that they would come from. */
struct lack {
	enum vn_requirement need;
	uint64_t asked, there;
	uint64_t page_kib;
	uint32_t mem_ix;
};

/* Look at the host's nodes and at what pulls the guest. No cells yet. */
void lack_look(const vn_host *host, const vn_request *request, const vn_place_options *options,
	       struct lack_view *ret);
/* The same for one node of a host that has changed since. */
void lack_look_again(struct lack_view *view, uint32_t node_ix);
/* Cut the guest into n cells, or take the owner's. */
void lack_cut(struct lack_view *view, uint32_t n);
/* The numbers of cells that vn_place tries: from..to; the same where the request fixes it. */
void lack_tries(const struct lack_view *view, uint32_t *from, uint32_t *to);
/* May cells share a node when there are more of them than nodes? */
bool lack_may_share(const struct lack_view *view);
/* May a guest with its owner's topology have the cells that were cut? */
bool lack_topology_agrees(const struct lack_view *view);

struct lack lack_cpus(const struct lack_view *view, uint32_t cell, uint32_t node_ix);
/* A cell on a node, with what pulls the guest left out; CPUs first, then memory. */
struct lack lack_of(const struct lack_view *view, uint32_t cell, uint32_t node_ix);
/* The same for a guest of one cell, which has to be where it is pulled: that comes first, because
 * nothing else would help. */
struct lack lack_of_guest(const struct lack_view *view, uint32_t node_ix);

#endif
