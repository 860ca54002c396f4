/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What else is asked of a fleet: how many more guests of a flavour fit, a batch of guests at once,
 * the moves that empty a host or make room for a refused guest, and the guest that can live on
 * every host of a set.
 *
 * Plans are tried on the fleet itself, with real claims, and taken back: afterwards every host, the
 * server groups, the demand, the random numbers and the counters are as before. These allocate, and
 * take a bounded number of steps; where a bound ended a search, `exact` is false. */
#ifndef VNUMA_FLEET_ADVICE_H
#define VNUMA_FLEET_ADVICE_H

#include "vnuma/fleet.h"

/* ---- how many more ---- */

typedef struct vn_fleet_forecast {
	uint64_t guests; /* that fit beside what is there, each on the nodes that leave most room */
	uint64_t hosts;	 /* that have room for at least one */
	uint64_t most;	 /* on one host */
	bool exact;	 /* false: so many at least; the search for more ended early */
} vn_fleet_forecast;
/* How many guests like the ask fit now. A hard server group counts: at most so many at a place, or
 * all at the one place that takes most. A policy may end up with fewer, where a guest has several
 * cells and the policy puts them on other nodes.
 * within: labels that a host has to have besides, all of them.
 * Errors: VN_E_RANGE, VN_E_NOMEM. None at all is an answer. */
int vn_fleet_forecast_ask(vn_fleet *fleet, const vn_fleet_ask *ask, const vn_label *within,
			  uint32_t n_within, vn_fleet_forecast *ret, vn_error *err);
enum {
	VN_FORECAST_TRIES = 1 << 16,	/* placements, where counts do not answer */
	VN_FORECAST_CLASS_TRIES = 4096, /* of them for one free state */
};

/* ---- a batch ---- */

enum vn_fleet_over {		      /* what a batch is spread over evenly */
		     VN_OVER_NOTHING, /* each guest where the policy wants it */
		     VN_OVER_HOST,
		     VN_OVER_RACK, /* a host without rack, domain or zone is a place of its own */
		     VN_OVER_DOMAIN,
		     VN_OVER_ZONE,
		     VN_FLEET_OVER_COUNT
};
extern const char *const vn_fleet_over_names[VN_FLEET_OVER_COUNT];
typedef struct vn_fleet_batch {
	vn_fleet_ask ask; /* `explain` is not filled */
	uint32_t n;
	bool some; /* as many as fit; else all or none */
	/* Each guest goes to a place that has the fewest of this batch and room; there, and among
	 * equal places, to the best host. */
	enum vn_fleet_over over;
	uint32_t skew; /* how much more a place may have than the one with the fewest, among all
			  whose labels and state are right, full or not; 0 = any */
} vn_fleet_batch;
enum { VN_FLEET_BATCH_MAX = 1 << 20 };
/* Decide and claim all of them. Where the policy's choice of nodes leaves no room for the last
 * ones, all are placed anew on the nodes that leave most room.
 * ret: [batch->n] claims, in the order in which they were made; *ret_n says how many there are.
 * Errors: VN_E_NOFIT (none, or not all: the text says how many), and then nothing has changed;
 * VN_E_RANGE, VN_E_NOMEM. */
int vn_fleet_place_batch(vn_fleet *fleet, const vn_fleet_batch *batch, vn_claim *ret,
			 uint32_t *ret_n, vn_error *err);

/* ---- moves ---- */

/* One step: the claim is taken on the target before it is given back at the source. */
typedef struct vn_fleet_move {
	vn_claim claim;
	uint32_t flavour, group, partition;
	uint32_t from, to;
	uint64_t from_nodes, nodes;
	uint32_t unit; /* guests with affinity move together: the rule holds again after the last
			  move with this number */
} vn_fleet_move;

typedef struct vn_fleet_stuck {
	vn_claim claim;
	uint32_t flavour, group, host;
	bool alone; /* it could go if the others did not; else nowhere at all */
	vn_fleet_explain why;
} vn_fleet_stuck;

