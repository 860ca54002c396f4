/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The fit against random hosts and guests: every placement keeps the rules (by vn_placement_check
 * and by a second check of its own); on small hosts a guest fits exactly when brute force says so,
 * and no assignment is better. What fails is printed as a host in JSON and a request in words; run
 * it again alone with VN_SEED and VN_CASE. */
#include "judge.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { CASES = 20000, FAILURES_SHOWN = 5 };

static struct pair pair;
static vn_placement placement;
static uint64_t seed, failures;

static void complain(uint64_t n, const char *what, const vn_error *err)
{
	VN_AUTO_TEXT text = VN_TEXT_INIT;
	char message[512] = "";

	if (failures++ >= FAILURES_SHOWN)
		return;
	if (err)
		vn_error_format(err, message, sizeof(message));
	pair_print(&pair, &text);
	vn_text_add(&text, "\n");
	printf("# VN_SEED=%" PRIu64 " VN_CASE=%" PRIu64 ": %s\n# %s\n# ", seed, n, what, message);
	for (const char *p = text.bytes; p && *p; p++) {
		putchar(*p);
		if (*p == '\n')
			printf("# ");
	}
	printf("\n");
}

static int place(const struct pair *of, vn_placement *ret, vn_error *err)
{
	return vn_place(&of->host, &of->request, &of->options, ret, err);
}

/* A mixed guest on a host whose shared and dedicated CPUs overlap: its pins take CPUs from its own
 * floating vCPUs. The fit is sound there, but counts each pin against them (lib/place/README.md),
 * so it may refuse or spread what brute force fits. Nova's hosts keep the two sets apart. */
static bool sets_compete(void)
{
	bool overlap = false;

	for (uint32_t i = 0; i < pair.host.n_nodes; i++)
		overlap |= vn_cpuset_overlaps(&pair.nodes[i].cpus, &pair.nodes[i].pcpus);
	return overlap && pair.request.cpu_policy == VN_CPU_MIXED;
}

/* Compare with brute force: same answer, as few cells, nothing cheaper. */
static void compare_with_brute(uint64_t n, int r, const vn_error *err)
{
	struct answer answer = brute_answer(&pair);
	struct brute best;
	struct cut cut;
	char what[200];

	if (answer.feasible != (r == VN_OK)) {
		complain(n,
			 answer.feasible ? "refused, but it fits" : "placed, but it does not fit",
			 err);
		return;
	}
	if (r != VN_OK)
		return;
	if (placement.n_cells != answer.n_cells) {
		snprintf(what, sizeof(what), "%u cells, but %u do", placement.n_cells,
			 answer.n_cells);
		complain(n, what, NULL);
		return;
	}
	cut_of_placement(&pair, &placement, &cut);
	best = brute_fit(&pair, &cut, answer.spread, answer.hold);
	if (best.feasible && (placement.cost.devices_remote != best.devices_remote ||
			      placement.cost.distance != best.distance)) {
		snprintf(what, sizeof(what),
			 "cost %" PRIu64 " %" PRIu64 ", but the best is %" PRIu64 " %" PRIu64,
			 placement.cost.devices_remote, placement.cost.distance,
			 best.devices_remote, best.distance);
		complain(n, what, NULL);
	}
}

static bool is_refusal(int r)
{
	return r == VN_E_NOFIT || r == VN_E_CONFLICT || r == VN_E_RANGE;
}

static void test_place(void **state)
{
	uint64_t first, cases = cases_of_run(CASES, &first), fits = 0, small = 0, unknown = 0;

	(void)state;
	for (uint64_t n = first; n < first + cases; n++) {
		vn_error err = { 0 };
		const char *broken;
		int r;

		pair_make(&pair, seed, n);
		r = place(&pair, &placement, &err);
		fits += r == VN_OK;
		small += pair.small && !sets_compete();
		if (r != VN_OK && !is_refusal(r) && !pair.small)
			unknown++; /* the search budget ended: no answer, and it says so */
		else if (r != VN_OK && !is_refusal(r))
			complain(n, "neither placed nor refused", &err);
		else if (r == VN_OK && vn_placement_check(&pair.host, &pair.request, &pair.options,
							  &placement, &err) < 0)
			complain(n, "vn_placement_check", &err);
		else if (r == VN_OK && (broken = judge_placement(&pair, &placement)))
			complain(n, broken, NULL);
		else if (pair.small && !sets_compete())
			compare_with_brute(n, r, &err);
	}
	printf("# %" PRIu64 " cases, %" PRIu64 " fit, %" PRIu64 " against brute force, %" PRIu64
	       " without an answer, %" PRIu64 " failures\n",
	       cases, fits, small, unknown, failures);
	assert_int_equal(failures, 0);
	assert_true(unknown * 100 <= cases);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_place),
	};

	seed = seed_of_run();
	return cmocka_run_group_tests_name("place", tests, NULL, NULL);
}
