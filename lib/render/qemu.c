/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A placement as QEMU arguments: what libvirt 9 passes for the XML that we render, written as
 * key=value and without libvirt's private paths. Two things are said in another way: file-backed
 * memory without a path of the owner, huge pages included, is a memfd (no hugetlbfs mount is
 * needed), and there is no thread-context (all that it does is to make preallocation faster).
 * tests/oracle/qemu_numa_compare.py compares the meaning. */
#include "render/qemu.h"

#include <string.h>

#include "render/xml.h"
#include "vnuma/guest.h"

/* ---- lines ---- */

vn_text *vn_qemu_option(vn_qemu *qemu)
{
	if (qemu->options.len)
		vn_text_add(&qemu->options, " \\\n");
	return &qemu->options;
}

vn_text *vn_qemu_comment(vn_qemu *qemu)
{
	vn_text_add(&qemu->comments, qemu->comments.len ? "\n# " : "# ");
	return &qemu->comments;
}

/* ---- values ---- */

uint64_t vn_qemu_round_kib(uint64_t kib)
{
	return (kib + 1023) / 1024 * 1024;
}

uint64_t vn_qemu_size_kib(const xmlNode *node)
{
	VN_XML_STRING text = vn_elem_text(node);
	VN_XML_STRING unit = vn_elem_get(node, "unit");
	uint64_t kib;

	return vn_xml_size_kib(text, unit, &kib) ? kib : 0;
}

/* ---- machine, memory and vCPUs ---- */

static void write_machine(vn_qemu *qemu)
{
	const xmlNode *backing = vn_elem_child(qemu->domain, "memoryBacking");

	if (vn_elem_child(backing, "nosharepages"))
		vn_text_add(vn_qemu_option(qemu), "-machine mem-merge=off");
	if (vn_elem_child_with(qemu->devices, "memory", "model", "nvdimm"))
		vn_text_add(vn_qemu_option(qemu), "-machine nvdimm=on");
}

static void write_memory(vn_qemu *qemu)
{
	const xmlNode *most = vn_elem_child(qemu->domain, "maxMemory");
	vn_text *line = vn_qemu_option(qemu);
	uint64_t slots = 0;

	vn_text_addf(line, "-m size=%lluk", (unsigned long long)vn_qemu_cells_kib(qemu));
	if (most) {
		vn_elem_get_uint(most, "slots", &slots);
		if (slots)
			vn_text_addf(line, ",slots=%llu", (unsigned long long)slots);
		vn_text_addf(line, ",maxmem=%lluk",
			     (unsigned long long)vn_qemu_round_kib(vn_qemu_size_kib(most)));
	}
	vn_text_addf(vn_qemu_option(qemu), "-overcommit mem-lock=%s",
		     vn_elem_child(vn_elem_child(qemu->domain, "memoryBacking"), "locked") ? "on"
											   : "off");
}

/* A vCPU that is on at start but hotpluggable is plugged in by libvirt before the guest runs; its
 * place is the owner's to pass on. */
static void tell_plugged(vn_qemu *qemu, uint32_t vcpu)
{
	const vn_topology *topology = &qemu->placement->topology;
	uint32_t cores = vcpu / topology->threads, dies = cores / topology->cores;

	vn_text_addf(vn_qemu_comment(qemu),
		     "vCPU %u is on, too: -device MODEL-x86_64-cpu,socket-id=%u,die-id=%u,"
		     "core-id=%u,thread-id=%u",
		     vcpu, dies / topology->dies, dies % topology->dies, cores % topology->cores,
		     vcpu % topology->threads);
}

static uint64_t count_at_start(vn_qemu *qemu)
{
	const xmlNode *vcpus = vn_elem_child(qemu->domain, "vcpus");
	uint64_t n = 0, id;

	if (!vcpus) {
		n = qemu->request->vcpus;
		vn_elem_get_uint(vn_elem_child(qemu->domain, "vcpu"), "current", &n);
		return n;
	}
	VN_XML_EACH(vcpu, vcpus, "vcpu") {
		if (!vn_elem_attr_is(vcpu, "enabled", "yes"))
			continue;
		if (!vn_elem_attr_is(vcpu, "hotpluggable", "yes"))
			n++;
		else if (vn_elem_get_uint(vcpu, "id", &id) && id < qemu->request->vcpus)
			tell_plugged(qemu, (uint32_t)id);
	}
	return n;
}

