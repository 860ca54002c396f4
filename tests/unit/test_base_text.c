/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Growing text, and the arena that everything read lives in. */
#include "vnuma/base.h"

#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void test_text(void **state)
{
	vn_text text = VN_TEXT_INIT;

	(void)state;
	assert_int_equal(vn_text_done(&text, NULL), VN_OK);
	vn_text_add(&text, "");
	assert_string_equal(text.bytes, "");
	vn_text_add(&text, "ab");
	vn_text_addf(&text, "%d-%s", 7, "x");
	vn_text_add_bytes(&text, "\0z", 2);
	assert_int_equal(text.len, 7);
	assert_memory_equal(text.bytes, "ab7-x\0z", 8);
	vn_text_clear(&text);
	assert_null(text.bytes);
	assert_int_equal(text.len, 0);
	vn_text_add(&text, "again");
	assert_string_equal(text.bytes, "again");
	vn_text_clear(&text);
	vn_text_clear(&text);
}

/* Across every power of two, the bytes and the final NUL stay right. */
static void test_growth(void **state)
{
	VN_AUTO_TEXT text = VN_TEXT_INIT;

	(void)state;
	for (unsigned i = 0; i < 5000; i++) {
		vn_text_addf(&text, "%c", 'a' + (int)(i % 26));
		assert_int_equal(text.len, i + 1);
		assert_int_equal(text.bytes[text.len], '\0');
	}
	for (unsigned i = 0; i < 5000; i++)
		assert_int_equal(text.bytes[i], 'a' + (int)(i % 26));
}

static void test_sets(void **state)
{
	VN_AUTO_TEXT text = VN_TEXT_INIT;
	vn_cpuset cpus = { 0 };
	vn_nodeset nodes = { 0 };

	(void)state;
	vn_text_add_cpuset(&text, &cpus);
	vn_text_add(&text, "|");
	vn_cpuset_add_range(&cpus, 0, 3);
	vn_cpuset_add(&cpus, 8191);
	vn_text_add_cpuset(&text, &cpus);
	vn_nodeset_add(&nodes, 7);
	vn_text_add(&text, "|");
	vn_text_add_nodeset(&text, &nodes);
	assert_string_equal(text.bytes, "|0-3,8191|7");
}

static void test_xml(void **state)
{
	VN_AUTO_TEXT text = VN_TEXT_INIT;

	(void)state;
	vn_text_add_xml(&text, "a<b>&\"c'\xc3\xa9");
	assert_string_equal(text.bytes, "a&lt;b&gt;&amp;&quot;c&apos;\xc3\xa9");
}

/* Once a write has failed, later ones do nothing and the end says so. */
static void test_failed(void **state)
{
	VN_AUTO_TEXT text = VN_TEXT_INIT;
	vn_error err = { 0 };

	(void)state;
	vn_text_add(&text, "a");
	vn_text_add_bytes(&text, "b", SIZE_MAX / 2); /* no such memory; nothing is copied */
	assert_true(text.failed);
	vn_text_add(&text, "c");
	assert_string_equal(text.bytes, "a");
	assert_int_equal(vn_text_done(&text, &err), VN_E_NOMEM);
	assert_int_equal(err.code, VN_E_NOMEM);
	vn_text_clear(&text);
	assert_false(text.failed);
}

static bool is_zero(const char *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (bytes[i])
			return false;
	return true;
}

static void test_arena(void **state)
{
	VN_AUTO(vn_arena) arena = vn_arena_new();
	char *block[200];

	(void)state;
	for (size_t i = 0; i < VN_LEN(block); i++) { /* 1 byte to 40 KB, over many blocks */
		block[i] = vn_arena_alloc(arena, i + 1, i + 1);
		assert_non_null(block[i]);
		assert_int_equal((uintptr_t)block[i] % _Alignof(max_align_t), 0);
		assert_true(is_zero(block[i], (i + 1) * (i + 1)));
		memset(block[i], (int)i + 1, (i + 1) * (i + 1));
	}
	for (size_t i = 0; i < VN_LEN(block); i++) /* none lies in another */
		for (size_t k = 0; k < (i + 1) * (i + 1); k++)
			assert_int_equal((unsigned char)block[i][k], i + 1);
	assert_non_null(vn_arena_alloc(arena, 0, 8));
	assert_null(vn_arena_alloc(arena, SIZE_MAX, 2));
	assert_null(vn_arena_alloc(arena, SIZE_MAX / 2 + 1, 1));
	assert_string_equal(vn_arena_strndup(arena, "abc", 2), "ab");
	assert_string_equal(vn_arena_strndup(arena, "", 0), "");
	assert_null(vn_arena_strndup(arena, "", SIZE_MAX));
	vn_arena_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),   cmocka_unit_test(test_growth),
		cmocka_unit_test(test_sets),   cmocka_unit_test(test_xml),
		cmocka_unit_test(test_failed), cmocka_unit_test(test_arena),
	};

	return cmocka_run_group_tests_name("base_text", tests, NULL, NULL);
}
