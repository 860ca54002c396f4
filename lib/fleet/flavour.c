/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Flavours, and how each goes on each kind of host. A simple one (alike cells, each on a node of
 * its own, one wish for pages, no devices, threads as they come) is placed by counts; for all
 * others vn_place is asked. */
#include "fleet/engine.h"

#include <stdio.h>
#include <stdlib.h>

/* ---- ways to choose nodes ---- */

bool choose_count(uint32_t n, uint32_t k, uint32_t most, uint32_t *ret)
{
	uint64_t ways = 1;

	for (uint32_t i = 0; i < k; i++) {
		ways = ways * (n - i) / (i + 1);
		if (ways > most)
			return false;
	}
	*ret = (uint32_t)ways;
	return k <= n;
}

static uint64_t next_subset(uint64_t mask, uint32_t n, uint32_t k)
{
	uint32_t at[VN_FLEET_NODES_MAX], i = 0;

	for (uint64_t rest = mask; rest; rest &= rest - 1)
		at[i++] = (uint32_t)__builtin_ctzll(rest);
	for (i = k; i-- > 0;)
		if (at[i] < n - k + i) {
			at[i]++;
			for (uint32_t j = i + 1; j < k; j++)
				at[j] = at[j - 1] + 1;
			break;
		}
	mask = 0;
	for (i = 0; i < k; i++)
		mask |= UINT64_C(1) << at[i];
	return mask;
}

static void subset_distances(const kind *k, struct subsets *subsets, uint32_t i)
{
	for (uint64_t a = subsets->masks[i]; a; a &= a - 1) {
		uint32_t from = (uint32_t)__builtin_ctzll(a);

		subsets->own[i] += vn_host_distance(k->now, from, from);
		for (uint64_t b = subsets->masks[i]; b; b &= b - 1) {
			uint32_t to = (uint32_t)__builtin_ctzll(b);

			if (to != from)
				subsets->pairs[i] += vn_host_distance(k->now, from, to);
		}
	}
}

const struct subsets *subsets_of(vn_fleet *fleet, kind *k, uint32_t cells)
{
	struct subsets *subsets = &k->subsets[cells];
	uint64_t mask = cells == 64 ? UINT64_MAX : (UINT64_C(1) << cells) - 1;
	uint32_t n;

	if (subsets->n)
		return subsets;
	if (!choose_count(k->n_nodes, cells, SUBSETS_MAX, &n))
		return NULL;
	subsets->masks = fleet_resize(fleet, NULL, 0, n, sizeof(uint64_t));
	subsets->pairs = fleet_resize(fleet, NULL, 0, n, sizeof(uint64_t));
	subsets->own = fleet_resize(fleet, NULL, 0, n, sizeof(uint64_t));
	subsets->n = n;
	if (!subsets->masks || !subsets->pairs || !subsets->own) {
		fleet_give(fleet, subsets->masks, n, 8);
		fleet_give(fleet, subsets->pairs, n, 8);
		fleet_give(fleet, subsets->own, n, 8);
		*subsets = (struct subsets){ 0 };
		return NULL;
	}
	for (uint32_t i = 0; i < n; i++, mask = next_subset(mask, k->n_nodes, cells)) {
		subsets->masks[i] = mask;
		subset_distances(k, subsets, i);
	}
	return subsets;
}

void subsets_clear(vn_fleet *fleet, kind *k)
{
	for (uint32_t c = 0; c <= VN_FLEET_NODES_MAX; c++) {
		fleet_give(fleet, k->subsets[c].masks, k->subsets[c].n, 8);
		fleet_give(fleet, k->subsets[c].pairs, k->subsets[c].n, 8);
		fleet_give(fleet, k->subsets[c].own, k->subsets[c].n, 8);
	}
}

/* ---- recipes ---- */

