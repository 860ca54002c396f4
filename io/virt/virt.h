/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What is asked of libvirt: a connection, what runs on its host, and the changes that bring a guest
 * to its plan. Not installed.
 *
 * A guest goes by its name in every call, and is looked up anew: an object of libvirt's dies with
 * its connection. When a call finds the connection lost (the daemon was restarted) it connects once
 * more and is tried again; what must not happen twice (attaching a device) is not. An error is
 * libvirt's own text behind the name of what it is about; its source is the connection's URI, which
 * lives as long as the connection. Nothing is printed, by libvirt neither. The caller ignores
 * SIGPIPE: libvirt's sockets raise it when the daemon has gone. */
#ifndef VN_VIRT_H
#define VN_VIRT_H

#include "vnuma/running.h"

/* ---- connection (connect.c) ---- */

typedef struct vn_virt vn_virt;

enum vn_virt_access { VN_VIRT_READ, VN_VIRT_CHANGE };

/* uri: NULL is libvirt's default (LIBVIRT_DEFAULT_URI, its configuration, what is there).
 * Errors: VN_E_SYSTEM (no daemon, no rights), VN_E_INPUT (not a URI). */
int vn_virt_open(const char *uri, enum vn_virt_access access, vn_virt **ret, vn_error *err);
void vn_virt_free(vn_virt *virt); /* accepts NULL */
VN_DEFINE_AUTO(vn_virt)

const char *vn_virt_uri(const vn_virt *virt); /* as libvirt has resolved it */
/* The guests are processes of this machine: a QEMU driver without a host in its URI. */
bool vn_virt_is_local(const vn_virt *virt);

/* ---- inventory (inventory.c) ---- */

/* Which guests, and how much is asked about them; to be ORed. */
enum vn_virt_which {
	VN_VIRT_RUNNING = 0, /* those that are not off */
	VN_VIRT_DEFINED = 1, /* also those that are */
	/* Ask QEMU for its threads where libvirt's own files may not be read. libvirt then counts
	 * the guest as tainted ("custom monitor control commands issued"), so this is not for
	 * commands that only look. Needs VN_VIRT_CHANGE. */
	VN_VIRT_ASK_QEMU = 2,
};

/* The host and its guests. A local host is read from this machine (vn_host_read "live"), another
 * one from libvirt: capabilities, free memory and pages by node, PCI devices. A guest's pid is that
 * of libvirt's pid file, its threads' tids those of libvirt's status file; both for local guests
 * alone. A guest whose XML cannot be read is there with `unreadable`; one that ends while it is
 * looked at is left out. What each thread may use and did, and the memory of local guests, are
 * io/kernel's to fill in.
 * ret: nothing is accounted yet (vn_running_account). */
int vn_virt_read(vn_virt *virt, unsigned which, vn_running **ret, vn_error *err);

/* ---- one guest (domain.c) ---- */

typedef struct vn_virt_guest {
	char name[256]; /* longer ones cannot be told from each other here and are refused */
	char uuid[40];
	bool running; /* or paused */
	bool persistent;
} vn_virt_guest;

/* By name, or by UUID where there is no such name. VN_E_INPUT: there is no such guest. */
int vn_virt_find(vn_virt *virt, const char *name, vn_virt_guest *ret, vn_error *err);

enum vn_virt_document {
	VN_VIRT_LIVE,	     /* as it runs */
	VN_VIRT_DEFINED_XML, /* as it starts next, with its passwords: to be defined again */
};
int vn_virt_xml(vn_virt *virt, const char *name, enum vn_virt_document which, vn_text *ret,
		vn_error *err);

int vn_virt_define(vn_virt *virt, const char *name, const char *xml, vn_error *err);
/* Start a guest, paused: a defined one, or one of this XML that is gone when it ends. */
int vn_virt_start(vn_virt *virt, const char *name, vn_error *err);
int vn_virt_create(vn_virt *virt, const char *name, const char *xml, vn_error *err);
int vn_virt_resume(vn_virt *virt, const char *name, vn_error *err);
int vn_virt_destroy(vn_virt *virt, const char *name, vn_error *err); /* off is no error */

