/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The document as a tree that knows where each element stands in the bytes, and the edits of that
 * tree.
 *
 * libxml2 decides what is well-formed and builds the tree. It can record where elements begin and
 * end, but not where a start tag ends or where an attribute's value stands, so the bytes are walked
 * once more: in a well-formed document without a DTD the n-th start tag outside of comments,
 * CDATA and processing instructions is the n-th element of the tree. The walk checks each name
 * against the tree's, so that a disagreement is an error and never a wrong edit. */
#include "render/xmledit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libxml/parser.h>

#include "vnuma/guest.h"

/* ---- reading ---- */

/* The first thing that is wrong, kept while libxml2 goes on to its followers. */
struct wrong {
	bool set;
	uint32_t line, column;
	char text[160];
};

static void keep_wrong(xmlParserCtxt *parser, uint32_t line, uint32_t column, const char *text)
{
	struct wrong *wrong = parser->_private;

	if (wrong->set)
		return;
	*wrong = (struct wrong){ .set = true, .line = line, .column = column };
	snprintf(wrong->text, sizeof(wrong->text), "%.*s", (int)strcspn(text, "\n"), text);
}

static void refuse_dtd(void *context, const xmlChar *name, const xmlChar *external,
		       const xmlChar *system)
{
	xmlParserCtxt *parser = context;

	(void)name;
	(void)external;
	(void)system;
	keep_wrong(parser, (uint32_t)parser->input->line, 0,
		   "a document type (<!DOCTYPE>) is not legal in a domain XML");
	xmlStopParser(parser);
}

static void on_error(void *context, xmlError *error)
{
	char text[160];

	if (error->level < XML_ERR_FATAL)
		return;
	snprintf(text, sizeof(text), "not well-formed XML: %s",
		 error->message ? error->message : "unknown");
	keep_wrong(context, (uint32_t)error->line, (uint32_t)error->int2, text);
}

static void free_parser(xmlParserCtxt **parser)
{
	if (*parser && (*parser)->myDoc)
		xmlFreeDoc((*parser)->myDoc);
	xmlFreeParserCtxt(*parser);
}

/* Other encodings would be converted by libxml2, and offsets would not be ours. Without a NUL and
 * with a first byte of ASCII it finds no other encoding; a declared one is told to be ignored. */
static bool looks_like_utf8(const char *bytes, size_t size)
{
	if (memchr(bytes, '\0', size))
		return false;
	if (size >= 3 && !memcmp(bytes, "\xef\xbb\xbf", 3)) {
		bytes += 3;
		size -= 3;
	}
	return !size || strchr("< \t\r\n", bytes[0]);
}

static int parse(vn_xmledit *edit, vn_error *err)
{
	__attribute__((cleanup(free_parser))) xmlParserCtxt *parser = xmlNewParserCtxt();
	struct wrong wrong = { .text = "not well-formed XML" };

	if (!looks_like_utf8(edit->bytes, edit->size))
		return vn_fail_line(err, VN_E_SYNTAX, edit->source, 1, 1,
				    "not an XML document in UTF-8");
	if (!parser)
		return vn_fail(err, VN_E_NOMEM, "no memory for the XML parser");
	parser->_private = &wrong;
	parser->sax->internalSubset = refuse_dtd;
	parser->sax->serror = on_error;
	parser->myDoc = xmlCtxtReadMemory(parser, edit->bytes, (int)edit->size, NULL, NULL,
					  XML_PARSE_NONET | XML_PARSE_IGNORE_ENC);
	if (!parser->myDoc || !parser->wellFormed || wrong.set)
		return vn_fail_line(err, VN_E_SYNTAX, edit->source, wrong.line, wrong.column, "%s",
				    wrong.text);
	edit->doc = VN_STEAL(parser->myDoc);
	edit->root = xmlDocGetRootElement(edit->doc);
	return VN_OK;
}

/* The next element in document order, under edit->root. */
static xmlNode *next_element(const vn_xmledit *edit, xmlNode *node)
{
	xmlNode *next = xmlFirstElementChild(node);

	while (!next && node != edit->root) {
		next = xmlNextElementSibling(node);
		node = node->parent;
	}
	return next;
}

/* ---- the walk over the bytes ---- */

static const char *skip_past(const char *p, const char *end, const char *mark)
{
	const char *at = memmem(p, (size_t)(end - p), mark, strlen(mark));

	return at ? at + strlen(mark) : end;
}

