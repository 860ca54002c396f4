/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A fleet in little, for bench/fleet-trace: ten hosts, and the rule that chooses the host of a
 * guest. Where the guest goes on that host is what vn_place says. */
#ifndef VNUMA_BENCH_FLEET_H
#define VNUMA_BENCH_FLEET_H

#include "vnuma/vnuma.h"

enum { FLEET_HOSTS = 10, FLEET_KINDS_MAX = 1024 };

/* Guests that ask for the same are one kind. All vCPUs are pinned, all cells are equal. */
struct fleet_kind {
	uint32_t cells, cell_vcpus;
	enum vn_thread_policy threads;
	uint64_t cell_mem_kib, page_kib; /* page_kib 0: the smallest pages */
	uint64_t times;			 /* asked for so far */
};

struct fleet {
	vn_host *hosts[FLEET_HOSTS];
	uint32_t n_kinds;
	struct fleet_kind kinds[FLEET_KINDS_MAX];
	uint32_t slots[FLEET_HOSTS][FLEET_KINDS_MAX]; /* guests of a kind that fit a host now */
};

/* One more guest asks for a place. *best is the placement on the host that is returned; -1: no host
 * takes it. *spare is room for the placements that are tried; the two may be exchanged. */
int fleet_choose(struct fleet *fleet, const vn_request *request, vn_placement **best,
		 vn_placement **spare);

/* The guest takes its place, or leaves it. */
void fleet_take(struct fleet *fleet, uint32_t host, const vn_placement *placement);
void fleet_release(struct fleet *fleet, uint32_t host, const vn_placement *placement);

#endif
