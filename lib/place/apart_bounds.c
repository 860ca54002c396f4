/* SPDX-License-Identifier: LGPL-2.1-or-later
 * What any completion costs at least: the distance among the cells to come, their distance to those
 * placed, cores, the strategy, and at equal cost the lowest nodes. */
#include "place/apart.h"

#include <string.h>

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

void apart_bound_distances(struct apart *a)
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
uint32_t apart_left_in(const struct apart *a, uint32_t kind, uint32_t first, uint32_t last)
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
		uint32_t here = alike ? apart_left_in(a, kind, first, a->class_first[q + 1]) : left;

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

/* The least loads. Only where the cells at.. are of one kind do all of them come after `from`. */
static uint64_t bound_strategy(const struct apart *a, uint32_t at, uint32_t from)
{
	uint32_t left = a->n - at, first = a->alike_from[at] ? from : 0;
	uint64_t sum = 0;

	for (uint32_t i = 0; i < a->m && left; i++) {
		uint32_t x = a->cheapest[i];

		if (x < first || has_bit(a->t.used, x))
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
		if (has_bit(a->t.can[kind], x) && !has_bit(a->t.used, x))
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
bool apart_hopeless(const struct apart *a, uint32_t at, uint32_t from)
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
