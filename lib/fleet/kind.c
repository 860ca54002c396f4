/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Kinds: hosts of equal hardware and options share one vn_host, and what follows from it: which
 * CPUs are siblings, which nodes can be swapped, how the key of a node is laid out. */
#include "fleet/engine.h"

#include <stdlib.h>

/* ---- what equal hosts have in common, as bytes ---- */

static void put(vn_text *to, const void *bytes, size_t size)
{
	vn_text_add_bytes(to, bytes, size);
}

static void put_number(vn_text *to, uint64_t number)
{
	put(to, &number, sizeof(number));
}

static void put_string(vn_text *to, const char *string)
{
	put(to, string, strlen(string) + 1);
}

static void put_node(const vn_host *host, const vn_node *node, vn_text *to)
{
	uint32_t words = host->index->words;

	put_number(to, node->mem_kib);
	put_number(to, (uint64_t)node->gpu_memory << 1 | node->tunneled);
	put_number(to, node->physnets);
	put_number(to, node->n_pages);
	for (uint32_t i = 0; i < node->n_pages; i++) {
		put_number(to, node->pages[i].size_kib);
		put_number(to, node->pages[i].total);
		put_number(to, node->pages[i].reserved);
	}
	put(to, node->cpus.word, words * sizeof(uint64_t));
	put(to, node->pcpus.word, words * sizeof(uint64_t));
}

static void put_devices(const vn_host *host, vn_text *to)
{
	put_number(to, host->n_devices);
	for (uint32_t i = 0; i < host->n_devices; i++) {
		const vn_device *device = &host->devices[i];

		put_number(to, (uint64_t)device->vendor << 32 | (uint64_t)device->product << 16 |
				       device->class_id);
		put(to, &device->address, sizeof(device->address));
		put_number(to, (uint64_t)(uint32_t)device->node_ix << 32 |
				       (uint32_t)device->iommu_group);
		put_number(to, device->n_names);
		for (uint32_t n = 0; n < device->n_names; n++)
			put_string(to, device->names[n]);
	}
	put_number(to, host->n_pools);
	for (uint32_t i = 0; i < host->n_pools; i++) {
		const vn_pool *pool = &host->pools[i];

		put_number(to, (uint64_t)pool->vendor << 16 | pool->product);
		put_number(to, (uint64_t)(uint32_t)pool->node_ix << 32 | pool->count);
	}
	put_number(to, host->n_physnets);
	for (uint32_t i = 0; i < host->n_physnets; i++)
		put_string(to, host->physnets[i]);
}

static void put_host(const vn_host *host, const vn_fleet_host *as, vn_text *to)
{
	size_t n = (size_t)host->n_nodes * host->n_nodes;

	put_number(to, (uint64_t)as->cpu_ratio_percent << 32 | as->ram_ratio_percent);
	put_number(to, as->reserve_kib);
	put_number(to, (uint64_t)host->n_nodes << 32 | host->n_cpus);
	put_number(to, (uint64_t)host->threads_per_core << 3 | (uint64_t)(host->slit != NULL) << 2 |
			       (uint64_t)(host->latency_ns != NULL) << 1 |
			       (host->bandwidth_mibs != NULL));
	for (uint32_t i = 0; i < host->n_nodes; i++) {
		put_number(to, (uint64_t)host->nodes[i].id << 32 | (uint32_t)host->nodes[i].socket);
		put_node(host, &host->nodes[i], to);
	}
	put(to, host->cpus, host->n_cpus * sizeof(*host->cpus));
	if (host->slit)
		put(to, host->slit, n * sizeof(*host->slit));
	if (host->latency_ns)
		put(to, host->latency_ns, n * sizeof(*host->latency_ns));
	if (host->bandwidth_mibs)
		put(to, host->bandwidth_mibs, n * sizeof(*host->bandwidth_mibs));
	put_devices(host, to);
}

/* ---- a copy of the host ---- */

static void *copy(vn_arena *arena, const void *from, size_t n, size_t size)
{
	void *to = from ? vn_arena_alloc(arena, n ? n : 1, size) : NULL;

	if (to && n)
		memcpy(to, from, n * size);
	return to;
}

static bool copy_names(vn_arena *arena, const char **names, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		if (!(names[i] = vn_arena_strndup(arena, names[i], strlen(names[i]))))
			return false;
	return true;
}

