/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Guests dealt evenly over places. Each place knows its best host, which is looked for again after
 * a guest went there, or when the server group does not allow that host any more: the rules of
 * groups only forbid more as guests come. */
#include "fleet/advice/spread.h"

#include <stdlib.h>

/* Named places first, then hosts that are a place of their own. */
static uint32_t place_of(const vn_fleet *fleet, enum vn_fleet_over over, uint32_t n_named,
			 uint32_t host)
{
	const struct host *h = &fleet->hosts[host];
	uint32_t place = NONE;

	switch (over) {
	case VN_OVER_RACK: place = h->rack; break;
	case VN_OVER_DOMAIN: place = h->domain; break;
	case VN_OVER_ZONE: place = fleet->pools[h->pool]->zone; break;
	default: break;
	}
	return place == NONE ? n_named + host : place;
}

/* ---- the best host of a place ---- */

static void find_best(struct spread *s, struct spread_place *place, uint32_t group)
{
	vn_fleet *fleet = s->fleet;

	place->host = NONE;
	place->score = score_never;
	for (uint32_t i = place->first; i < place->first + place->n; i++) {
		uint32_t host = s->hosts[i];
		score of;

		if (!s->may[host] ||
		    (group != NONE && !group_allows(fleet, group, s->ask->partition, host)))
			continue;
		of = class_score(fleet, fleet->hosts[host].class, s->ask->flavour);
		if (score_less(&of, &place->score)) {
			place->score = of;
			place->host = host;
		}
	}
}

static void look_again(struct spread *s, struct spread_place *place)
{
	uint32_t group = s->ask->group;

	find_best(s, place, group);
	place->strays = false;
	if (place->host != NONE || group == NONE || !s->fleet->groups[group].rule.soft)
		return;
	find_best(s, place, NONE);
	place->strays = true;
}

/* ---- places ---- */

static bool may_host(const vn_fleet *fleet, const vn_fleet_ask *ask, const bool *pools,
		     const bool *excluded, const bool *only, uint32_t host)
{
	return pools[fleet->hosts[host].pool] && !(ask->n_excluded && excluded[host]) &&
	       !(ask->n_only && !only[host]);
}

/* Hosts by place; at[] is room for one number for each place. */
static void sort_hosts(struct spread *s, enum vn_fleet_over over, uint32_t n_named, const bool *may,
		       uint32_t *at)
{
	uint32_t n_all = n_named + s->fleet->n_hosts, n = 0;

	for (uint32_t h = 0; h < s->fleet->n_hosts; h++)
		if (may[h])
			at[place_of(s->fleet, over, n_named, h)]++;
	for (uint32_t p = 0; p < n_all; p++)
		if (at[p]) {
			s->places[s->n_places] = (struct spread_place){ .first = n, .n = 0 };
			n += at[p];
			at[p] = s->n_places++;
		}
	for (uint32_t h = 0; h < s->fleet->n_hosts; h++)
		if (may[h]) {
			struct spread_place *place =
				&s->places[at[place_of(s->fleet, over, n_named, h)]];

			s->hosts[place->first + place->n++] = h;
		}
}

static bool *list_may(vn_fleet *fleet, const vn_fleet_ask *ask)
{
	bool *pools = calloc((size_t)fleet->n_pools + 1, sizeof(*pools));
	bool *excluded = list_hosts(fleet, ask->excluded, ask->n_excluded);
	bool *only = list_hosts(fleet, ask->only, ask->n_only);
	bool *may = calloc((size_t)fleet->n_hosts + 1, sizeof(*may));

	if (pools && excluded && only && may) {
		for (uint32_t p = 0; p < fleet->n_pools; p++)
			pools[p] = label_filter(fleet, fleet->pools[p],
						&fleet->flavours[ask->flavour]) == VN_FILTER_COUNT;
		for (uint32_t h = 0; h < fleet->n_hosts; h++)
			may[h] = may_host(fleet, ask, pools, excluded, only, h);
	} else {
		free(may);
		may = NULL;
	}
	free(pools);
	free(excluded);
	free(only);
	return may;
}

int spread_start(vn_fleet *fleet, const vn_fleet_ask *ask, const vn_fleet_ask *wide,
		 enum vn_fleet_over over, uint32_t skew, struct spread *ret, vn_error *err)
{
	uint32_t n_named = over == VN_OVER_ZONE ? fleet->n_labels : fleet->places.n;
	uint32_t *at = calloc((size_t)n_named + fleet->n_hosts + 1, sizeof(*at));
	bool *count = list_may(fleet, wide), there;

	*ret = (struct spread){ .fleet = fleet, .ask = ask, .skew = skew };
	ret->places = calloc((size_t)fleet->n_hosts + 1, sizeof(*ret->places));
	ret->hosts = calloc((size_t)fleet->n_hosts + 1, sizeof(*ret->hosts));
	ret->may = list_may(fleet, ask);
	there = at && count && ret->places && ret->hosts && ret->may;
	if (there) {
		sort_hosts(ret, over, n_named, count, at);
		for (uint32_t i = 0; i < ret->n_places; i++)
			look_again(ret, &ret->places[i]);
	}
	free(at);
	free(count);
	return there ? VN_OK : vn_fail(err, VN_E_NOMEM, "no memory to spread a batch");
}

void spread_clear(struct spread *spread)
{
	free(spread->places);
	free(spread->hosts);
	free(spread->may);
}

/* ---- dealing ---- */

static bool before(const struct spread_place *a, const struct spread_place *b)
{
	if (a->count != b->count)
		return a->count < b->count;
	if (a->strays != b->strays)
		return b->strays;
	if (!score_equal(&a->score, &b->score))
		return score_less(&a->score, &b->score);
	return a->host < b->host;
}

/* The place that comes first, and the least count of all. */
static struct spread_place *first_place(const struct spread *s, uint32_t *least)
{
	struct spread_place *best = NULL;

	*least = NONE;
	for (uint32_t i = 0; i < s->n_places; i++) {
		struct spread_place *place = &s->places[i];

		*least = place->count < *least ? place->count : *least;
		if (place->host != NONE && (!best || before(place, best)))
			best = place;
	}
	return best;
}

bool spread_next(struct spread *s, vn_fleet_choice *ret)
{
	const vn_fleet_ask *ask = s->ask;
	struct spread_place *place;
	struct best_option option;
	uint32_t least;

	for (;;) {
		place = first_place(s, &least);
		if (!place || (s->skew && place->count + 1 - least > s->skew))
			return false;
		if (ask->group != NONE && !place->strays &&
		    !group_allows(s->fleet, ask->group, ask->partition, place->host)) {
			look_again(s, place);
			continue;
		}
		if (option_on_host(s->fleet, place->host, ask->flavour, &option))
			break;
		place->host = NONE;
	}
	s->chosen = (uint32_t)(place - s->places);
	*ret = (vn_fleet_choice){ .flavour = ask->flavour,
				  .group = ask->group,
				  .partition = ask->partition,
				  .host = place->host,
				  .nodes = option.nodes,
				  .score = option.score };
	return true;
}

void spread_took(struct spread *s)
{
	s->places[s->chosen].count++;
	look_again(s, &s->places[s->chosen]);
}
