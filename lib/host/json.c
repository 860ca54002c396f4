/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Reads the vnuma JSON form of a host, "vnuma/host/1" (docs/host-format.md): the host of Nova's
 * batch cases, and our fields beside it. The text is parsed by jansson; here every object is walked
 * through a table of its fields, so that a field without a row is an error. A value's place is its
 * path, such as cells[1].pages[0].total: jansson keeps no lines of values.
 *
 * Two passes over the cells: CPU groups may span cells, so they come when every CPU has its node.
 */
#include "host/json.h"

#include "host/readers.h"

#include <stdio.h>
#include <string.h>

/* ---- the path ---- */

size_t vn_json_enter(vn_json *in, const char *format, ...)
{
	size_t mark = strlen(in->path);
	va_list args;

	va_start(args, format);
	vsnprintf(in->path + mark, sizeof(in->path) - mark, format, args);
	va_end(args);
	return mark;
}

void vn_json_leave(vn_json *in, size_t mark)
{
	in->path[mark] = '\0';
}

int vn_json_fail(vn_json *in, enum vn_code code, const char *format, ...)
{
	char text[sizeof(in->err->text)];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	return vn_fail_where(in->err, &in->at, code, "%s", text);
}

/* ---- values ---- */

static int unknown(vn_json *in, const char *key, const vn_json_field *fields, size_t n_fields)
{
	char legal[sizeof(in->err->text)];
	size_t used = 0;

	for (size_t i = 0; i < n_fields && used < sizeof(legal); i++)
		used += (size_t)snprintf(legal + used, sizeof(legal) - used, "%s%s", i ? ", " : "",
					 fields[i].name);
	return vn_json_fail(in, VN_E_SYNTAX, "unknown field '%.40s' (legal: %s)", key, legal);
}

int vn_json_object(vn_json *in, json_t *value, const vn_json_field *fields, size_t n_fields)
{
	const char *key;
	json_t *member;
	int r;

	if (!json_is_object(value))
		return vn_json_fail(in, VN_E_SYNTAX, "an object belongs here");
	json_object_foreach(value, key, member) {
		const vn_json_field *field = NULL;
		size_t mark;

		for (size_t i = 0; i < n_fields && !field; i++)
			if (!strcmp(fields[i].name, key))
				field = &fields[i];
		if (!field)
			return unknown(in, key, fields, n_fields);
		mark = vn_json_enter(in, "%s%s", *in->path ? "." : "", key);
		if ((r = field->read(in, member)) < 0)
			return r;
		vn_json_leave(in, mark);
	}
	for (size_t i = 0; i < n_fields; i++)
		if (fields[i].required && !json_object_get(value, fields[i].name))
			return vn_json_fail(in, VN_E_SYNTAX, "the field '%s' is missing",
					    fields[i].name);
	return VN_OK;
}

int vn_json_array(vn_json *in, json_t *value, int (*read)(vn_json *in, json_t *value))
{
	json_t *member;
	size_t i, mark;
	int r;

	if (!json_is_array(value))
		return vn_json_fail(in, VN_E_SYNTAX, "a list belongs here");
	json_array_foreach(value, i, member) {
		in->index = i;
		mark = vn_json_enter(in, "[%zu]", i);
		if ((r = read(in, member)) < 0)
			return r;
		vn_json_leave(in, mark);
	}
	return VN_OK;
}

int vn_json_uint(vn_json *in, json_t *value, uint64_t max, uint64_t *ret)
{
	if (!json_is_integer(value))
		return vn_json_fail(in, VN_E_SYNTAX, "a whole number belongs here");
	if (json_integer_value(value) < 0 || (uint64_t)json_integer_value(value) > max)
		return vn_json_fail(in, VN_E_RANGE, "%lld is not in 0-%llu",
				    (long long)json_integer_value(value), (unsigned long long)max);
	*ret = (uint64_t)json_integer_value(value);
	return VN_OK;
}

int vn_json_bool(vn_json *in, json_t *value, bool *ret)
{
	if (!json_is_boolean(value))
		return vn_json_fail(in, VN_E_SYNTAX, "true or false belongs here");
	*ret = json_is_true(value);
	return VN_OK;
}

int vn_json_string(vn_json *in, json_t *value, const char **ret)
{
	if (!json_is_string(value))
		return vn_json_fail(in, VN_E_SYNTAX, "a string belongs here");
	*ret = json_string_value(value);
	return VN_OK;
}

static int cpu_numbers(vn_json *in, json_t *value, vn_cpuset *ret)
{
	json_t *member;
	size_t i, mark;
	uint64_t cpu = 0;
	int r;

	json_array_foreach(value, i, member) {
		mark = vn_json_enter(in, "[%zu]", i);
		if ((r = vn_json_uint(in, member, VN_CPU_MAX - 1, &cpu)) < 0)
			return r;
		vn_json_leave(in, mark);
		vn_cpuset_add(ret, (unsigned)cpu);
	}
	return VN_OK;
}

/* CPUSET: a list of numbers, or a string such as "0-7,16-23". */
int vn_json_cpuset(vn_json *in, json_t *value, vn_cpuset *ret)
{
	vn_cpuset set = { 0 };
	vn_cursor list;
	vn_error why;
	int r;

	if (json_is_array(value)) {
		if ((r = cpu_numbers(in, value, &set)) < 0)
			return r;
	} else if (json_is_string(value)) {
		list = vn_cursor_of(NULL, json_string_value(value), json_string_length(value));
		if ((r = vn_cpuset_parse(list, &set, &why)) < 0)
			return vn_json_fail(in, r, "'%.60s': column %u: %s",
					    json_string_value(value), why.column, why.text);
	} else {
		return vn_json_fail(in, VN_E_SYNTAX,
				    "a set of CPUs belongs here (legal: [0,1,2] or \"0-2\")");
	}
	*ret = set;
	return VN_OK;
}

