/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Which cells would do on which nodes, and whether each can have one of its own. */
#ifndef VNUMA_PLACE_MATCH_H
#define VNUMA_PLACE_MATCH_H

#include "place/problem.h"

struct match_table {
	uint32_t n, words;			     /* cells; words of a row */
	uint8_t kind_at[VN_CELL_MAX];		     /* [cell] its row */
	uint64_t can[VN_CELL_MAX][VN_NODESET_WORDS]; /* [kind] nodes that would do */
	uint64_t used[VN_NODESET_WORDS];	     /* nodes that are gone */
};

/* Can the cells from.. each have an unused node? */
bool match_cells(const struct match_table *table, uint32_t from);

#endif
