/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A host that is not this machine: its capabilities, then what of its memory and pages is free.
 * What its kernel could drop (files that it has read) is not told, so it counts as used. */
#include "virt/inventory.h"

#include <stdlib.h>
#include <string.h>

enum { ORDINARY_PAGE_KIB_MAX = 64 };

static int get_capabilities(virConnectPtr conn, void *arg)
{
	char **ret = arg;

	*ret = virConnectGetCapabilities(conn);
	return *ret ? 0 : -1;
}

/* libvirt's test driver makes up what is free: all of it counts as free there. */
static bool tells_free(const vn_virt *virt)
{
	const char *type = virConnectGetType(virt->conn);

	return type && strcasecmp(type, "test") != 0;
}

/* ---- memory ---- */

struct cells {
	int first, n;
	unsigned long long *free; /* [n] bytes; 0 where there is no such node */
};

static int get_free_memory(virConnectPtr conn, void *arg)
{
	struct cells *cells = arg;

	return virNodeGetCellsFreeMemory(conn, cells->free, cells->first, cells->n);
}

/* Node numbers may have holes, at which libvirt's answer ends: each node is asked alone. */
static int read_free_memory(vn_virt *virt, vn_node *node)
{
	unsigned long long bytes = 0;
	struct cells cells = { (int)node->id, 1, &bytes };

	if (virt_call(virt, get_free_memory, &cells) < 1)
		return -1;
	node->mem_used_kib = bytes / 1024 < node->mem_kib ? node->mem_kib - bytes / 1024 : 0;
	return 0;
}

/* ---- pages ---- */

struct pages {
	int node;
	unsigned int n, sizes_kib[VN_PAGE_SIZES_MAX];
	unsigned long long free[VN_PAGE_SIZES_MAX];
};

static int get_free_pages(virConnectPtr conn, void *arg)
{
	struct pages *pages = arg;

	return virNodeGetFreePages(conn, pages->n, pages->sizes_kib, pages->node, 1, pages->free,
				   0);
}

/* Free memory does not count free huge pages: they are added, since guests may have them. */
static int read_free_pages(vn_virt *virt, vn_node *node)
{
	struct pages pages = { .node = (int)node->id, .n = node->n_pages };

	for (uint32_t i = 0; i < node->n_pages; i++) {
		if (node->pages[i].size_kib > UINT32_MAX)
			return -1;
		pages.sizes_kib[i] = (unsigned int)node->pages[i].size_kib;
	}
	if (!pages.n || virt_call(virt, get_free_pages, &pages) < (int)pages.n)
		return -1;
	for (uint32_t i = 0; i < node->n_pages; i++) {
		vn_pages *to = &node->pages[i];
		uint64_t kib;

		to->used = pages.free[i] < to->total ? to->total - pages.free[i] : 0;
		kib = (to->total - to->used) * to->size_kib;
		if (to->size_kib > ORDINARY_PAGE_KIB_MAX)
			node->mem_used_kib -= kib < node->mem_used_kib ? kib : node->mem_used_kib;
	}
	return 0;
}

/* ---- the whole ---- */

static int read_free(vn_virt *virt, vn_host *host, vn_error *err)
{
	for (uint32_t i = 0; i < host->n_nodes; i++) {
		vn_node *node = &host->nodes[i];

		if (node->mem_kib && read_free_memory(virt, node) < 0)
			return virt_fail(virt, err, "free memory of node %u", node->id);
		if (node->n_pages && read_free_pages(virt, node) < 0)
			return virt_fail(virt, err, "free pages of node %u", node->id);
	}
	return VN_OK;
}

int virt_read_host(vn_virt *virt, vn_host **ret, vn_error *err)
{
	VIRT_STRING xml = NULL;
	VN_AUTO(vn_host) host = NULL;
	int r;

	if (virt_call(virt, get_capabilities, &xml) < 0)
		return virt_fail(virt, err, "the host cannot be asked what it has");
	if (strlen(xml) > VIRT_BYTES_MAX)
		return vn_fail_line(err, VN_E_RANGE, virt->uri, 0, 0,
				    "capabilities of %zu bytes (legal: %d)", strlen(xml),
				    VIRT_BYTES_MAX);
	if ((r = vn_host_parse(virt->uri, xml, strlen(xml), &host, err)) < 0 ||
	    (tells_free(virt) && (r = read_free(virt, host, err)) < 0) ||
	    (r = virt_read_devices(virt, host, err)) < 0 || (r = vn_host_count(host, err)) < 0)
		return r;
	*ret = VN_STEAL(host);
	return VN_OK;
}
