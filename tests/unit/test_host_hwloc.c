/* SPDX-License-Identifier: LGPL-2.1-or-later
 * hwloc XML and hwloc's synthetic notation: what they mean, compared with hwloc itself, and every
 * message about what they must not hold. */
#include "host_equal.h"

#include <hwloc.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

/* A machine of one node and two CPUs, with more in the machine, and more beside it. */
#define TOPOLOGY(in, after)                                                                        \
	"<topology version='2.0'>\n<object type='Machine' cpuset='0x3' complete_cpuset='0x7' "     \
	"nodeset='0x1'>\n<object type='NUMANode' os_index='0' cpuset='0x3' gp_index='5' "          \
	"local_memory='4096'/>\n<object type='PU' os_index='0'/><object type='PU' os_index='1'/>"  \
	"\n" in "</object>\n" after "</topology>"
#define SLIT(numbers, values)                                                                      \
	"<distances2 type='NUMANode' name='NUMALatency' indexing='os' "                            \
	"nbobjs='1'>\n<indexes>" numbers "</indexes>\n<u64values>" values                          \
	"</u64values></distances2>"
#define PCI(attributes) "<object type='PCIDev' " attributes "/>"

/* clang-format off */
static const struct bad_host bad[] = {
	/* the document */
	{ "<topology><object type='Machine'/></topology>",
	  "x.xml:1: hwloc XML of version '1' (legal: 2.x, as hwloc 2 writes it)", VN_E_SYNTAX },
	{ "<topology version='3.0'/>",
	  "x.xml:1: hwloc XML of version '3.0' (legal: 2.x, as hwloc 2 writes it)", VN_E_SYNTAX },
	{ "<topology version='2.0'/>",
	  "x.xml:1: a host without nodes", VN_E_RANGE },
	{ TOPOLOGY("<object/>", ""),
	  "x.xml:5: <object> has no attribute 'type'", VN_E_SYNTAX },
	/* CPUs and nodes */
	{ TOPOLOGY("<object type='PU'/>", ""),
	  "x.xml:5: <object> has no attribute 'os_index'", VN_E_SYNTAX },
	{ TOPOLOGY("<object type='PU' os_index='8192'/>", ""),
	  "x.xml:5: <object os_index='8192'>: 8192 is more than the largest, 8191", VN_E_RANGE },
	{ TOPOLOGY("<object type='PU' os_index='1'/>", ""),
	  "x.xml:5: PU 1 is there twice", VN_E_RANGE },
	{ TOPOLOGY("<object type='NUMANode'/>", ""),
	  "x.xml:5: <object> has no attribute 'os_index'", VN_E_SYNTAX },
	{ TOPOLOGY("<object type='NUMANode' os_index='1024'/>", ""),
	  "x.xml:5: <object os_index='1024'>: 1024 is more than the largest, 1023", VN_E_RANGE },
	{ TOPOLOGY("<object type='NUMANode' os_index='0'/>", ""),
	  "x.xml:5: node 0 is there twice", VN_E_RANGE },
	{ TOPOLOGY("<object type='NUMANode' os_index='1' cpuset='0xg'/>", ""),
	  "x.xml:5: cpuset='0xg' is not a mask (legal: 0x00000001,0xffffffff)", VN_E_SYNTAX },
	{ TOPOLOGY("<object type='NUMANode' os_index='1' cpuset='0xf...f'/>", ""),
	  "x.xml:5: cpuset='0xf...f' has CPUs above the largest, 8191", VN_E_RANGE },
	{ TOPOLOGY("<object type='NUMANode' os_index='1' local_memory='18446744073709551616'/>", ""),
	  "x.xml:5: <object local_memory='18446744073709551616'>: 18446744073709551616 is more than the largest, 18446744073709551615", VN_E_RANGE },
	{ TOPOLOGY("<object type='NUMANode' os_index='1'><page_type size='4096'/></object>", ""),
	  "x.xml:5: <page_type> has no attribute 'count'", VN_E_SYNTAX },
	{ TOPOLOGY("<object type='NUMANode' os_index='1'><page_type size='1023' count='1'/></object>", ""),
	  "x.xml:5: a page size of 0 KiB is not a power of two", VN_E_RANGE },
	/* groups */
	{ TOPOLOGY("<object type='Core' cpuset='3'/><object type='Core' cpuset='1'/>", ""),
	  "x.xml:5: CPU 0 is in two different sets of siblings", VN_E_RANGE },
	{ TOPOLOGY("<object type='Package' cpuset='0x1,'/>", ""),
	  "x.xml:5: cpuset='0x1,' is not a mask (legal: 0x00000001,0xffffffff)", VN_E_SYNTAX },
	{ TOPOLOGY("<object type='Package' os_index='a' cpuset='0x1'/>", ""),
	  "x.xml:5: <object os_index='a'>: 'a' stands where a number belongs", VN_E_SYNTAX },
	/* between nodes */
	{ TOPOLOGY("", SLIT("0", "")),
	  "x.xml:8: <u64values>: 0 numbers where 1 belong", VN_E_RANGE },
	{ TOPOLOGY("", SLIT("0 1", "10")),
	  "x.xml:7: <indexes>: more than 1 numbers", VN_E_RANGE },
	{ TOPOLOGY("", SLIT("0", "x")),
	  "x.xml:8: <u64values>: 'x' stands where a number belongs", VN_E_SYNTAX },
	{ TOPOLOGY("", SLIT("4", "10")),
	  "x.xml:6: distances of node 4, which is not there", VN_E_RANGE },
	{ TOPOLOGY("", "<distances2 type='NUMANode' name='NUMALatency' indexing='os' nbobjs='4096'/>"),
	  "x.xml:6: <distances2 nbobjs='4096'>: 4096 is more than the largest, 1", VN_E_RANGE },
	{ TOPOLOGY("", "<memattr name='Latency'><memattr_value target_obj_type='NUMANode' initiator_cpuset='0x3' value='1'/></memattr>"),
	  "x.xml:6: <memattr_value> has no attribute 'target_obj_gp_index'", VN_E_SYNTAX },
	{ TOPOLOGY("", "<memattr name='Latency'><memattr_value target_obj_type='NUMANode' target_obj_gp_index='5' initiator_cpuset='x' value='1'/></memattr>"),
	  "x.xml:6: initiator_cpuset='x' is not a mask of CPUs", VN_E_SYNTAX },
	/* devices */
	{ TOPOLOGY(PCI(""), ""),
	  "x.xml:5: <object> has no attribute 'pci_busid'", VN_E_SYNTAX },
	{ TOPOLOGY(PCI("pci_busid='0:1:2'"), ""),
	  "x.xml:5: '0:1:2' is not a PCI address (legal: 0000:3b:00.1)", VN_E_SYNTAX },
	{ TOPOLOGY(PCI("pci_busid='0000:00:1f.2' pci_type='network'"), ""),
	  "x.xml:5: pci_type='network' is not of the form '0200 [8086:1572]'", VN_E_SYNTAX },
};
/* clang-format on */

