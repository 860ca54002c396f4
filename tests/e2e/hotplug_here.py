#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Memory devices of guests in a real libvirtd on the machine that runs the tests. They have no system
that would give anything back: hotplug_quad.py has one. Run by `run`, under `libvirtd`."""
import xml.etree.ElementTree as ElementTree

import check_guest
import guests
import tap
import vnuma

CELLS = """<cpu><numa><cell id='0' cpus='0' memory='64' unit='MiB'/>
<cell id='1' cpus='1' memory='64' unit='MiB'/></numa></cpu>
<numatune><memory mode='strict' nodeset='0'/><memnode cellid='0' mode='strict' nodeset='0'/>
<memnode cellid='1' mode='strict' nodeset='0'/></numatune>"""
VIRTIO = """<memory model='virtio-mem'><target><size unit='MiB'>256</size><node>1</node>
<block unit='MiB'>2</block><requested unit='MiB'>64</requested></target></memory>"""


def define(name, devices=""):
    path = guests.small(name, 2, 128, devices=devices, kind="qemu")
    guests.edit(path, ("<vcpu>", "<maxMemory slots='2' unit='GiB'>64</maxMemory><vcpu>"),
                ("<features>", CELLS + "<features>"))
    check_guest.virsh("define", path)


def memories(name, *options):
    """[(model, MiB, cell, node, requested MiB)]"""
    found = []
    for memory in ElementTree.fromstring(check_guest.virsh("dumpxml", *options, name)).iterfind(
            "devices/memory"):
        requested = memory.findtext("target/requested")
        found.append((memory.get("model"), int(memory.findtext("target/size")) >> 10,
                      int(memory.findtext("target/node")), memory.findtext("source/nodemask"),
                      requested and int(requested) >> 10))
    return found


def both(name, what, wanted):
    tap.same(f"{what}: the running guest", memories(name), wanted)
    tap.same(f"{what}: its definition", memories(name, "--inactive"), wanted)


def refused(what, code, word, *arguments):
    status, out, err = vnuma.call(*arguments)
    tap.ok(f"{what}: exit {code}, and why", status == code and word in err and not out, status, err)


def dimms():
    define("dimms")
    check_guest.virsh("start", "dimms")
    status, out, err = vnuma.call("setmem", "dimms", "384")
    tap.same("setmem: both cells get a DIMM", (status, err), (0, ""))
    both("dimms", "a DIMM for each cell on its node",
         [("dimm", 128, 0, "0", None), ("dimm", 128, 1, "0", None)])
    refused("no slot is free", 1, "all 2 memory slots", "setmem", "dimms", "512", "--cell", "0")
    refused("not a multiple", 2, "multiples of 128 MiB", "setmem", "dimms", "400")
    refused("a cell that there is not", 2, "no cell '2'", "setmem", "dimms", "512", "--cell", "2")
    refused("more than <maxMemory>", 1, "<maxMemory>", "setmem", "dimms", "65GiB")
    refused("what the guest started with stays", 1, "cannot be taken away", "setmem", "dimms", "128MiB",
            "--cell", "0")
    refused("a guest that gives nothing back", 3, "", "setmem", "dimms", "256", "--cell", "1")
    tap.same("...has what it had", memories("dimms"),
             [("dimm", 128, 0, "0", None), ("dimm", 128, 1, "0", None)])
    check_guest.stop("dimms")
    status, out, err = vnuma.call("setmem", "dimms", "256", "--cell", "1")
    tap.same("setmem of a guest that is off", (status, err), (0, ""))
    tap.same("...changes its definition", memories("dimms", "--inactive"),
             [("dimm", 128, 0, "0", None)])
    check_guest.virsh("undefine", "dimms")


def virtio():
    define("virtio", VIRTIO)
    check_guest.virsh("start", "virtio")
    status, out, err = vnuma.call("setmem", "virtio", "202", "--cell", "1")
    tap.same("setmem: a virtio-mem is asked for more", (status, err), (0, ""))
    both("virtio", "as much as was asked", [("virtio-mem", 256, 1, None, 74)])
    status, out, err = vnuma.call("setmem", "virtio", "130", "--cell", "1")
    tap.same("setmem: ...and for less", (status, err), (0, ""))
    both("virtio", "as little as was asked", [("virtio-mem", 256, 1, None, 2)])
    refused("what is beyond its size needs a DIMM of a whole size", 2, "a DIMM of 130 MiB",
            "setmem", "virtio", "514", "--cell", "1")
    tap.same("...and it is as it was", memories("virtio"), [("virtio-mem", 256, 1, None, 2)])
    status, out, err = vnuma.call("setmem", "virtio", "512", "--cell", "1")
    tap.same("setmem: all of it and a DIMM", (status, err), (0, ""))
    both("virtio", "both", [("virtio-mem", 256, 1, None, 256), ("dimm", 128, 1, "0", None)])
    check_guest.stop("virtio")
    check_guest.virsh("undefine", "virtio")


def no_room():
    define("room")
    check_guest.virsh("start", "room")
    refused("more than the node has", 1, "free", "setmem", "room", "60GiB", "--cell", "0")
    tap.same("...nothing was attached", memories("room"), [])
    check_guest.stop("room")
    check_guest.virsh("undefine", "room")


def main():
    for part in (dimms, virtio, no_room):
        part()
        guests.end_all()
    return 1 if tap.failures else 0


if __name__ == "__main__":
    raise SystemExit(main())
