/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What a plan would give a guest that starts, and one that runs cannot be given: each with its
 * reason, as a line. */
#include "apply.h"

#include <stdlib.h>

/* Nodes of a placement's CPUs, or of its memory. */
static vn_nodeset nodes_of(const vn_host *host, const vn_placement *placement, bool memory)
{
	vn_nodeset nodes = { 0 };

	for (uint32_t c = 0; c < placement->n_cells; c++)
		vn_nodeset_add(&nodes, host->nodes[memory ? placement->cells[c].mem_node_ix
							  : placement->cells[c].node_ix]
					       .id);
	return nodes;
}

const char *apply_stays_text(enum vn_memory_stays stays)
{
	static const char *const reasons[VN_MEMORY_STAYS_COUNT] = {
		[VN_MEMORY_MOVES] = "it moves",
		[VN_MEMORY_BOUND] =
			"a strict, preferred or interleave binding stays until a restart",
		[VN_MEMORY_VFIO] = "a device that is passed through holds every page where it is",
	};

	return reasons[stays];
}

static void say_memory(struct apply *apply, const vn_placement *fresh)
{
	const vn_host *host = apply->running->host;
	enum vn_memory_stays stays = vn_guest_memory_stays(apply->guest);
	vn_nodeset here = nodes_of(host, apply->act->placement, true),
		   there = nodes_of(host, fresh, true);

	if (stays == VN_MEMORY_MOVES || vn_nodeset_equal(&here, &there))
		return;
	vn_text_add(&apply->words, "  stays until the next 'vnuma start': its memory on node ");
	vn_text_add_nodeset(&apply->words, &here);
	vn_text_add(&apply->words, " (a start would use node ");
	vn_text_add_nodeset(&apply->words, &there);
	vn_text_addf(&apply->words, "): %s\n", apply_stays_text(stays));
}

static void say_cells(struct apply *apply, const vn_placement *fresh)
{
	uint32_t have = apply->guest->config->n_cells;

	if (have == fresh->n_cells || (!have && fresh->n_cells == 1))
		return;
	vn_text_addf(&apply->words,
		     "  stays until the next 'vnuma start': %u cells in place of %u, since a guest "
		     "sees its nodes only when it boots\n",
		     have, fresh->n_cells);
}

static void say_pages(struct apply *apply, const vn_placement *fresh)
{
	uint64_t want = fresh->cells[0].page_kib, have = apply->act->placement->cells[0].page_kib;
	char size[32];

	if (want == have)
		return;
	vn_text_addf(&apply->words,
		     "  stays until the next 'vnuma start': its page size (a start would use %s), "
		     "which QEMU chooses when it begins\n",
		     want ? vn_size_format(want, size, sizeof(size)) : "ordinary pages");
}

/* By comparing with the plan of the same guest if it were to start now. */
void apply_say_limits(struct apply *apply)
{
	vn_place_options options = apply->act->options;
	vn_placement *fresh = calloc(1, sizeof(*fresh));

	options.explain = NULL;
	if (fresh &&
	    vn_place(apply->running->host, apply->guest->policy, &options, fresh, NULL) == VN_OK) {
		say_memory(apply, fresh);
		say_cells(apply, fresh);
		say_pages(apply, fresh);
	}
	free(fresh);
}
