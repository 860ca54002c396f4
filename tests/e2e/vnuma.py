# SPDX-License-Identifier: LGPL-2.1-or-later
"""Calls of the `vnuma` that was built, and its JSON as plain Python values. $VNUMA is its path."""
import json
import os
import subprocess

from facts import numbers

VNUMA = os.environ.get("VNUMA", "vnuma")


def call(*arguments):
    """(status, stdout, stderr)"""
    done = subprocess.run([VNUMA, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True)
    return done.returncode, done.stdout, done.stderr


def answer(*arguments):
    """stdout of a call that has to succeed"""
    status, out, err = call(*arguments)
    if status != 0:
        raise SystemExit(f"vnuma {' '.join(arguments)}: status {status}: {err.strip()}")
    return out


def cpu_set(value):
    """A set of CPUs in one of the two forms of the batch format: "0-3,8" or [0, 1, 2, 3, 8]."""
    return numbers(value) if isinstance(value, str) else set(value)


class Host:
    """`vnuma host -H SOURCE -o json`"""

    def __init__(self, source="live"):
        self.json = json.loads(answer("host", "-H", source, "-o", "json"))
        self.nodes = {cell["id"]: cell for cell in self.json["cells"]}
        self.ids = sorted(self.nodes)

    def cpus(self):
        return {node: cpu_set(cell["cpus"]) for node, cell in self.nodes.items()}

    def siblings(self):
        """Every core as the set of its CPUs; what `siblings` leaves out has one thread."""
        groups = {frozenset(cpu_set(group)) for cell in self.nodes.values()
                  for group in cell.get("siblings", [])}
        named = set().union(*groups)
        alone = {frozenset([cpu]) for cpus in self.cpus().values() for cpu in cpus - named}
        return groups | alone

    def mem_kib(self):
        return {node: cell.get("mem_kib", cell["mem_mib"] << 10)
                for node, cell in self.nodes.items()}

    def unused_mib(self):
        """What `numactl -H` calls free: neither in use nor holding files."""
        return {node: (self.mem_kib()[node] - cell.get("mem_used_kib", cell["mem_used_mib"] << 10)
                       - cell.get("cache_kib", 0)) >> 10 for node, cell in self.nodes.items()}

    def pages(self):
        """{node: {page size in KiB: total}}, sizes without pages left out"""
        return {node: {pages["size_kib"]: pages["total"] for pages in cell.get("pages", [])
                       if pages["total"]} for node, cell in self.nodes.items()}

    def distances(self):
        return self.json.get("distances", [])

    def matrix(self, name):
        """{(from, to): value} of "latency_ns" or "bandwidth_mibs", unknown values left out"""
        return {(self.ids[i], self.ids[j]): value
                for i, row in enumerate(self.json.get(name, []))
                for j, value in enumerate(row) if value}


class Plan:
    """`vnuma plan -o json`: where each vCPU, each cell's memory and the emulator go"""

    def __init__(self, document):
        self.node, self.memory_node, self.memory_mib = {}, {}, {}
        self.cell_vcpus, self.vcpus = {}, {}
        for cell in document["placement"]:
            number = cell["guest_cell"]
            self.node[number] = cell["host_cell"]
            self.memory_node[number] = cell["mem_host_cell"]
            self.memory_mib[number] = cell["mem_kib"] >> 10
            self.cell_vcpus[number] = cpu_set(cell["vcpus"])
            for vcpu in self.cell_vcpus[number]:
                pin = cell["pins"].get(str(vcpu))
                self.vcpus[vcpu] = cpu_set(cell["cpus"]) if pin is None else {pin}
        self.emulator = cpu_set(document["emulator"])


def plan(path):
    """The planned domain XML of a request, and the same plan as a Plan"""
    return answer("plan", path), Plan(json.loads(answer("plan", path, "-o", "json")))
