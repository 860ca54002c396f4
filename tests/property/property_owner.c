/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The fit against random hosts and guests with all that an owner can fix in a domain XML: modes,
 * pins, memory nodes, memory devices, topologies, devices by address. verdict.h says what is
 * compared. What fails is printed as a host in JSON and a request in words; run it again alone with
 * VN_SEED and VN_CASE. (property_place has what Nova's words can say, on other hosts.) */
#include "random.h"
#include "verdict.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { CASES = 12000, FAILURES_SHOWN = 5 };

static struct pair pair;
static uint64_t seed, failures;

static void complain(uint64_t n, const struct verdict *v)
{
	VN_AUTO_TEXT text = VN_TEXT_INIT;

	if (failures++ >= FAILURES_SHOWN)
		return;
	pair_print(&pair, &text);
	vn_text_add(&text, "\n");
	printf("# VN_SEED=%" PRIu64 " VN_CASE=%" PRIu64 ": %s\n# %s\n# ", seed, n, v->wrong,
	       v->detail);
	for (const char *p = text.bytes; p && *p; p++) {
		putchar(*p);
		if (*p == '\n')
			printf("# ");
	}
	printf("\n");
}

static void test_place(void **state)
{
	uint64_t first, cases = cases_of_run(CASES, &first), fits = 0, against = 0, unknown = 0;

	(void)state;
	for (uint64_t n = first; n < first + cases; n++) {
		pair_make(&pair, seed, n);

		const struct question q = { &pair.host, &pair.request, &pair.options };
		struct verdict v = verdict_of(&q);

		fits += v.fits;
		against += v.against_brute;
		unknown += v.no_answer;
		if (v.wrong)
			complain(n, &v);
	}
	printf("# %" PRIu64 " cases, %" PRIu64 " fit, %" PRIu64 " against brute force, %" PRIu64
	       " without an answer, %" PRIu64 " failures\n",
	       cases, fits, against, unknown, failures);
	assert_int_equal(failures, 0);
	assert_true(unknown * 100 <= cases);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_place),
	};

	seed = seed_of_run();
	return cmocka_run_group_tests_name("owner", tests, NULL, NULL);
}
