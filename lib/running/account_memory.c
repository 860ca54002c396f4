/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Memory of the guests. The host of a running machine counts as used what its guests have touched,
 * wherever the kernel put it. What is added here is the rest of what their configuration promises
 * them, on the nodes where it will come from: promise minus touched, never less than nothing, for
 * each page size alone. Touched is what was measured; else what libvirt says of the process (rss);
 * else nothing, which is right where the host was not asked on a running machine (capabilities). */
#include "running/account.h"

#include <string.h>

enum { ORDINARY_PAGE_KIB_MAX = 64, PAGE_CLASSES = VN_PAGE_SIZES_MAX + 1 };

/* KiB by page class and node. Class 0 is ordinary memory, the others are huge pages by size. */
struct amounts {
	uint32_t n_classes;
	uint64_t size_kib[PAGE_CLASSES]; /* [0] is 0 */
	uint64_t kib[PAGE_CLASSES][VN_NODE_MAX];
};

static uint32_t class_of(struct amounts *amounts, uint64_t size_kib)
{
	uint32_t i = 0;

	if (size_kib <= ORDINARY_PAGE_KIB_MAX)
		size_kib = 0;
	while (i < amounts->n_classes && amounts->size_kib[i] != size_kib)
		i++;
	if (i == PAGE_CLASSES)
		return 0;
	if (i == amounts->n_classes)
		amounts->size_kib[amounts->n_classes++] = size_kib;
	return i;
}

static uint64_t sum_of(const struct amounts *amounts, uint32_t class_ix, uint32_t n_nodes)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < n_nodes; i++)
		sum += amounts->kib[class_ix][i];
	return sum;
}

/* part of total, of `amount`, without overflow: sizes stay below 2^50. */
static uint64_t part_of(uint64_t amount, uint64_t part, uint64_t total)
{
	return total ? (uint64_t)((unsigned __int128)amount * part / total) : 0;
}

static uint64_t minus(uint64_t a, uint64_t b)
{
	return a > b ? a - b : 0;
}

/* ---- what is promised ---- */

/* Weights by node: where memory of these vCPUs that nothing binds comes from. */
static void weigh_by_cpus(const vn_running *running, const vn_guest *guest, const vn_cpuset *vcpus,
			  uint64_t *weights)
{
	enum { ONE = 1 << 16 };

	VN_CPUSET_EACH(vcpu, vcpus) {
		vn_cpuset cpus = account_vcpu_cpus(running, guest, (uint32_t)vcpu);
		uint32_t n = vn_cpuset_count(&cpus);

		VN_CPUSET_EACH(cpu, &cpus)
			if ((uint32_t)cpu < running->host->n_cpus &&
			    running->host->cpus[cpu].node_ix >= 0)
				weights[running->host->cpus[cpu].node_ix] += ONE / n + 1;
	}
}

static void weigh_by_nodes(const vn_host *host, const vn_nodeset *nodes, uint64_t *weights)
{
	for (uint32_t i = 0; i < host->n_nodes; i++)
		weights[i] = vn_nodeset_has(nodes, host->nodes[i].id);
}

bool account_bound_nodes(const vn_request *config, uint32_t cell, vn_nodeset *ret)
{
	bool restrictive = config->mem_mode == VN_MEM_RESTRICTIVE && config->numatune_given;

	if (vn_cpuset_has(&config->memnode_given, cell) &&
	    (!restrictive || vn_nodeset_contains(&config->numatune, &config->memnode[cell])))
		*ret = config->memnode[cell];
	else if (config->numatune_given)
		*ret = config->numatune;
	else
		return false;
	return true;
}

/* Split over the nodes by their weights; those without memory give none. */
static void spread(const vn_host *host, struct amounts *promise, uint64_t page_kib, uint64_t kib,
		   uint64_t *weights)
{
	uint32_t class_ix = class_of(promise, page_kib), last = 0;
	uint64_t total = 0, given = 0;

	for (uint32_t i = 0; i < host->n_nodes; i++) {
		weights[i] = host->nodes[i].mem_kib ? weights[i] : 0;
		total += weights[i];
		last = weights[i] ? i : last;
	}
	for (uint32_t i = 0; i < host->n_nodes && total; i++) {
		uint64_t part = part_of(kib, weights[i], total);

		promise->kib[class_ix][i] += part;
		given += part;
	}
	if (total) /* what the divisions left over */
		promise->kib[class_ix][last] += kib - given;
}

