#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Do two QEMU command lines mean the same NUMA guest?

USE  qemu_numa_compare.py [--hugetlbfs PATH=KIB]... [--single-node] LIBVIRT OURS

LIBVIRT is what `virsh domxml-to-native qemu-argv` prints, OURS what `vnuma plan -o qemu` prints. Prints
one line for each difference; exit 1 if there is any, 2 on usage.

libvirt refuses host nodes that the machine does not have. On a machine with node 0 only, change the
host nodesets of the XML to 0 before the conversion; --single-node then reads the host nodes of
OURS as 0 as well.

Compared
- -smp: vCPUs at start, maxcpus, sockets, dies, cores, threads (what is absent is QEMU's default);
- -m: size, slots, maxmem in bytes;
- -overcommit mem-lock; -machine mem-merge and nvdimm;
- memory backends by id: size, host-nodes, policy, shared or private, preallocated or not, page
  size, and for an NVDIMM its path, align and pmem;
- -numa node: id, CPUs, backend; -numa dist, the whole matrix;
- expander buses and the root ports below them: bus number, cell, parent, slot;
- pc-dimm, nvdimm, virtio-mem: cell, backend, slot, label, block and requested size.

What means the same
- JSON and key=value; 8589934592, 8388608k and 8G; a list of host nodes and a range.
- A ram backend and a private file or memfd without huge pages: all are private ordinary memory. A
  memfd is shared unless it says share=off; other backends are private unless they say share=on.
- libvirt takes huge pages by a file on a hugetlbfs mount, we by a memfd. A mem-path below a mount
  that --hugetlbfs PATH=KIB names has that page size; else a path that holds "huge" has
  huge pages of any size.
- A file backend in libvirt's private folder (.../libvirt/qemu/ram/...) is memory without a path.
- thread-context objects and prealloc-context only make preallocation faster: ignored.
- Without -m unit, QEMU counts MiB. Sizes of devices count bytes.
- Only expander buses, and root ports whose parent is one, are the placement's; libvirt's
  other controllers, and where on pcie.0 an expander sits, are not compared. Nor are ports below an
  expander that only libvirt has, for devices that found no other port (each is printed as a note).
"""
import argparse
import itertools
import json
import shlex
import sys

UNITS = {"": 1, "b": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40, "p": 1 << 50}


def size(text, default=""):
    """Bytes of QEMU's size notation."""
    text = str(text).lower()
    digits = text.rstrip("bkmgtp")
    return int(digits, 0) * UNITS[text[len(digits):] or default]


def is_on(value):
    return str(value).lower() in ("on", "true", "yes", "1")


def numbers(values):
    """A set from ints, "3" and "0-3"."""
    result = set()
    for value in values if isinstance(values, list) else [values]:
        first, _, last = str(value).partition("-")
        result.update(range(int(first), int(last or first) + 1))
    return sorted(result)


def split_commas(text):
    """QEMU's key=value list; a doubled comma is a comma of the value."""
    parts = text.replace(",,", "\0").split(",")
    return [part.replace("\0", ",") for part in parts]


def options(text, first_key):
    """One option's value as a dict; a key that comes again becomes a list."""
    if text.lstrip().startswith("{"):
        return json.loads(text)
    result = {}
    for n, part in enumerate(split_commas(text)):
        key, equals, value = part.partition("=")
        if not equals:
            key, value = (first_key, key) if n == 0 else (key, "on")
        if key in result:
            old = result[key]
            result[key] = (old if isinstance(old, list) else [old]) + [value]
        else:
            result[key] = value
    return result


def read_argv(path):
    with open(path, encoding="utf-8") as file:
        lines = [line for line in file if not line.lstrip().startswith("#")]
    return shlex.split("".join(lines).replace("\\\n", " "))


class Guest:
    """The NUMA part of one command line, in normal form."""

    def __init__(self, argv, mounts):
        self.mounts = mounts
        self.values = {"overcommit mem-lock": False, "machine nvdimm": False,
                       "machine mem-merge": True}
        self.controllers = {}
        readers = {"-smp": self.smp, "-m": self.memory, "-object": self.object,
                   "-numa": self.numa, "-device": self.device, "-machine": self.machine,
                   "-overcommit": self.overcommit}
        for option, value in zip(argv, argv[1:]):
            if option in readers:
                readers[option](value)
        self.keep_expanders()
        self.fill_distances()

    def smp(self, text):
        opts = options(text, "cpus")
        self.values["smp"] = {key: int(opts.get(key, default)) for key, default in (
            ("cpus", 1), ("maxcpus", opts.get("cpus", 1)), ("sockets", 1), ("dies", 1),
            ("cores", 1), ("threads", 1))}

    def memory(self, text):
        opts = options(text, "size")
        self.values["m"] = {"size": size(opts["size"], "m"), "slots": int(opts.get("slots", 0)),
                            "maxmem": size(opts["maxmem"], "m") if "maxmem" in opts else 0}

    def machine(self, text):
        opts = options(text, "type")
        for key in ("nvdimm", "mem-merge"):
            if key in opts:
                self.values["machine " + key] = is_on(opts[key])

    def overcommit(self, text):
        self.values["overcommit mem-lock"] = is_on(options(text, "").get("mem-lock", "off"))

    def page_size(self, kind, opts):
        """0 ordinary, -1 huge of unknown size, else bytes."""
        if is_on(opts.get("hugetlb", "off")):
            return size(opts["hugetlbsize"]) if "hugetlbsize" in opts else -1
        path = opts.get("mem-path", "") if kind == "memory-backend-file" else ""
        for mount, kib in self.mounts:
            if path.startswith(mount):
                return kib << 10
        return -1 if "huge" in path else 0

    def object(self, text):
        opts = options(text, "qom-type")
        kind = opts["qom-type"]
        if not kind.startswith("memory-backend-"):
            return
        pages = self.page_size(kind, opts)
        path = opts.get("mem-path", "")
        if pages or "/libvirt/qemu/ram/" in path:
            path = ""
        default_share = "on" if kind == "memory-backend-memfd" else "off"
        self.values["backend " + opts["id"]] = {
            "size": size(opts["size"]),
            "host-nodes": numbers(opts.get("host-nodes", [])),
            "policy": opts.get("policy", "default"),
            "shared": is_on(opts.get("share", default_share)),
            "prealloc": is_on(opts.get("prealloc", "off")),
            "reserve": is_on(opts.get("reserve", "on")),
            "page size": pages,
            "path": path,
            "align": size(opts.get("align", 0)),
            "pmem": is_on(opts.get("pmem", "off")),
        }

    def numa(self, text):
        opts = options(text, "type")
        if opts["type"] == "node":
            self.values["numa node %s" % opts["nodeid"]] = {
                "cpus": numbers(opts.get("cpus", [])), "memdev": opts.get("memdev")}
        elif opts["type"] == "dist":
            self.values["numa dist %s %s" % (opts["src"], opts["dst"])] = int(opts["val"])

    def device(self, text):
        opts = options(text, "driver")
        driver = opts["driver"]
        if driver in ("pxb", "pxb-pcie"):
            self.controllers[opts["id"]] = {"driver": driver, "bus_nr": int(opts["bus_nr"]),
                                            "numa_node": int(opts["numa_node"])}
        elif driver == "pcie-root-port":
            self.controllers[opts["id"]] = {"driver": driver, "bus": opts.get("bus"),
                                            "chassis": int(opts.get("chassis", 0)),
                                            "addr": opts.get("addr")}
        elif driver in ("pc-dimm", "nvdimm", "virtio-mem-pci"):
            self.values["device " + opts["id"]] = {
                "driver": driver, "node": int(opts.get("node", 0)), "memdev": opts["memdev"],
                "slot": int(opts.get("slot", -1)), "label": size(opts.get("label-size", 0)),
                "block": size(opts.get("block-size", 0)),
                "requested": size(opts.get("requested-size", 0))}

    def fill_distances(self):
        """Without -numa dist a guest sees 10 and 20: libvirt then gives none, where all are that."""
        cells = [key.split()[2] for key in self.values if key.startswith("numa node ")]
        if not any(key.startswith("numa dist ") for key in self.values):
            for a, b in itertools.product(cells, cells):
                self.values["numa dist %s %s" % (a, b)] = 10 if a == b else 20

    def keep_expanders(self):
        for name, controller in self.controllers.items():
            parent = self.controllers.get(controller.get("bus"), {})
            if controller["driver"] != "pcie-root-port" or parent.get("driver") == "pxb-pcie":
                self.values["controller " + name] = controller


def same(key, a, b):
    """Equal, but a huge page size that is not known equals any."""
    if isinstance(a, dict) and isinstance(b, dict) and "page size" in a:
        pages = (a["page size"], b["page size"])
        if -1 in pages and 0 not in pages:
            a, b = dict(a, **{"page size": -1}), dict(b, **{"page size": -1})
    return a == b


def differences(libvirt, ours):
    for key in sorted(set(libvirt) | set(ours)):
        if key not in ours and key.startswith("controller ") and \
                libvirt[key]["driver"] == "pcie-root-port":
            print("note: only libvirt has %s: %s" % (key, libvirt[key]), file=sys.stderr)
        elif key not in libvirt or key not in ours:
            yield "%s: only %s has it: %s" % (
                key, "libvirt" if key in libvirt else "vnuma", libvirt.get(key, ours.get(key)))
        elif not same(key, libvirt[key], ours[key]):
            yield "%s:\n  libvirt %s\n  vnuma   %s" % (key, libvirt[key], ours[key])


def use_node_zero(values):
    for value in values.values():
        if isinstance(value, dict) and value.get("host-nodes"):
            value["host-nodes"] = [0]


def main(argv):
    parser = argparse.ArgumentParser(usage=__doc__, add_help=False)
    parser.add_argument("--hugetlbfs", action="append", default=[])
    parser.add_argument("--single-node", action="store_true")
    parser.add_argument("libvirt")
    parser.add_argument("ours")
    args = parser.parse_args(argv)
    mounts = [(path, int(kib)) for path, _, kib in (m.rpartition("=") for m in args.hugetlbfs)]
    libvirt, ours = (Guest(read_argv(path), mounts).values for path in (args.libvirt, args.ours))
    if args.single_node:
        use_node_zero(ours)
    found = list(differences(libvirt, ours))
    for line in found:
        print(line)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
