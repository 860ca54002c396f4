/* SPDX-License-Identifier: LGPL-2.1-or-later
 * What guests that run have taken of their host: each account alone, from documents and threads. */
#include "vnuma/running.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Two nodes of four CPUs (two cores of two threads), 4 GiB, 1024 huge pages of 2 MiB on node 1. */
static const char host_document[] =
	"{\"cells\":[{\"id\":0,\"cpus\":\"0-3\",\"siblings\":[\"0-1\",\"2-3\"],\"mem_mib\":4096,"
	"\"pages\":[{\"size_kib\":4,\"total\":1048576}]},"
	"{\"id\":1,\"cpus\":\"4-7\",\"siblings\":[\"4-5\",\"6-7\"],\"mem_mib\":4096,"
	"\"pages\":[{\"size_kib\":4,\"total\":524288},{\"size_kib\":2048,\"total\":1024}]}],"
	"\"devices\":[{\"address\":\"0000:01:00.0\"},{\"address\":\"0000:02:00.0\"}]}";

enum { MIB = 1024 };

struct scene {
	vn_running running;
	vn_guest guests[2];
	vn_thread threads[2][4];
	uint64_t kib[2][2 * 2];
};

/* A guest of a domain XML; `inside` is what stands in it beside name and size. */
static void add_guest(struct scene *scene, const char *name, const char *inside)
{
	vn_guest *guest = &scene->guests[scene->running.n_guests++];
	char xml[2048];
	vn_error err = { 0 };
	int n = snprintf(xml, sizeof(xml), "<domain type='kvm'><name>%s</name>%s</domain>", name,
			 inside);

	assert_true(n > 0 && (size_t)n < sizeof(xml));
	*guest = (vn_guest){ .name = name, .uuid = "", .state = VN_GUEST_RUNNING };
	if (vn_request_parse_xml_as_is(name, xml, (size_t)n, &guest->config, &err) < 0 ||
	    vn_request_parse_xml(name, xml, (size_t)n, &guest->policy, &err) < 0)
		fail_msg("%s", err.text);
}

static void start(struct scene *scene)
{
	vn_error err = { 0 };

	*scene = (struct scene){ 0 };
	scene->running.guests = scene->guests;
	if (vn_host_parse("h.json", host_document, strlen(host_document), &scene->running.host,
			  &err) < 0)
		fail_msg("%s", err.text);
}

static void end(struct scene *scene)
{
	for (uint32_t i = 0; i < scene->running.n_guests; i++) {
		vn_request_free(scene->guests[i].config);
		vn_request_free(scene->guests[i].policy);
	}
	vn_host_free(scene->running.host);
}

static const vn_node *node(const struct scene *scene, uint32_t ix)
{
	return &scene->running.host->nodes[ix];
}

static void assert_cpus(const vn_cpuset *set, const char *list)
{
	char text[64];

	vn_cpuset_format(set, text, sizeof(text));
	assert_string_equal(text, list);
}

#define SIZE(vcpus, mib) "<memory unit='MiB'>" #mib "</memory><vcpu>" #vcpus "</vcpu>"

/* ---- CPUs ---- */

static void test_pins(void **state)
{
	struct scene scene;

	(void)state;
	start(&scene);
	add_guest(&scene, "a",
		  SIZE(4, 64) "<cputune><vcpupin vcpu='0' cpuset='1'/><vcpupin vcpu='1' "
			      "cpuset='4-5'/><vcpupin vcpu='2' cpuset='77'/></cputune>");
	vn_running_account(&scene.running, NULL);
	assert_cpus(&node(&scene, 0)->pinned, "1");
	assert_cpus(&node(&scene, 1)->pinned, "");
	/* vCPU 1 floats on node 1, vCPU 3 on both, CPU 77 is not there */
	assert_int_equal(node(&scene, 0)->cpu_usage, 1);
	assert_int_equal(node(&scene, 1)->cpu_usage, 2);
	assert_true(vn_host_counted(scene.running.host, 0));
	end(&scene);
}

static void test_floating_share(void **state)
{
	struct scene scene;

	(void)state;
	start(&scene);
	add_guest(&scene, "a", SIZE(6, 64));
	vn_running_account(&scene.running, NULL);
	assert_int_equal(node(&scene, 0)->cpu_usage, 3);
	assert_int_equal(node(&scene, 1)->cpu_usage, 3);
	end(&scene);
}

/* libvirt's pin of the running thread counts more than the document; drift is not libvirt's. */
static void test_threads_first(void **state)
{
	struct scene scene;
	vn_thread *thread;

	(void)state;
	start(&scene);
	add_guest(&scene, "a", SIZE(1, 64) "<cputune><vcpupin vcpu='0' cpuset='1'/></cputune>");
	thread = &scene.threads[0][0];
	thread->pin_known = thread->allowed_known = true;
	vn_cpuset_add(&thread->pin, 6);
	vn_cpuset_add(&thread->allowed, 2);
	scene.guests[0].threads = thread;
	scene.guests[0].n_threads = 1;
	vn_running_account(&scene.running, NULL);
	assert_cpus(&node(&scene, 0)->pinned, "");
	assert_cpus(&node(&scene, 1)->pinned, "6");
	end(&scene);
}

