# SPDX-License-Identifier: LGPL-2.1-or-later
"""`vnuma host` against numactl, lscpu and libvirt, on the machine that runs this."""
import tempfile

import check_guest
import facts
import tap
from vnuma import Host

FREE_TOLERANCE_MIB = 32  # free memory changes between two calls


def against_numactl(host):
    wanted = facts.numactl(facts.run("numactl", "-H"))
    tap.same("host: nodes as in numactl -H", host.ids, sorted(wanted["cpus"]))
    tap.same("host: CPUs of each node as in numactl -H", host.cpus(), wanted["cpus"])
    tap.same("host: memory of each node as in numactl -H, in MiB",
             {node: kib >> 10 for node, kib in host.mem_kib().items()}, wanted["size"])
    free = host.unused_mib()
    tap.ok(f"host: free memory of each node as in numactl -H, within {FREE_TOLERANCE_MIB} MiB",
           all(abs(free[node] - mib) <= FREE_TOLERANCE_MIB for node, mib in wanted["free"].items()),
           f"got:    {free}", f"wanted: {wanted['free']}")
    tap.same("host: distances as in numactl -H", host.distances(), wanted["distances"])


def against_lscpu(host):
    rows = facts.lscpu()
    cores = {}
    for cpu, (_, socket, core) in rows.items():
        cores.setdefault((socket, core), set()).add(cpu)
    tap.same("host: cores as in lscpu -e", host.siblings(),
             {frozenset(cpus) for cpus in cores.values()})
    sockets = {node: {rows[cpu][1] for cpu in cpus} for node, cpus in host.cpus().items()}
    tap.ok("host: sockets of the nodes as in lscpu -e",
           all(host.nodes[node].get("socket") in wanted
               for node, wanted in sockets.items() if len(wanted) == 1),
           [(node, cell.get("socket")) for node, cell in host.nodes.items()], sockets)


def against_libvirt(host):
    """Both ways: vnuma's live reading against libvirt's, and vnuma's reading of libvirt's text. libvirt
    has the same page counts and distances, since both read the kernel."""
    text = check_guest.virsh("capabilities")
    with tempfile.NamedTemporaryFile("w", suffix=".xml") as file:
        file.write(text)
        file.flush()
        for name, read in (("live", host), ("its text read back", Host(file.name))):
            as_libvirt(f"host, {name}", read, facts.capabilities(text))


def as_libvirt(name, host, wanted):
    tap.same(f"{name}: nodes as in virsh capabilities", host.ids, sorted(wanted))
    tap.same(f"{name}: CPUs as in virsh capabilities", host.cpus(),
             {node: cell["cpus"] for node, cell in wanted.items()})
    tap.same(f"{name}: cores as in virsh capabilities", host.siblings(),
             set().union(*(cell["siblings"] for cell in wanted.values())))
    tap.same(f"{name}: memory as in virsh capabilities, in KiB", host.mem_kib(),
             {node: cell["mem_kib"] for node, cell in wanted.items()})
    tap.same(f"{name}: distances as in virsh capabilities", host.distances(),
             [[cell["distances"].get(to) for to in sorted(wanted)]
              for _, cell in sorted(wanted.items())])
    tap.same(f"{name}: pages as in virsh capabilities", host.pages(),
             {node: {size: count for size, count in cell["pages"].items() if count}
              for node, cell in wanted.items()})
