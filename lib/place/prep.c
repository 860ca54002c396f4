/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Normalising: reject what contradicts itself or the host, then count what each node has. */
#include "place/problem.h"

#include <string.h>

/* ---- contradictions ---- */

static vn_cpuset online_cpus(const vn_host *host)
{
	vn_cpuset online = { 0 };

	for (uint32_t cpu = 0; cpu < host->n_cpus; cpu++)
		if (host->cpus[cpu].node_ix >= 0)
			vn_cpuset_add(&online, cpu);
	return online;
}

static int check_nodeset(const vn_host *host, const vn_request *request, const vn_nodeset *set,
			 uint32_t line, const char *what, vn_error *err)
{
	char legal[256];
	vn_nodeset nodes = { 0 };

	for (uint32_t i = 0; i < host->n_nodes; i++)
		vn_nodeset_add(&nodes, host->nodes[i].id);
	vn_nodeset_format(&nodes, legal, sizeof(legal));
	VN_NODESET_EACH(node, set)
		if (!vn_nodeset_has(&nodes, (unsigned)node))
			return vn_fail_line(
				err, VN_E_RANGE, request->source, line, 0,
				"%s names node %d, which the host does not have (legal: %.150s)",
				what, node, legal);
	if (vn_nodeset_is_empty(set))
		return vn_fail_line(err, VN_E_RANGE, request->source, line, 0,
				    "%s names no node (legal: %.150s)", what, legal);
	return VN_OK;
}

static int check_nodesets(const vn_host *host, const vn_request *request, vn_error *err)
{
	int r;

	if (request->nodeset_given &&
	    (r = check_nodeset(host, request, &request->nodeset, request->line_partition, "nodeset",
			       err)) < 0)
		return r;
	if (request->numatune_given &&
	    (r = check_nodeset(host, request, &request->numatune, request->line_numatune,
			       "numatune", err)) < 0)
		return r;
	VN_CPUSET_EACH(cell, &request->memnode_given)
		if ((r = check_nodeset(host, request, &request->memnode[cell],
				       request->line_numatune, "memnode", err)) < 0)
			return r;
	return VN_OK;
}

static int check_cpus_exist(const vn_request *request, const vn_cpuset *set,
			    const vn_cpuset *online, const char *what, vn_error *err)
{
	VN_CPUSET_EACH(cpu, set)
		if (!vn_cpuset_has(online, (unsigned)cpu))
			return vn_fail_line(
				err, VN_E_RANGE, request->source, request->line_cpuset, 0,
				"%s names CPU %d, which the host does not have online", what, cpu);
	return VN_OK;
}

/* A pin has to be on one node; two dedicated vCPUs cannot have the same CPU. */
static int check_pins(const vn_host *host, const vn_request *request, const vn_cpuset *online,
		      vn_error *err)
{
	vn_cpuset taken = { 0 };

	VN_CPUSET_EACH(vcpu, &request->vcpupin_given) {
		const vn_cpuset *pin = &request->vcpupin[vcpu];
		int first = vn_cpuset_next(pin, -1), r;
		char list[96];

		if ((r = check_cpus_exist(request, pin, online, "vcpupin", err)) < 0)
			return r;
		vn_cpuset_format(pin, list, sizeof(list));
		VN_CPUSET_EACH(cpu, pin)
			if (host->cpus[cpu].node_ix != host->cpus[first].node_ix)
				return vn_fail_line(
					err, VN_E_CONFLICT, request->source, request->line_cpuset,
					0,
					"vcpupin of vCPU %d, '%s', is on nodes %u and %u, but its "
					"cell is on one node (remove the vcpupin, or name CPUs of "
					"one node)",
					vcpu, list, host->nodes[host->cpus[first].node_ix].id,
					host->nodes[host->cpus[cpu].node_ix].id);
		if (!vn_cpuset_has(&request->dedicated, (unsigned)vcpu))
			continue;
		if (first < 0 || vn_cpuset_next(pin, first) >= 0)
			return vn_fail_line(err, VN_E_CONFLICT, request->source,
					    request->line_cpuset, 0,
					    "vcpupin of vCPU %d, '%s', is not one CPU, but its "
					    "policy is dedicated",
					    vcpu, list);
		if (vn_cpuset_has(&taken, (unsigned)first))
			return vn_fail_line(err, VN_E_CONFLICT, request->source,
					    request->line_cpuset, 0,
					    "vcpupin gives CPU %d to vCPU %d and to another vCPU, "
					    "but their policy is dedicated",
					    first, vcpu);
		vn_cpuset_add(&taken, (unsigned)first);
		if (vn_cpuset_has(&host->nodes[host->cpus[first].node_ix].pinned, (unsigned)first))
			return vn_fail_line(err, VN_E_NOFIT, request->source, request->line_cpuset,
					    0,
					    "CPU %d, which vcpupin gives to vCPU %d, is taken by "
					    "another guest",
					    first, vcpu);
	}
	return VN_OK;
}

