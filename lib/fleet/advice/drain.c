/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Moves that empty hosts. Targets are other hosts, so what is released at the source makes no room
 * that a later move could need: a guest that finds no place is stuck because it fits nowhere, or
 * because the others of the plan take the room. */
#include "fleet/advice/advise.h"

#include <stdlib.h>

struct drain {
	struct trial trial;
	struct moving moving;
	struct claims_of claims;
};

/* The claims of the hosts, each host once. */
static int read_movers(struct drain *d, const uint32_t *hosts, uint32_t n, bool *seen,
		       vn_error *err)
{
	int r = VN_OK;

	for (uint32_t i = 0; i < n && r == VN_OK; i++) {
		uint32_t first = d->claims.first[hosts[i]];
		uint32_t count = d->claims.first[hosts[i] + 1] - first;

		if (seen[hosts[i]])
			continue;
		seen[hosts[i]] = true;
		r = movers_read(d->trial.fleet, d->claims.claims + first, count,
				d->moving.movers + d->moving.n, err);
		d->moving.n += count;
	}
	return r;
}

static int list_movers(struct drain *d, const uint32_t *hosts, uint32_t n, vn_error *err)
{
	bool *seen = list_hosts(d->trial.fleet, NULL, 0);
	size_t most = 1;
	int r;

	for (uint32_t i = 0; i < n; i++)
		most += d->trial.fleet->hosts[hosts[i]].n_claims;
	d->moving.movers = calloc(most, sizeof(*d->moving.movers));
	if (seen && d->moving.movers)
		r = read_movers(d, hosts, n, seen, err);
	else
		r = vn_fail(err, VN_E_NOMEM, "no memory for a plan");
	free(seen);
	return r;
}

/* ---- the stuck ---- */

/* A place for it on a host that is not emptied. */
static vn_fleet_ask ask_elsewhere(const struct drain *d, const struct mover *mover,
				  vn_fleet_explain *why)
{
	return (vn_fleet_ask){ .flavour = mover->info.flavour,
			       .group = mover->info.group,
			       .partition = mover->info.partition,
			       .n_excluded = d->moving.n_banned,
			       .excluded = d->moving.banned,
			       .explain = why };
}

/* Could it go if the others did not? Nothing is claimed now. */
static bool goes_alone(struct drain *d, const struct mover *mover, vn_fleet_explain *why)
{
	vn_fleet *fleet = d->trial.fleet;
	vn_fleet_ask ask = ask_elsewhere(d, mover, why);
	vn_fleet_choice choice;
	uint32_t n;
	int r = VN_OK;

	for (uint32_t i = 0; i < d->moving.n && r == VN_OK; i++)
		if (&d->moving.movers[i] == mover ||
		    (mover->affinity && d->moving.movers[i].info.group == mover->info.group))
			r = trial_leave(&d->trial, &d->moving.movers[i].info, NULL);
	if (r == VN_OK)
		r = vn_fleet_decide(fleet, &ask, 1, &choice, &n, NULL);
	trial_undo(&d->trial, 0);
	return r == VN_OK;
}

/* Of the first n that are stuck, one that asks for the same. */
static const vn_fleet_stuck *asked_already(const struct drain *d, const vn_fleet_plan *plan,
					   uint32_t n, const struct mover *mover)
{
	vn_claim_info info;

	while (n-- > 0)
		if (plan->stuck[n].flavour == mover->info.flavour &&
		    plan->stuck[n].group == mover->info.group &&
		    vn_fleet_claim_info(d->trial.fleet, plan->stuck[n].claim, &info, NULL) ==
			    VN_OK &&
		    (info.group == NONE ||
		     (info.partition == mover->info.partition && info.host == mover->info.host)))
			return &plan->stuck[n];
	return NULL;
}

static void explain_crowded(struct drain *d, const struct mover *mover, vn_fleet_explain *why)
{
	vn_fleet_ask ask = ask_elsewhere(d, mover, why);
	vn_fleet_choice choice;
	uint32_t n, mark = d->trial.n;

	if (trial_leave(&d->trial, &mover->info, NULL) == VN_OK)
		vn_fleet_decide(d->trial.fleet, &ask, 1, &choice, &n, NULL);
	trial_undo(&d->trial, mark);
}

