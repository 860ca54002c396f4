# SPDX-License-Identifier: LGPL-2.1-or-later
"""Inside the virtual host `quad`: vCPUs and memory of a guest of four cells, taken away and added, as
its own kernel sees them. Called by `quad.py`."""
import check_guest
import facts
import guests
import tap
import vnuma

MEMORY = "<maxMemory slots='4' unit='MiB'>2048</maxMemory><memory unit='MiB'>768</memory>"
WAIT = 200


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


def main(on=16, of=16):
    """`on` of its vCPUs are on when it boots; half of all, two in each cell, or as many as that: there and back."""
    path = guests.pluggable("cells", MEMORY, of, "<vnuma mode='host'/>", on)
    name, pid, plan = guests.start(path)
    told = tap.timed("cells boots", guests.wait_until, name, lambda told: told.round >= 1, 600)
    if tap.ok("the guest of four cells boots", told and told.round):
        tap.same(f"it has {on // 4} CPUs in each cell", guests.cpus_per_cell(told),
                 dict.fromkeys(range(4), on // 4))
        for n in (8, on):
            tap.timed(f"setvcpus {n}", guests.set_vcpus, name, n, n // 4, WAIT)
            allowed = guests.allowed(name, pid)
            tap.same(f"setvcpus {n}: each runs where the plan has put it", allowed,
                     {vcpu: plan.vcpus[vcpu] for vcpu in allowed})
        tap.timed("setmem", memory, name, pid, plan)
    check_guest.stop(name)


def few():
    """The same, quicker: with four of eight vCPUs."""
    main(4, 8)
