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


def working(name, memory, vcpus, policy):
    """One that boots Linux and works. KVM has to be there."""
    return fill("work.xml", NAME=name, MEMORY=memory, VCPUS=vcpus, POLICY=policy,
                KERNEL=os.environ["NUMAHOST_KERNEL"], INITRD=os.environ["GUEST_INITRD"],
                CONSOLE=f"/run/{name}.console")


def start(path, *options):
    """`vnuma start`: the guest's name, process and Plan."""
    plan = vnuma.Plan(json.loads(vnuma.answer("start", path, "-o", "json", *options)))
    with open(path) as file:
        name = re.search(r"<name>(.*)</name>", file.read())[1]
    return name, int(facts.read(f"/run/libvirt/qemu/{name}.pid")), plan


class Told:
    """The last whole round that a working guest has told."""

    def __init__(self, name):
        text = facts.read(f"/run/{name}.console").replace("\r", "")
        rounds = re.findall(r"== round (\d+) bad (\d+) gap (\d*)\n(.*?)== done \1\n", text, re.S)
        self.round, self.bad, self.gap = (int(word or 0) for word in (rounds or [(0, 0, 0, "")])[-1][:3])
        self.numactl = facts.numactl(rounds[-1][3]) if rounds else None


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


def pluggable(n):
    """n vCPUs, all but the first of which can be taken away"""
    others = "".join(f"<vcpu id='{i}' enabled='yes' hotpluggable='yes'/>" for i in range(1, n))
    return (f"<vcpu>{n}</vcpu><vcpus><vcpu id='0' enabled='yes' hotpluggable='no'/>{others}</vcpus>")


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
