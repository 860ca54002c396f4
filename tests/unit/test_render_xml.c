/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Rendered XML: what each setting looks like, that the owner's bytes survive, that a second plan
 * changes nothing, that a plan for another host takes back what the first one wrote, and that
 * libvirt accepts it all. */
#include "render_plan.h"

#define GUEST		      "  <memory unit='GiB'>4</memory>\n"
#define VNUMA(attrs, content) GUEST "  <vnuma " attrs ">" content "</vnuma>\n"
#define SPEC(name, value)     "<spec name='" name "' value='" value "'/>"
#define NIC(bridge)                                                                                \
	"    <interface type='bridge'>\n"                                                          \
	"      <source bridge='" bridge "'/>\n"                                                    \
	"      <model type='virtio'/>\n"                                                           \
	"    </interface>\n"
#define VHOST                                                                                      \
	"    <interface type='vhostuser'>\n"                                                       \
	"      <source type='unix' path='/tmp/v' mode='client'/>\n"                                \
	"      <model type='virtio'/>\n"                                                           \
	"    </interface>\n"

/* What must stand in the result (lines of one string), and what must not. */
static const struct variant {
	const char *name;
	plan_parts parts;
	const char *has[8], *has_not[4];
} variants[] = {
	{ "auto, one cell",
	  { .vcpu = ">2" },
	  { "  <vcpu placement='static'>2</vcpu>\n"
	    "  <cputune>\n"
	    "    <vcpupin vcpu='0' cpuset='0-3,16-19'/>\n"
	    "    <vcpupin vcpu='1' cpuset='0-3,16-19'/>\n"
	    "    <emulatorpin cpuset='0-3,16-19'/>\n"
	    "  </cputune>\n",
	    "  <numatune>\n"
	    "    <memory mode='strict' nodeset='0'/>\n"
	    "    <memnode cellid='0' mode='strict' nodeset='0'/>\n"
	    "  </numatune>\n",
	    "  <cpu mode='custom'>\n"
	    "    <topology sockets='1' cores='2' threads='1'/>\n"
	    "    <numa>\n"
	    "      <cell id='0' cpus='0-1' memory='4194304' unit='KiB'/>\n"
	    "    </numa>\n"
	    "  </cpu>\n",
	    "  <metadata>\n"
	    "    <vnuma:vnuma xmlns:vnuma='urn:vnuma:domain:1' mode='auto'>\n"
	    "      <vnuma:wrote placement='0' vcpupin='0-1' emulatorpin='0' numatune='0' "
	    "memnode='0' topology='0' cells='0'/>\n"
	    "    </vnuma:vnuma>\n"
	    "  </metadata>\n" },
	  { "memoryBacking", "distances", "<vcpus>" } },
	{ "one cell for each node",
	  { .before = VNUMA("mode='host'", "") },
	  { "<vnuma:vnuma xmlns:vnuma='urn:vnuma:domain:1' mode='host'>",
	    "    <topology sockets='4' cores='1' threads='2'/>\n",
	    "      <cell id='3' cpus='6-7' memory='1048576' unit='KiB'>\n"
	    "        <distances>\n"
	    "          <sibling id='0' value='21'/>\n"
	    "          <sibling id='1' value='21'/>\n"
	    "          <sibling id='2' value='21'/>\n"
	    "          <sibling id='3' value='10'/>\n"
	    "        </distances>\n"
	    "      </cell>\n"
	    "    </numa>\n",
	    "    <memory mode='strict' nodeset='0-3'/>\n",
	    "    <memnode cellid='3' mode='strict' nodeset='3'/>\n" },
	  { "<vnuma mode" } },
	{ "siblings",
	  { .before = VNUMA("mode='node' distribution='siblings'",
			    "<!-- why --><partition nodeset='2'/>"),
	    .vcpu = ">4" },
	  { "    <vcpupin vcpu='0' cpuset='9'/>\n"
	    "    <vcpupin vcpu='1' cpuset='25'/>\n",
	    "      <!-- why -->\n"
	    "      <vnuma:partition nodeset='2'/>\n"
	    "      <vnuma:wrote " },
	  { "<partition" } },
	{ "huge pages by the policy",
	  { .before = VNUMA("mode='host'", SPEC("hw:mem_page_size", "2048")) },
	  { "  <memoryBacking>\n"
	    "    <hugepages>\n"
	    "      <page size='2048' unit='KiB' nodeset='0-3'/>\n"
	    "    </hugepages>\n"
	    "  </memoryBacking>\n",
	    "hugepages='0'" },
	  { NULL } },
	{ "the owner's huge pages",
	  { .before = GUEST
	    "  <memoryBacking><hugepages><page size='1' unit='G'/></hugepages></memoryBacking>\n" },
	  { "  <memoryBacking><hugepages><page size='1' unit='G'/></hugepages></memoryBacking>\n" },
	  { "hugepages='0'" } },
	{ "online vCPUs",
	  { .before = VNUMA("mode='host'", ""), .vcpu = " current='5'>16" },
	  { "  <vcpu current='5' placement='static'>16</vcpu>\n"
	    "  <vcpus>\n"
	    "    <vcpu id='0' enabled='yes' hotpluggable='no'/>\n"
	    "    <vcpu id='1' enabled='yes' hotpluggable='yes'/>\n"
	    "    <vcpu id='2' enabled='no' hotpluggable='yes'/>\n"
	    "    <vcpu id='3' enabled='no' hotpluggable='yes'/>\n"
	    "    <vcpu id='4' enabled='yes' hotpluggable='yes'/>\n"
	    "    <vcpu id='5' enabled='yes' hotpluggable='yes'/>\n"
	    "    <vcpu id='6' enabled='no' hotpluggable='yes'/>\n"
	    "    <vcpu id='7' enabled='no' hotpluggable='yes'/>\n"
	    "    <vcpu id='8' enabled='yes' hotpluggable='yes'/>\n"
	    "    <vcpu id='9' enabled='no' hotpluggable='yes'/>\n",
	    "vcpus='0'" },
	  { NULL } },
	{ "I/O threads, one pinned by the owner",
	  { .vcpu = " placement=\"static\">2",
	    .after = "  <iothreads>3</iothreads>\n"
		     "  <cputune>\n"
		     "    <shares>2048</shares>\n"
		     "    <iothreadpin iothread='2' cpuset=\"1,0\"/>\n"
		     "    <iothreadsched iothreads='1' scheduler='batch'/>\n"
		     "  </cputune>\n" },
	  { "    <shares>2048</shares>\n"
	    "    <vcpupin vcpu='0' cpuset='0-3,16-19'/>\n"
	    "    <vcpupin vcpu='1' cpuset='0-3,16-19'/>\n"
	    "    <emulatorpin cpuset='0-3,16-19'/>\n"
	    "    <iothreadpin iothread='1' cpuset='0-3,16-19'/>\n"
	    "    <iothreadpin iothread='2' cpuset=\"1,0\"/>\n"
	    "    <iothreadpin iothread='3' cpuset='0-3,16-19'/>\n"
	    "    <iothreadsched iothreads='1' scheduler='batch'/>\n",
	    "iothreadpin='1,3'" },
	  { "placement='0'" } },
	{ "the owner's pins",
	  { .vcpu = ">4",
	    .after = "  <cputune>\n"
		     "    <vcpupin vcpu='2' cpuset='4-5'/>\n"
		     "    <emulatorpin cpuset='6'/>\n"
		     "  </cputune>\n" },
	  { "    <vcpupin vcpu='1' cpuset='4-7,20-23'/>\n"
	    "    <vcpupin vcpu='2' cpuset='4-5'/>\n"
	    "    <vcpupin vcpu='3' cpuset='4-7,20-23'/>\n"
	    "    <emulatorpin cpuset='6'/>\n",
	    "vcpupin='0-1,3'" },
	  { "emulatorpin='0'" } },
	{ "the owner's cells",
	  { .vcpu = ">4",
	    .cpu = "  <cpu>\n"
		   "    <numa>\n"
		   "      <cell id='1' cpus='3' memory='1' unit='GiB' discard='yes'/>\n"
		   "      <cell id='0' cpus='0-2' memory=\"3145728\"/>\n"
		   "    </numa>\n"
		   "  </cpu>\n" },
	  { "      <cell id='1' cpus='3' memory='1' unit='GiB' discard='yes'>\n"
	    "        <distances>\n",
	    "      <cell id='0' cpus='0-2' memory=\"3145728\">\n"
	    "        <distances>\n",
	    "distances='0-1'",
	    "    <topology sockets='4' cores='1' threads='1'/>\n"
	    "    <numa>\n" },
	  { "cells='0'" } },
	{ "the owner's binding",
	  { .after = "  <numatune>\n"
		     "    <memory mode='preferred' nodeset='1'/>\n"
		     "  </numatune>\n",
	    .vcpu = ">2" },
	  { "    <memory mode='preferred' nodeset='1'/>\n"
	    "    <memnode cellid='0' mode='preferred' nodeset='1'/>\n" },
	  { "numatune='0'" } },
	{ "the owner's topology",
	  { .cpu = "  <cpu mode=\"host-model\">\n"
		   "    <topology sockets='2' dies='1' cores='2' threads='2'/>\n"
		   "  </cpu>\n" },
	  { "    <topology sockets='2' dies='1' cores='2' threads='2'/>\n"
	    "    <numa>\n" },
	  { "topology='0'" } },
	{ "no <cpu>",
	  { .cpu = "", .vcpu = ">2" },
	  { "  </features>\n"
	    "  <cpu>\n"
	    "    <topology " },
	  { NULL } },
	{ "realtime",
	  { .before = VNUMA("", SPEC("hw:cpu_policy", "dedicated") SPEC("hw:cpu_realtime", "yes")
					SPEC("hw:cpu_realtime_mask", "^0")),
	    .vcpu = ">4" },
	  { "    <vcpusched vcpus='1-3' scheduler='fifo' priority='1'/>\n"
	    "  </cputune>\n",
	    "  <memoryBacking>\n"
	    "    <nosharepages/>\n"
	    "    <locked/>\n"
	    "  </memoryBacking>\n",
	    "locked='0' nosharepages='0'", "vcpusched='0'" },
	  { NULL } },
	{ "locked by the policy",
	  { .before = VNUMA("", SPEC("hw:locked_memory", "true") SPEC("hw:mem_page_size", "large")),
	    .vcpu = ">2" },
	  { "      <page size='1048576' unit='KiB' nodeset='0'/>\n"
	    "    </hugepages>\n"
	    "    <locked/>\n" },
	  { NULL } },
	{ "vhost-user",
	  { .devices = VHOST },
	  { "  <memoryBacking>\n"
	    "    <source type='memfd'/>\n"
	    "    <access mode='shared'/>\n"
	    "  </memoryBacking>\n",
	    "shared='0-1'" },
	  { "memAccess" } },
	{ "vhost-user, the owner's source",
	  { .before = GUEST "  <memoryBacking>\n"
			    "    <source type='file'/>\n"
			    "    <discard/>\n"
			    "  </memoryBacking>\n",
	    .devices = VHOST },
	  { "    <source type='file'/>\n"
	    "    <access mode='shared'/>\n"
	    "    <discard/>\n",
	    "shared='0'" },
	  { "memfd" } },
	{ "a device on its cell",
	  { .before = VNUMA("mode='host'", ""),
	    .devices = "    <controller type='pci' index='0' model='pcie-root'/>\n"
		       "    <controller type='pci' index='2' model='pcie-root-port'/> <!-- the "
		       "owner's -->\n" NIC("br2") },
	  { "    <controller type='pci' index='2' model='pcie-root-port'/> <!-- the owner's -->\n"
	    "    <controller type='pci' index='3' model='pcie-expander-bus'>\n"
	    "      <model name='pxb-pcie'/>\n"
	    "      <target busNr='254'>\n"
	    "        <node>2</node>\n"
	    "      </target>\n"
	    "    </controller>\n"
	    "    <controller type='pci' index='4' model='pcie-root-port'>\n"
	    "      <address type='pci' domain='0x0000' bus='0x03' slot='0x00' function='0x0'/>\n"
	    "    </controller>\n",
	    "      <model type='virtio'/>\n"
	    "      <address type='pci' domain='0x0000' bus='0x04' slot='0x00' function='0x0'/>\n"
	    "    </interface>\n",
	    "controllers='3-4'" },
	  { NULL } },
	{ "several devices on several cells",
	  { .before = VNUMA("mode='host'", ""),
	    .devices = NIC("br3") NIC("br1") NIC("nowhere") NIC("br3") },
	  { "<controller type='pci' index='1' model='pcie-expander-bus'>\n"
	    "      <model name='pxb-pcie'/>\n"
	    "      <target busNr='254'>\n"
	    "        <node>1</node>",
	    "<controller type='pci' index='3' model='pcie-expander-bus'>\n"
	    "      <model name='pxb-pcie'/>\n"
	    "      <target busNr='251'>\n"
	    "        <node>3</node>",
	    "bus='0x03' slot='0x01'",
	    "<source bridge='nowhere'/>\n"
	    "      <model type='virtio'/>\n"
	    "    </interface>",
	    "controllers='1-5'" },
	  { NULL } },
	{ "i440fx",
	  { .before = VNUMA("mode='host'", ""),
	    .machine = "pc-i440fx-7.2",
	    .devices = NIC("br1") NIC("br1") },
	  { "    <controller type='pci' index='1' model='pci-expander-bus'>\n"
	    "      <model name='pxb'/>\n"
	    "      <target busNr='254'>\n"
	    "        <node>1</node>",
	    "bus='0x01' slot='0x01'", "bus='0x01' slot='0x02'", "controllers='1'" },
	  { "root-port" } },
	{ "the owner's address",
	  { .before = VNUMA("mode='host'", ""),
	    .devices = "    <interface type='bridge'>\n"
		       "      <source bridge='br1'/>\n"
		       "      <address type='pci' domain='0x0000' bus='0x00' slot='0x05' "
		       "function='0x0'/>\n"
		       "    </interface>\n" },
	  { "slot='0x05'" },
	  { "controllers", "expander" } },
	{ "the owner's expander bus",
	  { .before = VNUMA("mode='host'", ""),
	    .devices = "    <controller type='pci' index='7' model='pcie-expander-bus'>\n"
		       "      <target busNr='200'>\n"
		       "        <node>1</node>\n"
		       "      </target>\n"
		       "    </controller>\n" NIC("br1") },
	  { "index='7' model='pcie-expander-bus'>\n"
	    "      <target busNr='200'>",
	    "index='8' model='pcie-expander-bus'>\n"
	    "      <model name='pxb-pcie'/>\n"
	    "      <target busNr='198'>",
	    "controllers='8-9'" },
	  { NULL } },
	{ "memory devices",
	  { .before = "  <maxMemory slots='4' unit='GiB'>32</maxMemory>\n"
		      "  <memory unit='GiB'>5</memory>\n"
		      "  <vnuma mode='host'><partition cells='4'/></vnuma>\n",
	    .devices = "    <memory model='dimm'>\n"
		       "      <target>\n"
		       "        <size unit='MiB'>512</size>\n"
		       "      </target>\n"
		       "    </memory>\n"
		       "    <memory model='dimm'>\n"
		       "      <target>\n"
		       "        <size unit='MiB'>512</size>\n"
		       "        <node>3</node>\n"
		       "      </target>\n"
		       "    </memory>\n" },
	  { "        <size unit='MiB'>512</size>\n"
	    "        <node>0</node>\n",
	    "        <node>3</node>\n", "memdevnode='0'", "memory='1048576' unit='KiB'" },
	  { NULL } },
	{ "no <memory>",
	  { .before = "  <vnuma mode='host'><memory unit='GiB' "
		      "mode='restrictive'>8</memory></vnuma>\n" },
	  { "  </metadata>\n"
	    "  <memory unit='KiB'>8388608</memory>\n",
	    "<vnuma:memory unit='GiB' mode='restrictive'>8</vnuma:memory>",
	    "<vnuma:wrote memory='0'", "<memory mode='restrictive' nodeset='0-3'/>",
	    "<memnode cellid='2' mode='restrictive' nodeset='2'/>" },
	  { NULL } },
	{ "empty elements of the owner's",
	  { .before = GUEST "  <memoryBacking/>\n",
	    .after = "  <cputune>\n"
		     "    <!-- none -->\n"
		     "  </cputune>\n",
	    .vcpu = ">1" },
	  { "  <memoryBacking/>\n", "  <cputune>\n"
				    "    <vcpupin vcpu='0' cpuset='0-3,16-19'/>\n"
				    "    <emulatorpin cpuset='0-3,16-19'/>\n"
				    "    <!-- none -->\n"
				    "  </cputune>\n" },
	  { NULL } },
	{ "metadata of others",
	  { .before = "  <metadata>\n"
		      "    <o:os xmlns:o='http://libosinfo.org/xmlns/libvirt/domain/1.0'/>\n"
		      "  </metadata>\n" GUEST "  <vnuma/>\n",
	    .vcpu = ">2" },
	  { "  <metadata>\n"
	    "    <o:os xmlns:o='http://libosinfo.org/xmlns/libvirt/domain/1.0'/>\n"
	    "    <vnuma:vnuma xmlns:vnuma='urn:vnuma:domain:1'>\n" },
	  { NULL } },
	{ "another prefix",
	  { .before = "  <metadata>\n"
		      "    <p:vnuma xmlns:p=\"urn:vnuma:domain:1\" mode=\"host\"/>\n"
		      "  </metadata>\n" GUEST,
	    .vcpu = ">4" },
	  { "    <p:vnuma xmlns:p=\"urn:vnuma:domain:1\" mode=\"host\">\n"
	    "      <p:wrote " },
	  { "vnuma:vnuma" } },
	{ "no prefix",
	  { .before = "  <metadata><vnuma xmlns='urn:vnuma:domain:1'/></metadata>\n" GUEST,
	    .vcpu = ">2" },
	  { "  <metadata><vnuma xmlns='urn:vnuma:domain:1'><wrote placement='0'" },
	  { NULL } },
	{ "a document of one line per two elements",
	  { .before = GUEST "  <vnuma mode='host'/> <!-- moved -->\n",
	    .cpu = "  <cpu mode='host-model'><!-- c --></cpu>",
	    .after = "<iothreads>1</iothreads>\n",
	    .devices = "\t<input type='mouse' bus='ps2'/><input type='keyboard' bus='ps2'/>\n" },
	  { "\t<input type='mouse' bus='ps2'/><input type='keyboard' bus='ps2'/>\n",
	    "   <!-- moved -->\n" },
	  { NULL } },
};

