/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Bad domain XML: each row is a document (or the part between a guest's sizes and its end) and the
 * whole message, with the line and the column, that it is refused with. */
#include "vnuma/guest.h"

#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* An 8-vCPU guest of 8 GiB: its own text starts in line 4. */
#define GUEST "<domain>\n<memory unit='GiB'>8</memory>\n<vcpu>8</vcpu>\n"
#define END   "</domain>\n"

/* clang-format off */
static const struct {
	const char *xml;
	enum vn_code code;
	const char *name; /* Nova's, if it is one of Nova's rules */
	const char *message;
} rows[] = {
	/* ---- the document ---- */
	{ "",
	  VN_E_SYNTAX, NULL,
	  "is empty (legal: a domain XML)" },
	{ "<domain>",
	  VN_E_SYNTAX, NULL,
	  "1:9: not well-formed XML: Premature end of data in tag domain line 1" },
	{ "<domain>\n"
	  "<name>a</name>\n"
	  "<vcpu>2</vcp></domain>",
	  VN_E_SYNTAX, NULL,
	  "3:14: not well-formed XML: Opening and ending tag mismatch: vcpu line 3 and vcp" },
	{ "<domain><name>a&b</name></domain>",
	  VN_E_SYNTAX, NULL,
	  "1:18: not well-formed XML: EntityRef: expecting ';'" },
	{ "<domain><x:y/></domain>",
	  VN_E_SYNTAX, NULL,
	  "1:13: not well-formed XML: Namespace prefix x on y is not defined" },
	{ "<pool/>",
	  VN_E_SYNTAX, NULL,
	  "1:1: the document is a <pool> (legal: a <domain>)" },
	{ "<!DOCTYPE domain [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;\">]>\n"
	  "<domain><name>&b;</name></domain>",
	  VN_E_SYNTAX, NULL,
	  "1:1: a DOCTYPE is refused: a domain XML has no DTD and no entities of its own" },
	{ "<!-- <!DOCTYPE x> -->\n"
	  "  <!DOCTYPE domain SYSTEM \"file:///etc/passwd\">\n"
	  "<domain/>",
	  VN_E_SYNTAX, NULL,
	  "2:3: a DOCTYPE is refused: a domain XML has no DTD and no entities of its own" },
	{ "<domain><name>&xxe;</name></domain>",
	  VN_E_SYNTAX, NULL,
	  "1:20: not well-formed XML: Entity 'xxe' not defined" },
	{ "<?xml version='1.0' encoding='ISO-8859-1'?>\n"
	  "<domain/>",
	  VN_E_SYNTAX, NULL,
	  "1:1: encoding 'ISO-8859-1' is not read (legal: UTF-8)" },
	{ "<domain><name>\xff" "</name></domain>",
	  VN_E_SYNTAX, NULL,
	  "1:15: not well-formed XML: Input is not proper UTF-8, indicate encoding !" },
	{ "<domain>\n"
	  "<vcpu>1</vcpu>\n"
	  "</domain>",
	  VN_E_SYNTAX, NULL,
	  "1:1: <domain> has no <memory> (legal: <memory>, or <memory> of <vnuma>)" },
	{ GUEST "<memory>1</memory>\n" END,
	  VN_E_SYNTAX, NULL,
	  "4:1: a second <memory>: the first is in line 2 (legal: one)" },

	/* ---- sizes ---- */
	{ "<domain>\n"
	  "<memory unit='GIBI'>8</memory>\n"
	  "</domain>",
	  VN_E_SYNTAX, NULL,
	  "2:15: unit='GIBI' in <memory> is not a unit of memory (legal: b, KB, KiB, MB, MiB, GB, GiB, TB, TiB, PB, PiB, EB, EiB)" },
	{ "<domain>\n"
	  "<memory unit='GiB'>18446744073709551616</memory>\n"
	  "</domain>",
	  VN_E_RANGE, NULL,
	  "2:20: '18446744073709551616' in <memory> is not legal (legal: a whole number of KiB, or of the 'unit')" },
	{ "<domain>\n"
	  "<memory unit='b'>18446744073709551615</memory>\n"
	  "</domain>",
	  VN_E_RANGE, NULL,
	  "2:18: '18446744073709551615' in <memory>, unit 'b', is not legal (legal: 1 KiB to 1 EiB)" },
	{ "<domain>\n"
	  "<memory unit='EiB'>16</memory>\n"
	  "</domain>",
	  VN_E_RANGE, NULL,
	  "2:20: '16' in <memory>, unit 'EiB', is not legal (legal: 1 KiB to 1 EiB)" },
	{ "<domain>\n"
	  "<memory>0</memory>\n"
	  "</domain>",
	  VN_E_RANGE, NULL,
	  "2:9: '0' in <memory>, unit 'KiB', is not legal (legal: 1 KiB to 1 EiB)" },
	{ "<domain>\n"
	  "<memory>-8</memory>\n"
	  "</domain>",
	  VN_E_SYNTAX, NULL,
	  "2:9: '-8' in <memory> is not legal (legal: a whole number of KiB, or of the 'unit')" },
	{ "<domain>\n"
	  "<memory>1.5</memory>\n"
	  "</domain>",
	  VN_E_SYNTAX, NULL,
	  "2:9: '1.5' in <memory> is not legal (legal: a whole number of KiB, or of the 'unit')" },
	{ "<domain>\n"
	  "<memory> </memory>\n"
	  "</domain>",
	  VN_E_SYNTAX, NULL,
	  "2:1: <memory> is empty (legal: a whole number of KiB, or of the 'unit')" },
	{ "<domain>\n"
	  "<memory>8</memory>\n"
	  "  <vcpu>0</vcpu>\n"
	  "</domain>",
	  VN_E_RANGE, NULL,
	  "3:9: '0' in <vcpu> is not legal (legal: a number from 1 to 4096)" },
	{ "<domain>\n"
	  "<memory>8</memory>\n"
	  "  <vcpu>100000</vcpu>\n"
	  "</domain>",
	  VN_E_RANGE, NULL,
	  "3:9: '100000' in <vcpu> is not legal (legal: a number from 1 to 4096)" },
	{ "<domain>\n"
	  "<memory>8</memory>\n"
	  "  <vcpu>18446744073709551616</vcpu>\n"
	  "</domain>",
	  VN_E_RANGE, NULL,
	  "3:9: '18446744073709551616' in <vcpu> is not legal (legal: a number from 1 to 4096)" },
	{ "<domain>\n"
	  "<memory>8</memory>\n"
	  "  <vcpu>four</vcpu>\n"
	  "</domain>",
	  VN_E_SYNTAX, NULL,
	  "3:9: 'four' in <vcpu> is not legal (legal: a number from 1 to 4096)" },
	{ "<domain>\n"
	  "<memory>8</memory>\n"
	  "<vcpu current='5'>4</vcpu>\n"
	  "</domain>",
	  VN_E_RANGE, NULL,
	  "3:16: current='5' in <vcpu> is not legal (legal: a number from 1 to 4)" },
	{ "<domain>\n"
	  "<memory>8</memory>\n"
	  "<vcpu placement='auto'>4</vcpu>\n"
	  "</domain>",
	  VN_E_CONFLICT, NULL,
	  "3:18: placement='auto' in <vcpu> asks numad to place the guest, and so does a plan: remove the attribute" },
	{ "<domain>\n"
	  "<memory>8</memory>\n"
	  "<vcpu placement='numad'>4</vcpu>\n"
	  "</domain>",
	  VN_E_SYNTAX, NULL,
	  "3:18: placement='numad' in <vcpu> is not legal (legal: 'static' or 'auto')" },
	{ "<domain>\n"
	  "<memory>8</memory>\n"
	  "<vcpu cpuset='0-3,^0-3'>4</vcpu>\n"
	  "</domain>",
	  VN_E_RANGE, NULL,
	  "3:15: cpuset='0-3,^0-3' in <vcpu> leaves nothing (legal: at least one number)" },
	{ "<domain>\n"
	  "<memory>8</memory>\n"
	  "<vcpu cpuset='3-1'>4</vcpu>\n"
	  "</domain>",
	  VN_E_RANGE, NULL,
	  "3:15: cpuset='3-1' in <vcpu>: range 3-1 runs backwards (legal: 0-3,8,^2)" },
	{ "<domain>\n"
	  "<memory>8</memory>\n"
	  "<vcpu\n"
	  "  cpuset='0-3,\n"
	  " 9000'>4</vcpu>\n"
	  "</domain>",
	  VN_E_RANGE, NULL,
	  "5:2: cpuset='0-3,  9000' in <vcpu>: 9000 is more than the largest, 8191 (legal: 0-3,8,^2)" },
	{ GUEST "<vcpus><vcpu id='0' enabled='yes'/><vcpu id='0' enabled='yes'/></vcpus>\n" END,
	  VN_E_CONFLICT, NULL,
	  "4:46: id='0' in <vcpus> stands twice" },
	{ GUEST "<vcpus><vcpu id='8' enabled='yes'/></vcpus>\n" END,
	  VN_E_RANGE, NULL,
	  "4:18: id='8' in <vcpu> is not legal (legal: a number from 0 to 7)" },
	{ GUEST "<vcpus><vcpu id='0' enabled='no'/></vcpus>\n" END,
	  VN_E_RANGE, NULL,
	  "4:1: no vCPU of <vcpus> has enabled='yes' (legal: at least vCPU 0)" },
	{ "<domain>\n"
	  "<memory>8</memory>\n"
	  "<vcpu current='1'>4</vcpu>\n"
	  "<vcpus><vcpu id='0' enabled='yes'/><vcpu id='1' enabled='yes'/></vcpus>\n"
	  "</domain>",
	  VN_E_CONFLICT, NULL,
	  "4:1: 2 vCPUs of <vcpus> are enabled, but <vcpu> in line 3 has current='1'" },
	{ GUEST "<iothreads>257</iothreads>\n" END,
	  VN_E_RANGE, NULL,
	  "4:12: '257' in <iothreads> is not legal (legal: a number from 0 to 256)" },
	{ GUEST "<iothreadids><iothread id='0'/></iothreadids>\n" END,
	  VN_E_RANGE, NULL,
	  "4:28: id='0' in <iothread> is not legal (legal: a number from 1 to 8191)" },
	{ GUEST "<iothreadids><iothread id='2'/><iothread id='2'/></iothreadids>\n" END,
	  VN_E_CONFLICT, NULL,
	  "4:46: id='2' in <iothreadids> stands twice" },

	/* ---- cells ---- */
	{ GUEST "<cpu><numa>\n"
	  "<cell cpus='0-3' memory='4' unit='GiB'/>\n"
	  "<cell cpus='4-7' memory='3' unit='GiB'/>\n"
	  "</numa></cpu>\n" END,
	  VN_E_CONFLICT, NULL,
	  "4:6: the cells add up to 7 GiB, but <memory> in line 2 is 8 GiB" },
	{ GUEST "<cpu><numa>\n"
	  "<cell cpus='0-3' memory='4' unit='GiB'/>\n"
	  "<cell cpus='4-6' memory='4' unit='GiB'/>\n"
	  "</numa></cpu>\n" END,
	  VN_E_CONFLICT, NULL,
	  "4:6: vCPU 7 is in no cell, but <vcpu> in line 3 is 8" },
	{ GUEST "<cpu><numa>\n"
	  "<cell cpus='0-3' memory='4' unit='GiB'/>\n"
	  "<cell cpus='3-7' memory='4' unit='GiB'/>\n"
	  "</numa></cpu>\n" END,
	  VN_E_CONFLICT, NULL,
	  "6:13: vCPU 3 is in cell 1, and in cell 0 of line 5" },
	{ GUEST "<cpu><numa>\n"
	  "<cell cpus='0-3' memory='4' unit='GiB'/>\n"
	  "<cell cpus='4-8' memory='4' unit='GiB'/>\n"
	  "</numa></cpu>\n" END,
	  VN_E_CONFLICT, NULL,
	  "6:13: cell 1 has vCPU 8, but <vcpu> in line 3 is 8 (legal: 0 to 7)" },
	{ GUEST "<cpu><numa>\n"
	  "<cell id='0' cpus='0-3' memory='4' unit='GiB'/>\n"
	  "<cell id='0' cpus='4-7' memory='4' unit='GiB'/>\n"
	  "</numa></cpu>\n" END,
	  VN_E_CONFLICT, NULL,
	  "6:11: a second cell 0: the first is in line 5" },
	{ GUEST "<cpu><numa>\n"
	  "<cell id='1' cpus='0-3' memory='4' unit='GiB'/>\n"
	  "<cell id='2' cpus='4-7' memory='4' unit='GiB'/>\n"
	  "</numa></cpu>\n" END,
	  VN_E_RANGE, NULL,
	  "6:11: id='2' in <cell> is not legal (legal: a number from 0 to 1)" },
	{ GUEST "<cpu><numa><cell cpus='0-7'/></numa></cpu>\n" END,
	  VN_E_SYNTAX, NULL,
	  "4:12: <cell> has no attribute 'memory' (legal: a whole number of KiB, or of the 'unit')" },
	{ GUEST "<cpu><numa><cell cpus='0-7' memory='8' unit='potatoes'/></numa></cpu>\n" END,
	  VN_E_SYNTAX, NULL,
	  "4:46: unit='potatoes' in <cell> is not a unit of memory (legal: b, KB, KiB, MB, MiB, GB, GiB, TB, TiB, PB, PiB, EB, EiB)" },
	{ GUEST "<cpu><numa><cell cpus='0-7' memory='8' unit='GiB'><distances><sibling id='0' value='11'/></distances></cell></numa></cpu>\n" END,
	  VN_E_RANGE, NULL,
	  "4:85: value='11' in <sibling> is not legal (legal: 10)" },
	{ GUEST "<cpu><numa>\n"
	  "<cell cpus='0-3' memory='4' unit='GiB'><distances><sibling id='1' value='10'/></distances></cell>\n"
	  "<cell cpus='4-7' memory='4' unit='GiB'/>\n"
	  "</numa></cpu>\n" END,
	  VN_E_RANGE, NULL,
	  "5:74: value='10' in <sibling> is not legal (legal: a number from 11 to 255)" },
	{ GUEST "<cpu><numa><cell cpus='0-7' memory='8' unit='GiB'><distances><sibling id='1' value='20'/></distances></cell></numa></cpu>\n" END,
	  VN_E_RANGE, NULL,
	  "4:75: id='1' in <sibling> is not legal (legal: 0)" },

	/* ---- topology ---- */
	{ GUEST "<cpu><topology sockets='2' cores='2' threads='1'/></cpu>\n" END,
	  VN_E_CONFLICT, NULL,
	  "4:6: <topology> of 2 x 1 x 2 x 1 makes 4 vCPUs, but <vcpu> in line 3 is 8" },
	{ GUEST "<cpu><topology sockets='0' cores='8' threads='1'/></cpu>\n" END,
	  VN_E_RANGE, NULL,
	  "4:25: sockets='0' in <topology> is not legal (legal: a number from 1 to 4096)" },
	{ GUEST "<cpu><topology sockets='8' threads='1'/></cpu>\n" END,
	  VN_E_SYNTAX, NULL,
	  "4:6: <topology> has no attribute 'cores' (legal: a number from 1 to 4096)" },
	{ GUEST "<cpu><topology sockets='4' clusters='2' cores='2' threads='1'/></cpu>\n" END,
	  VN_E_RANGE, NULL,
	  "4:38: clusters='2' in <topology> is not supported (legal: 1)" },
	{ GUEST "<cpu><topology sockets='1' cores='8' threads='1'/>\n"
	  "<numa>\n"
	  "<cell cpus='0-3' memory='4' unit='GiB'/>\n"
	  "<cell cpus='4-7' memory='4' unit='GiB'/>\n"
	  "</numa></cpu>\n" END,
	  VN_E_CONFLICT, NULL,
	  "4:6: socket 0 of <topology> spans two cells: its vCPU 4 is in cell 1 of line 7, its vCPU 0 is not" },
	{ GUEST "<cpu><topology sockets='4' cores='2' threads='1'/></cpu>\n"
	  "<vnuma><spec name='hw:cpu_sockets' value='2'/></vnuma>\n" END,
	  VN_E_CONFLICT, NULL,
	  "4:6: sockets='4' in <topology>, but hw:cpu_sockets is '2'" },
	{ GUEST "<cpu><topology sockets='4' cores='2' threads='1'/></cpu>\n"
	  "<vnuma><spec name='hw:cpu_max_sockets' value='2'/></vnuma>\n" END,
	  VN_E_CONFLICT, NULL,
	  "4:6: sockets='4' in <topology>, but hw:cpu_max_sockets is '2'" },

	/* ---- pins and bindings ---- */
	{ GUEST "<cputune>\n"
	  "<vcpupin vcpu='0' cpuset='1'/>\n"
	  "<vcpupin vcpu='0' cpuset='2'/>\n"
	  "</cputune>\n" END,
	  VN_E_CONFLICT, NULL,
	  "6:16: vcpu='0' in <vcpupin> stands twice (legal: once)" },
	{ GUEST "<cputune><vcpupin vcpu='8' cpuset='1'/></cputune>\n" END,
	  VN_E_CONFLICT, NULL,
	  "4:25: vcpu='8' in <vcpupin>: <vcpu> in line 3 is 8 (legal: 0 to 7)" },
	{ GUEST "<cputune><vcpupin vcpu='0'/></cputune>\n" END,
	  VN_E_SYNTAX, NULL,
	  "4:10: <vcpupin> has no attribute 'cpuset' (legal: a list such as 0-3,8,^2)" },
	{ GUEST "<cputune><vcpupin cpuset='0'/></cputune>\n" END,
	  VN_E_SYNTAX, NULL,
	  "4:10: <vcpupin> has no attribute 'vcpu' (legal: a number from 0 to 4095)" },
	{ GUEST "<cputune><vcpupin vcpu='0' cpuset='0-2x'/></cputune>\n" END,
	  VN_E_SYNTAX, NULL,
	  "4:39: cpuset='0-2x' in <vcpupin>: 'x' stands where a comma or the end belongs (legal: 0-3,8,^2)" },
	{ GUEST "<cputune><vcpupin vcpu='0' cpuset='8192'/></cputune>\n" END,
	  VN_E_RANGE, NULL,
	  "4:36: cpuset='8192' in <vcpupin>: 8192 is more than the largest, 8191 (legal: 0-3,8,^2)" },
	{ GUEST "<vnuma><spec name='hw:cpu_policy' value='dedicated'/></vnuma>\n"
	  "<cputune><vcpupin vcpu='0' cpuset='0-1'/></cputune>\n" END,
	  VN_E_CONFLICT, NULL,
	  "5:36: cpuset='0-1' in <vcpupin> pins vCPU 0 to 2 CPUs, but hw:cpu_policy gives it one of its own" },
	{ GUEST "<vnuma distribution='siblings'/>\n"
	  "<cputune><vcpupin vcpu='0' cpuset='0-1'/></cputune>\n" END,
	  VN_E_CONFLICT, NULL,
	  "5:36: cpuset='0-1' in <vcpupin> pins vCPU 0 to 2 CPUs, but distribution='siblings' gives it one of its own" },
	{ GUEST "<cputune><emulatorpin cpuset='0,^0'/></cputune>\n" END,
	  VN_E_RANGE, NULL,
	  "4:31: cpuset='0,^0' in <emulatorpin> leaves nothing (legal: at least one number)" },
	{ GUEST "<cputune><iothreadpin iothread='1' cpuset='0'/></cputune>\n" END,
	  VN_E_CONFLICT, NULL,
	  "4:33: iothread='1' in <iothreadpin>: the guest has 0 I/O threads, and none with this id" },
	{ GUEST "<iothreads>1</iothreads>\n"
	  "<cputune>\n"
	  "<iothreadpin iothread='1' cpuset='0'/>\n"
	  "<iothreadpin iothread='1' cpuset='0'/>\n"
	  "</cputune>\n" END,
	  VN_E_CONFLICT, NULL,
	  "7:24: iothread='1' in <iothreadpin> stands twice (legal: once)" },
	{ GUEST "<numatune><memory mode='tight' nodeset='0'/></numatune>\n" END,
	  VN_E_SYNTAX, NULL,
	  "4:25: mode='tight' in <memory> is not legal (legal: 'strict', 'preferred', 'interleave' or 'restrictive')" },
	{ GUEST "<numatune><memory mode='strict'/></numatune>\n" END,
	  VN_E_SYNTAX, NULL,
	  "4:11: <memory> has no attribute 'nodeset' (legal: a list such as 0-3,8,^2)" },
	{ GUEST "<numatune><memory mode='strict' placement='auto'/></numatune>\n" END,
	  VN_E_CONFLICT, NULL,
	  "4:44: placement='auto' in <numatune> asks numad to place the guest, and so does a plan: remove the element" },
	{ GUEST "<numatune><memory nodeset='0-1,^0-1'/></numatune>\n" END,
	  VN_E_RANGE, NULL,
	  "4:28: nodeset='0-1,^0-1' in <memory> leaves nothing (legal: at least one number)" },
	{ GUEST "<numatune><memory nodeset='0-1024'/></numatune>\n" END,
	  VN_E_RANGE, NULL,
	  "4:30: nodeset='0-1024' in <memory>: 1024 is more than the largest, 1023 (legal: 0-3,8,^2)" },
	{ GUEST "<numatune><memnode cellid='0' nodeset='0'/></numatune>\n" END,
	  VN_E_CONFLICT, NULL,
	  "4:28: cellid='0' in <memnode>, but the guest has no cells (legal: name them in <cpu><numa>, or their number in <partition cells=>)" },
	{ GUEST "<cpu><numa>\n"
	  "<cell cpus='0-3' memory='4' unit='GiB'/>\n"
	  "<cell cpus='4-7' memory='4' unit='GiB'/>\n"
	  "</numa></cpu>\n"
	  "<numatune><memnode cellid='2' nodeset='0'/></numatune>\n" END,
	  VN_E_CONFLICT, NULL,
	  "8:28: cellid='2' in <memnode>: the guest has no cell 2 (legal: 0 to 1)" },
	{ GUEST "<cpu><numa>\n"
	  "<cell cpus='0-3' memory='4' unit='GiB'/>\n"
	  "<cell cpus='4-7' memory='4' unit='GiB'/>\n"
	  "</numa></cpu>\n"
	  "<numatune>\n"
	  "<memnode cellid='1' nodeset='0'/>\n"
	  "<memnode cellid='1' nodeset='1'/>\n"
	  "</numatune>\n" END,
	  VN_E_CONFLICT, NULL,
	  "10:18: cellid='1' in <memnode> stands twice (legal: once)" },
	{ GUEST "<cpu><numa>\n"
	  "<cell cpus='0-3' memory='4' unit='GiB'/>\n"
	  "<cell cpus='4-7' memory='4' unit='GiB'/>\n"
	  "</numa></cpu>\n"
	  "<numatune>\n"
	  "<memory mode='strict' nodeset='0-1'/>\n"
	  "<memnode cellid='1' mode='restrictive' nodeset='0'/>\n"
	  "</numatune>\n" END,
	  VN_E_CONFLICT, NULL,
	  "10:27: mode='restrictive' in <memnode>, but the guest's memory mode is 'strict'" },
	{ GUEST "<vnuma><memory mode='preferred'/></vnuma>\n"
	  "<numatune><memory mode='strict' nodeset='0'/></numatune>\n" END,
	  VN_E_CONFLICT, NULL,
	  "5:25: mode='strict' in <memory>, but the guest's memory mode is 'preferred'" },

	/* ---- memory backing ---- */
	{ GUEST "<memoryBacking><hugepages>\n"
	  "<page size='2' unit='MiB'/>\n"
	  "<page size='1' unit='GiB'/>\n"
	  "</hugepages></memoryBacking>\n" END,
	  VN_E_CONFLICT, NULL,
	  "6:1: <page> is for the same cells as <page> in line 5 (legal: one size for a cell)" },
	{ GUEST "<cpu><numa>\n"
	  "<cell cpus='0-3' memory='4' unit='GiB'/>\n"
	  "<cell cpus='4-7' memory='4' unit='GiB'/>\n"
	  "</numa></cpu>\n"
	  "<memoryBacking><hugepages>\n"
	  "<page size='2' unit='MiB' nodeset='0-1'/>\n"
	  "<page size='1' unit='GiB' nodeset='1'/>\n"
	  "</hugepages></memoryBacking>\n" END,
	  VN_E_CONFLICT, NULL,
	  "10:1: <page> is for the same cells as <page> in line 9 (legal: one size for a cell)" },
	{ GUEST "<cpu><numa>\n"
	  "<cell cpus='0-3' memory='4' unit='GiB'/>\n"
	  "<cell cpus='4-7' memory='4' unit='GiB'/>\n"
	  "</numa></cpu>\n"
	  "<memoryBacking><hugepages><page size='2' unit='MiB' nodeset='2'/></hugepages></memoryBacking>\n" END,
	  VN_E_CONFLICT, NULL,
	  "8:62: nodeset='2' in <page>: the guest has no cell 2 (legal: 0 to 1)" },
	{ GUEST "<memoryBacking><hugepages><page size='2' unit='MiB' nodeset='1'/></hugepages></memoryBacking>\n" END,
	  VN_E_CONFLICT, NULL,
	  "4:62: nodeset='1' in <page>: no cell 1 is fixed (legal: name the cells in <cpu><numa>, or their number in <partition cells=>)" },
	{ GUEST "<memoryBacking><hugepages><page size='0'/></hugepages></memoryBacking>\n" END,
	  VN_E_RANGE, NULL,
	  "4:39: size='0' in <page>, unit 'KiB', is not legal (legal: 1 KiB to 1 EiB)" },
	{ GUEST "<memoryBacking><hugepages/></memoryBacking>\n"
	  "<vnuma><spec name='hw:mem_page_size' value='large'/></vnuma>\n" END,
	  VN_E_CONFLICT, NULL,
	  "4:16: <hugepages>, and hw:mem_page_size in line 5 (legal: one of them)" },
	{ GUEST "<memoryBacking><locked/></memoryBacking>\n"
	  "<vnuma><spec name='hw:locked_memory' value='no'/></vnuma>\n" END,
	  VN_E_CONFLICT, NULL,
	  "4:16: <locked/>, but hw:locked_memory in line 5 is false" },
	{ GUEST "<memoryBacking><access mode='private'/></memoryBacking>\n"
	  "<devices><interface type='vhostuser'/></devices>\n" END,
	  VN_E_CONFLICT, NULL,
	  "4:16: <access mode='private'/>, but a vhost-user device or virtiofs needs mode='shared'" },

	/* ---- devices ---- */
	{ GUEST "<devices><memory model='dimmm'><target><size>1</size></target></memory></devices>\n" END,
	  VN_E_SYNTAX, NULL,
	  "4:25: model='dimmm' in <memory> is not legal (legal: 'dimm', 'virtio-mem', 'nvdimm', 'virtio-pmem' or 'sgx-epc')" },
	{ GUEST "<devices><memory model='dimm'><target><node>0</node></target></memory></devices>\n" END,
	  VN_E_SYNTAX, NULL,
	  "4:10: <memory> device has no <size> in <target>" },
	{ GUEST "<devices>\n"
	  "<memory model='dimm'><target><size unit='GiB'>8</size><node>0</node></target></memory>\n"
	  "</devices>\n" END,
	  VN_E_CONFLICT, NULL,
	  "2:1: <memory> of 8 GiB counts the memory devices, and these are 8 GiB (first in line 5)" },
	{ GUEST "<devices><memory model='dimm'><target><size unit='GiB'>1</size><node>1</node></target></memory></devices>\n" END,
	  VN_E_CONFLICT, NULL,
	  "4:70: '1' in <node>: no cell 1 is fixed (legal: name the cells in <cpu><numa>, or their number in <partition cells=>)" },
	{ GUEST "<devices><hostdev type='pci'><source><address domain='0' bus='0x100' slot='0' function='0'/></source></hostdev></devices>\n" END,
	  VN_E_RANGE, NULL,
	  "4:63: bus='0x100' in <address> is not legal (legal: 0 to 0xff)" },
	{ GUEST "<devices><hostdev type='pci'><source><address bus='0x3g'/></source></hostdev></devices>\n" END,
	  VN_E_SYNTAX, NULL,
	  "4:52: bus='0x3g' in <address> is not legal (legal: 0 to 0xff)" },

	/* ---- <vnuma> ---- */
	{ GUEST "<vnuma mode='all'/>\n" END,
	  VN_E_SYNTAX, NULL,
	  "4:14: mode='all' in <vnuma> is not legal (legal: 'auto', 'host' or 'node')" },
	{ GUEST "<vnuma distribution='random'/>\n" END,
	  VN_E_SYNTAX, NULL,
	  "4:22: distribution='random' in <vnuma> is not legal (legal: 'contiguous', 'siblings', 'round-robin' or 'interleave')" },
	{ GUEST "<vnuma nodes='2'/>\n" END,
	  VN_E_SYNTAX, NULL,
	  "4:1: <vnuma> has no attribute 'nodes' (legal: 'mode' or 'distribution')" },
	{ GUEST "<vnuma><memroy>1</memroy></vnuma>\n" END,
	  VN_E_SYNTAX, NULL,
	  "4:8: <vnuma> has no child <memroy> (legal: 'memory', 'partition' or 'spec')" },
	{ GUEST "<vnuma>auto</vnuma>\n" END,
	  VN_E_SYNTAX, NULL,
	  "4:1: <vnuma> has text of its own (legal: 'memory', 'partition' or 'spec')" },
	{ GUEST "<vnuma/>\n"
	  "<vnuma/>\n" END,
	  VN_E_SYNTAX, NULL,
	  "5:1: a second <vnuma>: the first is in line 4 (legal: one)" },
	{ GUEST "<vnuma/>\n"
	  "<metadata><v:vnuma xmlns:v='urn:vnuma:domain:1'/></metadata>\n" END,
	  VN_E_CONFLICT, NULL,
	  "4:1: <vnuma> stands here and in <metadata>, line 5 (legal: one)" },
	{ GUEST "<metadata><vnuma/></metadata>\n" END,
	  VN_E_SYNTAX, NULL,
	  "4:11: <vnuma> in <metadata> is in no namespace (legal: xmlns:vnuma='urn:vnuma:domain:1')" },
	{ GUEST "<v:vnuma xmlns:v='urn:vnuma:domain:1'/>\n" END,
	  VN_E_SYNTAX, NULL,
	  "4:1: <vnuma> of namespace urn:vnuma:domain:1 belongs under <metadata>" },
	{ GUEST "<metadata><v:vnuma xmlns:v='urn:vnuma:domain:1'><partition cells='2'/></v:vnuma></metadata>\n" END,
	  VN_E_SYNTAX, NULL,
	  "4:49: <vnuma> has no child <partition> of that namespace (legal: 'memory', 'partition', 'spec' or 'wrote')" },
	{ GUEST "<metadata><v:vnuma xmlns:v='urn:vnuma:domain:1'><v:wrote pins='0'/></v:vnuma></metadata>\n" END,
	  VN_E_SYNTAX, NULL,
	  "4:49: <wrote> has no attribute 'pins' (legal: those that vnuma-domain(5) lists)" },
	{ GUEST "<vnuma><wrote vcpupin='0'/></vnuma>\n" END,
	  VN_E_SYNTAX, NULL,
	  "4:8: <vnuma> has no child <wrote> (legal: 'memory', 'partition' or 'spec')" },
	{ GUEST "<vnuma><memory unit='GiB'>9</memory></vnuma>\n" END,
	  VN_E_CONFLICT, NULL,
	  "4:8: <memory> of <vnuma> is 9 GiB, but <memory> in line 2 is 8 GiB" },
	{ GUEST "<vnuma><memory mode='interleave'>8388608</memory></vnuma>\n" END,
	  VN_E_SYNTAX, NULL,
	  "4:22: mode='interleave' in <memory> is not legal (legal: 'strict', 'preferred' or 'restrictive')" },
	{ GUEST "<vnuma><memory/></vnuma>\n" END,
	  VN_E_SYNTAX, NULL,
	  "4:8: <memory> is empty (legal: a whole number of KiB, or of the 'unit')" },
	{ GUEST "<vnuma><partition nodeset='0-3,^0-3'/></vnuma>\n" END,
	  VN_E_RANGE, NULL,
	  "4:28: nodeset='0-3,^0-3' in <partition> leaves nothing (legal: at least one number)" },
	{ GUEST "<vnuma><partition nodeset='0-'/></vnuma>\n" END,
	  VN_E_SYNTAX, NULL,
	  "4:30: nodeset='0-' in <partition>: a number is missing at the end of '0-' (legal: 0-3,8,^2)" },
	{ GUEST "<vnuma><partition cells='0'/></vnuma>\n" END,
	  VN_E_RANGE, NULL,
	  "4:26: cells='0' in <partition> is not legal (legal: a number from 1 to 128)" },
	{ GUEST "<vnuma><partition cells='129'/></vnuma>\n" END,
	  VN_E_RANGE, NULL,
	  "4:26: cells='129' in <partition> is not legal (legal: a number from 1 to 128)" },
	{ GUEST "<vnuma><partition cells='9'/></vnuma>\n" END,
	  VN_E_CONFLICT, NULL,
	  "4:26: cells='9' is more than the 8 vCPUs of the guest" },
	{ GUEST "<vnuma><partition cells='2'/><partition cells='2'/></vnuma>\n" END,
	  VN_E_SYNTAX, NULL,
	  "4:30: a second <partition>: the first is in line 4 (legal: one)" },
	{ GUEST "<vnuma><partition cells='4'/></vnuma>\n"
	  "<cpu><numa>\n"
	  "<cell cpus='0-3' memory='4' unit='GiB'/>\n"
	  "<cell cpus='4-7' memory='4' unit='GiB'/>\n"
	  "</numa></cpu>\n" END,
	  VN_E_CONFLICT, NULL,
	  "4:26: cells='4', but the cells that are fixed in line 5 are 2" },
	{ GUEST "<vnuma distribution='round-robin'/>\n"
	  "<cpu><numa>\n"
	  "<cell cpus='0-3' memory='4' unit='GiB'/>\n"
	  "<cell cpus='4-7' memory='4' unit='GiB'/>\n"
	  "</numa></cpu>\n" END,
	  VN_E_CONFLICT, NULL,
	  "4:22: distribution='round-robin' puts vCPU 1 into cell 1, but the cells that are fixed in line 5 put it elsewhere" },
	{ GUEST "<vnuma><spec name='hw:cpu_policy'/></vnuma>\n" END,
	  VN_E_SYNTAX, NULL,
	  "4:8: <spec> has no attribute 'value' (legal: 'name' and 'value')" },
	{ GUEST "<vnuma><spec name='hw:cpu_polizei' value='shared'/></vnuma>\n" END,
	  VN_E_SYNTAX, NULL,
	  "4:43: 'hw:cpu_polizei' is not an extra spec of Nova (legal: the names that 'vnuma help specs' lists)" },
	{ GUEST "<vnuma><spec name='hw:cpu_policy' value='exclusive'/></vnuma>\n" END,
	  VN_E_RANGE, "InvalidCPUAllocationPolicy",
	  "4:42: hw:cpu_policy is 'exclusive' (legal: shared, dedicated or mixed)" },
	{ GUEST "<vnuma>\n"
	  "<spec name='hw:cpu_policy' value='shared'/>\n"
	  "<spec name='hw:cpu_policy' value='dedicated'/>\n"
	  "</vnuma>\n" END,
	  VN_E_CONFLICT, NULL,
	  "6:35: 'hw:cpu_policy' is given twice: 'shared' and 'dedicated'" },
	{ GUEST "<vnuma distribution='siblings'><spec name='hw:cpu_policy' value='shared'/></vnuma>\n" END,
	  VN_E_CONFLICT, NULL,
	  "4:22: distribution='siblings' gives each vCPU a CPU of its own, but hw:cpu_policy is 'shared' (legal: 'dedicated')" },
	{ GUEST "<vnuma distribution='siblings'><spec name='hw:cpu_thread_policy' value='isolate'/></vnuma>\n" END,
	  VN_E_CONFLICT, NULL,
	  "4:22: distribution='siblings' fills cores with vCPUs, but the CPU thread policy is 'isolate', one vCPU for each core" },
	{ GUEST "<vnuma><spec name='hw:numa_nodes' value='3'/></vnuma>\n" END,
	  VN_E_CONFLICT, "ImageNUMATopologyAsymmetric",
	  "4:42: 8 vCPUs and 8388608 KiB do not split into 3 even cells of whole MiB (legal: numbers that divide, or hw:numa_cpus.N and hw:numa_mem.N)" },
	{ GUEST "<vnuma><spec name='hw:numa_nodes' value='4'/></vnuma>\n"
	  "<cpu><numa>\n"
	  "<cell cpus='0-3' memory='4' unit='GiB'/>\n"
	  "<cell cpus='4-7' memory='4' unit='GiB'/>\n"
	  "</numa></cpu>\n" END,
	  VN_E_CONFLICT, "ImageNUMATopologyForbidden",
	  "4:42: hw:numa_nodes is '4', but <cpu><numa> in line 5 fixes 2 cells" },
};
/* clang-format on */

static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < VN_LEN(rows); i++) {
		vn_request *request = NULL;
		char message[512];
		vn_error err = { 0 };
		int r = vn_request_parse_xml(NULL, rows[i].xml, strlen(rows[i].xml), &request,
					     &err);

		print_message("# %.60s\n", rows[i].message);
		assert_int_equal(r, rows[i].code);
		assert_int_equal(err.code, rows[i].code);
		assert_null(request);
		assert_string_equal(vn_error_format(&err, message, sizeof(message)),
				    rows[i].message);
		assert_int_equal(!err.name, !rows[i].name);
		if (err.name)
			assert_string_equal(err.name, rows[i].name);
	}
}

/* The source stands before the place, and nothing is needed to ask for an error. */
static void test_source(void **state)
{
	char message[512];
	vn_error err = { 0 };
	vn_request *request = NULL;

	(void)state;
	assert_int_equal(vn_request_parse_xml("g.xml", "<pool/>", 7, &request, &err), VN_E_SYNTAX);
	assert_string_equal(vn_error_format(&err, message, sizeof(message)),
			    "g.xml:1:1: the document is a <pool> (legal: a <domain>)");
	assert_int_equal(vn_request_parse_xml("g.xml", "<pool/>", 7, &request, NULL), VN_E_SYNTAX);
	assert_null(request);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_source),
	};

	return cmocka_run_group_tests_name("guest_xml_bad", tests, NULL, NULL);
}
