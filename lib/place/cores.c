/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Taking CPUs for 1:1 pins, on counts of cores instead of cores.
 *
 * prefer:  as many vCPUs as can be on whole groups of siblings, largest groups first; what is left
 *          over goes to the smallest core that holds it, one that is already broken if there is
 * one. require: the largest k >= 2 with enough cores that have k free threads; k on each, the last
 *          core may get fewer (as Nova's _pack_instance_onto_cores).
 * isolate: one vCPU on each whole core, the smallest cores first; its other threads stay idle.
 *
 * The kept core (the node's first, which `siblings` leaves to the host) comes last everywhere. */
#include "place/problem.h"

#include <string.h>

struct taking {
	struct cores *cores;
	struct core_picker *picker;
	uint32_t broken;
	uint16_t mine[VN_SMT_MAX + 1]; /* of part[]: cores that this cell has broken itself */
};

static uint32_t min_u32(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

static void tell(struct taking *t, struct core_pick pick)
{
	if (t->picker)
		t->picker->pick(t->picker, &pick);
}

/* Take `threads` CPUs on each of `n` cores of one kind. */
static void take(struct taking *t, bool whole, uint32_t free, uint32_t threads, uint32_t n)
{
	uint32_t rest = free - threads;

	if (!n)
		return;
	(whole ? t->cores->whole : t->cores->part)[free] -= (uint16_t)n;
	if (rest) {
		t->cores->part[rest] += (uint16_t)n;
		t->mine[rest] += (uint16_t)n;
		t->broken += whole ? n : 0;
	}
	tell(t, (struct core_pick){ .whole = whole, .free = free, .threads = threads, .cores = n });
}

static uint32_t take_kept(struct taking *t, uint32_t pins)
{
	uint32_t n = min_u32(t->cores->kept, pins);

	if (!n)
		return 0;
	tell(t,
	     (struct core_pick){ .kept = true, .free = t->cores->kept, .threads = n, .cores = 1 });
	if (t->cores->kept_whole && n < t->cores->kept)
		t->broken++;
	t->cores->kept -= (uint8_t)n;
	t->cores->kept_whole = false;
	return n;
}

/* The smallest core with more than `pins` free threads, broken ones before whole ones. */
static bool take_rest(struct taking *t, uint32_t pins)
{
	for (int whole = 0; whole < 2; whole++)
		for (uint32_t free = pins + 1; free <= VN_SMT_MAX; free++)
			if ((whole ? t->cores->whole : t->cores->part)[free]) {
				take(t, whole, free, pins, 1);
				return true;
			}
	return false;
}

static bool take_prefer(struct taking *t, uint32_t pins)
{
	struct cores *c = t->cores;

	for (uint32_t free = min_u32(VN_SMT_MAX, pins); free && pins; free--) {
		for (int whole = 0; whole < 2; whole++) {
			uint32_t n = min_u32(pins / free, (whole ? c->whole : c->part)[free]);

			take(t, whole, free, free, n);
			pins -= n * free;
		}
		if (free > pins + 1)
			free = pins + 1;
	}
	if (pins && take_rest(t, pins))
		return true;
	return take_kept(t, pins) == pins;
}

static uint32_t cores_with(const struct cores *c, uint32_t threads)
{
	uint32_t n = c->kept >= threads;

	for (uint32_t free = threads; free <= VN_SMT_MAX; free++)
		n += c->whole[free] + c->part[free];
	return n;
}

static bool take_require(struct taking *t, uint32_t pins)
{
	struct cores *c = t->cores;
	uint32_t k = VN_SMT_MAX;

	while (k >= 2 && k * cores_with(c, k) < pins)
		k--;
	if (k < 2)
		return false;
	/* counts of before the first take: a core that has been taken from comes back as part */
	struct cores before = *c;

	for (uint32_t free = k; free <= VN_SMT_MAX && pins; free++)
		for (int whole = 0; whole < 2 && pins; whole++) {
			uint32_t have = (whole ? before.whole : before.part)[free];
			uint32_t n = min_u32(have, pins / k);

			take(t, whole, free, k, n);
			pins -= n * k;
			if (pins && pins < k && n < have) {
				take(t, whole, free, pins, 1);
				pins = 0;
			}
		}
	return take_kept(t, pins) == pins;
}

static bool take_isolate(struct taking *t, uint32_t pins)
{
	struct cores *c = t->cores;

	for (uint32_t free = 1; free <= VN_SMT_MAX && pins; free++) {
		uint32_t n = min_u32(c->whole[free], pins);

		if (!n)
			continue;
		c->whole[free] -= (uint16_t)n;
		pins -= n;
		tell(t,
		     (struct core_pick){
			     .whole = true, .free = free, .threads = 1, .cores = n, .idle = true });
	}
	if (pins == 1 && c->kept_whole) {
		tell(t, (struct core_pick){ .kept = true,
					    .whole = true,
					    .free = c->kept,
					    .threads = 1,
					    .cores = 1,
					    .idle = true });
		c->kept = 0;
		c->kept_whole = false;
		pins = 0;
	}
	return !pins;
}

/* One CPU beside the pins: not on a core of the cell if it can be helped, on a broken one first. */
static bool take_extra(struct taking *t)
{
	struct core_pick pick = { .threads = 1, .cores = 1, .extra = true };
	struct cores *c = t->cores;

	for (int kind = 0; kind < 3; kind++) /* others' broken cores, whole ones, our own */
		for (uint32_t free = 1; free <= VN_SMT_MAX; free++) {
			uint32_t have = kind == 0   ? (uint32_t)(c->part[free] - t->mine[free])
					: kind == 1 ? c->whole[free]
						    : t->mine[free];
			if (!have)
				continue;
			pick.free = free;
			pick.whole = kind == 1;
			pick.mine = kind == 2;
			(pick.whole ? c->whole : c->part)[free]--;
			if (pick.mine)
				t->mine[free]--;
			if (free > 1)
				c->part[free - 1]++;
			t->broken += pick.whole && free > 1;
			tell(t, pick);
			return true;
		}
	if (!c->kept)
		return false;
	pick.kept = true;
	pick.free = c->kept--;
	c->kept_whole = false;
	tell(t, pick);
	return true;
}

bool cores_take(struct cores *cores, enum vn_thread_policy policy, uint32_t pins, uint32_t extra,
		struct cores_taken *taken, struct core_picker *picker)
{
	static bool (*const take_by[VN_THREAD_POLICY_COUNT])(struct taking *, uint32_t) = {
		[VN_THREADS_PREFER] = take_prefer,
		[VN_THREADS_ISOLATE] = take_isolate,
		[VN_THREADS_REQUIRE] = take_require,
	};
	struct taking t = { .cores = cores, .picker = picker };
	uint32_t before = cores_free_threads(cores);

	if (pins && !take_by[policy](&t, pins))
		return false;
	for (; extra; extra--)
		if (!take_extra(&t))
			return false;
	taken->broken = t.broken;
	taken->threads = before - cores_free_threads(cores);
	return true;
}

uint32_t cores_free_threads(const struct cores *cores)
{
	uint32_t threads = cores->kept;

	for (uint32_t free = 1; free <= VN_SMT_MAX; free++)
		threads += free * (uint32_t)(cores->whole[free] + cores->part[free]);
	return threads;
}

uint32_t cores_whole(const struct cores *cores)
{
	uint32_t n = cores->kept_whole;

	for (uint32_t free = 1; free <= VN_SMT_MAX; free++)
		n += cores->whole[free];
	return n;
}

uint32_t cores_require_room(const struct cores *cores)
{
	uint32_t room = 0;

	for (uint32_t k = 2; k <= VN_SMT_MAX; k++)
		if (k * cores_with(cores, k) > room)
			room = k * cores_with(cores, k);
	return room;
}
