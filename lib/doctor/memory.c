/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Memory: what is promised on each node against what is there, where it is bound, and what may move
 * or be swapped. What a guest that runs has touched is in the host's used memory already; only the
 * rest of its promise is still to come. */
#include <string.h>

#include "doctor/look.h"

/* ---- promises on a node (OS number), of one page size (0: ordinary), KiB ---- */

static bool is_only_on(const vn_look_cell *cell, uint32_t node)
{
	return cell->bound && vn_nodeset_count(&cell->mem) == 1 && vn_nodeset_has(&cell->mem, node);
}

static uint64_t promised(const vn_subject *s, uint32_t node, uint64_t page_kib)
{
	uint64_t sum = 0;

	for (uint32_t c = 0; s->config && c < s->n_cells; c++)
		if (vn_look_is_strict(&s->cells[c]) && is_only_on(&s->cells[c], node) &&
		    s->cells[c].page_kib == page_kib)
			sum += s->cells[c].mem_kib;
	return sum;
}

static uint64_t ordinary_total(const vn_node *node)
{
	return node->n_pages ? node->pages[0].total * node->pages[0].size_kib : node->mem_kib;
}

/* What a running guest has on the node already; UINT64_MAX: not known, as if it had all. */
static uint64_t has_on(const vn_look *look, const vn_subject *s, int node_ix, bool huge,
		       uint64_t page_kib)
{
	const vn_memory_use *memory = &s->guest->memory;
	uint64_t sum = 0;

	if (!vn_look_measured(look, s))
		return UINT64_MAX;
	for (uint32_t i = 0; i < memory->n_sizes; i++)
		if (huge ? memory->size_kib[i] == page_kib : i == 0)
			sum += memory->kib[(size_t)i * look->host->n_nodes + (size_t)node_ix];
	return sum;
}

/* What it will still take there. */
static uint64_t to_come(const vn_look *look, const vn_subject *s, uint32_t node, uint64_t page_kib)
{
	uint64_t all = promised(s, node, page_kib), has;

	if (!s->running || !all)
		return all;
	has = has_on(look, s, vn_host_node_ix(look->host, node), page_kib != 0, page_kib);
	return has < all ? all - has : 0;
}

/* Of the guests that run, and of those that start before `s` and it. */
static uint64_t all_to_come(const vn_look *look, const vn_subject *s, uint32_t node,
			    uint64_t page_kib)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < look->n_subjects; i++) {
		const vn_subject *other = &look->subjects[i];

		if (other->running || other->index <= s->index)
			sum += to_come(look, other, node, page_kib);
	}
	return sum;
}

static uint64_t all_promised(const vn_look *look, uint32_t node)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < look->n_subjects; i++)
		sum += promised(&look->subjects[i], node, 0);
	return sum;
}

/* ---- VN005 ---- */

static void words_memory(vn_look *look, vn_finding *finding)
{
	vn_look_fix(look, finding, VN_FIX_WORDS,
		    "move a guest away from this node ('vnuma plan' shows where it fits), give "
		    "one less memory, or bind with mode='preferred'");
}

static void check_node(vn_look *look, const vn_subject *s, const vn_node *node)
{
	uint64_t mine = promised(s, node->id, 0), all, coming, free;
	vn_finding *finding;

	if (!mine)
		return;
	all = all_promised(look, node->id);
	coming = all_to_come(look, s, node->id, 0);
	free = vn_node_free_kib(node);
	if (all > ordinary_total(node))
		finding = vn_look_find(look, VN_CHECK_FAIL, node->id,
				       "guests are promised %s of ordinary memory on node %u, "
				       "which has %s; %s of it to this one",
				       vn_look_size(look, all), node->id,
				       vn_look_size(look, ordinary_total(node)),
				       vn_look_size(look, mine));
	else if (coming > free && to_come(look, s, node->id, 0))
		finding = vn_look_find(look, s->running ? VN_CHECK_WARN : VN_CHECK_FAIL, node->id,
				       "guests will still take %s on node %u, where %s are free",
				       vn_look_size(look, coming), node->id,
				       vn_look_size(look, free));
	else
		return;
	words_memory(look, finding);
}

