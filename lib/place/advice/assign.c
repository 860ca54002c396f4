/* SPDX-License-Identifier: LGPL-2.1-or-later
 * The Hungarian method with potentials: cells are added one by one; each time the cheapest way to
 * free a node for the new cell is found (Dijkstra over reduced costs), and the potentials are
 * raised so that reduced costs stay at or above zero. Rows and columns count from 1; column 0 is
 * where the new cell starts. */
#include "place/advice/assign.h"

struct method {
	const struct assign_cost *costs;
	uint32_t n_nodes;
	struct assign_cost *cell_up, *node_up; /* potentials */
	struct assign_cost *least;	       /* [node] cheapest way found to it */
	uint32_t *cell_of;		       /* [node]; 0: free */
	uint32_t *way;			       /* [node] the node before it on that way */
	bool *done;			       /* [node] */
};

struct assign_cost assign_add(struct assign_cost a, struct assign_cost b)
{
	return (struct assign_cost){ a.nodes + b.nodes, a.cpus + b.cpus, a.kib + b.kib };
}

static struct assign_cost minus(struct assign_cost a, struct assign_cost b)
{
	return (struct assign_cost){ a.nodes - b.nodes, a.cpus - b.cpus, a.kib - b.kib };
}

bool assign_less(struct assign_cost a, struct assign_cost b)
{
	if (a.nodes != b.nodes)
		return a.nodes < b.nodes;
	return a.cpus != b.cpus ? a.cpus < b.cpus : a.kib < b.kib;
}

/* The reduced cost of a cell on a node. */
static struct assign_cost reduced(const struct method *m, uint32_t cell, uint32_t node)
{
	return minus(m->costs[(size_t)(cell - 1) * m->n_nodes + node - 1],
		     assign_add(m->cell_up[cell], m->node_up[node]));
}

/* Look from the cell on `at`; returns the nearest node that is not done, and how near. */
static uint32_t look(struct method *m, uint32_t at, struct assign_cost *delta)
{
	uint32_t next = 0;

	for (uint32_t node = 1; node <= m->n_nodes; node++) {
		if (m->done[node])
			continue;
		struct assign_cost cost = reduced(m, m->cell_of[at], node);

		if (assign_less(cost, m->least[node])) {
			m->least[node] = cost;
			m->way[node] = at;
		}
		if (!next || assign_less(m->least[node], *delta)) {
			*delta = m->least[node];
			next = node;
		}
	}
	return next;
}

static void raise(struct method *m, struct assign_cost delta)
{
	for (uint32_t node = 0; node <= m->n_nodes; node++)
		if (m->done[node]) {
			uint32_t cell = m->cell_of[node];

			m->cell_up[cell] = assign_add(m->cell_up[cell], delta);
			m->node_up[node] = minus(m->node_up[node], delta);
		} else {
			m->least[node] = minus(m->least[node], delta);
		}
}

static void add_cell(struct method *m, uint32_t cell)
{
	uint32_t at = 0;

	for (uint32_t node = 0; node <= m->n_nodes; node++) {
		m->least[node] = (struct assign_cost){ INT64_MAX / 4, 0, 0 };
		m->done[node] = false;
	}
	m->cell_of[0] = cell;
	do {
		struct assign_cost delta = { 0 };
		uint32_t next;

		m->done[at] = true;
		next = look(m, at, &delta);
		raise(m, delta);
		at = next;
	} while (m->cell_of[at]);
	for (uint32_t before; at; at = before) {
		before = m->way[at];
		m->cell_of[at] = m->cell_of[before];
	}
}

bool assign(const struct assign_cost *costs, uint32_t n_cells, uint32_t n_nodes, vn_arena *arena,
	    uint32_t *node_of, struct assign_cost *sum)
{
	struct method m = {
		.costs = costs,
		.n_nodes = n_nodes,
		.cell_up = vn_arena_alloc(arena, n_cells + 1, sizeof(*m.cell_up)),
		.node_up = vn_arena_alloc(arena, n_nodes + 1, sizeof(*m.node_up)),
		.least = vn_arena_alloc(arena, n_nodes + 1, sizeof(*m.least)),
		.cell_of = vn_arena_alloc(arena, n_nodes + 1, sizeof(*m.cell_of)),
		.way = vn_arena_alloc(arena, n_nodes + 1, sizeof(*m.way)),
		.done = vn_arena_alloc(arena, n_nodes + 1, sizeof(*m.done)),
	};

	if (!m.cell_up || !m.node_up || !m.least || !m.cell_of || !m.way || !m.done)
		return false;
	for (uint32_t cell = 1; cell <= n_cells; cell++)
		add_cell(&m, cell);
	*sum = (struct assign_cost){ 0 };
	for (uint32_t node = 1; node <= n_nodes; node++) {
		uint32_t cell = m.cell_of[node];

		if (!cell)
			continue;
		node_of[cell - 1] = node - 1;
		*sum = assign_add(*sum, costs[(size_t)(cell - 1) * n_nodes + node - 1]);
	}
	return true;
}
