/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The command line. A command is a row of the table in commands.c: its name, its options, its
 * function. The parser, `vnuma help`, the man pages and the shell completion all read that table.
 *
 * A command writes its answer to output->answer; main prints it, and only when the command
 * succeeded, so standard output never holds half an answer. `vnuma fit`, whose answers are lines
 * that stand alone, writes each of them itself. */
#ifndef VNUMA_CLI_H
#define VNUMA_CLI_H

#include "virt/virt.h"
#include "vnuma/vnuma.h"

enum cli_color { CLI_COLOR_AUTO, CLI_COLOR_ALWAYS, CLI_COLOR_NEVER, CLI_COLOR_COUNT };
enum cli_format {
	CLI_FORMAT_TABLE,
	CLI_FORMAT_XML,
	CLI_FORMAT_QEMU,
	CLI_FORMAT_JSON,
	CLI_FORMAT_SVG,
	CLI_FORMAT_CSV,
	CLI_FORMAT_COUNT
};
extern const char *const cli_color_names[CLI_COLOR_COUNT];
extern const char *const cli_format_names[CLI_FORMAT_COUNT];

struct cli_texts {
	size_t n;
	const char **items; /* point into argv */
};

/* The value of every option of every command. A command sees those that its table names. */
struct cli_values {
	/* index into the option's choices, -1: not given */
	int format, color, strategy, size_by, completion;
	const char *host, *connect, *json, *name;
	uint32_t vcpus; /* 0: not given */
	uint64_t memory_kib, reserve_kib;
	uint32_t cpu_ratio_percent, ram_ratio_percent;
	uint32_t alternatives; /* 0: not given */
	bool explain, roff, stats, dry_run, paused, all, anew, take_over;
	const char *nodes, *cell;
	uint32_t rate_mib; /* 0: not given */
	struct cli_texts specs, props, with;
	const char *kernel, *explain_check; /* NULL: not given */
	bool fix, strict;
	struct cli_texts operands; /* all of them; borrowed from argv */
	uint32_t watch_s;	   /* 0: not given */
	uint32_t seconds;
	const char *distances;
	bool exact;
	/* sim */
	struct cli_texts fleet, policies;
	int refusal, bound;
	const char *starts, *episode, *demand, *decisions;
	uint32_t seed, threads; /* threads: 0: not given */
	bool no_departures, no_groups;
	uint64_t two_cells_kib;
};

/* How an option's value is read, and the type of the field that receives it. */
enum cli_kind {
	CLI_FLAG,   /* bool */
	CLI_TEXT,   /* const char * */
	CLI_FILE,   /* const char *: a path, completed as one */
	CLI_CHOICE, /* int: index into choices */
	CLI_COUNT,  /* uint32_t: min..max */
	CLI_SIZE,   /* uint64_t: KiB; a number without a unit is MiB */
	CLI_RATIO,  /* uint32_t: percent; "1.5" is 150 */
	CLI_TEXTS,  /* struct cli_texts: the option may be repeated */
	CLI_FILES,  /* struct cli_texts: paths */
};

/* One option of a command. A table ends with a row whose name is NULL. */
struct cli_option {
	const char *name; /* without the dashes */
	char letter;	  /* 0: none */
	enum cli_kind kind;
	const char *argument; /* the value's name in the help; NULL for a flag */
	const char *bare; /* the value of an option that is given without one; NULL: it needs one */
	const char *fallback; /* the value when the option is not given; NULL: none */
	const char *help;     /* NULL: planned, not there yet; refused and not listed */
	size_t offset;	      /* of the field in struct cli_values */
	const char *const *choices;
	size_t n_choices;
	const char *later; /* a choice that is planned, not there yet */
	uint64_t min, max;
};

struct cli_output {
	vn_text answer;	   /* for standard output, if the command succeeds */
	vn_text notes;	   /* for standard error, after the error if there is one */
	char source[4096]; /* see cli_keep_source */
	bool no;	   /* the answer is a real "no": it is printed, and the exit code is 1 */
};

