/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Values of a request's JSON, and where to say that they are wrong. */
#include "guest/json_read.h"

#include <stdio.h>
#include <string.h>

/* Every spec of a request is looked for once: larger documents have messages without a place. */
enum { SEARCHED_MAX = 1 << 20 };

static const char *keep_path(const vn_gjson_in *in, const char *path)
{
	const char *copy = vn_arena_strndup(in->draft->request->arena, path, strlen(path));

	return copy ? copy : "";
}

vn_gjson_value vn_gjson_member(const vn_gjson_in *in, vn_gjson_value object, const char *key)
{
	char path[128];

	snprintf(path, sizeof(path), "%s%s%s", object.path, *object.path ? "." : "", key);
	return (vn_gjson_value){ json_object_get(object.json, key), key, keep_path(in, path) };
}

vn_gjson_value vn_gjson_element(const vn_gjson_in *in, vn_gjson_value array, size_t index)
{
	char path[128];

	snprintf(path, sizeof(path), "%s[%zu]", array.path, index);
	return (vn_gjson_value){ json_array_get(array.json, index), array.key,
				 keep_path(in, path) };
}

bool vn_gjson_is_absent(vn_gjson_value value)
{
	return !value.json || json_is_null(value.json);
}

vn_spot vn_gjson_spot(const vn_gjson_in *in, vn_gjson_value value)
{
	vn_spot spot = { 1, 1 };
	char quoted[80];
	const char *at;

	if (!value.key || in->end - in->bytes > SEARCHED_MAX)
		return (vn_spot){ 0 };
	snprintf(quoted, sizeof(quoted), "\"%.70s\"", value.key);
	at = memmem(in->bytes, (size_t)(in->end - in->bytes), quoted, strlen(quoted));
	if (!at)
		return (vn_spot){ 0 };
	for (const char *p = in->document; p < at; p++) {
		spot.column++;
		if (*p == '\n') {
			spot.line++;
			spot.column = 1;
		}
	}
	return spot;
}

int vn_gjson_fail(const vn_gjson_in *in, vn_gjson_value at, vn_error *err, enum vn_code code,
		  const char *format, ...)
{
	char text[sizeof(err->text)];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	return vn_draft_fail(in->draft, vn_gjson_spot(in, at), err, code, "%s%s%s", at.path,
			     *at.path ? ": " : "", text);
}

int vn_gjson_check_keys(const vn_gjson_in *in, vn_gjson_value object, const char *const *legal,
			size_t count, vn_error *err)
{
	const char *key;
	json_t *member;
	char list[200];

	vn_names_list(legal, count, list, sizeof(list));
	if (!json_is_object(object.json))
		return vn_gjson_fail(in, object, err, VN_E_SYNTAX,
				     "not an object (legal: an object of %s)", list);
	json_object_foreach((json_t *)object.json, key, member) {
		(void)member;
		if (vn_name_find(legal, count, key) < 0)
			return vn_gjson_fail(
				in, (vn_gjson_value){ .key = key, .path = object.path }, err,
				VN_E_SYNTAX, "'%.60s' is not known (legal: %s)", key, list);
	}
	return VN_OK;
}

int vn_gjson_check_array(const vn_gjson_in *in, vn_gjson_value array, size_t max, vn_error *err)
{
	if (!json_is_array(array.json))
		return vn_gjson_fail(in, array, err, VN_E_SYNTAX, "not a list");
	if (json_array_size(array.json) > max)
		return vn_gjson_fail(in, array, err, VN_E_RANGE, "%zu entries (legal: at most %zu)",
				     json_array_size(array.json), max);
	return VN_OK;
}

int vn_gjson_take_uint(const vn_gjson_in *in, vn_gjson_value value, vn_gjson_range range,
		       uint64_t *ret, vn_error *err)
{
	json_int_t number = json_integer_value(value.json);

	if (!json_is_integer(value.json))
		return vn_gjson_fail(in, value, err, VN_E_SYNTAX, "%s (legal: %llu to %llu)",
				     value.json ? "not a whole number" : "is missing",
				     (unsigned long long)range.min, (unsigned long long)range.max);
	if (number < (json_int_t)range.min || number > (json_int_t)range.max)
		return vn_gjson_fail(in, value, err, VN_E_RANGE,
				     "'%lld' is not legal (legal: %llu to %llu)", (long long)number,
				     (unsigned long long)range.min, (unsigned long long)range.max);
	*ret = (uint64_t)number;
	return VN_OK;
}

int vn_gjson_take_cpus(const vn_gjson_in *in, vn_gjson_value value, vn_cpuset *ret, vn_error *err)
{
	vn_error why = { 0 };
	vn_cpuset set = { 0 };
	const json_t *number;
	size_t i;

	if (json_is_string(value.json)) {
		const char *list = json_string_value(value.json);

		if (vn_cpuset_parse(vn_cursor_of_string(NULL, list), &set, &why) < 0)
			return vn_gjson_fail(in, value, err, why.code, "'%.60s': %s", list,
					     why.text);
	} else if (json_is_array(value.json)) {
		json_array_foreach(value.json, i, number) {
			json_int_t cpu = json_is_integer(number) ? json_integer_value(number) : -1;

			if (cpu < 0 || cpu >= VN_CPU_MAX)
				return vn_gjson_fail(in, value, err, VN_E_RANGE,
						     "entry %zu is not legal (legal: 0 to %d)", i,
						     VN_CPU_MAX - 1);
			vn_cpuset_add(&set, (unsigned)cpu);
		}
	} else if (!vn_gjson_is_absent(value)) {
		return vn_gjson_fail(in, value, err, VN_E_SYNTAX,
				     "not a CPU list (legal: [0, 1] or \"0-1\")");
	}
	*ret = set;
	return VN_OK;
}

int vn_gjson_take_choice(const vn_gjson_in *in, vn_gjson_value value, const char *const *names,
			 size_t count, int *ret, vn_error *err)
{
	const char *name = json_string_value(value.json);
	int index = name ? vn_name_find(names, count, name) : -1;
	char legal[160];

	if (vn_gjson_is_absent(value))
		return VN_OK;
	vn_names_list(names, count, legal, sizeof(legal));
	if (index < 0)
		return vn_gjson_fail(in, value, err, VN_E_RANGE, "'%.60s' is not legal (legal: %s)",
				     name ? name : "", legal);
	*ret = index;
	return VN_OK;
}
