/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * PCI devices of hwloc XML: present when hwloc was told to keep them (`lstopo --of xml` does). A
 * device is on a node when the nearest object around it that is no bridge has just that node. */
#include "host/hwloc_xml.h"

#include "host/hex.h"
#include "host/xml.h"

#include <string.h>

typedef struct reader {
	vn_host *host;
	const char *source;
	vn_error *err;
} reader;

static bool is_type(const xmlNode *object, const char *type)
{
	const char *text = vn_xml_text(object, "type");

	return text && !strcmp(text, type);
}

/* The only node of an object, or -1. */
static int32_t node_of(const vn_host *host, const xmlNode *object)
{
	const char *text = vn_xml_text(object, "nodeset");
	vn_nodeset nodes;
	int id;

	if (!text || vn_hex_parse_nodes(text, &nodes) < 0)
		return -1;
	id = vn_nodeset_next(&nodes, -1);
	return id >= 0 && vn_nodeset_next(&nodes, id) < 0 ? vn_host_node_ix(host, (uint32_t)id)
							  : -1;
}

/* Network and block devices, by hwloc's osdev_type. */
static int read_names(reader *in, vn_device *device, const xmlNode *parent)
{
	VN_XML_EACH(object, parent, "object") {
		const char *name = vn_xml_text(object, "name"),
			   *type = vn_xml_text(object, "osdev_type");
		int r;

		if (!is_type(object, "OSDev"))
			continue;
		if (name && *name && type && (!strcmp(type, "0") || !strcmp(type, "2")) &&
		    (r = vn_build_device_name(in->host, device, name, in->err)) < 0)
			return r;
		if ((r = read_names(in, device, object)) < 0)
			return r;
	}
	return VN_OK;
}

/* pci_type="0200 [8086:1572] [8086:0001] 01": class, vendor and product, subsystem, revision */
static int read_ids(reader *in, vn_device *device, const xmlNode *object)
{
	const char *text = vn_xml_text(object, "pci_type");
	vn_at at = vn_xml_at(in->source, object);

	if (!text)
		return VN_OK;
	if (strlen(text) < strlen("0200 [8086:1572]") ||
	    vn_hex_parse(text, 4, &device->class_id) < 0 || text[5] != '[' ||
	    vn_hex_parse(text + 6, 4, &device->vendor) < 0 || text[10] != ':' ||
	    vn_hex_parse(text + 11, 4, &device->product) < 0)
		return vn_fail_where(in->err, &at, VN_E_SYNTAX,
				     "pci_type='%.40s' is not of the form '0200 [8086:1572]'",
				     text);
	return VN_OK;
}

/* Some files of hwloc's own tests have two devices at one address: the first counts. */
static bool is_known(const vn_host *host, vn_pci_address address)
{
	for (uint32_t i = 0; i < host->n_devices; i++)
		if (!vn_pci_address_compare(host->devices[i].address, address))
			return true;
	return false;
}

static int read_device(reader *in, const xmlNode *object, int32_t node_ix)
{
	vn_device device = { .node_ix = node_ix, .iommu_group = -1 };
	const char *text = vn_xml_text(object, "pci_busid");
	vn_at at = vn_xml_at(in->source, object);
	vn_error why;
	int r;

	if (!text)
		return vn_fail_where(in->err, &at, VN_E_SYNTAX,
				     "<object> has no attribute 'pci_busid'");
	r = vn_pci_address_parse(vn_cursor_of_string(NULL, text), &device.address, &why);
	if (r < 0)
		return vn_fail_where(in->err, &at, r, "%s", why.text);
	if (is_known(in->host, device.address))
		return VN_OK;
	if ((r = read_ids(in, &device, object)) < 0 || (r = read_names(in, &device, object)) < 0)
		return r;
	return vn_build_device(in->host, &device, &at, in->err);
}

static int walk(reader *in, const xmlNode *parent, int32_t node_ix)
{
	VN_XML_EACH(object, parent, "object") {
		bool is_device = is_type(object, "PCIDev");
		int32_t node = is_device || is_type(object, "Bridge") ? node_ix
								      : node_of(in->host, object);
		int r;

		if (is_device && (r = read_device(in, object, node)) < 0)
			return r;
		if ((r = walk(in, object, node)) < 0)
			return r;
	}
	return VN_OK;
}

int vn_hwloc_xml_devices(vn_host *host, const char *source, const xmlNode *root, vn_error *err)
{
	reader in = { host, source, err };

	return walk(&in, root, -1);
}
