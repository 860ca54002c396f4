/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Guests found and filled from copies of /proc that are made here. */
#include "tree.h"

#include "kernel/cmdline.h"
#include "kernel/process.h"

/* ---- command lines ---- */

static const struct {
	const char *argument, *first, *key;
	const char *value; /* NULL: none */
} values[] = {
	{ "guest=web,debug-threads=on", "guest", "guest", "web" },
	{ "web", "guest", "guest", "web" },
	{ "web,process=x", "guest", "guest", "web" },
	{ "guest=a,,b,process=x", "guest", "guest", "a,b" },
	{ "guest=we b/../x", "guest", "guest", "we b/../x" },
	{ "process=x,guest=y", "guest", "guest", "y" },
	{ "process=x,y", "guest", "guest", NULL },
	{ "guest=", "guest", "guest", "" },
	{ "", "guest", "guest", NULL },
	{ "memory-backend-ram,id=m,size=1G", "qom-type", "qom-type", "memory-backend-ram" },
	{ "memory-backend-ram,id=m,size=1G", NULL, "size", "1G" },
	{ "memory-backend-ram,id=m,hugetlbsize=2M", NULL, "size", NULL },
	{ "{\"qom-type\":\"memory-backend-ram\",\"size\":268435456}", NULL, "size", "268435456" },
	{ "{\"qom-type\":\"memory-backend-ram\",\"size\":-1}", NULL, "size", NULL },
	{ "{\"size\":[1]}", NULL, "size", NULL },
	{ "{\"size\":", NULL, "size", NULL },
	{ "size=1048576k", "size", "size", "1048576k" },
	{ "much-too-long-for-the-buffer-it-goes-to", "guest", "guest", NULL },
};

static void test_values(void **state)
{
	(void)state;
	for (size_t i = 0; i < VN_LEN(values); i++) {
		char to[32];
		bool found = vn_cmdline_value(values[i].argument, values[i].first, values[i].key,
					      to, sizeof(to));

		if (found != (values[i].value != NULL) || (found && strcmp(to, values[i].value)))
			fail_msg("'%s' of '%s' is '%s', not '%s'", values[i].key,
				 values[i].argument, found ? to : "(none)",
				 values[i].value ? values[i].value : "(none)");
	}
}

/* ---- processes ---- */

static vn_running *running_in_tree(void)
{
	vn_arena *arena = vn_arena_new();
	vn_running *running = vn_arena_alloc(arena, 1, sizeof(*running));

	running->arena = arena;
	assert_int_equal(vn_host_read("synthetic:numa:2 core:4 pu:1", &running->host, NULL), VN_OK);
	return running;
}

/* A file with NULs, which are '|' here. */
static void put_words(const char *name, const char *words)
{
	char path[512];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", root, name);
	make_parents(path);
	file = fopen(path, "w");
	assert_non_null(file);
	for (; *words; words++)
		fputc(*words == '|' ? '\0' : *words, file);
	assert_int_equal(fclose(file), 0);
}

