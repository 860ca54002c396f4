/* SPDX-License-Identifier: LGPL-2.1-or-later
 * The verifier of placements: a right one is accepted; with one thing changed in it, it is refused
 * with the rule that is broken. */
#include "vnuma/vnuma.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Three nodes of two cores with two threads: 0 and 1 are one socket. CPU 3 is taken. Node 2 has no
 * huge pages. */
static const char host_json[] =
	"{\"cells\":["
	"{\"id\":0,\"cpus\":\"0-3\",\"siblings\":[\"0-1\",\"2-3\"],\"pinned\":\"3\",\"socket\":0,"
	" \"mem_mib\":4096,\"pages\":[{\"size_kib\":4,\"total\":524288},"
	" {\"size_kib\":2048,\"total\":1024,\"used\":1000}]},"
	"{\"id\":1,\"cpus\":\"4-7\",\"siblings\":[\"4-5\",\"6-7\"],\"socket\":0,\"cpu_usage\":3,"
	" \"mem_mib\":4096,\"pages\":[{\"size_kib\":4,\"total\":524288,\"used\":262144},"
	" {\"size_kib\":2048,\"total\":1024}]},"
	"{\"id\":2,\"cpus\":\"8-11\",\"siblings\":[\"8-9\",\"10-11\"],\"mem_mib\":2048,"
	" \"mem_used_mib\":1024}]}";

/* Two cells of two vCPUs each, the second of each with a policy of its own where it is mixed. */
#define GUEST(pins0, pins1, floats0, floats1, more)                                                \
	"{\"guest\":{\"cells\":["                                                                  \
	"{\"id\":0,\"mem_mib\":512,\"pcpus\":" pins0 ",\"cpus\":" floats0 more "},"                \
	"{\"id\":1,\"mem_mib\":512,\"pcpus\":" pins1 ",\"cpus\":" floats1 more "}]}}"
static vn_pool pools[] = {
	{ .vendor = 0x8086, .product = 0x1572, .node_ix = 0, .count = 2 },
	{ .vendor = 0x8086, .product = 0x1572, .node_ix = 1, .count = 2 },
	{ .vendor = 0x8086, .product = 0x10c9, .node_ix = 2, .count = 2 },
	{ .vendor = 0x15b3, .product = 0x1572, .node_ix = -1, .count = 2 },
};
static vn_device devices[] = {
	{ .address = { 0, 0x3b, 0, 0 }, .vendor = 0x8086, .product = 0x1572, .node_ix = 0 },
	{ .address = { 0, 0x3c, 0, 0 }, .vendor = 0x8086, .product = 0x1572, .taken = true },
};
static const char *nets[] = { "net0", "net1" };

/* The case in work: what a row changes. */
static struct {
	vn_host *host;
	vn_request *request;
	vn_place_options options;
	vn_placement placement;
	vn_pci_request pci[2];
	const char *wants[1];
} now;
#define CELL(c) (&now.placement.cells[c])

static void read_case(const char *request)
{
	vn_error err = { 0 };

	assert_int_equal(vn_host_parse("host", host_json, strlen(host_json), &now.host, &err),
			 VN_OK);
	if (vn_request_parse_json("guest", request, strlen(request), &now.request, &err) < 0)
		fail_msg("%s", err.text);
	now.host->pools = pools;
	now.host->n_pools = VN_LEN(pools);
	now.host->devices = devices;
	now.host->n_devices = VN_LEN(devices);
	now.host->physnets = nets;
	now.host->n_physnets = VN_LEN(nets);
	now.host->nodes[2].physnets = 1 << 1; /* net0 is near no node, net1 near node 2 */
	now.host->nodes[1].tunneled = true;
	now.request->pci_requests = now.pci;
	now.request->physnets = now.wants;
	now.options = vn_place_defaults;
}

