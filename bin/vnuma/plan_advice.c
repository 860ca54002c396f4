/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * After a refusal: what the host would have to free, which guests of --with would have to go, and
 * how large a guest may be now. */
#include "cli.h"

#include <stdlib.h>

void plan_others_clear(struct plan_others *others)
{
	for (size_t i = 0; i < others->n; i++)
		vn_request_free(others->requests[i]);
	free(others->requests);
	free(others->placements);
	free(others->names);
	*others = (struct plan_others){ 0 };
}

static bool find_moves(const vn_host *host, const vn_request *request,
		       const vn_place_options *options, const struct plan_others *others,
		       vn_moves *ret)
{
	vn_resident residents[VN_RESIDENTS_MAX];

	if (!others->n || others->n > VN_RESIDENTS_MAX)
		return false;
	for (size_t i = 0; i < others->n; i++)
		residents[i] = (vn_resident){ others->requests[i], &others->placements[i] };
	return vn_place_moves(host, request, options, residents, (uint32_t)others->n, ret, NULL) ==
	       VN_OK;
}

void plan_advise(const vn_host *host, const vn_request *request, const vn_place_options *options,
		 const struct plan_others *others, const vn_style *style, vn_text *notes)
{
	vn_shortfall *shortfall = calloc(1, sizeof(*shortfall));
	vn_advice advice = { .names = others->names };
	vn_moves moves;
	vn_most most;

	if (shortfall && vn_place_shortfall(host, request, options, shortfall, NULL) == VN_OK)
		advice.shortfall = shortfall;
	if (advice.shortfall && shortfall->state == VN_SHORT_CHANGE &&
	    find_moves(host, request, options, others, &moves))
		advice.moves = &moves;
	if (vn_place_most(host, request, options, &most, NULL) == VN_OK)
		advice.most = &most;
	vn_render_advice(host, request, &advice, style, notes, NULL);
	free(shortfall);
}
