/* SPDX-License-Identifier: LGPL-2.1-or-later
 * How large the guest is: <vcpu>, <vcpus>, <memory>, <iothreads>, read as libvirt reads them. */
#include <string.h>

#include "guest/xml_read.h"

/* ---- vCPUs ---- */

static int fail_auto_placement(const vn_dom *dom, vn_dom_value placement, vn_error *err)
{
	return vn_dom_fail(dom, placement, err, VN_E_CONFLICT,
			   "placement='auto' in <%s> asks numad to place the guest, and so does a "
			   "plan: remove the attribute",
			   (const char *)placement.node->name);
}

static int read_placement(vn_dom *dom, const xmlNode *vcpu, vn_error *err)
{
	static const char *const names[] = { "static", "auto" };
	vn_dom_value placement = vn_dom_attr(dom, vcpu, "placement");
	int r, index;

	if (!placement.text || dom->as_is || vn_dom_wrote(dom, VN_SET_PLACEMENT, 0))
		return VN_OK;
	if ((r = vn_dom_take_choice(dom, placement, names, VN_LEN(names), &index, err)) < 0)
		return r;
	return index ? fail_auto_placement(dom, placement, err) : VN_OK;
}

/* <vcpus>: one element for each vCPU, those that start are enabled='yes'. Counted against
 * current=, and as libvirt does, it decides when that is missing. */
static int read_vcpus(vn_dom *dom, const xmlNode *domain, vn_dom_value current, vn_error *err)
{
	vn_request *request = dom->draft->request;
	uint32_t enabled = 0, id;
	const xmlNode *vcpus;
	vn_cpuset seen = { 0 };
	int r;

	if ((r = vn_dom_only(dom, domain, "vcpus", &vcpus, err)) < 0 || !vcpus ||
	    vn_dom_wrote(dom, VN_SET_VCPUS, 0))
		return r;
	VN_DOM_EACH(vcpu, vcpus, "vcpu") {
		vn_dom_value value = vn_dom_attr(dom, vcpu, "id");

		r = vn_dom_take_uint(dom, value, (vn_dom_range){ 0, request->vcpus - 1 }, &id, err);
		if (r < 0)
			return r;
		if (vn_cpuset_has(&seen, id))
			return vn_dom_fail(dom, value, err, VN_E_CONFLICT,
					   "id='%u' in <vcpus> stands twice", id);
		vn_cpuset_add(&seen, id);
		enabled += vn_dom_attr_is(vcpu, "enabled", "yes");
	}
	if (!enabled)
		return vn_dom_fail(dom, vn_dom_element(vcpus), err, VN_E_RANGE,
				   "no vCPU of <vcpus> has enabled='yes' (legal: at least vCPU 0)");
	if (current.text && enabled != request->vcpus_online)
		return vn_dom_fail(dom, vn_dom_element(vcpus), err, VN_E_CONFLICT,
				   "%u vCPUs of <vcpus> are enabled, but <vcpu> in line %u has "
				   "current='%u'",
				   enabled, dom->draft->vcpu.line, request->vcpus_online);
	request->vcpus_online = enabled;
	return VN_OK;
}

int vn_dom_read_vcpu(vn_dom *dom, const xmlNode *domain, vn_error *err)
{
	vn_request *request = dom->draft->request;
	vn_dom_value current, cpuset, count;
	const xmlNode *vcpu;
	int r;

	request->vcpus = request->vcpus_online = 1; /* libvirt's default */
	if ((r = vn_dom_only(dom, domain, "vcpu", &vcpu, err)) < 0)
		return r;
	current = vn_dom_attr(dom, vcpu, "current");
	if (vcpu) {
		count = vn_dom_text(dom, vcpu);
		dom->draft->vcpu = vn_dom_spot(dom, vn_dom_element(vcpu));
		request->at_vcpu = dom->draft->vcpu;
		r = vn_dom_take_uint(dom, count, (vn_dom_range){ 1, VN_VCPU_MAX }, &request->vcpus,
				     err);
		if (r < 0)
			return r;
		request->vcpus_online = request->vcpus;
		if ((r = read_placement(dom, vcpu, err)) < 0)
			return r;
		cpuset = vn_dom_attr(dom, vcpu, "cpuset");
		if (cpuset.text && !vn_dom_attr_is(vcpu, "placement", "auto")) {
			r = vn_dom_take_cpuset(dom, cpuset, &request->cpuset, err);
			if (r < 0)
				return r;
			request->cpuset_given = true;
			request->at_cpuset = vn_dom_spot(dom, cpuset);
		}
	}
	if (current.text && (r = vn_dom_take_uint(dom, current, (vn_dom_range){ 1, request->vcpus },
						  &request->vcpus_online, err)) < 0)
		return r;
	return read_vcpus(dom, domain, current, err);
}

/* ---- memory ---- */

/* A size for people, in a buffer that lives as long as the expression: for messages. */
#define SIZE_TEXT(kib) vn_size_format((kib), (char[32]){ 0 }, 32)

/* <memory> as the owner says it: counts memory devices. 0 if it is not there, or ours. */
static int read_total(vn_dom *dom, const xmlNode *domain, const vn_dom_policy *policy,
		      uint64_t *ret, vn_error *err)
{
	const xmlNode *memory;
	int r;

	if ((r = vn_dom_only(dom, domain, "memory", &memory, err)) < 0 || !memory)
		return r;
	if (vn_dom_wrote(dom, VN_SET_MEMORY, 0) &&
	    (policy->mem_kib || dom->draft->request->n_cells))
		return VN_OK;
	dom->draft->memory = vn_dom_spot(dom, vn_dom_element(memory));
	dom->draft->request->at_memory = dom->draft->memory;
	return vn_dom_take_size(dom, vn_dom_text(dom, memory), vn_dom_attr(dom, memory, "unit"),
				ret, err);
}

