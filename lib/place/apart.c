/* SPDX-License-Identifier: LGPL-2.1-or-later
 * The best assignment of cells to nodes of their own, where what one cell takes leaves the others'
 * nodes alone: then a table of cell kind x node says all, and nothing has to be undone.
 *
 * Depth first over the cells, kind by kind; the cells of the last kind are dealt to classes of
 * nodes that are alike to all others. Cuts (README.md has the reasons):
 * - cells of one kind take candidates in ascending order;
 * - within a class the cells of the last kind take the cheapest free candidates;
 * - a lower bound of what any completion costs is not below the best so far;
 * - the cells to come have no matching into the nodes that are left. */
#include "place/apart.h"

#include <string.h>

/* ---- depth first ---- */

/* Cells that change places: the cell of from[i] goes where that of from[i + 1] is, the last one
 * where the first is. Does nobody mind? */
static bool may_turn(const struct apart *a, const uint16_t *now, const uint32_t *from, uint32_t n)
{
	const struct place_cell *first = &a->p->cells[a->cell_at[from[0]]];
	uint32_t before = 0, after = 0;

	for (uint32_t i = 0; i < n; i++) {
		const struct place_cell *cell = &a->p->cells[a->cell_at[from[i]]];
		uint32_t x = now[from[i]], to = now[from[(i + 1) % n]];

		if (!has_bit(a->t.can[cell->kind], to) ||
		    (cell->vcpus != first->vcpus && a->class_of[to] != a->class_of[x]))
			return false;
		before += a->broken[cell->kind][x];
		after += a->broken[cell->kind][to];
	}
	return before == after;
}

static void turn(uint16_t *now, const uint32_t *from, uint32_t n)
{
	uint16_t first = now[from[0]];

	for (uint32_t i = 0; i + 1 < n; i++)
		now[from[i]] = now[from[i + 1]];
	now[from[n - 1]] = first;
}

/* The cell of from[0] to the node of from[1], whose cell goes to its node, or to that of a third
 * one: only later cells are moved. */
static bool try_turn(const struct apart *a, uint16_t *now, uint32_t *from)
{
	if (may_turn(a, now, from, 2)) {
		turn(now, from, 2);
		return true;
	}
	for (from[2] = 0; a->p->n_kinds > 1 && from[2] < a->n; from[2]++) {
		if (from[2] == from[1] || a->cell_at[from[2]] <= a->cell_at[from[0]] ||
		    !may_turn(a, now, from, 3))
			continue;
		turn(now, from, 3);
		return true;
	}
	return false;
}

/* The lowest node that the cell at `at` can have without moving earlier cells. */
static void lower_node(const struct apart *a, uint16_t *now, uint32_t at)
{
	uint32_t from[3] = { at };

	for (from[1] = 0; from[1] < a->n; from[1]++)
		if (a->cell_at[from[1]] > a->cell_at[at] &&
		    a->node_at[now[from[1]]] < a->node_at[now[at]] && try_turn(a, now, from))
			from[1] = UINT32_MAX; /* from the beginning: it may go lower still */
}

/* Of placements with one cost, that with the lowest nodes for the first cells; pages anew. */
static void record(struct apart *a)
{
	struct problem *p = a->p;
	struct choice choices[VN_CELL_MAX];
	uint16_t now[VN_CELL_MAX];

	memcpy(now, a->now, a->n * sizeof(*now));
	for (uint32_t cell = 0; cell < a->n; cell++)
		lower_node(a, now, a->at_of[cell]);
	for (uint32_t at = 0; at < a->n; at++) {
		uint32_t cell = a->cell_at[at];
		uint16_t node_ix = a->node_at[now[at]];

		choices[cell] = (struct choice){ .node_ix = node_ix, .mem_ix = node_ix };
		fit_memory(p, cell, node_ix, 0, &choices[cell].page_ix);
	}
	search_record(p, choices, &a->cost);
}

/* Is what all cells cost more than the last that we keep? Devices are counted by search_record. */
static bool costs_more(const struct apart *a)
{
	const vn_cost *worst = search_worst(a->p);

	return worst && !a->devices && search_compare(&a->cost, worst) > 0;
}

static void add_pull(struct apart *a, uint32_t node_ix, uint64_t vcpus, int sign)
{
	for (uint32_t q = 0; q < a->n_classes; q++) {
		uint32_t other = a->node_at[a->class_first[q]];
		uint64_t more;

		if (other == node_ix && a->class_first[q + 1] - a->class_first[q] > 1)
			other = a->node_at[a->class_first[q] + 1];
		more = vcpus * both_ways(a->p->host, other, node_ix);
		a->pull[q] += sign > 0 ? more : -more;
	}
}

