/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What a host's nodes have free, counted once and kept with the host, so that a fit need not look
 * at each CPU again. The sets that were counted are kept beside, for the assertion that nobody
 * changed a node without counting it again. */
#include "vnuma/host.h"

#include <string.h>

enum { SETS = 3 }; /* cpus, pcpus, pinned */

static bool has(const uint64_t *word, int cpu)
{
	return word[cpu / 64] >> cpu % 64 & 1;
}

static uint32_t words_of(const vn_host *host)
{
	return (host->n_cpus + 63) / 64;
}

/* ---- cores ---- */

struct seen_core {
	int32_t node_ix; /* -1: not seen */
	uint32_t at;
};

/* The CPUs of each core; a core on two nodes counts as two. Each call visits the CPUs in order and
 * says for each which core of its node it begins or goes on with. */
static uint32_t core_of(const vn_host *host, uint32_t cpu, struct seen_core *seen, uint32_t *next)
{
	int32_t number = host->cpus[cpu].core, node_ix = host->cpus[cpu].node_ix;

	if (number < 0)
		return (*next)++;
	if (seen[number].node_ix != node_ix)
		seen[number] = (struct seen_core){ node_ix, (*next)++ };
	return seen[number].at;
}

static void list_cores(const vn_host *host, vn_core *cores, uint32_t *first)
{
	struct seen_core seen[VN_CPU_MAX];
	uint32_t next[VN_NODE_MAX] = { 0 }; /* [node] cores so far */
	uint32_t sum = 0;

	for (uint32_t i = 0; i < host->n_cores; i++)
		seen[i].node_ix = -1;
	for (uint32_t cpu = 0; cpu < host->n_cpus; cpu++)
		if (host->cpus[cpu].node_ix >= 0)
			core_of(host, cpu, seen, &next[host->cpus[cpu].node_ix]);
	for (uint32_t i = 0; i < host->n_nodes; i++) {
		first[i] = sum;
		sum += next[i];
		next[i] = first[i];
	}
	first[host->n_nodes] = sum;
	for (uint32_t i = 0; i < sum; i++)
		cores[i].n = 0;
	for (uint32_t i = 0; i < host->n_cores; i++)
		seen[i].node_ix = -1;
	for (uint32_t cpu = 0; cpu < host->n_cpus; cpu++) {
		if (host->cpus[cpu].node_ix < 0)
			continue;
		vn_core *core = &cores[core_of(host, cpu, seen, &next[host->cpus[cpu].node_ix])];

		core->cpus[core->n++] = (int16_t)cpu;
	}
}

void vn_cores_count(const vn_core *cores, uint32_t n, const uint64_t *floats, const uint64_t *pins,
		    vn_node_counts *ret)
{
	memset(ret->whole, 0, sizeof(ret->whole));
	memset(ret->part, 0, sizeof(ret->part));
	ret->float_cores = ret->threads = 0;
	for (uint32_t i = 0; i < n; i++) {
		const vn_core *core = &cores[i];
		uint32_t free = 0, floating = 0;

		for (uint32_t t = 0; t < core->n; t++) {
			free += has(pins, core->cpus[t]);
			floating += has(floats, core->cpus[t]);
		}
		ret->float_cores += floating != 0;
		ret->threads += free;
		(free == core->n ? ret->whole : ret->part)[free]++;
	}
	ret->whole[0] = ret->part[0] = 0;
}

/* ---- nodes ---- */

void vn_node_count(const vn_node *node, const vn_core *cores, uint32_t n_cores, uint32_t words,
		   vn_node_counts *ret)
{
	uint64_t floats[VN_CPUSET_WORDS], pins[VN_CPUSET_WORDS];

	ret->floats = ret->present = ret->all = ret->pinned = 0;
	ret->overlap = ret->has_cpus = false;
	for (uint32_t i = 0; i < words; i++) {
		uint64_t cpus = node->cpus.word[i], pcpus = node->pcpus.word[i];
		uint64_t pinned = node->pinned.word[i];

		floats[i] = cpus & ~pinned;
		pins[i] = pcpus & ~pinned;
		ret->floats += (uint32_t)__builtin_popcountll(floats[i]);
		ret->present += (uint32_t)__builtin_popcountll(pcpus);
		ret->all += (uint32_t)__builtin_popcountll(cpus | pcpus);
		ret->pinned += (uint32_t)__builtin_popcountll(pinned);
		ret->overlap |= (floats[i] & pins[i]) != 0;
		ret->has_cpus |= cpus != 0;
	}
	vn_cores_count(cores, n_cores, floats, pins, ret);
}

