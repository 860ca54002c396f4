/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The columns of each format of traces, and the reader of each kind of value. */
#include "trace.h"

#include <string.h>

const char *const vn_trace_format_names[VN_TRACE_FORMAT_COUNT] = {
	[VN_TRACE_GENERIC] = "generic",
	[VN_TRACE_LIFETIME] = "lifetime",
	[VN_TRACE_TOPOLOGY] = "topology",
	[VN_TRACE_AZURE] = "azure",
};

const char *const vn_trace_rule_names[VN_RULE_COUNT] = {
	[VN_RULE_NONE] = "none",
	[VN_RULE_AFFINITY] = "affinity",
	[VN_RULE_ANTI_AFFINITY] = "anti-affinity",
	[VN_RULE_FAULT_DOMAIN] = "fault-domain",
};

enum { MILLION = 1000000 };
#define SECOND UINT64_C(1000000)
#define DAY    (86400 * SECOND)
#define GIB    (UINT64_C(1) << 20)
#define TIMES(name, field)                                                                         \
	{ name, field, SECOND }, { name "_us", field, 1 }, { name "_ms", field, 1000 },            \
		{ name "_s", field, SECOND }, { name "_min", field, 60 * SECOND },                 \
		{ name "_h", field, 3600 * SECOND },                                               \
	{                                                                                          \
		name "_d", field, DAY                                                              \
	}

static const struct trace_column generic_columns[] = {
	{ "id", FIELD_IGNORED, 0 },	     TIMES("arrival", FIELD_ARRIVAL),
	TIMES("lifetime", FIELD_LIFETIME),   TIMES("end", FIELD_END),
	{ "vcpus", FIELD_VCPUS, 1 },	     { "memory", FIELD_MEMORY, 0 },
	{ "memory_kib", FIELD_MEMORY, 1 },   { "memory_mib", FIELD_MEMORY, 1024 },
	{ "memory_gib", FIELD_MEMORY, GIB }, { "cells", FIELD_CELLS, 1 },
	{ "dedicated", FIELD_DEDICATED, 0 }, { "threads", FIELD_THREADS, 0 },
	{ "page_size", FIELD_PAGES, 0 },     { "devices", FIELD_DEVICES, 0 },
	{ "rule", FIELD_RULE, 0 },	     { "group", FIELD_GROUP, 0 },
	{ "domain", FIELD_DOMAIN, 0 },
};
static const struct trace_column lifetime_columns[] = {
	{ "vmid", FIELD_IGNORED, 0 },	  { "cpu", FIELD_VCPUS, 1 },
	{ "mem", FIELD_MEMORY, GIB },	  { "at", FIELD_ARRIVAL, SECOND },
	{ "lt", FIELD_LIFETIME, SECOND },
};
static const struct trace_column topology_columns[] = {
	{ "flavor_vcpus", FIELD_VCPUS, 1 }, { "flavor_ram", FIELD_MEMORY, GIB },
	{ "numa", FIELD_CELLS, 1 },	    { "strategy", FIELD_RULE, 0 },
	{ "group", FIELD_GROUP, 0 },	    { "domain", FIELD_DOMAIN, 0 },
};
static const struct trace_column azure_columns[] = {
	{ "vmId", FIELD_IGNORED, 0 },	  { "tenantId", FIELD_IGNORED, 0 },
	{ "cores", FIELD_VCPUS, 1 },	  { "ram", FIELD_MEMORY, GIB },
	{ "vmTypeId", FIELD_IGNORED, 0 }, { "starttime", FIELD_ARRIVAL, DAY },
	{ "endtime", FIELD_END, DAY },
};

