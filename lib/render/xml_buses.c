/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Expander buses: PCI buses that belong to a cell, so that the guest knows which of its cells a
 * device is next to.
 *
 * A PCI bus of its own on cell 1 with one device on it, as q35 wants it:
 *
 *     index 3  pcie-expander-bus, <target busNr='254'><node>1
 *     index 4  pcie-root-port at bus 3, slot 0
 *     device   at bus 4, slot 0
 *
 * A pci-expander-bus of i440fx carries devices itself, from slot 1. What an earlier plan made is
 * used again for the same cell and device, so that the guest's addresses stay; what is no longer
 * needed is removed, with the addresses that name it. */
#include "render/xml.h"

#include <string.h>

#include "vnuma/guest.h"

enum {
	BUS_MAX = 256, /* PCI buses, and so controller indexes */
	SLOT_MAX = 32,
};

/* ---- the buses of the document ---- */

struct kind { /* how a machine type wants it */
	const char *expander, *expander_name;
	bool root_ports;     /* one for each device; else the expander carries them itself */
	uint32_t first_slot; /* of a device on the expander */
};

static const struct kind pcie = { "pcie-expander-bus", "pxb-pcie", true, 0 };
static const struct kind pci = { "pci-expander-bus", "pxb", false, 1 };

struct buses {
	vn_xml *xml;
	xmlNode *devices;
	const struct kind *kind;
	xmlNode *controller[BUS_MAX];		/* PCI controllers by index */
	bool used[BUS_MAX];			/* of an earlier plan's: this plan wants it too */
	uint32_t highest;			/* index or bus number in use */
	uint32_t next_bus_nr;			/* expanders' bus numbers are below this */
	xmlNode *last;				/* new controllers go behind this one */
	xmlNode *element[VN_GUEST_DEVICES_MAX]; /* of request->devices[i], NULL: not moved */
	bool placed[VN_GUEST_DEVICES_MAX];
	bool wanted[VN_CELL_MAX]; /* cells that get an expander */
};

/* NULL: a machine whose guests cannot have expander buses. */
static const struct kind *machine_kind(const vn_xml *xml)
{
	const xmlNode *type = vn_elem_child(vn_elem_child(xml->domain, "os"), "type");
	VN_XML_STRING machine = vn_elem_get(type, "machine");
	VN_XML_STRING arch = vn_elem_get(type, "arch");
	bool x86 = !arch || !strcmp(arch, "x86_64") || !strcmp(arch, "i686");

	if (!machine)
		return x86 ? &pci : NULL; /* libvirt's default machine is "pc" */
	if (strstr(machine, "q35") || !strncmp(machine, "virt", 4))
		return &pcie;
	if (!strcmp(machine, "pc") || strstr(machine, "i440fx"))
		return &pci;
	return NULL;
}

/* The address that the guest sees a device at. A hostdev has another one inside of <source>. */
static xmlNode *pci_address(const xmlNode *device)
{
	return vn_elem_child_with(device, "address", "type", "pci");
}

static bool address_bus(const xmlNode *device, uint64_t *ret)
{
	return vn_elem_get_uint(pci_address(device), "bus", ret) && *ret < BUS_MAX;
}

static bool is_ours(const struct buses *b, uint64_t index)
{
	return b->controller[index] &&
	       vn_xml_wrote_before(b->xml, VN_SET_CONTROLLERS, (uint32_t)index);
}

static void find_buses(struct buses *b)
{
	uint64_t number;

	VN_XML_EACH(controller, b->devices, "controller")
		if (vn_elem_attr_is(controller, "type", "pci") &&
		    vn_elem_get_uint(controller, "index", &number) && number < BUS_MAX) {
			b->controller[number] = controller;
			b->last = controller;
			if (number > b->highest)
				b->highest = (uint32_t)number;
		}
	VN_XML_EACH(device, b->devices, NULL)
		if (address_bus(device, &number) && number > b->highest)
			b->highest = (uint32_t)number;
	b->next_bus_nr = BUS_MAX;
	for (uint32_t i = 0; i < BUS_MAX; i++)
		if (b->controller[i] && !is_ours(b, i) &&
		    vn_elem_get_uint(vn_elem_child(b->controller[i], "target"), "busNr", &number) &&
		    number < b->next_bus_nr)
			b->next_bus_nr = (uint32_t)number;
	for (size_t i = 0; !b->last && i < 3; i++) {
		static const char *const before[] = { "controller", "disk", "emulator" };

		VN_XML_EACH(device, b->devices, before[i])
			b->last = device;
	}
}

