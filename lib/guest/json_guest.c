/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The "guest" form of a request: Nova's InstanceNUMATopology, its cells with shared and dedicated
 * vCPUs. vCPU numbers may have gaps there; here they are made dense, in ascending order, because a
 * request's vCPUs are 0..vcpus-1. */
#include "guest/json_read.h"

enum { KIB_PER_MIB = 1024 };

/* Nova's numbers for page sizes that are not one size. */
static const struct {
	json_int_t number;
	enum vn_page_want want;
} page_words[] = {
	{ -1, VN_PAGES_SMALL },
	{ -2, VN_PAGES_LARGE },
	{ -3, VN_PAGES_ANY },
};

static const char *const guest_keys[] = { "emulator_threads_policy", "cells" };
static const char *const cell_keys[] = {
	"id", "cpus", "pcpus", "mem_mib", "pagesize", "cpu_policy", "cpu_thread_policy"
};

static int read_pages(const vn_gjson_in *in, vn_gjson_value value, uint32_t cell, vn_error *err)
{
	vn_request *request = in->draft->request;
	vn_request_pages pages = { .want = VN_PAGES_SIZE };
	json_int_t number;

	if (vn_gjson_is_absent(value))
		return VN_OK;
	number = json_integer_value(value.json);
	for (size_t i = 0; i < VN_LEN(page_words); i++)
		if (number == page_words[i].number)
			pages.want = page_words[i].want;
	if (!json_is_integer(value.json) || (pages.want == VN_PAGES_SIZE && number <= 0) ||
	    number > (json_int_t)VN_GUEST_MEM_MAX_KIB)
		return vn_gjson_fail(in, value, err, VN_E_RANGE,
				     "not a page size (legal: null, -1 small, -2 large, -3 any, or "
				     "KiB)");
	if (pages.want == VN_PAGES_SIZE)
		pages.page_kib = (uint64_t)number;
	vn_cpuset_add(&pages.cells, cell);
	request->pages[request->n_pages++] = pages;
	return VN_OK;
}

/* A request has one policy for dedicated vCPUs: cells may not differ. */
static int read_thread_policy(const vn_gjson_in *in, vn_gjson_value value, vn_error *err)
{
	vn_request *request = in->draft->request;
	int r, index = -1;

	if ((r = vn_gjson_take_choice(in, value, vn_thread_policy_names, VN_THREAD_POLICY_COUNT,
				      &index, err)) < 0 ||
	    index < 0)
		return r;
	if (request->thread_policy_given && request->thread_policy != (enum vn_thread_policy)index)
		return vn_gjson_fail(in, value, err, VN_E_CONFLICT,
				     "'%s', but another cell has '%s' (legal: one for all cells)",
				     vn_thread_policy_names[index],
				     vn_thread_policy_names[request->thread_policy]);
	request->thread_policy = (enum vn_thread_policy)index;
	request->thread_policy_given = true;
	return VN_OK;
}

/* The vCPUs of a cell: all, and those with a CPU of their own. */
static int read_vcpus(const vn_gjson_in *in, vn_gjson_value cell, vn_cpuset *all,
		      vn_cpuset *dedicated, vn_error *err)
{
	vn_gjson_value pcpus = vn_gjson_member(in, cell, "pcpus");
	int r, policy = -1;
	vn_cpuset shared;

	if ((r = vn_gjson_take_cpus(in, vn_gjson_member(in, cell, "cpus"), &shared, err)) < 0 ||
	    (r = vn_gjson_take_cpus(in, pcpus, dedicated, err)) < 0 ||
	    (r = vn_gjson_take_choice(in, vn_gjson_member(in, cell, "cpu_policy"),
				      vn_cpu_policy_names, VN_CPU_POLICY_COUNT, &policy, err)) < 0)
		return r;
	if (policy == VN_CPU_DEDICATED && vn_gjson_is_absent(pcpus)) {
		*dedicated = shared; /* as Nova wrote it before it had pcpus */
		shared = (vn_cpuset){ 0 };
	}
	if (vn_cpuset_overlaps(&shared, dedicated))
		return vn_gjson_fail(in, pcpus, err, VN_E_CONFLICT,
				     "a vCPU stands in cpus as well");
	if (policy == VN_CPU_SHARED && !vn_cpuset_is_empty(dedicated))
		return vn_gjson_fail(in, pcpus, err, VN_E_CONFLICT,
				     "dedicated vCPUs, but cpu_policy is 'shared'");
	if (policy == VN_CPU_DEDICATED && !vn_cpuset_is_empty(&shared))
		return vn_gjson_fail(in, cell, err, VN_E_CONFLICT,
				     "shared vCPUs, but cpu_policy is 'dedicated'");
	*all = shared;
	vn_cpuset_or(all, dedicated);
	return VN_OK;
}

