/* SPDX-License-Identifier: LGPL-2.1-or-later
 * The table of kind x node that the search for nodes of their own works on: which nodes would do,
 * in which classes, in which order, and how many cores each kind breaks there. */
#include "place/apart.h"

#include <string.h>

/* ---- classes ---- */

/* What ties a node to devices: 0 for most nodes. Nodes with different marks are never alike. */
static uint32_t device_mark(const struct problem *p, uint32_t node_ix)
{
	for (uint32_t i = 0; i < p->n_devices; i++)
		if (p->devices[i].node_ix == (int32_t)node_ix ||
		    vn_nodeset_has(&p->devices[i].any_of, node_ix))
			return 1 + node_ix;
	for (uint32_t i = 0; i < p->n_needs; i++)
		if (vn_nodeset_has(&p->needs[i].any_of, node_ix))
			return 1 + node_ix;
	for (uint32_t i = 0; i < p->n_supplies; i++)
		if (p->supplies[i].node_ix == (int32_t)node_ix ||
		    (p->supplies[i].node_ix >= 0 && p->host->nodes[node_ix].socket >= 0 &&
		     p->host->nodes[p->supplies[i].node_ix].socket ==
			     p->host->nodes[node_ix].socket))
			return 1 + node_ix;
	return 0;
}

/* One class of nodes while they are found. */
struct class_list {
	uint32_t n;
	uint16_t lead[VN_NODE_MAX], size[VN_NODE_MAX];
	uint32_t mark[VN_NODE_MAX];
};

static uint32_t class_for(const struct apart *a, struct class_list *list, uint32_t node_ix)
{
	uint16_t lead = a->p->alike[node_ix];
	uint32_t mark = a->devices ? device_mark(a->p, node_ix) : 0;

	for (uint32_t q = 0; q < list->n; q++)
		if (list->lead[q] == lead && !list->mark[q] && !mark) {
			list->size[q]++;
			return q;
		}
	list->lead[list->n] = lead;
	list->mark[list->n] = mark;
	list->size[list->n] = 1;
	return list->n++;
}

static bool costs_less(const struct apart *a, uint32_t node_ix, uint64_t strategy, uint32_t than)
{
	uint8_t price = a->price[node_ix], other = a->price[a->node_at[than]];

	return price != other ? price < other : strategy < a->strategy[than];
}

/* Put the candidates into the order of their classes: those with devices first, then the large
 * ones; within a class the cheapest for the last kind first. */
static void order_candidates(struct apart *a, const struct class_list *list, const uint16_t *nodes,
			     const uint16_t *class_of_node)
{
	uint16_t order[VN_NODE_MAX], at[VN_NODE_MAX], next = 0;

	for (uint32_t q = 0; q < list->n; q++) {
		uint32_t to = q;

		for (; to && ((!list->mark[order[to - 1]] && list->mark[q]) ||
			      (!list->mark[order[to - 1]] == !list->mark[q] &&
			       list->size[order[to - 1]] < list->size[q]));
		     to--)
			order[to] = order[to - 1];
		order[to] = (uint16_t)q;
	}
	a->n_classes = list->n;
	for (uint32_t i = 0; i < list->n; i++) {
		a->class_first[i] = next;
		at[order[i]] = (uint16_t)i;
		next += list->size[order[i]];
	}
	a->class_first[list->n] = next;
	memset(order, 0, list->n * sizeof(*order)); /* now: how many of each class stand */
	for (uint32_t i = 0; i < a->m; i++) {
		uint32_t q = at[class_of_node[i]];
		uint64_t cost = strategy_cost(a->p, nodes[i]);
		uint32_t to = a->class_first[q] + order[q]++;

		for (; to > a->class_first[q] && costs_less(a, nodes[i], cost, to - 1); to--) {
			a->node_at[to] = a->node_at[to - 1];
			a->strategy[to] = a->strategy[to - 1];
		}
		a->node_at[to] = nodes[i];
		a->strategy[to] = cost;
	}
	for (uint32_t q = 0; q < a->n_classes; q++)
		for (uint32_t x = a->class_first[q]; x < a->class_first[q + 1]; x++)
			a->class_of[x] = (uint16_t)q;
}