enum cli_operand { CLI_NO_OPERAND, CLI_OPERAND_FILE, CLI_OPERAND_COMMAND, CLI_OPERAND_GUEST };

struct cli_command {
	const char *name;
	unsigned min_operands, max_operands;
	int (*run)(const struct cli_values *values, const char *operand, struct cli_output *output,
		   vn_error *err); /* operand: NULL when not given */
	const char *help;	   /* one line */
	const struct cli_option *options;
	enum cli_operand operand;
	const char *operands; /* as the usage line shows them; "" for none */
	const char *details;  /* a paragraph for `vnuma help COMMAND`; "" for none */
};

/* ---- commands.c ------------------------------------------------------------------------------ */

extern const struct cli_command cli_commands[];
extern const size_t cli_n_commands;
/* VN_E_SYNTAX, with the closest name, if there is no such command. */
int cli_command_find(const char *name, const struct cli_command **ret, vn_error *err);

int cmd_host(const struct cli_values *values, const char *operand, struct cli_output *output,
	     vn_error *err);
int cmd_plan(const struct cli_values *values, const char *operand, struct cli_output *output,
	     vn_error *err);
int cmd_fit(const struct cli_values *values, const char *operand, struct cli_output *output,
	    vn_error *err);
int cmd_start(const struct cli_values *values, const char *operand, struct cli_output *output,
	      vn_error *err);
int cmd_show(const struct cli_values *values, const char *operand, struct cli_output *output,
	     vn_error *err);
int cmd_measure(const struct cli_values *values, const char *operand, struct cli_output *output,
		vn_error *err);
int cmd_apply(const struct cli_values *values, const char *operand, struct cli_output *output,
	      vn_error *err);
int cmd_setvcpus(const struct cli_values *values, const char *operand, struct cli_output *output,
		 vn_error *err);
int cmd_setmem(const struct cli_values *values, const char *operand, struct cli_output *output,
	       vn_error *err);
int cmd_sim(const struct cli_values *values, const char *operand, struct cli_output *output,
	    vn_error *err);
int cmd_doctor(const struct cli_values *values, const char *operand, struct cli_output *output,
	       vn_error *err);
int cmd_help(const struct cli_values *values, const char *operand, struct cli_output *output,
	     vn_error *err);
int cmd_version(const struct cli_values *values, const char *operand, struct cli_output *output,
		vn_error *err);

/* ---- options.c ------------------------------------------------------------------------------- */

/* What one command line says. */
struct cli_line {
	struct cli_values values;
	bool help;	       /* --help: the rest does not count */
	size_t n_operands;     /* as the command allows */
	const char **operands; /* point into argv */
};

/* Read argv (argv[0] is the command's name, its order is changed) by the command's table. Errors
 * are in the words of the command line (cli_is_usage). */
int cli_line_parse(const struct cli_command *command, int argc, char **argv, struct cli_line *ret,
		   vn_error *err);
void cli_line_clear(struct cli_line *line);

/* "'table', 'json' or 'svg'"; NULL names are passed over. */
void cli_names_add(vn_text *to, const char *const *names, size_t n);

/* An error in the use of the command line: printed as "vnuma: COMMAND: TEXT" with a hint. */
int cli_fail_usage(vn_error *err, const char *format, ...) VN_PRINTF(2, 3);
bool cli_is_usage(const vn_error *err);

/* ---- suggest.c ------------------------------------------------------------------------------- */

struct cli_suggestion {
	const char *best; /* NULL: nothing is close */
	size_t edits;
};
/* Keep `candidate` if it is the closest to `word` so far. Start with { 0 }. */
void cli_suggest(struct cli_suggestion *suggestion, const char *word, const char *candidate);

/* ---- help.c, roff.c, completion.c: the table as text for people, man pages and shells ---------
 */

