# SPDX-License-Identifier: LGPL-2.1-or-later
"""Random hosts and guests for nova_cases.py: small, so that what is tight is tight in many ways.

Everything may be uneven: cells, cores, threads of a core, memory, pages, distances. What Nova cannot say
is left out: nodes without memory (it never takes memory from another node)."""
from nova_case import ERRORS, make_case

KINDS = [{"vendor_id": "8086", "product_id": "1572"}, {"vendor_id": "10de", "product_id": "20b0"}]
POLICIES = ["required", "preferred", "legacy", "socket"]


def chance(rng, percent):
    return rng.random() * 100 < percent


def subset(rng, items, percent):
    return sorted(item for item in items if chance(rng, percent))


# ---- hosts ----

def random_cores(rng, nodes):
    """For each node its cores, each a list of CPUs; numbered as Linux does, or node after node."""
    threads, most = rng.choice([1, 2, 2, 2, 4, 4]), rng.randint(1, 6)
    sizes = [rng.randint(1, most) if chance(rng, 50) else most for _ in range(nodes)]
    offline = 10 if chance(rng, 15) else 0
    seats = [(node, core, thread) for node in range(nodes) for core in range(sizes[node])
             for thread in range(threads) if not thread or not chance(rng, offline)]
    if chance(rng, 60):
        seats.sort(key=lambda seat: (seat[2], seat[0], seat[1]))
    cores = [[[] for _ in range(size)] for size in sizes]
    for cpu, (node, core, _) in enumerate(seats):
        cores[node][core].append(cpu)
    return cores


def random_sets(rng, scheme, cores):
    """(CPUs that guests may float on, CPUs that they may be pinned to) of a node."""
    cpus = sorted(sum(cores, []))
    if scheme == "cores":  # whole cores for the one or the other
        shared = sorted(sum((core for core in cores if chance(rng, 30)), []))
        return shared, [cpu for cpu in cpus if cpu not in shared]
    if scheme == "threads":  # cores are cut
        shared = subset(rng, cpus, 40)
        return shared, [cpu for cpu in cpus if cpu not in shared]
    if scheme == "overlap":
        return subset(rng, cpus, 80), subset(rng, cpus, 80)
    return {"both": (cpus, cpus), "pins": ([], cpus), "floats": (cpus, [])}[scheme]


