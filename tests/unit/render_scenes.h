/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Hosts, guests and placements made by hand for the tests of tables and pictures: the published
 * four-node host, eight nodes, an odd one, large ones, and one full of hostile names. They say
 * nothing about what the planner would choose. */
#ifndef VN_TEST_RENDER_SCENES_H
#define VN_TEST_RENDER_SCENES_H

#include "vnuma/render.h"

#include <stdlib.h>
#include <string.h>

#include <setjmp.h>

#include <cmocka.h>

#define GIB (UINT64_C(1) << 20) /* in KiB */

typedef struct scene {
	const char *name;
	vn_arena *arena;
	vn_host *host;
	vn_request *request;	 /* NULL: the host alone */
	vn_placement *placement; /* NULL with it */
} scene;

/* ---- building blocks ---- */

typedef struct shape {
	uint32_t nodes, cores, threads; /* cores of each node */
	uint32_t l3;			/* groups of each node; 0 = not known */
	uint32_t nodes_per_socket;
	bool adjacent;	  /* siblings have adjacent numbers; else all first threads come first */
	uint64_t mem_kib; /* of each node */
	uint32_t huge_2m, huge_1g;
} shape;

static inline void *scene_alloc(vn_arena *arena, size_t count, size_t size)
{
	void *memory = vn_arena_alloc(arena, count ? count : 1, size);

	assert_non_null(memory);
	return memory;
}

static inline void shape_cpus(vn_host *host, const shape *s)
{
	uint32_t n_cores = s->nodes * s->cores;

	for (uint32_t core = 0; core < n_cores; core++)
		for (uint32_t thread = 0; thread < s->threads; thread++) {
			uint32_t cpu =
				s->adjacent ? core * s->threads + thread : thread * n_cores + core;
			uint32_t ix = core / s->cores, in_node = core % s->cores;

			host->cpus[cpu] = (vn_cpu){
				.node_ix = (int32_t)ix,
				.core = (int32_t)core,
				.l3 = s->l3 ? (int32_t)(ix * s->l3 + in_node * s->l3 / s->cores)
					    : -1,
				.die = -1,
				.socket = (int32_t)(ix / s->nodes_per_socket),
			};
			vn_cpuset_add(&host->nodes[ix].cpus, cpu);
			vn_cpuset_add(&host->nodes[ix].pcpus, cpu);
		}
}

static inline void shape_memory(vn_node *node, const shape *s)
{
	uint64_t huge = s->huge_2m * UINT64_C(2048) + s->huge_1g * GIB;

	node->mem_kib = s->mem_kib;
	node->mem_used_kib = s->mem_kib / 8;
	node->n_pages = 3;
	node->pages[0] = (vn_pages){ 4, (s->mem_kib - huge) / 4, s->mem_kib / 32, 0 };
	node->pages[1] = (vn_pages){ 2048, s->huge_2m, s->huge_2m / 4, 0 };
	node->pages[2] = (vn_pages){ GIB, s->huge_1g, 0, 0 };
}

static inline vn_host *shape_host(vn_arena *arena, const shape *s)
{
	vn_host *host = scene_alloc(arena, 1, sizeof(*host));

	host->arena = arena;
	host->source = "host.xml";
	host->n_nodes = s->nodes;
	host->nodes = scene_alloc(arena, s->nodes, sizeof(vn_node));
	host->n_cpus = s->nodes * s->cores * s->threads;
	host->cpus = scene_alloc(arena, host->n_cpus, sizeof(vn_cpu));
	host->n_cores = s->nodes * s->cores;
	host->n_l3 = s->nodes * s->l3;
	host->n_sockets = (s->nodes + s->nodes_per_socket - 1) / s->nodes_per_socket;
	host->threads_per_core = s->threads;
	host->slit = scene_alloc(arena, (size_t)s->nodes * s->nodes, sizeof(uint32_t));
	for (uint32_t ix = 0; ix < s->nodes; ix++) {
		host->nodes[ix].id = ix;
		host->nodes[ix].socket = (int32_t)(ix / s->nodes_per_socket);
		shape_memory(&host->nodes[ix], s);
		for (uint32_t to = 0; to < s->nodes; to++)
			host->slit[ix * s->nodes + to] =
				ix == to ? 10
				: ix / s->nodes_per_socket == to / s->nodes_per_socket
					? 16
					: 21 + (ix ^ to) % 3 * 4;
	}
	shape_cpus(host, s);
	return host;
}

