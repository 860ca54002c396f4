/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Memory of a running guest to the nodes of its placement. A guest of mode 'restrictive' is first
 * allowed the old nodes and the new ones, so that its pages can be moved at a bounded rate; the new
 * nodes alone, at the end, leave the kernel little to do at once. A guest without a binding is
 * moved as it is. */
#include "apply.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "kernel/kernel.h"

static uint32_t node_id(const struct apply *apply, uint32_t node_ix)
{
	return apply->running->host->nodes[node_ix].id;
}

static vn_nodeset target_nodes(const struct apply *apply)
{
	const vn_placement *placement = apply->act->placement;
	vn_nodeset nodes = { 0 };

	for (uint32_t c = 0; c < placement->n_cells; c++)
		vn_nodeset_add(&nodes, node_id(apply, placement->cells[c].mem_node_ix));
	return nodes;
}

uint64_t apply_misplaced_kib(const struct apply *apply, const vn_guest *guest)
{
	const vn_memory_use *use = &guest->memory;
	uint32_t n_nodes = apply->running->host->n_nodes;
	vn_nodeset nodes = target_nodes(apply);
	uint64_t kib = 0;

	for (uint32_t s = 0; s < use->n_sizes && use->kib; s++)
		for (uint32_t i = 0; i < n_nodes; i++)
			if (!vn_nodeset_has(&nodes, node_id(apply, i)))
				kib += use->kib[(size_t)s * n_nodes + i];
	return kib;
}

void apply_say_moved(struct apply *apply, const vn_guest *after)
{
	uint64_t before = apply_misplaced_kib(apply, apply->guest),
		 left = apply_misplaced_kib(apply, after);
	vn_nodeset nodes = target_nodes(apply);
	char size[32];

	if (vn_guest_memory_stays(apply->guest) != VN_MEMORY_MOVES || before <= left)
		return;
	apply->moved_kib = before - left;
	vn_text_addf(&apply->words, "  %s moved to node ",
		     vn_size_format(apply->moved_kib, size, sizeof(size)));
	vn_text_add_nodeset(&apply->words, &nodes);
	vn_text_addf(&apply->words, " in %ju.%ju s", (uintmax_t)apply->move_ms / 1000,
		     (uintmax_t)apply->move_ms % 1000 / 100);
	if (left)
		vn_text_addf(&apply->words, ", %s not", vn_size_format(left, size, sizeof(size)));
	vn_text_add(&apply->words, "\n");
}

/* ---- which pages go where ---- */

struct moves {
	uint32_t n;
	vn_memory_move list[VN_CELL_MAX];
};

/* QEMU maps the memory of its cells in their order, each below the one before it. False: the areas
 * are not those of the cells. */
static bool move_areas(const struct apply *apply, const vn_ram *ram, struct moves *moves)
{
	const vn_request *config = apply->guest->config;
	const vn_placement *placement = apply->act->placement;

	if (ram->n_areas != config->n_cells || ram->guessed)
		return false;
	for (uint32_t c = 0; c < config->n_cells; c++) {
		const vn_ram_area *area = &ram->areas[ram->n_areas - 1 - c];

		if ((area->last - area->first) >> 10 != config->cells[c].mem_kib)
			return false;
		moves->list[moves->n++] = (vn_memory_move){
			.first = area->first,
			.last = area->last,
			.to = node_id(apply, placement->cells[c].mem_node_ix),
		};
	}
	return true;
}

/* What goes where; no move: nobody can tell, and why is among the words. */
static int find_moves(struct apply *apply, struct moves *moves, vn_error *err)
{
	vn_nodeset nodes = target_nodes(apply);
	vn_ram ram = { 0 };
	int r;

	*moves = (struct moves){ 0 };
	if (vn_nodeset_count(&nodes) == 1) {
		moves->n = 1;
		moves->list[0].to = (uint32_t)vn_nodeset_next(&nodes, -1);
		return VN_OK;
	}
	if (!apply->guest->config->n_cells) {
		vn_text_add(&apply->words,
			    "  its memory stays where it is: the guest has no cells, so no page "
			    "belongs to one node or the other\n");
		return VN_OK;
	}
	r = vn_kernel_ram("/", apply->guest->pid, apply->guest->config, false,
			  apply->running->arena, &ram, err);
	if (r < 0)
		return r;
	if (!move_areas(apply, &ram, moves)) {
		moves->n = 0;
		vn_text_add(&apply->words, "  its memory stays where it is: which of QEMU's "
					   "mappings is which cell cannot be told\n");
	}
	return VN_OK;
}

