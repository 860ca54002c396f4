/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Devices and networks for cells that are on given nodes: rules 12 to 14. */
#include "brute.h"

#include <string.h>

bool same_socket(const vn_host *host, uint32_t a, uint32_t b)
{
	return a == b ||
	       (host->nodes[a].socket >= 0 && host->nodes[a].socket == host->nodes[b].socket);
}

static bool is_near(const vn_host *host, int32_t node_ix, uint32_t c, bool by_socket)
{
	for (uint32_t i = 0; i < host->n_nodes && node_ix >= 0; i++)
		if ((c >> i & 1) &&
		    (by_socket ? same_socket(host, i, (uint32_t)node_ix) : (int32_t)i == node_ix))
			return true;
	return false;
}

bool pci_policy_allows(const vn_host *host, enum vn_pci_policy policy, int32_t node_ix, uint32_t c)
{
	switch (policy) {
	case VN_PCI_REQUIRED: return is_near(host, node_ix, c, false);
	case VN_PCI_SOCKET: return is_near(host, node_ix, c, true);
	case VN_PCI_LEGACY: return node_ix < 0 || is_near(host, node_ix, c, false);
	default: return true;
	}
}

/* ---- by kind ---- */

/* Free devices of one kind, and those that one request may get and would rather not. */
struct source {
	uint16_t vendor, product;
	int32_t node_ix;
	uint32_t free;
};
enum { SOURCES_MAX = 64 };

static bool is_given(const struct question *q, const vn_device *device)
{
	for (uint32_t i = 0; i < q->request->n_devices; i++)
		if (q->request->devices[i].has_host &&
		    !vn_pci_address_compare(q->request->devices[i].host, device->address))
			return true;
	return device->taken;
}

static void add_source(struct source *sources, uint32_t *n, struct source more)
{
	for (uint32_t i = 0; i < *n; i++)
		if (sources[i].vendor == more.vendor && sources[i].product == more.product &&
		    sources[i].node_ix == more.node_ix) {
			sources[i].free += more.free;
			return;
		}
	if (*n < SOURCES_MAX)
		sources[(*n)++] = more;
}

static uint32_t list_sources(const struct question *q, struct source sources[SOURCES_MAX])
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < q->host->n_pools; i++) {
		const vn_pool *pool = &q->host->pools[i];

		add_source(
			sources, &n,
			(struct source){ pool->vendor, pool->product, pool->node_ix, pool->count });
	}
	for (uint32_t i = 0; i < q->host->n_devices; i++) {
		const vn_device *device = &q->host->devices[i];

		if (!is_given(q, device))
			add_source(sources, &n,
				   (struct source){ device->vendor, device->product,
						    device->node_ix, 1 });
	}
	return n;
}

struct giving {
	const struct question *q;
	uint32_t c, n, best;
	struct source sources[SOURCES_MAX];
};

/* `want` more devices for a request, from this source on; then the next request. */
static void give(struct giving *g, uint32_t request_ix, uint32_t want, uint32_t from,
		 uint32_t remote)
{
	const vn_pci_request *request = &g->q->request->pci_requests[request_ix];

	if (remote >= g->best)
		return;
	if (request_ix == g->q->request->n_pci_requests) {
		g->best = remote;
		return;
	}
	if (!want) {
		bool last = request_ix + 1 == g->q->request->n_pci_requests;

		give(g, request_ix + 1, last ? 0 : request[1].count, 0, remote);
		return;
	}
	for (uint32_t i = from; i < g->n; i++) {
		struct source *source = &g->sources[i];
		bool far = source->node_ix >= 0 && !(g->c >> source->node_ix & 1);

		if ((request->vendor && request->vendor != source->vendor) ||
		    (request->product && request->product != source->product) || !source->free ||
		    !pci_policy_allows(g->q->host, request->policy, source->node_ix, g->c))
			continue;
		source->free--;
		give(g, request_ix, want - 1, i, remote + far);
		source->free++;
	}
}

static uint32_t remote_by_kind(const struct question *q, uint32_t c)
{
	struct giving g = { .q = q, .c = c, .best = NO_FIT };

	if (!q->request->n_pci_requests)
		return 0;
	g.n = list_sources(q, g.sources);
	give(&g, 0, q->request->pci_requests[0].count, 0, 0);
	return g.best;
}

/* ---- by address ---- */

static uint32_t remote_by_address(const struct question *q, uint32_t c)
{
	uint32_t remote = 0;

	for (uint32_t i = 0; i < q->request->n_devices; i++) {
		const vn_guest_device *device = &q->request->devices[i];
		int32_t node_ix = device_node(q, device);
		bool must = device_must_be_local(q, device);

		if (must && node_ix < 0 && device->policy == VN_PCI_REQUIRED)
			return NO_FIT; /* nobody knows where it is */
		if (must && node_ix >= 0 &&
		    !is_near(q->host, node_ix, c, device->policy == VN_PCI_SOCKET))
			return NO_FIT;
		remote += node_ix >= 0 && !(c >> node_ix & 1);
	}
	return remote;
}

uint8_t brute_devices(const struct question *q, uint32_t c)
{
	uint32_t remote = remote_by_address(q, c), more = remote_by_kind(q, c);

	return remote >= NO_FIT || more >= NO_FIT ? NO_FIT : (uint8_t)(remote + more);
}

/* ---- networks ---- */

static bool near_network(const struct question *q, const char *name, const vn_node *node)
{
	for (uint32_t i = 0; i < q->host->n_physnets; i++)
		if (!strcmp(q->host->physnets[i], name))
			return node->physnets >> i & 1;
	return false;
}

/* name NULL: the network of tunnels. */
static bool network_near(const struct question *q, const char *name, uint32_t c)
{
	bool anywhere = false;

	for (uint32_t i = 0; i < q->host->n_nodes; i++) {
		const vn_node *node = &q->host->nodes[i];
		bool near = name ? near_network(q, name, node) : node->tunneled;

		if (near && (c >> i & 1))
			return true;
		anywhere |= near;
	}
	return !anywhere;
}

bool networks_near(const struct question *q, uint32_t c)
{
	for (uint32_t i = 0; i < q->request->n_physnets; i++)
		if (!network_near(q, q->request->physnets[i], c))
			return false;
	return !q->request->tunneled || network_near(q, NULL, c);
}
