/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What hwloc does not give, from /sys and /proc under an open root folder: the CPUs of each node,
 * what is free, offline and isolated CPUs, HMAT, PCI devices. Files that are not there leave their
 * fields alone: copies of a /sys are rarely complete. */
#ifndef VN_HOST_SYSFS_H
#define VN_HOST_SYSFS_H

#include "host/build.h"

/* Open a root folder; the caller closes *ret. */
int vn_sysfs_open(const char *source, const char *root, int *ret, vn_error *err);

/* The online CPUs of a node. False if the kernel does not say. */
bool vn_sysfs_node_cpus(int root, uint32_t id, vn_cpuset *ret);

/* Fill the host, before vn_build_finish. */
int vn_sysfs_fill(int root, vn_host *host, vn_error *err);

/* ---- the parts ---- */

/* sysfs_memory.c: memory and pages of every node. */
int vn_sysfs_memory(int root, vn_host *host, vn_error *err);
/* sysfs_devices.c: PCI devices, with the names of what they carry. */
int vn_sysfs_devices(int root, vn_host *host, vn_error *err);

/* ---- files ---- */

enum { VN_SYSFS_BYTES = 64 << 10 }; /* a list of every second of 8192 CPUs has 44 KiB */

typedef struct vn_sysfs_text {
	size_t size;
	char bytes[VN_SYSFS_BYTES]; /* ends in a NUL, which size does not count */
} vn_sysfs_text;

/* Read a file whose path, relative to the root, is formatted. False if it cannot be read. */
bool vn_sysfs_read(int root, vn_sysfs_text *ret, const char *format, ...) VN_PRINTF(3, 4);
/* The same for a file that holds one number, one list of CPUs. */
bool vn_sysfs_uint(int root, uint64_t *ret, const char *format, ...) VN_PRINTF(3, 4);
bool vn_sysfs_cpus(int root, vn_cpuset *ret, const char *format, ...) VN_PRINTF(3, 4);

/* Where a link points: the text itself, and its last part. False if there is no such link. */
bool vn_sysfs_link(int root, char *to, size_t size, const char *format, ...) VN_PRINTF(4, 5);
const char *vn_sysfs_base(const char *path);

/* Call `each` with every name in a folder, in byte order, until it returns an error. A folder that
 * is not there has no names. */
typedef int vn_sysfs_visitor(void *context, const char *name, vn_error *err);
int vn_sysfs_each(int root, const char *folder, vn_sysfs_visitor *each, void *context,
		  vn_error *err);

#endif
