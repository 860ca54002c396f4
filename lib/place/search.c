/* SPDX-License-Identifier: LGPL-2.1-or-later
 * The search: which of its two ways a request needs, and what both share: the order of costs, the
 * devices, the list of the best. */
#include "place/problem.h"

#include <string.h>

int search_compare(const vn_cost *a, const vn_cost *b)
{
	const uint64_t pairs[][2] = { { a->devices_remote, b->devices_remote },
				      { a->distance, b->distance },
				      { a->broken, b->broken },
				      { a->strategy, b->strategy } };

	for (size_t i = 0; i < VN_LEN(pairs); i++)
		if (pairs[i][0] != pairs[i][1])
			return pairs[i][0] < pairs[i][1] ? -1 : 1;
	return 0;
}

/* What the strategy pays for a cell on a node: spread likes empty ones, pack full ones. */
uint64_t strategy_cost(const struct problem *p, uint32_t node_ix)
{
	enum { FULL = 200000 }; /* above any load (prep.c caps it) */
	uint32_t load = p->nodes[node_ix].load;

	return p->options->strategy == VN_STRATEGY_PACK ? FULL - load : load;
}

/* ---- devices ---- */

/* Devices whose node has no cell, less those that the cells to come could still cover. */
uint64_t search_remote(const struct problem *p, uint32_t cells_left)
{
	uint64_t remote = 0, nodes = 0;

	for (uint32_t i = 0; i < p->n_devices; i++) {
		int32_t node_ix = p->devices[i].node_ix;
		bool first = true;

		if (node_ix < 0 || p->nodes[node_ix].cells)
			continue;
		remote++;
		for (uint32_t k = 0; k < i && first; k++)
			first = p->devices[k].node_ix != node_ix;
		nodes += first;
	}
	if (!cells_left)
		return remote;
	return nodes > cells_left ? nodes - cells_left : 0;
}

static bool satisfied(const struct problem *p, const struct device_need *need)
{
	VN_NODESET_EACH(node_ix, &need->any_of)
		if (p->nodes[node_ix].cells)
			return true;
	return !need->must;
}

/* Needs that no cell meets yet, no two of which one cell can meet, are at most so many as cells are
 * to come. */
bool search_may_satisfy(const struct problem *p, uint32_t cells_left)
{
	vn_nodeset met = { 0 };
	uint32_t apart = 0;

	for (uint32_t i = 0; i < p->n_devices + p->n_needs; i++) {
		const struct device_need *need =
			i < p->n_devices ? &p->devices[i] : &p->needs[i - p->n_devices];

		if (satisfied(p, need) || vn_nodeset_overlaps(&met, &need->any_of))
			continue;
		vn_nodeset_or(&met, &need->any_of);
		if (++apart > cells_left || vn_nodeset_is_empty(&need->any_of))
			return false;
	}
	return true;
}

/* ---- results ---- */

const vn_cost *search_worst(const struct problem *p)
{
	return p->n_found == p->n_best ? &p->found_cost[p->n_found - 1] : NULL;
}

/* Of equal costs the lower nodes, cell by cell. */
static int compare_nodes(const struct problem *p, const struct choice *a, const struct choice *b)
{
	for (uint32_t c = 0; c < p->n_cells; c++)
		if (a[c].node_ix != b[c].node_ix)
			return a[c].node_ix < b[c].node_ix ? -1 : 1;
	return 0;
}

static bool better(const struct problem *p, const vn_cost *cost, const struct choice *choices,
		   uint32_t than)
{
	int order = search_compare(cost, &p->found_cost[than]);

	return order < 0 || (!order && compare_nodes(p, choices, p->found_choices[than]) < 0);
}

/* All cells have their place: p->nodes say where by their number of cells. */
void search_record(struct problem *p, const struct choice *choices, const vn_cost *so_far)
{
	vn_cost cost = *so_far;
	const vn_cost *worst = search_worst(p);
	uint32_t at, pci_remote = 0;

	cost.devices_remote = search_remote(p, 0);
	if (!search_may_satisfy(p, 0) || !pci_fits(p, &pci_remote, NULL))
		return;
	cost.devices_remote += pci_remote;
	if (worst && !better(p, &cost, choices, p->n_found - 1))
		return;
	at = p->n_found < p->n_best ? p->n_found++ : p->n_found - 1;
	for (; at && better(p, &cost, choices, at - 1); at--) {
		p->found_cost[at] = p->found_cost[at - 1];
		memcpy(p->found_choices[at], p->found_choices[at - 1],
		       p->n_cells * sizeof(*choices));
	}
	p->found_cost[at] = cost;
	memcpy(p->found_choices[at], choices, p->n_cells * sizeof(*choices));
}

/* ---- the two ways ---- */

/* Does what a cell takes on a node leave the other nodes alone? */
static bool nodes_are_apart(const struct problem *p)
{
	if (p->cells_max > 1)
		return false;
	for (uint32_t c = 0; c < p->n_cells; c++)
		if (p->cells[c].memnodes_fixed)
			return false;
	for (uint32_t i = 0; i < p->host->n_nodes; i++)
		if (p->nodes[i].for_cpus && !p->host->nodes[i].mem_kib)
			return false; /* its cells borrow memory */
	return true;
}

void search(struct problem *p)
{
	uint64_t budget = p->steps + (p->options->budget ? p->options->budget : DEFAULT_BUDGET);

	p->n_found = 0;
	p->proven = true;
	if (nodes_are_apart(p))
		place_apart(p, budget);
	else
		share_nodes(p, budget);
	p->found = p->n_found > 0;
}
