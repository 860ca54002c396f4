/* SPDX-License-Identifier: LGPL-2.1-or-later
 * The independent verifier: every hard rule of docs/design/0001, checked on sets and bytes. It
 * shares no code with the search (only the accessors of host.h), so that an error there is found
 * here. */
#include "vnuma/place.h"

#include <string.h>

struct checking {
	const vn_host *host;
	const vn_request *request;
	const vn_place_options *options;
	const vn_placement *placement;
	vn_error *err;
};

#define BROKEN(c, ...) vn_fail((c)->err, VN_E_RANGE, __VA_ARGS__)

static const vn_node *node_of(const struct checking *c, uint32_t cell)
{
	return &c->host->nodes[c->placement->cells[cell].node_ix];
}

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
		const vn_node *node = node_of(c, i), *mem = &c->host->nodes[cell->mem_node_ix];
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

/* ---- memory
 * -------------------------------------------------------------------------------------- */

static const vn_request_pages *wish_of(const vn_request *request, uint32_t cell)
{
	for (uint32_t i = 0; i < request->n_pages; i++)
		if (vn_cpuset_is_empty(&request->pages[i].cells) ||
		    vn_cpuset_has(&request->pages[i].cells, cell))
			return &request->pages[i];
	return NULL;
}

static int check_page_wish(const struct checking *c, uint32_t i)
{
	const vn_place_cell *cell = &c->placement->cells[i];
	const vn_node *mem = &c->host->nodes[cell->mem_node_ix];
	const vn_request_pages *wish = wish_of(c->request, i);
	uint32_t huge = mem->n_pages && mem->pages[0].size_kib <= 64; /* index of the first huge */
	bool good = true;

	switch (wish ? wish->want : VN_PAGES_NONE) {
	case VN_PAGES_NONE:
	case VN_PAGES_SMALL: good = cell->page_kib == 0; break;
	case VN_PAGES_LARGE: good = cell->page_kib != 0; break;
	case VN_PAGES_DEFAULT:
		good = mem->n_pages > huge && cell->page_kib == mem->pages[huge].size_kib;
		break;
	case VN_PAGES_SIZE:
		good = cell->page_kib ==
		       (huge && wish->page_kib == mem->pages[0].size_kib ? 0 : wish->page_kib);
		break;
	default: break;
	}
	if (!good)
		return BROKEN(c, "cell %u has pages of %llu KiB, which it did not ask for", i,
			      (unsigned long long)cell->page_kib);
	if (cell->page_kib && (cell->mem_kib % cell->page_kib || cell->memdev_kib % cell->page_kib))
		return BROKEN(c, "cell %u is not made of whole pages", i);
	return VN_OK;
}

/* Does ordinary memory count by the free small pages only (a wish), or under the ratio? */
static uint64_t ordinary_limit(const struct checking *c, const vn_node *node)
{
	bool listed = node->n_pages && node->pages[0].size_kib <= 64;
	uint64_t total = listed ? node->pages[0].total * node->pages[0].size_kib : node->mem_kib;
	uint64_t free = vn_node_free_kib(node), used = total > free ? total - free : 0;
	uint32_t percent = c->options->ram_ratio_percent;
	uint64_t limit = total / 100 * percent + total % 100 * percent / 100;

	if (!percent)
		return UINT64_MAX;
	if (limit < used + c->options->reserve_kib)
		return 0;
	return limit - used - c->options->reserve_kib;
}

static int check_memory_of_node(const struct checking *c, uint32_t node_ix)
{
	const vn_node *node = &c->host->nodes[node_ix];
	uint64_t ordinary = 0, huge[VN_PAGE_SIZES_MAX] = { 0 };

	for (uint32_t i = 0; i < c->placement->n_cells; i++) {
		const vn_place_cell *cell = &c->placement->cells[i];
		uint64_t kib = cell->mem_kib + cell->memdev_kib;
		bool found = !cell->page_kib;

		if (cell->mem_node_ix != node_ix)
			continue;
		if (!cell->page_kib)
			ordinary += kib;
		for (uint32_t k = 0; k < node->n_pages && cell->page_kib; k++)
			if (node->pages[k].size_kib == cell->page_kib) {
				huge[k] += kib / cell->page_kib;
				found = true;
			}
		if (!found)
			return BROKEN(c, "node %u has no pages of %llu KiB", node->id,
				      (unsigned long long)cell->page_kib);
	}
	if (ordinary > ordinary_limit(c, node))
		return BROKEN(c, "node %u: %llu KiB of ordinary memory are not there", node->id,
			      (unsigned long long)ordinary);
	for (uint32_t k = 0; k < node->n_pages; k++)
		if (huge[k] > vn_pages_free(&node->pages[k]))
			return BROKEN(c, "node %u: %llu pages of %llu KiB are not free", node->id,
				      (unsigned long long)huge[k],
				      (unsigned long long)node->pages[k].size_kib);
	return VN_OK;
}

