/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The sentences of a refusal (explain_words.c), from what explain.c has found. */
#ifndef VNUMA_PLACE_EXPLAIN_H
#define VNUMA_PLACE_EXPLAIN_H

#include "place/advice/lack.h"

struct refusal {
	const struct lack_view *view;	 /* cut into n_cells */
	uint32_t n_cells, cell, node_ix; /* the cell that decided, the node that came nearest */
	struct lack lack;		 /* what it lacks there */
	uint32_t from, to;		 /* the numbers of cells that were tried */
};

/* Each fills err and returns VN_E_NOFIT. */

/* All nodes together have too little: VN_OK if that is not so. */
int explain_total(const struct refusal *refusal, vn_error *err);
/* A cell fits on no node. */
int explain_cell(const struct refusal *refusal, vn_error *err);
/* No cell can be where a device or a network wants one. */
int explain_pull(const struct refusal *refusal, const struct lack_pull *pull, vn_error *err);
/* One cell cannot be at once where everything wants it. */
int explain_pulls(const struct refusal *refusal, vn_error *err);
/* Each cell alone fits, but not all at once; `cells` crowd on `nodes`, or are empty. */
int explain_together(const struct refusal *refusal, const vn_cpuset *cells, const vn_nodeset *nodes,
		     vn_error *err);

#endif
