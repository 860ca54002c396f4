/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The fleet engine as a chooser of the replay. Shapes become flavours when they are first seen,
 * groups of guests become server groups. */
#include "replay.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { GROUPS_MAX = 1 << 20 };

/* (rule, group of the trace) -> server group: open addressing, at most half full. */
struct group_slot {
	uint64_t key; /* (group << 2 | rule) + 1; 0: empty */
	uint32_t group;
};

struct engine {
	const vn_sim_fleet *hosts;
	vn_fleet *fleet;
	struct sim_shapes shapes;
	vn_request *requests[VN_TRACE_FLAVOURS_MAX]; /* by flavour = shape number */
	uint32_t n_requests;
	struct group_slot *slots;
	uint32_t n_slots, n_groups;
	vn_placement *placement; /* for guests whose cells differ */
};

/* ---- hosts ----------------------------------------------------------------------------------- */

/* Hosts of a group that are in one rack are added at once. */
static int add_group(struct engine *engine, const vn_sim_hosts *group, const vn_sim_place *places,
		     vn_error *err)
{
	char rack[16];
	vn_fleet_host as = { .rack = rack, .cpu_ratio_percent = 100, .ram_ratio_percent = 100 };
	uint32_t done = 0, first;
	int r = VN_OK;

	while (r == VN_OK && done < group->count) {
		uint32_t n = 1;

		if (group->first_rack == VN_RACK_OWN) {
			as.rack = NULL; /* the engine takes it as a rack of its own */
			n = group->count;
		} else {
			while (done + n < group->count &&
			       places[done + n].rack == places[done].rack)
				n++;
		}
		snprintf(rack, sizeof(rack), "%u", places[done].rack);
		r = vn_fleet_add(engine->fleet, engine->hosts->kinds[group->kind], &as, n, &first,
				 err);
		done += n;
	}
	return r;
}

static int add_hosts(struct engine *engine, vn_error *err)
{
	const vn_sim_fleet *hosts = engine->hosts;
	vn_sim_place *places = calloc((size_t)hosts->n_hosts + 1, sizeof(*places));
	uint32_t at = 0;
	int r = VN_OK;

	if (!places)
		return vn_fail(err, VN_E_NOMEM, "no memory for the hosts");
	vn_sim_fleet_places(hosts, places);
	for (uint32_t g = 0; r == VN_OK && g < hosts->n_groups; g++) {
		r = add_group(engine, &hosts->groups[g], places + at, err);
		at += hosts->groups[g].count;
	}
	free(places);
	return r;
}

/* ---- flavours ---------------------------------------------------------------------------------
 */

static int find_flavour(struct engine *engine, const vn_trace_shape *shape, uint32_t *ret,
			vn_error *err)
{
	vn_fleet_flavour flavour = { 0 };
	bool is_new;
	uint32_t number;
	int r;

	if ((r = sim_shapes_find(&engine->shapes, shape, ret, &is_new, err)) < 0 || !is_new)
		return r;
	if ((r = vn_sim_request(shape, &engine->requests[*ret], err)) < 0)
		return r;
	engine->n_requests = *ret + 1;
	flavour.request = engine->requests[*ret];
	r = vn_fleet_add_flavour(engine->fleet, &flavour, &number, err);
	assert(r < 0 || number == *ret);
	return r;
}

static int set_demand(struct engine *engine, const vn_sim_demand *demand, vn_error *err)
{
	uint32_t flavour;
	int r;

	for (uint32_t i = 0; i < demand->n; i++)
		if ((r = find_flavour(engine, &demand->shapes[i], &flavour, err)) < 0 ||
		    (r = vn_fleet_set_demand(engine->fleet, flavour, demand->counts[i], err)) < 0)
			return r;
	return VN_OK;
}

/* ---- groups -----------------------------------------------------------------------------------
 */

static struct group_slot *find_slot(struct group_slot *slots, uint32_t n, uint64_t key)
{
	uint32_t at = (uint32_t)((key * UINT64_C(0x9e3779b97f4a7c15) >> 32) % n);

	while (slots[at].key && slots[at].key != key)
		at = (at + 1) % n;
	return &slots[at];
}

static int grow_slots(struct engine *engine, vn_error *err)
{
	uint32_t n = engine->n_slots ? 2 * engine->n_slots : 1024;
	struct group_slot *slots = calloc(n, sizeof(*slots));

	if (!slots)
		return vn_fail(err, VN_E_NOMEM, "no memory for the groups");
	for (uint32_t i = 0; i < engine->n_slots; i++)
		if (engine->slots[i].key)
			*find_slot(slots, n, engine->slots[i].key) = engine->slots[i];
	free(engine->slots);
	engine->slots = slots;
	engine->n_slots = n;
	return VN_OK;
}

