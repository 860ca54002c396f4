/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * sample_time MIB RUNS: how long it takes to find where the memory of a process is: by a sample,
 * and by reading numa_maps to its end, in turns. The process is a child with so much memory in
 * ordinary pages, of which it has touched three quarters, page by page at random. Prints both times
 * in microseconds of CPU (median), and how far the sample's sum is from numa_maps', in tenths of a
 * percent of the memory. */
#include "kernel/kernel.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { RUNS_MAX = 1000, PAGE = 4096 };

static double cpu_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static pid_t start(size_t bytes)
{
	int ready[2];
	char byte;
	pid_t pid;

	if (pipe(ready) < 0)
		return -1;
	pid = fork();
	if (!pid) {
		char *ram = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
				 -1, 0);
		uint64_t random = 1;

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (ram == MAP_FAILED)
			_exit(1);
		madvise(ram, bytes, MADV_NOHUGEPAGE);
		for (size_t at = 0; at < bytes; at += PAGE) {
			random = random * UINT64_C(6364136223846793005) + 1442695040888963407;
			if (random >> 62)
				ram[at] = 1;
		}
		if (write(ready[1], "x", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	close(ready[1]);
	if (read(ready[0], &byte, 1) != 1)
		pid = -1;
	close(ready[0]);
	return pid;
}

static vn_running *running_of(pid_t pid, size_t mib)
{
	char xml[256];
	vn_arena *arena = vn_arena_new();
	vn_running *running = vn_arena_alloc(arena, 1, sizeof(*running));
	vn_guest *guest = vn_arena_alloc(arena, 1, sizeof(*guest));

	snprintf(xml, sizeof(xml),
		 "<domain type='kvm'><name>g</name><memory unit='MiB'>%zu</memory><vcpu>1</vcpu>"
		 "</domain>",
		 mib);
	running->arena = arena;
	*guest = (vn_guest){ .name = "g", .uuid = "", .state = VN_GUEST_RUNNING, .pid = pid };
	running->guests = guest;
	running->n_guests = 1;
	if (vn_host_read("live", &running->host, NULL) < 0 ||
	    vn_request_parse_xml_as_is("g", xml, strlen(xml), &guest->config, NULL) < 0)
		exit(1);
	return running;
}

static uint64_t sum_kib(const vn_running *running)
{
	const vn_memory_use *use = &running->guests[0].memory;
	uint64_t kib = 0;

	for (uint32_t i = 0; i < use->n_sizes * running->host->n_nodes; i++)
		kib += use->kib[i];
	return kib;
}

/* Threads are looked at too, and taken off by the caller. */
static double fill(vn_running *running, bool exact, bool no_memory)
{
	const vn_kernel_options options = { .exact = exact, .no_memory = no_memory };
	double begin = cpu_us();
	vn_error err = { 0 };

	if (vn_kernel_fill(running, &options, &err) < 0 ||
	    running->guests[0].no_memory.code != VN_OK) {
		fprintf(stderr, "sample_time: %s\n",
			err.code ? err.text : running->guests[0].no_memory.text);
		exit(1);
	}
	return cpu_us() - begin;
}

static double read_numa_maps(pid_t pid)
{
	char path[64], bytes[65536];
	double begin = cpu_us();
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/numa_maps", pid);
	fd = open(path, O_RDONLY);
	while (fd >= 0 && read(fd, bytes, sizeof(bytes)) > 0)
		;
	close(fd);
	return cpu_us() - begin;
}

static int by_value(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

int main(int argc, char **argv)
{
	static double sampled_us[RUNS_MAX], read_us[RUNS_MAX];
	uint64_t mib = 0, runs = 0, sampled_kib, exact_kib;
	vn_running *running;
	pid_t pid;

	if (argc != 3 ||
	    vn_uint_parse(vn_cursor_of_string(NULL, argv[1]), 1 << 20, &mib, NULL) < 0 ||
	    vn_uint_parse(vn_cursor_of_string(NULL, argv[2]), RUNS_MAX, &runs, NULL) < 0 || !mib ||
	    !runs)
		return fprintf(stderr, "usage: sample_time MIB RUNS\n"), 2;
	pid = start((size_t)mib << 20);
	if (pid < 0)
		return 1;
	running = running_of(pid, mib);
	for (uint64_t run = 0; run < runs; run++) {
		sampled_us[run] = fill(running, false, false) - fill(running, false, true);
		read_us[run] = read_numa_maps(pid);
	}
	fill(running, false, false);
	sampled_kib = sum_kib(running);
	fill(running, true, false);
	exact_kib = sum_kib(running);
	qsort(sampled_us, runs, sizeof(*sampled_us), by_value);
	qsort(read_us, runs, sizeof(*read_us), by_value);
	printf("%.0f %.0f %.0f\n", sampled_us[runs / 2], read_us[runs / 2],
	       (double)(sampled_kib > exact_kib ? sampled_kib - exact_kib
						: exact_kib - sampled_kib) /
		       (double)(mib << 10) * 1000);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	vn_running_free(running);
	return 0;
}
