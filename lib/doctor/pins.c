/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Pins: CPUs that are promised twice, shared by guests that should not share, or not there. A CPU
 * to which one vCPU alone is pinned is that vCPU's; where two guests claim it, one whose pins vnuma
 * planned is in the right. */
#include "doctor/look.h"

static const char *name_of(const vn_subject *s)
{
	return s->guest->name ? s->guest->name : "";
}

/* CPUs that vCPUs of other guests have to themselves. */
static vn_cpuset owned_by_others(const vn_look *look, const vn_subject *s)
{
	vn_cpuset others = look->owned;

	VN_CPUSET_EACH(cpu, &look->owned) {
		if (vn_look_owner_of(look, cpu) == s)
			vn_cpuset_del(&others, (unsigned)cpu);
	}
	return others;
}

/* ---- VN011 ---- */

static void check_single(vn_look *look, const vn_subject *s, uint32_t vcpu, bool realtime)
{
	int cpu = vn_cpuset_next(&s->vcpu[vcpu], -1);
	const vn_look_owner *owner = &look->owner[cpu];
	const vn_subject *other = vn_look_owner_of(look, cpu);
	vn_cpuset one = { 0 }, cpus = s->vcpu[vcpu];
	vn_nodeset nodes = vn_look_nodes_of(look, &cpus);
	vn_finding *finding;

	if (other == s && owner->vcpu == vcpu)
		return;
	finding = vn_look_find(look, realtime ? VN_CHECK_FAIL : VN_CHECK_WARN,
			       vn_nodeset_next(&nodes, -1),
			       "vCPU %u is pinned to CPU %d, and so is vCPU %u%s%s%s", vcpu, cpu,
			       owner->vcpu, other == s ? "" : " of guest '",
			       other == s ? "" : name_of(other), other == s ? "" : "'");
	vn_cpuset_add(&one, vcpu);
	vn_look_pin_to(look, finding, &one, &nodes);
}

static bool has_two_owners(const vn_look *look, const vn_cpuset *cpus)
{
	int first = vn_cpuset_next(cpus, -1);

	VN_CPUSET_EACH(cpu, cpus) {
		if (vn_look_owner_of(look, cpu) != vn_look_owner_of(look, first))
			return true;
	}
	return false;
}

/* vCPUs that float over CPUs that other guests have to themselves. */
static void check_floats(vn_look *look, const vn_subject *s)
{
	vn_cpuset others = owned_by_others(look, s), vcpus = { 0 }, cpus = { 0 };
	vn_nodeset nodes;
	vn_finding *finding;

	for (uint32_t vcpu = 0; vcpu < s->config->vcpus; vcpu++) {
		vn_cpuset both = s->vcpu[vcpu];

		if (vn_cpuset_has(&s->single, vcpu))
			continue;
		vn_cpuset_and(&both, &others);
		if (!vn_cpuset_is_empty(&both))
			vn_cpuset_add(&vcpus, vcpu);
		vn_cpuset_or(&cpus, &both);
	}
	if (vn_cpuset_is_empty(&vcpus) || s->by_numad)
		return;
	finding = vn_look_find(look, s->planned ? VN_CHECK_INFO : VN_CHECK_WARN, -1,
			       "%s may run on %s, which vCPUs of guest '%s'%s have to "
			       "themselves",
			       vn_look_vcpus(look, &vcpus), vn_look_cpus(look, &cpus),
			       name_of(vn_look_owner_of(look, vn_cpuset_next(&cpus, -1))),
			       has_two_owners(look, &cpus) ? " and others" : "");
	nodes = vn_look_nodes_of(look, &cpus);
	vn_look_pin_to(look, finding, &vcpus, &nodes);
}

/* More vCPUs of this guest within a set of CPUs than it has CPUs; asked once for each set. */
static void check_crowded(vn_look *look, const vn_subject *s, uint32_t vcpu)
{
	vn_cpuset inside = { 0 };
	const vn_cpuset *cpus = &s->vcpu[vcpu];

	for (uint32_t other = 0; other < s->config->vcpus; other++) {
		if (!vn_cpuset_contains(cpus, &s->vcpu[other]))
			continue;
		if (other < vcpu && vn_cpuset_equal(cpus, &s->vcpu[other]))
			return;
		vn_cpuset_add(&inside, other);
	}
	if (vn_cpuset_count(cpus) < 2 || vn_cpuset_count(&inside) <= vn_cpuset_count(cpus))
		return;
	vn_look_plan(look, vn_look_find(look, VN_CHECK_WARN, -1, "its %s share %u CPUs (%s)",
					vn_look_vcpus(look, &inside), vn_cpuset_count(cpus),
					vn_look_cpu_list(look, cpus)));
}

