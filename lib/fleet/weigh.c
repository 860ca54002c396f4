/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The weighers: what an option costs, in exact integers, smaller is better. README.md has the
 * formulas. "Free" of a node is min(free CPUs / CPUs, free memory / memory), times 2^30 and rounded
 * down; sums and differences are made before that, where the nodes of a host are equal. */
#include "fleet/engine.h"

enum { FREE_BITS = 30 };

static uint64_t add(uint64_t a, uint64_t b)
{
	return a + b < COST_MOST ? a + b : COST_MOST;
}

static uint64_t times(uint64_t weight, uint64_t n)
{
	unsigned __int128 product = (unsigned __int128)weight * n;

	return product < COST_MOST ? (uint64_t)product : COST_MOST;
}

/* ---- slots ---- */

/* How many guests of `cells` cells, each on a node of its own, fit on n nodes that take fits[]
 * cells each: min over r < cells of floor((sum - sum of the r largest) / (cells - r)). */
uint32_t slots_most(uint32_t n, uint32_t cells, const uint32_t *fits)
{
	uint32_t sorted[VN_FLEET_NODES_MAX];
	uint64_t left = 0, most = UINT64_MAX;

	if (n == 2 && cells == 2)
		return fits[0] < fits[1] ? fits[0] : fits[1];
	if (cells > n || !cells)
		return 0;
	for (uint32_t i = 0; i < n; i++) {
		uint32_t at = i;

		for (; at && sorted[at - 1] < fits[i]; at--)
			sorted[at] = sorted[at - 1];
		sorted[at] = fits[i];
		left += fits[i];
	}
	for (uint32_t r = 0; r < cells; r++) {
		uint64_t slots = left / (cells - r);

		most = slots < most ? slots : most;
		left -= sorted[r];
	}
	return (uint32_t)most;
}

/* Guests for which there are devices. */
static uint32_t device_slots(const kind *k, const vn_request *request, const uint32_t *counts)
{
	const vn_host *host = k->now;
	uint32_t groups = k->n_groups - host->n_pools, most = FIT_MOST;

	for (uint32_t i = 0; i < request->n_pci_requests; i++) {
		const vn_pci_request *want = &request->pci_requests[i];
		uint64_t there = 0, taken = 0;
		uint32_t next = 0; /* groups are numbered in the order of their first device */

		for (uint32_t d = 0; d < host->n_devices; d++) {
			const vn_device *device = &host->devices[d];

			if ((want->vendor && want->vendor != device->vendor) ||
			    (want->product && want->product != device->product))
				continue;
			there++;
			if (k->device_group[d] >= next) {
				next = k->device_group[d] + 1U;
				taken += counts[k->device_group[d]];
			}
		}
		there = there > taken ? there - taken : 0;
		for (uint32_t p = 0; p < host->n_pools; p++)
			if ((!want->vendor || want->vendor == host->pools[p].vendor) &&
			    (!want->product || want->product == host->pools[p].product))
				there += counts[groups + p];
		if (want->count && there / want->count < most)
			most = (uint32_t)(there / want->count);
	}
	return most;
}

bool in_huge_pages(const struct recipe *recipe)
{
	switch (recipe->need.want) {
	case VN_PAGES_LARGE:
	case VN_PAGES_DEFAULT: return true;
	case VN_PAGES_SIZE: return recipe->need.page_kib > VN_BASE_PAGE_KIB_MAX;
	default: return false;
	}
}

static bool needs_host(const vn_fleet *fleet, const struct recipe *recipe, uint32_t flavour)
{
	return recipe->cells > 1 || fleet->flavours[flavour].request->n_pci_requests;
}

/* Flavours whose slots are not a sum over nodes. */
static void find_many(vn_fleet *fleet, kind *k)
{
	if (k->many_epoch == fleet->epoch)
		return;
	k->many_epoch = fleet->epoch;
	k->n_many = 0;
	for (uint32_t f = 0; f < fleet->n_flavours; f++) {
		const struct recipe *recipe;

		if (!fleet->weights[f] && !fleet->counts[f])
			continue;
		recipe = recipe_of(fleet, k, f);
		if (recipe->way != RECIPE_NEVER && needs_host(fleet, recipe, f))
			k->many[k->n_many++] = (struct many){ .flavour = f,
							      .weight = recipe->cells <= k->n_nodes
										? fleet->weights[f]
										: 0,
							      .huge = in_huge_pages(recipe) };
	}
}

