/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The parts of vn_place_shortfall: what a host could free (short_host.c), what a cell lacks on a
 * node and the cheapest assignment (short_cells.c), and the search over sets of nodes (short.c).
 * A change of the host is an array of vn_short_node, one for each node of the host. */
#ifndef VNUMA_PLACE_SHORT_H
#define VNUMA_PLACE_SHORT_H

#include "place/advice/advise.h"
#include "place/advice/assign.h"
#include "place/advice/lack.h"

enum { SHORT_STEP_KIB = 1024 }; /* ordinary memory is missing in whole MiB */

struct shortage {
	struct advise advise;
	vn_host *scratch;	 /* a copy that is changed */
	struct lack_view *view;	 /* of scratch */
	struct lack_view *empty; /* of the host with everything freed */
	uint16_t *order;	 /* pinned CPUs, node by node, in the order to free them */
	uint32_t *first;	 /* [n_nodes + 1] where a node's begin */
	vn_short_node *full;	 /* all that can be freed */
	bool out_of_memory;
};

/* A change of nothing; NULL: no memory. */
vn_short_node *short_new(struct shortage *s);
/* s->scratch becomes the host, with a change made. */
void short_apply(struct shortage *s, const vn_short_node *change);
bool short_fits(struct shortage *s, const vn_short_node *change);
/* Free the first n pinned CPUs of a node. */
void short_set_cpus(const struct shortage *s, uint32_t node_ix, uint32_t n, vn_short_node *ret);
bool short_is_change(const vn_short_node *node);
struct assign_cost short_cost(const struct shortage *s, const vn_short_node *change);
/* Fill order, first and full. */
bool short_look(struct shortage *s);

/* The cheapest change by which each cell fits on a node of its own, over the numbers of cells that
 * may be tried. False: there is none. It has not been tried. */
bool short_assign(struct shortage *s, vn_short_node *ret);

#endif
