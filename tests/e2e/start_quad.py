#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Inside the virtual host `quad`: guests that `vnuma start` has started are where it says, and twenty
starts at a time share nothing. Run by `run`, under `libvirtd --kvm`."""
import collections
import glob
import subprocess

import check_guest
import guests
import tap
import vnuma

HUGE = "<memoryBacking><hugepages><page size='2' unit='MiB'/></hugepages></memoryBacking>"
CROWD, ROOM = 20, 12
TAKEN = 4  # CPUs of the host that the crowd does not get


def agrees(path, page_kib=None):
    name, pid, plan = guests.start(path)
    tap.note(f"start: {name}")
    check_guest.libvirt_agrees(name, plan)
    check_guest.kernel_agrees(name, pid, plan)
    if page_kib:
        check_guest.huge_pages_used(pid, plan, page_kib)
    else:
        check_guest.memory_is_bound(pid, plan)
    return name


def three_guests():
    for node in glob.glob("/sys/devices/system/node/node*/hugepages/hugepages-2048kB/nr_hugepages"):
        with open(node, "w") as file:
            file.write("64")
    one = guests.small("one", 2, 128, f"<vnuma>{guests.DEDICATED}</vnuma>")
    two = guests.small("two", 4, 256, "<vnuma mode='node'><partition nodeset='0,2' cells='2'/>"
                       f"{guests.DEDICATED}</vnuma>")
    huge = guests.small("huge", 2, 96, backing=HUGE)
    for path, page_kib in ((one, None), (two, None), (huge, 2048)):
        agrees(path, page_kib)
    pins = [pin for name in ("one", "two") for pin in check_guest.vcpu_pins(name).values()]
    tap.ok("no CPU is pinned twice", len(set().union(*pins)) == len(pins), pins)
    guests.end_all()


def crowd():
    """Twenty guests of one dedicated CPU each, on a host with room for twelve of them."""
    guests.start(guests.small("taken", TAKEN, 64, "<vnuma mode='node'><partition nodeset='1'/>"
                              f"{guests.DEDICATED}</vnuma>"), "--paused")
    paths = [guests.small(f"crowd {i}", 1, 32, f"<vnuma>{guests.DEDICATED}</vnuma>")
             for i in range(CROWD)]
    calls = [subprocess.Popen([vnuma.VNUMA, "start", "--paused", path], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True) for path in paths]
    words = [call.communicate()[1] for call in calls]
    codes = collections.Counter(call.returncode for call in calls)
    tap.same(f"{CROWD} starts at a time, room for {ROOM}: so many done, so many refused", codes,
             {0: ROOM, 1: CROWD - ROOM})
    names = guests.running() - {"taken"}
    tap.same("as many run", len(names), ROOM)
    pins = [pin for name in names for pin in check_guest.vcpu_pins(name).values()]
    tap.ok("each has a CPU of its own", len(set().union(*pins)) == ROOM
           and all(len(pin) == 1 for pin in pins), pins)
    tap.ok("those that were refused say why", all(
        "free CPUs for 1:1 pins: asked 1 CPU" in word
        for word, call in zip(words, calls) if call.returncode), words)
    guests.end_all()


def main():
    three_guests()
    crowd()
    return 1 if tap.failures else 0


if __name__ == "__main__":
    raise SystemExit(main())