static int check_cells(const vn_request *request, vn_error *err)
{
	uint32_t want = request->n_cells_want, fixed = request->n_cells;

	if (fixed && want && fixed != want)
		return vn_fail_line(err, VN_E_CONFLICT, request->source, request->line_partition, 0,
				    "partition wants %u cells, but the guest's <numa> has %u", want,
				    fixed);
	if (want > request->vcpus)
		return vn_fail_line(err, VN_E_CONFLICT, request->source, request->line_partition, 0,
				    "%u cells for %u vCPUs: a cell would have none", want,
				    request->vcpus);
	if (want > VN_CELL_MAX)
		return vn_fail_line(err, VN_E_RANGE, request->source, request->line_partition, 0,
				    "%u cells are more than the largest, %d", want, VN_CELL_MAX);
	return VN_OK;
}

/* What the owner fixes has to lie inside what the owner allows. */
static int check_pins_allowed(const vn_host *host, const vn_request *request, vn_error *err)
{
	char pin[96], limit[96];

	VN_CPUSET_EACH(vcpu, &request->vcpupin_given) {
		int cpu = vn_cpuset_next(&request->vcpupin[vcpu], -1);
		uint32_t node = cpu >= 0 ? host->nodes[host->cpus[cpu].node_ix].id : 0;

		vn_cpuset_format(&request->vcpupin[vcpu], pin, sizeof(pin));
		if (request->cpuset_given &&
		    !vn_cpuset_contains(&request->cpuset, &request->vcpupin[vcpu])) {
			vn_cpuset_format(&request->cpuset, limit, sizeof(limit));
			return vn_fail_line(err, VN_E_CONFLICT, request->source,
					    request->line_cpuset, 0,
					    "vcpupin of vCPU %d, '%s', is outside the cpuset of "
					    "<vcpu>, '%s'",
					    vcpu, pin, limit);
		}
		if (cpu < 0 || !request->nodeset_given || vn_nodeset_has(&request->nodeset, node))
			continue;
		vn_nodeset_format(&request->nodeset, limit, sizeof(limit));
		return vn_fail_line(err, VN_E_CONFLICT, request->source, request->line_cpuset, 0,
				    "vcpupin of vCPU %d, '%s', is on node %u, outside the nodeset "
				    "'%s'",
				    vcpu, pin, node, limit);
	}
	return VN_OK;
}

static int check_memory_allowed(const vn_request *request, vn_error *err)
{
	char fixed[96], limit[96];

	if (!request->nodeset_given)
		return VN_OK;
	vn_nodeset_format(&request->nodeset, limit, sizeof(limit));
	if (request->numatune_given &&
	    !vn_nodeset_overlaps(&request->nodeset, &request->numatune)) {
		vn_nodeset_format(&request->numatune, fixed, sizeof(fixed));
		return vn_fail_line(err, VN_E_CONFLICT, request->source, request->line_numatune, 0,
				    "numatune, '%s', is outside the nodeset '%s'", fixed, limit);
	}
	VN_CPUSET_EACH(cell, &request->memnode_given) {
		if (vn_nodeset_contains(&request->nodeset, &request->memnode[cell]))
			continue;
		vn_nodeset_format(&request->memnode[cell], fixed, sizeof(fixed));
		return vn_fail_line(err, VN_E_CONFLICT, request->source, request->line_numatune, 0,
				    "memnode of cell %d, '%s', is outside the nodeset '%s'", cell,
				    fixed, limit);
	}
	return VN_OK;
}

