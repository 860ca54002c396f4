/* SPDX-License-Identifier: LGPL-2.1-or-later
 * The largest guest like a given one that fits now. A scaled copy of the request is placed again
 * and again: halving finds a size that fits and whose next larger one does not; because a fit need
 * not be monotone, sizes above it are then tried from the top. */
#include "place/advice/advise.h"

/* One question. Size k is k vCPUs, or k units of memory, for each of the owner's even cells. */
struct scale {
	struct advise *advise;
	bool vcpus, memory; /* what is scaled; both: memory in proportion to the vCPUs */
	uint32_t cells;	    /* even cells of the owner; 0 = none */
	uint64_t unit_kib;
	uint64_t top;		 /* nothing larger can fit */
	uint32_t tries;		 /* how many sizes to try from the top */
	vn_request_cell *scaled; /* [cells] */
	vn_request request;	 /* the copy */
};

/* ---- which requests scale ---- */

/* The owner's cells are of one size, in blocks. */
static bool are_even(const vn_request *request)
{
	uint32_t each = request->n_cells ? request->vcpus / request->n_cells : 0;

	for (uint32_t c = 0; c < request->n_cells; c++) {
		vn_cpuset block = { 0 };

		if (!each || each * request->n_cells != request->vcpus)
			return false;
		vn_cpuset_add_range(&block, c * each, (c + 1) * each - 1);
		if (!vn_cpuset_equal(&block, &request->cells[c].vcpus) ||
		    request->cells[c].mem_kib != request->cells[0].mem_kib)
			return false;
	}
	return true;
}

static bool vcpus_scale(const vn_request *request)
{
	uint32_t dedicated = vn_cpuset_count(&request->dedicated);

	return are_even(request) && vn_cpuset_is_empty(&request->vcpupin_given) &&
	       !request->topology_given && (!dedicated || dedicated == request->vcpus);
}

/* ---- one size ---- */

static uint64_t round_down(uint64_t value, uint64_t unit)
{
	return value / unit * unit;
}

/* False when there is no such guest. */
static bool make(struct scale *scale, uint64_t size)
{
	const vn_request *from = scale->advise->request;
	vn_request *to = &scale->request;
	uint64_t cells = scale->cells ? scale->cells : 1;

	*to = *from;
	if (scale->vcpus)
		to->vcpus = to->vcpus_online = (uint32_t)(size * cells);
	if (scale->memory && !scale->vcpus)
		to->mem_kib = size * cells * scale->unit_kib;
	if (scale->memory && scale->vcpus)
		to->mem_kib =
			round_down(from->mem_kib / from->vcpus * to->vcpus +
					   from->mem_kib % from->vcpus * to->vcpus / from->vcpus,
				   scale->unit_kib * cells);
	if (!to->vcpus || to->vcpus > VN_VCPU_MAX || !to->mem_kib ||
	    to->mem_kib > VN_GUEST_MEM_MAX_KIB)
		return false;
	if (!vn_cpuset_is_empty(&from->dedicated)) {
		to->dedicated = (vn_cpuset){ 0 };
		if (vn_cpuset_count(&from->dedicated) == from->vcpus)
			vn_cpuset_add_range(&to->dedicated, 0, to->vcpus - 1);
		else
			to->dedicated = from->dedicated;
	}
	to->cells = scale->cells ? scale->scaled : NULL;
	for (uint32_t c = 0; c < scale->cells; c++) {
		uint32_t each = to->vcpus / scale->cells;

		scale->scaled[c] = from->cells[c];
		scale->scaled[c].mem_kib = to->mem_kib / scale->cells;
		scale->scaled[c].vcpus = (vn_cpuset){ 0 };
		vn_cpuset_add_range(&scale->scaled[c].vcpus, c * each, (c + 1) * each - 1);
	}
	return true;
}

static bool fits(struct scale *scale, uint64_t size)
{
	return make(scale, size) &&
	       advise_fits(scale->advise, scale->advise->host, &scale->request);
}

/* ---- bounds ---- */

/* No guest has more vCPUs than there are free CPUs of its kind. */
static uint64_t vcpus_top(const vn_host *host, const vn_request *request)
{
	uint64_t n = 0;

	for (uint32_t i = 0; i < host->n_nodes; i++) {
		vn_cpuset cpus = vn_cpuset_is_empty(&request->dedicated) ? host->nodes[i].cpus
									 : host->nodes[i].pcpus;

		vn_cpuset_minus(&cpus, &host->nodes[i].pinned);
		n += vn_cpuset_count(&cpus);
	}
	return n < VN_VCPU_MAX ? n : VN_VCPU_MAX;
}

/* All memory, as often as it may be given out. Without a limit each cell may have a whole node. */
static uint64_t memory_top_kib(const vn_host *host, uint32_t ratio_percent)
{
	uint64_t kib = 0, times = ratio_percent ? 1 + ratio_percent / 100 : VN_CELL_MAX;

	for (uint32_t i = 0; i < host->n_nodes; i++) {
		const vn_node *node = &host->nodes[i];
		uint64_t pages_kib = 0;

		for (uint32_t k = 0; k < node->n_pages; k++)
			pages_kib += node->pages[k].total * node->pages[k].size_kib;
		kib += node->mem_kib > pages_kib ? node->mem_kib : pages_kib;
	}
	if (__builtin_mul_overflow(kib, times, &kib))
		return VN_GUEST_MEM_MAX_KIB;
	return kib < VN_GUEST_MEM_MAX_KIB ? kib : VN_GUEST_MEM_MAX_KIB;
}

