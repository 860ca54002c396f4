/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Why a guest does not fit: one line for each node with what was asked, what was there, and the
 * requirement that decided (the words are lib/place's). And why it was placed as it was: the terms
 * of the cost, in the order in which the search compares them. */
#include "render/table_grid.h"

#include <string.h>

/* ---- cost ---- */

static void write_term(vn_grid *grid, uint64_t value, const char *what)
{
	VN_AUTO_TEXT words = VN_TEXT_INIT;

	vn_text_add(&words, what);
	vn_grid_add(grid, "%llu", (unsigned long long)value);
	vn_grid_add_text(grid, &words);
}

void vn_table_cost(const vn_placement *placement, vn_arena *arena, const vn_style *style,
		   vn_text *ret)
{
	vn_grid *grid = vn_grid_new(arena);

	ret->failed |= !grid;
	if (!grid)
		return;
	vn_grid_column(grid, VN_ALIGN_RIGHT, "cost");
	vn_grid_column(grid, VN_ALIGN_WRAP, "of what");
	vn_grid_rows(grid, 4);
	write_term(grid, placement->cost.devices_remote, "devices away from the guest's nodes");
	write_term(grid, placement->cost.distance,
		   "distance, summed over pairs of vCPUs and from vCPUs to their memory");
	write_term(grid, placement->cost.broken,
		   "free cores broken and cache groups used, beyond the least possible");
	write_term(grid, placement->cost.strategy,
		   "load of the chosen nodes as the strategy sees it, in 1/1000");
	vn_table_heading(placement->proven ? "Cost (proven: no placement has a lower one)"
					   : "Cost (the best found before the search ended)",
			 style, ret);
	vn_grid_write(grid, style, ret);
}

/* ---- verdicts ---- */

/* An amount in the requirement's unit; sizes in a form that people read. */
static void add_amount(vn_grid *grid, const vn_requirement_text *text, uint64_t amount)
{
	bool kib = !strcmp(text->unit, "KiB");

	if (!*text->unit)
		vn_grid_add(grid, "-");
	else if (kib && amount)
		vn_grid_add_kib(grid, amount);
	else
		vn_grid_add(grid, "%llu %s", (unsigned long long)amount, text->unit);
}

static void add_verdict(vn_grid *grid, const vn_verdict *verdict)
{
	const vn_requirement_text *text = &vn_requirements[verdict->need];
	bool fits = verdict->need == VN_NEED_NOTHING;
	VN_AUTO_TEXT words = VN_TEXT_INIT;

	vn_text_add(&words, text->text);
	vn_grid_add(grid, "%u", verdict->node);
	vn_grid_add(grid, "%s", fits ? "yes" : "no");
	vn_grid_add_text(grid, &words);
	if (fits) {
		vn_grid_add(grid, "-");
		vn_grid_add(grid, "-");
		return;
	}
	add_amount(grid, text, verdict->asked);
	add_amount(grid, text, verdict->there);
}

static void write_heading(const vn_request *request, const vn_explain *explain,
			  const vn_style *style, vn_text *ret)
{
	VN_AUTO_TEXT line = VN_TEXT_INIT;

	if (explain->n_cells > 1)
		vn_text_addf(&line, "Node by node, for cell %u of the %u cells of %u vCPUs",
			     explain->cell, explain->n_cells, request->vcpus);
	else
		vn_text_addf(&line, "Node by node, for the one cell of %u vCPUs", request->vcpus);
	ret->failed |= line.failed;
	if (!line.failed)
		vn_table_heading(line.bytes, style, ret);
}

static void write_verdicts(const vn_request *request, const vn_explain *explain, vn_arena *arena,
			   const vn_style *style, vn_text *ret)
{
	vn_grid *grid = vn_grid_new(arena);

	ret->failed |= !grid;
	if (!grid || !explain->n_verdicts)
		return;
	vn_grid_column(grid, VN_ALIGN_RIGHT, "node");
	vn_grid_column(grid, VN_ALIGN_LEFT, "fits");
	vn_grid_column(grid, VN_ALIGN_WRAP, "what decided");
	vn_grid_column(grid, VN_ALIGN_RIGHT, "asked");
	vn_grid_column(grid, VN_ALIGN_RIGHT, "there");
	vn_grid_rows(grid, explain->n_verdicts);
	for (uint32_t i = 0; i < explain->n_verdicts; i++)
		add_verdict(grid, &explain->verdicts[i]);
	write_heading(request, explain, style, ret);
	vn_grid_write(grid, style, ret);
}

int vn_render_explain(const vn_host *host, const vn_request *request, const vn_placement *placement,
		      const vn_explain *explain, const vn_style *style, vn_text *ret, vn_error *err)
{
	VN_AUTO(vn_arena) arena = vn_arena_new();

	(void)host;
	if (!arena)
		return vn_fail(err, VN_E_NOMEM, "no memory for the explanation");
	write_verdicts(request, explain, arena, style, ret);
	if (placement)
		vn_table_cost(placement, arena, style, ret);
	if (explain->steps)
		vn_text_addf(ret, "\nThe search took %llu steps.\n",
			     (unsigned long long)explain->steps);
	return vn_text_done(ret, err);
}
