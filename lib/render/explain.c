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

/* What decided, with the page size that it is about. */
static void add_words(vn_grid *grid, const vn_verdict *verdict)
{
	VN_AUTO_TEXT words = VN_TEXT_INIT;
	char size[32];

	vn_size_format(verdict->page_kib, size, sizeof(size));
	if (verdict->need == VN_NEED_PAGES && verdict->page_kib)
		vn_text_addf(&words, "free pages of %s", size);
	else if (verdict->need == VN_NEED_WHOLE_PAGES && verdict->page_kib)
		vn_text_addf(&words, "memory in whole pages of %s", size);
	else if (verdict->need == VN_NEED_PAGE_SIZE && verdict->page_kib)
		vn_text_addf(&words, "pages of %s at all", size);
	else if (verdict->need == VN_NEED_PAGE_SIZE)
		vn_text_add(&words, "huge pages at all");
	else
		vn_text_add(&words, vn_requirements[verdict->need].text);
	vn_grid_add_text(grid, &words);
}

/* An amount in the requirement's unit; sizes in a form that people read. */
static void add_amount(vn_grid *grid, const vn_requirement_text *text, uint64_t amount)
{
	bool kib = !strcmp(text->unit, "KiB");

	if (!*text->unit)
		vn_grid_add(grid, "-");
	else if (kib && amount)
		vn_grid_add_kib(grid, amount);
	else if (kib)
		vn_grid_add(grid, "0");
	else
		vn_grid_add(grid, "%llu %.*s", (unsigned long long)amount,
			    (int)strlen(text->unit) - (amount == 1), text->unit); /* "1 CPU" */
}

static void add_amounts(vn_grid *grid, const vn_verdict *verdict)
{
	const vn_requirement_text *text = &vn_requirements[verdict->need];
	bool is_amount = verdict->need != VN_NEED_NOTHING && verdict->need != VN_NEED_TOGETHER &&
			 verdict->need != VN_NEED_PAGE_SIZE && verdict->need != VN_NEED_WHOLE_PAGES;

	if (is_amount) {
		add_amount(grid, text, verdict->asked);
		add_amount(grid, text, verdict->there);
	} else {
		vn_grid_add(grid, "-");
		vn_grid_add(grid, "-");
	}
}

static void add_verdict(vn_grid *grid, const vn_verdict *verdict)
{
	vn_grid_add(grid, "%u", verdict->node);
	vn_grid_add(grid, "%s",
		    verdict->need == VN_NEED_NOTHING	? "yes"
		    : verdict->need == VN_NEED_TOGETHER ? "alone"
							: "no");
	add_words(grid, verdict);
	add_amounts(grid, verdict);
}

static void write_heading(const vn_explain *explain, const vn_style *style, vn_text *ret)
{
	VN_AUTO_TEXT line = VN_TEXT_INIT;
	char memory[32];

	vn_text_add(&line, "Node by node, for ");
	if (explain->tried_from < explain->tried_to)
		vn_text_addf(&line, "a cell of the nearest try, %u cell%s", explain->n_cells,
			     explain->n_cells == 1 ? "" : "s");
	else if (explain->n_cells > 1)
		vn_text_addf(&line, "cell %u of %u", explain->cell, explain->n_cells);
	else
		vn_text_add(&line, "the guest");
	vn_text_addf(&line, " (%u vCPU%s, %s)", explain->vcpus, explain->vcpus == 1 ? "" : "s",
		     vn_size_format(explain->mem_kib, memory, sizeof(memory)));
	ret->failed |= line.failed;
	if (!line.failed)
		vn_table_heading(line.bytes, style, ret);
}

static void write_verdicts(const vn_explain *explain, vn_arena *arena, const vn_style *style,
			   vn_text *ret)
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
	write_heading(explain, style, ret);
	vn_grid_write(grid, style, ret);
}

/* ---- why not another node ---- */

/* Cells that are shown one by one; more help nobody. */
enum { CELLS_SHOWN = 8 };