void vn_check_overcommitted(vn_look *look, const vn_subject *s)
{
	for (uint32_t vcpu = 0; vcpu < s->config->vcpus; vcpu++) {
		if (vn_cpuset_has(&s->single, vcpu))
			check_single(look, s, vcpu, vn_cpuset_has(&s->domain->realtime, vcpu));
		else if (!vcpu || !vn_cpuset_equal(&s->vcpu[vcpu], &s->vcpu[vcpu - 1]))
			check_crowded(look, s, vcpu);
	}
	check_floats(look, s);
}

/* ---- VN012 ---- */

/* Does the finding belong to s, not to the other guest on the core? */
static bool is_to_blame(const vn_subject *s, const vn_subject *other)
{
	return s->planned != other->planned ? other->planned : s->index > other->index;
}

void vn_check_core_shared(vn_look *look, const vn_subject *s)
{
	vn_cpuset cpus = { 0 };
	const vn_subject *with = NULL;
	bool planned = s->planned;

	if (look->host->threads_per_core < 2)
		return;
	VN_CPUSET_EACH(cpu, &s->own) {
		vn_cpuset core;

		if (look->host->cpus[cpu].core < 0)
			continue;
		core = vn_host_core_cpus(look->host, look->host->cpus[cpu].core);
		VN_CPUSET_EACH(sibling, &core) {
			const vn_subject *other = vn_look_owner_of(look, sibling);

			if (!other || other == s || sibling == cpu || !is_to_blame(s, other))
				continue;
			with = other;
			planned &= other->planned;
			vn_cpuset_or(&cpus, &core);
		}
	}
	if (!with)
		return;
	vn_look_fix(look,
		    vn_look_find(look, planned ? VN_CHECK_INFO : VN_CHECK_WARN, -1,
				 "it and guest '%s' each have a thread of one core (CPUs %s)",
				 name_of(with), vn_look_cpu_list(look, &cpus)),
		    VN_FIX_WORDS,
		    "plan it with whole cores: <spec name='hw:cpu_thread_policy' "
		    "value='isolate'/> in <vnuma>, or 'require' and an even number of vCPUs");
}

/* ---- VN013 ---- */

/* CPUs for threads that work for the guest: near it, and nobody's own; rather not the last ones
 * that a remedy left to its vCPUs. */
static vn_cpuset helper_room(const vn_look *look, const vn_subject *s)
{
	const vn_nodeset *near = vn_nodeset_is_empty(&s->mem_bound) ? &s->cpu_nodes : &s->mem_bound;
	const vn_nodeset all = vn_look_nodes_of(look, &look->online);
	vn_cpuset close = vn_look_room(look, near), any = vn_look_room(look, &all), room = close;

	vn_cpuset_minus(&room, &look->floats);
	if (!vn_cpuset_is_empty(&room))
		return room;
	return vn_cpuset_count(&close) > 1 || vn_cpuset_is_empty(&any) ? close : any;
}

/* One thread of QEMU's; `remedy` says which. */
static void check_helper(vn_look *look, const vn_subject *s, const char *what,
			 const vn_cpuset *cpus, bool masked, vn_remedy remedy)
{
	vn_cpuset own = s->own, others = owned_by_others(look, s);
	vn_finding *finding;

	vn_cpuset_and(&own, cpus);
	vn_cpuset_and(&others, cpus);
	if (!masked && (vn_cpuset_is_empty(&s->masked) ||
			(vn_cpuset_is_empty(&own) && vn_cpuset_is_empty(&others))))
		return; /* a guest that floats as a whole is VN002's and VN011's */
	if (!masked)
		finding = vn_look_find(look, VN_CHECK_WARN, -1,
				       "%s may run on every CPU, also on %s, which vCPUs have to "
				       "themselves",
				       what, vn_look_cpu_list(look, &look->owned));
	else if (!vn_cpuset_is_empty(&others))
		finding = vn_look_find(look, VN_CHECK_WARN, -1,
				       "%s may run on %s, which vCPUs of other guests have to "
				       "themselves",
				       what, vn_look_cpus(look, &others));
	else if (!vn_cpuset_is_empty(&own))
		finding = vn_look_find(look, VN_CHECK_WARN, -1,
				       "%s may run on %s, which its own vCPUs are pinned to "
				       "one by one",
				       what, vn_look_cpus(look, &own));
	else
		return;
	remedy.cpus = helper_room(look, s);
	if (vn_cpuset_is_empty(&remedy.cpus))
		vn_look_fix(look, finding, VN_FIX_WORDS,
			    "every CPU is some vCPU's: leave one free on the guest's node "
			    "('hw:emulator_threads_policy' = 'isolate' plans it)");
	else
		vn_look_remedy(look, finding, &remedy);
}

