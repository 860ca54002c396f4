/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A placement as libvirt domain XML: the owner's document with the placement written into it. This
 * file has the order of the parts and what they share; xml_<topic>.c has the parts, xmledit.c the
 * editing that leaves everything else byte for byte. */
#include "render/xml.h"

#include <stdio.h>
#include <string.h>

#include "vnuma/guest.h"

/* libvirt's virDomainDefFormatInternal, as far as a placement needs neighbours. */
const char *const vn_xml_domain_order[] = {
	"name",
	"uuid",
	"genid",
	"title",
	"description",
	"metadata",
	"maxMemory",
	"memory",
	"currentMemory",
	"blkiotune",
	"memtune",
	"memoryBacking",
	"vcpu",
	"vcpus",
	"iothreads",
	"iothreadids",
	"defaultiothread",
	"cputune",
	"numatune",
	"resource",
	"sysinfo",
	"bootloader",
	"bootloader_args",
	"idmap",
	"os",
	"features",
	"cpu",
	"clock",
	"on_poweroff",
	"on_reboot",
	"on_crash",
	"on_lockfailure",
	"pm",
	"perf",
	"keywrap",
	"devices",
	NULL,
};

/* ---- what is whose ---- */

bool vn_xml_wrote_before(const vn_xml *xml, enum vn_setting setting, uint32_t number)
{
	return vn_cpuset_has(&xml->request->wrote[setting], number);
}

void vn_xml_mine(vn_xml *xml, enum vn_setting setting, uint32_t number)
{
	vn_cpuset_add(&xml->wrote[setting], number);
}

int vn_xml_conflict(const vn_xml *xml, const xmlNode *at, vn_error *err, const char *text)
{
	long line = xmlGetLineNo(at);

	return vn_fail_line(err, VN_E_CONFLICT, xml->request->source, line > 0 ? (uint32_t)line : 0,
			    0, "%s", text);
}

/* ---- where elements go ---- */

static int rank(const char *const *order, const xmlNode *node)
{
	for (int i = 0; order[i]; i++)
		if (vn_elem_is(node, order[i]))
			return i;
	return -1;
}

xmlNode *vn_xml_last_before(const xmlNode *parent, const char *const *order, const char *name)
{
	xmlNode *last = NULL;
	int end = 0;

	while (order[end] && strcmp(order[end], name))
		end++;
	VN_XML_EACH(child, parent, NULL) {
		int at = rank(order, child);

		if (at >= 0 && at < end)
			last = child;
	}
	return last;
}

xmlNode *vn_xml_ensure(vn_xml *xml, xmlNode *parent, const char *const *order, const char *name)
{
	xmlNode *have = vn_elem_child(parent, name);

	if (have)
		return have;
	return vn_xmledit_insert(xml->edit, parent, vn_xml_last_before(parent, order, name), name);
}

/* New, or one that has lost a child: the owner's own empty elements stay. */
static bool has_shrunk(const xmlNode *node)
{
	if (!node->_private)
		return true;
	for (const xmlNode *child = node->children; child; child = child->next)
		if (child->type == XML_ELEMENT_NODE && !vn_elem_is(child, NULL))
			return true;
	return false;
}

void vn_xml_drop_if_empty(vn_xml *xml, xmlNode *node)
{
	if (vn_elem_child(node, NULL) || node->properties || !has_shrunk(node))
		return;
	for (const xmlNode *child = node->children; child; child = child->next)
		if (child->type != XML_ELEMENT_NODE && !xmlIsBlankNode((xmlNode *)child))
			return;
	vn_xmledit_remove(xml->edit, node);
}

/* ---- values ---- */

void vn_xml_set_uint(vn_xml *xml, xmlNode *node, const char *attr, uint64_t value)
{
	uint64_t have;
	char text[24];

	if (vn_elem_get_uint(node, attr, &have) && have == value)
		return;
	snprintf(text, sizeof(text), "%llu", (unsigned long long)value);
	vn_xmledit_set(xml->edit, node, attr, text);
}

