/* SPDX-License-Identifier: LGPL-2.1-or-later
 * What the guest sees: sockets, cores, threads. QEMU numbers vCPUs socket by socket, core by core,
 * so a topology agrees with the cells when each run of cores * threads vCPUs lies in one of them.
 */
#include "place/problem.h"

bool topology_agrees(const vn_topology *topology, uint32_t vcpus, const uint16_t *vcpu_cell)
{
	uint32_t size = topology->dies * topology->cores * topology->threads, in_socket = 0;

	for (uint32_t vcpu = 0; vcpu < vcpus; vcpu++) {
		if (in_socket && vcpu_cell[vcpu] != vcpu_cell[vcpu - 1])
			return false;
		in_socket = in_socket + 1 == size ? 0 : in_socket + 1;
	}
	return true;
}

/* Do 1:1 pins put every run of `threads` vCPUs on the threads of one core? */
static bool pins_show_threads(const struct problem *p, const vn_placement *placement,
			      uint32_t threads)
{
	const vn_host *host = p->host;

	for (uint32_t vcpu = 0; vcpu < placement->n_vcpus; vcpu++) {
		uint32_t lead = vcpu - vcpu % threads;

		if (placement->pin[vcpu] < 0 || placement->pin[lead] < 0 ||
		    host->cpus[placement->pin[vcpu]].core < 0 ||
		    host->cpus[placement->pin[vcpu]].core != host->cpus[placement->pin[lead]].core)
			return false;
	}
	return true;
}

static uint32_t guest_threads(const struct problem *p, const vn_placement *placement,
			      uint32_t per_cell)
{
	uint32_t threads = p->host->threads_per_core;

	if (threads < 2 || per_cell % threads)
		return 1;
	if (p->request->mode != VN_MODE_AUTO)
		return threads;
	return pins_show_threads(p, placement, threads) ? threads : 1;
}

static vn_topology flat(uint32_t vcpus)
{
	return (vn_topology){ .sockets = vcpus, .dies = 1, .cores = 1, .threads = 1 };
}

static vn_topology default_topology(const struct problem *p, const vn_placement *placement)
{
	uint32_t vcpus = placement->n_vcpus, n = placement->n_cells;
	vn_topology even;

	if (p->request->distribution == VN_DISTRIBUTION_INTERLEAVE || vcpus % n)
		return flat(vcpus);
	even = (vn_topology){ .sockets = n, .dies = 1 };
	even.threads = guest_threads(p, placement, vcpus / n);
	even.cores = vcpus / n / even.threads;
	return topology_agrees(&even, vcpus, p->vcpu_cell) ? even : flat(vcpus);
}

/* How many of the wishes (hw:cpu_sockets, _cores, _threads) a topology meets; -1: over a limit. */
static int wishes_met(const vn_request *request, const vn_topology *t)
{
	const vn_topology *want = &request->topology_want, *max = &request->topology_max;

	if ((max->sockets && t->sockets > max->sockets) || (max->cores && t->cores > max->cores) ||
	    (max->threads && t->threads > max->threads))
		return -1;
	return (want->sockets && want->sockets == t->sockets) +
	       (want->cores && want->cores == t->cores) +
	       (want->threads && want->threads == t->threads);
}

static bool has_wishes(const vn_request *request)
{
	const vn_topology *want = &request->topology_want, *max = &request->topology_max;

	return want->sockets || want->cores || want->threads || max->sockets || max->cores ||
	       max->threads;
}

/* The topology that meets most wishes and agrees with the cells; `best` wins ties. */
static vn_topology wished_topology(const struct problem *p, vn_topology best)
{
	const vn_request *request = p->request;
	uint32_t vcpus = request->vcpus;
	int best_met = wishes_met(request, &best);

	if (!has_wishes(request))
		return best;
	for (uint32_t sockets = vcpus; sockets; sockets--) {
		if (vcpus % sockets)
			continue;
		for (uint32_t threads = 1; threads <= vcpus / sockets; threads++) {
			vn_topology t = { sockets, 1, vcpus / sockets / threads, threads };
			int met;

			if (vcpus / sockets % threads)
				continue;
			met = wishes_met(request, &t);
			if (met > best_met && topology_agrees(&t, vcpus, p->vcpu_cell)) {
				best = t;
				best_met = met;
			}
		}
	}
	return best;
}

int topology_build(const struct problem *p, vn_placement *placement, vn_error *err)
{
	const vn_request *request = p->request;
	const vn_topology *given = &request->topology;

	if (!request->topology_given) {
		placement->topology = wished_topology(p, default_topology(p, placement));
		return VN_OK;
	}
	if (!topology_agrees(given, request->vcpus, p->vcpu_cell))
		return vn_fail_spot(
			err, VN_E_CONFLICT, request->source, request->at_topology,
			"topology sockets='%u' dies='%u' cores='%u' threads='%u' has a "
			"socket in two of the %u cells (remove the topology, or ask for "
			"other cells)",
			given->sockets, given->dies, given->cores, given->threads, p->n_cells);
	placement->topology = *given;
	return VN_OK;
}
