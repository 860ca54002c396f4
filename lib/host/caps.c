/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Reads libvirt's capabilities (`virsh capabilities`; libvirt's docs/formatcaps.rst): the cells of
 * <host><topology>, their CPUs, memory, pages and distances, the level 3 <bank>s of <host><cache>,
 * and <interconnects>. Libvirt does not say there what is free, nor which devices there are: all
 * memory and all pages count as free. Elements that are not about placement are passed over. */
#include "host/readers.h"

#include "host/xml.h"

#include <stdlib.h>
#include <string.h>

typedef struct caps {
	const char *source;
	vn_host *host;
	vn_error *err;
} caps;

/* <memory unit='KiB'>4047764</memory> */
static int read_memory(caps *in, vn_node *node, const xmlNode *element)
{
	const char *unit = vn_xml_text(element, "unit"), *text = vn_xml_content(element);
	vn_at at = vn_xml_at(in->source, element);
	uint64_t value;
	vn_error why;
	int r;

	r = vn_uint_parse(vn_cursor_of_string(NULL, text), UINT64_MAX, &value, &why);
	if (r == VN_OK)
		r = vn_scale_kib(value, unit ? unit : "KiB", &node->mem_kib, &why);
	return r < 0 ? vn_fail_where(in->err, &at, r, "<memory>: %s", why.text) : VN_OK;
}

/* <pages unit='KiB' size='2048'>25</pages> */
static int read_pages(caps *in, vn_node *node, const xmlNode *element)
{
	const char *unit = vn_xml_text(element, "unit"), *text = vn_xml_content(element);
	vn_at at = vn_xml_at(in->source, element);
	vn_pages pages = { 0 };
	uint64_t size;
	vn_error why;
	int r;

	if ((r = vn_xml_uint(&at, element, "size", UINT64_MAX, &size, in->err)) < 0)
		return r;
	r = vn_scale_kib(size, unit ? unit : "KiB", &pages.size_kib, &why);
	if (r == VN_OK)
		r = vn_uint_parse(vn_cursor_of_string(NULL, text), UINT64_MAX, &pages.total, &why);
	if (r < 0)
		return vn_fail_where(in->err, &at, r, "<pages>: %s", why.text);
	return vn_build_pages(node, pages, &at, in->err);
}

static int read_cpus(caps *in, uint32_t node_ix, const xmlNode *cell)
{
	vn_node *node = &in->host->nodes[node_ix];

	VN_XML_EACH(element, vn_xml_child(cell, "cpus"), "cpu") {
		vn_at at = vn_xml_at(in->source, element);
		uint64_t cpu;
		int r;

		if ((r = vn_xml_uint(&at, element, "id", VN_CPU_MAX - 1, &cpu, in->err)) < 0)
			return r;
		if (vn_cpuset_has(&node->cpus, (unsigned)cpu))
			return vn_fail_where(in->err, &at, VN_E_RANGE, "CPU %u is there twice",
					     (unsigned)cpu);
		vn_cpuset one = { 0 };

		vn_cpuset_add(&one, (unsigned)cpu);
		vn_cpuset_add(&node->cpus, (unsigned)cpu);
		if ((r = vn_build_cpus(in->host, node_ix, &one, &at, in->err)) < 0)
			return r;
	}
	node->pcpus = node->cpus;
	return VN_OK;
}

static int read_cell(caps *in, uint32_t node_ix, const xmlNode *cell)
{
	vn_node *node = &in->host->nodes[node_ix];
	const xmlNode *memory = vn_xml_child(cell, "memory");
	vn_at at = vn_xml_at(in->source, cell);
	uint64_t id;
	int r;

	if ((r = vn_xml_uint(&at, cell, "id", VN_NODE_MAX - 1, &id, in->err)) < 0 ||
	    (r = vn_build_node(in->host, node_ix, id, &at, in->err)) < 0 ||
	    (memory && (r = read_memory(in, node, memory)) < 0) ||
	    (r = vn_build_memory(node, &at, in->err)) < 0)
		return r;
	VN_XML_EACH(pages, cell, "pages")
		if ((r = read_pages(in, node, pages)) < 0)
			return r;
	return read_cpus(in, node_ix, cell);
}