#define COLUMNS(table) .columns = (table), .n_columns = VN_LEN(table)
#define NEEDED(more)   .needed = FIELD_BIT(FIELD_VCPUS) | FIELD_BIT(FIELD_MEMORY) | (more)
const struct trace_table trace_tables[VN_TRACE_FORMAT_COUNT] = {
	[VN_TRACE_GENERIC] = { COLUMNS(generic_columns), NEEDED(0) },
	[VN_TRACE_LIFETIME] = { "lt", COLUMNS(lifetime_columns),
				NEEDED(FIELD_BIT(FIELD_ARRIVAL) | FIELD_BIT(FIELD_LIFETIME)),
				.two_cells_rule = true, .two_cells_above_kib = 10 * GIB },
	[VN_TRACE_TOPOLOGY] = { "flavor_vcpus", COLUMNS(topology_columns),
				NEEDED(FIELD_BIT(FIELD_CELLS)) },
	[VN_TRACE_AZURE] = { "vmTypeId", COLUMNS(azure_columns),
			     NEEDED(FIELD_BIT(FIELD_ARRIVAL) | FIELD_BIT(FIELD_END)),
			     .before_start = true, .two_cells_rule = true,
			     .two_cells_above_kib = UINT64_MAX },
};

static bool is_word(vn_cursor field, const char *word)
{
	size_t size = (size_t)(field.end - field.p);

	return strlen(word) == size && !strncasecmp(field.p, word, size);
}

/* ---- the header ------------------------------------------------------------------------------ */

static const struct trace_column *find_column(const struct trace_table *table, vn_cursor name)
{
	for (size_t i = 0; i < table->n_columns; i++)
		if (is_word(name, table->columns[i].name))
			return &table->columns[i];
	return NULL;
}

static enum vn_trace_format recognise(const vn_cursor *names, size_t n)
{
	for (int format = 0; format < VN_TRACE_FORMAT_COUNT; format++)
		for (size_t i = 0; trace_tables[format].signature && i < n; i++)
			if (is_word(names[i], trace_tables[format].signature))
				return (enum vn_trace_format)format;
	return VN_TRACE_GENERIC;
}

static int add_column(struct trace_header *header, vn_cursor name, vn_error *err)
{
	const struct trace_column *column = find_column(&trace_tables[header->format], name);
	const int shown = name.end - name.p > 40 ? 40 : (int)(name.end - name.p);

	if (!column)
		return vn_fail_at(
			err, &name, VN_E_SYNTAX,
			"there is no column '%.*s' in the %s format of traces (see vnuma-sim(1))",
			shown, name.p, vn_trace_format_names[header->format]);
	if (column->field != FIELD_IGNORED && header->fields & FIELD_BIT(column->field))
		return vn_fail_at(err, &name, VN_E_CONFLICT,
				  "a second column says what '%.*s' does", shown, name.p);
	header->columns[header->n++] = column;
	header->fields |= FIELD_BIT(column->field);
	return VN_OK;
}

static int check_fields(const struct trace_header *header, vn_cursor line, vn_error *err)
{
	const struct trace_table *table = &trace_tables[header->format];

	for (size_t i = 0; i < table->n_columns; i++) {
		unsigned bit = FIELD_BIT(table->columns[i].field);

		if (table->needed & bit && !(header->fields & bit))
			return vn_fail_at(err, &line, VN_E_SYNTAX, "column '%s' is missing",
					  table->columns[i].name);
	}
	if (header->fields & FIELD_BIT(FIELD_LIFETIME) && header->fields & FIELD_BIT(FIELD_END))
		return vn_fail_at(err, &line, VN_E_CONFLICT,
				  "a trace has a lifetime or an end, not both");
	return VN_OK;
}

int trace_header_read(vn_cursor line, struct trace_header *ret, vn_error *err)
{
	vn_cursor names[VN_TRACE_COLUMNS_MAX];
	struct trace_header header = { 0 };
	size_t n;
	int r;

	if ((r = trace_split(line, names, &n, err)) < 0)
		return r;
	header.format = recognise(names, n);
	for (size_t i = 0; i < n; i++)
		if ((r = add_column(&header, names[i], err)) < 0)
			return r;
	if ((r = check_fields(&header, line, err)) < 0)
		return r;
	*ret = header;
	return VN_OK;
}

/* ---- values: one reader for each field --------------------------------------------------------
 */

