/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A plan for a guest that runs. It is placed like any other, but as what it is by now: the request
 * is its policy, with the cells, the topology and the pages that it was started with, and with its
 * memory where it is unless that can be moved. First with its own pins as if its owner had fixed
 * them, so that a guest which is well placed stays, and a move that was cut off goes on to the same
 * end; then without. */
#include "running/account.h"

#include <stdlib.h>
#include <string.h>

/* A request that borrows from the guest's own; the sets that are changed are its own. */
struct live {
	vn_request request;
	vn_nodeset memnode[VN_CELL_MAX];
	vn_cpuset vcpupin[VN_VCPU_MAX];
	vn_placement other; /* of another way to cut it */
};

enum vn_memory_stays vn_guest_memory_stays(const vn_guest *guest)
{
	const vn_request *config = guest->config;

	for (uint32_t i = 0; i < config->n_devices; i++)
		if (config->devices[i].kind == VN_DEVICE_HOSTDEV)
			return VN_MEMORY_VFIO;
	if (!config->numatune_given && vn_cpuset_is_empty(&config->memnode_given))
		return VN_MEMORY_MOVES;
	return config->mem_mode == VN_MEM_RESTRICTIVE ? VN_MEMORY_MOVES : VN_MEMORY_BOUND;
}

void vn_request_take_over(vn_request *request)
{
	vn_cpuset_or(&request->wrote[VN_SET_VCPUPIN], &request->vcpupin_given);
	vn_cpuset_or(&request->wrote[VN_SET_IOTHREADPIN], &request->iothreadpin_given);
	vn_cpuset_or(&request->wrote[VN_SET_MEMNODE], &request->memnode_given);
	if (request->emulatorpin_given)
		vn_cpuset_add(&request->wrote[VN_SET_EMULATORPIN], 0);
	if (request->numatune_given)
		vn_cpuset_add(&request->wrote[VN_SET_NUMATUNE], 0);
	request->vcpupin_given = request->iothreadpin_given = request->memnode_given =
		(vn_cpuset){ 0 };
	request->emulatorpin_given = request->numatune_given = request->cpuset_given = false;
	request->vcpupin = NULL;
	request->memnode = NULL;
	request->at_vcpupin = request->at_memnode = NULL;
}

/* ---- the guest as it runs ---- */

/* Nodes of a cell's memory now: as bound; else where all of it that was measured is. Empty: not
 * known, or in several places. */
static vn_nodeset memory_nodes(const vn_host *host, const vn_guest *guest, uint32_t cell)
{
	const vn_memory_use *use = &guest->memory;
	vn_nodeset nodes = { 0 };

	if (account_bound_nodes(guest->config, cell, &nodes))
		return nodes;
	for (uint32_t s = 0; s < use->n_sizes && use->kib; s++)
		for (uint32_t i = 0; i < host->n_nodes; i++)
			if (use->kib[(size_t)s * host->n_nodes + i])
				vn_nodeset_add(&nodes, host->nodes[i].id);
	return vn_nodeset_count(&nodes) == 1 ? nodes : (vn_nodeset){ 0 };
}

static void fix_memory(const vn_host *host, const vn_guest *guest, struct live *live)
{
	uint32_t n = guest->config->n_cells ? guest->config->n_cells : 1;

	for (uint32_t c = 0; c < n; c++) {
		vn_nodeset nodes = memory_nodes(host, guest, c);

		if (vn_nodeset_is_empty(&nodes))
			continue;
		live->memnode[c] = nodes;
		vn_cpuset_add(&live->request.memnode_given, c);
	}
	live->request.memnode = live->memnode;
	live->request.at_memnode = NULL;
	live->request.numatune_given = false;
}

static void describe(const vn_host *host, const vn_guest *guest, const vn_live_options *options,
		     struct live *live)
{
	const vn_request *config = guest->config;
	vn_request *request = &live->request;