/* ---- groups of CPUs ---- */

/* What one <cpu> says of its place; -1 where it does not. */
typedef struct place {
	int64_t socket, die, core;
	uint32_t cpu;
} place;

static int read_place(caps *in, const xmlNode *element, place *ret)
{
	place at_place = { -1, 0, -1, 0 };
	const struct {
		const char *name;
		int64_t *to;
	} fields[] = {
		{ "socket_id", &at_place.socket },
		{ "die_id", &at_place.die },
		{ "core_id", &at_place.core },
	};
	vn_at at = vn_xml_at(in->source, element);
	uint64_t value;
	int r;

	if ((r = vn_xml_uint(&at, element, "id", VN_CPU_MAX - 1, &value, in->err)) < 0)
		return r;
	at_place.cpu = (uint32_t)value;
	for (size_t i = 0; i < VN_LEN(fields); i++) {
		if (!vn_xml_text(element, fields[i].name))
			continue;
		r = vn_xml_uint(&at, element, fields[i].name, INT32_MAX, &value, in->err);
		if (r < 0)
			return r;
		*fields[i].to = (int64_t)value;
	}
	*ret = at_place;
	return VN_OK;
}

static bool same(const place *a, const place *b, enum vn_group kind)
{
	return a->socket == b->socket && (kind == VN_GROUP_SOCKET || a->die == b->die) &&
	       (kind != VN_GROUP_CORE || a->core == b->core);
}

static int by_place(const void *one, const void *two)
{
	const place *a = one, *b = two;
	const int64_t order[][2] = {
		{ a->socket, b->socket },
		{ a->die, b->die },
		{ a->core, b->core },
		{ a->cpu, b->cpu },
	};

	for (size_t i = 0; i < VN_LEN(order); i++)
		if (order[i][0] != order[i][1])
			return order[i][0] < order[i][1] ? -1 : 1;
	return 0;
}

/* CPUs with equal numbers are a group; `places` is sorted. Where a CPU's siblings are listed, they
 * have made its core already. Core numbers repeat between nodes on some machines, so a core ends
 * at its node. */
static int group_by_place(caps *in, const place *places, size_t count, enum vn_group kind)
{
	vn_at at = { .source = in->source };
	size_t next;

	for (size_t i = 0; i < count; i = next) {
		vn_cpuset set = { 0 };
		vn_cpu *first = &in->host->cpus[places[i].cpu];
		int r;

		for (next = i; next < count && same(&places[i], &places[next], kind) &&
			       (kind != VN_GROUP_CORE ||
				in->host->cpus[places[next].cpu].node_ix == first->node_ix);
		     next++)
			vn_cpuset_add(&set, places[next].cpu);
		if (places[i].socket < 0 || (kind == VN_GROUP_CORE && places[i].core < 0) ||
		    *vn_cpu_group(first, kind) >= 0)
			continue;
		if ((r = vn_build_group(in->host, kind, &set, &at, in->err)) < 0)
			return r;
	}
	return VN_OK;
}

/* The siblings of all CPUs, and their places into `places`. */
static int read_places(caps *in, const xmlNode *cells, place *places, size_t *count)
{
	int r;

	VN_XML_EACH(cell, cells, "cell")
		VN_XML_EACH(cpu, vn_xml_child(cell, "cpus"), "cpu") {
			vn_at at = vn_xml_at(in->source, cpu);
			place *next = &places[*count];
			vn_cpuset siblings;

			if ((r = read_place(in, cpu, next)) < 0)
				return r;
			(*count)++;
			if (!vn_xml_text(cpu, "siblings"))
				continue;
			r = vn_xml_cpuset(&at, cpu, "siblings", &siblings, in->err);
			if (r < 0)
				return r;
			if (!vn_cpuset_has(&siblings, next->cpu))
				return vn_fail_where(in->err, &at, VN_E_RANGE,
						     "CPU %u is not among its own siblings",
						     next->cpu);
			r = vn_build_group(in->host, VN_GROUP_CORE, &siblings, &at, in->err);
			if (r < 0)
				return r;
		}
	return VN_OK;
}

