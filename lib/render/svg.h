/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Inside the SVG writer. Lengths are whole pixels: no fractions, so no locale and no rounding can
 * change the output. Drawing functions return the y below what they drew; while `measuring` is set
 * they draw nothing, so one function tells the height of a thing and draws it. */
#ifndef VN_RENDER_SVG_H
#define VN_RENDER_SVG_H

#include "render/picture.h"

enum {
	SVG_MARGIN = 16, /* around the page, and between panels */
	SVG_PAD = 12,	 /* inside panels and rooms */
	SVG_GAP = 2,	 /* between the threads of a core */
	SVG_LINE = 16,	 /* a line of ordinary text */
	SVG_COLORS = 14, /* cells beyond repeat them; their numbers do not repeat */
};

/* Sizes of text. SVG_BOLD is added to one of them. */
enum {
	SVG_TINY = 8,
	SVG_SMALL = 10,
	SVG_TEXT = 11,
	SVG_HEAD = 13,
	SVG_TITLE = 17,
	SVG_BOLD = 64,
};

/* How much of a thread there is room for on hosts of a size. */
typedef struct svg_detail {
	uint32_t seats_max;	    /* for hosts with up to so many CPUs */
	int32_t width, height;	    /* of one thread */
	bool labels, two_lines;	    /* a number in it; CPU and vCPU */
	int32_t core_pad, core_gap; /* inside and between core boxes */
	uint32_t chips_max;	    /* device chips of one room */
} svg_detail;

typedef struct svg {
	const vn_picture *picture;
	vn_arena *arena;
	vn_text *out;
	bool measuring;
	const svg_detail *detail;
	/* the same for every room, so that they stand in a grid */
	uint32_t threads_across; /* threads of a core side by side */
	uint32_t cores_across;	 /* cores of a cache group side by side */
	uint32_t groups_across;	 /* cache groups of a room side by side */
	int32_t room_width;
	bool sockets_framed; /* a room need not say its socket */
	bool all_colors;     /* for more than the cells of a placement */
} svg;

typedef struct svg_box {
	int32_t x, y, width, height;
} svg_box;

/* ---- svg_draw.c: text that fits, boxes ---- */

/* Width of text in the widest of the usual sans-serif fonts: never less than what is drawn. */
int32_t svg_text_width(const char *text, int size);
enum svg_anchor { SVG_START, SVG_MIDDLE, SVG_END };
/* One line of text with its baseline at y, cut (with an ellipsis) to `room` pixels; classes may
 * be NULL. Returns its width. */
int32_t svg_text(svg *s, int32_t x, int32_t y, int32_t room, int size, enum svg_anchor anchor,
		 const char *classes, const char *text);
void svg_rect(svg *s, svg_box box, int32_t radius, const char *classes);
void svg_raw(svg *s, const char *format, ...) VN_PRINTF(2, 3);
void svg_title(svg *s, const char *format, ...) VN_PRINTF(2, 3); /* a tooltip */
const char *svg_format(svg *s, const char *format, ...) VN_PRINTF(2, 3);

/* ---- svg_style.c: colours ---- */

void svg_style(svg *s); /* <style> and <defs> */
uint32_t svg_color(int32_t cell);
/* "ink on this cell's colour": class of text that is drawn on it. */
const char *svg_ink_on(int32_t cell);
/* A box with the cell's number, as labels and the legend show it. */
void svg_cell_badge(svg *s, int32_t x, int32_t y, uint32_t cell);
enum { SVG_BADGE_WIDTH = 26, SVG_BADGE_HEIGHT = 14 };

/* ---- svg_seats.c: CPUs ---- */

void svg_seat(svg *s, int32_t x, int32_t y, const vn_seat *seat);
/* Sets detail, *_across and room_width, which is at least `room_min`. */
void svg_seats_layout(svg *s, int32_t room_min);
int32_t svg_seats(svg *s, uint32_t node_ix, int32_t x, int32_t y);

/* ---- svg_room.c: one node; svg_devices.c: chips ---- */

int32_t svg_room_height(svg *s, uint32_t node_ix);
void svg_room(svg *s, uint32_t node_ix, svg_box box);
/* Chips of the devices of a node (-1: of no known node), at most `most`, then "+ n more". */
int32_t svg_devices(svg *s, int32_t node_ix, svg_box within, uint32_t most);

/* ---- svg_panels.c: around the rooms ---- */

int32_t svg_header(svg *s, svg_box box);
int32_t svg_strip(svg *s, svg_box box); /* what is on no node; returns box.y if there is nothing */
/* The matrix of distances: its size, {0} for one node; drawn unless measuring. */
svg_box svg_distances(svg *s, int32_t x, int32_t y);
int32_t svg_legend(svg *s, svg_box box);

#endif
