/* SPDX-License-Identifier: LGPL-2.1-or-later
 * The fit on small hosts whose right answer is known by hand: the modes, the thread policies, what
 * Nova gets wrong (reference cases R6-R9), and refusals. */
#include "vnuma/place.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* nodes x cores x threads; CPU numbers as Linux gives them: first threads first. */
static void make_host(vn_host *host, uint32_t nodes, uint32_t cores, uint32_t threads,
		      uint64_t mem_kib, uint32_t far)
{
	uint32_t n_cores = nodes * cores;

	*host = (vn_host){ .source = "test", .n_nodes = nodes, .n_cpus = n_cores * threads };
	host->nodes = calloc(nodes, sizeof(*host->nodes));
	host->cpus = calloc(host->n_cpus, sizeof(*host->cpus));
	host->slit = calloc((size_t)nodes * nodes, sizeof(*host->slit));
	host->n_cores = n_cores;
	host->n_l3 = nodes;
	host->threads_per_core = threads;
	for (uint32_t i = 0; i < nodes; i++) {
		vn_node *node = &host->nodes[i];

		node->id = i;
		node->socket = (int32_t)i;
		node->mem_kib = mem_kib;
		node->n_pages = 2;
		node->pages[0] = (vn_pages){ .size_kib = 4, .total = mem_kib / 4 };
		node->pages[1] = (vn_pages){ .size_kib = 2048 };
		for (uint32_t k = 0; k < nodes; k++)
			host->slit[i * nodes + k] = i == k ? 10 : far;
		for (uint32_t c = 0; c < cores; c++)
			for (uint32_t t = 0; t < threads; t++) {
				uint32_t cpu = t * n_cores + i * cores + c;

				host->cpus[cpu] = (vn_cpu){ (int32_t)i, (int32_t)(i * cores + c),
							    (int32_t)i, 0, (int32_t)i };
				vn_cpuset_add(&node->cpus, cpu);
			}
		node->pcpus = node->cpus;
	}
	host->arena = vn_arena_new();
	assert_int_equal(vn_host_count(host, NULL), VN_OK);
}

static void take_cpus(vn_host *host, uint32_t first, uint32_t last)
{
	vn_cpuset_add_range(&host->nodes[0].pinned, first, last);
	vn_host_count_node(host, 0);
}

static void drop_host(vn_host *host)
{
	vn_arena_free(host->arena);
	free(host->nodes);
	free(host->cpus);
	free(host->slit);
}

static vn_request make_request(uint32_t vcpus, uint64_t mem_kib, bool dedicated)
{
	vn_request request = {
		.source = "test", .vcpus = vcpus, .vcpus_online = vcpus, .mem_kib = mem_kib
	};

	if (dedicated) {
		request.cpu_policy = VN_CPU_DEDICATED;
		vn_cpuset_add_range(&request.dedicated, 0, vcpus - 1);
	}
	return request;
}

static vn_placement placement; /* large */

static void must_fit(const vn_host *host, const vn_request *request)
{
	vn_error err = { 0 };
	int r = vn_place(host, request, &vn_place_defaults, &placement, &err);

	if (r < 0)
		print_message("# %s\n", err.text);
	assert_int_equal(r, VN_OK);
	r = vn_placement_check(host, request, &vn_place_defaults, &placement, &err);
	if (r < 0)
		print_message("# check: %s\n", err.text);
	assert_int_equal(r, VN_OK);
}

static void assert_pins(const int *pins, uint32_t n)
{
	for (uint32_t vcpu = 0; vcpu < n; vcpu++)
		assert_int_equal(placement.pin[vcpu], pins[vcpu]);
}

static void assert_cpus(const vn_cpuset *cpus, const char *list)
{
	char text[256];

	vn_cpuset_format(cpus, text, sizeof(text));
	assert_string_equal(text, list);
}

