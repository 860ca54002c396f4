/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Expander buses and their root ports as QEMU arguments. The devices on them are the owner's own
 * -device lines: a comment says which bus to name. */
#include "render/qemu.h"

#include <string.h>

#include "vnuma/guest.h"

enum { BUS_MAX = 256 };

struct bus {
	bool expander; /* an expander bus that has a cell, or a port on one */
	bool port;
};

static const xmlNode *pci_address(const xmlNode *device)
{
	return vn_elem_child_with(device, "address", "type", "pci");
}

static bool get_bus(const xmlNode *device, uint64_t *ret)
{
	return vn_elem_get_uint(pci_address(device), "bus", ret) && *ret < BUS_MAX;
}

static bool get_index(const xmlNode *controller, uint64_t *ret)
{
	return vn_elem_attr_is(controller, "type", "pci") &&
	       vn_elem_get_uint(controller, "index", ret) && *ret < BUS_MAX;
}

static bool write_expander(vn_qemu *qemu, const xmlNode *controller, uint64_t index)
{
	bool pcie = vn_elem_attr_is(controller, "model", "pcie-expander-bus");
	const xmlNode *target = vn_elem_child(controller, "target");
	VN_XML_STRING node = vn_elem_text(vn_elem_child(target, "node"));
	uint64_t bus_nr, cell;

	if ((!pcie && !vn_elem_attr_is(controller, "model", "pci-expander-bus")) || !node ||
	    vn_uint_parse(vn_cursor_of_string(NULL, node), VN_CELL_MAX, &cell, NULL) < 0 ||
	    !vn_elem_get_uint(target, "busNr", &bus_nr))
		return false;
	vn_text_addf(vn_qemu_option(qemu), "-device %s,bus_nr=%u,id=pci.%u,numa_node=%u,bus=%s",
		     pcie ? "pxb-pcie" : "pxb", (unsigned)bus_nr, (unsigned)index, (unsigned)cell,
		     pcie ? "pcie.0" : "pci.0");
	return true;
}

static bool write_port(vn_qemu *qemu, const xmlNode *controller, uint64_t index,
		       const struct bus *buses)
{
	uint64_t bus, slot = 0;

	if (!vn_elem_attr_is(controller, "model", "pcie-root-port") || !get_bus(controller, &bus) ||
	    !buses[bus].expander || !vn_elem_get_uint(pci_address(controller), "slot", &slot))
		return false;
	vn_text_addf(vn_qemu_option(qemu),
		     "-device pcie-root-port,port=0,chassis=%u,id=pci.%u,bus=pci.%u,addr=0x%x",
		     (unsigned)index, (unsigned)index, (unsigned)bus, (unsigned)slot);
	return true;
}

/* "interface 'uteng0'": the element and the first value of its source. */
static void tell_device(vn_qemu *qemu, const xmlNode *device, uint64_t bus)
{
	const xmlNode *source = vn_elem_child(device, "source");
	const xmlAttr *first = source ? source->properties : NULL;
	VN_XML_STRING value = first ? (char *)xmlNodeGetContent((const xmlNode *)first) : NULL;
	vn_text *line = vn_qemu_comment(qemu);
	uint64_t slot = 0;

	vn_elem_get_uint(pci_address(device), "slot", &slot);
	vn_text_addf(line, "%s", (const char *)device->name);
	if (value && !strpbrk(value, "\r\n"))
		vn_text_addf(line, " '%s'", value);
	vn_text_addf(line, ": add bus=pci.%u,addr=0x%x to its -device", (unsigned)bus,
		     (unsigned)slot);
}

void vn_qemu_write_buses(vn_qemu *qemu)
{
	struct bus buses[BUS_MAX] = { { false, false } };
	uint64_t index;

	VN_XML_EACH(controller, qemu->devices, "controller")
		if (get_index(controller, &index))
			buses[index].expander = write_expander(qemu, controller, index);
	VN_XML_EACH(controller, qemu->devices, "controller")
		if (get_index(controller, &index) && write_port(qemu, controller, index, buses))
			buses[index].port = true;
	VN_XML_EACH(device, qemu->devices, NULL)
		if (!vn_elem_is(device, "controller") && get_bus(device, &index) &&
		    (buses[index].port || buses[index].expander))
			tell_device(qemu, device, index);
}
