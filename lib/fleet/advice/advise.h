/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the advisers share: trying claims on the fleet and taking them back, the claims of hosts,
 * hosts without some of their claims, and finding places for guests that move. */
#ifndef VNUMA_FLEET_ADVISE_H
#define VNUMA_FLEET_ADVISE_H

#include "fleet/engine.h"
#include "vnuma/fleet_advice.h"

/* ---- trial.c: trying ---- */

struct trial_step {
	vn_claim claim;			 /* made; 0: a member has left its server group, */
	uint32_t group, partition, host; /* of which it was there */
};
struct trial {
	vn_fleet *fleet;
	bool was_trying;
	uint64_t came, left;
	uint64_t random;
	vn_fleet_counters counters;
	uint32_t n, room;
	struct trial_step *steps;
};
/* Demand is not learned and nothing is counted until the end. */
void trial_start(vn_fleet *fleet, struct trial *ret);
void trial_end(struct trial *trial);  /* all is as it was at the start */
void trial_keep(struct trial *trial); /* all claims stay, and the random numbers that were drawn */
int trial_claim(struct trial *trial, const vn_fleet_choice *choice, vn_claim *ret, vn_error *err);
int trial_leave(struct trial *trial, const vn_claim_info *info, vn_error *err);
void trial_undo(struct trial *trial, uint32_t n); /* steps from number n on, the last one first */

/* Claims by host. */
struct claims_of {
	uint32_t *first; /* [n_hosts + 1] */
	vn_claim *claims;
};
int claims_of_hosts(const vn_fleet *fleet, struct claims_of *ret, vn_error *err);
void claims_of_clear(struct claims_of *of);

/* [host] true: in the list. NULL: no memory. */
bool *list_hosts(const vn_fleet *fleet, const uint32_t *hosts, uint32_t n);
/* The server group, where its rule has to be obeyed; else NONE. */
uint32_t hard_group(const vn_fleet *fleet, uint32_t group);

/* ---- slots.c ---- */

struct slots {
	uint32_t tries; /* placements that are left */
	bool exact;
};
/* How many guests of the flavour the host takes, and all others of its class. */
uint32_t host_most(vn_fleet *fleet, uint32_t host, uint32_t flavour, struct slots *slots);
/* Nodes for the first of as many guests as possible; 0: not known. */
uint64_t roomiest_nodes(vn_fleet *fleet, uint32_t host, uint32_t flavour, struct slots *slots);

/* ---- without.c: a host without some of its claims ---- */

/* Does the flavour fit without these claims? nodes: where; may be NULL. */
bool fits_without(vn_fleet *fleet, uint32_t host, const vn_claim *gone, uint32_t n,
		  uint32_t flavour, uint64_t *nodes);

/* ---- targets.c: places for guests that move ---- */

struct mover {
	vn_claim claim;
	vn_claim_info info;
	uint64_t mem_kib, hosts; /* where it fits now */
	uint32_t vcpus, unit;
	bool affinity; /* hard: those of its group here move together */
	bool stuck, pins;
	vn_fleet_choice to;
};
struct moving {
	struct trial *trial;
	const uint32_t *banned; /* hosts that are no targets */
	uint32_t n_banned;
	struct mover *movers; /* in their order */
	uint32_t n;
	uint32_t tries; /* claims of the search that are left */
	bool exact;	/* the search was not cut short */
};
int movers_read(vn_fleet *fleet, const vn_claim *claims, uint32_t n, struct mover *ret,
		vn_error *err);
/* The most constrained first; units stay together. */
void movers_sort(vn_fleet *fleet, struct mover *movers, uint32_t n);
/* Claim a place for each, the policy's best one by one. Returns how many are stuck; < 0: error. */
int movers_greedy(struct moving *moving, vn_error *err);
/* The same, looking at all ways; nothing is claimed unless all find a place. */
bool movers_search(struct moving *moving);
int plan_take_moves(const struct moving *moving, vn_fleet_plan *plan, vn_error *err);

#endif
