/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A measurement of all pairs of nodes, within its time: memory node by memory node, because to make
 * the memory is what takes longest, and from each node with CPUs. */
#include "kernel/measure.h"

#include "kernel/measure_parts.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>

enum { SLICE_MS_MIN = 3, SLICE_MS_MAX = 150, HUGE_KIB = 2048 };

typedef struct measuring {
	const vn_host *host;
	const vn_measure_options *options;
	vn_measurement *m;
	vn_cpuset allowed; /* CPUs that we may use */
	uint64_t begin_ns, end_ns, setup_ns;
	uint64_t want_kib; /* of a buffer */
	uint32_t done, all, found;
} measuring;

static void note(measuring *g, const char *format, ...) VN_PRINTF(2, 3);
static void note(measuring *g, const char *format, ...)
{
	char text[200];
	const char *copy;
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	copy = vn_arena_strndup(g->m->arena, text, strlen(text));
	if (copy && g->m->n_notes < VN_MEASUREMENT_NOTES_MAX)
		g->m->notes[g->m->n_notes++] = copy;
}

/* ---- what is there ---- */

static vn_cpuset cpus_of(const measuring *g, uint32_t ix)
{
	vn_cpuset cpus = g->host->nodes[ix].cpus;

	vn_cpuset_or(&cpus, &g->host->nodes[ix].pcpus);
	vn_cpuset_and(&cpus, &g->allowed);
	return cpus;
}

/* The first CPU of each core that we may use. */
static vn_cpuset cores_of(const measuring *g, uint32_t ix)
{
	vn_cpuset cpus = cpus_of(g, ix), first = { 0 };

	VN_CPUSET_EACH(cpu, &cpus) {
		vn_cpuset core = vn_host_core_cpus(g->host, g->host->cpus[cpu].core);

		vn_cpuset_and(&core, &cpus);
		if (vn_cpuset_is_empty(&core) || vn_cpuset_next(&core, -1) == cpu)
			vn_cpuset_add(&first, (unsigned)cpu);
	}
	return first;
}

static uint64_t wanted_kib(const measuring *g)
{
	uint64_t want = g->options->buffer_kib;

	for (uint32_t ix = 0; !g->options->buffer_kib && ix < g->host->n_nodes; ix++) {
		uint64_t twice = vn_cache_bytes(g->host, ix) >> 9;

		want = twice > want ? twice : want;
	}
	return want;
}

/* A power of two: twice the caches at least, half of what is free at most; 0: too little is free.
 */
static size_t buffer_size(const measuring *g, uint32_t ix)
{
	uint64_t kib = VN_MEASURE_BUFFER_KIB_MIN;
	uint64_t spare = vn_node_free_kib(&g->host->nodes[ix]);

	while (kib < g->want_kib && kib < VN_MEASURE_BUFFER_KIB_MAX)
		kib *= 2;
	while (kib > spare / 2 && kib > VN_MEASURE_BUFFER_KIB_MIN / 4)
		kib /= 2;
	return kib > spare ? 0 : (size_t)kib << 10;
}

/* ---- time ---- */

static bool time_is_over(const measuring *g)
{
	return vn_now_ns() >= g->end_ns;
}

/* What is left, in equal parts for the pairs that are left, both kinds of each. */
static uint32_t slice_ms(const measuring *g, uint32_t nodes_left)
{
	uint64_t now = vn_now_ns(), setups = g->setup_ns * nodes_left;
	uint64_t left = g->end_ns > now + setups ? g->end_ns - now - setups : 0;
	uint64_t ms = left / 1000000 / (2 * (g->all - g->done) + 1);

	return ms < SLICE_MS_MIN ? SLICE_MS_MIN : ms > SLICE_MS_MAX ? SLICE_MS_MAX : (uint32_t)ms;
}

/* ---- measuring ---- */

static void measure_pair(measuring *g, const vn_buffer *buffer, uint32_t from, uint32_t to,
			 uint32_t ms)
{
	vn_cpuset cores = cores_of(g, from);
	size_t pair = (size_t)from * g->m->n_nodes + to;
	int cpu = vn_cpuset_next(&cores, -1);

	if (g->options->progress)
		g->options->progress(g->options->context, g->done, g->all);
	g->done++;
	g->m->latency_ns[pair] = vn_chase_ns(buffer, (unsigned)cpu, ms);
	g->m->bandwidth_mibs[pair] = vn_read_mibs(buffer, &cores, ms);
	if (!g->m->latency_ns[pair])
		note(g, "node %u: no thread can be bound to CPU %d", g->m->ids[from], cpu);
	g->found += g->m->latency_ns[pair] > 0;
}

