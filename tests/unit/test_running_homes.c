/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Home nodes and locality, from threads and memory whose answer can be worked out by hand. */
#include "show_scenes.h"

static const uint64_t small[] = { 4 };

#define DOMAIN(inside)                                                                             \
	"<domain type='kvm'><name>g</name><memory unit='GiB'>4</memory><vcpu>4</vcpu>" inside      \
	"</domain>"
#define TWO_CELLS                                                                                  \
	"<cpu><numa><cell id='0' cpus='0-1' memory='2' unit='GiB'/>"                               \
	"<cell id='1' cpus='2-3' memory='2' unit='GiB'/></numa></cpu>"
static const char plain[] = DOMAIN("");
static const char bound_cells[] =
	DOMAIN("<numatune><memory mode='strict' nodeset='0-1'/>"
	       "<memnode cellid='0' mode='strict' nodeset='0'/>"
	       "<memnode cellid='1' mode='strict' nodeset='1'/></numatune>" TWO_CELLS);
static const char preferred[] =
	DOMAIN("<numatune><memory mode='preferred' nodeset='1'/></numatune>");

/* Four vCPUs with these CPUs, on a host of two nodes of four CPUs. */
static vn_guest *guest_with(vn_running *running, const char *xml, const char *const cpus[4])
{
	vn_guest *guest = add_guest(running, "g", xml);

	for (uint32_t vcpu = 0; vcpu < 4; vcpu++)
		add_thread(guest, VN_THREAD_VCPU, vcpu, cpus[vcpu], -1);
	add_thread(guest, VN_THREAD_EMULATOR, 0, "0-7", 7);
	return guest;
}

static const struct {
	const char *what;
	const char *xml;
	const char *cpus[4];
	uint64_t mib[2]; /* on each node; both 0: not measured */
	int32_t locality;
	const char *cpu_nodes, *mem_nodes;
} cases[] = {
	{ "all local", plain, { "0", "1", "2", "3" }, { 4096, 0 }, 1000, "0", "0" },
	{ "all remote", plain, { "0", "1", "2", "3" }, { 0, 4096 }, 0, "0", "1" },
	{ "a quarter remote",
	  plain,
	  { "0-3", "0-3", "0-3", "0-3" },
	  { 3072, 1024 },
	  750,
	  "0",
	  "0-1" },
	{ "the example of locality.c",
	  plain,
	  { "0-3", "0-7", "0-3", "0-7" },
	  { 3072, 1024 },
	  625,
	  "0-1",
	  "0-1" },
	{ "floating everywhere",
	  plain,
	  { "0-7", "0-7", "0-7", "0-7" },
	  { 4096, 0 },
	  500,
	  "0-1",
	  "0" },
	{ "one vCPU of four away", plain, { "0", "1", "2", "4" }, { 2000, 0 }, 750, "0-1", "0" },
	{ "95 % of the memory is most of it",
	  plain,
	  { "0", "1", "2", "3" },
	  { 950, 50 },
	  950,
	  "0",
	  "0" },
	{ "a cell's vCPUs are judged by its memory",
	  bound_cells,
	  { "0", "1", "4", "5" },
	  { 2048, 1024 },
	  1000,
	  "0-1",
	  "0-1" },
	{ "cells swapped", bound_cells, { "4", "5", "0", "1" }, { 2048, 2048 }, 0, "0-1", "0-1" },
	{ "a binding that the memory does not follow is not believed",
	  DOMAIN("<numatune><memory mode='strict' nodeset='0'/>"
		 "<memnode cellid='0' mode='strict' nodeset='0'/>"
		 "<memnode cellid='1' mode='strict' nodeset='0'/></numatune>" TWO_CELLS),
	  { "4", "5", "4", "5" },
	  { 1024, 3072 },
	  750,
	  "1",
	  "0" },
	{ "preferred memory is where it is",
	  preferred,
	  { "4", "5", "6", "7" },
	  { 4096, 0 },
	  0,
	  "1",
	  "0" },
	{ "preferred memory that is not measured",
	  preferred,
	  { "4", "5", "6", "7" },
	  { 0, 0 },
	  -1,
	  "1",
	  "1" },
	{ "CPUs not known", plain, { NULL, NULL, NULL, NULL }, { 4096, 0 }, -1, "0-1", "0" },
	{ "one vCPU known", plain, { NULL, "4", NULL, NULL }, { 1024, 3072 }, 750, "1", "0-1" },
	{ "memory not measured", plain, { "0", "1", "2", "3" }, { 0, 0 }, -1, "0", "" },
	{ "nothing touched yet", plain, { "0", "1", "2", "3" }, { UINT64_MAX, 0 }, -1, "0", "" },
	{ "CPUs that the host does not have",
	  plain,
	  { "100", "101", "100", "101" },
	  { 4096, 0 },
	  -1,
	  "0-1",
	  "0" },
};

