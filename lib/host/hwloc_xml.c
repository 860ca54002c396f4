/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Reads hwloc XML, version 2 (`lstopo --of xml`): a tree of <object>s whose cpuset attributes are
 * all that is needed, and beside it distances and memory attributes. It is read here and not by
 * hwloc, whose importer is made for files of its own: it prints to stderr, gives no line, and takes
 * the structure on trust.
 *
 * hwloc does not say which CPUs are of which node, only which CPUs are near it: a node without CPUs
 * has those of its neighbour. A CPU is of the node with the fewest CPUs near it, then the lowest
 * number; where there is a /sys, that says it. */
#include "host/hwloc_xml.h"

#include "host/hex.h"
#include "host/readers.h"
#include "host/sysfs.h"
#include "host/xml.h"

#include <stdlib.h>
#include <string.h>

typedef struct reader {
	const char *source;
	vn_host *host;
	vn_error *err;
	int sysfs;
	vn_cpuset online;	     /* every PU */
	uint32_t n_seen;	     /* nodes read so far */
	vn_cpuset *near;	     /* [n_nodes] CPUs near the node */
	int32_t package[VN_CPU_MAX]; /* hwloc's number of the CPU's package, -1 unknown */
} reader;

typedef int visitor(reader *in, const xmlNode *object, const char *type);

/* Every object below `parent`, outer ones first. libxml2 bounds the depth. */
static int walk(reader *in, const xmlNode *parent, visitor *visit)
{
	VN_XML_EACH(object, parent, "object") {
		const char *type = vn_xml_text(object, "type");
		vn_at at = vn_xml_at(in->source, object);
		int r;

		if (!type)
			return vn_fail_where(in->err, &at, VN_E_SYNTAX,
					     "<object> has no attribute 'type'");
		if ((r = visit(in, object, type)) < 0 || (r = walk(in, object, visit)) < 0)
			return r;
	}
	return VN_OK;
}

/* The CPUs of an object; none when it has no cpuset. */
static int read_cpuset(reader *in, const xmlNode *object, const char *attribute, vn_cpuset *ret)
{
	const char *text = vn_xml_text(object, attribute);
	vn_at at = vn_xml_at(in->source, object);
	int r;

	if (!text) {
		*ret = (vn_cpuset){ 0 };
		return VN_OK;
	}
	r = vn_hex_parse_cpus(text, ret);
	if (r == VN_E_RANGE)
		return vn_fail_where(in->err, &at, r, "%s='%.40s' has CPUs above the largest, %d",
				     attribute, text, VN_CPU_MAX - 1);
	if (r < 0)
		return vn_fail_where(in->err, &at, r,
				     "%s='%.40s' is not a mask (legal: 0x00000001,0xffffffff)",
				     attribute, text);
	return VN_OK;
}

/* ---- nodes ---- */

static int count_node(reader *in, const xmlNode *object, const char *type)
{
	(void)object;
	if (!strcmp(type, "NUMANode"))
		in->n_seen++;
	return VN_OK;
}

static int find_pu(reader *in, const xmlNode *object, const char *type)
{
	vn_at at = vn_xml_at(in->source, object);
	uint64_t cpu;
	int r;

	if (strcmp(type, "PU"))
		return VN_OK;
	if ((r = vn_xml_uint(&at, object, "os_index", VN_CPU_MAX - 1, &cpu, in->err)) < 0)
		return r;
	if (vn_cpuset_has(&in->online, (unsigned)cpu))
		return vn_fail_where(in->err, &at, VN_E_RANGE, "PU %u is there twice",
				     (unsigned)cpu);
	vn_cpuset_add(&in->online, (unsigned)cpu);
	return VN_OK;
}

/* <page_type size="4096" count="1333814"/>; size in bytes. Nothing says what is free. */
static int read_pages(reader *in, vn_node *node, const xmlNode *object)
{
	VN_XML_EACH(element, object, "page_type") {
		vn_at at = vn_xml_at(in->source, element);
		vn_pages pages = { 0 };
		uint64_t size;
		int r;

		if ((r = vn_xml_uint(&at, element, "size", UINT64_MAX, &size, in->err)) < 0 ||
		    (r = vn_xml_uint(&at, element, "count", UINT64_MAX, &pages.total, in->err)) < 0)
			return r;
		pages.size_kib = size / 1024;
		if (in->sysfs >= 0 && pages.size_kib & (pages.size_kib - 1))
			continue; /* a broken copy of a /sys */
		if ((r = vn_build_pages(node, pages, &at, in->err)) < 0)
			return r;
		if (in->sysfs >= 0)
			break; /* the ordinary ones; sysfs_memory.c reads the others */
	}
	return VN_OK;
}

