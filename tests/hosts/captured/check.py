#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Three descriptions of one machine give `vnuma host -H` the same nodes, CPUs, cores, memory sizes and
distances. Prints TAP without numbers: tests/e2e/run adds them. $VNUMA is the command."""
import os
import sys
import tarfile
import tempfile

FOLDER = os.path.dirname(os.path.abspath(__file__))
sys.dont_write_bytecode = True
sys.path.insert(0, f"{FOLDER}/../../e2e")
import tap  # noqa: E402
from vnuma import Host  # noqa: E402

SOURCES = ("hwloc.xml", "capabilities.xml")


def of_nodes(host, nodes):
    """What a host says about some of its nodes"""
    cpus = {node: host.cpus()[node] for node in nodes}
    rows = [host.ids.index(node) for node in nodes]
    return {
        "CPUs of each node": cpus,
        "cores": {core for core in host.siblings() if core <= set().union(*cpus.values())},
        "memory of each node, in KiB": {node: host.mem_kib()[node] for node in nodes},
        "distances": [[host.distances()[i][j] for j in rows] for i in rows],
    }


def check(name):
    with tempfile.TemporaryDirectory() as root:
        with tarfile.open(f"{FOLDER}/{name}/sysfs.tar.gz") as archive:
            archive.extractall(root)
        sysfs = Host(root)
    for source in SOURCES:
        host = Host(f"{FOLDER}/{name}/{source}")
        # hwloc's XML has no object for a node without memory, nor its distances.
        nodes = [node for node in sysfs.ids if source != "hwloc.xml" or sysfs.mem_kib()[node]]
        if not tap.ok(f"{name}: {source} has the nodes of its /sys", set(nodes) <= set(host.ids),
                      host.ids, sysfs.ids):
            continue
        wanted = of_nodes(sysfs, nodes)
        for aspect, got in of_nodes(host, nodes).items():
            tap.same(f"{name}: {aspect} of {source} as of its /sys", got, wanted[aspect])


def main():
    for name in sorted(os.listdir(FOLDER)):
        if os.path.exists(f"{FOLDER}/{name}/sysfs.tar.gz"):
            check(name)
    return 1 if tap.failures else 0


if __name__ == "__main__":
    raise SystemExit(main())
