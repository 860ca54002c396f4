/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Writing an edited document. The tree is walked in document order with one position in the
 * original bytes: everything up to the next edit is copied, then the edit is written instead of (or
 * between) the bytes that it is about. Positions only grow, so bytes are never written twice. */
#include "render/xmledit.h"

#include <string.h>

struct writer {
	const vn_xmledit *edit;
	vn_text *out;
	size_t at; /* bytes before this one are written, or left out */
};

static void copy_to(struct writer *w, size_t offset)
{
	if (offset <= w->at)
		return;
	vn_text_add_bytes(w->out, w->edit->bytes + w->at, offset - w->at);
	w->at = offset;
}

static void skip_to(struct writer *w, size_t offset)
{
	if (offset > w->at)
		w->at = offset;
}

static void add_escaped(vn_text *out, const char *text, char quote)
{
	for (const char *p = text; *p; p++) {
		if (*p == '&')
			vn_text_add(out, "&amp;");
		else if (*p == '<')
			vn_text_add(out, "&lt;");
		else if (*p == '>')
			vn_text_add(out, "&gt;");
		else if (quote && *p == quote)
			vn_text_add(out, quote == '\'' ? "&apos;" : "&quot;");
		else if ((unsigned char)*p < ' ' && (quote || *p == '\r'))
			vn_text_addf(out, "&#%d;", *p); /* would be read back as a blank */
		else
			vn_text_add_bytes(out, p, 1);
	}
}

/* ---- lines ---- */

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* The text of a line before `at`, if it is only blanks: its indentation. */
static bool line_indent(const vn_xmledit *edit, size_t at, const char **indent, size_t *size)
{
	size_t p = at;

	while (p && is_blank(edit->bytes[p - 1]))
		p--;
	*indent = edit->bytes + p;
	*size = at - p;
	return p && edit->bytes[p - 1] == '\n';
}

/* Does the line end at `at`? */
static bool line_ends(const vn_xmledit *edit, size_t at)
{
	return at >= edit->size || edit->bytes[at] == '\n' ||
	       (edit->bytes[at] == '\r' && at + 1 < edit->size && edit->bytes[at + 1] == '\n');
}

/* Where to insert behind an element or start tag that ends at `at`: behind the comments that stand
 * on the rest of its line, because they are about it. */
static size_t behind_comments(const vn_xmledit *edit, size_t at)
{
	size_t p = at, behind = at;

	for (;;) {
		while (p < edit->size && is_blank(edit->bytes[p]))
			p++;
		if (line_ends(edit, p))
			return behind;
		if (edit->size - p < 4 || memcmp(edit->bytes + p, "<!--", 4))
			return at;
		const char *end = memmem(edit->bytes + p, edit->size - p, "-->", 3);

		if (!end)
			return at;
		p = behind = (size_t)(end - edit->bytes) + 3;
	}
}

static void write_removed(struct writer *w, const vn_xmltag *tag)
{
	const vn_xmledit *edit = w->edit;
	size_t from = tag->start, to = tag->end, size;
	const char *indent;

	while (to < edit->size && is_blank(edit->bytes[to]))
		to++;
	if (line_indent(edit, from, &indent, &size) && line_ends(edit, to)) {
		from -= size + 1;
		if (from && edit->bytes[from - 1] == '\r')
			from--;
	} else {
		to = tag->end;
	}
	copy_to(w, from);
	skip_to(w, to);
}

/* ---- start tags ---- */

/* One attribute as it stands in the bytes. */
struct raw {
	const char *blanks; /* before it */
	const char *name;
	size_t name_size;
	const char *value; /* behind the quote */
	size_t value_size;
};

static bool is_space(char c)
{
	return is_blank(c) || c == '\n' || c == '\r';
}

/* The attribute at or behind *p; false at the end of the tag. The tag is well-formed. */
static bool next_raw(const char **p, struct raw *ret)
{
	const char *at = *p;

	ret->blanks = at;
	while (is_space(*at))
		at++;
	if (*at == '>' || *at == '/')
		return false;
	ret->name = at;
	while (!is_space(*at) && *at != '=')
		at++;
	ret->name_size = (size_t)(at - ret->name);
	while (*at != '\'' && *at != '"')
		at++;
	ret->value = at + 1;
	ret->value_size = (size_t)(strchr(at + 1, *at) - ret->value);
	*p = ret->value + ret->value_size + 1;
	return true;
}

static const char *behind_name(const vn_xmledit *edit, const vn_xmltag *tag)
{
	const char *p = edit->bytes + tag->start + 1;

	return p + strcspn(p, " \t\r\n/>");
}

