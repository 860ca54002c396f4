/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The facts behind both pictures: who sits on which CPU, who has which memory. Nothing here draws.
 */
#include "render/picture.h"

#include <stdlib.h>
#include <string.h>

/* ---- seats ---- */

static int compare_u32(uint32_t a, uint32_t b)
{
	return (a > b) - (a < b);
}

/* Unknown groups (-1) become the largest number and so come last. */
static int compare_seats(const void *a, const void *b, void *cpus)
{
	const vn_seat *x = a, *y = b;
	const vn_cpu *of = cpus;
	int c;

	if ((c = compare_u32((uint32_t)of[x->cpu].node_ix, (uint32_t)of[y->cpu].node_ix)))
		return c;
	if ((c = compare_u32((uint32_t)x->l3, (uint32_t)y->l3)))
		return c;
	if ((c = compare_u32((uint32_t)x->core, (uint32_t)y->core)))
		return c;
	return compare_u32(x->cpu, y->cpu);
}

static enum vn_seat_state host_state(const vn_host *host, uint32_t cpu)
{
	const vn_node *node = &host->nodes[host->cpus[cpu].node_ix];

	if (vn_cpuset_has(&host->offline, cpu))
		return VN_SEAT_OFFLINE;
	if (vn_cpuset_has(&node->pinned, cpu))
		return VN_SEAT_TAKEN;
	if (vn_cpuset_has(&node->cpus, cpu) || vn_cpuset_has(&node->pcpus, cpu))
		return VN_SEAT_FREE;
	return VN_SEAT_UNUSABLE;
}

static bool on_a_node(const vn_host *host, uint32_t cpu)
{
	return host->cpus[cpu].node_ix >= 0 && (uint32_t)host->cpus[cpu].node_ix < host->n_nodes;
}

static void place_seats(vn_picture *picture)
{
	const vn_host *host = picture->host;
	uint32_t n = 0;

	for (uint32_t cpu = 0; cpu < host->n_cpus; cpu++)
		if (on_a_node(host, cpu))
			picture->seats[n++] = (vn_seat){
				.cpu = (uint16_t)cpu,
				.isolated = vn_cpuset_has(&host->isolated, cpu),
				.state = host_state(host, cpu),
				.l3 = host->cpus[cpu].l3,
				.core = host->cpus[cpu].core,
				.vcpu = -1,
				.cell = -1,
			};
	picture->n_seats = n;
	qsort_r(picture->seats, n, sizeof(*picture->seats), compare_seats, host->cpus);
	for (uint32_t ix = 0, seat = 0; ix <= host->n_nodes; ix++) {
		picture->first[ix] = seat;
		while (seat < n && host->cpus[picture->seats[seat].cpu].node_ix == (int32_t)ix)
			seat++;
	}
}

/* ---- the guest on the seats ---- */

static bool is_emulators_own(const vn_placement *placement, const vn_place_cell *cell, uint32_t cpu)
{
	return vn_cpuset_has(&cell->reserved, cpu) && vn_cpuset_has(&placement->emulator, cpu);
}

static void sit(vn_picture *picture, const vn_share *share, vn_seat *seat)
{
	if (!vn_cpuset_has(&share->cpus, seat->cpu))
		return;
	if (share->pinned) {
		seat->state = VN_SEAT_PINNED;
		seat->cell = (int32_t)share->cell;
		VN_CPUSET_EACH(vcpu, &share->vcpus)
			if (picture->placement->pin[vcpu] == seat->cpu)
				seat->vcpu = vcpu;
	} else if (seat->state < VN_SEAT_FLOAT) {
		seat->state = VN_SEAT_FLOAT;
		seat->cell = (int32_t)share->cell;
	}
}

