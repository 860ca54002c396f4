/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the commands share that change guests: the connection and the lock, what is free for a guest
 * now, placing it, and the words for what was done. */
#ifndef VNUMA_ACT_H
#define VNUMA_ACT_H

#include "cli.h"
#include "virt/virt.h"

struct act {
	const struct cli_values *values;
	struct cli_output *output;
	vn_virt *virt;
	vn_virt_lock lock;
	vn_place_options options;
	vn_placement *placement;
};

/* Connect, and lock the host unless it is a dry run. With `err` set, act_end is still to be called.
 */
int act_begin(const struct cli_values *values, struct cli_output *output, struct act *ret,
	      vn_error *err);
/* Give everything back; `err` outlives the connection. */
void act_end(struct act *act, vn_error *err);

/* What runs now, with one guest looked at exactly (may be NULL). */
int act_read(struct act *act, const char *exact, vn_running **ret, vn_error *err);

/* Place and check: act->placement. A refusal explains itself in the notes. */
int act_place(struct act *act, const vn_host *host, const vn_request *request, vn_error *err);

/* "0-3 on node 1 (CPUs 4-7), ..." : where a placement puts a guest, a line for each cell. */
void act_add_cells(vn_text *to, const vn_host *host, const vn_request *request,
		   const vn_placement *placement);

#endif
