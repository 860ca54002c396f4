/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Placements in few bytes; and the placement of a claim. That of a simple flavour is not kept:
 * vn_place finds it again when it is shown nothing but the nodes and the CPUs of the claim. */
#include "fleet/claim.h"

struct packing {
	uint8_t *to; /* one of both */
	const uint8_t *from;
	size_t left;
	bool full;
};

static void move(struct packing *p, void *bytes, size_t size)
{
	if (p->full || size > p->left) {
		p->full = true;
		return;
	}
	if (p->to) {
		memcpy(p->to, bytes, size);
		p->to += size;
	} else {
		memcpy(bytes, p->from, size);
		p->from += size;
	}
	p->left -= size;
}

static void move_set(struct packing *p, vn_cpuset *set, uint32_t words)
{
	if (p->from)
		memset(set, 0, sizeof(*set));
	move(p, set->word, words * sizeof(uint64_t));
}

static void move_cell(struct packing *p, vn_place_cell *cell, uint32_t words)
{
	move(p, &cell->node_ix, sizeof(cell->node_ix));
	move(p, &cell->mem_node_ix, sizeof(cell->mem_node_ix));
	move(p, &cell->mem_kib, sizeof(cell->mem_kib));
	move(p, &cell->memdev_kib, sizeof(cell->memdev_kib));
	move(p, &cell->page_kib, sizeof(cell->page_kib));
	move_set(p, &cell->reserved, words);
	if (p->from)
		cell->vcpus = cell->cpus = (vn_cpuset){ 0 };
}

/* Both ways: what to move and in which order stands here once. */
static void move_placement(const kind *k, struct packing *p, vn_placement *pl)
{
	uint32_t words = k->now->index->words;

	move(p, &pl->n_cells, sizeof(pl->n_cells));
	move(p, &pl->n_vcpus, sizeof(pl->n_vcpus));
	move(p, &pl->n_devices, sizeof(pl->n_devices));
	move(p, &pl->n_memdevs, sizeof(pl->n_memdevs));
	move(p, &pl->n_pci_picks, sizeof(pl->n_pci_picks));
	move(p, &pl->topology, sizeof(pl->topology));
	move(p, &pl->cost, sizeof(pl->cost));
	move(p, &pl->proven, sizeof(pl->proven));
	move_set(p, &pl->emulator, words);
	for (uint32_t c = 0; c < pl->n_cells && !p->full; c++)
		move_cell(p, &pl->cells[c], words);
	move(p, pl->vcpu_cell, pl->n_vcpus * sizeof(*pl->vcpu_cell));
	move(p, pl->pin, pl->n_vcpus * sizeof(*pl->pin));
	move(p, pl->distance, (size_t)pl->n_cells * pl->n_cells * sizeof(*pl->distance));
	move(p, pl->device_cell, pl->n_devices * sizeof(*pl->device_cell));
	move(p, pl->device_node_ix, pl->n_devices * sizeof(*pl->device_node_ix));
	move(p, pl->memdev_cell, pl->n_memdevs * sizeof(*pl->memdev_cell));
	move(p, pl->pci_picks, pl->n_pci_picks * sizeof(*pl->pci_picks));
}

uint32_t claim_pack(const kind *k, const vn_placement *placement, void *to, size_t room)
{
	struct packing p = { .to = to, .left = room };

	move_placement(k, &p, (vn_placement *)placement); /* which is only read */
	return p.full ? 0 : (uint32_t)(room - p.left);
}

void claim_unpack(const kind *k, const void *from, vn_placement *ret)
{
	struct packing p = { .from = from, .left = SIZE_MAX };

	move_placement(k, &p, ret);
	for (uint32_t vcpu = 0; vcpu < ret->n_vcpus; vcpu++)
		vn_cpuset_add(&ret->cells[ret->vcpu_cell[vcpu]].vcpus, vcpu);
}

/* ---- showing ---- */

