/* SPDX-License-Identifier: LGPL-2.1-or-later
 * What contradicts itself or the host is refused before anything is placed: nodes and CPUs that do
 * not exist, pins that no cell can hold, settings outside what the owner allows. Each message names
 * the place in the request, the value, and what it collides with. */
#include "place/problem.h"

static vn_spot pin_spot(const vn_request *request, uint32_t vcpu)
{
	return request->at_vcpupin ? request->at_vcpupin[vcpu] : (vn_spot){ 0 };
}

static vn_spot memnode_spot(const vn_request *request, uint32_t cell)
{
	return request->at_memnode ? request->at_memnode[cell] : (vn_spot){ 0 };
}

static vn_cpuset online_cpus(const vn_host *host)
{
	vn_cpuset online = { 0 };

	for (uint32_t cpu = 0; cpu < host->n_cpus; cpu++)
		if (host->cpus[cpu].node_ix >= 0)
			vn_cpuset_add(&online, cpu);
	return online;
}

static int check_nodeset(const vn_host *host, const vn_request *request, const vn_nodeset *set,
			 vn_spot at, const char *what, vn_error *err)
{
	char legal[256];
	vn_nodeset nodes = { 0 };

	for (uint32_t i = 0; i < host->n_nodes; i++)
		vn_nodeset_add(&nodes, host->nodes[i].id);
	vn_nodeset_format(&nodes, legal, sizeof(legal));
	VN_NODESET_EACH(node, set)
		if (!vn_nodeset_has(&nodes, (unsigned)node))
			return vn_fail_spot(
				err, VN_E_RANGE, request->source, at,
				"%s names node %d, which the host does not have (legal: %.150s)",
				what, node, legal);
	if (vn_nodeset_is_empty(set))
		return vn_fail_spot(err, VN_E_RANGE, request->source, at,
				    "%s names no node (legal: %.150s)", what, legal);
	return VN_OK;
}

static int check_nodesets(const vn_host *host, const vn_request *request, vn_error *err)
{
	int r;

	if (request->nodeset_given &&
	    (r = check_nodeset(host, request, &request->nodeset, request->at_partition, "nodeset",
			       err)) < 0)
		return r;
	if (request->numatune_given &&
	    (r = check_nodeset(host, request, &request->numatune, request->at_numatune, "numatune",
			       err)) < 0)
		return r;
	if (!request->memnode)
		return VN_OK;
	VN_CPUSET_EACH(cell, &request->memnode_given)
		if ((r = check_nodeset(host, request, &request->memnode[cell],
				       memnode_spot(request, (uint32_t)cell), "memnode", err)) < 0)
			return r;
	return VN_OK;
}

static int check_cpus_exist(const vn_request *request, const vn_cpuset *set,
			    const vn_cpuset *online, vn_spot at, const char *what, vn_error *err)
{
	char legal[160];

	vn_cpuset_format(online, legal, sizeof(legal));
	VN_CPUSET_EACH(cpu, set)
		if (!vn_cpuset_has(online, (unsigned)cpu))
			return vn_fail_spot(
				err, VN_E_RANGE, request->source, at,
				"%s names CPU %d, which the host does not have online (legal: %s)",
				what, cpu, legal);
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

		if ((r = check_cpus_exist(request, pin, online, pin_spot(request, (uint32_t)vcpu),
					  "vcpupin", err)) < 0)
			return r;
		vn_cpuset_format(pin, list, sizeof(list));
		VN_CPUSET_EACH(cpu, pin)
			if (host->cpus[cpu].node_ix != host->cpus[first].node_ix)
				return vn_fail_spot(
					err, VN_E_CONFLICT, request->source,
					pin_spot(request, (uint32_t)vcpu),
					"vcpupin of vCPU %d, '%s', is on nodes %u and %u, but its "
					"cell is on one node (remove the vcpupin, or name CPUs of "
					"one node)",
					vcpu, list, host->nodes[host->cpus[first].node_ix].id,
					host->nodes[host->cpus[cpu].node_ix].id);
		if (!vn_cpuset_has(&request->dedicated, (unsigned)vcpu))
			continue;
		if (first < 0 || vn_cpuset_next(pin, first) >= 0)
			return vn_fail_spot(err, VN_E_CONFLICT, request->source,
					    pin_spot(request, (uint32_t)vcpu),
					    "vcpupin of vCPU %d, '%s', is not one CPU, but its "
					    "policy is dedicated",
					    vcpu, list);
		if (vn_cpuset_has(&taken, (unsigned)first))
			return vn_fail_spot(err, VN_E_CONFLICT, request->source,
					    pin_spot(request, (uint32_t)vcpu),
					    "vcpupin gives CPU %d to vCPU %d and to another vCPU, "
					    "but their policy is dedicated",
					    first, vcpu);
		if (!vn_cpuset_has(&host->nodes[host->cpus[first].node_ix].pcpus, (unsigned)first))
			return vn_fail_spot(err, VN_E_CONFLICT, request->source,
					    pin_spot(request, (uint32_t)vcpu),
					    "CPU %d, which vcpupin gives to vCPU %d, is not one of "
					    "the host's CPUs for dedicated guests",
					    first, vcpu);
		vn_cpuset_add(&taken, (unsigned)first);
		if (vn_cpuset_has(&host->nodes[host->cpus[first].node_ix].pinned, (unsigned)first))
			return vn_fail_spot(err, VN_E_NOFIT, request->source,
					    pin_spot(request, (uint32_t)vcpu),
					    "CPU %d, which vcpupin gives to vCPU %d, is taken by "
					    "another guest",
					    first, vcpu);
	}
	return VN_OK;
}

