/* SPDX-License-Identifier: LGPL-2.1-or-later
 * The winning choices, cell by cell, as CPUs, memory, devices and distances. CPUs are picked by the
 * same steps that cores.c counted in the search, so that what was counted is there. */
#include "place/problem.h"

#include <string.h>

/* Picks CPUs for one cell. */
struct picking {
	struct core_picker base;
	const vn_host *host;
	struct core_counts counts;
	uint8_t mine[2 * VN_CPU_MAX];	  /* [core] 1 + the cell that has pins on it */
	uint32_t l3_free[VN_CPU_MAX + 1]; /* [L3 group] free CPUs of it; last: not known */
	vn_cpuset picked;		  /* by all cells so far */
	/* the cell in work */
	uint32_t cell, pins;
	vn_cpuset free;		   /* on its node */
	int16_t cpus[VN_VCPU_MAX]; /* for its vCPUs, in order */
	uint32_t n_cpus;
	vn_cpuset reserved, emulator;
};

static uint32_t l3_of(const vn_host *host, uint32_t cpu)
{
	return host->cpus[cpu].l3 >= 0 ? (uint32_t)host->cpus[cpu].l3 : VN_CPU_MAX;
}

/* Lower is better: the L3 group that just holds the cell, else the one with the most room. */
static uint64_t l3_rank(const struct picking *k, uint32_t cpu)
{
	uint32_t free = k->l3_free[l3_of(k->host, cpu)];

	return free >= k->pins ? free : (UINT64_C(2) << 32) - free;
}

static bool core_is(const struct picking *k, uint32_t core, const struct core_pick *pick)
{
	const struct core_counts *counts = &k->counts;

	if (counts->kept[core] != pick->kept || counts->free[core] != pick->free)
		return false;
	if (pick->kept)
		return true;
	if ((counts->free[core] == counts->online[core]) != pick->whole)
		return false;
	return !pick->extra || (k->mine[core] == k->cell + 1) == pick->mine;
}

/* The best core for one step: by L3 group, then the lowest CPU. -1: there is none (a bug). */
static int find_core(const struct picking *k, const struct core_pick *pick)
{
	uint64_t best_rank = UINT64_MAX;
	int best = -1;

	VN_CPUSET_EACH(cpu, &k->free) {
		uint32_t core = core_ix(k->host, (uint32_t)cpu);

		if (l3_rank(k, (uint32_t)cpu) >= best_rank || !core_is(k, core, pick))
			continue;
		best_rank = l3_rank(k, (uint32_t)cpu);
		best = (int)core;
	}
	return best;
}

static void take_cpu(struct picking *k, uint32_t cpu, const struct core_pick *pick, uint32_t nth)
{
	vn_cpuset_del(&k->free, cpu);
	k->counts.free[core_ix(k->host, cpu)]--;
	if (pick->extra)
		vn_cpuset_add(&k->emulator, cpu);
	if (pick->extra || nth >= pick->threads)
		vn_cpuset_add(&k->reserved, cpu);
	else
		k->cpus[k->n_cpus++] = (int16_t)cpu;
}

static void pick_cores(struct core_picker *self, const struct core_pick *pick)
{
	struct picking *k = (struct picking *)self;

	for (uint32_t i = 0; i < pick->cores; i++) {
		int core = find_core(k, pick);
		uint32_t nth = 0;

		assert(core >= 0);
		vn_cpuset free = k->free;

		VN_CPUSET_EACH(cpu, &free) {
			if ((int)core_ix(k->host, (uint32_t)cpu) != core)
				continue;
			if (nth < pick->threads || pick->idle)
				take_cpu(k, (uint32_t)cpu, pick, nth++);
		}
		if (!pick->extra)
			k->mine[core] = (uint8_t)(k->cell + 1);
	}
}

/* Before the first cell: what is free on the whole host. */
static void start_picking(struct picking *k, const struct problem *p)
{
	vn_cpuset all = { 0 }, floats, pins;

	k->base.pick = pick_cores;
	k->host = p->host;
	for (uint32_t i = 0; i < p->host->n_nodes; i++) {
		prep_free_cpus(p, i, &floats, &pins);
		vn_cpuset_or(&all, &pins);
	}
	k->picked = (vn_cpuset){ 0 };
	prep_count_cores(p->host, &all, p->request->distribution == VN_DISTRIBUTION_SIBLINGS,
			 &k->counts);
	memset(k->mine, 0, k->counts.n * sizeof(*k->mine));
}

static void start_cell(struct picking *k, const struct problem *p, uint32_t cell,
		       struct cores *cores)
{
	vn_cpuset floats;

