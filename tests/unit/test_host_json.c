/* SPDX-License-Identifier: LGPL-2.1-or-later
 * The JSON form of a host: what it means, and every message about what it must not hold. Quotes in
 * the documents of this file are written ' and turned into ". */
#include "host_equal.h"

#include <stdlib.h>

static int parse(const char *document, vn_host **ret, vn_error *err)
{
	char *text = strdup(document);
	int r;

	assert_non_null(text);
	for (char *p = text; *p; p++)
		if (*p == '\'')
			*p = '"';
	r = vn_host_parse("h.json", text, strlen(text), ret, err);
	free(text);
	return r;
}

/* A host of one cell, with more fields in the cell, with more beside the cells. */
#define CELL(more) "{'cells':[{'id':0,'cpus':'0-3','mem_mib':1024" more "}]}"
#define HOST(more) "{'cells':[{'id':0,'cpus':'0-3','mem_mib':1024}]" more "}"
#define TWO(more, rest)                                                                            \
	"{'cells':[{'id':0,'cpus':'0-1','mem_mib':4},{'id':1,'cpus':'2-3','mem_mib':4" more        \
	"}]" rest "}"

/* clang-format off */
static const struct {
	const char *in, *message;
	enum vn_code code;
} bad[] = {
	/* JSON itself */
	{ "{'cells':",
	  "h.json:1:9: JSON: unexpected token near end of file", VN_E_SYNTAX },
	{ "{'cells':[],'cells':[]}",
	  "h.json:1:19: JSON: duplicate object key near '\"cells\"'", VN_E_SYNTAX },
	{ HOST("") "x",
	  "h.json:1:49: JSON: end of file expected near 'x'", VN_E_SYNTAX },
	{ "{\n 'cells': nul\n}",
	  "h.json:2:13: JSON: invalid token near 'nul'", VN_E_SYNTAX },
	{ "{'cells':[{'id':99999999999999999999}]}",
	  "h.json:1:36: JSON: too big integer near '99999999999999999999'", VN_E_SYNTAX },
	{ "{'cells':[{'id':'\\u0000'}]}",
	  "h.json:1:24: JSON: \\u0000 is not allowed without JSON_ALLOW_NUL near '\"\\u0000\"'", VN_E_SYNTAX },
	/* the document */
	{ "[]",
	  "h.json: a list of cases is not a host (legal: one host, or one case)", VN_E_SYNTAX },
	{ "{}",
	  "h.json: the list of 'cells' is missing", VN_E_SYNTAX },
	{ "{'cases':[]}",
	  "h.json: a list of cases is not a host (legal: one host, or one case)", VN_E_SYNTAX },
	{ "{'case':'a','host':5}",
	  "h.json: host: the list of 'cells' is missing", VN_E_SYNTAX },
	{ "{'cells':{}}",
	  "h.json: the list of 'cells' is missing", VN_E_SYNTAX },
	{ "{'cells':[]}",
	  "h.json: a host without nodes", VN_E_RANGE },
	{ "{'cells':[{'id':0,'mem_mib':1}]}",
	  "h.json: a host without CPUs", VN_E_RANGE },
	{ HOST(",'schema':'vnuma/guest/1'"),
	  "h.json: schema: 'vnuma/guest/1' is not a host (legal: 'vnuma/host/1')", VN_E_RANGE },
	{ HOST(",'schema':1"),
	  "h.json: schema: a string belongs here", VN_E_SYNTAX },
	{ HOST(",'nodes':[]"),
	  "h.json: unknown field 'nodes' (legal: schema, cells, distances, latency_ns, bandwidth_mibs, devices, offline, isolated, pci_pools)", VN_E_SYNTAX },
	/* cells */
	{ "{'cells':[5]}",
	  "h.json: cells[0]: an object belongs here", VN_E_SYNTAX },
	{ "{'cells':[{'cpus':'0','mem_mib':1}]}",
	  "h.json: cells[0]: the field 'id' is missing", VN_E_SYNTAX },
	{ "{'cells':[{'id':0,'cpus':'0'}]}",
	  "h.json: cells[0]: the field 'mem_mib' is missing", VN_E_SYNTAX },
	{ "{'cells':[{'id':'0','cpus':'0'}]}",
	  "h.json: cells[0].id: a whole number belongs here", VN_E_SYNTAX },
	{ "{'cells':[{'id':-1,'cpus':'0'}]}",
	  "h.json: cells[0].id: -1 is not in 0-1023", VN_E_RANGE },
	{ "{'cells':[{'id':1024,'cpus':'0'}]}",
	  "h.json: cells[0].id: 1024 is not in 0-1023", VN_E_RANGE },
	{ "{'cells':[{'id':7,'mem_mib':1},{'id':7,'mem_mib':1}]}",
	  "h.json: cells[1].id: node 7 is there twice", VN_E_RANGE },
	{ "{'cells':[{'id':0,'cpus':'0','mem_mib':1},{'id':3,'cpus':'0','mem_mib':1}]}",
	  "h.json: cells[1]: CPU 0 is in node 0 and in node 3", VN_E_RANGE },
	{ CELL(",'colour':'red'"),
	  "h.json: cells[0]: unknown field 'colour' (legal: id, cpus, pcpus, siblings, l3, dies, sockets, socket, mem_mib, mem_used_mib, mem_kib, mem_used_kib, cache_kib, cpu_usage, pinned, pages, gpu_memory, physnets, tunneled)", VN_E_SYNTAX },
	{ CELL(",'socket':-2"),
	  "h.json: cells[0].socket: -2 is not in 0-2147483647", VN_E_RANGE },
	{ CELL(",'cpu_usage':4294967296"),
	  "h.json: cells[0].cpu_usage: 4294967296 is not in 0-4294967295", VN_E_RANGE },
	{ CELL(",'gpu_memory':1"),
	  "h.json: cells[0].gpu_memory: true or false belongs here", VN_E_SYNTAX },
	{ CELL(",'tunneled':'no'"),
	  "h.json: cells[0].tunneled: true or false belongs here", VN_E_SYNTAX },
	{ CELL(",'physnets':[1]"),
	  "h.json: cells[0].physnets[0]: a string belongs here", VN_E_SYNTAX },
	{ CELL(",'physnets':['']"),
	  "h.json: cells[0].physnets[0]: an empty name", VN_E_RANGE },
	/* sets of CPUs */
	{ CELL(",'pcpus':5"),
	  "h.json: cells[0].pcpus: a set of CPUs belongs here (legal: [0,1,2] or \"0-2\")", VN_E_SYNTAX },
	{ CELL(",'pcpus':'3-1'"),
	  "h.json: cells[0].pcpus: '3-1': column 1: range 3-1 runs backwards", VN_E_RANGE },
	{ CELL(",'pcpus':'1;2'"),
	  "h.json: cells[0].pcpus: '1;2': column 2: ';' stands where a comma or the end belongs", VN_E_SYNTAX },
	{ CELL(",'pcpus':[0,8192]"),
	  "h.json: cells[0].pcpus[1]: 8192 is not in 0-8191", VN_E_RANGE },
	{ CELL(",'pcpus':'8192'"),
	  "h.json: cells[0].pcpus: '8192': column 1: 8192 is more than the largest, 8191", VN_E_RANGE },
	{ CELL(",'pcpus':[0,1.5]"),
	  "h.json: cells[0].pcpus[1]: a whole number belongs here", VN_E_SYNTAX },
	{ CELL(",'pinned':'2-5'"),
	  "h.json: cells[0]: CPU 4 is in 'pinned', but not in 'pcpus'", VN_E_RANGE },
	/* memory */
	{ "{'cells':[{'id':0,'cpus':'0','mem_mib':-1}]}",
	  "h.json: cells[0].mem_mib: -1 is not in 0-17592186044415", VN_E_RANGE },
	{ "{'cells':[{'id':0,'cpus':'0','mem_mib':17592186044416}]}",
	  "h.json: cells[0].mem_mib: 17592186044416 is not in 0-17592186044415", VN_E_RANGE },
	{ "{'cells':[{'id':0,'cpus':'0','mem_mib':1.5}]}",
	  "h.json: cells[0].mem_mib: a whole number belongs here", VN_E_SYNTAX },
	{ CELL(",'mem_kib':1023"),
	  "h.json: cells[0]: 'mem_mib' is 1024 MiB, but 'mem_kib' is 1023 KiB, which is 0 MiB", VN_E_CONFLICT },
	{ CELL(",'mem_used_mib':3,'mem_used_kib':5000"),
	  "h.json: cells[0]: 'mem_used_mib' is 3 MiB, but 'mem_used_kib' is 5000 KiB, which is 4 MiB", VN_E_CONFLICT },
	{ CELL(",'mem_used_mib':1023,'cache_kib':1025"),
	  "h.json: cells[0]: 1025 KiB of file cache are more than the 1024 KiB not used", VN_E_RANGE },
	/* pages */
	{ CELL(",'pages':{}"),
	  "h.json: cells[0].pages: a list belongs here", VN_E_SYNTAX },
	{ CELL(",'pages':[{'total':1}]"),
	  "h.json: cells[0].pages[0]: the field 'size_kib' is missing", VN_E_SYNTAX },
	{ CELL(",'pages':[{'size_kib':4}]"),
	  "h.json: cells[0].pages[0]: the field 'total' is missing", VN_E_SYNTAX },
	{ CELL(",'pages':[{'size_kib':0,'total':1}]"),
	  "h.json: cells[0].pages[0]: a page size of 0 KiB is not a power of two", VN_E_RANGE },
	{ CELL(",'pages':[{'size_kib':6,'total':1}]"),
	  "h.json: cells[0].pages[0]: a page size of 6 KiB is not a power of two", VN_E_RANGE },
	{ CELL(",'pages':[{'size_kib':4,'total':9,'used':8,'reserved':2}]"),
	  "h.json: cells[0].pages[0]: 8 used and 2 reserved pages are more than all 9", VN_E_RANGE },
	{ CELL(",'pages':[{'size_kib':4,'total':9223372036854775807}]"),
	  "h.json: cells[0].pages[0]: 9223372036854775807 pages of 4 KiB are more than 2^64 bytes", VN_E_RANGE },
	{ CELL(",'pages':[{'size_kib':4,'total':1},{'size_kib':4,'total':1}]"),
	  "h.json: cells[0].pages[1]: pages of 4 KiB are there twice", VN_E_RANGE },
	{ CELL(",'pages':[{'size_kib':1,'total':1},{'size_kib':2,'total':1}," "{'size_kib':4,'total':1},{'size_kib':8,'total':1},{'size_kib':16,'total':1}," "{'size_kib':32,'total':1},{'size_kib':64,'total':1},{'size_kib':128,'total':1}," "{'size_kib':256,'total':1}]"),
	  "h.json: cells[0].pages[8]: more than 8 page sizes", VN_E_RANGE },
	/* groups */
	{ CELL(",'siblings':'0-1'"),
	  "h.json: cells[0].siblings: a list belongs here", VN_E_SYNTAX },
	{ CELL(",'l3':'0-1'"),
	  "h.json: cells[0].l3: a list of sets of CPUs belongs here", VN_E_SYNTAX },
	{ CELL(",'l3':[[]]"),
	  "h.json: cells[0].l3[0]: a set of l3 without CPUs", VN_E_RANGE },
	{ CELL(",'siblings':[[0,1],[1,2]]"),
	  "h.json: cells[0].siblings[1]: CPU 1 is in two different sets of siblings", VN_E_RANGE },
	{ CELL(",'l3':['0-1','2-7']"),
	  "h.json: cells[0].l3[1]: CPU 4 is in a set of l3, but in no node", VN_E_RANGE },
	{ TWO(",'siblings':['1-2']", ""),
	  "h.json: cells[1].siblings[0]: CPU 1 is in node 0 and in node 1", VN_E_RANGE },
	/* between nodes */
	{ TWO("", ",'distances':[[10,21]]"),
	  "h.json: distances: a list of 2 rows belongs here, one for each cell", VN_E_RANGE },
	{ TWO("", ",'distances':[[10,21],[21]]"),
	  "h.json: distances[1]: a list of 2 numbers belongs here, one for each cell", VN_E_RANGE },
	{ TWO("", ",'distances':[[10,21],[21,11]]"),
	  "h.json: distances[1][1]: the distance of node 1 to itself is 11 (legal: 10)", VN_E_RANGE },
	{ TWO("", ",'distances':[[10,9],[21,10]]"),
	  "h.json: distances[0][1]: the distance from node 0 to node 1 is 9 (legal: 10-255)", VN_E_RANGE },
	{ TWO("", ",'distances':[[10,21],[256,10]]"),
	  "h.json: distances[1][0]: the distance from node 1 to node 0 is 256 (legal: 10-255)", VN_E_RANGE },
	{ TWO("", ",'distances':[[10,'21'],[21,10]]"),
	  "h.json: distances[0][1]: a whole number belongs here", VN_E_SYNTAX },
	{ TWO("", ",'latency_ns':[[0,0],[0,4294967296]]"),
	  "h.json: latency_ns[1][1]: 4294967296 is not in 0-4294967295", VN_E_RANGE },
	{ HOST(",'offline':'3'"),
	  "h.json: CPU 3 is offline, but in node 0", VN_E_RANGE },
	/* devices */
	{ HOST(",'devices':[{}]"),
	  "h.json: devices[0]: the field 'address' is missing", VN_E_SYNTAX },
	{ HOST(",'devices':[{'address':'00:1f.2'}]"),
	  "h.json: devices[0].address: '00:1f.2' is not a PCI address (legal: 0000:3b:00.1)", VN_E_SYNTAX },
	{ HOST(",'devices':[{'address':'0000:00:1f.2','vendor_id':'0x808g'}]"),
	  "h.json: devices[0].vendor_id: '0x808g' is not a number of 1-4 hexadecimal digits", VN_E_SYNTAX },
	{ HOST(",'devices':[{'address':'0000:00:1f.2','vendor_id':32902}]"),
	  "h.json: devices[0].vendor_id: a string belongs here", VN_E_SYNTAX },
	{ HOST(",'devices':[{'address':'0000:00:1f.2','node':1}]"),
	  "h.json: devices[0].node: there is no cell 1", VN_E_RANGE },
	{ HOST(",'devices':[{'address':'0000:00:1f.2','names':['']}]"),
	  "h.json: devices[0].names[0]: an empty name", VN_E_RANGE },
	{ HOST(",'devices':[{'address':'0000:00:1f.2','names':['1','2','3','4','5','6','7','8'," "'9']}]"),
	  "h.json: devices[0].names[8]: more than 8 names", VN_E_RANGE },
	{ HOST(",'devices':[{'address':'0000:00:1f.2'},{'address':'0000:00:1F.2'}]"),
	  "h.json: device 0000:00:1f.2 is there twice", VN_E_RANGE },
	{ HOST(",'devices':[{'address':'0000:00:1f.2','taken':'yes'}]"),
	  "h.json: devices[0].taken: true or false belongs here", VN_E_SYNTAX },
	/* pools */
	{ HOST(",'pci_pools':{}"),
	  "h.json: pci_pools: a list belongs here", VN_E_SYNTAX },
	{ HOST(",'pci_pools':[1]"),
	  "h.json: pci_pools[0]: an object belongs here", VN_E_SYNTAX },
	{ HOST(",'pci_pools':[{'vendor_id':'8086','count':2}]"),
	  "h.json: pci_pools[0]: the field 'product_id' is missing", VN_E_SYNTAX },
	{ HOST(",'pci_pools':[{'vendor_id':'8086','product_id':'1572'}]"),
	  "h.json: pci_pools[0]: the field 'count' is missing", VN_E_SYNTAX },
	{ HOST(",'pci_pools':[{'vendor_id':'intel','product_id':'1572','count':2}]"),
	  "h.json: pci_pools[0].vendor_id: 'intel' is not a number of 1-4 hexadecimal digits", VN_E_SYNTAX },
	{ HOST(",'pci_pools':[{'vendor_id':'8086','product_id':'1572','count':-1}]"),
	  "h.json: pci_pools[0].count: -1 is not in 0-65535", VN_E_RANGE },
	{ HOST(",'pci_pools':[{'vendor_id':'8086','product_id':'1572','count':65536}]"),
	  "h.json: pci_pools[0].count: 65536 is not in 0-65535", VN_E_RANGE },
	{ HOST(",'pci_pools':[{'vendor_id':'8086','product_id':'1572','count':2,'numa_node':1}]"),
	  "h.json: pci_pools[0].numa_node: there is no cell 1", VN_E_RANGE },
	{ HOST(",'pci_pools':[{'vendor_id':'8086','product_id':'1572','count':2,'numa_node':'0'}]"),
	  "h.json: pci_pools[0].numa_node: a whole number belongs here", VN_E_SYNTAX },
	{ HOST(",'pci_pools':[{'vendor_id':'8086','product_id':'1572','count':2,'dev_type':'type-X'}]"),
	  "h.json: pci_pools[0].dev_type: 'type-X' is not known (legal: type-PCI, type-VF, type-PF, vdpa)", VN_E_RANGE },
	{ HOST(",'pci_pools':[{'vendor_id':'8086','product_id':'1572','count':2,'tag':[]}]"),
	  "h.json: pci_pools[0].tag: a tag is a string", VN_E_SYNTAX },
};
/* clang-format on */

