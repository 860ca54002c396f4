/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Cutting the guest into cells as a plan would, and judging one cell on one node. */
#include "place/advice/lack.h"

#include "place/problem.h" /* topology_agrees */

#include <assert.h>
#include <string.h>

#define LACK(what, want, have) ((struct lack){ .need = (what), .asked = (want), .there = (have) })
static const struct lack nothing = { .need = VN_NEED_NOTHING };

/* ---- cells ---- */

static const vn_request_pages *wish_of(const vn_request *request, uint32_t cell)
{
	for (uint32_t i = 0; i < request->n_pages; i++)
		if (vn_cpuset_is_empty(&request->pages[i].cells) ||
		    vn_cpuset_has(&request->pages[i].cells, cell))
			return &request->pages[i];
	return NULL;
}

/* Memory is split in the smallest pages that the first cell may get. */
static uint64_t unit_kib(const struct lack_view *view)
{
	const vn_request_pages *wish = wish_of(view->request, 0);
	bool huge = wish && (wish->want == VN_PAGES_LARGE || wish->want == VN_PAGES_DEFAULT);
	uint64_t smallest = UINT64_MAX;

	if (wish && wish->want == VN_PAGES_SIZE)
		return wish->page_kib;
	for (uint32_t i = 0; i < view->host->n_nodes; i++) {
		const vn_node *node = &view->host->nodes[i];

		for (uint32_t k = 0; k < node->n_pages; k++)
			if ((!huge || node->pages[k].size_kib > LACK_BASE_PAGE_KIB) &&
			    node->pages[k].size_kib < smallest)
				smallest = node->pages[k].size_kib;
	}
	return smallest == UINT64_MAX || (!huge && smallest > LACK_BASE_PAGE_KIB) ? 4 : smallest;
}

static void deal_vcpus(struct lack_view *view, uint32_t n)
{
	const vn_request *request = view->request;
	bool dealt = request->distribution == VN_DISTRIBUTION_ROUND_ROBIN ||
		     request->distribution == VN_DISTRIBUTION_INTERLEAVE;
	uint32_t next = 0;

	assert(n > 0);
	for (uint32_t c = 0; c < n; c++)
		view->cells[c].set = (vn_cpuset){ 0 };
	for (uint32_t vcpu = 0; vcpu < request->vcpus && dealt; vcpu++)
		vn_cpuset_add(&view->cells[vcpu % n].set, vcpu);
	for (uint32_t c = 0; c < n && !dealt; c++) {
		uint32_t take = request->vcpus / n + (c < request->vcpus % n);

		if (take)
			vn_cpuset_add_range(&view->cells[c].set, next, next + take - 1);
		next += take;
	}
}

static void deal_memory(struct lack_view *view, uint32_t n)
{
	uint64_t unit = unit_kib(view), units = view->request->mem_kib / unit;

	for (uint32_t c = 0; c < n; c++)
		view->cells[c].mem_kib = (units / n + (c < units % n)) * unit +
					 (c ? 0 : view->request->mem_kib % unit);
}

static void add_memdevs(struct lack_view *view, uint32_t n)
{
	for (uint32_t i = 0; i < view->request->n_memdevs; i++) {
		const vn_request_memdev *device = &view->request->memdevs[i];
		uint32_t least = 0;

		for (uint32_t c = 1; c < n; c++)
			if (view->cells[c].mem_kib + view->cells[c].memdev_kib <
			    view->cells[least].mem_kib + view->cells[least].memdev_kib)
				least = c;
		if (device->cell >= 0 && (uint32_t)device->cell < n)
			least = (uint32_t)device->cell;
		if (device->uses_host_memory)
			view->cells[least].memdev_kib += device->size_kib;
	}
}

/* A vCPU that the owner has pinned: its cell has to be on the node of the pin. */
static void count_owned(const struct lack_view *view, uint32_t vcpu, struct lack_cell *to)
{
	const vn_host *host = view->host;
	int cpu = vn_cpuset_next(&view->request->vcpupin[vcpu], -1);
	int32_t node_ix = cpu >= 0 && (uint32_t)cpu < host->n_cpus ? host->cpus[cpu].node_ix : -1;

	if (node_ix < 0 || (to->only_ix != LACK_ANY_NODE && to->only_ix != node_ix))
		to->only_ix = LACK_NO_NODE;
	else
		to->only_ix = node_ix;
	if (!vn_cpuset_has(&view->request->dedicated, vcpu)) {
		to->floating++;
		return;
	}
	to->owned++;
	to->owned_free +=
		node_ix >= 0 && !vn_cpuset_has(&host->nodes[node_ix].pinned, (unsigned)cpu);
}

