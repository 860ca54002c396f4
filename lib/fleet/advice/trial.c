/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Trying claims on the fleet and taking them back. A guest that would move keeps its claim: a
 * second one is made on the target, and only its server group is told that it has left. So nothing
 * has to be restored but what is restored exactly by giving back. */
#include "fleet/advice/advise.h"

#include <stdlib.h>

void trial_start(vn_fleet *fleet, struct trial *ret)
{
	*ret = (struct trial){ .fleet = fleet,
			       .was_trying = fleet->trying,
			       .came = fleet->came,
			       .left = fleet->left,
			       .random = fleet->random,
			       .counters = fleet->counters };
	fleet->trying = true; /* the weights stay as they are */
}

void trial_keep(struct trial *trial)
{
	trial->fleet->trying = trial->was_trying;
	free(trial->steps);
	trial->steps = NULL;
	trial->n = trial->room = 0;
}

void trial_end(struct trial *trial)
{
	vn_fleet *fleet = trial->fleet;

	trial_undo(trial, 0);
	trial_keep(trial);
	fleet->random = trial->random;
	fleet->counters = trial->counters;
	fleet->came = trial->came;
	fleet->left = trial->left;
}

static int more_steps(struct trial *trial, vn_error *err)
{
	uint32_t room = trial->room ? trial->room * 2 : 64;
	struct trial_step *steps;

	if (trial->n < trial->room)
		return VN_OK;
	steps = reallocarray(trial->steps, room, sizeof(*steps));
	if (!steps)
		return vn_fail(err, VN_E_NOMEM, "no memory to try a claim");
	trial->steps = steps;
	trial->room = room;
	return VN_OK;
}

int trial_claim(struct trial *trial, const vn_fleet_choice *choice, vn_claim *ret, vn_error *err)
{
	vn_claim claim;
	int r;

	if ((r = more_steps(trial, err)) < 0 ||
	    (r = vn_fleet_claim(trial->fleet, choice, &claim, err)) < 0)
		return r;
	trial->steps[trial->n++] = (struct trial_step){ .claim = claim };
	if (ret)
		*ret = claim;
	return VN_OK;
}

int trial_leave(struct trial *trial, const vn_claim_info *info, vn_error *err)
{
	int r;

	if (info->group == NONE)
		return VN_OK;
	if ((r = more_steps(trial, err)) < 0)
		return r;
	group_leave(trial->fleet, info->group, info->partition, info->host);
	trial->steps[trial->n++] = (struct trial_step){ .group = info->group,
							.partition = info->partition,
							.host = info->host };
	return VN_OK;
}

void trial_undo(struct trial *trial, uint32_t n)
{
	while (trial->n > n) {
		const struct trial_step *step = &trial->steps[--trial->n];

		if (step->claim)
			vn_fleet_release(trial->fleet, step->claim, NULL);
		else /* there is room: it has been there */
			group_enter(trial->fleet, step->group, step->partition, step->host, NULL);
	}
}

/* ---- claims by host ---- */

static vn_claim claim_id(const vn_fleet *fleet, uint32_t ix)
{
	return ix | (uint64_t)fleet->claims[ix / CLAIMS_CHUNK][ix % CLAIMS_CHUNK].generation << 32;
}

int claims_of_hosts(const vn_fleet *fleet, struct claims_of *ret, vn_error *err)
{
	uint32_t *first = calloc((size_t)fleet->n_hosts + 2, sizeof(*first));
	vn_claim *claims = calloc(fleet->live_claims + 1, sizeof(*claims));
	vn_claim_info info;

	if (!first || !claims) {
		free(first);
		free(claims);
		return vn_fail(err, VN_E_NOMEM, "no memory for a list of claims");
	}
	for (uint32_t h = 0; h < fleet->n_hosts; h++)
		first[h + 2] = first[h + 1] + fleet->hosts[h].n_claims;
	for (uint32_t ix = 0; ix < fleet->n_claims; ix++)
		if (vn_fleet_claim_info(fleet, claim_id(fleet, ix), &info, NULL) == VN_OK)
			claims[first[info.host + 1]++] = claim_id(fleet, ix);
	*ret = (struct claims_of){ first, claims };
	return VN_OK;
}

void claims_of_clear(struct claims_of *of)
{
	free(of->first);
	free(of->claims);
	*of = (struct claims_of){ 0 };
}

/* ---- questions ---- */

bool *list_hosts(const vn_fleet *fleet, const uint32_t *hosts, uint32_t n)
{
	bool *listed = calloc((size_t)fleet->n_hosts + 1, sizeof(*listed));

	for (uint32_t i = 0; listed && i < n; i++)
		listed[hosts[i]] = true;
	return listed;
}

uint32_t hard_group(const vn_fleet *fleet, uint32_t group)
{
	return group == NONE || fleet->groups[group].rule.soft ? NONE : group;
}
