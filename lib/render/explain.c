/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Why a guest does not fit, or what each node said when it did: one line for each node with what
 * was asked, what was there, and the requirement that decided. The words are lib/place's. */
#include "render/table_grid.h"

#include <string.h>

/* An amount in the requirement's unit; sizes in a form that people read. */
static void add_amount(vn_grid *grid, const vn_requirement_text *text, uint64_t amount)
{
	if (!*text->unit)
		vn_grid_add(grid, "-");
	else if (!strcmp(text->unit, "KiB") && amount)
		vn_grid_add_kib(grid, amount);
	else
		vn_grid_add(grid, "%llu %s", (unsigned long long)amount,
			    strcmp(text->unit, "KiB") ? text->unit : "");
}

static void add_verdict(vn_grid *grid, const vn_verdict *verdict)
{
	const vn_requirement_text *text = &vn_requirements[verdict->need];
	VN_AUTO_TEXT words = VN_TEXT_INIT;

	vn_grid_add(grid, "%u", verdict->node);
	vn_grid_add(grid, "%s", verdict->need == VN_NEED_NOTHING ? "yes" : "no");
	vn_text_add(&words, text->text);
	vn_grid_add_text(grid, &words);
	if (verdict->need == VN_NEED_NOTHING) {
		vn_grid_add(grid, "-");
		vn_grid_add(grid, "-");
	} else {
		add_amount(grid, text, verdict->asked);
		add_amount(grid, text, verdict->there);
	}
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
	if (vn_text_done(&line, NULL) < 0)
		ret->failed = true;
	else
		vn_table_heading(line.bytes, style, ret);
}

int vn_render_explain(const vn_host *host, const vn_request *request, const vn_explain *explain,
		      const vn_style *style, vn_text *ret, vn_error *err)
{
	VN_AUTO(vn_arena)
	arena = vn_arena_new();
	vn_grid *grid = arena ? vn_grid_new(arena) : NULL;

	(void)host;
	if (!grid)
		return vn_fail(err, VN_E_NOMEM, "no memory for the explanation");
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
	vn_text_addf(ret, "\nThe search took %llu steps.\n", (unsigned long long)explain->steps);
	return vn_text_done(ret, err);
}
