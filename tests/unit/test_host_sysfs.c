/* SPDX-License-Identifier: LGPL-2.1-or-later
 * A copy of a machine's /sys and /proc, made here file by file, and this machine itself. */
#include "host_equal.h"
#include "tree.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static vn_host *read_root(void)
{
	vn_host *host = NULL;
	vn_error err = { 0 };

	if (vn_host_read(root, &host, &err) < 0)
		fail_msg("%s", err.text);
	assert_null(getenv("HWLOC_FSROOT")); /* set for the call, and for it alone */
	assert_round_trip(host);
	return host;
}

/* ---- machines ---- */

/* CPUs 0.. in pairs of siblings; `package` and the CPUs of it for each. */
static void put_cpus(int cpus, int per_package)
{
	for (int cpu = 0; cpu < cpus; cpu++) {
		unsigned core = 3u << (cpu & ~1), package = ((1u << per_package) - 1)
							    << cpu / per_package * per_package;
		const char *topology = "sys/devices/system/cpu/cpu%d/topology/%s";
		char text[32];

		putf("%d", cpu / per_package, topology, cpu, "physical_package_id");
		putf("%d", cpu / 2, topology, cpu, "core_id");
		snprintf(text, sizeof(text), "%x", core);
		putf(text, 0, topology, cpu, "thread_siblings");
		snprintf(text, sizeof(text), "%x", package);
		putf(text, 0, topology, cpu, "core_siblings");
	}
}

static void put_files(const char *const (*files)[2], size_t count)
{
	for (size_t i = 0; i < count; i++)
		put(files[i][0], files[i][1]);
}

#define NODE "sys/devices/system/node/"
#define CPU  "sys/devices/system/cpu/"
#define PCI  "sys/bus/pci/devices/"
#define NET  "sys/devices/pci0000:80/0000:80:01.0/0000:81:00.0/net/"
#define DISK "sys/devices/pci0000:00/0000:00:02.0/virtio1/block/vda"

/* clang-format off */
/* Node 2 has CPUs and no memory, node 3 memory and no CPUs; CPU 7 is off, CPU 9 could be plugged in;
 * CPUs 2 and 3 are isolated; a NIC under a bond under a bridge; a disk under LVM. */