	*request = *guest->policy;
	if (config->n_cells) {
		request->n_cells = config->n_cells;
		request->cells = config->cells;
		request->n_cells_want = 0;
	}
	request->topology_given = config->topology_given;
	request->topology = config->topology;
	request->n_pages = config->n_pages;
	request->pages = config->pages;
	request->n_memdevs = config->n_memdevs;
	request->memdevs = config->memdevs;
	if (options->nodes) {
		request->nodeset_given = true;
		request->nodeset = *options->nodes;
	}
	if (vn_guest_memory_stays(guest) != VN_MEMORY_MOVES)
		fix_memory(host, guest, live);
}

/* ---- keeping its place ---- */

static const vn_thread *vcpu_thread(const vn_guest *guest, uint32_t vcpu)
{
	for (uint32_t i = 0; i < guest->n_threads; i++)
		if (guest->threads[i].kind == VN_THREAD_VCPU && guest->threads[i].number == vcpu)
			return &guest->threads[i];
	return NULL;
}

static bool current_pin(const vn_guest *guest, uint32_t vcpu, vn_cpuset *ret)
{
	const vn_thread *thread = vcpu_thread(guest, vcpu);

	if (thread && thread->pin_known)
		*ret = thread->pin;
	else if (vn_cpuset_has(&guest->config->vcpupin_given, vcpu))
		*ret = guest->config->vcpupin[vcpu];
	else
		return false;
	return true;
}

static bool on_one_node(const vn_host *host, const vn_cpuset *cpus)
{
	int32_t node_ix = -1;

	VN_CPUSET_EACH(cpu, cpus) {
		int32_t here = (uint32_t)cpu < host->n_cpus ? host->cpus[cpu].node_ix : -1;

		if (here < 0 || (node_ix >= 0 && here != node_ix))
			return false;
		node_ix = here;
	}
	return node_ix >= 0;
}

/* CPUs that other guests have for themselves. */
static vn_cpuset pinned_cpus(const vn_host *host)
{
	vn_cpuset pinned = { 0 };

	for (uint32_t i = 0; i < host->n_nodes; i++)
		vn_cpuset_or(&pinned, &host->nodes[i].pinned);
	return pinned;
}

/* Fix every vCPU where it is. False: it is not in a place that a plan could have given it. */
static bool fix_pins(const vn_host *host, const vn_guest *guest, struct live *live)
{
	vn_request *request = &live->request;
	vn_cpuset others = pinned_cpus(host), within;

	for (uint32_t v = 0; v < request->vcpus; v++) {
		vn_cpuset pin;

		if (vn_cpuset_has(&request->vcpupin_given, v)) {
			live->vcpupin[v] = request->vcpupin[v];
			continue;
		}
		if (!current_pin(guest, v, &pin)) /* off, and to be placed beside the others */
			continue;
		if (!on_one_node(host, &pin) || vn_cpuset_overlaps(&pin, &others))
			return false;
		within = pin;
		vn_cpuset_minus(&within, &request->cpuset);
		if (request->cpuset_given && !vn_cpuset_is_empty(&within))
			return false;
		live->vcpupin[v] = pin;
		vn_cpuset_add(&request->vcpupin_given, v);
	}
	request->vcpupin = live->vcpupin;
	request->at_vcpupin = NULL;
	return true;
}

/* ---- placing ---- */

/* A placement that breaks a rule is our bug, not the guest's. */
static int place(const vn_host *host, const vn_request *request, const vn_place_options *options,
		 vn_placement *ret, vn_error *err)
{
	vn_error broken = { 0 };
	int r = vn_place(host, request, options, ret, err);

	if (r == VN_OK && vn_placement_check(host, request, options, ret, &broken) < 0)
		return vn_fail(err, VN_E_SYSTEM,
			       "a bug in vnuma: its own check refuses the placement: %s",
			       broken.text);
	return r;
}

static bool same_cells(const vn_request *config, const vn_placement *placement)
{
	if (config->n_cells != placement->n_cells)
		return false;
	for (uint32_t c = 0; c < config->n_cells; c++)
		if (config->cells[c].mem_kib != placement->cells[c].mem_kib ||
		    !vn_cpuset_equal(&config->cells[c].vcpus, &placement->cells[c].vcpus))
			return false;
	return true;
}

