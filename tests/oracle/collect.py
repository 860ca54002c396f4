#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""collect.py COMMAND...: run it, and collect the children that its daemons leave behind.

libvirt asks QEMU what it can by a daemon, kills that, and waits until its process number is gone. Where
the first process of a system does not collect orphans at once (some containers), the number stays for
10 s each time, libvirt calls the probe failed and keeps no cache. Here the orphans come to us."""

import ctypes
import os
import sys

PR_SET_CHILD_SUBREAPER = 36  # prctl(2)


def main():
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        print(f"collect.py: prctl: {os.strerror(ctypes.get_errno())}", file=sys.stderr)
        return 3
    command = os.fork()
    if command == 0:
        os.execvp(sys.argv[1], sys.argv[1:])
    while True:
        pid, status = os.wait()
        if pid == command:
            return os.waitstatus_to_exitcode(status) & 0xff


if __name__ == "__main__":
    sys.exit(main())
