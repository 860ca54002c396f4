/* SPDX-License-Identifier: LGPL-2.1-or-later
 * The judge: rule after rule. This file has those about cells, memory and what the guest sees. */
#include "judge_rules.h"

#include <string.h>

/* ---- cells
 * --------------------------------------------------------------------------------------- */

static bool same_cut(const vn_placement *placement, const struct cut *cut)
{
	for (uint32_t c = 0; c < cut->n; c++)
		if (!vn_cpuset_equal(&placement->cells[c].vcpus, &cut->cells[c].vcpus) ||
		    placement->cells[c].mem_kib != cut->cells[c].mem_kib ||
		    placement->cells[c].memdev_kib != cut->cells[c].memdev_kib)
			return false;
	for (uint32_t i = 0; i < placement->n_memdevs; i++)
		if (placement->memdev_cell[i] != cut->memdev_cell[i])
			return false;
	return true;
}

/* 1, 3, 14: the cells are the owner's, or an even cut in whole pages of some size. */
static const char *rule_cut(const struct question *q, const vn_placement *placement)
{
	uint64_t units[VN_PAGE_SIZES_MAX];
	uint32_t n = units_of(q, units);
	struct cut cut;

	if (placement->n_vcpus != q->request->vcpus ||
	    placement->n_memdevs != q->request->n_memdevs ||
	    placement->n_devices != q->request->n_devices)
		return "the counts are those of the request";
	for (uint32_t i = 0; i < n; i++)
		if (cut_make(q, placement->n_cells, units[i], &cut) && same_cut(placement, &cut))
			return NULL;
	return "vCPUs, memory and memory devices are split as 3 and 14 say";
}

static const char *rule_number_of_cells(const struct question *q, const vn_placement *placement)
{
	const vn_request *request = q->request;
	uint32_t fixed = request->n_cells ? request->n_cells : request->n_cells_want;

	if (fixed && placement->n_cells != fixed)
		return "there are as many cells as the owner wants";
	if (!fixed && request->mode == VN_MODE_NODE && placement->n_cells != 1)
		return "mode node gives one cell";
	return NULL;
}

/* 4: different nodes, or as even as can be. */
static const char *rule_nodes(const struct question *q, const vn_placement *placement)
{
	struct spread spread = spread_of(q, placement->n_cells);
	bool is_auto = q->request->mode == VN_MODE_AUTO && !q->request->n_cells &&
		       !q->request->n_cells_want;
	uint32_t count[VN_NODE_MAX] = { 0 };

	for (uint32_t c = 0; c < placement->n_cells; c++) {
		if (placement->cells[c].node_ix >= q->host->n_nodes)
			return "the node of a cell exists";
		count[placement->cells[c].node_ix]++;
	}
	for (uint32_t i = 0; i < q->host->n_nodes; i++) {
		if (count[i] && !node_may_have_cells(q, i))
			return "cells are on nodes of the nodeset that have CPUs";
		if (node_may_have_cells(q, i) && count[i] < spread.min)
			return "each node has floor(n/m) cells at least";
		if (!is_auto && count[i] > spread.max)
			return "no node has more than ceil(n/m) cells";
	}
	return NULL;
}

/* ---- memory
 * -------------------------------------------------------------------------------------- */

/* Index of a cell's pages; -1: ordinary memory without a wish. -2: there are no such pages. */
static int page_of_cell(const struct question *q, const vn_placement *placement, uint32_t c)
{
	const vn_node *node = &q->host->nodes[placement->cells[c].mem_node_ix];
	uint64_t page_kib = placement->cells[c].page_kib;

	if (!page_kib && (page_is_wanted(q, c, node, -1) || !node->n_pages ||
			  node->pages[0].size_kib > BASE_KIB_MAX))
		return -1;
	for (uint32_t i = 0; i < node->n_pages; i++)
		if (page_kib ? node->pages[i].size_kib == page_kib && page_kib > BASE_KIB_MAX
			     : i == 0)
			return (int)i;
	return -2;
}

/* Memory nodes and pages of all cells; NULL, or what is wrong with them. */
static const char *list_memory(const struct question *q, const vn_placement *placement,
			       uint32_t *mem_of, int *page_of)
{
	for (uint32_t c = 0; c < placement->n_cells; c++) {
		const vn_place_cell *cell = &placement->cells[c];

		if (!memory_may_come_from(q, c, cell->node_ix, cell->mem_node_ix))
			return "memory comes from the cell's node, or where the rules let it";
		mem_of[c] = cell->mem_node_ix;
		page_of[c] = page_of_cell(q, placement, c);
		if (page_of[c] == -2)
			return "the node has pages of that size";
		if (!page_is_wanted(q, c, &q->host->nodes[mem_of[c]], page_of[c]))
			return "the page size is one that was asked for";
	}
	return NULL;
}

/* 5, 13; 0002, 9 to 11: where memory comes from and in which pages; no node gives more than it
 * has. */
