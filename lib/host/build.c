/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Adding to a host that is being read, with every rule that an input can break. build_finish.c
 * sorts and numbers. */
#include "host/build.h"

#include <stdio.h>
#include <string.h>

const char *const vn_group_names[] = {
	[VN_GROUP_CORE] = "siblings",
	[VN_GROUP_L3] = "l3",
	[VN_GROUP_DIE] = "dies",
	[VN_GROUP_SOCKET] = "sockets",
};
static_assert(VN_LEN(vn_group_names) == VN_GROUP_COUNT, "name every group");

int vn_fail_where(vn_error *err, const vn_at *at, enum vn_code code, const char *format, ...)
{
	char text[sizeof(err->text)];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	return vn_fail_line(err, code, at->source, at->line, 0, "%s%s%s", at->path ? at->path : "",
			    at->path && *at->path ? ": " : "", text);
}

int32_t *vn_cpu_group(vn_cpu *cpu, enum vn_group kind)
{
	switch (kind) {
	case VN_GROUP_CORE: return &cpu->core;
	case VN_GROUP_L3: return &cpu->l3;
	case VN_GROUP_DIE: return &cpu->die;
	default: return &cpu->socket;
	}
}

static int no_memory(vn_error *err)
{
	return vn_fail(err, VN_E_NOMEM, "no memory for the host");
}

int vn_build_start(const vn_at *at, size_t n_nodes, vn_host **ret, vn_error *err)
{
	if (!n_nodes)
		return vn_fail_where(err, at, VN_E_RANGE, "a host without nodes");
	if (n_nodes > VN_NODE_MAX)
		return vn_fail_where(err, at, VN_E_RANGE, "%zu nodes are more than the most, %d",
				     n_nodes, VN_NODE_MAX);

	VN_AUTO(vn_arena)
	arena = vn_arena_new();
	vn_host *host = arena ? vn_arena_alloc(arena, 1, sizeof(*host)) : NULL;

	if (!host)
		return no_memory(err);
	host->n_nodes = (uint32_t)n_nodes;
	host->nodes = vn_arena_alloc(arena, n_nodes, sizeof(*host->nodes));
	host->cpus = vn_arena_alloc(arena, VN_CPU_MAX, sizeof(*host->cpus));
	host->source = vn_arena_strndup(arena, at->source, strlen(at->source));
	if (!host->nodes || !host->cpus || !host->source)
		return no_memory(err);
	for (size_t i = 0; i < n_nodes; i++)
		host->nodes[i] = (vn_node){ .id = VN_NODE_MAX, .socket = -1 };
	for (size_t cpu = 0; cpu < VN_CPU_MAX; cpu++)
		host->cpus[cpu] = (vn_cpu){ -1, -1, -1, -1, -1 };
	host->arena = VN_STEAL(arena);
	*ret = host;
	return VN_OK;
}

int vn_build_node(vn_host *host, uint32_t node_ix, uint64_t id, const vn_at *at, vn_error *err)
{
	if (id >= VN_NODE_MAX)
		return vn_fail_where(err, at, VN_E_RANGE,
				     "node number %llu is more than the largest, %d",
				     (unsigned long long)id, VN_NODE_MAX - 1);
	if (vn_host_node_ix(host, (uint32_t)id) >= 0)
		return vn_fail_where(err, at, VN_E_RANGE, "node %llu is there twice",
				     (unsigned long long)id);
	host->nodes[node_ix].id = (uint32_t)id;
	return VN_OK;
}

int vn_build_cpus(vn_host *host, uint32_t node_ix, const vn_cpuset *cpus, const vn_at *at,
		  vn_error *err)
{
	VN_CPUSET_EACH(cpu, cpus) {
		int32_t *in = &host->cpus[cpu].node_ix;

		if (*in >= 0 && *in != (int32_t)node_ix)
			return vn_fail_where(err, at, VN_E_RANGE,
					     "CPU %d is in node %u and in node %u", cpu,
					     host->nodes[*in].id, host->nodes[node_ix].id);
		*in = (int32_t)node_ix;
	}
	return VN_OK;
}

/* Is the group that `first` is in exactly the set? */
static bool same_group(vn_host *host, enum vn_group kind, const vn_cpuset *cpus, int32_t number)
{
	for (unsigned cpu = 0; cpu < VN_CPU_MAX; cpu++)
		if ((*vn_cpu_group(&host->cpus[cpu], kind) == number) != vn_cpuset_has(cpus, cpu))
			return false;
	return true;
}

