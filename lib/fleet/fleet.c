/* SPDX-License-Identifier: LGPL-2.1-or-later
 * A fleet as a whole: making it, adding hosts, looking at it. */
#include "fleet/engine.h"

#include <stdio.h>
#include <stdlib.h>

int vn_fleet_new(const vn_fleet_policy *policy, vn_fleet **ret, vn_error *err)
{
	vn_fleet *fleet = calloc(1, sizeof(*fleet));
	int r;

	if (!fleet)
		return vn_fail(err, VN_E_NOMEM, "no memory for a fleet");
	fleet->bytes = sizeof(*fleet);
	fleet->free_class = fleet->free_claim = NONE;
	young_clear(fleet);
	fleet->placement = fleet_resize(fleet, NULL, 0, 1, sizeof(*fleet->placement));
	fleet->other = fleet_resize(fleet, NULL, 0, 1, sizeof(*fleet->other));
	fleet->packed = fleet_resize(fleet, NULL, 0, PACKED_BYTES, 1);
	fleet->next_look = 64;
	if (!fleet->placement || !fleet->other || !fleet->packed) {
		vn_fleet_free(fleet);
		return vn_fail(err, VN_E_NOMEM, "no memory for a fleet");
	}
	r = vn_fleet_set_policy(fleet, policy ? policy : &vn_fleet_policy_default, err);
	if (r < 0) {
		vn_fleet_free(fleet);
		return r;
	}
	*ret = fleet;
	return VN_OK;
}

static void free_lists(vn_fleet *fleet)
{
	for (uint32_t i = 0; i < VN_GROUP_SCOPE_COUNT; i++) {
		free(fleet->place_first[i]);
		free(fleet->place_hosts[i]);
	}
	for (uint32_t i = 0; i < VN_LABEL_KIND_COUNT; i++) {
		names_clear(fleet, &fleet->labels[i]);
		free(fleet->label_ids[i]);
	}
	names_clear(fleet, &fleet->places);
	names_clear(fleet, &fleet->host_names);
}

void vn_fleet_free(vn_fleet *fleet)
{
	if (!fleet)
		return;
	for (uint32_t i = 0; i < fleet->n_pools; i++)
		pool_free(fleet, fleet->pools[i]);
	for (uint32_t i = 0; i < fleet->n_kinds; i++)
		kind_free(fleet, fleet->kinds[i]);
	for (uint32_t i = 0; i < fleet->n_groups; i++)
		free(fleet->groups[i].members);
	slabs_give(fleet, &fleet->claim_memory);
	fleet_give(fleet, fleet->bests, (size_t)fleet->room_flavours * fleet->room_pools,
		   sizeof(*fleet->bests));
	flavours_clear(fleet);
	free_lists(fleet);
	details_clear(fleet);
	free(fleet->pools);
	free(fleet->kinds);
	free(fleet->groups);
	free(fleet->claims);
	free(fleet->classes);
	free(fleet->hosts);
	free(fleet->treap);
	free(fleet->batches);
	free(fleet->marked);
	free(fleet->placement);
	free(fleet->other);
	free(fleet->packed);
	free(fleet);
}

/* ---- adding hosts ---- */

static int check_host(const vn_fleet *fleet, const vn_host *host, const vn_fleet_host *as,
		      uint32_t n, vn_error *err)
{
	if (host->n_nodes > VN_FLEET_NODES_MAX)
		return vn_fail(err, VN_E_RANGE, "a host has %u nodes (at most %d in a fleet)",
			       host->n_nodes, VN_FLEET_NODES_MAX);
	if (!host->index)
		return vn_fail(err, VN_E_RANGE,
			       "a host with more than %d threads in a core takes no guests",
			       VN_SMT_MAX);
	if (n > VN_FLEET_HOSTS_MAX - fleet->n_hosts)
		return vn_fail(err, VN_E_RANGE, "%u more hosts than %u (at most %d in a fleet)", n,
			       fleet->n_hosts, VN_FLEET_HOSTS_MAX);
	if ((uint32_t)as->use >= VN_FLEET_USE_COUNT ||
	    (uint32_t)as->state >= VN_FLEET_STATE_COUNT || as->n_labels > VN_FLEET_LABELS_MAX)
		return vn_fail(err, VN_E_RANGE, "a host has no such use, state or labels");
	if (as->cpu_ratio_percent > 100000 || as->ram_ratio_percent > 100000)
		return vn_fail(err, VN_E_RANGE, "a ratio of %u %% is above 100000 %%",
			       as->cpu_ratio_percent > as->ram_ratio_percent
				       ? as->cpu_ratio_percent
				       : as->ram_ratio_percent);
	return VN_OK;
}

