# SPDX-License-Identifier: LGPL-2.1-or-later
"""Inside the virtual host `quad`: `vnuma apply` moves guests that work, with their memory, and packs a
host anew. Called by `quad.py`."""
import re
import subprocess
import time
import xml.etree.ElementTree as ElementTree

import check_guest
import facts
import guests
import tap
import vnuma

RATE = 256  # MiB a second, vnuma's own limit
RESTRICTIVE = "<memory mode='restrictive'/>"
WAIT = 120


def tune(name):
    return dict(re.findall(r"^(\w+) *: (\S+)", check_guest.virsh("numatune", name), re.MULTILINE))


def ram(pid):
    """{node: MiB} of what the process has that is no mapped file: the guest's memory, and QEMU's heap"""
    found = {}
    for line in facts.read(f"/proc/{pid}/numa_maps").splitlines():
        if " file=" in line and "memfd" not in line:
            continue
        kib = int(re.search(r"kernelpagesize_kB=(\d+)", line + " kernelpagesize_kB=4")[1])
        for node, count in re.findall(r" N(\d+)=(\d+)", line):
            found[int(node)] = found.get(int(node), 0) + int(count) * kib / 1024
    return found


def share_on(pid, node):
    """How much of that is on the node, in percent"""
    found = ram(pid)
    return 100 * found.get(node, 0) / sum(found.values())


def node_cpus(node):
    return set(range(4 * node, 4 * node + 4))


def keeps_its_rate(out):
    """What apply says of a move; a batch more than the rate allows is no fault."""
    mib, seconds = re.search(r"(\d+) MiB moved to node .* in ([\d.]+) s", out).groups()
    tap.ok(f"no more than {RATE} MiB a second were moved", float(mib) <= RATE * (float(seconds) + 0.3), out)


def is_on(name, pid, node, what):
    tap.ok(f"{what}: each vCPU may run on node {node} alone, by the kernel",
           all(cpus <= node_cpus(node) for cpus in guests.allowed(name, pid).values()),
           guests.allowed(name, pid))
    tap.ok(f"{what}: so says libvirt",
           all(cpus <= node_cpus(node) for cpus in check_guest.vcpu_pins(name).values()))
    tap.same(f"{what}: libvirt's memory nodes", tune(name).get("numa_nodeset"), str(node))
    share = share_on(pid, node)
    tap.ok(f"{what}: over 95 % of its memory is there", share > 95, share, ram(pid))


def move_and_kill(name, pid, to):
    """A move that is killed in the middle leaves a guest that the next apply completes."""
    call = subprocess.Popen([vnuma.VNUMA, "apply", name, "--nodes", str(to), "--rate", "16"])
    end = time.monotonic() + 60
    while share_on(pid, to) < 10 and call.poll() is None and time.monotonic() < end:
        time.sleep(0.1)
    call.kill()
    call.wait()
    share = share_on(pid, to)
    tap.ok("kill -9 in the middle of a move: some memory has moved, not all of it", 5 < share < 95,
           share)
    status, out, err = vnuma.call("apply", name)
    tap.same("a second apply completes it", (status, err), (0, ""))
    tap.note(out.replace("\n", " | "))
    keeps_its_rate(out)
    is_on(name, pid, to, "completed")


def as_busy(name, to, until):
    """The host does what it does for a move, and moves nothing, until the guest has told so many rounds: the
    longest time that the guest was stopped."""
    first, end = guests.Told(name).round + 1, time.monotonic() + WAIT
    while guests.Told(name).round < until and time.monotonic() < end:
        vnuma.call("apply", name, "--nodes", str(to), "--dry-run")
    return guests.longest_gap(guests.Told(name), first, until)


