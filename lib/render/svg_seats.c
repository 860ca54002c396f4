/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The CPUs of a room: a box for each thread, in a box for each core, in a frame for each group that
 * shares a last-level cache. Boxes shrink as hosts grow; the smallest have no numbers, only
 * tooltips. */
#include "render/svg.h"

#include <stdio.h>

/* seats_max, width, height, labels, two lines, core pad, core gap, chips */
static const svg_detail details[] = {
	{ 512, 30, 26, true, true, 3, 6, 10 },
	{ 2048, 24, 14, true, false, 2, 4, 4 },
	{ UINT32_MAX, 9, 9, false, false, 1, 3, 2 },
};

enum { FRAME_PAD = 6, FRAME_HEAD = 14, FRAME_GAP = 8, THREADS_MAX = 8 };

/* ---- one thread ---- */

static const char *state_words(svg *s, const vn_seat *seat)
{
	static const char *const words[VN_SEAT_STATE_COUNT] = {
		[VN_SEAT_FREE] = "free",
		[VN_SEAT_UNUSABLE] = "not for guests",
		[VN_SEAT_TAKEN] = "taken by other guests",
		[VN_SEAT_OFFLINE] = "offline",
		[VN_SEAT_IDLE] = "taken and kept idle",
		[VN_SEAT_EMULATOR] = "emulator threads",
	};

	if (seat->state == VN_SEAT_PINNED)
		return svg_format(s, "vCPU %d of cell %d", seat->vcpu, seat->cell);
	if (seat->state == VN_SEAT_FLOAT)
		return svg_format(s, "vCPUs of cell %d may run here", seat->cell);
	return words[seat->state] ? words[seat->state] : "";
}

static void seat_title(svg *s, const vn_seat *seat)
{
	const char *words = state_words(s, seat), *isolated = seat->isolated ? ", isolated" : "";

	if (seat->core >= 0)
		svg_title(s, "CPU %u, core %d%s: %s", seat->cpu, seat->core, isolated, words);
	else
		svg_title(s, "CPU %u%s: %s", seat->cpu, isolated, words);
}

/* Several cells may float over one CPU: each tints a part of the box. */
static void float_tints(svg *s, svg_box box, const vn_seat *seat)
{
	const vn_picture *picture = s->picture;
	uint32_t cells[8], n = 0;

	for (uint32_t i = 0; i < picture->n_shares && n < VN_LEN(cells); i++) {
		const vn_share *share = &picture->shares[i];

		if (!share->pinned && vn_cpuset_has(&share->cpus, seat->cpu) &&
		    (!n || cells[n - 1] != share->cell))
			cells[n++] = share->cell;
	}
	for (uint32_t i = 0; i < n; i++) {
		int32_t from = box.width * (int32_t)i / (int32_t)n;
		int32_t to = box.width * (int32_t)(i + 1) / (int32_t)n;

		svg_rect(s, (svg_box){ box.x + from, box.y, to - from, box.height }, 0,
			 svg_format(s, "t%u", svg_color((int32_t)cells[i])));
	}
}

/* The box itself. States differ in shape, not only in colour: taken has a slash, offline a dashed
 * outline and a cross, what is not for guests a dashed outline. */
static void seat_box(svg *s, svg_box box, const vn_seat *seat)
{
	int32_t right = box.x + box.width, below = box.y + box.height;
	const char *classes = "free";

	if (seat->state == VN_SEAT_PINNED)
		classes = svg_format(s, "c%u", svg_color(seat->cell));
	else if (seat->state == VN_SEAT_IDLE || seat->state == VN_SEAT_EMULATOR)
		classes = svg_format(s, "free own o%u", svg_color(seat->cell));
	else if (seat->state == VN_SEAT_TAKEN)
		classes = "taken";
	else if (seat->state == VN_SEAT_OFFLINE || seat->state == VN_SEAT_UNUSABLE)
		classes = "gone";
	svg_rect(s, box, 2, classes);
	if (seat->state == VN_SEAT_FLOAT)
		float_tints(s, box, seat);
	if (seat->state == VN_SEAT_TAKEN || seat->state == VN_SEAT_OFFLINE)
		svg_raw(s, "<path class=\"slash\" d=\"M%d %dL%d %d\"/>", box.x, below, right,
			box.y);
	if (seat->state == VN_SEAT_OFFLINE)
		svg_raw(s, "<path class=\"slash\" d=\"M%d %dL%d %d\"/>", box.x, box.y, right,
			below);
	if (seat->isolated)
		svg_raw(s, "<path class=\"iso\" d=\"M%d %dh-7l7 7z\"/>\n", right, box.y);
}

/* Second line of a large box. */
static const char *seat_role(svg *s, const vn_seat *seat)
{
	if (seat->state == VN_SEAT_PINNED)
		return svg_format(s, "%d", seat->vcpu);
	if (seat->state == VN_SEAT_IDLE)
		return "idle";
	return seat->state == VN_SEAT_EMULATOR ? "emu" : NULL;
}

