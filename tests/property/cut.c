/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Cutting a guest into cells, as docs/design/0001 (3, 4, 10, 14) says, and what the owner's
 * settings mean for nodes, memory and devices. */
#include "brute.h"

#include <string.h>

/* vCPU j of v in n cells: blocks whose first ones are larger by one, or dealt out like cards. */
static uint32_t cell_of_vcpu(const vn_request *request, uint32_t n, uint32_t vcpu)
{
	uint32_t each = request->vcpus / n, larger = request->vcpus % n;

	if (request->distribution == VN_DISTRIBUTION_ROUND_ROBIN ||
	    request->distribution == VN_DISTRIBUTION_INTERLEAVE)
		return vcpu % n;
	if (vcpu < larger * (each + 1))
		return vcpu / (each + 1);
	return larger + (vcpu - larger * (each + 1)) / each;
}

static void cut_evenly(const vn_request *request, uint32_t n, uint64_t unit_kib, struct cut *ret)
{
	uint64_t units = request->mem_kib / unit_kib;

	for (uint32_t vcpu = 0; vcpu < request->vcpus; vcpu++)
		vn_cpuset_add(&ret->cells[cell_of_vcpu(request, n, vcpu)].vcpus, vcpu);
	for (uint32_t c = 0; c < n; c++)
		ret->cells[c].mem_kib = (units / n + (c < units % n ? 1 : 0)) * unit_kib;
	ret->cells[0].mem_kib += request->mem_kib % unit_kib;
}

/* A socket of the owner's topology lies in one cell. */
static bool topology_agrees(const vn_request *request, const struct cut *cut)
{
	uint32_t socket =
		request->topology.dies * request->topology.cores * request->topology.threads;

	for (uint32_t c = 0; request->topology_given && c < cut->n; c++)
		for (uint32_t vcpu = 0; vcpu < request->vcpus; vcpu++)
			if (vn_cpuset_has(&cut->cells[c].vcpus, vcpu) !=
			    vn_cpuset_has(&cut->cells[c].vcpus, vcpu / socket * socket))
				return false;
	return true;
}

/* A memory device goes to the cell that its owner named, else to the one with the least so far. */
static bool add_memdevs(const vn_request *request, struct cut *cut)
{
	for (uint32_t i = 0; i < request->n_memdevs; i++) {
		const vn_request_memdev *device = &request->memdevs[i];
		uint32_t to = 0;

		for (uint32_t c = 1; c < cut->n; c++)
			if (cut->cells[c].mem_kib + cut->cells[c].memdev_kib <
			    cut->cells[to].mem_kib + cut->cells[to].memdev_kib)
				to = c;
		if (device->cell >= (int32_t)cut->n)
			return false;
		if (device->cell >= 0)
			to = (uint32_t)device->cell;
		cut->memdev_cell[i] = (int)to;
		if (device->uses_host_memory)
			cut->cells[to].memdev_kib += device->size_kib;
	}
	return true;
}

bool cut_make(const struct question *q, uint32_t n, uint64_t unit_kib, struct cut *ret)
{
	const vn_request *request = q->request;

	memset(ret->cells, 0, n * sizeof(*ret->cells));
	ret->n = n;
	if (!request->n_cells) {
		if (n > request->vcpus)
			return false;
		cut_evenly(request, n, unit_kib, ret);
	}
	for (uint32_t c = 0; c < request->n_cells; c++) {
		ret->cells[c].vcpus = request->cells[c].vcpus;
		ret->cells[c].mem_kib = request->cells[c].mem_kib;
	}
	for (uint32_t c = 0; c < n; c++)
		VN_CPUSET_EACH(vcpu, &ret->cells[c].vcpus) {
			if (!vn_cpuset_has(&request->dedicated, (unsigned)vcpu))
				ret->cells[c].floating++;
			else if (!vn_cpuset_has(&request->vcpupin_given, (unsigned)vcpu))
				ret->cells[c].pins++;
		}
	if (request->emulator_policy == VN_EMULATOR_ISOLATE &&
	    !vn_cpuset_is_empty(&request->dedicated))
		ret->cells[0].extra = 1;
	return add_memdevs(request, ret) && topology_agrees(request, ret);
}

bool node_is_allowed(const struct question *q, uint32_t node_ix)
{
	return !q->request->nodeset_given ||
	       vn_nodeset_has(&q->request->nodeset, q->host->nodes[node_ix].id);
}

bool node_has_cpus(const struct question *q, uint32_t node_ix)
{
	const vn_request *request = q->request;
	uint32_t dedicated = vn_cpuset_count(&request->dedicated);
	vn_cpuset cpus = { 0 };

	if (dedicated)
		vn_cpuset_or(&cpus, &q->host->nodes[node_ix].pcpus);
	if (dedicated < request->vcpus)
		vn_cpuset_or(&cpus, &q->host->nodes[node_ix].cpus);
	if (request->cpuset_given)
		vn_cpuset_and(&cpus, &request->cpuset);
	return !vn_cpuset_is_empty(&cpus);
}

