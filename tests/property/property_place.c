/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * property_place [N [SEED]] [FEATURE=PERCENT...]: the fit against N random cases of the batch form.
 * verdict.h says what is compared. A case that fails is shrunk and written to a file, which `vnuma
 * fit` answers and `property_place FILE` judges again; the file names of the first few are printed.
 */
#include "case.h"
#include "verdict.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { CASES = 40000, KINDS_MAX = 16, EACH_KIND_SHOWN = 1 };

static struct {
	uint64_t cases, first, seed;
	struct features features;
} run;

/* Failures by kind: one case of each is shrunk. */
static struct {
	const char *wrong;
	uint64_t times;
} kinds[KINDS_MAX];
static size_t n_kinds;

static struct verdict verdict_of_case(const json_t *json)
{
	CASE_AUTO read = { 0 };
	vn_error err = { 0 };
	struct verdict v = { 0 };

	if (case_read(json, &read, &err) == VN_OK)
		return verdict_of(&read.q);
	v.wrong = "the case is not read";
	vn_error_format(&err, v.detail, sizeof(v.detail));
	return v;
}

static bool fails_alike(const json_t *json, void *context)
{
	struct verdict v = verdict_of_case(json);

	return v.wrong && !strcmp(v.wrong, context);
}

static void show(json_t *json, uint64_t n, const char *wrong)
{
	char path[100];
	struct verdict v;

	printf("# seed %" PRIu64 ", case %" PRIu64 ": %s\n", run.seed, n, wrong);
	case_shrink(&json, fails_alike, (void *)wrong);
	v = verdict_of_case(json);
	snprintf(path, sizeof(path), "failed-%" PRIu64 "-%" PRIu64 ".json", run.seed, n);
	json_object_set_new(json, "case", json_sprintf("%s: %s", v.wrong, v.detail));
	if (json_dump_file(json, path, JSON_INDENT(1) | JSON_REAL_PRECISION(6)) == 0)
		printf("# %s, shrunk: %s\n", v.detail, path);
	json_decref(json);
}

static void complain(json_t *json, uint64_t n, const char *wrong)
{
	size_t kind = 0;

	while (kind < n_kinds && kinds[kind].wrong != wrong)
		kind++;
	if (kind == KINDS_MAX)
		return;
	n_kinds += kind == n_kinds;
	kinds[kind].wrong = wrong;
	if (kinds[kind].times++ < EACH_KIND_SHOWN)
		show(json_deep_copy(json), n, wrong);
}

static void test_place(void **state)
{
	uint64_t fits = 0, against = 0, against_fits = 0, unknown = 0, failures = 0;

	(void)state;
	for (uint64_t n = run.first; n < run.first + run.cases; n++) {
		json_t *json = case_make(&run.features, run.seed, n);
		struct verdict v = verdict_of_case(json);

		fits += v.fits;
		against += v.against_brute;
		against_fits += v.against_brute && v.fits;
		unknown += v.no_answer;
		failures += v.wrong != NULL;
		if (v.wrong)
			complain(json, n, v.wrong);
		json_decref(json);
	}
	printf("# %" PRIu64 " cases, %" PRIu64 " fit; %" PRIu64 " against brute force, %" PRIu64
	       " of them fit; %" PRIu64 " without an answer; %" PRIu64 " failures\n",
	       run.cases, fits, against, against_fits, unknown, failures);
	for (size_t i = 0; i < n_kinds; i++)
		printf("# %" PRIu64 " x %s\n", kinds[i].times, kinds[i].wrong);
	assert_int_equal(failures, 0);
	assert_true(unknown * 1000 <= run.cases);
	assert_true(run.cases < 1000 || (fits * 4 > run.cases && fits * 4 < run.cases * 3));
}

/* Judge the case in a file again. */
static int judge_file(const char *path)
{
	json_error_t why;
	json_t *json = json_load_file(path, JSON_REJECT_DUPLICATES, &why);
	struct verdict v = { 0 };

	if (!json) {
		fprintf(stderr, "%s:%d: %s\n", path, why.line, why.text);
		return 2;
	}
	v = verdict_of_case(json);
	printf("%s: %s%s%s\n", v.fits ? "fits" : "does not fit", v.wrong ? v.wrong : "right",
	       *v.detail ? ": " : "", v.detail);
	json_decref(json);
	return v.wrong != NULL;
}

static bool take_number(const char *word, uint64_t *ret)
{
	return vn_uint_parse(vn_cursor_of_string(NULL, word), UINT64_MAX, ret, NULL) == VN_OK;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_place),
	};
	uint64_t *numbers[] = { &run.cases, &run.seed };
	size_t n_numbers = 0;

	run.features = features_usual;
	run.cases = cases_of_run(CASES, &run.first);
	run.seed = seed_of_run();
	for (int i = 1; i < argc; i++) {
		if (strstr(argv[i], ".json"))
			return judge_file(argv[i]);
		if (strchr(argv[i], '=') ? features_set(&run.features, argv[i])
					 : n_numbers < VN_LEN(numbers) &&
						   take_number(argv[i], numbers[n_numbers++]))
			continue;
		fprintf(stderr,
			"property_place: '%s' is no number of cases, seed, feature or case "
			"file\n",
			argv[i]);
		return 2;
	}
	printf("# seed %" PRIu64 ", %" PRIu64 " cases\n", run.seed, run.cases);
	return cmocka_run_group_tests_name("place", tests, NULL, NULL);
}