static bool room_for_hosts(vn_fleet *fleet, uint32_t n)
{
	uint32_t was = fleet->room_hosts, need = fleet->n_hosts + n;
	uint32_t room = was + was / 4 > need ? was + was / 4 : need;
	struct treap_node *treap;
	struct host *hosts;

	if (need <= was)
		return true;
	hosts = fleet_resize(fleet, fleet->hosts, was, room, sizeof(*hosts));
	if (!hosts)
		return false;
	fleet->hosts = hosts;
	treap = fleet_resize(fleet, fleet->treap, was, room, sizeof(*treap));
	if (!treap) {
		fleet->bytes -= (room - was) * sizeof(*hosts); /* the next try counts it again */
		return false;
	}
	fleet->treap = treap;
	fleet->room_hosts = room;
	return true;
}

static bool room_for_slots(vn_fleet *fleet, kind *k, uint32_t n)
{
	uint32_t was = k->room_slots, need = k->n_slots + n;
	uint32_t room = was + was / 4 > need ? was + was / 4 : need;
	uint8_t *slots;

	if (need <= was)
		return true;
	slots = fleet_resize(fleet, k->slots, was, room, k->slot_bytes);
	if (!slots)
		return false;
	k->slots = slots;
	k->room_slots = room;
	return true;
}

static bool room_for_batch(vn_fleet *fleet)
{
	uint32_t was = fleet->room_batches, room = was ? was + was / 2 : 8;
	struct batch *batches;

	if (fleet->n_batches < was)
		return true;
	batches = fleet_resize(fleet, fleet->batches, was, room, sizeof(*batches));
	if (!batches)
		return false;
	fleet->batches = batches;
	fleet->room_batches = room;
	return true;
}

/* What is taken on the given host, into the view of its kind. */
static void load_given(kind *k, const vn_host *host)
{
	k->loaded = NONE;
	for (uint32_t i = 0; i < k->n_nodes; i++) {
		vn_node *to = &k->now->nodes[i];
		const vn_node *from = &host->nodes[i];

		to->pinned = from->pinned;
		to->cpu_usage = from->cpu_usage;
		to->mem_used_kib = from->mem_used_kib;
		for (uint32_t p = 0; p < to->n_pages; p++)
			to->pages[p].used = from->pages[p].used;
	}
	for (uint32_t i = 0; i < k->now->n_devices; i++)
		k->now->devices[i].taken = host->devices[i].taken;
	for (uint32_t i = 0; i < k->now->n_pools; i++)
		k->now->pools[i].count = host->pools[i].count;
}

static int enter_hosts(vn_fleet *fleet, uint32_t pool_ix, const vn_host *host,
		       const struct host *like, uint32_t n, vn_error *err)
{
	kind *k = fleet->kinds[fleet->pools[pool_ix]->kind];
	uint32_t first_slot = k->n_slots, state = NONE;
	int r;

	load_given(k, host);
	r = view_store(fleet, k, slot_ids(k, first_slot), slot_masks(k, first_slot),
		       slot_devices(k, first_slot), err);
	if (r < 0)
		return r;
	for (uint32_t i = 0; i < n; i++) {
		uint32_t at = fleet->n_hosts;

		memcpy(k->slots + (size_t)(first_slot + i) * k->slot_bytes,
		       k->slots + (size_t)first_slot * k->slot_bytes, k->slot_bytes);
		k->n_slots++;
		fleet->hosts[at] = *like;
		fleet->hosts[at].pool = pool_ix;
		fleet->hosts[at].slot = first_slot + i;
		for (uint32_t node = 0; node < k->n_nodes; node++)
			node_state(k, slot_ids(k, first_slot)[node])->refs++;
		if (i == 0)
			state = state_of_slot(fleet, k, first_slot);
		if (state == NONE || host_enter(fleet, at, state, err) < 0)
			return vn_fail(err, VN_E_NOMEM, "no memory for hosts");
		fleet->n_hosts++;
		fleet->pools[pool_ix]->n_hosts++;
	}
	return VN_OK;
}

static bool find_place(vn_fleet *fleet, const char *name, uint32_t *ret)
{
	*ret = name ? name_intern(fleet, &fleet->places, name) : NONE;
	return !name || *ret != NONE;
}

