/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A host: its nodes, CPUs, memory, distances and devices, and what is already taken of them.
 * Everything is arrays indexed by position ("_ix") or by CPU number; there are no pointers between
 * parts. A vn_host owns all of its memory (its arena). */
#ifndef VNUMA_HOST_H
#define VNUMA_HOST_H

#include "vnuma/base.h"

enum {
	VN_PAGE_SIZES_MAX = 8,	 /* page sizes of one host (arm64 with 64 KiB base has 4) */
	VN_DEVICE_NAMES_MAX = 8, /* OS names of one device: eth0, br0, ... */
	VN_HOST_DEVICES_MAX = 4096,
	VN_HOST_POOLS_MAX = 4096,
	VN_PHYSNETS_MAX = 64, /* names of physical networks on one host */
	VN_SMT_MAX = 8,	      /* threads of one core: POWER8 has 8 */
};

/* Pages of one size on one node. free = total - used - reserved. */
typedef struct vn_pages {
	uint64_t size_kib;
	uint64_t total, used, reserved; /* counts of pages */
} vn_pages;

/* A node of the host. Memory in KiB. */
typedef struct vn_node {
	uint32_t id;	    /* OS number, 0..VN_NODE_MAX-1; nodes[] ascends by it */
	int32_t socket;	    /* physical package, -1 unknown */
	vn_cpuset cpus;	    /* online CPUs that shared guests may use */
	vn_cpuset pcpus;    /* online CPUs that dedicated guests may use; the same set by default */
	vn_cpuset pinned;   /* of pcpus: taken by dedicated guests */
	uint32_t cpu_usage; /* shared vCPUs already placed here */
	uint64_t mem_kib;   /* all memory of the node, huge pages included */
	uint64_t mem_used_kib; /* of it: not available; more than mem_kib when overcommitted */
	uint64_t cache_kib;    /* of the available: holds files that the kernel drops on demand;
				  `numactl -H` counts it as used */
	uint32_t n_pages;      /* page sizes, ascending; 0 = page counts are not known */
	vn_pages pages[VN_PAGE_SIZES_MAX];
	bool gpu_memory;   /* memory of an accelerator: never chosen unless named */
	uint64_t physnets; /* physical networks that are near this node: bits into vn_host.physnets
			    */
	bool tunneled;	   /* so is the network that carries tunnels */
} vn_node;

/* Ordinary pages have 4, 16 or 64 KiB; larger ones are huge pages. */
enum { VN_BASE_PAGE_KIB_MAX = 64 };
/* Index of the node's first huge page size: ordinary pages, when they are listed, come first. */
static inline uint32_t vn_node_first_huge(const vn_node *node)
{
	return node->n_pages && node->pages[0].size_kib <= VN_BASE_PAGE_KIB_MAX;
}
/* CPUs that shared or dedicated guests may use. */
static inline vn_cpuset vn_node_all_cpus(const vn_node *node)
{
	vn_cpuset all = node->cpus;

	vn_cpuset_or(&all, &node->pcpus);
	return all;
}

/* One logical CPU. node_ix is -1 for numbers that do not exist or are offline. Groups are numbered
 * 0.. over the whole host in the order of their lowest CPU; -1 = not known. */
typedef struct vn_cpu {
	int32_t node_ix;
	int32_t core; /* CPUs of one core are siblings */
	int32_t l3;   /* CPUs that share a last-level cache */
	int32_t die;
	int32_t socket;
} vn_cpu;

/* A PCI device of the host. */
typedef struct vn_device {
	vn_pci_address address;
	uint16_t vendor, product, class_id;
	int32_t node_ix;     /* -1: the platform does not say */
	int32_t iommu_group; /* -1: none */
	uint32_t n_names;
	const char *names[VN_DEVICE_NAMES_MAX]; /* network and block names, and the bridges above
						   them */
	bool taken;				/* a guest has it */
} vn_device;

/* PCI devices that are counted and not listed (Nova's pools): no addresses, so they cannot be given
 * to a guest by this library, but a fit can be asked for them. */
typedef struct vn_pool {
	uint16_t vendor, product;
	int32_t node_ix; /* -1: the platform does not say */
	uint32_t count;	 /* free ones */
} vn_pool;

