/* SPDX-License-Identifier: LGPL-2.1-or-later
 * The words of the command line -> what is to be simulated. */
#include "sim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char *const sim_bound_names[SIM_BOUND_COUNT] = {
	[SIM_BOUND_VOLUME] = "volume",
	[SIM_BOUND_LP] = "lp",
};

bool sim_plan_keeps_rows(const struct sim_plan *plan)
{
	return plan->starts_given || plan->counted || (plan->demand_given && !plan->demand_trace);
}

size_t sim_plan_contestants(const struct sim_plan *plan)
{
	return plan->n_policies + plan->n_bounds;
}

const char *sim_plan_name(const struct sim_plan *plan, size_t contestant)
{
	return contestant < plan->n_policies ? plan->policies[contestant].name
					     : sim_bound_names[contestant - plan->n_policies];
}

/* ---- policies -------------------------------------------------------------------------------- */

/* "first-fit" is "first"; '+' stands for the engine's ',', which separates policies here. */
static int read_policy(const char *text, size_t size, uint32_t seed, struct sim_policy *ret,
		       vn_error *err)
{
	static const char fit[] = "-fit";
	char engine[sizeof(ret->name)];
	vn_error why = { 0 };
	char *at;

	if (!size || size >= sizeof(engine))
		return cli_fail_usage(err, "--policy '%.*s': a policy has 1 to %zu bytes",
				      (int)(size > 80 ? 80 : size), text, sizeof(engine) - 1);
	memcpy(engine, text, size);
	engine[size] = '\0';
	strcpy(ret->name, engine);
	while ((at = strstr(engine, fit)))
		memmove(at, at + sizeof(fit) - 1, strlen(at + sizeof(fit) - 1) + 1);
	for (at = engine; *at; at++)
		*at = *at == '+' ? ',' : *at;
	if (vn_fleet_policy_parse(engine, &ret->policy, &why) < 0)
		return cli_fail_usage(err, "--policy '%s': %s", ret->name, why.text);
	ret->policy.seed = seed;
	return VN_OK;
}

static int add_policies(struct sim_plan *plan, const char *text, uint32_t seed, vn_error *err)
{
	size_t size;
	int r;

	for (bool more = true; more; text += size + more) {
		size = strcspn(text, ",");
		more = text[size] == ',';
		if (plan->n_policies == SIM_POLICIES_MAX)
			return cli_fail_usage(err, "at most %d policies are compared",
					      SIM_POLICIES_MAX);
		if ((r = read_policy(text, size, seed, &plan->policies[plan->n_policies], err)) < 0)
			return r;
		for (size_t i = 0; i < plan->n_policies; i++)
			if (!strcmp(plan->policies[i].name, plan->policies[plan->n_policies].name))
				return cli_fail_usage(err, "--policy '%s' is given twice",
						      plan->policies[i].name);
		plan->n_policies++;
	}
	return VN_OK;
}

static int read_policies(struct sim_plan *plan, const struct cli_values *values, vn_error *err)
{
	int r = VN_OK;

	for (size_t i = 0; r == VN_OK && i < values->policies.n; i++)
		r = add_policies(plan, values->policies.items[i], values->seed, err);
	if (r == VN_OK && !plan->n_policies)
		r = add_policies(plan, "default,first,best", values->seed, err);
	return r;
}

/* ---- rows ------------------------------------------------------------------------------------ */

/* "300", "first-fit+40". */
static int read_episode(struct sim_plan *plan, const struct cli_values *values, vn_error *err)
{
	const char *plus = values->episode ? strrchr(values->episode, '+') : NULL;
	const char *number = plus ? plus + 1 : values->episode;

	if (!number)
		return VN_OK;
	if (vn_uint_parse(vn_cursor_of_string(NULL, number), UINT32_MAX, &plan->episode, NULL) <
		    0 ||
	    (!plus && !plan->episode))
		return cli_fail_usage(err,
				      "--episode '%s': legal is a number of rows, or "
				      "'POLICY+N', as 'first+40'",
				      values->episode);
	plan->counted = plus != NULL;
	return plus ? read_policy(values->episode, (size_t)(plus - values->episode), values->seed,
				  &plan->count_by, err)
		    : VN_OK;
}