/* A cell that is bound to several nodes, of a guest that is to start. */
static void check_wide_cell(vn_look *look, const vn_subject *s, uint32_t number)
{
	const vn_look_cell *cell = &s->cells[number];
	uint64_t free = 0;

	if (s->running || !vn_look_is_strict(cell) || cell->page_kib ||
	    vn_nodeset_count(&cell->mem) < 2)
		return;
	VN_NODESET_EACH(id, &cell->mem) {
		const vn_node *node = vn_look_node(look, (uint32_t)id);
		uint64_t there = node ? vn_node_free_kib(node) : 0;
		uint64_t gone = node ? all_to_come(look, s, (uint32_t)id, 0) : 0;

		free += there > gone ? there - gone : 0;
	}
	if (cell->mem_kib > free)
		words_memory(look, vn_look_find(look, VN_CHECK_FAIL, -1,
						"%s of cell %u are bound to %s, where %s are free",
						vn_look_size(look, cell->mem_kib), number,
						vn_look_node_list(look, &cell->mem),
						vn_look_size(look, free)));
}

void vn_check_node_memory(vn_look *look, const vn_subject *s)
{
	for (uint32_t n = 0; n < look->host->n_nodes; n++)
		check_node(look, s, &look->host->nodes[n]);
	for (uint32_t c = 0; c < s->n_cells; c++)
		check_wide_cell(look, s, c);
}

/* ---- VN006 ---- */

static void fix_pages(vn_look *look, vn_finding *finding, const vn_node *node, uint64_t page_kib,
		      uint64_t missing_kib)
{
	vn_look_fix(look, finding, VN_FIX_COMMAND, "%s allocpages %lluKiB %llu --cellno %u --add",
		    vn_look_virsh(look), (unsigned long long)page_kib,
		    (unsigned long long)((missing_kib + page_kib - 1) / page_kib), node->id);
}

/* One node, one page size of the guest. */
static void check_pages(vn_look *look, const vn_subject *s, const vn_node *node, uint64_t page_kib)
{
	const vn_pages *pages = vn_node_pages(node, page_kib);
	uint64_t coming, free = pages ? vn_pages_free(pages) * page_kib : 0;
	vn_finding *finding;

	if (s->running || !promised(s, node->id, page_kib))
		return;
	if (!node->n_pages) {
		vn_look_skip(look, "how many pages node %u has is not known", node->id);
		return;
	}
	coming = all_to_come(look, s, node->id, page_kib);
	if (coming <= free)
		return;
	finding = vn_look_find(look, VN_CHECK_FAIL, node->id,
			       "%s of pages of %s are needed on node %u, where %s of %s are free",
			       vn_look_size(look, coming), vn_look_size(look, page_kib), node->id,
			       vn_look_size(look, free),
			       vn_look_size(look, pages ? pages->total * page_kib : 0));
	fix_pages(look, finding, node, page_kib, coming - free);
}

/* Cells on huge pages that are bound to several nodes, or to none: all their nodes together. */
static void check_wide_pages(vn_look *look, const vn_subject *s, uint32_t number)
{
	const vn_look_cell *cell = &s->cells[number];
	uint64_t free = 0;
	bool known = false;

	if (s->running || !cell->page_kib ||
	    (vn_look_is_strict(cell) && vn_nodeset_count(&cell->mem) == 1))
		return;
	for (uint32_t n = 0; n < look->host->n_nodes; n++) {
		const vn_node *node = &look->host->nodes[n];
		const vn_pages *pages = vn_node_pages(node, cell->page_kib);

		known |= node->n_pages != 0;
		if (pages && (!vn_look_is_strict(cell) || vn_nodeset_has(&cell->mem, node->id)))
			free += vn_pages_free(pages) * cell->page_kib;
	}
	if (!known)
		vn_look_skip(look, "how many pages the nodes have is not known");
	else if (cell->mem_kib > free)
		vn_look_fix(look,
			    vn_look_find(look, VN_CHECK_FAIL, -1,
					 "cell %u needs %s of pages of %s, and %s are free where "
					 "it may have them",
					 number, vn_look_size(look, cell->mem_kib),
					 vn_look_size(look, cell->page_kib),
					 vn_look_size(look, free)),
			    VN_FIX_COMMAND, "%s allocpages %lluKiB COUNT --cellno NODE --add",
			    vn_look_virsh(look), (unsigned long long)cell->page_kib);
}

void vn_check_node_pages(vn_look *look, const vn_subject *s)
{
	for (uint32_t c = 0; c < s->n_cells; c++) {
		const vn_look_cell *cell = &s->cells[c];
		bool seen = false;

		check_wide_pages(look, s, c);
		for (uint32_t before = 0; before < c; before++)
			seen |= s->cells[before].page_kib == cell->page_kib;
		for (uint32_t n = 0; n < look->host->n_nodes && cell->page_kib && !seen; n++)
			check_pages(look, s, &look->host->nodes[n], cell->page_kib);
	}
}

/* ---- VN029: nodes that cannot serve ---- */

