/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Loading a domain XML from a stranger. libxml2 does the parsing, watched by three hooks: a DOCTYPE
 * stops it before anything is expanded, depth and errors stop it with our message. When it is done,
 * the text is known to be well-formed, so finding each start tag again is a scan for '<': that
 * gives every element its exact line and column, which libxml2 does not keep. */
#include "guest/xml_doc.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <libxml/parser.h>

/* Where an element's '<' stands; in node->_private. */
struct place {
	uint32_t offset;
	vn_spot spot;
};

/* ---- the scan ---- */

static const char *skip_past(const char *p, const char *end, const char *stop)
{
	const char *found = memmem(p, (size_t)(end - p), stop, strlen(stop));

	return found ? found + strlen(stop) : end;
}

static bool starts(const char *p, const char *end, const char *with)
{
	return (size_t)(end - p) >= strlen(with) && !memcmp(p, with, strlen(with));
}

/* The next '<' of a start tag (or of a DOCTYPE), or `end`. An attribute's value holds no '<'. */
static const char *next_tag(const char *p, const char *end)
{
	while (p < end && (p = memchr(p, '<', (size_t)(end - p)))) {
		if (starts(p, end, "<!--"))
			p = skip_past(p + 4, end, "-->");
		else if (starts(p, end, "<![CDATA["))
			p = skip_past(p, end, "]]>");
		else if (starts(p, end, "<?"))
			p = skip_past(p, end, "?>");
		else if (starts(p, end, "</"))
			p += 2;
		else
			return p;
	}
	return end;
}

static uint32_t count_lines(const char *p, const char *end)
{
	uint32_t lines = 0;

	while (p < end && (p = memchr(p, '\n', (size_t)(end - p)))) {
		lines++;
		p++;
	}
	return lines;
}

/* The spot of `to`, given that of an earlier byte. */
static vn_spot spot_after(vn_spot from, const char *p, const char *to)
{
	const char *start = to; /* of the line of `to`, or p if that is the same line */

	while (start > p && start[-1] != '\n')
		start--;
	if (start == p)
		return (vn_spot){ from.line, from.column + (uint32_t)(to - p) };
	return (vn_spot){ from.line + count_lines(p, start), (uint32_t)(to - start) + 1 };
}

static vn_spot spot_of(const vn_dom *dom, const char *at)
{
	return spot_after((vn_spot){ 1, 1 }, dom->bytes, at);
}

/* ---- loading ---- */

/* What the hooks of one parse know. */
struct load {
	const vn_dom *dom;
	vn_error *err;
	int failed; /* 0, or the code that *err was filled with */
	uint32_t n_elements;
};

static struct load *load_of(void *context)
{
	return ((xmlParserCtxt *)context)->_private;
}

static void stop(void *context, vn_spot spot, enum vn_code code, const char *text)
{
	struct load *load = load_of(context);

	if (!load->failed)
		load->failed = vn_draft_fail(load->dom->draft, spot, load->err, code, "%s", text);
	xmlStopParser(context);
}

static void on_error(void *context, const xmlError *error)
{
	vn_spot spot = { (uint32_t)error->line, (uint32_t)error->int2 };
	char text[160];

	if (error->level < XML_ERR_ERROR)
		return;
	if (error->code == XML_ERR_NO_MEMORY) {
		stop(context, (vn_spot){ 0 }, VN_E_NOMEM, "no memory for the document");
		return;
	}
	snprintf(text, sizeof(text), "not well-formed XML: %s",
		 error->message ? error->message : "unknown error");
	text[strcspn(text, "\n")] = '\0';
	stop(context, spot, VN_E_SYNTAX, text);
}

static void on_doctype(void *context, const xmlChar *name, const xmlChar *public,
		       const xmlChar *system)
{
	const vn_dom *dom = load_of(context)->dom;
	const char *end = dom->bytes + dom->size, *at = next_tag(dom->bytes, end);

	(void)name;
	(void)public;
	(void)system;
	stop(context, spot_of(dom, at), VN_E_SYNTAX,
	     "a DOCTYPE is refused: a domain XML has no DTD and no entities of its own");
}

/* Too deep or too many? The message, or NULL. */
static const char *excess(const xmlParserCtxt *parser, const struct load *load, char *to,
			  size_t size)
{
	if (parser->nodeNr >= VN_DOM_DEPTH_MAX)
		snprintf(to, size, "elements are nested deeper than %d, the most that is read",
			 VN_DOM_DEPTH_MAX);
	else if (load->n_elements > VN_DOM_ELEMENTS_MAX)
		snprintf(to, size, "more than %d elements, the most that is read",
			 VN_DOM_ELEMENTS_MAX);
	else
		return NULL;
	return to;
}

