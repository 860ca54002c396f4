/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Normalising: what each node has for this guest, as counts, and where its devices are. */
#include "place/problem.h"

#include <string.h>

/* ---- CPUs ---- */

uint32_t count_words(const vn_cpuset *set, uint32_t words)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < words; i++)
		count += (uint32_t)__builtin_popcountll(set->word[i]);
	return count;
}

/* CPUs of a node that floating vCPUs, and that pins, may have: the first p->words of each. */
void prep_free_words(const struct problem *p, uint32_t node_ix, uint64_t *floats, uint64_t *pins)
{
	const vn_node *node = &p->host->nodes[node_ix];

	for (uint32_t i = 0; i < p->words; i++) {
		floats[i] = node->cpus.word[i] & ~node->pinned.word[i];
		pins[i] = node->pcpus.word[i] & ~node->pinned.word[i];
	}
	if (p->as_counted)
		return;
	for (uint32_t i = 0; i < p->words; i++) {
		uint64_t within =
			p->request->cpuset_given ? p->request->cpuset.word[i] : UINT64_MAX;

		floats[i] &= within & ~p->owner_pins.word[i];
		pins[i] &= within & ~p->owner_pins.word[i] & ~p->owner_floats.word[i];
	}
}

/* Counts for a node whose CPUs the owner narrows. */
static void count_anew(const struct problem *p, uint32_t node_ix, vn_node_counts *ret)
{
	const vn_node *node = &p->host->nodes[node_ix];
	const vn_core *cores = p->cores + p->first_core[node_ix];
	uint32_t n_cores = p->first_core[node_ix + 1] - p->first_core[node_ix];
	uint64_t floats[VN_CPUSET_WORDS], pins[VN_CPUSET_WORDS];

	vn_node_count(node, cores, n_cores, p->words, ret);
	if (p->as_counted)
		return;
	prep_free_words(p, node_ix, floats, pins);
	ret->floats = ret->present = 0;
	ret->overlap = ret->has_cpus = false;
	for (uint32_t i = 0; i < p->words; i++) {
		uint64_t within =
			p->request->cpuset_given ? p->request->cpuset.word[i] : UINT64_MAX;

		ret->floats += (uint32_t)__builtin_popcountll(floats[i]);
		ret->present += (uint32_t)__builtin_popcountll(node->pcpus.word[i] & within);
		ret->overlap |= (floats[i] & pins[i]) != 0;
		ret->has_cpus |= (node->cpus.word[i] & within) != 0;
	}
	vn_cores_count(cores, n_cores, floats, pins, ret);
}

/* `siblings` leaves the node's first core to the host as long as it can. */
static void keep_first_core(const struct problem *p, uint32_t node_ix, struct cores *free)
{
	const vn_core *core = &p->cores[p->first_core[node_ix]];
	uint64_t floats[VN_CPUSET_WORDS], pins[VN_CPUSET_WORDS];
	uint8_t threads = 0;

	if (p->first_core[node_ix] == p->first_core[node_ix + 1])
		return;
	prep_free_words(p, node_ix, floats, pins);
	for (uint32_t t = 0; t < core->n; t++)
		threads += pins[core->cpus[t] / 64] >> core->cpus[t] % 64 & 1;
	if (!threads)
		return;
	free->kept = threads;
	free->kept_whole = threads == core->n;
	(free->kept_whole ? free->whole : free->part)[threads]--;
}

static void count_cpus(struct problem *p, uint32_t node_ix, const vn_node_counts *counts)
{
	const vn_node *node = &p->host->nodes[node_ix];
	struct place_node *to = &p->nodes[node_ix];
	uint64_t most = (uint64_t)counts->floats * p->options->cpu_ratio_percent / 100;

	to->present = counts->present;
	to->sets_overlap = counts->overlap;
	to->cpus = counts->floats;
	to->cores = counts->float_cores;
	to->l3_groups = counts->l3_groups;
	to->for_cpus = (p->dedicated && counts->present) ||
		       (p->dedicated < p->request->vcpus && counts->has_cpus);
	to->ratio_room = UINT32_MAX / 2;
	if (p->options->cpu_ratio_percent)
		to->ratio_room = most > node->cpu_usage ? (uint32_t)(most - node->cpu_usage) : 0;
	memcpy(to->free.whole, counts->whole, sizeof(to->free.whole));
	memcpy(to->free.part, counts->part, sizeof(to->free.part));
	to->free.kept = 0;
	to->free.kept_whole = false;
	if (p->request->distribution == VN_DISTRIBUTION_SIBLINGS)
		keep_first_core(p, node_ix, &to->free);
	to->threads = counts->threads;
}

