/* SPDX-License-Identifier: LGPL-2.1-or-later
 * The verifier's rules about memory: ordinary memory (0002, 9) and page sizes (10). */
#include "place/check.h"

enum { BASE_KIB_MAX = 64 }; /* ordinary pages: 4, 16 or 64 KiB */

/* Does the node list its ordinary pages? */
static bool is_listed(const vn_node *node)
{
	return node->n_pages && node->pages[0].size_kib <= BASE_KIB_MAX;
}

static const vn_request_pages *wish_of(const vn_request *request, uint32_t cell)
{
	for (uint32_t i = 0; i < request->n_pages; i++)
		if (vn_cpuset_is_empty(&request->pages[i].cells) ||
		    vn_cpuset_has(&request->pages[i].cells, cell))
			return &request->pages[i];
	return NULL;
}

static int check_page_wish(const struct checking *c, uint32_t i)
{
	const vn_place_cell *cell = &c->placement->cells[i];
	const vn_node *mem = &c->host->nodes[cell->mem_node_ix];
	const vn_request_pages *wish = wish_of(c->request, i);
	uint32_t huge = is_listed(mem); /* index of the first huge size */
	bool good = true;

	switch (wish ? wish->want : VN_PAGES_NONE) {
	case VN_PAGES_NONE:
	case VN_PAGES_SMALL: good = cell->page_kib == 0; break;
	case VN_PAGES_LARGE: good = cell->page_kib != 0; break;
	case VN_PAGES_DEFAULT:
		good = mem->n_pages > huge && cell->page_kib == mem->pages[huge].size_kib;
		break;
	case VN_PAGES_SIZE:
		good = cell->page_kib ==
		       (huge && wish->page_kib == mem->pages[0].size_kib ? 0 : wish->page_kib);
		break;
	default: break;
	}
	if (!good)
		return BROKEN(c, "cell %u has pages of %llu KiB, which it did not ask for", i,
			      (unsigned long long)cell->page_kib);
	if (cell->page_kib && (cell->mem_kib % cell->page_kib || cell->memdev_kib % cell->page_kib))
		return BROKEN(c, "cell %u is not made of whole pages", i);
	return VN_OK;
}

/* What a guest takes from one node. Ordinary memory that a cell wished for in so many words is
 * counted apart: those pages have to be free. */
struct taken {
	uint64_t ordinary, wished, huge[VN_PAGE_SIZES_MAX]; /* KiB, KiB, pages by index */
};

static int add_cell(const struct checking *c, uint32_t i, struct taken *taken)
{
	const vn_place_cell *cell = &c->placement->cells[i];
	const vn_node *node = &c->host->nodes[cell->mem_node_ix];
	const vn_request_pages *wish = wish_of(c->request, i);
	uint64_t kib = cell->mem_kib + cell->memdev_kib, page_kib = 1;

	for (uint32_t k = 0; k < node->n_pages && cell->page_kib; k++)
		if (node->pages[k].size_kib == cell->page_kib) {
			taken->huge[k] += kib / cell->page_kib;
			return VN_OK;
		}
	if (cell->page_kib)
		return BROKEN(c, "node %u has no pages of %llu KiB", node->id,
			      (unsigned long long)cell->page_kib);
	if (is_listed(node))
		page_kib = node->pages[0].size_kib;
	if (wish && is_listed(node) && (cell->mem_kib % page_kib || cell->memdev_kib % page_kib))
		return BROKEN(c, "cell %u is not made of whole pages", i);
	*(wish && is_listed(node) ? &taken->wished : &taken->ordinary) +=
		(kib + page_kib - 1) / page_kib * page_kib;
	return VN_OK;
}

static uint64_t part_of(uint64_t total, uint32_t percent)
{
	return total / 100 * percent + total % 100 * percent / 100;
}

/* Ordinary memory in use: more than there is, where it is overcommitted. */
static uint64_t used_kib(const vn_node *node)
{
	uint64_t used = node->mem_used_kib;

	if (is_listed(node))
		return (node->pages[0].used + node->pages[0].reserved) * node->pages[0].size_kib;
	for (uint32_t i = 0; i < node->n_pages; i++)
		used += node->pages[i].size_kib * vn_pages_free(&node->pages[i]);
	return used;
}

/* Rule 9: why a guest may not take so much ordinary memory from a node; NULL if it may. */
static const char *refuses(const struct checking *c, const vn_node *node, const struct taken *taken)
{
	uint64_t total =
		is_listed(node) ? node->pages[0].total * node->pages[0].size_kib : node->mem_kib;
	uint64_t free = vn_node_free_kib(node), used = used_kib(node);
	uint64_t asked = taken->ordinary + taken->wished, kept = asked + c->options->reserve_kib;
	uint32_t percent = c->options->ram_ratio_percent;

	if (taken->wished && taken->wished + c->options->reserve_kib > free)
		return "is not there in free pages";
	if (!taken->ordinary)
		return NULL;
	if (asked > total)
		return "is more than the node has in all";
	if (check_is_pinned(c))
		return kept > free ? "is not free" : NULL;
	if (!percent)
		return kept > total ? "is more than the node has beside the reserve" : NULL;
	return used + kept > part_of(total, percent) ||
			       node->mem_used_kib + kept > part_of(node->mem_kib, percent)
		       ? "is more than the ratio allows"
		       : NULL;
}

static int check_node_memory(const struct checking *c, uint32_t node_ix)
{
	const vn_node *node = &c->host->nodes[node_ix];
	struct taken taken = { 0 };
	const char *why;
	int r;

	for (uint32_t i = 0; i < c->placement->n_cells; i++)
		if (c->placement->cells[i].mem_node_ix == node_ix &&
		    (r = add_cell(c, i, &taken)) < 0)
			return r;
	if ((why = refuses(c, node, &taken)))
		return BROKEN(c, "node %u: %llu KiB of ordinary memory %s", node->id,
			      (unsigned long long)(taken.ordinary + taken.wished), why);
	for (uint32_t k = 0; k < node->n_pages; k++)
		if (taken.huge[k] > vn_pages_free(&node->pages[k]))
			return BROKEN(c, "node %u: %llu pages of %llu KiB are not free", node->id,
				      (unsigned long long)taken.huge[k],
				      (unsigned long long)node->pages[k].size_kib);
	return VN_OK;
}

int check_memory(const struct checking *c)
{
	int r;

	for (uint32_t i = 0; i < c->placement->n_cells; i++)
		if ((r = check_page_wish(c, i)) < 0)
			return r;
	for (uint32_t node_ix = 0; node_ix < c->host->n_nodes; node_ix++)
		if ((r = check_node_memory(c, node_ix)) < 0)
			return r;
	return VN_OK;
}
