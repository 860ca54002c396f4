/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * How the readers make a vn_host. Each reader calls vn_build_start, then adds nodes, CPUs, groups,
 * memory, matrices and devices in the order of its input (groups after the CPUs that they name),
 * and ends with vn_build_finish, which sorts and numbers. Every rule about a host stands here once,
 * so every format is checked alike; the reader only says where in its input the value stands.
 *
 * Until vn_build_finish, nodes[] and the matrices are in the order of the input, and the group
 * numbers in cpus[] are arbitrary. */
#ifndef VN_HOST_BUILD_H
#define VN_HOST_BUILD_H

#include "vnuma/host.h"

enum {
	VN_HOST_BYTES_MAX = 64 << 20, /* largest document that is read */
	VN_SLIT_LOCAL = 10,
	VN_SLIT_DEFAULT = 20, /* to another node, where nobody says */
	VN_SLIT_MAX = 255,
	VN_PCI_HEX_MAX = 0xffff,
};

/* Where a value stands: a line of an XML file, or a path such as "cells[1].pinned" in JSON. */
typedef struct vn_at {
	const char *source;
	uint32_t line;	  /* 0 = not known */
	const char *path; /* NULL = none */
} vn_at;

int vn_fail_where(vn_error *err, const vn_at *at, enum vn_code code, const char *format, ...)
	VN_PRINTF(4, 5);

/* Ways to group CPUs: one column of vn_cpu for each. */
enum vn_group { VN_GROUP_CORE, VN_GROUP_L3, VN_GROUP_DIE, VN_GROUP_SOCKET, VN_GROUP_COUNT };
extern const char *const vn_group_names[VN_GROUP_COUNT]; /* as the JSON fields: "siblings", ... */
int32_t *vn_cpu_group(vn_cpu *cpu, enum vn_group kind);

/* An empty host with n_nodes nodes (1..VN_NODE_MAX) whose ids are still to be set. */
int vn_build_start(const vn_at *at, size_t n_nodes, vn_host **ret, vn_error *err);

/* Give nodes[node_ix] its number: below VN_NODE_MAX, not taken by a node before it. */
int vn_build_node(vn_host *host, uint32_t node_ix, uint64_t id, const vn_at *at, vn_error *err);

/* These online CPUs are in nodes[node_ix]: in no other node. Does not touch node->cpus. */
int vn_build_cpus(vn_host *host, uint32_t node_ix, const vn_cpuset *cpus, const vn_at *at,
		  vn_error *err);

/* These CPUs are one group. Every CPU has a node and no group of the kind, unless exactly the same
 * group was added before (a set that spans nodes stands in each of them). */
int vn_build_group(vn_host *host, enum vn_group kind, const vn_cpuset *cpus, const vn_at *at,
		   vn_error *err);

/* Check mem_kib, mem_used_kib and cache_kib, once all three are there. More may be used than there
 * is: memory can be overcommitted. */
int vn_build_memory(const vn_node *node, const vn_at *at, vn_error *err);

/* Pages of one more size. */
int vn_build_pages(vn_node *node, vn_pages pages, const vn_at *at, vn_error *err);

/* One value of the distances. */
int vn_build_distance(vn_host *host, uint32_t from_ix, uint32_t to_ix, uint64_t value,
		      const vn_at *at, vn_error *err);

/* Room for n_nodes * n_nodes values in *matrix (one of the three of vn_host), all 0, if it has none
 * yet. */
int vn_build_matrix(vn_host *host, uint32_t **matrix, vn_error *err);

/* Append a copy of the device; its node_ix is an index into nodes[] as they stand now. */
int vn_build_device(vn_host *host, const vn_device *device, const vn_at *at, vn_error *err);
/* Append a copy of the name, if the device has room and does not have it. */
int vn_build_device_name(vn_host *host, vn_device *device, const char *name, vn_error *err);

/* Append a copy of the pool; node_ix as for a device. */
int vn_build_pool(vn_host *host, const vn_pool *pool, const vn_at *at, vn_error *err);
/* The network of this name is near the node. host->physnets stays sorted, so that equal hosts have
 * equal numbers. */
int vn_build_physnet(vn_host *host, uint32_t node_ix, const char *name, const vn_at *at,
		     vn_error *err);

/* Sort nodes and devices, number the groups by their lowest CPU, fill in what is known by rule: a
 * CPU in no core is a core of its own; CPUs of nodes with one `socket` number are one socket; a
 * socket without dies is one die. */
int vn_build_finish(vn_host *host, const vn_at *at, vn_error *err);

#endif