/* Is there, for the cells at.., still a matching into the candidates that are left? */
static bool may_go_on(const struct apart *a, uint32_t at, uint32_t from)
{
	uint32_t kind = a->t.kind_at[at];

	if (a->alike_from[at])
		return apart_left_in(a, kind, from, a->m) >= a->n - at;
	return match_cells(&a->t, at);
}

static void deal(struct apart *a, uint32_t at, uint32_t q);

static bool out_of_steps(struct apart *a)
{
	struct problem *p = a->p;

	if (p->steps <= a->budget && (!p->n_found || p->steps <= a->budget_found))
		return false;
	p->proven = false;
	return true;
}

/* A candidate for the cell at `at`, and back again. Distances are the caller's. */
static void take(struct apart *a, uint32_t at, uint32_t x)
{
	a->now[at] = (uint16_t)x;
	a->t.used[x / 64] |= UINT64_C(1) << x % 64;
	a->p->nodes[a->node_at[x]].cells = 1;
	a->cost.broken += a->broken[a->t.kind_at[at]][x];
	a->cost.strategy += a->strategy[x];
}

static void give_back(struct apart *a, uint32_t at)
{
	uint32_t x = a->now[at];

	a->t.used[x / 64] &= ~(UINT64_C(1) << x % 64);
	a->p->nodes[a->node_at[x]].cells = 0;
	a->cost.broken -= a->broken[a->t.kind_at[at]][x];
	a->cost.strategy -= a->strategy[x];
}

/* All cells have their place. */
static void finish(struct apart *a)
{
	if (!costs_more(a))
		record(a);
}

/* The cheapest free candidates of a class for the cells at..; returns how many there are. */
static uint32_t take_class(struct apart *a, uint32_t at, uint32_t q)
{
	uint32_t kind = a->t.kind_at[at], n = at;

	for (uint32_t x = a->class_first[q]; x < a->class_first[q + 1] && n < a->n; x++)
		if (has_bit(a->t.can[kind], x) && !has_bit(a->t.used, x))
			take(a, n++, x);
	return n - at;
}

/* What the first n of the cells at.. pay for their distances in class q, to each other and to those
 * placed. */
static uint64_t class_distance(const struct apart *a, uint32_t at, uint64_t n, uint32_t q)
{
	const vn_host *host = a->p->host;
	uint64_t vcpus = a->p->cells[a->cell_at[at]].vcpus;
	uint32_t node_ix = a->node_at[a->class_first[q]], next = node_ix;

	if (n > 1)
		next = a->node_at[a->class_first[q] + 1];
	return n * vcpus * (a->pull[q] + vn_host_distance(host, node_ix, node_ix)) +
	       n * (n - 1) / 2 * vcpus * vcpus * both_ways(host, node_ix, next);
}

static bool is_too_far(const struct apart *a, uint64_t more_distance)
{
	const vn_cost *worst = search_worst(a->p);

	return worst && !a->devices && a->cost.distance + more_distance > worst->distance;
}

/* The first n of the cells at.. are in class q now; on with the others. */
static void deal_on(struct apart *a, uint32_t at, uint32_t n, uint32_t q)
{
	uint32_t node_ix = a->node_at[a->class_first[q]];
	uint64_t vcpus = (uint64_t)n * a->p->cells[a->cell_at[at]].vcpus;

	if (a->devices && !search_may_satisfy(a->p, a->n - at - n))
		return;
	add_pull(a, node_ix, vcpus, 1);
	/* for the last class there is one way: that is quicker tried than bounded */
	if (q + 2 == a->n_classes || !apart_hopeless(a, at + n, a->class_first[q + 1]))
		deal(a, at + n, q + 1);
	add_pull(a, node_ix, vcpus, -1);
}

/* The cells at.. are all of the last kind: how many of them go to class q, and to those after it?
 * Within a class the cheapest candidates are taken. */
static void deal(struct apart *a, uint32_t at, uint32_t q)
{
	uint32_t kind = a->t.kind_at[at], left = a->n - at;
	uint32_t room = apart_left_in(a, kind, a->class_first[q + 1], a->m);
	uint32_t least = left > room ? left - room : 0;
	vn_cost before = a->cost;
	bool go = true;

	if (q + 1 == a->n_classes && is_too_far(a, class_distance(a, at, left, q)))
		return;
	for (uint32_t n = take_class(a, at, q);; n--) {
		if (go && n >= least) {
			a->p->steps++;
			a->cost.distance = before.distance + class_distance(a, at, n, q);
			if (n == left)
				finish(a);
			else
				deal_on(a, at, n, q);
			go = !out_of_steps(a);
		}
		if (!n)
			break;
		give_back(a, at + n - 1);
	}
	a->cost = before;
}

static void descend(struct apart *a, uint32_t at);

