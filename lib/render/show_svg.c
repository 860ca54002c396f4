/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What runs, as a picture: a room for each node with its CPUs, filled with the colour of the guest
 * that is pinned there and tinted with those that may run there, a dot where a vCPU ran last, and a
 * bar of its memory by guest; below, the guests. The rules of svg.h hold: whole pixels, text that
 * stays in its box, the same input gives the same bytes. */
#include "render/show.h"
#include "render/svg.h"

enum {
	ROOM_WIDTH = 400,
	ROOM_HEAD = 24,
	BAR_HEIGHT = 16,
	BAR_WORDS = 18,
	SEAT_WIDTH = 26,
	SEAT_HEIGHT = 24,
	SEAT_SMALL = 10,
	SMALL_FROM = 96, /* CPUs of a node from which on the boxes are small */
	CORE_GAP = 5,
	TINTS_MAX = 4,
	GUEST_HEIGHT = 38,
	GUESTS_MAX = 64, /* lines; more are counted */
	PAGE_MIN = 640,
	ACROSS_MAX = 4,
};

typedef struct page {
	svg s;
	const vn_show *show;
	const vn_host *host;
	vn_show_guest *guests;
	uint32_t n;
	uint32_t across; /* rooms side by side */
	int32_t room_width;
	int32_t width; /* of what is inside of the margins */
} page;

/* ---- CPUs ---- */

/* The guests that have to do with a CPU. */
typedef struct tenants {
	int32_t pinned; /* the first with a vCPU of its own there; -1 */
	uint32_t n_floating;
	uint32_t floating[TINTS_MAX];
	bool runs;
} tenants;

static tenants tenants_of(const page *p, unsigned cpu)
{
	tenants found = { .pinned = -1 };

	for (uint32_t i = 0; i < p->n; i++) {
		bool floats = false;

		for (uint32_t row = 0; row < p->guests[i].n_rows; row++) {
			const vn_show_row *r = &p->guests[i].rows[row];

			if (r->kind != VN_THREAD_VCPU)
				continue;
			found.runs |= vn_cpuset_has(&r->now, cpu);
			if (!r->known || !vn_cpuset_has(&r->allowed, cpu))
				continue;
			if (r->each == 1 || vn_cpuset_count(&r->allowed) == 1)
				found.pinned = found.pinned < 0 ? (int32_t)i : found.pinned;
			else
				floats = true;
		}
		if (floats && found.n_floating < TINTS_MAX)
			found.floating[found.n_floating++] = i;
	}
	return found;
}

static void add_seat_title(page *p, unsigned cpu, const tenants *t)
{
	const char *pinned = "", *floating = "";

	if (t->pinned >= 0)
		pinned = svg_format(&p->s, ", pinned: %.60s", p->guests[t->pinned].guest->name);
	if (t->n_floating)
		floating = svg_format(&p->s, ", floating: %.60s%s",
				      p->guests[t->floating[0]].guest->name,
				      t->n_floating > 1 ? " and others" : "");
	svg_title(&p->s, "CPU %u%s%s", cpu, pinned, floating);
}

static void draw_seat(page *p, svg_box box, unsigned cpu)
{
	tenants t = tenants_of(p, cpu);
	int32_t middle = box.x + box.width / 2, n = (int32_t)t.n_floating;

	svg_raw(&p->s, "<g>");
	add_seat_title(p, cpu, &t);
	svg_rect(&p->s, box, 2,
		 t.pinned >= 0 ? svg_format(&p->s, "c%u", svg_color(t.pinned)) : "free");
	for (int32_t i = 0; i < n && t.pinned < 0; i++) {
		int32_t from = box.width * i / n, to = box.width * (i + 1) / n;

		svg_rect(&p->s, (svg_box){ box.x + from, box.y, to - from, box.height }, 0,
			 svg_format(&p->s, "t%u", svg_color((int32_t)t.floating[i])));
	}
	if (box.width > SEAT_SMALL)
		svg_text(&p->s, middle, box.y + 11, box.width - 2, SVG_TINY, SVG_MIDDLE,
			 t.pinned >= 0 ? svg_ink_on(t.pinned) : "ink",
			 svg_format(&p->s, "%u", cpu));
	if (t.runs)
		svg_raw(&p->s, "<circle class=\"%s\" cx=\"%d\" cy=\"%d\" r=\"%d\"/>",
			t.pinned >= 0 ? svg_ink_on(t.pinned) : "iso", middle,
			box.y + box.height - box.height / 4, box.width > SEAT_SMALL ? 3 : 2);
	svg_raw(&p->s, "</g>\n");
}

