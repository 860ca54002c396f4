/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A request in words or JSON has no document. It gets a small one: a q35 machine of its size
 * without devices, which the parts then fill, and its policy written down as the extra specs that
 * say the same. ACPI is on: it is how a guest learns of its cells. */
#include "render/xml.h"

#include "vnuma/guest.h"

void vn_xml_add_skeleton(const vn_request *request, vn_text *ret)
{
	vn_text_add(ret, "<domain type='kvm'>\n  <name>");
	vn_text_add_xml(ret, request->name ? request->name : "guest");
	vn_text_addf(ret, "</name>\n  <memory unit='KiB'>%llu</memory>\n",
		     (unsigned long long)request->mem_kib);
	vn_text_add(ret, "  <vcpu placement='static'");
	if (request->vcpus_online < request->vcpus)
		vn_text_addf(ret, " current='%u'", request->vcpus_online);
	vn_text_addf(ret, ">%u</vcpu>\n", request->vcpus);
	if (request->n_iothreads)
		vn_text_addf(ret, "  <iothreads>%u</iothreads>\n", request->n_iothreads);
	vn_text_add(ret, "  <os>\n"
			 "    <type arch='x86_64' machine='q35'>hvm</type>\n"
			 "  </os>\n"
			 "  <features>\n"
			 "    <acpi/>\n"
			 "  </features>\n"
			 "  <devices/>\n"
			 "</domain>\n");
}

/* ---- the policy as extra specs ---- */

struct specs {
	vn_xmledit *edit;
	xmlNode *vnuma;
};

static void add(const struct specs *to, const char *name, const char *value)
{
	xmlNode *spec = vn_xmledit_append(to->edit, to->vnuma, "vnuma:spec");

	vn_xmledit_set(to->edit, spec, "name", name);
	vn_xmledit_set(to->edit, spec, "value", value);
}

static void add_uint(const struct specs *to, const char *name, uint64_t value)
{
	VN_AUTO_TEXT text = VN_TEXT_INIT;

	vn_text_addf(&text, "%llu", (unsigned long long)value);
	to->edit->failed |= text.failed;
	if (!text.failed)
		add(to, name, text.bytes);
}

static void add_vcpus(const struct specs *to, const char *name, const vn_cpuset *vcpus)
{
	VN_AUTO_TEXT text = VN_TEXT_INIT;

	vn_text_add_cpuset(&text, vcpus);
	to->edit->failed |= text.failed;
	if (!text.failed)
		add(to, name, text.bytes);
}

static void add_cpu_specs(const struct specs *to, const vn_request *request)
{
	if (request->cpu_policy != VN_CPU_SHARED)
		add(to, "hw:cpu_policy", vn_cpu_policy_names[request->cpu_policy]);
	if (request->cpu_policy == VN_CPU_MIXED && !request->realtime)
		add_vcpus(to, "hw:cpu_dedicated_mask", &request->dedicated);
	if (request->thread_policy_given)
		add(to, "hw:cpu_thread_policy", vn_thread_policy_names[request->thread_policy]);
	if (request->emulator_policy != VN_EMULATOR_DEFAULT)
		add(to, "hw:emulator_threads_policy",
		    vn_emulator_policy_names[request->emulator_policy]);
	if (request->realtime) {
		add(to, "hw:cpu_realtime", "yes");
		add_vcpus(to, "hw:cpu_realtime_mask", &request->realtime_vcpus);
	}
}

static void add_page_spec(const struct specs *to, const vn_request *request)
{
	static const char *const words[VN_PAGE_WANT_COUNT] = {
		[VN_PAGES_SMALL] = "small",
		[VN_PAGES_LARGE] = "large",
		[VN_PAGES_ANY] = "any",
	};

	if (!request->n_pages)
		return;
	if (request->pages[0].want == VN_PAGES_SIZE)
		add_uint(to, "hw:mem_page_size", request->pages[0].page_kib);
	else if (words[request->pages[0].want])
		add(to, "hw:mem_page_size", words[request->pages[0].want]);
}

void vn_xml_add_specs(const vn_request *request, vn_xmledit *edit, xmlNode *vnuma)
{
	const struct specs to = { edit, vnuma };
	const struct {
		const char *name;
		uint32_t value;
	} numbers[] = {
		{ "hw:cpu_sockets", request->topology_want.sockets },
		{ "hw:cpu_cores", request->topology_want.cores },
		{ "hw:cpu_threads", request->topology_want.threads },
		{ "hw:cpu_max_sockets", request->topology_max.sockets },
		{ "hw:cpu_max_cores", request->topology_max.cores },
		{ "hw:cpu_max_threads", request->topology_max.threads },
	};

	add_cpu_specs(&to, request);
	add_page_spec(&to, request);
	for (size_t i = 0; i < VN_LEN(numbers); i++)
		if (numbers[i].value)
			add_uint(&to, numbers[i].name, numbers[i].value);
	if (request->locked_given)
		add(&to, "hw:locked_memory", request->locked ? "true" : "false");
	else if (request->locked)
		add(&to, "hw:mem_encryption", "true"); /* what else locks memory */
	if (request->pci_policy_given)
		add(&to, "hw:pci_numa_affinity_policy", vn_pci_policy_names[request->pci_policy]);
}