/* "0-49999", or the path of a trace. */
static int read_demand(struct sim_plan *plan, const struct cli_values *values, vn_error *err)
{
	vn_cursor in;

	if (!values->demand)
		return VN_OK;
	in = vn_cursor_of_string(NULL, values->demand);
	plan->demand_given = true;
	if (vn_take_uint(&in, UINT32_MAX, &plan->demand_from, NULL) < 0 ||
	    !vn_take_byte(&in, '-') || vn_take_uint(&in, UINT32_MAX, &plan->demand_to, NULL) < 0 ||
	    in.p != in.end) {
		plan->demand_trace = values->demand;
		return VN_OK;
	}
	if (plan->demand_to < plan->demand_from)
		return cli_fail_usage(err, "--demand '%s': the rows stand in reverse order",
				      values->demand);
	return VN_OK;
}

static int read_starts(struct sim_plan *plan, const struct cli_values *values, vn_error *err)
{
	plan->starts_given = values->starts != NULL;
	if (values->starts)
		return sim_starts_read(values->starts, &plan->starts, &plan->n_starts, err);
	plan->starts = calloc(1, sizeof(*plan->starts));
	plan->n_starts = 1;
	return plan->starts ? VN_OK : vn_fail(err, VN_E_NOMEM, "no memory for the plan");
}

/* What refuses some and places others may use more CPUs than what refuses the first it can. */
static int check_bound(const struct sim_plan *plan, vn_error *err)
{
	if (plan->n_bounds > SIM_BOUND_LP && plan->refusal == VN_SIM_CONTINUE)
		return cli_fail_usage(err, "--bound lp is for '--on-refusal stop' and 'wait'");
	return VN_OK;
}

static int read_fleet(struct sim_plan *plan, const struct cli_values *values, vn_error *err)
{
	int r = VN_OK;

	if (!values->fleet.n)
		return cli_fail_usage(err, "needs --fleet, as --fleet '100 x 2/40/90GiB'");
	for (size_t i = 0; r == VN_OK && i < values->fleet.n; i++)
		r = vn_sim_fleet_add(&plan->fleet, values->fleet.items[i], err);
	return r;
}

static int read_all(struct sim_plan *plan, const struct cli_values *values, vn_error *err)
{
	int r;

	if ((r = check_bound(plan, err)) < 0 || (r = read_policies(plan, values, err)) < 0 ||
	    (r = read_episode(plan, values, err)) < 0 || (r = read_demand(plan, values, err)) < 0 ||
	    (r = read_fleet(plan, values, err)) < 0)
		return r;
	return read_starts(plan, values, err);
}

int sim_plan_read(const struct cli_values *values, const char *trace, struct sim_plan *ret,
		  vn_error *err)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	int r;

	*ret = (struct sim_plan){
		.trace = trace,
		.refusal = (enum vn_sim_refusal)values->refusal,
		.n_bounds = (size_t)values->bound + 1,
		.curves = values->format == CLI_FORMAT_CSV || values->format == CLI_FORMAT_SVG,
		.threads = values->threads ? values->threads
			   : cpus > 0	   ? (unsigned)cpus
					   : 1,
		.trace_options = { values->two_cells_kib, values->no_departures,
				   values->no_groups },
		.decisions = values->decisions,
	};
	r = read_all(ret, values, err);
	if (r < 0)
		sim_plan_clear(ret);
	return r;
}

void sim_plan_clear(struct sim_plan *plan)
{
	vn_sim_fleet_clear(&plan->fleet);
	free(plan->starts);
	plan->starts = NULL;
}