static void test_bad(void **state)
{
	(void)state;
	assert_all_refused("x.xml", bad, VN_LEN(bad));
}

static vn_host *read_good(const char *document)
{
	return read_good_host("x.xml", document);
}

/* Nodes that are near the same CPUs: the CPUs are of the node with the fewest, then the lowest. */
static void test_near(void **state)
{
	VN_AUTO(vn_host) host = read_good(
		"<topology version='2.0'><object type='Machine' cpuset='0xf'>"
		"<object type='Package' os_index='9' cpuset='0xf'>"
		"<object type='NUMANode' os_index='1' cpuset='0xf' local_memory='1048576'/>"
		"<object type='NUMANode' os_index='7' cpuset='0x3' subtype='GPUMemory'/>"
		"<object type='NUMANode' os_index='4' cpuset='0x3' local_memory='2097152'/>"
		"<object type='Core' cpuset='0x6'><object type='PU' os_index='2'/></object>"
		"<object type='PU' os_index='0'/><object type='PU' os_index='1'/>"
		"<object type='PU' os_index='3'/></object></object></topology>");

	(void)state;
	assert_int_equal(host->cpus[0].node_ix, 1);
	assert_int_equal(host->cpus[1].node_ix, 1);
	assert_int_equal(host->cpus[2].node_ix, 0);
	assert_int_equal(host->cpus[3].node_ix, 0);
	assert_int_equal(host->nodes[1].mem_kib, 2048);
	assert_int_equal(host->nodes[2].id, 7);
	assert_true(host->nodes[2].gpu_memory);
	assert_int_equal(host->nodes[2].socket, 9);
	assert_int_equal(host->n_sockets, 1);
	assert_int_equal(host->n_cores, 4); /* a core ends at its node */
}

