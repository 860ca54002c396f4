# SPDX-License-Identifier: LGPL-2.1-or-later
"""A guest that libvirt has started, against the plan it was started from."""
import json
import re
import xml.etree.ElementTree as ElementTree

import facts
import tap


def virsh(*arguments):
    return facts.run("virsh", "-q", "-c", "qemu:///system", *arguments)


def start(xml, *options):
    """Create the domain of a planned XML document; its name and process. /run is private to us."""
    with open("/run/planned.xml", "w") as file:
        file.write(xml)
    virsh("create", *options, "/run/planned.xml")
    name = ElementTree.fromstring(xml).findtext("name")
    return name, int(facts.read(f"/run/libvirt/qemu/{name}.pid"))


def vcpu_pins(name):
    """{vCPU: set of CPUs} that libvirt says"""
    rows = [row.split() for row in virsh("vcpupin", name).splitlines() if row]
    return {int(vcpu): facts.numbers(cpus) for vcpu, cpus in rows}


def vcpu_threads(name):
    """{vCPU: thread} as QEMU itself says"""
    reply = json.loads(virsh("qemu-monitor-command", name, '{"execute":"query-cpus-fast"}'))
    return {cpu["cpu-index"]: cpu["thread-id"] for cpu in reply["return"]}


def libvirt_agrees(name, plan):
    tap.same("virsh vcpupin agrees with the plan", vcpu_pins(name), plan.vcpus)
    tap.same("virsh emulatorpin agrees with the plan",
             facts.numbers(virsh("emulatorpin", name)), plan.emulator)
    tune = dict(re.findall(r"^(\w+) *: (\S+)", virsh("numatune", name), re.MULTILINE))
    tap.same("virsh numatune agrees with the plan",
             (tune.get("numa_mode"), facts.numbers(tune.get("numa_nodeset", ""))),
             ("strict", set(plan.memory_node.values())))
    memnodes = ElementTree.fromstring(virsh("dumpxml", name)).iterfind("numatune/memnode")
    tap.same("libvirt's memnode of each cell agrees with the plan",
             {int(node.get("cellid")): facts.numbers(node.get("nodeset")) for node in memnodes},
             {cell: {node} for cell, node in plan.memory_node.items()})


def kernel_agrees(name, pid, plan):
    threads = vcpu_threads(name)
    tap.same("/proc: each vCPU thread may run where the plan says",
             {vcpu: facts.allowed_cpus(pid, thread) for vcpu, thread in threads.items()}, plan.vcpus)
    tap.same("/proc: the emulator may run where the plan says",
             facts.allowed_cpus(pid, pid), plan.emulator)


def memory_is_bound(pid, plan):
    """Each cell's memory is an area of QEMU that is bound to the planned node, with all its pages on
    it. Pages not touched yet are nowhere."""
    areas = facts.bound_memory(pid)
    tap.ok("/proc: no page of the guest's memory is on another node than the planned one",
           areas and all(set(area["pages"]) <= area["nodes"] for area in areas), areas)
    bound = {node for area in areas for node in area["nodes"]}
    tap.same("/proc: the guest's memory is bound to the planned nodes", bound,
             set(plan.memory_node.values()))


def huge_pages_used(pid, plan, page_kib):
    """All of the guest's memory is in huge pages of the planned size on the planned nodes: libvirt has
    QEMU allocate them at the start."""
    wanted, found = {}, {}
    for cell, node in plan.memory_node.items():
        wanted[node] = wanted.get(node, 0) + plan.memory_mib[cell]
    for area in facts.bound_memory(pid):
        for node, count in area["pages"].items() if area["page_kib"] == page_kib else ():
            found[node] = found.get(node, 0) + (count * page_kib >> 10)
    tap.same(f"/proc: the guest's memory is in pages of {page_kib} KiB on the planned nodes, in MiB",
             found, wanted)


def stop(name):
    virsh("destroy", name)
