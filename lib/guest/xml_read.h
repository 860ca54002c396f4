/* SPDX-License-Identifier: LGPL-2.1-or-later
 * The parts of reading a domain XML, in the order in which xml.c calls them. */
#ifndef VNUMA_GUEST_XML_READ_H
#define VNUMA_GUEST_XML_READ_H

#include "guest/spec.h"
#include "guest/xml_doc.h"

/* The <vnuma> element, wherever it stands. */
typedef struct vn_dom_policy {
	const xmlNode *node;   /* NULL: the document has none */
	bool in_metadata;      /* then its children are in our namespace */
	const xmlNode *memory; /* its <memory>, NULL if none */
	uint64_t mem_kib;
	size_t n_specs;
	vn_spec_entry *specs;
} vn_dom_policy;
int vn_dom_read_policy(vn_dom *dom, const xmlNode *domain, vn_dom_policy *ret, vn_error *err);

int vn_dom_read_vcpu(vn_dom *dom, const xmlNode *domain, vn_error *err);
int vn_dom_read_cells(vn_dom *dom, const xmlNode *domain, vn_error *err);
int vn_dom_read_memdevs(vn_dom *dom, const xmlNode *domain, vn_error *err);
int vn_dom_read_memory(vn_dom *dom, const xmlNode *domain, const vn_dom_policy *policy,
		       vn_error *err);
/* Here the specs are applied: sizes and cells are known, the CPU policy is known to what follows.
 */
int vn_dom_read_topology(vn_dom *dom, const xmlNode *domain, vn_error *err);
int vn_dom_read_iothreads(vn_dom *dom, const xmlNode *domain, vn_error *err);
int vn_dom_read_cputune(vn_dom *dom, const xmlNode *domain, vn_error *err);
int vn_dom_read_numatune(vn_dom *dom, const xmlNode *domain, vn_error *err);
int vn_dom_read_devices(vn_dom *dom, const xmlNode *domain, vn_error *err);
int vn_dom_read_backing(vn_dom *dom, const xmlNode *domain, vn_error *err);

/* An earlier plan wrote this: it is as if absent. `number` is 0 for a flag. */
static inline bool vn_dom_wrote(const vn_dom *dom, enum vn_setting setting, unsigned number)
{
	return vn_cpuset_has(&dom->draft->request->wrote[setting], number);
}

/* VN_E_CONFLICT unless the guest has a cell of this number, as far as that is known: mode 'host'
 * has as many as the host has nodes, which the placement checks; mode 'auto' is sure of cell 0
 * only. */
int vn_dom_check_cell(const vn_dom *dom, vn_dom_value value, uint32_t cell, vn_error *err);

#endif
