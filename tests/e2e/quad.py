#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Inside the virtual host `quad`: `vnuma host` against numactl, lscpu and libvirt; then a planned guest
of two cells boots Linux, and a second one gets huge pages. Run by `run`, under `libvirtd --kvm`."""
import glob
import os
import re
import time

import check_guest
import check_host
import facts
import tap
import vnuma

HERE = os.path.dirname(os.path.abspath(__file__))
CONSOLE = "/run/guest-console"
BOOT_SECONDS = 240
CELL_OVERHEAD_MIB = 64  # of a cell, what the guest's kernel keeps to itself
STRAY_MIB = 112  # of QEMU, on other nodes: the files it maps, 66 MiB of them the guest's kernel


def wait_for_guest():
    """What the guest told about itself: {"numactl": text, "sockets": text}"""
    end = time.monotonic() + BOOT_SECONDS
    while time.monotonic() < end:
        text = facts.read(CONSOLE) if os.path.exists(CONSOLE) else ""
        if "== end" in text:
            parts = text.replace("\r", "").split("== ")[1:]
            return {part.split("\n")[0]: part for part in parts}
        time.sleep(1)
    tap.ok(f"the guest boots Linux within {BOOT_SECONDS} s", False, text[-2000:])
    return None


def sockets_of(text):
    """The guest's lines "CPU socket N": {socket: set of CPUs}"""
    sockets = {}
    for cpu, socket in re.findall(r"^(\d+) socket (\d+)", text, re.MULTILINE):
        sockets.setdefault(int(socket), set()).add(int(cpu))
    return sockets


def guest_agrees(told, plan, host):
    tap.ok("the guest boots Linux", True)
    tap.same("the guest's sockets are its cells",
             {frozenset(cpus) for cpus in sockets_of(told["sockets"]).values()},
             {frozenset(cpus) for cpus in plan.cell_vcpus.values()})
    seen = facts.numactl(told["numactl"])
    tap.same("guest's numactl -H: cells and their CPUs as planned", seen["cpus"], plan.cell_vcpus)
    tap.ok("guest's numactl -H: memory of each cell as planned",
           all(0 <= plan.memory_mib[cell] - size <= CELL_OVERHEAD_MIB
               for cell, size in seen["size"].items()), seen["size"], plan.memory_mib)
    nodes = [plan.node[cell] for cell in sorted(plan.node)]
    tap.same("guest's numactl -H: distances are those of the planned nodes", seen["distances"],
             [[host.distances()[host.ids.index(a)][host.ids.index(b)] for b in nodes]
              for a in nodes])


def numastat_agrees(pid, plan):
    """The guest filled half of each cell, so at least that much is on the planned nodes."""
    found = facts.numastat(pid)
    least = {plan.memory_node[cell]: mib / 2 - CELL_OVERHEAD_MIB
             for cell, mib in plan.memory_mib.items()}
    tap.ok("numastat -p: the guest's memory is on the planned nodes",
           all(found[node] >= mib for node, mib in least.items()), found, least)
    tap.ok(f"numastat -p: less than {STRAY_MIB} MiB of QEMU is anywhere else",
           sum(mib for node, mib in found.items() if node not in least) < STRAY_MIB, found)


def boot_linux(host):
    with open(f"{HERE}/guest/quad.xml") as file:
        request = file.read()
    for word, value in (("@KERNEL@", os.environ["NUMAHOST_KERNEL"]), ("@CONSOLE@", CONSOLE),
                        ("@INITRD@", os.environ["GUEST_INITRD"])):
        request = request.replace(word, value)
    with open("/run/request.xml", "w") as file:
        file.write(request)
    xml, plan = vnuma.plan("/run/request.xml")
    tap.same("plan: the two cells are on the nodes that were asked for",
             sorted(plan.node.values()), [2, 3])
    name, pid = check_guest.start(xml)
    if told := wait_for_guest():
        guest_agrees(told, plan, host)
    check_guest.libvirt_agrees(name, plan)
    check_guest.kernel_agrees(name, pid, plan)
    check_guest.memory_is_bound(pid, plan)
    numastat_agrees(pid, plan)
    check_guest.stop(name)


def huge_pages(host):
    for node in glob.glob("/sys/devices/system/node/node*/hugepages/hugepages-2048kB/nr_hugepages"):
        with open(node, "w") as file:
            file.write("32")
    xml, plan = vnuma.plan(f"{HERE}/guest/quad-huge.xml")
    a, b = (host.ids.index(node) for node in plan.node.values())
    tap.same("plan: six pinned vCPUs go to two nodes that are near", host.distances()[a][b], 12)
    name, pid = check_guest.start(xml, "--paused")
    check_guest.libvirt_agrees(name, plan)
    check_guest.kernel_agrees(name, pid, plan)
    check_guest.huge_pages_used(pid, plan, 2048)
    check_guest.stop(name)


def main():
    host = vnuma.Host()
    check_host.against_numactl(host)
    check_host.against_lscpu(host)
    check_host.against_libvirt(host)
    boot_linux(host)
    huge_pages(host)
    return 1 if tap.failures else 0


if __name__ == "__main__":
    raise SystemExit(main())
