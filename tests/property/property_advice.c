/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Advice about random refusals, held against vn_place: a node that lacks nothing takes the guest
 * and no other does; the largest guest that is named fits, and one more does not; a shortfall, made
 * good on a copy of the host, makes the guest fit. What fails is printed with the VN_SEED and
 * VN_CASE that show it again. */
#include "random.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { CASES = 4000, FAILURES_SHOWN = 5 };

static struct pair pair;
static vn_placement placement;
static uint64_t seed, failures;

static void complain(uint64_t n, const char *what, const vn_error *err)
{
	VN_AUTO_TEXT text = VN_TEXT_INIT;

	if (failures++ >= FAILURES_SHOWN)
		return;
	pair_print(&pair, &text);
	vn_text_add(&text, "\n");
	printf("# VN_SEED=%" PRIu64 " VN_CASE=%" PRIu64 ": %s: %s\n# ", seed, n, what,
	       err ? err->text : "");
	for (const char *p = text.bytes; p && *p; p++) {
		putchar(*p);
		if (*p == '\n')
			printf("# ");
	}
	printf("\n");
}

/* ---- what a node lacks ---- */

/* Where the fit does not decide by docs/design/0002 yet. */
static bool is_other_rule(void)
{
	bool overlap = false;

	for (uint32_t i = 0; i < pair.host.n_nodes; i++)
		overlap |= vn_cpuset_overlaps(&pair.nodes[i].cpus, &pair.nodes[i].pcpus);
	return (pair.request.cpu_policy == VN_CPU_MIXED && overlap) ||
	       (pair.request.cpu_policy != VN_CPU_SHARED &&
		(pair.options.ram_ratio_percent != 100 ||
		 (pair.request.thread_policy == VN_THREADS_REQUIRE &&
		  pair.host.threads_per_core > 2)));
}

static void check_node(uint64_t n, uint32_t node_ix)
{
	static vn_explain explain;
	vn_request one = pair.request;
	vn_error err = { 0 };
	bool lacks;
	int r;

	one.mode = VN_MODE_NODE;
	one.n_cells_want = 1;
	one.n_cells = 0;
	one.nodeset_given = true;
	one.nodeset = (vn_nodeset){ 0 };
	vn_nodeset_add(&one.nodeset, pair.nodes[node_ix].id);
	r = vn_place(&pair.host, &one, &pair.options, &placement, &err);
	if (r != VN_OK && r != VN_E_NOFIT)
		return;
	vn_place_explain(&pair.host, &one, &pair.options, &explain);
	/* asked of a guest that fits, the cells alone are all right */
	lacks = explain.verdicts[node_ix].need != VN_NEED_TOGETHER;
	if (lacks == (r == VN_OK))
		complain(n, vn_requirements[explain.verdicts[node_ix].need].name, &err);
}

static void test_lacks(void **state)
{
	uint64_t first, n_cases = cases_of_run(CASES, &first);

	(void)state;
	failures = 0;
	for (uint64_t n = first; n < first + n_cases; n++) {
		pair_make(&pair, seed, n);
		if (is_other_rule())
			continue;
		for (uint32_t i = 0; i < pair.host.n_nodes; i++)
			check_node(n, i);
	}
	assert_int_equal(failures, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lacks),
	};

	seed = seed_of_run();
	printf("# VN_SEED=%" PRIu64 "\n", seed);
	return cmocka_run_group_tests_name("advice", tests, NULL, NULL);
}
