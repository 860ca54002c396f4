/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Measured latencies: the distances they make, their JSON, and a host that uses them. */
#include "vnuma/host.h"

#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static vn_measurement *measured(uint32_t n, const uint32_t *latency_ns)
{
	vn_measurement *m = NULL;

	assert_int_equal(vn_measurement_new(n, &m, NULL), VN_OK);
	for (uint32_t i = 0; i < n; i++)
		m->ids[i] = i;
	memcpy(m->latency_ns, latency_ns, (size_t)n * n * sizeof(*latency_ns));
	vn_measurement_distances(m);
	return m;
}

static void test_distances(void **state)
{
	/* Node 2 has CPUs and no memory, and is nearest to node 1; 0-1 differs by direction. */
	static const uint32_t latency[] = { 100, 150, 0, 160, 100, 0, 300, 120, 0 };
	static const uint32_t expected[] = { 10, 16, 25, 16, 10, 10, 25, 10, 10 };
	VN_AUTO(vn_measurement) m = measured(3, latency);

	(void)state;
	assert_memory_equal(m->distances, expected, sizeof(expected));
}

static void test_distance_limits(void **state)
{
	/* 4 % farther is no farther; what is far is 255 at most; nothing known is 0. */
	static const uint32_t latency[] = { 100, 104, 9000, 104, 100, 0, 9000, 0, 100 };
	static const uint32_t expected[] = { 10, 10, 255, 10, 10, 0, 255, 0, 10 };
	VN_AUTO(vn_measurement) m = measured(3, latency);

	(void)state;
	assert_memory_equal(m->distances, expected, sizeof(expected));
}

static vn_measurement *parse(const char *text)
{
	vn_measurement *m = NULL;
	vn_error err = { 0 };

	if (vn_measurement_parse("m.json", text, strlen(text), &m, &err) < 0)
		fail_msg("%s", err.text);
	return m;
}

static void test_round_trip(void **state)
{
	static const uint32_t latency[] = { 100, 150, 160, 0 };
	VN_AUTO(vn_measurement) m = measured(2, latency);
	VN_AUTO(vn_measurement) again = NULL;
	VN_AUTO_TEXT text = VN_TEXT_INIT;
	VN_AUTO_TEXT twice = VN_TEXT_INIT;

	(void)state;
	m->ids[1] = 7;
	m->bandwidth_mibs[2] = UINT32_MAX;
	m->page_kib = 2048;
	m->buffer_kib = 65536;
	m->elapsed_ms = 9876;
	m->notes[m->n_notes++] = "a \"note\"";
	assert_int_equal(vn_measurement_write_json(m, &text, NULL), VN_OK);
	again = parse(text.bytes);
	assert_int_equal(again->ids[1], 7);
	assert_memory_equal(again->latency_ns, latency, sizeof(latency));
	assert_memory_equal(again->distances, m->distances, sizeof(latency));
	assert_int_equal(again->bandwidth_mibs[2], UINT32_MAX);
	assert_string_equal(again->notes[0], "a \"note\"");
	assert_int_equal(vn_measurement_write_json(again, &twice, NULL), VN_OK);
	assert_string_equal(text.bytes, twice.bytes);
}

#define HEAD	"{\"schema\":\"vnuma/measure/1\",\"cells\":[{\"id\":0},{\"id\":1}]"
#define MATRIX2 ",\"distances\":[[10,12],[12,10]]"

