# SPDX-License-Identifier: LGPL-2.1-or-later
"""Where vnuma's rules differ from Nova's on purpose (docs/design/0002-what-fits.md, the rules marked N,
and two mistakes of older Novas), each as a correction of what Nova is asked.

A rule looks at one guest cell and one host cell and changes the numbers that Nova would count wrongly;
then Nova decides by its own code. Where no number says it, a rule refuses the pair itself. With all
rules Nova has to agree with vnuma in every case; with some of them left out it shows which one a
difference comes from. One rule is about devices, which belong to the whole guest."""
import types

from nova import objects
from nova.virt import hardware

from nova_fit import cpu_set, host_cell, matches, nodes_serve, pair_fits

NO_LIMIT = 1e9


class Pair:
    """A question of one guest cell and one host cell, for rules to change."""

    def __init__(self, question, cell_ix, node_ix):
        self.host = host_cell(question.case["host"]["cells"][node_ix])
        self.guest = question.guest.cells[cell_ix].obj_clone()
        self.emulator = 1 if question.guest.emulator_threads_isolated and cell_ix == 0 else 0
        self.guest_pins = any(cell.pcpuset for cell in question.guest.cells)
        self.cpu_ratio = question.limits.cpu_allocation_ratio if question.limits else None
        self.ram_ratio = question.limits.ram_allocation_ratio if question.limits else None
        self.cores = [cpu_set(core) for core in self.host.siblings]
        self.floatable = self.host.cpuset - self.host.pinned_cpus  # 0002: F
        self.pinnable = set(self.host.free_pcpus)                  # 0002: P
        self.refused = False

    def ask_nova(self):
        """As pair_fits, for this cell as the only one."""
        if self.refused:
            return False
        limits = None if self.cpu_ratio is None else objects.NUMATopologyLimits(
            cpu_allocation_ratio=self.cpu_ratio, ram_allocation_ratio=self.ram_ratio)
        guest = objects.InstanceNUMATopology(
            cells=[self.guest], emulator_threads_policy="isolate" if self.emulator else None)
        host = objects.NUMATopology(cells=[self.host])
        return pair_fits(types.SimpleNamespace(host=host, guest=guest, limits=limits), 0, 0)

    def has_memory(self, room_mib):
        """From now on, this many MiB are what there is, and nothing else counts."""
        self.guest.pagesize = None
        self.host.mempages = []
        self.host.memory, self.host.memory_usage = max(0, room_mib), 0
        if self.ram_ratio is not None:
            self.ram_ratio = NO_LIMIT

    def pins_only_on(self, cpus):
        """From now on, these are the CPUs for pins, each a core of its own; the others that were
        free are good for the emulator."""
        self.host.pcpuset, self.host.pinned_cpus = set(cpus), set()
        self.host.siblings = [{cpu} for cpu in sorted(cpus)]
        self.guest.cpu_thread_policy = "prefer"
        if self.pinnable - cpus:
            self.emulator = 0  # it takes one of the others


def float_on_free(pair):
    """Rule 2: a CPU that a guest is pinned to does not count for floating vCPUs."""
    if pair.guest.cpuset:
        pair.host.cpuset = pair.floatable


def core_choices(pair, core):
    """Ways to use a core: (pins, an only pin, emulator CPUs, CPUs that floating vCPUs lose)."""
    free, policy = core & pair.pinnable, pair.guest.cpu_thread_policy
    for pins in range(len(free) + 1):
        lone = policy == "require" and pins == 1
        if (policy == "isolate" and (pins > 1 or (pins and free != core))) or (
                policy == "require" and pins and len(free) < 2):
            continue
        for emulator in range(min(pair.emulator, len(free) - pins) + 1):
            if policy == "isolate" and pins and emulator:
                continue
            gone = core if policy == "isolate" and pins else free
            taken = len(core) if policy == "isolate" and pins else pins + emulator
            yield pins, lone, emulator, max(0, taken - len(gone - pair.floatable))


def least_lost(pair):
    """How many CPUs floating vCPUs lose at least to the cell's pins and emulator; None: no way."""
    best = {(0, False, 0): 0}
    for core in pair.cores:
        longer = {}
        for (pins, lone, emulator), lost in best.items():
            for more, is_lone, more_emulator, more_lost in core_choices(pair, core):
                key = (pins + more, lone or is_lone, emulator + more_emulator)
                if not (lone and is_lone) and key[2] <= pair.emulator:
                    longer[key] = min(longer.get(key, lost + more_lost), lost + more_lost)
        best = longer
    ends = [best.get((len(pair.guest.pcpuset), lone, pair.emulator)) for lone in (False, True)]
    return min((lost for lost in ends if lost is not None), default=None)


def float_beside_own_pins(pair):
    """Rules 3 and 8: nor does a CPU that the guest's own pins need, its idle threads or its emulator."""
    if pair.guest.cpuset and pair.floatable & pair.pinnable:
        lost = least_lost(pair)
        pair.refused |= lost is None or len(pair.guest.cpuset) > len(pair.floatable) - lost


def cells_without_pins(pair):
    """A cell of a mixed guest may have no pin (Nova until 2024: bug 1994526). Its emulator CPU, if any,
    is one for pins (rule 7)."""
    if pair.guest.cpu_policy != "mixed" or pair.guest.pcpuset:
        return
    pair.guest.cpu_policy = "shared"
    pair.refused |= pair.emulator > len(pair.pinnable)


