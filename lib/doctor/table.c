/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The table of checks. Ids and names are for ever: scripts, notes and the JSON refer to them. To
 * add a check: a row at the end, its function in the table of run.c. */
#include <strings.h>

#include "vnuma/doctor.h"

const char *const vn_check_status_names[VN_CHECK_STATUS_COUNT] = {
	[VN_CHECK_PASS] = "PASS", [VN_CHECK_SKIP] = "SKIP", [VN_CHECK_INFO] = "INFO",
	[VN_CHECK_WARN] = "WARN", [VN_CHECK_FAIL] = "FAIL",
};

const char *const vn_fix_kind_names[VN_FIX_KIND_COUNT] = {
	[VN_FIX_NONE] = "none",
	[VN_FIX_COMMAND] = "command",
	[VN_FIX_XML] = "xml",
	[VN_FIX_WORDS] = "words",
};

#define GUEST true
#define HOST  false

const vn_check vn_checks[VN_CHECK_COUNT] = {
	{ "VN001", "wide-without-cells", GUEST, VN_CHECK_WARN,
	  "for cells in a guest wider than one node",
	  "A guest with more vCPUs or memory than a node of the host has, or whose "
	  "vCPUs are pinned to several nodes, runs on several nodes. Without "
	  "<cpu><numa> its own kernel sees one node, and uses memory far from the "
	  "vCPU that needs it.",
	  "vnuma plan GUEST.xml >placed.xml, and define that: it writes the cells, "
	  "their pins and memory nodes." },
	{ "VN002", "floating", GUEST, VN_CHECK_WARN, "that a guest that fits a node stays on one",
	  "A guest that one node could hold, but whose vCPUs may run on several, "
	  "wanders: its memory stays behind. Looked at: the CPUs that its vCPUs may"
	  " use, and where its memory is when that is known.",
	  "virsh vcpupin GUEST VCPU CPUS --live --config for each vCPU, with the "
	  "CPUs of the node that has its memory; or plan it anew." },
	{ "VN003", "cpus-and-memory-apart", GUEST, VN_CHECK_WARN,
	  "that CPUs and memory are on the same nodes",
	  "The vCPUs may run on some nodes, and the memory is bound to others, or "
	  "more than 5 % of what the guest uses was found on others: every such "
	  "access crosses nodes. A node that has no memory is far from all.",
	  "virsh vcpupin GUEST VCPU CPUS with CPUs of the memory's node; where the "
	  "memory mode is 'restrictive', virsh numatune GUEST --nodeset NODES "
	  "--live moves the memory." },
	{ "VN004", "cell-spread", GUEST, VN_CHECK_WARN, "that each cell stays on one node",
	  "A cell of the guest stands for a node. Its vCPUs may run on several "
	  "nodes, or on another node than its memory is bound to: the guest's "
	  "kernel places its threads and memory by a map that is wrong.",
	  "virsh vcpupin GUEST VCPU CPUS for the vCPUs of the cell, with the CPUs "
	  "of the node that its <memnode> names." },
	{ "VN005", "node-memory-short", GUEST, VN_CHECK_FAIL,
	  "for memory that is promised on each node",
	  "Guests with memory bound strictly to a node were promised more than the "
	  "node has, or a guest that is to start needs more than is free there. The"
	  " kernel then kills a guest although other nodes have memory. A guest "
	  "that runs counts with what it has not touched yet.",
	  "Move a guest away, make one smaller, or bind with mode='preferred'." },
	{ "VN006", "hugepages-short-on-node", GUEST, VN_CHECK_FAIL, "for huge pages on each node",
	  "A cell on huge pages needs them on its own node. The pool is counted for"
	  " each node: that the host has enough in all does not help, and the guest"
	  " does not start.",
	  "virsh allocpages SIZE COUNT --cellno NODE --add; at boot, "
	  "hugepages=NODE:COUNT." },
	{ "VN007", "hugepage-pool", HOST, VN_CHECK_WARN, "the pools of huge pages",
	  "Pools that may grow by surplus pages take these from any node at the "
	  "time of a fault. A guest on huge pages that come from files needs a "
	  "hugetlbfs mounted for their size. Pages of 1 GiB that are not reserved "
	  "on the kernel's command line may not be found after the next boot.",
	  "echo 0 "
	  ">/sys/kernel/mm/hugepages/hugepages-SIZEkB/nr_overcommit_hugepages; "
	  "mount a hugetlbfs with pagesize=SIZE; reserve at boot." },
	{ "VN008", "threads-mismatch", GUEST, VN_CHECK_WARN,
	  "guest threads against hardware threads",
	  "vCPUs pinned to the two threads of a core share its units. If the guest "
	  "does not see them as threads of one core it gives both a full load; if "
	  "it sees threads where there are whole cores it leaves half of them idle.",
	  "<topology threads=> as the pins are, consecutive vCPUs on siblings; "
	  "'vnuma plan' does both. On AMD the guest needs the CPU feature topoext." },
	{ "VN009", "socket-spans-cells", GUEST, VN_CHECK_FAIL,
	  "that sockets and cores do not span cells",
	  "By <topology>, a socket (WARN) or a core (FAIL) of the guest has vCPUs "
	  "in two cells. No hardware is like that; guest kernels warn, ignore the "
	  "cells, or do not start.",
	  "<topology sockets='CELLS' cores=... threads=...>, so that each cell is "
	  "whole sockets." },
	{ "VN010", "socket-per-vcpu", GUEST, VN_CHECK_WARN, "for a CPU topology",
	  "Without <topology> QEMU makes every vCPU a socket. Windows and some "
	  "licences use only as many sockets as they allow (WARN where libosinfo "
	  "says Windows, else INFO), and the guest sees no shared cache.",
	  "<topology sockets='1' dies='1' cores='VCPUS' threads='1'/> under <cpu>; "
	  "one socket for each cell." },
	{ "VN011", "cpu-overcommitted", GUEST, VN_CHECK_FAIL, "for CPUs that are promised twice",
	  "Two vCPUs are pinned to one CPU (FAIL for a vCPU in real time), vCPUs "
	  "float over a CPU that another guest's vCPU has to itself, or more vCPUs "
	  "of a guest share a set of CPUs than it has. Where two guests claim a "
	  "CPU, the one whose pins vnuma did not write is named. INFO where plans "
	  "of vnuma made it so.",
	  "virsh vcpupin GUEST VCPU CPU with a CPU that nobody has." },
	{ "VN012", "core-shared", GUEST, VN_CHECK_WARN, "for cores that two guests share",
	  "vCPUs of two guests have the two threads of one core to themselves: each"
	  " slows the other down, and side channels (L1TF, MDS) work between them. "
	  "INFO where plans of vnuma made it so, by the thread policy 'prefer'.",
	  "Plan with hw:cpu_thread_policy=isolate, or 'require' and an even number "
	  "of vCPUs." },
	{ "VN013", "emulator-on-pinned-cpus", GUEST, VN_CHECK_WARN,
	  "that the emulator keeps off pinned CPUs",
	  "QEMU's own threads and the I/O threads interrupt the vCPUs whose CPUs "
	  "they may use: they are not pinned, though the vCPUs are, or are pinned "
	  "to CPUs that vCPUs have to themselves. Not reported where a plan of "
	  "vnuma wrote the emulator's pins: it then follows the guest's policy.",
	  "virsh emulatorpin GUEST CPUS, virsh iothreadpin GUEST ID CPUS, with CPUs"
	  " of the guest's node that no vCPU has to itself." },
	{ "VN014", "iothread-remote", GUEST, VN_CHECK_WARN, "that I/O threads are near their disks",
	  "An I/O thread may only run on other nodes than the one of the block "
	  "device that it serves.",
	  "virsh iothreadpin GUEST ID CPUS with CPUs of the device's node." },
	{ "VN015", "device-remote", GUEST, VN_CHECK_WARN, "that passed-through devices are near",
	  "A PCI device of the host that the guest has is on a node where none of "
	  "its vCPUs may run: each transfer and interrupt crosses nodes.",
	  "Plan the guest anew: the device pulls it to its node; or use a device of"
	  " the guest's node." },
	{ "VN016", "device-bus-without-node", GUEST, VN_CHECK_INFO,
	  "that the guest knows where its devices are",
	  "A guest of several cells is not told, by a pcie-expander-bus with a "
	  "<node>, which of them a passed-through device is near; or it is told a "
	  "wrong one.",
	  "<controller type='pci' model='pcie-expander-bus'><target "
	  "busNr=...><node>CELL</node></target></controller> and a root port below "
	  "it; 'vnuma plan' writes them." },
	{ "VN017", "placement-auto", GUEST, VN_CHECK_FAIL, "for placement by numad",
	  "With placement='auto' libvirt asks numad at each start. It looks at what"
	  " is idle at that moment, knows no promises to other guests, no huge "
	  "pages and no cells, and nothing is pinned one to one. With <memnode> "
	  "libvirt refuses it (FAIL).",
	  "vnuma plan GUEST.xml, after taking placement='auto' away." },
	{ "VN018", "numad-running", HOST, VN_CHECK_WARN, "for a numad that moves pinned guests",
	  "The daemon numad changes CPUs and moves memory of large processes, also "
	  "of guests that libvirt has pinned, and libvirt does not notice.",
	  "systemctl disable --now numad, or exclude the guests with numad -x PID." },
	{ "VN019", "numa-balancing", HOST, VN_CHECK_WARN, "automatic NUMA balancing",
	  "The kernel's NUMA balancing helps guests without pins (WARN when it is "
	  "off and there are some), and is useless work for guests that are pinned "
	  "and bound (INFO when it is on and all are).",
	  "sysctl -w kernel.numa_balancing=1 (or 0)" },
	{ "VN020", "ksm-across-nodes", HOST, VN_CHECK_WARN, "that KSM does not merge across nodes",
	  "KSM with merge_across_nodes=1 replaces equal pages by one, on the node "
	  "of whoever came first: memory that was local becomes remote, and stays "
	  "so.",
	  "Unmerge (echo 2 >/sys/kernel/mm/ksm/run), then merge_across_nodes=0, "
	  "then run=1; or <nosharepages/> in the guest." },
	{ "VN021", "thp", HOST, VN_CHECK_WARN, "transparent huge pages",
	  "Guests on ordinary memory need transparent huge pages for their page "
	  "tables' sake: 'never' costs up to a fifth of the speed. defrag=always "
	  "makes faults wait (INFO), and so is reported a guest of which less than "
	  "a tenth is in huge pages, when its memory was measured exactly.",
	  "echo madvise >/sys/kernel/mm/transparent_hugepage/enabled (QEMU asks for"
	  " them)." },
	{ "VN022", "zone-reclaim", HOST, VN_CHECK_WARN, "vm.zone_reclaim_mode",
	  "When it is not 0, a node that is full frees its file cache, slowly, "
	  "before memory of another node is used.",
	  "sysctl -w vm.zone_reclaim_mode=0" },
	{ "VN023", "swapped", GUEST, VN_CHECK_WARN, "for guest memory in swap",
	  "Memory of the guest is in swap, or the guest has vCPUs in real time and "
	  "its memory may be swapped because it is not locked.",
	  "<memoryBacking><locked/></memoryBacking> with a <hard_limit>; less "
	  "memory promised; vm.swappiness=10 or less." },
	{ "VN024", "locked-without-limit", GUEST, VN_CHECK_WARN, "locked memory for a limit",
	  "<locked/> without <memtune><hard_limit> lets QEMU lock any amount of "
	  "memory: one that leaks takes the host down. Not reported where a plan of"
	  " vnuma wrote <locked/> or all of the memory is huge pages.",
	  "<memtune><hard_limit unit='KiB'>memory, 1/16 of it and 2 "
	  "GiB</hard_limit></memtune>" },
	{ "VN025", "isolated-cpus", GUEST, VN_CHECK_FAIL, "isolated CPUs",
	  "The kernel balances no load over CPUs isolated with isolcpus=. vCPUs "
	  "that float over them pile up on one (FAIL if they have no other CPUs, "
	  "WARN if some). vCPUs in real time that are not on isolated CPUs are "
	  "disturbed (WARN).",
	  "virsh vcpupin GUEST VCPU CPUS without the isolated ones; or one isolated"
	  " CPU for each vCPU." },
	{ "VN026", "machine-cgroup", HOST, VN_CHECK_FAIL, "the cgroup of the guests",
	  "Libvirt's guests are in the cgroup machine.slice. Pins and memory nodes "
	  "outside of its cpuset cannot be had, without the cpuset controller "
	  "memory cannot be kept or moved, and an invalid partition has no CPUs of "
	  "its own.",
	  "systemctl set-property machine.slice AllowedCPUs= AllowedMemoryNodes=" },
	{ "VN027", "irqs-on-pinned-cpus", HOST, VN_CHECK_WARN, "for interrupts on pinned CPUs",
	  "Interrupts of devices may go to CPUs that vCPUs have to themselves (WARN"
	  " with vCPUs in real time, else INFO).",
	  "IRQBALANCE_BANNED_CPULIST=CPUS for irqbalance; else write other CPUs to "
	  "/proc/irq/N/smp_affinity_list." },
	{ "VN028", "cpu-governor", HOST, VN_CHECK_INFO, "the CPU frequency governor",
	  "vCPUs have CPUs to themselves, and the governor is another than "
	  "'performance': each wake-up may find a slow CPU.",
	  "cpupower frequency-set -g performance" },
	{ "VN029", "node-without-cpus-or-memory", GUEST, VN_CHECK_FAIL,
	  "for nodes without CPUs or memory",
	  "Memory is bound to a node that does not exist or has no memory: the "
	  "guest does not start. On a node without CPUs, memory that is taken at "
	  "the start cannot be (FAIL with huge pages or allocation "
	  "mode='immediate', else INFO). Memory of an accelerator is for its "
	  "programs (WARN).",
	  "Bind to a node with memory: 'vnuma host' shows them, 'vnuma plan' "
	  "chooses." },
	{ "VN030", "memory-uneven", HOST, VN_CHECK_WARN, "that memory is even over the nodes",
	  "More sockets than nodes mean that the firmware interleaves memory over "
	  "sockets, and nothing can be local (WARN). Nodes of which one has a fifth"
	  " less memory than another, or none, hold fewer guests (INFO).",
	  "Switch node interleaving off in the firmware; fit equal memory to every "
	  "channel." },
	{ "VN031", "cache-split", GUEST, VN_CHECK_WARN, "that pins share a cache where they can",
	  "The vCPUs of a cell have CPUs in several groups that share a last-level "
	  "cache (AMD: CCX), and one group would hold them all. INFO where a plan "
	  "of vnuma made it so when that group was taken.",
	  "Plan it anew, or virsh vcpupin GUEST VCPU CPU with the CPUs of one "
	  "group." },
	{ "VN032", "partial-cells", GUEST, VN_CHECK_WARN, "that every vCPU is in a cell",
	  "The cells of <cpu><numa> name fewer vCPUs than the guest has. Libvirt "
	  "puts the others into cell 0, which then has more than its node.",
	  "<cell id=... cpus=...>: name every vCPU once." },
	{ "VN033", "pin-to-missing-cpu", GUEST, VN_CHECK_FAIL,
	  "for pins to CPUs that are not there",
	  "A pin names a CPU that is offline or does not exist: libvirt accepts the"
	  " definition, and the guest does not start (FAIL). A pin for a vCPU that "
	  "the guest does not have is passed over (WARN).",
	  "virsh vcpupin GUEST VCPU CPUS with CPUs that 'vnuma host' shows." },
	{ "VN034", "memory-mode", GUEST, VN_CHECK_FAIL, "memory modes",
	  "mode='restrictive' for all of the memory and another one for a cell, or "
	  "the reverse, is refused or means nothing; mode='preferred' with several "
	  "nodes needs Linux 5.15 and libvirt 9.0.",
	  "One mode everywhere; one node for 'preferred'." },
	{ "VN035", "drift", GUEST, VN_CHECK_WARN, "for threads that were moved by hand",
	  "The kernel lets a thread run on other CPUs than libvirt gave it, or take"
	  " memory on other nodes than it is bound to: taskset, numad or a cgroup "
	  "was used behind libvirt's back. Needs the threads of a guest that runs.",
	  "virsh vcpupin GUEST VCPU CPUS --live with what virsh vcpupin GUEST "
	  "shows." },
	{ "VN036", "no-housekeeping", HOST, VN_CHECK_WARN, "that CPUs are left for the host",
	  "vCPUs have every CPU of the host to themselves. The host, the emulators,"
	  " I/O threads and interrupts disturb them all. INFO where plans of vnuma "
	  "made it so.",
	  "Leave a core of a node without pins." },
	{ "VN037", "locked-growing-memory", GUEST, VN_CHECK_FAIL,
	  "growing memory beside locked memory",
	  "A virtio-mem device gives memory back, <locked/> keeps all of it: QEMU "
	  "refuses to start ('Incompatible with mlock').",
	  "Take <locked/> away, or use DIMMs." },
	{ "VN038", "distances-differ", GUEST, VN_CHECK_INFO, "the distances that the guest sees",
	  "Between cells that are bound to different nodes, what is nearer on the "
	  "host is not nearer in the guest; without <distances> libvirt says 20 "
	  "everywhere.",
	  "<distances> in each <cell> with the host's numbers; 'vnuma plan' writes "
	  "them." },
	{ "VN039", "memory-device-remote", GUEST, VN_CHECK_WARN,
	  "that memory devices are with their cell",
	  "The <nodemask> of a memory device names other nodes than the memory of "
	  "its cell is bound to: part of the cell is remote.",
	  "<source><nodemask>NODES</nodemask></source> with the cell's nodes." },
	{ "VN040", "planned-elsewhere", GUEST, VN_CHECK_WARN,
	  "whether the plan was made for this host",
	  "The guest has a plan of vnuma, and what the plan wrote does not agree "
	  "with this host: CPUs or nodes that are not there, other distances, cells"
	  " spread over nodes. It was planned for another host, or the host has "
	  "changed.",
	  "Plan it anew here; vnuma changes only what it wrote." },
	{ "VN041", "helper-threads", GUEST, VN_CHECK_INFO, "where helper threads run",
	  "vhost threads of the kernel, which copy the guest's network packets, may"
	  " run on other nodes than the guest. Needs the threads of a guest that "
	  "runs.",
	  "virsh emulatorpin GUEST CPUS: they follow the emulator." },
	{ "VN042", "resource-control", HOST, VN_CHECK_WARN, "cache and bandwidth allocation",
	  "A guest has <cachetune> or <memorytune>, and /sys/fs/resctrl is not "
	  "mounted: it does not start.",
	  "mount -t resctrl resctrl /sys/fs/resctrl" },
};

const vn_check *vn_check_find(const char *id_or_name)
{
	for (size_t i = 0; i < VN_CHECK_COUNT; i++)
		if (!strcasecmp(vn_checks[i].id, id_or_name) ||
		    !strcasecmp(vn_checks[i].name, id_or_name))
			return &vn_checks[i];
	return NULL;
}