int vn_build_group(vn_host *host, enum vn_group kind, const vn_cpuset *cpus, const vn_at *at,
		   vn_error *err)
{
	int first = vn_cpuset_next(cpus, -1);

	if (first < 0)
		return vn_fail_where(err, at, VN_E_RANGE, "a set of %s without CPUs",
				     vn_group_names[kind]);
	VN_CPUSET_EACH(cpu, cpus) {
		int32_t number = *vn_cpu_group(&host->cpus[cpu], kind);
		int32_t node_ix = host->cpus[cpu].node_ix;

		if (node_ix < 0)
			return vn_fail_where(err, at, VN_E_RANGE,
					     "CPU %d is in a set of %s, but in no node", cpu,
					     vn_group_names[kind]);
		if (kind == VN_GROUP_CORE && node_ix != host->cpus[first].node_ix)
			return vn_fail_where(err, at, VN_E_RANGE,
					     "CPUs %d and %d are siblings, but in nodes %u and %u",
					     first, cpu, host->nodes[host->cpus[first].node_ix].id,
					     host->nodes[node_ix].id);
		if (number >= 0 && same_group(host, kind, cpus, number))
			return VN_OK;
		if (number >= 0)
			return vn_fail_where(err, at, VN_E_RANGE,
					     "CPU %d is in two different sets of %s", cpu,
					     vn_group_names[kind]);
	}
	/* Until vn_build_finish a group goes by its lowest CPU: no two groups share a CPU. */
	VN_CPUSET_EACH(cpu, cpus)
		*vn_cpu_group(&host->cpus[cpu], kind) = first;
	return VN_OK;
}

int vn_build_memory(const vn_node *node, const vn_at *at, vn_error *err)
{
	uint64_t left;

	if (node->mem_kib > UINT64_MAX / 1024)
		return vn_fail_where(err, at, VN_E_RANGE, "%llu KiB are more than 2^64 bytes",
				     (unsigned long long)node->mem_kib);
	if (node->mem_used_kib > UINT64_MAX / 1024)
		return vn_fail_where(err, at, VN_E_RANGE, "%llu KiB are more than 2^64 bytes",
				     (unsigned long long)node->mem_used_kib);
	left = node->mem_used_kib < node->mem_kib ? node->mem_kib - node->mem_used_kib : 0;
	if (node->cache_kib > left)
		return vn_fail_where(err, at, VN_E_RANGE,
				     "%llu KiB of file cache are more than the %llu KiB not used",
				     (unsigned long long)node->cache_kib, (unsigned long long)left);
	return VN_OK;
}

int vn_build_pages(vn_node *node, vn_pages pages, const vn_at *at, vn_error *err)
{
	uint64_t taken, kib;
	uint32_t i = node->n_pages;

	if (!pages.size_kib || pages.size_kib & (pages.size_kib - 1))
		return vn_fail_where(err, at, VN_E_RANGE,
				     "a page size of %llu KiB is not a power of two",
				     (unsigned long long)pages.size_kib);
	if (__builtin_add_overflow(pages.used, pages.reserved, &taken) || taken > pages.total)
		return vn_fail_where(err, at, VN_E_RANGE,
				     "%llu used and %llu reserved pages are more than all %llu",
				     (unsigned long long)pages.used,
				     (unsigned long long)pages.reserved,
				     (unsigned long long)pages.total);
	if (__builtin_mul_overflow(pages.total, pages.size_kib, &kib) || kib > UINT64_MAX / 1024)
		return vn_fail_where(
			err, at, VN_E_RANGE, "%llu pages of %llu KiB are more than 2^64 bytes",
			(unsigned long long)pages.total, (unsigned long long)pages.size_kib);
	if (vn_node_pages(node, pages.size_kib))
		return vn_fail_where(err, at, VN_E_RANGE, "pages of %llu KiB are there twice",
				     (unsigned long long)pages.size_kib);
	if (i == VN_PAGE_SIZES_MAX)
		return vn_fail_where(err, at, VN_E_RANGE, "more than %d page sizes",
				     VN_PAGE_SIZES_MAX);
	for (; i && node->pages[i - 1].size_kib > pages.size_kib; i--)
		node->pages[i] = node->pages[i - 1];
	node->pages[i] = pages;
	node->n_pages++;
	return VN_OK;
}

int vn_build_matrix(vn_host *host, uint32_t **matrix, vn_error *err)
{
	if (!*matrix)
		*matrix = vn_arena_alloc(host->arena, (size_t)host->n_nodes * host->n_nodes,
					 sizeof(**matrix));
	return *matrix ? VN_OK : no_memory(err);
}

