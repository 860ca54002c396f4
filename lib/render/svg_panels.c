/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Around the rooms: the header with the guest's summary, the strip of what belongs to no node, the
 * matrix of distances, the legend. */
#include "render/svg.h"

/* ---- header ---- */

/* Words in lines no wider than the panel, broken at "; " or ", ". */
static int32_t draw_words(svg *s, svg_box box, const char *words)
{
	while (*words) {
		const char *end = words, *fits = NULL;

		for (; *end; end++)
			if (*end == ' ' && end > words && (end[-1] == ',' || end[-1] == ';')) {
				const char *line = svg_format(s, "%.*s", (int)(end - words), words);

				if (fits && svg_text_width(line, SVG_TEXT) > box.width)
					break;
				fits = end;
			}
		if (!*end && (!fits || svg_text_width(words, SVG_TEXT) <= box.width))
			fits = end;
		svg_text(s, box.x, box.y + 11, box.width, SVG_TEXT, SVG_START, "mute",
			 svg_format(s, "%.*s", (int)(fits - words), words));
		box.y += SVG_LINE;
		words = *fits ? fits + 1 : fits;
	}
	return box.y;
}

static const char *host_title(svg *s)
{
	VN_AUTO_TEXT text = VN_TEXT_INIT;

	if (s->picture->request)
		vn_text_addf(&text, "Guest %s on host %s",
			     s->picture->request->name ? s->picture->request->name : "(no name)",
			     s->picture->host->source);
	else
		vn_text_addf(&text, "Host %s", s->picture->host->source);
	s->out->failed |= text.failed;
	return vn_picture_clean(s->arena, text.bytes, false);
}

int32_t svg_header(svg *s, svg_box box)
{
	svg_box inner = { box.x + SVG_PAD + 4, box.y + SVG_PAD + 24, box.width - 2 * SVG_PAD - 8,
			  0 };
	VN_AUTO_TEXT host = VN_TEXT_INIT, guest = VN_TEXT_INIT;

	vn_text_add(&host, "Host: ");
	vn_picture_host_words(s->picture->host, &host);
	if (s->picture->request) {
		vn_text_add(&guest, "Guest: ");
		vn_picture_guest_words(s->picture, &guest);
		vn_text_add(&guest,
			    s->picture->placement->proven ? "; proven optimal" : "; best found");
	}
	s->out->failed |= host.failed || guest.failed;
	svg_rect(s, box, 8, "panel");
	svg_text(s, inner.x, box.y + SVG_PAD + 14, inner.width, SVG_TITLE | SVG_BOLD, SVG_START,
		 "ink", host_title(s));
	if (guest.len)
		inner.y = draw_words(s, inner, guest.bytes);
	if (host.len)
		inner.y = draw_words(s, inner, host.bytes);
	return inner.y + SVG_PAD - 4;
}

/* ---- what is on no node ---- */

int32_t svg_strip(svg *s, svg_box box)
{
	svg_box inner = { box.x + SVG_PAD, box.y + SVG_PAD, box.width - 2 * SVG_PAD, 0 };
	VN_AUTO_TEXT offline = VN_TEXT_INIT;
	int32_t below;

	vn_text_add(&offline, "CPUs offline: ");
	vn_text_add_cpuset(&offline, &s->picture->host->offline);
	s->out->failed |= offline.failed;
	svg_rect(s, box, 8, "panel");
	if (!vn_cpuset_is_empty(&s->picture->host->offline) && offline.bytes) {
		svg_text(s, inner.x, inner.y + 11, inner.width, SVG_TEXT, SVG_START, "ink",
			 offline.bytes);
		inner.y += SVG_LINE + 4;
	}
	below = svg_devices(s, -1, (svg_box){ inner.x, inner.y + 20, inner.width, 0 }, 24);
	if (below > inner.y + 20) {
		svg_text(s, inner.x, inner.y + 11, inner.width, SVG_TEXT | SVG_BOLD, SVG_START,
			 "ink", "Devices whose node is not known");
		inner.y = below;
	}
	return inner.y > box.y + SVG_PAD ? inner.y + SVG_PAD - 4 : box.y;
}

/* ---- distances ---- */

enum { DISTANCE_LABELS_MAX = 16, DISTANCE_NODES_MAX = 64, DISTANCE_HEAD = 26 };

