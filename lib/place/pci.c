/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Devices that are asked for by kind, "two of 8086:1572": which supplies each request may draw
 * from, and whether all requests together can be served with the cells where they are. That is a
 * matching of single devices to supplies, so no request takes what another needs. */
#include "place/problem.h"

#include <string.h>

static bool same_kind(const vn_pci_request *request, uint16_t vendor, uint16_t product)
{
	return (!request->vendor || request->vendor == vendor) &&
	       (!request->product || request->product == product);
}

static uint64_t requests_for(const vn_request *request, uint16_t vendor, uint16_t product)
{
	uint64_t requests = 0;

	for (uint32_t r = 0; r < request->n_pci_requests; r++)
		if (same_kind(&request->pci_requests[r], vendor, product))
			requests |= UINT64_C(1) << r;
	return requests;
}

static bool add_supply(struct problem *p, int32_t node_ix, uint64_t requests, uint32_t count)
{
	if (!requests || !count)
		return true;
	if (count > VN_GUEST_DEVICES_MAX)
		count = VN_GUEST_DEVICES_MAX; /* more than anybody asks for */
	for (uint32_t i = 0; i < p->n_supplies; i++)
		if (p->supplies[i].node_ix == node_ix && p->supplies[i].requests == requests) {
			p->supplies[i].count += count;
			return true;
		}
	if (p->n_supplies == SUPPLIES_MAX)
		return false;
	p->supplies[p->n_supplies++] = (struct pci_supply){ node_ix, count, requests };
	return true;
}

/* A device that the guest names by its address is not for a request by kind. */
static bool named_by_guest(const vn_request *request, const vn_device *device)
{
	for (uint32_t i = 0; i < request->n_devices; i++)
		if (request->devices[i].has_host &&
		    !vn_pci_address_compare(request->devices[i].host, device->address))
			return true;
	return false;
}

static bool add_supplies(struct problem *p)
{
	const vn_host *host = p->host;
	bool room = true;

	for (uint32_t i = 0; i < host->n_pools && room; i++) {
		const vn_pool *pool = &host->pools[i];

		room = add_supply(p, pool->node_ix,
				  requests_for(p->request, pool->vendor, pool->product),
				  pool->count);
	}
	for (uint32_t i = 0; i < host->n_devices && room; i++) {
		const vn_device *device = &host->devices[i];

		if (!device->taken && !named_by_guest(p->request, device))
			room = add_supply(p, device->node_ix,
					  requests_for(p->request, device->vendor, device->product),
					  1);
	}
	return room;
}

/* Nodes, one of which must have a cell, are a need like that of a device by address. */
static void add_needs(struct problem *p)
{
	const vn_request *request = p->request;
	const vn_host *host = p->host;

	for (uint32_t r = 0; r < request->n_pci_requests; r++) {
		struct device_need *need = &p->needs[p->n_needs];

		if (request->pci_requests[r].policy != VN_PCI_REQUIRED)
			continue;
		*need = (struct device_need){ .node_ix = -1, .must = true };
		for (uint32_t i = 0; i < p->n_supplies; i++)
			if (p->supplies[i].requests >> r & 1 && p->supplies[i].node_ix >= 0)
				vn_nodeset_add(&need->any_of, (unsigned)p->supplies[i].node_ix);
		p->n_needs++;
	}
	for (uint32_t k = 0; k < request->n_physnets + request->tunneled; k++) {
		struct device_need *need = &p->needs[p->n_needs];
		bool tunnel = k == request->n_physnets;

		*need = (struct device_need){ .node_ix = -1, .must = true };
		for (uint32_t i = 0; i < host->n_nodes; i++) {
			bool near = tunnel && host->nodes[i].tunneled;

			for (uint32_t name = 0; name < host->n_physnets && !near && !tunnel; name++)
				near = host->nodes[i].physnets >> name & 1 &&
				       !strcmp(host->physnets[name], request->physnets[k]);
			if (near)
				vn_nodeset_add(&need->any_of, i);
		}
		p->n_needs += !vn_nodeset_is_empty(&need->any_of);
	}
}

int pci_prepare(struct problem *p, vn_error *err)
{
	const vn_request *request = p->request;
	uint64_t devices = request->n_devices;

	p->n_needs = p->n_supplies = 0;
	if (!request->n_pci_requests && !request->n_physnets && !request->tunneled)
		return VN_OK;
	for (uint32_t r = 0; r < request->n_pci_requests; r++)
		devices += request->pci_requests[r].count;
	if (devices > VN_GUEST_DEVICES_MAX)
		return vn_fail(err, VN_E_RANGE, "%llu devices are asked for (legal: up to %d)",
			       (unsigned long long)devices, VN_GUEST_DEVICES_MAX);
	if (request->n_physnets > VN_PHYSNETS_MAX)
		return vn_fail(err, VN_E_RANGE, "%u networks are asked for (legal: up to %d)",
			       request->n_physnets, VN_PHYSNETS_MAX);
	if (!add_supplies(p))
		return vn_fail(err, VN_E_RANGE,
			       "the host's devices are of more than %d kinds and nodes",
			       SUPPLIES_MAX);
	add_needs(p);
	return VN_OK;
}

/* ---- matching ---- */

/* Single devices ("units") of all requests, and the supply that each has. */
struct serving {
	const struct problem *p;
	uint32_t n;
	uint8_t request[VN_GUEST_DEVICES_MAX];
	int16_t supply[VN_GUEST_DEVICES_MAX]; /* -1: none yet */
	uint16_t used[SUPPLIES_MAX];
	bool seen[SUPPLIES_MAX];
	bool near_only; /* only devices with a cell, or with no known node */
};

