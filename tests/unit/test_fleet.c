/* SPDX-License-Identifier: LGPL-2.1-or-later
 * The fleet by hand: policies, labels, server groups, explanations, claims, and what is refused. */
#include "fleet_bed.h"

/* ---- policies ---- */

static void test_policy_parse(void **state)
{
	static const struct {
		const char *text;
		enum vn_code code;
		uint32_t column;
		enum vn_weigher weigher, tie;
		uint32_t weight;
	} rows[] = {
		{ "slots", VN_OK, 0, VN_WEIGH_SLOTS, VN_WEIGH_HOST_FIRST, 1 },
		{ "slots/first", VN_OK, 0, VN_WEIGH_SLOTS, VN_WEIGH_FIRST, 1 },
		{ "fragments=2,slots=7", VN_OK, 0, VN_WEIGH_SLOTS, VN_WEIGH_HOST_FIRST, 7 },
		{ "best", VN_OK, 0, VN_WEIGH_BEST, VN_WEIGH_FIRST, 1 },
		{ "host-first", VN_OK, 0, VN_WEIGH_HOST_FIRST, VN_WEIGH_FIRST, 1 },
		{ "balance-published", VN_OK, 0, VN_WEIGH_BALANCE_PUBLISHED, VN_WEIGH_FIRST, 1 },
		{ "", VN_E_RANGE, 1, 0, 0, 0 },
		{ "nonsense", VN_E_RANGE, 1, 0, 0, 0 },
		{ "best,nonsense", VN_E_RANGE, 6, 0, 0, 0 },
		{ "best,best", VN_E_SYNTAX, 6, 0, 0, 0 },
		{ "best=x", VN_E_SYNTAX, 6, 0, 0, 0 },
		{ "best=99999999", VN_E_RANGE, 6, 0, 0, 0 },
		{ "best/", VN_E_RANGE, 6, 0, 0, 0 },
		{ "best x", VN_E_SYNTAX, 5, 0, 0, 0 },
		{ "best/random", VN_E_RANGE, 0, 0, 0, 0 },
		{ "random,best", VN_E_CONFLICT, 0, 0, 0, 0 },
		{ "balance-published=1,slots", VN_E_CONFLICT, 0, 0, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < VN_LEN(rows); i++) {
		vn_fleet_policy policy = { .tie = VN_WEIGH_WORST };
		vn_error err = { 0 };

		assert_int_equal(vn_fleet_policy_parse(rows[i].text, &policy, &err), rows[i].code);
		assert_int_equal(err.column, rows[i].column);
		assert_int_equal(policy.tie, rows[i].code ? VN_WEIGH_WORST : rows[i].tie);
		if (!rows[i].code)
			assert_int_equal(policy.weights[rows[i].weigher], rows[i].weight);
	}
}

/* The example of lib/fleet/README.md. */
static void test_example_by_hand(void **state)
{
	struct bed bed;
	uint32_t small, large;
	vn_fleet_explain explain;
	vn_fleet_ask ask;
	vn_error err = { 0 };
	vn_claim claims[3];

	(void)state;
	bed_make(&bed, "slots");
	bed_hosts(&bed, NULL, 2);
	small = bed_flavour(&bed, 2, 4096, 1, NULL);
	large = bed_flavour(&bed, 8, 16384, 2, NULL);
	must(vn_fleet_set_demand(bed.fleet, small, 3, &err), &err);
	must(vn_fleet_set_demand(bed.fleet, large, 1, &err), &err);
	assert_int_equal(vn_fleet_weight(bed.fleet, small), 6);
	assert_int_equal(vn_fleet_weight(bed.fleet, large), 8);
	ask = ask_for(small);
	for (uint32_t i = 0; i < 2; i++) {
		must(vn_fleet_claim_on(bed.fleet, &ask, 1, &claims[i], &err), &err);
	}
	ask.explain = &explain;
	assert_int_equal(decide(&bed, &ask), 1);
	assert_int_equal(explain.values[0][VN_WEIGH_SLOTS], 6);	 /* only its own slot */
	assert_int_equal(explain.values[1][VN_WEIGH_SLOTS], 14); /* and one of the large ones */
	assert_string_equal(explain.decided, "weighers");
	bed_free(&bed);
}

/* ---- labels, use, state ---- */

static void test_filters(void **state)
{
	static const vn_label fast = { VN_LABEL_TRAIT, "fast" }, north = { VN_LABEL_ZONE, "north" };
	static const vn_label gpu = { VN_LABEL_GROUP, "gpu" };
	const vn_label both[] = { fast, north };
	const vn_fleet_host as[] = {
		{ 0 },
		{ .n_labels = 2, .labels = both },
		{ .n_labels = 1, .labels = &gpu },
		{ .state = VN_HOST_DRAINING },
		{ .use = VN_USE_DEDICATED },
	};
	const vn_fleet_flavour likes[] = {
		{ .n_required = 1, .required = &fast },
		{ .n_forbidden = 1, .forbidden = &gpu, .n_required = 1, .required = &north },
		{ .n_one_of = 1, .one_of = &gpu },
	};
	vn_fleet_explain explain;
	struct bed bed;
	vn_fleet_ask ask;

	(void)state;
	bed_make(&bed, "first");
	for (size_t i = 0; i < VN_LEN(as); i++)
		bed_hosts(&bed, &as[i], 1);
	for (size_t i = 0; i < VN_LEN(likes); i++)
		bed_flavour(&bed, 1, 1024, 1, &likes[i]);
	ask = ask_for(0);
	ask.explain = &explain;
	assert_int_equal(decide(&bed, &ask), 1);
	assert_int_equal(explain.removed[VN_FILTER_TRAIT], 2);
	assert_int_equal(explain.removed[VN_FILTER_STATE], 1);
	assert_int_equal(explain.removed[VN_FILTER_USE], 1);
	assert_int_equal(explain.left, 1);
	assert_string_equal(explain.decided, "only one");
	ask.flavour = 1;
	assert_int_equal(decide(&bed, &ask), 1);
	assert_int_equal(explain.removed[VN_FILTER_ZONE], 2);
	ask.flavour = 2;
	assert_int_equal(decide(&bed, &ask), 2);
	assert_int_equal(explain.removed[VN_FILTER_GROUP], 2);
	assert_int_equal(vn_fleet_set_state(bed.fleet, 2, VN_HOST_DISABLED, NULL), VN_OK);
	assert_int_equal(decide(&bed, &ask), VN_FLEET_NONE);
	assert_int_equal(vn_fleet_set_state(bed.fleet, 2, VN_HOST_ENABLED, NULL), VN_OK);
	assert_int_equal(decide(&bed, &ask), 2); /* it has kept its labels */
	bed_free(&bed);
}

static void test_why_it_does_not_fit(void **state)
{
	vn_fleet_explain explain;
	struct bed bed;
	vn_fleet_ask ask;
	vn_error err = { 0 };
	uint32_t n;
	vn_fleet_choice choice;

	(void)state;
	bed_make(&bed, "first");
	bed_hosts(&bed, NULL, 3);
	ask = ask_for(bed_flavour(&bed, 2, 20000, 1, NULL));
	ask.explain = &explain;
	assert_int_equal(vn_fleet_decide(bed.fleet, &ask, 1, &choice, &n, &err), VN_E_NOFIT);
	assert_string_equal(err.text, "no host for 'flavour 0': of 3, 3 pass its labels, and none "
				      "of them has room");
	assert_int_equal(explain.removed[VN_FILTER_FIT], 3);
	assert_int_equal(explain.needs[VN_NEED_MEMORY], 3);
	bed_free(&bed);
}

/* ---- server groups ---- */

static void test_groups(void **state)
{
	static const vn_server_group rules[] = {
		{ VN_GROUP_AFFINITY, VN_SCOPE_HOST, false, 0 },
		{ VN_GROUP_ANTI_AFFINITY, VN_SCOPE_RACK, false, 0 },
		{ VN_GROUP_ANTI_AFFINITY, VN_SCOPE_RACK, true, 0 },
		{ VN_GROUP_PARTITION, VN_SCOPE_DOMAIN, false, 0 },
		{ VN_GROUP_AFFINITY, VN_SCOPE_RACK, false, 0 },
	};
	struct bed bed;
	vn_fleet_ask ask;
	uint32_t groups[VN_LEN(rules)];

	(void)state;
	bed_make(&bed, "first");
	bed_hosts(&bed, &(vn_fleet_host){ .rack = "a", .domain = "1" }, 2);
	bed_hosts(&bed, &(vn_fleet_host){ .rack = "b", .domain = "2" }, 2);
	for (size_t i = 0; i < VN_LEN(rules); i++)
		assert_int_equal(vn_fleet_add_group(bed.fleet, &rules[i], &groups[i], NULL), VN_OK);
	ask = ask_for(bed_flavour(&bed, 1, 1024, 1, NULL));

	ask.group = groups[0];
	ask.n_excluded = 1;
	ask.excluded = &(uint32_t){ 0 };
	take(&bed, &ask);
	ask.n_excluded = 0;
	assert_int_equal(decide(&bed, &ask), 1); /* where the first one is */

	ask.group = groups[1];
	take(&bed, &ask);
	assert_int_equal(decide(&bed, &ask), 2);
	take(&bed, &ask);
	assert_int_equal(decide(&bed, &ask), VN_FLEET_NONE); /* two racks, no third */

	ask.group = groups[2];
	take(&bed, &ask);
	take(&bed, &ask);
	assert_int_equal(decide(&bed, &ask), 0); /* soft: the rule gives way */

	ask.group = groups[3];
	ask.partition = 7;
	take(&bed, &ask);
	assert_int_equal(decide(&bed, &ask), 0);
	ask.partition = 8;
	assert_int_equal(decide(&bed, &ask), 2);

	ask.group = groups[4];
	ask.n_excluded = 2;
	ask.excluded = (uint32_t[]){ 0, 1 };
	take(&bed, &ask); /* host 2 */
	ask.excluded = (uint32_t[]){ 2, 2 };
	assert_int_equal(decide(&bed, &ask), 3);
	bed_free(&bed);
}

/* ---- alternatives, claims ---- */

static void test_alternatives(void **state)
{
	vn_fleet_choice choices[8];
	struct bed bed;
	vn_fleet_ask ask;
	uint32_t n;

	(void)state;
	bed_make(&bed, "host-first");
	bed_hosts(&bed, NULL, 5);
	ask = ask_for(bed_flavour(&bed, 1, 1024, 1, NULL));
	for (uint32_t host = 2; host < 4; host++) {
		vn_claim claim;

		assert_int_equal(vn_fleet_claim_on(bed.fleet, &ask, host, &claim, NULL), VN_OK);
	}
	assert_int_equal(vn_fleet_decide(bed.fleet, &ask, 8, choices, &n, NULL), VN_OK);
	assert_int_equal(n, 5);
	for (uint32_t i = 0; i < n; i++)
		assert_int_equal(choices[i].host, ((uint32_t[]){ 2, 3, 0, 1, 4 })[i]);
	ask.n_only = 2;
	ask.only = (uint32_t[]){ 4, 3 };
	assert_int_equal(vn_fleet_decide(bed.fleet, &ask, 8, choices, &n, NULL), VN_OK);
	assert_int_equal(n, 2);
	assert_int_equal(choices[0].host, 3);
	bed_free(&bed);
}

static void test_random_is_fair(void **state)
{
	uint32_t seen[4] = { 0 };
	struct bed bed;
	vn_fleet_ask ask;
	vn_claim claim;

	(void)state;
	bed_make(&bed, "random");
	bed_hosts(&bed, NULL, 4);
	ask = ask_for(bed_flavour(&bed, 1, 1024, 1, NULL));
	assert_int_equal(vn_fleet_claim_on(bed.fleet, &ask, 1, &claim, NULL), VN_OK);
	for (uint32_t i = 0; i < 4000; i++)
		seen[decide(&bed, &ask)]++;
	for (uint32_t i = 0; i < 4; i++)
		assert_in_range(seen[i], 850, 1150);
	bed_free(&bed);
}

static void test_claims(void **state)
{
	struct bed bed;
	vn_fleet_ask ask;
	vn_claim claim, list[4];
	vn_claim_info info;
	vn_placement *placement = test_malloc(sizeof(*placement));
	uint32_t n;

	(void)state;
	bed_make(&bed, "first");
	bed_hosts(&bed, &(vn_fleet_host){ .name = "blade" }, 2);
	ask = ask_for(bed_flavour(&bed, 4, 4096, 2, NULL));
	claim = take(&bed, &ask);
	assert_int_equal(vn_fleet_claim_info(bed.fleet, claim, &info, NULL), VN_OK);
	assert_int_equal(info.nodes, 3);
	assert_int_equal(vn_fleet_claim_placement(bed.fleet, claim, placement, NULL), VN_OK);
	assert_int_equal(placement->n_cells, 2);
	assert_int_equal(vn_fleet_host_now(bed.fleet, 0)->nodes[1].cpu_usage, 2);
	assert_int_equal(vn_fleet_host_claims(bed.fleet, 0, list, 4, &n, NULL), VN_OK);
	assert_int_equal(n, 1);
	assert_int_equal(list[0], claim);
	assert_int_equal(vn_fleet_release(bed.fleet, claim, NULL), VN_OK);
	assert_int_equal(vn_fleet_release(bed.fleet, claim, NULL), VN_E_RANGE);
	assert_int_equal(vn_fleet_claim_info(bed.fleet, claim, &info, NULL), VN_E_RANGE);
	assert_int_equal(vn_fleet_host_now(bed.fleet, 0)->nodes[1].cpu_usage, 0);
	test_free(placement);
	bed_free(&bed);
}

static void test_full_hosts_refuse(void **state)
{
	struct bed bed;
	vn_fleet_ask ask;
	vn_fleet_choice choice;
	vn_error err = { 0 };
	vn_claim claim;
	uint32_t n;

	(void)state;
	bed_make(&bed, "first");
	bed_hosts(&bed, NULL, 1);
	ask = ask_for(bed_flavour(&bed, 8, 8192, 1, NULL));
	assert_int_equal(vn_fleet_decide(bed.fleet, &ask, 1, &choice, &n, NULL), VN_OK);
	assert_int_equal(vn_fleet_claim(bed.fleet, &choice, &claim, NULL), VN_OK);
	/* the same choice again: somebody was faster */
	assert_int_equal(vn_fleet_claim(bed.fleet, &choice, &claim, &err), VN_E_NOFIT);
	assert_string_equal(err.text, "'flavour 0' does not fit on node 0 of host 0");
	take(&bed, &ask);
	assert_int_equal(vn_fleet_claim_on(bed.fleet, &ask, 0, &claim, NULL), VN_E_NOFIT);
	bed_free(&bed);
}

/* ---- names, numbers, what is not there ---- */

static void test_names(void **state)
{
	struct bed bed;
	char name[64];

	(void)state;
	bed_make(&bed, "first");
	bed_hosts(&bed, &(vn_fleet_host){ .name = "blade" }, 12);
	bed_hosts(&bed, &(vn_fleet_host){ .name = "lone7" }, 1);
	bed_hosts(&bed, NULL, 1);
	assert_string_equal(vn_fleet_host_name(bed.fleet, 11, name, sizeof(name)), "blade11");
	assert_string_equal(vn_fleet_host_name(bed.fleet, 12, name, sizeof(name)), "lone7");
	assert_string_equal(vn_fleet_host_name(bed.fleet, 13, name, sizeof(name)), "host 13");
	assert_int_equal(vn_fleet_host_find(bed.fleet, "blade10"), 10);
	assert_int_equal(vn_fleet_host_find(bed.fleet, "blade0"), 0);
	assert_int_equal(vn_fleet_host_find(bed.fleet, "blade01"), VN_FLEET_NONE);
	assert_int_equal(vn_fleet_host_find(bed.fleet, "blade12"), VN_FLEET_NONE);
	assert_int_equal(vn_fleet_host_find(bed.fleet, "lone7"), 12);
	assert_int_equal(vn_fleet_host_find(bed.fleet, ""), VN_FLEET_NONE);
	bed_free(&bed);
}

static void test_numbers_that_are_none(void **state)
{
	static const vn_label zones[] = { { VN_LABEL_ZONE, "a" }, { VN_LABEL_ZONE, "b" } };
	static const vn_label unnamed = { VN_LABEL_TRAIT, "" };
	struct bed bed;
	vn_fleet_choice choice;
	vn_fleet_ask ask;
	vn_error err = { 0 };
	vn_claim claim;
	uint32_t n;

	(void)state;
	bed_make(&bed, "first");
	bed_hosts(&bed, NULL, 1);
	ask = ask_for(bed_flavour(&bed, 1, 1024, 1, NULL));
	assert_int_equal(vn_fleet_decide(bed.fleet, &ask, 0, &choice, &n, NULL), VN_E_RANGE);
	ask.group = 0;
	assert_int_equal(vn_fleet_decide(bed.fleet, &ask, 1, &choice, &n, NULL), VN_E_RANGE);
	ask = ask_for(5);
	assert_int_equal(vn_fleet_decide(bed.fleet, &ask, 1, &choice, &n, NULL), VN_E_RANGE);
	ask = ask_for(0);
	ask.n_excluded = 1;
	ask.excluded = &(uint32_t){ 9 };
	assert_int_equal(vn_fleet_decide(bed.fleet, &ask, 1, &choice, &n, NULL), VN_E_RANGE);
	ask = ask_for(0);
	assert_int_equal(vn_fleet_claim_on(bed.fleet, &ask, 1, &claim, NULL), VN_E_RANGE);
	assert_int_equal(vn_fleet_add(bed.fleet, bed.host,
				      &(vn_fleet_host){ .n_labels = 2, .labels = zones }, 1, &n,
				      &err),
			 VN_E_CONFLICT);
	assert_int_equal(vn_fleet_relabel(bed.fleet, 0,
					  &(vn_fleet_host){ .n_labels = 1, .labels = &unnamed },
					  NULL),
			 VN_E_RANGE);
	assert_int_equal(vn_fleet_set_demand(bed.fleet, 0, UINT64_C(1) << 32, NULL), VN_E_RANGE);
	assert_int_equal(vn_fleet_set_weight(bed.fleet, 0, UINT64_C(1) << 40, NULL), VN_E_RANGE);
	assert_int_equal(vn_fleet_set_state(bed.fleet, 1, VN_HOST_ENABLED, NULL), VN_E_RANGE);
	assert_null(vn_fleet_host_now(bed.fleet, 1));
	assert_int_equal(vn_fleet_release(bed.fleet, 0, NULL), VN_E_RANGE);
	assert_int_equal(vn_fleet_add_group(bed.fleet, &(vn_server_group){ .rule = 9 }, &n, NULL),
			 VN_E_RANGE);
	bed_free(&bed);
}

static void put_on(struct bed *bed, uint32_t flavour, uint32_t host, uint64_t nodes)
{
	vn_fleet_choice choice = { .flavour = flavour,
				   .group = VN_FLEET_NONE,
				   .partition = VN_FLEET_NONE,
				   .host = host,
				   .nodes = nodes };
	vn_error err = { 0 };
	vn_claim claim;

	must(vn_fleet_claim(bed->fleet, &choice, &claim, &err), &err);
}

/* Two hosts, one with a guest on node 0, the other on node 1, are the same to all guests whose
 * cells are equal. Where cells differ it matters which node comes first. */
static void test_mirrored_hosts(void **state)
{
	static const struct {
		const char *specs;
		uint64_t classes;
	} rows[] = {
		{ "\"hw:numa_nodes\": \"2\"", 1 },
		{ "\"hw:numa_nodes\": \"2\", \"hw:numa_cpus.0\": \"0-2\", \"hw:numa_mem.0\": "
		  "\"1024\", \"hw:numa_cpus.1\": \"3\", \"hw:numa_mem.1\": \"1024\"",
		  2 },
	};

	(void)state;
	for (size_t i = 0; i < VN_LEN(rows); i++) {
		vn_fleet_flavour flavour = { 0 };
		vn_fleet_counters counters;
		vn_error err = { 0 };
		struct bed bed;
		char json[256];
		uint32_t small, id;

		bed_make(&bed, "slots");
		bed_hosts(&bed, NULL, 2);
		small = bed_flavour(&bed, 1, 1024, 1, NULL);
		snprintf(json, sizeof(json),
			 "{\"vcpus\": 4, \"mem_mib\": 2048, \"extra_specs\": {%s}}", rows[i].specs);
		must(vn_request_parse_json("flavour", json, strlen(json), &bed.requests[bed.n],
					   &err),
		     &err);
		flavour.request = bed.requests[bed.n++];
		must(vn_fleet_add_flavour(bed.fleet, &flavour, &id, &err), &err);
		put_on(&bed, small, 0, 1);
		put_on(&bed, small, 1, 2);
		vn_fleet_count(bed.fleet, &counters);
		assert_int_equal(counters.classes, rows[i].classes);
		bed_free(&bed);
	}
}

static uint32_t next_of(uint64_t *random, uint32_t n)
{
	*random = *random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)(*random >> 33) % n;
}