/* A node whose CPUs are all of one socket is on that socket. */
static void set_node_sockets(vn_host *host, const place *places, size_t count)
{
	bool mixed[VN_NODE_MAX] = { false };

	for (size_t i = 0; i < count; i++) {
		int32_t node_ix = host->cpus[places[i].cpu].node_ix;
		int32_t *socket = &host->nodes[node_ix].socket;

		if (*socket >= 0 && *socket != places[i].socket)
			mixed[node_ix] = true;
		*socket = (int32_t)places[i].socket;
	}
	for (uint32_t i = 0; i < host->n_nodes; i++)
		if (mixed[i])
			host->nodes[i].socket = -1;
}

static int read_groups(caps *in, const xmlNode *cells)
{
	place *places = calloc(VN_CPU_MAX, sizeof(*places)); /* every CPU has one cell only */
	size_t count = 0;
	int r;

	if (!places)
		return vn_fail(in->err, VN_E_NOMEM, "no memory for the CPUs");
	r = read_places(in, cells, places, &count);
	qsort(places, count, sizeof(*places), by_place);
	for (enum vn_group kind = 0; kind < VN_GROUP_COUNT && r == VN_OK; kind++)
		if (kind != VN_GROUP_L3)
			r = group_by_place(in, places, count, kind);
	if (r == VN_OK)
		set_node_sockets(in->host, places, count);
	free(places);
	return r;
}

/* <cache><bank id='0' level='3' type='both' size='8' unit='MiB' cpus='0-7'/> */
static int read_banks(caps *in, const xmlNode *host)
{
	VN_XML_EACH(bank, vn_xml_child(host, "cache"), "bank") {
		vn_at at = vn_xml_at(in->source, bank);
		uint64_t level;
		vn_cpuset cpus;
		int r;

		if ((r = vn_xml_uint(&at, bank, "level", UINT8_MAX, &level, in->err)) < 0)
			return r;
		if (level != 3)
			continue;
		if ((r = vn_xml_cpuset(&at, bank, "cpus", &cpus, in->err)) < 0 ||
		    (r = vn_build_group(in->host, VN_GROUP_L3, &cpus, &at, in->err)) < 0)
			return r;
	}
	return VN_OK;
}

/* ---- between nodes ---- */

static int read_node_ref(caps *in, const xmlNode *element, const char *attribute, uint32_t *ret)
{
	vn_at at = vn_xml_at(in->source, element);
	uint64_t id;
	int r, node_ix;

	if ((r = vn_xml_uint(&at, element, attribute, VN_NODE_MAX - 1, &id, in->err)) < 0)
		return r;
	node_ix = vn_host_node_ix(in->host, (uint32_t)id);
	if (node_ix < 0)
		return vn_fail_where(in->err, &at, VN_E_RANGE,
				     "<%s %s='%llu'>: there is no cell %llu",
				     (const char *)element->name, attribute, (unsigned long long)id,
				     (unsigned long long)id);
	*ret = (uint32_t)node_ix;
	return VN_OK;
}

/* What a cell does not list keeps the default. */
static int start_slit(caps *in)
{
	uint32_t n = in->host->n_nodes;
	int r = vn_build_matrix(in->host, &in->host->slit, in->err);

	if (r < 0)
		return r;
	for (size_t i = 0; i < (size_t)n * n; i++)
		in->host->slit[i] = i % (n + 1) ? VN_SLIT_DEFAULT : VN_SLIT_LOCAL;
	return VN_OK;
}

