/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What holds for every request that a reader lets through, whatever it was read from. The fuzzers
 * abort when it does not. */
#ifndef VNUMA_FUZZ_GUEST_MUST_H
#define VNUMA_FUZZ_GUEST_MUST_H

#include <stdlib.h>
#include <string.h>

#include "vnuma/guest.h"

static inline void must(bool holds)
{
	if (!holds)
		abort();
}

static inline void must_be_an_error(const vn_error *err)
{
	must(err->code < 0 && err->text[0] && !strpbrk(err->text, "\n\t\x1b"));
	must(err->line || !err->column);
}

static inline void must_be_cells(const vn_request *request)
{
	vn_cpuset all = { 0 }, seen = { 0 };
	uint64_t sum = 0;

	vn_cpuset_add_range(&all, 0, request->vcpus - 1);
	must(vn_cpuset_contains(&all, &request->dedicated));
	must(vn_cpuset_contains(&all, &request->vcpupin_given));
	must(vn_cpuset_is_empty(&request->vcpupin_given) == !request->vcpupin);
	if (!request->n_cells)
		return;
	must(request->n_cells <= VN_CELL_MAX);
	for (uint32_t i = 0; i < request->n_cells; i++) {
		must(request->cells[i].mem_kib > 0);
		must(!vn_cpuset_overlaps(&seen, &request->cells[i].vcpus));
		vn_cpuset_or(&seen, &request->cells[i].vcpus);
		sum += request->cells[i].mem_kib;
	}
	must(vn_cpuset_equal(&seen, &all));
	must(sum == request->mem_kib);
}

static inline void must_be_a_request(const vn_request *request)
{
	const vn_topology *topology = &request->topology;

	must(request->vcpus >= 1 && request->vcpus <= VN_VCPU_MAX);
	must(request->vcpus_online >= 1 && request->vcpus_online <= request->vcpus);
	must(request->mem_kib >= 1 && request->mem_kib <= VN_GUEST_MEM_MAX_KIB);
	must(request->mode < VN_MODE_COUNT && request->distribution < VN_DISTRIBUTION_COUNT);
	must(request->n_cells_want <= VN_CELL_MAX && request->n_cells_want <= request->vcpus);
	must(!request->nodeset_given || !vn_nodeset_is_empty(&request->nodeset));
	must((vn_cpuset_count(&request->dedicated) == request->vcpus) ==
		     (request->cpu_policy == VN_CPU_DEDICATED) ||
	     request->cpu_policy == VN_CPU_MIXED);
	must(request->n_devices <= VN_GUEST_DEVICES_MAX);
	must(request->n_memdevs <= VN_CELL_MAX);
	must(request->n_iothreads <= VN_IOTHREADS_MAX);
	must(request->n_pci_requests <= VN_PCI_REQUESTS_MAX);
	for (uint32_t i = 0; i < request->n_pages; i++)
		must((request->pages[i].want == VN_PAGES_SIZE) == (request->pages[i].page_kib > 0));
	must(!request->topology_given ||
	     topology->sockets * topology->dies * topology->cores * topology->threads ==
		     request->vcpus);
	must_be_cells(request);
}

#endif
