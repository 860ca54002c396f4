/* SPDX-License-Identifier: LGPL-2.1-or-later
 * The volume bound, means over episodes, and curves of bounded size. */
#include "vnuma/sim.h"

#include <math.h>
#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static vn_trace_row row(uint64_t number, int64_t arrival_s, int64_t lifetime_s, uint32_t vcpus)
{
	vn_trace_row of = { .number = number,
			    .arrival_us = arrival_s * 1000000,
			    .lifetime_us = lifetime_s * 1000000,
			    .shape = { .vcpus = vcpus, .cells = 1, .mem_kib = 1 } };

	of.end_us = of.arrival_us + of.lifetime_us;
	return of;
}

static vn_replay *replay_new(const vn_sim_fleet *fleet, const vn_sim_options *options,
			     bool unbounded)
{
	vn_sim_chooser chooser;
	vn_replay *replay;

	assert_int_equal(vn_sim_volume_new(fleet, unbounded, &chooser, NULL), VN_OK);
	assert_int_equal(vn_replay_new(fleet, &chooser, options, &replay, NULL), VN_OK);
	return replay;
}

static void push(vn_replay *replay, vn_trace_row of)
{
	bool done;

	assert_int_equal(vn_replay_row(replay, &of, &done, NULL), VN_OK);
}

/* 8 CPUs: 3 + 3 leave 2, which a volume gives to one guest. */
static void test_queue(void **state)
{
	const vn_sim_options options = { .refusal = VN_SIM_WAIT };
	vn_sim_fleet fleet = { 0 };
	VN_AUTO(vn_replay) replay = NULL;
	vn_sim_result result;

	(void)state;
	assert_int_equal(vn_sim_fleet_add(&fleet, "2/4/1GiB", NULL), VN_OK);
	replay = replay_new(&fleet, &options, false);
	push(replay, row(0, 0, 100, 4));
	push(replay, row(1, 0, 10, 3));
	push(replay, row(2, 1, 10, 2)); /* waits for the second: 9 s */
	push(replay, row(3, 2, 5, 1));	/* fits, but stands behind it: 8 s */
	push(replay, row(4, 3, 5, 5));	/* larger than a node: too large */
	push(replay, row(5, 15, 5, 2)); /* 4 + 2 + 2: at 15 s row 3 leaves */
	push(replay, row(6, 30, 5, 4)); /* all but the first have left */
	vn_replay_result(replay, &result);
	assert_true(result.placed == 6 && result.too_large == 1 && result.refused == 0);
	assert_true(result.wait_sum_us == 17000000 && result.wait_max_us == 9000000);
	assert_true(result.waited == 2 && result.cpus == 8 && result.live_max == 3);
	vn_sim_fleet_clear(&fleet);
}

/* 8 CPUs for 10 s: 6 of them from 0 to 10, 6 more from 5 to 10, of which 2 count. */
static void test_unbounded(void **state)
{
	const vn_sim_options options = { .refusal = VN_SIM_CONTINUE };
	vn_sim_fleet fleet = { 0 };
	VN_AUTO(vn_replay) replay = NULL;
	vn_sim_result result;

	(void)state;
	assert_int_equal(vn_sim_fleet_add(&fleet, "2/4/1GiB", NULL), VN_OK);
	replay = replay_new(&fleet, &options, true);
	push(replay, row(0, 0, 10, 3));
	push(replay, row(1, 0, 10, 3));
	push(replay, row(2, 5, 5, 3));
	push(replay, row(3, 5, 5, 3));
	push(replay, row(4, 10, 5, 1));
	vn_replay_result(replay, &result);
	assert_true(result.placed == 5);
	assert_true(fabs(result.cpu_seconds - (6 * 5 + 8 * 5)) < 1e-9);
	vn_sim_fleet_clear(&fleet);
}

static void test_curve(void **state)
{
	const vn_sim_options options = { .refusal = VN_SIM_CONTINUE, .curve = true };
	vn_sim_fleet fleet = { 0 };
	VN_AUTO(vn_replay) replay = NULL;
	vn_sim_result result;

	(void)state;
	assert_int_equal(vn_sim_fleet_add(&fleet, "2/4/1GiB", NULL), VN_OK);
	replay = replay_new(&fleet, &options, true);
	for (int64_t i = 0; i < 100000; i++)
		push(replay, row((uint64_t)i, i, 2, 1));
	vn_replay_result(replay, &result);
	assert_in_range(result.n_points, VN_SIM_POINTS_MAX / 3, VN_SIM_POINTS_MAX);
	for (uint32_t i = 1; i + 1 < result.n_points; i++)
		assert_true(result.points[i + 1].row - result.points[i].row ==
			    result.points[i].row - result.points[i - 1].row);
	vn_sim_fleet_clear(&fleet);
}

static void test_means(void **state)
{
	double values[20], one[] = { 3 };
	vn_sim_mean of;

	(void)state;
	for (int i = 0; i < 20; i++)
		values[i] = (i * 7) % 20; /* 0..19 in some order */
	values[0] = 1000;		  /* was 0 */
	of = vn_sim_mean_of(values, 20);
	assert_true(fabs(of.mean - 59.5) < 1e-9 && of.least == 1 && of.most == 1000);
	assert_true(fabs(of.trimmed - (3 + 18) / 2.0) < 1e-9); /* without 1, 2, 19, 1000 */
	of = vn_sim_mean_of(one, 1);
	assert_true(of.mean == 3 && of.trimmed == 3 && of.deviation == 0);
	of = vn_sim_mean_of(NULL, 0);
	assert_true(of.mean == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_queue),
		cmocka_unit_test(test_unbounded),
		cmocka_unit_test(test_curve),
		cmocka_unit_test(test_means),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
