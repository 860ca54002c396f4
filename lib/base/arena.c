/* SPDX-License-Identifier: LGPL-2.1-or-later
 * A list of blocks: allocation bumps a pointer, freeing frees the blocks. */
#include "vnuma/base.h"

#include <stdlib.h>
#include <string.h>

enum { BLOCK_BYTES = 16 << 10 };

struct block {
	struct block *next;
	_Alignas(max_align_t) char bytes[];
};

struct vn_arena {
	struct block *blocks;
	char *p, *end; /* free part of the newest block */
};

vn_arena *vn_arena_new(void)
{
	return calloc(1, sizeof(vn_arena));
}

void vn_arena_free(vn_arena *arena)
{
	if (!arena)
		return;
	for (struct block *block = arena->blocks, *next; block; block = next) {
		next = block->next;
		free(block);
	}
	free(arena);
}

void *vn_arena_alloc(vn_arena *arena, size_t count, size_t size)
{
	size_t bytes, align = _Alignof(max_align_t), room;

	if (__builtin_mul_overflow(count, size, &bytes) || bytes > SIZE_MAX / 2)
		return NULL;
	bytes = (bytes + align - 1) / align * align;
	if (!bytes)
		bytes = align;
	if (!arena->p || (size_t)(arena->end - arena->p) < bytes) {
		room = bytes > BLOCK_BYTES ? bytes : BLOCK_BYTES;
		struct block *block = calloc(1, sizeof(*block) + room);

		if (!block)
			return NULL;
		block->next = arena->blocks;
		arena->blocks = block;
		arena->p = block->bytes;
		arena->end = block->bytes + room;
	}
	arena->p += bytes;
	return arena->p - bytes;
}

char *vn_arena_strndup(vn_arena *arena, const char *bytes, size_t size)
{
	char *copy = size < SIZE_MAX ? vn_arena_alloc(arena, size + 1, 1) : NULL;

	if (copy)
		memcpy(copy, bytes, size);
	return copy;
}