static inline void add_device(vn_arena *arena, vn_host *host, uint8_t bus, int32_t node_ix,
			      uint16_t class_id, const char *name)
{
	vn_device *device;

	if (!host->devices)
		host->devices = scene_alloc(arena, 32, sizeof(vn_device));
	assert_true(host->n_devices < 32);
	device = &host->devices[host->n_devices++];
	*device = (vn_device){
		.address = { 0, bus, 0, 0 },
		.vendor = 0x8086,
		.product = (uint16_t)(0x1500 + bus),
		.class_id = class_id,
		.node_ix = node_ix,
		.iommu_group = bus,
		.n_names = name != NULL,
		.names = { name },
	};
}

typedef struct guest_shape {
	uint32_t cells, vcpus; /* vCPUs of each cell */
	uint64_t mem_kib;      /* of each cell */
	uint64_t page_kib;
	uint32_t first_node; /* cell i is on node first_node + i (mod nodes) */
	bool pinned;
} guest_shape;

/* Pins go to the node's CPUs core by core, the first core left to the host. */
static inline void pin_cell(const vn_host *host, vn_placement *placement, uint32_t c)
{
	const vn_place_cell *cell = &placement->cells[c];
	int32_t first_core = host->cpus[vn_cpuset_next(&host->nodes[cell->node_ix].cpus, -1)].core;
	int vcpu = vn_cpuset_next(&cell->vcpus, -1);

	for (int32_t core = first_core + 1; vcpu >= 0; core++) {
		bool any = false;

		for (uint32_t cpu = 0; cpu < host->n_cpus && vcpu >= 0; cpu++) {
			if (host->cpus[cpu].core != core ||
			    host->cpus[cpu].node_ix != (int32_t)cell->node_ix)
				continue;
			placement->pin[vcpu] = (int32_t)cpu;
			vcpu = vn_cpuset_next(&cell->vcpus, vcpu);
			any = true;
		}
		assert_true(any);
	}
}

static inline void place_cell(scene *s, const guest_shape *g, uint32_t c)
{
	vn_placement *placement = s->placement;
	vn_place_cell *cell = &placement->cells[c];

	cell->node_ix = cell->mem_node_ix = (g->first_node + c) % s->host->n_nodes;
	cell->mem_kib = g->mem_kib;
	cell->page_kib = g->page_kib;
	vn_cpuset_add_range(&cell->vcpus, c * g->vcpus, (c + 1) * g->vcpus - 1);
	VN_CPUSET_EACH(vcpu, &cell->vcpus) {
		placement->vcpu_cell[vcpu] = (uint16_t)c;
		placement->pin[vcpu] = -1;
	}
	if (g->pinned) {
		pin_cell(s->host, placement, c);
	} else {
		cell->cpus = s->host->nodes[cell->node_ix].cpus;
		vn_cpuset_minus(&cell->cpus, &s->host->nodes[cell->node_ix].pinned);
		vn_cpuset_minus(&cell->cpus, &s->host->offline);
	}
	VN_CPUSET_EACH(vcpu, &cell->vcpus)
		if (placement->pin[vcpu] >= 0)
			vn_cpuset_add(&placement->emulator, (unsigned)placement->pin[vcpu]);
	vn_cpuset_or(&placement->emulator, &cell->cpus);
}

static inline void add_guest(scene *s, const guest_shape *g)
{
	s->request = scene_alloc(s->arena, 1, sizeof(vn_request));
	s->placement = scene_alloc(s->arena, 1, sizeof(vn_placement));
	s->request->name = "web1";
	s->request->source = "web1.xml";
	s->request->vcpus = s->request->vcpus_online = g->cells * g->vcpus;
	s->request->mem_kib = g->cells * g->mem_kib;
	s->request->mode = VN_MODE_HOST;
	s->request->cpu_policy = g->pinned ? VN_CPU_DEDICATED : VN_CPU_SHARED;
	s->placement->n_cells = g->cells;
	s->placement->n_vcpus = g->cells * g->vcpus;
	s->placement->topology = (vn_topology){ g->cells, 1, g->vcpus, 1 };
	s->placement->proven = true;
	for (uint32_t c = 0; c < g->cells; c++)
		place_cell(s, g, c);
	for (uint32_t a = 0; a < g->cells; a++)
		for (uint32_t b = 0; b < g->cells; b++)
			s->placement->distance[a * g->cells + b] = a == b ? 10 : 21;
}

static inline void add_guest_device(scene *s, uint8_t bus, const char *name, int cell, int node_ix)
{
	vn_request *request = s->request;
	uint32_t i = request->n_devices++;

	if (!request->devices)
		request->devices = scene_alloc(s->arena, 8, sizeof(vn_guest_device));
	request->devices[i] = (vn_guest_device){
		.kind = name ? VN_DEVICE_INTERFACE : VN_DEVICE_HOSTDEV,
		.has_host = !name,
		.host = { 0, bus, 0, 0 },
		.host_name = name,
	};
	s->placement->n_devices = request->n_devices;
	s->placement->device_cell[i] = (int16_t)cell;
	s->placement->device_node_ix[i] = (int16_t)node_ix;
}