/* Cut as the policy of the guest would cut it: several cells may share a node. */
static void cut_by_policy(const vn_guest *guest, vn_request *request)
{
	request->n_cells = 0;
	request->cells = NULL;
	request->n_cells_want = request->mode == VN_MODE_AUTO ? guest->policy->n_cells_want
							      : guest->config->n_cells;
}

/* On the nodes that its memory is bound to, and no others. False: they are not known, or not
 * allowed. */
static bool cut_by_memory(const vn_guest *guest, vn_request *request)
{
	vn_nodeset nodes, allowed = request->nodeset;
	bool limited = request->nodeset_given;

	request->n_cells = 0;
	request->cells = NULL;
	request->mode = VN_MODE_NODE;
	request->n_cells_want = guest->config->n_cells;
	request->nodeset_given = true;
	request->nodeset = (vn_nodeset){ 0 };
	for (uint32_t c = 0; c < guest->config->n_cells; c++) {
		if (!account_bound_nodes(guest->config, c, &nodes))
			return false;
		vn_nodeset_or(&request->nodeset, &nodes);
	}
	return !limited || vn_nodeset_contains(&allowed, &request->nodeset);
}

static bool is_nearer(const vn_placement *a, const vn_placement *b)
{
	if (a->cost.devices_remote != b->cost.devices_remote)
		return a->cost.devices_remote < b->cost.devices_remote;
	return a->cost.distance < b->cost.distance;
}

/* Another way to cut it that gives the same cells: taken where there is no placement yet, or where
 * it is nearer. */
static void try_cut(const vn_host *host, const vn_guest *guest, const vn_request *request,
		    const vn_place_options *options, struct live *live, vn_placement *ret, int *r)
{
	vn_place_options quiet = *options;

	quiet.explain = NULL;
	if (place(host, request, &quiet, &live->other, NULL) < 0 ||
	    !same_cells(guest->config, &live->other) ||
	    (*r == VN_OK && !is_nearer(&live->other, ret)))
		return;
	*ret = live->other;
	*r = VN_OK;
}

/* Fixed cells go to different nodes. Where several are on one, by a plan or by their owner, they
 * are cut anew in a way that may share nodes; that has to give the same cells. */
static int place_as_cut(const vn_host *host, const vn_guest *guest, const vn_place_options *options,
			struct live *live, vn_placement *ret, vn_error *err)
{
	vn_request cut = live->request;
	vn_error why = { 0 };
	int r = place(host, &live->request, options, ret, &why);

	if (guest->config->n_cells > 1 && r != VN_E_SYSTEM) {
		cut_by_policy(guest, &cut);
		try_cut(host, guest, &cut, options, live, ret, &r);
		if (cut_by_memory(guest, &cut))
			try_cut(host, guest, &cut, options, live, ret, &r);
	}
	if (r < 0 && err)
		*err = why;
	return r;
}

static int plan(const vn_host *host, const vn_guest *guest, const vn_live_options *options,
		struct live *live, vn_placement *ret, bool *ret_kept, vn_error *err)
{
	int r;

	describe(host, guest, options, live);
	if (!options->anew && fix_pins(host, guest, live) &&
	    place_as_cut(host, guest, options->place, live, ret, NULL) == VN_OK) {
		*ret_kept = true;
		return VN_OK;
	}
	describe(host, guest, options, live);
	r = place_as_cut(host, guest, options->place, live, ret, err);
	if (r == VN_OK)
		*ret_kept = false;
	return r;
}

int vn_guest_plan(const vn_host *host, const vn_guest *guest, const vn_live_options *options,
		  vn_placement *ret, bool *ret_kept, vn_error *err)
{
	struct live *live;
	int r;

	if (!guest->config || !guest->policy) {
		if (err)
			*err = guest->unreadable;
		return guest->unreadable.code;
	}
	live = calloc(1, sizeof(*live));
	if (!live)
		return vn_fail(err, VN_E_NOMEM, "no memory for the plan of '%.80s'", guest->name);
	r = plan(host, guest, options, live, ret, ret_kept, err);
	free(live);
	return r;
}
