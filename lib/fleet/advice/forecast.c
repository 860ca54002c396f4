/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * How many more guests fit: what one host of a class takes, times its hosts. With a server group
 * the hosts of each place are summed up first, and the group's rule cuts the sum. */
#include "fleet/advice/forecast.h"

#include <stdlib.h>

struct tally {
	vn_fleet *fleet;
	const vn_fleet_ask *ask;
	uint32_t group; /* whose rule has to be obeyed; NONE */
	struct slots slots;
	uint32_t *most;		  /* [class] NONE: not known yet */
	bool *pools;		  /* [pool] the labels let it through */
	bool *excluded, *only;	  /* [host]; NULL: none, all */
	uint64_t *places, *taken; /* [place] guests that fit, members that are there */
	uint32_t n_places;
};

static void tally_clear(struct tally *t)
{
	free(t->most);
	free(t->pools);
	free(t->excluded);
	free(t->only);
	free(t->places);
	free(t->taken);
}

/* ---- which hosts ---- */

static bool pool_has(const vn_fleet *fleet, const struct pool *pool, const vn_label *label)
{
	const struct names *names = &fleet->labels[label->kind];
	uint32_t name = name_find(names, label->name), number;

	if (name == NONE || name >= fleet->label_room[label->kind] ||
	    !fleet->label_ids[label->kind][name])
		return false;
	number = fleet->label_ids[label->kind][name] - 1;
	return number / 64 < pool->n_label_words && (pool->labels[number / 64] >> number % 64 & 1);
}

static bool pool_passes(const struct tally *t, const struct pool *pool, const vn_label *within,
			uint32_t n_within)
{
	if (label_filter(t->fleet, pool, &t->fleet->flavours[t->ask->flavour]) != VN_FILTER_COUNT)
		return false;
	for (uint32_t i = 0; i < n_within; i++)
		if (!pool_has(t->fleet, pool, &within[i]))
			return false;
	return true;
}

static bool passes(const struct tally *t, uint32_t host)
{
	const struct host *h = &t->fleet->hosts[host];

	return t->pools[h->pool] && !(t->excluded && t->excluded[host]) &&
	       (!t->only || t->only[host]) &&
	       (t->group == NONE || group_allows(t->fleet, t->group, t->ask->partition, host));
}

static uint32_t most_on(struct tally *t, uint32_t host)
{
	uint32_t *most = &t->most[t->fleet->hosts[host].class];

	if (*most == NONE)
		*most = host_most(t->fleet, host, t->ask->flavour, &t->slots);
	return *most;
}

static int tally_start(struct tally *t, const vn_label *within, uint32_t n_within, vn_error *err)
{
	const vn_fleet *fleet = t->fleet;

	t->slots = (struct slots){ .tries = VN_FORECAST_TRIES, .exact = true };
	t->group = hard_group(fleet, t->ask->group);
	t->most = malloc(((size_t)fleet->n_classes + 1) * sizeof(*t->most));
	t->pools = calloc((size_t)fleet->n_pools + 1, sizeof(*t->pools));
	t->excluded =
		t->ask->n_excluded ? list_hosts(fleet, t->ask->excluded, t->ask->n_excluded) : NULL;
	t->only = t->ask->n_only ? list_hosts(fleet, t->ask->only, t->ask->n_only) : NULL;
	if (!t->most || !t->pools || (t->ask->n_excluded && !t->excluded) ||
	    (t->ask->n_only && !t->only))
		return vn_fail(err, VN_E_NOMEM, "no memory for a forecast");
	memset(t->most, 0xff, (size_t)fleet->n_classes * sizeof(*t->most));
	for (uint32_t i = 0; i < fleet->n_pools; i++)
		t->pools[i] = pool_passes(t, fleet->pools[i], within, n_within);
	return VN_OK;
}

/* ---- sums ---- */

static void count_most(uint64_t most, uint64_t hosts, vn_fleet_forecast *ret)
{
	ret->guests += most * hosts;
	ret->hosts += most ? hosts : 0;
	ret->most = most > ret->most ? most : ret->most;
}

static void sum_classes(struct tally *t, vn_fleet_forecast *ret)
{
	const vn_fleet *fleet = t->fleet;

	for (uint32_t c = 0; c < fleet->n_classes; c++) {
		uint32_t root = fleet->classes[c].root;

		if (root != NONE && t->pools[fleet->hosts[root].pool])
			count_most(most_on(t, root), fleet->treap[root].size, ret);
	}
}

static void sum_hosts(struct tally *t, vn_fleet_forecast *ret)
{
	for (uint32_t host = 0; host < t->fleet->n_hosts; host++)
		if (passes(t, host))
			count_most(most_on(t, host), 1, ret);
}

/* ---- places of a server group ---- */

/* Named racks and domains first, then hosts that are a place of their own. */
static uint32_t place_ix(const struct tally *t, uint32_t place)
{
	if (t->fleet->groups[t->group].rule.scope == VN_SCOPE_HOST)
		return place;
	return place & PLACE_OWN ? t->fleet->places.n + (place & ~PLACE_OWN) : place;
}

