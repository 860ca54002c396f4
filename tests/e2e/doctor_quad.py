#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Inside the virtual host `quad`: guests that vnuma started pass the doctor; a guest that is wrong in one
way is found wrong in that way and in no other, and what can be mended while it runs is mended. Run by
`run`, under `libvirtd --kvm`."""
import json
import subprocess

import check_guest
import facts
import guests
import tap
import vnuma

TWO_CELLS = "<partition cells='2'/>"
HUGE = "<memoryBacking><hugepages><page size='2' unit='MiB'/></hugepages></memoryBacking>"
POOL = "/sys/devices/system/node/node3/hugepages/hugepages-2048kB/nr_hugepages"
PAGES = 64
OFFLINE = 15


def examine(*words):
    """{(guest or None, id, status)} of what the doctor says, and its exit code. INFO is no complaint."""
    status, out, err = vnuma.call("doctor", "-o", "json", *words)
    if status > 1:
        raise SystemExit(f"vnuma doctor {' '.join(words)}: {err}")
    return {(f["guest"], f["id"], f["status"]): f["evidence"] for f in json.loads(out)["findings"]
            if f["status"] in ("WARN", "FAIL")}, status


def passes(what, *words):
    found, status = examine(*words)
    tap.same(f"doctor: {what}", (found, status), ({}, 0))


class Wrong:
    """A guest of two vCPUs and 64 MiB on node 3 that is wrong in one way."""

    def __init__(self, pins=("12-14", "12-14"), emulator="12-14", nodes="3", mode="strict", vcpus=2, mib=64, extra=""):
        pinned = "".join(f"<vcpupin vcpu='{v}' cpuset='{cpus}'/>" for v, cpus in enumerate(pins or ()))
        pinned += f"<emulatorpin cpuset='{emulator}'/>" if emulator else ""
        bound = f"<numatune><memory mode='{mode}' nodeset='{nodes}'/></numatune>" if nodes else ""
        self.text = (
            f"<domain type='kvm'><name>wrong</name><memory unit='MiB'>{mib}</memory><vcpu>{vcpus}</vcpu>{extra}"
            f"<cputune>{pinned}</cputune>{bound}<os><type arch='x86_64' machine='q35'>hvm</type></os>"
            f"<cpu mode='host-passthrough'><topology sockets='1' dies='1' cores='{vcpus}' threads='1'/></cpu>"
            "<devices><memballoon model='none'/></devices></domain>")

    def __enter__(self):
        with open("/run/wrong.xml", "w") as file:
            file.write(self.text)
        check_guest.virsh("define", "/run/wrong.xml")

    def __exit__(self, *_):
        subprocess.run(["virsh", "-q", "-c", "qemu:///system", "destroy", "wrong"], stderr=subprocess.DEVNULL)
        check_guest.virsh("undefine", "wrong")


def finds(what, expected, **how):
    """The doctor says `expected` of a guest that is to start, and nothing of the others."""
    with Wrong(**how):
        found, _ = examine("wrong")
    if not tap.same(f"doctor finds {what}, and nothing else", set(found),
                    {("wrong", check, status) for check, status in expected}):
        tap.note(str(found))


def kernel_follows():
    """Each vCPU thread may run where libvirt says now."""
    pid = int(facts.read("/run/libvirt/qemu/wrong.pid"))
    allowed = {vcpu: facts.allowed_cpus(pid, thread) for vcpu, thread in check_guest.vcpu_threads("wrong").items()}
    tap.same("/proc agrees with libvirt after --fix", allowed, check_guest.vcpu_pins("wrong"))


def mends():
    """Three things at once that can be mended while the guest runs; then a thread that somebody moved behind
    libvirt's back. What vnuma started beside it is not complained about."""
    with Wrong(pins=("12", "12"), emulator="12-13", nodes="2"):
        check_guest.virsh("start", "wrong")
        found, _ = examine()
        tap.same("doctor finds what is wrong with a guest that runs, and nothing else", set(found),
                 {("wrong", check, "WARN") for check in ("VN003", "VN011", "VN013")})
        status, out, err = vnuma.call("doctor", "--fix", "wrong")
        tap.ok("doctor --fix shows each change", status == 0 and "virsh vcpupin wrong 0 " in out
               and "virsh emulatorpin wrong " in out, out, err)
        tap.same("doctor --fix has mended it", examine("wrong")[0], {})
        kernel_follows()
        facts.run("taskset", "-pc", "0-1", str(check_guest.vcpu_threads("wrong")[1]))
        tap.same("doctor finds a thread that was moved by hand", set(examine()[0]), {("wrong", "VN035", "WARN")})
        vnuma.call("doctor", "--fix", "wrong")
        passes("and --fix brings it back")
        kernel_follows()


def write(path, text):
    with open(path, "w") as file:
        file.write(str(text))


def main():
    write(POOL, PAGES)
    paths = [guests.small("one", vcpus=2, policy=f"<vnuma>{guests.DEDICATED}</vnuma>"),
             guests.small("two", vcpus=4, mib=128, policy=f"<vnuma mode='node'>{TWO_CELLS}</vnuma>"),
             guests.small("huge", backing=HUGE)]
    for path in paths:
        guests.start(path)
    passes("three guests that vnuma started pass")
    own = min(check_guest.vcpu_pins("one")[0])
    finds("a guest that floats", {("VN002", "WARN"), ("VN011", "WARN")}, pins=None, emulator=None, nodes=None)
    finds("memory on another node than its pins", {("VN003", "WARN")}, nodes="2")
    finds("the emulator on its vCPUs' CPUs", {("VN013", "WARN")}, pins=("12", "13"), emulator="12-13")
    finds("a guest over nodes without cells", {("VN001", "WARN")}, pins=("8-11", "12-14"), emulator="8-14", nodes="2-3")
    finds("two vCPUs on one CPU", {("VN011", "WARN")}, pins=("12", "12"), emulator="14")
    finds("a CPU of another guest", {("VN011", "WARN")}, pins=(str(own),), vcpus=1,
          emulator=f"{own // 4 * 4 + 2}", nodes=f"{own // 4}")
    finds("too few huge pages on its node", {("VN006", "FAIL")}, mib=4 * PAGES, extra=HUGE)
    write(f"/sys/devices/system/cpu/cpu{OFFLINE}/online", 0)
    finds("a pin to an offline CPU", {("VN033", "FAIL")}, pins=("12-14", f"12-{OFFLINE}"))
    write(f"/sys/devices/system/cpu/cpu{OFFLINE}/online", 1)
    mends()
    for name in ("one", "two", "huge"):
        check_guest.stop(name)
    write(POOL, 0)
    return 1 if tap.failures else 0


if __name__ == "__main__":
    raise SystemExit(main())
