/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * One cell (a node of the host) of the JSON form. Its CPUs are those of `cpus`, `pcpus` and
 * `siblings` together; memory is in MiB as in Nova, and exact in KiB where that is given too. */
#include "host/json.h"

#include <string.h>

static vn_node *node_of(vn_json *in)
{
	return &in->host->nodes[in->node_ix];
}

static int read_id(vn_json *in, json_t *value)
{
	uint64_t id;
	int r = vn_json_uint(in, value, VN_NODE_MAX - 1, &id);

	return r < 0 ? r : vn_build_node(in->host, in->node_ix, id, &in->at, in->err);
}

static int read_cpus(vn_json *in, json_t *value)
{
	return vn_json_cpuset(in, value, &node_of(in)->cpus);
}

static int read_pcpus(vn_json *in, json_t *value)
{
	return vn_json_cpuset(in, value, &node_of(in)->pcpus);
}

static int read_pinned(vn_json *in, json_t *value)
{
	return vn_json_cpuset(in, value, &node_of(in)->pinned);
}

static int read_usage(vn_json *in, json_t *value)
{
	uint64_t count;
	int r = vn_json_uint(in, value, UINT32_MAX, &count);

	if (r == VN_OK)
		node_of(in)->cpu_usage = (uint32_t)count;
	return r;
}

static int read_socket(vn_json *in, json_t *value)
{
	uint64_t socket;
	int r;

	if (json_is_null(value)) /* Nova's own way to say that it does not know */
		return VN_OK;
	if ((r = vn_json_uint(in, value, INT32_MAX, &socket)) == VN_OK)
		node_of(in)->socket = (int32_t)socket;
	return r;
}

/* Memory: 2^64 bytes at most. */
static int read_mib(vn_json *in, json_t *value, uint64_t *kib)
{
	uint64_t mib;
	int r = vn_json_uint(in, value, UINT64_MAX >> 20, &mib);

	if (r == VN_OK)
		*kib = mib << 10;
	return r;
}

static int read_mem_mib(vn_json *in, json_t *value)
{
	return read_mib(in, value, &node_of(in)->mem_kib);
}

static int read_used_mib(vn_json *in, json_t *value)
{
	return read_mib(in, value, &node_of(in)->mem_used_kib);
}

static int check_kib(vn_json *in, json_t *value)
{
	uint64_t kib;

	return vn_json_uint(in, value, UINT64_MAX >> 10, &kib); /* kept by exact_memory */
}

static int read_cache_kib(vn_json *in, json_t *value)
{
	return vn_json_uint(in, value, UINT64_MAX >> 10, &node_of(in)->cache_kib);
}

static int read_gpu_memory(vn_json *in, json_t *value)
{
	return vn_json_bool(in, value, &node_of(in)->gpu_memory);
}

/* ---- pages ---- */

static int read_size_kib(vn_json *in, json_t *value)
{
	return vn_json_uint(in, value, INT64_MAX, &in->pages.size_kib);
}

static int read_total(vn_json *in, json_t *value)
{
	return vn_json_uint(in, value, INT64_MAX, &in->pages.total);
}

static int read_used(vn_json *in, json_t *value)
{
	return vn_json_uint(in, value, INT64_MAX, &in->pages.used);
}

static int read_reserved(vn_json *in, json_t *value)
{
	return vn_json_uint(in, value, INT64_MAX, &in->pages.reserved);
}

static const vn_json_field pages_fields[] = {
	{ "size_kib", true, read_size_kib },
	{ "total", true, read_total },
	{ "used", false, read_used },
	{ "reserved", false, read_reserved },
};

static int read_pages_of_size(vn_json *in, json_t *value)
{
	int r;

	in->pages = (vn_pages){ 0 };
	if ((r = vn_json_object(in, value, pages_fields, VN_LEN(pages_fields))) < 0)
		return r;
	return vn_build_pages(node_of(in), in->pages, &in->at, in->err);
}

static int read_pages(vn_json *in, json_t *value)
{
	return vn_json_array(in, value, read_pages_of_size);
}

/* ---- groups of CPUs ---- */

static int check_list(vn_json *in, json_t *value)
{
	if (!json_is_array(value))
		return vn_json_fail(in, VN_E_SYNTAX, "a list of sets of CPUs belongs here");
	return VN_OK; /* read by vn_json_cell_groups */
}

static int add_cpus(vn_json *in, json_t *value)
{
	vn_cpuset cpus;
	int r = vn_json_cpuset(in, value, &cpus);

	return r < 0 ? r : vn_build_cpus(in->host, in->node_ix, &cpus, &in->at, in->err);
}

