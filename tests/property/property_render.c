/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The way of a document: a random guest as XML is read, placed and written; the written document
 * gives the same bytes again, and on another host it plans as the original does there. */
#include "random.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { PLANS = 500, SHOWN = 3 };

static struct pair pair, elsewhere;
static vn_placement placement;
static uint64_t seed, failures;

/* Read, place, write: one plan. */
static int plan(const struct pair *on, const char *xml, vn_text *ret, vn_error *err)
{
	VN_AUTO(vn_request) request = NULL;
	int r;

	if ((r = vn_request_parse_xml("guest.xml", xml, strlen(xml), &request, err)) < 0 ||
	    (r = vn_place(&on->host, request, &on->options, &placement, err)) < 0)
		return r;
	if ((r = vn_placement_check(&on->host, request, &on->options, &placement, err)) < 0)
		return r;
	return vn_render_xml(&on->host, request, &placement, ret, err);
}

static void complain(uint64_t n, const char *what, const char *a, const char *b)
{
	VN_AUTO_TEXT host = VN_TEXT_INIT;

	if (failures++ >= SHOWN)
		return;
	vn_host_write_json(&pair.host, &host, NULL);
	printf("# VN_SEED=%" PRIu64 " VN_CASE=%" PRIu64 ": %s\n%s\n--- first\n%s\n--- second\n%s\n",
	       seed, n, what, host.bytes, a, b);
}

/* The planned document on another host, and the original there: the same, down to the refusal.
 * Where devices were moved, their buses keep their numbers, so that the guest finds them again;
 * then the numbers may differ. */
static void compare_elsewhere(uint64_t n, const char *original, const char *planned)
{
	VN_AUTO_TEXT fresh = VN_TEXT_INIT, moved = VN_TEXT_INIT;
	vn_error err_fresh = { 0 }, err_moved = { 0 };
	int r, s;

	pair_make(&elsewhere, seed + 1, n);
	elsewhere.options = pair.options;
	r = plan(&elsewhere, original, &fresh, &err_fresh);
	s = plan(&elsewhere, planned, &moved, &err_moved);
	if (r == VN_E_SYSTEM || s == VN_E_SYSTEM)
		return; /* the search budget ended */
	if (r != s)
		complain(n, "one of original and planned is refused elsewhere",
			 r < 0 ? err_fresh.text : fresh.bytes,
			 s < 0 ? err_moved.text : moved.bytes);
	else if (r == VN_OK && !strstr(planned, "controllers=") && strcmp(fresh.bytes, moved.bytes))
		complain(n, "original and planned differ elsewhere", fresh.bytes, moved.bytes);
}

static void test_documents(void **state)
{
	uint64_t first, cases = cases_of_run(UINT64_MAX / 2, &first), plans = 0;

	(void)state;
	for (uint64_t n = first; plans < PLANS && n < first + cases; n++) {
		VN_AUTO_TEXT original = VN_TEXT_INIT, once = VN_TEXT_INIT, twice = VN_TEXT_INIT;
		vn_error err = { 0 };

		pair_make(&pair, seed, n);
		pair_write_xml(&pair, &original);
		if (plan(&pair, original.bytes, &once, &err) < 0) {
			/* VN_E_SYSTEM: the search budget ended */
			if (err.code == VN_E_SYNTAX || err.code == VN_E_INPUT)
				complain(n, "refused as bad input", original.bytes, err.text);
			continue;
		}
		plans++;
		if (plan(&pair, once.bytes, &twice, &err) < 0)
			complain(n, "the planned document is refused", once.bytes, err.text);
		else if (strcmp(once.bytes, twice.bytes))
			complain(n, "the second plan differs", once.bytes, twice.bytes);
		else
			compare_elsewhere(n, original.bytes, once.bytes);
	}
	printf("# %" PRIu64 " plans, %" PRIu64 " failures\n", plans, failures);
	assert_int_equal(failures, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_documents),
	};

	seed = seed_of_run();
	return cmocka_run_group_tests_name("render", tests, NULL, NULL);
}
