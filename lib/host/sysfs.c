/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * CPUs and HMAT from /sys (Documentation/ABI/stable/sysfs-devices-node of Linux). */
#include "host/sysfs.h"

#include "host/hex.h"

#include <stdio.h>
#include <string.h>

#define CPU_FOLDER  "sys/devices/system/cpu"
#define NODE_FOLDER "sys/devices/system/node"

/* Kernels before 2.6.30 have the mask alone. */
bool vn_sysfs_node_cpus(int root, uint32_t id, vn_cpuset *ret)
{
	vn_sysfs_text mask;

	if (vn_sysfs_cpus(root, ret, NODE_FOLDER "/node%u/cpulist", id))
		return true;
	if (!vn_sysfs_read(root, &mask, NODE_FOLDER "/node%u/cpumap", id))
		return false;
	mask.bytes[strcspn(mask.bytes, "\n")] = '\0';
	return vn_hex_parse_cpus(mask.bytes, ret) == VN_OK;
}

/* Numbers that exist and are off. "offline" also has those that could only ever be plugged in. */
static void fill_offline(int root, vn_host *host)
{
	vn_cpuset offline, present;

	if (!vn_sysfs_cpus(root, &offline, CPU_FOLDER "/offline"))
		return;
	if (vn_sysfs_cpus(root, &present, CPU_FOLDER "/present"))
		vn_cpuset_and(&offline, &present);
	for (unsigned cpu = 0; cpu < VN_CPU_MAX; cpu++)
		if (host->cpus[cpu].node_ix >= 0)
			vn_cpuset_del(&offline, cpu);
	host->offline = offline;
}

/* The kernel balances no load on isolated CPUs: a floating vCPU would stay where it started. They
 * are for 1:1 pins alone. */
static void fill_isolated(int root, vn_host *host)
{
	if (!vn_sysfs_cpus(root, &host->isolated, CPU_FOLDER "/isolated"))
		return;
	for (uint32_t i = 0; i < host->n_nodes; i++)
		vn_cpuset_minus(&host->nodes[i].cpus, &host->isolated);
}

/* ---- HMAT ---- */

typedef struct initiators {
	int root;
	vn_host *host;
	uint32_t to_ix, access;
} initiators;

static void set(vn_host *host, uint32_t **matrix, uint32_t from_ix, uint32_t to_ix, uint64_t value)
{
	uint32_t *at;

	if (!value || value > UINT32_MAX || vn_build_matrix(host, matrix, NULL) < 0)
		return;
	at = &(*matrix)[(size_t)from_ix * host->n_nodes + to_ix];
	if (!*at)
		*at = (uint32_t)value;
}

/* "node3": the values in this folder are from that node. */
static int add_initiator(void *context, const char *name, vn_error *err)
{
	initiators *in = context;
	uint32_t to = in->host->nodes[in->to_ix].id;
	uint64_t id, value;
	int from_ix;

	(void)err;
	if (strncmp(name, "node", 4) ||
	    vn_uint_parse(vn_cursor_of_string(NULL, name + 4), VN_NODE_MAX - 1, &id, NULL) < 0)
		return VN_OK;
	from_ix = vn_host_node_ix(in->host, (uint32_t)id);
	if (from_ix < 0)
		return VN_OK;
	if (vn_sysfs_uint(in->root, &value, NODE_FOLDER "/node%u/access%u/initiators/read_latency",
			  to, in->access))
		set(in->host, &in->host->latency_ns, (uint32_t)from_ix, in->to_ix, value);
	if (vn_sysfs_uint(in->root, &value,
			  NODE_FOLDER "/node%u/access%u/initiators/read_bandwidth", to, in->access))
		set(in->host, &in->host->bandwidth_mibs, (uint32_t)from_ix, in->to_ix, value);
	return VN_OK;
}

/* Nanoseconds and MiB/s from the best initiators of each node: access0 of any kind, access1 of
 * those with CPUs. What hwloc made of the same files is dropped first. */
static int fill_hmat(int root, vn_host *host, vn_error *err)
{
	char folder[128];
	int r;

	host->latency_ns = host->bandwidth_mibs = NULL;
	for (uint32_t to = 0; to < host->n_nodes; to++)
		for (uint32_t access = 0; access < 2; access++) {
			initiators in = { root, host, to, access };

			snprintf(folder, sizeof(folder), NODE_FOLDER "/node%u/access%u/initiators",
				 host->nodes[to].id, access);
			if ((r = vn_sysfs_each(root, folder, add_initiator, &in, err)) < 0)
				return r;
		}
	return VN_OK;
}

int vn_sysfs_fill(int root, vn_host *host, vn_error *err)
{
	int r;

	fill_offline(root, host);
	fill_isolated(root, host);
	if ((r = fill_hmat(root, host, err)) < 0 || (r = vn_sysfs_memory(root, host, err)) < 0)
		return r;
	return vn_sysfs_devices(root, host, err);
}