/* Past the '>' of the tag at `p`; a '>' inside a quoted value is none. */
static const char *skip_tag(const char *p, const char *end)
{
	char quote = 0;

	for (; p < end; p++) {
		if (quote)
			quote = *p == quote ? 0 : quote;
		else if (*p == '\'' || *p == '"')
			quote = *p;
		else if (*p == '>')
			return p + 1;
	}
	return end;
}

static bool starts_with(const char *p, const char *end, const char *mark)
{
	size_t size = strlen(mark);

	return (size_t)(end - p) >= size && !memcmp(p, mark, size);
}

/* Does the tag at `p` ("<" already passed) have this element's name? */
static bool names_element(const char *p, const char *end, const xmlNode *node)
{
	if (node->ns && node->ns->prefix) {
		if (!starts_with(p, end, (const char *)node->ns->prefix))
			return false;
		p += strlen((const char *)node->ns->prefix);
		if (p >= end || *p++ != ':')
			return false;
	}
	if (!starts_with(p, end, (const char *)node->name))
		return false;
	p += strlen((const char *)node->name);
	return p < end && strchr(" \t\r\n/>", *p);
}

/* Record the tags. false when bytes and tree disagree. */
static bool walk(vn_xmledit *edit)
{
	const char *start = edit->bytes, *end = start + edit->size, *p = start, *tag_end;
	xmlNode *next = edit->root, *open = NULL;
	vn_xmltag *tag = edit->tags;

	while ((p = memchr(p, '<', (size_t)(end - p)))) {
		if (starts_with(p, end, "<!--")) {
			p = skip_past(p + 4, end, "-->");
		} else if (starts_with(p, end, "<![CDATA[")) {
			p = skip_past(p, end, "]]>");
		} else if (starts_with(p, end, "<?")) {
			p = skip_past(p, end, "?>");
		} else if (starts_with(p, end, "</")) {
			if (!open || !names_element(p + 2, end, open))
				return false;
			tag_end = skip_tag(p, end);
			((vn_xmltag *)open->_private)->close = (size_t)(p - start);
			((vn_xmltag *)open->_private)->end = (size_t)(tag_end - start);
			open = open == edit->root ? NULL : open->parent;
			p = tag_end;
		} else {
			if (!next || !names_element(p + 1, end, next))
				return false;
			tag_end = skip_tag(p, end);
			*tag = (vn_xmltag){ .start = (size_t)(p - start),
					    .open_end = (size_t)(tag_end - start),
					    .empty = tag_end[-2] == '/' };
			tag->close = tag->end = tag->open_end;
			if (!tag->empty)
				open = next;
			next->_private = tag++;
			next = next_element(edit, next);
			p = tag_end;
		}
		if (p >= end)
			break;
	}
	return !next && !open;
}

static int find_tags(vn_xmledit *edit, vn_error *err)
{
	for (xmlNode *node = edit->root; node; node = next_element(edit, node))
		edit->n_tags++;
	edit->tags = calloc(edit->n_tags, sizeof(*edit->tags));
	if (!edit->tags)
		return vn_fail(err, VN_E_NOMEM, "no memory for %zu elements", edit->n_tags);
	if (!walk(edit))
		return vn_fail_line(err, VN_E_SYNTAX, edit->source, 1, 1,
				    "not an XML document in UTF-8");
	return VN_OK;
}

/* ---- the document's own way of writing ---- */

/* How many blanks stand between the line's start and `at`; SIZE_MAX if something else does. */
static size_t blanks_before(const vn_xmledit *edit, size_t at)
{
	size_t p = at;

	while (p && (edit->bytes[p - 1] == ' ' || edit->bytes[p - 1] == '\t'))
		p--;
	return !p || edit->bytes[p - 1] == '\n' ? at - p : SIZE_MAX;
}

/* One step of indentation: what the first element that has a line of its own has more than its
 * parent. */
