/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The shapes of guests that a trace has shown. Bounded: a trace whose every row is different is not
 * a trace of flavours, and an engine that remembers each would not stay small. */
#include "replay.h"

#include <stdlib.h>
#include <string.h>

enum { NONE = UINT16_MAX, SLOTS_EACH = 4 };

static uint32_t slot_of(const vn_trace_shape *shape, uint32_t n_slots)
{
	const unsigned char *bytes = (const unsigned char *)shape;
	uint64_t hash = UINT64_C(14695981039346656037);

	for (size_t i = 0; i < sizeof(*shape); i++)
		hash = (hash ^ bytes[i]) * UINT64_C(1099511628211);
	return (uint32_t)((hash ^ hash >> 32) & (n_slots - 1));
}

/* The slot of a shape, or the free one where it belongs. */
static uint16_t *find_slot(const struct sim_shapes *shapes, const vn_trace_shape *shape)
{
	uint32_t n_slots = shapes->room * SLOTS_EACH, slot = slot_of(shape, n_slots);

	while (shapes->slots[slot] != NONE &&
	       memcmp(&shapes->shapes[shapes->slots[slot]], shape, sizeof(*shape)))
		slot = (slot + 1) & (n_slots - 1);
	return &shapes->slots[slot];
}

static int grow(struct sim_shapes *shapes, vn_error *err)
{
	uint32_t room = shapes->room ? 2 * shapes->room : 16; /* a power of two, as the slots */
	vn_trace_shape *grown = reallocarray(shapes->shapes, room, sizeof(*grown));
	uint16_t *slots;

	if (!grown)
		return vn_fail(err, VN_E_NOMEM, "no memory for the flavours");
	shapes->shapes = grown;
	slots = malloc(room * SLOTS_EACH * sizeof(*slots));
	if (!slots)
		return vn_fail(err, VN_E_NOMEM, "no memory for the flavours");
	memset(slots, 0xff, room * SLOTS_EACH * sizeof(*slots));
	free(shapes->slots);
	shapes->slots = slots;
	shapes->room = room;
	for (uint32_t i = 0; i < shapes->n; i++)
		*find_slot(shapes, &grown[i]) = (uint16_t)i;
	return VN_OK;
}

int sim_shapes_find(struct sim_shapes *shapes, const vn_trace_shape *shape, uint32_t *ret,
		    bool *ret_new, vn_error *err)
{
	uint16_t *slot;
	int r;

	if (shapes->n == shapes->room && (r = grow(shapes, err)) < 0)
		return r;
	slot = find_slot(shapes, shape);
	*ret_new = *slot == NONE;
	if (*ret_new) {
		if (shapes->n == VN_TRACE_FLAVOURS_MAX)
			return vn_fail(err, VN_E_RANGE,
				       "the trace has more than %d different guests",
				       VN_TRACE_FLAVOURS_MAX);
		shapes->shapes[shapes->n] = *shape;
		*slot = (uint16_t)shapes->n++;
	}
	*ret = *slot;
	return VN_OK;
}

void sim_shapes_close(struct sim_shapes *shapes)
{
	free(shapes->shapes);
	free(shapes->slots);
}
