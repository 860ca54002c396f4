/* SPDX-License-Identifier: LGPL-2.1-or-later
 * One cell on one node: does it go there with what is left, and if not, what is missing. */
#include "place/problem.h"

#define NEED(what, want, have) ((struct need){ .need = (what), .asked = (want), .there = (have) })
static const struct need nothing = { VN_NEED_NOTHING, 0, 0 };

/* Floating vCPUs, after the cell's own pins have taken `gone` CPUs. */
static struct need fit_floating(const struct place_cell *cell, const struct place_node *node,
				uint32_t gone)
{
	uint32_t asked = cell->floating, cpus = node->cpus;

	if (node->sets_overlap && node->floats && gone > node->cpus)
		return NEED(VN_NEED_FREE_CPUS, gone, node->cpus);
	if (node->sets_overlap)
		cpus = cpus > gone ? cpus - gone : 0;
	if (!asked)
		return nothing;
	if (asked > cpus)
		return NEED(VN_NEED_CPUS, asked, cpus);
	if (asked > node->ratio_room)
		return NEED(VN_NEED_CPU_RATIO, asked, node->ratio_room);
	if (asked > node->float_room)
		return NEED(VN_NEED_CPUS, asked, node->float_room);
	return nothing;
}

static struct need fit_pins(const struct problem *p, const struct place_cell *cell,
			    const struct place_node *node, uint32_t *gone)
{
	enum vn_thread_policy policy = p->request->thread_policy;
	uint32_t asked = cell->pins + cell->extra, there = node->threads;
	struct cores_taken taken;
	struct cores left;

	*gone = asked;
	if (!asked)
		return nothing;
	if (asked <= there && policy == VN_THREADS_PREFER)
		return nothing; /* any free CPU will do */
	if (asked > node->present)
		return NEED(VN_NEED_CPUS, asked, node->present);
	if (asked > there)
		return NEED(VN_NEED_FREE_CPUS, asked, there);
	if (policy == VN_THREADS_ISOLATE && cell->pins > cores_whole(&node->free))
		return NEED(VN_NEED_FREE_CORES, cell->pins, cores_whole(&node->free));
	if (policy == VN_THREADS_REQUIRE && cell->pins > cores_require_room(&node->free))
		return NEED(VN_NEED_SIBLINGS, cell->pins, cores_require_room(&node->free));
	left = node->free;
	if (!cores_take(&left, policy, cell->pins, cell->extra, &taken, NULL))
		return NEED(VN_NEED_FREE_CPUS, asked, there);
	*gone = taken.threads;
	return nothing;
}

/* Which CPUs the pins take decides how many are left for the floating vCPUs. */
static bool may_compete(const struct problem *p, const struct place_cell *cell,
			const struct place_node *node)
{
	return p->cells_max == 1 && node->sets_overlap && cell->floating &&
	       cell->pins + cell->extra;
}

struct need fit_cpus(const struct problem *p, uint32_t c, uint32_t node_ix)
{
	struct exact_take exact;
	const struct place_cell *cell = &p->cells[c];
	const struct place_node *node = &p->nodes[node_ix];
	struct need need;
	uint32_t gone;

	if (!vn_nodeset_has(&p->allowed, node_ix))
		return NEED(VN_NEED_ALLOWED, 1, 0);
	if (!node->for_cpus)
		return NEED(VN_NEED_CPUS_PRESENT, cell->vcpus, 0);
	if (cell->nodes_fixed && !vn_nodeset_has(&cell->nodes, node_ix))
		return NEED(VN_NEED_PINS, 1, 0);
	need = fit_pins(p, cell, node, &gone);
	if (need.need == VN_NEED_NOTHING)
		need = fit_floating(cell, node, gone);
	if (need.need == VN_NEED_CPUS && may_compete(p, cell, node) &&
	    cell->floating <= node->ratio_room && cell->floating <= node->float_room &&
	    exact_cores(p, c, node_ix, &exact))
		return nothing;
	return need;
}

