/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The memory of a guest by node, from a sample: its RAM is cut into as many equal parts as pages
 * are asked about, and one page of each part, chosen by a fixed sequence, stands for it. The error
 * of a node's share is below sqrt(p (1 - p) / samples): 1.1 points for 2048 pages at the worst,
 * less where pages of one node lie together. */
#include "kernel/process.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { MORE = 4, MORE_TIMES = 1 };

/* ---- the table of a measurement ---- */

static int add_size(vn_memory_use *use, uint64_t page_kib)
{
	uint32_t at = use->n_sizes;

	for (uint32_t i = 0; i < use->n_sizes; i++)
		if (use->size_kib[i] == page_kib)
			return 0;
	if (use->n_sizes == VN_PAGE_SIZES_MAX)
		return ERANGE;
	for (; at && use->size_kib[at - 1] > page_kib; at--)
		use->size_kib[at] = use->size_kib[at - 1];
	use->size_kib[at] = page_kib;
	use->n_sizes++;
	return 0;
}

static uint64_t swap_kib(const vn_process *process)
{
	vn_kfile status;
	uint64_t kib;

	return !vn_kfile_read(process->dir, &status, "status") &&
			       vn_kfile_field_uint(&status, "VmSwap:", &kib)
		       ? kib
		       : 0;
}

int vn_memory_begin(const vn_process *process, const vn_host *host, const vn_ram *ram,
		    vn_arena *arena, vn_memory_use *ret, vn_error *err)
{
	vn_memory_use use = { .swap_kib = swap_kib(process), .guessed = ram->guessed };

	for (uint32_t i = 0; i < ram->n_areas; i++) {
		const vn_ram_area *area = &ram->areas[i];

		if (add_size(&use, area->page_kib ? area->page_kib : vn_page_bytes() >> 10))
			return vn_fail(err, VN_E_RANGE, "process %d uses over %d page sizes",
				       process->pid, VN_PAGE_SIZES_MAX);
		use.ram_kib += (area->last - area->first) >> 10;
	}
	if (!ram->n_areas)
		return vn_fail(err, VN_E_SYSTEM, "no mapping of process %d looks like RAM",
			       process->pid);
	use.kib = vn_arena_alloc(arena, (size_t)use.n_sizes * host->n_nodes, sizeof(*use.kib));
	if (!use.kib)
		return vn_fail(err, VN_E_NOMEM, "no memory for the memory of a guest");
	*ret = use;
	return VN_OK;
}

int64_t vn_memory_slot(const vn_memory_use *use, const vn_host *host, uint64_t page_kib,
		       uint32_t node)
{
	int node_ix = vn_host_node_ix(host, node);

	if (!page_kib)
		page_kib = vn_page_bytes() >> 10;
	for (uint32_t i = 0; node_ix >= 0 && i < use->n_sizes; i++)
		if (use->size_kib[i] == page_kib)
			return (int64_t)i * host->n_nodes + node_ix;
	return -1;
}

/* ---- the sample ---- */

typedef struct sample {
	uint32_t n;
	void **pages;
	int *status;
	const vn_ram_area **areas;
} sample;

/* A number that is spread well over 0..2^64-1 for any i (splitmix64). */
static uint64_t scatter(uint64_t i)
{
	uint64_t x = (i + 1) * UINT64_C(0x9e3779b97f4a7c15);

	x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
	return x ^ x >> 31;
}

/* Page i of n of the RAM as if its areas stood one behind the other. */
static void choose_pages(const vn_ram *ram, uint64_t total_pages, sample *s)
{
	uint64_t page_bytes = vn_page_bytes(), begin = 0;
	uint32_t area = 0;

	for (uint32_t i = 0; i < s->n; i++) {
		/* n is at most 2^20 and total_pages 2^52: no product of both */
		uint64_t part = total_pages / s->n, rest = total_pages % s->n;
		uint64_t first = i * part + i * rest / s->n;
		uint64_t last = (i + 1) * part + (i + 1) * rest / s->n;
		uint64_t page = first + scatter(i) % (last > first ? last - first : 1);
		uint64_t pages;

		while (pages = (ram->areas[area].last - ram->areas[area].first) / page_bytes,
		       page - begin >= pages) {
			begin += pages;
			area++;
		}
		s->pages[i] =
			(void *)(uintptr_t)(ram->areas[area].first + (page - begin) * page_bytes);
		s->areas[i] = &ram->areas[area];
	}
}

