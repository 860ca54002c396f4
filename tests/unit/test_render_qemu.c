/* SPDX-License-Identifier: LGPL-2.1-or-later
 * QEMU arguments: the lines of each kind of setting, and that QEMU itself accepts them. What
 * libvirt makes of the same placement is compared by tests/oracle/qemu_numa_compare.py. */
#include "render_plan.h"

#define GUEST	  "  <memory unit='GiB'>4</memory>\n"
#define HOST_MODE GUEST "  <vnuma mode='host'/>\n"
#define NIC(bridge)                                                                                \
	"    <interface type='bridge'>\n      <source bridge='" bridge "'/>\n"                     \
	"      <model type='virtio'/>\n    </interface>\n"
#define TWO_CELLS                                                                                  \
	"  <cpu>\n    <numa>\n      <cell id='0' cpus='0,2' memory='1048577'/>\n"                  \
	"      <cell id='1' cpus='1,3' memory='2' unit='GiB'/>\n    </numa>\n  </cpu>\n"
#define DIMM(size, more)                                                                           \
	"    <memory model='dimm'>\n      <target>\n        <size unit='MiB'>" size                \
	"</size>\n" more "      </target>\n    </memory>\n"

static const struct variant {
	const char *name;
	unsigned nodes; /* of the host */
	plan_parts parts;
	const char *has[10], *has_not[3];
} variants[] = {
	{ "one cell",
	  1,
	  { .vcpu = ">2" },
	  { "# taskset -pc 0-7 PID  # the emulator",
	    "# taskset -pc 0-7 TID  # vCPUs 0-1: threads 'CPU 0/KVM' and on\n",
	    "\n"
	    "-m size=4194304k \\\n"
	    "-overcommit mem-lock=off \\\n"
	    "-smp 2,sockets=1,dies=1,cores=2,threads=1 \\\n"
	    "-object memory-backend-ram,id=ram-node0,size=4194304k,host-nodes=0,policy=bind \\\n"
	    "-numa node,nodeid=0,cpus=0-1,memdev=ram-node0\n" },
	  { "dist", "maxcpus", "maxmem" } },
	{ "a cell for each node",
	  4,
	  { .before = HOST_MODE, .devices = NIC("br2") },
	  { "-smp 8,sockets=4,dies=1,cores=1,threads=2 \\\n",
	    "-object memory-backend-ram,id=ram-node3,size=1048576k,host-nodes=3,policy=bind \\\n"
	    "-numa node,nodeid=3,cpus=6-7,memdev=ram-node3 \\\n"
	    "-numa dist,src=0,dst=0,val=10 \\\n",
	    "-numa dist,src=3,dst=2,val=21 \\\n"
	    "-numa dist,src=3,dst=3,val=10 \\\n"
	    "-device pxb-pcie,bus_nr=254,id=pci.1,numa_node=2,bus=pcie.0 \\\n"
	    "-device pcie-root-port,port=0,chassis=2,id=pci.2,bus=pci.1,addr=0x0\n",
	    "# interface 'br2': add bus=pci.2,addr=0x0 to its -device\n" },
	  { NULL } },
	{ "i440fx",
	  4,
	  { .before = HOST_MODE, .machine = "pc", .devices = NIC("br2") NIC("br2") },
	  { "-device pxb,bus_nr=254,id=pci.1,numa_node=2,bus=pci.0\n", "add bus=pci.1,addr=0x1 ",
	    "add bus=pci.1,addr=0x2 " },
	  { "root-port" } },
	{ "pins",
	  1,
	  { .before = GUEST "  <vnuma distribution='siblings'/>\n", .vcpu = ">2" },
	  { "# taskset -pc 1 TID  # vCPU 0: thread 'CPU 0/KVM'\n"
	    "# taskset -pc 5 TID  # vCPU 1: thread 'CPU 1/KVM'\n" },
	  { NULL } },
	{ "the owner's uneven cells",
	  2,
	  { .before = "  <memory unit='KiB'>3145729</memory>\n", .vcpu = ">4", .cpu = TWO_CELLS },
	  { "-m size=3146752k \\\n", ",id=ram-node0,size=1049600k,",
	    "-numa node,nodeid=0,cpus=0,cpus=2,memdev=ram-node0",
	    "-smp 4,sockets=4,dies=1,cores=1,threads=1" },
	  { NULL } },
	{ "the owner's distances",
	  2,
	  { .vcpu = ">2",
	    .cpu = "  <cpu><numa><cell id='0' cpus='0' memory='2097152'><distances><sibling id='1' "
		   "value='33'/></distances></cell><cell id='1' cpus='1' "
		   "memory='2097152'/></numa></cpu>\n" },
	  { "-numa dist,src=0,dst=0,val=10", "-numa dist,src=0,dst=1,val=33",
	    "-numa dist,src=1,dst=0,val=33" },
	  { NULL } },
	{ "some vCPUs on",
	  2,
	  { .before = HOST_MODE, .vcpu = " current='3'>8" },
	  { "-smp 1,maxcpus=8,sockets=2,dies=1,cores=2,threads=2 ",
	    "# vCPU 1 is on, too: -device "
	    "MODEL-x86_64-cpu,socket-id=0,die-id=0,core-id=0,thread-id=1\n",
	    "# vCPU 4 is on, too: -device "
	    "MODEL-x86_64-cpu,socket-id=1,die-id=0,core-id=0,thread-id=0\n" },
	  { "vCPU 5 is on" } },
	{ "huge pages",
	  2,
	  { .before = GUEST
	    "  <vnuma mode='host'><spec name='hw:mem_page_size' value='1GB'/></vnuma>\n" },
	  { "-object "
	    "memory-backend-memfd,id=ram-node1,size=2097152k,hugetlb=on,hugetlbsize=1048576k,share="
	    "off,prealloc=on,host-nodes=1,policy=bind" },
	  { NULL } },
	{ "shared memory",
	  1,
	  { .devices = "    <interface type='vhostuser'><source type='unix' path='/v' "
		       "mode='client'/></interface>\n",
	    .vcpu = ">1" },
	  { "-object "
	    "memory-backend-memfd,id=ram-node0,size=4194304k,share=on,host-nodes=0,policy=bind" },
	  { NULL } },
	{ "modes",
	  2,
	  { .after = "  <numatune><memory mode='restrictive' nodeset='0-1'/></numatune>\n",
	    .vcpu = ">2" },
	  { "-object memory-backend-ram,id=ram-node0,size=4194304k \\\n" },
	  { "policy" } },
	{ "preferred",
	  2,
	  { .before = "  <memory unit='GiB'>4</memory><vnuma mode='node'><memory unit='GiB' "
		      "mode='preferred'>4</memory></vnuma>\n",
	    .vcpu = ">2" },
	  { ",host-nodes=0,policy=preferred" },
	  { NULL } },
	{ "a memnode of several nodes",
	  4,
	  { .vcpu = ">2",
	    .cpu = "  <cpu><numa><cell id='0' cpus='0-1' memory='4' unit='GiB'/></numa></cpu>\n",
	    .after = "  <numatune><memnode cellid='0' mode='interleave' "
		     "nodeset='0-1,3'/></numatune>\n" },
	  { ",host-nodes=0-1,host-nodes=3,policy=interleave" },
	  { NULL } },
	{ "locked and not merged",
	  1,
	  { .before = GUEST "  <memoryBacking><locked/><nosharepages/></memoryBacking>\n",
	    .vcpu = ">1" },
	  { "\n"
	    "-machine mem-merge=off \\\n",
	    "-overcommit mem-lock=on" },
	  { NULL } },
	{ "memory devices",
	  2,
	  { .before = "  <maxMemory slots='4' unit='GiB'>16</maxMemory>\n"
		      "  <memory unit='MiB'>5120</memory>\n"
		      "  <vnuma mode='host'><partition cells='2'/></vnuma>\n",
	    .devices =
		    DIMM("512",
			 "") "    <memory model='nvdimm' access='shared'>\n"
			     "      <source><path>/tmp/a,b</path><alignsize "
			     "unit='KiB'>2048</alignsize><pmem/></source>\n"
			     "      <target><size unit='MiB'>256</size><node>1</node><label><size "
			     "unit='KiB'>128</size></label></target>\n"
			     "    </memory>\n" DIMM("256", "        <node>1</node>\n") },
	  { "-machine nvdimm=on", "-m size=4194304k,slots=4,maxmem=16777216k",
	    "-object memory-backend-ram,id=memdimm0,size=524288k,host-nodes=0,policy=bind \\\n"
	    "-device pc-dimm,node=0,memdev=memdimm0,id=dimm0,slot=0 \\\n",
	    "-object "
	    "memory-backend-file,id=memnvdimm1,size=262144k,mem-path=/tmp/"
	    "a,,b,share=on,host-nodes=1,policy=bind,align=2048k,pmem=on \\\n"
	    "-device nvdimm,node=1,label-size=128k,memdev=memnvdimm1,id=nvdimm1,slot=1 \\\n",
	    "-device pc-dimm,node=1,memdev=memdimm2,id=dimm2,slot=2\n" },
	  { NULL } },
	{ "virtio-mem",
	  1,
	  { .before = "  <maxMemory slots='4' unit='GiB'>16</maxMemory>\n"
		      "  <memory unit='MiB'>4608</memory>\n",
	    .vcpu = ">1",
	    .devices = "    <memory model='virtio-mem'>\n"
		       "      <target><size unit='MiB'>512</size><block "
		       "unit='MiB'>2</block><requested unit='MiB'>256</requested></target>\n"
		       "    </memory>\n" },
	  { "-object "
	    "memory-backend-ram,id=memvirtiomem0,size=524288k,host-nodes=0,policy=bind,reserve=off "
	    "\\\n"
	    "-device "
	    "virtio-mem-pci,node=0,block-size=2048k,requested-size=262144k,memdev=memvirtiomem0,id="
	    "virtiomem0" },
	  { NULL } },
};

