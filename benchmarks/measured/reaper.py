"""Runs a command to its end and to that of all it started, and tells what they used; Linux only.

    python reaper.py FD COMMAND...

What a command starts may outlive it, or be started by a process that it does not wait for (multiprocessing's fork
server and all that this forks): their CPU time would be in nobody's account. This process takes them in as their
parent dies (PR_SET_CHILD_SUBREAPER) and waits for each. The figures go to the file descriptor FD, as JSON.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import resource
import subprocess
import sys
import time

_PR_SET_CHILD_SUBREAPER = 36


def main(figures: int, command: list[str]) -> None:
    os.set_inheritable(figures, False)
    if ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0):
        raise SystemExit(f"prctl failed: {os.strerror(ctypes.get_errno())}")
    started = time.perf_counter()
    code = subprocess.run(command, check=False).returncode
    wall = time.perf_counter() - started
    with contextlib.suppress(ChildProcessError):  # none is left
        while True:
            os.wait()
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    with open(figures, "w") as file:
        json.dump({"code": code, "wall": wall, "cpu": used.ru_utime + used.ru_stime}, file)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
