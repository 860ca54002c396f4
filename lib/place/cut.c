/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Cutting the guest into cells: vCPUs and memory evenly, the remainder to the first cells, the sums
 * exact. Cells that the owner has fixed are taken as they are. */
#include "place/problem.h"

#include <string.h>

/* Which cell each vCPU belongs to. */
void cut_vcpus(struct problem *p, uint32_t n)
{
	const vn_request *request = p->request;
	bool dealt = request->distribution == VN_DISTRIBUTION_ROUND_ROBIN ||
		     request->distribution == VN_DISTRIBUTION_INTERLEAVE;
	uint32_t each = request->vcpus / n, more = request->vcpus % n, next = 0;

	for (uint32_t c = 0; c < n; c++) {
		p->cut_vcpus[c] = (vn_cpuset){ 0 };
		p->cell_vcpus[c] = &p->cut_vcpus[c];
	}
	if (dealt) {
		for (uint32_t vcpu = 0; vcpu < request->vcpus; vcpu++)
			vn_cpuset_add(&p->cut_vcpus[vcpu % n], vcpu);
		return;
	}
	for (uint32_t c = 0; c < n; c++) {
		uint32_t take = each + (c < more);

		if (take)
			vn_cpuset_add_range(&p->cut_vcpus[c], next, next + take - 1);
		next += take;
	}
}

/* [vcpu] its cell, from the sets. */
void cut_number_vcpus(struct problem *p, uint32_t n)
{
	uint32_t words = (p->request->vcpus + 63) / 64;

	for (uint32_t c = 0; c < n; c++)
		for (uint32_t i = 0; i < words; i++)
			for (uint64_t rest = p->cell_vcpus[c]->word[i]; rest; rest &= rest - 1)
				p->vcpu_cell[i * 64 + (uint32_t)__builtin_ctzll(rest)] =
					(uint16_t)c;
}

/* Units to each cell, what is less than a unit to the first one. */
static void cut_memory(struct problem *p, uint32_t n, uint64_t unit_kib)
{
	uint64_t units = p->request->mem_kib / unit_kib, rest = p->request->mem_kib % unit_kib;

	for (uint32_t c = 0; c < n; c++)
		p->cells[c].mem_kib = (units / n + (c < units % n)) * unit_kib + (c ? 0 : rest);
}

/* The first wish that names the cell. */
static void wish_pages(const vn_request *request, uint32_t cell, struct place_cell *to)
{
	to->want = VN_PAGES_NONE;
	to->page_kib = 0;
	for (uint32_t i = 0; i < request->n_pages; i++) {
		const vn_request_pages *pages = &request->pages[i];

		if (!vn_cpuset_is_empty(&pages->cells) && !vn_cpuset_has(&pages->cells, cell))
			continue;
		to->want = pages->want;
		to->page_kib = pages->page_kib;
		return;
	}
}

/* Memory devices without a cell go to the cell with the least memory so far. */
static void place_memdevs(struct problem *p)
{
	for (uint32_t i = 0; i < p->request->n_memdevs && i < VN_MEMDEVS_MAX; i++) {
		const vn_request_memdev *device = &p->request->memdevs[i];
		uint32_t least = 0;

		for (uint32_t c = 1; c < p->n_cells; c++)
			if (p->cells[c].mem_kib + p->cells[c].memdev_kib <
			    p->cells[least].mem_kib + p->cells[least].memdev_kib)
				least = c;
		if (device->cell >= 0 && (uint32_t)device->cell < p->n_cells)
			least = (uint32_t)device->cell;
		p->memdev_cell[i] = (int16_t)least;
		if (device->uses_host_memory)
			p->cells[least].memdev_kib += device->size_kib;
	}
}

/* The nodes that hold the owner's pins: none of them, where they are on two. */
static void fix_node(const struct problem *p, uint32_t vcpu, struct place_cell *to)
{
	int cpu = vn_cpuset_next(&p->request->vcpupin[vcpu], -1);
	int32_t node_ix = cpu >= 0 ? p->host->cpus[cpu].node_ix : -1;

	if (!to->nodes_fixed) {
		to->nodes_fixed = true;
		to->nodes = (vn_nodeset){ 0 };
		if (node_ix >= 0)
			vn_nodeset_add(&to->nodes, (unsigned)node_ix);
	} else if (node_ix < 0 || !vn_nodeset_has(&to->nodes, (unsigned)node_ix)) {
		to->nodes = (vn_nodeset){ 0 };
	}
}

/* Count a cell's vCPUs by what they need, and find the nodes that hold the owner's pins. */
static void count_vcpus(struct problem *p, uint32_t cell)
{
	const vn_request *request = p->request;
	const vn_cpuset *vcpus = p->cell_vcpus[cell];
	struct place_cell *to = &p->cells[cell];
	uint32_t words = (request->vcpus + 63) / 64;

	to->vcpus = to->pins = 0;
	to->nodes_fixed = false;
	for (uint32_t i = 0; i < words; i++) {
		uint64_t dedicated = vcpus->word[i] & request->dedicated.word[i];

		to->vcpus += (uint32_t)__builtin_popcountll(vcpus->word[i]);
		to->pins += (uint32_t)__builtin_popcountll(dedicated);
	}
	to->floating = to->vcpus - to->pins;
	if (!request->vcpupin)
		return;
	VN_CPUSET_EACH(vcpu, vcpus)
		if (vn_cpuset_has(&request->vcpupin_given, (unsigned)vcpu)) {
			to->pins -= vn_cpuset_has(&request->dedicated, (unsigned)vcpu);
			fix_node(p, (uint32_t)vcpu, to);
		}
}

