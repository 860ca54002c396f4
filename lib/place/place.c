/* SPDX-License-Identifier: LGPL-2.1-or-later
 * The fit, from the top: how many cells, how they may share nodes, then the search, then the plan.
 * docs/design/0001 says what each mode means; README.md explains the search. */
#include "place/problem.h"

struct counting {
	uint32_t nodes;		/* that may hold vCPUs */
	uint32_t skipped_cells; /* auto: a number of cells that the owner's topology forbids */
};

static uint32_t usable_nodes(const struct problem *p)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < p->host->n_nodes; i++)
		n += p->nodes[i].for_cpus;
	return n;
}

/* Search for `n` cells with at most cells_max on a node, over the units that memory may be cut by.
 */
static bool attempt(struct problem *p, uint32_t n, uint32_t cells_max)
{
	uint64_t units[VN_PAGE_SIZES_MAX];
	uint32_t n_units;

	p->cells_min = cells_max;
	p->cells_max = cells_max;
	p->nodes_at_max = VN_NODE_MAX;
	n_units = p->request->n_cells ? 1 : cut_units(p, units);
	for (uint32_t i = 0; i < n_units; i++) {
		cut_cells(p, n, p->request->n_cells ? 4 : units[i]);
		search(p);
		if (p->found || !p->proven)
			return p->found;
	}
	return false;
}

/* n cells on m nodes with n > m: floor(n/m) or one more on each. */
static bool attempt_even(struct problem *p, uint32_t n, uint32_t m)
{
	uint64_t units[VN_PAGE_SIZES_MAX];
	uint32_t n_units = cut_units(p, units);

	for (uint32_t i = 0; i < n_units; i++) {
		p->cells_min = n / m;
		p->cells_max = (n + m - 1) / m;
		p->nodes_at_max = n % m ? n % m : m;
		cut_cells(p, n, units[i]);
		search(p);
		if (p->found || !p->proven)
			return p->found;
	}
	return false;
}

/* May n cells be cut without a socket of the owner's topology in two of them? */
static bool topology_allows(struct problem *p, uint32_t n)
{
	if (!p->request->topology_given)
		return true;
	cut_vcpus(p, n);
	cut_number_vcpus(p, n);
	return topology_agrees(&p->request->topology, p->request->vcpus, p->vcpu_cell);
}

/* Are there as many CPUs on all nodes together, however the guest is cut? */
static bool enough_in_all(const struct problem *p)
{
	uint64_t floats = 0, threads = 0;

	for (uint32_t i = 0; i < p->host->n_nodes; i++) {
		floats += p->nodes[i].for_cpus ? p->nodes[i].float_room : 0;
		threads += p->nodes[i].for_cpus ? p->nodes[i].threads : 0;
	}
	if (!p->as_counted)
		threads += count_words(&p->owner_pins, p->words);
	return floats >= p->request->vcpus - p->dedicated && threads >= p->dedicated;
}

/* The fewest cells, each on a node of its own; else the fewest with several on a node. */
static bool attempt_auto(struct problem *p, uint32_t nodes, uint32_t *forbidden)
{
	const vn_request *request = p->request;
	uint32_t most = request->vcpus < VN_CELL_MAX ? request->vcpus : VN_CELL_MAX;

	for (uint32_t n = 1; n <= most && n <= nodes; n++) {
		bool allowed = topology_allows(p, n);

		if ((!allowed && *forbidden) || !attempt(p, n, 1)) {
			if (!p->proven)
				return false;
			continue;
		}
		if (allowed)
			return true;
		*forbidden = n;
	}
	for (uint32_t n = 2; n <= most && enough_in_all(p); n++)
		if (topology_allows(p, n) && attempt(p, n, n))
			return true;
		else if (!p->proven)
			return false;
	return false;
}

