/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * XML for the readers of hosts: a parser that fetches nothing and expands nothing, and typed
 * attributes with the line in every complaint. */
#ifndef VN_HOST_XML_H
#define VN_HOST_XML_H

#include "host/build.h"

#include <libxml/tree.h>

/* Parse a document. Entities may not be declared, nothing outside is read, the depth is bounded
 * (256, libxml2's own limit). VN_E_SYNTAX with line and column. The caller frees with xmlFreeDoc.
 */
int vn_xml_parse(const char *source, const char *bytes, size_t size, xmlDoc **ret, vn_error *err);

bool vn_xml_is(const xmlNode *node, const char *name);
/* First child element, and next sibling element, of that name (NULL: any); NULL when none. */
xmlNode *vn_xml_child(const xmlNode *parent, const char *name);
xmlNode *vn_xml_next(const xmlNode *node, const char *name);
#define VN_XML_EACH(node, parent, name)                                                            \
	for (xmlNode *node = vn_xml_child((parent), (name)); node; node = vn_xml_next(node, (name)))
size_t vn_xml_count(const xmlNode *parent, const char *name);

/* The place of an element, for errors. */
vn_at vn_xml_at(const char *source, const xmlNode *node);

/* Value of an attribute, or NULL; borrowed from the document. */
const char *vn_xml_text(const xmlNode *node, const char *attribute);
/* Text between the tags; borrowed; "" when there is none. */
const char *vn_xml_content(const xmlNode *node);

/* A number that must be there: 0..max. */
int vn_xml_uint(const vn_at *at, const xmlNode *node, const char *attribute, uint64_t max,
		uint64_t *ret, vn_error *err);
/* A list of CPUs in an attribute that must be there. */
int vn_xml_cpuset(const vn_at *at, const xmlNode *node, const char *attribute, vn_cpuset *ret,
		  vn_error *err);

#endif