static const xmlAttr *find_attribute(const xmlNode *node, const struct raw *raw)
{
	for (const xmlAttr *attr = node->properties; attr; attr = attr->next)
		if (!attr->ns && strlen((const char *)attr->name) == raw->name_size &&
		    !memcmp(attr->name, raw->name, raw->name_size))
			return attr;
	return NULL;
}

static bool is_foreign(const struct raw *raw) /* a namespace's, or its declaration */
{
	return memchr(raw->name, ':', raw->name_size) ||
	       (raw->name_size == 5 && !memcmp(raw->name, "xmlns", 5));
}

static bool stands_raw(const char *p, const xmlAttr *attr)
{
	const size_t size = strlen((const char *)attr->name);
	struct raw raw;

	while (next_raw(&p, &raw))
		if (raw.name_size == size && !memcmp(raw.name, attr->name, size))
			return true;
	return false;
}

static void add_attribute(vn_text *out, const xmlAttr *attr, char quote)
{
	char *value = (char *)xmlNodeGetContent((const xmlNode *)attr);

	vn_text_addf(out, " %s=%c", (const char *)attr->name, quote);
	add_escaped(out, value ? value : "", quote);
	vn_text_addf(out, "%c", quote);
	out->failed |= !value;
	if (value)
		xmlFree(value);
}

/* Changed and removed attributes where they stand, new ones behind the last. */
static void write_start_tag(struct writer *w, const xmlNode *node)
{
	const vn_xmledit *edit = w->edit;
	const char *const first = behind_name(edit, node->_private), *p = first;
	char quote = edit->quote;
	struct raw raw;

	while (next_raw(&p, &raw)) {
		const xmlAttr *attr = find_attribute(node, &raw);

		quote = raw.value[-1];
		if (!attr && !is_foreign(&raw)) {
			copy_to(w, (size_t)(raw.blanks - edit->bytes));
			skip_to(w, (size_t)(p - edit->bytes));
		} else if (attr && attr->_private) {
			char *value = (char *)xmlNodeGetContent((const xmlNode *)attr);

			copy_to(w, (size_t)(raw.value - edit->bytes));
			add_escaped(w->out, value ? value : "", quote);
			skip_to(w, (size_t)(p - 1 - edit->bytes));
			w->out->failed |= !value;
			if (value)
				xmlFree(value);
		}
	}
	copy_to(w, (size_t)(p - edit->bytes));
	for (const xmlAttr *attr = node->properties; attr; attr = attr->next)
		if (attr->_private && !stands_raw(first, attr))
			add_attribute(w->out, attr, quote);
}

/* ---- new elements ---- */

/* How the children of an element are laid out: each on its own line behind `indent`, or all on one
 * line. `indent` is that of the children. */
struct layout {
	bool lines;
	vn_text indent;
};

static void add_line(struct writer *w, const struct layout *layout, unsigned deeper)
{
	if (!layout->lines)
		return;
	vn_text_add(w->out, w->edit->newline);
	vn_text_add_bytes(w->out, layout->indent.bytes, layout->indent.len);
	while (deeper--)
		vn_text_add_bytes(w->out, w->edit->unit.bytes, w->edit->unit.len);
}

static void write_new(struct writer *w, const struct layout *layout, const xmlNode *node,
		      unsigned deeper)
{
	bool elements = false;

	add_line(w, layout, deeper);
	if (node->type == XML_COMMENT_NODE) {
		vn_text_addf(w->out, "<!--%s-->", (const char *)node->content);
		return;
	}
	vn_text_addf(w->out, "<%s", (const char *)node->name);
	for (const xmlAttr *attr = node->properties; attr; attr = attr->next)
		add_attribute(w->out, attr, w->edit->quote);
	if (!node->children) {
		vn_text_add(w->out, "/>");
		return;
	}
	vn_text_add(w->out, ">");
	for (const xmlNode *child = node->children; child; child = child->next) {
		if (child->type == XML_TEXT_NODE) {
			add_escaped(w->out, (const char *)child->content, 0);
			continue;
		}
		write_new(w, layout, child, deeper + 1);
		elements = true;
	}
	if (elements)
		add_line(w, layout, deeper);
	vn_text_addf(w->out, "</%s>", (const char *)node->name);
}

/* ---- elements of the document ---- */

/* As the first child that stands on its own line has it; without children, as the element itself.
 */
static struct layout layout_of(const vn_xmledit *edit, const xmlNode *node)
{
	struct layout layout = { .indent = VN_TEXT_INIT };
	const vn_xmltag *tag = node->_private;
	bool has_children = false, own_line;
	const char *indent;
	size_t size;

