/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What both pictures (SVG and terminal) show, worked out once: the state of each CPU, ordered as
 * people read a host (node, last-level cache, core, thread), and of each kind of memory.
 * A "seat" is one CPU in that order. The host is the one that was planned against: what the guest
 * takes is not in its `pinned` or used counts yet. */
#ifndef VN_RENDER_PICTURE_H
#define VN_RENDER_PICTURE_H

#include "vnuma/render.h"

/* One CPU has one state: the first that applies, from the bottom of this list up. */
enum vn_seat_state {
	VN_SEAT_FREE,
	VN_SEAT_UNUSABLE, /* online, but guests may not use it */
	VN_SEAT_TAKEN,	  /* pinned by other guests */
	VN_SEAT_OFFLINE,
	VN_SEAT_FLOAT,	  /* vCPUs of this guest may run here, among other CPUs */
	VN_SEAT_IDLE,	  /* taken by this guest and kept idle */
	VN_SEAT_EMULATOR, /* taken by this guest for its emulator threads */
	VN_SEAT_PINNED,	  /* one vCPU of this guest, 1:1 */
	VN_SEAT_STATE_COUNT
};

typedef struct vn_seat {
	uint16_t cpu;
	bool isolated; /* by the kernel's isolcpus; beside the state */
	enum vn_seat_state state;
	int32_t l3, core; /* as in vn_cpu */
	int32_t vcpu;	  /* VN_SEAT_PINNED: the vCPU; else -1 */
	int32_t cell;	  /* the cell it is about, the lowest one that floats here; else -1 */
} vn_seat;

/* vCPUs of one cell that share one CPU list: one line in the tables. */
typedef struct vn_share {
	uint32_t cell;
	bool pinned; /* 1:1: `cpus` in the order of `vcpus` is in placement->pin */
	vn_cpuset vcpus, cpus;
} vn_share;

/* Memory of one kind on one node, in KiB. total = used + guest + free. */
typedef struct vn_mem_row {
	uint64_t page_kib; /* 0 = ordinary memory */
	uint64_t total_kib, used_kib, guest_kib, free_kib;
	uint32_t n_cells; /* cells of the guest that take some; the lowest first */
	uint16_t cells[VN_CELL_MAX];
} vn_mem_row;

typedef struct vn_picture {
	const vn_host *host;
	const vn_request *request;     /* NULL: the host alone */
	const vn_placement *placement; /* NULL with it */
	uint32_t n_seats;
	vn_seat *seats;
	uint32_t *first; /* [n_nodes + 1]: node ix has seats first[ix] .. first[ix + 1] - 1 */
	uint32_t n_shares;
	vn_share *shares; /* by cell; within it the pinned vCPUs, then the floating ones */
	uint32_t seen;	  /* bit for each vn_seat_state that occurs */
} vn_picture;

/* Work it out; everything lives in `arena`. Errors: VN_E_NOMEM. */
int vn_picture_make(const vn_host *host, const vn_request *request, const vn_placement *placement,
		    vn_arena *arena, vn_picture *ret, vn_error *err);

/* Rows of a node's memory: ordinary first, then huge sizes ascending. Kinds that no node of the
 * host has are left out. Returns how many (at most VN_PAGE_SIZES_MAX + 1). */
uint32_t vn_picture_memory(const vn_picture *picture, uint32_t node_ix, vn_mem_row *rows);

/* Nodes sorted by socket, then id; unknown sockets last. */
void vn_picture_order(const vn_host *host, uint32_t *node_ix);

/* Does a device deserve a line? Bridges and other plumbing do not. */
bool vn_picture_shows(const vn_device *device);
/* "network", "storage", ... by PCI class; "" when there is no short word. */
const char *vn_picture_class(const vn_device *device);
/* Number of the guest device that is this host device, -1 = none. */
int vn_picture_guest_device(const vn_picture *picture, const vn_device *device);
/* The host device of guest device `i`; NULL = not known. */
const vn_device *vn_picture_host_device(const vn_host *host, const vn_guest_device *device);

/* The mark of a cell: 0-9, A-Z without X (x is "taken"), then '#'. */
char vn_picture_mark(uint32_t cell);

/* A copy of untrusted text that is safe to show: control characters and bytes that are no UTF-8
 * become '?'; with ascii_only everything above 0x7e too. NULL gives "". */
const char *vn_picture_clean(vn_arena *arena, const char *string, bool ascii_only);

/* The character at *p of a clean text, and *p moves behind it. */
uint32_t vn_picture_character(const char **p);

/* Appended to `ret`: "4 nodes, 4 sockets, 60 cores, 120 CPUs, ..." and "16 vCPUs in 4 cells, ...".
 */
void vn_picture_host_words(const vn_host *host, vn_text *ret);
void vn_picture_guest_words(const vn_picture *picture, vn_text *ret);

/* The picture in the terminal, with its legend. */
int vn_picture_text(const vn_picture *picture, const vn_style *style, vn_text *ret, vn_error *err);

#endif
