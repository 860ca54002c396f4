/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A JSON tree in the making. jansson's setters accept NULL values and then fail, so one flag is
 * enough for a whole tree. Values that are put are the tree's from then on, also on failure. */
#ifndef VNUMA_RENDER_JSON_OUT_H
#define VNUMA_RENDER_JSON_OUT_H

#include <jansson.h>

#include "vnuma/base.h"

struct json_out {
	bool failed;
};

void json_put(struct json_out *out, json_t *object, const char *name, json_t *value);
void json_push(struct json_out *out, json_t *array, json_t *value);
/* A name from outside can hold any bytes: "?" for what is not UTF-8; "" for NULL. */
json_t *json_any_text(const char *text);
/* "0-3,8"; "" for an empty set. */
json_t *json_cpus(struct json_out *out, const vn_cpuset *set);
json_t *json_nodes(struct json_out *out, const vn_nodeset *set);

#endif