static void rewrite(const char *in, bool crlf, bool tabs, bool one_line, bool quotes, vn_text *out)
{
	bool blank = true; /* only blanks since the line began */

	for (const char *p = in; *p; p++) {
		if (*p == '\n' && one_line)
			continue;
		if (*p == '\n')
			vn_text_add(out, crlf ? "\r\n" : "\n");
		else if (*p == '\'' && quotes)
			vn_text_add(out, "\"");
		else if (blank && *p == ' ' && one_line)
			continue;
		else if (blank && p[0] == ' ' && p[1] == ' ' && tabs) {
			vn_text_add(out, "\t");
			p++;
		} else
			vn_text_add_bytes(out, p, 1);
		blank = *p == '\n' || (blank && (*p == ' ' || *p == '\t'));
	}
}

static void test_settings(void **state)
{
	VN_AUTO(vn_host) host = plan_host(4);

	(void)state;
	for (size_t i = 0; i < VN_LEN(variants); i++) {
		VN_AUTO_TEXT in = VN_TEXT_INIT, out = VN_TEXT_INIT;

		print_message("# %s\n", variants[i].name);
		plan_compose(&variants[i].parts, &in);
		plan_must(host, in.bytes, vn_render_xml, &out);
		for (size_t s = 0; s < VN_LEN(variants[i].has) && variants[i].has[s]; s++)
			if (!strstr(out.bytes, variants[i].has[s]))
				fail_msg("not there:\n%s\nin\n%s", variants[i].has[s], out.bytes);
		for (size_t s = 0; s < VN_LEN(variants[i].has_not) && variants[i].has_not[s]; s++)
			if (strstr(out.bytes, variants[i].has_not[s]))
				fail_msg("there:\n%s\nin\n%s", variants[i].has_not[s], out.bytes);
	}
}

