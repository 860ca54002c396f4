/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Random hosts as JSON: uneven nodes, SMT up to 8, offline CPUs, memory-less and CPU-less nodes,
 * page pools, load, distances, devices, networks. Memory is in coarse steps, so that guests often
 * fit exactly, or just do not. */
#include "case.h"

#include <string.h>

enum { NODES = 6, STEP_MIB = 512, CORES_MAX = 8, NODE_CPUS = 12 };

/* How CPUs are shared out on a host. */
enum kinds { BOTH, CORES_APART, CPUS_APART, SOME_OF_BOTH, KINDS };

struct maker {
	struct random *r;
	const struct features *features;
	struct case_host *host;
	enum kinds kinds;
	uint32_t cores[NODES], first_core[NODES], n_cores, threads, gap;
	uint64_t base_kib;
	bool neighbours, busy, some_offline, some_hidden;
	vn_cpuset offline;
};

static bool chance(struct maker *m, uint32_t percent)
{
	return random_chance(m->r, percent);
}

static uint32_t below(struct maker *m, uint32_t n)
{
	return random_below(m->r, n);
}

static json_t *cpus_json(const vn_cpuset *cpus)
{
	char list[512];

	vn_cpuset_format(cpus, list, sizeof(list));
	return json_string(list);
}

static uint32_t number_of(const struct maker *m, uint32_t core, uint32_t thread)
{
	return m->gap + (m->neighbours ? core * m->threads + thread : core + thread * m->n_cores);
}

/* ---- CPUs ---- */

/* Is a CPU for shared guests, for dedicated ones, or both? */
static void give_cpu(struct maker *m, uint32_t cpu, uint32_t core, uint32_t first,
		     vn_cpuset *shared, vn_cpuset *dedicated)
{
	bool to_shared = true, to_dedicated = true;

	if (m->kinds == CORES_APART)
		to_dedicated = !(to_shared = core < first);
	if (m->kinds == CPUS_APART)
		to_dedicated = !(to_shared = cpu % 2);
	if (m->kinds == SOME_OF_BOTH) {
		to_shared = chance(m, 70);
		to_dedicated = !to_shared || chance(m, 60);
	}
	if (m->some_hidden && chance(m, 20) && cpu != number_of(m, 0, 0))
		to_shared = to_dedicated = false; /* the host keeps it */
	if (to_shared)
		vn_cpuset_add(shared, cpu);
	if (to_dedicated)
		vn_cpuset_add(dedicated, cpu);
}

static vn_cpuset busy_cpus(struct maker *m, const vn_cpuset *dedicated)
{
	vn_cpuset pinned = { 0 };

	VN_CPUSET_EACH(cpu, dedicated)
		if (m->busy && chance(m, 30))
			vn_cpuset_add(&pinned, (unsigned)cpu);
	return pinned;
}

static void set_cpus(struct maker *m, json_t *cell, uint32_t node)
{
	vn_cpuset shared = { 0 }, dedicated = { 0 }, pinned;
	uint32_t first = m->cores[node] ? below(m, m->cores[node] + 1) : 0;
	json_t *siblings = json_array();

	for (uint32_t core = 0; core < m->cores[node]; core++) {
		vn_cpuset online = { 0 };

		for (uint32_t t = 0; t < m->threads; t++) {
			uint32_t cpu = number_of(m, m->first_core[node] + core, t);

			if (m->some_offline && cpu != number_of(m, 0, 0) && chance(m, 15)) {
				vn_cpuset_add(&m->offline, cpu);
				continue;
			}
			vn_cpuset_add(&online, cpu);
			give_cpu(m, cpu, core, first, &shared, &dedicated);
		}
		if (!vn_cpuset_is_empty(&online))
			json_array_append_new(siblings, cpus_json(&online));
	}
	pinned = busy_cpus(m, &dedicated);
	m->host->overlaps |= vn_cpuset_overlaps(&shared, &dedicated);
	json_object_set_new(cell, "cpus", cpus_json(&shared));
	if (!vn_cpuset_equal(&shared, &dedicated) || chance(m, 50))
		json_object_set_new(cell, "pcpus", cpus_json(&dedicated));
	if (json_array_size(siblings) && (m->threads > 1 || chance(m, 50) || m->some_hidden))
		json_object_set(cell, "siblings", siblings);
	json_decref(siblings);
	if (!vn_cpuset_is_empty(&pinned))
		json_object_set_new(cell, "pinned", cpus_json(&pinned));
	if (m->busy && !vn_cpuset_is_empty(&shared))
		json_object_set_new(cell, "cpu_usage", json_integer(below(m, 8)));
	vn_cpuset_minus(&shared, &pinned);
	vn_cpuset_minus(&dedicated, &pinned);
	m->host->shared[node] = vn_cpuset_count(&shared);
	m->host->dedicated[node] = vn_cpuset_count(&dedicated);
}

