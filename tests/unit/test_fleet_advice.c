/* SPDX-License-Identifier: LGPL-2.1-or-later
 * What a fleet says beyond decisions, where the right answer is known by hand; and bad input. */
#include "vnuma/fleet_advice.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { GIB = 1 << 20, REQUESTS = 16 };

static vn_fleet *fleet;
static vn_request *requests[REQUESTS];
static uint32_t n_requests;

static int start(void **state)
{
	(void)state;
	n_requests = 0;
	return vn_fleet_new(NULL, &fleet, NULL);
}

static int stop(void **state)
{
	(void)state;
	vn_fleet_free(fleet);
	while (n_requests)
		vn_request_free(requests[--n_requests]);
	return 0;
}

/* n hosts of 4 GiB and `cpus` CPUs on each of their nodes. */
struct hardware {
	uint32_t nodes, cpus, threads, far; /* far: distance between nodes */
	uint64_t huge;			    /* KiB of the pages that half of the memory is in */
	uint32_t near;			    /* distance between the first two of three nodes */
};
static uint32_t add(struct hardware hw, const vn_fleet_host *as, uint32_t n)
{
	VN_AUTO_TEXT json = VN_TEXT_INIT;
	VN_AUTO(vn_host) host = NULL;
	vn_error err = { 0 };
	uint32_t cpu = 0, first;

	vn_text_addf(&json, "{\"cells\": [");
	for (uint32_t i = 0; i < hw.nodes; i++, cpu += hw.cpus) {
		vn_text_addf(&json, "%s{\"id\": %u, \"cpus\": \"%u-%u\", \"siblings\": [",
			     i ? ", " : "", i, cpu, cpu + hw.cpus - 1);
		for (uint32_t c = 0; c < hw.cpus; c += hw.threads)
			vn_text_addf(&json, "%s\"%u-%u\"", c ? ", " : "", cpu + c,
				     cpu + c + hw.threads - 1);
		vn_text_addf(&json,
			     "], \"mem_mib\": 4096, \"pages\": [{\"size_kib\": 4, \"total\": "
			     "%u}",
			     4 * GIB / 4 / (hw.huge ? 2 : 1));
		if (hw.huge)
			vn_text_addf(&json, ", {\"size_kib\": %llu, \"total\": %llu}",
				     (unsigned long long)hw.huge,
				     (unsigned long long)(2 * GIB / hw.huge));
		vn_text_addf(&json, "]}");
	}
	vn_text_addf(&json, "], \"distances\": [");
	for (uint32_t i = 0; i < hw.nodes * hw.nodes; i++) {
		uint32_t from = i / hw.nodes, to = i % hw.nodes;
		uint32_t far = hw.near && from < 2 && to < 2 ? hw.near : hw.far;

		vn_text_addf(&json, "%s%u%s",
			     to	    ? ", "
			     : from ? ", ["
				    : "[",
			     from == to ? 10 : far, to == hw.nodes - 1 ? "]" : "");
	}
	vn_text_addf(&json, "]}");
	if (vn_host_parse("host", json.bytes, json.len, &host, &err) < 0)
		fail_msg("%s: %s", err.text, json.bytes);
	if (vn_fleet_add(fleet, host, as, n, &first, &err) < 0)
		fail_msg("%s", err.text);
	return first;
}
static const struct hardware two_by_four = { 2, 4, 1, 20, 0 };

static const vn_request *guest_of(const char *const *specs, uint32_t n, uint32_t vcpus,
				  uint32_t mib)
{
	vn_request_words words = {
		.vcpus = vcpus, .mem_kib = (uint64_t)mib << 10, .n_specs = n, .specs = specs
	};
	vn_error err = { 0 };

	if (vn_request_from_words(&words, &requests[n_requests], &err) < 0)
		fail_msg("%s", err.text);
	return requests[n_requests++];
}

static const vn_request *guest(uint32_t vcpus, uint32_t mib, const char *a, const char *b)
{
	return guest_of((const char *[]){ a, b }, (a != NULL) + (b != NULL), vcpus, mib);
}