static uint64_t smallest_huge_kib(const vn_host *host)
{
	for (uint32_t i = 0; i < host->n_nodes; i++)
		for (uint32_t p = 0; p < host->nodes[i].n_pages; p++)
			if (host->nodes[i].pages[p].size_kib > ORDINARY_PAGE_KIB_MAX)
				return host->nodes[i].pages[p].size_kib;
	return 0;
}

static uint64_t page_size(const vn_host *host, const vn_request *config, uint32_t cell)
{
	for (uint32_t i = 0; i < config->n_pages; i++) {
		const vn_request_pages *pages = &config->pages[i];

		if (!vn_cpuset_is_empty(&pages->cells) && !vn_cpuset_has(&pages->cells, cell))
			continue;
		return pages->want == VN_PAGES_SIZE	 ? pages->page_kib
		       : pages->want == VN_PAGES_DEFAULT ? smallest_huge_kib(host)
							 : 0;
	}
	return 0;
}

static void promise_cell(const vn_running *running, const vn_guest *guest, uint32_t cell,
			 const vn_cpuset *vcpus, uint64_t kib, struct amounts *promise)
{
	uint64_t weights[VN_NODE_MAX] = { 0 };
	vn_nodeset nodes;

	if (account_bound_nodes(guest->config, cell, &nodes))
		weigh_by_nodes(running->host, &nodes, weights);
	else
		weigh_by_cpus(running, guest, vcpus, weights);
	spread(running->host, promise, page_size(running->host, guest->config, cell), kib, weights);
}

static void promise_memdev(const vn_running *running, const vn_guest *guest,
			   const vn_request_memdev *device, struct amounts *promise)
{
	const vn_request *config = guest->config;
	uint32_t cell = device->cell >= 0 ? (uint32_t)device->cell : 0;
	uint64_t weights[VN_NODE_MAX] = { 0 };
	vn_cpuset none = { 0 };

	if (!device->uses_host_memory)
		return;
	if (vn_nodeset_is_empty(&device->nodemask)) {
		promise_cell(running, guest, cell,
			     cell < config->n_cells ? &config->cells[cell].vcpus : &none,
			     device->size_kib, promise);
		return;
	}
	weigh_by_nodes(running->host, &device->nodemask, weights);
	spread(running->host, promise, page_size(running->host, config, cell), device->size_kib,
	       weights);
}

static void promised(const vn_running *running, const vn_guest *guest, struct amounts *ret)
{
	const vn_request *config = guest->config;
	vn_cpuset all = { 0 };

	if (!config)
		return;
	vn_cpuset_add_range(&all, 0, config->vcpus - 1);
	if (!config->n_cells)
		promise_cell(running, guest, 0, &all, config->mem_kib, ret);
	for (uint32_t c = 0; c < config->n_cells; c++)
		promise_cell(running, guest, c,
			     vn_cpuset_is_empty(&config->cells[c].vcpus) ? &all
									 : &config->cells[c].vcpus,
			     config->cells[c].mem_kib, ret);
	for (uint32_t i = 0; i < config->n_memdevs; i++)
		promise_memdev(running, guest, &config->memdevs[i], ret);
}

/* ---- what is touched ---- */

/* Measured pages, in the classes of the promise. */
static void measured(const vn_running *running, const vn_guest *guest, struct amounts *promise,
		     struct amounts *ret)
{
	const vn_memory_use *use = &guest->memory;
	uint32_t n_nodes = running->host->n_nodes;

	for (uint32_t s = 0; s < use->n_sizes; s++) {
		uint32_t class_ix = class_of(promise, use->size_kib[s]);

		for (uint32_t i = 0; i < n_nodes; i++)
			ret->kib[class_ix][i] += use->kib[(size_t)s * n_nodes + i];
	}
}

/* By rss: as much of the ordinary promise, on each node in proportion; huge pages are not in it,
 * and libvirt has QEMU allocate all of them at the start. */
