/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Editing a document in place: each edit changes its own bytes and no others. */
#include "render/xmledit.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* ---- one edit, one expected document ---- */

static void no_edit(vn_xmledit *edit)
{
	(void)edit;
}

static void set_b(vn_xmledit *edit)
{
	vn_xmledit_set(edit, vn_elem_child(edit->root, "x"), "b", "new");
}

static void set_c(vn_xmledit *edit)
{
	vn_xmledit_set(edit, vn_elem_child(edit->root, "x"), "c", "<'\"&\n");
}

static void unset_b(vn_xmledit *edit)
{
	vn_xmledit_unset(edit, vn_elem_child(edit->root, "x"), "b");
}

static void text_x(vn_xmledit *edit)
{
	vn_xmledit_set_text(edit, vn_elem_child(edit->root, "x"), "7<8");
}

static void first(vn_xmledit *edit)
{
	vn_xmledit_insert(edit, edit->root, NULL, "n");
}

static void after_x(vn_xmledit *edit)
{
	vn_xmledit_insert(edit, edit->root, vn_elem_child(edit->root, "x"), "n");
}

static void in_x(vn_xmledit *edit)
{
	xmlNode *n = vn_xmledit_append(edit, vn_elem_child(edit->root, "x"), "n");

	vn_xmledit_set(edit, n, "a", "1");
	vn_xmledit_append(edit, vn_xmledit_append(edit, n, "deep"), "er");
}

static void two_after_x(vn_xmledit *edit)
{
	xmlNode *n = vn_xmledit_insert(edit, edit->root, vn_elem_child(edit->root, "x"), "n");

	vn_xmledit_set_text(edit, vn_xmledit_insert(edit, edit->root, n, "m"), "t");
}

static void remove_x(vn_xmledit *edit)
{
	vn_xmledit_remove(edit, vn_elem_child(edit->root, "x"));
}

static void remove_all_x(vn_xmledit *edit)
{
	VN_XML_EACH(x, edit->root, "x")
		vn_xmledit_remove(edit, x);
}

static void replace_x(vn_xmledit *edit)
{
	xmlNode *x = vn_elem_child(edit->root, "x");

	vn_xmledit_insert(edit, edit->root, x, "n");
	vn_xmledit_remove(edit, x);
}

static void undo(vn_xmledit *edit)
{
	vn_xmledit_remove(edit, vn_xmledit_append(edit, edit->root, "n"));
	vn_xmledit_set(edit, vn_elem_child(edit->root, "x"), "b", "old");
}

