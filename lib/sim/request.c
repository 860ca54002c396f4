/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A shape of a trace as a request. Its cells are fixed: a guest of one cell stays on one node. */
#include "vnuma/sim.h"

#include <stdio.h>
#include <stdlib.h>

static const vn_place_options whole = {
	.strategy = VN_STRATEGY_PACK,
	.size_by = VN_SIZE_BY_THREADS,
	.cpu_ratio_percent = 100,
	.ram_ratio_percent = 100,
};

static const char *page_word(const vn_trace_shape *shape, char *to, size_t size)
{
	switch (shape->pages) {
	case VN_PAGES_SMALL: return "hw:mem_page_size=small";
	case VN_PAGES_LARGE: return "hw:mem_page_size=large";
	case VN_PAGES_ANY: return "hw:mem_page_size=any";
	default:
		snprintf(to, size, "hw:mem_page_size=%juKiB", (uintmax_t)shape->page_kib);
		return to;
	}
}

/* Blocks of vCPUs and memory; the first cells have one more vCPU, one more page, or one more KiB.
 */
static int cut(vn_request *request, const vn_trace_shape *shape, vn_error *err)
{
	uint64_t unit =
		shape->page_kib && shape->mem_kib % shape->page_kib == 0 ? shape->page_kib : 1;
	uint64_t units = shape->mem_kib / unit;
	uint32_t vcpu = 0, n = shape->cells;

	request->cells = vn_arena_alloc(request->arena, n, sizeof(*request->cells));
	if (!request->cells)
		return vn_fail(err, VN_E_NOMEM, "no memory for a request");
	for (uint32_t i = 0; i < n; i++) {
		uint32_t vcpus = shape->vcpus / n + (i < shape->vcpus % n);

		vn_cpuset_add_range(&request->cells[i].vcpus, vcpu, vcpu + vcpus - 1);
		vcpu += vcpus;
		request->cells[i].mem_kib = (units / n + (i < units % n)) * unit;
	}
	request->n_cells = n;
	request->numa_wanted = true;
	return VN_OK;
}

static int ask_devices(vn_request *request, const vn_trace_shape *shape, vn_error *err)
{
	if (!shape->devices)
		return VN_OK;
	request->pci_requests = vn_arena_alloc(request->arena, 1, sizeof(*request->pci_requests));
	if (!request->pci_requests)
		return vn_fail(err, VN_E_NOMEM, "no memory for a request");
	request->pci_requests[0] = (vn_pci_request){ .vendor = shape->vendor,
						     .product = shape->product,
						     .count = shape->devices,
						     .policy = VN_PCI_REQUIRED };
	request->n_pci_requests = 1;
	return VN_OK;
}

int vn_sim_request(const vn_trace_shape *shape, vn_request **ret, vn_error *err)
{
	const char *specs[3],
		*policies[] = { [VN_THREADS_ISOLATE] = "hw:cpu_thread_policy=isolate",
				[VN_THREADS_REQUIRE] = "hw:cpu_thread_policy=require" };
	vn_request_words words = { .vcpus = shape->vcpus,
				   .mem_kib = shape->mem_kib,
				   .specs = specs };
	char pages[64];
	VN_AUTO(vn_request) request = NULL;
	int r;

	if (shape->dedicated)
		specs[words.n_specs++] = "hw:cpu_policy=dedicated";
	if (shape->dedicated && shape->threads != VN_THREADS_PREFER)
		specs[words.n_specs++] = policies[shape->threads];
	if (shape->pages != VN_PAGES_NONE)
		specs[words.n_specs++] = page_word(shape, pages, sizeof(pages));
	if ((r = vn_request_from_words(&words, &request, err)) < 0 ||
	    (r = cut(request, shape, err)) < 0 || (r = ask_devices(request, shape, err)) < 0)
		return r;
	*ret = VN_STEAL(request);
	return VN_OK;
}

bool vn_sim_fits(const vn_host *host, const vn_trace_shape *shape)
{
	VN_AUTO(vn_request) request = NULL;
	vn_placement *placement;
	bool fits;

	if (vn_sim_request(shape, &request, NULL) < 0)
		return false;
	placement = malloc(sizeof(*placement));
	fits = placement && vn_place(host, request, &whole, placement, NULL) == VN_OK;
	free(placement);
	return fits;
}
