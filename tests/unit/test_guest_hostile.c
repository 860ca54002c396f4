/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Hostile domain XML and JSON that is too large to write down: it is made here. Each must be
 * refused with its message, and quickly: in a few times the CPU time that it takes to write it
 * down, however slow the machine is. None may print anything or take memory in proportion to what
 * it claims. */
#include "vnuma/guest.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

static void repeat(vn_text *text, const char *what, size_t times)
{
	for (size_t i = 0; i < times; i++)
		vn_text_add(text, what);
}

static void too_large(vn_text *text)
{
	vn_text_add(text, "<domain><name>");
	repeat(text, "0123456789abcdef", (100 << 20) / 16);
	vn_text_add(text, "</name></domain>");
}

static void too_deep(vn_text *text)
{
	repeat(text, "<a>\n", 100000);
	repeat(text, "</a>", 100000);
}

static void too_many_elements(vn_text *text)
{
	vn_text_add(text, "<domain>\n");
	repeat(text, "<a/>", 1 << 20);
	vn_text_add(text, "</domain>");
}

static void too_many_attributes(vn_text *text)
{
	vn_text_add(text, "<domain\n");
	for (unsigned i = 0; i < 300000; i++)
		vn_text_addf(text, " a%u=''", i);
	vn_text_add(text, "/>");
}

static void too_many_namespaces(vn_text *text)
{
	vn_text_add(text, "<domain");
	for (unsigned i = 0; i < 300000; i++)
		vn_text_addf(text, " xmlns:a%u='b'", i);
	vn_text_add(text, "/>");
}

static void bomb(vn_text *text)
{
	vn_text_add(text, "<?xml version='1.0'?>\n<!DOCTYPE domain [\n<!ENTITY a0 'ha'>\n");
	for (int i = 1; i < 30; i++)
		vn_text_addf(text, "<!ENTITY a%d '&a%d;&a%d;'>\n", i, i - 1, i - 1);
	vn_text_add(text, "]>\n<domain><name>&a29;</name></domain>");
}

static void long_attribute(vn_text *text)
{
	vn_text_add(text, "<domain>\n<memory unit='GiB'>1</memory>\n<vcpu cpuset='");
	repeat(text, "0-8191,", 1 << 20);
	vn_text_add(text, "x'>1</vcpu></domain>");
}

static void utf16(vn_text *text)
{
	vn_text_add_bytes(text, "\xff\xfe<\0d\0/\0>\0", 10);
}

static void many_specs(vn_text *text)
{
	vn_text_add(text, "<domain>\n<memory unit='GiB'>1</memory><vnuma>\n");
	repeat(text, "<spec name='quota:x' value='1'/>", 513);
	vn_text_add(text, "</vnuma></domain>");
}

static void many_devices(vn_text *text)
{
	vn_text_add(text, "<domain><memory unit='GiB'>1</memory><devices>\n");
	repeat(text, "<interface type='bridge'><source bridge='br0'/></interface>", 257);
	vn_text_add(text, "</devices></domain>");
}

static void many_cells(vn_text *text)
{
	vn_text_add(text, "<domain><vcpu>1</vcpu><cpu>\n<numa>");
	repeat(text, "<cell memory='1'/>", 129);
	vn_text_add(text, "</numa></cpu></domain>");
}

/* clang-format off */
static const struct {
	const char *name;
	void (*make)(vn_text *text);
	const char *message;
} rows[] = {
	{ "100 MB", too_large,
	  "is larger than 16 MiB, the most that is read" },
	{ "depth 100000", too_deep,
	  "129: elements are nested deeper than 128, the most that is read" },
	{ "a million elements", too_many_elements,
	  "2: more than 65536 elements, the most that is read" },
	{ "300000 attributes", too_many_attributes,
	  "1:1: a tag with 300000 attributes (legal: at most 256)" },
	{ "300000 namespaces", too_many_namespaces,
	  "1:1: a tag with 300000 attributes (legal: at most 256)" },
	{ "entity bomb", bomb,
	  "2:1: a DOCTYPE is refused: a domain XML has no DTD and no entities of its own" },
	{ "a long list", long_attribute,
	  "3:7340047: cpuset='0-8191,0-8191,0-8191,0-8191,0-8191,0-8191,0-8191,0-8191,0-81' "
	  "in <vcpu>: 'x' stands where a number belongs (legal: 0-3,8,^2)" },
	{ "UTF-16", utf16,
	  "1:4: a zero byte: not UTF-8 text" },
	{ "513 specs", many_specs,
	  "2:30: 513 <spec> elements (legal: at most 512)" },
	{ "257 devices", many_devices,
	  "2:15105: more than 256 devices of the host (legal: at most 256)" },
	{ "129 cells", many_cells,
	  "2:1: 129 cells (legal: at most 128)" },
};
/* clang-format on */

