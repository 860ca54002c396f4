/* SPDX-License-Identifier: LGPL-2.1-or-later
 * The state of the search that gives each cell a node of its own (apart.c), its table
 * (apart_table.c) and its lower bounds (apart_bounds.c). */
#ifndef VNUMA_PLACE_APART_H
#define VNUMA_PLACE_APART_H

#include "place/match.h"

/* Nodes that at least one cell may go to are "candidates" 0..m-1, class by class. Two nodes are of
 * one class when swapping them changes no distance and no device. */
struct apart {
	struct problem *p;
	uint32_t n, m, n_classes;
	struct match_table t;			  /* candidates instead of nodes */
	uint64_t budget, budget_found;		  /* steps; the second once there is a placement */
	bool devices;				  /* some device or network pulls */
	uint8_t cell_at[VN_CELL_MAX];		  /* the cells, kind by kind */
	uint8_t at_of[VN_CELL_MAX];		  /* [cell] its place in cell_at */
	uint16_t node_at[VN_NODE_MAX];		  /* [candidate] */
	uint16_t class_of[VN_NODE_MAX];		  /* [candidate] */
	uint16_t class_first[VN_NODE_MAX + 1];	  /* [class] its first candidate */
	uint8_t broken[VN_CELL_MAX][VN_NODE_MAX]; /* [kind][candidate] cores it breaks there */
	uint8_t price[VN_NODE_MAX];		  /* [node] cores that the last kind breaks there */
	uint64_t strategy[VN_NODE_MAX];		  /* [candidate] */
	uint16_t cheapest[VN_NODE_MAX];		  /* candidates by strategy */
	uint64_t weight_from[VN_CELL_MAX + 1];	  /* vCPUs of the cells at.. */
	uint64_t pairs_from[VN_CELL_MAX + 1];	  /* the least distance among the cells at.. */
	uint64_t broken_from[VN_CELL_MAX + 1];	  /* the least cores that the cells at.. break */
	bool alike_from[VN_CELL_MAX + 1];	  /* the cells at.. are of one kind */
	uint32_t self;				  /* the least distance of a node to itself */
	/* as the search goes */
	uint64_t pull[VN_NODE_MAX]; /* [class] distance cost of one more vCPU there */
	uint16_t now[VN_CELL_MAX];  /* [at] candidate */
	vn_cost cost;
};

static inline uint32_t both_ways(const vn_host *host, uint32_t a, uint32_t b)
{
	return vn_host_distance(host, a, b) + vn_host_distance(host, b, a);
}

static inline bool has_bit(const uint64_t *word, uint32_t bit)
{
	return word[bit / 64] >> bit % 64 & 1;
}

/* apart_table.c: may the cell go to the node? */
bool apart_would_do(const struct problem *p, uint32_t cell, uint32_t node_ix, uint8_t *page_ix);
/* Candidates with their classes, and what each kind breaks on them. False: a kind has none. */
bool apart_find_candidates(struct apart *a);
void apart_find_broken(struct apart *a);

/* apart_bounds.c: what does not change as the search goes; then, with what is placed now: */
void apart_bound_distances(struct apart *a);
/* The candidates first..last-1 that a kind may still have. */
uint32_t apart_left_in(const struct apart *a, uint32_t kind, uint32_t first, uint32_t last);
/* Can no completion be better than the last that we keep? `from`: the first candidate that the
 * cells at.. may have, when they are of one kind. */
bool apart_hopeless(const struct apart *a, uint32_t at, uint32_t from);

#endif