/* ---- the table ---- */

bool apart_would_do(const struct problem *p, uint32_t cell, uint32_t node_ix, uint8_t *page_ix)
{
	return fit_cpus(p, cell, node_ix).need == VN_NEED_NOTHING && p->nodes[node_ix].for_memory &&
	       fit_memory(p, cell, node_ix, 0, page_ix).need == VN_NEED_NOTHING;
}

static uint8_t broken_on(const struct problem *p, uint32_t kind, uint32_t node_ix)
{
	uint32_t broken = fit_broken(p, p->kind_cell[kind], node_ix);

	return (uint8_t)(broken < UINT8_MAX ? broken : UINT8_MAX);
}

/* Candidates with their classes, and the rows of the table. False: a kind has no candidate. */
bool apart_find_candidates(struct apart *a)
{
	const struct problem *p = a->p;
	struct class_list list;
	uint16_t nodes[VN_NODE_MAX], class_of_node[VN_NODE_MAX];
	uint64_t can[VN_CELL_MAX][VN_NODESET_WORDS]; /* by node */
	uint32_t words = (p->host->n_nodes + 63) / 64;
	uint8_t page_ix;

	for (uint32_t k = 0; k < p->n_kinds; k++) {
		uint64_t any = 0;

		memset(can[k], 0, words * sizeof(can[k][0]));
		for (uint32_t i = 0; i < p->host->n_nodes; i++)
			can[k][i / 64] |= (uint64_t)apart_would_do(p, p->kind_cell[k], i, &page_ix)
					  << i % 64;
		for (uint32_t i = 0; i < words; i++)
			any |= can[k][i];
		if (!any)
			return false;
	}
	list.n = a->m = 0;
	for (uint32_t i = 0; i < p->host->n_nodes; i++) {
		bool any = false;

		for (uint32_t k = 0; k < p->n_kinds && !any; k++)
			any = has_bit(can[k], i);
		if (!any)
			continue;
		a->price[i] = has_bit(can[p->n_kinds - 1], i) ? broken_on(p, p->n_kinds - 1, i)
							      : UINT8_MAX;
		class_of_node[a->m] = (uint16_t)class_for(a, &list, i);
		nodes[a->m++] = (uint16_t)i;
	}
	a->t.words = (a->m + 63) / 64;
	order_candidates(a, &list, nodes, class_of_node);
	for (uint32_t k = 0; k < p->n_kinds; k++) {
		memset(a->t.can[k], 0, a->t.words * sizeof(a->t.can[k][0]));
		for (uint32_t x = 0; x < a->m; x++)
			a->t.can[k][x / 64] |= (uint64_t)has_bit(can[k], a->node_at[x]) << x % 64;
	}
	return true;
}

/* Cores that each kind breaks on each candidate. */
void apart_find_broken(struct apart *a)
{
	const struct problem *p = a->p;
	uint8_t least[VN_CELL_MAX];

	memset(least, UINT8_MAX, sizeof(least));
	for (uint32_t k = 0; k < p->n_kinds; k++) {
		for (uint32_t x = 0; x < a->m; x++) {
			uint32_t node_ix = a->node_at[x];

			if (!has_bit(a->t.can[k], x))
				continue;
			a->broken[k][x] =
				k == p->n_kinds - 1 ? a->price[node_ix] : broken_on(p, k, node_ix);
			least[k] = a->broken[k][x] < least[k] ? a->broken[k][x] : least[k];
		}
	}
	a->broken_from[a->n] = 0;
	for (uint32_t at = a->n; at-- > 0;)
		a->broken_from[at] = a->broken_from[at + 1] + least[a->t.kind_at[at]];
}