static void seat_guest(vn_picture *picture)
{
	const vn_placement *placement = picture->placement;

	for (uint32_t i = 0; i < picture->n_seats; i++) {
		vn_seat *seat = &picture->seats[i];

		for (uint32_t s = 0; s < picture->n_shares; s++)
			sit(picture, &picture->shares[s], seat);
		for (uint32_t c = 0; c < placement->n_cells && seat->state < VN_SEAT_IDLE; c++) {
			const vn_place_cell *cell = &placement->cells[c];

			if (!vn_cpuset_has(&cell->reserved, seat->cpu))
				continue;
			seat->cell = (int32_t)c;
			seat->state = is_emulators_own(placement, cell, seat->cpu)
					      ? VN_SEAT_EMULATOR
					      : VN_SEAT_IDLE;
		}
	}
}

/* ---- shares ---- */

/* Put a vCPU into the share of its cell with the same CPUs, or into a new one. Pinned vCPUs of a
 * cell are one share, whatever their CPUs. */
static void share_vcpu(vn_picture *picture, uint32_t from, uint32_t cell, uint32_t vcpu)
{
	const vn_placement *placement = picture->placement;
	vn_cpuset cpus = vn_placement_vcpu_cpus(placement, picture->request, vcpu);
	bool pinned = placement->pin[vcpu] >= 0;
	vn_share *share = NULL;

	for (uint32_t s = from; s < picture->n_shares && !share; s++) {
		vn_share *other = &picture->shares[s];

		if (other->pinned == pinned && (pinned || vn_cpuset_equal(&other->cpus, &cpus)))
			share = other;
	}
	if (!share) {
		share = &picture->shares[picture->n_shares++];
		*share = (vn_share){ .cell = cell, .pinned = pinned };
	}
	vn_cpuset_add(&share->vcpus, vcpu);
	vn_cpuset_or(&share->cpus, &cpus);
}

static void share_vcpus(vn_picture *picture)
{
	const vn_placement *placement = picture->placement;

	for (uint32_t c = 0; c < placement->n_cells; c++) {
		uint32_t from = picture->n_shares;

		for (int pass = 0; pass < 2; pass++)
			VN_CPUSET_EACH(vcpu, &placement->cells[c].vcpus)
				if ((placement->pin[vcpu] < 0) == pass)
					share_vcpu(picture, from, c, (uint32_t)vcpu);
	}
}

/* At most two shares for each cell, and one for each vCPU that the owner pinned. */
static uint32_t most_shares(const vn_request *request, const vn_placement *placement)
{
	return placement->n_cells * 2 + vn_cpuset_count(&request->vcpupin_given);
}

int vn_picture_make(const vn_host *host, const vn_request *request, const vn_placement *placement,
		    vn_arena *arena, vn_picture *ret, vn_error *err)
{
	bool guest = request && placement;
	vn_picture picture = {
		.host = host,
		.request = guest ? request : NULL,
		.placement = guest ? placement : NULL,
		.seats = vn_arena_alloc(arena, host->n_cpus + 1, sizeof(vn_seat)),
		.first = vn_arena_alloc(arena, host->n_nodes + 1, sizeof(uint32_t)),
	};

	if (guest)
		picture.shares = vn_arena_alloc(arena, most_shares(request, placement) + 1,
						sizeof(vn_share));
	if (!picture.seats || !picture.first || (guest && !picture.shares))
		return vn_fail(err, VN_E_NOMEM, "no memory for the picture");
	place_seats(&picture);
	if (guest) {
		share_vcpus(&picture);
		seat_guest(&picture);
	}
	for (uint32_t i = 0; i < picture.n_seats; i++)
		picture.seen |= 1u << picture.seats[i].state;
	*ret = picture;
	return VN_OK;
}

/* ---- memory ---- */

/* Counts come from files: saturate instead of wrapping. */
static uint64_t times(uint64_t a, uint64_t b)
{
	uint64_t product;

	return __builtin_mul_overflow(a, b, &product) ? UINT64_MAX : product;
}

static uint64_t plus(uint64_t a, uint64_t b)
{
	uint64_t sum;

	return __builtin_add_overflow(a, b, &sum) ? UINT64_MAX : sum;
}

static uint64_t minus(uint64_t a, uint64_t b)
{
	return a > b ? a - b : 0;
}

