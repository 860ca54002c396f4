/* SPDX-License-Identifier: LGPL-2.1-or-later
 * The list format: what it reads, where it complains, and that writing reads back. */
#include "vnuma/base.h"

#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const struct {
	const char *in, *out;
	enum vn_code code;
	unsigned column;
} cases[] = {
	{ "", "", VN_OK, 0 },
	{ "3,1,2", "1-3", VN_OK, 0 },
	{ "0-3,^2", "0-1,3", VN_OK, 0 },
	{ " 0 - ", NULL, VN_E_SYNTAX, 4 },
	{ " 0 , 2 ", "0,2", VN_OK, 0 },
	{ "0-7,^1-2", "0,3-7", VN_OK, 0 },
	{ "0,^0", "", VN_OK, 0 },
	{ "8191", "8191", VN_OK, 0 },
	{ "8192", NULL, VN_E_RANGE, 1 },
	{ "0,,1", NULL, VN_E_SYNTAX, 3 },
	{ "4-2", NULL, VN_E_RANGE, 1 },
	{ "1x2", NULL, VN_E_SYNTAX, 2 },
	{ "-5", NULL, VN_E_SYNTAX, 1 },
	{ "1,", NULL, VN_E_SYNTAX, 3 },
	{ "99999999999999999999", NULL, VN_E_RANGE, 1 },
};

static void test_parse(void **state)
{
	(void)state;
	for (size_t i = 0; i < VN_LEN(cases); i++) {
		vn_cursor in = vn_cursor_of_string("list", cases[i].in);
		vn_error err = { 0 };
		vn_cpuset set;
		char out[64];
		int r = vn_cpuset_parse(in, &set, &err);

		print_message("# '%s'\n", cases[i].in);
		assert_int_equal(r, cases[i].code);
		assert_int_equal(err.column, cases[i].column);
		if (r < 0)
			continue;
		vn_cpuset_format(&set, out, sizeof(out));
		assert_string_equal(out, cases[i].out);
	}
}

/* Against a flat array of bytes: every operation on the same random members. */
static void test_algebra(void **state)
{
	static unsigned char flat_a[VN_CPU_MAX], flat_b[VN_CPU_MAX];
	vn_cpuset a = { 0 }, b = { 0 }, both, either, only;
	unsigned seed = 7;

	(void)state;
	for (unsigned i = 0; i < 3000; i++) {
		seed = seed * 1103515245 + 12345;
		unsigned cpu = seed / 65536 % VN_CPU_MAX;

		vn_cpuset_add(i % 2 ? &a : &b, cpu);
		(i % 2 ? flat_a : flat_b)[cpu] = 1;
	}
	both = either = only = a;
	vn_cpuset_and(&both, &b);
	vn_cpuset_or(&either, &b);
	vn_cpuset_minus(&only, &b);
	for (unsigned cpu = 0; cpu < VN_CPU_MAX; cpu++) {
		assert_int_equal(vn_cpuset_has(&both, cpu), flat_a[cpu] && flat_b[cpu]);
		assert_int_equal(vn_cpuset_has(&either, cpu), flat_a[cpu] || flat_b[cpu]);
		assert_int_equal(vn_cpuset_has(&only, cpu), flat_a[cpu] && !flat_b[cpu]);
	}
	assert_true(vn_cpuset_contains(&either, &a));
	assert_false(vn_cpuset_contains(&only, &a));
	assert_int_equal(vn_cpuset_count(&either), vn_cpuset_count(&only) + vn_cpuset_count(&b));

	VN_AUTO_TEXT text = VN_TEXT_INIT;
	vn_cpuset back;

	vn_text_add_cpuset(&text, &either);
	assert_int_equal(vn_cpuset_parse(vn_cursor_of_string(NULL, text.bytes), &back, NULL),
			 VN_OK);
	assert_true(vn_cpuset_equal(&back, &either));
}

/* Ranges are set word by word: each end on, before and after the edge of a word. */
static void test_ranges(void **state)
{
	static const unsigned edges[] = { 0, 1, 62, 63, 64, 65, 127, 128, 8127, 8128, 8191 };

	(void)state;
	for (size_t i = 0; i < VN_LEN(edges); i++)
		for (size_t j = i; j < VN_LEN(edges); j++) {
			vn_cpuset set = { 0 }, rest = { 0 };
			char without[64];

			vn_cpuset_add_range(&set, edges[i], edges[j]);
			for (unsigned cpu = 0; cpu < VN_CPU_MAX; cpu++)
				assert_int_equal(vn_cpuset_has(&set, cpu),
						 cpu >= edges[i] && cpu <= edges[j]);
			snprintf(without, sizeof(without), "0-8191,^%u-%u", edges[i], edges[j]);
			assert_int_equal(
				vn_cpuset_parse(vn_cursor_of_string(NULL, without), &rest, NULL),
				VN_OK);
			assert_false(vn_cpuset_overlaps(&set, &rest));
			assert_int_equal(vn_cpuset_count(&set) + vn_cpuset_count(&rest),
					 VN_CPU_MAX);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_algebra),
		cmocka_unit_test(test_ranges),
	};

	return cmocka_run_group_tests_name("set", tests, NULL, NULL);
}
