/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * "vnuma/measure/1" (docs/measure-format.md). It is read as a host that has nothing but the numbers
 * of its nodes and the three matrices. */
#include "host/json.h"

#include <stdlib.h>
#include <string.h>

#define MEASURE_SCHEMA "vnuma/measure/1"

/* ---- reading ---- */

typedef struct reading {
	vn_json in; /* first: the fields' readers get its address */
	uint64_t page_kib, buffer_kib, elapsed_ms;
	uint32_t n_notes;
	const char *notes[VN_MEASUREMENT_NOTES_MAX];
	uint32_t *distances; /* as the matrices of a host, but 0 where not known */
} reading;

static int read_schema(vn_json *in, json_t *value)
{
	const char *schema = "";
	int r = vn_json_string(in, value, &schema);

	if (r == VN_OK && strcmp(schema, MEASURE_SCHEMA))
		r = vn_json_fail(in, VN_E_RANGE, "'%.60s' is not a measurement (legal: '%s')",
				 schema, MEASURE_SCHEMA);
	return r;
}

static int read_id(vn_json *in, json_t *value)
{
	uint64_t id = 0;
	int r = vn_json_uint(in, value, VN_NODE_MAX - 1, &id);

	if (r == VN_OK)
		r = vn_build_node(in->host, in->node_ix, id, &in->at, in->err);
	if (r == VN_OK && in->node_ix && in->host->nodes[in->node_ix - 1].id > id)
		r = vn_json_fail(in, VN_E_RANGE, "the cells are not in the order of their ids");
	return r;
}

static int read_cell(vn_json *in, json_t *value)
{
	static const vn_json_field fields[] = { { "id", true, read_id } };

	in->node_ix = (uint32_t)in->index;
	return vn_json_object(in, value, fields, VN_LEN(fields));
}

/* parse has read them before all others. */
static int skip_cells(vn_json *in, json_t *value)
{
	(void)in;
	(void)value;
	return VN_OK;
}

static int read_distances(vn_json *in, json_t *value)
{
	uint32_t n = in->host->n_nodes, **distances = &((reading *)in)->distances;
	int r = vn_json_matrix(in, value, distances, VN_SLIT_MAX);

	for (uint32_t i = 0; r == VN_OK && i < n * n; i++) {
		uint32_t far = (*distances)[i];

		if (i % (n + 1) ? far && far < VN_SLIT_LOCAL : far != VN_SLIT_LOCAL)
			r = vn_json_fail(in, VN_E_RANGE,
					 "[%u][%u] is %u (legal: %d to the node itself, 0 or "
					 "%d-%d to others)",
					 i / n, i % n, far, VN_SLIT_LOCAL, VN_SLIT_LOCAL,
					 VN_SLIT_MAX);
	}
	return r;
}

static int read_latency(vn_json *in, json_t *value)
{
	return vn_json_matrix(in, value, &in->host->latency_ns, UINT32_MAX);
}

static int read_bandwidth(vn_json *in, json_t *value)
{
	return vn_json_matrix(in, value, &in->host->bandwidth_mibs, UINT32_MAX);
}

static int read_page(vn_json *in, json_t *value)
{
	return vn_json_uint(in, value, INT64_MAX, &((reading *)in)->page_kib);
}

static int read_buffer(vn_json *in, json_t *value)
{
	return vn_json_uint(in, value, INT64_MAX, &((reading *)in)->buffer_kib);
}

static int read_elapsed(vn_json *in, json_t *value)
{
	return vn_json_uint(in, value, UINT32_MAX, &((reading *)in)->elapsed_ms);
}

static int read_note(vn_json *in, json_t *value)
{
	reading *r = (reading *)in;

	if (r->n_notes == VN_MEASUREMENT_NOTES_MAX)
		return vn_json_fail(in, VN_E_RANGE, "at most %d notes are legal",
				    VN_MEASUREMENT_NOTES_MAX);
	return vn_json_string(in, value, &r->notes[r->n_notes++]);
}

static int read_notes(vn_json *in, json_t *value)
{
	return vn_json_array(in, value, read_note);
}

static const vn_json_field fields[] = {
	{ "schema", true, read_schema },
	{ "cells", true, skip_cells },
	{ "distances", true, read_distances },
	{ "latency_ns", false, read_latency },
	{ "bandwidth_mibs", false, read_bandwidth },
	{ "page_kib", false, read_page },
	{ "buffer_kib", false, read_buffer },
	{ "elapsed_ms", false, read_elapsed },
	{ "notes", false, read_notes },
};