/* A whole number from `min` to `max`; the traces write '4.0' too. */
static int read_count(vn_cursor in, uint64_t min, uint64_t max, const char *what, uint32_t *to,
		      vn_error *err)
{
	int64_t millionths;
	int r;

	if ((r = vn_decimal_parse(in, MILLION, INT64_C(1) << 60, &millionths, err)) < 0)
		return r;
	if (millionths % MILLION || millionths < (int64_t)min * MILLION ||
	    millionths > (int64_t)max * MILLION)
		return vn_fail_at(err, &in, VN_E_RANGE,
				  "%s '%.*s': legal is a whole number from %ju to %ju", what,
				  (int)(in.end - in.p > 40 ? 40 : in.end - in.p), in.p,
				  (uintmax_t)min, (uintmax_t)max);
	*to = (uint32_t)(millionths / MILLION);
	return VN_OK;
}

static int read_time(vn_cursor in, uint64_t unit, int64_t *to, vn_error *err)
{
	if (is_word(in, "inf")) {
		*to = VN_TRACE_NEVER;
		return VN_OK;
	}
	return vn_decimal_parse(in, unit, VN_TRACE_TIME_MAX, to, err);
}

static int read_memory(vn_cursor in, uint64_t unit, uint64_t *to, vn_error *err)
{
	int64_t kib;
	int r;

	if (!unit)
		r = vn_size_parse(in, "MiB", (uint64_t *)&kib, err);
	else
		r = vn_decimal_parse(in, unit, (int64_t)VN_GUEST_MEM_MAX_KIB, &kib, err);
	if (r < 0)
		return r;
	if (kib < 1 || (uint64_t)kib > VN_GUEST_MEM_MAX_KIB)
		return vn_fail_at(err, &in, VN_E_RANGE, "memory '%.*s': legal is 1 KiB to 1 EiB",
				  (int)(in.end - in.p > 40 ? 40 : in.end - in.p), in.p);
	*to = (uint64_t)kib;
	return VN_OK;
}

/* A name of a table; in the topology format a '_' stands for a '-'. */
static int read_name(vn_cursor in, const char *const *names, size_t n, const char *what, int *to,
		     vn_error *err)
{
	char name[32] = "", legal[128];
	size_t size = (size_t)(in.end - in.p);

	memcpy(name, in.p, size < sizeof(name) ? size : sizeof(name) - 1);
	for (char *p = name; *p; p++)
		*p = *p == '_' ? '-' : *p;
	*to = size < sizeof(name) ? vn_name_find(names, n, name) : -1;
	if (*to >= 0)
		return VN_OK;
	return vn_fail_at(err, &in, VN_E_RANGE, "%s '%.*s': legal is %s", what,
			  size > 40 ? 40 : (int)size, in.p,
			  vn_names_list(names, n, legal, sizeof(legal)));
}

static int read_pages(vn_cursor in, vn_trace_shape *shape, vn_error *err)
{
	static const struct {
		const char *word;
		enum vn_page_want want;
	} words[] = { { "small", VN_PAGES_SMALL },
		      { "large", VN_PAGES_LARGE },
		      { "any", VN_PAGES_ANY } };

	for (size_t i = 0; i < VN_LEN(words); i++)
		if (is_word(in, words[i].word)) {
			shape->pages = words[i].want;
			return VN_OK;
		}
	if (vn_size_parse(in, "KiB", &shape->page_kib, NULL) < 0 || !shape->page_kib ||
	    shape->page_kib > VN_GUEST_MEM_MAX_KIB)
		return vn_fail_at(
			err, &in, VN_E_RANGE,
			"page_size '%.*s': legal is 'small', 'large', 'any' or a size, as "
			"'2MiB'",
			(int)(in.end - in.p > 40 ? 40 : in.end - in.p), in.p);
	shape->pages = VN_PAGES_SIZE;
	return VN_OK;
}

/* Four hexadecimal digits. */
static bool take_pci_id(vn_cursor *in, uint16_t *ret)
{
	static const char digits[] = "0123456789abcdef";
	uint32_t number = 0;

	for (int i = 0; i < 4; i++, in->p++) {
		const char *digit =
			in->p < in->end && *in->p ? strchr(digits, *in->p | 0x20) : NULL;

		if (!digit || !*digit)
			return false;
		number = number * 16 + (uint32_t)(digit - digits);
	}
	*ret = (uint16_t)number;
	return true;
}

