/* SPDX-License-Identifier: LGPL-2.1-or-later
 * io/virt on libvirt's built-in test driver: a host that stands in a file, with guests that are
 * started and changed as on any other, without a daemon. */
#include "virt/virt.h"

#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static const char small[] =
	"<domain type='test'><name>%s</name>%s<memory unit='MiB'>64</memory><vcpu>2</vcpu>"
	"<os><type>hvm</type></os><cputune><vcpupin vcpu='0' cpuset='1'/></cputune></domain>";

static vn_virt *open_test(void)
{
	vn_virt *virt = NULL;
	vn_error err = { 0 };

	if (vn_virt_open("test:///default", VN_VIRT_CHANGE, &virt, &err) < 0)
		fail_msg("%s", err.text);
	return virt;
}

static void make_xml(char *to, size_t size, const char *name, const char *inside)
{
	snprintf(to, size, small, name, inside);
}

static vn_running *read_all(vn_virt *virt, unsigned which)
{
	vn_running *running = NULL;
	vn_error err = { 0 };

	if (vn_virt_read(virt, which, &running, &err) < 0)
		fail_msg("%s", err.text);
	return running;
}

/* ---- inventory ---- */

static void test_host(void **state)
{
	VN_AUTO(vn_virt) virt = open_test();
	VN_AUTO(vn_running) running = read_all(virt, VN_VIRT_RUNNING);

	(void)state;
	assert_string_equal(vn_virt_uri(virt), "test:///default");
	assert_false(vn_virt_is_local(virt));
	assert_false(running->local);
	assert_int_equal(running->host->n_nodes, 2);
	assert_int_equal(running->host->n_cpus, 16);
	assert_int_equal(running->host->nodes[0].mem_used_kib, 0); /* its free memory is made up */
	assert_int_equal(running->n_guests, 1);
}

static void test_guest(void **state)
{
	VN_AUTO(vn_virt) virt = open_test();
	VN_AUTO(vn_running) running = read_all(virt, VN_VIRT_RUNNING);
	const vn_guest *guest = &running->guests[0];

	(void)state;
	assert_string_equal(guest->name, "test");
	assert_int_equal(guest->state, VN_GUEST_RUNNING);
	assert_non_null(guest->config);
	assert_non_null(guest->policy);
	assert_int_equal(guest->config->vcpus, 2);
	assert_int_equal(guest->n_threads, 3);
	assert_int_equal(guest->threads[1].kind, VN_THREAD_VCPU);
	assert_int_equal(guest->threads[1].number, 1);
	assert_true(guest->threads[1].pin_known);
	assert_int_equal(guest->threads[2].kind, VN_THREAD_EMULATOR);
	assert_int_equal(guest->pid, 0);
	assert_false(guest->rss_known);
}

static void test_defined(void **state)
{
	VN_AUTO(vn_virt) virt = open_test();
	vn_error err = { 0 };
	char xml[1024];

	(void)state;
	make_xml(xml, sizeof(xml), "a guest with blanks", "");
	assert_int_equal(vn_virt_define(virt, "a guest with blanks", xml, &err), VN_OK);
	VN_AUTO(vn_running) running = read_all(virt, VN_VIRT_RUNNING);
	VN_AUTO(vn_running) all = read_all(virt, VN_VIRT_DEFINED);

	assert_int_equal(running->n_guests, 1);
	assert_int_equal(all->n_guests, 2);
	assert_string_equal(all->guests[0].name, "a guest with blanks"); /* by name */
	assert_int_equal(all->guests[0].state, VN_GUEST_OFF);
	assert_int_equal(all->guests[0].n_threads, 0);
}

