/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Reading a request's JSON. Values are known by their path ("guest.cells[1].cpus"), which messages
 * name; the line and column are those of the key's first mention in the request. */
#ifndef VNUMA_GUEST_JSON_READ_H
#define VNUMA_GUEST_JSON_READ_H

#include <jansson.h>

#include "guest/spec.h"

typedef struct vn_gjson_in {
	vn_draft *draft;
	const char *bytes, *end; /* of the request inside the document: keys are looked for here */
	const char *document;
} vn_gjson_in;

/* One value: NULL or JSON null when it is not there. */
typedef struct vn_gjson_value {
	const json_t *json;
	const char *key;  /* the last key of the path, for the place; NULL: none */
	const char *path; /* for messages */
} vn_gjson_value;

/* The member `key` of an object; its path is kept in the request's arena. */
vn_gjson_value vn_gjson_member(const vn_gjson_in *in, vn_gjson_value object, const char *key);
vn_gjson_value vn_gjson_element(const vn_gjson_in *in, vn_gjson_value array, size_t index);
bool vn_gjson_is_absent(vn_gjson_value value);

/* Where the value's key is first mentioned in the request; 0 if it is not. */
vn_spot vn_gjson_spot(const vn_gjson_in *in, vn_gjson_value value);

int vn_gjson_fail(const vn_gjson_in *in, vn_gjson_value at, vn_error *err, enum vn_code code,
		  const char *format, ...) VN_PRINTF(5, 6);

/* VN_E_SYNTAX unless it is an object that has only these keys. */
int vn_gjson_check_keys(const vn_gjson_in *in, vn_gjson_value object, const char *const *legal,
			size_t count, vn_error *err);
/* VN_E_SYNTAX unless it is an array of at most max elements. */
int vn_gjson_check_array(const vn_gjson_in *in, vn_gjson_value array, size_t max, vn_error *err);

typedef struct vn_gjson_range {
	uint64_t min, max; /* max fits an int64_t */
} vn_gjson_range;
int vn_gjson_take_uint(const vn_gjson_in *in, vn_gjson_value value, vn_gjson_range range,
		       uint64_t *ret, vn_error *err);
/* A list of numbers or a string such as "0-7,16"; absent or null: empty. */
int vn_gjson_take_cpus(const vn_gjson_in *in, vn_gjson_value value, vn_cpuset *ret, vn_error *err);
/* Index of names[0..count); absent or null leaves *ret as it is. */
int vn_gjson_take_choice(const vn_gjson_in *in, vn_gjson_value value, const char *const *names,
			 size_t count, int *ret, vn_error *err);

/* The "guest" form: the cells themselves. */
int vn_gjson_read_guest(const vn_gjson_in *in, vn_gjson_value guest, vn_error *err);

#endif
