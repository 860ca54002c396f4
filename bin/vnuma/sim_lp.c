/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The bound by a linear programme, closer than the volume: which guests fit on one host is counted
 * whole, only the number of hosts that are filled in one way may be a fraction.
 *
 * A way to fill a host is a pattern (how many guests of each shape). The guests n[f] that are there
 * fit only if fractions of patterns hold them: the largest t for which some patterns hold t * n is
 * at least 1. Patterns are found as they are needed, by the knapsack in sim_lp_price.c, which
 * prices them by the duals y of the rows. For every y >= 0 t <= sum over kinds of hosts (count *
 * value of the dearest pattern) / sum (y[f] * n[f]), so a "no" does not hang on how exact the
 * programme was solved, and a search that is given up says "yes": the bound is too high then, and
 * never too low. */
#include "sim_lp.h"

#include <lpsolve/lp_lib.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { ROUNDS_MAX = 300 };
static const double margin = 1e-7;

struct bound {
	vn_sim_chooser volume;
	const vn_sim_fleet *fleet;
	struct lp_model model; /* shapes, live guests, kinds */
	struct lp_prices prices;
	lprec *lp; /* NULL: to be made anew */
	bool priced;
	double *covered;       /* guests that the last solution holds */
	double *cut, cut_most; /* no fleet holds sum (cut * n) > cut_most; NULL: none */
};

/* ---- the programme ----------------------------------------------------------------------------
 */

/* Rows: one for each shape (patterns hold t * n of it), one for each kind (hosts that there are).
 * Column 1 is t. */
static int make_lp_anew(struct bound *bound, vn_error *err)
{
	const struct lp_model *m = &bound->model;
	int rows = (int)(m->n_shapes + m->n_kinds);

	if (bound->lp)
		delete_lp(bound->lp);
	lp_prices_close(&bound->prices);
	free(bound->covered);
	free(bound->cut);
	bound->covered = calloc(m->n_shapes, sizeof(*bound->covered));
	bound->cut = NULL;
	bound->lp = make_lp(rows, 1);
	if (!bound->lp || !bound->covered)
		return vn_fail(err, VN_E_NOMEM, "no memory for the linear programme");
	set_verbose(bound->lp, NEUTRAL);
	set_maxim(bound->lp);
	set_obj(bound->lp, 1, 1);
	for (int f = 1; f <= (int)m->n_shapes; f++)
		set_constr_type(bound->lp, f, GE);
	for (int k = 0; k < (int)m->n_kinds; k++) {
		set_constr_type(bound->lp, (int)m->n_shapes + 1 + k, LE);
		set_rh(bound->lp, (int)m->n_shapes + 1 + k, m->kinds[k].count);
	}
	return lp_prices_open(&bound->prices, m, err);
}

static bool add_pattern(struct bound *bound, uint32_t kind, double *column, int *rows)
{
	const struct lp_model *m = &bound->model;
	int n = 0;

	lp_prices_pattern(&bound->prices, m, kind, bound->prices.pattern);
	for (uint32_t f = 0; f < m->n_shapes; f++)
		if (bound->prices.pattern[f] > 0) {
			rows[n] = (int)f + 1;
			column[n++] = bound->prices.pattern[f];
		}
	rows[n] = (int)(m->n_shapes + 1 + kind);
	column[n++] = 1;
	return add_columnex(bound->lp, n, column, rows);
}

/* The duals: of the shapes into y, of the kinds into mu. lp_solve's signs depend on the sense. */
static void read_duals(struct bound *bound, double *y, double *mu)
{
	const struct lp_model *m = &bound->model;
	REAL *all; /* [1 + rows], then columns */

	get_ptr_dual_solution(bound->lp, &all);
	for (uint32_t f = 0; f < m->n_shapes; f++)
		y[f] = fabs(all[1 + f]);
	for (uint32_t k = 0; k < m->n_kinds; k++)
		mu[k] = fabs(all[1 + m->n_shapes + k]);
}

static double held(const struct lp_model *m, const double *y)
{
	double sum = 0;

	for (uint32_t f = 0; f < m->n_shapes; f++)
		sum += y[f] * (double)m->live[f];
	return sum;
}

/* What the solution holds of each shape: the left sides of its rows, without t * n. */
static void read_covered(struct bound *bound, double t)
{
	const struct lp_model *m = &bound->model;
	REAL *sides;

	get_ptr_constraints(bound->lp, &sides);
	for (uint32_t f = 0; f < m->n_shapes; f++)
		bound->covered[f] = sides[f] + t * (double)m->live[f];
}

enum answer { FITS, FITS_NOT, GO_ON };

/* One round: solve, ask whether that decides, and else add the dearest patterns. */
static enum answer round_of(struct bound *bound, double *y, double *mu, double *column, int *rows)
{
	struct lp_model *m = &bound->model;
	double t, most = 0, sum;
	bool better = false;

