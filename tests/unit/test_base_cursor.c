/* SPDX-License-Identifier: LGPL-2.1-or-later
 * The byte cursor, the error value and name tables. */
#include "vnuma/base.h"

#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const struct {
	const char *in;
	uint64_t max;
	int r;
	uint64_t value;
	unsigned column;
	const char *text;
} numbers[] = {
	{ "0", 0, VN_OK, 0, 0, NULL },
	{ " 42 ", 100, VN_OK, 42, 0, NULL },
	{ "007", 10, VN_OK, 7, 0, NULL },
	{ "18446744073709551615", UINT64_MAX, VN_OK, UINT64_MAX, 0, NULL },
	{ "18446744073709551616", UINT64_MAX, VN_E_RANGE, 0, 1,
	  "18446744073709551616 is more than the largest, 18446744073709551615" },
	{ "99999999999999999999999", UINT64_MAX, VN_E_RANGE, 0, 1,
	  "99999999999999999999999 is more than the largest, 18446744073709551615" },
	{ "11", 10, VN_E_RANGE, 0, 1, "11 is more than the largest, 10" },
	{ "", 10, VN_E_SYNTAX, 0, 1, "a number is missing at the end of ''" },
	{ "-1", 10, VN_E_SYNTAX, 0, 1, "'-' stands where a number belongs" },
	{ "+1", 10, VN_E_SYNTAX, 0, 1, "'+' stands where a number belongs" },
	{ "1x", 10, VN_E_SYNTAX, 0, 2, "'1x' is not a number" },
	{ "1 2", 10, VN_E_SYNTAX, 0, 3, "'1 2' is not a number" },
	{ "0x1f", 100, VN_E_SYNTAX, 0, 2, "'0x1f' is not a number" },
};

static void test_uint(void **state)
{
	(void)state;
	for (size_t i = 0; i < VN_LEN(numbers); i++) {
		vn_cursor in = vn_cursor_of_string("n", numbers[i].in);
		uint64_t value = 42;
		vn_error err = { 0 };

		print_message("# '%s'\n", numbers[i].in);
		assert_int_equal(vn_uint_parse(in, numbers[i].max, &value, &err), numbers[i].r);
		assert_int_equal(err.column, numbers[i].column);
		if (numbers[i].text)
			assert_string_equal(err.text, numbers[i].text);
		assert_true(value == (numbers[i].r == VN_OK ? numbers[i].value : 42));
	}
}

/* A cursor need not end in NUL: nothing is read past its end. */
static void test_bounds(void **state)
{
	const char bytes[2] = { '1', '2' };
	vn_cursor in = vn_cursor_of("n", bytes, sizeof(bytes));
	vn_cursor one = vn_cursor_of("n", bytes, 1);
	uint64_t value;

	(void)state;
	assert_int_equal(vn_uint_parse(in, 99, &value, NULL), VN_OK);
	assert_int_equal(value, 12);
	assert_int_equal(vn_uint_parse(one, 99, &value, NULL), VN_OK);
	assert_int_equal(value, 1);
	assert_false(vn_take_byte(&in, '2'));
	assert_true(vn_take_byte(&in, '1'));
	assert_true(vn_take_byte(&in, '2'));
	assert_false(vn_take_byte(&in, '2'));
	vn_take_space(&in);
	assert_ptr_equal(in.p, in.end);
}

/* The place of a byte in a text that itself stands somewhere in a source. */
static void test_places(void **state)
{
	vn_cursor in = vn_cursor_of_string("f", "ab\ncd");
	vn_error err = { 0 };
	char text[64];

	(void)state;
	in.line = 7;
	in.column = 10;
	in.p += 1;
	assert_int_equal(vn_fail_at(&err, &in, VN_E_RANGE, "no"), VN_E_RANGE);
	assert_string_equal(vn_error_format(&err, text, sizeof(text)), "f:7:11: no");
	in.p = in.end;
	vn_fail_at(&err, &in, VN_E_RANGE, "no");
	assert_string_equal(vn_error_format(&err, text, sizeof(text)), "f:8:3: no");
}

static void test_error(void **state)
{
	vn_error err = { .name = "Old", .line = 3 };
	char text[400], small[8], longer[400];

	(void)state;
	assert_int_equal(vn_fail(NULL, VN_E_NOMEM, "nobody asks"), VN_E_NOMEM);
	vn_fail(&err, VN_E_SYSTEM, "disk '%s'", "a\nb\x1b[0m");
	assert_int_equal(err.code, VN_E_SYSTEM);
	assert_null(err.name);
	assert_int_equal(err.line, 0);
	assert_string_equal(vn_error_format(&err, text, sizeof(text)), "disk 'a?b?[0m'");
	vn_fail_line(&err, VN_E_INPUT, "f.xml", 0, 0, "cannot be opened");
	assert_string_equal(vn_error_format(&err, text, sizeof(text)), "f.xml: cannot be opened");
	vn_fail_line(&err, VN_E_INPUT, "f.xml", 4, 0, "bad");
	assert_string_equal(vn_error_format(&err, text, sizeof(text)), "f.xml:4: bad");
	vn_fail_line(&err, VN_E_INPUT, NULL, 4, 9, "bad");
	assert_string_equal(vn_error_format(&err, text, sizeof(text)), "4:9: bad");
	assert_string_equal(vn_error_format(&err, small, sizeof(small)), "4:9: ba");
	memset(longer, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	vn_fail(&err, VN_E_RANGE, "%s", longer);
	assert_int_equal(strlen(err.text), sizeof(err.text) - 1);
}

static void test_names(void **state)
{
	static const char *const names[] = { "a", "b", "c" };
	static const char *const holes[] = { NULL, "b" };
	char text[40], small[9];

	(void)state;
	assert_int_equal(vn_name_find(names, 3, "c"), 2);
	assert_int_equal(vn_name_find(names, 2, "c"), -1);
	assert_int_equal(vn_name_find(names, 3, ""), -1);
	assert_int_equal(vn_name_find(holes, 2, "b"), 1);
	assert_string_equal(vn_names_list(names, 3, text, sizeof(text)), "'a', 'b' or 'c'");
	assert_string_equal(vn_names_list(names, 1, text, sizeof(text)), "'a'");
	assert_string_equal(vn_names_list(names, 0, text, sizeof(text)), "");
	assert_string_equal(vn_names_list(names, 3, small, sizeof(small)), "'a', 'b'");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_uint),   cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_places), cmocka_unit_test(test_error),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests_name("base_cursor", tests, NULL, NULL);
}