/* Two sockets of two nodes: a guest of two cells may be near on one, or far. */
static const char four_nodes[] =
	"{\"cells\": [{\"id\": 0, \"socket\": 0, \"cpus\": \"0-3\", \"mem_mib\": 8192},"
	" {\"id\": 1, \"socket\": 0, \"cpus\": \"4-7\", \"mem_mib\": 8192},"
	" {\"id\": 2, \"socket\": 1, \"cpus\": \"8-11\", \"mem_mib\": 8192},"
	" {\"id\": 3, \"socket\": 1, \"cpus\": \"12-15\", \"mem_mib\": 8192}],"
	" \"distances\": [[10, 12, 32, 32], [12, 10, 32, 32], [32, 32, 10, 12], [32, 32, 12, 10]]}";

struct bounds_row {
	struct {
		uint32_t cpu_ratio, ram_ratio; /* percent */
		bool four;
	} kinds[2]; /* the hosts of the second come later */
};

static void add_half(struct bed *bed, const struct bounds_row *row, uint32_t half, uint32_t n)
{
	vn_fleet_host as = { .cpu_ratio_percent = row->kinds[half].cpu_ratio,
			     .ram_ratio_percent = row->kinds[half].ram_ratio };
	vn_error err = { 0 };
	vn_host *four;
	uint32_t first;

	must(vn_host_parse("four", four_nodes, strlen(four_nodes), &four, &err), &err);
	must(vn_fleet_add(bed->fleet, row->kinds[half].four ? four : bed->host, &as, n, &first,
			  &err),
	     &err);
	vn_host_free(four);
}