static void nodes_are(vn_nodeset nodes, const char *expected)
{
	char text[64];

	vn_nodeset_format(&nodes, text, sizeof(text));
	assert_string_equal(text, expected);
}

static void test_case(void **state)
{
	size_t i = (size_t)(uintptr_t)*state;
	VN_AUTO(vn_running) running = running_on("synthetic:numa:2 core:4 pu:1");
	vn_guest *guest = guest_with(running, cases[i].xml, cases[i].cpus);
	bool none = cases[i].mib[0] == UINT64_MAX;
	uint64_t kib[2] = { none ? 0 : cases[i].mib[0] * MIB_KIB, cases[i].mib[1] * MIB_KIB };

	if (cases[i].mib[0] || cases[i].mib[1])
		set_memory(running, guest, 1, small, kib);
	assert_int_equal(vn_guest_locality(running, guest), cases[i].locality);
	nodes_are(vn_guest_cpu_nodes(running, guest), cases[i].cpu_nodes);
	nodes_are(vn_guest_mem_nodes(running, guest), cases[i].mem_nodes);
}

/* Memory in huge pages counts as much as any other. */
static void test_page_sizes(void **state)
{
	static const uint64_t sizes[] = { 4, 2048 };
	static const char *const cpus[4] = { "0", "1", "2", "3" };
	VN_AUTO(vn_running) running = running_on("synthetic:numa:2 core:4 pu:1");
	vn_guest *guest = guest_with(running, plain, cpus);
	const uint64_t kib[] = { 0, 1000, 3000, 0 };

	(void)state;
	set_memory(running, guest, 2, sizes, kib);
	assert_int_equal(vn_guest_locality(running, guest), 750);
}

/* Nothing but the configuration: a guest of another host. */
static void test_configured(void **state)
{
	VN_AUTO(vn_running) running = running_on("synthetic:numa:2 core:4 pu:1");
	vn_guest *guest = add_guest(running, "g",
				    DOMAIN("<cputune><vcpupin vcpu='0' cpuset='4'/>"
					   "<vcpupin vcpu='1' cpuset='5'/><vcpupin vcpu='2' "
					   "cpuset='6'/><vcpupin vcpu='3' cpuset='7'/></cputune>"));

	(void)state;
	nodes_are(vn_guest_cpu_nodes(running, guest), "1");
	assert_int_equal(vn_guest_locality(running, guest), -1);
}

int main(void)
{
	struct CMUnitTest tests[VN_LEN(cases) + 2];

	for (size_t i = 0; i < VN_LEN(cases); i++)
		tests[i] = (struct CMUnitTest){ .name = cases[i].what,
						.test_func = test_case,
						.initial_state = (void *)(uintptr_t)i };
	tests[VN_LEN(cases)] = (struct CMUnitTest)cmocka_unit_test(test_page_sizes);
	tests[VN_LEN(cases) + 1] = (struct CMUnitTest)cmocka_unit_test(test_configured);
	return cmocka_run_group_tests_name("running_homes", tests, NULL, NULL);
}