static void test_bad(void **state)
{
	(void)state;
	for (size_t i = 0; i < VN_LEN(bad); i++) {
		vn_host *host = NULL;
		vn_error err = { 0 };
		int r = parse(bad[i].in, &host, &err);

		print_message("# row %zu\n", i);
		assert_int_equal(r, bad[i].code);
		assert_int_equal(err.code, bad[i].code);
		assert_null(host);
		assert_message(&err, bad[i].message);
	}
}

static vn_host *read_good(const char *document)
{
	vn_host *host = NULL;
	vn_error err = { 0 };

	if (parse(document, &host, &err) < 0)
		fail_msg("%s", err.text);
	assert_round_trip(host);
	return host;
}

/* Documents that mean the same host. */
static void test_same(void **state)
{
	/* clang-format off */
	static const char *const pairs[][2] = {
		{ HOST(""), "{'cells':[{'id':0,'cpus':[3,0,1,2],'pcpus':'0-3','mem_kib':1048576,'mem_mib':1024}]}" },
		{ HOST(""), "{'case':'a','host':" HOST("") ",'request':{'vcpus':1}}" },
		{ HOST(""), "\xef\xbb\xbf\n " HOST(",'schema':'vnuma/host/1'") },
		{ HOST(""), HOST(",'pci_pools':[],'offline':'','isolated':[]") },
		/* devices that only a guest gets that asks for their kind are not counted */
		{ HOST(""), HOST(",'pci_pools':[{'vendor_id':'8086','product_id':'1572','count':2,'dev_type':'type-PF'},"
		  "{'vendor_id':'8086','product_id':'1572','count':2,'dev_type':'vdpa'},"
		  "{'vendor_id':'8086','product_id':'1572','count':2,'remote_managed':'True'},"
		  "{'vendor_id':'8086','product_id':'1572','count':2,'remote_managed':true}]") },
		{ HOST(",'pci_pools':[{'vendor_id':'8086','product_id':'1572','count':2}]"),
		  HOST(",'pci_pools':[{'vendor_id':'0x8086','product_id':'1572','dev_type':'type-VF','count':2,'numa_node':null,"
		  "'remote_managed':'false','physical_network':'a','t1':1,'t2':null,'t3':false}]") },
		{ HOST(""), CELL(",'siblings':[[0],[1],[2],[3]],'pinned':[],'pages':[]") },
		{ HOST(""), CELL(",'socket':null,'physnets':[],'tunneled':false") },
		{ CELL(",'physnets':['a','b']"), CELL(",'physnets':['b','a','b']") },
		{ CELL(",'socket':0"), CELL(",'socket':0,'sockets':['0-3'],'dies':['0-3']") },
		{ CELL(",'siblings':['0-1']"), CELL(",'siblings':['2','0,1','3']") },
		/* cells in any order: distances, devices and CPUs follow */
		{ "{'cells':[{'id':4,'cpus':'0','mem_mib':1},{'id':9,'cpus':'1','mem_mib':2}],"
		  "'distances':[[10,21],[31,10]],'latency_ns':[[1,2],[3,4]],"
		  "'devices':[{'address':'0000:00:01.0','node':9},{'address':'0000:00:02.0','node':4}]}",
		  "{'cells':[{'id':9,'cpus':'1','mem_mib':2},{'id':4,'cpus':'0','mem_mib':1}],"
		  "'distances':[[10,31],[21,10]],'latency_ns':[[4,3],[2,1]],"
		  "'devices':[{'address':'0:0:2.0','node':4},{'address':'0000:00:01.0','node':9}]}" },
		/* a set that spans cells may stand in each of them */
		{ TWO(",'l3':['0-3']", ""),
		  "{'cells':[{'id':0,'cpus':'0-1','mem_mib':4,'l3':[[0,1,2,3]]},"
		  "{'id':1,'cpus':'2-3','mem_mib':4,'l3':['0-3']}]}" },
	};
	/* clang-format on */

	(void)state;
	for (size_t i = 0; i < VN_LEN(pairs); i++) {
		VN_AUTO(vn_host) a = read_good(pairs[i][0]);
		VN_AUTO(vn_host) b = read_good(pairs[i][1]);

		print_message("# row %zu\n", i);
		assert_host_equal(a, b);
	}
}

