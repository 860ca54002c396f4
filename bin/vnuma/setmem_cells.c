/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * How much more, or less, memory each cell gets. Memory goes to the cell that has the least, comes
 * from the one that has the most, unit by unit, so that cells end alike. */
#include "setmem.h"

enum { DIMM_KIB = 128 << 10 }; /* the least that Linux on x86 adds or takes away */

const vn_request *setmem_config(const struct setmem *set)
{
	return set->guest ? set->guest->config : set->defined;
}

static uint32_t n_cells(const struct setmem *set)
{
	uint32_t n = setmem_config(set)->n_cells;

	return n ? n : 1;
}

static bool is_virtio_mem(const vn_virt_memory *device, uint32_t cell)
{
	return device->block_kib && device->cell == (int32_t)cell;
}

uint64_t setmem_dimm_kib(const struct setmem *set, uint32_t cell)
{
	uint64_t page = setmem_page_kib(set, cell);

	return page > DIMM_KIB ? page : DIMM_KIB;
}

uint64_t setmem_unit_kib(const struct setmem *set, uint32_t cell)
{
	for (uint32_t i = 0; i < set->memories.n; i++)
		if (is_virtio_mem(&set->memories.devices[i], cell))
			return set->memories.devices[i].block_kib;
	return setmem_dimm_kib(set, cell);
}

/* What a cell has now: its own memory and what its devices give it. */
static uint64_t cell_kib(const struct setmem *set, uint32_t cell)
{
	const vn_request *config = setmem_config(set);
	uint64_t kib = config->n_cells ? config->cells[cell].mem_kib : config->mem_kib;

	for (uint32_t i = 0; i < set->memories.n; i++) {
		const vn_virt_memory *device = &set->memories.devices[i];

		if (device->cell == (int32_t)cell)
			kib += device->block_kib ? device->requested_kib : device->size_kib;
	}
	return kib;
}

/* The cell whose turn it is, of those that still take a unit of what is left; n: none. */
static uint32_t next_cell(const struct setmem *set, bool more, uint64_t left)
{
	uint32_t best = n_cells(set);
	uint64_t best_kib = 0;

	for (uint32_t c = 0; c < n_cells(set); c++) {
		uint64_t kib = cell_kib(set, c);

		if (setmem_unit_kib(set, c) > left)
			continue;
		kib = more ? kib + set->amount_kib[c] : kib - set->amount_kib[c];
		if (best == n_cells(set) || (more ? kib < best_kib : kib > best_kib)) {
			best = c;
			best_kib = kib;
		}
	}
	return best;
}

static int fail_unit(const struct setmem *set, uint64_t unit_kib, vn_error *err)
{
	char want[32], now[32], unit[32];

	return vn_fail(
		err, VN_E_RANGE,
		"%s is not possible: guest '%.60s' has %s, which can be changed by multiples "
		"of %s",
		vn_size_format(set->want_kib, want, sizeof(want)), set->found.name,
		vn_size_format(set->now_kib, now, sizeof(now)),
		vn_size_format(unit_kib, unit, sizeof(unit)));
}

int setmem_split(struct setmem *set, vn_error *err)
{
	bool more = set->want_kib > set->now_kib;
	uint64_t left = more ? set->want_kib - set->now_kib : set->now_kib - set->want_kib;
	const char *name = set->act.values->cell;
	uint64_t named;

	if (name) {
		if (vn_uint_parse(vn_cursor_of_string(NULL, name), n_cells(set) - 1, &named, NULL))
			return vn_fail(err, VN_E_RANGE,
				       "guest '%.60s' has no cell '%.20s' (legal: 0-%u)",
				       set->found.name, name, n_cells(set) - 1);
		if (left % setmem_unit_kib(set, (uint32_t)named))
			return fail_unit(set, setmem_unit_kib(set, (uint32_t)named), err);
		set->amount_kib[named] = left;
		return VN_OK;
	}
	while (left) {
		uint32_t cell = next_cell(set, more, left);

		if (cell == n_cells(set))
			return fail_unit(set, setmem_unit_kib(set, 0), err);
		set->amount_kib[cell] += setmem_unit_kib(set, cell);
		left -= setmem_unit_kib(set, cell);
	}
	return VN_OK;
}