static int check_memory(const struct checking *c)
{
	int r;

	for (uint32_t i = 0; i < c->placement->n_cells; i++)
		if ((r = check_page_wish(c, i)) < 0)
			return r;
	for (uint32_t node_ix = 0; node_ix < c->host->n_nodes; node_ix++)
		if ((r = check_memory_of_node(c, node_ix)) < 0)
			return r;
	return VN_OK;
}

/* ---- CPUs
 * ---------------------------------------------------------------------------------------- */

/* A CPU taken for this guest alone: on the cell's node, given to dedicated guests, free, not twice.
 */
static int check_taken_cpu(const struct checking *c, uint32_t cell, int cpu, vn_cpuset *taken)
{
	const vn_node *node = node_of(c, cell);

	if (cpu < 0 || !vn_cpuset_has(&node->pcpus, (unsigned)cpu))
		return BROKEN(c, "CPU %d is not one of node %u for dedicated guests", cpu,
			      node->id);
	if (vn_cpuset_has(&node->pinned, (unsigned)cpu))
		return BROKEN(c, "CPU %d is taken by another guest", cpu);
	if (vn_cpuset_has(taken, (unsigned)cpu))
		return BROKEN(c, "CPU %d is taken twice", cpu);
	if (c->request->cpuset_given && !vn_cpuset_has(&c->request->cpuset, (unsigned)cpu))
		return BROKEN(c, "CPU %d is outside the vcpu cpuset", cpu);
	vn_cpuset_add(taken, (unsigned)cpu);
	return VN_OK;
}

static int check_vcpu(const struct checking *c, uint32_t vcpu, vn_cpuset *taken)
{
	const vn_request *request = c->request;
	uint32_t cell = c->placement->vcpu_cell[vcpu];
	const vn_node *node = node_of(c, cell);
	bool dedicated = vn_cpuset_has(&request->dedicated, vcpu);
	bool own = vn_cpuset_has(&request->vcpupin_given, vcpu);
	int32_t pin = c->placement->pin[vcpu];

	if (dedicated != (pin >= 0))
		return BROKEN(c, "vCPU %u %s a CPU of its own", vcpu,
			      dedicated ? "does not have" : "has");
	if (dedicated) {
		if (own && !vn_cpuset_has(&request->vcpupin[vcpu], (unsigned)pin))
			return BROKEN(c, "vCPU %u is not where its owner pinned it", vcpu);
		return check_taken_cpu(c, cell, pin, taken);
	}
	const vn_cpuset *floats = own ? &request->vcpupin[vcpu] : &c->placement->cells[cell].cpus;
	vn_cpuset outside = *floats;

	if (vn_cpuset_is_empty(floats))
		return BROKEN(c, "vCPU %u has no CPU to run on", vcpu);
	VN_CPUSET_EACH(cpu, floats)
		if (c->host->cpus[cpu].node_ix != (int32_t)c->placement->cells[cell].node_ix)
			return BROKEN(c, "vCPU %u floats on CPU %d, outside node %u", vcpu, cpu,
				      node->id);
	vn_cpuset_minus(&outside, &node->cpus);
	if (!own && (!vn_cpuset_is_empty(&outside) || vn_cpuset_overlaps(floats, &node->pinned) ||
		     (request->cpuset_given && !vn_cpuset_contains(&request->cpuset, floats))))
		return BROKEN(c, "vCPU %u floats on CPUs that are not for it", vcpu);
	return VN_OK;
}

/* Floating vCPUs of a node: no more than its CPUs, and under the overcommit ratio. */
static int check_floating(const struct checking *c, uint32_t node_ix)
{
	const vn_node *node = &c->host->nodes[node_ix];
	vn_cpuset cpus = node->cpus;
	uint64_t floating = 0, room;

	for (uint32_t vcpu = 0; vcpu < c->placement->n_vcpus; vcpu++)
		if (c->placement->pin[vcpu] < 0 &&
		    c->placement->cells[c->placement->vcpu_cell[vcpu]].node_ix == node_ix)
			floating++;
	if (!floating)
		return VN_OK;
	vn_cpuset_minus(&cpus, &node->pinned);
	if (c->request->cpuset_given)
		vn_cpuset_and(&cpus, &c->request->cpuset);
	room = (uint64_t)vn_cpuset_count(&cpus) * c->options->cpu_ratio_percent / 100;
	if (floating > vn_cpuset_count(&cpus))
		return BROKEN(c, "node %u: %llu vCPUs float over %u CPUs", node->id,
			      (unsigned long long)floating, vn_cpuset_count(&cpus));
	if (c->options->cpu_ratio_percent && floating + node->cpu_usage > room)
		return BROKEN(c, "node %u: more floating vCPUs than the ratio allows", node->id);
	return VN_OK;
}