/* ---- the host ---- */

int vn_json_matrix(vn_json *in, json_t *value, uint32_t **matrix, uint64_t max)
{
	uint32_t n = in->host->n_nodes;
	uint64_t number = 0;
	int r;

	if (!json_is_array(value) || json_array_size(value) != n)
		return vn_json_fail(in, VN_E_RANGE,
				    "a list of %u rows belongs here, one for each cell", n);
	if ((r = vn_build_matrix(in->host, matrix, in->err)) < 0)
		return r;
	for (uint32_t from = 0; from < n; from++) {
		json_t *row = json_array_get(value, from);
		size_t mark = vn_json_enter(in, "[%u]", from);

		if (!json_is_array(row) || json_array_size(row) != n)
			return vn_json_fail(in, VN_E_RANGE,
					    "a list of %u numbers belongs here, one for each cell",
					    n);
		for (uint32_t to = 0; to < n; to++) {
			size_t column = vn_json_enter(in, "[%u]", to);

			if ((r = vn_json_uint(in, json_array_get(row, to), max, &number)) < 0)
				return r;
			if (matrix == &in->host->slit &&
			    (r = vn_build_distance(in->host, from, to, number, &in->at, in->err)) <
				    0)
				return r;
			(*matrix)[(size_t)from * n + to] = (uint32_t)number;
			vn_json_leave(in, column);
		}
		vn_json_leave(in, mark);
	}
	return VN_OK;
}

static int read_schema(vn_json *in, json_t *value)
{
	const char *schema = "";
	int r = vn_json_string(in, value, &schema);

	if (r < 0)
		return r;
	if (strcmp(schema, VN_HOST_SCHEMA))
		return vn_json_fail(in, VN_E_RANGE, "'%.60s' is not a host (legal: '%s')", schema,
				    VN_HOST_SCHEMA);
	return VN_OK;
}

/* read_host has read them before all others. */
static int skip_cells(vn_json *in, json_t *value)
{
	(void)in;
	(void)value;
	return VN_OK;
}

static int read_distances(vn_json *in, json_t *value)
{
	return vn_json_matrix(in, value, &in->host->slit, UINT32_MAX);
}

static int read_latency(vn_json *in, json_t *value)
{
	return vn_json_matrix(in, value, &in->host->latency_ns, UINT32_MAX);
}

static int read_bandwidth(vn_json *in, json_t *value)
{
	return vn_json_matrix(in, value, &in->host->bandwidth_mibs, UINT32_MAX);
}

static int read_devices(vn_json *in, json_t *value)
{
	return vn_json_array(in, value, vn_json_device);
}

static int read_offline(vn_json *in, json_t *value)
{
	return vn_json_cpuset(in, value, &in->host->offline);
}

static int read_isolated(vn_json *in, json_t *value)
{
	return vn_json_cpuset(in, value, &in->host->isolated);
}

static int read_pools(vn_json *in, json_t *value)
{
	return vn_json_array(in, value, vn_json_pool);
}

static const vn_json_field host_fields[] = {
	{ "schema", false, read_schema },
	{ "cells", true, skip_cells },
	{ "distances", false, read_distances },
	{ "latency_ns", false, read_latency },
	{ "bandwidth_mibs", false, read_bandwidth },
	{ "devices", false, read_devices },
	{ "offline", false, read_offline },
	{ "isolated", false, read_isolated },
	{ "pci_pools", false, read_pools },
};

/* The host of a document: itself, or that of one case of a batch. */
static int find_host(vn_json *in, json_t *document, json_t **ret)
{
	json_t *host = json_object_get(document, "host");

	if (!json_is_object(document) || json_object_get(document, "cases"))
		return vn_json_fail(in, VN_E_SYNTAX,
				    "a list of cases is not a host (legal: one host, or one case)");
	if (json_object_get(document, "cells") || !host) {
		*ret = document;
		return VN_OK;
	}
	vn_json_enter(in, "host");
	*ret = host;
	return VN_OK;
}

static int read_host(vn_json *in, json_t *document)
{
	json_t *object = NULL, *cells;
	int r;

	if ((r = find_host(in, document, &object)) < 0)
		return r;
	cells = json_object_get(object, "cells");
	if (!json_is_array(cells))
		return vn_json_fail(in, VN_E_SYNTAX, "the list of 'cells' is missing");
	if ((r = vn_build_start(&in->at, json_array_size(cells), &in->host, in->err)) < 0)
		return r;
	/* The cells first: every other field counts or names them. */
	size_t mark = vn_json_enter(in, "%scells", *in->path ? "." : "");

	if ((r = vn_json_array(in, cells, vn_json_cell)) < 0 ||
	    (r = vn_json_array(in, cells, vn_json_cell_groups)) < 0)
		return r;
	vn_json_leave(in, mark);
	if ((r = vn_json_object(in, object, host_fields, VN_LEN(host_fields))) < 0)
		return r;
	return vn_build_finish(in->host, &in->at, in->err);
}

int vn_host_parse_json(const char *source, const char *bytes, size_t size, vn_host **ret,
		       vn_error *err)
{
	json_error_t why;
	json_t *document = json_loadb(bytes, size, JSON_REJECT_DUPLICATES, &why);
	vn_json in = { .at = { .source = source }, .err = err };
	int r;

	if (!document)
		return vn_fail_line(err, VN_E_SYNTAX, source, (uint32_t)why.line,
				    (uint32_t)why.column, "JSON: %s", why.text);
	in.at.path = in.path;
	r = read_host(&in, document);
	json_decref(document);
	if (r < 0)
		vn_host_free(in.host);
	else
		*ret = in.host;
	return r;
}
