/* SPDX-License-Identifier: LGPL-2.1-or-later
 * The results as a table: a line for each policy, then the bounds. */
#include "sim.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { CELLS_MAX = 10, CELL = 80 };
struct line {
	size_t n;
	char cells[CELLS_MAX][CELL];
};

static void add(struct line *line, const char *format, ...) VN_PRINTF(2, 3);
static void add(struct line *line, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(line->cells[line->n++], CELL, format, args);
	va_end(args);
}

/* ---- columns --------------------------------------------------------------------------------- */

static void head_line(const struct sim_plan *plan, const struct sim_report *report, struct line *to)
{
	add(to, "policy");
	add(to, "placed");
	if (plan->refusal == VN_SIM_WAIT) {
		add(to, "wait s, mean");
		add(to, "trimmed mean");
		add(to, "vs %s", sim_plan_name(plan, 0));
		add(to, "longest s");
	} else if (plan->refusal == VN_SIM_CONTINUE) {
		add(to, "refused");
		add(to, "first refusal");
	}
	add(to, "CPUs");
	add(to, "memory");
	if (report->trace.departures) {
		add(to, "CPUs, mean");
		add(to, "memory, mean");
	}
	if (plan->refusal != VN_SIM_WAIT)
		add(to, "of bound");
}

static void add_share(struct line *to, double share)
{
	if (isnan(share))
		add(to, "-");
	else
		add(to, "%.4f", share);
}

static void add_counts(const struct sim_plan *plan, const struct sim_summary *s, bool is_bound,
		       struct line *to)
{
	bool many = plan->n_starts > 1;

	if (plan->refusal == VN_SIM_CONTINUE && is_bound) { /* it bounds what is in use */
		for (int i = 0; i < 3; i++)
			add(to, "-");
		return;
	}
	add(to, many ? "%.1f" : "%.0f", s->placed.mean);
	if (plan->refusal != VN_SIM_CONTINUE)
		return;
	add(to, many ? "%.1f" : "%.0f", s->refused.mean);
	if (s->refused.most > 0)
		add(to, many ? "%.1f" : "%.0f", s->before_refusal.mean);
	else
		add(to, "none");
}

static void result_line(const struct sim_plan *plan, const struct sim_report *report,
			const struct sim_summary *s, double first_wait_s, struct line *to)
{
	if (plan->refusal == VN_SIM_WAIT) {
		add(to, "%.4f", s->wait_s.mean);
		add(to, "%.4f", s->wait_s.trimmed);
		add_share(to, first_wait_s > 0 ? s->wait_s.trimmed / first_wait_s : NAN);
		add(to, "%.0f", s->wait_max_s);
	}
	add(to, "%.1f %%", 100 * s->cpus);
	add(to, "%.1f %%", 100 * s->memory);
	if (report->trace.departures) {
		add(to, "%.1f %%", 100 * s->cpus_mean);
		add(to, "%.1f %%", 100 * s->memory_mean);
	}
	if (plan->refusal != VN_SIM_WAIT)
		add_share(to, s->of_bound);
}

/* ---- lines ----------------------------------------------------------------------------------- */

static void write_lines(const struct line *lines, size_t n, vn_text *to)
{
	int width[CELLS_MAX] = { 0 };

	for (size_t i = 0; i < n; i++)
		for (size_t c = 0; c < lines[i].n; c++) {
			int len = (int)strlen(lines[i].cells[c]);

			width[c] = len > width[c] ? len : width[c];
		}
	for (size_t i = 0; i < n; i++) {
		vn_text_addf(to, "%-*s", width[0], lines[i].cells[0]);
		for (size_t c = 1; c < lines[i].n; c++)
			vn_text_addf(to, "  %*s", width[c], lines[i].cells[c]);
		vn_text_add(to, "\n");
	}
}

static void write_head(const struct sim_plan *plan, const struct sim_report *report, vn_text *to)
{
	static const char *const rules[VN_SIM_REFUSAL_COUNT] = {
		[VN_SIM_STOP] = "an episode ends at the first guest that does not fit",
		[VN_SIM_CONTINUE] = "a guest that does not fit is refused",
		[VN_SIM_WAIT] = "a guest that does not fit waits, and all behind it",
	};
	vn_sim_total all = vn_sim_fleet_total(&plan->fleet);
	char size[32];

	vn_text_addf(to, "trace   %s: %ju rows in the %s format, %u flavours\n", plan->trace,
		     (uintmax_t)report->trace.rows, vn_trace_format_names[report->trace.format],
		     report->trace.flavours);
	vn_text_addf(to, "fleet   %u %s of %u %s: %ju CPUs, %s\n", plan->fleet.n_hosts,
		     plan->fleet.n_hosts == 1 ? "host" : "hosts", plan->fleet.n_kinds,
		     plan->fleet.n_kinds == 1 ? "kind" : "kinds", (uintmax_t)all.cpus,
		     vn_size_format(all.mem_kib, size, sizeof(size)));
	vn_text_addf(to, "rule    %s%s\n", rules[plan->refusal],
		     report->trace.departures ? "" : "; no guest leaves");
	if (plan->n_starts > 1)
		vn_text_addf(to, "means   over %zu episodes\n", plan->n_starts);
	vn_text_add(to, "\n");
}

static void write_too_large(const struct sim_summary *s, vn_text *to)
{
	if (s->too_large.most > 0)
		vn_text_addf(
			to,
			"\n%.*f guests are larger than any host of the fleet and were left out.\n",
			s->too_large.mean == floor(s->too_large.mean) ? 0 : 1, s->too_large.mean);
}

int sim_write_table(const struct sim_plan *plan, const struct sim_report *report, vn_text *to,
		    vn_error *err)
{
	struct line lines[SIM_POLICIES_MAX + SIM_BOUND_COUNT + 1] = { 0 };
	struct sim_summary s = { 0 };
	double first_wait_s = 0;
	size_t n = 1;
	int r;

	write_head(plan, report, to);
	head_line(plan, report, &lines[0]);
	for (size_t c = 0; c < sim_plan_contestants(plan); c++) {
		if ((r = sim_summarise(plan, report, c, &s, err)) < 0)
			return r;
		first_wait_s = c ? first_wait_s : s.wait_s.trimmed;
		add(&lines[n], c < plan->n_policies ? "%s" : "(bound: %s)", sim_plan_name(plan, c));
		add_counts(plan, &s, c >= plan->n_policies, &lines[n]);
		result_line(plan, report, &s, first_wait_s, &lines[n++]);
	}
	write_lines(lines, n, to);
	write_too_large(&s, to);
	return vn_text_done(to, err);
}
