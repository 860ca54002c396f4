/* SPDX-License-Identifier: LGPL-2.1-or-later
 * The remedy that most findings about CPUs have: other pins, on CPUs that nobody else has. */
#include "doctor/look.h"

static void pin_each(vn_look *look, vn_finding *finding, const vn_cpuset *vcpus, vn_cpuset room)
{
	int cpu = -1;

	VN_CPUSET_EACH(vcpu, vcpus) {
		vn_remedy remedy = { .kind = VN_REMEDY_VCPUPIN, .number = (uint32_t)vcpu };

		cpu = vn_cpuset_next(&room, cpu);
		vn_cpuset_add(&remedy.cpus, (unsigned)cpu);
		vn_cpuset_add(&look->given, (unsigned)cpu);
		vn_look_remedy(look, finding, &remedy);
	}
}

static void pin_together(vn_look *look, vn_finding *finding, const vn_cpuset *vcpus, vn_cpuset room)
{
	VN_CPUSET_EACH(vcpu, vcpus) {
		vn_remedy remedy = { .kind = VN_REMEDY_VCPUPIN,
				     .number = (uint32_t)vcpu,
				     .cpus = room };

		vn_look_remedy(look, finding, &remedy);
	}
}

void vn_look_pin_to(vn_look *look, vn_finding *finding, const vn_cpuset *vcpus,
		    const vn_nodeset *nodes)
{
	vn_cpuset room = vn_look_room(look, nodes);

	if (vn_cpuset_count(&room) < vn_cpuset_count(vcpus) || vn_cpuset_is_empty(vcpus))
		vn_look_plan(look, finding);
	else if (vn_cpuset_contains(&look->subject->single, vcpus))
		pin_each(look, finding, vcpus, room);
	else
		pin_together(look, finding, vcpus, room);
}
