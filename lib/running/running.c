/* SPDX-License-Identifier: LGPL-2.1-or-later
 * The life of a vn_running: it owns its host and the requests of its guests. */
#include "vnuma/running.h"

void vn_running_free(vn_running *running)
{
	if (!running)
		return;
	for (uint32_t i = 0; i < running->n_guests; i++) {
		vn_request_free(running->guests[i].config);
		vn_request_free(running->guests[i].policy);
	}
	vn_host_free(running->host);
	vn_arena_free(running->arena);
}
