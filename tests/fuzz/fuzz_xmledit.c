/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Editing a document in place: the first bytes say which edits, the rest is the document. What is
 * written must be the document again where nothing was edited, must be well-formed, and must read
 * back as the tree that was edited. */
#include "render/xmledit.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

enum { EDITS = 8 };

static void must(bool holds)
{
	if (!holds)
		abort();
}

static xmlNode *pick(const vn_xmledit *edit, unsigned path)
{
	xmlNode *node = edit->root;

	for (; path; path >>= 2) {
		xmlNode *child = vn_elem_child(node, NULL);

		for (unsigned skip = path & 3; child && skip; skip--)
			child = vn_elem_next(child, NULL);
		if (!child)
			break;
		node = child;
	}
	return node;
}

/* An element has text or elements, never both by an edit. */
static bool has_new_text(const xmlNode *node)
{
	const vn_xmltag *tag = node->_private;

	return tag ? tag->text_changed : node->children && node->children->type == XML_TEXT_NODE;
}

static void edit_once(vn_xmledit *edit, uint8_t what)
{
	xmlNode *node = pick(edit, what >> 3);

	switch (what & 7) {
	case 1: vn_xmledit_set(edit, node, "a", "<'\"&>\n"); break;
	case 2: vn_xmledit_set(edit, node, "b", "1"); break;
	case 3: vn_xmledit_unset(edit, node, "a"); break;
	case 4:
	case 5:
		if (!has_new_text(node))
			vn_xmledit_insert(edit, node, what & 1 ? NULL : xmlLastElementChild(node),
					  "n");
		break;
	case 6:
		if (node != edit->root)
			vn_xmledit_remove(edit, node);
		break;
	case 7:
		if (!xmlFirstElementChild(node))
			vn_xmledit_set_text(edit, node, "x&]]>y");
		break;
	default: break;
	}
}

/* Elements with the attributes that are edited. */
static void describe(const xmlNode *node, vn_text *text)
{
	static const char *const attrs[] = { "a", "b" };

	vn_text_addf(text, "(%s", (const char *)node->name);
	for (size_t i = 0; i < VN_LEN(attrs); i++) {
		VN_XML_STRING value = vn_elem_get(node, attrs[i]);

		if (value)
			vn_text_addf(text, " %s=%s", attrs[i], value);
	}
	VN_XML_EACH(child, node, NULL)
		describe(child, text);
	vn_text_add(text, ")");
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	const char *document = (const char *)bytes + EDITS;
	VN_AUTO_TEXT same = VN_TEXT_INIT, out = VN_TEXT_INIT, want = VN_TEXT_INIT;
	VN_AUTO_TEXT have = VN_TEXT_INIT;
	VN_AUTO(vn_xmledit) edit = NULL;
	VN_AUTO(vn_xmledit) back = NULL;

	if (size < EDITS || vn_xmledit_open(NULL, document, size - EDITS, &edit, NULL) < 0)
		return 0;
	must(vn_xmledit_write(edit, &same, NULL) == VN_OK);
	must(same.len == size - EDITS && !memcmp(same.bytes, document, same.len));
	for (size_t i = 0; i < EDITS; i++)
		edit_once(edit, bytes[i]);
	must(vn_xmledit_write(edit, &out, NULL) == VN_OK);
	must(vn_xmledit_open(NULL, out.bytes, out.len, &back, NULL) == VN_OK);
	describe(edit->root, &want);
	describe(back->root, &have);
	must(!strcmp(want.bytes, have.bytes));
	return 0;
}