	k->cell = cell;
	k->pins = p->cells[cell].pins;
	k->n_cpus = 0;
	k->reserved = k->emulator = (vn_cpuset){ 0 };
	prep_free_cpus(p, p->best[cell].node_ix, &floats, &k->free);
	vn_cpuset_minus(&k->free, &k->picked);
	VN_CPUSET_EACH(cpu, &k->free)
		k->l3_free[l3_of(k->host, (uint32_t)cpu)] = 0;
	VN_CPUSET_EACH(cpu, &k->free)
		k->l3_free[l3_of(k->host, (uint32_t)cpu)]++;
	*cores = (struct cores){ 0 };
	for (uint32_t core = 0; core < k->counts.n; core++)
		if (k->counts.free[core] && k->counts.node_ix[core] == p->best[cell].node_ix)
			prep_add_core(&k->counts, core, cores);
}

/* Pick the CPUs of one cell and give them to its dedicated vCPUs in order. */
static int pin_cell(struct picking *k, const struct problem *p, uint32_t cell, vn_placement *to,
		    vn_error *err)
{
	const vn_request *request = p->request;
	struct cores cores;
	struct cores_taken taken;
	uint32_t next = 0;

	start_cell(k, p, cell, &cores);
	if (!cores_take(&cores, request->thread_policy, p->cells[cell].pins, p->cells[cell].extra,
			&taken, &k->base))
		return vn_fail(err, VN_E_SYSTEM, "bug: the CPUs of cell %u are not there", cell);
	VN_CPUSET_EACH(vcpu, &p->cell_vcpus[cell]) {
		bool own = vn_cpuset_has(&request->vcpupin_given, (unsigned)vcpu);

		if (!vn_cpuset_has(&request->dedicated, (unsigned)vcpu))
			continue;
		to->pin[vcpu] = own ? vn_cpuset_next(&request->vcpupin[vcpu], -1) : k->cpus[next++];
		vn_cpuset_add(&k->picked, (unsigned)to->pin[vcpu]);
	}
	vn_cpuset_or(&k->picked, &k->reserved);
	to->cells[cell].reserved = k->reserved;
	vn_cpuset_or(&to->emulator, &k->emulator);
	return VN_OK;
}

/* ---- cells ---- */

static void build_cell(const struct problem *p, uint32_t cell, vn_placement *to)
{
	const struct choice *choice = &p->best[cell];
	vn_place_cell *ret = &to->cells[cell];

	ret->node_ix = choice->node_ix;
	ret->mem_node_ix = choice->mem_ix;
	ret->mem_kib = p->cells[cell].mem_kib;
	ret->memdev_kib = p->cells[cell].memdev_kib;
	ret->page_kib = 0;
	if (choice->page_ix != NO_PAGES &&
	    choice->page_ix >= first_huge(&p->host->nodes[choice->mem_ix]))
		ret->page_kib = p->host->nodes[choice->mem_ix].pages[choice->page_ix].size_kib;
	ret->vcpus = p->cell_vcpus[cell];
	ret->cpus = ret->reserved = (vn_cpuset){ 0 };
	VN_CPUSET_EACH(vcpu, &ret->vcpus) {
		to->vcpu_cell[vcpu] = (uint16_t)cell;
		to->pin[vcpu] = -1;
	}
}

/* Floating vCPUs run on what their node has left after all pins of this guest. */
static void float_cell(const struct problem *p, uint32_t cell, const vn_cpuset *picked,
		       vn_placement *to)
{
	vn_cpuset pins;

	if (!p->cells[cell].floating)
		return;
	prep_free_cpus(p, p->best[cell].node_ix, &to->cells[cell].cpus, &pins);
	vn_cpuset_minus(&to->cells[cell].cpus, picked);
}

static void build_distances(const struct problem *p, vn_placement *to)
{
	enum { SAME_NODE = 11, FARTHEST = 254 }; /* QEMU: 10 is for itself, 255 for no way */

	for (uint32_t a = 0; a < to->n_cells; a++)
		for (uint32_t b = 0; b < to->n_cells; b++) {
			uint32_t from = to->cells[a].node_ix, there = to->cells[b].node_ix;
			uint32_t far = vn_host_distance(p->host, from, there);

			if (a == b)
				far = 10;
			else if (from == there || far < SAME_NODE)
				far = SAME_NODE;
			to->distance[a * to->n_cells + b] =
				(uint16_t)(far > FARTHEST ? FARTHEST : far);
		}
}

static void build_devices(const struct problem *p, vn_placement *to)
{
	to->n_devices = p->n_devices;
	for (uint32_t i = 0; i < p->n_devices; i++) {
		int32_t node_ix = p->devices[i].node_ix;

		to->device_node_ix[i] = (int16_t)node_ix;
		to->device_cell[i] = -1;
		for (uint32_t c = to->n_cells; c-- > 0;)
			if ((int32_t)to->cells[c].node_ix == node_ix)
				to->device_cell[i] = (int16_t)c;
	}
	to->n_memdevs = p->request->n_memdevs;
	memcpy(to->memdev_cell, p->memdev_cell, to->n_memdevs * sizeof(*to->memdev_cell));
}