static uint32_t pins_of(const vn_place_cell *cell, const vn_request *request)
{
	vn_cpuset pins = cell->vcpus;

	vn_cpuset_and(&pins, &request->dedicated);
	return vn_cpuset_count(&pins);
}

static struct cell_need need_of(const vn_placement *placement, uint32_t c,
				const vn_request *request)
{
	const vn_place_cell *cell = &placement->cells[c];
	struct cell_need need = { .policy = request->thread_policy };

	need.pins = pins_of(cell, request);
	need.floating = vn_cpuset_count(&cell->vcpus) - need.pins;
	need.mem_kib = cell->mem_kib + cell->memdev_kib;
	need.dedicated = !vn_cpuset_is_empty(&request->dedicated);
	need.extra = c == 0 && need.dedicated && request->emulator_policy == VN_EMULATOR_ISOLATE;
	for (uint32_t i = 0; i < request->n_pages; i++) {
		const vn_request_pages *pages = &request->pages[i];

		if (!vn_cpuset_is_empty(&pages->cells) && !vn_cpuset_has(&pages->cells, c))
			continue;
		need.want = pages->want;
		need.page_kib = pages->page_kib;
		break;
	}
	return need;
}

static bool needs_equal(const struct cell_need *a, const struct cell_need *b)
{
	return a->floating == b->floating && a->pins == b->pins && a->extra == b->extra &&
	       a->mem_kib == b->mem_kib && a->want == b->want && a->page_kib == b->page_kib;
}

/* Nothing in the request that counts cannot answer. */
static bool request_is_plain(const vn_request *r)
{
	return (r->mode != VN_MODE_AUTO || r->n_cells || r->n_cells_want) && !r->vcpupin &&
	       !r->cpuset_given && !r->numatune_given && vn_cpuset_is_empty(&r->memnode_given) &&
	       !r->n_memdevs && !r->n_devices && !r->n_pci_requests && !r->n_physnets &&
	       !r->tunneled && !r->nodeset_given;
}

static bool host_is_plain(const kind *k, const struct cell_need *need)
{
	if (k->exact)
		return false;
	for (uint32_t i = 0; i < k->n_nodes; i++) {
		const vn_node *node = &k->now->nodes[i];

		if (!node->mem_kib || node->gpu_memory || !k->nodes[i].n_in_cpus ||
		    (need->pins && !k->nodes[i].n_in_pcpus))
			return false;
		for (uint32_t s = 0; s < node->n_pages && need->want == VN_PAGES_SIZE; s++)
			if (node->pages[s].size_kib == need->page_kib && need->page_kib <= 64)
				return false;
	}
	return true;
}

static bool is_simple(vn_fleet *fleet, kind *k, const vn_request *request,
		      const vn_placement *placement, struct recipe *recipe)
{
	const struct cell_need *need = &recipe->need;
	uint64_t used = 0;

	if (!request_is_plain(request) || !host_is_plain(k, need))
		return false;
	if ((need->floating && need->pins) || need->extra ||
	    (need->want != VN_PAGES_NONE && need->want != VN_PAGES_SIZE) || !need->mem_kib)
		return false;
	if (need->pins && (!k->fast_pins || request->thread_policy != VN_THREADS_PREFER ||
			   request->distribution == VN_DISTRIBUTION_SIBLINGS))
		return false;
	for (uint32_t c = 0; c < placement->n_cells; c++) {
		struct cell_need other = need_of(placement, c, request);

		if (!needs_equal(need, &other) || used >> placement->cells[c].node_ix & 1 ||
		    placement->cells[c].mem_node_ix != placement->cells[c].node_ix)
			return false;
		used |= UINT64_C(1) << placement->cells[c].node_ix;
	}
	return subsets_of(fleet, k, placement->n_cells) != NULL;
}

/* The least distance over all nodes: those of the empty host. */
static uint64_t least_distance(const struct subsets *subsets, const struct recipe *recipe)
{
	uint64_t least = UINT64_MAX;

	for (uint32_t i = 0; i < subsets->n; i++) {
		uint64_t far =
			recipe->per_pair * subsets->pairs[i] + recipe->per_cell * subsets->own[i];

		least = far < least ? far : least;
	}
	return least;
}