static uint32_t flavour_of(const char *const *specs, uint32_t n, uint32_t vcpus, uint32_t mib)
{
	vn_fleet_flavour f = { .request = guest_of(specs, n, vcpus, mib) };
	uint32_t number;

	assert_int_equal(vn_fleet_add_flavour(fleet, &f, &number, NULL), VN_OK);
	return number;
}
static uint32_t flavour(uint32_t vcpus, uint32_t mib, const char *a, const char *b)
{
	return flavour_of((const char *[]){ a, b }, (a != NULL) + (b != NULL), vcpus, mib);
}
static uint32_t pinned(uint32_t vcpus)
{
	return flavour(vcpus, 256, "hw:numa_nodes=1", "hw:cpu_policy=dedicated");
}

static uint32_t group(enum vn_group_rule rule, enum vn_group_scope scope, uint32_t most)
{
	vn_server_group g = { .rule = rule, .scope = scope, .most = most };
	uint32_t number;

	assert_int_equal(vn_fleet_add_group(fleet, &g, &number, NULL), VN_OK);
	return number;
}

static vn_fleet_ask ask(uint32_t of, uint32_t in)
{
	return (vn_fleet_ask){ .flavour = of, .group = in, .partition = VN_FLEET_NONE };
}

static vn_claim put(uint32_t of, uint32_t in, uint32_t host, uint64_t nodes)
{
	vn_fleet_choice choice = {
		.flavour = of, .group = in, .partition = VN_FLEET_NONE, .host = host, .nodes = nodes
	};
	vn_error err = { 0 };
	vn_claim claim;

	if (vn_fleet_claim(fleet, &choice, &claim, &err) < 0)
		fail_msg("%s", err.text);
	return claim;
}

/* ---- forecasts ---- */

static uint64_t how_many(uint32_t of, uint32_t in, const vn_label *within, uint32_t n_within)
{
	vn_fleet_ask a = ask(of, in);
	vn_fleet_forecast forecast;

	assert_int_equal(vn_fleet_forecast_ask(fleet, &a, within, n_within, &forecast, NULL),
			 VN_OK);
	assert_true(forecast.exact);
	return forecast.guests;
}

static void test_forecast(void **state)
{
	static const vn_label gold = { VN_LABEL_GROUP, "gold" }, lead = { VN_LABEL_GROUP, "lead" };
	vn_fleet_host as = { .n_labels = 1, .labels = &gold, .rack = "r0" };
	uint32_t two = pinned(2), three = pinned(3), huge = pinned(64), wide, isolated;
	uint32_t apart, together, racks;
	uint64_t fit;
	vn_fleet_ask a;

	(void)state;
	wide = flavour(2, 512, "hw:numa_nodes=2", "hw:cpu_policy=dedicated");
	isolated = flavour(2, 256, "hw:cpu_policy=dedicated", "hw:cpu_thread_policy=isolate");
	add(two_by_four, &as, 2);
	as.rack = "r1";
	as.n_labels = 0;
	add((struct hardware){ 1, 8, 2, 10, 0 }, &as, 1);
	apart = group(VN_GROUP_ANTI_AFFINITY, VN_SCOPE_HOST, 0);
	together = group(VN_GROUP_AFFINITY, VN_SCOPE_HOST, 0);
	racks = group(VN_GROUP_ANTI_AFFINITY, VN_SCOPE_RACK, 3);
	assert_int_equal(how_many(two, VN_FLEET_NONE, NULL, 0), 4 + 4 + 4);
	assert_int_equal(how_many(three, VN_FLEET_NONE, NULL, 0), 2 + 2 + 2);
	assert_int_equal(how_many(huge, VN_FLEET_NONE, NULL, 0), 0);
	assert_int_equal(how_many(wide, VN_FLEET_NONE, NULL, 0), 4 + 4);
	assert_int_equal(how_many(isolated, VN_FLEET_NONE, NULL, 0), 4 + 4 + 2);
	assert_int_equal(how_many(two, VN_FLEET_NONE, &gold, 1), 8);
	assert_int_equal(how_many(two, VN_FLEET_NONE, &lead, 1), 0);
	assert_int_equal(how_many(two, apart, NULL, 0), 3);
	assert_int_equal(how_many(two, together, NULL, 0), 4);
	assert_int_equal(how_many(two, racks, NULL, 0), 3 + 3);
	put(two, apart, 0, 1);
	put(two, together, 1, 2);
	put(two, racks, 1, 1);
	assert_int_equal(how_many(two, VN_FLEET_NONE, NULL, 0), 3 + 2 + 4);
	assert_int_equal(how_many(wide, VN_FLEET_NONE, NULL, 0), 2 + 2);
	assert_int_equal(how_many(two, apart, NULL, 0), 2);
	assert_int_equal(how_many(two, together, NULL, 0), 2);
	assert_int_equal(how_many(two, racks, NULL, 0), 2 + 3);
	assert_int_equal(vn_fleet_set_state(fleet, 2, VN_HOST_DRAINING, NULL), VN_OK);
	assert_int_equal(how_many(two, VN_FLEET_NONE, NULL, 0), 5);
	a = ask(two, VN_FLEET_NONE);
	a.n_excluded = 1;
	a.excluded = (uint32_t[]){ 0 };
	{
		vn_fleet_forecast forecast = { 0 };

		assert_int_equal(vn_fleet_forecast_ask(fleet, &a, NULL, 0, &forecast, NULL), VN_OK);
		fit = forecast.guests;
		assert_int_equal(forecast.hosts, 1);
		assert_int_equal(forecast.most, 2);
	}
	assert_int_equal(fit, 2);
}

