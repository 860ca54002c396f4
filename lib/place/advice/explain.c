/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Why a guest does not fit: in one sentence the requirement that decided, and for each node what it
 * lacks. Where the number of cells is open, the try that came nearest to a fit is shown. Nodes are
 * looked at as they were before the search. */
#include "place/advice/explain.h"

#include "place/advice/lack.h"
#include "place/problem.h"

#include <stdio.h>
#include <string.h>

/* How far down the list of checks a node came; the further, the more it has to say. */
static const uint8_t progress[VN_REQUIREMENT_COUNT] = {
	[VN_NEED_ALLOWED] = 0,	 [VN_NEED_CPUS_PRESENT] = 1, [VN_NEED_PINS] = 2,
	[VN_NEED_CPUS] = 3,	 [VN_NEED_UNPINNED] = 4,     [VN_NEED_CPU_RATIO] = 5,
	[VN_NEED_FREE_CPUS] = 5, [VN_NEED_FREE_CORES] = 6,   [VN_NEED_SIBLINGS] = 7,
	[VN_NEED_MEMNODE] = 8,	 [VN_NEED_PAGE_SIZE] = 9,    [VN_NEED_WHOLE_PAGES] = 10,
	[VN_NEED_PAGES] = 11,	 [VN_NEED_MEMORY] = 11,	     [VN_NEED_RESERVE] = 11,
	[VN_NEED_DEVICE] = 2,	 [VN_NEED_NETWORK] = 2,	     [VN_NEED_NOTHING] = 12,
	[VN_NEED_TOGETHER] = 13,
};

enum { EACH_TRY = 8 }; /* so many cells are tried one by one; beyond, only doublings and the most */

/* How near a number of cells came to a fit: the cell that decided, on its nearest node. */
struct nearest {
	uint32_t n_cells, cell, node_ix;
	struct lack lack;
};

static uint64_t permille(const struct lack *lack)
{
	return lack->asked ? lack->there * 1000 / lack->asked : 0;
}

static bool is_nearer(const struct lack *a, const struct lack *b)
{
	if (progress[a->need] != progress[b->need])
		return progress[a->need] > progress[b->need];
	return permille(a) > permille(b);
}

/* One cell has to be where it is pulled. */
static struct lack judge(const struct lack_view *view, uint32_t cell, uint32_t node_ix)
{
	return view->n_cells == 1 ? lack_of_guest(view, node_ix) : lack_of(view, cell, node_ix);
}

/* The node where a cell comes nearest to a fit. */
static struct nearest nearest_of(const struct lack_view *view, uint32_t cell)
{
	struct nearest best = { view->n_cells, cell, 0, { .need = VN_NEED_NOTHING } };

	for (uint32_t i = 0; i < view->host->n_nodes; i++)
		if (lack_of(view, cell, i).need == VN_NEED_NOTHING)
			return best; /* but for what pulls it */
	for (uint32_t i = 0; i < view->host->n_nodes; i++) {
		struct lack lack = judge(view, cell, i);
		int ahead = progress[lack.need] - progress[best.lack.need];

		if (i == 0 || ahead > 0 || (!ahead && lack.there > best.lack.there)) {
			best.lack = lack;
			best.node_ix = i;
		}
	}
	return best;
}

/* The first cell that fits on no node; VN_NEED_TOGETHER when each alone would. */
static struct nearest decide(const struct lack_view *view)
{
	struct nearest together = { view->n_cells, 0, 0, { .need = VN_NEED_TOGETHER } };

	for (uint32_t c = 0; c < view->n_cells; c++) {
		struct nearest of;

		if (view->cells[c].twin)
			continue;
		of = nearest_of(view, c);
		if (of.lack.need != VN_NEED_NOTHING)
			return of;
	}
	return together;
}

/* Cut the guest as in the try that came nearest to a fit. */
static struct nearest try_all(struct lack_view *view, uint32_t from, uint32_t to)
{
	struct nearest best = { 0 };

	for (uint32_t n = from; n <= to;
	     n = n < EACH_TRY || n == to ? n + 1 : (2 * n < to ? 2 * n : to)) {
		lack_cut(view, n);
		if (from < to && !lack_topology_agrees(view))
			continue;
		struct nearest nearest = decide(view);

		if (!best.n_cells || is_nearer(&nearest.lack, &best.lack))
			best = nearest;
	}
	if (!best.n_cells) /* the topology agrees with none of them */
		best.n_cells = from;
	if (view->n_cells != best.n_cells)
		lack_cut(view, best.n_cells);
	return best;
}

/* ---- cells that crowd on too few nodes (Hall's theorem) ---- */

struct matching {
	vn_nodeset fits[VN_CELL_MAX]; /* nodes by index */
	int16_t cell_of[VN_NODE_MAX];
	vn_nodeset seen;
	vn_cpuset reached; /* cells */
};

static bool augment(struct matching *m, uint32_t cell)
{
	vn_cpuset_add(&m->reached, cell);
	VN_NODESET_EACH(node_ix, &m->fits[cell]) {
		if (vn_nodeset_has(&m->seen, (unsigned)node_ix))
			continue;
		vn_nodeset_add(&m->seen, (unsigned)node_ix);
		if (m->cell_of[node_ix] < 0 || augment(m, (uint32_t)m->cell_of[node_ix])) {
			m->cell_of[node_ix] = (int16_t)cell;
			return true;
		}
	}
	return false;
}

/* When a cell cannot be matched, the cells that the attempt has reached fit only on the nodes that
 * it has seen, and those are one fewer. False when all can be matched. */
