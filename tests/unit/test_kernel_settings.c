/* SPDX-License-Identifier: LGPL-2.1-or-later
 * The kernel's settings, from trees that are made here and from this machine. */
#include "tree.h"

#include "kernel/kernel.h"

static vn_kernel *read_kernel(const char *from, vn_arena *arena)
{
	vn_kernel *kernel = NULL;
	vn_error err = { 0 };

	if (vn_kernel_read(from, arena, &kernel, &err) < 0)
		fail_msg("%s", err.text);
	return kernel;
}

static void cpus_are(const vn_cpuset *set, const char *expected)
{
	char text[256];

	vn_cpuset_format(set, text, sizeof(text));
	assert_string_equal(text, expected);
}

#define CPU   "sys/devices/system/cpu/"
#define MM    "sys/kernel/mm/"
#define GROUP "sys/fs/cgroup/machine.slice/"

static const char *const files[][2] = {
	{ "proc/sys/kernel/osrelease", "6.1.0-18-amd64" },
	{ "proc/cmdline", "quiet isolcpus=2-3 default_hugepagesz=1G" },
	{ "proc/sys/kernel/numa_balancing", "1" },
	{ "proc/sys/vm/zone_reclaim_mode", "0" },
	{ "proc/sys/vm/swappiness", "60" },
	{ MM "ksm/run", "1" },
	{ MM "ksm/merge_across_nodes", "0" },
	{ MM "transparent_hugepage/enabled", "always [madvise] never" },
	{ MM "transparent_hugepage/defrag", "always defer defer+madvise madvise [never]" },
	{ MM "hugepages/hugepages-1048576kB/nr_overcommit_hugepages", "2" },
	{ MM "hugepages/hugepages-2048kB/nr_overcommit_hugepages", "0" },
	{ MM "hugepages/hugepages-2048kB/surplus_hugepages", "7" },
	{ MM "hugepages/hugepages-0kB/surplus_hugepages", "7" },
	{ MM "hugepages/hugepages-xkB/surplus_hugepages", "7" },
	{ CPU "online", "0-5,7" },
	{ CPU "isolated", "2-3" },
	{ CPU "nohz_full", " (null)" },
	{ CPU "cpu0/cpufreq/scaling_governor", "performance" },
	{ CPU "cpu7/cpufreq/scaling_governor", "performance" },
	{ GROUP "cgroup.controllers", "cpuset cpu io memory" },
	{ GROUP "cpuset.cpus.effective", "0-3" },
	{ GROUP "cpuset.mems.effective", "0" },
	{ GROUP "cpuset.cpus.partition", "member" },
	{ "proc/mounts", "none /dev/hugepages hugetlbfs rw,relatime,pagesize=1024M 0 0\n"
			 "none /mnt/pagesize=2M tmpfs rw 0 0\n"
			 "resctrl /sys/fs/resctrl resctrl rw 0 0" },
	{ "proc/1/comm", "systemd" },
	{ "proc/20/comm", "irqbalance" },
	{ "proc/30/comm", "numad-like" },
	{ "proc/irq/24/smp_affinity_list", "0-1" },
	{ "proc/irq/24/virtio0-input/x", "" },
	{ "proc/irq/25/smp_affinity_list", "0-5,7" },
};

static void test_tree(void **state)
{
	VN_AUTO(vn_arena) arena = vn_arena_new();
	const vn_kernel *k;

	(void)state;
	for (size_t i = 0; i < VN_LEN(files); i++)
		put(files[i][0], files[i][1]);
	k = read_kernel(root, arena);
	assert_string_equal(k->release, "6.1.0-18-amd64");
	assert_string_equal(k->cmdline, files[1][1]);
	assert_string_equal(k->numa_balancing, "1");
	assert_string_equal(k->zone_reclaim_mode, "0");
	assert_string_equal(k->swappiness, "60");
	assert_string_equal(k->ksm_run, "1");
	assert_string_equal(k->ksm_merge_across_nodes, "0");
	assert_string_equal(k->thp_enabled, "madvise");
	assert_string_equal(k->thp_defrag, "never");
	assert_string_equal(k->governor, "performance");
	assert_true(k->online_known && k->isolated_known);
	cpus_are(&k->online, "0-5,7");
	cpus_are(&k->isolated, "2-3");
	assert_int_equal(k->n_hugetlb, 2);
	assert_int_equal(k->hugetlb_size_kib[0], 2048);
	assert_int_equal(k->hugetlb_size_kib[1], 1048576);
	assert_string_equal(k->surplus[0], "7");
	assert_null(k->surplus[1]);
	assert_string_equal(k->nr_overcommit[1], "2");
	assert_false(k->hugetlbfs_mounted[0]);
	assert_true(k->hugetlbfs_mounted[1]);
	assert_true(k->resctrl_mounted);
	assert_true(k->machine_slice_known && k->cpuset_controller);
	cpus_are(&k->machine_cpus, "0-3");
	assert_true(vn_nodeset_has(&k->machine_mems, 0));
	assert_string_equal(k->machine_partition, "member");
	assert_true(k->numad_known && !k->numad_running && k->irqbalance_running);
	assert_true(k->irq_known);
	cpus_are(&k->irq_cpus, "0-1"); /* nothing handles interrupt 25 */
	assert_null(k->not_allowed);
}

