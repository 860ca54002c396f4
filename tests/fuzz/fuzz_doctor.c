/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The doctor over a domain XML of a stranger: whatever libvirt could hold is examined, on a host
 * and a kernel that give every check something to look at. Each finding is whole, and can be
 * written. */
#include "vnuma/vnuma.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static const char host_json[] =
	"{\"schema\":\"vnuma/host/1\",\"cells\":["
	"{\"id\":0,\"cpus\":\"0-7\",\"pcpus\":\"0-7\",\"siblings\":[\"0-1\",\"2-3\",\"4-5\",\"6-"
	"7\"],"
	"\"socket\":0,\"l3\":[\"0-3\",\"4-7\"],\"mem_mib\":4096,\"mem_used_mib\":64,\"cpu_usage\":"
	"0,"
	"\"pinned\":\"\",\"pages\":[{\"size_kib\":4,\"total\":786432,\"used\":16384},"
	"{\"size_kib\":2048,\"total\":512,\"used\":0}]},"
	"{\"id\":1,\"cpus\":\"8-11\",\"pcpus\":\"8-11\",\"siblings\":[\"8-9\",\"10-11\"],"
	"\"socket\":1,"
	"\"l3\":[\"8-11\"],\"mem_mib\":2048,\"mem_used_mib\":64,\"cpu_usage\":0,\"pinned\":\"\"},"
	"{\"id\":5,\"cpus\":\"\",\"pcpus\":\"\",\"mem_mib\":1024,\"mem_used_mib\":0,\"cpu_usage\":"
	"0,"
	"\"pinned\":\"\"}],\"distances\":[[10,21,30],[21,10,17],[30,17,10]],\"isolated\":\"10-11\","
	"\"offline\":\"12\",\"devices\":[{\"address\":\"0000:81:00.0\",\"vendor_id\":\"8086\","
	"\"product_id\":\"1572\",\"class\":\"0200\",\"node\":1,\"names\":[\"eth0\",\"nvme0n1\"]}]}";

static void must(bool holds)
{
	if (!holds)
		abort();
}

static vn_kernel bad_kernel(void)
{
	vn_kernel kernel = { .release = "5.10.0",
			     .cmdline = "quiet",
			     .numa_balancing = "0",
			     .zone_reclaim_mode = "1",
			     .swappiness = "60",
			     .ksm_run = "1",
			     .ksm_merge_across_nodes = "1",
			     .thp_enabled = "never",
			     .thp_defrag = "always",
			     .isolated_known = true,
			     .governor = "powersave",
			     .n_hugetlb = 1,
			     .hugetlb_size_kib = { 2048 },
			     .nr_overcommit = { "8" },
			     .surplus = { "1" },
			     .machine_slice_known = true,
			     .cpuset_controller = true,
			     .machine_partition = "isolated invalid",
			     .numad_running = true,
			     .numad_known = true,
			     .irqbalance_running = true,
			     .irq_known = true };

	vn_cpuset_add_range(&kernel.isolated, 10, 11);
	vn_cpuset_add_range(&kernel.machine_cpus, 0, 3);
	vn_cpuset_add_range(&kernel.irq_cpus, 0, 11);
	vn_nodeset_add(&kernel.machine_mems, 0);
	return kernel;
}

static void check_findings(const vn_diagnosis *diagnosis)
{
	uint32_t listed = 0, counted = 0;

	for (uint32_t i = 0; i < diagnosis->n; i++) {
		const vn_finding *finding = &diagnosis->findings[i];

		must(finding->check && finding->evidence && finding->fix);
		must((finding->status == VN_CHECK_PASS) == !*finding->evidence);
		must(finding->status <= finding->check->severity ||
		     finding->status == VN_CHECK_SKIP);
		must((finding->guest >= 0) == finding->check->of_guest);
		must(!finding->n_remedies || *finding->fix);
		for (uint32_t r = 0; r < finding->n_remedies; r++)
			must(!vn_cpuset_is_empty(&finding->remedies[r].cpus) ||
			     !vn_nodeset_is_empty(&finding->remedies[r].nodes));
		listed++;
	}
	for (int status = 0; status < VN_CHECK_STATUS_COUNT; status++)
		counted += diagnosis->counts[status];
	must(listed <= counted && listed >= VN_CHECK_COUNT);
}

static void examine(vn_running *running)
{
	static const bool every[1] = { true };
	VN_AUTO(vn_diagnosis) diagnosis = NULL;
	VN_AUTO_TEXT text = VN_TEXT_INIT;
	VN_AUTO_TEXT json = VN_TEXT_INIT;

	must(vn_doctor_run(running, &(vn_doctor_options){ every }, &diagnosis, NULL) == VN_OK);
	check_findings(diagnosis);
	must(vn_render_doctor(diagnosis, true, &(vn_style){ .columns = 80 }, &text, NULL) == VN_OK);
	must(vn_render_doctor_json(diagnosis, &json, NULL) == VN_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	VN_AUTO(vn_arena) arena = vn_arena_new();
	vn_kernel kernel = bad_kernel();
	vn_guest guest = { .name = "g", .uuid = "" };
	vn_running running = { .arena = arena, .source = "fuzz", .n_guests = 1, .guests = &guest };
	vn_error err = { 0 };

	if (vn_request_parse_xml_as_is("fuzz", (const char *)bytes, size, &guest.config, &err) ==
	    0) {
		vn_request_parse_xml("fuzz", (const char *)bytes, size, &guest.policy, &err);
		must(vn_host_parse("host", host_json, strlen(host_json), &running.host, &err) == 0);
		running.kernel = &kernel;
		examine(&running);
		running.source = "qemu:///session";
		guest.state = VN_GUEST_RUNNING;
		running.kernel = NULL;
		examine(&running);
	}
	vn_request_free(guest.config);
	vn_request_free(guest.policy);
	vn_host_free(running.host);
	return 0;
}
