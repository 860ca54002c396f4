# SPDX-License-Identifier: LGPL-2.1-or-later
"""Hosts, kernels and guests for the tests of `vnuma doctor`, as small descriptions."""

import json

GIB = 1024  # MiB


def node_cpus(n, cpus=4):
    return f"{n * cpus}-{n * cpus + cpus - 1}"


def host(nodes=2, cpus=4, threads=1, mem=16 * GIB, used=GIB, pages=None, l3=None, distances=None, devices=(),
         change=None, **more):
    """`nodes` nodes of `cpus` CPUs each, threads of a core next to each other. pages: {size_kib: total} of huge
    pages on every node. l3: CPUs of a cache group. change(cells): what is different."""
    cells = []
    for n in range(nodes):
        first = n * cpus
        group = l3 or cpus
        cell = {"id": n, "cpus": node_cpus(n, cpus), "pcpus": node_cpus(n, cpus), "socket": n, "mem_mib": mem,
                "mem_used_mib": used, "cpu_usage": 0, "pinned": "",
                "l3": [f"{c}-{c + group - 1}" for c in range(first, first + cpus, group)]}
        if threads > 1:
            cell["siblings"] = [f"{c}-{c + threads - 1}" for c in range(first, first + cpus, threads)]
        huge = sum(size * total for size, total in (pages or {}).items()) // 1024
        cell["pages"] = [{"size_kib": 4, "total": (mem - huge) * 256, "used": used * 256}]
        cell["pages"] += [{"size_kib": size, "total": total, "used": 0} for size, total in (pages or {}).items()]
        cells.append(cell)
    if change:
        change(cells)
    text = {"schema": "vnuma/host/1", "cells": cells, **more}
    text["distances"] = distances or [[10 if a == b else 21 for b in range(nodes)] for a in range(nodes)]
    if devices:
        text["devices"] = [{"address": address, "vendor_id": "8086", "product_id": "1572", "class": "0200",
                            **({} if node is None else {"node": node}), **({"names": [name]} if name else {})}
                           for address, node, name in devices]
    return json.dumps(text)


# A kernel that is set up well for guests with pins.
KERNEL = {
    "proc/sys/kernel/osrelease": "6.1.0-18-amd64",
    "proc/cmdline": "BOOT_IMAGE=/vmlinuz root=/dev/sda1",
    "proc/sys/kernel/numa_balancing": "0",
    "proc/sys/vm/zone_reclaim_mode": "0",
    "proc/sys/vm/swappiness": "10",
    "proc/1/comm": "systemd",
    "proc/mounts": "hugetlbfs /dev/hugepages hugetlbfs rw,relatime,pagesize=2M 0 0",
    "proc/irq/24/smp_affinity_list": "7",
    "proc/irq/24/eth0/.keep": "",
    "sys/kernel/mm/ksm/run": "0",
    "sys/kernel/mm/ksm/merge_across_nodes": "1",
    "sys/kernel/mm/transparent_hugepage/enabled": "always [madvise] never",
    "sys/kernel/mm/transparent_hugepage/defrag": "always defer defer+madvise [madvise] never",
    "sys/kernel/mm/hugepages/hugepages-2048kB/nr_overcommit_hugepages": "0",
    "sys/kernel/mm/hugepages/hugepages-2048kB/surplus_hugepages": "0",
    "sys/kernel/mm/hugepages/hugepages-1048576kB/nr_overcommit_hugepages": "0",
    "sys/kernel/mm/hugepages/hugepages-1048576kB/surplus_hugepages": "0",
    "sys/devices/system/cpu/online": "0-7",
    "sys/devices/system/cpu/isolated": "",
    "sys/devices/system/cpu/nohz_full": "",
    "sys/devices/system/cpu/cpu0/cpufreq/scaling_governor": "performance",
    "sys/fs/cgroup/machine.slice/cgroup.controllers": "cpuset cpu io memory pids",
    "sys/fs/cgroup/machine.slice/cpuset.cpus.effective": "0-7",
    "sys/fs/cgroup/machine.slice/cpuset.mems.effective": "0-1",
    "sys/fs/cgroup/machine.slice/cpuset.cpus.partition": "member",
}


def kernel(**changes):
    """KERNEL with some files changed by the end of their path; None takes one away."""
    files = dict(KERNEL)
    for end, text in changes.items():
        paths = [path for path in files if path.endswith(end.replace("__", "/"))]
        assert len(paths) == 1, (end, paths)
        if text is None:
            del files[paths[0]]
        else:
            files[paths[0]] = text
    return files


def element(name, text="", **attributes):
    words = "".join(f" {key.rstrip('_')}='{value}'" for key, value in attributes.items() if value is not None)
    return f"<{name}{words}>{text}</{name}>" if text else f"<{name}{words}/>"


