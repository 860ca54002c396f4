/* SPDX-License-Identifier: LGPL-2.1-or-later
 * libvirt capabilities: what they mean, and every message about what they must not hold. */
#include "host_equal.h"

#include <stdlib.h>

/* A document with one cell; `in` stands in the cell, `after` behind the cells. */
#define CAPS(in, after)                                                                            \
	"<capabilities><host><topology><cells num='1'>\n<cell id='0'><memory unit='KiB'>4096"      \
	"</memory>\n" in "</cell></cells>\n" after "</topology></host></capabilities>"
#define CPUS(in) CAPS("<cpus num='1'>" in "</cpus>", "")
#define CPU0	 "<cpus num='1'><cpu id='0' socket_id='0' core_id='0' siblings='0'/></cpus>"
#define BANK(attributes)                                                                           \
	"<capabilities><host><topology><cells><cell id='0'>" CPU0                                  \
	"</cell></cells></topology><cache>\n<bank " attributes "/></cache></host></capabilities>"

/* clang-format off */
static const struct bad_host bad[] = {
	/* XML itself */
	{ "<capabilities><host>",
	  "c.xml:1:21: XML: Premature end of data in tag host line 1", VN_E_SYNTAX },
	{ "<capabilities>\n<host></hosts></capabilities>",
	  "c.xml:2:15: XML: Opening and ending tag mismatch: host line 2 and hosts", VN_E_SYNTAX },
	{ "<capabilities>&lol;</capabilities>",
	  "c.xml:1:20: XML: Entity 'lol' not defined", VN_E_SYNTAX },
	{ "<!DOCTYPE capabilities [\n<!ENTITY a 'aaaa'>\n<!ENTITY b '&a;&a;'>]>\n<capabilities>&b;</capabilities>",
	  "c.xml:2: XML: entity declarations are not read", VN_E_SYNTAX },
	{ "<!DOCTYPE capabilities [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><capabilities>&x;</capabilities>",
	  "c.xml:1: XML: entity declarations are not read", VN_E_SYNTAX },
	{ "<!DOCTYPE capabilities [<!ENTITY % p SYSTEM 'http://localhost/x'>%p;]><capabilities/>",
	  "c.xml:1: XML: entity declarations are not read", VN_E_SYNTAX },
	{ "<",
	  "c.xml:1:2: XML: StartTag: invalid element name", VN_E_SYNTAX },
	{ "<!-- nothing -->",
	  "c.xml:1:17: XML: Start tag expected, '<' not found", VN_E_SYNTAX },
	{ "<domain type='kvm'/>",
	  "c.xml:1: <domain> is not a host (legal: <capabilities> of libvirt, <topology> of hwloc)", VN_E_SYNTAX },
	/* the document */
	{ "<capabilities/>",
	  "c.xml:1: <capabilities> has no <host><topology><cells>", VN_E_SYNTAX },
	{ "<capabilities><host><topology><cells/></topology></host></capabilities>",
	  "c.xml:1: a host without nodes", VN_E_RANGE },
	{ CAPS("", ""),
	  "c.xml: a host without CPUs", VN_E_RANGE },
	/* cells */
	{ "<capabilities><host><topology><cells>\n<cell/></cells></topology></host></capabilities>",
	  "c.xml:2: <cell> has no attribute 'id'", VN_E_SYNTAX },
	{ "<capabilities><host><topology><cells>\n<cell id='x'/></cells></topology></host></capabilities>",
	  "c.xml:2: <cell id='x'>: 'x' stands where a number belongs", VN_E_SYNTAX },
	{ "<capabilities><host><topology><cells>\n<cell id=''/></cells></topology></host></capabilities>",
	  "c.xml:2: <cell id=''>: a number is missing at the end of ''", VN_E_SYNTAX },
	{ "<capabilities><host><topology><cells>\n<cell id='1024'/></cells></topology></host></capabilities>",
	  "c.xml:2: <cell id='1024'>: 1024 is more than the largest, 1023", VN_E_RANGE },
	{ "<capabilities><host><topology><cells>\n<cell id='3'/>\n<cell id='3'/></cells></topology></host></capabilities>",
	  "c.xml:3: node 3 is there twice", VN_E_RANGE },
	{ "<capabilities><host><topology><cells><cell id='0'>\n<memory unit='MuB'>1</memory></cell></cells></topology></host></capabilities>",
	  "c.xml:2: <memory>: 'MuB' is not a unit of memory (legal: b, KB, KiB, MB, MiB, GB, GiB, TB, TiB, PB, PiB, EB, EiB)", VN_E_SYNTAX },
	{ "<capabilities><host><topology><cells><cell id='0'>\n<memory>-1</memory></cell></cells></topology></host></capabilities>",
	  "c.xml:2: <memory>: '-' stands where a number belongs", VN_E_SYNTAX },
	{ "<capabilities><host><topology><cells><cell id='0'>\n<memory/></cell></cells></topology></host></capabilities>",
	  "c.xml:2: <memory>: a number is missing at the end of ''", VN_E_SYNTAX },
	{ "<capabilities><host><topology><cells><cell id='0'>\n<memory unit='EiB'>16</memory></cell></cells></topology></host></capabilities>",
	  "c.xml:2: <memory>: 16 EiB is more than 2^64 bytes", VN_E_RANGE },
	{ CAPS("<pages>5</pages>", ""),
	  "c.xml:3: <pages> has no attribute 'size'", VN_E_SYNTAX },
	{ CAPS("<pages size='4'>many</pages>", ""),
	  "c.xml:3: <pages>: 'm' stands where a number belongs", VN_E_SYNTAX },
	{ CAPS("<pages size='0'>5</pages>", ""),
	  "c.xml:3: a page size of 0 KiB is not a power of two", VN_E_RANGE },
	{ CAPS("<pages size='4'>5</pages><pages size='4'>5</pages>", ""),
	  "c.xml:3: pages of 4 KiB are there twice", VN_E_RANGE },
	/* CPUs */
	{ CPUS("<cpu/>"),
	  "c.xml:3: <cpu> has no attribute 'id'", VN_E_SYNTAX },
	{ CPUS("<cpu id='8192'/>"),
	  "c.xml:3: <cpu id='8192'>: 8192 is more than the largest, 8191", VN_E_RANGE },
	{ CPUS("<cpu id='1'/><cpu id='1'/>"),
	  "c.xml:3: CPU 1 is there twice", VN_E_RANGE },
	{ CPUS("<cpu id='1' siblings='0'/>"),
	  "c.xml:3: CPU 1 is not among its own siblings", VN_E_RANGE },
	{ CPUS("<cpu id='1' siblings='1-'/>"),
	  "c.xml:3: <cpu siblings='1-'>: column 3: a number is missing at the end of '1-'", VN_E_SYNTAX },
	{ CPUS("<cpu id='1' siblings='1,5'/>"),
	  "c.xml:3: CPU 5 is in a set of siblings, but in no node", VN_E_RANGE },
	{ CPUS("<cpu id='1' siblings='1-2'/><cpu id='2' siblings='2'/>"),
	  "c.xml:3: CPU 2 is in two different sets of siblings", VN_E_RANGE },
	{ CPUS("<cpu id='1' socket_id='-3'/>"),
	  "c.xml:3: <cpu socket_id='-3'>: '-' stands where a number belongs", VN_E_SYNTAX },
	{ "<capabilities><host><topology><cells><cell id='0'><cpus><cpu id='4'/></cpus></cell>\n<cell id='1'><cpus><cpu id='4'/></cpus></cell></cells></topology></host></capabilities>",
	  "c.xml:2: CPU 4 is in node 0 and in node 1", VN_E_RANGE },
	/* between nodes */
	{ CAPS("<distances><sibling id='0' value='11'/></distances>" CPU0, ""),
	  "c.xml:3: the distance of node 0 to itself is 11 (legal: 10)", VN_E_RANGE },
	{ CAPS("<distances><sibling id='5' value='11'/></distances>" CPU0, ""),
	  "c.xml:3: <sibling id='5'>: there is no cell 5", VN_E_RANGE },
	{ CAPS("<distances><sibling id='0'/></distances>" CPU0, ""),
	  "c.xml:3: <sibling> has no attribute 'value'", VN_E_SYNTAX },
	{ CAPS(CPU0, "<interconnects><latency initiator='0' target='1' type='access' value='5'/></interconnects>"),
	  "c.xml:4: <latency target='1'>: there is no cell 1", VN_E_RANGE },
	{ CAPS(CPU0, "<interconnects><bandwidth initiator='0' target='0' value='5' unit='x'/></interconnects>"),
	  "c.xml:4: <bandwidth>: 'x' is not a unit of memory (legal: b, KB, KiB, MB, MiB, GB, GiB, TB, TiB, PB, PiB, EB, EiB)", VN_E_SYNTAX },
	/* caches */
	{ BANK("id='0'"),
	  "c.xml:2: <bank> has no attribute 'level'", VN_E_SYNTAX },
	{ BANK("level='3'"),
	  "c.xml:2: <bank> has no attribute 'cpus'", VN_E_SYNTAX },
	{ BANK("level='3' cpus='0-1'"),
	  "c.xml:2: CPU 1 is in a set of l3, but in no node", VN_E_RANGE },
};
/* clang-format on */

