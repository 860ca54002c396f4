/* SPDX-License-Identifier: LGPL-2.1-or-later
 * A random guest as the domain XML that its owner would write. */
#include "random.h"

#include <inttypes.h>

static void write_cpus(vn_text *to, const char *before, const vn_cpuset *set, const char *after)
{
	vn_text_add(to, before);
	vn_text_add_cpuset(to, set);
	vn_text_add(to, after);
}

static void write_nodes(vn_text *to, const char *before, const vn_nodeset *set, const char *after)
{
	vn_text_add(to, before);
	vn_text_add_nodeset(to, set);
	vn_text_add(to, after);
}

static void write_spec(vn_text *to, const char *name, const char *value)
{
	vn_text_addf(to, "    <spec name='%s' value='%s'/>\n", name, value);
}

static void write_policy(const vn_request *request, vn_text *to)
{
	vn_text_addf(to, "  <vnuma mode='%s' distribution='%s'>\n", vn_mode_names[request->mode],
		     vn_distribution_names[request->distribution]);
	if (request->nodeset_given || request->n_cells_want) {
		vn_text_add(to, "    <partition");
		if (request->nodeset_given)
			write_nodes(to, " nodeset='", &request->nodeset, "'");
		if (request->n_cells_want)
			vn_text_addf(to, " cells='%u'", request->n_cells_want);
		vn_text_add(to, "/>\n");
	}
	if (request->distribution != VN_DISTRIBUTION_SIBLINGS)
		write_spec(to, "hw:cpu_policy", vn_cpu_policy_names[request->cpu_policy]);
	if (request->cpu_policy == VN_CPU_MIXED)
		write_cpus(to, "    <spec name='hw:cpu_dedicated_mask' value='",
			   &request->dedicated, "'/>\n");
	if (request->thread_policy_given)
		write_spec(to, "hw:cpu_thread_policy",
			   vn_thread_policy_names[request->thread_policy]);
	if (request->emulator_policy != VN_EMULATOR_DEFAULT)
		write_spec(to, "hw:emulator_threads_policy",
			   vn_emulator_policy_names[request->emulator_policy]);
	if (request->pci_policy_given)
		write_spec(to, "hw:pci_numa_affinity_policy",
			   vn_pci_policy_names[request->pci_policy]);
	vn_text_add(to, "  </vnuma>\n");
}

static void write_tune(const struct pair *pair, vn_text *to)
{
	const vn_request *request = &pair->request;

	if (!vn_cpuset_is_empty(&request->vcpupin_given)) {
		vn_text_add(to, "  <cputune>\n");
		VN_CPUSET_EACH(vcpu, &request->vcpupin_given) {
			vn_text_addf(to, "    <vcpupin vcpu='%d'", vcpu);
			write_cpus(to, " cpuset='", &pair->vcpupin[vcpu], "'/>\n");
		}
		vn_text_add(to, "  </cputune>\n");
	}
	if (!request->numatune_given && vn_cpuset_is_empty(&request->memnode_given))
		return;
	vn_text_add(to, "  <numatune>\n");
	if (request->numatune_given)
		write_nodes(to, "    <memory mode='strict' nodeset='", &request->numatune, "'/>\n");
	VN_CPUSET_EACH(cell, &request->memnode_given) {
		vn_text_addf(to, "    <memnode cellid='%d' mode='strict'", cell);
		write_nodes(to, " nodeset='", &pair->memnode[cell], "'/>\n");
	}
	vn_text_add(to, "  </numatune>\n");
}

/* Page wishes that an XML can say: a size, or none (the default huge size). */
static void write_pages(const vn_request *request, vn_text *to)
{
	if (!request->n_pages)
		return;
	vn_text_add(to, "  <memoryBacking>\n    <hugepages>\n");
	for (uint32_t i = 0; i < request->n_pages; i++) {
		if (request->pages[i].want != VN_PAGES_SIZE)
			continue;
		vn_text_addf(to, "      <page size='%" PRIu64 "' unit='KiB'",
			     request->pages[i].page_kib);
		if (!vn_cpuset_is_empty(&request->pages[i].cells))
			write_cpus(to, " nodeset='", &request->pages[i].cells, "'");
		vn_text_add(to, "/>\n");
	}
	vn_text_add(to, "    </hugepages>\n  </memoryBacking>\n");
}

