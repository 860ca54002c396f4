/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Random questions in the CASE form of the batch format ({"host", "request", "limits", "config"}),
 * so that a failing one is a file that `vnuma fit` runs. They are read by the library's own
 * readers, judged, and shrunk as JSON.
 *
 *   case_make.c, case_host.c, case_request.c   random cases
 *   case_read.c                                JSON to a question
 *   case_shrink.c                              a failing case made small */
#ifndef VNUMA_TESTS_CASE_H
#define VNUMA_TESTS_CASE_H

#include "question.h"
#include "random.h"

#include <jansson.h>

/* What random cases have, in percent; a feature that the fit does not know yet is 0. */
enum feature {
	FEATURE_MIXED_OVERLAP, /* mixed guests where shared and dedicated CPUs overlap */
	FEATURE_REQUIRE_SMT4,  /* require where cores have four threads or more */
	FEATURE_PCI,	       /* PCI requests, pools, devices */
	FEATURE_NETWORKS,      /* physical networks and tunnels */
	FEATURE_RAM_RATIO,     /* memory ratios */
	FEATURE_AUTO,	       /* guests that fix no cells */
	FEATURE_COUNT
};
struct features {
	uint32_t percent[FEATURE_COUNT];
};
extern const char *const feature_names[FEATURE_COUNT];
extern const struct features features_usual;
/* "pci=40" sets one. False: no such feature, or no percentage. */
bool features_set(struct features *features, const char *word);

/* Case `n` of the run with `seed`. The caller has the only reference. */
json_t *case_make(const struct features *features, uint64_t seed, uint64_t n);

/* Nodes and CPUs of a random host, for a request that nearly fits. */
struct case_host {
	uint32_t n_nodes, threads;
	uint32_t shared[6], dedicated[6]; /* free CPUs by node */
	uint64_t free_mib[6];
	uint32_t ids[6];
	bool overlaps; /* a CPU is of both kinds */
	bool pages;    /* page counts are known */
};
json_t *case_make_host(struct random *r, const struct features *features, struct case_host *ret);
/* "request", "limits" and "config" of the case. */
void case_make_request(struct random *r, const struct features *features,
		       const struct case_host *host, json_t *to);

/* A case read by the library. */
struct case_read {
	struct question q;
	vn_host *host;
	vn_request *request;
	vn_place_options options;
};
int case_read(const json_t *json, struct case_read *ret, vn_error *err);
void case_read_clear(struct case_read *read);
#define CASE_AUTO __attribute__((cleanup(case_read_clear))) struct case_read

/* Make a case smaller for as long as still_fails(it, context) is true. Changes *json in place. */
void case_shrink(json_t **json, bool (*still_fails)(const json_t *json, void *context),
		 void *context);

#endif
