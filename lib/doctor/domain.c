/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Reads the facts of vn_domain. The request reader has parsed the same bytes before, so that they
 * are known to be well-formed, without a DTD, and no larger than it allows; should they not be, no
 * fact is read. */
#include <string.h>

#include "doctor/domain_read.h"

static const char *const mode_names[] = { "strict", "preferred", "interleave", "restrictive" };
static_assert(VN_LEN(mode_names) == VN_MEM_MODE_COUNT, "name every mode");

static enum vn_mem_mode take_mode(const xmlNode *node)
{
	VN_XML_TEXT text = vn_node_attr(node, "mode");
	int mode = text ? vn_name_find(mode_names, VN_LEN(mode_names), (const char *)text) : -1;

	return mode < 0 ? VN_MEM_STRICT : (enum vn_mem_mode)mode;
}

/* ---- memory ---- */

static void read_backing(vn_domain_reader *r, const xmlNode *domain)
{
	const xmlNode *backing = vn_node_child(domain, "memoryBacking");
	const xmlNode *tune = vn_node_child(domain, "memtune");

	r->to->locked = vn_node_child(backing, "locked") != NULL;
	r->to->nosharepages = vn_node_child(backing, "nosharepages") != NULL;
	r->to->memfd = vn_node_attr_is(vn_node_child(backing, "source"), "type", "memfd");
	r->to->allocate_at_start =
		vn_node_attr_is(vn_node_child(backing, "allocation"), "mode", "immediate");
	r->to->hard_limit = vn_node_child(tune, "hard_limit") != NULL;
	r->to->max_memory = vn_node_child(domain, "maxMemory") != NULL;
}

static void read_numatune(vn_domain_reader *r, const xmlNode *domain)
{
	const xmlNode *numatune = vn_node_child(domain, "numatune");
	const xmlNode *memory = vn_node_child(numatune, "memory");
	uint64_t cell;

	r->to->auto_vcpu = vn_node_attr_is(vn_node_child(domain, "vcpu"), "placement", "auto");
	r->to->auto_memory = vn_node_attr_is(memory, "placement", "auto");
	r->to->memory_mode_given = memory != NULL;
	if (memory)
		r->to->memory_mode = take_mode(memory);
	VN_NODE_EACH(memnode, numatune, "memnode") {
		if (!vn_node_uint(memnode, "cellid", VN_CELL_MAX - 1, &cell))
			continue;
		vn_cpuset_add(&r->to->memnodes, (unsigned)cell);
		r->to->memnode_mode[cell] = take_mode(memnode);
	}
}

/* ---- CPUs ---- */

static void read_pins(vn_domain_reader *r, const xmlNode *cputune)
{
	uint64_t number;
	uint32_t count = 0;

	VN_NODE_EACH(pin, cputune, "vcpupin") {
		if (vn_node_uint(pin, "vcpu", VN_CPU_MAX - 1, &number) &&
		    number >= r->request->vcpus)
			vn_cpuset_add(&r->to->beyond, (unsigned)number);
	}
	VN_NODE_EACH(pin, cputune, "iothreadpin")
		count += count < VN_IOTHREADS_MAX;
	r->to->iothreadpins = vn_reader_alloc(r, count, sizeof(*r->to->iothreadpins));
	VN_NODE_EACH(pin, cputune, "iothreadpin") {
		vn_cpuset cpus;

		if (r->to->n_iothreadpins == count || r->no_memory ||
		    !vn_node_uint(pin, "iothread", VN_CPU_MAX - 1, &number) ||
		    !vn_node_cpuset(pin, "cpuset", &cpus))
			continue;
		r->to->iothreadpins[r->to->n_iothreadpins].id = (uint32_t)number;
		r->to->iothreadpins[r->to->n_iothreadpins++].cpus = cpus;
	}
}

static void read_cputune(vn_domain_reader *r, const xmlNode *domain)
{
	const xmlNode *cputune = vn_node_child(domain, "cputune");

	r->to->resource_control =
		vn_node_child(cputune, "cachetune") || vn_node_child(cputune, "memorytune");
	VN_NODE_EACH(sched, cputune, "vcpusched") {
		vn_cpuset vcpus;

		if ((vn_node_attr_is(sched, "scheduler", "fifo") ||
		     vn_node_attr_is(sched, "scheduler", "rr")) &&
		    vn_node_cpuset(sched, "vcpus", &vcpus))
			vn_cpuset_or(&r->to->realtime, &vcpus);
	}
	read_pins(r, cputune);
}

/* ---- cells ---- */

enum { DISTANCE_LOCAL = 10, DISTANCE_REMOTE = 20, DISTANCE_MAX = 255 };

static void read_siblings(vn_domain_reader *r, const xmlNode *cell, uint32_t number)
{
	const xmlNode *distances = vn_node_child(cell, "distances");
	uint32_t n = r->request->n_cells;
	uint64_t id, value;

	VN_NODE_EACH(sibling, distances, "sibling") {
		if (!vn_node_uint(sibling, "id", n - 1, &id) ||
		    !vn_node_uint(sibling, "value", DISTANCE_MAX, &value))
			continue;
		r->to->distances = true;
		r->to->slit[(size_t)number * n + id] = (uint16_t)value;
	}
}