int vn_fleet_add(vn_fleet *fleet, const vn_host *host, const vn_fleet_host *as, uint32_t n,
		 uint32_t *ret_first, vn_error *err)
{
	static const vn_fleet_host nothing = { 0 };
	struct batch batch = { fleet->n_hosts, n, NONE };
	struct host like = { 0 };
	uint32_t kind_ix, pool, first = fleet->n_hosts;
	int r;

	as = as ? as : &nothing;
	if ((r = check_host(fleet, host, as, n, err)) < 0)
		return r;
	kind_ix = kind_find(fleet, host, as, err);
	pool = kind_ix == NONE ? NONE : pool_find(fleet, kind_ix, as, err);
	if (pool == NONE)
		return err && err->code ? (int)err->code : VN_E_RANGE;
	if (as->name)
		batch.name = name_intern(fleet, &fleet->host_names, as->name);
	if ((as->name && batch.name == NONE) || !find_place(fleet, as->rack, &like.rack) ||
	    !find_place(fleet, as->domain, &like.domain) || !room_for_hosts(fleet, n) ||
	    !room_for_slots(fleet, fleet->kinds[kind_ix], n) || !room_for_batch(fleet))
		return vn_fail(err, VN_E_NOMEM, "no memory for %u hosts", n);
	if (n && (r = enter_hosts(fleet, pool, host, &like, n, err)) < 0)
		return r;
	if (n)
		fleet->batches[fleet->n_batches++] = batch;
	*ret_first = first;
	return VN_OK;
}

uint32_t vn_fleet_n_hosts(const vn_fleet *fleet)
{
	return fleet->n_hosts;
}

/* ---- changing hosts ---- */

static int no_host(const vn_fleet *fleet, uint32_t host, vn_error *err)
{
	return vn_fail(err, VN_E_RANGE, "there is no host %u (the fleet has %u)", host,
		       fleet->n_hosts);
}

int vn_fleet_relabel(vn_fleet *fleet, uint32_t host, const vn_fleet_host *as, vn_error *err)
{
	vn_error local = { 0 };
	uint32_t pool, was, state;
	int r;

	if (host >= fleet->n_hosts)
		return no_host(fleet, host, err);
	if ((uint32_t)as->use >= VN_FLEET_USE_COUNT ||
	    (uint32_t)as->state >= VN_FLEET_STATE_COUNT || as->n_labels > VN_FLEET_LABELS_MAX)
		return vn_fail(err, VN_E_RANGE, "a host has no such use, state or labels");
	was = fleet->hosts[host].pool;
	pool = pool_find(fleet, fleet->pools[was]->kind, as, &local);
	if (pool == NONE) {
		if (err)
			*err = local;
		return (int)local.code;
	}
	if (pool == was)
		return VN_OK;
	state = fleet->classes[fleet->hosts[host].class].state;
	host_leave(fleet, host);
	fleet->hosts[host].pool = pool;
	r = host_enter(fleet, host, state, err);
	if (r < 0) {
		fleet->hosts[host].pool = was;
		host_enter(fleet, host, state, NULL);
		return r;
	}
	fleet->pools[was]->n_hosts--;
	fleet->pools[pool]->n_hosts++;
	return VN_OK;
}

int vn_fleet_set_state(vn_fleet *fleet, uint32_t host, enum vn_fleet_state state, vn_error *err)
{
	vn_label labels[VN_FLEET_LABELS_MAX];
	vn_fleet_host as = { .labels = labels, .state = state };
	const struct pool *pool;

	if (host >= fleet->n_hosts)
		return no_host(fleet, host, err);
	pool = fleet->pools[fleet->hosts[host].pool];
	as.use = pool->use;
	for (uint32_t kind_ix = 0; kind_ix < VN_LABEL_KIND_COUNT; kind_ix++)
		for (uint32_t name = 0; name < fleet->labels[kind_ix].n; name++) {
			uint32_t label = fleet->label_ids[kind_ix][name] - 1;

			if (label < fleet->n_labels && label / 64 < pool->n_label_words &&
			    (pool->labels[label / 64] >> label % 64 & 1))
				labels[as.n_labels++] =
					(vn_label){ (enum vn_label_kind)kind_ix,
						    fleet->labels[kind_ix].names[name] };
		}
	return vn_fleet_relabel(fleet, host, &as, err);
}

/* ---- names ---- */

static const struct batch *batch_of(const vn_fleet *fleet, uint32_t host)
{
	uint32_t low = 0, high = fleet->n_batches;

	while (high - low > 1) {
		uint32_t middle = (low + high) / 2;

		if (fleet->batches[middle].first <= host)
			low = middle;
		else
			high = middle;
	}
	return &fleet->batches[low];
}

