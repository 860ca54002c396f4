/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Options: the nodes of one host that a guest could have. The best of them is the score of the
 * host, and of all hosts with its state, with which it is remembered. */
#include "fleet/engine.h"

static uint64_t clamp(__int128 value)
{
	const __int128 most = COST_MOST;

	value = value > most ? most : value < -most ? -most : value;
	return VALUE_ZERO + (uint64_t)(int64_t)value;
}

void score_option(vn_fleet *fleet, struct option *option, uint64_t far, struct best_option *ret)
{
	const vn_fleet_policy *policy = &fleet->policy;
	__int128 value = 0, inner = 0;

	for (uint32_t i = 0; i < fleet->n_weighers; i++) {
		struct weighed w = weigh(fleet, fleet->weighers[i], option);

		value += (__int128)w.value * policy->weights[fleet->weighers[i]];
		inner += (__int128)w.inner * policy->weights[fleet->weighers[i]];
	}
	ret->score.far = far;
	ret->score.value = clamp(value);
	if (policy->weights[VN_WEIGH_BALANCE_PUBLISHED]) /* alone, and the bits of a double */
		ret->score.value = VALUE_ZERO +
				   (uint64_t)weigh(fleet, VN_WEIGH_BALANCE_PUBLISHED, option).value;
	ret->score.tie = VALUE_ZERO;
	if (policy->tie != VN_WEIGH_FIRST)
		ret->score.tie = clamp(weigh(fleet, policy->tie, option).value);
	ret->inner = (int64_t)(clamp(inner) - VALUE_ZERO);
	ret->nodes = option->nodes;
}

/* The nodes of `a` before those of `b`: the lowest that only one has is of `a`. */
static bool lower_nodes(uint64_t a, uint64_t b)
{
	uint64_t differ = a ^ b;

	return differ && (a & (differ & -differ));
}

static bool option_less(const struct best_option *a, const struct best_option *b)
{
	if (!score_equal(&a->score, &b->score))
		return score_less(&a->score, &b->score);
	if (a->inner != b->inner)
		return a->inner < b->inner;
	return lower_nodes(a->nodes, b->nodes);
}

static bool as_good(const struct best_option *a, const struct best_option *b)
{
	return score_equal(&a->score, &b->score) && a->inner == b->inner;
}

/* The states of the nodes after the flavour's cells are on them. False: it does not fit there. */
static bool states_after(vn_fleet *fleet, kind *k, const uint32_t *ids, uint64_t nodes,
			 uint32_t flavour, uint32_t *after)
{
	memcpy(after, ids, k->n_nodes * sizeof(*after));
	for (; nodes; nodes &= nodes - 1) {
		uint32_t i = (uint32_t)__builtin_ctzll(nodes);

		after[i] = node_after(fleet, k, ids[i], flavour);
		if (after[i] == NONE)
			return false;
	}
	return true;
}

static uint64_t far_of(const vn_fleet *fleet, const struct recipe *recipe,
		       const struct subsets *subsets, uint32_t i)
{
	uint64_t far = recipe->per_pair * subsets->pairs[i] + recipe->per_cell * subsets->own[i];

	return fleet->policy.any_distance ? 0 : far - recipe->least;
}

/* `option` has what does not depend on the flavour. */
static bool best_simple(vn_fleet *fleet, kind *k, struct option *option, uint32_t flavour,
			struct best_option *ret)
{
	const struct recipe *recipe = recipe_of(fleet, k, flavour);
	const struct subsets *subsets = &k->subsets[recipe->cells];
	uint32_t after[VN_FLEET_NODES_MAX];
	bool found = false;

