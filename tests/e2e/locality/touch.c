/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Touches memory evenly, each word as often as any other:
 * - without arguments it is the guest's: half of the memory that is free, on all CPUs, for good;
 * - MIB MILLIONS: so much memory so many times, on the CPU that it runs on;
 * - start, stop: tells the plugin (count.c) to count from now on, and to write what it counted. */
#define _GNU_SOURCE
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include "window.h"

#define TEXT(...)  #__VA_ARGS__
#define BYTES(...) TEXT(__VA_ARGS__)
#define MARK(what) __asm__ volatile(".byte " BYTES(MARK_BYTES(what))::: "memory")

static volatile uint64_t *map(size_t bytes)
{
	void *at = mmap((void *)WINDOW, bytes, PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1, 0);

	if (at == MAP_FAILED) {
		perror("touch");
		exit(1);
	}
	memset(at, 1, bytes);
	return at;
}

static void touch(volatile uint64_t *words, size_t n, uint64_t times, uint64_t seed)
{
	uint64_t x = 88172645463325252ull + seed;

	for (uint64_t i = 0; i < times; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		words[x % n] = i & 1 ? x : words[x % n] + 1;
	}
}

static void guest(void)
{
	struct sysinfo about;
	volatile uint64_t *words;
	size_t bytes;
	int cpus = get_nprocs();

	sysinfo(&about);
	bytes = about.freeram / 2;
	words = map(bytes);
	printf("== touching %zu MiB\n", bytes >> 20);
	fflush(stdout);
	for (int cpu = 0; cpu < cpus; cpu++) {
		cpu_set_t one;

		if (cpu + 1 < cpus && fork())
			continue;
		CPU_ZERO(&one);
		CPU_SET(cpu, &one);
		sched_setaffinity(0, sizeof(one), &one);
		touch(words, bytes / sizeof(*words), UINT64_MAX, (uint64_t)cpu);
	}
}

int main(int argc, char **argv)
{
	if (argc == 1) {
		guest();
	} else if (!strcmp(argv[1], "start")) {
		MARK(MARK_START);
	} else if (!strcmp(argv[1], "stop")) {
		MARK(MARK_STOP);
	} else if (argc == 3) {
		size_t bytes = strtoul(argv[1], NULL, 10) << 20;

		touch(map(bytes), bytes / 8, strtoul(argv[2], NULL, 10) * 1000000, 0);
	}
	sched_yield();
	return 0;
}
