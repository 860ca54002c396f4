/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Every file of tests/hosts: it is read, keeps the facts of its README, and comes back equal from
 * JSON. And every kind of SOURCE, legal or not. */
#include "host_equal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static char *in_hosts(const char *name, char *to, size_t size)
{
	const char *folder = getenv("VNUMA_HOSTS");

	assert_non_null(folder);
	snprintf(to, size, "%s/%s", folder, name);
	return to;
}

static vn_host *read_host(const char *source)
{
	vn_host *host = NULL;
	vn_error err = { 0 };
	char text[512];

	if (vn_host_read(source, &host, &err) < 0)
		fail_msg("%s", vn_error_format(&err, text, sizeof(text)));
	assert_round_trip(host);
	return host;
}

/* ---- copies of a /sys ---- */

static int remove_one(const char *path, const struct stat *info, int kind, struct FTW *at)
{
	(void)info;
	(void)kind;
	(void)at;
	return remove(path);
}

static const char *const unused_files[] = {
	"memory[0-9]*",	       "power",
	"number_of_sets",      "ways_of_associativity",
	"coherency_line_size", "physical_line_partition",
};

static bool unpack(const char *archive, char *folder)
{
	char exclude[VN_LEN(unused_files)][64];
	char *argv[7 + VN_LEN(unused_files)] = { (char *)"tar", (char *)"xjf", (char *)archive,
						 (char *)"-C", folder };
	size_t n = 5;
	int status = -1;
	pid_t pid;

	for (size_t i = 0; i < VN_LEN(unused_files); i++) {
		snprintf(exclude[i], sizeof(exclude[i]), "--exclude=%s", unused_files[i]);
		argv[n++] = exclude[i];
	}
	argv[n] = (char *)"--strip-components=1";
	if (posix_spawnp(&pid, "tar", NULL, NULL, argv, environ) == 0)
		waitpid(pid, &status, 0);
	return status == 0;
}

/* Unpack into a new folder, in memory where that can be, and read it; NULL when there is no tar. */
static vn_host *read_archive(const char *archive)
{
	char folder[64] = "/dev/shm/vnuma-host-XXXXXX";
	vn_host *host = NULL;

	if (!mkdtemp(folder)) {
		strcpy(folder, "/tmp/vnuma-host-XXXXXX");
		assert_non_null(mkdtemp(folder));
	}
	if (unpack(archive, folder))
		host = read_host(folder);
	nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	return host;
}

static bool ends_with(const char *name, const char *end)
{
	size_t length = strlen(name), of_end = strlen(end);

	return length >= of_end && !strcmp(name + length - of_end, end);
}

static vn_host *read_file(const char *name)
{
	char path[512];

	in_hosts(name, path, sizeof(path));
	return ends_with(name, ".tar.bz2") ? read_archive(path) : read_host(path);
}

/* ---- facts ---- */

/* clang-format off */
static const struct {
	const char *name;
	uint32_t nodes, cpus, cores, l3, dies, sockets, threads, devices;
	uint64_t mem_mib; /* of all nodes */
} facts[] = {
	{ "e7-8895v2.json", 4, 120, 60, 4, 4, 4, 2, 1, 515623 },
	{ "opteron-6164.json", 8, 48, 48, 8, 4, 4, 1, 0, 98304 },
	{ "freecell.json", 2, 8, 8, 0, 2, 2, 1, 0, 8192 },
	{ "nova-talk.xml", 2, 8, 8, 0, 2, 2, 1, 0, 7905 },
	{ "nova-talk.json", 2, 8, 8, 0, 2, 2, 1, 0, 7905 },
	{ "quad.json", 4, 16, 16, 4, 4, 4, 1, 0, 6144 },
	{ "odd.json", 4, 8, 4, 2, 2, 2, 2, 1, 4096 },
	{ "octo.json", 8, 16, 16, 0, 4, 4, 1, 0, 6144 },
	{ "epyc-256.json", 8, 256, 128, 16, 2, 2, 2, 2, 524288 },
	{ "sparse-ids.json", 8, 95, 48, 8, 4, 4, 1, 0, 97280 },
	{ "smt-caps.xml", 3, 16, 8, 2, 4, 2, 2, 0, 63768 },
	{ "smt.hwloc.xml", 2, 16, 8, 2, 2, 2, 2, 0, 32768 },
	{ "magny-cours-sparse.json", 8, 48, 48, 8, 4, 4, 1, 0, 98301 },
	{ "nvidiagpunumanodes.tar.bz2", 8, 104, 8, 4, 2, 2, 4, 6, 349768 },
	{ "fakememinitiators.tar.bz2", 11, 8, 8, 0, 2, 2, 1, 0, 1905580 },
	{ "16em64t-4s2c2t-offlines.tar.bz2", 1, 16, 7, 4, 4, 4, 2, 0, 16379 },
};
/* clang-format on */

