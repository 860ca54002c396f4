/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Which CPUs, for pins of policy prefer on cores of at most two threads: whole pairs from the
 * lowest on, then cores of one thread, then the free halves of broken pairs, then half of one more
 * pair. The same CPUs as vn_place gives (tests/property/property_fleet). */
#include "fleet/engine.h"

static uint32_t free_of(const uint64_t *core, const uint64_t *gone, uint32_t words)
{
	uint32_t n = 0;

	for (uint32_t w = 0; w < words; w++)
		n += (uint32_t)__builtin_popcountll(core[w] & ~gone[w]);
	return n;
}

/* The lowest free CPU of a core. */
static uint32_t lowest(const uint64_t *core, const uint64_t *gone, uint32_t words)
{
	for (uint32_t w = 0; w < words; w++)
		if (core[w] & ~gone[w])
			return w * 64 + (uint32_t)__builtin_ctzll(core[w] & ~gone[w]);
	return NONE;
}

struct picking {
	const kind *k;
	const struct node_shape *shape;
	uint64_t gone[VN_CPUSET_WORDS];
	uint64_t *ret;
	uint32_t pins;
};

static void take(struct picking *p, uint32_t cpu)
{
	p->gone[cpu / 64] |= UINT64_C(1) << cpu % 64;
	p->ret[cpu / 64] |= UINT64_C(1) << cpu % 64;
	p->pins--;
}

/* Cores of `n` threads, of which `free` are free, in the order of their first CPU: `threads` of
 * each, as long as so many pins are left. */
static void take_cores(struct picking *p, uint32_t n, uint32_t free, uint32_t threads)
{
	const kind *k = p->k;

	for (uint32_t c = 0; c < p->shape->n_cores && p->pins >= threads; c++) {
		const struct core_kind *core = &k->core_kinds[p->shape->core_type[c] & 15];
		const uint64_t *mask = p->shape->core_masks + (size_t)c * k->words;

		if (p->shape->core_type[c] == UINT8_MAX || core->n != n || !core->pcpus ||
		    free_of(mask, p->gone, k->words) != free)
			continue;
		for (uint32_t t = 0; t < threads; t++)
			take(p, lowest(mask, p->gone, k->words));
		if (threads < free)
			return; /* one core is broken, and no more */
	}
}

/* The free halves of broken pairs, the lowest CPU first. */
static void take_halves(struct picking *p)
{
	const kind *k = p->k;
	uint64_t halves[VN_CPUSET_WORDS];

	memset(halves, 0, k->words * sizeof(*halves));
	for (uint32_t c = 0; c < p->shape->n_cores; c++) {
		const struct core_kind *core = &k->core_kinds[p->shape->core_type[c] & 15];
		const uint64_t *mask = p->shape->core_masks + (size_t)c * k->words;

		if (p->shape->core_type[c] == UINT8_MAX || core->n != 2 || !core->pcpus ||
		    free_of(mask, p->gone, k->words) != 1)
			continue;
		for (uint32_t w = 0; w < k->words; w++)
			halves[w] |= mask[w] & ~p->gone[w];
	}
	for (uint32_t w = 0; w < k->words; w++)
		for (uint64_t rest = halves[w]; rest && p->pins; rest &= rest - 1)
			take(p, w * 64 + (uint32_t)__builtin_ctzll(rest));
}

bool pick_pins(const kind *k, uint32_t node_ix, const uint64_t *mask, uint32_t pins, uint64_t *ret)
{
	struct picking p;

	p.k = k;
	p.shape = &k->nodes[node_ix];
	p.ret = ret;
	p.pins = pins;

	memcpy(p.gone, mask, k->words * sizeof(*mask));
	memset(ret, 0, k->words * sizeof(*ret));
	take_cores(&p, 2, 2, 2);
	if (p.pins)
		take_cores(&p, 1, 1, 1);
	if (p.pins)
		take_halves(&p);
	if (p.pins)
		take_cores(&p, 2, 2, 1);
	return !p.pins;
}
