/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Why a decision is as it is: host by host which filter removed it, why guests do not fit, and what
 * the weighers say about the winner and the next. */
#include "fleet/engine.h"

/* The requirement that decided on the node that came nearest: they are asked in their order. */
static enum vn_requirement why_no_fit(vn_fleet *fleet, uint32_t host, uint32_t flavour)
{
	kind *k = fleet->kinds[fleet->pools[fleet->hosts[host].pool]->kind];
	enum vn_requirement need = VN_NEED_NOTHING;
	vn_explain explain;

	view_load(fleet, host);
	vn_place_explain(k->now, fleet->flavours[flavour].request, &k->options, &explain);
	for (uint32_t i = 0; i < explain.n_verdicts; i++)
		if (explain.verdicts[i].need > need)
			need = explain.verdicts[i].need;
	return need == VN_NEED_NOTHING ? VN_NEED_TOGETHER : need;
}

/* One host is asked for all of its class. */
static void count_no_fit(vn_fleet *fleet, uint32_t host, uint32_t flavour, uint8_t *needs,
			 vn_fleet_explain *ret)
{
	uint8_t *need = &needs[fleet->hosts[host].class];

	if (!*need)
		*need = (uint8_t)why_no_fit(fleet, host, flavour);
	ret->needs[*need]++;
}

static void count_hosts(vn_fleet *fleet, const vn_fleet_ask *ask, uint32_t group,
			vn_fleet_explain *ret)
{
	uint8_t *needs = fleet_resize(fleet, NULL, 0, fleet->n_classes, 1);

	for (uint32_t host = 0; host < fleet->n_hosts; host++) {
		enum vn_fleet_filter filter = host_filter(fleet, ask, group, host);

		if (filter == VN_FILTER_COUNT &&
		    !class_takes(fleet, fleet->hosts[host].class, ask->flavour)) {
			filter = VN_FILTER_FIT;
			if (needs)
				count_no_fit(fleet, host, ask->flavour, needs, ret);
		}
		if (filter == VN_FILTER_COUNT)
			ret->left++;
		else
			ret->removed[filter]++;
	}
	fleet_give(fleet, needs, fleet->n_classes, 1);
}

/* The best host but for the winner. */
static bool runner_up(vn_fleet *fleet, const vn_fleet_ask *ask, uint32_t group, uint32_t winner,
		      vn_fleet_choice *ret)
{
	bool found = false;

	for (uint32_t host = 0; host < fleet->n_hosts; host++) {
		score of;

		if (host == winner || host_filter(fleet, ask, group, host) != VN_FILTER_COUNT)
			continue;
		of = class_score(fleet, fleet->hosts[host].class, ask->flavour);
		if (score_is_never(&of) || (found && !score_less(&of, &ret->score)))
			continue;
		ret->score = of;
		ret->host = host;
		found = true;
	}
	return found;
}

static const char *what_decided(const vn_fleet_explain *e)
{
	if (e->n_best < 2)
		return "only one";
	if (e->best[0].score.far != e->best[1].score.far)
		return "distance";
	if (e->best[0].score.value != e->best[1].score.value)
		return "weighers";
	return e->best[0].score.tie != e->best[1].score.tie ? "tie" : "host number";
}

void explain_decision(vn_fleet *fleet, const vn_fleet_ask *ask, uint32_t group,
		      const vn_fleet_choice *best, uint32_t n_best, vn_fleet_explain *ret)
{
	struct best_option option;

	*ret = (vn_fleet_explain){ .hosts = fleet->n_hosts };
	count_hosts(fleet, ask, group, ret);
	if (!n_best)
		return;
	ret->best[0] = best[0];
	ret->n_best = 1;
	ret->best[1] = best[0];
	if (runner_up(fleet, ask, group, best[0].host, &ret->best[1]) &&
	    option_on_host(fleet, ret->best[1].host, ask->flavour, &option)) {
		ret->best[1].nodes = option.nodes;
		ret->n_best = 2;
	}
	for (uint32_t i = 0; i < ret->n_best; i++)
		option_values(fleet, ret->best[i].host, ask->flavour, ret->best[i].nodes,
			      ret->values[i]);
	ret->decided = what_decided(ret);
}
