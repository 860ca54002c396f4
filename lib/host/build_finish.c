/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The end of reading: nodes and devices in their order, groups numbered from 0 by their lowest CPU.
 * Equal machines give equal hosts, whatever order or numbers the input had. */
#include "host/build.h"

#include <stdlib.h>
#include <string.h>

static int permute(vn_host *host, uint32_t **matrix, const uint32_t *old_of, vn_error *err)
{
	uint32_t *old = *matrix, n = host->n_nodes;
	int r;

	if (!old)
		return VN_OK;
	*matrix = NULL;
	if ((r = vn_build_matrix(host, matrix, err)) < 0)
		return r;
	for (uint32_t from = 0; from < n; from++)
		for (uint32_t to = 0; to < n; to++)
			(*matrix)[from * n + to] = old[old_of[from] * n + old_of[to]];
	return VN_OK;
}

static bool sorted(const vn_host *host)
{
	for (uint32_t i = 1; i < host->n_nodes; i++)
		if (host->nodes[i - 1].id > host->nodes[i].id)
			return false;
	return true;
}

static int sort_nodes(vn_host *host, vn_error *err)
{
	uint32_t old_of[VN_NODE_MAX], new_of[VN_NODE_MAX], count = 0;
	vn_node *nodes;
	int r;

	if (sorted(host))
		return VN_OK;
	nodes = vn_arena_alloc(host->arena, host->n_nodes, sizeof(*nodes));
	if (!nodes)
		return vn_fail(err, VN_E_NOMEM, "no memory for the host");
	for (uint32_t id = 0; id < VN_NODE_MAX; id++) {
		int ix = vn_host_node_ix(host, id);

		if (ix < 0)
			continue;
		nodes[count] = host->nodes[ix];
		old_of[count] = (uint32_t)ix;
		new_of[ix] = count++;
	}
	host->nodes = nodes;
	for (uint32_t cpu = 0; cpu < VN_CPU_MAX; cpu++)
		if (host->cpus[cpu].node_ix >= 0)
			host->cpus[cpu].node_ix = (int32_t)new_of[host->cpus[cpu].node_ix];
	for (uint32_t i = 0; i < host->n_devices; i++)
		if (host->devices[i].node_ix >= 0)
			host->devices[i].node_ix = (int32_t)new_of[host->devices[i].node_ix];
	for (uint32_t i = 0; i < host->n_pools; i++)
		if (host->pools[i].node_ix >= 0)
			host->pools[i].node_ix = (int32_t)new_of[host->pools[i].node_ix];
	if ((r = permute(host, &host->slit, old_of, err)) < 0 ||
	    (r = permute(host, &host->latency_ns, old_of, err)) < 0)
		return r;
	return permute(host, &host->bandwidth_mibs, old_of, err);
}

static int by_address(const void *a, const void *b)
{
	return vn_pci_address_compare(((const vn_device *)a)->address,
				      ((const vn_device *)b)->address);
}

static int sort_devices(vn_host *host, const vn_at *at, vn_error *err)
{
	char text[24];

	if (host->n_devices)
		qsort(host->devices, host->n_devices, sizeof(*host->devices), by_address);
	for (uint32_t i = 1; i < host->n_devices; i++)
		if (!by_address(&host->devices[i - 1], &host->devices[i]))
			return vn_fail_where(err, at, VN_E_RANGE, "device %s is there twice",
					     vn_pci_address_format(host->devices[i].address, text,
								   sizeof(text)));
	return VN_OK;
}

/* What is known without being said. Groups go by their lowest CPU here. */
static void fill_groups(vn_host *host)
{
	for (uint32_t i = 0; i < VN_CPU_MAX; i++) {
		vn_cpu *cpu = &host->cpus[i];

		if (cpu->node_ix >= 0 && cpu->core < 0)
			cpu->core = (int32_t)i;
	}
	/* one pass for each socket number of a node, at the first node that has it */
	for (uint32_t ix = 0; ix < host->n_nodes; ix++) {
		int32_t socket = host->nodes[ix].socket, lowest = -1;
		bool done = socket < 0;

		for (uint32_t before = 0; before < ix && !done; before++)
			done = host->nodes[before].socket == socket;
		for (uint32_t i = 0; i < VN_CPU_MAX && !done; i++) {
			vn_cpu *cpu = &host->cpus[i];

			if (cpu->node_ix < 0 || host->nodes[cpu->node_ix].socket != socket ||
			    cpu->socket >= 0)
				continue;
			if (lowest < 0)
				lowest = (int32_t)i;
			cpu->socket = lowest;
		}
	}
}

/* A socket without dies is one die. The die goes by the lowest CPU of those that have none. */
static void fill_dies(vn_host *host, int32_t *lowest)
{
	for (uint32_t i = 0; i < VN_CPU_MAX; i++)
		lowest[i] = -1;
	for (uint32_t i = 0; i < VN_CPU_MAX; i++) {
		vn_cpu *cpu = &host->cpus[i];

		if (cpu->node_ix < 0 || cpu->die >= 0 || cpu->socket < 0)
			continue;
		if (lowest[cpu->socket] < 0)
			lowest[cpu->socket] = (int32_t)i;
		cpu->die = lowest[cpu->socket];
	}
}

static uint32_t number_groups(vn_host *host, enum vn_group kind, int32_t *number_of)
{
	int32_t count = 0;

	for (uint32_t i = 0; i < VN_CPU_MAX; i++)
		number_of[i] = -1;
	for (uint32_t i = 0; i < host->n_cpus; i++) {
		int32_t *group = vn_cpu_group(&host->cpus[i], kind);

		if (*group < 0)
			continue;
		if (number_of[*group] < 0)
			number_of[*group] = count++;
		*group = number_of[*group];
	}
	return (uint32_t)count;
}

static void count_threads(vn_host *host, uint32_t *threads)
{
	memset(threads, 0, VN_CPU_MAX * sizeof(*threads));
	for (uint32_t i = 0; i < host->n_cpus; i++)
		if (host->cpus[i].core >= 0 &&
		    ++threads[host->cpus[i].core] > host->threads_per_core)
			host->threads_per_core = threads[host->cpus[i].core];
}

int vn_build_finish(vn_host *host, const vn_at *at, vn_error *err)
{
	int32_t scratch[VN_CPU_MAX];
	int r;

	VN_CPUSET_EACH(cpu, &host->offline)
		if (host->cpus[cpu].node_ix >= 0)
			return vn_fail_where(err, at, VN_E_RANGE,
					     "CPU %d is offline, but in node %u", cpu,
					     host->nodes[host->cpus[cpu].node_ix].id);
	if ((r = sort_nodes(host, err)) < 0 || (r = sort_devices(host, at, err)) < 0)
		return r;
	for (uint32_t i = 0; i < VN_CPU_MAX; i++)
		if (host->cpus[i].node_ix >= 0)
			host->n_cpus = i + 1;
	if (!host->n_cpus)
		return vn_fail_where(err, at, VN_E_RANGE, "a host without CPUs");
	fill_groups(host);
	fill_dies(host, scratch);
	host->n_cores = number_groups(host, VN_GROUP_CORE, scratch);
	host->n_l3 = number_groups(host, VN_GROUP_L3, scratch);
	host->n_dies = number_groups(host, VN_GROUP_DIE, scratch);
	host->n_sockets = number_groups(host, VN_GROUP_SOCKET, scratch);
	count_threads(host, (uint32_t *)scratch);
	return vn_host_count(host, err);
}
