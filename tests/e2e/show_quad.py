# SPDX-License-Identifier: LGPL-2.1-or-later
"""Inside the virtual host `quad`: `vnuma show` of real guests against libvirt, QEMU, /proc and numa_maps;
without libvirt, and as somebody who may see little. The guests are start_quad's three, "one" is paused,
and one that floats. Called by `quad.py`."""
import json
import os
import re
import subprocess

import check_guest
import facts
import tap
import vnuma

FLOATING = """<domain type='kvm'>
  <name>we b</name><memory unit='MiB'>64</memory><vcpu>2</vcpu><iothreads>2</iothreads>
  <memoryBacking><allocation mode='immediate'/></memoryBacking>
  <cputune><iothreadpin iothread='2' cpuset='12'/></cputune>
  <os><type arch='x86_64' machine='q35'>hvm</type></os>
  <cpu mode='host-passthrough' check='none'/>
  <devices><memballoon model='virtio'/></devices>
</domain>"""


def show(*arguments):
    return json.loads(vnuma.answer("show", "-o", "json", *arguments))


def guests(*arguments):
    return {guest["name"]: guest for guest in show(*arguments)["guests"]}


def threads(guest, kind):
    return {thread["number"]: thread for thread in guest["threads"] if thread["kind"] == kind}


def on_nodes(guest):
    """{(node, page size in KiB): MiB}"""
    return {(part["host_cell"], part["size_kib"]): part["kib"] / 1024 for part in guest["memory"]["on"]}


# ---- one guest ----

def threads_agree(name, guest):
    vcpus = threads(guest, "vcpu")
    tap.same(f"{name}: the threads of its vCPUs are those that QEMU names",
             {vcpu: thread["tid"] for vcpu, thread in vcpus.items()}, check_guest.vcpu_threads(name))
    tap.same(f"{name}: libvirt's pins", {vcpu: facts.numbers(thread["pin"]) for vcpu, thread in vcpus.items()},
             check_guest.vcpu_pins(name))
    others = [thread for thread in guest["threads"] if "tid" in thread]
    tap.same(f"{name}: every thread may run where /proc says",
             {thread["tid"]: facts.numbers(thread["allowed"]) for thread in others},
             {thread["tid"]: facts.allowed_cpus(guest["pid"], thread["tid"]) for thread in others})
    tap.ok(f"{name}: the times of its vCPUs are known", all(vcpu["run_ns"] > 0 for vcpu in vcpus.values()), vcpus)
    if guest["state"] == "running":
        tap.ok(f"{name}: each vCPU ran where it may",
               all(vcpu["cpu"] in facts.numbers(vcpu["allowed"]) for vcpu in vcpus.values()), vcpus)


def memory_agrees(name, guest, exact):
    ram = guest["memory"]["ram_kib"] / 1024
    got, wanted = on_nodes(guest), on_nodes(exact)
    tap.ok(f"{name}: sampled memory is within 2 % of numa_maps on each node",
           all(abs(got.get(key, 0) - wanted.get(key, 0)) <= ram / 50 for key in got.keys() | wanted.keys()),
           got, wanted)
    tap.ok(f"{name}: its memory is told from QEMU's by its size", "guessed" not in guest["memory"], guest["memory"])


def bound_agrees(name, guest, exact):
    """numa_maps itself: areas of the guest are bound."""
    found = {}
    for area in facts.bound_memory(guest["pid"]):
        for node, count in area["pages"].items():
            key = node, area["page_kib"]
            found[key] = found.get(key, 0) + count * area["page_kib"] / 1024
    tap.same(f"{name}: --exact is what numa_maps says of the bound areas", on_nodes(exact), found)


def all_agree():
    found, exact = guests(), guests("--exact")
    tap.same("every guest is shown, with its state", {name: guest["state"] for name, guest in found.items()},
             {"huge": "running", "one": "paused", "two": "running", "we b": "paused"})
    for name, guest in found.items():
        threads_agree(name, guest)
        memory_agrees(name, guest, exact[name])
        tap.ok(f"{name}: --exact says so, and knows transparent huge pages",
               exact[name]["memory"]["measured"] == "exact" and "thp_kib" in exact[name]["memory"], exact[name]["memory"])
    for name in ("one", "two", "huge"):
        if name != "one":  # restrictive memory is bound by a cgroup
            bound_agrees(name, found[name], exact[name])
        tap.same(f"{name}: locality of a planned guest", found[name]["locality_percent"], 100.0)
    tap.same("home nodes", {name: (guest["cpu_host_cells"], guest["mem_host_cells"])
                            for name, guest in found.items() if name != "we b"},
             {"one": ("0", "0"), "two": ("0-1", "0-1"), "huge": ("1", "1")})
    tap.same("huge: its memory is in huge pages of node 1", on_nodes(exact["huge"]), {(1, 2048): 128.0})
    floating = found["we b"]
    tap.same("we b: a guest that floats over four nodes has a quarter of its memory near",
             round(floating["locality_percent"]), 25)
    tap.same("we b: its I/O threads", {number: facts.numbers(thread["allowed"])
                                       for number, thread in threads(floating, "iothread").items()},
             {1: set(range(16)), 2: {12}})
    balloon = int(re.search(r"actual (\d+)", check_guest.virsh("dommemstat", "we b"))[1])
    tap.same("we b: balloon as virsh says", floating["balloon"]["guest_has_kib"], balloon)
    taken = {cell["id"]: (len(vnuma.cpu_set(cell["pinned"])), cell["cpu_usage"]) for cell in show()["host"]["cells"]}
    tap.same("host: 1:1 pins by node", {node: pins for node, (pins, _) in taken.items()}, {0: 3, 1: 1, 2: 0, 3: 0})