static bool copy_parts(vn_host *to, const vn_host *from)
{
	size_t square = (size_t)from->n_nodes * from->n_nodes;
	vn_arena *a = to->arena;

	to->nodes = copy(a, from->nodes, from->n_nodes, sizeof(*to->nodes));
	to->cpus = copy(a, from->cpus, from->n_cpus, sizeof(*to->cpus));
	to->slit = copy(a, from->slit, square, sizeof(*to->slit));
	to->latency_ns = copy(a, from->latency_ns, square, sizeof(uint32_t));
	to->bandwidth_mibs = copy(a, from->bandwidth_mibs, square, sizeof(uint32_t));
	to->devices = copy(a, from->devices, from->n_devices, sizeof(*to->devices));
	to->pools = copy(a, from->pools, from->n_pools, sizeof(*to->pools));
	to->physnets = copy(a, from->physnets, from->n_physnets, sizeof(*to->physnets));
	if (!to->nodes || !to->cpus || !to->slit != !from->slit || !to->devices != !from->devices ||
	    !to->pools != !from->pools || !to->physnets != !from->physnets)
		return false;
	for (uint32_t i = 0; i < to->n_devices; i++)
		if (!copy_names(a, to->devices[i].names, to->devices[i].n_names))
			return false;
	return copy_names(a, to->physnets, to->n_physnets);
}

static vn_host *copy_host(const vn_host *from, vn_error *err)
{
	VN_AUTO(vn_arena) arena = vn_arena_new();
	vn_host *to = arena ? vn_arena_alloc(arena, 1, sizeof(*to)) : NULL;

	if (!to)
		return NULL;
	*to = *from;
	to->arena = arena;
	to->source = "fleet";
	if (!copy_parts(to, from) || vn_host_count(to, err) < 0)
		return NULL;
	(void)VN_STEAL(arena);
	return to;
}

/* ---- nodes ---- */

static bool local_has(const uint64_t *mask, uint32_t cpu)
{
	return mask[cpu / 64] >> cpu % 64 & 1;
}

static void local_add(uint64_t *mask, uint32_t cpu)
{
	mask[cpu / 64] |= UINT64_C(1) << cpu % 64;
}

/* The kind of a core by what its threads are for; 0 if it is irregular or there are too many. */
static uint8_t core_kind_of(kind *k, const struct node_shape *shape, const uint64_t *core,
			    uint32_t n, bool first)
{
	struct core_kind want = { .n = (uint8_t)n, .first = first };
	uint32_t in_cpus = 0, in_pcpus = 0, i = 0;

	for (uint32_t w = 0; w < k->words; w++) {
		in_cpus += (uint32_t)__builtin_popcountll(core[w] & shape->in_cpus[w]);
		in_pcpus += (uint32_t)__builtin_popcountll(core[w] & shape->in_pcpus[w]);
	}
	want.cpus = in_cpus != 0;
	want.pcpus = in_pcpus != 0;
	if ((in_cpus && in_cpus != n) || (in_pcpus && in_pcpus != n))
		k->exact = true;
	for (; i < k->n_core_kinds; i++) {
		const struct core_kind *other = &k->core_kinds[i];

		if (other->n == want.n && other->first == want.first && other->cpus == want.cpus &&
		    other->pcpus == want.pcpus)
			return (uint8_t)i;
	}
	if (i == VN_LEN(k->core_kinds)) {
		k->exact = true;
		return 0;
	}
	k->core_kinds[k->n_core_kinds++] = want;
	return (uint8_t)i;
}

/* Sizes of the node's parts, allocated as one. */
static bool shape_alloc(kind *k, struct node_shape *shape)
{
	vn_arena *a = k->now->arena;

	shape->cpus = vn_arena_alloc(a, shape->n_cpus + 1, sizeof(*shape->cpus));
	shape->core_type = vn_arena_alloc(a, shape->n_cores + 1, sizeof(*shape->core_type));
	shape->core_masks = vn_arena_alloc(a, ((size_t)shape->n_cores + 1) * k->words,
					   sizeof(*shape->core_masks));
	shape->in_cpus = vn_arena_alloc(a, k->words, sizeof(uint64_t));
	shape->in_pcpus = vn_arena_alloc(a, k->words, sizeof(uint64_t));
	return shape->cpus && shape->core_type && shape->core_masks && shape->in_cpus &&
	       shape->in_pcpus;
}

