/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Young classes. Most classes do not live long: the host that a guest has left is the one that the
 * next guest takes. So a new class is not in the index of its pool yet. Its score is computed when
 * a flavour is asked for, and it may be the best. Only the oldest goes into the index, when another
 * needs its place.
 *
 * No score is below what the slots of a host are worth, times the weight of room, and what a guest
 * of the flavour takes of them at least. So they stand in the order of what their slots are worth,
 * and a decision looks at the first few: until no more of them can be better. */
#include "fleet/engine.h"

void young_clear(vn_fleet *fleet)
{
	struct young *young = &fleet->young;

	memset(young->classes, 0xff, sizeof(young->classes));
	memset(young->unbounded, 0, sizeof(young->unbounded));
	young->n = 0;
	young->epoch = 0; /* no fleet's */
}

static uint64_t cost_of(uint64_t slots, uint32_t weight)
{
	uint64_t cost;

	return __builtin_mul_overflow(slots, weight, &cost) || cost > COST_MOST ? COST_MOST : cost;
}

/* ---- their order ---- */

/* How many of them have slots worth less. */
static uint32_t worth_less(const struct young *young, bool huge, uint64_t slots)
{
	const uint64_t *worth = young->slots[huge];
	const uint8_t *start = young->order[huge], *low = start, *middle;
	uint32_t n = young->n;

	if (!n)
		return 0;
	while (n > 1) { /* which half cannot be foreseen: no branch */
		middle = low + n / 2;
		n -= n / 2;
		low = worth[middle[-1]] < slots ? middle : low;
	}
	return (uint32_t)(low - start) + (worth[*low] < slots);
}

static void order_enter(struct young *young, uint32_t at)
{
	for (uint32_t huge = 0; huge < 2; huge++) {
		uint8_t *place =
			young->order[huge] + worth_less(young, huge, young->slots[huge][at]);

		memmove(place + 1, place, (size_t)(young->order[huge] + young->n - place));
		*place = (uint8_t)at;
	}
	young->n++;
}

static void order_leave(struct young *young, uint32_t at)
{
	for (uint32_t huge = 0; huge < 2; huge++) {
		uint8_t *place = memchr(young->order[huge], (int)at, young->n);

		memmove(place, place + 1, (size_t)(young->order[huge] + young->n - place - 1));
	}
	young->n--;
}

/* Nothing is known of the scores of a class. Where there are no bounds, or sums may be cut off, it
 * is the first in order, and looked at always. */
static void start(vn_fleet *fleet, uint32_t at)
{
	struct young *young = &fleet->young;
	const struct class *class = &fleet->classes[young->classes[at]];
	kind *k = fleet->kinds[fleet->pools[class->pool]->kind];
	const struct host_state *state = host_state(k, class->state);
	uint64_t slots[2] = { 0 }, bit = UINT64_C(1) << at % 64;

	young->serials[at] = ++young->serial;
	if (fleet->bounded)
		slots_value(fleet, k, state->key, state->key + k->n_nodes, slots);
	young->unbounded[at / 64] &= ~bit;
	if (!fleet->bounded || slots[0] + slots[1] >= COST_MOST / 2) {
		young->unbounded[at / 64] |= bit;
		slots[0] = slots[1] = 0;
	}
	young->slots[0][at] = slots[0];
	young->slots[1][at] = slots[1];
	order_enter(young, at);
}

/* Other weights, or kinds of hosts. */
static void start_again(vn_fleet *fleet)
{
	struct young *young = &fleet->young;

	young->epoch = fleet->epoch;
	young->n_kinds = fleet->n_kinds;
	young->n = 0;
	for (uint32_t f = 0; f < fleet->n_flavours; f++)
		young->of[f].is_known = false;
	for (uint32_t at = 0; at < YOUNG; at++)
		if (young->classes[at] != NONE)
			start(fleet, at);
}

static bool is_current(const vn_fleet *fleet)
{
	const struct young *young = &fleet->young;

	return young->epoch == fleet->epoch && young->n_kinds == fleet->n_kinds;
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
	young->low[at] = low;
	if (is_current(fleet))
		start(fleet, at);
	return at;
}

void young_leave(vn_fleet *fleet, uint32_t at)
{
	struct young *young = &fleet->young;

	if (is_current(fleet))
		order_leave(young, at);
	young->classes[at] = NONE;
	young->unbounded[at / 64] &= ~(UINT64_C(1) << at % 64);
}

/* ---- bounds ---- */