static void on_element(void *context, const xmlChar *name, const xmlChar *prefix,
		       const xmlChar *uri, int n_namespaces, const xmlChar **namespaces,
		       int n_attributes, int n_defaulted, const xmlChar **attributes)
{
	xmlParserCtxt *parser = context;
	char text[80];

	load_of(context)->n_elements++;
	if (excess(parser, load_of(context), text, sizeof(text))) {
		stop(context, (vn_spot){ (uint32_t)parser->input->line, 0 }, VN_E_RANGE, text);
		return;
	}
	xmlSAX2StartElementNs(context, name, prefix, uri, n_namespaces, namespaces, n_attributes,
			      n_defaulted, attributes);
}

/* The end of a tag whose '<' is at p, and how many attributes it has. */
static const char *skip_tag(const char *p, const char *end, uint32_t *attributes)
{
	char quote = '\0';

	for (*attributes = 0; p < end && (quote || *p != '>'); p++) {
		if (quote)
			quote = *p == quote ? '\0' : quote;
		else if (*p == '"' || *p == '\'')
			quote = *p;
		else
			*attributes += *p == '=';
	}
	return p;
}

/* libxml2 compares all attributes of a tag with each other: bounded before it sees them. Where the
 * text is not well-formed this count may be wrong, but libxml2 stops there. */
static int check_tags(const vn_dom *dom, vn_error *err)
{
	const char *end = dom->bytes + dom->size, *tag = dom->bytes;
	uint32_t attributes;

	while ((tag = next_tag(tag, end)) < end) {
		const char *past = skip_tag(tag, end, &attributes);

		if (attributes > VN_DOM_ATTRIBUTES_MAX)
			return vn_draft_fail(dom->draft, spot_of(dom, tag), err, VN_E_RANGE,
					     "a tag with %u attributes (legal: at most %d)",
					     attributes, VN_DOM_ATTRIBUTES_MAX);
		tag = past;
	}
	return VN_OK;
}

/* What must hold before libxml2 sees the bytes. */
static int check_bytes(const vn_dom *dom, vn_error *err)
{
	const char *nul;

	if (dom->size > VN_XML_MAX)
		return vn_draft_fail(dom->draft, (vn_spot){ 0 }, err, VN_E_INPUT,
				     "is larger than %d MiB, the most that is read",
				     VN_XML_MAX >> 20);
	if (!dom->size)
		return vn_draft_fail(dom->draft, (vn_spot){ 0 }, err, VN_E_SYNTAX,
				     "is empty (legal: a domain XML)");
	nul = memchr(dom->bytes, '\0', dom->size); /* UTF-16 and UTF-32 have them */
	if (nul)
		return vn_draft_fail(dom->draft, spot_of(dom, nul), err, VN_E_SYNTAX,
				     "a zero byte: not UTF-8 text");
	return check_tags(dom, err);
}

/* A declared encoding other than UTF-8 would shift every place; nobody needs one. */
static int check_encoding(const vn_dom *dom, vn_error *err)
{
	static const char *const legal[] = { "UTF-8", "US-ASCII", "ASCII" };
	const char *encoding = dom->doc ? (const char *)dom->doc->encoding : NULL;

	if (!encoding)
		return VN_OK;
	for (size_t i = 0; i < VN_LEN(legal); i++)
		if (!strcasecmp(encoding, legal[i]))
			return VN_OK;
	return vn_draft_fail(dom->draft, (vn_spot){ 1, 1 }, err, VN_E_SYNTAX,
			     "encoding '%.40s' is not read (legal: UTF-8)", encoding);
}

/* The next element in document order, or NULL. */
static xmlNode *next_element(xmlNode *node)
{
	xmlNode *next = xmlFirstElementChild(node);

	while (!next && node) {
		next = xmlNextElementSibling(node);
		node = node->parent && node->parent->type == XML_ELEMENT_NODE ? node->parent : NULL;
	}
	return next;
}

static int index_places(vn_dom *dom, uint32_t n_elements, vn_error *err)
{
	struct place *place =
		vn_arena_alloc(dom->draft->request->arena, n_elements, sizeof(*place));
	const char *end = dom->bytes + dom->size, *last = dom->bytes, *tag = last;
	vn_spot spot = { 1, 1 };

	if (!place)
		return vn_draft_no_memory(err);
	for (xmlNode *node = xmlDocGetRootElement(dom->doc); node && n_elements--;
	     node = next_element(node)) {
		tag = next_tag(tag, end);
		if (tag == end)
			break;
		spot = spot_after(spot, last, tag);
		*place = (struct place){ (uint32_t)(tag - dom->bytes), spot };
		node->_private = place++;
		last = tag++;
	}
	return VN_OK;
}

