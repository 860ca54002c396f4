/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Advice whose right answer is known by hand: what pulls a guest, what is missing, who would have
 * to go, how large a guest may be, why a cell is not elsewhere. The assignment against brute force.
 */
#include "place/advice/assign.h"
#include "vnuma/place.h"

#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { NODES = 3, CPUS_EACH = 4, GIB = 1 << 20 };

/* Three nodes of two cores with two threads, 8 GiB each; CPUs 0-3, 4-7, 8-11; siblings are
 * neighbours. */
struct scene {
	vn_host host;
	vn_node nodes[NODES];
	vn_cpu cpus[NODES * CPUS_EACH];
	vn_device devices[2];
	const char *physnets[1];
};
static struct scene scene;

static void make_host(void)
{
	vn_host *host = &scene.host;

	vn_arena_free(host->arena);
	memset(&scene, 0, sizeof(scene));
	*host = (vn_host){ .source = "test",
			   .arena = vn_arena_new(),
			   .n_nodes = NODES,
			   .nodes = scene.nodes,
			   .n_cpus = NODES * CPUS_EACH,
			   .cpus = scene.cpus,
			   .n_cores = NODES * CPUS_EACH / 2,
			   .n_sockets = NODES,
			   .threads_per_core = 2,
			   .devices = scene.devices,
			   .physnets = scene.physnets };
	for (uint32_t i = 0; i < NODES; i++) {
		vn_node *node = &scene.nodes[i];

		*node = (vn_node){
			.id = i, .socket = (int32_t)i, .mem_kib = 8 * GIB, .n_pages = 2
		};
		node->pages[0] = (vn_pages){ .size_kib = 4, .total = 6 * GIB / 4 };
		node->pages[1] = (vn_pages){ .size_kib = 2048, .total = 1024 };
		for (uint32_t cpu = i * CPUS_EACH; cpu < (i + 1) * CPUS_EACH; cpu++) {
			vn_cpuset_add(&node->cpus, cpu);
			scene.cpus[cpu] =
				(vn_cpu){ (int32_t)i, (int32_t)cpu / 2, -1, -1, (int32_t)i };
		}
		node->pcpus = node->cpus;
	}
	assert_int_equal(vn_host_count(host, NULL), VN_OK);
}

static vn_request make_request(uint32_t vcpus, uint64_t mem_kib, bool dedicated)
{
	vn_request request = { .source = "test", .vcpus = vcpus, .mem_kib = mem_kib };

	request.vcpus_online = vcpus;
	if (dedicated) {
		request.cpu_policy = VN_CPU_DEDICATED;
		vn_cpuset_add_range(&request.dedicated, 0, vcpus - 1);
	}
	return request;
}

static void pin(uint32_t first, uint32_t last)
{
	for (uint32_t cpu = first; cpu <= last; cpu++)
		vn_cpuset_add(&scene.nodes[cpu / CPUS_EACH].pinned, cpu);
	vn_host_count_node(&scene.host, first / CPUS_EACH);
}

static vn_placement placement; /* large */
static vn_shortfall shortfall;
static vn_explain explain;

static vn_shortfall *short_of(const vn_request *request)
{
	vn_error err = { 0 };
	int r = vn_place_shortfall(&scene.host, request, NULL, &shortfall, &err);

	if (r < 0)
		print_message("# %s\n", err.text);
	assert_int_equal(r, VN_OK);
	return &shortfall;
}

/* ---- what pulls ---- */

static void test_kinds_and_networks(void **state)
{
	vn_request request = make_request(2, GIB, true);
	vn_pci_request nic = { 0x8086, 0x1572, 1, VN_PCI_REQUIRED };
	const char *networks[] = { "blue" };

	(void)state;
	make_host();
	request.mode = VN_MODE_NODE;
	request.pci_requests = &nic;
	request.n_pci_requests = 1;
	scene.host.n_devices = 1;
	scene.devices[0] = (vn_device){ .vendor = 0x8086, .product = 0x1572, .node_ix = 2 };
	vn_place_explain(&scene.host, &request, NULL, &explain);
	assert_int_equal(explain.verdicts[0].need, VN_NEED_DEVICE);
	assert_int_equal(explain.verdicts[1].need, VN_NEED_DEVICE);
	assert_int_not_equal(explain.verdicts[2].need, VN_NEED_DEVICE);

	nic.policy = VN_PCI_PREFERRED; /* does not pull */
	vn_place_explain(&scene.host, &request, NULL, &explain);
	assert_int_not_equal(explain.verdicts[0].need, VN_NEED_DEVICE);

	request.physnets = networks;
	request.n_physnets = 1;
	scene.physnets[0] = "blue";
	scene.host.n_physnets = 1;
	scene.nodes[1].physnets = 1;
	vn_place_explain(&scene.host, &request, NULL, &explain);
	assert_int_equal(explain.verdicts[0].need, VN_NEED_NETWORK);
	assert_int_not_equal(explain.verdicts[1].need, VN_NEED_NETWORK);

	scene.nodes[1].physnets = 0; /* no node is near it: it pulls nowhere */
	vn_place_explain(&scene.host, &request, NULL, &explain);
	assert_int_not_equal(explain.verdicts[0].need, VN_NEED_NETWORK);
}

