/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * vnuma measure: latency and bandwidth between the nodes of this machine. */
#include "cli.h"

#include "kernel/measure.h"

#include <stdio.h>
#include <unistd.h>

/* On a terminal, beside the answer. */
static void show_progress(void *context, uint32_t done, uint32_t all)
{
	(void)context;
	fprintf(stderr, "\rpair %u of %u ", done + 1, all);
	fflush(stderr);
}

int cmd_measure(const struct cli_values *values, const char *operand, struct cli_output *output,
		vn_error *err)
{
	vn_style style = cli_style(STDOUT_FILENO, values->color);
	vn_measure_options options = { .limit_ms = values->seconds * 1000 };
	VN_AUTO(vn_measurement) measured = NULL;
	VN_AUTO(vn_host) host = NULL;
	int r;

	(void)operand;
	if (isatty(STDERR_FILENO))
		options.progress = show_progress;
	if ((r = vn_host_read("live", &host, err)) < 0)
		return r;
	r = vn_measure(host, &options, &measured, err);
	if (options.progress)
		fprintf(stderr, "\r\033[K");
	if (r < 0)
		return r;
	switch (values->format) {
	case CLI_FORMAT_JSON: return vn_measurement_write_json(measured, &output->answer, err);
	case CLI_FORMAT_SVG: return vn_render_measure_svg(measured, host, &output->answer, err);
	default: return vn_render_measure_table(measured, host, &style, &output->answer, err);
	}
}
