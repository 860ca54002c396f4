/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * <devices>: the ones that have a place on the host (PCI devices, NICs, block devices), because
 * they pull the guest to their node; memory devices, because they are memory of a cell; and those
 * that need the guest's memory to be shared. All other devices are none of a plan's business. */
#include <string.h>

#include "guest/xml_read.h"

/* ---- memory devices ---- */

static int read_memdev(vn_dom *dom, const xmlNode *node, vn_request_memdev *ret, vn_error *err)
{
	static const char *const models[] = { "dimm", "virtio-mem", "nvdimm", "virtio-pmem",
					      "sgx-epc" };
	enum { OF_HOST_MEMORY = 2 }; /* the first ones; a file or the CPU backs the others */
	unsigned position = dom->draft->request->n_memdevs;
	const xmlNode *target, *size, *cell, *source, *nodemask;
	uint32_t number;
	int r, model;

	if ((r = vn_dom_take_choice(dom, vn_dom_attr(dom, node, "model"), models, VN_LEN(models),
				    &model, err)) < 0 ||
	    (r = vn_dom_only(dom, node, "target", &target, err)) < 0 ||
	    (r = vn_dom_only(dom, target, "size", &size, err)) < 0 ||
	    (r = vn_dom_only(dom, target, "node", &cell, err)) < 0 ||
	    (r = vn_dom_only(dom, node, "source", &source, err)) < 0 ||
	    (r = vn_dom_only(dom, source, "nodemask", &nodemask, err)) < 0)
		return r;
	*ret = (vn_request_memdev){ .uses_host_memory = model < OF_HOST_MEMORY,
				    .cell = -1,
				    .at = vn_dom_spot(dom, vn_dom_element(node)) };
	if (!size)
		return vn_dom_fail(dom, vn_dom_element(node), err, VN_E_SYNTAX,
				   "<memory> device has no <size> in <target>");
	r = vn_dom_take_size(dom, vn_dom_text(dom, size), vn_dom_attr(dom, size, "unit"),
			     &ret->size_kib, err);
	if (r == VN_OK && nodemask)
		r = vn_dom_take_nodeset(dom, vn_dom_text(dom, nodemask), &ret->nodemask, err);
	if (r < 0 || !cell || vn_dom_wrote(dom, VN_SET_MEMDEV_NODE, position))
		return r;
	if ((r = vn_dom_take_uint(dom, vn_dom_text(dom, cell), (vn_dom_range){ 0, VN_CELL_MAX - 1 },
				  &number, err)) < 0)
		return r;
	ret->cell = (int32_t)number;
	return VN_OK;
}

/* Once the cells are known. */
static int check_memdev_cells(vn_dom *dom, const xmlNode *devices, vn_error *err)
{
	const vn_request_memdev *memdev = dom->draft->request->memdevs;
	int r;

	VN_DOM_EACH(node, devices, "memory") {
		const xmlNode *cell = vn_dom_child(vn_dom_child(node, "target"), "node");
		int32_t number = memdev++->cell;

		if (number >= 0 &&
		    (r = vn_dom_check_cell(dom, vn_dom_text(dom, cell), (uint32_t)number, err)) < 0)
			return r;
	}
	return VN_OK;
}

int vn_dom_read_memdevs(vn_dom *dom, const xmlNode *domain, vn_error *err)
{
	vn_request *request = dom->draft->request;
	const xmlNode *devices;
	uint32_t count = 0;
	int r;

	if ((r = vn_dom_only(dom, domain, "devices", &devices, err)) < 0)
		return r;
	VN_DOM_EACH(node, devices, "memory")
		count++;
	if (count > VN_CELL_MAX)
		return vn_dom_fail(dom, vn_dom_element(devices), err, VN_E_RANGE,
				   "%u memory devices (legal: at most %d)", count, VN_CELL_MAX);
	request->memdevs = vn_arena_alloc(request->arena, count, sizeof(*request->memdevs));
	if (!request->memdevs)
		return vn_draft_no_memory(err);
	VN_DOM_EACH(node, devices, "memory") {
		r = read_memdev(dom, node, &request->memdevs[request->n_memdevs], err);
		if (r < 0)
			return r;
		request->n_memdevs++;
	}
	return VN_OK;
}

/* ---- PCI addresses ---- */

