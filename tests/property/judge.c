/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Rule after rule; each returns the sentence that is not true. */
#include "judge.h"

#include <string.h>

typedef const char *(*rule)(const struct pair *pair, const vn_placement *placement);

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
static const char *rule_cut(const struct pair *pair, const vn_placement *placement)
{
	uint64_t units[VN_PAGE_SIZES_MAX];
	uint32_t n = units_of(pair, units);
	struct cut cut;

	if (placement->n_vcpus != pair->request.vcpus ||
	    placement->n_memdevs != pair->request.n_memdevs ||
	    placement->n_devices != pair->request.n_devices)
		return "the counts are those of the request";
	for (uint32_t i = 0; i < n; i++)
		if (cut_make(pair, placement->n_cells, units[i], &cut) && same_cut(placement, &cut))
			return NULL;
	return "vCPUs, memory and memory devices are split as 3 and 14 say";
}

static const char *rule_number_of_cells(const struct pair *pair, const vn_placement *placement)
{
	const vn_request *request = &pair->request;
	uint32_t fixed = request->n_cells ? request->n_cells : request->n_cells_want;

	if (fixed && placement->n_cells != fixed)
		return "there are as many cells as the owner wants";
	if (!fixed && request->mode == VN_MODE_NODE && placement->n_cells != 1)
		return "mode node gives one cell";
	return NULL;
}

