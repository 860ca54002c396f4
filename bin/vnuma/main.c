/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * vnuma: finds the command, runs it, prints what it answered. The exit code says how it went:
 * 0 done, 1 a real "no", 2 usage or bad input, 3 the system (or vnuma itself) failed. */
#include "cli.h"

#include <locale.h>
#include <signal.h>
#include <stdio.h>

static const int exit_codes[] = {
	[VN_OK] = 0,	   [-VN_E_SYNTAX] = 2, [-VN_E_RANGE] = 2,    [-VN_E_NOFIT] = 1,
	[-VN_E_NOMEM] = 3, [-VN_E_SYSTEM] = 3, [-VN_E_CONFLICT] = 2, [-VN_E_INPUT] = 2,
};

static int run_command(const struct cli_command *command, int argc, char **argv,
		       struct cli_output *output, vn_error *err)
{
	assert(command);
	struct cli_line line;
	int r = cli_line_parse(command, argc, argv, &line, err);

	if (r < 0)
		return r;
	if (line.help)
		cli_help_command(command, &output->answer);
	else
		r = command->run(&line.values, line.n_operands ? line.operands[0] : NULL, output,
				 err);
	cli_line_clear(&line);
	return r < 0 ? r : vn_text_done(&output->answer, err);
}

static void print_error(const struct cli_command *command, const vn_error *err)
{
	char line[8192];

	if (!cli_is_usage(err))
		fprintf(stderr, "%s\n", vn_error_format(err, line, sizeof(line)));
	else if (!command)
		fprintf(stderr, "vnuma: %s\nsee 'vnuma help'\n", err->text);
	else
		fprintf(stderr, "vnuma: %s: %s\nsee 'vnuma help %s'\n", command->name, err->text,
			command->name);
}

int main(int argc, char **argv)
{
	const struct cli_command *command = NULL;
	struct cli_output output = { .answer = VN_TEXT_INIT, .notes = VN_TEXT_INIT };
	vn_error err = { 0 };
	int r;

	signal(SIGPIPE, SIG_IGN); /* a libvirtd that goes away is an error of libvirt's */
	if (cli_output_guard() < 0)
		return exit_codes[-VN_E_SYSTEM];
	setlocale(LC_CTYPE, "");
	r = argc < 2 ? cli_fail_usage(&err, "no command given")
		     : cli_command_find(argv[1], &command, &err);
	if (r == VN_OK)
		r = run_command(command, argc - 1, argv + 1, &output, &err);
	if (r == VN_OK)
		r = cli_output_write(&output.answer, &err);
	if (r < 0)
		print_error(command, &err);
	if (output.notes.len)
		fputs(output.notes.bytes, stderr);
	vn_text_clear(&output.answer);
	vn_text_clear(&output.notes);
	return r == VN_OK && output.no ? exit_codes[-VN_E_NOFIT] : exit_codes[-r];
}