/* ---- emulator ---- */

/* The shared CPUs of the guest's nodes that none of its vCPUs has for itself. */
static vn_cpuset shared_cpus(const struct problem *p, const vn_placement *placement)
{
	vn_cpuset shared = { 0 };

	for (uint32_t c = 0; c < placement->n_cells; c++) {
		const vn_node *node = &p->host->nodes[placement->cells[c].node_ix];
		vn_cpuset cpus = node->cpus;

		vn_cpuset_minus(&cpus, &node->pinned);
		vn_cpuset_or(&shared, &cpus);
	}
	for (uint32_t c = 0; c < placement->n_cells; c++)
		vn_cpuset_minus(&shared, &placement->cells[c].reserved);
	for (uint32_t vcpu = 0; vcpu < placement->n_vcpus; vcpu++)
		if (placement->pin[vcpu] >= 0)
			vn_cpuset_del(&shared, (unsigned)placement->pin[vcpu]);
	return shared;
}

/* The CPUs of all vCPUs, but for those in `without` (may be NULL). */
static vn_cpuset cpus_of_vcpus(const struct problem *p, const vn_placement *placement,
			       const vn_cpuset *without)
{
	const vn_request *request = p->request;
	bool floats[VN_CELL_MAX] = { false };
	vn_cpuset cpus = { 0 };

	for (uint32_t vcpu = 0; vcpu < placement->n_vcpus && vcpu < VN_VCPU_MAX; vcpu++) {
		if (without && vn_cpuset_has(without, vcpu))
			continue;
		if (placement->pin[vcpu] >= 0)
			vn_cpuset_add(&cpus, (unsigned)placement->pin[vcpu]);
		else if (vn_cpuset_has(&request->vcpupin_given, vcpu))
			vn_cpuset_or(&cpus, &request->vcpupin[vcpu]);
		else
			floats[placement->vcpu_cell[vcpu]] = true;
	}
	for (uint32_t c = 0; c < placement->n_cells; c++)
		if (floats[c])
			vn_cpuset_or(&cpus, &placement->cells[c].cpus);
	return cpus;
}

/* The union of the vCPUs' CPUs; of those that are not real-time, where there are such. */
static vn_cpuset union_cpus(const struct problem *p, const vn_placement *placement)
{
	const vn_request *request = p->request;
	vn_cpuset calm = { 0 };

	if (request->realtime)
		calm = cpus_of_vcpus(p, placement, &request->realtime_vcpus);
	return vn_cpuset_is_empty(&calm) ? cpus_of_vcpus(p, placement, NULL) : calm;
}

static void build_emulator(const struct problem *p, vn_placement *to)
{
	if (!vn_cpuset_is_empty(&to->emulator))
		return; /* a CPU of its own */
	if (p->request->emulator_policy == VN_EMULATOR_SHARE)
		to->emulator = shared_cpus(p, to);
	if (vn_cpuset_is_empty(&to->emulator))
		to->emulator = union_cpus(p, to);
}

int plan_build(struct problem *p, vn_placement *to, vn_error *err)
{
	struct picking picking;
	bool pins = false;
	int r;

	to->n_cells = p->n_cells;
	to->n_vcpus = p->request->vcpus;
	to->emulator = (vn_cpuset){ 0 };
	to->cost = p->cost;
	to->proven = p->proven;
	for (uint32_t c = 0; c < p->n_cells; c++)
		build_cell(p, c, to);
	for (uint32_t c = 0; c < p->n_cells; c++)
		pins |= p->cells[c].vcpus > p->cells[c].floating || p->cells[c].extra;
	picking.picked = (vn_cpuset){ 0 };
	if (pins)
		start_picking(&picking, p);
	for (uint32_t c = 0; c < p->n_cells && pins; c++)
		if ((r = pin_cell(&picking, p, c, to, err)) < 0)
			return r;
	for (uint32_t c = 0; c < p->n_cells; c++)
		float_cell(p, c, &picking.picked, to);
	build_emulator(p, to);
	build_distances(p, to);
	build_devices(p, to);
	return topology_build(p, to, err);
}

/* ---- answers about a placement ---- */

vn_cpuset vn_placement_vcpu_cpus(const vn_placement *placement, const vn_request *request,
				 uint32_t vcpu)
{
	vn_cpuset one = { 0 };

	if (placement->pin[vcpu] >= 0) {
		vn_cpuset_add(&one, (unsigned)placement->pin[vcpu]);
		return one;
	}
	if (vn_cpuset_has(&request->vcpupin_given, vcpu))
		return request->vcpupin[vcpu];
	return placement->cells[placement->vcpu_cell[vcpu]].cpus;
}

vn_cpuset vn_placement_emulator_cpus(const vn_placement *placement, const vn_request *request)
{
	return request->emulatorpin_given ? request->emulatorpin : placement->emulator;
}
