/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * `vnuma plan` for people: where each cell went, what it cost, and the picture. One row for each
 * cell; a cell whose vCPUs are not all placed alike (pinned and floating) has a row for each. */
#include "render/picture.h"
#include "render/table_grid.h"

#include <stdio.h>

typedef struct plan_table {
	const vn_picture *picture;
	const vn_host *host;
	const vn_request *request;
	const vn_placement *placement;
	vn_arena *arena;
	const vn_style *style;
	vn_text *out;
} plan_table;

static vn_grid *grid_new(const plan_table *t)
{
	vn_grid *grid = vn_grid_new(t->arena);

	t->out->failed |= !grid;
	return grid;
}

static const char *clean(const plan_table *t, const char *string)
{
	return vn_picture_clean(t->arena, string, !t->style->utf8);
}

/* ---- cells ---- */

/* The CPUs of pinned vCPUs in their order: "1,61,2,62" is vCPU 0 on CPU 1, vCPU 1 on CPU 61. */
static void add_cpus(const plan_table *t, vn_grid *grid, const vn_share *share)
{
	VN_AUTO_TEXT text = VN_TEXT_INIT;

	if (!share->pinned) {
		vn_grid_add_cpuset(grid, &share->cpus);
		return;
	}
	VN_CPUSET_EACH(vcpu, &share->vcpus)
		vn_text_addf(&text, "%s%d", text.len ? "," : "", t->placement->pin[vcpu]);
	vn_grid_add_text(grid, &text);
}

static void add_place(const plan_table *t, vn_grid *grid, uint32_t c)
{
	const vn_place_cell *cell = &t->placement->cells[c];
	char size[32];

	vn_grid_add_kib(grid, cell->mem_kib);
	vn_grid_add_kib(grid, cell->memdev_kib);
	if (cell->page_kib)
		vn_grid_add(grid, "%s", vn_size_format(cell->page_kib, size, sizeof(size)));
	else
		vn_grid_add(grid, "-");
	if (cell->mem_node_ix != cell->node_ix)
		vn_grid_add(grid, "%u", t->host->nodes[cell->mem_node_ix].id);
	else
		vn_grid_add(grid, "-");
	vn_grid_add_cpuset(grid, &cell->reserved);
}

enum { PLACE_COLUMNS = 5 };

/* share NULL: a cell without vCPUs. */
static void add_row(const plan_table *t, vn_grid *grid, uint32_t c, const vn_share *share,
		    bool first)
{
	if (first) {
		vn_grid_add(grid, "%u", c);
		vn_grid_add(grid, "%u", t->host->nodes[t->placement->cells[c].node_ix].id);
	} else {
		vn_grid_add(grid, "%s", "");
		vn_grid_add(grid, "%s", "");
	}
	if (share) {
		vn_grid_add_cpuset(grid, &share->vcpus);
		vn_grid_add(grid, "%s", share->pinned ? "pinned" : "float");
		add_cpus(t, grid, share);
	} else {
		for (int i = 0; i < 3; i++)
			vn_grid_add(grid, "-");
	}
	if (first)
		add_place(t, grid, c);
	for (int i = 0; !first && i < PLACE_COLUMNS; i++)
		vn_grid_add(grid, "%s", "");
}

static void write_cells(const plan_table *t)
{
	static const struct {
		enum vn_align align;
		const char *head;
	} columns[] = {
		{ VN_ALIGN_RIGHT, "cell" },
		{ VN_ALIGN_RIGHT, "node" },
		{ VN_ALIGN_WRAP, "vCPUs" },
		{ VN_ALIGN_LEFT, "" },
		{ VN_ALIGN_WRAP, "on CPUs" },
		{ VN_ALIGN_RIGHT, "memory" },
		{ VN_ALIGN_RIGHT, "memory\ndevices" },
		{ VN_ALIGN_RIGHT, "pages" },
		{ VN_ALIGN_RIGHT, "memory\nof node" },
		{ VN_ALIGN_WRAP, "CPUs taken\nbeside" },
	};
	vn_grid *grid = grid_new(t);
	uint32_t s = 0;

	if (!grid)
		return;
	for (size_t i = 0; i < VN_LEN(columns); i++)
		vn_grid_column(grid, columns[i].align, columns[i].head);
	vn_grid_rows(grid, t->picture->n_shares + t->placement->n_cells);
	for (uint32_t c = 0; c < t->placement->n_cells; c++) {
		uint32_t from = s;

		for (; s < t->picture->n_shares && t->picture->shares[s].cell == c; s++)
			add_row(t, grid, c, &t->picture->shares[s], s == from);
		if (s == from)
			add_row(t, grid, c, NULL, true);
	}
	vn_table_heading("Cells of the guest on nodes of the host", t->style, t->out);
	vn_grid_write(grid, t->style, t->out);
}

/* ---- devices ---- */

