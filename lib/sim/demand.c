/* SPDX-License-Identifier: LGPL-2.1-or-later
 * How often each shape was asked for in rows before those that are replayed. */
#include "vnuma/sim.h"

#include <stdlib.h>
#include <string.h>

static int grow(vn_sim_demand *demand, vn_error *err)
{
	uint32_t room = demand->room ? 2 * demand->room : 32;
	vn_trace_shape *shapes = reallocarray(demand->shapes, room, sizeof(*shapes));
	uint64_t *counts;

	if (!shapes)
		return vn_fail(err, VN_E_NOMEM, "no memory for the demand");
	demand->shapes = shapes;
	counts = reallocarray(demand->counts, room, sizeof(*counts));
	if (!counts)
		return vn_fail(err, VN_E_NOMEM, "no memory for the demand");
	demand->counts = counts;
	demand->room = room;
	return VN_OK;
}

int vn_sim_demand_add(vn_sim_demand *demand, const vn_trace_shape *shape, vn_error *err)
{
	uint32_t i = 0;
	int r;

	while (i < demand->n && memcmp(&demand->shapes[i], shape, sizeof(*shape)))
		i++;
	if (i == demand->n) {
		if (demand->n == VN_TRACE_FLAVOURS_MAX)
			return vn_fail(err, VN_E_RANGE,
				       "the trace has more than %d different guests",
				       VN_TRACE_FLAVOURS_MAX);
		if (demand->n == demand->room && (r = grow(demand, err)) < 0)
			return r;
		demand->shapes[i] = *shape;
		demand->counts[i] = 0;
		demand->n++;
	}
	demand->counts[i]++;
	return VN_OK;
}

void vn_sim_demand_clear(vn_sim_demand *demand)
{
	free(demand->shapes);
	free(demand->counts);
	*demand = (vn_sim_demand){ 0 };
}