bool node_may_have_cells(const struct question *q, uint32_t node_ix)
{
	const vn_node *node = &q->host->nodes[node_ix];

	if (!node_is_allowed(q, node_ix) || !node_has_cpus(q, node_ix))
		return false;
	return q->request->mode != VN_MODE_HOST || q->request->nodeset_given ||
	       (node->mem_kib && !node->gpu_memory);
}

vn_cpuset cpus_for(const struct question *q, uint32_t node_ix, bool pins)
{
	const vn_node *node = &q->host->nodes[node_ix];
	vn_cpuset set = pins ? node->pcpus : node->cpus;

	if (q->request->cpuset_given)
		vn_cpuset_and(&set, &q->request->cpuset);
	vn_cpuset_minus(&set, &node->pinned);
	VN_CPUSET_EACH(vcpu, &q->request->vcpupin_given)
		if (pins || vn_cpuset_has(&q->request->dedicated, (unsigned)vcpu))
			vn_cpuset_minus(&set, &q->request->vcpupin[vcpu]);
	return set;
}

static const vn_request_pages *wish_of(const struct question *q, uint32_t cell)
{
	for (uint32_t i = 0; i < q->request->n_pages; i++)
		if (vn_cpuset_is_empty(&q->request->pages[i].cells) ||
		    vn_cpuset_has(&q->request->pages[i].cells, cell))
			return &q->request->pages[i];
	return NULL;
}

bool page_is_wanted(const struct question *q, uint32_t cell, const vn_node *node, int page_ix)
{
	const vn_request_pages *wish = wish_of(q, cell);

	if (!wish)
		return page_ix < 0;
	if (page_ix < 0) /* a node whose page counts are not known has small pages, free or not */
		return wish->want == VN_PAGES_SMALL && !node->n_pages;
	switch (wish->want) {
	case VN_PAGES_NONE: return false;
	case VN_PAGES_SMALL: return page_ix == 0;
	case VN_PAGES_LARGE: return page_ix > 0;
	case VN_PAGES_ANY: return true;
	case VN_PAGES_DEFAULT: return page_ix == 1;
	default: return node->pages[page_ix].size_kib == wish->page_kib;
	}
}

bool memory_may_come_from(const struct question *q, uint32_t cell, uint32_t node_ix,
			  uint32_t mem_ix)
{
	const vn_request *request = q->request;
	const vn_node *mem = &q->host->nodes[mem_ix];

	if (vn_cpuset_has(&request->memnode_given, cell))
		return vn_nodeset_has(&q->request->memnode[cell], mem->id);
	if (!mem->mem_kib || !node_is_allowed(q, mem_ix))
		return false;
	if (mem->gpu_memory && !request->nodeset_given)
		return false;
	if (request->numatune_given && !vn_nodeset_has(&request->numatune, mem->id))
		return false;
	return mem_ix == node_ix || !q->host->nodes[node_ix].mem_kib;
}

int32_t device_node(const struct question *q, const vn_guest_device *device)
{
	for (uint32_t i = 0; i < q->host->n_devices; i++)
		if (device->has_host
			    ? !vn_pci_address_compare(q->host->devices[i].address, device->host)
			    : q->host->devices[i].n_names &&
				      !strcmp(q->host->devices[i].names[0], device->host_name))
			return q->host->devices[i].node_ix;
	return -1;
}

bool device_must_be_local(const struct question *q, const vn_guest_device *device)
{
	return q->request->pci_policy_given && device->kind == VN_DEVICE_HOSTDEV &&
	       device->policy != VN_PCI_PREFERRED;
}

struct spread spread_of(const struct question *q, uint32_t n_cells)
{
	struct spread one = { 0, 1 };
	uint32_t nodes = 0;

	if (q->request->mode == VN_MODE_AUTO || q->request->n_cells)
		return one;
	for (uint32_t i = 0; i < q->host->n_nodes; i++)
		nodes += node_may_have_cells(q, i);
	if (!nodes || n_cells <= nodes)
		return one;
	return (struct spread){ n_cells / nodes, (n_cells + nodes - 1) / nodes };
}

/* Is it the size of the node's ordinary pages? 4 KiB where nobody says. */
static bool is_base(const vn_node *node, uint64_t size_kib)
{
	return size_kib == (node->n_pages && node->pages[0].size_kib <= BASE_KIB_MAX
				    ? node->pages[0].size_kib
				    : 4);
}

uint32_t units_of(const struct question *q, uint64_t units[VN_PAGE_SIZES_MAX])
{
	static const uint64_t sizes_kib[] = { 4, 16, 64, 2048, 1 << 20 };
	const vn_request_pages *wish = wish_of(q, 0);
	uint32_t n = 0;

	for (size_t i = 0; i < VN_LEN(sizes_kib); i++) {
		bool there = false;

		for (uint32_t k = 0; k < q->host->n_nodes; k++) {
			const vn_node *node = &q->host->nodes[k];

			there |= is_base(node, sizes_kib[i]);
			for (uint32_t page = 0; wish && page < node->n_pages; page++)
				there |= node->pages[page].size_kib == sizes_kib[i] &&
					 page_is_wanted(q, 0, node, (int)page);
		}
		if (wish && wish->want == VN_PAGES_SIZE)
			there = wish->page_kib == sizes_kib[i];
		if (there)
			units[n++] = sizes_kib[i];
	}
	return n;
}