/* A guest that we cannot read is there, and says why. */
static void test_unreadable(void **state)
{
	static const char two[] =
		"<metadata><v:vnuma xmlns:v='urn:vnuma:domain:1' mode='sideways'/></metadata>";
	VN_AUTO(vn_virt) virt = open_test();
	vn_error err = { 0 };
	char xml[1024];

	(void)state;
	make_xml(xml, sizeof(xml), "odd", two);
	assert_int_equal(vn_virt_create(virt, "odd", xml, &err), VN_OK);
	VN_AUTO(vn_running) running = read_all(virt, VN_VIRT_RUNNING);

	assert_int_equal(running->n_guests, 2);
	assert_null(running->guests[0].policy);
	assert_int_equal(running->guests[0].unreadable.code, VN_E_SYNTAX);
	assert_non_null(strstr(running->guests[0].unreadable.text, "sideways"));
}

/* ---- one guest ---- */

static void test_life(void **state)
{
	VN_AUTO(vn_virt) virt = open_test();
	VN_AUTO_TEXT text = VN_TEXT_INIT;
	vn_virt_guest guest;
	vn_error err = { 0 };
	char xml[1024];

	(void)state;
	make_xml(xml, sizeof(xml), "web", "");
	assert_int_equal(vn_virt_find(virt, "web", &guest, &err), VN_E_INPUT);
	assert_string_equal(err.text, "there is no guest 'web'");
	assert_string_equal(err.source, "test:///default");
	assert_int_equal(vn_virt_find(virt, "../web", &guest, &err), VN_E_INPUT);
	assert_int_equal(vn_virt_define(virt, "web", xml, &err), VN_OK);
	assert_int_equal(vn_virt_find(virt, "web", &guest, &err), VN_OK);
	assert_true(guest.persistent && !guest.running);
	assert_int_equal(vn_virt_find(virt, guest.uuid, &guest, &err), VN_OK);
	assert_string_equal(guest.name, "web");
	assert_int_equal(vn_virt_xml(virt, "web", VN_VIRT_DEFINED_XML, &text, &err), VN_OK);
	assert_non_null(strstr(text.bytes, "<vcpupin vcpu='0' cpuset='1'/>"));
	assert_int_equal(vn_virt_destroy(virt, "web", &err), VN_OK); /* it is off */
	assert_int_equal(vn_virt_destroy(virt, "nobody", &err), VN_OK);
	assert_int_equal(vn_virt_start(virt, "web", &err), VN_OK);
	assert_int_equal(vn_virt_resume(virt, "web", &err), VN_OK);
	assert_int_equal(vn_virt_find(virt, "web", &guest, &err), VN_OK);
	assert_true(guest.running);
	assert_int_equal(vn_virt_start(virt, "web", &err), VN_E_SYSTEM);
	assert_int_equal(vn_virt_destroy(virt, "web", &err), VN_OK);
	assert_int_equal(vn_virt_find(virt, "web", &guest, &err), VN_OK);
	assert_false(guest.running);
}

static void test_refusals(void **state)
{
	VN_AUTO(vn_virt) virt = open_test();
	vn_error err = { 0 };

	(void)state;
	assert_int_equal(vn_virt_define(virt, "x", "<domain", &err), VN_E_SYNTAX);
	assert_non_null(strstr(err.text, "guest 'x' cannot be defined: "));
	assert_int_equal(vn_virt_start(virt, "nobody", &err), VN_E_INPUT);
	assert_non_null(strstr(err.text, "guest 'nobody' cannot be started: Domain not found"));
	assert_int_equal(vn_virt_attach(virt, "test", "<memory/>", VN_VIRT_AFFECT_LIVE, &err),
			 VN_E_SYSTEM);
	assert_non_null(strstr(err.text, "guest 'test' cannot get a device: "));
}

