/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Pins of a running guest, and its definition. The definition gets the whole plan, by the same
 * writer as vnuma plan; the running guest gets the pins one by one, and the policy that says who
 * wrote them. */
#include "apply.h"

#include <string.h>

#include "kernel/kernel.h"

/* ---- which pins ---- */

/* A pin of one thread: as placed, and as it is. */
struct pin {
	enum vn_thread_kind kind;
	uint32_t number;
	bool old_known;
	vn_cpuset want, old;
};

static const vn_thread *find_thread(const vn_guest *guest, enum vn_thread_kind kind,
				    uint32_t number)
{
	for (uint32_t i = 0; i < guest->n_threads; i++)
		if (guest->threads[i].kind == kind && guest->threads[i].number == number)
			return &guest->threads[i];
	return NULL;
}

/* As it is now: what libvirt says of a thread that runs, else what the XML says. */
static void find_old(const struct apply *apply, struct pin *pin)
{
	const vn_thread *thread = find_thread(apply->guest, pin->kind, pin->number);
	const vn_request *config = apply->guest->config;

	if (thread && thread->pin_known) {
		pin->old_known = true;
		pin->old = thread->pin;
	} else if (pin->kind == VN_THREAD_VCPU &&
		   vn_cpuset_has(&config->vcpupin_given, pin->number)) {
		pin->old_known = true;
		pin->old = config->vcpupin[pin->number];
	}
}

/* libvirt's pin may be right and the kernel's not: someone has used taskset. */
static bool has_drifted(const struct apply *apply, const struct pin *pin)
{
	const vn_thread *thread = find_thread(apply->guest, pin->kind, pin->number);

	return thread && thread->allowed_known && !vn_cpuset_equal(&thread->allowed, &pin->want);
}

static struct pin pin_of(const struct apply *apply, enum vn_thread_kind kind, uint32_t number)
{
	const vn_placement *placement = apply->act->placement;
	const vn_request *request = apply->guest->policy;
	struct pin pin = { .kind = kind, .number = number };

	if (kind == VN_THREAD_VCPU)
		pin.want = vn_placement_vcpu_cpus(placement, request, number);
	else
		pin.want = vn_placement_emulator_cpus(placement, request);
	find_old(apply, &pin);
	return pin;
}

static bool is_set(const struct apply *apply, const struct pin *pin)
{
	return vn_cpuset_is_empty(&pin->want) ||
	       (pin->old_known && vn_cpuset_equal(&pin->old, &pin->want) &&
		!has_drifted(apply, pin));
}

static int set_pin(struct apply *apply, const struct pin *pin, const vn_cpuset *cpus, vn_error *err)
{
	vn_virt *virt = apply->act->virt;
	const char *name = apply->guest->name;

	switch (pin->kind) {
	case VN_THREAD_VCPU:
		return vn_virt_pin_vcpu(virt, name, pin->number, cpus, VN_VIRT_AFFECT_LIVE, err);
	case VN_THREAD_IOTHREAD:
		return vn_virt_pin_iothread(virt, name, pin->number, cpus, VN_VIRT_AFFECT_LIVE,
					    err);
	default: return vn_virt_pin_emulator(virt, name, cpus, VN_VIRT_AFFECT_LIVE, err);
	}
}

/* Each pin of the guest in turn: vCPUs, those that are off too, I/O threads, the emulator. */
static int each_pin(struct apply *apply,
		    int (*visit)(struct apply *, const struct pin *, vn_error *), vn_error *err)
{
	const vn_request *request = apply->guest->policy;
	struct pin pin;
	int r = VN_OK;

	for (uint32_t v = 0; v < apply->act->placement->n_vcpus && r == VN_OK; v++) {
		pin = pin_of(apply, VN_THREAD_VCPU, v);
		r = visit(apply, &pin, err);
	}
	for (uint32_t i = 0; i < request->n_iothreads && r == VN_OK; i++) {
		pin = pin_of(apply, VN_THREAD_IOTHREAD, request->iothread_ids[i]);
		if (!vn_cpuset_has(&request->iothreadpin_given, pin.number))
			r = visit(apply, &pin, err);
	}
	if (r == VN_OK) {
		pin = pin_of(apply, VN_THREAD_EMULATOR, 0);
		r = visit(apply, &pin, err);
	}
	return r;
}

/* ---- QEMU's other threads ----
 *
 * libvirt pins them as the emulator, by their cgroup and the process alone: one of them that
 * somebody has bound past libvirt is bound back by the kernel. One that is within those CPUs may
 * have narrowed itself, and is no reason to do anything. */

static bool is_other(const struct apply *apply, const vn_thread *thread, const vn_cpuset *want)
{
	return apply->running->local && thread->kind == VN_THREAD_EMULATOR && thread->tid &&
	       thread->allowed_known && !vn_cpuset_is_empty(want) &&
	       !vn_cpuset_equal(&thread->allowed, want);
}

