/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Running all contestants over all episodes. Either the rows are kept and each job goes through its
 * stretch of them, or there is one episode and the rows stream: a block is read, then every
 * contestant takes it, so that a trace of any length needs the memory of a block. */
#include "sim.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK = 1 << 14 };

/* A replay that is going on. */
struct going {
	vn_replay *replay;
	struct sim_decisions decisions;
	bool done;
};

struct run {
	struct sim_plan *plan;
	struct sim_report *report;
	struct sim_rows rows; /* all, or the block */
	uint64_t *lengths;    /* [n_starts] of episodes, if they are counted */
	struct going *going;  /* [contestant], where rows stream */
	struct cli_progress progress;
	FILE *decisions;
};

/* ---- contestants ------------------------------------------------------------------------------
 */

static int make_chooser(const struct run *run, size_t contestant, vn_sim_chooser *ret,
			vn_error *err)
{
	const struct sim_plan *plan = run->plan;
	size_t bound = contestant - plan->n_policies;
	const vn_sim_demand *demand = plan->demand_given ? &run->report->demand : NULL;

	if (contestant < plan->n_policies)
		return vn_sim_engine_new(&plan->fleet, &plan->policies[contestant].policy, demand,
					 ret, err);
	if (bound == SIM_BOUND_LP)
		return sim_lp_new(&plan->fleet, ret, err);
	return vn_sim_volume_new(&plan->fleet, plan->refusal == VN_SIM_CONTINUE, ret, err);
}

static int start(const struct run *run, size_t contestant, size_t episode, struct going *going,
		 vn_error *err)
{
	const struct sim_plan *plan = run->plan;
	vn_sim_options options = {
		.refusal = plan->refusal,
		.most_rows = run->lengths ? run->lengths[episode] : plan->episode,
		.curve = plan->curves && !episode && contestant < plan->n_policies,
	};
	vn_sim_chooser chooser;
	int r;

	memset(going, 0, sizeof(*going));
	if ((r = make_chooser(run, contestant, &chooser, err)) < 0)
		return r;
	if (plan->decisions && contestant < plan->n_policies) {
		going->decisions.policy = plan->policies[contestant].name;
		going->decisions.episode = episode;
		going->decisions.chooser = chooser;
		options.tell = sim_decisions_tell;
		options.tell_context = &going->decisions;
	}
	return vn_replay_new(&plan->fleet, &chooser, &options, &going->replay, err);
}

static int finish(struct run *run, size_t contestant, size_t episode, struct going *going,
		  vn_error *err)
{
	struct sim_outcome *to = &run->report->outcomes[contestant * run->plan->n_starts + episode];

	vn_replay_result(going->replay, &to->result);
	if (to->result.points) {
		to->points = calloc(VN_SIM_POINTS_MAX, sizeof(*to->points));
		if (!to->points)
			return vn_fail(err, VN_E_NOMEM, "no memory for the curves");
		memcpy(to->points, to->result.points, to->result.n_points * sizeof(*to->points));
	}
	to->result.points = NULL;
	return VN_OK;
}

static void stop(struct going *going)
{
	vn_replay_free(going->replay);
	free(going->decisions.placement);
	vn_text_clear(&going->decisions.text);
}

/* ---- decisions ------------------------------------------------------------------------------- */

static int fail_decisions(const struct run *run, vn_error *err)
{
	return vn_fail_line(err, VN_E_SYSTEM, run->plan->decisions, 0, 0, "cannot be written: %s",
			    strerror(errno));
}

static int open_decisions(struct run *run, vn_error *err)
{
	if (!run->plan->decisions)
		return VN_OK;
	run->decisions = fopen(run->plan->decisions, "we");
	if (!run->decisions || fputs(sim_decisions_header, run->decisions) < 0)
		return fail_decisions(run, err);
	return VN_OK;
}

static int write_decisions(struct run *run, vn_text *text, vn_error *err)
{
	size_t wrote = text->len && run->decisions
			       ? fwrite(text->bytes, 1, text->len, run->decisions)
			       : text->len;

	if (wrote != text->len)
		return fail_decisions(run, err);
	text->len = 0;
	return VN_OK;
}

static int close_decisions(struct run *run, vn_error *err)
{
	FILE *file = run->decisions;

	run->decisions = NULL;
	return file && fclose(file) < 0 ? fail_decisions(run, err) : VN_OK;
}

