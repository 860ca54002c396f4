/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A domain XML document, safely loaded, with the exact place of every element and attribute.
 * Reading it: find a node, take a value (attribute or text), convert it. A conversion that fails
 * names the value, where it stands and what is legal. */
#ifndef VNUMA_GUEST_XML_DOC_H
#define VNUMA_GUEST_XML_DOC_H

#include <libxml/tree.h>

#include "guest/draft.h"

#define VN_DOM_NAMESPACE "urn:vnuma:domain:1"

/* Far above any real domain XML, far below what hurts. */
enum { VN_DOM_DEPTH_MAX = 128, VN_DOM_ELEMENTS_MAX = 1 << 16, VN_DOM_ATTRIBUTES_MAX = 256 };

typedef struct vn_dom {
	vn_draft *draft;
	const char *bytes;
	size_t size;
	xmlDoc *doc;	/* NULL until loaded */
	bool as_is;	/* <vnuma> is passed over, with what it says about who wrote what; what
			   libvirt mends or passes over in silence is no error */
	bool no_memory; /* a value could not be copied: checked once, at the end */
} vn_dom;

/* Parse the bytes. Refused: anything but well-formed UTF-8 XML, a DTD, entities, too much of it.
 * The nodes' places (see vn_dom_spot) live in the draft's arena. */
int vn_dom_load(vn_dom *dom, vn_error *err);
void vn_dom_unload(vn_dom *dom);

/* ---- nodes: names without a namespace unless said otherwise ---- */

bool vn_dom_is(const xmlNode *node, const char *name);
bool vn_dom_is_ours(const xmlNode *node, const char *name);	      /* in our namespace */
const xmlNode *vn_dom_child(const xmlNode *parent, const char *name); /* parent may be NULL */
const xmlNode *vn_dom_next(const xmlNode *node, const char *name);    /* sibling after node */
#define VN_DOM_EACH(child, parent, name)                                                           \
	for (const xmlNode *child = vn_dom_child((parent), (name)); child;                         \
	     child = vn_dom_next(child, (name)))

/* The child that may stand once: VN_E_SYNTAX if there are two. *ret NULL if there is none. */
int vn_dom_only(const vn_dom *dom, const xmlNode *parent, const char *name, const xmlNode **ret,
		vn_error *err);

/* ---- values ---- */

typedef struct vn_dom_value {
	const char *text;    /* NULL: absent */
	const xmlNode *node; /* the element itself, or the owner of the attribute */
	const char *attr;    /* NULL: the text of the element */
} vn_dom_value;

vn_dom_value vn_dom_attr(vn_dom *dom, const xmlNode *node, const char *attr);
vn_dom_value vn_dom_text(vn_dom *dom, const xmlNode *node); /* blanks around it are cut */
bool vn_dom_attr_is(const xmlNode *node, const char *attr, const char *text);

/* An element as a whole, for messages. */
static inline vn_dom_value vn_dom_element(const xmlNode *node)
{
	return (vn_dom_value){ .node = node };
}

/* Where it stands: the '<' of an element, the first byte of an attribute's value or of a text. */
vn_spot vn_dom_spot(const vn_dom *dom, vn_dom_value value);
/* The same, `offset` bytes into the value. */
vn_spot vn_dom_spot_in(const vn_dom *dom, vn_dom_value value, size_t offset);

int vn_dom_fail(const vn_dom *dom, vn_dom_value at, vn_error *err, enum vn_code code,
		const char *format, ...) VN_PRINTF(5, 6);

/* "cpuset='0-x' in <vcpupin>", "'0' in <vcpu>" or "<vcpu>": how messages name a value. */
const char *vn_dom_describe(vn_dom_value value, char *to, size_t size);

/* Conversions. VN_E_SYNTAX if the value is absent or malformed, VN_E_RANGE if it is not legal. */
typedef struct vn_dom_range {
	uint64_t min, max;
} vn_dom_range;
int vn_dom_take_uint(const vn_dom *dom, vn_dom_value value, vn_dom_range range, uint32_t *ret,
		     vn_error *err);
int vn_dom_take_cpuset(const vn_dom *dom, vn_dom_value value, vn_cpuset *ret, vn_error *err);
int vn_dom_take_nodeset(const vn_dom *dom, vn_dom_value value, vn_nodeset *ret, vn_error *err);
/* An index of names[0..count). */
int vn_dom_take_choice(const vn_dom *dom, vn_dom_value value, const char *const *names,
		       size_t count, int *ret, vn_error *err);
/* A whole number of `unit` (NULL: KiB), 1 KiB to VN_GUEST_MEM_MAX_KIB. */
int vn_dom_take_size(const vn_dom *dom, vn_dom_value value, vn_dom_value unit, uint64_t *ret,
		     vn_error *err);

#endif
