/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Good domain XML: every setting arrives in its field, read as libvirt reads it. */
#include "vnuma/guest.h"

#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define SIZES "<memory unit='GiB'>8</memory><vcpu>8</vcpu>"
#define TWO_CELLS                                                                                  \
	"<cpu><numa><cell cpus='0-3' memory='4' unit='GiB'/>"                                      \
	"<cell cpus='4-7' memory='4' unit='GiB'/></numa></cpu>"
#define OURS(inside)                                                                               \
	"<metadata><n:vnuma xmlns:n='urn:vnuma:domain:1'>" inside "</n:vnuma></metadata>"

static vn_request *read_xml(const char *xml)
{
	vn_request *request = NULL;
	vn_error err = { 0 };

	if (vn_request_parse_xml("g.xml", xml, strlen(xml), &request, &err) < 0)
		fail_msg("line %u: %s", err.line, err.text);
	return request;
}

static void assert_set(const vn_cpuset *set, const char *list)
{
	char text[256];

	vn_cpuset_format(set, text, sizeof(text));
	assert_string_equal(text, list);
}

static void assert_nodes(const vn_nodeset *set, const char *list)
{
	char text[256];

	vn_nodeset_format(set, text, sizeof(text));
	assert_string_equal(text, list);
}

/* ---- sizes ---- */

static const struct {
	const char *xml;
	uint32_t vcpus, online;
	uint64_t mem_kib;
} sizes[] = {
	{ "<domain><memory>2048</memory></domain>", 1, 1, 2048 },
	{ "<domain><memory unit='b'>1025</memory><vcpu> 4 </vcpu></domain>", 4, 4, 2 },
	{ "<domain><memory unit='MB'>1000</memory></domain>", 1, 1, 976563 },
	{ "<domain><memory unit='TiB'>1</memory><vcpu current='2'>4096</vcpu></domain>", 4096, 2,
	  1 << 30 },
	{ "<domain><memory unit='EiB'>1</memory></domain>", 1, 1, VN_GUEST_MEM_MAX_KIB },
	{ "<domain>" TWO_CELLS "<vcpu>8</vcpu></domain>", 8, 8, 8 << 20 },
	{ "<domain>" SIZES "<vcpus><vcpu id='0' enabled='yes' hotpluggable='no'/>"
	  "<vcpu id='1' enabled='yes' hotpluggable='yes'/>"
	  "<vcpu id='2' enabled='no' hotpluggable='yes'/></vcpus></domain>",
	  8, 2, 8 << 20 },
	{ "<domain><vnuma><memory unit='GiB'>4</memory></vnuma></domain>", 1, 1, 4 << 20 },
	{ "<domain><memory unit='GiB'>4</memory><vnuma><memory unit='MiB'>4096</memory></vnuma>"
	  "</domain>",
	  1, 1, 4 << 20 },
	/* <memory> counts memory devices; the policy's may repeat it, or leave them out */
	{ "<domain><memory unit='GiB'>4</memory><devices><memory model='dimm'><target>"
	  "<size unit='GiB'>1</size></target></memory></devices></domain>",
	  1, 1, 3 << 20 },
	{ "<domain><memory unit='GiB'>4</memory><vnuma><memory unit='GiB'>3</memory></vnuma>"
	  "<devices><memory model='dimm'><target><size unit='GiB'>1</size></target></memory>"
	  "</devices></domain>",
	  1, 1, 3 << 20 },
	{ "<domain><memory unit='GiB'>4</memory><vnuma><memory unit='GiB'>4</memory></vnuma>"
	  "<devices><memory model='dimm'><target><size unit='GiB'>1</size></target></memory>"
	  "</devices></domain>",
	  1, 1, 3 << 20 },
};

static void test_sizes(void **state)
{
	(void)state;
	for (size_t i = 0; i < VN_LEN(sizes); i++) {
		VN_AUTO(vn_request) request = read_xml(sizes[i].xml);

		print_message("# %s\n", sizes[i].xml);
		assert_int_equal(request->vcpus, sizes[i].vcpus);
		assert_int_equal(request->vcpus_online, sizes[i].online);
		assert_int_equal(request->mem_kib, sizes[i].mem_kib);
	}
}

