# SPDX-License-Identifier: LGPL-2.1-or-later
"""The facts of a planned guest, in words that a person can compare with the published document.

expect.facts has one fact per line, written by hand from the publication and never generated:

    vcpupin 0-3 = 0-14,60-74        every one of the vCPUs 0 to 3
    cell 0 = vcpus 0-3 mem 8388608  memory in KiB
    topology = 4/2/2                sockets/cores/threads
    distance 0 1 = 21
    memnode 0 = strict 0
    cells-on 3 = 2                  two cells have their memory on node 3
    emulatorpin = -                 "-": there is none
    qemu -m size=32768m             an option of `plan -o qemu` that says at least this

read() turns a domain XML into all the facts that can be asked about; check() compares."""

import json
import re
import shlex
import xml.etree.ElementTree as ET

UNITS = {"b": 1 / 1024, "bytes": 1 / 1024, "KB": 1000 / 1024, "k": 1, "KiB": 1, "MB": 1e6 / 1024,
         "M": 1 << 10, "MiB": 1 << 10, "GB": 1e9 / 1024, "G": 1 << 20, "GiB": 1 << 20,
         "T": 1 << 30, "TiB": 1 << 30}


def numbers(text):
    """'0-3,^2,8' -> [0, 1, 3, 8]"""
    found = set()
    for item in filter(None, text.replace(" ", "").split(",")):
        first, _, last = item.lstrip("^").partition("-")
        part = set(range(int(first), int(last or first) + 1))
        found = found - part if item.startswith("^") else found | part
    return sorted(found)


def ranges(members):
    """[0, 1, 3, 8] -> '0-1,3,8'"""
    out = []
    for n in sorted(members):
        if out and out[-1][1] == n - 1:
            out[-1][1] = n
        else:
            out.append([n, n])
    return ",".join(str(a) if a == b else f"{a}-{b}" for a, b in out)


def kib(element):
    return int(int(element.text) * UNITS[element.get("unit", "KiB")])


def cpu_facts(domain, facts):
    vcpu = domain.find("vcpu")
    facts["vcpus"] = vcpu.text.strip()
    if vcpu.get("cpuset"):
        facts["cpuset"] = ranges(numbers(vcpu.get("cpuset")))
    for pin in domain.iterfind("cputune/vcpupin"):
        facts[f"vcpupin {pin.get('vcpu')}"] = ranges(numbers(pin.get("cpuset")))
    for pin in domain.iterfind("cputune/emulatorpin"):
        facts["emulatorpin"] = ranges(numbers(pin.get("cpuset")))
    for pin in domain.iterfind("cputune/iothreadpin"):
        facts[f"iothreadpin {pin.get('iothread')}"] = ranges(numbers(pin.get("cpuset")))
    topology = domain.find("cpu/topology")
    if topology is not None:
        facts["topology"] = "/".join(topology.get(k) for k in ("sockets", "cores", "threads"))
        facts["dies"] = topology.get("dies", "1")


def cell_facts(domain, facts):
    cells = domain.findall("cpu/numa/cell")
    facts["cells"] = str(len(cells))
    for at, cell in enumerate(cells):
        mem = int(int(cell.get("memory")) * UNITS[cell.get("unit", "KiB")])
        facts[f"cell {at}"] = f"vcpus {ranges(numbers(cell.get('cpus', '')))} mem {mem}"
        facts[f"memAccess {at}"] = cell.get("memAccess", "private")
        for sibling in cell.iterfind("distances/sibling"):
            facts[f"distance {at} {sibling.get('id')}"] = sibling.get("value")


def memory_facts(domain, facts):
    facts["memory"] = str(kib(domain.find("memory")))
    limit = domain.find("maxMemory")
    if limit is not None:
        facts["maxMemory"] = f"{kib(limit)} slots {limit.get('slots')}"
    for memory in domain.iterfind("numatune/memory"):
        facts["numatune"] = f"{memory.get('mode', 'strict')} {ranges(numbers(memory.get('nodeset')))}"
    for node in domain.iterfind("numatune/memnode"):
        facts[f"memnode {node.get('cellid')}"] = f"{node.get('mode')} {ranges(numbers(node.get('nodeset')))}"
    for page in domain.iterfind("memoryBacking/hugepages/page"):
        size = str(int(int(page.get("size")) * UNITS[page.get("unit", "KiB")]))
        for cell in numbers(page.get("nodeset")) if page.get("nodeset") else range(int(facts["cells"])):
            facts[f"pages {cell}"] = size
    for flag in ("locked", "nosharepages"):
        facts[flag] = "no" if domain.find(f"memoryBacking/{flag}") is None else "yes"
    access = domain.find("memoryBacking/access")
    facts["access"] = "private" if access is None else access.get("mode")
    source = domain.find("memoryBacking/source")
    if source is not None:
        facts["source"] = source.get("type")
    for at, device in enumerate(domain.iterfind("devices/memory")):
        node = device.findtext("target/node", "-").strip()
        facts[f"memory-device {at}"] = f"{device.get('model')} {kib(device.find('target/size'))} cell {node}"


