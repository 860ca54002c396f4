/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The policy, kept where libvirt keeps what it does not know: under <metadata>, in a namespace of
 * our own. Its last child says which settings of the document the planner wrote, so that a later
 * plan may change those and only those. */
#include "render/xml.h"

#include <string.h>

#include "vnuma/guest.h"

static const char prefix[] = "vnuma";

static void set(vn_xml *xml, xmlNode *node, const char *attr, const char *value)
{
	vn_xmledit_set(xml->edit, node, attr, value);
}

/* A new last child "prefix:name". */
static xmlNode *add_child(vn_xml *xml, xmlNode *parent, const char *ns_prefix, const char *name)
{
	VN_AUTO_TEXT text = VN_TEXT_INIT;

	vn_text_addf(&text, "%s%s%s", ns_prefix, *ns_prefix ? ":" : "", name);
	xml->edit->failed |= text.failed;
	return vn_xmledit_insert(xml->edit, parent, parent->last, text.failed ? name : text.bytes);
}

/* Attributes of `from` on the new element `to`. */
static void copy_attributes(vn_xml *xml, const xmlNode *from, xmlNode *to)
{
	for (const xmlAttr *attr = from->properties; attr; attr = attr->next) {
		VN_XML_STRING value = (char *)xmlNodeGetContent((const xmlNode *)attr);

		if (!attr->ns && value)
			set(xml, to, (const char *)attr->name, value);
	}
}

/* The children of the owner's <vnuma>, with our prefix: elements, comments and text. */
static void copy_children(vn_xml *xml, const xmlNode *from, xmlNode *to)
{
	for (const xmlNode *child = from->children; child; child = child->next) {
		xmlNode *copy = NULL;

		if (child->type == XML_ELEMENT_NODE && strcmp((const char *)child->name, "wrote")) {
			copy = add_child(xml, to, prefix, (const char *)child->name);
			copy_attributes(xml, child, copy);
			copy_children(xml, child, copy);
			continue;
		}
		if (child->type == XML_COMMENT_NODE)
			copy = xmlNewDocComment(xml->edit->doc, child->content);
		else if ((child->type == XML_TEXT_NODE || child->type == XML_CDATA_SECTION_NODE) &&
			 !xmlIsBlankNode((xmlNode *)child))
			copy = xmlNewDocText(xml->edit->doc, child->content);
		else
			continue;
		if (copy)
			xmlAddChild(to, copy);
		else
			xml->edit->failed = true;
	}
}

/* A policy that nobody wrote down: what was asked for in words, or the default. */
static void add_policy(vn_xml *xml, xmlNode *vnuma)
{
	const vn_request *request = xml->request;
	xmlNode *partition;

	set(xml, vnuma, "mode", vn_mode_names[request->mode]);
	if (request->distribution != VN_DISTRIBUTION_CONTIGUOUS)
		set(xml, vnuma, "distribution", vn_distribution_names[request->distribution]);
	if (request->nodeset_given || request->n_cells_want) {
		partition = vn_xmledit_append(xml->edit, vnuma, "vnuma:partition");
		if (request->nodeset_given)
			vn_xml_set_nodeset(xml, partition, "nodeset", &request->nodeset);
		if (request->n_cells_want)
			vn_xml_set_uint(xml, partition, "cells", request->n_cells_want);
	}
	if (!request->xml)
		vn_xml_add_specs(request, xml->edit, vnuma);
}

/* <vnuma> as a child of <domain>, in either namespace. */
static xmlNode *plain_policy(const vn_xml *xml)
{
	xmlNode *plain = vn_elem_child(xml->domain, "vnuma");

	return plain ? plain : vn_elem_child_ns(xml->domain, "vnuma", VN_XML_POLICY_NS);
}

static xmlNode *find_policy(vn_xml *xml)
{
	xmlNode *metadata = vn_xml_ensure(xml, xml->domain, vn_xml_domain_order, "metadata");
	xmlNode *kept = vn_elem_child_ns(metadata, "vnuma", VN_XML_POLICY_NS);
	xmlNode *plain = plain_policy(xml), *vnuma;

	if (kept && !plain)
		return kept;
	if (kept)
		vn_xmledit_remove(xml->edit, kept);
	vnuma = vn_xmledit_append(xml->edit, metadata, "vnuma:vnuma");
	set(xml, vnuma, "xmlns:vnuma", VN_XML_POLICY_NS);
	if (plain) {
		copy_attributes(xml, plain, vnuma);
		copy_children(xml, plain, vnuma);
		vn_xmledit_remove(xml->edit, plain);
	} else {
		add_policy(xml, vnuma);
	}
	return vnuma;
}

static xmlNode *ensure_wrote(vn_xml *xml, xmlNode *vnuma)
{
	xmlNode *wrote = vn_elem_child_ns(vnuma, "wrote", VN_XML_POLICY_NS);

	if (wrote)
		return wrote;
	if (!vnuma->ns) /* a new element: its prefix is part of its name */
		return add_child(xml, vnuma, prefix, "wrote");
	return add_child(xml, vnuma, vnuma->ns->prefix ? (const char *)vnuma->ns->prefix : "",
			 "wrote");
}

int vn_xml_write_policy(vn_xml *xml, vn_error *err)
{
	xmlNode *wrote = ensure_wrote(xml, find_policy(xml));

	(void)err;
	for (int s = 0; s < VN_SETTING_COUNT; s++)
		if (vn_cpuset_is_empty(&xml->wrote[s]))
			vn_xmledit_unset(xml->edit, wrote, vn_setting_names[s]);
		else
			vn_xml_set_cpuset(xml, wrote, vn_setting_names[s], &xml->wrote[s]);
	return VN_OK;
}
