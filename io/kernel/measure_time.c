/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Reading memory from chosen CPUs, and taking the time. */
#include "kernel/measure_parts.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

enum {
	LINE = 64,	   /* bytes of a cache line */
	CHAIN_STEP = 1024, /* loads between two looks at the clock */
	CHAIN_TIMES = 8192,
	READ_STEP = 1 << 18, /* bytes between two looks at the clock */
	THREADS_MAX = 512,
};

uint64_t vn_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

static bool bind_thread(unsigned cpu)
{
	vn_cpuset set = { 0 };

	vn_cpuset_add(&set, cpu);
	return !sched_setaffinity(0, sizeof(set), (const cpu_set_t *)set.word);
}

/* ---- latency ---- */

/* The line behind line i of n: x -> a x + c with a = 5 (mod 8) and c odd visits all of 2^k once. */
static size_t next_line(size_t i, size_t n)
{
	return (i * UINT64_C(2862933555777941757) + UINT64_C(3037000493)) & (n - 1);
}

void vn_chain_make(const vn_buffer *buffer)
{
	size_t lines = buffer->size / LINE;

	for (size_t i = 0; i < lines; i++)
		*(void **)(buffer->bytes + i * LINE) = buffer->bytes + next_line(i, lines) * LINE;
}

typedef struct chase {
	const vn_buffer *buffer;
	unsigned cpu;
	uint32_t ms;
	bool bound;
	uint32_t n;
	uint32_t times_ns[CHAIN_TIMES]; /* of CHAIN_STEP loads each */
	void *volatile last;		/* so that the loads are not left out */
} chase;

static void *run_chase(void *argument)
{
	chase *c = argument;
	size_t lines = c->buffer->size / LINE;
	/* Each CPU begins elsewhere: what another one has just read can be in a shared cache. */
	void **p = (void **)(c->buffer->bytes + next_line(c->cpu * 7919 + 1, lines) * LINE);
	uint64_t end, before;

	c->bound = bind_thread(c->cpu);
	if (!c->bound)
		return NULL;
	for (int i = 0; i < CHAIN_STEP; i++)
		p = *p;
	before = vn_now_ns();
	end = before + c->ms * UINT64_C(1000000);
	while (before < end && c->n < CHAIN_TIMES) {
		uint64_t after;

		for (int i = 0; i < CHAIN_STEP; i += 8)
			p = (void **)*(void **)*(void **)*(void **)*(void **)*(void **)*(void **)*p;
		after = vn_now_ns();
		c->times_ns[c->n++] =
			after - before > UINT32_MAX ? UINT32_MAX : (uint32_t)(after - before);
		before = after;
	}
	c->last = p;
	return NULL;
}

static int by_value(const void *a, const void *b)
{
	const uint32_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* The median: interruptions only make single steps longer. */
uint32_t vn_chase_ns(const vn_buffer *buffer, unsigned cpu, uint32_t ms)
{
	chase *c = calloc(1, sizeof(*c));
	pthread_t thread;
	uint32_t ns = 0;

	if (!c)
		return 0;
	c->buffer = buffer;
	c->cpu = cpu;
	c->ms = ms;
	if (!pthread_create(&thread, NULL, run_chase, c)) {
		pthread_join(thread, NULL);
		qsort(c->times_ns, c->n, sizeof(*c->times_ns), by_value);
		if (c->bound && c->n)
			ns = (c->times_ns[c->n / 2] + CHAIN_STEP / 2) / CHAIN_STEP;
		if (c->bound && c->n && !ns)
			ns = 1;
	}
	free(c);
	return ns;
}

/* ---- bandwidth ---- */

typedef struct readers {
	uint32_t ms;
	atomic_uint waiting; /* threads that are not ready yet */
	atomic_bool go, failed;
} readers;

typedef struct reader {
	readers *all;
	const char *bytes;
	size_t size;
	unsigned cpu;
	uint64_t begin_ns, end_ns, read;
	volatile uint64_t sum; /* so that the loads are not left out */
} reader;

typedef uint64_t wide __attribute__((vector_size(32)));

static uint64_t sum_of(const char *bytes, size_t size)
{
	const wide *p = (const wide *)bytes, *end = (const wide *)(bytes + size);
	wide a = { 0 }, b = { 0 }, c = { 0 }, d = { 0 };

	for (; p < end; p += 4) {
		a += p[0];
		b += p[1];
		c += p[2];
		d += p[3];
	}
	a += b + c + d;
	return a[0] + a[1] + a[2] + a[3];
}

static void *run_reader(void *argument)
{
	reader *r = argument;
	size_t at = 0;
	uint64_t end;

	if (!bind_thread(r->cpu))
		atomic_store(&r->all->failed, true);
	atomic_fetch_sub(&r->all->waiting, 1);
	while (!atomic_load(&r->all->go))
		sched_yield();
	r->begin_ns = r->end_ns = vn_now_ns();
	end = r->begin_ns + r->all->ms * UINT64_C(1000000);
	while (r->end_ns < end) {
		size_t step = r->size - at < READ_STEP ? r->size - at : READ_STEP;

		r->sum += sum_of(r->bytes + at, step);
		r->read += step;
		at = at + step == r->size ? 0 : at + step;
		r->end_ns = vn_now_ns();
	}
	return NULL;
}

/* From the first begin to the last end. */
static uint32_t together_mibs(const reader *r, uint32_t n)
{
	uint64_t begin = UINT64_MAX, end = 0;
	double bytes = 0;

	for (uint32_t i = 0; i < n; i++) {
		begin = r[i].begin_ns < begin ? r[i].begin_ns : begin;
		end = r[i].end_ns > end ? r[i].end_ns : end;
		bytes += (double)r[i].read;
	}
	return end > begin ? (uint32_t)(bytes / (double)(end - begin) * 1e9 / (1 << 20)) : 0;
}

static uint32_t run_readers(reader *r, pthread_t *threads, uint32_t n, readers *all)
{
	uint32_t started = 0;

	while (started < n && !pthread_create(&threads[started], NULL, run_reader, &r[started]))
		started++;
	atomic_fetch_sub(&all->waiting, n - started);
	while (atomic_load(&all->waiting))
		sched_yield();
	atomic_store(&all->go, true);
	for (uint32_t i = 0; i < started; i++)
		pthread_join(threads[i], NULL);
	return started == n && !atomic_load(&all->failed) ? together_mibs(r, n) : 0;
}

uint32_t vn_read_mibs(const vn_buffer *buffer, const vn_cpuset *cpus, uint32_t ms)
{
	readers all = { .ms = ms };
	uint32_t n = vn_cpuset_count(cpus), i = 0, mibs = 0;
	reader *r;
	pthread_t *threads;

	n = n > THREADS_MAX ? THREADS_MAX : n;
	r = calloc(n + 1, sizeof(*r));
	threads = calloc(n + 1, sizeof(*threads));
	atomic_init(&all.waiting, n);
	for (int cpu = vn_cpuset_next(cpus, -1); r && threads && i < n;
	     cpu = vn_cpuset_next(cpus, cpu), i++)
		r[i] = (reader){ .all = &all,
				 .bytes = buffer->bytes + buffer->size / 4096 * i / n * 4096,
				 .size = buffer->size / n / 4096 * 4096,
				 .cpu = (unsigned)cpu };
	if (n && i == n)
		mibs = run_readers(r, threads, n, &all);
	free(r);
	free(threads);
	return mibs;
}
