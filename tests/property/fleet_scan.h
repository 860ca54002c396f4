/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A second, slow implementation of a decision: every host is looked at, whether and where a guest
 * fits is asked of vn_place, and the scores are computed from vn_host by their definitions in
 * lib/fleet/README.md. Shares no code with lib/fleet. */
#ifndef VNUMA_TESTS_FLEET_SCAN_H
#define VNUMA_TESTS_FLEET_SCAN_H

#include "vnuma/fleet.h"

enum { SCAN_FLAVOURS_MAX = 64, SCAN_KINDS_MAX = 32 };

struct scan_flavour {
	const vn_request *request;
	uint64_t weight, demand;
};

/* What the scan knows of a host: its own copy, with all claims taken by vn_host_take. */
struct scan_host {
	vn_host *now;
	const vn_host *empty; /* nothing taken */
	uint32_t kind;	      /* below SCAN_KINDS_MAX: of equal hardware and options */
	vn_place_options options;
};

struct scan {
	const vn_fleet_policy *policy;
	uint32_t n_flavours;
	const struct scan_flavour *flavours;
};

struct scan_best {
	vn_fleet_score score;
	int64_t inner;
	uint64_t nodes;
};

/* The best option of the flavour on the host. False: it does not fit. */
bool scan_host(const struct scan *scan, const struct scan_host *host, uint32_t flavour,
	       struct scan_best *ret);

#endif