static int read_node(reader *in, const xmlNode *object, const char *type)
{
	vn_at at = vn_xml_at(in->source, object);
	const char *subtype = vn_xml_text(object, "subtype");
	uint64_t id, bytes = 0;
	vn_node *node;
	int r;

	if (strcmp(type, "NUMANode"))
		return VN_OK;
	node = &in->host->nodes[in->n_seen];
	if ((r = vn_xml_uint(&at, object, "os_index", VN_NODE_MAX - 1, &id, in->err)) < 0 ||
	    (r = vn_build_node(in->host, in->n_seen, id, &at, in->err)) < 0 ||
	    (r = read_cpuset(in, object, "cpuset", &in->near[in->n_seen])) < 0)
		return r;
	if (vn_xml_text(object, "local_memory") &&
	    (r = vn_xml_uint(&at, object, "local_memory", UINT64_MAX, &bytes, in->err)) < 0)
		return r;
	node->mem_kib = bytes / 1024;
	node->gpu_memory = subtype && !strcmp(subtype, "GPUMemory");
	in->n_seen++;
	return read_pages(in, node, object);
}

static int by_nearness(const reader *in, uint32_t a, uint32_t b)
{
	unsigned near_a = vn_cpuset_count(&in->near[a]), near_b = vn_cpuset_count(&in->near[b]);

	if (near_a != near_b)
		return near_a < near_b ? -1 : 1;
	return in->host->nodes[a].id < in->host->nodes[b].id ? -1 : 1;
}

/* Take the nodes from the best claim to the worst; each gets what is left of the CPUs near it. */
static void split_cpus(const reader *in, vn_cpuset *of_node)
{
	uint32_t order[VN_NODE_MAX], n = in->host->n_nodes;
	vn_cpuset left = in->online;

	for (uint32_t i = 0, j; i < n; i++) {
		for (j = i; j && by_nearness(in, i, order[j - 1]) < 0; j--)
			order[j] = order[j - 1];
		order[j] = i;
	}
	for (uint32_t i = 0; i < n; i++) {
		vn_cpuset *cpus = &of_node[order[i]];

		*cpus = in->near[order[i]];
		vn_cpuset_and(cpus, &left);
		vn_cpuset_minus(&left, cpus);
	}
}

/* What /sys says of every node, if it is no nonsense: no CPU in two nodes. */
static bool sysfs_cpus(const reader *in, vn_cpuset *of_node)
{
	vn_cpuset all = { 0 };

	if (in->sysfs < 0)
		return false;
	for (uint32_t i = 0; i < in->host->n_nodes; i++) {
		if (!vn_sysfs_node_cpus(in->sysfs, in->host->nodes[i].id, &of_node[i]))
			return false;
		vn_cpuset_and(&of_node[i], &in->online);
		if (vn_cpuset_overlaps(&all, &of_node[i]))
			return false;
		vn_cpuset_or(&all, &of_node[i]);
	}
	return vn_cpuset_next(&all, -1) >= 0;
}

static int set_cpus(reader *in, vn_cpuset *of_node)
{
	vn_at at = { .source = in->source };

	if (!sysfs_cpus(in, of_node))
		split_cpus(in, of_node);
	for (uint32_t i = 0; i < in->host->n_nodes; i++) {
		int r = vn_build_cpus(in->host, i, &of_node[i], &at, in->err);

		if (r < 0)
			return r;
		in->host->nodes[i].cpus = in->host->nodes[i].pcpus = of_node[i];
	}
	return VN_OK;
}

/* ---- groups ---- */

static const struct {
	const char *type;
	enum vn_group kind;
} group_types[] = {
	{ "Package", VN_GROUP_SOCKET },
	{ "Die", VN_GROUP_DIE },
	{ "L3Cache", VN_GROUP_L3 },
	{ "Core", VN_GROUP_CORE },
};

/* Those of the CPUs that are in the same node as the first of them. */
static vn_cpuset in_one_node(const vn_host *host, const vn_cpuset *cpus)
{
	int32_t node_ix = host->cpus[vn_cpuset_next(cpus, -1)].node_ix;
	vn_cpuset part = *cpus;

	VN_CPUSET_EACH(cpu, cpus)
		if (host->cpus[cpu].node_ix != node_ix)
			vn_cpuset_del(&part, (unsigned)cpu);
	return part;
}

/* A core ends at its node: some virtual machines show threads of one core in two nodes. */
static int add_group(reader *in, enum vn_group kind, vn_cpuset cpus, const vn_at *at)
{
	while (vn_cpuset_next(&cpus, -1) >= 0) {
		vn_cpuset part = kind == VN_GROUP_CORE ? in_one_node(in->host, &cpus) : cpus;
		int r = vn_build_group(in->host, kind, &part, at, in->err);

		if (r < 0)
			return r;
		vn_cpuset_minus(&cpus, &part);
	}
	return VN_OK;
}

static int note_package(reader *in, const xmlNode *object, const vn_cpuset *cpus)
{
	vn_at at = vn_xml_at(in->source, object);
	uint64_t number;
	int r;

	if (!vn_xml_text(object, "os_index"))
		return VN_OK;
	if ((r = vn_xml_uint(&at, object, "os_index", UINT32_MAX, &number, in->err)) < 0)
		return r;
	if (number > INT32_MAX) /* hwloc's "unknown" */
		return VN_OK;
	VN_CPUSET_EACH(cpu, cpus)
		in->package[cpu] = (int32_t)number;
	return VN_OK;
}