/* A cell on a node; its dedicated vCPUs on the next of the CPUs. */
static void put_cell(uint32_t c, uint32_t node_ix, const int **pins)
{
	vn_place_cell *cell = CELL(c);

	cell->node_ix = cell->mem_node_ix = node_ix;
	cell->mem_kib = now.request->cells[c].mem_kib;
	cell->vcpus = now.request->cells[c].vcpus;
	if (!vn_cpuset_contains(&now.request->dedicated, &cell->vcpus)) {
		cell->cpus = now.host->nodes[node_ix].cpus;
		vn_cpuset_minus(&cell->cpus, &now.host->nodes[node_ix].pinned);
	}
	VN_CPUSET_EACH(vcpu, &cell->vcpus) {
		now.placement.vcpu_cell[vcpu] = (uint16_t)c;
		now.placement.pin[vcpu] = -1;
		if (!vn_cpuset_has(&now.request->dedicated, (unsigned)vcpu))
			continue;
		now.placement.pin[vcpu] = *(*pins)++;
		vn_cpuset_del(&cell->cpus, (unsigned)now.placement.pin[vcpu]);
	}
	for (uint32_t to = 0; to < now.request->n_cells; to++)
		now.placement.distance[c * now.request->n_cells + to] = c == to ? 10 : 20;
}

/* Cell 0 on node 0, cell 1 on the node that is named. */
static void put(const char *request, uint32_t node_of_1, const int *pins)
{
	read_case(request);
	now.placement.n_cells = now.request->n_cells;
	now.placement.n_vcpus = now.request->vcpus;
	now.placement.topology = (vn_topology){ now.request->vcpus, 1, 1, 1 };
	for (uint32_t c = 0; c < now.request->n_cells; c++)
		put_cell(c, c ? node_of_1 : 0, &pins);
	vn_cpuset_add(&now.placement.emulator, 0);
}

static void pick(uint16_t request, int pool, int device, uint32_t count)
{
	int32_t node_ix = pool >= 0 ? pools[pool].node_ix : devices[device].node_ix;

	now.placement.pci_picks[now.placement.n_pci_picks++] =
		(vn_pci_pick){ request, (int16_t)pool, (int16_t)device, (int16_t)node_ix, count };
}

static void ask(uint16_t product, uint32_t count, enum vn_pci_policy policy)
{
	now.pci[now.request->n_pci_requests++] = (vn_pci_request){ 0x8086, product, count, policy };
}

/* ---- what the rows change ---- */

static void nothing(void)
{
}

static void vcpu_in_two_cells(void)
{
	vn_cpuset_add(&CELL(1)->vcpus, 0);
}

static void same_node(void)
{
	CELL(1)->node_ix = CELL(1)->mem_node_ix = 0;
}

static void memory_elsewhere(void)
{
	CELL(0)->mem_node_ix = 2;
}

static void pin_taken(void)
{
	now.placement.pin[1] = 3;
}

static void pin_twice(void)
{
	now.placement.pin[1] = 0;
}

static void pin_on_other_node(void)
{
	now.placement.pin[1] = 4;
}

static void reserve_for_nothing(void)
{
	vn_cpuset_add(&CELL(1)->reserved, 6);
}

static void emulator_isolated(void)
{
	now.request->emulator_policy = VN_EMULATOR_ISOLATE;
}

static void emulator_on_node_1(void)
{
	emulator_isolated();
	now.placement.emulator = (vn_cpuset){ 0 };
	vn_cpuset_add(&now.placement.emulator, 6);
	vn_cpuset_add(&CELL(1)->reserved, 6);
}

static void emulator_right(void)
{
	emulator_isolated();
	now.placement.emulator = (vn_cpuset){ 0 };
	vn_cpuset_add(&now.placement.emulator, 2);
	vn_cpuset_add(&CELL(0)->reserved, 2);
}

static void require(void)
{
	now.request->thread_policy = VN_THREADS_REQUIRE;
}

static void require_lone_core(void)
{
	require();
	now.placement.pin[1] = 2; /* its sibling is taken */
}

static void require_two_alone(void)
{
	require();
	now.placement.pin[3] = 6;
}

static void isolate(void)
{
	now.request->thread_policy = VN_THREADS_ISOLATE;
}

static void isolate_right(void)
{
	isolate();
	vn_cpuset_add(&CELL(0)->reserved, 1);
	vn_cpuset_add(&CELL(1)->reserved, 5);
	vn_cpuset_minus(&CELL(0)->cpus, &CELL(0)->reserved);
	vn_cpuset_minus(&CELL(1)->cpus, &CELL(1)->reserved);
}

static void isolate_with_emulator(void)
{
	isolate_right();
	emulator_isolated();
	now.placement.emulator = (vn_cpuset){ 0 };
	vn_cpuset_add(&now.placement.emulator, 1);
}