/* Two cells of isolated CPUs go on nodes 0 and 1, which are near, and leave node 2 to nobody. */
static void test_forecast_all_ways(void **state)
{
	uint32_t one = pinned(1), pair;
	vn_fleet_batch batch = { .n = 2 };
	vn_claim claims[2];
	vn_claim_info info;
	uint32_t n = 0;

	(void)state;
	pair = flavour_of((const char *[]){ "hw:numa_nodes=2", "hw:cpu_policy=dedicated",
					    "hw:cpu_thread_policy=isolate" },
			  3, 2, 512);
	add((struct hardware){ 3, 2, 1, 30, 0, 12 }, NULL, 1);
	put(one, VN_FLEET_NONE, 0, 1);
	put(one, VN_FLEET_NONE, 0, 2);
	assert_int_equal(how_many(pair, VN_FLEET_NONE, NULL, 0), 2);
	batch.ask = ask(pair, VN_FLEET_NONE);
	assert_int_equal(vn_fleet_place_batch(fleet, &batch, claims, &n, NULL), VN_OK);
	for (uint32_t i = 0; i < 2; i++) {
		assert_int_equal(vn_fleet_claim_info(fleet, claims[i], &info, NULL), VN_OK);
		assert_true(info.nodes & 4);
	}
}

static void test_forecast_bad(void **state)
{
	vn_label nothing = { VN_LABEL_GROUP, NULL };
	vn_fleet_ask a = ask(7, VN_FLEET_NONE);
	vn_fleet_forecast forecast = { .guests = 77 };
	vn_error err = { 0 };
	uint32_t one;

	(void)state;
	assert_int_equal(vn_fleet_forecast_ask(fleet, &a, NULL, 0, &forecast, &err), VN_E_RANGE);
	assert_string_equal(err.text, "there is no flavour 7 (the fleet has 0)");
	one = pinned(1);
	assert_int_equal(how_many(one, VN_FLEET_NONE, NULL, 0), 0); /* no hosts */
	a = ask(one, 3);
	assert_int_equal(vn_fleet_forecast_ask(fleet, &a, NULL, 0, &forecast, &err), VN_E_RANGE);
	assert_string_equal(err.text, "there is no server group 3 (the fleet has 0)");
	a = ask(one, VN_FLEET_NONE);
	assert_int_equal(vn_fleet_forecast_ask(fleet, &a, &nothing, 1, &forecast, &err),
			 VN_E_RANGE);
	a.n_only = 1;
	a.only = (uint32_t[]){ 5 };
	assert_int_equal(vn_fleet_forecast_ask(fleet, &a, NULL, 0, &forecast, &err), VN_E_RANGE);
	assert_int_equal(forecast.guests, 77);
}

/* ---- batches ---- */

static uint32_t count_on(uint32_t host)
{
	vn_fleet_host_info info;

	assert_int_equal(vn_fleet_host_info_of(fleet, host, &info, NULL), VN_OK);
	return info.n_claims;
}