/* The published deck: 16 vCPUs, 32 GiB, mode host on 4 x 15 x 2. */
static void test_mode_host(void **state)
{
	vn_request request = make_request(16, 32 << 20, false);
	vn_host host;

	(void)state;
	make_host(&host, 4, 15, 2, 128602 << 10, 21);
	request.mode = VN_MODE_HOST;
	must_fit(&host, &request);
	assert_int_equal(placement.n_cells, 4);
	for (uint32_t c = 0; c < 4; c++) {
		assert_int_equal(placement.cells[c].node_ix, c);
		assert_int_equal(placement.cells[c].mem_kib, 8 << 20);
	}
	assert_cpus(&placement.cells[1].cpus, "15-29,75-89");
	assert_cpus(&placement.cells[1].vcpus, "4-7");
	assert_int_equal(placement.topology.sockets, 4);
	assert_int_equal(placement.topology.cores, 2);
	assert_int_equal(placement.topology.threads, 2);
	assert_int_equal(placement.distance[1], 21);
	drop_host(&host);
}

static void test_siblings(void **state)
{
	static const int pins[] = {
		1, 61, 2, 62, 16, 76, 17, 77, 31, 91, 32, 92, 46, 106, 47, 107
	};
	vn_request request = make_request(16, 32 << 20, true);
	vn_host host;

	(void)state;
	make_host(&host, 4, 15, 2, 128602 << 10, 21);
	request.mode = VN_MODE_HOST;
	request.distribution = VN_DISTRIBUTION_SIBLINGS;
	must_fit(&host, &request);
	assert_pins(pins, 16);
	drop_host(&host);
}

static void test_partition(void **state)
{
	vn_request request = make_request(16, 32 << 20, false);
	static const uint32_t nodes[] = { 0, 0, 1, 1, 3, 3 };
	vn_host host;

	(void)state;
	make_host(&host, 4, 15, 2, 128602 << 10, 21);
	request.mode = VN_MODE_HOST;
	request.n_cells_want = 6;
	request.nodeset_given = true;
	vn_nodeset_add(&request.nodeset, 0);
	vn_nodeset_add(&request.nodeset, 1);
	vn_nodeset_add(&request.nodeset, 3);
	must_fit(&host, &request);
	assert_int_equal(placement.n_cells, 6);
	for (uint32_t c = 0; c < 6; c++)
		assert_int_equal(placement.cells[c].node_ix, nodes[c]);
	assert_int_equal(placement.topology.sockets, 16);
	assert_int_equal(placement.cells[0].mem_kib, 1398102 * 4);
	assert_int_equal(placement.cells[5].mem_kib, 1398101 * 4);
	drop_host(&host);
}

/* R8: keep the two whole cores together, then single threads. R9: finish the broken core. */
static void test_prefer(void **state)
{
	static const int r8[] = { 0, 8, 1, 9, 10, 11 }, r9[] = { 4 };
	vn_request request = make_request(6, 1 << 20, true);
	vn_host host;

	(void)state;
	make_host(&host, 1, 8, 2, 16 << 20, 20);
	take_cpus(&host, 2, 7);
	must_fit(&host, &request);
	assert_pins(r8, 6);
	drop_host(&host);

	make_host(&host, 1, 4, 2, 16 << 20, 20);
	take_cpus(&host, 0, 0);
	request = make_request(1, 1 << 20, true);
	must_fit(&host, &request);
	assert_pins(r9, 1);
	drop_host(&host);
}

