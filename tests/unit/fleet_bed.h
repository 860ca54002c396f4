/* SPDX-License-Identifier: LGPL-2.1-or-later
 * A fleet of hosts of two nodes, its flavours and guests, in few words. */
#ifndef VNUMA_TESTS_FLEET_BED_H
#define VNUMA_TESTS_FLEET_BED_H

#include "vnuma/fleet.h"

#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const char two_nodes[] =
	"{\"cells\": [{\"id\": 0, \"cpus\": \"0-7\", \"mem_mib\": 16384}, {\"id\": 1, \"cpus\": "
	"\"8-15\", \"mem_mib\": 16384}]}";

struct bed {
	vn_fleet *fleet;
	vn_host *host;
	vn_request *requests[8];
	uint32_t n;
};

static inline void must(int r, const vn_error *err)
{
	if (r < 0)
		fail_msg("%s", err->text);
}

static inline void bed_make(struct bed *bed, const char *policy_text)
{
	vn_fleet_policy policy;
	vn_error err = { 0 };

	*bed = (struct bed){ 0 };
	must(vn_fleet_policy_parse(policy_text, &policy, &err), &err);
	policy.demand = VN_DEMAND_GIVEN;
	must(vn_fleet_new(&policy, &bed->fleet, &err), &err);
	must(vn_host_parse("host", two_nodes, strlen(two_nodes), &bed->host, &err), &err);
}

static inline uint32_t bed_hosts(struct bed *bed, const vn_fleet_host *as, uint32_t n)
{
	vn_fleet_host host = as ? *as : (vn_fleet_host){ 0 };
	vn_error err = { 0 };
	uint32_t first;

	host.cpu_ratio_percent = host.ram_ratio_percent = 100;
	must(vn_fleet_add(bed->fleet, bed->host, &host, n, &first, &err), &err);
	return first;
}

static inline uint32_t bed_flavour(struct bed *bed, uint32_t vcpus, uint32_t mem_mib,
				   uint32_t cells, const vn_fleet_flavour *like)
{
	vn_fleet_flavour flavour = like ? *like : (vn_fleet_flavour){ 0 };
	vn_error err = { 0 };
	char json[256];
	uint32_t id;

	snprintf(json, sizeof(json),
		 "{\"vcpus\": %u, \"mem_mib\": %u, \"extra_specs\": {\"hw:numa_nodes\": \"%u\"}}",
		 vcpus, mem_mib, cells);
	must(vn_request_parse_json("flavour", json, strlen(json), &bed->requests[bed->n], &err),
	     &err);
	flavour.request = bed->requests[bed->n++];
	must(vn_fleet_add_flavour(bed->fleet, &flavour, &id, &err), &err);
	return id;
}

static inline void bed_free(struct bed *bed)
{
	vn_fleet_free(bed->fleet);
	vn_host_free(bed->host);
	for (uint32_t i = 0; i < bed->n; i++)
		vn_request_free(bed->requests[i]);
}

static inline vn_fleet_ask ask_for(uint32_t flavour)
{
	return (vn_fleet_ask){ .flavour = flavour,
			       .group = VN_FLEET_NONE,
			       .partition = VN_FLEET_NONE };
}

static inline uint32_t decide(struct bed *bed, const vn_fleet_ask *ask)
{
	vn_fleet_choice choice;
	uint32_t n;

	return vn_fleet_decide(bed->fleet, ask, 1, &choice, &n, NULL) == VN_OK ? choice.host
									       : VN_FLEET_NONE;
}

static inline vn_claim take(struct bed *bed, const vn_fleet_ask *ask)
{
	vn_fleet_choice choice;
	vn_error err = { 0 };
	vn_claim claim;
	uint32_t n;

	must(vn_fleet_decide(bed->fleet, ask, 1, &choice, &n, &err), &err);
	must(vn_fleet_claim(bed->fleet, &choice, &claim, &err), &err);
	return claim;
}

#endif
