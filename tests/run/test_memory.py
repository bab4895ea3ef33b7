"""Memory that the C library would keep in reserve."""

from __future__ import annotations

import ctypes
import platform
import subprocess
import sys

import pytest

from aggregator.run.memory import share_one_arena

ARENAS = """
import re, threading
from aggregator.run.memory import share_one_arena
if {asked}:
    share_one_arena()
met = threading.Barrier(6)
def work():
    kept = [bytes(2_000) for _ in range(2_000)]
    met.wait()  # nobody gives an arena back before all have one
threads = [threading.Thread(target=work) for _ in range(6)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
print(len(re.findall(r"-[0-9a-f]+ rw-p 00000000 00:00 0 \\n[^\\n]*---p", open("/proc/self/maps").read())))
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc has arenas")
def test_threads_share_one_arena() -> None:
    """Without it each thread has an arena, mapped apart with room for growth behind it; with it none has."""

    def arenas(*, asked: bool) -> int:
        done = subprocess.run(
            [sys.executable, "-c", ARENAS.format(asked=asked)], capture_output=True, text=True, check=True
        )
        return int(done.stdout)

    assert arenas(asked=True) < arenas(asked=False)


def test_another_library_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the C library has no such setting, nothing happens."""
    monkeypatch.setattr(ctypes, "CDLL", lambda _: object())
    assert not share_one_arena()
