/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The checks that need a guest that runs: threads as the kernel has them, memory as it was
 * measured. A vn_running is made as io/virt and io/kernel make it. Checks of what files say are in
 * tests/doctor. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "vnuma/vnuma.h"

/* Two nodes of four CPUs with 16 GiB each. */
static const char host_json[] =
	"{\"schema\":\"vnuma/host/1\",\"cells\":["
	"{\"id\":0,\"cpus\":\"0-3\",\"pcpus\":\"0-3\",\"socket\":0,\"l3\":[\"0-3\"],"
	"\"mem_mib\":16384,\"mem_used_mib\":%u,\"cpu_usage\":0,\"pinned\":\"\"},"
	"{\"id\":1,\"cpus\":\"4-7\",\"pcpus\":\"4-7\",\"socket\":1,\"l3\":[\"4-7\"],"
	"\"mem_mib\":16384,\"mem_used_mib\":1024,\"cpu_usage\":0,\"pinned\":\"\"}],"
	"\"distances\":[[10,21],[21,10]]}";

/* A guest on node 0, with an I/O thread. */
static const char guest_xml[] =
	"<domain type='kvm'><name>g</name><memory unit='GiB'>4</memory>"
	"<vcpu placement='static'>2</vcpu><iothreads>1</iothreads><cputune>"
	"<vcpupin vcpu='0' cpuset='0-3'/><vcpupin vcpu='1' cpuset='0-3'/>"
	"<emulatorpin cpuset='0-3'/><iothreadpin iothread='1' cpuset='0-3'/></cputune>"
	"<numatune><memory mode='%s' nodeset='%s'/></numatune>"
	"<cpu><topology sockets='1' dies='1' cores='2' threads='1'/></cpu></domain>";

enum { N_NODES = 2, N_THREADS = 5, GIB_KIB = 1 << 20 };

struct scene {
	vn_running *running;
	vn_guest *guest;
	vn_diagnosis *diagnosis;
};

static vn_cpuset cpus(const char *list)
{
	vn_cpuset set;

	assert_int_equal(vn_cpuset_parse(vn_cursor_of_string(NULL, list), &set, NULL), VN_OK);
	return set;
}

static void read_host(struct scene *scene, unsigned used_mib)
{
	char json[2048];
	vn_error err = { 0 };

	snprintf(json, sizeof(json), host_json, used_mib);
	if (vn_host_parse("host", json, strlen(json), &scene->running->host, &err) < 0)
		fail_msg("%s", err.text);
}

static void read_guest(vn_guest *guest, const char *mode, const char *nodes)
{
	char xml[2048];
	vn_error err = { 0 };

	snprintf(xml, sizeof(xml), guest_xml, mode, nodes);
	if (vn_request_parse_xml_as_is("g.xml", xml, strlen(xml), &guest->config, &err) < 0 ||
	    vn_request_parse_xml("g.xml", xml, strlen(xml), &guest->policy, &err) < 0)
		fail_msg("%s", err.text);
}

/* Threads as libvirt pinned them: two vCPUs, an I/O thread, the emulator, a vhost. */
static void add_threads(struct scene *scene)
{
	static const enum vn_thread_kind kinds[N_THREADS] = { VN_THREAD_VCPU, VN_THREAD_VCPU,
							      VN_THREAD_IOTHREAD,
							      VN_THREAD_EMULATOR, VN_THREAD_VHOST };
	static const uint32_t numbers[N_THREADS] = { 0, 1, 1, 0, 0 };
	vn_guest *guest = scene->guest;

	guest->n_threads = N_THREADS;
	guest->threads = vn_arena_alloc(scene->running->arena, N_THREADS, sizeof(*guest->threads));
	assert_non_null(guest->threads);
	for (int i = 0; i < N_THREADS; i++) {
		guest->threads[i] = (vn_thread){ .kind = kinds[i],
						 .number = numbers[i],
						 .tid = 100 + i,
						 .pin_known = true,
						 .allowed_known = true,
						 .pin = cpus("0-3"),
						 .allowed = cpus("0-3") };
		vn_nodeset_add(&guest->threads[i].mems, 0);
	}
}