def cells_of_pins(pair):
    """Rule 3: a cell of a mixed guest that has only pins asks for no room under the CPU ratio."""
    if pair.guest.cpu_policy == "mixed" and not pair.guest.cpuset:
        pair.guest.cpu_policy = "dedicated"


def uneven_siblings(pair):
    """Rule 5: `require` may take more threads of one core than of another."""
    if pair.guest.cpu_thread_policy != "require" or not pair.guest.pcpuset:
        return
    free = [core & pair.pinnable for core in pair.cores]
    pair.pins_only_on(set().union(*(core for core in free if len(core) > 1)))


def isolate_on_smt(pair):
    """Rule 6: `isolate` takes cores that are free as a whole, whatever the host's sets are (Nova: bug
    1889633) and however many threads other cores have."""
    if pair.guest.cpu_thread_policy != "isolate" or not pair.guest.pcpuset:
        return
    whole = [core for core in pair.cores if core and core <= pair.pinnable]
    pair.pinnable -= {cpu for core in whole for cpu in core - {min(core)}}  # idle, one way or another
    pair.pins_only_on({min(core) for core in whole})


def uncounted_pages(pair):
    """A node whose pages nobody has counted has small ones (to Nova it has none of any size)."""
    if pair.guest.pagesize == hardware.MEMPAGES_SMALL and not pair.host.mempages:
        pair.guest.pagesize = None


def ordinary_memory(pair):
    """Rule 9: ordinary memory is what the smallest pages hold. Huge pages are no room for it, and a
    guest with pins takes what is free (Nova until 2024 counted all: bug 1811886) whatever the ratio."""
    if pair.guest.pagesize:
        return
    host, ratio = pair.host, pair.ram_ratio
    small = min(host.mempages, key=lambda pages: pages.size_kb, default=None)
    total_kib = small.total_kb if small else host.memory * 1024
    free_kib = small.free_kb if small else host.avail_memory * 1024
    if pair.guest_pins:
        return pair.has_memory(min(free_kib, total_kib) // 1024)
    room_mib = total_kib // 1024
    if ratio is not None:
        percent, unit = round(ratio * 100), small.size_kb if small else 1
        most_kib = total_kib // unit * percent // 100 * unit
        room_mib = min(room_mib, (most_kib - (total_kib - free_kib)) // 1024,
                       host.memory * percent // 100 - host.memory_usage)
    pair.has_memory(room_mib)


def wanted_pages(pair):
    """Rule 10: pages of the wanted size have to be free, and that is all: neither the memory ratio nor
    the use of the node's other memory counts."""
    if pair.guest.pagesize:
        pair.host.memory, pair.host.memory_usage = max(pair.host.memory, pair.guest.memory), 0
        if pair.ram_ratio is not None:
            pair.ram_ratio = NO_LIMIT


def device_nodes(question, nodes, policy):
    """Node ids that devices may be on when the cells are on `nodes`; None in it: the unknown."""
    cells = question.host.cells
    mine = {cells[node].id for node in nodes}
    if policy == "preferred":
        return {cell.id for cell in cells} | {None}
    if policy == "socket":
        sockets = {cells[node].socket for node in nodes} - {None}
        return mine | {cell.id for cell in cells if cell.socket in sockets}
    return mine if policy == "required" else mine | {None}


def devices_together(question, nodes):
    """Rule 13: one device for each that is asked for, all requests together; Nova serves the first
    request first, with devices that a later one needs."""
    there = [pool for pool in question.stats.pools for _ in range(pool["count"])]
    table = []
    for request in question.requests:
        near = device_nodes(question, nodes, request.numa_policy or "legacy")
        kind = request.spec[0]
        fits = [pool["numa_node"] in near and all(pool[key] == kind[key] for key in kind)
                for pool in there]
        table += [fits] * request.count
    return matches(table, range(len(there)))


# In the order in which they are applied: those about floating vCPUs look at the cores as they are.
PAIR_RULES = {
    "float on free CPUs": float_on_free,
    "float beside own pins": float_beside_own_pins,
    "cells without pins": cells_without_pins,
    "cells of pins": cells_of_pins,
    "uneven siblings": uneven_siblings,
    "isolate on SMT": isolate_on_smt,
    "uncounted pages": uncounted_pages,
    "ordinary memory": ordinary_memory,
    "wanted pages": wanted_pages,
}
DEVICE_RULE = "devices together"
ALL_RULES = frozenset([*PAIR_RULES, DEVICE_RULE])


def fits_by(rules):
    """A `fits` for nova_fit.exact_answer: Nova's rule with these corrections."""
    def fits(question, cell_ix, node_ix):
        pair = Pair(question, cell_ix, node_ix)
        for name, rule in PAIR_RULES.items():
            if name in rules:
                rule(pair)
        return pair.ask_nova()
    return fits


def serve_by(rules):
    """The same for `serve`."""
    if DEVICE_RULE not in rules:
        return nodes_serve

    def serve(question, nodes):
        if question.requests and not devices_together(question, nodes):
            return False
        return nodes_serve(question, nodes, devices=False)
    return serve