/* What a guest takes at least, on any kind of host, and of which memory. */
static void find_bounds(vn_fleet *fleet, uint32_t flavour, struct young_flavour *of)
{
	bool huge[2] = { false };

	of->is_known = true;
	of->least = UINT64_MAX;
	for (uint32_t i = 0; i < fleet->n_kinds; i++) {
		kind *k = fleet->kinds[i];
		const struct recipe *recipe = recipe_of(fleet, k, flavour);
		uint64_t least;

		if (recipe->way == RECIPE_NEVER)
			continue;
		least = slots_least_loss(fleet, k, flavour);
		of->least = least < of->least ? least : of->least;
		huge[in_huge_pages(recipe)] = true;
	}
	of->huge = huge[1];
	of->is_bounded = !(huge[0] && huge[1]);
}

/* The most that the slots may be worth of a host where the score is not above that of *best. */
static uint64_t most_of(const vn_fleet *fleet, const struct young_flavour *of,
			const struct position *best)
{
	uint64_t least = VALUE_ZERO + cost_of(of->least, fleet->policy.weights[VN_WEIGH_SLOTS]);
	uint32_t weight = fleet->policy.weights[VN_WEIGH_ROOM];

	if (!of->is_bounded || best->score.far || best->score.value >= VALUE_ZERO + COST_MOST)
		return UINT64_MAX;
	if (best->score.value < least)
		return 0; /* of those that have no bound */
	return weight ? (best->score.value - least) / weight : UINT64_MAX;
}

/* ---- scores ---- */

static const struct young_score *score_of(vn_fleet *fleet, uint32_t flavour, uint32_t at)
{
	struct young *young = &fleet->young;
	struct young_score *ret = &young->of[flavour].scores[at];
	uint32_t id = young->classes[at];

	if (ret->serial == young->serials[at])
		return ret;
	ret->serial = young->serials[at];
	ret->score = label_filter(fleet, fleet->pools[fleet->classes[id].pool],
				  &fleet->flavours[flavour]) == VN_FILTER_COUNT
			     ? class_score(fleet, id, flavour)
			     : score_never;
	return ret;
}

struct position young_position(vn_fleet *fleet, uint32_t flavour, uint32_t at)
{
	return (struct position){ score_of(fleet, flavour, at)->score, fleet->young.low[at] };
}

/* Where in their order may the first be that is good enough? */
static uint32_t first_of(const struct young *young, const struct young_flavour *of)
{
	uint64_t unbounded = 0;

	for (uint32_t w = 0; w < YOUNG / 64; w++)
		unbounded |= young->unbounded[w];
	return unbounded || !of->is_bounded ? 0 : worth_less(young, of->huge, of->least);
}

static bool look_at(vn_fleet *fleet, uint32_t flavour, uint32_t at, struct position *best)
{
	struct position one = young_position(fleet, flavour, at);

	if (score_is_never(&one.score) || !position_less(&one, best))
		return false;
	*best = one;
	return true;
}

/* Those whose score is known come first: then fewer of the others may be better. */
static void best_in_order(vn_fleet *fleet, uint32_t flavour, struct position *best)
{
	const struct young *young = &fleet->young;
	const struct young_flavour *of = &young->of[flavour];
	const uint8_t *order = young->order[of->huge], *end = order + young->n;
	const uint64_t *slots = young->slots[of->huge];
	uint64_t most = most_of(fleet, of, best);
	uint8_t unknown[YOUNG];
	uint32_t n = 0;

	for (order += first_of(young, of); order < end && slots[*order] <= most; order++) {
		const struct young_score *known = &of->scores[*order];

		if (known->serial != young->serials[*order])
			unknown[n++] = *order;
		else if ((best->score.far || known->score.value <= best->score.value) &&
			 look_at(fleet, flavour, *order, best))
			most = most_of(fleet, of, best);
	}
	for (uint32_t i = 0; i < n && slots[unknown[i]] <= most; i++)
		if (look_at(fleet, flavour, unknown[i], best))
			most = most_of(fleet, of, best);
}

void young_best(vn_fleet *fleet, uint32_t flavour, struct position *best)
{
	struct young_flavour *of;

	if (!is_current(fleet))
		start_again(fleet);
	of = &fleet->young.of[flavour];
	if (!of->is_known)
		find_bounds(fleet, flavour, of);
	best_in_order(fleet, flavour, best);
}

uint32_t young_after(vn_fleet *fleet, uint32_t flavour, uint32_t at)
{
	const struct young *young = &fleet->young;

	if (!is_current(fleet))
		start_again(fleet);
	for (; at < YOUNG; at++)
		if (young->classes[at] != NONE &&
		    !score_is_never(&score_of(fleet, flavour, at)->score))
			break;
	return at;
}
