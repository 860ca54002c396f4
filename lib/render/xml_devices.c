/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * <devices>: the cell of each memory device; the expander buses are in xml_buses.c. */
#include "render/xml.h"

#include "vnuma/guest.h"

/* A device of virtio-pmem is on no cell. */
static void write_memdevs(vn_xml *xml, xmlNode *devices)
{
	static const char *const target_order[] = { "size", "node", NULL };
	const vn_request *request = xml->request;
	uint32_t i = 0;

	VN_XML_EACH(memory, devices, "memory") {
		xmlNode *target = vn_elem_child(memory, "target");

		if (i < request->n_memdevs && request->memdevs[i].cell < 0 && target &&
		    xml->placement->memdev_cell[i] >= 0 &&
		    !vn_elem_attr_is(memory, "model", "virtio-pmem")) {
			vn_xml_set_text_uint(xml, vn_xml_ensure(xml, target, target_order, "node"),
					     (uint64_t)xml->placement->memdev_cell[i]);
			vn_xml_mine(xml, VN_SET_MEMDEV_NODE, i);
		}
		i++;
	}
}

int vn_xml_write_devices(vn_xml *xml, vn_error *err)
{
	xmlNode *devices = vn_elem_child(xml->domain, "devices");

	if (!devices)
		return VN_OK;
	write_memdevs(xml, devices);
	return vn_xml_write_buses(xml, devices, err);
}