/* Those that stay, with reasons. In the end nothing is claimed. all_alone: each of them could go if
 * the others did not. */
static int take_stuck(struct drain *d, uint32_t n, vn_fleet_plan *plan, bool *all_alone,
		      vn_error *err)
{
	plan->stuck = calloc((size_t)n + 1, sizeof(*plan->stuck));
	if (!plan->stuck)
		return vn_fail(err, VN_E_NOMEM, "no memory for a plan");
	for (uint32_t i = 0; i < d->moving.n; i++) {
		const struct mover *mover = &d->moving.movers[i];
		const vn_fleet_stuck *like = asked_already(d, plan, plan->n_stuck, mover);
		vn_fleet_stuck *stuck = &plan->stuck[plan->n_stuck];

		if (!mover->stuck)
			continue;
		*stuck = (vn_fleet_stuck){ .claim = mover->claim,
					   .flavour = mover->info.flavour,
					   .group = mover->info.group,
					   .host = mover->info.host };
		if (like)
			stuck->why = like->why;
		else
			explain_crowded(d, mover, &stuck->why);
		plan->n_stuck++;
	}
	trial_undo(&d->trial, 0);
	*all_alone = true;
	for (uint32_t i = 0, at = 0; i < d->moving.n; i++) {
		const struct mover *mover = &d->moving.movers[i];
		vn_fleet_stuck *stuck = &plan->stuck[at];
		const vn_fleet_stuck *like;
		vn_fleet_explain why;

		if (!mover->stuck)
			continue;
		like = asked_already(d, plan, at, mover);
		stuck->alone = like ? like->alone : goes_alone(d, mover, NULL);
		if (like)
			stuck->why = like->why;
		else if (!stuck->alone && !goes_alone(d, mover, &why))
			stuck->why = why;
		*all_alone &= stuck->alone;
		at++;
	}
	return VN_OK;
}

/* ---- the plan ---- */

static int plan_moves(struct drain *d, vn_fleet_plan *plan, vn_error *err)
{
	bool all_alone = false;
	int r = movers_greedy(&d->moving, err), stuck;

	if (r < 0)
		return r;
	stuck = r;
	plan->exact = true;
	if (!stuck)
		return plan_take_moves(&d->moving, plan, err);
	if ((r = plan_take_moves(&d->moving, plan, err)) < 0 ||
	    (r = take_stuck(d, (uint32_t)stuck, plan, &all_alone, err)) < 0)
		return r;
	if (!all_alone) /* the plan is as good as it gets: some can go nowhere */
		return VN_OK;
	d->moving.tries = VN_DRAIN_TRIES;
	if (!movers_search(&d->moving)) {
		plan->exact = d->moving.exact;
		return VN_OK;
	}
	vn_fleet_plan_clear(plan);
	plan->exact = true;
	return plan_take_moves(&d->moving, plan, err);
}

int vn_fleet_plan_drain(vn_fleet *fleet, const uint32_t *hosts, uint32_t n, vn_fleet_plan *ret,
			vn_error *err)
{
	struct drain d = { .moving = { .banned = hosts, .n_banned = n } };
	vn_fleet_plan plan = { 0 };
	int r;

	for (uint32_t i = 0; i < n; i++)
		if (hosts[i] >= fleet->n_hosts)
			return vn_fail(err, VN_E_RANGE, "there is no host %u (the fleet has %u)",
				       hosts[i], fleet->n_hosts);
	if ((r = claims_of_hosts(fleet, &d.claims, err)) < 0)
		return r;
	trial_start(fleet, &d.trial);
	d.moving.trial = &d.trial;
	r = list_movers(&d, hosts, n, err);
	if (r == VN_OK) {
		movers_sort(fleet, d.moving.movers, d.moving.n);
		r = plan_moves(&d, &plan, err);
	}
	trial_end(&d.trial);
	claims_of_clear(&d.claims);
	free(d.moving.movers);
	if (r < 0) {
		vn_fleet_plan_clear(&plan);
		return r;
	}
	*ret = plan;
	return VN_OK;
}
