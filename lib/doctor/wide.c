/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Has the guest the shape of the host? A guest that fits a node belongs on one; a larger one needs
 * cells, and each cell belongs on one node with its memory. */
#include "doctor/look.h"

/* ---- VN001, VN002: guests without cells ---- */

static uint64_t memory_of(const vn_look *look, const vn_nodeset *nodes)
{
	uint64_t kib = 0;

	for (uint32_t n = 0; n < look->host->n_nodes; n++)
		if (vn_nodeset_has(nodes, look->host->nodes[n].id))
			kib += look->host->nodes[n].mem_kib;
	return kib;
}

static uint64_t guest_kib(const vn_subject *s)
{
	uint64_t kib = 0;

	for (uint32_t c = 0; c < s->n_cells; c++)
		kib += s->cells[c].mem_kib;
	return kib;
}

/* The nodes whose CPUs and memory could hold the guest. */
static vn_nodeset nodes_that_hold(const vn_look *look, const vn_subject *s)
{
	vn_nodeset hold = { 0 };

	for (uint32_t n = 0; n < look->host->n_nodes; n++) {
		vn_nodeset one = { 0 }, near;
		vn_cpuset cpus;

		vn_nodeset_add(&one, look->host->nodes[n].id);
		cpus = vn_look_cpus_of(look, &one);
		near = vn_look_memory_near(look, &one);
		if (vn_cpuset_count(&cpus) >= s->config->vcpus &&
		    memory_of(look, &near) >= guest_kib(s))
			vn_nodeset_or(&hold, &one);
	}
	return hold;
}

/* Each vCPU is pinned within a node, and not all to the same one. */
static bool is_pinned_apart(const vn_look *look, const vn_subject *s)
{
	if (vn_nodeset_count(&s->cpu_nodes) < 2)
		return false;
	for (uint32_t vcpu = 0; vcpu < s->config->vcpus; vcpu++) {
		vn_nodeset nodes = vn_look_nodes_of(look, &s->vcpu[vcpu]);

		if (vn_nodeset_count(&nodes) != 1)
			return false;
	}
	return true;
}

static bool is_one_node_host(const vn_look *look)
{
	return look->nodes_with_cpus < 2;
}

static void largest_node(const vn_look *look, unsigned *cpus, uint64_t *kib)
{
	*cpus = 0;
	*kib = 0;
	for (uint32_t n = 0; n < look->host->n_nodes; n++) {
		vn_nodeset one = { 0 };
		vn_cpuset of;

		vn_nodeset_add(&one, look->host->nodes[n].id);
		of = vn_look_cpus_of(look, &one);
		if (vn_cpuset_count(&of) > *cpus)
			*cpus = vn_cpuset_count(&of);
		if (look->host->nodes[n].mem_kib > *kib)
			*kib = look->host->nodes[n].mem_kib;
	}
}

void vn_check_wide(vn_look *look, const vn_subject *s)
{
	vn_nodeset hold;
	vn_finding *finding;
	unsigned cpus;
	uint64_t kib;

	if (s->config->n_cells || is_one_node_host(look))
		return;
	hold = nodes_that_hold(look, s);
	if (vn_nodeset_is_empty(&hold)) {
		largest_node(look, &cpus, &kib);
		finding = vn_look_find(look, VN_CHECK_WARN, -1,
				       "%u vCPUs and %s are more than a node has (at most %u CPUs "
				       "and %s), and the guest has no cells: it sees one node",
				       s->config->vcpus, vn_look_size(look, guest_kib(s)), cpus,
				       vn_look_size(look, kib));
		vn_look_plan(look, finding);
	} else if (is_pinned_apart(look, s)) {
		finding = vn_look_find(look, VN_CHECK_WARN, -1,
				       "its vCPUs are pinned to %s, but it has no cells: it sees "
				       "one node",
				       vn_look_node_list(look, &s->cpu_nodes));
		vn_look_plan(look, finding);
	}
}