const struct recipe *recipe_make(vn_fleet *fleet, kind *k, uint32_t flavour)
{
	struct recipe *recipe = &k->recipes[flavour];
	const vn_request *request = fleet->flavours[flavour].request;
	vn_placement *placement = fleet->other;
	uint32_t largest = 0, vcpus;

	view_empty(k);
	recipe->way = RECIPE_NEVER;
	if (vn_place(k->now, request, &k->options, placement, NULL) < 0)
		return recipe;
	recipe->cells = placement->n_cells;
	for (uint32_t c = 1; c < placement->n_cells; c++)
		if (vn_cpuset_count(&placement->cells[c].vcpus) >
		    vn_cpuset_count(&placement->cells[largest].vcpus))
			largest = c;
	recipe->need = need_of(placement, largest, request);
	recipe->remote = placement->cost.devices_remote;
	recipe->least = placement->cost.distance;
	vcpus = recipe->need.floating + recipe->need.pins;
	recipe->per_pair = (uint64_t)vcpus * vcpus;
	recipe->per_cell = vcpus;
	recipe->way = RECIPE_ASK;
	if (is_simple(fleet, k, request, placement, recipe)) {
		recipe->way = RECIPE_SIMPLE;
		recipe->least = least_distance(subsets_of(fleet, k, recipe->cells), recipe);
	}
	return recipe;
}

/* ---- flavours ---- */

static int copy_labels(vn_fleet *fleet, const vn_fleet_flavour *from, struct flavour *to,
		       vn_error *err)
{
	uint32_t n = from->n_required + from->n_one_of + from->n_forbidden, at = 0;
	const vn_label *lists[] = { from->required, from->one_of, from->forbidden };
	const uint32_t sizes[] = { from->n_required, from->n_one_of, from->n_forbidden };

	to->labels = fleet_resize(fleet, NULL, 0, n, sizeof(*to->labels));
	if (!to->labels)
		return vn_fail(err, VN_E_NOMEM, "no memory for a flavour");
	to->n_required = from->n_required;
	to->n_one_of = from->n_one_of;
	to->n_forbidden = from->n_forbidden;
	for (uint32_t l = 0; l < 3; l++)
		for (uint32_t i = 0; i < sizes[l]; i++) {
			to->labels[at] = label_intern(fleet, &lists[l][i], err);
			if (to->labels[at++] == NONE)
				return VN_E_RANGE;
		}
	return VN_OK;
}

static void flavour_free(vn_fleet *fleet, struct flavour *flavour)
{
	uint32_t n = flavour->n_required + flavour->n_one_of + flavour->n_forbidden;

	if (flavour->name)
		fleet_give(fleet, flavour->name, strlen(flavour->name) + 1, 1);
	fleet_give(fleet, flavour->within, 1, sizeof(*flavour->within));
	fleet_give(fleet, flavour->labels, n, sizeof(*flavour->labels));
	fleet_give(fleet, flavour->pools, flavour->room_pools, sizeof(*flavour->pools));
}

void flavours_clear(vn_fleet *fleet)
{
	for (uint32_t i = 0; i < fleet->n_flavours; i++)
		flavour_free(fleet, &fleet->flavours[i]);
	fleet_give(fleet, fleet->flavours, fleet->room_flavours, sizeof(*fleet->flavours));
	fleet_give(fleet, fleet->weights, fleet->room_flavours, sizeof(*fleet->weights));
	fleet_give(fleet, fleet->counts, fleet->room_flavours, sizeof(*fleet->counts));
	fleet_give(fleet, fleet->never, fleet->room_flavours, sizeof(*fleet->never));
	fleet_give(fleet, fleet->often, fleet->room_flavours, sizeof(*fleet->often));
	fleet_give(fleet, fleet->young.of, fleet->room_flavours, sizeof(*fleet->young.of));
	fleet_give(fleet, fleet->rest, fleet->room_flavours, sizeof(*fleet->rest));
}

