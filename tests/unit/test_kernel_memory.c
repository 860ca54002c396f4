/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The memory of a living process that this test starts: sampled, counted, asked for by somebody who
 * may not, gone meanwhile, moved. Where pages lie on a machine of many nodes is tested in
 * tests/e2e. */
#include "kernel/kernel.h"

#include <errno.h>
#include <linux/mempolicy.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <setjmp.h>

#include <cmocka.h>

enum { RAM_MIB = 64, NOBODY = 65534 };

/* A process with RAM_MIB of memory, of which it has touched `percent` in pieces of 256 KiB. */
static pid_t start(unsigned percent)
{
	size_t size = (size_t)RAM_MIB << 20, piece = 256 << 10;
	int ready[2];
	char byte;
	pid_t pid;

	assert_int_equal(pipe(ready), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		char *ram = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
				 -1, 0);

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (ram == MAP_FAILED)
			_exit(1);
		madvise(ram, size, MADV_NOHUGEPAGE);
		for (size_t at = 0, i = 0; at < size; at += piece, i++)
			if (i * percent / 100 != (i + 1) * percent / 100)
				memset(ram + at, 1, piece);
		if (write(ready[1], "x", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	return pid;
}

static void end(pid_t pid)
{
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

/* The size of its RAM is told as a domain's. */
static vn_running *running_of(pid_t pid)
{
	static const char xml[] = "<domain type='kvm'><name>g</name><memory unit='MiB'>64</memory>"
				  "<vcpu>1</vcpu></domain>";
	vn_arena *arena = vn_arena_new();
	vn_running *running = vn_arena_alloc(arena, 1, sizeof(*running));
	vn_guest *guest = vn_arena_alloc(arena, 1, sizeof(*guest));

	running->arena = arena;
	assert_int_equal(vn_host_read("live", &running->host, NULL), VN_OK);
	*guest = (vn_guest){ .name = "g", .uuid = "", .state = VN_GUEST_RUNNING, .pid = pid };
	assert_int_equal(
		vn_request_parse_xml_as_is("g", xml, sizeof(xml) - 1, &guest->config, NULL), VN_OK);
	running->guests = guest;
	running->n_guests = 1;
	return running;
}

static uint64_t total_kib(const vn_running *running)
{
	const vn_memory_use *use = &running->guests[0].memory;
	uint64_t kib = 0;

	for (uint32_t i = 0; use->kib && i < use->n_sizes * running->host->n_nodes; i++)
		kib += use->kib[i];
	return kib;
}

static void fill(vn_running *running, bool exact)
{
	vn_error err = { 0 };

	if (vn_kernel_fill(running, &(vn_kernel_options){ .exact = exact }, &err) < 0)
		fail_msg("%s", err.text);
	if (running->guests[0].no_memory.code != VN_OK)
		fail_msg("%s", running->guests[0].no_memory.text);
}

static bool may_sample(void)
{
	VN_AUTO(vn_running) running = running_of(getpid());
	vn_error err = { 0 };

	return vn_kernel_fill(running, &(vn_kernel_options){ 0 }, &err) == VN_OK &&
	       !strstr(running->guests[0].no_memory.text, "move_pages");
}

static void test_sample(void **state)
{
	static const unsigned percents[] = { 100, 50, 10, 0 };

	(void)state;
	for (size_t i = 0; i < VN_LEN(percents); i++) {
		pid_t pid = start(percents[i]);
		VN_AUTO(vn_running) sampled = running_of(pid);
		VN_AUTO(vn_running) exact = running_of(pid);
		const vn_guest *guest = &sampled->guests[0];
		uint64_t touched = (uint64_t)RAM_MIB * 1024 * percents[i] / 100, a, b;

		fill(sampled, false);
		fill(exact, true);
		a = total_kib(sampled);
		b = total_kib(exact);
		end(pid);
		assert_int_equal(guest->memory.how, VN_MEASURED_SAMPLED);
		assert_false(guest->memory.guessed);
		assert_int_equal(guest->memory.ram_kib, RAM_MIB << 10);
		assert_in_range(b + 256, touched, touched + 512);	      /* whole pieces */
		assert_true((a > b ? a - b : b - a) <= (RAM_MIB << 10) / 50); /* 2 % */
		assert_int_equal(guest->n_threads, 1);
		assert_true(guest->threads[0].allowed_known && guest->threads[0].cpu >= 0);
	}
}

static void test_ended(void **state)
{
	pid_t pid = start(1);
	VN_AUTO(vn_running) running = running_of(pid);
	vn_error err = { 0 };

	(void)state;
	kill(pid, SIGKILL);
	siginfo_t info;
	assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
	assert_int_equal(vn_kernel_fill(running, &(vn_kernel_options){ 0 }, &err), VN_OK);
	assert_int_equal(running->guests[0].state, VN_GUEST_OFF); /* a zombie */
	end(pid);
	running->guests[0].pid = pid;
	running->guests[0].state = VN_GUEST_RUNNING;
	assert_int_equal(vn_kernel_fill(running, &(vn_kernel_options){ 0 }, &err), VN_OK);
	assert_int_equal(running->guests[0].state, VN_GUEST_OFF);
	assert_non_null(strstr(running->guests[0].no_memory.text, "ended"));
}

/* Who may not look gets the reason, and the threads, which everybody may see. */
static int as_nobody(pid_t pid)
{
	VN_AUTO(vn_running) running = running_of(pid);
	vn_move_result result;
	vn_memory_move move = { .to = 0 };
	vn_error err = { 0 };
	const vn_guest *guest = &running->guests[0];

	if (setgid(NOBODY) || setuid(NOBODY))
		return 1;
	if (vn_kernel_fill(running, &(vn_kernel_options){ 0 }, &err) < 0)
		return 2;
	if (guest->memory.how != VN_MEASURED_NOT || !strstr(guest->no_memory.text, "not permitted"))
		return 3;
	if (guest->no_threads.code != VN_OK || guest->n_threads != 1 ||
	    !guest->threads[0].allowed_known)
		return 4;
	if (vn_kernel_move_memory(pid, &move, 1, &(vn_move_options){ 0 }, &result, &err) !=
		    VN_E_SYSTEM ||
	    !strstr(err.text, "not permitted"))
		return 5;
	return 0;
}

static void test_not_permitted(void **state)
{
	pid_t pid, asker;
	int status;

	(void)state;
	if (geteuid() != 0) {
		print_message("# only root can become nobody\n");
		return;
	}
	pid = start(1);
	asker = fork();
	if (!asker)
		_exit(as_nobody(pid));
	assert_int_equal(waitpid(asker, &status, 0), asker);
	end(pid);
	assert_int_equal(status, 0);
}

/* ---- moving ---- */

static bool stop_at_once(void *context, const vn_move_progress *progress)
{
	uint32_t *calls = context;

	(void)progress;
	++*calls;
	return false;
}

static void test_move(void **state)
{
	pid_t pid = start(50);
	VN_AUTO(vn_running) running = running_of(pid);
	vn_move_options options = { .config = running->guests[0].config };
	vn_memory_move move = { .to = running->host->nodes[0].id };
	vn_move_result result;
	vn_error err = { 0 };
	uint32_t calls = 0;

	(void)state;
	if (vn_kernel_move_memory(pid, &move, 1, &options, &result, &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(result.done.total_kib, RAM_MIB << 10);
	assert_int_equal(result.done.seen_kib, RAM_MIB << 10);
	assert_int_equal(result.done.wanted_kib, 0); /* all of it is there */
	assert_int_equal(result.n_reasons, 0);
	assert_false(result.stopped);
	options.progress = stop_at_once;
	options.context = &calls;
	assert_int_equal(vn_kernel_move_memory(pid, &move, 1, &options, &result, &err), VN_OK);
	assert_true(result.stopped);
	assert_int_equal(calls, 1);
	assert_true(result.done.seen_kib < RAM_MIB << 10);
	options.progress = NULL;
	move.to = VN_NODE_MAX - 1;
	assert_int_equal(vn_kernel_move_memory(pid, &move, 1, &options, &result, &err),
			 VN_E_SYSTEM);
	assert_string_equal(err.text, "there is no memory on the node to move to");
	assert_int_equal(result.done.moved_kib, 0);
	end(pid);
	assert_int_equal(vn_kernel_move_memory(pid, &move, 1, &options, &result, &err),
			 VN_E_SYSTEM);
}

/* ---- between nodes ---- */

/* Memory of two halves, a hole between them, each bound to a node. The process writes it and checks
 * what it wrote all the time, until SIGTERM. */
static volatile sig_atomic_t ending;

static void note_ending(int signal_number)
{
	(void)signal_number;
	ending = 1;
}

static char *half_on(uint32_t node)
{
	size_t size = (size_t)RAM_MIB << 19;
	unsigned long mask[VN_NODE_MAX / 64 + 1] = { 0 };
	char *hole = mmap(NULL, size + (4 << 20), PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *half;

	if (hole == MAP_FAILED)
		_exit(1);
	half = hole + (2 << 20);
	mask[node / 64] = 1ul << node % 64;
	if (mprotect(half, size, PROT_READ | PROT_WRITE) ||
	    syscall(SYS_mbind, half, size, MPOL_BIND, mask, VN_NODE_MAX + 1ul, 0))
		_exit(1);
	return half;
}

static void write_and_check(char *const halves[2], int ready)
{
	size_t pages = ((size_t)RAM_MIB << 19) / 4096;
	uint32_t *expected = calloc(2 * pages, sizeof(*expected));

	for (uint64_t round = 0; expected && !ending; round++) {
		for (size_t i = 0; i < 2 * pages; i++) {
			uint32_t *page = (uint32_t *)(halves[i / pages] + i % pages * 4096);

			if (page[0] != expected[i] || page[1023] != expected[i])
				_exit(3);
			expected[i] = (uint32_t)(round * 2654435761u + i);
			page[0] = page[1023] = expected[i];
		}
		if (!round && write(ready, "x", 1) != 1)
			_exit(1);
	}
	_exit(expected ? 0 : 1);
}

static pid_t start_writer(uint32_t first, uint32_t second)
{
	int ready[2];
	char byte;
	pid_t pid;

	assert_int_equal(pipe(ready), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		char *halves[2] = { half_on(first), half_on(second) };

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		signal(SIGTERM, note_ending);
		write_and_check(halves, ready[1]);
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	return pid;
}

static void writer_is_whole(pid_t pid)
{
	int status;

	kill(pid, SIGTERM);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

/* Two nodes with memory; false: there are not that many. */
static bool two_nodes(uint32_t ids[2])
{
	VN_AUTO(vn_host) host = NULL;
	uint32_t n = 0;

	assert_int_equal(vn_host_read("live", &host, NULL), VN_OK);
	for (uint32_t ix = 0; ix < host->n_nodes && n < 2; ix++)
		if (host->nodes[ix].mem_kib > (4 * RAM_MIB << 10))
			ids[n++] = host->nodes[ix].id;
	return n == 2;
}

static uint64_t mib_on(pid_t pid, uint32_t node, bool exact)
{
	VN_AUTO(vn_running) running = running_of(pid);
	const vn_memory_use *use = &running->guests[0].memory;
	int ix = vn_host_node_ix(running->host, node);
	uint64_t kib = 0;

	fill(running, exact);
	for (uint32_t i = 0; i < use->n_sizes; i++)
		kib += use->kib[i * running->host->n_nodes + (uint32_t)ix];
	return kib >> 10;
}

static vn_request *two_cells(void)
{
	static const char xml[] = "<domain type='kvm'><name>g</name><memory unit='MiB'>64</memory>"
				  "<vcpu>2</vcpu><cpu><numa>"
				  "<cell id='0' cpus='0' memory='32' unit='MiB'/>"
				  "<cell id='1' cpus='1' memory='32' unit='MiB'/>"
				  "</numa></cpu></domain>";
	vn_request *config = NULL;

	assert_int_equal(vn_request_parse_xml_as_is("g", xml, sizeof(xml) - 1, &config, NULL),
			 VN_OK);
	return config;
}

static void move_all(pid_t pid, const vn_request *config, const vn_memory_move *moves, uint32_t n,
		     uint32_t rate_mib_s, vn_move_result *ret)
{
	const vn_move_options options = { .config = config, .rate_mib_s = rate_mib_s };
	vn_error err = { 0 };

	if (vn_kernel_move_memory(pid, moves, n, &options, ret, &err) < 0)
		fail_msg("%s", err.text);
}

enum { ALMOST_MIB = RAM_MIB * 95 / 100 };

static void test_move_between(void **state)
{
	VN_AUTO(vn_request) config = two_cells();
	vn_move_result result;
	uint32_t ids[2];
	pid_t pid;

	(void)state;
	assert_true(two_nodes(ids));
	pid = start_writer(ids[0], ids[0]);
	assert_true(mib_on(pid, ids[0], false) >= ALMOST_MIB);
	move_all(pid, config, &(vn_memory_move){ .to = ids[1] }, 1, 0, &result);
	assert_in_range(result.done.wanted_kib >> 10, ALMOST_MIB, RAM_MIB);
	assert_in_range(result.done.moved_kib >> 10, ALMOST_MIB, RAM_MIB);
	assert_true(mib_on(pid, ids[1], true) >= ALMOST_MIB);
	assert_true(mib_on(pid, ids[1], false) >= ALMOST_MIB);
	/* Done is done. */
	move_all(pid, config, &(vn_memory_move){ .to = ids[1] }, 1, 0, &result);
	assert_true(result.done.wanted_kib >> 10 <= RAM_MIB - ALMOST_MIB);
	writer_is_whole(pid);
}

/* Which half is where is told by its policy: two halves change places, also when it is done again.
 */
static void test_swap(void **state)
{
	VN_AUTO(vn_request) config = two_cells();
	VN_AUTO(vn_arena) arena = vn_arena_new();
	vn_memory_move moves[2];
	vn_move_result result;
	uint32_t ids[2];
	vn_ram ram;
	pid_t pid;

	(void)state;
	assert_true(two_nodes(ids));
	pid = start_writer(ids[0], ids[1]);
	assert_int_equal(vn_kernel_ram("/", pid, config, true, arena, &ram, NULL), VN_OK);
	assert_int_equal(ram.n_areas, 2);
	for (uint32_t i = 0; i < 2; i++) {
		assert_true(ram.areas[i].bound);
		moves[i] = (vn_memory_move){
			.first = ram.areas[i].first,
			.last = ram.areas[i].last,
			.to = vn_nodeset_has(&ram.areas[i].nodes, ids[0]) ? ids[1] : ids[0],
		};
	}
	for (int times = 0; times < 2; times++) {
		move_all(pid, config, moves, 2, 0, &result);
		assert_int_equal(result.done.total_kib, RAM_MIB << 10);
		assert_true(result.done.wanted_kib >> 10 >= (times ? 0 : ALMOST_MIB));
		assert_true(!times || result.done.wanted_kib >> 10 <= RAM_MIB - ALMOST_MIB);
		assert_in_range(mib_on(pid, ids[0], true), ALMOST_MIB / 2, RAM_MIB / 2);
		assert_in_range(mib_on(pid, ids[1], true), ALMOST_MIB / 2, RAM_MIB / 2);
	}
	writer_is_whole(pid);
}

/* Killed in the middle; a second call completes it. The rate is kept. */
static void test_move_cut_off(void **state)
{
	VN_AUTO(vn_request) config = two_cells();
	const struct timespec half = { .tv_nsec = 900000000 };
	vn_move_result result;
	uint64_t there;
	uint32_t ids[2];
	pid_t pid, mover;

	(void)state;
	assert_true(two_nodes(ids));
	pid = start_writer(ids[0], ids[0]);
	mover = fork();
	if (!mover) {
		move_all(pid, config, &(vn_memory_move){ .to = ids[1] }, 1, 32, &result);
		_exit(0);
	}
	nanosleep(&half, NULL);
	kill(mover, SIGKILL);
	assert_int_equal(waitpid(mover, NULL, 0), mover);
	there = mib_on(pid, ids[1], true);
	assert_in_range(there, 1, RAM_MIB * 3 / 4);
	move_all(pid, config, &(vn_memory_move){ .to = ids[1] }, 1, 0, &result);
	assert_true(mib_on(pid, ids[1], true) >= ALMOST_MIB);
	writer_is_whole(pid);
}

static void test_reasons(void **state)
{
	(void)state;
	assert_non_null(strstr(vn_move_reason_text(EBUSY), "in use"));
	assert_non_null(strstr(vn_move_reason_text(0), "another node"));
	assert_string_equal(vn_move_reason_text(EIO), strerror(EIO));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sample),	      cmocka_unit_test(test_ended),
		cmocka_unit_test(test_not_permitted), cmocka_unit_test(test_reasons),
		cmocka_unit_test(test_move), /* last: for machines of one node */
	};
	const struct CMUnitTest between[] = {
		cmocka_unit_test(test_move_between),
		cmocka_unit_test(test_swap),
		cmocka_unit_test(test_move_cut_off),
	};
	uint32_t ids[2];

	if (!may_sample()) {
		printf("1..0 # SKIP this kernel or container has no move_pages\n");
		return 0;
	}
	if (getenv("VNUMA_BETWEEN_NODES")) /* set by tests/e2e in its virtual hosts */
		return cmocka_run_group_tests_name("between", between, NULL, NULL);
	return _cmocka_run_group_tests("kernel_memory", tests, VN_LEN(tests) - two_nodes(ids), NULL,
				       NULL);
}