static void render(const struct variant *variant, vn_text *ret)
{
	VN_AUTO(vn_host) host = plan_host(variant->nodes);
	VN_AUTO_TEXT in = VN_TEXT_INIT;

	print_message("# %s\n", variant->name);
	plan_compose(&variant->parts, &in);
	plan_must(host, in.bytes, vn_render_qemu, ret);
}

/* Comments first; one option with its value per line; a backslash at the end of all but the last.
 */
static void check_form(const char *text)
{
	bool options = false;

	for (const char *line = text, *end; *line; line = end + 1) {
		end = strchr(line, '\n');
		assert_non_null(end);
		if (*line == '#') {
			assert_false(options);
			continue;
		}
		options = true;
		assert_int_equal(*line, '-');
		assert_int_equal(end[-1] == '\\', end[1] != '\0');
	}
}

static void test_lines(void **state)
{
	(void)state;
	for (size_t i = 0; i < VN_LEN(variants); i++) {
		VN_AUTO_TEXT out = VN_TEXT_INIT;

		render(&variants[i], &out);
		check_form(out.bytes);
		for (size_t s = 0; s < VN_LEN(variants[i].has) && variants[i].has[s]; s++)
			if (!strstr(out.bytes, variants[i].has[s]))
				fail_msg("not there:\n%s\nin\n%s", variants[i].has[s], out.bytes);
		for (size_t s = 0; s < VN_LEN(variants[i].has_not) && variants[i].has_not[s]; s++)
			if (strstr(out.bytes, variants[i].has_not[s]))
				fail_msg("there:\n%s\nin\n%s", variants[i].has_not[s], out.bytes);
	}
}