static bool place_auto(struct problem *p, uint32_t *forbidden)
{
	uint32_t nodes = usable_nodes(p);

	if (p->options->size_by == VN_SIZE_BY_CORES && p->dedicated < p->request->vcpus) {
		prep_size_by(p, VN_SIZE_BY_CORES);
		if (attempt_auto(p, nodes, forbidden) || !p->proven)
			return p->found;
	}
	prep_size_by(p, VN_SIZE_BY_THREADS);
	if (attempt_auto(p, nodes, forbidden) || !p->proven)
		return p->found;
	/* for the explanation: the guest over as many nodes as there are */
	uint32_t most = nodes < p->request->vcpus ? nodes : p->request->vcpus;

	if (most)
		attempt(p, most < VN_CELL_MAX ? most : VN_CELL_MAX, 1);
	return p->found;
}

/* Mode host without a nodeset: the nodes that have CPUs and memory. With one: all of it. */
static int host_nodes(struct problem *p, uint32_t *n, vn_error *err)
{
	const vn_request *request = p->request;

	*n = 0;
	for (uint32_t i = 0; i < p->host->n_nodes; i++) {
		const vn_node *node = &p->host->nodes[i];

		if (!vn_nodeset_has(&p->allowed, i))
			continue;
		if (!request->nodeset_given && (!node->mem_kib || node->gpu_memory))
			p->nodes[i].for_cpus = false;
		if (request->nodeset_given && vn_cpuset_is_empty(&node->cpus) &&
		    vn_cpuset_is_empty(&node->pcpus))
			return vn_fail_spot(err, VN_E_CONFLICT, request->source,
					    request->at_partition,
					    "mode 'host' wants a cell on node %u of the nodeset, "
					    "which has no CPUs",
					    node->id);
		*n += p->nodes[i].for_cpus;
	}
	return VN_OK;
}

/* The number of cells that the request fixes; 0 = auto chooses. */
static int fixed_cells(struct problem *p, uint32_t *n, vn_error *err)
{
	const vn_request *request = p->request;
	uint32_t nodes = 0;
	int r;

	*n = request->n_cells ? request->n_cells : request->n_cells_want;
	if (request->mode == VN_MODE_NODE && !*n)
		*n = 1;
	if (request->mode != VN_MODE_HOST)
		return VN_OK;
	if ((r = host_nodes(p, &nodes, err)) < 0)
		return r;
	if (request->n_cells && !request->n_cells_want && request->n_cells != nodes)
		return vn_fail_spot(err, VN_E_CONFLICT, request->source, request->at_numa,
				    "mode 'host' gives a cell to each of %u nodes, but the guest's "
				    "<numa> has %u cells",
				    nodes, request->n_cells);
	if (!*n && nodes > VN_CELL_MAX)
		return vn_fail_spot(err, VN_E_RANGE, request->source, request->at_policy,
				    "mode 'host' gives a cell to each of %u nodes, but a guest has "
				    "at most %d cells (name fewer nodes in the nodeset)",
				    nodes, VN_CELL_MAX);
	if (!*n)
		*n = nodes;
	if (*n > request->vcpus)
		return vn_fail_spot(err, VN_E_CONFLICT, request->source, request->at_policy,
				    "mode 'host' gives a cell to each of %u nodes, but there are "
				    "only %u vCPUs",
				    *n, request->vcpus);
	return VN_OK;
}

static bool place_fixed(struct problem *p, uint32_t n)
{
	uint32_t nodes = usable_nodes(p);
	bool may_share = p->request->mode != VN_MODE_AUTO && !p->request->n_cells;

	prep_size_by(p, VN_SIZE_BY_THREADS);
	if (n > nodes && nodes && may_share)
		return attempt_even(p, n, nodes);
	return attempt(p, n, 1);
}