/* Core after core, in rows; returns the y below. */
static int32_t draw_seats(page *p, uint32_t ix, int32_t left, int32_t y)
{
	const vn_picture *picture = p->s.picture;
	uint32_t first = picture->first[ix], end = picture->first[ix + 1];
	bool small = end - first > SMALL_FROM;
	int32_t width = small ? SEAT_SMALL : SEAT_WIDTH, height = small ? SEAT_SMALL : SEAT_HEIGHT;
	int32_t x = left, right = left + p->room_width - 2 * SVG_PAD;

	for (uint32_t i = first, stop; i < end; i = stop) {
		int32_t core;

		for (stop = i + 1; stop < end && picture->seats[i].core >= 0 &&
				   picture->seats[stop].core == picture->seats[i].core;)
			stop++;
		core = (int32_t)(stop - i) * (width + SVG_GAP);
		if (x > left && x + core > right) {
			x = left;
			y += height + CORE_GAP;
		}
		for (uint32_t k = i; k < stop; k++, x += width + SVG_GAP)
			draw_seat(p, (svg_box){ x, y, width, height }, picture->seats[k].cpu);
		x += CORE_GAP - SVG_GAP;
	}
	return first < end ? y + height : y;
}

/* ---- memory ---- */

static uint64_t guest_kib(const page *p, uint32_t guest, uint32_t ix)
{
	uint64_t kib = 0;

	for (uint32_t size = 0; size < p->guests[guest].guest->memory.n_sizes; size++)
		kib += vn_show_kib(p->show, p->guests[guest].guest, size, ix);
	return kib;
}

/* A part of the bar, from where the one before it ended; both ends are rounded alike, so that the
 * parts of a full bar fill it. */
static void draw_part(page *p, svg_box bar, uint64_t total, uint64_t *from, uint64_t kib,
		      const char *classes, const char *what)
{
	uint64_t begin = *from < total ? *from : total;
	uint64_t end = kib < total - begin ? begin + kib : total;
	int32_t left = (int32_t)((double)bar.width * (double)begin / (double)total);
	int32_t right = (int32_t)((double)bar.width * (double)end / (double)total);
	char size[32];

	*from = end;
	if (right == left)
		return;
	svg_raw(&p->s, "<g>");
	svg_title(&p->s, "%s: %s", what, vn_size_format(kib, size, sizeof(size)));
	svg_rect(&p->s, (svg_box){ bar.x + left, bar.y, right - left, bar.height }, 0, classes);
	svg_raw(&p->s, "</g>\n");
}

static int32_t draw_memory(page *p, uint32_t ix, svg_box bar)
{
	const vn_node *node = &p->host->nodes[ix];
	uint64_t from = 0, guests = 0;
	char all[32], ours[32], spare[32];

	if (!node->mem_kib) {
		svg_text(&p->s, bar.x, bar.y + 12, bar.width, SVG_SMALL, SVG_START, "mute",
			 "no memory");
		return bar.y + BAR_WORDS;
	}
	svg_rect(&p->s, bar, 2, "free");
	for (uint32_t i = 0; i < p->n; i++) {
		uint64_t kib = guest_kib(p, i, ix);

		draw_part(p, bar, node->mem_kib, &from, kib,
			  svg_format(&p->s, "c%u", svg_color((int32_t)i)),
			  svg_format(&p->s, "%.60s", p->guests[i].guest->name));
		guests += kib;
	}
	draw_part(p, bar, node->mem_kib, &from,
		  node->mem_used_kib > guests ? node->mem_used_kib - guests : 0, "used",
		  "others, and what is promised to guests");
	vn_size_format(node->mem_kib, all, sizeof(all));
	vn_size_format(guests, ours, sizeof(ours));
	vn_size_format(vn_node_free_kib(node), spare, sizeof(spare));
	svg_text(&p->s, bar.x, bar.y + bar.height + 13, bar.width, SVG_SMALL, SVG_START, "mute",
		 svg_format(&p->s, "%s: guests use %s, ordinary memory free: %s", all,
			    guests ? ours : "nothing", vn_node_free_kib(node) ? spare : "none"));
	return bar.y + bar.height + BAR_WORDS;
}

