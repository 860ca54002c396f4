/* SPDX-License-Identifier: LGPL-2.1-or-later
 * A JSON tree in the making. */
#include "render/json_out.h"

void json_put(struct json_out *out, json_t *object, const char *name, json_t *value)
{
	out->failed |= json_object_set_new(object, name, value) < 0;
}

void json_push(struct json_out *out, json_t *array, json_t *value)
{
	out->failed |= json_array_append_new(array, value) < 0;
}

json_t *json_any_text(const char *text)
{
	json_t *value = json_string(text ? text : "");

	return value ? value : json_string("?");
}

static json_t *taken_text(struct json_out *out, const vn_text *text)
{
	out->failed |= text->failed;
	return json_string(text->bytes && !text->failed ? text->bytes : "");
}

json_t *json_cpus(struct json_out *out, const vn_cpuset *set)
{
	VN_AUTO_TEXT text = VN_TEXT_INIT;

	vn_text_add_cpuset(&text, set);
	return taken_text(out, &text);
}

json_t *json_nodes(struct json_out *out, const vn_nodeset *set)
{
	VN_AUTO_TEXT text = VN_TEXT_INIT;

	vn_text_add_nodeset(&text, set);
	return taken_text(out, &text);
}
