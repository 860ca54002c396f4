/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Guests dealt evenly over places: racks, zones, fault domains or hosts. */
#ifndef VNUMA_FLEET_SPREAD_H
#define VNUMA_FLEET_SPREAD_H

#include "fleet/advice/advise.h"

struct spread_place {
	uint32_t count; /* guests of the batch */
	uint32_t first, n;
	uint32_t host; /* the best one; NONE: there is no room */
	bool strays;   /* it does not obey the server group, whose rule is soft */
	score score;
};
struct spread {
	vn_fleet *fleet;
	const vn_fleet_ask *ask;
	uint32_t skew, n_places, chosen;
	struct spread_place *places;
	uint32_t *hosts; /* by place */
	bool *may;	 /* [host] a guest may go there */
};
/* wide: the ask whose hosts count for the skew; guests go to those of `ask` among them. */
int spread_start(vn_fleet *fleet, const vn_fleet_ask *ask, const vn_fleet_ask *wide,
		 enum vn_fleet_over over, uint32_t skew, struct spread *ret, vn_error *err);
void spread_clear(struct spread *spread);
/* Where the next guest goes; false: nowhere. */
bool spread_next(struct spread *spread, vn_fleet_choice *ret);
void spread_took(struct spread *spread); /* it was claimed there */

#endif
