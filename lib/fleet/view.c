/* SPDX-License-Identifier: LGPL-2.1-or-later
 * The state of a host as a vn_host that lib/place understands, and back. */
#include "fleet/engine.h"

static void load_node(kind *k, uint32_t node_ix, const uint64_t *key, const uint64_t *mask)
{
	const struct node_shape *shape = &k->nodes[node_ix];
	vn_node *node = &k->now->nodes[node_ix];

	node->cpu_usage = (uint32_t)key[0];
	node->mem_used_kib = key[1];
	for (uint32_t i = 0; i < node->n_pages; i++)
		node->pages[i].used = key[2 + i];
	memset(node->pinned.word, 0, k->now->index->words * sizeof(uint64_t));
	for (uint32_t w = 0; w < k->words; w++)
		for (uint64_t rest = mask[w]; rest; rest &= rest - 1)
			vn_cpuset_add(&node->pinned,
				      shape->cpus[w * 64 + (uint32_t)__builtin_ctzll(rest)]);
	vn_host_count_node(k->now, node_ix);
}

static void load_devices(kind *k, const uint32_t *devices)
{
	vn_host *host = k->now;
	uint32_t words = (host->n_devices + 31) / 32;

	for (uint32_t i = 0; i < host->n_devices; i++)
		host->devices[i].taken = devices[i / 32] >> i % 32 & 1;
	for (uint32_t i = 0; i < host->n_pools; i++)
		host->pools[i].count = devices[words + i];
}

void view_load_state(vn_fleet *fleet, kind *k, const uint32_t *ids, const uint64_t *masks,
		     const uint32_t *devices)
{
	(void)fleet;
	k->loaded = NONE;
	for (uint32_t i = 0; i < k->n_nodes; i++)
		load_node(k, i, node_key(k, node_state(k, ids[i])), masks + (size_t)i * k->words);
	load_devices(k, devices);
}

void view_load(vn_fleet *fleet, uint32_t host)
{
	const struct host *h = &fleet->hosts[host];
	kind *k = fleet->kinds[fleet->pools[h->pool]->kind];

	if (k->loaded == host)
		return;
	view_load_state(fleet, k, slot_ids(k, h->slot), slot_masks(k, h->slot),
			slot_devices(k, h->slot));
	k->loaded = host;
}

/* Nothing taken; pools as they were when the first host of the kind was added. */
void view_empty(kind *k)
{
	static const uint64_t key[2 + VN_PAGE_SIZES_MAX], mask[VN_CPUSET_WORDS];

	k->loaded = NONE;
	for (uint32_t i = 0; i < k->n_nodes; i++)
		load_node(k, i, key, mask);
	for (uint32_t i = 0; i < k->now->n_devices; i++)
		k->now->devices[i].taken = false;
	for (uint32_t i = 0; i < k->now->n_pools; i++)
		k->now->pools[i].count = k->pools_full[i];
}

void view_node_masks(const kind *k, uint32_t node_ix, uint64_t *mask)
{
	const struct node_shape *shape = &k->nodes[node_ix];
	const vn_node *node = &k->now->nodes[node_ix];

	memset(mask, 0, k->words * sizeof(*mask));
	for (uint32_t i = 0; i < shape->n_cpus; i++)
		if (vn_cpuset_has(&node->pinned, shape->cpus[i]))
			mask[i / 64] |= UINT64_C(1) << i % 64;
}

uint32_t view_node_state(vn_fleet *fleet, kind *k, uint32_t node_ix, const uint64_t *mask)
{
	const vn_node *node = &k->now->nodes[node_ix];
	uint64_t key[2 + VN_PAGE_SIZES_MAX + 16 * VN_SMT_MAX / 4 + VN_CPUSET_WORDS + 1] = { 0 };

	key[0] = node->cpu_usage | (uint64_t)k->nodes[node_ix].type << 32;
	key[1] = node->mem_used_kib;
	for (uint32_t i = 0; i < node->n_pages; i++)
		key[2 + i] = node->pages[i].used;
	key_count_cores(k, node_ix, mask, key);
	return node_intern(fleet, k, key);
}

int view_store(vn_fleet *fleet, kind *k, uint32_t *ids, uint64_t *masks, uint32_t *devices,
	       vn_error *err)
{
	const vn_host *host = k->now;
	uint32_t words = (host->n_devices + 31) / 32;

	for (uint32_t i = 0; i < k->n_nodes; i++) {
		view_node_masks(k, i, masks + (size_t)i * k->words);
		ids[i] = view_node_state(fleet, k, i, masks + (size_t)i * k->words);
		if (ids[i] == NONE)
			return vn_fail(err, VN_E_NOMEM, "no memory for the state of a host");
	}
	memset(devices, 0, k->device_words * sizeof(*devices));
	for (uint32_t i = 0; i < host->n_devices; i++)
		devices[i / 32] |= (uint32_t)host->devices[i].taken << i % 32;
	for (uint32_t i = 0; i < host->n_pools; i++)
		devices[words + i] = host->pools[i].count;
	return VN_OK;
}

/* Taken devices of each group, then what is left in each pool. */
void view_count_devices(const kind *k, const uint32_t *devices, uint32_t *counts)
{
	const vn_host *host = k->now;
	uint32_t words = (host->n_devices + 31) / 32, groups = k->n_groups - host->n_pools;

	memset(counts, 0, k->n_groups * sizeof(*counts));
	for (uint32_t i = 0; i < host->n_devices; i++)
		counts[k->device_group[i]] += devices[i / 32] >> i % 32 & 1;
	for (uint32_t i = 0; i < host->n_pools; i++)
		counts[groups + i] = devices[words + i];
}
