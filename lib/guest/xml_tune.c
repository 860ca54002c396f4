/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the owner fixed about running: <cputune> pins, <numatune> bindings and <memoryBacking>. What
 * an earlier plan wrote is passed over, number by number. */
#include <string.h>

#include "guest/xml_read.h"

/* ---- <cputune> ---- */

static int fail_twice(const vn_dom *dom, vn_dom_value value, vn_error *err)
{
	char what[128];

	return vn_dom_fail(dom, value, err, VN_E_CONFLICT, "%s stands twice (legal: once)",
			   vn_dom_describe(value, what, sizeof(what)));
}

/* A dedicated vCPU has one CPU: a pin to several says the contrary. */
static int check_pin(const vn_dom *dom, vn_dom_value cpuset, uint32_t vcpu, vn_error *err)
{
	const vn_request *request = dom->draft->request;
	unsigned count = vn_cpuset_count(&request->vcpupin[vcpu]);
	char what[128];

	if (count == 1 || !vn_cpuset_has(&request->dedicated, vcpu))
		return VN_OK;
	return vn_dom_fail(dom, cpuset, err, VN_E_CONFLICT,
			   "%s pins vCPU %u to %u CPUs, but %s gives it one of its own",
			   vn_dom_describe(cpuset, what, sizeof(what)), vcpu, count,
			   request->distribution == VN_DISTRIBUTION_SIBLINGS
				   ? "distribution='siblings'"
				   : "hw:cpu_policy");
}

static int read_vcpupin(vn_dom *dom, const xmlNode *node, vn_error *err)
{
	vn_request *request = dom->draft->request;
	vn_dom_value vcpu = vn_dom_attr(dom, node, "vcpu");
	vn_dom_value cpuset = vn_dom_attr(dom, node, "cpuset");
	uint32_t number;
	int r;

	if ((r = vn_dom_take_uint(dom, vcpu, (vn_dom_range){ 0, VN_VCPU_MAX - 1 }, &number, err)) <
	    0)
		return r;
	if (vn_dom_wrote(dom, VN_SET_VCPUPIN, number))
		return VN_OK;
	if (number >= request->vcpus && dom->as_is) /* libvirt passes it over */
		return VN_OK;
	if (number >= request->vcpus)
		return vn_dom_fail(dom, vcpu, err, VN_E_CONFLICT,
				   "vcpu='%u' in <vcpupin>: <vcpu> in line %u is %u (legal: 0 to "
				   "%u)",
				   number, request->at_vcpu.line, request->vcpus,
				   request->vcpus - 1);
	if (vn_cpuset_has(&request->vcpupin_given, number))
		return fail_twice(dom, vcpu, err);
	if (!request->vcpupin) {
		request->vcpupin =
			vn_arena_alloc(request->arena, request->vcpus, sizeof(*request->vcpupin));
		request->at_vcpupin = vn_arena_alloc(request->arena, request->vcpus,
						     sizeof(*request->at_vcpupin));
	}
	if (!request->vcpupin || !request->at_vcpupin)
		return vn_draft_no_memory(err);
	request->at_vcpupin[number] = vn_dom_spot(dom, cpuset);
	if ((r = vn_dom_take_cpuset(dom, cpuset, &request->vcpupin[number], err)) < 0)
		return r;
	vn_cpuset_add(&request->vcpupin_given, number);
	return check_pin(dom, cpuset, number, err);
}

static int read_emulatorpin(vn_dom *dom, const xmlNode *cputune, vn_error *err)
{
	vn_request *request = dom->draft->request;
	const xmlNode *node;
	int r;

	if ((r = vn_dom_only(dom, cputune, "emulatorpin", &node, err)) < 0 || !node ||
	    vn_dom_wrote(dom, VN_SET_EMULATORPIN, 0))
		return r;
	request->at_emulatorpin = vn_dom_spot(dom, vn_dom_attr(dom, node, "cpuset"));
	request->emulatorpin_given = true;
	return vn_dom_take_cpuset(dom, vn_dom_attr(dom, node, "cpuset"), &request->emulatorpin,
				  err);
}

