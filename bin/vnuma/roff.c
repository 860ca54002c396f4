/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The command table as mdoc(7): the lists in the man pages are made from it when they are built. */
#include "cli.h"

#include <string.h>

enum { WIDTH = 76 };

static bool is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* One word: backslashes and the dashes of options escaped, no dot or quote at the start of a line.
 */
static void add_word(vn_text *to, const char *word, size_t len)
{
	bool starts_line = !to->len || to->bytes[to->len - 1] == '\n';

	if (starts_line && (*word == '.' || *word == '\''))
		vn_text_add(to, "\\&");
	for (size_t i = 0; i < len; i++) {
		if (word[i] == '\\')
			vn_text_add(to, "\\e");
		else if (word[i] == '-' && (!i || !is_word(word[i - 1])))
			vn_text_add(to, "\\-");
		else
			vn_text_add_bytes(to, word + i, 1);
	}
}

static size_t column(const vn_text *to)
{
	size_t start = to->len;

	while (start && to->bytes[start - 1] != '\n')
		start--;
	return to->len - start;
}

/* Text for roff: lines of at most WIDTH bytes, a new one after each sentence, as mandoc wants. */
static void add_roff(vn_text *to, const char *text)
{
	while (*text && !to->failed) {
		size_t len = strcspn(text, " ");
		bool sentence = len && text[len - 1] == '.' && text[len];
		size_t next = text[len] ? strcspn(text + len + 1, " ") : 0;

		add_word(to, text, len);
		text += len + (text[len] != '\0');
		if (*text)
			vn_text_add(to, sentence || column(to) + next > WIDTH ? "\n" : " ");
	}
}

static void add_line(vn_text *to, const char *macro, const char *text)
{
	vn_text_add(to, macro);
	add_roff(to, text);
	vn_text_add(to, "\n");
}

void cli_roff_commands(vn_text *to)
{
	vn_text_add(to, ".Bl -tag -width version\n");
	for (size_t i = 0; i < cli_n_commands; i++) {
		vn_text_addf(to, ".It Xr vnuma-%s 1\n", cli_commands[i].name);
		add_line(to, "", cli_commands[i].help);
	}
	vn_text_add(to, ".El\n");
}

static void add_option(const struct cli_option *option, vn_text *to)
{
	VN_AUTO_TEXT legal = VN_TEXT_INIT;

	vn_text_add(to, ".It ");
	if (option->letter && option->argument)
		vn_text_addf(to, option->bare ? "Fl %c Ns Op Ar %s , " : "Fl %c Ar %s , ",
			     option->letter, option->argument);
	else if (option->letter)
		vn_text_addf(to, "Fl %c , ", option->letter);
	add_line(to, "Fl \\-", option->name);
	if (option->argument) {
		to->len -= to->failed ? 0 : 1;
		vn_text_addf(to, option->bare ? " Ns Op = Ns Ar %s\n" : " Ar %s\n",
			     option->argument);
	}
	add_line(to, "", option->help);
	if (option->kind == CLI_CHOICE) {
		cli_names_add(&legal, option->choices, option->n_choices);
		add_line(to, "Legal: ", legal.failed ? "" : legal.bytes);
		to->len -= to->failed ? 0 : 1;
		vn_text_add(to, ".\n");
	}
	if (option->fallback) {
		vn_text_add(to, "Default:\n");
		add_line(to, ".Cm ", option->fallback);
	}
}

void cli_roff_options(const struct cli_command *command, vn_text *to)
{
	vn_text_add(to, ".Bl -tag -width Ds\n");
	for (const struct cli_option *o = command->options; o->name; o++)
		if (o->help)
			add_option(o, to);
	vn_text_add(to, ".It Fl h , Fl \\-help\nPrint a summary of these options.\n.El\n");
}

static void add_spec(const vn_spec *spec, vn_text *to)
{
	VN_AUTO_TEXT legal = VN_TEXT_INIT;

	vn_text_add(to, ".It ");
	add_roff(to, spec->flavor ? spec->flavor : spec->image);
	if (spec->flavor && spec->image) {
		vn_text_add(to, " , ");
		add_roff(to, spec->image);
	}
	vn_text_add(to, "\n");
	add_line(to, "", spec->help);
	vn_text_add(to, ".br\nLegal: ");
	cli_spec_legal(spec, &legal);
	add_line(to, "", legal.failed ? "" : legal.bytes);
}

static void add_check(const vn_check *check, vn_text *to)
{
	vn_text_addf(to, ".It %s ", check->id);
	add_roff(to, check->name);
	vn_text_addf(to, " (%s, at most %s)\n", check->of_guest ? "each guest" : "the host",
		     vn_check_status_names[check->severity]);
	add_line(to, "Checking ", check->title);
	to->len -= to->failed ? 0 : 1;
	vn_text_add(to, ".\n");
	add_line(to, "", check->why);
	vn_text_add(to, ".br\n");
	add_line(to, "Fix: ", check->fix);
}

void cli_roff_checks(vn_text *to)
{
	vn_text_add(to, ".Bl -tag -width Ds\n");
	for (size_t i = 0; i < VN_CHECK_COUNT; i++)
		add_check(&vn_checks[i], to);
	vn_text_add(to, ".El\n");
}

void cli_roff_specs(vn_text *to)
{
	vn_text_add(to, ".Bl -tag -width Ds\n");
	for (size_t i = 0; i < vn_n_specs; i++)
		add_spec(&vn_specs[i], to);
	vn_text_add(to, ".El\n");
}