static void test_pins(void **state)
{
	VN_AUTO(vn_virt) virt = open_test();
	vn_cpuset cpus = { 0 };
	vn_error err = { 0 };

	(void)state;
	vn_cpuset_add(&cpus, 2);
	vn_cpuset_add(&cpus, 5);
	assert_int_equal(vn_virt_pin_vcpu(virt, "test", 1, &cpus, VN_VIRT_AFFECT_LIVE, &err),
			 VN_OK);
	assert_int_equal(vn_virt_pin_emulator(virt, "test", &cpus, VN_VIRT_AFFECT_LIVE, &err),
			 VN_OK);
	assert_true(vn_virt_pin_vcpu(virt, "test", 7, &cpus, VN_VIRT_AFFECT_LIVE, &err) < 0);
	VN_AUTO(vn_running) running = read_all(virt, VN_VIRT_RUNNING);

	assert_true(vn_cpuset_equal(&running->guests[0].threads[1].pin, &cpus));
	assert_true(vn_cpuset_equal(&running->guests[0].threads[2].pin, &cpus));
	assert_false(vn_cpuset_equal(&running->guests[0].threads[0].pin, &cpus));
}

/* libvirt keeps our element in its own namespace, whatever prefix it had. */
static void test_policy(void **state)
{
	static const char *const documents[] = {
		"<domain><metadata><vnuma:vnuma xmlns:vnuma='urn:vnuma:domain:1' mode='node'>"
		"<vnuma:wrote vcpupin='0'/></vnuma:vnuma></metadata></domain>",
		"<domain><metadata><n:vnuma xmlns:n='urn:vnuma:domain:1' mode='node'>"
		"<n:wrote vcpupin='0'/></n:vnuma></metadata></domain>",
		"<domain><metadata><vnuma xmlns='urn:vnuma:domain:1' mode='node'><wrote "
		"vcpupin='0'/></vnuma></metadata></domain>",
	};
	VN_AUTO(vn_virt) virt = open_test();
	vn_error err = { 0 };

	(void)state;
	for (size_t i = 0; i < VN_LEN(documents); i++) {
		VN_AUTO_TEXT text = VN_TEXT_INIT;

		assert_int_equal(vn_virt_set_policy(virt, "test", documents[i],
						    strlen(documents[i]), VN_VIRT_AFFECT_LIVE,
						    &err),
				 VN_OK);
		assert_int_equal(vn_virt_xml(virt, "test", VN_VIRT_LIVE, &text, &err), VN_OK);
		assert_non_null(strstr(text.bytes,
				       "<vnuma:vnuma xmlns:vnuma=\"urn:vnuma:domain:1\" "
				       "mode=\"node\">"));
		assert_non_null(strstr(text.bytes, "<vnuma:wrote vcpupin=\"0\"/>"));
	}
	assert_int_equal(
		vn_virt_set_policy(virt, "test", "<domain/>", 9, VN_VIRT_AFFECT_LIVE, &err),
		VN_E_SYSTEM);
}

static void test_hotplug_parts(void **state)
{
	static const char xml[] =
		"<domain type='test'><name>hot</name><maxMemory slots='4' "
		"unit='MiB'>1024</maxMemory><memory unit='MiB'>256</memory><vcpu "
		"current='2'>4</vcpu>"
		"<vcpus><vcpu id='0' enabled='yes' hotpluggable='no'/><vcpu id='1' enabled='no' "
		"hotpluggable='yes'/><vcpu id='2' enabled='yes' hotpluggable='yes'/><vcpu id='3' "
		"enabled='no' "
		"hotpluggable='yes'/></vcpus><os><type>hvm</type></os><cpu><numa><cell "
		"id='0' cpus='0-3' memory='128' unit='MiB'/></numa></cpu><devices><memory "
		"model='dimm'><source><nodemask>1</nodemask></source><target><size "
		"unit='MiB'>128</size><node>0</node></target></memory></devices></domain>";
	VN_AUTO(vn_virt) virt = open_test();
	VN_AUTO(vn_arena) arena = vn_arena_new();
	vn_virt_memories memories;
	vn_virt_vcpus vcpus;
	vn_error err = { 0 };
	char list[32];

	(void)state;
	assert_int_equal(vn_virt_define(virt, "hot", xml, &err), VN_OK);
	assert_int_equal(vn_virt_get_vcpus(virt, "hot", VN_VIRT_DEFINED_XML, &vcpus, &err), VN_OK);
	assert_int_equal(vcpus.n, 4);
	vn_cpuset_format(&vcpus.online, list, sizeof(list));
	assert_string_equal(list, "0,2");
	vn_cpuset_format(&vcpus.pluggable, list, sizeof(list));
	assert_string_equal(list, "1-3");
	assert_int_equal(
		vn_virt_get_memories(virt, "hot", VN_VIRT_DEFINED_XML, arena, &memories, &err),
		VN_OK);
	assert_int_equal(memories.max_kib, 1024 << 10);
	assert_int_equal(memories.slots, 4);
	assert_int_equal(memories.n, 1);
	assert_string_equal(memories.devices[0].model, "dimm");
	assert_int_equal(memories.devices[0].size_kib, 128 << 10);
	assert_int_equal(memories.devices[0].cell, 0);
	assert_true(vn_nodeset_has(&memories.devices[0].nodes, 1));
	assert_int_equal(vn_virt_get_vcpus(virt, "nobody", VN_VIRT_LIVE, &vcpus, &err), VN_E_INPUT);
}

