/* SPDX-License-Identifier: LGPL-2.1-or-later
 * The smallest change of a host that makes a refused guest fit.
 *
 * First the cheapest assignment of cells to nodes of their own, by what each cell lacks on each
 * node. It is exact for such cells, but cells may also share nodes, and pulls and borrowed memory
 * are not in it; so then sets of nodes are tried, by increasing size and each emptied as far as can
 * be, up to the size that the assignment needs. What was found is reduced: each amount by halving
 * to the least that still does. Whether something "does" is always vn_place's word. */
#include "place/advice/short.h"

#include <string.h>

enum {
	SET_CALLS = 512,     /* placements that the sets of nodes may take */
	REDUCE_CALLS = 2048, /* and the reductions, in all */
	AMOUNTS = 3 + VN_PAGE_SIZES_MAX,
};

/* ---- reducing ---- */

/* The amounts of one node, in steps: CPUs, floating vCPUs, ordinary memory, pages. */
static uint64_t step_of(const struct shortage *s, uint32_t node_ix, uint32_t amount)
{
	const vn_node *node = &s->advise.host->nodes[node_ix];

	if (amount < 2)
		return 1;
	if (amount == 2 || amount - 3 >= node->n_pages)
		return SHORT_STEP_KIB;
	return node->pages[amount - 3].size_kib;
}

static uint64_t get_amount(const vn_short_node *node, uint32_t amount)
{
	return amount == 0   ? node->cpus
	       : amount == 1 ? node->vcpus
	       : amount == 2 ? node->mem_kib
			     : node->pages_kib[amount - 3];
}

static void set_amount(const struct shortage *s, uint32_t node_ix, uint32_t amount, uint64_t value,
		       vn_short_node *ret)
{
	if (amount == 0)
		short_set_cpus(s, node_ix, (uint32_t)value, ret);
	else if (amount == 1)
		ret->vcpus = (uint32_t)value;
	else if (amount == 2)
		ret->mem_kib = value;
	else
		ret->pages_kib[amount - 3] = value;
}

/* The least of one amount that still does; the change fits when this begins. */
static void reduce_amount(struct shortage *s, vn_short_node *change, uint32_t node_ix,
			  uint32_t amount)
{
	vn_short_node *node = &change[node_ix];
	uint64_t all = get_amount(node, amount), step = step_of(s, node_ix, amount);
	uint64_t low = 0, high = all / step + (all % step != 0);

	while (low < high && s->advise.calls < REDUCE_CALLS) {
		uint64_t middle = low + (high - low) / 2;

		set_amount(s, node_ix, amount, middle * step, node);
		if (short_fits(s, change))
			high = middle;
		else
			low = middle + 1;
	}
	set_amount(s, node_ix, amount, high * step < all ? high * step : all, node);
}

static void reduce(struct shortage *s, vn_short_node *change)
{
	uint32_t n = s->advise.host->n_nodes;

	for (uint32_t i = n; i-- > 0;) { /* whole nodes first: the highest numbers go */
		vn_short_node saved = change[i];

		if (!short_is_change(&saved) || s->advise.calls >= REDUCE_CALLS)
			continue;
		change[i] = (vn_short_node){ .node = saved.node };
		if (!short_fits(s, change))
			change[i] = saved;
	}
	for (uint32_t i = 0; i < n; i++)
		for (uint32_t amount = 0; amount < AMOUNTS; amount++)
			if (get_amount(&change[i], amount))
				reduce_amount(s, change, i, amount);
}

/* ---- sets of nodes ---- */

struct sets {
	uint32_t *nodes; /* that could free something */
	uint32_t n_nodes;
	uint32_t *chosen; /* indexes into nodes, ascending */
	vn_short_node *trial, *best;
	bool found;
	struct assign_cost cost; /* of best */
};

static void copy(const struct shortage *s, const vn_short_node *from, vn_short_node *to)
{
	memcpy(to, from, s->advise.host->n_nodes * sizeof(*to));
}