/* ---- what a refusal tells ---- */

static void test_crowd(void **state)
{
	vn_place_options options = vn_place_defaults;
	vn_request request = make_request(6, GIB, true);
	vn_error err = { 0 };

	(void)state;
	make_host();
	pin(0, 1);
	pin(4, 5);
	options.explain = &explain;
	request.n_cells_want = 2; /* 3 vCPUs each: only node 2 has as many */
	assert_int_equal(vn_place(&scene.host, &request, &options, &placement, &err), VN_E_NOFIT);
	assert_string_equal(err.text, "cells 0 and 1 both fit only on node 2");
	assert_int_equal(vn_cpuset_count(&explain.crowd_cells), 2);
	assert_int_equal(vn_nodeset_next(&explain.crowd_nodes, -1), 2);
	assert_int_equal(explain.verdicts[2].need, VN_NEED_TOGETHER);
	assert_int_equal(explain.tried_from, 2);
	assert_int_equal(explain.tried_to, 2);
}

static void test_nearest_try(void **state)
{
	vn_place_options options = vn_place_defaults;
	vn_request request = make_request(11, GIB, true);
	vn_error err = { 0 };

	(void)state;
	make_host();
	pin(0, 1);
	options.explain = &explain;
	assert_int_equal(vn_place(&scene.host, &request, &options, &placement, &err), VN_E_NOFIT);
	assert_string_equal(err.text, "the guest does not fit (tried 1 to 3 cells): free CPUs for "
				      "1:1 pins: asked 11 CPUs, all nodes together have 10 CPUs");
	assert_int_equal(explain.n_cells, 3); /* 4 on node 1 is the nearest that there is */
	assert_int_equal(explain.tried_to, 3);
}

/* ---- what is missing ---- */

static void test_shortfall(void **state)
{
	vn_request request = make_request(4, GIB, true);

	(void)state;
	make_host();
	pin(0, 2);
	pin(4, 5);
	pin(8, 10);
	request.mode = VN_MODE_NODE;
	short_of(&request);
	assert_int_equal(shortfall.state, VN_SHORT_CHANGE);
	assert_true(shortfall.exact);
	assert_int_equal(shortfall.n_nodes, 1);
	assert_int_equal(shortfall.nodes[0].node, 1); /* two CPUs; three on the others */
	assert_int_equal(shortfall.nodes[0].cpus, 2);
	assert_int_equal(shortfall.nodes[0].mem_kib, 0);

	request.thread_policy = VN_THREADS_ISOLATE; /* two cores a node: never four */
	short_of(&request);
	assert_int_equal(shortfall.state, VN_SHORT_IMPOSSIBLE);
	assert_int_equal(vn_nodeset_count(&shortfall.never), 3);

	request = make_request(2, GIB, true);
	request.mode = VN_MODE_NODE;
	request.thread_policy = VN_THREADS_ISOLATE;
	short_of(&request);
	assert_int_equal(shortfall.nodes[0].node, 1);
	assert_int_equal(shortfall.nodes[0].cores, 1); /* CPUs 4 and 5 */
	assert_int_equal(shortfall.nodes[0].cpus, 2);

	request = make_request(1, 3 * GIB, false); /* 2 GiB of huge pages are there */
	request.mode = VN_MODE_NODE;
	request.n_pages = 1;
	request.pages = &(vn_request_pages){ .want = VN_PAGES_SIZE, .page_kib = 2048 };
	scene.nodes[0].pages[1].used = 512;
	short_of(&request);
	assert_int_equal(shortfall.n_nodes, 1);
	assert_int_equal(shortfall.nodes[0].node, 1); /* node 0 would need 2 GiB more */
	assert_int_equal(shortfall.nodes[0].pages_kib[1], GIB);
	assert_int_equal(shortfall.nodes[0].pages_new_kib[1], GIB);

	request = make_request(1, GIB, false);
	short_of(&request);
	assert_int_equal(shortfall.state, VN_SHORT_FITS);
}

