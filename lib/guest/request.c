/* SPDX-License-Identifier: LGPL-2.1-or-later
 * The life of a request, and the rules that hold for it whatever form it was read from. Rules that
 * can name an exact place in a form are checked where that form is read; the rest is here. */
#include "guest/draft.h"

#include <stdio.h>

vn_request *vn_request_new(void)
{
	VN_AUTO(vn_arena)
	arena = vn_arena_new();
	vn_request *request = arena ? vn_arena_alloc(arena, 1, sizeof(*request)) : NULL;

	if (request)
		request->arena = VN_STEAL(arena);
	return request;
}

void vn_request_free(vn_request *request)
{
	if (request)
		vn_arena_free(request->arena);
}

int vn_draft_fail(const vn_draft *draft, vn_spot spot, vn_error *err, enum vn_code code,
		  const char *format, ...)
{
	char text[sizeof(err->text)];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	return vn_fail_line(err, code, draft->source, spot.line, spot.column, "%s", text);
}

int vn_draft_no_memory(vn_error *err)
{
	return vn_fail(err, VN_E_NOMEM, "no memory for the request");
}

int vn_draft_set_vcpus(vn_draft *draft, uint64_t vcpus, vn_error *err)
{
	if (!vcpus || vcpus > VN_VCPU_MAX)
		return vn_draft_fail(draft, draft->vcpu, err, VN_E_RANGE,
				     "'%llu' vCPUs are not legal (legal: 1 to %d)",
				     (unsigned long long)vcpus, VN_VCPU_MAX);
	draft->request->vcpus = (uint32_t)vcpus;
	return VN_OK;
}

int vn_draft_set_memory(vn_draft *draft, uint64_t mem_kib, vn_error *err)
{
	if (!mem_kib || mem_kib > VN_GUEST_MEM_MAX_KIB)
		return vn_draft_fail(draft, draft->memory, err, VN_E_RANGE,
				     "'%llu KiB' of memory are not legal (legal: 1 KiB to 1 EiB)",
				     (unsigned long long)mem_kib);
	draft->request->mem_kib = mem_kib;
	return VN_OK;
}

uint32_t vn_draft_cells_known(const vn_draft *draft)
{
	const vn_request *request = draft->request;

	if (request->n_cells)
		return request->n_cells;
	return request->n_cells_want || request->mode != VN_MODE_NODE ? request->n_cells_want : 1;
}

/* ---- policy ---- */

int vn_draft_settle_policy(vn_draft *draft, vn_error *err)
{
	vn_request *request = draft->request;

	if (request->distribution == VN_DISTRIBUTION_SIBLINGS) {
		if (draft->cpu_policy_given && request->cpu_policy != VN_CPU_DEDICATED)
			return vn_draft_fail(
				draft, draft->distribution, err, VN_E_CONFLICT,
				"distribution='siblings' gives each vCPU a CPU of its own, but "
				"hw:cpu_policy is '%s' (legal: 'dedicated')",
				vn_cpu_policy_names[request->cpu_policy]);
		if (request->thread_policy_given && request->thread_policy == VN_THREADS_ISOLATE)
			return vn_draft_fail(draft, draft->distribution, err, VN_E_CONFLICT,
					     "distribution='siblings' fills cores with vCPUs, but "
					     "the CPU thread policy is 'isolate', one vCPU for "
					     "each core");
		request->cpu_policy = VN_CPU_DEDICATED;
	}
	if (request->cpu_policy == VN_CPU_DEDICATED)
		vn_cpuset_add_range(&request->dedicated, 0, request->vcpus - 1);
	return VN_OK;
}

/* ---- cells ---- */

vn_cells_fault vn_cells_check(const vn_request *request)
{
	vn_cells_fault fault = { 0 };
	vn_cpuset seen = { 0 };

	for (uint32_t cell = 0; cell < request->n_cells; cell++) {
		const vn_cpuset *vcpus = &request->cells[cell].vcpus;

		fault.sum_kib += request->cells[cell].mem_kib;
		fault.cell = cell;
		VN_CPUSET_EACH(vcpu, vcpus) {
			fault.vcpu = (uint32_t)vcpu;
			if (fault.vcpu >= request->vcpus) {
				fault.rule = VN_CELLS_VCPU_BEYOND;
				return fault;
			}
			if (vn_cpuset_has(&seen, fault.vcpu)) {
				fault.rule = VN_CELLS_VCPU_TWICE;
				while (!vn_cpuset_has(&request->cells[fault.other].vcpus,
						      fault.vcpu))
					fault.other++;
				return fault;
			}
		}
		vn_cpuset_or(&seen, vcpus);
	}
	for (fault.vcpu = 0; fault.vcpu < request->vcpus; fault.vcpu++)
		if (!vn_cpuset_has(&seen, fault.vcpu)) {
			fault.rule = VN_CELLS_VCPU_MISSING;
			return fault;
		}
	if (fault.sum_kib != request->mem_kib)
		fault.rule = VN_CELLS_MEMORY;
	return fault;
}