/* ---- QEMU itself ---- */

enum { ARGS_MAX = 256 };

/* The words of the output, behind those already in argv. Cuts `text` into pieces. */
static void add_words(char *text, const char **argv, size_t n)
{
	char *save = NULL;

	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		char *value = strchr(line, ' '), *end = strstr(line, " \\");

		if (*line == '#')
			continue;
		assert_non_null(value);
		assert_true(n + 3 < ARGS_MAX);
		if (end)
			*end = '\0';
		*value = '\0';
		argv[n++] = line;
		argv[n++] = value + 1;
	}
	argv[n] = NULL;
}

/* Started with the arguments of every guest on a one-node host, QEMU gets as far as its monitor. */
static void test_start(void **state)
{
	static const char *const start[] = {
		"qemu-system-x86_64", "-S",	  "-display", "none",	 "-nodefaults",
		"-no-user-config",    "-monitor", "stdio",    "-machine"
	};

	(void)state;
	if (!plan_has(start[0])) {
		print_message("# SKIP: qemu-system-x86_64 is not installed\n");
		skip();
	}
	for (size_t i = 0; i < VN_LEN(variants); i++) {
		VN_AUTO_TEXT out = VN_TEXT_INIT, said = VN_TEXT_INIT;
		const char *argv[ARGS_MAX];
		size_t n = VN_LEN(start);

		if (variants[i].nodes > 1 || strstr(variants[i].name, "locked"))
			continue; /* no such host nodes here; this memory cannot be locked */
		render(&variants[i], &out);
		memcpy(argv, start, sizeof(start));
		argv[n++] = "q35,accel=tcg";
		add_words(out.bytes, argv, n);
		if (plan_run(argv, "info numa\nquit\n", &said))
			fail_msg("QEMU refuses: %s", said.bytes);
		assert_non_null(strstr(said.bytes, "node 0 cpus:"));
	}
}