/* Where pins took CPUs of the floating vCPUs although there are others, or where groups of more
 * than two threads may be put together in a better way than the largest first. */
bool fit_needs_exact(const struct problem *p, uint32_t c, uint32_t node_ix)
{
	const struct place_cell *cell = &p->cells[c];
	const struct place_node *node = &p->nodes[node_ix];
	uint32_t gone;

	if (p->host->threads_per_core <= 2 && !may_compete(p, cell, node))
		return false;
	if (p->cells_max > 1 || !(cell->pins + cell->extra))
		return false;
	if (p->host->threads_per_core > 2)
		return cores_broken(&node->free, p->request->thread_policy, cell->pins, cell->extra,
				    p->host->threads_per_core) > 0 ||
		       may_compete(p, cell, node);
	return may_compete(p, cell, node) &&
	       (fit_pins(p, cell, node, &gone).need != VN_NEED_NOTHING ||
		fit_floating(cell, node, gone).need != VN_NEED_NOTHING);
}

/* Whole cores that a cell leaves half used, on a node that it has to itself. */
uint32_t fit_broken(const struct problem *p, uint32_t c, uint32_t node_ix)
{
	const struct place_cell *cell = &p->cells[c];
	struct exact_take exact;

	if (!(cell->pins + cell->extra))
		return 0;
	if (fit_needs_exact(p, c, node_ix) && exact_cores(p, c, node_ix, &exact))
		return exact.broken;
	return cores_broken(&p->nodes[node_ix].free, p->request->thread_policy, cell->pins,
			    cell->extra, p->host->threads_per_core);
}

/* ---- memory ---- */

static struct need fit_ordinary(const struct place_cell *cell, const struct place_node *node)
{
	uint64_t asked = cell->mem_kib + cell->memdev_kib;

	if (asked > node->most_kib || asked > node->room_kib)
		return NEED(VN_NEED_MEMORY, asked,
			    node->room_kib < node->most_kib ? node->room_kib : node->most_kib);
	return nothing;
}

static struct need fit_page(const struct place_cell *cell, uint64_t free, uint64_t size_kib)
{
	uint64_t asked = cell->mem_kib + cell->memdev_kib;

	if (cell->mem_kib % size_kib || cell->memdev_kib % size_kib)
		return NEED(VN_NEED_WHOLE_PAGES, asked, size_kib);
	if (asked / size_kib > free)
		return NEED(VN_NEED_PAGES, asked, free * size_kib);
	return nothing;
}

/* Is a page size (by index, 0 the smallest) one that the cell asks for? */
static bool wants_page(const struct place_cell *cell, const vn_node *node, uint32_t page_ix)
{
	switch (cell->want) {
	case VN_PAGES_SMALL: return page_ix < vn_node_first_huge(node);
	case VN_PAGES_LARGE: return page_ix >= vn_node_first_huge(node);
	case VN_PAGES_ANY: return true;
	case VN_PAGES_DEFAULT: return page_ix == vn_node_first_huge(node);
	case VN_PAGES_SIZE: return node->pages[page_ix].size_kib == cell->page_kib;
	default: return false;
	}
}

struct need fit_memory(const struct problem *p, uint32_t c, uint32_t mem_ix, uint32_t page_from,
		       uint8_t *page_ix)
{
	const struct place_cell *cell = &p->cells[c];
	const struct place_node *node = &p->nodes[mem_ix];
	const vn_node *host_node = &p->host->nodes[mem_ix];
	struct need best = NEED(VN_NEED_PAGE_SIZE, cell->page_kib, 0), need;

	*page_ix = NO_PAGES;
	if (cell->want == VN_PAGES_NONE ||
	    (cell->want == VN_PAGES_SMALL && !vn_node_first_huge(host_node)))
		return page_from ? best : fit_ordinary(cell, node);
	for (uint32_t i = host_node->n_pages; i-- > 0;) { /* the largest first */
		if (!wants_page(cell, host_node, i) || host_node->n_pages - 1 - i < page_from)
			continue;
		need = fit_page(cell, node->pages[i], host_node->pages[i].size_kib);
		if (need.need == VN_NEED_NOTHING) {
			*page_ix = (uint8_t)i;
			return need;
		}
		if (best.need == VN_NEED_PAGE_SIZE || need.there > best.there)
			best = need;
	}
	return best;
}

