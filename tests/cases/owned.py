# SPDX-License-Identifier: LGPL-2.1-or-later
"""Which parts of a domain XML placement owns, and that a plan changed no other.

Two independent looks: by line (every changed line is within an owned element, or opens or closes
the element around it) and by tree (with the owned parts taken out, both documents are equal,
comments and white space of the rest included)."""

import copy
import difflib
import xml.etree.ElementTree as ET
import xml.parsers.expat

URN = "urn:vnuma:domain:1"
OWNED = (
    "domain/memory", "domain/currentMemory", "domain/vcpu", "domain/vcpus", "domain/vnuma",
    f"domain/metadata/{URN} vnuma",
    "domain/cputune/vcpupin", "domain/cputune/emulatorpin", "domain/cputune/iothreadpin",
    "domain/cputune/vcpusched",
    "domain/numatune", "domain/memoryBacking/hugepages", "domain/memoryBacking/locked",
    "domain/memoryBacking/nosharepages", "domain/memoryBacking/access", "domain/memoryBacking/source",
    "domain/cpu/topology", "domain/cpu/numa",
    "domain/devices/controller", "domain/devices/interface/address", "domain/devices/hostdev/address",
    "domain/devices/disk/address", "domain/devices/memory/target/node",
)
# They may appear around an owned element, or go when nothing else is left in them.
AROUND = ("domain", "domain/metadata", "domain/cputune", "domain/memoryBacking", "domain/cpu", "domain/devices",
          "domain/devices/interface", "domain/devices/hostdev", "domain/devices/disk",
          "domain/devices/memory/target")


def line_paths(text):
    """For each line the paths of the elements that start, end or go on there, innermost only."""
    parser = xml.parsers.expat.ParserCreate(namespace_separator=" ")
    stack, events = [], []

    def note(path):
        events.append((parser.CurrentLineNumber, path))

    def start(name, _):
        stack.append(name)
        note("/".join(stack))

    def end(_):
        note("/".join(stack))
        stack.pop()

    def inside(_):
        note("/".join(stack))

    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CommentHandler = lambda _: note("/".join(stack) + "/#comment")
    parser.CharacterDataHandler = lambda data: data.strip() and inside(data)
    parser.Parse(text.encode(), True)
    paths = {}
    for line, path in events:
        paths.setdefault(line, []).append(path)
    return paths


def is_owned(path):
    return any(path == owned or path.startswith(owned + "/") for owned in OWNED)


def strangers(before, after):
    """Changed lines that placement does not own, with their sign and number."""
    old, new = before.splitlines(), after.splitlines()
    old_paths, new_paths, found = line_paths(before), line_paths(after), []
    for op, a, b, c, d in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if op == "equal":
            continue
        for sign, first, last, lines, paths in (("-", a, b, old, old_paths), ("+", c, d, new, new_paths)):
            for at in range(first, last):
                here = paths.get(at + 1, [])
                if not all(is_owned(p) or p in AROUND for p in here):
                    found.append(f"{sign}{at + 1}: {lines[at].strip()}")
    return found


def rest(text):
    """The document without what placement owns, as a canonical string."""
    tree = ET.fromstring(text, ET.XMLParser(target=ET.TreeBuilder(insert_comments=True)))

    def prune(element, path):
        for child in list(element):
            if child.tag is ET.Comment:
                continue
            tag = child.tag.replace("{", "").replace("}", " ")
            below = f"{path}/{tag}"
            if is_owned(below) and not kept_controller(child):
                element.remove(child)
                continue
            prune(child, below)
            if below in AROUND and len(child) == 0 and not child.attrib and not (child.text or "").strip():
                element.remove(child)

    tree = copy.deepcopy(tree)
    prune(tree, "domain")
    for element in tree.iter():
        element.tail = None
        if element.text and not element.text.strip():
            element.text = None
    return ET.canonicalize(ET.tostring(tree, encoding="unicode"), with_comments=True)


def kept_controller(element):
    """Controllers of other kinds are the owner's."""
    return element.tag == "controller" and not (
        element.get("type") == "pci" and element.get("model") in
        ("pcie-expander-bus", "pci-expander-bus", "pcie-root-port", "pcie-root", "pci-root"))


def check(before, after):
    """What a plan changed and should not have, one sentence each."""
    wrong = [f"not ours: {line}" for line in strangers(before, after)]
    if rest(before) != rest(after):
        wrong.append("the rest of the document differs")
    return wrong