static const char *seat_ink(const vn_seat *seat)
{
	if (seat->state == VN_SEAT_PINNED)
		return svg_ink_on(seat->cell);
	if (seat->state == VN_SEAT_TAKEN)
		return "white";
	return seat->state == VN_SEAT_OFFLINE || seat->state == VN_SEAT_UNUSABLE ? "mute" : "ink";
}

static void seat_labels(svg *s, svg_box box, const vn_seat *seat)
{
	const char *cpu = svg_format(s, "%u", seat->cpu), *role = seat_role(s, seat);
	const char *ink = seat_ink(seat);
	int32_t middle = box.x + box.width / 2, room = box.width - 2;

	if (!s->detail->two_lines) {
		bool pinned = seat->state == VN_SEAT_PINNED;

		svg_text(s, middle, box.y + 10, room, pinned ? SVG_TINY | SVG_BOLD : SVG_TINY,
			 SVG_MIDDLE, ink, pinned ? role : cpu);
	} else if (role) {
		svg_text(s, middle, box.y + 9, room, SVG_TINY, SVG_MIDDLE, ink, cpu);
		svg_text(s, middle, box.y + 21, room,
			 svg_text_width(role, SVG_SMALL | SVG_BOLD) > room ? SVG_TINY
									   : SVG_SMALL | SVG_BOLD,
			 SVG_MIDDLE, ink, role);
	} else {
		svg_text(s, middle, box.y + 17, room, SVG_SMALL, SVG_MIDDLE, ink, cpu);
	}
}

void svg_seat(svg *s, int32_t x, int32_t y, const vn_seat *seat)
{
	svg_box box = { x, y, s->detail->width, s->detail->height };

	if (s->measuring)
		return;
	svg_raw(s, "<g>");
	seat_title(s, seat);
	seat_box(s, box, seat);
	if (s->detail->labels)
		seat_labels(s, box, seat);
	svg_raw(s, "</g>\n");
}

/* ---- groups of them ---- */

static uint32_t core_end(const vn_picture *picture, uint32_t i, uint32_t end)
{
	const vn_seat *seats = picture->seats;
	uint32_t stop = i + 1;

	while (stop < end && stop - i < THREADS_MAX && seats[i].core >= 0 &&
	       seats[stop].core == seats[i].core && seats[stop].l3 == seats[i].l3)
		stop++;
	return stop;
}

static uint32_t group_end(const vn_picture *picture, uint32_t i, uint32_t end)
{
	uint32_t stop = i + 1;

	while (stop < end && picture->seats[stop].l3 == picture->seats[i].l3)
		stop++;
	return stop;
}

typedef struct counts {
	uint32_t threads, cores, groups; /* the most of a core, of a group, of a room */
	bool caches;			 /* some group is a known cache */
} counts;

static void count_node(const vn_picture *picture, uint32_t ix, counts *most)
{
	uint32_t end = picture->first[ix + 1], groups = 0;

	for (uint32_t g = picture->first[ix], g_end; g < end; g = g_end) {
		uint32_t cores = 0;

		g_end = group_end(picture, g, end);
		most->caches |= picture->seats[g].l3 >= 0;
		for (uint32_t i = g, stop; i < g_end; i = stop) {
			stop = core_end(picture, i, g_end);
			cores++;
			if (stop - i > most->threads)
				most->threads = stop - i;
		}
		if (cores > most->cores)
			most->cores = cores;
		groups++;
	}
	if (groups > most->groups)
		most->groups = groups;
}

/* Of `count` boxes of that size, how many stand side by side for a block about `ratio_percent` as
 * wide as high; a divisor of `count` is preferred, so that rows are full. */
static uint32_t across(uint32_t count, int32_t width, int32_t height, uint32_t ratio_percent)
{
	static const int32_t tries[] = { 0, -1, 1, 2 };
	uint64_t square = (uint64_t)count * (uint32_t)height * ratio_percent;
	uint32_t want = 1;

	while ((uint64_t)want * want * (uint32_t)width * 100 < square && want < count)
		want++;
	for (size_t i = 0; i < VN_LEN(tries); i++) {
		int64_t try = (int64_t)want + tries[i];

		if (try > 0 && try <= count && count % (uint32_t)try == 0 && (try > 1 || i == 0))
			return (uint32_t)try;
	}
	return want;
}

static int32_t core_width(const svg *s)
{
	return (int32_t)s->threads_across * (s->detail->width + SVG_GAP) - SVG_GAP +
	       2 * s->detail->core_pad;
}

static int32_t core_height(const svg *s, uint32_t threads)
{
	uint32_t rows = (threads + s->threads_across - 1) / s->threads_across;

	return (int32_t)rows * (s->detail->height + SVG_GAP) - SVG_GAP + 2 * s->detail->core_pad;
}