/* ---- rooms ---- */

static int32_t draw_room(page *p, uint32_t ix, svg_box box)
{
	int32_t x = box.x + SVG_PAD, y = box.y + ROOM_HEAD + SVG_PAD / 2;

	if (box.height)
		svg_rect(&p->s, box, 8, "room");
	svg_text(&p->s, x, box.y + 18, p->room_width - 2 * SVG_PAD, SVG_HEAD | SVG_BOLD, SVG_START,
		 "ink", svg_format(&p->s, "node %u", p->host->nodes[ix].id));
	y = draw_seats(p, ix, x, y) + SVG_PAD;
	y = draw_memory(p, ix, (svg_box){ x, y, p->room_width - 2 * SVG_PAD, BAR_HEIGHT });
	return y + SVG_PAD / 2;
}

/* One row of rooms, as high as its highest; returns the y below. */
static int32_t draw_row(page *p, uint32_t first, int32_t y)
{
	uint32_t end = first + p->across < p->host->n_nodes ? first + p->across : p->host->n_nodes;
	int32_t below = y;

	p->s.measuring = true;
	for (uint32_t ix = first; ix < end; ix++) {
		int32_t bottom = draw_room(p, ix, (svg_box){ 0, y, p->room_width, 0 });

		below = bottom > below ? bottom : below;
	}
	p->s.measuring = false;
	for (uint32_t ix = first; ix < end; ix++)
		draw_room(p, ix,
			  (svg_box){ SVG_MARGIN +
					     (int32_t)(ix - first) * (p->room_width + SVG_MARGIN),
				     y, p->room_width, below - y });
	return below + SVG_MARGIN;
}

/* ---- guests ---- */

static const char *words_of(page *p, void (*add)(const vn_show_guest *, vn_text *),
			    const vn_show_guest *g)
{
	VN_AUTO_TEXT text = VN_TEXT_INIT;

	add(g, &text);
	p->s.out->failed |= text.failed;
	return vn_picture_clean(p->s.arena, text.len ? text.bytes : "", false);
}

static void draw_guest(page *p, uint32_t i, int32_t y)
{
	const vn_show_guest *g = &p->guests[i];
	int32_t x = SVG_MARGIN + SVG_PAD, room = p->width - 2 * SVG_PAD - SVG_BADGE_WIDTH - 8;

	svg_cell_badge(&p->s, x, y + 3, i);
	x += SVG_BADGE_WIDTH + 8;
	svg_text(&p->s, x, y + 14, room, SVG_TEXT | SVG_BOLD, SVG_START, "ink",
		 svg_format(&p->s, "%.100s: %s",
			    vn_picture_clean(p->s.arena, g->guest->name, false),
			    words_of(p, vn_show_words_home, g)));
	svg_text(&p->s, x, y + 29, room, SVG_SMALL, SVG_START, "mute",
		 svg_format(&p->s, "policy: %s. %s", words_of(p, vn_show_words_policy, g),
			    words_of(p, vn_show_words_memory, g)));
}

static int32_t draw_guests(page *p, int32_t y)
{
	uint32_t lines = p->n < GUESTS_MAX ? p->n : GUESTS_MAX;
	svg_box box = { SVG_MARGIN, y, p->width,
			(int32_t)(lines ? lines : 1) * GUEST_HEIGHT + 2 * SVG_PAD };

	box.height += p->n > lines ? SVG_LINE : 0;
	svg_rect(&p->s, box, 8, "panel");
	y += SVG_PAD;
	for (uint32_t i = 0; i < lines; i++, y += GUEST_HEIGHT)
		draw_guest(p, i, y);
	if (p->n > lines)
		svg_text(&p->s, SVG_MARGIN + SVG_PAD, y + 12, p->width, SVG_SMALL, SVG_START,
			 "mute", svg_format(&p->s, "and %u more", p->n - lines));
	else if (!p->n)
		svg_text(&p->s, SVG_MARGIN + SVG_PAD, y + 18, p->width, SVG_TEXT, SVG_START, "mute",
			 "No guest is running.");
	return box.y + box.height + SVG_MARGIN;
}