static const struct {
	void (*run)(vn_xmledit *);
	const char *in, *out; /* out NULL: as in */
} edits[] = {
	{ no_edit,
	  "\xef\xbb\xbf<?xml version=\"1.0\"?>\r\n<!-- <x> --><d >\r\n<![CDATA[<x>]]></d >\r\n",
	  NULL },
	{ no_edit, "<d><p:x p:y='1'/></d>", NULL },
	{ no_edit, "<d a = '>' b=\"/>\"><?pi <x> ?></d>", NULL },
	/* attributes */
	{ set_b, "<d><x a='&#49;'  b = \"o&amp;d\"\n c='3' /></d>",
	  "<d><x a='&#49;'  b = \"new\"\n c='3' /></d>" },
	{ set_b, "<d><x b='new'/></d>", NULL },
	{ set_b, "<d><x b='&#x6e;ew'/></d>", NULL },
	{ set_b, "<d><x/></d>", "<d><x b='new'/></d>" },
	{ set_b, "<d k=\"1\"><x ></x ></d>", "<d k=\"1\"><x b=\"new\" ></x ></d>" },
	{ set_b, "<d k=\"1\"><x a='\xc3\xa9'/></d>", "<d k=\"1\"><x a='\xc3\xa9' b='new'/></d>" },
	{ set_b, "<d><!-- <x b='1'/> --><x a='b=\"1\"' b='2'/><x b='3'/></d>",
	  "<d><!-- <x b='1'/> --><x a='b=\"1\"' b='new'/><x b='3'/></d>" },
	{ set_b, "<d xmlns:q='u'><x q:b='1'/></d>", "<d xmlns:q='u'><x q:b='1' b='new'/></d>" },
	{ set_c, "<d><x/></d>", "<d><x c='&lt;&apos;\"&amp;&#10;'/></d>" },
	{ set_c, "<d><x c=\"\"/></d>", "<d><x c=\"&lt;'&quot;&amp;&#10;\"/></d>" },
	{ unset_b, "<d><x a='1' b='2' c='3'/></d>", "<d><x a='1' c='3'/></d>" },
	{ unset_b, "<d><x\n  b='2'/></d>", "<d><x/></d>" },
	{ unset_b, "<d xmlns:q='u'><x q:b='2' xmlns='' b='1'/></d>",
	  "<d xmlns:q='u'><x q:b='2' xmlns=''/></d>" },
	{ undo, "<d><x b='old'/></d>", NULL },
	/* text */
	{ text_x, "<d><x k='1'> 6 </x></d>", "<d><x k='1'>7&lt;8</x></d>" },
	{ text_x, "<d><x> 7&lt;8 </x></d>", NULL },
	{ text_x, "<d><x/></d>", "<d><x>7&lt;8</x></d>" },
	{ text_x, "<d><x></x></d>", "<d><x>7&lt;8</x></d>" },
	/* new elements */
	{ first, "<d>\n  <x/>\n</d>", "<d>\n  <n/>\n  <x/>\n</d>" },
	{ first, "<d>  <!-- d -->\n\t<x/>\n</d>", "<d>  <!-- d -->\n\t<n/>\n\t<x/>\n</d>" },
	{ first, "<d><x/></d>", "<d><n/><x/></d>" },
	{ first, "<d/>", "<d>\n  <n/>\n</d>" },
	{ first, "<d></d>\n", "<d>\n  <n/>\n</d>\n" },
	{ first, "<d>\n</d>", "<d>\n  <n/>\n</d>" },
	{ after_x, "<d>\n  <x/>\n  <y/>\n</d>", "<d>\n  <x/>\n  <n/>\n  <y/>\n</d>" },
	{ after_x, "<d>\r\n\t<x>\r\n\t</x>\r\n</d>\r\n",
	  "<d>\r\n\t<x>\r\n\t</x>\r\n\t<n/>\r\n</d>\r\n" },
	{ after_x, "<d>\n  <x/> <!-- about\n x --> <!-- too -->  \n</d>",
	  "<d>\n  <x/> <!-- about\n x --> <!-- too -->\n  <n/>  \n</d>" },
	{ after_x, "<d>\n  <x/> <!-- c --> <y/>\n</d>",
	  "<d>\n  <x/>\n  <n/> <!-- c --> <y/>\n</d>" },
	{ after_x, "<d>\n <x/></d>", "<d>\n <x/>\n <n/>\n</d>" },
	{ after_x, "<d><x/></d>", "<d><x/><n/></d>" },
	{ two_after_x, "<d>\n <x/>\n</d>", "<d>\n <x/>\n <n/>\n <m>t</m>\n</d>" },
	{ in_x, "<d>\n\t<x/>\n</d>",
	  "<d>\n\t<x>\n\t\t<n "
	  "a='1'>\n\t\t\t<deep>\n\t\t\t\t<er/>\n\t\t\t</deep>\n\t\t</n>\n\t</x>\n</d>" },
	{ in_x, "<d>\n   <x b=\"2\" />\n</d>",
	  "<d>\n   <x b=\"2\">\n      <n a=\"1\">\n         <deep>\n            <er/>\n         "
	  "</deep>\n      </n>\n   </x>\n</d>" },
	{ in_x, "<d><x/></d>", "<d><x><n a='1'><deep><er/></deep></n></x></d>" },
	{ in_x, "<d>\n  <x>\n       <y/>\n  </x>\n</d>",
	  "<d>\n  <x>\n       <y/>\n       <n a='1'>\n         <deep>\n           <er/>\n         "
	  "</deep>\n       </n>\n  </x>\n</d>" },
	/* removal */
	{ remove_x, "<d>\n  <x>\n    <x/>\n  </x>\n  <y/>\n</d>", "<d>\n  <y/>\n</d>" },
	{ remove_x, "<d>\r\n  <x/> \r\n</d>", "<d>\r\n</d>" },
	{ remove_x, "<d>\n  <x/> <!-- c -->\n</d>", "<d>\n   <!-- c -->\n</d>" },
	{ remove_x, "<d><x/><y/></d>", "<d><y/></d>" },
	{ remove_all_x, "<d>\n  <x/>\n  <x>1</x>\n  <y/><x/>\n</d>", "<d>\n  <y/>\n</d>" },
	{ replace_x, "<d>\n  <x/>\n  <y/>\n</d>", "<d>\n  <n/>\n  <y/>\n</d>" },
	{ replace_x, "<d><x/></d>", "<d><n/></d>" },
};

