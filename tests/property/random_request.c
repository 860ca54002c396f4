/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Random guests for a random host, near the edge of what it holds. What the reader of a domain XML
 * refuses (a pin of two CPUs for a dedicated vCPU, cells that do not add up) is not drawn. */
#include "random_parts.h"

#include <stdlib.h>
#include <string.h>

enum { STEP_KIB = 512 << 10 };

static uint32_t pick_member(struct random *r, const vn_cpuset *set)
{
	uint32_t skip = random_below(r, vn_cpuset_count(set));

	VN_CPUSET_EACH(cpu, set)
		if (!skip--)
			return (uint32_t)cpu;
	abort();
}

static void draw_size(struct random *r, struct pair *pair)
{
	vn_request *request = &pair->request;
	uint32_t cpus = pair->host.n_cores * pair->host.threads_per_core;
	uint32_t most = pair->small ? 9 : cpus + 2;
	uint64_t mem_kib = 0;

	for (uint32_t i = 0; i < pair->host.n_nodes; i++)
		mem_kib += pair->nodes[i].mem_kib;
	if (most > VCPUS_MAX)
		most = VCPUS_MAX;
	request->vcpus = 1 + random_below(r, random_chance(r, 75) ? most / 2 + 1 : most);
	request->vcpus_online = request->vcpus;
	request->mem_kib =
		STEP_KIB / 2 * (1 + random_below(r, (uint32_t)(mem_kib / STEP_KIB) * 2 + 2));
	if (random_chance(r, 45))
		request->mem_kib = STEP_KIB / 2;
	if (random_chance(r, 15))
		request->mem_kib += 4 * random_below(r, 4096);
}

static void draw_policy(struct random *r, struct pair *pair)
{
	vn_request *request = &pair->request;

	request->mode = random_chance(r, 55) ? VN_MODE_AUTO : random_below(r, VN_MODE_COUNT);
	request->distribution = random_chance(r, 55) ? VN_DISTRIBUTION_CONTIGUOUS
						     : random_below(r, VN_DISTRIBUTION_COUNT);
	request->cpu_policy =
		random_chance(r, 45) ? VN_CPU_SHARED : random_below(r, VN_CPU_POLICY_COUNT);
	if (request->distribution == VN_DISTRIBUTION_SIBLINGS)
		request->cpu_policy = VN_CPU_DEDICATED;
	if (request->vcpus < 2 && request->cpu_policy == VN_CPU_MIXED)
		request->cpu_policy = VN_CPU_DEDICATED;
	for (uint32_t vcpu = 0; vcpu < request->vcpus; vcpu++)
		if (request->cpu_policy == VN_CPU_DEDICATED ||
		    (request->cpu_policy == VN_CPU_MIXED && (vcpu == 0 || random_chance(r, 40)) &&
		     vcpu + 1 < request->vcpus))
			vn_cpuset_add(&request->dedicated, vcpu);
	if (request->cpu_policy == VN_CPU_SHARED)
		return;
	if (random_chance(r, 50)) {
		request->thread_policy = random_below(r, VN_THREAD_POLICY_COUNT);
		request->thread_policy_given = true;
	}
	if (random_chance(r, 25))
		request->emulator_policy = random_below(r, VN_EMULATOR_POLICY_COUNT);
}

static void draw_nodeset(struct random *r, struct pair *pair)
{
	vn_request *request = &pair->request;

	for (uint32_t i = 0; i < pair->host.n_nodes; i++)
		if (random_chance(r, 60))
			vn_nodeset_add(&request->nodeset, pair->nodes[i].id);
	request->nodeset_given = !vn_nodeset_is_empty(&request->nodeset);
}

static void draw_number_of_cells(struct random *r, struct pair *pair)
{
	vn_request *request = &pair->request;

	if (!request->n_cells)
		request->n_cells_want =
			1 + random_below(r, request->vcpus < 6 ? request->vcpus : 6);
}

/* Cells of the owner: any cut of the vCPUs, each with at least one, in blocks or not. */
static void draw_cells(struct random *r, struct pair *pair)
{
	vn_request *request = &pair->request;
	uint32_t n = 1 + random_below(r, request->vcpus < 4 ? request->vcpus : 4);
	uint64_t units = request->mem_kib / 4;

	if (request->mode == VN_MODE_HOST)
		return; /* it says how many cells there are */
	request->n_cells = n;
	request->cells = pair->cells;
	request->mem_kib = 0;
	for (uint32_t vcpu = 0; vcpu < request->vcpus; vcpu++) {
		uint32_t cell = vcpu < n ? vcpu : random_below(r, n);

		vn_cpuset_add(&pair->cells[cell].vcpus, vcpu);
	}
	for (uint32_t c = 0; c < n; c++) {
		uint64_t mem = units / n * 4;

		if (random_chance(r, 40))
			mem = STEP_KIB / 2 * (1 + random_below(r, 6));
		pair->cells[c].mem_kib = mem ? mem : 4;
		request->mem_kib += pair->cells[c].mem_kib;
	}
}

