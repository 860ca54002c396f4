/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The picture in the terminal: one line for each node, one mark for each CPU, the threads of a core
 * side by side ("0- -- xx"), a bar between groups that share a last-level cache. Meaning never
 * hangs on colour alone, and no line is wider than the terminal. */
#include "render/picture.h"

#include <stdio.h>
#include <string.h>

/* A core is one token; so is what is left of it after this many threads. */
enum { THREADS_MAX = 8, LABEL_MAX = 160 };

typedef struct line_writer {
	const vn_picture *picture;
	const vn_style *style;
	vn_text *out;
	const char *bar; /* between cache groups */
	bool rail;	 /* lines continue behind a bar, as they began */
	uint32_t columns, indent, at;
} line_writer;

/* ---- one mark ---- */

static const struct {
	char mark; /* 0: the cell's */
	const char *sgr;
	const char *text;
} marks[VN_SEAT_STATE_COUNT] = {
	[VN_SEAT_FREE] = { '-', "", "free" },
	[VN_SEAT_UNUSABLE] = { '.', "2", "not for guests" },
	[VN_SEAT_TAKEN] = { 'x', "2", "taken by other guests" },
	[VN_SEAT_OFFLINE] = { '!', "2", "offline" },
	[VN_SEAT_FLOAT] = { '~', "", "vCPUs of the cell at the end of the line float here" },
	[VN_SEAT_IDLE] = { 'i', "", "taken and kept idle" },
	[VN_SEAT_EMULATOR] = { 'e', "", "emulator threads" },
	[VN_SEAT_PINNED] = { 0, "", "one vCPU of that cell, pinned here" },
};

/* The terminal's own colours, which people have made readable on their background. */
static unsigned cell_color(int32_t cell)
{
	static const unsigned char colors[] = { 34, 33, 32, 35, 36, 31, 94, 93, 92, 95, 96, 91 };

	return colors[(uint32_t)cell % VN_LEN(colors)];
}

static void add_mark(line_writer *w, const vn_seat *seat)
{
	char mark = marks[seat->state].mark;

	if (!mark)
		mark = vn_picture_mark((uint32_t)seat->cell);
	if (w->style->color && seat->cell >= 0)
		vn_text_addf(w->out, "\033[1;%um%c\033[0m", cell_color(seat->cell), mark);
	else if (w->style->color && *marks[seat->state].sgr)
		vn_text_addf(w->out, "\033[%sm%c\033[0m", marks[seat->state].sgr, mark);
	else
		vn_text_addf(w->out, "%c", mark);
	w->at++;
}

/* ---- lines ---- */

static void new_line(line_writer *w)
{
	if (w->rail)
		vn_text_addf(w->out, "\n%*s%s ", (int)w->indent - 2, "", w->bar);
	else
		vn_text_addf(w->out, "\n%*s", (int)w->indent, "");
	w->at = w->indent;
}

/* Make room for `width` more columns and the gap before them. */
static void make_room(line_writer *w, uint32_t gap, uint32_t width)
{
	if (w->at > w->indent && w->at + gap + width > w->columns) {
		new_line(w);
		return;
	}
	if (w->at > w->indent) {
		vn_text_addf(w->out, "%*s", (int)gap, "");
		w->at += gap;
	}
}

static void add_token(line_writer *w, const char *text, uint32_t width)
{
	make_room(w, 1, width);
	vn_text_add(w->out, text);
	w->at += width;
}

/* Where the core that starts at seat `i` ends. */
static uint32_t core_end(const vn_seat *seats, uint32_t i, uint32_t end)
{
	uint32_t stop = i + 1;

	while (stop < end && stop - i < THREADS_MAX && seats[stop].core == seats[i].core &&
	       seats[stop].l3 == seats[i].l3)
		stop++;
	return stop;
}

static void add_seats(line_writer *w, uint32_t from, uint32_t to)
{
	const vn_seat *seats = w->picture->seats;

	for (uint32_t i = from, stop; i < to; i = stop) {
		stop = core_end(seats, i, to);
		if (i > from && seats[i].l3 != seats[i - 1].l3)
			add_token(w, w->bar, 1);
		make_room(w, 1, stop - i);
		for (uint32_t s = i; s < stop; s++)
			add_mark(w, &seats[s]);
	}
}

/* ---- what stands behind a node's CPUs ---- */