static bool has_iothread(const vn_request *request, uint32_t id)
{
	for (uint32_t i = 0; i < request->n_iothreads; i++)
		if (request->iothread_ids[i] == id)
			return true;
	return false;
}

static int read_iothreadpin(vn_dom *dom, const xmlNode *node, vn_error *err)
{
	vn_request *request = dom->draft->request;
	vn_dom_value iothread = vn_dom_attr(dom, node, "iothread");
	vn_cpuset cpus;
	uint32_t id;
	int r;

	if ((r = vn_dom_take_uint(dom, iothread, (vn_dom_range){ 1, VN_CPU_MAX - 1 }, &id, err)) <
		    0 ||
	    vn_dom_wrote(dom, VN_SET_IOTHREADPIN, id))
		return r;
	if (!has_iothread(request, id))
		return vn_dom_fail(dom, iothread, err, VN_E_CONFLICT,
				   "iothread='%u' in <iothreadpin>: the guest has %u I/O threads, "
				   "and none with this id",
				   id, request->n_iothreads);
	if (vn_cpuset_has(&request->iothreadpin_given, id))
		return fail_twice(dom, iothread, err);
	vn_cpuset_add(&request->iothreadpin_given, id);
	return vn_dom_take_cpuset(dom, vn_dom_attr(dom, node, "cpuset"), &cpus, err);
}

int vn_dom_read_cputune(vn_dom *dom, const xmlNode *domain, vn_error *err)
{
	const xmlNode *cputune;
	int r;

	if ((r = vn_dom_only(dom, domain, "cputune", &cputune, err)) < 0)
		return r;
	VN_DOM_EACH(node, cputune, "vcpupin") {
		if ((r = read_vcpupin(dom, node, err)) < 0)
			return r;
	}
	VN_DOM_EACH(node, cputune, "iothreadpin") {
		if ((r = read_iothreadpin(dom, node, err)) < 0)
			return r;
	}
	return read_emulatorpin(dom, cputune, err);
}

/* ---- <numatune> ---- */

/* The first mode that is said becomes the guest's. A <memnode> may differ from it, but libvirt
 * wants 'restrictive' everywhere or nowhere. */
static int take_mode(vn_dom *dom, const xmlNode *node, bool may_differ, vn_error *err)
{
	vn_draft *draft = dom->draft;
	vn_dom_value mode = vn_dom_attr(dom, node, "mode");
	enum vn_mem_mode guest = draft->request->mem_mode;
	int r, index = VN_MEM_STRICT; /* libvirt's default */
	char what[128];

	if (mode.text && (r = vn_dom_take_choice(dom, mode, vn_mem_mode_names, VN_MEM_MODE_COUNT,
						 &index, err)) < 0)
		return r;
	if (dom->as_is && draft->mem_mode_given) /* each <memnode> has its own; the first is kept */
		return VN_OK;
	if (!draft->mem_mode_given) {
		draft->request->mem_mode = (enum vn_mem_mode)index;
		draft->mem_mode_given = true;
		return VN_OK;
	}
	if ((index == VN_MEM_RESTRICTIVE) == (guest == VN_MEM_RESTRICTIVE) &&
	    (may_differ || !mode.text || index == (int)guest))
		return VN_OK;
	return vn_dom_fail(
		dom, mode.text ? mode : vn_dom_element(node), err, VN_E_CONFLICT,
		"%s, but the guest's memory mode is '%s'",
		vn_dom_describe(mode.text ? mode : vn_dom_element(node), what, sizeof(what)),
		vn_mem_mode_names[guest]);
}

static int read_numatune_memory(vn_dom *dom, const xmlNode *numatune, vn_error *err)
{
	static const char *const placements[] = { "static", "auto" };
	vn_request *request = dom->draft->request;
	vn_dom_value placement;
	const xmlNode *memory;
	int r, index = 0;

	if ((r = vn_dom_only(dom, numatune, "memory", &memory, err)) < 0 || !memory ||
	    vn_dom_wrote(dom, VN_SET_NUMATUNE, 0))
		return r;
	placement = vn_dom_attr(dom, memory, "placement");
	if (placement.text && (r = vn_dom_take_choice(dom, placement, placements,
						      VN_LEN(placements), &index, err)) < 0)
		return r;
	if (index && dom->as_is)
		return take_mode(dom, memory, false, err);
	if (index)
		return vn_dom_fail(dom, placement, err, VN_E_CONFLICT,
				   "placement='auto' in <numatune> asks numad to place the guest, "
				   "and so does a plan: remove the element");
	if ((r = take_mode(dom, memory, false, err)) < 0)
		return r;
	request->numatune_given = true;
	request->at_numatune = vn_dom_spot(dom, vn_dom_element(memory));
	return vn_dom_take_nodeset(dom, vn_dom_attr(dom, memory, "nodeset"), &request->numatune,
				   err);
}