static const char *rule_memory(const struct question *q, const vn_placement *placement)
{
	static struct cut cut;
	uint32_t mem_of[VN_CELL_MAX];
	int page_of[VN_CELL_MAX];
	const char *broken = list_memory(q, placement, mem_of, page_of);

	if (broken)
		return broken;
	cut_of_placement(q, placement, &cut);
	return memory_fits(q, &cut, mem_of, page_of, placement->n_cells)
		       ? NULL
		       : "no node gives more memory or pages than it may";
}

/* 0002, 10: no cell has smaller pages than it could. */
static const char *rule_largest_pages(const struct question *q, const vn_placement *placement)
{
	static struct cut cut;
	uint32_t mem_of[VN_CELL_MAX];
	int page_of[VN_CELL_MAX];

	list_memory(q, placement, mem_of, page_of);
	cut_of_placement(q, placement, &cut);
	for (uint32_t c = 0; c < placement->n_cells; c++) {
		const vn_node *node = &q->host->nodes[mem_of[c]];
		int page = page_of[c]++;

		for (; page_of[c] < (int)node->n_pages; page_of[c]++)
			if (page_is_wanted(q, c, node, page_of[c]) &&
			    memory_fits(q, &cut, mem_of, page_of, placement->n_cells))
				return "the largest pages that fit are taken";
		page_of[c] = page;
	}
	return NULL;
}

/* ---- what the guest sees
 * ------------------------------------------------------------------------- */

/* 10: the product is the vCPUs, a socket lies in one cell, threads are true in auto. */
static const char *rule_topology(const struct question *q, const vn_placement *placement)
{
	const vn_topology *t = &placement->topology, *own = &q->request->topology;
	uint64_t socket = (uint64_t)t->dies * t->cores * t->threads;

	if (q->request->topology_given)
		return memcmp(t, own, sizeof(*t)) ? "the owner's topology is kept" : NULL;
	if (socket == 0 || t->sockets * socket != placement->n_vcpus)
		return "the product of the topology is the number of vCPUs";
	if (q->request->distribution == VN_DISTRIBUTION_INTERLEAVE &&
	    t->sockets != placement->n_vcpus)
		return "interleave: every vCPU its own socket";
	for (uint32_t vcpu = 0; vcpu < placement->n_vcpus; vcpu++) {
		uint32_t first = (uint32_t)(vcpu / socket * socket),
			 lead = vcpu / t->threads * t->threads;

		if (placement->vcpu_cell[vcpu] != placement->vcpu_cell[first])
			return "no socket spans two cells";
		if (q->request->mode != VN_MODE_AUTO || t->threads == 1)
			continue;
		if (placement->pin[vcpu] < 0 || placement->pin[lead] < 0 ||
		    q->host->cpus[placement->pin[vcpu]].core !=
			    q->host->cpus[placement->pin[lead]].core)
			return "auto: guest threads are threads of one core";
	}
	return NULL;
}

/* 11 */
static const char *rule_distances(const struct question *q, const vn_placement *placement)
{
	uint32_t n = placement->n_cells;

	for (uint32_t a = 0; a < n; a++)
		for (uint32_t b = 0; b < n; b++) {
			uint32_t from = placement->cells[a].node_ix,
				 to = placement->cells[b].node_ix;
			uint32_t want = vn_host_distance(q->host, from, to);

			if (a == b)
				want = 10;
			else if (from == to)
				want = 11;
			if (placement->distance[a * n + b] != want)
				return "cell distances are those of the host";
		}
	return NULL;
}

/* `wish`: what vn_placement_check does not verify, since it harms nobody. */
static const struct {
	judge_rule *rule;
	bool wish;
} rules[] = {
	{ rule_number_of_cells, false },
	{ rule_nodes, false },
	{ rule_cut, false },
	{ rule_pins, false },
	{ rule_floating, false },
	{ rule_float_everywhere, true },
	{ rule_isolate, false },
	{ rule_require, false },
	{ rule_emulator, false },
	{ rule_emulator_union, true },
	{ rule_reserved, false },
	{ rule_cpu_ratio, false },
	{ rule_memory, false },
	{ rule_largest_pages, true },
	{ rule_topology, true },
	{ rule_distances, true },
	{ rule_devices, false },
	{ rule_local_devices, false },
	{ rule_picks, false },
	{ rule_cost, true },
};

static const char *judge(const struct question *q, const vn_placement *placement, bool wishes)
{
	const char *broken = NULL;

	for (size_t i = 0; i < VN_LEN(rules) && !broken; i++)
		if (wishes || !rules[i].wish)
			broken = rules[i].rule(q, placement);
	return broken;
}

const char *judge_placement(const struct question *q, const vn_placement *placement)
{
	return judge(q, placement, true);
}

const char *judge_hard(const struct question *q, const vn_placement *placement)
{
	return judge(q, placement, false);
}

void cut_of_placement(const struct question *q, const vn_placement *placement, struct cut *ret)
{
	cut_make(q, placement->n_cells, 4, ret);
	for (uint32_t c = 0; c < placement->n_cells; c++) {
		ret->cells[c].mem_kib = placement->cells[c].mem_kib;
		ret->cells[c].memdev_kib = placement->cells[c].memdev_kib;
	}
}
