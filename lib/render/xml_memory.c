/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Where memory comes from: <numatune> binds each cell to its host node, <memoryBacking> chooses the
 * page size of each cell and whether memory is locked, merged or shared. */
#include "render/xml.h"

#include "vnuma/guest.h"

static const char *const numatune_order[] = { "memory", "memnode", NULL };
static const char *const backing_order[] = {
	"hugepages", "nosharepages", "locked", "source", "access", "allocation", "discard", NULL,
};

/* ---- numatune ---- */

static uint32_t mem_node(const vn_xml *xml, uint32_t cell)
{
	return xml->host->nodes[xml->placement->cells[cell].mem_node_ix].id;
}

/* The nodes of all cells: what the kernel's cpuset of the guest must allow. */
static int write_numatune_memory(vn_xml *xml, xmlNode *numatune, vn_error *err)
{
	xmlNode *memory = vn_elem_child(numatune, "memory");
	vn_nodeset nodes = { 0 };

	if (vn_elem_attr_is(memory, "placement", "auto"))
		return vn_xml_conflict(
			xml, memory, err,
			"placement='auto' of <numatune><memory> leaves the choice to "
			"numad, which libvirt refuses beside <memnode> (legal here: "
			"a nodeset)");
	if (xml->request->numatune_given)
		return VN_OK;
	for (uint32_t c = 0; c < xml->placement->n_cells; c++)
		vn_nodeset_add(&nodes, mem_node(xml, c));
	memory = vn_xml_ensure(xml, numatune, numatune_order, "memory");
	vn_xmledit_set(xml->edit, memory, "mode", vn_mem_mode_names[xml->request->mem_mode]);
	vn_xml_set_nodeset(xml, memory, "nodeset", &nodes);
	vn_xml_mine(xml, VN_SET_NUMATUNE, 0);
	return VN_OK;
}

static void write_memnodes(vn_xml *xml, xmlNode *numatune)
{
	xmlNode *have[VN_CELL_MAX] = { NULL };
	xmlNode *last = vn_xml_last_before(numatune, numatune_order, "memnode");
	uint64_t cell;

	VN_XML_EACH(memnode, numatune, "memnode") {
		if (!vn_elem_get_uint(memnode, "cellid", &cell) || cell >= VN_CELL_MAX)
			continue;
		if (cell < xml->placement->n_cells)
			have[cell] = memnode;
		else if (vn_xml_wrote_before(xml, VN_SET_MEMNODE, (uint32_t)cell))
			vn_xmledit_remove(xml->edit, memnode);
	}
	for (uint32_t c = 0; c < xml->placement->n_cells; c++) {
		vn_nodeset nodes = { 0 };

		if (vn_cpuset_has(&xml->request->memnode_given, c)) {
			last = have[c] ? have[c] : last;
			continue;
		}
		if (xml->request->numatune_given && xml->request->mem_mode == VN_MEM_INTERLEAVE)
			nodes = xml->request->numatune; /* the owner's nodes are the wish itself */
		else
			vn_nodeset_add(&nodes, mem_node(xml, c));
		last = have[c] ? have[c] : vn_xmledit_insert(xml->edit, numatune, last, "memnode");
		vn_xml_set_uint(xml, last, "cellid", c);
		vn_xmledit_set(xml->edit, last, "mode", vn_mem_mode_names[xml->request->mem_mode]);
		vn_xml_set_nodeset(xml, last, "nodeset", &nodes);
		vn_xml_mine(xml, VN_SET_MEMNODE, c);
	}
}

/* ---- memoryBacking ---- */

/* The smallest huge page size of any cell above `than`; 0 if there is none. */
static uint64_t next_page_size(const vn_xml *xml, uint64_t than)
{
	uint64_t next = 0;

	for (uint32_t c = 0; c < xml->placement->n_cells; c++) {
		uint64_t kib = xml->placement->cells[c].page_kib;

		if (kib > than && (!next || kib < next))
			next = kib;
	}
	return next;
}

static vn_cpuset cells_with_pages(const vn_xml *xml, uint64_t kib)
{
	vn_cpuset cells = { 0 };

	for (uint32_t c = 0; c < xml->placement->n_cells; c++)
		if (xml->placement->cells[c].page_kib == kib)
			vn_cpuset_add(&cells, c);
	return cells;
}

static bool page_size(const xmlNode *page, uint64_t *ret)
{
	VN_XML_STRING size = vn_elem_get(page, "size");
	VN_XML_STRING unit = vn_elem_get(page, "unit");

	return vn_xml_size_kib(size, unit, ret);
}

static xmlNode *find_page(const xmlNode *hugepages, uint64_t kib)
{
	uint64_t have;

	VN_XML_EACH(page, hugepages, "page")
		if (page_size(page, &have) && have == kib)
			return page;
	return NULL;
}

