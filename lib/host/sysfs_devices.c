/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * PCI devices from /sys/bus/pci/devices, bridges left out, and the names by which guests refer to
 * them: network devices with the bonds, bridges and VLANs above them, block devices with the
 * device-mapper and md devices above them. */
#include "host/sysfs.h"

#include "host/hex.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	CLASS_BRIDGE = 0x06, /* high byte of the class */
	LINK_BYTES = 512,
	NAME_BYTES = 256,
};

#define PCI_FOLDER "sys/bus/pci/devices"

typedef struct devices {
	int root;
	vn_host *host;
	const char *folder; /* class of the names that are read */
	const char *above;  /* link or folder that names what stands on a device */
} devices;

/* ---- the devices ---- */

/* "0x8086", "0x020000" (the first four digits are the class). */
static bool read_hex(int root, const char *name, const char *file, uint16_t *ret)
{
	vn_sysfs_text text;

	return vn_sysfs_read(root, &text, PCI_FOLDER "/%s/%s", name, file) && text.size >= 6 &&
	       vn_hex_parse(text.bytes, 6, ret) == VN_OK;
}

static int add_device(void *context, const char *name, vn_error *err)
{
	devices *in = context;
	vn_device device = { .node_ix = -1, .iommu_group = -1 };
	char link[LINK_BYTES];
	vn_at at = { 0 };
	uint64_t value;

	if (vn_pci_address_parse(vn_cursor_of_string(NULL, name), &device.address, NULL) < 0 ||
	    in->host->n_devices == VN_HOST_DEVICES_MAX)
		return VN_OK;
	read_hex(in->root, name, "class", &device.class_id);
	if (device.class_id >> 8 == CLASS_BRIDGE)
		return VN_OK;
	read_hex(in->root, name, "vendor", &device.vendor);
	read_hex(in->root, name, "device", &device.product);
	/* "-1" where the platform does not say */
	if (vn_sysfs_uint(in->root, &value, PCI_FOLDER "/%s/numa_node", name) &&
	    value < VN_NODE_MAX)
		device.node_ix = vn_host_node_ix(in->host, (uint32_t)value);
	if (vn_sysfs_link(in->root, link, sizeof(link), PCI_FOLDER "/%s/iommu_group", name) &&
	    vn_uint_parse(vn_cursor_of_string(NULL, vn_sysfs_base(link)), INT32_MAX, &value,
			  NULL) == VN_OK)
		device.iommu_group = (int32_t)value;
	return vn_build_device(in->host, &device, &at, err);
}

/* ---- names ---- */

/* The PCI device in a path such as ../../devices/pci0000:00/0000:00:03.0/virtio2/net/eth0: the last
 * part that is an address. */
static vn_device *device_in_path(vn_host *host, const char *path)
{
	vn_device *found = NULL;
	size_t length;

	for (const char *part = path; *part; part += length + (part[length] == '/')) {
		vn_pci_address address;

		length = strcspn(part, "/");
		if (vn_pci_address_parse(vn_cursor_of(NULL, part, length), &address, NULL) < 0)
			continue;
		for (uint32_t i = 0; i < host->n_devices; i++)
			if (!vn_pci_address_compare(host->devices[i].address, address))
				found = &host->devices[i];
	}
	return found;
}

/* Names go into JSON and onto terminals. */
static bool is_printable(const char *name)
{
	for (const char *p = name; *p; p++)
		if (*p <= ' ' || *p > '~')
			return false;
	return *name;
}

typedef struct above {
	devices *in;
	vn_device *device;
} above;

static int add_name(const above *at, const char *name, vn_error *err);

/* An entry of a network device's folder: "upper_br0", "upper_eth0.100" name what stands on it; a
 * bridge is among them. An entry of a block device's "holders" is the name. */
static int add_above(void *context, const char *entry, vn_error *err)
{
	above *at = context;
	const char *prefix = at->in->above;
	size_t length = strlen(prefix);

	return strncmp(entry, prefix, length) ? VN_OK : add_name(at, entry + length, err);
}

static int add_name(const above *at, const char *name, vn_error *err)
{
	above next = { at->in, at->device };
	uint32_t before = at->device->n_names;
	char folder[LINK_BYTES];
	int r;

	if (!is_printable(name) || strlen(name) > NAME_BYTES)
		return VN_OK;
	if ((r = vn_build_device_name(at->in->host, at->device, name, err)) < 0)
		return r;
	if (at->device->n_names == before) /* known, or no room: this bounds the recursion */
		return VN_OK;
	snprintf(folder, sizeof(folder), "%s/%s%s", at->in->folder, name,
		 *at->in->above ? "" : "/holders");
	return vn_sysfs_each(at->in->root, folder, add_above, &next, err);
}

static int add_named(void *context, const char *name, vn_error *err)
{
	devices *in = context;
	above at = { .in = in };
	char link[LINK_BYTES];

	if (strlen(name) > NAME_BYTES ||
	    !vn_sysfs_link(in->root, link, sizeof(link), "%s/%s", in->folder, name))
		return VN_OK;
	at.device = device_in_path(in->host, link);
	return at.device ? add_name(&at, name, err) : VN_OK;
}

int vn_sysfs_devices(int root, vn_host *host, vn_error *err)
{
	devices in = { .root = root, .host = host };
	static const char *const classes[][2] = {
		{ "sys/class/net", "upper_" },
		{ "sys/class/block", "" },
	};
	int r;

	if ((r = vn_sysfs_each(root, PCI_FOLDER, add_device, &in, err)) < 0)
		return r;
	for (size_t i = 0; i < VN_LEN(classes); i++) {
		in.folder = classes[i][0];
		in.above = classes[i][1];
		if ((r = vn_sysfs_each(root, in.folder, add_named, &in, err)) < 0)
			return r;
	}
	return VN_OK;
}