/* The nodes as if nothing but the claim's CPUs could be pinned to, and nothing were taken. */
static void strip_node(kind *k, uint32_t node_ix, const uint64_t *own, bool pins)
{
	const struct node_shape *shape = &k->nodes[node_ix];
	vn_node *node = &k->now->nodes[node_ix];

	node->cpu_usage = 0;
	node->mem_used_kib = 0;
	for (uint32_t i = 0; i < node->n_pages; i++)
		node->pages[i].used = 0;
	node->pinned = (vn_cpuset){ 0 };
	if (pins)
		node->pcpus = (vn_cpuset){ 0 };
	for (uint32_t w = 0; own && w < k->words; w++)
		for (uint64_t rest = own[w]; rest; rest &= rest - 1)
			vn_cpuset_add(&node->pcpus,
				      shape->cpus[w * 64 + (uint32_t)__builtin_ctzll(rest)]);
	vn_host_count_node(k->now, node_ix);
}

static void restore_node(kind *k, uint32_t node_ix)
{
	const struct node_shape *shape = &k->nodes[node_ix];
	vn_node *node = &k->now->nodes[node_ix];

	node->pcpus = (vn_cpuset){ 0 };
	for (uint32_t i = 0; i < shape->n_cpus; i++)
		if (shape->in_pcpus[i / 64] >> i % 64 & 1)
			vn_cpuset_add(&node->pcpus, shape->cpus[i]);
	vn_host_count_node(k->now, node_ix);
}

static int show_simple(vn_fleet *fleet, kind *k, const vn_claim_info *info,
		       const struct claim_detail *detail, vn_placement *ret, vn_error *err)
{
	const struct recipe *recipe = recipe_of(fleet, k, info->flavour);
	vn_place_options was = k->options;
	uint32_t at = 0;
	int r;

	view_load(fleet, info->host);
	k->loaded = NONE;
	for (uint64_t rest = info->nodes; rest; rest &= rest - 1, at++)
		strip_node(k, (uint32_t)__builtin_ctzll(rest),
			   recipe->need.pins ? detail->words + (size_t)at * k->words : NULL,
			   recipe->need.pins);
	k->options.cpu_ratio_percent = k->options.ram_ratio_percent = 0;
	k->options.reserve_kib = 0;
	r = ask_place(fleet, k, info->flavour, info->nodes, ret, err);
	k->options = was;
	for (uint64_t rest = info->nodes; rest; rest &= rest - 1)
		restore_node(k, (uint32_t)__builtin_ctzll(rest));
	return r;
}

/* Where floating vCPUs may run now. */
static void show_floats(vn_fleet *fleet, kind *k, uint32_t host, const vn_request *request,
			vn_placement *ret)
{
	view_load(fleet, host);
	for (uint32_t c = 0; c < ret->n_cells; c++) {
		const vn_node *node = &k->now->nodes[ret->cells[c].node_ix];
		vn_cpuset floating = ret->cells[c].vcpus;

		ret->cells[c].cpus = (vn_cpuset){ 0 };
		vn_cpuset_minus(&floating, &request->dedicated);
		if (vn_cpuset_is_empty(&floating))
			continue;
		ret->cells[c].cpus = node->cpus;
		vn_cpuset_minus(&ret->cells[c].cpus, &node->pinned);
		if (request->cpuset_given)
			vn_cpuset_and(&ret->cells[c].cpus, &request->cpuset);
	}
}

int claim_show(vn_fleet *fleet, const vn_claim_info *info, const struct claim_detail *detail,
	       vn_placement *ret, vn_error *err)
{
	kind *k = fleet->kinds[fleet->pools[fleet->hosts[info->host].pool]->kind];
	const vn_request *request = fleet->flavours[info->flavour].request;
	int r;

	if (detail && detail->bytes)
		claim_unpack(k, detail->words, ret);
	else if ((r = show_simple(fleet, k, info, detail, ret, err)) < 0)
		return r;
	show_floats(fleet, k, info->host, request, ret);
	if (vn_cpuset_is_empty(&request->dedicated)) { /* the emulator runs where the guest does */
		ret->emulator = (vn_cpuset){ 0 };
		for (uint32_t c = 0; c < ret->n_cells; c++)
			vn_cpuset_or(&ret->emulator, &ret->cells[c].cpus);
	}
	return VN_OK;
}
