/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The <vnuma> element: the policy in the owner's words. It stands as a child of <domain>, or in
 * <metadata> in the namespace urn:vnuma:domain:1, where libvirt keeps it; the second form also says
 * what an earlier plan wrote. This is our own format: what we do not know is an error. */
#include <string.h>

#include "guest/xml_read.h"

static const char *const attributes[] = { "mode", "distribution" };
static const char *const memory_attributes[] = { "unit", "mode" };
static const char *const partition_attributes[] = { "nodeset", "cells" };
static const char *const spec_attributes[] = { "name", "value" };
static const char *const children[] = { "memory", "partition", "spec", "wrote" };

/* ---- finding it ---- */

static int find_in_metadata(const vn_dom *dom, const xmlNode *metadata, const xmlNode **ret,
			    vn_error *err)
{
	for (const xmlNode *node = metadata ? metadata->children : NULL; node; node = node->next) {
		if (vn_dom_is(node, "vnuma"))
			return vn_dom_fail(dom, vn_dom_element(node), err, VN_E_SYNTAX,
					   "<vnuma> in <metadata> is in no namespace (legal: "
					   "xmlns:vnuma='" VN_DOM_NAMESPACE "')");
		if (!vn_dom_is_ours(node, "vnuma"))
			continue;
		if (*ret)
			return vn_dom_fail(dom, vn_dom_element(node), err, VN_E_SYNTAX,
					   "a second <vnuma>: the first is in line %u (legal: one)",
					   vn_dom_spot(dom, vn_dom_element(*ret)).line);
		*ret = node;
	}
	return VN_OK;
}

static int find(const vn_dom *dom, const xmlNode *domain, vn_dom_policy *policy, vn_error *err)
{
	const xmlNode *child, *metadata, *inside = NULL;
	int r;

	if ((r = vn_dom_only(dom, domain, "vnuma", &child, err)) < 0 ||
	    (r = vn_dom_only(dom, domain, "metadata", &metadata, err)) < 0 ||
	    (r = find_in_metadata(dom, metadata, &inside, err)) < 0)
		return r;
	for (const xmlNode *node = domain->children; node; node = node->next)
		if (vn_dom_is_ours(node, "vnuma"))
			return vn_dom_fail(dom, vn_dom_element(node), err, VN_E_SYNTAX,
					   "<vnuma> of namespace " VN_DOM_NAMESPACE
					   " belongs under <metadata>");
	if (child && inside)
		return vn_dom_fail(dom, vn_dom_element(child), err, VN_E_CONFLICT,
				   "<vnuma> stands here and in <metadata>, line %u (legal: one)",
				   vn_dom_spot(dom, vn_dom_element(inside)).line);
	policy->node = child ? child : inside;
	policy->in_metadata = inside;
	return VN_OK;
}

/* ---- only what is known ---- */

static int check_attributes(const vn_dom *dom, const xmlNode *node, const char *const *legal,
			    size_t count, vn_error *err)
{
	enum { LISTED_MAX = 8 };
	char list[160] = "those that vnuma-domain(5) lists";

	for (const xmlAttr *attr = node->properties; attr; attr = attr->next) {
		if (!attr->ns && vn_name_find(legal, count, (const char *)attr->name) >= 0)
			continue;
		if (count <= LISTED_MAX)
			vn_names_list(legal, count, list, sizeof(list));
		return vn_dom_fail(dom, vn_dom_element(node), err, VN_E_SYNTAX,
				   "<%s> has no attribute '%.40s' (legal: %s)",
				   (const char *)node->name, (const char *)attr->name, list);
	}
	return VN_OK;
}

/* The name of a child of <vnuma> as an index of `children`, or -1. */
static int child_index(const vn_dom_policy *policy, const xmlNode *node)
{
	for (size_t i = 0; i < VN_LEN(children); i++)
		if (policy->in_metadata ? vn_dom_is_ours(node, children[i])
					: vn_dom_is(node, children[i]))
			return (int)i;
	return -1;
}

static bool is_blank_text(const xmlNode *node)
{
	const char *text = (const char *)node->content;

	return !text || text[strspn(text, " \t\r\n")] == '\0';
}