/* ---- memory ---- */

static void add_pages(struct maker *m, json_t *list, uint64_t size_kib, uint64_t mib)
{
	uint64_t total = mib * 1024 / size_kib, used = 0, reserved = 0;
	json_t *pages;

	if (m->busy)
		used = total / 8 * below(m, 6);
	if (m->busy && chance(m, 20))
		reserved = total / 8 * below(m, 4); /* with `used` it may be more than all */
	pages = json_pack("{s:I,s:I,s:I}", "size_kib", (json_int_t)size_kib, "total",
			  (json_int_t)total, "used", (json_int_t)used);
	if (reserved)
		json_object_set_new(pages, "reserved", json_integer((json_int_t)reserved));
	json_array_append_new(list, pages);
}

static void set_memory(struct maker *m, json_t *cell, uint32_t node, uint64_t mib)
{
	uint64_t huge = 0, gib = 0, used = m->busy ? mib / 8 * below(m, 10) : 0;
	json_t *list;

	json_object_set_new(cell, "mem_mib", json_integer((json_int_t)mib));
	if (used)
		json_object_set_new(cell, "mem_used_mib", json_integer((json_int_t)used));
	m->host->free_mib[node] = mib > used ? mib - used : 0;
	if (!mib || !m->host->pages)
		return;
	if (chance(m, 60))
		huge = mib / 2 / STEP_MIB * STEP_MIB;
	if (chance(m, 40))
		gib = mib / 2048 * 1024;
	if (huge + gib > mib)
		huge = 0;
	list = json_array();
	add_pages(m, list, m->base_kib, mib - huge - gib);
	if (huge)
		add_pages(m, list, 2048, huge);
	if (gib)
		add_pages(m, list, 1 << 20, gib);
	json_object_set_new(cell, "pages", list);
}

/* ---- nodes ---- */

static void draw_cores(struct maker *m)
{
	static const uint32_t smt[] = { 1, 1, 2, 2, 2, 4, 4, 8 };
	uint32_t even, most;
	bool uneven = chance(m, 50);

	m->threads = smt[below(m, VN_LEN(smt))];
	most = NODE_CPUS / m->threads < CORES_MAX ? NODE_CPUS / m->threads : CORES_MAX;
	if (m->threads == 8)
		most = 2;
	even = 1 + below(m, most);
	for (uint32_t i = 0; i < m->host->n_nodes; i++) {
		m->cores[i] = uneven ? 1 + below(m, most) : even;
		if (i && chance(m, 8))
			m->cores[i] = 0;
		m->first_core[i] = m->n_cores;
		m->n_cores += m->cores[i];
	}
	m->host->threads = m->threads;
	m->neighbours = chance(m, 50);
	m->gap = chance(m, 10) ? 1 + below(m, 4) : 0;
}

static json_t *make_cell(struct maker *m, uint32_t node, uint32_t even_steps)
{
	json_t *cell = json_pack("{s:i}", "id", (int)m->host->ids[node]);
	uint32_t steps = chance(m, 40) ? 1 + below(m, 12) : even_steps;
	static const char *const nets[] = { "net0", "net1", "net2" };

	set_cpus(m, cell, node);
	set_memory(m, cell, node, chance(m, 10) ? 0 : (uint64_t)steps * STEP_MIB);
	if (chance(m, 85))
		json_object_set_new(cell, "socket", json_integer(node / 2));
	if (!m->cores[node] && chance(m, 30))
		json_object_set_new(cell, "gpu_memory", json_true());
	if (!chance(m, m->features->percent[FEATURE_NETWORKS]))
		return cell;
	json_t *list = json_array();

	for (size_t i = 0; i < VN_LEN(nets); i++)
		if (chance(m, 40))
			json_array_append_new(list, json_string(nets[i]));
	json_object_set_new(cell, "physnets", list);
	json_object_set_new(cell, "tunneled", json_boolean(chance(m, 50)));
	return cell;
}

