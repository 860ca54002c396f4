/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Locality: how much of a guest's memory is near its vCPUs. Example: two vCPUs, one pinned to CPUs
 * of node 0, one that may run on all CPUs of nodes 0 and 1; three quarters of the memory on node 0.
 * The first has 75 % of the memory near it, the second 1/2 * 75 % + 1/2 * 25 % = 50 %: 62.5 %.
 *
 * It says nothing about how often memory is used: it is right for a guest that touches its memory
 * evenly. A guest with cells runs a kernel that keeps memory near its users, so a cell's vCPUs are
 * judged by the cell's own memory, where the binding tells which that is. */
#include "vnuma/running.h"

/* A binding is believed when this share of the memory is where bindings say. */
enum { BELIEVED_PERCENT = 90 };

typedef struct judged {
	const vn_host *host;
	const vn_request *config; /* NULL: not known */
	uint64_t total_kib;
	uint64_t kib[VN_NODE_MAX]; /* by node_ix */
	bool by_cells;
} judged;

static void sum_nodes(const vn_memory_use *memory, judged *j)
{
	for (uint32_t size = 0; size < memory->n_sizes; size++)
		for (uint32_t ix = 0; ix < j->host->n_nodes; ix++) {
			uint64_t kib = memory->kib[size * j->host->n_nodes + ix];

			j->kib[ix] += kib;
			j->total_kib += kib;
		}
}

/* Every cell is bound, and the memory is where that says. */
static bool cells_bound(const judged *j)
{
	const vn_request *config = j->config;
	vn_nodeset nodes = { 0 };
	uint64_t there = 0;

	if (!config || config->n_cells < 2 ||
	    vn_cpuset_count(&config->memnode_given) != config->n_cells)
		return false;
	VN_CPUSET_EACH(cell, &config->memnode_given)
		vn_nodeset_or(&nodes, &config->memnode[cell]);
	for (uint32_t ix = 0; ix < j->host->n_nodes; ix++)
		if (vn_nodeset_has(&nodes, j->host->nodes[ix].id))
			there += j->kib[ix];
	return there >= j->total_kib / 100 * BELIEVED_PERCENT;
}

/* The nodes whose memory a vCPU is judged by; NULL: all of them. */
static const vn_nodeset *nodes_of_cell(const judged *j, uint32_t vcpu)
{
	for (uint32_t cell = 0; j->by_cells && cell < j->config->n_cells; cell++)
		if (vn_cpuset_has(&j->config->cells[cell].vcpus, vcpu) &&
		    vn_cpuset_has(&j->config->memnode_given, cell))
			return &j->config->memnode[cell];
	return NULL;
}

/* How the CPUs that a thread may use are shared out over the nodes; 0 in all: none is known. */
static uint32_t count_cpus(const vn_host *host, const vn_thread *thread, uint32_t *on_node)
{
	const vn_cpuset *cpus = thread->allowed_known ? &thread->allowed : &thread->pin;
	uint32_t n = 0;

	if (!thread->allowed_known && !thread->pin_known)
		return 0;
	VN_CPUSET_EACH(cpu, cpus) {
		if ((uint32_t)cpu >= host->n_cpus)
			break;
		if (host->cpus[cpu].node_ix < 0)
			continue;
		on_node[host->cpus[cpu].node_ix]++;
		n++;
	}
	return n;
}

/* The share of the memory that is near one vCPU, 0..1; below 0: not known. */
static double near_share(const judged *j, const vn_thread *thread)
{
	uint32_t on_node[VN_NODE_MAX] = { 0 };
	uint32_t n_cpus = count_cpus(j->host, thread, on_node);
	const vn_nodeset *mine = nodes_of_cell(j, thread->number);
	double near = 0, total = 0;

	for (uint32_t ix = 0; ix < j->host->n_nodes; ix++) {
		if (mine && !vn_nodeset_has(mine, j->host->nodes[ix].id))
			continue;
		total += (double)j->kib[ix];
		near += (double)j->kib[ix] * on_node[ix];
	}
	return n_cpus && total > 0 ? near / total / n_cpus : -1;
}

int32_t vn_guest_locality(const vn_running *running, const vn_guest *guest)
{
	judged j = { .host = running->host, .config = guest->config };
	double sum = 0;
	uint32_t n = 0;

	if (guest->memory.how == VN_MEASURED_NOT || !guest->memory.kib)
		return -1;
	sum_nodes(&guest->memory, &j);
	j.by_cells = cells_bound(&j);
	for (uint32_t i = 0; i < guest->n_threads; i++) {
		double share;

		if (guest->threads[i].kind != VN_THREAD_VCPU)
			continue;
		share = near_share(&j, &guest->threads[i]);
		if (share < 0)
			continue;
		sum += share;
		n++;
	}
	return n ? (int32_t)(sum / n * 1000 + 0.5) : -1;
}