static void write_smp(vn_qemu *qemu)
{
	const vn_topology *topology = &qemu->placement->topology;
	uint64_t n = count_at_start(qemu);
	vn_text *line = vn_qemu_option(qemu);

	vn_text_addf(line, "-smp %llu", (unsigned long long)n);
	if (n != qemu->request->vcpus)
		vn_text_addf(line, ",maxcpus=%u", qemu->request->vcpus);
	vn_text_addf(line, ",sockets=%u,dies=%u,cores=%u,threads=%u", topology->sockets,
		     topology->dies, topology->cores, topology->threads);
}

/* ---- pins, which QEMU cannot set ---- */

static void add_pin(vn_qemu *qemu, const vn_cpuset *cpus, const char *pid, const char *who)
{
	vn_text *line = vn_qemu_comment(qemu);

	vn_text_add(line, "taskset -pc ");
	vn_text_add_cpuset(line, cpus);
	vn_text_addf(line, " %s  # %s", pid, who);
}

static void write_vcpu_pins(vn_qemu *qemu)
{
	for (uint32_t v = 0, last; v < qemu->placement->n_vcpus; v = last + 1) {
		vn_cpuset cpus = vn_placement_vcpu_cpus(qemu->placement, qemu->request, v), next;
		VN_AUTO_TEXT who = VN_TEXT_INIT;

		for (last = v; last + 1 < qemu->placement->n_vcpus; last++) {
			next = vn_placement_vcpu_cpus(qemu->placement, qemu->request, last + 1);
			if (!vn_cpuset_equal(&cpus, &next))
				break;
		}
		vn_text_addf(&who,
			     last > v ? "vCPUs %u-%u: threads 'CPU %u/KVM' and on"
				      : "vCPU %u: thread 'CPU %u/KVM'",
			     v, last > v ? last : v, v);
		qemu->comments.failed |= who.failed;
		if (!vn_cpuset_is_empty(&cpus) && !who.failed)
			add_pin(qemu, &cpus, "TID", who.bytes);
	}
}

void vn_qemu_write_pins(vn_qemu *qemu)
{
	vn_cpuset cpus = vn_placement_emulator_cpus(qemu->placement, qemu->request);

	vn_text_add(
		vn_qemu_comment(qemu),
		"QEMU does not pin its threads. Start it with -name ...,debug-threads=on, then:");
	if (!vn_cpuset_is_empty(&cpus))
		add_pin(qemu, &cpus, "PID", "the emulator; before its other threads");
	write_vcpu_pins(qemu);
}

/* ---- the whole ---- */

static void write_options(vn_qemu *qemu)
{
	write_machine(qemu);
	write_memory(qemu);
	write_smp(qemu);
	vn_qemu_write_cells(qemu);
	vn_qemu_write_buses(qemu);
	vn_qemu_write_memdevs(qemu);
	vn_qemu_write_pins(qemu);
}

int vn_render_qemu(const vn_host *host, const vn_request *request, const vn_placement *placement,
		   vn_text *ret, vn_error *err)
{
	VN_AUTO_TEXT xml = VN_TEXT_INIT;
	VN_AUTO(vn_xmledit) doc = NULL;
	vn_qemu qemu = { host, request, placement, .comments = VN_TEXT_INIT,
			 .options = VN_TEXT_INIT };
	int r;

	if ((r = vn_render_xml(host, request, placement, &xml, err)) < 0 ||
	    (r = vn_xmledit_open(request->source, xml.bytes, xml.len, &doc, err)) < 0)
		return r;
	qemu.domain = doc->root;
	qemu.devices = vn_elem_child(doc->root, "devices");
	write_options(&qemu);
	if ((r = vn_text_done(&qemu.comments, err)) == VN_OK &&
	    (r = vn_text_done(&qemu.options, err)) == VN_OK) {
		vn_text_addf(ret, "%s\n%s\n", qemu.comments.bytes, qemu.options.bytes);
		r = vn_text_done(ret, err);
	}
	vn_text_clear(&qemu.comments);
	vn_text_clear(&qemu.options);
	return r;
}
