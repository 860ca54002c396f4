/* SPDX-License-Identifier: LGPL-2.1-or-later
 * What a host could free: the CPUs that are pinned, in the order to free them; floating vCPUs;
 * memory in use; and huge pages, whose pool may also grow. */
#include "place/advice/short.h"

#include <stdlib.h>
#include <string.h>

/* ---- making a change ---- */

static uint64_t min_u64(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static bool is_ordinary(const vn_node *node, uint32_t page_ix)
{
	return page_ix == 0 && node->n_pages && node->pages[0].size_kib <= LACK_BASE_PAGE_KIB;
}

static void relieve(vn_node *node, const vn_short_node *change)
{
	uint64_t freed_kib = change->mem_kib;

	vn_cpuset_minus(&node->pinned, &change->which);
	node->cpu_usage -= change->vcpus < node->cpu_usage ? change->vcpus : node->cpu_usage;
	for (uint32_t i = 0; i < node->n_pages; i++) {
		vn_pages *pages = &node->pages[i];
		uint64_t kib = is_ordinary(node, i) ? change->mem_kib : change->pages_kib[i];
		uint64_t n = kib / pages->size_kib + (kib % pages->size_kib != 0);

		freed_kib += is_ordinary(node, i) ? 0 : min_u64(n, pages->used) * pages->size_kib;
		pages->total += n - min_u64(n, pages->used);
		pages->used -= min_u64(n, pages->used);
	}
	node->mem_used_kib -= min_u64(freed_kib, node->mem_used_kib);
}

void vn_host_relieve(vn_host *host, const vn_shortfall *shortfall)
{
	for (uint32_t i = 0; i < shortfall->n_nodes; i++) {
		int ix = vn_host_node_ix(host, shortfall->nodes[i].node);

		if (ix < 0)
			continue;
		relieve(&host->nodes[ix], &shortfall->nodes[i]);
		vn_host_count_node(host, (uint32_t)ix);
	}
}

void short_apply(struct shortage *s, const vn_short_node *change)
{
	advise_reset_host(s->advise.host, s->scratch);
	for (uint32_t i = 0; i < s->scratch->n_nodes; i++) {
		relieve(&s->scratch->nodes[i], &change[i]);
		vn_host_count_node(s->scratch, i);
	}
}

bool short_fits(struct shortage *s, const vn_short_node *change)
{
	short_apply(s, change);
	return advise_fits(&s->advise, s->scratch, s->advise.request);
}

/* ---- the order of CPUs ---- */

struct ranked {
	uint16_t cpu;
	int32_t core;
	uint32_t rank;
};

static int compare_ranked(const void *a, const void *b)
{
	const struct ranked *x = a, *y = b;

	if (x->rank != y->rank)
		return x->rank < y->rank ? -1 : 1;
	if (x->core != y->core)
		return x->core < y->core ? -1 : 1;
	return (x->cpu > y->cpu) - (x->cpu < y->cpu);
}

/* First the CPUs that the owner's pins name; then those that floating vCPUs can use as well; then
 * cores that can become free as a whole, those first that need the fewest CPUs for it. */
static uint32_t rank_of(const struct shortage *s, uint32_t node_ix, uint32_t cpu)
{
	const vn_host *host = s->advise.host;
	const vn_node *node = &host->nodes[node_ix];
	uint32_t taken = 0, foreign = 0;

	for (uint32_t i = 0; i < host->n_cpus && host->cpus[cpu].core >= 0; i++) {
		if (host->cpus[i].core != host->cpus[cpu].core || host->cpus[i].node_ix < 0)
			continue;
		taken += vn_cpuset_has(&node->pinned, i);
		foreign += !vn_cpuset_has(&node->pcpus, i);
	}
	return (uint32_t)!vn_cpuset_has(&s->view->owner_pins, cpu) << 24 |
	       (uint32_t)!vn_cpuset_has(&node->cpus, cpu) << 16 | (uint32_t)(foreign > 0) << 8 |
	       taken;
}

/* What is outside <vcpu cpuset> does not help this guest. */
static bool may_help(const struct shortage *s, uint32_t cpu)
{
	const vn_request *request = s->advise.request;

	return !request->cpuset_given || vn_cpuset_has(&request->cpuset, cpu);
}

static bool order_cpus(struct shortage *s, uint32_t node_ix, uint32_t at)
{
	const vn_node *node = &s->advise.host->nodes[node_ix];
	uint32_t n = 0, pinned = vn_cpuset_count(&node->pinned);
	struct ranked *ranked = vn_arena_alloc(s->advise.arena, pinned, sizeof(*ranked));

	if (!ranked)
		return false;
	VN_CPUSET_EACH(cpu, &node->pinned)
		if ((uint32_t)cpu < s->advise.host->n_cpus && may_help(s, (uint32_t)cpu))
			ranked[n++] =
				(struct ranked){ (uint16_t)cpu, s->advise.host->cpus[cpu].core,
						 rank_of(s, node_ix, (uint32_t)cpu) };
	qsort(ranked, n, sizeof(*ranked), compare_ranked);
	for (uint32_t i = 0; i < n; i++)
		s->order[at + i] = ranked[i].cpu;
	s->first[node_ix + 1] = at + n;
	return true;
}

void short_set_cpus(const struct shortage *s, uint32_t node_ix, uint32_t n, vn_short_node *ret)
{
	ret->cpus = n;
	ret->which = (vn_cpuset){ 0 };
	for (uint32_t i = 0; i < n; i++)
		vn_cpuset_add(&ret->which, s->order[s->first[node_ix] + i]);
}

/* ---- all that can be freed ---- */

/* May the pool of a page size grow for this guest? The sizes that it names, and for `large` and the
 * default size the smallest huge one. */
static bool may_grow(const vn_request *request, const vn_node *node, uint32_t page_ix)
{
	bool first_huge = page_ix == is_ordinary(node, 0);

	for (uint32_t i = 0; i < request->n_pages; i++)
		switch (request->pages[i].want) {
		case VN_PAGES_SIZE:
			if (request->pages[i].page_kib == node->pages[page_ix].size_kib)
				return true;
			break;
		case VN_PAGES_LARGE:
		case VN_PAGES_DEFAULT:
			if (first_huge)
				return true;
			break;
		default: break;
		}
	return false;
}

static void fill_memory(const struct shortage *s, const vn_node *node, vn_short_node *ret)
{
	ret->mem_kib = is_ordinary(node, 0) ? node->pages[0].used * node->pages[0].size_kib
					    : node->mem_used_kib;
	for (uint32_t i = is_ordinary(node, 0); i < node->n_pages; i++) {
		const vn_pages *pages = &node->pages[i];
		uint64_t most = node->mem_kib / pages->size_kib;

		ret->pages_kib[i] = pages->used * pages->size_kib;
		if (may_grow(s->advise.request, node, i) && most > pages->total)
			ret->pages_kib[i] += (most - pages->total) * pages->size_kib;
	}
}

vn_short_node *short_new(struct shortage *s)
{
	uint32_t n = s->advise.host->n_nodes;
	vn_short_node *change = vn_arena_alloc(s->advise.arena, n, sizeof(*change));

	for (uint32_t i = 0; change && i < n; i++)
		change[i].node = s->advise.host->nodes[i].id;
	s->out_of_memory |= !change;
	return change;
}

bool short_look(struct shortage *s)
{
	const vn_host *host = s->advise.host;
	uint32_t pinned = 0;

	for (uint32_t i = 0; i < host->n_nodes; i++)
		pinned += vn_cpuset_count(&host->nodes[i].pinned);
	s->order = vn_arena_alloc(s->advise.arena, pinned, sizeof(*s->order));
	s->first = vn_arena_alloc(s->advise.arena, host->n_nodes + 1, sizeof(*s->first));
	s->full = short_new(s);
	if (!s->order || !s->first || !s->full)
		return false;
	for (uint32_t i = 0; i < host->n_nodes; i++) {
		if (!order_cpus(s, i, s->first[i]))
			return false;
		short_set_cpus(s, i, s->first[i + 1] - s->first[i], &s->full[i]);
		s->full[i].vcpus = host->nodes[i].cpu_usage;
		fill_memory(s, &host->nodes[i], &s->full[i]);
	}
	return true;
}

/* ---- measuring ---- */

bool short_is_change(const vn_short_node *node)
{
	bool is = node->cpus || node->vcpus || node->mem_kib;

	for (uint32_t i = 0; i < VN_PAGE_SIZES_MAX; i++)
		is |= node->pages_kib[i] != 0;
	return is;
}

struct assign_cost short_cost(const struct shortage *s, const vn_short_node *change)
{
	struct assign_cost cost = { 0 };

	for (uint32_t i = 0; i < s->advise.host->n_nodes; i++) {
		cost.nodes += short_is_change(&change[i]);
		cost.cpus += change[i].cpus + change[i].vcpus;
		cost.kib += (int64_t)change[i].mem_kib;
		for (uint32_t k = 0; k < VN_PAGE_SIZES_MAX; k++)
			cost.kib += (int64_t)change[i].pages_kib[k];
	}
	return cost;
}
