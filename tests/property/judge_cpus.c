/* SPDX-License-Identifier: LGPL-2.1-or-later
 * The judge about CPUs: 0001, 6 to 9; 0002, 2 to 7. */
#include "judge_rules.h"

vn_cpuset taken_by_guest(const vn_placement *placement)
{
	vn_cpuset taken = { 0 };

	for (uint32_t vcpu = 0; vcpu < placement->n_vcpus; vcpu++)
		if (placement->pin[vcpu] >= 0)
			vn_cpuset_add(&taken, (unsigned)placement->pin[vcpu]);
	for (uint32_t c = 0; c < placement->n_cells; c++)
		vn_cpuset_or(&taken, &placement->cells[c].reserved);
	return taken;
}

static bool owner_pinned(const struct question *q, uint32_t vcpu)
{
	return vn_cpuset_has(&q->request->vcpupin_given, vcpu);
}

/* 6, 9: dedicated vCPUs have a free CPU each, all different, on the node of their cell. */
const char *rule_pins(const struct question *q, const vn_placement *placement)
{
	const vn_request *request = q->request;
	vn_cpuset used = { 0 };

	for (uint32_t vcpu = 0; vcpu < placement->n_vcpus; vcpu++) {
		uint32_t cell = placement->vcpu_cell[vcpu];
		const vn_node *node;
		int32_t pin = placement->pin[vcpu];

		if (cell >= placement->n_cells ||
		    !vn_cpuset_has(&placement->cells[cell].vcpus, vcpu))
			return "vcpu_cell agrees with the cells";
		if ((pin >= 0) != vn_cpuset_has(&request->dedicated, vcpu))
			return "dedicated vCPUs have a CPU of their own, and only they";
		if (pin < 0)
			continue;
		node = &q->host->nodes[placement->cells[cell].node_ix];
		if (vn_cpuset_has(&used, (unsigned)pin))
			return "no CPU has two dedicated vCPUs";
		vn_cpuset_add(&used, (unsigned)pin);
		if (vn_cpuset_has(&node->pinned, (unsigned)pin))
			return "a dedicated CPU was free";
		if (!vn_cpuset_has(&node->pcpus, (unsigned)pin))
			return "a dedicated CPU is one of the node's for dedicated guests";
		if (request->cpuset_given && !vn_cpuset_has(&request->cpuset, (unsigned)pin))
			return "a dedicated CPU is in <vcpu cpuset=>";
		if (owner_pinned(q, vcpu) &&
		    !vn_cpuset_has(&q->request->vcpupin[vcpu], (unsigned)pin))
			return "the pins of the owner are kept";
	}
	return NULL;
}

static bool floats_in(const vn_placement *placement, uint32_t cell)
{
	VN_CPUSET_EACH(vcpu, &placement->cells[cell].vcpus)
		if (placement->pin[vcpu] < 0)
			return true;
	return false;
}

/* Where floating vCPUs of a cell may run, after all that the guest takes for itself. */
static vn_cpuset may_float(const struct question *q, const vn_placement *placement, uint32_t cell)
{
	vn_cpuset may = cpus_for(q, placement->cells[cell].node_ix, false);
	vn_cpuset taken = taken_by_guest(placement);

	vn_cpuset_minus(&may, &taken);
	return may;
}

/* 6; 0002, 3: floating vCPUs run on CPUs of the node that nobody has for himself; there are as many
 * as floating vCPUs. */
const char *rule_floating(const struct question *q, const vn_placement *placement)
{
	uint32_t floating[VN_NODE_MAX] = { 0 };

	for (uint32_t vcpu = 0; vcpu < placement->n_vcpus; vcpu++) {
		const vn_place_cell *cell = &placement->cells[placement->vcpu_cell[vcpu]];

		if (placement->pin[vcpu] >= 0)
			continue;
		floating[cell->node_ix]++;
		if (!owner_pinned(q, vcpu))
			continue;
		VN_CPUSET_EACH(cpu, &q->request->vcpupin[vcpu])
			if (q->host->cpus[cpu].node_ix != (int32_t)cell->node_ix)
				return "a cell is on the node that has the CPUs of its pins";
	}
	for (uint32_t c = 0; c < placement->n_cells; c++) {
		const vn_place_cell *cell = &placement->cells[c];
		vn_cpuset may;

		if (!floats_in(placement, c))
			continue;
		may = may_float(q, placement, c);
		if (vn_cpuset_is_empty(&cell->cpus) || !vn_cpuset_contains(&may, &cell->cpus))
			return "floating vCPUs have shared CPUs of the node that nobody pinned";
		if (floating[cell->node_ix] > vn_cpuset_count(&may))
			return "no node has more floating vCPUs of the guest than CPUs";
	}
	return NULL;
}

