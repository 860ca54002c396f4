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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_counters_count),
		cmocka_unit_test(test_place_allocates_nothing),
	};

	return cmocka_run_group_tests_name("alloc", tests, NULL, NULL);
}
