/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The volume bound: the fleet as one heap of CPUs and memory. */
#include "replay.h"

#include <stdlib.h>

struct volume {
	const vn_sim_fleet *fleet;
	vn_sim_total all, used;
	bool unbounded;
};

static int place(void *self, const vn_trace_row *row, vn_sim_choice *ret, vn_error *err)
{
	struct volume *volume = self;
	const vn_trace_shape *shape = &row->shape;

	(void)err;
	if (!volume->unbounded && (volume->used.cpus + shape->vcpus > volume->all.cpus ||
				   volume->used.mem_kib + shape->mem_kib > volume->all.mem_kib))
		return VN_E_NOFIT;
	volume->used.cpus += shape->vcpus;
	volume->used.mem_kib += shape->mem_kib;
	*ret = (vn_sim_choice){ 0 };
	return VN_OK;
}

static void release(void *self, const vn_trace_shape *shape, const vn_sim_choice *choice)
{
	struct volume *volume = self;

	(void)choice;
	volume->used.cpus -= shape->vcpus;
	volume->used.mem_kib -= shape->mem_kib;
}

static bool ever(void *self, const vn_trace_shape *shape)
{
	const struct volume *volume = self;

	for (uint32_t i = 0; i < volume->fleet->n_kinds; i++)
		if (vn_sim_fits(volume->fleet->kinds[i], shape))
			return true;
	return false;
}

int vn_sim_volume_new(const vn_sim_fleet *fleet, bool unbounded, vn_sim_chooser *ret, vn_error *err)
{
	struct volume *volume = calloc(1, sizeof(*volume));

	if (!volume)
		return vn_fail(err, VN_E_NOMEM, "no memory for a bound");
	volume->fleet = fleet;
	volume->all = vn_sim_fleet_total(fleet);
	volume->unbounded = unbounded;
	*ret = (vn_sim_chooser){ volume, place, release, ever, free, unbounded };
	return VN_OK;
}
