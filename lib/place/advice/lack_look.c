/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Looking at a host for one guest: what each node has for it, as counts, and what pulls it. */
#include "place/advice/lack.h"

#include <string.h>

/* ---- CPUs ---- */

/* CPUs of a node by use: `present` may be pinned, taken or not; `pins` of them are free; floating
 * vCPUs may run on `floats`. */
struct sets {
	uint64_t present[VN_CPUSET_WORDS], floatable[VN_CPUSET_WORDS], pins[VN_CPUSET_WORDS],
		floats[VN_CPUSET_WORDS];
};

/* Only the words that the host's CPUs reach into. */
static void make_sets(const struct lack_view *view, const vn_node *node, struct sets *ret)
{
	const vn_request *request = view->request;

	for (uint32_t i = 0; i < view->words; i++) {
		uint64_t within = request->cpuset_given ? request->cpuset.word[i] : UINT64_MAX;
		uint64_t free = ~node->pinned.word[i] & ~view->owner_pins.word[i];

		ret->present[i] = node->pcpus.word[i] & within;
		ret->floatable[i] = node->cpus.word[i] & within;
		ret->pins[i] = ret->present[i] & free & ~view->owner_floats.word[i];
		ret->floats[i] = ret->floatable[i] & free;
	}
}

static uint32_t count(const struct lack_view *view, const uint64_t *word, const uint64_t *with)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < view->words; i++)
		n += (uint32_t)__builtin_popcountll(word[i] & with[i]);
	return n;
}

static bool has(const uint64_t *word, int cpu)
{
	return word[cpu / 64] >> cpu % 64 & 1;
}

/* The cores of a node, by their free threads. */
static void count_cores(const vn_core *cores, uint32_t n, const struct sets *sets,
			struct lack_node *ret)
{
	for (uint32_t i = 0; i < n; i++) {
		uint32_t free = 0, floats = 0;

		for (uint32_t t = 0; t < cores[i].n; t++) {
			free += has(sets->pins, cores[i].cpus[t]);
			floats += has(sets->pins, cores[i].cpus[t]) &&
				  has(sets->floats, cores[i].cpus[t]);
		}
		if (free >= 2)
			ret->sibling_room += free;
		if (free && free == cores[i].n)
			ret->whole[free][floats]++;
	}
}

static void count_node_cores(const struct lack_view *view, uint32_t node_ix,
			     const struct sets *sets, struct lack_node *ret)
{
	const vn_host_index *index = view->host->index;

	count_cores(index->cores + index->first[node_ix],
		    index->first[node_ix + 1] - index->first[node_ix], sets, ret);
}

static void count_cpus(const struct lack_view *view, uint32_t node_ix, struct lack_node *ret)
{
	const vn_node *node = &view->host->nodes[node_ix];
	uint32_t ratio = view->options->cpu_ratio_percent;
	struct sets sets;
	uint64_t most;

	make_sets(view, node, &sets);
	ret->present = count(view, sets.present, sets.present);
	ret->pins = count(view, sets.pins, sets.pins);
	ret->floatable = count(view, sets.floatable, sets.floatable);
	ret->floats = count(view, sets.floats, sets.floats);
	ret->both = count(view, sets.pins, sets.floats);
	ret->for_cpus = (view->dedicated && ret->present) ||
			(view->dedicated < view->request->vcpus && ret->floatable);
	most = (uint64_t)ret->floats * ratio / 100;
	ret->ratio_room = !ratio		   ? UINT32_MAX
			  : most > node->cpu_usage ? (uint32_t)(most - node->cpu_usage)
						   : 0;
	if (view->dedicated)
		count_node_cores(view, node_ix, &sets, ret);
}

/* ---- memory ---- */

static uint64_t percent_of(uint64_t kib, uint32_t percent)
{
	return kib / 100 * percent + kib % 100 * percent / 100;
}

static uint64_t minus(uint64_t all, uint64_t taken)
{
	return all > taken ? all - taken : 0;
}

