/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The command table as completion scripts for bash and zsh. */
#include "cli.h"

#include <string.h>

/* ---- bash ------------------------------------------------------------------------------------ */

static const char bash_head[] =
	"# bash completion for vnuma, made from its table of commands\n"
	"_vnuma()\n"
	"{\n"
	"\tlocal word=${COMP_WORDS[COMP_CWORD]} option=${COMP_WORDS[COMP_CWORD - 1]}\n"
	"\tlocal files= words=\n"
	"\t# --output=json arrives as three words\n"
	"\tif [[ $word == = ]]; then\n"
	"\t\tword=\n"
	"\telif [[ $option == = ]]; then\n"
	"\t\toption=${COMP_WORDS[COMP_CWORD - 2]}\n"
	"\tfi\n"
	"\tcase \"$COMP_CWORD:${COMP_WORDS[1]}:$option\" in\n";
static const char bash_tail[] = "\tesac\n"
				"\tif [[ $files ]]; then\n"
				"\t\tcompopt -o filenames 2>/dev/null\n"
				"\t\tmapfile -t COMPREPLY < <(compgen -f -- \"$word\")\n"
				"\tfi\n"
				"\tif [[ $words && ( -z $files || $word == -* ) ]]; then\n"
				"\t\tmapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$word\")\n"
				"\tfi\n"
				"} &&\n"
				"\tcomplete -F _vnuma vnuma\n";

static void add_names(vn_text *to)
{
	for (size_t i = 0; i < cli_n_commands; i++)
		vn_text_addf(to, "%s%s", i ? " " : "", cli_commands[i].name);
}

static bool takes_path(const struct cli_option *option)
{
	return option->kind == CLI_FILE || option->kind == CLI_FILES;
}

/* The case of a word that follows an option which takes a value. */
static void add_bash_value(const struct cli_command *command, const struct cli_option *option,
			   vn_text *to)
{
	vn_text_addf(to, "\t*:%s:--%s", command->name, option->name);
	if (option->letter)
		vn_text_addf(to, " | *:%s:-%c", command->name, option->letter);
	vn_text_add(to, ")");
	if (takes_path(option))
		vn_text_add(to, " files=1");
	if (option->kind == CLI_CHOICE) {
		const char *between = " words='";

		for (size_t i = 0; i < option->n_choices; i++) {
			if (!option->choices[i])
				continue;
			vn_text_addf(to, "%s%s", between, option->choices[i]);
			between = " ";
		}
		vn_text_add(to, "'");
	}
	vn_text_add(to, " ;;\n");
}

/* The case of any other word: an option or an operand. */
static void add_bash_word(const struct cli_command *command, vn_text *to)
{
	vn_text_addf(to, "\t*:%s:*) words='", command->name);
	if (command->operand == CLI_OPERAND_COMMAND) {
		add_names(to);
		vn_text_add(to, " specs checks ");
	}
	for (const struct cli_option *o = command->options; o->name; o++)
		if (o->help)
			vn_text_addf(to, "--%s ", o->name);
	vn_text_addf(to, "--help'%s ;;\n", command->operand == CLI_OPERAND_FILE ? " files=1" : "");
}

void cli_completion_bash(vn_text *to)
{
	vn_text_add(to, bash_head);
	vn_text_add(to, "\t1:*) words='");
	add_names(to);
	vn_text_add(to, " --help --version' ;;\n");
	for (size_t i = 0; i < cli_n_commands; i++) {
		for (const struct cli_option *o = cli_commands[i].options; o->name; o++)
			if (o->help && o->argument && !o->bare)
				add_bash_value(&cli_commands[i], o, to);
		add_bash_word(&cli_commands[i], to);
	}
	vn_text_add(to, bash_tail);
}

/* ---- zsh ------------------------------------------------------------------------------------- */

/* The first part of a help text, inside '...[here]': quotes, brackets and colons mean something
 * there. */
static void add_zsh_text(vn_text *to, const char *text)
{
	for (const char *p = text; *p && *p != ';' && strncmp(p, ". ", 2); p++) {
		if (*p == '\'' || (*p == '.' && !p[1]))
			continue;
		if (strchr("[]:\\", *p))
			vn_text_add(to, "\\");
		vn_text_add_bytes(to, p, 1);
	}
}

static void add_zsh_option(const struct cli_option *option, vn_text *to)
{
	bool many = option->kind == CLI_TEXTS || option->kind == CLI_FILES;
	const char *between = ":(";

	vn_text_add(to, "\t\t\t");
	if (option->letter)
		vn_text_addf(to,
			     option->bare ? "'(-%c --%s)'{-%c-,--%s=-}'["
					  : "'(-%c --%s)'{-%c+,--%s=}'[",
			     option->letter, option->name, option->letter, option->name);
	else
		vn_text_addf(to, "'%s--%s%s[", many ? "*" : "", option->name,
			     option->bare	? "=-"
			     : option->argument ? "="
						: "");
	add_zsh_text(to, option->help);
	vn_text_add(to, "]");
	if (option->argument)
		vn_text_addf(to, "%s:%s", option->bare ? ":" : "", option->argument);
	if (takes_path(option))
		vn_text_add(to, ":_files");
	for (size_t i = 0; i < option->n_choices; i++) {
		if (!option->choices[i])
			continue;
		vn_text_addf(to, "%s%s", between, option->choices[i]);
		between = " ";
	}
	vn_text_add(to, option->n_choices ? ")' \\\n" : "' \\\n");
}

static void add_zsh_command(const struct cli_command *command, vn_text *to)
{
	vn_text_addf(to, "\t%s)\n\t\t_arguments \\\n", command->name);
	for (const struct cli_option *o = command->options; o->name; o++)
		if (o->help)
			add_zsh_option(o, to);
	if (command->operand == CLI_OPERAND_FILE)
		vn_text_add(to, "\t\t\t'1:file:_files' \\\n");
	if (command->operand == CLI_OPERAND_COMMAND) {
		vn_text_add(to, "\t\t\t'1:command:(");
		add_names(to);
		vn_text_add(to, " specs checks)' \\\n");
	}
	vn_text_add(to, "\t\t\t'(-h --help)'{-h,--help}'[This text.]'\n\t\t;;\n");
}

void cli_completion_zsh(vn_text *to)
{
	vn_text_add(to, "#compdef vnuma\n"
			"# zsh completion for vnuma, made from its table of commands\n"
			"_vnuma()\n"
			"{\n"
			"\tif ((CURRENT == 2)); then\n"
			"\t\tlocal -a commands=(\n");
	for (size_t i = 0; i < cli_n_commands; i++) {
		vn_text_addf(to, "\t\t\t'%s:", cli_commands[i].name);
		add_zsh_text(to, cli_commands[i].help);
		vn_text_add(to, "'\n");
	}
	vn_text_add(to, "\t\t)\n"
			"\t\t_describe command commands\n"
			"\t\treturn\n"
			"\tfi\n"
			"\tshift words\n"
			"\t((CURRENT--))\n"
			"\tcase $words[1] in\n");
	for (size_t i = 0; i < cli_n_commands; i++)
		add_zsh_command(&cli_commands[i], to);
	vn_text_add(to, "\tesac\n}\n\n_vnuma \"$@\"\n");
}