static void count_cell(const struct lack_view *view, uint32_t cell, struct lack_cell *to)
{
	const vn_request *request = view->request;
	const vn_request_pages *wish = wish_of(request, cell);
	vn_cpuset set = to->set;
	uint64_t mem_kib = to->mem_kib;

	*to = (struct lack_cell){ .set = set, .mem_kib = mem_kib, .only_ix = LACK_ANY_NODE };
	VN_CPUSET_EACH(vcpu, &set) {
		if (vn_cpuset_has(&request->vcpupin_given, (unsigned)vcpu))
			count_owned(view, (uint32_t)vcpu, to);
		else if (vn_cpuset_has(&request->dedicated, (unsigned)vcpu))
			to->pins++;
		else
			to->floating++;
		to->vcpus++;
	}
	to->extra = cell == 0 && request->emulator_policy == VN_EMULATOR_ISOLATE &&
		    !vn_cpuset_is_empty(&request->dedicated);
	to->want = wish ? wish->want : VN_PAGES_NONE;
	to->page_kib = wish ? wish->page_kib : 0;
	if (vn_cpuset_has(&request->memnode_given, cell))
		to->memnodes = &request->memnode[cell];
}

static bool are_twins(const struct lack_cell *a, const struct lack_cell *b)
{
	return a->vcpus == b->vcpus && a->floating == b->floating && a->pins == b->pins &&
	       a->extra == b->extra && a->owned == b->owned && a->owned_free == b->owned_free &&
	       a->only_ix == b->only_ix && a->mem_kib == b->mem_kib &&
	       a->memdev_kib == b->memdev_kib && a->want == b->want && a->page_kib == b->page_kib &&
	       !a->memnodes && !b->memnodes;
}

void lack_cut(struct lack_view *view, uint32_t n)
{
	const vn_request *request = view->request;

	view->n_cells = n;
	for (uint32_t c = 0; c < n && request->n_cells; c++) {
		view->cells[c].set = request->cells[c].vcpus;
		view->cells[c].mem_kib = request->cells[c].mem_kib;
	}
	if (!request->n_cells) {
		deal_vcpus(view, n);
		deal_memory(view, n);
	}
	for (uint32_t c = 0; c < n; c++)
		count_cell(view, c, &view->cells[c]);
	add_memdevs(view, n);
	for (uint32_t c = 0; c < n; c++)
		view->cells[c].twin = c && are_twins(&view->cells[c - 1], &view->cells[c]);
}

static uint32_t usable_nodes(const struct lack_view *view)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < view->host->n_nodes; i++)
		n += view->nodes[i].allowed && view->nodes[i].for_cpus;
	return n;
}

void lack_tries(const struct lack_view *view, uint32_t *from, uint32_t *to)
{
	const vn_request *request = view->request;
	uint32_t n = request->n_cells ? request->n_cells : request->n_cells_want;
	uint32_t most = usable_nodes(view);

	if (!n && request->mode == VN_MODE_NODE)
		n = 1;
	if (!n && request->mode == VN_MODE_HOST)
		n = most ? most : 1;
	most = most < request->vcpus ? most : request->vcpus;
	most = most < VN_CELL_MAX ? most : VN_CELL_MAX;
	*from = n ? n : 1;
	*to = n ? n : most ? most : 1;
}

bool lack_may_share(const struct lack_view *view)
{
	return view->request->mode != VN_MODE_AUTO && !view->request->n_cells &&
	       view->n_cells > usable_nodes(view);
}

bool lack_topology_agrees(const struct lack_view *view)
{
	uint16_t cell_of[VN_VCPU_MAX] = { 0 };

	if (!view->request->topology_given)
		return true;
	for (uint32_t c = 0; c < view->n_cells; c++)
		VN_CPUSET_EACH(vcpu, &view->cells[c].set)
			cell_of[vcpu] = (uint16_t)c;
	return topology_agrees(&view->request->topology, view->request->vcpus, cell_of);
}

/* ---- CPUs ---- */

static uint32_t count_whole(const struct lack_node *node)
{
	uint32_t n = 0;

	for (uint32_t k = 1; k <= LACK_SMT_MAX; k++)
		for (uint32_t floats = 0; floats <= k; floats++)
			n += node->whole[k][floats];
	return n;
}

