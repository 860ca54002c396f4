/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A domain XML becomes a request. The order of the parts matters: the policy comes first (it says
 * what an earlier plan wrote), then the sizes, then the specs that build on them, then what the
 * owner fixed, which must agree with all of that. */
#include <string.h>

#include "guest/xml_read.h"

static int read_name(vn_dom *dom, const xmlNode *domain, vn_error *err)
{
	const xmlNode *name;
	int r = vn_dom_only(dom, domain, "name", &name, err);

	if (r == VN_OK && name)
		dom->draft->request->name = vn_dom_text(dom, name).text;
	return r;
}

static int read_domain(vn_dom *dom, const xmlNode *domain, vn_error *err)
{
	vn_dom_policy policy = { 0 };
	int r;

	if (!vn_dom_is(domain, "domain"))
		return vn_dom_fail(dom, vn_dom_element(domain), err, VN_E_SYNTAX,
				   "the document is a <%.60s> (legal: a <domain>)",
				   (const char *)domain->name);
	if ((r = read_name(dom, domain, err)) < 0 ||
	    (r = vn_dom_read_policy(dom, domain, &policy, err)) < 0 ||
	    (r = vn_dom_read_vcpu(dom, domain, err)) < 0 ||
	    (r = vn_dom_read_cells(dom, domain, err)) < 0 ||
	    (r = vn_dom_read_memdevs(dom, domain, err)) < 0 ||
	    (r = vn_dom_read_memory(dom, domain, &policy, err)) < 0 ||
	    (r = vn_specs_apply(dom->draft, policy.specs, policy.n_specs, err)) < 0 ||
	    (r = vn_dom_read_topology(dom, domain, err)) < 0 ||
	    (r = vn_dom_read_iothreads(dom, domain, err)) < 0 ||
	    (r = vn_dom_read_cputune(dom, domain, err)) < 0 ||
	    (r = vn_dom_read_numatune(dom, domain, err)) < 0 ||
	    (r = vn_dom_read_devices(dom, domain, err)) < 0 ||
	    (r = vn_dom_read_backing(dom, domain, err)) < 0)
		return r;
	if (dom->no_memory)
		return vn_draft_no_memory(err);
	return dom->as_is ? VN_OK : vn_draft_finish(dom->draft, err);
}

/* The document is kept: the writer edits it in place. */
static int keep_document(vn_request *request, const char *source, const char *bytes, size_t size,
			 vn_error *err)
{
	request->xml = vn_arena_strndup(request->arena, bytes, size);
	request->xml_len = size;
	request->source = source ? vn_arena_strndup(request->arena, source, strlen(source)) : NULL;
	return request->xml && (request->source || !source) ? VN_OK : vn_draft_no_memory(err);
}

static int parse(const char *source, const char *bytes, size_t size, bool as_is, vn_request **ret,
		 vn_error *err)
{
	VN_AUTO(vn_request)
	request = vn_request_new();
	vn_draft draft = { .request = request, .source = source };
	vn_dom dom = { .draft = &draft, .bytes = bytes, .size = size, .as_is = as_is };
	int r;

	if (!request)
		return vn_draft_no_memory(err);
	if ((r = vn_dom_load(&dom, err)) < 0)
		return r;
	r = read_domain(&dom, xmlDocGetRootElement(dom.doc), err);
	if (r == VN_OK)
		r = keep_document(request, source, bytes, size, err);
	vn_dom_unload(&dom);
	if (r == VN_OK)
		*ret = VN_STEAL(request);
	return r;
}

int vn_request_parse_xml(const char *source, const char *bytes, size_t size, vn_request **ret,
			 vn_error *err)
{
	return parse(source, bytes, size, false, ret, err);
}

int vn_request_parse_xml_as_is(const char *source, const char *bytes, size_t size, vn_request **ret,
			       vn_error *err)
{
	return parse(source, bytes, size, true, ret, err);
}