	option->flavour = flavour;
	option->cells = recipe->cells;
	option->after = after;
	for (uint32_t i = 0; i < subsets->n; i++) {
		struct best_option one = { .ways = i < OPTIONS_KEPT ? (uint16_t)(1U << i) : 0 };
		uint64_t far;

		if (!states_after(fleet, k, option->before, subsets->masks[i], flavour, after))
			continue;
		far = far_of(fleet, recipe, subsets, i);
		if (found && far > ret->score.far)
			continue;
		option->nodes = subsets->masks[i];
		score_option(fleet, option, far, &one);
		if (found && as_good(&one, ret))
			ret->ways |= one.ways;
		else if (!found || option_less(&one, ret))
			*ret = one;
		found = true;
	}
	option->after = NULL;
	if (subsets->n > OPTIONS_KEPT)
		ret->ways = 0;
	return found;
}

static struct option option_of(const kind *k, const uint32_t *ids, const uint32_t *devices)
{
	return (struct option){
		.k = k, .before = ids, .devices_before = devices, .devices_after = devices
	};
}

bool best_option(vn_fleet *fleet, kind *k, const uint32_t *ids, const uint32_t *devices,
		 uint32_t host, uint32_t flavour, struct best_option *ret)
{
	const struct recipe *recipe = recipe_of(fleet, k, flavour);
	struct option option = option_of(k, ids, devices);

	fleet->counters.evaluated++;
	switch (recipe->way) {
	case RECIPE_SIMPLE: return best_simple(fleet, k, &option, flavour, ret);
	case RECIPE_ASK: return ask_best(fleet, k, host, flavour, ret);
	default: return false;
	}
}

static void start_memo(const vn_fleet *fleet, const kind *k, struct host_state *state)
{
	if (state->epoch == fleet->epoch)
		return;
	memset(host_memo(k, state), 0, fleet->room_flavours * sizeof(struct memo));
	state->epoch = fleet->epoch;
	state->fresh = true;
}

/* All states after one more cell are about to be read, each somewhere else in memory. */
static void fetch_after(const vn_fleet *fleet, const kind *k, const uint32_t *ids)
{
	for (uint32_t i = 0; i < k->n_nodes; i++) {
		const uint32_t *next = node_next(k, node_state(k, ids[i]));

		for (uint32_t f = 0; f < fleet->n_flavours; f++) {
			const uint8_t *state;

			if (next[f] == NEXT_UNKNOWN || next[f] == NEXT_NEVER)
				continue;
			state = (const uint8_t *)node_state(k, next[f] - 1);
			__builtin_prefetch(state);
			__builtin_prefetch(state + k->at_fit);
		}
	}
}

static void remember(const kind *k, struct host_state *state, uint32_t flavour,
		     const struct best_option *best)
{
	struct memo *memo = &host_memo(k, state)[flavour];
	uint64_t *fars = host_fars(k, state);

	host_opts(k, state)[flavour] = best->ways;
	if (fars)
		fars[flavour] = best->score.far;
	else if (best->score.far && !score_is_never(&best->score))
		return;
	*memo = (struct memo){ best->score.value, best->score.tie };
}

void class_scores(vn_fleet *fleet, uint32_t id)
{
	const struct class *class = &fleet->classes[id];
	kind *k = fleet->kinds[fleet->pools[class->pool]->kind];
	struct host_state *state = host_state(k, class->state);
	struct option option = option_of(k, state->key, state->key + k->n_nodes);

	start_memo(fleet, k, state);
	fetch_after(fleet, k, state->key);
	for (uint32_t f = 0; f < fleet->n_flavours; f++) {
		struct best_option best = { .score = score_never };
		enum recipe_way way = recipe_of(fleet, k, f)->way;

		if (way == RECIPE_ASK || (way == RECIPE_SIMPLE && !fleet->often[f]) ||
		    host_memo(k, state)[f].value)
			continue;
		fleet->counters.evaluated += way == RECIPE_SIMPLE;
		if (way == RECIPE_NEVER || !best_simple(fleet, k, &option, f, &best))
			best.score = score_never;
		remember(k, state, f, &best);
	}
	state->fresh = false;
}