/* What isolated pins take: `threads` in all, `floats` of them from the floating vCPUs. The smallest
 * cores first, of those the ones that floating vCPUs do not use. */
static void take_whole(const struct lack_node *node, uint32_t pins, uint32_t *threads,
		       uint32_t *floats)
{
	*threads = *floats = 0;
	for (uint32_t k = 1; k <= LACK_SMT_MAX; k++)
		for (uint32_t f = 0; f <= k && pins; f++) {
			uint32_t n = node->whole[k][f] < pins ? node->whole[k][f] : pins;

			*threads += n * k;
			*floats += n * f;
			pins -= n;
		}
}

/* Pins of the cell, and how many CPUs they take from its floating vCPUs. */
static struct lack lack_pins(const struct lack_view *view, const struct lack_cell *cell,
			     const struct lack_node *node, uint32_t *gone)
{
	enum vn_thread_policy policy = view->request->thread_policy;
	uint32_t asked = cell->pins + cell->extra, taken = asked, from_floats, alone;

	*gone = 0;
	if (!asked)
		return nothing;
	if (asked > node->present)
		return LACK(VN_NEED_CPUS, asked, node->present);
	if (asked > node->pins)
		return LACK(VN_NEED_FREE_CPUS, asked, node->pins);
	if (policy == VN_THREADS_ISOLATE && cell->pins > count_whole(node))
		return LACK(VN_NEED_FREE_CORES, cell->pins, count_whole(node));
	if (policy == VN_THREADS_REQUIRE && cell->pins > node->sibling_room)
		return LACK(VN_NEED_SIBLINGS, cell->pins, node->sibling_room);
	alone = node->pins - node->both; /* free, and not for floating vCPUs */
	*gone = taken > alone ? taken - alone : 0;
	if (policy != VN_THREADS_ISOLATE)
		return nothing;
	take_whole(node, cell->pins, &taken, &from_floats);
	if (taken + cell->extra > node->pins)
		return LACK(VN_NEED_FREE_CPUS, taken + cell->extra, node->pins);
	alone -= taken - from_floats;
	*gone = from_floats + (cell->extra > alone ? cell->extra - alone : 0);
	return nothing;
}

struct lack lack_cpus(const struct lack_view *view, uint32_t c, uint32_t node_ix)
{
	const struct lack_cell *cell = &view->cells[c];
	const struct lack_node *node = &view->nodes[node_ix];
	struct lack lack;
	uint32_t gone;

	if (!node->allowed)
		return LACK(VN_NEED_ALLOWED, 1, 0);
	if (!node->for_cpus)
		return LACK(VN_NEED_CPUS_PRESENT, cell->vcpus, 0);
	if (cell->only_ix != LACK_ANY_NODE && cell->only_ix != (int32_t)node_ix)
		return LACK(VN_NEED_PINS, cell->owned ? cell->owned : 1, 0);
	if (cell->owned_free < cell->owned)
		return LACK(VN_NEED_PINS, cell->owned, cell->owned_free);
	lack = lack_pins(view, cell, node, &gone);
	if (lack.need != VN_NEED_NOTHING || !cell->floating)
		return lack;
	if (cell->floating > node->floatable)
		return LACK(VN_NEED_CPUS, cell->floating, node->floatable);
	if (cell->floating > node->floats - gone)
		return LACK(VN_NEED_UNPINNED, cell->floating, node->floats - gone);
	if (cell->floating > node->ratio_room)
		return LACK(VN_NEED_CPU_RATIO, cell->floating, node->ratio_room);
	return nothing;
}

/* ---- memory ---- */

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* free_kib: what of the room is in free pages, where only those count. */
static struct lack lack_ordinary(const struct lack_view *view, const struct lack_cell *cell,
				 const struct lack_node *node, uint64_t free_kib)
{
	uint64_t reserve_kib = view->options->reserve_kib, page_kib = node->page_kib;
	uint64_t room_kib = least(node->room_kib, free_kib);
	uint64_t kept_kib =
		free_kib > reserve_kib ? least(node->kept_kib, free_kib - reserve_kib) : 0;
	uint64_t asked = cell->mem_kib + cell->memdev_kib;

	asked = (asked / page_kib + (asked % page_kib != 0)) * page_kib;
	if (asked > room_kib)
		return LACK(VN_NEED_MEMORY, asked, room_kib);
	if (asked > kept_kib)
		return LACK(VN_NEED_RESERVE, asked, kept_kib);
	return nothing;
}

