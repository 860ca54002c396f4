/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Extra specs about memory, cells and the guest's topology; see spec_apply.c. Nova counts memory in
 * MiB; its rule that an even split must divide (ImageNUMATopologyAsymmetric) holds here too. */
#include "guest/spec.h"

#include <string.h>

enum { KIB_PER_MIB = 1024 };

/* ---- memory ---- */

static int apply_pages(vn_spec_set *set, vn_error *err)
{
	const vn_spec_pair *pair = vn_spec_pair_of(set, "hw:mem_page_size");
	vn_request *request = set->draft->request;
	vn_spec_value value;

	if (!pair->flavor && !pair->image)
		return VN_OK;
	if (!pair->flavor)
		return vn_spec_fail(set->draft, pair->image, "MemoryPageSizeForbidden", err,
				    "image property hw_mem_page_size is '%.40s', but the flavor "
				    "has no hw:mem_page_size (legal: 'large' or 'any' there)",
				    pair->image->value);
	value = vn_spec_value_of(set, pair, false);
	if (pair->image && value.want != VN_PAGES_LARGE && value.want != VN_PAGES_ANY)
		return vn_spec_fail_image(set, pair, "MemoryPageSizeForbidden", err);
	if (pair->image)
		value = vn_spec_value_of(set, pair, true);
	request->pages = vn_arena_alloc(request->arena, 1, sizeof(*request->pages));
	if (!request->pages)
		return vn_draft_no_memory(err);
	set->draft->pages = (pair->image ? pair->image : pair->flavor)->spot;
	request->pages[0] = (vn_request_pages){ .want = value.want,
						.page_kib = value.number,
						.at = set->draft->pages };
	request->n_pages = 1;
	return VN_OK;
}

static int apply_locked(vn_spec_set *set, vn_error *err)
{
	const vn_spec_pair *pair = vn_spec_pair_of(set, "hw:locked_memory");
	const vn_spec_pair *encrypted = vn_spec_pair_of(set, "hw:mem_encryption");
	const vn_spec_entry *entry = pair->flavor ? pair->flavor : pair->image;
	vn_request *request = set->draft->request;

	if (pair->flavor && pair->image &&
	    vn_spec_value_of(set, pair, false).number != vn_spec_value_of(set, pair, true).number)
		return vn_spec_fail_image(set, pair, "FlavorImageLockedMemoryConflict", err);
	if (entry) {
		request->locked = vn_spec_value_of(set, pair, !pair->flavor).number;
		request->locked_given = true;
		set->draft->locked = entry->spot;
	}
	if (entry && request->locked && !request->n_pages)
		return vn_spec_fail(set->draft, entry, "LockMemoryForbidden", err,
				    "%s without hw:mem_page_size (legal: with it)", entry->key);
	if ((encrypted->flavor && vn_spec_value_of(set, encrypted, false).number) ||
	    (encrypted->image && vn_spec_value_of(set, encrypted, true).number))
		request->locked = true;
	return VN_OK;
}

int vn_spec_apply_memory(vn_spec_set *set, vn_error *err)
{
	int r = apply_pages(set, err);

	return r < 0 ? r : apply_locked(set, err);
}

/* ---- cells ---- */

/* How many of a per-cell list are given; they must be the first ones. */
static int count_list(const vn_spec_set *set, const vn_spec_entry *const *list, uint32_t *ret,
		      vn_error *err)
{
	uint32_t count = 0;

	while (count < VN_CELL_MAX && list[count])
		count++;
	for (uint32_t cell = count; cell < VN_CELL_MAX; cell++)
		if (list[cell])
			return vn_spec_fail(set->draft, list[cell], "ImageNUMATopologyIncomplete",
					    err, "%s is given, but none for cell %u",
					    list[cell]->key, count);
	*ret = count;
	return VN_OK;
}