/* The one node where its memory is: bound, or four fifths of what was measured. */
static vn_nodeset memory_node(const vn_look *look, const vn_subject *s)
{
	vn_nodeset one, all = { 0 };
	uint64_t sum;

	if (vn_nodeset_count(&s->mem_bound) == 1)
		return s->mem_bound;
	if (!vn_look_measured(look, s))
		return (vn_nodeset){ 0 };
	for (uint32_t n = 0; n < look->host->n_nodes; n++)
		vn_nodeset_add(&all, look->host->nodes[n].id);
	sum = vn_look_memory_on(look, s, &all);
	VN_NODESET_EACH(id, &all) {
		one = (vn_nodeset){ 0 };
		vn_nodeset_add(&one, (unsigned)id);
		if (sum && vn_look_memory_on(look, s, &one) * 5 >= sum * 4)
			return one;
	}
	return (vn_nodeset){ 0 };
}

/* "; of its memory 512 MiB are on node 0, 64 MiB on node 2", or "". */
static const char *memory_words(vn_look *look, const vn_subject *s)
{
	VN_AUTO_TEXT words = VN_TEXT_INIT;
	const char *kept;

	if (!vn_look_measured(look, s))
		return "";
	for (uint32_t n = 0; n < look->host->n_nodes && words.len < 200; n++) {
		vn_nodeset one = { 0 };
		uint64_t kib;
		char size[32];

		vn_nodeset_add(&one, look->host->nodes[n].id);
		kib = vn_look_memory_on(look, s, &one);
		if (kib)
			vn_text_addf(&words, "%s%s on node %u", words.len ? ", " : "; its memory: ",
				     vn_size_format(kib, size, sizeof(size)),
				     look->host->nodes[n].id);
	}
	kept = words.len && !words.failed ? vn_arena_strndup(look->arena, words.bytes, words.len)
					  : "";
	look->no_memory |= !kept;
	return kept ? kept : "";
}

void vn_check_floating(vn_look *look, const vn_subject *s)
{
	vn_nodeset hold, memory;
	vn_finding *finding;

	if (s->config->n_cells > 1 || is_one_node_host(look))
		return;
	if (s->by_numad) {
		vn_look_skip(look, "numad chooses its CPUs at each start");
		return;
	}
	hold = nodes_that_hold(look, s);
	if (vn_nodeset_count(&s->cpu_nodes) < 2 || vn_nodeset_is_empty(&hold) ||
	    is_pinned_apart(look, s))
		return;
	finding = vn_look_find(look, VN_CHECK_WARN, -1,
			       "its %u vCPUs may run on %s, though one node could hold it%s",
			       s->config->vcpus, vn_look_node_list(look, &s->cpu_nodes),
			       memory_words(look, s));
	memory = memory_node(look, s);
	if (vn_nodeset_contains(&hold, &memory) && !vn_nodeset_is_empty(&memory))
		vn_look_pin_to(look, finding, &s->cells[0].vcpus, &memory);
	else
		vn_look_plan(look, finding);
}

/* ---- VN003: CPUs here, memory there ---- */

static void fix_apart(vn_look *look, vn_finding *finding, const vn_subject *s,
		      const vn_nodeset *memory)
{
	vn_nodeset near = vn_look_memory_near(look, &s->cpu_nodes);
	vn_remedy move = { .kind = VN_REMEDY_MEMORY_NODES, .nodes = near };

	if (s->n_cells == 1 && s->cells[0].bound && s->cells[0].mode == VN_MEM_RESTRICTIVE)
		vn_look_remedy(look, finding, &move);
	else if (s->n_cells == 1 && !vn_nodeset_is_empty(memory))
		vn_look_pin_to(look, finding, &s->cells[0].vcpus, memory);
	else
		vn_look_plan(look, finding);
}