/* Empty these nodes; if that does, reduce, and keep it if it is the cheapest. */
static void try_set(struct shortage *s, struct sets *sets, uint32_t size)
{
	for (uint32_t i = 0; i < s->advise.host->n_nodes; i++)
		sets->trial[i] = (vn_short_node){ .node = s->advise.host->nodes[i].id };
	for (uint32_t i = 0; i < size; i++) {
		uint32_t ix = sets->nodes[sets->chosen[i]];

		sets->trial[ix] = s->full[ix];
	}
	if (!short_fits(s, sets->trial))
		return;
	reduce(s, sets->trial);
	struct assign_cost cost = short_cost(s, sets->trial);

	if (sets->found && !assign_less(cost, sets->cost))
		return;
	sets->found = true;
	sets->cost = cost;
	copy(s, sets->trial, sets->best);
}

static bool next_set(struct sets *sets, uint32_t size)
{
	uint32_t i = size;

	while (i && sets->chosen[i - 1] == sets->n_nodes - size + i - 1)
		i--;
	if (!i)
		return false;
	sets->chosen[i - 1]++;
	for (; i < size; i++)
		sets->chosen[i] = sets->chosen[i - 1] + 1;
	return true;
}

/* All sets of at most `most` nodes, by increasing size, until one does. False when the calls ended
 * first. */
static bool try_sets(struct shortage *s, struct sets *sets, uint32_t most)
{
	uint32_t begin = s->advise.calls;

	for (uint32_t size = 1; size <= most && size <= sets->n_nodes; size++) {
		if (sets->found && sets->cost.nodes < (int64_t)size)
			return true;
		for (uint32_t i = 0; i < size; i++)
			sets->chosen[i] = i;
		do {
			if (s->advise.calls - begin >= SET_CALLS)
				return false;
			try_set(s, sets, size);
		} while (next_set(sets, size));
	}
	return true;
}

static bool sets_begin(struct shortage *s, struct sets *ret)
{
	uint32_t n = s->advise.host->n_nodes;

	*ret = (struct sets){
		.nodes = vn_arena_alloc(s->advise.arena, n, sizeof(*ret->nodes)),
		.chosen = vn_arena_alloc(s->advise.arena, n, sizeof(*ret->chosen)),
		.trial = short_new(s),
		.best = short_new(s),
	};
	if (!ret->nodes || !ret->chosen || !ret->trial || !ret->best)
		return false;
	for (uint32_t i = 0; i < n; i++)
		if (short_is_change(&s->full[i]))
			ret->nodes[ret->n_nodes++] = i;
	return true;
}

/* ---- the whole ---- */

/* The cheapest change into sets->best; returns whether no change of fewer nodes would do. */
static bool find(struct shortage *s, struct sets *sets)
{
	bool complete;

	copy(s, sets->best, sets->trial);
	if (short_assign(s, sets->trial) && short_fits(s, sets->trial)) {
		reduce(s, sets->trial);
		copy(s, sets->trial, sets->best);
		sets->cost = short_cost(s, sets->best);
		sets->found = true;
	}
	complete = try_sets(s, sets, sets->found ? (uint32_t)sets->cost.nodes : sets->n_nodes);
	if (!sets->found) {
		copy(s, s->full, sets->best);
		reduce(s, sets->best);
	}
	return complete && !s->advise.doubt && s->advise.calls < REDUCE_CALLS;
}

/* How many cores a change makes free as a whole. */
static uint32_t cores_freed(const struct shortage *s, uint32_t node_ix, const vn_short_node *change)
{
	const vn_host *host = s->advise.host;
	const vn_node *node = &host->nodes[node_ix];
	uint32_t n = 0;

	for (uint32_t core = 0; core < host->n_cores; core++) {
		vn_cpuset cpus = vn_host_core_cpus(host, (int32_t)core), left = node->pinned;
		bool mine = vn_cpuset_overlaps(&cpus, &change->which);

		vn_cpuset_minus(&left, &change->which);
		n += mine && !vn_cpuset_overlaps(&cpus, &left) &&
		     vn_cpuset_contains(&node->pcpus, &cpus);
	}
	return n;
}

/* How much of the pages has to be new. */
static void count_new(const struct shortage *s, uint32_t node_ix, vn_short_node *change)
{
	const vn_node *node = &s->advise.host->nodes[node_ix];

	for (uint32_t i = 0; i < node->n_pages; i++) {
		uint64_t used_kib = node->pages[i].used * node->pages[i].size_kib;

		if (change->pages_kib[i] > used_kib)
			change->pages_new_kib[i] = change->pages_kib[i] - used_kib;
	}
}