static uint32_t count_strayed(const struct apply *apply)
{
	vn_cpuset want = vn_placement_emulator_cpus(apply->act->placement, apply->guest->policy);
	uint32_t n = 0;

	for (uint32_t i = 0; i < apply->guest->n_threads; i++) {
		const vn_thread *thread = &apply->guest->threads[i];

		n += is_other(apply, thread, &want) &&
		     (thread->tid == apply->guest->pid ||
		      !vn_cpuset_contains(&want, &thread->allowed));
	}
	return n;
}

static int bring_back(struct apply *apply, vn_error *err)
{
	vn_cpuset want = vn_placement_emulator_cpus(apply->act->placement, apply->guest->policy);
	int r = VN_OK;

	for (uint32_t i = 0; i < apply->guest->n_threads && r == VN_OK; i++)
		if (is_other(apply, &apply->guest->threads[i], &want))
			r = vn_kernel_set_affinity(apply->guest->threads[i].tid, &want, err);
	return r;
}

/* ---- setting them ---- */

static int count_pin(struct apply *apply, const struct pin *pin, vn_error *err)
{
	(void)err;
	if (!is_set(apply, pin))
		*(pin->kind == VN_THREAD_VCPU ? &apply->vcpu_pins : &apply->other_pins) += 1;
	return VN_OK;
}

void apply_count_pins(struct apply *apply)
{
	apply->vcpu_pins = apply->other_pins = 0;
	each_pin(apply, count_pin, NULL);
	if (!apply->other_pins && count_strayed(apply))
		apply->other_pins = 1; /* the emulator as a whole */
}

static int place_pin(struct apply *apply, const struct pin *pin, vn_error *err)
{
	return is_set(apply, pin) ? VN_OK : set_pin(apply, pin, &pin->want, err);
}

static int unplace_pin(struct apply *apply, const struct pin *pin, vn_error *err)
{
	(void)err;
	if (!is_set(apply, pin) && pin->old_known)
		set_pin(apply, pin, &pin->old, NULL);
	return VN_OK;
}

void apply_undo_pins(struct apply *apply)
{
	each_pin(apply, unplace_pin, NULL);
}

/* The policy as the running document would have it: it says which pins are the planner's. */
static int set_policy(struct apply *apply, vn_error *err)
{
	VN_AUTO_TEXT xml = VN_TEXT_INIT;
	int r = vn_render_xml(apply->running->host, apply->guest->policy, apply->act->placement,
			      &xml, err);

	return r == VN_OK ? vn_virt_set_policy(apply->act->virt, apply->guest->name, xml.bytes,
					       xml.len, VN_VIRT_AFFECT_LIVE, err)
			  : r;
}

int apply_pins(struct apply *apply, vn_error *err)
{
	int r;

	if (!apply->vcpu_pins && !apply->other_pins)
		return VN_OK;
	r = each_pin(apply, place_pin, err);
	if (r == VN_OK)
		r = bring_back(apply, err);
	return r == VN_OK ? set_policy(apply, err) : r;
}

/* ---- the definition ---- */

/* The definition may be of another size already, for the next start. */
static bool is_same_guest(const vn_request *defined, const vn_placement *placement)
{
	uint64_t kib = 0;

	for (uint32_t c = 0; c < placement->n_cells; c++)
		kib += placement->cells[c].mem_kib;
	return defined->vcpus == placement->n_vcpus && defined->mem_kib == kib;
}

static int plan_definition(struct apply *apply, vn_text *to, vn_error *err)
{
	VN_AUTO(vn_request) defined = NULL;
	const vn_text *before = &apply->defined_before;
	int r = vn_request_parse_xml(apply->guest->name, before->bytes, before->len, &defined, err);

	if (r < 0)
		return r;
	if (apply->act->values->take_over)
		vn_request_take_over(defined);
	if (!is_same_guest(defined, apply->act->placement)) {
		vn_text_add(&apply->words, "  its definition is of another size than the running "
					   "guest, and stays as it is\n");
		return VN_OK;
	}
	return vn_render_xml(apply->running->host, defined, apply->act->placement, to, err);
}

int apply_define(struct apply *apply, vn_error *err)
{
	const char *name = apply->guest->name;
	VN_AUTO_TEXT xml = VN_TEXT_INIT;
	int r;

	if (!apply->persistent)
		return VN_OK;
	r = vn_virt_xml(apply->act->virt, name, VN_VIRT_DEFINED_XML, &apply->defined_before, err);
	if (r == VN_OK)
		r = plan_definition(apply, &xml, err);
	if (r < 0 || !xml.len || !strcmp(xml.bytes, apply->defined_before.bytes))
		return r;
	r = vn_virt_define(apply->act->virt, name, xml.bytes, err);
	apply->defined = r == VN_OK;
	return r;
}

void apply_undo_define(struct apply *apply)
{
	if (apply->defined)
		vn_virt_define(apply->act->virt, apply->guest->name, apply->defined_before.bytes,
			       NULL);
}