static int read_group(reader *in, const xmlNode *object, const char *type)
{
	vn_at at = vn_xml_at(in->source, object);
	vn_cpuset cpus;
	int r;

	for (size_t i = 0; i < VN_LEN(group_types); i++) {
		enum vn_group kind = group_types[i].kind;

		if (strcmp(type, group_types[i].type))
			continue;
		if ((r = read_cpuset(in, object, "cpuset", &cpus)) < 0)
			return r;
		vn_cpuset_and(&cpus, &in->online);
		VN_CPUSET_EACH(cpu, &cpus)
			if (in->host->cpus[cpu].node_ix < 0) /* a CPU of no node is not used */
				vn_cpuset_del(&cpus, (unsigned)cpu);
		if (kind == VN_GROUP_SOCKET && (r = note_package(in, object, &cpus)) < 0)
			return r;
		return add_group(in, kind, cpus, &at);
	}
	return VN_OK;
}

/* The package that all CPUs near the node are of. */
static void set_sockets(reader *in)
{
	for (uint32_t i = 0; i < in->host->n_nodes; i++) {
		vn_node *node = &in->host->nodes[i];
		int first = vn_cpuset_next(&in->near[i], -1);

		node->socket = first < 0 ? -1 : in->package[first];
		VN_CPUSET_EACH(cpu, &in->near[i])
			if (in->package[cpu] != node->socket)
				node->socket = -1;
	}
}

/* ---- the document ---- */

/* CPUs that exist and are not in the topology. */
static int read_offline(reader *in, const xmlNode *root)
{
	vn_cpuset offline;
	int r;

	r = read_cpuset(in, vn_xml_child(root, "object"), "complete_cpuset", &offline);
	if (r < 0)
		return r;
	vn_cpuset_minus(&offline, &in->online);
	in->host->offline = offline;
	return VN_OK;
}

static int check_version(const char *source, const xmlNode *root, vn_error *err)
{
	const char *version = vn_xml_text(root, "version");
	vn_at at = vn_xml_at(source, root);

	if (!version || strncmp(version, "2.", 2))
		return vn_fail_where(err, &at, VN_E_SYNTAX,
				     "hwloc XML of version '%.20s' (legal: 2.x, as hwloc 2 writes "
				     "it)",
				     version ? version : "1");
	return VN_OK;
}

/* What is in the tree, once the CPUs have their nodes. */
static int read_rest(reader *in, const xmlNode *root)
{
	vn_at at = { .source = in->source };
	int r;

	if ((r = walk(in, root, read_group)) < 0)
		return r;
	set_sockets(in);
	if ((r = read_offline(in, root)) < 0 ||
	    (r = vn_hwloc_xml_distances(in->host, in->source, root, in->err)) < 0 ||
	    (r = vn_hwloc_xml_memattrs(in->host, in->source, root, in->err)) < 0)
		return r;
	r = in->sysfs < 0 ? vn_hwloc_xml_devices(in->host, in->source, root, in->err)
			  : vn_sysfs_fill(in->sysfs, in->host, in->err);
	if (r < 0)
		return r;
	for (uint32_t i = 0; i < in->host->n_nodes; i++)
		if ((r = vn_build_memory(&in->host->nodes[i], &at, in->err)) < 0)
			return r;
	return vn_build_finish(in->host, &at, in->err);
}

static int read_topology(reader *in, const xmlNode *root)
{
	vn_at at = vn_xml_at(in->source, root);
	vn_cpuset *of_node;
	int r;

	if ((r = check_version(in->source, root, in->err)) < 0 ||
	    (r = walk(in, root, count_node)) < 0 || (r = walk(in, root, find_pu)) < 0 ||
	    (r = vn_build_start(&at, in->n_seen, &in->host, in->err)) < 0)
		return r;
	of_node = vn_arena_alloc(in->host->arena, in->n_seen, sizeof(*of_node));
	in->near = vn_arena_alloc(in->host->arena, in->n_seen, sizeof(*in->near));
	if (!of_node || !in->near)
		return vn_fail(in->err, VN_E_NOMEM, "no memory for the host");
	in->n_seen = 0;
	if ((r = walk(in, root, read_node)) < 0 || (r = set_cpus(in, of_node)) < 0)
		return r;
	return read_rest(in, root);
}

int vn_hwloc_xml_read(const char *source, const xmlNode *root, int sysfs, vn_host **ret,
		      vn_error *err)
{
	reader in = { .source = source, .err = err, .sysfs = sysfs };
	int r;

	for (size_t cpu = 0; cpu < VN_CPU_MAX; cpu++)
		in.package[cpu] = -1;
	r = read_topology(&in, root);
	if (r < 0)
		vn_host_free(in.host);
	else
		*ret = in.host;
	return r;
}

int vn_host_parse_hwloc(const char *source, xmlNode *root, vn_host **ret, vn_error *err)
{
	return vn_hwloc_xml_read(source, root, -1, ret, err);
}