void vn_xml_set_hex(vn_xml *xml, xmlNode *node, const char *attr, unsigned width, uint64_t value)
{
	uint64_t have;
	char text[24];

	if (vn_elem_get_uint(node, attr, &have) && have == value)
		return;
	snprintf(text, sizeof(text), "0x%0*llx", (int)width, (unsigned long long)value);
	vn_xmledit_set(xml->edit, node, attr, text);
}

void vn_xml_set_text_uint(vn_xml *xml, xmlNode *node, uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%llu", (unsigned long long)value);
	vn_xmledit_set_text(xml->edit, node, text);
}

void vn_xml_set_cpuset(vn_xml *xml, xmlNode *node, const char *attr, const vn_cpuset *set)
{
	VN_XML_STRING have = vn_elem_get(node, attr);
	VN_AUTO_TEXT text = VN_TEXT_INIT;
	vn_cpuset old;

	if (have && vn_cpuset_parse(vn_cursor_of_string(NULL, have), &old, NULL) == VN_OK &&
	    vn_cpuset_equal(&old, set))
		return;
	vn_text_add_cpuset(&text, set);
	xml->edit->failed |= text.failed;
	if (!text.failed)
		vn_xmledit_set(xml->edit, node, attr, text.bytes);
}

void vn_xml_set_nodeset(vn_xml *xml, xmlNode *node, const char *attr, const vn_nodeset *set)
{
	VN_XML_STRING have = vn_elem_get(node, attr);
	VN_AUTO_TEXT text = VN_TEXT_INIT;
	vn_nodeset old;

	if (have && vn_nodeset_parse(vn_cursor_of_string(NULL, have), &old, NULL) == VN_OK &&
	    vn_nodeset_equal(&old, set))
		return;
	vn_text_add_nodeset(&text, set);
	xml->edit->failed |= text.failed;
	if (!text.failed)
		vn_xmledit_set(xml->edit, node, attr, text.bytes);
}

bool vn_xml_size_kib(const char *value, const char *unit, uint64_t *ret)
{
	uint64_t number;

	return value &&
	       vn_uint_parse(vn_cursor_of_string(NULL, value), UINT64_MAX, &number, NULL) ==
		       VN_OK &&
	       vn_scale_kib(number, unit ? unit : "KiB", ret, NULL) == VN_OK;
}

/* ---- the whole ---- */

static int (*const parts[])(vn_xml *, vn_error *) = {
	vn_xml_write_size, vn_xml_write_tune,	 vn_xml_write_memory,
	vn_xml_write_cpu,  vn_xml_write_devices, vn_xml_write_policy,
};

int vn_render_xml(const vn_host *host, const vn_request *request, const vn_placement *placement,
		  vn_text *ret, vn_error *err)
{
	vn_xml xml = { .host = host, .request = request, .placement = placement };
	VN_AUTO(vn_xmledit)
	edit = NULL;
	VN_AUTO_TEXT skeleton = VN_TEXT_INIT;
	const char *bytes = request->xml;
	size_t size = request->xml_len;
	int r;

	if (!bytes) {
		vn_xml_add_skeleton(request, &skeleton);
		if ((r = vn_text_done(&skeleton, err)) < 0)
			return r;
		bytes = skeleton.bytes;
		size = skeleton.len;
	}
	if ((r = vn_xmledit_open(request->source, bytes, size, &edit, err)) < 0)
		return r;
	xml.edit = edit;
	xml.domain = edit->root;
	if (!vn_elem_is(xml.domain, "domain"))
		return vn_fail_line(err, VN_E_SYNTAX, request->source,
				    (uint32_t)xmlGetLineNo(xml.domain), 0,
				    "the document is a <%s> and not a <domain>",
				    (const char *)xml.domain->name);
	for (size_t i = 0; i < VN_LEN(parts); i++)
		if ((r = parts[i](&xml, err)) < 0)
			return r;
	return vn_xmledit_write(edit, ret, err);
}
