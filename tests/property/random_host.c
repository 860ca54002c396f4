/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Random hosts: uneven nodes, SMT, memory-less and CPU-less nodes, page pools, and load. Memory is
 * in few, coarse steps, so that guests often fit exactly, or just do not. */
#include "random_parts.h"

#include <string.h>

enum { STEP_KIB = 512 << 10, GIB_KIB = 1 << 20 };

uint32_t random_below(struct random *r, uint32_t n)
{
	/* splitmix64: every state gives a good next number */
	uint64_t z = r->state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return (uint32_t)((z ^ z >> 31) >> 32) % n;
}

bool random_chance(struct random *r, uint32_t percent)
{
	return random_below(r, 100) < percent;
}

/* CPUs of a node: `cores` of `threads` each. Siblings are neighbours, or far apart as on Intel. */
static void make_cpus(struct random *r, struct pair *pair, const uint32_t *cores, uint32_t threads)
{
	vn_host *host = &pair->host;
	bool neighbours = random_chance(r, 50), gaps = random_chance(r, 10);
	uint32_t total = 0, core = 0, gap, l3 = 0, sockets = 0;

	for (uint32_t i = 0; i < host->n_nodes; i++)
		total += cores[i];
	gap = gaps ? 1 + random_below(r, 3) : 0;
	host->n_cpus = total ? total * threads + gap : 0;
	for (uint32_t cpu = 0; cpu < host->n_cpus; cpu++)
		pair->cpus[cpu] = (vn_cpu){ -1, -1, -1, -1, -1 };
	for (uint32_t i = 0; i < host->n_nodes; i++) {
		if (cores[i] && (!sockets || i % 2 == 0 || !cores[i - 1]))
			sockets++;
		for (uint32_t n = 0; n < cores[i]; n++, core++)
			for (uint32_t t = 0; t < threads; t++) {
				uint32_t cpu = neighbours ? core * threads + t : core + t * total;

				pair->cpus[cpu + gap] = (vn_cpu){
					.node_ix = (int32_t)i,
					.core = (int32_t)core,
					.l3 = (int32_t)l3,
					.die = (int32_t)sockets - 1,
					.socket = (int32_t)sockets - 1,
				};
				vn_cpuset_add(&pair->nodes[i].cpus, cpu + gap);
			}
		l3 += cores[i] > 0;
	}
	host->n_cores = total;
	host->n_l3 = l3;
	host->n_dies = host->n_sockets = sockets;
	host->threads_per_core = threads;
}

/* Which of its CPUs a node gives to shared and which to dedicated guests, and who has them now. */
static void share_cpus(struct random *r, vn_node *node, uint32_t how, bool busy)
{
	uint32_t nth = 0;

	node->pcpus = node->cpus;
	VN_CPUSET_EACH(cpu, &node->pcpus) {
		if (how == 1) /* no CPU is of both kinds */
			vn_cpuset_del(nth++ % 2 ? &node->cpus : &node->pcpus, (unsigned)cpu);
		if (how == 2 && random_chance(r, 30)) /* some are for dedicated guests only */
			vn_cpuset_del(&node->cpus, (unsigned)cpu);
	}
	if (!busy)
		return;
	VN_CPUSET_EACH(cpu, &node->pcpus)
		if (random_chance(r, 30))
			vn_cpuset_add(&node->pinned, (unsigned)cpu);
	if (!vn_cpuset_is_empty(&node->cpus))
		node->cpu_usage = random_below(r, 6);
}

static void add_pages(struct random *r, vn_node *node, uint64_t size_kib, uint64_t total, bool busy)
{
	vn_pages *pages = &node->pages[node->n_pages++];

	*pages = (vn_pages){ .size_kib = size_kib, .total = total };
	if (busy && total)
		pages->used = total / 8 * random_below(r, 6);
	if (busy && total > 64 && random_chance(r, 20))
		pages->reserved = total / 16;
}

static void make_memory(struct random *r, vn_node *node, uint32_t steps, bool pages, bool busy)
{
	uint64_t rest = (uint64_t)steps * STEP_KIB, huge;

	node->mem_kib = rest;
	if (!pages || !rest) {
		node->mem_used_kib = busy ? random_below(r, steps + 1) * (uint64_t)STEP_KIB / 2 : 0;
		return;
	}
	uint64_t two_mib = random_chance(r, 60) ? rest / 2 / STEP_KIB * STEP_KIB : 0;
	uint64_t one_gib = random_chance(r, 40) ? rest / 4 / GIB_KIB * GIB_KIB : 0;

	huge = two_mib + one_gib;
	add_pages(r, node, 4, (rest - huge) / 4, busy);
	if (two_mib)
		add_pages(r, node, 2048, two_mib / 2048, busy);
	if (one_gib)
		add_pages(r, node, GIB_KIB, one_gib / GIB_KIB, busy);
	node->mem_used_kib = node->pages[0].used * 4;
}