def move_once(name, pid, to, stall):
    """While the guest works. With `stall`, how long it was stopped is compared with a few rounds before the move and
    with as many as the move had after it, in which the host is as busy."""
    still = as_busy(name, to, guests.Told(name).round + 3) if stall else 0
    first = guests.Told(name).round + 1
    status, out, err = vnuma.call("apply", name, "--nodes", str(to))
    tap.same("apply --nodes: done", (status, err), (0, ""))
    tap.note(out.replace("\n", " | "))
    keeps_its_rate(out)
    is_on(name, pid, to, "moved")
    end = guests.Told(name).round + 2  # the round that the move ended in, and a whole one
    after = guests.wait_until(name, lambda told: told.round >= end, WAIT)
    tap.ok("the guest went on, and finds what it wrote", after.round >= end and not after.bad,
           after.round, after.bad)
    moving = guests.longest_gap(after, first, end)
    tap.note(f"its longest time without a look at its clock: {moving / 100} s in the {end - first + 1} rounds of the move")
    if stall:
        still = max(still, as_busy(name, to, 2 * end - first))
        tap.note(f"and in the rounds before and after: {still / 100} s")
        tap.ok("it was not stopped for longer than twice as long as it is without a move",
               moving <= 2 * max(still, 10), moving, still)


def move(pid, plan, stall=False):
    """The guest "one" of start_quad, whose policy names its node, is sent to another one while it works,
    and goes back in two calls. With `stall` it must not be stopped for long on the way."""
    name = "one"
    first, = plan.node.values()
    second = (first + 2) % 4
    tap.ok("its memory is where it was started", share_on(pid, first) > 90, ram(pid))
    before = guests.Told(name).round
    check_guest.virsh("resume", name)
    told = guests.wait_until(name, lambda told: told.round >= before + 2, WAIT)
    if not tap.ok("the guest works", told and told.round >= before + 2 and not told.bad):
        return
    move_once(name, pid, second, stall)
    status, out, _ = vnuma.call("apply", name, "--nodes", str(second))
    tap.ok("applied again nothing changes", status == 0 and "is where its plan has put it" in out,
           out)
    move_and_kill(name, pid, first)
    after = guests.Told(name)
    last = guests.wait_until(name, lambda told: told.round >= after.round + 2, WAIT)
    tap.ok("and the guest still finds what it wrote", not last.bad and last.round >= after.round + 2)
    check_guest.stop(name)


def strict_stays(pid, plan):
    """A strict guest's memory stays, and apply says so: "two" of start_quad."""
    pins, nodes = check_guest.vcpu_pins("two"), sorted(plan.node.values())
    status, _, err = vnuma.call("apply", "two", "--nodes", "2-3")
    tap.ok("a strict guest does not go to other nodes: exit 1, and why",
           status == 1 and "strict" in err and f"node '{nodes[0]}-{nodes[1]}'" in err, status, err)
    tap.same("...and is untouched", check_guest.vcpu_pins("two"), pins)
    check_guest.virsh("vcpupin", "two", "0", "0-15")
    status, out, err = vnuma.call("apply", "two")
    tap.same("a pin that somebody has changed is put back", check_guest.vcpu_pins("two"), pins)
    tap.same("...and the kernel has it", guests.allowed("two", pid), pins)


def repack():
    """Two cells that are far from each other come together again."""
    path = guests.small("far", 4, 256, f"<vnuma><partition cells='2'/>{RESTRICTIVE}"
                        f"{guests.DEDICATED}</vnuma>")
    name, pid, _ = guests.start(path)
    status, _, err = vnuma.call("apply", name, "--nodes", "0,3")
    tap.same("apply --nodes 0,3", (status, err), (0, ""))
    nodes = {cpu // 4 for cpus in guests.allowed(name, pid).values() for cpu in cpus}
    tap.same("it is there", nodes, {0, 3})
    status, out, err = vnuma.call("apply", "--all", "--dry-run")
    tap.ok("apply --all --dry-run says what it would do", status == 0 and "would be moved" in out,
           out, err)
    status, out, err = vnuma.call("apply", "--all")
    tap.same("apply --all", (status, err), (0, ""))
    nodes = {cpu // 4 for cpus in guests.allowed(name, pid).values() for cpu in cpus}
    tap.ok("its cells are on nodes that are near", nodes in ({0, 1}, {2, 3}), nodes)
    document = ElementTree.fromstring(check_guest.virsh("dumpxml", name))
    tap.same("libvirt's memory nodes are those",
             facts.numbers(document.find("numatune/memory").get("nodeset")), nodes)
    status, out, err = vnuma.call("apply", "--all")
    tap.ok("once more: nothing to do", status == 0 and "is where its plan has put it" in out, out)
    check_guest.stop(name)