static bool has_cell(const struct problem *p, int32_t node_ix)
{
	return node_ix >= 0 && p->nodes[node_ix].cells;
}

static bool socket_has_cell(const struct problem *p, int32_t node_ix)
{
	const vn_host *host = p->host;

	if (has_cell(p, node_ix))
		return true;
	if (node_ix < 0 || host->nodes[node_ix].socket < 0)
		return false;
	for (uint32_t i = 0; i < host->n_nodes; i++)
		if (p->nodes[i].cells && host->nodes[i].socket == host->nodes[node_ix].socket)
			return true;
	return false;
}

static bool may_serve(const struct serving *s, uint32_t request, uint32_t supply)
{
	const struct problem *p = s->p;
	const struct pci_supply *from = &p->supplies[supply];
	bool near = has_cell(p, from->node_ix);

	if (!(from->requests >> request & 1) || (s->near_only && !near && from->node_ix >= 0))
		return false;
	switch (p->request->pci_requests[request].policy) {
	case VN_PCI_REQUIRED: return near;
	case VN_PCI_SOCKET: return socket_has_cell(p, from->node_ix);
	case VN_PCI_LEGACY: return near || from->node_ix < 0;
	default: return true;
	}
}

static bool serve(struct serving *s, uint32_t unit)
{
	for (uint32_t k = 0; k < s->p->n_supplies; k++) {
		if (s->seen[k] || !may_serve(s, s->request[unit], k))
			continue;
		s->seen[k] = true;
		if (s->used[k] < s->p->supplies[k].count) {
			s->used[k]++;
			s->supply[unit] = (int16_t)k;
			return true;
		}
		for (uint32_t other = 0; other < s->n; other++)
			if (s->supply[other] == (int16_t)k && serve(s, other)) {
				s->supply[unit] = (int16_t)k;
				return true;
			}
	}
	return false;
}

/* Serve as many units as can be. */
static uint32_t serve_all(struct serving *s)
{
	uint32_t served = 0;

	for (uint32_t unit = 0; unit < s->n; unit++) {
		if (s->supply[unit] < 0) {
			memset(s->seen, 0, s->p->n_supplies * sizeof(*s->seen));
			serve(s, unit);
		}
		served += s->supply[unit] >= 0;
	}
	return served;
}

/* ---- picks ---- */

static uint32_t picked(const vn_placement *placement, int pool, int device)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < placement->n_pci_picks; i++)
		if (placement->pci_picks[i].pool == pool &&
		    placement->pci_picks[i].device == device)
			count += placement->pci_picks[i].count;
	return count;
}

static void add_pick(vn_placement *to, uint32_t request, int pool, int device, int32_t node_ix)
{
	for (uint32_t i = 0; i < to->n_pci_picks; i++)
		if (to->pci_picks[i].request == request && to->pci_picks[i].pool == pool &&
		    pool >= 0) {
			to->pci_picks[i].count++;
			return;
		}
	to->pci_picks[to->n_pci_picks++] = (vn_pci_pick){ .request = (uint16_t)request,
							  .pool = (int16_t)pool,
							  .device = (int16_t)device,
							  .node_ix = (int16_t)node_ix,
							  .count = 1 };
}

/* A pool or a device of the unit's supply that is not used up. */
static void pick(const struct serving *s, uint32_t unit, vn_placement *to)
{
	const struct problem *p = s->p;
	const struct pci_supply *from = &p->supplies[s->supply[unit]];
	const vn_host *host = p->host;

	for (uint32_t i = 0; i < host->n_pools; i++)
		if (host->pools[i].node_ix == from->node_ix &&
		    requests_for(p->request, host->pools[i].vendor, host->pools[i].product) ==
			    from->requests &&
		    picked(to, (int)i, -1) < host->pools[i].count) {
			add_pick(to, s->request[unit], (int)i, -1, from->node_ix);
			return;
		}
	for (uint32_t i = 0; i < host->n_devices; i++)
		if (host->devices[i].node_ix == from->node_ix && !host->devices[i].taken &&
		    !named_by_guest(p->request, &host->devices[i]) &&
		    requests_for(p->request, host->devices[i].vendor, host->devices[i].product) ==
			    from->requests &&
		    !picked(to, -1, (int)i)) {
			add_pick(to, s->request[unit], -1, (int)i, from->node_ix);
			return;
		}
}

bool pci_fits(const struct problem *p, uint32_t *remote, vn_placement *to)
{
	struct serving s;

	*remote = 0;
	if (to)
		to->n_pci_picks = 0;
	if (!p->request->n_pci_requests)
		return true;
	s.p = p;
	s.n = 0;
	for (uint32_t r = 0; r < p->request->n_pci_requests; r++)
		for (uint32_t i = 0; i < p->request->pci_requests[r].count; i++) {
			s.request[s.n] = (uint8_t)r;
			s.supply[s.n++] = -1;
		}
	memset(s.used, 0, p->n_supplies * sizeof(*s.used));
	/* near ones first: what they serve they keep serving, so as few as can be are remote */
	s.near_only = true;
	serve_all(&s);
	s.near_only = false;
	if (serve_all(&s) < s.n)
		return false;
	for (uint32_t unit = 0; unit < s.n; unit++) {
		int32_t node_ix = p->supplies[s.supply[unit]].node_ix;

		*remote += node_ix >= 0 && !has_cell(p, node_ix);
		if (to)
			pick(&s, unit, to);
	}
	return true;
}
