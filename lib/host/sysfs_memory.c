/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Memory of each node from its meminfo and hugepages folders, or, on a kernel without NUMA, from
 * /proc/meminfo and /sys/kernel/mm/hugepages.
 *
 * Available is MemFree and Inactive(file): file pages that were not used lately, which the kernel
 * drops when a guest needs the memory, even under a strict binding. On a host that has run for a
 * while they are most of what numactl -H does not call free; without them no guest would fit.
 * numad counts the same two. Active file pages and slab are not counted: they come back.
 *
 * A node's memory is its huge pages, and ordinary pages for the rest. */
#include "host/sysfs.h"

#include <stdio.h>
#include <string.h>

#define NODE_FOLDER "sys/devices/system/node"
#define MM_FOLDER   "sys/kernel/mm/hugepages"

typedef struct memory {
	int root;
	vn_node *node;
	const char *folder;		  /* with hugepages-*kB folders */
	bool alone;			  /* the only node: counts of the whole host are its own */
	uint64_t huge_kib, huge_free_kib; /* sums */
} memory;

/* "Node 0 MemTotal:  5073112 kB" or "MemTotal:  5073112 kB": the number. */
static bool find_kib(const vn_sysfs_text *text, const char *key, uint64_t *ret)
{
	size_t length = strlen(key);

	for (const char *p = text->bytes; (p = strstr(p, key)); p += length) {
		vn_cursor in = vn_cursor_of_string(NULL, p + length);

		if (p != text->bytes && p[-1] != ' ' && p[-1] != '\n')
			continue; /* the end of a longer key */
		if (!vn_take_byte(&in, ':'))
			continue;
		vn_take_space(&in);
		return vn_take_uint(&in, UINT64_MAX / 1024, ret, NULL) == VN_OK;
	}
	return false;
}

/* "hugepages-2048kB". Surplus pages are among nr_hugepages. Pages that are promised to a process
 * and not touched yet are free, but nobody else's; the kernel tells them for the host alone. */
static int add_huge_pages(void *context, const char *name, vn_error *err)
{
	static const char prefix[] = "hugepages-";
	memory *in = context;
	uint64_t free_pages, promised, kib;
	vn_pages pages = { 0 };
	vn_at at = { 0 };
	vn_cursor size;

	if (strncmp(name, prefix, sizeof(prefix) - 1))
		return VN_OK;
	size = vn_cursor_of_string(NULL, name + sizeof(prefix) - 1);
	if (vn_take_uint(&size, UINT64_MAX / 1024, &pages.size_kib, NULL) < 0 || !pages.size_kib ||
	    pages.size_kib & (pages.size_kib - 1) ||
	    !vn_sysfs_uint(in->root, &pages.total, "%s/%s/nr_hugepages", in->folder, name) ||
	    in->node->n_pages == VN_PAGE_SIZES_MAX ||
	    __builtin_mul_overflow(pages.total, pages.size_kib, &kib))
		return VN_OK;
	if (vn_sysfs_uint(in->root, &free_pages, "%s/%s/free_hugepages", in->folder, name) &&
	    free_pages <= pages.total)
		pages.used = pages.total - free_pages;
	if (in->alone && vn_sysfs_uint(in->root, &promised, MM_FOLDER "/%s/resv_hugepages", name) &&
	    promised <= pages.total - pages.used)
		pages.reserved = promised;
	in->huge_kib += kib;
	in->huge_free_kib += (pages.total - pages.used) * pages.size_kib;
	return vn_build_pages(in->node, pages, &at, err);
}

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* The files are read one after the other on a running machine: sums are cut to what can be. */
static int set_ordinary(memory *in, const vn_sysfs_text *text, uint64_t page_kib, vn_error *err)
{
	uint64_t total, free_kib, cache = 0, ordinary;
	vn_node *node = in->node;
	vn_pages pages = { .size_kib = page_kib };
	vn_at at = { 0 };

	if (!find_kib(text, "MemTotal", &total))
		return VN_OK;
	if (!find_kib(text, "MemFree", &free_kib))
		free_kib = total;
	find_kib(text, "Inactive(file)", &cache);
	ordinary = total - least(in->huge_kib, total);
	free_kib = least(free_kib, ordinary);
	cache = least(cache, ordinary - free_kib);
	node->mem_kib = total;
	node->mem_used_kib = ordinary - free_kib - cache + least(in->huge_kib, total) -
			     least(in->huge_free_kib, least(in->huge_kib, total));
	node->cache_kib = cache;
	pages.total = ordinary / page_kib;
	pages.used = pages.total - (free_kib + cache) / page_kib;
	return vn_build_pages(node, pages, &at, err);
}

int vn_sysfs_memory(int root, vn_host *host, vn_error *err)
{
	for (uint32_t i = 0; i < host->n_nodes; i++) {
		char folder[128];
		memory in = { .root = root,
			      .node = &host->nodes[i],
			      .folder = folder,
			      .alone = host->n_nodes == 1 };
		uint64_t page_kib = in.node->n_pages ? in.node->pages[0].size_kib : 4;
		vn_sysfs_text text;
		int r;

		snprintf(folder, sizeof(folder), NODE_FOLDER "/node%u/hugepages",
			 host->nodes[i].id);
		if (!vn_sysfs_read(root, &text, NODE_FOLDER "/node%u/meminfo", in.node->id)) {
			if (!in.alone || !vn_sysfs_read(root, &text, "proc/meminfo"))
				continue;
			in.folder = MM_FOLDER;
		}
		in.node->n_pages = 0;
		if ((r = vn_sysfs_each(root, in.folder, add_huge_pages, &in, err)) < 0 ||
		    (r = set_ordinary(&in, &text, page_kib, err)) < 0)
			return r;
	}
	return VN_OK;
}
