/* SPDX-License-Identifier: LGPL-2.1-or-later
 * The weights of flavours: how often each is asked for, whether guests leave, what is scarce. */
#include "fleet_bed.h"

static void test_demand_is_learned(void **state)
{
	vn_fleet_policy policy = vn_fleet_policy_default;
	struct bed bed;
	vn_fleet_ask ask;

	(void)state;
	bed_make(&bed, "slots");
	policy.half_life = 256;
	assert_int_equal(vn_fleet_set_policy(bed.fleet, &policy, NULL), VN_OK);
	bed_hosts(&bed, NULL, 2);
	bed_flavour(&bed, 1, 1024, 1, NULL);
	bed_flavour(&bed, 2, 1024, 1, NULL);
	for (uint32_t i = 0; i < 1000; i++) {
		ask = ask_for(i % 4 == 0);
		decide(&bed, &ask);
	}
	/* three to one, and so the weights in use: 3 x 1 CPU to 1 x 2 CPUs */
	assert_in_range(vn_fleet_demand(bed.fleet, 0) * 100 / vn_fleet_demand(bed.fleet, 1), 270,
			330);
	assert_in_range(vn_fleet_weight(bed.fleet, 0) * 100 / vn_fleet_weight(bed.fleet, 1), 110,
			190);
	for (uint32_t i = 0; i < 3000; i++) {
		ask = ask_for(1);
		decide(&bed, &ask);
	}
	assert_true(vn_fleet_weight(bed.fleet, 0) * 10 < vn_fleet_weight(bed.fleet, 1));
	bed_free(&bed);
}

/* The default's numbers change when one of sixteen has left, and back below one of 32. */
static void test_churn(void **state)
{
	vn_claim claims[430];
	vn_fleet_policy other;
	vn_fleet_ask ask;
	struct bed bed;
	vn_error err = { 0 };
	const vn_fleet_policy *now;

	(void)state;
	bed_make(&bed, "default");
	bed_hosts(&bed, NULL, 200);
	ask = ask_for(bed_flavour(&bed, 1, 64, 1, NULL));
	vn_fleet_set_demand(bed.fleet, ask.flavour, 3, &err);
	now = vn_fleet_policy_now(bed.fleet);
	for (uint32_t i = 0; i < 160; i++)
		claims[i] = take(&bed, &ask);
	assert_int_equal(now->weights[VN_WEIGH_ROOM], 1);
	assert_int_equal(now->cpu_boost, 64);
	assert_int_equal(vn_fleet_weight(bed.fleet, ask.flavour), 3 * 65);
	for (uint32_t i = 0; i < 12; i++)
		must(vn_fleet_release(bed.fleet, claims[i], &err), &err);
	for (uint32_t i = 160; i < 192; i++)
		claims[i] = take(&bed, &ask);
	assert_int_equal(now->weights[VN_WEIGH_ROOM], 8);
	assert_int_equal(now->cpu_boost, 1);
	assert_int_equal(now->weights[VN_WEIGH_SLOTS], 128);
	assert_int_equal(vn_fleet_weight(bed.fleet, ask.flavour), 3 * 2);
	assert_int_equal(vn_fleet_policy_of(bed.fleet)->weights[VN_WEIGH_ROOM], 1);
	for (uint32_t i = 192; i < 380; i++)
		claims[i] = take(&bed, &ask);
	assert_int_equal(now->cpu_boost, 1);
	for (uint32_t i = 380; i < 430; i++)
		claims[i] = take(&bed, &ask);
	assert_int_equal(now->weights[VN_WEIGH_ROOM], 1);
	assert_int_equal(vn_fleet_weight(bed.fleet, ask.flavour), 3 * 65);
	for (uint32_t i = 12; i < 400; i++)
		must(vn_fleet_release(bed.fleet, claims[i], &err), &err);
	for (uint32_t i = 0; i < 32; i++)
		take(&bed, &ask);
	assert_int_equal(now->cpu_boost, 1);
	/* a policy without such numbers */
	must(vn_fleet_policy_parse("slots=3,room=2", &other, &err), &err);
	must(vn_fleet_set_policy(bed.fleet, &other, &err), &err);
	assert_int_equal(now->weights[VN_WEIGH_ROOM], 2);
	other.churn_room = UINT32_MAX;
	assert_int_equal(vn_fleet_set_policy(bed.fleet, &other, &err), VN_E_RANGE);
	bed_free(&bed);
}