static void test_defaults(void **state)
{
	const char *xml = "<domain><name> g </name>" SIZES "</domain>";
	VN_AUTO(vn_request) request = read_xml(xml);

	(void)state;
	assert_string_equal(request->name, "g");
	assert_string_equal(request->source, "g.xml");
	assert_string_equal(request->xml, xml);
	assert_int_equal(request->xml_len, strlen(xml));
	assert_int_equal(request->mode, VN_MODE_AUTO);
	assert_int_equal(request->distribution, VN_DISTRIBUTION_CONTIGUOUS);
	assert_int_equal(request->mem_mode, VN_MEM_STRICT);
	assert_int_equal(request->cpu_policy, VN_CPU_SHARED);
	assert_false(request->nodeset_given);
	assert_false(request->numa_wanted);
	assert_int_equal(request->n_cells, 0);
	assert_int_equal(request->n_cells_want, 0);
	assert_int_equal(request->n_pages, 0);
	assert_int_equal(request->n_devices, 0);
	assert_int_equal(request->at_memory.line, 1);
	assert_int_equal(request->at_policy.line, 0);
}

static void test_iothreads(void **state)
{
	VN_AUTO(vn_request)
	request = read_xml("<domain>" SIZES "<iothreads>4</iothreads><iothreadids>"
			   "<iothread id='2'/><iothread id='9'/></iothreadids></domain>");

	(void)state;
	assert_int_equal(request->n_iothreads, 4);
	assert_int_equal(request->iothread_ids[0], 1);
	assert_int_equal(request->iothread_ids[1], 2);
	assert_int_equal(request->iothread_ids[2], 3);
	assert_int_equal(request->iothread_ids[3], 9);
}

/* ---- policy ---- */

static const char policy_child[] =
	"<domain>" SIZES "\n<vnuma mode='host' distribution='siblings'>\n"
	"<memory unit='GiB' mode='restrictive'>8</memory>\n"
	"<partition nodeset='0-3,^2' cells='6'/>\n"
	"<spec name='hw:mem_page_size' value='1GB'/>\n"
	"<spec name='hw_locked_memory' value='yes'/>\n"
	"</vnuma></domain>";
static const char policy_metadata[] =
	"<domain>" SIZES "\n<metadata><other xmlns='urn:x'/><v:vnuma "
	"xmlns:v='urn:vnuma:domain:1' mode='host' distribution='siblings'>\n"
	"<v:memory unit='GiB' mode='restrictive'>8</v:memory>\n"
	"<v:partition nodeset='0-3,^2' cells='6'/>\n"
	"<v:spec name='hw:mem_page_size' value='1GB'/>\n"
	"<v:spec name='hw_locked_memory' value='yes'/>\n"
	"</v:vnuma></metadata></domain>";

static void test_policy(void **state)
{
	const char *const forms[] = { policy_child, policy_metadata };

	(void)state;
	for (size_t i = 0; i < VN_LEN(forms); i++) {
		VN_AUTO(vn_request) request = read_xml(forms[i]);

		assert_int_equal(request->mode, VN_MODE_HOST);
		assert_int_equal(request->distribution, VN_DISTRIBUTION_SIBLINGS);
		assert_int_equal(request->mem_mode, VN_MEM_RESTRICTIVE);
		assert_int_equal(request->cpu_policy, VN_CPU_DEDICATED);
		assert_set(&request->dedicated, "0-7");
		assert_true(request->nodeset_given);
		assert_nodes(&request->nodeset, "0-1,3");
		assert_int_equal(request->n_cells_want, 6);
		assert_int_equal(request->n_pages, 1);
		assert_int_equal(request->pages[0].want, VN_PAGES_SIZE);
		assert_int_equal(request->pages[0].page_kib, 1 << 20);
		assert_int_equal(request->pages[0].at.line, 5);
		assert_true(request->locked);
		assert_int_equal(request->at_policy.line, 2);
		assert_int_equal(request->at_partition.line, 4);
	}
}

