#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Inside the virtual host `quad` (the step `host` in any): the host; three guests that boot Linux; what `vnuma
show` and `vnuma doctor` say of them; moving, changing, and starting many. Run by `run`, under
`libvirtd --kvm`.

quad.py STEP...: doctor to move are about the guests of `three`, and in this order: doctor needs the
nodes 2 and 3 free, and move ends all of them. After $E2E_UNTIL (seconds since 1970) no step begins."""
import json
import os
import sys
import time

import apply_quad
import check_guest
import check_host
import doctor_quad
import guests
import hotplug_quad
import measure_quad
import show_quad
import start_quad
import tap
import vnuma

host = None
three = {}


def the_host():
    check_host.against_numactl(host)
    check_host.against_lscpu(host)
    check_host.against_libvirt(host)


def near_nodes():
    start_quad.set_pages(start_quad.PAGES)
    plan = vnuma.Plan(json.loads(vnuma.answer("plan", f"{guests.HERE}/guest/quad-huge.xml", "-o", "json")))
    a, b = (host.ids.index(node) for node in plan.node.values())
    tap.same("plan: six pinned vCPUs go to two nodes that are near", host.distances()[a][b], 12)


def start_three():
    three.update(start_quad.three_guests(host))


def strict():
    apply_quad.strict_stays(*three["two"])


def move(stall=False):
    for name in guests.running() - {"one"}:
        check_guest.stop(name)
    apply_quad.move(*three["one"], stall)


def stall():
    move(True)


STEPS = {
    "host": the_host,
    "plan": near_nodes,
    "three": start_three,
    "doctor": doctor_quad.main,
    "show": show_quad.main,
    "strict": strict,
    "move": move,
    "stall": stall,
    "measure": measure_quad.main,
    "repack": apply_quad.repack,
    "crowd": start_quad.crowd,
    "hotplug": hotplug_quad.main,
    "hotplug4": hotplug_quad.few,
    "between": show_quad.between_nodes,
}


def main(names):
    global host
    host = vnuma.Host()
    until = float(os.environ.get("E2E_UNTIL") or "inf")
    for name in names:
        if time.time() > until:
            tap.skip(f"step {name}", "no time is left for it (E2E_SECONDS)")
        else:
            tap.timed(f"step {name}", STEPS[name])
    return 1 if tap.failures else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
