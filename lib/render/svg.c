/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The picture as one SVG file: a header, the nodes as rooms in a grid (those of a socket in one
 * frame), below them what belongs to no node, the distances and the legend. No scripts, fonts,
 * images or links; text never leaves its box; the same input gives the same bytes. */
#include "render/svg.h"

enum { FRAME_HEAD = 20, ROOM_MIN = 284, PAGE_MIN = 480 };

/* Rooms of one socket. */
typedef struct block {
	uint32_t first, count; /* in page.order */
	uint32_t across;
	int32_t width, height;
} block;

typedef struct page {
	svg s;
	uint32_t *order;  /* node_ix, by socket */
	int32_t *heights; /* of rooms, by node_ix */
	uint32_t n_blocks;
	block *blocks;
	uint32_t blocks_across;
	svg_box rooms; /* where the blocks go; height is what they need */
} page;

/* ---- layout ---- */

static int32_t room_step(const page *p)
{
	return p->s.room_width + SVG_MARGIN;
}

/* Height of a row of rooms: that of its highest one. */
static int32_t row_height(const page *p, const block *b, uint32_t row)
{
	int32_t most = 0;

	for (uint32_t i = row * b->across; i < (row + 1) * b->across && i < b->count; i++)
		if (p->heights[p->order[b->first + i]] > most)
			most = p->heights[p->order[b->first + i]];
	return most;
}

static uint32_t rows_of(const block *b)
{
	return (b->count + b->across - 1) / b->across;
}

static void measure_block(page *p, block *b)
{
	b->across = 1;
	while (b->across * b->across < b->count)
		b->across++;
	b->width = (int32_t)b->across * room_step(p) - SVG_MARGIN;
	b->height = -SVG_MARGIN;
	for (uint32_t row = 0; row < rows_of(b); row++)
		b->height += row_height(p, b, row) + SVG_MARGIN;
	if (p->s.sockets_framed) {
		b->width += 2 * SVG_PAD;
		b->height += FRAME_HEAD + 2 * SVG_PAD;
	}
}

static void make_blocks(page *p)
{
	const vn_host *host = p->s.picture->host;

	assert(p->blocks); /* one for each node */
	for (uint32_t i = 0; i < host->n_nodes; i++) {
		int32_t socket = host->nodes[p->order[i]].socket;
		block *last = p->n_blocks ? &p->blocks[p->n_blocks - 1] : NULL;

		if (last && socket >= 0 && host->nodes[p->order[last->first]].socket == socket) {
			last->count++;
			p->s.sockets_framed = true;
		} else {
			p->blocks[p->n_blocks++] = (block){ .first = i, .count = 1 };
		}
	}
	for (uint32_t b = 0; b < p->n_blocks; b++)
		measure_block(p, &p->blocks[b]);
}

/* Walks blocks in rows of blocks_across. Returns the size of all; draws each with `draw`. */
static svg_box flow_blocks(page *p, svg_box at, void (*draw)(page *, const block *, svg_box))
{
	svg_box all = { at.x, at.y, 0, 0 };
	int32_t y = at.y;

	for (uint32_t from = 0; from < p->n_blocks; from += p->blocks_across) {
		int32_t x = at.x, height = 0;

		for (uint32_t b = from; b < p->n_blocks && b < from + p->blocks_across; b++)
			if (p->blocks[b].height > height)
				height = p->blocks[b].height;
		for (uint32_t b = from; b < p->n_blocks && b < from + p->blocks_across; b++) {
			if (draw)
				draw(p, &p->blocks[b],
				     (svg_box){ x, y, p->blocks[b].width, height });
			x += p->blocks[b].width + SVG_MARGIN;
		}
		if (x - SVG_MARGIN - at.x > all.width)
			all.width = x - SVG_MARGIN - at.x;
		y += height + SVG_MARGIN;
	}
	all.height = y - at.y - SVG_MARGIN;
	return all;
}