static bool shape_node(kind *k, uint32_t node_ix, bool see_first_core)
{
	const vn_node *node = &k->now->nodes[node_ix];
	const vn_host_index *index = k->now->index;
	struct node_shape *shape = &k->nodes[node_ix];
	uint16_t local_of[VN_CPU_MAX];
	vn_cpuset all = vn_node_all_cpus(node);

	shape->n_cores = index->first[node_ix + 1] - index->first[node_ix];
	shape->n_cpus = vn_cpuset_count(&all);
	shape->one_l3 = index->counts[node_ix].l3_groups <= 1;
	if (!shape_alloc(k, shape))
		return false;
	shape->n_cpus = 0;
	memset(shape->cores_of, 0, sizeof(shape->cores_of));
	VN_CPUSET_EACH(cpu, &all) {
		uint32_t local = shape->n_cpus++;

		shape->cpus[local] = (uint16_t)cpu;
		local_of[cpu] = (uint16_t)local;
		if (vn_cpuset_has(&node->cpus, (unsigned)cpu))
			local_add(shape->in_cpus, local);
		if (vn_cpuset_has(&node->pcpus, (unsigned)cpu))
			local_add(shape->in_pcpus, local);
	}
	shape->n_in_cpus = vn_cpuset_count(&node->cpus);
	shape->n_in_pcpus = vn_cpuset_count(&node->pcpus);
	for (uint32_t c = 0; c < shape->n_cores; c++) {
		const vn_core *core = &index->cores[index->first[node_ix] + c];
		uint64_t *mask = shape->core_masks + (size_t)c * k->words;
		uint32_t inside = 0;

		for (uint32_t t = 0; t < core->n; t++)
			if (vn_cpuset_has(&all, (unsigned)core->cpus[t])) {
				local_add(mask, local_of[core->cpus[t]]);
				inside++;
			}
		k->exact |= inside != 0 && inside != core->n;
		shape->core_type[c] =
			inside ? core_kind_of(k, shape, mask, core->n, see_first_core && c == 0)
			       : UINT8_MAX;
		if (inside)
			shape->cores_of[shape->core_type[c]]++;
	}
	shape->cpu_all = (uint64_t)shape->n_in_cpus *
			 (k->options.cpu_ratio_percent ? k->options.cpu_ratio_percent : 100);
	for (uint32_t i = 0; i < shape->n_cpus; i++)
		if (!local_has(shape->in_cpus, i))
			shape->cpu_all += 100;
	shape->mem_all =
		node->mem_kib / 100 *
			(k->options.ram_ratio_percent ? k->options.ram_ratio_percent : 100) +
		node->mem_kib % 100 *
			(k->options.ram_ratio_percent ? k->options.ram_ratio_percent : 100) / 100;
	return true;
}

/* Equal in all but number, distances and which CPUs. */
static bool nodes_equal(const kind *k, uint32_t a, uint32_t b)
{
	const struct node_shape *sa = &k->nodes[a], *sb = &k->nodes[b];
	const vn_node *na = &k->now->nodes[a], *nb = &k->now->nodes[b];
	if (na->mem_kib != nb->mem_kib || na->n_pages != nb->n_pages ||
	    na->gpu_memory != nb->gpu_memory || na->tunneled != nb->tunneled ||
	    na->physnets != nb->physnets || sa->n_cpus != sb->n_cpus ||
	    sa->n_in_cpus != sb->n_in_cpus || sa->n_in_pcpus != sb->n_in_pcpus)
		return false;
	for (uint32_t i = 0; i < na->n_pages; i++)
		if (na->pages[i].size_kib != nb->pages[i].size_kib ||
		    na->pages[i].total != nb->pages[i].total ||
		    na->pages[i].reserved != nb->pages[i].reserved)
			return false;
	return !memcmp(sa->cores_of, sb->cores_of, sizeof(sa->cores_of));
}

static bool has_own_devices(const vn_host *host, uint32_t node_ix)
{
	for (uint32_t i = 0; i < host->n_devices; i++)
		if (host->devices[i].node_ix == (int32_t)node_ix)
			return true;
	for (uint32_t i = 0; i < host->n_pools; i++)
		if (host->pools[i].node_ix == (int32_t)node_ix)
			return true;
	return false;
}

static void find_alike(const vn_fleet *fleet, kind *k)
{
	const uint16_t *far = k->now->index->alike; /* by distances */
	bool sorted = !k->exact && !fleet->see_order;

	k->uniform = true;
	for (uint32_t i = 0; i < k->n_nodes; i++) {
		k->uniform &= k->nodes[i].cpu_all == k->nodes[0].cpu_all &&
			      k->nodes[i].mem_all == k->nodes[0].mem_all;
		k->nodes[i].type = k->nodes[i].alike = (uint16_t)i;
		for (uint32_t j = 0; j < i; j++) {
			bool equal = k->nodes[j].type == j && !k->exact && nodes_equal(k, i, j);

			if (equal && k->nodes[i].type == i)
				k->nodes[i].type = (uint16_t)j;
			if (k->nodes[j].alike == j && sorted && nodes_equal(k, i, j) &&
			    k->nodes[i].alike == i && far[i] == far[j] &&
			    !has_own_devices(k->now, i) && !has_own_devices(k->now, j) &&
			    (!k->has_devices || k->now->nodes[i].socket == k->now->nodes[j].socket))
				k->nodes[i].alike = (uint16_t)j;
		}
	}
}

