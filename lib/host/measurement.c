/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Measured latencies as distances. The firmware's distances are often a rule of thumb (10 and 20
 * everywhere); a placement that minimises them is only as good as they are. */
#include "host/build.h"

enum { LOCAL_PERCENT = 105 };

int vn_measurement_new(uint32_t n_nodes, vn_measurement **ret, vn_error *err)
{
	VN_AUTO(vn_arena) arena = vn_arena_new();
	size_t n = n_nodes, cells = n * n;
	vn_measurement *m = arena ? vn_arena_alloc(arena, 1, sizeof(*m)) : NULL;

	assert(n_nodes && n_nodes <= VN_NODE_MAX);
	if (!m)
		return vn_fail(err, VN_E_NOMEM, "no memory for the measurement");
	m->n_nodes = n_nodes;
	m->ids = vn_arena_alloc(arena, n, sizeof(*m->ids));
	m->latency_ns = vn_arena_alloc(arena, cells, sizeof(*m->latency_ns));
	m->bandwidth_mibs = vn_arena_alloc(arena, cells, sizeof(*m->bandwidth_mibs));
	m->distances = vn_arena_alloc(arena, cells, sizeof(*m->distances));
	m->notes = vn_arena_alloc(arena, VN_MEASUREMENT_NOTES_MAX, sizeof(*m->notes));
	if (!m->ids || !m->latency_ns || !m->bandwidth_mibs || !m->distances || !m->notes)
		return vn_fail(err, VN_E_NOMEM, "no memory for the measurement");
	m->arena = VN_STEAL(arena);
	*ret = m;
	return VN_OK;
}

void vn_measurement_free(vn_measurement *measured)
{
	if (measured)
		vn_arena_free(measured->arena);
}

/* ---- distances ---- */

/* What a node's CPUs need to the memory that is nearest to them; 0: not known. */
static uint32_t nearest_ns(const vn_measurement *m, uint32_t from)
{
	uint32_t least = m->latency_ns[from * m->n_nodes + from];

	for (uint32_t to = 0; !m->latency_ns[from * m->n_nodes + from] && to < m->n_nodes; to++) {
		uint32_t ns = m->latency_ns[from * m->n_nodes + to];

		if (ns && (!least || ns < least))
			least = ns;
	}
	return least;
}

/* In 1/100: 1000 is local; 0: not known. */
static uint64_t one_way(const vn_measurement *m, uint32_t from, uint32_t to)
{
	uint64_t ns = m->latency_ns[from * m->n_nodes + to], base = nearest_ns(m, from);

	return ns && base ? ns * 1000 / base : 0;
}

static uint32_t distance(const vn_measurement *m, uint32_t a, uint32_t b)
{
	uint64_t there = one_way(m, a, b), back = one_way(m, b, a);
	uint64_t both = there && back ? (there + back) / 2 : there + back;

	if (!both)
		return 0;
	if (both <= LOCAL_PERCENT * 10)
		return VN_SLIT_LOCAL;
	both = (both + 50) / 100;
	return both > VN_SLIT_MAX ? VN_SLIT_MAX : (uint32_t)both;
}

void vn_measurement_distances(vn_measurement *measured)
{
	uint32_t n = measured->n_nodes;

	for (uint32_t a = 0; a < n; a++)
		for (uint32_t b = 0; b < n; b++)
			measured->distances[a * n + b] =
				a == b ? VN_SLIT_LOCAL : distance(measured, a, b);
}

/* ---- use ---- */

static int64_t ix_of(const vn_measurement *m, uint32_t id)
{
	for (uint32_t i = 0; i < m->n_nodes; i++)
		if (m->ids[i] == id)
			return i;
	return -1;
}

static int start_slit(vn_host *host, vn_error *err)
{
	uint32_t n = host->n_nodes;
	bool fresh = !host->slit;
	int r = vn_build_matrix(host, &host->slit, err);

	for (uint32_t i = 0; r == VN_OK && fresh && i < n * n; i++)
		host->slit[i] = i % (n + 1) ? VN_SLIT_DEFAULT : VN_SLIT_LOCAL;
	return r;
}

static void use_pair(vn_host *host, const vn_measurement *m, uint32_t from, uint32_t to)
{
	size_t ours = (size_t)from * host->n_nodes + to;
	size_t theirs = (size_t)ix_of(m, host->nodes[from].id) * m->n_nodes +
			(size_t)ix_of(m, host->nodes[to].id);

	if (m->distances[theirs])
		host->slit[ours] = m->distances[theirs];
	if (m->latency_ns[theirs])
		host->latency_ns[ours] = m->latency_ns[theirs];
	if (m->bandwidth_mibs[theirs])
		host->bandwidth_mibs[ours] = m->bandwidth_mibs[theirs];
}

int vn_host_use_measured(vn_host *host, const vn_measurement *measured, const char *source,
			 vn_error *err)
{
	int r;

	for (uint32_t ix = 0; ix < host->n_nodes; ix++)
		if (ix_of(measured, host->nodes[ix].id) < 0)
			return vn_fail_line(err, VN_E_CONFLICT, source, 0, 0,
					    "has no node %u, which host '%.60s' has: it was "
					    "measured on another host",
					    host->nodes[ix].id, host->source);
	if ((r = start_slit(host, err)) < 0 ||
	    (r = vn_build_matrix(host, &host->latency_ns, err)) < 0 ||
	    (r = vn_build_matrix(host, &host->bandwidth_mibs, err)) < 0)
		return r;
	for (uint32_t from = 0; from < host->n_nodes; from++)
		for (uint32_t to = 0; to < host->n_nodes; to++)
			use_pair(host, measured, from, to);
	return vn_host_count(host, err);
}
