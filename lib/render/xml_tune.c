/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * <cputune>: the CPUs of each vCPU, of the emulator and of each I/O thread, and the realtime
 * scheduler. A pin of the owner stays as it is. */
#include "render/xml.h"

#include "vnuma/guest.h"

static const char *const cputune_order[] = {
	"shares",	  "period",	     "quota",
	"global_period",  "global_quota",    "emulator_period",
	"emulator_quota", "iothread_period", "iothread_quota",
	"vcpupin",	  "emulatorpin",     "iothreadpin",
	"emulatorsched",  "vcpusched",	     "iothreadsched",
	"cachetune",	  "memorytune",	     NULL,
};

/* The pins of one kind: elements named `name` whose attribute `attr` is a number. */
struct pins {
	const char *name, *attr;
	enum vn_setting setting;
	const vn_cpuset *given; /* numbers that the owner has pinned */
	uint32_t limit;		/* numbers are less than this */
};

/* Existing pins by number. Those that an earlier plan wrote for a number that is no more are
 * removed. `wanted` has the numbers that exist. */
static void find_pins(vn_xml *xml, xmlNode *cputune, const struct pins *pins,
		      const vn_cpuset *wanted, xmlNode **have)
{
	uint64_t number;

	VN_XML_EACH(pin, cputune, pins->name) {
		if (!vn_elem_get_uint(pin, pins->attr, &number) || number >= pins->limit)
			continue;
		if (vn_cpuset_has(wanted, (unsigned)number))
			have[number] = pin;
		else if (vn_xml_wrote_before(xml, pins->setting, (uint32_t)number))
			vn_xmledit_remove(xml->edit, pin);
	}
}

/* One pin: changed where it stands, or new behind `*last`. */
static void write_pin(vn_xml *xml, xmlNode *cputune, const struct pins *pins, uint32_t number,
		      xmlNode *have, const vn_cpuset *cpus, xmlNode **last)
{
	if (!have) {
		have = vn_xmledit_insert(xml->edit, cputune, *last, pins->name);
		vn_xml_set_uint(xml, have, pins->attr, number);
	}
	vn_xml_set_cpuset(xml, have, "cpuset", cpus);
	vn_xml_mine(xml, pins->setting, number);
	*last = have;
}

static void write_vcpupins(vn_xml *xml, xmlNode *cputune)
{
	const vn_request *request = xml->request;
	const struct pins pins = { "vcpupin", "vcpu", VN_SET_VCPUPIN, &request->vcpupin_given,
				   VN_VCPU_MAX };
	xmlNode *have[VN_VCPU_MAX] = { NULL };
	xmlNode *last = vn_xml_last_before(cputune, cputune_order, pins.name);
	vn_cpuset all = { 0 };

	vn_cpuset_add_range(&all, 0, xml->placement->n_vcpus - 1);
	find_pins(xml, cputune, &pins, &all, have);
	for (uint32_t v = 0; v < xml->placement->n_vcpus; v++) {
		vn_cpuset cpus = vn_placement_vcpu_cpus(xml->placement, request, v);

		if (vn_cpuset_has(pins.given, v))
			last = have[v] ? have[v] : last;
		else if (!vn_cpuset_is_empty(&cpus))
			write_pin(xml, cputune, &pins, v, have[v], &cpus, &last);
	}
}

static void write_emulatorpin(vn_xml *xml, xmlNode *cputune)
{
	vn_cpuset cpus = vn_placement_emulator_cpus(xml->placement, xml->request);

	if (xml->request->emulatorpin_given || vn_cpuset_is_empty(&cpus))
		return;
	vn_xml_set_cpuset(xml, vn_xml_ensure(xml, cputune, cputune_order, "emulatorpin"), "cpuset",
			  &cpus);
	vn_xml_mine(xml, VN_SET_EMULATORPIN, 0);
}

/* I/O thread ids are any numbers from 1; those above what a set holds stay unpinned. */
static void write_iothreadpins(vn_xml *xml, xmlNode *cputune)
{
	const vn_request *request = xml->request;
	const struct pins pins = { "iothreadpin", "iothread", VN_SET_IOTHREADPIN,
				   &request->iothreadpin_given, VN_CPU_MAX };
	vn_cpuset cpus = vn_placement_emulator_cpus(xml->placement, request), all = { 0 };
	xmlNode *have[VN_CPU_MAX] = { NULL };
	xmlNode *last = vn_xml_last_before(cputune, cputune_order, pins.name);

	for (uint32_t i = 0; i < request->n_iothreads; i++)
		if (request->iothread_ids[i] < VN_CPU_MAX)
			vn_cpuset_add(&all, request->iothread_ids[i]);
	find_pins(xml, cputune, &pins, &all, have);
	VN_CPUSET_EACH(id, &all) {
		if (vn_cpuset_has(pins.given, (unsigned)id))
			last = have[id] ? have[id] : last;
		else if (!vn_cpuset_is_empty(&cpus))
			write_pin(xml, cputune, &pins, (uint32_t)id, have[id], &cpus, &last);
	}
}

/* All vCPUs that the <vcpusched> elements name, if each of them is ours: fifo, priority 1. libvirt
 * writes one element for each vCPU where we wrote one for all. */
static bool find_scheduled(const xmlNode *cputune, vn_cpuset *ret)
{
	uint64_t priority;
	vn_cpuset vcpus;

	VN_XML_EACH(sched, cputune, "vcpusched") {
		VN_XML_STRING text = vn_elem_get(sched, "vcpus");

		if (!text || !vn_elem_attr_is(sched, "scheduler", "fifo") ||
		    !vn_elem_get_uint(sched, "priority", &priority) || priority != 1 ||
		    vn_cpuset_parse(vn_cursor_of_string(NULL, text), &vcpus, NULL) < 0)
			return false;
		vn_cpuset_or(ret, &vcpus);
	}
	return true;
}

static void write_vcpusched(vn_xml *xml, xmlNode *cputune)
{
	bool ours = vn_xml_wrote_before(xml, VN_SET_VCPUSCHED, 0);
	xmlNode *sched = vn_elem_child(cputune, "vcpusched");
	vn_cpuset wanted = { 0 }, have = { 0 };

	if (sched && !ours)
		return;
	if (xml->request->realtime)
		wanted = xml->request->realtime_vcpus;
	if (!vn_cpuset_is_empty(&wanted))
		vn_xml_mine(xml, VN_SET_VCPUSCHED, 0);
	if (find_scheduled(cputune, &have) && vn_cpuset_equal(&have, &wanted))
		return;
	VN_XML_EACH(old, cputune, "vcpusched")
		vn_xmledit_remove(xml->edit, old);
	if (vn_cpuset_is_empty(&wanted))
		return;
	sched = vn_xml_ensure(xml, cputune, cputune_order, "vcpusched");
	vn_xml_set_cpuset(xml, sched, "vcpus", &wanted);
	vn_xmledit_set(xml->edit, sched, "scheduler", "fifo");
	vn_xml_set_uint(xml, sched, "priority", 1);
}

int vn_xml_write_tune(vn_xml *xml, vn_error *err)
{
	xmlNode *cputune = vn_xml_ensure(xml, xml->domain, vn_xml_domain_order, "cputune");

	(void)err;
	write_vcpupins(xml, cputune);
	write_emulatorpin(xml, cputune);
	write_iothreadpins(xml, cputune);
	write_vcpusched(xml, cputune);
	vn_xml_drop_if_empty(xml, cputune);
	return VN_OK;
}
