/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the guest sees: <cpu><topology>, and <cpu><numa> with its cells and their distances. Cells
 * of the owner keep their vCPUs and memory and only get distances if they have none.
 *
 * memAccess= is never written: <memoryBacking><access mode='shared'/> says it for every cell, and a
 * guest without a vhost-user interface or virtiofs does not need it. */
#include "render/xml.h"

#include "vnuma/guest.h"

static const char *const cpu_order[] = {
	"model", "vendor", "topology", "cache", "maxphysaddr", "feature", "numa", NULL,
};
static const char *const cell_order[] = { "distances", "cache", NULL };

static void write_topology(vn_xml *xml, xmlNode *cpu)
{
	const vn_topology *want = &xml->placement->topology;
	xmlNode *topology;

	if (xml->request->topology_given)
		return;
	topology = vn_xml_ensure(xml, cpu, cpu_order, "topology");
	vn_xml_set_uint(xml, topology, "sockets", want->sockets);
	if (want->dies > 1 || vn_elem_has(topology, "dies"))
		vn_xml_set_uint(xml, topology, "dies", want->dies);
	if (vn_elem_has(topology, "clusters"))
		vn_xml_set_uint(xml, topology, "clusters", 1);
	vn_xml_set_uint(xml, topology, "cores", want->cores);
	vn_xml_set_uint(xml, topology, "threads", want->threads);
	vn_xml_mine(xml, VN_SET_TOPOLOGY, 0);
}

/* The cells by number: by id=, or by position where there is none. Those beyond the guest's that an
 * earlier plan wrote are removed. */
static void find_cells(vn_xml *xml, xmlNode *numa, bool ours, xmlNode **have)
{
	uint64_t id, position = 0;

	VN_XML_EACH(cell, numa, "cell") {
		if (!vn_elem_get_uint(cell, "id", &id))
			id = position;
		position++;
		if (id < xml->placement->n_cells)
			have[id] = cell;
		else if (ours)
			vn_xmledit_remove(xml->edit, cell);
	}
}

static void write_cell(vn_xml *xml, xmlNode *node, uint32_t number)
{
	const vn_place_cell *cell = &xml->placement->cells[number];
	VN_XML_STRING memory = vn_elem_get(node, "memory");
	VN_XML_STRING unit = vn_elem_get(node, "unit");
	uint64_t have;

	vn_xml_set_uint(xml, node, "id", number);
	if (vn_cpuset_is_empty(&cell->vcpus))
		vn_xmledit_unset(xml->edit, node, "cpus"); /* a cell of memory alone */
	else
		vn_xml_set_cpuset(xml, node, "cpus", &cell->vcpus);
	if (!vn_xml_size_kib(memory, unit, &have) || have != cell->mem_kib) {
		vn_xml_set_uint(xml, node, "memory", cell->mem_kib);
		vn_xmledit_set(xml->edit, node, "unit", "KiB");
	}
	if (vn_xml_wrote_before(xml, VN_SET_MEMACCESS, number))
		vn_xmledit_unset(xml->edit, node, "memAccess");
}

static void write_distances(vn_xml *xml, xmlNode *cell, uint32_t from)
{
	uint32_t n = xml->placement->n_cells;
	xmlNode *distances = vn_elem_child(cell, "distances"), *have[VN_CELL_MAX] = { NULL };
	xmlNode *last = NULL;
	uint64_t id;

	if (xml->request->distances_given)
		return;
	if (n < 2) {
		if (distances && vn_xml_wrote_before(xml, VN_SET_DISTANCES, from))
			vn_xmledit_remove(xml->edit, distances);
		return;
	}
	distances = vn_xml_ensure(xml, cell, cell_order, "distances");
	VN_XML_EACH(sibling, distances, "sibling")
		if (vn_elem_get_uint(sibling, "id", &id) && id < n)
			have[id] = sibling;
		else
			vn_xmledit_remove(xml->edit, sibling);
	for (uint32_t to = 0; to < n; to++) {
		last = have[to] ? have[to]
				: vn_xmledit_insert(xml->edit, distances, last, "sibling");
		vn_xml_set_uint(xml, last, "id", to);
		vn_xml_set_uint(xml, last, "value", xml->placement->distance[from * n + to]);
	}
	vn_xml_mine(xml, VN_SET_DISTANCES, from);
}

/* A cell of ours that holds nothing but distances, which a single cell does not have: a new one is
 * written in its place, so that no empty pair of tags is left. */
static bool is_spent(const vn_xml *xml, const xmlNode *cell, uint32_t number)
{
	xmlNode *child = xmlFirstElementChild((xmlNode *)cell);

	return xml->placement->n_cells < 2 && child && !xmlNextElementSibling(child) &&
	       child == vn_elem_child((xmlNode *)cell, "distances") &&
	       vn_xml_wrote_before(xml, VN_SET_DISTANCES, number);
}

static void write_numa(vn_xml *xml, xmlNode *cpu)
{
	xmlNode *numa = vn_elem_child(cpu, "numa"), *have[VN_CELL_MAX] = { NULL }, *last = NULL;
	bool ours = !numa || vn_xml_wrote_before(xml, VN_SET_CELLS, 0);

	if (!numa)
		numa = vn_xml_ensure(xml, cpu, cpu_order, "numa");
	find_cells(xml, numa, ours, have);
	for (uint32_t c = 0; c < xml->placement->n_cells; c++) {
		if (!have[c] && !ours)
			continue;
		if (ours && have[c] && is_spent(xml, have[c], c)) {
			vn_xmledit_remove(xml->edit, have[c]);
			have[c] = NULL;
		}
		last = have[c] ? have[c] : vn_xmledit_insert(xml->edit, numa, last, "cell");
		if (ours)
			write_cell(xml, last, c);
		write_distances(xml, last, c);
	}
	/* Without a document, cells that were asked for by number are the owner's from now on. */
	if (ours && (xml->request->xml || !xml->request->n_cells))
		vn_xml_mine(xml, VN_SET_CELLS, 0);
}

int vn_xml_write_cpu(vn_xml *xml, vn_error *err)
{
	xmlNode *cpu = vn_xml_ensure(xml, xml->domain, vn_xml_domain_order, "cpu");

	(void)err;
	write_topology(xml, cpu);
	write_numa(xml, cpu);
	return VN_OK;
}