/* ---- rows that are kept ------------------------------------------------------------------------
 */

static int replay_from(const struct run *run, uint64_t from, vn_replay *replay, vn_error *err)
{
	bool done = false;
	int r = VN_OK;

	for (uint64_t row = from; r == VN_OK && !done && row < run->rows.n; row++)
		r = vn_replay_row(replay, &run->rows.rows[row], &done, err);
	return r;
}

/* Job i: the length of episode i. */
static int count_episode(void *context, size_t i, vn_error *err)
{
	struct run *run = context;
	const struct sim_plan *plan = run->plan;
	vn_sim_options options = { .refusal = VN_SIM_WAIT, .count = true };
	VN_AUTO(vn_replay) replay = NULL;
	vn_sim_chooser chooser;
	vn_sim_result result;
	int r;

	if ((r = vn_sim_engine_new(&plan->fleet, &plan->count_by.policy,
				   plan->demand_given ? &run->report->demand : NULL, &chooser,
				   err)) < 0 ||
	    (r = vn_replay_new(&plan->fleet, &chooser, &options, &replay, err)) < 0 ||
	    (r = replay_from(run, plan->starts[i], replay, err)) < 0)
		return r;
	vn_replay_result(replay, &result);
	run->lengths[i] = result.placed + result.too_large + plan->episode;
	return VN_OK;
}

/* Job i: contestant i / n_starts in episode i % n_starts. Its decisions wait for their turn. */
static int run_episode(void *context, size_t i, vn_error *err)
{
	struct run *run = context;
	const struct sim_plan *plan = run->plan;
	size_t contestant = i / plan->n_starts, episode = i % plan->n_starts;
	struct going going;
	int r;

	if ((r = start(run, contestant, episode, &going, err)) == VN_OK &&
	    (r = replay_from(run, plan->starts[episode], going.replay, err)) == VN_OK)
		r = finish(run, contestant, episode, &going, err);
	if (run->going) {
		run->going[i].decisions.text = going.decisions.text;
		going.decisions.text = (vn_text)VN_TEXT_INIT;
	}
	stop(&going);
	return r;
}

static int count_row(void *context, const vn_trace_row *row, vn_error *err)
{
	return vn_sim_demand_add(context, &row->shape, err);
}

static int read_demand(struct run *run, vn_error *err)
{
	const struct sim_plan *plan = run->plan;
	struct sim_trace_info info;

	if (!plan->demand_trace)
		return VN_OK;
	return sim_trace_read(plan->demand_trace, &plan->trace_options, count_row,
			      &run->report->demand, NULL, &info, err);
}

static int use_demand(struct run *run, vn_error *err)
{
	const struct sim_plan *plan = run->plan;
	int r = VN_OK;

	if (!plan->demand_given || plan->demand_trace)
		return VN_OK;
	if (plan->demand_to >= run->rows.n)
		return vn_fail(
			err, VN_E_RANGE, "--demand %ju-%ju: the trace has only the rows 0-%zu",
			(uintmax_t)plan->demand_from, (uintmax_t)plan->demand_to, run->rows.n - 1);
	for (uint64_t i = plan->demand_from; r == VN_OK && i <= plan->demand_to; i++)
		r = vn_sim_demand_add(&run->report->demand, &run->rows.rows[i].shape, err);
	return r;
}

static int check_starts(const struct run *run, vn_error *err)
{
	for (size_t i = 0; i < run->plan->n_starts; i++)
		if (run->plan->starts[i] >= run->rows.n)
			return vn_fail(err, VN_E_RANGE,
				       "start row %ju: the trace has only the rows 0-%zu",
				       (uintmax_t)run->plan->starts[i], run->rows.n - 1);
	return VN_OK;
}

static int flush_all(struct run *run, size_t n, vn_error *err)
{
	int r = VN_OK;

	for (size_t i = 0; run->decisions && r == VN_OK && i < n; i++)
		r = write_decisions(run, &run->going[i].decisions.text, err);
	return r;
}

