/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Options of flavours that are not simple, by asking vn_place about the host itself: first where
 * the guest goes by its own rules, then, where each of its cells has a node of its own, about every
 * other way to choose as many nodes. */
#include "fleet/engine.h"

int ask_place(vn_fleet *fleet, kind *k, uint32_t flavour, uint64_t nodes, vn_placement *ret,
	      vn_error *err)
{
	struct flavour *f = &fleet->flavours[flavour];
	vn_request *within = f->within;

	fleet->counters.placed++;
	if (!nodes)
		return vn_place(k->now, f->request, &k->options, ret, err);
	within->nodeset_given = true;
	within->nodeset = (vn_nodeset){ 0 };
	for (uint64_t rest = nodes; rest; rest &= rest - 1) {
		uint32_t id = k->now->nodes[__builtin_ctzll(rest)].id;

		if (!f->request->nodeset_given || vn_nodeset_has(&f->request->nodeset, id))
			vn_nodeset_add(&within->nodeset, id);
	}
	return vn_place(k->now, within, &k->options, ret, err);
}

uint64_t placement_nodes(const vn_placement *placement)
{
	uint64_t nodes = 0;

	for (uint32_t c = 0; c < placement->n_cells; c++)
		nodes |= UINT64_C(1) << placement->cells[c].node_ix |
			 UINT64_C(1) << placement->cells[c].mem_node_ix;
	return nodes;
}

struct asking {
	vn_fleet *fleet;
	kind *k;
	uint32_t flavour;
	struct option option;
	uint64_t masks[VN_FLEET_NODES_MAX * VN_CPUSET_WORDS];
	uint32_t after[VN_FLEET_NODES_MAX];
	uint32_t devices[(VN_HOST_DEVICES_MAX + 31) / 32 + VN_HOST_POOLS_MAX];
	uint32_t counts_before[VN_HOST_DEVICES_MAX + VN_HOST_POOLS_MAX];
	uint32_t counts_after[VN_HOST_DEVICES_MAX + VN_HOST_POOLS_MAX];
};

/* The state after the placement; the view is as before in the end. */
static bool see_after(struct asking *a, const vn_placement *placement)
{
	int r;

	vn_host_take(a->k->now, placement);
	r = view_store(a->fleet, a->k, a->after, a->masks, a->devices, NULL);
	view_count_devices(a->k, a->devices, a->counts_after);
	vn_host_release(a->k->now, placement);
	return r == VN_OK;
}

static void start(struct asking *a, vn_fleet *fleet, kind *k, uint32_t host, uint32_t flavour)
{
	const struct host *h = &fleet->hosts[host];

	a->fleet = fleet;
	a->k = k;
	a->flavour = flavour;
	a->option = (struct option){ .k = k,
				     .flavour = flavour,
				     .before = slot_ids(k, h->slot),
				     .after = a->after,
				     .devices_before = a->counts_before,
				     .devices_after = a->counts_after };
	for (uint32_t f = k->n_recipes; f < fleet->n_flavours; f++)
		recipe_of(fleet, k, f); /* now, since that uses the view */
	k->n_recipes = fleet->n_flavours;
	view_load(fleet, host);
	view_count_devices(k, slot_devices(k, h->slot), a->counts_before);
}

static bool consider(struct asking *a, const vn_placement *placement, bool found,
		     struct best_option *ret)
{
	const struct recipe *recipe = recipe_of(a->fleet, a->k, a->flavour);
	const vn_cost *cost = &placement->cost;
	struct best_option one = { 0 };
	uint64_t far = 0;

	if (!see_after(a, placement))
		return found;
	if (!a->fleet->policy.any_distance && cost->distance > recipe->least)
		far = cost->distance - recipe->least;
	far += cost->devices_remote << 40;
	a->option.nodes = placement_nodes(placement);
	a->option.cells = placement->n_cells;
	score_option(a->fleet, &a->option, far, &one);
	if (!found || score_less(&one.score, &ret->score) ||
	    (score_equal(&one.score, &ret->score) && one.inner < ret->inner))
		*ret = one;
	return true;
}

bool ask_best(vn_fleet *fleet, kind *k, uint32_t host, uint32_t flavour, struct best_option *ret)
{
	vn_placement *placement = fleet->placement;
	const struct subsets *subsets;
	struct asking asking;
	uint32_t cells;
	bool found;

	start(&asking, fleet, k, host, flavour);
	if (ask_place(fleet, k, flavour, 0, placement, NULL) < 0)
		return false;
	cells = placement->n_cells;
	subsets = cells <= k->n_nodes && (uint32_t)__builtin_popcountll(
						 placement_nodes(placement)) == cells
			  ? subsets_of(fleet, k, cells)
			  : NULL;
	if (!subsets)
		return consider(&asking, placement, false, ret);
	found = false;
	for (uint32_t i = 0; i < subsets->n; i++)
		if (ask_place(fleet, k, flavour, subsets->masks[i], placement, NULL) == VN_OK &&
		    placement_nodes(placement) == subsets->masks[i] && placement->n_cells == cells)
			found = consider(&asking, placement, found, ret);
	return found;
}

bool ask_after(vn_fleet *fleet, kind *k, uint32_t host, uint32_t flavour, uint64_t nodes,
	       uint32_t *after, uint32_t *devices_after)
{
	struct asking asking;

	start(&asking, fleet, k, host, flavour);
	if (ask_place(fleet, k, flavour, nodes, fleet->placement, NULL) < 0 ||
	    !see_after(&asking, fleet->placement))
		return false;
	memcpy(after, asking.after, k->n_nodes * sizeof(*after));
	memcpy(devices_after, asking.counts_after, k->n_groups * sizeof(*devices_after));
	return true;
}