int vn_build_distance(vn_host *host, uint32_t from_ix, uint32_t to_ix, uint64_t value,
		      const vn_at *at, vn_error *err)
{
	if (from_ix == to_ix && value != VN_SLIT_LOCAL)
		return vn_fail_where(err, at, VN_E_RANGE,
				     "the distance of node %u to itself is %llu (legal: %d)",
				     host->nodes[from_ix].id, (unsigned long long)value,
				     VN_SLIT_LOCAL);
	if (value < VN_SLIT_LOCAL || value > VN_SLIT_MAX)
		return vn_fail_where(err, at, VN_E_RANGE,
				     "the distance from node %u to node %u is %llu (legal: %d-%d)",
				     host->nodes[from_ix].id, host->nodes[to_ix].id,
				     (unsigned long long)value, VN_SLIT_LOCAL, VN_SLIT_MAX);
	host->slit[(size_t)from_ix * host->n_nodes + to_ix] = (uint32_t)value;
	return VN_OK;
}

/* Room for one more than `count` items of a growing array: a power of two, doubled when it is full.
 * NULL: no memory. */
static void *grow(vn_host *host, void *items, uint32_t count, size_t size)
{
	void *room;

	if (count & (count - 1))
		return items;
	room = vn_arena_alloc(host->arena, count ? (size_t)count * 2 : 1, size);
	if (room && count)
		memcpy(room, items, count * size);
	return room;
}

int vn_build_device(vn_host *host, const vn_device *device, const vn_at *at, vn_error *err)
{
	vn_device *room;

	if (host->n_devices == VN_HOST_DEVICES_MAX)
		return vn_fail_where(err, at, VN_E_RANGE, "more than %d devices",
				     VN_HOST_DEVICES_MAX);
	if (!(room = grow(host, host->devices, host->n_devices, sizeof(*room))))
		return no_memory(err);
	host->devices = room;
	host->devices[host->n_devices++] = *device;
	return VN_OK;
}

int vn_build_pool(vn_host *host, const vn_pool *pool, const vn_at *at, vn_error *err)
{
	vn_pool *room;

	if (host->n_pools == VN_HOST_POOLS_MAX)
		return vn_fail_where(err, at, VN_E_RANGE, "more than %d pools", VN_HOST_POOLS_MAX);
	if (!(room = grow(host, host->pools, host->n_pools, sizeof(*room))))
		return no_memory(err);
	host->pools = room;
	host->pools[host->n_pools++] = *pool;
	return VN_OK;
}

/* The number of a network; a new name takes its place in the order, and later ones move up. */
static int number_physnet(vn_host *host, const char *name, uint32_t *ret, vn_error *err)
{
	uint32_t ix = 0;
	uint64_t below;

	while (ix < host->n_physnets && strcmp(host->physnets[ix], name) < 0)
		ix++;
	*ret = ix;
	if (ix < host->n_physnets && !strcmp(host->physnets[ix], name))
		return VN_OK;
	if (host->n_physnets == VN_PHYSNETS_MAX)
		return VN_E_RANGE; /* the caller says it with the place */
	if (!host->physnets)
		host->physnets =
			vn_arena_alloc(host->arena, VN_PHYSNETS_MAX, sizeof(*host->physnets));
	name = vn_arena_strndup(host->arena, name, strlen(name));
	if (!host->physnets || !name)
		return no_memory(err);
	memmove(&host->physnets[ix + 1], &host->physnets[ix],
		(host->n_physnets - ix) * sizeof(*host->physnets));
	host->physnets[ix] = name;
	host->n_physnets++;
	below = (UINT64_C(1) << ix) - 1;
	for (uint32_t i = 0; i < host->n_nodes; i++) {
		uint64_t *bits = &host->nodes[i].physnets;

		*bits = (*bits & below) | (*bits & ~below) << 1;
	}
	return VN_OK;
}

int vn_build_physnet(vn_host *host, uint32_t node_ix, const char *name, const vn_at *at,
		     vn_error *err)
{
	uint32_t ix = 0;
	int r;

	if (!*name)
		return vn_fail_where(err, at, VN_E_RANGE, "an empty name");
	r = number_physnet(host, name, &ix, err);
	if (r == VN_E_RANGE)
		return vn_fail_where(err, at, VN_E_RANGE, "more than %d networks", VN_PHYSNETS_MAX);
	if (r == VN_OK)
		host->nodes[node_ix].physnets |= UINT64_C(1) << ix;
	return r;
}

int vn_build_device_name(vn_host *host, vn_device *device, const char *name, vn_error *err)
{
	for (uint32_t i = 0; i < device->n_names; i++)
		if (!strcmp(device->names[i], name))
			return VN_OK;
	if (device->n_names == VN_DEVICE_NAMES_MAX)
		return VN_OK;
	name = vn_arena_strndup(host->arena, name, strlen(name));
	if (!name)
		return no_memory(err);
	device->names[device->n_names++] = name;
	return VN_OK;
}
