# SPDX-License-Identifier: LGPL-2.1-or-later
"""A guest that libvirt has started, against the plan it was started from: libvirt, /proc, and what the
guest itself has told (guest/init)."""
import json
import os
import re
import subprocess
import xml.etree.ElementTree as ElementTree

import facts
import tap

CELL_OVERHEAD_MIB = 64  # of a cell, what the guest's kernel keeps to itself
STRAY_MIB = 112  # of QEMU, on other nodes: the files it maps, 66 MiB of them the guest's kernel


class Virsh:
    """One virsh for many commands: each new process takes seconds under emulation."""

    def __init__(self):
        self.process, self.commands = None, 0

    def close(self):
        """Before libvirtd is restarted."""
        if self.process:
            self.process.kill()
            self.process.communicate()
            self.process = None

    def read_until(self, mark):
        text = b""
        while mark not in text:
            more = os.read(self.process.stdout.fileno(), 1 << 16)
            if not more:
                raise SystemExit(f"virsh has ended: {text.decode()}")
            text += more
        return text.split(mark)[0].decode()

    def __call__(self, *arguments):
        """Its output. What it is asked comes back in it, after a prompt and before an end of line."""
        if not self.process:
            self.process = subprocess.Popen(
                ["virsh", "-q", "-c", "qemu:///system"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT, env={**os.environ, "TERM": "dumb"})
        self.commands += 1
        end = f"=END={self.commands}"
        command = " ".join(f"'{argument}'" for argument in arguments)
        self.process.stdin.write(f"{command}\necho {end}\n".encode())
        self.process.stdin.flush()
        text = self.read_until(f"\n{end}".encode()).rpartition("virsh # ")[0].partition("\n")[2]
        if re.search(r"^error: ", text, re.MULTILINE):
            raise SystemExit(f"virsh {command}: {text.strip()}")
        return text


virsh = Virsh()


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


def libvirt_agrees(name, plan, mode="strict"):
    tap.same("virsh vcpupin agrees with the plan", vcpu_pins(name), plan.vcpus)
    tap.same("virsh emulatorpin agrees with the plan",
             facts.numbers(virsh("emulatorpin", name)), plan.emulator)
    tune = dict(re.findall(r"^(\w+) *: (\S+)", virsh("numatune", name), re.MULTILINE))
    tap.same("virsh numatune agrees with the plan",
             (tune.get("numa_mode"), facts.numbers(tune.get("numa_nodeset", ""))),
             (mode, set(plan.memory_node.values())))
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


def numastat_agrees(pid, plan):
    """The guest filled half of each cell, so at least that much is on the planned nodes."""
    found = facts.numastat(pid)
    least = {node: 0 for node in plan.memory_node.values()}
    for cell, mib in plan.memory_mib.items():
        least[plan.memory_node[cell]] += mib / 2 - CELL_OVERHEAD_MIB / 2
    tap.ok("numastat -p: the guest's memory is on the planned nodes",
           all(found[node] >= mib for node, mib in least.items()), found, least)
    tap.ok(f"numastat -p: less than {STRAY_MIB} MiB of QEMU is anywhere else",
           sum(mib for node, mib in found.items() if node not in least) < STRAY_MIB, found)


def sockets_of(text):
    """The guest's lines "CPU socket N": {socket: set of CPUs}"""
    sockets = {}
    for cpu, socket in re.findall(r"^(\d+) socket (\d+)", text, re.MULTILINE):
        sockets.setdefault(int(socket), set()).add(int(cpu))
    return sockets


def guest_agrees(told, plan, host):
    """The guest's own kernel sees the planned cells."""
    tap.same("the guest's sockets are its cells",
             {frozenset(cpus) for cpus in sockets_of(told["sockets"]).values()},
             {frozenset(cpus) for cpus in plan.cell_vcpus.values()})
    seen = facts.numactl(told["numactl"])
    tap.same("guest's numactl -H: cells and their CPUs as planned", seen["cpus"], plan.cell_vcpus)
    tap.ok("guest's numactl -H: memory of each cell as planned",
           all(0 <= plan.memory_mib[cell] - size <= CELL_OVERHEAD_MIB
               for cell, size in seen["size"].items()), seen["size"], plan.memory_mib)
    nodes = [plan.node[cell] for cell in sorted(plan.node)]
    tap.same("guest's numactl -H: distances are those of the planned nodes", seen["distances"],
             [[host.distances()[host.ids.index(a)][host.ids.index(b)] for b in nodes]
              for a in nodes])


def stop(name):
    virsh("destroy", name)