static void make_distances(struct random *r, struct pair *pair)
{
	static const uint32_t far[] = { 11, 12, 16, 20, 21, 21, 31, 32 };
	uint32_t n = pair->host.n_nodes;
	bool symmetric = random_chance(r, 85);

	if (random_chance(r, 20))
		return;
	pair->host.slit = pair->slit;
	for (uint32_t a = 0; a < n; a++)
		for (uint32_t b = 0; b < n; b++) {
			uint32_t one = far[random_below(r, VN_LEN(far))];

			if (a == b)
				one = 10;
			else if (symmetric && b < a)
				one = pair->slit[b * n + a];
			pair->slit[a * n + b] = one;
		}
}

static void make_devices(struct random *r, struct pair *pair)
{
	static const char *const names[DEVICES_MAX] = { "br0", "br1", "br2", "br3" };
	vn_host *host = &pair->host;

	host->n_devices = random_chance(r, 40) ? 1 + random_below(r, DEVICES_MAX) : 0;
	for (uint32_t i = 0; i < host->n_devices; i++) {
		vn_device *device = &pair->devices[i];

		*device = (vn_device){ .address = { 0, (uint8_t)(0x10 + i), 0, 0 },
				       .vendor = 0x8086,
				       .product = 0x1572,
				       .class_id = 0x0200,
				       .iommu_group = -1,
				       .n_names = 1 };
		device->node_ix =
			random_chance(r, 15) ? -1 : (int32_t)random_below(r, host->n_nodes);
		device->names[0] = names[i];
	}
}

/* Cores of each node; on a small host not more than 8 CPUs together. */
static void draw_cores(struct random *r, const struct pair *pair, uint32_t threads, uint32_t *cores)
{
	uint32_t left = pair->small ? 8 / threads : 20 * NODES_MAX, even = 1 + random_below(r, 6);
	bool uneven = random_chance(r, 40);

	for (uint32_t i = 0; i < pair->host.n_nodes; i++) {
		uint32_t most = pair->small ? 1 + left / pair->host.n_nodes : 8 / threads + 8;

		cores[i] = uneven ? 1 + random_below(r, most) : even;
		if (random_chance(r, 10))
			cores[i] = 0;
		if (cores[i] > most)
			cores[i] = most;
		if (cores[i] > left)
			cores[i] = left;
		if (!pair->small && cores[i] * threads > 20)
			cores[i] = 20 / threads;
		left -= cores[i];
	}
}

void make_host(struct random *r, struct pair *pair)
{
	static const uint32_t smt[] = { 1, 1, 2, 2, 4 };
	vn_host *host = &pair->host;
	uint32_t threads = smt[random_below(r, VN_LEN(smt))], cores[NODES_MAX], id = 0, how;
	uint32_t steps = 1 + random_below(r, 12);
	bool pages = random_chance(r, 60), busy = random_chance(r, 50),
	     sparse = random_chance(r, 15);

	host->source = "random";
	host->nodes = pair->nodes;
	host->cpus = pair->cpus;
	host->devices = pair->devices;
	host->n_nodes = 1 + random_below(r, pair->small ? 4 : NODES_MAX);
	draw_cores(r, pair, threads, cores);
	make_cpus(r, pair, cores, threads);
	how = random_chance(r, 70) ? 0 : 1 + random_below(r, 2);
	for (uint32_t i = 0; i < host->n_nodes; i++) {
		vn_node *node = &pair->nodes[i];

		id += sparse ? random_below(r, 3) : 0;
		node->id = id++;
		node->socket = (int32_t)i / 2;
		share_cpus(r, node, how, busy);
		node->gpu_memory = !cores[i] && random_chance(r, 40);
		make_memory(r, node,
			    random_chance(r, 12)   ? 0
			    : random_chance(r, 40) ? 1 + random_below(r, 12)
						   : steps,
			    pages, busy);
	}
	make_distances(r, pair);
	make_devices(r, pair);
}