/* hw:numa_nodes splits as the distribution says; without it, no cells are implied. */
static void test_spec_cells(void **state)
{
	VN_AUTO(vn_request)
	blocks = read_xml("<domain>" SIZES "<vnuma><spec name='hw:numa_nodes' value='2'/></vnuma>"
			  "</domain>");
	VN_AUTO(vn_request)
	turns = read_xml("<domain>" SIZES "<vnuma distribution='round-robin'>"
			 "<spec name='hw:numa_nodes' value='2'/></vnuma></domain>");
	VN_AUTO(vn_request)
	none = read_xml("<domain>" SIZES "<vnuma><spec name='hw:cpu_policy' value='dedicated'/>"
			"</vnuma></domain>");

	(void)state;
	assert_int_equal(blocks->n_cells, 2);
	assert_set(&blocks->cells[1].vcpus, "4-7");
	assert_int_equal(blocks->cells[1].mem_kib, 4 << 20);
	assert_set(&turns->cells[1].vcpus, "1,3,5,7");
	assert_int_equal(none->n_cells, 0);
	assert_set(&none->dedicated, "0-7");
}

/* ---- what the owner fixed ---- */

static const char fixed[] =
	"<domain><memory unit='GiB'>8</memory>\n"
	"<vcpu placement='static' cpuset='0-15'>8</vcpu><iothreads>2</iothreads>\n"
	"<cputune><vcpupin vcpu='1' cpuset='4-7,^5'/><emulatorpin cpuset='0'/>"
	"<iothreadpin iothread='2' cpuset='1'/></cputune>\n"
	"<numatune><memory mode='preferred' nodeset='0'/>"
	"<memnode cellid='1' mode='strict' nodeset='2'/></numatune>\n"
	"<memoryBacking><locked/><hugepages><page size='2' unit='MiB'/>"
	"<page size='1' unit='G' nodeset='1'/></hugepages></memoryBacking>\n"
	"<cpu mode='host-passthrough'>\n<topology sockets='2' dies='2' cores='1' threads='2'/>\n"
	"<numa>\n<cell id='1' cpus='4-7' memory='6291456'/>\n"
	"<cell id='0' cpus='0-3' memory='2097152'>"
	"<distances><sibling id='0' value='10'/><sibling id='1' value='21'/></distances></cell>"
	"</numa></cpu></domain>";

static void test_fixed(void **state)
{
	VN_AUTO(vn_request) request = read_xml(fixed);

	(void)state;
	assert_true(request->cpuset_given);
	assert_set(&request->cpuset, "0-15");
	assert_set(&request->vcpupin_given, "1");
	assert_set(&request->vcpupin[1], "4,6-7");
	assert_true(request->emulatorpin_given);
	assert_set(&request->emulatorpin, "0");
	assert_set(&request->iothreadpin_given, "2");
	assert_true(request->numatune_given);
	assert_nodes(&request->numatune, "0");
	assert_int_equal(request->mem_mode, VN_MEM_PREFERRED);
	assert_set(&request->memnode_given, "1");
	assert_nodes(&request->memnode[1], "2");
	assert_true(request->locked_given && request->locked);
	assert_int_equal(request->n_pages, 2); /* the one for named cells comes first */
	assert_set(&request->pages[0].cells, "1");
	assert_int_equal(request->pages[0].page_kib, 1 << 20);
	assert_int_equal(request->pages[1].page_kib, 2048);
	assert_true(request->topology_given);
	assert_int_equal(request->topology.dies, 2);
	assert_int_equal(request->n_cells, 2);
	assert_set(&request->cells[0].vcpus, "0-3");
	assert_int_equal(request->cells[0].mem_kib, 2 << 20);
	assert_int_equal(request->cells[0].at.line, 10);
	assert_int_equal(request->cells[1].at.line, 9);
	assert_true(request->distances_given);
	assert_int_equal(request->at_vcpu.line, 2);
	assert_int_equal(request->at_numatune.line, 4);
	assert_int_equal(request->at_topology.line, 7);
	assert_int_equal(request->at_numa.line, 8);
}

/* The same document after a plan that says it wrote all of this: as if nothing were fixed. */
static void test_wrote(void **state)
{
	static const char wrote[] =
		OURS("<n:wrote memory='0' vcpus='0' placement='0' vcpupin='0-7' emulatorpin='0' "
		     "iothreadpin='1-2' numatune='0' memnode='0-1' hugepages='0' locked='0' "
		     "topology='0' cells='0' distances='0-1' memaccess='0-1'/>");
	VN_AUTO_TEXT xml = VN_TEXT_INIT;

	(void)state;
	vn_text_add(&xml, "<domain>");
	vn_text_add(&xml, wrote);
	vn_text_add(&xml, fixed + strlen("<domain>"));
	VN_AUTO(vn_request) request = read_xml(xml.bytes);

	assert_true(request->cpuset_given); /* a plan never writes this one */
	assert_set(&request->vcpupin_given, "");
	assert_null(request->vcpupin);
	assert_false(request->emulatorpin_given);
	assert_set(&request->iothreadpin_given, "");
	assert_false(request->numatune_given);
	assert_int_equal(request->mem_mode, VN_MEM_STRICT);
	assert_set(&request->memnode_given, "");
	assert_false(request->locked_given || request->locked);
	assert_int_equal(request->n_pages, 0);
	assert_false(request->topology_given);
	assert_int_equal(request->n_cells, 0);
	assert_false(request->distances_given);
	assert_int_equal(request->mem_kib, 8 << 20); /* the policy names no other */
	assert_set(&request->wrote[VN_SET_VCPUPIN], "0-7");
}