/* Decides as a look at each of n hosts does; returns whether the guest fits. */
static bool decides_as_scan(struct bed *bed, uint32_t flavour, uint32_t n, vn_fleet_choice *best)
{
	vn_fleet_ask ask = ask_for(flavour);
	vn_fleet_choice want;
	uint32_t all[64], found;
	int r;

	for (uint32_t i = 0; i < n; i++)
		all[i] = i;
	r = vn_fleet_decide(bed->fleet, &ask, 1, best, &found, NULL);
	ask.n_only = n;
	ask.only = all;
	assert_int_equal(vn_fleet_decide(bed->fleet, &ask, 1, &want, &found, NULL), r);
	if (r < 0)
		return false;
	assert_int_equal(best->host, want.host);
	assert_memory_equal(&best->score, &want.score, sizeof(want.score));
	return true;
}

/* What is not looked at because of a bound would not have won: with many hosts in as many states,
 * where memory is overcommitted or not counted, with other hosts that come later, and where scores
 * are far. */
static void test_bounds(void **state)
{
	static const struct bounds_row rows[] = {
		{ { { 100, 100, false }, { 100, 100, false } } },
		{ { { 100, 150, false }, { 100, 100, false } } },
		{ { { 100, 100, false }, { 100, 0, false } } },
		{ { { 0, 100, false }, { 400, 100, false } } },
		{ { { 100, 100, true }, { 100, 100, true } } },
		{ { { 100, 100, true }, { 100, 150, false } } },
	};
	static const struct {
		uint32_t vcpus, mem_mib, cells;
	} flavours[] = { { 1, 1024, 1 }, { 2, 2048, 1 }, { 2, 6144, 1 }, { 4, 8192, 2 } };
	enum { HALF = 30, GUESTS = 150, STEPS = 3000 };

	(void)state;
	for (size_t row = 0; row < VN_LEN(rows); row++) {
		uint32_t refused = 0, n = HALF;
		vn_claim claims[GUESTS] = { 0 };
		uint64_t random = row + 1;
		vn_error err = { 0 };
		struct bed bed;

		print_message("# row %zu\n", row);
		bed_make(&bed, "slots=128,room=1");
		add_half(&bed, &rows[row], 0, HALF);
		for (size_t f = 0; f < VN_LEN(flavours); f++)
			must(vn_fleet_set_demand(bed.fleet,
						 bed_flavour(&bed, flavours[f].vcpus,
							     flavours[f].mem_mib, flavours[f].cells,
							     NULL),
						 7 - f, &err),
			     &err);
		for (uint32_t step = 0; step < STEPS; step++) {
			vn_claim *claim = &claims[next_of(&random, step < 200 ? 40 : GUESTS)];
			vn_fleet_choice best;

			if (step == 200) {
				add_half(&bed, &rows[row], 1, HALF);
				n += HALF;
			}
			if (*claim)
				must(vn_fleet_release(bed.fleet, *claim, &err), &err);
			*claim = 0;
			if (decides_as_scan(&bed, next_of(&random, VN_LEN(flavours)), n, &best))
				must(vn_fleet_claim(bed.fleet, &best, claim, &err), &err);
			else
				refused++;
		}
		assert_true(refused < STEPS / 2);
		bed_free(&bed);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_policy_parse),
		cmocka_unit_test(test_example_by_hand),
		cmocka_unit_test(test_filters),
		cmocka_unit_test(test_why_it_does_not_fit),
		cmocka_unit_test(test_groups),
		cmocka_unit_test(test_alternatives),
		cmocka_unit_test(test_random_is_fair),
		cmocka_unit_test(test_claims),
		cmocka_unit_test(test_full_hosts_refuse),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_numbers_that_are_none),
		cmocka_unit_test(test_mirrored_hosts),
		cmocka_unit_test(test_bounds),
	};

	return cmocka_run_group_tests_name("fleet", tests, NULL, NULL);
}
