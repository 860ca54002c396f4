/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Which CPUs they are: caches that pins share, CPUs left for the host, CPUs that the kernel has set
 * apart. */
#include "doctor/look.h"

/* ---- VN031 ---- */

/* CPUs of one cell that vCPUs have to themselves; empty where it is not all of them. */
static vn_cpuset cell_own(const vn_subject *s, const vn_look_cell *cell)
{
	vn_cpuset own = { 0 };

	if (!vn_cpuset_contains(&s->single, &cell->vcpus))
		return own;
	VN_CPUSET_EACH(vcpu, &cell->vcpus)
		vn_cpuset_or(&own, &s->vcpu[vcpu]);
	return own;
}

static uint32_t count_groups(const vn_look *look, const vn_cpuset *cpus)
{
	vn_cpuset seen = { 0 }; /* groups, by number: there are no more of them than CPUs */

	VN_CPUSET_EACH(cpu, cpus) {
		if (look->host->cpus[cpu].l3 >= 0)
			vn_cpuset_add(&seen, (unsigned)look->host->cpus[cpu].l3);
	}
	return vn_cpuset_count(&seen);
}

static uint32_t count_cores(const vn_look *look, const vn_cpuset *cpus)
{
	vn_cpuset seen = { 0 };

	VN_CPUSET_EACH(cpu, cpus) {
		if (look->host->cpus[cpu].core >= 0)
			vn_cpuset_add(&seen, (unsigned)look->host->cpus[cpu].core);
	}
	return vn_cpuset_count(&seen);
}

/* CPUs of a group on one node that the cell could have: its own and those that are nobody's. */
static vn_cpuset group_room(const vn_look *look, int32_t group, int32_t node_ix,
			    const vn_cpuset *own)
{
	const vn_node *node = &look->host->nodes[node_ix];
	vn_cpuset room = { 0 }, gone = look->owned;

	vn_cpuset_minus(&gone, own);
	for (uint32_t cpu = 0; cpu < look->host->n_cpus; cpu++)
		if (look->host->cpus[cpu].l3 == group && look->host->cpus[cpu].node_ix == node_ix)
			vn_cpuset_add(&room, cpu);
	vn_cpuset_and(&room, &node->pcpus);
	vn_cpuset_minus(&room, &gone);
	vn_cpuset_minus(&room, &node->pinned);
	return room;
}

static void check_cell_cache(vn_look *look, const vn_subject *s, uint32_t number)
{
	vn_cpuset own = cell_own(s, &s->cells[number]), tried = { 0 };
	uint32_t cores = count_cores(look, &own), groups = count_groups(look, &own);
	int32_t node_ix;

	if (groups < 2 || vn_nodeset_count(&s->cells[number].cpu_nodes) != 1)
		return;
	node_ix = look->host->cpus[vn_cpuset_next(&own, -1)].node_ix;
	VN_CPUSET_EACH(cpu, &look->host->nodes[node_ix].pcpus) {
		int32_t group = look->host->cpus[cpu].l3;
		vn_cpuset room;

		if (group < 0 || vn_cpuset_has(&tried, (unsigned)group))
			continue;
		vn_cpuset_add(&tried, (unsigned)group);
		room = group_room(look, group, node_ix, &own);
		if (vn_cpuset_count(&room) < vn_cpuset_count(&own) ||
		    count_cores(look, &room) < cores)
			continue;
		vn_look_plan(look,
			     vn_look_find(look, s->planned ? VN_CHECK_INFO : VN_CHECK_WARN,
					  look->host->nodes[node_ix].id,
					  "its %u vCPUs%s are pinned over %u caches (CPUs %s), and "
					  "%s would hold them in one",
					  vn_cpuset_count(&own), s->n_cells > 1 ? " of a cell" : "",
					  groups, vn_look_cpu_list(look, &own),
					  vn_look_cpus(look, &room)));
		return;
	}
}

void vn_check_cache(vn_look *look, const vn_subject *s)
{
	if (vn_cpuset_is_empty(&s->single))
		return;
	if (!look->host->n_l3) {
		vn_look_skip(look, "which CPUs of the host share a cache is not known");
		return;
	}
	for (uint32_t cell = 0; cell < s->n_cells; cell++)
		check_cell_cache(look, s, cell);
}

