/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Asking vn_place about changed copies of a host. */
#include "place/advice/advise.h"

#include <string.h>

int advise_begin(const vn_host *host, const vn_request *request, const vn_place_options *options,
		 struct advise *ret, vn_error *err)
{
	*ret = (struct advise){
		.arena = vn_arena_new(),
		.host = host,
		.request = request,
		.options = options ? *options : vn_place_defaults,
	};
	ret->options.explain = NULL;
	if (ret->arena)
		ret->placement = vn_arena_alloc(ret->arena, 1, sizeof(*ret->placement));
	if (ret->placement)
		return VN_OK;
	advise_end(ret);
	return vn_fail(err, VN_E_NOMEM, "no memory for advice");
}

void advise_end(struct advise *advise)
{
	vn_arena_free(advise->arena);
	advise->arena = NULL;
}

bool advise_fits(struct advise *advise, const vn_host *host, const vn_request *request)
{
	vn_error err = { 0 };
	int r = vn_place(host, request, &advise->options, advise->placement, &err);

	advise->calls++;
	advise->doubt |= r == VN_E_SYSTEM;
	return r == VN_OK;
}

void advise_reset_host(const vn_host *from, vn_host *to)
{
	memcpy(to->nodes, from->nodes, from->n_nodes * sizeof(*to->nodes));
	if (from->n_devices)
		memcpy(to->devices, from->devices, from->n_devices * sizeof(*to->devices));
	if (from->n_pools)
		memcpy(to->pools, from->pools, from->n_pools * sizeof(*to->pools));
	for (uint32_t i = 0; i < to->n_nodes && to->index; i++)
		if (!vn_host_counted(to, i))
			vn_host_count_node(to, i);
}

vn_host *advise_copy_host(struct advise *advise)
{
	const vn_host *from = advise->host;
	vn_host *to = vn_arena_alloc(advise->arena, 1, sizeof(*to));

	if (!to)
		return NULL;
	*to = *from;
	to->arena = advise->arena; /* of its index */
	to->nodes = vn_arena_alloc(advise->arena, from->n_nodes, sizeof(*to->nodes));
	to->devices = vn_arena_alloc(advise->arena, from->n_devices, sizeof(*to->devices));
	to->pools = vn_arena_alloc(advise->arena, from->n_pools, sizeof(*to->pools));
	if (!to->nodes || !to->devices || !to->pools)
		return NULL;
	to->index = NULL;
	advise_reset_host(from, to);
	return vn_host_count(to, NULL) == VN_OK ? to : NULL;
}
