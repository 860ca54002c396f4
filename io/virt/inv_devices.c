/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * PCI devices of a host that is elsewhere, from libvirt's node devices: address, vendor, product,
 * class, node, IOMMU group; and the names of the network and block devices that stand on them.
 * Bridges are left out, as on this machine. */
#include "virt/inventory.h"

#include <stdlib.h>
#include <string.h>

enum { CLASS_BRIDGE = 0x06 };

/* <capability type='pci'> of a node device; NULL if it has none. */
static const xmlNode *capability(const xmlDoc *doc, const char *type)
{
	VN_XML_EACH(one, xmlDocGetRootElement(doc), "capability") {
		const char *have = virt_xml_get(one, "type");

		if (have && !strcmp(have, type))
			return one;
	}
	return NULL;
}

/* <class>0x020000</class>: its first four digits. Older libvirt does not say it. */
static uint16_t class_of(const xmlNode *pci)
{
	uint64_t class_id;

	return virt_xml_uint(virt_xml_child(pci, "class"), NULL, 0xffffff, &class_id)
		       ? (uint16_t)(class_id >> 8)
		       : 0;
}

static bool read_pci(const vn_host *host, const xmlNode *pci, vn_device *ret)
{
	uint64_t domain, bus, slot, function, value;

	if (!virt_xml_uint(virt_xml_child(pci, "domain"), NULL, UINT32_MAX, &domain) ||
	    !virt_xml_uint(virt_xml_child(pci, "bus"), NULL, UINT8_MAX, &bus) ||
	    !virt_xml_uint(virt_xml_child(pci, "slot"), NULL, 31, &slot) ||
	    !virt_xml_uint(virt_xml_child(pci, "function"), NULL, 7, &function))
		return false;
	*ret = (vn_device){ .node_ix = -1, .iommu_group = -1, .class_id = class_of(pci) };
	ret->address = (vn_pci_address){ (uint32_t)domain, (uint8_t)bus, (uint8_t)slot,
					 (uint8_t)function };
	if (virt_xml_uint(virt_xml_child(pci, "vendor"), "id", UINT16_MAX, &value))
		ret->vendor = (uint16_t)value;
	if (virt_xml_uint(virt_xml_child(pci, "product"), "id", UINT16_MAX, &value))
		ret->product = (uint16_t)value;
	if (virt_xml_uint(virt_xml_child(pci, "numa"), "node", VN_NODE_MAX - 1, &value))
		ret->node_ix = vn_host_node_ix(host, (uint32_t)value);
	if (virt_xml_uint(virt_xml_child(pci, "iommuGroup"), "number", INT32_MAX, &value))
		ret->iommu_group = (int32_t)value;
	return ret->class_id >> 8 != CLASS_BRIDGE;
}

static int by_address(const void *a, const void *b)
{
	return vn_pci_address_compare(((const vn_device *)a)->address,
				      ((const vn_device *)b)->address);
}

/* ---- names ---- */

static bool is_printable(const char *name)
{
	for (const char *p = name; *p; p++)
		if (*p <= ' ' || *p > '~')
			return false;
	return *name;
}

/* <path>/sys/devices/pci0000:00/0000:00:03.0/virtio2/net/eth0</path>: the last address in it. */
static vn_device *device_in_path(vn_host *host, const char *path)
{
	vn_device *found = NULL;
	size_t length;

	for (const char *part = path; *part; part += length + (part[length] == '/')) {
		vn_pci_address address;

		length = strcspn(part, "/");
		if (vn_pci_address_parse(vn_cursor_of(NULL, part, length), &address, NULL) == VN_OK)
			found = (vn_device *)vn_host_device_at(host, address);
	}
	return found;
}

static bool add_name(vn_host *host, const xmlDoc *doc)
{
	const char *path = virt_xml_get(virt_xml_child(xmlDocGetRootElement(doc), "path"), NULL);
	const xmlNode *net = capability(doc, "net"), *disk = capability(doc, "storage");
	const char *name = virt_xml_get(
		net ? virt_xml_child(net, "interface") : virt_xml_child(disk, "block"), NULL);
	vn_device *device = path ? device_in_path(host, path) : NULL;
	char *copy;

	if (name && !net && !strncmp(name, "/dev/", 5))
		name += 5;
	if (!device || !name || !is_printable(name) || device->n_names == VN_DEVICE_NAMES_MAX)
		return true;
	copy = vn_arena_strndup(host->arena, name, strlen(name));
	if (copy)
		device->names[device->n_names++] = copy;
	return copy;
}

/* ---- the list ---- */

struct list {
	unsigned int flags;
	virNodeDevicePtr *devices;
	int n;
};

static int list_devices(virConnectPtr conn, void *arg)
{
	struct list *list = arg;

	list->n = virConnectListAllNodeDevices(conn, &list->devices, list->flags);
	return list->n;
}

static void free_list(struct list *list)
{
	for (int i = 0; i < list->n; i++)
		virNodeDeviceFree(list->devices[i]);
	free(list->devices);
}

static xmlDoc *read_document(virNodeDevicePtr device)
{
	VIRT_STRING xml = virNodeDeviceGetXMLDesc(device, 0);

	return xml && strlen(xml) <= VIRT_BYTES_MAX ? virt_xml_parse(xml, strlen(xml)) : NULL;
}

/* A device that goes while it is looked at is left out. */
static int read_list(vn_virt *virt, vn_host *host, const struct list *list, vn_error *err)
{
	vn_device *room = vn_arena_alloc(host->arena, list->n ? (size_t)list->n : 1, sizeof(*room));

	if (!room)
		return vn_fail(err, VN_E_NOMEM, "no memory for the devices of '%s'", virt->uri);
	host->devices = room;
	for (int i = 0; i < list->n && host->n_devices < VN_HOST_DEVICES_MAX; i++) {
		VIRT_XML doc = read_document(list->devices[i]);
		const xmlNode *pci = doc ? capability(doc, "pci") : NULL;

		if (pci && read_pci(host, pci, &room[host->n_devices]))
			host->n_devices++;
	}
	qsort(room, host->n_devices, sizeof(*room), by_address);
	return VN_OK;
}

static int read_names(vn_virt *virt, vn_host *host, const struct list *list, vn_error *err)
{
	for (int i = 0; i < list->n; i++) {
		VIRT_XML doc = read_document(list->devices[i]);

		if (doc && !add_name(host, doc))
			return vn_fail(err, VN_E_NOMEM, "no memory for the devices of '%s'",
				       virt->uri);
	}
	return VN_OK;
}

/* A driver that knows no devices, or a daemon without that part, has none to tell. */
int virt_read_devices(vn_virt *virt, vn_host *host, vn_error *err)
{
	static const struct {
		unsigned int flags;
		int (*read)(vn_virt *, vn_host *, const struct list *, vn_error *);
	} kinds[] = {
		{ VIR_CONNECT_LIST_NODE_DEVICES_CAP_PCI_DEV, read_list },
		{ VIR_CONNECT_LIST_NODE_DEVICES_CAP_NET | VIR_CONNECT_LIST_NODE_DEVICES_CAP_STORAGE,
		  read_names },
	};
	int r = VN_OK;

	for (size_t i = 0; i < VN_LEN(kinds) && r == VN_OK; i++) {
		struct list list = { .flags = kinds[i].flags };

		if (virt_call(virt, list_devices, &list) < 0)
			return VN_OK;
		r = kinds[i].read(virt, host, &list, err);
		free_list(&list);
	}
	return r;
}