/* Groups go by their lowest CPU; a die is a socket's unless said. */
static void test_groups(void **state)
{
	VN_AUTO(vn_host) host = read_good(
		"{'cells':["
		"{'id':0,'cpus':'0-1,8-9','mem_mib':1,'socket':7,'siblings':['1,9','0,8']},"
		"{'id':1,'cpus':'4-5','mem_mib':1,'socket':7,'dies':['4-5']},"
		"{'id':2,'cpus':'2-3','pcpus':'3','siblings':['3,20'],'mem_mib':1,'socket':3,'l3':["
		"'2']}]}");
	/* clang-format off */
	static const vn_cpu expected[] = {
		{ 0, 0, -1, 0, 0 },  { 0, 1, -1, 0, 0 },   { 2, 2, 0, 1, 1 },
		{ 2, 3, -1, 1, 1 },  { 1, 4, -1, 2, 0 },   { 1, 5, -1, 2, 0 },
		{ -1, -1, -1, -1, -1 }, { -1, -1, -1, -1, -1 }, { 0, 0, -1, 0, 0 },
		{ 0, 1, -1, 0, 0 },
	};
	/* clang-format on */
	vn_cpuset core;

	(void)state;
	assert_memory_equal(host->cpus, expected, sizeof(expected));
	assert_int_equal(host->n_cpus, 21);
	assert_int_equal(host->cpus[20].core, 3);
	assert_int_equal(host->cpus[20].node_ix, 2);
	assert_int_equal(host->n_cores, 6);
	assert_int_equal(host->n_l3, 1);
	assert_int_equal(host->n_dies, 3);
	assert_int_equal(host->n_sockets, 2);
	assert_int_equal(host->threads_per_core, 2);
	assert_false(vn_cpuset_has(&host->nodes[2].cpus, 20));
	core = vn_host_core_cpus(host, 1);
	assert_int_equal(vn_cpuset_count(&core), 2);
	assert_true(vn_cpuset_has(&core, 1) && vn_cpuset_has(&core, 9));
}

