# SPDX-License-Identifier: LGPL-2.1-or-later
"""TAP lines for the end-to-end tests. Numbers and the plan are added by `run`, which joins the output
of several programs, some of them from inside the virtual hosts."""
import sys
import time
import traceback

failures = 0


def ok(name, passed, *details):
    """One test. The details are printed when it failed."""
    global failures
    print("ok" if passed else "not ok", "-", name)
    if not passed:
        failures += 1
        for detail in details:
            for line in str(detail).splitlines():
                print("#  ", line)
    sys.stdout.flush()
    return passed


def same(name, got, wanted):
    """One test: two descriptions of one thing are equal."""
    return ok(name, got == wanted, f"got:    {got}", f"wanted: {wanted}")


def skip(name, reason):
    print("ok -", name, "# SKIP", reason, flush=True)


def note(text):
    print("#", text, flush=True)


def timed(name, step, *arguments):
    """Call step; how long it took is a note. What it dies of is a failure of its own, and the next step
    can go on."""
    start, answer = time.monotonic(), None
    try:
        answer = step(*arguments)
    except (Exception, SystemExit):  # pylint: disable=broad-except
        ok(f"{name} comes to its end", False, traceback.format_exc())
    note(f"{name}: {time.monotonic() - start:.0f} s")
    return answer
