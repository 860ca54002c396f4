/* SPDX-License-Identifier: LGPL-2.1-or-later
 * The points of the curves as CSV, of the first episode. */
#include "sim.h"

int sim_write_csv(const struct sim_plan *plan, const struct sim_report *report, vn_text *to,
		  vn_error *err)
{
	vn_text_add(to, "policy,row,time_s,live,cpus,memory_kib,stranded_cpus,stranded_kib,refused,"
			"wait_s,wait_sum_s\n");
	for (size_t c = 0; c < plan->n_policies; c++) {
		const struct sim_outcome *of = &report->outcomes[c * plan->n_starts];

		for (uint32_t i = 0; i < of->result.n_points; i++) {
			const vn_sim_point *p = &of->points[i];

			vn_text_addf(to, "%s,%ju,%.6f,%ju,%ju,%ju,%ju,%ju,%ju,%.6f,%.6f\n",
				     sim_plan_name(plan, c), (uintmax_t)p->row,
				     (double)p->time_us / 1e6, (uintmax_t)p->live,
				     (uintmax_t)p->cpus, (uintmax_t)p->mem_kib,
				     (uintmax_t)p->stranded_cpus, (uintmax_t)p->stranded_kib,
				     (uintmax_t)p->refused, (double)p->wait_us / 1e6,
				     (double)p->wait_sum_us / 1e6);
		}
	}
	return vn_text_done(to, err);
}