static uint64_t *sets_of(const vn_host_index *index, uint32_t node_ix)
{
	return index->counted + (size_t)node_ix * SETS * index->words;
}

bool vn_host_counted(const vn_host *host, uint32_t node_ix)
{
	const vn_host_index *index = host->index;
	const vn_node *node = &host->nodes[node_ix];
	const uint64_t *counted = sets_of(index, node_ix);
	uint64_t differ = 0;

	for (uint32_t i = 0; i < index->words; i++)
		differ |= (counted[i] ^ node->cpus.word[i]) |
			  (counted[index->words + i] ^ node->pcpus.word[i]) |
			  (counted[2 * index->words + i] ^ node->pinned.word[i]);
	return !differ;
}

void vn_host_count_node(vn_host *host, uint32_t node_ix)
{
	vn_host_index *index = host->index;
	const vn_node *node = &host->nodes[node_ix];
	uint64_t *counted;

	if (!index)
		return;
	counted = sets_of(index, node_ix);
	memcpy(counted, node->cpus.word, index->words * sizeof(*counted));
	memcpy(counted + index->words, node->pcpus.word, index->words * sizeof(*counted));
	memcpy(counted + 2 * (size_t)index->words, node->pinned.word,
	       index->words * sizeof(*counted));
	vn_node_count(node, index->cores + index->first[node_ix],
		      index->first[node_ix + 1] - index->first[node_ix], index->words,
		      &index->counts[node_ix]);
}

/* How many L3 groups the CPUs of a node are in; 1 if that is not known. */
static uint32_t count_l3(const vn_host *host, const vn_core *cores, uint32_t n)
{
	uint32_t groups = 0;
	int32_t last = -1;

	for (uint32_t i = 0; i < n; i++) {
		int32_t l3 = host->cpus[cores[i].cpus[0]].l3;

		groups += l3 != last;
		last = l3;
	}
	return groups ? groups : 1;
}

/* Would swapping two nodes change no distance? This is an equivalence. */
static bool interchangeable(const vn_host *host, uint32_t a, uint32_t b)
{
	const uint32_t *slit = host->slit;
	uint32_t n = host->n_nodes;

	if (!slit)
		return true;
	if (slit[a * n + b] != slit[b * n + a] || slit[a * n + a] != slit[b * n + b])
		return false;
	for (uint32_t k = 0; k < n; k++)
		if (k != a && k != b &&
		    (slit[a * n + k] != slit[b * n + k] || slit[k * n + a] != slit[k * n + b]))
			return false;
	return true;
}

static void find_alike(const vn_host *host, uint16_t *alike)
{
	for (uint32_t i = 0; i < host->n_nodes; i++) {
		alike[i] = (uint16_t)i;
		for (uint32_t first = 0; first < i && alike[i] == i; first++)
			if (alike[first] == first && interchangeable(host, first, i))
				alike[i] = (uint16_t)first;
	}
}

int vn_host_count(vn_host *host, vn_error *err)
{
	vn_host_index *index;

	host->index = NULL;
	if (host->threads_per_core > VN_SMT_MAX)
		return VN_OK; /* such a host is shown, but nothing is placed on it */
	index = vn_arena_alloc(host->arena, 1, sizeof(*index));
	if (!index)
		return vn_fail(err, VN_E_NOMEM, "no memory");
	index->words = words_of(host);
	index->cores = vn_arena_alloc(host->arena, host->n_cpus, sizeof(*index->cores));
	index->first = vn_arena_alloc(host->arena, host->n_nodes + 1, sizeof(*index->first));
	index->counts = vn_arena_alloc(host->arena, host->n_nodes, sizeof(*index->counts));
	index->alike = vn_arena_alloc(host->arena, host->n_nodes, sizeof(*index->alike));
	index->counted = vn_arena_alloc(host->arena, (size_t)host->n_nodes * SETS * index->words,
					sizeof(*index->counted));
	if (!index->cores || !index->first || !index->counts || !index->alike || !index->counted)
		return vn_fail(err, VN_E_NOMEM, "no memory");
	list_cores(host, index->cores, index->first);
	find_alike(host, index->alike);
	host->index = index;
	for (uint32_t i = 0; i < host->n_nodes; i++) {
		vn_host_count_node(host, i);
		index->counts[i].l3_groups = count_l3(host, index->cores + index->first[i],
						      index->first[i + 1] - index->first[i]);
	}
	return VN_OK;
}