static int read_memnode(vn_dom *dom, const xmlNode *node, vn_error *err)
{
	vn_request *request = dom->draft->request;
	vn_dom_value cellid = vn_dom_attr(dom, node, "cellid");
	uint32_t cell;
	int r;

	if ((r = vn_dom_take_uint(dom, cellid, (vn_dom_range){ 0, VN_CELL_MAX - 1 }, &cell, err)) <
		    0 ||
	    vn_dom_wrote(dom, VN_SET_MEMNODE, cell))
		return r;
	if (!vn_draft_cells_known(dom->draft) && request->mode == VN_MODE_AUTO)
		return vn_dom_fail(dom, cellid, err, VN_E_CONFLICT,
				   "cellid='%u' in <memnode>, but the guest has no cells (legal: "
				   "name them in <cpu><numa>, or their number in <partition "
				   "cells=>)",
				   cell);
	if ((r = vn_dom_check_cell(dom, cellid, cell, err)) < 0)
		return r;
	if (vn_cpuset_has(&request->memnode_given, cell))
		return fail_twice(dom, cellid, err);
	if (!request->memnode) {
		request->memnode =
			vn_arena_alloc(request->arena, VN_CELL_MAX, sizeof(*request->memnode));
		request->at_memnode =
			vn_arena_alloc(request->arena, VN_CELL_MAX, sizeof(*request->at_memnode));
	}
	if (!request->memnode || !request->at_memnode)
		return vn_draft_no_memory(err);
	request->at_memnode[cell] = vn_dom_spot(dom, vn_dom_attr(dom, node, "nodeset"));
	vn_cpuset_add(&request->memnode_given, cell);
	if ((r = take_mode(dom, node, true, err)) < 0)
		return r;
	return vn_dom_take_nodeset(dom, vn_dom_attr(dom, node, "nodeset"), &request->memnode[cell],
				   err);
}

int vn_dom_read_numatune(vn_dom *dom, const xmlNode *domain, vn_error *err)
{
	const xmlNode *numatune;
	int r;

	if ((r = vn_dom_only(dom, domain, "numatune", &numatune, err)) < 0 ||
	    (r = read_numatune_memory(dom, numatune, err)) < 0)
		return r;
	VN_DOM_EACH(node, numatune, "memnode") {
		if ((r = read_memnode(dom, node, err)) < 0)
			return r;
	}
	return VN_OK;
}

/* ---- <memoryBacking> ---- */

static int read_page(vn_dom *dom, const xmlNode *node, vn_request_pages *ret, vn_error *err)
{
	vn_dom_value nodeset = vn_dom_attr(dom, node, "nodeset");
	int r;

	ret->want = VN_PAGES_SIZE;
	ret->at = vn_dom_spot(dom, vn_dom_element(node));
	r = vn_dom_take_size(dom, vn_dom_attr(dom, node, "size"), vn_dom_attr(dom, node, "unit"),
			     &ret->page_kib, err);
	if (r < 0 || !nodeset.text)
		return r;
	if ((r = vn_dom_take_cpuset(dom, nodeset, &ret->cells, err)) < 0)
		return r;
	VN_CPUSET_EACH(cell, &ret->cells) {
		if ((r = vn_dom_check_cell(dom, nodeset, (uint32_t)cell, err)) < 0)
			return r;
	}
	return VN_OK;
}