def random_pages(rng, mem_mib):
    """Page counts of a node, or None: not known. Ordinary pages are what huge ones leave."""
    sizes = rng.choice([[], [4], [4, 2048], [4, 2048], [4, 2048, 1048576], [4, 2048, 1048576],
                        [64, 2048, 524288]])
    pages, left = [], mem_mib * 1024
    for size in reversed(sizes):
        total = left // size
        if size != sizes[0]:
            total = rng.randint(0, total) if chance(rng, 75) else 0
        used = rng.randint(0, total) if chance(rng, 50) else 0
        reserved = rng.randint(0, (total - used) // 2) if chance(rng, 15) else 0
        pages.insert(0, {"size_kib": size, "total": total, "used": used, "reserved": reserved})
        left -= total * size
    return pages or None


def random_cell(rng, ident, scheme, cores, load, socket):
    cpus, pcpus = random_sets(rng, scheme, cores)
    mem_mib = rng.choice([1024, 2048, 3000, 4096, 8192])
    cell = {"id": ident, "cpus": cpus, "siblings": cores, "mem_mib": mem_mib,
            "pinned": subset(rng, pcpus, load), "socket": socket}
    if scheme != "both" or chance(rng, 50):
        cell["pcpus"] = pcpus
    if chance(rng, 60):
        cell["mem_used_mib"] = rng.randint(0, mem_mib * (12 if chance(rng, 10) else 8) // 10)
    if cpus and chance(rng, 60):
        cell["cpu_usage"] = rng.randint(0, rng.choice([1, 2]) * len(cpus))
    pages = random_pages(rng, mem_mib)
    if pages:
        cell["pages"] = pages
    return cell


def add_networks(rng, cells):
    for cell in cells:
        if chance(rng, 60):
            cell["physnets"] = subset(rng, ["blue", "green", "red"], 40)
            cell["tunneled"] = chance(rng, 30)


def random_pools(rng, idents):
    kinds = KINDS[:rng.randint(1, len(KINDS))]
    return [{**rng.choice(kinds), "dev_type": "type-PCI", "count": rng.randint(1, 3),
             "numa_node": None if chance(rng, 20) else rng.choice(idents)}
            for _ in range(rng.randint(1, 4))]


def random_distances(rng, nodes):
    far = [[rng.choice([12, 16, 21, 32]) for _ in range(nodes)] for _ in range(nodes)]
    both_ways = chance(rng, 70)
    return [[10 if a == b else far[min(a, b)][max(a, b)] if both_ways else far[a][b]
             for b in range(nodes)] for a in range(nodes)]


def random_host(rng):
    nodes = rng.choice([1, 2, 2, 3, 4, 4, 5, 6, 8])
    gap = 2 if chance(rng, 10) else 1
    load = rng.choice([0, 0, 0, 20, 20, 50, 80])
    scheme = rng.choice(["both", "both", "both", "cores", "cores", "threads", "overlap", "pins",
                         "floats"])
    sockets = chance(rng, 80)
    cells = [random_cell(rng, node * gap, scheme, cores, load, node // 2 if sockets else None)
             for node, cores in enumerate(random_cores(rng, nodes))]
    host = {"cells": cells}
    if not any(cell["cpus"] or cell.get("pcpus") for cell in cells):
        cells[0]["cpus"] = cells[0]["pcpus"] = sum(cells[0]["siblings"], [])
    if chance(rng, 30):
        add_networks(rng, cells)
    if chance(rng, 40):
        host["pci_pools"] = random_pools(rng, [cell["id"] for cell in cells])
    if chance(rng, 70):
        host["distances"] = random_distances(rng, nodes)
    return host


# ---- guests ----

def tight_cpus(cell, pins):
    """The most vCPUs of one kind that a node could have, as it is."""
    cpus = cell.get("pcpus", cell["cpus"]) if pins else cell["cpus"]
    return len(set(cpus) - set(cell["pinned"]))


def tight_mib(rng, cell):
    """A size of memory that is just what a node has, in some way of counting."""
    sizes = [cell["mem_mib"] - cell.get("mem_used_mib", 0)]
    for pages in cell.get("pages", []):
        free = pages["total"] - pages["used"] - pages["reserved"]
        sizes += [count * pages["size_kib"] // 1024 for count in (free, pages["total"])]
    return rng.choice(sizes)


def random_size(rng, cell, pins, tight):
    """(vCPUs, MiB) for a guest cell, by what this node has: less; if tight, often just that, or more."""
    most = tight_cpus(cell, pins)
    vcpus = rng.randint(1, max(1, most))
    if tight and chance(rng, 30):
        vcpus = rng.choice([most, most, most + 1])
    mem_mib = tight_mib(rng, cell)
    small = [size for size in (64, 128, 256, 500, 512, 1000, 1024, 2048) if size <= mem_mib]
    if small and not (tight and chance(rng, 30)):
        mem_mib = rng.choice(small)
    return max(1, vcpus), max(1, mem_mib)


def random_sizes(rng, host, pins):
    cells = rng.randint(1, min(len(host["cells"]), 4))
    if chance(rng, 10):
        cells = len(host["cells"])
    tight = chance(rng, 40)
    sizes = [random_size(rng, cell, pins, tight) for cell in rng.sample(host["cells"], cells)]
    if chance(rng, 2):
        sizes.append(sizes[0])  # may be a cell more than there are nodes
    return [min(sizes)] * cells if chance(rng, 50) else sizes


def cut_specs(rng, sizes):
    """Extra specs for the cells. vCPUs of uneven ones are in blocks, or dealt out."""
    specs = {"hw:numa_nodes": str(len(sizes))}
    if len(set(sizes)) == 1 and chance(rng, 70):
        return specs if len(sizes) > 1 or chance(rng, 50) else {}
    vcpus, first = list(range(sum(vcpus for vcpus, _ in sizes))), 0
    if chance(rng, 30):
        rng.shuffle(vcpus)
    for cell, (count, mem_mib) in enumerate(sizes):
        mine, first = sorted(vcpus[first:first + count]), first + count
        specs[f"hw:numa_cpus.{cell}"] = ",".join(map(str, mine))
        specs[f"hw:numa_mem.{cell}"] = str(mem_mib)
    return specs


def pages_spec(rng):
    return rng.choice(["small", "small", "large", "large", "large", "any", "any", "4", "2048", "2MB",
                       "2MiB", "1GB", "64KB"])


def policy_specs(rng, vcpus, pins):
    """(extra specs, image properties) that say which vCPUs are pinned, and how."""
    policy = rng.choice(["dedicated", "dedicated", "mixed"] if pins else ["", "shared"])
    specs, image = {}, {}
    if policy == "mixed" and vcpus > 1:
        mask = rng.sample(range(vcpus), rng.randint(1, vcpus - 1))
        specs = {"hw:cpu_policy": "mixed",
                 "hw:cpu_dedicated_mask": ",".join(map(str, sorted(mask)))}
        if chance(rng, 20):
            specs = {"hw:cpu_policy": "mixed", "hw:cpu_realtime": "yes",
                     "hw:cpu_realtime_mask": specs["hw:cpu_dedicated_mask"]}
    elif policy == "dedicated":
        specs = {"hw:cpu_policy": "dedicated"}
        if chance(rng, 15):
            specs, image = {}, {"hw_cpu_policy": "dedicated"}
        elif chance(rng, 15):
            return {"resources:PCPU": str(vcpus)}, {}
    elif policy == "shared":
        specs = {"hw:cpu_policy": "shared"}
    if policy in ("dedicated", "mixed") and (specs or image):
        specs.update(pin_specs(rng))
    return specs, image


def pin_specs(rng):
    specs = {}
    if chance(rng, 75):
        specs["hw:cpu_thread_policy"] = rng.choice(["prefer", "require", "isolate"])
    if chance(rng, 25):
        specs["hw:emulator_threads_policy"] = "isolate"
    return specs


def random_guest(rng, sizes, pins):
    """The guest as its cells, without specs. One policy for all cells, as Nova has it."""
    policy = "dedicated" if pins else rng.choice([None, "shared"])
    threads = emulator = None
    if pins:
        threads = rng.choice([None, "prefer", "require", "isolate"])
        emulator = rng.choice([None, None, "isolate"])
    pagesize, cells, first = rng.choice([None, None, -1, -2, -3, 2048]), [], 0
    for cell, (count, mem_mib) in enumerate(sizes):
        vcpus, first = list(range(first, first + count)), first + count
        cells.append({"id": cell, "cpus": [] if pins else vcpus,
                      "pcpus": vcpus if pins else [], "mem_mib": mem_mib,
                      "pagesize": pagesize, "cpu_policy": policy, "cpu_thread_policy": threads})
    return {"emulator_threads_policy": emulator, "cells": cells}


def random_devices(rng, pools):
    pool = rng.choice(pools)
    kind = rng.choice(KINDS) if chance(rng, 10) else {key: pool[key] for key in KINDS[0]}
    return {"count": rng.choice([1, 1, 1, 2, 3]), "spec": [kind], "numa_policy": rng.choice(POLICIES)}


def random_limits(rng):
    if chance(rng, 30):
        return None
    limits = {"cpu_allocation_ratio": rng.choice([0.5, 1.0, 1.5, 2.0, 4.0, 16.0]),
              "ram_allocation_ratio": rng.choice([0.9, 1.0, 1.0, 1.25, 1.5, 2.0])}
    if chance(rng, 25):
        limits["physnets"] = subset(rng, ["blue", "green", "red", "none"], 25)
        limits["tunneled"] = chance(rng, 30)
    return limits


def random_case(rng, name):
    host = random_host(rng)
    if chance(rng, 3):
        specs, image = rng.choice(ERRORS)
        return make_case(name, host, 8, 8192, specs, image=image)
    pins = chance(rng, 60) if any(cell["cpus"] for cell in host["cells"]) else True
    sizes = random_sizes(rng, host, pins)
    vcpus, mem_mib = (sum(part) for part in zip(*sizes))
    request = {}
    if "pci_pools" in host and chance(rng, 70):
        request["pci_requests"] = [random_devices(rng, host["pci_pools"])
                                   for _ in range(rng.choice([1, 1, 2, 3]))]
    if chance(rng, 15):
        request["guest"] = random_guest(rng, sizes, pins)
        return {"case": name, "host": host, "request": request, "limits": random_limits(rng)}
    specs, image = policy_specs(rng, vcpus, pins)
    specs.update(cut_specs(rng, sizes))
    if chance(rng, 35):
        specs["hw:mem_page_size"] = pages_spec(rng)
    case = make_case(name, host, vcpus, mem_mib, specs, random_limits(rng), image, **request)
    case["config"]["packing"] = chance(rng, 30)
    return case