static void test_bad(void **state)
{
	(void)state;
	assert_all_refused("c.xml", bad, VN_LEN(bad));
}

static vn_host *read_good(const char *document)
{
	return read_good_host("c.xml", document);
}

/* The published form of 2010: no memory, no distances, no siblings. */
static void test_oldest(void **state)
{
	VN_AUTO(vn_host) host =
		read_good("<capabilities><host><topology><cells num='2'>"
			  "<cell id='0'><cpus num='2'><cpu id='0'/><cpu id='1'/></cpus></cell>"
			  "<cell id='1'><cpus num='2'><cpu id='2'/><cpu id='3'/></cpus></cell>"
			  "</cells></topology></host></capabilities>");

	(void)state;
	assert_int_equal(host->n_nodes, 2);
	assert_int_equal(host->n_cores, 4);
	assert_int_equal(host->n_sockets, 0);
	assert_null(host->slit);
	assert_int_equal(host->nodes[1].mem_kib, 0);
	assert_int_equal(host->cpus[3].node_ix, 1);
}

/* Where no siblings are listed, equal numbers make a core; they repeat in every socket and die. */
static void test_numbers(void **state)
{
	VN_AUTO(vn_host) host = read_good(CPUS("<cpu id='0' socket_id='0' die_id='0' core_id='0'/>"
					       "<cpu id='1' socket_id='0' die_id='1' core_id='0'/>"
					       "<cpu id='2' socket_id='1' die_id='0' core_id='0'/>"
					       "<cpu id='3' socket_id='0' die_id='0' core_id='0'/>"
					       "<cpu id='4'/>"));

	(void)state;
	assert_int_equal(host->n_cores, 4);
	assert_int_equal(host->n_dies, 3);
	assert_int_equal(host->n_sockets, 2);
	assert_int_equal(host->cpus[3].core, 0);
	assert_int_equal(host->cpus[4].socket, -1);
	assert_int_equal(host->nodes[0].socket, -1); /* CPUs of two sockets */
}

