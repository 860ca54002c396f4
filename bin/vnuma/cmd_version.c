/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * vnuma version. */
#include "cli.h"

int cmd_version(const struct cli_values *values, const char *operand, struct cli_output *output,
		vn_error *err)
{
	(void)operand;
	(void)err;
	if (values->format == CLI_FORMAT_JSON)
		vn_text_add(&output->answer,
			    "{\"schema\":\"vnuma/version/1\",\"version\":\"" VNUMA_VERSION "\"}\n");
	else
		vn_text_add(&output->answer, "vnuma " VNUMA_VERSION "\n");
	return VN_OK;
}
