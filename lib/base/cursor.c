/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Walking the small text formats byte by byte. */
#include "vnuma/base.h"

#include <string.h>

vn_cursor vn_cursor_of(const char *source, const char *bytes, size_t size)
{
	return (vn_cursor){ .source = source, .start = bytes, .p = bytes, .end = bytes + size };
}

vn_cursor vn_cursor_of_string(const char *source, const char *string)
{
	return vn_cursor_of(source, string, strlen(string));
}

int vn_take_uint(vn_cursor *in, uint64_t max, uint64_t *ret, vn_error *err)
{
	vn_cursor at = *in;
	uint64_t value = 0;
	bool over = false;

	if (in->p == in->end)
		return vn_fail_at(err, &at, VN_E_SYNTAX, "a number is missing at the end of '%.*s'",
				  (int)(in->end - in->start), in->start);
	if (*in->p < '0' || *in->p > '9')
		return vn_fail_at(err, &at, VN_E_SYNTAX, "'%c' stands where a number belongs",
				  *in->p);
	for (; in->p < in->end && *in->p >= '0' && *in->p <= '9'; in->p++)
		if (__builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, (uint64_t)(*in->p - '0'), &value))
			over = true;
	if (over || value > max)
		return vn_fail_at(err, &at, VN_E_RANGE, "%.*s is more than the largest, %llu",
				  (int)(in->p - at.p), at.p, (unsigned long long)max);
	*ret = value;
	return VN_OK;
}

bool vn_take_byte(vn_cursor *in, char byte)
{
	if (in->p == in->end || *in->p != byte)
		return false;
	in->p++;
	return true;
}

void vn_take_space(vn_cursor *in)
{
	while (in->p < in->end && strchr(" \t\n\r", *in->p) && *in->p)
		in->p++;
}

int vn_uint_parse(vn_cursor in, uint64_t max, uint64_t *ret, vn_error *err)
{
	uint64_t value;
	int r;

	vn_take_space(&in);
	if ((r = vn_take_uint(&in, max, &value, err)) < 0)
		return r;
	vn_take_space(&in);
	if (in.p != in.end)
		return vn_fail_at(err, &in, VN_E_SYNTAX, "'%.*s' is not a number",
				  (int)(in.end - in.start), in.start);
	*ret = value;
	return VN_OK;
}
