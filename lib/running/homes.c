/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Where a guest is at home: the nodes that its vCPUs may run on, and those of its memory. */
#include "vnuma/running.h"

enum { MOST_PERCENT = 90 };

/* Offline CPUs have no node. */
static void add_nodes_of(const vn_host *host, const vn_cpuset *cpus, vn_nodeset *ret)
{
	VN_CPUSET_EACH(cpu, cpus) {
		if ((uint32_t)cpu >= host->n_cpus)
			break;
		if (host->cpus[cpu].node_ix >= 0)
			vn_nodeset_add(ret, host->nodes[host->cpus[cpu].node_ix].id);
	}
}

/* What the owner wrote, for a guest whose threads are not known. */
static void add_configured(const vn_host *host, const vn_request *config, vn_nodeset *ret)
{
	for (uint32_t vcpu = 0; vcpu < config->vcpus; vcpu++) {
		if (vn_cpuset_has(&config->vcpupin_given, vcpu))
			add_nodes_of(host, &config->vcpupin[vcpu], ret);
		else if (config->cpuset_given)
			add_nodes_of(host, &config->cpuset, ret);
		else
			for (uint32_t ix = 0; ix < host->n_nodes; ix++)
				add_nodes_of(host, &host->nodes[ix].cpus, ret);
	}
}

vn_nodeset vn_guest_cpu_nodes(const vn_running *running, const vn_guest *guest)
{
	vn_nodeset nodes = { 0 };

	for (uint32_t i = 0; i < guest->n_threads; i++) {
		const vn_thread *thread = &guest->threads[i];

		if (thread->kind != VN_THREAD_VCPU)
			continue;
		if (thread->allowed_known)
			add_nodes_of(running->host, &thread->allowed, &nodes);
		else if (thread->pin_known)
			add_nodes_of(running->host, &thread->pin, &nodes);
	}
	if (vn_nodeset_is_empty(&nodes) && guest->config)
		add_configured(running->host, guest->config, &nodes);
	return nodes;
}

/* ---- memory ---- */

/* "preferred" binds nothing: the kernel may put pages elsewhere. */
static vn_nodeset bound_nodes(const vn_request *config)
{
	vn_nodeset nodes = { 0 };

	if (!config || config->mem_mode == VN_MEM_PREFERRED)
		return nodes;
	VN_CPUSET_EACH(cell, &config->memnode_given)
		vn_nodeset_or(&nodes, &config->memnode[cell]);
	if (config->numatune_given && vn_cpuset_count(&config->memnode_given) < config->n_cells)
		vn_nodeset_or(&nodes, &config->numatune);
	else if (config->numatune_given && !config->n_cells)
		vn_nodeset_or(&nodes, &config->numatune);
	return nodes;
}

static uint64_t kib_on(const vn_memory_use *memory, uint32_t n_nodes, uint32_t ix)
{
	uint64_t kib = 0;

	for (uint32_t size = 0; memory->kib && size < memory->n_sizes; size++)
		kib += memory->kib[size * n_nodes + ix];
	return kib;
}

/* The fullest nodes that together hold most of it. */
static vn_nodeset fullest_nodes(const vn_host *host, const vn_memory_use *memory)
{
	vn_nodeset nodes = { 0 };
	uint64_t total = 0, held = 0;

	for (uint32_t ix = 0; ix < host->n_nodes; ix++)
		total += kib_on(memory, host->n_nodes, ix);
	while (held < total / 100 * MOST_PERCENT || (total && !held)) {
		uint64_t most = 0;
		uint32_t best = 0;

		for (uint32_t ix = 0; ix < host->n_nodes; ix++) {
			uint64_t kib = kib_on(memory, host->n_nodes, ix);

			if (kib > most && !vn_nodeset_has(&nodes, host->nodes[ix].id)) {
				most = kib;
				best = ix;
			}
		}
		vn_nodeset_add(&nodes, host->nodes[best].id);
		held += most;
	}
	return nodes;
}

vn_nodeset vn_guest_mem_nodes(const vn_running *running, const vn_guest *guest)
{
	vn_nodeset nodes = bound_nodes(guest->config);

	if (vn_nodeset_is_empty(&nodes) && guest->memory.how != VN_MEASURED_NOT)
		nodes = fullest_nodes(running->host, &guest->memory);
	if (vn_nodeset_is_empty(&nodes) && guest->config && guest->config->numatune_given)
		nodes = guest->config->numatune;
	return nodes;
}