	if (solve(bound->lp) != OPTIMAL)
		return FITS; /* numerical trouble: no bound from here */
	t = get_objective(bound->lp);
	if (t >= 1 - margin) {
		read_covered(bound, t);
		return FITS;
	}
	read_duals(bound, y, mu);
	lp_prices_compute(&bound->prices, m, y);
	for (uint32_t k = 0; k < m->n_kinds; k++)
		most += m->kinds[k].count * lp_prices_value(&bound->prices, m, k);
	sum = held(m, y);
	if (sum > most * (1 + margin)) {
		free(bound->cut);
		bound->cut = malloc(m->n_shapes * sizeof(*y));
		if (bound->cut)
			memcpy(bound->cut, y, m->n_shapes * sizeof(*y));
		bound->cut_most = most * (1 + margin);
		return FITS_NOT;
	}
	for (uint32_t k = 0; k < m->n_kinds; k++)
		if (lp_prices_value(&bound->prices, m, k) > mu[k] + 1e-9)
			better |= add_pattern(bound, k, column, rows);
	return better ? GO_ON : FITS;
}

static bool is_covered(const struct bound *bound)
{
	for (uint32_t f = 0; f < bound->model.n_shapes; f++)
		if ((double)bound->model.live[f] > bound->covered[f] + margin)
			return false;
	return true;
}

/* Do the live guests fit? */
static int ask(struct bound *bound, bool *ret, vn_error *err)
{
	struct lp_model *m = &bound->model;
	uint32_t n = m->n_shapes + m->n_kinds;
	double *work;
	int *rows, r;
	enum answer answer = GO_ON;

	if (!bound->priced && (r = make_lp_anew(bound, err)) < 0)
		return r;
	bound->priced = true;
	*ret = true;
	if (is_covered(bound))
		return VN_OK;
	*ret = !bound->cut || held(m, bound->cut) <= bound->cut_most;
	if (!*ret)
		return VN_OK;
	work = calloc(2 * (size_t)n + 1, sizeof(*work));
	rows = calloc((size_t)n + 1, sizeof(*rows));
	if (!work || !rows) {
		free(work);
		free(rows);
		return vn_fail(err, VN_E_NOMEM, "no memory for the linear programme");
	}
	for (uint32_t f = 0; f < m->n_shapes; f++)
		set_mat(bound->lp, (int)f + 1, 1, -(double)m->live[f]);
	for (int round = 0; answer == GO_ON && round < ROUNDS_MAX; round++)
		answer = round_of(bound, work, work + m->n_shapes, work + n, rows);
	*ret = answer != FITS_NOT;
	free(work);
	free(rows);
	return VN_OK;
}

/* ---- as a chooser ---------------------------------------------------------------------------- */

static int place(void *self, const vn_trace_row *row, vn_sim_choice *ret, vn_error *err)
{
	struct bound *bound = self;
	uint32_t shape;
	bool is_new = false, fits;
	int r;

	if ((r = bound->volume.place(bound->volume.self, row, ret, err)) < 0)
		return r;
	r = lp_model_shape(&bound->model, &row->shape, &shape, &is_new, err);
	if (r == VN_OK) {
		bound->priced &= !is_new;
		lp_model_come(&bound->model, shape);
		/* Far from full, patterns that hold it are easy to find: do not look. */
		fits = true;
		if (lp_model_is_tight(&bound->model))
			r = ask(bound, &fits, err);
		if (r == VN_OK && fits)
			return VN_OK;
		lp_model_leave(&bound->model, shape);
	}
	bound->volume.release(bound->volume.self, &row->shape, ret);
	return r < 0 ? r : VN_E_NOFIT;
}

static void release(void *self, const vn_trace_shape *shape, const vn_sim_choice *choice)
{
	struct bound *bound = self;
	uint32_t number;
	bool is_new;

	if (lp_model_shape(&bound->model, shape, &number, &is_new, NULL) == VN_OK)
		lp_model_leave(&bound->model, number);
	bound->volume.release(bound->volume.self, shape, choice);
}

static bool ever(void *self, const vn_trace_shape *shape)
{
	struct bound *bound = self;

	return bound->volume.ever(bound->volume.self, shape);
}

static void free_bound(void *self)
{
	struct bound *bound = self;

	bound->volume.free(bound->volume.self);
	if (bound->lp)
		delete_lp(bound->lp);
	lp_prices_close(&bound->prices);
	lp_model_close(&bound->model);
	free(bound->covered);
	free(bound->cut);
	free(bound);
}

int sim_lp_new(const vn_sim_fleet *fleet, vn_sim_chooser *ret, vn_error *err)
{
	struct bound *bound = calloc(1, sizeof(*bound));
	int r;

	if (!bound)
		return vn_fail(err, VN_E_NOMEM, "no memory for a bound");
	bound->fleet = fleet;
	if ((r = vn_sim_volume_new(fleet, false, &bound->volume, err)) < 0) {
		free(bound);
		return r;
	}
	if ((r = lp_model_open(&bound->model, fleet, err)) < 0) {
		free_bound(bound);
		return r;
	}
	*ret = (vn_sim_chooser){ bound, place, release, ever, free_bound, false };
	return VN_OK;
}