static bool find_crowd(const struct lack_view *view, vn_cpuset *cells, vn_nodeset *nodes)
{
	struct matching m;

	if (lack_may_share(view))
		return false;
	for (uint32_t i = 0; i < view->host->n_nodes; i++)
		m.cell_of[i] = -1;
	for (uint32_t c = 0; c < view->n_cells; c++) {
		m.fits[c] = (vn_nodeset){ 0 };
		for (uint32_t i = 0; i < view->host->n_nodes && !view->cells[c].twin; i++)
			if (lack_of(view, c, i).need == VN_NEED_NOTHING)
				vn_nodeset_add(&m.fits[c], i);
		if (view->cells[c].twin)
			m.fits[c] = m.fits[c - 1];
		m.seen = (vn_nodeset){ 0 };
		m.reached = (vn_cpuset){ 0 };
		if (augment(&m, c))
			continue;
		*cells = m.reached;
		*nodes = (vn_nodeset){ 0 };
		VN_NODESET_EACH(node_ix, &m.seen)
			vn_nodeset_add(nodes, view->host->nodes[node_ix].id);
		return true;
	}
	return false;
}

/* Something that pulls the guest to nodes where none of its cells fits; -1: nothing does. */
static int find_pull(const struct lack_view *view)
{
	for (uint32_t i = 0; i < view->n_pulls; i++) {
		bool possible = false;

		VN_NODESET_EACH(node_ix, &view->pulls[i].any_of)
			for (uint32_t c = 0; c < view->n_cells && !possible; c++)
				possible =
					lack_of(view, c, (uint32_t)node_ix).need == VN_NEED_NOTHING;
		if (!possible)
			return (int)i;
	}
	return -1;
}

/* ---- the table ---- */

static void fill(const struct lack_view *view, uint32_t cell, vn_explain *to)
{
	to->cell = cell;
	to->n_cells = view->n_cells;
	to->vcpus = view->cells[cell].vcpus;
	to->mem_kib = view->cells[cell].mem_kib + view->cells[cell].memdev_kib;
	to->n_verdicts = view->host->n_nodes;
	for (uint32_t i = 0; i < view->host->n_nodes; i++) {
		struct lack lack =
			view->n_cells == 1 ? lack_of_guest(view, i) : lack_of(view, cell, i);

		to->verdicts[i] = (vn_verdict){ view->host->nodes[i].id, lack.need, lack.asked,
						lack.there, lack.page_kib };
	}
}

/* The nodes that would do for a cell, but not for the guest. */
static void mark(const struct lack_view *view, const struct lack_pull *pull, vn_explain *to)
{
	for (uint32_t i = 0; i < to->n_verdicts; i++) {
		if (to->verdicts[i].need != VN_NEED_NOTHING)
			continue;
		if (!pull)
			to->verdicts[i].need = VN_NEED_TOGETHER;
		else if (!vn_nodeset_has(&pull->any_of, i))
			to->verdicts[i] = (vn_verdict){ view->host->nodes[i].id, pull->need,
							pull->asked, 0, 0 };
	}
}

static int explain(struct lack_view *view, vn_explain *to, vn_error *err)
{
	struct nearest nearest;
	vn_nodeset nodes = { 0 };
	vn_cpuset cells = { 0 };
	uint32_t from, till;
	int pull;

	lack_tries(view, &from, &till);
	nearest = try_all(view, from, till);
	if (to) {
		uint64_t steps = to->steps;

		memset(to, 0, sizeof(*to));
		to->steps = steps;
		to->tried_from = from;
		to->tried_to = till;
		fill(view, nearest.cell, to);
	}
	const struct refusal refusal = {
		view, nearest.n_cells, nearest.cell, nearest.node_ix, nearest.lack, from, till
	};

	if (from < till && explain_total(&refusal, err) < 0)
		return VN_E_NOFIT;
	if (nearest.lack.need != VN_NEED_TOGETHER)
		return explain_cell(&refusal, err);
	if ((pull = find_pull(view)) >= 0) {
		if (to)
			mark(view, &view->pulls[pull], to);
		return explain_pull(&refusal, &view->pulls[pull], err);
	}
	if (view->n_cells == 1 && view->n_pulls > 1)
		return explain_pulls(&refusal, err);
	if (to)
		mark(view, NULL, to);
	find_crowd(view, &cells, &nodes);
	if (to) {
		to->crowd_cells = cells;
		to->crowd_nodes = nodes;
	}
	return explain_together(&refusal, &cells, &nodes, err);
}

/* ---- from vn_place ---- */

void explain_success(const struct problem *p)
{
	struct lack_view view;

	if (!p->options->explain)
		return;
	lack_look(p->host, p->request, p->options, &view);
	lack_cut(&view, p->n_cells);
	p->options->explain->steps = p->steps;
	p->options->explain->tried_from = p->options->explain->tried_to = p->n_cells;
	p->options->explain->crowd_cells = (vn_cpuset){ 0 };
	p->options->explain->crowd_nodes = (vn_nodeset){ 0 };
	fill(&view, 0, p->options->explain);
}

int explain_refusal(struct problem *p, vn_error *err)
{
	struct lack_view view;

	lack_look(p->host, p->request, p->options, &view);
	if (p->options->explain)
		p->options->explain->steps = p->steps;
	return explain(&view, p->options->explain, err);
}

void vn_place_explain(const vn_host *host, const vn_request *request,
		      const vn_place_options *options, vn_explain *ret)
{
	struct lack_view view;
	vn_error err = { 0 };

	if (!host->index) { /* a host that nothing can be placed on */
		*ret = (vn_explain){ 0 };
		return;
	}
	lack_look(host, request, options, &view);
	explain(&view, ret, &err);
}
