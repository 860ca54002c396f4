# SPDX-License-Identifier: LGPL-2.1-or-later
"""Random guests, planned one after the other on random hosts: what vnuma wrote is never WARN or FAIL there."""

import json
import pathlib
import random
import subprocess
import tempfile

HOSTS = ["e7-8895v2.json", "opteron-6164.json", "freecell.json", "nova-talk.json", "quad.json", "odd.json", "octo.json",
         "epyc-256.json", "sparse-ids.json", "magny-cours-sparse.json", "smt-caps.xml", "smt.hwloc.xml"]
ROUNDS, SEED = 60, 20261121


def specs(choose, vcpus, distribution):
    found = {}
    if choose.random() < .5 and distribution != "siblings":
        found["hw:cpu_policy"] = choose.choice(["dedicated", "shared", "mixed"])
    if found.get("hw:cpu_policy") == "mixed":
        found["hw:cpu_dedicated_mask"] = "0"
    if found.get("hw:cpu_policy") == "dedicated":
        if choose.random() < .5:
            found["hw:cpu_thread_policy"] = choose.choice(["prefer", "isolate", "require"])
        if choose.random() < .3:
            found["hw:emulator_threads_policy"] = choose.choice(["isolate", "share"])
        if choose.random() < .2 and vcpus > 1:
            found.update({"hw:cpu_realtime": "yes", "hw:cpu_realtime_mask": "^0"})
    if choose.random() < .2:
        found["hw:mem_page_size"] = choose.choice(["small", "large", "any", "2MB"])
    if choose.random() < .1:
        found.update({"hw:locked_memory": "true", "hw:mem_page_size": "any"})
    return "".join(f"<spec name='{name}' value='{value}'/>" for name, value in found.items())


def guest(choose, name):
    vcpus, mib = choose.choice([1, 2, 3, 4, 6, 8, 12, 16]), choose.choice([256, 512, 1000, 1024, 2048, 4096])
    mode = choose.choice(["auto", "host", "node"])
    distribution = choose.choice(["contiguous", "siblings", "round-robin", "interleave"])
    policy = ""
    if choose.random() < .3:
        policy += f"<memory unit='MiB' mode='{choose.choice(['strict', 'preferred', 'restrictive'])}'>{mib}</memory>"
    if mode == "node" or choose.random() < .2:
        policy += f"<partition cells='{choose.choice([1, 1, 2, 2, 3, 4])}'/>"
    policy += specs(choose, vcpus, distribution)
    return (f"<domain type='kvm'><name>{name}</name><memory unit='MiB'>{mib}</memory><vcpu>{vcpus}</vcpu>"
            + ("<iothreads>2</iothreads>" if choose.random() < .2 else "")
            + f"<vnuma mode='{mode}' distribution='{distribution}'>{policy}</vnuma>"
            "<os><type machine='q35' arch='x86_64'>hvm</type></os></domain>")


def plan_some(vnuma, choose, host, folder):
    """The planned files of up to four guests; those that do not fit are left out."""
    files = []
    for number in range(choose.choice([1, 1, 2, 3, 4])):
        request = folder / f"request-{number}.xml"
        request.write_text(guest(choose, f"g{number}"))
        others = [word for path in files for word in ("--with", path)]
        done = subprocess.run([vnuma, "plan", "-H", host, request, *others], capture_output=True, text=True)
        if done.returncode == 0:
            path = folder / f"planned-{number}.xml"
            path.write_text(done.stdout)
            files.append(path)
    return files


def random_plans(vnuma, hosts):
    choose, wrong, planned = random.Random(SEED), [], 0
    for _ in range(ROUNDS):
        host = hosts / choose.choice(HOSTS)
        with tempfile.TemporaryDirectory() as name:
            files = plan_some(vnuma, choose, host, pathlib.Path(name))
            planned += len(files)
            done = subprocess.run([vnuma, "doctor", "-H", host, *files, "-o", "json"], capture_output=True, text=True)
            if done.returncode:
                wrong.append(f"{host.name}: exit {done.returncode}: {done.stderr}")
            wrong += [f"{host.name}: {f['id']} {f['status']} {f['guest']}: {f['evidence']}"
                      for f in json.loads(done.stdout)["findings"] if f["status"] in ("WARN", "FAIL")]
    return wrong + ([] if planned > ROUNDS / 2 else [f"only {planned} guests were planned"])
