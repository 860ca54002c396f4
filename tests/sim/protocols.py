# SPDX-License-Identifier: LGPL-2.1-or-later
"""The published protocols, and what they give. The numbers of SPANE's first-fit and Balance Fit are its
own (https://github.com/ChanTinPing/SPANE, result/flex/result.csv); those of `default` are what it gave when it was chosen
(docs/sim-results.md), so that it does not change unseen; the others are those of an independent
simulator with the same definitions, in exact integers."""

import gzip

TRACE, TEST, VALID = ("huawei-east-1/" + name for name in
                      ("huawei-east-1-lt.csv.gz", "spane_test_random_time_1000.npy", "spane_valid_random_time_150.npy"))
HOST = "2/40/90GiB"

# Trimmed mean wait in seconds: SPANE protocol, 5 hosts.
SPANE_5 = {
    "first-fit": 89822.5225, "balance-published": 86009.9088, "balance": 82230.8862, "slots/first": 71851.1225,
    "slots": 74336.8700, "best": 101148.3425, "host-first": 94764.7550, "fragments": 58466.7712,
    "fragments/first": 57834.0563, "default": 52587.1038,
}
SPANE_5_MEAN = {"first-fit": 362634.624, "balance-published": 336486.767, "balance": 335764.182,
                "slots/first": 319545.964, "slots": 325433.166}

# Length: mean of (placed / volume bound) over 50 starts. (hosts, GiB above which two cells, departures).
LENGTH = {
    (20, 32, False): {"first": .9814, "best": .9813, "balance-published": .9819, "fragments": .9869, "slots": .9938, "default": .9934,
                      "worst": .7867, "host-first": .9815},
    (20, 10, True): {"first": .9221, "best": .9205, "balance-published": .9213, "fragments": .9180, "slots": .9431, "default": .9392,
                     "worst": .4261, "host-first": .9222},
}


def spane(result, folder, hosts, policies, starts=TEST):
    """The SPANE protocol: {policy: (trimmed mean, mean)} of the wait in seconds."""
    answer = result(folder / TRACE, "-f", f"{hosts} x {HOST}", "-p", ",".join(policies), "--on-refusal", "wait",
                    "--starts", folder / starts, "--episode", "first-fit+40", "--demand", "0-49999")
    return {each["name"]: (each["wait_s"]["trimmed_mean"], each["wait_s"]["mean"]) for each in answer["policies"]}


def check_spane(result, folder, work, name):
    for policy, (trimmed, mean) in spane(result, folder, 5, list(SPANE_5)).items():
        if f"{trimmed:.4f}" != f"{SPANE_5[policy]:.4f}":
            yield f"{policy}: trimmed mean {trimmed:.4f}, want {SPANE_5[policy]:.4f}"
        if policy in SPANE_5_MEAN and f"{mean:.3f}" != f"{SPANE_5_MEAN[policy]:.3f}":
            yield f"{policy}: mean {mean:.3f}, want {SPANE_5_MEAN[policy]:.3f}"


def glibc_rand(seed):
    """The numbers of glibc's rand(), by which the start rows of the length protocols were drawn."""
    r = [seed]
    for i in range(1, 31):
        r.append(16807 * r[-1] % 2147483647)
    for i in range(31, 34):
        r.append(r[i - 31])
    for i in range(34, 344):
        r.append((r[i - 31] + r[i - 3]) & 0xffffffff)
    while True:
        r.append((r[-31] + r[-3]) & 0xffffffff)
        yield r[-1] >> 1


def length_starts(folder, low=1000, high=9999, count=50):
    """VMAgent counts start rows in events (guests that come and that leave, in the order of time); here they
    are rows of the trace: the first guest that comes from that event on."""
    with gzip.open(folder / TRACE, "rt") as file:
        rows = [[int(float(x)) for x in line.split(",")] for line in list(file)[1:]]
    events = sorted(event for i, (_, _, _, at, lives) in enumerate(rows)
                    for event in ((at, 1, i), (at + lives, 0, i)))
    before = [0]
    for _, comes, _ in events:
        before.append(before[-1] + comes)
    random = glibc_rand(42)
    return [before[low + next(random) % (high - low)] for _ in range(count)]


def length(result, folder, work, hosts, above_gib, departures, policies, low=1000, high=9999):
    """{policy: share of the volume bound}"""
    starts = work / "starts.txt"
    starts.write_text("\n".join(map(str, length_starts(folder, low, high))))
    answer = result(folder / TRACE, "-f", f"{hosts} x {HOST}", "-p", ",".join(policies), "--on-refusal", "stop",
                    "--starts", starts, "--demand", "0-49999", "--two-cells", f"{above_gib}GiB",
                    *([] if departures else ["--no-departures"]))
    return {each["name"]: each["of_bound"] for each in answer["policies"]}


def check_length(case):
    def check(result, folder, work, name):
        for policy, share in length(result, folder, work, *case, list(LENGTH[case])).items():
            if f"{share:.4f}" != f"{LENGTH[case][policy]:.4f}":
                yield f"{policy}: {share:.4f} of the bound, want {LENGTH[case][policy]:.4f}"
    return check


CHECKS = [("SPANE protocol, 5 hosts: each digit", check_spane)] + [
    (f"length, {hosts} hosts, two cells above {above} GiB, {'recovering' if back else 'fading'}",
     check_length((hosts, above, back))) for hosts, above, back in LENGTH]