/* libvirt writes these in hexadecimal with 0x, and reads C's three notations. */
static int take_c_number(const char *text, uint32_t max, uint32_t *ret)
{
	uint64_t value = 0;
	uint32_t base = 10, digit;

	if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) {
		base = 16;
		text += 2;
	} else if (text[0] == '0') {
		base = 8;
	}
	if (!*text)
		return VN_E_SYNTAX;
	for (; *text; text++) {
		char c = (char)(*text | 0x20);

		digit = *text >= '0' && *text <= '9' ? (uint32_t)(*text - '0')
			: c >= 'a' && c <= 'f'	     ? (uint32_t)(c - 'a' + 10)
						     : UINT32_MAX;
		if (digit >= base)
			return VN_E_SYNTAX;
		value = value * base + digit;
		if (value > max)
			return VN_E_RANGE;
	}
	*ret = (uint32_t)value;
	return VN_OK;
}

static int read_address(vn_dom *dom, const xmlNode *node, vn_pci_address *ret, vn_error *err)
{
	static const struct {
		const char *name;
		uint32_t max;
	} part[] = {
		{ "domain", 0xffff },
		{ "bus", 0xff },
		{ "slot", 0x1f },
		{ "function", 7 },
	};
	uint32_t number[VN_LEN(part)] = { 0 };
	char what[128];
	int r;

	for (size_t i = 0; i < VN_LEN(part); i++) {
		vn_dom_value value = vn_dom_attr(dom, node, part[i].name);

		if (value.text && (r = take_c_number(value.text, part[i].max, &number[i])) < 0)
			return vn_dom_fail(dom, value, err, r, "%s is not legal (legal: 0 to 0x%x)",
					   vn_dom_describe(value, what, sizeof(what)), part[i].max);
	}
	*ret = (vn_pci_address){ number[0], (uint8_t)number[1], (uint8_t)number[2],
				 (uint8_t)number[3] };
	return VN_OK;
}

/* The host address in <source>: a device without one is nothing to place. */
static int read_host_address(vn_dom *dom, const xmlNode *node, vn_guest_device *ret, vn_error *err)
{
	const xmlNode *source = vn_dom_child(node, "source");
	const xmlNode *address = vn_dom_child(source, "address");

	if (!address)
		return VN_OK;
	ret->has_host = true;
	return read_address(dom, address, &ret->host, err);
}

/* The guest's side: another bus than PCI; an address that the owner fixed. One on a controller that
 * an earlier plan made is the plan's. */
static int read_guest_address(vn_dom *dom, const xmlNode *node, vn_guest_device *ret, vn_error *err)
{
	const xmlNode *address = vn_dom_child(node, "address");
	vn_pci_address at;
	int r;

	if (!address)
		return VN_OK;
	if (!vn_dom_attr_is(address, "type", "pci")) {
		ret->is_pci = false;
		return VN_OK;
	}
	if (!vn_dom_attr(dom, address, "bus").text && !vn_dom_attr(dom, address, "slot").text)
		return VN_OK; /* <address type='pci'/>: libvirt chooses */
	if ((r = read_address(dom, address, &at, err)) < 0)
		return r;
	ret->address_fixed = !vn_dom_wrote(dom, VN_SET_CONTROLLERS, at.bus);
	return VN_OK;
}

/* ---- kinds of devices: each fills *ret; no host side = nothing to place ---- */

static int read_hostdev(vn_dom *dom, const xmlNode *node, vn_guest_device *ret, vn_error *err)
{
	if (!vn_dom_attr_is(node, "type", "pci"))
		return VN_OK; /* USB, SCSI, mdev: no PCI address of the host */
	ret->kind = VN_DEVICE_HOSTDEV;
	ret->is_pci = true;
	return read_host_address(dom, node, ret, err);
}

/* NIC models that are not PCI devices; libvirt's default model is one. */
static bool is_pci_nic(vn_dom *dom, const xmlNode *interface)
{
	static const char *const others[] = { "ne2k_isa",	   "usb-net",	 "spapr-vlan",
					      "lan9118",	   "smc91c111",	 "netfront",
					      "virtio-net-device", "cadence_gem" };
	vn_dom_value model = vn_dom_attr(dom, vn_dom_child(interface, "model"), "type");

	return !model.text || vn_name_find(others, VN_LEN(others), model.text) < 0;
}

static int read_interface(vn_dom *dom, const xmlNode *node, vn_guest_device *ret, vn_error *err)
{
	static const char *const names[] = { "bridge", "dev", "network" };
	const xmlNode *source = vn_dom_child(node, "source");

	if (vn_dom_attr_is(node, "type", "vhostuser"))
		dom->draft->request->needs_shared_memory = true;
	ret->kind = VN_DEVICE_INTERFACE;
	ret->is_pci = is_pci_nic(dom, node);
	if (vn_dom_attr_is(node, "type", "hostdev")) {
		ret->kind = VN_DEVICE_HOSTDEV;
		ret->is_pci = true;
		return read_host_address(dom, node, ret, err);
	}
	for (size_t i = 0; i < VN_LEN(names) && !ret->host_name; i++)
		ret->host_name = vn_dom_attr(dom, source, names[i]).text;
	return VN_OK;
}