static uint32_t largest_distance(const vn_host *host)
{
	uint32_t most = 11;

	for (uint32_t from = 0; from < host->n_nodes; from++)
		for (uint32_t to = 0; to < host->n_nodes; to++)
			if (vn_host_distance(host, from, to) > most)
				most = vn_host_distance(host, from, to);
	return most;
}

/* Does a cell of the guest run on the node? Its number is bold then. */
static bool is_guests(const svg *s, uint32_t ix)
{
	for (uint32_t c = 0; s->picture->placement && c < s->picture->placement->n_cells; c++)
		if (s->picture->placement->cells[c].node_ix == ix)
			return true;
	return false;
}

static void draw_distance(svg *s, uint32_t from, uint32_t to, svg_box box, uint32_t most)
{
	const vn_host *host = s->picture->host;
	uint32_t distance = vn_host_distance(host, from, to);
	uint64_t above = distance > 10 ? distance - 10 : 0;

	svg_raw(s, "<g>");
	svg_title(s, "node %u to node %u: %u", host->nodes[from].id, host->nodes[to].id, distance);
	svg_raw(s,
		"<rect class=\"heat\" fill-opacity=\".%02u\" x=\"%d\" y=\"%d\" width=\"%d\" "
		"height=\"%d\"/>",
		(unsigned)(4 + above * 50 / (most - 10)), box.x, box.y, box.width - 1,
		box.height - 1);
	if (host->n_nodes <= DISTANCE_LABELS_MAX)
		svg_text(s, box.x + box.width / 2, box.y + 14, box.width - 2, SVG_SMALL, SVG_MIDDLE,
			 "ink", svg_format(s, "%u", distance));
	svg_raw(s, "</g>\n");
}

/* Node numbers along the top and the left side; of many, each eighth. */
static void draw_distance_heads(svg *s, svg_box at, int32_t edge)
{
	const vn_host *host = s->picture->host;
	bool all = host->n_nodes <= DISTANCE_LABELS_MAX;

	for (uint32_t ix = 0; ix < host->n_nodes; ix += all ? 1 : 8) {
		const char *id = svg_format(s, "%u", host->nodes[ix].id);
		const char *ink = is_guests(s, ix) ? "ink" : "mute";
		int size = all ? is_guests(s, ix) ? SVG_SMALL | SVG_BOLD : SVG_SMALL : SVG_TINY;
		int32_t offset = (int32_t)ix * edge, middle = edge / 2 + 4;

		svg_text(s, at.x + offset + at.width / 2, at.y - 5, 32, size, SVG_MIDDLE, ink, id);
		svg_text(s, at.x - 5, at.y + offset * at.height / edge + (all ? 14 : middle), 30,
			 size, SVG_END, ink, id);
	}
}

svg_box svg_distances(svg *s, int32_t x, int32_t y)
{
	const vn_host *host = s->picture->host;
	bool labels = host->n_nodes <= DISTANCE_LABELS_MAX;
	int32_t width = labels ? 34 : 7, height = labels ? 20 : 7;
	svg_box box = { x, y, 0, 0 };

	if (host->n_nodes < 2 || host->n_nodes > DISTANCE_NODES_MAX)
		return (svg_box){ 0 };
	box.width = 2 * SVG_PAD + 36 + (int32_t)host->n_nodes * width;
	if (box.width < 190)
		box.width = 190;
	box.height = 2 * SVG_PAD + DISTANCE_HEAD + 14 + (int32_t)host->n_nodes * height;
	if (s->measuring)
		return box;
	uint32_t most = largest_distance(host);
	svg_box at = { x + SVG_PAD + 36, y + SVG_PAD + DISTANCE_HEAD + 14, width, height };

	svg_rect(s, box, 8, "panel");
	svg_text(s, x + SVG_PAD, y + SVG_PAD + 11, box.width - 2 * SVG_PAD, SVG_TEXT | SVG_BOLD,
		 SVG_START, "ink", host->slit ? "Distances of the nodes" : "Distances, assumed");
	draw_distance_heads(s, at, width);
	for (uint32_t from = 0; from < host->n_nodes; from++)
		for (uint32_t to = 0; to < host->n_nodes; to++)
			draw_distance(s, from, to,
				      (svg_box){ at.x + (int32_t)to * width,
						 at.y + (int32_t)from * height, width, height },
				      most);
	return box;
}

/* ---- legend ---- */

enum { LEGEND_ROW = 32, LEGEND_CELLS_MAX = 16 };

typedef struct legend {
	svg_box within;
	int32_t x, y;
} legend;

