/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the parts of the libvirt XML writer share. Each part brings one topic of the document to
 * what the placement says: an element that the owner has is kept, one that an earlier plan wrote
 * (request->wrote) is brought up to date or removed, one that is missing is inserted. Each part
 * records in `wrote` what is the planner's own now. */
#ifndef VNUMA_RENDER_XML_H
#define VNUMA_RENDER_XML_H

#include "render/xmledit.h"
#include "vnuma/render.h"

#define VN_XML_POLICY_NS "urn:vnuma:domain:1"

typedef struct vn_xml {
	const vn_host *host;
	const vn_request *request;
	const vn_placement *placement;
	vn_xmledit *edit;
	xmlNode *domain;
	vn_cpuset wrote[VN_SETTING_COUNT]; /* by this plan */
} vn_xml;

/* Flags of VN_SET_SHARED_MEMORY: which of the two elements is ours. */
enum { VN_XML_SHARED_ACCESS = 0, VN_XML_SHARED_SOURCE = 1 };

/* The parts. Errors: VN_E_CONFLICT where the owner's document contradicts any placement. */
int vn_xml_write_size(vn_xml *xml, vn_error *err);    /* memory, vcpu, vcpus */
int vn_xml_write_tune(vn_xml *xml, vn_error *err);    /* cputune */
int vn_xml_write_memory(vn_xml *xml, vn_error *err);  /* numatune, memoryBacking */
int vn_xml_write_cpu(vn_xml *xml, vn_error *err);     /* cpu topology, cells, distances */
int vn_xml_write_devices(vn_xml *xml, vn_error *err); /* memory devices, expander buses */
int vn_xml_write_buses(vn_xml *xml, xmlNode *devices, vn_error *err); /* of the one above */
int vn_xml_write_policy(vn_xml *xml, vn_error *err); /* metadata; last, it writes `wrote` */

/* A small document for a request that has none, for the parts to fill. */
void vn_xml_add_skeleton(const vn_request *request, vn_text *ret);
/* The policy of a request as Nova's extra specs, in <vnuma>: for a request without a document. */
void vn_xml_add_specs(const vn_request *request, vn_xmledit *edit, xmlNode *vnuma);

/* ---- shared helpers ---- */

/* libvirt's order of the elements of one parent; ends in NULL. */
extern const char *const vn_xml_domain_order[];

bool vn_xml_wrote_before(const vn_xml *xml, enum vn_setting setting, uint32_t number);
void vn_xml_mine(vn_xml *xml, enum vn_setting setting, uint32_t number);
int vn_xml_conflict(const vn_xml *xml, const xmlNode *at, vn_error *err, const char *text);

/* The child of that name, or a new one at its place in libvirt's order. */
xmlNode *vn_xml_ensure(vn_xml *xml, xmlNode *parent, const char *const *order, const char *name);
/* The last child that stands before `name` in that order; NULL if there is none. */
xmlNode *vn_xml_last_before(const xmlNode *parent, const char *const *order, const char *name);
/* Remove an element that is new, or has lost a child, and is nothing but its own tags. */
void vn_xml_drop_if_empty(vn_xml *xml, xmlNode *node);

/* Set by meaning: no edit when what stands there is the same number, set or size. */
void vn_xml_set_uint(vn_xml *xml, xmlNode *node, const char *attr, uint64_t value);
void vn_xml_set_hex(vn_xml *xml, xmlNode *node, const char *attr, unsigned width, uint64_t value);
void vn_xml_set_cpuset(vn_xml *xml, xmlNode *node, const char *attr, const vn_cpuset *set);
void vn_xml_set_nodeset(vn_xml *xml, xmlNode *node, const char *attr, const vn_nodeset *set);
void vn_xml_set_text_uint(vn_xml *xml, xmlNode *node, uint64_t value);
/* "4" with unit "GiB" (NULL: KiB) in KiB; false if it is not a size. */
bool vn_xml_size_kib(const char *value, const char *unit, uint64_t *ret);

#endif
