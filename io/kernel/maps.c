/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The memory of a guest, every page: numa_maps has the nodes and policies of each mapping, smaps
 * its transparent huge pages. Both walk all pages of the process. */
#include "kernel/process.h"

#include <string.h>

/* The area that begins at an address; NULL: none. */
static vn_ram_area *area_at(const vn_ram *ram, uint64_t first)
{
	for (uint32_t i = 0; i < ram->n_areas; i++)
		if (ram->areas[i].first == first)
			return &ram->areas[i];
	return NULL;
}

/* The next word of a line, empty at its end. */
static vn_cursor next_word(vn_cursor *line)
{
	const char *first;

	vn_take_space(line);
	first = line->p;
	while (line->p < line->end && *line->p != ' ')
		line->p++;
	return vn_cursor_of(NULL, first, (size_t)(line->p - first));
}

/* "bind:0", "bind=static:0-1", "prefer:2", "prefer (many):0-1". */
static void read_policy(vn_cursor *line, vn_ram_area *area)
{
	vn_cursor word = next_word(line), many = *line;
	bool bind = vn_take_word(&word, "bind"), prefer = vn_take_word(&word, "prefer");

	if (!bind && !prefer)
		return;
	if (word.p == word.end) {
		word = next_word(&many);
		if (!vn_take_word(&word, "(many)"))
			return;
		*line = many;
	}
	while (word.p < word.end && *word.p != ':')
		word.p++;
	area->bound =
		vn_take_byte(&word, ':') && vn_nodeset_parse(word, &area->nodes, NULL) == VN_OK;
}

typedef struct node_pages {
	uint32_t n;
	struct {
		uint32_t node;
		uint64_t pages;
	} on[VN_NODE_MAX];
	uint64_t page_kib;
} node_pages;

/* "huge anon=4 N0=3 N2=1 kernelpagesize_kB=2048" */
static void read_pages(vn_cursor line, node_pages *ret)
{
	ret->n = 0;
	ret->page_kib = vn_page_bytes() >> 10;
	for (vn_cursor word; word = next_word(&line), word.p < word.end;) {
		uint64_t node, pages, kib;

		if (vn_take_word(&word, "kernelpagesize_kB=")) {
			if (vn_take_uint(&word, UINT64_MAX, &kib, NULL) == VN_OK && kib)
				ret->page_kib = kib;
			continue;
		}
		if (!vn_take_byte(&word, 'N') ||
		    vn_take_uint(&word, VN_NODE_MAX - 1, &node, NULL) < 0 ||
		    !vn_take_byte(&word, '=') ||
		    vn_take_uint(&word, UINT64_MAX, &pages, NULL) < 0 || ret->n == VN_NODE_MAX)
			continue;
		ret->on[ret->n].node = (uint32_t)node;
		ret->on[ret->n++].pages = pages;
	}
}

static void count(const node_pages *found, const vn_host *host, vn_memory_use *use)
{
	for (uint32_t i = 0; i < found->n; i++) {
		int64_t slot = vn_memory_slot(use, host, found->page_kib, found->on[i].node);
		uint64_t kib;

		if (slot >= 0 &&
		    !__builtin_mul_overflow(found->on[i].pages, found->page_kib, &kib) &&
		    kib <= VN_GUEST_MEM_MAX_KIB)
			use->kib[slot] += kib;
	}
}

/* Policies and page sizes; with `use` also the pages. */
static int read_numa_maps(const vn_process *process, const vn_ram *ram, const vn_host *host,
			  vn_memory_use *use)
{
	vn_klines lines;
	vn_cursor line;
	node_pages found;
	uint64_t first;
	int error = vn_klines_open(&lines, process->dir, "numa_maps");

	if (error)
		return error;
	while (vn_klines_next(&lines, &line)) {
		vn_ram_area *area = vn_take_hex(&line, &first) ? area_at(ram, first) : NULL;

		if (!area)
			continue;
		read_policy(&line, area);
		read_pages(line, &found);
		if (!area->page_kib)
			area->page_kib = found.page_kib;
		if (use)
			count(&found, host, use);
	}
	error = lines.error;
	vn_klines_close(&lines);
	return error;
}

int vn_ram_policies(const vn_process *process, vn_ram *ram, vn_error *err)
{
	int error = read_numa_maps(process, ram, NULL, NULL);

	return error ? vn_process_fail(process, error, "numa_maps", err) : VN_OK;
}

/* "AnonHugePages:    2048 kB" under a mapping's own line. */
static void read_thp(const vn_process *process, const vn_ram *ram, vn_memory_use *use)
{
	static const char *const keys[] = { "AnonHugePages:", "ShmemPmdMapped:" };
	vn_klines lines;
	vn_cursor line;
	bool inside = false;

	if (vn_klines_open(&lines, process->dir, "smaps"))
		return;
	while (vn_klines_next(&lines, &line)) {
		vn_cursor in = line;
		uint64_t first, kib;

		if (vn_take_hex(&in, &first) && vn_take_byte(&in, '-')) {
			inside = area_at(ram, first) != NULL;
			continue;
		}
		for (size_t i = 0; inside && i < VN_LEN(keys); i++) {
			in = line;
			if (!vn_take_word(&in, keys[i]))
				continue;
			vn_take_space(&in);
			if (vn_take_uint(&in, VN_GUEST_MEM_MAX_KIB, &kib, NULL) == VN_OK)
				use->thp_kib += kib;
			use->thp_known = true;
		}
	}
	if (lines.error)
		use->thp_known = false;
	vn_klines_close(&lines);
}

int vn_ram_learn_sizes(const vn_process *process, vn_ram *ram)
{
	for (uint32_t i = 0; i < ram->n_areas; i++)
		if (!ram->areas[i].page_kib)
			return read_numa_maps(process, ram, NULL, NULL);
	return 0;
}

int vn_memory_exact(const vn_process *process, const vn_host *host, vn_ram *ram, vn_arena *arena,
		    vn_memory_use *ret, vn_error *err)
{
	vn_memory_use use;
	int error = vn_ram_learn_sizes(process, ram), r;

	if (error)
		return vn_process_fail(process, error, "numa_maps", err);
	if ((r = vn_memory_begin(process, host, ram, arena, &use, err)) < 0)
		return r;
	if ((error = read_numa_maps(process, ram, host, &use)))
		return vn_process_fail(process, error, "numa_maps", err);
	read_thp(process, ram, &use);
	use.how = VN_MEASURED_EXACT;
	*ret = use;
	return VN_OK;
}
