/* SPDX-License-Identifier: LGPL-2.1-or-later
 * "vnuma/sim/1": docs/sim-format.md, docs/sim.schema.json. */
#include "sim.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>

enum { DIGITS = 12 };

static json_t *mean_json(const vn_sim_mean *of)
{
	return json_pack("{s:f, s:f, s:f, s:f, s:f}", "mean", of->mean, "deviation", of->deviation,
			 "trimmed_mean", of->trimmed, "least", of->least, "most", of->most);
}

static json_t *episodes_json(const struct sim_plan *plan, const struct sim_report *report,
			     size_t contestant)
{
	json_t *list = json_array();

	for (size_t i = 0; i < plan->n_starts; i++) {
		const vn_sim_result *r = &report->outcomes[contestant * plan->n_starts + i].result;

		json_array_append_new(
			list,
			json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:f, s:I, s:I}", "start",
				  (json_int_t)plan->starts[i], "rows", (json_int_t)r->rows,
				  "placed", (json_int_t)r->placed, "refused",
				  (json_int_t)r->refused, "too_large", (json_int_t)r->too_large,
				  "before_refusal", (json_int_t)r->before_refusal, "wait_s",
				  (double)r->wait_sum_us / 1e6, "cpus", (json_int_t)r->cpus,
				  "memory_kib", (json_int_t)r->mem_kib));
	}
	return list;
}

static json_t *share_json(double share)
{
	return isnan(share) ? json_null() : json_real(share);
}

static int contestant_json(const struct sim_plan *plan, const struct sim_report *report,
			   size_t contestant, json_t **ret, vn_error *err)
{
	struct sim_summary s;
	int r = sim_summarise(plan, report, contestant, &s, err);

	if (r < 0)
		return r;
	*ret = json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:f, s:f, s:f, s:f, s:f, s:o, s:o}",
			 "name", sim_plan_name(plan, contestant), "placed", mean_json(&s.placed),
			 "refused", mean_json(&s.refused), "too_large", mean_json(&s.too_large),
			 "before_refusal", mean_json(&s.before_refusal), "wait_s",
			 mean_json(&s.wait_s), "wait_max_s", s.wait_max_s, "cpus_used", s.cpus,
			 "memory_used", s.memory, "cpus_used_mean", s.cpus_mean, "memory_used_mean",
			 s.memory_mean, "of_bound", share_json(s.of_bound), "episodes",
			 episodes_json(plan, report, contestant));
	return *ret ? VN_OK : vn_fail(err, VN_E_NOMEM, "no memory for the results");
}

static json_t *head_json(const struct sim_plan *plan, const struct sim_report *report)
{
	vn_sim_total all = vn_sim_fleet_total(&plan->fleet);

	return json_pack(
		"{s:s, s:{s:s, s:s, s:I, s:i, s:f, s:f}, s:{s:i, s:i, s:I, s:I}, s:s, s:I}",
		"schema", "vnuma/sim/1", "trace", "source", plan->trace, "format",
		vn_trace_format_names[report->trace.format], "rows", (json_int_t)report->trace.rows,
		"flavours", (int)report->trace.flavours, "first_s",
		(double)report->trace.first_us / 1e6, "last_s", (double)report->trace.last_us / 1e6,
		"fleet", "hosts", (int)plan->fleet.n_hosts, "kinds", (int)plan->fleet.n_kinds,
		"cpus", (json_int_t)all.cpus, "memory_kib", (json_int_t)all.mem_kib, "on_refusal",
		vn_sim_refusal_names[plan->refusal], "episodes", (json_int_t)plan->n_starts);
}

static int lists_json(const struct sim_plan *plan, const struct sim_report *report,
		      json_t *document, vn_error *err)
{
	json_t *policies = json_array(), *bounds = json_array(), *one;
	int r = VN_OK;

	json_object_set_new(document, "policies", policies);
	json_object_set_new(document, "bounds", bounds);
	for (size_t c = 0; r == VN_OK && c < sim_plan_contestants(plan); c++)
		if ((r = contestant_json(plan, report, c, &one, err)) == VN_OK)
			json_array_append_new(c < plan->n_policies ? policies : bounds, one);
	return r;
}

int sim_write_json(const struct sim_plan *plan, const struct sim_report *report, vn_text *to,
		   vn_error *err)
{
	json_t *document = head_json(plan, report);
	char *text = NULL;
	int r;

	if (!document)
		return vn_fail(err, VN_E_NOMEM, "no memory for the results");
	r = lists_json(plan, report, document, err);
	if (r == VN_OK)
		text = json_dumps(document, JSON_INDENT(1) | JSON_REAL_PRECISION(DIGITS));
	if (text)
		vn_text_addf(to, "%s\n", text);
	else if (r == VN_OK)
		r = vn_fail(err, VN_E_NOMEM, "no memory for the results");
	free(text);
	json_decref(document);
	return r < 0 ? r : vn_text_done(to, err);
}
