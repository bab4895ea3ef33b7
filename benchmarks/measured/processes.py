"""What a process and its children cost: seconds of CPU and the most memory at one time."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from dataclasses import dataclass
from pathlib import Path

_PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True)
class Cost:
    """What a command printed and used."""

    output: str
    wall: float
    cpu: float
    """Seconds of all its processes together, those of its start included."""
    memory: int
    """Bytes of memory that were its processes' own or shared, each counted in proportion (PSS), at the worst moment."""


def run(command: list[str], *, fails: bool = False) -> Cost:
    """Run a command to its end."""
    started = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    peak = _Peak(process.pid)
    peak.start()
    output = process.stdout.read() if process.stdout else ""
    _, status, used = os.wait4(process.pid, 0)
    peak.ended.set()
    peak.join()
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode and not fails:
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}")
    return Cost(output, time.perf_counter() - started, used.ru_utime + used.ru_stime, peak.most)


class _Peak(threading.Thread):
    """Looks at the memory of a process and its children until told that it ended."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.ended = threading.Event()
        self.most = 0
        self._pid = pid

    def run(self) -> None:
        while not self.ended.wait(0.2):
            self.most = max(self.most, sum(map(_memory, family(self._pid))))


def family(pid: int) -> list[int]:
    """Return a process and all that descend from it."""
    found = [pid]
    for one in found:
        for children in Path(f"/proc/{one}/task").glob("*/children"):
            try:
                found += map(int, children.read_text().split())
            except OSError:
                continue
    return found


def _memory(pid: int) -> int:
    try:
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in rollup.splitlines() if line.startswith("Pss:")), 0)