static const struct {
	const char *text, *message;
} bad[] = {
	{ "{", "JSON: " },
	{ "[]", "the list of 'cells' is missing" },
	{ "{\"schema\":\"vnuma/host/1\",\"cells\":[{\"id\":0}],\"distances\":[[10]]}",
	  "schema: 'vnuma/host/1' is not a measurement (legal: 'vnuma/measure/1')" },
	{ "{\"cells\":[{\"id\":0}],\"distances\":[[10]]}", "the field 'schema' is missing" },
	{ HEAD "}", "the field 'distances' is missing" },
	{ HEAD ",\"distances\":[[10,12]]}", "a list of 2 rows belongs here" },
	{ HEAD ",\"distances\":[[10,12],[12]]}", "a list of 2 numbers belongs here" },
	{ HEAD ",\"distances\":[[10,9],[12,10]]}", "[0][1] is 9 (legal: " },
	{ HEAD ",\"distances\":[[10,256],[12,10]]}", "256 is not in 0-255" },
	{ HEAD ",\"distances\":[[11,12],[12,10]]}", "[0][0] is 11 (legal: 10 to the node itself" },
	{ HEAD ",\"distances\":[[10,-1],[12,10]]}", "-1 is not in 0-255" },
	{ HEAD MATRIX2 ",\"latency_ns\":[[1,1],[1,4294967296]]}", "latency_ns[1][1]" },
	{ HEAD MATRIX2 ",\"colour\":1}", "unknown field 'colour'" },
	{ HEAD MATRIX2 ",\"notes\":[1]}", "a string belongs here" },
	{ HEAD MATRIX2 ",\"notes\":\"x\"}", "a list belongs here" },
	{ HEAD MATRIX2 ",\"page_kib\":1.5}", "a whole number belongs here" },
	{ HEAD MATRIX2 MATRIX2 "}", "JSON: " },
	{ "{\"schema\":\"vnuma/measure/1\",\"cells\":[{\"id\":1},{\"id\":0}]" MATRIX2 "}",
	  "the cells are not in the order of their ids" },
	{ "{\"schema\":\"vnuma/measure/1\",\"cells\":[{\"id\":1},{\"id\":1}]" MATRIX2 "}",
	  "cells[1].id" },
	{ "{\"schema\":\"vnuma/measure/1\",\"cells\":[{\"id\":1024}],\"distances\":[[10]]}",
	  "1024 is not in 0-1023" },
	{ "{\"schema\":\"vnuma/measure/1\",\"cells\":[],\"distances\":[]}", "" },
	{ "{\"schema\":\"vnuma/measure/1\",\"cells\":[{\"id\":0,\"cpus\":\"0\"}],"
	  "\"distances\":[[10]]}",
	  "unknown field 'cpus'" },
};

static void test_bad(void **state)
{
	(void)state;
	for (size_t i = 0; i < VN_LEN(bad); i++) {
		vn_measurement *m = NULL;
		vn_error err = { 0 };
		char line[512];

		if (vn_measurement_parse("m.json", bad[i].text, strlen(bad[i].text), &m, &err) ==
		    VN_OK)
			fail_msg("'%s' is legal", bad[i].text);
		assert_null(m);
		if (!strstr(vn_error_format(&err, line, sizeof(line)), bad[i].message))
			fail_msg("'%s': '%s' does not say '%s'", bad[i].text, line, bad[i].message);
	}
}

static void test_use(void **state)
{
	static const uint32_t latency[] = { 100, 170, 300, 170, 100, 0, 300, 0, 100 };
	VN_AUTO(vn_measurement) m = measured(3, latency);
	VN_AUTO(vn_host) host = NULL;
	vn_error err = { 0 };

	(void)state;
	assert_int_equal(vn_host_read("synthetic:numa:3 core:2 pu:1", &host, &err), VN_OK);
	m->bandwidth_mibs[1] = 5000;
	assert_int_equal(vn_host_use_measured(host, m, "m.json", &err), VN_OK);
	assert_int_equal(vn_host_distance(host, 0, 1), 17);
	assert_int_equal(vn_host_distance(host, 2, 0), 30);
	assert_int_equal(vn_host_distance(host, 1, 2), 20); /* not measured: as it was */
	assert_int_equal(vn_host_distance(host, 1, 1), 10);
	assert_int_equal(host->latency_ns[2], 300);
	assert_int_equal(host->bandwidth_mibs[1], 5000);
	assert_true(vn_host_counted(host, 0));
}

static void test_other_host(void **state)
{
	static const uint32_t latency[] = { 100, 170, 170, 100 };
	VN_AUTO(vn_measurement) m = measured(2, latency);
	VN_AUTO(vn_host) host = NULL;
	vn_error err = { 0 };

	(void)state;
	assert_int_equal(vn_host_read("synthetic:numa:3 core:2 pu:1", &host, NULL), VN_OK);
	assert_int_equal(vn_host_use_measured(host, m, "m.json", &err), VN_E_CONFLICT);
	assert_non_null(strstr(err.text, "has no node 2"));
	assert_int_equal(vn_host_distance(host, 0, 1), 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_distances),  cmocka_unit_test(test_distance_limits),
		cmocka_unit_test(test_round_trip), cmocka_unit_test(test_bad),
		cmocka_unit_test(test_use),	   cmocka_unit_test(test_other_host),
	};

	return cmocka_run_group_tests_name("host_measurement", tests, NULL, NULL);
}
