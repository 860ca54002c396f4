/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Looking into a domain XML: children and attributes by name, lenient conversions. */
#ifndef VN_DOCTOR_DOMAIN_READ_H
#define VN_DOCTOR_DOMAIN_READ_H

#include <libxml/parser.h>
#include <libxml/tree.h>

#include "doctor/domain.h"

typedef struct vn_domain_reader {
	const vn_request *request;
	vn_arena *arena;
	vn_domain *to;
	bool no_memory;
} vn_domain_reader;

/* As vn_arena_alloc, with count 0 allowed; remembers a failure. */
void *vn_reader_alloc(vn_domain_reader *reader, size_t count, size_t size);

/* A text that libxml2 allocated, freed at the end of the scope. */
static inline void vn_xml_text_free(xmlChar **text)
{
	if (*text)
		xmlFree(*text);
}
#define VN_XML_TEXT __attribute__((cleanup(vn_xml_text_free))) xmlChar *

/* Elements without a namespace. `parent` may be NULL. */
const xmlNode *vn_node_child(const xmlNode *parent, const char *name);
const xmlNode *vn_node_next(const xmlNode *node, const char *name);
#define VN_NODE_EACH(node, parent, name)                                                           \
	for (const xmlNode *node = vn_node_child((parent), (name)); node;                          \
	     node = vn_node_next(node, (name)))

/* Attributes; `node` may be NULL. False, and *ret untouched, when absent or malformed. */
xmlChar *vn_node_attr(const xmlNode *node, const char *name);
bool vn_node_has(const xmlNode *node, const char *name);
bool vn_node_attr_is(const xmlNode *node, const char *name, const char *text);
bool vn_node_uint(const xmlNode *node, const char *name, uint64_t max, uint64_t *ret);
bool vn_node_cpuset(const xmlNode *node, const char *name, vn_cpuset *ret);
bool vn_node_text_uint(const xmlNode *node, uint64_t max, uint64_t *ret);
/* A number as C writes it: "0x1f", "31"; libvirt's PCI addresses. */
bool vn_node_hex(const xmlNode *node, const char *name, uint64_t max, uint64_t *ret);

/* domain_devices.c: buses, disks with I/O threads, memory devices. `devices` may be NULL. */
void vn_domain_read_devices(vn_domain_reader *reader, const xmlNode *devices);

#endif
