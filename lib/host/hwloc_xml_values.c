/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What hwloc XML says between nodes: the SLIT as <distances2 name="NUMALatency">, HMAT as
 * <memattr>. */
#include "host/hwloc_xml.h"

#include "host/hex.h"
#include "host/xml.h"

#include <stdlib.h>
#include <string.h>

static bool has_value(const xmlNode *node, const char *attribute, const char *value)
{
	const char *text = vn_xml_text(node, attribute);

	return text && !strcmp(text, value);
}

/* ---- distances ---- */

/* Numbers of all children of one name, in order: hwloc breaks them over several elements. Exactly
 * `count` of them. */
static int read_numbers(const char *source, const xmlNode *parent, const char *name, uint64_t *to,
			size_t count, vn_error *err)
{
	vn_at at = vn_xml_at(source, parent);
	size_t n = 0;

	VN_XML_EACH(element, parent, name) {
		vn_cursor in = vn_cursor_of_string(NULL, vn_xml_content(element));
		vn_error why;
		int r;

		at = vn_xml_at(source, element);
		for (vn_take_space(&in); in.p < in.end; vn_take_space(&in)) {
			if (n == count)
				return vn_fail_where(err, &at, VN_E_RANGE,
						     "<%s>: more than %zu numbers", name, count);
			if ((r = vn_take_uint(&in, UINT64_MAX, &to[n++], &why)) < 0)
				return vn_fail_where(err, &at, r, "<%s>: %s", name, why.text);
		}
	}
	if (n < count)
		return vn_fail_where(err, &at, VN_E_RANGE, "<%s>: %zu numbers where %zu belong",
				     name, n, count);
	return VN_OK;
}

/* A matrix of another kind can have the same name: every value must be one of a SLIT. */
static bool is_slit(const uint64_t *values, size_t n)
{
	for (size_t i = 0; i < n * n; i++)
		if (i % (n + 1) ? values[i] < VN_SLIT_LOCAL || values[i] > VN_SLIT_MAX
				: values[i] != VN_SLIT_LOCAL)
			return false;
	return true;
}

/* `numbers`: the nodes' numbers, then the matrix. Nodes that it leaves out keep the default. */
static int set_slit(vn_host *host, const vn_at *at, const uint64_t *numbers, size_t n,
		    vn_error *err)
{
	uint32_t total = host->n_nodes;
	int r, from, to;

	if ((r = vn_build_matrix(host, &host->slit, err)) < 0)
		return r;
	for (size_t i = 0; i < (size_t)total * total; i++)
		host->slit[i] = i % (total + 1) ? VN_SLIT_DEFAULT : VN_SLIT_LOCAL;
	for (size_t i = 0; i < n; i++) {
		from = numbers[i] < VN_NODE_MAX ? vn_host_node_ix(host, (uint32_t)numbers[i]) : -1;
		if (from < 0)
			return vn_fail_where(err, at, VN_E_RANGE,
					     "distances of node %llu, which is not there",
					     (unsigned long long)numbers[i]);
	}
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < n; j++) {
			from = vn_host_node_ix(host, (uint32_t)numbers[i]);
			to = vn_host_node_ix(host, (uint32_t)numbers[j]);
			if (from == to && i != j)
				return vn_fail_where(err, at, VN_E_RANGE,
						     "distances of node %llu are there twice",
						     (unsigned long long)numbers[i]);
			host->slit[(size_t)from * total + (size_t)to] =
				(uint32_t)numbers[n + i * n + j];
		}
	return VN_OK;
}

static int read_slit(vn_host *host, const char *source, const xmlNode *element, vn_error *err)
{
	vn_at at = vn_xml_at(source, element);
	uint64_t n, *numbers;
	int r;

	if ((r = vn_xml_uint(&at, element, "nbobjs", host->n_nodes, &n, err)) < 0)
		return r;
	numbers = calloc((size_t)(n + n * n) + 1, sizeof(*numbers));
	if (!numbers)
		return vn_fail(err, VN_E_NOMEM, "no memory for the distances");
	r = read_numbers(source, element, "indexes", numbers, (size_t)n, err);
	if (r == VN_OK)
		r = read_numbers(source, element, "u64values", numbers + n, (size_t)(n * n), err);
	if (r == VN_OK && is_slit(numbers + n, (size_t)n))
		r = set_slit(host, &at, numbers, (size_t)n, err);
	free(numbers);
	return r;
}