/* All of those CPUs. */
const char *rule_float_everywhere(const struct question *q, const vn_placement *placement)
{
	for (uint32_t c = 0; c < placement->n_cells; c++) {
		vn_cpuset may = may_float(q, placement, c);

		if (floats_in(placement, c) && !vn_cpuset_equal(&may, &placement->cells[c].cpus))
			return "floating vCPUs have all shared CPUs of the node that nobody pinned";
	}
	return NULL;
}

static vn_cpuset core_of(const struct question *q, int32_t cpu)
{
	vn_cpuset core = { 0 };

	for (uint32_t other = 0; other < q->host->n_cpus; other++)
		if (q->host->cpus[other].node_ix >= 0 &&
		    q->host->cpus[other].core == q->host->cpus[cpu].core)
			vn_cpuset_add(&core, other);
	return core;
}

/* 7, isolate: its core is the vCPU's alone, the siblings are reserved by its cell. */
const char *rule_isolate(const struct question *q, const vn_placement *placement)
{
	for (uint32_t vcpu = 0; vcpu < placement->n_vcpus; vcpu++) {
		const vn_place_cell *cell = &placement->cells[placement->vcpu_cell[vcpu]];

		if (q->request->thread_policy != VN_THREADS_ISOLATE || placement->pin[vcpu] < 0 ||
		    owner_pinned(q, vcpu))
			continue;
		vn_cpuset core = core_of(q, placement->pin[vcpu]);

		if (vn_cpuset_overlaps(&core, &q->host->nodes[cell->node_ix].pinned))
			return "an isolated core was free";
		vn_cpuset_del(&core, (unsigned)placement->pin[vcpu]);
		if (!vn_cpuset_contains(&cell->reserved, &core))
			return "the siblings of an isolated vCPU are reserved";
		for (uint32_t other = 0; other < placement->n_vcpus; other++)
			if (placement->pin[other] >= 0 &&
			    vn_cpuset_has(&core, (unsigned)placement->pin[other]))
				return "no other vCPU is on an isolated core";
		if (vn_cpuset_overlaps(&core, &placement->emulator) &&
		    q->request->emulator_policy == VN_EMULATOR_ISOLATE)
			return "the emulator is not on an isolated core";
	}
	return NULL;
}

/* 0002, 5: two pins or more of a cell on each core, but for one; none where one thread was free. */
const char *rule_require(const struct question *q, const vn_placement *placement)
{
	if (q->request->thread_policy != VN_THREADS_REQUIRE)
		return NULL;
	for (uint32_t c = 0; c < placement->n_cells; c++) {
		vn_cpuset free = cpus_for(q, placement->cells[c].node_ix, true);
		uint32_t lone = 0;

		VN_CPUSET_EACH(vcpu, &placement->cells[c].vcpus) {
			int32_t pin = placement->pin[vcpu];
			uint32_t mates = 0, threads = 0;

			if (pin < 0 || owner_pinned(q, (unsigned)vcpu))
				continue;
			VN_CPUSET_EACH(other, &placement->cells[c].vcpus)
				mates += other != vcpu && placement->pin[other] >= 0 &&
					 !owner_pinned(q, (unsigned)other) &&
					 q->host->cpus[placement->pin[other]].core ==
						 q->host->cpus[pin].core;
			VN_CPUSET_EACH(cpu, &free)
				threads += q->host->cpus[cpu].core == q->host->cpus[pin].core;
			if (threads < 2)
				return "require: only cores with two free threads";
			lone += !mates;
		}
		if (lone > 1)
			return "require: siblings, but for the last core";
	}
	return NULL;
}

