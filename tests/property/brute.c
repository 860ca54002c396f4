/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Every assignment, one after the other. A half-made assignment is given up only when what it has
 * taken already is too much, which no further cell can mend. */
#include "brute.h"

#include <string.h>

enum { SMALL_NODES = 4, SMALL_CPUS = 8 };

/* An assignment in the making. */
struct state {
	const struct pair *pair;
	const struct cut *cut;
	struct spread spread;
	enum vn_hold hold;
	uint32_t node_of[VN_CELL_MAX], mem_of[VN_CELL_MAX];
	int page_of[VN_CELL_MAX]; /* index into the pages of the memory node; -1: ordinary */
	struct brute best;
};

/* ---- CPUs of one node
 * ---------------------------------------------------------------------------- */

/* CPUs that pins, or floating vCPUs, may have on a node. */
static vn_cpuset cpus_for(const struct pair *pair, uint32_t node_ix, bool pins)
{
	const vn_node *node = &pair->nodes[node_ix];
	vn_cpuset set = pins ? node->pcpus : node->cpus;

	if (pair->request.cpuset_given)
		vn_cpuset_and(&set, &pair->request.cpuset);
	vn_cpuset_minus(&set, &node->pinned);
	VN_CPUSET_EACH(vcpu, &pair->request.vcpupin_given)
		if (vn_cpuset_has(&pair->request.dedicated, (unsigned)vcpu))
			vn_cpuset_minus(&set, &pair->vcpupin[vcpu]);
	return set;
}

/* What one core still has for pins, and how many of those no floating vCPU may run on anyway. */
struct core {
	uint32_t online, free, apart;
};

static uint32_t cores_of(const struct pair *pair, uint32_t node_ix, const vn_cpuset *free,
			 const vn_cpuset *floats, struct core cores[SMALL_CPUS])
{
	int32_t number[SMALL_CPUS];
	uint32_t n = 0, at;

	for (uint32_t cpu = 0; cpu < pair->host.n_cpus; cpu++) {
		if (pair->cpus[cpu].node_ix != (int32_t)node_ix)
			continue;
		for (at = 0; at < n && number[at] != pair->cpus[cpu].core; at++)
			;
		if (at == n) {
			number[n] = pair->cpus[cpu].core;
			cores[n++] = (struct core){ 0 };
		}
		cores[at].online++;
		cores[at].free += vn_cpuset_has(free, cpu);
		cores[at].apart += vn_cpuset_has(free, cpu) && !vn_cpuset_has(floats, cpu);
	}
	return n;
}

/* CPUs to be taken on a node: pins of each cell on it, one cell after the other, and the
 * emulator's. least_lost becomes the fewest CPUs that floating vCPUs lose by it; NO_FIT when it
 * cannot be. */
enum { NO_FIT = 1000 };
struct taking {
	enum vn_thread_policy policy;
	uint32_t n_cores, n_cells, pins[VN_CELL_MAX], extra, least_lost;
	struct core before[SMALL_CPUS];
};

static void take_pins(struct taking *t, const struct core *left, uint32_t cell);

/* All pins are taken: the extra CPU is any that is left. */
static void take_extra(struct taking *t, const struct core *left)
{
	for (uint32_t at = 0; at < (t->extra ? t->n_cores : 1); at++) {
		uint32_t lost = 0;

		if (t->extra && !left[at].free)
			continue;
		for (uint32_t i = 0; i < t->n_cores; i++) {
			uint32_t taken = t->before[i].free - left[i].free + (t->extra && i == at);

			lost += taken > t->before[i].apart ? taken - t->before[i].apart : 0;
		}
		t->least_lost = lost < t->least_lost ? lost : t->least_lost;
	}
}

/* prefer: any free CPUs, core by core. */
static void take_prefer(struct taking *t, const struct core *left, uint32_t cell, uint32_t pins,
			uint32_t from)
{
	struct core next[SMALL_CPUS];

	if (!pins) {
		take_pins(t, left, cell + 1);
		return;
	}
	for (uint32_t i = from; i < t->n_cores; i++)
		for (uint32_t n = 1; n <= left[i].free && n <= pins; n++) {
			memcpy(next, left, t->n_cores * sizeof(*next));
			next[i].free -= n;
			take_prefer(t, next, cell, pins - n, i + 1);
		}
}

/* isolate: every set of as many whole free cores, all of their threads. */
static void take_isolate(struct taking *t, const struct core *left, uint32_t cell)
{
	for (uint32_t chosen = 1; chosen < 1u << t->n_cores; chosen++) {
		struct core next[SMALL_CPUS];
		bool whole = (uint32_t)__builtin_popcount(chosen) == t->pins[cell];

		memcpy(next, left, t->n_cores * sizeof(*next));
		for (uint32_t i = 0; i < t->n_cores; i++) {
			if (!(chosen >> i & 1))
				continue;
			whole &= left[i].free == left[i].online;
			next[i].free = 0;
		}
		if (whole)
			take_pins(t, next, cell + 1);
	}
}

