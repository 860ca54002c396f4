/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Young classes. Most classes do not live long: the host that a guest has left is the one that the
 * next guest takes. So a new class is not in the index of its pool yet. Its score is computed when
 * a flavour is asked for, and all young ones are looked at; they are few, and their scores stand in
 * a row. Only the oldest goes into the index, when another needs its place. */
#include "fleet/engine.h"

/* In place of a value: nobody is there, or the guest does not fit; it fits, but far apart. */
static const uint64_t value_never = UINT64_MAX, value_far = UINT64_MAX - 1;

void young_clear(vn_fleet *fleet)
{
	memset(fleet->young.classes, 0xff, sizeof(fleet->young.classes));
	memset(fleet->young.live, 0, sizeof(fleet->young.live));
	fleet->young.epoch = 0; /* no fleet's */
}

static uint64_t cost_of(uint64_t slots, uint32_t weight)
{
	uint64_t cost;

	return __builtin_mul_overflow(slots, weight, &cost) || cost > COST_MOST ? COST_MOST : cost;
}

static void start_bounds(vn_fleet *fleet, kind *k, const struct host_state *state, uint32_t at)
{
	struct young *young = &fleet->young;
	uint64_t slots[2], bit = UINT64_C(1) << at % 64;

	slots_value(fleet, k, state->key, state->key + k->n_nodes, slots);
	young->slots[0][at] = slots[0];
	young->slots[1][at] = slots[1];
	young->unbounded[at / 64] &= ~bit;
	if (slots[0] + slots[1] >= COST_MOST / 2)
		young->unbounded[at / 64] |= bit;
}

/* Nothing is known of the scores of a class. */
static void start(vn_fleet *fleet, uint32_t at)
{
	struct young *young = &fleet->young;
	const struct class *class = &fleet->classes[young->classes[at]];
	kind *k = fleet->kinds[fleet->pools[class->pool]->kind];
	const struct host_state *state = host_state(k, class->state);

	young->kinds[at] = k;
	for (uint32_t f = 0; f < fleet->n_flavours; f++)
		young->unknown[f][at / 64] |= UINT64_C(1) << at % 64;
	if (fleet->bounded)
		start_bounds(fleet, k, state, at);
}

static void start_epoch(vn_fleet *fleet)
{
	struct young *young = &fleet->young;

	young->epoch = fleet->epoch;
	memset(young->values, 0xff, fleet->n_flavours * sizeof(*young->values));
	memset(young->unknown, 0, fleet->n_flavours * sizeof(*young->unknown));
	for (uint32_t i = 0; i < YOUNG; i++)
		if (young->classes[i] != NONE)
			start(fleet, i);
}

bool young_make_room(vn_fleet *fleet)
{
	struct young *young = &fleet->young;
	uint32_t at = young->next, id = young->classes[at];

	if (id == NONE)
		return true;
	if (!class_settle(fleet, id, young->low[at]))
		return false;
	young_leave(fleet, at);
	return true;
}

uint32_t young_enter(vn_fleet *fleet, uint32_t id, uint32_t low)
{
	struct young *young = &fleet->young;
	uint32_t at = young->next;

	assert(young->classes[at] == NONE);
	young->next = (at + 1) % YOUNG;
	young->classes[at] = id;
	young->live[at / 64] |= UINT64_C(1) << at % 64;
	young->low[at] = low;
	start(fleet, at);
	return at;
}

void young_leave(vn_fleet *fleet, uint32_t at)
{
	struct young *young = &fleet->young;
	uint64_t bit = UINT64_C(1) << at % 64;

	young->classes[at] = NONE;
	young->live[at / 64] &= ~bit;
	for (uint32_t f = 0; f < fleet->n_flavours; f++) {
		uint64_t *unknown = &young->unknown[f][at / 64];

		if (!(*unknown & bit))
			young->values[f][at] = value_never;
		*unknown &= ~bit;
	}
}

/* Hosts of one kind where a flavour's score may be so good: their slots are worth what it costs at
 * least (else it does not fit), and no more than so much beyond. */
struct bound {
	const kind *k;
	uint64_t loss, beyond; /* of slots; none are so good: UINT64_MAX and 0 */
	uint64_t cost;	       /* what the loss is in a score */
	bool huge;
};

static void bound_on(vn_fleet *fleet, kind *k, uint32_t flavour, uint64_t most, struct bound *ret)
{
	uint64_t loss = slots_least_loss(fleet, k, flavour), room = UINT64_MAX;
	uint32_t weight = fleet->policy.weights[VN_WEIGH_ROOM];

	*ret = (struct bound){ .k = k,
			       .loss = UINT64_MAX,
			       .cost = cost_of(loss, fleet->policy.weights[VN_WEIGH_SLOTS]),
			       .huge = in_huge_pages(recipe_of(fleet, k, flavour)) };
	if (most < VALUE_ZERO + ret->cost)
		return;
	if (weight && most < VALUE_ZERO + COST_MOST)
		room = (most - VALUE_ZERO - ret->cost) / weight;
	if (room < loss)
		return;
	ret->loss = loss;
	ret->beyond = room - loss;
}