/* Two cells on nodes of their own, each missing something: the pair that misses least. */
static void test_shortfall_cells(void **state)
{
	vn_request request = make_request(8, 2 * GIB, true);

	(void)state;
	make_host();
	pin(0, 2); /* 3 missing for a cell of 4 */
	pin(4, 4); /* 1 missing */
	pin(8, 9); /* 2 missing */
	request.n_cells_want = 2;
	short_of(&request);
	assert_int_equal(shortfall.n_nodes, 2);
	assert_int_equal(shortfall.nodes[0].node, 1);
	assert_int_equal(shortfall.nodes[0].cpus, 1);
	assert_int_equal(shortfall.nodes[1].node, 2);
	assert_int_equal(shortfall.nodes[1].cpus, 2);
}

/* ---- how large ---- */

static void test_most(void **state)
{
	vn_request request = make_request(6, 12 * GIB, true);
	vn_request_cell cells[2] = { { .mem_kib = 6 * GIB }, { .mem_kib = 6 * GIB } };
	vn_most most;

	(void)state;
	make_host();
	pin(0, 0);
	request.mode = VN_MODE_NODE; /* one node: 4 CPUs, 6 GiB of ordinary memory */
	assert_int_equal(vn_place_most(&scene.host, &request, NULL, &most, NULL), VN_OK);
	assert_true(most.vcpus.asked && most.vcpus.exact);
	assert_int_equal(most.vcpus.vcpus, 0); /* 12 GiB are on no node */
	assert_int_equal(most.memory.mem_kib, 0);
	assert_int_equal(most.proportion.vcpus, 3);
	assert_int_equal(most.proportion.mem_kib, 6 * GIB);

	vn_cpuset_add_range(&cells[0].vcpus, 0, 2);
	vn_cpuset_add_range(&cells[1].vcpus, 3, 5);
	request.mode = VN_MODE_AUTO;
	request.n_cells = 2;
	request.cells = cells;
	assert_int_equal(vn_place_most(&scene.host, &request, NULL, &most, NULL), VN_OK);
	assert_int_equal(most.vcpus.vcpus, 8); /* 4 in each */
	assert_int_equal(most.memory.mem_kib, 12 * GIB);

	cells[0].mem_kib -= GIB; /* uneven: not asked */
	cells[1].mem_kib += GIB;
	assert_int_equal(vn_place_most(&scene.host, &request, NULL, &most, NULL), VN_OK);
	assert_false(most.vcpus.asked || most.memory.asked || most.proportion.asked);

	cells[0].mem_kib = cells[1].mem_kib;
	request.topology_given = true; /* the product is the owner's: memory alone scales */
	request.topology = (vn_topology){ 2, 1, 3, 1 };
	assert_int_equal(vn_place_most(&scene.host, &request, NULL, &most, NULL), VN_OK);
	assert_true(!most.vcpus.asked && most.memory.asked);
}

/* ---- who would have to go ---- */

static vn_placement places[3];

static void settle(vn_request *request, uint32_t i, uint32_t vcpus, int node)
{
	vn_error err = { 0 };

	*request = make_request(vcpus, GIB, true);
	request->nodeset_given = node >= 0;
	request->nodeset = (vn_nodeset){ 0 };
	if (node >= 0)
		vn_nodeset_add(&request->nodeset, (unsigned)node);
	assert_int_equal(vn_place(&scene.host, request, NULL, &places[i], &err), VN_OK);
	vn_host_take(&scene.host, &places[i]);
}

static void test_moves(void **state)
{
	vn_request a, b, c, request = make_request(4, GIB, true);
	const vn_resident residents[] = { { &a, &places[0] },
					  { &b, &places[1] },
					  { &c, &places[2] } };
	vn_node before[NODES];
	vn_moves moves;

	(void)state;
	make_host();
	settle(&a, 0, 2, 0); /* fixed to node 0 */
	settle(&b, 1, 3, 1); /* fixed to node 1 */
	settle(&c, 2, 2, -1);
	assert_int_equal(scene.nodes[places[2].cells[0].node_ix].id, 2);
	memcpy(before, scene.nodes, sizeof(before));
	request.mode = VN_MODE_NODE;
	assert_int_equal(vn_place_moves(&scene.host, &request, NULL, residents, 3, &moves, NULL),
			 VN_OK);
	assert_true(moves.exact);
	assert_int_equal(moves.n, 1); /* any of them would do; c alone finds another place */
	assert_int_equal(moves.which[0], 2);
	assert_true(moves.can_move);
	assert_memory_equal(before, scene.nodes, sizeof(before));

	request = make_request(9, GIB, true); /* 5 are free: two have to go */
	assert_int_equal(vn_place_moves(&scene.host, &request, NULL, residents, 3, &moves, NULL),
			 VN_OK);
	assert_int_equal(moves.n, 2);
	assert_false(moves.can_move);

	request = make_request(13, GIB, true);
	assert_int_equal(vn_place_moves(&scene.host, &request, NULL, residents, 3, &moves, NULL),
			 VN_OK);
	assert_int_equal(moves.n, 0);
	assert_int_equal(vn_place_moves(&scene.host, &request, NULL, residents,
					VN_RESIDENTS_MAX + 1, &moves, NULL),
			 VN_E_RANGE);
}