static const char *const odd[][2] = {
	{ CPU "possible", "0-9" },
	{ CPU "present", "0-7" },
	{ CPU "online", "0-6" },
	{ CPU "offline", "7-9" },
	{ CPU "isolated", "2-3" },
	{ NODE "online", "0-3" },
	{ NODE "possible", "0-3" },
	{ NODE "node0/cpumap", "f" },
	{ NODE "node0/cpulist", "0-3" },
	{ NODE "node0/distance", "10 21 21 31" },
	{ NODE "node0/meminfo",
	  "Node 0 MemTotal:        1048576 kB\nNode 0 MemFree:          400000 kB\n"
	  "Node 0 Inactive:         200000 kB\nNode 0 Inactive(file):   100000 kB" },
	{ NODE "node0/hugepages/hugepages-2048kB/nr_hugepages", "100" },
	{ NODE "node0/hugepages/hugepages-2048kB/free_hugepages", "40" },
	{ NODE "node0/hugepages/hugepages-2048kB/surplus_hugepages", "0" },
	{ NODE "node0/hugepages/hugepages-1048576kB/nr_hugepages", "0" },
	{ NODE "node0/hugepages/hugepages-1048576kB/free_hugepages", "0" },
	{ NODE "node1/cpumap", "30" },
	{ NODE "node1/cpulist", "4-5" },
	{ NODE "node1/distance", "21 10 11 17" },
	{ NODE "node1/meminfo", "Node 1 MemTotal:  524288 kB\nNode 1 MemFree:  524000 kB" },
	{ NODE "node2/cpumap", "40" },
	{ NODE "node2/cpulist", "6" },
	{ NODE "node2/distance", "21 11 10 17" },
	{ NODE "node2/meminfo", "Node 2 MemTotal:  0 kB\nNode 2 MemFree:  0 kB" },
	{ NODE "node3/cpumap", "0" },
	{ NODE "node3/cpulist", "" },
	{ NODE "node3/distance", "31 17 17 10" },
	{ NODE "node3/meminfo", "Node 3 MemTotal:  262144 kB\nNode 3 MemFree:  262144 kB" },
	{ NODE "node3/access0/initiators/node1", "-> ../../../node1" },
	{ NODE "node3/access0/initiators/read_latency", "250" },
	{ NODE "node3/access0/initiators/read_bandwidth", "30720" },
	{ NODE "node3/access1/initiators/node1", "-> ../../../node1" },
	{ NODE "node3/access1/initiators/node0", "-> ../../../node0" },
	{ NODE "node3/access1/initiators/read_latency", "251" },
	{ PCI "0000:80:01.0/class", "0x060400" },
	{ PCI "0000:80:01.0/vendor", "0x1b36" },
	{ PCI "0000:81:00.0/class", "0x020000" },
	{ PCI "0000:81:00.0/vendor", "0x1af4" },
	{ PCI "0000:81:00.0/device", "0x1041" },
	{ PCI "0000:81:00.0/numa_node", "1" },
	{ PCI "0000:81:00.0/iommu_group", "-> ../../../../kernel/iommu_groups/12" },
	{ PCI "0000:00:02.0/class", "0x018000" },
	{ PCI "0000:00:02.0/vendor", "0x1af4" },
	{ PCI "0000:00:02.0/device", "0x1042" },
	{ PCI "0000:00:02.0/numa_node", "-1" },
	{ NET "eth0/upper_bond0", "-> ../../../../../virtual/net/bond0" },
	{ NET "eth0/address", "52:54:00:00:00:01" },
	{ "sys/class/net/eth0", "-> ../../devices/pci0000:80/0000:80:01.0/0000:81:00.0/net/eth0" },
	{ "sys/devices/virtual/net/bond0/upper_br0", "-> ../br0" },
	{ "sys/devices/virtual/net/bond0/lower_eth0", "-> ../eth0" },
	{ "sys/devices/virtual/net/br0/address", "52:54:00:00:00:01" },
	{ "sys/class/net/bond0", "-> ../../devices/virtual/net/bond0" },
	{ "sys/class/net/br0", "-> ../../devices/virtual/net/br0" },
	{ DISK "/holders/dm-0", "-> ../../../../../virtual/block/dm-0" },
	{ DISK "/vda1/partition", "1" },
	{ "sys/class/block/vda", "-> ../../devices/pci0000:00/0000:00:02.0/virtio1/block/vda" },
	{ "sys/class/block/vda1", "-> ../../devices/pci0000:00/0000:00:02.0/virtio1/block/vda/vda1" },
	{ "proc/meminfo", "MemTotal: 1835008 kB\nMemFree: 1186144 kB" },
};
/* clang-format on */

static void check_set(const vn_cpuset *set, const char *expected)
{
	char text[64];

	vn_cpuset_format(set, text, sizeof(text));
	assert_string_equal(text, expected);
}

static void test_odd_cpus(void **state)
{
	(void)state;
	put_cpus(8, 4);
	put_files(odd, VN_LEN(odd));

	VN_AUTO(vn_host) host = read_root();

	assert_int_equal(host->n_nodes, 4);
	assert_int_equal(host->n_cpus, 7);
	assert_int_equal(host->n_cores, 4);
	assert_int_equal(host->n_sockets, 2);
	check_set(&host->nodes[0].cpus, "0-1"); /* isolated CPUs are for pins alone */
	check_set(&host->nodes[0].pcpus, "0-3");
	check_set(&host->nodes[1].cpus, "4-5");
	check_set(&host->nodes[2].cpus, "6");
	check_set(&host->nodes[3].cpus, "");
	check_set(&host->offline, "7");
	check_set(&host->isolated, "2-3");
	assert_int_equal(host->cpus[5].core, 2);
	assert_int_equal(host->cpus[6].core, 3); /* its sibling is off */
	assert_int_equal(vn_host_distance(host, 0, 3), 31);
	assert_int_equal(vn_host_distance(host, 2, 1), 11);
}