/* Every line of the owner's stands in the result, in order, but for those that hold what moves or
 * grows. */
static void check_lines(const char *in, const char *out)
{
	static const char *const changed[] = { "<vnuma", "<vcpu", "/>", "<cpu", "</cpu>" };

	for (const char *line = in, *end; *line; line = end) {
		char copy[512];
		const char *at;
		bool may_change = false;

		end = line + strcspn(line, "\n");
		end += *end == '\n';
		assert_true((size_t)(end - line) < sizeof(copy));
		snprintf(copy, sizeof(copy), "%.*s", (int)(end - line), line);
		for (size_t i = 0; i < VN_LEN(changed); i++)
			may_change |= strstr(copy, changed[i]) != NULL;
		at = strstr(out, copy);
		if (!at && !may_change)
			fail_msg("lost: %s", copy);
		out = at ? at + strlen(copy) : out;
	}
}

/* Each variant in each way of writing: a plan of the plan is the same, byte for byte. */
static void test_again(void **state)
{
	VN_AUTO(vn_host) host = plan_host(4);

	(void)state;
	for (size_t i = 0; i < VN_LEN(variants); i++)
		for (unsigned way = 0; way < 16; way++) {
			VN_AUTO_TEXT in = VN_TEXT_INIT, styled = VN_TEXT_INIT;
			VN_AUTO_TEXT out = VN_TEXT_INIT, again = VN_TEXT_INIT;

			plan_compose(&variants[i].parts, &in);
			rewrite(in.bytes, way & 1, way & 2, way & 4, way & 8, &styled);
			plan_must(host, styled.bytes, vn_render_xml, &out);
			plan_must(host, out.bytes, vn_render_xml, &again);
			if (strcmp(out.bytes, again.bytes))
				print_message("# %s, way %u\n", variants[i].name, way);
			assert_string_equal(again.bytes, out.bytes);
			if (!way)
				check_lines(in.bytes, out.bytes);
			if (way == 1) /* no line end of the other kind was brought in */
				for (const char *p = strchr(out.bytes, '\n'); p;
				     p = strchr(p + 1, '\n'))
					assert_true(p[-1] == '\r');
			if (way == 2)
				assert_null(strstr(out.bytes, "\n  "));
		}
}

