#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Inside the virtual host `quad`: vCPUs and memory of a guest of four cells, taken away and added, as
its own kernel sees them. Run by `run`, under `libvirtd --kvm`."""
import check_guest
import facts
import guests
import tap
import vnuma

VCPUS = "<vcpu>16</vcpu><vcpus><vcpu id='0' enabled='yes' hotpluggable='no'/>" + "".join(
    f"<vcpu id='{i}' enabled='yes' hotpluggable='yes'/>" for i in range(1, 16)) + "</vcpus>"
MEMORY = "<maxMemory slots='4' unit='MiB'>2048</maxMemory><memory unit='MiB'>768</memory>"
WAIT = 120


def cpus_per_cell(told):
    return {cell: len(cpus) for cell, cpus in told.numactl["cpus"].items()}


def set_vcpus(name, n, each):
    status, out, err = vnuma.call("setvcpus", name, str(n))
    tap.same(f"setvcpus {n}: done", (status, err), (0, ""))
    told = guests.wait_until(name, lambda told: sum(cpus_per_cell(told).values()) == n, WAIT)
    tap.same(f"setvcpus {n}: the guest's own numactl -H has {each} in each cell",
             cpus_per_cell(told), {cell: each for cell in range(4)})
    return out


def memory(name, pid, plan):
    before = guests.Told(name).numactl["size"]
    status, out, err = vnuma.call("setmem", name, "896", "--cell", "0")
    tap.same("setmem of cell 0: done", (status, err), (0, ""))
    told = guests.wait_until(name, lambda told: told.numactl["size"][0] > before[0] + 100, WAIT)
    tap.ok("setmem: the guest's own numactl -H has 128 MiB more in cell 0",
           before[0] + 100 < told.numactl["size"][0] < before[0] + 140, before,
           told.numactl["size"])
    tap.ok("setmem: and no more in the others",
           all(told.numactl["size"][cell] == before[cell] for cell in (1, 2, 3)))
    nodes = [area["nodes"] for area in facts.bound_memory(pid)]
    tap.same("setmem: the new memory is bound to the node of cell 0",
             nodes.count({plan.memory_node[0]}), 2)
    status, out, err = vnuma.call("setmem", name, "768", "--cell", "0")
    tap.same("setmem: and back", (status, err), (0, ""))
    told = guests.wait_until(name, lambda told: told.numactl["size"][0] == before[0], WAIT)
    tap.same("setmem: the guest has given it back", told.numactl["size"][0], before[0])
    status, _, err = vnuma.call("setmem", name, "3GiB")
    tap.ok("setmem: more than <maxMemory> is refused: exit 1", status == 1 and "2 GiB" in err, err)


def main():
    path = guests.working("cells", MEMORY, VCPUS, "<vnuma mode='host'/>")
    name, pid, plan = guests.start(path)
    told = guests.wait_until(name, lambda told: told.round >= 1, 400)
    if tap.ok("the guest of four cells boots", told and told.round):
        tap.same("it has four CPUs in each cell", cpus_per_cell(told), dict.fromkeys(range(4), 4))
        set_vcpus(name, 8, 2)
        set_vcpus(name, 16, 4)
        memory(name, pid, plan)
    check_guest.stop(name)
    return 1 if tap.failures else 0


if __name__ == "__main__":
    raise SystemExit(main())