/* Number by number: what the owner added after the plan stays his. */
static void test_wrote_some(void **state)
{
	VN_AUTO(vn_request)
	request = read_xml(
		"<domain>" OURS("<n:memory unit='GiB'>6</n:memory><n:partition cells='2'/>"
				"<n:wrote memory='0' placement='0' vcpupin='0-2' memnode='0' "
				"controllers='3-5' memdevnode='0'/>") SIZES
		"<cputune><vcpupin vcpu='2' cpuset='1'/><vcpupin vcpu='3' cpuset='2'/></cputune>"
		"<numatune><memnode cellid='0' nodeset='0'/><memnode cellid='1' nodeset='1'/>"
		"</numatune><devices>"
		"<memory model='dimm'><target><size unit='GiB'>1</size><node>1</node></target>"
		"</memory><memory model='dimm'><target><size unit='GiB'>1</size><node>1</node>"
		"</target></memory>"
		"<interface type='bridge'><source bridge='a'/><address type='pci' bus='0x04'/>"
		"</interface>"
		"<interface type='bridge'><source bridge='b'/><address type='pci' bus='6'/>"
		"</interface></devices></domain>");

	(void)state;
	assert_int_equal(request->mem_kib, 6 << 20);
	assert_set(&request->vcpupin_given, "3");
	assert_set(&request->memnode_given, "1");
	assert_int_equal(request->memdevs[0].cell, -1);
	assert_int_equal(request->memdevs[1].cell, 1);
	assert_false(request->devices[0].address_fixed);
	assert_true(request->devices[1].address_fixed);
}

/* ---- devices ---- */

static const char devices[] =
	"<domain><memory unit='GiB'>12</memory><vcpu>8</vcpu>" TWO_CELLS "<devices>\n"
	"<emulator>/usr/bin/qemu</emulator>\n"
	"<hostdev mode='subsystem' type='pci'><source><address domain='0x0001' bus='0x3b' "
	"slot='0x1f' function='0x7'/></source></hostdev>\n"
	"<hostdev mode='subsystem' type='usb'><source><address bus='1'/></source></hostdev>\n"
	"<interface type='hostdev'><source><address type='pci' bus='59'/></source></interface>\n"
	"<interface type='direct'><source dev='eno1'/><model type='e1000e'/></interface>\n"
	"<interface type='network'><source network='default' bridge='virbr0'/></interface>\n"
	"<interface type='network'><source network='lan'/><model type='usb-net'/></interface>\n"
	"<interface type='user'/>\n"
	"<disk type='block'><source dev='/dev/nvme0n1'/><target dev='vda'/></disk>\n"
	"<disk type='block'><source dev='/dev/sdb'/><target dev='sda' bus='scsi'/>"
	"<address type='drive' bus='0'/></disk>\n"
	"<disk type='nvme'><source type='pci'><address bus='0x81'/></source>"
	"<target dev='vdb' bus='virtio'/><address type='pci' bus='0x07' slot='0'/></disk>\n"
	"<disk type='file'><source file='/x'/><target dev='vdc'/></disk>\n"
	"<interface type='bridge'><source bridge='br0'/><address type='pci'/></interface>\n"
	"<memory model='dimm'><target><size unit='GiB'>1</size><node>0</node></target></memory>\n"
	"<memory model='nvdimm'><source><path>/p</path><nodemask>1,3</nodemask></source>"
	"<target><size unit='GiB'>3</size></target></memory>\n"
	"</devices></domain>";