/* What is not there is not known, and nothing else. */
static void test_empty(void **state)
{
	VN_AUTO(vn_arena) arena = vn_arena_new();
	const vn_kernel *k = read_kernel(root, arena);

	(void)state;
	assert_null(k->release);
	assert_null(k->thp_enabled);
	assert_null(k->governor);
	assert_null(k->not_allowed);
	assert_false(k->online_known || k->isolated_known || k->nohz_full_known);
	assert_false(k->machine_slice_known || k->cpuset_controller || k->numad_known);
	assert_false(k->irq_known || k->resctrl_mounted);
	assert_int_equal(k->n_hugetlb, 0);
}

static void test_variants(void **state)
{
	VN_AUTO(vn_arena) arena = vn_arena_new();
	const vn_kernel *k;

	(void)state;
	put(CPU "online", "0-1");
	put(CPU "isolated", "");
	put(CPU "nohz_full", "(null)");
	put(CPU "cpu0/cpufreq/scaling_governor", "powersave");
	put(CPU "cpu1/cpufreq/scaling_governor", "performance");
	put("proc/5/comm", "numad");
	put("sys/fs/cgroup/cpuset/machine/cpuset.effective_cpus", "0");
	put("sys/fs/cgroup/cpuset/machine/cpuset.effective_mems", "0-1");
	put(MM "transparent_hugepage/enabled", "not in brackets");
	k = read_kernel(root, arena);
	assert_string_equal(k->governor, "mixed");
	assert_true(k->isolated_known && vn_cpuset_is_empty(&k->isolated));
	assert_true(k->nohz_full_known && vn_cpuset_is_empty(&k->nohz_full));
	assert_true(k->numad_running);
	assert_true(k->machine_slice_known && k->cpuset_controller);
	assert_int_equal(vn_nodeset_count(&k->machine_mems), 2);
	assert_null(k->machine_partition);
	assert_string_equal(k->thp_enabled, "not in brackets");
}

/* Files that hold anything at all. */
static void test_hostile(void **state)
{
	VN_AUTO(vn_arena) arena = vn_arena_new();
	char path[128];
	const vn_kernel *k;

	(void)state;
	put(CPU "online", "0-99999999999");
	put(CPU "isolated", "5-1");
	put(MM "transparent_hugepage/enabled", "]always[");
	put("proc/mounts", "hugetlbfs\nx y hugetlbfs\nx y hugetlbfs pagesize=\nx y hugetlbfs "
			   "pagesize=99999999999999999999\n\n");
	put(GROUP "cpuset.cpus.effective", "x");
	put(GROUP "cpuset.mems.effective", "0");
	snprintf(path, sizeof(path), "%s/proc/cmdline", root);
	assert_int_equal(mkfifo(path, 0600), 0);
	k = read_kernel(root, arena);
	assert_false(k->online_known || k->isolated_known || k->machine_slice_known);
	assert_string_equal(k->thp_enabled, "]always[");
	assert_true(!k->cmdline || !*k->cmdline);
}

static void test_missing_root(void **state)
{
	VN_AUTO(vn_arena) arena = vn_arena_new();
	vn_kernel *kernel = NULL;
	vn_error err = { 0 };

	(void)state;
	assert_int_equal(vn_kernel_read("/no/such/folder", arena, &kernel, &err), VN_E_INPUT);
	assert_string_equal(err.text, "cannot be opened: No such file or directory");
	assert_null(kernel);
}

static void test_this_machine(void **state)
{
	VN_AUTO(vn_arena) arena = vn_arena_new();
	const vn_kernel *k = read_kernel("/", arena);

	(void)state;
	assert_non_null(k->release);
	assert_true(k->online_known);
	assert_false(vn_cpuset_is_empty(&k->online));
	assert_true(k->numad_known);
}

#define TREE_TEST(function) cmocka_unit_test_setup_teardown(function, make_root, remove_root)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TREE_TEST(test_tree),
		TREE_TEST(test_empty),
		TREE_TEST(test_variants),
		TREE_TEST(test_hostile),
		cmocka_unit_test(test_missing_root),
		cmocka_unit_test(test_this_machine),
	};

	return cmocka_run_group_tests_name("kernel_settings", tests, NULL, NULL);
}
