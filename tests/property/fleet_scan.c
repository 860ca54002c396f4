/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fleet_scan.h"

#include <stdlib.h>
#include <string.h>

enum { SCALE_BITS = 30, SUBSETS_MAX = 128, SLOTS_MOST = 0xfffe };

/* ---- free shares ---- */

struct share {
	uint64_t cpu, cpus, mem, mems; /* free and all, in percent of a CPU and KiB */
};

static uint32_t ratio_of(uint32_t percent)
{
	return percent ? percent : 100;
}

static struct share share_of(const struct scan_host *host, uint32_t i)
{
	const vn_node *node = &host->now->nodes[i];
	vn_cpuset floats = node->cpus, only_pins = node->pcpus;
	uint32_t ratio = ratio_of(host->options.cpu_ratio_percent);
	struct share ret = { 0 };
	uint64_t used;

	vn_cpuset_minus(&only_pins, &node->cpus);
	ret.cpus =
		(uint64_t)vn_cpuset_count(&floats) * ratio + 100ULL * vn_cpuset_count(&only_pins);
	vn_cpuset_minus(&floats, &node->pinned);
	vn_cpuset_minus(&only_pins, &node->pinned);
	ret.cpu = (uint64_t)vn_cpuset_count(&floats) * ratio;
	used = 100ULL * node->cpu_usage;
	ret.cpu = ret.cpu > used ? ret.cpu - used : 0;
	ret.cpu += 100ULL * vn_cpuset_count(&only_pins);
	ratio = ratio_of(host->options.ram_ratio_percent);
	ret.mems = node->mem_kib / 100 * ratio + node->mem_kib % 100 * ratio / 100;
	ret.mem = ret.mems > node->mem_used_kib ? ret.mems - node->mem_used_kib : 0;
	return ret;
}

static bool is_uniform(const struct scan_host *host)
{
	struct share first = share_of(host, 0);

	for (uint32_t i = 1; i < host->now->n_nodes; i++) {
		struct share other = share_of(host, i);

		if (other.cpus != first.cpus || other.mems != first.mems)
			return false;
	}
	return true;
}

/* min(cpu / cpus, mem / mems) as a fraction over cpus x mems */
static unsigned __int128 fraction(struct share s)
{
	unsigned __int128 a = (unsigned __int128)s.cpu * s.mems;
	unsigned __int128 b = (unsigned __int128)s.mem * s.cpus;

	return a < b ? a : b;
}

static uint64_t scaled(unsigned __int128 numerator, unsigned __int128 denominator)
{
	return denominator ? (uint64_t)((numerator << SCALE_BITS) / denominator) : 0;
}

static uint64_t node_free(const struct scan_host *host, uint32_t i)
{
	struct share s = share_of(host, i);

	return scaled(fraction(s), (unsigned __int128)s.cpus * s.mems);
}

static uint64_t average_free(const struct scan_host *host, uint64_t nodes)
{
	unsigned __int128 sum = 0;
	uint64_t rounded = 0, n = 0;
	struct share first = share_of(host, 0);

	for (uint32_t i = 0; i < host->now->n_nodes; i++)
		if (nodes >> i & 1) {
			sum += fraction(share_of(host, i));
			rounded += node_free(host, i);
			n++;
		}
	return is_uniform(host) ? scaled(sum, (unsigned __int128)first.cpus * first.mems * n)
				: rounded / n;
}

/* ---- slots ---- */

struct need {
	uint32_t cells, floating, pins, extra;
	uint64_t mem_kib;
	enum vn_page_want want;
	uint64_t page_kib;
	bool fits_empty;
};

static struct need find_need(const struct scan_host *host, const vn_request *request)
{
	static vn_placement placement;
	struct need need = { 0 };
	uint32_t largest = 0;
	vn_cpuset pins;