static void share_label(const vn_picture *picture, const vn_share *share, vn_text *ret)
{
	const vn_place_cell *cell = &picture->placement->cells[share->cell];
	bool one = vn_cpuset_count(&share->vcpus) == 1;

	vn_text_addf(ret, "cell %u: vCPU%s ", share->cell, one ? "" : "s");
	vn_text_add_cpuset(ret, &share->vcpus);
	if (share->pinned) {
		vn_text_add(ret, " pinned");
	} else if (vn_cpuset_equal(&share->cpus, &cell->cpus)) {
		vn_text_add(ret, one ? " floats" : " float");
	} else {
		vn_text_add(ret, " on ");
		vn_text_add_cpuset(ret, &share->cpus);
	}
}

static void add_label(line_writer *w, const char *label)
{
	size_t width = strlen(label), room = w->columns - w->indent;

	make_room(w, 2, (uint32_t)(width < room ? width : room));
	if (width > room)
		vn_text_addf(w->out, "%.*s...", (int)room - 3, label);
	else
		vn_text_add(w->out, label);
	w->at += (uint32_t)(width < room ? width : room);
}

static void add_labels(line_writer *w, uint32_t node_ix)
{
	for (uint32_t s = 0; s < w->picture->n_shares; s++) {
		const vn_share *share = &w->picture->shares[s];
		VN_AUTO_TEXT label = VN_TEXT_INIT;

		if (w->picture->placement->cells[share->cell].node_ix != node_ix)
			continue;
		share_label(w->picture, share, &label);
		if (vn_text_done(&label, NULL) < 0)
			w->out->failed = true;
		else
			add_label(w, label.bytes);
	}
}

static void add_node(line_writer *w, uint32_t ix)
{
	const vn_picture *picture = w->picture;
	uint32_t from = picture->first[ix], to = picture->first[ix + 1];
	char head[32];
	int width = snprintf(head, sizeof(head), "node %u", picture->host->nodes[ix].id);

	vn_text_addf(w->out, "%s%*s%s ", head, (int)w->indent - 2 - width, "", w->bar);
	w->at = w->indent;
	if (from == to)
		add_label(w, "no CPUs");
	add_seats(w, from, to);
	add_labels(w, ix);
	vn_text_add(w->out, "\n");
}

/* ---- legend ---- */

static void add_legend(line_writer *w)
{
	uint32_t n_cells = w->picture->placement ? w->picture->placement->n_cells : 0;
	char text[LABEL_MAX], last = vn_picture_mark(n_cells ? n_cells - 1 : 0);

	w->indent = 2;
	w->rail = false;
	vn_text_add(w->out, "\n  ");
	w->at = w->indent;
	for (int state = VN_SEAT_STATE_COUNT - 1; state >= 0; state--) {
		if (!(w->picture->seen & 1u << state))
			continue;
		if (marks[state].mark)
			snprintf(text, sizeof(text), "%c %s", marks[state].mark, marks[state].text);
		else if (n_cells > 1)
			snprintf(text, sizeof(text), "0-%c %s", last, marks[state].text);
		else
			snprintf(text, sizeof(text), "0 %s", marks[state].text);
		make_room(w, 3, (uint32_t)strlen(text));
		vn_text_add(w->out, text);
		w->at += (uint32_t)strlen(text);
	}
	if (w->picture->host->n_l3 > w->picture->host->n_nodes)
		add_label(w, w->style->utf8 ? "\xe2\x94\x82 between last-level caches"
					    : "| between last-level caches");
	vn_text_add(w->out, "\n");
}

int vn_picture_text(const vn_picture *picture, const vn_style *style, vn_text *ret, vn_error *err)
{
	const vn_host *host = picture->host;
	line_writer w = {
		.picture = picture,
		.style = style,
		.out = ret,
		.bar = style->utf8 ? "\xe2\x94\x82" : "|",
		.rail = true,
		.columns = style->columns ? style->columns : 80,
	};
	uint32_t last = host->n_nodes ? host->nodes[host->n_nodes - 1].id : 0;
	uint32_t order[VN_NODE_MAX];

	if (w.columns < 40)
		w.columns = 40;
	w.indent = (uint32_t)snprintf(NULL, 0, "node %u", last) + 3;
	vn_picture_order(host, order);
	for (uint32_t i = 0; i < host->n_nodes; i++)
		add_node(&w, order[i]);
	if (picture->n_seats)
		add_legend(&w);
	return vn_text_done(ret, err);
}