	for (const xmlNode *child = node->children; child; child = child->next) {
		const vn_xmltag *at = child->type == XML_ELEMENT_NODE ? child->_private : NULL;

		if (!at)
			continue;
		has_children = true;
		if (!line_indent(edit, at->start, &indent, &size))
			continue;
		layout.lines = true;
		vn_text_add_bytes(&layout.indent, indent, size);
		return layout;
	}
	own_line = line_indent(edit, tag->start, &indent, &size);
	if (has_children || (!own_line && node != edit->root))
		return layout;
	layout.lines = true;
	if (own_line)
		vn_text_add_bytes(&layout.indent, indent, size);
	vn_text_add_bytes(&layout.indent, edit->unit.bytes, edit->unit.len);
	return layout;
}

/* A line break and the indentation of the element itself, before its end tag. */
static void add_own_line(struct writer *w, const xmlNode *node)
{
	const vn_xmltag *tag = node->_private;
	const char *indent;
	size_t size;

	vn_text_add(w->out, w->edit->newline);
	if (line_indent(w->edit, tag->start, &indent, &size))
		vn_text_add_bytes(w->out, indent, size);
}

static bool has_new_child(const xmlNode *node)
{
	for (const xmlNode *child = node->children; child; child = child->next)
		if (child->type == XML_ELEMENT_NODE && !child->_private)
			return true;
	return false;
}

static void write_element(struct writer *w, const xmlNode *node);

/* <name/> becomes <name> with its new children and </name>. */
static void write_opened(struct writer *w, const xmlNode *node, const struct layout *layout)
{
	const vn_xmledit *edit = w->edit;
	const vn_xmltag *tag = node->_private;
	size_t slash = tag->end - 2;
	const char *name = edit->bytes + tag->start + 1;

	while (is_space(edit->bytes[slash - 1]))
		slash--;
	copy_to(w, slash);
	vn_text_add(w->out, ">");
	for (const xmlNode *child = node->children; child; child = child->next)
		write_new(w, layout, child, 0);
	if (layout->lines)
		add_own_line(w, node);
	vn_text_add(w->out, "</");
	vn_text_add_bytes(w->out, name, (size_t)(behind_name(edit, tag) - name));
	vn_text_add(w->out, ">");
	skip_to(w, tag->end);
}

static void write_children(struct writer *w, const xmlNode *node, const struct layout *layout)
{
	const vn_xmltag *tag = node->_private;
	size_t point = behind_comments(w->edit, tag->open_end);
	bool new_last = false;

	for (const xmlNode *child = node->children; child; child = child->next) {
		if (child->type != XML_ELEMENT_NODE)
			continue;
		new_last = !child->_private;
		if (new_last) {
			copy_to(w, point);
			write_new(w, layout, child, 0);
		} else {
			write_element(w, child);
			point = behind_comments(w->edit, ((const vn_xmltag *)child->_private)->end);
		}
	}
	if (new_last && layout->lines &&
	    !(tag->close > w->at && memchr(w->edit->bytes + w->at, '\n', tag->close - w->at)))
		add_own_line(w, node);
}

static void write_text(struct writer *w, const xmlNode *node)
{
	const vn_xmltag *tag = node->_private;
	const char *content = node->children ? (const char *)node->children->content : "";
	const char *name = w->edit->bytes + tag->start + 1;

	if (!tag->empty) {
		copy_to(w, tag->open_end);
		add_escaped(w->out, content, 0);
		skip_to(w, tag->close);
		return;
	}
	copy_to(w, tag->end - 2);
	vn_text_add(w->out, ">");
	add_escaped(w->out, content, 0);
	vn_text_add(w->out, "</");
	vn_text_add_bytes(w->out, name, (size_t)(behind_name(w->edit, tag) - name));
	vn_text_add(w->out, ">");
	skip_to(w, tag->end);
}

static void write_element(struct writer *w, const xmlNode *node)
{
	const vn_xmltag *tag = node->_private;

	if (tag->removed) {
		write_removed(w, tag);
		return;
	}
	if (tag->attributes_changed)
		write_start_tag(w, node);
	if (tag->text_changed) {
		write_text(w, node);
		return;
	}
	if (!has_new_child(node)) {
		for (const xmlNode *child = node->children; child; child = child->next)
			if (child->type == XML_ELEMENT_NODE)
				write_element(w, child);
		return;
	}
	struct layout layout = layout_of(w->edit, node);

	if (tag->empty)
		write_opened(w, node, &layout);
	else
		write_children(w, node, &layout);
	w->out->failed |= layout.indent.failed;
	vn_text_clear(&layout.indent);
}

int vn_xmledit_write(const vn_xmledit *edit, vn_text *ret, vn_error *err)
{
	struct writer w = { .edit = edit, .out = ret };

	if (edit->failed || edit->unit.failed)
		return vn_fail(err, VN_E_NOMEM, "no memory for the edited document");
	write_element(&w, edit->root);
	copy_to(&w, edit->size);
	return vn_text_done(ret, err);
}
