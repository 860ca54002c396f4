/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Plans of small fleets: each move is made, checked and counted by an account of its own; whether
 * all guests could leave a host, and whether fewer or cheaper moves would make room, is found by
 * looking at all that there are. */
#include "small_brute.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { CASES = 400, STEPS = 24 };

static struct tallies {
	uint32_t drains, stuck, unproven, defragments, found[6], none;
} tallies;

/* ---- by brute force ---- */

static uint32_t claims_on(const struct small *s, uint32_t host, uint32_t *which)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < s->n_claims; i++) {
		vn_claim_info info;

		vn_fleet_claim_info(s->fleet, s->claims[i].claim, &info, NULL);
		if (info.host == host)
			which[n++] = i;
	}
	return n;
}

/* Would the flavour fit without these claims? By lib/place on the host's copy. */
static bool brute_fits(struct small *s, uint32_t flavour, uint32_t host, const uint32_t *which,
		       uint32_t n)
{
	vn_placement *placements = calloc(n + 1, sizeof(*placements));
	vn_place_options options = vn_fleet_host_options(s->fleet, host);
	vn_host *now;
	bool fits;

	for (uint32_t i = 0; i < n; i++)
		vn_fleet_claim_placement(s->fleet, s->claims[which[i]].claim, &placements[i], NULL);
	now = (vn_host *)vn_fleet_host_now(s->fleet, host); /* as it was, in the end */
	for (uint32_t i = 0; i < n; i++)
		vn_host_release(now, &placements[i]);
	fits = vn_place(now, s->requests[flavour], &options, &placements[n], NULL) == VN_OK;
	for (uint32_t i = 0; i < n; i++)
		vn_host_take(now, &placements[i]);
	free(placements);
	return fits;
}

/* The least memory of `size` claims whose leaving makes room; UINT64_MAX: none do. */
static uint64_t brute_sets(struct small *s, uint32_t flavour, uint32_t host, uint32_t size)
{
	uint32_t on[SMALL_CLAIMS], set[SMALL_CLAIMS], n = claims_on(s, host, on);
	uint64_t best = UINT64_MAX;

	for (uint64_t bits = 0; n < 20 && bits < UINT64_C(1) << n; bits++) {
		uint64_t cost = 0;
		uint32_t m = 0;

		if ((uint32_t)__builtin_popcountll(bits) != size)
			continue;
		for (uint32_t i = 0; i < n; i++)
			if (bits >> i & 1) {
				cost += s->requests[s->claims[on[i]].flavour]->mem_kib;
				set[m++] = on[i];
			}
		if (cost < best && brute_fits(s, flavour, host, set, m) &&
		    brute_move(s, set, m, host))
			best = cost;
	}
	return best;
}

/* ---- plans ---- */

/* Make the moves; each has to fit, keep the rules, and pass the check. The fleet is another one
 * afterwards, and so the last to be asked. */
static void make_moves(struct small *s, uint64_t n, const vn_fleet_plan *plan)
{
	bool kept[SMALL_GROUPS];

	for (uint32_t g = 0; g < s->n_groups; g++)
		kept[g] = small_rule_kept(s, g);
	for (uint32_t i = 0; i < plan->n_moves; i++) {
		const vn_fleet_move *move = &plan->moves[i];
		vn_error err = { 0 };
		vn_claim_info info;
		uint32_t at = 0;

		while (at < s->n_claims && s->claims[at].claim != move->claim)
			at++;
		if (at == s->n_claims) {
			complain(n, "move %u is of nobody", i);
			return;
		}
		if (vn_fleet_move_claim(s->fleet, move, &s->claims[at].claim, &err) < 0) {
			complain(n, "move %u: %s", i, err.text);
			return;
		}
		vn_fleet_claim_info(s->fleet, s->claims[at].claim, &info, NULL);
		if (info.host != move->to || info.nodes != move->nodes ||
		    !small_passes(s, info.flavour, info.host))
			complain(n, "move %u went elsewhere", i);
		if (small_check(s, at, s->n_claims))
			complain(n, "move %u: %s", i, small_check(s, at, s->n_claims));
		if (i + 1 < plan->n_moves && plan->moves[i + 1].unit == move->unit)
			continue;
		for (uint32_t g = 0; g < s->n_groups; g++)
			if (kept[g] && !s->groups[g].soft && !small_rule_kept(s, g))
				complain(n, "move %u breaks the rule of group %u", i, g);
	}
}

