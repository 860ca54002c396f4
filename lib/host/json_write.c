/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Writes the JSON form that json.c reads: one line for each cell, matrix row and device, so that
 * two hosts can be compared with diff. Fields that say nothing are left out. jansson does the
 * quoting. */
#include "host/json.h"

#include <stdlib.h>
#include <string.h>

/* Hand `value` over to the object; a NULL (no memory) shows up as a failed call. */
static void set(json_t *object, const char *name, json_t *value, bool *failed)
{
	if (json_object_set_new(object, name, value) < 0)
		*failed = true;
}

static void append(json_t *list, json_t *value, bool *failed)
{
	if (json_array_append_new(list, value) < 0)
		*failed = true;
}

static json_t *number(uint64_t value)
{
	return json_integer((json_int_t)value);
}

static json_t *cpu_list(const vn_cpuset *cpus)
{
	VN_AUTO_TEXT text = VN_TEXT_INIT;

	vn_text_add_cpuset(&text, cpus);
	return text.failed ? NULL : json_stringn(text.bytes, text.len);
}

static json_t *hex(uint16_t value)
{
	return json_sprintf("%04x", value);
}

/* Append one value on a line of its own, and free it. */
static void add_line(vn_text *text, json_t *value, bool last)
{
	char *line = json_dumps(value, JSON_ENCODE_ANY);

	if (line)
		vn_text_addf(text, "  %s%s\n", line, last ? "" : ",");
	else
		text->failed = true;
	free(line);
	json_decref(value);
}

/* ---- cells ---- */

static json_t *pages_of(const vn_node *node, bool *failed)
{
	json_t *list = json_array();

	for (uint32_t i = 0; i < node->n_pages; i++) {
		const vn_pages *pages = &node->pages[i];
		json_t *object = json_object();

		set(object, "size_kib", number(pages->size_kib), failed);
		set(object, "total", number(pages->total), failed);
		set(object, "used", number(pages->used), failed);
		if (pages->reserved)
			set(object, "reserved", number(pages->reserved), failed);
		append(list, object, failed);
	}
	return list;
}

/* All groups of a host by number, made once. */
typedef struct groups {
	vn_cpuset *sets[VN_GROUP_COUNT];
	uint32_t count[VN_GROUP_COUNT];
} groups;

static int collect_groups(const vn_host *host, groups *ret)
{
	const uint32_t count[] = { host->n_cores, host->n_l3, host->n_dies, host->n_sockets };

	for (enum vn_group kind = 0; kind < VN_GROUP_COUNT; kind++) {
		ret->count[kind] = count[kind];
		ret->sets[kind] = calloc(count[kind] + 1, sizeof(vn_cpuset));
		if (!ret->sets[kind])
			return VN_E_NOMEM;
		for (uint32_t cpu = 0; cpu < host->n_cpus; cpu++) {
			int32_t group = *vn_cpu_group(&host->cpus[cpu], kind);

			if (group >= 0 && (uint32_t)group < count[kind])
				vn_cpuset_add(&ret->sets[kind][group], cpu);
		}
	}
	return VN_OK;
}

static void free_groups(groups *all)
{
	for (enum vn_group kind = 0; kind < VN_GROUP_COUNT; kind++)
		free(all->sets[kind]);
}

/* CPUs of all nodes whose `socket` is the number. */
static vn_cpuset socket_cpus(const vn_host *host, int32_t socket)
{
	vn_cpuset cpus = { 0 };

	for (uint32_t cpu = 0; cpu < host->n_cpus; cpu++) {
		int32_t node_ix = host->cpus[cpu].node_ix;

		if (node_ix >= 0 && host->nodes[node_ix].socket == socket)
			vn_cpuset_add(&cpus, cpu);
	}
	return cpus;
}

/* Would the reader make this group without being told (vn_build_finish)? */
static bool by_rule(const vn_host *host, const groups *all, enum vn_group kind, uint32_t group)
{
	const vn_cpuset *set = &all->sets[kind][group];
	const vn_cpu *first = &host->cpus[vn_cpuset_next(set, -1)];
	int32_t socket = host->nodes[first->node_ix].socket;

	switch (kind) {
	case VN_GROUP_CORE: return host->threads_per_core == 1;
	case VN_GROUP_DIE:
		return first->socket >= 0 &&
		       vn_cpuset_equal(set, &all->sets[VN_GROUP_SOCKET][first->socket]);
	case VN_GROUP_SOCKET: {
		vn_cpuset cpus = socket_cpus(host, socket);

		return socket >= 0 && vn_cpuset_equal(set, &cpus);
	}
	default: return false;
	}
}

/* Each group stands in the cell of its lowest CPU. */
static void set_groups(const vn_host *host, const groups *all, uint32_t node_ix, json_t *object,
		       bool *failed)
{
	for (enum vn_group kind = 0; kind < VN_GROUP_COUNT; kind++) {
		json_t *list = NULL;

		for (uint32_t group = 0; group < all->count[kind]; group++) {
			int first = vn_cpuset_next(&all->sets[kind][group], -1);

			if (host->cpus[first].node_ix != (int32_t)node_ix ||
			    by_rule(host, all, kind, group))
				continue;
			if (!list)
				list = json_array();
			append(list, cpu_list(&all->sets[kind][group]), failed);
		}
		if (list)
			set(object, vn_group_names[kind], list, failed);
	}
}

static void set_memory(const vn_node *node, json_t *object, bool *failed)
{
	set(object, "mem_mib", number(node->mem_kib >> 10), failed);
	set(object, "mem_used_mib", number(node->mem_used_kib >> 10), failed);
	if (node->mem_kib % 1024)
		set(object, "mem_kib", number(node->mem_kib), failed);
	if (node->mem_used_kib % 1024)
		set(object, "mem_used_kib", number(node->mem_used_kib), failed);
	if (node->cache_kib)
		set(object, "cache_kib", number(node->cache_kib), failed);
}

