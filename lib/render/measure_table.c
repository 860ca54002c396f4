/* SPDX-License-Identifier: LGPL-2.1-or-later
 * `vnuma measure` on a terminal: a matrix for each thing that was measured, from CPUs to memory. */
#include "render/table_grid.h"

#include <stdio.h>

typedef struct measure_table {
	const vn_measurement *m;
	vn_arena *arena;
	const vn_style *style;
	vn_text *out;
} measure_table;

static bool row_is_known(const vn_measurement *m, const uint32_t *values, uint32_t from)
{
	for (uint32_t to = 0; to < m->n_nodes; to++)
		if (values[(size_t)from * m->n_nodes + to])
			return true;
	return false;
}

static const char *node_head(const measure_table *t, uint32_t ix)
{
	char head[16];
	int length = snprintf(head, sizeof(head), "node %u", t->m->ids[ix]);
	const char *copy = vn_arena_strndup(t->arena, head, (size_t)length);

	return copy ? copy : "";
}

static void write_matrix(const measure_table *t, const char *heading, const uint32_t *values)
{
	uint32_t n = t->m->n_nodes;
	vn_grid *grid = vn_grid_new(t->arena);

	t->out->failed |= !grid;
	if (!grid)
		return;
	vn_table_heading(heading, t->style, t->out);
	if (n > VN_TABLE_MATRIX_MAX) {
		vn_text_add(t->out, "  (too many nodes for a table: -o json has them)\n");
		return;
	}
	vn_grid_column(grid, VN_ALIGN_RIGHT, "CPUs of");
	for (uint32_t to = 0; to < n; to++)
		vn_grid_column(grid, VN_ALIGN_RIGHT, node_head(t, to));
	vn_grid_rows(grid, n);
	for (uint32_t from = 0; from < n; from++) {
		if (!row_is_known(t->m, values, from))
			continue;
		vn_grid_add(grid, "node %u", t->m->ids[from]);
		for (uint32_t to = 0; to < n; to++) {
			uint32_t value = values[(size_t)from * n + to];

			vn_grid_add(grid, value ? "%u" : "-", value);
		}
	}
	vn_grid_write(grid, t->style, t->out);
}

/* What the firmware says, where it says something else. */
static void write_firmware(const measure_table *t, const vn_host *host)
{
	uint32_t n = t->m->n_nodes, differ = 0;
	VN_AUTO_TEXT line = VN_TEXT_INIT;

	if (!host || host->n_nodes != n || n < 2)
		return;
	for (uint32_t from = 0; from < n; from++)
		for (uint32_t to = 0; to < n; to++) {
			uint32_t measured = t->m->distances[(size_t)from * n + to];

			differ += measured && measured != vn_host_distance(host, from, to);
		}
	vn_text_addf(&line, "%u of %u distances are not what the firmware says (vnuma host).",
		     differ, n * n);
	t->out->failed |= line.failed;
	if (differ && !line.failed)
		vn_table_wrap(line.bytes, 0, t->style, t->out);
}

int vn_render_measure_table(const vn_measurement *measured, const vn_host *host,
			    const vn_style *style, vn_text *ret, vn_error *err)
{
	VN_AUTO(vn_arena)
	arena = vn_arena_new();
	measure_table t = { measured, arena, style, ret };
	VN_AUTO_TEXT line = VN_TEXT_INIT;
	char buffer[32], page[32];

	if (!arena)
		return vn_fail(err, VN_E_NOMEM, "no memory for the table");
	vn_text_addf(&line, "Read from %s on each node, in pages of %s, in %u.%u s.",
		     vn_size_format(measured->buffer_kib, buffer, sizeof(buffer)),
		     vn_size_format(measured->page_kib, page, sizeof(page)),
		     measured->elapsed_ms / 1000, measured->elapsed_ms / 100 % 10);
	ret->failed |= line.failed;
	if (!line.failed)
		vn_table_wrap(line.bytes, 0, style, ret);
	write_matrix(&t, "Latency of a load, ns (row: CPUs, column: memory)", measured->latency_ns);
	write_matrix(&t, "Bandwidth of all cores of a node together, MiB/s",
		     measured->bandwidth_mibs);
	if (measured->n_nodes > 1)
		write_matrix(&t, "Distances that this makes (10: local)", measured->distances);
	if (measured->n_nodes > 1 || measured->n_notes)
		vn_text_add(ret, "\n");
	write_firmware(&t, host);
	for (uint32_t i = 0; i < measured->n_notes; i++)
		vn_table_wrap(vn_picture_clean(arena, measured->notes[i], !style->utf8), 0, style,
			      ret);
	return vn_text_done(ret, err);
}
