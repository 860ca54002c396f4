/* SPDX-License-Identifier: LGPL-2.1-or-later
 * The k best placements: so far, the best one. */
#include "place/problem.h"

int vn_place_best(const vn_host *host, const vn_request *request, const vn_place_options *options,
		  uint32_t n, vn_placement *ret, uint32_t *ret_n, vn_error *err)
{
	int r = n ? vn_place(host, request, options, ret, err) : VN_OK;

	if (r == VN_OK)
		*ret_n = n > 0;
	return r;
}
