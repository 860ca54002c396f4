/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A fleet as a table with a host on each line: CPU1,RAM1,CPU2,RAM2 (what is free on its two nodes,
 * memory in GiB), as the mdl1104 data have it, and, if the table has it, the number of its RACK. */
#include "hosts.h"

#include "trace.h"

#include <stdio.h>
#include <string.h>

static const char *const column_names[] = { "CPU1", "RAM1", "CPU2", "RAM2", "RACK" };
enum { CPU1, RAM1, CPU2, RAM2, RACK, N_COLUMNS };

struct table {
	vn_sim_fleet *fleet;
	int column_of[VN_TRACE_COLUMNS_MAX];
	size_t n_columns;
	bool has_rack;
};

static int read_header(struct table *table, vn_cursor line, vn_error *err)
{
	vn_cursor names[VN_TRACE_COLUMNS_MAX];
	unsigned seen = 0;
	int r;

	if ((r = trace_split(line, names, &table->n_columns, err)) < 0)
		return r;
	for (size_t i = 0; i < table->n_columns; i++) {
		char name[8] = "";
		size_t size = (size_t)(names[i].end - names[i].p);

		if (size < sizeof(name))
			memcpy(name, names[i].p, size);
		table->column_of[i] = vn_name_find(column_names, N_COLUMNS, name);
		if (table->column_of[i] < 0 || seen & 1U << table->column_of[i])
			return vn_fail_at(
				err, &names[i], VN_E_SYNTAX,
				"the columns of a table of hosts are CPU1, RAM1, CPU2, RAM2 "
				"and, if it is known, RACK");
		seen |= 1U << table->column_of[i];
	}
	table->has_rack = seen & 1U << RACK;
	if ((seen & 15) != 15)
		return vn_fail_at(err, &line, VN_E_SYNTAX,
				  "a table of hosts has the columns CPU1, RAM1, CPU2 and RAM2");
	return VN_OK;
}

static int make_host(const int64_t values[N_COLUMNS], vn_host **ret, vn_error *err)
{
	char json[512];
	int64_t c1 = values[CPU1], c2 = values[CPU2];
	int n = 0;

	for (int node = 0; node < 2; node++) {
		int64_t cpus = node ? c2 : c1, first = node ? c1 : 0;

		n += snprintf(json + n, sizeof(json) - (size_t)n,
			      "%s{\"id\":%d,\"socket\":%d,\"mem_mib\":%jd",
			      node ? "," : "{\"cells\":[", node, node,
			      (intmax_t)values[node ? RAM2 : RAM1] * 1024);
		if (cpus)
			n += snprintf(json + n, sizeof(json) - (size_t)n, ",\"cpus\":\"%jd-%jd\"",
				      (intmax_t)first, (intmax_t)(first + cpus - 1));
		n += snprintf(json + n, sizeof(json) - (size_t)n, "}");
	}
	n += snprintf(json + n, sizeof(json) - (size_t)n, "]}");
	return vn_host_parse("host", json, (size_t)n, ret, err);
}

/* The kind of a line: an equal one that is there already, else a new one. */
static int find_kind(vn_sim_fleet *fleet, const int64_t values[N_COLUMNS], uint32_t *ret,
		     vn_error *err)
{
	vn_host *host = NULL;
	int r;

	for (uint32_t i = 0; i < fleet->n_kinds; i++) {
		const vn_host *kind = fleet->kinds[i];

		if (kind->n_nodes == 2 && !strcmp(kind->source, "host") && !kind->slit &&
		    vn_cpuset_count(&kind->nodes[0].cpus) == (uint64_t)values[CPU1] &&
		    vn_cpuset_count(&kind->nodes[1].cpus) == (uint64_t)values[CPU2] &&
		    kind->nodes[0].mem_kib == (uint64_t)values[RAM1] << 20 &&
		    kind->nodes[1].mem_kib == (uint64_t)values[RAM2] << 20) {
			*ret = i;
			return VN_OK;
		}
	}
	if ((r = make_host(values, &host, err)) < 0)
		return r;
	return sim_fleet_add_kind(fleet, host, ret, err);
}

static int read_values(const struct table *table, vn_cursor line, int64_t values[N_COLUMNS],
		       vn_error *err)
{
	static const int64_t most[N_COLUMNS] = { VN_CPU_MAX / 2, 1 << 30, VN_CPU_MAX / 2, 1 << 30,
						 SIM_RACK_MAX };
	vn_cursor fields[VN_TRACE_COLUMNS_MAX];
	size_t n;
	int r;

	if ((r = trace_split(line, fields, &n, err)) < 0)
		return r;
	if (n != table->n_columns)
		return vn_fail_at(err, &line, VN_E_SYNTAX,
				  "the line has %zu values, the header %zu", n, table->n_columns);
	for (size_t i = 0; i < n; i++) {
		int column = table->column_of[i];
		int64_t millionths;

		if ((r = vn_decimal_parse(fields[i], 1000000, INT64_MAX / 4, &millionths, err)) < 0)
			return r;
		values[column] = millionths / 1000000;
		if (millionths < 0 || millionths % 1000000 || values[column] > most[column])
			return vn_fail_at(err, &fields[i], VN_E_RANGE,
					  "%s: legal is a whole number from 0 to %jd",
					  column_names[column], (intmax_t)most[column]);
	}
	if (!values[CPU1] && !values[CPU2])
		return vn_fail_at(err, &line, VN_E_RANGE, "a host without CPUs");
	return VN_OK;
}

static int add_line(struct table *table, vn_cursor line, vn_error *err)
{
	vn_sim_hosts hosts = { .count = 1, .first_rack = VN_RACK_OWN, .racks = 1 };
	int64_t values[N_COLUMNS] = { 0 };
	int r;

	if ((r = read_values(table, line, values, err)) < 0 ||
	    (r = find_kind(table->fleet, values, &hosts.kind, err)) < 0)
		return r;
	if (table->has_rack)
		hosts.first_rack = (uint32_t)values[RACK];
	return sim_fleet_add_hosts(table->fleet, &hosts, err);
}

int sim_fleet_parse_table(vn_sim_fleet *fleet, const char *source, const char *bytes, size_t size,
			  vn_error *err)
{
	struct table table = { .fleet = fleet };
	const char *end = bytes + size;
	uint32_t number = 1;
	int r = VN_OK;

	for (; r == VN_OK && bytes < end; number++) {
		const char *newline = memchr(bytes, '\n', (size_t)(end - bytes));
		const char *stop = newline ? newline : end;
		vn_cursor line = vn_cursor_of(source, bytes, (size_t)(stop - bytes));

		line.line = number;
		line.column = 1;
		if (line.end > line.p && line.end[-1] == '\r')
			line.end--;
		bytes = newline ? newline + 1 : end;
		if (line.p == line.end)
			continue;
		r = table.n_columns ? add_line(&table, line, err) : read_header(&table, line, err);
	}
	if (r == VN_OK && !fleet->n_hosts)
		return vn_fail_line(err, VN_E_SYNTAX, source, number, 1, "there is no host in it");
	return r;
}