/* A CPU that vcpupin gives to a dedicated vCPU is not for a floating one. */
static int check_pins_alone(const vn_request *request, vn_error *err)
{
	VN_CPUSET_EACH(vcpu, &request->vcpupin_given) {
		if (!vn_cpuset_has(&request->dedicated, (unsigned)vcpu))
			continue;
		int cpu = vn_cpuset_next(&request->vcpupin[vcpu], -1);

		VN_CPUSET_EACH(other, &request->vcpupin_given)
			if (!vn_cpuset_has(&request->dedicated, (unsigned)other) &&
			    vn_cpuset_has(&request->vcpupin[other], (unsigned)cpu))
				return vn_fail_spot(err, VN_E_CONFLICT, request->source,
						    pin_spot(request, (uint32_t)other),
						    "vcpupin gives CPU %d to vCPU %d, whose policy "
						    "is dedicated, and to vCPU %d",
						    cpu, vcpu, other);
	}
	return VN_OK;
}

static int check_cells(const vn_request *request, vn_error *err)
{
	uint32_t want = request->n_cells_want, fixed = request->n_cells;

	if (fixed && want && fixed != want)
		return vn_fail_spot(err, VN_E_CONFLICT, request->source, request->at_partition,
				    "partition wants %u cells, but the guest's <numa> has %u", want,
				    fixed);
	if (want > request->vcpus)
		return vn_fail_spot(err, VN_E_CONFLICT, request->source, request->at_partition,
				    "%u cells for %u vCPUs: a cell would have none", want,
				    request->vcpus);
	if (want > VN_CELL_MAX)
		return vn_fail_spot(err, VN_E_RANGE, request->source, request->at_partition,
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
			return vn_fail_spot(err, VN_E_CONFLICT, request->source,
					    pin_spot(request, (uint32_t)vcpu),
					    "vcpupin of vCPU %d, '%s', is outside the cpuset of "
					    "<vcpu>, '%s'",
					    vcpu, pin, limit);
		}
		if (cpu < 0 || !request->nodeset_given || vn_nodeset_has(&request->nodeset, node))
			continue;
		vn_nodeset_format(&request->nodeset, limit, sizeof(limit));
		return vn_fail_spot(err, VN_E_CONFLICT, request->source,
				    pin_spot(request, (uint32_t)vcpu),
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
		return vn_fail_spot(err, VN_E_CONFLICT, request->source, request->at_numatune,
				    "numatune, '%s', is outside the nodeset '%s'", fixed, limit);
	}
	VN_CPUSET_EACH(cell, &request->memnode_given) {
		if (vn_nodeset_contains(&request->nodeset, &request->memnode[cell]))
			continue;
		vn_nodeset_format(&request->memnode[cell], fixed, sizeof(fixed));
		return vn_fail_spot(err, VN_E_CONFLICT, request->source,
				    memnode_spot(request, (uint32_t)cell),
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
			return vn_fail_spot(
				err, VN_E_CONFLICT, request->source,
				pin_spot(request, (uint32_t)vcpu),
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

int contradict_check(const vn_host *host, const vn_request *request, vn_error *err)
{
	vn_cpuset online;
	int r;

	if (host->threads_per_core > VN_SMT_MAX)
		return vn_fail(err, VN_E_RANGE, "a core of the host has %u threads (legal: 1-%d)",
			       host->threads_per_core, VN_SMT_MAX);
	if (!host->index)
		return vn_fail(err, VN_E_RANGE, "the host was not counted (vn_host_count)");
	if (request->vcpus == 0 || request->vcpus > VN_VCPU_MAX)
		return vn_fail_spot(err, VN_E_RANGE, request->source, request->at_vcpu,
				    "%u vCPUs (legal: 1-%d)", request->vcpus, VN_VCPU_MAX);
	if ((r = check_cells(request, err)) < 0 || (r = check_nodesets(host, request, err)) < 0)
		return r;
	if (!request->cpuset_given && !request->emulatorpin_given && !request->vcpupin)
		return check_memory_allowed(request, err);
	online = online_cpus(host);
	if (request->cpuset_given &&
	    (r = check_cpus_exist(request, &request->cpuset, &online, request->at_cpuset,
				  "vcpu cpuset", err)) < 0)
		return r;
	if (request->emulatorpin_given &&
	    (r = check_cpus_exist(request, &request->emulatorpin, &online, request->at_emulatorpin,
				  "emulatorpin", err)) < 0)
		return r;
	if ((r = check_pins(host, request, &online, err)) < 0 ||
	    (r = check_pins_alone(request, err)) < 0 ||
	    (r = check_pins_allowed(host, request, err)) < 0 ||
	    (r = check_memory_allowed(request, err)) < 0)
		return r;
	for (uint32_t c = 0; c < request->n_cells; c++)
		if ((r = check_cell_pins(host, request, c, err)) < 0)
			return r;
	return VN_OK;
}