/* ---- VN036: the host ---- */

void vn_check_housekeeping(vn_look *look, const vn_subject *s)
{
	vn_cpuset left = look->online;
	bool planned = true;

	(void)s;
	vn_cpuset_minus(&left, &look->owned);
	if (vn_cpuset_is_empty(&look->owned) || !vn_cpuset_is_empty(&left))
		return;
	VN_CPUSET_EACH(cpu, &look->owned)
		planned &= vn_look_owner_of(look, cpu)->planned;
	vn_look_fix(look,
		    vn_look_find(look, planned ? VN_CHECK_INFO : VN_CHECK_WARN, -1,
				 "vCPUs have all %u CPUs of the host to themselves; nothing is "
				 "left for the host, the emulators and interrupts",
				 vn_cpuset_count(&look->online)),
		    VN_FIX_WORDS, "leave at least one core of a node without pins");
}

/* ---- VN025 ---- */

static void check_isolated_floats(vn_look *look, const vn_subject *s, const vn_cpuset *isolated)
{
	vn_cpuset part = { 0 }, whole = { 0 };
	vn_finding *finding;

	for (uint32_t vcpu = 0; vcpu < s->config->vcpus; vcpu++) {
		if (vn_cpuset_has(&s->single, vcpu) ||
		    !vn_cpuset_overlaps(&s->vcpu[vcpu], isolated))
			continue;
		vn_cpuset_add(vn_cpuset_contains(isolated, &s->vcpu[vcpu]) ? &whole : &part, vcpu);
	}
	if (!vn_cpuset_is_empty(&whole)) {
		finding =
			vn_look_find(look, VN_CHECK_FAIL, -1,
				     "%s float over isolated CPUs only (isolated: %s): the "
				     "kernel does not balance there, all stay on one CPU",
				     vn_look_vcpus(look, &whole), vn_look_cpu_list(look, isolated));
		vn_look_plan(look, finding);
	}
	if (vn_cpuset_is_empty(&part))
		return;
	finding = vn_look_find(look, VN_CHECK_WARN, -1,
			       "%s may run on isolated CPUs too (isolated: %s), where the kernel "
			       "does not balance",
			       vn_look_vcpus(look, &part), vn_look_cpu_list(look, isolated));
	if (vn_look_repinned(look, finding, &part))
		return;
	vn_cpuset_minus(&part, &look->repinned);
	VN_CPUSET_EACH(vcpu, &part) {
		vn_remedy remedy = { .kind = VN_REMEDY_VCPUPIN,
				     .number = (uint32_t)vcpu,
				     .cpus = s->vcpu[vcpu] };

		vn_cpuset_minus(&remedy.cpus, isolated);
		vn_look_remedy(look, finding, &remedy);
	}
}

void vn_check_isolated(vn_look *look, const vn_subject *s)
{
	bool known = look->kernel->isolated_known;
	vn_cpuset isolated = look->host->isolated, realtime = s->domain->realtime, open = { 0 };

	if (known)
		isolated = look->kernel->isolated;
	if (!known && vn_cpuset_is_empty(&isolated)) {
		vn_look_skip(look, "which CPUs of the host are isolated is not known");
		return;
	}
	check_isolated_floats(look, s, &isolated);
	vn_cpuset_and(&realtime, &s->single);
	VN_CPUSET_EACH(vcpu, &realtime) {
		if (!vn_cpuset_overlaps(&s->vcpu[vcpu], &isolated))
			vn_cpuset_or(&open, &s->vcpu[vcpu]);
	}
	if (!vn_cpuset_is_empty(&open))
		vn_look_fix(look,
			    vn_look_find(look, VN_CHECK_WARN, -1,
					 "it has vCPUs in real time on %s, which are not "
					 "isolated (isolated: %s)",
					 vn_look_cpus(look, &open),
					 vn_look_cpu_list(look, &isolated)),
			    VN_FIX_WORDS,
			    "pin them to isolated CPUs, or boot the host with isolcpus=%s "
			    "nohz_full=%s rcu_nocbs=%s",
			    vn_look_cpu_list(look, &open), vn_look_cpu_list(look, &open),
			    vn_look_cpu_list(look, &open));
}