/* ---- devices ---- */

static bool devices_equal(const vn_device *a, const vn_device *b)
{
	return a->vendor == b->vendor && a->product == b->product && a->class_id == b->class_id &&
	       a->node_ix == b->node_ix && a->n_names == 0 && b->n_names == 0;
}

static bool shape_devices(kind *k)
{
	const vn_host *host = k->now;

	k->has_devices = host->n_devices || host->n_pools;
	k->device_words = (host->n_devices + 31) / 32 + host->n_pools;
	k->device_group = vn_arena_alloc(host->arena, host->n_devices + 1, sizeof(uint16_t));
	k->pools_full = vn_arena_alloc(host->arena, host->n_pools + 1, sizeof(uint32_t));
	if (!k->device_group || !k->pools_full)
		return false;
	for (uint32_t i = 0; i < host->n_pools; i++)
		k->pools_full[i] = host->pools[i].count;
	k->n_groups = 0;
	for (uint32_t i = 0; i < host->n_devices; i++) {
		uint32_t j = 0;

		while (j < i && !devices_equal(&host->devices[i], &host->devices[j]))
			j++;
		k->device_group[i] = j < i ? k->device_group[j] : (uint16_t)k->n_groups++;
	}
	k->n_groups += host->n_pools;
	return true;
}

/* ---- the layout of keys and tables ---- */

static uint32_t round_up(uint32_t n, uint32_t to)
{
	return (n + to - 1) / to * to;
}

static void lay_out_keys(const vn_fleet *fleet, kind *k)
{
	uint32_t counts = 0;

	k->key_counts = 2 + k->n_sizes;
	for (uint32_t i = 0; i < k->n_core_kinds; i++) {
		k->core_kinds[i].at = (uint16_t)counts;
		counts += k->core_kinds[i].n;
	}
	k->key_masks = k->key_counts + (counts + 3) / 4;
	k->key_words = k->key_masks + (k->exact || fleet->see_masks ? k->words : 0);
}

/* Can pins of policy prefer be counted? At most two threads, and one sort of cores for pins. */
static bool pins_are_plain(const vn_fleet *fleet, const kind *k)
{
	int sort = -1;

	if (fleet->see_first_core)
		return false; /* which half of a pair goes next is about CPU numbers */

	for (uint32_t i = 0; i < k->n_core_kinds; i++) {
		const struct core_kind *core = &k->core_kinds[i];

		if (!core->pcpus)
			continue;
		if (core->n > 2 || (sort >= 0 && sort != core->cpus))
			return false;
		sort = core->cpus;
	}
	return !k->exact;
}

int kind_tables(vn_fleet *fleet, kind *k, vn_error *err)
{
	uint32_t flavours = fleet->room_flavours;
	uint32_t node_bytes, host_bytes, n = k->n_nodes;

	k->n_core_kinds = 0;
	k->exact = false;
	for (uint32_t i = 0; i < n; i++)
		if (!shape_node(k, i, fleet->see_first_core))
			return vn_fail(err, VN_E_NOMEM, "no memory for a kind of host");
	k->exact |= fleet->see_masks;
	find_alike(fleet, k);
	lay_out_keys(fleet, k);
	k->fast_pins = pins_are_plain(fleet, k);
	k->at_fit = (uint32_t)sizeof(struct node_state);
	k->at_next = k->at_fit + round_up(flavours * 2, 4);
	k->at_free = round_up(k->at_next + flavours * 4, 8);
	node_bytes = k->at_free + (uint32_t)sizeof(struct node_free);
	table_clear(fleet, &k->node_states);
	table_init(&k->node_states, round_up(node_bytes + k->key_words * 8, LINE), node_bytes,
		   k->key_words * 8);
	host_bytes = (uint32_t)sizeof(struct host_state) + (n + k->n_groups) * 4;
	k->at_memo = round_up(host_bytes, 8);
	k->at_opts = k->at_memo + flavours * (uint32_t)sizeof(struct memo);
	host_bytes = k->at_opts + flavours * 2;
	k->at_fars = 0;
	if (n > 2 || k->has_devices) {
		k->at_fars = round_up(host_bytes, 8);
		host_bytes = k->at_fars + flavours * 8;
	}
	table_clear(fleet, &k->host_states);
	table_init(&k->host_states, round_up(host_bytes, LINE),
		   (uint32_t)offsetof(struct host_state, key), (n + k->n_groups) * 4);
	k->sweep_nodes = k->sweep_hosts = 1 << 12;
	return VN_OK;
}

