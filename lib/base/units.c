/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Memory sizes with libvirt's units (src/util/virutil.c, virScaleInteger; docs/formatdomain). */
#include "vnuma/base.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

const char vn_unit_names[] = "b, KB, KiB, MB, MiB, GB, GiB, TB, TiB, PB, PiB, EB, EiB";

uint64_t vn_unit_bytes(const char *unit)
{
	static const char letters[] = "kmgtpe";
	const char *rest = unit + 1;
	uint64_t bytes = 1, base;
	const char *letter;

	if (!strcasecmp(unit, "b") || !strcasecmp(unit, "byte") || !strcasecmp(unit, "bytes"))
		return 1;
	if (!*unit)
		return 0;
	if (!*rest || !strcasecmp(rest, "iB"))
		base = 1024;
	else if (!strcasecmp(rest, "B"))
		base = 1000;
	else
		return 0;
	letter = strchr(letters, *unit | 0x20);
	if (!letter || !*letter)
		return 0;
	for (long i = 0; i <= letter - letters; i++)
		bytes *= base;
	return bytes;
}

int vn_scale_kib(uint64_t value, const char *unit, uint64_t *ret, vn_error *err)
{
	uint64_t scale = vn_unit_bytes(unit), bytes;

	if (!scale)
		return vn_fail(err, VN_E_SYNTAX, "'%s' is not a unit of memory (legal: %s)", unit,
			       vn_unit_names);
	if (scale % 1024 == 0) {
		if (__builtin_mul_overflow(value, scale / 1024, ret) || *ret > UINT64_MAX / 1024)
			goto overflow;
		return VN_OK;
	}
	if (__builtin_mul_overflow(value, scale, &bytes))
		goto overflow;
	*ret = bytes / 1024 + (bytes % 1024 != 0);
	return VN_OK;
overflow:
	return vn_fail(err, VN_E_RANGE, "%llu %s is more than 2^64 bytes",
		       (unsigned long long)value, unit);
}

int vn_size_parse(vn_cursor in, const char *default_unit, uint64_t *ret, vn_error *err)
{
	vn_cursor at;
	uint64_t value;
	char unit[8];
	size_t size;
	int r;

	vn_take_space(&in);
	at = in;
	if ((r = vn_take_uint(&in, UINT64_MAX, &value, err)) < 0)
		return r;
	vn_take_space(&in);
	size = (size_t)(in.end - in.p);
	while (size && strchr(" \t\r\n", in.p[size - 1]))
		size--;
	if (!size)
		snprintf(unit, sizeof(unit), "%s", default_unit);
	else if (size < sizeof(unit))
		snprintf(unit, sizeof(unit), "%.*s", (int)size, in.p);
	else
		return vn_fail_at(err, &in, VN_E_SYNTAX,
				  "'%.*s' is not a unit of memory (legal: %s)",
				  (int)(size > 40 ? 40 : size), in.p, vn_unit_names);
	vn_error why;
	uint64_t kib;

	if ((r = vn_scale_kib(value, unit, &kib, &why)) < 0)
		return vn_fail_at(err, r == VN_E_RANGE ? &at : &in, r, "%s", why.text);
	*ret = kib;
	return VN_OK;
}

char *vn_size_format(uint64_t kib, char *to, size_t size)
{
	static const char *const units[] = { "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
	uint64_t scale = 1;
	size_t unit = 0;

	while (unit + 1 < VN_LEN(units) && kib / scale >= 1024) {
		scale *= 1024;
		unit++;
	}
	uint64_t tenths = (kib % scale * 10 + scale / 2) / scale;
	uint64_t whole = kib / scale + tenths / 10;

	if (tenths % 10)
		snprintf(to, size, "%llu.%llu %s", (unsigned long long)whole,
			 (unsigned long long)(tenths % 10), units[unit]);
	else
		snprintf(to, size, "%llu %s", (unsigned long long)whole, units[unit]);
	return to;
}
