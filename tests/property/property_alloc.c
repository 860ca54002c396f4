/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * vn_place allocates nothing, whatever it is asked and whatever it answers. The linker sends each
 * call of the allocator, from the library as well, to the counters here (-Wl,--wrap, see
 * meson.build); a call of vn_host_parse shows that they count. */
#include "case.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { CASES = 3000, CODES = 8 };

static uint64_t calls;

#define WRAP(type, name, params, args)                                                             \
	type __real_##name params;                                                                 \
	type __wrap_##name params;                                                                 \
	type __wrap_##name params                                                                  \
	{                                                                                          \
		calls++;                                                                           \
		return __real_##name args;                                                         \
	}
WRAP(void *, malloc, (size_t size), (size))
WRAP(void *, calloc, (size_t n, size_t size), (n, size))
WRAP(void *, realloc, (void *old, size_t size), (old, size))
WRAP(void *, reallocarray, (void *old, size_t n, size_t size), (old, n, size))
WRAP(void *, aligned_alloc, (size_t align, size_t size), (align, size))
WRAP(int, posix_memalign, (void **ret, size_t align, size_t size), (ret, align, size))
WRAP(char *, strdup, (const char *text), (text))

void __real_free(void *old);
void __wrap_free(void *old);
void __wrap_free(void *old)
{
	calls++;
	__real_free(old);
}

static void test_counters_count(void **state)
{
	static const char json[] = "{\"cells\":[{\"id\":0,\"cpus\":\"0\",\"mem_mib\":1}]}";
	vn_host *host = NULL;

	(void)state;
	calls = 0;
	assert_int_equal(vn_host_parse("host.json", json, strlen(json), &host, NULL), VN_OK);
	assert_true(calls > 0);
	calls = 0;
	vn_host_free(host);
	assert_true(calls > 0);
}

/* One case; how it was answered. */
static int place(const json_t *json, bool explain)
{
	static vn_explain explained;
	static vn_placement placement;
	CASE_AUTO read = { 0 };
	uint64_t before;
	vn_error err = { 0 };
	int r = case_read(json, &read, &err);

	assert_int_equal(r, VN_OK);
	read.options.explain = explain ? &explained : NULL;
	before = calls;
	r = vn_place(read.host, read.request, &read.options, &placement, &err);
	assert_int_equal(calls - before, 0);
	if (r == VN_OK) {
		r = vn_placement_check(read.host, read.request, &read.options, &placement, &err);
		vn_host_take(read.host, &placement);
		vn_host_release(read.host, &placement);
		assert_int_equal(calls - before, 0);
	}
	return r;
}

static void test_place_allocates_nothing(void **state)
{
	struct features features = features_usual;
	uint64_t seed = seed_of_run(), first, cases = cases_of_run(CASES, &first);
	uint64_t answers[CODES] = { 0 };

	(void)state;
	features.percent[FEATURE_AUTO] = 30;
	for (uint64_t n = first; n < first + cases; n++) {
		json_t *json = case_make(&features, seed, n);
		int r = place(json, n % 2);

		json_decref(json);
		if (-r < CODES)
			answers[-r]++;
	}
	printf("# %" PRIu64 " placed, %" PRIu64 " refused\n", answers[0], answers[-VN_E_NOFIT]);
	assert_true(cases < 100 || (answers[0] > cases / 10 && answers[-VN_E_NOFIT] > cases / 10));
}

/* ---- the fleet: no allocation once its tables have grown ---- */

/* Rounds after which also what was in no index at first has been in it. */
enum { FLEET_HOSTS = 50, FLEET_CLAIMS = 400, FLEET_ROUNDS = 3 };

static uint32_t fleet_round(vn_fleet *fleet, uint32_t n_flavours, vn_claim *claims)
{
	uint32_t n = 0, found;

	for (uint32_t i = 0; i < FLEET_CLAIMS; i++) {
		vn_fleet_ask ask = { .flavour = i % n_flavours,
				     .group = i % 7 ? VN_FLEET_NONE : 0,
				     .partition = VN_FLEET_NONE };
		vn_fleet_choice choice;

		if (vn_fleet_decide(fleet, &ask, 1, &choice, &found, NULL) == VN_OK) {
			assert_int_equal(vn_fleet_claim(fleet, &choice, &claims[n++], NULL), VN_OK);
		}
	}
	for (uint32_t i = 0; i < n; i++)
		assert_int_equal(vn_fleet_release(fleet, claims[i], NULL), VN_OK);
	return n;
}

static void test_fleet_allocates_nothing(void **state)
{
	static const char host_json[] =
		"{\"cells\": [{\"id\": 0, \"cpus\": \"0-7\", \"siblings\": [\"0,1\", \"2,3\", "
		"\"4,5\", \"6,7\"], \"mem_mib\": 8192}, {\"id\": 1, \"cpus\": \"8-15\", "
		"\"mem_mib\": 8192}]}";
	static const char *const specs[] = {
		"\"hw:numa_nodes\": \"1\"",
		"\"hw:numa_nodes\": \"2\"",
		"\"hw:cpu_policy\": \"dedicated\"",
		"\"hw:cpu_policy\": \"dedicated\", \"hw:cpu_thread_policy\": \"isolate\"",
		"",
	};
	vn_fleet_policy policy = vn_fleet_policy_default;
	const vn_server_group rule = { VN_GROUP_ANTI_AFFINITY, VN_SCOPE_HOST, true, 0 };
	vn_request *requests[VN_LEN(specs)];
	vn_claim claims[FLEET_CLAIMS];
	vn_fleet *fleet;
	vn_host *host;
	uint32_t id, first = 0;
	uint64_t before;

	(void)state;
	policy.demand = VN_DEMAND_GIVEN;
	assert_int_equal(vn_fleet_new(&policy, &fleet, NULL), VN_OK);
	assert_int_equal(vn_host_parse("host", host_json, strlen(host_json), &host, NULL), VN_OK);
	assert_int_equal(vn_fleet_add(fleet, host, NULL, FLEET_HOSTS, &id, NULL), VN_OK);
	assert_int_equal(vn_fleet_add_group(fleet, &rule, &id, NULL), VN_OK);
	for (uint32_t i = 0; i < VN_LEN(specs); i++) {
		char json[256];

		snprintf(json, sizeof(json),
			 "{\"vcpus\": 2, \"mem_mib\": 2048, \"extra_specs\": {%s}}", specs[i]);
		assert_int_equal(
			vn_request_parse_json("flavour", json, strlen(json), &requests[i], NULL),
			VN_OK);
		assert_int_equal(vn_fleet_add_flavour(fleet,
						      &(vn_fleet_flavour){ .request = requests[i] },
						      &id, NULL),
				 VN_OK);
		assert_int_equal(vn_fleet_set_demand(fleet, id, i + 1, NULL), VN_OK);
	}
	for (uint32_t i = 0; i < FLEET_ROUNDS; i++)
		first = fleet_round(fleet, VN_LEN(specs), claims);
	assert_true(first > FLEET_CLAIMS / 4);
	before = calls;
	assert_int_equal(fleet_round(fleet, VN_LEN(specs), claims), first);
	assert_int_equal(calls - before, 0);
	vn_fleet_free(fleet);
	vn_host_free(host);
	for (uint32_t i = 0; i < VN_LEN(specs); i++)
		vn_request_free(requests[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_counters_count),
		cmocka_unit_test(test_place_allocates_nothing),
		cmocka_unit_test(test_fleet_allocates_nothing),
	};

	return cmocka_run_group_tests_name("alloc", tests, NULL, NULL);
}