static void test_batch(void **state)
{
	static const char *const racks[] = { "r0", "r0", "r1" };
	vn_claim claims[16];
	vn_fleet_batch batch = { 0 };
	vn_error err = { 0 };
	uint32_t n = 0, two = pinned(2);

	(void)state;
	for (uint32_t i = 0; i < 3; i++)
		add(two_by_four, &(vn_fleet_host){ .rack = racks[i] }, 1);
	batch = (vn_fleet_batch){ .ask = ask(two, VN_FLEET_NONE), .n = 13 };
	assert_int_equal(vn_fleet_place_batch(fleet, &batch, claims, &n, &err), VN_E_NOFIT);
	assert_string_equal(err.text, "12 of 13 guests 'flavour 0' fit");
	assert_int_equal(count_on(0) + count_on(1) + count_on(2), 0);
	assert_int_equal(n, 0);
	/* 4 on each rack */
	batch.n = 8;
	batch.over = VN_OVER_RACK;
	assert_int_equal(vn_fleet_place_batch(fleet, &batch, claims, &n, &err), VN_OK);
	assert_int_equal(n, 8);
	assert_int_equal(count_on(0) + count_on(1), 4);
	assert_int_equal(count_on(2), 4);
	/* the second rack is full */
	batch.n = 2;
	batch.skew = 1;
	assert_int_equal(vn_fleet_place_batch(fleet, &batch, claims, &n, &err), VN_E_NOFIT);
	assert_string_equal(err.text,
			    "1 of 2 guests 'flavour 0' fit, spread evenly over each rack");
	assert_int_equal(count_on(0) + count_on(1), 4);
	batch.some = true;
	assert_int_equal(vn_fleet_place_batch(fleet, &batch, claims, &n, &err), VN_OK);
	assert_int_equal(n, 1);
	batch.n = 0;
	assert_int_equal(vn_fleet_place_batch(fleet, &batch, claims, &n, &err), VN_E_RANGE);
	assert_string_equal(err.text, "a batch of 0 guests (legal: 1-1048576)");
	batch.n = 1;
	batch.over = (enum vn_fleet_over)99;
	assert_int_equal(vn_fleet_place_batch(fleet, &batch, claims, &n, &err), VN_E_RANGE);
}

/* The policy would start on the host where only two fit. */
static void test_batch_together(void **state)
{
	vn_fleet_policy policy;
	vn_fleet_batch batch = { 0 };
	vn_claim claims[4];
	uint32_t n = 0, two = pinned(2), in;

	(void)state;
	assert_int_equal(vn_fleet_policy_parse("first", &policy, NULL), VN_OK);
	assert_int_equal(vn_fleet_set_policy(fleet, &policy, NULL), VN_OK);
	add((struct hardware){ 1, 4, 1, 10, 0 }, NULL, 1);
	add(two_by_four, NULL, 1);
	in = group(VN_GROUP_AFFINITY, VN_SCOPE_HOST, 0);
	batch = (vn_fleet_batch){ .ask = ask(two, in), .n = 4 };
	assert_int_equal(vn_fleet_place_batch(fleet, &batch, claims, &n, NULL), VN_OK);
	assert_int_equal(count_on(0), 0);
	assert_int_equal(count_on(1), 4);
}

/* ---- plans ---- */

static void make_moves(const vn_fleet_plan *plan)
{
	for (uint32_t i = 0; i < plan->n_moves; i++) {
		vn_error err = { 0 };
		vn_claim claim;

		if (vn_fleet_move_claim(fleet, &plan->moves[i], &claim, &err) < 0)
			fail_msg("move %u: %s", i, err.text);
	}
}

static void test_drain(void **state)
{
	uint32_t one = pinned(1), four = pinned(4), hosts[] = { 0 }, in;
	vn_fleet_plan plan = { 0 };

	(void)state;
	add(two_by_four, NULL, 1);
	add((struct hardware){ 1, 4, 1, 10, 0 }, NULL, 2);
	in = group(VN_GROUP_AFFINITY, VN_SCOPE_HOST, 0);
	/* The pair has to stay together, the large one needs a host of its own. */
	put(one, in, 0, 1);
	put(four, VN_FLEET_NONE, 0, 2);
	put(one, in, 0, 1);
	assert_int_equal(vn_fleet_plan_drain(fleet, hosts, 1, &plan, NULL), VN_OK);
	assert_int_equal(plan.n_moves, 3);
	assert_int_equal(plan.n_stuck, 0);
	assert_int_equal(plan.moves[0].flavour, four);
	assert_int_equal(plan.moves[1].to, plan.moves[2].to);
	assert_int_equal(plan.moves[1].unit, plan.moves[2].unit);
	assert_int_equal(plan.vcpus, 6);
	assert_int_equal(plan.mem_kib, 3 * 256 << 10);
	assert_int_equal(count_on(0), 3); /* it is but a plan */
	make_moves(&plan);
	assert_int_equal(count_on(0), 0);
	vn_fleet_plan_clear(&plan);
	assert_null(plan.moves);
}

