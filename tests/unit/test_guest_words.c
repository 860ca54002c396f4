/* SPDX-License-Identifier: LGPL-2.1-or-later
 * The words of a command line, and the table of extra specs that help and man pages print. */
#include "vnuma/guest.h"

#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const struct {
	uint32_t vcpus;
	uint64_t mem_kib;
	const char *spec, *prop; /* NULL: none */
	enum vn_code code;
	const char *message;
} rows[] = {
	{ 4, 1 << 20, "hw:cpu_policy=dedicated", NULL, VN_OK, NULL },
	{ 4, 1 << 20, "hw:pmem=a=b", NULL, VN_OK, NULL },
	{ 4, 1 << 20, NULL, "hw_cpu_policy=dedicated", VN_OK, NULL },
	{ 0, 1 << 20, NULL, NULL, VN_E_RANGE, "'0' vCPUs are not legal (legal: 1 to 4096)" },
	{ 100000, 1 << 20, NULL, NULL, VN_E_RANGE,
	  "'100000' vCPUs are not legal (legal: 1 to 4096)" },
	{ 4, 0, NULL, NULL, VN_E_RANGE, "'0 KiB' of memory are not legal (legal: 1 KiB to 1 EiB)" },
	{ 4, UINT64_MAX, NULL, NULL, VN_E_RANGE,
	  "'18446744073709551615 KiB' of memory are not legal (legal: 1 KiB to 1 EiB)" },
	{ 4, 1 << 20, "hw:cpu_policy", NULL, VN_E_SYNTAX,
	  "'hw:cpu_policy' is not an extra spec (legal: KEY=VALUE)" },
	{ 4, 1 << 20, "=dedicated", NULL, VN_E_SYNTAX,
	  "'=dedicated' is not an extra spec (legal: KEY=VALUE)" },
	{ 4, 1 << 20, NULL, "hw_cpu_policy", VN_E_SYNTAX,
	  "'hw_cpu_policy' is not an image property (legal: KEY=VALUE)" },
	{ 4, 1 << 20, "hw_cpu_policy=shared", NULL, VN_E_SYNTAX,
	  "'hw_cpu_policy' is not an extra spec of Nova (legal: the names that 'vnuma help specs' "
	  "lists)" },
	{ 4, 1 << 20, "hw:cpu_policy=", NULL, VN_E_RANGE,
	  "hw:cpu_policy is '' (legal: shared, dedicated or mixed)" },
	{ 4, (1 << 20) + 4, "hw:numa_nodes=2", NULL, VN_E_CONFLICT,
	  "4 vCPUs and 1048580 KiB do not split into 2 even cells of whole MiB (legal: numbers "
	  "that divide, or hw:numa_cpus.N and hw:numa_mem.N)" },
};

static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < VN_LEN(rows); i++) {
		vn_request_words words = { .name = "w",
					   .vcpus = rows[i].vcpus,
					   .mem_kib = rows[i].mem_kib,
					   .n_specs = rows[i].spec != NULL,
					   .n_props = rows[i].prop != NULL,
					   .specs = &rows[i].spec,
					   .props = &rows[i].prop };
		VN_AUTO(vn_request) request = NULL;
		vn_error err = { 0 };

		print_message("# %s\n", rows[i].message ? rows[i].message : "good");
		assert_int_equal(vn_request_from_words(&words, &request, &err), rows[i].code);
		if (rows[i].code < 0) {
			assert_null(request);
			assert_string_equal(err.text, rows[i].message);
			assert_string_equal(err.source, "command line");
			continue;
		}
		assert_string_equal(request->name, "w");
		assert_string_equal(request->source, "command line");
		assert_int_equal(request->vcpus_online, 4);
		assert_null(request->xml);
	}
}

static void test_too_many(void **state)
{
	static const char *specs[513];
	vn_request_words words = {
		.vcpus = 1, .mem_kib = 1024, .n_specs = VN_LEN(specs), .specs = specs
	};
	vn_request *request = NULL;
	vn_error err = { 0 };

	(void)state;
	for (size_t i = 0; i < VN_LEN(specs); i++)
		specs[i] = "quota:x=1";
	assert_int_equal(vn_request_from_words(&words, &request, &err), VN_E_RANGE);
	assert_string_equal(err.text, "513 specs and properties (legal: at most 512)");
	assert_null(request);
}

/* ---- the table ---- */

static void check_words(const char *text)
{
	assert_non_null(text);
	assert_true(*text && strlen(text) < 100);
	assert_null(strpbrk(text, "\n\t\\"));
}

static void test_table(void **state)
{
	(void)state;
	for (size_t i = 0; i < vn_n_specs; i++) {
		const vn_spec *spec = &vn_specs[i];

		print_message("# %s\n", spec->flavor);
		check_words(spec->flavor);
		check_words(spec->legal);
		check_words(spec->help);
		check_words(spec->error);
		assert_true((spec->type == VN_SPEC_CHOICE) == (spec->choices != NULL));
		for (size_t k = 0; spec->choices && spec->choices[k]; k++)
			assert_non_null(strstr(spec->legal, spec->choices[k]));
		if (spec->type == VN_SPEC_INT)
			assert_true(spec->min <= spec->max && spec->max);
		for (size_t k = 0; k < i; k++) {
			assert_string_not_equal(spec->flavor, vn_specs[k].flavor);
			assert_false(spec->image && vn_specs[k].image &&
				     !strcmp(spec->image, vn_specs[k].image));
		}
	}
}

/* Every name of the table is understood: a wrong value of it is answered with its own row. */
static void test_table_is_used(void **state)
{
	(void)state;
	for (size_t i = 0; i < vn_n_specs; i++) {
		const vn_spec *spec = &vn_specs[i];
		char word[100], expected[256];
		const char *spec_word = word;
		vn_request_words words = {
			.vcpus = 4, .mem_kib = 1 << 20, .n_specs = 1, .specs = &spec_word
		};
		size_t len = strlen(spec->flavor);
		vn_request *request = NULL;
		vn_error err = { 0 };

		if (spec->type == VN_SPEC_TEXT)
			continue;
		snprintf(word, sizeof(word), "%s=?", spec->flavor);
		if (spec->flavor[len - 1] == 'N' && spec->flavor[len - 2] == '.')
			word[len - 1] = '0';
		print_message("# %s\n", word);
		assert_int_equal(vn_request_from_words(&words, &request, &err), VN_E_RANGE);
		assert_string_equal(err.name, spec->error);
		snprintf(expected, sizeof(expected), "%.*s is '?' (legal: %s)", (int)len, word,
			 spec->legal);
		assert_string_equal(err.text, expected);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_too_many),
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_table_is_used),
	};

	return cmocka_run_group_tests_name("guest_words", tests, NULL, NULL);
}