/* require: some k >= 2, k pins on each of enough cores that have k free threads; the last one may
 * get fewer. */
static void take_require(struct taking *t, const struct core *left, uint32_t cell, uint32_t k)
{
	uint32_t need = (t->pins[cell] + k - 1) / k, last = t->pins[cell] - (need - 1) * k;

	for (uint32_t chosen = 1; chosen < 1u << t->n_cores; chosen++)
		for (uint32_t part = 0; part < t->n_cores; part++) {
			struct core next[SMALL_CPUS];
			bool fits = (uint32_t)__builtin_popcount(chosen) == need &&
				    (chosen >> part & 1);

			memcpy(next, left, t->n_cores * sizeof(*next));
			for (uint32_t i = 0; fits && i < t->n_cores; i++) {
				if (!(chosen >> i & 1))
					continue;
				fits &= left[i].free >= k;
				next[i].free -= i == part ? last : k;
			}
			if (fits)
				take_pins(t, next, cell + 1);
		}
}

static void take_pins(struct taking *t, const struct core *left, uint32_t cell)
{
	if (cell == t->n_cells)
		take_extra(t, left);
	else if (!t->pins[cell])
		take_pins(t, left, cell + 1);
	else if (t->policy == VN_THREADS_PREFER)
		take_prefer(t, left, cell, t->pins[cell], 0);
	else if (t->policy == VN_THREADS_ISOLATE)
		take_isolate(t, left, cell);
	else
		for (uint32_t k = 2; k <= SMALL_CPUS; k++)
			take_require(t, left, cell, k);
}

/* Floating vCPUs: enough CPUs for all that are on the node, and within the overcommit ratio. */
static bool floating_fit(const struct state *s, uint32_t node_ix, uint32_t floating, uint32_t lost,
			 const vn_cpuset *floats)
{
	uint64_t ratio = s->pair->options.cpu_ratio_percent;
	struct core cores[SMALL_CPUS];
	uint32_t n_cores = 0, n = cores_of(s->pair, node_ix, floats, floats, cores);

	for (uint32_t i = 0; i < n; i++)
		n_cores += cores[i].free > 0;
	if (floating + lost > vn_cpuset_count(floats))
		return false;
	if (s->hold == HOLD_CORES && floating > n_cores)
		return false;
	return !ratio || (floating + (uint64_t)s->pair->nodes[node_ix].cpu_usage) * 100 <=
				 vn_cpuset_count(floats) * ratio;
}

/* All cells of the guest on one node: do their vCPUs have the CPUs they need? */
static bool cpus_fit(const struct state *s, uint32_t node_ix, uint32_t n_cells)
{
	vn_cpuset free = cpus_for(s->pair, node_ix, true),
		  floats = cpus_for(s->pair, node_ix, false);
	struct taking t = { .policy = s->pair->request.thread_policy, .least_lost = NO_FIT };
	uint32_t floating = 0;

	for (uint32_t c = 0; c < n_cells; c++) {
		if (s->node_of[c] != node_ix)
			continue;
		t.pins[t.n_cells++] = s->cut->cells[c].pins;
		t.extra += s->cut->cells[c].extra;
		floating += s->cut->cells[c].floating;
	}
	t.n_cores = cores_of(s->pair, node_ix, &free, &floats, t.before);
	take_pins(&t, t.before, 0);
	if (t.least_lost == NO_FIT)
		return false;
	return !floating || floating_fit(s, node_ix, floating, t.least_lost, &floats);
}

/* ---- memory of one node
 * -------------------------------------------------------------------------- */

static uint64_t ordinary_total(const vn_node *node)
{
	return node->n_pages ? node->pages[0].total * node->pages[0].size_kib : node->mem_kib;
}

static uint64_t ordinary_free(const vn_node *node)
{
	if (!node->n_pages)
		return node->mem_kib - node->mem_used_kib;
	return (node->pages[0].total - node->pages[0].used - node->pages[0].reserved) *
	       node->pages[0].size_kib;
}