void cli_help_commands(vn_text *to);
void cli_help_command(const struct cli_command *command, vn_text *to);
void cli_help_specs(vn_text *to);
void cli_spec_legal(const vn_spec *spec, vn_text *to); /* the legal values in words */
void cli_roff_commands(vn_text *to);
void cli_roff_options(const struct cli_command *command, vn_text *to);
void cli_roff_specs(vn_text *to);
void cli_roff_checks(vn_text *to);
void cli_completion_bash(vn_text *to);
void cli_completion_zsh(vn_text *to);

/* ---- input.c --------------------------------------------------------------------------------- */

/* The host of -H or -c. A libvirt is asked for what its running guests have taken; the one that is
 * called `except` (may be NULL) is left out. */
int cli_read_host(const struct cli_values *values, const char *except, struct cli_output *output,
		  vn_host **ret, vn_error *err);
/* path: "-" is standard input. With `json`, or when it starts with '{', the document is JSON. */
int cli_read_request(const char *path, bool json, vn_request **ret, vn_error *err);

/* An error may borrow its source from a request or host: call this before that is freed. */
void cli_keep_source(struct cli_output *output, vn_error *err);

/* ---- running.c -------------------------------------------------------------------------------
 */

/* What runs on the host of a connection; on this machine with what /proc knows of it. Nothing is
 * accounted yet. `which`: of enum vn_virt_which. */
int cli_read_running(vn_virt *virt, unsigned which, vn_running **ret, vn_error *err);
/* The guest of that name, running or not; NULL. */
const vn_guest *cli_find_guest(const vn_running *running, const char *name);

/* ---- plan_advice.c --------------------------------------------------------------------------- */

/* The guests of --with: what they take is recorded on the host. */
struct plan_others {
	size_t n;
	vn_request **requests;
	vn_placement *placements;
	const char **names; /* the guest's, or the file's */
};
void plan_others_clear(struct plan_others *others);

/* What would help a refused guest, appended to the notes. It is no answer, so what fails in here
 * is left out. */
void plan_advise(const vn_host *host, const vn_request *request, const vn_place_options *options,
		 const struct plan_others *others, const vn_style *style, vn_text *notes);

/* ---- placing.c -------------------------------------------------------------------------------
 */

vn_place_options cli_place_options(const struct cli_values *values);
/* Place, and have the placement checked by code that shares nothing with the search. */
int cli_place(const vn_host *host, const vn_request *request, const vn_place_options *options,
	      vn_placement *placement, vn_error *err);
/* Appended to the notes: with options->explain why so; and where placement is NULL, which is a
 * refusal, what would help. */
void cli_note(const vn_host *host, const vn_request *request, const vn_place_options *options,
	      const vn_placement *placement, const struct plan_others *others,
	      const vn_style *style, vn_text *notes);

/* ---- progress.c ------------------------------------------------------------------------------ */

struct cli_progress {
	bool shown; /* standard error is a terminal */
	const char *name;
	int64_t start_ms, last_ms;
};
void cli_progress_start(struct cli_progress *progress, const char *name);
/* more: what stands behind the bar, before the time that is left. */
void cli_progress_show(struct cli_progress *progress, uint64_t done, uint64_t all,
		       const char *more);
void cli_progress_end(struct cli_progress *progress);

/* ---- output.c -------------------------------------------------------------------------------- */

/* Open descriptors 0, 1 and 2 if the caller closed them, so that a file opened later cannot become
 * standard output; reading or writing them still fails. */
int cli_output_guard(void);
/* Write all of it to standard output now, and empty the text. VN_E_SYSTEM. */
int cli_output_flush(vn_text *text, vn_error *err);
/* Write all of it to standard output and close that. VN_E_SYSTEM if it does not arrive. */
int cli_output_write(const vn_text *text, vn_error *err);
/* How text for `fd` may look. */
vn_style cli_style(int fd, enum cli_color color);

#endif