/* ---- memory ---- */

/* floor(value x percent / 100) without overflow. */
static uint64_t percent_of(uint64_t value, uint32_t percent)
{
	return percent == 100 ? value : value / 100 * percent + value % 100 * percent / 100;
}

static uint64_t minus(uint64_t a, uint64_t b)
{
	return a > b ? a - b : 0;
}

/* Ordinary memory that is in use, more than there is where it is overcommitted. */
static uint64_t ordinary_used(const vn_node *node)
{
	uint64_t used = node->mem_used_kib;

	if (vn_node_first_huge(node))
		return (node->pages[0].used + node->pages[0].reserved) * node->pages[0].size_kib;
	for (uint32_t i = 0; i < node->n_pages; i++)
		used += vn_pages_free(&node->pages[i]) * node->pages[i].size_kib;
	return used;
}

/* What this guest may take of ordinary memory: what is free, for a guest with pins; for others what
 * the ratio leaves, in ordinary pages and in memory as a whole; without a ratio, all there is. */
static uint64_t ordinary_room(const struct problem *p, const vn_node *node, uint64_t total)
{
	uint32_t ratio = p->options->ram_ratio_percent;
	uint64_t room = UINT64_MAX;

	if (p->dedicated)
		room = vn_node_free_kib(node);
	else if (ratio)
		room = minus(percent_of(total, ratio), ordinary_used(node));
	if (!p->dedicated && ratio && vn_node_first_huge(node)) {
		uint64_t book = minus(percent_of(node->mem_kib, ratio), node->mem_used_kib);

		room = book < room ? book : room;
	}
	if (room == UINT64_MAX)
		return minus(total, p->options->reserve_kib);
	room = minus(room, p->options->reserve_kib);
	return room < total ? room : total;
}

static void count_memory(const struct problem *p, const vn_node *node, struct place_node *to)
{
	uint64_t reserve = p->options->reserve_kib;

	to->most_kib = vn_node_first_huge(node) ? node->pages[0].total * node->pages[0].size_kib
						: node->mem_kib;
	to->room_kib = ordinary_room(p, node, to->most_kib);
	for (uint32_t i = 0; i < node->n_pages; i++)
		to->pages[i] = vn_pages_free(&node->pages[i]);
	if (reserve && vn_node_first_huge(node)) {
		uint64_t size = node->pages[0].size_kib;

		to->pages[0] = minus(to->pages[0], reserve / size + (reserve % size != 0));
	}
}

/* ---- nodes ---- */

/* How full a node is: CPUs pinned or floated on, and memory, in 1/1000 each. */
static uint32_t load_of(const vn_node *node, const vn_node_counts *counts)
{
	enum { MOST = 100000 };
	uint64_t cpu_load = 0, mem_load = 0;

	if (counts->all)
		cpu_load = 1000 * (counts->pinned + (uint64_t)node->cpu_usage) / counts->all;
	if (node->mem_kib && node->mem_used_kib)
		mem_load = node->mem_used_kib < UINT64_MAX / 1000
				   ? 1000 * node->mem_used_kib / node->mem_kib
				   : MOST;
	return (uint32_t)((cpu_load < MOST ? cpu_load : MOST) +
			  (mem_load < MOST ? mem_load : MOST));
}

static void find_allowed(struct problem *p)
{
	uint32_t n = p->host->n_nodes;

	p->allowed = (vn_nodeset){ 0 };
	if (!p->request->nodeset_given) {
		for (uint32_t i = 0; i < n / 64; i++)
			p->allowed.word[i] = UINT64_MAX;
		if (n % 64)
			p->allowed.word[n / 64] = (UINT64_C(1) << n % 64) - 1;
		return;
	}
	for (uint32_t i = 0; i < n; i++)
		if (vn_nodeset_has(&p->request->nodeset, p->host->nodes[i].id))
			vn_nodeset_add(&p->allowed, i);
}