static int add_siblings(vn_json *in, json_t *value)
{
	return vn_json_array(in, value, add_cpus);
}

static int add_group(vn_json *in, json_t *value)
{
	vn_cpuset cpus;
	int r = vn_json_cpuset(in, value, &cpus);

	return r < 0 ? r : vn_build_group(in->host, in->group, &cpus, &in->at, in->err);
}

int vn_json_cell_groups(vn_json *in, json_t *value)
{
	for (enum vn_group kind = 0; kind < VN_GROUP_COUNT; kind++) {
		json_t *sets = json_object_get(value, vn_group_names[kind]);
		size_t mark;
		int r;

		if (!sets)
			continue;
		in->group = kind;
		mark = vn_json_enter(in, ".%s", vn_group_names[kind]);
		if ((r = vn_json_array(in, sets, add_group)) < 0)
			return r;
		vn_json_leave(in, mark);
	}
	return VN_OK;
}

/* ---- networks ---- */

static int read_physnet(vn_json *in, json_t *value)
{
	const char *name;
	int r = vn_json_string(in, value, &name);

	return r < 0 ? r : vn_build_physnet(in->host, in->node_ix, name, &in->at, in->err);
}

static int read_physnets(vn_json *in, json_t *value)
{
	return vn_json_array(in, value, read_physnet);
}

static int read_tunneled(vn_json *in, json_t *value)
{
	return vn_json_bool(in, value, &node_of(in)->tunneled);
}

/* ---- the cell ---- */

static const vn_json_field cell_fields[] = {
	{ "id", true, read_id },
	{ "cpus", false, read_cpus },
	{ "pcpus", false, read_pcpus },
	{ "siblings", false, add_siblings },
	{ "l3", false, check_list },
	{ "dies", false, check_list },
	{ "sockets", false, check_list },
	{ "socket", false, read_socket },
	{ "mem_mib", true, read_mem_mib },
	{ "mem_used_mib", false, read_used_mib },
	{ "mem_kib", false, check_kib },
	{ "mem_used_kib", false, check_kib },
	{ "cache_kib", false, read_cache_kib },
	{ "cpu_usage", false, read_usage },
	{ "pinned", false, read_pinned },
	{ "pages", false, read_pages },
	{ "gpu_memory", false, read_gpu_memory },
	{ "physnets", false, read_physnets },
	{ "tunneled", false, read_tunneled },
};

/* Take the exact value in KiB, if there is one; the rounded-down MiB beside it must agree. */
static int exact_memory(vn_json *in, json_t *cell, const char *mib_name, const char *kib_name,
			uint64_t *kib)
{
	json_t *exact = json_object_get(cell, kib_name);
	uint64_t value;

	if (!exact)
		return VN_OK;
	value = (uint64_t)json_integer_value(exact);
	if (json_object_get(cell, mib_name) && value >> 10 != *kib >> 10)
		return vn_json_fail(in, VN_E_CONFLICT,
				    "'%s' is %llu MiB, but '%s' is %llu KiB, which is %llu MiB",
				    mib_name, (unsigned long long)(*kib >> 10), kib_name,
				    (unsigned long long)value, (unsigned long long)(value >> 10));
	*kib = value;
	return VN_OK;
}

static int check_memory(vn_json *in, json_t *cell)
{
	vn_node *node = node_of(in);
	int r;

	if ((r = exact_memory(in, cell, "mem_mib", "mem_kib", &node->mem_kib)) < 0 ||
	    (r = exact_memory(in, cell, "mem_used_mib", "mem_used_kib", &node->mem_used_kib)) < 0)
		return r;
	return vn_build_memory(node, &in->at, in->err);
}

int vn_json_cell(vn_json *in, json_t *value)
{
	vn_cpuset cpus;
	vn_node *node;
	int r;

	in->node_ix = (uint32_t)in->index;
	node = node_of(in);
	if ((r = vn_json_object(in, value, cell_fields, VN_LEN(cell_fields))) < 0)
		return r;
	if (!json_object_get(value, "pcpus"))
		node->pcpus = node->cpus;
	if (!vn_cpuset_contains(&node->pcpus, &node->pinned)) {
		cpus = node->pinned;
		vn_cpuset_minus(&cpus, &node->pcpus);
		return vn_json_fail(in, VN_E_RANGE, "CPU %d is in 'pinned', but not in 'pcpus'",
				    vn_cpuset_next(&cpus, -1));
	}
	cpus = vn_node_all_cpus(node);
	if ((r = vn_build_cpus(in->host, in->node_ix, &cpus, &in->at, in->err)) < 0)
		return r;
	return check_memory(in, value);
}