/* More than there is, where memory is overcommitted. */
static uint64_t used_kib(const vn_node *node, bool listed)
{
	uint64_t used = node->mem_used_kib;

	if (listed)
		return (node->pages[0].used + node->pages[0].reserved) * node->pages[0].size_kib;
	for (uint32_t i = 0; i < node->n_pages; i++)
		used += vn_pages_free(&node->pages[i]) * node->pages[i].size_kib;
	return used;
}

/* A guest with a pinned vCPU takes only what is free; another may overcommit, but never takes more
 * than the node has in all. */
static void count_memory(const struct lack_view *view, const vn_node *node, struct lack_node *ret)
{
	bool listed = node->n_pages && node->pages[0].size_kib <= LACK_BASE_PAGE_KIB;
	uint64_t total = listed ? node->pages[0].total * node->pages[0].size_kib : node->mem_kib;
	uint64_t room = vn_node_free_kib(node), kept;
	uint32_t ratio = view->options->ram_ratio_percent;

	ret->page_kib = listed ? node->pages[0].size_kib : 1;
	if (!view->dedicated)
		room = ratio ? minus(percent_of(total, ratio), used_kib(node, listed)) : UINT64_MAX;
	if (!view->dedicated && ratio && listed) {
		uint64_t book = minus(percent_of(node->mem_kib, ratio), node->mem_used_kib);

		room = book < room ? book : room;
	}
	kept = room == UINT64_MAX ? room : minus(room, view->options->reserve_kib);
	ret->room_kib = room < total ? room : total;
	ret->kept_kib = kept < total ? kept : total;
}

/* ---- nodes ---- */

void lack_look_again(struct lack_view *view, uint32_t node_ix)
{
	const vn_node *node = &view->host->nodes[node_ix];
	const vn_request *request = view->request;
	struct lack_node *to = &view->nodes[node_ix];
	bool named = request->nodeset_given && vn_nodeset_has(&request->nodeset, node->id);

	*to = (struct lack_node){ .allowed = named || !request->nodeset_given };
	count_cpus(view, node_ix, to);
	count_memory(view, node, to);
	to->for_memory = to->allowed && node->mem_kib && (!node->gpu_memory || named) &&
			 (!request->numatune_given || vn_nodeset_has(&request->numatune, node->id));
	if (request->mode == VN_MODE_HOST && !request->nodeset_given &&
	    (!node->mem_kib || node->gpu_memory))
		to->for_cpus = false;
}

/* ---- what pulls ---- */

static void add_socket(const vn_host *host, int32_t node_ix, bool whole_socket, vn_nodeset *to)
{
	int32_t socket = node_ix >= 0 ? host->nodes[node_ix].socket : -1;

	if (node_ix < 0)
		return;
	vn_nodeset_add(to, (unsigned)node_ix);
	for (uint32_t i = 0; i < host->n_nodes && whole_socket && socket >= 0; i++)
		if (host->nodes[i].socket == socket)
			vn_nodeset_add(to, i);
}

static struct lack_pull *new_pull(struct lack_view *view, enum vn_requirement need)
{
	struct lack_pull *pull = &view->pulls[view->n_pulls++];

	*pull = (struct lack_pull){ .need = need, .asked = 1, .device = -1, .pci_request = -1 };
	return pull;
}

/* Devices that are passed through by their address. */
static void look_at_devices(struct lack_view *view)
{
	const vn_request *request = view->request;

	for (uint32_t i = 0; i < request->n_devices && request->pci_policy_given; i++) {
		const vn_guest_device *device = &request->devices[i];
		const vn_device *on = device->has_host ? vn_host_device_at(view->host, device->host)
				      : device->host_name
					      ? vn_host_device_named(view->host, device->host_name)
					      : NULL;
		int32_t node_ix = on ? on->node_ix : -1;

		if (device->kind != VN_DEVICE_HOSTDEV || device->policy == VN_PCI_PREFERRED ||
		    (node_ix < 0 && device->policy != VN_PCI_REQUIRED))
			continue;
		struct lack_pull *pull = new_pull(view, VN_NEED_DEVICE);

		pull->device = (int32_t)i;
		add_socket(view->host, node_ix, device->policy == VN_PCI_SOCKET, &pull->any_of);
	}
}