/* What the document leaves out is the other direction, else 10 and 20: libvirt's rule. */
static void fill_slit(vn_domain *domain, uint32_t n)
{
	for (uint32_t a = 0; a < n; a++)
		for (uint32_t b = 0; b < n; b++) {
			uint16_t *to = &domain->slit[(size_t)a * n + b];

			if (!*to)
				*to = domain->slit[(size_t)b * n + a];
			if (!*to)
				*to = a == b ? DISTANCE_LOCAL : DISTANCE_REMOTE;
		}
}

static void read_cells(vn_domain_reader *r, const xmlNode *domain)
{
	const xmlNode *cpu = vn_node_child(domain, "cpu");
	const xmlNode *numa = vn_node_child(cpu, "numa");
	uint32_t n = r->request->n_cells, position = 0;
	vn_cpuset cpus;
	uint64_t id;

	r->to->has_topology = vn_node_child(cpu, "topology") != NULL;
	if (!n)
		return;
	r->to->slit = vn_reader_alloc(r, (size_t)n * n, sizeof(*r->to->slit));
	if (!r->to->slit)
		return;
	vn_cpuset_add_range(&r->to->uncovered, 0, r->request->vcpus - 1);
	VN_NODE_EACH(cell, numa, "cell") {
		id = position++;
		if (vn_node_has(cell, "id") && !vn_node_uint(cell, "id", n - 1, &id))
			continue;
		if (vn_node_cpuset(cell, "cpus", &cpus))
			vn_cpuset_minus(&r->to->uncovered, &cpus);
		if (id < n)
			read_siblings(r, cell, (uint32_t)id);
	}
	fill_slit(r->to, n);
}

/* ---- what runs in it ---- */

#define LIBOSINFO "http://libosinfo.org/xmlns/libvirt/domain/1.0"

static bool in_libosinfo(const xmlNode *node, const char *name)
{
	return node->type == XML_ELEMENT_NODE && node->ns && node->ns->href &&
	       !strcmp((const char *)node->ns->href, LIBOSINFO) &&
	       !strcmp((const char *)node->name, name);
}

static void read_system(vn_domain_reader *r, const xmlNode *domain)
{
	const xmlNode *metadata = vn_node_child(domain, "metadata");

	for (const xmlNode *info = metadata ? metadata->children : NULL; info; info = info->next) {
		if (!in_libosinfo(info, "libosinfo"))
			continue;
		for (const xmlNode *os = info->children; os; os = os->next) {
			if (!in_libosinfo(os, "os"))
				continue;
			VN_XML_TEXT id = vn_node_attr(os, "id");

			r->to->windows |= id && strstr((const char *)id, "microsoft.com");
		}
	}
}

/* ---- the whole ---- */

static void read_all(vn_domain_reader *r, const xmlNode *domain)
{
	read_backing(r, domain);
	read_numatune(r, domain);
	read_cputune(r, domain);
	read_cells(r, domain);
	read_system(r, domain);
	vn_domain_read_devices(r, vn_node_child(domain, "devices"));
}

static void silent(void *context, xmlErrorPtr error)
{
	(void)context;
	(void)error;
}

static xmlDoc *load(const vn_request *request)
{
	xmlParserCtxt *parser;
	xmlDoc *doc;

	if (!request->xml || request->xml_len > VN_XML_MAX || !(parser = xmlNewParserCtxt()))
		return NULL;
	parser->sax->serror = (xmlStructuredErrorFunc)silent;
	doc = xmlCtxtReadMemory(parser, request->xml, (int)request->xml_len, NULL, NULL,
				XML_PARSE_NONET | XML_PARSE_NOCDATA | XML_PARSE_COMPACT);
	xmlFreeParserCtxt(parser);
	if (doc && (doc->intSubset || doc->extSubset)) {
		xmlFreeDoc(doc);
		doc = NULL;
	}
	return doc;
}

int vn_domain_read(const vn_request *request, vn_arena *arena, vn_domain **ret, vn_error *err)
{
	vn_domain_reader reader = { .request = request, .arena = arena };
	xmlDoc *doc;

	reader.to = vn_reader_alloc(&reader, 1, sizeof(*reader.to));
	if (reader.to) {
		reader.to->buses =
			vn_reader_alloc(&reader, VN_CONTROLLERS_MAX, sizeof(*reader.to->buses));
		reader.to->device_bus = vn_reader_alloc(&reader, request->n_devices + 1,
							sizeof(*reader.to->device_bus));
	}
	if (!reader.to || reader.no_memory)
		return vn_fail(err, VN_E_NOMEM, "no memory for the facts of a domain");
	for (uint32_t i = 0; i < request->n_devices; i++)
		reader.to->device_bus[i] = -1;
	doc = load(request);
	if (doc && xmlDocGetRootElement(doc))
		read_all(&reader, xmlDocGetRootElement(doc));
	if (doc)
		xmlFreeDoc(doc);
	if (reader.no_memory)
		return vn_fail(err, VN_E_NOMEM, "no memory for the facts of a domain");
	*ret = reader.to;
	return VN_OK;
}