static vn_request_pages draw_wish(struct random *r)
{
	static const uint64_t sizes_kib[] = { 4, 2048, 2048, 1 << 20 };
	vn_request_pages wish = { .want = VN_PAGES_SMALL +
					  random_below(r, VN_PAGE_WANT_COUNT - 1) };

	if (wish.want == VN_PAGES_SIZE)
		wish.page_kib = sizes_kib[random_below(r, VN_LEN(sizes_kib))];
	return wish;
}

static void draw_pages(struct random *r, struct pair *pair)
{
	vn_request *request = &pair->request;

	for (uint32_t i = 0; i < pair->host.n_nodes; i++)
		if (pair->nodes[i].mem_kib && !pair->nodes[i].n_pages)
			return; /* the page counts of this host are not known */
	request->pages = pair->pages;
	request->n_pages = 1;
	pair->pages[0] = draw_wish(r);
	if (!request->n_cells || random_chance(r, 60))
		return;
	request->n_pages = request->n_cells;
	for (uint32_t c = 0; c < request->n_cells; c++) {
		pair->pages[c] = draw_wish(r);
		vn_cpuset_add(&pair->pages[c].cells, c);
	}
}

/* Pins of the owner, on CPUs that a guest of this kind may have. */
static void draw_pins(struct random *r, struct pair *pair)
{
	vn_request *request = &pair->request;
	vn_cpuset used = { 0 };

	for (uint32_t vcpu = 0; vcpu < request->vcpus; vcpu++) {
		const vn_node *node = &pair->nodes[random_below(r, pair->host.n_nodes)];
		bool dedicated = vn_cpuset_has(&request->dedicated, vcpu);
		vn_cpuset from = dedicated ? node->pcpus : node->cpus;
		uint32_t cpu;

		if (!random_chance(r, 25) || vn_cpuset_is_empty(&from))
			continue;
		cpu = pick_member(r, &from);
		if (dedicated && vn_cpuset_has(&used, cpu))
			continue;
		vn_cpuset_add(&used, cpu);
		vn_cpuset_add(&request->vcpupin_given, vcpu);
		vn_cpuset_add(&pair->vcpupin[vcpu], cpu);
		if (!dedicated && random_chance(r, 50))
			vn_cpuset_add(&pair->vcpupin[vcpu], pick_member(r, &from));
	}
	if (!vn_cpuset_is_empty(&request->vcpupin_given))
		request->vcpupin = pair->vcpupin;
}

static void draw_cpuset(struct random *r, struct pair *pair)
{
	vn_request *request = &pair->request;

	for (uint32_t i = 0; i < pair->host.n_nodes; i++)
		VN_CPUSET_EACH(cpu, &pair->nodes[i].pcpus)
			if (random_chance(r, 70))
				vn_cpuset_add(&request->cpuset, (unsigned)cpu);
	request->cpuset_given = !vn_cpuset_is_empty(&request->cpuset);
}

static void draw_memory_nodes(struct random *r, struct pair *pair)
{
	vn_request *request = &pair->request;
	const vn_node *node = &pair->nodes[random_below(r, pair->host.n_nodes)];

	if (random_chance(r, 50) || !request->n_cells) {
		vn_nodeset_add(&request->numatune, node->id);
		for (uint32_t i = 0; i < pair->host.n_nodes; i++)
			if (random_chance(r, 60))
				vn_nodeset_add(&request->numatune, pair->nodes[i].id);
		request->numatune_given = true;
		return;
	}
	request->memnode = pair->memnode;
	for (uint32_t c = 0; c < request->n_cells; c++)
		if (c == 0 || random_chance(r, 40)) {
			vn_cpuset_add(&request->memnode_given, c);
			vn_nodeset_add(&pair->memnode[c], node->id);
			node = &pair->nodes[random_below(r, pair->host.n_nodes)];
		}
}

