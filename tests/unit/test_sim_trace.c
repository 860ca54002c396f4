/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Traces: exact decimals, the rows of each format, pieces of any size. What is refused is in
 * tests/bad/sims.txt. */
#include "vnuma/sim.h"

#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define DAY UINT64_C(86400000000)

static const struct {
	const char *text;
	uint64_t unit;
	int64_t max;
	int r;
	int64_t value;
} decimals[] = {
	{ "0", 1, 10, VN_OK, 0 },
	{ "-0", 1, 10, VN_OK, 0 },
	{ "12", 1, 12, VN_OK, 12 },
	{ "13", 1, 12, VN_E_RANGE, 0 },
	{ "-12", 1, 12, VN_OK, -12 },
	{ "-13", 1, 12, VN_E_RANGE, 0 },
	{ "+7", 1, 10, VN_OK, 7 },
	{ ".5", 10, 10, VN_OK, 5 },
	{ "5.", 1, 10, VN_OK, 5 },
	{ "0.4", 1, 10, VN_OK, 0 },
	{ "0.5", 1, 10, VN_OK, 1 }, /* half up */
	{ "0.1", DAY, INT64_MAX, VN_OK, INT64_C(8640000000) },
	{ "32.8895577895455", DAY, INT64_MAX, VN_OK, INT64_C(2841657793017) },
	{ "1e3", 1, 1000, VN_OK, 1000 },
	{ "1.5e3", 1, 1500, VN_OK, 1500 },
	{ "15e-1", 2, 10, VN_OK, 3 },
	{ "1e-300", 1, 10, VN_OK, 0 },
	{ "1e300", 1, INT64_MAX, VN_E_RANGE, 0 },
	{ "9223372036854775807", 1, INT64_MAX, VN_OK,
	  INT64_C(9223372036854775800) }, /* 18 digits */
	{ "99999999999999999999999999", 1, INT64_MAX, VN_E_RANGE, 0 },
	{ "0.00000000000000000000000000001", 1, 10, VN_OK, 0 },
	{ "", 1, 10, VN_E_SYNTAX, 0 },
	{ ".", 1, 10, VN_E_SYNTAX, 0 },
	{ "-", 1, 10, VN_E_SYNTAX, 0 },
	{ "1e", 1, 10, VN_E_SYNTAX, 0 },
	{ "1 ", 1, 10, VN_E_SYNTAX, 0 },
	{ "0x10", 1, 10, VN_E_SYNTAX, 0 },
	{ "nan", 1, 10, VN_E_SYNTAX, 0 },
	{ "inf", 1, 10, VN_E_SYNTAX, 0 },
	{ "1,5", 1, 10, VN_E_SYNTAX, 0 },
};

static void test_decimals(void **state)
{
	(void)state;
	for (size_t i = 0; i < VN_LEN(decimals); i++) {
		int64_t value = -77;
		int r = vn_decimal_parse(vn_cursor_of_string(NULL, decimals[i].text),
					 decimals[i].unit, decimals[i].max, &value, NULL);

		print_message("# '%s'\n", decimals[i].text);
		assert_int_equal(r, decimals[i].r);
		assert_true(value == (r == VN_OK ? decimals[i].value : -77));
	}
}

struct rows {
	size_t n;
	vn_trace_row rows[16];
};

static int keep(void *context, const vn_trace_row *row, vn_error *err)
{
	struct rows *rows = context;

	(void)err;
	assert_true(rows->n < VN_LEN(rows->rows));
	rows->rows[rows->n++] = *row;
	return VN_OK;
}

/* The rows of a text that is fed in pieces. */
static struct rows read_pieces(const char *text, size_t piece, const vn_trace_options *options,
			       enum vn_trace_format format)
{
	VN_AUTO(vn_trace_reader) reader = NULL;
	struct rows rows = { 0 };
	size_t size = strlen(text);

	assert_int_equal(vn_trace_reader_new("t", options, keep, &rows, &reader, NULL), VN_OK);
	for (size_t at = 0; at < size; at += piece)
		assert_int_equal(vn_trace_feed(reader, text + at,
					       size - at < piece ? size - at : piece, NULL),
				 VN_OK);
	assert_int_equal(vn_trace_end(reader, NULL), VN_OK);
	assert_int_equal(vn_trace_reader_format(reader), format);
	assert_true(vn_trace_reader_rows(reader) == rows.n);
	return rows;
}

static struct rows read_text(const char *text, const vn_trace_options *options,
			     enum vn_trace_format format)
{
	struct rows whole = read_pieces(text, strlen(text), options, format);

	for (size_t piece = 1; piece < 9; piece++) {
		struct rows pieces = read_pieces(text, piece, options, format);

		assert_memory_equal(&pieces, &whole, sizeof(whole));
	}
	return whole;
}

