# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the system's own tools say about a host and about a process, as plain Python values. Nothing
here comes from vnuma: it is the other side of every comparison."""
import glob
import os
import re
import subprocess
import xml.etree.ElementTree as ElementTree


def run(*command):
    """The command's standard output. A failure ends the program with the command's own words."""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(command)}: status {done.returncode}: {done.stderr.strip()}")
    return done.stdout


def read(path):
    with open(path) as file:
        return file.read()


def numbers(text):
    """The set that a list such as "0-3,8" names."""
    found = set()
    for item in filter(None, text.strip().split(",")):
        first, _, last = item.partition("-")
        found.update(range(int(first), int(last or first) + 1))
    return found


def numactl(text):
    """`numactl -H`: {"cpus": {node: set}, "size": {node: MiB}, "free": {...}, "distances": [[...]]}"""
    facts = {"cpus": {}, "size": {}, "free": {}, "distances": []}
    for line in text.splitlines():
        if match := re.match(r"node (\d+) cpus:(.*)", line):
            facts["cpus"][int(match[1])] = set(map(int, match[2].split()))
        elif match := re.match(r"node (\d+) (size|free): (\d+) MB", line):
            facts[match[2]][int(match[1])] = int(match[3])
        elif match := re.match(r" *\d+:(.*)", line):
            facts["distances"].append(list(map(int, match[1].split())))
    return facts


def lscpu():
    """`lscpu`: {cpu: (node, socket, core)}; core numbers are unique over the host."""
    rows = {}
    for line in run("lscpu", "-p=CPU,NODE,SOCKET,CORE").splitlines():
        if not line.startswith("#"):
            cpu, node, socket, core = (int(field or 0) for field in line.split(","))
            rows[cpu] = (node, socket, core)
    return rows


def capabilities(text):
    """`virsh capabilities`: {node: {"cpus", "siblings", "socket", "mem_kib", "pages", "distances"}}"""
    nodes = {}
    for cell in ElementTree.fromstring(text).iterfind("host/topology/cells/cell"):
        cpus = [cpu for cpu in cell.iterfind("cpus/cpu") if cpu.get("socket_id")]
        nodes[int(cell.get("id"))] = {
            "cpus": {int(cpu.get("id")) for cpu in cpus},
            "siblings": {frozenset(numbers(cpu.get("siblings"))) for cpu in cpus},
            "socket": {int(cpu.get("socket_id")) for cpu in cpus},
            "mem_kib": int(cell.findtext("memory", "0")),
            "pages": {int(pages.get("size")): int(pages.text) for pages in cell.iterfind("pages")},
            "distances": {int(to.get("id")): int(to.get("value"))
                          for to in cell.iterfind("distances/sibling")},
        }
    return nodes


def hmat():
    """{(from, to): (latency in ns, bandwidth in MiB/s)} between a node with CPUs and the memory of a
    node, for the pairs that the firmware describes (the nearest CPUs of each memory)."""
    found = {}
    for folder in glob.glob("/sys/devices/system/node/node*/access0/initiators"):
        target = int(re.search(r"node(\d+)", folder)[1])
        latency, bandwidth = (int(read(f"{folder}/read_{what}")) for what in ("latency", "bandwidth"))
        for initiator in glob.glob(f"{folder}/node*"):
            if latency or bandwidth:
                found[int(re.search(r"\d+$", initiator)[0]), target] = (latency, bandwidth)
    return found


def pci_devices():
    """{address: (node or None, vendor, product, network names)} of every PCI device that is no bridge"""
    found = {}
    for folder in glob.glob("/sys/bus/pci/devices/*"):
        if read(f"{folder}/class").startswith("0x06"):
            continue
        node = int(read(f"{folder}/numa_node"))
        nets = glob.glob(f"{folder}/net/*") + glob.glob(f"{folder}/virtio*/net/*")
        found[os.path.basename(folder)] = (
            node if node >= 0 else None,
            read(f"{folder}/vendor").strip()[2:], read(f"{folder}/device").strip()[2:],
            sorted(map(os.path.basename, nets)))
    return found


def allowed_cpus(pid, thread):
    """Where the kernel lets a thread of a process run."""
    status = read(f"/proc/{pid}/task/{thread}/status")
    return numbers(re.search(r"Cpus_allowed_list:\s*(\S*)", status)[1])


def bound_memory(pid):
    """Memory areas of a process that are bound to nodes: [{"nodes": set, "page_kib", "pages":
    {node: count}, "huge": bool}]"""
    areas = []
    for line in read(f"/proc/{pid}/numa_maps").splitlines():
        if not (match := re.match(r"\S+ bind[^:]*:(\S+)", line)):
            continue
        page_kib = re.search(r"kernelpagesize_kB=(\d+)", line)
        areas.append({
            "nodes": numbers(match[1]), "huge": " huge" in line,
            "page_kib": int(page_kib[1]) if page_kib else 4,
            "pages": {int(node): int(count) for node, count in re.findall(r" N(\d+)=(\d+)", line)},
        })
    return areas


def numastat(pid):
    """`numastat -p`: {node: MiB of the process on it}"""
    rows = run("numastat", "-p", str(pid)).splitlines()
    nodes = [int(node) for node in re.findall(r"Node (\d+)", next(r for r in rows if "Node 0" in r))]
    total = next(row for row in rows if row.startswith("Total")).split()[1:]
    return {node: float(mib) for node, mib in zip(nodes, total)}
