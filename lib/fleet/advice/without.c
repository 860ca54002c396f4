/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A host without some of its claims. Simple ones are taken out of the counts; if there are no
 * others, and the flavour goes by counts too, nothing else is asked. Else the view of the host is
 * made from them, the placements of the others are given back there, and vn_place is asked. */
#include "fleet/advice/advise.h"
#include "fleet/claim.h"

struct without {
	vn_fleet *fleet;
	kind *k;
	uint32_t host;
	uint32_t ids[VN_FLEET_NODES_MAX];
	uint64_t masks[VN_FLEET_NODES_MAX * VN_CPUSET_WORDS];
	bool asked; /* some of those that are gone were placed by vn_place */
};

static const struct claim_detail *detail_of(const vn_fleet *fleet, vn_claim claim)
{
	uint32_t ix = (uint32_t)claim;

	return claim_detail_of(fleet, &fleet->claims[ix / CLAIMS_CHUNK][ix % CLAIMS_CHUNK]);
}

/* As vn_fleet_release takes a simple claim out of the host. */
static bool take_out(struct without *w, vn_claim claim)
{
	const struct claim_detail *detail = detail_of(w->fleet, claim);
	const uint64_t *own = detail ? detail->words : NULL;
	vn_claim_info info;

	if (vn_fleet_claim_info(w->fleet, claim, &info, NULL) < 0)
		return false;
	if (detail && detail->bytes) {
		w->asked = true;
		return true;
	}
	for (uint64_t rest = info.nodes; rest; rest &= rest - 1) {
		uint32_t i = (uint32_t)__builtin_ctzll(rest), words = w->k->words;
		uint64_t *mask = w->masks + (size_t)i * words;

		if (own && recipe_of(w->fleet, w->k, info.flavour)->need.pins)
			for (uint32_t word = 0; word < words; word++)
				mask[word] &= ~*own++;
		w->ids[i] = node_before(w->fleet, w->k, i, w->ids[i], info.flavour, mask);
		if (w->ids[i] == NONE)
			return false;
	}
	return true;
}

static bool fits_by_counts(struct without *w, uint32_t flavour, uint64_t *nodes)
{
	uint32_t counts[VN_HOST_DEVICES_MAX + VN_HOST_POOLS_MAX], n = 0;
	struct best_option best;

	for (uint32_t i = 0; i < w->k->n_nodes; i++)
		n += node_fits(w->fleet, w->k, w->ids[i], flavour) != 0;
	if (n < recipe_of(w->fleet, w->k, flavour)->cells)
		return false;
	if (!nodes)
		return true;
	view_count_devices(w->k, slot_devices(w->k, w->fleet->hosts[w->host].slot), counts);
	if (!best_option(w->fleet, w->k, w->ids, counts, w->host, flavour, &best))
		return false;
	*nodes = best.nodes;
	return true;
}

static bool fits_by_asking(struct without *w, const vn_claim *gone, uint32_t n, uint32_t flavour,
			   uint64_t *nodes)
{
	vn_placement *placement = w->fleet->placement;
	uint64_t found = 0;

	view_load_state(w->fleet, w->k, w->ids, w->masks,
			slot_devices(w->k, w->fleet->hosts[w->host].slot));
	for (uint32_t i = 0; i < n; i++) {
		const struct claim_detail *detail = detail_of(w->fleet, gone[i]);

		if (!detail || !detail->bytes)
			continue;
		claim_unpack(w->k, detail->words, placement);
		vn_host_release(w->k->now, placement);
	}
	if (ask_place(w->fleet, w->k, flavour, 0, placement, NULL) < 0)
		return false;
	for (uint32_t c = 0; c < placement->n_cells; c++)
		found |= UINT64_C(1) << placement->cells[c].node_ix |
			 UINT64_C(1) << placement->cells[c].mem_node_ix;
	if (nodes)
		*nodes = found;
	return true;
}

bool fits_without(vn_fleet *fleet, uint32_t host, const vn_claim *gone, uint32_t n,
		  uint32_t flavour, uint64_t *nodes)
{
	struct without w = { .fleet = fleet, .host = host };
	const struct host *h = &fleet->hosts[host];
	enum recipe_way way;

	w.k = fleet->kinds[fleet->pools[h->pool]->kind];
	way = recipe_of(fleet, w.k, flavour)->way;
	if (way == RECIPE_NEVER)
		return false;
	states_forget(fleet, w.k); /* those of the last questions */
	memcpy(w.ids, slot_ids(w.k, h->slot), w.k->n_nodes * sizeof(*w.ids));
	memcpy(w.masks, slot_masks(w.k, h->slot),
	       (size_t)w.k->n_nodes * w.k->words * sizeof(*w.masks));
	for (uint32_t i = 0; i < n; i++)
		if (!take_out(&w, gone[i]))
			return false;
	if (way == RECIPE_SIMPLE && !w.asked)
		return fits_by_counts(&w, flavour, nodes);
	return fits_by_asking(&w, gone, n, flavour, nodes);
}
