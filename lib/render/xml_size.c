/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * How big the guest is: <memory> where the document has none, placement='static' on <vcpu>, and
 * <vcpus>, which says which vCPUs are on when not all of them are. */
#include "render/xml.h"

#include "vnuma/guest.h"

static bool size_of(const xmlNode *node, uint64_t *kib)
{
	VN_XML_STRING text = vn_elem_text(node);
	VN_XML_STRING unit = vn_elem_get(node, "unit");

	return node && vn_xml_size_kib(text, unit, kib);
}

static void set_size(vn_xml *xml, xmlNode *node, uint64_t kib)
{
	vn_xmledit_set(xml->edit, node, "unit", "KiB");
	vn_xml_set_text_uint(xml, node, kib);
}

/* libvirt counts memory devices into <memory>; cells do not hold them. */
static void write_memory(vn_xml *xml)
{
	xmlNode *memory = vn_elem_child(xml->domain, "memory");
	xmlNode *current = vn_elem_child(xml->domain, "currentMemory");
	uint64_t total = 0, have = 0, now;

	if (memory && !vn_xml_wrote_before(xml, VN_SET_MEMORY, 0))
		return;
	for (uint32_t c = 0; c < xml->placement->n_cells; c++)
		total += xml->placement->cells[c].mem_kib;
	for (uint32_t i = 0; i < xml->request->n_memdevs; i++)
		total += xml->request->memdevs[i].size_kib;
	vn_xml_mine(xml, VN_SET_MEMORY, 0);
	memory = vn_xml_ensure(xml, xml->domain, vn_xml_domain_order, "memory");
	if (size_of(memory, &have) && have == total)
		return;
	if (size_of(current, &now) && now == have)
		set_size(xml, current, total); /* libvirt's copy of what an earlier plan wrote */
	set_size(xml, memory, total);
}

static int write_vcpu(vn_xml *xml, vn_error *err)
{
	xmlNode *vcpu = vn_xml_ensure(xml, xml->domain, vn_xml_domain_order, "vcpu");

	if (!vcpu->children)
		vn_xml_set_text_uint(xml, vcpu, xml->request->vcpus);
	if (vn_elem_has(vcpu, "placement") && !vn_xml_wrote_before(xml, VN_SET_PLACEMENT, 0)) {
		if (!vn_elem_attr_is(vcpu, "placement", "auto"))
			return VN_OK;
		return vn_xml_conflict(
			xml, vcpu, err,
			"placement='auto' of <vcpu> leaves the choice to numad, which "
			"libvirt refuses beside <memnode> (legal here: 'static')");
	}
	vn_xml_mine(xml, VN_SET_PLACEMENT, 0);
	vn_xmledit_set(xml->edit, vcpu, "placement", "static");
	return VN_OK;
}

/* ---- which vCPUs are on ---- */

/* The lowest vCPUs of the cell that are still off, at most `most` of them. */
static uint32_t turn_on(const vn_place_cell *cell, uint32_t most, vn_cpuset *on)
{
	uint32_t n = 0;

	VN_CPUSET_EACH(vcpu, &cell->vcpus) {
		if (n == most)
			break;
		if (vn_cpuset_has(on, (unsigned)vcpu))
			continue;
		vn_cpuset_add(on, (unsigned)vcpu);
		n++;
	}
	return n;
}

/* Evenly over the cells, a whole guest core at a time, starting with the cell of vCPU 0: 8 of 16
 * vCPUs in four cells with two threads are 0,1 4,5 8,9 12,13. What is less than a core goes to the
 * cell whose turn it is. */
static vn_cpuset choose_online(const vn_request *request, const vn_placement *placement)
{
	uint32_t left = request->vcpus_online, cell = placement->vcpu_cell[0];
	uint32_t threads = placement->topology.threads ? placement->topology.threads : 1;
	vn_cpuset on = { 0 };

	while (left) {
		left -= turn_on(&placement->cells[cell], left < threads ? left : threads, &on);
		cell = (cell + 1) % placement->n_cells;
	}
	return on;
}

/* Only x86 guests can have vCPUs added later; elsewhere <vcpu current=> says enough. */
static bool has_vcpu_hotplug(const vn_xml *xml)
{
	const xmlNode *type = vn_elem_child(vn_elem_child(xml->domain, "os"), "type");

	return !vn_elem_has(type, "arch") || vn_elem_attr_is(type, "arch", "x86_64") ||
	       vn_elem_attr_is(type, "arch", "i686");
}

static bool set_yes_no(vn_xml *xml, xmlNode *node, const char *attr, bool yes)
{
	const char *value = yes ? "yes" : "no";

	if (vn_elem_attr_is(node, attr, value))
		return false;
	vn_xmledit_set(xml->edit, node, attr, value);
	return true;
}

/* libvirt's rules: vCPU 0 is on and stays; what is off must be hotpluggable; what is on and not
 * hotpluggable must follow vCPU 0 without a gap, so all others are hotpluggable. */
static void write_vcpus(vn_xml *xml)
{
	bool ours = vn_xml_wrote_before(xml, VN_SET_VCPUS, 0), changed = false;
	xmlNode *vcpus = vn_elem_child(xml->domain, "vcpus"), *have[VN_VCPU_MAX] = { NULL };
	xmlNode *last = NULL;
	uint64_t id;

	if (vcpus && !ours)
		return;
	if (xml->request->vcpus_online >= xml->request->vcpus || xml->placement->n_cells < 2 ||
	    !has_vcpu_hotplug(xml)) {
		if (vcpus)
			vn_xmledit_remove(xml->edit, vcpus);
		return;
	}
	vn_xml_mine(xml, VN_SET_VCPUS, 0);
	vcpus = vn_xml_ensure(xml, xml->domain, vn_xml_domain_order, "vcpus");
	VN_XML_EACH(vcpu, vcpus, "vcpu")
		if (vn_elem_get_uint(vcpu, "id", &id) && id < xml->request->vcpus)
			have[id] = vcpu;
		else
			vn_xmledit_remove(xml->edit, vcpu);
	vn_cpuset on = choose_online(xml->request, xml->placement);

	for (uint32_t v = 0; v < xml->request->vcpus; v++) {
		last = have[v] ? have[v] : vn_xmledit_insert(xml->edit, vcpus, last, "vcpu");
		vn_xml_set_uint(xml, last, "id", v);
		changed |= set_yes_no(xml, last, "enabled", vn_cpuset_has(&on, v));
		changed |= set_yes_no(xml, last, "hotpluggable", v > 0);
	}
	if (changed) /* the order in which they were turned on is no longer theirs */
		VN_XML_EACH(vcpu, vcpus, "vcpu")
			vn_xmledit_unset(xml->edit, vcpu, "order");
}

int vn_xml_write_size(vn_xml *xml, vn_error *err)
{
	int r = write_vcpu(xml, err);

	if (r < 0)
		return r;
	write_memory(xml);
	write_vcpus(xml);
	return VN_OK;
}
