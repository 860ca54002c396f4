/* SPDX-License-Identifier: LGPL-2.1-or-later
 * The winning choices, cell by cell, as CPUs, memory, devices and distances. CPUs are picked by the
 * same steps that cores.c counted in the search, so that what was counted is there. */
#include "place/problem.h"

#include <string.h>

/* Picks CPUs, cell by cell. Cores are indexes into p->cores. */
struct picking {
	struct core_picker base;
	const struct problem *p;
	uint64_t picked[VN_CPUSET_WORDS]; /* by all cells so far */
	/* the cell in work */
	uint32_t cell, pins, first_core, end_core;
	int kept;			  /* the core that `siblings` keeps, -1: none */
	uint64_t free[VN_CPUSET_WORDS];	  /* on its node */
	bool mine[VN_CPU_MAX];		  /* [core - first_core] has pins of this cell */
	uint32_t l3_free[VN_CPU_MAX + 1]; /* [L3 group] free CPUs of it; last: not known */
	int16_t cpus[VN_VCPU_MAX];	  /* for its vCPUs, in order */
	uint32_t n_cpus;
	vn_cpuset *reserved, *emulator;
};

static bool has(const uint64_t *word, uint32_t bit)
{
	return word[bit / 64] >> bit % 64 & 1;
}

static uint32_t l3_of(const vn_host *host, uint32_t cpu)
{
	return host->cpus[cpu].l3 >= 0 ? (uint32_t)host->cpus[cpu].l3 : VN_CPU_MAX;
}

/* Lower is better: the L3 group that just holds the cell, else the one with the most room. */
static uint64_t l3_rank(const struct picking *k, const vn_core *core)
{
	uint32_t free = k->l3_free[l3_of(k->p->host, (uint32_t)core->cpus[0])];

	return free >= k->pins ? free : (UINT64_C(2) << 32) - free;
}

/* Free threads of a core; *lowest is the first of them. */
static uint32_t free_threads(const struct picking *k, uint32_t core, int *lowest)
{
	const vn_core *on = &k->p->cores[core];
	uint32_t n = 0;

	for (uint32_t t = on->n; t-- > 0;)
		if (has(k->free, (uint32_t)on->cpus[t])) {
			*lowest = on->cpus[t];
			n++;
		}
	return n;
}

static bool core_is(const struct picking *k, uint32_t core, uint32_t free,
		    const struct core_pick *pick)
{
	if (free != pick->free || ((int)core == k->kept) != pick->kept)
		return false;
	if (pick->kept)
		return true;
	if ((free == k->p->cores[core].n) != pick->whole)
		return false;
	return !pick->extra || k->mine[core - k->first_core] == pick->mine;
}

/* The best core for one step: by L3 group, then the lowest free CPU. -1: there is none (a bug). */
static int find_core(const struct picking *k, const struct core_pick *pick, uint32_t from)
{
	bool one_l3 = k->p->nodes[k->p->host->cpus[k->p->cores[k->first_core].cpus[0]].node_ix]
			      .l3_groups < 2;
	uint64_t best_rank = UINT64_MAX;
	int best = -1, best_cpu = 0, cpu = 0;

	for (uint32_t core = from; core < k->end_core; core++) {
		uint32_t free = free_threads(k, core, &cpu);
		uint64_t rank;

		if (!core_is(k, core, free, pick))
			continue;
		if (one_l3 && pick->whole)
			return (int)core; /* cores ascend by their lowest CPU */
		rank = one_l3 ? 0 : l3_rank(k, &k->p->cores[core]);
		if (best < 0 || rank < best_rank || (rank == best_rank && cpu < best_cpu)) {
			best_rank = rank;
			best_cpu = cpu;
			best = (int)core;
		}
	}
	return best;
}

