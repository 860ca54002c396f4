/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the guest sees of the host: threads, sockets, cells, distances. A guest that is told wrong
 * things schedules for a machine that is not there. */
#include "doctor/look.h"

/* ---- VN008: guest threads ---- */

static int32_t core_of(const vn_look *look, const vn_subject *s, uint32_t vcpu)
{
	int cpu = vn_cpuset_next(&s->vcpu[vcpu], -1);

	return cpu < 0 ? -1 : look->host->cpus[cpu].core;
}

/* Every guest core's vCPUs that have CPUs of their own must be siblings on the host. */
static void check_guest_cores(vn_look *look, const vn_subject *s, uint32_t threads)
{
	bool ours = vn_look_wrote(s, VN_SET_TOPOLOGY, 0);
	vn_finding *finding;

	for (uint32_t first = 0; first + threads <= s->config->vcpus; first += threads) {
		vn_cpuset vcpus = { 0 }, cpus = { 0 };
		bool apart = false;

		vn_cpuset_add_range(&vcpus, first, first + threads - 1);
		if (!vn_cpuset_contains(&s->single, &vcpus))
			continue;
		VN_CPUSET_EACH(vcpu, &vcpus) {
			vn_cpuset_or(&cpus, &s->vcpu[vcpu]);
			apart |= core_of(look, s, (uint32_t)vcpu) != core_of(look, s, first);
		}
		if (!apart)
			continue;
		finding = vn_look_find(look, ours ? VN_CHECK_INFO : VN_CHECK_WARN, -1,
				       "%s are threads of one core in the guest, but pinned to "
				       "CPUs %s, which are not siblings",
				       vn_look_vcpus(look, &vcpus), vn_look_cpu_list(look, &cpus));
		vn_look_plan(look, finding);
	}
}

/* Cells of equal size with consecutive vCPUs: only there can threads be shown. */
static bool cells_are_even(const vn_subject *s)
{
	unsigned size = vn_cpuset_count(&s->cells[0].vcpus);

	for (uint32_t c = 0; c < s->n_cells; c++) {
		vn_cpuset block = { 0 };

		if (!size)
			return false;
		vn_cpuset_add_range(&block, c * size, (c + 1) * size - 1);
		if (!vn_cpuset_equal(&block, &s->cells[c].vcpus))
			return false;
	}
	return true;
}

/* vCPUs on each core that the guest has, if it is the same number on all of them; else 0. */
static uint32_t vcpus_each_core(const vn_look *look, const vn_subject *s)
{
	uint32_t each = 0;

	VN_CPUSET_EACH(vcpu, &s->single) {
		int32_t core = core_of(look, s, (uint32_t)vcpu);
		vn_cpuset cpus;

		if (core < 0)
			return 0;
		cpus = vn_host_core_cpus(look->host, core);
		vn_cpuset_and(&cpus, &s->own);
		if (each && vn_cpuset_count(&cpus) != each)
			return 0;
		each = vn_cpuset_count(&cpus);
	}
	return each;
}

void vn_check_threads(vn_look *look, const vn_subject *s)
{
	uint32_t threads = s->config->topology_given ? s->config->topology.threads : 1, each;
	vn_finding *finding;

	if (look->host->threads_per_core < 2 || vn_cpuset_is_empty(&s->single))
		return;
	if (threads > 1) {
		check_guest_cores(look, s, threads);
		return;
	}
	each = vcpus_each_core(look, s);
	if (vn_cpuset_count(&s->single) != s->config->vcpus || each < 2 || !cells_are_even(s) ||
	    vn_cpuset_count(&s->cells[0].vcpus) % each || vn_look_wrote(s, VN_SET_TOPOLOGY, 0))
		return;
	finding =
		vn_look_find(look, VN_CHECK_WARN, -1,
			     "every %u of its %u vCPUs are pinned to the threads of one core, but "
			     "the guest sees %u cores of one thread",
			     each, s->config->vcpus, s->config->vcpus);
	vn_look_plan(look, finding);
}

/* ---- VN009: sockets and cores within cells ---- */

static int32_t cell_of(const vn_subject *s, uint32_t vcpu)
{
	for (uint32_t c = 0; c < s->n_cells; c++)
		if (vn_cpuset_has(&s->cells[c].vcpus, vcpu))
			return (int32_t)c;
	return -1;
}

/* The first group of `size` consecutive vCPUs that is in two cells; -1: none. */
static int64_t group_in_two_cells(const vn_subject *s, uint32_t size)
{
	for (uint32_t vcpu = 0; vcpu < s->config->vcpus; vcpu++)
		if (cell_of(s, vcpu) != cell_of(s, vcpu / size * size))
			return vcpu / size;
	return -1;
}

