/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Node states: what one node has taken, as counts, each different one once. What follows from it is
 * remembered with it: how many cells of a flavour it takes, and the state after one of them. The
 * rules are those of lib/place (prep.c, fit.c, take.c) for a cell that has its node to itself. */
#include "fleet/engine.h"

static uint16_t *key_counts(const kind *k, uint64_t *key)
{
	return (uint16_t *)(key + k->key_counts);
}

/* Cores of each kind by their free threads, but for those that are all free; and the masks where
 * they matter. */
void key_count_cores(const kind *k, uint32_t node_ix, const uint64_t *mask, uint64_t *key)
{
	const struct node_shape *shape = &k->nodes[node_ix];
	uint16_t *counts = key_counts(k, key);

	memset(key + k->key_counts, 0, (k->key_words - k->key_counts) * sizeof(*key));
	for (uint32_t c = 0; c < shape->n_cores; c++) {
		const uint64_t *core = shape->core_masks + (size_t)c * k->words;
		uint32_t taken = 0;

		for (uint32_t w = 0; w < k->words; w++)
			taken += (uint32_t)__builtin_popcountll(core[w] & mask[w]);
		if (taken && shape->core_type[c] != UINT8_MAX) {
			const struct core_kind *core_kind = &k->core_kinds[shape->core_type[c]];

			counts[core_kind->at + core_kind->n - taken]++;
		}
	}
	if (k->key_masks < k->key_words)
		memcpy(key + k->key_masks, mask, k->words * sizeof(*mask));
}

uint32_t node_intern(vn_fleet *fleet, kind *k, const uint64_t *key)
{
	bool added;
	uint32_t id = table_intern(fleet, &k->node_states, key, &added);

	if (id != NONE && added) {
		struct node_state *state = node_state(k, id);

		memset(node_fit(k, state), 0xff, fleet->room_flavours * sizeof(uint16_t));
		node_derive(fleet, k, state);
	}
	return id;
}

/* ---- what a node has free ---- */

static const vn_node *node_of_type(const kind *k, uint32_t type)
{
	return &k->now->nodes[type]; /* the first node of a type gives it its number */
}

static void count_cpus(const kind *k, struct node_state *state)
{
	const uint64_t *key = node_key(k, state);
	const uint16_t *counts = (const uint16_t *)(key + k->key_counts);
	const struct node_shape *shape = &k->nodes[key_type(key)];

	node_free(k, state)->floats = shape->n_in_cpus;
	node_free(k, state)->threads = shape->n_in_pcpus;
	node_free(k, state)->whole = node_free(k, state)->groups = 0;
	for (uint32_t i = 0; i < k->n_core_kinds; i++) {
		const struct core_kind *core = &k->core_kinds[i];
		uint32_t n = shape->cores_of[i];

		for (uint32_t free = 0; free < core->n; free++) {
			uint32_t taken = (core->n - free) * counts[core->at + free];

			n -= counts[core->at + free];
			node_free(k, state)->floats -= core->cpus ? taken : 0;
			node_free(k, state)->threads -= core->pcpus ? taken : 0;
			if (core->pcpus && free > 1)
				node_free(k, state)->groups += free * counts[core->at + free];
		}
		if (core->pcpus) {
			node_free(k, state)->whole += n;
			node_free(k, state)->groups += core->n > 1 ? n * core->n : 0;
		}
	}
	if (k->key_masks < k->key_words) { /* irregular cores: by the masks */
		const uint64_t *mask = key + k->key_masks;

		node_free(k, state)->floats = node_free(k, state)->threads = 0;
		for (uint32_t w = 0; w < k->words; w++) {
			node_free(k, state)->floats +=
				(uint32_t)__builtin_popcountll(shape->in_cpus[w] & ~mask[w]);
			node_free(k, state)->threads +=
				(uint32_t)__builtin_popcountll(shape->in_pcpus[w] & ~mask[w]);
		}
	}
}

static uint64_t pages_free(const vn_pages *pages, uint64_t used)
{
	uint64_t gone = used + pages->reserved;

	return pages->total > gone && gone >= used ? pages->total - gone : 0;
}