static void test_drain_stuck(void **state)
{
	uint32_t one = pinned(1), four = pinned(4), hosts[] = { 0, 9 };
	vn_fleet_plan plan = { 0 };
	vn_error err = { 0 };

	(void)state;
	add((struct hardware){ 2, 6, 1, 20, 0 }, NULL, 1);
	add((struct hardware){ 1, 4, 1, 10, 0 }, NULL, 1);
	add((struct hardware){ 1, 2, 1, 10, 0 }, NULL, 1);
	put(four, VN_FLEET_NONE, 0, 1);
	put(four, VN_FLEET_NONE, 0, 2);
	put(one, VN_FLEET_NONE, 0, 2);
	assert_int_equal(vn_fleet_plan_drain(fleet, hosts, 1, &plan, NULL), VN_OK);
	assert_int_equal(plan.n_moves, 2);
	assert_int_equal(plan.n_stuck, 1);
	assert_true(plan.exact);
	assert_int_equal(plan.stuck[0].flavour, four);
	assert_true(plan.stuck[0].alone);
	assert_int_equal(plan.stuck[0].why.removed[VN_FILTER_EXCLUDED], 1);
	assert_int_equal(plan.stuck[0].why.removed[VN_FILTER_FIT], 2);
	vn_fleet_plan_clear(&plan);
	assert_int_equal(vn_fleet_set_state(fleet, 1, VN_HOST_DISABLED, NULL), VN_OK);
	assert_int_equal(vn_fleet_plan_drain(fleet, hosts, 1, &plan, NULL), VN_OK);
	assert_int_equal(plan.n_stuck, 2);
	assert_false(plan.stuck[0].alone);
	assert_int_equal(plan.stuck[0].why.removed[VN_FILTER_STATE], 1);
	vn_fleet_plan_clear(&plan);
	assert_int_equal(vn_fleet_plan_drain(fleet, hosts, 2, &plan, &err), VN_E_RANGE);
	assert_string_equal(err.text, "there is no host 9 (the fleet has 3)");
	assert_int_equal(vn_fleet_plan_drain(fleet, NULL, 0, &plan, &err), VN_OK);
	assert_int_equal(plan.n_moves + plan.n_stuck, 0);
	vn_fleet_plan_clear(&plan);
}

static void test_defragment(void **state)
{
	uint32_t one = pinned(1), two = pinned(2), four = pinned(4), eight = pinned(8);
	vn_fleet_ask a = ask(four, VN_FLEET_NONE);
	vn_fleet_plan plan = { 0 };
	vn_error err = { 0 };
	vn_claim claim;

	(void)state;
	add((struct hardware){ 1, 4, 1, 10, 0 }, NULL, 3);
	put(one, VN_FLEET_NONE, 0, 1);
	put(one, VN_FLEET_NONE, 0, 1);
	put(two, VN_FLEET_NONE, 1, 1);
	put(two, VN_FLEET_NONE, 2, 1);
	/* One move: the 2 of host 1 to host 0 or 2. */
	assert_int_equal(vn_fleet_plan_defragment(fleet, &a, 0, &plan, NULL), VN_OK);
	assert_int_equal(plan.n_moves, 1);
	assert_true(plan.exact);
	assert_int_equal(plan.moves[0].flavour, two);
	assert_int_equal(plan.choice.host, plan.moves[0].from);
	make_moves(&plan);
	assert_int_equal(vn_fleet_claim(fleet, &plan.choice, &claim, NULL), VN_OK);
	vn_fleet_plan_clear(&plan);
	/* Nothing is left where a second one could go. */
	assert_int_equal(vn_fleet_plan_defragment(fleet, &a, 0, &plan, &err), VN_E_NOFIT);
	a.flavour = eight;
	assert_int_equal(vn_fleet_plan_defragment(fleet, &a, 0, &plan, &err), VN_E_NOFIT);
	assert_string_equal(err.text, "no host would hold 'flavour 3', not even if all of its "
				      "guests left it");
	a.flavour = one; /* fits as it is */
	vn_fleet_release(fleet, claim, NULL);
	assert_int_equal(vn_fleet_plan_defragment(fleet, &a, 0, &plan, &err), VN_OK);
	assert_int_equal(plan.n_moves, 0);
	vn_fleet_plan_clear(&plan);
	a.flavour = 55;
	assert_int_equal(vn_fleet_plan_defragment(fleet, &a, 0, &plan, &err), VN_E_RANGE);
}