/* The elements of the devices that move: those on a cell, without an address of the owner. */
static void find_devices(struct buses *b)
{
	const vn_request *request = b->xml->request;
	uint32_t position = 0;

	if (!b->kind || b->xml->placement->n_cells < 2)
		return;
	VN_XML_EACH(device, b->devices, NULL) {
		for (uint32_t i = 0; i < request->n_devices; i++)
			if (request->devices[i].element == position && request->devices[i].is_pci &&
			    !request->devices[i].address_fixed &&
			    b->xml->placement->device_cell[i] >= 0) {
				b->element[i] = device;
				b->wanted[b->xml->placement->device_cell[i]] = true;
			}
		position++;
	}
}

/* ---- what this plan wants ---- */

static int no_room(const struct buses *b, vn_error *err, uint32_t cell, const char *what)
{
	return vn_fail_line(err, VN_E_RANGE, b->xml->request->source, 0, 0,
			    "the devices of cell %u do not fit on an expander bus: %s; give some "
			    "of them an <address>",
			    cell, what);
}

static bool is_model(const xmlNode *controller, const char *model)
{
	return controller && vn_elem_attr_is(controller, "model", model);
}

/* The cell that an expander names; VN_CELL_MAX if it is not the guest's. */
static uint32_t cell_of(const struct buses *b, const xmlNode *controller)
{
	VN_XML_STRING node =
		vn_elem_text(vn_elem_child(vn_elem_child(controller, "target"), "node"));
	uint64_t cell;

	if (!node ||
	    vn_uint_parse(vn_cursor_of_string(NULL, node), VN_CELL_MAX - 1, &cell, NULL) < 0)
		return VN_CELL_MAX;
	return cell < b->xml->placement->n_cells ? (uint32_t)cell : VN_CELL_MAX;
}

static xmlNode *new_controller(struct buses *b, const char *model, uint32_t *index)
{
	vn_xmledit *edit = b->xml->edit;
	xmlNode *node = vn_xmledit_insert(edit, b->devices, b->last, "controller");

	*index = ++b->highest;
	vn_xmledit_set(edit, node, "type", "pci");
	vn_xml_set_uint(b->xml, node, "index", *index);
	vn_xmledit_set(edit, node, "model", model);
	b->controller[*index] = b->last = node;
	return node;
}

static void claim(struct buses *b, uint32_t index)
{
	b->used[index] = true;
	vn_xml_mine(b->xml, VN_SET_CONTROLLERS, index);
}

/* An expander of an earlier plan: that of the cell, else one that no other cell waits for. */
static uint32_t find_expander(const struct buses *b, uint32_t cell)
{
	uint32_t spare = 0;

	for (uint32_t i = 1; i < BUS_MAX; i++) {
		if (!is_ours(b, i) || b->used[i] ||
		    !is_model(b->controller[i], b->kind->expander) ||
		    !vn_elem_child(vn_elem_child(b->controller[i], "target"), "node"))
			continue;
		uint32_t on = cell_of(b, b->controller[i]);

		if (on == cell)
			return i;
		if (!spare && (on == VN_CELL_MAX || !b->wanted[on]))
			spare = i;
	}
	return spare;
}