static void test_odd_memory(void **state)
{
	(void)state;
	put_cpus(8, 4);
	put_files(odd, VN_LEN(odd));

	VN_AUTO(vn_host) host = read_root();
	const vn_node *node = &host->nodes[0];
	uint64_t ordinary = 1048576 - 100 * 2048;

	assert_int_equal(node->mem_kib, 1048576);
	assert_int_equal(node->cache_kib, 100000);
	assert_int_equal(node->mem_used_kib, ordinary - 500000 + 60 * 2048);
	assert_int_equal(node->n_pages, 3);
	assert_int_equal(node->pages[0].total, ordinary / 4);
	assert_int_equal(vn_node_free_kib(node), 500000);
	assert_int_equal(vn_node_free_kib(node) - node->cache_kib, 400000); /* numactl -H */
	assert_int_equal(node->pages[1].total, 100);
	assert_int_equal(node->pages[1].used, 60);
	assert_int_equal(node->pages[2].total, 0);
	assert_int_equal(host->nodes[2].mem_kib, 0);
	assert_int_equal(host->nodes[2].n_pages, 1);
	assert_int_equal(host->nodes[2].pages[0].total, 0);
	assert_int_equal(host->nodes[3].mem_kib, 262144);
	assert_int_equal(host->latency_ns[1 * 4 + 3], 250); /* access0 before access1 */
	assert_int_equal(host->latency_ns[0 * 4 + 3], 251);
	assert_int_equal(host->bandwidth_mibs[1 * 4 + 3], 30720);
	assert_int_equal(host->latency_ns[3 * 4 + 1], 0);
}

static void test_odd_devices(void **state)
{
	(void)state;
	put_cpus(8, 4);
	put_files(odd, VN_LEN(odd));

	VN_AUTO(vn_host) host = read_root();
	const vn_device *nic = vn_host_device_named(host, "br0");

	assert_int_equal(host->n_devices, 2); /* no bridge */
	assert_non_null(nic);
	assert_int_equal(nic->address.bus, 0x81);
	assert_int_equal(nic->vendor, 0x1af4);
	assert_int_equal(nic->product, 0x1041);
	assert_int_equal(nic->class_id, 0x200);
	assert_int_equal(nic->node_ix, 1);
	assert_int_equal(nic->iommu_group, 12);
	assert_int_equal(nic->n_names, 3);
	assert_string_equal(nic->names[0], "eth0");
	assert_string_equal(nic->names[1], "bond0");
	assert_int_equal(host->devices[0].node_ix, -1);
	assert_int_equal(host->devices[0].iommu_group, -1);
	assert_ptr_equal(vn_host_device_named(host, "vda1"), &host->devices[0]);
	assert_ptr_equal(vn_host_device_named(host, "dm-0"), &host->devices[0]);
}

/* A kernel without NUMA: no node folder, so the whole machine is node 0. */
static void test_no_numa(void **state)
{
	/* clang-format off */
	static const char *const files[][2] = {
		{ CPU "possible", "0-1" },
		{ CPU "present", "0-1" },
		{ CPU "online", "0-1" },
		{ "proc/meminfo", "MemTotal:        2097152 kB\nMemFree:         1000000 kB\nInactive(file):    48576 kB" },
		{ "sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages", "10" },
		{ "sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages", "8" },
		{ "sys/kernel/mm/hugepages/hugepages-2048kB/resv_hugepages", "3" },
	};
	/* clang-format on */

	(void)state;
	put_cpus(2, 2);
	put_files(files, VN_LEN(files));

	VN_AUTO(vn_host) host = read_root();

	assert_int_equal(host->n_nodes, 1);
	assert_int_equal(host->nodes[0].id, 0);
	assert_int_equal(host->n_cores, 1);
	assert_int_equal(host->nodes[0].mem_kib, 2097152);
	assert_int_equal(vn_node_free_kib(&host->nodes[0]), 1048576);
	assert_int_equal(vn_pages_free(vn_node_pages(&host->nodes[0], 2048)), 5);
	assert_int_equal(vn_node_pages(&host->nodes[0], 2048)->reserved, 3);
}