static void test_defragment_many(void **state)
{
	uint32_t one = pinned(1), eight = pinned(8);
	vn_fleet_ask a = ask(eight, VN_FLEET_NONE);
	vn_fleet_plan plan = { 0 };
	vn_error err = { 0 };

	(void)state;
	add((struct hardware){ 1, 8, 1, 10, 0 }, NULL, 2);
	for (uint32_t i = 0; i < 8; i++)
		put(one, VN_FLEET_NONE, i % 2, 1);
	a.n_excluded = 1;
	a.excluded = (uint32_t[]){ 1 };
	assert_int_equal(vn_fleet_plan_defragment(fleet, &a, 3, &plan, &err), VN_E_NOFIT);
	assert_string_equal(err.text, "no so few moves make room for 'flavour 1'");
	assert_int_equal(vn_fleet_plan_defragment(fleet, &a, 0, &plan, &err), VN_OK);
	assert_int_equal(plan.n_moves, 4);
	assert_int_equal(plan.choice.host, 0);
	assert_true(plan.exact); /* three were tried, and four do */
	make_moves(&plan);
	assert_int_equal(count_on(0), 0);
	vn_fleet_plan_clear(&plan);
}

static void test_move(void **state)
{
	uint32_t four = pinned(4), hosts[] = { 0 };
	vn_fleet_plan plan = { 0 };
	vn_claim_info info;
	vn_claim claim, moved, other;
	vn_error err = { 0 };

	(void)state;
	add((struct hardware){ 1, 4, 1, 10, 0 }, NULL, 2);
	claim = put(four, VN_FLEET_NONE, 0, 1);
	assert_int_equal(vn_fleet_plan_drain(fleet, hosts, 1, &plan, NULL), VN_OK);
	assert_int_equal(plan.n_moves, 1);
	other = put(four, VN_FLEET_NONE, 1, 1); /* somebody else was faster */
	assert_int_equal(vn_fleet_move_claim(fleet, plan.moves, &moved, &err), VN_E_NOFIT);
	assert_int_equal(vn_fleet_claim_info(fleet, claim, &info, NULL), VN_OK);
	assert_int_equal(info.host, 0);
	assert_int_equal(vn_fleet_release(fleet, other, NULL), VN_OK);
	assert_int_equal(vn_fleet_move_claim(fleet, plan.moves, &moved, &err), VN_OK);
	assert_int_equal(vn_fleet_claim_info(fleet, moved, &info, NULL), VN_OK);
	assert_int_equal(info.host, 1);
	assert_int_equal(vn_fleet_move_claim(fleet, plan.moves, &moved, &err), VN_E_RANGE);
	plan.moves[0].claim = moved; /* but it is on host 1 */
	assert_int_equal(vn_fleet_move_claim(fleet, plan.moves, &moved, &err), VN_E_RANGE);
	assert_string_equal(err.text, "the claim is on host 1 and not on host 0");
	vn_fleet_plan_clear(&plan);
}

/* ---- a guest for every host ---- */