static void isolate_part_of_core(void)
{
	isolate_right();
	vn_cpuset_add(&now.host->nodes[0].pinned, 1);
}

static void float_over_taken(void)
{
	vn_cpuset_add(&CELL(0)->cpus, 3);
}

static void cpu_ratio(void)
{
	now.options.cpu_ratio_percent = 100; /* node 1: 3 float there already */
}

static void pins_leave_too_few(void)
{
	vn_cpuset_del(&CELL(0)->cpus, 1);
	vn_cpuset_add(&now.host->nodes[0].pinned, 1); /* CPU 0 is vCPU 0's, 2 the emulator's */
	emulator_right();
	vn_cpuset_del(&CELL(0)->cpus, 2);
}

static void memory_total(void)
{
	CELL(0)->mem_kib = now.request->cells[0].mem_kib = 2100 << 10;
	now.request->mem_kib = now.request->cells[0].mem_kib + now.request->cells[1].mem_kib;
}

static void memory_free(void)
{
	CELL(1)->mem_kib = now.request->cells[1].mem_kib = 1100 << 10;
	now.request->mem_kib = now.request->cells[0].mem_kib + now.request->cells[1].mem_kib;
}

static void memory_no_ratio(void)
{
	memory_free();
	now.options.ram_ratio_percent = 0;
}

static void memory_ratio_150(void)
{
	memory_free();
	now.options.ram_ratio_percent = 150;
}

static void memory_ratio_mib(void)
{
	memory_ratio_150();
	now.host->nodes[1].mem_used_kib = 5100 << 10; /* 6144 MiB are allowed */
}

static void memory_reserve(void)
{
	now.options.reserve_kib = 600 << 10;
}

static void pages_right(void)
{
	CELL(0)->page_kib = 0;
	CELL(1)->page_kib = 2048;
	now.request->pages[0].want = VN_PAGES_ANY;
	now.request->pages[1].want = VN_PAGES_LARGE;
}

static void pages_not_free(void)
{
	pages_right();
	CELL(0)->page_kib = 2048;
}

static void pages_not_there(void)
{
	pages_right();
	CELL(0)->page_kib = 1 << 20;
}

static void pages_not_asked(void)
{
	pages_right();
	now.request->pages[1].want = VN_PAGES_SMALL;
}

static void pages_not_whole(void)
{
	pages_right();
	now.request->mem_kib += 1024;
	now.request->cells[1].mem_kib += 1024;
	CELL(1)->mem_kib += 1024;
}

static void picks_right(void)
{
	ask(0x1572, 2, VN_PCI_REQUIRED);
	ask(0, 2, VN_PCI_PREFERRED);
	pick(0, 0, -1, 1);
	pick(0, -1, 0, 1);
	pick(1, 1, -1, 1);
	pick(1, 2, -1, 1);
}

static void picks_too_few(void)
{
	picks_right();
	now.placement.n_pci_picks = 3;
}

static void pick_of_nothing(void)
{
	picks_right();
	now.placement.pci_picks[0].pool = VN_LEN(pools);
}

static void pick_of_both(void)
{
	picks_right();
	now.placement.pci_picks[0].device = 0;
}

static void pick_for_nobody(void)
{
	picks_right();
	now.placement.pci_picks[3].request = 2;
}

static void pick_elsewhere(void)
{
	picks_right();
	now.placement.pci_picks[0].node_ix = 1;
}

static void pick_of_another_kind(void)
{
	picks_right();
	now.placement.pci_picks[0].pool = 3;
	now.placement.pci_picks[0].node_ix = -1;
}

static void pool_overdrawn(void)
{
	picks_right();
	now.pci[0].count = 4;
	now.placement.pci_picks[0].count = 3;
}

static void device_twice(void)
{
	picks_right();
	now.placement.pci_picks[2] = now.placement.pci_picks[1];
	now.placement.pci_picks[2].request = 1;
}

static void device_taken(void)
{
	picks_right();
	now.placement.pci_picks[1].device = 1;
}

static void one_pick(int pool, enum vn_pci_policy policy)
{
	ask(pools[pool].product, 1, policy);
	now.pci[0].vendor = 0;
	pick(0, pool, -1, 1);
}

static void pick_required_far(void)
{
	one_pick(2, VN_PCI_REQUIRED);
}

