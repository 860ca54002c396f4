/* SPDX-License-Identifier: LGPL-2.1-or-later
 * The hosts of a simulation: short forms, lists, racks. What is refused is in tests/bad. */
#include "vnuma/sim.h"

#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void test_shape(void **state)
{
	VN_AUTO(vn_host) plain = NULL;
	VN_AUTO(vn_host) wide = NULL;

	(void)state;
	assert_int_equal(vn_sim_shape_parse(vn_cursor_of_string("t", "2/40/90GiB"), &plain, NULL),
			 VN_OK);
	assert_true(plain->n_nodes == 2 && plain->n_cpus == 80 && plain->threads_per_core == 1);
	assert_true(plain->nodes[1].mem_kib == 90 << 20 &&
		    vn_cpuset_count(&plain->nodes[1].cpus) == 40);
	assert_true(vn_host_distance(plain, 0, 1) == 20);
	assert_int_equal(
		vn_sim_shape_parse(vn_cursor_of_string("t", "2x4/8/1000KiB/2"), &wide, NULL),
		VN_OK);
	assert_true(wide->n_nodes == 8 && wide->n_cpus == 64 && wide->threads_per_core == 2);
	assert_true(wide->n_cores == 32 && wide->nodes[7].mem_kib == 1000);
	assert_true(vn_host_distance(wide, 0, 3) == 12 && vn_host_distance(wide, 3, 4) == 32);
	assert_true(wide->nodes[3].socket == 0 && wide->nodes[4].socket == 1);
	assert_true(wide->cpus[0].core == wide->cpus[32].core);
	assert_true(vn_cpuset_has(&wide->nodes[7].cpus, 63));
}

static void test_words(void **state)
{
	vn_sim_fleet fleet = { 0 };
	vn_sim_total all;

	(void)state;
	assert_int_equal(vn_sim_fleet_add(&fleet, "3 x 2/4/8GiB", NULL), VN_OK);
	assert_int_equal(vn_sim_fleet_add(&fleet, "2/2/1GiB", NULL), VN_OK);
	assert_int_equal(vn_sim_fleet_add(&fleet, "2 x synthetic:numa:2 core:2 pu:1", NULL), VN_OK);
	assert_true(fleet.n_hosts == 6 && fleet.n_kinds == 3);
	all = vn_sim_fleet_total(&fleet);
	assert_true(all.cpus == 3 * 8 + 4 + 2 * 4);
	assert_int_equal(vn_sim_fleet_add(&fleet, "0 x 2/4/8GiB", NULL), VN_E_RANGE);
	assert_true(fleet.n_hosts == 6); /* what was there stays */
	vn_sim_fleet_clear(&fleet);
	assert_true(fleet.n_hosts == 0);
}

static void parse(vn_sim_fleet *fleet, const char *text)
{
	vn_error err = { 0 };

	if (vn_sim_fleet_parse(fleet, "t", text, strlen(text), &err) < 0)
		fail_msg("%s", err.text);
}

/* CPUs are those of floating vCPUs and of pins, each once. */
static void test_sets_apart(void **state)
{
	vn_sim_fleet fleet = { 0 };

	(void)state;
	parse(&fleet, "{\"schema\": \"vnuma/sim-fleet/1\", \"hosts\": [{\"count\": 3, \"host\": "
		      "{\"cells\": [{\"id\": 0, \"cpus\": \"0-3\", \"pcpus\": \"2-9\", "
		      "\"mem_mib\": 64}]}}]}");
	assert_true(vn_sim_fleet_total(&fleet).cpus == 3 * 10);
	vn_sim_fleet_clear(&fleet);
}

static void test_racks(void **state)
{
	static const uint32_t racks[] = { 4, 4, 5, 5, 6, 7, 8, 9, 9, 2 };
	vn_sim_fleet fleet = { 0 };
	vn_sim_place places[10];

	(void)state;
	parse(&fleet, "{\"schema\": \"vnuma/sim-fleet/1\", \"hosts\": ["
		      "{\"count\": 5, \"host\": \"2/4/8GiB\", \"first_rack\": 4, \"racks\": 3},"
		      "{\"count\": 2, \"host\": \"2/4/8GiB\"},"
		      "{\"count\": 2, \"host\": {\"cells\": [{\"id\": 0, \"cpus\": \"0-3\", "
		      "\"mem_mib\": 8}]},"
		      " \"first_rack\": 9},"
		      "{\"host\": \"1/1/1GiB\", \"first_rack\": 2}]}");
	assert_true(fleet.n_hosts == 10 && fleet.n_groups == 4);
	vn_sim_fleet_places(&fleet, places);
	for (size_t i = 0; i < VN_LEN(racks); i++) {
		/* racks that are not said stand behind all that are */
		uint32_t want = i == 5 || i == 6 ? (uint32_t)(10 + i - 5) : racks[i];

		assert_int_equal(places[i].rack, want);
	}
	assert_true(places[0].kind == 0 && places[9].kind == 3);
	vn_sim_fleet_clear(&fleet);
}

static void test_table(void **state)
{
	vn_sim_fleet fleet = { 0 };
	vn_sim_place places[4];

	(void)state;
	parse(&fleet,
	      "RACK,CPU1,RAM1,CPU2,RAM2\r\n1,4,8,4,8\n1,6,8.0,4,8\n\n0,4,8,4,8\n3,0,8,4,0\n");
	assert_true(fleet.n_hosts == 4 && fleet.n_kinds == 3); /* equal lines share a kind */
	vn_sim_fleet_places(&fleet, places);
	assert_true(places[0].kind == places[2].kind && places[0].rack == 1 && places[2].rack == 0);
	assert_true(vn_cpuset_count(&fleet.kinds[1]->nodes[0].cpus) == 6);
	assert_true(fleet.kinds[2]->nodes[1].mem_kib == 0);
	vn_sim_fleet_clear(&fleet);
}

static void test_fits(void **state)
{
	VN_AUTO(vn_host) host = NULL;
	vn_trace_shape shape = { .vcpus = 4, .cells = 1, .mem_kib = 8 << 20 };

	(void)state;
	assert_int_equal(vn_sim_shape_parse(vn_cursor_of_string("t", "2/4/8GiB"), &host, NULL),
			 VN_OK);
	assert_true(vn_sim_fits(host, &shape));
	shape.vcpus = 5; /* one cell stays on one node */
	assert_false(vn_sim_fits(host, &shape));
	shape.cells = 2;
	assert_true(vn_sim_fits(host, &shape));
	shape.mem_kib = 17 << 20;
	assert_false(vn_sim_fits(host, &shape));
	shape = (vn_trace_shape){ .vcpus = 1, .cells = 1, .mem_kib = 1, .pages = VN_PAGES_LARGE };
	assert_false(vn_sim_fits(host, &shape));
	shape = (vn_trace_shape){ .vcpus = 100000, .cells = 1, .mem_kib = 1 };
	assert_false(vn_sim_fits(host, &shape));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shape),	   cmocka_unit_test(test_words),
		cmocka_unit_test(test_sets_apart), cmocka_unit_test(test_racks),
		cmocka_unit_test(test_table),	   cmocka_unit_test(test_fits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