/* All memory that the guest takes from one node, so far. */
static bool memory_fits(const struct state *s, uint32_t mem_ix, uint32_t n_cells)
{
	const vn_node *node = &s->pair->nodes[mem_ix];
	const vn_place_options *options = &s->pair->options;
	uint64_t ordinary = 0, small = 0, pages[VN_PAGE_SIZES_MAX] = { 0 },
		 total = ordinary_total(node);

	for (uint32_t c = 0; c < n_cells; c++) {
		const struct cut_cell *cell = &s->cut->cells[c];
		uint64_t kib = cell->mem_kib + cell->memdev_kib;

		if (s->mem_of[c] != mem_ix)
			continue;
		if (s->page_of[c] < 0) {
			ordinary += kib;
			if (kib > total)
				return false;
			continue;
		}
		uint64_t size = node->pages[s->page_of[c]].size_kib;

		if (cell->mem_kib % size || cell->memdev_kib % size)
			return false;
		pages[s->page_of[c]] += kib / size;
		if (s->page_of[c] == 0)
			small += kib;
	}
	for (uint32_t i = 1; i < node->n_pages; i++)
		if (pages[i] > node->pages[i].total - node->pages[i].used - node->pages[i].reserved)
			return false;
	if (small && ordinary + small + options->reserve_kib > ordinary_free(node))
		return false;
	if (!ordinary || !options->ram_ratio_percent)
		return true;
	/* overcommit: what is used and what is asked for, against the ratio of all */
	return total - ordinary_free(node) + ordinary + small + options->reserve_kib <=
	       total * options->ram_ratio_percent / 100;
}

/* ---- whole assignments
 * --------------------------------------------------------------------------- */

static bool has_cell(const struct state *s, uint32_t node_ix)
{
	for (uint32_t c = 0; c < s->cut->n; c++)
		if (s->node_of[c] == node_ix)
			return true;
	return false;
}

static bool devices_local(const struct state *s)
{
	const struct pair *pair = s->pair;

	for (uint32_t i = 0; i < pair->request.n_devices; i++) {
		const vn_guest_device *device = &pair->guest_devices[i];
		int32_t node_ix = device_node(pair, device);
		bool local = false;

		if (node_ix < 0 && device_must_be_local(pair, device) &&
		    device->policy == VN_PCI_REQUIRED)
			return false; /* nobody knows where it is */
		if (node_ix < 0 || !device_must_be_local(pair, device))
			continue;
		for (uint32_t k = 0; k < pair->host.n_nodes; k++)
			if (k == (uint32_t)node_ix ||
			    (device->policy == VN_PCI_SOCKET &&
			     pair->nodes[k].socket == pair->nodes[node_ix].socket))
				local |= has_cell(s, k);
		if (!local)
			return false;
	}
	return true;
}

static uint64_t count_remote(const struct state *s)
{
	uint64_t remote = 0;

	for (uint32_t i = 0; i < s->pair->request.n_devices; i++) {
		int32_t node_ix = device_node(s->pair, &s->pair->guest_devices[i]);

		remote += node_ix >= 0 && !has_cell(s, (uint32_t)node_ix);
	}
	return remote;
}

static uint32_t slit(const struct pair *pair, uint32_t a, uint32_t b)
{
	if (!pair->host.slit)
		return a == b ? 10 : 20;
	return pair->slit[a * pair->host.n_nodes + b];
}

static uint64_t sum_distance(const struct state *s)
{
	uint64_t sum = 0;

	for (uint32_t a = 0; a < s->cut->n; a++) {
		uint64_t vcpus = vn_cpuset_count(&s->cut->cells[a].vcpus);

		sum += vcpus * slit(s->pair, s->node_of[a], s->mem_of[a]);
		for (uint32_t b = 0; b < s->cut->n; b++)
			if (a != b)
				sum += vcpus * vn_cpuset_count(&s->cut->cells[b].vcpus) *
				       slit(s->pair, s->node_of[a], s->node_of[b]);
	}
	return sum;
}

static void judge(struct state *s)
{
	uint64_t remote = count_remote(s), distance = sum_distance(s);
	uint32_t count[SMALL_NODES] = { 0 };

	for (uint32_t c = 0; c < s->cut->n; c++)
		count[s->node_of[c]]++;
	for (uint32_t i = 0; i < s->pair->host.n_nodes; i++)
		if (node_may_have_cells(s->pair, i) && count[i] < s->spread.min)
			return;
	if (!devices_local(s))
		return;
	if (s->best.feasible &&
	    (remote > s->best.devices_remote ||
	     (remote == s->best.devices_remote && distance >= s->best.distance)))
		return;
	s->best = (struct brute){ true, remote, distance };
}

/* The pins that the owner gave: the cell's node has all of their CPUs; a CPU of its own is free. */
static bool owner_pins_fit(const struct pair *pair, const struct cut_cell *cell, uint32_t node_ix)
{
	VN_CPUSET_EACH(vcpu, &cell->vcpus) {
		if (!vn_cpuset_has(&pair->request.vcpupin_given, (unsigned)vcpu))
			continue;
		VN_CPUSET_EACH(cpu, &pair->vcpupin[vcpu])
			if (pair->cpus[cpu].node_ix != (int32_t)node_ix ||
			    (vn_cpuset_has(&pair->request.dedicated, (unsigned)vcpu) &&
			     vn_cpuset_has(&pair->nodes[node_ix].pinned, (unsigned)cpu)))
				return false;
	}
	return true;
}

