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

int doctor_fix(vn_virt *virt, const vn_diagnosis *diagnosis, bool quiet, struct cli_output *output,
	       uint32_t *ret_changed, vn_error *err)
{
	vn_text *to = quiet ? &output->notes : &output->answer;
	uint32_t changed = 0;

	for (uint32_t i = 0; i < diagnosis->n; i++) {
		const vn_finding *finding = &diagnosis->findings[i];
		const vn_guest *guest;
		int r;

		if (!finding->n_remedies || finding->status < VN_CHECK_WARN || finding->guest < 0)
			continue;
		guest = &diagnosis->running->guests[finding->guest];
		vn_text_addf(to, "fixing %s of %s:\n%s\n", finding->check->id, guest->name,
			     finding->fix);
		if (!quiet && (r = cli_output_flush(to, err)) < 0)
			return r;
		if ((r = fix_finding(virt, finding, guest->name, err)) < 0)
			return r;
		changed++;
	}
	if (changed)
		vn_text_add(to, "\n");
	*ret_changed = changed;
	return VN_OK;
}
