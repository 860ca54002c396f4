/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Nova's extra specs and image properties as they come in, and what they do to a request. The
 * table itself, vn_specs, is public: see vnuma/guest.h. */
#ifndef VNUMA_GUEST_SPEC_H
#define VNUMA_GUEST_SPEC_H

#include "guest/draft.h"

enum { VN_SPECS_MAX = 512, VN_SPEC_CELLS_MAX = VN_CELL_MAX };

typedef struct vn_spec_entry {
	const char *key, *value; /* NUL-terminated, in the request's arena or longer-lived */
	vn_spot spot;		 /* of the value; 0 = unknown */
	bool image;		 /* an image property, not a flavor's extra spec */
} vn_spec_entry;

/* Is this the name of an image property ("hw_cpu_policy") and not of an extra spec? */
bool vn_spec_is_image(const char *key);

/* A name that is none of our business: another namespace of Nova's, or an image property about
 * something else than CPUs, memory and devices. */
bool vn_spec_is_foreign(const char *key, bool image);

/* The row of the table for a name; the N of "hw:numa_cpus.N" goes to *cell. NULL: no such name. */
const vn_spec *vn_spec_find(const char *key, bool image, uint32_t *cell);

/* The value of an entry. */
typedef struct vn_spec_value {
	uint64_t number; /* the integer, 0 or 1, the index of the choice, or the page size in KiB */
	enum vn_page_want want; /* for VN_SPEC_PAGE_SIZE */
	vn_cpuset cpus; /* for VN_SPEC_CPUS; a list that begins with '^' is all vCPUs but ... */
} vn_spec_value;

/* One value against its row: type and legal values. */
int vn_spec_parse(const vn_draft *draft, const vn_spec *spec, const vn_spec_entry *entry,
		  vn_spec_value *ret, vn_error *err);

/* VN_E_CONFLICT about one entry, with Nova's name for it (static). */
int vn_spec_fail(const vn_draft *draft, const vn_spec_entry *entry, const char *name, vn_error *err,
		 const char *format, ...) VN_PRINTF(5, 6);

/* What came in, by row of the table. */
enum { VN_SPEC_ROWS_MAX = 64 };
typedef struct vn_spec_pair {
	const vn_spec *spec;
	const vn_spec_entry *flavor, *image; /* NULL: not given */
} vn_spec_pair;
typedef struct vn_spec_set {
	vn_draft *draft;
	vn_spec_pair row[VN_SPEC_ROWS_MAX];
	/* the rows that come once for each cell: [0] flavor, [1] image */
	const vn_spec_entry *cpus[2][VN_CELL_MAX], *mem[2][VN_CELL_MAX];
} vn_spec_set;

const vn_spec_pair *vn_spec_pair_of(const vn_spec_set *set, const char *flavor_name);

/* The first of some rows that is given, for messages; NULL if none is. */
const vn_spec_entry *vn_spec_first_of(const vn_spec_set *set, const char *const *flavor_names,
				      size_t count);

/* The value of a side that is given; the entry has been validated. */
vn_spec_value vn_spec_value_of(const vn_spec_set *set, const vn_spec_pair *pair, bool image);

/* VN_E_CONFLICT: the image says another thing than the flavor. */
int vn_spec_fail_image(const vn_spec_set *set, const vn_spec_pair *pair, const char *name,
		       vn_error *err);

/* The phases of vn_specs_apply, in order. Each sets its fields of the request. */
int vn_spec_apply_cpus(vn_spec_set *set, vn_error *err);     /* policies, masks, realtime */
int vn_spec_apply_memory(vn_spec_set *set, vn_error *err);   /* page size, locked */
int vn_spec_apply_cells(vn_spec_set *set, vn_error *err);    /* numa_nodes, numa_cpus, numa_mem */
int vn_spec_apply_topology(vn_spec_set *set, vn_error *err); /* cpu_sockets and friends */
int vn_spec_apply_rest(vn_spec_set *set, vn_error *err);     /* PCI policy, and what must agree */

/* Validate all entries, settle Nova's rules between flavor and image, and set the request's
 * fields. The draft's vCPUs and memory are known. Also settles the CPU policy. */
int vn_specs_apply(vn_draft *draft, const vn_spec_entry *entries, size_t count, vn_error *err);

#endif