static void pick_required_unknown(void)
{
	one_pick(3, VN_PCI_REQUIRED);
}

static void pick_legacy_far(void)
{
	one_pick(2, VN_PCI_LEGACY);
}

static void pick_legacy_unknown(void)
{
	one_pick(3, VN_PCI_LEGACY);
}

static void pick_socket_far(void)
{
	one_pick(2, VN_PCI_SOCKET);
}

static void pick_socket_near(void)
{
	one_pick(1, VN_PCI_SOCKET); /* cells on nodes 0 and 2: node 1 is of the socket of node 0 */
}

static void pick_required_near_socket(void)
{
	one_pick(1, VN_PCI_REQUIRED);
}

static void network_near_nobody(void)
{
	now.wants[0] = "net0";
	now.request->n_physnets = 1;
}

static void network_far(void)
{
	now.wants[0] = "net1";
	now.request->n_physnets = 1;
}

static void tunnel_near(void)
{
	now.request->tunneled = true;
}

static void tunnel_far(void)
{
	now.request->tunneled = true;
	now.host->nodes[1].tunneled = false;
	now.host->nodes[2].tunneled = true;
}

/* ---- the rows ---- */

enum guest { PAIRS, SINGLES, FLOATS, MIXED, PAGES, GUESTS };
static const struct {
	const char *json;
	uint32_t node_of_1;
	int pins[4];
} guests[GUESTS] = {
	[PAIRS] = { GUEST("[0,1]", "[2,3]", "[]", "[]", ""), 1, { 0, 1, 4, 5 } },
	[SINGLES] = { GUEST("[0]", "[1]", "[]", "[]", ""), 2, { 0, 8 } },
	[FLOATS] = { GUEST("[]", "[]", "[0,1]", "[2,3]", ""), 1, { 0 } },
	[MIXED] = { GUEST("[0]", "[2]", "[1]", "[3]", ""), 1, { 0, 4 } },
	[PAGES] = { GUEST("[0]", "[1]", "[]", "[]", ",\"pagesize\":-3"), 1, { 0, 4 } },
};