/* isolate: no other thread of a pinned vCPU's core runs anything. require: pins share cores. */
static int check_threads(const struct checking *c, uint32_t cell, const vn_cpuset *taken)
{
	const vn_host *host = c->host;
	uint32_t alone = 0, pins = 0;

	VN_CPUSET_EACH(vcpu, &c->placement->cells[cell].vcpus) {
		int32_t pin = c->placement->pin[vcpu];
		uint32_t mates = 0;

		if (pin < 0 || vn_cpuset_has(&c->request->vcpupin_given, (unsigned)vcpu))
			continue;
		pins++;
		for (uint32_t cpu = 0; cpu < host->n_cpus; cpu++) {
			if ((int32_t)cpu == pin || host->cpus[cpu].core < 0 ||
			    host->cpus[cpu].core != host->cpus[pin].core ||
			    host->cpus[cpu].node_ix < 0)
				continue;
			if (c->request->thread_policy == VN_THREADS_ISOLATE &&
			    !vn_cpuset_has(&c->placement->cells[cell].reserved, cpu))
				return BROKEN(c, "vCPU %d is not alone on its core: CPU %u", vcpu,
					      cpu);
			mates += vn_cpuset_has(taken, cpu);
		}
		alone += !mates;
	}
	if (c->request->thread_policy == VN_THREADS_REQUIRE && alone > 1)
		return BROKEN(c, "%u vCPUs of cell %u have a core without a sibling vCPU", alone,
			      cell);
	(void)pins;
	return VN_OK;
}

static int check_cpus(const struct checking *c)
{
	vn_cpuset taken = { 0 }, reserved = { 0 };
	int r;

	for (uint32_t vcpu = 0; vcpu < c->placement->n_vcpus; vcpu++)
		if ((r = check_vcpu(c, vcpu, &taken)) < 0)
			return r;
	vn_cpuset pins = taken;

	for (uint32_t i = 0; i < c->placement->n_cells; i++) {
		VN_CPUSET_EACH(cpu, &c->placement->cells[i].reserved)
			if ((r = check_taken_cpu(c, i, cpu, &taken)) < 0)
				return r;
		vn_cpuset_or(&reserved, &c->placement->cells[i].reserved);
	}
	for (uint32_t i = 0; i < c->placement->n_cells; i++) {
		if (vn_cpuset_overlaps(&c->placement->cells[i].cpus, &taken))
			return BROKEN(c, "cell %u floats over CPUs that are taken", i);
		if ((r = check_threads(c, i, &pins)) < 0)
			return r;
	}
	VN_CPUSET_EACH(vcpu, &c->request->vcpupin_given)
		if (c->placement->pin[vcpu] < 0 &&
		    vn_cpuset_overlaps(&c->request->vcpupin[vcpu], &taken))
			return BROKEN(c, "vCPU %d is pinned to a CPU that is another's alone",
				      vcpu);
	for (uint32_t node_ix = 0; node_ix < c->host->n_nodes; node_ix++)
		if ((r = check_floating(c, node_ix)) < 0)
			return r;
	if (vn_cpuset_is_empty(&c->placement->emulator))
		return BROKEN(c, "the emulator has no CPU");
	if (c->request->emulator_policy == VN_EMULATOR_ISOLATE &&
	    !vn_cpuset_is_empty(&c->request->dedicated) &&
	    !vn_cpuset_contains(&reserved, &c->placement->emulator))
		return BROKEN(c, "the emulator has no CPU of its own");
	return VN_OK;
}

/* ---- devices and what the guest sees
 * ------------------------------------------------------------- */

static bool has_cell_near(const struct checking *c, int32_t device_node_ix, bool same_socket)
{
	for (uint32_t i = 0; i < c->placement->n_cells; i++) {
		uint32_t node_ix = c->placement->cells[i].node_ix;
		int32_t socket = c->host->nodes[node_ix].socket;

		if ((int32_t)node_ix == device_node_ix ||
		    (same_socket && socket >= 0 && socket == c->host->nodes[device_node_ix].socket))
			return true;
	}
	return false;
}

static int check_devices(const struct checking *c)
{
	for (uint32_t i = 0; i < c->request->n_devices; i++) {
		const vn_guest_device *device = &c->request->devices[i];
		int32_t node_ix = c->placement->device_node_ix[i];
		int cell = c->placement->device_cell[i];

		if (cell >= 0 && (int32_t)c->placement->cells[cell].node_ix != node_ix)
			return BROKEN(c, "device %u is given to cell %d of another node", i, cell);
		if (cell < 0 && node_ix >= 0 && has_cell_near(c, node_ix, false))
			return BROKEN(c, "device %u is given to no cell", i);
		if (node_ix >= 0 && c->request->pci_policy_given &&
		    device->kind == VN_DEVICE_HOSTDEV && device->policy != VN_PCI_PREFERRED &&
		    !has_cell_near(c, node_ix, device->policy == VN_PCI_SOCKET))
			return BROKEN(c, "device %u must be local and is not", i);
	}
	return VN_OK;
}

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
		check_cell_vcpus, check_sizes, check_sharing, check_nodes,
		check_memory,	  check_cpus,  check_devices, check_guest_view,
	};
	const struct checking c = { host, request, options ? options : &vn_place_defaults,
				    placement, err };
	int r;

	for (size_t i = 0; i < VN_LEN(checks); i++)
		if ((r = checks[i](&c)) < 0)
			return r;
	return VN_OK;
}