/* One <page> for each size; its nodeset numbers the guest's cells. The owner's <hugepages> stays:
 * the placement has followed it. */
static void write_hugepages(vn_xml *xml, xmlNode *backing)
{
	xmlNode *hugepages = vn_elem_child(backing, "hugepages"), *last = NULL;
	uint64_t kib = next_page_size(xml, 0), have;

	if (hugepages && !vn_xml_wrote_before(xml, VN_SET_HUGEPAGES, 0))
		return;
	if (!kib) {
		if (hugepages)
			vn_xmledit_remove(xml->edit, hugepages);
		return;
	}
	vn_xml_mine(xml, VN_SET_HUGEPAGES, 0);
	hugepages = vn_xml_ensure(xml, backing, backing_order, "hugepages");
	VN_XML_EACH(page, hugepages, "page") {
		vn_cpuset cells = { 0 };

		if (page_size(page, &have) && have)
			cells = cells_with_pages(xml, have);
		if (vn_cpuset_is_empty(&cells))
			vn_xmledit_remove(xml->edit, page);
	}
	for (; kib; kib = next_page_size(xml, kib)) {
		vn_cpuset cells = cells_with_pages(xml, kib);
		xmlNode *page = find_page(hugepages, kib);

		if (!page) {
			page = vn_xmledit_insert(xml->edit, hugepages, last, "page");
			vn_xml_set_uint(xml, page, "size", kib);
			vn_xmledit_set(xml->edit, page, "unit", "KiB");
		}
		vn_xml_set_cpuset(xml, page, "nodeset", &cells);
		last = page;
	}
}

/* An element without content, there or not. */
static void write_flag(vn_xml *xml, xmlNode *backing, const char *name, enum vn_setting setting,
		       bool wanted)
{
	xmlNode *have = vn_elem_child(backing, name);
	bool ours = vn_xml_wrote_before(xml, setting, 0);

	if (have && !ours)
		return;
	if (!wanted) {
		if (have)
			vn_xmledit_remove(xml->edit, have);
		return;
	}
	vn_xml_ensure(xml, backing, backing_order, name);
	vn_xml_mine(xml, setting, 0);
}

/* <access mode='shared'/> or <source type='memfd'/>: the owner's own stays. */
static int write_shared(vn_xml *xml, xmlNode *backing, uint32_t flag, vn_error *err)
{
	static const struct {
		const char *name, *attr, *value;
	} elements[] = {
		[VN_XML_SHARED_ACCESS] = { "access", "mode", "shared" },
		[VN_XML_SHARED_SOURCE] = { "source", "type", "memfd" },
	};
	xmlNode *have = vn_elem_child(backing, elements[flag].name);

	if (have && !vn_xml_wrote_before(xml, VN_SET_SHARED_MEMORY, flag)) {
		if (xml->request->needs_shared_memory && vn_elem_attr_is(have, "mode", "private"))
			return vn_xml_conflict(
				xml, have, err,
				"mode='private' of <memoryBacking><access> contradicts "
				"a vhost-user interface or virtiofs, which need "
				"'shared'");
		return VN_OK;
	}
	if (!xml->request->needs_shared_memory) {
		if (have)
			vn_xmledit_remove(xml->edit, have);
		return VN_OK;
	}
	have = vn_xml_ensure(xml, backing, backing_order, elements[flag].name);
	vn_xmledit_set(xml->edit, have, elements[flag].attr, elements[flag].value);
	vn_xml_mine(xml, VN_SET_SHARED_MEMORY, flag);
	return VN_OK;
}

static int write_backing(vn_xml *xml, vn_error *err)
{
	xmlNode *backing = vn_xml_ensure(xml, xml->domain, vn_xml_domain_order, "memoryBacking");
	const vn_request *request = xml->request;
	int r;

	write_hugepages(xml, backing);
	write_flag(xml, backing, "nosharepages", VN_SET_NOSHAREPAGES, request->realtime);
	write_flag(xml, backing, "locked", VN_SET_LOCKED, request->locked || request->realtime);
	if ((r = write_shared(xml, backing, VN_XML_SHARED_SOURCE, err)) < 0 ||
	    (r = write_shared(xml, backing, VN_XML_SHARED_ACCESS, err)) < 0)
		return r;
	vn_xml_drop_if_empty(xml, backing);
	return VN_OK;
}

int vn_xml_write_memory(vn_xml *xml, vn_error *err)
{
	xmlNode *numatune = vn_xml_ensure(xml, xml->domain, vn_xml_domain_order, "numatune");
	int r = write_numatune_memory(xml, numatune, err);

	if (r < 0)
		return r;
	write_memnodes(xml, numatune);
	vn_xml_drop_if_empty(xml, numatune);
	return write_backing(xml, err);
}