/* No score is below. */
static uint64_t bound_of(const vn_fleet *fleet, uint32_t at, const struct bound *bound)
{
	const struct young *young = &fleet->young;
	uint64_t sum = bound->cost +
		       cost_of(young->slots[bound->huge][at], fleet->policy.weights[VN_WEIGH_ROOM]);

	if (!fleet->bounded || young->unbounded[at / 64] >> at % 64 & 1)
		return 0;
	return VALUE_ZERO + (sum < COST_MOST ? sum : COST_MOST);
}

struct candidate {
	uint64_t bound;
	uint32_t at;
};

/* Those of one word whose score is not known, and may be `most` or less, as bits: which they are
 * cannot be foreseen, so nothing branches on it. */
static uint64_t promising(vn_fleet *fleet, uint32_t flavour, uint32_t w, uint64_t most,
			  struct bound *bound)
{
	const struct young *young = &fleet->young;
	uint64_t all = young->unknown[flavour][w], ret = all & young->unbounded[w];

	if (!fleet->bounded)
		return all;
	for (uint64_t rest = all; rest; rest &= rest - 1) {
		uint32_t bit = (uint32_t)__builtin_ctzll(rest), at = w * 64 + bit;

		if (young->kinds[at] != bound->k)
			bound_on(fleet, young->kinds[at], flavour, most, bound);
		ret |= (uint64_t)(young->slots[bound->huge][at] - bound->loss <= bound->beyond)
		       << bit;
	}
	return ret;
}

static uint32_t candidates(vn_fleet *fleet, uint32_t flavour, uint64_t most,
			   struct candidate ret[YOUNG])
{
	struct bound bound = { 0 };
	uint32_t n = 0;

	for (uint32_t w = 0; w < YOUNG / 64; w++)
		for (uint64_t rest = promising(fleet, flavour, w, most, &bound); rest;
		     rest &= rest - 1) {
			uint32_t at = w * 64 + (uint32_t)__builtin_ctzll(rest);

			if (fleet->bounded && fleet->young.kinds[at] != bound.k)
				bound_on(fleet, fleet->young.kinds[at], flavour, most, &bound);
			ret[n++] = (struct candidate){ bound_of(fleet, at, &bound), at };
		}
	return n;
}

static uint64_t find_out(vn_fleet *fleet, uint32_t flavour, uint32_t at)
{
	struct young *young = &fleet->young;
	uint32_t id = young->classes[at];
	const struct pool *pool = fleet->pools[fleet->classes[id].pool];
	uint64_t *value = &young->values[flavour][at];
	score of;

	young->unknown[flavour][at / 64] &= ~(UINT64_C(1) << at % 64);
	if (label_filter(fleet, pool, &fleet->flavours[flavour]) != VN_FILTER_COUNT)
		return *value = value_never;
	of = class_score(fleet, id, flavour);
	young->ties[flavour][at] = of.tie;
	return *value = score_is_never(&of) ? value_never : of.far ? value_far : of.value;
}

struct position young_position(vn_fleet *fleet, uint32_t flavour, uint32_t at)
{
	const struct young *young = &fleet->young;
	score of = { 0, young->values[flavour][at], young->ties[flavour][at] };

	if (of.value == value_far)
		of = class_score(fleet, young->classes[at], flavour);
	return (struct position){ of, young->low[at] };
}

static void look_at(vn_fleet *fleet, uint32_t flavour, uint32_t at, struct position *best)
{
	struct position one = young_position(fleet, flavour, at);

	if (position_less(&one, best))
		*best = one;
}

static void known_best(vn_fleet *fleet, uint32_t flavour, struct position *best)
{
	const struct young *young = &fleet->young;
	const uint64_t *values = young->values[flavour];
	uint64_t most = best->score.far ? value_far : best->score.value;

	for (uint32_t w = 0; w < YOUNG / 64; w++)
		for (uint64_t rest = young->live[w] & ~young->unknown[flavour][w]; rest;
		     rest &= rest - 1) {
			uint32_t at = w * 64 + (uint32_t)__builtin_ctzll(rest);

			if (values[at] > most)
				continue;
			look_at(fleet, flavour, at, best);
			most = best->score.far ? value_far : best->score.value;
		}
}

void young_best(vn_fleet *fleet, uint32_t flavour, struct position *best)
{
	struct candidate left[YOUNG];
	uint32_t n;

	if (fleet->young.epoch != fleet->epoch)
		start_epoch(fleet);
	known_best(fleet, flavour, best);
	n = candidates(fleet, flavour, best->score.far ? UINT64_MAX : best->score.value, left);
	while (n) {
		uint32_t first = 0;

		for (uint32_t i = 1; i < n; i++)
			first = left[i].bound < left[first].bound ? i : first;
		if (!best->score.far && left[first].bound > best->score.value)
			break;
		if (find_out(fleet, flavour, left[first].at) != value_never)
			look_at(fleet, flavour, left[first].at, best);
		left[first] = left[--n];
	}
}

uint32_t young_after(vn_fleet *fleet, uint32_t flavour, uint32_t at)
{
	const struct young *young = &fleet->young;

	if (young->epoch != fleet->epoch)
		start_epoch(fleet);
	for (; at < YOUNG; at++) {
		if (young->unknown[flavour][at / 64] >> at % 64 & 1)
			find_out(fleet, flavour, at);
		if (young->values[flavour][at] != value_never)
			break;
	}
	return at;
}
