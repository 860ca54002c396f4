/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Values of a domain XML: attributes and texts, and their conversion with a full message. */
#include "guest/xml_doc.h"

#include <stdio.h>
#include <string.h>

/* Copy into the arena without the blanks around it, and free libxml2's string. */
static const char *keep(vn_dom *dom, xmlChar *string)
{
	const char *from = (const char *)string;
	char *copy;

	if (!string)
		return NULL;
	from += strspn(from, " \t\r\n");
	size_t size = strlen(from);

	while (size && strchr(" \t\r\n", from[size - 1]))
		size--;
	copy = vn_arena_strndup(dom->draft->request->arena, from, size);
	xmlFree(string);
	if (!copy)
		dom->no_memory = true;
	return copy;
}

vn_dom_value vn_dom_attr(vn_dom *dom, const xmlNode *node, const char *attr)
{
	vn_dom_value value = { .node = node, .attr = attr };

	if (node)
		value.text = keep(dom, xmlGetNoNsProp(node, (const xmlChar *)attr));
	return value;
}

vn_dom_value vn_dom_text(vn_dom *dom, const xmlNode *node)
{
	vn_dom_value value = { .node = node };

	if (node)
		value.text = keep(dom, xmlNodeGetContent(node));
	return value;
}

bool vn_dom_attr_is(const xmlNode *node, const char *attr, const char *text)
{
	xmlChar *value = node ? xmlGetNoNsProp(node, (const xmlChar *)attr) : NULL;
	bool is = value && !strcmp((const char *)value, text);

	xmlFree(value);
	return is;
}

const char *vn_dom_describe(vn_dom_value value, char *to, size_t size)
{
	const char *name = (const char *)value.node->name;

	if (value.attr && value.text)
		snprintf(to, size, "%s='%.60s' in <%s>", value.attr, value.text, name);
	else if (value.text)
		snprintf(to, size, "'%.60s' in <%s>", value.text, name);
	else
		snprintf(to, size, "<%s>", name);
	return to;
}

/* ---- conversions ---- */

enum { DESCRIBE_BYTES = 128 };

static int fail_absent(const vn_dom *dom, vn_dom_value value, const char *legal, vn_error *err)
{
	vn_dom_value element = vn_dom_element(value.node);

	if (value.attr)
		return vn_dom_fail(dom, element, err, VN_E_SYNTAX,
				   "<%s> has no attribute '%s' (legal: %s)",
				   (const char *)value.node->name, value.attr, legal);
	return vn_dom_fail(dom, element, err, VN_E_SYNTAX, "<%s> is empty (legal: %s)",
			   (const char *)value.node->name, legal);
}

static bool is_absent(vn_dom_value value)
{
	return !value.text || (!value.attr && !*value.text);
}

int vn_dom_take_uint(const vn_dom *dom, vn_dom_value value, vn_dom_range range, uint32_t *ret,
		     vn_error *err)
{
	char legal[64], what[DESCRIBE_BYTES];
	uint64_t number;
	int r;

	if (range.min == range.max)
		snprintf(legal, sizeof(legal), "%llu", (unsigned long long)range.min);
	else
		snprintf(legal, sizeof(legal), "a number from %llu to %llu",
			 (unsigned long long)range.min, (unsigned long long)range.max);
	if (is_absent(value))
		return fail_absent(dom, value, legal, err);
	r = vn_uint_parse(vn_cursor_of_string(NULL, value.text), range.max, &number, NULL);
	if (r == VN_OK && number < range.min)
		r = VN_E_RANGE;
	if (r < 0)
		return vn_dom_fail(dom, value, err, r, "%s is not legal (legal: %s)",
				   vn_dom_describe(value, what, sizeof(what)), legal);
	*ret = (uint32_t)number;
	return VN_OK;
}