static void test_generic(void **state)
{
	struct rows got = read_text(
		"\xef\xbb\xbfid,ARRIVAL_ms,end_h,vcpus,memory,cells,dedicated,threads,"
		"page_size,devices,rule,"
		"group,domain\r\n"
		"a,500,0.001,4,\"8 GiB\",2,yes,isolate,2MiB,2x10DE:20b0,fault-domain,7,1\r\n"
		"\r\n"
		"b,500, inf ,1,512,,,,,,,,",
		&(vn_trace_options){ 0 }, VN_TRACE_GENERIC);
	const vn_trace_row *a = &got.rows[0], *b = &got.rows[1];

	(void)state;
	assert_true(got.n == 2 && a->number == 0 && b->number == 1);
	assert_true(a->arrival_us == 500000 && a->end_us == 3600000 && a->lifetime_us == 3100000);
	assert_true(a->shape.vcpus == 4 && a->shape.mem_kib == 8 << 20 && a->shape.cells == 2);
	assert_true(a->shape.dedicated && a->shape.threads == VN_THREADS_ISOLATE);
	assert_true(a->shape.pages == VN_PAGES_SIZE && a->shape.page_kib == 2048);
	assert_true(a->shape.devices == 2 && a->shape.vendor == 0x10de &&
		    a->shape.product == 0x20b0 && !b->shape.devices);
	assert_true(a->rule == VN_RULE_FAULT_DOMAIN && a->group == 7 && a->domain == 1);
	assert_true(b->end_us == VN_TRACE_NEVER && b->lifetime_us == VN_TRACE_NEVER);
	assert_true(b->shape.mem_kib == 512 << 10 && b->shape.cells == 1 && !b->shape.dedicated);
	assert_true(b->rule == VN_RULE_NONE);
}

static void test_lifetime(void **state)
{
	static const char text[] =
		"vmid,cpu,mem,at,lt\n0,4,16,0.0,194.0\n1,4,8,2.0,498.0\n2,1,64,3,0\n";
	struct rows got = read_text(text, &(vn_trace_options){ 0 }, VN_TRACE_LIFETIME);

	(void)state;
	assert_true(got.n == 3 && got.rows[0].shape.cells == 2 && got.rows[1].shape.cells == 1);
	assert_true(got.rows[2].shape.cells == 1); /* one vCPU is one cell */
	assert_true(got.rows[0].end_us == 194000000 && got.rows[2].end_us == 3000000);
	got = read_text(text, &(vn_trace_options){ 16 << 20, false }, VN_TRACE_LIFETIME);
	assert_true(got.rows[0].shape.cells == 1);
	got = read_text(text, &(vn_trace_options){ 4 << 20, true }, VN_TRACE_LIFETIME);
	assert_true(got.rows[1].shape.cells == 2 && got.rows[1].end_us == VN_TRACE_NEVER);
}

static void test_topology(void **state)
{
	struct rows got = read_text("flavor_vcpus,flavor_ram,numa,strategy,group,domain\n"
				    "32,64,2,fault_domain,0,2\n2,8,1,,,\n4,4,1,anti-affinity,3,\n",
				    &(vn_trace_options){ 0 }, VN_TRACE_TOPOLOGY);

	(void)state;
	assert_true(got.n == 3 && got.rows[0].shape.cells == 2 && got.rows[0].domain == 2);
	assert_true(got.rows[0].rule == VN_RULE_FAULT_DOMAIN && got.rows[1].rule == VN_RULE_NONE);
	assert_true(got.rows[2].rule == VN_RULE_ANTI_AFFINITY && got.rows[2].group == 3);
	assert_true(got.rows[2].arrival_us == 2000000 && got.rows[2].end_us == VN_TRACE_NEVER);
}

static void test_azure(void **state)
{
	struct rows got = read_text("vmId,tenantId,cores,ram,vmTypeId,starttime,endtime\n"
				    "1,1,2.0,64.0,0,-1497.0,0.5\n2,1,4.0,7.0,0,-1.5,inf\n"
				    "3,1,1,1,0,-9,-2\n4,2,1,1,5,0.25,0.75\n",
				    &(vn_trace_options){ 0 }, VN_TRACE_AZURE);

	(void)state;
	assert_true(got.n == 4 && got.rows[0].arrival_us == 0 && got.rows[0].shape.cells == 1);
	assert_true(got.rows[0].end_us == (int64_t)DAY / 2 && got.rows[1].end_us == VN_TRACE_NEVER);
	assert_true(got.rows[2].end_us == 0); /* gone before the trace begins */
	assert_true(got.rows[3].arrival_us == (int64_t)DAY / 4 &&
		    got.rows[3].lifetime_us == (int64_t)DAY / 2);
}

/* What `take` fails with ends the reading. */
static int refuse(void *context, const vn_trace_row *row, vn_error *err)
{
	++*(int *)context;
	return row->number == 1 ? vn_fail(err, VN_E_SYSTEM, "enough") : VN_OK;
}

static void test_take_fails(void **state)
{
	static const char text[] = "vcpus,memory\n1,1\n1,1\n1,1\n";
	const vn_trace_options options = { 0 };
	VN_AUTO(vn_trace_reader) reader = NULL;
	vn_error err = { 0 };
	int calls = 0;

	(void)state;
	assert_int_equal(vn_trace_reader_new("t", &options, refuse, &calls, &reader, NULL), VN_OK);
	assert_int_equal(vn_trace_feed(reader, text, sizeof(text) - 1, &err), VN_E_SYSTEM);
	assert_int_equal(calls, 2);
	assert_string_equal(err.text, "enough");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_decimals), cmocka_unit_test(test_generic),
		cmocka_unit_test(test_lifetime), cmocka_unit_test(test_topology),
		cmocka_unit_test(test_azure),	 cmocka_unit_test(test_take_fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
