/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What is taken of the fleet: sums, and for the curves each node. */
#include "replay.h"

#include <stdlib.h>

static struct sim_room room_of(const vn_node *node)
{
	vn_cpuset cpus = vn_node_all_cpus(node);

	return (struct sim_room){ vn_cpuset_count(&cpus), node->mem_kib };
}

static int keep_nodes(struct sim_account *account, const vn_sim_fleet *fleet, vn_error *err)
{
	uint64_t n = 0;
	uint32_t host = 0, at = 0;

	for (uint32_t g = 0; g < fleet->n_groups; g++)
		n += (uint64_t)fleet->groups[g].count *
		     fleet->kinds[fleet->groups[g].kind]->n_nodes;
	if (n > UINT32_MAX / 2)
		return vn_fail(err, VN_E_RANGE,
			       "the fleet has %ju nodes, more than curves are kept of",
			       (uintmax_t)n);
	account->first = calloc((size_t)fleet->n_hosts + 1, sizeof(*account->first));
	account->has = calloc(n + 1, sizeof(*account->has));
	account->taken = calloc(n + 1, sizeof(*account->taken));
	if (!account->first || !account->has || !account->taken)
		return vn_fail(err, VN_E_NOMEM, "no memory for the nodes of the fleet");
	account->n_nodes = (uint32_t)n;
	for (uint32_t g = 0; g < fleet->n_groups; g++) {
		const vn_host *kind = fleet->kinds[fleet->groups[g].kind];

		for (uint32_t i = 0; i < fleet->groups[g].count; i++) {
			account->first[host++] = at;
			for (uint32_t node = 0; node < kind->n_nodes; node++)
				account->has[at++] = room_of(&kind->nodes[node]);
		}
	}
	return VN_OK;
}

int sim_account_open(struct sim_account *account, const vn_sim_fleet *fleet, bool nodes,
		     vn_error *err)
{
	vn_sim_total total = vn_sim_fleet_total(fleet);

	account->all = (struct sim_room){ total.cpus, total.mem_kib };
	return nodes ? keep_nodes(account, fleet, err) : VN_OK;
}

void sim_account_close(struct sim_account *account)
{
	free(account->first);
	free(account->has);
	free(account->taken);
}

vn_sim_total vn_sim_fleet_total(const vn_sim_fleet *fleet)
{
	vn_sim_total total = { 0 };

	for (uint32_t g = 0; g < fleet->n_groups; g++) {
		const vn_host *kind = fleet->kinds[fleet->groups[g].kind];
		struct sim_room host = { 0 };

		for (uint32_t node = 0; node < kind->n_nodes; node++) {
			host.cpus += room_of(&kind->nodes[node]).cpus;
			host.mem_kib += kind->nodes[node].mem_kib;
		}
		total.cpus += host.cpus * fleet->groups[g].count;
		if (__builtin_mul_overflow(host.mem_kib, fleet->groups[g].count, &host.mem_kib) ||
		    __builtin_add_overflow(total.mem_kib, host.mem_kib, &total.mem_kib))
			total.mem_kib = UINT64_MAX;
	}
	return total;
}

bool sim_account_has(const struct sim_account *account, const vn_trace_shape *shape)
{
	return account->used.cpus + shape->vcpus <= account->all.cpus &&
	       account->used.mem_kib + shape->mem_kib <= account->all.mem_kib;
}

/* The part of cell i: the first cells have the remainder. */
static struct sim_room part(const vn_trace_shape *shape, uint32_t i)
{
	return (struct sim_room){
		shape->vcpus / shape->cells + (i < shape->vcpus % shape->cells),
		shape->mem_kib / shape->cells + (i < shape->mem_kib % shape->cells),
	};
}

void sim_account_take(struct sim_account *account, const vn_trace_shape *shape,
		      const vn_sim_choice *choice)
{
	account->used.cpus += shape->vcpus;
	account->used.mem_kib += shape->mem_kib;
	account->asked.cpus += shape->vcpus;
	account->asked.mem_kib += shape->mem_kib;
	for (uint32_t i = 0; account->first && i < choice->n_cells; i++) {
		struct sim_room *node =
			&account->taken[account->first[choice->host] + choice->nodes[i]];
		struct sim_room cell = part(shape, i);

		node->cpus += cell.cpus;
		node->mem_kib += cell.mem_kib;
	}
}

void sim_account_give(struct sim_account *account, const vn_trace_shape *shape,
		      const vn_sim_choice *choice)
{
	account->used.cpus -= shape->vcpus;
	account->used.mem_kib -= shape->mem_kib;
	for (uint32_t i = 0; account->first && i < choice->n_cells; i++) {
		struct sim_room *node =
			&account->taken[account->first[choice->host] + choice->nodes[i]];
		struct sim_room cell = part(shape, i);

		node->cpus -= cell.cpus;
		node->mem_kib -= cell.mem_kib;
	}
}

/* What a bound that refuses nothing uses beyond the fleet does not count. */
void sim_account_wait(struct sim_account *account, int64_t us)
{
	uint64_t cpus = account->used.cpus, kib = account->used.mem_kib;

	cpus = cpus < account->all.cpus ? cpus : account->all.cpus;
	kib = kib < account->all.mem_kib ? kib : account->all.mem_kib;
	account->cpu_us += (unsigned __int128)cpus * (uint64_t)us;
	account->kib_us += (unsigned __int128)kib * (uint64_t)us;
}

void sim_account_result(const struct sim_account *account, vn_sim_result *result)
{
	uint64_t cpus = account->used.cpus, kib = account->used.mem_kib;

	result->cpus = cpus < account->all.cpus ? cpus : account->all.cpus;
	result->mem_kib = kib < account->all.mem_kib ? kib : account->all.mem_kib;
	result->cpu_seconds = (double)account->cpu_us / 1e6;
	result->mem_kib_seconds = (double)account->kib_us / 1e6;
}

struct sim_room sim_account_stranded(const struct sim_account *account)
{
	struct sim_room stranded = { 0 };
	const struct sim_room *mix = &account->asked;

	if (!mix->cpus || !mix->mem_kib)
		return stranded;
	for (uint32_t i = 0; i < account->n_nodes; i++) {
		uint64_t cpus = account->has[i].cpus - account->taken[i].cpus;
		uint64_t kib = account->has[i].mem_kib - account->taken[i].mem_kib;
		uint64_t kib_wanted =
			(uint64_t)((unsigned __int128)cpus * mix->mem_kib / mix->cpus);
		uint64_t cpus_wanted =
			(uint64_t)((unsigned __int128)kib * mix->cpus / mix->mem_kib);

		stranded.cpus += cpus > cpus_wanted ? cpus - cpus_wanted : 0;
		stranded.mem_kib += kib > kib_wanted ? kib - kib_wanted : 0;
	}
	return stranded;
}
