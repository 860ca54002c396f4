#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Inside the virtual host `odd`: siblings, a node without memory, a node without CPUs, HMAT and a NIC
with a node; and plans for it. KVM does not work there, so nothing is started."""
import tempfile
import xml.etree.ElementTree as ElementTree

import check_host
import facts
import tap
import vnuma

NO_MEMORY, NO_CPUS, NIC_NODE = 2, 3, 1

DOMAIN = """<domain type='kvm'>
  <name>odd</name>
  <memory unit='MiB'>{mib}</memory>
  <vcpu>{vcpus}</vcpu>
  <os>
    <type arch='x86_64' machine='q35'>hvm</type>
  </os>
  <vnuma mode='{mode}'{distribution}>
    {more}
  </vnuma>
</domain>
"""
DEDICATED = "<spec name='hw:cpu_policy' value='dedicated'/>"
PLANS = [  # name, vCPUs, MiB, mode, distribution, more
    ("small", 1, 128, "auto", "", ""),
    ("a socket", 4, 512, "auto", "", ""),
    ("pinned", 4, 256, "auto", "", DEDICATED),
    ("pinned, every CPU", 8, 256, "auto", "", DEDICATED),
    ("siblings", 4, 256, "auto", " distribution='siblings'", ""),
    ("every node", 4, 512, "host", "", ""),
    ("four cells", 8, 512, "node", "", "<partition nodeset='0-2' cells='4'/>"),
    ("a cell on the node without memory", 4, 256, "node", "",
     f"<partition nodeset='1-{NO_MEMORY}' cells='2'/>"),
]
NO_PLANS = [  # a nodeset that has only one half of what a guest needs
    ("the node without CPUs", 1, 64, "node", "", f"<partition nodeset='{NO_CPUS}'/>"),
    ("the node without memory", 1, 64, "node", "", f"<partition nodeset='{NO_MEMORY}'/>"),
]


def host_is_odd(host):
    cpus, memory = host.cpus(), host.mem_kib()
    tap.same("host: siblings share a core", host.siblings(),
             {frozenset({first, first + 1}) for first in (0, 2, 4, 6)})
    tap.ok("host: node 2 has CPUs and no memory", cpus[NO_MEMORY] and memory[NO_MEMORY] == 0,
           cpus, memory)
    tap.ok("host: node 3 has memory and no CPUs", not cpus[NO_CPUS] and memory[NO_CPUS] > 0,
           cpus, memory)


def hmat_agrees(host):
    wanted = facts.hmat()
    tap.ok("the kernel has HMAT values for three nodes", len(wanted) == 3, wanted)
    tap.same("host: HMAT latencies as the kernel's, in ns", host.matrix("latency_ns"),
             {pair: latency for pair, (latency, _) in wanted.items()})
    tap.same("host: HMAT bandwidths as the kernel's, in MiB/s", host.matrix("bandwidth_mibs"),
             {pair: bandwidth for pair, (_, bandwidth) in wanted.items()})


def devices_agree(host):
    wanted = facts.pci_devices()
    nics = {address: device for address, device in wanted.items() if device[3]}
    tap.ok("the kernel has one NIC, on node 1",
           [device[0] for device in nics.values()] == [NIC_NODE], wanted)
    found = {device["address"]: (device.get("node"), device["vendor_id"], device["product_id"],
                                 device.get("names", []))
             for device in host.json.get("devices", [])}
    tap.same("host: the NIC's node, ids and name as the kernel's",
             {address: found.get(address) for address in nics}, nics)
    tap.ok("host: devices without a node have none here either",
           all(found[address][0] == device[0] for address, device in wanted.items()
               if address in found), found, wanted)


def request(vcpus, mib, mode, distribution, more):
    path = f"{tempfile.gettempdir()}/odd.xml"
    with open(path, "w") as file:
        file.write(DOMAIN.format(vcpus=vcpus, mib=mib, mode=mode, distribution=distribution,
                                 more=more))
    return path


def plan_is_possible(host, name, *what):
    path = request(*what)
    status, _, err = vnuma.call("plan", path)
    if not tap.ok(f"plan, {name}: there is one", status == 0, err):
        return
    xml, plan = vnuma.plan(path)
    memory = {int(node.get("nodeset"))
              for node in ElementTree.fromstring(xml).iterfind("numatune/memnode")}
    tap.ok(f"plan, {name}: memory is on nodes that have memory",
           memory and NO_MEMORY not in memory and memory == set(plan.memory_node.values()),
           memory, plan.memory_node)
    tap.ok(f"plan, {name}: no cell is on the node without CPUs", NO_CPUS not in plan.node.values(),
           plan.node)
    tap.ok(f"plan, {name}: vCPUs are on CPUs of their cell's node",
           all(plan.vcpus[vcpu] and plan.vcpus[vcpu] <= host.cpus()[plan.node[cell]]
               for cell, vcpus in plan.cell_vcpus.items() for vcpu in vcpus), plan.vcpus, plan.node)


def main():
    host = vnuma.Host()
    check_host.against_numactl(host)
    check_host.against_lscpu(host)
    check_host.against_libvirt(host)
    host_is_odd(host)
    hmat_agrees(host)
    devices_agree(host)
    for row in PLANS:
        plan_is_possible(host, *row)
    for name, *what in NO_PLANS:
        status, out, err = vnuma.call("plan", request(*what))
        tap.ok(f"plan, only {name}: refused", status == 1 and not out and err, out, err)
    return 1 if tap.failures else 0


if __name__ == "__main__":
    raise SystemExit(main())
