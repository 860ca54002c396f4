/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A node as a room: its name, its CPUs, who of the guest is here, its memory by page size, its
 * devices. */
#include "render/svg.h"

enum { NAME_HEIGHT = 24, BAR_HEIGHT = 9, BLOCK_GAP = 8 };

/* ---- name ---- */

static uint32_t cores_of(const vn_picture *picture, uint32_t ix)
{
	uint32_t cores = 0;

	for (uint32_t i = picture->first[ix]; i < picture->first[ix + 1]; i++)
		if (picture->seats[i].core >= 0 &&
		    (i == picture->first[ix] ||
		     picture->seats[i].core != picture->seats[i - 1].core))
			cores++;
	return cores;
}

static void add_count(vn_text *text, uint32_t count, const char *what)
{
	vn_text_addf(text, "%s%u %s%s", text->len ? ", " : "", count, what, count == 1 ? "" : "s");
}

static void draw_name(svg *s, uint32_t ix, int32_t x, int32_t y, int32_t width)
{
	const vn_node *node = &s->picture->host->nodes[ix];
	uint32_t cpus = s->picture->first[ix + 1] - s->picture->first[ix];
	uint32_t cores = cores_of(s->picture, ix);
	VN_AUTO_TEXT words = VN_TEXT_INIT;
	int32_t used;

	if (node->gpu_memory)
		vn_text_add(&words, "GPU memory");
	if (node->socket >= 0 && !s->sockets_framed)
		vn_text_addf(&words, "%ssocket %d", words.len ? ", " : "", node->socket);
	if (cores)
		add_count(&words, cores, "core");
	if (cpus)
		add_count(&words, cpus, "CPU");
	else
		vn_text_addf(&words, "%sno CPUs", words.len ? ", " : "");
	if (!node->mem_kib)
		vn_text_addf(&words, "%sno memory", words.len ? ", " : "");
	s->out->failed |= words.failed;
	used = svg_text(s, x, y + 13, width, SVG_HEAD | SVG_BOLD, SVG_START, "ink",
			svg_format(s, "node %u", node->id));
	svg_text(s, x + width, y + 13, width - used - 8, SVG_SMALL, SVG_END, "mute",
		 words.bytes ? words.bytes : "");
}

/* ---- the guest's vCPUs here ---- */

static int32_t draw_share(svg *s, const vn_share *share, int32_t x, int32_t y, int32_t width)
{
	const vn_place_cell *cell = &s->picture->placement->cells[share->cell];
	bool one = vn_cpuset_count(&share->vcpus) == 1;
	VN_AUTO_TEXT words = VN_TEXT_INIT;

	vn_text_addf(&words, "cell %u: vCPU%s ", share->cell, one ? "" : "s");
	vn_text_add_cpuset(&words, &share->vcpus);
	if (share->pinned) {
		vn_text_add(&words, " pinned");
	} else if (vn_cpuset_equal(&share->cpus, &cell->cpus)) {
		vn_text_add(&words, one ? " floats" : " float");
	} else {
		vn_text_add(&words, " on CPUs ");
		vn_text_add_cpuset(&words, &share->cpus);
	}
	s->out->failed |= words.failed;
	svg_cell_badge(s, x, y, share->cell);
	svg_text(s, x + SVG_BADGE_WIDTH + 6, y + 11, width - SVG_BADGE_WIDTH - 6, SVG_TEXT,
		 SVG_START, "ink", words.bytes ? words.bytes : "");
	return y + SVG_BADGE_HEIGHT + 4;
}

static int32_t draw_shares(svg *s, uint32_t ix, int32_t x, int32_t y, int32_t width)
{
	int32_t top = y;

	for (uint32_t i = 0; i < s->picture->n_shares; i++)
		if (s->picture->placement->cells[s->picture->shares[i].cell].node_ix == ix)
			y = draw_share(s, &s->picture->shares[i], x, y, width);
	return y > top ? y + BLOCK_GAP - 4 : y;
}

/* ---- memory ---- */

/* part of whole, in pixels of a bar; never 0 for something, never more than the room left. */
static int32_t bar_part(uint64_t part, uint64_t whole, int32_t width, int32_t left)
{
	int32_t pixels;

	while (whole > UINT32_MAX) {
		whole >>= 1;
		part >>= 1;
	}
	pixels = whole ? (int32_t)(part * (uint32_t)width / whole) : 0;
	if (part && pixels < 2)
		pixels = 2;
	return pixels < left ? pixels : left;
}

static uint64_t cell_kib(const svg *s, uint32_t cell)
{
	const vn_place_cell *of = &s->picture->placement->cells[cell];
	uint64_t sum;

	return __builtin_add_overflow(of->mem_kib, of->memdev_kib, &sum) ? UINT64_MAX : sum;
}

