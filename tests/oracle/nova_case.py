# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the families of nova_cases.py share: the form of a case, and requests that are errors."""

LIMITS = {"cpu_allocation_ratio": 4.0, "ram_allocation_ratio": 1.0}
ERRORS = [  # extra specs, image properties of a guest of 8 vCPUs and 8 GiB
    ({"hw:numa_nodes": "3"}, {}),
    ({"hw:numa_nodes": "0"}, {}),
    ({"hw:numa_nodes": "2", "hw:numa_cpus.0": "0-3"}, {}),
    ({"hw:cpu_thread_policy": "isolate"}, {}),
    ({"hw:cpu_policy": "mixed"}, {}),
    ({"hw:mem_page_size": "7x"}, {}),
    ({"hw:mem_page_size": "2048"}, {"hw_mem_page_size": "1GB"}),
    ({}, {"hw_mem_page_size": "1GB"}),
    ({"hw:cpu_policy": "shared"}, {"hw_cpu_policy": "dedicated"}),
    ({"hw:emulator_threads_policy": "isolate"}, {}),
    ({"hw:cpu_policy": "dedicated", "hw:cpu_realtime": "yes"}, {}),
    ({"hw:locked_memory": "true"}, {}),
]


def make_case(name, host, vcpus, mem_mib, specs, limits=LIMITS, image=None, **request):
    request.update(vcpus=vcpus, mem_mib=mem_mib, extra_specs=specs, image_props=image or {})
    return {"case": name, "host": host, "request": request, "limits": limits,
            "config": {"packing": False}}
