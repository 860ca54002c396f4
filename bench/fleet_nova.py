#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""fleet_nova.py TRACE: a trace of fleet_trace.py on ten hosts by OpenStack Nova, in three settings.

Nova's own code decides which nodes and CPUs of a host a guest gets (numa_fit_instance_to_host) and
keeps the account (numa_usage_from_instance_numa). Every host that fits is weighed as Nova's CPU and
RAM weighers do: free CPUs and free memory, each scaled to 0..1 over the hosts that fit; the sum
decides, the lowest host number breaks ties. A host without as many free CPUs or as much free memory
is not asked: placement would not offer it.

For each setting one line: name, accepted guests and vCPUs, CPU seconds of all decisions. The account
of taken places is not in that time."""

import logging
import sys
import time
import warnings

sys.dont_write_bytecode = True
warnings.simplefilter("ignore")
logging.disable(logging.CRITICAL)
import nova.conf
from nova import objects
from nova.virt import hardware

from fleet_trace import read

HOSTS = 10
# name -> cells of a host fullest first, hosts fullest first (negative weight multipliers)
SETTINGS = {"spread": (False, False), "pack": (True, False), "stack": (True, True)}

objects.register_all()
nova.conf.CONF([], project="nova", default_config_files=[])


def host_topology(host):
    return objects.NUMATopology(cells=[objects.NUMACell(
        id=cell["id"], cpuset=set(cell["cpus"]), pcpuset=set(cell["cpus"]), memory=cell["mem_mib"],
        cpu_usage=0, memory_usage=0, pinned_cpus=set(), socket=cell["socket"],
        siblings=[set(siblings) for siblings in cell["siblings"]],
        mempages=[objects.NUMAPagesTopology(size_kb=pages["size_kib"], total=pages["total"],
                                            used=pages["used"], reserved=0)
                  for pages in cell["pages"]]) for cell in host["cells"]])


def guest_topology(request):
    flavor = objects.Flavor(vcpus=request["vcpus"], memory_mb=request["mem_mib"], name="f",
                            root_gb=1, ephemeral_gb=0, swap=0, extra_specs=request["extra_specs"])
    image = objects.ImageMeta.from_dict({"id": "i", "properties": {}})
    return hardware.numa_get_constraints(flavor, image)


def free_cpus(host):
    return sum(len(cell.free_pcpus) for cell in host.cells)


def free_mib(host):
    return sum(cell.avail_memory for cell in host.cells)


def scaled(values):
    low, high = min(values), max(values)
    return [(value - low) / (high - low) if high > low else 0.0 for value in values]


def fits(hosts, request):
    """host number -> the guest's cells on it"""
    guest = guest_topology(request)
    found = {}
    for number, host in enumerate(hosts):
        if free_cpus(host) < request["vcpus"] or free_mib(host) < request["mem_mib"]:
            continue
        cells = hardware.numa_fit_instance_to_host(host, guest.obj_clone())
        if cells is not None:
            found[number] = cells
    return found


def choose(hosts, found, stack):
    numbers = list(found)
    weights = map(sum, zip(scaled([free_cpus(hosts[number]) for number in numbers]),
                           scaled([free_mib(hosts[number]) for number in numbers])))
    sign = 1 if stack else -1
    return min(zip(weights, numbers), key=lambda pair: (sign * pair[0], pair[1]))[1]


def replay(host, events, name):
    pack, stack = SETTINGS[name]
    nova.conf.CONF.set_override("packing_host_numa_cells_allocation_strategy", pack, group="compute")
    hosts = [host_topology(host) for _ in range(HOSTS)]
    placed, guests, vcpus, seconds = {}, 0, 0, 0.0
    for kind, guest, request in events:
        if kind == "delete":
            if guest in placed:
                number, cells = placed.pop(guest)
                hosts[number] = hardware.numa_usage_from_instance_numa(hosts[number], cells, free=True)
            continue
        start = time.process_time()
        found = fits(hosts, request)
        number = choose(hosts, found, stack) if found else None
        seconds += time.process_time() - start
        if number is None:
            continue
        hosts[number] = hardware.numa_usage_from_instance_numa(hosts[number], found[number])
        placed[guest] = number, found[number]
        guests += 1
        vcpus += request["vcpus"]
    print(name, guests, vcpus, f"{seconds:.6f}", flush=True)


def main(path):
    with open(path, encoding="utf-8") as trace:
        host, *events = read(trace)
    for name in SETTINGS:
        replay(host[2], events, name)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