/* ---- why not elsewhere ---- */

static void test_others(void **state)
{
	vn_request request = make_request(6, GIB, true);
	uint32_t slit[] = { 10, 12, 30, 12, 10, 30, 30, 30, 10 };
	vn_other_node others[NODES];
	vn_error err = { 0 };

	(void)state;
	make_host();
	scene.host.slit = slit;
	assert_int_equal(vn_host_count(&scene.host, NULL), VN_OK);
	request.n_cells_want = 2;
	assert_int_equal(vn_place(&scene.host, &request, NULL, &placement, &err), VN_OK);
	assert_int_equal(placement.cells[0].node_ix, 0);
	assert_int_equal(placement.cells[1].node_ix, 1);
	vn_place_others(&scene.host, &request, NULL, &placement, 0, others);
	assert_int_equal(others[0].why, VN_WHY_CHOSEN);
	assert_int_equal(others[1].why, VN_WHY_OCCUPIED);
	assert_int_equal(others[2].why, VN_WHY_DISTANCE);
	assert_int_equal(others[2].here, 3 * 10 + 9 * 24);
	assert_int_equal(others[2].there, 3 * 10 + 9 * 60);
	pin(8, 9);
	vn_place_others(&scene.host, &request, NULL, &placement, 0, others);
	assert_int_equal(others[2].why, VN_WHY_LACKS);
	assert_int_equal(others[2].lack.need, VN_NEED_FREE_CPUS);
	assert_int_equal(others[2].lack.there, 2);
}

/* ---- the assignment ---- */

enum { CELLS = 4, COLUMNS = 6 };

static struct assign_cost best_sum;

static void brute(const struct assign_cost *costs, uint32_t cell, uint32_t used,
		  struct assign_cost sum)
{
	if (cell == CELLS) {
		if (assign_less(sum, best_sum))
			best_sum = sum;
		return;
	}
	for (uint32_t node = 0; node < COLUMNS; node++)
		if (!(used >> node & 1))
			brute(costs, cell + 1, used | 1U << node,
			      assign_add(sum, costs[cell * COLUMNS + node]));
}

static void test_assign(void **state)
{
	struct assign_cost costs[CELLS * COLUMNS], sum;
	uint32_t node_of[CELLS], seed = 12345;
	VN_AUTO(vn_arena) arena = vn_arena_new();

	(void)state;
	assert_non_null(arena);
	for (uint32_t round = 0; round < 200; round++) {
		uint32_t used = 0;

		for (uint32_t i = 0; i < CELLS * COLUMNS; i++) {
			seed = seed * 1664525 + 1013904223;
			costs[i] = (struct assign_cost){ seed >> 28 ? seed >> 30 : ASSIGN_NEVER,
							 seed >> 24 & 7, seed >> 16 & 63 };
		}
		best_sum = (struct assign_cost){ INT64_MAX, 0, 0 };
		brute(costs, 0, 0, (struct assign_cost){ 0 });
		assert_true(assign(costs, CELLS, COLUMNS, arena, node_of, &sum));
		for (uint32_t cell = 0; cell < CELLS; cell++) {
			assert_false(used >> node_of[cell] & 1);
			used |= 1U << node_of[cell];
		}
		assert_false(assign_less(best_sum, sum) || assign_less(sum, best_sum));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kinds_and_networks),
		cmocka_unit_test(test_crowd),
		cmocka_unit_test(test_nearest_try),
		cmocka_unit_test(test_shortfall),
		cmocka_unit_test(test_shortfall_cells),
		cmocka_unit_test(test_most),
		cmocka_unit_test(test_moves),
		cmocka_unit_test(test_others),
		cmocka_unit_test(test_assign),
	};

	return cmocka_run_group_tests_name("place_advice", tests, NULL, NULL);
}
