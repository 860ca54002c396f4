/* SPDX-License-Identifier: LGPL-2.1-or-later
 * What one cell lacks on one node, as an amount to be freed, and the cheapest assignment of all
 * cells to nodes of their own. */
#include "place/advice/short.h"

enum { EACH_TRY = 8 }; /* so many cells are tried one by one; beyond, only doublings and the most */

struct more {
	uint32_t cpus, vcpus;
	uint32_t mem_ix, page_ix; /* of the memory; page_ix NO_PAGE: ordinary */
	uint64_t kib;
};
enum { NO_PAGE = VN_PAGE_SIZES_MAX };

/* ---- one cell on one node ---- */

static void free_first(struct shortage *s, uint32_t node_ix, uint32_t cpus, uint32_t vcpus)
{
	vn_node *node = &s->scratch->nodes[node_ix];

	*node = s->advise.host->nodes[node_ix];
	for (uint32_t i = 0; i < cpus; i++)
		vn_cpuset_del(&node->pinned, s->order[s->first[node_ix] + i]);
	node->cpu_usage -= vcpus < node->cpu_usage ? vcpus : node->cpu_usage;
	lack_look_again(s->view, node_ix);
}

static bool cpus_do(struct shortage *s, uint32_t cell, uint32_t node_ix, uint32_t n)
{
	enum vn_requirement need;

	free_first(s, node_ix, n, 0);
	need = lack_cpus(s->view, cell, node_ix).need;
	return need == VN_NEED_NOTHING || need == VN_NEED_CPU_RATIO;
}

static uint64_t round_up(uint64_t value, uint64_t unit)
{
	return (value / unit + (value % unit != 0)) * unit;
}

/* With the CPUs there: the memory that is missing. */
static bool more_memory(struct shortage *s, uint32_t cell, uint32_t node_ix, struct more *ret)
{
	struct lack lack = lack_of(s->view, cell, node_ix);
	const vn_node *node = &s->advise.host->nodes[lack.mem_ix];

	ret->mem_ix = lack.mem_ix;
	ret->page_ix = NO_PAGE;
	if (lack.need == VN_NEED_NOTHING)
		return true;
	if (lack.need != VN_NEED_MEMORY && lack.need != VN_NEED_RESERVE &&
	    lack.need != VN_NEED_PAGES)
		return false;
	for (uint32_t i = 0; i < node->n_pages && lack.page_kib; i++)
		if (node->pages[i].size_kib == lack.page_kib)
			ret->page_ix = i;
	ret->kib =
		round_up(lack.asked - lack.there, lack.page_kib ? lack.page_kib : SHORT_STEP_KIB);
	return true;
}

/* False: the cell cannot be there, whatever is freed. */
static bool find_more(struct shortage *s, uint32_t cell, uint32_t node_ix, struct more *ret)
{
	uint32_t low = 0, high = s->first[node_ix + 1] - s->first[node_ix];
	struct lack lack;
	bool found;

	*ret = (struct more){ 0 };
	if (lack_of(s->empty, cell, node_ix).need != VN_NEED_NOTHING)
		return false;
	if (cpus_do(s, cell, node_ix, 0))
		high = 0;
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (cpus_do(s, cell, node_ix, middle))
			high = middle;
		else
			low = middle + 1;
	}
	found = cpus_do(s, cell, node_ix, low);
	lack = lack_cpus(s->view, cell, node_ix);
	ret->cpus = low;
	ret->vcpus = lack.need == VN_NEED_CPU_RATIO ? (uint32_t)(lack.asked - lack.there) : 0;
	free_first(s, node_ix, ret->cpus, ret->vcpus);
	found = found && more_memory(s, cell, node_ix, ret);
	free_first(s, node_ix, 0, 0);
	return found;
}

/* ---- all cells ---- */

static struct assign_cost cost_of(struct shortage *s, uint32_t cell, uint32_t node_ix)
{
	struct more more;

	if (!find_more(s, cell, node_ix, &more))
		return (struct assign_cost){ ASSIGN_NEVER, 0, 0 };
	return (struct assign_cost){ more.cpus || more.vcpus || more.kib, more.cpus + more.vcpus,
				     (int64_t)more.kib };
}

