/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * One device of the JSON form. Identifiers are strings of hexadecimal digits, as lspci -n and Nova
 * write them; `node` is a node's number, absent where the platform does not say. */
#include "host/hex.h"
#include "host/json.h"

#include <string.h>

static int read_address(vn_json *in, json_t *value)
{
	const char *text;
	vn_error why;
	int r;

	if ((r = vn_json_string(in, value, &text)) < 0)
		return r;
	if ((r = vn_pci_address_parse(vn_cursor_of_string(NULL, text), &in->device.address, &why)) <
	    0)
		return vn_json_fail(in, r, "%s", why.text);
	return VN_OK;
}

/* Four hexadecimal digits, "8086". */
int vn_json_hex(vn_json *in, json_t *value, uint16_t *ret)
{
	const char *text;
	int r = vn_json_string(in, value, &text);

	if (r < 0)
		return r;
	if (vn_hex_parse(text, strlen(text), ret) < 0)
		return vn_json_fail(in, VN_E_SYNTAX,
				    "'%.40s' is not a number of 1-4 hexadecimal digits", text);
	return VN_OK;
}

static int read_vendor(vn_json *in, json_t *value)
{
	return vn_json_hex(in, value, &in->device.vendor);
}

static int read_product(vn_json *in, json_t *value)
{
	return vn_json_hex(in, value, &in->device.product);
}

static int read_class(vn_json *in, json_t *value)
{
	return vn_json_hex(in, value, &in->device.class_id);
}

static int read_node(vn_json *in, json_t *value)
{
	uint64_t id;
	int r = vn_json_uint(in, value, VN_NODE_MAX - 1, &id);

	if (r < 0)
		return r;
	in->device.node_ix = vn_host_node_ix(in->host, (uint32_t)id);
	if (in->device.node_ix < 0)
		return vn_json_fail(in, VN_E_RANGE, "there is no cell %llu",
				    (unsigned long long)id);
	return VN_OK;
}

static int read_iommu_group(vn_json *in, json_t *value)
{
	uint64_t group;
	int r = vn_json_uint(in, value, INT32_MAX, &group);

	if (r == VN_OK)
		in->device.iommu_group = (int32_t)group;
	return r;
}

static int read_name(vn_json *in, json_t *value)
{
	const char *name;
	int r = vn_json_string(in, value, &name);

	if (r < 0)
		return r;
	if (!*name)
		return vn_json_fail(in, VN_E_RANGE, "an empty name");
	if (in->device.n_names == VN_DEVICE_NAMES_MAX)
		return vn_json_fail(in, VN_E_RANGE, "more than %d names", VN_DEVICE_NAMES_MAX);
	return vn_build_device_name(in->host, &in->device, name, in->err);
}

static int read_names(vn_json *in, json_t *value)
{
	return vn_json_array(in, value, read_name);
}

static int read_taken(vn_json *in, json_t *value)
{
	return vn_json_bool(in, value, &in->device.taken);
}

static const vn_json_field device_fields[] = {
	{ "address", true, read_address },     { "vendor_id", false, read_vendor },
	{ "product_id", false, read_product }, { "class", false, read_class },
	{ "node", false, read_node },	       { "iommu_group", false, read_iommu_group },
	{ "names", false, read_names },	       { "taken", false, read_taken },
};

int vn_json_device(vn_json *in, json_t *value)
{
	int r;

	in->device = (vn_device){ .node_ix = -1, .iommu_group = -1 };
	if ((r = vn_json_object(in, value, device_fields, VN_LEN(device_fields))) < 0)
		return r;
	return vn_build_device(in->host, &in->device, &in->at, in->err);
}