static bool same_kind(const vn_pci_request *request, uint16_t vendor, uint16_t product)
{
	return (!request->vendor || request->vendor == vendor) &&
	       (!request->product || request->product == product);
}

/* Devices that are asked for by kind: nodes that have some, if they have to be near. */
static void look_at_kinds(struct lack_view *view)
{
	const vn_host *host = view->host;

	for (uint32_t i = 0; i < view->request->n_pci_requests && i < VN_PCI_REQUESTS_MAX; i++) {
		const vn_pci_request *request = &view->request->pci_requests[i];
		bool socket = request->policy == VN_PCI_SOCKET;
		bool elsewhere = request->policy == VN_PCI_PREFERRED;
		struct lack_pull *pull = new_pull(view, VN_NEED_DEVICE);

		pull->pci_request = (int32_t)i;
		pull->asked = request->count;
		for (uint32_t k = 0; k < host->n_pools; k++) {
			const vn_pool *pool = &host->pools[k];

			if (!pool->count || !same_kind(request, pool->vendor, pool->product))
				continue;
			add_socket(host, pool->node_ix, socket, &pull->any_of);
			elsewhere |= pool->node_ix < 0 && request->policy == VN_PCI_LEGACY;
		}
		for (uint32_t k = 0; k < host->n_devices; k++) {
			const vn_device *device = &host->devices[k];

			if (device->taken || !same_kind(request, device->vendor, device->product))
				continue;
			add_socket(host, device->node_ix, socket, &pull->any_of);
			elsewhere |= device->node_ix < 0 && request->policy == VN_PCI_LEGACY;
		}
		if (elsewhere)
			view->n_pulls--; /* it may be anywhere: it does not pull */
	}
}

static void look_at_networks(struct lack_view *view)
{
	const vn_host *host = view->host;
	const vn_request *request = view->request;

	uint32_t n = request->n_physnets < VN_PHYSNETS_MAX ? request->n_physnets : VN_PHYSNETS_MAX;

	for (uint32_t i = 0; i < n + request->tunneled; i++) {
		const char *name = i < n ? request->physnets[i] : "tunneled";
		int bit = i < n ? vn_name_find(host->physnets, host->n_physnets, name) : 0;
		struct lack_pull *pull = new_pull(view, VN_NEED_NETWORK);

		pull->network = name;
		for (uint32_t k = 0; k < host->n_nodes && bit >= 0; k++)
			if (i < n ? host->nodes[k].physnets >> bit & 1 : host->nodes[k].tunneled)
				vn_nodeset_add(&pull->any_of, k);
		if (vn_nodeset_is_empty(&pull->any_of))
			view->n_pulls--; /* no node is near it: it pulls nowhere */
	}
}

void lack_look(const vn_host *host, const vn_request *request, const vn_place_options *options,
	       struct lack_view *ret)
{
	ret->host = host;
	ret->request = request;
	ret->options = options ? options : &vn_place_defaults;
	ret->n_cells = ret->n_pulls = 0;
	ret->words = host->index->words;
	ret->dedicated = vn_cpuset_count(&request->dedicated);
	ret->owner_pins = ret->owner_floats = (vn_cpuset){ 0 };
	VN_CPUSET_EACH(vcpu, &request->vcpupin_given)
		vn_cpuset_or(vn_cpuset_has(&request->dedicated, (unsigned)vcpu)
				     ? &ret->owner_pins
				     : &ret->owner_floats,
			     &request->vcpupin[vcpu]);
	for (uint32_t i = 0; i < host->n_nodes; i++)
		lack_look_again(ret, i);
	look_at_devices(ret);
	look_at_kinds(ret);
	look_at_networks(ret);
}
