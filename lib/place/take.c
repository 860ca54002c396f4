/* SPDX-License-Identifier: LGPL-2.1-or-later
 * The account of a host: what a placement takes from it, and gives back. */
#include "vnuma/place.h"

/* Take, or give back; what is not there cannot be given back. */
static void move(uint64_t *account, uint64_t amount, int sign)
{
	if (sign > 0)
		*account += amount;
	else
		*account -= amount < *account ? amount : *account;
}

static void move_vcpu(vn_node *node, int sign)
{
	uint64_t usage = node->cpu_usage;

	move(&usage, 1, sign);
	node->cpu_usage = (uint32_t)usage;
}

static void move_memory(vn_node *node, uint64_t kib, uint64_t page_kib, int sign)
{
	for (uint32_t i = 0; i < node->n_pages; i++) {
		vn_pages *pages = &node->pages[i];
		uint64_t n = (kib + pages->size_kib - 1) / pages->size_kib;

		if (pages->size_kib == page_kib || (!page_kib && i == 0 && pages->size_kib <= 64))
			move(&pages->used, n, sign);
	}
	move(&node->mem_used_kib, kib, sign);
}

/* Devices that were asked for by kind. */
static void move_devices(vn_host *host, const vn_placement *placement, int sign)
{
	for (uint32_t i = 0; i < placement->n_pci_picks; i++) {
		const vn_pci_pick *pick = &placement->pci_picks[i];

		if (pick->pool >= 0)
			host->pools[pick->pool].count -= sign > 0 ? pick->count : -pick->count;
		if (pick->device >= 0)
			host->devices[pick->device].taken = sign > 0;
	}
}

static void move_guest(vn_host *host, const vn_placement *placement, int sign)
{
	for (uint32_t vcpu = 0; vcpu < placement->n_vcpus; vcpu++) {
		vn_node *node = &host->nodes[placement->cells[placement->vcpu_cell[vcpu]].node_ix];
		int32_t pin = placement->pin[vcpu];

		if (pin < 0)
			move_vcpu(node, sign);
		else
			(sign > 0 ? vn_cpuset_add : vn_cpuset_del)(&node->pinned, (unsigned)pin);
	}
	for (uint32_t c = 0; c < placement->n_cells; c++) {
		const vn_place_cell *cell = &placement->cells[c];
		vn_node *node = &host->nodes[cell->node_ix];

		(sign > 0 ? vn_cpuset_or : vn_cpuset_minus)(&node->pinned, &cell->reserved);
		move_memory(&host->nodes[cell->mem_node_ix], cell->mem_kib + cell->memdev_kib,
			    cell->page_kib, sign);
		vn_host_count_node(host, cell->node_ix);
	}
	move_devices(host, placement, sign);
}

void vn_host_take(vn_host *host, const vn_placement *placement)
{
	move_guest(host, placement, 1);
}

void vn_host_release(vn_host *host, const vn_placement *placement)
{
	move_guest(host, placement, -1);
}
