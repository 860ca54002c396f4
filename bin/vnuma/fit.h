/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the files of `vnuma fit` share. The flow: fit_stream.c finds the text of one case after the
 * other, fit_case.c reads it, fit_run.c places it and takes the time, fit_answer.c writes the line,
 * fit_stats.c counts. docs/fit-format.md describes both ends. */
#ifndef VNUMA_FIT_H
#define VNUMA_FIT_H

#include <jansson.h>

#include "vnuma/vnuma.h"

/* ---- fit_stream.c ---------------------------------------------------------------------------- */

enum { FIT_STREAM_BYTES = 64 << 10, FIT_STREAM_DEPTH = 2048 };

/* A file of cases, of which only one is in memory at a time. */
struct fit_stream {
	const char *source;
	int fd;
	size_t at, end;	 /* of buffer: the bytes read and not yet taken */
	vn_spot place;	 /* of the next byte */
	vn_text item;	 /* the text of the case */
	vn_spot item_at; /* where it begins */
	bool too_large;	 /* the case is larger than VN_JSON_MAX: item is not all of it */
	enum fit_level { FIT_TOP, FIT_LIST, FIT_CASES } level; /* see fit_stream.c */
	bool started;					       /* the list has had an element */
	char buffer[FIT_STREAM_BYTES];
	char open[FIT_STREAM_DEPTH]; /* brackets that the next byte is in */
};

/* path: "-" is standard input. VN_E_INPUT if it cannot be opened. */
int fit_stream_open(struct fit_stream *stream, const char *path, vn_error *err);
/* Find the next case. *found: false at the end. VN_E_SYNTAX with the place when it cannot be told
 * where a case ends, VN_E_INPUT when the file cannot be read. */
int fit_stream_next(struct fit_stream *stream, bool *found, vn_error *err);
void fit_stream_close(struct fit_stream *stream);

/* ---- fit_case.c ------------------------------------------------------------------------------ */

/* One case as it was read. The guest's cells and vCPUs have the numbers of Nova's there, which may
 * have gaps; in the request they are dense. */
struct fit_case {
	json_t *root;	     /* the whole case; NULL: not even JSON */
	const char *name;    /* in root; NULL: it has none */
	vn_request *request; /* NULL: not legal */
	vn_host *host;	     /* NULL: the case asks only what the request means, or not legal */
	vn_place_options options;
	double parse_usec; /* CPU time of reading the request; median if timed more than once */
	vn_cpuset vcpu_numbers;
};

/* Read a case; parse_runs times for the sake of the time. Errors: what is wrong with the case;
 * *ret then has what was read before. Clear it in either case. */
int fit_case_read(const struct fit_stream *stream, uint32_t parse_runs, struct fit_case *ret,
		  vn_error *err);
void fit_case_clear(struct fit_case *fit);
/* Element `cell` of the request's "guest", which has the caller's numbers; NULL in other forms. */
json_t *fit_case_guest_cell(const struct fit_case *fit, uint32_t cell);

/* ---- fit_run.c ------------------------------------------------------------------------------- */

enum { FIT_RUNS_MAX = 200 };

enum fit_status {
	FIT_FITS,
	FIT_NO,
	FIT_NO_NUMA,
	FIT_PARSED,
	FIT_ERROR,
	FIT_TIMEOUT,
	FIT_STATUS_COUNT
};
extern const char *const fit_status_names[FIT_STATUS_COUNT];

struct fit_times { /* in µs */
	double min, median, mean;
	uint32_t n; /* 0: nothing was timed */
};

struct fit_result {
	enum fit_status status;
	vn_error err;		    /* of a refusal or an error */
	vn_error violation;	    /* code VN_OK: the placement keeps all rules */
	struct fit_times wall, cpu; /* of vn_place alone */
};

struct fit_times fit_times_of(double *usec, uint32_t n);
/* Now, in µs: a clock of clock_gettime. */
double fit_now(int clock);

/* Place a case that was read without an error: once, or often enough for good times. */
void fit_run(const struct fit_case *fit, bool often, vn_placement *placement,
	     struct fit_result *ret);

/* ---- fit_answer.c ---------------------------------------------------------------------------- */

/* Append the answer as one line. placement: meaningful if the guest fits. */
int fit_answer_write(const struct fit_case *fit, const struct fit_result *result,
		     const vn_placement *placement, vn_text *to, vn_error *err);

/* ---- fit_stats.c ----------------------------------------------------------------------------- */

enum { FIT_OCTAVES = 40, FIT_STEPS = 64 };

/* Times as counts by size, so that any number of them takes the same room: 64 steps for each
 * doubling, an error below 1.6 %. */
struct fit_histogram {
	uint64_t n, max_ns;
	uint64_t count[FIT_OCTAVES * FIT_STEPS];
};

struct fit_stats {
	uint64_t status[FIT_STATUS_COUNT], violations, unproven;
	struct fit_histogram feasible, infeasible;
};

void fit_stats_add(struct fit_stats *stats, const struct fit_result *result,
		   const vn_placement *placement);
void fit_stats_write(const struct fit_stats *stats, vn_text *to);

#endif
