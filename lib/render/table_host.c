/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * `vnuma host`: the host as a table. Written for people who know virsh and numactl: what a node
 * has, what is free of it, what is near what. Columns that would be empty are not there. */
#include "render/picture.h"
#include "render/table_grid.h"

#include <stdio.h>

typedef struct host_table {
	const vn_picture *picture;
	const vn_host *host;
	vn_arena *arena;
	const vn_style *style;
	vn_text *out;
} host_table;

static vn_grid *grid_new(const host_table *t)
{
	vn_grid *grid = vn_grid_new(t->arena);

	t->out->failed |= !grid;
	return grid;
}

/* ---- nodes ---- */

static uint32_t cores_of(const vn_picture *picture, uint32_t ix)
{
	uint32_t cores = 0;

	for (uint32_t i = picture->first[ix]; i < picture->first[ix + 1]; i++) {
		const vn_seat *seat = &picture->seats[i];

		if (seat->core >= 0 && (i == picture->first[ix] || seat[-1].core != seat->core))
			cores++;
	}
	return cores;
}

/* Numbers that are all zero are an empty column: the grid leaves out what says "-" everywhere. */
static void add_count(vn_grid *grid, uint64_t count)
{
	if (count)
		vn_grid_add(grid, "%llu", (unsigned long long)count);
	else
		vn_grid_add(grid, "-");
}

static void add_pages(vn_grid *grid, const vn_node *node, uint64_t page_kib)
{
	const vn_pages *pages = vn_node_pages(node, page_kib);

	if (!pages || !pages->total)
		vn_grid_add(grid, "-");
	else if (pages->reserved)
		vn_grid_add(grid, "%llu/%llu (%llu)", (unsigned long long)vn_pages_free(pages),
			    (unsigned long long)pages->total, (unsigned long long)pages->reserved);
	else
		vn_grid_add(grid, "%llu/%llu", (unsigned long long)vn_pages_free(pages),
			    (unsigned long long)pages->total);
}

static void add_remarks(vn_grid *grid, const vn_node *node, bool cpus)
{
	const char *words[3];
	uint32_t n = 0;

	if (node->gpu_memory)
		words[n++] = "GPU memory";
	if (!cpus)
		words[n++] = "no CPUs";
	if (!node->mem_kib)
		words[n++] = "no memory";
	vn_grid_add(grid, "%s%s%s%s%s", n > 0 ? words[0] : "", n > 1 ? ", " : "",
		    n > 1 ? words[1] : "", n > 2 ? ", " : "", n > 2 ? words[2] : "");
}

/* "2 MiB pages", "free/total", and what stands in brackets when some node has it. */
static const char *page_head(const host_table *t, uint64_t page_kib)
{
	char size[32], head[96];
	bool reserved = false;

	for (uint32_t ix = 0; ix < t->host->n_nodes; ix++) {
		const vn_pages *pages = vn_node_pages(&t->host->nodes[ix], page_kib);

		reserved |= pages && pages->reserved;
	}
	int length = snprintf(head, sizeof(head), "%s\npages\n%s",
			      vn_size_format(page_kib, size, sizeof(size)),
			      reserved ? "free/all\n(reserved)" : "free/all");
	const char *copy = vn_arena_strndup(t->arena, head, (size_t)length);

	return copy ? copy : "pages";
}

static void add_node(const host_table *t, vn_grid *grid, uint32_t ix, const vn_mem_row *rows,
		     uint32_t n_rows)
{
	const vn_node *node = &t->host->nodes[ix];
	vn_cpuset cpus = { 0 };

	for (uint32_t i = t->picture->first[ix]; i < t->picture->first[ix + 1]; i++)
		vn_cpuset_add(&cpus, t->picture->seats[i].cpu);
	vn_grid_add(grid, "%u", node->id);
	if (node->socket >= 0)
		vn_grid_add(grid, "%d", node->socket);
	else
		vn_grid_add(grid, "-");
	vn_grid_add_cpuset(grid, &cpus);
	add_count(grid, cores_of(t->picture, ix));
	vn_grid_add_kib(grid, node->mem_kib);
	if (node->mem_kib && !rows[0].free_kib)
		vn_grid_add(grid, "0");
	else
		vn_grid_add_kib(grid, rows[0].free_kib);
	for (uint32_t r = 1; r < n_rows; r++)
		add_pages(grid, node, rows[r].page_kib);
	add_count(grid, vn_cpuset_count(&node->pinned));
	add_count(grid, node->cpu_usage);
	add_remarks(grid, node, !vn_cpuset_is_empty(&cpus));
}

