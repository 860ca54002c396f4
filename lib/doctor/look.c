/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * From a vn_running to what the checks look at. Where libvirt says what a running thread may use,
 * that counts; else the domain XML by libvirt's rules: its own pin, else <vcpu cpuset=>, else every
 * CPU. Sets are of online CPUs only; what a document names beyond them is check VN033's. */
#include <string.h>

#include "doctor/look.h"

/* ---- CPUs ---- */

static const vn_thread *thread_of(const vn_guest *guest, enum vn_thread_kind kind, uint32_t number)
{
	for (uint32_t i = 0; i < guest->n_threads; i++)
		if (guest->threads[i].kind == kind &&
		    (kind == VN_THREAD_EMULATOR || guest->threads[i].number == number))
			return &guest->threads[i];
	return NULL;
}

/* What the XML says for a thread without a pin of its own. */
static vn_cpuset default_cpus(const vn_look *look, const vn_request *config)
{
	return config->cpuset_given ? config->cpuset : look->online;
}

static vn_cpuset vcpu_said(const vn_look *look, const vn_subject *s, uint32_t vcpu)
{
	const vn_thread *thread = thread_of(s->guest, VN_THREAD_VCPU, vcpu);

	if (thread && thread->pin_known)
		return thread->pin;
	if (vn_cpuset_has(&s->config->vcpupin_given, vcpu))
		return s->config->vcpupin[vcpu];
	return default_cpus(look, s->config);
}

static vn_cpuset emulator_said(const vn_look *look, const vn_subject *s)
{
	const vn_thread *thread = thread_of(s->guest, VN_THREAD_EMULATOR, 0);

	if (thread && thread->pin_known)
		return thread->pin;
	if (s->config->emulatorpin_given)
		return s->config->emulatorpin;
	return default_cpus(look, s->config);
}

static bool is_mask(const vn_look *look, const vn_cpuset *said)
{
	return !vn_cpuset_contains(said, &look->online);
}

static bool knows_pins(const vn_guest *guest)
{
	for (uint32_t i = 0; i < guest->n_threads; i++)
		if (guest->threads[i].kind == VN_THREAD_VCPU && guest->threads[i].pin_known)
			return true;
	return false;
}

/* A plan lets it float, over the one CPU that was left. */
static bool floats_by_plan(const vn_subject *s, uint32_t vcpu)
{
	return vn_look_wrote(s, VN_SET_VCPUPIN, vcpu) &&
	       !vn_cpuset_has(&s->guest->policy->dedicated, vcpu);
}

static int look_at_cpus(vn_look *look, vn_subject *s)
{
	s->vcpu = vn_arena_alloc(look->arena, s->config->vcpus, sizeof(*s->vcpu));
	if (!s->vcpu)
		return VN_E_NOMEM;
	for (uint32_t vcpu = 0; vcpu < s->config->vcpus; vcpu++) {
		vn_cpuset *cpus = &s->vcpu[vcpu];

		*cpus = vcpu_said(look, s, vcpu);
		if (is_mask(look, cpus))
			vn_cpuset_add(&s->masked, vcpu);
		vn_cpuset_and(cpus, &look->online);
		if (vn_cpuset_count(cpus) == 1 && !floats_by_plan(s, vcpu)) {
			vn_cpuset_add(&s->single, vcpu);
			vn_cpuset_or(&s->own, cpus);
		}
		vn_cpuset_or(&s->cpus, cpus);
	}
	s->cpu_nodes = vn_look_nodes_of(look, &s->cpus);
	s->emulator = emulator_said(look, s);
	s->emulator_masked = is_mask(look, &s->emulator);
	vn_cpuset_and(&s->emulator, &look->online);
	return VN_OK;
}

/* ---- cells ---- */

/* The smallest huge page size of any node; 0: none is known. */
static uint64_t default_huge_kib(const vn_host *host)
{
	uint64_t kib = 0;

	for (uint32_t n = 0; n < host->n_nodes; n++)
		if (host->nodes[n].n_pages > 1 && (!kib || host->nodes[n].pages[1].size_kib < kib))
			kib = host->nodes[n].pages[1].size_kib;
	return kib;
}

static uint64_t ordinary_kib(const vn_host *host)
{
	for (uint32_t n = 0; n < host->n_nodes; n++)
		if (host->nodes[n].n_pages)
			return host->nodes[n].pages[0].size_kib;
	return 4;
}

static uint64_t cell_page_kib(const vn_look *look, const vn_request *config, uint32_t cell)
{
	for (uint32_t i = 0; i < config->n_pages; i++) {
		const vn_request_pages *pages = &config->pages[i];
		uint64_t kib = pages->page_kib;

		if (!vn_cpuset_is_empty(&pages->cells) && !vn_cpuset_has(&pages->cells, cell))
			continue;
		if (pages->want == VN_PAGES_DEFAULT)
			kib = default_huge_kib(look->host);
		return kib > ordinary_kib(look->host) ? kib : 0;
	}
	return 0;
}

