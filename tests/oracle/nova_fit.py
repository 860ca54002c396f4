#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What OpenStack Nova answers to a file of cases (docs/fit-format.md): one JSON line for each.

USE  nova_fit.py [--repeat N] [--seconds S] [--time-limit S] [--exact] CASES.json

Runs the Nova of Debian's python3-nova, so it needs Debian's /usr/bin/python3. An answer has

  status     fit, nofit, no_numa (Nova does not place such a guest by node), error or timeout
  feasible   true or false; null without an answer
  error      the name of Nova's exception, message its text
  placement  [{"guest_cell", "host_cell", "pins", "reserved", "pagesize_kib"}] as Nova gave it
  cpu_usec   {"min", "median", "mean", "n"}: CPU time of numa_fit_instance_to_host alone, at most N
             times (200) and about S seconds (0.5), each of them at most --time-limit (20), all of
             CPU time
  exact      with --exact: is there any way to place the guest, by Nova's own rule for one guest cell on
             one host cell? Nova's search mistakes cells for each other (it caches answers under a
             cell's id, then changes the id), so `feasible` is sometimes wrong both ways. null: too
             many sets of nodes to try.

nova_compare.py uses the functions of this file. The request is read by Nova's own code; only the host,
whose form here is ours, is translated.
"""
import argparse
import itertools
import json
import logging
import math
import signal
import statistics
import sys
import time
import types
import warnings

warnings.simplefilter("ignore")
logging.disable(logging.CRITICAL)

import nova.conf  # noqa: E402
from nova import exception, objects  # noqa: E402
from nova.pci.stats import PciDeviceStats  # noqa: E402
from nova.virt import hardware  # noqa: E402

objects.register_all()
nova.conf.CONF([], project="nova", default_config_files=[])

SETS_MAX = 200_000  # sets of nodes that an exact answer may look at


# ---- a case as Nova's objects ----

def cpu_set(value):
    """A set of CPUs, from "0-3,8" or from a list."""
    if isinstance(value, str):
        return set(hardware.parse_cpu_spec(value)) if value else set()
    return set(value or [])


def networks(spec):
    return objects.NetworkMetadata(physnets=set(spec.get("physnets") or []),
                                   tunneled=bool(spec.get("tunneled")))


def host_cell(spec):
    cpus = cpu_set(spec.get("cpus"))
    pcpus = cpu_set(spec["pcpus"]) if "pcpus" in spec else set(cpus)
    cell = objects.NUMACell(
        id=spec["id"], cpuset=cpus, pcpuset=pcpus, pinned_cpus=cpu_set(spec.get("pinned")),
        cpu_usage=spec.get("cpu_usage", 0), memory=spec["mem_mib"],
        memory_usage=spec.get("mem_used_mib", 0), socket=spec.get("socket"),
        siblings=[cpu_set(core) for core in spec.get("siblings") or [[c] for c in cpus | pcpus]],
        mempages=[objects.NUMAPagesTopology(
            size_kb=pages["size_kib"], total=pages["total"], used=pages.get("used", 0),
            reserved=pages.get("reserved", 0)) for pages in spec.get("pages") or []])
    if "physnets" in spec or "tunneled" in spec:
        cell.network_metadata = networks(spec)
    return cell


def host_of(case):
    return objects.NUMATopology(cells=[host_cell(spec) for spec in case["host"]["cells"]])


def guest_by_cells(spec):
    """A guest whose cells are given, in the form of "guest"."""
    wishes = ("pagesize", "cpu_policy", "cpu_thread_policy")
    cells = [objects.InstanceNUMACell(
        id=cell["id"], cpuset=cpu_set(cell.get("cpus")), pcpuset=cpu_set(cell.get("pcpus")),
        memory=cell["mem_mib"], **{key: cell.get(key) for key in wishes}) for cell in spec["cells"]]
    return objects.InstanceNUMATopology(
        cells=cells, emulator_threads_policy=spec.get("emulator_threads_policy"))


def guest_of(case):
    """Nova's reading of the request: its topology, or None. Raises Nova's exception."""
    request = case["request"]
    if "guest" in request:
        return guest_by_cells(request["guest"])
    specs = {key: str(value) for key, value in (request.get("extra_specs") or {}).items()}
    flavor = objects.Flavor(name="f", vcpus=request["vcpus"], memory_mb=request["mem_mib"], root_gb=1,
                            ephemeral_gb=0, swap=0, extra_specs=specs)
    image = objects.ImageMeta.from_dict(
        {"id": "i", "name": "i", "properties": dict(request.get("image_props") or {})})
    return hardware.numa_get_constraints(flavor, image)


def limits_of(case):
    spec = case.get("limits")
    if not spec:
        return None
    limits = objects.NUMATopologyLimits(cpu_allocation_ratio=spec.get("cpu_allocation_ratio", 16.0),
                                        ram_allocation_ratio=spec.get("ram_allocation_ratio", 1.5))
    if "physnets" in spec or "tunneled" in spec:
        limits.network_metadata = networks(spec)
    return limits


def devices_of(case, host):
    """(requests, stats): what of devices is asked for, and what there is; None each if not said."""
    requests, stats = None, None
    if case["request"].get("pci_requests"):
        requests = [objects.InstancePCIRequest(
            request_id=str(i), count=spec["count"], spec=spec["spec"],
            numa_policy=spec.get("numa_policy"))
            for i, spec in enumerate(case["request"]["pci_requests"])]
    if requests or "pci_pools" in case["host"]:
        stats = PciDeviceStats(host)
        stats.pools = [dict(pool) for pool in case["host"].get("pci_pools") or []]
    return requests, stats


def dump_guest(guest):
    """A guest in the form of "guest"."""
    def wish(cell, key):
        return getattr(cell, key) if key in cell else None

    return {"emulator_threads_policy": wish(guest, "emulator_threads_policy"),
            "cells": [{"id": cell.id, "cpus": sorted(cell.cpuset), "pcpus": sorted(cell.pcpuset),
                       "mem_mib": cell.memory, "pagesize": wish(cell, "pagesize"),
                       "cpu_policy": wish(cell, "cpu_policy"),
                       "cpu_thread_policy": wish(cell, "cpu_thread_policy")}
                      for cell in guest.cells]}


class Question:
    """A case that Nova could read, as Nova's objects. guest is None where Nova gives no topology."""

    def __init__(self, case):
        self.case = case
        self.guest = guest_of(case)
        self.host = host_of(case)
        self.limits = limits_of(case)
        self.requests, self.stats = devices_of(case, self.host)


