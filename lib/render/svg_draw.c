/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Text that stays in its box without knowing the reader's font: widths are those of DejaVu Sans,
 * which is wider than Segoe UI, Helvetica, Roboto, San Francisco, Liberation and Noto Sans. */
#include "render/svg.h"

#include <stdio.h>
#include <string.h>

/* ---- widths ---- */

/* 1/100 of the font's size, for groups of characters, rounded up; what is not listed is wide. */
static const struct {
	const char *characters;
	int32_t width;
} widths[] = {
	{"ijl'|",		     28 },
	{ " .,:;/\\I!",		35 },
	{ "fJrt()[]-\"",		 42 },
	{ "csvxyzk*?",		       59 },
	{ "0123456789abdeghnopqu_$L", 64 },
	{ "ABCEFKPSTVXYZ{}~^",	       69 },
	{ "DGHNOQRUw&+=<>#",	     84 },
	{ "mMW@%",		    103},
};
enum { WIDTH_OTHER = 110, WIDTH_EMOJI = 140, BOLD_PERCENT = 112 };

static int32_t character_width(uint32_t code)
{
	if (code >= 0x2e80)
		return code >= 0x10000 ? WIDTH_EMOJI : WIDTH_OTHER;
	for (size_t i = 0; code < 0x80 && i < VN_LEN(widths); i++)
		if (strchr(widths[i].characters, (int)code))
			return widths[i].width;
	return WIDTH_OTHER;
}

static uint32_t take_character(const char **p)
{
	const unsigned char *at = (const unsigned char *)*p;
	size_t size = *at < 0xc0 ? 1 : *at < 0xe0 ? 2 : *at < 0xf0 ? 3 : 4;
	uint32_t code = size == 1 ? *at : *at & (0x7fu >> size);

	for (size_t i = 1; i < size && at[i]; i++)
		code = code << 6 | (at[i] & 0x3f);
	*p += strnlen(*p, size);
	return code;
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
		width += character_width(take_character(&text));
	return pixels(width, size);
}

/* Bytes of `text` that fit into `room` together with an ellipsis. */
static size_t bytes_that_fit(const char *text, int32_t room, int size)
{
	int64_t width = WIDTH_OTHER;
	const char *p = text, *fits = text;

	while (*p) {
		width += character_width(take_character(&p));
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