/* Networks are numbered by name, pools follow their cells. */
static void test_networks(void **state)
{
	VN_AUTO(vn_host)
	host = read_good("{'cells':[{'id':7,'cpus':'0','mem_mib':1,'physnets':['m','z']},"
			 "{'id':2,'cpus':'1','mem_mib':1,'physnets':['b','z'],'tunneled':true},"
			 "{'id':5,'cpus':'2','mem_mib':1}],'pci_pools':["
			 "{'vendor_id':'8086','product_id':'1572','count':0,'numa_node':7},"
			 "{'vendor_id':'10de','product_id':'1b38','count':65535}],"
			 "'devices':[{'address':'0000:00:01.0','taken':true},"
			 "{'address':'0000:00:02.0','taken':false}]}");

	(void)state;
	assert_int_equal(host->n_physnets, 3);
	assert_string_equal(host->physnets[0], "b");
	assert_string_equal(host->physnets[1], "m");
	assert_string_equal(host->physnets[2], "z");
	assert_int_equal(host->nodes[0].physnets, 1 << 0 | 1 << 2);
	assert_int_equal(host->nodes[1].physnets, 0);
	assert_int_equal(host->nodes[2].physnets, 1 << 1 | 1 << 2);
	assert_true(host->nodes[0].tunneled);
	assert_false(host->nodes[2].tunneled);
	assert_int_equal(host->n_pools, 2);
	assert_int_equal(host->pools[0].node_ix, 2);
	assert_int_equal(host->pools[0].vendor, 0x8086);
	assert_int_equal(host->pools[0].product, 0x1572);
	assert_int_equal(host->pools[0].count, 0);
	assert_int_equal(host->pools[1].node_ix, -1);
	assert_int_equal(host->pools[1].count, 65535);
	assert_true(host->devices[0].taken);
	assert_false(host->devices[1].taken);
}