/* ---- making one ---- */

static void lay_out_slots(kind *k)
{
	k->at_masks = round_up(k->n_nodes * 4, 8);
	k->at_devices = k->at_masks + k->n_nodes * k->words * 8;
	k->slot_bytes = round_up(k->at_devices + k->device_words * 4, 8);
}

static int kind_make(vn_fleet *fleet, const vn_host *host, const vn_fleet_host *as, kind **ret,
		     vn_error *err)
{
	kind *k = fleet_resize(fleet, NULL, 0, 1, sizeof(*k));

	if (!k)
		return vn_fail(err, VN_E_NOMEM, "no memory for a kind of host");
	k->loaded = NONE;
	k->n_nodes = host->n_nodes;
	k->options = vn_place_defaults;
	k->options.cpu_ratio_percent = as->cpu_ratio_percent;
	k->options.ram_ratio_percent = as->ram_ratio_percent;
	k->options.reserve_kib = as->reserve_kib;
	k->now = copy_host(host, err);
	k->recipes = fleet_resize(fleet, NULL, 0, fleet->room_flavours, sizeof(*k->recipes));
	for (uint32_t i = 0; i < host->n_nodes; i++) {
		vn_cpuset all = host->nodes[i].cpus;
		uint32_t words;

		vn_cpuset_or(&all, &host->nodes[i].pcpus);
		words = (vn_cpuset_count(&all) + 63) / 64;
		k->words = words > k->words ? words : k->words;
		k->n_sizes =
			host->nodes[i].n_pages > k->n_sizes ? host->nodes[i].n_pages : k->n_sizes;
	}
	k->words += !k->words;
	k->many = fleet_resize(fleet, NULL, 0, fleet->room_flavours, sizeof(*k->many));
	if (!k->now || !k->recipes || !k->many || !shape_devices(k)) {
		kind_free(fleet, k);
		return vn_fail(err, VN_E_NOMEM, "no memory for a kind of host");
	}
	lay_out_slots(k);
	if (kind_tables(fleet, k, err) < 0) {
		kind_free(fleet, k);
		return VN_E_NOMEM;
	}
	*ret = k;
	return VN_OK;
}

void kind_free(vn_fleet *fleet, kind *k)
{
	if (!k)
		return;
	table_clear(fleet, &k->node_states);
	table_clear(fleet, &k->host_states);
	subsets_clear(fleet, k);
	fleet_give(fleet, k->slots, k->room_slots, k->slot_bytes);
	fleet_give(fleet, k->recipes, fleet->room_flavours, sizeof(*k->recipes));
	fleet_give(fleet, k->many, fleet->room_flavours, sizeof(*k->many));
	vn_text_clear(&k->identity);
	vn_host_free(k->now);
	fleet_give(fleet, k, 1, sizeof(*k));
}

static bool room_for_kind(vn_fleet *fleet)
{
	uint32_t room = fleet->room_kinds ? fleet->room_kinds * 2 : 4;
	kind **kinds;

	if (fleet->n_kinds < fleet->room_kinds)
		return true;
	kinds = fleet_resize(fleet, fleet->kinds, fleet->room_kinds, room, sizeof(kind *));
	if (!kinds)
		return false;
	fleet->kinds = kinds;
	fleet->room_kinds = room;
	return true;
}

uint32_t kind_find(vn_fleet *fleet, const vn_host *host, const vn_fleet_host *as, vn_error *err)
{
	VN_AUTO_TEXT identity = VN_TEXT_INIT;
	kind *k = NULL;

	put_host(host, as, &identity);
	if (vn_text_done(&identity, err) < 0)
		return NONE;
	for (uint32_t i = fleet->n_kinds; i-- > 0;) {
		const vn_text *other = &fleet->kinds[i]->identity;

		if (other->len == identity.len && !memcmp(other->bytes, identity.bytes, other->len))
			return i;
	}
	if (!room_for_kind(fleet)) {
		vn_fail(err, VN_E_NOMEM, "no memory for a kind of host");
		return NONE;
	}
	if (kind_make(fleet, host, as, &k, err) < 0 || !k)
		return NONE;
	k->identity = identity;
	identity = (vn_text)VN_TEXT_INIT;
	fleet->kinds[fleet->n_kinds] = k;
	return fleet->n_kinds++;
}
