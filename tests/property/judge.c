/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Rule after rule; each returns the sentence that is not true. */
#include "judge.h"

#include <string.h>

typedef const char *(*rule)(const struct question *q, const vn_placement *placement);

/* ---- cells
 * --------------------------------------------------------------------------------------- */

static bool same_cut(const vn_placement *placement, const struct cut *cut)
{
	for (uint32_t c = 0; c < cut->n; c++)
		if (!vn_cpuset_equal(&placement->cells[c].vcpus, &cut->cells[c].vcpus) ||
		    placement->cells[c].mem_kib != cut->cells[c].mem_kib ||
		    placement->cells[c].memdev_kib != cut->cells[c].memdev_kib)
			return false;
	for (uint32_t i = 0; i < placement->n_memdevs; i++)
		if (placement->memdev_cell[i] != cut->memdev_cell[i])
			return false;
	return true;
}

/* 1, 3, 14: the cells are the owner's, or an even cut in whole pages of some size. */
static const char *rule_cut(const struct question *q, const vn_placement *placement)
{
	uint64_t units[VN_PAGE_SIZES_MAX];
	uint32_t n = units_of(q, units);
	struct cut cut;

	if (placement->n_vcpus != q->request->vcpus ||
	    placement->n_memdevs != q->request->n_memdevs ||
	    placement->n_devices != q->request->n_devices)
		return "the counts are those of the request";
	for (uint32_t i = 0; i < n; i++)
		if (cut_make(q, placement->n_cells, units[i], &cut) && same_cut(placement, &cut))
			return NULL;
	return "vCPUs, memory and memory devices are split as 3 and 14 say";
}

static const char *rule_number_of_cells(const struct question *q, const vn_placement *placement)
{
	const vn_request *request = q->request;
	uint32_t fixed = request->n_cells ? request->n_cells : request->n_cells_want;

	if (fixed && placement->n_cells != fixed)
		return "there are as many cells as the owner wants";
	if (!fixed && request->mode == VN_MODE_NODE && placement->n_cells != 1)
		return "mode node gives one cell";
	return NULL;
}

/* 4: different nodes, or as even as can be. */
static const char *rule_nodes(const struct question *q, const vn_placement *placement)
{
	struct spread spread = spread_of(q, placement->n_cells);
	bool is_auto = q->request->mode == VN_MODE_AUTO && !q->request->n_cells &&
		       !q->request->n_cells_want;
	uint32_t count[VN_NODE_MAX] = { 0 };

	for (uint32_t c = 0; c < placement->n_cells; c++) {
		if (placement->cells[c].node_ix >= q->host->n_nodes)
			return "the node of a cell exists";
		count[placement->cells[c].node_ix]++;
	}
	for (uint32_t i = 0; i < q->host->n_nodes; i++) {
		if (count[i] && !node_may_have_cells(q, i))
			return "cells are on nodes of the nodeset that have CPUs";
		if (node_may_have_cells(q, i) && count[i] < spread.min)
			return "each node has floor(n/m) cells at least";
		if (!is_auto && count[i] > spread.max)
			return "no node has more than ceil(n/m) cells";
	}
	return NULL;
}

/* ---- CPUs
 * ---------------------------------------------------------------------------------------- */

static vn_cpuset taken_by_guest(const vn_placement *placement)
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
static const char *rule_pins(const struct question *q, const vn_placement *placement)
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

