/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Text that stays in its box without knowing the reader's font: widths are those of DejaVu Sans,
 * which is wider than Segoe UI, Helvetica, Roboto, San Francisco, Liberation and Noto Sans. */
#include "render/svg.h"

#include <stdio.h>
#include <string.h>

/* ---- widths ---- */

/* Of the characters ' ' to '~', in 1/100 of the font's size, rounded up; a bold one is at most 1.1
 * times as wide. */
static const uint8_t widths[] = {
	32, 42, 48, 84, 64, 95, 80, 28, 42, 42, 50, 84, 35, 38,	 35, 34, 64, 64,  64,
	64, 64, 64, 64, 64, 64, 64, 37, 37, 84, 84, 84, 54, 100, 71, 70, 70, 77,  64,
	63, 78, 77, 34, 34, 71, 58, 91, 77, 79, 67, 79, 70, 66,	 62, 74, 71, 101, 71,
	66, 69, 42, 34, 42, 84, 50, 50, 62, 66, 55, 66, 62, 40,	 66, 65, 32, 32,  61,
	32, 98, 65, 63, 66, 66, 45, 55, 44, 65, 60, 84, 60, 60,	 53, 65, 34, 65,  84,
};
enum { WIDTH_OTHER = 110, WIDTH_EMOJI = 140, BOLD_PERCENT = 110 };

static int32_t character_width(uint32_t code)
{
	if (code >= 0x2e80)
		return code >= 0x10000 ? WIDTH_EMOJI : WIDTH_OTHER;
	if (code >= ' ' && code - ' ' < VN_LEN(widths))
		return widths[code - ' '];
	return WIDTH_OTHER;
}

static int32_t pixels(int64_t hundredths, int size)
{
	if (size & SVG_BOLD)
		hundredths = hundredths * BOLD_PERCENT / 100;
	hundredths = hundredths * (size & (SVG_BOLD - 1)) / 100 + 1;
	return hundredths > INT16_MAX ? INT16_MAX : (int32_t)hundredths;
}

int32_t svg_text_width(const char *text, int size)
{
	int64_t width = 0;

	while (*text)
		width += character_width(vn_picture_character(&text));
	return pixels(width, size);
}

/* Bytes of `text` that fit into `room` together with an ellipsis. */
static size_t bytes_that_fit(const char *text, int32_t room, int size)
{
	int64_t width = WIDTH_OTHER;
	const char *p = text, *fits = text;

	while (*p) {
		width += character_width(vn_picture_character(&p));
		if (pixels(width, size) > room)
			break;
		fits = p;
	}
	return (size_t)(fits - text);
}

/* ---- drawing ---- */

void svg_raw(svg *s, const char *format, ...)
{
	char small[512];
	va_list args;

	if (s->measuring)
		return;
	va_start(args, format);
	int size = vsnprintf(small, sizeof(small), format, args);
	va_end(args);
	assert(size >= 0 && (size_t)size < sizeof(small));
	vn_text_add_bytes(s->out, small, (size_t)size);
}

const char *svg_format(svg *s, const char *format, ...)
{
	char small[256];
	va_list args;

	va_start(args, format);
	int size = vsnprintf(small, sizeof(small), format, args);
	va_end(args);
	s->out->failed |= size < 0;
	return vn_picture_clean(s->arena, small, false); /* it may end in half a character */
}

void svg_title(svg *s, const char *format, ...)
{
	char small[512];
	va_list args;

	if (s->measuring)
		return;
	va_start(args, format);
	vsnprintf(small, sizeof(small), format, args);
	va_end(args);
	vn_text_add(s->out, "<title>");
	vn_text_add_xml(s->out, vn_picture_clean(s->arena, small, false));
	vn_text_add(s->out, "</title>");
}

int32_t svg_text(svg *s, int32_t x, int32_t y, int32_t room, int size, enum svg_anchor anchor,
		 const char *classes, const char *text)
{
	static const char *const anchors[] = { "", " text-anchor=\"middle\"",
					       " text-anchor=\"end\"" };
	int32_t width = svg_text_width(text, size);
	size_t bytes = strlen(text);
	bool cut = width > room;

	if (cut) {
		bytes = bytes_that_fit(text, room, size);
		width = room;
	}
	if (s->measuring || !bytes)
		return bytes ? width : 0;
	const char *copy = vn_arena_strndup(s->arena, text, bytes);

	s->out->failed |= !copy;
	svg_raw(s, "<text class=\"%s s%d%s\" x=\"%d\" y=\"%d\"%s>", classes ? classes : "ink",
		size & (SVG_BOLD - 1), size & SVG_BOLD ? " b" : "", x, y, anchors[anchor]);
	vn_text_add_xml(s->out, copy ? copy : "");
	vn_text_add(s->out, cut ? "\xe2\x80\xa6</text>\n" : "</text>\n");
	return width;
}

void svg_rect(svg *s, svg_box box, int32_t radius, const char *classes)
{
	svg_raw(s, "<rect class=\"%s\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\"", classes,
		box.x, box.y, box.width, box.height);
	if (radius)
		svg_raw(s, " rx=\"%d\"", radius);
	svg_raw(s, "/>\n");
}
