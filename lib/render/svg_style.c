/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Colours. Everything stands on a panel with a fill of its own, so the picture can be read on any
 * page; the light colours are the default, the dark ones follow the reader's preference. Cells use
 * the palette of Okabe and Ito, which stays distinct with every kind of colour vision; a cell's
 * number is always written beside its colour. */
#include "render/svg.h"

static const struct {
	const char *name, *property, *light, *dark;
} colors[] = {
	{ "ink", "fill", "#1f2328", "#e6edf3" },    { "mute", "fill", "#57606a", "#9da7b3" },
	{ "panel", "fill", "#ffffff", "#0d1117" },  { "panel", "stroke", "#d0d7de", "#30363d" },
	{ "room", "fill", "#f6f8fa", "#161b22" },   { "room", "stroke", "#d0d7de", "#3d444d" },
	{ "cache", "fill", "#eaeef2", "#21262d" },  { "cache", "stroke", "#c4ccd5", "#444c56" },
	{ "core", "fill", "#d5dce3", "#343b45" },   { "free", "fill", "#ffffff", "#0d1117" },
	{ "free", "stroke", "#afb8c1", "#545d68" }, { "gone", "stroke", "#8c959f", "#6e7681" },
	{ "taken", "fill", "#6e7781", "#545d68" },  { "slash", "stroke", "#afb8c1", "#8b949e" },
	{ "iso", "fill", "#1f2328", "#e6edf3" },    { "used", "fill", "#8c959f", "#6e7681" },
	{ "heat", "fill", "#d1600a", "#f0883e" },   { "chip", "fill", "#ffffff", "#21262d" },
	{ "chip", "stroke", "#afb8c1", "#545d68" },
};

/* What does not depend on light and dark. */
static const char rules[] =
	".vnuma text{font-family:system-ui,-apple-system,'Segoe UI',Roboto,'Helvetica Neue',"
	"'DejaVu Sans',sans-serif;font-variant-numeric:tabular-nums}\n"
	".vnuma .s8{font-size:8px}.vnuma .s10{font-size:10px}.vnuma .s11{font-size:11px}"
	".vnuma .s13{font-size:13px}.vnuma .s17{font-size:17px}.vnuma .b{font-weight:bold}\n"
	".vnuma .gone{fill:none;stroke-dasharray:2 2}.vnuma .slash{fill:none;stroke-opacity:.6}\n"
	".vnuma .white{fill:#fff}.vnuma .black{fill:#000}.vnuma .own{stroke-width:2}\n";

/* Okabe and Ito without black; then the same seven, lighter. `ink`: what can be read on it. */
static const struct {
	const char *fill, *ink;
} palette[SVG_COLORS] = {
	{ "#0072b2", "white" }, { "#e69f00", "black" }, { "#009e73", "black" },
	{ "#cc79a7", "black" }, { "#56b4e9", "black" }, { "#d55e00", "black" },
	{ "#f0e442", "black" }, { "#73b1d5", "black" }, { "#f1ca73", "black" },
	{ "#73cab3", "black" }, { "#e3b6ce", "black" }, { "#a4d6f3", "black" },
	{ "#e8a673", "black" }, { "#f7f19b", "black" },
};

uint32_t svg_color(int32_t cell)
{
	return (uint32_t)cell % SVG_COLORS;
}

const char *svg_ink_on(int32_t cell)
{
	return palette[svg_color(cell)].ink;
}

static uint32_t colors_used(const svg *s)
{
	uint32_t cells = s->picture->placement ? s->picture->placement->n_cells : 0;

	return cells < SVG_COLORS && !s->all_colors ? cells : SVG_COLORS;
}

/* cN: filled (1:1 pins); tN: tinted (floating); oN: outlined (devices); hN: hatched (memory). */
static void add_cell_rules(svg *s)
{
	for (uint32_t c = 0; c < colors_used(s); c++) {
		const char *fill = palette[c].fill;

		svg_raw(s, ".vnuma .c%u{fill:%s;stroke:%s}.vnuma .t%u{fill:%s;fill-opacity:.28}", c,
			fill, fill, c, fill);
		svg_raw(s, ".vnuma .o%u{stroke:%s}.vnuma .h%u{fill:url(#vnuma-h%u);stroke:%s}\n", c,
			fill, c, c, fill);
	}
}

static void add_patterns(svg *s)
{
	for (uint32_t c = 0; c < colors_used(s); c++)
		svg_raw(s,
			"<pattern id=\"vnuma-h%u\" width=\"5\" height=\"5\" "
			"patternUnits=\"userSpaceOnUse\" patternTransform=\"rotate(45)\">"
			"<rect width=\"5\" height=\"5\" fill=\"%s\" fill-opacity=\".3\"/>"
			"<rect width=\"2\" height=\"5\" fill=\"%s\"/></pattern>\n",
			c, palette[c].fill, palette[c].fill);
}

void svg_style(svg *s)
{
	svg_raw(s, "<style>\n:root{color-scheme:light dark}\n");
	vn_text_add(s->out, rules);
	for (size_t i = 0; i < VN_LEN(colors); i++)
		svg_raw(s, ".vnuma .%s{%s:%s}\n", colors[i].name, colors[i].property,
			colors[i].light);
	svg_raw(s, "@media (prefers-color-scheme:dark){\n");
	for (size_t i = 0; i < VN_LEN(colors); i++)
		svg_raw(s, ".vnuma .%s{%s:%s}\n", colors[i].name, colors[i].property,
			colors[i].dark);
	svg_raw(s, "}\n");
	add_cell_rules(s);
	svg_raw(s, "</style>\n");
	if (colors_used(s)) {
		svg_raw(s, "<defs>\n");
		add_patterns(s);
		svg_raw(s, "</defs>\n");
	}
}

void svg_cell_badge(svg *s, int32_t x, int32_t y, uint32_t cell)
{
	svg_box box = { x, y, SVG_BADGE_WIDTH, SVG_BADGE_HEIGHT };

	svg_rect(s, box, 3, svg_format(s, "c%u", svg_color((int32_t)cell)));
	svg_text(s, x + box.width / 2, y + 11, box.width, SVG_SMALL | SVG_BOLD, SVG_MIDDLE,
		 svg_ink_on((int32_t)cell), svg_format(s, "%u", cell));
}
