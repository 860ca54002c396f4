/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Inside the bound by a linear programme: what there is (sim_lp_model.c), and the dearest way to
 * fill a host when each shape has a price (sim_lp_price.c). CPUs and memory are counted in units:
 * the greatest common divisors of what cells ask for, memory coarser where that would be too fine;
 * rounding down what is asked and what is there makes the bound no lower. */
#ifndef VNUMA_CLI_SIM_LP_H
#define VNUMA_CLI_SIM_LP_H

#include "sim.h"

/* A cell in units. */
struct lp_cell {
	uint32_t cpus, mem;
};

/* Hosts of one kind. A host of two nodes is filled as one; of others each node is filled by itself,
 * with cells in place of guests. */
struct lp_kind {
	double count;
	const vn_host *host;
};

struct lp_model {
	const vn_sim_fleet *fleet;
	uint32_t n_kinds;
	struct lp_kind *kinds;
	uint32_t n_shapes;
	vn_trace_shape *shapes; /* [VN_TRACE_FLAVOURS_MAX] */
	uint64_t *live;
	uint64_t cpus, mem_kib; /* of the live guests */
	vn_sim_total all;
};
int lp_model_open(struct lp_model *model, const vn_sim_fleet *fleet, vn_error *err);
void lp_model_close(struct lp_model *model);
/* The number of a shape. */
int lp_model_shape(struct lp_model *model, const vn_trace_shape *shape, uint32_t *ret,
		   bool *ret_new, vn_error *err);
/* A guest of that shape comes, or leaves. */
void lp_model_come(struct lp_model *model, uint32_t shape);
void lp_model_leave(struct lp_model *model, uint32_t shape);
/* Is most of the fleet's CPUs or memory asked for? */
bool lp_model_is_tight(const struct lp_model *model);

/* Tables over (CPUs, memory) of a node: the value of the best that fits there, and what the last
 * step of it was. */
struct lp_table {
	double *value;
	int16_t *step; /* a shape, or LP_LESS_CPU, LP_LESS_MEM, LP_NOTHING */
};
enum { LP_NOTHING = -1, LP_LESS_CPU = -2, LP_LESS_MEM = -3 };

struct lp_prices {
	uint64_t mem_unit, cpu_unit;
	uint32_t cpus, mem;    /* the largest node, in units */
	struct lp_cell *cells; /* [n_shapes] of each of its cells */
	struct lp_table ones;  /* guests of one cell on one node */
	struct lp_table twos;  /* guests of two cells, on each of two nodes */
	struct lp_table parts; /* cells of any guest on one node */
	bool use_parts;
	double *pattern; /* [n_shapes] */
};
int lp_prices_open(struct lp_prices *prices, const struct lp_model *model, vn_error *err);
void lp_prices_close(struct lp_prices *prices);
void lp_prices_compute(struct lp_prices *prices, const struct lp_model *model, const double *y);
/* The value of the dearest pattern of a kind, and the pattern itself. */
double lp_prices_value(const struct lp_prices *prices, const struct lp_model *model, uint32_t kind);
void lp_prices_pattern(const struct lp_prices *prices, const struct lp_model *model, uint32_t kind,
		       double *ret);

#endif
