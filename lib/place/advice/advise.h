/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the advisers (most.c, short.c, moves.c) share: asking vn_place about changed copies of a
 * host and a request, and counting how often. All memory is of one arena. */
#ifndef VNUMA_PLACE_ADVISE_H
#define VNUMA_PLACE_ADVISE_H

#include "vnuma/place.h"

struct advise {
	vn_arena *arena; /* owned: advise_end frees it */
	const vn_host *host;
	const vn_request *request;
	vn_place_options options; /* the caller's, without explanations */
	vn_placement *placement;  /* of the last vn_place that fitted */
	uint32_t calls;
	bool doubt; /* a search ended without an answer: what is "exact" may not be */
};

/* VN_E_NOMEM */
int advise_begin(const vn_host *host, const vn_request *request, const vn_place_options *options,
		 struct advise *ret, vn_error *err);
void advise_end(struct advise *advise);

/* Does it fit? A contradiction counts as no; so does a budget that ended, and leaves doubt. */
bool advise_fits(struct advise *advise, const vn_host *host, const vn_request *request);

/* A host with nodes, devices and pools of its own, so that they can be changed; all else is
 * shared. NULL: no memory. */
vn_host *advise_copy_host(struct advise *advise);
/* The nodes, devices and pools of `to` as they are in `from`. */
void advise_reset_host(const vn_host *from, vn_host *to);

#endif