static bool in_groups(const struct small *s, const uint32_t *which, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		if (s->claims[which[i]].group != VN_FLEET_NONE)
			return true;
	return false;
}

static void judge_stuck(struct small *s, uint64_t n, uint32_t host, const vn_fleet_plan *plan)
{
	uint32_t which[SMALL_CLAIMS], count = claims_on(s, host, which);

	tallies.stuck++;
	tallies.unproven += !plan->exact;
	if (plan->n_stuck + plan->n_moves != count)
		complain(n, "%u of %u guests are in the plan", plan->n_stuck + plan->n_moves,
			 count);
	for (uint32_t i = 0; i < plan->n_stuck; i++) {
		const vn_fleet_explain *why = &plan->stuck[i].why;
		uint64_t sum = why->left;

		for (uint32_t f = 0; f < VN_FILTER_COUNT; f++)
			sum += why->removed[f];
		if (why->hosts != s->n_hosts || sum != s->n_hosts)
			complain(n, "why guest %u is stuck is not said of each host", i);
	}
	if (in_groups(s, which, count))
		return;
	left = BRUTE_CLAIMS;
	for (uint32_t i = 0; i < plan->n_stuck; i++) {
		uint32_t at = 0;

		while (s->claims[at].claim != plan->stuck[i].claim)
			at++;
		if (brute_move(s, &at, 1, host) != plan->stuck[i].alone && left)
			complain(n, "guest %u could%s go alone", at,
				 plan->stuck[i].alone ? " not" : "");
	}
	if (brute_move(s, which, count, host) && plan->exact)
		complain(n, "all guests of host %u could go", host);
}

static void check_drain(struct small *s, uint64_t n)
{
	uint32_t host = random_below(&s->random, s->n_hosts);
	vn_fleet_plan plan = { 0 };
	vn_fleet_host_info info;
	vn_error err = { 0 };
	vn_text was;

	remember(s, &was);
	if (vn_fleet_plan_drain(s->fleet, &host, 1, &plan, &err) < 0)
		complain(n, "no plan: %s", err.text);
	if (!still_so(s, &was))
		complain(n, "a plan to drain changes the fleet");
	tallies.drains++;
	if (plan.n_stuck)
		judge_stuck(s, n, host, &plan);
	make_moves(s, n, &plan);
	vn_fleet_host_info_of(s->fleet, host, &info, NULL);
	if (info.n_claims != plan.n_stuck)
		complain(n, "%u guests are left on a host that %u cannot leave", info.n_claims,
			 plan.n_stuck);
	vn_fleet_plan_clear(&plan);
}

static void judge_moves(struct small *s, uint64_t n, const vn_fleet_ask *ask,
			const vn_fleet_plan *plan, bool found)
{
	left = BRUTE_CLAIMS;
	for (uint32_t size = 1; size <= 3; size++) {
		uint64_t best = UINT64_MAX;

		for (uint32_t host = 0; host < s->n_hosts; host++) {
			uint64_t cost = small_passes(s, ask->flavour, host)
						? brute_sets(s, ask->flavour, host, size)
						: UINT64_MAX;

			best = cost < best ? cost : best;
		}
		if (!left)
			return;
		if (best == UINT64_MAX && (!found || size < plan->n_moves))
			continue;
		if (best == UINT64_MAX && size == plan->n_moves)
			complain(n, "%u moves make no room", size);
		else if (best != UINT64_MAX && !found)
			complain(n, "%u moves would make room, and none were found", size);
		else if (size < plan->n_moves)
			complain(n, "%u moves would do, and not %u%s", size, plan->n_moves,
				 plan->exact ? ", exactly" : "");
		else if (best != plan->mem_kib)
			complain(n, "%" PRIu64 " KiB could move, and not %" PRIu64, best,
				 plan->mem_kib);
		return;
	}
}