char *vn_fleet_host_name(const vn_fleet *fleet, uint32_t host, char *to, size_t size)
{
	const struct batch *batch = host < fleet->n_hosts ? batch_of(fleet, host) : NULL;

	if (!batch || batch->name == NONE)
		snprintf(to, size, "host %u", host);
	else if (batch->n == 1)
		snprintf(to, size, "%s", fleet->host_names.names[batch->name]);
	else
		snprintf(to, size, "%s%u", fleet->host_names.names[batch->name],
			 host - batch->first);
	return to;
}

static uint32_t find_in_batches(const vn_fleet *fleet, uint32_t name, bool numbered, uint64_t nth)
{
	for (uint32_t i = 0; i < fleet->n_batches && name != NONE; i++) {
		const struct batch *batch = &fleet->batches[i];

		if (batch->name == name && (batch->n > 1) == numbered && nth < batch->n)
			return batch->first + (uint32_t)nth;
	}
	return NONE;
}

uint32_t vn_fleet_host_find(const vn_fleet *fleet, const char *name)
{
	size_t size = strlen(name);
	uint32_t host = find_in_batches(fleet, name_find(&fleet->host_names, name), false, 0);
	uint64_t nth = 0, place = 1;
	char base[256];

	for (size_t at = size; host == NONE && at > 0 && size < sizeof(base); at--) {
		uint32_t digit = (uint32_t)(name[at - 1] - '0');

		if (digit > 9 || size - at >= 9)
			break;
		nth += digit * place;
		place *= 10;
		if (name[at - 1] == '0' && size - at > 0)
			continue; /* "h01" is nobody's name */
		memcpy(base, name, at - 1);
		base[at - 1] = '\0';
		host = find_in_batches(fleet, name_find(&fleet->host_names, base), true, nth);
	}
	return host;
}

/* ---- looking ---- */

const vn_host *vn_fleet_host_now(vn_fleet *fleet, uint32_t host)
{
	if (host >= fleet->n_hosts)
		return NULL;
	view_load(fleet, host);
	return fleet->kinds[fleet->pools[fleet->hosts[host].pool]->kind]->now;
}

vn_place_options vn_fleet_host_options(const vn_fleet *fleet, uint32_t host)
{
	if (host >= fleet->n_hosts)
		return vn_place_defaults;
	return fleet->kinds[fleet->pools[fleet->hosts[host].pool]->kind]->options;
}

int vn_fleet_host_info_of(const vn_fleet *fleet, uint32_t host, vn_fleet_host_info *ret,
			  vn_error *err)
{
	const struct pool *pool;
	const struct host *h;

	if (host >= fleet->n_hosts)
		return no_host(fleet, host, err);
	h = &fleet->hosts[host];
	pool = fleet->pools[h->pool];
	*ret = (vn_fleet_host_info){ .state = pool->state,
				     .use = pool->use,
				     .n_claims = h->n_claims };
	ret->rack = h->rack == NONE ? NULL : fleet->places.names[h->rack];
	ret->domain = h->domain == NONE ? NULL : fleet->places.names[h->domain];
	for (uint32_t i = 0; i < fleet->labels[VN_LABEL_ZONE].n; i++)
		if (fleet->label_ids[VN_LABEL_ZONE][i] == pool->zone + 1 && pool->zone != NONE)
			ret->zone = fleet->labels[VN_LABEL_ZONE].names[i];
	return VN_OK;
}

void vn_fleet_count(const vn_fleet *fleet, vn_fleet_counters *ret)
{
	*ret = fleet->counters;
	ret->hosts = fleet->n_hosts;
	ret->kinds = fleet->n_kinds;
	ret->pools = fleet->n_pools;
	ret->flavours = fleet->n_flavours;
	ret->groups = fleet->n_groups;
	ret->claims = fleet->live_claims;
	ret->classes = fleet->live_classes;
	ret->bytes = fleet->bytes;
	for (uint32_t i = 0; i < fleet->n_kinds; i++) {
		const kind *k = fleet->kinds[i];

		ret->host_states += k->host_states.live;
		ret->node_states += k->node_states.live;
		/* and the kind's vn_host */
		ret->bytes += sizeof(vn_host) + k->n_nodes * sizeof(vn_node) +
			      k->now->n_cpus * (sizeof(vn_cpu) + sizeof(vn_core)) +
			      k->now->n_devices * sizeof(vn_device);
	}
}