static int flavour_make(vn_fleet *fleet, const vn_fleet_flavour *from, struct flavour *ret,
			vn_error *err)
{
	const vn_request *request = from->request;
	char text[32];
	const char *name = from->name;
	int r;

	snprintf(text, sizeof(text), "flavour %u", fleet->n_flavours);
	name = name ? name : text;
	if ((r = copy_labels(fleet, from, ret, err)) < 0)
		return r;
	ret->request = request;
	ret->name = fleet_resize(fleet, NULL, 0, strlen(name) + 1, 1);
	ret->within = fleet_resize(fleet, NULL, 0, 1, sizeof(*ret->within));
	if (!ret->name || !ret->within)
		return vn_fail(err, VN_E_NOMEM, "no memory for a flavour");
	memcpy(ret->name, name, strlen(name) + 1);
	*ret->within = *request;
	ret->some_dedicated = !vn_cpuset_is_empty(&request->dedicated);
	ret->all_dedicated = vn_cpuset_count(&request->dedicated) == request->vcpus;
	ret->forced = UINT64_MAX;
	ret->pools_version = NONE;
	return VN_OK;
}

/* Room for more flavours: everything with an entry for each flavour is made anew. */
static int more_flavours(vn_fleet *fleet, vn_error *err)
{
	uint32_t was = fleet->room_flavours, room = was < 64 ? was + 4 : was * 2;
	void **arrays[] = { (void **)&fleet->flavours, (void **)&fleet->weights,
			    (void **)&fleet->counts,   (void **)&fleet->never,
			    (void **)&fleet->often,    (void **)&fleet->young.of,
			    (void **)&fleet->rest };
	const size_t sizes[] = { sizeof(*fleet->flavours), sizeof(*fleet->weights),
				 sizeof(*fleet->counts),   sizeof(*fleet->never),
				 sizeof(*fleet->often),	   sizeof(*fleet->young.of),
				 sizeof(*fleet->rest) };

	for (uint32_t i = 0; i < VN_LEN(arrays); i++) {
		void *more = fleet_resize(fleet, *arrays[i], was, room, sizes[i]);

		if (!more)
			return vn_fail(err, VN_E_NOMEM, "no memory for flavours");
		*arrays[i] = more;
	}
	for (uint32_t f = was; f < room; f++)
		fleet->never[f] = (struct memo){ UINT64_MAX, UINT64_MAX };
	pools_empty(fleet);
	for (uint32_t i = 0; i < fleet->n_kinds; i++) {
		struct recipe *recipes =
			fleet_resize(fleet, fleet->kinds[i]->recipes, was, room, sizeof(*recipes));

		if (!recipes)
			return vn_fail(err, VN_E_NOMEM, "no memory for flavours");
		fleet->kinds[i]->recipes = recipes;
		fleet->kinds[i]->many =
			fleet_resize(fleet, fleet->kinds[i]->many, was, room, sizeof(struct many));
		if (!fleet->kinds[i]->many)
			return vn_fail(err, VN_E_NOMEM, "no memory for flavours");
	}
	if (!pools_bests(fleet, room, fleet->room_pools))
		return vn_fail(err, VN_E_NOMEM, "no memory for flavours");
	return VN_OK;
}

