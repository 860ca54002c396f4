/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The JSON form of a request: what each shape becomes, and how each mistake is answered. */
#include "vnuma/guest.h"

#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* clang-format off */
#define CELLS(text) "{\"guest\": {\"cells\": [" text "]}}"

static const struct {
	const char *json;
	enum vn_code code;
	const char *out; /* the summary, or the message */
} rows[] = {
	/* ---- a flavor ---- */
	{ "{\"vcpus\": 4, \"mem_mib\": 1024}", VN_OK, "4 vCPUs 1048576 KiB" },
	{ "{\"schema\": \"vnuma/request/1\", \"name\": \"a\", \"vcpus\": 4, \"mem_mib\": 1024}",
	  VN_OK, "4 vCPUs 1048576 KiB name=a" },
	{ "{\"vcpus\": 4, \"mem_mib\": 1024, \"extra_specs\": null, \"image_props\": {}, "
	  "\"pci_requests\": null}", VN_OK, "4 vCPUs 1048576 KiB" },
	{ "{\"vcpus\": 4, \"mem_mib\": 1024, \"extra_specs\": {\"hw:numa_nodes\": 2, "
	  "\"hw:cpu_realtime\": false}}", VN_OK, "4 vCPUs 1048576 KiB numa 0-1:524288 2-3:524288" },
	{ "{\"vcpus\": 2, \"mem_mib\": 64, \"pci_requests\": [{\"count\": 2, \"spec\": "
	  "[{\"vendor_id\": \"8086\", \"product_id\": \"15Bf\"}], \"numa_policy\": \"required\"}, "
	  "{\"count\": 1, \"spec\": [{\"vendor_id\": \"10de\"}]}]}", VN_OK,
	  "2 vCPUs 65536 KiB 2x8086:15bf=required 1x10de:0000=legacy" },
	{ "{\"vcpus\": 2, \"mem_mib\": 64, \"extra_specs\": {\"hw:pci_numa_affinity_policy\": "
	  "\"socket\"}, \"pci_requests\": [{\"count\": 1, \"spec\": [{\"vendor_id\": \"8086\"}], "
	  "\"numa_policy\": \"required\"}]}", VN_OK,
	  "2 vCPUs 65536 KiB 1x8086:0000=socket" },

	/* ---- the cells themselves: numbers may have gaps, cells may stand in any order ---- */
	{ CELLS("{\"id\": 0, \"cpus\": [0, 1], \"pcpus\": [], \"mem_mib\": 512}, "
		"{\"id\": 1, \"pcpus\": \"2-3\", \"mem_mib\": 256, \"pagesize\": 2048, "
		"\"cpu_policy\": \"mixed\", \"cpu_thread_policy\": \"isolate\"}"), VN_OK,
	  "4 vCPUs 786432 KiB numa mixed 2-3 isolate 2048@1 0-1:524288 2-3:262144" },
	{ CELLS("{\"id\": 0, \"cpus\": [5, 7], \"mem_mib\": 1}, {\"id\": 3, \"cpus\": \"1\", "
		"\"pcpus\": null, \"mem_mib\": 2, \"pagesize\": null}"), VN_OK,
	  "3 vCPUs 3072 KiB numa 1-2:1024 0:2048" },
	{ CELLS("{\"id\": 0, \"cpus\": [0, 1], \"pcpus\": null, \"mem_mib\": 1, \"pagesize\": -2, "
		"\"cpu_policy\": \"dedicated\"}"), VN_OK,
	  "2 vCPUs 1024 KiB numa dedicated 0-1 large@0 0-1:1024" },
	{ "{\"guest\": {\"emulator_threads_policy\": \"isolate\", \"cells\": [{\"pcpus\": [0], "
	  "\"mem_mib\": 1}]}}", VN_OK, "1 vCPUs 1024 KiB numa dedicated 0 emulator=isolate 0:1024" },

	/* ---- a case ---- */
	{ "{\"case\": \"c\", \"host\": {\"cells\": [{\"vcpus\": 1}]}, \"limits\": null, "
	  "\"config\": {},\n\"request\": {\"vcpus\": 1, \"mem_mib\": 1}}", VN_OK,
	  "1 vCPUs 1024 KiB" },
	{ "{\"case\": \"c\", \"host\": {\"vcpus\": 1},\n\"request\": {\"vcpus\": 0}}", VN_E_RANGE,
	  "2:13: request.vcpus: '0' is not legal (legal: 1 to 4096)" },
	{ "{\"limits\": {\"cpu_allocation_ratio\": 16.0, \"ram_allocation_ratio\": 1, \"physnets\": "
	  "[\"a\", \"b\", \"a\"], \"tunneled\": true}, \"request\": {\"vcpus\": 1, \"mem_mib\": 1}}", VN_OK,
	  "1 vCPUs 1024 KiB net=a net=b tunneled" },
	{ "{\"limits\": {\"physnets\": null, \"tunneled\": null}, \"request\": {\"vcpus\": 1, "
	  "\"mem_mib\": 1}}", VN_OK, "1 vCPUs 1024 KiB" },
	{ "{\"limits\": 5, \"request\": {\"vcpus\": 1, \"mem_mib\": 1}}", VN_E_SYNTAX,
	  "1:2: limits: not an object (legal: an object of 'cpu_allocation_ratio', 'ram_allocation_ratio', 'physnets' or 'tunneled')" },
	{ "{\"limits\": {\"ratio\": 5}, \"request\": {\"vcpus\": 1, \"mem_mib\": 1}}", VN_E_SYNTAX,
	  "1:13: limits: 'ratio' is not known (legal: 'cpu_allocation_ratio', 'ram_allocation_ratio', 'physnets' or 'tunneled')" },
	{ "{\"limits\": {\"physnets\": \"a\"}, \"request\": {\"vcpus\": 1, \"mem_mib\": 1}}", VN_E_SYNTAX,
	  "1:13: limits.physnets: not a list" },
	{ "{\"limits\": {\"physnets\": [\"a\", \"\"]}, \"request\": {\"vcpus\": 1, \"mem_mib\": 1}}", VN_E_SYNTAX,
	  "1:13: limits.physnets[1]: not the name of a network" },
	{ "{\"limits\": {\"tunneled\": \"yes\"}, \"request\": {\"vcpus\": 1, \"mem_mib\": 1}}", VN_E_SYNTAX,
	  "1:13: limits.tunneled: not true or false" },
	{ "{\"hots\": {}, \"request\": {}}", VN_E_SYNTAX,
	  "1:2: 'hots' is not known (legal: 'case', 'host', 'request', 'limits' or 'config')" },

	/* ---- mistakes ---- */
	{ "", VN_E_SYNTAX,
	  "1: not well-formed JSON: '[' or '{' expected near end of file" },
	{ "{\"vcpus\": 4,", VN_E_SYNTAX,
	  "1:12: not well-formed JSON: string or '}' expected near end of file" },
	{ "{\"vcpus\": 4, \"vcpus\": 5}", VN_E_SYNTAX,
	  "1:20: not well-formed JSON: duplicate object key near '\"vcpus\"'" },
	{ "[]", VN_E_SYNTAX,
	  "not an object (legal: an object of 'schema', 'name', 'vcpus', 'mem_mib', 'extra_specs', 'image_props' or 'pci_requests')" },
	{ "{\"vcpus\": 4, \"mem_mib\": 1} x", VN_E_SYNTAX,
	  "1:28: not well-formed JSON: end of file expected near 'x'" },
	{ "{}", VN_E_SYNTAX,
	  "vcpus: is missing (legal: 1 to 4096)" },
	{ "{\"vcpus\": 4}", VN_E_SYNTAX,
	  "mem_mib: is missing (legal: 1 to 1099511627776)" },
	{ "{\"vcpus\": \"4\", \"mem_mib\": 1}", VN_E_SYNTAX,
	  "1:2: vcpus: not a whole number (legal: 1 to 4096)" },
	{ "{\"vcpus\": 4.5, \"mem_mib\": 1}", VN_E_SYNTAX,
	  "1:2: vcpus: not a whole number (legal: 1 to 4096)" },
	{ "{\"vcpus\": -1, \"mem_mib\": 1}", VN_E_RANGE,
	  "1:2: vcpus: '-1' is not legal (legal: 1 to 4096)" },
	{ "{\"vcpus\": 0, \"mem_mib\": 1}", VN_E_RANGE,
	  "1:2: vcpus: '0' is not legal (legal: 1 to 4096)" },
	{ "{\"vcpus\": 100000, \"mem_mib\": 1}", VN_E_RANGE,
	  "1:2: vcpus: '100000' is not legal (legal: 1 to 4096)" },
	{ "{\"vcpus\": 1, \"mem_mib\": 0}", VN_E_RANGE,
	  "1:14: mem_mib: '0' is not legal (legal: 1 to 1099511627776)" },
	{ "{\"vcpus\": 1, \"mem_mib\": 9223372036854775807}", VN_E_RANGE,
	  "1:14: mem_mib: '9223372036854775807' is not legal (legal: 1 to 1099511627776)" },
	{ "{\"vcpus\": 1, \"mem_mib\": 18446744073709551616}", VN_E_SYNTAX,
	  "1:44: not well-formed JSON: too big integer near '18446744073709551616'" },
	{ "{\"vcpu\": 1, \"mem_mib\": 1}", VN_E_SYNTAX,
	  "1:2: 'vcpu' is not known (legal: 'schema', 'name', 'vcpus', 'mem_mib', 'extra_specs', 'image_props' or 'pci_requests')" },
	{ "{\"schema\": \"vnuma/request/2\", \"vcpus\": 1, \"mem_mib\": 1}", VN_E_SYNTAX,
	  "1:2: schema: not known (legal: 'vnuma/request/1')" },
	{ "{\"name\": 7, \"vcpus\": 1, \"mem_mib\": 1}", VN_E_SYNTAX,
	  "1:2: name: not a string" },
	{ "{\"vcpus\": 1, \"mem_mib\": 1, \"extra_specs\": []}", VN_E_SYNTAX,
	  "1:28: extra_specs: not an object (legal: {\"name\": \"value\"})" },
	{ "{\"vcpus\": 1, \"mem_mib\": 1,\n \"extra_specs\": {\"hw:pmu\": [1]}}", VN_E_SYNTAX,
	  "2:18: extra_specs.hw:pmu: not a string, number or boolean" },
	{ "{\"vcpus\": 1, \"mem_mib\": 1,\n \"extra_specs\": {\"hw:pmu\": \"so-so\"}}", VN_E_RANGE,
	  "2:18: hw:pmu is 'so-so' (legal: true, yes, on, 1 or false, no, off, 0)" },
	{ "{\"vcpus\": 1, \"mem_mib\": 1, \"pci_requests\": {}}", VN_E_SYNTAX,
	  "1:28: pci_requests: not a list" },
	{ "{\"vcpus\": 1, \"mem_mib\": 1, \"pci_requests\": [{\"count\": 0, \"spec\": "
	  "[{\"vendor_id\": \"1\"}]}]}", VN_E_RANGE,
	  "1:46: pci_requests[0].count: '0' is not legal (legal: 1 to 256)" },
	{ "{\"vcpus\": 1, \"mem_mib\": 1, \"pci_requests\": [{\"count\": 257, \"spec\": "
	  "[{\"vendor_id\": \"1\"}]}]}", VN_E_RANGE,
	  "1:46: pci_requests[0].count: '257' is not legal (legal: 1 to 256)" },
	{ "{\"vcpus\": 1, \"mem_mib\": 1, \"pci_requests\": [{\"count\": 1, \"spec\": []}]}",
	  VN_E_SYNTAX,
	  "1:58: pci_requests[0].spec[0]: not an object (legal: an object of 'vendor_id', 'product_id' or 'dev_type')" },
	{ "{\"vcpus\": 1, \"mem_mib\": 1, \"pci_requests\": [{\"count\": 1, \"spec\": "
	  "[{\"vendor_id\": \"0x8086\"}]}]}", VN_E_RANGE,
	  "1:68: pci_requests[0].spec[0].vendor_id: '0x8086' is not a PCI id (legal: \"8086\")" },
	{ "{\"vcpus\": 1, \"mem_mib\": 1, \"pci_requests\": [{\"count\": 1, \"spec\": "
	  "[{\"vendor\": \"8086\"}]}]}", VN_E_SYNTAX,
	  "1:68: pci_requests[0].spec[0]: 'vendor' is not known (legal: 'vendor_id', 'product_id' or 'dev_type')" },
	{ "{\"vcpus\": 1, \"mem_mib\": 1, \"pci_requests\": [{\"count\": 1, \"spec\": "
	  "[{\"vendor_id\": \"8086\"}], \"numa_policy\": \"near\"}]}", VN_E_RANGE,
	  "1:91: pci_requests[0].numa_policy: 'near' is not legal (legal: 'legacy', 'required', 'preferred' or 'socket')" },
	{ "{\"vcpus\": 1, \"mem_mib\": 1, \"pci_requests\": [{\"count\": 1, \"spec\": "
	  "[{\"vendor_id\": \"8086\", \"dev_type\": \"type-PCI\"}]}]}", VN_OK,
	  "1 vCPUs 1024 KiB 1x8086:0000=legacy" },
	{ "{\"vcpus\": 1, \"mem_mib\": 1, \"pci_requests\": [{\"count\": 1, \"spec\": "
	  "[{\"vendor_id\": \"8086\", \"dev_type\": \"type-PF\"}]}]}", VN_E_RANGE,
	  "1:89: pci_requests[0].spec[0].dev_type: 'type-PF' is not legal (legal: 'type-PCI' or 'type-VF')" },
	{ "{\"vcpus\": 1, \"mem_mib\": 1, \"pci_requests\": [{\"count\": 1, \"spec\": "
	  "[{\"vendor_id\": \"8086\", \"physical_network\": \"a\"}]}]}", VN_E_SYNTAX,
	  "1:89: pci_requests[0].spec[0]: 'physical_network' is not known (legal: 'vendor_id', 'product_id' or 'dev_type')" },
	{ "{\"vcpus\": 1, \"mem_mib\": 1, \"pci_requests\": [{\"count\": 1, \"spec\": "
	  "[{\"vendor_id\": \"8086\"}, {\"vendor_id\": \"10de\"}]}]}", VN_E_RANGE,
	  "1:58: pci_requests[0].spec: 2 entries (legal: at most 1)" },
	{ "{\"vcpus\": 1, \"mem_mib\": 1, \"pci_requests\": [{\"count\": 200, \"spec\": "
	  "[{\"vendor_id\": \"8086\"}]}, {\"count\": 57, \"spec\": [{\"vendor_id\": \"10de\"}]}]}",
	  VN_E_RANGE, "1:28: pci_requests: 257 devices in all (legal: at most 256)" },
	{ "{\"guest\": {\"cells\": []}}", VN_E_RANGE,
	  "1:12: guest.cells: no cell (legal: at least one)" },
	{ "{\"guest\": {}}", VN_E_SYNTAX,
	  "guest.cells: not a list" },
	{ "{\"guest\": {\"cells\": [{}]}, \"vcpus\": 4}", VN_E_SYNTAX,
	  "1:28: 'vcpus' is not known (legal: 'schema', 'name', 'guest' or 'pci_requests')" },
	{ "{\"guest\": {\"emulator_threads_policy\": \"default\", \"cells\": [{}]}}", VN_E_RANGE,
	  "1:12: guest.emulator_threads_policy: 'default' is not legal (legal: 'share' or 'isolate')" },
	{ CELLS("{\"cpus\": [0]}"), VN_E_SYNTAX,
	  "guest.cells[0].mem_mib: is missing (legal: 1 to 8589934592)" },
	{ CELLS("{\"cpus\": [], \"mem_mib\": 1}"), VN_E_RANGE,
	  "'0' vCPUs are not legal (legal: 1 to 4096)" },
	{ CELLS("{\"cpus\": [0], \"mem_mib\": 1}, {\"cpus\": [0], \"mem_mib\": 1}"),
	  VN_E_CONFLICT,
	  "1:12: guest.cells: a vCPU of cell 1 is in an earlier cell as well" },
	{ CELLS("{\"cpus\": [0], \"pcpus\": [0], \"mem_mib\": 1}"), VN_E_CONFLICT,
	  "1:36: guest.cells[0].pcpus: a vCPU stands in cpus as well" },
	{ CELLS("{\"pcpus\": [0], \"cpu_policy\": \"shared\", \"mem_mib\": 1}"), VN_E_CONFLICT,
	  "1:23: guest.cells[0].pcpus: dedicated vCPUs, but cpu_policy is 'shared'" },
	{ CELLS("{\"cpus\": [0], \"pcpus\": [1], \"cpu_policy\": \"dedicated\", \"mem_mib\": 1}"),
	  VN_E_CONFLICT,
	  "1:12: guest.cells[0]: shared vCPUs, but cpu_policy is 'dedicated'" },
	{ CELLS("{\"cpus\": [-1], \"mem_mib\": 1}"), VN_E_RANGE,
	  "1:23: guest.cells[0].cpus: entry 0 is not legal (legal: 0 to 8191)" },
	{ CELLS("{\"cpus\": [8192], \"mem_mib\": 1}"), VN_E_RANGE,
	  "1:23: guest.cells[0].cpus: entry 0 is not legal (legal: 0 to 8191)" },
	{ CELLS("{\"cpus\": \"3-1\", \"mem_mib\": 1}"), VN_E_RANGE,
	  "1:23: guest.cells[0].cpus: '3-1': range 3-1 runs backwards" },
	{ CELLS("{\"cpus\": 3, \"mem_mib\": 1}"), VN_E_SYNTAX,
	  "1:23: guest.cells[0].cpus: not a CPU list (legal: [0, 1] or \"0-1\")" },
	{ CELLS("{\"cpus\": \"0-4999\", \"mem_mib\": 1}"), VN_E_RANGE,
	  "'5000' vCPUs are not legal (legal: 1 to 4096)" },
	{ CELLS("{\"cpus\": [0], \"mem_mib\": 1099511627776}"), VN_E_RANGE,
	  "1:36: guest.cells[0].mem_mib: '1099511627776' is not legal (legal: 1 to 8589934592)" },
	{ CELLS("{\"cpus\": [0], \"mem_mib\": 1, \"pagesize\": -4}"), VN_E_RANGE,
	  "1:50: guest.cells[0].pagesize: not a page size (legal: null, -1 small, -2 large, -3 any, or KiB)" },
	{ CELLS("{\"cpus\": [0], \"mem_mib\": 1, \"pagesize\": \"2MB\"}"), VN_E_RANGE,
	  "1:50: guest.cells[0].pagesize: not a page size (legal: null, -1 small, -2 large, -3 any, or KiB)" },
	{ CELLS("{\"cpus\": [0], \"mem_mib\": 1, \"pins\": {}}"), VN_E_SYNTAX,
	  "1:50: guest.cells[0]: 'pins' is not known (legal: 'id', 'cpus', 'pcpus', 'mem_mib', 'pagesize', 'cpu_policy' or 'cpu_thread_policy')" },
	{ CELLS("{\"cpus\": [0], \"mem_mib\": 1, \"cpu_policy\": \"exclusive\"}"), VN_E_RANGE,
	  "1:50: guest.cells[0].cpu_policy: 'exclusive' is not legal (legal: 'shared', 'dedicated' or 'mixed')" },
	{ CELLS("{\"pcpus\": [0], \"mem_mib\": 1, \"cpu_thread_policy\": \"prefer\"}, {\"pcpus\": "
		"[1], \"mem_mib\": 1, \"cpu_thread_policy\": \"isolate\"}"), VN_E_CONFLICT,
	  "1:51: guest.cells[1].cpu_thread_policy: 'isolate', but another cell has 'prefer' (legal: one for all cells)" },
};
/* clang-format on */