static void find_unit(vn_xmledit *edit)
{
	for (xmlNode *node = next_element(edit, edit->root); node;
	     node = next_element(edit, node)) {
		const vn_xmltag *tag = node->_private, *parent = node->parent->_private;
		size_t have = blanks_before(edit, tag->start);
		size_t outer = blanks_before(edit, parent->start);

		if (outer == SIZE_MAX && node->parent == edit->root)
			outer = 0; /* behind the XML declaration or a byte order mark */
		if (have == SIZE_MAX || outer == SIZE_MAX || have < outer)
			continue;
		vn_text_add_bytes(&edit->unit, edit->bytes + tag->start - have + outer,
				  have - outer);
		return;
	}
	vn_text_add(&edit->unit, "  ");
}

static void find_style(vn_xmledit *edit)
{
	const char *newline = memchr(edit->bytes, '\n', edit->size);

	edit->newline = newline && newline > edit->bytes && newline[-1] == '\r' ? "\r\n" : "\n";
	edit->quote = '\'';
	for (size_t i = 0; i < edit->n_tags; i++) {
		const char *tag = edit->bytes + edit->tags[i].start;
		size_t size = edit->tags[i].open_end - edit->tags[i].start;
		const char *single = memchr(tag, '\'', size), *twice = memchr(tag, '"', size);

		if (!single && !twice)
			continue;
		edit->quote = !single || (twice && twice < single) ? '"' : '\'';
		break;
	}
	find_unit(edit);
}

int vn_xmledit_open(const char *source, const char *bytes, size_t size, vn_xmledit **ret,
		    vn_error *err)
{
	int r;

	if (size > VN_XML_MAX)
		return vn_fail_line(err, VN_E_INPUT, source, 0, 0,
				    "%zu bytes are too many for a domain XML (legal: up to %d)",
				    size, VN_XML_MAX);
	VN_AUTO(vn_xmledit) edit = calloc(1, sizeof(*edit));

	if (!edit)
		return vn_fail(err, VN_E_NOMEM, "no memory for the document");
	edit->source = source;
	edit->bytes = bytes;
	edit->size = size;
	if ((r = parse(edit, err)) < 0 || (r = find_tags(edit, err)) < 0)
		return r;
	edit->spare = xmlNewDocNode(edit->doc, NULL, BAD_CAST "spare", NULL);
	if (!edit->spare)
		return vn_fail(err, VN_E_NOMEM, "no memory for the document");
	find_style(edit);
	*ret = VN_STEAL(edit);
	return VN_OK;
}

void vn_xmledit_free(vn_xmledit *edit)
{
	if (!edit)
		return;
	xmlFreeNode(edit->spare);
	xmlFreeDoc(edit->doc);
	vn_text_clear(&edit->unit);
	free(edit->tags);
	free(edit);
}

/* ---- finding ---- */

static bool is_removed(const xmlNode *node)
{
	return node->_private && ((const vn_xmltag *)node->_private)->removed;
}

bool vn_elem_is(const xmlNode *node, const char *name)
{
	if (node->type != XML_ELEMENT_NODE || is_removed(node))
		return false;
	return !name || (!node->ns && !strcmp((const char *)node->name, name));
}

static xmlNode *this_or_next(const xmlNode *node, const char *name)
{
	while (node && !vn_elem_is(node, name))
		node = node->next;
	return (xmlNode *)node;
}

xmlNode *vn_elem_child(const xmlNode *parent, const char *name)
{
	return parent ? this_or_next(parent->children, name) : NULL;
}

xmlNode *vn_elem_next(const xmlNode *node, const char *name)
{
	return this_or_next(node->next, name);
}

xmlNode *vn_elem_previous(const xmlNode *node, const char *name)
{
	do
		node = node->prev;
	while (node && !vn_elem_is(node, name));
	return (xmlNode *)node;
}

xmlNode *vn_elem_child_ns(const xmlNode *parent, const char *name, const char *href)
{
	VN_XML_EACH(child, parent, NULL)
		if (child->ns && !strcmp((const char *)child->ns->href, href) &&
		    !strcmp((const char *)child->name, name))
			return child;
	return NULL;
}

xmlNode *vn_elem_child_with(const xmlNode *parent, const char *name, const char *attr,
			    const char *value)
{
	VN_XML_EACH(child, parent, name)
		if (vn_elem_attr_is(child, attr, value))
			return child;
	return NULL;
}

bool vn_elem_has(const xmlNode *node, const char *attr)
{
	return node && xmlHasNsProp((xmlNode *)node, BAD_CAST attr, NULL);
}

char *vn_elem_get(const xmlNode *node, const char *attr)
{
	return node ? (char *)xmlGetNoNsProp((xmlNode *)node, BAD_CAST attr) : NULL;
}