/* The same for cells, buses and devices on several host nodes, without the host's part. */
static void test_start_unbound(void **state)
{
	(void)state;
	if (!plan_has("qemu-system-x86_64")) {
		print_message("# SKIP: qemu-system-x86_64 is not installed\n");
		skip();
	}
	for (size_t i = 0; i < VN_LEN(variants); i++) {
		VN_AUTO_TEXT out = VN_TEXT_INIT, bare = VN_TEXT_INIT, said = VN_TEXT_INIT;
		bool i440fx = variants[i].parts.machine;
		const char *argv[ARGS_MAX] = {
			"qemu-system-x86_64", "-S",
			"-display",	      "none",
			"-nodefaults",	      "-no-user-config",
			"-monitor",	      "stdio",
			"-machine",	      i440fx ? "pc,accel=tcg" : "q35,accel=tcg"
		};
		size_t n = 10;

		render(&variants[i], &out);
		if (strstr(out.bytes, "hugetlb") || strstr(out.bytes, "mem-lock=on") ||
		    strstr(out.bytes, "nvdimm"))
			continue; /* needs pages, rights or files of the machine */
		for (char *p = out.bytes; *p;) {
			static const char *const host_part[] = { ",host-nodes=", ",policy=" };
			bool is_host_part = false;

			for (size_t h = 0; h < VN_LEN(host_part); h++)
				is_host_part |= !strncmp(p, host_part[h], strlen(host_part[h]));
			if (is_host_part)
				p += 1 + strcspn(p + 1, ", \n");
			else
				vn_text_add_bytes(&bare, p++, 1);
		}
		add_words(bare.bytes, argv, n);
		if (plan_run(argv, "info numa\nquit\n", &said))
			fail_msg("QEMU refuses: %s", said.bytes);
		assert_non_null(strstr(said.bytes, "node 0 cpus:"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_start),
		cmocka_unit_test(test_start_unbound),
	};

	return cmocka_run_group_tests_name("render_qemu", tests, NULL, NULL);
}
