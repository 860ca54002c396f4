#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Inside the virtual host, under `libvirtd --kvm`: a guest that touches its memory evenly, in stages;
for each what the plugin counted and what `vnuma show` says. Called by `run`."""
import collections
import json
import os
import re
import subprocess
import time

import check_guest
import facts
import guests
import vnuma

OUT, TOUCH = os.environ["NUMAHOST_OUT"], os.environ["TOUCH"]
SECONDS = 8  # of counting
TOLERANCE = 3  # points
NAME = "even"


def counted(what):
    """{(CPU, 256 MiB of memory): accesses} while `what` is done"""
    subprocess.run([TOUCH, "start"], check=True)
    what()
    subprocess.run([TOUCH, "stop"], check=True)
    end = time.monotonic() + 60
    while time.monotonic() < end:
        text = facts.read(f"{OUT}/counts") if os.path.exists(f"{OUT}/counts") else ""
        if text.endswith("end\n"):
            return {(int(cpu), int(chunk)): int(n)
                    for cpu, chunk, n in re.findall(r"^(\d+) (\d+) (\d+)$", text, re.MULTILINE)}
        time.sleep(0.2)
    raise SystemExit("the plugin has written nothing")


def nodes_of_memory():
    """{256 MiB of memory, as the plugin numbers it: node}, from programs whose memory is bound"""
    found = {}
    for node in range(4):
        program = ["numactl", "-N", str(node), "-m", str(node), TOUCH, "64", "1"]
        seen = collections.Counter()
        for (_, chunk), n in counted(lambda: subprocess.run(program, check=True)).items():
            seen[chunk] += n
        found.update({chunk: node for chunk in seen})
        print(f"node {node}: {dict(seen)}", flush=True)
        if len(set(found.values())) != node + 1:
            raise SystemExit(f"the plugin does not tell the nodes apart: {found}")
    return found


def stage(what, node_of):
    time.sleep(3)
    seen = counted(lambda: time.sleep(SECONDS))
    total = sum(seen.values())
    unknown = {chunk for _, chunk in seen} - set(node_of)
    near = sum(n for (cpu, chunk), n in seen.items() if cpu // 4 == node_of.get(chunk, -1))
    shown = json.loads(vnuma.answer("show", "-o", "json", NAME))["guests"][0]
    percent = 100 * near / total if total else -1
    row = (f"| {what} | {total / 1e6:.1f} million | {percent:.1f} % | "
           f"{shown['locality_percent']:.1f} % |")
    print(row, seen, unknown, shown["memory"]["on"], flush=True)
    with open(f"{OUT}/table", "a") as file:
        file.write(row + "\n")
    return total > 100_000 and abs(percent - shown["locality_percent"]) <= TOLERANCE


def pin(vcpu, cpu):
    check_guest.virsh("vcpupin", NAME, str(vcpu), str(cpu), "--live")


def main():
    with open(f"{OUT}/table", "w") as file:
        file.write("| stage | accesses counted | of them near | `vnuma show` |\n|---|---|---|---|\n")
    path = guests.linux(NAME, 256, 2, "<vnuma mode='node'><partition nodeset='0'/>"
                        f"<memory mode='restrictive'/>{guests.DEDICATED}</vnuma>", "touch")
    guests.start(path)
    node_of = nodes_of_memory()
    end = time.monotonic() + 600
    while "== touching" not in facts.read(f"/run/{NAME}.console"):
        if time.monotonic() > end:
            raise SystemExit("the guest does not work: " + facts.read(f"/run/{NAME}.console")[-2000:])
        time.sleep(1)
    fine = stage("as `vnuma start` started it, on node 0", node_of)
    pin(1, 9)
    fine &= stage("one of its two vCPUs moved to node 2", node_of)
    pin(0, 8)
    fine &= stage("the other one too", node_of)
    print(vnuma.answer("apply", NAME, "--nodes", "2"), flush=True)
    fine &= stage("its memory moved after them by `vnuma apply --nodes 2`", node_of)
    check_guest.stop(NAME)
    return 0 if fine else 1


if __name__ == "__main__":
    raise SystemExit(main())