static void test_find(void **state)
{
	VN_AUTO(vn_running) running = running_in_tree();
	vn_error err = { 0 };

	(void)state;
	put("proc/10/exe", "-> /usr/bin/qemu-system-x86_64");
	put_words("proc/10/cmdline", "x|-name|guest=zeta,debug-threads=on|-uuid|abc-1|-S|");
	put("proc/11/exe", "-> /usr/bin/qemu-system-x86_64 (deleted)");
	put_words("proc/11/cmdline", "x|-m|64|-name|../../we b|");
	put_words("proc/12/cmdline", "/usr/libexec/qemu-kvm|-m|64|"); /* exe may not be seen */
	put("proc/13/exe", "-> /usr/bin/bash");
	put_words("proc/13/cmdline", "qemu-system-x86_64|-name|fake|");
	put("proc/14/exe", "-> /usr/bin/qemu-img");
	put_words("proc/14/cmdline", "qemu-img|convert|");
	put_words("proc/15/cmdline", ""); /* a thread of the kernel */
	put_words("proc/16/cmdline", "/usr/bin/qemu-system-arm|-name|");
	assert_int_equal(vn_kernel_find_guests(root, running, &err), VN_OK);
	assert_int_equal(running->n_guests, 4);
	assert_string_equal(running->guests[0].name, "../../we b");
	assert_string_equal(running->guests[0].uuid, "");
	assert_int_equal(running->guests[0].pid, 11);
	assert_string_equal(running->guests[1].name, "qemu-12");
	assert_string_equal(running->guests[2].name, "qemu-16");
	assert_string_equal(running->guests[3].name, "zeta");
	assert_string_equal(running->guests[3].uuid, "abc-1");
	assert_int_equal(running->guests[3].state, VN_GUEST_RUNNING);
	assert_int_equal(running->guests[3].unreadable.code, VN_E_SYSTEM);
}

static void test_find_nothing(void **state)
{
	VN_AUTO(vn_running) running = running_in_tree();
	vn_error err = { 0 };

	(void)state;
	assert_int_equal(vn_kernel_find_guests(root, running, &err), VN_E_INPUT);
	assert_string_equal(err.text, "has no /proc: No such file or directory");
	assert_int_equal(vn_kernel_find_guests("/no/such/root", running, &err), VN_E_INPUT);
}

/* ---- threads ---- */

/* A thread of process 10; stat has its last CPU in field 39. */
static void put_thread(int tid, const char *comm, int cpu, const char *allowed, const char *group)
{
	char text[512];

	put_words("proc/10/task/.keep", "");
	putf("%d", 0, "proc/10/task/%d/sched", tid);
	snprintf(text, sizeof(text),
		 "%d (%s) S 1 1 1 0 -1 4194304 0 0 0 0 0 0 0 0 20 0 4 0 777 0 0 0 0 0 0 0 0 0 0 0 "
		 "0 0 "
		 "0 0 -1 %d 0 0",
		 tid, comm, cpu);
	putf(text, 0, "proc/10/task/%d/stat", tid);
	putf(comm, 0, "proc/10/task/%d/comm", tid);
	snprintf(text, sizeof(text),
		 "Name:\t%s\nCpus_allowed:\tff\nCpus_allowed_list:\t%s\nMems_allowed_list:\t0-1",
		 comm, allowed);
	putf(text, 0, "proc/10/task/%d/status", tid);
	putf("4000 1000 7", 0, "proc/10/task/%d/schedstat", tid);
	putf(group, 0, "proc/10/task/%d/cgroup", tid);
}

static void put_process(void)
{
	put("sys/module/vhost/uevent", "");
	put("proc/10/exe", "-> /usr/bin/qemu-system-x86_64");
	put_words("proc/10/cmdline", "qemu|-name|g|-m|64|");
	put("proc/10/stat", "10 (qemu (x) y) S 1 1 1 0 -1 4194304 0");
	put("proc/10/status", "Name:\tqemu\nVmSwap:\t    12 kB");
}

static const vn_guest *fill(vn_running *running, const vn_kernel_options *options)
{
	vn_error err = { 0 };

	if (vn_kernel_fill(running, options, &err) < 0)
		fail_msg("%s", err.text);
	return &running->guests[0];
}

static void thread_is(const vn_thread *thread, enum vn_thread_kind kind, uint32_t number, int tid,
		      int cpu)
{
	assert_int_equal(thread->kind, kind);
	assert_int_equal(thread->number, number);
	assert_int_equal(thread->tid, tid);
	assert_int_equal(thread->cpu, cpu);
}

#define PLAIN "0::/user.slice"
#define SCOPE "0::/machine.slice/machine-qemu\\x2d1\\x2dg.scope/libvirt/"