static int find_group(struct engine *engine, const vn_trace_row *row, uint32_t *ret, vn_error *err)
{
	static const vn_server_group rules[VN_RULE_COUNT] = {
		[VN_RULE_AFFINITY] = { VN_GROUP_AFFINITY, VN_SCOPE_HOST, false, 0 },
		[VN_RULE_ANTI_AFFINITY] = { VN_GROUP_ANTI_AFFINITY, VN_SCOPE_HOST, false, 0 },
		[VN_RULE_FAULT_DOMAIN] = { VN_GROUP_PARTITION, VN_SCOPE_RACK, false, 0 },
	};
	uint64_t key = ((uint64_t)row->group << 2 | row->rule) + 1;
	struct group_slot *slot;
	int r;

	*ret = VN_FLEET_NONE;
	if (row->rule == VN_RULE_NONE)
		return VN_OK;
	if (engine->n_groups * 2 >= engine->n_slots && (r = grow_slots(engine, err)) < 0)
		return r;
	slot = find_slot(engine->slots, engine->n_slots, key);
	if (!slot->key) {
		if (engine->n_groups == GROUPS_MAX)
			return vn_fail(err, VN_E_RANGE, "the trace has more than %d groups",
				       GROUPS_MAX);
		if ((r = vn_fleet_add_group(engine->fleet, &rules[row->rule], &slot->group, err)) <
		    0)
			return r;
		slot->key = key;
		engine->n_groups++;
	}
	*ret = slot->group;
	return VN_OK;
}

/* ---- choosing ---------------------------------------------------------------------------------
 */

/* Which cell is on which node: by the placement where cells differ, else in any order. */
static int fill_nodes(struct engine *engine, const vn_trace_shape *shape, uint64_t nodes,
		      vn_sim_choice *choice, vn_error *err)
{
	int r;

	choice->n_cells = shape->cells;
	if ((uint32_t)__builtin_popcountll(nodes) == shape->cells &&
	    shape->vcpus % shape->cells == 0 && shape->mem_kib % shape->cells == 0) {
		for (uint32_t i = 0; i < shape->cells; i++, nodes &= nodes - 1)
			choice->nodes[i] = (uint16_t)__builtin_ctzll(nodes);
		return VN_OK;
	}
	if (!engine->placement && !(engine->placement = malloc(sizeof(*engine->placement))))
		return vn_fail(err, VN_E_NOMEM, "no memory for a placement");
	if ((r = vn_fleet_claim_placement(engine->fleet, choice->claim, engine->placement, err)) <
	    0)
		return r;
	for (uint32_t i = 0; i < shape->cells; i++)
		choice->nodes[i] = (uint16_t)engine->placement->cells[i].node_ix;
	return VN_OK;
}

static int place(void *self, const vn_trace_row *row, vn_sim_choice *ret, vn_error *err)
{
	struct engine *engine = self;
	vn_fleet_ask ask = { .partition = row->rule == VN_RULE_FAULT_DOMAIN ? row->domain
									    : VN_FLEET_NONE };
	vn_fleet_choice best;
	uint32_t n;
	int r;

	if ((r = find_flavour(engine, &row->shape, &ask.flavour, err)) < 0 ||
	    (r = find_group(engine, row, &ask.group, err)) < 0 ||
	    (r = vn_fleet_decide(engine->fleet, &ask, 1, &best, &n, err)) < 0)
		return r;
	*ret = (vn_sim_choice){ .host = best.host };
	if ((r = vn_fleet_claim(engine->fleet, &best, &ret->claim, err)) < 0)
		return r == VN_E_NOFIT ? vn_fail(err, VN_E_SYSTEM,
						 "the engine chose host %u, which "
						 "does not take the guest",
						 best.host)
				       : r;
	return fill_nodes(engine, &row->shape, best.nodes, ret, err);
}

static void release(void *self, const vn_trace_shape *shape, const vn_sim_choice *choice)
{
	struct engine *engine = self;
	int r = vn_fleet_release(engine->fleet, choice->claim, NULL);

	(void)shape;
	(void)r;
	assert(r == VN_OK);
}

static bool ever(void *self, const vn_trace_shape *shape)
{
	const struct engine *engine = self;

	for (uint32_t i = 0; i < engine->hosts->n_kinds; i++)
		if (vn_sim_fits(engine->hosts->kinds[i], shape))
			return true;
	return false;
}

static void free_engine(void *self)
{
	struct engine *engine = self;

	vn_fleet_free(engine->fleet);
	for (uint32_t i = 0; i < engine->n_requests; i++)
		vn_request_free(engine->requests[i]);
	sim_shapes_close(&engine->shapes);
	free(engine->slots);
	free(engine->placement);
	free(engine);
}

int vn_sim_engine_new(const vn_sim_fleet *fleet, const vn_fleet_policy *policy,
		      const vn_sim_demand *demand, vn_sim_chooser *ret, vn_error *err)
{
	struct engine *engine = calloc(1, sizeof(*engine));
	vn_fleet_policy its = *policy;
	int r;

	if (!engine)
		return vn_fail(err, VN_E_NOMEM, "no memory for the engine");
	engine->hosts = fleet;
	if (demand)
		its.demand = VN_DEMAND_GIVEN;
	if ((r = vn_fleet_new(&its, &engine->fleet, err)) < 0 || (r = add_hosts(engine, err)) < 0 ||
	    (demand && (r = set_demand(engine, demand, err)) < 0)) {
		free_engine(engine);
		return r;
	}
	*ret = (vn_sim_chooser){ engine, place, release, ever, free_engine, false };
	return VN_OK;
}

vn_fleet *vn_sim_engine_fleet(const vn_sim_chooser *chooser)
{
	return chooser->place == place ? ((struct engine *)chooser->self)->fleet : NULL;
}