static void sum_up(vn_fleet *fleet, kind *k, uint32_t id, struct node_state *state)
{
	state->single[0] = state->single[1] = state->fragments = 0;
	for (uint32_t f = 0; f < fleet->n_flavours; f++) {
		const struct recipe *recipe;
		uint64_t *single;
		uint32_t fits;

		if (!fleet->weights[f] && !fleet->counts[f])
			continue;
		recipe = recipe_of(fleet, k, f);
		fits = node_fits(fleet, k, id, f);
		if (recipe->way != RECIPE_NEVER && needs_host(fleet, recipe, f))
			continue;
		single = &state->single[in_huge_pages(recipe)];
		*single = add(*single, times(fleet->weights[f], fits));
		if (!fits)
			state->fragments =
				add(state->fragments, times(fleet->counts[f], state->cpu_free));
	}
	state->epoch = fleet->epoch;
}

/* The sums over flavours of one cell. */
static inline const struct node_state *summed(vn_fleet *fleet, kind *k, uint32_t id)
{
	struct node_state *state = node_state(k, id);

	if (state->epoch != fleet->epoch)
		sum_up(fleet, k, id, state);
	return state;
}

static uint32_t host_slots(vn_fleet *fleet, kind *k, const uint32_t *ids, const uint32_t *devices,
			   uint32_t flavour)
{
	const struct recipe *recipe = recipe_of(fleet, k, flavour);
	const vn_request *request = fleet->flavours[flavour].request;
	uint32_t fits[VN_FLEET_NODES_MAX], most, limit;

	for (uint32_t i = 0; i < k->n_nodes; i++)
		fits[i] = node_fits(fleet, k, ids[i], flavour);
	most = slots_most(k->n_nodes, recipe->cells, fits);
	if (!request->n_pci_requests || !most)
		return most;
	limit = device_slots(k, request, devices);
	return limit < most ? limit : most;
}

uint32_t slots_of(vn_fleet *fleet, kind *k, const uint32_t *ids, const uint32_t *devices,
		  uint32_t flavour)
{
	const struct recipe *recipe = recipe_of(fleet, k, flavour);
	uint32_t sum = 0;

	if (recipe->way == RECIPE_NEVER || recipe->cells > k->n_nodes)
		return 0;
	if (needs_host(fleet, recipe, flavour))
		return host_slots(fleet, k, ids, devices, flavour);
	for (uint32_t i = 0; i < k->n_nodes; i++)
		sum += node_fits(fleet, k, ids[i], flavour);
	return sum;
}

/* What is not a sum over nodes, for nearly all hosts: those of two nodes. Both are summed(), so
 * that their fits are known. */
static void pairs_value(const kind *k, const uint32_t *ids, uint64_t ret[2])
{
	const uint16_t *a = node_fit(k, node_state(k, ids[0]));
	const uint16_t *b = node_fit(k, node_state(k, ids[1]));

	for (const struct many *many = k->many, *end = many + k->n_many; many < end;) {
		uint64_t sum[2] = { 0 }; /* of products of 40 and 16 bits: not too many */

		for (uint32_t i = 0; i < 32 && many < end; i++, many++) {
			uint32_t f = many->flavour;

			sum[many->huge] += many->weight * (a[f] < b[f] ? a[f] : b[f]);
		}
		ret[0] = add(ret[0], sum[0]);
		ret[1] = add(ret[1], sum[1]);
	}
}

void slots_value(vn_fleet *fleet, const kind *of, const uint32_t *ids, const uint32_t *devices,
		 uint64_t ret[2])
{
	kind *k = (kind *)of; /* what it remembers is filled in */

	ret[0] = ret[1] = 0;
	find_many(fleet, k);
	for (uint32_t i = 0; i < k->n_nodes; i++) {
		const struct node_state *state = summed(fleet, k, ids[i]);

		ret[0] = add(ret[0], state->single[0]);
		ret[1] = add(ret[1], state->single[1]);
	}
	if (k->n_nodes == 2 && !k->has_devices) {
		pairs_value(k, ids, ret);
		return;
	}
	for (uint32_t i = 0; i < k->n_many; i++) {
		const struct many *many = &k->many[i];

		ret[many->huge] =
			add(ret[many->huge],
			    times(many->weight, host_slots(fleet, k, ids, devices, many->flavour)));
	}
}

/* Does every guest leave room for one less? Not where memory has no ratio, or one above 100: no
 * more of it counts than there is (node.c). */
static bool is_counted(const kind *k, const struct cell_need *need)
{
	uint32_t memory = k->options.ram_ratio_percent;

	if (need->want == VN_PAGES_NONE && !need->dedicated && (!memory || memory > 100))
		return false;
	for (uint32_t i = 0; i < k->n_nodes; i++) {
		uint64_t most = k->nodes[i].mem_all > k->now->nodes[i].mem_kib
					? k->nodes[i].mem_all
					: k->now->nodes[i].mem_kib;

		if (most / need->mem_kib >= FIT_MOST)
			return false; /* more than are counted */
	}
	return true;
}

