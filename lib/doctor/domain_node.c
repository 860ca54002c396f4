/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Children and attributes of an XML element, and what they say as numbers and sets. */
#include "doctor/domain_read.h"

#include <string.h>

void *vn_reader_alloc(vn_domain_reader *reader, size_t count, size_t size)
{
	void *memory = vn_arena_alloc(reader->arena, count ? count : 1, size);

	reader->no_memory |= !memory;
	return memory;
}

static bool is(const xmlNode *node, const char *name)
{
	return node->type == XML_ELEMENT_NODE && !node->ns &&
	       !strcmp((const char *)node->name, name);
}

const xmlNode *vn_node_child(const xmlNode *parent, const char *name)
{
	for (const xmlNode *node = parent ? parent->children : NULL; node; node = node->next)
		if (is(node, name))
			return node;
	return NULL;
}

const xmlNode *vn_node_next(const xmlNode *node, const char *name)
{
	while ((node = node->next))
		if (is(node, name))
			return node;
	return NULL;
}

xmlChar *vn_node_attr(const xmlNode *node, const char *name)
{
	return node ? xmlGetNoNsProp(node, (const xmlChar *)name) : NULL;
}

bool vn_node_has(const xmlNode *node, const char *name)
{
	return node && xmlHasNsProp(node, (const xmlChar *)name, NULL);
}

bool vn_node_attr_is(const xmlNode *node, const char *name, const char *text)
{
	VN_XML_TEXT value = vn_node_attr(node, name);

	return value && !strcmp((const char *)value, text);
}

static vn_cursor cursor_of(const xmlChar *text)
{
	return vn_cursor_of_string(NULL, (const char *)text);
}

bool vn_node_uint(const xmlNode *node, const char *name, uint64_t max, uint64_t *ret)
{
	VN_XML_TEXT value = vn_node_attr(node, name);

	return value && vn_uint_parse(cursor_of(value), max, ret, NULL) == VN_OK;
}

bool vn_node_cpuset(const xmlNode *node, const char *name, vn_cpuset *ret)
{
	VN_XML_TEXT value = vn_node_attr(node, name);

	return value && vn_cpuset_parse(cursor_of(value), ret, NULL) == VN_OK;
}

bool vn_node_text_uint(const xmlNode *node, uint64_t max, uint64_t *ret)
{
	VN_XML_TEXT value = node ? xmlNodeGetContent(node) : NULL;

	return value && vn_uint_parse(cursor_of(value), max, ret, NULL) == VN_OK;
}

bool vn_node_hex(const xmlNode *node, const char *name, uint64_t max, uint64_t *ret)
{
	VN_XML_TEXT value = vn_node_attr(node, name);
	const char *text = (const char *)value;
	uint64_t number = 0;

	if (!text || text[0] != '0' || (text[1] | 0x20) != 'x')
		return vn_node_uint(node, name, max, ret);
	for (text += 2; *text; text++) {
		char c = (char)(*text | 0x20);

		if (*text >= '0' && *text <= '9')
			number = number * 16 + (uint64_t)(*text - '0');
		else if (c >= 'a' && c <= 'f')
			number = number * 16 + (uint64_t)(c - 'a') + 10;
		else
			return false;
		if (number > max)
			return false;
	}
	*ret = number;
	return true;
}
