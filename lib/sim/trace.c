/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The reader of traces: bytes come in pieces of any size, rows go out. It holds one line; a trace
 * of any length is read in the same memory. */
#include "trace.h"
#include "replay.h"

#include <stdlib.h>
#include <string.h>

struct vn_trace_reader {
	const char *source;
	vn_trace_options options;
	vn_trace_take *take;
	void *context;
	bool has_header;
	struct trace_header header;
	uint32_t line; /* number of the line that is being collected */
	uint64_t n_rows;
	int64_t last_us; /* the latest arrival */
	struct sim_shapes shapes;
	size_t len;
	char bytes[VN_TRACE_LINE_MAX];
};

int vn_trace_reader_new(const char *source, const vn_trace_options *options, vn_trace_take *take,
			void *context, vn_trace_reader **ret, vn_error *err)
{
	vn_trace_reader *reader = calloc(1, sizeof(*reader));

	if (!reader)
		return vn_fail(err, VN_E_NOMEM, "no memory for a reader of traces");
	reader->source = source;
	reader->options = *options;
	reader->take = take;
	reader->context = context;
	reader->line = 1;
	*ret = reader;
	return VN_OK;
}

void vn_trace_reader_free(vn_trace_reader *reader)
{
	if (reader)
		sim_shapes_close(&reader->shapes);
	free(reader);
}

enum vn_trace_format vn_trace_reader_format(const vn_trace_reader *reader)
{
	return reader->header.format;
}

uint32_t vn_trace_reader_flavours(const vn_trace_reader *reader)
{
	return reader->shapes.n;
}

uint64_t vn_trace_reader_rows(const vn_trace_reader *reader)
{
	return reader->n_rows;
}

/* ---- a row ----------------------------------------------------------------------------------- */

static int need_value(const struct trace_values *v, const struct trace_header *header,
		      vn_cursor line, vn_error *err)
{
	const struct trace_table *table = &trace_tables[header->format];

	for (size_t i = 0; i < header->n; i++) {
		unsigned bit = FIELD_BIT(header->columns[i]->field);

		if (table->needed & bit && !(v->has & bit) && bit != FIELD_BIT(FIELD_LIFETIME) &&
		    bit != FIELD_BIT(FIELD_END))
			return vn_fail_at(err, &line, VN_E_SYNTAX, "'%s' has no value",
					  header->columns[i]->name);
	}
	return VN_OK;
}

/* When it comes, when it ends: the three times of a row from those that are said. */
static int fill_times(vn_trace_reader *reader, struct trace_values *v, vn_cursor line,
		      vn_error *err)
{
	const struct trace_table *table = &trace_tables[reader->header.format];
	vn_trace_row *row = &v->row;
	bool arrives = v->has & FIELD_BIT(FIELD_ARRIVAL), ends = v->has & FIELD_BIT(FIELD_END);

	if (!arrives && reader->header.fields & FIELD_BIT(FIELD_ARRIVAL))
		return vn_fail_at(err, &line, VN_E_SYNTAX, "it has no time of arrival");
	if (!arrives)
		row->arrival_us = (int64_t)row->number * 1000000;
	if (row->arrival_us == VN_TRACE_NEVER)
		return vn_fail_at(err, &v->at[FIELD_ARRIVAL], VN_E_RANGE, "it never arrives");
	if (ends && row->end_us < row->arrival_us)
		return vn_fail_at(err, &v->at[FIELD_END], VN_E_RANGE, "it ends before it arrives");
	if (row->lifetime_us < 0)
		return vn_fail_at(err, &v->at[FIELD_LIFETIME], VN_E_RANGE,
				  "a lifetime is not negative");
	if (row->arrival_us < 0 && !table->before_start)
		return vn_fail_at(err, &v->at[FIELD_ARRIVAL], VN_E_RANGE,
				  "a time of arrival is not negative");
	if (row->arrival_us < 0) { /* alive when the trace begins */
		row->arrival_us = 0;
		row->end_us = ends && row->end_us < 0 ? 0 : row->end_us;
	}
	if (row->arrival_us < reader->last_us)
		return vn_fail_at(
			err, &line, VN_E_RANGE,
			"it arrives before the row above it: rows stand in the order of arrival");
	reader->last_us = row->arrival_us;
	return VN_OK;
}

static void fill_end(const vn_trace_reader *reader, struct trace_values *v)
{
	vn_trace_row *row = &v->row;
	bool lives = v->has & FIELD_BIT(FIELD_LIFETIME) && row->lifetime_us != VN_TRACE_NEVER;
	bool ends = v->has & FIELD_BIT(FIELD_END) && row->end_us != VN_TRACE_NEVER;

	if (reader->options.never_end || (!lives && !ends))
		row->end_us = row->lifetime_us = VN_TRACE_NEVER;
	else if (lives)
		row->end_us = row->arrival_us + row->lifetime_us; /* both below 2^60 */
	else
		row->lifetime_us = row->end_us - row->arrival_us;
}