/* ---- the scenes ---- */

static inline void scene_devices(scene *s)
{
	add_device(s->arena, s->host, 0x00, 0, 0x0601, NULL);
	add_device(s->arena, s->host, 0x02, 0, 0x0108, "nvme0n1");
	add_device(s->arena, s->host, 0x3b, 1, 0x0200, "eno1");
	add_device(s->arena, s->host, 0x3c, 1, 0x0200, "eno2");
	add_device(s->arena, s->host, 0xaf, 3, 0x0302, NULL);
}

static const shape e7 = { 4, 15, 2, 1, 1, false, 252 * GIB, 24576, 32 };
static const shape opteron = { 8, 6, 1, 1, 2, true, 16 * GIB, 4096, 0 };

static inline void scene_quad_host(scene *s)
{
	s->host = shape_host(s->arena, &e7);
	scene_devices(s);
}

static inline void scene_quad_float(scene *s)
{
	scene_quad_host(s);
	add_guest(s, &(guest_shape){ 4, 4, 8 * GIB, 0, 0, false });
}

static inline void scene_quad_pinned(scene *s)
{
	scene_quad_host(s);
	vn_cpuset_add_range(&s->host->nodes[0].pinned, 8, 11);
	vn_cpuset_add_range(&s->host->nodes[0].pinned, 68, 71);
	add_guest(s, &(guest_shape){ 4, 4, 32 * GIB, 2048, 0, true });
	add_guest_device(s, 0x3b, NULL, 1, 1);
	add_guest_device(s, 0x3c, "eno2", 1, 1);
}

static inline void scene_octo(scene *s)
{
	s->host = shape_host(s->arena, &opteron);
	scene_devices(s);
	vn_cpuset_add_range(&s->host->nodes[1].pinned, 6, 11);
	add_guest(s, &(guest_shape){ 3, 4, 3 * GIB, 0, 2, true });
}

/* SMT; node 2 has no memory, node 3 no CPUs, node 4 is a GPU's memory; ids are sparse. */
static inline void scene_odd(scene *s)
{
	static const shape three = { 3, 4, 2, 2, 1, true, 8 * GIB, 1536, 2 };
	static const shape five = { 5, 4, 2, 2, 1, true, 8 * GIB, 1536, 2 };
	vn_host *host = s->host = shape_host(s->arena, &five);

	for (uint32_t ix = three.nodes; ix < five.nodes; ix++) {
		memset(&host->nodes[ix].cpus, 0, sizeof(vn_cpuset));
		memset(&host->nodes[ix].pcpus, 0, sizeof(vn_cpuset));
		host->nodes[ix].socket = -1;
	}
	host->n_cpus = 24;
	host->n_cores = 12;
	host->n_l3 = 6;
	host->n_sockets = 3;
	host->nodes[2].mem_kib = host->nodes[2].mem_used_kib = 0;
	memset(host->nodes[2].pages, 0, sizeof(host->nodes[2].pages));
	host->nodes[2].n_pages = 0;
	host->nodes[3].id = 8;
	host->nodes[4].id = 252;
	host->nodes[4].gpu_memory = true;
	host->cpus[23].node_ix = host->cpus[23].core = host->cpus[23].l3 = -1;
	vn_cpuset_del(&host->nodes[2].cpus, 23);
	vn_cpuset_del(&host->nodes[2].pcpus, 23);
	vn_cpuset_add(&host->offline, 23);
	vn_cpuset_add_range(&host->isolated, 4, 7);
	vn_cpuset_del(&host->nodes[0].cpus, 0);
	vn_cpuset_del(&host->nodes[0].pcpus, 0);
	vn_cpuset_add_range(&host->nodes[1].pinned, 14, 15);
	add_device(s->arena, host, 0x05, 1, 0x0200, "enp5s0");
	add_device(s->arena, host, 0x06, -1, 0x0108, "nvme1n1");
	add_guest(s, &(guest_shape){ 2, 3, 2 * GIB, 2048, 1, true });
	s->placement->cells[1].mem_node_ix = 3;
	vn_cpuset_add(&s->placement->cells[0].reserved, 13);
	vn_cpuset_add(&s->placement->cells[0].reserved, 8);
	memset(&s->placement->emulator, 0, sizeof(vn_cpuset));
	vn_cpuset_add(&s->placement->emulator, 8);
}

