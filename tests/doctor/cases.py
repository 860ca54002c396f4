# SPDX-License-Identifier: LGPL-2.1-or-later
"""For each check: a host and guests of which it says something, and the nearest ones of which it does not.

A row is (check, name, what it says, {host, kernel, guests}). What it says is "FAIL", "WARN", "INFO", "PASS" or
"SKIP", and it must be all that any check has to say about that host and these guests, but for those in `also`.
The host is host() and the kernel KERNEL unless given; kernel=None: not known."""

from build import GIB, disk, dimm, expander, guest, host, hostdev, huge, kernel, two_cells

SMT = host(threads=2)
SINGLE = {0: "0", 1: "1"}
RT = "<vcpusched vcpus='0' scheduler='fifo' priority='1'/>"
LIMIT = "<memtune><hard_limit unit='GiB'>8</hard_limit></memtune>"
ISOLATED = kernel(cpu__isolated="2-3")
NIC = ("0000:81:00.0", 1, "eth0")
NVME = ("0000:82:00.0", 1, "nvme0n1")
WINDOWS = ("<metadata><l:libosinfo xmlns:l='http://libosinfo.org/xmlns/libvirt/domain/1.0'>"
           "<l:os id='http://microsoft.com/win/2k22'/></l:libosinfo></metadata>")


def wrote(**settings):
    words = " ".join(f"{name}='{numbers}'" for name, numbers in settings.items())
    return (f"<metadata><v:vnuma xmlns:v='urn:vnuma:domain:1' mode='auto'><v:wrote {words}/></v:vnuma>"
            "</metadata>")


def iothread(cpus, attributes=""):
    return {"top": "<iothreads>1</iothreads>",
            "tune": f"<iothreadpin iothread='1' cpuset='{cpus}'/>"}


def memory_less(cells):
    cells[1].update(mem_mib=0, mem_used_mib=0)
    del cells[1]["pages"]


def no_cpus(cells):
    cells[1].update(cpus="", pcpus="")
    del cells[1]["l3"]


def no_caches(cells):
    for cell in cells:
        del cell["l3"]


def smaller(cells):
    cells[1]["mem_mib"] = 8 * GIB
    cells[1]["pages"][0]["total"] = 8 * GIB * 256


def no_pages(cells):
    for cell in cells:
        del cell["pages"]


def two_sockets(cells):
    """One node, two sockets: what interleaving firmware shows."""
    del cells[1]
    cells[0].update(cpus="0-7", pcpus="0-7", l3=["0-3", "4-7"])


QUIET = [
    ("a guest on a node", {}),
    ("a guest of two cells", {"guests": [two_cells()]}),
    ("no guest at all", {"guests": []}),
    ("a host of one node", {"host": host(nodes=1), "guests": [guest(pins=None, emulator=None, memory=None)]}),
]

