/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A fleet as JSON, "vnuma/sim-fleet/1" (docs/sim-format.md): groups of equal hosts. */
#include "hosts.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SCHEMA "vnuma/sim-fleet/1"

struct group {
	vn_sim_hosts hosts;
	vn_host *host;
	const char *source;
	char path[64];
};

static int fail(const struct group *in, const char *key, enum vn_code code, vn_error *err,
		const char *what)
{
	return vn_fail_line(err, code, in->source, 0, 0, "%s%s%s: %s", in->path,
			    *in->path && *key ? "." : "", key, what);
}

static int read_count(const struct group *in, const char *key, const json_t *value, uint32_t min,
		      uint32_t max, uint32_t *ret, vn_error *err)
{
	char what[64];

	if (json_is_integer(value) && json_integer_value(value) >= min &&
	    json_integer_value(value) <= max) {
		*ret = (uint32_t)json_integer_value(value);
		return VN_OK;
	}
	snprintf(what, sizeof(what), "legal is a whole number from %u to %u", min, max);
	return fail(in, key, VN_E_RANGE, err, what);
}

/* The text of a short form or SOURCE, or the host itself. */
static int read_host(struct group *in, const json_t *value, vn_error *err)
{
	vn_error why = { 0 };
	char where[sizeof(why.text) + 128], *text;
	bool is_text = json_is_string(value);
	int r;

	if (in->host)
		return fail(in, "host", VN_E_SYNTAX, err, "stands twice");
	if (is_text) {
		r = sim_host_read(json_string_value(value), &in->host, &why);
	} else if (json_is_object(value)) {
		text = json_dumps(value, JSON_COMPACT);
		if (!text)
			return vn_fail(err, VN_E_NOMEM, "no memory for a host");
		r = vn_host_parse("", text, strlen(text), &in->host, &why);
		free(text);
	} else {
		return fail(in, "host", VN_E_SYNTAX, err,
			    "a host, or the text of one, belongs here");
	}
	if (r < 0)
		return fail(in, "host", why.code, err,
			    is_text ? vn_error_format(&why, where, sizeof(where)) : why.text);
	return VN_OK;
}

static int read_field(struct group *in, const char *key, const json_t *value, vn_error *err)
{
	vn_sim_hosts *hosts = &in->hosts;

	if (!strcmp(key, "count"))
		return read_count(in, key, value, 1, VN_SIM_HOSTS_MAX, &hosts->count, err);
	if (!strcmp(key, "first_rack"))
		return read_count(in, key, value, 0, SIM_RACK_MAX, &hosts->first_rack, err);
	if (!strcmp(key, "racks"))
		return read_count(in, key, value, 1, VN_SIM_HOSTS_MAX, &hosts->racks, err);
	if (!strcmp(key, "host"))
		return read_host(in, value, err);
	return fail(in, key, VN_E_SYNTAX, err,
		    "there is no such field (legal: count, host, first_rack, racks)");
}

static int read_group(struct group *in, json_t *value, vn_error *err)
{
	const char *key;
	json_t *field;
	int r;

	if (!json_is_object(value))
		return fail(in, "", VN_E_SYNTAX, err, "an object belongs here");
	json_object_foreach(value, key, field)
		if ((r = read_field(in, key, field, err)) < 0)
			return r;
	if (!in->host)
		return fail(in, "host", VN_E_SYNTAX, err, "is missing");
	if (in->hosts.racks > in->hosts.count)
		return fail(in, "racks", VN_E_RANGE, err, "there are more racks than hosts");
	if (json_object_get(value, "racks") && in->hosts.first_rack == VN_RACK_OWN)
		in->hosts.first_rack = 0;
	return VN_OK;
}

static int read_groups(vn_sim_fleet *fleet, const char *source, json_t *hosts, vn_error *err)
{
	vn_error why = { 0 };
	size_t i;
	json_t *value;
	int r;

	json_array_foreach(hosts, i, value) {
		struct group in = {
			{ .count = 1, .first_rack = VN_RACK_OWN, .racks = 1 }, NULL, source, ""
		};

		snprintf(in.path, sizeof(in.path), "hosts[%zu]", i);
		if ((r = read_group(&in, value, err)) < 0) {
			vn_host_free(in.host);
			return r;
		}
		if ((r = sim_fleet_add_kind(fleet, in.host, &in.hosts.kind, err)) < 0)
			return r;
		if ((r = sim_fleet_add_hosts(fleet, &in.hosts, &why)) < 0)
			return fail(&in, "count", r, err, why.text);
	}
	return VN_OK;
}

static int read_document(vn_sim_fleet *fleet, const char *source, json_t *document, vn_error *err)
{
	const struct group top = { .source = source };
	const json_t *schema = json_object_get(document, "schema");
	json_t *hosts = json_object_get(document, "hosts");
	const char *key;
	json_t *value;

	json_object_foreach(document, key, value)
		if (strcmp(key, "schema") && strcmp(key, "hosts"))
			return fail(&top, key, VN_E_SYNTAX, err,
				    "there is no such field (legal: schema, hosts)");
	if (schema && (!json_is_string(schema) || strcmp(json_string_value(schema), SCHEMA)))
		return fail(&top, "schema", VN_E_RANGE, err, "legal is '" SCHEMA "'");
	if (!json_is_array(hosts) || !json_array_size(hosts))
		return fail(&top, "hosts", VN_E_SYNTAX, err, "a list of hosts belongs here");
	return read_groups(fleet, source, hosts, err);
}

int sim_fleet_parse_json(vn_sim_fleet *fleet, const char *source, const char *bytes, size_t size,
			 vn_error *err)
{
	json_error_t why;
	json_t *document = json_loadb(bytes, size, JSON_REJECT_DUPLICATES, &why);
	int r;

	if (!document)
		return vn_fail_line(err, VN_E_SYNTAX, source, why.line > 0 ? (uint32_t)why.line : 0,
				    why.column > 0 ? (uint32_t)why.column : 0, "%s", why.text);
	r = read_document(fleet, source, document, err);
	json_decref(document);
	return r;
}