/* A sample of `width` and its words; the sample's place is returned. */
static svg_box legend_item(svg *s, legend *l, int32_t width, int32_t height, const char *words)
{
	int32_t all = width + 6 + svg_text_width(words, SVG_SMALL);
	svg_box box;

	if (l->x > l->within.x && l->x + all > l->within.x + l->within.width) {
		l->x = l->within.x;
		l->y += LEGEND_ROW;
	}
	box = (svg_box){ l->x, l->y + (LEGEND_ROW - height) / 2, width, height };
	svg_text(s, l->x + width + 6, l->y + LEGEND_ROW / 2 + 4, l->within.width - width - 6,
		 SVG_SMALL, SVG_START, "ink", words);
	l->x += all + 18;
	return box;
}

/* The first CPU of the picture in that state is its own sample. */
static void legend_seats(svg *s, legend *l)
{
	static const char *const words[VN_SEAT_STATE_COUNT] = {
		[VN_SEAT_FREE] = "free CPU",
		[VN_SEAT_UNUSABLE] = "not for guests",
		[VN_SEAT_TAKEN] = "taken by other guests",
		[VN_SEAT_OFFLINE] = "offline",
		[VN_SEAT_FLOAT] = "vCPUs of a cell float here",
		[VN_SEAT_IDLE] = "taken and kept idle",
		[VN_SEAT_EMULATOR] = "emulator threads",
		[VN_SEAT_PINNED] = "pinned: CPU above, vCPU below",
	};
	const vn_picture *picture = s->picture;
	uint32_t seen = 0;

	for (uint32_t i = 0; i < picture->n_seats; i++) {
		vn_seat sample = picture->seats[i];
		const char *text = words[sample.state];

		if (seen & 1u << sample.state)
			continue;
		seen |= 1u << sample.state;
		if (sample.state == VN_SEAT_PINNED && !s->detail->two_lines)
			text = s->detail->labels ? "pinned: the number is the vCPU's"
						 : "pinned to a vCPU";
		sample.isolated = false;
		svg_box box = legend_item(s, l, s->detail->width, s->detail->height, text);

		svg_seat(s, box.x, box.y, &sample);
	}
}

static void legend_isolated(svg *s, legend *l)
{
	for (uint32_t i = 0; i < s->picture->n_seats; i++)
		if (s->picture->seats[i].isolated) {
			svg_box box = legend_item(s, l, 8, 8, "isolated CPU (isolcpus)");

			svg_raw(s, "<path class=\"iso\" d=\"M%d %dh-7l7 7z\"/>\n",
				box.x + box.width, box.y);
			return;
		}
}

static void legend_memory(svg *s, legend *l)
{
	const vn_placement *placement = s->picture->placement;
	svg_box box = legend_item(s, l, 24, 9, "memory used");

	svg_rect(s, box, 0, "used");
	if (placement) {
		box = legend_item(s, l, 24, 9, "memory of this guest's cell");
		svg_rect(s, box, 0, "h0");
	}
	box = legend_item(s, l, 24, 9, "memory free");
	svg_rect(s, box, 0, "free");
}

static void legend_cells(svg *s, legend *l)
{
	uint32_t n = s->picture->placement ? s->picture->placement->n_cells : 0;

	for (uint32_t c = 0; c < n && c < LEGEND_CELLS_MAX; c++) {
		svg_box box = legend_item(s, l, SVG_BADGE_WIDTH, SVG_BADGE_HEIGHT,
					  svg_format(s, "cell %u", c));

		svg_cell_badge(s, box.x, box.y, c);
	}
	if (n > LEGEND_CELLS_MAX)
		legend_item(s, l, 0, 0, svg_format(s, "and %u more", n - LEGEND_CELLS_MAX));
}

int32_t svg_legend(svg *s, svg_box box)
{
	legend l = {
		.within = { box.x + SVG_PAD, box.y, box.width - 2 * SVG_PAD, 0 },
		.x = box.x + SVG_PAD,
		.y = box.y + SVG_PAD + 16,
	};

	svg_rect(s, box, 8, "panel");
	svg_text(s, l.x, box.y + SVG_PAD + 11, l.within.width, SVG_TEXT | SVG_BOLD, SVG_START,
		 "ink", "Legend");
	legend_cells(s, &l);
	legend_seats(s, &l);
	legend_isolated(s, &l);
	legend_memory(s, &l);
	return l.y + LEGEND_ROW + SVG_PAD - 4;
}
