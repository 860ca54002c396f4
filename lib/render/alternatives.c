/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The k best placements side by side: where the cells are, what each costs, and the first part of
 * the cost by which it is behind the best. */
#include "render/table_grid.h"

#include <stddef.h>

/* The parts of a cost, in the order in which they are compared. */
static const struct {
	const char *head, *behind;
	size_t offset;
} parts[] = {
	{ "remote\ndevices", "devices", offsetof(vn_cost, devices_remote) },
	{ "\ndistance", "distance", offsetof(vn_cost, distance) },
	{ "broken\ncores", "broken cores", offsetof(vn_cost, broken) },
	{ "\nload", "load", offsetof(vn_cost, strategy) },
};

static uint64_t part_of(const vn_cost *cost, size_t i)
{
	return *(const uint64_t *)((const char *)cost + parts[i].offset);
}

static void add_nodes(vn_grid *grid, const vn_host *host, const vn_placement *placement)
{
	VN_AUTO_TEXT nodes = VN_TEXT_INIT;

	for (uint32_t c = 0; c < placement->n_cells; c++)
		vn_text_addf(&nodes, "%s%u", c ? ", " : "",
			     host->nodes[placement->cells[c].node_ix].id);
	vn_grid_add_text(grid, &nodes);
}

static void add_behind(vn_grid *grid, const vn_cost *best, const vn_cost *cost)
{
	for (size_t i = 0; i < VN_LEN(parts); i++)
		if (part_of(cost, i) != part_of(best, i)) {
			vn_grid_add(grid, "%s %llu, not %llu", parts[i].behind,
				    (unsigned long long)part_of(cost, i),
				    (unsigned long long)part_of(best, i));
			return;
		}
	vn_grid_add(grid, "%s", "higher node numbers");
}

int vn_render_alternatives(const vn_host *host, const vn_placement *placements, uint32_t n,
			   const vn_style *style, vn_text *ret, vn_error *err)
{
	VN_AUTO(vn_arena) arena = vn_arena_new();
	vn_grid *grid = arena ? vn_grid_new(arena) : NULL;

	if (!grid)
		return vn_fail(err, VN_E_NOMEM, "no memory for the alternatives");
	vn_grid_column(grid, VN_ALIGN_RIGHT, "");
	vn_grid_column(grid, VN_ALIGN_WRAP, "\nnodes of the cells");
	for (size_t i = 0; i < VN_LEN(parts); i++)
		vn_grid_column(grid, VN_ALIGN_RIGHT, parts[i].head);
	vn_grid_column(grid, VN_ALIGN_LEFT, "\nbehind by");
	vn_grid_rows(grid, n);
	for (uint32_t k = 0; k < n; k++) {
		vn_grid_add(grid, "%u", k + 1);
		add_nodes(grid, host, &placements[k]);
		for (size_t i = 0; i < VN_LEN(parts); i++)
			vn_grid_add(grid, "%llu",
				    (unsigned long long)part_of(&placements[k].cost, i));
		if (k)
			add_behind(grid, &placements[0].cost, &placements[k].cost);
		else
			vn_grid_add(grid, "%s", "chosen");
	}
	vn_table_heading("Alternatives", style, ret);
	vn_grid_write(grid, style, ret);
	return vn_text_done(ret, err);
}