static const char *all_nodes(vn_look *look)
{
	vn_nodeset nodes = { 0 };

	for (uint32_t n = 0; n < look->host->n_nodes; n++)
		if (look->host->nodes[n].mem_kib)
			vn_nodeset_add(&nodes, look->host->nodes[n].id);
	return vn_look_node_list(look, &nodes);
}

static void check_bound_node(vn_look *look, const vn_subject *s, uint32_t number, uint32_t id)
{
	const vn_look_cell *cell = &s->cells[number];
	const vn_node *node = vn_look_node(look, id);
	vn_finding *finding = NULL;
	vn_cpuset cpus;

	if (!node)
		finding = vn_look_find(look, VN_CHECK_FAIL, id,
				       "memory of cell %u is bound to node %u, which is not there "
				       "(memory is on %s)",
				       number, id, all_nodes(look));
	else if (!node->mem_kib)
		finding = vn_look_find(look, VN_CHECK_FAIL, id,
				       "memory of cell %u is bound to node %u, which has none",
				       number, id);
	else if (node->gpu_memory)
		finding = vn_look_find(look, VN_CHECK_WARN, id,
				       "memory of cell %u is bound to node %u, the memory of an "
				       "accelerator",
				       number, id);
	if (finding) {
		vn_look_plan(look, finding);
		return;
	}
	cpus = vn_look_cpus_of(look, &cell->mem);
	if (!vn_cpuset_is_empty(&cpus))
		return;
	finding = vn_look_find(
		look,
		cell->page_kib || s->domain->allocate_at_start ? VN_CHECK_FAIL : VN_CHECK_INFO, id,
		cell->page_kib || s->domain->allocate_at_start
			? "memory of cell %u is taken at the start on node %u, "
			  "which has no CPUs to do it (QEMU: 'The nodes select no "
			  "CPUs')"
			: "memory of cell %u is bound to node %u, which has no "
			  "CPUs: all of it is remote",
		number, id);
	vn_look_plan(look, finding);
}

void vn_check_memory_nodes(vn_look *look, const vn_subject *s)
{
	for (uint32_t c = 0; c < s->n_cells; c++)
		VN_NODESET_EACH(id, &s->cells[c].mem)
			check_bound_node(look, s, c, (uint32_t)id);
}

/* ---- VN034: modes ---- */

enum { MANY_MAJOR = 5, MANY_MINOR = 15 }; /* MPOL_PREFERRED_MANY */

static bool kernel_prefers_many(const char *release)
{
	vn_cursor in = vn_cursor_of_string(NULL, release);
	uint64_t major = 0, minor = 0;

	if (vn_take_uint(&in, 1000, &major, NULL) < 0 || !vn_take_byte(&in, '.') ||
	    vn_take_uint(&in, 1000, &minor, NULL) < 0)
		return true;
	return major > MANY_MAJOR || (major == MANY_MAJOR && minor >= MANY_MINOR);
}

static void check_preferred(vn_look *look, const vn_subject *s)
{
	for (uint32_t c = 0; c < s->n_cells; c++) {
		const vn_look_cell *cell = &s->cells[c];

		if (cell->mode != VN_MEM_PREFERRED || vn_nodeset_count(&cell->mem) < 2)
			continue;
		if (!look->kernel->release) {
			vn_look_skip(look, "memory is preferred on several nodes, and the "
					   "kernel's release is not known");
			return;
		}
		if (kernel_prefers_many(look->kernel->release))
			continue;
		vn_look_fix(look,
			    vn_look_find(look, VN_CHECK_FAIL, -1,
					 "cell %u prefers %s, which Linux can do from 5.15 on; "
					 "this is %s",
					 c, vn_look_node_list(look, &cell->mem),
					 look->kernel->release),
			    VN_FIX_XML, "<memory mode='preferred' nodeset='%d'/>",
			    vn_nodeset_next(&cell->mem, -1));
		return;
	}
}

void vn_check_memory_modes(vn_look *look, const vn_subject *s)
{
	const vn_domain *domain = s->domain;
	bool all = domain->memory_mode == VN_MEM_RESTRICTIVE;
	VN_AUTO_TEXT nodes = VN_TEXT_INIT;

	VN_CPUSET_EACH(cell, &domain->memnodes) {
		bool this = domain->memnode_mode[cell] == VN_MEM_RESTRICTIVE;

		if (!domain->memory_mode_given || this == all || (uint32_t)cell >= s->n_cells)
			continue;
		vn_text_clear(&nodes);
		vn_text_add_nodeset(&nodes, &s->cells[cell].mem);
		vn_look_fix(look,
			    vn_look_find(look, VN_CHECK_FAIL, -1,
					 "the mode of <memory> is '%s' and that of <memnode "
					 "cellid='%d'> '%s': 'restrictive' goes with itself only",
					 vn_mem_mode_names[domain->memory_mode], cell,
					 vn_mem_mode_names[domain->memnode_mode[cell]]),
			    VN_FIX_XML, "<memnode cellid='%d' mode='%s' nodeset='%s'/>", cell,
			    vn_mem_mode_names[domain->memory_mode], nodes.bytes ? nodes.bytes : "");
	}
	check_preferred(look, s);
}