static uint64_t minus(uint64_t a, uint64_t b)
{
	return a > b ? a - b : 0;
}

static uint64_t percent_of(uint64_t value, uint32_t percent)
{
	return percent == 100 ? value : value / 100 * percent + value % 100 * percent / 100;
}

/* Huge pages that nobody has, in KiB. */
static uint64_t huge_free_kib(const vn_node *node, const uint64_t *key)
{
	uint64_t sum = 0;

	for (uint32_t i = vn_node_first_huge(node); i < node->n_pages; i++)
		sum += pages_free(&node->pages[i], key[2 + i]) * node->pages[i].size_kib;
	return sum;
}

static uint64_t ordinary_used(const vn_node *node, const uint64_t *key)
{
	if (vn_node_first_huge(node))
		return (key[2] + node->pages[0].reserved) * node->pages[0].size_kib;
	return key[1] + huge_free_kib(node, key);
}

static uint64_t ordinary_free(const vn_node *node, const uint64_t *key)
{
	if (vn_node_first_huge(node))
		return pages_free(&node->pages[0], key[2]) * node->pages[0].size_kib;
	return minus(minus(node->mem_kib, key[1]), huge_free_kib(node, key));
}

/* As lib/place/prep.c. */
static uint64_t ordinary_room(const kind *k, const vn_node *node, const uint64_t *key,
			      bool dedicated)
{
	uint32_t ratio = k->options.ram_ratio_percent;
	uint64_t total = vn_node_first_huge(node) ? node->pages[0].total * node->pages[0].size_kib
						  : node->mem_kib;
	uint64_t room = UINT64_MAX, book;

	if (dedicated)
		room = ordinary_free(node, key);
	else if (ratio)
		room = minus(percent_of(total, ratio), ordinary_used(node, key));
	if (!dedicated && ratio && vn_node_first_huge(node)) {
		book = minus(percent_of(node->mem_kib, ratio), key[1]);
		room = book < room ? book : room;
	}
	if (room == UINT64_MAX)
		return minus(total, k->options.reserve_kib);
	room = minus(room, k->options.reserve_kib);
	return room < total ? room : total;
}

/* ---- what follows ---- */

void node_derive(vn_fleet *fleet, kind *k, struct node_state *state)
{
	const struct node_shape *shape = &k->nodes[key_type(node_key(k, state))];
	uint32_t ratio = k->options.cpu_ratio_percent ? k->options.cpu_ratio_percent : 100;
	uint64_t only_pins = shape->cpu_all - (uint64_t)shape->n_in_cpus * ratio;
	uint64_t pinned_only = 0;
	unsigned __int128 a, b, all;

	(void)fleet;
	count_cpus(k, state);
	for (uint32_t i = 0; i < 2; i++)
		node_free(k, state)->room_kib[i] = ordinary_room(
			k, node_of_type(k, key_type(node_key(k, state))), node_key(k, state), i);
	for (uint32_t i = 0; i < k->n_core_kinds; i++) {
		const struct core_kind *core = &k->core_kinds[i];
		const uint16_t *counts = (const uint16_t *)(node_key(k, state) + k->key_counts);

		for (uint32_t free = 0; !core->cpus && free < core->n; free++)
			pinned_only += (uint64_t)(core->n - free) * counts[core->at + free];
	}
	state->cpu_free = minus((uint64_t)node_free(k, state)->floats * ratio,
				(node_key(k, state)[0] & UINT32_MAX) * 100) +
			  minus(only_pins, pinned_only * 100);
	a = (unsigned __int128)state->cpu_free * shape->mem_all;
	b = (unsigned __int128)minus(shape->mem_all, node_key(k, state)[1]) * shape->cpu_all;
	all = (unsigned __int128)shape->cpu_all * shape->mem_all;
	state->share = a < b ? a : b;
	state->rem = all ? (uint32_t)((state->share << 30) / all) : 0;
	state->epoch = 0;
}