static int32_t group_width(const svg *s)
{
	return (int32_t)s->cores_across * (core_width(s) + s->detail->core_gap) -
	       s->detail->core_gap + 2 * FRAME_PAD;
}

static int32_t seats_width(const svg *s)
{
	return (int32_t)s->groups_across * (group_width(s) + FRAME_GAP) - FRAME_GAP;
}

/* Rooms have a least width: put more cores side by side where it leaves room for them. */
static void use_width(svg *s, uint32_t cores, int32_t width)
{
	for (uint32_t more = s->cores_across + 1; more && more <= cores; more++) {
		uint32_t before = s->cores_across;

		if (cores % more)
			continue;
		s->cores_across = more;
		if (seats_width(s) > width) {
			s->cores_across = before;
			return;
		}
	}
}

void svg_seats_layout(svg *s, int32_t room_min)
{
	counts most = { 1, 1, 1, false };
	int32_t height, rows;

	s->detail = details;
	while (s->picture->n_seats > s->detail->seats_max)
		s->detail++;
	for (uint32_t ix = 0; ix < s->picture->host->n_nodes; ix++)
		count_node(s->picture, ix, &most);
	s->threads_across = most.threads < 4 ? most.threads : 4;
	height = core_height(s, most.threads) + s->detail->core_gap;
	s->cores_across = across(most.cores, core_width(s) + s->detail->core_gap, height, 250);
	rows = (int32_t)((most.cores + s->cores_across - 1) / s->cores_across);
	s->groups_across = across(most.groups, group_width(s) + FRAME_GAP,
				  rows * height + FRAME_HEAD + FRAME_PAD + FRAME_GAP, 150);
	use_width(s, most.cores, room_min - 2 * SVG_PAD);
	s->room_width = seats_width(s) + 2 * SVG_PAD;
	if (s->room_width < room_min)
		s->room_width = room_min;
}

static void draw_core(svg *s, uint32_t from, uint32_t to, int32_t x, int32_t y)
{
	int32_t pad = s->detail->core_pad;

	svg_rect(s, (svg_box){ x, y, core_width(s), core_height(s, to - from) }, 3, "core");
	for (uint32_t i = from; i < to; i++) {
		uint32_t column = (i - from) % s->threads_across;
		uint32_t row = (i - from) / s->threads_across;

		svg_seat(s, x + pad + (int32_t)column * (s->detail->width + SVG_GAP),
			 y + pad + (int32_t)row * (s->detail->height + SVG_GAP),
			 &s->picture->seats[i]);
	}
}

/* Cores in rows; returns the y below. */
static int32_t draw_cores(svg *s, uint32_t from, uint32_t to, int32_t x, int32_t y)
{
	int32_t height = 0;
	uint32_t column = 0;

	for (uint32_t i = from, stop; i < to; i = stop) {
		stop = core_end(s->picture, i, to);
		if (column == s->cores_across) {
			y += height + s->detail->core_gap;
			column = 0;
			height = 0;
		}
		draw_core(s, i, stop, x + (int32_t)column++ * (core_width(s) + s->detail->core_gap),
			  y);
		if (core_height(s, stop - i) > height)
			height = core_height(s, stop - i);
	}
	return y + height;
}

/* One cache group in its frame; without a known cache only the cores. */
static int32_t draw_group(svg *s, uint32_t from, uint32_t to, int32_t x, int32_t y)
{
	int32_t l3 = s->picture->seats[from].l3, below;
	bool measuring = s->measuring;

	if (l3 < 0)
		return draw_cores(s, from, to, x + FRAME_PAD, y);
	s->measuring = true;
	below = draw_cores(s, from, to, x, y + FRAME_HEAD) + FRAME_PAD;
	s->measuring = measuring;
	svg_rect(s, (svg_box){ x, y, group_width(s), below - y }, 4, "cache");
	svg_text(s, x + FRAME_PAD, y + 10, group_width(s) - 2 * FRAME_PAD, SVG_TINY, SVG_START,
		 "mute", svg_format(s, "L3 %d", l3));
	draw_cores(s, from, to, x + FRAME_PAD, y + FRAME_HEAD);
	return below;
}

int32_t svg_seats(svg *s, uint32_t node_ix, int32_t x, int32_t y)
{
	uint32_t end = s->picture->first[node_ix + 1], column = 0;
	int32_t below = y;

	for (uint32_t g = s->picture->first[node_ix], stop; g < end; g = stop) {
		int32_t bottom;

		stop = group_end(s->picture, g, end);
		if (column == s->groups_across) {
			y = below + FRAME_GAP;
			column = 0;
		}
		bottom = draw_group(s, g, stop,
				    x + (int32_t)column++ * (group_width(s) + FRAME_GAP), y);
		if (bottom > below)
			below = bottom;
	}
	return below;
}
