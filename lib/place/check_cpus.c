/* SPDX-License-Identifier: LGPL-2.1-or-later
 * The verifier's rules about CPUs: pins, floating vCPUs, thread policies, the emulator (0002, 2 to
 * 8). That pins spare the floating vCPUs (8) is a wish and not verified; that they leave enough is.
 */
#include "place/check.h"

static bool owner_pinned(const struct checking *c, int vcpu)
{
	return vn_cpuset_has(&c->request->vcpupin_given, (unsigned)vcpu);
}

/* A CPU taken for this guest alone: on the cell's node, given to dedicated guests, free, not twice.
 */
static int check_taken_cpu(const struct checking *c, uint32_t cell, int cpu, vn_cpuset *taken)
{
	const vn_node *node = check_node_of(c, cell);

	if (cpu < 0 || !vn_cpuset_has(&node->pcpus, (unsigned)cpu))
		return BROKEN(c, "CPU %d is not one of node %u for dedicated guests", cpu,
			      node->id);
	if (vn_cpuset_has(&node->pinned, (unsigned)cpu))
		return BROKEN(c, "CPU %d is taken by another guest", cpu);
	if (vn_cpuset_has(taken, (unsigned)cpu))
		return BROKEN(c, "CPU %d is taken twice", cpu);
	if (c->request->cpuset_given && !vn_cpuset_has(&c->request->cpuset, (unsigned)cpu))
		return BROKEN(c, "CPU %d is outside the vcpu cpuset", cpu);
	vn_cpuset_add(taken, (unsigned)cpu);
	return VN_OK;
}

static int check_floating_vcpu(const struct checking *c, uint32_t vcpu)
{
	const vn_request *request = c->request;
	const vn_place_cell *cell = &c->placement->cells[c->placement->vcpu_cell[vcpu]];
	const vn_node *node = &c->host->nodes[cell->node_ix];
	bool own = owner_pinned(c, (int)vcpu);
	const vn_cpuset *floats = own ? &request->vcpupin[vcpu] : &cell->cpus;
	vn_cpuset outside = *floats;

	if (vn_cpuset_is_empty(floats))
		return BROKEN(c, "vCPU %u has no CPU to run on", vcpu);
	VN_CPUSET_EACH(cpu, floats)
		if (c->host->cpus[cpu].node_ix != (int32_t)cell->node_ix)
			return BROKEN(c, "vCPU %u floats on CPU %d, outside node %u", vcpu, cpu,
				      node->id);
	vn_cpuset_minus(&outside, &node->cpus);
	if (!own && (!vn_cpuset_is_empty(&outside) || vn_cpuset_overlaps(floats, &node->pinned) ||
		     (request->cpuset_given && !vn_cpuset_contains(&request->cpuset, floats))))
		return BROKEN(c, "vCPU %u floats on CPUs that are not for it", vcpu);
	return VN_OK;
}

static int check_vcpu(const struct checking *c, uint32_t vcpu, vn_cpuset *taken)
{
	bool dedicated = vn_cpuset_has(&c->request->dedicated, vcpu);
	int32_t pin = c->placement->pin[vcpu];

	if (dedicated != (pin >= 0))
		return BROKEN(c, "vCPU %u %s a CPU of its own", vcpu,
			      dedicated ? "does not have" : "has");
	if (!dedicated)
		return check_floating_vcpu(c, vcpu);
	if (owner_pinned(c, (int)vcpu) && !vn_cpuset_has(&c->request->vcpupin[vcpu], (unsigned)pin))
		return BROKEN(c, "vCPU %u is not where its owner pinned it", vcpu);
	return check_taken_cpu(c, c->placement->vcpu_cell[vcpu], pin, taken);
}

/* Where the floating vCPUs of this guest could run before it took anything: F of rule 2. */
static vn_cpuset floats_of(const struct checking *c, const vn_node *node)
{
	vn_cpuset cpus = node->cpus;

	vn_cpuset_minus(&cpus, &node->pinned);
	if (c->request->cpuset_given)
		vn_cpuset_and(&cpus, &c->request->cpuset);
	VN_CPUSET_EACH(vcpu, &c->request->vcpupin_given)
		if (vn_cpuset_has(&c->request->dedicated, (unsigned)vcpu))
			vn_cpuset_minus(&cpus, &c->request->vcpupin[vcpu]);
	return cpus;
}

