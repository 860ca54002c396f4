/* SPDX-License-Identifier: LGPL-2.1-or-later
 * The search where what one cell takes changes what others find: several cells on a node, or cells
 * that borrow memory of another node. Branch and bound over cell -> node, memory node and page
 * size, cells in order, nodes by ascending index; what is taken going down is given back going up.
 *
 * A branch is cut when a lower bound of its cost is not below the best so far, when what is left on
 * all nodes cannot hold the cells to come, and by symmetry: cells that are just alike ("twins")
 * ascend, and of empty nodes that are just alike the first is opened first. */
#include "place/match.h"

#include <string.h>

struct search {
	struct problem *p;
	uint32_t n_nodes, n_cells;
	uint64_t budget;
	struct choice now[VN_CELL_MAX];
	uint64_t pull[VN_NODE_MAX];	      /* [node]: distance cost of one more vCPU there */
	uint64_t vcpus_from[VN_CELL_MAX + 1]; /* sum of vcpus of cells c.. */
	uint64_t pairs_from[VN_CELL_MAX + 1]; /* sum over pairs in c.. of the product of vcpus */
	bool twins_from[VN_CELL_MAX + 1];     /* cells c.. are all like cell c-1 */
	uint32_t near;			      /* the least distance both ways of two cells */
	uint32_t at_max;		      /* nodes that hold cells_max cells now */
	uint16_t by_load[VN_NODE_MAX];	      /* nodes, cheapest for the strategy first */
	int16_t alike_before[VN_NODE_MAX];    /* the node before that is just like it, or -1 */
	vn_cost cost;			      /* of the cells placed so far */
};

static uint32_t both_ways(const vn_host *host, uint32_t a, uint32_t b)
{
	return vn_host_distance(host, a, b) + vn_host_distance(host, b, a);
}

/* ---- bounds ---- */

static bool may_hold_more(const struct search *s, uint32_t node_ix)
{
	const struct problem *p = s->p;
	const struct place_node *node = &p->nodes[node_ix];

	if (!node->for_cpus || node->cells >= p->cells_max)
		return false;
	return p->cells_min == p->cells_max || node->cells + 1 < p->cells_max ||
	       s->at_max < p->nodes_at_max;
}

/* The first node that the next cell may go to: twins ascend. */
static uint32_t first_node(const struct search *s, uint32_t cell)
{
	if (!s->p->cells[cell].twin)
		return 0;
	return s->now[cell - 1].node_ix + (s->p->cells_max == 1);
}

/* The least that any completion costs. False when there are not enough nodes for the rest. */
static bool lower_bound(const struct search *s, uint32_t cell, vn_cost *bound)
{
	const struct problem *p = s->p;
	uint32_t left = s->n_cells - cell, loads = 0;
	uint64_t least_pull = UINT64_MAX;
	uint32_t from = s->twins_from[cell] ? first_node(s, cell) : 0;
	bool distinct = p->cells_max == 1;

	*bound = s->cost;
	bound->devices_remote = search_remote(p, left);
	for (uint32_t i = 0; i < s->n_nodes; i++) {
		uint32_t node_ix = s->by_load[i];

		if (node_ix < from || !may_hold_more(s, node_ix))
			continue;
		if (s->pull[node_ix] < least_pull)
			least_pull = s->pull[node_ix];
		if (loads < left) {
			uint32_t times = distinct ? 1 : left - loads;

			bound->strategy += times * strategy_cost(p, node_ix);
			loads += times;
		}
	}
	if (least_pull == UINT64_MAX || loads < left)
		return false;
	bound->distance += s->vcpus_from[cell] * (least_pull + 10) + s->pairs_from[cell] * s->near;
	return true;
}

/* How many cells of at least this size a node still holds. */
static uint64_t holds(const struct search *s, uint32_t node_ix, const struct place_cell *size)
{
	const struct place_node *node = &s->p->nodes[node_ix];
	uint64_t n = s->p->cells_max - node->cells, more;

	if (!node->for_cpus)
		return 0;
	if (size->floating && (more = node->float_room / size->floating) < n)
		n = more;
	if (size->pins && (more = node->threads / size->pins) < n)
		n = more;
	if (size->mem_kib && s->p->host->nodes[node_ix].mem_kib &&
	    (more = node->room_kib / size->mem_kib) < n)
		n = more;
	return n;
}