/* The pins of one fixed cell are on one node. */
static int check_cell_pins(const vn_host *host, const vn_request *request, uint32_t cell,
			   vn_error *err)
{
	int first_vcpu = -1;
	uint32_t first_ix = 0;

	VN_CPUSET_EACH(vcpu, &request->cells[cell].vcpus) {
		int cpu = vn_cpuset_has(&request->vcpupin_given, (unsigned)vcpu)
				  ? vn_cpuset_next(&request->vcpupin[vcpu], -1)
				  : -1;
		uint32_t node_ix = cpu >= 0 ? (uint32_t)host->cpus[cpu].node_ix : 0;

		if (cpu >= 0 && first_vcpu >= 0 && node_ix != first_ix)
			return vn_fail_line(
				err, VN_E_CONFLICT, request->source, request->line_cpuset, 0,
				"vcpupin puts vCPU %d on node %u and vCPU %d on node %u, "
				"but both are in cell %u",
				first_vcpu, host->nodes[first_ix].id, vcpu, host->nodes[node_ix].id,
				cell);
		if (cpu >= 0 && first_vcpu < 0) {
			first_vcpu = vcpu;
			first_ix = node_ix;
		}
	}
	return VN_OK;
}

int prep_check(const vn_host *host, const vn_request *request, vn_error *err)
{
	vn_cpuset online = online_cpus(host);
	int r;

	if (host->threads_per_core > VN_SMT_MAX)
		return vn_fail(err, VN_E_RANGE, "a core of the host has %u threads (legal: 1-%d)",
			       host->threads_per_core, VN_SMT_MAX);
	if (request->vcpus == 0 || request->vcpus > VN_VCPU_MAX)
		return vn_fail_line(err, VN_E_RANGE, request->source, request->line_vcpu, 0,
				    "%u vCPUs (legal: 1-%d)", request->vcpus, VN_VCPU_MAX);
	if ((r = check_cells(request, err)) < 0 || (r = check_nodesets(host, request, err)) < 0)
		return r;
	if (request->cpuset_given &&
	    (r = check_cpus_exist(request, &request->cpuset, &online, "vcpu cpuset", err)) < 0)
		return r;
	if (request->emulatorpin_given &&
	    (r = check_cpus_exist(request, &request->emulatorpin, &online, "emulatorpin", err)) < 0)
		return r;
	if ((r = check_pins(host, request, &online, err)) < 0 ||
	    (r = check_pins_allowed(host, request, err)) < 0 ||
	    (r = check_memory_allowed(request, err)) < 0)
		return r;
	for (uint32_t c = 0; c < request->n_cells; c++)
		if ((r = check_cell_pins(host, request, c, err)) < 0)
			return r;
	return VN_OK;
}

/* ---- nodes ---- */

void prep_count_cores(const vn_host *host, const vn_cpuset *free, bool keep_first,
		      struct core_counts *counts)
{
	counts->n = host->n_cores + host->n_cpus;
	memset(counts->free, 0, counts->n);
	memset(counts->online, 0, counts->n);
	memset(counts->kept, 0, counts->n);
	for (uint32_t i = 0; i < host->n_nodes; i++)
		counts->first_cpu[i] = -1;
	for (uint32_t cpu = 0; cpu < host->n_cpus; cpu++) {
		int32_t node_ix = host->cpus[cpu].node_ix;
		uint32_t core = core_ix(host, cpu);

		if (node_ix < 0)
			continue;
		counts->node_ix[core] = (uint16_t)node_ix;
		counts->online[core]++;
		counts->free[core] += vn_cpuset_has(free, cpu);
		if (counts->first_cpu[node_ix] < 0) {
			counts->first_cpu[node_ix] = (int16_t)cpu;
			counts->kept[core] = keep_first;
		}
	}
}

void prep_add_core(const struct core_counts *counts, uint32_t core, struct cores *to)
{
	uint8_t free = counts->free[core];
	bool whole = free == counts->online[core];

	if (!free)
		return;
	if (counts->kept[core]) {
		to->kept = free;
		to->kept_whole = whole;
	} else {
		(whole ? to->whole : to->part)[free]++;
	}
}