static void take_cpu(struct picking *k, uint32_t cpu, const struct core_pick *pick, uint32_t nth)
{
	k->free[cpu / 64] &= ~(UINT64_C(1) << cpu % 64);
	k->picked[cpu / 64] |= UINT64_C(1) << cpu % 64;
	if (pick->extra)
		vn_cpuset_add(k->emulator, cpu);
	if (pick->extra || nth >= pick->threads)
		vn_cpuset_add(k->reserved, cpu);
	else
		k->cpus[k->n_cpus++] = (int16_t)cpu;
}

static void pick_cores(struct core_picker *self, const struct core_pick *pick)
{
	struct picking *k = (struct picking *)self;
	int core = (int)k->first_core - 1;

	for (uint32_t i = 0; i < pick->cores; i++) {
		uint32_t nth = 0;

		core = find_core(k, pick, pick->whole ? (uint32_t)(core + 1) : k->first_core);
		if (core < 0) /* with several L3 groups the next one may be before it */
			core = find_core(k, pick, k->first_core);
		assert(core >= 0);
		for (uint32_t t = 0; t < k->p->cores[core].n; t++) {
			uint32_t cpu = (uint32_t)k->p->cores[core].cpus[t];

			if (has(k->free, cpu) && (nth < pick->threads || pick->idle))
				take_cpu(k, cpu, pick, nth++);
		}
		k->mine[(uint32_t)core - k->first_core] |= !pick->extra;
	}
}

static void count_l3(struct picking *k)
{
	const vn_host *host = k->p->host;

	for (uint32_t core = k->first_core; core < k->end_core; core++)
		k->l3_free[l3_of(host, (uint32_t)k->p->cores[core].cpus[0])] = 0;
	for (uint32_t core = k->first_core; core < k->end_core; core++) {
		int cpu;

		k->l3_free[l3_of(host, (uint32_t)k->p->cores[core].cpus[0])] +=
			free_threads(k, core, &cpu);
	}
}

static void start_cell(struct picking *k, uint32_t cell, uint32_t node_ix, struct cores *cores)
{
	const struct problem *p = k->p;
	uint64_t floats[VN_CPUSET_WORDS];
	vn_node_counts counts;
	int cpu;

	k->cell = cell;
	k->pins = p->cells[cell].pins;
	k->first_core = p->first_core[node_ix];
	k->end_core = p->first_core[node_ix + 1];
	k->n_cpus = 0;
	k->kept = -1;
	memset(k->mine, 0, (k->end_core - k->first_core) * sizeof(*k->mine));
	if (p->cells_max == 1) {
		/* nothing of this guest is on the node yet */
		prep_free_words(p, node_ix, floats, k->free);
		*cores = p->nodes[node_ix].free;
		if (cores->kept)
			k->kept = (int)k->first_core;
	} else {
		prep_free_words(p, node_ix, floats, k->free);
		for (uint32_t i = 0; i < p->words; i++)
			k->free[i] &= ~k->picked[i];
		vn_cores_count(p->cores + k->first_core, k->end_core - k->first_core, floats,
			       k->free, &counts);
		*cores = (struct cores){ 0 };
		memcpy(cores->whole, counts.whole, sizeof(cores->whole));
		memcpy(cores->part, counts.part, sizeof(cores->part));
		if (p->nodes[node_ix].free.kept) {
			uint32_t free = free_threads(k, k->first_core, &cpu);

			k->kept = (int)k->first_core;
			cores->kept = (uint8_t)free;
			cores->kept_whole = free && free == p->cores[k->first_core].n;
			if (free)
				(cores->kept_whole ? cores->whole : cores->part)[free]--;
		}
	}
	if (p->nodes[node_ix].l3_groups > 1)
		count_l3(k);
}

