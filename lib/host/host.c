/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Asking a host: lookups by number, address and name, and what is free. */
#include "vnuma/host.h"

#include "host/build.h"

#include <stdlib.h>
#include <string.h>

void vn_host_free(vn_host *host)
{
	if (host)
		vn_arena_free(host->arena); /* the host itself lives in it */
}

int vn_host_node_ix(const vn_host *host, uint32_t id)
{
	for (uint32_t i = 0; i < host->n_nodes; i++)
		if (host->nodes[i].id == id)
			return (int)i;
	return -1;
}

const vn_pages *vn_node_pages(const vn_node *node, uint64_t size_kib)
{
	for (uint32_t i = 0; i < node->n_pages; i++)
		if (node->pages[i].size_kib == size_kib)
			return &node->pages[i];
	return NULL;
}

static uint64_t huge_kib(const vn_pages *pages)
{
	return vn_pages_free(pages) * pages->size_kib;
}

/* Where an input names huge pages alone, ordinary memory is what they leave. */
uint64_t vn_node_free_kib(const vn_node *node)
{
	uint64_t left = node->mem_kib > node->mem_used_kib ? node->mem_kib - node->mem_used_kib : 0;

	if (vn_node_first_huge(node))
		return vn_pages_free(&node->pages[0]) * node->pages[0].size_kib;
	for (uint32_t i = 0; i < node->n_pages; i++)
		left -= left < huge_kib(&node->pages[i]) ? left : huge_kib(&node->pages[i]);
	return left;
}

vn_cpuset vn_node_free_pcpus(const vn_node *node)
{
	vn_cpuset cpus = node->pcpus;

	vn_cpuset_minus(&cpus, &node->pinned);
	return cpus;
}

vn_cpuset vn_host_core_cpus(const vn_host *host, int32_t core)
{
	vn_cpuset cpus = { 0 };

	for (uint32_t cpu = 0; cpu < host->n_cpus; cpu++)
		if (host->cpus[cpu].core == core)
			vn_cpuset_add(&cpus, cpu);
	return cpus;
}

static int compare_address(const void *address, const void *device)
{
	return vn_pci_address_compare(*(const vn_pci_address *)address,
				      ((const vn_device *)device)->address);
}

const vn_device *vn_host_device_at(const vn_host *host, vn_pci_address address)
{
	if (!host->n_devices)
		return NULL;
	return bsearch(&address, host->devices, host->n_devices, sizeof(*host->devices),
		       compare_address);
}

const vn_device *vn_host_device_named(const vn_host *host, const char *name)
{
	for (uint32_t i = 0; i < host->n_devices; i++)
		for (uint32_t j = 0; j < host->devices[i].n_names; j++)
			if (!strcmp(host->devices[i].names[j], name))
				return &host->devices[i];
	return NULL;
}