CASES = [
    # VN001: wider than a node
    (1, "more vCPUs than a node has", "WARN", {"guests": [guest(vcpus=6, pins=None, emulator=None, memory=None)],
                                                "kernel": kernel(numa_balancing="1")}),
    (1, "more memory than a node has", "WARN",
     {"guests": [guest(mem=20 * GIB, pins=None, emulator=None, memory=None)], "kernel": kernel(numa_balancing="1")}),
    (1, "pinned to two nodes, without cells", "WARN",
     {"guests": [guest(vcpus=2, pins={0: "0-3", 1: "4-7"}, emulator="0-7", memory="0-1")]}),
    (1, "the same with cells", "PASS", {"guests": [two_cells()]}),
    # VN002: floats
    (2, "no pins, no binding", "WARN", {"guests": [guest(pins=None, emulator=None, memory=None)],
                                        "kernel": kernel(numa_balancing="1")}),
    (2, "a cpuset over both nodes", "WARN", {"guests": [guest(pins=None, emulator=None, memory=None,
                                                              vcpu={"cpuset": "0-1,4-5"})],
                                             "kernel": kernel(numa_balancing="1")}),
    (2, "a cpuset on one node", "PASS", {"guests": [guest(pins=None, emulator=None, vcpu={"cpuset": "0-1"})]}),
    # VN003: CPUs here, memory there
    (3, "bound to the other node", "WARN", {"guests": [guest(memory="1")]}),
    (3, "bound to the other node, restrictive", "WARN", {"guests": [guest(memory=("restrictive", "1"))]}),
    (3, "bound to both nodes", "PASS", {"guests": [guest(memory="0-1")]}),
    (3, "CPUs of a node without memory, the nearest has some", "PASS",
     {"host": host(change=memory_less), "guests": [guest(pins="4-7", emulator="4-7", memory="0")],
      "also": {(30, "INFO")}}),
    # VN004: cells
    (4, "a cell floats over both nodes", "WARN",
     {"guests": [two_cells(pins={0: "0-7", 1: "0-7", 2: "4-7", 3: "4-7"})]}),
    (4, "cells without pins", "WARN", {"guests": [two_cells(pins=None, emulator=None)]}),
    (4, "a cell on another node than its memory", "WARN",
     {"guests": [two_cells(pins={0: "0-3", 1: "0-3", 2: "0-3", 3: "0-3"}, emulator="0-3", memnodes=["0", "1"])]}),
    (4, "memory of the cells is not bound", "INFO", {"guests": [two_cells(memory=None, memnodes=None)]}),
    (4, "each cell on its node", "PASS", {"guests": [two_cells()]}),
    # VN005: memory of a node
    (5, "more than the node has", "FAIL",
     {"guests": [guest("a", mem=10 * GIB, topology=(1, 2, 1)), guest("b", mem=10 * GIB)]}),
    (5, "more than is free", "FAIL", {"guests": [guest(mem=15 * GIB + 512)]}),
    (5, "cells that share two nodes", "FAIL",
     {"guests": [guest(mem=30 * GIB + 512, vcpus=6, pins="0-7", emulator="0-7", memory="0-1")],
      "also": {(1, "WARN")}}),
    (5, "as much as is free", "PASS", {"guests": [guest(mem=15 * GIB)]}),
    (5, "more, but only preferred", "PASS", {"guests": [guest(mem=15 * GIB + 512, memory=("preferred", "0"))]}),
    # VN006: huge pages of a node
    (6, "too few on its node", "FAIL", {"host": host(pages={2048: 512}), "guests": [guest(backing=huge(2048))]}),
    (6, "none of that size", "FAIL", {"host": host(), "guests": [guest(backing=huge(2048))]}),
    (6, "two guests share a pool that holds one", "FAIL",
     {"host": host(pages={2048: 1536}), "guests": [guest("a", backing=huge(2048)), guest("b", backing=huge(2048))]}),
    (6, "not bound, too few in all", "FAIL",
     {"host": host(pages={2048: 256}), "guests": [guest(backing=huge(2048), memory=None)]}),
    (6, "the pools are not known", "SKIP", {"host": host(change=no_pages), "guests": [guest(backing=huge(2048))]}),
    (6, "enough", "PASS", {"host": host(pages={2048: 1024}), "guests": [guest(backing=huge(2048))]}),
    # VN007: pools
    (7, "surplus pages", "WARN", {"kernel": kernel(**{"hugepages-2048kB__nr_overcommit_hugepages": "64"})}),
    (7, "no hugetlbfs mounted", "WARN", {"host": host(pages={2048: 1024}), "kernel": kernel(proc__mounts=""),
                                         "guests": [guest(backing=huge(2048))]}),
    (7, "memfd needs none", "PASS", {"host": host(pages={2048: 1024}), "kernel": kernel(proc__mounts=""),
                                     "guests": [guest(backing=huge(2048) + "<source type='memfd'/>")]}),
    (7, "1 GiB pages that no boot reserves", "INFO",
     {"host": host(pages={1048576: 4}),
      "kernel": kernel(proc__mounts="none /h hugetlbfs rw,pagesize=1024M 0 0"), "guests": [guest(backing=huge(1048576))]}),
    (7, "1 GiB pages of the command line", "PASS",
     {"host": host(pages={1048576: 4}), "guests": [guest(backing=huge(1048576))],
      "kernel": kernel(proc__mounts="none /h hugetlbfs rw,pagesize=1024M 0 0",
                       proc__cmdline="hugepagesz=1G hugepages=0:4,1:4")}),
    (7, "the kernel is not known", "SKIP", {"kernel": None}),
    # VN008: threads
    (8, "siblings, and the guest sees cores", "WARN",
     {"host": SMT, "guests": [guest(pins=SINGLE, emulator="2-3")]}),
    (8, "threads in the guest, on two cores", "WARN",
     {"host": SMT, "guests": [guest(pins={0: "0", 1: "2"}, emulator="1,3", topology=(1, 1, 2))]}),
    (8, "siblings, and the guest sees threads", "PASS",
     {"host": SMT, "guests": [guest(pins=SINGLE, emulator="2-3", topology=(1, 1, 2))]}),
    (8, "two cores, and the guest sees cores", "PASS",
     {"host": SMT, "guests": [guest(pins={0: "0", 1: "2"}, emulator="1,3")]}),
    # VN009: sockets
    (9, "a socket in two cells", "WARN", {"guests": [two_cells(topology=(1, 4, 1))]}),
    (9, "a core in two cells", "FAIL",
     {"guests": [two_cells(topology=(1, 2, 2), cells=[("0,2", 2 * GIB), ("1,3", 2 * GIB)],
                           pins={0: "0-3", 1: "4-7", 2: "0-3", 3: "4-7"})]}),
    (9, "a socket for each cell", "PASS", {"guests": [two_cells()]}),
    # VN010: no topology
    (10, "none", "INFO", {"guests": [guest(vcpus=4, topology=None)]}),
    (10, "none, with Windows", "WARN", {"guests": [guest(vcpus=4, topology=None, top=WINDOWS)]}),
    (10, "none, two vCPUs", "PASS", {"guests": [guest(topology=None)]}),
    (10, "with Windows", "PASS", {"guests": [guest(vcpus=4, top=WINDOWS)]}),
    # VN011: twice
    (11, "two vCPUs of a guest on a CPU", "WARN", {"guests": [guest(pins={0: "0", 1: "0"}, emulator="1-3")]}),
    (11, "two guests on a CPU", "WARN", {"guests": [guest("a", pins=SINGLE, emulator="3"),
                                                    guest("b", pins={0: "1", 1: "2"}, emulator="3")]}),
    (11, "the same in real time", "FAIL",
     {"guests": [guest("a", pins=SINGLE, emulator="3"),
                 guest("b", pins={0: "1", 1: "2"}, emulator="3", tune=RT, backing="<locked/>", top=LIMIT)],
      "kernel": kernel(cpu__isolated="0-1")}),
    (11, "vCPUs that float over another's CPU", "WARN",
     {"guests": [guest("a", pins=SINGLE, emulator="3"), guest("b", emulator="3")]}),
    (11, "four vCPUs on two CPUs", "WARN", {"guests": [guest(vcpus=4, pins="0-1", emulator="2-3")]}),
    (11, "each on its own", "PASS", {"guests": [guest("a", pins=SINGLE, emulator="4", memory="0"),
                                                guest("b", pins={0: "2", 1: "3"}, emulator="4")]}),
    # VN012: a core of two guests
    (12, "a thread each", "WARN",
     {"host": SMT, "guests": [guest("a", pins={0: "0", 1: "2"}, emulator="4-7"),
                              guest("b", pins={0: "1", 1: "3"}, emulator="4-7")]}),
    (12, "a core each", "PASS",
     {"host": SMT, "guests": [guest("a", pins=SINGLE, topology=(1, 1, 2), emulator="4-7"),
                              guest("b", pins={0: "2", 1: "3"}, topology=(1, 1, 2), emulator="4-7")]}),
    # VN013: the emulator
    (13, "the emulator on its vCPUs' CPUs", "WARN", {"guests": [guest(pins=SINGLE, emulator="0-1")]}),
    (13, "the emulator everywhere", "WARN", {"guests": [guest(pins=SINGLE, emulator=None)]}),
    (13, "the emulator on another's CPUs", "WARN",
     {"guests": [guest("a", pins=SINGLE, emulator="3"), guest("b", pins="2-3", emulator="0-3")]}),
    (13, "an I/O thread on its vCPUs' CPUs", "WARN",
     {"guests": [guest(pins=SINGLE, emulator="2-3", **iothread("0"))]}),
    (13, "both beside them", "PASS", {"guests": [guest(pins=SINGLE, emulator="2-3", **iothread("2-3"))]}),
    (13, "a plan put it there", "PASS",
     {"guests": [guest(pins=SINGLE, emulator="0-1", top=wrote(vcpupin="0-1", emulatorpin=0))]}),
    # VN014: I/O threads
    (14, "away from its disk", "WARN", {"host": host(devices=[NVME]),
                                        "guests": [guest(devices=disk("nvme0n1", 1), **iothread("0-3"))]}),
    (14, "near its disk", "PASS", {"host": host(devices=[NVME]),
                                   "guests": [guest(devices=disk("nvme0n1", 1), **iothread("4-7"))]}),
    (14, "nobody knows where the disk is", "SKIP",
     {"host": host(devices=[("0000:82:00.0", None, "nvme0n1")]),
      "guests": [guest(devices=disk("nvme0n1", 1), **iothread("4-7"))]}),
    # VN015: devices
    (15, "on the other node", "WARN", {"host": host(devices=[NIC]), "guests": [guest(devices=hostdev(NIC[0]))]}),
    (15, "on its node", "PASS", {"host": host(devices=[("0000:81:00.0", 0, "eth0")]),
                                 "guests": [guest(devices=hostdev(NIC[0]))]}),
    (15, "on no node", "SKIP", {"host": host(devices=[("0000:81:00.0", None, "eth0")]),
                                "guests": [guest(devices=hostdev(NIC[0]))]}),
    (15, "not there", "SKIP", {"host": host(devices=[NIC]), "guests": [guest(devices=hostdev("0000:99:00.0"))]}),
    (15, "no device of the host is known", "SKIP", {"guests": [guest(devices=hostdev(NIC[0]))]}),
    # VN016: buses
    (16, "below no expander bus", "INFO", {"host": host(devices=[NIC]),
                                           "guests": [two_cells(devices=hostdev(NIC[0]))]}),
    (16, "below the bus of the other cell", "INFO",
     {"host": host(devices=[NIC]), "guests": [two_cells(devices=expander(3, 0, 4) + hostdev(NIC[0], 4))]}),
    (16, "below the bus of its cell", "PASS",
     {"host": host(devices=[NIC]), "guests": [two_cells(devices=expander(3, 1, 4) + hostdev(NIC[0], 4))]}),
    # VN017: numad places
    (17, "placement auto", "WARN", {"guests": [guest(pins=None, emulator=None, memory=None,
                                                     vcpu={"placement": "auto"})], "skip": {2}}),
    (17, "memory only", "WARN", {"guests": [guest(memory=("strict", "auto"))]}),
    (17, "with memnode", "FAIL", {"guests": [two_cells(memory=("strict", "auto"))]}),
    (17, "placement static", "PASS", {"guests": [guest(vcpu={"placement": "static"})]}),
    # VN018: numad runs
    (18, "it runs", "WARN", {"kernel": kernel(proc__1__comm="numad")}),
    (18, "it runs, nothing is pinned", "PASS",
     {"host": host(nodes=1), "kernel": kernel(proc__1__comm="numad"),
      "guests": [guest(pins=None, emulator=None, memory=None)]}),
    (18, "it does not run", "PASS", {}),
    (18, "no process can be seen", "SKIP", {"kernel": kernel(proc__1__comm=None)}),
    # VN019: NUMA balancing
    (19, "off, with a guest that floats", "WARN", {"guests": [guest(pins=None, emulator=None, memory=None)],
                                                   "also": {(2, "WARN")}}),
    (19, "on, with guests that are bound", "INFO", {"kernel": kernel(numa_balancing="1")}),
    (19, "off, with guests that are bound", "PASS", {}),
    (19, "not readable", "SKIP", {"kernel": kernel(numa_balancing=None)}),
    # VN020: KSM
    (20, "merges across nodes", "WARN", {"kernel": kernel(ksm__run="1")}),
    (20, "merges within nodes", "PASS", {"kernel": kernel(ksm__run="1", merge_across_nodes="0")}),
    (20, "the guest takes no part", "PASS", {"kernel": kernel(ksm__run="1"),
                                             "guests": [guest(backing="<nosharepages/>")]}),
    (20, "not readable", "SKIP", {"kernel": kernel(ksm__run=None)}),
    # VN021: transparent huge pages
    (21, "never", "WARN", {"kernel": kernel(transparent_hugepage__enabled="always madvise [never]")}),
    (21, "defrag always", "INFO", {"kernel": kernel(transparent_hugepage__defrag="[always] madvise never")}),
    (21, "never, but all guests have huge pages", "PASS",
     {"host": host(pages={2048: 1024}), "guests": [guest(backing=huge(2048))],
      "kernel": kernel(transparent_hugepage__enabled="always madvise [never]")}),
    (21, "madvise", "PASS", {}),
    (21, "not readable", "SKIP", {"kernel": kernel(transparent_hugepage__enabled=None)}),
    # VN022: zone reclaim
    (22, "on", "WARN", {"kernel": kernel(zone_reclaim_mode="1")}),
    (22, "off", "PASS", {}),
    (22, "not readable", "SKIP", {"kernel": kernel(zone_reclaim_mode=None)}),
    # VN023: swap (of running guests: the unit test)
    (23, "in real time, not locked", "WARN",
     {"guests": [guest(pins=SINGLE, emulator="2-3", tune=RT)],
      "kernel": kernel(cpu__isolated="0-1")}),
    (23, "in real time, locked", "PASS",
     {"guests": [guest(pins=SINGLE, emulator="2-3", tune=RT, backing="<locked/>", top=LIMIT)],
      "kernel": kernel(cpu__isolated="0-1")}),
    # VN024: locked
    (24, "no limit", "WARN", {"guests": [guest(backing="<locked/>")]}),
    (24, "a limit", "PASS", {"guests": [guest(backing="<locked/>", top=LIMIT)]}),
    (24, "huge pages only", "PASS", {"host": host(pages={2048: 1024}),
                                     "guests": [guest(backing=huge(2048) + "<locked/>")]}),
    # VN025: isolated CPUs
    (25, "floats over isolated CPUs too", "WARN", {"kernel": ISOLATED}),
    (25, "floats over isolated CPUs only", "FAIL", {"kernel": ISOLATED, "guests": [guest(pins="2-3", emulator="0-1")]}),
    (25, "in real time elsewhere", "WARN",
     {"kernel": kernel(cpu__isolated="2-3"),
      "guests": [guest(pins=SINGLE, emulator="0-7", tune=RT, backing="<locked/>", top=LIMIT)],
      "also": {(13, "WARN")}}),
    (25, "pinned one by one", "PASS", {"kernel": ISOLATED, "guests": [guest(pins={0: "2", 1: "3"}, emulator="0-1")]}),
    (25, "floats beside them", "PASS", {"kernel": ISOLATED, "guests": [guest(pins="0-1", emulator="0-1")]}),
    (25, "not known", "SKIP", {"kernel": None}),
    # VN026: the cgroup
    (26, "pins outside", "FAIL", {"kernel": kernel(**{"cpuset.cpus.effective": "4-7"})}),
    (26, "memory outside", "FAIL", {"kernel": kernel(**{"cpuset.mems.effective": "1"})}),
    (26, "an invalid partition", "FAIL",
     {"kernel": kernel(**{"cpuset.cpus.partition": "isolated invalid (Cpu list in cpuset.cpus not exclusive)"})}),
    (26, "inside", "PASS", {}),
    (26, "no machine.slice", "SKIP", {"kernel": kernel(**{"cpuset.cpus.effective": None})}),
    # VN027: interrupts
    (27, "on pinned CPUs", "INFO", {"kernel": kernel(irq__24__smp_affinity_list="0"), "guests": [guest(pins=SINGLE, emulator="2-3")]}),
    (27, "on pinned CPUs, in real time", "WARN",
     {"guests": [guest(pins=SINGLE, emulator="2-3", tune=RT, backing="<locked/>", top=LIMIT)],
      "kernel": kernel(cpu__isolated="0-1", irq__24__smp_affinity_list="0-7")}),
    (27, "elsewhere", "PASS", {"guests": [guest(pins=SINGLE, emulator="2-3")]}),
    (27, "not known", "SKIP", {"kernel": kernel(irq__24__smp_affinity_list=None)}),
    # VN028: governor
    (28, "powersave", "INFO", {"kernel": kernel(scaling_governor="powersave"),
                               "guests": [guest(pins=SINGLE, emulator="2-3")]}),
    (28, "powersave, nothing is pinned one by one", "PASS", {"kernel": kernel(scaling_governor="powersave")}),
    (28, "performance", "PASS", {"kernel": kernel(),
                                 "guests": [guest(pins=SINGLE, emulator="2-3")]}),
    (28, "not known", "SKIP", {"kernel": kernel(scaling_governor=None)}),
    # VN029: nodes that cannot serve
    (29, "a node that is not there", "FAIL", {"guests": [guest(memory="0,7")], "also": {(26, "FAIL")}}),
    (29, "a node without memory", "FAIL", {"host": host(change=memory_less), "guests": [guest(memory="0-1")],
                                           "also": {(30, "INFO")}}),
    (29, "a node without CPUs", "INFO", {"host": host(nodes=2, change=no_cpus), "guests": [guest(memory="1")],
                                         "also": {(3, "WARN")}}),
    (29, "a node without CPUs, taken at the start", "FAIL",
     {"host": host(nodes=2, change=no_cpus), "guests": [guest(memory="1", backing="<allocation mode='immediate'/>")],
      "also": {(3, "WARN")}}),
    (29, "a node with both", "PASS", {}),
    # VN030: uneven
    (30, "a node with half of the memory", "INFO", {"host": host(change=smaller)}),
    (30, "two sockets in one node", "WARN",
     {"host": "synthetic:numa:1 pack:2 core:4 pu:1", "guests": []}),
    (30, "equal", "PASS", {}),
    # VN031: caches
    (31, "over two caches", "WARN", {"host": host(cpus=8, l3=4), "kernel": None,
                                     "guests": [guest(pins={0: "0", 1: "4"}, emulator="7", memory="0")]}),
    (31, "in one cache", "PASS", {"host": host(cpus=8, l3=4), "kernel": None,
                                  "guests": [guest(pins={0: "0", 1: "1"}, emulator="7", memory="0")]}),
    (31, "over two caches, because each has one CPU left", "PASS",
     {"host": host(cpus=4, l3=2), "kernel": None,
      "guests": [guest("a", pins={0: "0", 1: "2"}, emulator="4-7", memory="0"),
                 guest("b", pins={0: "1", 1: "3"}, emulator="4-7", memory="0")]}),
    (31, "the caches are not known", "SKIP", {"host": host(change=no_caches), "kernel": None,
                                              "guests": [guest(pins=SINGLE, emulator="2-3")]}),
    # VN032: vCPUs in no cell
    (32, "one is missing", "WARN",
     {"guests": [two_cells(cells=[("0-1", 2 * GIB), ("2", 2 * GIB)], topology=(4, 1, 1),
                           pins={0: "0-3", 1: "0-3", 2: "4-7", 3: "0-3"})]}),
    (32, "all are there", "PASS", {"guests": [two_cells()]}),
    # VN033: CPUs that are not there
    (33, "a vCPU on a CPU that does not exist", "FAIL", {"guests": [guest(pins={0: "0-3", 1: "99"})]}),
    (33, "a vCPU on an offline CPU", "FAIL", {"host": host(offline="8"), "guests": [guest(pins={0: "0-3", 1: "2-3,8"})]}),
    (33, "the emulator", "FAIL", {"guests": [guest(emulator="0-3,99")]}),
    (33, "an I/O thread", "FAIL", {"guests": [guest(**iothread("0-3,99"))]}),
    (33, "the cpuset", "FAIL", {"guests": [guest(pins=None, emulator=None, vcpu={"cpuset": "0-3,99"})]}),
    (33, "a vCPU that the guest has not", "WARN", {"guests": [guest(pins={0: "0-3", 1: "0-3", 9: "0"})]}),
    (33, "all are there", "PASS", {}),
    # VN034: modes
    (34, "restrictive beside strict", "FAIL",
     {"guests": [two_cells(memory=("restrictive", "0-1"), memnodes=[("restrictive", "0"), ("strict", "1")])]}),
    (34, "strict beside restrictive", "FAIL",
     {"guests": [two_cells(memnodes=[("strict", "0"), ("restrictive", "1")])]}),
    (34, "two preferred nodes on an old kernel", "FAIL",
     {"guests": [guest(memory=("preferred", "0-1"))], "kernel": kernel(osrelease="5.10.0-28-amd64")}),
    (34, "two preferred nodes on a new kernel", "PASS", {"guests": [guest(memory=("preferred", "0-1"))]}),
    (34, "two preferred nodes on an unknown kernel", "SKIP",
     {"guests": [guest(memory=("preferred", "0-1"))], "kernel": None}),
    (34, "restrictive everywhere", "PASS",
     {"guests": [two_cells(memory=("restrictive", "0-1"), memnodes=[("restrictive", "0"), ("restrictive", "1")])]}),
    # VN035: of running guests: the unit test
    (35, "a guest that is off", "SKIP", {}),
    # VN036: nothing is left
    (36, "every CPU is pinned", "WARN",
     {"host": host(cpus=2), "guests": [two_cells(pins={v: str(v) for v in range(4)}, emulator="0")],
      "kernel": None, "also": {(13, "WARN")}}),
    (36, "one is left", "PASS",
     {"host": host(cpus=3), "kernel": None,
      "guests": [two_cells(pins={0: "0", 1: "1", 2: "3", 3: "4"}, emulator="2,5")]}),
    # VN037: locked, and it grows
    (37, "virtio-mem and locked", "FAIL",
     {"guests": [guest(backing="<locked/>", cells=[("0-1", 1536)], memnodes=["0"], devices=dimm(0, model="virtio-mem"),
                       top="<maxMemory slots='4' unit='GiB'>8</maxMemory>" + LIMIT)]}),
    (37, "virtio-mem", "PASS",
     {"guests": [guest(cells=[("0-1", 1536)], memnodes=["0"], devices=dimm(0, model="virtio-mem"),
                       top="<maxMemory slots='4' unit='GiB'>8</maxMemory>")]}),
    (37, "a DIMM and locked", "PASS",
     {"guests": [guest(backing="<locked/>", cells=[("0-1", 1536)], memnodes=["0"], devices=dimm(0),
                       top="<maxMemory slots='4' unit='GiB'>8</maxMemory>" + LIMIT)]}),
    # VN038: distances
    (38, "the order is another", "INFO",
     {"host": host(nodes=3, distances=[[10, 12, 30], [12, 10, 30], [30, 30, 10]]), "kernel": None,
      "guests": [guest(vcpus=3, mem=3 * GIB, pins={0: "0-3", 1: "4-7", 2: "8-11"}, emulator="0-11", memory="0-2",
                       memnodes=["0", "1", "2"], cells=[("0", GIB), ("1", GIB), ("2", GIB)], topology=(3, 1, 1))]}),
    (38, "the order is the host's", "PASS",
     {"host": host(nodes=3, distances=[[10, 12, 30], [12, 10, 30], [30, 30, 10]]), "kernel": None,
      "guests": [guest(vcpus=3, mem=3 * GIB, pins={0: "0-3", 1: "4-7", 2: "8-11"}, emulator="0-11", memory="0-2",
                       memnodes=["0", "1", "2"], cells=[("0", GIB), ("1", GIB), ("2", GIB)], topology=(3, 1, 1),
                       distances=[[10, 15, 20], [15, 10, 20], [20, 20, 10]])]}),
    # VN039: memory devices
    (39, "on another node than its cell", "WARN",
     {"guests": [two_cells(devices=dimm(0, "1"), cells=[("0-1", 2 * GIB), ("2-3", 1536)],
                           top="<maxMemory slots='4' unit='GiB'>8</maxMemory>")]}),
    (39, "on the node of its cell", "PASS",
     {"guests": [two_cells(devices=dimm(1, "1"), cells=[("0-1", 2 * GIB), ("2-3", 1536)],
                           top="<maxMemory slots='4' unit='GiB'>8</maxMemory>")]}),
    # VN040: planned elsewhere
    (40, "other distances", "WARN",
     {"host": host(distances=[[10, 32], [32, 10]]),
      "guests": [two_cells(top=wrote(vcpupin="0-3", distances="0-1", memnode="0-1"))]}),
    (40, "CPUs that are not here", "WARN",
     {"guests": [guest(pins={0: "0-3", 1: "40"}, top=wrote(vcpupin="0-1"))], "also": {(33, "FAIL")}}),
    (40, "cells that are spread here", "WARN",
     {"guests": [two_cells(pins={0: "2-5", 1: "2-5", 2: "6-7", 3: "6-7"}, top=wrote(vcpupin="0-3", memnode="0-1"))],
      "also": {(4, "WARN")}}),
    (40, "planned here", "PASS", {"guests": [two_cells(top=wrote(vcpupin="0-3", distances="0-1", memnode="0-1"))]}),
    # VN041: of running guests: the unit test
    (41, "a guest that is off", "SKIP", {}),
    # VN042: resctrl
    (42, "not mounted", "WARN",
     {"guests": [guest(tune="<memorytune vcpus='0-1'><node id='0' bandwidth='50'/></memorytune>")]}),
    (42, "mounted", "PASS",
     {"guests": [guest(tune="<memorytune vcpus='0-1'><node id='0' bandwidth='50'/></memorytune>")],
      "kernel": kernel(proc__mounts="resctrl /sys/fs/resctrl resctrl rw 0 0")}),
    (42, "not known", "SKIP",
     {"guests": [guest(tune="<memorytune vcpus='0-1'><node id='0' bandwidth='50'/></memorytune>")], "kernel": None}),
]