/* So many guests of `small` would have a place where one of `large` is. */
static uint64_t replaced_by(const kind *k, const struct recipe *large, const struct recipe *small)
{
	const struct cell_need *a = &large->need, *b = &small->need;
	uint64_t cpus, memory, n;

	if (small->way != RECIPE_SIMPLE || !is_counted(k, b))
		return 0;
	if (large == small)
		return 1;
	if (a->want != b->want || a->page_kib != b->page_kib || a->dedicated != b->dedicated ||
	    !a->pins != !b->pins || a->mem_kib % 1024 || b->mem_kib % 1024 ||
	    (small->cells > 1 && small->cells != large->cells))
		return 0;
	cpus = (a->floating + a->pins) / (b->floating + b->pins);
	memory = a->mem_kib / b->mem_kib;
	n = cpus < memory ? cpus : memory;
	return small->cells == 1 ? n * large->cells : n;
}

uint64_t slots_least_loss(vn_fleet *fleet, kind *k, uint32_t flavour)
{
	struct recipe *large = &k->recipes[flavour];

	if (large->way != RECIPE_SIMPLE || large->loss_epoch == fleet->epoch)
		return large->least_loss;
	large->loss_epoch = fleet->epoch;
	large->least_loss = 0;
	for (uint32_t f = 0; f < fleet->n_flavours; f++)
		if (fleet->weights[f])
			large->least_loss =
				add(large->least_loss,
				    times(fleet->weights[f],
					  replaced_by(k, large, recipe_of(fleet, k, f))));
	return large->least_loss;
}

static int64_t fragments_value(vn_fleet *fleet, kind *k, const uint32_t *ids,
			       const uint32_t *devices)
{
	uint64_t sum = 0, cpus = 0;

	find_many(fleet, k);
	for (uint32_t i = 0; i < k->n_nodes; i++) {
		const struct node_state *state = summed(fleet, k, ids[i]);

		sum = add(sum, state->fragments);
		cpus += state->cpu_free;
	}
	for (uint32_t i = 0; i < k->n_many; i++)
		if (!host_slots(fleet, k, ids, devices, k->many[i].flavour))
			sum = add(sum, times(fleet->counts[k->many[i].flavour], cpus));
	return (int64_t)sum;
}

static const uint64_t *value_before(vn_fleet *fleet, struct option *o)
{
	if (!o->have_value)
		slots_value(fleet, o->k, o->before, o->devices_before, o->value_before);
	o->have_value = true;
	return o->value_before;
}

static struct weighed weigh_slots(vn_fleet *fleet, struct option *o)
{
	const uint64_t *before = value_before(fleet, o);
	uint64_t after[2];

	slots_value(fleet, o->k, o->after, o->devices_after, after);
	return (struct weighed){ .value = (int64_t)add(before[0], before[1]) -
					  (int64_t)add(after[0], after[1]) };
}

/* Of the flavours that want the same memory as the guest. */
static struct weighed weigh_room(vn_fleet *fleet, struct option *o)
{
	const struct recipe *recipe = &o->k->recipes[o->flavour];

	return (struct weighed){ (int64_t)value_before(fleet, o)[in_huge_pages(recipe)], 0 };
}

static struct weighed weigh_fragments(vn_fleet *fleet, struct option *o)
{
	kind *k = (kind *)o->k;

	if (!o->have_fragments)
		o->fragments_before = fragments_value(fleet, k, o->before, o->devices_before);
	o->have_fragments = true;
	return (struct weighed){ .value = fragments_value(fleet, k, o->after, o->devices_after) -
					  o->fragments_before };
}

/* ---- fullness ---- */

/* The average of free over the nodes of a mask. */
static uint64_t average_free(const kind *k, const uint32_t *ids, uint64_t nodes)
{
	uint32_t n = (uint32_t)__builtin_popcountll(nodes);
	unsigned __int128 share = 0, all;
	uint64_t sum = 0;

	if (!(nodes & (nodes - 1)))
		return node_state(k, ids[__builtin_ctzll(nodes)])->rem;
	for (uint64_t rest = nodes; rest; rest &= rest - 1) {
		const struct node_state *state = node_state(k, ids[__builtin_ctzll(rest)]);

		share += state->share;
		sum += state->rem;
	}
	if (!k->uniform)
		return sum / n;
	all = (unsigned __int128)k->nodes[0].cpu_all * k->nodes[0].mem_all * n;
	if (!all)
		return 0;
	if (!(share >> (64 - FREE_BITS)) && !(all >> 64))
		return ((uint64_t)share << FREE_BITS) / (uint64_t)all;
	return (uint64_t)((share << FREE_BITS) / all);
}

static uint64_t all_nodes(const kind *k)
{
	return k->n_nodes == 64 ? UINT64_MAX : (UINT64_C(1) << k->n_nodes) - 1;
}

static struct weighed weigh_host_first(vn_fleet *fleet, struct option *o)
{
	uint64_t all = all_nodes(o->k), nodes = 0;

