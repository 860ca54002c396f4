/* SPDX-License-Identifier: LGPL-2.1-or-later
 * vnuma sim: replays a trace on a fleet, once for each policy. */
#include "cli.h"
#include "sim.h"

static int run_and_write(struct sim_plan *plan, int format, vn_text *answer, vn_error *err)
{
	struct sim_report report;
	int r = sim_run(plan, &report, err);

	if (r < 0)
		return r;
	switch (format) {
	case CLI_FORMAT_JSON: r = sim_write_json(plan, &report, answer, err); break;
	case CLI_FORMAT_CSV: r = sim_write_csv(plan, &report, answer, err); break;
	case CLI_FORMAT_SVG: r = sim_write_svg(plan, &report, answer, err); break;
	default: r = sim_write_table(plan, &report, answer, err);
	}
	sim_report_clear(&report);
	return r;
}

int cmd_sim(const struct cli_values *values, const char *operand, struct cli_output *output,
	    vn_error *err)
{
	struct sim_plan plan;
	int r = sim_plan_read(values, operand, &plan, err);

	if (r == VN_OK) {
		r = run_and_write(&plan, values->format, &output->answer, err);
		sim_plan_clear(&plan);
	}
	if (r < 0)
		cli_keep_source(output, err);
	return r;
}