static size_t facts_of(const char *name)
{
	for (size_t i = 0; i < VN_LEN(facts); i++)
		if (!strcmp(facts[i].name, name))
			return i;
	fail_msg("%s has no row in this test", name);
	return 0;
}

static uint64_t sum_mib(const vn_host *host)
{
	uint64_t kib = 0;

	for (uint32_t i = 0; i < host->n_nodes; i++)
		kib += host->nodes[i].mem_kib;
	return kib >> 10;
}

static void check_facts(const char *name)
{
	VN_AUTO(vn_host) host = read_file(name);
	size_t i = facts_of(name);

	if (!host) {
		print_message("# %s skipped: no tar\n", name);
		return;
	}
	print_message("# %s\n", name);
	assert_int_equal(host->n_nodes, facts[i].nodes);
	assert_int_equal(host->n_cpus, facts[i].cpus);
	assert_int_equal(host->n_cores, facts[i].cores);
	assert_int_equal(host->n_l3, facts[i].l3);
	assert_int_equal(host->n_dies, facts[i].dies);
	assert_int_equal(host->n_sockets, facts[i].sockets);
	assert_int_equal(host->threads_per_core, facts[i].threads);
	assert_int_equal(host->n_devices, facts[i].devices);
	assert_int_equal(sum_mib(host), facts[i].mem_mib);
}

static void test_all_files(void **state)
{
	struct dirent **names;
	char folder[512];
	int count;
	size_t hosts = 0;

	(void)state;
	count = scandir(in_hosts("", folder, sizeof(folder)), &names, NULL, alphasort);
	assert_true(count > 0);
	for (int i = 0; i < count; i++) {
		const char *name = names[i]->d_name;

		if (ends_with(name, ".json") || ends_with(name, ".xml") ||
		    ends_with(name, ".tar.bz2")) {
			check_facts(name);
			hosts++;
		}
		free(names[i]);
	}
	free(names);
	assert_int_equal(hosts, VN_LEN(facts)); /* no row without its file */
}

/* The JSON files are what the writer writes. */
static void test_written(void **state)
{
	(void)state;
	for (size_t i = 0; i < VN_LEN(facts); i++) {
		VN_AUTO_TEXT written = VN_TEXT_INIT;
		VN_AUTO_TEXT file = VN_TEXT_INIT;
		char path[512];

		if (!ends_with(facts[i].name, ".json"))
			continue;
		VN_AUTO(vn_host) host = read_file(facts[i].name);

		in_hosts(facts[i].name, path, sizeof(path));
		assert_int_equal(vn_file_read(path, 1 << 20, &file, NULL), VN_OK);
		assert_int_equal(vn_host_write_json(host, &written, NULL), VN_OK);
		assert_string_equal(written.bytes, file.bytes);
	}
}

static void test_twins(void **state)
{
	VN_AUTO(vn_host) xml = read_file("nova-talk.xml");
	VN_AUTO(vn_host) json = read_file("nova-talk.json");

	(void)state;
	assert_host_equal(xml, json);
}

static void test_published(void **state)
{
	VN_AUTO(vn_host) e7 = read_file("e7-8895v2.json");
	VN_AUTO(vn_host) freecell = read_file("freecell.json");
	VN_AUTO(vn_host) sparse = read_file("sparse-ids.json");
	vn_cpuset core;

	(void)state;
	core = vn_host_core_cpus(e7, e7->cpus[75].core);
	assert_true(vn_cpuset_has(&core, 15) && vn_cpuset_count(&core) == 2);
	assert_int_equal(vn_node_free_kib(&e7->nodes[1]), 118358 << 10);
	assert_int_equal(vn_host_device_named(e7, "uteng0")->node_ix, 1);
	assert_int_equal(vn_node_free_kib(&freecell->nodes[0]), 2203620);
	assert_int_equal(vn_node_free_kib(&freecell->nodes[1]), 3354784);
	assert_int_equal(vn_host_node_ix(sparse, 45), 5);
	assert_int_equal(sparse->cpus[1].node_ix, -1);
	assert_true(vn_cpuset_has(&sparse->offline, 97));
}

static void test_gpu_memory(void **state)
{
	VN_AUTO(vn_host) host = read_file("nvidiagpunumanodes.tar.bz2");

	(void)state;
	if (!host)
		skip();
	for (uint32_t i = 0; i < host->n_nodes; i++) {
		assert_int_equal(host->nodes[i].gpu_memory, host->nodes[i].id >= 250);
		if (host->nodes[i].gpu_memory)
			assert_int_equal(vn_cpuset_count(&host->nodes[i].cpus), 0);
	}
	assert_int_equal(host->nodes[0].pages[0].size_kib, 64);
}

