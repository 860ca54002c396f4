/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What was measured as two heat maps, latency and bandwidth, from CPUs (rows) to memory (columns):
 * the farther, the darker. The numbers stand in the boxes as far as they fit, and in tooltips. */
#include "render/svg.h"

#include <string.h>

enum { BOX = 54, BOX_MIN = 12, WIDTH_MAX = 1100, LABEL = 56, HEAD = 44, SHADES = 10 };

typedef struct maps {
	svg s;
	const vn_measurement *m;
	int32_t box; /* side of one */
} maps;

/* 0 (best) .. SHADES - 1 (worst) among the known values of a matrix. */
static uint32_t shade(const uint32_t *values, size_t n, uint32_t value, bool more_is_better)
{
	uint32_t least = UINT32_MAX, most = 0;

	for (size_t i = 0; i < n; i++) {
		least = values[i] && values[i] < least ? values[i] : least;
		most = values[i] > most ? values[i] : most;
	}
	/* What differs by a tenth at most is one colour: that much is noise. */
	if (most - least <= least / 10)
		return 0;
	value = more_is_better ? most - value : value - least;
	return (uint32_t)((uint64_t)value * (SHADES - 1) / (most - least));
}

static void draw_box(maps *p, const uint32_t *values, uint32_t from, uint32_t to, svg_box box,
		     const char *unit, bool more_is_better)
{
	uint32_t n = p->m->n_nodes, value = values[(size_t)from * n + to];
	uint32_t dark = value ? shade(values, (size_t)n * n, value, more_is_better) : 0;

	svg_raw(&p->s, "<g>");
	if (value)
		svg_title(&p->s, "CPUs of node %u, memory of node %u: %u %s", p->m->ids[from],
			  p->m->ids[to], value, unit);
	else
		svg_title(&p->s, "CPUs of node %u, memory of node %u: not known", p->m->ids[from],
			  p->m->ids[to]);
	svg_rect(&p->s, box, 2, value ? "free" : "gone");
	if (value)
		svg_raw(&p->s,
			"<rect class=\"heat\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" "
			"fill-opacity=\".%02u\"/>\n",
			box.x, box.y, box.width, box.height, dark * 8 + 5);
	if (value && box.width >= BOX / 2 + 8)
		svg_text(&p->s, box.x + box.width / 2, box.y + box.height / 2 + 4, box.width - 2,
			 box.width >= BOX ? SVG_TEXT : SVG_TINY, SVG_MIDDLE, "ink",
			 svg_format(&p->s, "%u", value));
	svg_raw(&p->s, "</g>\n");
}

/* One map with its title; returns the y below. */
static int32_t draw_map(maps *p, int32_t y, const char *title, const uint32_t *values,
			const char *unit, bool more_is_better)
{
	uint32_t n = p->m->n_nodes;
	int32_t side = (int32_t)n * (p->box + 2), left = SVG_MARGIN + SVG_PAD + LABEL;
	int32_t width = LABEL + side + 2 * SVG_PAD, top = y + HEAD + 18;
	int32_t least = svg_text_width(title, SVG_HEAD | SVG_BOLD) + 2 * SVG_PAD;

	svg_rect(&p->s,
		 (svg_box){ SVG_MARGIN, y, width > least ? width : least,
			    side + HEAD + 18 + SVG_PAD },
		 8, "panel");
	svg_text(&p->s, SVG_MARGIN + SVG_PAD, y + 24, WIDTH_MAX, SVG_HEAD | SVG_BOLD, SVG_START,
		 "ink", title);
	for (uint32_t i = 0; i < n && p->box >= BOX / 3; i++) {
		int32_t at = (int32_t)i * (p->box + 2);

		svg_text(&p->s, left + at + p->box / 2, top - 6, p->box, SVG_SMALL, SVG_MIDDLE,
			 "mute", svg_format(&p->s, p->box >= BOX ? "node %u" : "%u", p->m->ids[i]));
		svg_text(&p->s, left - 6, top + at + p->box / 2 + 4, LABEL - 6, SVG_SMALL, SVG_END,
			 "mute", svg_format(&p->s, "node %u", p->m->ids[i]));
	}
	for (uint32_t from = 0; from < n; from++)
		for (uint32_t to = 0; to < n; to++)
			draw_box(p, values, from, to,
				 (svg_box){ left + (int32_t)to * (p->box + 2),
					    top + (int32_t)from * (p->box + 2), p->box, p->box },
				 unit, more_is_better);
	return top + side + SVG_PAD + SVG_MARGIN;
}

static void draw_page(maps *p, vn_text *ret)
{
	static const char latency[] = "Latency of a load, ns (row: CPUs, column: memory)";
	static const char bandwidth[] = "Bandwidth of all cores of a node, MiB/s";
	VN_AUTO_TEXT body = VN_TEXT_INIT;
	int32_t y = SVG_MARGIN, side = (int32_t)p->m->n_nodes * (p->box + 2);
	int32_t width = LABEL + side + 2 * SVG_PAD + 2 * SVG_MARGIN;
	int32_t least = svg_text_width(latency, SVG_HEAD | SVG_BOLD) + 2 * SVG_PAD + 2 * SVG_MARGIN;

	width = width > least ? width : least;
	p->s.out = &body;
	svg_style(&p->s);
	y = draw_map(p, y, latency, p->m->latency_ns, "ns", false);
	y = draw_map(p, y, bandwidth, p->m->bandwidth_mibs, "MiB/s", true);
	for (uint32_t i = 0; i < p->m->n_notes; i++, y += SVG_LINE)
		svg_text(&p->s, SVG_MARGIN, y, width - 2 * SVG_MARGIN, SVG_SMALL, SVG_START, "mute",
			 vn_picture_clean(p->s.arena, p->m->notes[i], false));
	p->s.out = ret;
	svg_raw(&p->s,
		"<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"vnuma\" role=\"img\" "
		"aria-labelledby=\"vnuma-title\" width=\"%d\" height=\"%d\" viewBox=\"0 0 %d "
		"%d\">\n"
		"<title id=\"vnuma-title\">Latency and bandwidth between %u node%s</title>\n",
		width, y, width, y, p->m->n_nodes, p->m->n_nodes == 1 ? "" : "s");
	ret->failed |= body.failed;
	if (body.len)
		vn_text_add_bytes(ret, body.bytes, body.len);
	vn_text_add(ret, "</svg>\n");
}

int vn_render_measure_svg(const vn_measurement *measured, const vn_host *host, vn_text *ret,
			  vn_error *err)
{
	VN_AUTO(vn_arena)
	arena = vn_arena_new();
	vn_picture picture;
	int r;

	if (!arena)
		return vn_fail(err, VN_E_NOMEM, "no memory for the picture");
	if ((r = vn_picture_make(host, NULL, NULL, arena, &picture, err)) < 0)
		return r;
	maps p = { .s = { .picture = &picture, .arena = arena }, .m = measured, .box = BOX };

	while (p.box > BOX_MIN && (int32_t)measured->n_nodes * (p.box + 2) > WIDTH_MAX - LABEL)
		p.box--;
	draw_page(&p, ret);
	return vn_text_done(ret, err);
}
