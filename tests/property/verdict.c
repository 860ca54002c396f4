/* SPDX-License-Identifier: LGPL-2.1-or-later
 * The fit against the two checks and brute force. */
#include "verdict.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static bool is_refusal(int r)
{
	return r == VN_E_NOFIT || r == VN_E_CONFLICT || r == VN_E_RANGE;
}

static void wrong(struct verdict *v, const char *sentence, const char *detail)
{
	v->wrong = sentence;
	snprintf(v->detail, sizeof(v->detail), "%s", detail);
}

static bool share_nodes(const vn_placement *placement)
{
	for (uint32_t a = 0; a < placement->n_cells; a++)
		for (uint32_t b = 0; b < a; b++)
			if (placement->cells[a].node_ix == placement->cells[b].node_ix)
				return true;
	return false;
}

/* How much of the objective brute force says anything about. `siblings` leaves the first core of a
 * node to the host for as long as it can, which costs a broken core now and then; so do cells that
 * share a node (rule 16). */
static uint32_t terms_of(const struct question *q, const vn_placement *placement)
{
	bool siblings = q->request->distribution == VN_DISTRIBUTION_SIBLINGS;

	return siblings || share_nodes(placement) ? 2 : 4;
}

enum { TERMS = 4 };
static const char *const too_much[TERMS] = {
	"more devices than need be are not local",
	"the distance could be less",
	"fewer cores could be broken",
	"the strategy knows better nodes",
};

/* The first term in which a cost is not the best; TERMS: none. *less: it is better than that. */
static uint32_t first_difference(const vn_cost *cost, const vn_cost *best, uint32_t terms,
				 bool *less, struct verdict *v)
{
	const uint64_t is[TERMS] = { cost->devices_remote, cost->distance, cost->broken,
				     cost->strategy },
		       least[TERMS] = { best->devices_remote, best->distance, best->broken,
					best->strategy };

	for (uint32_t i = 0; i < terms; i++)
		if (is[i] != least[i]) {
			snprintf(v->detail, sizeof(v->detail), "%" PRIu64 ", the least is %" PRIu64,
				 is[i], least[i]);
			*less = is[i] < least[i];
			return i;
		}
	return TERMS;
}

/* `free`: the best where the emulator may be on any core. Better than `best` and not better than
 * that is good: fewer cores are broken, at the price of the emulator on a core of its cell. */
static void compare_cost(const struct question *q, const vn_placement *placement,
			 const struct brute *best, const struct brute *free, struct verdict *v)
{
	uint32_t terms = terms_of(q, placement), term;
	bool less = false;

	term = first_difference(&placement->cost, &free->cost, terms, &less, v);
	if (term < TERMS && less) {
		v->wrong = "better than the best: bug of the test";
		return;
	}
	term = first_difference(&placement->cost, &best->cost, terms, &less, v);
	if (term < TERMS && !less)
		v->wrong = too_much[term];
	if (term < TERMS)
		return;
	*v->detail = 0;
	for (uint32_t c = 0; c < placement->n_cells && terms == TERMS; c++)
		if (placement->cells[c].node_ix != best->node_of[c]) {
			v->wrong = "of equal placements it is not the one of the lowest nodes";
			snprintf(v->detail, sizeof(v->detail), "cell %u is on node %u, not %u", c,
				 q->host->nodes[placement->cells[c].node_ix].id,
				 q->host->nodes[best->node_of[c]].id);
			return;
		}
}

/* Same answer, as few cells, nothing cheaper. */
static void compare_with_brute(const struct question *q, const vn_placement *placement, int r,
			       const vn_error *err, struct verdict *v)
{
	static struct cut cut;
	struct answer answer = brute_answer(q);
	struct brute best, free;
	char detail[100];

	v->against_brute = true;
	if (answer.feasible && r != VN_OK && answer.spread.max > 1 &&
	    q->request->cpu_policy == VN_CPU_MIXED)
		return; /* rule 16 */
	if (answer.feasible != (r == VN_OK)) {
		wrong(v, answer.feasible ? "refused, but it fits" : "placed, but it does not fit",
		      answer.feasible ? err->text : "");
		return;
	}
	if (r != VN_OK)
		return;
	if (placement->n_cells != answer.n_cells && answer.spread.max > 1 &&
	    q->request->cpu_policy == VN_CPU_MIXED)
		return; /* rule 16 */
	if (placement->n_cells != answer.n_cells) {
		snprintf(detail, sizeof(detail), "%u, but %u do", placement->n_cells,
			 answer.n_cells);
		wrong(v, "not as few cells as can be", detail);
		return;
	}
	cut_of_placement(q, placement, &cut);
	best = brute_fit(q, &cut, answer.spread, answer.hold, APART_IF_POSSIBLE);
	free = cut.cells[0].extra ? brute_fit(q, &cut, answer.spread, answer.hold, APART_NOT_NEEDED)
				  : best;
	if (best.feasible)
		compare_cost(q, placement, &best, &free, v);
	else
		wrong(v, "placed, but it does not fit", "in this cut");
}

struct verdict verdict_of(const struct question *q)
{
	static vn_placement placement;
	struct verdict v = { 0 };
	bool small = brute_can(q);
	vn_error err = { 0 };
	const char *broken;
	int r = vn_place(q->host, q->request, q->options, &placement, &err);

	v.fits = r == VN_OK;
	v.no_answer = r != VN_OK && !is_refusal(r);
	if (v.no_answer && small)
		wrong(&v, "neither placed nor refused", err.text);
	else if (r == VN_OK && (broken = judge_placement(q, &placement)))
		wrong(&v, broken, "");
	else if (r == VN_OK &&
		 vn_placement_check(q->host, q->request, q->options, &placement, &err) < 0)
		wrong(&v, "vn_placement_check refuses it", err.text);
	else if (small && !v.no_answer && (r != VN_OK || placement.proven))
		compare_with_brute(q, &placement, r, &err, &v);
	return v;
}
