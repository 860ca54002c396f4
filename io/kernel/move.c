/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Moving a guest's memory. The RAM is walked in chunks: the kernel says where each page of a chunk
 * is, those that shall leave are moved in batches, and it says again where they are: a call's own
 * answer is not enough, because a page can land on a third node, and pages within one huge page
 * answer for each other. A second walk tries again what stayed. */
#include "kernel/process.h"

#include <errno.h>
#include <linux/mempolicy.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
	CHUNK_PAGES = 4096,
	BATCH_KIB_FIRST = 2 << 10,
	BATCH_KIB_MIN = 512,
	BATCH_KIB_MAX = 16 << 10,
	WALKS = 2,
	REASON_OTHERS = -1,
};

/* Pages of one chunk, and of them those that are to move. */
typedef struct chunk {
	uint32_t n, n_move;
	uint64_t page_kib;
	void *pages[CHUNK_PAGES], *move[CHUNK_PAGES], *unseen[CHUNK_PAGES];
	int status[CHUNK_PAGES], after[CHUNK_PAGES], to[CHUNK_PAGES];
} chunk;

typedef struct mover {
	vn_process process;
	const vn_memory_move *moves;
	uint32_t n_moves;
	const vn_move_options *options;
	vn_move_result *result;
	uint64_t batch_kib, batch_ns, rate_kib_s;
	uint64_t took_ns;		/* the last batch */
	uint64_t begin_ns, shifted_kib; /* shifted: what the rate counts */
	uint64_t stayed_kib;		/* in this walk */
	uint32_t walk;
	bool everyones; /* move pages that others map too (needs CAP_SYS_NICE) */
	chunk chunk;
} mover;

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

/* ---- reasons ---- */

const char *vn_move_reason_text(int error)
{
	switch (error) {
	case 0: return "the kernel put them on another node than the one asked for";
	case EBUSY: return "in use by the kernel, or pinned for a device";
	case EAGAIN: return "in use, also when tried again";
	case EACCES: return "shared with another process";
	case ENOMEM: return "no free page of this size on the node";
	case EINVAL: return "cannot be moved";
	case REASON_OTHERS: return "other reasons";
	default: return strerror(error);
	}
}

static void add_reason(vn_move_result *result, int error, uint64_t kib)
{
	uint32_t i = 0;

	while (i < result->n_reasons && result->reasons[i].error != error)
		i++;
	if (i == VN_MOVE_REASONS_MAX) {
		i--;
		result->reasons[i].error = REASON_OTHERS;
	} else if (i == result->n_reasons) {
		result->reasons[result->n_reasons++] = (vn_move_reason){ .error = error };
	}
	result->reasons[i].kib += kib;
}

static int by_size(const void *a, const void *b)
{
	const vn_move_reason *x = a, *y = b;

	return (x->kib < y->kib) - (x->kib > y->kib);
}

/* ---- one batch ---- */

/* Slower than it may be: half of it; faster than half: a quarter more. */
static void adapt(mover *m, uint64_t took_ns)
{
	if (took_ns > m->batch_ns)
		m->batch_kib /= 2;
	else if (took_ns < m->batch_ns / 2)
		m->batch_kib += m->batch_kib / 4;
	if (m->batch_kib < BATCH_KIB_MIN)
		m->batch_kib = BATCH_KIB_MIN;
	if (m->batch_kib > BATCH_KIB_MAX)
		m->batch_kib = BATCH_KIB_MAX;
	if (m->batch_kib > m->rate_kib_s / 4) /* a quarter of a second's worth at most */
		m->batch_kib = m->rate_kib_s / 4;
}

/* Wait until all that was moved since the begin is within the rate, and at least as long as the
 * last batch took: while pages move the guest waits for them, so half of the time is its own. */
static void keep_rate(const mover *m)
{
	uint64_t due_ns = m->shifted_kib * 1000 / m->rate_kib_s * 1000000;
	uint64_t gone_ns = now_ns() - m->begin_ns;
	uint64_t rest_ns = due_ns > gone_ns ? due_ns - gone_ns : 0;
	struct timespec rest;

	rest_ns = rest_ns > m->took_ns ? rest_ns : m->took_ns;
	rest.tv_sec = (time_t)(rest_ns / 1000000000);
	rest.tv_nsec = (long)(rest_ns % 1000000000);
	nanosleep(&rest, NULL);
}

