# SPDX-License-Identifier: LGPL-2.1-or-later
"""Inside the virtual host `quad`: guests that `vnuma start` has started are where it says, and twenty
starts at a time share nothing. Called by `quad.py`."""
import collections
import subprocess

import check_guest
import guests
import tap
import vnuma

PAGES = 64  # of 2 MiB on each node
HUGE = "<memoryBacking><hugepages><page size='2' unit='MiB'/></hugepages></memoryBacking>"
AT_ONCE = "<memoryBacking><allocation mode='immediate'/></memoryBacking>"
CROWD, ROOM = 20, 12
TAKEN = 4  # CPUs of the host that the crowd does not get
BOOT_SECONDS = 300


def policy(nodes, more=""):
    return f"<vnuma mode='node'><partition nodeset='{nodes}'{more}/>"


def set_pages(count):
    for node in range(4):
        with open(f"/sys/devices/system/node/node{node}/hugepages/hugepages-2048kB/nr_hugepages",
                  "w") as file:
            file.write(str(count))


def three_guests(host):
    """{name: (pid, Plan)} of three guests that have booted Linux: "one" has one cell, works, and can be
    moved; it is paused in the end. "two" has two cells, "huge" has 2 MiB pages; they are idle. The
    nodes 2 and 3 stay free. One boots while the next one is started, not all at once: emulated CPUs are
    few."""
    set_pages(PAGES)
    paths = {
        "one": guests.linux("one", 512, 2, policy(0) + "<memory mode='restrictive'/>"
                            f"{guests.DEDICATED}</vnuma>", "work"),
        "two": guests.linux("two", 256, 2, policy("0-1", " cells='2'") + f"{guests.DEDICATED}</vnuma>",
                            backing=AT_ONCE),
        "huge": guests.linux("huge", 2 * PAGES, 2, policy(1) + "</vnuma>", backing=HUGE),
    }
    found, boots = {}, None
    for name, path in paths.items():
        found[name] = start(name, path)
        if boots:
            tap.timed(f"{boots} boots", booted, boots, *found[boots], host)
        check_guest.virsh("resume", name)
        boots = name
    tap.timed(f"{boots} boots", booted, boots, *found[boots], host)
    pins = [pin for name in ("one", "two") for pin in check_guest.vcpu_pins(name).values()]
    tap.ok("no CPU is pinned twice", len(set().union(*pins)) == len(pins) == 4, pins)
    return found


def start(name, path):
    tap.note(f"vnuma start: {name}")
    _, pid, plan = guests.start(path, "--paused")
    check_guest.libvirt_agrees(name, plan, "restrictive" if name == "one" else "strict")
    check_guest.kernel_agrees(name, pid, plan)
    if name == "two":
        check_guest.memory_is_bound(pid, plan)
    if name == "huge":
        check_guest.huge_pages_used(pid, plan, 2048)
    return pid, plan


def booted(name, pid, plan, host):
    words = guests.first_words(name, BOOT_SECONDS)
    if name == "one":
        check_guest.virsh("suspend", name)
    if words:
        tap.note(f"the guest's own words: {name}")
        check_guest.guest_agrees(words, plan, host)
        check_guest.numastat_agrees(pid, plan)


def crowd():
    """Twenty guests of one dedicated CPU each, on a host with room for twelve of them."""
    guests.start(guests.small("taken", TAKEN, 64, policy(1) + f"{guests.DEDICATED}</vnuma>"),
                 "--paused")
    paths = [guests.small(f"crowd {i}", 1, 32, f"<vnuma>{guests.DEDICATED}</vnuma>")
             for i in range(CROWD)]
    calls = [subprocess.Popen([vnuma.VNUMA, "start", "--paused", path], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True) for path in paths]
    words = [call.communicate()[1] for call in calls]
    codes = collections.Counter(call.returncode for call in calls)
    tap.same(f"{CROWD} starts at a time, room for {ROOM}: so many done, so many refused", codes,
             {0: ROOM, 1: CROWD - ROOM}) or tap.note(set(words))
    names = guests.running() - {"taken"}
    tap.same("as many run", len(names), ROOM)
    pins = [pin for name in names | {"taken"} for pin in check_guest.vcpu_pins(name).values()]
    tap.ok("each has a CPU of its own, and none is of the guest that was there before",
           len(set().union(*pins)) == ROOM + TAKEN and all(len(pin) == 1 for pin in pins), pins)
    tap.ok("those that were refused say why", all(
        "free CPUs for 1:1 pins: asked 1 CPU" in word
        for word, call in zip(words, calls) if call.returncode), words)
    guests.end_all()