static void fix_memnodes(struct problem *p, uint32_t cell)
{
	const vn_request *request = p->request;
	struct place_cell *to = &p->cells[cell];

	to->memnodes_fixed = vn_cpuset_has(&request->memnode_given, cell);
	if (!to->memnodes_fixed)
		return;
	to->memnodes = (vn_nodeset){ 0 };
	VN_NODESET_EACH(node, &request->memnode[cell]) {
		int ix = vn_host_node_ix(p->host, (uint32_t)node);

		if (ix >= 0)
			vn_nodeset_add(&to->memnodes, (unsigned)ix);
	}
}

static bool are_twins(const struct place_cell *a, const struct place_cell *b)
{
	return a->vcpus == b->vcpus && a->floating == b->floating && a->pins == b->pins &&
	       a->extra == b->extra && a->mem_kib == b->mem_kib && a->memdev_kib == b->memdev_kib &&
	       a->want == b->want && a->page_kib == b->page_kib &&
	       a->nodes_fixed == b->nodes_fixed &&
	       (!a->nodes_fixed || vn_nodeset_equal(&a->nodes, &b->nodes)) &&
	       a->memnodes_fixed == b->memnodes_fixed &&
	       (!a->memnodes_fixed || vn_nodeset_equal(&a->memnodes, &b->memnodes));
}

/* Number the kinds of cells by their first one. */
static void find_kinds(struct problem *p)
{
	p->n_kinds = 0;
	for (uint32_t c = 0; c < p->n_cells; c++) {
		struct place_cell *cell = &p->cells[c];
		uint32_t kind = 0;

		cell->twin = c && are_twins(&p->cells[c - 1], cell);
		if (cell->twin) {
			cell->kind = p->cells[c - 1].kind;
			continue;
		}
		while (kind < p->n_kinds && !are_twins(&p->cells[p->kind_cell[kind]], cell))
			kind++;
		cell->kind = (uint8_t)kind;
		if (kind == p->n_kinds)
			p->kind_cell[p->n_kinds++] = (uint8_t)c;
	}
}

void cut_cells(struct problem *p, uint32_t n, uint64_t unit_kib)
{
	const vn_request *request = p->request;

	p->n_cells = n;
	if (request->n_cells) {
		for (uint32_t c = 0; c < n; c++) {
			p->cell_vcpus[c] = &request->cells[c].vcpus;
			p->cells[c].mem_kib = request->cells[c].mem_kib;
		}
	} else {
		cut_vcpus(p, n);
		cut_memory(p, n, unit_kib);
	}
	for (uint32_t c = 0; c < n; c++) {
		p->cells[c].memdev_kib = 0;
		p->cells[c].extra =
			c == 0 && p->dedicated && request->emulator_policy == VN_EMULATOR_ISOLATE;
		wish_pages(request, c, &p->cells[c]);
		count_vcpus(p, c);
		fix_memnodes(p, c);
	}
	place_memdevs(p);
	find_kinds(p);
}

/* ---- units ---- */

static void add_unit(uint64_t units[VN_PAGE_SIZES_MAX], uint32_t *n, uint64_t size_kib)
{
	uint32_t at = 0;

	while (at < *n && units[at] < size_kib)
		at++;
	if ((at < *n && units[at] == size_kib) || *n == VN_PAGE_SIZES_MAX)
		return;
	memmove(&units[at + 1], &units[at], (*n - at) * sizeof(*units));
	units[at] = size_kib;
	++*n;
}

/* The smallest size of a kind, or all of them from it on. */
static void add_units(const vn_node *node, bool huge, bool all, uint64_t units[VN_PAGE_SIZES_MAX],
		      uint32_t *n)
{
	uint32_t from = huge ? vn_node_first_huge(node) : 0, to = all ? node->n_pages : from + 1;

	if (!huge && !vn_node_first_huge(node))
		add_unit(units, n, 4); /* ordinary pages are not listed */
	for (uint32_t i = from; i < to && i < node->n_pages; i++)
		if (huge || all || i < vn_node_first_huge(node))
			add_unit(units, n, node->pages[i].size_kib);
}

uint32_t cut_units(const struct problem *p, uint64_t units[VN_PAGE_SIZES_MAX])
{
	const vn_host *host = p->host;
	struct place_cell cell;
	uint32_t n = 0;
	bool huge;

	wish_pages(p->request, 0, &cell);
	huge = cell.want == VN_PAGES_LARGE || cell.want == VN_PAGES_DEFAULT;
	if (cell.want == VN_PAGES_SIZE) {
		units[0] = cell.page_kib;
		return 1;
	}
	for (uint32_t i = 0; i < host->n_nodes; i++)
		add_units(&host->nodes[i], huge,
			  cell.want == VN_PAGES_LARGE || cell.want == VN_PAGES_ANY, units, &n);
	if (!n)
		units[n++] = 4;
	return n;
}