/* Rule 3: enough CPUs after all that the guest takes, and under the overcommit ratio. */
static int check_floating(const struct checking *c, uint32_t node_ix, const vn_cpuset *taken)
{
	const vn_node *node = &c->host->nodes[node_ix];
	vn_cpuset cpus = floats_of(c, node);
	uint64_t floating = 0, room;

	for (uint32_t vcpu = 0; vcpu < c->placement->n_vcpus; vcpu++)
		if (c->placement->pin[vcpu] < 0 &&
		    c->placement->cells[c->placement->vcpu_cell[vcpu]].node_ix == node_ix)
			floating++;
	if (!floating)
		return VN_OK;
	room = (uint64_t)vn_cpuset_count(&cpus) * c->options->cpu_ratio_percent / 100;
	vn_cpuset_minus(&cpus, taken);
	if (floating > vn_cpuset_count(&cpus))
		return BROKEN(c, "node %u: %llu vCPUs float over %u CPUs", node->id,
			      (unsigned long long)floating, vn_cpuset_count(&cpus));
	if (c->options->cpu_ratio_percent && floating + node->cpu_usage > room)
		return BROKEN(c, "node %u: more floating vCPUs than the ratio allows", node->id);
	return VN_OK;
}

/* ---- thread policies ---- */

static vn_cpuset siblings_of(const struct checking *c, int32_t cpu)
{
	vn_cpuset siblings = { 0 };

	if (c->host->cpus[cpu].core < 0) {
		vn_cpuset_add(&siblings, (unsigned)cpu);
		return siblings;
	}
	for (uint32_t other = 0; other < c->host->n_cpus; other++)
		if (c->host->cpus[other].core == c->host->cpus[cpu].core &&
		    c->host->cpus[other].node_ix >= 0)
			vn_cpuset_add(&siblings, other);
	return siblings;
}

/* Rule 6: the other threads of the core are taken by the cell, and the emulator is on none. */
static int check_isolate(const struct checking *c, uint32_t cell, int vcpu, vn_cpuset *idle)
{
	vn_cpuset siblings = siblings_of(c, c->placement->pin[vcpu]);

	vn_cpuset_del(&siblings, (unsigned)c->placement->pin[vcpu]);
	if (!vn_cpuset_contains(&c->placement->cells[cell].reserved, &siblings))
		return BROKEN(c, "vCPU %d is not alone on its core", vcpu);
	if (c->request->emulator_policy == VN_EMULATOR_ISOLATE &&
	    vn_cpuset_overlaps(&siblings, &c->placement->emulator))
		return BROKEN(c, "vCPU %d shares its core with the emulator", vcpu);
	vn_cpuset_or(idle, &siblings);
	return VN_OK;
}

/* CPUs that any guest like this could have been given, on the whole host. */
static vn_cpuset free_for_pins(const struct checking *c)
{
	vn_cpuset free = { 0 };

	for (uint32_t i = 0; i < c->host->n_nodes; i++) {
		vn_cpuset more = vn_node_free_pcpus(&c->host->nodes[i]);

		vn_cpuset_or(&free, &more);
	}
	if (c->request->cpuset_given)
		vn_cpuset_and(&free, &c->request->cpuset);
	VN_CPUSET_EACH(vcpu, &c->request->vcpupin_given)
		vn_cpuset_minus(&free, &c->request->vcpupin[vcpu]);
	return free;
}