/* Learned demand has room of its own, until guests leave. */
static void test_learned_room(void **state)
{
	const vn_fleet_policy *now;
	vn_fleet_policy other;
	vn_error err = { 0 };
	vn_fleet_ask ask;
	struct bed bed;

	(void)state;
	bed_make(&bed, "default");
	now = vn_fleet_policy_now(bed.fleet);
	assert_int_equal(now->weights[VN_WEIGH_ROOM], 1);
	must(vn_fleet_set_policy(bed.fleet, &vn_fleet_policy_default, &err), &err);
	assert_int_equal(now->weights[VN_WEIGH_ROOM], 16);
	assert_int_equal(now->cpu_boost, 64);
	bed_hosts(&bed, NULL, 20);
	ask = ask_for(bed_flavour(&bed, 1, 64, 1, NULL));
	for (uint32_t i = 0; i < 32; i++)
		must(vn_fleet_release(bed.fleet, take(&bed, &ask), &err), &err);
	assert_int_equal(now->weights[VN_WEIGH_ROOM], 8);
	assert_int_equal(now->cpu_boost, 1);
	must(vn_fleet_policy_parse("slots=3,room=2", &other, &err), &err);
	other.learned_room = VN_FLEET_WEIGHT_MAX;
	assert_int_equal(vn_fleet_set_policy(bed.fleet, &other, &err), VN_E_RANGE);
	assert_string_equal(err.text, "learned_room is 1048576, above 1048576 / 2");
	bed_free(&bed);
}

/* Two hosts of two nodes of 8 CPUs and 16 GiB. There is room for 32 guests of 1 CPU; and for four
 * of 8 CPUs and 16 GiB in two cells, for three when eight small ones are on one host. Weights:
 * demand x CPUs x (64 + CPUs) x (1 + (12 / (room + 1))^2), rounded down; the square in 1024ths.
 * Hosts that the labels do not let through have no room. */
static void test_scarce(void **state)
{
	static const vn_label nowhere = { VN_LABEL_TRAIT, "nowhere" };
	vn_fleet_policy policy;
	vn_claim claims[9];
	uint32_t small, large, labelled;
	vn_error err = { 0 };
	vn_fleet_ask ask;
	struct bed bed;

	(void)state;
	bed_make(&bed, "default");
	bed_hosts(&bed, NULL, 2);
	small = bed_flavour(&bed, 1, 64, 1, NULL);
	large = bed_flavour(&bed, 8, 16384, 2, NULL);
	labelled = bed_flavour(&bed, 1, 64, 1,
			       &(vn_fleet_flavour){ .n_required = 1, .required = &nowhere });
	vn_fleet_set_demand(bed.fleet, small, 3, &err);
	vn_fleet_set_demand(bed.fleet, large, 1, &err);
	vn_fleet_set_demand(bed.fleet, labelled, 1, &err);
	assert_int_equal(vn_fleet_weight(bed.fleet, small), 3 * 65);
	assert_int_equal(vn_fleet_weight(bed.fleet, large), 8 * 72);
	ask = ask_for(small);
	for (uint32_t i = 0; i < 8; i++) {
		claims[i] = take(&bed, &ask);
		assert_int_equal(vn_fleet_weight(bed.fleet, small), 195 + 195 * 135 / 1024);
		assert_int_equal(vn_fleet_weight(bed.fleet, large), 576 + 576 * 5898 / 1024);
		assert_int_equal(vn_fleet_weight(bed.fleet, labelled), 65 + 65 * 144);
	}
	claims[8] = take(&bed, &ask); /* counted anew; 24 for 32 is less than an eighth */
	assert_int_equal(vn_fleet_weight(bed.fleet, small), 195 + 195 * 135 / 1024);
	assert_int_equal(vn_fleet_weight(bed.fleet, large), 576 + 576 * 9);
	/* under churn nothing is scarce */
	for (uint32_t i = 0; i < 9; i++)
		must(vn_fleet_release(bed.fleet, claims[i], &err), &err);
	for (uint32_t i = 0; i < 17; i++)
		take(&bed, &ask);
	assert_int_equal(vn_fleet_policy_now(bed.fleet)->scarce, 0);
	assert_int_equal(vn_fleet_weight(bed.fleet, large), 8 * 9);
	policy = vn_fleet_policy_default;
	policy.scarce = VN_FLEET_SCARCE_MAX + 1;
	assert_int_equal(vn_fleet_set_policy(bed.fleet, &policy, &err), VN_E_RANGE);
	assert_string_equal(err.text, "scarce is 1025, above 1024");
	bed_free(&bed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_demand_is_learned),
		cmocka_unit_test(test_churn),
		cmocka_unit_test(test_learned_room),
		cmocka_unit_test(test_scarce),
	};

	return cmocka_run_group_tests_name("fleet demand", tests, NULL, NULL);
}
