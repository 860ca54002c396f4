#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Writes cases for `vnuma fit` and nova_fit.py. Same family and seed, same cases.

USE  nova_cases.py FAMILY [SEED [COUNT]] > CASES.json

  bench   what bench/place times: five shapes of hosts, empty and loaded, under seven kinds of
          request; guests that cannot be placed in spite of each of their cells fitting somewhere
          ("hall") or all but the last one ("last"); PCI devices; requests that are errors
  large   64 nodes and 1,024 CPUs, guests of 1 to 16 cells
  random  COUNT (1,000) small odd hosts and guests, each rule of the fit against each other
          (nova_random.py)

A case's name is FAMILY/GROUP/REST; bench/place makes a row for each FAMILY/GROUP.
"""
import json
import random
import sys

sys.dont_write_bytecode = True
from nova_case import ERRORS, make_case  # noqa: E402
from nova_random import random_case  # noqa: E402

SHAPES = [(2, 16, 2), (4, 15, 2), (8, 6, 1), (8, 16, 2), (16, 8, 2)]  # nodes, cores of each, threads
LARGE = (64, 8, 2)
MEM_MIB = 65536  # of each node: a quarter in 4 KiB pages, half in 2 MiB, a quarter in 1 GiB
CARD = {"vendor_id": "8086", "product_id": "1572"}


# ---- hosts ----

def numbered_cores(shape, node):
    """As Linux numbers CPUs: the first threads of all cores, then the second ones."""
    nodes, cores, threads = shape
    return [[thread * nodes * cores + node * cores + core for thread in range(threads)]
            for core in range(cores)]


def page_counts(load):
    huge, giant = MEM_MIB // 2 // 2, MEM_MIB // 4 // 1024
    return [{"size_kib": 4, "total": MEM_MIB // 4 * 256, "used": 0, "reserved": 0},
            {"size_kib": 2048, "total": huge, "used": int(huge * load), "reserved": 0},
            {"size_kib": 1048576, "total": giant, "used": int(giant * load), "reserved": 0}]


def make_cell(rng, shape, node, load, split):
    """split: a quarter of the cores is for floating guests and the rest for pins; else all are for
    both."""
    cores = numbered_cores(shape, node)
    n_shared = round(len(cores) / 4) if split else 0
    load = min(rng.uniform(0, 2 * load), 1.0)
    pinned = [cpu for core in cores[n_shared:] if rng.random() < load
              for cpu in core[:rng.randint(1, len(core))]]
    shared = sorted(sum(cores[:n_shared], []))
    dedicated = sorted(sum(cores[n_shared:], []))
    return {"id": node, "cpus": shared if split else dedicated, "pcpus": dedicated, "siblings": cores,
            "mem_mib": MEM_MIB, "mem_used_mib": int(MEM_MIB * load / 1024) * 1024,
            "cpu_usage": rng.randint(0, len(shared)), "pinned": sorted(pinned),
            "pages": page_counts(load), "socket": 0}


def make_host(rng, shape, load=0.0, split=False, sockets=2):
    nodes = shape[0]
    cells = [make_cell(rng, shape, node, load, split) for node in range(nodes)]
    for cell in cells:
        cell["socket"] = cell["id"] * sockets // nodes
    near = [[12 if a["socket"] == b["socket"] else 32 for b in cells] for a in cells]
    for node in range(nodes):
        near[node][node] = 10
    return {"cells": cells, "distances": near}


# ---- requests ----

def pinned(**more):
    return {"hw:cpu_policy": "dedicated", **{"hw:" + key: value for key, value in more.items()}}


def kinds(cells, per_cell, threads):
    """(group, name, does it want a split host, extra specs) of the kinds of request."""
    mask = ",".join(str(cell * per_cell) for cell in range(cells))
    yield "floating", "shared", True, {}
    for policy in ("prefer", "require", "isolate"):
        if policy != "require" or threads > 1:
            yield "pinned", policy, False, pinned(cpu_thread_policy=policy)
    yield "huge", "2M", False, pinned(mem_page_size="2MB")
    yield "huge", "large+emulator", False, pinned(mem_page_size="large",
                                                  emulator_threads_policy="isolate")
    yield "mixed", "mixed", True, {"hw:cpu_policy": "mixed", "hw:cpu_dedicated_mask": mask}


def kinds_on(rng, name, shape, cells, load, **host):
    per_cell = min(4, shape[1])
    hosts = {split: make_host(rng, shape, load, split, **host) for split in (False, True)}
    for group, kind, split, specs in kinds(cells, per_cell, shape[2]):
        yield make_case(f"{name}/{group}/{cells} cells load {load} {kind}", hosts[split],
                        cells * per_cell, cells * 1024, {"hw:numa_nodes": str(cells), **specs})


def uneven(sizes):
    """Extra specs of a guest whose cells have these numbers of vCPUs."""
    specs, first = pinned(numa_nodes=str(len(sizes))), 0
    for cell, size in enumerate(sizes):
        specs[f"hw:numa_cpus.{cell}"] = f"{first}-{first + size - 1}"
        specs[f"hw:numa_mem.{cell}"] = "1024"
        first += size
    return specs


def impossible(rng, name, shape, cells, n_big, n_whole):
    """Nodes are half taken but for n_whole; n_big of the cells need a whole one."""
    host = make_host(rng, shape)
    for cell in host["cells"][n_whole:]:
        cell["pinned"] = cell["pcpus"][shape[1]:]
    sizes = [2] * (cells - n_big) + [shape[1] * shape[2]] * n_big
    return make_case(f"{name}/{cells} cells on {shape[0]} nodes", host, sum(sizes), cells * 1024,
                     uneven(sizes))


def hall(rng, name, nodes, cells):
    return impossible(rng, name + "hall", (nodes, 8, 2), cells, n_big=2, n_whole=1)


def last(rng, name, nodes, cells):
    return impossible(rng, name + "last", (nodes, 8, 2), cells, n_big=1, n_whole=0)


def devices(rng, nodes, policy, cells):
    host = make_host(rng, (nodes, 16, 2))
    host["pci_pools"] = [{**CARD, "dev_type": "type-PCI", "numa_node": nodes - 1, "count": 2,
                          "remote_managed": "false"}]
    return make_case(f"bench/pci/{nodes} nodes {cells} cells {policy}", host, 4 * cells, 1024 * cells,
                     pinned(numa_nodes=str(cells)),
                     pci_requests=[{"count": 1, "numa_policy": policy, "spec": [CARD]}])


# ---- families ----

def bench(rng, _):
    for shape in SHAPES:
        name = "bench/" + "x".join(map(str, shape))
        for load in (0.0, 0.35):
            for cells in (1, 2, 4, 8):
                if cells <= shape[0]:
                    yield from kinds_on(rng, name, shape, cells, load)
    for nodes, cells in ((4, 4), (6, 6), (8, 4), (8, 6), (8, 8), (16, 4), (16, 5), (16, 8)):
        yield hall(rng, "bench/", nodes, cells)
    for nodes, cells in ((4, 4), (6, 6), (8, 4), (8, 6), (8, 8), (16, 4), (16, 8)):
        yield last(rng, "bench/", nodes, cells)
    for nodes in (2, 4, 8):
        for policy in ("required", "preferred", "legacy", "socket"):
            for cells in (1, 2):
                yield devices(rng, nodes, policy, cells)
    host = make_host(rng, SHAPES[0])
    for number, (specs, image) in enumerate(ERRORS):
        yield make_case(f"bench/errors/{number}", host, 8, 8192, specs, image=image)


def large(rng, _):
    nodes = LARGE[0]
    for load in (0.0, 0.35):
        for cells in (1, 2, 4, 8, 16):
            yield from kinds_on(rng, f"large/{cells} cells", LARGE, cells, load, sockets=8)
        for number in range(4):
            sizes = [rng.randint(1, 12) for _ in range(16)]
            yield make_case(f"large/16 cells/uneven/{number} load {load}",
                            make_host(rng, LARGE, load, sockets=8), sum(sizes), 16 * 1024,
                            uneven(sizes))
    for cells in (4, 8, 16):
        yield hall(rng, "large/", nodes, cells)
        yield last(rng, "large/", nodes, cells)


def odd(rng, count):
    for number in range(count):
        yield random_case(rng, f"random/{number}")


FAMILIES = {"bench": bench, "large": large, "random": odd}


def make_cases(family, seed, count=1000):
    return list(FAMILIES[family](random.Random(seed), count))


def main(argv):
    if not 2 <= len(argv) <= 4 or argv[1] not in FAMILIES:
        print(__doc__, file=sys.stderr)
        return 2
    cases = make_cases(argv[1], *map(int, argv[2:] or ["42"]))
    json.dump({"cases": cases}, sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
