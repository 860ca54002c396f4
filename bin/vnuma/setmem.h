/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * How vnuma setmem gets from one size to another: amounts by cell first (setmem_cells.c), then the
 * devices that make them so (setmem_devices.c). */
#ifndef VNUMA_SETMEM_H
#define VNUMA_SETMEM_H

#include "act.h"

enum { SETMEM_STEPS_MAX = 2 * VN_CELL_MAX };

/* One change of one device. */
struct setmem_step {
	enum { SETMEM_ATTACH, SETMEM_DETACH, SETMEM_RESIZE } kind;
	uint32_t cell;
	uint64_t kib;		      /* its size, or the new `requested` */
	const vn_virt_memory *device; /* of the guest; NULL to attach */
};

struct setmem {
	struct act act;
	vn_virt_guest found;
	vn_running *running; /* NULL: the guest is off */
	const vn_guest *guest;
	vn_request *defined; /* the request of a guest that is off */
	vn_arena *arena;
	vn_virt_memories memories;
	uint64_t now_kib, want_kib;
	uint64_t amount_kib[VN_CELL_MAX]; /* more, or less, in each cell */
	uint32_t n_steps;
	struct setmem_step steps[SETMEM_STEPS_MAX];
};

const vn_request *setmem_config(const struct setmem *set);
/* The host node that a cell's memory is bound to (OS number); -1: to none, or to several. */
int32_t setmem_node(const struct setmem *set, uint32_t cell);
/* Pages of a cell in KiB; 0: ordinary. */
uint64_t setmem_page_kib(const struct setmem *set, uint32_t cell);

/* What memory of a cell can be changed by. */
uint64_t setmem_unit_kib(const struct setmem *set, uint32_t cell);
/* Can it have as much at all? VN_E_NOFIT. */
int setmem_check_most(const struct setmem *set, vn_error *err);
/* amount_kib: the difference split over the cells, or all in the one that was named. */
int setmem_split(struct setmem *set, vn_error *err);
/* steps[]: the devices. VN_E_NOFIT: there is no room, on the node or in the guest. */
int setmem_plan(struct setmem *set, vn_error *err);
int setmem_run(struct setmem *set, vn_error *err);

#endif