static void test_initiators(void **state)
{
	VN_AUTO(vn_host) host = read_file("fakememinitiators.tar.bz2");

	(void)state;
	if (!host)
		skip();
	assert_int_equal(vn_cpuset_count(&host->nodes[0].cpus), 2);
	assert_int_equal(host->nodes[0].mem_kib, 0);
	assert_int_equal(host->latency_ns[0 * 11 + 5], 26);
	assert_int_equal(host->bandwidth_mibs[3 * 11 + 9], 131072);
	assert_int_equal(vn_host_distance(host, 0, 4), 12);
}

static void test_large(void **state)
{
	VN_AUTO(vn_host) host =
		read_host("synthetic:pack:64 [numa(memory=8589934592)] core:8 pu:2");

	(void)state;
	assert_int_equal(host->n_nodes, 64);
	assert_int_equal(host->n_cpus, 1024);
	assert_int_equal(host->n_cores, 512);
	assert_int_equal(sum_mib(host), 64 * 8192);
}

/* ---- sources ---- */

/* clang-format off */
static const struct {
	const char *source, *message;
} bad_sources[] = {
	{ "/nowhere/host.json", "/nowhere/host.json: cannot be opened: No such file or directory" },
	{ "", ": cannot be opened: No such file or directory" },
	{ "qemu:///system", "qemu:///system: a libvirt connection is not read yet: use `virsh -c qemu:///system capabilities >caps.xml` and -H caps.xml" },
	{ "xen+ssh://h/", "xen+ssh://h/: a libvirt connection is not read yet: use `virsh -c xen+ssh://h/ capabilities >caps.xml` and -H caps.xml" },
	{ "/dev", "/dev: is a folder without sys/devices/system, so not a copy of a host's /sys" },
	{ "/dev/null", "/dev/null: is empty (legal: libvirt capabilities XML, hwloc XML or vnuma JSON)" },
	{ "/dev/zero", "/dev/zero: is larger than 64 MiB, the most that is read" },
};

static const struct {
	const char *bytes, *message;
} bad_bytes[] = {
	{ "", "b: is empty (legal: libvirt capabilities XML, hwloc XML or vnuma JSON)" },
	{ " \n\t", "b: is empty (legal: libvirt capabilities XML, hwloc XML or vnuma JSON)" },
	{ "available: 4 nodes (0-3)", "b: is not a host (legal: libvirt capabilities XML, hwloc XML or vnuma JSON)" },
	{ "BZh91AY", "b: is a compressed file: unpack it, and name the folder or the file in it" },
	{ "\x1f\x8b\x08", "b: is a compressed file: unpack it, and name the folder or the file in it" },
	{ "\xfd" "7zXZ", "b: is a compressed file: unpack it, and name the folder or the file in it" },
};
/* clang-format on */

static void test_bad_sources(void **state)
{
	vn_host *host = NULL;
	vn_error err;

	(void)state;
	for (size_t i = 0; i < VN_LEN(bad_sources); i++) {
		print_message("# '%s'\n", bad_sources[i].source);
		assert_true(vn_host_read(bad_sources[i].source, &host, &err) < 0);
		assert_null(host);
		assert_message(&err, bad_sources[i].message);
	}
	for (size_t i = 0; i < VN_LEN(bad_bytes); i++) {
		const char *bytes = bad_bytes[i].bytes;

		assert_true(vn_host_parse("b", bytes, strlen(bytes), &host, &err) < 0);
		assert_null(host);
		assert_message(&err, bad_bytes[i].message);
	}
	assert_true(vn_host_parse("b", NULL, 0, &host, &err) < 0);
}

/* "-" is standard input; it may be closed. */
static void test_stdin(void **state)
{
	int before = dup(STDIN_FILENO), file;
	vn_host *host = NULL;
	char path[512];
	vn_error err;

	(void)state;
	assert_true(before >= 0);
	file = open(in_hosts("quad.json", path, sizeof(path)), O_RDONLY);
	assert_int_equal(dup2(file, STDIN_FILENO), STDIN_FILENO);
	assert_int_equal(vn_host_read("-", &host, &err), VN_OK);
	assert_string_equal(host->source, "stdin");
	vn_host_free(host);
	host = NULL;
	close(STDIN_FILENO);
	assert_int_equal(vn_host_read("-", &host, &err), VN_E_INPUT);
	assert_message(&err, "stdin: cannot be read: Bad file descriptor");
	assert_null(host);
	assert_int_equal(dup2(before, STDIN_FILENO), STDIN_FILENO);
	close(before);
	close(file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_files),  cmocka_unit_test(test_written),
		cmocka_unit_test(test_twins),	   cmocka_unit_test(test_published),
		cmocka_unit_test(test_gpu_memory), cmocka_unit_test(test_initiators),
		cmocka_unit_test(test_large),	   cmocka_unit_test(test_bad_sources),
		cmocka_unit_test(test_stdin),
	};

	return cmocka_run_group_tests_name("host_files", tests, NULL, NULL);
}