static void bind_cell(const vn_subject *s, uint32_t number, vn_look_cell *cell)
{
	const vn_request *config = s->config;

	cell->mode = s->domain->memory_mode_given ? s->domain->memory_mode : VN_MEM_STRICT;
	if (config->memnode && vn_cpuset_has(&config->memnode_given, number)) {
		cell->bound = true;
		cell->mem = config->memnode[number];
		cell->mode = s->domain->memnode_mode[number];
	} else if (config->numatune_given) {
		cell->bound = true;
		cell->mem = config->numatune;
	}
}

static void add_memory_devices(const vn_request *config, vn_look_cell *cells, uint32_t n_cells)
{
	for (uint32_t i = 0; i < config->n_memdevs; i++) {
		const vn_request_memdev *memdev = &config->memdevs[i];
		uint32_t cell = memdev->cell < 0 ? 0 : (uint32_t)memdev->cell;

		if (memdev->uses_host_memory && cell < n_cells)
			cells[cell].mem_kib += memdev->size_kib;
	}
}

static int look_at_cells(vn_look *look, vn_subject *s)
{
	const vn_request *config = s->config;

	s->n_cells = config->n_cells ? config->n_cells : 1;
	s->cells = vn_arena_alloc(look->arena, s->n_cells, sizeof(*s->cells));
	if (!s->cells)
		return VN_E_NOMEM;
	for (uint32_t c = 0; c < s->n_cells; c++) {
		vn_look_cell *cell = &s->cells[c];
		vn_cpuset cpus = { 0 };

		cell->mem_kib = config->n_cells ? config->cells[c].mem_kib : config->mem_kib;
		if (config->n_cells)
			cell->vcpus = config->cells[c].vcpus;
		else
			vn_cpuset_add_range(&cell->vcpus, 0, config->vcpus - 1);
		cell->page_kib = cell_page_kib(look, config, c);
		bind_cell(s, c, cell);
		vn_nodeset_or(&s->mem_bound, &cell->mem);
		VN_CPUSET_EACH(vcpu, &cell->vcpus)
			vn_cpuset_or(&cpus, &s->vcpu[vcpu]);
		cell->cpu_nodes = vn_look_nodes_of(look, &cpus);
	}
	add_memory_devices(config, s->cells, s->n_cells);
	return VN_OK;
}

/* ---- guests ---- */

static int look_at_guest(vn_look *look, uint32_t index, bool examined, vn_subject *s, vn_error *err)
{
	const vn_guest *guest = &look->running->guests[index];
	vn_domain *domain;
	int r;

	*s = (vn_subject){ .index = (int32_t)index,
			   .guest = guest,
			   .config = guest->config,
			   .examined = examined,
			   .running = guest->state != VN_GUEST_OFF };
	if (!s->config)
		return VN_OK;
	if ((r = vn_domain_read(s->config, look->arena, &domain, err)) < 0)
		return r;
	s->domain = domain;
	s->by_numad = domain->auto_vcpu && !knows_pins(guest);
	s->planned = guest->policy && !vn_cpuset_is_empty(&guest->policy->wrote[VN_SET_VCPUPIN]);
	if (look_at_cpus(look, s) < 0 || look_at_cells(look, s) < 0)
		return vn_fail(err, VN_E_NOMEM, "no memory for the doctor's facts");
	return VN_OK;
}

static int look_at_guests(vn_look *look, const bool *examine, vn_error *err)
{
	const vn_running *running = look->running;
	int r;

	look->subjects =
		vn_arena_alloc(look->arena, running->n_guests + 1, sizeof(*look->subjects));
	if (!look->subjects)
		return vn_fail(err, VN_E_NOMEM, "no memory for the doctor's facts");
	for (uint32_t i = 0; i < running->n_guests; i++) {
		bool on = running->guests[i].state != VN_GUEST_OFF;
		bool examined = examine ? examine[i] : on;

		if (!on && !examined)
			continue;
		r = look_at_guest(look, i, examined, &look->subjects[look->n_subjects], err);
		if (r < 0)
			return r;
		look->n_subjects++;
	}
	return VN_OK;
}

static void own(vn_look *look, uint32_t index)
{
	const vn_subject *s = &look->subjects[index];

	VN_CPUSET_EACH(vcpu, &s->single) {
		int cpu = vn_cpuset_next(&s->vcpu[vcpu], -1);

		if (look->owner[cpu].subject < 0)
			look->owner[cpu] = (vn_look_owner){ (int32_t)index, (uint32_t)vcpu };
	}
	vn_cpuset_or(&look->owned, &s->own);
}

/* Guests whose pins a plan wrote come first: where two have one CPU, the other is to blame. */
static int find_owners(vn_look *look, vn_error *err)
{
	look->owner = vn_arena_alloc(look->arena, look->host->n_cpus + 1, sizeof(*look->owner));
	if (!look->owner)
		return vn_fail(err, VN_E_NOMEM, "no memory for the doctor's facts");
	for (uint32_t cpu = 0; cpu < look->host->n_cpus; cpu++)
		look->owner[cpu].subject = -1;
	for (int planned = 1; planned >= 0; planned--)
		for (uint32_t i = 0; i < look->n_subjects; i++)
			if (look->subjects[i].config && look->subjects[i].planned == planned)
				own(look, i);
	return VN_OK;
}

