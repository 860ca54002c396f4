/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The command table as text for a terminal of 80 columns. */
#include "cli.h"

#include <string.h>

enum { WIDTH = 80, OPTION_INDENT = 26 };

/* Add words, wrapped; `column` is where the line stands, `indent` where the next ones start. */
static void add_wrapped(vn_text *to, const char *words, int column, int indent)
{
	while (*words) {
		int len = (int)strcspn(words, " ");

		if (column > indent && column + 1 + len > WIDTH) {
			vn_text_addf(to, "\n%*s", indent, "");
			column = indent;
		} else if (column > indent) {
			vn_text_add(to, " ");
			column++;
		}
		vn_text_add_bytes(to, words, (size_t)len);
		column += len;
		words += len;
		words += strspn(words, " ");
	}
	vn_text_add(to, "\n");
}

/* "  left      right, wrapped" */
static void add_entry(vn_text *to, const char *left, const char *right, int indent)
{
	int len = (int)strlen(left);

	vn_text_addf(to, "  %s", left);
	if (len + 4 > indent)
		vn_text_addf(to, "\n%*s", indent, "");
	else
		vn_text_addf(to, "%*s", indent - len - 2, "");
	add_wrapped(to, right, indent, indent);
}

void cli_help_commands(vn_text *to)
{
	vn_text_add(
		to,
		"Usage: vnuma COMMAND [OPTION]...\n\n"
		"vnuma decides where a virtual machine's CPUs, memory, huge pages and devices go\n"
		"on a NUMA host, and writes the configuration that makes it so.\n\n"
		"Commands:\n");
	for (size_t i = 0; i < cli_n_commands; i++)
		add_entry(to, cli_commands[i].name, cli_commands[i].help, 12);
	vn_text_add(
		to,
		"\nTry:\n"
		"  vnuma host                          this machine\n"
		"  vnuma plan guest.xml                the guest's XML, placed on this machine\n"
		"  vnuma plan guest.xml -o table       the same as a table with a picture\n"
		"  vnuma help plan                     every option of a command\n");
}

static void add_option(const struct cli_option *option, vn_text *to)
{
	VN_AUTO_TEXT left = VN_TEXT_INIT;
	VN_AUTO_TEXT right = VN_TEXT_INIT;

	if (option->letter)
		vn_text_addf(&left, "-%c, ", option->letter);
	else
		vn_text_add(&left, "    ");
	vn_text_addf(&left, "--%s", option->name);
	if (option->argument)
		vn_text_addf(&left, option->bare ? "[=%s]" : " %s", option->argument);
	vn_text_add(&right, option->help);
	if (option->kind == CLI_CHOICE) {
		vn_text_add(&right, " Legal: ");
		cli_names_add(&right, option->choices, option->n_choices);
		vn_text_add(&right, ".");
	}
	if (option->fallback)
		vn_text_addf(&right, " Default: %s.", option->fallback);
	if (left.failed || right.failed)
		to->failed = true;
	else
		add_entry(to, left.bytes, right.bytes, OPTION_INDENT);
}

void cli_help_command(const struct cli_command *command, vn_text *to)
{
	vn_text_addf(to, "Usage: vnuma %s [OPTION]...%s%s\n\n", command->name,
		     *command->operands ? " " : "", command->operands);
	vn_text_addf(to, "vnuma %s: %s.\n", command->name, command->help);
	if (*command->details)
		add_wrapped(to, command->details, 0, 0);
	vn_text_add(to, "\nOptions:\n");
	for (const struct cli_option *o = command->options; o->name; o++)
		if (o->help)
			add_option(o, to);
	add_entry(to, "-h, --help", "This text.", OPTION_INDENT);
}

void cli_spec_legal(const vn_spec *spec, vn_text *to)
{
	size_t n = 0;

	if (!spec->choices) {
		vn_text_add(to, spec->legal);
		return;
	}
	while (spec->choices[n])
		n++;
	cli_names_add(to, spec->choices, n);
}

static void add_spec(const vn_spec *spec, vn_text *to)
{
	VN_AUTO_TEXT legal = VN_TEXT_INIT;

	vn_text_addf(to, "\n%s%s%s\n    ", spec->flavor ? spec->flavor : "",
		     spec->flavor && spec->image ? ", " : "", spec->image ? spec->image : "");
	add_wrapped(to, spec->help, 4, 4);
	vn_text_add(&legal, "Legal: ");
	cli_spec_legal(spec, &legal);
	vn_text_add(to, "    ");
	add_wrapped(to, legal.failed ? "" : legal.bytes, 4, 4);
}

void cli_help_specs(vn_text *to)
{
	vn_text_add(to, "Extra specs (--spec, or <spec name= value=> in <vnuma>) and the image "
			"properties\n(--image-prop) that mean the same. N is a guest cell.\n");
	for (size_t i = 0; i < vn_n_specs; i++)
		add_spec(&vn_specs[i], to);
}