static int fill_cells(const vn_trace_reader *reader, struct trace_values *v, vn_cursor line,
		      vn_error *err)
{
	const struct trace_table *table = &trace_tables[reader->header.format];
	vn_trace_shape *shape = &v->row.shape;
	uint64_t above = reader->options.two_cells_above_kib;

	if (!above)
		above = table->two_cells_rule ? table->two_cells_above_kib : UINT64_MAX;
	if (!(v->has & FIELD_BIT(FIELD_CELLS)))
		shape->cells = shape->mem_kib > above && shape->vcpus >= 2 ? 2 : 1;
	if (shape->cells > shape->vcpus)
		return vn_fail_at(err, &line, VN_E_RANGE, "%u cells have more than its %u vCPUs",
				  shape->cells, shape->vcpus);
	return VN_OK;
}

static int check_rule(const struct trace_values *v, vn_cursor line, vn_error *err)
{
	if (v->row.rule == VN_RULE_NONE)
		return VN_OK;
	if (!(v->has & FIELD_BIT(FIELD_GROUP)))
		return vn_fail_at(err, &line, VN_E_SYNTAX, "rule '%s' needs a group",
				  vn_trace_rule_names[v->row.rule]);
	if (v->row.rule == VN_RULE_FAULT_DOMAIN && !(v->has & FIELD_BIT(FIELD_DOMAIN)))
		return vn_fail_at(err, &line, VN_E_SYNTAX, "rule 'fault-domain' needs a domain");
	return VN_OK;
}

/* A trace with too many flavours is noticed where its line is known. */
static int count_shape(vn_trace_reader *reader, const vn_trace_shape *shape, vn_cursor line,
		       vn_error *err)
{
	vn_error why = { 0 };
	uint32_t number;
	bool is_new;
	int r = sim_shapes_find(&reader->shapes, shape, &number, &is_new, &why);

	return r < 0 ? vn_fail_at(err, &line, r, "%s", why.text) : VN_OK;
}

static int take_row(vn_trace_reader *reader, vn_cursor line, vn_error *err)
{
	struct trace_values values;
	int r;

	if ((r = trace_values_read(&reader->header, line, &values, err)) < 0)
		return r;
	values.row.number = reader->n_rows++;
	if ((r = need_value(&values, &reader->header, line, err)) < 0 ||
	    (r = fill_times(reader, &values, line, err)) < 0 ||
	    (r = fill_cells(reader, &values, line, err)) < 0 ||
	    (r = check_rule(&values, line, err)) < 0 ||
	    (r = count_shape(reader, &values.row.shape, line, err)) < 0)
		return r;
	fill_end(reader, &values);
	if (reader->options.no_groups)
		values.row.rule = VN_RULE_NONE;
	return reader->take(reader->context, &values.row, err);
}

/* ---- lines ----------------------------------------------------------------------------------- */

static int take_line(vn_trace_reader *reader, const char *bytes, size_t size, vn_error *err)
{
	static const char mark[] = "\xef\xbb\xbf";
	vn_cursor line = vn_cursor_of(reader->source, bytes, size);
	int r = VN_OK;

	line.line = reader->line;
	line.column = 1;
	if (line.end > line.p && line.end[-1] == '\r')
		line.end--;
	if (reader->line == 1 && line.end - line.p >= 3 && !memcmp(line.p, mark, 3))
		line.p += 3;
	if (line.p < line.end && reader->has_header)
		r = take_row(reader, line, err);
	else if (line.p < line.end && (r = trace_header_read(line, &reader->header, err)) == VN_OK)
		reader->has_header = true;
	reader->line += reader->line < UINT32_MAX;
	return r;
}

/* A part of a line is kept until the rest comes. */
static int keep(vn_trace_reader *reader, const char *bytes, size_t size, vn_error *err)
{
	if (size > sizeof(reader->bytes) - reader->len)
		return vn_fail_line(err, VN_E_RANGE, reader->source, reader->line, 1,
				    "the line has more than %d bytes", VN_TRACE_LINE_MAX);
	memcpy(reader->bytes + reader->len, bytes, size);
	reader->len += size;
	return VN_OK;
}

int vn_trace_feed(vn_trace_reader *reader, const char *bytes, size_t size, vn_error *err)
{
	const char *end = bytes + size, *newline;
	int r = VN_OK;

	while (r == VN_OK && bytes < end &&
	       (newline = memchr(bytes, '\n', (size_t)(end - bytes)))) {
		size_t part = (size_t)(newline - bytes);

		if (reader->len || part > sizeof(reader->bytes)) {
			if ((r = keep(reader, bytes, part, err)) == VN_OK)
				r = take_line(reader, reader->bytes, reader->len, err);
			reader->len = 0;
		} else {
			r = take_line(reader, bytes, part, err);
		}
		bytes = newline + 1;
	}
	return r == VN_OK && bytes < end ? keep(reader, bytes, (size_t)(end - bytes), err) : r;
}

int vn_trace_end(vn_trace_reader *reader, vn_error *err)
{
	int r = VN_OK;

	if (reader->len)
		r = take_line(reader, reader->bytes, reader->len, err);
	reader->len = 0;
	if (r < 0)
		return r;
	if (!reader->has_header)
		return vn_fail_line(err, VN_E_SYNTAX, reader->source, 1, 1,
				    "there is no header line with the names of columns");
	if (!reader->n_rows)
		return vn_fail_line(err, VN_E_SYNTAX, reader->source, reader->line, 1,
				    "there is no row below the header");
	return VN_OK;
}