static void test_by_name(void **state)
{
	VN_AUTO(vn_running) running = running_in_tree();
	const vn_guest *guest;

	(void)state;
	put_process();
	put_thread(10, "qemu-system-x86", 0, "0-7", PLAIN);
	put_thread(11, "CPU 1/KVM", 5, "4-7", PLAIN);
	put_thread(12, "CPU 0/KVM", 4, "4-7", PLAIN);
	put_thread(13, "IO iothread2", 3, "0-3", PLAIN);
	put_thread(14, "CPU ) 9/x", 3, "0-3", PLAIN);
	put_thread(15, "vhost-10", 2, "0-3", PLAIN);
	assert_int_equal(vn_kernel_find_guests(root, running, NULL), VN_OK);
	guest = fill(running, &(vn_kernel_options){ .root = root, .no_memory = true });
	assert_true(guest->threads_by_name);
	assert_int_equal(guest->no_threads.code, VN_OK);
	assert_int_equal(guest->n_threads, 6);
	thread_is(&guest->threads[0], VN_THREAD_VCPU, 0, 12, 4);
	thread_is(&guest->threads[1], VN_THREAD_VCPU, 1, 11, 5);
	thread_is(&guest->threads[2], VN_THREAD_IOTHREAD, 2, 13, 3);
	thread_is(&guest->threads[3], VN_THREAD_EMULATOR, 0, 10, 0);
	thread_is(&guest->threads[4], VN_THREAD_EMULATOR, 0, 14, 3);
	thread_is(&guest->threads[5], VN_THREAD_VHOST, 0, 15, 2);
	assert_true(guest->threads[0].allowed_known && guest->threads[0].times_known);
	assert_int_equal(vn_cpuset_count(&guest->threads[0].allowed), 4);
	assert_int_equal(vn_nodeset_count(&guest->threads[0].mems), 2);
	assert_int_equal(guest->threads[0].run_ns, 4000);
	assert_int_equal(guest->threads[0].wait_ns, 1000);
}

/* The guest gave its threads wrong names; libvirt's cgroups are right. */
static void test_by_group(void **state)
{
	VN_AUTO(vn_running) running = running_in_tree();
	const vn_guest *guest;

	(void)state;
	put_process();
	put_thread(10, "CPU 7/KVM", 0, "0-7", SCOPE "emulator");
	put_thread(11, "x", 5, "4-7", "4:cpuset:/a/vcpu1/b\n3:cpu:/m/vcpu3");
	put_thread(12, "CPU 9/KVM", 4, "4-7", SCOPE "vcpu0");
	put_thread(13, "IO iothread2", 3, "0-3", SCOPE "iothread1");
	assert_int_equal(vn_kernel_find_guests(root, running, NULL), VN_OK);
	guest = fill(running, &(vn_kernel_options){ .root = root, .no_memory = true });
	assert_false(guest->threads_by_name);
	assert_int_equal(guest->n_threads, 4);
	thread_is(&guest->threads[0], VN_THREAD_VCPU, 0, 12, 4);
	thread_is(&guest->threads[1], VN_THREAD_VCPU, 3, 11, 5);
	thread_is(&guest->threads[2], VN_THREAD_IOTHREAD, 1, 13, 3);
	thread_is(&guest->threads[3], VN_THREAD_EMULATOR, 0, 10, 0);
}

/* What libvirt said stays: the tids, or only which vCPUs there are; a tid that is gone is unknown.
 */