static int want_expander(struct buses *b, uint32_t cell, uint32_t *index, vn_error *err)
{
	vn_xmledit *edit = b->xml->edit;
	xmlNode *node, *target;

	*index = find_expander(b, cell);
	if (*index) {
		target = vn_elem_child(b->controller[*index], "target");
		if (cell_of(b, b->controller[*index]) != cell)
			vn_xml_set_text_uint(b->xml, vn_elem_child(target, "node"), cell);
		claim(b, *index);
		return VN_OK;
	}
	if (b->highest + 1 >= BUS_MAX)
		return no_room(b, err, cell, "all 256 PCI controllers are in use");
	node = new_controller(b, b->kind->expander, index);
	vn_xmledit_set(edit, vn_xmledit_append(edit, node, "model"), "name",
		       b->kind->expander_name);
	target = vn_xmledit_append(edit, node, "target");
	vn_xmledit_set(edit, target, "busNr", "0"); /* counted when the ports are known */
	vn_xml_set_text_uint(b->xml, vn_xmledit_append(edit, target, "node"), cell);
	claim(b, *index);
	return VN_OK;
}

static void set_address(struct buses *b, xmlNode *device, uint32_t bus, uint32_t slot)
{
	vn_xmledit *edit = b->xml->edit;
	xmlNode *address = pci_address(device);

	if (!address) {
		address = vn_xmledit_append(edit, device, "address");
		vn_xmledit_set(edit, address, "type", "pci");
	}
	vn_xml_set_hex(b->xml, address, "domain", 4, 0);
	vn_xml_set_hex(b->xml, address, "bus", 2, bus);
	vn_xml_set_hex(b->xml, address, "slot", 2, slot);
	vn_xml_set_hex(b->xml, address, "function", 1, 0);
}

/* The slots of a bus that this plan already uses. */
struct slots {
	bool used[SLOT_MAX];
};

/* The lowest free slot from `first`; SLOT_MAX if there is none. */
static uint32_t take_slot(struct slots *slots, uint32_t first)
{
	uint32_t slot = first;

	while (slot < SLOT_MAX && slots->used[slot])
		slot++;
	if (slot < SLOT_MAX)
		slots->used[slot] = true;
	return slot;
}

/* A root port of an earlier plan below that expander, which nobody has claimed yet. `index` may be
 * any number. */
static bool is_free_port(const struct buses *b, uint64_t index, uint32_t expander)
{
	uint64_t bus;

	return index < BUS_MAX && is_ours(b, index) && !b->used[index] &&
	       is_model(b->controller[index], "pcie-root-port") &&
	       address_bus(b->controller[index], &bus) && bus == expander;
}

static bool take_slot_of(struct slots *slots, const xmlNode *device)
{
	uint64_t slot;

	if (!vn_elem_get_uint(pci_address(device), "slot", &slot) || slot >= SLOT_MAX ||
	    slots->used[slot])
		return false;
	slots->used[slot] = true;
	return true;
}

/* First the devices that already are where they should be, so that nobody else takes their place.
 */
static void keep_places(struct buses *b, uint32_t cell, uint32_t expander, struct slots *slots)
{
	const vn_request *request = b->xml->request;
	uint64_t bus;

	for (uint32_t i = 0; i < request->n_devices; i++) {
		if (!b->element[i] || b->xml->placement->device_cell[i] != (int)cell ||
		    !address_bus(b->element[i], &bus))
			continue;
		if (b->kind->root_ports ? is_free_port(b, bus, expander) &&
						  take_slot_of(slots, b->controller[bus])
					: bus == expander && take_slot_of(slots, b->element[i])) {
			if (b->kind->root_ports)
				claim(b, (uint32_t)bus);
			b->placed[i] = true;
		}
	}
}