/* What <partition cells=> says against what is fixed. */
static int check_cells_want(const vn_draft *draft, vn_error *err)
{
	const vn_request *request = draft->request;

	if (request->n_cells && request->n_cells_want && request->n_cells != request->n_cells_want)
		return vn_draft_fail(draft, draft->partition, err, VN_E_CONFLICT,
				     "cells='%u', but the cells that are fixed in line %u are %u",
				     request->n_cells_want, draft->cells.line, request->n_cells);
	if (request->n_cells_want > request->vcpus)
		return vn_draft_fail(draft, draft->partition, err, VN_E_CONFLICT,
				     "cells='%u' is more than the %u vCPUs of the guest",
				     request->n_cells_want, request->vcpus);
	return VN_OK;
}

/* Fixed cells must have the vCPUs that a given distribution would give them. */
static int check_distribution(const vn_draft *draft, vn_error *err)
{
	const vn_request *request = draft->request;

	if (!request->n_cells || (request->distribution != VN_DISTRIBUTION_ROUND_ROBIN &&
				  request->distribution != VN_DISTRIBUTION_INTERLEAVE))
		return VN_OK;
	for (uint32_t vcpu = 0; vcpu < request->vcpus; vcpu++)
		if (!vn_cpuset_has(&request->cells[vcpu % request->n_cells].vcpus, vcpu))
			return vn_draft_fail(
				draft, draft->distribution, err, VN_E_CONFLICT,
				"distribution='%s' puts vCPU %u into cell %u, but the cells that "
				"are fixed in line %u put it elsewhere",
				vn_distribution_names[request->distribution], vcpu,
				vcpu % request->n_cells, draft->cells.line);
	return VN_OK;
}

/* ---- topology ---- */

/* A socket's vCPUs are consecutive: QEMU numbers them socket by socket. */
static int check_sockets(const vn_draft *draft, vn_error *err)
{
	const vn_request *request = draft->request;
	const vn_topology *topology = &request->topology;
	uint32_t per_socket = topology->dies * topology->cores * topology->threads;

	for (uint32_t cell = 0; cell < request->n_cells; cell++)
		VN_CPUSET_EACH(vcpu, &request->cells[cell].vcpus) {
			uint32_t first = (uint32_t)vcpu / per_socket * per_socket;

			if (vn_cpuset_has(&request->cells[cell].vcpus, first))
				continue;
			return vn_draft_fail(
				draft, draft->topology, err, VN_E_CONFLICT,
				"socket %u of <topology> spans two cells: its vCPU %u is in cell "
				"%u of line %u, its vCPU %d is not",
				first / per_socket, (uint32_t)vcpu, cell,
				request->cells[cell].at.line, (int)first);
		}
	return VN_OK;
}

static int check_topology(const vn_draft *draft, vn_error *err)
{
	const vn_request *request = draft->request;
	const struct {
		const char *name;
		uint32_t given, want, max;
	} part[] = {
		{ "sockets", request->topology.sockets, request->topology_want.sockets,
		  request->topology_max.sockets },
		{ "cores", request->topology.cores, request->topology_want.cores,
		  request->topology_max.cores },
		{ "threads", request->topology.threads, request->topology_want.threads,
		  request->topology_max.threads },
	};

	if (!request->topology_given)
		return VN_OK;
	for (size_t i = 0; i < VN_LEN(part); i++) {
		if (part[i].want && part[i].want != part[i].given)
			return vn_draft_fail(draft, draft->topology, err, VN_E_CONFLICT,
					     "%s='%u' in <topology>, but hw:cpu_%s is '%u'",
					     part[i].name, part[i].given, part[i].name,
					     part[i].want);
		if (part[i].max && part[i].max < part[i].given)
			return vn_draft_fail(draft, draft->topology, err, VN_E_CONFLICT,
					     "%s='%u' in <topology>, but hw:cpu_max_%s is '%u'",
					     part[i].name, part[i].given, part[i].name,
					     part[i].max);
	}
	return check_sockets(draft, err);
}

int vn_draft_finish(vn_draft *draft, vn_error *err)
{
	vn_request *request = draft->request;
	int r;

	if (!request->vcpus_online)
		request->vcpus_online = request->vcpus;
	if ((r = check_cells_want(draft, err)) < 0 || (r = check_distribution(draft, err)) < 0 ||
	    (r = check_topology(draft, err)) < 0)
		return r;
	return VN_OK;
}