void vn_check_apart(vn_look *look, const vn_subject *s)
{
	vn_nodeset near = vn_look_memory_near(look, &s->cpu_nodes), all = { 0 }, at;
	bool bound = s->n_cells == 1 && s->cells[0].bound;
	uint64_t sum, here;
	vn_finding *finding;

	if (s->by_numad || vn_nodeset_is_empty(&near))
		return;
	if (bound && !vn_nodeset_overlaps(&s->cells[0].mem, &near)) {
		finding = vn_look_find(look, VN_CHECK_WARN, vn_nodeset_next(&s->cells[0].mem, -1),
				       "its vCPUs may run on %s, its memory is bound to %s",
				       vn_look_node_list(look, &s->cpu_nodes),
				       vn_look_node_list(look, &s->cells[0].mem));
		fix_apart(look, finding, s, &s->cells[0].mem);
		return;
	}
	if (!vn_look_measured(look, s))
		return;
	for (uint32_t n = 0; n < look->host->n_nodes; n++)
		vn_nodeset_add(&all, look->host->nodes[n].id);
	sum = vn_look_memory_on(look, s, &all);
	here = vn_look_memory_on(look, s, &near);
	if (here >= sum || (sum - here) * 20 <= sum)
		return;
	finding = vn_look_find(look, VN_CHECK_WARN, -1,
			       "%s of the %s that it uses (%u %%) are on nodes where none of its "
			       "vCPUs may run%s",
			       vn_look_size(look, sum - here), vn_look_size(look, sum),
			       (unsigned)((sum - here) * 100 / sum), memory_words(look, s));
	at = memory_node(look, s);
	fix_apart(look, finding, s, &at);
}

/* ---- VN004: each cell on a node ---- */

/* Those of its vCPUs that may leave the node of its memory. */
static void pin_home(vn_look *look, vn_finding *finding, const vn_subject *s,
		     const vn_look_cell *cell)
{
	vn_cpuset away = { 0 };

	VN_CPUSET_EACH(vcpu, &cell->vcpus) {
		vn_nodeset nodes = vn_look_nodes_of(look, &s->vcpu[vcpu]);

		if (!vn_nodeset_contains(&cell->mem, &nodes))
			vn_cpuset_add(&away, (unsigned)vcpu);
	}
	vn_look_pin_to(look, finding, &away, &cell->mem);
}

static void check_cell(vn_look *look, const vn_subject *s, uint32_t number)
{
	const vn_look_cell *cell = &s->cells[number];
	vn_nodeset near = vn_look_memory_near(look, &cell->cpu_nodes);
	vn_finding *finding = NULL;

	if (vn_nodeset_count(&cell->cpu_nodes) > 1)
		finding = vn_look_find(look, VN_CHECK_WARN, -1, "%s of cell %u may run on %s%s%s",
				       vn_look_vcpus(look, &cell->vcpus), number,
				       vn_look_node_list(look, &cell->cpu_nodes),
				       cell->bound ? ", its memory is bound to " : "",
				       cell->bound ? vn_look_node_list(look, &cell->mem) : "");
	else if (cell->bound && !vn_nodeset_is_empty(&near) &&
		 !vn_nodeset_overlaps(&cell->mem, &near))
		finding = vn_look_find(look, VN_CHECK_WARN, vn_nodeset_next(&cell->mem, -1),
				       "%s of cell %u may run on %s, its memory is bound to %s",
				       vn_look_vcpus(look, &cell->vcpus), number,
				       vn_look_node_list(look, &cell->cpu_nodes),
				       vn_look_node_list(look, &cell->mem));
	else if (!cell->bound && cell->mem_kib)
		finding = vn_look_find(look, VN_CHECK_INFO, -1,
				       "the memory of cell %u is bound to no node", number);
	if (!finding)
		return;
	if (!cell->bound && vn_nodeset_count(&near) == 1)
		vn_look_fix(look, finding, VN_FIX_XML,
			    "<memnode cellid='%u' mode='strict' nodeset='%d'/>", number,
			    vn_nodeset_next(&near, -1));
	else if (cell->bound && vn_nodeset_count(&cell->mem) == 1)
		pin_home(look, finding, s, cell);
	else
		vn_look_plan(look, finding);
}

void vn_check_cell_spread(vn_look *look, const vn_subject *s)
{
	if (s->config->n_cells < 2 || is_one_node_host(look))
		return;
	if (s->by_numad) {
		vn_look_skip(look, "numad chooses its CPUs at each start");
		return;
	}
	for (uint32_t cell = 0; cell < s->n_cells; cell++)
		if (!vn_cpuset_is_empty(&s->cells[cell].vcpus))
			check_cell(look, s, cell);
}
