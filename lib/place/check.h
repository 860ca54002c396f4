/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The parts of the independent verifier (check.c). They share no code with the search. */
#ifndef VNUMA_PLACE_CHECK_H
#define VNUMA_PLACE_CHECK_H

#include "vnuma/place.h"

struct checking {
	const vn_host *host;
	const vn_request *request;
	const vn_place_options *options;
	const vn_placement *placement;
	vn_error *err;
};

#define BROKEN(c, ...) vn_fail((c)->err, VN_E_RANGE, __VA_ARGS__)

static inline const vn_node *check_node_of(const struct checking *c, uint32_t cell)
{
	return &c->host->nodes[c->placement->cells[cell].node_ix];
}

/* Does the guest have any vCPU with a CPU of its own? */
static inline bool check_is_pinned(const struct checking *c)
{
	return !vn_cpuset_is_empty(&c->request->dedicated);
}

/* The numbers are those of docs/design/0002. */
int check_cpus(const struct checking *c);     /* 2 to 8 */
int check_memory(const struct checking *c);   /* 9 and 10 */
int check_devices(const struct checking *c);  /* 12, and which cell has which device */
int check_picks(const struct checking *c);    /* 13 */
int check_networks(const struct checking *c); /* 14 */

#endif
