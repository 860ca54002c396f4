#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A planned guest in a real libvirtd on the machine that runs the tests: once with ordinary memory,
once with huge pages. Run by `run`, under `libvirtd`."""
import os

import check_guest
import facts
import tap
import vnuma

HERE = os.path.dirname(os.path.abspath(__file__))
HUGE_KIB = 2048
HUGE_PAGES = 96  # what guest/here-huge.xml needs, and no more


class HugePages:
    """So many more huge pages on node 0 while the `with` block runs. None where that is refused."""

    path = f"/sys/devices/system/node/node0/hugepages/hugepages-{HUGE_KIB}kB/"

    def __enter__(self):
        self.before = int(facts.read(self.path + "nr_hugepages"))
        self.set(self.before + HUGE_PAGES)
        return int(facts.read(self.path + "free_hugepages")) >= HUGE_PAGES

    def __exit__(self, *_):
        self.set(self.before)

    def set(self, count):
        with open(self.path + "nr_hugepages", "w") as file:
            file.write(str(count))


def start_and_check(request, page_kib):
    tap.note(f"here: {request}")
    xml, plan = vnuma.plan(f"{HERE}/guest/{request}")
    name, pid = check_guest.start(xml)
    check_guest.libvirt_agrees(name, plan)
    check_guest.kernel_agrees(name, pid, plan)
    check_guest.memory_is_bound(pid, plan)
    if page_kib:
        check_guest.huge_pages_used(pid, plan, page_kib)
    check_guest.stop(name)


def main():
    start_and_check("here.xml", None)
    try:
        with HugePages() as given:
            if given:
                start_and_check("here-huge.xml", HUGE_KIB)
            else:
                tap.skip("a planned guest with huge pages",
                         f"the kernel gave less than {HUGE_PAGES} pages of {HUGE_KIB} KiB")
    except OSError as error:
        tap.skip("a planned guest with huge pages", error)
    return 1 if tap.failures else 0


if __name__ == "__main__":
    raise SystemExit(main())
