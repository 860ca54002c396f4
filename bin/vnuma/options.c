/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Reads a command line by the option table of its command. getopt_long finds the options; the kind
 * of each row says how its value is read and where it goes. */
#include "cli.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { OPTIONS_MAX = 32, LONG_BASE = 256, HELP = LONG_BASE + OPTIONS_MAX };

static const char usage_error[] = "usage";

int cli_fail_usage(vn_error *err, const char *format, ...)
{
	char text[sizeof(err->text)];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	vn_fail(err, VN_E_SYNTAX, "%s", text);
	err->name = usage_error;
	return VN_E_SYNTAX;
}

bool cli_is_usage(const vn_error *err)
{
	return err->name == usage_error;
}

/* ---- values: one reader for each kind -------------------------------------------------------- */

void cli_names_add(vn_text *to, const char *const *names, size_t n)
{
	size_t left = 0;
	const char *between = "";

	for (size_t i = 0; i < n; i++)
		left += names[i] != NULL;
	for (size_t i = 0; i < n; i++) {
		if (!names[i])
			continue;
		vn_text_addf(to, "%s'%s'", between, names[i]);
		between = --left == 1 ? " or " : ", ";
	}
}

static int read_choice(const struct cli_option *option, const char *text, void *to, vn_error *err)
{
	int choice = vn_name_find(option->choices, option->n_choices, text);
	VN_AUTO_TEXT legal = VN_TEXT_INIT;

	if (choice >= 0) {
		*(int *)to = choice;
		return VN_OK;
	}
	cli_names_add(&legal, option->choices, option->n_choices);
	if (vn_text_done(&legal, err) < 0)
		return VN_E_NOMEM;
	return vn_fail(err, VN_E_RANGE, "%slegal is %s",
		       option->later && !strcmp(text, option->later) ? "is not there yet; " : "",
		       legal.bytes);
}

static int read_count(const struct cli_option *option, const char *text, void *to, vn_error *err)
{
	uint64_t count;

	if (vn_uint_parse(vn_cursor_of_string(NULL, text), option->max, &count, NULL) < 0 ||
	    count < option->min)
		return vn_fail(err, VN_E_RANGE, "legal is a number from %ju to %ju",
			       (uintmax_t)option->min, (uintmax_t)option->max);
	*(uint32_t *)to = (uint32_t)count;
	return VN_OK;
}

static int read_size(const struct cli_option *option, const char *text, void *to, vn_error *err)
{
	uint64_t kib;
	vn_error why = { 0 };
	char most[32];

	if (vn_size_parse(vn_cursor_of_string(NULL, text), "MiB", &kib, &why) < 0)
		return vn_fail(err, why.code, "%s", why.text);
	if (kib < option->min || kib > option->max)
		return vn_fail(err, VN_E_RANGE, "legal is %s to %s", option->min ? "1 KiB" : "0",
			       vn_size_format(option->max, most, sizeof(most)));
	*(uint64_t *)to = kib;
	return VN_OK;
}

/* "4", "1.5" or "0.25", in percent. */
static bool take_percent(vn_cursor *in, uint64_t *ret)
{
	uint64_t whole, part = 0;
	const char *digits;

	if (vn_take_uint(in, 1000, &whole, NULL) < 0)
		return false;
	if (vn_take_byte(in, '.')) {
		digits = in->p;
		if (vn_take_uint(in, 99, &part, NULL) < 0 || in->p - digits > 2)
			return false;
		part *= in->p - digits == 1 ? 10 : 1;
	}
	*ret = whole * 100 + part;
	return true;
}

static int read_ratio(const struct cli_option *option, const char *text, void *to, vn_error *err)
{
	vn_cursor in = vn_cursor_of_string(NULL, text);
	uint64_t percent;

	(void)option;
	if (!take_percent(&in, &percent) || in.p != in.end)
		return vn_fail(err, VN_E_RANGE,
			       "legal is a number from 0 to 1000, as '4' or '1.25'");
	*(uint32_t *)to = (uint32_t)percent;
	return VN_OK;
}

static int read_text(const struct cli_option *option, const char *text, void *to, vn_error *err)
{
	(void)option;
	(void)err;
	*(const char **)to = text;
	return VN_OK;
}

static int read_texts(const struct cli_option *option, const char *text, void *to, vn_error *err)
{
	struct cli_texts *texts = to;
	const char **items = reallocarray(texts->items, texts->n + 1, sizeof(*items));

	(void)option;
	if (!items)
		return vn_fail(err, VN_E_NOMEM, "no memory for the options");
	items[texts->n++] = text;
	texts->items = items;
	return VN_OK;
}

static int read_flag(const struct cli_option *option, const char *text, void *to, vn_error *err)
{
	(void)option;
	(void)text;
	(void)err;
	*(bool *)to = true;
	return VN_OK;
}

static int (*const readers[])(const struct cli_option *option, const char *text, void *to,
			      vn_error *err) = {
	[CLI_FLAG] = read_flag,	    [CLI_TEXT] = read_text,   [CLI_FILE] = read_text,
	[CLI_CHOICE] = read_choice, [CLI_COUNT] = read_count, [CLI_SIZE] = read_size,
	[CLI_RATIO] = read_ratio,   [CLI_TEXTS] = read_texts, [CLI_FILES] = read_texts,
};