static uint64_t page_slots(const kind *k, const vn_node *node, uint32_t i, const uint64_t *key,
			   const struct cell_need *need)
{
	uint64_t size = node->pages[i].size_kib, free = pages_free(&node->pages[i], key[2 + i]);

	if (i < vn_node_first_huge(node) && k->options.reserve_kib)
		free = minus(free,
			     k->options.reserve_kib / size + (k->options.reserve_kib % size != 0));
	return need->mem_kib % size ? 0 : free / (need->mem_kib / size);
}

static uint64_t memory_slots(const kind *k, struct node_state *state, const struct cell_need *need)
{
	const uint64_t *key = node_key(k, state);
	const vn_node *node = node_of_type(k, key_type(key));
	uint32_t base = vn_node_first_huge(node);
	uint64_t sum = 0;

	if (!need->mem_kib)
		return FIT_MOST;
	if (need->want == VN_PAGES_NONE || (need->want == VN_PAGES_SMALL && !base)) {
		uint64_t most =
			base ? node->pages[0].total * node->pages[0].size_kib : node->mem_kib;
		uint64_t room = node_free(k, state)->room_kib[need->dedicated];

		return (room < most ? room : most) / need->mem_kib;
	}
	for (uint32_t i = 0; i < node->n_pages; i++)
		if (need->want == VN_PAGES_ANY || (need->want == VN_PAGES_SMALL && i < base) ||
		    (need->want == VN_PAGES_LARGE && i >= base) ||
		    (need->want == VN_PAGES_DEFAULT && i == base) ||
		    (need->want == VN_PAGES_SIZE && node->pages[i].size_kib == need->page_kib))
			sum += page_slots(k, node, i, key, need);
	return sum;
}

static uint64_t cpu_slots(const kind *k, struct node_state *state, const struct cell_need *need)
{
	uint64_t most = FIT_MOST, usage = node_key(k, state)[0] & UINT32_MAX, room, n;
	uint32_t pins = need->pins + need->extra;

	if (need->floating) {
		if (need->floating > node_free(k, state)->floats)
			return 0;
		if (k->options.cpu_ratio_percent) {
			room = minus((uint64_t)node_free(k, state)->floats *
					     k->options.cpu_ratio_percent / 100,
				     usage);
			most = room / need->floating;
		}
	}
	if (!pins)
		return most;
	n = node_free(k, state)->threads / pins;
	if (need->pins && need->policy == VN_THREADS_ISOLATE &&
	    node_free(k, state)->whole / need->pins < n)
		n = node_free(k, state)->whole / need->pins;
	if (need->pins && need->policy == VN_THREADS_REQUIRE &&
	    node_free(k, state)->groups / need->pins < n)
		n = node_free(k, state)->groups / need->pins;
	return n < most ? n : most;
}

uint32_t node_slots(const kind *k, struct node_state *state, const struct cell_need *need)
{
	const vn_node *node = node_of_type(k, key_type(node_key(k, state)));
	uint64_t cpu, memory;

	if (!node->mem_kib || node->gpu_memory)
		return 0;
	cpu = cpu_slots(k, state, need);
	memory = cpu ? memory_slots(k, state, need) : 0;
	cpu = cpu < memory ? cpu : memory;
	return cpu < FIT_MOST ? (uint32_t)cpu : FIT_MOST;
}

uint32_t node_fits(vn_fleet *fleet, kind *k, uint32_t id, uint32_t flavour)
{
	struct node_state *state = node_state(k, id);
	uint16_t *fit = &node_fit(k, state)[flavour];

	if (*fit == FIT_UNKNOWN) {
		const struct recipe *recipe = recipe_of(fleet, k, flavour);

		*fit = recipe->way == RECIPE_NEVER ? 0
						   : (uint16_t)node_slots(k, state, &recipe->need);
	}
	return *fit;
}

/* ---- the states after and before ---- */

/* The cores after `pins` more, policy prefer: pairs first, then single threads, then one pair more
 * is broken. As lib/place/cores.c for cores of at most two threads. */