/* Steps of memory: at least 1 MiB, and a page of the size that is asked for. Where several sizes
 * would do, each is a step of its own: memory that is no multiple of a large page may still fit in
 * small ones, and the other way round. */
static uint32_t memory_units(const vn_host *host, const vn_request *request,
			     uint64_t units[VN_PAGE_SIZES_MAX])
{
	enum vn_page_want want = request->n_pages ? request->pages[0].want : VN_PAGES_NONE;
	bool several = want == VN_PAGES_LARGE || want == VN_PAGES_ANY || want == VN_PAGES_DEFAULT;
	uint32_t n = 0;

	units[n++] = 1024;
	for (uint32_t i = 0; i < request->n_pages; i++)
		if (request->pages[i].want == VN_PAGES_SIZE &&
		    request->pages[i].page_kib > units[0])
			units[0] = request->pages[i].page_kib;
	for (uint32_t i = 0; i < host->n_nodes && several; i++)
		for (uint32_t k = 0; k < host->nodes[i].n_pages; k++) {
			uint64_t size_kib = host->nodes[i].pages[k].size_kib;
			bool known = size_kib <= units[0];

			for (uint32_t j = 0; j < n; j++)
				known |= units[j] == size_kib;
			if (!known && n < VN_PAGE_SIZES_MAX)
				units[n++] = size_kib;
		}
	return n;
}

/* ---- the search ---- */

/* The size where halving ends: it fits, or is 0. */
static uint64_t halve(struct scale *scale, uint64_t low, uint64_t high)
{
	while (low < high) {
		uint64_t middle = low + (high - low + 1) / 2;

		if (fits(scale, middle))
			low = middle;
		else
			high = middle - 1;
	}
	return low;
}

static vn_most_size search(struct scale *scale)
{
	uint64_t size = halve(scale, 0, scale->top);
	vn_most_size found = { .asked = true };

	while (scale->top > size && scale->tries) {
		scale->tries--;
		if (fits(scale, scale->top))
			size = scale->top;
		else
			scale->top--;
	}
	found.exact = scale->top <= size && !scale->advise->doubt;
	if (size && fits(scale, size)) {
		found.vcpus = scale->request.vcpus;
		found.mem_kib = scale->request.mem_kib;
	}
	return found;
}

static vn_most_size most_vcpus(struct advise *advise, bool memory, vn_request_cell *scaled)
{
	const vn_request *request = advise->request;
	uint64_t units[VN_PAGE_SIZES_MAX];
	struct scale scale = {
		.advise = advise,
		.vcpus = true,
		.memory = memory,
		.cells = request->n_cells,
		.top = vcpus_top(advise->host, request),
		.tries = VN_MOST_TRIES,
		.scaled = scaled,
	};

	if (!vcpus_scale(request))
		return (vn_most_size){ 0 };
	memory_units(advise->host, request, units);
	scale.unit_kib = units[0];
	scale.top /= scale.cells ? scale.cells : 1;
	return search(&scale);
}

/* In steps of one page size a smaller guest fits wherever a larger one does: halving is enough. */
static vn_most_size most_memory(struct advise *advise, vn_request_cell *scaled)
{
	const vn_request *request = advise->request;
	uint64_t units[VN_PAGE_SIZES_MAX];
	uint32_t n_units = memory_units(advise->host, request, units);
	vn_most_size best = { 0 };

	for (uint32_t i = 0; i < n_units && are_even(request); i++) {
		struct scale scale = {
			.advise = advise,
			.memory = true,
			.cells = request->n_cells,
			.unit_kib = units[i],
			.scaled = scaled,
		};
		uint64_t step = units[i] * (scale.cells ? scale.cells : 1);

		scale.top = memory_top_kib(advise->host, advise->options.ram_ratio_percent) / step;
		vn_most_size found = search(&scale);

		if (!i || found.mem_kib > best.mem_kib)
			best = found;
		best.exact = n_units == 1 && !advise->doubt;
	}
	return best;
}

int vn_place_most(const vn_host *host, const vn_request *request, const vn_place_options *options,
		  vn_most *ret, vn_error *err)
{
	vn_request_cell *scaled;
	struct advise advise;
	vn_error why = { 0 };
	int r;

	if ((r = advise_begin(host, request, options, &advise, err)) < 0)
		return r;
	r = vn_place(host, request, &advise.options, advise.placement, &why);
	scaled = vn_arena_alloc(advise.arena, request->n_cells, sizeof(*scaled));
	if (!scaled)
		r = vn_fail(&why, VN_E_NOMEM, "no memory for scaled cells");
	if (r == VN_OK || r == VN_E_NOFIT) {
		ret->vcpus = most_vcpus(&advise, false, scaled);
		ret->memory = most_memory(&advise, scaled);
		ret->proportion = most_vcpus(&advise, true, scaled);
		r = VN_OK;
	}
	if (r < 0 && err)
		*err = why;
	advise_end(&advise);
	return r;
}