/* One list from the flavor or from the image, never both. */
static int choose_list(const vn_spec_set *set, const vn_spec_entry *const lists[2][VN_CELL_MAX],
		       const vn_spec_entry *const **ret, uint32_t *ret_count, vn_error *err)
{
	uint32_t count[2];
	int r;

	for (int image = 0; image < 2; image++)
		if ((r = count_list(set, lists[image], &count[image], err)) < 0)
			return r;
	if (count[0] && count[1])
		return vn_spec_fail(set->draft, lists[1][0], "ImageNUMATopologyForbidden", err,
				    "image property %s is given, but the flavor has %s",
				    lists[1][0]->key, lists[0][0]->key);
	*ret = lists[count[1] != 0];
	*ret_count = count[0] + count[1];
	return VN_OK;
}

static const vn_spec *row_named(const vn_spec_set *set, const char *name)
{
	return vn_spec_pair_of(set, name)->spec;
}

/* The lists were validated one by one; here they must make up the guest. */
static int check_listed(const vn_spec_set *set, const vn_spec_entry *const *cpus,
			const vn_spec_entry *const *mem, vn_error *err)
{
	const vn_request *request = set->draft->request;
	vn_cells_fault fault = vn_cells_check(request);
	const vn_spec_entry *entry = cpus[fault.cell];

	switch (fault.rule) {
	case VN_CELLS_VCPU_BEYOND:
		return vn_spec_fail(set->draft, entry, "ImageNUMATopologyCPUOutOfRange", err,
				    "%s is '%.60s' (legal: vCPUs 0 to %u)", entry->key,
				    entry->value, request->vcpus - 1);
	case VN_CELLS_VCPU_TWICE:
		return vn_spec_fail(set->draft, entry, "ImageNUMATopologyCPUDuplicates", err,
				    "vCPU %u is in %s '%.40s' and in %s '%.40s'", fault.vcpu,
				    cpus[fault.other]->key, cpus[fault.other]->value, entry->key,
				    entry->value);
	case VN_CELLS_VCPU_MISSING:
		return vn_spec_fail(set->draft, cpus[0], "ImageNUMATopologyCPUsUnassigned", err,
				    "vCPU %u is in no %.*s list, but the guest has %u vCPUs",
				    fault.vcpu, (int)strcspn(cpus[0]->key, "."), cpus[0]->key,
				    request->vcpus);
	case VN_CELLS_MEMORY:
		return vn_spec_fail(set->draft, mem[0], "ImageNUMATopologyMemoryOutOfRange", err,
				    "the cells' %.*s add up to %llu MiB, but the guest has %llu "
				    "KiB",
				    (int)strcspn(mem[0]->key, "."), mem[0]->key,
				    (unsigned long long)(fault.sum_kib / KIB_PER_MIB),
				    (unsigned long long)request->mem_kib);
	case VN_CELLS_GOOD: break;
	}
	return VN_OK;
}

static int fill_listed(vn_spec_set *set, const vn_spec_entry *const *cpus,
		       const vn_spec_entry *const *mem, vn_error *err)
{
	vn_request *request = set->draft->request;
	const vn_spec *cpus_row = row_named(set, "hw:numa_cpus.N");
	const vn_spec *mem_row = row_named(set, "hw:numa_mem.N");

	for (uint32_t cell = 0; cell < request->n_cells; cell++) {
		vn_spec_value value;
		int r;

		if ((r = vn_spec_parse(set->draft, cpus_row, cpus[cell], &value, err)) < 0)
			return r;
		request->cells[cell].vcpus = value.cpus;
		if ((r = vn_spec_parse(set->draft, mem_row, mem[cell], &value, err)) < 0)
			return r;
		request->cells[cell].mem_kib = value.number * KIB_PER_MIB;
		request->cells[cell].at = cpus[cell]->spot;
	}
	return check_listed(set, cpus, mem, err);
}