/* False: the caller wants no more. */
static bool report(mover *m)
{
	vn_move_progress *done = &m->result->done;
	bool more = true;

	done->elapsed_ms = (now_ns() - m->begin_ns) / 1000000;
	if (m->options->progress)
		more = m->options->progress(m->options->context, done);
	m->result->stopped |= !more;
	return more;
}

/* Those of pages [first, first + n) of chunk.move that are where they should be now. */
static int count_moved(mover *m, uint32_t first, uint32_t n)
{
	chunk *c = &m->chunk;
	int error = vn_move_pages(m->process.pid, n, c->move + first, NULL, c->after, 0);

	for (uint32_t i = 0; !error && i < n; i++) {
		int said = c->status[first + i];

		if (c->after[i] == c->to[first + i]) {
			m->result->done.moved_kib += c->page_kib;
		} else if (c->after[i] >= 0) {
			m->stayed_kib += c->page_kib;
			add_reason(m->result, said < 0 ? -said : 0, c->page_kib);
		} else { /* the guest gave it back, or it was swapped out */
			m->result->done.wanted_kib -= c->page_kib;
		}
	}
	return error;
}

static int move_batch(mover *m, uint32_t first, uint32_t n)
{
	chunk *c = &m->chunk;
	uint64_t begin = now_ns();
	int flags = m->everyones ? MPOL_MF_MOVE_ALL : MPOL_MF_MOVE, error;

	error = vn_move_pages(m->process.pid, n, c->move + first, c->to + first, c->status + first,
			      flags);
	if (error == EPERM && m->everyones) {
		m->everyones = false;
		error = vn_move_pages(m->process.pid, n, c->move + first, c->to + first,
				      c->status + first, MPOL_MF_MOVE);
	}
	m->took_ns = now_ns() - begin;
	adapt(m, m->took_ns);
	m->shifted_kib += n * c->page_kib;
	return error ? error : count_moved(m, first, n);
}

/* ---- one chunk ---- */

/* The move that decides about a page on a node; NULL: it stays. */
static const vn_memory_move *move_of(const mover *m, uint64_t address, uint32_t node)
{
	for (uint32_t i = 0; i < m->n_moves; i++) {
		const vn_memory_move *move = &m->moves[i];

		if ((move->first || move->last) && (address < move->first || address >= move->last))
			continue;
		if (!vn_nodeset_is_empty(&move->from) && !vn_nodeset_has(&move->from, node))
			continue;
		return move->to == node ? NULL : move;
	}
	return NULL;
}

/* Pages that the kernel does not see are made seen, if they are to move. */
static int choose(mover *m)
{
	chunk *c = &m->chunk;
	int error = vn_move_pages(m->process.pid, c->n, c->pages, NULL, c->status, 0);
	uint32_t n_unseen = 0;

	c->n_move = 0;
	if (error)
		return error;
	memcpy(c->after, c->status, c->n * sizeof(*c->after));
	vn_pagemap_find(&m->process, c->pages, c->status, c->n);
	for (uint32_t i = 0; i < c->n; i++) {
		uint64_t address = (uint64_t)(uintptr_t)c->pages[i];
		const vn_memory_move *move =
			c->status[i] < 0 ? NULL : move_of(m, address, (uint32_t)c->status[i]);

		if (!move)
			continue;
		if (c->after[i] < 0)
			c->unseen[n_unseen++] = c->pages[i];
		c->to[c->n_move] = (int)move->to;
		c->move[c->n_move++] = c->pages[i];
	}
	vn_pagemap_wake(&m->process, c->unseen, n_unseen);
	return 0;
}

static int do_chunk(mover *m)
{
	chunk *c = &m->chunk;
	vn_move_progress *done = &m->result->done;
	int error = choose(m);

	if (!m->walk)
		done->seen_kib += c->n * c->page_kib;
	done->wanted_kib += c->n_move * c->page_kib;
	if (!error && !c->n_move)
		report(m);
	for (uint32_t at = 0, n; !error && at < c->n_move && !m->result->stopped; at += n) {
		n = (uint32_t)(m->batch_kib / c->page_kib);
		n = n ? n : 1;
		if (n > c->n_move - at)
			n = c->n_move - at;
		error = move_batch(m, at, n);
		if (!error && report(m))
			keep_rate(m);
	}
	c->n = 0;
	return error;
}

/* ---- the walk ---- */

