/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Every assignment, one after the other. A half-made assignment is given up only when what it has
 * taken already is too much, which no further cell can mend. */
#include "brute.h"

#include <string.h>

enum { UNKNOWN = NO_FIT - 1, MASKS = 1 << BRUTE_CELLS };

/* An assignment in the making, and what has been found out about nodes. */
struct state {
	const struct question *q;
	const struct cut *cut;
	struct spread spread;
	enum vn_hold hold;
	enum vn_apart apart;
	uint32_t node_of[VN_CELL_MAX], mem_of[VN_CELL_MAX];
	uint8_t broken[BRUTE_NODES][MASKS];	 /* [node][cells on it] */
	uint8_t remote[1 << BRUTE_NODES];	 /* [nodes with cells]: devices */
	uint8_t alone[VN_CELL_MAX][BRUTE_NODES]; /* [cell][node] there is memory for it alone */
	struct brute best;
};

/* ---- cost
 * ---------------------------------------------------------------------------------------- */

uint32_t distance_of(const vn_host *host, uint32_t from, uint32_t to)
{
	if (!host->slit)
		return from == to ? 10 : 20;
	return host->slit[from * host->n_nodes + to];
}

static uint64_t sum_distance(const struct state *s)
{
	uint64_t sum = 0;

	for (uint32_t a = 0; a < s->cut->n; a++) {
		uint64_t vcpus = vn_cpuset_count(&s->cut->cells[a].vcpus);

		sum += vcpus * distance_of(s->q->host, s->node_of[a], s->mem_of[a]);
		for (uint32_t b = 0; b < s->cut->n; b++)
			if (a != b)
				sum += vcpus * vn_cpuset_count(&s->cut->cells[b].vcpus) *
				       distance_of(s->q->host, s->node_of[a], s->node_of[b]);
	}
	return sum;
}

/* 1/1000 of the node's CPUs that are taken or floated on, and of its memory, added up. */
uint64_t strategy_cost(const struct question *q, uint32_t node_ix)
{
	enum { MOST = 100000 };
	const vn_node *node = &q->host->nodes[node_ix];
	vn_cpuset all = node->cpus;
	uint64_t cpus = 0, memory = 0;

	vn_cpuset_or(&all, &node->pcpus);
	if (!vn_cpuset_is_empty(&all))
		cpus = 1000 * (vn_cpuset_count(&node->pinned) + (uint64_t)node->cpu_usage) /
		       vn_cpuset_count(&all);
	if (node->mem_kib)
		memory = 1000 * node->mem_used_kib / node->mem_kib;
	cpus = (cpus < MOST ? cpus : MOST) + (memory < MOST ? memory : MOST);
	return q->options->strategy == VN_STRATEGY_PACK ? 2 * MOST - cpus : cpus;
}

/* ---- whole assignments
 * --------------------------------------------------------------------------- */

static uint32_t cells_on(const struct state *s, uint32_t node_ix, uint32_t n)
{
	uint32_t cells = 0;

	for (uint32_t c = 0; c < n; c++)
		cells |= (uint32_t)(s->node_of[c] == node_ix) << c;
	return cells;
}

/* The fewest cores that cells 0..n-1 break on a node; NO_FIT. */
static uint8_t broken_on(struct state *s, uint32_t node_ix, uint32_t n)
{
	uint32_t cells = cells_on(s, node_ix, n);
	uint8_t *broken = &s->broken[node_ix][cells];

	if (*broken == UNKNOWN)
		*broken = brute_cpus(s->q, s->cut, node_ix, cells, s->hold, s->apart);
	return *broken;
}

static uint8_t remote_of(struct state *s, uint32_t nodes)
{
	if (s->remote[nodes] == UNKNOWN)
		s->remote[nodes] = networks_near(s->q, nodes) ? brute_devices(s->q, nodes) : NO_FIT;
	return s->remote[nodes];
}

static int compare(const struct state *s, const vn_cost *cost)
{
	const vn_cost *best = &s->best.cost;
	const uint64_t pairs[][2] = { { cost->devices_remote, best->devices_remote },
				      { cost->distance, best->distance },
				      { cost->broken, best->broken },
				      { cost->strategy, best->strategy } };

	for (size_t i = 0; i < VN_LEN(pairs); i++)
		if (pairs[i][0] != pairs[i][1])
			return pairs[i][0] < pairs[i][1] ? -1 : 1;
	for (uint32_t c = 0; c < s->cut->n; c++)
		if (s->node_of[c] != s->best.node_of[c])
			return s->node_of[c] < s->best.node_of[c] ? -1 : 1;
	return 0;
}