/* No architecture has base pages above 64 KiB; what is larger is a huge page. */
static bool is_huge(const vn_pages *pages)
{
	return pages->size_kib > 64;
}

static vn_mem_row ordinary_row(const vn_node *node)
{
	vn_mem_row row = { .total_kib = node->mem_kib };

	for (uint32_t p = 0; p < node->n_pages; p++)
		if (is_huge(&node->pages[p]))
			row.total_kib = minus(row.total_kib,
					      times(node->pages[p].total, node->pages[p].size_kib));
	if (node->n_pages && !is_huge(&node->pages[0]))
		row.total_kib = times(node->pages[0].total, node->pages[0].size_kib);
	row.free_kib = vn_node_free_kib(node);
	if (row.free_kib > row.total_kib)
		row.free_kib = row.total_kib;
	row.used_kib = row.total_kib - row.free_kib;
	return row;
}

static vn_mem_row huge_row(const vn_node *node, uint64_t size_kib)
{
	const vn_pages *pages = vn_node_pages(node, size_kib);
	vn_mem_row row = { .page_kib = size_kib };

	if (!pages)
		return row;
	row.total_kib = times(pages->total, size_kib);
	row.free_kib = times(vn_pages_free(pages), size_kib);
	row.used_kib = minus(row.total_kib, row.free_kib);
	return row;
}

static void give_row_to_guest(const vn_placement *placement, uint32_t node_ix, vn_mem_row *row)
{
	for (uint32_t c = 0; c < placement->n_cells; c++) {
		const vn_place_cell *cell = &placement->cells[c];
		uint64_t page_kib = cell->page_kib > 64 ? cell->page_kib : 0;

		if (cell->mem_node_ix != node_ix || page_kib != row->page_kib)
			continue;
		row->guest_kib = plus(row->guest_kib, plus(cell->mem_kib, cell->memdev_kib));
		row->cells[row->n_cells++] = (uint16_t)c;
	}
	if (row->guest_kib > row->total_kib) /* overcommitted: the picture cannot show more */
		row->guest_kib = row->total_kib;
	row->free_kib = minus(row->free_kib, row->guest_kib);
	row->used_kib = row->total_kib - row->guest_kib - row->free_kib;
}

/* The next larger huge page size that some node has pages of; 0 = no more. */
static uint64_t next_size(const vn_host *host, uint64_t after)
{
	uint64_t next = 0;

	for (uint32_t ix = 0; ix < host->n_nodes; ix++) {
		const vn_node *node = &host->nodes[ix];

		for (uint32_t p = 0; p < node->n_pages; p++) {
			uint64_t size = node->pages[p].size_kib;

			if (is_huge(&node->pages[p]) && node->pages[p].total && size > after &&
			    (!next || size < next))
				next = size;
		}
	}
	return next;
}

uint32_t vn_picture_memory(const vn_picture *picture, uint32_t node_ix, vn_mem_row *rows)
{
	const vn_node *node = &picture->host->nodes[node_ix];
	uint64_t size = 0;
	uint32_t n = 0;

	rows[n++] = ordinary_row(node);
	while (n <= VN_PAGE_SIZES_MAX && (size = next_size(picture->host, size)))
		rows[n++] = huge_row(node, size);
	for (uint32_t i = 0; picture->placement && i < n; i++)
		give_row_to_guest(picture->placement, node_ix, &rows[i]);
	return n;
}

/* ---- nodes ---- */

void vn_picture_order(const vn_host *host, uint32_t *node_ix)
{
	/* Insertion sort: stable, and at most VN_NODE_MAX nodes that are nearly in order. */
	for (uint32_t i = 0; i < host->n_nodes; i++) {
		uint32_t socket = (uint32_t)host->nodes[i].socket, at = i;

		while (at && (uint32_t)host->nodes[node_ix[at - 1]].socket > socket) {
			node_ix[at] = node_ix[at - 1];
			at--;
		}
		node_ix[at] = i;
	}
}