char *vn_elem_text(const xmlNode *node)
{
	static const char blanks[] = " \t\r\n";
	char *text = node ? (char *)xmlNodeGetContent((xmlNode *)node) : NULL;
	size_t skip, size;

	if (!text)
		return NULL;
	skip = strspn(text, blanks);
	size = strlen(text + skip);
	while (size && strchr(blanks, text[skip + size - 1]))
		size--;
	memmove(text, text + skip, size);
	text[size] = '\0';
	return text;
}

void vn_elem_string_free(char **string)
{
	if (*string)
		xmlFree(*string);
}

bool vn_elem_attr_is(const xmlNode *node, const char *attr, const char *value)
{
	VN_XML_STRING have = vn_elem_get(node, attr);

	return have && !strcmp(have, value);
}

static bool hex_parse(const char *text, uint64_t *ret)
{
	static const char digits[] = "0123456789abcdef";
	uint64_t value = 0;
	size_t n = 0;

	for (; text[n]; n++) {
		const char *digit = strchr(digits, text[n] | (text[n] >= 'A' ? 0x20 : 0));

		if (!digit || n >= 16)
			return false;
		value = value << 4 | (uint64_t)(digit - digits);
	}
	*ret = value;
	return n;
}

bool vn_elem_get_uint(const xmlNode *node, const char *attr, uint64_t *ret)
{
	VN_XML_STRING text = vn_elem_get(node, attr);

	if (!text)
		return false;
	if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X'))
		return hex_parse(text + 2, ret);
	return vn_uint_parse(vn_cursor_of_string(NULL, text), UINT64_MAX, ret, NULL) == VN_OK;
}

/* ---- editing ---- */

/* An attribute that is to be written anew is marked by a _private that is not NULL. */
void vn_xmledit_set(vn_xmledit *edit, xmlNode *node, const char *attr, const char *value)
{
	xmlAttr *changed;

	if (vn_elem_attr_is(node, attr, value))
		return;
	changed = xmlSetProp(node, BAD_CAST attr, BAD_CAST value);
	if (!changed) {
		edit->failed = true;
		return;
	}
	changed->_private = edit;
	if (node->_private)
		((vn_xmltag *)node->_private)->attributes_changed = true;
}

void vn_xmledit_unset(vn_xmledit *edit, xmlNode *node, const char *attr)
{
	xmlAttr *gone = xmlHasNsProp(node, BAD_CAST attr, NULL);

	(void)edit;
	if (!gone)
		return;
	xmlRemoveProp(gone);
	if (node->_private)
		((vn_xmltag *)node->_private)->attributes_changed = true;
}

void vn_xmledit_set_text(vn_xmledit *edit, xmlNode *node, const char *value)
{
	VN_XML_STRING have = vn_elem_text(node);
	xmlNode *text;

	if (have && !strcmp(have, value))
		return;
	text = xmlNewDocText(edit->doc, BAD_CAST value);
	if (!text) {
		edit->failed = true;
		return;
	}
	while (node->children) {
		xmlNode *child = node->children;

		xmlUnlinkNode(child);
		xmlFreeNode(child);
	}
	xmlAddChild(node, text);
	if (node->_private)
		((vn_xmltag *)node->_private)->text_changed = true;
}

xmlNode *vn_xmledit_insert(vn_xmledit *edit, xmlNode *parent, xmlNode *after, const char *name)
{
	xmlNode *node = xmlNewDocNode(edit->doc, NULL, BAD_CAST name, NULL);

	if (!node) {
		edit->failed = true;
		return edit->spare;
	}
	if (after)
		xmlAddNextSibling(after, node);
	else if (parent->children)
		xmlAddPrevSibling(parent->children, node);
	else
		xmlAddChild(parent, node);
	return node;
}

xmlNode *vn_xmledit_append(vn_xmledit *edit, xmlNode *parent, const char *name)
{
	return vn_xmledit_insert(edit, parent, xmlLastElementChild(parent), name);
}

void vn_xmledit_remove(vn_xmledit *edit, xmlNode *node)
{
	if (node == edit->spare)
		return;
	if (node->_private) {
		((vn_xmltag *)node->_private)->removed = true;
		return;
	}
	xmlUnlinkNode(node);
	xmlFreeNode(node);
}