static int sum_places(struct tally *t, vn_fleet_forecast *ret, vn_error *err)
{
	vn_fleet *fleet = t->fleet;
	const struct group *group = &fleet->groups[t->group];

	t->n_places = fleet->places.n + fleet->n_hosts;
	t->places = calloc((size_t)t->n_places + 1, sizeof(*t->places));
	t->taken = calloc((size_t)t->n_places + 1, sizeof(*t->taken));
	if (!t->places || !t->taken)
		return vn_fail(err, VN_E_NOMEM, "no memory for a forecast");
	for (uint32_t i = 0; i < group->n; i++)
		t->taken[place_ix(t, group->members[i].place)] += group->members[i].count;
	for (uint32_t host = 0; host < fleet->n_hosts; host++)
		if (passes(t, host)) {
			uint32_t at = place_ix(t, group_place(fleet, group->rule.scope, host));

			count_most(most_on(t, host), 1, ret);
			t->places[at] += most_on(t, host);
		}
	return VN_OK;
}

/* The place with most room. */
static uint32_t largest(const struct tally *t)
{
	uint32_t best = 0;

	for (uint32_t i = 1; i < t->n_places; i++)
		if (t->places[i] > t->places[best])
			best = i;
	return best;
}

static void cut_by_rule(const struct tally *t, vn_fleet_forecast *ret)
{
	const vn_server_group *rule = &t->fleet->groups[t->group].rule;
	uint64_t most = rule->most ? rule->most : 1, guests = 0;

	if (rule->rule == VN_GROUP_AFFINITY && !t->fleet->groups[t->group].n && t->n_places)
		ret->guests = t->places[largest(t)];
	if (rule->rule != VN_GROUP_ANTI_AFFINITY)
		return;
	for (uint32_t i = 0; i < t->n_places; i++) {
		uint64_t left = most > t->taken[i] ? most - t->taken[i] : 0;

		guests += t->places[i] < left ? t->places[i] : left;
	}
	ret->guests = guests;
	ret->most = ret->most < most ? ret->most : most;
}

/* ---- asking ---- */

static int check_labels(const vn_label *within, uint32_t n, vn_error *err)
{
	for (uint32_t i = 0; i < n; i++)
		if ((uint32_t)within[i].kind >= VN_LABEL_KIND_COUNT || !within[i].name)
			return vn_fail(err, VN_E_RANGE, "label %u has no name, or is of no kind",
				       i);
	return VN_OK;
}

static int run(struct tally *t, const vn_label *within, uint32_t n_within, vn_fleet_forecast *ret,
	       vn_error *err)
{
	int r;

	if ((r = check_ask(t->fleet, t->ask, err)) < 0 ||
	    (r = check_labels(within, n_within, err)) < 0 ||
	    (r = tally_start(t, within, n_within, err)) < 0)
		return r;
	*ret = (vn_fleet_forecast){ 0 };
	if (t->group != NONE) {
		if ((r = sum_places(t, ret, err)) < 0)
			return r;
		cut_by_rule(t, ret);
	} else if (t->excluded || t->only) {
		sum_hosts(t, ret);
	} else {
		sum_classes(t, ret);
	}
	ret->exact = t->slots.exact;
	return VN_OK;
}

int vn_fleet_forecast_ask(vn_fleet *fleet, const vn_fleet_ask *ask, const vn_label *within,
			  uint32_t n_within, vn_fleet_forecast *ret, vn_error *err)
{
	struct tally tally = { .fleet = fleet, .ask = ask };
	vn_fleet_counters counters = fleet->counters;
	vn_fleet_forecast found;
	int r = run(&tally, within, n_within, &found, err);

	tally_clear(&tally);
	fleet->counters = counters;
	if (r == VN_OK)
		*ret = found;
	return r;
}

int forecast_place(vn_fleet *fleet, const vn_fleet_ask *ask, uint32_t **ret, uint32_t *ret_n,
		   vn_error *err)
{
	struct tally t = { .fleet = fleet, .ask = ask };
	vn_fleet_forecast found;
	uint32_t *hosts = calloc((size_t)fleet->n_hosts + 1, sizeof(*hosts)), n = 0, best;
	int r = hosts ? run(&t, NULL, 0, &found, err)
		      : vn_fail(err, VN_E_NOMEM, "no memory for a list of hosts");

	if (r == VN_OK && t.group != NONE && t.n_places) {
		best = largest(&t);
		for (uint32_t host = 0; host < fleet->n_hosts; host++)
			if (passes(&t, host) &&
			    place_ix(&t, group_place(fleet, fleet->groups[t.group].rule.scope,
						     host)) == best)
				hosts[n++] = host;
	}
	tally_clear(&t);
	if (r < 0) {
		free(hosts);
		return r;
	}
	*ret = hosts;
	*ret_n = n;
	return VN_OK;
}