score class_score(vn_fleet *fleet, uint32_t id, uint32_t flavour)
{
	const struct class *class = &fleet->classes[id];
	kind *k = fleet->kinds[fleet->pools[class->pool]->kind];
	struct host_state *state = host_state(k, class->state);
	const struct memo *memo = &host_memo(k, state)[flavour];
	const uint64_t *fars = host_fars(k, state);
	struct best_option best = { .score = score_never };

	start_memo(fleet, k, state);
	if (memo->value)
		return memo_score(memo, fars ? &fars[flavour] : NULL);
	if (!best_option(fleet, k, state->key, state->key + k->n_nodes, class->root, flavour,
			 &best))
		best.score = score_never;
	remember(k, state, flavour, &best);
	return best.score;
}

/* Of the options that are as good on a host's state, the one with its lowest nodes. */
static uint64_t lowest_option(const kind *k, const uint32_t *ids, const struct subsets *subsets,
			      uint16_t ways)
{
	uint8_t order[VN_FLEET_NODES_MAX];
	uint64_t best = 0;

	state_order(k, ids, order);
	for (uint32_t rest = ways; rest; rest &= rest - 1) {
		uint64_t nodes = 0;

		for (uint64_t m = subsets->masks[__builtin_ctz(rest)]; m; m &= m - 1)
			nodes |= UINT64_C(1) << order[__builtin_ctzll(m)];
		if (!best || lower_nodes(nodes, best))
			best = nodes;
	}
	return best;
}

bool option_on_host(vn_fleet *fleet, uint32_t host, uint32_t flavour, struct best_option *ret)
{
	const struct host *h = &fleet->hosts[host];
	kind *k = fleet->kinds[fleet->pools[h->pool]->kind];
	const struct recipe *recipe = recipe_of(fleet, k, flavour);
	uint32_t counts[VN_HOST_DEVICES_MAX + VN_HOST_POOLS_MAX];
	score known = class_score(fleet, h->class, flavour);
	const struct host_state *state = host_state(k, fleet->classes[h->class].state);
	uint16_t ways;

	if (score_is_never(&known))
		return false;
	ways = host_opts(k, (struct host_state *)state)[flavour];
	if (recipe->way == RECIPE_SIMPLE && ways) {
		ret->score = known;
		ret->nodes =
			lowest_option(k, slot_ids(k, h->slot), &k->subsets[recipe->cells], ways);
		return true;
	}
	if (k->has_devices)
		view_count_devices(k, slot_devices(k, h->slot), counts);
	return best_option(fleet, k, slot_ids(k, h->slot), counts, host, flavour, ret);
}

void option_values(vn_fleet *fleet, uint32_t host, uint32_t flavour, uint64_t nodes,
		   int64_t values[VN_WEIGHER_COUNT])
{
	const struct host *h = &fleet->hosts[host];
	kind *k = fleet->kinds[fleet->pools[h->pool]->kind];
	uint32_t before[VN_HOST_DEVICES_MAX + VN_HOST_POOLS_MAX], after[VN_FLEET_NODES_MAX];
	uint32_t devices_after[VN_HOST_DEVICES_MAX + VN_HOST_POOLS_MAX];
	struct option option = { .k = k,
				 .flavour = flavour,
				 .before = slot_ids(k, h->slot),
				 .after = after,
				 .devices_before = before,
				 .devices_after = devices_after,
				 .nodes = nodes };

	option.cells = (uint32_t)__builtin_popcountll(nodes);
	view_count_devices(k, slot_devices(k, h->slot), before);
	memcpy(devices_after, before, k->n_groups * sizeof(*before));
	memset(values, 0, VN_WEIGHER_COUNT * sizeof(*values));
	if (recipe_of(fleet, k, flavour)->way == RECIPE_SIMPLE) {
		if (!states_after(fleet, k, option.before, nodes, flavour, after))
			return;
	} else if (!ask_after(fleet, k, host, flavour, nodes, after, devices_after)) {
		return;
	}
	for (uint32_t i = 0; i < VN_WEIGHER_COUNT; i++)
		values[i] = weigh(fleet, (enum vn_weigher)i, &option).value;
}