/* "2x10de:20b0" */
static int read_devices(vn_cursor in, vn_trace_shape *shape, vn_error *err)
{
	vn_cursor whole = in;
	uint64_t count;

	if (vn_take_uint(&in, VN_GUEST_DEVICES_MAX, &count, NULL) < 0 || !count ||
	    !vn_take_byte(&in, 'x') || !take_pci_id(&in, &shape->vendor) ||
	    !vn_take_byte(&in, ':') || !take_pci_id(&in, &shape->product) || in.p != in.end)
		return vn_fail_at(
			err, &whole, VN_E_RANGE,
			"devices '%.*s': legal is COUNTxVENDOR:PRODUCT, as '2x10de:20b0', "
			"at most %d",
			(int)(whole.end - whole.p > 40 ? 40 : whole.end - whole.p), whole.p,
			VN_GUEST_DEVICES_MAX);
	shape->devices = (uint32_t)count;
	return VN_OK;
}

static int read_value(const struct trace_column *column, vn_cursor in, vn_trace_row *row,
		      vn_error *err)
{
	static const char *const yes[] = { "no", "yes", "0", "1", "false", "true" };
	vn_trace_shape *shape = &row->shape;
	int r, index = 0;

	switch (column->field) {
	case FIELD_ARRIVAL: return read_time(in, column->unit, &row->arrival_us, err);
	case FIELD_LIFETIME: return read_time(in, column->unit, &row->lifetime_us, err);
	case FIELD_END: return read_time(in, column->unit, &row->end_us, err);
	case FIELD_VCPUS: return read_count(in, 1, INT32_MAX, "vCPUs", &shape->vcpus, err);
	case FIELD_CELLS: return read_count(in, 1, VN_TRACE_CELLS_MAX, "cells", &shape->cells, err);
	case FIELD_MEMORY: return read_memory(in, column->unit, &shape->mem_kib, err);
	case FIELD_GROUP: return read_count(in, 0, UINT32_MAX, "group", &row->group, err);
	case FIELD_DOMAIN: return read_count(in, 0, UINT32_MAX, "domain", &row->domain, err);
	case FIELD_PAGES: return read_pages(in, shape, err);
	case FIELD_DEVICES: return read_devices(in, shape, err);
	case FIELD_DEDICATED:
		r = read_name(in, yes, VN_LEN(yes), "dedicated", &index, err);
		shape->dedicated = index & 1;
		return r;
	case FIELD_THREADS:
		r = read_name(in, vn_thread_policy_names, VN_THREAD_POLICY_COUNT, "threads", &index,
			      err);
		shape->threads = (enum vn_thread_policy)index;
		return r;
	case FIELD_RULE:
		r = read_name(in, vn_trace_rule_names, VN_RULE_COUNT, "rule", &index, err);
		row->rule = (enum vn_trace_rule)index;
		return r;
	default: return VN_OK;
	}
}

int trace_values_read(const struct trace_header *header, vn_cursor line, struct trace_values *ret,
		      vn_error *err)
{
	vn_cursor fields[VN_TRACE_COLUMNS_MAX];
	size_t n;
	int r;

	memset(ret, 0, sizeof(*ret));
	if ((r = trace_split(line, fields, &n, err)) < 0)
		return r;
	if (n != header->n)
		return vn_fail_at(err, &line, VN_E_SYNTAX,
				  "the line has %zu values, the header %zu", n, header->n);
	for (size_t i = 0; i < n; i++) {
		enum trace_field field = header->columns[i]->field;

		ret->at[field] = fields[i];
		if (field == FIELD_IGNORED || fields[i].p == fields[i].end)
			continue;
		if ((r = read_value(header->columns[i], fields[i], &ret->row, err)) < 0)
			return r;
		ret->has |= FIELD_BIT(field);
	}
	return VN_OK;
}
