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
	/* asked of a guest that fits, the cell alone is all right */
	lacks = explain.verdicts[node_ix].need != VN_NEED_TOGETHER &&
		explain.verdicts[node_ix].need != VN_NEED_NOTHING;
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
		for (uint32_t i = 0; i < pair.host.n_nodes; i++)
			check_node(n, i);
	}
	assert_int_equal(failures, 0);
}

/* ---- the largest that fits ---- */

static bool fits(const vn_request *request)
{
	vn_error err = { 0 };

	return vn_place(&pair.host, request, &pair.options, &placement, &err) == VN_OK;
}

/* A guest without settings of its owner, of another size. */
static vn_request sized(uint64_t vcpus, uint64_t mem_kib)
{
	vn_request request = pair.request;

	request.vcpus = request.vcpus_online = (uint32_t)vcpus;
	request.mem_kib = mem_kib;
	if (!vn_cpuset_is_empty(&request.dedicated)) {
		request.dedicated = (vn_cpuset){ 0 };
		vn_cpuset_add_range(&request.dedicated, 0, (unsigned)vcpus - 1);
	}
	return request;
}

static void check_most(uint64_t n)
{
	vn_request *of = &pair.request, request;
	vn_error err = { 0 };
	vn_most most;
	int r = vn_place_most(&pair.host, of, &pair.options, &most, &err);

	if (r < 0)
		return;
	if (most.vcpus.asked && most.vcpus.vcpus && !of->n_cells) {
		request = sized(most.vcpus.vcpus, of->mem_kib);
		if (!fits(&request))
			complain(n, "most vCPUs do not fit", NULL);
	}
	for (uint32_t more = 1; more < 5 && most.vcpus.asked && most.vcpus.exact && !of->n_cells;
	     more++) {
		request = sized(most.vcpus.vcpus + more, of->mem_kib);
		if (fits(&request))
			complain(n, "more vCPUs fit", NULL);
	}
	if (most.memory.asked && most.memory.mem_kib && !of->n_cells) {
		request = *of;
		request.mem_kib = most.memory.mem_kib;
		if (!fits(&request))
			complain(n, "most memory does not fit", NULL);
		request.mem_kib += 1 << 20;
		if (most.memory.exact && fits(&request))
			complain(n, "more memory fits", NULL);
	}
	if (most.proportion.asked && most.proportion.vcpus && !of->n_cells) {
		request = sized(most.proportion.vcpus, most.proportion.mem_kib);
		if (!fits(&request))
			complain(n, "the guest in proportion does not fit", NULL);
	}
	r = vn_place(&pair.host, of, &pair.options, &placement, &err);
	if (r == VN_OK && most.vcpus.asked && most.vcpus.vcpus < of->vcpus)
		complain(n, "the guest fits, but fewer vCPUs are said to be the most", NULL);
	if (r == VN_OK && most.memory.asked && most.memory.mem_kib + (1 << 20) < of->mem_kib)
		complain(n, "the guest fits, but less memory is said to be the most", NULL);
}

/* ---- what is missing ---- */

static vn_node nodes_then[NODES_MAX];

static void check_shortfall(uint64_t n)
{
	static vn_shortfall shortfall;
	vn_error err = { 0 };
	vn_host then = pair.host;
	int r = vn_place_shortfall(&pair.host, &pair.request, &pair.options, &shortfall, &err);
	int now = vn_place(&pair.host, &pair.request, &pair.options, &placement, &err);

	if (r < 0 || now == VN_OK) {
		if (r == VN_OK && shortfall.state != VN_SHORT_FITS)
			complain(n, "something is missing for a guest that fits", NULL);
		return;
	}
	if (shortfall.state == VN_SHORT_IMPOSSIBLE)
		return;
	memcpy(nodes_then, pair.nodes, sizeof(nodes_then));
	then.nodes = nodes_then;
	assert_int_equal(vn_host_count(&then, NULL), VN_OK);
	vn_host_relieve(&then, &shortfall);
	if (!shortfall.n_nodes)
		complain(n, "a refusal, and nothing is missing", &err);
	else if (vn_place(&then, &pair.request, &pair.options, &placement, &err) < 0)
		complain(n, "with what was missing it does not fit", &err);
}

/* One amount less on one node does not do, when the answer says it is exact. */
static void check_least(uint64_t n)
{
	static vn_shortfall shortfall, less;
	vn_error err = { 0 };
	vn_host then = pair.host;

	then.nodes = nodes_then;
	if (vn_place_shortfall(&pair.host, &pair.request, &pair.options, &shortfall, &err) < 0 ||
	    shortfall.state != VN_SHORT_CHANGE || !shortfall.exact)
		return;
	for (uint32_t i = 0; i < shortfall.n_nodes; i++) {
		int cpu = vn_cpuset_next(&shortfall.nodes[i].which, -1);

		for (uint32_t amount = 0; amount < 3; amount++) {
			uint64_t *kib = &less.nodes[i].mem_kib;

			less = shortfall;
			if (amount == 0 && cpu >= 0)
				vn_cpuset_del(&less.nodes[i].which, (unsigned)cpu);
			else if (amount == 1 && less.nodes[i].vcpus)
				less.nodes[i].vcpus--;
			else if (amount == 2 && *kib)
				*kib -= *kib < 1024 ? *kib : 1024;
			else
				continue;
			memcpy(nodes_then, pair.nodes, sizeof(nodes_then));
			assert_int_equal(vn_host_count(&then, NULL), VN_OK);
			vn_host_relieve(&then, &less);
			if (vn_place(&then, &pair.request, &pair.options, &placement, &err) ==
			    VN_OK)
				complain(n, "less would do", &err);
		}
	}
}

static void run(uint64_t usual, void (*check)(uint64_t n))
{
	uint64_t first, n_cases = cases_of_run(usual, &first);

	failures = 0;
	for (uint64_t n = first; n < first + n_cases; n++) {
		pair_make(&pair, seed, n);
		check(n);
	}
	assert_int_equal(failures, 0);
}

static void test_most(void **state)
{
	(void)state;
	run(CASES / 10, check_most);
}

static void test_shortfall(void **state)
{
	(void)state;
	run(CASES / 10, check_shortfall);
	run(CASES / 10, check_least);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lacks),
		cmocka_unit_test(test_most),
		cmocka_unit_test(test_shortfall),
	};

	seed = seed_of_run();
	printf("# VN_SEED=%" PRIu64 "\n", seed);
	return cmocka_run_group_tests_name("advice", tests, NULL, NULL);
}
