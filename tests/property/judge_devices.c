/* SPDX-License-Identifier: LGPL-2.1-or-later
 * The judge about devices and networks: 0001, 16; 0002, 12 to 14. */
#include "judge_rules.h"

uint32_t nodes_of(const vn_placement *placement)
{
	uint32_t nodes = 0;

	for (uint32_t c = 0; c < placement->n_cells; c++)
		nodes |= UINT32_C(1) << placement->cells[c].node_ix;
	return nodes;
}

/* 16 */
const char *rule_devices(const struct question *q, const vn_placement *placement)
{
	for (uint32_t i = 0; i < q->request->n_devices; i++) {
		int32_t node_ix = device_node(q, &q->request->devices[i]);
		bool somewhere = false;

		if (placement->device_node_ix[i] != node_ix)
			return "a device is on the node of its host device";
		for (uint32_t c = 0; c < placement->n_cells; c++)
			somewhere |= (int32_t)placement->cells[c].node_ix == node_ix;
		if (somewhere != (placement->device_cell[i] >= 0))
			return "a device belongs to a cell if its node has one";
		if (somewhere &&
		    (int32_t)placement->cells[placement->device_cell[i]].node_ix != node_ix)
			return "the cell of a device is on its node";
	}
	return NULL;
}

const char *rule_local_devices(const struct question *q, const vn_placement *placement)
{
	uint32_t nodes = nodes_of(placement);

	for (uint32_t i = 0; i < q->request->n_devices; i++) {
		const vn_guest_device *device = &q->request->devices[i];
		int32_t node_ix = device_node(q, device);

		if (!device_must_be_local(q, device))
			continue;
		if (!pci_policy_allows(q->host, device->policy, node_ix, nodes) &&
		    (node_ix >= 0 || device->policy == VN_PCI_REQUIRED))
			return "a device that must be local is";
	}
	return networks_near(q, nodes) ? NULL : "a cell is near each network";
}

/* 0002, 13: one pick after the other. */
static const char *rule_pick(const struct question *q, const vn_pci_pick *pick, uint32_t nodes)
{
	const vn_pci_request *request = &q->request->pci_requests[pick->request];
	uint16_t vendor, product;
	int32_t node_ix;

	if ((pick->pool >= 0) == (pick->device >= 0))
		return "a pick is of a pool or a device";
	if (pick->pool >= (int32_t)q->host->n_pools ||
	    pick->device >= (int32_t)q->host->n_devices || !pick->count ||
	    (pick->device >= 0 && pick->count != 1))
		return "a pick is of something that is there";
	if (pick->pool >= 0) {
		const vn_pool *pool = &q->host->pools[pick->pool];

		vendor = pool->vendor, product = pool->product, node_ix = pool->node_ix;
	} else {
		const vn_device *device = &q->host->devices[pick->device];

		vendor = device->vendor, product = device->product, node_ix = device->node_ix;
		if (device->taken)
			return "a picked device was free";
		for (uint32_t i = 0; i < q->request->n_devices; i++)
			if (q->request->devices[i].has_host &&
			    !vn_pci_address_compare(q->request->devices[i].host, device->address))
				return "a picked device is no other device of the guest";
	}
	if (node_ix != pick->node_ix)
		return "a pick says which node it is on";
	if ((request->vendor && request->vendor != vendor) ||
	    (request->product && request->product != product))
		return "a pick is of the kind that was asked for";
	return pci_policy_allows(q->host, request->policy, node_ix, nodes)
		       ? NULL
		       : "a pick is where its policy wants it";
}

const char *rule_picks(const struct question *q, const vn_placement *placement)
{
	uint32_t nodes = nodes_of(placement);
	const char *broken;

	if (!q->request->n_pci_requests)
		return NULL;
	if (placement->n_pci_picks > VN_PCI_PICKS_MAX)
		return "there are not too many picks";
	for (uint32_t i = 0; i < placement->n_pci_picks; i++) {
		const vn_pci_pick *pick = &placement->pci_picks[i];
		uint32_t count = 0;

		if (pick->request >= q->request->n_pci_requests)
			return "a pick is for a request";
		if ((broken = rule_pick(q, pick, nodes)))
			return broken;
		for (uint32_t k = 0; k < placement->n_pci_picks; k++) {
			const vn_pci_pick *other = &placement->pci_picks[k];

			if (k != i && other->device >= 0 && other->device == pick->device)
				return "no device is picked twice";
			count += other->pool == pick->pool ? other->count : 0;
		}
		if (pick->pool >= 0 && count > q->host->pools[pick->pool].count)
			return "no pool gives more than it has";
	}
	for (uint32_t r = 0; r < q->request->n_pci_requests; r++) {
		uint32_t count = 0;

		for (uint32_t i = 0; i < placement->n_pci_picks; i++)
			if (placement->pci_picks[i].request == r)
				count += placement->pci_picks[i].count;
		if (count != q->request->pci_requests[r].count)
			return "each request gets as many devices as it asked for";
	}
	return NULL;
}