/* R6: isolate works on an SMT host. R7: require refuses what has no siblings. */
static void test_thread_policies(void **state)
{
	static const int r6[] = { 0, 1 };
	vn_request request = make_request(2, 1 << 20, true);
	vn_error err = { 0 };
	vn_host host;

	(void)state;
	make_host(&host, 1, 4, 2, 16 << 20, 20);
	request.thread_policy = VN_THREADS_ISOLATE;
	must_fit(&host, &request);
	assert_pins(r6, 2);
	assert_cpus(&placement.cells[0].reserved, "4-5");
	drop_host(&host);

	make_host(&host, 1, 8, 2, 16 << 20, 20);
	take_cpus(&host, 2, 7);
	request = make_request(6, 1 << 20, true);
	request.thread_policy = VN_THREADS_REQUIRE;
	assert_int_equal(vn_place(&host, &request, NULL, &placement, &err), VN_E_NOFIT);
	assert_non_null(
		strstr(err.text, "free CPUs that share cores: asked 6 CPUs, the most there is 4"));
	drop_host(&host);
}

static void test_auto(void **state)
{
	vn_request request = make_request(4, 3 << 20, false);
	vn_error err = { 0 };
	vn_host host;

	(void)state;
	make_host(&host, 2, 4, 1, 4 << 20, 20);
	host.nodes[0].pages[0].used = (4 << 18) - 2203620 / 4;
	must_fit(&host, &request); /* seed 001 */
	assert_int_equal(placement.n_cells, 1);
	assert_int_equal(placement.cells[0].node_ix, 1);
	assert_cpus(&placement.cells[0].cpus, "4-7");

	request = make_request(6, 4 << 20, false); /* larger than a node */
	must_fit(&host, &request);
	assert_int_equal(placement.n_cells, 2);

	request = make_request(4, 9 << 20, false);
	assert_int_equal(vn_place(&host, &request, NULL, &placement, &err), VN_E_NOFIT);
	assert_non_null(
		strstr(err.text, "free memory: asked 9 GiB, all nodes together have 6.1 GiB"));
	drop_host(&host);
}

/* The nearest pair of nodes wins over the lowest ids. */
static void test_distance(void **state)
{
	vn_request request = make_request(4, 2 << 20, true);
	vn_host host;

	(void)state;
	make_host(&host, 4, 4, 1, 8 << 20, 32);
	host.slit[2 * 4 + 3] = host.slit[3 * 4 + 2] = 12;
	assert_int_equal(vn_host_count(&host, NULL), VN_OK);
	request.n_cells_want = 2;
	must_fit(&host, &request);
	assert_int_equal(placement.cells[0].node_ix, 2);
	assert_int_equal(placement.cells[1].node_ix, 3);
	drop_host(&host);
}

static void test_take_and_release(void **state)
{
	vn_request request = make_request(5, 3 << 20, true);
	vn_node before[2];
	vn_host host;

	(void)state;
	make_host(&host, 2, 4, 2, 4 << 20, 20);
	memcpy(before, host.nodes, sizeof(before));
	must_fit(&host, &request);
	vn_host_take(&host, &placement);
	assert_memory_not_equal(before, host.nodes, sizeof(before));
	vn_host_release(&host, &placement);
	assert_memory_equal(before, host.nodes, sizeof(before));
	drop_host(&host);
}

static void must_refuse(const vn_host *host, const vn_request *request,
			const vn_place_options *options, enum vn_code code, const char *words)
{
	vn_error err = { 0 };

	assert_int_equal(vn_place(host, request, options, &placement, &err), code);
	if (!strstr(err.text, words))
		print_message("# %s\n", err.text);
	assert_non_null(strstr(err.text, words));
}

/* What the owner pins is his: no dedicated vCPU gets a CPU that a floating one is pinned to. */
static void test_owner_pins(void **state)
{
	vn_cpuset pins[4] = { 0 };
	vn_request request = make_request(4, 1 << 20, false);
	vn_host host;

	(void)state;
	make_host(&host, 1, 4, 2, 16 << 20, 20);
	request.cpu_policy = VN_CPU_MIXED;
	vn_cpuset_add_range(&request.dedicated, 1, 3);
	request.vcpupin = pins;
	vn_cpuset_add(&pins[0], 0);
	vn_cpuset_add(&request.vcpupin_given, 0);
	must_fit(&host, &request);
	for (uint32_t vcpu = 1; vcpu < 4; vcpu++)
		assert_int_not_equal(placement.pin[vcpu], 0);

	request.cpu_policy = VN_CPU_DEDICATED;
	vn_cpuset_add(&request.dedicated, 0);
	vn_cpuset_del(&host.nodes[0].pcpus, 0);
	must_refuse(&host, &request, NULL, VN_E_CONFLICT,
		    "CPU 0, which vcpupin gives to vCPU 0, is not one of the host's CPUs for");
	drop_host(&host);
}