static double cpu_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

/* Milliseconds that refusing a text may take, which took `made` to write. */
static double slow_ms(double made)
{
	/* Seen for the worst, the long list: 16 times natively, 11 with sanitizers, 8 under
	 * valgrind. */
	enum { SLOW_MS = 5000, TIMES = 40 };

	return made * TIMES > SLOW_MS ? made * TIMES : SLOW_MS;
}

static void test_xml(void **state)
{
	(void)state;
	for (size_t i = 0; i < VN_LEN(rows); i++) {
		VN_AUTO_TEXT text = VN_TEXT_INIT;
		vn_request *request = NULL;
		vn_error err = { 0 };
		char message[512];
		double start = cpu_ms(), made;

		print_message("# %s\n", rows[i].name);
		rows[i].make(&text);
		assert_false(text.failed);
		made = cpu_ms() - start;
		assert_true(vn_request_parse_xml(NULL, text.bytes, text.len, &request, &err) < 0);
		assert_true(cpu_ms() - start - made < slow_ms(made));
		assert_null(request);
		assert_string_equal(vn_error_format(&err, message, sizeof(message)),
				    rows[i].message);
	}
}

/* Every truncation of a document is refused; none reads past its end. */
static void test_truncated(void **state)
{
	static const char whole[] =
		"<?xml version='1.0'?>\n<!-- c -->\n<domain type='kvm'>\n"
		"<metadata><v:vnuma xmlns:v='urn:vnuma:domain:1' mode='host'>"
		"<v:partition nodeset='0-3,^2' cells='2'/></v:vnuma></metadata>\n"
		"<memory unit='MiB'><![CDATA[64]]></memory><vcpu>4</vcpu>\n"
		"<cputune><vcpupin vcpu='0' cpuset='1'/></cputune></domain>";
	vn_request *request = NULL;

	(void)state;
	for (size_t size = 0; size < strlen(whole); size++) {
		char *part = malloc(size ? size : 1);
		vn_error err = { 0 };

		assert_non_null(part);
		memcpy(part, whole, size);
		assert_int_equal(vn_request_parse_xml("t", part, size, &request, &err),
				 VN_E_SYNTAX);
		assert_true(err.text[0]);
		free(part);
	}
	assert_null(request);
	assert_int_equal(vn_request_parse_xml("t", whole, strlen(whole), &request, NULL), VN_OK);
	assert_int_equal(request->mem_kib, 64 << 10);
	vn_request_free(request);
}

static void test_json(void **state)
{
	VN_AUTO_TEXT deep = VN_TEXT_INIT;
	vn_request *request = NULL;
	vn_error err = { 0 };

	(void)state;
	repeat(&deep, "[", 100000);
	assert_int_equal(vn_request_parse_json("j", deep.bytes, deep.len, &request, &err),
			 VN_E_SYNTAX);
	assert_string_equal(err.text,
			    "not well-formed JSON: maximum parsing depth reached near '['");
	vn_text_clear(&deep);
	repeat(&deep, "                ", (VN_JSON_MAX >> 4) + 1);
	assert_int_equal(vn_request_parse_json("j", deep.bytes, deep.len, &request, &err),
			 VN_E_INPUT);
	assert_string_equal(err.text, "is larger than 64 MiB, the most that is read");
	assert_null(request);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_xml),
		cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_json),
	};

	return cmocka_run_group_tests_name("guest_hostile", tests, NULL, NULL);
}