/* A plan for another host over the first plan is the plan for that host, where no devices are
 * moved; and going back gives the first plan again. */
static void test_elsewhere(void **state)
{
	VN_AUTO(vn_host) four = plan_host(4);
	VN_AUTO(vn_host) five = plan_host(5);
	VN_AUTO(vn_host) three = plan_host(3);
	const vn_host *const others[] = { three, five };

	(void)state;
	for (size_t i = 0; i < VN_LEN(variants); i++)
		for (size_t other = 0; other < VN_LEN(others); other++) {
			VN_AUTO_TEXT in = VN_TEXT_INIT, here = VN_TEXT_INIT;
			VN_AUTO_TEXT there = VN_TEXT_INIT, moved = VN_TEXT_INIT;
			VN_AUTO_TEXT back = VN_TEXT_INIT;
			vn_error err = { 0 };

			plan_compose(&variants[i].parts, &in);
			plan_must(four, in.bytes, vn_render_xml, &here);
			/* what the owner has fixed may not exist there */
			if (plan_document(others[other], in.bytes, vn_render_xml, &there, &err) < 0)
				continue;
			plan_must(others[other], here.bytes, vn_render_xml, &moved);
			plan_must(four, moved.bytes, vn_render_xml, &back);
			if (strcmp(there.bytes, moved.bytes) || strcmp(back.bytes, here.bytes))
				print_message("# %s, host %zu\n", variants[i].name, other);
			assert_string_equal(moved.bytes, there.bytes);
			assert_string_equal(back.bytes, here.bytes);
		}
}