static void test_common(void **state)
{
	const vn_request *large = guest(4, 2048, "hw:cpu_policy=dedicated", "hw:mem_page_size=any");
	uint32_t hosts[] = { 0, 2 };
	vn_fleet_common common = { 0 };

	(void)state;
	add((struct hardware){ 2, 8, 2, 20, 2048 }, NULL, 2); /* two threads in a core */
	add((struct hardware){ 4, 3, 1, 31, 1048576 }, NULL, 1);
	/* Host 2 has 3 CPUs on a node: two cells; threads, and pages of 2 MiB, only host 0 has. */
	assert_int_equal(vn_fleet_common_guest(fleet, hosts, 2, large, &common, NULL), VN_OK);
	assert_int_equal(common.n_kinds, 2);
	assert_int_equal(common.n_cells, 2);
	assert_int_equal(common.vcpus[0], 2);
	assert_int_equal(common.mem_kib[1], GIB);
	assert_int_equal(common.topology.threads, 1);
	assert_int_equal(common.n_pages, 1);
	assert_int_equal(common.page_kib[0], 4);
	assert_int_equal(common.request->pages[0].want, VN_PAGES_SIZE);
	assert_int_equal(common.request->pages[0].page_kib, 4);
	assert_int_equal(common.distance[0], 10);
	assert_int_equal(common.distance[1], 31);
	vn_fleet_common_clear(&common);
	/* On host 0 alone: one cell, two threads, large pages. */
	assert_int_equal(vn_fleet_common_guest(fleet, hosts, 1, large, &common, NULL), VN_OK);
	assert_int_equal(common.n_cells, 1);
	assert_int_equal(common.topology.threads, 2);
	assert_int_equal(common.request->pages[0].page_kib, 2048);
	vn_fleet_common_clear(&common);
	/* The largest: all hosts have two nodes with three CPUs; pages leave 2 GiB ordinary memory.
	 */
	assert_int_equal(vn_fleet_common_guest(fleet, NULL, 0, NULL, &common, NULL), VN_OK);
	assert_int_equal(common.n_cells, 2);
	assert_int_equal(common.vcpus[0], 3);
	assert_int_equal(common.mem_kib[0], 2 * GIB);
	vn_fleet_common_clear(&common);
}

static void test_common_none(void **state)
{
	const vn_request *four = guest(4, 1024, "hw:numa_nodes=4", NULL);
	const vn_request *twelve = guest(12, 1024, "hw:cpu_policy=dedicated", NULL);
	const vn_request *huge = guest(2, 1024, "hw:numa_nodes=1", "hw:mem_page_size=large");
	uint32_t hosts[] = { 0, 1, 5 };
	vn_fleet_common common = { 0 };
	vn_error err = { 0 };

	(void)state;
	assert_int_equal(vn_fleet_common_guest(fleet, NULL, 0, NULL, &common, &err), VN_E_RANGE);
	add((struct hardware){ 2, 8, 1, 20, 2048 }, &(vn_fleet_host){ .name = "big" }, 1);
	add((struct hardware){ 2, 4, 1, 20, 0 }, &(vn_fleet_host){ .name = "small" }, 1);
	assert_int_equal(vn_fleet_common_guest(fleet, hosts, 2, four, &common, &err), VN_E_NOFIT);
	assert_string_equal(err.text, "the guest has 4 cells, and some of the hosts only 2 nodes");
	assert_int_equal(vn_fleet_common_guest(fleet, hosts, 2, twelve, &common, &err), VN_E_NOFIT);
	assert_non_null(strstr(err.text, "does not go on hosts like small: "));
	assert_int_equal(vn_fleet_common_guest(fleet, hosts, 2, huge, &common, &err), VN_E_NOFIT);
	assert_non_null(strstr(err.text, "no page size in common"));
	assert_int_equal(vn_fleet_common_guest(fleet, hosts, 3, four, &common, &err), VN_E_RANGE);
	assert_null(common.request);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_forecast, start, stop),
		cmocka_unit_test_setup_teardown(test_forecast_all_ways, start, stop),
		cmocka_unit_test_setup_teardown(test_forecast_bad, start, stop),
		cmocka_unit_test_setup_teardown(test_batch, start, stop),
		cmocka_unit_test_setup_teardown(test_batch_together, start, stop),
		cmocka_unit_test_setup_teardown(test_drain, start, stop),
		cmocka_unit_test_setup_teardown(test_drain_stuck, start, stop),
		cmocka_unit_test_setup_teardown(test_defragment, start, stop),
		cmocka_unit_test_setup_teardown(test_defragment_many, start, stop),
		cmocka_unit_test_setup_teardown(test_move, start, stop),
		cmocka_unit_test_setup_teardown(test_common, start, stop),
		cmocka_unit_test_setup_teardown(test_common_none, start, stop),
	};

	return cmocka_run_group_tests_name("fleet advice", tests, NULL, NULL);
}