static void write_nodes(const host_table *t)
{
	vn_grid *grid = grid_new(t);
	vn_mem_row rows[VN_PAGE_SIZES_MAX + 1];
	uint32_t n_rows;

	if (!grid || !t->host->n_nodes)
		return;
	n_rows = vn_picture_memory(t->picture, 0, rows);
	vn_grid_column(grid, VN_ALIGN_RIGHT, "node");
	vn_grid_column(grid, VN_ALIGN_RIGHT, "socket");
	vn_grid_column(grid, VN_ALIGN_WRAP, "CPUs");
	vn_grid_column(grid, VN_ALIGN_RIGHT, "cores");
	vn_grid_column(grid, VN_ALIGN_RIGHT, "memory");
	vn_grid_column(grid, VN_ALIGN_RIGHT, "free");
	for (uint32_t r = 1; r < n_rows; r++)
		vn_grid_column(grid, VN_ALIGN_RIGHT, page_head(t, rows[r].page_kib));
	vn_grid_column(grid, VN_ALIGN_RIGHT, "CPUs\npinned");
	vn_grid_column(grid, VN_ALIGN_RIGHT, "vCPUs\nfloating");
	vn_grid_column(grid, VN_ALIGN_WRAP, "remarks");
	vn_grid_rows(grid, t->host->n_nodes);
	for (uint32_t ix = 0; ix < t->host->n_nodes; ix++) {
		vn_picture_memory(t->picture, ix, rows);
		add_node(t, grid, ix, rows, n_rows);
	}
	vn_table_heading("Nodes", t->style, t->out);
	vn_grid_write(grid, t->style, t->out);
}

void vn_table_nodes(const vn_picture *picture, vn_arena *arena, const vn_style *style, vn_text *out)
{
	host_table t = { picture, picture->host, arena, style, out };

	write_nodes(&t);
}

/* ---- matrices ---- */

/* values[from * n + to]; NULL = the distances, which have a default. 0 = not known. */
static void write_matrix(const host_table *t, const char *heading, const uint32_t *values)
{
	uint32_t n = t->host->n_nodes;
	vn_grid *grid = grid_new(t);

	if (!grid || n < 2)
		return;
	vn_table_heading(heading, t->style, t->out);
	if (n > VN_TABLE_MATRIX_MAX) {
		vn_text_addf(t->out, "  (too many nodes for a table: -o json has them)\n");
		return;
	}
	vn_grid_column(grid, VN_ALIGN_RIGHT, "node");
	for (uint32_t to = 0; to < n; to++) {
		char head[16];
		int length = snprintf(head, sizeof(head), "%u", t->host->nodes[to].id);
		const char *copy = vn_arena_strndup(t->arena, head, (size_t)length);

		vn_grid_column(grid, VN_ALIGN_RIGHT, copy ? copy : "");
	}
	vn_grid_rows(grid, n);
	for (uint32_t from = 0; from < n; from++) {
		vn_grid_add(grid, "%u", t->host->nodes[from].id);
		for (uint32_t to = 0; to < n; to++)
			add_count(grid, values ? values[from * n + to]
					       : vn_host_distance(t->host, from, to));
	}
	vn_grid_write(grid, t->style, t->out);
}

/* ---- devices ---- */

static void add_device(const host_table *t, vn_grid *grid, const vn_device *device)
{
	VN_AUTO_TEXT names = VN_TEXT_INIT;
	char address[32];

	for (uint32_t i = 0; i < device->n_names; i++) {
		vn_text_add(&names, i ? ", " : "");
		vn_text_add(&names, vn_picture_clean(t->arena, device->names[i], !t->style->utf8));
	}
	if (device->node_ix >= 0)
		vn_grid_add(grid, "%u", t->host->nodes[device->node_ix].id);
	else
		vn_grid_add(grid, "?");
	vn_grid_add(grid, "%s", vn_pci_address_format(device->address, address, sizeof(address)));
	vn_grid_add(grid, "%s", vn_picture_class(device));
	vn_grid_add(grid, "%04x:%04x", device->vendor, device->product);
	if (device->iommu_group >= 0)
		vn_grid_add(grid, "%d", device->iommu_group);
	else
		vn_grid_add(grid, "-");
	vn_grid_add_text(grid, &names);
}