static void draw_topology(struct random *r, struct pair *pair)
{
	vn_request *request = &pair->request;
	uint32_t sockets = 1 + random_below(r, request->vcpus), rest, threads;

	while (request->vcpus % sockets)
		sockets--;
	rest = request->vcpus / sockets;
	threads = 1 + random_below(r, 2);
	if (rest % threads)
		threads = 1;
	request->topology = (vn_topology){ sockets, 1, rest / threads, threads };
	request->topology_given = true;
}

static void draw_memdevs(struct random *r, struct pair *pair)
{
	vn_request *request = &pair->request;
	uint32_t cells = request->n_cells ? request->n_cells : request->n_cells_want;

	request->memdevs = pair->memdevs;
	request->n_memdevs = 1 + random_below(r, MEMDEVS_MAX);
	for (uint32_t i = 0; i < request->n_memdevs; i++)
		pair->memdevs[i] = (vn_request_memdev){
			.size_kib = STEP_KIB / 4 * (1 + random_below(r, 4)),
			.uses_host_memory = random_chance(r, 80),
			.cell = random_chance(r, 50) ? -1
						     : (int32_t)random_below(r, cells ? cells : 1),
		};
}

static void draw_devices(struct random *r, struct pair *pair)
{
	vn_request *request = &pair->request;

	request->devices = pair->guest_devices;
	request->n_devices = pair->host.n_devices;
	if (random_chance(r, 40)) {
		request->pci_policy = random_below(r, VN_PCI_POLICY_COUNT);
		request->pci_policy_given = true;
	}
	for (uint32_t i = 0; i < request->n_devices; i++) {
		vn_guest_device *device = &pair->guest_devices[i];

		*device = (vn_guest_device){ .kind = VN_DEVICE_INTERFACE,
					     .is_pci = true,
					     .element = i,
					     .policy = request->pci_policy };
		if (random_chance(r, 50)) {
			device->kind = VN_DEVICE_HOSTDEV;
			device->has_host = true;
			device->host = pair->devices[i].address;
		} else {
			device->host_name = pair->devices[i].names[0];
		}
	}
}

static void draw_options(struct random *r, struct pair *pair)
{
	static const uint32_t cpu_ratios[] = { 0, 100, 150, 400 }, ram_ratios[] = { 0, 100, 150 };
	vn_place_options *options = &pair->options;

	*options = vn_place_defaults;
	options->strategy = random_below(r, VN_STRATEGY_COUNT);
	options->size_by = random_chance(r, 80) ? VN_SIZE_BY_CORES : VN_SIZE_BY_THREADS;
	if (random_chance(r, 30))
		options->cpu_ratio_percent = cpu_ratios[random_below(r, VN_LEN(cpu_ratios))];
	if (random_chance(r, 30))
		options->ram_ratio_percent = ram_ratios[random_below(r, VN_LEN(ram_ratios))];
	if (!pair->small) /* enough for nearly all; the others say that they did not finish */
		options->budget = 50000;
	if (random_chance(r, 15))
		options->reserve_kib = STEP_KIB / 2 * random_below(r, 3);
}

void make_request(struct random *r, struct pair *pair)
{
	static const struct {
		uint32_t percent;
		void (*draw)(struct random *r, struct pair *pair);
	} parts[] = {
		{ 100, draw_size },   { 100, draw_policy },	    { 20, draw_nodeset },
		{ 20, draw_cells },   { 16, draw_number_of_cells }, { 25, draw_pages },
		{ 12, draw_pins },    { 8, draw_topology },	    { 12, draw_memdevs },
		{ 30, draw_devices }, { 100, draw_options },	    { 8, draw_memory_nodes },
	};
	vn_request *request = &pair->request;

	request->source = "random";
	for (size_t i = 0; i < VN_LEN(parts); i++)
		if (random_chance(r, parts[i].percent))
			parts[i].draw(r, pair);
	if (vn_cpuset_is_empty(&request->vcpupin_given) && random_chance(r, 8))
		draw_cpuset(r, pair);
}

void pair_make(struct pair *pair, uint64_t seed, uint64_t n)
{
	struct random r = { seed * UINT64_C(0x2545f4914f6cdd1d) + n };

	vn_arena_free(pair->host.arena);
	memset(pair, 0, sizeof(*pair));
	pair->small = random_chance(&r, 60);
	make_host(&r, pair);
	make_request(&r, pair);
	pair_count(pair);
}

void pair_count(struct pair *pair)
{
	if (!pair->host.arena)
		pair->host.arena = vn_arena_new();
	if (!pair->host.arena || vn_host_count(&pair->host, NULL) < 0)
		abort();
}
