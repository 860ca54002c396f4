/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the owner fixed in <cpu>: the topology and the cells. libvirt mends many mistakes here in
 * silence (the cells win over <memory>, vCPUs of no cell go to cell 0); a plan refuses them,
 * because one of the two numbers is not what the owner meant. */
#include <string.h>

#include "guest/xml_read.h"

/* ---- cells ---- */

enum { DISTANCE_LOCAL = 10, DISTANCE_MAX = 255 };

static int find_numa(vn_dom *dom, const xmlNode *domain, const xmlNode **ret, vn_error *err)
{
	const xmlNode *cpu;
	int r;

	if ((r = vn_dom_only(dom, domain, "cpu", &cpu, err)) < 0)
		return r;
	return vn_dom_only(dom, cpu, "numa", ret, err);
}

/* The <cell> elements, each at the place of its number. */
static int order_cells(vn_dom *dom, const xmlNode *numa, const xmlNode **cells, vn_error *err)
{
	uint32_t n_cells = dom->draft->request->n_cells, position = 0, number;
	int r;

	VN_DOM_EACH(cell, numa, "cell") {
		vn_dom_value id = vn_dom_attr(dom, cell, "id");

		number = position++;
		if (id.text && (r = vn_dom_take_uint(dom, id, (vn_dom_range){ 0, n_cells - 1 },
						     &number, err)) < 0)
			return r;
		if (cells[number])
			return vn_dom_fail(dom, id.text ? id : vn_dom_element(cell), err,
					   VN_E_CONFLICT,
					   "a second cell %u: the first is in line %u", number,
					   vn_dom_spot(dom, vn_dom_element(cells[number])).line);
		cells[number] = cell;
	}
	return VN_OK;
}

static int read_cell(vn_dom *dom, const xmlNode *cell, vn_request_cell *to, vn_error *err)
{
	vn_dom_value cpus = vn_dom_attr(dom, cell, "cpus");
	int r;

	to->at = vn_dom_spot(dom, vn_dom_element(cell));
	if (cpus.text && (r = vn_dom_take_cpuset(dom, cpus, &to->vcpus, err)) < 0)
		return r;
	return vn_dom_take_size(dom, vn_dom_attr(dom, cell, "memory"),
				vn_dom_attr(dom, cell, "unit"), &to->mem_kib, err);
}

/* libvirt puts the vCPUs of no cell into cell 0 (qemuDomainDefNumaCPUsRectify). */
static vn_cells_fault mend_cells(vn_request *request)
{
	vn_cells_fault fault = vn_cells_check(request);
	vn_cpuset missing = { 0 };

	if (fault.rule != VN_CELLS_VCPU_MISSING)
		return fault;
	vn_cpuset_add_range(&missing, 0, request->vcpus - 1);
	for (uint32_t cell = 0; cell < request->n_cells; cell++)
		vn_cpuset_minus(&missing, &request->cells[cell].vcpus);
	vn_cpuset_or(&request->cells[0].vcpus, &missing);
	return vn_cells_check(request);
}

static int check_cells(vn_dom *dom, const xmlNode *numa, const xmlNode *const *cells, vn_error *err)
{
	vn_request *request = dom->draft->request;
	vn_cells_fault fault = dom->as_is ? mend_cells(request) : vn_cells_check(request);
	vn_dom_value cpus = vn_dom_attr(dom, cells[fault.cell], "cpus");

	switch (fault.rule) {
	case VN_CELLS_VCPU_BEYOND:
		return vn_dom_fail(dom, cpus, err, VN_E_CONFLICT,
				   "cell %u has vCPU %u, but <vcpu> in line %u is %u (legal: 0 to "
				   "%u)",
				   fault.cell, fault.vcpu, request->at_vcpu.line, request->vcpus,
				   request->vcpus - 1);
	case VN_CELLS_VCPU_TWICE:
		return vn_dom_fail(dom, cpus, err, VN_E_CONFLICT,
				   "vCPU %u is in cell %u, and in cell %u of line %u", fault.vcpu,
				   fault.cell, fault.other, request->cells[fault.other].at.line);
	case VN_CELLS_VCPU_MISSING:
		return vn_dom_fail(dom, vn_dom_element(numa), err, VN_E_CONFLICT,
				   "vCPU %u is in no cell, but <vcpu> in line %u is %u", fault.vcpu,
				   request->at_vcpu.line, request->vcpus);
	case VN_CELLS_MEMORY: /* not known yet: vn_dom_read_memory compares the sum */
	case VN_CELLS_GOOD: break;
	}
	return VN_OK;
}

static int read_distances(vn_dom *dom, const xmlNode *cell, uint32_t number, vn_error *err)
{
	vn_request *request = dom->draft->request;
	uint32_t sibling, value;
	const xmlNode *distances;
	int r;

	if ((r = vn_dom_only(dom, cell, "distances", &distances, err)) < 0 || !distances ||
	    vn_dom_wrote(dom, VN_SET_DISTANCES, number))
		return r;
	VN_DOM_EACH(node, distances, "sibling") {
		r = vn_dom_take_uint(dom, vn_dom_attr(dom, node, "id"),
				     (vn_dom_range){ 0, request->n_cells - 1 }, &sibling, err);
		if (r < 0)
			return r;
		vn_dom_range legal = sibling == number
					     ? (vn_dom_range){ DISTANCE_LOCAL, DISTANCE_LOCAL }
					     : (vn_dom_range){ DISTANCE_LOCAL + 1, DISTANCE_MAX };

		r = vn_dom_take_uint(dom, vn_dom_attr(dom, node, "value"), legal, &value, err);
		if (r < 0)
			return r;
	}
	request->distances_given = true;
	return VN_OK;
}