/* By node, those without one last. */
static void write_devices(const host_table *t)
{
	uint32_t n = 0, hidden = 0;
	vn_grid *grid = grid_new(t);

	for (uint32_t i = 0; i < t->host->n_devices; i++)
		*(vn_picture_shows(&t->host->devices[i]) ? &n : &hidden) += 1;
	if (!grid || !n)
		return;
	vn_grid_column(grid, VN_ALIGN_RIGHT, "node");
	vn_grid_column(grid, VN_ALIGN_LEFT, "address");
	vn_grid_column(grid, VN_ALIGN_LEFT, "kind");
	vn_grid_column(grid, VN_ALIGN_LEFT, "vendor:product");
	vn_grid_column(grid, VN_ALIGN_RIGHT, "IOMMU group");
	vn_grid_column(grid, VN_ALIGN_WRAP, "names");
	vn_grid_rows(grid, n);
	for (uint32_t ix = 0; ix <= t->host->n_nodes; ix++)
		for (uint32_t i = 0; i < t->host->n_devices; i++) {
			const vn_device *device = &t->host->devices[i];
			int32_t want = ix < t->host->n_nodes ? (int32_t)ix : -1;

			if (device->node_ix == want && vn_picture_shows(device))
				add_device(t, grid, device);
		}
	vn_table_heading("PCI devices", t->style, t->out);
	vn_grid_write(grid, t->style, t->out);
	if (hidden)
		vn_text_addf(t->out, "  (not shown, bridges and the like: %u)\n", hidden);
}

/* ---- all of it ---- */

static void write_set(const host_table *t, const char *what, const vn_cpuset *set)
{
	VN_AUTO_TEXT line = VN_TEXT_INIT;

	if (vn_cpuset_is_empty(set))
		return;
	vn_text_add(&line, what);
	vn_text_add_cpuset(&line, set);
	t->out->failed |= line.failed;
	if (!line.failed)
		vn_table_wrap(line.bytes, 0, t->style, t->out);
}

static void write_summary(const host_table *t)
{
	VN_AUTO_TEXT line = VN_TEXT_INIT;

	vn_text_addf(&line, "Host %s\n",
		     vn_picture_clean(t->arena, t->host->source, !t->style->utf8));
	vn_picture_host_words(t->host, &line);
	t->out->failed |= line.failed;
	if (!line.failed)
		vn_table_wrap(line.bytes, 0, t->style, t->out);
	write_set(t, "CPUs offline: ", &t->host->offline);
	write_set(t, "CPUs isolated from the scheduler (isolcpus): ", &t->host->isolated);
}

int vn_render_host_table(const vn_host *host, const vn_style *style, vn_text *ret, vn_error *err)
{
	VN_AUTO(vn_arena)
	arena = vn_arena_new();
	vn_picture picture;
	int r;

	if (!arena)
		return vn_fail(err, VN_E_NOMEM, "no memory for the table");
	if ((r = vn_picture_make(host, NULL, NULL, arena, &picture, err)) < 0)
		return r;
	host_table t = { &picture, host, arena, style, ret };

	write_summary(&t);
	write_nodes(&t);
	write_matrix(&t, host->slit ? "Distances" : "Distances (not known: assumed)", NULL);
	if (host->latency_ns)
		write_matrix(&t, "Latency, ns (row: CPUs, column: memory)", host->latency_ns);
	if (host->bandwidth_mibs)
		write_matrix(&t, "Bandwidth, MiB/s (row: CPUs, column: memory)",
			     host->bandwidth_mibs);
	write_devices(&t);
	vn_table_heading("CPUs", style, ret);
	return vn_picture_text(&picture, style, ret, err);
}