static struct lack lack_huge(const struct lack_cell *cell, const vn_pages *pages)
{
	uint64_t asked = cell->mem_kib + cell->memdev_kib, free = vn_pages_free(pages);
	struct lack lack = nothing;

	if (cell->mem_kib % pages->size_kib || cell->memdev_kib % pages->size_kib)
		lack = LACK(VN_NEED_WHOLE_PAGES, asked, pages->size_kib);
	else if (asked / pages->size_kib > free)
		lack = LACK(VN_NEED_PAGES, asked, free * pages->size_kib);
	lack.page_kib = pages->size_kib;
	return lack;
}

static bool wants(const struct lack_cell *cell, const vn_node *node, uint32_t page_ix)
{
	uint32_t first_huge = node->pages[0].size_kib <= LACK_BASE_PAGE_KIB;

	switch (cell->want) {
	case VN_PAGES_SMALL: return page_ix < first_huge;
	case VN_PAGES_LARGE: return page_ix >= first_huge;
	case VN_PAGES_ANY: return true;
	case VN_PAGES_DEFAULT: return page_ix == first_huge;
	case VN_PAGES_SIZE: return node->pages[page_ix].size_kib == cell->page_kib;
	default: return false;
	}
}

/* Memory of one node. Of several page sizes, the one that is least short. */
static struct lack lack_memory(const struct lack_view *view, const struct lack_cell *cell,
			       uint32_t mem_ix)
{
	const vn_node *node = &view->host->nodes[mem_ix];
	const struct lack_node *have = &view->nodes[mem_ix];
	bool listed = node->n_pages && node->pages[0].size_kib <= LACK_BASE_PAGE_KIB;
	struct lack best = LACK(VN_NEED_PAGE_SIZE, cell->page_kib, 0), lack;

	best.page_kib = cell->page_kib;

	if (cell->want == VN_PAGES_NONE)
		return lack_ordinary(view, cell, have, UINT64_MAX);
	if (cell->want == VN_PAGES_SMALL && !listed)
		return lack_ordinary(view, cell, have, UINT64_MAX);
	for (uint32_t i = node->n_pages; i-- > 0;) {
		uint64_t free_kib = vn_pages_free(&node->pages[i]) * node->pages[i].size_kib;

		if (!wants(cell, node, i))
			continue;
		lack = listed && i == 0 ? lack_ordinary(view, cell, have, free_kib)
					: lack_huge(cell, &node->pages[i]);
		if (lack.need == VN_NEED_NOTHING)
			return lack;
		if (best.need == VN_NEED_PAGE_SIZE || best.need == VN_NEED_WHOLE_PAGES ||
		    (lack.need != VN_NEED_WHOLE_PAGES &&
		     lack.asked - lack.there < best.asked - best.there))
			best = lack;
	}
	return best;
}

/* May the memory of a cell on node_ix come from mem_ix? */
static bool may_lend(const struct lack_view *view, const struct lack_cell *cell, uint32_t node_ix,
		     uint32_t mem_ix)
{
	const vn_host *host = view->host;

	if (cell->memnodes)
		return vn_nodeset_has(cell->memnodes, host->nodes[mem_ix].id);
	if (host->nodes[node_ix].mem_kib && mem_ix != node_ix)
		return false;
	return view->nodes[mem_ix].for_memory;
}

struct lack lack_of(const struct lack_view *view, uint32_t c, uint32_t node_ix)
{
	const struct lack_cell *cell = &view->cells[c];
	struct lack lack = lack_cpus(view, c, node_ix), best = LACK(VN_NEED_MEMNODE, 1, 0);

	if (lack.need != VN_NEED_NOTHING)
		return lack;
	for (uint32_t i = 0; i < view->host->n_nodes; i++) {
		if (!may_lend(view, cell, node_ix, i))
			continue;
		lack = lack_memory(view, cell, i);
		lack.mem_ix = i;
		if (lack.need == VN_NEED_NOTHING)
			return lack;
		if (best.need == VN_NEED_MEMNODE || lack.there > best.there)
			best = lack;
	}
	return best;
}

struct lack lack_of_guest(const struct lack_view *view, uint32_t node_ix)
{
	for (uint32_t i = 0; i < view->n_pulls; i++)
		if (view->nodes[node_ix].allowed &&
		    !vn_nodeset_has(&view->pulls[i].any_of, node_ix))
			return LACK(view->pulls[i].need, view->pulls[i].asked, 0);
	return lack_of(view, 0, node_ix);
}
