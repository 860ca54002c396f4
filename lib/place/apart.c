/* SPDX-License-Identifier: LGPL-2.1-or-later
 * The best assignment of cells to nodes of their own, where what one cell takes leaves the others'
 * nodes alone: then a table of cell kind x node says all, and nothing has to be undone.
 *
 * Depth first over the cells, kind by kind, with these cuts (README.md has the reasons):
 * - cells of one kind take candidates in ascending order;
 * - within a class of nodes that are alike to all others, the cheapest free one comes first;
 * - a lower bound of what any completion costs is not below the best so far;
 * - the cells to come have no matching into the nodes that are left. */
#include "place/match.h"

#include <string.h>

/* Nodes that at least one cell may go to are "candidates" 0..m-1, class by class. Two nodes are of
 * one class when swapping them changes no distance and no device. */
struct apart {
	struct problem *p;
	uint32_t n, m, n_classes;
	struct match_table t;			  /* candidates instead of nodes */
	uint64_t budget, budget_found;		  /* steps; the second once there is a placement */
	bool devices;				  /* some device or network pulls */
	uint8_t cell_at[VN_CELL_MAX];		  /* the cells, kind by kind */
	uint16_t node_at[VN_NODE_MAX];		  /* [candidate] */
	uint16_t class_of[VN_NODE_MAX];		  /* [candidate] */
	uint16_t class_first[VN_NODE_MAX + 1];	  /* [class] its first candidate */
	uint8_t broken[VN_CELL_MAX][VN_NODE_MAX]; /* [kind][candidate] cores it breaks there */
	uint8_t price[VN_NODE_MAX];		  /* [node] cores that the last kind breaks there */
	uint64_t strategy[VN_NODE_MAX];		  /* [candidate] */
	uint16_t cheapest[VN_NODE_MAX];		  /* candidates by strategy */
	uint64_t weight_from[VN_CELL_MAX + 1];	  /* vCPUs of the cells at.. */
	uint64_t pairs_from[VN_CELL_MAX + 1];	  /* the least distance among the cells at.. */
	uint64_t broken_from[VN_CELL_MAX + 1];	  /* the least cores that the cells at.. break */
	bool alike_from[VN_CELL_MAX + 1];	  /* the cells at.. are of one kind */
	uint32_t self;				  /* the least distance of a node to itself */
	/* as the search goes */
	uint64_t pull[VN_NODE_MAX]; /* [class] distance cost of one more vCPU there */
	uint16_t now[VN_CELL_MAX];  /* [at] candidate */
	vn_cost cost;
};

static uint32_t both_ways(const vn_host *host, uint32_t a, uint32_t b)
{
	return vn_host_distance(host, a, b) + vn_host_distance(host, b, a);
}

static bool has(const uint64_t *word, uint32_t bit)
{
	return word[bit / 64] >> bit % 64 & 1;
}

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

static bool would_do(const struct problem *p, uint32_t cell, uint32_t node_ix, uint8_t *page_ix)
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
static bool find_candidates(struct apart *a)
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
			can[k][i / 64] |= (uint64_t)would_do(p, p->kind_cell[k], i, &page_ix)
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
			any = has(can[k], i);
		if (!any)
			continue;
		a->price[i] =
			has(can[p->n_kinds - 1], i) ? broken_on(p, p->n_kinds - 1, i) : UINT8_MAX;
		class_of_node[a->m] = (uint16_t)class_for(a, &list, i);
		nodes[a->m++] = (uint16_t)i;
	}
	a->t.words = (a->m + 63) / 64;
	order_candidates(a, &list, nodes, class_of_node);
	for (uint32_t k = 0; k < p->n_kinds; k++) {
		memset(a->t.can[k], 0, a->t.words * sizeof(a->t.can[k][0]));
		for (uint32_t x = 0; x < a->m; x++)
			a->t.can[k][x / 64] |= (uint64_t)has(can[k], a->node_at[x]) << x % 64;
	}
	return true;
}