/* One network or pool more than there is room for. */
static void test_too_many(void **state)
{
	static const struct {
		const char *head, *item, *tail, *message;
		int most;
	} rows[] = {
		{ "{'cells':[{'id':0,'cpus':'0','mem_mib':1,'physnets':[", "'%04d'", "]}]}",
		  "h.json: cells[0].physnets[64]: more than 64 networks", VN_PHYSNETS_MAX },
		{ "{'cells':[{'id':0,'cpus':'0','mem_mib':1}],'pci_pools':[",
		  "{'vendor_id':'8086','product_id':'%04d','count':1}", "]}",
		  "h.json: pci_pools[4096]: more than 4096 pools", VN_HOST_POOLS_MAX },
	};

	(void)state;
	for (size_t i = 0; i < VN_LEN(rows); i++)
		for (int n = rows[i].most; n <= rows[i].most + 1; n++) {
			VN_AUTO_TEXT text = VN_TEXT_INIT;
			VN_AUTO(vn_host) host = NULL;
			vn_error err = { 0 };
			char item[80];

			vn_text_add(&text, rows[i].head);
			for (int j = 0; j < n; j++) {
				snprintf(item, sizeof(item), rows[i].item, j);
				vn_text_addf(&text, "%s%s", j ? "," : "", item);
			}
			vn_text_add(&text, rows[i].tail);
			if (n == rows[i].most) {
				assert_int_equal(parse(text.bytes, &host, &err), VN_OK);
			} else {
				assert_int_equal(parse(text.bytes, &host, &err), VN_E_RANGE);
				assert_message(&err, rows[i].message);
			}
		}
}