static void take_pins(const kind *k, uint64_t *key, uint32_t pins)
{
	const struct node_shape *shape = &k->nodes[key_type(key)];
	uint16_t *counts = key_counts(k, key);

	for (uint32_t i = 0; i < k->n_core_kinds; i++) {
		const struct core_kind *core = &k->core_kinds[i];
		uint32_t n = core->n == 2
				     ? shape->cores_of[i] - counts[core->at] - counts[core->at + 1]
				     : 0;

		if (!core->pcpus || core->n != 2)
			continue;
		n = pins / 2 < n ? pins / 2 : n;
		counts[core->at] += (uint16_t)n;
		pins -= 2 * n;
	}
	for (uint32_t i = 0; i < k->n_core_kinds && pins; i++) { /* cores of one thread */
		const struct core_kind *core = &k->core_kinds[i];
		uint32_t n = core->n == 1 ? shape->cores_of[i] - counts[core->at] : 0;

		if (!core->pcpus || core->n != 1)
			continue;
		n = pins < n ? pins : n;
		counts[core->at] += (uint16_t)n;
		pins -= n;
	}
	for (uint32_t i = 0; i < k->n_core_kinds && pins; i++) { /* half of a pair */
		const struct core_kind *core = &k->core_kinds[i];
		uint32_t n;

		if (!core->pcpus || core->n != 2)
			continue;
		n = pins < counts[core->at + 1] ? pins : counts[core->at + 1];
		counts[core->at] += (uint16_t)n;
		counts[core->at + 1] -= (uint16_t)n;
		pins -= n;
		if (pins == 1 &&
		    shape->cores_of[i] > (uint32_t)counts[core->at] + counts[core->at + 1]) {
			counts[core->at + 1]++;
			pins = 0;
		}
	}
}

static void move_memory(const kind *k, uint64_t *key, const struct cell_need *need, bool take)
{
	const vn_node *node = node_of_type(k, key_type(key));

	for (uint32_t i = 0; i < node->n_pages; i++) {
		uint64_t size = node->pages[i].size_kib, n = (need->mem_kib + size - 1) / size;
		bool base = need->want == VN_PAGES_NONE && i == 0 && vn_node_first_huge(node);

		if (base || (need->want == VN_PAGES_SIZE && size == need->page_kib))
			key[2 + i] = take ? key[2 + i] + n : minus(key[2 + i], n);
	}
	key[1] = take ? key[1] + need->mem_kib : minus(key[1], need->mem_kib);
}

uint32_t node_after(vn_fleet *fleet, kind *k, uint32_t id, uint32_t flavour)
{
	struct node_state *state = node_state(k, id);
	uint32_t *next = &node_next(k, state)[flavour];
	uint64_t key[64 + VN_CPUSET_WORDS];
	const struct recipe *recipe;

	if (*next != NEXT_UNKNOWN)
		return *next == NEXT_NEVER ? NONE : *next - 1;
	if (!node_fits(fleet, k, id, flavour)) {
		*next = NEXT_NEVER;
		return NONE;
	}
	recipe = recipe_of(fleet, k, flavour);
	memcpy(key, node_key(k, state), k->key_words * sizeof(*key));
	key[0] += recipe->need.floating;
	move_memory(k, key, &recipe->need, true);
	if (recipe->need.pins)
		take_pins(k, key, recipe->need.pins);
	id = node_intern(fleet, k, key);
	if (id != NONE)
		*next = id + 1;
	return id;
}

uint32_t node_before(vn_fleet *fleet, kind *k, uint32_t node_ix, uint32_t id, uint32_t flavour,
		     const uint64_t *mask)
{
	const struct recipe *recipe = recipe_of(fleet, k, flavour);
	uint64_t key[64 + VN_CPUSET_WORDS];

	memcpy(key, node_key(k, node_state(k, id)), k->key_words * sizeof(*key));
	key[0] -= recipe->need.floating;
	move_memory(k, key, &recipe->need, false);
	if (recipe->need.pins)
		key_count_cores(k, node_ix, mask, key);
	return node_intern(fleet, k, key);
}
