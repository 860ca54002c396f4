/* SPDX-License-Identifier: LGPL-2.1-or-later
 * What runs: do the threads still have the CPUs that libvirt gave them, and where are the kernel's
 * own threads that work for the guest? */
#include "doctor/look.h"

static bool are_known(vn_look *look, const vn_subject *s)
{
	if (!s->running)
		vn_look_skip(look, "it does not run");
	else if (s->guest->no_threads.code)
		vn_look_skip(look, "its threads are not known: %s", s->guest->no_threads.text);
	else if (!s->guest->n_threads)
		vn_look_skip(look, "its threads are not known");
	return s->running && s->guest->n_threads;
}

/* ---- VN035 ---- */

static const struct {
	const char *name;
	enum vn_remedy_kind remedy;
} kinds[VN_THREAD_KIND_COUNT] = {
	[VN_THREAD_VCPU] = { "vCPU", VN_REMEDY_VCPUPIN },
	[VN_THREAD_IOTHREAD] = { "I/O thread", VN_REMEDY_IOTHREADPIN },
	[VN_THREAD_EMULATOR] = { "emulator thread", VN_REMEDY_EMULATORPIN },
	[VN_THREAD_VHOST] = { "vhost thread", VN_REMEDY_NONE },
};

/* Libvirt pins the emulator's first thread; what QEMU starts later may narrow itself. */
static bool is_moved(const vn_look *look, const vn_thread *thread)
{
	vn_cpuset pin = thread->pin, allowed = thread->allowed;

	vn_cpuset_and(&pin, &look->online);
	vn_cpuset_and(&allowed, &look->online);
	if (vn_cpuset_is_empty(&pin) || thread->kind == VN_THREAD_VHOST)
		return false;
	return thread->kind == VN_THREAD_EMULATOR ? !vn_cpuset_contains(&pin, &allowed)
						  : !vn_cpuset_equal(&pin, &allowed);
}

static void check_thread(vn_look *look, const vn_thread *thread)
{
	vn_remedy remedy = { .kind = kinds[thread->kind].remedy,
			     .number = thread->number,
			     .cpus = thread->pin };

	vn_cpuset_and(&remedy.cpus, &look->online);
	vn_look_remedy(look,
		       vn_look_find(look, VN_CHECK_WARN, -1,
				    "%s %u (thread %d) may run on %s, libvirt gave it %s",
				    kinds[thread->kind].name, thread->number, thread->tid,
				    vn_look_cpus(look, &thread->allowed),
				    vn_look_cpu_list(look, &thread->pin)),
		       &remedy);
}

/* A cgroup that does not let a thread have the nodes that its memory is bound to. */
static void check_mems(vn_look *look, const vn_subject *s)
{
	for (uint32_t i = 0; i < s->guest->n_threads; i++) {
		const vn_thread *thread = &s->guest->threads[i];

		if (thread->kind != VN_THREAD_VCPU || !thread->allowed_known ||
		    vn_nodeset_is_empty(&thread->mems) ||
		    vn_nodeset_contains(&thread->mems, &s->mem_bound))
			continue;
		vn_look_fix(look,
			    vn_look_find(look, VN_CHECK_WARN, -1,
					 "vCPU %u may take memory on %s, the guest's is bound to "
					 "%s",
					 thread->number, vn_look_node_list(look, &thread->mems),
					 vn_look_node_list(look, &s->mem_bound)),
			    VN_FIX_WORDS,
			    "somebody changed cpuset.mems of the guest's cgroup: start the guest "
			    "anew");
		return;
	}
}

void vn_check_drift(vn_look *look, const vn_subject *s)
{
	bool seen = false, emulator_moved = false; /* one remedy for all of its threads */

	if (!are_known(look, s))
		return;
	for (uint32_t i = 0; i < s->guest->n_threads; i++) {
		const vn_thread *thread = &s->guest->threads[i];

		if (!thread->pin_known || !thread->allowed_known)
			continue;
		seen = true;
		if (!is_moved(look, thread) ||
		    (thread->kind == VN_THREAD_EMULATOR && emulator_moved))
			continue;
		emulator_moved |= thread->kind == VN_THREAD_EMULATOR;
		check_thread(look, thread);
	}
	if (!seen) {
		vn_look_skip(look, "what the kernel lets its threads do is not known");
		return;
	}
	check_mems(look, s);
}

/* ---- VN041 ---- */

void vn_check_helpers(vn_look *look, const vn_subject *s)
{
	vn_cpuset cpus = { 0 };
	vn_nodeset nodes;
	uint32_t count = 0;

	if (!are_known(look, s))
		return;
	for (uint32_t i = 0; i < s->guest->n_threads; i++) {
		const vn_thread *thread = &s->guest->threads[i];

		if (thread->kind != VN_THREAD_VHOST || !thread->allowed_known)
			continue;
		count++;
		vn_cpuset_or(&cpus, &thread->allowed);
	}
	nodes = vn_look_nodes_of(look, &cpus);
	if (!count || vn_nodeset_contains(&s->cpu_nodes, &nodes))
		return;
	vn_look_fix(look,
		    vn_look_find(look, VN_CHECK_INFO, -1,
				 "%u vhost thread%s of it may run on %s, its vCPUs on %s", count,
				 count == 1 ? "" : "s", vn_look_node_list(look, &nodes),
				 vn_look_node_list(look, &s->cpu_nodes)),
		    VN_FIX_WORDS, "they follow the emulator: pin that to the guest's nodes");
}
