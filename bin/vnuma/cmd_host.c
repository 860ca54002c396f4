/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * vnuma host: reads a host and shows it. */
#include "cli.h"

#include <unistd.h>

int cmd_host(const struct cli_values *values, const char *operand, struct cli_output *output,
	     vn_error *err)
{
	vn_style style = cli_style(STDOUT_FILENO, values->color);
	VN_AUTO(vn_host)
	host = NULL;
	int r = cli_read_host(values, NULL, output, &host, err);

	(void)operand;
	if (r < 0)
		return r;
	switch (values->format) {
	case CLI_FORMAT_JSON: return vn_host_write_json(host, &output->answer, err);
	case CLI_FORMAT_SVG: return vn_render_svg(host, NULL, NULL, &output->answer, err);
	default: return vn_render_host_table(host, &style, &output->answer, err);
	}
}