static const struct {
	enum vn_guest_device_kind kind;
	const char *host; /* address or name */
	bool is_pci, address_fixed;
	uint32_t element, line;
} devices_out[] = {
	{ VN_DEVICE_HOSTDEV, "0001:3b:1f.7", true, false, 1, 3 },
	{ VN_DEVICE_HOSTDEV, "0000:3b:00.0", true, false, 3, 5 },
	{ VN_DEVICE_INTERFACE, "eno1", true, false, 4, 6 },
	{ VN_DEVICE_INTERFACE, "virbr0", true, false, 5, 7 },
	{ VN_DEVICE_INTERFACE, "lan", false, false, 6, 8 },
	{ VN_DEVICE_DISK, "nvme0n1", true, false, 8, 10 },
	{ VN_DEVICE_DISK, "sdb", false, false, 9, 11 },
	{ VN_DEVICE_DISK, "0000:81:00.0", true, true, 10, 12 },
	{ VN_DEVICE_INTERFACE, "br0", true, false, 12, 14 },
};

static void test_devices(void **state)
{
	VN_AUTO(vn_request) request = read_xml(devices);
	char text[32];

	(void)state;
	assert_int_equal(request->n_devices, VN_LEN(devices_out));
	for (size_t i = 0; i < VN_LEN(devices_out); i++) {
		const vn_guest_device *device = &request->devices[i];

		print_message("# %s\n", devices_out[i].host);
		assert_int_equal(device->kind, devices_out[i].kind);
		assert_string_equal(
			device->has_host ? vn_pci_address_format(device->host, text, sizeof(text))
					 : device->host_name,
			devices_out[i].host);
		assert_int_equal(device->is_pci, devices_out[i].is_pci);
		assert_int_equal(device->address_fixed, devices_out[i].address_fixed);
		assert_int_equal(device->element, devices_out[i].element);
		assert_int_equal(device->at.line, devices_out[i].line);
		assert_int_equal(device->policy, VN_PCI_PREFERRED);
	}
	assert_int_equal(request->mem_kib, 8 << 20);
	assert_int_equal(request->n_memdevs, 2);
	assert_true(request->memdevs[0].uses_host_memory);
	assert_int_equal(request->memdevs[0].cell, 0);
	assert_false(request->memdevs[1].uses_host_memory);
	assert_int_equal(request->memdevs[1].cell, -1);
	assert_nodes(&request->memdevs[1].nodemask, "1,3");
	assert_false(request->needs_shared_memory);
}

/* The policy of the specs is about devices passed through only. */
static void test_device_policy(void **state)
{
	VN_AUTO(vn_request)
	request = read_xml("<domain>" SIZES "<vnuma><spec name='hw:pci_numa_affinity_policy' "
			   "value='required'/></vnuma><devices>"
			   "<hostdev type='pci'><source><address bus='1'/></source></hostdev>"
			   "<interface type='bridge'><source bridge='a'/></interface>"
			   "</devices></domain>");

	(void)state;
	assert_int_equal(request->devices[0].policy, VN_PCI_REQUIRED);
	assert_int_equal(request->devices[1].policy, VN_PCI_PREFERRED);
}

static void test_shared_memory(void **state)
{
	static const char *const devices_of[] = {
		"<interface type='vhostuser'><source type='unix' path='/s'/></interface>",
		"<filesystem type='mount'><driver type='virtiofs'/><source dir='/a'/></filesystem>",
		"<disk type='vhostuser'><source type='unix' path='/s'/></disk>",
	};

	(void)state;
	for (size_t i = 0; i < VN_LEN(devices_of); i++) {
		VN_AUTO_TEXT xml = VN_TEXT_INIT;

		vn_text_addf(&xml, "<domain>" SIZES "<devices>%s</devices></domain>",
			     devices_of[i]);
		VN_AUTO(vn_request) request = read_xml(xml.bytes);

		assert_true(request->needs_shared_memory);
		assert_int_equal(request->n_devices, 0);
	}
}

/* Where the number of cells comes from the host, cells may be named; the placement checks. */
static void test_cells_of_host(void **state)
{
	VN_AUTO(vn_request)
	request = read_xml(
		"<domain><memory unit='GiB'>33</memory><vcpu>16</vcpu><vnuma mode='host'/>"
		"<numatune><memnode cellid='3' nodeset='1'/></numatune><memoryBacking><hugepages>"
		"<page size='2' unit='MiB' nodeset='2'/></hugepages></memoryBacking><devices>"
		"<memory model='dimm'><target><size unit='GiB'>1</size><node>2</node></target>"
		"</memory></devices></domain>");

	(void)state;
	assert_set(&request->memnode_given, "3");
	assert_int_equal(request->memdevs[0].cell, 2);
	assert_int_equal(request->mem_kib, 32 << 20);
}