static void test_values(void **state)
{
	VN_AUTO(vn_host) host = read_good(
		TOPOLOGY("<object type='Bridge'><object type='PCIDev' pci_busid='0000:03:00.0' "
			 "pci_type='0200 [8086:1572] [0:0] 01'><object type='OSDev' name='eth0' "
			 "osdev_type='2'/><object type='OSDev' name='mlx5_0' "
			 "osdev_type='3'/></object></object>",
			 "<distances2 type='NUMANode' name='NUMALatency' indexing='os' nbobjs='1'>"
			 "<indexes>0 </indexes><u64values>\n10 </u64values></distances2>"
			 "<memattr name='Latency'><memattr_value target_obj_type='NUMANode' "
			 "target_obj_gp_index='5' initiator_cpuset='0xf' value='80'/></memattr>"
			 "<memattr name='Bandwidth'><memattr_value target_obj_type='NUMANode' "
			 "target_obj_gp_index='5' initiator_cpuset='0x1' value='99'/></memattr>"));

	(void)state;
	assert_true(vn_cpuset_has(&host->offline, 2));
	assert_int_equal(vn_cpuset_count(&host->offline), 1);
	assert_int_equal(host->slit[0], 10);
	assert_int_equal(host->latency_ns[0], 80);
	assert_int_equal(host->bandwidth_mibs[0], 0); /* of half of the node's CPUs: of no node */
	assert_int_equal(host->n_devices, 1);
	assert_int_equal(host->devices[0].class_id, 0x200);
	assert_int_equal(host->devices[0].vendor, 0x8086);
	assert_int_equal(host->devices[0].product, 0x1572);
	assert_int_equal(host->devices[0].n_names, 1);
	assert_string_equal(host->devices[0].names[0], "eth0");
}

/* A user's own matrix under the same name is no SLIT. */
static void test_no_slit(void **state)
{
	VN_AUTO(vn_host) host = read_good(TOPOLOGY("", SLIT("0", "1")));

	(void)state;
	assert_null(host->slit);
}

/* ---- synthetic, with hwloc as the judge ---- */

static const char *const shapes[] = {
	"pack:2 [numa(memory=16GB)] l3:2 core:2 pu:2",
	"4 2 2",
	"numa:3 core:5 pu:1",
	"pack:2 die:2 [numa(memory=1073741824)] core:3 pu:4",
	"[numa(memory=3GB)] pack:2 [numa(memory=1GB)] core:4 pu:2",
	"pack:64 [numa(memory=8589934592)] core:8 pu:2",
	"pack:2 numa:4 core:4 pu:2(indexes=2*16:1*2)",
	"pu:1",
};

static unsigned count(hwloc_topology_t topology, hwloc_obj_type_t type)
{
	return (unsigned)hwloc_get_nbobjs_by_type(topology, type);
}

static void compare(const vn_host *host, hwloc_topology_t topology)
{
	hwloc_obj_t object = NULL;

	assert_int_equal(host->n_nodes, count(topology, HWLOC_OBJ_NUMANODE));
	assert_int_equal(host->n_l3, count(topology, HWLOC_OBJ_L3CACHE));
	if (count(topology, HWLOC_OBJ_PACKAGE))
		assert_int_equal(host->n_sockets, count(topology, HWLOC_OBJ_PACKAGE));
	if (count(topology, HWLOC_OBJ_DIE))
		assert_int_equal(host->n_dies, count(topology, HWLOC_OBJ_DIE));
	if (count(topology, HWLOC_OBJ_CORE))
		assert_int_equal(host->n_cores, count(topology, HWLOC_OBJ_CORE));
	while ((object = hwloc_get_next_obj_by_type(topology, HWLOC_OBJ_NUMANODE, object))) {
		int node_ix = vn_host_node_ix(host, object->os_index);
		uint64_t kib = object->attr->numanode.local_memory / 1024;

		assert_true(node_ix >= 0);
		assert_int_equal(host->nodes[node_ix].mem_kib, kib);
		assert_int_equal(host->nodes[node_ix].mem_used_kib, 0);
		VN_CPUSET_EACH(cpu, &host->nodes[node_ix].cpus)
			assert_true(hwloc_bitmap_isset(object->cpuset, (unsigned)cpu));
	}
	while ((object = hwloc_get_next_obj_by_type(topology, HWLOC_OBJ_CORE, object))) {
		int first = hwloc_bitmap_first(object->cpuset);
		vn_cpuset core = vn_host_core_cpus(host, host->cpus[first].core);

		assert_int_equal(vn_cpuset_count(&core), hwloc_bitmap_weight(object->cpuset));
		VN_CPUSET_EACH(cpu, &core)
			assert_true(hwloc_bitmap_isset(object->cpuset, (unsigned)cpu));
	}
}