def device_facts(domain, facts):
    for controller in domain.iterfind("devices/controller[@type='pci']"):
        index, model = controller.get("index"), controller.get("model")
        target, address = controller.find("target"), controller.find("address")
        words = [model]
        if target is not None and target.get("busNr"):
            words += ["busNr", target.get("busNr")]
        if target is not None and target.findtext("node"):
            words += ["cell", target.findtext("node").strip()]
        if address is not None and "expander" not in model:
            words += ["bus", address.get("bus")]
        facts[f"controller {index}"] = " ".join(words)
    for interface in domain.iterfind("devices/interface"):
        source, address = interface.find("source"), interface.find("address")
        name = source.get("bridge") or source.get("dev") or source.get("network") or source.get("path")
        facts[f"interface {name}"] = "-" if address is None else f"bus {address.get('bus')}"
    for at, hostdev in enumerate(domain.iterfind("devices/hostdev")):
        address = hostdev.find("address")
        facts[f"hostdev {at}"] = "-" if address is None else f"bus {address.get('bus')}"


def read(text):
    domain, facts = ET.fromstring(text), {}
    for part in (cpu_facts, cell_facts, memory_facts, device_facts):
        part(domain, facts)
    used = [n for k, v in facts.items() if k.startswith("memnode ") for n in numbers(v.split()[1])]
    facts["nodes"] = ranges(set(used))
    facts.update({f"cells-on {n}": str(used.count(n)) for n in used})
    return facts


def qemu_options(text):
    """[('-smp', {'': '16', 'sockets': '4'}), ...]; the first word without '=' has the key ''."""
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    words = shlex.split("\n".join(lines).replace("\\\n", " "))
    options, at = [], 0
    while at < len(words):
        name, value = words[at], ""
        if name.startswith("-") and at + 1 < len(words) and not words[at + 1].startswith("-"):
            value, at = words[at + 1], at + 1
        options.append((name, qemu_value(value)))
        at += 1
    return options


def qemu_value(value):
    """The keys of one option; sizes in KiB, lists of numbers in their shortest form."""
    if value.startswith("{"):
        fields = json.loads(value)
        fields[""] = fields.pop("qom-type", fields.pop("driver", ""))
        fields = {k: ranges(v) if isinstance(v, list) else str(v) for k, v in fields.items()}
    else:
        items = (item.partition("=") for item in value.split(","))
        fields = {key if eq else "": right if eq else key for key, eq, right in items}
    return {k: qemu_kib(v) if k == "size" else v for k, v in fields.items()}


def qemu_kib(text):
    number, unit = re.fullmatch(r"(\d+)([kKmMgG]?)", text).groups()
    return int(number) * {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30}[unit.lower()] >> 10


def qemu_says(options, name, wanted):
    want = qemu_value(wanted)
    return any(option == name and want.items() <= have.items() for option, have in options)


def keys(left):
    """'vcpupin 0-3' -> 'vcpupin 0', ... 'vcpupin 3'"""
    *head, last = left.split()
    if not head or not re.fullmatch(r"\d[\d,^-]*", last):
        return [left]
    return [" ".join(head + [str(n)]) for n in numbers(last)]


def lines(text):
    return [line.split("#")[0].strip() for line in text.splitlines() if line.split("#")[0].strip()]


def about_qemu(expected):
    return any(line.startswith("qemu ") for line in lines(expected))


def check(expected, xml_text, qemu_text):
    """The facts that do not hold, one sentence each."""
    actual, options, wrong = read(xml_text), qemu_options(qemu_text or ""), []
    for line in lines(expected):
        if line.startswith("qemu "):
            _, name, wanted = line.split(None, 2)
            if not qemu_says(options, name, wanted):
                wrong.append(f"{line}: no such option")
            continue
        left, _, right = (part.strip() for part in line.partition(" = "))
        for key in keys(left):
            if actual.get(key, "-") != right:
                wrong.append(f"{key} is '{actual.get(key, '-')}', published: '{right}'")
    return wrong
