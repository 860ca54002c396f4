/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Small documents of libvirt's: devices, status files, memory devices. They come from outside, so
 * nothing is fetched or expanded, and a value that is not one is as if absent. Domain XML as a
 * whole is lib/guest's to read, capabilities lib/host's. */
#include "virt/inventory.h"

#include <limits.h>
#include <string.h>

#include <libxml/parser.h>

static void keep_quiet(void *context, xmlError *why)
{
	(void)context;
	(void)why;
}

/* The handler is the thread's own; the caller's is put back. */
xmlDoc *virt_xml_parse(const char *bytes, size_t size)
{
	static const int options = XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING;
	xmlStructuredErrorFunc handler = xmlStructuredError;
	void *context = xmlStructuredErrorContext;
	xmlDoc *doc;

	if (size > INT_MAX)
		return NULL;
	xmlSetStructuredErrorFunc(NULL, keep_quiet);
	doc = xmlReadMemory(bytes, (int)size, NULL, NULL, options);
	xmlSetStructuredErrorFunc(context, handler);
	if (doc && (doc->intSubset || !xmlDocGetRootElement(doc))) {
		xmlFreeDoc(doc);
		return NULL;
	}
	return doc;
}

void virt_xml_free_at(xmlDoc **doc)
{
	if (*doc)
		xmlFreeDoc(*doc);
}

static xmlNode *from(xmlNode *node, const char *name)
{
	while (node &&
	       (node->type != XML_ELEMENT_NODE || (name && strcmp((const char *)node->name, name))))
		node = node->next;
	return node;
}

xmlNode *virt_xml_child(const xmlNode *parent, const char *name)
{
	return parent ? from(parent->children, name) : NULL;
}

xmlNode *virt_xml_next(const xmlNode *node, const char *name)
{
	return from(node->next, name);
}

const char *virt_xml_get(const xmlNode *node, const char *attr)
{
	const xmlAttr *found;

	if (!node)
		return NULL;
	if (attr) {
		found = xmlHasProp(node, (const xmlChar *)attr);
		return found && found->children ? (const char *)found->children->content : NULL;
	}
	for (const xmlNode *child = node->children; child; child = child->next)
		if (child->type == XML_TEXT_NODE)
			return (const char *)child->content;
	return NULL;
}

static bool hex_of(const char *text, uint64_t max, uint64_t *ret)
{
	uint64_t value = 0;

	if (!*text)
		return false;
	for (; *text; text++) {
		const char *digits = "0123456789abcdef";
		const char *at = strchr(digits, *text | (*text >= 'A' && *text <= 'F' ? 32 : 0));

		if (!at || value > max >> 4)
			return false;
		value = value << 4 | (uint64_t)(at - digits);
	}
	*ret = value;
	return value <= max;
}

bool virt_xml_uint(const xmlNode *node, const char *attr, uint64_t max, uint64_t *ret)
{
	const char *text = virt_xml_get(node, attr);

	if (!text)
		return false;
	if (!strncmp(text, "0x", 2))
		return hex_of(text + 2, max, ret);
	return vn_uint_parse(vn_cursor_of_string(NULL, text), max, ret, NULL) == VN_OK;
}

bool virt_xml_kib(const xmlNode *node, uint64_t *ret)
{
	const char *unit = virt_xml_get(node, "unit");
	uint64_t value;

	return virt_xml_uint(node, NULL, UINT64_MAX, &value) &&
	       vn_scale_kib(value, unit ? unit : "KiB", ret, NULL) == VN_OK &&
	       *ret <= VN_GUEST_MEM_MAX_KIB;
}