static int set_value(const struct cli_option *option, const char *text, struct cli_values *values,
		     vn_error *err)
{
	vn_error why = { 0 };

	if (!text)
		text = option->bare;
	if (!option->help)
		return cli_fail_usage(err, "--%s is not there yet", option->name);
	if (readers[option->kind](option, text, (char *)values + option->offset, &why) == VN_OK)
		return VN_OK;
	if (why.code == VN_E_NOMEM)
		return vn_fail(err, VN_E_NOMEM, "%s", why.text);
	return cli_fail_usage(err, "--%s '%s': %s", option->name, text, why.text);
}

/* ---- the line -------------------------------------------------------------------------------- */

/* The table in getopt's two forms: long options numbered from LONG_BASE, letters. */
struct getopt_tables {
	struct option longs[OPTIONS_MAX + 2];
	char letters[3 * OPTIONS_MAX + 3];
	int n;
};

static struct getopt_tables getopt_tables_of(const struct cli_option *options)
{
	struct getopt_tables tables = { 0 };
	char *letter = tables.letters;

	*letter++ = ':'; /* tell a missing value from an unknown option */
	*letter++ = 'h';
	for (const struct cli_option *o = options; o->name; o++) {
		int has_arg = o->kind == CLI_FLAG ? no_argument
			      : o->bare		  ? optional_argument
						  : required_argument;

		assert(tables.n < OPTIONS_MAX);
		tables.longs[tables.n] =
			(struct option){ o->name, has_arg, NULL, LONG_BASE + tables.n };
		tables.n++;
		if (o->letter) {
			*letter++ = o->letter;
			for (int colons = has_arg; colons; colons--)
				*letter++ = ':';
		}
	}
	tables.longs[tables.n] = (struct option){ "help", no_argument, NULL, HELP };
	return tables;
}

/* The row of what getopt returned or left in optopt; NULL if there is none. */
static const struct cli_option *find_option(const struct cli_option *options, int found)
{
	for (const struct cli_option *o = options; o->name; o++)
		if (found == LONG_BASE + (o - options) || (found && found == o->letter))
			return o;
	return NULL;
}

static int fail_unknown(const struct cli_option *options, const char *word, vn_error *err)
{
	struct cli_suggestion close = { 0 };
	int len = (int)strcspn(word, "=");
	char name[32];

	if (optopt && optopt < LONG_BASE)
		return cli_fail_usage(err, "unknown option '-%c'", optopt);
	snprintf(name, sizeof(name), "%.*s", len > 2 ? len - 2 : 0, word + (len > 2 ? 2 : 0));
	for (const struct cli_option *o = options; o->name; o++)
		cli_suggest(&close, name, o->name);
	if (close.best)
		return cli_fail_usage(err, "unknown option '%.*s'; did you mean '--%s'?", len, word,
				      close.best);
	return cli_fail_usage(err, "unknown option '%.*s'", len, word);
}

static int fail_option(const struct cli_option *options, int found, char **argv, vn_error *err)
{
	const struct cli_option *option = find_option(options, optopt);

	if (found == ':' && option)
		return cli_fail_usage(err, "--%s needs a value: %s", option->name,
				      option->argument);
	if (optopt >= LONG_BASE)
		return cli_fail_usage(err, "--%s takes no value", option ? option->name : "help");
	return fail_unknown(options, argv[optind - 1], err);
}

static int take_options(const struct cli_option *options, int argc, char **argv,
			struct cli_line *line, vn_error *err)
{
	struct getopt_tables tables = getopt_tables_of(options);
	int found, r = VN_OK;

	optind = 0;
	opterr = 0;
	while (r == VN_OK &&
	       (found = getopt_long(argc, argv, tables.letters, tables.longs, NULL)) != -1) {
		if (found == ':' || found == '?')
			r = fail_option(options, found, argv, err);
		else if (found == HELP || found == 'h')
			line->help = true;
		else
			r = set_value(find_option(options, found), optarg, &line->values, err);
	}
	line->n_operands = (size_t)(argc - optind);
	line->operands = (const char **)argv + optind;
	line->values.operands = (struct cli_texts){ line->n_operands, line->operands };
	return r;
}

static int check_operands(const struct cli_command *command, const struct cli_line *line,
			  vn_error *err)
{
	if (line->help)
		return VN_OK;
	if (line->n_operands < command->min_operands)
		return cli_fail_usage(err, "needs %s", command->operands);
	if (line->n_operands > command->max_operands)
		return cli_fail_usage(err, "'%s' is one argument too many",
				      line->operands[command->max_operands]);
	return VN_OK;
}

int cli_line_parse(const struct cli_command *command, int argc, char **argv, struct cli_line *ret,
		   vn_error *err)
{
	struct cli_line line = { 0 };
	int r = VN_OK;

	for (const struct cli_option *o = command->options; o->name && r == VN_OK; o++) {
		if (o->kind == CLI_CHOICE)
			*(int *)((char *)&line.values + o->offset) = -1;
		if (o->fallback)
			r = set_value(o, o->fallback, &line.values, err);
	}
	if (r == VN_OK)
		r = take_options(command->options, argc, argv, &line, err);
	if (r == VN_OK)
		r = check_operands(command, &line, err);
	if (r < 0)
		cli_line_clear(&line);
	else
		*ret = line;
	return r;
}

void cli_line_clear(struct cli_line *line)
{
	free(line->values.specs.items);
	free(line->values.props.items);
	free(line->values.with.items);
	free(line->values.fleet.items);
	free(line->values.policies.items);
	*line = (struct cli_line){ 0 };
}
