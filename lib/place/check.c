/* SPDX-License-Identifier: LGPL-2.1-or-later
 * The independent verifier: every hard rule of docs/design/0001 and 0002, checked on sets and
 * bytes. It shares no code with the search (only the accessors of host.h), so that an error there
 * is found here. This file: cells, their sizes and nodes, and what the guest sees; CPUs, memory and
 * devices have files of their own. */
#include "place/check.h"

/* ---- cells: vCPUs, memory, nodes
 * ----------------------------------------------------------------- */

static int check_cell_vcpus(const struct checking *c)
{
	const vn_placement *placement = c->placement;
	vn_cpuset seen = { 0 };

	if (placement->n_cells < 1 || placement->n_cells > VN_CELL_MAX)
		return BROKEN(c, "%u cells", placement->n_cells);
	if (placement->n_vcpus != c->request->vcpus)
		return BROKEN(c, "%u vCPUs placed of %u", placement->n_vcpus, c->request->vcpus);
	for (uint32_t i = 0; i < placement->n_cells; i++) {
		const vn_place_cell *cell = &placement->cells[i];

		if (vn_cpuset_overlaps(&seen, &cell->vcpus))
			return BROKEN(c, "cell %u has a vCPU of another cell", i);
		if (cell->node_ix >= c->host->n_nodes || cell->mem_node_ix >= c->host->n_nodes)
			return BROKEN(c, "cell %u is on a node that does not exist", i);
		vn_cpuset_or(&seen, &cell->vcpus);
		VN_CPUSET_EACH(vcpu, &cell->vcpus)
			if ((uint32_t)vcpu >= placement->n_vcpus || placement->vcpu_cell[vcpu] != i)
				return BROKEN(c, "vCPU %d is not counted to its cell %u", vcpu, i);
	}
	if (vn_cpuset_count(&seen) != placement->n_vcpus)
		return BROKEN(c, "the cells have %u vCPUs of %u", vn_cpuset_count(&seen),
			      placement->n_vcpus);
	return VN_OK;
}

static int check_sizes(const struct checking *c)
{
	const vn_placement *placement = c->placement;
	const vn_request *request = c->request;
	uint64_t sum = 0, memdevs = 0, wanted = 0;

	for (uint32_t i = 0; i < placement->n_cells; i++) {
		sum += placement->cells[i].mem_kib;
		memdevs += placement->cells[i].memdev_kib;
	}
	for (uint32_t i = 0; i < request->n_memdevs; i++)
		wanted += request->memdevs[i].uses_host_memory ? request->memdevs[i].size_kib : 0;
	if (sum != request->mem_kib)
		return BROKEN(c, "the cells have %llu KiB of %llu", (unsigned long long)sum,
			      (unsigned long long)request->mem_kib);
	if (memdevs != wanted)
		return BROKEN(c, "memory devices: %llu KiB of %llu", (unsigned long long)memdevs,
			      (unsigned long long)wanted);
	if (request->n_cells && request->n_cells != placement->n_cells)
		return BROKEN(c, "%u cells, the owner fixed %u", placement->n_cells,
			      request->n_cells);
	for (uint32_t i = 0; i < request->n_cells; i++)
		if (!vn_cpuset_equal(&request->cells[i].vcpus, &placement->cells[i].vcpus) ||
		    request->cells[i].mem_kib != placement->cells[i].mem_kib)
			return BROKEN(c, "cell %u is not as its owner fixed it", i);
	if (request->n_cells_want && request->n_cells_want != placement->n_cells)
		return BROKEN(c, "%u cells, wanted were %u", placement->n_cells,
			      request->n_cells_want);
	return VN_OK;
}

/* Has the node any CPU of a kind that the guest asks for, taken or not? */
static bool can_run(const vn_request *request, const vn_node *node)
{
	vn_cpuset floats = node->cpus, pins = node->pcpus;
	unsigned dedicated = vn_cpuset_count(&request->dedicated);

	if (request->cpuset_given) {
		vn_cpuset_and(&floats, &request->cpuset);
		vn_cpuset_and(&pins, &request->cpuset);
	}
	return (dedicated && !vn_cpuset_is_empty(&pins)) ||
	       (dedicated < request->vcpus && !vn_cpuset_is_empty(&floats));
}