static void test_lookups(void **state)
{
	VN_AUTO(vn_host) host = read_good("{'cells':[{'id':5,'cpus':'0-3','mem_mib':1024,'mem_used_"
					  "mib':1,'pinned':'1,3','pages':["
					  "{'size_kib':2048,'total':100,'used':10,'reserved':5},"
					  "{'size_kib':4,'total':1000,'used':100}]},"
					  "{'id':6,'cpus':'4','mem_mib':100,'mem_used_mib':10},"
					  "{'id':9,'mem_mib':4,'mem_used_mib':5},"
					  "{'id':8,'mem_mib':100,'mem_used_mib':30,'pages':[{'size_"
					  "kib':2048,'total':20,'used':5}]}],"
					  "'devices':[{'address':'0001:02:03.4','names':['eth0','"
					  "br0']},{'address':'0000:00:00.0'}]}");
	vn_pci_address address = { 1, 2, 3, 4 };
	vn_cpuset free_cpus;

	(void)state;
	assert_int_equal(vn_host_node_ix(host, 6), 1);
	assert_int_equal(vn_host_node_ix(host, 7), -1);
	assert_int_equal(vn_host_distance(host, 0, 0), 10);
	assert_int_equal(vn_host_distance(host, 0, 2), 20);
	assert_int_equal(host->nodes[0].pages[0].size_kib, 4); /* sorted */
	assert_int_equal(vn_pages_free(vn_node_pages(&host->nodes[0], 2048)), 85);
	assert_null(vn_node_pages(&host->nodes[0], 1048576));
	assert_int_equal(vn_node_free_kib(&host->nodes[0]), 3600);
	assert_int_equal(vn_node_free_kib(&host->nodes[1]), 90 << 10);
	assert_int_equal(vn_node_free_kib(&host->nodes[2]), 40 << 10); /* 70 less 15 * 2 MiB */
	assert_int_equal(vn_node_free_kib(&host->nodes[3]), 0);	       /* overcommitted */
	free_cpus = vn_node_free_pcpus(&host->nodes[0]);
	assert_int_equal(vn_cpuset_count(&free_cpus), 2);
	assert_ptr_equal(vn_host_device_at(host, address), &host->devices[1]);
	address.function = 5;
	assert_null(vn_host_device_at(host, address));
	assert_ptr_equal(vn_host_device_named(host, "br0"), &host->devices[1]);
	assert_null(vn_host_device_named(host, "eth1"));
}

/* 2000 nested lists, and 600 in a place that is read. */
static void test_deep(void **state)
{
	static char text[8192];
	vn_host *host = NULL;
	vn_error err;

	(void)state;
	memset(text, '[', 6000);
	assert_int_equal(vn_host_parse("h.json", text, strlen(text), &host, &err), VN_E_SYNTAX);
	assert_message(&err, "h.json:1:2049: JSON: maximum parsing depth reached near '['");
	memset(text, 0, sizeof(text));
	strcpy(text, "{\"cells\":");
	memset(text + strlen(text), '[', 600);
	memset(text + strlen(text), ']', 600);
	strcat(text, "}");
	assert_int_equal(vn_host_parse("h.json", text, strlen(text), &host, &err), VN_E_SYNTAX);
	assert_message(&err, "h.json: cells[0]: an object belongs here");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bad),	 cmocka_unit_test(test_same),
		cmocka_unit_test(test_groups),	 cmocka_unit_test(test_lookups),
		cmocka_unit_test(test_deep),	 cmocka_unit_test(test_networks),
		cmocka_unit_test(test_too_many),
	};

	return cmocka_run_group_tests_name("host_json", tests, NULL, NULL);
}
