/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * vnuma help: the command table as text, as mdoc for the man pages, as shell completion. */
#include "cli.h"

#include <string.h>

static void (*const completions[])(vn_text *to) = { cli_completion_bash, cli_completion_zsh };

int cmd_help(const struct cli_values *values, const char *operand, struct cli_output *output,
	     vn_error *err)
{
	const struct cli_command *command = NULL;
	vn_text *to = &output->answer;
	int r;

	if (values->completion >= 0) {
		completions[values->completion](to);
		return VN_OK;
	}
	if (!operand) {
		(values->roff ? cli_roff_commands : cli_help_commands)(to);
		return VN_OK;
	}
	if (!strcmp(operand, "specs")) {
		(values->roff ? cli_roff_specs : cli_help_specs)(to);
		return VN_OK;
	}
	if (!strcmp(operand, "checks")) {
		if (!values->roff)
			return vn_render_doctor_explain(NULL, &(vn_style){ 0 }, to, err);
		cli_roff_checks(to);
		return VN_OK;
	}
	if ((r = cli_command_find(operand, &command, err)) < 0)
		return r;
	(values->roff ? cli_roff_options : cli_help_command)(command, to);
	return VN_OK;
}