static void test_edits(void **state)
{
	(void)state;
	for (size_t i = 0; i < VN_LEN(edits); i++) {
		VN_AUTO(vn_xmledit)
		edit = NULL;
		VN_AUTO_TEXT out = VN_TEXT_INIT;

		print_message("# %zu\n", i);
		assert_int_equal(
			vn_xmledit_open("f.xml", edits[i].in, strlen(edits[i].in), &edit, NULL),
			VN_OK);
		edits[i].run(edit);
		assert_int_equal(vn_xmledit_write(edit, &out, NULL), VN_OK);
		assert_string_equal(out.bytes, edits[i].out ? edits[i].out : edits[i].in);
	}
}

/* ---- what is refused ---- */

static const struct {
	const char *in, *text;
	enum vn_code code;
	unsigned line;
} bad[] = {
	{ "", "not well-formed XML: Document is empty", VN_E_SYNTAX, 1 },
	{ "<d>\n<x></d>", "not well-formed XML: Opening and ending tag mismatch: x line 2 and d",
	  VN_E_SYNTAX, 2 },
	{ "<d>\n<x a='1", "not well-formed XML: AttValue: ' expected", VN_E_SYNTAX, 2 },
	{ "<d a='\xff'/>", "not well-formed XML: Input is not proper UTF-8, indicate encoding !",
	  VN_E_SYNTAX, 1 },
	{ "\n<!DOCTYPE d [<!ENTITY a 'aa'><!ENTITY b '&a;&a;'>]><d>&b;</d>",
	  "a document type (<!DOCTYPE>) is not legal in a domain XML", VN_E_SYNTAX, 2 },
	{ "<!DOCTYPE d SYSTEM 'file:///etc/passwd'><d/>",
	  "a document type (<!DOCTYPE>) is not legal in a domain XML", VN_E_SYNTAX, 1 },
	{ "<?xml version='1.0' encoding='iso-8859-1'?><d>\xe4</d>",
	  "not well-formed XML: Input is not proper UTF-8, indicate encoding !", VN_E_SYNTAX, 1 },
	{ "L<d/>", "not an XML document in UTF-8", VN_E_SYNTAX, 1 },
};

static void test_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < VN_LEN(bad); i++) {
		vn_xmledit *edit = NULL;
		vn_error err = { 0 };

		print_message("# %s\n", bad[i].text);
		assert_int_equal(
			vn_xmledit_open("f.xml", bad[i].in, strlen(bad[i].in), &edit, &err),
			bad[i].code);
		assert_null(edit);
		assert_string_equal(err.text, bad[i].text);
		assert_string_equal(err.source, "f.xml");
		assert_int_equal(err.line, bad[i].line);
	}
}

static void test_utf16(void **state)
{
	static const char in[] = "\xff\xfe<\0d\0/\0>\0";
	vn_xmledit *edit = NULL;

	(void)state;
	assert_int_equal(vn_xmledit_open(NULL, in, sizeof(in) - 1, &edit, NULL), VN_E_SYNTAX);
	assert_null(edit);
}

/* ---- finding ---- */

static void test_finding(void **state)
{
	static const char in[] =
		"<d xmlns:q='u'><q:x/><x a='0x1F' b='12' c='z'> t \n</x><y/><x a='2'/></d>";
	VN_AUTO(vn_xmledit)
	edit = NULL;
	uint64_t number = 0;

	(void)state;
	assert_int_equal(vn_xmledit_open(NULL, in, sizeof(in) - 1, &edit, NULL), VN_OK);
	xmlNode *x = vn_elem_child(edit->root, "x"), *y = vn_elem_child(edit->root, "y");
	VN_XML_STRING text = vn_elem_text(x);

	assert_string_equal(text, "t");
	assert_true(vn_elem_get_uint(x, "a", &number) && number == 31);
	assert_true(vn_elem_get_uint(x, "b", &number) && number == 12);
	assert_false(vn_elem_get_uint(x, "c", &number));
	assert_false(vn_elem_get_uint(x, "d", &number));
	assert_ptr_equal(vn_elem_next(x, NULL), y);
	assert_ptr_equal(vn_elem_previous(y, "x"), x);
	assert_null(vn_elem_next(y, "y"));
	assert_ptr_equal(vn_elem_child_with(edit->root, "x", "a", "2"), vn_elem_next(x, "x"));
	assert_ptr_equal(vn_elem_child_ns(edit->root, "x", "u"), vn_elem_child(edit->root, NULL));
	vn_xmledit_remove(edit, x);
	assert_ptr_equal(vn_elem_child(edit->root, "x"), vn_elem_next(y, "x"));
	assert_null(vn_elem_child(NULL, "x"));
}

/* ---- random documents, random edits ---- */

static unsigned seed;

static unsigned roll(unsigned n)
{
	seed = seed * 1103515245 + 12345;
	return seed / 65536 % n;
}