def cputune(vcpus, pins, emulator, more):
    if isinstance(pins, str):
        pins = {vcpu: pins for vcpu in range(vcpus)}
    text = "".join(element("vcpupin", vcpu=vcpu, cpuset=cpus) for vcpu, cpus in (pins or {}).items())
    if emulator:
        text += element("emulatorpin", cpuset=emulator)
    return f"<cputune>{text}{more}</cputune>" if text or more else ""


def numatune(memory, memnodes):
    text = ""
    if memory:
        mode, nodes = memory if isinstance(memory, tuple) else ("strict", memory)
        text += element("memory", mode=mode, nodeset=nodes) if nodes != "auto" else \
            element("memory", mode=mode, placement="auto")
    for cell, nodes in enumerate(memnodes or []):
        mode, nodes = nodes if isinstance(nodes, tuple) else ("strict", nodes)
        text += element("memnode", cellid=cell, mode=mode, nodeset=nodes)
    return f"<numatune>{text}</numatune>" if text else ""


def cpu(topology, cells, distances):
    text = ""
    if topology:
        text += element("topology", sockets=topology[0], dies=1, cores=topology[1], threads=topology[2])
    if cells:
        rows = ""
        for number, (vcpus, mib) in enumerate(cells):
            far = ""
            if distances:
                far = "".join(element("sibling", id=to, value=value) for to, value in enumerate(distances[number]))
                far = f"<distances>{far}</distances>"
            rows += element("cell", far, id=number, cpus=vcpus, memory=mib * 1024, unit="KiB")
        text += f"<numa>{rows}</numa>"
    return f"<cpu mode='host-passthrough'>{text}</cpu>" if text else ""


def guest(name="g", vcpus=2, mem=2 * GIB, pins="0-3", emulator="0-3", memory="0", memnodes=None, cells=None,
          topology="one", distances=None, backing="", devices="", tune="", vcpu=None, top=""):
    """A guest; as it stands one that is well placed on node 0 of host(). memory: the nodes of <numatune><memory>, or
    (mode, nodes); memnodes: the same for each cell; tune: more of <cputune>; vcpu: attributes of <vcpu>; top: more
    elements of <domain>."""
    if topology == "one":
        topology = (1, vcpus, 1)
    return (f"<domain type='kvm'><name>{name}</name><memory unit='MiB'>{mem}</memory>"
            + element("vcpu", str(vcpus), **(vcpu or {"placement": "static"}))
            + (f"<memoryBacking>{backing}</memoryBacking>" if backing else "")
            + cputune(vcpus, pins, emulator, tune) + numatune(memory, memnodes) + top
            + "<os><type arch='x86_64' machine='q35'>hvm</type></os>"
            + cpu(topology, cells, distances)
            + f"<devices>{devices}</devices></domain>")


def two_cells(name="g", **changes):
    """A guest of two cells, one on each node of host()."""
    settings = {"vcpus": 4, "mem": 4 * GIB, "pins": {0: "0-3", 1: "0-3", 2: "4-7", 3: "4-7"}, "emulator": "0-7",
                "memory": "0-1", "memnodes": ["0", "1"], "cells": [("0-1", 2 * GIB), ("2-3", 2 * GIB)],
                "topology": (2, 2, 1), "distances": [[10, 21], [21, 10]]}
    return guest(name, **{**settings, **changes})


def hostdev(address, bus=None):
    part = address.replace(".", ":").split(":")
    source = element("address", domain=f"0x{part[0]}", bus=f"0x{part[1]}", slot=f"0x{part[2]}", function=f"0x{part[3]}")
    own = element("address", type="pci", domain="0x0000", bus=f"0x{bus:02x}", slot="0x00", function="0x0") if bus else ""
    return f"<hostdev mode='subsystem' type='pci' managed='yes'><source>{source}</source>{own}</hostdev>"


def expander(index, cell, port):
    """An expander bus of a cell, and a root port below it."""
    return (f"<controller type='pci' index='{index}' model='pcie-expander-bus'><target busNr='254'><node>{cell}</node>"
            f"</target></controller><controller type='pci' index='{port}' model='pcie-root-port'>"
            f"<address type='pci' domain='0x0000' bus='0x{index:02x}' slot='0x00' function='0x0'/></controller>")


def disk(device, iothread):
    return (f"<disk type='block' device='disk'><driver name='qemu' type='raw' iothread='{iothread}'/>"
            f"<source dev='/dev/{device}'/><target dev='vda' bus='virtio'/></disk>")


def dimm(cell, nodes=None, model="dimm"):
    source = f"<source><nodemask>{nodes}</nodemask></source>" if nodes else ""
    block = "<block unit='MiB'>2</block><requested unit='MiB'>512</requested>" if model == "virtio-mem" else ""
    return (f"<memory model='{model}'>{source}<target><size unit='MiB'>512</size><node>{cell}</node>{block}"
            "</target></memory>")


def huge(size_kib, cells=None):
    return "<hugepages>" + element("page", size=size_kib, unit="KiB", nodeset=cells) + "</hugepages>"
