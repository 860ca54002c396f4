/* SPDX-License-Identifier: LGPL-2.1-or-later
 * The memory of nodes, rules 9 and 10: every page size for every cell. */
#include "brute.h"

/* Are the node's ordinary pages listed, and how many of them are there? */
static bool is_listed(const vn_node *node)
{
	return node->n_pages && node->pages[0].size_kib <= BASE_KIB_MAX;
}

static uint64_t free_pages(const vn_pages *pages)
{
	uint64_t gone = pages->used + pages->reserved;

	return pages->total > gone ? pages->total - gone : 0;
}

/* Ordinary memory that nobody has: in pages, or what no huge page holds. */
static uint64_t ordinary_free(const vn_node *node)
{
	uint64_t left = node->mem_kib > node->mem_used_kib ? node->mem_kib - node->mem_used_kib : 0;

	if (is_listed(node))
		return free_pages(&node->pages[0]) * node->pages[0].size_kib;
	for (uint32_t i = 0; i < node->n_pages; i++) {
		uint64_t huge = free_pages(&node->pages[i]) * node->pages[i].size_kib;

		left = left > huge ? left - huge : 0;
	}
	return left;
}

static uint64_t part_of(uint64_t total, uint64_t percent)
{
	return total / 100 * percent + total % 100 * percent / 100;
}

/* Rule 9 for all that a guest asks of a node: `ordinary` KiB without a wish, `small` KiB in
 * ordinary pages that it wished for. */
static bool ordinary_fits(const struct question *q, const vn_node *node, uint64_t ordinary,
			  uint64_t small)
{
	uint64_t total =
		is_listed(node) ? node->pages[0].total * node->pages[0].size_kib : node->mem_kib;
	uint64_t free = ordinary_free(node), used = total - (free < total ? free : total);
	uint64_t reserve = q->options->reserve_kib, ratio = q->options->ram_ratio_percent;
	uint64_t asked = ordinary + small + reserve;

	if (small && small + reserve > free)
		return false;
	if (!ordinary)
		return true;
	if (!vn_cpuset_is_empty(&q->request->dedicated))
		return asked <= free;
	if (ordinary + small > total)
		return false;
	if (!ratio)
		return asked <= total;
	return used + asked <= part_of(total, ratio) &&
	       node->mem_used_kib + asked <= part_of(node->mem_kib, ratio);
}

static uint64_t whole_pages(uint64_t kib, const vn_node *node)
{
	uint64_t size = is_listed(node) ? node->pages[0].size_kib : 1;

	return (kib + size - 1) / size * size;
}

/* All that cells 0..n-1 take from one node. */
static bool node_fits(const struct question *q, const struct cut *cut, const uint32_t *mem_of,
		      const int *page_of, uint32_t n, uint32_t mem_ix)
{
	const vn_node *node = &q->host->nodes[mem_ix];
	uint64_t ordinary = 0, small = 0, pages[VN_PAGE_SIZES_MAX] = { 0 };

	for (uint32_t c = 0; c < n; c++) {
		const struct cut_cell *cell = &cut->cells[c];
		uint64_t kib = cell->mem_kib + cell->memdev_kib;

		if (mem_of[c] != mem_ix)
			continue;
		if (page_of[c] < 0) {
			ordinary += whole_pages(kib, node);
			continue;
		}
		uint64_t size = node->pages[page_of[c]].size_kib;

		if (cell->mem_kib % size || cell->memdev_kib % size)
			return false;
		if (size <= BASE_KIB_MAX)
			small += kib;
		pages[page_of[c]] += kib / size;
	}
	for (uint32_t i = 0; i < node->n_pages; i++)
		if (pages[i] > free_pages(&node->pages[i]))
			return false;
	return ordinary_fits(q, node, ordinary, small);
}

bool memory_fits(const struct question *q, const struct cut *cut, const uint32_t *mem_of,
		 const int *page_of, uint32_t n)
{
	for (uint32_t c = 0; c < n; c++) {
		bool first = true;

		for (uint32_t before = 0; before < c; before++)
			first &= mem_of[before] != mem_of[c];
		if (first && !node_fits(q, cut, mem_of, page_of, n, mem_of[c]))
			return false;
	}
	return true;
}

static bool try_pages(const struct question *q, const struct cut *cut, const uint32_t *mem_of,
		      int *page_of, uint32_t c, uint32_t n)
{
	const vn_node *node;

	if (c == n)
		return true;
	node = &q->host->nodes[mem_of[c]];
	for (int page = -1; page < (int)node->n_pages; page++) {
		page_of[c] = page;
		if (page_is_wanted(q, c, node, page) &&
		    node_fits(q, cut, mem_of, page_of, c + 1, mem_of[c]) &&
		    try_pages(q, cut, mem_of, page_of, c + 1, n))
			return true;
	}
	return false;
}

bool brute_memory(const struct question *q, const struct cut *cut, const uint32_t *mem_of,
		  uint32_t n)
{
	int page_of[VN_CELL_MAX];

	return try_pages(q, cut, mem_of, page_of, 0, n);
}