/* What may be taken of ordinary memory under the overcommit ratio. */
static void count_memory(const struct problem *p, const vn_node *node, struct place_node *ret)
{
	uint64_t free = vn_node_free_kib(node), total, used, limit;
	uint64_t reserve = p->options->reserve_kib;

	total = first_huge(node) ? node->pages[0].total * node->pages[0].size_kib : node->mem_kib;
	used = total > free ? total - free : 0;
	ret->most_kib = total;
	if (!p->options->ram_ratio_percent)
		limit = UINT64_MAX / 4;
	else
		limit = total / 100 * p->options->ram_ratio_percent +
			total % 100 * p->options->ram_ratio_percent / 100;
	ret->room_kib = limit > used ? limit - used : 0;
	ret->room_kib = ret->room_kib > reserve ? ret->room_kib - reserve : 0;
	for (uint32_t i = 0; i < node->n_pages; i++)
		ret->pages[i] = vn_pages_free(&node->pages[i]);
	if (first_huge(node)) {
		uint64_t kept = reserve / node->pages[0].size_kib;

		ret->pages[0] = ret->pages[0] > kept ? ret->pages[0] - kept : 0;
	}
}

/* CPUs of a node that floating vCPUs, and that pins, may have. */
void prep_free_cpus(const struct problem *p, uint32_t node_ix, vn_cpuset *floats, vn_cpuset *pins)
{
	const vn_node *node = &p->host->nodes[node_ix];

	*floats = node->cpus;
	*pins = node->pcpus;
	if (p->request->cpuset_given) {
		vn_cpuset_and(floats, &p->request->cpuset);
		vn_cpuset_and(pins, &p->request->cpuset);
	}
	vn_cpuset_minus(floats, &node->pinned);
	vn_cpuset_minus(floats, &p->owner_pins);
	vn_cpuset_minus(pins, &node->pinned);
	vn_cpuset_minus(pins, &p->owner_pins);
}

static uint32_t count_float_cores(const vn_host *host, const vn_cpuset *floats)
{
	uint32_t cores = 0, last = UINT32_MAX;
	uint8_t seen[2 * VN_CPU_MAX];

	VN_CPUSET_EACH(cpu, floats)
		seen[core_ix(host, (uint32_t)cpu)] = 0;
	VN_CPUSET_EACH(cpu, floats) {
		last = core_ix(host, (uint32_t)cpu);
		cores += !seen[last];
		seen[last] = 1;
	}
	return cores;
}

static void count_cpus(struct problem *p, uint32_t node_ix, vn_cpuset *all_free)
{
	const vn_node *node = &p->host->nodes[node_ix];
	struct place_node *to = &p->nodes[node_ix];
	vn_cpuset floats, pins, present = node->pcpus;
	uint64_t most;

	prep_free_cpus(p, node_ix, &floats, &pins);
	if (p->request->cpuset_given)
		vn_cpuset_and(&present, &p->request->cpuset);
	to->present = vn_cpuset_count(&present);
	to->sets_overlap = vn_cpuset_overlaps(&floats, &pins);
	to->cpus = vn_cpuset_count(&floats);
	to->cores = count_float_cores(p->host, &floats);
	vn_cpuset floatable = node->cpus;

	if (p->request->cpuset_given)
		vn_cpuset_and(&floatable, &p->request->cpuset);
	uint32_t dedicated = vn_cpuset_count(&p->request->dedicated);

	to->for_cpus = vn_nodeset_has(&p->allowed, node_ix) &&
		       ((dedicated && to->present) ||
			(dedicated < p->request->vcpus && !vn_cpuset_is_empty(&floatable)));
	most = (uint64_t)to->cpus * p->options->cpu_ratio_percent / 100;
	if (!p->options->cpu_ratio_percent)
		to->ratio_room = UINT32_MAX / 2;
	else
		to->ratio_room = most > node->cpu_usage ? (uint32_t)(most - node->cpu_usage) : 0;
	vn_cpuset_or(all_free, &pins);
}