/* ---- distances ---- */

static uint32_t flat_distance(struct maker *m, uint32_t a, uint32_t b)
{
	static const uint32_t far[] = { 11, 12, 16, 20, 21, 21, 31, 32 };

	(void)a;
	(void)b;
	return far[below(m, VN_LEN(far))];
}

/* Halves and quarters, as machines of several sockets with several nodes each have. */
static uint32_t tree_distance(struct maker *m, uint32_t a, uint32_t b)
{
	(void)m;
	return a / 2 == b / 2 ? 12 : a / 4 == b / 4 ? 21 : 32;
}

static json_t *make_distances(struct maker *m)
{
	uint32_t n = m->host->n_nodes, far[NODES][NODES];
	bool tree = chance(m, 50), symmetric = tree || chance(m, 50);
	json_t *rows = json_array();

	for (uint32_t a = 0; a < n; a++) {
		json_t *row = json_array();

		for (uint32_t b = 0; b < n; b++) {
			far[a][b] = (tree ? tree_distance : flat_distance)(m, a, b);
			if (a == b)
				far[a][b] = 10;
			else if (symmetric && b < a)
				far[a][b] = far[b][a];
			json_array_append_new(row, json_integer(far[a][b]));
		}
		json_array_append_new(rows, row);
	}
	return rows;
}

/* ---- devices ---- */

/* Two vendors of two products each: requests often compete. */
static void set_kind(struct maker *m, json_t *to)
{
	json_object_set_new(to, "vendor_id", json_string(chance(m, 70) ? "8086" : "15b3"));
	json_object_set_new(to, "product_id", json_string(chance(m, 60) ? "1572" : "10c9"));
}

static void set_devices(struct maker *m, json_t *host)
{
	json_t *pools = json_array(), *devices = json_array();
	uint32_t n_pools = below(m, 5), n_devices = chance(m, 30) ? 1 + below(m, 3) : 0;

	for (uint32_t i = 0; i < n_pools; i++) {
		json_t *pool = json_pack("{s:i}", "count", (int)below(m, 4));

		set_kind(m, pool);
		json_object_set_new(
			pool, "numa_node",
			chance(m, 20) ? json_null()
				      : json_integer(m->host->ids[below(m, m->host->n_nodes)]));
		json_array_append_new(pools, pool);
	}
	for (uint32_t i = 0; i < n_devices; i++) {
		json_t *device =
			json_pack("{s:o}", "address", json_sprintf("0000:%02x:00.0", 16 + i));

		set_kind(m, device);
		if (chance(m, 80))
			json_object_set_new(device, "node",
					    json_integer(m->host->ids[below(m, m->host->n_nodes)]));
		json_array_append_new(devices, device);
	}
	json_object_set_new(host, "pci_pools", pools);
	if (n_devices)
		json_object_set(host, "devices", devices);
	json_decref(devices);
}

json_t *case_make_host(struct random *r, const struct features *features, struct case_host *ret)
{
	struct maker m = { .r = r, .features = features, .host = ret };
	uint32_t steps, id = 0;
	bool sparse = random_chance(r, 15);
	json_t *cells = json_array(), *host = json_pack("{s:o}", "cells", cells);

	*ret = (struct case_host){ .n_nodes = 1 + random_below(r, NODES) };
	ret->pages = chance(&m, 60);
	m.kinds = chance(&m, 50) ? BOTH : below(&m, KINDS);
	m.busy = chance(&m, 50);
	m.some_offline = chance(&m, 12);
	m.some_hidden = chance(&m, 8);
	m.base_kib = chance(&m, 8) ? 64 : 4;
	steps = 1 + below(&m, 12);
	draw_cores(&m);
	for (uint32_t i = 0; i < ret->n_nodes; i++) {
		id += sparse ? below(&m, 3) : 0;
		ret->ids[i] = id++;
	}
	for (uint32_t i = 0; i < ret->n_nodes; i++)
		json_array_append_new(cells, make_cell(&m, i, steps));
	if (!vn_cpuset_is_empty(&m.offline))
		json_object_set_new(host, "offline", cpus_json(&m.offline));
	if (chance(&m, 80))
		json_object_set_new(host, "distances", make_distances(&m));
	if (chance(&m, features->percent[FEATURE_PCI]))
		set_devices(&m, host);
	return host;
}
