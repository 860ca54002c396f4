/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Is a guest where its plan has put it? Read back from everything that knows: libvirt's pins, the
 * kernel's, the bindings in its XML, and its pages. */
#include "running/account.h"

enum { LIST_BYTES = 96 };

/* What the guest has is compared with this. */
struct planned {
	const vn_running *running;
	const vn_guest *guest;
	const vn_request *request;
	const vn_placement *placement;
	vn_error *err;
};

/* ---- threads ---- */

/* QEMU may narrow what it starts beside its first thread: memory that is allocated at the start is
 * touched by a thread on the memory's own node. */
static bool may_be_narrower(const struct planned *planned, const vn_thread *thread)
{
	return thread->kind == VN_THREAD_EMULATOR && thread->tid != planned->guest->pid;
}

static int check_set(const struct planned *planned, const vn_thread *thread, const char *who,
		     const vn_cpuset *have, const vn_cpuset *want)
{
	static const char *const names[VN_THREAD_KIND_COUNT] = {
		[VN_THREAD_VCPU] = "vCPU",
		[VN_THREAD_IOTHREAD] = "I/O thread",
		[VN_THREAD_EMULATOR] = "emulator thread",
		[VN_THREAD_VHOST] = "vhost thread",
	};
	char is[LIST_BYTES], should[LIST_BYTES];

	if (vn_cpuset_equal(have, want) ||
	    (have == &thread->allowed && may_be_narrower(planned, thread) &&
	     vn_cpuset_contains(want, have)))
		return VN_OK;
	vn_cpuset_format(have, is, sizeof(is));
	vn_cpuset_format(want, should, sizeof(should));
	return vn_fail(planned->err, VN_E_SYSTEM,
		       "%s %u of guest '%.60s' may use the CPUs '%.60s' by %s, not '%.60s' as "
		       "planned",
		       names[thread->kind], thread->number, planned->guest->name, is, who, should);
}

/* The CPUs that the plan gives a thread; empty: none. */
static vn_cpuset planned_cpus(const struct planned *planned, const vn_thread *thread)
{
	const vn_placement *placement = planned->placement;

	if (thread->kind == VN_THREAD_VCPU && thread->number < placement->n_vcpus)
		return vn_placement_vcpu_cpus(placement, planned->request, thread->number);
	if (thread->kind == VN_THREAD_EMULATOR ||
	    (thread->kind == VN_THREAD_IOTHREAD &&
	     !vn_cpuset_has(&planned->request->iothreadpin_given, thread->number)))
		return vn_placement_emulator_cpus(placement, planned->request);
	return (vn_cpuset){ 0 };
}

static int check_thread(const struct planned *planned, const vn_thread *thread)
{
	vn_cpuset want = planned_cpus(planned, thread);
	int r = VN_OK;

	if (vn_cpuset_is_empty(&want))
		return VN_OK;
	if (thread->pin_known)
		r = check_set(planned, thread, "libvirt", &thread->pin, &want);
	if (r == VN_OK && thread->allowed_known)
		r = check_set(planned, thread, "the kernel", &thread->allowed, &want);
	return r;
}

/* ---- memory ---- */

static uint32_t node_id(const struct planned *planned, uint32_t node_ix)
{
	return planned->running->host->nodes[node_ix].id;
}

static int check_bindings(const struct planned *planned)
{
	const vn_request *config = planned->guest->config, *request = planned->request;

	for (uint32_t c = 0; c < config->n_cells && c < planned->placement->n_cells; c++) {
		uint32_t want = node_id(planned, planned->placement->cells[c].mem_node_ix);
		vn_nodeset nodes = { 0 };
		char list[LIST_BYTES];

		if (vn_cpuset_has(&request->memnode_given, c) || request->numatune_given ||
		    !account_bound_nodes(config, c, &nodes) || vn_nodeset_has(&nodes, want))
			continue;
		vn_nodeset_format(&nodes, list, sizeof(list));
		return vn_fail(
			planned->err, VN_E_SYSTEM,
			"memory of cell %u of guest '%.60s' is bound to node '%.60s', not to "
			"%u as planned",
			c, planned->guest->name, list, want);
	}
	return VN_OK;
}

/* KiB in huge pages of a size that the plan puts on a node. */
static uint64_t planned_huge(const vn_placement *placement, uint64_t size_kib, uint32_t node_ix)
{
	uint64_t kib = 0;

	for (uint32_t c = 0; c < placement->n_cells; c++)
		if (placement->cells[c].page_kib == size_kib &&
		    placement->cells[c].mem_node_ix == node_ix)
			kib += placement->cells[c].mem_kib;
	return kib;
}

static bool is_planned_node(const vn_placement *placement, uint32_t node_ix)
{
	for (uint32_t c = 0; c < placement->n_cells; c++)
		if (placement->cells[c].mem_node_ix == node_ix)
			return true;
	return false;
}

static uint64_t measured(const struct planned *planned, uint64_t size_kib, uint32_t node_ix)
{
	const vn_memory_use *use = &planned->guest->memory;

	for (uint32_t s = 0; s < use->n_sizes; s++)
		if (use->size_kib[s] == size_kib)
			return use->kib[(size_t)s * planned->running->host->n_nodes + node_ix];
	return 0;
}