/* Files that are nonsense leave their fields alone; nothing fails, nothing hangs. */
static void test_nonsense(void **state)
{
	/* clang-format off */
	static const char *const files[][2] = {
		{ CPU "online", "0-1" },
		{ CPU "present", "0-1" },
		{ CPU "offline", "1,x" },
		{ NODE "online", "0" },
		{ NODE "node0/cpumap", "3" },
		{ NODE "node0/cpulist", "0-99999" },
		{ NODE "node0/meminfo", "Node 0 MemTotal: 100 kB\nNode 0 MemFree: 5000 kB\nNode 0 Inactive(file): 18446744073709551616 kB" },
		{ NODE "node0/hugepages/hugepages-2048kB/nr_hugepages", "18446744073709551615" },
		{ NODE "node0/hugepages/hugepages-3kB/nr_hugepages", "x" },
		{ NODE "node0/hugepages/hugepages-99999999999999999999kB/nr_hugepages", "1" },
		{ NODE "node0/access0/initiators/node77", "-> nowhere" },
		{ NODE "node0/access0/initiators/nodeX", "-> nowhere" },
		{ NODE "node0/access0/initiators/read_latency", "-1" },
		{ PCI "rubbish/class", "0x020000" },
		{ PCI "0000:00:01.0/class", "2" },
		{ PCI "0000:00:01.0/numa_node", "5000" },
		{ PCI "0000:00:01.0/iommu_group", "-> loop" },
		{ "sys/class/net/e\tth", "-> ../../devices/0000:00:01.0/net/x" },
		{ "sys/class/net/eth0", "-> ../../devices/0000:00:01.0/net/eth0" },
		{ "sys/devices/0000:00:01.0/net/eth0/upper_eth0", "-> ." },
	};
	/* clang-format on */
	char fifo[128];

	(void)state;
	put_cpus(2, 2);
	put_files(files, VN_LEN(files));
	snprintf(fifo, sizeof(fifo), "%s/" CPU "isolated", root);
	assert_int_equal(mkfifo(fifo, 0600), 0);

	VN_AUTO(vn_host) host = read_root();

	assert_int_equal(host->n_nodes, 1);
	assert_int_equal(host->n_cpus, 2);
	assert_int_equal(host->nodes[0].mem_kib, 100);
	assert_int_equal(host->nodes[0].mem_used_kib, 0);
	assert_int_equal(host->nodes[0].n_pages, 1);
	assert_int_equal(host->n_devices, 1);
	assert_int_equal(host->devices[0].n_names, 1);
	assert_null(host->latency_ns);
}

static void test_not_a_root(void **state)
{
	vn_host *host = NULL;
	char expected[256];
	vn_error err;

	(void)state;
	assert_int_equal(vn_host_read(root, &host, &err), VN_E_INPUT);
	snprintf(expected, sizeof(expected),
		 "%s: is a folder without sys/devices/system, so not a copy of a host's /sys",
		 root);
	assert_message(&err, expected);
	put(CPU "nothing", "");
	assert_int_equal(vn_host_read(root, &host, &err), VN_E_INPUT);
	snprintf(expected, sizeof(expected), "%s: hwloc finds no machine in %s", root, root);
	assert_message(&err, expected);
	assert_null(host);
}

/* This machine: sane, and with the memory that the kernel says. */
static void test_live(void **state)
{
	VN_AUTO(vn_host) host = NULL;
	vn_error err = { 0 };

	(void)state;
	if (vn_host_read("live", &host, &err) < 0)
		fail_msg("%s", err.text);
	assert_round_trip(host);
	assert_string_equal(host->source, "live");
	assert_true(host->nodes[0].mem_kib > 0);
	assert_int_equal(host->n_cpus <= (uint32_t)sysconf(_SC_NPROCESSORS_CONF), true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_odd_cpus, make_root, remove_root),
		cmocka_unit_test_setup_teardown(test_odd_memory, make_root, remove_root),
		cmocka_unit_test_setup_teardown(test_odd_devices, make_root, remove_root),
		cmocka_unit_test_setup_teardown(test_no_numa, make_root, remove_root),
		cmocka_unit_test_setup_teardown(test_nonsense, make_root, remove_root),
		cmocka_unit_test_setup_teardown(test_not_a_root, make_root, remove_root),
		cmocka_unit_test(test_live),
	};

	return cmocka_run_group_tests_name("host_sysfs", tests, NULL, NULL);
}