static int refuse(struct problem *p, uint32_t forbidden, vn_error *err)
{
	const vn_request *request = p->request;
	const vn_topology *t = &request->topology;

	if (!p->proven)
		return vn_fail(err, VN_E_SYSTEM,
			       "the search budget of %llu steps ended before an answer (give it a "
			       "larger budget)",
			       (unsigned long long)p->steps);
	if (forbidden)
		return vn_fail_spot(
			err, VN_E_CONFLICT, request->source, request->at_topology,
			"topology sockets='%u' dies='%u' cores='%u' threads='%u' has a "
			"socket in two of the %u cells that the guest needs (remove the "
			"topology)",
			t->sockets, t->dies, t->cores, t->threads, forbidden);
	return explain_refusal(p, err);
}

/* Cells that the owner names (for a memory device, a memnode, pages) have to be there. */
static int check_named_cells(const struct problem *p, vn_error *err)
{
	const vn_request *request = p->request;
	int memnode = request->memnode
			      ? vn_cpuset_next(&request->memnode_given, (int)p->n_cells - 1)
			      : -1;

	for (uint32_t i = 0; i < request->n_memdevs; i++)
		if (request->memdevs[i].cell >= (int32_t)p->n_cells)
			return vn_fail_spot(err, VN_E_CONFLICT, request->source,
					    request->memdevs[i].at,
					    "the memory device is for cell %d, but the guest gets "
					    "%u cells",
					    request->memdevs[i].cell, p->n_cells);
	if (memnode >= 0)
		return vn_fail_spot(
			err, VN_E_CONFLICT, request->source,
			request->at_memnode ? request->at_memnode[memnode] : request->at_numatune,
			"memnode names cell %d, but the guest gets %u cells", memnode, p->n_cells);
	for (uint32_t i = 0; i < request->n_pages; i++) {
		const vn_cpuset *cells = &request->pages[i].cells;
		int cell =
			vn_cpuset_is_empty(cells) ? -1 : vn_cpuset_next(cells, (int)p->n_cells - 1);

		if (cell >= 0)
			return vn_fail_spot(err, VN_E_CONFLICT, request->source,
					    request->pages[i].at,
					    "hugepages names cell %d, but the guest gets %u cells",
					    cell, p->n_cells);
	}
	return VN_OK;
}

static int find(struct problem *p, const vn_host *host, const vn_request *request,
		const vn_place_options *options, uint32_t n_best, vn_error *err)
{
	uint32_t n, forbidden = 0;
	int r;

	p->host = host;
	p->request = request;
	p->options = options ? options : &vn_place_defaults;
	p->steps = 0;
	p->n_best = n_best;
	p->found = false;
	p->proven = true;
	p->n_cells = 0;
	if ((r = contradict_check(host, request, err)) < 0)
		return r;
	prep_nodes(p);
	prep_devices(p);
	if ((r = pci_prepare(p, err)) < 0 || (r = fixed_cells(p, &n, err)) < 0)
		return r;
	if (!(n ? place_fixed(p, n) : place_auto(p, &forbidden)))
		return refuse(p, forbidden, err);
	if ((r = check_named_cells(p, err)) < 0)
		return r;
	explain_success(p);
	return VN_OK;
}

int vn_place(const vn_host *host, const vn_request *request, const vn_place_options *options,
	     vn_placement *ret, vn_error *err)
{
	struct problem p;
	int r = find(&p, host, request, options, 1, err);

	return r < 0 ? r : plan_build(&p, 0, ret, err);
}

int vn_place_best(const vn_host *host, const vn_request *request, const vn_place_options *options,
		  uint32_t n, vn_placement *ret, uint32_t *ret_n, vn_error *err)
{
	struct problem p;
	int r;

	if (!n || n > VN_PLACE_BEST_MAX)
		return vn_fail(err, VN_E_RANGE, "%u placements are asked for (legal: 1-%d)", n,
			       VN_PLACE_BEST_MAX);
	if ((r = find(&p, host, request, options, n, err)) < 0)
		return r;
	for (uint32_t i = 0; i < p.n_found; i++)
		if ((r = plan_build(&p, i, &ret[i], err)) < 0)
			return r;
	*ret_n = p.n_found;
	return VN_OK;
}