static bool has_own_emulator(const vn_request *request)
{
	return request->emulator_policy == VN_EMULATOR_ISOLATE &&
	       !vn_cpuset_is_empty(&request->dedicated);
}

/* 8: the emulator's CPU of its own. */
const char *rule_emulator(const struct question *q, const vn_placement *placement)
{
	const vn_node *node = &q->host->nodes[placement->cells[0].node_ix];
	vn_cpuset free = node->pcpus;

	if (vn_cpuset_is_empty(&placement->emulator))
		return "the emulator has a CPU";
	if (!has_own_emulator(q->request))
		return NULL;
	vn_cpuset_minus(&free, &node->pinned);
	for (uint32_t vcpu = 0; vcpu < placement->n_vcpus; vcpu++)
		if (placement->pin[vcpu] >= 0)
			vn_cpuset_del(&free, (unsigned)placement->pin[vcpu]);
	if (vn_cpuset_count(&placement->emulator) != 1 ||
	    !vn_cpuset_contains(&free, &placement->emulator) ||
	    !vn_cpuset_contains(&placement->cells[0].reserved, &placement->emulator))
		return "the emulator has one more free CPU on the node of cell 0";
	return NULL;
}

/* 8: without one of its own, and unless it shares the host's, it runs where the vCPUs do. */
const char *rule_emulator_union(const struct question *q, const vn_placement *placement)
{
	vn_cpuset all = { 0 };

	if (has_own_emulator(q->request) || q->request->emulator_policy == VN_EMULATOR_SHARE)
		return NULL;
	for (uint32_t vcpu = 0; vcpu < placement->n_vcpus; vcpu++) {
		vn_cpuset cpus = vn_placement_vcpu_cpus(placement, q->request, vcpu);

		vn_cpuset_or(&all, &cpus);
	}
	return vn_cpuset_equal(&all, &placement->emulator)
		       ? NULL
		       : "the emulator runs on the union of the vCPUs' CPUs";
}

/* Beside the pins a cell takes the emulator's CPU and the siblings of isolated pins, no more. */
const char *rule_reserved(const struct question *q, const vn_placement *placement)
{
	vn_cpuset seen = { 0 }, idle = { 0 };

	if (has_own_emulator(q->request))
		idle = placement->emulator;
	for (uint32_t vcpu = 0; vcpu < placement->n_vcpus; vcpu++) {
		if (placement->pin[vcpu] < 0)
			continue;
		vn_cpuset_add(&seen, (unsigned)placement->pin[vcpu]);
		if (q->request->thread_policy == VN_THREADS_ISOLATE && !owner_pinned(q, vcpu)) {
			vn_cpuset core = core_of(q, placement->pin[vcpu]);

			vn_cpuset_or(&idle, &core);
		}
	}
	for (uint32_t c = 0; c < placement->n_cells; c++) {
		const vn_place_cell *cell = &placement->cells[c];
		vn_cpuset free = cpus_for(q, cell->node_ix, true);

		if (vn_cpuset_overlaps(&cell->reserved, &seen) ||
		    !vn_cpuset_contains(&free, &cell->reserved))
			return "reserved CPUs were free and are taken once";
		if (!vn_cpuset_contains(&idle, &cell->reserved))
			return "nothing is reserved but idle siblings and the emulator's CPU";
		vn_cpuset_or(&seen, &cell->reserved);
	}
	return NULL;
}

/* The overcommit of floating vCPUs. */
const char *rule_cpu_ratio(const struct question *q, const vn_placement *placement)
{
	uint64_t ratio = q->options->cpu_ratio_percent;

	for (uint32_t i = 0; ratio && i < q->host->n_nodes; i++) {
		vn_cpuset floats = cpus_for(q, i, false);
		uint64_t floating = 0, cpus = vn_cpuset_count(&floats);

		for (uint32_t vcpu = 0; vcpu < placement->n_vcpus; vcpu++)
			floating += placement->pin[vcpu] < 0 &&
				    placement->cells[placement->vcpu_cell[vcpu]].node_ix == i;
		if (floating && floating + q->host->nodes[i].cpu_usage > cpus * ratio / 100)
			return "floating vCPUs are within the ratio";
	}
	return NULL;
}