static void test_by_libvirt(void **state)
{
	VN_AUTO(vn_running) running = running_in_tree();
	vn_thread told[] = {
		{ .kind = VN_THREAD_VCPU, .number = 0, .tid = 11, .cpu = -1 },
		{ .kind = VN_THREAD_VCPU, .number = 1, .tid = 99, .cpu = 7 },
		{ .kind = VN_THREAD_EMULATOR, .tid = 0, .pin_known = true },
		{ .kind = VN_THREAD_IOTHREAD, .number = 3 }, /* libvirt does not tell its tid */
		{ .kind = VN_THREAD_IOTHREAD, .number = 4 },
	};
	vn_guest libvirts = { .name = "g", .uuid = "", .pid = 10, .state = VN_GUEST_RUNNING };
	const vn_guest *guest;

	(void)state;
	told[0].pin_known = true;
	vn_cpuset_add(&told[0].pin, 5);
	vn_cpuset_add(&told[2].pin, 2);
	put_process();
	put_thread(10, "qemu", 0, "2", SCOPE "emulator");
	put_thread(11, "CPU 5/KVM", 5, "4-7", SCOPE "vcpu5");
	put_thread(12, "CPU 6/KVM", 4, "4-7", SCOPE "vcpu6");
	put_thread(13, "IO iothread5", 6, "6", SCOPE "iothread3");
	put_thread(14, "IO iothread4", 7, "7", SCOPE "emulator");
	put_thread(15, "IO iothread9", 7, "7", SCOPE "emulator");
	running->guests = &libvirts;
	running->n_guests = 1;
	libvirts.threads = told;
	libvirts.n_threads = VN_LEN(told);
	guest = fill(running, &(vn_kernel_options){ .root = root, .no_memory = true });
	assert_int_equal(guest->n_threads, 7);
	thread_is(&guest->threads[0], VN_THREAD_VCPU, 0, 11, 5);
	assert_true(vn_cpuset_has(&guest->threads[0].pin, 5));
	thread_is(&guest->threads[1], VN_THREAD_VCPU, 1, 99, -1);
	assert_false(guest->threads[1].allowed_known || guest->threads[1].times_known);
	thread_is(&guest->threads[2], VN_THREAD_IOTHREAD, 3, 13, 6);
	thread_is(&guest->threads[3], VN_THREAD_IOTHREAD, 4, 14, 7);
	thread_is(&guest->threads[4], VN_THREAD_EMULATOR, 0, 10, 0);
	thread_is(&guest->threads[5], VN_THREAD_EMULATOR, 0, 12, 4);
	thread_is(&guest->threads[6], VN_THREAD_EMULATOR, 0, 15, 7);
	for (int i = 4; i < 7; i++)
		assert_true(guest->threads[i].pin_known &&
			    vn_cpuset_has(&guest->threads[i].pin, 2));
	running->n_guests = 0;
}

/* A thread of the kernel works for guest 10; a program that only says so does not. */
static void test_vhost(void **state)
{
	VN_AUTO(vn_running) running = running_in_tree();
	const char *stat =
		"%d (vhost-10) S 2 0 0 0 -1 2129984 0 0 0 0 0 0 0 0 20 0 1 0 1 0 0 0 0 0 "
		"0 0 0 0 0 0 0 0 0 0 -1 3 0 0";
	const vn_guest *guest;

	(void)state;
	put_process();
	put_thread(10, "qemu", 0, "0-7", PLAIN);
	put("proc/40/comm", "vhost-10");
	putf(stat, 40, "proc/40/stat");
	putf(stat, 40, "proc/40/task/40/stat");
	put("proc/41/comm", "vhost-10");
	put("proc/41/stat", "41 (vhost-10) S 1 1 1 0 -1 4194304 0");
	put("proc/42/comm", "vhost-9");
	putf(stat, 42, "proc/42/stat");
	assert_int_equal(vn_kernel_find_guests(root, running, NULL), VN_OK);
	guest = fill(running, &(vn_kernel_options){ .root = root, .no_memory = true });
	assert_int_equal(guest->n_threads, 2);
	thread_is(&guest->threads[1], VN_THREAD_VHOST, 0, 40, 3);
	assert_int_equal(running->n_guests, 1);
}

