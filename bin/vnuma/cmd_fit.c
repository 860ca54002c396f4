/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * vnuma fit: answers many cases, each a host and a guest, with one line each. Unlike the other
 * commands it writes each answer at once: a file of cases has no largest size, and a program may
 * wait for an answer before it sends its next case. A case that is not legal is answered as such;
 * only a file in which the next case cannot be found ends the run. */
#include "cli.h"
#include "fit.h"

#include <stdlib.h>

enum { PARSE_RUNS = 5 }; /* as Nova's driver */

struct fit_job {
	struct fit_stream stream;
	vn_placement placement;
	struct fit_stats stats;
	bool often;
};

/* The case in job->stream. Only a lack of memory for its answer is an error here. */
static int answer_case(struct fit_job *job, vn_text *answer, vn_error *err)
{
	struct fit_result result = { .status = FIT_ERROR };
	struct fit_case fit;
	int r;

	if (fit_case_read(&job->stream, job->often ? PARSE_RUNS : 1, &fit, &result.err) == VN_OK)
		fit_run(&fit, job->often, &job->placement, &result);
	r = fit_answer_write(&fit, &result, &job->placement, answer, err);
	fit_stats_add(&job->stats, &result, &job->placement);
	fit_case_clear(&fit);
	return r;
}

static int answer_all(struct fit_job *job, vn_text *answer, vn_error *err)
{
	bool found = false;
	int r;

	while ((r = fit_stream_next(&job->stream, &found, err)) == VN_OK && found)
		if ((r = answer_case(job, answer, err)) < 0 ||
		    (r = cli_output_flush(answer, err)) < 0)
			break;
	return r;
}

int cmd_fit(const struct cli_values *values, const char *operand, struct cli_output *output,
	    vn_error *err)
{
	struct fit_job *job = calloc(1, sizeof(*job));
	int r;

	if (!job)
		return vn_fail(err, VN_E_NOMEM, "no memory for the placement");
	job->often = values->stats;
	if ((r = fit_stream_open(&job->stream, operand, err)) == VN_OK) {
		r = answer_all(job, &output->answer, err);
		fit_stream_close(&job->stream);
	}
	if (values->stats)
		fit_stats_write(&job->stats, &output->notes);
	if (r < 0)
		cli_keep_source(output, err);
	free(job);
	return r;
}