static const vn_thread *iothread_of(const vn_guest *guest, uint32_t id)
{
	for (uint32_t i = 0; i < guest->n_threads; i++)
		if (guest->threads[i].kind == VN_THREAD_IOTHREAD && guest->threads[i].number == id)
			return &guest->threads[i];
	return NULL;
}

vn_cpuset vn_look_iothread(const vn_look *look, const vn_subject *s, uint32_t id, bool *masked)
{
	const vn_thread *thread = iothread_of(s->guest, id);
	vn_cpuset cpus = s->config->cpuset_given ? s->config->cpuset : look->online;

	for (uint32_t i = 0; i < s->domain->n_iothreadpins; i++)
		if (s->domain->iothreadpins[i].id == id)
			cpus = s->domain->iothreadpins[i].cpus;
	if (thread && thread->pin_known)
		cpus = thread->pin;
	*masked = !vn_cpuset_contains(&cpus, &look->online);
	vn_cpuset_and(&cpus, &look->online);
	return cpus;
}

/* What a plan wrote is on the guest's own CPUs where its policy says so (Nova's default). */
void vn_check_emulator(vn_look *look, const vn_subject *s)
{
	if (s->by_numad)
		return;
	if (!vn_look_wrote(s, VN_SET_EMULATORPIN, 0))
		check_helper(look, s, "the emulator", &s->emulator, s->emulator_masked,
			     (vn_remedy){ .kind = VN_REMEDY_EMULATORPIN });
	for (uint32_t i = 0; i < s->config->n_iothreads; i++) {
		uint32_t id = s->config->iothread_ids[i];
		char what[32] = "I/O thread ";
		VN_AUTO_TEXT name = VN_TEXT_INIT;
		bool masked;
		vn_cpuset cpus = vn_look_iothread(look, s, id, &masked);

		vn_text_addf(&name, "%s%u", what, id);
		if (!name.failed && !vn_look_wrote(s, VN_SET_IOTHREADPIN, id))
			check_helper(look, s, name.bytes, &cpus, masked,
				     (vn_remedy){ .kind = VN_REMEDY_IOTHREADPIN, .number = id });
	}
}

/* ---- VN033 ---- */

/* "CPUs 4-5 are offline", "CPU 99 does not exist"; NULL if all are there. */
static const char *missing_words(vn_look *look, const vn_cpuset *said)
{
	vn_cpuset missing = *said, offline = look->host->offline;
	bool one;

	vn_cpuset_minus(&missing, &look->online);
	if (vn_cpuset_is_empty(&missing))
		return NULL;
	vn_cpuset_and(&offline, &missing);
	one = vn_cpuset_count(&missing) == 1;
	if (vn_cpuset_equal(&offline, &missing))
		return one ? "is offline" : "are offline";
	if (vn_cpuset_is_empty(&offline))
		return one ? "does not exist" : "do not exist";
	return "are offline or do not exist";
}

static vn_finding *find_missing(vn_look *look, const char *what, const vn_cpuset *said)
{
	const char *words = missing_words(look, said);
	vn_cpuset missing = *said;

	if (!words)
		return NULL;
	vn_cpuset_minus(&missing, &look->online);
	return vn_look_find(look, VN_CHECK_FAIL, -1, "%s pinned to CPU%s %s, which %s", what,
			    vn_cpuset_count(&missing) == 1 ? "" : "s",
			    vn_look_cpu_list(look, &missing), words);
}

