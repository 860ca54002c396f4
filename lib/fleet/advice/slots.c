/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * How many guests of a flavour a host takes. Where the flavour goes by counts, a formula says it.
 * Else they are placed one after the other on the view of the host, which is given back in the
 * end; where the nodes that one guest has may leave less room for the next, all ways are tried,
 * each state of the host once. */
#include "fleet/advice/advise.h"

#include <stdlib.h>

enum { SEEN_SLOTS = 1 << 13, MASKS_MAX = 128 };

struct packing {
	vn_fleet *fleet;
	kind *k;
	uint32_t flavour;
	struct slots *slots;
	uint32_t tries, best;
	uint64_t first; /* nodes of the first guest, where as many as `best` fit */
	uint32_t n_masks;
	uint64_t masks[MASKS_MAX];
	struct seen { /* states, and with how many guests they were reached; hash 0: nothing */
		uint64_t hash;
		uint32_t depth;
	} * seen;
	uint32_t n_seen;
	uint32_t key[VN_FLEET_NODES_MAX + VN_HOST_DEVICES_MAX + VN_HOST_POOLS_MAX];
};

/* ---- by counts ---- */

static void simple_fits(vn_fleet *fleet, kind *k, uint32_t host, uint32_t flavour, uint32_t *fits)
{
	for (uint32_t i = 0; i < k->n_nodes; i++)
		fits[i] = node_fits(fleet, k, slot_ids(k, fleet->hosts[host].slot)[i], flavour);
}

/* ---- by placing ---- */

static bool spend(struct packing *p)
{
	if (!p->tries || !p->slots->tries) {
		p->slots->exact = false;
		return false;
	}
	p->tries--;
	p->slots->tries--;
	return true;
}

/* One after the other, where vn_place wants them. */
static void pack_greedily(struct packing *p)
{
	while (spend(p) &&
	       ask_place(p->fleet, p->k, p->flavour, 0, p->fleet->placement, NULL) == VN_OK) {
		vn_host_take(p->k->now, p->fleet->placement);
		if (!p->best++)
			p->first = placement_nodes(p->fleet->placement);
	}
}

/* The sets of nodes that a guest could have. False: too many to look at. */
static bool list_masks(struct packing *p)
{
	uint32_t n = p->k->n_nodes, cells = recipe_of(p->fleet, p->k, p->flavour)->cells;
	const struct subsets *subsets;

	enum { ALL = 6 };

	p->n_masks = 0;
	if (n <= ALL) {
		for (uint64_t m = 1; m < UINT64_C(1) << n; m++)
			p->masks[p->n_masks++] = m;
		return true;
	}
	subsets = cells <= n ? subsets_of(p->fleet, p->k, cells) : NULL;
	for (uint32_t i = 0; subsets && i < subsets->n; i++)
		p->masks[p->n_masks++] = subsets->masks[i];
	p->slots->exact = false; /* fewer nodes are not looked at */
	return subsets != NULL;
}

/* The view as it is at some depth. */
struct saved {
	uint32_t *ids, *devices;
	uint64_t *masks;
};

static bool save(struct packing *p, struct saved *ret)
{
	const kind *k = p->k;
	size_t words = (size_t)k->n_nodes * k->words;

	ret->masks = malloc(words * sizeof(uint64_t) +
			    (k->n_nodes + k->device_words) * sizeof(uint32_t));
	if (!ret->masks)
		return false;
	ret->ids = (uint32_t *)(ret->masks + words);
	ret->devices = ret->ids + k->n_nodes;
	if (view_store(p->fleet, p->k, ret->ids, ret->masks, ret->devices, NULL) == VN_OK)
		return true;
	free(ret->masks);
	return false;
}

static uint64_t hash_state(struct packing *p, const struct saved *saved)
{
	uint8_t order[VN_FLEET_NODES_MAX];
	uint32_t *key = p->key;
	const kind *k = p->k;

	state_order(k, saved->ids, order);
	for (uint32_t i = 0; i < k->n_nodes; i++)
		key[i] = saved->ids[order[i]];
	view_count_devices(k, saved->devices, key + k->n_nodes);
	return hash_bytes(key, (k->n_nodes + k->n_groups) * sizeof(*key), 0) | 1;
}

/* Was the host like this before, with as many guests? */
static bool seen_before(struct packing *p, const struct saved *saved, uint32_t depth)
{
	uint64_t hash = hash_state(p, saved);
	uint32_t at = (uint32_t)(hash >> 20) % SEEN_SLOTS;

	for (; p->seen[at].hash; at = (at + 1) % SEEN_SLOTS)
		if (p->seen[at].hash == hash) {
			if (p->seen[at].depth >= depth)
				return true;
			p->seen[at].depth = depth;
			return false;
		}
	if (p->n_seen >= SEEN_SLOTS / 2)
		return false;
	p->seen[at] = (struct seen){ hash, depth };
	p->n_seen++;
	return false;
}