# ---- Nova's answer ----

class TimeUp(Exception):
    pass


def time_up(*_):
    raise TimeUp


def fit_once(question, time_limit):
    """(topology or None, CPU time in us)"""
    guest = question.guest.obj_clone()  # a fit changes the guest that it is given
    signal.signal(signal.SIGPROF, time_up)
    signal.setitimer(signal.ITIMER_PROF, time_limit)
    try:
        start = time.thread_time()
        found = hardware.numa_fit_instance_to_host(
            question.host, guest, limits=question.limits, pci_requests=question.requests,
            pci_stats=question.stats)
        return found, (time.thread_time() - start) * 1e6
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


def placement_of(found, guest):
    return [{"guest_cell": cell.id, "host_cell": placed.id,
             "pins": {str(vcpu): cpu for vcpu, cpu in sorted((placed.cpu_pinning or {}).items())},
             "reserved": sorted(placed.cpuset_reserved or []),
             "pagesize_kib": placed.pagesize if "pagesize" in placed else None}
            for cell, placed in zip(guest.cells, found.cells)]


def summary(times):
    return {"min": round(min(times), 1), "median": round(statistics.median(times), 1),
            "mean": round(statistics.fmean(times), 1), "n": len(times)}


def nova_answer(question, repeat=1, seconds=0.5, time_limit=20):
    """status, feasible, placement and cpu_usec of a question with a guest."""
    nova.conf.CONF.set_override("packing_host_numa_cells_allocation_strategy",
                                bool((question.case.get("config") or {}).get("packing")),
                                group="compute")
    times = []
    try:
        found, usec = fit_once(question, time_limit)
        times.append(usec)
        while len(times) < repeat and sum(times) < seconds * 1e6:
            times.append(fit_once(question, time_limit)[1])
    except TimeUp:
        return {"status": "timeout", "message": f"> {time_limit:g} s"}
    except Exception as error:  # Nova's own mistakes are answers too
        return {"status": "error", "error": type(error).__name__, "message": str(error)[:300]}
    return {"status": "fit" if found else "nofit", "feasible": found is not None,
            "placement": placement_of(found, question.guest) if found else None,
            "cpu_usec": summary(times)}


# ---- a placement on Nova's books ----

