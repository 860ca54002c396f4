# SPDX-License-Identifier: LGPL-2.1-or-later
"""place_turns.py VNUMA [--full] [SEED]: what bench/place runs and prints.

The cases of each shape of hosts are a file; Nova and vnuma take the files in turns, and the whole is
done ROUNDS times. Both answer with the CPU time of the fit alone, the median of their repeats; of the
rounds the fastest counts, for both: what else runs on the machine makes a round slower. Nova is stopped after TIME_LIMIT and not asked again."""
import argparse
import collections
import json
import pathlib
import statistics
import subprocess
import sys
import tempfile

ORACLE = pathlib.Path(__file__).resolve().parent.parent / "tests" / "oracle"
sys.dont_write_bytecode = True
sys.path.insert(0, str(ORACLE))
from nova_cases import make_cases  # noqa: E402

TIME_LIMIT = 20  # s of CPU time, for one of Nova's fits
# rounds, most repeats of a case, seconds after which Nova's repeats end
QUICK, FULL = (3, 20, 0.05), (5, 200, 0.5)
LIMITS = {"ratio": 300, "feasible": 10, "infeasible": 50, "large": 1000}  # times; us


class Times:
    """Of one case: us of each round, and the answers."""

    def __init__(self):
        self.nova, self.vnuma = [], []
        self.feasible = self.nova_feasible = self.nova_stopped = None

    def nova_us(self):
        return TIME_LIMIT * 1e6 if self.nova_stopped else min(self.nova)

    def vnuma_us(self):
        return min(self.vnuma)

    def ratio(self):
        return self.nova_us() / self.vnuma_us()

    def is_over(self):
        return self.vnuma_us() > LIMITS["feasible" if self.feasible else "infeasible"]


def answers(command):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    if done.returncode:
        sys.exit(f"bench/place: {' '.join(map(str, command))}: exit code {done.returncode}")
    return [json.loads(line) for line in done.stdout.splitlines()]


def ask_nova(path, times, effort):
    _, repeat, seconds = effort
    for answer in answers([ORACLE / "nova_fit.py", "--repeat", str(repeat), "--seconds", str(seconds),
                           "--time-limit", str(TIME_LIMIT), path]):
        case = times[answer["case"]]
        case.nova_stopped = answer["status"] == "timeout"
        case.nova_feasible = answer["feasible"]
        if answer["cpu_usec"]:
            case.nova.append(answer["cpu_usec"]["median"])


def ask_vnuma(vnuma, path, times):
    for answer in answers([vnuma, "fit", "--stats", path]):
        if answer["status"] not in ("fit", "nofit"):
            sys.exit(f"bench/place: vnuma: {answer['case']}: {answer['status']}: {answer['message']}")
        times[answer["case"]].vnuma.append(answer["cpu_usec"]["median"])
        times[answer["case"]].feasible = answer["feasible"]


def write_cases(cases, path):
    path.write_text(json.dumps({"cases": cases}), encoding="utf-8")
    return path


def in_turns(vnuma, cases, effort, folder):
    """Times of the cases by name. A file for each shape: the second part of the names."""
    shapes, times = collections.defaultdict(list), collections.defaultdict(Times)
    for case in cases:
        shapes[case["case"].split("/")[1]].append(case)
    for number in range(effort[0]):
        print(f"round {number + 1} of {effort[0]}", file=sys.stderr)
        for shape, here in shapes.items():
            path = write_cases([case for case in here if not times[case["case"]].nova_stopped],
                               folder / "nova.json")
            ask_nova(path, times, effort)
            ask_vnuma(vnuma, write_cases(here, folder / f"{shape}.json"), times)
    return times


def by_group(times):
    groups = collections.defaultdict(list)
    for name, case in times.items():
        groups[name.split("/", 1)[1].rsplit("/", 1)[0]].append(case)
    return groups


def us(value):
    """Microseconds in a column; what Nova did not end with a sign."""
    return f"> {TIME_LIMIT} s" if value >= TIME_LIMIT * 1e6 else f"{value:.1f}"


def spread(values):
    """Median and worst, as text."""
    return us(statistics.median(values)).rjust(11) + us(max(values)).rjust(11)


def group_row(name, cases):
    nova, vnuma = [case.nova_us() for case in cases], [case.vnuma_us() for case in cases]
    ratio = statistics.median(case.ratio() for case in cases)
    over = sum(case.is_over() for case in cases)
    print(f"{name:<24}{len(cases):>6}{spread(nova)}  {spread(vnuma)}  {ratio:>8.0f}"
          f"   {f'OVER in {over}' if over else 'ok'}")


def limit_row(name, value, unit, limit, at_least=False):
    kept = value >= limit if at_least else value <= limit
    print(f"{name:<38} {value:10.1f} {unit:<5} limit {limit:8.1f}  ratio {value / limit:5.2f}  "
          f"{'ok' if kept else 'OVER'}")


def worst_row(name, times, limit):
    """The slowest of some cases, and which one it is."""
    value, which = max((case.vnuma_us(), which) for which, case in times.items())
    limit_row(name, value, "us", limit)
    print(f"    {which}")


def those(times, wanted):
    return {name: case for name, case in times.items() if wanted(name, case)}


def print_turns(times):
    print(f"{'CPU time of one fit, us':<24}{'cases':>6}{'Nova':>11}{'worst':>11}  {'vnuma':>11}"
          f"{'worst':>11}  {'ratio':>8}")
    for name, cases in by_group(times).items():
        group_row(name, cases)
    odd = those(times, lambda _, case: case.nova_feasible not in (None, case.feasible))
    print(f"Nova's search says otherwise than vnuma in {len(odd)} of {len(times)} cases "
          "(tests/oracle says who is right).\n")
    ratio = statistics.median(case.ratio() for case in times.values())
    limit_row("median ratio, Nova to vnuma", ratio, "times", LIMITS["ratio"], at_least=True)
    worst_row("worst feasible case", those(times, lambda _, case: case.feasible), LIMITS["feasible"])
    worst_row("worst infeasible case", those(times, lambda _, case: not case.feasible),
              LIMITS["infeasible"])


def print_large(times):
    print(f"\n{'64 nodes, 1,024 CPUs, us':<24}{'cases':>6}{'vnuma':>11}{'worst':>11}")
    for name, cases in by_group(times).items():
        print(f"{name:<24}{len(cases):>6}{spread([case.vnuma_us() for case in cases])}")
    print()
    sixteen = those(times, lambda name, _: "/16 cells" in name)
    worst_row("worst guest of 16 cells", sixteen, LIMITS["large"])


def main():
    parser = argparse.ArgumentParser(prog="bench/place")
    parser.add_argument("vnuma")
    parser.add_argument("--full", action="store_true")
    parser.add_argument("seed", type=int, nargs="?", default=42)
    args = parser.parse_args()
    cases = [case for case in make_cases("bench", args.seed) if "/errors/" not in case["case"]]
    large = collections.defaultdict(Times)
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        print_turns(in_turns(args.vnuma, cases, FULL if args.full else QUICK, folder))
        path = write_cases(make_cases("large", args.seed), folder / "large.json")
        ask_vnuma(args.vnuma, path, large)
    print_large(large)


if __name__ == "__main__":
    main()