/* The number of blocks side by side that makes the page most nearly 3:2. */
static void choose_across(page *p)
{
	uint64_t best = UINT64_MAX;
	uint32_t choice = 1;

	for (uint32_t across = 1; across <= p->n_blocks; across++) {
		p->blocks_across = across;
		svg_box all = flow_blocks(p, (svg_box){ 0 }, NULL);
		uint64_t a = 2 * (uint64_t)all.width, b = 3 * (uint64_t)(all.height + 240);
		uint64_t cost = a > b ? a * 1024 / b : b * 1024 / (a ? a : 1);
		uint32_t last = p->n_blocks % across; /* a row that is not full looks unfinished */

		if (last)
			cost += cost * (across - last) / across;

		if (cost < best) {
			best = cost;
			choice = across;
		}
	}
	p->blocks_across = choice;
	p->rooms = flow_blocks(p, (svg_box){ SVG_MARGIN, 0, 0, 0 }, NULL);
	if (p->rooms.width < PAGE_MIN)
		p->rooms.width = PAGE_MIN;
}

static int lay_out(page *p, vn_error *err)
{
	const vn_host *host = p->s.picture->host;
	vn_arena *arena = p->s.arena;

	p->order = vn_arena_alloc(arena, host->n_nodes + 1, sizeof(*p->order));
	p->heights = vn_arena_alloc(arena, host->n_nodes + 1, sizeof(*p->heights));
	p->blocks = vn_arena_alloc(arena, host->n_nodes + 1, sizeof(*p->blocks));
	if (!p->order || !p->heights || !p->blocks)
		return vn_fail(err, VN_E_NOMEM, "no memory for the picture");
	svg_seats_layout(&p->s, host->n_nodes == 1 ? PAGE_MIN : ROOM_MIN);
	for (uint32_t ix = 0; ix < host->n_nodes; ix++)
		p->heights[ix] = svg_room_height(&p->s, ix);
	vn_picture_order(host, p->order);
	make_blocks(p);
	choose_across(p);
	return VN_OK;
}

/* ---- drawing ---- */

static void draw_block(page *p, const block *b, svg_box box)
{
	const vn_host *host = p->s.picture->host;
	int32_t socket = host->nodes[p->order[b->first]].socket, x = box.x, y = box.y;

	if (p->s.sockets_framed) {
		svg_rect(&p->s, box, 10, "panel");
		svg_text(&p->s, x + SVG_PAD, y + SVG_PAD + 11, box.width - 2 * SVG_PAD,
			 SVG_TEXT | SVG_BOLD, SVG_START, "mute",
			 socket >= 0 ? svg_format(&p->s, "socket %d", socket) : "no socket known");
		x += SVG_PAD;
		y += SVG_PAD + FRAME_HEAD;
	}
	for (uint32_t row = 0; row < rows_of(b); row++) {
		int32_t height = row_height(p, b, row);

		/* One row takes what its neighbours need. */
		if (rows_of(b) == 1)
			height = box.y + box.height - y - (p->s.sockets_framed ? SVG_PAD : 0);
		for (uint32_t i = row * b->across; i < (row + 1) * b->across && i < b->count; i++)
			svg_room(&p->s, p->order[b->first + i],
				 (svg_box){ x + (int32_t)(i % b->across) * room_step(p), y,
					    p->s.room_width, height });
		y += height + SVG_MARGIN;
	}
}

/* A panel of which only the lower end is not known: measure, then draw, at least box.height high.
 */
static int32_t draw_panel(svg *s, int32_t (*draw)(svg *, svg_box), svg_box box)
{
	int32_t height;

	s->measuring = true;
	height = draw(s, box) - box.y;
	s->measuring = false;
	if (height && box.height < height)
		box.height = height;
	if (height)
		draw(s, box);
	return box.y + box.height + (box.height ? SVG_MARGIN : 0);
}

/* Distances and legend: side by side where the legend keeps a fair width, and equally high where
 * that leaves it no more than half empty. */