/* A distance that is not listed keeps the default. */
static void test_partial_distances(void **state)
{
	VN_AUTO(vn_host) host =
		read_good("<capabilities><host><topology><cells>"
			  "<cell id='7'><distances><sibling id='3' value='31'/></distances></cell>"
			  "<cell id='3'>" CPU0 "</cell></cells></topology></host></capabilities>");

	(void)state;
	assert_int_equal(vn_host_distance(host, 1, 0), 31);
	assert_int_equal(vn_host_distance(host, 0, 1), 20);
	assert_int_equal(vn_host_distance(host, 0, 0), 10);
}

/* 100 levels are fine, 300 are not; they are not about placement, so nothing is read from them. */
static void test_depth(void **state)
{
	VN_AUTO_TEXT text = VN_TEXT_INIT;
	vn_host *host = NULL;
	vn_error err;

	(void)state;
	for (int i = 0; i < 300; i++)
		vn_text_add(&text, "<capabilities>");
	assert_int_equal(vn_host_parse("c.xml", text.bytes, text.len, &host, &err), VN_E_SYNTAX);
	assert_int_equal(err.line, 1);
	assert_non_null(strstr(err.text, "depth"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bad),	cmocka_unit_test(test_oldest),
		cmocka_unit_test(test_numbers), cmocka_unit_test(test_partial_distances),
		cmocka_unit_test(test_depth),
	};

	return cmocka_run_group_tests_name("host_caps", tests, NULL, NULL);
}