static void fix_topology(vn_look *look, vn_finding *finding, const vn_subject *s)
{
	uint32_t threads = s->config->topology_given ? s->config->topology.threads : 1;
	uint32_t each = s->config->vcpus / s->n_cells;

	if (cells_are_even(s) && threads && each % threads == 0)
		vn_look_fix(look, finding, VN_FIX_XML,
			    "<topology sockets='%u' dies='1' cores='%u' threads='%u'/>", s->n_cells,
			    each / threads, threads);
	else
		vn_look_fix(look, finding, VN_FIX_XML,
			    "<topology sockets='%u' dies='1' cores='1' threads='1'/>",
			    s->config->vcpus);
}

void vn_check_sockets(vn_look *look, const vn_subject *s)
{
	const vn_topology *topology = &s->config->topology;
	uint32_t per_socket = topology->dies * topology->cores * topology->threads;
	vn_finding *finding;
	int64_t group;

	if (s->config->n_cells < 2 || !s->config->topology_given || !per_socket)
		return;
	if ((group = group_in_two_cells(s, topology->threads)) >= 0)
		finding = vn_look_find(look, VN_CHECK_FAIL, -1,
				       "guest core %u (vCPUs %u-%u) has threads in two cells; "
				       "guest kernels refuse such a topology",
				       (unsigned)group, (unsigned)group * topology->threads,
				       (unsigned)(group + 1) * topology->threads - 1);
	else if ((group = group_in_two_cells(s, per_socket)) >= 0)
		finding = vn_look_find(look, VN_CHECK_WARN, -1,
				       "guest socket %u (vCPUs %u-%u) is in two cells",
				       (unsigned)group, (unsigned)group * per_socket,
				       (unsigned)(group + 1) * per_socket - 1);
	else
		return;
	fix_topology(look, finding, s);
}

/* ---- VN010: no topology ---- */

void vn_check_topology(vn_look *look, const vn_subject *s)
{
	enum { SOCKETS_FINE = 2 };
	vn_finding *finding;

	if (s->domain->has_topology || s->config->vcpus <= SOCKETS_FINE)
		return;
	finding = vn_look_find(look, s->domain->windows ? VN_CHECK_WARN : VN_CHECK_INFO, -1,
			       "it has no <topology>, so that each of its %u vCPUs is a socket%s",
			       s->config->vcpus,
			       s->domain->windows ? ", and Windows uses only as many sockets as "
						    "its licence has"
						  : "");
	fix_topology(look, finding, s);
}

/* ---- VN032: vCPUs in no cell ---- */

void vn_check_partial_cells(vn_look *look, const vn_subject *s)
{
	const vn_domain *domain = s->domain;
	vn_finding *finding;

	if (vn_cpuset_is_empty(&domain->uncovered))
		return;
	finding = vn_look_find(look, VN_CHECK_WARN, -1,
			       "no <cell> names %s: libvirt adds to cell 0 what is left",
			       vn_look_vcpus(look, &domain->uncovered));
	vn_look_fix(look, finding, VN_FIX_XML, "<cell id='0' cpus='%s' .../>",
		    vn_look_cpu_list(look, &s->cells[0].vcpus));
}

/* ---- VN038: distances ---- */

/* The node of a cell: the one of its CPUs, else the one of its memory; -1: not one. */
static int node_ix_of(const vn_look *look, const vn_look_cell *cell)
{
	const vn_nodeset *nodes = &cell->cpu_nodes;

	if (vn_nodeset_count(nodes) != 1)
		nodes = &cell->mem;
	if (vn_nodeset_count(nodes) != 1)
		return -1;
	return vn_host_node_ix(look->host, (uint32_t)vn_nodeset_next(nodes, -1));
}

static uint32_t host_distance(const vn_look *look, const vn_subject *s, uint32_t a, uint32_t b)
{
	return vn_host_distance(look->host, (uint32_t)node_ix_of(look, &s->cells[a]),
				(uint32_t)node_ix_of(look, &s->cells[b]));
}

static uint32_t guest_distance(const vn_subject *s, uint32_t a, uint32_t b)
{
	return s->domain->slit[(size_t)a * s->n_cells + b];
}

static bool on_nodes_of_their_own(const vn_look *look, const vn_subject *s)
{
	vn_nodeset seen = { 0 };

	for (uint32_t c = 0; c < s->n_cells; c++) {
		int ix = node_ix_of(look, &s->cells[c]);

		if (ix < 0 || vn_nodeset_has(&seen, (unsigned)ix))
			return false;
		vn_nodeset_add(&seen, (unsigned)ix);
	}
	return true;
}

/* From *a, *b is nearer than *c on the host, and not in the guest. */
static bool order_differs(const vn_look *look, const vn_subject *s, uint32_t *a, uint32_t *b,
			  uint32_t *c)
{
	for (*a = 0; *a < s->n_cells; ++*a)
		for (*b = 0; *b < s->n_cells; ++*b)
			for (*c = 0; *c < s->n_cells; ++*c)
				if (host_distance(look, s, *a, *b) <
					    host_distance(look, s, *a, *c) &&
				    guest_distance(s, *a, *b) >= guest_distance(s, *a, *c))
					return true;
	return false;
}