typedef struct vn_fleet_plan {
	uint32_t n_moves;
	vn_fleet_move *moves; /* in an order in which each fits when it is made */
	uint32_t n_stuck;
	vn_fleet_stuck *stuck;
	uint64_t mem_kib; /* of all guests that move */
	uint32_t vcpus;
	bool exact;		/* no fewer moves would do, or: not all of the stuck could go */
	vn_fleet_choice choice; /* of the guest for whom room is made: good after the moves */
} vn_fleet_plan;
void vn_fleet_plan_clear(vn_fleet_plan *plan); /* frees its arrays */

enum {
	VN_DRAIN_TRIES = 4096,		/* claims tried when the first order leaves guests behind */
	VN_DEFRAGMENT_EXACT = 3,	/* up to so many moves, all sets of guests are tried */
	VN_DEFRAGMENT_TRIES = 1 << 17,	/* sets of guests; then one by one */
	VN_DEFRAGMENT_HOSTS = 256,	/* looked at one by one */
	VN_DEFRAGMENT_CLAIMS = 1 << 14, /* claims tried for their moves */
};

/* Moves that empty these hosts, those guests first that have the fewest hosts to go to, then the
 * largest. Guests who cannot go are `stuck`, and the plan has the moves of the others. Hosts need
 * not be draining; none of them is a target.
 * ret: to be cleared by the caller.
 * Errors: VN_E_RANGE, VN_E_NOMEM. Guests that are stuck are an answer. */
int vn_fleet_plan_drain(vn_fleet *fleet, const uint32_t *hosts, uint32_t n, vn_fleet_plan *ret,
			vn_error *err);

/* The fewest guests that have to leave one host so that the ask fits there, each of them to another
 * host where it fits when it is moved; of equally few, those with the least memory. No moves: it
 * fits already.
 * most: no more moves than that; 0 = any number.
 * Errors: VN_E_NOFIT when there are no such moves (the text says whether all were tried),
 * VN_E_RANGE, VN_E_NOMEM. */
int vn_fleet_plan_defragment(vn_fleet *fleet, const vn_fleet_ask *ask, uint32_t most,
			     vn_fleet_plan *ret, vn_error *err);

/* Make one move of a plan. On failure the guest is where it was.
 * ret: the claim's new number; the old one is none any more.
 * Errors: VN_E_RANGE (the claim is not there any more), VN_E_NOFIT (others have taken the place),
 * VN_E_NOMEM. */
int vn_fleet_move_claim(vn_fleet *fleet, const vn_fleet_move *move, vn_claim *ret, vn_error *err);

/* ---- a guest for every host of a set ---- */

/* What a guest may see so that it can live on each of the hosts when they are empty, and so move
 * between them. All cells are on nodes of their own. */
typedef struct vn_fleet_common {
	vn_request *request; /* fixed cells, one page size, fixed topology: owned, but what it
				borrows from `like` */
	uint32_t n_kinds;    /* different hardware among the hosts */
	uint32_t n_cells;
	uint32_t vcpus[VN_FLEET_NODES_MAX];   /* of the cells */
	uint64_t mem_kib[VN_FLEET_NODES_MAX]; /* of the cells */
	vn_topology topology;
	uint32_t n_pages;
	uint64_t page_kib[VN_PAGE_SIZES_MAX]; /* sizes that all have enough pages of, ascending */
	uint16_t *distance; /* [from * n_cells + to] the farthest that any of the hosts has; owned
			     */
} vn_fleet_common;
void vn_fleet_common_clear(vn_fleet_common *common);

/* The guest `like`, cut into the fewest cells that all of the hosts hold; NULL: the largest guest
 * with dedicated CPUs that all of them hold, its vCPUs before its memory.
 * hosts: NULL: all hosts of the fleet.
 * like:  borrowed as long as the answer.
 * ret:   to be cleared by the caller.
 * Errors: VN_E_NOFIT (the text names a host and what it lacks), VN_E_CONFLICT, VN_E_RANGE,
 * VN_E_NOMEM. */
int vn_fleet_common_guest(vn_fleet *fleet, const uint32_t *hosts, uint32_t n,
			  const vn_request *like, vn_fleet_common *ret, vn_error *err);

#endif
