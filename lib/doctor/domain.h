/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Facts of a domain XML that a request does not carry, because a plan has no use for them and the
 * checks have. Lenient: what is malformed is as if it were not there, since libvirt has accepted
 * the document already, and the request reader has bounded it. */
#ifndef VN_DOCTOR_DOMAIN_H
#define VN_DOCTOR_DOMAIN_H

#include "vnuma/guest.h"

enum { VN_CONTROLLERS_MAX = 256, VN_DISK_THREADS_MAX = 256 };

/* A PCI bus of the guest: a <controller type='pci'>, at the place of its index. */
typedef struct vn_domain_bus {
	bool there, expander;
	int32_t cell;	/* <target><node>; -1: none */
	int32_t parent; /* the bus that it sits on; -1: none, or libvirt chooses */
} vn_domain_bus;

/* A disk that names I/O threads. `element` as in vn_guest_device. */
typedef struct vn_domain_disk {
	uint32_t element;
	vn_cpuset iothreads; /* ids */
} vn_domain_disk;

typedef struct vn_domain {
	bool hard_limit, locked, nosharepages, memfd, allocate_at_start;
	bool auto_vcpu, auto_memory; /* placement='auto' */
	bool max_memory, virtio_mem;
	bool resource_control; /* <cachetune> or <memorytune> */
	bool windows;	       /* libosinfo says so */
	bool has_topology;
	bool memory_mode_given;
	enum vn_mem_mode memory_mode; /* of <numatune><memory>: strict when it does not say */
	vn_cpuset memnodes;	      /* cells with a <memnode> */
	enum vn_mem_mode memnode_mode[VN_CELL_MAX];
	vn_cpuset uncovered; /* vCPUs that no <cell> names; empty without cells */
	vn_cpuset realtime;  /* vCPUs under fifo or rr */
	vn_cpuset beyond;    /* vCPU numbers of <vcpupin> that the guest has not */
	uint32_t n_iothreadpins;
	struct {
		uint32_t id;
		vn_cpuset cpus;
	} * iothreadpins;
	bool distances; /* any cell has them */
	uint16_t *slit; /* [n_cells * n_cells], as libvirt fills it; NULL without cells */
	uint32_t n_disks;
	vn_domain_disk *disks;
	vn_domain_bus *buses; /* [VN_CONTROLLERS_MAX] */
	int32_t *device_bus;  /* [n_devices] of the request: its guest bus; -1: not said */
} vn_domain;

/* Read request->xml. Without a document every fact is absent.
 * ret: lives in `arena`. Errors: VN_E_NOMEM. */
int vn_domain_read(const vn_request *request, vn_arena *arena, vn_domain **ret, vn_error *err);

#endif
