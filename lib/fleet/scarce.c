/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What is scarce. While a fleet fills up, the last places for a flavour are worth more than one of
 * many: the first refusal is of what has run out. So where nobody leaves, a flavour of which there
 * is room for n more in the whole fleet has 1 + (scarce / (n + 1))^2 times its weight. Such room is
 * counted now and then, not further than it makes a difference, and weights follow in steps: what
 * was computed with others is not valid any more. */
#include "fleet/engine.h"

enum {
	LOOK_HOSTS = 64, /* room is counted again after one claim for so many hosts */
	LOOK_LEAST = 8,	 /* claims */
	PLENTY = 32,	 /* x scarce: more makes no difference, 1/1024 of the weight */
};

static uint64_t extra_of(const vn_fleet *fleet, uint64_t rest)
{
	uint64_t scarce = fleet->policy.scarce;

	return (scarce * scarce << SCARCE_BITS) / ((rest + 1) * (rest + 1));
}

uint64_t scarce_extra(const vn_fleet *fleet, uint32_t flavour)
{
	return fleet->rest[flavour] ? extra_of(fleet, fleet->rest[flavour] - 1) : 0;
}

static uint64_t class_room(vn_fleet *fleet, uint32_t id, uint32_t flavour)
{
	const struct class *class = &fleet->classes[id];
	kind *k = fleet->kinds[fleet->pools[class->pool]->kind];
	const struct host_state *state = host_state(k, class->state);

	return (uint64_t)fleet->treap[class->root].size *
	       slots_of(fleet, k, state->key, state->key + k->n_nodes, flavour);
}

static uint64_t pool_room(vn_fleet *fleet, const struct pool *pool, uint32_t flavour, uint64_t most)
{
	uint64_t sum = 0;

	for (uint32_t b = 0; b < pool->n_blocks; b++)
		for (uint32_t at = 0; at < BLOCK && sum < most; at++)
			if (pool->blocks[b]->classes[at] != NONE)
				sum += class_room(fleet, pool->blocks[b]->classes[at], flavour);
	return sum;
}

/* Guests of the flavour that the fleet has room for, on hosts that its labels let through; counted
 * until `most`. */
static uint64_t room_of(vn_fleet *fleet, uint32_t flavour, uint64_t most)
{
	const struct flavour *f = &fleet->flavours[flavour];
	uint64_t sum = 0;

	if (flavour_pools(fleet, flavour) < 0)
		return most;
	for (uint32_t i = 0; i < YOUNG && sum < most; i++) {
		uint32_t id = fleet->young.classes[i];

		if (id != NONE && label_filter(fleet, fleet->pools[fleet->classes[id].pool], f) ==
					  VN_FILTER_COUNT)
			sum += class_room(fleet, id, flavour);
	}
	for (uint32_t i = 0; i < f->n_pools && sum < most; i++)
		sum += pool_room(fleet, fleet->pools[f->pools[i]], flavour, most - sum);
	return sum < most ? sum : most;
}

/* By an eighth of the weight? */
static bool has_moved(uint64_t was, uint64_t now)
{
	const uint64_t one = UINT64_C(1) << SCARCE_BITS;

	return (one + was) * 9 < (one + now) * 8 || (one + now) * 9 < (one + was) * 8;
}

bool scarce_changes(vn_fleet *fleet)
{
	uint32_t every = fleet->n_hosts / LOOK_HOSTS;
	uint64_t plenty = (uint64_t)fleet->policy.scarce * PLENTY;
	bool changes = false;

	if (fleet->counters.claimed < fleet->next_rest)
		return false;
	fleet->next_rest = fleet->counters.claimed + (every > LOOK_LEAST ? every : LOOK_LEAST);
	for (uint32_t f = 0; f < fleet->n_flavours; f++) {
		uint64_t rest;

		if (!fleet->weights[f] || fleet->flavours[f].forced != UINT64_MAX)
			continue;
		rest = room_of(fleet, f, plenty);
		if (!has_moved(scarce_extra(fleet, f), extra_of(fleet, rest)))
			continue;
		fleet->rest[f] = (uint32_t)rest + 1;
		changes = true;
	}
	return changes;
}