static void test_too_many_threads(void **state)
{
	VN_AUTO(vn_running) running = running_in_tree();
	const vn_guest *guest;
	char path[128];

	(void)state;
	put_process();
	put_thread(10, "qemu", 0, "0-7", PLAIN);
	for (int tid = 11; tid < 10000; tid++) {
		snprintf(path, sizeof(path), "%s/proc/10/task/%d", root, tid);
		assert_int_equal(mkdir(path, 0755), 0);
	}
	assert_int_equal(vn_kernel_find_guests(root, running, NULL), VN_OK);
	guest = fill(running, &(vn_kernel_options){ .root = root, .no_memory = true });
	assert_int_equal(guest->n_threads, VN_THREADS_MAX);
	assert_int_equal(guest->no_threads.code, VN_E_RANGE);
	assert_string_equal(guest->no_threads.text,
			    "process 10 has over 8192 threads; the others are not shown");
}

static void test_ended(void **state)
{
	VN_AUTO(vn_running) running = running_in_tree();
	const vn_guest *guest;

	(void)state;
	put_process();
	put_thread(10, "qemu", 0, "0-7", PLAIN);
	assert_int_equal(vn_kernel_find_guests(root, running, NULL), VN_OK);
	put("proc/10/stat", "10 (qemu) Z 1 1 1 0 -1 4194304 0");
	guest = fill(running, &(vn_kernel_options){ .root = root, .no_memory = true });
	assert_int_equal(guest->state, VN_GUEST_OFF);
	assert_int_equal(guest->pid, 0);
	assert_int_equal(guest->n_threads, 0);
	assert_string_equal(guest->no_threads.text, "process 10 ended");
	running->guests[0].pid = 77;
	running->guests[0].state = VN_GUEST_RUNNING;
	guest = fill(running, &(vn_kernel_options){ .root = root });
	assert_int_equal(guest->state, VN_GUEST_OFF);
	assert_string_equal(guest->no_memory.text, "process 77 ended");
}

/* ---- memory, exact ---- */

#define MAPS                                                                                       \
	"55d000000000-55d000021000 rw-p 00000000 00:00 0                          [heap]\n"        \
	"7f0000000000-7f0004000000 rw-p 00000000 00:00 0 \n"                                       \
	"7f0008000000-7f000c000000 rwxp 00000000 00:00 0 \n"                                       \
	"7f1000000000-7f1002000000 rw-s 00000000 00:0f 31    /dev/hugepages/libvirt/qemu/1-g/ram " \
	"(deleted)\n"                                                                              \
	"7f2000000000-7f2001000000 rw-p 00000000 00:00 0 \n"                                       \
	"not a mapping at all\n"                                                                   \
	"7f2001000000-7f2000000000 rw-p 00000000 00:00 0 \n"
#define NUMA_MAPS                                                                                  \
	"55d000000000 default heap anon=33 dirty=33 N0=33 kernelpagesize_kB=4\n"                   \
	"7f0000000000 bind:1 anon=300 dirty=300 N0=100 N1=200 kernelpagesize_kB=4\n"               \
	"7f0008000000 default anon=9 N0=9 kernelpagesize_kB=4\n"                                   \
	"7f1000000000 prefer (many):0-1 file=/dev/hugepages/libvirt/qemu/1-g/ram\\040(deleted) "   \
	"huge dirty=5 N0=2 N1=3 N9=1 kernelpagesize_kB=2048\n"                                     \
	"7f2000000000 default anon=1 N0=1 N99999=3 N1=x N0 kernelpagesize_kB=4\n"

static void put_memory(void)
{
	put_process();
	put_thread(10, "qemu", 0, "0-7", PLAIN);
	put_words(
		"proc/10/cmdline",
		"qemu|-name|g|-m|112|-object|memory-backend-ram,id=a,size=64M|-object|"
		"{\"qom-type\":\"memory-backend-file\",\"size\":33554432}|-object|rng-random,size="
		"16M|");
	put("proc/10/maps", MAPS);
	put("proc/10/numa_maps", NUMA_MAPS);
	put("proc/10/smaps",
	    "55d000000000-55d000021000 rw-p 00000000 00:00 0   [heap]\nAnonHugePages:  4096 kB\n"
	    "7f0000000000-7f0004000000 rw-p 00000000 00:00 0 \nRss: 1 kB\nAnonHugePages:  2048 kB\n"
	    "7f1000000000-7f1002000000 rw-s 00000000 00:0f 31 /x\nShmemPmdMapped: 100 kB");
}

