/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Sets of hosts in the order of their numbers: treaps whose nodes are the hosts themselves, the
 * priority a hash of the number. NONE is the empty set. A host is in one set at most. */
#include "fleet/engine.h"

static uint32_t priority(uint32_t host)
{
	uint32_t x = host * UINT32_C(0x9e3779b1);

	x ^= x >> 15;
	return x * UINT32_C(0x85ebca77);
}

static bool above(uint32_t a, uint32_t b)
{
	uint32_t pa = priority(a), pb = priority(b);

	return pa != pb ? pa > pb : a < b;
}

static uint32_t size_of(const vn_fleet *fleet, uint32_t root)
{
	return root == NONE ? 0 : fleet->treap[root].size;
}

/* Those below `host`, and the others. */
static void split(vn_fleet *fleet, uint32_t root, uint32_t host, uint32_t *low, uint32_t *high)
{
	if (root == NONE) {
		*low = *high = NONE;
		return;
	}
	if (root < host) {
		split(fleet, fleet->treap[root].right, host, &fleet->treap[root].right, high);
		*low = root;
		fleet->treap[root].size -= size_of(fleet, *high);
	} else {
		split(fleet, fleet->treap[root].left, host, low, &fleet->treap[root].left);
		*high = root;
		fleet->treap[root].size -= size_of(fleet, *low);
	}
}

static uint32_t merge(vn_fleet *fleet, uint32_t low, uint32_t high)
{
	if (low == NONE || high == NONE)
		return low == NONE ? high : low;
	if (above(low, high)) {
		fleet->treap[low].size += fleet->treap[high].size;
		fleet->treap[low].right = merge(fleet, fleet->treap[low].right, high);
		return low;
	}
	fleet->treap[high].size += fleet->treap[low].size;
	fleet->treap[high].left = merge(fleet, low, fleet->treap[high].left);
	return high;
}

void treap_insert(vn_fleet *fleet, uint32_t *root, uint32_t host)
{
	struct treap_node *node = &fleet->treap[host];

	while (*root != NONE && above(*root, host)) {
		fleet->treap[*root].size++;
		root = *root < host ? &fleet->treap[*root].right : &fleet->treap[*root].left;
	}
	split(fleet, *root, host, &node->left, &node->right);
	node->size = 1 + size_of(fleet, node->left) + size_of(fleet, node->right);
	*root = host;
}

void treap_remove(vn_fleet *fleet, uint32_t *root, uint32_t host)
{
	while (*root != host) {
		assert(*root != NONE);
		fleet->treap[*root].size--;
		root = *root < host ? &fleet->treap[*root].right : &fleet->treap[*root].left;
	}
	*root = merge(fleet, fleet->treap[host].left, fleet->treap[host].right);
}

uint32_t treap_first(const vn_fleet *fleet, uint32_t root)
{
	while (root != NONE && fleet->treap[root].left != NONE)
		root = fleet->treap[root].left;
	return root;
}

uint32_t treap_after(const vn_fleet *fleet, uint32_t root, uint32_t host)
{
	uint32_t best = NONE;

	while (root != NONE)
		if (root > host) {
			best = root;
			root = fleet->treap[root].left;
		} else {
			root = fleet->treap[root].right;
		}
	return best;
}

uint32_t treap_below(const vn_fleet *fleet, uint32_t root, uint32_t host)
{
	uint32_t n = 0;

	while (root != NONE)
		if (root < host) {
			n += 1 + size_of(fleet, fleet->treap[root].left);
			root = fleet->treap[root].right;
		} else {
			root = fleet->treap[root].left;
		}
	return n;
}