/* vCPU j of the guest goes to cell j / size, or, as the distribution says, to cell j mod n. */
static int fill_even(vn_spec_set *set, const vn_spec_entry *entry, vn_error *err)
{
	vn_request *request = set->draft->request;
	assert(request->n_cells); /* the caller has refused 0 */
	uint32_t n = request->n_cells, size = request->vcpus / n;
	bool in_turn = request->distribution == VN_DISTRIBUTION_ROUND_ROBIN ||
		       request->distribution == VN_DISTRIBUTION_INTERLEAVE;

	if (n > 1 && (request->vcpus % n || request->mem_kib % ((uint64_t)n * KIB_PER_MIB)))
		return vn_spec_fail(set->draft, entry, "ImageNUMATopologyAsymmetric", err,
				    "%u vCPUs and %llu KiB do not split into %u even cells of "
				    "whole MiB (legal: numbers that divide, or hw:numa_cpus.N and "
				    "hw:numa_mem.N)",
				    request->vcpus, (unsigned long long)request->mem_kib, n);
	for (uint32_t vcpu = 0; vcpu < request->vcpus; vcpu++)
		vn_cpuset_add(&request->cells[in_turn ? vcpu % n : vcpu / size].vcpus, vcpu);
	for (uint32_t cell = 0; cell < n; cell++) {
		request->cells[cell].mem_kib = request->mem_kib / n;
		request->cells[cell].at = entry ? entry->spot : (vn_spot){ 0 };
	}
	return VN_OK;
}

/* <cpu><numa> and the specs both speak of cells: they may only say the same number. */
static int check_fixed(const vn_spec_set *set, const vn_spec_entry *entry, uint32_t n_nodes,
		       uint32_t n_lists, vn_error *err)
{
	const vn_draft *draft = set->draft;

	if (!n_lists && n_nodes == draft->request->n_cells)
		return VN_OK;
	return vn_spec_fail(draft, entry, "ImageNUMATopologyForbidden", err,
			    "%s is '%.40s', but <cpu><numa> in line %u fixes %u cells",
			    entry ? entry->key : "the list of cells",
			    entry ? entry->value : "given", draft->cells.line,
			    draft->request->n_cells);
}

static int make_cells(vn_spec_set *set, uint32_t count, vn_spot spot, vn_error *err)
{
	vn_request *request = set->draft->request;

	request->cells = vn_arena_alloc(request->arena, count, sizeof(*request->cells));
	if (!request->cells)
		return vn_draft_no_memory(err);
	request->n_cells = count;
	set->draft->cells = spot;
	request->at_numa = spot;
	return VN_OK;
}

int vn_spec_apply_cells(vn_spec_set *set, vn_error *err)
{
	const vn_spec_pair *pair = vn_spec_pair_of(set, "hw:numa_nodes");
	const vn_spec_entry *nodes = pair->flavor ? pair->flavor : pair->image;
	const vn_spec_entry *const *cpus = NULL, *const *mem = NULL, *entry;
	vn_request *request = set->draft->request;
	uint32_t n_cpus = 0, n_mem = 0, count;
	int r;

	if (pair->flavor && pair->image)
		return vn_spec_fail_image(set, pair, "ImageNUMATopologyForbidden", err);
	if ((r = choose_list(set, set->cpus, &cpus, &n_cpus, err)) < 0 ||
	    (r = choose_list(set, set->mem, &mem, &n_mem, err)) < 0)
		return r;
	request->numa_wanted = nodes || request->n_pages ||
			       vn_spec_pair_of(set, "hw:pmem")->flavor ||
			       request->cpu_policy != VN_CPU_SHARED;
	if (!nodes && !n_cpus && !n_mem && !(set->draft->implied_cell && request->numa_wanted))
		return VN_OK;
	entry = nodes ? nodes : cpus && n_cpus ? cpus[0] : mem && n_mem ? mem[0] : NULL;
	count = nodes ? (uint32_t)vn_spec_value_of(set, pair, !pair->flavor).number : 1;
	if (request->n_cells)
		return check_fixed(set, entry, count, n_cpus + n_mem, err);
	if (!request->numa_wanted || n_cpus != n_mem || (n_cpus && n_cpus != count))
		return vn_spec_fail(set->draft, entry, "ImageNUMATopologyIncomplete", err,
				    "hw:numa_nodes is %s, with hw:numa_cpus.N for %u cells and "
				    "hw:numa_mem.N for %u (legal: both for all cells, or neither)",
				    nodes ? nodes->value : "not given", n_cpus, n_mem);
	if ((r = make_cells(set, count, entry ? entry->spot : (vn_spot){ 0 }, err)) < 0)
		return r;
	return n_cpus ? fill_listed(set, cpus, mem, err) : fill_even(set, entry, err);
}

