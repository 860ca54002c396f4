/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The short form of a host, "2/40/90GiB": equal nodes, made as the JSON form of a host and read as
 * such, so that it is checked and counted like any other. Distances are those that firmware writes:
 * 12 inside a socket, 32 between sockets, and 20 where each node is a socket. */
#include "vnuma/sim.h"

struct shape {
	uint64_t sockets, nodes, cpus, threads, mem_kib; /* nodes of a socket, CPUs of a node */
};

static int take_count(vn_cursor *in, uint64_t max, const char *what, uint64_t *ret, vn_error *err)
{
	vn_cursor at = *in;
	int r;

	if ((r = vn_take_uint(in, max, ret, err)) < 0)
		return r;
	if (!*ret)
		return vn_fail_at(err, &at, VN_E_RANGE, "%s: legal is 1 to %ju", what,
				  (uintmax_t)max);
	return VN_OK;
}

static int take_slash(vn_cursor *in, vn_error *err)
{
	if (vn_take_byte(in, '/'))
		return VN_OK;
	return vn_fail_at(err, in, VN_E_SYNTAX,
			  "a host is NODES/CPUS/MEMORY[/THREADS], as '2/40/90GiB'");
}

static int take_memory(vn_cursor *in, uint64_t *ret, vn_error *err)
{
	vn_cursor size = *in;
	int r;

	while (in->p < in->end && *in->p != '/')
		in->p++;
	size.end = in->p;
	if ((r = vn_size_parse(size, "MiB", ret, err)) < 0)
		return r;
	if (!*ret || *ret > VN_GUEST_MEM_MAX_KIB)
		return vn_fail_at(err, &size, VN_E_RANGE,
				  "memory of a node: legal is 1 KiB to 1 EiB");
	return VN_OK;
}

static int take_shape(vn_cursor *in, struct shape *s, vn_error *err)
{
	int r;

	*s = (struct shape){ .sockets = 0, .threads = 1 };
	if ((r = take_count(in, VN_NODE_MAX, "nodes", &s->nodes, err)) < 0)
		return r;
	if (vn_take_byte(in, 'x')) {
		s->sockets = s->nodes;
		if ((r = take_count(in, VN_NODE_MAX, "nodes", &s->nodes, err)) < 0)
			return r;
	}
	if ((r = take_slash(in, err)) < 0 ||
	    (r = take_count(in, VN_CPU_MAX, "CPUs of a node", &s->cpus, err)) < 0 ||
	    (r = take_slash(in, err)) < 0 || (r = take_memory(in, &s->mem_kib, err)) < 0)
		return r;
	if (vn_take_byte(in, '/') &&
	    (r = take_count(in, VN_SMT_MAX, "threads of a core", &s->threads, err)) < 0)
		return r;
	if (in->p < in->end)
		return take_slash(in, err) < 0 ? VN_E_SYNTAX
					       : vn_fail_at(err, in, VN_E_SYNTAX,
							    "nothing belongs behind the threads");
	return VN_OK;
}

static int check_shape(const struct shape *s, vn_cursor in, vn_error *err)
{
	uint64_t nodes = (s->sockets ? s->sockets : 1) * s->nodes;

	if (nodes > VN_NODE_MAX || nodes * s->cpus > VN_CPU_MAX)
		return vn_fail_at(err, &in, VN_E_RANGE, "a host has at most %d nodes and %d CPUs",
				  VN_NODE_MAX, VN_CPU_MAX);
	if (s->cpus % s->threads)
		return vn_fail_at(err, &in, VN_E_RANGE,
				  "%ju CPUs are not whole cores of %ju threads", (uintmax_t)s->cpus,
				  (uintmax_t)s->threads);
	return VN_OK;
}

/* Thread t of core c of the host is CPU t * cores + c, as Linux counts on most machines. */
static void add_siblings(vn_text *to, const struct shape *s, uint64_t node, uint64_t all_nodes)
{
	uint64_t cores = s->cpus / s->threads, stride = cores * all_nodes;

	for (uint64_t c = 0; c < cores; c++) {
		vn_text_addf(to, "%s\"", c ? "," : "");
		for (uint64_t t = 0; t < s->threads; t++)
			vn_text_addf(to, "%s%ju", t ? "," : "",
				     (uintmax_t)(t * stride + node * cores + c));
		vn_text_add(to, "\"");
	}
}

static void add_cell(vn_text *to, const struct shape *s, uint64_t node, uint64_t all_nodes)
{
	uint64_t cores = s->cpus / s->threads, stride = cores * all_nodes;

	vn_text_addf(to, "%s{\"id\":%ju,\"socket\":%ju,\"mem_mib\":%ju,\"mem_kib\":%ju,\"cpus\":\"",
		     node ? "," : "", (uintmax_t)node,
		     (uintmax_t)(s->sockets ? node / s->nodes : node),
		     (uintmax_t)(s->mem_kib / 1024), (uintmax_t)s->mem_kib);
	for (uint64_t t = 0; t < s->threads; t++)
		vn_text_addf(to, "%s%ju-%ju", t ? "," : "", (uintmax_t)(t * stride + node * cores),
			     (uintmax_t)(t * stride + node * cores + cores - 1));
	vn_text_add(to, "\",\"siblings\":[");
	add_siblings(to, s, node, all_nodes);
	vn_text_add(to, "]}");
}

static uint64_t distance(const struct shape *s, uint64_t from, uint64_t to)
{
	if (from == to)
		return 10;
	if (!s->sockets)
		return 20;
	return from / s->nodes == to / s->nodes ? 12 : 32;
}

static void add_distances(vn_text *to, const struct shape *s, uint64_t all_nodes)
{
	for (uint64_t i = 0; i < all_nodes * all_nodes; i++)
		vn_text_addf(to, "%s%s%ju",
			     i % all_nodes ? ""
			     : i	   ? "],["
					   : "[",
			     i % all_nodes ? "," : "",
			     (uintmax_t)distance(s, i / all_nodes, i % all_nodes));
	vn_text_add(to, "]");
}

int vn_sim_shape_parse(vn_cursor in, vn_host **ret, vn_error *err)
{
	const vn_cursor whole = in;
	struct shape s;
	uint64_t all_nodes;
	VN_AUTO_TEXT json = VN_TEXT_INIT;
	int r;

	if ((r = take_shape(&in, &s, err)) < 0 || (r = check_shape(&s, whole, err)) < 0)
		return r;
	all_nodes = (s.sockets ? s.sockets : 1) * s.nodes;
	vn_text_add(&json, "{\"cells\":[");
	for (uint64_t node = 0; node < all_nodes; node++)
		add_cell(&json, &s, node, all_nodes);
	vn_text_add(&json, "],\"distances\":[");
	add_distances(&json, &s, all_nodes);
	vn_text_add(&json, "]}");
	if ((r = vn_text_done(&json, err)) < 0)
		return r;
	return vn_host_parse("host", json.bytes, json.len, ret, err);
}
