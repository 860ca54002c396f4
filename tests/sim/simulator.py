# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the tests of `vnuma sim` know without it: reading the traces and fleets of the tests, a first-fit
simulator that is as plain as can be, and a checker that knows only the input and the decisions. Capacity is
that of nodes: whole CPUs, one for each vCPU, and memory."""

import csv
import gzip
import heapq

GIB = 1 << 20  # in KiB
MICRO = 1_000_000


class Guest:
    def __init__(self, vcpus, mem_kib, cells=1, arrival=0, lifetime=None, rule="", group=None, domain=None):
        self.vcpus, self.mem_kib, self.cells, self.arrival, self.lifetime = vcpus, mem_kib, cells, arrival, lifetime
        self.rule, self.group, self.domain = rule, group, domain

    def need(self):
        """Of each cell: CPUs, memory. The tests' guests divide evenly."""
        assert self.vcpus % self.cells == 0 and self.mem_kib % self.cells == 0
        return self.vcpus // self.cells, self.mem_kib // self.cells


def opened(path):
    return gzip.open(path, "rt") if str(path).endswith(".gz") else open(path)


def read_mdl(path):
    """The rows of an mdl1104 sequence."""
    with opened(path) as file:
        return [Guest(int(row["flavor_vcpus"]), int(row["flavor_ram"]) * GIB, int(row["numa"]), arrival=i * MICRO,
                      rule=row["strategy"].replace("_", "-"), group=row["group"], domain=row["domain"])
                for i, row in enumerate(csv.DictReader(file))]


def read_hosts(path):
    """[(nodes, rack)] with nodes [(CPUs, KiB)]; a host without a rack is one of its own."""
    with opened(path) as file:
        return [([(int(row["CPU1"]), int(row["RAM1"]) * GIB), (int(row["CPU2"]), int(row["RAM2"]) * GIB)],
                 row.get("RACK", f"own {i}")) for i, row in enumerate(csv.DictReader(file))]


def read_lifetime(path, above_gib):
    """The rows of a trace in the lifetime form; guests with more memory have two cells."""
    with opened(path) as file:
        return [Guest(int(row["cpu"]), int(row["mem"]) * GIB, 2 if int(row["mem"]) > above_gib else 1,
                      int(float(row["at"])) * MICRO, int(float(row["lt"])) * MICRO) for row in csv.DictReader(file)]


def read_decisions(path):
    with opened(path) as file:
        return list(csv.DictReader(file))


class Hosts:
    def __init__(self, hosts):
        self.free = [[list(node) for node in nodes] for nodes, _ in hosts]

    def first_fit(self, guest):
        """(host, nodes) or None: lowest host, lowest nodes."""
        cpus, mem = guest.need()
        for host, nodes in enumerate(self.free):
            fit = [i for i, node in enumerate(nodes) if node[0] >= cpus and node[1] >= mem]
            if len(fit) >= guest.cells:
                return host, fit[:guest.cells]
        return None

    def change(self, guest, place, sign):
        cpus, mem = guest.need()
        for node in place[1]:
            self.free[place[0]][node][0] -= sign * cpus
            self.free[place[0]][node][1] -= sign * mem


def simulate(guests, hosts, refusal):
    """First fit: [(fate, start, host, nodes)] for each row that was looked at."""
    now, clock, leaving, fates = Hosts(hosts), 0, [], []
    for number, guest in enumerate(guests):
        if Hosts(hosts).first_fit(guest) is None:
            fates.append(("too-large", None, None, None))
            continue
        while leaving and leaving[0][0] <= guest.arrival:
            clock, _, who, place = heapq.heappop(leaving)
            now.change(who, place, -1)
        place = now.first_fit(guest)
        if place is not None or refusal != "wait":
            clock = max(clock, guest.arrival)
        while place is None and refusal == "wait" and leaving:
            clock = leaving[0][0]
            while leaving and leaving[0][0] <= clock:
                _, _, who, freed = heapq.heappop(leaving)
                now.change(who, freed, -1)
            place = now.first_fit(guest)
        if place is None:
            fates.append(("refused", None, None, None))
            if refusal == "stop":
                break
            continue
        now.change(guest, place, 1)
        fates.append(("placed", clock, *place))
        if guest.lifetime is not None:
            heapq.heappush(leaving, (clock + guest.lifetime, number, guest, place))
    return fates


def violations(guests, hosts, decisions):
    """What the decisions break: capacity of a node, distinct nodes, the rules of groups. Groups are numbered
    by rule. Guests leave at their start and their lifetime."""
    now, leaving, groups, wrong = Hosts(hosts), [], {}, []
    for row in decisions:
        number = int(row["row"])
        guest, start = guests[number], int(row["start_us"])
        if row["fate"] != "placed":
            continue
        while leaving and leaving[0][0] <= start:
            _, gone, host, nodes = heapq.heappop(leaving)
            now.change(guests[gone], (host, nodes), -1)
            groups.get((guests[gone].rule, guests[gone].group), {}).pop(gone, None)
        host, nodes = int(row["host"]), [int(node) for node in row["nodes"].split()]
        if len(set(nodes)) != guest.cells:
            wrong.append(f"row {number}: {guest.cells} cells on nodes {nodes}")
        if start < guest.arrival:
            wrong.append(f"row {number} starts before it arrives")
        now.change(guest, (host, nodes), 1)
        if any(free < 0 for node in nodes for free in now.free[host][node]):
            wrong.append(f"row {number}: host {host} is overfull: {now.free[host]}")
        if guest.lifetime is not None:
            heapq.heappush(leaving, (start + guest.lifetime, number, host, nodes))
        if guest.rule and guest.rule != "none":
            others = groups.setdefault((guest.rule, guest.group), {})
            for other, there in others.items():
                if broken(guest, guests[other], hosts, host, there):
                    wrong.append(f"row {number} on host {host} breaks {guest.rule} with row {other} on {there}")
            others[number] = host
    return wrong


def broken(guest, other, hosts, here, there):
    if guest.rule == "affinity":
        return here != there
    if guest.rule == "anti-affinity":
        return here == there
    assert guest.rule == "fault-domain"
    return guest.domain != other.domain and hosts[here][1] == hosts[there][1]