static int read_cell(const vn_gjson_in *in, vn_gjson_value cell, uint32_t number, vn_error *err)
{
	vn_request *request = in->draft->request;
	vn_request_cell *to = &request->cells[number];
	vn_cpuset dedicated;
	uint64_t mem_mib;
	int r;

	if ((r = vn_gjson_check_keys(in, cell, cell_keys, VN_LEN(cell_keys), err)) < 0 ||
	    (r = read_vcpus(in, cell, &to->vcpus, &dedicated, err)) < 0)
		return r;
	/* so that the sum of all cells is legal, too */
	const vn_gjson_range range = { 1, VN_GUEST_MEM_MAX_KIB / KIB_PER_MIB / VN_CELL_MAX };

	if ((r = vn_gjson_take_uint(in, vn_gjson_member(in, cell, "mem_mib"), range, &mem_mib,
				    err)) < 0)
		return r;
	to->mem_kib = mem_mib * KIB_PER_MIB;
	request->mem_kib += to->mem_kib;
	vn_cpuset_or(&request->dedicated, &dedicated);
	if ((r = read_pages(in, vn_gjson_member(in, cell, "pagesize"), number, err)) < 0)
		return r;
	return read_thread_policy(in, vn_gjson_member(in, cell, "cpu_thread_policy"), err);
}

/* `set` with each member replaced by how many members of `all` stand before it. */
static vn_cpuset renumber(const vn_cpuset *set, const vn_cpuset *all)
{
	vn_cpuset dense = { 0 };
	unsigned number = 0;

	VN_CPUSET_EACH(vcpu, all) {
		if (vn_cpuset_has(set, (unsigned)vcpu))
			vn_cpuset_add(&dense, number);
		number++;
	}
	return dense;
}

static int settle_vcpus(const vn_gjson_in *in, vn_gjson_value guest, vn_error *err)
{
	vn_request *request = in->draft->request;
	vn_cpuset all = { 0 };
	unsigned count;
	int r;

	for (uint32_t i = 0; i < request->n_cells; i++) {
		if (vn_cpuset_overlaps(&all, &request->cells[i].vcpus))
			return vn_gjson_fail(in, vn_gjson_member(in, guest, "cells"), err,
					     VN_E_CONFLICT,
					     "a vCPU of cell %u is in an earlier cell as well", i);
		vn_cpuset_or(&all, &request->cells[i].vcpus);
	}
	for (uint32_t i = 0; i < request->n_cells; i++)
		request->cells[i].vcpus = renumber(&request->cells[i].vcpus, &all);
	request->dedicated = renumber(&request->dedicated, &all);
	if ((r = vn_draft_set_vcpus(in->draft, vn_cpuset_count(&all), err)) < 0)
		return r;
	count = vn_cpuset_count(&request->dedicated);
	request->cpu_policy = count == request->vcpus ? VN_CPU_DEDICATED
			      : count		      ? VN_CPU_MIXED
						      : VN_CPU_SHARED;
	return VN_OK;
}

int vn_gjson_read_guest(const vn_gjson_in *in, vn_gjson_value guest, vn_error *err)
{
	/* in the order of the enum, whose first name is no word of Nova's */
	static const char *const emulator[VN_EMULATOR_POLICY_COUNT] = {
		[VN_EMULATOR_SHARE] = "share", [VN_EMULATOR_ISOLATE] = "isolate"
	};
	vn_request *request = in->draft->request;
	vn_gjson_value cells = vn_gjson_member(in, guest, "cells");
	vn_gjson_value policy = vn_gjson_member(in, guest, "emulator_threads_policy");
	int r, index = -1;
	size_t count;

	if ((r = vn_gjson_check_keys(in, guest, guest_keys, VN_LEN(guest_keys), err)) < 0 ||
	    (r = vn_gjson_check_array(in, cells, VN_CELL_MAX, err)) < 0 ||
	    (r = vn_gjson_take_choice(in, policy, emulator + 1, VN_EMULATOR_POLICY_COUNT - 1,
				      &index, err)) < 0)
		return r;
	request->emulator_policy = (enum vn_emulator_policy)(index + 1);
	count = json_array_size(cells.json);
	if (!count)
		return vn_gjson_fail(in, cells, err, VN_E_RANGE, "no cell (legal: at least one)");
	request->cells = vn_arena_alloc(request->arena, count, sizeof(*request->cells));
	request->pages = vn_arena_alloc(request->arena, count, sizeof(*request->pages));
	if (!request->cells || !request->pages)
		return vn_draft_no_memory(err);
	for (uint32_t i = 0; i < count; i++)
		if ((r = read_cell(in, vn_gjson_element(in, cells, i), i, err)) < 0)
			return r;
	request->n_cells = (uint32_t)count;
	request->numa_wanted = true;
	return settle_vcpus(in, guest, err);
}