static int check_children(const vn_dom *dom, const vn_dom_policy *policy, vn_error *err)
{
	/* `wrote` is the last name: only the metadata form has it */
	size_t count = VN_LEN(children) - !policy->in_metadata;
	char list[80];

	for (const xmlNode *node = policy->node->children; node; node = node->next) {
		if (node->type == XML_ELEMENT_NODE) {
			int index = child_index(policy, node);

			if (index >= 0 && (size_t)index < count)
				continue;
			return vn_dom_fail(dom, vn_dom_element(node), err, VN_E_SYNTAX,
					   "<vnuma> has no child <%.40s>%s (legal: %s)",
					   (const char *)node->name,
					   index < 0 && policy->in_metadata ? " of that namespace"
									    : "",
					   vn_names_list(children, count, list, sizeof(list)));
		}
		if (node->type == XML_TEXT_NODE && !is_blank_text(node))
			return vn_dom_fail(dom, vn_dom_element(policy->node), err, VN_E_SYNTAX,
					   "<vnuma> has text of its own (legal: %s)",
					   vn_names_list(children, count, list, sizeof(list)));
	}
	return VN_OK;
}

/* The one child of that name, or NULL in *ret. */
static int only_child(const vn_dom *dom, const vn_dom_policy *policy, const char *name,
		      const xmlNode **ret, vn_error *err)
{
	const xmlNode *first = NULL;

	for (const xmlNode *node = policy->node->children; node; node = node->next) {
		if (policy->in_metadata ? !vn_dom_is_ours(node, name) : !vn_dom_is(node, name))
			continue;
		if (first)
			return vn_dom_fail(dom, vn_dom_element(node), err, VN_E_SYNTAX,
					   "a second <%s>: the first is in line %u (legal: one)",
					   name, vn_dom_spot(dom, vn_dom_element(first)).line);
		first = node;
	}
	*ret = first;
	return VN_OK;
}

/* ---- its parts ---- */

static int read_attributes(vn_dom *dom, const vn_dom_policy *policy, vn_error *err)
{
	vn_request *request = dom->draft->request;
	vn_dom_value mode = vn_dom_attr(dom, policy->node, "mode");
	vn_dom_value distribution = vn_dom_attr(dom, policy->node, "distribution");
	int r, index;

	if ((r = check_attributes(dom, policy->node, attributes, VN_LEN(attributes), err)) < 0)
		return r;
	if (mode.text) {
		r = vn_dom_take_choice(dom, mode, vn_mode_names, VN_MODE_COUNT, &index, err);
		if (r < 0)
			return r;
		request->mode = (enum vn_mode)index;
	}
	if (distribution.text) {
		r = vn_dom_take_choice(dom, distribution, vn_distribution_names,
				       VN_DISTRIBUTION_COUNT, &index, err);
		if (r < 0)
			return r;
		request->distribution = (enum vn_distribution)index;
		dom->draft->distribution_given = true;
		dom->draft->distribution = vn_dom_spot(dom, distribution);
	}
	return VN_OK;
}

static int read_memory(vn_dom *dom, vn_dom_policy *policy, vn_error *err)
{
	/* interleave is libvirt's word for one binding of the whole guest: cells have none */
	static const char *const legal[VN_MEM_MODE_COUNT] = {
		[VN_MEM_STRICT] = "strict",
		[VN_MEM_PREFERRED] = "preferred",
		[VN_MEM_RESTRICTIVE] = "restrictive",
	};
	vn_dom_value mode;
	char what[128];
	int r, index;

	if ((r = only_child(dom, policy, "memory", &policy->memory, err)) < 0 || !policy->memory)
		return r;
	if ((r = check_attributes(dom, policy->memory, memory_attributes, VN_LEN(memory_attributes),
				  err)) < 0)
		return r;
	mode = vn_dom_attr(dom, policy->memory, "mode");
	if (mode.text) {
		index = vn_name_find(legal, VN_LEN(legal), mode.text);
		if (index < 0)
			return vn_dom_fail(
				dom, mode, err, VN_E_SYNTAX,
				"%s is not legal (legal: 'strict', 'preferred' or 'restrictive')",
				vn_dom_describe(mode, what, sizeof(what)));
		dom->draft->request->mem_mode = (enum vn_mem_mode)index;
		dom->draft->mem_mode_given = true;
	}
	vn_dom_value text = vn_dom_text(dom, policy->memory);

	if (mode.text && text.text && !*text.text)
		return VN_OK; /* <memory mode='preferred'/>: the mode alone */
	return vn_dom_take_size(dom, text, vn_dom_attr(dom, policy->memory, "unit"),
				&policy->mem_kib, err);
}

