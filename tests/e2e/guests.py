# SPDX-License-Identifier: LGPL-2.1-or-later
"""Guests of the tests that start, move and change them: their domain XML, and what one that works
tells on its console (guest/init, job=work)."""
import json
import os
import re
import time

import check_guest
import facts
import tap
import vnuma

HERE = os.path.dirname(os.path.abspath(__file__))
DEDICATED = "<spec name='hw:cpu_policy' value='dedicated'/>"


def fill(template, **words):
    with open(f"{HERE}/guest/{template}") as file:
        text = file.read()
    for word, value in words.items():
        text = text.replace(f"@{word}@", str(value))
    path = f"/run/{words['NAME']}.xml"
    with open(path, "w") as file:
        file.write(text)
    return path


def small(name, vcpus=1, mib=64, policy="", devices="", backing="", kind="kvm"):
    """The path of the domain XML of a guest that only has to be there."""
    return fill("small.xml", NAME=name, VCPUS=vcpus, MIB=mib, TYPE=kind, POLICY=policy,
                DEVICES=devices, BACKING=backing)


def linux(name, mib, vcpus, policy, job="tell", backing=""):
    """One that boots Linux; job is "tell", "work" or "watch" (guest/init). KVM has to be there."""
    return fill("linux.xml", NAME=name, MEMORY=f"<memory unit='MiB'>{mib}</memory>",
                VCPUS=f"<vcpu>{vcpus}</vcpu>", POLICY=policy, JOB=job, BACKING=backing,
                KERNEL=os.environ["NUMAHOST_KERNEL"], INITRD=os.environ["GUEST_INITRD"],
                CONSOLE=f"/run/{name}.console")


def pluggable(name, memory, vcpus, policy, on=None):
    """One of four cells whose vCPUs but the first can be taken away, `on` of them on in the beginning, equally many
    in each cell; and whose memory can grow."""
    path = linux(name, 0, vcpus, policy, "watch")
    each, each_on = vcpus // 4, (on or vcpus) // 4
    all_of_them = "".join(f"<vcpu id='{i}' enabled='{'yes' if i % each < each_on else 'no'}' "
                          f"hotpluggable='{'yes' if i else 'no'}'/>" for i in range(vcpus))
    edit(path, ("<memory unit='MiB'>0</memory>", memory), ("<vcpu>", f"<vcpu current='{on or vcpus}'>"),
         ("</vcpu>", f"</vcpu><vcpus>{all_of_them}</vcpus>"))
    return path


def edit(path, *changes):
    """Change the words of a domain XML; each has to be there."""
    with open(path) as file:
        text = file.read()
    for old, new in changes:
        if old not in text:
            raise SystemExit(f"{path}: no '{old}'")
        text = text.replace(old, new, 1)
    with open(path, "w") as file:
        file.write(text)


def start(path, *options):
    """`vnuma start`: the guest's name, process and Plan."""
    plan = vnuma.Plan(json.loads(vnuma.answer("start", path, "-o", "json", *options)))
    with open(path) as file:
        name = re.search(r"<name>(.*)</name>", file.read())[1]
    return name, int(facts.read(f"/run/libvirt/qemu/{name}.pid")), plan


def first_words(name, seconds):
    """What a guest that boots Linux tells first: {"numactl": text, "sockets": text}; None: it is silent."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        text = facts.read(f"/run/{name}.console") if os.path.exists(f"/run/{name}.console") else ""
        if "== end" in text:
            parts = text.replace("\r", "").split("== end")[0].split("== ")[1:]
            return {part.split("\n")[0]: part for part in parts}
        time.sleep(0.5)
    tap.ok(f"guest '{name}' boots Linux within {seconds} s", False, text[-2000:])
    return None


class Told:
    """The last whole round that a working guest has told: its number, how often what was read is not what
    was written, and `numactl -H`. And of every round the longest time without a look at its clock, in
    1/100 s."""

    def __init__(self, name):
        text = facts.read(f"/run/{name}.console").replace("\r", "")
        rounds = re.findall(r"== round (\d+) bad (\d+) gap (\d*)\n(.*?)== done \1\n", text, re.S)
        self.gaps = {int(round): int(gap or 0) for round, _, gap, _ in rounds}
        self.round, self.bad = (int(word) for word in (rounds or [(0, 0)])[-1][:2])
        self.numactl = facts.numactl(rounds[-1][3]) if rounds else None


def longest_gap(told, first, last):
    return max(told.gaps[round] for round in range(first, last + 1))


def wait_until(name, true_of, seconds):
    """The first Told for which it is true; the last one when the time is over."""
    end = time.monotonic() + seconds
    while True:
        told = Told(name) if os.path.exists(f"/run/{name}.console") else None
        if (told and told.round and true_of(told)) or time.monotonic() > end:
            return told
        time.sleep(0.5)


def allowed(name, pid):
    """{vCPU: CPUs} that the kernel allows"""
    threads = check_guest.vcpu_threads(name)
    return {vcpu: facts.allowed_cpus(pid, thread) for vcpu, thread in threads.items()}


def cpus_per_cell(told):
    return {cell: len(cpus) for cell, cpus in told.numactl["cpus"].items()}


def set_vcpus(name, n, each, seconds):
    """`vnuma setvcpus`, and what the guest of four cells says of it"""
    status, out, err = vnuma.call("setvcpus", name, str(n))
    tap.same(f"setvcpus {n}: done", (status, err), (0, ""))
    told = wait_until(name, lambda told: sum(cpus_per_cell(told).values()) == n, seconds)
    tap.same(f"setvcpus {n}: the guest's own numactl -H has {each} in each cell",
             cpus_per_cell(told), {cell: each for cell in range(4)})


def running():
    return {name for name in check_guest.virsh("list", "--name").splitlines() if name}


def end_all():
    for name in running():
        check_guest.stop(name)
