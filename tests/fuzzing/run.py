"""Fuzz a door for some time, guided by coverage: python -m tests.fuzzing.run ENTRY [ENTRY ...] --seconds N.

libFuzzer (atheris) changes documents and keeps those that reach new code. What raises anything but the error that is
documented is written to findings/ENTRY/, one for each place that raised, and so is a document that takes too long or
too much memory; the exit status is then 1. `ENTRY all` is every door, as many at once as there are processors.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import re
import subprocess
import sys
import tempfile
import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

SECONDS_A_DOCUMENT = 10
"""The CPU time that a parser has in the daemon, though here it is slowed down many times."""
MEMORY_MB = 1_500
LONGEST = 16_384
INSTRUMENTED = ["aggregator", "feedparser", "ruamel", "starlette", "dateutil"]
_FOUND = Path(__file__).parent / "findings"
_NAMES = ("feed", "jsonfeed", "page", "article", "opml", "sitemap", "settings", "websub", "queries")
_EXECUTED = re.compile(r"number_of_executed_units:\s*(\d+)|^#(\d+)\s", re.MULTILINE)


def main() -> int:
    """Fuzz, and say what came of it."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzzing.run", description=__doc__)
    parser.add_argument(
        "entries", nargs="+", choices=(*_NAMES, "all"), metavar="ENTRY", help=f"{', '.join(_NAMES)}, or all"
    )
    parser.add_argument("--seconds", type=int, default=60, help="for each entry (60)")
    parser.add_argument("--corpus", type=Path, help="folder for what reaches new code, kept from run to run")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        _fuzz(options.entries[0], options.seconds, options.corpus)
    names = _NAMES if "all" in options.entries else tuple(options.entries)
    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as threads:
        found = list(threads.map(lambda name: _watched(name, options.seconds, options.corpus), names))
    return 1 if any(found) else 0


def _watched(name: str, seconds: int, kept: Path | None) -> int:
    """Fuzz in a process of its own, again after it died of a document; return how many new findings there are."""
    before, executed, end = _findings(name), 0, time.monotonic() + seconds
    with tempfile.TemporaryDirectory() as folder:
        corpus = (kept or Path(folder)) / name
        corpus.mkdir(parents=True, exist_ok=True)
        while (left := round(end - time.monotonic())) > 0:
            words = [name, "--child", "--seconds", str(left), "--corpus", str(corpus)]
            done = subprocess.run(
                [sys.executable, "-m", "tests.fuzzing.run", *words], capture_output=True, text=True, errors="replace", check=False
            )  # fmt: skip
            counts = [int(final or soon) for final, soon in _EXECUTED.findall(done.stderr)]
            executed += max(counts, default=0)
            if not counts:
                sys.stderr.write(done.stderr)
                return 1
    new = _findings(name) - before
    print(f"{name}: {executed} documents, {len(new)} findings", *sorted(new), sep="\n  ", flush=True)  # noqa: T201
    return len(new)


def _findings(name: str) -> set[str]:
    return {str(file) for file in (_FOUND / name).glob("*")}


def _fuzz(name: str, seconds: int, corpus: Path) -> None:
    """Hand this process over to libFuzzer, which ends it."""
    import atheris  # noqa: PLC0415 - of the extra [fuzz]; replaying does without

    with atheris.instrument_imports(include=INSTRUMENTED):
        from tests.fuzzing.entries import ENTRIES  # noqa: PLC0415 - instrumented as it is loaded
    entry = ENTRIES[name]
    for seed in entry.seeds():
        (corpus / hashlib.sha256(seed).hexdigest()[:16]).write_bytes(seed)
    words = corpus.parent / f"{name}.words"
    words.write_text("".join(f'"{word}"\n' for word in entry.words))
    folder = _FOUND / name
    folder.mkdir(parents=True, exist_ok=True)
    limits = [f"-timeout={SECONDS_A_DOCUMENT}", f"-rss_limit_mb={MEMORY_MB}", f"-max_len={LONGEST}"]
    how = [f"-max_total_time={seconds}", f"-dict={words}", f"-artifact_prefix={folder}/", "-print_final_stats=1"]
    with entry.opened() as tried:
        atheris.Setup([sys.argv[0], *limits, *how, str(corpus)], _noting(tried, folder))
        atheris.Fuzz()


def _noting(tried: Callable[[bytes], None], folder: Path) -> Callable[[bytes], None]:
    """Write down what raises, once for each place, and go on."""
    seen: set[str] = set()

    def noted(data: bytes) -> None:
        try:
            tried(data)
        except Exception as error:  # noqa: BLE001 - that is what is looked for
            place = _place(error)
            if place not in seen:
                seen.add(place)
                (folder / f"{place}-{hashlib.sha256(data).hexdigest()[:8]}").write_bytes(data)
                traceback.print_exception(error)

    return noted


def _place(error: Exception) -> str:
    frames: Sequence[traceback.FrameSummary] = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if "/aggregator/" in frame.filename or "/fuzzing/" in frame.filename]
    last = own[-1]
    return f"{type(error).__name__.lower()}-{Path(last.filename).stem}-{last.name.strip('<>_')}"


if __name__ == "__main__":
    sys.exit(main())