/* Each page that is somewhere stands for an equal share of the RAM. Pages of which only that is
 * known are where the others are. */
static void count_pages(const sample *s, const vn_host *host, vn_memory_use *use)
{
	uint64_t share = use->ram_kib / s->n, rest = use->ram_kib % s->n;
	uint32_t somewhere = 0, known = 0;

	for (uint32_t i = 0; i < s->n; i++) {
		int64_t slot = s->status[i] < 0 ? -1
						: vn_memory_slot(use, host, s->areas[i]->page_kib,
								 (uint32_t)s->status[i]);

		if (slot >= 0)
			use->kib[slot] += share + ((i + 1) * rest / s->n - i * rest / s->n);
		known += slot >= 0;
		somewhere += s->status[i] == -EAGAIN;
	}
	for (uint32_t i = 0; known && somewhere && i < use->n_sizes * host->n_nodes; i++)
		use->kib[i] += use->kib[i] / known * somewhere;
}

static void clear(sample *s)
{
	free(s->pages);
	free(s->status);
	free(s->areas);
	*s = (sample){ 0 };
}

static int ask(const vn_process *process, const vn_ram *ram, uint64_t total_pages, sample *s)
{
	int error;

	s->pages = malloc(s->n * sizeof(*s->pages));
	s->status = malloc(s->n * sizeof(*s->status));
	s->areas = malloc(s->n * sizeof(*s->areas));
	if (!s->pages || !s->status || !s->areas)
		return ENOMEM;
	choose_pages(ram, total_pages, s);
	error = vn_move_pages(process->pid, s->n, s->pages, NULL, s->status, 0);
	if (!error)
		vn_pagemap_find(process, s->pages, s->status, s->n);
	return error;
}

/* So many pages, and more where the guest has touched few of them: what counts are those that are
 * somewhere. */
static int ask_enough(const vn_process *process, const vn_ram *ram, uint64_t total_pages,
		      uint32_t samples, sample *s)
{
	uint64_t n = samples;

	for (int times = 0;; times++, n *= MORE) {
		uint32_t there = 0;
		int error;

		s->n = n > total_pages ? (uint32_t)total_pages : (uint32_t)n;
		error = ask(process, ram, total_pages, s);
		for (uint32_t i = 0; !error && i < s->n; i++)
			there += s->status[i] >= 0 || s->status[i] == -EAGAIN;
		if (error || there >= s->n / MORE || s->n == total_pages || times == MORE_TIMES)
			return error;
		clear(s);
	}
}

int vn_memory_sample(const vn_process *process, const vn_host *host, vn_ram *ram, uint32_t samples,
		     vn_arena *arena, vn_memory_use *ret, vn_error *err)
{
	vn_memory_use use;
	uint64_t total_pages;
	sample s = { 0 };
	int r, error;

	if (!process->live)
		return vn_fail(err, VN_E_SYSTEM,
			       "a copy of /proc cannot be sampled; numa_maps can be read");
	if ((error = vn_ram_learn_sizes(process, ram)))
		return vn_process_fail(process, error, "numa_maps", err);
	if ((r = vn_memory_begin(process, host, ram, arena, &use, err)) < 0)
		return r;
	total_pages = (use.ram_kib << 10) / vn_page_bytes();
	error = ask_enough(process, ram, total_pages, samples, &s);
	if (!error && s.n)
		count_pages(&s, host, &use);
	use.how = VN_MEASURED_SAMPLED;
	use.samples = s.n;
	clear(&s);
	if (error == ENOMEM)
		return vn_fail(err, VN_E_NOMEM, "no memory for a sample of pages");
	if (error)
		return vn_process_fail(process, error, "the nodes of its memory", err);
	*ret = use;
	return VN_OK;
}