/* The CPUs that the owner's own pins name. */
static void find_owner_cpus(struct problem *p)
{
	const vn_request *request = p->request;

	p->as_counted = !request->cpuset_given;
	if (!request->vcpupin && !request->cpuset_given)
		return;
	p->owner_pins = p->owner_floats = (vn_cpuset){ 0 };
	VN_CPUSET_EACH(vcpu, &request->vcpupin_given) {
		p->as_counted = false;
		vn_cpuset_or(vn_cpuset_has(&request->dedicated, (unsigned)vcpu) ? &p->owner_pins
										: &p->owner_floats,
			     &request->vcpupin[vcpu]);
	}
}

static void find_cores(struct problem *p)
{
	const vn_host_index *index = p->host->index;

	p->cores = index->cores;
	p->first_core = index->first;
	p->alike = index->alike;
	p->words = index->words;
}

void prep_nodes(struct problem *p)
{
	const vn_request *request = p->request;
	const vn_host *host = p->host;

	p->dedicated = count_words(&request->dedicated, (request->vcpus + 63) / 64);
	find_allowed(p);
	find_owner_cpus(p);
	find_cores(p);
	for (uint32_t i = 0; i < host->n_nodes; i++) {
		const vn_node *node = &host->nodes[i];
		const vn_node_counts *counts;
		struct place_node *to = &p->nodes[i];
		bool allowed = vn_nodeset_has(&p->allowed, i);
		vn_node_counts anew;

		assert(vn_host_counted(host, i)); /* host.h: count again what was changed */
		counts = &host->index->counts[i];
		if (!p->as_counted) {
			anew.l3_groups = counts->l3_groups;
			count_anew(p, i, &anew);
			counts = &anew;
		}
		count_cpus(p, i, counts);
		count_memory(p, node, to);
		to->load = load_of(node, counts);
		to->floats = to->cells = 0;
		to->for_cpus &= allowed;
		to->for_memory =
			allowed && node->mem_kib &&
			(!node->gpu_memory || (request->nodeset_given && allowed)) &&
			(!request->numatune_given || vn_nodeset_has(&request->numatune, node->id));
	}
}

void prep_size_by(struct problem *p, enum vn_size_by size_by)
{
	for (uint32_t i = 0; i < p->host->n_nodes; i++) {
		struct place_node *node = &p->nodes[i];
		uint32_t holds = size_by == VN_SIZE_BY_CORES ? node->cores : node->cpus;

		node->float_room = holds < node->ratio_room ? holds : node->ratio_room;
	}
}

/* ---- devices ---- */

static int32_t device_node(const vn_host *host, const vn_guest_device *device)
{
	const vn_device *on = NULL;

	if (device->has_host)
		on = vn_host_device_at(host, device->host);
	else if (device->host_name)
		on = vn_host_device_named(host, device->host_name);
	return on ? on->node_ix : -1;
}

/* Without a word from the owner a device is preferred to be local, and no more. */
static bool must_be_local(const vn_request *request, const vn_guest_device *device)
{
	return request->pci_policy_given && device->kind == VN_DEVICE_HOSTDEV &&
	       device->policy != VN_PCI_PREFERRED;
}

void prep_devices(struct problem *p)
{
	const vn_host *host = p->host;

	p->n_devices = p->request->n_devices;
	for (uint32_t i = 0; i < p->n_devices; i++) {
		const vn_guest_device *device = &p->request->devices[i];
		struct device_need *need = &p->devices[i];

		*need = (struct device_need){ .node_ix = device_node(host, device) };
		need->must = must_be_local(p->request, device) &&
			     (need->node_ix >= 0 || device->policy == VN_PCI_REQUIRED);
		if (need->node_ix < 0)
			continue;
		vn_nodeset_add(&need->any_of, (unsigned)need->node_ix);
		int32_t socket = host->nodes[need->node_ix].socket;

		if (device->policy != VN_PCI_SOCKET || socket < 0)
			continue;
		for (uint32_t n = 0; n < host->n_nodes; n++)
			if (host->nodes[n].socket == socket)
				vn_nodeset_add(&need->any_of, n);
	}
}