/* The smallest of some cells in every respect; memory 0 where it does not count node by node. */
static struct place_cell smallest(const struct search *s, uint32_t from, uint32_t to)
{
	const struct problem *p = s->p;
	struct place_cell size = p->cells[from];

	for (uint32_t c = from; c < to; c++) {
		const struct place_cell *cell = &p->cells[c];

		size.floating = cell->floating < size.floating ? cell->floating : size.floating;
		size.pins = cell->pins < size.pins ? cell->pins : size.pins;
		size.mem_kib = cell->mem_kib < size.mem_kib ? cell->mem_kib : size.mem_kib;
		if (cell->want != VN_PAGES_NONE || cell->memnodes_fixed)
			size.mem_kib = 0;
	}
	return size;
}

/* Nodes count by their CPUs and, where they have some, memory; memory counts wherever it is. */
static bool room_for(const struct search *s, uint32_t from, uint32_t to)
{
	const struct problem *p = s->p;
	struct place_cell size = smallest(s, from, to);
	uint64_t room = 0, memories = 0;

	for (uint32_t i = 0; i < s->n_nodes; i++) {
		room += holds(s, i, &size);
		if (size.mem_kib && p->nodes[i].for_memory)
			memories += p->nodes[i].room_kib / size.mem_kib;
	}
	return room >= to - from && (!size.mem_kib || memories >= to - from);
}

/* Where nodes are shared: is there room for the cells to come, for the next ones of one size, for
 * all of them in the smallest size, and for their CPUs in all? */
static bool room_for_rest(const struct search *s, uint32_t cell)
{
	const struct problem *p = s->p;
	uint64_t floating = 0, pins = 0, float_room = 0, threads = 0;
	uint32_t run = cell + 1;

	while (run < s->n_cells && p->cells[run].twin)
		run++;
	for (uint32_t c = cell; c < s->n_cells; c++) {
		floating += p->cells[c].floating;
		pins += p->cells[c].pins + p->cells[c].extra;
	}
	for (uint32_t i = 0; i < s->n_nodes; i++) {
		float_room += p->nodes[i].for_cpus ? p->nodes[i].float_room : 0;
		threads += p->nodes[i].for_cpus ? p->nodes[i].threads : 0;
	}
	return float_room >= floating && threads >= pins && room_for(s, cell, run) &&
	       room_for(s, cell, s->n_cells);
}

/* ---- symmetry ---- */

/* Nothing of this guest tells two nodes apart, nor do their distances to the others. */
static bool just_alike(const struct search *s, uint32_t a, uint32_t b)
{
	const struct problem *p = s->p;
	const vn_host *host = p->host;
	const vn_node *na = &host->nodes[a], *nb = &host->nodes[b];

	if (na->n_pages != nb->n_pages || !na->mem_kib || !nb->mem_kib ||
	    memcmp(&p->nodes[a].free, &p->nodes[b].free, sizeof(p->nodes[a].free)) != 0 ||
	    p->nodes[a].for_cpus != p->nodes[b].for_cpus ||
	    p->nodes[a].for_memory != p->nodes[b].for_memory ||
	    p->nodes[a].cpus != p->nodes[b].cpus ||
	    p->nodes[a].ratio_room != p->nodes[b].ratio_room ||
	    p->nodes[a].float_room != p->nodes[b].float_room ||
	    p->nodes[a].present != p->nodes[b].present ||
	    p->nodes[a].sets_overlap != p->nodes[b].sets_overlap ||
	    p->nodes[a].most_kib != p->nodes[b].most_kib ||
	    p->nodes[a].room_kib != p->nodes[b].room_kib || p->nodes[a].load != p->nodes[b].load)
		return false;
	for (uint32_t i = 0; i < na->n_pages; i++)
		if (na->pages[i].size_kib != nb->pages[i].size_kib ||
		    p->nodes[a].pages[i] != p->nodes[b].pages[i])
			return false;
	return p->alike[a] == p->alike[b];
}