/* GiB of ordinary memory on each node. */
static void add_memory(struct scene *scene, uint64_t node0, uint64_t node1)
{
	vn_memory_use *memory = &scene->guest->memory;

	memory->how = VN_MEASURED_EXACT;
	memory->ram_kib = 4 * GIB_KIB;
	memory->n_sizes = 1;
	memory->size_kib[0] = 4;
	memory->kib = vn_arena_alloc(scene->running->arena, N_NODES, sizeof(*memory->kib));
	assert_non_null(memory->kib);
	memory->kib[0] = node0 * GIB_KIB;
	memory->kib[1] = node1 * GIB_KIB;
}

static struct scene make(const char *mode, const char *nodes)
{
	struct scene scene = { 0 };
	vn_arena *arena = vn_arena_new();

	assert_non_null(arena);
	scene.running = vn_arena_alloc(arena, 1, sizeof(*scene.running));
	scene.guest = vn_arena_alloc(arena, 1, sizeof(*scene.guest));
	assert_non_null(scene.running);
	assert_non_null(scene.guest);
	scene.running->arena = arena;
	scene.running->source = "qemu:///system";
	scene.running->local = true;
	scene.running->guests = scene.guest;
	scene.running->n_guests = 1;
	*scene.guest = (vn_guest){ .name = "g", .uuid = "", .state = VN_GUEST_RUNNING, .pid = 99 };
	read_host(&scene, 5 * 1024);
	read_guest(scene.guest, mode, nodes);
	add_threads(&scene);
	add_memory(&scene, 4, 0);
	return scene;
}

static void examine(struct scene *scene)
{
	vn_error err = { 0 };

	vn_diagnosis_free(scene->diagnosis);
	if (vn_doctor_run(scene->running, NULL, &scene->diagnosis, &err) < 0)
		fail_msg("%s", err.text);
}

static void done(struct scene *scene)
{
	vn_diagnosis_free(scene->diagnosis);
	vn_running_free(scene->running);
}

/* The first finding of a check that is not a PASS; NULL: none. */
static const vn_finding *found(const struct scene *scene, const char *id)
{
	for (uint32_t i = 0; i < scene->diagnosis->n; i++) {
		const vn_finding *finding = &scene->diagnosis->findings[i];

		if (!strcmp(finding->check->id, id) && finding->status != VN_CHECK_PASS)
			return finding;
	}
	return NULL;
}

static const vn_finding *says(struct scene *scene, const char *id, enum vn_check_status status,
			      const char *part)
{
	const vn_finding *finding = (examine(scene), found(scene, id));

	if (!finding || finding->status != status || !strstr(finding->evidence, part))
		fail_msg("%s: %s '%s', expected %s with '%s'", id,
			 finding ? vn_check_status_names[finding->status] : "PASS",
			 finding ? finding->evidence : "", vn_check_status_names[status], part);
	return finding;
}

static void passes(struct scene *scene, const char *id)
{
	const vn_finding *finding = (examine(scene), found(scene, id));

	if (finding)
		fail_msg("%s: %s '%s'", id, vn_check_status_names[finding->status],
			 finding->evidence);
}

/* ---- a guest as it should be ---- */

static void test_good(void **state)
{
	struct scene scene = make("strict", "0");

	(void)state;
	examine(&scene);
	for (uint32_t i = 0; i < scene.diagnosis->n; i++) {
		const vn_finding *finding = &scene.diagnosis->findings[i];

		if (finding->status > VN_CHECK_SKIP)
			fail_msg("%s: %s", finding->check->id, finding->evidence);
	}
	assert_int_equal(scene.diagnosis->n_guests, 1);
	done(&scene);
}

/* ---- VN035: drift ---- */

