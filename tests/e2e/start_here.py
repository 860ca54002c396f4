#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Guests that vnuma starts and changes in a real libvirtd on the machine that runs the tests, and what
can go wrong with them: each time a clear reason, and the guest untouched or as it was. Run by `run`,
under `libvirtd`."""
import collections
import os
import signal
import subprocess
import time

import check_guest
import facts
import guests
import here
import tap
import vnuma

HUGE = "<memoryBacking><hugepages><page size='2' unit='MiB'/></hugepages></memoryBacking>"
POOL = "/sys/devices/system/node/node0/hugepages/hugepages-2048kB/nr_hugepages"
CROWD, ROOM = 20, 12
PAGES = 8  # of each guest of the crowd


def small(name, **more):
    return guests.small(name, kind="qemu", **more)


def define(path, name):
    check_guest.virsh("define", path)
    return check_guest.virsh("dumpxml", "--inactive", name)


def refused(what, arguments, code, *words, env=None):
    """A call that has to fail in this way."""
    done = subprocess.run([vnuma.VNUMA, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True, env={**os.environ, **(env or {})})
    tap.ok(f"{what}: exit {code}, and why",
           done.returncode == code and not done.stdout and all(word in done.stderr for word in words)
           and "error :" not in done.stderr,
           done.returncode, done.stdout, done.stderr)


def wrapper(name, shell):
    """An emulator that does something to the guest `name` as it begins."""
    path = f"/run/{name}.emulator"
    with open(path, "w") as file:
        file.write(f"#!/bin/sh\ncase \"$*\" in *guest={name},*)\n{shell}\n;; esac\n"
                   "exec qemu-system-x86_64 \"$@\"\n")
    os.chmod(path, 0o755)
    return f"<emulator>{path}</emulator>"


# ---- what works ----

def start_defined():
    path = small("web", vcpus=2, mib=128)
    before = define(path, "web")
    status, out, err = vnuma.call("start", "--dry-run", "web")
    tap.ok("start --dry-run says where, and starts nothing",
           status == 0 and "would start" in out and not guests.running(), out, err)
    tap.same("...and leaves the definition", check_guest.virsh("dumpxml", "--inactive", "web"), before)
    status, out, err = vnuma.call("start", "web")
    tap.same("start NAME: done", (status, err), (0, ""))
    tap.same("it runs", guests.running(), {"web"})
    after = check_guest.virsh("dumpxml", "--inactive", "web")
    tap.ok("its definition has the plan", "<memnode cellid='0' mode='strict' nodeset='0'/>" in after
           and "vnuma:wrote" in after, after)
    status, out, err = vnuma.call("apply", "web")
    tap.ok("apply of a guest that was just started changes nothing",
           status == 0 and "is where its plan has put it" in out, out, err)
    refused("start of a guest that runs", ["start", "web"], 2, "runs already")
    check_guest.stop("web")
    check_guest.virsh("undefine", "web")


def odd_names():
    name, _, plan = guests.start(small("two words & <three>".replace("&", "and").replace(
        "<three>", "more")))
    check_guest.libvirt_agrees(name, plan)
    status, out, err = vnuma.call("apply", name)
    tap.same("apply of a name with blanks", (status, err), (0, ""))
    check_guest.stop(name)
    refused("start of a name that is a path", ["start", "../web"], 2, "../web: cannot be opened")
    refused("apply of a name that is a path", ["apply", "../web"], 2, "there is no guest '../web'")
    with open("/run/path.xml", "w") as file:
        file.write("<domain type='qemu'><name>../x</name><memory>65536</memory><vcpu>1</vcpu></domain>")
    refused("a guest whose name is a path", ["start", "/run/path.xml"], 2, "'../x' is not legal")


def drift():
    name, pid, plan = guests.start(small("drift", vcpus=1))
    subprocess.run(["taskset", "-a", "-p", "-c", "0", str(pid)], stdout=subprocess.DEVNULL)
    status, out, err = vnuma.call("apply", name)
    tap.same("apply: threads that somebody bound with taskset", (status, err), (0, ""))
    threads = os.listdir(f"/proc/{pid}/task")
    tap.ok("...may run again where the plan says",
           all(facts.allowed_cpus(pid, thread) == plan.vcpus[0] for thread in threads))
    check_guest.stop(name)


def crowd():
    """Twenty starts at a time, and huge pages for twelve."""
    before = facts.read(POOL)
    with open(POOL, "w") as file:
        file.write(str(int(before) + ROOM * PAGES))
    try:
        paths = [small(f"crowd {i}", mib=2 * PAGES, backing=HUGE)
                 for i in range(CROWD)]
        calls = [subprocess.Popen([vnuma.VNUMA, "start", "--cpu-ratio", "0", path],
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
                 for path in paths]
        words = [call.communicate()[1] for call in calls]
        codes = collections.Counter(call.returncode for call in calls)
        tap.same(f"{CROWD} starts at a time, huge pages for {ROOM}: so many done, so many refused",
                 codes, {0: ROOM, 1: CROWD - ROOM}) or tap.note(set(words))
        tap.same("as many run", len(guests.running()), ROOM)
        tap.ok("those that were refused say why", all(
            "pages" in word for word, call in zip(words, calls) if call.returncode), words)
        guests.end_all()
    finally:
        with open(POOL, "w") as file:
            file.write(before)


# ---- what goes wrong ----

def no_daemon():
    refused("no libvirtd there", ["start", "web", "-c", "qemu:///session?socket=/run/none"], 3,
            "cannot be reached")
    refused("...asked for the host", ["host", "-c", "qemu:///system?socket=/run/none"], 3,
            "cannot be reached")
    refused("a driver that there is not", ["host", "-c", "foo:///"], 2, "foo:///")
    refused("the default that the environment names", ["apply", "web"], 3, "/run/none",
            env={"LIBVIRT_DEFAULT_URI": "qemu:///system?socket=/run/none"})


def start_libvirtd():
    facts.run("/usr/sbin/libvirtd", "-d")
    for _ in range(100):
        if subprocess.run(["virsh", "-q", "-c", "qemu:///system", "uri"],
                          stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0:
            return
        time.sleep(0.1)


def restarted():
    """The daemon is restarted between two looks of one connection."""
    name, _, _ = guests.start(small("stays"))
    watch = subprocess.Popen([vnuma.VNUMA, "show", "--watch=2"], stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE, text=True)
    time.sleep(1)
    check_guest.virsh.close()
    os.kill(int(facts.read("/run/libvirtd.pid")), signal.SIGKILL)
    start_libvirtd()
    time.sleep(4)
    alive = watch.poll() is None
    watch.kill()
    out, err = watch.communicate()
    tap.ok("libvirtd was restarted: a command that watches goes on", alive and not err, watch.returncode, err, out[-500:])
    tap.ok("...and shows the guest afterwards", name in out.split("Host")[-1] or name in out[-2000:])
    status, out, err = vnuma.call("apply", name)
    tap.same("apply after the restart", (status, err), (0, ""))
    check_guest.stop(name)


def pool_shrinks():
    """Huge pages that are there for the plan and gone when QEMU begins."""
    with here.HugePages() as given:
        if not given:
            tap.skip("a pool that shrinks", "the kernel gave no huge pages")
            return
        emulator = wrapper("shrinks", f"echo 0 >{POOL}")
        before = define(small("shrinks", mib=64, backing=HUGE, devices=emulator), "shrinks")
        refused("a huge page pool that shrinks between plan and start", ["start", "shrinks"], 3,
                "guest 'shrinks' cannot be started")
        tap.same("...leaves no guest", guests.running(), set())
        tap.same("...and the definition as it was",
                 check_guest.virsh("dumpxml", "--inactive", "shrinks"), before)
        check_guest.virsh("undefine", "shrinks")


def not_as_planned():
    """Something binds the threads elsewhere while the guest starts: it is ended again."""
    cpus = os.cpu_count()
    if cpus < 2:
        tap.skip("a guest that is not as planned", "one CPU")
        return
    emulator = wrapper("rebound", "(while kill -0 $$; do taskset -a -p -c 0 $$; done) "
                       ">/dev/null 2>&1 &")
    before = define(small("rebound", vcpus=1, devices=emulator), "rebound")
    refused("a guest that is not where its plan has put it", ["start", "rebound"], 3,
            "as planned", "was ended again")
    tap.same("...does not run", guests.running(), set())
    tap.same("...and its definition is what it was",
             check_guest.virsh("dumpxml", "--inactive", "rebound"), before)
    check_guest.virsh("undefine", "rebound")


def dies():
    """A guest that ends while it is changed."""
    name, pid, _ = guests.start(small("dies", vcpus=2))
    check_guest.virsh("vcpupin", name, "0", "0")
    os.kill(pid, signal.SIGSTOP)  # its monitor does not answer, so apply waits in the middle
    call = subprocess.Popen([vnuma.VNUMA, "apply", name], stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, text=True)
    time.sleep(1)
    os.kill(pid, signal.SIGKILL)
    out, err = call.communicate()
    tap.ok("a guest that dies during apply: exit 3 or 2, and why",
           call.returncode in (2, 3) and "dies" in err and not out, call.returncode, out, err)


def bad_guests():
    auto = define(small("auto").replace("/run/", "/run/"), "auto")
    with open("/run/auto.xml", "w") as file:
        file.write(auto.replace("<vcpu placement='static'>", "<vcpu placement='auto'>"))
    check_guest.virsh("define", "/run/auto.xml")
    refused("placement='auto'", ["start", "auto"], 2, "placement='auto'", "numad")
    check_guest.virsh("undefine", "auto")
    far = small("far")
    with open(far) as file:
        text = file.read()
    with open(far, "w") as file:
        file.write(text.replace("</vcpu>", "</vcpu><cputune><vcpupin vcpu='0' cpuset='4000'/></cputune>"))
    refused("a pin to a CPU that does not exist", ["start", far], 2, "CPU 4000")
    status, out, err = vnuma.call("start", "--take-over", far)
    tap.same("...is planned anew with --take-over", (status, err), (0, ""))
    check_guest.stop("far")
    refused("a guest that does not fit", ["start", small("big", mib=64 << 20)], 1, "memory")
    refused("a guest that is off", ["apply", "nobody"], 2, "there is no guest 'nobody'")


def without_cells():
    """A guest that nobody planned: pinned while it runs, cells at its next start."""
    define(small("plain", vcpus=2), "plain")
    check_guest.virsh("start", "plain")
    status, out, err = vnuma.call("apply", "plain")
    tap.same("apply of a guest without cells", (status, err), (0, ""))
    tap.ok("its definition has a cell", "<cell id='0' cpus='0-1'" in
           check_guest.virsh("dumpxml", "--inactive", "plain"))
    refused("setmem of a guest without <maxMemory>", ["setmem", "plain", "192"], 1, "<maxMemory>")
    refused("setvcpus of vCPUs that cannot be unplugged", ["setvcpus", "plain", "1"], 2,
            "not hotpluggable")
    refused("more vCPUs than there are", ["setvcpus", "plain", "3"], 2, "legal: 1-2")
    tap.same("...the guest has what it had", len(check_guest.vcpu_pins("plain")), 2)
    check_guest.stop("plain")
    check_guest.virsh("undefine", "plain")


def main():
    for part in (start_defined, odd_names, drift, without_cells, bad_guests, no_daemon, pool_shrinks,
                 not_as_planned, dies, crowd, restarted):
        part()
        guests.end_all()
    return 1 if tap.failures else 0


if __name__ == "__main__":
    raise SystemExit(main())