/* How cells share nodes: not at all, or evenly, or (auto) as they like. */
static int check_sharing(const struct checking *c)
{
	const vn_placement *placement = c->placement;
	const vn_request *request = c->request;
	uint32_t least = UINT32_MAX, most = 0, used = 0;
	bool fixed = request->n_cells || request->n_cells_want;

	for (uint32_t node_ix = 0; node_ix < c->host->n_nodes; node_ix++) {
		uint32_t here = 0;

		for (uint32_t i = 0; i < placement->n_cells; i++)
			here += placement->cells[i].node_ix == node_ix;
		used += here > 0;
		if (here && here < least)
			least = here;
		most = here > most ? here : most;
	}
	if (request->mode == VN_MODE_AUTO || request->n_cells)
		return most > 1 && fixed ? BROKEN(c, "two fixed cells are on one node") : VN_OK;
	if (most > least + 1)
		return BROKEN(c, "one node has %u cells, another %u", most, least);
	if (most > 1 && request->nodeset_given && used < vn_nodeset_count(&request->nodeset) &&
	    used < placement->n_cells)
		for (uint32_t i = 0; i < c->host->n_nodes; i++) {
			const vn_node *node = &c->host->nodes[i];
			bool free = vn_nodeset_has(&request->nodeset, node->id) &&
				    can_run(request, node);

			for (uint32_t k = 0; k < placement->n_cells && free; k++)
				free = placement->cells[k].node_ix != i;
			if (free)
				return BROKEN(c, "node %u has no cell, another has %u", node->id,
					      most);
		}
	return VN_OK;
}

static int check_nodes(const struct checking *c)
{
	const vn_request *request = c->request;

	for (uint32_t i = 0; i < c->placement->n_cells; i++) {
		const vn_place_cell *cell = &c->placement->cells[i];
		const vn_node *node = check_node_of(c, i),
			      *mem = &c->host->nodes[cell->mem_node_ix];
		bool named = request->nodeset_given && vn_nodeset_has(&request->nodeset, mem->id);

		if (request->nodeset_given && !vn_nodeset_has(&request->nodeset, node->id))
			return BROKEN(c, "cell %u is on node %u, outside the nodeset", i, node->id);
		if (!mem->mem_kib)
			return BROKEN(c, "cell %u has memory of node %u, which has none", i,
				      mem->id);
		if (vn_cpuset_has(&request->memnode_given, i)) {
			if (!vn_nodeset_has(&request->memnode[i], mem->id))
				return BROKEN(c,
					      "cell %u has memory of node %u, not of its memnode",
					      i, mem->id);
			continue;
		}
		if (cell->mem_node_ix != cell->node_ix && node->mem_kib)
			return BROKEN(c, "cell %u has memory of node %u, and node %u has some", i,
				      mem->id, node->id);
		if (mem->gpu_memory && !named)
			return BROKEN(c, "cell %u has accelerator memory", i);
		if (request->numatune_given && !vn_nodeset_has(&request->numatune, mem->id))
			return BROKEN(c, "cell %u has memory outside numatune", i);
	}
	return VN_OK;
}

/* ---- what the guest sees
 * ------------------------------------------------------------------------- */

static int check_guest_view(const struct checking *c)
{
	const vn_placement *placement = c->placement;
	const vn_topology *t = &placement->topology;
	uint64_t socket = (uint64_t)t->dies * t->cores * t->threads;

	if (!socket || t->sockets * socket != placement->n_vcpus)
		return BROKEN(c, "topology %u/%u/%u/%u is not %u vCPUs", t->sockets, t->dies,
			      t->cores, t->threads, placement->n_vcpus);
	for (uint32_t vcpu = 0; vcpu < placement->n_vcpus; vcpu++)
		if (placement->vcpu_cell[vcpu] != placement->vcpu_cell[vcpu - vcpu % socket])
			return BROKEN(c, "the socket of vCPU %u is in two cells", vcpu);
	for (uint32_t a = 0; a < placement->n_cells; a++)
		for (uint32_t b = 0; b < placement->n_cells; b++) {
			uint32_t far = placement->distance[a * placement->n_cells + b];

			if (a == b ? far != 10 : far < 11 || far > 254)
				return BROKEN(c, "distance %u from cell %u to %u", far, a, b);
		}
	return VN_OK;
}

int vn_placement_check(const vn_host *host, const vn_request *request,
		       const vn_place_options *options, const vn_placement *placement,
		       vn_error *err)
{
	static int (*const checks[])(const struct checking *) = {
		check_cell_vcpus, check_sizes,	 check_sharing, check_nodes,	check_memory,
		check_cpus,	  check_devices, check_picks,	check_networks, check_guest_view,
	};
	const struct checking c = { host, request, options ? options : &vn_place_defaults,
				    placement, err };
	int r;

	for (size_t i = 0; i < VN_LEN(checks); i++)
		if ((r = checks[i](&c)) < 0)
			return r;
	return VN_OK;
}