static void check_defragment(struct small *s, uint64_t n)
{
	vn_fleet_ask ask = small_ask(s);
	vn_fleet_plan plan = { 0 };
	uint32_t all[SMALL_CLAIMS];
	struct small_claim *new;
	vn_error err = { 0 };
	vn_text was;
	bool found;
	int r;

	remember(s, &was);
	r = vn_fleet_plan_defragment(s->fleet, &ask, 0, &plan, &err);
	if (r < 0 && r != VN_E_NOFIT)
		complain(n, "no plan: %s", err.text);
	if (!still_so(s, &was))
		complain(n, "a plan to make room changes the fleet");
	found = r == VN_OK;
	tallies.defragments++;
	if (found)
		tallies.found[plan.n_moves < 5 ? plan.n_moves : 5]++;
	else
		tallies.none++;
	for (uint32_t i = 0; i < s->n_claims; i++)
		all[i] = i;
	if ((!found || plan.n_moves) && ask.group == VN_FLEET_NONE &&
	    !in_groups(s, all, s->n_claims))
		judge_moves(s, n, &ask, &plan, found);
	if (!found)
		return;
	make_moves(s, n, &plan);
	new = &s->claims[s->n_claims];
	*new = (struct small_claim){ .flavour = ask.flavour,
				     .group = ask.group,
				     .partition = ask.partition };
	if (!small_passes(s, ask.flavour, plan.choice.host) ||
	    vn_fleet_claim(s->fleet, &plan.choice, &new->claim, &err) < 0) {
		complain(n, "after %u moves there is no room: %s", plan.n_moves, err.text);
	} else {
		s->n_claims++;
		if (small_check(s, s->n_claims - 1, s->n_claims))
			complain(n, "the guest for whom room was made: %s",
				 small_check(s, s->n_claims - 1, s->n_claims));
		if (ask.group != VN_FLEET_NONE && !s->groups[ask.group].soft && plan.n_moves &&
		    !small_rule_kept(s, ask.group))
			complain(n, "the guest for whom room was made breaks its group's rule");
	}
	vn_fleet_plan_clear(&plan);
}

/* ---- running ---- */

/* Plans that nobody follows. */
static void ask_plans(struct small *s)
{
	uint32_t host = random_below(&s->random, s->n_hosts);
	vn_fleet_ask ask = small_ask(s);
	vn_fleet_plan plan = { 0 };

	if (vn_fleet_plan_drain(s->fleet, &host, 1, &plan, NULL) == VN_OK)
		vn_fleet_plan_clear(&plan);
	if (vn_fleet_plan_defragment(s->fleet, &ask, 0, &plan, NULL) == VN_OK)
		vn_fleet_plan_clear(&plan);
}

/* The twin was not asked, and goes on alike; then a plan is made and followed. */
static void run_case(uint64_t n, bool with_groups, void (*check)(struct small *s, uint64_t n))
{
	static struct small small;

	small_make(&small, seed, n, with_groups);
	for (uint32_t i = 0; i < STEPS; i++)
		small_step(&small, 90);
	ask_plans(&small);
	for (uint32_t i = 0; i < STEPS / 2; i++)
		small_step(&small, 70);
	if (small.differs)
		complain(n, "after plans %s", small.differs);
	check(&small, n);
	small_free(&small);
}

static void run(bool with_groups, void (*check)(struct small *s, uint64_t n))
{
	uint64_t first, n_cases = cases_of_run(CASES, &first);

	failures = 0;
	for (uint64_t n = first; n < first + n_cases; n++)
		run_case(n, with_groups, check);
	assert_int_equal(failures, 0);
}

static void test_drains(void **state)
{
	(void)state;
	run(false, check_drain);
	run(true, check_drain);
	printf("# %u drains, %u with stuck guests, %u of them not proven\n", tallies.drains,
	       tallies.stuck, tallies.unproven);
}

static void test_defragments(void **state)
{
	(void)state;
	run(false, check_defragment);
	run(true, check_defragment);
	printf("# %u questions: %u fit, %u with 1 move, %u with 2, %u with 3, %u with more, %u "
	       "never\n",
	       tallies.defragments, tallies.found[0], tallies.found[1], tallies.found[2],
	       tallies.found[3], tallies.found[4] + tallies.found[5], tallies.none);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_drains),
		cmocka_unit_test(test_defragments),
	};

	seed = seed_of_run();
	printf("# VN_SEED=%" PRIu64 "\n", seed);
	return cmocka_run_group_tests_name("fleet plans", tests, NULL, NULL);
}