static const struct {
	const char *name;
	enum guest guest;
	void (*change)(void);
	const char *says; /* NULL: accepted */
} rows[] = {
	{ "pairs", PAIRS, nothing, NULL },
	{ "singles", SINGLES, nothing, NULL },
	{ "floats", FLOATS, nothing, NULL },
	{ "mixed", MIXED, nothing, NULL },
	{ "a vCPU in two cells", PAIRS, vcpu_in_two_cells, "vCPU of another cell" },
	{ "two cells on a node", FLOATS, same_node, "two fixed cells are on one node" },
	{ "memory elsewhere", FLOATS, memory_elsewhere, "memory of node 2, and node 0 has some" },
	{ "a pin that is taken", PAIRS, pin_taken, "CPU 3 is taken by another guest" },
	{ "a pin twice", PAIRS, pin_twice, "CPU 0 is taken twice" },
	{ "a pin elsewhere", PAIRS, pin_on_other_node, "CPU 4 is not one of node 0" },
	{ "reserved for nothing", PAIRS, reserve_for_nothing, "cell 1 takes CPU 6 for nothing" },
	{ "no CPU for the emulator", PAIRS, emulator_isolated, "emulator has no CPU of its own" },
	{ "the emulator elsewhere", PAIRS, emulator_on_node_1, "emulator has no CPU of its own" },
	{ "the emulator's CPU", PAIRS, emulator_right, NULL },
	{ "require", PAIRS, require, NULL },
	{ "require, one thread free", PAIRS, require_lone_core, "only free one of its core" },
	{ "require, two alone", PAIRS, require_two_alone, "2 vCPUs of cell 1 have a core without" },
	{ "require, one alone", SINGLES, require, NULL },
	{ "isolate, not idle", SINGLES, isolate, "vCPU 0 is not alone" },
	{ "isolate", MIXED, isolate_right, NULL },
	{ "isolate with the emulator", MIXED, isolate_with_emulator, "core with the emulator" },
	{ "isolate, a part taken", MIXED, isolate_part_of_core, "CPU 1 is taken by another" },
	{ "floats over a pin", FLOATS, float_over_taken, "floats on CPUs that are not for it" },
	{ "too few CPUs beside pins", MIXED, pins_leave_too_few, "vCPU 1 has no CPU to run on" },
	{ "the CPU ratio", FLOATS, cpu_ratio, "more floating vCPUs than the ratio" },
	{ "more than all memory", FLOATS, memory_total, "more than the node has in all" },
	{ "more than is free", PAIRS, memory_free, "is not free" },
	{ "more than the ratio", FLOATS, memory_free, "more than the ratio" },
	{ "no ratio", FLOATS, memory_no_ratio, NULL },
	{ "no ratio for pins", PAIRS, memory_no_ratio, "is not free" },
	{ "a ratio", FLOATS, memory_ratio_150, NULL },
	{ "a ratio for pins", PAIRS, memory_ratio_150, "is not free" },
	{ "a ratio of all memory", FLOATS, memory_ratio_mib, "more than the ratio" },
	{ "the reserve", PAIRS, memory_reserve, "is not free" },
	{ "pages", PAGES, pages_right, NULL },
	{ "pages that are not free", PAGES, pages_not_free, "256 pages of 2048 KiB are not free" },
	{ "pages that are not there", PAGES, pages_not_there, "not made of whole pages" },
	{ "pages that were not asked for", PAGES, pages_not_asked, "did not ask for" },
	{ "a part of a page", PAGES, pages_not_whole, "not made of whole pages" },
	{ "picks", PAIRS, picks_right, NULL },
	{ "too few picks", PAIRS, picks_too_few, "PCI request 1 has 1 devices of 2" },
	{ "a pick of nothing", PAIRS, pick_of_nothing, "neither a pool nor a device" },
	{ "a pick of both", PAIRS, pick_of_both, "neither a pool nor a device" },
	{ "a pick for nobody", PAIRS, pick_for_nobody, "for PCI request 2 of 2" },
	{ "a pick elsewhere", PAIRS, pick_elsewhere, "on another node than it says" },
	{ "a pick of another kind", PAIRS, pick_of_another_kind, "15b3:1572, asked was 8086:1572" },
	{ "a pool overdrawn", PAIRS, pool_overdrawn, "3 devices of 2 that are free" },
	{ "a device twice", PAIRS, device_twice, "2 devices of 1 that are free" },
	{ "a device that is taken", PAIRS, device_taken, "1 devices of 0 that are free" },
	{ "required, far", PAIRS, pick_required_far, "policy 'required' does not allow" },
	{ "required, not known", PAIRS, pick_required_unknown, "policy 'required' does not" },
	{ "legacy, far", PAIRS, pick_legacy_far, "policy 'legacy' does not allow" },
	{ "legacy, not known", PAIRS, pick_legacy_unknown, NULL },
	{ "socket, far", PAIRS, pick_socket_far, "policy 'socket' does not allow" },
	{ "socket, near", SINGLES, pick_socket_near, NULL },
	{ "required, of the socket", SINGLES, pick_required_near_socket, "policy 'required'" },
	{ "a network near no node", PAIRS, network_near_nobody, NULL },
	{ "a network elsewhere", PAIRS, network_far, "near the network 'net1'" },
	{ "a network", SINGLES, network_far, NULL },
	{ "tunnels", PAIRS, tunnel_near, NULL },
	{ "tunnels elsewhere", PAIRS, tunnel_far, "near the network 'of tunnels'" },
};

static bool test_row(size_t i)
{
	vn_error err = { 0 };
	int r;

	memset(&now, 0, sizeof(now));
	put(guests[rows[i].guest].json, guests[rows[i].guest].node_of_1,
	    guests[rows[i].guest].pins);
	rows[i].change();
	r = vn_placement_check(now.host, now.request, &now.options, &now.placement, &err);
	bool good = rows[i].says ? r == VN_E_RANGE && strstr(err.text, rows[i].says) : r == VN_OK;

	if (!good)
		print_message("# %s: %d, '%s'\n", rows[i].name, r, err.text);
	vn_request_free(now.request);
	vn_host_free(now.host);
	return good;
}

static void test_check(void **state)
{
	size_t bad = 0;

	(void)state;
	for (size_t i = 0; i < VN_LEN(rows); i++)
		bad += !test_row(i);
	assert_int_equal(bad, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_check),
	};

	return cmocka_run_group_tests_name("place_check", tests, NULL, NULL);
}