uint32_t fit_memory_nodes(const struct problem *p, uint32_t c, uint32_t node_ix,
			  uint16_t mem_ix[VN_NODE_MAX])
{
	const struct place_cell *cell = &p->cells[c];
	bool own = p->host->nodes[node_ix].mem_kib != 0;
	uint32_t n = 0;

	if (!cell->memnodes_fixed && own) {
		if (!p->nodes[node_ix].for_memory)
			return 0;
		mem_ix[0] = (uint16_t)node_ix;
		return 1;
	}
	for (uint32_t i = 0; i < p->host->n_nodes; i++) {
		uint32_t at = n, far = vn_host_distance(p->host, node_ix, i);

		if (cell->memnodes_fixed ? !vn_nodeset_has(&cell->memnodes, i)
					 : !p->nodes[i].for_memory)
			continue;
		for (; at && vn_host_distance(p->host, node_ix, mem_ix[at - 1]) > far; at--)
			mem_ix[at] = mem_ix[at - 1];
		mem_ix[at] = (uint16_t)i;
		n++;
	}
	return n;
}

/* ---- both ---- */

struct need fit_cell(const struct problem *p, uint32_t c, uint32_t node_ix)
{
	struct need need = fit_cpus(p, c, node_ix), best = NEED(VN_NEED_MEMNODE, 1, 0);
	uint16_t mem_ix[VN_NODE_MAX];
	uint8_t page_ix;
	uint32_t n;

	if (need.need != VN_NEED_NOTHING)
		return need;
	n = fit_memory_nodes(p, c, node_ix, mem_ix);
	for (uint32_t i = 0; i < n; i++) {
		need = fit_memory(p, c, mem_ix[i], 0, &page_ix);
		if (need.need == VN_NEED_NOTHING)
			return need;
		if (best.need == VN_NEED_MEMNODE || need.there > best.there)
			best = need;
	}
	return best;
}

static void take_memory(struct place_node *node, const vn_node *host_node,
			const struct place_cell *cell, uint8_t page_ix)
{
	uint64_t kib = cell->mem_kib + cell->memdev_kib;

	if (page_ix != NO_PAGES)
		node->pages[page_ix] -= kib / host_node->pages[page_ix].size_kib;
	if (page_ix == NO_PAGES || page_ix < vn_node_first_huge(host_node))
		node->room_kib = node->room_kib > kib ? node->room_kib - kib : 0;
	if (page_ix == NO_PAGES && vn_node_first_huge(host_node)) {
		uint64_t pages =
			(kib + host_node->pages[0].size_kib - 1) / host_node->pages[0].size_kib;

		node->pages[0] = node->pages[0] > pages ? node->pages[0] - pages : 0;
	}
}

uint32_t fit_take(struct problem *p, uint32_t c, const struct choice *choice)
{
	const struct place_cell *cell = &p->cells[c];
	struct place_node *node = &p->nodes[choice->node_ix];
	struct cores_taken taken = { 0 };

	if (cell->pins + cell->extra)
		cores_take(&node->free, p->request->thread_policy, cell->pins, cell->extra, &taken,
			   NULL);
	node->threads -= taken.threads;
	node->cells++;
	node->floats += cell->floating;
	node->float_room -= cell->floating;
	node->ratio_room -= cell->floating;
	if (cell->floating || node->sets_overlap) {
		uint32_t gone = cell->floating + (node->sets_overlap ? taken.threads : 0);

		node->cpus = node->cpus > gone ? node->cpus - gone : 0;
	}
	if (node->float_room > node->cpus)
		node->float_room = node->cpus;
	take_memory(&p->nodes[choice->mem_ix], &p->host->nodes[choice->mem_ix], cell,
		    choice->page_ix);
	return taken.broken;
}
