# SPDX-License-Identifier: LGPL-2.1-or-later
"""The few lines of TAP that the tests written in Python share."""

import sys


class Skip(Exception):
    """Raised by a test that cannot run here; the text says why."""


class Tap:
    def __init__(self):
        self.count = self.failed = 0

    def test(self, name, function, *args):
        """function(*args) returns sentences about what is wrong; none: passed."""
        self.count += 1
        try:
            wrong = list(function(*args) or [])
        except Skip as reason:
            print(f"ok {self.count} - {name} # SKIP {reason}")
            return
        except Exception as error:  # a broken test must not hide the others
            wrong = [f"{type(error).__name__}: {error}"]
        self.failed += bool(wrong)
        print(f"{'not ok' if wrong else 'ok'} {self.count} - {name}", flush=True)
        for line in "\n".join(wrong).splitlines():
            print(f"# {line}")

    def done(self):
        print(f"1..{self.count}")
        sys.exit(1 if self.failed else 0)