/* Huge pages are allocated at the start, all of them; ordinary ones when they are touched. */
static int check_huge(const struct planned *planned, uint64_t size_kib, uint32_t node_ix)
{
	uint64_t want = planned_huge(planned->placement, size_kib, node_ix);
	uint64_t have = measured(planned, size_kib, node_ix);
	char is[32], should[32], size[32];

	if (planned->guest->memory.how != VN_MEASURED_EXACT || have >= want)
		return VN_OK;
	return vn_fail(planned->err, VN_E_SYSTEM,
		       "guest '%.60s' has %s in pages of %s on node %u, not %s as planned",
		       planned->guest->name, vn_size_format(have, is, sizeof(is)),
		       vn_size_format(size_kib, size, sizeof(size)), node_id(planned, node_ix),
		       vn_size_format(want, should, sizeof(should)));
}

static int check_stray(const struct planned *planned, uint64_t size_kib, uint32_t node_ix)
{
	uint64_t have = measured(planned, size_kib, node_ix);
	char is[32];

	if (!have || is_planned_node(planned->placement, node_ix))
		return VN_OK;
	return vn_fail(planned->err, VN_E_SYSTEM,
		       "guest '%.60s' has %s on node %u, where the plan puts nothing",
		       planned->guest->name, vn_size_format(have, is, sizeof(is)),
		       node_id(planned, node_ix));
}

static int check_pages(const struct planned *planned)
{
	const vn_memory_use *use = &planned->guest->memory;
	const vn_placement *placement = planned->placement;
	int r = VN_OK;

	if (use->how == VN_MEASURED_NOT || !use->kib)
		return VN_OK;
	for (uint32_t c = 0; c < placement->n_cells && r == VN_OK; c++)
		if (placement->cells[c].page_kib)
			r = check_huge(planned, placement->cells[c].page_kib,
				       placement->cells[c].mem_node_ix);
	if (planned->guest->config->mem_mode != VN_MEM_STRICT)
		return r;
	for (uint32_t s = 0; s < use->n_sizes; s++)
		for (uint32_t i = 0; i < planned->running->host->n_nodes && r == VN_OK; i++)
			r = check_stray(planned, use->size_kib[s], i);
	return r;
}

int vn_guest_verify(const vn_running *running, const vn_guest *guest, const vn_request *request,
		    const vn_placement *placement, vn_error *err)
{
	struct planned planned = { running, guest, request ? request : guest->policy, placement,
				   err };
	int r = VN_OK;

	if (!guest->config || !planned.request)
		return vn_fail(err, VN_E_SYSTEM, "the XML of guest '%.60s' cannot be read back: %s",
			       guest->name, guest->unreadable.text);
	for (uint32_t i = 0; i < guest->n_threads && r == VN_OK; i++)
		r = check_thread(&planned, &guest->threads[i]);
	if (r == VN_OK)
		r = check_bindings(&planned);
	return r == VN_OK ? check_pages(&planned) : r;
}

/* ---- beside the others ---- */

static int check_alone(const vn_host *host, const vn_cpuset *cpus, const char *name, vn_error *err)
{
	VN_CPUSET_EACH(cpu, cpus) {
		int32_t ix = (uint32_t)cpu < host->n_cpus ? host->cpus[cpu].node_ix : -1;

		if (ix >= 0 && vn_cpuset_has(&host->nodes[ix].pinned, (unsigned)cpu))
			return vn_fail(err, VN_E_NOFIT,
				       "CPU %d, which guest '%.60s' was given, is another guest's "
				       "by now",
				       cpu, name);
	}
	return VN_OK;
}

/* Ordinary memory that the plan takes of a node. */
static uint64_t planned_ordinary(const vn_placement *placement, uint32_t node_ix)
{
	uint64_t kib = 0;

	for (uint32_t c = 0; c < placement->n_cells; c++)
		if (!placement->cells[c].page_kib && placement->cells[c].mem_node_ix == node_ix)
			kib += placement->cells[c].mem_kib + placement->cells[c].memdev_kib;
	return kib;
}

int vn_guest_verify_alone(const vn_host *host, const vn_request *request,
			  const vn_placement *placement, vn_error *err)
{
	enum { OVERHEAD_KIB = 512 << 10 }; /* QEMU's own, which is used by now and not counted */
	const char *name = request->name ? request->name : "";
	int r = VN_OK;

	for (uint32_t v = 0; v < placement->n_vcpus && r == VN_OK; v++) {
		vn_cpuset cpus = vn_placement_vcpu_cpus(placement, request, v);

		r = check_alone(host, &cpus, name, err);
	}
	for (uint32_t c = 0; c < placement->n_cells && r == VN_OK; c++)
		r = check_alone(host, &placement->cells[c].reserved, name, err);
	for (uint32_t i = 0; i < host->n_nodes && r == VN_OK; i++) {
		uint64_t want = planned_ordinary(placement, i);

		if (want > vn_node_free_kib(&host->nodes[i]) + want / 16 + OVERHEAD_KIB)
			r = vn_fail(err, VN_E_NOFIT,
				    "memory of node %u, which guest '%.60s' was given, is another "
				    "guest's by now",
				    host->nodes[i].id, name);
	}
	return r;
}
