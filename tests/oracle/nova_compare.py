#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Does vnuma answer as OpenStack Nova's rules say, but for the differences that we chose?

USE  nova_compare.py [--keep FOLDER] VNUMA [CASES.json]

Without a file: 1,000 random cases of nova_cases.py with seed 3; VN_SEED and VN_CASES (or VN_CASES_PERCENT) choose others.

Prints TAP. For each case: `vnuma fit` reads the request as Nova does, or fails with the same error; it
says "fit" where Nova's rule for one cell, corrected by our rules (nova_rules.py), allows a placement,
and only there; what it places, Nova can put on its books. Where Nova's own rule without corrections
says otherwise, at least one of the corrections has to change that, and is counted by its name. How
often Nova's search is at odds with Nova's rule is told, too. A case that fails is made smaller
for as long as it fails, and printed, and written to FOLDER if one is given.
"""
import argparse
import collections
import itertools
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from tap import Tap  # noqa: E402

import nova_cases  # noqa: E402

try:
    import nova_fit
    import nova_rules
except ImportError as missing:
    print(f"1..0 # SKIP python3-nova is not installed ({missing})")
    sys.exit(0)

SEARCH_LIMIT = 2  # s of CPU time for one search of Nova's


# ---- both sides ----

def ask_vnuma(vnuma, cases):
    with tempfile.NamedTemporaryFile("w", suffix=".json", encoding="utf-8") as file:
        json.dump({"cases": cases}, file)
        file.flush()
        done = subprocess.run([vnuma, "fit", file.name], stdout=subprocess.PIPE, text=True)
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    if done.returncode or len(answers) != len(cases):
        print(f"Bail out! vnuma fit: exit code {done.returncode}, {len(answers)} answers to "
              f"{len(cases)} cases")
        sys.exit(1)
    return answers


class Judged:
    """A case, Nova's answers to it and vnuma's, and what is wrong with that."""

    def __init__(self, case, answer):
        self.case, self.answer = case, answer
        self.question, self.nova = nova_fit.ask(case)
        self.exact = self.corrected = None
        self.because = []
        self.wrong = list(self.judge())

    def by(self, rules):
        return nova_fit.exact_answer(self.question, nova_rules.fits_by(rules),
                                     nova_rules.serve_by(rules))

    def judge(self):
        if not self.question:
            for key in ("status", "error"):
                if self.answer[key] != self.nova.get(key):
                    yield f"{key}: vnuma {self.answer[key]}, Nova {self.nova.get(key)}"
            return
        if self.answer["status"] not in ("fit", "nofit"):
            yield f"vnuma: {self.answer['status']}: {self.answer['error']}: {self.answer['message']}"
            return
        yield from self.judge_reading()
        self.exact, self.corrected = self.by(frozenset()), self.by(nova_rules.ALL_RULES)
        if self.answer["feasible"] != self.corrected:
            yield (f"feasible: vnuma {self.answer['feasible']}, Nova's rule corrected "
                   f"{self.corrected}, Nova's rule {self.exact}")
        elif self.exact != self.corrected:
            self.because = self.explain()
        if self.answer["feasible"]:
            yield from self.judge_placement()

    def explain(self):
        """The fewest corrections that change Nova's answer; all such, if there are several."""
        for n in range(1, len(nova_rules.ALL_RULES) + 1):
            some = [" + ".join(names) for names in
                    itertools.combinations(sorted(nova_rules.ALL_RULES), n)
                    if self.by(frozenset(names)) == self.corrected]
            if some:
                return some
        return []

    def judge_reading(self):
        ours, novas = self.answer["guest"], nova_fit.dump_guest(self.question.guest)
        if ours != novas:
            yield f"the guest: vnuma {json.dumps(ours)}\n  Nova {json.dumps(novas)}"

    def judge_placement(self):
        for violation in self.answer["violations"]:
            yield f"vnuma's own check: {violation}"
        try:
            yield from nova_fit.claim(self.question, self.answer["placement"])
        except Exception as error:
            yield f"Nova cannot take the placement: {type(error).__name__}: {error}"


# ---- making a case smaller ----

def without(case, *path):
    """A copy without the part at this path."""
    copy = json.loads(json.dumps(case))
    part = copy
    for key in path[:-1]:
        part = part[key]
    del part[path[-1]]
    return copy