/* ---- changes of a guest (change.c) ---- */

/* What a change is about; to be ORed. */
enum vn_virt_affect {
	VN_VIRT_AFFECT_LIVE = 1,
	VN_VIRT_AFFECT_DEFINED = 2, /* what it starts with next */
};

int vn_virt_pin_vcpu(vn_virt *virt, const char *name, uint32_t vcpu, const vn_cpuset *cpus,
		     unsigned affect, vn_error *err);
int vn_virt_pin_emulator(vn_virt *virt, const char *name, const vn_cpuset *cpus, unsigned affect,
			 vn_error *err);
int vn_virt_pin_iothread(vn_virt *virt, const char *name, uint32_t id, const vn_cpuset *cpus,
			 unsigned affect, vn_error *err);
/* Nodes of <numatune><memory>; libvirt allows it for mode 'restrictive' alone. */
int vn_virt_set_nodes(vn_virt *virt, const char *name, const vn_nodeset *nodes, unsigned affect,
		      vn_error *err);
/* Our element under <metadata>, as it stands in this domain XML. */
int vn_virt_set_policy(vn_virt *virt, const char *name, const char *domain_xml, size_t size,
		       unsigned affect, vn_error *err);

/* ---- hotplug (hotplug.c) ---- */

typedef struct vn_virt_vcpus {
	uint32_t n; /* the most */
	vn_cpuset online, pluggable;
} vn_virt_vcpus;
int vn_virt_get_vcpus(vn_virt *virt, const char *name, enum vn_virt_document which,
		      vn_virt_vcpus *ret, vn_error *err);
int vn_virt_set_vcpu(vn_virt *virt, const char *name, uint32_t vcpu, bool on, unsigned affect,
		     vn_error *err);

/* A memory device of the guest. */
typedef struct vn_virt_memory {
	const char *model; /* "dimm", "virtio-mem", ... */
	uint64_t size_kib;
	uint64_t block_kib, requested_kib, current_kib; /* of a virtio-mem; else 0 */
	int32_t cell;					/* -1: not said */
	vn_nodeset nodes;				/* empty: not said */
	const char *xml;				/* the element */
} vn_virt_memory;
typedef struct vn_virt_memories {
	uint64_t max_kib; /* <maxMemory>; 0: there is none, memory cannot be added */
	uint32_t slots, n;
	vn_virt_memory *devices;
	uint64_t total_kib; /* <memory>: cells and devices */
} vn_virt_memories;
/* ret: lives in `arena`. */
int vn_virt_get_memories(vn_virt *virt, const char *name, enum vn_virt_document which,
			 vn_arena *arena, vn_virt_memories *ret, vn_error *err);
int vn_virt_attach(vn_virt *virt, const char *name, const char *device, unsigned affect,
		   vn_error *err);
int vn_virt_detach(vn_virt *virt, const char *name, const char *device, unsigned affect,
		   vn_error *err);
/* Ask a virtio-mem device for that much. */
int vn_virt_set_requested(vn_virt *virt, const char *name, const vn_virt_memory *device,
			  uint64_t kib, unsigned affect, vn_error *err);

/* ---- one vnuma at a time on a host (lock.c) ---- */

typedef struct vn_virt_lock {
	int fd;
} vn_virt_lock;
#define VN_VIRT_NO_LOCK                                                                            \
	{                                                                                          \
		-1                                                                                 \
	}
/* Wait until no other vnuma changes guests of this connection's host, at most timeout_ms. The lock
 * is a file under /run/vnuma, or under XDG_RUNTIME_DIR for those who may not write there; it ends
 * with the process too. VN_E_SYSTEM: no folder for it, or it took too long. */
int vn_virt_lock_take(const vn_virt *virt, uint32_t timeout_ms, vn_virt_lock *ret, vn_error *err);
void vn_virt_lock_drop(vn_virt_lock *lock);

#endif