static void test_drift(void **state)
{
	struct scene scene = make("strict", "0");
	const vn_finding *finding;

	(void)state;
	passes(&scene, "VN035");
	scene.guest->threads[1].allowed = cpus("4-7");
	finding = says(&scene, "VN035", VN_CHECK_WARN,
		       "vCPU 1 (thread 101) may run on CPUs 4-7, libvirt gave it 0-3");
	assert_string_equal(finding->fix, "virsh vcpupin g 1 0-3 --live --config");
	assert_int_equal(finding->n_remedies, 1);
	assert_int_equal(finding->remedies[0].kind, VN_REMEDY_VCPUPIN);
	assert_int_equal(finding->remedies[0].number, 1);
	scene.guest->threads[1].allowed = cpus("0-3");
	scene.guest->threads[2].allowed = cpus("0-7");
	finding = says(&scene, "VN035", VN_CHECK_WARN, "I/O thread 1 (thread 102)");
	assert_string_equal(finding->fix, "virsh iothreadpin g 1 0-3 --live --config");
	scene.guest->threads[2].allowed = cpus("0-3");
	scene.guest->threads[3].allowed = cpus("2"); /* QEMU may narrow a thread of its own */
	passes(&scene, "VN035");
	scene.guest->threads[3].allowed = cpus("2-5");
	finding = says(&scene, "VN035", VN_CHECK_WARN, "emulator thread 0");
	assert_string_equal(finding->fix, "virsh emulatorpin g 0-3 --live --config");
	done(&scene);
}

static void test_drift_of_memory(void **state)
{
	struct scene scene = make("strict", "0");

	(void)state;
	scene.guest->threads[0].mems = (vn_nodeset){ 0 };
	vn_nodeset_add(&scene.guest->threads[0].mems, 1);
	says(&scene, "VN035", VN_CHECK_WARN,
	     "vCPU 0 may take memory on node 1, the guest's is bound to node 0");
	done(&scene);
}

static void test_unknown_threads(void **state)
{
	struct scene scene = make("strict", "0");

	(void)state;
	scene.guest->n_threads = 0;
	vn_fail(&scene.guest->no_threads, VN_E_SYSTEM, "may not be read");
	says(&scene, "VN035", VN_CHECK_SKIP, "may not be read");
	says(&scene, "VN041", VN_CHECK_SKIP, "may not be read");
	done(&scene);
	scene = make("strict", "0");
	for (int i = 0; i < N_THREADS; i++)
		scene.guest->threads[i].allowed_known = false;
	says(&scene, "VN035", VN_CHECK_SKIP, "what the kernel lets its threads do is not known");
	done(&scene);
}

/* What libvirt says of a thread counts before the XML: pins may have been changed live. */
static void test_live_pins(void **state)
{
	struct scene scene = make("strict", "0");

	(void)state;
	for (int i = 0; i < 2; i++)
		scene.guest->threads[i].pin = scene.guest->threads[i].allowed = cpus("4-7");
	says(&scene, "VN003", VN_CHECK_WARN,
	     "its vCPUs may run on node 1, its memory is bound to node 0");
	done(&scene);
}

/* ---- VN041: vhost ---- */

static void test_helpers(void **state)
{
	struct scene scene = make("strict", "0");

	(void)state;
	passes(&scene, "VN041");
	scene.guest->threads[4].allowed = cpus("0-7");
	says(&scene, "VN041", VN_CHECK_INFO,
	     "1 vhost thread of it may run on nodes 0-1, its vCPUs on node 0");
	done(&scene);
}

/* ---- VN023: swap ---- */

static void test_swap(void **state)
{
	struct scene scene = make("strict", "0");

	(void)state;
	passes(&scene, "VN023");
	scene.guest->memory.swap_kib = 512 * 1024;
	says(&scene, "VN023", VN_CHECK_WARN, "512 MiB of it are in swap");
	scene.guest->memory = (vn_memory_use){ 0 };
	vn_fail(&scene.guest->no_memory, VN_E_SYSTEM, "no rights");
	says(&scene, "VN023", VN_CHECK_SKIP, "no rights");
	done(&scene);
}

/* ---- VN003, VN002: memory as it was measured ---- */

static void test_measured(void **state)
{
	struct scene scene = make("preferred", "0");

	(void)state;
	add_memory(&scene, 3, 1);
	says(&scene, "VN003", VN_CHECK_WARN, "1 GiB of the 4 GiB that it uses (25 %)");
	add_memory(&scene, 4, 0);
	passes(&scene, "VN003");
	done(&scene);
}

