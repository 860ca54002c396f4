/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The memory of a living process that this test starts: sampled, counted, asked for by somebody who
 * may not, gone meanwhile, moved. Where pages lie on a machine of many nodes is tested in
 * tests/e2e. */
#include "kernel/kernel.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
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
	if (geteuid() != 0)
		skip();
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
	if (running->host->n_nodes != 1) {
		end(pid);
		skip(); /* tests/e2e has the many */
	}
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
		cmocka_unit_test(test_not_permitted), cmocka_unit_test(test_move),
		cmocka_unit_test(test_reasons),
	};

	if (!may_sample()) {
		printf("1..0 # SKIP this kernel or container has no move_pages\n");
		return 0;
	}
	return cmocka_run_group_tests_name("kernel_memory", tests, NULL, NULL);
}