/* ---- connection and lock ---- */

static void test_read_only(void **state)
{
	VN_AUTO(vn_virt) virt = NULL;
	vn_cpuset cpus = { 0 };
	vn_error err = { 0 };

	(void)state;
	vn_cpuset_add(&cpus, 0);
	assert_int_equal(vn_virt_open("test:///default", VN_VIRT_READ, &virt, &err), VN_OK);
	assert_int_equal(vn_virt_pin_vcpu(virt, "test", 0, &cpus, VN_VIRT_AFFECT_LIVE, &err),
			 VN_E_SYSTEM);
	assert_non_null(strstr(err.text, "read only"));
	VN_AUTO(vn_running) running = read_all(virt, VN_VIRT_RUNNING);

	assert_int_equal(running->n_guests, 1);
}

static void test_no_daemon(void **state)
{
	VN_AUTO(vn_virt) virt = NULL;
	vn_error err = { 0 };

	(void)state;
	assert_int_equal(vn_virt_open("qemu:///system?socket=/none", VN_VIRT_READ, &virt, &err),
			 VN_E_SYSTEM);
	assert_non_null(strstr(err.text, "'qemu:///system?socket=/none' cannot be reached"));
	assert_null(virt);
	assert_true(vn_virt_open("not a uri", VN_VIRT_READ, &virt, &err) < 0);
}

static void test_lock(void **state)
{
	VN_AUTO(vn_virt) virt = open_test();
	vn_virt_lock one = VN_VIRT_NO_LOCK, two = VN_VIRT_NO_LOCK;
	vn_error err = { 0 };
	char folder[] = "/tmp/vnuma-lock-XXXXXX", path[64];

	(void)state;
	assert_non_null(mkdtemp(folder));
	setenv("XDG_RUNTIME_DIR", folder, 1);
	assert_int_equal(vn_virt_lock_take(virt, 100, &one, &err), VN_OK);
	assert_int_equal(vn_virt_lock_take(virt, 100, &two, &err), VN_E_SYSTEM);
	assert_non_null(strstr(err.text, "another vnuma"));
	vn_virt_lock_drop(&one);
	assert_int_equal(vn_virt_lock_take(virt, 100, &two, &err), VN_OK);
	vn_virt_lock_drop(&two);
	snprintf(path, sizeof(path), "%s/vnuma/test-default.lock", folder);
	unlink(path);
	snprintf(path, sizeof(path), "%s/vnuma", folder);
	rmdir(path);
	rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_host),	      cmocka_unit_test(test_guest),
		cmocka_unit_test(test_defined),	      cmocka_unit_test(test_unreadable),
		cmocka_unit_test(test_life),	      cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_pins),	      cmocka_unit_test(test_policy),
		cmocka_unit_test(test_hotplug_parts), cmocka_unit_test(test_read_only),
		cmocka_unit_test(test_no_daemon),     cmocka_unit_test(test_lock),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests_name("virt", tests, NULL, NULL);
}