/* A restrictive guest's memory can follow its CPUs; a strict one's CPUs follow its memory. */
static void test_which_moves(void **state)
{
	struct scene scene = make("restrictive", "1");
	const vn_finding *finding;

	(void)state;
	finding = says(&scene, "VN003", VN_CHECK_WARN, "its memory is bound to node 1");
	assert_string_equal(finding->fix, "virsh numatune g --nodeset 0 --live --config");
	assert_int_equal(finding->remedies[0].kind, VN_REMEDY_MEMORY_NODES);
	done(&scene);
	scene = make("strict", "1");
	finding = says(&scene, "VN003", VN_CHECK_WARN, "its memory is bound to node 1");
	assert_int_equal(finding->n_remedies, 2);
	assert_string_equal(finding->fix, "virsh vcpupin g 0 4-7 --live --config\n"
					  "virsh vcpupin g 1 4-7 --live --config");
	done(&scene);
}

static void test_floating(void **state)
{
	struct scene scene = make("strict", "0");
	const vn_finding *finding;

	(void)state;
	for (int i = 0; i < 2; i++)
		scene.guest->threads[i].pin = scene.guest->threads[i].allowed = cpus("0-7");
	finding = says(&scene, "VN002", VN_CHECK_WARN, "its memory: 4 GiB on node 0");
	assert_int_equal(finding->n_remedies, 2);
	assert_true(vn_cpuset_equal(&finding->remedies[0].cpus, &(vn_cpuset){ { 0xf } }));
	done(&scene);
}

/* ---- VN005: what a running guest has touched is not asked for again ---- */

static void test_touched(void **state)
{
	struct scene scene = make("strict", "0");

	(void)state;
	vn_host_free(scene.running->host);
	read_host(&scene, 16 * 1024); /* the node is full: the guest's 4 GiB are in it */
	passes(&scene, "VN005");
	add_memory(&scene, 1, 0);
	says(&scene, "VN005", VN_CHECK_WARN, "guests will still take 3 GiB on node 0");
	done(&scene);
}

/* ---- VN021, VN026: the kernel beside a guest that runs ---- */

static void test_thp(void **state)
{
	vn_kernel kernel = { .thp_enabled = "madvise", .thp_defrag = "madvise" };
	struct scene scene = make("strict", "0");

	(void)state;
	scene.running->kernel = &kernel;
	scene.guest->memory.thp_known = true;
	scene.guest->memory.thp_kib = 2 * GIB_KIB;
	passes(&scene, "VN021");
	scene.guest->memory.thp_kib = 2048;
	says(&scene, "VN021", VN_CHECK_INFO, "of 4 GiB of ordinary memory of guest 'g' 2 MiB are");
	scene.guest->memory.how = VN_MEASURED_SAMPLED; /* thp_kib is not known then */
	scene.guest->memory.thp_known = false;
	passes(&scene, "VN021");
	scene.running->kernel = NULL;
	done(&scene);
}

static void test_cgroup(void **state)
{
	vn_kernel kernel = { 0 };
	struct scene scene = make("strict", "0");

	(void)state;
	scene.running->kernel = &kernel;
	says(&scene, "VN026", VN_CHECK_WARN, "no cpuset controller");
	kernel.cpuset_controller = true;
	says(&scene, "VN026", VN_CHECK_SKIP, "machine.slice");
	kernel.machine_slice_known = true;
	kernel.machine_cpus = cpus("0-7");
	vn_nodeset_add(&kernel.machine_mems, 0);
	passes(&scene, "VN026");
	scene.running->kernel = NULL;
	done(&scene);
}

/* ---- fixes are safe to copy ---- */