static void test_synthetic(void **state)
{
	(void)state;
	for (size_t i = 0; i < VN_LEN(shapes); i++) {
		VN_AUTO(vn_host) host = NULL;
		hwloc_topology_t topology;
		vn_error err = { 0 };
		char source[128];

		print_message("# %s\n", shapes[i]);
		snprintf(source, sizeof(source), "synthetic:%s", shapes[i]);
		if (vn_host_read(source, &host, &err) < 0)
			fail_msg("%s", err.text);
		assert_round_trip(host);
		assert_int_equal(hwloc_topology_init(&topology), 0);
		assert_int_equal(hwloc_topology_set_synthetic(topology, shapes[i]), 0);
		assert_int_equal(hwloc_topology_load(topology), 0);
		compare(host, topology);
		hwloc_topology_destroy(topology);
	}
}

/* Standard error into a file; back again, with how much was written. */
static int to_file(int *before)
{
	int file = memfd_create("stderr", 0);

	*before = dup(STDERR_FILENO);
	assert_true(file >= 0 && *before >= 0);
	fflush(stderr);
	assert_int_equal(dup2(file, STDERR_FILENO), STDERR_FILENO);
	return file;
}

static long long to_terminal(int file, int before)
{
	long long size;

	fflush(stderr);
	dup2(before, STDERR_FILENO);
	size = lseek(file, 0, SEEK_END);
	close(before);
	close(file);
	return size;
}

/* Each is our own error, and nothing is printed. */
static void test_bad_synthetic(void **state)
{
	/* clang-format off */
	static const char *const rows[][2] = {
		{"foo:2",		   "synthetic: 'foo:2' is not hwloc's notation (legal: \"pack:2 "
			   "[numa(memory=16GB)] core:4 pu:2\")"			},
		{ "",		       "synthetic: '' is not hwloc's notation (legal: \"pack:2 "
		      "[numa(memory=16GB)] core:4 pu:2\")"				   },
		{ "pack:2 pu:0",		 "synthetic: 'pack:2 pu:0' is not hwloc's notation (legal: "
				 "\"pack:2 [numa(memory=16GB)] core:4 pu:2\")"},
		{ "pack:9 core:1000",	      "synthetic: '1000' makes more than 8192 CPUs"			    },
		{ "4 99999999999999999999", "synthetic: '99999999999999999999' makes more than "
					    "8192 CPUs"		},
	};
	/* clang-format on */

	(void)state;
	for (size_t i = 0; i < VN_LEN(rows); i++) {
		vn_host *host = NULL;
		char source[128];
		int before, file = to_file(&before), r;
		vn_error err;

		snprintf(source, sizeof(source), "synthetic:%s", rows[i][0]);
		r = vn_host_read(source, &host, &err);
		assert_int_equal(to_terminal(file, before), 0);
		assert_true(r < 0);
		assert_null(host);
		assert_message(&err, rows[i][1]);
	}
}

/* What a user has set for hwloc does not change what is read, and is there afterwards. */
static void test_environment(void **state)
{
	VN_AUTO(vn_host) host = NULL;
	vn_error err;

	(void)state;
	setenv("HWLOC_SYNTHETIC", "numa:7 pu:1", 1);
	setenv("HWLOC_COMPONENTS", "no_os,stop", 1);
	unsetenv("HWLOC_FSROOT");
	assert_int_equal(vn_host_read("synthetic:numa:2 pu:2", &host, &err), VN_OK);
	assert_int_equal(host->n_nodes, 2);
	assert_string_equal(getenv("HWLOC_SYNTHETIC"), "numa:7 pu:1");
	assert_string_equal(getenv("HWLOC_COMPONENTS"), "no_os,stop");
	assert_null(getenv("HWLOC_FSROOT"));
	assert_null(getenv("HWLOC_HIDE_ERRORS"));
	unsetenv("HWLOC_SYNTHETIC");
	unsetenv("HWLOC_COMPONENTS");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bad),	    cmocka_unit_test(test_near),
		cmocka_unit_test(test_values),	    cmocka_unit_test(test_no_slit),
		cmocka_unit_test(test_synthetic),   cmocka_unit_test(test_bad_synthetic),
		cmocka_unit_test(test_environment),
	};

	return cmocka_run_group_tests_name("host_hwloc", tests, NULL, NULL);
}
