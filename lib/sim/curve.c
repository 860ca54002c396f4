/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The points of a curve: every row at first; when they are VN_SIM_POINTS_MAX, every second one goes
 * and half as many are kept from then on. So a trace of any length has a curve of bounded size, and
 * the same one each time. */
#include "replay.h"

#include <stdlib.h>

int sim_curve_open(struct sim_curve *curve, vn_error *err)
{
	curve->points = calloc(VN_SIM_POINTS_MAX, sizeof(*curve->points));
	curve->every = curve->next = 1;
	return curve->points ? VN_OK : vn_fail(err, VN_E_NOMEM, "no memory for the curves");
}

void sim_curve_close(struct sim_curve *curve)
{
	free(curve->points);
}

static void thin(struct sim_curve *curve)
{
	for (uint32_t i = 0; i < VN_SIM_POINTS_MAX / 2; i++)
		curve->points[i] = curve->points[2 * i + 1];
	curve->n = VN_SIM_POINTS_MAX / 2;
	curve->every *= 2;
	curve->next = curve->points[curve->n - 1].row + curve->every;
}

void sim_curve_add(struct sim_curve *curve, const struct sim_account *account,
		   const vn_sim_result *result, int64_t clock_us, int64_t arrival_us, uint64_t live)
{
	struct sim_room stranded;

	if (result->rows < curve->next)
		return;
	if (curve->n == VN_SIM_POINTS_MAX) {
		thin(curve);
		if (result->rows < curve->next)
			return;
	}
	stranded = sim_account_stranded(account);
	curve->points[curve->n++] = (vn_sim_point){
		.row = result->rows,
		.time_us = clock_us,
		.live = live,
		.cpus = account->used.cpus,
		.mem_kib = account->used.mem_kib,
		.stranded_cpus = stranded.cpus,
		.stranded_kib = stranded.mem_kib,
		.refused = result->refused,
		.wait_us = clock_us > arrival_us ? clock_us - arrival_us : 0,
		.wait_sum_us = result->wait_sum_us,
	};
	curve->next = result->rows + curve->every;
}