static void add_device(const plan_table *t, vn_grid *grid, uint32_t i)
{
	const vn_guest_device *device = &t->request->devices[i];
	const vn_device *on_host = vn_picture_host_device(t->host, device);
	VN_AUTO_TEXT name = VN_TEXT_INIT;
	char address[32];

	if (device->has_host || on_host)
		vn_text_add(&name, vn_pci_address_format(device->has_host ? device->host
									  : on_host->address,
							 address, sizeof(address)));
	if (device->host_name)
		vn_text_addf(&name, "%s%s", name.len ? " " : "", clean(t, device->host_name));
	vn_grid_add_text(grid, &name);
	if (t->placement->device_node_ix[i] >= 0)
		vn_grid_add(grid, "%u", t->host->nodes[t->placement->device_node_ix[i]].id);
	else
		vn_grid_add(grid, "%s", "?");
	if (t->placement->device_cell[i] >= 0)
		vn_grid_add(grid, "%d", t->placement->device_cell[i]);
	else
		vn_grid_add(grid, "%s", "-");
	vn_grid_add(grid, "%s",
		    t->placement->device_cell[i] >= 0	   ? "local"
		    : t->placement->device_node_ix[i] >= 0 ? "no cell on its node"
							   : "its node is not known");
}

static void write_devices(const plan_table *t)
{
	vn_grid *grid = grid_new(t);
	uint32_t n = t->placement->n_devices < t->request->n_devices ? t->placement->n_devices
								     : t->request->n_devices;

	if (!grid || !n)
		return;
	vn_grid_column(grid, VN_ALIGN_WRAP, "device");
	vn_grid_column(grid, VN_ALIGN_RIGHT, "node");
	vn_grid_column(grid, VN_ALIGN_RIGHT, "cell");
	vn_grid_column(grid, VN_ALIGN_LEFT, "");
	vn_grid_rows(grid, n);
	for (uint32_t i = 0; i < n; i++)
		add_device(t, grid, i);
	vn_table_heading("Devices", t->style, t->out);
	vn_grid_write(grid, t->style, t->out);
}

/* ---- distances ---- */

static void write_distances(const plan_table *t)
{
	uint32_t n = t->placement->n_cells;
	vn_grid *grid = grid_new(t);

	if (!grid || n < 2 || n > VN_TABLE_MATRIX_MAX)
		return;
	vn_grid_column(grid, VN_ALIGN_RIGHT, "cell");
	for (uint32_t c = 0; c < n; c++) {
		char head[16];
		int length = snprintf(head, sizeof(head), "%u", c);
		const char *copy = vn_arena_strndup(t->arena, head, (size_t)length);

		vn_grid_column(grid, VN_ALIGN_RIGHT, copy ? copy : "");
	}
	vn_grid_rows(grid, n);
	for (uint32_t from = 0; from < n; from++) {
		vn_grid_add(grid, "%u", from);
		for (uint32_t to = 0; to < n; to++)
			vn_grid_add(grid, "%u", t->placement->distance[from * n + to]);
	}
	vn_table_heading("Distances between the cells", t->style, t->out);
	vn_grid_write(grid, t->style, t->out);
}

/* ---- the guest as a whole ---- */

static void write_line(const plan_table *t, const vn_text *line)
{
	t->out->failed |= line->failed;
	if (!line->failed)
		vn_table_wrap(line->bytes, 0, t->style, t->out);
}

static void write_summary(const plan_table *t)
{
	VN_AUTO_TEXT line = VN_TEXT_INIT;

	vn_text_addf(&line, "Guest %s on host %s\n",
		     t->request->name ? clean(t, t->request->name) : "(no name)",
		     clean(t, t->host->source));
	vn_picture_guest_words(t->picture, &line);
	write_line(t, &line);
}

static void write_topology(const plan_table *t)
{
	const vn_topology *of = &t->placement->topology;
	VN_AUTO_TEXT line = VN_TEXT_INIT;

	vn_text_addf(&line, "Guest topology: %u socket%s x ", of->sockets,
		     of->sockets == 1 ? "" : "s");
	if (of->dies > 1)
		vn_text_addf(&line, "%u dies x ", of->dies);
	vn_text_addf(&line, "%u core%s x %u thread%s", of->cores, of->cores == 1 ? "" : "s",
		     of->threads, of->threads == 1 ? "" : "s");
	write_line(t, &line);
}

static void write_emulator(const plan_table *t)
{
	vn_cpuset cpus = vn_placement_emulator_cpus(t->placement, t->request);
	VN_AUTO_TEXT line = VN_TEXT_INIT;

	if (vn_cpuset_is_empty(&cpus))
		return;
	vn_text_addf(&line, "Emulator%s on CPUs ",
		     t->request->n_iothreads ? " and I/O threads" : "");
	vn_text_add_cpuset(&line, &cpus);
	write_line(t, &line);
}

int vn_render_table(const vn_host *host, const vn_request *request, const vn_placement *placement,
		    const vn_style *style, vn_text *ret, vn_error *err)
{
	VN_AUTO(vn_arena)
	arena = vn_arena_new();
	vn_picture picture;
	int r;

	if (!arena)
		return vn_fail(err, VN_E_NOMEM, "no memory for the table");
	if ((r = vn_picture_make(host, request, placement, arena, &picture, err)) < 0)
		return r;
	plan_table t = { &picture, host, request, placement, arena, style, ret };

	write_summary(&t);
	write_cells(&t);
	vn_text_add(ret, "\n");
	write_emulator(&t);
	write_topology(&t);
	write_distances(&t);
	write_devices(&t);
	vn_table_cost(placement, arena, style, ret);
	vn_table_heading("CPUs", style, ret);
	return vn_picture_text(&picture, style, ret, err);
}
