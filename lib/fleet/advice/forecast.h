/* SPDX-License-Identifier: LGPL-2.1-or-later
 * The place that has most room, for a batch with affinity. */
#ifndef VNUMA_FLEET_FORECAST_H
#define VNUMA_FLEET_FORECAST_H

#include "fleet/advice/advise.h"

#define PLACE_OWN (1U << 31) /* of group_place: a host that is in no rack or domain */

/* The hosts of the place of ask->group's scope where most guests fit; *ret is freed by the caller.
 * n is 0 when there is no such place, or no rule to obey. */
int forecast_place(vn_fleet *fleet, const vn_fleet_ask *ask, uint32_t **ret, uint32_t *ret_n,
		   vn_error *err);

#endif
