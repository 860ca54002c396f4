/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the files that read the JSON form share: where they are in the document, and the kinds of
 * values. Each function complains with the path of the value and returns the code. */
#ifndef VN_HOST_JSON_H
#define VN_HOST_JSON_H

#include "host/build.h"

#include <jansson.h>

#define VN_HOST_SCHEMA "vnuma/host/1"

typedef struct vn_json {
	vn_host *host;	     /* being built */
	size_t index;	     /* of the element that vn_json_array reads */
	uint32_t node_ix;    /* of the cell that is read */
	enum vn_group group; /* that vn_json_cell_groups reads */
	vn_pages pages;	     /* that are read */
	vn_device device;    /* that is read */
	vn_pool pool;	     /* that is read */
	bool pool_asked;     /* its devices go only to guests that ask for their kind */
	vn_at at;	     /* at.path is `path` */
	char path[128];	     /* "" at the top */
	vn_error *err;
} vn_json;

typedef struct vn_json_field {
	const char *name;
	bool required;
	int (*read)(vn_json *in, json_t *value);
} vn_json_field;

/* Make the path longer; leave with the mark that enter returned. */
size_t vn_json_enter(vn_json *in, const char *format, ...) VN_PRINTF(2, 3);
void vn_json_leave(vn_json *in, size_t mark);
int vn_json_fail(vn_json *in, enum vn_code code, const char *format, ...) VN_PRINTF(3, 4);

/* Read every field of an object through the table; an unknown or missing one is an error. */
int vn_json_object(vn_json *in, json_t *value, const vn_json_field *fields, size_t n_fields);
/* Read every element of a list; in->index is its number. */
int vn_json_array(vn_json *in, json_t *value, int (*read)(vn_json *in, json_t *value));
int vn_json_uint(vn_json *in, json_t *value, uint64_t max, uint64_t *ret);
int vn_json_bool(vn_json *in, json_t *value, bool *ret);
int vn_json_string(vn_json *in, json_t *value, const char **ret);
/* A row for each node of in->host, into one of its three matrices. */
int vn_json_matrix(vn_json *in, json_t *value, uint32_t **matrix, uint64_t max);
int vn_json_cpuset(vn_json *in, json_t *value, vn_cpuset *ret);

/* json_cell.c: element in->index of "cells", and its CPU groups once all cells are read. */
int vn_json_cell(vn_json *in, json_t *value);
int vn_json_cell_groups(vn_json *in, json_t *value);

/* json_device.c: an element of "devices", and the hexadecimal digits of an identifier. */
int vn_json_device(vn_json *in, json_t *value);
int vn_json_hex(vn_json *in, json_t *value, uint16_t *ret);

/* json_pool.c: an element of "pci_pools". */
int vn_json_pool(vn_json *in, json_t *value);

#endif