	if (vn_place(host->empty, request, &host->options, &placement, NULL) < 0)
		return need;
	for (uint32_t c = 1; c < placement.n_cells; c++)
		if (vn_cpuset_count(&placement.cells[c].vcpus) >
		    vn_cpuset_count(&placement.cells[largest].vcpus))
			largest = c;
	pins = placement.cells[largest].vcpus;
	vn_cpuset_and(&pins, &request->dedicated);
	need.fits_empty = true;
	need.cells = placement.n_cells;
	need.pins = vn_cpuset_count(&pins);
	need.floating = vn_cpuset_count(&placement.cells[largest].vcpus) - need.pins;
	need.extra = largest == 0 && !vn_cpuset_is_empty(&request->dedicated) &&
		     request->emulator_policy == VN_EMULATOR_ISOLATE;
	need.mem_kib = placement.cells[largest].mem_kib + placement.cells[largest].memdev_kib;
	for (uint32_t i = 0; i < request->n_pages; i++)
		if (vn_cpuset_is_empty(&request->pages[i].cells) ||
		    vn_cpuset_has(&request->pages[i].cells, largest)) {
			need.want = request->pages[i].want;
			need.page_kib = request->pages[i].page_kib;
			break;
		}
	return need;
}

/* Found once for each kind of host. */
static struct need need_of(const struct scan *scan, const struct scan_host *host, uint32_t flavour)
{
	static struct need needs[SCAN_KINDS_MAX][SCAN_FLAVOURS_MAX];
	static bool found[SCAN_KINDS_MAX][SCAN_FLAVOURS_MAX];

	if (!found[host->kind][flavour])
		needs[host->kind][flavour] = find_need(host, scan->flavours[flavour].request);
	found[host->kind][flavour] = true;
	return needs[host->kind][flavour];
}

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t cpu_slots(const struct scan_host *host, uint32_t i, const struct need *need,
			  const vn_request *request)
{
	const vn_host *now = host->now;
	const vn_node *node = &now->nodes[i];
	vn_cpuset floats = node->cpus, threads = vn_node_free_pcpus(node);
	uint64_t slots = SLOTS_MOST, n, whole = 0, shared = 0;

	vn_cpuset_minus(&floats, &node->pinned);
	n = vn_cpuset_count(&floats);
	if (need->floating > n)
		return 0;
	if (need->floating && host->options.cpu_ratio_percent) {
		uint64_t room = n * host->options.cpu_ratio_percent / 100;

		slots = room > node->cpu_usage ? (room - node->cpu_usage) / need->floating : 0;
	}
	if (!(need->pins + need->extra))
		return slots;
	slots = least(slots, vn_cpuset_count(&threads) / (need->pins + need->extra));
	for (int32_t core = 0; core < (int32_t)now->n_cores; core++) {
		vn_cpuset all = vn_host_core_cpus(now, core), free = all;
		uint32_t n_free;

		vn_cpuset_and(&free, &threads);
		n_free = vn_cpuset_count(&free);
		whole += n_free && vn_cpuset_equal(&free, &all);
		shared += n_free > 1 ? n_free : 0;
	}
	if (need->pins && request->thread_policy == VN_THREADS_ISOLATE)
		slots = least(slots, whole / need->pins);
	if (need->pins && request->thread_policy == VN_THREADS_REQUIRE)
		slots = least(slots, shared / need->pins);
	return slots;
}

static uint64_t minus(uint64_t a, uint64_t b)
{
	return a > b ? a - b : 0;
}

/* Ordinary memory that the guest may have, by the rules of docs/design/0002. */
static uint64_t ordinary_room(const struct scan_host *host, const vn_node *node, bool dedicated)
{
	uint32_t ratio = host->options.ram_ratio_percent;
	bool listed = node->n_pages && node->pages[0].size_kib <= 64;
	uint64_t all = listed ? node->pages[0].total * node->pages[0].size_kib : node->mem_kib;
	uint64_t used = node->mem_used_kib, room;

	for (uint32_t p = listed; p < node->n_pages; p++)
		used += vn_pages_free(&node->pages[p]) * node->pages[p].size_kib;
	if (listed)
		used = (node->pages[0].used + node->pages[0].reserved) * node->pages[0].size_kib;
	if (dedicated)
		room = vn_node_free_kib(node);
	else if (!ratio)
		return minus(all, host->options.reserve_kib);
	else
		room = minus(all / 100 * ratio + all % 100 * ratio / 100, used);
	if (!dedicated && listed)
		room = least(room,
			     minus(node->mem_kib / 100 * ratio + node->mem_kib % 100 * ratio / 100,
				   node->mem_used_kib));
	return least(minus(room, host->options.reserve_kib), all);
}

