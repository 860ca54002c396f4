/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Decisions. The hosts come in the order of (score, number): the best score is looked for over
 * pools and blocks, and the lowest host over the classes that have it; the next one likewise,
 * behind the last. So a filter that is about single hosts costs only as many steps as it turns
 * hosts away. */
#include "fleet/engine.h"

enum { RANDOM_TRIES = 64 };

/* ---- filters ---- */

enum vn_fleet_filter host_filter(vn_fleet *fleet, const vn_fleet_ask *ask, uint32_t group,
				 uint32_t host)
{
	const struct flavour *flavour = &fleet->flavours[ask->flavour];
	const struct host *h = &fleet->hosts[host];
	enum vn_fleet_filter filter = label_filter(fleet, fleet->pools[h->pool], flavour);

	if (filter != VN_FILTER_COUNT)
		return filter;
	if (fleet->n_marked_words && (fleet->marked[host / 64] >> host % 64 & 1))
		return VN_FILTER_EXCLUDED;
	if (group != NONE && !group_allows(fleet, group, ask->partition, host))
		return group_filter(&fleet->groups[group]);
	return VN_FILTER_COUNT;
}

/* Those that are not about a whole pool. */
static bool host_passes(const vn_fleet *fleet, const vn_fleet_ask *ask, uint32_t group,
			uint32_t host)
{
	if (ask->n_excluded && (fleet->marked[host / 64] >> host % 64 & 1))
		return false;
	return group == NONE || group_allows(fleet, group, ask->partition, host);
}

static int mark_excluded(vn_fleet *fleet, const vn_fleet_ask *ask, bool on)
{
	uint32_t words = (fleet->n_hosts + 63) / 64;

	if (!ask->n_excluded)
		return VN_OK;
	if (fleet->n_marked_words < words) {
		uint64_t *marked = fleet_resize(fleet, fleet->marked, fleet->n_marked_words, words,
						sizeof(*marked));

		if (!marked)
			return VN_E_NOMEM;
		fleet->marked = marked;
		fleet->n_marked_words = words;
	}
	for (uint32_t i = 0; i < ask->n_excluded; i++) {
		uint32_t host = ask->excluded[i];

		if (on)
			fleet->marked[host / 64] |= UINT64_C(1) << host % 64;
		else
			fleet->marked[host / 64] &= ~(UINT64_C(1) << host % 64);
	}
	return VN_OK;
}

/* ---- in order ---- */

/* The first position of the class is `one`. Is there something better behind `from` in it than
 * *best? */
static void best_of_class(const vn_fleet *fleet, uint32_t class, struct position one,
			  const struct position *from, struct position *best)
{
	if (score_equal(&one.score, &from->score) && one.host <= from->host)
		one.host = treap_after(fleet, fleet->classes[class].root, from->host);
	if (one.host != NONE && position_less(from, &one) && position_less(&one, best))
		*best = one;
}

/* Is there something better behind `from` in the block than *best? */
static void best_of_block(vn_fleet *fleet, uint32_t pool, uint32_t b, uint32_t flavour,
			  const struct position *from, struct position *best)
{
	const struct block *block = fleet->pools[pool]->blocks[b];
	const struct position *least = block_best(fleet, pool, b, flavour);

	if (!position_less(least, best))
		return;
	if (position_less(from, least)) {
		*best = *least;
		return;
	}
	for (uint32_t i = 0; i < BLOCK; i++)
		if (block->classes[i] != NONE)
			best_of_class(fleet, block->classes[i], block_position(block, flavour, i),
				      from, best);
}

static void best_of_young(vn_fleet *fleet, uint32_t flavour, const struct position *from,
			  struct position *best)
{
	const struct young *young = &fleet->young;

	for (uint32_t i = 0; (i = young_after(fleet, flavour, i)) < YOUNG; i++)
		best_of_class(fleet, young->classes[i], young_position(fleet, flavour, i), from,
			      best);
}

/* The next host behind `at`; false: there is none. */
static bool next_host(vn_fleet *fleet, uint32_t flavour, struct position *at)
{
	const struct flavour *f = &fleet->flavours[flavour];
	struct position best = position_never;

	for (uint32_t i = 0; i < f->n_pools; i++) {
		uint32_t pool = f->pools[i];

		if (!position_less(pool_best(fleet, pool, flavour), &best))
			continue;
		for (uint32_t b = 0; b < fleet->pools[pool]->n_blocks; b++)
			best_of_block(fleet, pool, b, flavour, at, &best);
	}
	best_of_young(fleet, flavour, at, &best);
	*at = best;
	return best.host != NONE;
}