def moved():
    """Away from its memory: locality follows."""
    pins = check_guest.vcpu_pins("one")
    for vcpu in "01":
        check_guest.virsh("vcpupin", "one", vcpu, "8-11", "--live")
    guest = guests("one")["one"]
    tap.same("one: its vCPUs on another node than its memory", (guest["locality_percent"], guest["cpu_host_cells"]),
             (0.0, "2"))
    for vcpu, cpus in pins.items():
        if vcpu == 1:
            tap.same("one: one of two vCPUs back", guests("one")["one"]["locality_percent"], 50.0)
        check_guest.virsh("vcpupin", "one", str(vcpu), ",".join(map(str, cpus)), "--live")


def table():
    text = vnuma.answer("show", "two")
    rows = re.findall(r"^  vCPU (\d)  +(.*)$", text, re.MULTILINE)
    pins = check_guest.vcpu_pins("two")
    wanted = {vcpu: "".join("X" if cpu in cpus else "-" for cpu in range(16)) for vcpu, cpus in pins.items()}
    seen = {int(vcpu): "".join(re.findall(r"[X#-]{4}", maps)).replace("#", "X") for vcpu, maps in rows}
    tap.same("the map in the table is that of the pins", seen, wanted)
    tap.ok("the table fits into 80 columns", max(map(len, text.splitlines())) <= 80, text)
    picture = vnuma.answer("show", "-o", "svg")
    tap.ok("the picture names every guest", all(f">{name}: " in picture for name in ("one", "two", "huge", "we b")),
           picture[-3000:])
    tap.note("vnuma show two:")
    for line in text.splitlines():
        tap.note("  " + line)


# ---- without libvirt, without rights ----

def without_libvirt():
    with_it = guests()
    hidden = subprocess.run(["unshare", "--mount", "sh", "-c",
                             'mount -t tmpfs tmpfs /run/libvirt && exec "$0" show -o json', vnuma.VNUMA],
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if not tap.ok("without libvirt there is an answer too", hidden.returncode == 0, hidden.stderr):
        return
    document = json.loads(hidden.stdout)
    found = {guest["name"]: guest for guest in document["guests"]}
    tap.ok("it says that libvirt does not answer", "libvirt does not answer" in document.get("note", ""), document.get("note"))
    tap.same("the same guests are found as processes", sorted(found), sorted(with_it))
    for kind in ("vcpu", "iothread"):
        tap.same(f"and the same {kind} threads",
                 {name: {number: thread["tid"] for number, thread in threads(guest, kind).items()}
                  for name, guest in found.items()},
                 {name: {number: thread["tid"] for number, thread in threads(guest, kind).items()}
                  for name, guest in with_it.items()})
    tap.same("and their memory", {name: guest["memory"]["ram_kib"] for name, guest in found.items()},
             {name: guest["memory"]["ram_kib"] for name, guest in with_it.items()})


def as_nobody():
    done = subprocess.run(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", vnuma.VNUMA, "show", "-o", "json",
                           "-c", "qemu:///system"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if not tap.ok("somebody without rights gets an answer", done.returncode == 0, done.stderr):
        return
    for guest in json.loads(done.stdout)["guests"]:
        tap.ok(f"{guest['name']}: threads, and why its memory is not known",
               guest["threads"] and "not permitted" in guest.get("no_memory", "") and "memory" not in guest, guest)


def faults():
    status, out, err = vnuma.call("show", "../two")
    tap.ok("a guest that is not there", (status, out) == (2, "") and "there is no guest '../two'" in err, status, err)
    with open("/sys/devices/system/cpu/cpu15/online", "w") as file:
        file.write("0")
    tap.ok("a CPU goes offline: show goes on", len(guests()) == 4)
    with open("/sys/devices/system/cpu/cpu15/online", "w") as file:
        file.write("1")
    watch = subprocess.Popen([vnuma.VNUMA, "show", "--watch=1", "-o", "json", "we b", "two"], stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE, text=True)
    frame = ""
    while not frame.endswith("\n}\n"):
        frame += watch.stdout.readline()
    tap.same("--watch: a first look", sorted(guest["name"] for guest in json.loads(frame)["guests"]), ["two", "we b"])
    check_guest.stop("we b")
    _, err = watch.communicate(timeout=120)
    tap.ok("a guest ends while it is watched: said, exit code 2",
           watch.returncode == 2 and "there is no guest 'we b'" in err, watch.returncode, err)


def between_nodes():
    """The unit test of moves, where there are nodes to move between."""
    program = os.path.join(os.path.dirname(vnuma.VNUMA), "../../tests/unit/test_kernel_memory")
    if not os.path.exists(program):
        return tap.skip("moves between nodes", "the tests are not built")
    done = subprocess.run([program], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          env={**os.environ, "VNUMA_BETWEEN_NODES": "1", "CMOCKA_MESSAGE_OUTPUT": "TAP"})
    results = re.findall(r"^(not )?ok \d+ - (\S+)", done.stdout, re.MULTILINE)
    tap.ok("moves between nodes are tested", results and done.returncode == 0, done.stdout)
    for bad, name in results:
        tap.ok(name, not bad, done.stdout)


def main():
    with open("/run/floats.xml", "w") as file:
        file.write(FLOATING)
    check_guest.virsh("create", "--paused", "/run/floats.xml")
    for step in (all_agree, table, without_libvirt, as_nobody, moved, faults):
        tap.timed(f"show: {step.__name__}", step)