/* Siblings that are kept idle, and the emulator's own CPU, are taken as the policy has asked. */
static void test_isolate(void **state)
{
	struct scene scene;

	(void)state;
	start(&scene);
	add_guest(&scene, "a",
		  "<vnuma><spec name='hw:cpu_policy' value='dedicated'/><spec "
		  "name='hw:cpu_thread_policy' value='isolate'/><spec "
		  "name='hw:emulator_threads_policy' value='isolate'/></vnuma>" SIZE(
			  1, 64) "<cputune><vcpupin vcpu='0' cpuset='1'/><emulatorpin "
				 "cpuset='3'/></cputune>");
	vn_running_account(&scene.running, NULL);
	assert_cpus(&node(&scene, 0)->pinned, "0-1,3");
	end(&scene);
}

static void test_off_and_except(void **state)
{
	static const char pinned[] =
		SIZE(1, 64) "<cputune><vcpupin vcpu='0' cpuset='1'/></cputune>";
	struct scene scene;

	(void)state;
	start(&scene);
	add_guest(&scene, "a", pinned);
	add_guest(&scene, "b", pinned);
	scene.guests[0].state = VN_GUEST_OFF;
	vn_running_account(&scene.running, &scene.guests[1]);
	assert_cpus(&node(&scene, 0)->pinned, "");
	assert_int_equal(node(&scene, 0)->mem_used_kib, 0);
	end(&scene);
}

/* A guest whose XML could not be read has its threads. */
static void test_unreadable(void **state)
{
	struct scene scene;
	vn_thread *thread;

	(void)state;
	start(&scene);
	thread = &scene.threads[0][0];
	*thread = (vn_thread){ .number = 2, .pin_known = true };
	vn_cpuset_add(&thread->pin, 5);
	scene.guests[0] = (vn_guest){
		.name = "x", .state = VN_GUEST_RUNNING, .n_threads = 1, .threads = thread
	};
	scene.running.n_guests = 1;
	vn_running_account(&scene.running, NULL);
	assert_cpus(&node(&scene, 1)->pinned, "5");
	end(&scene);
}

/* ---- memory ---- */

static void measure(struct scene *scene, uint32_t guest, uint64_t on_0_mib, uint64_t on_1_mib)
{
	vn_memory_use *use = &scene->guests[guest].memory;

	use->how = VN_MEASURED_EXACT;
	use->n_sizes = 1;
	use->size_kib[0] = 4;
	use->kib = scene->kib[guest];
	use->kib[0] = on_0_mib * MIB;
	use->kib[1] = on_1_mib * MIB;
}

#define CELLS                                                                                      \
	"<cpu><numa><cell id='0' cpus='0' memory='1024' unit='MiB'/><cell id='1' cpus='1' "        \
	"memory='512' unit='MiB'/></numa></cpu><numatune><memory mode='strict' nodeset='0-1'/>"    \
	"<memnode cellid='0' mode='strict' nodeset='0'/><memnode cellid='1' mode='strict' "        \
	"nodeset='1'/></numatune>"

/* From files alone all that is promised is taken. */
static void test_promise(void **state)
{
	struct scene scene;

	(void)state;
	start(&scene);
	add_guest(&scene, "a", SIZE(2, 1536) CELLS);
	vn_running_account(&scene.running, NULL);
	assert_int_equal(node(&scene, 0)->mem_used_kib, 1024 * MIB);
	assert_int_equal(node(&scene, 0)->pages[0].used, 1024 * MIB / 4);
	assert_int_equal(node(&scene, 1)->mem_used_kib, 512 * MIB);
	end(&scene);
}

/* What is touched stands in the host's own figures already. */
static void test_measured(void **state)
{
	struct scene scene;

	(void)state;
	start(&scene);
	scene.running.host->nodes[0].mem_used_kib = 700 * MIB;
	add_guest(&scene, "a", SIZE(2, 1536) CELLS);
	measure(&scene, 0, 600, 512);
	vn_running_account(&scene.running, NULL);
	assert_int_equal(node(&scene, 0)->mem_used_kib, (700 + 424) * MIB);
	assert_int_equal(node(&scene, 1)->mem_used_kib, 0);
	end(&scene);
}

/* Pages that are where nobody promised them are not owed a second time. */
static void test_misplaced(void **state)
{
	struct scene scene;

	(void)state;
	start(&scene);
	add_guest(&scene, "a", SIZE(2, 1536) CELLS);
	measure(&scene, 0, 0, 1536);
	vn_running_account(&scene.running, NULL);
	assert_int_equal(node(&scene, 0)->mem_used_kib, 0);
	assert_int_equal(node(&scene, 1)->mem_used_kib, 0);
	end(&scene);
}

static void test_rss(void **state)
{
	struct scene scene;

	(void)state;
	start(&scene);
	add_guest(&scene, "a", SIZE(2, 1536) CELLS);
	scene.guests[0].rss_known = true;
	scene.guests[0].rss_kib = 768 * MIB;
	vn_running_account(&scene.running, NULL);
	assert_int_equal(node(&scene, 0)->mem_used_kib, 512 * MIB);
	assert_int_equal(node(&scene, 1)->mem_used_kib, 256 * MIB);
	end(&scene);
}

