/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Inside the reader of traces: bytes -> lines and fields (line.c), the columns of each format
 * (trace_columns.c), and the rows (trace.c). */
#ifndef VNUMA_SIM_TRACE_H
#define VNUMA_SIM_TRACE_H

#include "vnuma/sim.h"

enum trace_field {
	FIELD_IGNORED, /* read by people, not by us */
	FIELD_ARRIVAL,
	FIELD_LIFETIME,
	FIELD_END,
	FIELD_VCPUS,
	FIELD_MEMORY,
	FIELD_CELLS,
	FIELD_DEDICATED,
	FIELD_THREADS,
	FIELD_PAGES,
	FIELD_DEVICES,
	FIELD_RULE,
	FIELD_GROUP,
	FIELD_DOMAIN,
	FIELD_COUNT
};
#define FIELD_BIT(field) (1U << (field))

/* A column of a format: its name in the header, what it is, and what its numbers are multiplied
 * with (to µs, to KiB; 0 for a memory whose unit stands in the value). */
struct trace_column {
	const char *name;
	enum trace_field field;
	uint64_t unit;
};

struct trace_table {
	const char *signature; /* the column that no other format has; NULL: generic */
	const struct trace_column *columns;
	size_t n_columns;
	unsigned needed;	      /* FIELD_BITs that have to be there */
	bool before_start;	      /* a guest may have come before time 0 */
	bool two_cells_rule;	      /* cells are not said: a threshold of memory decides */
	uint64_t two_cells_above_kib; /* ...this one, if the caller gives none */
};
extern const struct trace_table trace_tables[VN_TRACE_FORMAT_COUNT];

/* The header of one trace. */
struct trace_header {
	enum vn_trace_format format;
	size_t n;
	const struct trace_column *columns[VN_TRACE_COLUMNS_MAX];
	unsigned fields; /* FIELD_BITs */
};

/* Cut a line into fields at commas; "..." around a whole field is taken off. VN_E_SYNTAX: more than
 * VN_TRACE_COLUMNS_MAX fields, or a quote that does not end the field. */
int trace_split(vn_cursor line, vn_cursor fields[VN_TRACE_COLUMNS_MAX], size_t *ret_n,
		vn_error *err);

int trace_header_read(vn_cursor line, struct trace_header *ret, vn_error *err);

/* The values of one line. `has`: FIELD_BITs of those that were not empty. */
struct trace_values {
	unsigned has;
	vn_trace_row row;
	vn_cursor at[FIELD_COUNT]; /* for messages */
};
int trace_values_read(const struct trace_header *header, vn_cursor line, struct trace_values *ret,
		      vn_error *err);

#endif
