/* SPDX-License-Identifier: LGPL-2.1-or-later
 * The remedy that most findings about CPUs have: other pins, on CPUs that nobody else has. */
#include "doctor/look.h"

/* Those with one CPU get one each. */
static void pin_each(vn_look *look, vn_finding *finding, const vn_cpuset *vcpus, vn_cpuset room)
{
	VN_CPUSET_EACH(vcpu, vcpus) {
		vn_remedy remedy = { .kind = VN_REMEDY_VCPUPIN, .number = (uint32_t)vcpu };
		int cpu = vn_cpuset_next(&room, -1);

		vn_cpuset_add(&remedy.cpus, (unsigned)cpu);
		vn_cpuset_add(&look->given, (unsigned)cpu);
		vn_cpuset_del(&room, (unsigned)cpu);
		vn_look_remedy(look, finding, &remedy);
	}
}

static void pin_together(vn_look *look, vn_finding *finding, const vn_cpuset *vcpus,
			 const vn_cpuset *room)
{
	if (!vn_cpuset_is_empty(vcpus))
		vn_cpuset_or(&look->floats, room);
	VN_CPUSET_EACH(vcpu, vcpus) {
		vn_remedy remedy = { .kind = VN_REMEDY_VCPUPIN,
				     .number = (uint32_t)vcpu,
				     .cpus = *room };

		vn_look_remedy(look, finding, &remedy);
	}
}

bool vn_look_repinned(vn_look *look, vn_finding *finding, const vn_cpuset *vcpus)
{
	if (vn_cpuset_is_empty(vcpus) || !vn_cpuset_contains(&look->repinned, vcpus))
		return false;
	vn_look_fix(look, finding, VN_FIX_WORDS, "the pins above mend this too");
	return true;
}

void vn_look_pin_to(vn_look *look, vn_finding *finding, const vn_cpuset *vcpus,
		    const vn_nodeset *nodes)
{
	vn_cpuset room = vn_look_room(look, nodes), single = *vcpus, floating, alone;

	if (vn_look_repinned(look, finding, vcpus))
		return;
	vn_cpuset_minus(&single, &look->repinned);
	floating = single;
	if (vn_cpuset_count(&room) < vn_cpuset_count(&single) || vn_cpuset_is_empty(vcpus)) {
		vn_look_plan(look, finding);
		return;
	}
	vn_cpuset_and(&single, &look->subject->single);
	vn_cpuset_minus(&floating, &single);
	alone = room;
	vn_cpuset_minus(&alone, &look->floats);
	pin_each(look, finding, &single,
		 vn_cpuset_count(&alone) >= vn_cpuset_count(&single) ? alone : room);
	vn_cpuset_minus(&room, &look->given);
	pin_together(look, finding, &floating, &room);
}