static int run_kept(struct run *run, vn_error *err)
{
	struct sim_plan *plan = run->plan;
	size_t n = sim_plan_contestants(plan) * plan->n_starts;
	int r;

	if ((r = sim_trace_read(plan->trace, &plan->trace_options, sim_rows_take, &run->rows,
				&run->progress, &run->report->trace, err)) < 0 ||
	    (r = check_starts(run, err)) < 0 || (r = use_demand(run, err)) < 0)
		return r;
	cli_progress_start(&run->progress, "episodes");
	if (plan->counted) {
		run->lengths = calloc(plan->n_starts, sizeof(*run->lengths));
		if (!run->lengths)
			return vn_fail(err, VN_E_NOMEM, "no memory for the episodes");
		if ((r = sim_parallel(plan->n_starts, plan->threads, count_episode, run, NULL,
				      err)) < 0)
			return r;
	}
	if (run->decisions && !(run->going = calloc(n, sizeof(*run->going))))
		return vn_fail(err, VN_E_NOMEM, "no memory for the decisions");
	if ((r = sim_parallel(n, plan->threads, run_episode, run, &run->progress, err)) < 0)
		return r;
	return flush_all(run, n, err);
}

/* ---- rows that stream ------------------------------------------------------------------------ */

/* Job i: contestant i takes the block. */
static int take_block(void *context, size_t i, vn_error *err)
{
	struct run *run = context;
	struct going *going = &run->going[i];
	int r = VN_OK;

	for (size_t row = 0; r == VN_OK && !going->done && row < run->rows.n; row++)
		r = vn_replay_row(going->replay, &run->rows.rows[row], &going->done, err);
	return r;
}

static int give_block(struct run *run, vn_error *err)
{
	size_t n = sim_plan_contestants(run->plan);
	int r = sim_parallel(n, run->plan->threads, take_block, run, NULL, err);

	run->rows.n = 0;
	return r < 0 ? r : flush_all(run, n, err);
}

static int take_streamed(void *context, const vn_trace_row *row, vn_error *err)
{
	struct run *run = context;
	int r = sim_rows_take(&run->rows, row, err);

	return r == VN_OK && run->rows.n == BLOCK ? give_block(run, err) : r;
}

static int run_streamed(struct run *run, vn_error *err)
{
	struct sim_plan *plan = run->plan;
	size_t n = sim_plan_contestants(plan);
	int r = VN_OK;

	run->going = calloc(n, sizeof(*run->going));
	if (!run->going)
		return vn_fail(err, VN_E_NOMEM, "no memory for the replays");
	for (size_t i = 0; r == VN_OK && i < n; i++)
		r = start(run, i, 0, &run->going[i], err);
	if (r == VN_OK)
		r = sim_trace_read(plan->trace, &plan->trace_options, take_streamed, run,
				   &run->progress, &run->report->trace, err);
	if (r == VN_OK)
		r = give_block(run, err);
	for (size_t i = 0; r == VN_OK && i < n; i++)
		r = finish(run, i, 0, &run->going[i], err);
	return r;
}

/* ---- all of it ------------------------------------------------------------------------------- */

static void clear(struct run *run)
{
	size_t n = sim_plan_contestants(run->plan);

	n *= sim_plan_keeps_rows(run->plan) ? run->plan->n_starts : 1;
	for (size_t i = 0; run->going && i < n; i++)
		stop(&run->going[i]);
	free(run->going);
	free(run->lengths);
	sim_rows_clear(&run->rows);
	cli_progress_end(&run->progress);
	close_decisions(run, NULL);
}

int sim_run(struct sim_plan *plan, struct sim_report *ret, vn_error *err)
{
	struct run run = { .plan = plan, .report = ret };
	int r;

	*ret = (struct sim_report){ .n_outcomes = sim_plan_contestants(plan) * plan->n_starts };
	ret->outcomes = calloc(ret->n_outcomes, sizeof(*ret->outcomes));
	if (!ret->outcomes)
		return vn_fail(err, VN_E_NOMEM, "no memory for the results");
	cli_progress_start(&run.progress, "rows");
	if ((r = open_decisions(&run, err)) == VN_OK && (r = read_demand(&run, err)) == VN_OK)
		r = sim_plan_keeps_rows(plan) ? run_kept(&run, err) : run_streamed(&run, err);
	if (r == VN_OK)
		r = close_decisions(&run, err);
	clear(&run);
	if (r < 0)
		sim_report_clear(ret);
	return r;
}

void sim_report_clear(struct sim_report *report)
{
	for (size_t i = 0; report->outcomes && i < report->n_outcomes; i++)
		free(report->outcomes[i].points);
	free(report->outcomes);
	vn_sim_demand_clear(&report->demand);
	*report = (struct sim_report){ 0 };
}