static void test_exact(void **state)
{
	VN_AUTO(vn_running) running = running_in_tree();
	const vn_kernel_options options = { .root = root, .exact = true };
	const vn_memory_use *use;

	(void)state;
	put_memory();
	assert_int_equal(vn_kernel_find_guests(root, running, NULL), VN_OK);
	use = &fill(running, &options)->memory;
	assert_int_equal(running->guests[0].no_memory.code, VN_OK);
	assert_int_equal(use->how, VN_MEASURED_EXACT);
	assert_false(use->guessed);
	assert_int_equal(use->ram_kib, 96 << 10); /* what is not told is not RAM */
	assert_int_equal(use->swap_kib, 12);
	assert_int_equal(use->n_sizes, 2);
	assert_int_equal(use->size_kib[0], 4);
	assert_int_equal(use->size_kib[1], 2048);
	assert_int_equal(use->kib[0], 400);
	assert_int_equal(use->kib[1], 800);
	assert_int_equal(use->kib[2], 4096);
	assert_int_equal(use->kib[3], 6144);
	assert_true(use->thp_known);
	assert_int_equal(use->thp_kib, 2148);
}

static void test_policies(void **state)
{
	VN_AUTO(vn_arena) arena = vn_arena_new();
	vn_ram ram;

	(void)state;
	put_memory();
	assert_int_equal(vn_kernel_ram(root, 10, NULL, true, arena, &ram, NULL), VN_OK);
	assert_int_equal(ram.n_areas, 2);
	assert_true(ram.areas[0].first == 0x7f0000000000 && ram.areas[0].last == 0x7f0004000000);
	assert_true(ram.areas[0].bound && vn_nodeset_has(&ram.areas[0].nodes, 1));
	assert_int_equal(vn_nodeset_count(&ram.areas[0].nodes), 1);
	assert_true(ram.areas[1].bound);
	assert_int_equal(vn_nodeset_count(&ram.areas[1].nodes), 2);
	assert_int_equal(ram.areas[1].page_kib, 2048);
}

/* A device that was plugged in is in the XML and in no command line; one of equal size counts once
 * more. A mapping that was split is one piece of RAM. */
static void test_plugged(void **state)
{
	static const char xml[] =
		"<domain type='kvm'><name>g</name><memory unit='MiB'>192</memory>"
		"<maxMemory slots='4' unit='GiB'>1</maxMemory><vcpu>2</vcpu>"
		"<cpu><numa><cell id='0' cpus='0-1' memory='64' unit='MiB'/></numa></cpu><devices>"
		"<memory model='dimm'><target><size "
		"unit='MiB'>64</size><node>0</node></target></memory>"
		"<memory model='dimm'><target><size "
		"unit='MiB'>64</size><node>0</node></target></memory>"
		"</devices></domain>";
	VN_AUTO(vn_arena) arena = vn_arena_new();
	VN_AUTO(vn_request) config = NULL;
	vn_ram ram;

	(void)state;
	put_memory();
	put_words("proc/10/cmdline", "qemu|-object|memory-backend-ram,id=a,size=64M|");
	put("proc/10/maps", "7f0000000000-7f0004000000 rw-p 00000000 00:00 0 \n"
			    "7f1000000000-7f1001000000 rw-p 00000000 00:00 0 \n"
			    "7f1001000000-7f1004000000 rw-p 00000000 00:00 0 \n"
			    "7f2000000000-7f2004000000 rw-p 00000000 00:00 0 \n"
			    "7f3000000000-7f3005000000 rw-p 00000000 00:00 0 ");
	assert_int_equal(vn_request_parse_xml_as_is("g", xml, strlen(xml), &config, NULL), VN_OK);
	assert_int_equal(vn_kernel_ram(root, 10, config, false, arena, &ram, NULL), VN_OK);
	assert_false(ram.guessed);
	assert_int_equal(ram.n_areas, 4);
	assert_true(ram.areas[3].last == 0x7f2004000000);
	assert_int_equal(vn_kernel_ram(root, 10, NULL, false, arena, &ram, NULL), VN_OK);
	assert_int_equal(ram.n_areas, 1);
	assert_true(ram.areas[0].first == 0x7f2000000000);
}