int vn_dom_read_cells(vn_dom *dom, const xmlNode *domain, vn_error *err)
{
	vn_request *request = dom->draft->request;
	const xmlNode *numa, *cells[VN_CELL_MAX] = { NULL };
	uint32_t n_cells = 0;
	int r;

	if ((r = find_numa(dom, domain, &numa, err)) < 0)
		return r;
	VN_DOM_EACH(cell, numa, "cell")
		n_cells++;
	if (!n_cells || vn_dom_wrote(dom, VN_SET_CELLS, 0))
		return VN_OK;
	dom->draft->cells = vn_dom_spot(dom, vn_dom_element(numa));
	request->at_numa = dom->draft->cells;
	if (n_cells > VN_CELL_MAX)
		return vn_dom_fail(dom, vn_dom_element(numa), err, VN_E_RANGE,
				   "%u cells (legal: at most %d)", n_cells, VN_CELL_MAX);
	request->cells = vn_arena_alloc(request->arena, n_cells, sizeof(*request->cells));
	if (!request->cells)
		return vn_draft_no_memory(err);
	request->n_cells = n_cells;
	if ((r = order_cells(dom, numa, cells, err)) < 0)
		return r;
	for (uint32_t i = 0; i < n_cells; i++)
		if ((r = read_cell(dom, cells[i], &request->cells[i], err)) < 0 ||
		    (r = read_distances(dom, cells[i], i, err)) < 0)
			return r;
	return check_cells(dom, numa, cells, err);
}

int vn_dom_check_cell(const vn_dom *dom, vn_dom_value value, uint32_t cell, vn_error *err)
{
	uint32_t known = vn_draft_cells_known(dom->draft);
	char what[128];

	if (cell < (known ? known : 1) || (!known && dom->draft->request->mode == VN_MODE_HOST))
		return VN_OK;
	vn_dom_describe(value, what, sizeof(what));
	if (known)
		return vn_dom_fail(dom, value, err, VN_E_CONFLICT,
				   "%s: the guest has no cell %u (legal: 0 to %u)", what, cell,
				   known - 1);
	return vn_dom_fail(dom, value, err, VN_E_CONFLICT,
			   "%s: no cell %u is fixed (legal: name the cells in <cpu><numa>, or "
			   "their number in <partition cells=>)",
			   what, cell);
}

/* ---- topology ---- */

static int read_clusters(vn_dom *dom, const xmlNode *topology, vn_error *err)
{
	vn_dom_value clusters = vn_dom_attr(dom, topology, "clusters");
	uint32_t count = 1;
	int r = VN_OK;

	if (clusters.text)
		r = vn_dom_take_uint(dom, clusters, (vn_dom_range){ 1, VN_VCPU_MAX }, &count, err);
	if (r == VN_OK && dom->as_is)
		dom->draft->request->topology.dies *= count;
	else if (r == VN_OK && count != 1)
		return vn_dom_fail(dom, clusters, err, VN_E_RANGE,
				   "clusters='%u' in <topology> is not supported (legal: 1)",
				   count);
	return r;
}

int vn_dom_read_topology(vn_dom *dom, const xmlNode *domain, vn_error *err)
{
	vn_request *request = dom->draft->request;
	vn_topology *topology = &request->topology;
	const struct {
		const char *name;
		uint32_t *to;
		bool optional;
	} part[] = {
		{ "sockets", &topology->sockets, false },
		{ "dies", &topology->dies, true },
		{ "cores", &topology->cores, false },
		{ "threads", &topology->threads, false },
	};
	const xmlNode *cpu, *node;
	uint64_t product = 1;
	int r;

	if ((r = vn_dom_only(dom, domain, "cpu", &cpu, err)) < 0 ||
	    (r = vn_dom_only(dom, cpu, "topology", &node, err)) < 0 || !node ||
	    vn_dom_wrote(dom, VN_SET_TOPOLOGY, 0))
		return r;
	for (size_t i = 0; i < VN_LEN(part); i++) {
		vn_dom_value value = vn_dom_attr(dom, node, part[i].name);

		*part[i].to = 1;
		if ((value.text || !part[i].optional) &&
		    (r = vn_dom_take_uint(dom, value, (vn_dom_range){ 1, VN_VCPU_MAX }, part[i].to,
					  err)) < 0)
			return r;
	}
	if ((r = read_clusters(dom, node, err)) < 0)
		return r;
	for (size_t i = 0; i < VN_LEN(part); i++)
		product *= *part[i].to;
	dom->draft->topology = vn_dom_spot(dom, vn_dom_element(node));
	request->at_topology = dom->draft->topology;
	request->topology_given = true;
	if (product != request->vcpus)
		return vn_dom_fail(dom, vn_dom_element(node), err, VN_E_CONFLICT,
				   "<topology> of %u x %u x %u x %u makes %llu vCPUs, but <vcpu> "
				   "in line %u is %u",
				   topology->sockets, topology->dies, topology->cores,
				   topology->threads, (unsigned long long)product,
				   request->at_vcpu.line, request->vcpus);
	return VN_OK;
}