static void measure_memory(measuring *g, const vn_buffer *buffer, uint32_t to)
{
	uint64_t page_kib = buffer->page_kib;

	if (!g->m->page_kib || page_kib < g->m->page_kib)
		g->m->page_kib = page_kib;
	if (!g->m->buffer_kib || buffer->size >> 10 < g->m->buffer_kib)
		g->m->buffer_kib = buffer->size >> 10;
	for (uint32_t from = 0; from < g->host->n_nodes; from++) {
		vn_cpuset cpus = cpus_of(g, from);

		if (!vn_cpuset_is_empty(&cpus) && (!g->done || !time_is_over(g)))
			measure_pair(g, buffer, from, to, slice_ms(g, g->host->n_nodes - to - 1));
	}
}

/* Memory that cannot be had is a note, unless none can be had anywhere. */
static int no_memory_on(measuring *g, uint32_t to, int error, vn_error *err)
{
	uint32_t node = g->m->ids[to];

	switch (error) {
	case EPERM:
	case ENOSYS:
		return vn_fail(err, VN_E_SYSTEM,
			       "memory may not be bound to node %u (mbind: %s); a container needs "
			       "CAP_SYS_NICE or a seccomp profile that allows it",
			       node, strerror(error));
	case EINVAL: note(g, "node %u: its memory may not be used by this process", node); break;
	case EXDEV: note(g, "node %u: the kernel gave memory of another node", node); break;
	default: note(g, "node %u: no memory: %s", node, strerror(error));
	}
	return VN_OK;
}

static int measure_node(measuring *g, uint32_t to, vn_error *err)
{
	const vn_node *node = &g->host->nodes[to];
	const vn_pages *pages = vn_node_pages(node, HUGE_KIB);
	size_t size = buffer_size(g, to);
	uint64_t begin = vn_now_ns();
	vn_buffer buffer;
	int error;

	if (!node->mem_kib) {
		note(g, "node %u has no memory", node->id);
		return VN_OK;
	}
	if (!size) {
		note(g, "node %u has too little memory free", node->id);
		return VN_OK;
	}
	error = vn_buffer_make(node->id, size, g->host->n_nodes == 1,
			       pages && vn_pages_free(pages) >= size >> 21, &buffer);
	if (error)
		return no_memory_on(g, to, error, err);
	vn_chain_make(&buffer);
	g->setup_ns = vn_now_ns() - begin;
	measure_memory(g, &buffer, to);
	vn_buffer_free(&buffer);
	return VN_OK;
}

static void count_pairs(measuring *g)
{
	uint32_t from = 0, to = 0;

	for (uint32_t ix = 0; ix < g->host->n_nodes; ix++) {
		vn_cpuset cpus = cpus_of(g, ix);

		to += g->host->nodes[ix].mem_kib > 0;
		if (!vn_cpuset_is_empty(&cpus))
			from++;
		else
			note(g, "node %u has no CPUs that this process may use", g->m->ids[ix]);
	}
	g->all = from * to;
}

static int measure_all(measuring *g, vn_error *err)
{
	uint32_t n = g->host->n_nodes;
	int r = VN_OK;

	for (uint32_t ix = 0; ix < n; ix++)
		g->m->ids[ix] = g->host->nodes[ix].id;
	count_pairs(g);
	g->want_kib = wanted_kib(g);
	for (uint32_t to = 0; to < n && r == VN_OK && (!g->done || !time_is_over(g)); to++)
		r = measure_node(g, to, err);
	if (r < 0)
		return r;
	if (!g->found)
		return vn_fail(err, VN_E_SYSTEM, "nothing could be measured: %.180s",
			       g->m->n_notes ? g->m->notes[0] : "the time was over");
	if (g->done < g->all && time_is_over(g))
		note(g, "the time was over after %u of %u pairs", g->done, g->all);
	g->m->elapsed_ms = (uint32_t)((vn_now_ns() - g->begin_ns) / 1000000);
	vn_measurement_distances(g->m);
	return VN_OK;
}

int vn_measure(const vn_host *host, const vn_measure_options *options, vn_measurement **ret,
	       vn_error *err)
{
	uint32_t limit = options->limit_ms ? options->limit_ms : VN_MEASURE_LIMIT_MS;
	measuring g = { .host = host, .options = options, .begin_ns = vn_now_ns() };
	VN_AUTO(vn_measurement) m = NULL;
	int r = vn_measurement_new(host->n_nodes, &m, err);

	if (r < 0)
		return r;
	g.m = m;
	g.end_ns = g.begin_ns + limit * UINT64_C(1000000);
	if (sched_getaffinity(0, sizeof(g.allowed), (cpu_set_t *)g.allowed.word) < 0)
		return vn_fail(err, VN_E_SYSTEM, "the CPUs of this process are not known: %s",
			       strerror(errno));
	if ((r = measure_all(&g, err)) < 0)
		return r;
	*ret = VN_STEAL(m);
	return VN_OK;
}