static void add_random(vn_text *text, unsigned depth)
{
	static const char *const between[] = { "",
					       "\n  ",
					       "\n\t",
					       " ",
					       "\r\n",
					       "<!-- <x/> \xe2\x82\xac -->",
					       "<![CDATA[</d>]]>",
					       "<?pi ?>",
					       "t&amp;" };
	static const char *const tags[] = { "<x a='1' b=\"'>\"", "<y", "<x  c = '\xc3\xa4'\n",
					    "<q:x xmlns:q='u' q:a='1'" };
	unsigned tag = roll(VN_LEN(tags));
	bool empty = depth > 3 || !roll(3);

	vn_text_addf(text, "%s%s", tags[tag], empty ? "/>" : ">");
	if (empty)
		return;
	for (unsigned n = roll(5); n; n--) {
		vn_text_add(text, between[roll(VN_LEN(between))]);
		add_random(text, depth + 1);
	}
	vn_text_add(text, between[roll(VN_LEN(between))]);
	vn_text_addf(text, "</%.*s>", (int)strcspn(tags[tag] + 1, " \n"), tags[tag] + 1);
}

static xmlNode *random_element(const vn_xmledit *edit)
{
	xmlNode *node = edit->root;

	for (unsigned steps = roll(6); steps; steps--) {
		xmlNode *child = vn_elem_child(node, NULL);

		for (unsigned skip = roll(4); child && skip; skip--)
			child = vn_elem_next(child, NULL);
		if (!child)
			break;
		node = child;
	}
	return node;
}

static void edit_randomly(vn_xmledit *edit)
{
	for (unsigned n = roll(6); n; n--) {
		xmlNode *node = random_element(edit);
		char value[8];

		snprintf(value, sizeof(value), "%u<'\"", roll(3));
		switch (roll(5)) {
		case 0: vn_xmledit_set(edit, node, roll(2) ? "a" : "z", value); break;
		case 1: vn_xmledit_unset(edit, node, roll(2) ? "b" : "a"); break;
		case 2: vn_xmledit_append(edit, node, "n"); break;
		case 3: vn_xmledit_insert(edit, node, NULL, "m"); break;
		default:
			if (node != edit->root)
				vn_xmledit_remove(edit, node);
		}
	}
}

/* Elements and attributes as one line, to compare trees. */
static void describe(const xmlNode *node, vn_text *text)
{
	static const char *const attrs[] = { "a", "b", "c", "z" };

	vn_text_addf(text, "(%s",
		     strchr((const char *)node->name, ':')
			     ? strchr((const char *)node->name, ':') + 1
			     : (const char *)node->name);
	for (size_t i = 0; i < VN_LEN(attrs); i++) {
		VN_XML_STRING value = vn_elem_get(node, attrs[i]);

		if (value)
			vn_text_addf(text, " %s=%s", attrs[i], value);
	}
	VN_XML_EACH(child, node, NULL)
		describe(child, text);
	vn_text_add(text, ")");
}

/* What is written reads back as the edited tree, and an unedited document is written as it was. */
static void test_random(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 5000; i++) {
		VN_AUTO_TEXT in = VN_TEXT_INIT, out = VN_TEXT_INIT, again = VN_TEXT_INIT;
		VN_AUTO_TEXT want = VN_TEXT_INIT, have = VN_TEXT_INIT;
		VN_AUTO(vn_xmledit)
		edit = NULL;
		VN_AUTO(vn_xmledit)
		back = NULL;

		seed = i;
		vn_text_add(&in, i % 3 ? "" : "<?xml version='1.0'?>\n<!-- -->");
		vn_text_add(&in, "<d>");
		add_random(&in, 0);
		vn_text_add(&in, i % 2 ? "</d>\n" : "\n</d>");
		assert_int_equal(vn_xmledit_open(NULL, in.bytes, in.len, &edit, NULL), VN_OK);
		assert_int_equal(vn_xmledit_write(edit, &again, NULL), VN_OK);
		assert_string_equal(again.bytes, in.bytes);

		edit_randomly(edit);
		describe(edit->root, &want);
		assert_int_equal(vn_xmledit_write(edit, &out, NULL), VN_OK);
		assert_int_equal(vn_xmledit_open(NULL, out.bytes, out.len, &back, NULL), VN_OK);
		describe(back->root, &have);
		if (strcmp(want.bytes, have.bytes))
			print_message("# seed %u\n%s\n%s\n", i, in.bytes, out.bytes);
		assert_string_equal(have.bytes, want.bytes);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_edits),  cmocka_unit_test(test_refused),
		cmocka_unit_test(test_utf16),  cmocka_unit_test(test_finding),
		cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests_name("xmledit", tests, NULL, NULL);
}