static void test_libvirt(void **state)
{
	static const char *const validate[] = { "virt-xml-validate", "-", "domain", NULL };
	static const char *const define[] = { "virsh",	"-q",	      "-c", "test:///default",
					      "define", "/dev/stdin", NULL };
	VN_AUTO(vn_host) host = plan_host(4);

	(void)state;
	if (!plan_has(validate[0]) || !plan_has(define[0])) {
		print_message("# SKIP: virsh and virt-xml-validate are not installed\n");
		skip();
	}
	for (size_t i = 0; i < VN_LEN(variants); i++) {
		VN_AUTO_TEXT in = VN_TEXT_INIT, out = VN_TEXT_INIT;

		print_message("# %s\n", variants[i].name);
		plan_compose(&variants[i].parts, &in);
		plan_must(host, in.bytes, vn_render_xml, &out);
		if (plan_run(validate, out.bytes, NULL) || plan_run(define, out.bytes, NULL))
			fail_msg("libvirt refuses\n%s", out.bytes);
	}
}

/* libvirt writes a defined guest in its own way (order, quotes, ids filled in). A plan of that is a
 * plan of a planned file: it changes nothing. */
static void test_dumped(void **state)
{
	VN_AUTO(vn_host) host = plan_host(4);

	(void)state;
	if (!plan_has("virsh")) {
		print_message("# SKIP: virsh is not installed\n");
		skip();
	}
	for (size_t i = 0; i < VN_LEN(variants); i++) {
		VN_AUTO_TEXT in = VN_TEXT_INIT, out = VN_TEXT_INIT, dump = VN_TEXT_INIT;
		VN_AUTO_TEXT again = VN_TEXT_INIT;
		static const char *const argv[] = { "virsh",
						    "-q",
						    "-c",
						    "test:///default",
						    "define /dev/stdin; dumpxml --inactive "
						    "4dea22b3-1d52-d8f3-2516-782e98ab3fa0",
						    NULL };

		print_message("# %s\n", variants[i].name);
		plan_compose(&variants[i].parts, &in);
		plan_must(host, in.bytes, vn_render_xml, &out);
		assert_int_equal(plan_run(argv, out.bytes, &dump), 0);
		const char *xml = strstr(dump.bytes, "<domain");

		assert_non_null(xml);
		plan_must(host, xml, vn_render_xml, &again);
		assert_string_equal(again.bytes, xml);
	}
}

