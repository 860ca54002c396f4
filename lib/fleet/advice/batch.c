/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Many guests at once, all or none. First the policy decides about each. What it chooses may leave
 * less room for the rest than there could be: nodes that a guest of several cells had better left,
 * or, with affinity, a place that is too small. Then they are dealt again, on the nodes and at the
 * place that have most room, which takes as many guests as the forecast says where that is exact.
 */
#include "fleet/advice/forecast.h"
#include "fleet/advice/spread.h"

#include <stdlib.h>

const char *const vn_fleet_over_names[VN_FLEET_OVER_COUNT] = {
	[VN_OVER_NOTHING] = "nothing", [VN_OVER_HOST] = "host", [VN_OVER_RACK] = "rack",
	[VN_OVER_DOMAIN] = "domain",   [VN_OVER_ZONE] = "zone",
};

struct dealing {
	struct trial trial;
	const vn_fleet_batch *batch;
	vn_fleet_ask ask;
	bool roomy; /* nodes by room, and not as the policy wants */
	struct slots slots;
	vn_claim *claims;
	uint32_t n;
};

static int deal_one(struct dealing *d, vn_fleet_choice *choice, vn_error *err)
{
	vn_fleet *fleet = d->trial.fleet;
	uint64_t nodes = 0;
	int r;

	if (d->roomy)
		nodes = roomiest_nodes(fleet, choice->host, choice->flavour, &d->slots);
	choice->nodes = nodes ? nodes : choice->nodes;
	r = trial_claim(&d->trial, choice, &d->claims[d->n], err);
	if (r == VN_OK)
		d->n++;
	return r;
}

/* By decisions. VN_OK: all of them, or there is no room for the next. */
static int deal_by_policy(struct dealing *d, vn_error *err)
{
	vn_fleet_choice choice;
	uint32_t found;
	int r = VN_OK;

	while (d->n < d->batch->n) {
		r = vn_fleet_decide(d->trial.fleet, &d->ask, 1, &choice, &found, err);
		if (r < 0 || (r = deal_one(d, &choice, err)) < 0)
			break;
	}
	return r == VN_E_NOFIT ? VN_OK : r;
}

static int deal_over_places(struct dealing *d, vn_error *err)
{
	struct spread spread;
	vn_fleet_choice choice;
	int r = spread_start(d->trial.fleet, &d->ask, &d->batch->ask, d->batch->over,
			     d->batch->skew, &spread, err);

	while (r == VN_OK && d->n < d->batch->n && spread_next(&spread, &choice)) {
		r = deal_one(d, &choice, err);
		d->trial.fleet->counters.decisions++;
		if (r == VN_OK)
			spread_took(&spread);
	}
	spread_clear(&spread);
	return r;
}

static int deal(struct dealing *d, vn_error *err)
{
	trial_undo(&d->trial, 0);
	d->trial.fleet->counters = d->trial.counters;
	d->n = 0;
	return d->batch->over == VN_OVER_NOTHING ? deal_by_policy(d, err)
						 : deal_over_places(d, err);
}

/* Once more, and with affinity at the place that has most room. */
static int deal_again(struct dealing *d, vn_error *err)
{
	vn_fleet *fleet = d->trial.fleet;
	uint32_t group = hard_group(fleet, d->ask.group), *hosts = NULL, n = 0, before = d->n;
	int r;

	trial_undo(&d->trial, 0);
	d->roomy = true;
	d->slots = (struct slots){ .tries = VN_FORECAST_TRIES };
	if (group != NONE && fleet->groups[group].rule.rule == VN_GROUP_AFFINITY &&
	    !fleet->groups[group].n) {
		if ((r = forecast_place(fleet, &d->batch->ask, &hosts, &n, err)) < 0)
			return r;
		if (n) {
			d->ask.only = hosts;
			d->ask.n_only = n;
		}
	}
	r = deal(d, err);
	d->ask.only = d->batch->ask.only;
	d->ask.n_only = d->batch->ask.n_only;
	free(hosts);
	if (r < 0 || d->n >= before)
		return r;
	d->roomy = false; /* it was better before */
	return deal(d, err);
}

static int check(const vn_fleet *fleet, const vn_fleet_batch *batch, vn_error *err)
{
	if (!batch->n || batch->n > VN_FLEET_BATCH_MAX)
		return vn_fail(err, VN_E_RANGE, "a batch of %u guests (legal: 1-%d)", batch->n,
			       VN_FLEET_BATCH_MAX);
	if ((uint32_t)batch->over >= VN_FLEET_OVER_COUNT)
		return vn_fail(err, VN_E_RANGE, "a batch cannot be spread over %d (legal: 0-%d)",
			       (int)batch->over, VN_FLEET_OVER_COUNT - 1);
	return check_ask(fleet, &batch->ask, err);
}

static int refuse(const struct dealing *d, vn_error *err)
{
	const vn_fleet *fleet = d->trial.fleet;

	return vn_fail(err, VN_E_NOFIT, "%u of %u guests '%s' fit%s%s%s", d->n, d->batch->n,
		       fleet->flavours[d->ask.flavour].name,
		       d->ask.group == NONE ? "" : " where their server group allows it",
		       d->batch->over == VN_OVER_NOTHING ? "" : ", spread evenly over each ",
		       d->batch->over == VN_OVER_NOTHING ? ""
							 : vn_fleet_over_names[d->batch->over]);
}

int vn_fleet_place_batch(vn_fleet *fleet, const vn_fleet_batch *batch, vn_claim *ret,
			 uint32_t *ret_n, vn_error *err)
{
	struct dealing d = { .batch = batch, .ask = batch->ask };
	vn_error local = { 0 };
	int r;

	if ((r = check(fleet, batch, err)) < 0)
		return r;
	d.ask.explain = NULL;
	d.claims = calloc(batch->n, sizeof(*d.claims));
	if (!d.claims)
		return vn_fail(err, VN_E_NOMEM, "no memory for a batch of %u guests", batch->n);
	trial_start(fleet, &d.trial);
	r = deal(&d, &local);
	if (r == VN_OK && d.n < batch->n)
		r = deal_again(&d, &local);
	if (r == VN_OK && (!d.n || (d.n < batch->n && !batch->some)))
		r = refuse(&d, &local);
	if (r < 0) {
		trial_end(&d.trial);
		if (err)
			*err = local;
	} else {
		trial_keep(&d.trial);
		memcpy(ret, d.claims, d.n * sizeof(*ret));
		*ret_n = d.n;
		for (uint32_t i = 0; i < d.n; i++)
			demand_ask(fleet, batch->ask.flavour);
	}
	free(d.claims);
	return r;
}