static json_t *physnets_of(const vn_host *host, const vn_node *node, bool *failed)
{
	json_t *list = json_array();

	for (uint32_t i = 0; i < host->n_physnets; i++)
		if (node->physnets >> i & 1)
			append(list, json_string(host->physnets[i]), failed);
	return list;
}

static json_t *cell_of(const vn_host *host, const groups *all, uint32_t node_ix, bool *failed)
{
	const vn_node *node = &host->nodes[node_ix];
	json_t *object = json_object();

	set(object, "id", number(node->id), failed);
	set(object, "cpus", cpu_list(&node->cpus), failed);
	set(object, "pcpus", cpu_list(&node->pcpus), failed);
	set_groups(host, all, node_ix, object, failed);
	if (node->socket >= 0)
		set(object, "socket", number((uint64_t)node->socket), failed);
	set_memory(node, object, failed);
	set(object, "cpu_usage", number(node->cpu_usage), failed);
	set(object, "pinned", cpu_list(&node->pinned), failed);
	if (node->n_pages)
		set(object, "pages", pages_of(node, failed), failed);
	if (node->gpu_memory)
		set(object, "gpu_memory", json_true(), failed);
	if (node->physnets)
		set(object, "physnets", physnets_of(host, node, failed), failed);
	if (node->tunneled)
		set(object, "tunneled", json_true(), failed);
	return object;
}

/* ---- the rest ---- */

static void add_matrix(vn_text *text, const char *name, const vn_host *host, const uint32_t *matrix)
{
	uint32_t n = host->n_nodes;

	if (!matrix)
		return;
	vn_text_addf(text, ",\n \"%s\": [\n", name);
	for (uint32_t from = 0; from < n; from++) {
		vn_text_add(text, "  [");
		for (uint32_t to = 0; to < n; to++)
			vn_text_addf(text, "%s%u", to ? ", " : "", matrix[from * n + to]);
		vn_text_add(text, from + 1 < n ? "],\n" : "]\n");
	}
	vn_text_add(text, " ]");
}

static json_t *device_of(const vn_host *host, const vn_device *device, bool *failed)
{
	json_t *object = json_object(), *names;
	char address[24];

	vn_pci_address_format(device->address, address, sizeof(address));
	set(object, "address", json_string(address), failed);
	set(object, "vendor_id", hex(device->vendor), failed);
	set(object, "product_id", hex(device->product), failed);
	set(object, "class", hex(device->class_id), failed);
	if (device->node_ix >= 0)
		set(object, "node", number(host->nodes[device->node_ix].id), failed);
	if (device->iommu_group >= 0)
		set(object, "iommu_group", number((uint64_t)device->iommu_group), failed);
	if (device->taken)
		set(object, "taken", json_true(), failed);
	if (!device->n_names)
		return object;
	names = json_array();
	for (uint32_t i = 0; i < device->n_names; i++)
		append(names, json_string(device->names[i]), failed);
	set(object, "names", names, failed);
	return object;
}

static void add_devices(vn_text *text, const vn_host *host)
{
	if (!host->n_devices)
		return;
	vn_text_add(text, ",\n \"devices\": [\n");
	for (uint32_t i = 0; i < host->n_devices; i++)
		add_line(text, device_of(host, &host->devices[i], &text->failed),
			 i + 1 == host->n_devices);
	vn_text_add(text, " ]");
}

static json_t *pool_of(const vn_host *host, const vn_pool *pool, bool *failed)
{
	json_t *object = json_object();

	set(object, "vendor_id", hex(pool->vendor), failed);
	set(object, "product_id", hex(pool->product), failed);
	if (pool->node_ix >= 0)
		set(object, "numa_node", number(host->nodes[pool->node_ix].id), failed);
	set(object, "count", number(pool->count), failed);
	return object;
}

static void add_pools(vn_text *text, const vn_host *host)
{
	if (!host->n_pools)
		return;
	vn_text_add(text, ",\n \"pci_pools\": [\n");
	for (uint32_t i = 0; i < host->n_pools; i++)
		add_line(text, pool_of(host, &host->pools[i], &text->failed),
			 i + 1 == host->n_pools);
	vn_text_add(text, " ]");
}

static void add_cpus(vn_text *text, const char *name, const vn_cpuset *cpus)
{
	if (vn_cpuset_next(cpus, -1) < 0)
		return;
	vn_text_addf(text, ",\n \"%s\": \"", name);
	vn_text_add_cpuset(text, cpus);
	vn_text_add(text, "\"");
}

int vn_host_write_json(const vn_host *host, vn_text *ret, vn_error *err)
{
	groups all = { 0 };

	if (collect_groups(host, &all) == VN_OK) {
		vn_text_add(ret, "{\"schema\": \"" VN_HOST_SCHEMA "\",\n \"cells\": [\n");
		for (uint32_t i = 0; i < host->n_nodes; i++)
			add_line(ret, cell_of(host, &all, i, &ret->failed), i + 1 == host->n_nodes);
		vn_text_add(ret, " ]");
		add_matrix(ret, "distances", host, host->slit);
		add_matrix(ret, "latency_ns", host, host->latency_ns);
		add_matrix(ret, "bandwidth_mibs", host, host->bandwidth_mibs);
		add_devices(ret, host);
		add_pools(ret, host);
		add_cpus(ret, "offline", &host->offline);
		add_cpus(ret, "isolated", &host->isolated);
		vn_text_add(ret, "}\n");
	} else {
		ret->failed = true;
	}
	free_groups(&all);
	return vn_text_done(ret, err);
}