static int32_t draw_bottom(page *p, int32_t y)
{
	svg_box left, right = { SVG_MARGIN, y, p->rooms.width, 0 };
	int32_t below = y, legend_below;

	p->s.measuring = true;
	left = svg_distances(&p->s, SVG_MARGIN, y);
	p->s.measuring = false;
	if (left.width)
		svg_distances(&p->s, SVG_MARGIN, y);
	if (left.width && left.width + SVG_MARGIN + 280 <= p->rooms.width) {
		right.x += left.width + SVG_MARGIN;
		right.width -= left.width + SVG_MARGIN;
		p->s.measuring = true;
		if (2 * (svg_legend(&p->s, right) - y) >= left.height)
			right.height = left.height;
		p->s.measuring = false;
		below = y + left.height + SVG_MARGIN;
	} else if (left.width) {
		right.y += left.height + SVG_MARGIN;
	}
	legend_below = draw_panel(&p->s, svg_legend, right);
	return legend_below > below ? legend_below : below;
}

static void add_description(page *p)
{
	VN_AUTO_TEXT words = VN_TEXT_INIT;
	const vn_picture *picture = p->s.picture;
	const char *name = picture->request ? picture->request->name : NULL;

	vn_picture_host_words(picture->host, &words);
	if (picture->request) {
		vn_text_add(&words, ". ");
		vn_picture_guest_words(picture, &words);
	}
	p->s.out->failed |= words.failed;
	svg_raw(&p->s, "<title id=\"vnuma-title\">");
	vn_text_add_xml(p->s.out, picture->request ? "Guest " : "Host ");
	vn_text_add_xml(p->s.out, vn_picture_clean(p->s.arena,
						   picture->request ? name ? name : "without a name"
								    : picture->host->source,
						   false));
	svg_raw(&p->s, "</title>\n<desc id=\"vnuma-desc\">");
	vn_text_add_xml(p->s.out, words.bytes ? words.bytes : "");
	svg_raw(&p->s, "</desc>\n");
}

/* The body is drawn first: only then is the height known that the first line needs. */
static void draw_page(page *p, vn_text *ret)
{
	int32_t width = p->rooms.width + 2 * SVG_MARGIN, y = SVG_MARGIN;
	VN_AUTO_TEXT body = VN_TEXT_INIT;
	svg_box full = { SVG_MARGIN, 0, p->rooms.width, 0 };

	p->s.out = &body;
	svg_style(&p->s);
	full.y = y;
	full.y = y = draw_panel(&p->s, svg_header, full);
	flow_blocks(p, (svg_box){ SVG_MARGIN, y, 0, 0 }, draw_block);
	full.y = y + p->rooms.height + SVG_MARGIN;
	y = draw_bottom(p, draw_panel(&p->s, svg_strip, full));
	p->s.out = ret;
	svg_raw(&p->s,
		"<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"vnuma\" role=\"img\" "
		"aria-labelledby=\"vnuma-title vnuma-desc\" width=\"%d\" height=\"%d\" "
		"viewBox=\"0 0 %d %d\">\n",
		width, y, width, y);
	add_description(p);
	ret->failed |= body.failed;
	if (body.len)
		vn_text_add_bytes(ret, body.bytes, body.len);
	vn_text_add(ret, "</svg>\n");
}

int vn_render_svg(const vn_host *host, const vn_request *request, const vn_placement *placement,
		  vn_text *ret, vn_error *err)
{
	VN_AUTO(vn_arena)
	arena = vn_arena_new();
	vn_picture picture;
	int r;

	if (!arena)
		return vn_fail(err, VN_E_NOMEM, "no memory for the picture");
	if ((r = vn_picture_make(host, request, placement, arena, &picture, err)) < 0)
		return r;
	page p = { .s = { .picture = &picture, .arena = arena, .out = ret } };

	if ((r = lay_out(&p, err)) < 0)
		return r;
	draw_page(&p, ret);
	return vn_text_done(ret, err);
}
