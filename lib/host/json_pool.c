/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * One of Nova's pools in the JSON form: equal PCI devices of a node, by count. Nova's pools carry
 * tags of their owner beside these fields; a request cannot ask for one here, so they are passed
 * over. Devices of some kinds Nova gives only to a guest that asks for that kind, which no request
 * can do here either: such a pool is checked and not kept. */
#include "host/json.h"

#include <string.h>
#include <strings.h>

enum { POOL_COUNT_MAX = 65535 };

static int read_vendor(vn_json *in, json_t *value)
{
	return vn_json_hex(in, value, &in->pool.vendor);
}

static int read_product(vn_json *in, json_t *value)
{
	return vn_json_hex(in, value, &in->pool.product);
}

static int read_kind(vn_json *in, json_t *value)
{
	static const struct {
		const char *name;
		bool asked;
	} kinds[] = {
		{ "type-PCI", false },
		{ "type-VF", false },
		{ "type-PF", true },
		{ "vdpa", true },
	};
	const char *name = "";
	int r = vn_json_string(in, value, &name);

	if (r < 0)
		return r;
	for (size_t i = 0; i < VN_LEN(kinds); i++)
		if (!strcmp(kinds[i].name, name)) {
			in->pool_asked |= kinds[i].asked;
			return VN_OK;
		}
	return vn_json_fail(in, VN_E_RANGE,
			    "'%.40s' is not known (legal: type-PCI, type-VF, type-PF, vdpa)", name);
}

/* A tag of Nova's that it treats as a kind: "true" and true are written for it. */
static int read_remote(vn_json *in, json_t *value)
{
	const char *text = json_string_value(value);

	if (json_is_true(value) || (text && !strcasecmp(text, "true")))
		in->pool_asked = true;
	return VN_OK;
}

static int read_node(vn_json *in, json_t *value)
{
	uint64_t id;
	int r;

	if (json_is_null(value)) /* Nova's own way to say that it does not know */
		return VN_OK;
	if ((r = vn_json_uint(in, value, VN_NODE_MAX - 1, &id)) < 0)
		return r;
	in->pool.node_ix = vn_host_node_ix(in->host, (uint32_t)id);
	if (in->pool.node_ix < 0)
		return vn_json_fail(in, VN_E_RANGE, "there is no cell %llu",
				    (unsigned long long)id);
	return VN_OK;
}

static int read_count(vn_json *in, json_t *value)
{
	uint64_t count;
	int r = vn_json_uint(in, value, POOL_COUNT_MAX, &count);

	if (r == VN_OK)
		in->pool.count = (uint32_t)count;
	return r;
}

static const vn_json_field pool_fields[] = {
	{ "vendor_id", true, read_vendor }, { "product_id", true, read_product },
	{ "dev_type", false, read_kind },   { "remote_managed", false, read_remote },
	{ "numa_node", false, read_node },  { "count", true, read_count },
};

static const vn_json_field *find_field(const char *name)
{
	for (size_t i = 0; i < VN_LEN(pool_fields); i++)
		if (!strcmp(pool_fields[i].name, name))
			return &pool_fields[i];
	return NULL;
}

static int read_member(vn_json *in, const char *name, json_t *value)
{
	const vn_json_field *field = find_field(name);
	size_t mark = vn_json_enter(in, ".%s", name);
	int r = VN_OK;

	if (field)
		r = field->read(in, value);
	else if (json_is_object(value) || json_is_array(value))
		r = vn_json_fail(in, VN_E_SYNTAX, "a tag is a string");
	if (r == VN_OK)
		vn_json_leave(in, mark);
	return r;
}

int vn_json_pool(vn_json *in, json_t *value)
{
	const char *name;
	json_t *member;
	int r;

	if (!json_is_object(value))
		return vn_json_fail(in, VN_E_SYNTAX, "an object belongs here");
	in->pool = (vn_pool){ .node_ix = -1 };
	in->pool_asked = false;
	json_object_foreach(value, name, member)
		if ((r = read_member(in, name, member)) < 0)
			return r;
	for (size_t i = 0; i < VN_LEN(pool_fields); i++)
		if (pool_fields[i].required && !json_object_get(value, pool_fields[i].name))
			return vn_json_fail(in, VN_E_SYNTAX, "the field '%s' is missing",
					    pool_fields[i].name);
	return in->pool_asked ? VN_OK : vn_build_pool(in->host, &in->pool, &in->at, in->err);
}