/* ---- requests without a document ---- */

static void test_words(void **state)
{
	static const char *const specs[] = { "hw:cpu_policy=dedicated", "hw:numa_nodes=2",
					     "hw:mem_page_size=2048",
					     "hw:cpu_thread_policy=require" };
	const vn_request_words words = { .name = "a<b",
					 .vcpus = 4,
					 .mem_kib = 1 << 20,
					 .n_specs = VN_LEN(specs),
					 .specs = specs };
	VN_AUTO(vn_host) host = plan_host(4);
	VN_AUTO(vn_request) request = NULL;
	VN_AUTO_TEXT out = VN_TEXT_INIT, again = VN_TEXT_INIT;
	vn_error err = { 0 };

	(void)state;
	assert_int_equal(vn_request_from_words(&words, &request, &err), VN_OK);
	assert_int_equal(plan_request(host, request, vn_render_xml, &out, &err), VN_OK);
	assert_non_null(strstr(out.bytes, "<name>a&lt;b</name>"));
	assert_non_null(strstr(out.bytes, "<memory unit='KiB'>1048576</memory>"));
	assert_non_null(strstr(out.bytes, "<vnuma:spec name='hw:cpu_policy' value='dedicated'/>"));
	assert_non_null(strstr(out.bytes, "<vnuma:spec name='hw:mem_page_size' value='2048'/>"));
	assert_non_null(strstr(out.bytes, "<page size='2048' unit='KiB' nodeset='0-1'/>"));
	plan_must(host, out.bytes, vn_render_xml, &again);
	assert_string_equal(again.bytes, out.bytes);
}