static int answer(struct shortage *s, const vn_short_node *change, vn_shortfall *ret, vn_error *err)
{
	bool whole = s->advise.request->thread_policy == VN_THREADS_ISOLATE &&
		     !vn_cpuset_is_empty(&s->advise.request->dedicated);

	ret->state = VN_SHORT_CHANGE;
	for (uint32_t i = 0; i < s->advise.host->n_nodes; i++) {
		if (!short_is_change(&change[i]))
			continue;
		if (ret->n_nodes == VN_SHORT_NODES_MAX)
			return vn_fail(err, VN_E_NOFIT,
				       "more than %d nodes would have to free something",
				       VN_SHORT_NODES_MAX);
		vn_short_node *to = &ret->nodes[ret->n_nodes++];

		*to = change[i];
		count_new(s, i, to);
		to->cores = whole ? cores_freed(s, i, to) : 0;
	}
	return VN_OK;
}

/* Allowed nodes where no cell could be even if they were empty, however the guest is cut. */
static void find_never(struct shortage *s, vn_nodeset *ret)
{
	uint32_t from, to;

	lack_tries(s->empty, &from, &to);
	lack_cut(s->empty, to);
	for (uint32_t i = 0; i < s->advise.host->n_nodes; i++) {
		bool ever = !s->empty->nodes[i].allowed;

		for (uint32_t c = 0; c < to && !ever; c++)
			ever = lack_of(s->empty, c, i).need == VN_NEED_NOTHING;
		if (!ever)
			vn_nodeset_add(ret, s->advise.host->nodes[i].id);
	}
}

/* Of a guest that was refused. */
static int measure(struct shortage *s, vn_shortfall *ret, vn_error *err)
{
	struct advise *advise = &s->advise;
	vn_host *emptied = advise_copy_host(advise);
	struct sets sets;
	int r;

	s->scratch = advise_copy_host(advise);
	s->view = vn_arena_alloc(advise->arena, 1, sizeof(*s->view));
	s->empty = vn_arena_alloc(advise->arena, 1, sizeof(*s->empty));
	if (!emptied || !s->scratch || !s->view || !s->empty)
		return vn_fail(err, VN_E_NOMEM, "no memory for a shortfall");
	lack_look(s->scratch, advise->request, &advise->options, s->view);
	if (!short_look(s) || !sets_begin(s, &sets))
		return vn_fail(err, VN_E_NOMEM, "no memory for a shortfall");
	short_apply(s, s->full);
	advise_reset_host(s->scratch, emptied);
	lack_look(emptied, advise->request, &advise->options, s->empty);
	find_never(s, &ret->never);
	r = vn_place(emptied, advise->request, &advise->options, advise->placement, &ret->why);
	if (r < 0) {
		ret->state = VN_SHORT_IMPOSSIBLE;
		ret->exact = r == VN_E_NOFIT;
		return VN_OK;
	}
	advise_reset_host(advise->host, s->scratch);
	lack_look(s->scratch, advise->request, &advise->options, s->view);
	ret->exact = find(s, &sets);
	if (s->out_of_memory)
		return vn_fail(err, VN_E_NOMEM, "no memory for a shortfall");
	return answer(s, sets.best, ret, err);
}

int vn_place_shortfall(const vn_host *host, const vn_request *request,
		       const vn_place_options *options, vn_shortfall *ret, vn_error *err)
{
	struct shortage s = { 0 };
	vn_shortfall *found;
	vn_error why = { 0 };
	int r;

	if ((r = advise_begin(host, request, options, &s.advise, err)) < 0)
		return r;
	found = vn_arena_alloc(s.advise.arena, 1, sizeof(*found));
	if (!found) {
		r = vn_fail(&why, VN_E_NOMEM, "no memory for a shortfall");
	} else {
		r = vn_place(host, request, &s.advise.options, s.advise.placement, &why);
		if (r == VN_E_NOFIT)
			r = measure(&s, found, &why);
		else if (r == VN_OK)
			found->exact = true;
	}
	if (r == VN_OK && found)
		*ret = *found;
	else if (err)
		*err = why;
	advise_end(&s.advise);
	return r;
}