/* Title, and what the boxes mean. */
static int32_t draw_header(page *p, int32_t y)
{
	static const char legend[] = "A filled CPU: a vCPU is pinned to it; tinted: vCPUs may run "
				     "there; a dot: one ran there last.";
	svg_box box = { SVG_MARGIN, y, p->width, p->show->note ? 82 : 64 };
	int32_t x = box.x + SVG_PAD, room = p->width - 2 * SVG_PAD;

	svg_rect(&p->s, box, 8, "panel");
	svg_text(&p->s, x, y + 26, room, SVG_TITLE | SVG_BOLD, SVG_START, "ink",
		 svg_format(&p->s, "What runs on %.80s",
			    p->show->running->source ? p->show->running->source : p->host->source));
	svg_text(&p->s, x, y + 48, room, SVG_TEXT, SVG_START, "mute", legend);
	if (p->show->note)
		svg_text(&p->s, x, y + 66, room, SVG_TEXT, SVG_START, "mute",
			 vn_picture_clean(p->s.arena, p->show->note, false));
	return y + box.height + SVG_MARGIN;
}

/* The body first: only then is the height known that the first line needs. */
static void draw_page(page *p, vn_text *ret)
{
	VN_AUTO_TEXT body = VN_TEXT_INIT;
	int32_t y = SVG_MARGIN, width = p->width + 2 * SVG_MARGIN;

	p->s.out = &body;
	svg_style(&p->s);
	y = draw_header(p, y);
	for (uint32_t first = 0; first < p->host->n_nodes; first += p->across)
		y = draw_row(p, first, y);
	y = draw_guests(p, y);
	p->s.out = ret;
	svg_raw(&p->s,
		"<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"vnuma\" role=\"img\" "
		"aria-labelledby=\"vnuma-title\" width=\"%d\" height=\"%d\" viewBox=\"0 0 %d "
		"%d\">\n"
		"<title id=\"vnuma-title\">%u guest%s that run on a host of %u node%s</title>\n",
		width, y, width, y, p->n, p->n == 1 ? "" : "s", p->host->n_nodes,
		p->host->n_nodes == 1 ? "" : "s");
	ret->failed |= body.failed;
	if (body.len)
		vn_text_add_bytes(ret, body.bytes, body.len);
	vn_text_add(ret, "</svg>\n");
}

static int make_guests(page *p, vn_error *err)
{
	const vn_guest *guest;
	uint32_t at = 0;
	int r;

	p->guests = vn_arena_alloc(p->s.arena, p->show->running->n_guests + (size_t)1,
				   sizeof(*p->guests));
	if (!p->guests)
		return vn_fail(err, VN_E_NOMEM, "no memory for the picture");
	while ((guest = vn_show_next(p->show, &at)))
		if ((r = vn_show_guest_make(p->show, guest, p->s.arena, &p->guests[p->n++], err)) <
		    0)
			return r;
	return VN_OK;
}

int vn_render_show_svg(const vn_show *show, vn_text *ret, vn_error *err)
{
	VN_AUTO(vn_arena)
	arena = vn_arena_new();
	vn_picture picture;
	page p = { .show = show, .host = show->running->host, .across = 1 };
	int r;

	if (!arena)
		return vn_fail(err, VN_E_NOMEM, "no memory for the picture");
	if ((r = vn_picture_make(p.host, NULL, NULL, arena, &picture, err)) < 0)
		return r;
	p.s = (svg){ .picture = &picture, .arena = arena, .out = ret, .all_colors = true };
	if ((r = make_guests(&p, err)) < 0)
		return r;
	while (p.across < ACROSS_MAX && p.across * p.across < p.host->n_nodes)
		p.across++;
	if (p.host->n_nodes % p.across && p.host->n_nodes % (p.across + 1) == 0)
		p.across++; /* full rows */
	p.room_width = p.host->n_nodes == 1 ? PAGE_MIN : ROOM_WIDTH;
	p.width = (int32_t)p.across * (p.room_width + SVG_MARGIN) - SVG_MARGIN;
	draw_page(&p, ret);
	return vn_text_done(ret, err);
}