int vn_dom_load(vn_dom *dom, vn_error *err)
{
	struct load load = { .dom = dom, .err = err };
	xmlParserCtxt *parser;
	int r;

	if ((r = check_bytes(dom, err)) < 0)
		return r;
	parser = xmlNewParserCtxt();
	if (!parser)
		return vn_draft_no_memory(err);
	parser->_private = &load;
	parser->sax->serror = (xmlStructuredErrorFunc)on_error;
	parser->sax->internalSubset = on_doctype;
	parser->sax->startElementNs = on_element;
	dom->doc = xmlCtxtReadMemory(parser, dom->bytes, (int)dom->size, NULL, NULL,
				     XML_PARSE_NONET | XML_PARSE_NOCDATA | XML_PARSE_COMPACT);
	xmlFreeParserCtxt(parser);
	if (!dom->doc && !load.failed)
		load.failed = vn_draft_fail(dom->draft, (vn_spot){ 0 }, err, VN_E_SYNTAX,
					    "not well-formed XML");
	r = load.failed ? load.failed : check_encoding(dom, err);
	if (r == VN_OK)
		r = index_places(dom, load.n_elements, err);
	if (r < 0)
		vn_dom_unload(dom);
	return r;
}

void vn_dom_unload(vn_dom *dom)
{
	if (dom->doc)
		xmlFreeDoc(dom->doc);
	dom->doc = NULL;
}

/* ---- nodes ---- */

bool vn_dom_is(const xmlNode *node, const char *name)
{
	return node->type == XML_ELEMENT_NODE && !node->ns &&
	       !strcmp((const char *)node->name, name);
}

bool vn_dom_is_ours(const xmlNode *node, const char *name)
{
	return node->type == XML_ELEMENT_NODE && node->ns && node->ns->href &&
	       !strcmp((const char *)node->ns->href, VN_DOM_NAMESPACE) &&
	       !strcmp((const char *)node->name, name);
}

const xmlNode *vn_dom_child(const xmlNode *parent, const char *name)
{
	if (!parent)
		return NULL;
	for (const xmlNode *node = parent->children; node; node = node->next)
		if (vn_dom_is(node, name))
			return node;
	return NULL;
}

const xmlNode *vn_dom_next(const xmlNode *node, const char *name)
{
	while ((node = node->next))
		if (vn_dom_is(node, name))
			return node;
	return NULL;
}

int vn_dom_only(const vn_dom *dom, const xmlNode *parent, const char *name, const xmlNode **ret,
		vn_error *err)
{
	const xmlNode *first = vn_dom_child(parent, name);
	const xmlNode *second = first ? vn_dom_next(first, name) : NULL;

	if (second)
		return vn_dom_fail(dom, vn_dom_element(second), err, VN_E_SYNTAX,
				   "a second <%s>: the first is in line %u (legal: one)", name,
				   vn_dom_spot(dom, vn_dom_element(first)).line);
	*ret = first;
	return VN_OK;
}

/* ---- places ---- */

static const char *skip_name(const char *p, const char *end)
{
	while (p < end && !strchr(" \t\r\n=/>", *p))
		p++;
	return p;
}

static const char *skip_space(const char *p, const char *end)
{
	while (p < end && strchr(" \t\r\n", *p))
		p++;
	return p;
}

/* The first byte of attribute `attr`'s value; with attr NULL, or none of that name, the first byte
 * of the element's text. */
static const char *find_value(const char *p, const char *end, const char *attr)
{
	p = skip_space(skip_name(p, end), end);
	while (p < end && *p != '>' && *p != '/') {
		const char *name = p, *name_end = skip_name(p, end), *value;

		value = memchr(name_end, '=', (size_t)(end - name_end));
		if (!value)
			return end;
		value = skip_space(value + 1, end);
		if (value == end)
			return end;
		if (attr && strlen(attr) == (size_t)(name_end - name) &&
		    !memcmp(attr, name, strlen(attr)))
			return skip_space(value + 1, end);
		p = memchr(value + 1, *value, (size_t)(end - value - 1));
		if (!p)
			return end;
		p = skip_space(p + 1, end);
	}
	p = memchr(p, '>', (size_t)(end - p));
	return p ? skip_space(p + 1, end) : end;
}

vn_spot vn_dom_spot_in(const vn_dom *dom, vn_dom_value value, size_t offset)
{
	const struct place *place = value.node->_private;
	const char *tag, *at, *end = dom->bytes + dom->size;

	if (!place)
		return (vn_spot){ 0 };
	tag = at = dom->bytes + place->offset;
	if (value.attr || value.text)
		at = find_value(tag, end, value.attr);
	at += offset < (size_t)(end - at) ? offset : 0;
	return spot_after(place->spot, tag, at);
}

vn_spot vn_dom_spot(const vn_dom *dom, vn_dom_value value)
{
	return vn_dom_spot_in(dom, value, 0);
}

int vn_dom_fail(const vn_dom *dom, vn_dom_value at, vn_error *err, enum vn_code code,
		const char *format, ...)
{
	char text[sizeof(err->text)];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	return vn_draft_fail(dom->draft, vn_dom_spot(dom, at), err, code, "%s", text);
}
