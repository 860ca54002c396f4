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
	uint32_t broken, gone;	       /* cores, threads */
	uint16_t mine[VN_SMT_MAX + 1]; /* of part[]: cores that this cell has broken itself: one */
	bool broke_whole;	       /* it was whole */
	bool broke_kept;	       /* and so was the kept core */
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
	t->gone += n * threads;
	(whole ? t->cores->whole : t->cores->part)[free] -= (uint16_t)n;
	if (rest) {
		t->cores->part[rest] += (uint16_t)n;
		t->mine[rest] += (uint16_t)n;
		t->broken += whole ? n : 0;
		t->broke_whole = whole;
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
	t->broke_kept = t->cores->kept_whole && n < t->cores->kept;
	t->broken += t->broke_kept;
	t->gone += n;
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

/* As many pins as can be on whole groups of `least` or more siblings, the rest on one more core. */
static bool take_groups(struct taking *t, uint32_t pins, uint32_t least)
{
	struct cores *c = t->cores;

	for (uint32_t free = min_u32(VN_SMT_MAX, pins); free >= least && pins; free--) {
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
	return (!pins || c->kept >= least) && take_kept(t, pins) == pins;
}

static bool take_prefer(struct taking *t, uint32_t pins)
{
	return take_groups(t, pins, 1);
}

static bool take_require(struct taking *t, uint32_t pins)
{
	return take_groups(t, pins, 2);
}

static bool take_isolate(struct taking *t, uint32_t pins)
{
	struct cores *c = t->cores;

	for (uint32_t free = 1; free <= VN_SMT_MAX && pins; free++) {
		uint32_t n = min_u32(c->whole[free], pins);

		if (!n)
			continue;
		c->whole[free] -= (uint16_t)n;
		t->gone += n * free;
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
		t->gone += c->kept;
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
			t->broken -= pick.mine && free == 1 && t->broke_whole; /* full now */
			tell(t, pick);
			return true;
		}
	if (!c->kept)
		return false;
	if (c->kept_whole)
		t->broken += c->kept > 1;
	else if (c->kept == 1)
		t->broken -= t->broke_kept; /* full now */
	pick.kept = true;
	pick.free = c->kept--;
	c->kept_whole = false;
	tell(t, pick);
	return true;
}

/* The emulator's CPU first, on a core that has no other thread free. */
static bool take_single(struct taking *t)
{
	struct cores *c = t->cores;
	struct core_pick pick = { .threads = 1, .cores = 1, .extra = true, .free = 1 };

	if (!c->part[1] && !c->whole[1])
		return false;
	pick.whole = !c->part[1];
	(pick.whole ? c->whole : c->part)[1]--;
	tell(t, pick);
	return true;
}

static bool take_all(struct taking *t, enum vn_thread_policy policy, uint32_t pins, uint32_t extra,
		     bool extra_first)
{
	static bool (*const take_by[VN_THREAD_POLICY_COUNT])(struct taking *, uint32_t) = {
		[VN_THREADS_PREFER] = take_prefer,
		[VN_THREADS_ISOLATE] = take_isolate,
		[VN_THREADS_REQUIRE] = take_require,
	};

	if (extra && extra_first) {
		if (!take_single(t))
			return false;
		t->gone++;
		extra--;
	}
	if (pins && !take_by[policy](t, pins))
		return false;
	for (; extra; extra--, t->gone++)
		if (!take_extra(t))
			return false;
	return true;
}

/* Does it break fewer cores to serve the emulator first? */
static bool extra_goes_first(const struct cores *cores, enum vn_thread_policy policy, uint32_t pins,
			     uint32_t extra)
{
	struct cores left[2] = { *cores, *cores };
	struct taking first = { .cores = &left[0] }, last = { .cores = &left[1] };

	return take_all(&first, policy, pins, extra, true) &&
	       (!take_all(&last, policy, pins, extra, false) || first.broken < last.broken);
}

bool cores_take(struct cores *cores, enum vn_thread_policy policy, uint32_t pins, uint32_t extra,
		struct cores_taken *taken, struct core_picker *picker)
{
	struct taking t = { .cores = cores, .picker = picker };
	bool first = extra && pins && extra_goes_first(cores, policy, pins, extra);

	if (!take_all(&t, policy, pins, extra, first))
		return false;
	taken->broken = t.broken;
	taken->threads = t.gone;
	return true;
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
	uint32_t room = cores->kept > 1 ? cores->kept : 0;

	for (uint32_t free = 2; free <= VN_SMT_MAX; free++)
		room += free * (uint32_t)(cores->whole[free] + cores->part[free]);
	return room;
}

uint32_t cores_broken(const struct cores *cores, enum vn_thread_policy policy, uint32_t pins,
		      uint32_t extra, uint32_t threads_per_core)
{
	struct cores left;
	struct cores_taken taken = { 0 };

	if (threads_per_core == 1 || (!pins && !extra))
		return 0;
	if (threads_per_core == 2 && !extra && !cores->kept) {
		/* pairs first; an odd pin breaks a core only where there is no single one */
		uint32_t pairs = min_u32(pins / 2, cores->whole[2]);
		bool single = policy == VN_THREADS_PREFER && cores->part[1] + cores->whole[1];

		return policy != VN_THREADS_ISOLATE && pins - 2 * pairs == 1 && !single &&
		       cores->whole[2] > pairs;
	}
	left = *cores;
	cores_take(&left, policy, pins, extra, &taken, NULL);
	return taken.broken;
}