/* Cores that each kind breaks on each candidate. */
static void find_broken(struct apart *a)
{
	const struct problem *p = a->p;
	uint8_t least[VN_CELL_MAX];

	memset(least, UINT8_MAX, sizeof(least));
	for (uint32_t k = 0; k < p->n_kinds; k++) {
		for (uint32_t x = 0; x < a->m; x++) {
			uint32_t node_ix = a->node_at[x];

			if (!has(a->t.can[k], x))
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

/* ---- bounds ---- */

/* The sum of distances from a node of class q to its k nearest other candidates, for k < n. */
static void sum_nearest(const struct apart *a, uint32_t q, uint64_t *sum)
{
	const vn_host *host = a->p->host;
	uint16_t by_distance[VN_NODE_MAX];
	uint32_t distance[VN_NODE_MAX], k = 0;
	uint64_t total = 0;

	for (uint32_t r = 0; r < a->n_classes; r++) {
		uint32_t own = a->node_at[a->class_first[q]], other = a->node_at[a->class_first[r]];
		uint32_t to = r;

		if (r == q && a->class_first[q + 1] - a->class_first[q] > 1)
			other = a->node_at[a->class_first[q] + 1];
		distance[r] = both_ways(host, own, other);
		for (; to && distance[by_distance[to - 1]] > distance[r]; to--)
			by_distance[to] = by_distance[to - 1];
		by_distance[to] = (uint16_t)r;
	}
	sum[0] = 0;
	for (uint32_t i = 0; i < a->n_classes; i++) {
		uint32_t r = by_distance[i];
		uint32_t size = (uint32_t)(a->class_first[r + 1] - a->class_first[r]) - (r == q);

		for (; size && k + 1 < a->n; size--) {
			total += distance[r];
			sum[++k] = total;
		}
	}
	while (++k < a->n)
		sum[k] = UINT64_MAX / 4; /* there are not so many */
}

/* pairs_from: each cell pays at least for its nearest possible neighbours; each pair counts twice.
 * The heaviest neighbour is taken to be the nearest. */
static void bound_pairs(struct apart *a)
{
	const struct problem *p = a->p;
	uint64_t least[VN_CELL_MAX], sum[VN_CELL_MAX];
	uint32_t sorted[VN_CELL_MAX], n_sorted = 0;

	memset(a->pairs_from, 0, (a->n + 1) * sizeof(*a->pairs_from));
	if (a->n < 3 && a->n_classes < 3)
		return;
	for (uint32_t q = 0; q < a->n_classes; q++) {
		sum_nearest(a, q, sum);
		for (uint32_t k = 0; k < a->n; k++)
			least[k] = !q || sum[k] < least[k] ? sum[k] : least[k];
	}
	for (uint32_t at = a->n; at-- > 0;) {
		uint32_t weight = p->cells[a->cell_at[at]].vcpus, to = n_sorted++;
		uint64_t twice = 0;

		for (; to && sorted[to - 1] < weight; to--)
			sorted[to] = sorted[to - 1];
		sorted[to] = weight;
		if (a->alike_from[at]) {
			a->pairs_from[at] =
				(uint64_t)weight * weight * n_sorted * least[n_sorted - 1] / 2;
			continue;
		}
		for (uint32_t i = 0; i < n_sorted; i++) {
			/* sum over the others, heaviest first, of weight x the increments of
			 * least[] */
			uint64_t row = 0;

			for (uint32_t j = 0, k = 1; j < n_sorted; j++)
				if (j != i) {
					row += (uint64_t)sorted[j] * (least[k] - least[k - 1]);
					k++;
				}
			twice += sorted[i] * row;
		}
		a->pairs_from[at] = twice / 2;
	}
}

static void bound_distances(struct apart *a)
{
	a->self = UINT32_MAX;
	for (uint32_t q = 0; q < a->n_classes; q++) {
		uint32_t node_ix = a->node_at[a->class_first[q]];
		uint32_t self = vn_host_distance(a->p->host, node_ix, node_ix);

		a->self = self < a->self ? self : a->self;
	}
	bound_pairs(a);
}

/* The candidates first..last-1 that a kind may still have. */
static uint32_t left_in(const struct apart *a, uint32_t kind, uint32_t first, uint32_t last)
{
	uint32_t count = 0;

	for (uint32_t i = first / 64; first < last && i <= (last - 1) / 64; i++) {
		uint64_t word = a->t.can[kind][i] & ~a->t.used[i];

		if (i == first / 64)
			word &= UINT64_MAX << first % 64;
		if (i == (last - 1) / 64)
			word &= UINT64_MAX >> (63 - (last - 1) % 64);
		count += (uint32_t)__builtin_popcountll(word);
	}
	return count;
}

/* The least that the cells at.. pay for their distance to those placed: the nearest candidates
 * first. `from`: the first candidate that they may have, when they are of one kind. */
static uint64_t bound_pull(const struct apart *a, uint32_t at, uint32_t from)
{
	uint32_t kind = a->t.kind_at[at], left = a->n - at;
	bool alike = a->alike_from[at];
	uint32_t q = alike && from < a->m ? a->class_of[from] : 0, n = 0;
	uint64_t pull[VN_CELL_MAX], sum = 0;
	uint32_t size[VN_CELL_MAX], total = 0;

	/* the nearest classes that together hold the cells, kept sorted */
	for (; q < a->n_classes; q++) {
		uint32_t first = a->class_first[q] > from ? a->class_first[q] : from, to = n;
		uint32_t here = alike ? left_in(a, kind, first, a->class_first[q + 1]) : left;

		if (!here || (total >= left && n && pull[n - 1] <= a->pull[q]))
			continue;
		for (; to && pull[to - 1] > a->pull[q]; to--) {
			pull[to] = pull[to - 1];
			size[to] = size[to - 1];
		}
		pull[to] = a->pull[q];
		size[to] = here;
		n++;
		total += here;
		while (n && total - size[n - 1] >= left)
			total -= size[--n];
	}
	if (!alike)
		return n ? pull[0] * a->weight_from[at] : 0;
	for (uint32_t i = 0; i < n && left; i++) {
		uint32_t here = size[i] < left ? size[i] : left;

		sum += here * pull[i];
		left -= here;
	}
	return sum * a->p->cells[a->cell_at[at]].vcpus;
}

static uint64_t bound_strategy(const struct apart *a, uint32_t at, uint32_t from)
{
	uint32_t left = a->n - at;
	uint64_t sum = 0;

	for (uint32_t i = 0; i < a->m && left; i++) {
		uint32_t x = a->cheapest[i];

		if (x < from || has(a->t.used, x))
			continue;
		sum += a->strategy[x];
		left--;
	}
	return sum;
}

/* Keep the `most` lowest of sorted numbers. */
static void add_sorted(uint16_t *sorted, uint32_t *n, uint32_t most, uint16_t number)
{
	uint32_t to = *n;

	if (*n == most && (!most || sorted[most - 1] <= number))
		return;
	if (*n < most)
		++*n;
	else
		to--;
	for (; to && sorted[to - 1] > number; to--)
		sorted[to] = sorted[to - 1];
	sorted[to] = number;
}

/* The lowest nodes that the cells of a kind may still have, those that are placed included:
 * ascending. `from`: for the kind in work. */
static void lowest_nodes(const struct apart *a, uint32_t kind, uint32_t at, uint32_t from,
			 uint16_t *ret)
{
	const struct problem *p = a->p;
	uint16_t left[VN_CELL_MAX];
	uint32_t n = 0, n_left = 0, open = 0;

	for (uint32_t i = 0; i < a->n; i++)
		if (p->cells[a->cell_at[i]].kind == kind) {
			open += i >= at;
			if (i < at)
				add_sorted(ret, &n, VN_CELL_MAX, a->node_at[a->now[i]]);
		}
	if (!open)
		return;
	for (uint32_t x = from; x < a->m; x++)
		if (has(a->t.can[kind], x) && !has(a->t.used, x))
			add_sorted(left, &n_left, open, a->node_at[x]);
	for (uint32_t i = 0; i < n_left; i++)
		add_sorted(ret, &n, VN_CELL_MAX, left[i]);
}

/* At the same cost: could a completion have lower nodes, cell by cell, than the last that we keep?
 */
static bool lower_nodes_possible(const struct apart *a, uint32_t at, uint32_t from)
{
	const struct problem *p = a->p;
	const struct choice *worst = p->found_choices[p->n_found - 1];
	uint16_t lowest[VN_CELL_MAX];
	uint32_t kind_now = a->t.kind_at[at];
	int at_lead = VN_CELL_MAX;
	bool lower = false;

	for (uint32_t k = 0; k < p->n_kinds; k++) {
		uint32_t nth = 0;

		lowest_nodes(a, k, at, k == kind_now ? from : 0, lowest);
		for (int c = p->kind_cell[k]; c < at_lead && c < (int)a->n; c++) {
			if (p->cells[c].kind != k)
				continue;
			if (lowest[nth] != worst[c].node_ix) {
				at_lead = c; /* the first cell where they differ decides */
				lower = lowest[nth] < worst[c].node_ix;
			}
			nth++;
		}
	}
	return lower;
}

/* Can no completion be better than the last that we keep? `from`: as in bound_pull. */
static bool hopeless(const struct apart *a, uint32_t at, uint32_t from)
{
	const struct problem *p = a->p;
	const vn_cost *worst = search_worst(p);
	vn_cost bound = a->cost;

	if (!worst)
		return false;
	if (a->devices)
		bound.devices_remote = search_remote(p, a->n - at);
	if (bound.devices_remote != worst->devices_remote)
		return bound.devices_remote > worst->devices_remote;
	bound.distance += a->pairs_from[at] + a->weight_from[at] * a->self;
	if (bound.distance > worst->distance)
		return true;
	bound.distance += bound_pull(a, at, from);
	if (bound.distance != worst->distance)
		return bound.distance > worst->distance;
	bound.broken += a->broken_from[at];
	if (bound.broken != worst->broken)
		return bound.broken > worst->broken;
	bound.strategy += bound_strategy(a, at, from);
	if (bound.strategy != worst->strategy)
		return bound.strategy > worst->strategy;
	return !lower_nodes_possible(a, at, from);
}

/* ---- depth first ---- */

/* May the cells at i and j change places at no cost? Then the first has the lower node. */
static bool may_swap(const struct apart *a, const uint16_t *now, uint32_t i, uint32_t j)
{
	const struct place_cell *one = &a->p->cells[a->cell_at[i]];
	const struct place_cell *other = &a->p->cells[a->cell_at[j]];

	if (one->vcpus != other->vcpus && a->class_of[now[i]] != a->class_of[now[j]])
		return false;
	if (!has(a->t.can[one->kind], now[j]) || !has(a->t.can[other->kind], now[i]))
		return false;
	return a->broken[one->kind][now[i]] + a->broken[other->kind][now[j]] ==
	       a->broken[one->kind][now[j]] + a->broken[other->kind][now[i]];
}

/* Of placements with one cost, that with the lowest nodes for the first cells; pages anew. */
static void record(struct apart *a)
{
	struct problem *p = a->p;
	struct choice choices[VN_CELL_MAX];
	uint16_t now[VN_CELL_MAX];

	memcpy(now, a->now, a->n * sizeof(*now));
	for (uint32_t i = 0; i < a->n; i++)
		for (uint32_t j = i + 1; j < a->n; j++) {
			bool i_first = a->cell_at[i] < a->cell_at[j];
			uint16_t keep = now[i];

			if ((a->node_at[now[i]] > a->node_at[now[j]]) != i_first ||
			    !may_swap(a, now, i, j))
				continue;
			now[i] = now[j];
			now[j] = keep;
		}
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
		return left_in(a, kind, from, a->m) >= a->n - at;
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
		if (has(a->t.can[kind], x) && !has(a->t.used, x))
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
	if (q + 2 == a->n_classes || !hopeless(a, at + n, a->class_first[q + 1]))
		deal(a, at + n, q + 1);
	add_pull(a, node_ix, vcpus, -1);
}

/* The cells at.. are all of the last kind: how many of them go to class q, and to those after it?
 * Within a class the cheapest candidates are taken. */
static void deal(struct apart *a, uint32_t at, uint32_t q)
{
	uint32_t kind = a->t.kind_at[at], left = a->n - at;
	uint32_t room = left_in(a, kind, a->class_first[q + 1], a->m);
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
		if (!hopeless(a, next, alike ? x + 1 : 0))
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
		if (!has(a->t.can[kind], x) || has(a->t.used, x))
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
			if (p->cells[c].kind == k)
				a->cell_at[n++] = (uint8_t)c;
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
		if (!would_do(p, 0, i, &choice.page_ix))
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
	if (!find_candidates(&a))
		return;
	memset(a.t.used, 0, a.t.words * sizeof(*a.t.used));
	if (!may_go_on(&a, 0, 0))
		return;
	memset(a.pull, 0, a.n_classes * sizeof(*a.pull));
	find_broken(&a);
	sort_by_strategy(&a);
	bound_distances(&a);
	go_on(&a, 0);
}