/* Only where no cell, device or memory knows a node by name. */
static void find_alike(struct search *s)
{
	const struct problem *p = s->p;
	bool named = p->n_devices || p->n_needs || p->request->n_pci_requests ||
		     p->request->vcpupin || p->request->memnode;

	for (uint32_t i = 0; i < s->n_nodes && !named; i++)
		named = p->nodes[i].for_cpus && !p->host->nodes[i].mem_kib;
	for (uint32_t i = 0; i < s->n_nodes; i++) {
		s->alike_before[i] = -1;
		for (uint32_t before = i; before-- > 0 && !named && s->alike_before[i] < 0;)
			if (just_alike(s, before, i))
				s->alike_before[i] = (int16_t)before;
	}
}

static bool like_an_empty_one(const struct search *s, uint32_t node_ix)
{
	int16_t before = s->alike_before[node_ix];

	return s->p->n_best == 1 && before >= 0 && !s->p->nodes[node_ix].cells &&
	       !s->p->nodes[before].cells;
}

/* Does a matching of cells to nodes exist, when each has the host to itself? */
static bool each_has_a_node(const struct problem *p)
{
	struct match_table table;

	table.n = p->n_cells;
	table.words = (p->host->n_nodes + 63) / 64;
	memset(table.used, 0, table.words * sizeof(table.used[0]));
	for (uint32_t c = 0; c < p->n_cells; c++)
		table.kind_at[c] = p->cells[c].kind;
	for (uint32_t k = 0; k < p->n_kinds; k++) {
		memset(table.can[k], 0, table.words * sizeof(table.can[k][0]));
		for (uint32_t i = 0; i < p->host->n_nodes; i++)
			if (fit_cell(p, p->kind_cell[k], i).need == VN_NEED_NOTHING)
				table.can[k][i / 64] |= UINT64_C(1) << i % 64;
	}
	return match_cells(&table, 0);
}

/* ---- depth first ---- */

static void descend(struct search *s, uint32_t cell);

static void add_pull(struct search *s, uint32_t node_ix, uint64_t vcpus, int sign)
{
	for (uint32_t i = 0; i < s->n_nodes; i++) {
		uint64_t more = vcpus * both_ways(s->p->host, i, node_ix);

		s->pull[i] += sign > 0 ? more : -more;
	}
}

static void try_choice(struct search *s, uint32_t cell, const struct choice *choice)
{
	struct problem *p = s->p;
	struct place_node node_before = p->nodes[choice->node_ix];
	struct place_node mem_before = p->nodes[choice->mem_ix];
	uint64_t vcpus = p->cells[cell].vcpus;
	vn_cost cost_before = s->cost;
	uint32_t alone, shared;

	p->steps++;
	s->cost.distance += vcpus * (s->pull[choice->node_ix] +
				     vn_host_distance(p->host, choice->node_ix, choice->mem_ix));
	s->cost.strategy += strategy_cost(p, choice->node_ix);
	alone = p->cells_max == 1 ? fit_broken(p, cell, choice->node_ix) : 0;
	shared = fit_take(p, cell, choice);
	s->cost.broken += p->cells_max == 1 ? alone : shared;
	bool full = p->nodes[choice->node_ix].cells == p->cells_max;

	s->at_max += full;
	s->now[cell] = *choice;
	add_pull(s, choice->node_ix, vcpus, 1);
	descend(s, cell + 1);
	add_pull(s, choice->node_ix, vcpus, -1);
	s->at_max -= full;
	p->nodes[choice->mem_ix] = mem_before;
	p->nodes[choice->node_ix] = node_before;
	s->cost = cost_before;
}

/* Every memory node and page size for a cell whose CPUs fit on node_ix. */
static void try_node(struct search *s, uint32_t cell, uint32_t node_ix)
{
	const struct problem *p = s->p;
	uint16_t mem_ix[VN_NODE_MAX];
	uint32_t n = fit_memory_nodes(p, cell, node_ix, mem_ix);

	for (uint32_t i = 0; i < n && p->steps <= s->budget; i++) {
		struct choice choice = { .node_ix = (uint16_t)node_ix, .mem_ix = mem_ix[i] };
		uint32_t n_pages = p->host->nodes[mem_ix[i]].n_pages;

		for (uint32_t from = 0; from <= n_pages; from++) {
			if (fit_memory(p, cell, mem_ix[i], from, &choice.page_ix).need !=
			    VN_NEED_NOTHING)
				break;
			try_choice(s, cell, &choice);
			if (choice.page_ix == NO_PAGES || p->steps > s->budget)
				break;
			from = n_pages - 1 - choice.page_ix;
		}
	}
}