static int read_partition(vn_dom *dom, const vn_dom_policy *policy, vn_error *err)
{
	vn_request *request = dom->draft->request;
	vn_dom_value nodeset, cells;
	const xmlNode *node;
	int r;

	if ((r = only_child(dom, policy, "partition", &node, err)) < 0 || !node)
		return r;
	if ((r = check_attributes(dom, node, partition_attributes, VN_LEN(partition_attributes),
				  err)) < 0)
		return r;
	dom->draft->partition = vn_dom_spot(dom, vn_dom_element(node));
	request->at_partition = dom->draft->partition;
	nodeset = vn_dom_attr(dom, node, "nodeset");
	cells = vn_dom_attr(dom, node, "cells");
	if (nodeset.text) {
		if ((r = vn_dom_take_nodeset(dom, nodeset, &request->nodeset, err)) < 0)
			return r;
		request->nodeset_given = true;
	}
	if (cells.text) {
		dom->draft->partition = vn_dom_spot(dom, cells);
		return vn_dom_take_uint(dom, cells, (vn_dom_range){ 1, VN_CELL_MAX },
					&request->n_cells_want, err);
	}
	return VN_OK;
}

static int read_spec(vn_dom *dom, const xmlNode *node, vn_spec_entry *ret, vn_error *err)
{
	vn_dom_value name = vn_dom_attr(dom, node, "name"), value = vn_dom_attr(dom, node, "value");
	int r = check_attributes(dom, node, spec_attributes, VN_LEN(spec_attributes), err);

	if (r < 0)
		return r;
	if (!name.text || !value.text)
		return vn_dom_fail(dom, vn_dom_element(node), err, VN_E_SYNTAX,
				   "<spec> has no attribute '%s' (legal: 'name' and 'value')",
				   name.text ? "value" : "name");
	*ret = (vn_spec_entry){ .key = name.text,
				.value = value.text,
				.spot = vn_dom_spot(dom, value),
				.image = vn_spec_is_image(name.text) };
	return VN_OK;
}

static int read_specs(vn_dom *dom, vn_dom_policy *policy, vn_error *err)
{
	size_t count = 0;
	int r;

	for (const xmlNode *node = policy->node->children; node; node = node->next)
		count += policy->in_metadata ? vn_dom_is_ours(node, "spec")
					     : vn_dom_is(node, "spec");
	if (count > VN_SPECS_MAX)
		return vn_dom_fail(dom, vn_dom_element(policy->node), err, VN_E_RANGE,
				   "%zu <spec> elements (legal: at most %d)", count, VN_SPECS_MAX);
	policy->specs = vn_arena_alloc(dom->draft->request->arena, count, sizeof(*policy->specs));
	if (!policy->specs)
		return vn_draft_no_memory(err);
	for (const xmlNode *node = policy->node->children; node; node = node->next) {
		if (policy->in_metadata ? !vn_dom_is_ours(node, "spec") : !vn_dom_is(node, "spec"))
			continue;
		if ((r = read_spec(dom, node, &policy->specs[policy->n_specs++], err)) < 0)
			return r;
	}
	return VN_OK;
}

static int read_wrote(vn_dom *dom, const vn_dom_policy *policy, vn_error *err)
{
	const xmlNode *node;
	int r;

	if ((r = only_child(dom, policy, "wrote", &node, err)) < 0 || !node)
		return r;
	r = check_attributes(dom, node, vn_setting_names, VN_SETTING_COUNT, err);
	for (size_t i = 0; r == VN_OK && i < VN_SETTING_COUNT; i++) {
		vn_dom_value value = vn_dom_attr(dom, node, vn_setting_names[i]);

		if (value.text)
			r = vn_dom_take_cpuset(dom, value, &dom->draft->request->wrote[i], err);
	}
	return r;
}

int vn_dom_read_policy(vn_dom *dom, const xmlNode *domain, vn_dom_policy *ret, vn_error *err)
{
	int r;

	if (dom->as_is)
		return VN_OK;
	if ((r = find(dom, domain, ret, err)) < 0 || !ret->node)
		return r;
	dom->draft->policy = vn_dom_spot(dom, vn_dom_element(ret->node));
	dom->draft->request->at_policy = dom->draft->policy;
	if ((r = check_children(dom, ret, err)) < 0 || (r = read_attributes(dom, ret, err)) < 0 ||
	    (r = read_memory(dom, ret, err)) < 0 || (r = read_partition(dom, ret, err)) < 0 ||
	    (r = read_specs(dom, ret, err)) < 0 || (r = read_wrote(dom, ret, err)) < 0)
		return r;
	return VN_OK;
}