def claim(question, placement):
    """Put a placement in our form on the books of Nova's host, as Nova's compute service does when the
    guest starts. Raises Nova's exception where a pin is not free; sentences about the rest."""
    cells = []
    for cell, place in zip(question.guest.obj_clone().cells, placement):
        cell.id = place["host_cell"]
        cell.cpu_pinning = {int(vcpu): cpu for vcpu, cpu in place["pins"].items()}
        cell.cpuset_reserved = set(place["reserved"])
        cell.pagesize = place["pagesize_kib"]
        cell.cpu_thread_policy = None  # idle threads are in "reserved"
        if set(cell.cpu_pinning) != cell.pcpuset:
            yield f"cell {place['guest_cell']}: pins {sorted(cell.cpu_pinning)}, not {cell.pcpuset}"
        cells.append(cell)
    if len({cell.id for cell in cells}) != len(question.guest.cells):
        yield "cells share a node, or one has none"
    host = host_of(question.case)
    for node in host.cells:  # Nova's books need pages
        node.mempages = node.mempages or [objects.NUMAPagesTopology(
            size_kb=4, total=0, used=0, reserved=0)]
    after = hardware.numa_usage_from_instance_numa(host, objects.InstanceNUMATopology(cells=cells))
    wanted = {(cell.id, cell.pagesize) for cell in cells if cell.pagesize}
    for node in after.cells:
        for pages in node.mempages:
            if (node.id, pages.size_kb) in wanted and pages.free < 0:
                yield f"node {node.id}: {-pages.free} pages of {pages.size_kb} KiB too many"


# ---- the exact answer by Nova's rules ----

def pair_fits(question, cell_ix, node_ix):
    """Does a guest cell go on a host cell, both as they are before any fit?"""
    guest = question.guest
    reserved = 1 if guest.emulator_threads_isolated and cell_ix == 0 else 0
    cell = guest.cells[cell_ix].obj_clone()
    try:
        return hardware._numa_fit_instance_cell(question.host.cells[node_ix], cell, question.limits,
                                                reserved) is not None
    except exception.MemoryPageSizeNotSupported:
        return False


def nodes_serve(question, nodes, devices=True):
    """Do these nodes have the guest's devices (unless told not to look) and networks as near as it
    asks?"""
    cells = [question.host.cells[node_ix] for node_ix in nodes]
    if devices and question.requests:
        where = [types.SimpleNamespace(id=cell.id) for cell in cells]
        if not question.stats.support_requests(question.requests, where):
            return False
    return not wants_networks(question) or hardware._numa_cells_support_network_metadata(
        question.host, cells, question.limits.network_metadata)


def wants_networks(question):
    return question.limits is not None and "network_metadata" in question.limits


def matches(table, nodes):
    """Can each cell (a row of the table) have a node of its own? Augmenting paths."""
    cell_of = {}

    def place(cell, tried):
        for node in nodes:
            if table[cell][node] and node not in tried:
                tried.add(node)
                if node not in cell_of or place(cell_of[node], tried):
                    cell_of[node] = cell
                    return True
        return False

    return all(place(cell, set()) for cell in range(len(table)))


def exact_answer(question, fits=pair_fits, serve=nodes_serve):
    """True, False, or None: not known. Devices and networks depend on the set of nodes alone, so
    sets are looked at, not orders of them."""
    cells, nodes = len(question.guest.cells), len(question.host.cells)
    if cells > nodes:
        return False
    table = [[fits(question, cell, node) for node in range(nodes)] for cell in range(cells)]
    if not matches(table, range(nodes)):
        return False
    if not question.requests and not wants_networks(question):
        return True
    if math.comb(nodes, cells) > SETS_MAX:
        return None
    return any(matches(table, some) and serve(question, some)
               for some in itertools.combinations(range(nodes), cells))


# ---- the whole file ----

def read_cases(path):
    with open(path, encoding="utf-8") as file:
        data = json.load(file)
    return data["cases"] if isinstance(data, dict) and "cases" in data else data


def ask(case):
    """(question, None), or (None, answer) where the answer needs no host."""
    try:
        question = Question(case)
    except Exception as error:  # the names of Nova's exceptions are part of its answer
        return None, {"status": "error", "error": type(error).__name__, "message": str(error)[:300]}
    if question.guest is None:
        return None, {"status": "no_numa", "feasible": True}
    return question, None


def main():
    parser = argparse.ArgumentParser(usage=__doc__, add_help=False)
    parser.add_argument("--repeat", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=0.5)
    parser.add_argument("--time-limit", type=float, default=20)
    parser.add_argument("--exact", action="store_true")
    parser.add_argument("cases")
    args = parser.parse_args()
    for case in read_cases(args.cases):
        question, answer = ask(case)
        if question:
            answer = nova_answer(question, args.repeat, args.seconds, args.time_limit)
        if question and args.exact:
            answer["exact"] = exact_answer(question)
        whole = {"case": case["case"], "status": None, "feasible": None, "error": None,
                 "message": None, "placement": None, "cpu_usec": None, **answer}
        print(json.dumps(whole), flush=True)


if __name__ == "__main__":
    sys.exit(main())
