/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Inside a replay: the account of what is taken on each node (account.c), which shapes were seen
 * (shapes.c), and the points of a curve (curve.c). The account is the simulator's own: it does not
 * ask the engine, so that it would notice if that one took a place twice. */
#ifndef VNUMA_SIM_REPLAY_H
#define VNUMA_SIM_REPLAY_H

#include "vnuma/sim.h"

/* CPUs and memory of a node. */
struct sim_room {
	uint64_t cpus, mem_kib;
};

struct sim_account {
	struct sim_room all, used;	  /* of the fleet */
	unsigned __int128 cpu_us, kib_us; /* in use, over time */
	/* The nodes of each host, if they are kept: node j of host i is [first[i] + j]. */
	uint32_t *first;
	struct sim_room *has, *taken;
	uint32_t n_nodes;
	/* Asked for so far, by all that were placed: the mix that strands the rest. */
	struct sim_room asked;
};
int sim_account_open(struct sim_account *account, const vn_sim_fleet *fleet, bool nodes,
		     vn_error *err);
void sim_account_close(struct sim_account *account);
bool sim_account_has(const struct sim_account *account, const vn_trace_shape *shape);
void sim_account_take(struct sim_account *account, const vn_trace_shape *shape,
		      const vn_sim_choice *choice);
void sim_account_give(struct sim_account *account, const vn_trace_shape *shape,
		      const vn_sim_choice *choice);
void sim_account_wait(struct sim_account *account, int64_t us);
void sim_account_result(const struct sim_account *account, vn_sim_result *result);
/* What is free of one kind, on nodes where the other is short for the mix that was asked for. */
struct sim_room sim_account_stranded(const struct sim_account *account);

/* Shapes, numbered in the order in which they were seen. */
struct sim_shapes {
	uint32_t n, room;
	vn_trace_shape *shapes;
	uint16_t *slots; /* a hash table of their numbers */
};
/* *ret_new: it was not there yet. */
int sim_shapes_find(struct sim_shapes *shapes, const vn_trace_shape *shape, uint32_t *ret,
		    bool *ret_new, vn_error *err);
void sim_shapes_close(struct sim_shapes *shapes);

struct sim_curve {
	uint32_t n;
	uint64_t every, next; /* rows between points, and the row of the next one */
	vn_sim_point *points; /* [VN_SIM_POINTS_MAX] */
};
int sim_curve_open(struct sim_curve *curve, vn_error *err);
void sim_curve_close(struct sim_curve *curve);
void sim_curve_add(struct sim_curve *curve, const struct sim_account *account,
		   const vn_sim_result *result, int64_t clock_us, int64_t arrival_us,
		   uint64_t live);

#endif
