/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Bringing a running guest to a placement: the definition first, so that what was begun is written
 * down, then its pins, then its memory. Each step leaves alone what is so already: to be cut off
 * and begun again ends at the same place. */
#ifndef VNUMA_APPLY_H
#define VNUMA_APPLY_H

#include "act.h"

/* One guest that is brought to act->placement. */
struct apply {
	struct act *act;
	vn_running *running; /* read before the changes, and accounted without the guest */
	vn_guest *guest;
	bool persistent;
	bool kept; /* the placement is the one that it has */
	vn_text defined_before;
	uint32_t vcpu_pins, other_pins; /* changed */
	bool defined, moved;
	uint64_t moved_kib, move_ms;
	vn_text words; /* what was done, and what cannot be, a line each */
};

/* apply_pins.c: pins, the definition and the policy; what was changed before a failure is put back.
 */
int apply_pins(struct apply *apply, vn_error *err);
void apply_undo_pins(struct apply *apply);
/* How many pins of threads are not as placed. */
void apply_count_pins(struct apply *apply);
int apply_define(struct apply *apply, vn_error *err);
void apply_undo_define(struct apply *apply);

/* apply_memory.c: pages to where they are placed, with a progress bar on a terminal. */
int apply_memory(struct apply *apply, vn_error *err);
/* KiB that are measured on a node where the placement has none of the guest's memory. */
uint64_t apply_misplaced_kib(const struct apply *apply, const vn_guest *guest);
/* How much less that is after the move, in the words. */
void apply_say_moved(struct apply *apply, const vn_guest *after);

/* apply_words.c: what a running guest cannot be given, as lines of the words. */
void apply_say_limits(struct apply *apply);
const char *apply_stays_text(enum vn_memory_stays stays);

/* cmd_apply.c */
int apply_guest(struct act *act, const char *name, const vn_live_options *options, vn_error *err);

/* apply_all.c */
int apply_all(struct act *act, vn_error *err);

#endif