/* A lower cost; or the same, and the cells so far are where they are in the worst that we keep,
 * with memory of other nodes or pages, so that those to come may get lower nodes. */
static bool may_beat(const struct search *s, uint32_t cell, const vn_cost *bound,
		     const vn_cost *worst)
{
	const struct choice *kept = s->p->found_choices[s->p->n_found - 1];
	int order = search_compare(bound, worst);

	if (order || s->p->cells_max > 1)
		return order < 0;
	for (uint32_t c = 0; c < cell; c++)
		if (s->now[c].node_ix != kept[c].node_ix)
			return s->now[c].node_ix < kept[c].node_ix;
	return true;
}

static void descend(struct search *s, uint32_t cell)
{
	struct problem *p = s->p;
	const vn_cost *worst = search_worst(p);
	vn_cost bound;

	if (cell == s->n_cells) {
		search_record(p, s->now, &s->cost);
		return;
	}
	if (!lower_bound(s, cell, &bound) || (worst && !may_beat(s, cell, &bound, worst)) ||
	    (p->cells_max > 1 && !room_for_rest(s, cell)))
		return;
	for (uint32_t node_ix = first_node(s, cell); node_ix < s->n_nodes; node_ix++) {
		if (!may_hold_more(s, node_ix) || like_an_empty_one(s, node_ix) ||
		    fit_cpus(p, cell, node_ix).need != VN_NEED_NOTHING)
			continue;
		try_node(s, cell, node_ix);
		if (p->steps > s->budget) {
			p->proven = false;
			return;
		}
	}
}

/* ---- set up ---- */

static void sort_by_load(struct search *s)
{
	for (uint32_t i = 0; i < s->n_nodes; i++) {
		uint64_t cost = strategy_cost(s->p, i);
		uint32_t at = i;

		for (; at && strategy_cost(s->p, s->by_load[at - 1]) > cost; at--)
			s->by_load[at] = s->by_load[at - 1];
		s->by_load[at] = (uint16_t)i;
	}
}

static uint32_t nearest_pair(const struct problem *p)
{
	uint32_t near = UINT32_MAX;

	for (uint32_t a = 0; a < p->host->n_nodes; a++)
		for (uint32_t b = p->cells_max > 1 ? a : a + 1; b < p->host->n_nodes; b++)
			if (p->nodes[a].for_cpus && p->nodes[b].for_cpus &&
			    both_ways(p->host, a, b) < near)
				near = both_ways(p->host, a, b);
	return near == UINT32_MAX ? 20 : near;
}

void share_nodes(struct problem *p, uint64_t budget)
{
	struct search s;

	s.p = p;
	s.n_nodes = p->host->n_nodes;
	s.n_cells = p->n_cells;
	s.at_max = 0;
	s.cost = (vn_cost){ 0 };
	memset(s.pull, 0, s.n_nodes * sizeof(*s.pull));
	s.vcpus_from[s.n_cells] = s.pairs_from[s.n_cells] = 0;
	s.twins_from[s.n_cells] = true;
	s.budget = budget;
	for (uint32_t c = s.n_cells; c-- > 0;) {
		s.vcpus_from[c] = s.vcpus_from[c + 1] + p->cells[c].vcpus;
		s.twins_from[c] = p->cells[c].twin && s.twins_from[c + 1];
		s.pairs_from[c] = s.pairs_from[c + 1] + p->cells[c].vcpus * s.vcpus_from[c + 1];
	}
	s.near = nearest_pair(p);
	find_alike(&s);
	if (p->cells_max == 1 && !each_has_a_node(p))
		return;
	sort_by_load(&s);
	descend(&s, 0);
}