/* 4: different nodes, or as even as can be. */
static const char *rule_nodes(const struct pair *pair, const vn_placement *placement)
{
	struct spread spread = spread_of(pair, placement->n_cells);
	bool is_auto = pair->request.mode == VN_MODE_AUTO && !pair->request.n_cells &&
		       !pair->request.n_cells_want;
	uint32_t count[NODES_MAX] = { 0 };

	for (uint32_t c = 0; c < placement->n_cells; c++) {
		if (placement->cells[c].node_ix >= pair->host.n_nodes)
			return "the node of a cell exists";
		count[placement->cells[c].node_ix]++;
	}
	for (uint32_t i = 0; i < pair->host.n_nodes; i++) {
		if (count[i] && !node_may_have_cells(pair, i))
			return "cells are on nodes of the nodeset that have CPUs";
		if (node_may_have_cells(pair, i) && count[i] < spread.min)
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

static bool owner_pinned(const struct pair *pair, uint32_t vcpu)
{
	return vn_cpuset_has(&pair->request.vcpupin_given, vcpu);
}

/* 6, 9: dedicated vCPUs have a free CPU each, all different, on the node of their cell. */
static const char *rule_pins(const struct pair *pair, const vn_placement *placement)
{
	const vn_request *request = &pair->request;
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
		node = &pair->nodes[placement->cells[cell].node_ix];
		if (vn_cpuset_has(&used, (unsigned)pin))
			return "no CPU has two dedicated vCPUs";
		vn_cpuset_add(&used, (unsigned)pin);
		if (vn_cpuset_has(&node->pinned, (unsigned)pin))
			return "a dedicated CPU was free";
		if (!vn_cpuset_has(&node->pcpus, (unsigned)pin))
			return "a dedicated CPU is one of the node's for dedicated guests";
		if (request->cpuset_given && !vn_cpuset_has(&request->cpuset, (unsigned)pin))
			return "a dedicated CPU is in <vcpu cpuset=>";
		if (owner_pinned(pair, vcpu) && !vn_cpuset_has(&pair->vcpupin[vcpu], (unsigned)pin))
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
static const char *rule_floating(const struct pair *pair, const vn_placement *placement)
{
	vn_cpuset taken = taken_by_guest(placement);
	uint32_t floating[NODES_MAX] = { 0 };
	static vn_cpuset may_float[VN_CELL_MAX];

	for (uint32_t vcpu = 0; vcpu < placement->n_vcpus; vcpu++) {
		const vn_place_cell *cell = &placement->cells[placement->vcpu_cell[vcpu]];
		vn_cpuset may = pair->nodes[cell->node_ix].cpus;

		if (placement->pin[vcpu] >= 0)
			continue;
		floating[cell->node_ix]++;
		VN_CPUSET_EACH(cpu, &pair->vcpupin[vcpu])
			if (pair->cpus[cpu].node_ix != (int32_t)cell->node_ix)
				return "a cell is on the node that has the CPUs of its pins";
		vn_cpuset_minus(&may, &pair->nodes[cell->node_ix].pinned);
		vn_cpuset_minus(&may, &taken);
		if (pair->request.cpuset_given)
			vn_cpuset_and(&may, &pair->request.cpuset);
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

static vn_cpuset core_of(const struct pair *pair, int32_t cpu)
{
	vn_cpuset core = { 0 };

	for (uint32_t other = 0; other < pair->host.n_cpus; other++)
		if (pair->cpus[other].node_ix >= 0 &&
		    pair->cpus[other].core == pair->cpus[cpu].core)
			vn_cpuset_add(&core, other);
	return core;
}

/* 7, isolate: its core is the vCPU's alone, the siblings are reserved by its cell. */
static const char *rule_isolate(const struct pair *pair, const vn_placement *placement)
{
	for (uint32_t vcpu = 0; vcpu < placement->n_vcpus; vcpu++) {
		const vn_place_cell *cell = &placement->cells[placement->vcpu_cell[vcpu]];

		if (pair->request.thread_policy != VN_THREADS_ISOLATE || placement->pin[vcpu] < 0 ||
		    owner_pinned(pair, vcpu))
			continue;
		vn_cpuset core = core_of(pair, placement->pin[vcpu]);

		if (vn_cpuset_overlaps(&core, &pair->nodes[cell->node_ix].pinned))
			return "an isolated core was free";
		vn_cpuset_del(&core, (unsigned)placement->pin[vcpu]);
		if (!vn_cpuset_contains(&cell->reserved, &core))
			return "the siblings of an isolated vCPU are reserved";
		for (uint32_t other = 0; other < placement->n_vcpus; other++)
			if (placement->pin[other] >= 0 &&
			    vn_cpuset_has(&core, (unsigned)placement->pin[other]))
				return "no other vCPU is on an isolated core";
		if (vn_cpuset_overlaps(&core, &placement->emulator) &&
		    pair->request.emulator_policy == VN_EMULATOR_ISOLATE)
			return "the emulator is not on an isolated core";
	}
	return NULL;
}

/* 7, require: within a cell, k >= 2 vCPUs on every core but one. */
static const char *rule_require(const struct pair *pair, const vn_placement *placement)
{
	if (pair->request.thread_policy != VN_THREADS_REQUIRE)
		return NULL;
	for (uint32_t c = 0; c < placement->n_cells; c++) {
		uint32_t on_core[CPUS_MAX] = { 0 }, k = 0, odd = 0, pins = 0;

		VN_CPUSET_EACH(vcpu, &placement->cells[c].vcpus)
			if (placement->pin[vcpu] >= 0 && !owner_pinned(pair, (unsigned)vcpu)) {
				on_core[pair->cpus[placement->pin[vcpu]].core]++;
				pins++;
			}
		for (uint32_t core = 0; core < CPUS_MAX; core++)
			k = on_core[core] > k ? on_core[core] : k;
		for (uint32_t core = 0; core < CPUS_MAX; core++)
			odd += on_core[core] && on_core[core] != k;
		if (odd > 1 || (pins > 1 && k < 2))
			return "require: siblings, but for the last core";
	}
	return NULL;
}

/* 8: the emulator's CPU of its own, and what a cell reserves. */
static const char *rule_emulator(const struct pair *pair, const vn_placement *placement)
{
	const vn_request *request = &pair->request;
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
	const vn_node *node = &pair->nodes[placement->cells[0].node_ix];
	vn_cpuset free = node->pcpus;

	vn_cpuset_minus(&free, &node->pinned);
	if (vn_cpuset_count(&placement->emulator) != 1 ||
	    !vn_cpuset_contains(&free, &placement->emulator) ||
	    !vn_cpuset_contains(&placement->cells[0].reserved, &placement->emulator) ||
	    vn_cpuset_overlaps(&placement->emulator, &pins))
		return "the emulator has one more free CPU on the node of cell 0";
	return NULL;
}

static const char *rule_reserved(const struct pair *pair, const vn_placement *placement)
{
	vn_cpuset seen = { 0 };

	for (uint32_t vcpu = 0; vcpu < placement->n_vcpus; vcpu++)
		if (placement->pin[vcpu] >= 0)
			vn_cpuset_add(&seen, (unsigned)placement->pin[vcpu]);
	for (uint32_t c = 0; c < placement->n_cells; c++) {
		const vn_place_cell *cell = &placement->cells[c];
		const vn_node *node = &pair->nodes[cell->node_ix];

		if (vn_cpuset_overlaps(&cell->reserved, &seen) ||
		    vn_cpuset_overlaps(&cell->reserved, &node->pinned) ||
		    !vn_cpuset_contains(&node->pcpus, &cell->reserved))
			return "reserved CPUs were free and are taken once";
		vn_cpuset_or(&seen, &cell->reserved);
	}
	return NULL;
}

/* The overcommit of floating vCPUs. */
static const char *rule_cpu_ratio(const struct pair *pair, const vn_placement *placement)
{
	uint64_t ratio = pair->options.cpu_ratio_percent;

	for (uint32_t i = 0; ratio && i < pair->host.n_nodes; i++) {
		uint64_t floating = 0, cpus = vn_cpuset_count(&pair->nodes[i].cpus);

		for (uint32_t vcpu = 0; vcpu < placement->n_vcpus; vcpu++)
			floating += placement->pin[vcpu] < 0 &&
				    placement->cells[placement->vcpu_cell[vcpu]].node_ix == i;
		if (floating && (floating + pair->nodes[i].cpu_usage) * 100 > cpus * ratio)
			return "floating vCPUs are within the ratio";
	}
	return NULL;
}

/* ---- memory
 * -------------------------------------------------------------------------------------- */

static int page_ix_of(const vn_node *node, uint64_t page_kib)
{
	for (uint32_t i = 1; i < node->n_pages; i++)
		if (node->pages[i].size_kib == page_kib)
			return (int)i;
	return -1;
}

/* 5, 13: where memory comes from and in which pages; no node gives more than it has. */
static const char *rule_memory(const struct pair *pair, const vn_placement *placement)
{
	uint64_t ordinary[NODES_MAX] = { 0 }, pages[NODES_MAX][VN_PAGE_SIZES_MAX] = { 0 };

	for (uint32_t c = 0; c < placement->n_cells; c++) {
		const vn_place_cell *cell = &placement->cells[c];
		const vn_node *node = &pair->nodes[cell->mem_node_ix];
		int page_ix = page_ix_of(node, cell->page_kib);
		uint64_t kib = cell->mem_kib + cell->memdev_kib;

		if (!memory_may_come_from(pair, c, cell->node_ix, cell->mem_node_ix))
			return "memory comes from the cell's node, or where the rules let it";
		if (cell->page_kib && page_ix < 0)
			return "the node has pages of that size";
		if (!page_is_wanted(pair, c, node, page_ix) &&
		    !(page_ix < 0 && node->n_pages && page_is_wanted(pair, c, node, 0)))
			return "the page size is one that was asked for";
		if (page_ix < 0)
			ordinary[cell->mem_node_ix] += kib;
		else if (cell->mem_kib % cell->page_kib || cell->memdev_kib % cell->page_kib)
			return "huge pages are whole";
		else
			pages[cell->mem_node_ix][page_ix] += kib / cell->page_kib;
	}
	for (uint32_t i = 0; i < pair->host.n_nodes; i++) {
		const vn_node *node = &pair->nodes[i];

		if (ordinary[i] && pair->options.ram_ratio_percent == 100 &&
		    ordinary[i] + pair->options.reserve_kib > vn_node_free_kib(node))
			return "no node gives more ordinary memory than is free";
		for (uint32_t k = 1; k < node->n_pages; k++)
			if (pages[i][k] > vn_pages_free(&node->pages[k]))
				return "no node gives more pages than are free";
	}
	return NULL;
}

/* ---- what the guest sees
 * ------------------------------------------------------------------------- */

/* 10: the product is the vCPUs, a socket lies in one cell, threads are true in auto. */
static const char *rule_topology(const struct pair *pair, const vn_placement *placement)
{
	const vn_topology *t = &placement->topology, *own = &pair->request.topology;
	uint64_t socket = (uint64_t)t->dies * t->cores * t->threads;

	if (pair->request.topology_given)
		return memcmp(t, own, sizeof(*t)) ? "the owner's topology is kept" : NULL;
	if (socket == 0 || t->sockets * socket != placement->n_vcpus)
		return "the product of the topology is the number of vCPUs";
	if (pair->request.distribution == VN_DISTRIBUTION_INTERLEAVE &&
	    t->sockets != placement->n_vcpus)
		return "interleave: every vCPU its own socket";
	for (uint32_t vcpu = 0; vcpu < placement->n_vcpus; vcpu++) {
		uint32_t first = (uint32_t)(vcpu / socket * socket),
			 lead = vcpu / t->threads * t->threads;

		if (placement->vcpu_cell[vcpu] != placement->vcpu_cell[first])
			return "no socket spans two cells";
		if (pair->request.mode != VN_MODE_AUTO || t->threads == 1)
			continue;
		if (placement->pin[vcpu] < 0 || placement->pin[lead] < 0 ||
		    pair->cpus[placement->pin[vcpu]].core != pair->cpus[placement->pin[lead]].core)
			return "auto: guest threads are threads of one core";
	}
	return NULL;
}

/* 11 */
static const char *rule_distances(const struct pair *pair, const vn_placement *placement)
{
	uint32_t n = placement->n_cells;

	for (uint32_t a = 0; a < n; a++)
		for (uint32_t b = 0; b < n; b++) {
			uint32_t from = placement->cells[a].node_ix,
				 to = placement->cells[b].node_ix;
			uint32_t want = vn_host_distance(&pair->host, from, to);

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
static const char *rule_devices(const struct pair *pair, const vn_placement *placement)
{
	for (uint32_t i = 0; i < pair->request.n_devices; i++) {
		int32_t node_ix = device_node(pair, &pair->guest_devices[i]);
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
		if (!somewhere && node_ix >= 0 &&
		    pair->guest_devices[i].policy == VN_PCI_REQUIRED &&
		    device_must_be_local(pair, &pair->guest_devices[i]))
			return "a device that must be local is";
	}
	return NULL;
}

const char *judge_placement(const struct pair *pair, const vn_placement *placement)
{
	static const rule rules[] = {
		rule_number_of_cells, rule_nodes,    rule_cut,	     rule_pins,	    rule_floating,
		rule_isolate,	      rule_require,  rule_emulator,  rule_reserved, rule_cpu_ratio,
		rule_memory,	      rule_topology, rule_distances, rule_devices,
	};

	for (size_t i = 0; i < VN_LEN(rules); i++) {
		const char *broken = rules[i](pair, placement);

		if (broken)
			return broken;
	}
	return NULL;
}

void cut_of_placement(const struct pair *pair, const vn_placement *placement, struct cut *ret)
{
	cut_make(pair, placement->n_cells, 4, ret);
	for (uint32_t c = 0; c < placement->n_cells; c++) {
		ret->cells[c].mem_kib = placement->cells[c].mem_kib;
		ret->cells[c].memdev_kib = placement->cells[c].memdev_kib;
	}
}