/* The CPUs of one core on one node, ascending. */
typedef struct vn_core {
	int16_t cpus[VN_SMT_MAX];
	uint8_t n;
} vn_core;

/* What a node has free, as counts of CPUs and cores. */
typedef struct vn_node_counts {
	uint32_t floats;      /* CPUs where floating vCPUs may run: cpus - pinned */
	uint32_t float_cores; /* cores of those */
	uint32_t threads;     /* CPUs that are free for pins: pcpus - pinned */
	uint32_t present;     /* pcpus, free or not */
	uint32_t all;	      /* cpus and pcpus */
	uint32_t pinned;
	uint32_t l3_groups;		/* that its CPUs are in, at least 1 */
	bool overlap;			/* a CPU is free both for floating and for pins */
	bool has_cpus;			/* cpus is not empty */
	uint16_t whole[VN_SMT_MAX + 1]; /* [k] cores of k threads, all free for pins */
	uint16_t part[VN_SMT_MAX + 1];	/* [k] other cores with k threads free for pins */
} vn_node_counts;

/* Made by vn_host_count. The cores stand node by node, those of node i from first[i] on. */
typedef struct vn_host_index {
	uint32_t words; /* of a vn_cpuset that this host's CPUs reach into */
	vn_core *cores;
	uint32_t *first;	/* [n_nodes + 1] */
	vn_node_counts *counts; /* [n_nodes] */
	uint16_t *alike;   /* [n_nodes] the first node that could be swapped with it without any
			      change   of a distance between nodes */
	uint64_t *counted; /* the sets that were counted: [n_nodes][cpus, pcpus, pinned][words] */
} vn_host_index;

typedef struct vn_host {
	vn_arena *arena;
	const char *source; /* where it was read from: "live", a path, "synthetic:..." */
	uint32_t n_nodes;
	vn_node *nodes;				   /* ascending by id */
	uint32_t n_cpus;			   /* highest CPU number + 1 */
	vn_cpu *cpus;				   /* [n_cpus] */
	uint32_t n_cores, n_l3, n_dies, n_sockets; /* how many groups cpus[] numbers */
	uint32_t threads_per_core;		   /* the most siblings that any core has */
	vn_cpuset offline, isolated;		   /* isolated: kernel isolcpus */
	uint32_t *slit; /* [n_nodes * n_nodes] from * n_nodes + to; 10 = local; NULL unknown */
	uint32_t *latency_ns; /* same shape, HMAT or measured; 0 = not known; NULL = none known */
	uint32_t *bandwidth_mibs; /* MiB/s, same shape; 0 = not known; NULL = none known */
	uint32_t n_devices;
	vn_device *devices; /* ascending by address */
	uint32_t n_pools;
	vn_pool *pools;
	uint32_t n_physnets;
	const char **physnets; /* names, at most VN_PHYSNETS_MAX */
	vn_host_index *index;  /* NULL: not counted, or a core has more than VN_SMT_MAX threads */
} vn_host;

/* Read a host from `source` (DESIGN's SOURCE): "live", "synthetic:TEXT" (hwloc's notation), or a
 * file or folder that is recognised by its content: libvirt capabilities XML, hwloc XML (v2), vnuma
 * JSON, a sysfs root (a folder with sys/devices/system), "-" = standard input.
 * Errors: VN_E_INPUT, VN_E_SYNTAX, VN_E_RANGE, with the place. */
int vn_host_read(const char *source, vn_host **ret, vn_error *err);

/* The same from bytes of a capabilities XML, hwloc XML or vnuma JSON document. */
int vn_host_parse(const char *source, const char *bytes, size_t size, vn_host **ret, vn_error *err);
void vn_host_free(vn_host *host); /* accepts NULL */
VN_DEFINE_AUTO(vn_host)

/* Count what is free on each node (host->index), which every fit builds on. The readers of hosts
 * do it, and vn_host_take and vn_host_release for the nodes that they touch. Who changes cpus[] or
 * distances by hand calls this again, and who changes the CPU sets of a node vn_host_count_node: a
 * fit does not notice what it was not told (builds with assertions do). Errors: VN_E_NOMEM. */
