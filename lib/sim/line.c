/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A line of a table -> its fields. Tables of guests hold numbers and names: a quote may stand
 * around a whole field, and nowhere else; there is no line end in a field. */
#include "trace.h"

#include <string.h>

/* The field that starts at in->p, without blanks around it; in->p is behind it. */
static int take_field(vn_cursor *in, vn_cursor *ret, vn_error *err)
{
	const char *comma = memchr(in->p, ',', (size_t)(in->end - in->p));
	const char *end = comma ? comma : in->end;
	vn_cursor field = *in;

	field.end = end;
	while (field.p < field.end && (*field.p == ' ' || *field.p == '\t'))
		field.p++;
	while (field.end > field.p && (field.end[-1] == ' ' || field.end[-1] == '\t'))
		field.end--;
	if (memchr(field.p, '"', (size_t)(field.end - field.p))) {
		size_t size = (size_t)(field.end - field.p);

		if (size < 2 || field.p[0] != '"' || field.end[-1] != '"' ||
		    memchr(field.p + 1, '"', size - 2))
			return vn_fail_at(err, &field, VN_E_SYNTAX,
					  "a '\"' stands around a whole value, without a comma or "
					  "another '\"' in it");
		field.p++;
		field.end--;
	}
	*ret = field;
	in->p = comma ? comma + 1 : in->end;
	return VN_OK;
}

int trace_split(vn_cursor line, vn_cursor fields[VN_TRACE_COLUMNS_MAX], size_t *ret_n,
		vn_error *err)
{
	size_t n = 0;
	bool more = true;
	int r;

	while (more) {
		if (n == VN_TRACE_COLUMNS_MAX)
			return vn_fail_at(err, &line, VN_E_SYNTAX, "a line has more than %d values",
					  VN_TRACE_COLUMNS_MAX);
		more = memchr(line.p, ',', (size_t)(line.end - line.p)) != NULL;
		if ((r = take_field(&line, &fields[n++], err)) < 0)
			return r;
	}
	*ret_n = n;
	return VN_OK;
}