def smaller(case):
    """Copies of a case that lack one thing each."""
    host, request = case["host"], case["request"]
    for node in range(len(host["cells"]) if len(host["cells"]) > 1 else 0):
        yield without(without(case, "host", "distances") if "distances" in host else case,
                      "host", "cells", node)
    for key in ("limits", "config"):
        if case.get(key):
            yield {**case, key: None if key == "limits" else {}}
    for key in ("distances", "pci_pools"):
        if key in host:
            yield without(case, "host", key)
    for key in ("extra_specs", "image_props"):
        for spec in request.get(key) or {}:
            yield without(case, "request", key, spec)
    for number in range(len(request.get("pci_requests", []))):
        yield without(case, "request", "pci_requests", number)
    for node, cell in enumerate(host["cells"]):
        for key in cell.keys() - {"id", "cpus", "mem_mib"}:
            yield without(case, "host", "cells", node, key)


def words(judged):
    """What is wrong, without the numbers in it."""
    return re.sub(r"[0-9]+", "", judged.wrong[0]) if judged.wrong else None


def shrink(vnuma, judged):
    """The smallest case that fails in the same words, when one thing after the other is left out."""
    tries = iter(list(smaller(judged.case)))
    while (case := next(tries, None)) is not None:
        one = Judged(case, ask_vnuma(vnuma, [case])[0])
        if words(one) == words(judged):
            judged, tries = one, iter(list(smaller(case)))
    return judged


# ---- TAP ----

def report(vnuma, judged, keep):
    yield f"{judged.case['case']}: {'; '.join(judged.wrong)}"
    small = shrink(vnuma, judged)
    yield f"  smaller: {'; '.join(small.wrong)}"
    yield f"  {json.dumps(small.case)}"
    if keep:
        path = pathlib.Path(keep) / (judged.case["case"].replace("/", "-") + ".json")
        path.write_text(json.dumps(small.case) + "\n", encoding="utf-8")
        yield f"  written to {path}"


def compare(vnuma, judged, keep):
    bad = [one for one in judged if one.wrong]
    for one in bad[:5]:
        yield from report(vnuma, one, keep)
    if bad:
        yield f"{len(bad)} of {len(judged)} cases fail"


def explain_all(judged):
    """What the corrections were needed for. It is wrong if nothing explains a difference."""
    counts = collections.Counter(min(one.because) for one in judged if one.because)
    for name, count in sorted(counts.items()):
        print(f"# {count:5} {name}")
    for one in judged:
        if one.exact != one.corrected and not one.because and not one.wrong:
            yield f"{one.case['case']}: no rule explains it"


def tell_search(judged):
    """How often Nova's own search is at odds with its rule: told, not judged."""
    odd = collections.Counter(
        (nova_fit.nova_answer(one.question, time_limit=SEARCH_LIMIT)["status"], one.exact)
        for one in judged if one.question and one.exact is not None)
    for (status, exact), count in sorted(odd.items()):
        print(f"# {count:5} Nova's search: {status}; Nova's rule: {'fit' if exact else 'nofit'}")


def main():
    parser = argparse.ArgumentParser(usage=__doc__, add_help=False)
    parser.add_argument("--keep")
    parser.add_argument("vnuma")
    parser.add_argument("cases", nargs="?")
    args = parser.parse_args()
    if args.cases:
        cases, name = nova_fit.read_cases(args.cases), f"cases of {args.cases}"
    else:
        usual = max(10 * int(os.environ.get("VN_CASES_PERCENT", 100)), 1)
        seed, count = (int(os.environ.get(name, default))
                       for name, default in (("VN_SEED", 3), ("VN_CASES", usual)))
        cases, name = nova_cases.make_cases("random", seed, count), f"random cases, seed {seed}"
    judged = [Judged(*pair) for pair in zip(cases, ask_vnuma(args.vnuma, cases))]
    fit, no = (sum(one.answer["feasible"] is some for one in judged if one.question)
               for some in (True, False))
    print(f"# {len(cases)} {name}: {fit} fit, {no} do not, {len(cases) - fit - no} errors and others")
    tap = Tap()
    tap.test(f"vnuma answers {name} as Nova's corrected rule", compare, args.vnuma, judged, args.keep)
    tap.test("a rule explains each difference from Nova's own", explain_all, judged)
    tell_search(judged)
    tap.done()


if __name__ == "__main__":
    main()