static bool is_virtio_disk(vn_dom *dom, const xmlNode *disk)
{
	const xmlNode *target = vn_dom_child(disk, "target");
	vn_dom_value bus = vn_dom_attr(dom, target, "bus"), dev = vn_dom_attr(dom, target, "dev");

	if (bus.text)
		return !strcmp(bus.text, "virtio");
	return dev.text && !strncmp(dev.text, "vd", 2);
}

static int read_disk(vn_dom *dom, const xmlNode *node, vn_guest_device *ret, vn_error *err)
{
	static const char dev_folder[] = "/dev/";
	vn_dom_value dev = vn_dom_attr(dom, vn_dom_child(node, "source"), "dev");

	if (vn_dom_attr_is(node, "type", "vhostuser"))
		dom->draft->request->needs_shared_memory = true;
	ret->kind = VN_DEVICE_DISK;
	ret->is_pci = is_virtio_disk(dom, node);
	if (vn_dom_attr_is(node, "type", "nvme"))
		return read_host_address(dom, node, ret, err);
	if (!vn_dom_attr_is(node, "type", "block") || !dev.text)
		return VN_OK;
	ret->host_name = dev.text;
	if (!strncmp(dev.text, dev_folder, strlen(dev_folder)))
		ret->host_name += strlen(dev_folder);
	return VN_OK;
}

static int read_filesystem(vn_dom *dom, const xmlNode *node, vn_guest_device *ret, vn_error *err)
{
	(void)ret;
	(void)err;
	if (vn_dom_attr_is(vn_dom_child(node, "driver"), "type", "virtiofs"))
		dom->draft->request->needs_shared_memory = true;
	return VN_OK;
}

static const struct {
	const char *name;
	int (*read)(vn_dom *dom, const xmlNode *node, vn_guest_device *ret, vn_error *err);
} kinds[] = {
	{ "hostdev", read_hostdev },
	{ "interface", read_interface },
	{ "disk", read_disk },
	{ "filesystem", read_filesystem },
};

static int read_device(vn_dom *dom, const xmlNode *node, vn_guest_device *ret, vn_error *err)
{
	int r = VN_OK;

	for (size_t i = 0; r == VN_OK && i < VN_LEN(kinds); i++)
		if (vn_dom_is(node, kinds[i].name))
			r = kinds[i].read(dom, node, ret, err);
	if (r < 0 || (!ret->has_host && !ret->host_name))
		return r;
	return read_guest_address(dom, node, ret, err);
}

/* Nova's policy is about devices passed through; a bridge or a disk only prefers to be near. */
static enum vn_pci_policy policy_of(const vn_request *request, enum vn_guest_device_kind kind)
{
	return kind == VN_DEVICE_HOSTDEV && request->pci_policy_given ? request->pci_policy
								      : VN_PCI_PREFERRED;
}

int vn_dom_read_devices(vn_dom *dom, const xmlNode *domain, vn_error *err)
{
	const xmlNode *devices = vn_dom_child(domain, "devices");
	vn_request *request = dom->draft->request;
	uint32_t position = 0;
	int r;

	request->devices =
		vn_arena_alloc(request->arena, VN_GUEST_DEVICES_MAX, sizeof(*request->devices));
	if (!request->devices)
		return vn_draft_no_memory(err);
	if ((r = check_memdev_cells(dom, devices, err)) < 0)
		return r;
	for (const xmlNode *node = devices ? devices->children : NULL; node; node = node->next) {
		vn_guest_device device = { .element = position };

		if (node->type != XML_ELEMENT_NODE)
			continue;
		position++;
		if ((r = read_device(dom, node, &device, err)) < 0)
			return r;
		if (!device.has_host && !device.host_name)
			continue;
		if (request->n_devices == VN_GUEST_DEVICES_MAX)
			return vn_dom_fail(dom, vn_dom_element(node), err, VN_E_RANGE,
					   "more than %d devices of the host (legal: at most %d)",
					   VN_GUEST_DEVICES_MAX, VN_GUEST_DEVICES_MAX);
		device.at = vn_dom_spot(dom, vn_dom_element(node));
		device.policy = policy_of(request, device.kind);
		request->devices[request->n_devices++] = device;
	}
	return VN_OK;
}
