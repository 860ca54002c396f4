/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The shapes of guests that a trace has shown. Bounded: a trace whose every row is different is not
 * a trace of flavours, and an engine that remembers each would not stay small. */
#include "replay.h"

#include <stdlib.h>
#include <string.h>

enum { SLOTS = 4 * VN_TRACE_FLAVOURS_MAX, NONE = UINT16_MAX };

static uint32_t slot_of(const vn_trace_shape *shape)
{
	const unsigned char *bytes = (const unsigned char *)shape;
	uint64_t hash = UINT64_C(14695981039346656037);

	for (size_t i = 0; i < sizeof(*shape); i++)
		hash = (hash ^ bytes[i]) * UINT64_C(1099511628211);
	return (uint32_t)((hash ^ hash >> 32) % SLOTS);
}

static int open_shapes(struct sim_shapes *shapes, vn_error *err)
{
	shapes->shapes = calloc(VN_TRACE_FLAVOURS_MAX, sizeof(*shapes->shapes));
	shapes->slots = malloc(SLOTS * sizeof(*shapes->slots));
	if (!shapes->shapes || !shapes->slots)
		return vn_fail(err, VN_E_NOMEM, "no memory for the flavours");
	memset(shapes->slots, 0xff, SLOTS * sizeof(*shapes->slots));
	return VN_OK;
}

int sim_shapes_find(struct sim_shapes *shapes, const vn_trace_shape *shape, uint32_t *ret,
		    bool *ret_new, vn_error *err)
{
	uint32_t slot = slot_of(shape);
	int r;

	if (!shapes->slots && (r = open_shapes(shapes, err)) < 0)
		return r;
	while (shapes->slots[slot] != NONE &&
	       memcmp(&shapes->shapes[shapes->slots[slot]], shape, sizeof(*shape)))
		slot = (slot + 1) % SLOTS;
	*ret_new = shapes->slots[slot] == NONE;
	if (*ret_new) {
		if (shapes->n == VN_TRACE_FLAVOURS_MAX)
			return vn_fail(err, VN_E_RANGE,
				       "the trace has more than %d different guests",
				       VN_TRACE_FLAVOURS_MAX);
		shapes->shapes[shapes->n] = *shape;
		shapes->slots[slot] = (uint16_t)shapes->n++;
	}
	*ret = shapes->slots[slot];
	return VN_OK;
}

void sim_shapes_close(struct sim_shapes *shapes)
{
	free(shapes->shapes);
	free(shapes->slots);
}
