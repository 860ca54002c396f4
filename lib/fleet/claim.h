/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Placements in few bytes, and the placement of a claim. */
#ifndef VNUMA_FLEET_CLAIM_H
#define VNUMA_FLEET_CLAIM_H

#include "fleet/engine.h"

struct claim_detail *claim_detail_of(const vn_fleet *fleet, const struct claim *claim);

/* Bytes written, at most `room`; 0: there is not room. */
uint32_t claim_pack(const kind *k, const vn_placement *placement, void *to, size_t room);
void claim_unpack(const kind *k, const void *from, vn_placement *ret);

/* The placement of a claim as it is now. */
int claim_show(vn_fleet *fleet, const vn_claim_info *info, const struct claim_detail *detail,
	       vn_placement *ret, vn_error *err);

#endif