/* The threads that exact.c has chosen; on each core those first where no floating vCPU may run. */
static void pick_exactly(struct picking *k, uint32_t node_ix, const struct exact_take *exact)
{
	const struct problem *p = k->p;
	uint64_t floats[VN_CPUSET_WORDS], pins[VN_CPUSET_WORDS];

	prep_free_words(p, node_ix, floats, pins);
	for (uint32_t i = 0; i < exact->n_cores; i++) {
		const vn_core *core = &p->cores[k->first_core + i];
		struct core_pick pick = { .threads = exact->pins[i] };
		uint32_t nth = 0, take = exact->pins[i] + exact->extra[i];

		if (p->request->thread_policy == VN_THREADS_ISOLATE && exact->pins[i])
			take = core->n;
		for (int both = 0; both < 2; both++)
			for (uint32_t t = 0; t < core->n && nth < take; t++) {
				uint32_t cpu = (uint32_t)core->cpus[t];

				if (!has(k->free, cpu) || has(floats, cpu) != both)
					continue;
				pick.extra = nth >= exact->pins[i] && exact->extra[i];
				take_cpu(k, cpu, &pick, nth++);
			}
	}
}

/* Pick the CPUs of one cell and give them to its dedicated vCPUs in order. */
static int pin_cell(struct picking *k, uint32_t cell, uint32_t node_ix, vn_placement *to,
		    vn_error *err)
{
	const struct problem *p = k->p;
	const vn_request *request = p->request;
	uint32_t next = 0, words = (request->vcpus + 63) / 64;
	struct cores_taken taken;
	struct exact_take exact;
	struct cores cores;

	k->reserved = &to->cells[cell].reserved;
	k->emulator = &to->emulator;
	start_cell(k, cell, node_ix, &cores);
	if (fit_needs_exact(p, cell, node_ix) && exact_cores(p, cell, node_ix, &exact))
		pick_exactly(k, node_ix, &exact);
	else if (!cores_take(&cores, request->thread_policy, p->cells[cell].pins,
			     p->cells[cell].extra, &taken, &k->base))
		return vn_fail(err, VN_E_SYSTEM, "bug: the CPUs of cell %u are not there", cell);
	for (uint32_t i = 0; i < words; i++)
		for (uint64_t rest = p->cell_vcpus[cell]->word[i] & request->dedicated.word[i];
		     rest; rest &= rest - 1) {
			uint32_t vcpu = i * 64 + (uint32_t)__builtin_ctzll(rest);
			bool own = request->vcpupin && vn_cpuset_has(&request->vcpupin_given, vcpu);
			int cpu =
				own ? vn_cpuset_next(&request->vcpupin[vcpu], -1) : k->cpus[next++];

			to->pin[vcpu] = cpu;
			k->picked[cpu / 64] |= UINT64_C(1) << cpu % 64;
		}
	return VN_OK;
}

/* ---- cells ---- */

static void build_cell(const struct problem *p, uint32_t cell, const struct choice *choice,
		       vn_placement *to)
{
	vn_place_cell *ret = &to->cells[cell];

	ret->node_ix = choice->node_ix;
	ret->mem_node_ix = choice->mem_ix;
	ret->mem_kib = p->cells[cell].mem_kib;
	ret->memdev_kib = p->cells[cell].memdev_kib;
	ret->page_kib = 0;
	if (choice->page_ix != NO_PAGES &&
	    choice->page_ix >= vn_node_first_huge(&p->host->nodes[choice->mem_ix]))
		ret->page_kib = p->host->nodes[choice->mem_ix].pages[choice->page_ix].size_kib;
	ret->vcpus = *p->cell_vcpus[cell];
	ret->cpus = ret->reserved = (vn_cpuset){ 0 };
}