/* ---- contradictions ---- */

static const struct {
	plan_parts parts;
	enum vn_code code;
	const char *text;
} bad[] = {
	{ { .vcpu = " placement='auto'>2" }, VN_E_CONFLICT, "placement='auto'" },
	{ { .before = GUEST "  <memoryBacking>\n"
			    "    <access mode='private'/>\n"
			    "  </memoryBacking>\n",
	    .devices = VHOST },
	  VN_E_CONFLICT,
	  "private" },
	{ { .before = VNUMA("mode='host'", ""),
	    .devices = "    <controller type='pci' index='255' model='pcie-root-port'/>\n" NIC(
		    "br1") },
	  VN_E_RANGE,
	  "the devices of cell 1 do not fit on an expander bus: all 256 PCI controllers are in "
	  "use; give some of them an <address>" },
	{ { .before = VNUMA("mode='host'", ""),
	    .devices = "    <controller type='pci' index='252' model='pcie-root-port'/>\n" NIC(
		    "br1") NIC("br2") },
	  VN_E_RANGE,
	  "in use" },
};

static void test_bad(void **state)
{
	VN_AUTO(vn_host) host = plan_host(4);

	(void)state;
	for (size_t i = 0; i < VN_LEN(bad); i++) {
		VN_AUTO_TEXT in = VN_TEXT_INIT, out = VN_TEXT_INIT;
		vn_error err = { 0 };

		plan_compose(&bad[i].parts, &in);
		assert_int_equal(plan_document(host, in.bytes, vn_render_xml, &out, &err),
				 bad[i].code);
		print_message("# %s:%u: %s\n", err.source, err.line, err.text);
		assert_non_null(strstr(err.text, bad[i].text));
		assert_int_equal(out.len, 0);
	}
}