static void test_guessed(void **state)
{
	VN_AUTO(vn_arena) arena = vn_arena_new();
	vn_ram ram;

	(void)state;
	put_memory();
	put_words("proc/10/cmdline", "qemu|");
	assert_int_equal(vn_kernel_ram(root, 10, NULL, false, arena, &ram, NULL), VN_OK);
	assert_true(ram.guessed);
	assert_int_equal(ram.n_areas, 2); /* not the small one, not what can be executed */
}

/* Sizes as QEMU takes them, and what is no size; the only mapping has 64 MiB. */
static void test_told(void **state)
{
	static const struct {
		const char *cmdline;
		bool told;
	} cases[] = {
		{ "qemu|-m|64|", true },
		{ "qemu|-m|64M|", true },
		{ "qemu|-m|size=65536k|", true },
		{ "qemu|-m|size=65536k,slots=2,maxmem=1G|", true },
		{ "qemu|--m|67108864b|", true },
		{ "qemu|-m|0.0625G|", false },
		{ "qemu|-m|64Q|", false },
		{ "qemu|-m|99999999999999999999|", false },
		{ "qemu|-m|18446744073709551615E|", false },
		{ "qemu|-m|", false },
		{ "qemu|-object|memory-backend-memfd,size=64M,id=x|-m|1G|", true },
		{ "qemu|-m|64|-object|memory-backend-memfd,size=63M,id=x|",
		  true }, /* 2 MiB pages */
		{ "qemu|-m|64|-object|memory-backend-memfd,size=32M,id=x|", false },
	};
	VN_AUTO(vn_arena) arena = vn_arena_new();

	(void)state;
	put_process();
	put("proc/10/maps", "7f0000000000-7f0004000000 rw-p 00000000 00:00 0 ");
	for (size_t i = 0; i < VN_LEN(cases); i++) {
		vn_ram ram;

		put_words("proc/10/cmdline", cases[i].cmdline);
		assert_int_equal(vn_kernel_ram(root, 10, NULL, false, arena, &ram, NULL), VN_OK);
		if (ram.guessed == cases[i].told)
			fail_msg("'%s' is%s taken for 64 MiB", cases[i].cmdline,
				 ram.guessed ? " not" : "");
	}
}

static void test_no_maps(void **state)
{
	VN_AUTO(vn_running) running = running_in_tree();
	const vn_guest *guest;

	(void)state;
	put_process();
	put_thread(10, "qemu", 0, "0-7", PLAIN);
	assert_int_equal(vn_kernel_find_guests(root, running, NULL), VN_OK);
	guest = fill(running, &(vn_kernel_options){ .root = root, .exact = true });
	assert_int_equal(guest->memory.how, VN_MEASURED_NOT);
	assert_string_equal(guest->no_memory.text, "the mappings of process 10: not there");
	assert_int_equal(guest->n_threads, 1);
	put("proc/10/maps", MAPS);
	guest = fill(running, &(vn_kernel_options){ .root = root });
	assert_string_equal(guest->no_memory.text,
			    "a copy of /proc cannot be sampled; numa_maps can be read");
}

/* ---- pages that move_pages does not find ---- */

