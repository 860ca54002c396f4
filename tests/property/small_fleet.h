/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Random fleets of a few small hosts, with guests on them, that brute force can judge. Each is made
 * twice: questions are put to one of the two, and afterwards both have to decide alike. */
#ifndef VNUMA_TESTS_SMALL_FLEET_H
#define VNUMA_TESTS_SMALL_FLEET_H

#include "random.h"

enum { SMALL_HOSTS = 8, SMALL_FLAVOURS = 6, SMALL_GROUPS = 3, SMALL_CLAIMS = 96 };

struct small_claim {
	vn_claim claim, twin;
	uint32_t flavour, group, partition;
};
struct small {
	struct random random;
	vn_fleet *fleet, *twin;
	uint32_t n_hosts, n_kinds;
	vn_host *kinds[2];
	uint32_t kind_of[SMALL_HOSTS];
	bool in_a[SMALL_HOSTS];
	uint32_t n_flavours;
	vn_request *requests[SMALL_FLAVOURS];
	bool needs_a[SMALL_FLAVOURS], forbids_a[SMALL_FLAVOURS];
	uint32_t n_groups;
	vn_server_group groups[SMALL_GROUPS];
	uint32_t n_claims;
	struct small_claim claims[SMALL_CLAIMS];
	const char *differs; /* what the twin did otherwise; NULL: nothing so far */
};

void small_make(struct small *small, uint64_t seed, uint64_t n, bool with_groups);
void small_free(struct small *small);
/* A guest comes or goes, on both. */
void small_step(struct small *small, uint32_t percent_come);
vn_fleet_ask small_ask(struct small *small);

/* ---- by brute force, through the public functions alone ---- */

/* The place of a host in a server group's scope, as text. */
void small_place(const struct small *small, uint32_t host, enum vn_group_scope scope, char *to,
		 size_t size);
/* Is the group's rule kept by all claims that the fleet has? */
bool small_rule_kept(const struct small *small, uint32_t group);
/* A claim that was just made, against vn_placement_check on a host with what the first n claims but
 * this one have. (Pins that come later may take CPUs from under floating vCPUs.) NULL, or what is
 * wrong. */
const char *small_check(const struct small *small, uint32_t which, uint32_t n);
/* All that the public functions say about the fleet. */
void small_write(const struct small *small, vn_text *to);
/* Do the labels and the state let the flavour on this host? */
bool small_passes(const struct small *small, uint32_t flavour, uint32_t host);
/* Nodes of the host that a guest might have. */
uint32_t small_masks(const struct small *small, uint32_t host);

#endif
