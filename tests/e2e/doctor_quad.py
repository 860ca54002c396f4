# SPDX-License-Identifier: LGPL-2.1-or-later
"""Inside the virtual host `quad`: guests that vnuma started pass the doctor; a guest that is wrong in one
way is found wrong in that way and in no other, and what can be mended while it runs is mended. The
three guests of start_quad are on the nodes 0 and 1 all the while. Called by `quad.py`."""
import json
import re

import check_guest
import facts
import guests
import start_quad
import tap
import vnuma

NAME = "wrong"
UUID = "7b1a0c9e-2f6d-4a63-9d0b-5e1f2a3b4c5d"  # the same one, so that it can be defined anew
NIC_NODE = 1
OFFLINE = 15


def examine(*words):
    """{(guest or None, id, status): evidence} of what the doctor says, and its exit code. INFO is no
    complaint."""
    status, out, err = vnuma.call("doctor", "-o", "json", *words)
    if status > 1:
        raise SystemExit(f"vnuma doctor {' '.join(words)}: {err}")
    return {(f["guest"], f["id"], f["status"]): f["evidence"] for f in json.loads(out)["findings"]
            if f["status"] in ("WARN", "FAIL")}, status


def passes(what):
    """Nothing is wrong with the host or any guest that runs."""
    found, status = examine()
    tap.same(f"doctor: {what}", (found, status), ({}, 0))


def define(pins=("12-14", "12-14"), emulator="12-14", nodes="3", mode="strict", vcpus=2, mib=64,
           extra="", devices=""):
    """A guest of two vCPUs and 64 MiB on node 3, all right but for what is said otherwise."""
    pinned = "".join(f"<vcpupin vcpu='{v}' cpuset='{cpus}'/>" for v, cpus in enumerate(pins or ()))
    pinned += f"<emulatorpin cpuset='{emulator}'/>" if emulator else ""
    bound = f"<numatune><memory mode='{mode}' nodeset='{nodes}'/></numatune>" if nodes else ""
    with open("/run/wrong.xml", "w") as file:
        file.write(
            f"<domain type='kvm'><name>{NAME}</name><uuid>{UUID}</uuid><memory unit='MiB'>{mib}</memory>"
            f"<vcpu>{vcpus}</vcpu>{extra}<cputune>{pinned}</cputune>{bound}"
            "<os><type arch='x86_64' machine='q35'>hvm</type></os><cpu mode='host-passthrough'>"
            f"<topology sockets='1' dies='1' cores='{vcpus}' threads='1'/></cpu>"
            f"<devices>{devices}<memballoon model='none'/></devices></domain>")
    check_guest.virsh("define", "/run/wrong.xml")


def finds(what, *expected, **how):
    """The doctor says `expected` of a guest that is defined, and nothing else."""
    define(**how)
    found, status = examine(NAME)
    wanted = {(NAME, *one.split()) for one in expected}
    tap.ok(f"doctor finds {what}, and nothing else", set(found) == wanted and
           status == any(state == "FAIL" for _, _, state in wanted), status, found, wanted)


def nic():
    """The element that passes the host's NIC through; and the NIC's node, by the kernel."""
    address, device = next((a, d) for a, d in facts.pci_devices().items() if d[3])
    domain, bus, rest = address.split(":")
    slot, function = rest.split(".")
    tap.same("the host's NIC is on node 1, by the kernel", device[0], NIC_NODE)
    return (f"<hostdev mode='subsystem' type='pci' managed='yes'><source><address domain='0x{domain}' "
            f"bus='0x{bus}' slot='0x{slot}' function='0x{function}'/></source></hostdev>")


def eight_ways():
    own, = check_guest.vcpu_pins("one")[0]
    finds("a guest that floats", "VN002 WARN", "VN011 WARN", pins=None, emulator=None, nodes=None)
    finds("memory on another node than its pins", "VN003 WARN", nodes="2")
    finds("the emulator on its vCPUs' CPUs", "VN013 WARN", pins=("12", "13"), emulator="12-13")
    finds("a guest over nodes without cells", "VN001 WARN", pins=("8-11", "12-14"), emulator="8-14",
          nodes="2-3")
    finds("too few huge pages on its node", "VN006 FAIL", mib=4 * start_quad.PAGES,
          extra=start_quad.HUGE)
    finds("two vCPUs on one CPU", "VN011 WARN", pins=("12", "12"), emulator="14")
    finds("a CPU that another guest has to itself", "VN011 WARN", pins=(str(own),), vcpus=1,
          emulator="3", nodes="0")
    finds("a remote device", "VN015 WARN", devices=nic())
    write_online(0)
    finds("a pin to an offline CPU", "VN033 FAIL", pins=("12-14", f"12-{OFFLINE}"))
    write_online(1)
    finds("no fault in the same guest without one")


def write_online(online):
    with open(f"/sys/devices/system/cpu/cpu{OFFLINE}/online", "w") as file:
        file.write(str(online))


def kernel_follows(what):
    """Each vCPU thread may run where libvirt says now."""
    pid = int(facts.read(f"/run/libvirt/qemu/{NAME}.pid"))
    tap.same(f"/proc agrees with libvirt after {what}", guests.allowed(NAME, pid),
             check_guest.vcpu_pins(NAME))


def finds_running(what, *expected):
    """...of the whole host with all guests that run."""
    tap.same(f"doctor finds {what} in a guest that runs, and nothing else", set(examine()[0]),
             {(NAME, *one.split()) for one in expected})


def move_by_hand(thread, cpus):
    """As somebody may do past libvirt: by the thread's cgroup."""
    group = re.search(r"^0::(.*)$", facts.read(f"/proc/{thread}/cgroup"), re.MULTILINE)[1]
    with open(f"/sys/fs/cgroup{group}/cpuset.cpus", "w") as file:
        file.write(cpus)


def mended_by_fix():
    """Three faults at once; then a thread that somebody moved behind libvirt's back."""
    define(pins=("12", "12"), emulator="12-13", nodes="2")
    check_guest.virsh("start", NAME, "--paused")
    finds_running("three faults", "VN003 WARN", "VN011 WARN", "VN013 WARN")
    status, out, err = vnuma.call("doctor", "--fix", NAME)
    tap.ok("doctor --fix shows each change", status == 0 and f"virsh vcpupin {NAME} 0 " in out
           and f"virsh emulatorpin {NAME} " in out, out, err)
    passes("--fix has mended them")
    kernel_follows("--fix")
    move_by_hand(check_guest.vcpu_threads(NAME)[1], "0-1")
    finds_running("a thread that was moved by hand", "VN035 WARN")
    vnuma.call("doctor", "--fix", NAME)
    passes("and --fix brings it back")
    kernel_follows("--fix")


def mended_by_apply():
    """Somebody lets the same guest float: a new plan for it."""
    for vcpu in "01":
        check_guest.virsh("vcpupin", NAME, vcpu, "0-15", "--live", "--config")
    check_guest.virsh("emulatorpin", NAME, "0-15", "--live", "--config")
    finds_running("that it floats", "VN002 WARN", "VN011 WARN")
    status, out, err = vnuma.call("apply", "--take-over", NAME)
    tap.same("apply of the guest that floats: done", (status, err), (0, ""))
    passes("apply has mended it")
    kernel_follows("apply")
    check_guest.stop(NAME)


def main():
    passes("three guests that vnuma started pass")
    tap.timed("doctor: eight ways", eight_ways)
    tap.timed("doctor: --fix", mended_by_fix)
    tap.timed("doctor: apply", mended_by_apply)
    check_guest.virsh("undefine", NAME)