static void draw_bar(svg *s, const vn_mem_row *row, svg_box box)
{
	int32_t used = bar_part(row->used_kib, row->total_kib, box.width, box.width);
	int32_t at = box.x + used;

	svg_rect(s, box, 2, "free");
	if (used)
		svg_rect(s, (svg_box){ box.x, box.y, used, box.height }, 0, "used");
	for (uint32_t i = 0; i < row->n_cells; i++) {
		uint64_t kib = cell_kib(s, row->cells[i]);
		int32_t width = bar_part(kib < row->guest_kib ? kib : row->guest_kib,
					 row->total_kib, box.width, box.x + box.width - at);

		if (width <= 0)
			break;
		svg_rect(s, (svg_box){ at, box.y, width, box.height }, 0,
			 svg_format(s, "h%u", svg_color(row->cells[i])));
		at += width;
	}
}

static const char *row_name(svg *s, const vn_mem_row *row)
{
	char size[32];
	vn_cpuset cells = { 0 };
	VN_AUTO_TEXT name = VN_TEXT_INIT;

	if (row->page_kib)
		vn_text_addf(&name, "%s pages", vn_size_format(row->page_kib, size, sizeof(size)));
	else
		vn_text_add(&name, "memory");
	if (row->n_cells) {
		vn_text_add(&name, row->n_cells == 1 ? ", cell " : ", cells ");
		for (uint32_t i = 0; i < row->n_cells; i++)
			vn_cpuset_add(&cells, row->cells[i]);
		vn_text_add_cpuset(&name, &cells);
		vn_text_addf(&name, ": %s", vn_size_format(row->guest_kib, size, sizeof(size)));
	}
	s->out->failed |= name.failed;
	return vn_picture_clean(s->arena, name.bytes, false);
}

static const char *row_free(svg *s, const vn_mem_row *row)
{
	char free[32], total[32];

	if (!row->total_kib)
		return "none";
	if (row->page_kib)
		return svg_format(s, "%llu of %llu free",
				  (unsigned long long)(row->free_kib / row->page_kib),
				  (unsigned long long)(row->total_kib / row->page_kib));
	return svg_format(s, "%s of %s free", vn_size_format(row->free_kib, free, sizeof(free)),
			  vn_size_format(row->total_kib, total, sizeof(total)));
}

static int32_t draw_memory(svg *s, uint32_t ix, int32_t x, int32_t y, int32_t width)
{
	vn_mem_row rows[VN_PAGE_SIZES_MAX + 1];
	uint32_t n = vn_picture_memory(s->picture, ix, rows);

	if (!s->picture->host->nodes[ix].mem_kib)
		return y;
	for (uint32_t r = 0; r < n; r++) {
		int32_t used = svg_text(s, x + width, y + 10, width, SVG_SMALL, SVG_END, "mute",
					row_free(s, &rows[r]));

		svg_text(s, x, y + 10, width - used - 8, SVG_SMALL, SVG_START, "ink",
			 row_name(s, &rows[r]));
		if (rows[r].total_kib) {
			draw_bar(s, &rows[r], (svg_box){ x, y + 14, width, BAR_HEIGHT });
			y += BAR_HEIGHT + 1;
		}
		y += 20;
	}
	return y + BLOCK_GAP - 4;
}

/* ---- the room ---- */

static int32_t draw_content(svg *s, uint32_t ix, int32_t x, int32_t y, int32_t width)
{
	int32_t top;

	draw_name(s, ix, x, y, width);
	top = y += NAME_HEIGHT;
	y = svg_seats(s, ix, x, y);
	if (y > top)
		y += BLOCK_GAP;
	y = draw_shares(s, ix, x, y, width);
	y = draw_memory(s, ix, x, y, width);
	return svg_devices(s, (int32_t)ix, (svg_box){ x, y, width, 0 }, s->detail->chips_max);
}

int32_t svg_room_height(svg *s, uint32_t node_ix)
{
	bool measuring = s->measuring;
	int32_t height;

	s->measuring = true;
	height = draw_content(s, node_ix, 0, 0, s->room_width - 2 * SVG_PAD) + 2 * SVG_PAD - 4;
	s->measuring = measuring;
	return height;
}

void svg_room(svg *s, uint32_t node_ix, svg_box box)
{
	svg_raw(s, "<g>\n");
	svg_rect(s, box, 8, "room");
	draw_content(s, node_ix, box.x + SVG_PAD, box.y + SVG_PAD, box.width - 2 * SVG_PAD);
	svg_raw(s, "</g>\n");
}