/* The first one of all. */
static bool first_host(vn_fleet *fleet, uint32_t flavour, struct position *ret)
{
	const struct flavour *f = &fleet->flavours[flavour];
	const struct position *bests = best_of_pool(fleet, 0, flavour);

	*ret = position_never;
	for (uint32_t i = 0; i < f->n_pools; i++) {
		const struct position *best = &bests[f->pools[i]];

		if (score_is_unknown(&best->score))
			best = pool_best(fleet, f->pools[i], flavour);
		if (position_less(best, ret))
			*ret = *best;
	}
	young_best(fleet, flavour, ret);
	return ret->host != NONE;
}

/* ---- at random ---- */

static uint64_t next_random(vn_fleet *fleet)
{
	uint64_t x = fleet->random += UINT64_C(0x9e3779b97f4a7c15);

	x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
	return x ^ x >> 31;
}

struct counting {
	const score *want; /* NULL: any */
	uint32_t below;	   /* host */
	uint64_t n;
};

static void count_class(const vn_fleet *fleet, uint32_t class, score of, struct counting *c)
{
	if (!score_is_never(&of) && (!c->want || score_equal(&of, c->want)))
		c->n += treap_below(fleet, fleet->classes[class].root, c->below);
}

/* The hosts that are wanted and have lower numbers. */
static uint64_t count_hosts(vn_fleet *fleet, uint32_t flavour, struct counting *c)
{
	const struct flavour *f = &fleet->flavours[flavour];

	c->n = 0;
	for (uint32_t i = 0; i < f->n_pools; i++) {
		const struct pool *pool = fleet->pools[f->pools[i]];

		for (uint32_t b = 0; b < pool->n_blocks; b++)
			for (uint32_t at = 0; at < BLOCK; at++)
				count_class(fleet, pool->blocks[b]->classes[at],
					    block_score(pool->blocks[b], flavour, at), c);
	}
	for (uint32_t i = 0; (i = young_after(fleet, flavour, i)) < YOUNG; i++)
		count_class(fleet, fleet->young.classes[i], young_position(fleet, flavour, i).score,
			    c);
	return c->n;
}

/* Any of the hosts with the best score, or of all where it fits: by their numbers, so that it does
 * not matter where classes stand. */
static bool random_host(vn_fleet *fleet, uint32_t flavour, bool all, struct position *at)
{
	struct counting c = { .want = all ? NULL : &at->score, .below = NONE };
	uint32_t low = 0, high = fleet->n_hosts - 1;
	uint64_t nth;

	if (!first_host(fleet, flavour, at))
		return false;
	nth = next_random(fleet) % count_hosts(fleet, flavour, &c);
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		c.below = middle + 1;
		if (count_hosts(fleet, flavour, &c) > nth)
			high = middle;
		else
			low = middle + 1;
	}
	at->host = low;
	at->score = class_score(fleet, fleet->hosts[at->host].class, flavour);
	return true;
}

/* ---- choices ---- */

static bool choose(vn_fleet *fleet, const vn_fleet_ask *ask, uint32_t host, vn_fleet_choice *ret)
{
	struct best_option best;

	if (!option_on_host(fleet, host, ask->flavour, &best))
		return false;
	*ret = (vn_fleet_choice){ .flavour = ask->flavour,
				  .group = ask->group,
				  .partition = ask->partition,
				  .host = host,
				  .nodes = best.nodes,
				  .score = best.score };
	return true;
}

static bool better(const vn_fleet_choice *a, const vn_fleet_choice *b)
{
	if (!score_equal(&a->score, &b->score))
		return score_less(&a->score, &b->score);
	return a->host < b->host;
}

/* Of a list of hosts. */
static uint32_t choose_of(vn_fleet *fleet, const vn_fleet_ask *ask, uint32_t group,
			  const uint32_t *hosts, uint32_t n_hosts, uint32_t n, vn_fleet_choice *ret)
{
	uint32_t found = 0;

	for (uint32_t i = 0; i < n_hosts; i++) {
		vn_fleet_choice one;
		uint32_t at;

		if (host_filter(fleet, ask, group, hosts[i]) != VN_FILTER_COUNT ||
		    !choose(fleet, ask, hosts[i], &one) ||
		    (found == n && !better(&one, &ret[n - 1])))
			continue;
		at = found < n ? found++ : n - 1;
		for (; at && better(&one, &ret[at - 1]); at--)
			ret[at] = ret[at - 1];
		ret[at] = one;
	}
	return found;
}

/* One at random; where a filter turns it away, another one. */
static bool choose_random(vn_fleet *fleet, const vn_fleet_ask *ask, uint32_t group, bool all,
			  vn_fleet_choice *ret)
{
	struct position at;

	for (uint32_t i = 0; i < RANDOM_TRIES; i++) {
		if (!random_host(fleet, ask->flavour, all, &at))
			return false;
		if (host_passes(fleet, ask, group, at.host) && choose(fleet, ask, at.host, ret))
			return true;
	}
	return false;
}

