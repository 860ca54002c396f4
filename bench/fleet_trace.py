#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""fleet_trace.py SHAPE SEED: a trace of pinned guests that come to and leave ten equal hosts.

SHAPE is nodes x cores x threads: 2x16x2 or 4x15x2. The same seed makes the same trace. One line each:

    host JSON           one of the ten equal hosts, as in docs/host-format.md; the first line
    add NUMBER JSON     a guest asks for a place; the request as in docs/request-format.md
    delete NUMBER       it leaves; when it was refused, nothing happens

More is asked for than fits at any time after the first third of the trace: the guests that were
offered and not deleted want well over all threads of the ten hosts. A trace does not depend on what
a scheduler accepts, so that every scheduler sees the same one."""

import json
import random
import sys

HOSTS = 10
EVENTS = {"2x16x2": 570, "4x15x2": 855}
ADD = 0.61  # of the events; the rest delete a guest of those offered so far, at random

# value -> weight. The mix is a cloud's: many small guests, few that want half a host.
CELLS = {2: {1: 70, 2: 30}, 4: {1: 60, 2: 25, 4: 15}}  # by nodes of a host
VCPUS = {1: {1: 22, 2: 18, 3: 8, 4: 18, 6: 8, 8: 11, 12: 6, 16: 9},  # of a cell, by cells
         2: {1: 16, 2: 20, 3: 10, 4: 18, 6: 10, 8: 14, 12: 8, 16: 4},
         4: {1: 20, 2: 30, 3: 14, 4: 22, 8: 14}}
THREADS = {"prefer": 50, "require": 25, "isolate": 25}
PAGES = {"small": 40, "2MB": 40, "1GB": 20}
MEM_MIB = {1024: 40, 2048: 35, 4096: 25}  # for each vCPU, or as much as an empty node has

NODE_MIB = {"small": 24 << 10, "2MB": 24 << 10, "1GB": 16 << 10}
PAGE_KIB = {"small": 4, "2MB": 2 << 10, "1GB": 1 << 20}


def pick(rng, weights):
    return rng.choices(list(weights), list(weights.values()))[0]


def cell(node, nodes, cores, threads):
    """Thread t of core c of a node is CPU t * all cores + c, counted over the host, as Linux does.
    Shared and dedicated CPUs are the same ones: Nova refuses `isolate` where they are apart."""
    first = node * cores
    siblings = [[thread * nodes * cores + first + core for thread in range(threads)]
                for core in range(cores)]
    pages = [{"size_kib": PAGE_KIB[size], "total": mib * 1024 // PAGE_KIB[size], "used": 0}
             for size, mib in NODE_MIB.items()]
    return {"id": node, "cpus": sorted(sum(siblings, [])), "siblings": siblings,
            "socket": node * 2 // nodes, "mem_mib": sum(NODE_MIB.values()), "pages": pages}


def host(nodes, cores, threads):
    near = [[10 if i == j else 12 if i * 2 // nodes == j * 2 // nodes else 32
             for j in range(nodes)] for i in range(nodes)]
    return {"cells": [cell(node, nodes, cores, threads) for node in range(nodes)], "distances": near}


def request(rng, nodes, cores):
    """What no empty host could take is made smaller: it would tell nothing about a scheduler."""
    cells = pick(rng, CELLS[nodes])
    vcpus = pick(rng, VCPUS[cells])
    threads, pages = pick(rng, THREADS), pick(rng, PAGES)
    mem_mib = min(vcpus * pick(rng, MEM_MIB), NODE_MIB[pages])
    if threads == "isolate":
        vcpus = min(vcpus, cores)
    return {"vcpus": cells * vcpus, "mem_mib": cells * mem_mib,
            "extra_specs": {"hw:numa_nodes": str(cells), "hw:cpu_policy": "dedicated",
                            "hw:cpu_thread_policy": threads, "hw:mem_page_size": pages}}


def read(lines):
    """Of each line: its word, the guest's number or None, what the JSON says or None."""
    for line in lines:
        word, *rest = line.rstrip("\n").split(" ", 1 if line.startswith("host ") else 2)
        yield (word, None if word == "host" else int(rest[0]),
               None if word == "delete" else json.loads(rest[-1]))


def trace(shape, seed, events=None):
    """The lines. A given number of events makes a shorter trace, or a longer one."""
    rng = random.Random(f"{shape} {seed}")
    nodes, cores, threads = map(int, shape.split("x"))
    alive, added = [], 0
    yield f"host {json.dumps(host(nodes, cores, threads))}\n"
    for _ in range(events or EVENTS[shape]):
        if not alive or rng.random() < ADD:
            added += 1
            alive.append(added)
            yield f"add {added} {json.dumps(request(rng, nodes, cores))}\n"
        else:
            yield f"delete {alive.pop(rng.randrange(len(alive)))}\n"


if __name__ == "__main__":
    if len(sys.argv) != 3 or sys.argv[1] not in EVENTS or not sys.argv[2].isdigit():
        sys.exit(__doc__)
    sys.stdout.writelines(trace(sys.argv[1], sys.argv[2]))