static uint64_t mem_slots(const struct scan_host *host, const vn_node *node,
			  const struct need *need, const vn_request *request)
{
	bool listed = node->n_pages && node->pages[0].size_kib <= 64;
	uint64_t slots = 0;

	if (need->want == VN_PAGES_NONE || (need->want == VN_PAGES_SMALL && !listed))
		return ordinary_room(host, node, !vn_cpuset_is_empty(&request->dedicated)) /
		       need->mem_kib;
	for (uint32_t p = 0; p < node->n_pages; p++) {
		const vn_pages *pages = &node->pages[p];
		uint64_t free = vn_pages_free(pages), size = pages->size_kib;
		bool huge = p >= listed;

		if ((need->want == VN_PAGES_SMALL && huge) ||
		    (need->want == VN_PAGES_LARGE && !huge) ||
		    (need->want == VN_PAGES_DEFAULT && p != listed) ||
		    (need->want == VN_PAGES_SIZE && size != need->page_kib) || need->mem_kib % size)
			continue;
		if (!huge)
			free = minus(free, (host->options.reserve_kib + size - 1) / size);
		slots += free / (need->mem_kib / size);
	}
	return slots;
}

static uint64_t node_slots(const struct scan_host *host, uint32_t i, const struct need *need,
			   const vn_request *request)
{
	const vn_node *node = &host->now->nodes[i];
	uint64_t slots;

	if (!need->fits_empty || !node->mem_kib || node->gpu_memory)
		return 0;
	slots = least(cpu_slots(host, i, need, request), mem_slots(host, node, need, request));
	return least(slots, SLOTS_MOST);
}

static uint64_t device_slots(const vn_host *now, const vn_request *request)
{
	uint64_t slots = SLOTS_MOST;

	for (uint32_t r = 0; r < request->n_pci_requests; r++) {
		const vn_pci_request *want = &request->pci_requests[r];
		uint64_t n = 0;

		for (uint32_t d = 0; d < now->n_devices; d++)
			n += !now->devices[d].taken &&
			     (!want->vendor || want->vendor == now->devices[d].vendor) &&
			     (!want->product || want->product == now->devices[d].product);
		for (uint32_t p = 0; p < now->n_pools; p++)
			if ((!want->vendor || want->vendor == now->pools[p].vendor) &&
			    (!want->product || want->product == now->pools[p].product))
				n += now->pools[p].count;
		slots = least(slots, n / want->count);
	}
	return slots;
}

/* min over r of floor((sum - the r largest) / (cells - r)), by taking the largest away. */
static uint64_t host_slots(const struct scan_host *host, const struct need *need,
			   const vn_request *request)
{
	uint64_t fits[VN_FLEET_NODES_MAX], slots = UINT64_MAX, sum;
	uint32_t n = host->now->n_nodes;

	if (!need->fits_empty)
		return 0;
	for (uint32_t i = 0; i < n; i++)
		fits[i] = node_slots(host, i, need, request);
	if (need->cells == 1 && !request->n_pci_requests) {
		for (uint32_t i = sum = 0; i < n; i++)
			sum += fits[i];
		return sum;
	}
	for (uint32_t r = 0; r < need->cells && need->cells <= n; r++) {
		uint32_t largest = 0;

		for (uint32_t i = sum = 0; i < n; i++) {
			sum += fits[i];
			largest = fits[i] > fits[largest] ? i : largest;
		}
		slots = least(slots, sum / (need->cells - r));
		fits[largest] = 0;
	}
	slots = need->cells > n ? 0 : slots;
	return least(slots, device_slots(host->now, request));
}

/* Is it huge pages that guests of this need compete for? */
static bool wants_huge(const struct need *need)
{
	return need->want == VN_PAGES_LARGE || need->want == VN_PAGES_DEFAULT ||
	       (need->want == VN_PAGES_SIZE && need->page_kib > 64);
}

/* like: only flavours that want the same memory; NULL: all. */
static int64_t slots_value(const struct scan *scan, const struct scan_host *host,
			   const struct need *like)
{
	uint64_t sum = 0;

	for (uint32_t f = 0; f < scan->n_flavours; f++) {
		const vn_request *request = scan->flavours[f].request;
		struct need need = need_of(scan, host, f);

		if (scan->flavours[f].weight && (!like || wants_huge(like) == wants_huge(&need)))
			sum += scan->flavours[f].weight * host_slots(host, &need, request);
	}
	return (int64_t)sum;
}