static void add_other(vn_grid *grid, const vn_other_node *other, uint32_t chosen)
{
	static const char *const words[VN_WHY_COUNT] = {
		[VN_WHY_DEVICES] = "it fits; more devices would be on other nodes",
		[VN_WHY_DISTANCE] = "it fits; farther from the other cells or from its memory",
		[VN_WHY_LOAD] = "it fits; the strategy prefers the load of node",
		[VN_WHY_EQUAL] = "it fits as well; whole cores, or the lower number, decided",
	};
	VN_AUTO_TEXT line = VN_TEXT_INIT;

	vn_grid_add(grid, "%u", other->node);
	if (other->why == VN_WHY_LACKS) {
		add_words(grid, &other->lack);
		add_amounts(grid, &other->lack);
		return;
	}
	vn_text_add(&line, words[other->why]);
	if (other->why == VN_WHY_LOAD)
		vn_text_addf(&line, " %u", chosen);
	vn_grid_add_text(grid, &line);
	if (other->why == VN_WHY_EQUAL) {
		vn_grid_add(grid, "-");
		vn_grid_add(grid, "-");
	} else {
		vn_grid_add(grid, "%llu", (unsigned long long)other->here);
		vn_grid_add(grid, "%llu", (unsigned long long)other->there);
	}
}

static void write_others(const vn_host *host, const vn_placement *placement, uint32_t cell,
			 const vn_other_node *others, vn_arena *arena, const vn_style *style,
			 vn_text *ret)
{
	const vn_place_cell *of = &placement->cells[cell];
	uint32_t chosen = host->nodes[of->node_ix].id;
	vn_grid *grid = vn_grid_new(arena);
	VN_AUTO_TEXT line = VN_TEXT_INIT;
	uint32_t rows = 0;
	char memory[32];

	ret->failed |= !grid;
	if (!grid)
		return;
	for (uint32_t i = 0; i < host->n_nodes; i++)
		rows += others[i].why != VN_WHY_CHOSEN && others[i].why != VN_WHY_OCCUPIED;
	vn_text_addf(&line, "Cell %u (%u vCPU%s, %s) is on node %u%s", cell,
		     vn_cpuset_count(&of->vcpus), vn_cpuset_count(&of->vcpus) == 1 ? "" : "s",
		     vn_size_format(of->mem_kib + of->memdev_kib, memory, sizeof(memory)), chosen,
		     rows ? ", because on" : "; other cells are on all other nodes");
	vn_grid_column(grid, VN_ALIGN_RIGHT, "node");
	vn_grid_column(grid, VN_ALIGN_WRAP, "what decided");
	vn_grid_column(grid, VN_ALIGN_RIGHT, "asked, or\nas chosen");
	vn_grid_column(grid, VN_ALIGN_RIGHT, "there");
	vn_grid_rows(grid, rows);
	for (uint32_t i = 0; i < host->n_nodes; i++)
		if (others[i].why != VN_WHY_CHOSEN && others[i].why != VN_WHY_OCCUPIED)
			add_other(grid, &others[i], chosen);
	ret->failed |= line.failed;
	if (!line.failed)
		vn_table_heading(line.bytes, style, ret);
	vn_grid_write(grid, style, ret);
}

int vn_render_others(const vn_host *host, const vn_request *request,
		     const vn_place_options *options, const vn_placement *placement,
		     const vn_style *style, vn_text *ret, vn_error *err)
{
	VN_AUTO(vn_arena) arena = vn_arena_new();
	vn_other_node *others =
		arena ? vn_arena_alloc(arena, host->n_nodes, sizeof(*others)) : NULL;

	if (!others)
		return vn_fail(err, VN_E_NOMEM, "no memory for the explanation");
	for (uint32_t c = 0; c < placement->n_cells && c < CELLS_SHOWN && host->n_nodes > 1; c++) {
		vn_place_others(host, request, options, placement, c, others);
		write_others(host, placement, c, others, arena, style, ret);
	}
	if (placement->n_cells > CELLS_SHOWN)
		vn_text_addf(ret, "\nand %u more cells\n", placement->n_cells - CELLS_SHOWN);
	return vn_text_done(ret, err);
}

/* ---- the whole ---- */

int vn_render_explain(const vn_host *host, const vn_request *request, const vn_placement *placement,
		      const vn_explain *explain, const vn_style *style, vn_text *ret, vn_error *err)
{
	VN_AUTO(vn_arena) arena = vn_arena_new();

	(void)host;
	(void)request;
	if (!arena)
		return vn_fail(err, VN_E_NOMEM, "no memory for the explanation");
	if (placement)
		vn_table_cost(placement, arena, style, ret);
	else
		write_verdicts(explain, arena, style, ret);
	if (placement && explain->steps)
		vn_text_addf(ret, "\nThe search took %llu steps.\n",
			     (unsigned long long)explain->steps);
	return vn_text_done(ret, err);
}