/* Floating vCPUs run on what their node has left after all pins of this guest. */
static void float_cell(const struct problem *p, uint32_t cell, const uint64_t *picked,
		       vn_placement *to)
{
	uint64_t pins[VN_CPUSET_WORDS], *floats = to->cells[cell].cpus.word;

	if (!p->cells[cell].floating)
		return;
	prep_free_words(p, to->cells[cell].node_ix, floats, pins);
	for (uint32_t i = 0; i < p->words; i++)
		floats[i] &= ~picked[i];
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

/* Add the CPUs of all vCPUs, but for those in `without` (may be NULL). */
static void add_cpus_of_vcpus(const struct problem *p, const vn_placement *placement,
			      const vn_cpuset *without, vn_cpuset *to)
{
	const vn_request *request = p->request;
	bool floats[VN_CELL_MAX] = { false };

	for (uint32_t vcpu = 0; vcpu < placement->n_vcpus && vcpu < VN_VCPU_MAX; vcpu++) {
		if (without && vn_cpuset_has(without, vcpu))
			continue;
		if (placement->pin[vcpu] >= 0)
			vn_cpuset_add(to, (unsigned)placement->pin[vcpu]);
		else if (request->vcpupin && vn_cpuset_has(&request->vcpupin_given, vcpu))
			vn_cpuset_or(to, &request->vcpupin[vcpu]);
		else
			floats[placement->vcpu_cell[vcpu]] = true;
	}
	for (uint32_t c = 0; c < placement->n_cells; c++)
		for (uint32_t i = 0; floats[c] && i < p->words; i++)
			to->word[i] |= placement->cells[c].cpus.word[i];
}

/* A CPU of its own; the host's shared CPUs where the policy says so; else the union of the vCPUs'
 * CPUs, of those that are not real-time where there are such. */
static void build_emulator(const struct problem *p, vn_placement *to)
{
	const vn_request *request = p->request;

	if (request->emulator_policy != VN_EMULATOR_DEFAULT || request->realtime) {
		if (!vn_cpuset_is_empty(&to->emulator))
			return;
		if (request->emulator_policy == VN_EMULATOR_SHARE)
			to->emulator = shared_cpus(p, to);
		if (vn_cpuset_is_empty(&to->emulator) && request->realtime)
			add_cpus_of_vcpus(p, to, &request->realtime_vcpus, &to->emulator);
		if (!vn_cpuset_is_empty(&to->emulator))
			return;
	}
	add_cpus_of_vcpus(p, to, NULL, &to->emulator);
}

static bool has_pins(const struct problem *p)
{
	for (uint32_t c = 0; c < p->n_cells; c++)
		if (p->cells[c].vcpus > p->cells[c].floating || p->cells[c].extra)
			return true;
	return false;
}

static void build_pci(struct problem *p, const struct choice *choices, vn_placement *to)
{
	uint32_t remote;

	for (uint32_t c = 0; c < p->n_cells; c++)
		p->nodes[choices[c].node_ix].cells++;
	pci_fits(p, &remote, to);
	for (uint32_t c = 0; c < p->n_cells; c++)
		p->nodes[choices[c].node_ix].cells--;
}

int plan_build(struct problem *p, uint32_t nth, vn_placement *to, vn_error *err)
{
	const struct choice *choices = p->found_choices[nth];
	struct picking picking;
	int r;

	to->n_cells = p->n_cells;
	to->n_vcpus = p->request->vcpus;
	to->emulator = (vn_cpuset){ 0 };
	to->cost = p->found_cost[nth];
	to->proven = p->proven;
	cut_number_vcpus(p, p->n_cells);
	memcpy(to->vcpu_cell, p->vcpu_cell, to->n_vcpus * sizeof(*to->vcpu_cell));
	memset(to->pin, 0xff, to->n_vcpus * sizeof(*to->pin)); /* -1 */
	for (uint32_t c = 0; c < p->n_cells; c++)
		build_cell(p, c, &choices[c], to);
	memset(picking.picked, 0, p->words * sizeof(*picking.picked));
	picking.base.pick = pick_cores;
	picking.p = p;
	if (p->dedicated && has_pins(p))
		for (uint32_t c = 0; c < p->n_cells; c++)
			if ((r = pin_cell(&picking, c, choices[c].node_ix, to, err)) < 0)
				return r;
	for (uint32_t c = 0; c < p->n_cells; c++)
		float_cell(p, c, picking.picked, to);
	build_emulator(p, to);
	build_distances(p, to);
	build_devices(p, to);
	to->n_pci_picks = 0;
	if (p->request->n_pci_requests)
		build_pci(p, choices, to);
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