/* A list did not parse: say why, at the byte where it went wrong. */
static int fail_list(const vn_dom *dom, vn_dom_value value, const vn_error *why, vn_error *err)
{
	vn_spot spot = vn_dom_spot_in(dom, value, why->column ? why->column - 1 : 0);
	char what[DESCRIBE_BYTES];

	return vn_draft_fail(dom->draft, spot, err, why->code, "%s: %s (legal: 0-3,8,^2)",
			     vn_dom_describe(value, what, sizeof(what)), why->text);
}

static int fail_empty_list(const vn_dom *dom, vn_dom_value value, vn_error *err)
{
	char what[DESCRIBE_BYTES];

	return vn_dom_fail(dom, value, err, VN_E_RANGE,
			   "%s leaves nothing (legal: at least one number)",
			   vn_dom_describe(value, what, sizeof(what)));
}

int vn_dom_take_cpuset(const vn_dom *dom, vn_dom_value value, vn_cpuset *ret, vn_error *err)
{
	vn_error why = { 0 };
	vn_cpuset set;

	if (is_absent(value))
		return fail_absent(dom, value, "a list such as 0-3,8,^2", err);
	if (vn_cpuset_parse(vn_cursor_of_string(NULL, value.text), &set, &why) < 0)
		return fail_list(dom, value, &why, err);
	if (vn_cpuset_is_empty(&set))
		return fail_empty_list(dom, value, err);
	*ret = set;
	return VN_OK;
}

int vn_dom_take_nodeset(const vn_dom *dom, vn_dom_value value, vn_nodeset *ret, vn_error *err)
{
	vn_error why = { 0 };
	vn_nodeset set;

	if (is_absent(value))
		return fail_absent(dom, value, "a list such as 0-3,8,^2", err);
	if (vn_nodeset_parse(vn_cursor_of_string(NULL, value.text), &set, &why) < 0)
		return fail_list(dom, value, &why, err);
	if (vn_nodeset_is_empty(&set))
		return fail_empty_list(dom, value, err);
	*ret = set;
	return VN_OK;
}

int vn_dom_take_choice(const vn_dom *dom, vn_dom_value value, const char *const *names,
		       size_t count, int *ret, vn_error *err)
{
	char legal[160], what[DESCRIBE_BYTES];
	int index;

	vn_names_list(names, count, legal, sizeof(legal));
	if (is_absent(value))
		return fail_absent(dom, value, legal, err);
	index = vn_name_find(names, count, value.text);
	if (index < 0)
		return vn_dom_fail(dom, value, err, VN_E_SYNTAX, "%s is not legal (legal: %s)",
				   vn_dom_describe(value, what, sizeof(what)), legal);
	*ret = index;
	return VN_OK;
}

int vn_dom_take_size(const vn_dom *dom, vn_dom_value value, vn_dom_value unit, uint64_t *ret,
		     vn_error *err)
{
	static const char legal[] = "a whole number of KiB, or of the 'unit'";
	char what[DESCRIBE_BYTES];
	vn_error why = { 0 };
	uint64_t number, kib;
	int r;

	if (is_absent(value))
		return fail_absent(dom, value, legal, err);
	r = vn_uint_parse(vn_cursor_of_string(NULL, value.text), UINT64_MAX, &number, NULL);
	if (r < 0)
		return vn_dom_fail(dom, value, err, r, "%s is not legal (legal: %s)",
				   vn_dom_describe(value, what, sizeof(what)), legal);
	r = vn_scale_kib(number, unit.text ? unit.text : "KiB", &kib, &why);
	if (r == VN_E_SYNTAX)
		return vn_dom_fail(dom, unit, err, r, "%s is not a unit of memory (legal: %s)",
				   vn_dom_describe(unit, what, sizeof(what)), vn_unit_names);
	if (r < 0 || !kib || kib > VN_GUEST_MEM_MAX_KIB)
		return vn_dom_fail(dom, value, err, VN_E_RANGE,
				   "%s, unit '%s', is not legal (legal: 1 KiB to 1 EiB)",
				   vn_dom_describe(value, what, sizeof(what)),
				   unit.text ? unit.text : "KiB");
	*ret = kib;
	return VN_OK;
}