static void fix_distances(vn_look *look, vn_finding *finding, const vn_subject *s)
{
	VN_AUTO_TEXT text = VN_TEXT_INIT;

	for (uint32_t a = 0; a < s->n_cells && text.len < 1500; a++) {
		vn_text_addf(&text, "%s<cell id='%u' ...><distances>", a ? "\n" : "", a);
		for (uint32_t b = 0; b < s->n_cells; b++)
			vn_text_addf(&text, "<sibling id='%u' value='%u'/>", b,
				     host_distance(look, s, a, b));
		vn_text_add(&text, "</distances></cell>");
	}
	look->no_memory |= text.failed;
	if (!text.failed)
		vn_look_fix(look, finding, VN_FIX_XML, "%s", text.bytes);
}

void vn_check_distances(vn_look *look, const vn_subject *s)
{
	uint32_t a = 0, b = 0, c = 0;
	vn_finding *finding;

	if (s->config->n_cells < 2 || !on_nodes_of_their_own(look, s))
		return;
	if (!look->host->slit) {
		vn_look_skip(look, "the distances of the host are not known");
		return;
	}
	if (!order_differs(look, s, &a, &b, &c))
		return;
	finding = vn_look_find(look, VN_CHECK_INFO, -1,
			       "from cell %u, cell %u is nearer than cell %u on the host (%u and "
			       "%u), and not in the guest (%u and %u%s)",
			       a, b, c, host_distance(look, s, a, b), host_distance(look, s, a, c),
			       guest_distance(s, a, b), guest_distance(s, a, c),
			       s->domain->distances ? "" : ", for it has no <distances>");
	fix_distances(look, finding, s);
}

/* ---- VN040: a plan for another host ---- */

static bool plan_names_missing(const vn_look *look, const vn_subject *s)
{
	vn_cpuset written = s->guest->policy->wrote[VN_SET_VCPUPIN];

	vn_cpuset_and(&written, &s->config->vcpupin_given);
	VN_CPUSET_EACH(vcpu, &written) {
		if (!vn_cpuset_contains(&look->online, &s->config->vcpupin[vcpu]))
			return true;
	}
	VN_NODESET_EACH(id, &s->mem_bound) {
		if (!vn_look_node(look, (uint32_t)id))
			return true;
	}
	return false;
}

/* Distances that the plan copied from the host are this host's, but where a cell has no number of
 * its own there (two cells on a node). */
static bool plan_has_other_distances(const vn_look *look, const vn_subject *s, uint32_t *a,
				     uint32_t *b)
{
	if (!look->host->slit || s->config->n_cells < 2 || !on_nodes_of_their_own(look, s))
		return false;
	for (*a = 0; *a < s->n_cells; ++*a)
		for (*b = 0; *b < s->n_cells; ++*b)
			if (vn_look_wrote(s, VN_SET_DISTANCES, *a) &&
			    guest_distance(s, *a, *b) != host_distance(look, s, *a, *b))
				return true;
	return false;
}

static bool plan_spreads_cells(const vn_look *look, const vn_subject *s)
{
	for (uint32_t c = 0; c < s->n_cells; c++) {
		vn_nodeset near = vn_look_memory_near(look, &s->cells[c].cpu_nodes);

		if (vn_cpuset_contains(&s->guest->policy->wrote[VN_SET_VCPUPIN],
				       &s->cells[c].vcpus) &&
		    !vn_cpuset_is_empty(&s->cells[c].vcpus) &&
		    (vn_nodeset_count(&s->cells[c].cpu_nodes) > 1 ||
		     (vn_look_wrote(s, VN_SET_MEMNODE, c) && s->cells[c].bound &&
		      !vn_nodeset_overlaps(&near, &s->cells[c].mem))))
			return true;
	}
	return false;
}

void vn_check_planned_elsewhere(vn_look *look, const vn_subject *s)
{
	uint32_t a = 0, b = 0;
	vn_finding *finding;

	if (!s->planned)
		return;
	if (plan_names_missing(look, s))
		finding = vn_look_find(look, VN_CHECK_WARN, -1,
				       "its plan names CPUs or nodes that this host does not have");
	else if (plan_has_other_distances(look, s, &a, &b))
		finding = vn_look_find(look, VN_CHECK_WARN, -1,
				       "its plan has distance %u between cells %u and %u, their "
				       "nodes are %u apart here",
				       guest_distance(s, a, b), a, b, host_distance(look, s, a, b));
	else if (plan_spreads_cells(look, s))
		finding = vn_look_find(look, VN_CHECK_WARN, -1,
				       "its plan keeps each cell on one node, which its CPUs are "
				       "not here");
	else
		return;
	vn_look_plan(look, finding);
}