/* The guest that is planned anew gives back what it has touched. */
static void test_give_back(void **state)
{
	struct scene scene;
	vn_node *first;

	(void)state;
	start(&scene);
	first = &scene.running.host->nodes[0];
	first->mem_used_kib = 700 * MIB;
	first->pages[0].used = 700 * MIB / 4;
	add_guest(&scene, "a", SIZE(2, 1536) CELLS);
	measure(&scene, 0, 600, 0);
	vn_running_account(&scene.running, &scene.guests[0]);
	assert_int_equal(first->mem_used_kib, 100 * MIB);
	assert_int_equal(first->pages[0].used, 100 * MIB / 4);
	end(&scene);
}

static void test_huge(void **state)
{
	struct scene scene;

	(void)state;
	start(&scene);
	scene.running.host->nodes[1].pages[1].reserved = 100;
	add_guest(&scene, "a",
		  SIZE(1, 1024) "<memoryBacking><hugepages><page size='2' unit='MiB'/></hugepages>"
				"</memoryBacking><numatune><memory mode='strict' nodeset='1'/>"
				"</numatune>");
	vn_running_account(&scene.running, NULL);
	assert_int_equal(node(&scene, 1)->pages[1].used, 512);
	assert_int_equal(node(&scene, 1)->pages[1].reserved, 0); /* those were its own */
	assert_int_equal(node(&scene, 1)->pages[0].used, 0);
	end(&scene);
}

/* Memory that nothing binds comes from where the vCPUs may run. */
static void test_unbound(void **state)
{
	struct scene scene;

	(void)state;
	start(&scene);
	add_guest(&scene, "a",
		  SIZE(2, 1024) "<cputune><vcpupin vcpu='0' cpuset='4-7'/><vcpupin vcpu='1' "
				"cpuset='4-7'/></cputune>");
	add_guest(&scene, "b", SIZE(2, 512));
	vn_running_account(&scene.running, NULL);
	assert_int_equal(node(&scene, 0)->mem_used_kib, 256 * MIB);
	assert_int_equal(node(&scene, 1)->mem_used_kib, 1280 * MIB);
	end(&scene);
}

/* A live change of a restrictive guest leaves its <memnode>s as they were. */
static void test_restrictive(void **state)
{
	struct scene scene;

	(void)state;
	start(&scene);
	add_guest(&scene, "a",
		  SIZE(1, 512) "<cpu><numa><cell id='0' cpus='0' memory='512' unit='MiB'/></numa>"
			       "</cpu><numatune><memory mode='restrictive' nodeset='1'/><memnode "
			       "cellid='0' mode='restrictive' nodeset='0'/></numatune>");
	vn_running_account(&scene.running, NULL);
	assert_int_equal(node(&scene, 0)->mem_used_kib, 0);
	assert_int_equal(node(&scene, 1)->mem_used_kib, 512 * MIB);
	end(&scene);
}

static void test_memory_devices(void **state)
{
	struct scene scene;

	(void)state;
	start(&scene);
	add_guest(&scene, "a",
		  "<maxMemory slots='2' unit='MiB'>4096</maxMemory>" SIZE(2, 1792) CELLS
		  "<devices><memory model='dimm'><source><nodemask>1</nodemask></source><target>"
		  "<size unit='MiB'>256</size><node>0</node></target></memory></devices>");
	vn_running_account(&scene.running, NULL);
	assert_int_equal(node(&scene, 0)->mem_used_kib, 1024 * MIB);
	assert_int_equal(node(&scene, 1)->mem_used_kib, 768 * MIB);
	end(&scene);
}

static void test_devices(void **state)
{
	struct scene scene;

	(void)state;
	start(&scene);
	add_guest(&scene, "a",
		  SIZE(1, 64) "<devices><hostdev mode='subsystem' type='pci'><source><address "
			      "domain='0' bus='2' slot='0' function='0'/></source></hostdev>"
			      "</devices>");
	vn_running_account(&scene.running, NULL);
	assert_false(scene.running.host->devices[0].taken);
	assert_true(scene.running.host->devices[1].taken);
	end(&scene);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pins),	       cmocka_unit_test(test_floating_share),
		cmocka_unit_test(test_threads_first),  cmocka_unit_test(test_isolate),
		cmocka_unit_test(test_off_and_except), cmocka_unit_test(test_unreadable),
		cmocka_unit_test(test_promise),	       cmocka_unit_test(test_measured),
		cmocka_unit_test(test_misplaced),      cmocka_unit_test(test_rss),
		cmocka_unit_test(test_give_back),      cmocka_unit_test(test_huge),
		cmocka_unit_test(test_unbound),	       cmocka_unit_test(test_restrictive),
		cmocka_unit_test(test_memory_devices), cmocka_unit_test(test_devices),
	};

	return cmocka_run_group_tests_name("running_account", tests, NULL, NULL);
}
