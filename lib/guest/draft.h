/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A request that is being read. The three forms (domain XML, JSON, words) fill one draft each; what
 * they have in common is checked once, in request.c. A draft keeps, beside the request, where in
 * the input the main settings stand and which of them the owner has said. */
#ifndef VNUMA_GUEST_DRAFT_H
#define VNUMA_GUEST_DRAFT_H

#include "vnuma/guest.h"

typedef struct vn_draft {
	vn_request *request;
	const char *source; /* for errors: the caller's, so that it outlives a failed request */
	bool cpu_policy_given, distribution_given, mem_mode_given;
	bool implied_cell; /* Nova's rule: a topology that names no cells has one */
	vn_spot vcpu, memory, policy, distribution, partition, topology, cells, pages, locked;
} vn_draft;

/* A request with its arena; NULL when out of memory. */
vn_request *vn_request_new(void);

/* Fail at a place of the draft's source. */
int vn_draft_fail(const vn_draft *draft, vn_spot spot, vn_error *err, enum vn_code code,
		  const char *format, ...) VN_PRINTF(5, 6);
int vn_draft_no_memory(vn_error *err);

/* VN_E_RANGE unless 1 <= value <= VN_VCPU_MAX, or the memory is legal. */
int vn_draft_set_vcpus(vn_draft *draft, uint64_t vcpus, vn_error *err);
int vn_draft_set_memory(vn_draft *draft, uint64_t mem_kib, vn_error *err);

/* `distribution='siblings'` means dedicated CPUs; fill `dedicated` for the policy. To be called
 * when the specs have been read and before pins are. */
int vn_draft_settle_policy(vn_draft *draft, vn_error *err);

/* How many cells the guest has, when the owner said so; 0 = the host decides. */
uint32_t vn_draft_cells_known(const vn_draft *draft);

/* The rules that fixed cells obey. The caller words the message: it knows where the cells stand. */
enum vn_cells_rule {
	VN_CELLS_GOOD,
	VN_CELLS_VCPU_BEYOND,  /* cell has vCPU `vcpu` that the guest has not */
	VN_CELLS_VCPU_TWICE,   /* cells `cell` and `other` both have `vcpu` */
	VN_CELLS_VCPU_MISSING, /* `vcpu` is in no cell */
	VN_CELLS_MEMORY,       /* the cells' sum is not the guest's memory */
};
typedef struct vn_cells_fault {
	enum vn_cells_rule rule;
	uint32_t cell, other, vcpu;
	uint64_t sum_kib;
} vn_cells_fault;
vn_cells_fault vn_cells_check(const vn_request *request);

/* What all forms have in common, checked last. */
int vn_draft_finish(vn_draft *draft, vn_error *err);

#endif
