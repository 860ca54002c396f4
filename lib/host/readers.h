/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The readers of lib/host, one for each kind of SOURCE. read.c recognises the kind and calls one of
 * them. */
#ifndef VN_HOST_READERS_H
#define VN_HOST_READERS_H

#include "host/build.h"

#include <libxml/tree.h>

/* vnuma JSON (json.c). */
int vn_host_parse_json(const char *source, const char *bytes, size_t size, vn_host **ret,
		       vn_error *err);

/* libvirt capabilities (caps.c), and hwloc XML v2 (hwloc_xml.c), from their parsed documents. */
int vn_host_parse_caps(const char *source, xmlNode *root, vn_host **ret, vn_error *err);
int vn_host_parse_hwloc(const char *source, xmlNode *root, vn_host **ret, vn_error *err);

/* hwloc's own discovery (hwloc.c): hwloc's synthetic notation; or the machine whose /sys and /proc
 * stand under `root`, "/" being this one. */
int vn_host_read_synthetic(const char *source, const char *text, vn_host **ret, vn_error *err);
int vn_host_read_root(const char *source, const char *root, vn_host **ret, vn_error *err);

#endif