/* Of all hosts, by the index. */
static uint32_t choose_best(vn_fleet *fleet, const vn_fleet_ask *ask, uint32_t group, uint32_t n,
			    vn_fleet_choice *ret)
{
	bool all = fleet->policy.weights[VN_WEIGH_RANDOM] != 0;
	struct position at = position_unknown;
	uint32_t found = 0, first = NONE;
	bool more;

	if ((all || fleet->policy.random_ties) &&
	    choose_random(fleet, ask, group, all, &ret[found]))
		first = ret[found++].host;
	if (found == n)
		return found;
	more = found ? next_host(fleet, ask->flavour, &at) : first_host(fleet, ask->flavour, &at);
	while (more) {
		if (at.host != first && host_passes(fleet, ask, group, at.host) &&
		    choose(fleet, ask, at.host, &ret[found]))
			found++;
		more = found < n && next_host(fleet, ask->flavour, &at);
	}
	return found;
}

static uint32_t choose_some(vn_fleet *fleet, const vn_fleet_ask *ask, uint32_t group, uint32_t n,
			    vn_fleet_choice *ret)
{
	const uint32_t *hosts;
	uint32_t n_hosts;

	if (ask->n_only)
		return choose_of(fleet, ask, group, ask->only, ask->n_only, n, ret);
	if (group != NONE && group_hosts(fleet, group, &hosts, &n_hosts))
		return choose_of(fleet, ask, group, hosts, n_hosts, n, ret);
	return choose_best(fleet, ask, group, n, ret);
}

/* ---- asking ---- */

static int check_hosts(const vn_fleet *fleet, const uint32_t *hosts, uint32_t n, vn_error *err)
{
	for (uint32_t i = 0; i < n; i++)
		if (hosts[i] >= fleet->n_hosts)
			return vn_fail(err, VN_E_RANGE, "there is no host %u (the fleet has %u)",
				       hosts[i], fleet->n_hosts);
	return VN_OK;
}

int check_ask(const vn_fleet *fleet, const vn_fleet_ask *ask, vn_error *err)
{
	int r;

	if (ask->flavour >= fleet->n_flavours)
		return vn_fail(err, VN_E_RANGE, "there is no flavour %u (the fleet has %u)",
			       ask->flavour, fleet->n_flavours);
	if (ask->group != NONE && ask->group >= fleet->n_groups)
		return vn_fail(err, VN_E_RANGE, "there is no server group %u (the fleet has %u)",
			       ask->group, fleet->n_groups);
	if ((r = check_hosts(fleet, ask->excluded, ask->n_excluded, err)) < 0)
		return r;
	return check_hosts(fleet, ask->only, ask->n_only, err);
}

static int check(const vn_fleet *fleet, const vn_fleet_ask *ask, uint32_t n, vn_error *err)
{
	if (!n || n > VN_FLEET_BEST_MAX)
		return vn_fail(err, VN_E_RANGE, "%u hosts are asked for (legal: 1-%d)", n,
			       VN_FLEET_BEST_MAX);
	return check_ask(fleet, ask, err);
}

/* By pools, which is cheap: how many hosts the labels leave. */
static int refuse(vn_fleet *fleet, const vn_fleet_ask *ask, vn_error *err)
{
	const struct flavour *flavour = &fleet->flavours[ask->flavour];
	uint64_t left = 0;

	fleet->counters.refusals++;
	if (!err)
		return VN_E_NOFIT;
	for (uint32_t i = 0; i < flavour->n_pools; i++)
		left += fleet->pools[flavour->pools[i]]->n_hosts;
	return vn_fail(err, VN_E_NOFIT,
		       "no host for '%s': of %u, %llu pass its labels, and none of them has room%s",
		       flavour->name, fleet->n_hosts, (unsigned long long)left,
		       ask->group == NONE ? "" : " where its server group allows it");
}

int vn_fleet_decide(vn_fleet *fleet, const vn_fleet_ask *ask, uint32_t n, vn_fleet_choice *ret,
		    uint32_t *ret_n, vn_error *err)
{
	uint32_t group, found;
	int r;

	if ((r = check(fleet, ask, n, err)) < 0)
		return r;
	if (flavour_pools(fleet, ask->flavour) < 0 || mark_excluded(fleet, ask, true) < 0)
		return vn_fail(err, VN_E_NOMEM, "no memory for a decision");
	fleet->counters.decisions++;
	demand_ask(fleet, ask->flavour);
	group = ask->group;
	found = choose_some(fleet, ask, group, n, ret);
	if (!found && group != NONE && fleet->groups[group].rule.soft) {
		group = NONE;
		found = choose_some(fleet, ask, group, n, ret);
	}
	if (ask->explain)
		explain_decision(fleet, ask, group, ret, found, ask->explain);
	mark_excluded(fleet, ask, false);
	if (!found)
		return refuse(fleet, ask, err);
	*ret_n = found;
	return VN_OK;
}
