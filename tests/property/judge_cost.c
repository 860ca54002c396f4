/* SPDX-License-Identifier: LGPL-2.1-or-later
 * The judge about the cost: 0002, 15. */
#include "judge_rules.h"

#include <string.h>

static uint64_t remote_devices(const struct question *q, const vn_placement *placement)
{
	uint32_t nodes = nodes_of(placement);
	uint64_t remote = 0;

	for (uint32_t i = 0; i < q->request->n_devices; i++) {
		int32_t node_ix = device_node(q, &q->request->devices[i]);

		remote += node_ix >= 0 && !(nodes >> node_ix & 1);
	}
	for (uint32_t i = 0; q->request->n_pci_requests && i < placement->n_pci_picks; i++) {
		const vn_pci_pick *pick = &placement->pci_picks[i];

		remote += pick->node_ix >= 0 && !(nodes >> pick->node_ix & 1) ? pick->count : 0;
	}
	return remote;
}

/* What one cell takes: its pins and what is reserved beside them. */
static vn_cpuset taken_by_cell(const vn_placement *placement, uint32_t cell)
{
	vn_cpuset taken = placement->cells[cell].reserved;

	VN_CPUSET_EACH(vcpu, &placement->cells[cell].vcpus)
		if (placement->pin[vcpu] >= 0)
			vn_cpuset_add(&taken, (unsigned)placement->pin[vcpu]);
	return taken;
}

/* Whole free cores of which a cell takes a part and leaves a part, cell by cell: each finds what
 * those before it have left. What the owner has pinned himself is gone before. */
static uint64_t broken_cores(const struct question *q, const vn_placement *placement)
{
	static struct {
		uint32_t online, free, taken;
	} cores[VN_CPU_MAX];
	vn_cpuset free = { 0 };
	uint64_t broken = 0;

	for (uint32_t i = 0; i < q->host->n_nodes; i++) {
		vn_cpuset more = cpus_for(q, i, true);

		vn_cpuset_or(&free, &more);
	}
	for (uint32_t c = 0; c < placement->n_cells; c++) {
		vn_cpuset taken = taken_by_cell(placement, c);

		memset(cores, 0, q->host->n_cores * sizeof(*cores));
		vn_cpuset_and(&taken, &free);
		for (uint32_t cpu = 0; cpu < q->host->n_cpus; cpu++) {
			if (q->host->cpus[cpu].node_ix < 0)
				continue;
			cores[q->host->cpus[cpu].core].online++;
			cores[q->host->cpus[cpu].core].free += vn_cpuset_has(&free, cpu);
			cores[q->host->cpus[cpu].core].taken += vn_cpuset_has(&taken, cpu);
		}
		for (uint32_t i = 0; i < q->host->n_cores; i++)
			broken += cores[i].free == cores[i].online && cores[i].taken &&
				  cores[i].taken < cores[i].online;
		vn_cpuset_minus(&free, &taken);
	}
	return broken;
}

/* 0002, 15: the cost that it says is the cost that it has. */
const char *rule_cost(const struct question *q, const vn_placement *placement)
{
	uint64_t distance = 0, strategy = 0;

	for (uint32_t a = 0; a < placement->n_cells; a++) {
		const vn_place_cell *cell = &placement->cells[a];
		uint64_t vcpus = vn_cpuset_count(&cell->vcpus);

		strategy += strategy_cost(q, cell->node_ix);
		distance += vcpus * distance_of(q->host, cell->node_ix, cell->mem_node_ix);
		for (uint32_t b = 0; b < placement->n_cells; b++)
			if (a != b)
				distance += vcpus * vn_cpuset_count(&placement->cells[b].vcpus) *
					    distance_of(q->host, cell->node_ix,
							placement->cells[b].node_ix);
	}
	if (placement->cost.devices_remote != remote_devices(q, placement))
		return "the cost counts the devices that are not local";
	if (placement->cost.distance != distance)
		return "the cost is the sum of the distances";
	if (placement->cost.broken != broken_cores(q, placement))
		return "the cost counts the broken cores";
	if (placement->cost.strategy != strategy)
		return "the cost is the load of the nodes";
	return NULL;
}