/* All of it: <memory> counts memory devices, cells and the policy's <memory> do not; a policy that
 * repeats <memory>'s value is meant the same way. */
static int settle_total(vn_dom *dom, const vn_dom_policy *policy, uint64_t total, vn_error *err)
{
	vn_draft *draft = dom->draft;
	uint64_t devices = 0;

	for (uint32_t i = 0; i < draft->request->n_memdevs; i++)
		devices += draft->request->memdevs[i].size_kib;
	if (dom->as_is && draft->request->n_cells) /* the cells win */
		return VN_OK;
	if (total && devices >= total)
		return vn_draft_fail(draft, draft->memory, err, VN_E_CONFLICT,
				     "<memory> of %s counts the memory devices, and these are %s "
				     "(first in line %u)",
				     SIZE_TEXT(total), SIZE_TEXT(devices),
				     draft->request->memdevs[0].at.line);
	if (total && policy->mem_kib && policy->mem_kib != total &&
	    policy->mem_kib != total - devices)
		return vn_dom_fail(dom, vn_dom_element(policy->memory), err, VN_E_CONFLICT,
				   "<memory> of <vnuma> is %s, but <memory> in line %u is %s%s",
				   SIZE_TEXT(policy->mem_kib), draft->memory.line,
				   SIZE_TEXT(total - devices),
				   devices ? " without the memory devices" : "");
	return vn_draft_set_memory(draft, total ? total - devices : policy->mem_kib, err);
}

int vn_dom_read_memory(vn_dom *dom, const xmlNode *domain, const vn_dom_policy *policy,
		       vn_error *err)
{
	const vn_request *request = dom->draft->request;
	uint64_t total = 0, sum = 0;
	int r;

	if ((r = read_total(dom, domain, policy, &total, err)) < 0)
		return r;
	for (uint32_t cell = 0; cell < request->n_cells; cell++)
		sum += request->cells[cell].mem_kib;
	if ((!total && !policy->mem_kib) || (dom->as_is && sum))
		return sum ? vn_draft_set_memory(dom->draft, sum, err)
			   : vn_dom_fail(dom, vn_dom_element(domain), err, VN_E_SYNTAX,
					 "<domain> has no <memory> (legal: <memory>, or <memory> "
					 "of <vnuma>)");
	if ((r = settle_total(dom, policy, total, err)) < 0)
		return r;
	if (sum && sum != request->mem_kib) {
		const xmlNode *by = total ? vn_dom_child(domain, "memory") : policy->memory;

		return vn_draft_fail(dom->draft, dom->draft->cells, err, VN_E_CONFLICT,
				     "the cells add up to %s, but <memory> in line %u is %s%s",
				     SIZE_TEXT(sum), vn_dom_spot(dom, vn_dom_element(by)).line,
				     SIZE_TEXT(request->mem_kib),
				     request->n_memdevs ? " without the memory devices" : "");
	}
	return VN_OK;
}

/* ---- I/O threads ---- */

static int read_iothread_ids(vn_dom *dom, const xmlNode *list, vn_cpuset *ids, vn_error *err)
{
	uint32_t id;
	int r;

	VN_DOM_EACH(iothread, list, "iothread") {
		vn_dom_value value = vn_dom_attr(dom, iothread, "id");

		r = vn_dom_take_uint(dom, value, (vn_dom_range){ 1, VN_CPU_MAX - 1 }, &id, err);
		if (r < 0)
			return r;
		if (vn_cpuset_has(ids, id))
			return vn_dom_fail(dom, value, err, VN_E_CONFLICT,
					   "id='%u' in <iothreadids> stands twice", id);
		vn_cpuset_add(ids, id);
	}
	return VN_OK;
}

/* libvirt: as many as <iothreads> says, the named ids first, then the smallest that are free. */
int vn_dom_read_iothreads(vn_dom *dom, const xmlNode *domain, vn_error *err)
{
	vn_request *request = dom->draft->request;
	const xmlNode *iothreads, *list;
	vn_cpuset ids = { 0 };
	uint32_t count = 0;
	int r;

	if ((r = vn_dom_only(dom, domain, "iothreads", &iothreads, err)) < 0 ||
	    (r = vn_dom_only(dom, domain, "iothreadids", &list, err)) < 0 ||
	    (r = read_iothread_ids(dom, list, &ids, err)) < 0)
		return r;
	if (iothreads &&
	    (r = vn_dom_take_uint(dom, vn_dom_text(dom, iothreads),
				  (vn_dom_range){ 0, VN_IOTHREADS_MAX }, &count, err)) < 0)
		return r;
	for (unsigned id = 1; vn_cpuset_count(&ids) < count; id++)
		vn_cpuset_add(&ids, id);
	if (vn_cpuset_count(&ids) > VN_IOTHREADS_MAX)
		return vn_dom_fail(dom, vn_dom_element(list), err, VN_E_RANGE,
				   "%u I/O threads (legal: at most %d)", vn_cpuset_count(&ids),
				   VN_IOTHREADS_MAX);
	VN_CPUSET_EACH(id, &ids)
		request->iothread_ids[request->n_iothreads++] = (uint32_t)id;
	return VN_OK;
}
