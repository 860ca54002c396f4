/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Assignment: each cell on a node of its own, so that the sum of the costs is least (Hungarian
 * method, O(cells * cells * nodes)). A cost has three parts that are compared in order; sums and
 * differences are part by part, which is all that the method needs. */
#ifndef VNUMA_PLACE_ASSIGN_H
#define VNUMA_PLACE_ASSIGN_H

#include "vnuma/base.h"

struct assign_cost {
	int64_t nodes; /* that have to change; ASSIGN_NEVER: this cell cannot be there */
	int64_t cpus;
	int64_t kib;
};
enum { ASSIGN_NEVER = 1 << 20 };

/* costs: [n_cells * n_nodes], row by row; n_cells <= n_nodes.
 * node_of: [n_cells]. False: no memory. A sum of ASSIGN_NEVER nodes or more: there is none. */
bool assign(const struct assign_cost *costs, uint32_t n_cells, uint32_t n_nodes, vn_arena *arena,
	    uint32_t *node_of, struct assign_cost *sum);

struct assign_cost assign_add(struct assign_cost a, struct assign_cost b);
bool assign_less(struct assign_cost a, struct assign_cost b);

#endif