static void estimated(const vn_running *running, const vn_guest *guest,
		      const struct amounts *promise, struct amounts *ret)
{
	uint32_t n_nodes = running->host->n_nodes;
	uint64_t total = sum_of(promise, 0, n_nodes);
	uint64_t rss = guest->rss_kib < total ? guest->rss_kib : total;

	for (uint32_t i = 0; i < n_nodes; i++)
		ret->kib[0][i] = part_of(promise->kib[0][i], rss, total);
	for (uint32_t c = 1; c < promise->n_classes; c++)
		memcpy(ret->kib[c], promise->kib[c], sizeof(ret->kib[c]));
}

static void touched(const vn_running *running, const vn_guest *guest, struct amounts *promise,
		    struct amounts *ret)
{
	if (guest->memory.how != VN_MEASURED_NOT && guest->memory.kib)
		measured(running, guest, promise, ret);
	else if (guest->rss_known)
		estimated(running, guest, promise, ret);
	ret->n_classes = promise->n_classes;
	memcpy(ret->size_kib, promise->size_kib, sizeof(ret->size_kib));
}

/* ---- on the host ---- */

static vn_pages *find_pages(vn_node *node, uint64_t size_kib)
{
	for (uint32_t i = 0; i < node->n_pages; i++)
		if (size_kib ? node->pages[i].size_kib == size_kib
			     : node->pages[i].size_kib <= ORDINARY_PAGE_KIB_MAX)
			return &node->pages[i];
	return NULL;
}

static void settle_cache(vn_node *node)
{
	uint64_t left = minus(node->mem_kib, node->mem_used_kib);

	if (node->cache_kib > left)
		node->cache_kib = left;
}

/* Huge pages that the kernel has reserved for a process are in the account already. */
static void take(vn_node *node, uint64_t size_kib, uint64_t kib)
{
	vn_pages *pages = find_pages(node, size_kib);
	uint64_t n;

	if (pages) {
		n = (kib + pages->size_kib - 1) / pages->size_kib;
		if (size_kib) {
			uint64_t reserved = pages->reserved < n ? pages->reserved : n;

			pages->reserved -= reserved;
			pages->used += reserved;
			n -= reserved;
		}
		pages->used += n < vn_pages_free(pages) ? n : vn_pages_free(pages);
	}
	node->mem_used_kib += kib;
	settle_cache(node);
}

static void give_back(vn_node *node, uint64_t size_kib, uint64_t kib)
{
	vn_pages *pages = find_pages(node, size_kib);

	if (pages)
		pages->used = minus(pages->used, kib / pages->size_kib);
	node->mem_used_kib = minus(node->mem_used_kib, kib);
}

/* Untouched in all, and where: in proportion to what each node still owes. Memory that is touched
 * on a node that did not promise it is no longer owed by those that did. */
static void take_untouched(vn_host *host, const struct amounts *promise, const struct amounts *have,
			   uint32_t class_ix)
{
	uint64_t owed = minus(sum_of(promise, class_ix, host->n_nodes),
			      sum_of(have, class_ix, host->n_nodes));
	uint64_t missing = 0;

	for (uint32_t i = 0; i < host->n_nodes; i++)
		missing += minus(promise->kib[class_ix][i], have->kib[class_ix][i]);
	for (uint32_t i = 0; i < host->n_nodes; i++)
		take(&host->nodes[i], promise->size_kib[class_ix],
		     part_of(owed, minus(promise->kib[class_ix][i], have->kib[class_ix][i]),
			     missing));
}

void account_take_memory(vn_running *running, const vn_guest *guest)
{
	struct amounts promise = { .n_classes = 1 }, have = { .n_classes = 1 };

	promised(running, guest, &promise);
	touched(running, guest, &promise, &have);
	for (uint32_t c = 0; c < promise.n_classes; c++)
		take_untouched(running->host, &promise, &have, c);
}

void account_return_memory(vn_running *running, const vn_guest *guest)
{
	struct amounts promise = { .n_classes = 1 }, have = { .n_classes = 1 };

	promised(running, guest, &promise);
	touched(running, guest, &promise, &have);
	for (uint32_t c = 0; c < have.n_classes; c++)
		for (uint32_t i = 0; i < running->host->n_nodes; i++)
			give_back(&running->host->nodes[i], have.size_kib[c], have.kib[c][i]);
}