static bool is_about(const mover *m, const vn_ram_area *area)
{
	for (uint32_t i = 0; i < m->n_moves; i++)
		if ((!m->moves[i].first && !m->moves[i].last) ||
		    (m->moves[i].first < area->last && m->moves[i].last > area->first))
			return true;
	return false;
}

static uint64_t page_kib_of(const vn_ram_area *area)
{
	return area->page_kib ? area->page_kib : vn_page_bytes() >> 10;
}

static int walk_area(mover *m, const vn_ram_area *area)
{
	chunk *c = &m->chunk;
	uint64_t step = page_kib_of(area) << 10;
	int error = 0;

	c->page_kib = step >> 10;
	for (uint64_t at = area->first; at < area->last && !error && !m->result->stopped;
	     at += step) {
		c->pages[c->n++] = (void *)(uintptr_t)at;
		if (c->n == CHUNK_PAGES || area->last - at <= step)
			error = do_chunk(m);
	}
	c->n = 0;
	return error;
}

/* What stayed is counted anew by each walk. */
static int walk(mover *m, const vn_ram *ram)
{
	int error = 0;

	m->result->done.wanted_kib -= m->stayed_kib;
	m->stayed_kib = 0;
	m->result->n_reasons = 0;
	for (uint32_t i = 0; i < ram->n_areas && !error && !m->result->stopped; i++)
		if (is_about(m, &ram->areas[i]))
			error = walk_area(m, &ram->areas[i]);
	return error;
}

static int move_all(mover *m, vn_error *err)
{
	VN_AUTO(vn_arena)
	arena = vn_arena_new();
	vn_ram ram;
	int error = 0, r;

	if (!arena)
		return vn_fail(err, VN_E_NOMEM, "no memory to move a guest's");
	if ((r = vn_ram_find(&m->process, m->options->config, arena, &ram, err)) < 0)
		return r;
	if ((error = vn_ram_learn_sizes(&m->process, &ram)))
		return vn_process_fail(&m->process, error, "numa_maps", err);
	for (uint32_t i = 0; i < ram.n_areas; i++)
		if (is_about(m, &ram.areas[i]))
			m->result->done.total_kib += (ram.areas[i].last - ram.areas[i].first) >> 10;
	m->begin_ns = now_ns();
	for (m->walk = 0; m->walk < WALKS && !error && !m->result->stopped; m->walk++)
		if (!m->walk || m->stayed_kib)
			error = walk(m, &ram);
	qsort(m->result->reasons, m->result->n_reasons, sizeof(*m->result->reasons), by_size);
	m->result->done.elapsed_ms = (now_ns() - m->begin_ns) / 1000000;
	switch (error) {
	case 0: return VN_OK;
	case EACCES:
		return vn_fail(err, VN_E_SYSTEM,
			       "process %d: its cgroup (cpuset.mems) does not allow the node",
			       m->process.pid);
	case ENODEV: return vn_fail(err, VN_E_SYSTEM, "there is no memory on the node to move to");
	default: return vn_process_fail(&m->process, error, "moving the memory", err);
	}
}

int vn_kernel_move_memory(int32_t pid, const vn_memory_move *moves, uint32_t n_moves,
			  const vn_move_options *options, vn_move_result *ret, vn_error *err)
{
	uint32_t rate = options->rate_mib_s ? options->rate_mib_s : VN_MOVE_RATE_MIB_S;
	uint32_t ms = options->batch_ms ? options->batch_ms : VN_MOVE_BATCH_MS;
	int root, error, r;
	mover *m;

	*ret = (vn_move_result){ 0 };
	m = calloc(1, sizeof(*m));
	if (!m)
		return vn_fail(err, VN_E_NOMEM, "no memory to move a guest's");
	m->moves = moves;
	m->n_moves = n_moves;
	m->options = options;
	m->result = ret;
	m->batch_kib = BATCH_KIB_FIRST;
	m->batch_ns = ms * UINT64_C(1000000);
	m->rate_kib_s = (uint64_t)rate << 10;
	m->everyones = true;
	root = vn_kdir_open(-1, "/");
	error = root < 0 ? -root : vn_process_open(root, true, pid, &m->process);
	if (error) {
		r = vn_fail(err, VN_E_SYSTEM, "process %d: %s", pid, strerror(error));
	} else {
		r = move_all(m, err);
		vn_process_close(&m->process);
	}
	if (root >= 0)
		close(root);
	free(m);
	return r;
}