/* A later size of the guest: <memory> is the planner's, <currentMemory> libvirt's copy of it. */
static void test_later_size(void **state)
{
	static const char policy[] =
		"<domain type='kvm'><name>g</name><metadata><v:vnuma xmlns:v='urn:vnuma:domain:1'>"
		"<v:memory unit='GiB'>2</v:memory><v:wrote memory='0'/></v:vnuma></metadata>"
		"<memory>1048576</memory><currentMemory>1048576</currentMemory><vcpu>2</vcpu>"
		"</domain>";
	static const char cells[] =
		"<domain type='kvm'><name>g</name><metadata><v:vnuma xmlns:v='urn:vnuma:domain:1'>"
		"<v:wrote memory='0'/></v:vnuma></metadata><memory>1048576</memory><vcpu>2</vcpu>"
		"<cpu><numa><cell id='0' cpus='0' memory='1' unit='GiB'/>"
		"<cell id='1' cpus='1' memory='512' unit='MiB'/></numa></cpu></domain>";
	VN_AUTO_TEXT first = VN_TEXT_INIT, second = VN_TEXT_INIT;
	VN_AUTO(vn_host) host = plan_host(2);

	(void)state;
	plan_must(host, policy, vn_render_xml, &first);
	assert_non_null(strstr(first.bytes, "<memory unit='KiB'>2097152</memory>"));
	assert_non_null(strstr(first.bytes, "<currentMemory unit='KiB'>2097152</currentMemory>"));
	plan_must(host, cells, vn_render_xml, &second);
	assert_non_null(strstr(second.bytes, "<memory unit='KiB'>1572864</memory>"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_settings),  cmocka_unit_test(test_again),
		cmocka_unit_test(test_elsewhere), cmocka_unit_test(test_libvirt),
		cmocka_unit_test(test_dumped),	  cmocka_unit_test(test_words),
		cmocka_unit_test(test_bad),	  cmocka_unit_test(test_later_size),
	};

	return cmocka_run_group_tests_name("render_xml", tests, NULL, NULL);
}