static const vn_kernel no_kernel;

int vn_look_at(const vn_running *running, const bool *examine, vn_look *ret, vn_error *err)
{
	const vn_host *host = running->host;
	int r;

	ret->running = running;
	ret->host = host;
	ret->kernel_known = running->kernel != NULL;
	ret->kernel = running->kernel ? running->kernel : &no_kernel;
	for (uint32_t cpu = 0; cpu < host->n_cpus; cpu++)
		if (host->cpus[cpu].node_ix >= 0)
			vn_cpuset_add(&ret->online, cpu);
	for (uint32_t n = 0; n < host->n_nodes; n++) {
		vn_cpuset cpus = host->nodes[n].cpus;

		vn_cpuset_or(&cpus, &host->nodes[n].pcpus);
		ret->nodes_with_cpus += !vn_cpuset_is_empty(&cpus);
	}
	if ((r = look_at_guests(ret, examine, err)) < 0)
		return r;
	return find_owners(ret, err);
}

/* ---- questions ---- */

vn_nodeset vn_look_nodes_of(const vn_look *look, const vn_cpuset *cpus)
{
	vn_nodeset nodes = { 0 };

	VN_CPUSET_EACH(cpu, cpus) {
		if ((uint32_t)cpu < look->host->n_cpus && look->host->cpus[cpu].node_ix >= 0)
			vn_nodeset_add(&nodes, look->host->nodes[look->host->cpus[cpu].node_ix].id);
	}
	return nodes;
}

vn_cpuset vn_look_cpus_of(const vn_look *look, const vn_nodeset *nodes)
{
	vn_cpuset cpus = { 0 };

	VN_CPUSET_EACH(cpu, &look->online) {
		if (vn_nodeset_has(nodes, look->host->nodes[look->host->cpus[cpu].node_ix].id))
			vn_cpuset_add(&cpus, (unsigned)cpu);
	}
	return cpus;
}

const vn_node *vn_look_node(const vn_look *look, uint32_t id)
{
	int ix = vn_host_node_ix(look->host, id);

	return ix < 0 ? NULL : &look->host->nodes[ix];
}

const vn_subject *vn_look_owner_of(const vn_look *look, int cpu)
{
	int32_t subject = look->owner[cpu].subject;

	return subject < 0 ? NULL : &look->subjects[subject];
}

vn_nodeset vn_look_memory_near(const vn_look *look, const vn_nodeset *nodes)
{
	vn_nodeset near = { 0 };
	bool bare = false;

	VN_NODESET_EACH(id, nodes) {
		int ix = vn_host_node_ix(look->host, (uint32_t)id);

		if (ix < 0)
			continue;
		if (look->host->nodes[ix].mem_kib)
			vn_nodeset_add(&near, (unsigned)id);
		else
			bare = true;
	}
	for (uint32_t n = 0; bare && n < look->host->n_nodes; n++)
		if (look->host->nodes[n].mem_kib)
			vn_nodeset_add(&near, look->host->nodes[n].id);
	return near;
}

bool vn_look_wrote(const vn_subject *s, enum vn_setting setting, unsigned number)
{
	return s->guest->policy && vn_cpuset_has(&s->guest->policy->wrote[setting], number);
}

bool vn_look_has_pages(const vn_subject *s)
{
	for (uint32_t c = 0; c < s->n_cells; c++)
		if (s->cells[c].page_kib)
			return true;
	return false;
}

bool vn_look_is_strict(const vn_look_cell *cell)
{
	return cell->bound && (cell->mode == VN_MEM_STRICT || cell->mode == VN_MEM_RESTRICTIVE);
}

bool vn_look_measured(const vn_look *look, const vn_subject *s)
{
	const vn_memory_use *memory = &s->guest->memory;

	return memory->how != VN_MEASURED_NOT && memory->kib && look->host->n_nodes &&
	       memory->n_sizes <= VN_PAGE_SIZES_MAX;
}

uint64_t vn_look_memory_on(const vn_look *look, const vn_subject *s, const vn_nodeset *nodes)
{
	const vn_memory_use *memory = &s->guest->memory;
	uint64_t sum = 0;

	for (uint32_t size = 0; size < memory->n_sizes; size++)
		for (uint32_t n = 0; n < look->host->n_nodes; n++)
			if (vn_nodeset_has(nodes, look->host->nodes[n].id))
				sum += memory->kib[(size_t)size * look->host->n_nodes + n];
	return sum;
}

vn_cpuset vn_look_room(const vn_look *look, const vn_nodeset *nodes)
{
	vn_cpuset room = vn_look_cpus_of(look, nodes);

	vn_cpuset_minus(&room, &look->owned);
	vn_cpuset_minus(&room, &look->given);
	vn_cpuset_minus(&room, &look->host->isolated);
	if (look->kernel->isolated_known)
		vn_cpuset_minus(&room, &look->kernel->isolated);
	return room;
}