/* May one of its cells need more than another? Then it matters which of two nodes comes first. */
static bool cells_differ(const vn_request *r)
{
	uint32_t cells = r->n_cells ? r->n_cells : r->n_cells_want;
	uint32_t dedicated = vn_cpuset_count(&r->dedicated);

	if (cells == 1 || r->vcpus == 1)
		return false;
	if (!cells)
		return r->mode == VN_MODE_AUTO; /* as many as it takes */
	if (r->n_memdevs || r->emulator_policy == VN_EMULATOR_ISOLATE ||
	    (dedicated && dedicated != r->vcpus) || (!r->n_cells && r->vcpus % cells))
		return true;
	for (uint32_t i = 0; i < r->n_pages; i++)
		if (!vn_cpuset_is_empty(&r->pages[i].cells))
			return true;
	for (uint32_t c = 1; c < r->n_cells; c++)
		if (r->cells[c].mem_kib != r->cells[0].mem_kib ||
		    vn_cpuset_count(&r->cells[c].vcpus) != vn_cpuset_count(&r->cells[0].vcpus))
			return true;
	return false;
}

/* What of a host's state the flavour can tell apart that others cannot. True: more than before. */
static bool sees_more(vn_fleet *fleet, const vn_request *request)
{
	bool first = request->distribution == VN_DISTRIBUTION_SIBLINGS &&
		     !vn_cpuset_is_empty(&request->dedicated);
	bool masks = request->vcpupin || request->cpuset_given;
	bool order = masks || request->nodeset_given || request->numatune_given ||
		     cells_differ(request) || !vn_cpuset_is_empty(&request->memnode_given);
	bool more = (first && !fleet->see_first_core) || (masks && !fleet->see_masks) ||
		    (order && !fleet->see_order);

	fleet->see_first_core |= first;
	fleet->see_masks |= masks;
	fleet->see_order |= order;
	return more;
}

static int check_flavour(const vn_fleet *fleet, const vn_fleet_flavour *flavour, vn_error *err)
{
	const uint32_t sizes[] = { flavour->n_required, flavour->n_one_of, flavour->n_forbidden };

	if (!flavour->request || !flavour->request->vcpus)
		return vn_fail(err, VN_E_RANGE, "a flavour needs a request with vCPUs");
	if (fleet->n_flavours == VN_FLEET_FLAVOURS_MAX)
		return vn_fail(err, VN_E_RANGE, "a fleet has at most %d flavours",
			       VN_FLEET_FLAVOURS_MAX);
	for (uint32_t i = 0; i < VN_LEN(sizes); i++)
		if (sizes[i] > VN_FLEET_LABELS_MAX)
			return vn_fail(err, VN_E_RANGE, "a flavour names %u labels (at most %d)",
				       sizes[i], VN_FLEET_LABELS_MAX);
	return VN_OK;
}

int vn_fleet_add_flavour(vn_fleet *fleet, const vn_fleet_flavour *from, uint32_t *ret,
			 vn_error *err)
{
	struct flavour flavour = { 0 };
	bool anew = fleet->n_flavours == fleet->room_flavours;
	int r;

	if ((r = check_flavour(fleet, from, err)) < 0)
		return r;
	if ((r = flavour_make(fleet, from, &flavour, err)) < 0 ||
	    (anew && (r = more_flavours(fleet, err)) < 0)) {
		flavour_free(fleet, &flavour);
		return r;
	}
	if (sees_more(fleet, from->request) && !anew) {
		pools_empty(fleet);
		anew = true;
	}
	fleet->flavours[fleet->n_flavours] = flavour;
	*ret = fleet->n_flavours++;
	if (anew && (r = pools_rebuild(fleet, err)) < 0)
		return r;
	/* Everything may weigh differently now. */
	demand_publish(fleet);
	return VN_OK;
}

uint32_t vn_fleet_n_flavours(const vn_fleet *fleet)
{
	return fleet->n_flavours;
}

const char *vn_fleet_flavour_name(const vn_fleet *fleet, uint32_t flavour)
{
	return flavour < fleet->n_flavours ? fleet->flavours[flavour].name : NULL;
}

const vn_request *vn_fleet_flavour_request(const vn_fleet *fleet, uint32_t flavour)
{
	return flavour < fleet->n_flavours ? fleet->flavours[flavour].request : NULL;
}
