/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the benches of the fleet engine share: clocks, and random numbers that are the same in every
 * run. */
#ifndef VNUMA_BENCH_FLEET_BENCH_H
#define VNUMA_BENCH_FLEET_BENCH_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static inline void die(const char *text)
{
	fprintf(stderr, "bench: %s\n", text);
	exit(2);
}

static inline uint64_t now_ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/* splitmix64; 0 .. n - 1 */
static inline uint64_t random_below(uint64_t n)
{
	static uint64_t state = 42;
	uint64_t x = state += UINT64_C(0x9e3779b97f4a7c15);

	x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
	return (x ^ x >> 31) % n;
}

#endif
