/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * vnuma doctor: examines a host and its guests and says what is wrong, how that is known, and how
 * to mend it; with --fix it mends what can be mended while a guest runs, and examines again. */
#include "doctor.h"

#include <string.h>
#include <unistd.h>

enum { LOCK_TIMEOUT_MS = 60 * 1000 };

/* ---- --explain ---- */

static int explain(const struct cli_values *v, struct cli_output *output, vn_error *err)
{
	vn_style style = cli_style(STDOUT_FILENO, v->color);
	const vn_check *check = NULL;
	struct cli_suggestion close = { 0 };

	if (strcmp(v->explain_check, "all") != 0 && !(check = vn_check_find(v->explain_check))) {
		for (size_t i = 0; i < VN_CHECK_COUNT; i++)
			cli_suggest(&close, v->explain_check, vn_checks[i].name);
		return cli_fail_usage(err,
				      "--explain '%s': no such check%s%s%s (legal: %s to %s, their "
				      "names, or 'all')",
				      v->explain_check, close.best ? "; did you mean '" : "",
				      close.best ? close.best : "", close.best ? "'?" : "",
				      vn_checks[0].id, vn_checks[VN_CHECK_COUNT - 1].id);
	}
	if (v->format == CLI_FORMAT_JSON)
		return vn_render_doctor_explain_json(check, &output->answer, err);
	return vn_render_doctor_explain(check, &style, &output->answer, err);
}

/* ---- usage ---- */

static int check_usage(const struct cli_values *v, vn_error *err)
{
	bool live = !strcmp(v->host, "live");
	size_t stdins = !strcmp(v->host, "-");

	for (size_t i = 0; i < v->operands.n; i++)
		stdins += !strcmp(v->operands.items[i], "-");
	if (stdins > 1)
		return cli_fail_usage(err, "standard input ('-') can be read once only");
	if (v->connect && !live)
		return cli_fail_usage(err,
				      "the host is given twice: --host '%s' and --connect '%s'",
				      v->host, v->connect);
	if (v->fix && !live && !strstr(v->host, "://"))
		return cli_fail_usage(err, "--fix changes guests that run, and '%s' is a file",
				      v->host);
	for (size_t i = 0; !live && !strstr(v->host, "://") && i < v->operands.n; i++)
		if (!strchr(v->operands.items[i], '/') && !strstr(v->operands.items[i], ".xml") &&
		    strcmp(v->operands.items[i], "-") != 0)
			return cli_fail_usage(err,
					      "'%s' is no file: with --host SOURCE guests are "
					      "domain XML files, with a '/' in their name or .xml "
					      "at its end",
					      v->operands.items[i]);
	return VN_OK;
}

/* ---- the whole ---- */

/* What one look found, with all that it is about. */
struct look {
	struct doctor_input input;
	vn_diagnosis *diagnosis;
};

static void look_clear(struct look *look)
{
	vn_diagnosis_free(look->diagnosis);
	doctor_input_clear(&look->input);
	look->diagnosis = NULL;
}

/* Look anew; what an earlier look found is given back. */
static int look_at(const struct cli_values *v, struct cli_output *output, struct look *look,
		   vn_error *err)
{
	vn_doctor_options options;
	int r;

	look_clear(look);
	if ((r = doctor_read(v, output, &look->input, err)) < 0)
		return r;
	options.examine = look->input.examine;
	return vn_doctor_run(look->input.running, &options, &look->diagnosis, err);
}

static int answer(const struct cli_values *v, const vn_diagnosis *diagnosis,
		  struct cli_output *output, vn_error *err)
{
	vn_style style = cli_style(STDOUT_FILENO, v->color);

	output->no |=
		diagnosis->counts[VN_CHECK_FAIL] || (v->strict && diagnosis->counts[VN_CHECK_WARN]);
	if (v->format == CLI_FORMAT_JSON)
		return vn_render_doctor_json(diagnosis, &output->answer, err);
	return vn_render_doctor(diagnosis, v->all, &style, &output->answer, err);
}

/* Mend, with the host locked against other vnumas from the look on that the changes follow from. */
static int fix(const struct cli_values *v, struct cli_output *output, struct look *look,
	       vn_error *err)
{
	vn_virt_lock lock = VN_VIRT_NO_LOCK;
	struct doctor_fixed fixed = { 0 };
	int r = vn_virt_lock_take(look->input.virt, LOCK_TIMEOUT_MS, &lock, err);

	if (r == VN_OK)
		r = look_at(v, output, look, err);
	if (r == VN_OK)
		r = doctor_fix(look->input.virt, look->diagnosis, v->format == CLI_FORMAT_JSON,
			       output, &fixed, err);
	if (r == VN_OK && fixed.n)
		r = look_at(v, output, look, err);
	vn_virt_lock_drop(&lock);
	output->no |= fixed.n_failed;
	return r;
}

int cmd_doctor(const struct cli_values *values, const char *operand, struct cli_output *output,
	       vn_error *err)
{
	struct look look = { 0 };
	int r;

	(void)operand;
	if (values->explain_check)
		return explain(values, output, err);
	if ((r = check_usage(values, err)) < 0)
		return r;
	r = look_at(values, output, &look, err);
	if (r == VN_OK && values->fix)
		r = fix(values, output, &look, err);
	if (r == VN_OK)
		r = answer(values, look.diagnosis, output, err);
	if (r < 0)
		cli_keep_source(output, err);
	look_clear(&look);
	return r;
}
