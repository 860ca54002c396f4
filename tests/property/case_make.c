/* SPDX-License-Identifier: LGPL-2.1-or-later
 * A random case, and how often it has what. */
#include "case.h"

#include <string.h>

const char *const feature_names[FEATURE_COUNT] = {
	[FEATURE_MIXED_OVERLAP] = "mixed-overlap",
	[FEATURE_REQUIRE_SMT4] = "require-smt4",
	[FEATURE_PCI] = "pci",
	[FEATURE_NETWORKS] = "networks",
	[FEATURE_RAM_RATIO] = "ram-ratio",
	[FEATURE_AUTO] = "auto",
};

const struct features features_usual = {
	.percent = {
		[FEATURE_MIXED_OVERLAP] = 100,
		[FEATURE_REQUIRE_SMT4] = 100,
		[FEATURE_PCI] = 30,
		[FEATURE_NETWORKS] = 20,
		[FEATURE_RAM_RATIO] = 60,
		[FEATURE_AUTO] = 8,
	},
};

bool features_set(struct features *features, const char *word)
{
	const char *equals = strchr(word, '=');
	uint64_t percent;

	if (!equals ||
	    vn_uint_parse(vn_cursor_of_string(NULL, equals + 1), 100, &percent, NULL) < 0)
		return false;
	for (size_t i = 0; i < FEATURE_COUNT; i++)
		if (strlen(feature_names[i]) == (size_t)(equals - word) &&
		    !memcmp(feature_names[i], word, (size_t)(equals - word))) {
			features->percent[i] = (uint32_t)percent;
			return true;
		}
	return false;
}

json_t *case_make(const struct features *features, uint64_t seed, uint64_t n)
{
	struct random r = { seed * UINT64_C(0x2545f4914f6cdd1d) +
			    n * UINT64_C(0x9e3779b97f4a7c15) };
	struct case_host host;
	json_t *made = json_pack(
		"{s:o}", "case",
		json_sprintf("random %llu %llu", (unsigned long long)seed, (unsigned long long)n));

	r.state ^= random_below(&r, UINT32_MAX); /* apart from the numbers of its neighbours */
	json_object_set_new(made, "host", case_make_host(&r, features, &host));
	case_make_request(&r, features, &host, made);
	return made;
}