/* Comments, CDATA, processing instructions and '>' in values shift no line and no column. */
static void test_places(void **state)
{
	static const char xml[] = "\xef\xbb\xbf<?xml version='1.0'?>\n<!-- <vcpu>9</vcpu>\n-->\r\n"
				  "<domain><?p <memory?>\n<title><![CDATA[<vcpu>\n]]></title>"
				  "<description a='>' b=\"<\"></description>\n"
				  "<memory unit='KiB'\n\tdumpCore='on'\n>8<!-- -->0</memory>\n"
				  "  <vcpu\n\t cpuset='1,\n x'>1</vcpu></domain>";
	vn_request *request = NULL;
	vn_error err = { 0 };
	char *lt = strstr(xml, "\"<\"");

	(void)state;
	assert_non_null(lt);
	char copy[sizeof(xml)];

	memcpy(copy, xml, sizeof(xml));
	copy[lt - xml + 1] = '='; /* a '<' in a value is not well-formed */
	assert_int_equal(vn_request_parse_xml("p", copy, strlen(copy), &request, &err),
			 VN_E_SYNTAX);
	assert_int_equal(err.line, 12);
	assert_int_equal(err.column, 2);
	assert_string_equal(err.text, "cpuset='1,  x' in <vcpu>: 'x' stands where a number belongs "
				      "(legal: 0-3,8,^2)");
	err = (vn_error){ 0 };
	assert_int_equal(vn_request_parse_xml("p", xml, strlen(xml), &request, &err), VN_E_SYNTAX);
	assert_int_equal(err.line, 6);
}

/* As libvirt takes it: what it mends or passes over in silence is no error, and a plan of the same
 * document refuses it. */
static void test_as_is(void **state)
{
	static const char xml[] =
		"<domain><memory unit='GiB'>4</memory><vcpu placement='auto' cpuset='0'>4</vcpu>"
		"<vnuma mode='nonsense'/><cputune><vcpupin vcpu='1' cpuset='3'/>"
		"<vcpupin vcpu='9' cpuset='1'/></cputune><numatune>"
		"<memory mode='strict' placement='auto'/>"
		"<memnode cellid='1' mode='restrictive' nodeset='2'/></numatune>"
		"<cpu><topology sockets='1' clusters='2' cores='2' threads='1'/><numa>"
		"<cell id='0' cpus='0' memory='1' unit='GiB'/>"
		"<cell id='1' cpus='2' memory='1' unit='GiB'/></numa></cpu></domain>";
	vn_request *refused = NULL;
	VN_AUTO(vn_request)
	request = NULL;
	vn_error err = { 0 };

	(void)state;
	assert_int_equal(vn_request_parse_xml_as_is("g", xml, strlen(xml), &request, &err), VN_OK);
	assert_int_equal(request->mem_kib, 2 << 20);
	assert_set(&request->cells[0].vcpus, "0-1,3");
	assert_set(&request->cells[1].vcpus, "2");
	assert_set(&request->vcpupin_given, "1");
	assert_false(request->cpuset_given);
	assert_false(request->numatune_given);
	assert_nodes(&request->memnode[1], "2");
	assert_int_equal(request->mem_mode, VN_MEM_STRICT);
	assert_int_equal(request->topology.dies, 2);
	assert_int_not_equal(vn_request_parse_xml("g", xml, strlen(xml), &refused, &err), VN_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sizes),	      cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_iothreads),     cmocka_unit_test(test_policy),
		cmocka_unit_test(test_spec_cells),    cmocka_unit_test(test_fixed),
		cmocka_unit_test(test_wrote),	      cmocka_unit_test(test_wrote_some),
		cmocka_unit_test(test_devices),	      cmocka_unit_test(test_device_policy),
		cmocka_unit_test(test_shared_memory), cmocka_unit_test(test_cells_of_host),
		cmocka_unit_test(test_places),	      cmocka_unit_test(test_as_is),
	};

	return cmocka_run_group_tests_name("guest_xml", tests, NULL, NULL);
}