/* ---- progress ---- */

static bool show(void *context, const vn_move_progress *done)
{
	char moved[32], more[48];

	snprintf(more, sizeof(more), " %s moved",
		 vn_size_format(done->moved_kib, moved, sizeof(moved)));
	cli_progress_show(context, done->seen_kib, done->total_kib, more);
	return true;
}

/* ---- moving ---- */

/* Why single pages stayed; how much has moved is measured afterwards. */
static void say_reasons(struct apply *apply, const vn_move_result *result)
{
	char size[32];

	apply->move_ms = result->done.elapsed_ms;
	for (uint32_t i = 0; i < result->n_reasons; i++)
		vn_text_addf(&apply->words, "  %s did not move at once: %s\n",
			     vn_size_format(result->reasons[i].kib, size, sizeof(size)),
			     vn_move_reason_text(result->reasons[i].error));
}

static int move(struct apply *apply, const struct moves *moves, vn_error *err)
{
	struct cli_progress bar;
	vn_move_options options = { .config = apply->guest->config,
				    .rate_mib_s = apply->act->values->rate_mib,
				    .progress = show,
				    .context = &bar };
	vn_move_result result = { 0 };
	int r;

	cli_progress_start(&bar, apply->guest->name);
	r = vn_kernel_move_memory(apply->guest->pid, moves->list, moves->n, &options, &result, err);
	cli_progress_end(&bar);
	say_reasons(apply, &result);
	return r;
}

/* Pages that move_pages does not see, of a guest that goes to one node as a whole. */
static int move_rest(struct apply *apply, const struct moves *moves, vn_error *err)
{
	vn_nodeset from = { 0 };
	uint32_t to = moves->list[0].to;

	if (moves->n != 1 || moves->list[0].first || moves->list[0].last)
		return VN_OK;
	for (uint32_t i = 0; i < apply->running->host->n_nodes; i++)
		if (node_id(apply, i) != to)
			vn_nodeset_add(&from, node_id(apply, i));
	return vn_nodeset_is_empty(&from)
		       ? VN_OK
		       : vn_kernel_migrate_rest(apply->guest->pid, &from, to, err);
}

static bool is_restrictive(const vn_request *config)
{
	return config->numatune_given && config->mem_mode == VN_MEM_RESTRICTIVE;
}

/* The nodes that libvirt allows: those that it has and the new ones, or the new ones alone. */
static int allow(struct apply *apply, bool old_too, vn_error *err)
{
	const vn_request *config = apply->guest->config;
	vn_nodeset nodes = target_nodes(apply);

	if (!is_restrictive(config) || (!old_too && vn_nodeset_equal(&nodes, &config->numatune)))
		return VN_OK;
	if (old_too)
		vn_nodeset_or(&nodes, &config->numatune);
	return vn_virt_set_nodes(apply->act->virt, apply->guest->name, &nodes, VN_VIRT_AFFECT_LIVE,
				 err);
}

int apply_memory(struct apply *apply, vn_error *err)
{
	struct moves moves;
	int r;

	if (vn_guest_memory_stays(apply->guest) != VN_MEMORY_MOVES)
		return VN_OK;
	if (!apply->running->local)
		return allow(apply, false, err); /* the kernel there moves it, all at once */
	if ((r = find_moves(apply, &moves, err)) < 0 || !moves.n ||
	    (r = allow(apply, true, err)) < 0 || (r = move(apply, &moves, err)) < 0 ||
	    (r = move_rest(apply, &moves, err)) < 0)
		return r;
	return allow(apply, false, err);
}
