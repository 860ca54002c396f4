/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Memory sizes: libvirt's units, the overflow at both ends, and sizes for people. */
#include "vnuma/base.h"

#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const struct {
	const char *unit;
	uint64_t bytes;
} units[] = {
	{ "b", 1 },
	{ "Byte", 1 },
	{ "bytes", 1 },
	{ "KB", 1000 },
	{ "k", 1024 },
	{ "KiB", 1024 },
	{ "kib", 1024 },
	{ "M", UINT64_C(1) << 20 },
	{ "MB", 1000000 },
	{ "GiB", UINT64_C(1) << 30 },
	{ "T", UINT64_C(1) << 40 },
	{ "PB", UINT64_C(1000000000000000) },
	{ "E", UINT64_C(1) << 60 },
	{ "EB", UINT64_C(1000000000000000000) },
	{ "", 0 },
	{ "x", 0 },
	{ "Kb ", 0 },
	{ "Ki", 0 },
	{ "KiBs", 0 },
	{ "iB", 0 },
	{ "@iB", 0 },
	{ "ZiB", 0 },
};

static void test_unit_bytes(void **state)
{
	(void)state;
	for (size_t i = 0; i < VN_LEN(units); i++) {
		print_message("# '%s'\n", units[i].unit);
		assert_true(vn_unit_bytes(units[i].unit) == units[i].bytes);
	}
}

static const struct {
	uint64_t value;
	const char *unit;
	int r;
	uint64_t kib;
} scales[] = {
	{ 0, "GiB", VN_OK, 0 },
	{ 1, "b", VN_OK, 1 }, /* rounded up */
	{ 1024, "b", VN_OK, 1 },
	{ 1025, "b", VN_OK, 2 },
	{ 1, "MB", VN_OK, 977 },
	{ 16, "GiB", VN_OK, 16 << 20 },
	{ UINT64_MAX, "b", VN_OK, UINT64_C(1) << 54 },
	{ UINT64_C(18014398509481983), "KiB", VN_OK, UINT64_C(18014398509481983) },
	{ UINT64_C(18014398509481984), "KiB", VN_E_RANGE, 0 }, /* 2^64 bytes */
	{ 15, "EiB", VN_OK, UINT64_C(15) << 50 },
	{ 16, "EiB", VN_E_RANGE, 0 },
	{ 18, "EB", VN_OK, UINT64_C(17578125000000000) },
	{ 19, "EB", VN_E_RANGE, 0 },
	{ UINT64_MAX, "EiB", VN_E_RANGE, 0 },
	{ 1, "potato", VN_E_SYNTAX, 0 },
};

static void test_scale(void **state)
{
	(void)state;
	for (size_t i = 0; i < VN_LEN(scales); i++) {
		uint64_t kib = 42;

		print_message("# %ju %s\n", (uintmax_t)scales[i].value, scales[i].unit);
		assert_int_equal(vn_scale_kib(scales[i].value, scales[i].unit, &kib, NULL),
				 scales[i].r);
		if (scales[i].r == VN_OK)
			assert_true(kib == scales[i].kib);
	}
}

static const struct {
	const char *in;
	int r;
	uint64_t kib;
	unsigned column;
} parses[] = {
	{ "16GiB", VN_OK, 16 << 20, 0 },
	{ " 16 GiB ", VN_OK, 16 << 20, 0 },
	{ "2048M", VN_OK, 2 << 20, 0 },
	{ "512", VN_OK, 512 << 10, 0 }, /* the default unit */
	{ "1b", VN_OK, 1, 0 },
	{ "", VN_E_SYNTAX, 0, 1 },
	{ "GiB", VN_E_SYNTAX, 0, 1 },
	{ "-1", VN_E_SYNTAX, 0, 1 },
	{ "1.5GiB", VN_E_SYNTAX, 0, 2 },
	{ "16 gigabytes", VN_E_SYNTAX, 0, 4 },
	{ "16 GiB x", VN_E_SYNTAX, 0, 4 },
	{ "18446744073709551616", VN_E_RANGE, 0, 1 },
	{ "18446744073709551615", VN_E_RANGE, 0, 1 },
};

static void test_parse(void **state)
{
	(void)state;
	for (size_t i = 0; i < VN_LEN(parses); i++) {
		vn_cursor in = vn_cursor_of_string("size", parses[i].in);
		vn_error err = { 0 };
		uint64_t kib = 42;

		print_message("# '%s'\n", parses[i].in);
		assert_int_equal(vn_size_parse(in, "MiB", &kib, &err), parses[i].r);
		assert_int_equal(err.column, parses[i].column);
		assert_true(kib == (parses[i].r == VN_OK ? parses[i].kib : 42));
	}
}

static const struct {
	uint64_t kib;
	const char *out;
} formats[] = {
	{ 0, "0 KiB" },
	{ 1, "1 KiB" },
	{ 1023, "1023 KiB" },
	{ 1024, "1 MiB" },
	{ 1536, "1.5 MiB" },
	{ 8 << 20, "8 GiB" },
	{ 2203620, "2.1 GiB" },
	{ (8 << 20) - 1, "8 GiB" }, /* rounded, carried into the whole number */
	{ UINT64_C(1) << 50, "1 EiB" },
	{ UINT64_C(1) << 53, "8 EiB" },
};

static void test_format(void **state)
{
	char text[32];

	(void)state;
	for (size_t i = 0; i < VN_LEN(formats); i++)
		assert_string_equal(vn_size_format(formats[i].kib, text, sizeof(text)),
				    formats[i].out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_unit_bytes),
		cmocka_unit_test(test_scale),
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_format),
	};

	return cmocka_run_group_tests_name("base_units", tests, NULL, NULL);
}