/* What pulls the guest keeps `cell` on these nodes. */
static void restrict_row(const struct shortage *s, uint32_t cell, const vn_nodeset *any_of,
			 struct assign_cost *costs)
{
	uint32_t n = s->advise.host->n_nodes;

	for (uint32_t i = 0; i < n; i++)
		if (!vn_nodeset_has(any_of, i))
			costs[(size_t)cell * n + i] = (struct assign_cost){ ASSIGN_NEVER, 0, 0 };
}

struct best {
	struct assign_cost cost;
	uint32_t n_cells;
	uint32_t node_of[VN_CELL_MAX];
};

static void try_costs(struct shortage *s, const struct assign_cost *costs, struct best *best)
{
	struct best now = { .n_cells = s->view->n_cells };

	if (!assign(costs, now.n_cells, s->advise.host->n_nodes, s->advise.arena, now.node_of,
		    &now.cost))
		s->out_of_memory = true;
	else if (now.cost.nodes < ASSIGN_NEVER &&
		 (!best->n_cells || assign_less(now.cost, best->cost)))
		*best = now;
}

/* One number of cells. Of several things that pull, all are heeded by a guest of one cell, and the
 * first one by others: the answer is tried in any case. */
static void try_cells(struct shortage *s, struct assign_cost *costs, struct assign_cost *spare,
		      struct best *best)
{
	const struct lack_view *view = s->view;
	uint32_t n = s->advise.host->n_nodes;

	for (uint32_t c = 0; c < view->n_cells; c++)
		for (uint32_t i = 0; i < n; i++)
			costs[(size_t)c * n + i] = c && view->cells[c].twin
							   ? costs[(size_t)(c - 1) * n + i]
							   : cost_of(s, c, i);
	for (uint32_t i = 0; i < view->n_pulls && view->n_cells == 1; i++)
		restrict_row(s, 0, &view->pulls[i].any_of, costs);
	if (view->n_cells == 1 || !view->n_pulls) {
		try_costs(s, costs, best);
		return;
	}
	for (uint32_t c = 0; c < view->n_cells; c++) {
		if (view->cells[c].twin)
			continue;
		for (size_t i = 0; i < (size_t)view->n_cells * n; i++)
			spare[i] = costs[i];
		restrict_row(s, c, &view->pulls[0].any_of, spare);
		try_costs(s, spare, best);
	}
}

static void add_more(struct shortage *s, uint32_t node_ix, const struct more *more,
		     vn_short_node *change)
{
	vn_short_node *memory = &change[more->mem_ix];

	short_set_cpus(s, node_ix, more->cpus, &change[node_ix]);
	change[node_ix].vcpus = more->vcpus;
	if (more->page_ix == NO_PAGE)
		memory->mem_kib += more->kib;
	else
		memory->pages_kib[more->page_ix] += more->kib;
}

bool short_assign(struct shortage *s, vn_short_node *ret)
{
	uint32_t from, to, nodes = s->advise.host->n_nodes;
	struct assign_cost *costs, *spare;
	struct best best = { 0 };

	lack_tries(s->view, &from, &to);
	if (from > nodes)
		return false;
	costs = vn_arena_alloc(s->advise.arena, (size_t)to * nodes, sizeof(*costs));
	spare = vn_arena_alloc(s->advise.arena, (size_t)to * nodes, sizeof(*spare));
	if (!costs || !spare) {
		s->out_of_memory = true;
		return false;
	}
	for (uint32_t n = from; n <= to && n <= nodes;
	     n = n < EACH_TRY || n == to ? n + 1 : (2 * n < to ? 2 * n : to)) {
		lack_cut(s->view, n);
		lack_cut(s->empty, n);
		if (lack_topology_agrees(s->view))
			try_cells(s, costs, spare, &best);
	}
	if (!best.n_cells)
		return false;
	lack_cut(s->view, best.n_cells);
	lack_cut(s->empty, best.n_cells);
	for (uint32_t c = 0; c < best.n_cells; c++) {
		struct more more;

		find_more(s, c, best.node_of[c], &more);
		add_more(s, best.node_of[c], &more, ret);
	}
	return true;
}
