/* SPDX-License-Identifier: LGPL-2.1-or-later
 * PCI addresses, and whole files: missing, unreadable, too large. */
#include "vnuma/base.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static const struct {
	const char *in, *out; /* out NULL: refused */
} rows[] = {
	{ "0000:3b:00.1", "0000:3b:00.1" },
	{ "0:3B:1f.7", "0000:3b:1f.7" },
	{ "10000:e1:00.0", "10000:e1:00.0" }, /* VMD domains have five digits */
	{ "ffffffff:ff:1f.7", "ffffffff:ff:1f.7" },
	{ "", NULL },
	{ "3b:00.1", NULL },
	{ "0000:3b:00", NULL },
	{ "0000:3b:00.", NULL },
	{ "0000:3b:00.8", NULL },
	{ "0000:3b:20.0", NULL },
	{ "0000:100:00.0", NULL },
	{ "000000000:00:00.0", NULL },
	{ "0000:3b:00.1 ", NULL },
	{ " 0000:3b:00.1", NULL },
	{ "0000-3b:00.1", NULL },
	{ "0000:3g:00.1", NULL },
	{ "0x00:3b:00.1", NULL },
};

static void test_parse(void **state)
{
	(void)state;
	for (size_t i = 0; i < VN_LEN(rows); i++) {
		vn_pci_address address = { 1, 2, 3, 4 };
		vn_error err = { 0 };
		char text[32];
		int r = vn_pci_address_parse(vn_cursor_of_string("p", rows[i].in), &address, &err);

		print_message("# '%s'\n", rows[i].in);
		if (rows[i].out) {
			assert_int_equal(r, VN_OK);
			assert_string_equal(vn_pci_address_format(address, text, sizeof(text)),
					    rows[i].out);
			continue;
		}
		assert_int_equal(r, VN_E_SYNTAX);
		assert_int_equal(address.domain, 1);
		assert_non_null(strstr(err.text, "is not a PCI address (legal: 0000:3b:00.1)"));
	}
}

static void test_compare(void **state)
{
	static const vn_pci_address ascending[] = {
		{ 0, 0, 0, 0 }, { 0, 0, 0, 7 }, { 0, 0, 1, 0 },
		{ 0, 1, 0, 0 }, { 1, 0, 0, 0 }, { 0xffffffff, 255, 31, 7 },
	};

	(void)state;
	for (int i = 0; i < (int)VN_LEN(ascending); i++)
		for (int j = 0; j < (int)VN_LEN(ascending); j++)
			assert_int_equal(vn_pci_address_compare(ascending[i], ascending[j]),
					 (i > j) - (i < j));
}

/* The last byte that fits, and the first that does not. */
static void test_file(void **state)
{
	char path[] = "/tmp/vnuma-test-XXXXXX", message[200], expected[200];
	VN_AUTO_TEXT text = VN_TEXT_INIT;
	vn_error err = { 0 };
	static char bytes[2 << 20];
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, sizeof(bytes)), sizeof(bytes));
	vn_text_add(&text, "x");
	assert_int_equal(vn_file_read(path, sizeof(bytes), &text, &err), VN_OK);
	assert_int_equal(text.len, 1 + sizeof(bytes)); /* appended */
	assert_int_equal(vn_file_read(path, sizeof(bytes) - 1, &text, &err), VN_E_INPUT);
	assert_int_equal(text.len, 1 + sizeof(bytes));
	snprintf(expected, sizeof(expected), "%s: is larger than 1 MiB, the most that is read",
		 path);
	assert_string_equal(vn_error_format(&err, message, sizeof(message)), expected);
	close(fd);
	unlink(path);
	assert_int_equal(vn_file_read(path, 10, &text, &err), VN_E_INPUT);
	snprintf(expected, sizeof(expected), "%s: cannot be opened: No such file or directory",
		 path);
	assert_string_equal(vn_error_format(&err, message, sizeof(message)), expected);
	assert_int_equal(vn_file_read("/tmp", 10, &text, &err), VN_E_INPUT);
	assert_string_equal(vn_error_format(&err, message, sizeof(message)),
			    "/tmp: cannot be read: Is a directory");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_compare),
		cmocka_unit_test(test_file),
	};

	return cmocka_run_group_tests_name("base_pci", tests, NULL, NULL);
}
