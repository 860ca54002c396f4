/* SPDX-License-Identifier: LGPL-2.1-or-later
 * The verifier's rules about devices by address (0002, 12), by kind (13) and networks (14). */
#include "place/check.h"

#include <string.h>

static bool has_cell_near(const struct checking *c, int32_t device_node_ix, bool same_socket)
{
	for (uint32_t i = 0; i < c->placement->n_cells && device_node_ix >= 0; i++) {
		uint32_t node_ix = c->placement->cells[i].node_ix;
		int32_t socket = c->host->nodes[node_ix].socket;

		if ((int32_t)node_ix == device_node_ix ||
		    (same_socket && socket >= 0 && socket == c->host->nodes[device_node_ix].socket))
			return true;
	}
	return false;
}

/* May a device on that node (-1: not known) be used under the policy? */
static bool is_allowed(const struct checking *c, enum vn_pci_policy policy, int32_t node_ix)
{
	switch (policy) {
	case VN_PCI_PREFERRED: return true;
	case VN_PCI_LEGACY: return node_ix < 0 || has_cell_near(c, node_ix, false);
	default: return has_cell_near(c, node_ix, policy == VN_PCI_SOCKET);
	}
}

/* ---- by address ---- */

static int32_t node_of_device(const struct checking *c, const vn_guest_device *device)
{
	const vn_device *on = NULL;

	if (device->has_host)
		on = vn_host_device_at(c->host, device->host);
	else if (device->host_name)
		on = vn_host_device_named(c->host, device->host_name);
	return on ? on->node_ix : -1;
}

/* Where the policy is not the owner's word, a device is only preferred to be local. A device of a
 * node that nobody knows is refused under `required` alone. */
static bool may_be_there(const struct checking *c, const vn_guest_device *device, int32_t node_ix)
{
	if (!c->request->pci_policy_given || device->kind != VN_DEVICE_HOSTDEV)
		return true;
	if (node_ix < 0)
		return device->policy != VN_PCI_REQUIRED;
	return is_allowed(c, device->policy, node_ix);
}

int check_devices(const struct checking *c)
{
	if (c->placement->n_devices != c->request->n_devices)
		return BROKEN(c, "%u devices placed of %u", c->placement->n_devices,
			      c->request->n_devices);
	for (uint32_t i = 0; i < c->request->n_devices; i++) {
		const vn_guest_device *device = &c->request->devices[i];
		int32_t node_ix = c->placement->device_node_ix[i];
		int cell = c->placement->device_cell[i];

		if (node_ix != node_of_device(c, device))
			return BROKEN(c, "device %u is not on node %d", i, node_ix);
		if (cell >= (int)c->placement->n_cells ||
		    (cell >= 0 && (int32_t)c->placement->cells[cell].node_ix != node_ix))
			return BROKEN(c, "device %u is given to cell %d of another node", i, cell);
		if (cell < 0 && has_cell_near(c, node_ix, false))
			return BROKEN(c, "device %u is given to no cell", i);
		if (!may_be_there(c, device, node_ix))
			return BROKEN(c, "device %u must be local and is not", i);
	}
	return VN_OK;
}

/* ---- by kind ---- */

/* What a pick names. */
struct source {
	uint16_t vendor, product;
	int32_t node_ix;
	uint32_t count;
};

static int find_source(const struct checking *c, uint32_t i, struct source *ret)
{
	const vn_pci_pick *pick = &c->placement->pci_picks[i];

	if (pick->pool >= 0 && pick->device < 0 && (uint32_t)pick->pool < c->host->n_pools) {
		const vn_pool *pool = &c->host->pools[pick->pool];

		*ret = (struct source){ pool->vendor, pool->product, pool->node_ix, pool->count };
		return VN_OK;
	}
	if (pick->device < 0 || pick->pool >= 0 || (uint32_t)pick->device >= c->host->n_devices)
		return BROKEN(c, "pick %u names neither a pool nor a device", i);

	const vn_device *device = &c->host->devices[pick->device];

	for (uint32_t k = 0; k < c->request->n_devices; k++)
		if (c->request->devices[k].has_host &&
		    !vn_pci_address_compare(c->request->devices[k].host, device->address))
			return BROKEN(c, "pick %u is device %u of the guest", i, k);
	*ret = (struct source){ device->vendor, device->product, device->node_ix, !device->taken };
	return VN_OK;
}