	(void)fleet;
	if (!o->have_free)
		o->host_free = average_free(o->k, o->before, all);
	o->have_free = true;
	if (o->nodes != all || o->k->n_nodes == 1)
		nodes = average_free(o->k, o->before, o->nodes);
	return (struct weighed){ .value = (int64_t)(o->host_free << (FREE_BITS + 1) | nodes) };
}

static struct weighed weigh_best(vn_fleet *fleet, struct option *o)
{
	(void)fleet;
	return (struct weighed){ .value = (int64_t)average_free(o->k, o->before, o->nodes) };
}

static struct weighed weigh_worst(vn_fleet *fleet, struct option *o)
{
	uint32_t least = UINT32_MAX;

	(void)fleet;
	for (uint64_t rest = o->nodes; rest; rest &= rest - 1) {
		uint32_t rem = node_state(o->k, o->after[__builtin_ctzll(rest)])->rem;

		least = rem < least ? rem : least;
	}
	return (struct weighed){ .value = -(int64_t)least };
}

/* ---- balance ---- */

/* The difference between the freest and the fullest node. */
static uint64_t spread_of(const kind *k, const uint32_t *ids)
{
	unsigned __int128 most = 0, least = ~(unsigned __int128)0, all;
	uint32_t most_rem = 0, least_rem = UINT32_MAX;

	for (uint32_t i = 0; i < k->n_nodes; i++) {
		const struct node_state *state = node_state(k, ids[i]);

		most = state->share > most ? state->share : most;
		least = state->share < least ? state->share : least;
		most_rem = state->rem > most_rem ? state->rem : most_rem;
		least_rem = state->rem < least_rem ? state->rem : least_rem;
	}
	if (!k->uniform)
		return most_rem - least_rem;
	all = (unsigned __int128)k->nodes[0].cpu_all * k->nodes[0].mem_all;
	return all ? (uint64_t)(((most - least) << FREE_BITS) / all) : 0;
}

static int64_t freest_first(const struct option *o)
{
	return -(int64_t)node_state(o->k, o->before[__builtin_ctzll(o->nodes)])->rem;
}

static struct weighed weigh_balance(vn_fleet *fleet, struct option *o)
{
	(void)fleet;
	if (o->cells > 1)
		return (struct weighed){ 0 };
	return (struct weighed){ -(int64_t)spread_of(o->k, o->before), freest_first(o) };
}

static double free_share(const kind *k, uint32_t node_ix, uint32_t id)
{
	const struct node_shape *shape = &k->nodes[node_ix];
	const struct node_state *state = node_state(k, id);
	double cpu = shape->cpu_all ? (double)state->cpu_free / (double)shape->cpu_all : 0;
	uint64_t used = node_key(k, node_state(k, id))[1];
	uint64_t left = shape->mem_all > used ? shape->mem_all - used : 0;
	double mem = shape->mem_all ? (double)left / (double)shape->mem_all : 0;

	return cpu < mem ? cpu : mem;
}

static struct weighed weigh_balance_published(vn_fleet *fleet, struct option *o)
{
	double most = 0, least = 2, spread;
	int64_t bits;

	(void)fleet;
	if (o->cells > 1)
		return (struct weighed){ 0 };
	for (uint32_t i = 0; i < o->k->n_nodes; i++) {
		double share =
			free_share(o->k, key_type(node_key(o->k, node_state(o->k, o->before[i]))),
				   o->before[i]);

		most = share > most ? share : most;
		least = share < least ? share : least;
	}
	spread = most - least; /* not negative: its bits are in the order of its value */
	memcpy(&bits, &spread, sizeof(bits));
	return (struct weighed){ -bits, freest_first(o) };
}

static struct weighed weigh_nothing(vn_fleet *fleet, struct option *o)
{
	(void)fleet;
	(void)o;
	return (struct weighed){ 0 };
}

struct weighed weigh(vn_fleet *fleet, enum vn_weigher weigher, struct option *option)
{
	static struct weighed (*const weighers[VN_WEIGHER_COUNT])(vn_fleet *, struct option *) = {
		[VN_WEIGH_SLOTS] = weigh_slots,
		[VN_WEIGH_ROOM] = weigh_room,
		[VN_WEIGH_HOST_FIRST] = weigh_host_first,
		[VN_WEIGH_BALANCE] = weigh_balance,
		[VN_WEIGH_FRAGMENTS] = weigh_fragments,
		[VN_WEIGH_FIRST] = weigh_nothing,
		[VN_WEIGH_BEST] = weigh_best,
		[VN_WEIGH_WORST] = weigh_worst,
		[VN_WEIGH_RANDOM] = weigh_nothing,
		[VN_WEIGH_BALANCE_PUBLISHED] = weigh_balance_published,
	};

	return weighers[weigher](fleet, option);
}