static inline void scene_many_cpus(scene *s)
{
	s->host = shape_host(s->arena, &(shape){ 8, 16, 2, 2, 2, false, 128 * GIB, 4096, 16 });
	scene_devices(s);
	add_guest(s, &(guest_shape){ 8, 16, 16 * GIB, GIB, 0, true });
}

static inline void scene_one(scene *s)
{
	s->host = shape_host(s->arena, &(shape){ 1, 2, 1, 1, 1, true, 4 * GIB, 0, 0 });
	add_guest(s, &(guest_shape){ 1, 2, GIB, 0, 0, false });
}

static inline void scene_one_host(scene *s)
{
	s->host = shape_host(s->arena, &(shape){ 1, 2, 1, 1, 1, true, 4 * GIB, 0, 0 });
}

static inline void scene_many_nodes(scene *s)
{
	s->host = shape_host(s->arena, &(shape){ 64, 8, 2, 1, 4, false, 32 * GIB, 0, 0 });
	add_guest(s, &(guest_shape){ 16, 4, 4 * GIB, 0, 8, true });
}

static inline void scene_wide(scene *s)
{
	s->host = shape_host(s->arena, &(shape){ 2, 64, 2, 8, 1, false, 384 * GIB, 65536, 64 });
	scene_devices(s);
	s->host->devices[4].node_ix = 0;
	add_guest(s, &(guest_shape){ 2, 32, 64 * GIB, GIB, 0, true });
}

/* The largest of everything. */
static inline void scene_limits(scene *s)
{
	s->host = shape_host(s->arena, &(shape){ 1024, 8, 1, 1, 8, true, GIB << 20, 0, 0 });
	add_guest(s, &(guest_shape){ 128, 32, 4 * GIB, 0, 0, false });
}

/* Three cells on one node, two of them floating over the same CPUs, pins of the owner. */
static inline void scene_shared(scene *s)
{
	s->host = shape_host(s->arena, &(shape){ 2, 8, 2, 1, 1, false, 64 * GIB, 0, 0 });
	add_guest(s, &(guest_shape){ 3, 4, 4 * GIB, 0, 0, false });
	s->placement->cells[1].node_ix = s->placement->cells[1].mem_node_ix = 0;
	s->placement->cells[1].cpus = s->placement->cells[0].cpus;
	s->placement->pin[8] = 3;
	s->placement->pin[9] = 19;
	s->request->vcpupin = scene_alloc(s->arena, 12, sizeof(vn_cpuset));
	vn_cpuset_add(&s->request->vcpupin_given, 0);
	vn_cpuset_add_range(&s->request->vcpupin[0], 1, 2);
	vn_cpuset_add_range(&s->request->vcpupin[0], 5, 5);
	s->placement->proven = false;
}

static const char hostile[] =
	"<script>&\"'</svg>]]>\x1b[31m\x01\xff\xed\xa0\x80\xe2\x80\xae"
	"WWWWWWWWWWWWWWWWWWWW\xe6\xbc\xa2\xe5\xad\x97\xf0\x9f\x98\x80%s%n"
	"mmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmm"
	"@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@";

static inline void scene_hostile(scene *s)
{
	s->host = shape_host(s->arena, &(shape){ 2, 2, 1, 0, 2, true, 8 * GIB, 64, 0 });
	s->host->source = hostile;
	for (uint8_t i = 0; i < 20; i++)
		add_device(s->arena, s->host, i, i % 3 - 1, 0x0200, hostile);
	s->host->nodes[0].pages[1].total = UINT64_MAX;
	s->host->nodes[1].mem_kib = UINT64_MAX;
	add_guest(s, &(guest_shape){ 2, 1, UINT64_MAX / 4, 2048, 0, true });
	s->request->name = hostile;
	add_guest_device(s, 3, NULL, -1, -1);
	add_guest_device(s, 3, hostile, -1, 0);
}

static const struct {
	const char *name;
	void (*make)(scene *s);
} scene_list[] = {
	{ "quad-host", scene_quad_host },
	{ "quad-float", scene_quad_float },
	{ "quad-pinned", scene_quad_pinned },
	{ "octo", scene_octo },
	{ "odd", scene_odd },
	{ "many-cpus", scene_many_cpus },
	{ "one", scene_one },
	{ "one-host", scene_one_host },
	{ "many-nodes", scene_many_nodes },
	{ "wide", scene_wide },
	{ "limits", scene_limits },
	{ "shared", scene_shared },
	{ "hostile", scene_hostile },
};

static inline scene scene_make(size_t i)
{
	scene s = { .name = scene_list[i].name, .arena = vn_arena_new() };

	assert_non_null(s.arena);
	scene_list[i].make(&s);
	return s;
}

#endif
