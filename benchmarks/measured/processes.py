"""What a command costs, with all processes that come of it: seconds of CPU and the most memory at one time."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

_REAPER = Path(__file__).with_name("reaper.py")


@dataclass(frozen=True)
class Cost:
    """What a command printed and used."""

    output: str
    wall: float
    """Seconds until the command ended; what it left behind may have gone on."""
    cpu: float
    """Seconds of all its processes together, those of its start included."""
    memory: tuple[tuple[float, int], ...]
    """When (time.monotonic), and bytes of memory: its processes' own, and what they share in proportion (PSS)."""

    def peak(self, until: float = float("inf")) -> int:
        """Return the most bytes at one time, up to a moment."""
        return max((used for at, used in self.memory if at <= until), default=0)


def run(command: list[str], *, fails: bool = False) -> Cost:
    """Run a command to its end, and wait for all that it started."""
    reading, writing = os.pipe()
    reaper = [sys.executable, "-S", str(_REAPER), str(writing), *command]
    with subprocess.Popen(
        reaper, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, pass_fds=[writing]
    ) as process:
        os.close(writing)
        peak = _Peak(process.pid)
        peak.start()
        output = process.stdout.read() if process.stdout else ""
    peak.ended.set()
    peak.join()
    with open(reading) as file:  # noqa: PTH123 - a descriptor
        told = file.read()
    if not told:
        raise SystemExit(f"{' '.join(command)} could not be measured: {_REAPER.name} ended with {process.returncode}")
    figures = json.loads(told)
    if figures["code"] and not fails:
        raise SystemExit(f"{' '.join(command)} ended with {figures['code']}")
    return Cost(output, figures["wall"], figures["cpu"], tuple(peak.seen))


class _Peak(threading.Thread):
    """Looks at the memory of all that descends from a process, itself left out, until told that it ended."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.ended = threading.Event()
        self.seen: list[tuple[float, int]] = []
        self._pid = pid

    def run(self) -> None:
        while not self.ended.wait(0.2):
            self.seen.append((time.monotonic(), sum(map(memory, family(self._pid)[1:]))))


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


def memory(pid: int) -> int:
    """Return the bytes of a process' memory: its own, and what it shares in proportion (PSS)."""
    try:
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in rollup.splitlines() if line.startswith("Pss:")), 0)