static void add_cells(vn_text *text, const vn_request *request)
{
	for (uint32_t i = 0; i < request->n_pages; i++) {
		if (request->pages[i].want == VN_PAGES_LARGE)
			vn_text_add(text, " large");
		else
			vn_text_addf(text, " %ju", (uintmax_t)request->pages[i].page_kib);
		vn_text_add(text, "@");
		vn_text_add_cpuset(text, &request->pages[i].cells);
	}
	for (uint32_t i = 0; i < request->n_cells; i++) {
		vn_text_add(text, " ");
		vn_text_add_cpuset(text, &request->cells[i].vcpus);
		vn_text_addf(text, ":%ju", (uintmax_t)request->cells[i].mem_kib);
	}
}

static void summarize(const vn_request *request, vn_text *text)
{
	vn_text_addf(text, "%u vCPUs %ju KiB", request->vcpus, (uintmax_t)request->mem_kib);
	if (request->name)
		vn_text_addf(text, " name=%s", request->name);
	if (request->numa_wanted)
		vn_text_add(text, " numa");
	if (request->cpu_policy != VN_CPU_SHARED) {
		vn_text_addf(text, " %s ", vn_cpu_policy_names[request->cpu_policy]);
		vn_text_add_cpuset(text, &request->dedicated);
	}
	if (request->thread_policy_given)
		vn_text_addf(text, " %s", vn_thread_policy_names[request->thread_policy]);
	if (request->emulator_policy != VN_EMULATOR_DEFAULT)
		vn_text_addf(text, " emulator=%s",
			     vn_emulator_policy_names[request->emulator_policy]);
	for (uint32_t i = 0; i < request->n_pci_requests; i++)
		vn_text_addf(text, " %ux%04x:%04x=%s", request->pci_requests[i].count,
			     request->pci_requests[i].vendor, request->pci_requests[i].product,
			     vn_pci_policy_names[request->pci_requests[i].policy]);
	for (uint32_t i = 0; i < request->n_physnets; i++)
		vn_text_addf(text, " net=%s", request->physnets[i]);
	if (request->tunneled)
		vn_text_add(text, " tunneled");
	add_cells(text, request);
}

static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < VN_LEN(rows); i++) {
		VN_AUTO_TEXT text = VN_TEXT_INIT;
		VN_AUTO(vn_request) request = NULL;
		vn_error err = { 0 };
		char message[512];
		int r = vn_request_parse_json(NULL, rows[i].json, strlen(rows[i].json), &request,
					      &err);

		print_message("# %.70s\n", rows[i].out);
		if (r < 0) {
			assert_string_equal(vn_error_format(&err, message, sizeof(message)),
					    rows[i].out);
			assert_null(request);
		} else {
			summarize(request, &text);
			assert_string_equal(text.bytes, rows[i].out);
			assert_int_equal(request->vcpus_online, request->vcpus);
		}
		assert_int_equal(r, rows[i].code);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
	};

	return cmocka_run_group_tests_name("guest_json", tests, NULL, NULL);
}
