/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Editing an XML document that belongs to somebody else. The document is read into a tree, the tree
 * is edited, and writing it copies the original bytes of everything that the edits do not name:
 * comments, order, white space, quotes, entities, line ends. Setting what already stands there is
 * no edit at all, so a document that is as wanted comes out byte for byte.
 *
 * Elements are libxml2's nodes. An element of the document has a vn_xmltag (its place in the bytes)
 * in node->_private; a new one has NULL there. Names are those without a namespace unless said
 * otherwise. A failed allocation is remembered: edits go on without effect, writing reports it. */
#ifndef VNUMA_RENDER_XMLEDIT_H
#define VNUMA_RENDER_XMLEDIT_H

#include <libxml/tree.h>

#include "vnuma/base.h"

/* Where an element stands in the bytes, and what has been done to it. */
typedef struct vn_xmltag {
	size_t start;	 /* its '<' */
	size_t open_end; /* past the '>' of its start tag */
	size_t close;	 /* the '<' of its end tag; = open_end if it has none */
	size_t end;	 /* past the element */
	bool empty;	 /* written as <name/> */
	bool attributes_changed, text_changed, removed;
} vn_xmltag;

typedef struct vn_xmledit {
	const char *source; /* for errors; may be NULL */
	const char *bytes;  /* borrowed from the caller */
	size_t size;
	xmlDoc *doc;
	xmlNode *root;
	xmlNode *spare;	 /* what insert hands out when there is no memory */
	vn_xmltag *tags; /* in document order */
	size_t n_tags;
	const char *newline; /* "\n" or "\r\n", as the document has it */
	vn_text unit;	     /* one step of indentation, as the document has it */
	char quote;	     /* as the document has it */
	bool failed;
} vn_xmledit;

/* Read a document: UTF-8, at most VN_XML_MAX bytes, no DTD, no network.
 * bytes:  must outlive *ret.
 * Errors: VN_E_SYNTAX with the place, VN_E_NOMEM. */
int vn_xmledit_open(const char *source, const char *bytes, size_t size, vn_xmledit **ret,
		    vn_error *err);
void vn_xmledit_free(vn_xmledit *edit); /* accepts NULL */
VN_DEFINE_AUTO(vn_xmledit)

/* Append the edited document to *ret. */
int vn_xmledit_write(const vn_xmledit *edit, vn_text *ret, vn_error *err);

/* ---- finding; a removed element is not found ---- */

xmlNode *vn_elem_child(const xmlNode *parent, const char *name);  /* first; parent may be NULL */
xmlNode *vn_elem_next(const xmlNode *node, const char *name);	  /* next sibling */
xmlNode *vn_elem_previous(const xmlNode *node, const char *name); /* previous sibling */
#define VN_XML_EACH(child, parent, name)                                                           \
	for (xmlNode *child = vn_elem_child((parent), (name)); child;                              \
	     child = vn_elem_next(child, (name)))
/* name NULL in the three above: any element, of any namespace. */
xmlNode *vn_elem_child_ns(const xmlNode *parent, const char *name, const char *href);
xmlNode *vn_elem_child_with(const xmlNode *parent, const char *name, const char *attr,
			    const char *value);
bool vn_elem_is(const xmlNode *node, const char *name);
bool vn_elem_has(const xmlNode *node, const char *attr); /* node may be NULL */
/* The value of an attribute, or of an element's text with the blanks around it cut; NULL if there
 * is none. To be freed with xmlFree: VN_XML_STRING does it at the end of the scope. */
char *vn_elem_get(const xmlNode *node, const char *attr);
char *vn_elem_text(const xmlNode *node);
void vn_elem_string_free(char **string);
#define VN_XML_STRING __attribute__((cleanup(vn_elem_string_free))) char *
bool vn_elem_attr_is(const xmlNode *node, const char *attr, const char *value);
/* A number: decimal, or hexadecimal after "0x" (PCI addresses). false if there is none. */
bool vn_elem_get_uint(const xmlNode *node, const char *attr, uint64_t *ret);

/* ---- editing ---- */

void vn_xmledit_set(vn_xmledit *edit, xmlNode *node, const char *attr, const char *value);
void vn_xmledit_unset(vn_xmledit *edit, xmlNode *node, const char *attr);
/* The element must not hold other elements. */
void vn_xmledit_set_text(vn_xmledit *edit, xmlNode *node, const char *value);
/* A new element behind its sibling `after`, NULL: as the first child. Never NULL. It takes the
 * indentation of its siblings, or none in a document that is written on one line. */
xmlNode *vn_xmledit_insert(vn_xmledit *edit, xmlNode *parent, xmlNode *after, const char *name);
xmlNode *vn_xmledit_append(vn_xmledit *edit, xmlNode *parent, const char *name);
/* With the line that it stands on, if it has it alone. */
void vn_xmledit_remove(vn_xmledit *edit, xmlNode *node);

#endif