static void judge(struct state *s)
{
	vn_cost cost = { 0 };
	uint32_t nodes = 0;

	for (uint32_t i = 0; i < s->q->host->n_nodes; i++) {
		uint32_t cells = cells_on(s, i, s->cut->n);

		if (node_may_have_cells(s->q, i) &&
		    (uint32_t)__builtin_popcount(cells) < s->spread.min)
			return;
		nodes |= (uint32_t)(cells != 0) << i;
		cost.broken += cells ? broken_on(s, i, s->cut->n) : 0;
	}
	if (remote_of(s, nodes) == NO_FIT)
		return;
	cost.devices_remote = remote_of(s, nodes);
	cost.distance = sum_distance(s);
	for (uint32_t c = 0; c < s->cut->n; c++)
		cost.strategy += strategy_cost(s->q, s->node_of[c]);
	if ((s->best.feasible && compare(s, &cost) >= 0) ||
	    !brute_memory(s->q, s->cut, s->mem_of, s->cut->n))
		return;
	s->best.feasible = true;
	s->best.cost = cost;
	memcpy(s->best.node_of, s->node_of, s->cut->n * sizeof(*s->node_of));
}

/* The pins that the owner gave: the cell's node has all of their CPUs; a CPU of its own is free. */
static bool owner_pins_fit(const struct question *q, const struct cut_cell *cell, uint32_t node_ix)
{
	VN_CPUSET_EACH(vcpu, &cell->vcpus) {
		if (!vn_cpuset_has(&q->request->vcpupin_given, (unsigned)vcpu))
			continue;
		VN_CPUSET_EACH(cpu, &q->request->vcpupin[vcpu])
			if (q->host->cpus[cpu].node_ix != (int32_t)node_ix ||
			    (vn_cpuset_has(&q->request->dedicated, (unsigned)vcpu) &&
			     vn_cpuset_has(&q->host->nodes[node_ix].pinned, (unsigned)cpu)))
				return false;
	}
	return true;
}

static bool memory_alone(struct state *s, uint32_t c, uint32_t mem)
{
	uint8_t *alone = &s->alone[c][mem];

	if (*alone == UNKNOWN) {
		static struct cut one;
		const vn_node *node = &s->q->host->nodes[mem];
		int page_of[1];

		one.n = 1;
		one.cells[0] = s->cut->cells[c];
		*alone = 0;
		for (page_of[0] = -1; page_of[0] < (int)node->n_pages; page_of[0]++)
			*alone |= page_is_wanted(s->q, c, node, page_of[0]) &&
				  memory_fits(s->q, &one, &mem, page_of, 1);
	}
	return *alone;
}

static void try_cell(struct state *s, uint32_t c)
{
	if (c == s->cut->n) {
		judge(s);
		return;
	}
	for (uint32_t node = 0; node < s->q->host->n_nodes; node++) {
		uint32_t here = (uint32_t)__builtin_popcount(cells_on(s, node, c)) + 1;

		s->node_of[c] = node;
		if (here > s->spread.max || !node_may_have_cells(s->q, node) ||
		    !owner_pins_fit(s->q, &s->cut->cells[c], node) ||
		    broken_on(s, node, c + 1) == NO_FIT)
			continue;
		for (uint32_t mem = 0; mem < s->q->host->n_nodes; mem++) {
			s->mem_of[c] = mem;
			if (memory_may_come_from(s->q, c, node, mem) && memory_alone(s, c, mem))
				try_cell(s, c + 1);
		}
	}
}

struct brute brute_fit(const struct question *q, const struct cut *cut, struct spread spread,
		       enum vn_hold hold, enum vn_apart apart)
{
	static struct state s;

	s.q = q;
	s.cut = cut;
	s.spread = spread;
	s.hold = hold;
	s.apart = apart;
	s.best = (struct brute){ false };
	for (uint32_t i = 0; i < q->host->n_nodes; i++)
		memset(s.broken[i], UNKNOWN, (size_t)1 << cut->n);
	memset(s.remote, UNKNOWN, sizeof(s.remote));
	for (uint32_t c = 0; c < cut->n; c++)
		memset(s.alone[c], UNKNOWN, sizeof(s.alone[c]));
	try_cell(&s, 0);
	return s.best;
}

/* How many cells it can come to. */
static uint32_t most_cells(const vn_request *request, const vn_host *host)
{
	if (request->n_cells || request->n_cells_want)
		return request->n_cells ? request->n_cells : request->n_cells_want;
	if (request->mode == VN_MODE_NODE)
		return 1;
	return request->mode == VN_MODE_HOST ? host->n_nodes : request->vcpus;
}