int vn_hwloc_xml_distances(vn_host *host, const char *source, const xmlNode *root, vn_error *err)
{
	VN_XML_EACH(element, root, "distances2")
		if (has_value(element, "type", "NUMANode") &&
		    has_value(element, "name", "NUMALatency") &&
		    has_value(element, "indexing", "os"))
			return read_slit(host, source, element, err);
	return VN_OK;
}

/* ---- memory attributes ---- */

/* Node numbers by hwloc's gp_index, which the attributes use. */
typedef struct index {
	uint64_t gp_index;
	uint32_t node_ix;
} index_row;

typedef struct index_table {
	size_t count;
	index_row rows[VN_NODE_MAX];
} index_table;

static void collect(const vn_host *host, const xmlNode *parent, index_table *table)
{
	VN_XML_EACH(object, parent, "object") {
		vn_at at = { 0 };
		uint64_t gp_index, id;

		if (has_value(object, "type", "NUMANode") && table->count < VN_NODE_MAX &&
		    !vn_xml_uint(&at, object, "gp_index", UINT64_MAX, &gp_index, NULL) &&
		    !vn_xml_uint(&at, object, "os_index", VN_NODE_MAX - 1, &id, NULL))
			table->rows[table->count++] =
				(index_row){ gp_index,
					     (uint32_t)vn_host_node_ix(host, (uint32_t)id) };
		collect(host, object, table);
	}
}

/* One value, for every node whose CPUs are all among the initiator's. */
static int read_value(vn_host *host, const char *source, const xmlNode *element,
		      const index_table *table, uint32_t *matrix, vn_error *err)
{
	const char *text = vn_xml_text(element, "initiator_cpuset");
	vn_at at = vn_xml_at(source, element);
	uint64_t target, value;
	vn_cpuset initiator;
	int r;

	if (!text || !has_value(element, "target_obj_type", "NUMANode"))
		return VN_OK;
	if ((r = vn_xml_uint(&at, element, "target_obj_gp_index", UINT64_MAX, &target, err)) < 0 ||
	    (r = vn_xml_uint(&at, element, "value", UINT64_MAX, &value, err)) < 0)
		return r;
	if ((r = vn_hex_parse_cpus(text, &initiator)) < 0)
		return vn_fail_where(err, &at, r, "initiator_cpuset='%.40s' is not a mask of CPUs",
				     text);
	for (size_t i = 0; i < table->count; i++)
		for (uint32_t from = 0; from < host->n_nodes; from++)
			if (table->rows[i].gp_index == target &&
			    vn_cpuset_next(&host->nodes[from].cpus, -1) >= 0 &&
			    vn_cpuset_contains(&initiator, &host->nodes[from].cpus))
				matrix[(size_t)from * host->n_nodes + table->rows[i].node_ix] =
					value < UINT32_MAX ? (uint32_t)value : UINT32_MAX;
	return VN_OK;
}

int vn_hwloc_xml_memattrs(vn_host *host, const char *source, const xmlNode *root, vn_error *err)
{
	/* nanoseconds and MiB/s; that of reads, where it is told apart, comes last in a file */
	const struct {
		const char *name;
		uint32_t **matrix;
	} attributes[] = {
		{ "Latency", &host->latency_ns },
		{ "ReadLatency", &host->latency_ns },
		{ "Bandwidth", &host->bandwidth_mibs },
		{ "ReadBandwidth", &host->bandwidth_mibs },
	};
	index_table *table = vn_arena_alloc(host->arena, 1, sizeof(*table));
	int r;

	if (!table)
		return vn_fail(err, VN_E_NOMEM, "no memory for the host");
	collect(host, root, table);
	VN_XML_EACH(element, root, "memattr")
		for (size_t i = 0; i < VN_LEN(attributes); i++) {
			if (!has_value(element, "name", attributes[i].name) ||
			    !vn_xml_child(element, "memattr_value"))
				continue;
			if ((r = vn_build_matrix(host, attributes[i].matrix, err)) < 0)
				return r;
			VN_XML_EACH(value, element, "memattr_value")
				if ((r = read_value(host, source, value, table,
						    *attributes[i].matrix, err)) < 0)
					return r;
		}
	return VN_OK;
}