static void test_quoting(void **state)
{
	struct scene scene = make("strict", "1");
	const vn_finding *finding;

	(void)state;
	scene.guest->name = "a'b; rm -rf $HOME";
	scene.running->source = "qemu+ssh://root@host/system?no_verify=1&x=';'";
	finding = says(&scene, "VN003", VN_CHECK_WARN, "node 1");
	assert_non_null(strstr(finding->fix,
			       "virsh -c 'qemu+ssh://root@host/system?no_verify=1&x='\\'';'\\''' "
			       "vcpupin 'a'\\''b; rm -rf $HOME' 0 4-7"));
	scene.guest->name = "--help";
	scene.guest->uuid = "00000000-1111-2222-3333-444444444444";
	finding = says(&scene, "VN003", VN_CHECK_WARN, "node 1");
	assert_non_null(strstr(finding->fix, "vcpupin 00000000-1111-2222-3333-444444444444 0"));
	done(&scene);
}

/* ---- guests that cannot be read, guests that are off ---- */

static void test_unreadable(void **state)
{
	struct scene scene = make("strict", "0");
	uint32_t skipped = 0;

	(void)state;
	vn_request_free(scene.guest->config);
	vn_request_free(scene.guest->policy);
	scene.guest->config = scene.guest->policy = NULL;
	vn_fail(&scene.guest->unreadable, VN_E_SYNTAX, "strange");
	examine(&scene);
	for (uint32_t i = 0; i < scene.diagnosis->n; i++) {
		const vn_finding *finding = &scene.diagnosis->findings[i];

		if (!finding->check->of_guest)
			continue;
		assert_int_equal(finding->status, VN_CHECK_SKIP);
		assert_non_null(strstr(finding->evidence, "strange"));
		skipped++;
	}
	assert_int_equal(skipped, 30);
	done(&scene);
}

static void test_off(void **state)
{
	struct scene scene = make("strict", "1");
	bool yes = true;

	(void)state;
	scene.guest->state = VN_GUEST_OFF;
	scene.guest->n_threads = 0;
	scene.guest->memory = (vn_memory_use){ 0 };
	examine(&scene);
	assert_int_equal(scene.diagnosis->n_guests, 0);
	assert_null(found(&scene, "VN003"));
	vn_diagnosis_free(scene.diagnosis);
	scene.diagnosis = NULL;
	assert_int_equal(
		vn_doctor_run(scene.running, &(vn_doctor_options){ &yes }, &scene.diagnosis, NULL),
		VN_OK);
	assert_int_equal(scene.diagnosis->n_guests, 1);
	assert_non_null(found(&scene, "VN003"));
	assert_non_null(strstr(found(&scene, "VN003")->fix, "--config"));
	assert_null(strstr(found(&scene, "VN003")->fix, "--live"));
	done(&scene);
}

static void test_table(void **state)
{
	char id[8];

	(void)state;
	for (int i = 0; i < VN_CHECK_COUNT; i++) {
		snprintf(id, sizeof(id), "VN%03d", i + 1);
		assert_string_equal(vn_checks[i].id, id);
		assert_ptr_equal(vn_check_find(id), &vn_checks[i]);
		assert_ptr_equal(vn_check_find(vn_checks[i].name), &vn_checks[i]);
		assert_true(strlen(vn_checks[i].title) <= 48);
		assert_true(vn_checks[i].severity >= VN_CHECK_INFO);
	}
	assert_ptr_equal(vn_check_find("vn012"), &vn_checks[11]);
	assert_null(vn_check_find("VN043"));
	assert_null(vn_check_find(""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_drift),
		cmocka_unit_test(test_drift_of_memory),
		cmocka_unit_test(test_unknown_threads),
		cmocka_unit_test(test_live_pins),
		cmocka_unit_test(test_helpers),
		cmocka_unit_test(test_swap),
		cmocka_unit_test(test_measured),
		cmocka_unit_test(test_which_moves),
		cmocka_unit_test(test_floating),
		cmocka_unit_test(test_touched),
		cmocka_unit_test(test_thp),
		cmocka_unit_test(test_cgroup),
		cmocka_unit_test(test_quoting),
		cmocka_unit_test(test_unreadable),
		cmocka_unit_test(test_off),
		cmocka_unit_test(test_table),
	};

	return cmocka_run_group_tests_name("doctor", tests, NULL, NULL);
}