static int read_document(vn_json *in, json_t *document)
{
	json_t *cells = json_object_get(document, "cells");
	json_t *schema = json_object_get(document, "schema");
	size_t mark = vn_json_enter(in, "schema");
	int r = schema ? read_schema(in, schema) : VN_OK; /* before all else: it may be a host */

	if (r < 0)
		return r;
	vn_json_leave(in, mark);
	if (!json_is_array(cells))
		return vn_json_fail(in, VN_E_SYNTAX, "the list of 'cells' is missing");
	if ((r = vn_build_start(&in->at, json_array_size(cells), &in->host, in->err)) < 0)
		return r;
	mark = vn_json_enter(in, "cells");
	if ((r = vn_json_array(in, cells, read_cell)) < 0)
		return r;
	vn_json_leave(in, mark);
	return vn_json_object(in, document, fields, VN_LEN(fields));
}

static void copy_matrix(uint32_t *to, const uint32_t *from, uint32_t n)
{
	if (from)
		memcpy(to, from, (size_t)n * n * sizeof(*to));
}

static int copy_out(const reading *in, vn_measurement **ret, vn_error *err)
{
	const vn_host *host = in->in.host;
	VN_AUTO(vn_measurement) m = NULL;
	int r = vn_measurement_new(host->n_nodes, &m, err);

	if (r < 0)
		return r;
	for (uint32_t ix = 0; ix < m->n_nodes; ix++)
		m->ids[ix] = host->nodes[ix].id;
	copy_matrix(m->distances, in->distances, m->n_nodes);
	copy_matrix(m->latency_ns, host->latency_ns, m->n_nodes);
	copy_matrix(m->bandwidth_mibs, host->bandwidth_mibs, m->n_nodes);
	m->page_kib = in->page_kib;
	m->buffer_kib = in->buffer_kib;
	m->elapsed_ms = (uint32_t)in->elapsed_ms;
	for (; m->n_notes < in->n_notes; m->n_notes++) {
		const char *note = in->notes[m->n_notes];

		m->notes[m->n_notes] = vn_arena_strndup(m->arena, note, strlen(note));
		if (!m->notes[m->n_notes])
			return vn_fail(err, VN_E_NOMEM, "no memory for the measurement");
	}
	*ret = VN_STEAL(m);
	return VN_OK;
}

int vn_measurement_parse(const char *source, const char *bytes, size_t size, vn_measurement **ret,
			 vn_error *err)
{
	json_error_t why;
	json_t *document = json_loadb(bytes, size, JSON_REJECT_DUPLICATES, &why);
	reading in = { .in = { .at = { .source = source }, .err = err } };
	int r;

	if (!document)
		return vn_fail_line(err, VN_E_SYNTAX, source, (uint32_t)why.line,
				    (uint32_t)why.column, "JSON: %s", why.text);
	in.in.at.path = in.in.path;
	r = read_document(&in.in, document);
	if (r == VN_OK)
		r = copy_out(&in, ret, err);
	vn_host_free(in.in.host);
	json_decref(document);
	return r;
}

/* ---- writing: one line for each matrix row, as in a host ---- */

static void add_matrix(vn_text *to, const char *name, const uint32_t *values, uint32_t n)
{
	vn_text_addf(to, " \"%s\": [", name);
	for (uint32_t from = 0; from < n; from++) {
		vn_text_add(to, from ? ",\n  [" : "\n  [");
		for (uint32_t i = 0; i < n; i++)
			vn_text_addf(to, "%s%u", i ? ", " : "", values[(size_t)from * n + i]);
		vn_text_add(to, "]");
	}
	vn_text_add(to, "\n ],\n");
}

static void add_notes(vn_text *to, const vn_measurement *m)
{
	vn_text_add(to, " \"notes\": [");
	for (uint32_t i = 0; i < m->n_notes; i++) {
		json_t *note = json_string(m->notes[i]);
		char *text = note ? json_dumps(note, JSON_ENCODE_ANY) : NULL;

		vn_text_addf(to, "%s%s", i ? ", " : "", text ? text : "\"?\"");
		free(text);
		json_decref(note);
	}
	vn_text_add(to, "]\n}\n");
}

int vn_measurement_write_json(const vn_measurement *m, vn_text *ret, vn_error *err)
{
	vn_text_add(ret, "{\n \"schema\": \"" MEASURE_SCHEMA "\",\n \"cells\": [");
	for (uint32_t ix = 0; ix < m->n_nodes; ix++)
		vn_text_addf(ret, "%s{\"id\": %u}", ix ? ", " : "", m->ids[ix]);
	vn_text_add(ret, "],\n");
	add_matrix(ret, "distances", m->distances, m->n_nodes);
	add_matrix(ret, "latency_ns", m->latency_ns, m->n_nodes);
	add_matrix(ret, "bandwidth_mibs", m->bandwidth_mibs, m->n_nodes);
	vn_text_addf(ret, " \"page_kib\": %llu, \"buffer_kib\": %llu, \"elapsed_ms\": %u,\n",
		     (unsigned long long)m->page_kib, (unsigned long long)m->buffer_kib,
		     m->elapsed_ms);
	add_notes(ret, m);
	return vn_text_done(ret, err);
}
