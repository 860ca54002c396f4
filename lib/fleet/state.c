/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Host states: the node states of a host, those of nodes that can be swapped in ascending order,
 * and the devices that are taken, as counts of those that are just alike. */
#include "fleet/engine.h"

void state_order(const kind *k, const uint32_t *ids, uint8_t *order)
{
	for (uint32_t i = 0; i < k->n_nodes; i++)
		order[i] = (uint8_t)i;
	if (k->n_nodes == 2) { /* nearly all hosts */
		if (k->nodes[1].alike == 0 && ids[1] < ids[0]) {
			order[0] = 1;
			order[1] = 0;
		}
		return;
	}
	/* Insertion sort among the places of each set of alike nodes. */
	for (uint32_t i = 1; i < k->n_nodes; i++) {
		uint32_t at = i;

		if (k->nodes[i].alike == i)
			continue;
		for (uint32_t j = i; j-- > k->nodes[i].alike;) {
			uint8_t swap = order[at];

			if (k->nodes[j].alike != k->nodes[i].alike)
				continue;
			if (ids[order[j]] <= ids[swap])
				break;
			order[at] = order[j];
			order[j] = swap;
			at = j;
		}
	}
}

uint32_t state_of_slot(vn_fleet *fleet, kind *k, uint32_t slot)
{
	uint32_t key[VN_FLEET_NODES_MAX + VN_HOST_DEVICES_MAX + VN_HOST_POOLS_MAX];
	const uint32_t *ids = slot_ids(k, slot);
	uint8_t order[VN_FLEET_NODES_MAX];
	bool added;
	uint32_t id;

	state_order(k, ids, order);
	for (uint32_t i = 0; i < k->n_nodes; i++)
		key[i] = ids[order[i]];
	if (k->has_devices)
		view_count_devices(k, slot_devices(k, slot), key + k->n_nodes);
	id = table_intern(fleet, &k->host_states, key, &added);
	if (id != NONE && added) {
		struct host_state *state = host_state(k, id);

		state->first_class = NONE;
		state->epoch = fleet->epoch;
		state->fresh = true;
		for (uint32_t i = 0; i < k->n_nodes; i++)
			node_state(k, key[i])->refs++;
	}
	return id;
}

/* ---- forgetting ---- */

enum { KEPT = 16 }; /* one state of each sort that nobody is in, for so many hosts */

static bool drop_host_state(void *record, void *context)
{
	struct host_state *state = record;
	kind *k = context;

	if (state->n_classes)
		return false;
	for (uint32_t i = 0; i < k->n_nodes; i++)
		node_state(k, state->key[i])->refs--;
	return true;
}

static bool drop_node_state(void *record, void *context)
{
	(void)context;
	return !((struct node_state *)record)->refs;
}

/* Those that are in use, as bits; NULL: too many for that. */
static uint64_t *used_nodes(vn_fleet *fleet, const kind *k)
{
	uint64_t *used = fleet->packed;

	if (k->node_states.n > PACKED_BYTES * 8)
		return NULL;
	memset(used, 0, (k->node_states.n + 63) / 64 * sizeof(*used));
	for (uint32_t id = 0; id < k->node_states.n; id++)
		if (!table_is_free(&k->node_states, id) && node_state(k, id)->refs)
			used[id / 64] |= UINT64_C(1) << id % 64;
	return used;
}

/* Next states that are about to go are not known any more. */
static void forget_next(vn_fleet *fleet, kind *k)
{
	const uint64_t *used = used_nodes(fleet, k);

	for (uint32_t id = 0; id < k->node_states.n; id++) {
		uint32_t *next = node_next(k, node_state(k, id));

		if (used && !(used[id / 64] >> id % 64 & 1))
			continue; /* it goes itself */
		for (uint32_t f = 0; f < fleet->n_flavours; f++) {
			uint32_t to = next[f] - 1;

			if (next[f] != NEXT_UNKNOWN && next[f] != NEXT_NEVER &&
			    (!used || !(used[to / 64] >> to % 64 & 1)))
				next[f] = NEXT_UNKNOWN;
		}
	}
}

void states_forget(vn_fleet *fleet, kind *k)
{
	if (k->host_states.live >= k->sweep_hosts) {
		table_sweep(&k->host_states, drop_host_state, k);
		k->sweep_hosts = k->host_states.live / 4 * 5 + (1 << 12) + k->n_slots / KEPT;
	}
	if (k->node_states.live >= k->sweep_nodes) {
		forget_next(fleet, k);
		table_sweep(&k->node_states, drop_node_state, k);
		k->sweep_nodes = k->node_states.live / 4 * 5 + (1 << 12) + k->n_slots / KEPT;
	}
}