/* ---- VN024, VN037: locked memory ---- */

void vn_check_locked(vn_look *look, const vn_subject *s)
{
	uint64_t kib = 0;

	for (uint32_t c = 0; c < s->n_cells; c++)
		kib += s->cells[c].page_kib ? 0 : s->cells[c].mem_kib;
	if (!s->domain->locked || s->domain->hard_limit || !kib ||
	    vn_look_wrote(s, VN_SET_LOCKED, 0))
		return;
	/* QEMU's own needs are small against this allowance. */
	vn_look_fix(look,
		    vn_look_find(look, VN_CHECK_WARN, -1,
				 "its memory is locked (%s of ordinary pages), and no <hard_limit> "
				 "says how much QEMU may lock",
				 vn_look_size(look, kib)),
		    VN_FIX_XML, "<memtune><hard_limit unit='KiB'>%llu</hard_limit></memtune>",
		    (unsigned long long)(kib + kib / 16 + (2 << 20)));
}

void vn_check_locked_growing(vn_look *look, const vn_subject *s)
{
	if (s->domain->locked && s->domain->virtio_mem)
		vn_look_fix(look,
			    vn_look_find(look, VN_CHECK_FAIL, -1,
					 "it has a virtio-mem device and <locked/>: QEMU refuses "
					 "them together ('Incompatible with mlock')"),
			    VN_FIX_WORDS,
			    "take away <locked/>, or use <memory model='dimm'> for the memory that "
			    "grows");
}

/* ---- VN039: memory devices ---- */

void vn_check_memory_devices(vn_look *look, const vn_subject *s)
{
	for (uint32_t i = 0; i < s->config->n_memdevs; i++) {
		const vn_request_memdev *memdev = &s->config->memdevs[i];
		uint32_t cell = memdev->cell < 0 ? 0 : (uint32_t)memdev->cell;
		VN_AUTO_TEXT nodes = VN_TEXT_INIT;

		if (vn_nodeset_is_empty(&memdev->nodemask) || cell >= s->n_cells ||
		    !s->cells[cell].bound ||
		    vn_nodeset_contains(&s->cells[cell].mem, &memdev->nodemask))
			continue;
		vn_text_add_nodeset(&nodes, &s->cells[cell].mem);
		vn_look_fix(look,
			    vn_look_find(look, VN_CHECK_WARN,
					 vn_nodeset_next(&memdev->nodemask, -1),
					 "memory device %u is on %s, its cell %u is bound to %s", i,
					 vn_look_node_list(look, &memdev->nodemask), cell,
					 vn_look_node_list(look, &s->cells[cell].mem)),
			    VN_FIX_XML, "<source><nodemask>%s</nodemask></source>",
			    nodes.failed || !nodes.bytes ? "" : nodes.bytes);
	}
}

/* ---- VN023: swap ---- */

void vn_check_swap(vn_look *look, const vn_subject *s)
{
	const char *swappiness = look->kernel->swappiness ? look->kernel->swappiness : "not known";
	vn_finding *finding = NULL;

	if (s->running && s->guest->memory.how != VN_MEASURED_NOT && s->guest->memory.swap_kib)
		finding = vn_look_find(look, VN_CHECK_WARN, -1,
				       "%s of it are in swap (vm.swappiness is %s)",
				       vn_look_size(look, s->guest->memory.swap_kib), swappiness);
	else if (!vn_cpuset_is_empty(&s->domain->realtime) && !s->domain->locked)
		finding = vn_look_find(look, VN_CHECK_WARN, -1,
				       "its %s run in real time, and its memory is not locked",
				       vn_look_vcpus(look, &s->domain->realtime));
	else if (s->running && s->guest->memory.how == VN_MEASURED_NOT)
		vn_look_skip(look, "its memory was not measured%s%s",
			     s->guest->no_memory.code ? ": " : "", s->guest->no_memory.text);
	if (finding)
		vn_look_fix(look, finding, VN_FIX_XML,
			    "<memoryBacking><locked/></memoryBacking>\n"
			    "<memtune><hard_limit unit='KiB'>...</hard_limit></memtune>");
}
