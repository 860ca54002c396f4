/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * XML for the readers of hosts. Entity declarations stop the parser at once: no host needs them,
 * and they are how a small file becomes a large one. */
#include "host/xml.h"

#include <limits.h>
#include <string.h>

#include <libxml/parser.h>
#include <libxml/parserInternals.h>
#include <libxml/xmlerror.h>

struct refusal {
	bool entity;
	uint32_t line;
};

static void refuse_entity(void *context, const xmlChar *name, int type, const xmlChar *public_id,
			  const xmlChar *system_id, xmlChar *content)
{
	xmlParserCtxt *ctxt = context;
	struct refusal *refusal = ctxt->_private;

	(void)name;
	(void)type;
	(void)public_id;
	(void)system_id;
	(void)content;
	refusal->entity = true;
	refusal->line = (uint32_t)xmlSAX2GetLineNumber(ctxt);
	xmlStopParser(ctxt);
}

/* Some errors of libxml2 (of encodings) pass its parser context by and would go to stderr. */
static void keep_quiet(void *context, xmlError *why)
{
	(void)context;
	(void)why;
}

/* The handler is the thread's own; the caller's is put back. */
static xmlDoc *read_quietly(xmlParserCtxt *ctxt, const char *bytes, int size)
{
	static const int options = XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING |
				   XML_PARSE_BIG_LINES | XML_PARSE_COMPACT;
	xmlStructuredErrorFunc handler = xmlStructuredError;
	void *context = xmlStructuredErrorContext;
	xmlDoc *doc;

	xmlSetStructuredErrorFunc(NULL, keep_quiet);
	doc = xmlCtxtReadMemory(ctxt, bytes, size, NULL, NULL, options);
	xmlSetStructuredErrorFunc(context, handler);
	return doc;
}

/* libxml2 ends its messages with a newline. */
static int syntax_error(const char *source, const xmlParserCtxt *ctxt, vn_error *err)
{
	const xmlError *why = &ctxt->lastError;
	const char *text = why->message ? why->message : "not XML";
	int length = (int)strcspn(text, "\n");

	return vn_fail_line(err, VN_E_SYNTAX, source, (uint32_t)(why->line > 0 ? why->line : 0),
			    (uint32_t)(why->int2 > 0 ? why->int2 : 0), "XML: %.*s", length, text);
}

int vn_xml_parse(const char *source, const char *bytes, size_t size, xmlDoc **ret, vn_error *err)
{
	struct refusal refusal = { 0 };
	xmlParserCtxt *ctxt;
	xmlDoc *doc;
	int r = VN_OK;

	if (size > INT_MAX)
		return vn_fail_line(err, VN_E_INPUT, source, 0, 0, "is larger than %d bytes",
				    INT_MAX);
	ctxt = xmlNewParserCtxt();
	if (!ctxt)
		return vn_fail(err, VN_E_NOMEM, "no memory for the XML parser");
	ctxt->_private = &refusal;
	ctxt->sax->entityDecl = refuse_entity;
	doc = read_quietly(ctxt, bytes, (int)size);
	if (refusal.entity)
		r = vn_fail_line(err, VN_E_SYNTAX, source, refusal.line, 0,
				 "XML: entity declarations are not read");
	else if (!doc || !ctxt->wellFormed)
		r = syntax_error(source, ctxt, err);
	xmlFreeParserCtxt(ctxt);
	if (r < 0)
		xmlFreeDoc(doc);
	else
		*ret = doc;
	return r;
}

bool vn_xml_is(const xmlNode *node, const char *name)
{
	return node->type == XML_ELEMENT_NODE && (!name || !strcmp((const char *)node->name, name));
}

static xmlNode *from(xmlNode *node, const char *name)
{
	while (node && !vn_xml_is(node, name))
		node = node->next;
	return node;
}

xmlNode *vn_xml_child(const xmlNode *parent, const char *name)
{
	return parent ? from(parent->children, name) : NULL;
}

xmlNode *vn_xml_next(const xmlNode *node, const char *name)
{
	return from(node->next, name);
}

size_t vn_xml_count(const xmlNode *parent, const char *name)
{
	size_t count = 0;

	VN_XML_EACH(node, parent, name)
		count++;
	return count;
}

vn_at vn_xml_at(const char *source, const xmlNode *node)
{
	long line = xmlGetLineNo(node);

	return (vn_at){ .source = source, .line = line > 0 ? (uint32_t)line : 0 };
}

/* Without entities the value of an attribute is one text node, or none when it is empty. */
const char *vn_xml_text(const xmlNode *node, const char *attribute)
{
	xmlAttr *found = xmlHasProp(node, (const xmlChar *)attribute);

	if (!found)
		return NULL;
	return found->children && found->children->content ? (const char *)found->children->content
							   : "";
}

const char *vn_xml_content(const xmlNode *node)
{
	for (const xmlNode *child = node->children; child; child = child->next)
		if (child->type == XML_TEXT_NODE && child->content)
			return (const char *)child->content;
	return "";
}

static int missing(const vn_at *at, const xmlNode *node, const char *attribute, vn_error *err)
{
	return vn_fail_where(err, at, VN_E_SYNTAX, "<%s> has no attribute '%s'",
			     (const char *)node->name, attribute);
}

int vn_xml_uint(const vn_at *at, const xmlNode *node, const char *attribute, uint64_t max,
		uint64_t *ret, vn_error *err)
{
	const char *text = vn_xml_text(node, attribute);
	vn_error why;
	int r;

	if (!text)
		return missing(at, node, attribute, err);
	if ((r = vn_uint_parse(vn_cursor_of_string(NULL, text), max, ret, &why)) < 0)
		return vn_fail_where(err, at, r, "<%s %s='%.40s'>: %s", (const char *)node->name,
				     attribute, text, why.text);
	return VN_OK;
}

int vn_xml_cpuset(const vn_at *at, const xmlNode *node, const char *attribute, vn_cpuset *ret,
		  vn_error *err)
{
	const char *text = vn_xml_text(node, attribute);
	vn_error why;
	int r;

	if (!text)
		return missing(at, node, attribute, err);
	if ((r = vn_cpuset_parse(vn_cursor_of_string(NULL, text), ret, &why)) < 0)
		return vn_fail_where(err, at, r, "<%s %s='%.40s'>: column %u: %s",
				     (const char *)node->name, attribute, text, why.column,
				     why.text);
	return VN_OK;
}