static void try_cell(struct state *s, uint32_t c);

static void try_memory(struct state *s, uint32_t c)
{
	for (uint32_t mem = 0; mem < s->pair->host.n_nodes; mem++) {
		const vn_node *node = &s->pair->nodes[mem];

		if (!memory_may_come_from(s->pair, c, s->node_of[c], mem))
			continue;
		for (int page = -1; page < (int)node->n_pages; page++) {
			if (!page_is_wanted(s->pair, c, node, page))
				continue;
			s->mem_of[c] = mem;
			s->page_of[c] = page;
			if (memory_fits(s, mem, c + 1))
				try_cell(s, c + 1);
		}
	}
}

static void try_cell(struct state *s, uint32_t c)
{
	if (c == s->cut->n) {
		judge(s);
		return;
	}
	for (uint32_t node = 0; node < s->pair->host.n_nodes; node++) {
		uint32_t here = 1;

		for (uint32_t before = 0; before < c; before++)
			here += s->node_of[before] == node;
		s->node_of[c] = node;
		if (here <= s->spread.max && node_may_have_cells(s->pair, node) &&
		    owner_pins_fit(s->pair, &s->cut->cells[c], node) && cpus_fit(s, node, c + 1))
			try_memory(s, c);
	}
}

struct brute brute_fit(const struct pair *pair, const struct cut *cut, struct spread spread,
		       enum vn_hold hold)
{
	struct state s = { .pair = pair, .cut = cut, .spread = spread, .hold = hold };

	try_cell(&s, 0);
	return s.best;
}

/* ---- how many cells
 * ------------------------------------------------------------------------------ */

static bool fits_somehow(const struct pair *pair, uint32_t n, struct spread spread,
			 enum vn_hold hold, struct answer *ret)
{
	uint64_t units[VN_PAGE_SIZES_MAX];
	uint32_t n_units = units_of(pair, units);
	struct cut cut;

	for (uint32_t i = 0; i < n_units; i++)
		if (cut_make(pair, n, units[i], &cut) &&
		    brute_fit(pair, &cut, spread, hold).feasible) {
			*ret = (struct answer){ true, n, spread, hold };
			return true;
		}
	return false;
}

/* Mode `host` on a nodeset means all of its nodes: one without CPUs is a contradiction. */
static bool host_names_node_without_cpus(const struct pair *pair)
{
	if (pair->request.mode != VN_MODE_HOST || !pair->request.nodeset_given)
		return false;
	for (uint32_t i = 0; i < pair->host.n_nodes; i++)
		if (node_is_allowed(pair, i) && vn_cpuset_is_empty(&pair->nodes[i].cpus) &&
		    vn_cpuset_is_empty(&pair->nodes[i].pcpus))
			return true;
	return false;
}

/* Number of cells that is fixed by the owner or the mode; 0: `auto` chooses. */
static uint32_t fixed_cells(const struct pair *pair)
{
	const vn_request *request = &pair->request;
	uint32_t nodes = 0;

	if (host_names_node_without_cpus(pair))
		return UINT32_MAX;
	if (request->n_cells)
		return request->n_cells;
	if (request->n_cells_want)
		return request->n_cells_want;
	if (request->mode == VN_MODE_NODE)
		return 1;
	if (request->mode == VN_MODE_AUTO)
		return 0;
	for (uint32_t i = 0; i < pair->host.n_nodes; i++)
		nodes += node_may_have_cells(pair, i);
	return nodes ? nodes : UINT32_MAX; /* no node at all: no fit */
}

struct answer brute_answer(const struct pair *pair)
{
	const struct spread apart = { 0, 1 }, any = { 0, VN_CELL_MAX };
	uint32_t fixed = fixed_cells(pair), most = pair->request.vcpus;
	struct answer answer = { false };
	enum vn_hold hold = pair->options.size_by == VN_SIZE_BY_CORES ? HOLD_CORES : HOLD_THREADS;

	if (fixed) {
		if (fixed <= VN_CELL_MAX)
			fits_somehow(pair, fixed, spread_of(pair, fixed), HOLD_THREADS, &answer);
		return answer;
	}
	for (; hold <= HOLD_THREADS; hold++) {
		for (uint32_t n = 1; n <= most && n <= pair->host.n_nodes; n++)
			if (fits_somehow(pair, n, apart, hold, &answer))
				return answer;
		for (uint32_t n = 2; n <= most; n++)
			if (fits_somehow(pair, n, any, hold, &answer))
				return answer;
	}
	return answer;
}