static int read_distances(caps *in, uint32_t from, const xmlNode *cell)
{
	VN_XML_EACH(sibling, vn_xml_child(cell, "distances"), "sibling") {
		vn_at at = vn_xml_at(in->source, sibling);
		uint64_t value = 0;
		uint32_t to = 0;
		int r;

		if (!in->host->slit && (r = start_slit(in)) < 0)
			return r;
		if ((r = read_node_ref(in, sibling, "id", &to)) < 0 ||
		    (r = vn_xml_uint(&at, sibling, "value", UINT32_MAX, &value, in->err)) < 0 ||
		    (r = vn_build_distance(in->host, from, to, value, &at, in->err)) < 0)
			return r;
	}
	return VN_OK;
}

/* <latency initiator='0' target='2' type='access' value='5'/> in nanoseconds, or <bandwidth ...
 * value='204800' unit='KiB'/> per second. Those of memory-side caches, and of writes alone, are
 * passed over. */
static int read_interconnect(caps *in, const xmlNode *element, uint32_t **matrix)
{
	const char *type = vn_xml_text(element, "type"), *unit = vn_xml_text(element, "unit");
	vn_at at = vn_xml_at(in->source, element);
	uint32_t from = 0, to = 0;
	uint64_t value = 0, kib = 0;
	vn_error why;
	int r;

	if (vn_xml_text(element, "cache") || (type && !strcmp(type, "write")))
		return VN_OK;
	if ((r = read_node_ref(in, element, "initiator", &from)) < 0 ||
	    (r = read_node_ref(in, element, "target", &to)) < 0 ||
	    (r = vn_xml_uint(&at, element, "value", UINT32_MAX, &value, in->err)) < 0 ||
	    (r = vn_build_matrix(in->host, matrix, in->err)) < 0)
		return r;
	if (matrix == &in->host->bandwidth_mibs) {
		if ((r = vn_scale_kib(value, unit ? unit : "KiB", &kib, &why)) < 0)
			return vn_fail_where(in->err, &at, r, "<bandwidth>: %s", why.text);
		value = kib >> 10 < UINT32_MAX ? kib >> 10 : UINT32_MAX;
	}
	(*matrix)[(size_t)from * in->host->n_nodes + to] = (uint32_t)value;
	return VN_OK;
}

static int read_interconnects(caps *in, const xmlNode *topology)
{
	const xmlNode *list = vn_xml_child(topology, "interconnects");
	int r;

	VN_XML_EACH(element, list, "latency")
		if ((r = read_interconnect(in, element, &in->host->latency_ns)) < 0)
			return r;
	VN_XML_EACH(element, list, "bandwidth")
		if ((r = read_interconnect(in, element, &in->host->bandwidth_mibs)) < 0)
			return r;
	return VN_OK;
}

/* ---- the document ---- */

static int read_host(caps *in, const xmlNode *root)
{
	const xmlNode *host = vn_xml_child(root, "host"),
		      *topology = vn_xml_child(host, "topology"),
		      *cells = vn_xml_child(topology, "cells");
	vn_at at = vn_xml_at(in->source, root);
	uint32_t node_ix = 0;
	int r;

	if (!cells)
		return vn_fail_where(in->err, &at, VN_E_SYNTAX,
				     "<capabilities> has no <host><topology><cells>");
	if ((r = vn_build_start(&at, vn_xml_count(cells, "cell"), &in->host, in->err)) < 0)
		return r;
	VN_XML_EACH(cell, cells, "cell")
		if ((r = read_cell(in, node_ix++, cell)) < 0)
			return r;
	node_ix = 0;
	VN_XML_EACH(cell, cells, "cell")
		if ((r = read_distances(in, node_ix++, cell)) < 0)
			return r;
	if ((r = read_groups(in, cells)) < 0 || (r = read_banks(in, host)) < 0 ||
	    (r = read_interconnects(in, topology)) < 0)
		return r;
	at.line = 0;
	return vn_build_finish(in->host, &at, in->err);
}

int vn_host_parse_caps(const char *source, xmlNode *root, vn_host **ret, vn_error *err)
{
	caps in = { .source = source, .err = err };
	int r = read_host(&in, root);

	if (r < 0)
		vn_host_free(in.host);
	else
		*ret = in.host;
	return r;
}
