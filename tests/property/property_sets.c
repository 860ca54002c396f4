/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Writing a set and reading it gives the same set, for sets of every density and length. */
#include "random.h"

#include <setjmp.h>
#include <stdio.h>

#include <cmocka.h>

enum { CASES = 4000 };

static struct random r;

/* Members below `below`, each there with `percent`, in runs now and then. */
static uint32_t draw(uint32_t below, uint32_t percent, uint32_t at)
{
	if (random_chance(&r, percent))
		return at + 1;
	return at + 1 + random_below(&r, below / 8 + 1);
}

static void test_cpusets(void **state)
{
	static char list[2 * VN_CPU_MAX * 5];

	(void)state;
	for (uint32_t n = 0; n < CASES; n++) {
		uint32_t below = 1 + random_below(&r, VN_CPU_MAX), percent = random_below(&r, 100);
		vn_cpuset set = { 0 }, back;
		size_t length;

		for (uint32_t cpu = random_below(&r, below); cpu < below;
		     cpu = draw(below, percent, cpu))
			vn_cpuset_add(&set, cpu);
		length = vn_cpuset_format(&set, list, sizeof(list));
		assert_true(length < sizeof(list));
		assert_int_equal(vn_cpuset_parse(vn_cursor_of_string("list", list), &back, NULL),
				 VN_OK);
		assert_true(vn_cpuset_equal(&set, &back));
	}
}

static void test_nodesets(void **state)
{
	static char list[2 * VN_NODE_MAX * 5];

	(void)state;
	for (uint32_t n = 0; n < CASES; n++) {
		uint32_t below = 1 + random_below(&r, VN_NODE_MAX), percent = random_below(&r, 100);
		vn_nodeset set = { 0 }, back;

		for (uint32_t node = random_below(&r, below); node < below;
		     node = draw(below, percent, node))
			vn_nodeset_add(&set, node);
		vn_nodeset_format(&set, list, sizeof(list));
		assert_int_equal(vn_nodeset_parse(vn_cursor_of_string("list", list), &back, NULL),
				 VN_OK);
		assert_true(vn_nodeset_equal(&set, &back));
	}
}

/* Cut short anywhere, a buffer still ends in NUL and the full length is told. */
static void test_short_buffers(void **state)
{
	(void)state;
	for (uint32_t n = 0; n < CASES; n++) {
		char full[128], part[128];
		vn_cpuset set = { 0 };
		size_t length, size;

		for (uint32_t i = 0; i < 8; i++)
			vn_cpuset_add(&set, random_below(&r, VN_CPU_MAX));
		length = vn_cpuset_format(&set, full, sizeof(full));
		size = random_below(&r, (uint32_t)length + 1);
		assert_int_equal(vn_cpuset_format(&set, part, size), length);
		if (size) {
			full[size - 1] = 0;
			assert_string_equal(part, full);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cpusets),
		cmocka_unit_test(test_nodesets),
		cmocka_unit_test(test_short_buffers),
	};

	r.state = seed_of_run();
	return cmocka_run_group_tests_name("sets", tests, NULL, NULL);
}
