/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Normalising: what each node has for this guest, as counts, and where its devices are. */
#include "place/problem.h"

#include <string.h>

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
		uint64_t size = node->pages[0].size_kib,
			 kept = reserve / size + (reserve % size != 0);

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
	vn_cpuset_minus(pins, &p->owner_floats);
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
	p->owner_pins = p->owner_floats = (vn_cpuset){ 0 };
	VN_CPUSET_EACH(vcpu, &request->vcpupin_given)
		vn_cpuset_or(vn_cpuset_has(&request->dedicated, (unsigned)vcpu) ? &p->owner_pins
										: &p->owner_floats,
			     &request->vcpupin[vcpu]);
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
		need->must = must_be_local(p->request, device) &&
			     (need->node_ix >= 0 || device->policy == VN_PCI_REQUIRED);
		if (need->node_ix < 0)
			continue;
		vn_nodeset_add(&need->any_of, (unsigned)need->node_ix);
		int32_t socket = host->nodes[need->node_ix].socket;

		if (device->policy != VN_PCI_SOCKET || socket < 0)
			continue;
		for (uint32_t n = 0; n < host->n_nodes; n++)
			if (host->nodes[n].socket == socket)
				vn_nodeset_add(&need->any_of, n);
	}
}