/* Two sizes for the same cell, or two for every cell. */
static int check_pages(const vn_dom *dom, const xmlNode *node, uint32_t last, vn_error *err)
{
	const vn_request_pages *pages = dom->draft->request->pages;
	bool all = vn_cpuset_is_empty(&pages[last].cells);

	for (uint32_t i = 0; i < last; i++) {
		bool both_all = all && vn_cpuset_is_empty(&pages[i].cells);

		if (both_all || vn_cpuset_overlaps(&pages[last].cells, &pages[i].cells))
			return vn_dom_fail(
				dom, vn_dom_element(node), err, VN_E_CONFLICT,
				"<page> is for the same cells as <page> in line %u (legal: one "
				"size for a cell)",
				pages[i].at.line);
	}
	return VN_OK;
}

/* Sizes for named cells stand before the one for the rest: first match wins. */
static void sort_pages(vn_request *request)
{
	vn_request_pages *pages = request->pages;

	for (uint32_t i = 0; i + 1 < request->n_pages; i++)
		if (vn_cpuset_is_empty(&pages[i].cells)) {
			vn_request_pages general = pages[i];

			memmove(&pages[i], &pages[i + 1],
				(request->n_pages - i - 1) * sizeof(*pages));
			pages[request->n_pages - 1] = general;
			return;
		}
}

static int read_hugepages(vn_dom *dom, const xmlNode *hugepages, vn_error *err)
{
	vn_request *request = dom->draft->request;
	uint32_t count = 0;
	int r;

	if (request->n_pages)
		return vn_dom_fail(dom, vn_dom_element(hugepages), err, VN_E_CONFLICT,
				   "<hugepages>, and hw:mem_page_size in line %u (legal: one of "
				   "them)",
				   dom->draft->pages.line);
	VN_DOM_EACH(node, hugepages, "page")
		count++;
	if (count > VN_CELL_MAX + 1)
		return vn_dom_fail(dom, vn_dom_element(hugepages), err, VN_E_RANGE,
				   "%u <page> elements (legal: at most %d)", count,
				   VN_CELL_MAX + 1);
	request->pages = vn_arena_alloc(request->arena, count + 1, sizeof(*request->pages));
	if (!request->pages)
		return vn_draft_no_memory(err);
	if (!count) {
		request->pages[0].want = VN_PAGES_DEFAULT;
		request->pages[0].at = vn_dom_spot(dom, vn_dom_element(hugepages));
		request->n_pages = 1;
		return VN_OK;
	}
	VN_DOM_EACH(node, hugepages, "page") {
		if ((r = read_page(dom, node, &request->pages[request->n_pages], err)) < 0 ||
		    (r = check_pages(dom, node, request->n_pages++, err)) < 0)
			return r;
	}
	sort_pages(request);
	return VN_OK;
}

int vn_dom_read_backing(vn_dom *dom, const xmlNode *domain, vn_error *err)
{
	vn_request *request = dom->draft->request;
	const xmlNode *backing, *hugepages, *locked, *access;
	int r;

	if ((r = vn_dom_only(dom, domain, "memoryBacking", &backing, err)) < 0 ||
	    (r = vn_dom_only(dom, backing, "hugepages", &hugepages, err)) < 0 ||
	    (r = vn_dom_only(dom, backing, "locked", &locked, err)) < 0 ||
	    (r = vn_dom_only(dom, backing, "access", &access, err)) < 0)
		return r;
	if (hugepages && !vn_dom_wrote(dom, VN_SET_HUGEPAGES, 0) &&
	    (r = read_hugepages(dom, hugepages, err)) < 0)
		return r;
	if (locked && !vn_dom_wrote(dom, VN_SET_LOCKED, 0)) {
		if (request->locked_given && !request->locked)
			return vn_dom_fail(dom, vn_dom_element(locked), err, VN_E_CONFLICT,
					   "<locked/>, but hw:locked_memory in line %u is false",
					   dom->draft->locked.line);
		request->locked = request->locked_given = true;
	}
	if (access && request->needs_shared_memory && !dom->as_is &&
	    !vn_dom_wrote(dom, VN_SET_SHARED_MEMORY, 0) &&
	    vn_dom_attr_is(access, "mode", "private"))
		return vn_dom_fail(dom, vn_dom_element(access), err, VN_E_CONFLICT,
				   "<access mode='private'/>, but a vhost-user device or virtiofs "
				   "needs mode='shared'");
	return VN_OK;
}
