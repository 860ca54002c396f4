/* SPDX-License-Identifier: LGPL-2.1-or-later
 * The error value: one sentence and the place that it is about. */
#include "vnuma/base.h"

#include <stdio.h>
#include <string.h>

static int fill(vn_error *err, enum vn_code code, const char *source, uint32_t line,
		uint32_t column, const char *format, va_list args)
{
	if (!err)
		return code;
	*err = (vn_error){ .code = code, .source = source, .line = line, .column = column };
	vsnprintf(err->text, sizeof(err->text), format, args);
	for (char *p = err->text; *p; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			*p = '?'; /* one line, and no escape codes out of an untrusted file */
	return code;
}

int vn_fail(vn_error *err, enum vn_code code, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fill(err, code, NULL, 0, 0, format, args);
	va_end(args);
	return code;
}

int vn_fail_line(vn_error *err, enum vn_code code, const char *source, uint32_t line,
		 uint32_t column, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fill(err, code, source, line, column, format, args);
	va_end(args);
	return code;
}

int vn_fail_spot(vn_error *err, enum vn_code code, const char *source, vn_spot at,
		 const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fill(err, code, source, at.line, at.column, format, args);
	va_end(args);
	return code;
}

int vn_fail_at(vn_error *err, const vn_cursor *at, enum vn_code code, const char *format, ...)
{
	uint32_t line = at->line ? at->line : 1, column = at->column ? at->column : 1;
	va_list args;

	for (const char *p = at->start; p < at->p; p++) {
		column++;
		if (*p == '\n') {
			line++;
			column = 1;
		}
	}
	va_start(args, format);
	fill(err, code, at->source, line, column, format, args);
	va_end(args);
	return code;
}

char *vn_error_format(const vn_error *err, char *to, size_t size)
{
	size_t used = 0;

	if (err->source)
		used += (size_t)snprintf(to, size, "%s:", err->source);
	if (used < size && err->line)
		used += (size_t)snprintf(to + used, size - used, "%u:", err->line);
	if (used < size && err->line && err->column)
		used += (size_t)snprintf(to + used, size - used, "%u:", err->column);
	if (used < size)
		snprintf(to + used, size - used, "%s%s", used ? " " : "", err->text);
	return to;
}