/* How full a node is: CPUs pinned or floated on, and memory, in 1/1000 each. */
static uint32_t load_of(const vn_node *node)
{
	vn_cpuset all = node->cpus;
	uint64_t cpus, cpu_load = 0, mem_load = 0;

	vn_cpuset_or(&all, &node->pcpus);
	cpus = vn_cpuset_count(&all);
	if (cpus)
		cpu_load =
			1000 * (vn_cpuset_count(&node->pinned) + (uint64_t)node->cpu_usage) / cpus;
	if (node->mem_kib)
		mem_load = (uint64_t)(1000.0 * (double)node->mem_used_kib / (double)node->mem_kib);
	return (uint32_t)(cpu_load > 100000 ? 100000 : cpu_load) +
	       (uint32_t)(mem_load > 100000 ? 100000 : mem_load);
}

static void find_allowed(struct problem *p)
{
	p->allowed = (vn_nodeset){ 0 };
	for (uint32_t i = 0; i < p->host->n_nodes; i++)
		if (!p->request->nodeset_given ||
		    vn_nodeset_has(&p->request->nodeset, p->host->nodes[i].id))
			vn_nodeset_add(&p->allowed, i);
}

void prep_nodes(struct problem *p)
{
	const vn_request *request = p->request;

	vn_cpuset all_free = { 0 };
	struct core_counts counts;

	find_allowed(p);
	p->owner_pins = (vn_cpuset){ 0 };
	VN_CPUSET_EACH(vcpu, &request->vcpupin_given)
		if (vn_cpuset_has(&request->dedicated, (unsigned)vcpu))
			vn_cpuset_or(&p->owner_pins, &request->vcpupin[vcpu]);
	for (uint32_t i = 0; i < p->host->n_nodes; i++) {
		const vn_node *node = &p->host->nodes[i];
		struct place_node *to = &p->nodes[i];
		bool allowed = vn_nodeset_has(&p->allowed, i);
		bool named = request->nodeset_given && allowed;

		*to = (struct place_node){ .load = load_of(node) };
		count_cpus(p, i, &all_free);
		count_memory(p, node, to);
		to->for_memory =
			allowed && node->mem_kib && (!node->gpu_memory || named) &&
			(!request->numatune_given || vn_nodeset_has(&request->numatune, node->id));
	}
	prep_count_cores(p->host, &all_free, request->distribution == VN_DISTRIBUTION_SIBLINGS,
			 &counts);
	for (uint32_t core = 0; core < counts.n; core++)
		if (counts.free[core])
			prep_add_core(&counts, core, &p->nodes[counts.node_ix[core]].free);
}

void prep_size_by(struct problem *p, enum vn_size_by size_by)
{
	for (uint32_t i = 0; i < p->host->n_nodes; i++) {
		struct place_node *node = &p->nodes[i];
		uint32_t holds = size_by == VN_SIZE_BY_CORES ? node->cores : node->cpus;

		node->float_room = holds < node->ratio_room ? holds : node->ratio_room;
	}
}

/* ---- devices ---- */

static int32_t device_node(const vn_host *host, const vn_guest_device *device)
{
	const vn_device *on = NULL;

	if (device->has_host)
		on = vn_host_device_at(host, device->host);
	else if (device->host_name)
		on = vn_host_device_named(host, device->host_name);
	return on ? on->node_ix : -1;
}

/* Without a word from the owner a device is preferred to be local, and no more. */
static bool must_be_local(const vn_request *request, const vn_guest_device *device)
{
	return request->pci_policy_given && device->kind == VN_DEVICE_HOSTDEV &&
	       device->policy != VN_PCI_PREFERRED;
}

void prep_devices(struct problem *p)
{
	const vn_host *host = p->host;

	p->n_devices = p->request->n_devices;
	for (uint32_t i = 0; i < p->n_devices; i++) {
		const vn_guest_device *device = &p->request->devices[i];
		struct device_need *need = &p->devices[i];

		*need = (struct device_need){ .node_ix = device_node(host, device) };
		if (need->node_ix < 0)
			continue;
		need->must = must_be_local(p->request, device);
		vn_nodeset_add(&need->any_of, (unsigned)need->node_ix);
		int32_t socket = host->nodes[need->node_ix].socket;

		if (device->policy != VN_PCI_SOCKET || socket < 0)
			continue;
		for (uint32_t n = 0; n < host->n_nodes; n++)
			if (host->nodes[n].socket == socket)
				vn_nodeset_add(&need->any_of, n);
	}
}