/* Rule 5: two pins of the cell or more on each core, but for one; none where one thread is free. */
static int check_require(const struct checking *c, uint32_t cell)
{
	vn_cpuset pins = { 0 }, free = free_for_pins(c);
	uint32_t alone = 0;

	VN_CPUSET_EACH(vcpu, &c->placement->cells[cell].vcpus)
		if (c->placement->pin[vcpu] >= 0 && !owner_pinned(c, vcpu))
			vn_cpuset_add(&pins, (unsigned)c->placement->pin[vcpu]);
	VN_CPUSET_EACH(cpu, &pins) {
		vn_cpuset mates = siblings_of(c, cpu), there = mates;

		vn_cpuset_and(&mates, &pins);
		vn_cpuset_and(&there, &free);
		if (vn_cpuset_count(&there) < 2)
			return BROKEN(c, "cell %u: CPU %d is the only free one of its core", cell,
				      cpu);
		alone += vn_cpuset_count(&mates) == 1;
	}
	if (alone > 1)
		return BROKEN(c, "%u vCPUs of cell %u have a core without a sibling vCPU", alone,
			      cell);
	return VN_OK;
}

/* Each cell's policy. idle: siblings that are kept idle. */
static int check_threads(const struct checking *c, vn_cpuset *idle)
{
	int r;

	for (uint32_t i = 0; i < c->placement->n_cells; i++) {
		if (c->request->thread_policy == VN_THREADS_REQUIRE &&
		    (r = check_require(c, i)) < 0)
			return r;
		if (c->request->thread_policy != VN_THREADS_ISOLATE)
			continue;
		VN_CPUSET_EACH(vcpu, &c->placement->cells[i].vcpus)
			if (c->placement->pin[vcpu] >= 0 && !owner_pinned(c, vcpu) &&
			    (r = check_isolate(c, i, vcpu, idle)) < 0)
				return r;
	}
	return VN_OK;
}

/* ---- emulator, and what is taken beside pins ---- */

/* Rule 7, and no more is taken than idle siblings and that one CPU. */
static int check_emulator(const struct checking *c, const vn_cpuset *idle)
{
	const vn_cpuset *emulator = &c->placement->emulator;
	bool own = c->request->emulator_policy == VN_EMULATOR_ISOLATE && check_is_pinned(c);

	if (vn_cpuset_is_empty(emulator))
		return BROKEN(c, "the emulator has no CPU");
	if (own && (vn_cpuset_count(emulator) != 1 ||
		    !vn_cpuset_contains(&c->placement->cells[0].reserved, emulator)))
		return BROKEN(c, "the emulator has no CPU of its own on the node of cell 0");
	for (uint32_t i = 0; i < c->placement->n_cells; i++) {
		vn_cpuset rest = c->placement->cells[i].reserved;

		vn_cpuset_minus(&rest, idle);
		if (own && i == 0)
			vn_cpuset_minus(&rest, emulator);
		if (!vn_cpuset_is_empty(&rest))
			return BROKEN(c, "cell %u takes CPU %d for nothing", i,
				      vn_cpuset_next(&rest, -1));
	}
	return VN_OK;
}

int check_cpus(const struct checking *c)
{
	vn_cpuset taken = { 0 }, idle = { 0 };
	int r;

	for (uint32_t vcpu = 0; vcpu < c->placement->n_vcpus; vcpu++)
		if ((r = check_vcpu(c, vcpu, &taken)) < 0)
			return r;
	for (uint32_t i = 0; i < c->placement->n_cells; i++)
		VN_CPUSET_EACH(cpu, &c->placement->cells[i].reserved)
			if ((r = check_taken_cpu(c, i, cpu, &taken)) < 0)
				return r;
	for (uint32_t i = 0; i < c->placement->n_cells; i++)
		if (vn_cpuset_overlaps(&c->placement->cells[i].cpus, &taken))
			return BROKEN(c, "cell %u floats over CPUs that are taken", i);
	VN_CPUSET_EACH(vcpu, &c->request->vcpupin_given)
		if (c->placement->pin[vcpu] < 0 &&
		    vn_cpuset_overlaps(&c->request->vcpupin[vcpu], &taken))
			return BROKEN(c, "vCPU %d is pinned to a CPU that is another's alone",
				      vcpu);
	for (uint32_t node_ix = 0; node_ix < c->host->n_nodes; node_ix++)
		if ((r = check_floating(c, node_ix, &taken)) < 0)
			return r;
	if ((r = check_threads(c, &idle)) < 0)
		return r;
	return check_emulator(c, &idle);
}
