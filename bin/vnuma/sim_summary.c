/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Sums over episodes. A share of the bound is that of each episode, then the mean: an episode with
 * many guests counts as much as one with few. */
#include "sim.h"

#include <math.h>
#include <stdlib.h>

static const vn_sim_result *result_of(const struct sim_plan *plan, const struct sim_report *report,
				      size_t contestant, size_t episode)
{
	return &report->outcomes[contestant * plan->n_starts + episode].result;
}

typedef double pick_value(const vn_sim_result *result);

static double pick_placed(const vn_sim_result *result)
{
	return (double)result->placed;
}
static double pick_refused(const vn_sim_result *result)
{
	return (double)result->refused;
}
static double pick_too_large(const vn_sim_result *result)
{
	return (double)result->too_large;
}
static double pick_before(const vn_sim_result *result)
{
	return (double)result->before_refusal;
}
static double pick_wait_s(const vn_sim_result *result)
{
	return (double)result->wait_sum_us / 1e6;
}

/* What is compared with the bound; less is worse. */
static double gain(const struct sim_plan *plan, const struct sim_report *report,
		   const vn_sim_result *result)
{
	if (plan->refusal == VN_SIM_STOP)
		return (double)result->placed;
	return report->trace.departures ? result->cpu_seconds : (double)result->cpus;
}

/* The last bound is the closest. In a queue everybody is placed: there is no share. */
static double share_of_bound(const struct sim_plan *plan, const struct sim_report *report,
			     size_t contestant)
{
	size_t last = sim_plan_contestants(plan) - 1;
	double sum = 0;

	if (plan->refusal == VN_SIM_CONTINUE)
		last = plan->n_policies; /* the volume over time */
	if (plan->refusal == VN_SIM_WAIT)
		return NAN;
	for (size_t i = 0; i < plan->n_starts; i++) {
		double most = gain(plan, report, result_of(plan, report, last, i));
		double its = gain(plan, report, result_of(plan, report, contestant, i));

		sum += most > 0 ? its / most : 1;
	}
	return sum / (double)plan->n_starts;
}

static void sum_use(const struct sim_plan *plan, const struct sim_report *report, size_t contestant,
		    struct sim_summary *to)
{
	vn_sim_total all = vn_sim_fleet_total(&plan->fleet);
	double n = (double)plan->n_starts, cpus = (double)all.cpus, kib = (double)all.mem_kib;

	for (size_t i = 0; i < plan->n_starts; i++) {
		const vn_sim_result *r = result_of(plan, report, contestant, i);
		double seconds = (double)(r->last_us - r->first_us) / 1e6;
		double wait_max = (double)r->wait_max_us / 1e6;

		to->cpus += (double)r->cpus / cpus / n;
		to->memory += kib > 0 ? (double)r->mem_kib / kib / n : 0;
		if (seconds > 0) {
			to->cpus_mean += r->cpu_seconds / seconds / cpus / n;
			to->memory_mean += kib > 0 ? r->mem_kib_seconds / seconds / kib / n : 0;
		}
		to->wait_max_s = wait_max > to->wait_max_s ? wait_max : to->wait_max_s;
	}
}

int sim_summarise(const struct sim_plan *plan, const struct sim_report *report, size_t contestant,
		  struct sim_summary *ret, vn_error *err)
{
	static pick_value *const picks[] = { pick_placed, pick_refused, pick_too_large, pick_before,
					     pick_wait_s };
	vn_sim_mean *to[] = { &ret->placed, &ret->refused, &ret->too_large, &ret->before_refusal,
			      &ret->wait_s };
	double *values = calloc(plan->n_starts, sizeof(*values));

	if (!values)
		return vn_fail(err, VN_E_NOMEM, "no memory for the sums");
	*ret = (struct sim_summary){ 0 };
	for (size_t pick = 0; pick < VN_LEN(picks); pick++) {
		for (size_t i = 0; i < plan->n_starts; i++)
			values[i] = picks[pick](result_of(plan, report, contestant, i));
		*to[pick] = vn_sim_mean_of(values, plan->n_starts);
	}
	free(values);
	sum_use(plan, report, contestant, ret);
	ret->of_bound = share_of_bound(plan, report, contestant);
	return VN_OK;
}