/* No more than this for the CPUs that guests have for themselves. */
static uint64_t bound(const struct packing *p)
{
	const vn_request *request = p->fleet->flavours[p->flavour].request;
	uint64_t pins = vn_cpuset_count(&request->dedicated), free = 0;

	for (uint32_t i = 0; i < p->k->n_nodes; i++)
		free += p->k->now->index->counts[i].threads;
	return pins ? free / pins : UINT64_MAX;
}

static void pack_all_ways(struct packing *p, uint32_t depth, uint64_t first)
{
	vn_placement *placement = p->fleet->placement;
	struct saved saved;

	if (depth > p->best) {
		p->best = depth;
		p->first = first;
	}
	if (bound(p) <= p->best - depth)
		return;
	if (!save(p, &saved)) {
		p->slots->exact = false;
		return;
	}
	for (uint32_t i = 0; i < p->n_masks && !(i == 0 && seen_before(p, &saved, depth)); i++) {
		if (!spend(p))
			break;
		if (ask_place(p->fleet, p->k, p->flavour, p->masks[i], placement, NULL) < 0 ||
		    placement_nodes(placement) != p->masks[i])
			continue;
		vn_host_take(p->k->now, placement);
		pack_all_ways(p, depth + 1, depth ? first : p->masks[i]);
		view_load_state(p->fleet, p->k, saved.ids, saved.masks, saved.devices);
	}
	free(saved.masks);
}

/* Guests of one cell and without devices leave the other nodes alone: any order is as good. */
static bool order_matters(const struct packing *p)
{
	const vn_request *request = p->fleet->flavours[p->flavour].request;
	const vn_host *host = p->k->now;

	for (uint32_t i = 0; i < host->n_nodes; i++)
		if (!host->nodes[i].mem_kib)
			return true;
	return host->n_nodes > 1 &&
	       (request->n_pci_requests || request->n_devices ||
		recipe_of(p->fleet, p->k, p->flavour)->cells != 1 ||
		(request->mode == VN_MODE_AUTO && !request->n_cells && !request->n_cells_want));
}

static uint32_t pack(vn_fleet *fleet, kind *k, uint32_t host, uint32_t flavour, struct slots *slots,
		     uint64_t *first)
{
	struct packing *p = calloc(1, sizeof(*p));
	uint32_t best;

	if (!p) {
		slots->exact = false;
		return 0;
	}
	p->fleet = fleet;
	p->k = k;
	p->flavour = flavour;
	p->slots = slots;
	p->tries = VN_FORECAST_CLASS_TRIES;
	for (uint32_t f = 0; f < fleet->n_flavours; f++)
		recipe_of(fleet, k, f); /* now, since that uses the view */
	view_load(fleet, host);
	k->loaded = NONE; /* it changes from now on */
	pack_greedily(p);
	if (p->best && order_matters(p)) {
		view_load(fleet, host);
		k->loaded = NONE;
		p->seen = calloc(SEEN_SLOTS, sizeof(*p->seen));
		if (p->seen && list_masks(p))
			pack_all_ways(p, 0, 0);
		else
			slots->exact = false;
	}
	best = p->best;
	*first = p->first;
	free(p->seen);
	free(p);
	return best;
}

uint32_t host_most(vn_fleet *fleet, uint32_t host, uint32_t flavour, struct slots *slots)
{
	kind *k = fleet->kinds[fleet->pools[fleet->hosts[host].pool]->kind];
	const struct recipe *recipe = recipe_of(fleet, k, flavour);
	uint32_t fits[VN_FLEET_NODES_MAX];
	uint64_t first = 0;

	switch (recipe->way) {
	case RECIPE_SIMPLE:
		simple_fits(fleet, k, host, flavour, fits);
		for (uint32_t i = 0; i < k->n_nodes; i++)
			slots->exact &= fits[i] < FIT_MOST;
		return slots_most(k->n_nodes, recipe->cells, fits);
	case RECIPE_ASK: return pack(fleet, k, host, flavour, slots, &first);
	default: return 0;
	}
}

uint64_t roomiest_nodes(vn_fleet *fleet, uint32_t host, uint32_t flavour, struct slots *slots)
{
	kind *k = fleet->kinds[fleet->pools[fleet->hosts[host].pool]->kind];
	const struct recipe *recipe = recipe_of(fleet, k, flavour);
	uint32_t fits[VN_FLEET_NODES_MAX];
	uint64_t nodes = 0;

	if (recipe->way == RECIPE_ASK)
		pack(fleet, k, host, flavour, slots, &nodes);
	if (recipe->way != RECIPE_SIMPLE)
		return nodes;
	simple_fits(fleet, k, host, flavour, fits);
	for (uint32_t c = 0; c < recipe->cells; c++) {
		uint32_t best = NONE;

		for (uint32_t i = 0; i < k->n_nodes; i++)
			if (fits[i] && !(nodes >> i & 1) && (best == NONE || fits[i] > fits[best]))
				best = i;
		if (best == NONE)
			return 0;
		nodes |= UINT64_C(1) << best;
	}
	return nodes;
}