static void test_pages(void **state)
{
	vn_request_pages wish = { .want = VN_PAGES_SMALL };
	vn_request request = make_request(1, 1 << 20, false);
	vn_place_options options = vn_place_defaults;
	vn_host host;

	(void)state;
	make_host(&host, 1, 2, 1, 1 << 20, 20);
	request.pages = &wish;
	request.n_pages = 1;
	must_fit(&host, &request);
	options.reserve_kib = 2;
	must_refuse(&host, &request, &options, VN_E_NOFIT, "free");
	options.reserve_kib = 0;
	options.ram_ratio_percent = 50; /* the ratio is not about pages */
	assert_int_equal(vn_place(&host, &request, &options, &placement, NULL), VN_OK);

	/* arm64: 64 KiB pages are huge ones beside 4 KiB */
	host.nodes[0].pages[1] = (vn_pages){ .size_kib = 64, .total = 1 << 14 };
	wish = (vn_request_pages){ .want = VN_PAGES_SIZE, .page_kib = 64 };
	must_fit(&host, &request);
	assert_int_equal(placement.cells[0].page_kib, 64);

	/* huge pages alone are listed: taking them leaves the ordinary memory as it is */
	host.nodes[0].n_pages = 1;
	host.nodes[0].pages[0] = (vn_pages){ .size_kib = 2048, .total = 256 };
	wish.page_kib = 2048;
	request.mem_kib = 256 << 10;
	uint64_t free_kib = vn_node_free_kib(&host.nodes[0]);

	must_fit(&host, &request);
	vn_host_take(&host, &placement);
	assert_int_equal(vn_node_free_kib(&host.nodes[0]), free_kib);
	drop_host(&host);
}

static void test_too_many_cells(void **state)
{
	vn_request request = make_request(400, 64 << 20, false);
	vn_host host;

	(void)state;
	make_host(&host, 200, 2, 1, 1 << 20, 20);
	request.mode = VN_MODE_HOST;
	must_refuse(&host, &request, NULL, VN_E_RANGE,
		    "each of 200 nodes, but a guest has at most 128");
	drop_host(&host);
}

static void test_unknown_device_node(void **state)
{
	vn_guest_device device = { .kind = VN_DEVICE_HOSTDEV,
				   .has_host = true,
				   .is_pci = true,
				   .policy = VN_PCI_REQUIRED };
	vn_request request = make_request(1, 1 << 20, false);
	vn_host host;

	(void)state;
	make_host(&host, 2, 2, 1, 4 << 20, 20);
	request.devices = &device;
	request.n_devices = 1;
	request.pci_policy_given = true;
	must_refuse(&host, &request, NULL, VN_E_NOFIT, "the host does not say on which node it is");
	drop_host(&host);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mode_host),	cmocka_unit_test(test_siblings),
		cmocka_unit_test(test_partition),	cmocka_unit_test(test_prefer),
		cmocka_unit_test(test_thread_policies), cmocka_unit_test(test_auto),
		cmocka_unit_test(test_distance),	cmocka_unit_test(test_take_and_release),
		cmocka_unit_test(test_owner_pins),	cmocka_unit_test(test_pages),
		cmocka_unit_test(test_too_many_cells),	cmocka_unit_test(test_unknown_device_node),
	};

	return cmocka_run_group_tests_name("place", tests, NULL, NULL);
}
