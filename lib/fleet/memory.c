/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Memory that is counted: arrays, tables of records that never move, names, blocks of a few sizes.
 */
#include "fleet/engine.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

enum { HUGE_PAGE = 2 << 20 };

/* Large arrays are read here and there: huge pages, where the kernel has some, spare it looking up
 * where each small page is. */
static void *move_large(void *old, size_t old_bytes, size_t bytes)
{
	void *large = aligned_alloc(HUGE_PAGE, (bytes + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE);

	if (!large)
		return NULL;
	madvise(large, bytes, MADV_HUGEPAGE);
	if (old)
		memcpy(large, old, old_bytes < bytes ? old_bytes : bytes);
	free(old);
	return large;
}

void *fleet_resize(vn_fleet *fleet, void *old, size_t old_n, size_t n, size_t size)
{
	size_t bytes_n;
	uint8_t *bytes;

	if (__builtin_mul_overflow(n ? n : 1, size, &bytes_n))
		return NULL;
	bytes = bytes_n >= HUGE_PAGE ? move_large(old, old_n * size, bytes_n)
				     : realloc(old, bytes_n);
	if (!bytes)
		return NULL;
	if (n > old_n)
		memset(bytes + old_n * size, 0, (n - old_n) * size);
	fleet->bytes += n * size - old_n * size;
	return bytes;
}

void fleet_give(vn_fleet *fleet, void *old, size_t n, size_t size)
{
	if (old)
		fleet->bytes -= n * size;
	free(old);
}

static bool more_slabs(vn_fleet *fleet, struct slabs *of, size_t bytes)
{
	size_t size = of->total < HUGE_PAGE || bytes > HUGE_PAGE ? bytes : HUGE_PAGE;
	struct slab *slab;

	if (of->n == of->room) {
		uint32_t room = of->room ? of->room * 2 : 8;
		struct slab *more = fleet_resize(fleet, of->slabs, of->room, room, sizeof(*more));

		if (!more)
			return false;
		of->slabs = more;
		of->room = room;
	}
	slab = &of->slabs[of->n];
	slab->bytes = size;
	slab->start = fleet_resize(fleet, NULL, 0, size, 1);
	if (!slab->start)
		return false;
	of->n++;
	of->next = slab->start;
	of->left = size;
	of->total += size;
	return true;
}

uint8_t *slabs_take(vn_fleet *fleet, struct slabs *of, size_t bytes)
{
	uint8_t *ret;

	if (of->left < bytes && !more_slabs(fleet, of, bytes))
		return NULL;
	ret = of->next;
	of->next += bytes;
	of->left -= bytes;
	return ret;
}

void slabs_give(vn_fleet *fleet, struct slabs *of)
{
	for (uint32_t i = 0; i < of->n; i++)
		fleet_give(fleet, of->slabs[i].start, of->slabs[i].bytes, 1);
	fleet_give(fleet, of->slabs, of->room, sizeof(*of->slabs));
	*of = (struct slabs){ 0 };
}

uint64_t hash_bytes(const void *bytes, size_t size, uint64_t seed)
{
	const uint8_t *p = bytes;
	uint64_t hash = seed ^ size * UINT64_C(0x9e3779b97f4a7c15), word;

	for (; size >= 8; size -= 8, p += 8) {
		memcpy(&word, p, 8);
		hash = (hash ^ word) * UINT64_C(0xff51afd7ed558ccd);
		hash ^= hash >> 32;
	}
	for (word = 0; size; size--)
		word = word << 8 | p[size - 1];
	hash = (hash ^ word) * UINT64_C(0xc4ceb9fe1a85ec53);
	return hash ^ hash >> 29;
}

/* ---- tables ---- */

void table_init(struct table *table, uint32_t stride, uint32_t key_at, uint32_t key_bytes)
{
	*table = (struct table){
		.stride = stride, .key_at = key_at, .key_bytes = key_bytes, .free = NONE
	};
}

void table_clear(vn_fleet *fleet, struct table *table)
{
	slabs_give(fleet, &table->memory);
	fleet_give(fleet, table->chunks, table->room_chunks, sizeof(*table->chunks));
	fleet_give(fleet, table->slots, table->n_slots, sizeof(*table->slots));
	table_init(table, table->stride, table->key_at, table->key_bytes);
}

static const uint8_t *key_of(const struct table *table, uint32_t id)
{
	return (const uint8_t *)table_at(table, id) + table->key_at;
}

static bool same_key(const struct table *table, uint32_t id, const void *key)
{
	const uint8_t *other = key_of(table, id), *bytes = key;
	uint64_t a, b, differ = 0;
	uint32_t i = 0;

	for (; i + 8 <= table->key_bytes; i += 8) { /* keys are short: no call */
		memcpy(&a, other + i, 8);
		memcpy(&b, bytes + i, 8);
		differ |= a ^ b;
	}
	for (; i < table->key_bytes; i++)
		differ |= other[i] ^ bytes[i];
	return !differ;
}

static uint32_t hash_of(const struct table *table, const void *key)
{
	return (uint32_t)hash_bytes(key, table->key_bytes, 0);
}

/* The slot that has the key, or the empty one where it belongs. */
static struct slot *slot_of(const struct table *table, const void *key, uint32_t hash)
{
	uint32_t mask = table->n_slots - 1, at = hash & mask;
	struct slot *slot = &table->slots[at];

	while (slot->id && (slot->hash != hash || !same_key(table, slot->id - 1, key))) {
		at = (at + 1) & mask;
		slot = &table->slots[at];
	}
	return slot;
}

bool table_is_free(const struct table *table, uint32_t id)
{
	/* free records have an impossible key: all ones */
	const uint8_t *key = key_of(table, id);

	for (uint32_t i = 0; i < table->key_bytes; i++)
		if (key[i] != 0xff)
			return false;
	return true;
}

static void fill_slots(struct table *table)
{
	memset(table->slots, 0, table->n_slots * sizeof(*table->slots));
	for (uint32_t id = 0; id < table->n; id++)
		if (!table_is_free(table, id)) {
			uint32_t hash = hash_of(table, key_of(table, id));

			*slot_of(table, key_of(table, id), hash) = (struct slot){ id + 1, hash };
		}
}

static bool more_slots(vn_fleet *fleet, struct table *table)
{
	uint32_t n = table->n_slots ? table->n_slots * 2 : 64;
	struct slot *slots = fleet_resize(fleet, NULL, 0, n, sizeof(*slots));

	if (!slots)
		return false;
	fleet_give(fleet, table->slots, table->n_slots, sizeof(*slots));
	table->slots = slots;
	table->n_slots = n;
	fill_slots(table);
	return true;
}

static bool more_chunks(vn_fleet *fleet, struct table *table)
{
	uint8_t *chunk;

	if (table->n_chunks == table->room_chunks) {
		uint32_t room = table->room_chunks ? table->room_chunks * 2 : 8;
		uint8_t **chunks = fleet_resize(fleet, table->chunks, table->room_chunks, room,
						sizeof(*chunks));

		if (!chunks)
			return false;
		table->chunks = chunks;
		table->room_chunks = room;
	}
	chunk = slabs_take(fleet, &table->memory, (size_t)CHUNK * table->stride + LINE - 1);
	if (!chunk)
		return false;
	table->chunks[table->n_chunks++] = chunk + -(uintptr_t)chunk % LINE;
	return true;
}

uint32_t table_intern(vn_fleet *fleet, struct table *table, const void *key, bool *added)
{
	uint32_t id, hash = hash_of(table, key);
	struct slot *slot;
	uint8_t *record;

	*added = false;
	if (table->n_slots) {
		slot = slot_of(table, key, hash);
		if (slot->id)
			return slot->id - 1;
	}
	if (table->live * 2 >= table->n_slots && !more_slots(fleet, table))
		return NONE;
	if (table->free == NONE && table->n == table->n_chunks * CHUNK &&
	    !more_chunks(fleet, table))
		return NONE;
	slot = slot_of(table, key, hash);
	id = table->free != NONE ? table->free : table->n++;
	record = table_at(table, id);
	if (id == table->free)
		memcpy(&table->free, record, sizeof(table->free));
	memset(record, 0, table->stride);
	memcpy(record + table->key_at, key, table->key_bytes);
	*slot = (struct slot){ id + 1, hash };
	table->live++;
	*added = true;
	return id;
}

void table_sweep(struct table *table, bool (*drop)(void *record, void *context), void *context)
{
	for (uint32_t id = 0; id < table->n; id++) {
		uint8_t *record = table_at(table, id);

		if (table_is_free(table, id) || !drop(record, context))
			continue;
		memset(record + table->key_at, 0xff, table->key_bytes);
		memcpy(record, &table->free, sizeof(table->free));
		table->free = id;
		table->live--;
	}
	if (table->n_slots)
		fill_slots(table);
}

/* ---- names ---- */

static uint32_t name_slot(const struct names *names, const char *name)
{
	uint32_t mask = names->n_slots - 1;
	uint32_t at = (uint32_t)hash_bytes(name, strlen(name), 0) & mask;

	while (names->slots[at] && strcmp(names->names[names->slots[at] - 1], name))
		at = (at + 1) & mask;
	return at;
}

uint32_t name_find(const struct names *names, const char *name)
{
	if (!names->n_slots)
		return NONE;
	return names->slots[name_slot(names, name)] - 1; /* 0 - 1 = NONE */
}

static bool more_names(vn_fleet *fleet, struct names *names)
{
	uint32_t room = names->room ? names->room * 2 : 16;
	char **list = fleet_resize(fleet, names->names, names->room, room, sizeof(*list));
	uint32_t *slots;

	if (!list)
		return false;
	names->names = list;
	names->room = room;
	slots = fleet_resize(fleet, NULL, 0, (size_t)room * 2, sizeof(*slots));
	if (!slots)
		return false;
	fleet_give(fleet, names->slots, names->n_slots, sizeof(*slots));
	names->slots = slots;
	names->n_slots = room * 2;
	for (uint32_t i = 0; i < names->n; i++)
		slots[name_slot(names, names->names[i])] = i + 1;
	return true;
}

uint32_t name_intern(vn_fleet *fleet, struct names *names, const char *name)
{
	uint32_t at = name_find(names, name);
	size_t size = strlen(name) + 1;
	char *copy;

	if (at != NONE)
		return at;
	if (names->n == names->room && !more_names(fleet, names))
		return NONE;
	copy = fleet_resize(fleet, NULL, 0, size, 1);
	if (!copy)
		return NONE;
	memcpy(copy, name, size);
	names->slots[name_slot(names, name)] = names->n + 1;
	names->names[names->n] = copy;
	return names->n++;
}

void names_clear(vn_fleet *fleet, struct names *names)
{
	for (uint32_t i = 0; i < names->n; i++)
		fleet_give(fleet, names->names[i], strlen(names->names[i]) + 1, 1);
	fleet_give(fleet, names->names, names->room, sizeof(*names->names));
	fleet_give(fleet, names->slots, names->n_slots, sizeof(*names->slots));
	*names = (struct names){ 0 };
}

/* ---- details ---- */

enum { HANDLE_BITS = 27, SMALLEST = 32, CHUNK_BYTES = 1 << 16 };

static uint32_t size_of_class(uint32_t class)
{
	return (uint32_t)SMALLEST << class;
}

static uint32_t per_chunk(uint32_t class)
{
	uint32_t size = size_of_class(class);

	return size >= CHUNK_BYTES ? 1 : CHUNK_BYTES / size;
}

void *detail_at(const vn_fleet *fleet, uint32_t handle)
{
	uint32_t class = handle >> HANDLE_BITS;
	uint32_t ix = (handle & ((UINT32_C(1) << HANDLE_BITS) - 1)) - 1, per = per_chunk(class);

	return fleet->details.classes[class].chunks[ix / per] +
	       (size_t)(ix % per) * size_of_class(class);
}

static bool more_details(vn_fleet *fleet, uint32_t class)
{
	struct detail_class *of = &fleet->details.classes[class];

	if (of->n_chunks == of->room_chunks) {
		uint32_t room = of->room_chunks ? of->room_chunks * 2 : 4;
		uint8_t **chunks =
			fleet_resize(fleet, of->chunks, of->room_chunks, room, sizeof(*chunks));

		if (!chunks)
			return false;
		of->chunks = chunks;
		of->room_chunks = room;
	}
	of->chunks[of->n_chunks] =
		fleet_resize(fleet, NULL, 0, per_chunk(class), size_of_class(class));
	if (!of->chunks[of->n_chunks])
		return false;
	of->n_chunks++;
	return true;
}

uint32_t detail_new(vn_fleet *fleet, size_t bytes)
{
	struct detail_class *of;
	uint32_t class = 0, ix;

	while (class < SIZE_CLASSES && size_of_class(class) < bytes)
		class ++;
	if (class == SIZE_CLASSES)
		return 0;
	of = &fleet->details.classes[class];
	if (of->free) {
		ix = of->free - 1;
		memcpy(&of->free, detail_at(fleet, class << HANDLE_BITS | (ix + 1)),
		       sizeof(of->free));
		return class << HANDLE_BITS | (ix + 1);
	}
	if (of->n == of->n_chunks * per_chunk(class) && !more_details(fleet, class))
		return 0;
	return class << HANDLE_BITS | ++of->n;
}

void detail_free(vn_fleet *fleet, uint32_t handle)
{
	struct detail_class *of = &fleet->details.classes[handle >> HANDLE_BITS];

	memcpy(detail_at(fleet, handle), &of->free, sizeof(of->free));
	of->free = handle & ((UINT32_C(1) << HANDLE_BITS) - 1);
}

void details_clear(vn_fleet *fleet)
{
	for (uint32_t class = 0; class < SIZE_CLASSES; class ++) {
		struct detail_class *of = &fleet->details.classes[class];

		for (uint32_t i = 0; i < of->n_chunks; i++)
			fleet_give(fleet, of->chunks[i], per_chunk(class), size_of_class(class));
		fleet_give(fleet, of->chunks, of->room_chunks, sizeof(*of->chunks));
	}
}