int vn_host_count(vn_host *host, vn_error *err);
void vn_host_count_node(vn_host *host, uint32_t node_ix);    /* after its pinned changed */
bool vn_host_counted(const vn_host *host, uint32_t node_ix); /* is the index up to date? */
/* The parts of counting. */
void vn_node_count(const vn_node *node, const vn_core *cores, uint32_t n_cores, uint32_t words,
		   vn_node_counts *ret);
void vn_cores_count(const vn_core *cores, uint32_t n, const uint64_t *floats, const uint64_t *pins,
		    vn_node_counts *ret);

/* The vnuma JSON form ("vnuma/host/1", docs/host.schema.json); vn_host_parse reads it back to an
 * equal host. Appended to *ret, ends in a newline. */
int vn_host_write_json(const vn_host *host, vn_text *ret, vn_error *err);

/* Distance between nodes by index: the SLIT, else 10 to itself and 20 to others. */
static inline uint32_t vn_host_distance(const vn_host *host, uint32_t from_ix, uint32_t to_ix)
{
	if (host->slit)
		return host->slit[(size_t)from_ix * host->n_nodes + to_ix];
	return from_ix == to_ix ? 10 : 20;
}
int vn_host_node_ix(const vn_host *host, uint32_t id); /* -1: no such node */
static inline uint64_t vn_pages_free(const vn_pages *pages)
{
	uint64_t gone = pages->used + pages->reserved;

	return pages->total > gone && gone >= pages->used ? pages->total - gone : 0;
}
const vn_pages *vn_node_pages(const vn_node *node, uint64_t size_kib); /* NULL: no such size */
/* Memory in ordinary (smallest) pages that nobody has, in KiB: by page counts where known, else
 * mem - used. */
uint64_t vn_node_free_kib(const vn_node *node);
/* CPUs that are free for 1:1 pins: pcpus - pinned. */
vn_cpuset vn_node_free_pcpus(const vn_node *node);
/* CPUs of `core` (a number of vn_cpu.core). */
vn_cpuset vn_host_core_cpus(const vn_host *host, int32_t core);
/* The device at an address, or with one of its names; NULL if there is none. */
const vn_device *vn_host_device_at(const vn_host *host, vn_pci_address address);
const vn_device *vn_host_device_named(const vn_host *host, const char *name);

/* ---- measured distances ---- */

/* Latency and bandwidth between the nodes of a host, as `vnuma measure` finds them: matrices
 * [from * n_nodes + to], from a node's CPUs to a node's memory; 0 = not known. */
typedef struct vn_measurement {
	vn_arena *arena;
	uint32_t n_nodes;
	uint32_t *ids; /* OS numbers, ascending */
	uint32_t *latency_ns, *bandwidth_mibs;
	uint32_t *distances; /* made from the latencies: 10 = local */
	uint64_t page_kib, buffer_kib;
	uint32_t elapsed_ms;
	uint32_t
		n_notes; /* at most VN_MEASUREMENT_NOTES_MAX: what could not be measured, and why */
	const char **notes;
} vn_measurement;
enum { VN_MEASUREMENT_NOTES_MAX = 64 };
int vn_measurement_new(uint32_t n_nodes, vn_measurement **ret, vn_error *err);
void vn_measurement_free(vn_measurement *measured); /* accepts NULL */
VN_DEFINE_AUTO(vn_measurement)

/* Fill distances: the latency to a node over that to the own one, times 10, the same both ways.
 * What is within 5 % of local is local. */
void vn_measurement_distances(vn_measurement *measured);

/* JSON, "vnuma/measure/1" (docs/measure-format.md), both ways. */
int vn_measurement_write_json(const vn_measurement *measured, vn_text *ret, vn_error *err);
int vn_measurement_parse(const char *source, const char *bytes, size_t size, vn_measurement **ret,
			 vn_error *err);

/* The host has these distances, latencies and bandwidths now; what was not measured stays.
 * Errors: VN_E_CONFLICT (a node of the host is not among the measured: another host), VN_E_NOMEM.
 */
int vn_host_use_measured(vn_host *host, const vn_measurement *measured, const char *source,
			 vn_error *err);

#endif