static void put_number(const char *name, uint64_t at, uint64_t entry)
{
	char path[128];
	FILE *file;

	snprintf(path, sizeof(path), "%s/proc/%s", root, name);
	file = fopen(path, access(path, F_OK) ? "w+" : "r+");
	assert_non_null(file);
	assert_int_equal(fseek(file, (long)(at * 8), SEEK_SET), 0);
	assert_int_equal(fwrite(&entry, 8, 1, file), 1);
	assert_int_equal(fclose(file), 0);
}

static void put_entry(uint64_t page, uint64_t entry)
{
	put_number("10/pagemap", page, entry);
}

#define PRESENT (UINT64_C(1) << 63)

static void test_pagemap(void **state)
{
	void *pages[6];
	int status[] = { 3, -ENOENT, -ENOENT, -ENOENT, -ENOENT, -EFAULT };
	static const int expected[] = { 3, 0, 1, -EAGAIN, -ENOENT, -EFAULT };
	vn_process process;
	int dir = vn_kdir_open(-1, "%s", root);

	(void)state;
	put_process();
	put("proc/zoneinfo", "Node 0, zone      DMA\n  pages free     1\n        spanned  100\n"
			     "  node_unreclaimable:  0\n  start_pfn:           1\n"
			     "Node 1, zone   Normal\n        spanned  1000\n  start_pfn: 200\n"
			     "Node 2, zone   Normal\n        spanned  10\n  start_pfn: 1190\n"
			     "Node 2, zone  Movable\n        spanned  0\n  start_pfn: 0");
	for (uint64_t i = 0; i < VN_LEN(pages); i++)
		pages[i] = (void *)(uintptr_t)(i * vn_page_bytes());
	put_entry(0, PRESENT | 500);
	put_entry(1, PRESENT | 100);
	put_entry(2, PRESENT | UINT64_C(1) << 61 | 200);
	put_entry(3, PRESENT); /* who is not root is not told the frame */
	put_entry(4, 12345);   /* swapped out */
	put_entry(5, PRESENT | 200);
	assert_int_equal(vn_process_open(dir, false, 10, &process), 0);
	vn_pagemap_find(&process, pages, status, VN_LEN(pages));
	assert_memory_equal(status, expected, sizeof(expected));
	/* Frames of two nodes; of none. */
	put_entry(1, PRESENT | 1195);
	put_entry(2, PRESENT | 9999999);
	status[1] = status[2] = -ENOENT;
	vn_pagemap_find(&process, pages, status, VN_LEN(pages));
	assert_int_equal(status[1], -EAGAIN);
	assert_int_equal(status[2], -EAGAIN);
	/* A transparent huge page; the page of zeros; who is not root. */
	status[1] = status[2] = status[3] = -EFAULT;
	put_entry(1, PRESENT | 300);
	put_entry(2, PRESENT | 301);
	put_number("kpageflags", 300, UINT64_C(1) << 22);
	put_number("kpageflags", 301, UINT64_C(1) << 24);
	vn_pagemap_find(&process, pages, status, VN_LEN(pages));
	assert_int_equal(status[1], 1);
	assert_int_equal(status[2], -EFAULT);
	assert_int_equal(status[3], -EFAULT);
	vn_process_close(&process);
	close(dir);
}

#define TREE_TEST(function) cmocka_unit_test_setup_teardown(function, make_root, remove_root)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values), TREE_TEST(test_find),
		TREE_TEST(test_find_nothing),  TREE_TEST(test_by_name),
		TREE_TEST(test_by_group),      TREE_TEST(test_by_libvirt),
		TREE_TEST(test_vhost),	       TREE_TEST(test_too_many_threads),
		TREE_TEST(test_ended),	       TREE_TEST(test_exact),
		TREE_TEST(test_policies),      TREE_TEST(test_plugged),
		TREE_TEST(test_guessed),       TREE_TEST(test_told),
		TREE_TEST(test_no_maps),       TREE_TEST(test_pagemap),
	};

	return cmocka_run_group_tests_name("kernel_guests", tests, NULL, NULL);
}