/* 6: floating vCPUs run on what the node has for them and nobody has for himself. */
static const char *rule_floating(const struct question *q, const vn_placement *placement)
{
	vn_cpuset taken = taken_by_guest(placement);
	uint32_t floating[VN_NODE_MAX] = { 0 };
	static vn_cpuset may_float[VN_CELL_MAX];
	const vn_cpuset none = { 0 };

	for (uint32_t vcpu = 0; vcpu < placement->n_vcpus; vcpu++) {
		const vn_place_cell *cell = &placement->cells[placement->vcpu_cell[vcpu]];
		vn_cpuset may = q->host->nodes[cell->node_ix].cpus;

		if (placement->pin[vcpu] >= 0)
			continue;
		floating[cell->node_ix]++;
		VN_CPUSET_EACH(cpu, owner_pinned(q, vcpu) ? &q->request->vcpupin[vcpu] : &none)
			if (q->host->cpus[cpu].node_ix != (int32_t)cell->node_ix)
				return "a cell is on the node that has the CPUs of its pins";
		vn_cpuset_minus(&may, &q->host->nodes[cell->node_ix].pinned);
		vn_cpuset_minus(&may, &taken);
		if (q->request->cpuset_given)
			vn_cpuset_and(&may, &q->request->cpuset);
		may_float[placement->vcpu_cell[vcpu]] = may;
		if (!vn_cpuset_equal(&cell->cpus, &may))
			return "floating vCPUs have the node's shared CPUs that nobody pinned";
	}
	for (uint32_t c = 0; c < placement->n_cells; c++)
		if (floats_in(placement, c) &&
		    floating[placement->cells[c].node_ix] > vn_cpuset_count(&may_float[c]))
			return "no node has more floating vCPUs of the guest than CPUs";
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
static const char *rule_isolate(const struct question *q, const vn_placement *placement)
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
static const char *rule_require(const struct question *q, const vn_placement *placement)
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

/* 8: the emulator's CPU of its own, and what a cell reserves. */
static const char *rule_emulator(const struct question *q, const vn_placement *placement)
{
	const vn_request *request = q->request;
	bool own = request->emulator_policy == VN_EMULATOR_ISOLATE &&
		   !vn_cpuset_is_empty(&request->dedicated);
	vn_cpuset all = { 0 }, pins = { 0 };

	if (vn_cpuset_is_empty(&placement->emulator))
		return "the emulator has a CPU";
	for (uint32_t vcpu = 0; vcpu < placement->n_vcpus; vcpu++) {
		vn_cpuset cpus = vn_placement_vcpu_cpus(placement, request, vcpu);

		vn_cpuset_or(&all, &cpus);
		if (placement->pin[vcpu] >= 0)
			vn_cpuset_or(&pins, &cpus);
	}
	if (!own)
		return request->emulator_policy != VN_EMULATOR_SHARE &&
				       !vn_cpuset_equal(&all, &placement->emulator)
			       ? "the emulator runs on the union of the vCPUs' CPUs"
			       : NULL;
	const vn_node *node = &q->host->nodes[placement->cells[0].node_ix];
	vn_cpuset free = node->pcpus;

	vn_cpuset_minus(&free, &node->pinned);
	if (vn_cpuset_count(&placement->emulator) != 1 ||
	    !vn_cpuset_contains(&free, &placement->emulator) ||
	    !vn_cpuset_contains(&placement->cells[0].reserved, &placement->emulator) ||
	    vn_cpuset_overlaps(&placement->emulator, &pins))
		return "the emulator has one more free CPU on the node of cell 0";
	return NULL;
}

/* Beside the pins a cell takes the emulator's CPU and the siblings of isolated pins, no more. */
static const char *rule_reserved(const struct question *q, const vn_placement *placement)
{
	vn_cpuset seen = { 0 }, idle = placement->emulator;

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
static const char *rule_cpu_ratio(const struct question *q, const vn_placement *placement)
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

/* ---- memory
 * -------------------------------------------------------------------------------------- */

/* Index of a cell's pages; -1: ordinary memory without a wish. -2: there are no such pages. */
static int page_of_cell(const struct question *q, const vn_placement *placement, uint32_t c)
{
	const vn_node *node = &q->host->nodes[placement->cells[c].mem_node_ix];
	uint64_t page_kib = placement->cells[c].page_kib;

	if (!page_kib && (page_is_wanted(q, c, node, -1) || !node->n_pages ||
			  node->pages[0].size_kib > BASE_KIB_MAX))
		return -1;
	for (uint32_t i = 0; i < node->n_pages; i++)
		if (page_kib ? node->pages[i].size_kib == page_kib && page_kib > BASE_KIB_MAX
			     : i == 0)
			return (int)i;
	return -2;
}

/* 5, 13; 0002, 9 to 11: where memory comes from and in which pages; no node gives more than it
 * has, and no cell has smaller pages than it could. */
static const char *rule_memory(const struct question *q, const vn_placement *placement)
{
	static struct cut cut;
	uint32_t mem_of[VN_CELL_MAX], n = placement->n_cells;
	int page_of[VN_CELL_MAX];

	cut_of_placement(q, placement, &cut);
	for (uint32_t c = 0; c < n; c++) {
		const vn_place_cell *cell = &placement->cells[c];

		if (!memory_may_come_from(q, c, cell->node_ix, cell->mem_node_ix))
			return "memory comes from the cell's node, or where the rules let it";
		mem_of[c] = cell->mem_node_ix;
		page_of[c] = page_of_cell(q, placement, c);
		if (page_of[c] == -2)
			return "the node has pages of that size";
		if (!page_is_wanted(q, c, &q->host->nodes[mem_of[c]], page_of[c]))
			return "the page size is one that was asked for";
	}
	if (!memory_fits(q, &cut, mem_of, page_of, n))
		return "no node gives more memory or pages than it may";
	for (uint32_t c = 0; c < n; c++) {
		const vn_node *node = &q->host->nodes[mem_of[c]];
		int page = page_of[c]++;

		for (; page_of[c] < (int)node->n_pages; page_of[c]++)
			if (page_is_wanted(q, c, node, page_of[c]) &&
			    memory_fits(q, &cut, mem_of, page_of, n))
				return "the largest pages that fit are taken";
		page_of[c] = page;
	}
	return NULL;
}

/* ---- what the guest sees
 * ------------------------------------------------------------------------- */

/* 10: the product is the vCPUs, a socket lies in one cell, threads are true in auto. */
static const char *rule_topology(const struct question *q, const vn_placement *placement)
{
	const vn_topology *t = &placement->topology, *own = &q->request->topology;
	uint64_t socket = (uint64_t)t->dies * t->cores * t->threads;

	if (q->request->topology_given)
		return memcmp(t, own, sizeof(*t)) ? "the owner's topology is kept" : NULL;
	if (socket == 0 || t->sockets * socket != placement->n_vcpus)
		return "the product of the topology is the number of vCPUs";
	if (q->request->distribution == VN_DISTRIBUTION_INTERLEAVE &&
	    t->sockets != placement->n_vcpus)
		return "interleave: every vCPU its own socket";
	for (uint32_t vcpu = 0; vcpu < placement->n_vcpus; vcpu++) {
		uint32_t first = (uint32_t)(vcpu / socket * socket),
			 lead = vcpu / t->threads * t->threads;

		if (placement->vcpu_cell[vcpu] != placement->vcpu_cell[first])
			return "no socket spans two cells";
		if (q->request->mode != VN_MODE_AUTO || t->threads == 1)
			continue;
		if (placement->pin[vcpu] < 0 || placement->pin[lead] < 0 ||
		    q->host->cpus[placement->pin[vcpu]].core !=
			    q->host->cpus[placement->pin[lead]].core)
			return "auto: guest threads are threads of one core";
	}
	return NULL;
}

/* 11 */
static const char *rule_distances(const struct question *q, const vn_placement *placement)
{
	uint32_t n = placement->n_cells;

	for (uint32_t a = 0; a < n; a++)
		for (uint32_t b = 0; b < n; b++) {
			uint32_t from = placement->cells[a].node_ix,
				 to = placement->cells[b].node_ix;
			uint32_t want = vn_host_distance(q->host, from, to);

			if (a == b)
				want = 10;
			else if (from == to)
				want = 11;
			if (placement->distance[a * n + b] != want)
				return "cell distances are those of the host";
		}
	return NULL;
}

/* 16 */
static const char *rule_devices(const struct question *q, const vn_placement *placement)
{
	for (uint32_t i = 0; i < q->request->n_devices; i++) {
		int32_t node_ix = device_node(q, &q->request->devices[i]);
		bool somewhere = false;

		if (placement->device_node_ix[i] != node_ix)
			return "a device is on the node of its host device";
		for (uint32_t c = 0; c < placement->n_cells; c++)
			somewhere |= (int32_t)placement->cells[c].node_ix == node_ix;
		if (somewhere != (placement->device_cell[i] >= 0))
			return "a device belongs to a cell if its node has one";
		if (somewhere &&
		    (int32_t)placement->cells[placement->device_cell[i]].node_ix != node_ix)
			return "the cell of a device is on its node";
	}
	return NULL;
}

/* Nodes with cells, as bits: the oracle's hosts have few. */
static uint32_t nodes_of(const vn_placement *placement)
{
	uint32_t nodes = 0;

	for (uint32_t c = 0; c < placement->n_cells; c++)
		nodes |= UINT32_C(1) << placement->cells[c].node_ix;
	return nodes;
}

static const char *rule_local_devices(const struct question *q, const vn_placement *placement)
{
	uint32_t nodes = nodes_of(placement);

	for (uint32_t i = 0; i < q->request->n_devices; i++) {
		const vn_guest_device *device = &q->request->devices[i];
		int32_t node_ix = device_node(q, device);

		if (!device_must_be_local(q, device))
			continue;
		if (!pci_policy_allows(q->host, device->policy, node_ix, nodes) &&
		    (node_ix >= 0 || device->policy == VN_PCI_REQUIRED))
			return "a device that must be local is";
	}
	return networks_near(q, nodes) ? NULL : "a cell is near each network";
}

/* 0002, 13: one pick after the other. */
static const char *rule_pick(const struct question *q, const vn_pci_pick *pick, uint32_t nodes)
{
	const vn_pci_request *request = &q->request->pci_requests[pick->request];
	uint16_t vendor, product;
	int32_t node_ix;

	if ((pick->pool >= 0) == (pick->device >= 0))
		return "a pick is of a pool or a device";
	if (pick->pool >= (int32_t)q->host->n_pools ||
	    pick->device >= (int32_t)q->host->n_devices || !pick->count ||
	    (pick->device >= 0 && pick->count != 1))
		return "a pick is of something that is there";
	if (pick->pool >= 0) {
		const vn_pool *pool = &q->host->pools[pick->pool];

		vendor = pool->vendor, product = pool->product, node_ix = pool->node_ix;
	} else {
		const vn_device *device = &q->host->devices[pick->device];

		vendor = device->vendor, product = device->product, node_ix = device->node_ix;
		if (device->taken)
			return "a picked device was free";
		for (uint32_t i = 0; i < q->request->n_devices; i++)
			if (q->request->devices[i].has_host &&
			    !vn_pci_address_compare(q->request->devices[i].host, device->address))
				return "a picked device is no other device of the guest";
	}
	if (node_ix != pick->node_ix)
		return "a pick says which node it is on";
	if ((request->vendor && request->vendor != vendor) ||
	    (request->product && request->product != product))
		return "a pick is of the kind that was asked for";
	return pci_policy_allows(q->host, request->policy, node_ix, nodes)
		       ? NULL
		       : "a pick is where its policy wants it";
}

static const char *rule_picks(const struct question *q, const vn_placement *placement)
{
	uint32_t nodes = nodes_of(placement);
	const char *broken;

	if (!q->request->n_pci_requests)
		return NULL;
	if (placement->n_pci_picks > VN_PCI_PICKS_MAX)
		return "there are not too many picks";
	for (uint32_t i = 0; i < placement->n_pci_picks; i++) {
		const vn_pci_pick *pick = &placement->pci_picks[i];
		uint32_t count = 0;

		if (pick->request >= q->request->n_pci_requests)
			return "a pick is for a request";
		if ((broken = rule_pick(q, pick, nodes)))
			return broken;
		for (uint32_t k = 0; k < placement->n_pci_picks; k++) {
			const vn_pci_pick *other = &placement->pci_picks[k];

			if (k != i && other->device >= 0 && other->device == pick->device)
				return "no device is picked twice";
			count += other->pool == pick->pool ? other->count : 0;
		}
		if (pick->pool >= 0 && count > q->host->pools[pick->pool].count)
			return "no pool gives more than it has";
	}
	for (uint32_t r = 0; r < q->request->n_pci_requests; r++) {
		uint32_t count = 0;

		for (uint32_t i = 0; i < placement->n_pci_picks; i++)
			if (placement->pci_picks[i].request == r)
				count += placement->pci_picks[i].count;
		if (count != q->request->pci_requests[r].count)
			return "each request gets as many devices as it asked for";
	}
	return NULL;
}

/* ---- what it costs
 * ------------------------------------------------------------------------------- */

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

/* Whole free cores of which the guest takes a part and leaves a part. */
static uint64_t broken_cores(const struct question *q, const vn_placement *placement)
{
	static struct {
		uint32_t online, free, taken;
	} cores[VN_CPU_MAX];
	vn_cpuset taken = taken_by_guest(placement), free = { 0 };
	uint64_t broken = 0;

	memset(cores, 0, q->host->n_cores * sizeof(*cores));
	for (uint32_t i = 0; i < q->host->n_nodes; i++) {
		vn_cpuset more = cpus_for(q, i, true);

		vn_cpuset_or(&free, &more);
	}
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
	return broken;
}

/* 0002, 15: the cost that it says is the cost that it has. */
static const char *rule_cost(const struct question *q, const vn_placement *placement)
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

const char *judge_placement(const struct question *q, const vn_placement *placement)
{
	static const rule rules[] = {
		rule_number_of_cells,
		rule_nodes,
		rule_cut,
		rule_pins,
		rule_floating,
		rule_isolate,
		rule_require,
		rule_emulator,
		rule_reserved,
		rule_cpu_ratio,
		rule_memory,
		rule_topology,
		rule_distances,
		rule_devices,
		rule_local_devices,
		rule_picks,
		rule_cost,
	};

	for (size_t i = 0; i < VN_LEN(rules); i++) {
		const char *broken = rules[i](q, placement);

		if (broken)
			return broken;
	}
	return NULL;
}

void cut_of_placement(const struct question *q, const vn_placement *placement, struct cut *ret)
{
	cut_make(q, placement->n_cells, 4, ret);
	for (uint32_t c = 0; c < placement->n_cells; c++) {
		ret->cells[c].mem_kib = placement->cells[c].mem_kib;
		ret->cells[c].memdev_kib = placement->cells[c].memdev_kib;
	}
}
