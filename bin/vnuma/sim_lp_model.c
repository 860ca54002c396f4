/* SPDX-License-Identifier: LGPL-2.1-or-later
 * What the linear programme is about: kinds of hosts, shapes, and how many guests of each live. */
#include "sim_lp.h"

#include <stdlib.h>
#include <string.h>

int lp_model_open(struct lp_model *model, const vn_sim_fleet *fleet, vn_error *err)
{
	model->fleet = fleet;
	model->all = vn_sim_fleet_total(fleet);
	model->kinds = calloc(fleet->n_kinds + 1, sizeof(*model->kinds));
	model->shapes = calloc(VN_TRACE_FLAVOURS_MAX, sizeof(*model->shapes));
	model->live = calloc(VN_TRACE_FLAVOURS_MAX, sizeof(*model->live));
	if (!model->kinds || !model->shapes || !model->live)
		return vn_fail(err, VN_E_NOMEM, "no memory for the linear programme");
	model->n_kinds = fleet->n_kinds;
	for (uint32_t k = 0; k < fleet->n_kinds; k++)
		model->kinds[k].host = fleet->kinds[k];
	for (uint32_t g = 0; g < fleet->n_groups; g++)
		model->kinds[fleet->groups[g].kind].count += fleet->groups[g].count;
	return VN_OK;
}

void lp_model_close(struct lp_model *model)
{
	free(model->kinds);
	free(model->shapes);
	free(model->live);
}

int lp_model_shape(struct lp_model *model, const vn_trace_shape *shape, uint32_t *ret,
		   bool *ret_new, vn_error *err)
{
	uint32_t i = 0;

	while (i < model->n_shapes && memcmp(&model->shapes[i], shape, sizeof(*shape)))
		i++;
	*ret_new = i == model->n_shapes;
	if (i == VN_TRACE_FLAVOURS_MAX)
		return vn_fail(err, VN_E_RANGE, "too many flavours for the linear programme");
	if (*ret_new) {
		model->shapes[i] = *shape;
		model->n_shapes++;
	}
	*ret = i;
	return VN_OK;
}

void lp_model_come(struct lp_model *model, uint32_t shape)
{
	model->live[shape]++;
	model->cpus += model->shapes[shape].vcpus;
	model->mem_kib += model->shapes[shape].mem_kib;
}

void lp_model_leave(struct lp_model *model, uint32_t shape)
{
	model->live[shape]--;
	model->cpus -= model->shapes[shape].vcpus;
	model->mem_kib -= model->shapes[shape].mem_kib;
}

bool lp_model_is_tight(const struct lp_model *model)
{
	return model->cpus * 2 >= model->all.cpus || model->mem_kib / 2 >= model->all.mem_kib / 4;
}