/* What is left of the pin; else a CPU near its cell's memory. */
static void fix_missing_vcpu(vn_look *look, vn_finding *finding, const vn_subject *s, uint32_t vcpu)
{
	vn_remedy remedy = { .kind = VN_REMEDY_VCPUPIN, .number = vcpu, .cpus = s->vcpu[vcpu] };
	vn_nodeset nodes = s->mem_bound;

	for (uint32_t c = 0; c < s->n_cells; c++)
		if (vn_cpuset_has(&s->cells[c].vcpus, vcpu) && s->cells[c].bound)
			nodes = s->cells[c].mem;
	if (vn_nodeset_is_empty(&nodes))
		nodes = s->cpu_nodes;
	if (vn_cpuset_is_empty(&remedy.cpus)) {
		vn_cpuset room = vn_look_room(look, &nodes);
		int cpu = vn_cpuset_next(&room, -1);

		if (cpu >= 0) {
			vn_cpuset_add(&remedy.cpus, (unsigned)cpu);
			vn_cpuset_add(&look->given, (unsigned)cpu);
		}
	}
	if (vn_cpuset_is_empty(&remedy.cpus))
		vn_look_plan(look, finding);
	else
		vn_look_remedy(look, finding, &remedy);
}

/* CPUs that a vCPU's pin names and that are not there. */
static vn_cpuset missing_of(const vn_look *look, const vn_subject *s, uint32_t vcpu)
{
	vn_cpuset missing = s->config->vcpupin[vcpu];

	vn_cpuset_minus(&missing, &look->online);
	return missing;
}

/* One finding for all vCPUs that miss the same CPUs. */
static void check_missing_vcpus(vn_look *look, const vn_subject *s)
{
	vn_cpuset left = s->config->vcpupin_given;

	VN_CPUSET_EACH(vcpu, &left) {
		vn_cpuset missing = missing_of(look, s, (uint32_t)vcpu), alike = { 0 };
		VN_AUTO_TEXT what = VN_TEXT_INIT;
		vn_finding *finding;

		if (vn_cpuset_is_empty(&missing))
			continue;
		VN_CPUSET_EACH(other, &left) {
			vn_cpuset its = missing_of(look, s, (uint32_t)other);

			if (vn_cpuset_equal(&its, &missing))
				vn_cpuset_add(&alike, (unsigned)other);
		}
		vn_cpuset_minus(&left, &alike);
		vn_text_addf(&what, "%s %s", vn_look_vcpus(look, &alike),
			     vn_cpuset_count(&alike) == 1 ? "is" : "are");
		look->no_memory |= what.failed;
		finding = find_missing(look, what.failed ? "" : what.bytes, &missing);
		if (vn_look_repinned(look, finding, &alike))
			continue;
		vn_cpuset_minus(&alike, &look->repinned);
		VN_CPUSET_EACH(each, &alike)
			fix_missing_vcpu(look, finding, s, (uint32_t)each);
	}
}

void vn_check_missing_cpus(vn_look *look, const vn_subject *s)
{
	const vn_domain *domain = s->domain;
	vn_finding *finding;

	check_missing_vcpus(look, s);
	if (s->config->cpuset_given &&
	    (finding = find_missing(look, "by <vcpu cpuset=> the guest is", &s->config->cpuset)))
		vn_look_plan(look, finding);
	if (s->config->emulatorpin_given &&
	    (finding = find_missing(look, "the emulator is", &s->config->emulatorpin)))
		vn_look_remedy(look, finding,
			       &(vn_remedy){ .kind = VN_REMEDY_EMULATORPIN,
					     .cpus = vn_cpuset_is_empty(&s->emulator)
							     ? helper_room(look, s)
							     : s->emulator });
	for (uint32_t i = 0; i < domain->n_iothreadpins; i++) {
		VN_AUTO_TEXT what = VN_TEXT_INIT;

		vn_text_addf(&what, "I/O thread %u is", domain->iothreadpins[i].id);
		if (!what.failed &&
		    (finding = find_missing(look, what.bytes, &domain->iothreadpins[i].cpus)))
			vn_look_remedy(look, finding,
				       &(vn_remedy){ .kind = VN_REMEDY_IOTHREADPIN,
						     .number = domain->iothreadpins[i].id,
						     .cpus = helper_room(look, s) });
	}
	if (vn_cpuset_is_empty(&domain->beyond))
		return;
	vn_look_fix(look,
		    vn_look_find(look, VN_CHECK_WARN, -1,
				 "<vcpupin> names %s, and the guest has %u; libvirt passes it over",
				 vn_look_vcpus(look, &domain->beyond), s->config->vcpus),
		    VN_FIX_WORDS, "take the <vcpupin> away, or raise <vcpu>");
}