static void write_cpu(const struct pair *pair, vn_text *to)
{
	const vn_request *request = &pair->request;

	vn_text_add(to, "  <cpu mode='host-passthrough'>\n");
	if (request->topology_given)
		vn_text_addf(to, "    <topology sockets='%u' dies='%u' cores='%u' threads='%u'/>\n",
			     request->topology.sockets, request->topology.dies,
			     request->topology.cores, request->topology.threads);
	if (request->n_cells)
		vn_text_add(to, "    <numa>\n");
	for (uint32_t c = 0; c < request->n_cells; c++) {
		vn_text_addf(to, "      <cell id='%u' memory='%" PRIu64 "' unit='KiB'", c,
			     pair->cells[c].mem_kib);
		write_cpus(to, " cpus='", &pair->cells[c].vcpus, "'/>\n");
	}
	if (request->n_cells)
		vn_text_add(to, "    </numa>\n");
	vn_text_add(to, "  </cpu>\n");
}

static void write_devices(const struct pair *pair, vn_text *to)
{
	const vn_request *request = &pair->request;

	vn_text_add(to, "  <devices>\n");
	for (uint32_t i = 0; i < request->n_devices; i++) {
		const vn_guest_device *device = &pair->guest_devices[i];

		if (device->has_host)
			vn_text_addf(to,
				     "    <hostdev mode='subsystem' type='pci' managed='yes'>\n"
				     "      <source>\n"
				     "        <address domain='0x0000' bus='0x%02x' slot='0x00' "
				     "function='0x0'/>\n"
				     "      </source>\n    </hostdev>\n",
				     device->host.bus);
		else
			vn_text_addf(to,
				     "    <interface type='bridge'>\n"
				     "      <source bridge='%s'/>\n"
				     "      <model type='virtio'/>\n    </interface>\n",
				     device->host_name);
	}
	for (uint32_t i = 0; i < request->n_memdevs; i++) {
		vn_text_addf(to,
			     "    <memory model='dimm'>\n      <target>\n"
			     "        <size unit='KiB'>%" PRIu64 "</size>\n",
			     pair->memdevs[i].size_kib);
		if (pair->memdevs[i].cell >= 0)
			vn_text_addf(to, "        <node>%d</node>\n", pair->memdevs[i].cell);
		vn_text_add(to, "      </target>\n    </memory>\n");
	}
	vn_text_add(to, "    <memballoon model='none'/>\n  </devices>\n");
}

void pair_write_xml(const struct pair *pair, vn_text *to)
{
	const vn_request *request = &pair->request;
	uint64_t memory_kib = request->mem_kib;

	for (uint32_t i = 0; i < request->n_memdevs; i++)
		memory_kib += pair->memdevs[i].size_kib;
	vn_text_add(to, "<domain type='kvm'>\n  <name>random</name>\n");
	if (request->n_memdevs)
		vn_text_addf(to, "  <maxMemory slots='16' unit='KiB'>%" PRIu64 "</maxMemory>\n",
			     memory_kib * 2);
	vn_text_addf(to, "  <memory unit='KiB'>%" PRIu64 "</memory>\n", memory_kib);
	write_policy(request, to);
	write_pages(request, to);
	vn_text_add(to, "  <vcpu placement='static'");
	if (request->cpuset_given)
		write_cpus(to, " cpuset='", &request->cpuset, "'");
	vn_text_addf(to, ">%u</vcpu>\n", request->vcpus);
	write_tune(pair, to);
	vn_text_add(to, "  <os>\n    <type arch='x86_64' machine='q35'>hvm</type>\n  </os>\n");
	write_cpu(pair, to);
	write_devices(pair, to);
	vn_text_add(to, "</domain>\n");
}