/* A place for one more device: bus and slot. */
static int new_place(struct buses *b, uint32_t cell, uint32_t expander, struct slots *slots,
		     xmlNode *device, vn_error *err)
{
	uint32_t slot, port;
	xmlNode *node;

	if (!b->kind->root_ports) {
		slot = take_slot(slots, b->kind->first_slot);
		if (slot == SLOT_MAX)
			return no_room(b, err, cell, "it has 31 slots");
		set_address(b, device, expander, slot);
		return VN_OK;
	}
	for (port = 1; port < BUS_MAX; port++)
		if (is_free_port(b, port, expander) && take_slot_of(slots, b->controller[port])) {
			claim(b, port);
			set_address(b, device, port, 0);
			return VN_OK;
		}
	slot = take_slot(slots, 0);
	if (slot == SLOT_MAX)
		return no_room(b, err, cell, "it has 32 slots");
	if (b->highest + 1 >= BUS_MAX)
		return no_room(b, err, cell, "all 256 PCI controllers are in use");
	node = new_controller(b, "pcie-root-port", &port);
	set_address(b, node, expander, slot);
	claim(b, port);
	set_address(b, device, port, 0);
	return VN_OK;
}

static int write_cell_buses(struct buses *b, uint32_t cell, vn_error *err)
{
	const vn_request *request = b->xml->request;
	struct slots slots = { { false } };
	uint32_t n = 0, expander = 0;
	int r;

	if (!b->wanted[cell])
		return VN_OK;
	for (uint32_t i = 0; i < request->n_devices; i++)
		n += b->element[i] && b->xml->placement->device_cell[i] == (int)cell;
	if ((r = want_expander(b, cell, &expander, err)) < 0)
		return r;
	keep_places(b, cell, expander, &slots);
	for (uint32_t i = 0; i < request->n_devices; i++)
		if (b->element[i] && !b->placed[i] &&
		    b->xml->placement->device_cell[i] == (int)cell &&
		    (r = new_place(b, cell, expander, &slots, b->element[i], err)) < 0)
			return r;
	/* Its own bus number, and one for each bus behind it. */
	uint32_t numbers = 1 + (b->kind->root_ports ? n : 1);

	if (b->next_bus_nr < numbers + 1)
		return no_room(b, err, cell, "all 256 PCI bus numbers are in use");
	b->next_bus_nr -= numbers;
	vn_xml_set_uint(b->xml, vn_elem_child(b->controller[expander], "target"), "busNr",
			b->next_bus_nr);
	return VN_OK;
}

static bool moves(const struct buses *b, const xmlNode *device)
{
	for (uint32_t i = 0; i < b->xml->request->n_devices; i++)
		if (b->element[i] == device)
			return true;
	return false;
}

/* A device that an earlier plan moved and this one does not gives its place back, before another
 * device gets it. */
static void leave_places(struct buses *b)
{
	uint64_t bus;

	VN_XML_EACH(device, b->devices, NULL)
		if (!vn_elem_is(device, "controller") && !moves(b, device) &&
		    address_bus(device, &bus) && is_ours(b, bus))
			vn_xmledit_remove(b->xml->edit, pci_address(device));
}

/* Controllers of an earlier plan that this one does not want, and the addresses that name them. */
static void remove_rest(struct buses *b)
{
	uint64_t bus;

	for (uint32_t i = 0; i < BUS_MAX; i++)
		if (is_ours(b, i) && !b->used[i])
			vn_xmledit_remove(b->xml->edit, b->controller[i]);
	VN_XML_EACH(device, b->devices, NULL)
		if (address_bus(device, &bus) && is_ours(b, bus) && !b->used[bus])
			vn_xmledit_remove(b->xml->edit, pci_address(device));
}

int vn_xml_write_buses(vn_xml *xml, xmlNode *devices, vn_error *err)
{
	struct buses b = { .xml = xml, .devices = devices };
	int r;

	b.kind = machine_kind(xml);
	find_buses(&b);
	find_devices(&b);
	leave_places(&b);
	for (uint32_t cell = 0; cell < xml->placement->n_cells; cell++)
		if ((r = write_cell_buses(&b, cell, err)) < 0)
			return r;
	if (b.next_bus_nr <= b.highest && b.next_bus_nr < BUS_MAX)
		return vn_fail_line(err, VN_E_RANGE, xml->request->source, 0, 0,
				    "the expander buses need PCI bus numbers from %u, but buses up "
				    "to %u are in use",
				    b.next_bus_nr, b.highest);
	remove_rest(&b);
	return VN_OK;
}