static int check_pick(const struct checking *c, uint32_t i)
{
	const vn_pci_pick *pick = &c->placement->pci_picks[i];
	const vn_pci_request *request;
	struct source source = { 0 };
	uint64_t taken = 0;
	int r;

	if (pick->request >= c->request->n_pci_requests)
		return BROKEN(c, "pick %u is for PCI request %u of %u", i, pick->request,
			      c->request->n_pci_requests);
	request = &c->request->pci_requests[pick->request];
	if ((r = find_source(c, i, &source)) < 0)
		return r;
	if (pick->node_ix != source.node_ix)
		return BROKEN(c, "pick %u is on another node than it says", i);
	if ((request->vendor && request->vendor != source.vendor) ||
	    (request->product && request->product != source.product))
		return BROKEN(c, "pick %u is %04x:%04x, asked was %04x:%04x", i, source.vendor,
			      source.product, request->vendor, request->product);
	if (!is_allowed(c, request->policy, source.node_ix))
		return BROKEN(c, "pick %u is on a node where policy '%s' does not allow it", i,
			      vn_pci_policy_names[request->policy]);
	for (uint32_t k = 0; k < c->placement->n_pci_picks; k++)
		if (c->placement->pci_picks[k].pool == pick->pool &&
		    c->placement->pci_picks[k].device == pick->device)
			taken += c->placement->pci_picks[k].count;
	if (!pick->count || taken > source.count)
		return BROKEN(c, "pick %u: %llu devices of %u that are free", i,
			      (unsigned long long)taken, source.count);
	return VN_OK;
}

int check_picks(const struct checking *c)
{
	int r;

	if (!c->request->n_pci_requests)
		return VN_OK;
	if (c->placement->n_pci_picks > VN_PCI_PICKS_MAX)
		return BROKEN(c, "%u picks of PCI devices", c->placement->n_pci_picks);
	for (uint32_t i = 0; i < c->placement->n_pci_picks; i++)
		if ((r = check_pick(c, i)) < 0)
			return r;
	for (uint32_t k = 0; k < c->request->n_pci_requests; k++) {
		uint64_t count = 0;

		for (uint32_t i = 0; i < c->placement->n_pci_picks; i++)
			if (c->placement->pci_picks[i].request == k)
				count += c->placement->pci_picks[i].count;
		if (count != c->request->pci_requests[k].count)
			return BROKEN(c, "PCI request %u has %llu devices of %u", k,
				      (unsigned long long)count, c->request->pci_requests[k].count);
	}
	return VN_OK;
}

/* ---- networks ---- */

/* Is the node near a network? name NULL: the one that carries tunnels. */
static bool is_near(const vn_host *host, const vn_node *node, const char *name)
{
	if (!name)
		return node->tunneled;
	for (uint32_t i = 0; i < host->n_physnets; i++)
		if (!strcmp(host->physnets[i], name))
			return node->physnets >> i & 1;
	return false;
}

static int check_network(const struct checking *c, const char *name)
{
	bool known = false;

	for (uint32_t i = 0; i < c->placement->n_cells; i++)
		if (is_near(c->host, check_node_of(c, i), name))
			return VN_OK;
	for (uint32_t i = 0; i < c->host->n_nodes; i++)
		known |= is_near(c->host, &c->host->nodes[i], name);
	if (known)
		return BROKEN(c, "no cell is on a node near the network '%s'",
			      name ? name : "of tunnels");
	return VN_OK;
}

int check_networks(const struct checking *c)
{
	int r;

	for (uint32_t i = 0; i < c->request->n_physnets; i++)
		if ((r = check_network(c, c->request->physnets[i])) < 0)
			return r;
	return c->request->tunneled ? check_network(c, NULL) : VN_OK;
}
