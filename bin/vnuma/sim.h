/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * vnuma sim: what is asked for (sim_plan.c), reading traces (sim_read.c), the jobs on all CPUs
 * (sim_run.c, sim_rows.c), the linear programme (sim_lp.c), sums (sim_summary.c) and printing.
 *
 * A contestant is a policy or a bound; an episode is a stretch of the trace from a start row on.
 * Each pair of them is a job of its own, so that threads share nothing and change nothing. */
#ifndef VNUMA_CLI_SIM_H
#define VNUMA_CLI_SIM_H

#include "cli.h"

#include "vnuma/sim.h"

enum {
	SIM_POLICIES_MAX = 32,
	SIM_STARTS_MAX = 1 << 20,
	SIM_ROWS_MAX = 1 << 24 /* rows that are kept, where they have to be */
};

enum sim_bound { SIM_BOUND_VOLUME, SIM_BOUND_LP, SIM_BOUND_COUNT };
extern const char *const sim_bound_names[SIM_BOUND_COUNT];

struct sim_policy {
	char name[64]; /* as it was asked for */
	vn_fleet_policy policy;
};

struct sim_plan {
	const char *trace; /* path */
	vn_sim_fleet fleet;
	enum vn_sim_refusal refusal;
	size_t n_policies;
	struct sim_policy policies[SIM_POLICIES_MAX];
	size_t n_bounds; /* 1: volume; 2: and lp */
	bool starts_given;
	size_t n_starts;
	uint64_t *starts;
	bool counted; /* an episode has as many rows as count_by places, and `episode` more */
	struct sim_policy count_by;
	uint64_t episode; /* 0: no limit */
	bool demand_given;
	uint64_t demand_from, demand_to; /* rows, both included */
	const char *demand_trace;	 /* or all of another trace; NULL: none */
	bool curves;
	unsigned threads;
	vn_trace_options trace_options;
	const char *decisions; /* path; NULL: none */
};
int sim_plan_read(const struct cli_values *values, const char *trace, struct sim_plan *ret,
		  vn_error *err);
void sim_plan_clear(struct sim_plan *plan);
/* Are all rows kept in memory? Else they stream through. */
bool sim_plan_keeps_rows(const struct sim_plan *plan);
size_t sim_plan_contestants(const struct sim_plan *plan);
/* The name of a contestant: policies first, then the bounds. */
const char *sim_plan_name(const struct sim_plan *plan, size_t contestant);

/* ---- sim_read.c ------------------------------------------------------------------------------ */

struct sim_trace_info {
	enum vn_trace_format format;
	uint64_t rows;
	uint32_t flavours;
	int64_t first_us, last_us; /* arrivals */
	bool departures;	   /* at least one guest leaves */
};
/* Feed a file, plain or gzip, or standard input for "-", to a reader of traces. */
int sim_trace_read(const char *path, const vn_trace_options *options, vn_trace_take *take,
		   void *context, struct cli_progress *progress, struct sim_trace_info *ret,
		   vn_error *err);
/* A list of row numbers: text, or a .npy file of integers. */
int sim_starts_read(const char *path, uint64_t **ret, size_t *ret_n, vn_error *err);

/* ---- sim_rows.c: all rows of a trace ----------------------------------------------------------
 */

struct sim_rows {
	vn_trace_row *rows;
	size_t n, room;
};
int sim_rows_take(void *context, const vn_trace_row *row, vn_error *err); /* a vn_trace_take */
void sim_rows_clear(struct sim_rows *rows);

/* ---- sim_run.c ------------------------------------------------------------------------------- */

struct sim_outcome {
	vn_sim_result result;
	vn_sim_point *points; /* owned; NULL: none */
};
struct sim_report {
	struct sim_trace_info trace;
	struct sim_outcome *outcomes; /* [contestant * n_starts + episode] */
	size_t n_outcomes;
	vn_sim_demand demand;
};
int sim_run(struct sim_plan *plan, struct sim_report *ret, vn_error *err);
void sim_report_clear(struct sim_report *report);

/* Calls job(context, i) for each i < n, on so many threads; in any order. The error of the lowest i
 * that failed. progress: may be NULL. */
typedef int sim_job(void *context, size_t i, vn_error *err);
int sim_parallel(size_t n, unsigned threads, sim_job *job, void *context,
		 struct cli_progress *progress, vn_error *err);

/* ---- sim_decisions.c: one line for each row ---------------------------------------------------
 */

struct sim_decisions {
	const char *policy;
	uint64_t episode;
	vn_sim_chooser chooser;
	vn_placement *placement;
	vn_text text;
};
extern const char sim_decisions_header[];
int sim_decisions_tell(void *context, const vn_trace_row *row, enum vn_sim_fate fate,
		       int64_t start_us, const vn_sim_choice *choice, vn_error *err);

/* ---- sim_lp.c -------------------------------------------------------------------------------- */

int sim_lp_new(const vn_sim_fleet *fleet, vn_sim_chooser *ret, vn_error *err);

/* ---- sim_summary.c --------------------------------------------------------------------------- */

/* Of a contestant, over the episodes. Shares are 0..1. */
struct sim_summary {
	vn_sim_mean placed, refused, too_large, before_refusal, wait_s;
	double cpus, memory;	       /* in use at the end, of the fleet */
	double cpus_mean, memory_mean; /* over time; of the fleet */
	double of_bound;	       /* NaN: no such thing */
	double wait_max_s;
};
int sim_summarise(const struct sim_plan *plan, const struct sim_report *report, size_t contestant,
		  struct sim_summary *ret, vn_error *err);

/* ---- printing -------------------------------------------------------------------------------- */

int sim_write_table(const struct sim_plan *plan, const struct sim_report *report, vn_text *to,
		    vn_error *err);
int sim_write_json(const struct sim_plan *plan, const struct sim_report *report, vn_text *to,
		   vn_error *err);
int sim_write_csv(const struct sim_plan *plan, const struct sim_report *report, vn_text *to,
		  vn_error *err);
int sim_write_svg(const struct sim_plan *plan, const struct sim_report *report, vn_text *to,
		  vn_error *err);

/* ---- sim_gnuplot.c --------------------------------------------------------------------------- */

/* Run a script; what it prints is appended to *ret. VN_E_SYSTEM: it is not there, or it failed. */
int sim_gnuplot(const vn_text *script, vn_text *ret, vn_error *err);

#endif
