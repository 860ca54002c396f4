/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Which mappings of QEMU's process are the guest's RAM: those of a size that QEMU was told. A
 * mapping may have been split since; neighbours of one file (or of none) count as one. Where no
 * size agrees - a program that is no QEMU, a device that nobody told of - the large mappings are
 * taken, and `guessed` says so. */
#include "kernel/process.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MAPPINGS_MAX = 1 << 18, SPLITS_MAX = 64, GUESS_BYTES_MIN = 32 << 20 };

/* A mapping that the guest's RAM could be. */
typedef struct mapping {
	uint64_t first, last, inode;
	uint32_t device_major, device_minor;
	bool any_file; /* one of an ordinary file: RAM only if its size is right */
	bool taken;
} mapping;

typedef struct mappings {
	uint32_t n, room;
	mapping *items;
} mappings;

/* What QEMU's RAM can be in, beside an ordinary file and nothing at all. */
static bool is_memory_file(vn_cursor path)
{
	static const char *const starts[] = { "/memfd:",	"/dev/zero", "/dev/shm/",
					      "/anon_hugepage", "[anon",     "/dev/hugepages" };

	for (size_t i = 0; i < VN_LEN(starts); i++) {
		vn_cursor in = path;

		if (vn_take_word(&in, starts[i]))
			return true;
	}
	return path.p == path.end;
}

static bool is_never_ram(vn_cursor path)
{
	static const char *const starts[] = { "[heap]",	  "[stack",	 "[v",	 "/dev/vfio",
					      "/dev/dri", "anon_inode:", "/SYSV" };

	for (size_t i = 0; i < VN_LEN(starts); i++) {
		vn_cursor in = path;

		if (vn_take_word(&in, starts[i]))
			return true;
	}
	return false;
}

/* "7f2a40000000-7f2a80000000 rw-p 00000000 00:00 0      /path". False: not one for RAM. */
static bool parse_mapping(vn_cursor in, mapping *ret)
{
	uint64_t offset, major, minor;

	if (!vn_take_hex(&in, &ret->first) || !vn_take_byte(&in, '-') ||
	    !vn_take_hex(&in, &ret->last) || ret->last <= ret->first || !vn_take_word(&in, " rw"))
		return false;
	if (!vn_take_word(&in, "-p ") && !vn_take_word(&in, "-s "))
		return false;
	if (!vn_take_hex(&in, &offset) || !vn_take_byte(&in, ' ') || !vn_take_hex(&in, &major) ||
	    !vn_take_byte(&in, ':') || !vn_take_hex(&in, &minor) || !vn_take_byte(&in, ' ') ||
	    vn_take_uint(&in, UINT64_MAX, &ret->inode, NULL) < 0)
		return false;
	ret->device_major = (uint32_t)major;
	ret->device_minor = (uint32_t)minor;
	vn_take_space(&in);
	ret->any_file = !is_memory_file(in);
	return !is_never_ram(in);
}

static int add_mapping(mappings *all, const mapping *found)
{
	uint32_t room = all->room * 2 + 64;
	mapping *items;

	if (all->n == MAPPINGS_MAX)
		return EFBIG;
	if (all->n == all->room) {
		items = reallocarray(all->items, room, sizeof(*items));
		if (!items)
			return ENOMEM;
		all->items = items;
		all->room = room;
	}
	all->items[all->n++] = *found;
	return 0;
}

static int read_mappings(const vn_process *process, mappings *ret)
{
	vn_klines lines;
	vn_cursor line;
	mapping found = { 0 };
	int error = vn_klines_open(&lines, process->dir, "maps");

	if (error)
		return error;
	while (!error && vn_klines_next(&lines, &line))
		if (parse_mapping(line, &found))
			error = add_mapping(ret, &found);
	error = error ? error : lines.error;
	vn_klines_close(&lines);
	return error;
}

/* ---- which of them ---- */

static bool neighbours(const mapping *a, const mapping *b)
{
	return a->last == b->first && a->inode == b->inode && a->device_major == b->device_major &&
	       a->device_minor == b->device_minor && !b->taken;
}

/* Mark the mappings from number i on that together have a told size. True if there are. */
static bool take_from(mappings *all, uint32_t i, vn_told *told)
{
	for (uint32_t last = i; last < all->n && last - i < SPLITS_MAX; last++) {
		if (last > i && !neighbours(&all->items[last - 1], &all->items[last]))
			return false;
		if (!vn_told_take(told, all->items[last].last - all->items[i].first))
			continue;
		for (uint32_t k = i; k <= last; k++)
			all->items[k].taken = true;
		return true;
	}
	return false;
}

/* From the highest address down: QEMU maps RAM before its devices, and Linux maps downwards. */
static bool take_told(mappings *all, vn_told *told)
{
	bool some = false;

	for (uint32_t i = all->n; i-- > 0;)
		if (!all->items[i].taken)
			some |= take_from(all, i, told);
	return some;
}

static void take_large(mappings *all)
{
	for (uint32_t i = 0; i < all->n; i++)
		all->items[i].taken = !all->items[i].any_file &&
				      all->items[i].last - all->items[i].first >= GUESS_BYTES_MIN;
}

static int keep_taken(const mappings *all, vn_arena *arena, vn_ram *ram)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < all->n; i++)
		n += all->items[i].taken;
	if (n > VN_RAM_AREAS_MAX)
		return EFBIG;
	ram->areas = vn_arena_alloc(arena, n + (size_t)1, sizeof(*ram->areas));
	if (!ram->areas)
		return ENOMEM;
	for (uint32_t i = 0; i < all->n; i++)
		if (all->items[i].taken)
			ram->areas[ram->n_areas++] =
				(vn_ram_area){ .first = all->items[i].first,
					       .last = all->items[i].last,
					       .page_kib = all->items[i].inode ? 0 : 4 };
	return 0;
}

int vn_ram_find(const vn_process *process, const vn_request *config, vn_arena *arena, vn_ram *ret,
		vn_error *err)
{
	mappings all = { 0 };
	vn_ram ram = { 0 };
	vn_told told;
	int error = read_mappings(process, &all);

	if (!error) {
		vn_told_read(process, config, &told);
		ram.guessed = !take_told(&all, &told);
		if (ram.guessed)
			take_large(&all);
		error = keep_taken(&all, arena, &ram);
	}
	free(all.items);
	if (error == ENOMEM)
		return vn_fail(err, VN_E_NOMEM, "no memory for the mappings of a guest");
	if (error)
		return vn_process_fail(process, error, "the mappings", err);
	vn_ram_page_sizes(process, &ram);
	*ret = ram;
	return VN_OK;
}