static int64_t fragments_value(const struct scan *scan, const struct scan_host *host)
{
	uint64_t sum = 0;

	for (uint32_t f = 0; f < scan->n_flavours; f++) {
		const vn_request *request = scan->flavours[f].request;
		struct need need = need_of(scan, host, f);
		bool single = !need.fits_empty || (need.cells == 1 && !request->n_pci_requests);
		bool whole = !single && host_slots(host, &need, request);

		for (uint32_t i = 0; i < host->now->n_nodes; i++)
			if (single ? !node_slots(host, i, &need, request) : !whole)
				sum += scan->flavours[f].demand * share_of(host, i).cpu;
	}
	return (int64_t)sum;
}

/* ---- weighers ---- */

static uint64_t all_nodes(const struct scan_host *host)
{
	return (UINT64_C(1) << host->now->n_nodes) - 1;
}

static int64_t host_first(const struct scan_host *host, uint64_t nodes)
{
	uint64_t node = nodes == all_nodes(host) && nodes != 1 ? 0 : average_free(host, nodes);

	return (int64_t)(average_free(host, all_nodes(host)) * (UINT64_C(1) << (SCALE_BITS + 1)) +
			 node);
}

static int64_t spread(const struct scan_host *host)
{
	unsigned __int128 most = 0, lowest = ~(unsigned __int128)0;
	uint64_t most_rounded = 0, lowest_rounded = UINT64_MAX;
	struct share first = share_of(host, 0);

	for (uint32_t i = 0; i < host->now->n_nodes; i++) {
		unsigned __int128 one = fraction(share_of(host, i));
		uint64_t rounded = node_free(host, i);

		most = one > most ? one : most;
		lowest = one < lowest ? one : lowest;
		most_rounded = rounded > most_rounded ? rounded : most_rounded;
		lowest_rounded = least(rounded, lowest_rounded);
	}
	if (is_uniform(host))
		return (int64_t)scaled(most - lowest, (unsigned __int128)first.cpus * first.mems);
	return (int64_t)(most_rounded - lowest_rounded);
}

struct before { /* of the host, before the guest is there */
	int64_t slots, room, fragments, host_first, best, spread, freest;
};

static int64_t weigh(const struct scan *scan, const struct scan_host *host, enum vn_weigher weigher,
		     const struct before *b, uint64_t nodes, uint32_t cells, int64_t *inner)
{
	uint64_t lowest = UINT64_MAX;

	*inner = 0;
	switch (weigher) {
	case VN_WEIGH_SLOTS: return b->slots - slots_value(scan, host, NULL);
	case VN_WEIGH_ROOM: return b->room;
	case VN_WEIGH_FRAGMENTS: return fragments_value(scan, host) - b->fragments;
	case VN_WEIGH_HOST_FIRST: return b->host_first;
	case VN_WEIGH_BEST: return b->best;
	case VN_WEIGH_BALANCE:
		*inner = cells > 1 ? 0 : -b->freest;
		return cells > 1 ? 0 : -b->spread;
	case VN_WEIGH_WORST:
		for (uint32_t i = 0; i < host->now->n_nodes; i++)
			if (nodes >> i & 1)
				lowest = least(lowest, node_free(host, i));
		return -(int64_t)lowest;
	default: return 0;
	}
}

static void weigh_all(const struct scan *scan, const struct scan_host *host,
		      const vn_placement *placement, uint64_t nodes, uint64_t least_far,
		      struct before *before, struct scan_best *ret)
{
	const vn_fleet_policy *policy = scan->policy;
	int64_t value = 0, inner = 0, one;

