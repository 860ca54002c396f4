/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * `vnuma doctor --fix`: the changes that libvirt makes while a guest runs and that can be taken
 * back the same way. Each is printed as the virsh command that does the same, then made. */
#include "doctor.h"

struct change {
	vn_virt *virt;
	const char *guest;
	const vn_remedy *remedy;
	unsigned affect;
};

static int pin_vcpu(const struct change *c, vn_error *err)
{
	return vn_virt_pin_vcpu(c->virt, c->guest, c->remedy->number, &c->remedy->cpus, c->affect,
				err);
}

static int pin_emulator(const struct change *c, vn_error *err)
{
	return vn_virt_pin_emulator(c->virt, c->guest, &c->remedy->cpus, c->affect, err);
}

static int pin_iothread(const struct change *c, vn_error *err)
{
	return vn_virt_pin_iothread(c->virt, c->guest, c->remedy->number, &c->remedy->cpus,
				    c->affect, err);
}

static int set_nodes(const struct change *c, vn_error *err)
{
	return vn_virt_set_nodes(c->virt, c->guest, &c->remedy->nodes, c->affect, err);
}

static int (*const make[VN_REMEDY_KIND_COUNT])(const struct change *c, vn_error *err) = {
	[VN_REMEDY_VCPUPIN] = pin_vcpu,
	[VN_REMEDY_EMULATORPIN] = pin_emulator,
	[VN_REMEDY_IOTHREADPIN] = pin_iothread,
	[VN_REMEDY_MEMORY_NODES] = set_nodes,
};

/* As virsh's --live --config: the running guest, and what it starts with next if it is defined. */
static int affect_of(vn_virt *virt, const char *name, unsigned *ret, vn_error *err)
{
	vn_virt_guest guest;
	int r = vn_virt_find(virt, name, &guest, err);

	if (r == VN_OK)
		*ret = (guest.running ? VN_VIRT_AFFECT_LIVE : 0) |
		       (guest.persistent ? VN_VIRT_AFFECT_DEFINED : 0);
	return r;
}

static int fix_finding(vn_virt *virt, const vn_finding *finding, const char *guest, vn_error *err)
{
	struct change change = { .virt = virt, .guest = guest };
	int r = affect_of(virt, guest, &change.affect, err);

	for (uint32_t i = 0; i < finding->n_remedies && r == VN_OK; i++) {
		change.remedy = &finding->remedies[i];
		if (make[change.remedy->kind])
			r = make[change.remedy->kind](&change, err);
	}
	return r;
}

static bool can_fix(const vn_finding *finding)
{
	return finding->n_remedies && finding->status >= VN_CHECK_WARN && finding->guest >= 0;
}

/* Show it, make it. What libvirt refuses is said; the next finding is mended all the same. */
static int fix_one(vn_virt *virt, const vn_diagnosis *diagnosis, const vn_finding *finding,
		   bool quiet, struct cli_output *output, struct doctor_fixed *fixed, vn_error *err)
{
	const char *guest = diagnosis->running->guests[finding->guest].name;
	vn_text *to = quiet ? &output->notes : &output->answer;
	vn_error why = { 0 };
	int r = VN_OK;

	vn_text_addf(to, "Fixing %s %s:\n%s\n", finding->check->id, finding->check->name,
		     finding->fix);
	if (!quiet)
		r = cli_output_flush(to, err);
	if (r < 0)
		return r;
	if (fix_finding(virt, finding, guest, &why) == VN_OK) {
		fixed->n++;
		return VN_OK;
	}
	fixed->n_failed++;
	vn_text_addf(&output->notes, "vnuma: doctor: %s of guest '%s' could not be mended: %s\n",
		     finding->check->id, guest, why.text);
	return VN_OK;
}

int doctor_fix(vn_virt *virt, const vn_diagnosis *diagnosis, bool quiet, struct cli_output *output,
	       struct doctor_fixed *ret, vn_error *err)
{
	struct doctor_fixed fixed = { 0 };
	int r = VN_OK;

	for (uint32_t i = 0; i < diagnosis->n && r == VN_OK; i++)
		if (can_fix(&diagnosis->findings[i]))
			r = fix_one(virt, diagnosis, &diagnosis->findings[i], quiet, output, &fixed,
				    err);
	if (r == VN_OK && (fixed.n || fixed.n_failed) && !quiet)
		vn_text_add(&output->answer, "\n");
	if (r == VN_OK)
		*ret = fixed;
	return r;
}
