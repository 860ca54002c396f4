/* SPDX-License-Identifier: LGPL-2.1-or-later
 * What a placement takes from a host and gives back. The placement is written by hand, so that each
 * account is seen alone. */
#include "host_equal.h"

#include "vnuma/place.h"

#include <stdlib.h>

static const char document[] =
	"{\"cells\":[{\"id\":0,\"cpus\":\"0-3\",\"mem_mib\":64,\"pages\":[{\"size_kib\":4,"
	"\"total\":"
	"8192},{\"size_kib\":2048,\"total\":16}]},"
	"{\"id\":1,\"cpus\":\"4-7\",\"mem_mib\":64}],"
	"\"pci_pools\":[{\"vendor_id\":\"8086\",\"product_id\":\"1572\",\"numa_node\":0,\"count\":"
	"5}"
	","
	"{\"vendor_id\":\"8086\",\"product_id\":\"154c\",\"count\":2}],"
	"\"devices\":[{\"address\":\"0000:01:00.0\"},{\"address\":\"0000:02:00.0\"}]}";

/* Two cells: vCPU 0 is pinned and its emulator has a CPU, vCPUs 1 and 2 float; huge and ordinary
 * memory; three devices of a pool and one with an address. */
static vn_placement *make_placement(void)
{
	vn_placement *placement = calloc(1, sizeof(*placement));

	assert_non_null(placement);
	placement->n_cells = 2;
	placement->n_vcpus = 3;
	placement->cells[0] = (vn_place_cell){ .mem_kib = 8 << 10, .page_kib = 2048 };
	placement->cells[1] = (vn_place_cell){ .node_ix = 1, .mem_node_ix = 0, .mem_kib = 4 << 10 };
	vn_cpuset_add(&placement->cells[0].reserved, 3);
	placement->vcpu_cell[1] = placement->vcpu_cell[2] = 1;
	placement->pin[0] = 2;
	placement->pin[1] = placement->pin[2] = -1;
	placement->n_pci_picks = 3;
	placement->pci_picks[0] =
		(vn_pci_pick){ .pool = 0, .device = -1, .node_ix = 0, .count = 3 };
	placement->pci_picks[1] =
		(vn_pci_pick){ .pool = -1, .device = 1, .node_ix = -1, .count = 1 };
	placement->pci_picks[2] =
		(vn_pci_pick){ .pool = 1, .device = -1, .node_ix = -1, .count = 2 };
	return placement;
}

static void test_take(void **state)
{
	VN_AUTO(vn_host) host = read_good_host("h.json", document);
	vn_placement *placement = make_placement();

	(void)state;
	vn_host_take(host, placement);
	assert_true(vn_cpuset_has(&host->nodes[0].pinned, 2));
	assert_true(vn_cpuset_has(&host->nodes[0].pinned, 3));
	assert_int_equal(vn_cpuset_count(&host->nodes[0].pinned), 2);
	assert_int_equal(host->nodes[1].cpu_usage, 2);
	assert_int_equal(host->nodes[0].pages[1].used, 4);
	assert_int_equal(host->nodes[0].pages[0].used, 1024);
	assert_int_equal(host->nodes[0].mem_used_kib, 12 << 10);
	assert_int_equal(host->nodes[1].mem_used_kib, 0);
	assert_int_equal(host->pools[0].count, 2);
	assert_int_equal(host->pools[1].count, 0);
	assert_false(host->devices[0].taken);
	assert_true(host->devices[1].taken);
	assert_round_trip(host);
	free(placement);
}

static void test_release(void **state)
{
	VN_AUTO(vn_host) host = read_good_host("h.json", document);
	VN_AUTO(vn_host) before = read_good_host("h.json", document);
	vn_placement *placement = make_placement();

	(void)state;
	vn_host_take(host, placement);
	vn_host_release(host, placement);
	assert_host_equal(host, before);
	free(placement);
}

/* A guest that was never counted leaves nothing below zero. */
static void test_release_alone(void **state)
{
	VN_AUTO(vn_host) host = read_good_host("h.json", document);
	vn_placement *placement = make_placement();

	(void)state;
	placement->n_pci_picks = 0;
	vn_host_release(host, placement);
	assert_int_equal(host->nodes[0].mem_used_kib, 0);
	assert_int_equal(host->nodes[0].pages[0].used, 0);
	assert_int_equal(host->nodes[0].pages[1].used, 0);
	assert_int_equal(host->nodes[1].cpu_usage, 0);
	assert_true(vn_cpuset_is_empty(&host->nodes[0].pinned));
	free(placement);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_take),
		cmocka_unit_test(test_release),
		cmocka_unit_test(test_release_alone),
	};

	return cmocka_run_group_tests_name("place_take", tests, NULL, NULL);
}