bool brute_can(const struct question *q)
{
	enum { MOST = 60000, MOST_AUTO = 300000 };
	const vn_request *request = q->request;
	bool is_auto = request->mode == VN_MODE_AUTO && !request->n_cells && !request->n_cells_want;
	uint32_t n_cells = most_cells(request, q->host);
	uint64_t ways = 1;

	if (q->host->n_nodes > BRUTE_NODES || n_cells > BRUTE_CELLS || request->vcpus > BRUTE_VCPUS)
		return false;
	for (uint32_t i = 0; i < q->host->n_nodes; i++) {
		vn_cpuset all = q->host->nodes[i].cpus;

		vn_cpuset_or(&all, &q->host->nodes[i].pcpus);
		if (vn_cpuset_count(&all) > (is_auto ? BRUTE_NODE_CPUS / 2 : BRUTE_NODE_CPUS))
			return false;
	}
	for (uint32_t c = 0; c < n_cells; c++)
		ways *= q->host->n_nodes;
	return ways <= (is_auto ? MOST_AUTO : MOST);
}

/* ---- how many cells
 * ------------------------------------------------------------------------------ */

static bool fits_somehow(const struct question *q, uint32_t n, struct spread spread,
			 enum vn_hold hold, struct answer *ret)
{
	uint64_t units[VN_PAGE_SIZES_MAX];
	uint32_t n_units = units_of(q, units);
	struct cut cut;

	for (uint32_t i = 0; i < n_units; i++)
		if (cut_make(q, n, units[i], &cut) &&
		    brute_fit(q, &cut, spread, hold, APART_NOT_NEEDED).feasible) {
			*ret = (struct answer){ true, n, spread, hold };
			return true;
		}
	return false;
}

/* Mode `host` on a nodeset means all of its nodes: one without CPUs is a contradiction. */
static bool host_names_node_without_cpus(const struct question *q)
{
	if (q->request->mode != VN_MODE_HOST || !q->request->nodeset_given)
		return false;
	for (uint32_t i = 0; i < q->host->n_nodes; i++)
		if (node_is_allowed(q, i) && vn_cpuset_is_empty(&q->host->nodes[i].cpus) &&
		    vn_cpuset_is_empty(&q->host->nodes[i].pcpus))
			return true;
	return false;
}

/* A memnode outside of the nodeset is a contradiction. */
static bool memnode_outside(const struct question *q)
{
	if (!q->request->nodeset_given)
		return false;
	VN_CPUSET_EACH(cell, &q->request->memnode_given)
		if (!vn_nodeset_contains(&q->request->nodeset, &q->request->memnode[cell]))
			return true;
	return false;
}

/* So is a floating vCPU on a CPU that a dedicated one has alone. */
static bool pins_collide(const struct question *q)
{
	const vn_request *request = q->request;
	vn_cpuset floating = { 0 }, alone = { 0 };

	VN_CPUSET_EACH(vcpu, &request->vcpupin_given)
		vn_cpuset_or(vn_cpuset_has(&request->dedicated, (unsigned)vcpu) ? &alone
										: &floating,
			     &request->vcpupin[vcpu]);
	return vn_cpuset_overlaps(&floating, &alone);
}

/* Number of cells that is fixed by the owner or the mode; 0: `auto` chooses. */
static uint32_t fixed_cells(const struct question *q)
{
	const vn_request *request = q->request;
	uint32_t nodes = 0;

	if (host_names_node_without_cpus(q) || memnode_outside(q) || pins_collide(q))
		return UINT32_MAX;
	if (request->n_cells)
		return request->n_cells;
	if (request->n_cells_want)
		return request->n_cells_want;
	if (request->mode == VN_MODE_NODE)
		return 1;
	if (request->mode == VN_MODE_AUTO)
		return 0;
	for (uint32_t i = 0; i < q->host->n_nodes; i++)
		nodes += node_may_have_cells(q, i);
	return nodes ? nodes : UINT32_MAX; /* no node at all: no fit */
}

struct answer brute_answer(const struct question *q)
{
	const struct spread apart = { 0, 1 }, any = { 0, VN_CELL_MAX };
	uint32_t fixed = fixed_cells(q), most = q->request->vcpus;
	struct answer answer = { false };
	enum vn_hold hold = q->options->size_by == VN_SIZE_BY_CORES ? HOLD_CORES : HOLD_THREADS;

	if (fixed) {
		if (fixed <= VN_CELL_MAX)
			fits_somehow(q, fixed, spread_of(q, fixed), HOLD_THREADS, &answer);
		return answer;
	}
	for (; hold <= HOLD_THREADS; hold++) {
		for (uint32_t n = 1; n <= most && n <= q->host->n_nodes; n++)
			if (fits_somehow(q, n, apart, hold, &answer))
				return answer;
		for (uint32_t n = 2; n <= most; n++)
			if (fits_somehow(q, n, any, hold, &answer))
				return answer;
	}
	return answer;
}