/* The cells at.., with what is placed now. */
static void go_on(struct apart *a, uint32_t at)
{
	if (a->p->n_best == 1 && a->alike_from[at])
		deal(a, at, 0);
	else
		descend(a, at);
}

static void try_candidate(struct apart *a, uint32_t at, uint32_t x)
{
	struct problem *p = a->p;
	const struct place_cell *cell = &p->cells[a->cell_at[at]];
	uint32_t node_ix = a->node_at[x], next = at + 1;
	bool more = next < a->n, alike = more && a->t.kind_at[next] == cell->kind;
	uint64_t distance = a->cost.distance;

	p->steps++;
	take(a, at, x);
	a->cost.distance += cell->vcpus *
			    (a->pull[a->class_of[x]] + vn_host_distance(p->host, node_ix, node_ix));
	if (!more) {
		finish(a);
	} else if (may_go_on(a, next, alike ? x + 1 : 0) &&
		   (!a->devices || search_may_satisfy(p, a->n - next))) {
		add_pull(a, node_ix, cell->vcpus, 1);
		if (!apart_hopeless(a, next, alike ? x + 1 : 0))
			go_on(a, next);
		add_pull(a, node_ix, cell->vcpus, -1);
	}
	give_back(a, at);
	a->cost.distance = distance;
}

static void descend(struct apart *a, uint32_t at)
{
	const struct problem *p = a->p;
	uint32_t kind = a->t.kind_at[at];
	bool again = at && p->cells[a->cell_at[at - 1]].kind == kind;

	for (uint32_t x = again ? a->now[at - 1] + 1u : 0; x < a->m; x++) {
		if (!has_bit(a->t.can[kind], x) || has_bit(a->t.used, x))
			continue;
		try_candidate(a, at, x);
		if (out_of_steps(a))
			return;
	}
}

/* ---- set up ---- */

/* Kind by kind, and what is known of the cells from each on. */
static void order_cells(struct apart *a)
{
	const struct problem *p = a->p;
	uint32_t n = 0;

	for (uint32_t k = 0; k < p->n_kinds; k++)
		for (uint32_t c = p->kind_cell[k]; c < p->n_cells; c++)
			if (p->cells[c].kind == k) {
				a->at_of[c] = (uint8_t)n;
				a->cell_at[n++] = (uint8_t)c;
			}
	a->n = a->t.n = n;
	a->weight_from[n] = 0;
	a->alike_from[n] = true;
	for (uint32_t at = n; at-- > 0;) {
		const struct place_cell *cell = &p->cells[a->cell_at[at]];

		a->t.kind_at[at] = cell->kind;
		a->weight_from[at] = a->weight_from[at + 1] + cell->vcpus;
		a->alike_from[at] =
			at + 1 == n ||
			(a->alike_from[at + 1] && p->cells[a->cell_at[at + 1]].kind == cell->kind);
	}
}

static void sort_by_strategy(struct apart *a)
{
	for (uint32_t x = 0; x < a->m; x++) {
		uint32_t to = x;

		for (; to && a->strategy[a->cheapest[to - 1]] > a->strategy[x]; to--)
			a->cheapest[to] = a->cheapest[to - 1];
		a->cheapest[to] = (uint16_t)x;
	}
}

/* One cell: every node that would do is looked at, and that is all. */
static void place_one(struct problem *p)
{
	for (uint32_t i = 0; i < p->host->n_nodes; i++) {
		struct choice choice = { .node_ix = (uint16_t)i, .mem_ix = (uint16_t)i };

		p->steps++;
		if (!apart_would_do(p, 0, i, &choice.page_ix))
			continue;
		vn_cost cost = {
			.distance = p->cells[0].vcpus * (uint64_t)vn_host_distance(p->host, i, i),
			.broken = fit_broken(p, 0, i),
			.strategy = strategy_cost(p, i),
		};
		p->nodes[i].cells = 1;
		search_record(p, &choice, &cost);
		p->nodes[i].cells = 0;
	}
}

void place_apart(struct problem *p, uint64_t budget)
{
	struct apart a;

	if (p->n_cells == 1) {
		place_one(p);
		return;
	}

	a.p = p;
	a.budget = budget;
	a.budget_found = p->options->budget ? budget : p->steps + PROOF_BUDGET;
	a.devices = p->n_devices || p->n_needs || p->n_supplies || p->request->n_pci_requests;
	a.cost = (vn_cost){ 0 };
	order_cells(&a);
	if (!apart_find_candidates(&a))
		return;
	memset(a.t.used, 0, a.t.words * sizeof(*a.t.used));
	if (!may_go_on(&a, 0, 0))
		return;
	memset(a.pull, 0, a.n_classes * sizeof(*a.pull));
	apart_find_broken(&a);
	sort_by_strategy(&a);
	apart_bound_distances(&a);
	go_on(&a, 0);
}