/* ---- topology ---- */

enum { PARTS = 3 };
static const char *const part_names[PARTS] = { "sockets", "cores", "threads" };
static const char *const want_names[PARTS] = { "hw:cpu_sockets", "hw:cpu_cores", "hw:cpu_threads" };
static const char *const max_names[PARTS] = { "hw:cpu_max_sockets", "hw:cpu_max_cores",
					      "hw:cpu_max_threads" };

/* Limits: the image may only tighten the flavor's. 0 = no limit. */
static int apply_limits(vn_spec_set *set, uint32_t max[PARTS], vn_error *err)
{
	uint64_t most = 1;

	for (size_t i = 0; i < PARTS; i++) {
		const vn_spec_pair *pair = vn_spec_pair_of(set, max_names[i]);
		uint64_t flavor = 0, image = 0;

		if (pair->flavor)
			flavor = vn_spec_value_of(set, pair, false).number;
		if (pair->image)
			image = vn_spec_value_of(set, pair, true).number;
		if (flavor && image > flavor)
			return vn_spec_fail_image(set, pair, "ImageVCPULimitsRangeExceeded", err);
		max[i] = (uint32_t)(image ? image : flavor);
		most *= max[i] ? max[i] : row_named(set, max_names[i])->max;
	}
	if (most < set->draft->request->vcpus)
		return vn_spec_fail(set->draft, vn_spec_first_of(set, max_names, PARTS),
				    "ImageVCPULimitsRangeImpossible", err,
				    "hw:cpu_max_sockets, _cores and _threads allow %llu vCPUs, but "
				    "the guest has %u",
				    (unsigned long long)most, set->draft->request->vcpus);
	return VN_OK;
}

/* Preferences: an image that has one replaces all of the flavor's. A flavor's that the limits
 * exclude is dropped; an image's is an error. */
static int apply_preferences(vn_spec_set *set, const uint32_t max[PARTS], uint32_t want[PARTS],
			     vn_error *err)
{
	bool by_image = false, excluded = false;

	for (size_t i = 0; i < PARTS; i++)
		by_image |= vn_spec_pair_of(set, want_names[i])->image != NULL;
	for (size_t i = 0; i < PARTS; i++) {
		const vn_spec_pair *pair = vn_spec_pair_of(set, want_names[i]);
		const vn_spec_entry *entry = by_image ? pair->image : pair->flavor;

		want[i] = entry ? (uint32_t)vn_spec_value_of(set, pair, by_image).number : 0;
		if (!entry || !max[i] || want[i] <= max[i])
			continue;
		if (by_image)
			return vn_spec_fail(set->draft, entry, "ImageVCPUTopologyRangeExceeded",
					    err, "%s is '%s', but at most %u %s are allowed",
					    entry->key, entry->value, max[i], part_names[i]);
		excluded = true;
	}
	if (excluded)
		memset(want, 0, PARTS * sizeof(*want));
	return VN_OK;
}

int vn_spec_apply_topology(vn_spec_set *set, vn_error *err)
{
	vn_request *request = set->draft->request;
	uint32_t max[PARTS], want[PARTS];
	int r;

	if ((r = apply_limits(set, max, err)) < 0 ||
	    (r = apply_preferences(set, max, want, err)) < 0)
		return r;
	request->topology_max =
		(vn_topology){ .sockets = max[0], .cores = max[1], .threads = max[2] };
	request->topology_want =
		(vn_topology){ .sockets = want[0], .cores = want[1], .threads = want[2] };
	return VN_OK;
}