	before->host_first = host_first(host, nodes);
	before->best = (int64_t)average_free(host, nodes);
	before->freest = (int64_t)node_free(host, (uint32_t)__builtin_ctzll(nodes));
	vn_host_take(host->now, placement);
	for (uint32_t w = 0; w < VN_WEIGHER_COUNT; w++)
		if (policy->weights[w]) {
			value += policy->weights[w] * weigh(scan, host, (enum vn_weigher)w, before,
							    nodes, placement->n_cells, &one);
			inner += policy->weights[w] * one;
		}
	ret->score.tie = (UINT64_C(1) << 63);
	if (policy->tie != VN_WEIGH_FIRST)
		ret->score.tie += (uint64_t)weigh(scan, host, policy->tie, before, nodes,
						  placement->n_cells, &one);
	vn_host_release(host->now, placement);
	ret->score.value = (UINT64_C(1) << 63) + (uint64_t)value;
	ret->score.far = placement->cost.devices_remote << 40;
	if (!policy->any_distance)
		ret->score.far += minus(placement->cost.distance, least_far);
	ret->inner = inner;
	ret->nodes = nodes;
}

/* ---- options ---- */

static uint64_t nodes_of(const vn_placement *placement)
{
	uint64_t nodes = 0;

	for (uint32_t c = 0; c < placement->n_cells; c++)
		nodes |= UINT64_C(1) << placement->cells[c].node_ix |
			 UINT64_C(1) << placement->cells[c].mem_node_ix;
	return nodes;
}

/* In the order of the lists of node numbers. */
static bool lower(uint64_t a, uint64_t b)
{
	while ((a & 1) == (b & 1) && a)
		a >>= 1, b >>= 1;
	return (a & 1) > (b & 1);
}

static bool better(const struct scan_best *a, const struct scan_best *b)
{
	const uint64_t pairs[][2] = { { a->score.far, b->score.far },
				      { a->score.value, b->score.value },
				      { a->score.tie, b->score.tie } };

	for (uint32_t i = 0; i < VN_LEN(pairs); i++)
		if (pairs[i][0] != pairs[i][1])
			return pairs[i][0] < pairs[i][1];
	return a->inner != b->inner ? a->inner < b->inner : lower(a->nodes, b->nodes);
}

static bool choose(uint32_t n, uint32_t k)
{
	uint64_t ways = 1;

	for (uint32_t i = 0; i < k && ways <= SUBSETS_MAX; i++)
		ways = ways * (n - i) / (i + 1);
	return ways <= SUBSETS_MAX;
}

bool scan_host(const struct scan *scan, const struct scan_host *host, uint32_t flavour,
	       struct scan_best *ret)
{
	static vn_placement placement;
	static vn_request within;
	const vn_request *request = scan->flavours[flavour].request;
	uint32_t n = host->now->n_nodes, cells;
	struct before before = { 0 };
	struct need need;
	struct scan_best one;
	uint64_t far, used;
	bool found = false;

	if (vn_place(host->empty, request, &host->options, &placement, NULL) < 0)
		return false;
	far = placement.cost.distance;
	if (vn_place(host->now, request, &host->options, &placement, NULL) < 0)
		return false;
	cells = placement.n_cells;
	used = nodes_of(&placement);
	need = need_of(scan, host, flavour);
	before.slots = slots_value(scan, host, NULL);
	before.room = slots_value(scan, host, &need);
	before.fragments = fragments_value(scan, host);
	before.spread = spread(host);
	if ((uint32_t)__builtin_popcountll(used) != cells || cells > n || !choose(n, cells)) {
		weigh_all(scan, host, &placement, used, far, &before, ret);
		return true;
	}
	within = *request;
	for (uint64_t nodes = 1; nodes < UINT64_C(1) << n; nodes++) {
		if ((uint32_t)__builtin_popcountll(nodes) != cells)
			continue;
		within.nodeset_given = true;
		within.nodeset = (vn_nodeset){ 0 };
		for (uint32_t i = 0; i < n; i++)
			if ((nodes >> i & 1) &&
			    (!request->nodeset_given ||
			     vn_nodeset_has(&request->nodeset, host->now->nodes[i].id)))
				vn_nodeset_add(&within.nodeset, host->now->nodes[i].id);
		if (vn_place(host->now, &within, &host->options, &placement, NULL) < 0 ||
		    nodes_of(&placement) != nodes || placement.n_cells != cells)
			continue;
		weigh_all(scan, host, &placement, nodes, far, &before, &one);
		if (!found || better(&one, ret))
			*ret = one;
		found = true;
	}
	return found;
}
