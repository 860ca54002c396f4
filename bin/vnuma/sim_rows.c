/* SPDX-License-Identifier: LGPL-2.1-or-later
 * All rows of a trace in memory: for episodes, which begin anywhere in it. */
#include "sim.h"

#include <stdlib.h>

int sim_rows_take(void *context, const vn_trace_row *row, vn_error *err)
{
	struct sim_rows *rows = context;

	if (rows->n == SIM_ROWS_MAX)
		return vn_fail(err, VN_E_RANGE,
			       "the trace has more than %d rows, and with --starts, --demand or "
			       "--episode POLICY+N all are kept",
			       SIM_ROWS_MAX);
	if (rows->n == rows->room) {
		size_t room = rows->room ? 2 * rows->room : 4096;
		vn_trace_row *grown = reallocarray(rows->rows, room, sizeof(*grown));

		if (!grown)
			return vn_fail(err, VN_E_NOMEM, "no memory for the rows of the trace");
		rows->rows = grown;
		rows->room = room;
	}
	rows->rows[rows->n++] = *row;
	return VN_OK;
}

void sim_rows_clear(struct sim_rows *rows)
{
	free(rows->rows);
	*rows = (struct sim_rows){ 0 };
}
