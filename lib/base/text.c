/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Growing text with a sticky failure flag. */
#include "vnuma/base.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Room for `more` bytes and a NUL; NULL (and failed) when there is no memory. */
static char *reserve(vn_text *text, size_t more)
{
	size_t need, room = text->room ? text->room : 256;
	char *bytes;

	if (text->failed)
		return NULL;
	if (__builtin_add_overflow(text->len, more, &need) || need >= SIZE_MAX / 2) {
		text->failed = true;
		return NULL;
	}
	while (room < need + 1)
		room *= 2;
	if (room != text->room) {
		bytes = realloc(text->bytes, room);
		if (!bytes) {
			text->failed = true;
			return NULL;
		}
		text->bytes = bytes;
		text->room = room;
	}
	return text->bytes + text->len;
}

void vn_text_add_bytes(vn_text *text, const char *bytes, size_t size)
{
	char *to = reserve(text, size);

	if (!to)
		return;
	if (size)
		memcpy(to, bytes, size);
	text->len += size;
	text->bytes[text->len] = '\0';
}

void vn_text_add(vn_text *text, const char *string)
{
	vn_text_add_bytes(text, string, strlen(string));
}

void vn_text_addf(vn_text *text, const char *format, ...)
{
	va_list args;
	char *to;
	int size;

	va_start(args, format);
	size = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (size < 0 || !(to = reserve(text, (size_t)size))) {
		text->failed = true;
		return;
	}
	va_start(args, format);
	vsnprintf(to, (size_t)size + 1, format, args);
	va_end(args);
	text->len += (size_t)size;
}

void vn_text_add_cpuset(vn_text *text, const vn_cpuset *set)
{
	size_t size = vn_cpuset_format(set, NULL, 0);
	char *to = reserve(text, size);

	if (!to)
		return;
	vn_cpuset_format(set, to, size + 1);
	text->len += size;
}

void vn_text_add_nodeset(vn_text *text, const vn_nodeset *set)
{
	size_t size = vn_nodeset_format(set, NULL, 0);
	char *to = reserve(text, size);

	if (!to)
		return;
	vn_nodeset_format(set, to, size + 1);
	text->len += size;
}

void vn_text_add_xml(vn_text *text, const char *string)
{
	for (const char *p = string; *p; p++) {
		switch (*p) {
		case '&': vn_text_add(text, "&amp;"); break;
		case '<': vn_text_add(text, "&lt;"); break;
		case '>': vn_text_add(text, "&gt;"); break;
		case '"': vn_text_add(text, "&quot;"); break;
		case '\'': vn_text_add(text, "&apos;"); break;
		default: vn_text_add_bytes(text, p, 1);
		}
	}
}

int vn_text_done(const vn_text *text, vn_error *err)
{
	return text->failed ? vn_fail(err, VN_E_NOMEM, "no memory for the output") : VN_OK;
}

void vn_text_clear(vn_text *text)
{
	free(text->bytes);
	*text = (vn_text)VN_TEXT_INIT;
}
