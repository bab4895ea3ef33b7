"""How long a reader of the pages waits for the first byte, and how large pages are.

    python benchmarks/browsing.py [--entries 100000] [--sources 1000] [--times 20]

A database is made (measured/filled.py) whose entries have texts of 5 to 10 KB, a third of them in stories of four, and
served as the daemon serves it. Each page is asked for many times, one after the other, gzipped, over connections of
their own, so late that it is made anew (nothing is taken from what was kept): milliseconds from the request to the
answer's head, the median and the worst; of these CPU time of the server, in all threads; and kilobytes before
compression. On a machine that others use, CPU is the column to look at (Linux only).
"""

from __future__ import annotations

import argparse
import http.client
import os
import sqlite3
import statistics
import tempfile
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from measured.filled import address, fill
from serving import ours, publish

if TYPE_CHECKING:
    from collections.abc import Iterator

FRESH = 1.05
"""Seconds after which pages that everyone sees are made anew."""
SEARCHES = 10
"""Of a kind; more have to wait."""
RARE = 40
"""Sources for each that has the rare tag."""


def lengthen(path: Path) -> None:
    """Give entries texts as feeds have them, languages, sources' tags, and stories of four to a third of them."""
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("PRAGMA synchronous = OFF")
        db.execute("BEGIN")
        long = "replace(hex(zeroblob(9 + id % 10)), '0', {} || ' ')"
        db.execute(f"UPDATE entry SET content = {long.format('summary')}, text = {long.format('text')}")  # noqa: S608 - columns
        db.execute("UPDATE entry SET language = CASE id % 10 WHEN 0 THEN 'fr' WHEN 1 THEN 'zh-CN' ELSE 'en' END")
        db.execute("UPDATE feed SET title = 'Source ' || id, tags = iif(id % ?, '[\"news\"]', '[\"rare\"]')", [RARE])
        db.execute(
            "UPDATE entry SET story = (SELECT founds FROM entry AS first WHERE first.id = entry.id / 4 * 4)"
            " WHERE id / 4 % 3 = 1"
        )
        db.execute("COMMIT")


def asked(path: Path, times: int) -> Iterator[tuple[str, list[str]]]:
    """Yield pages by name, each with addresses of which no two are answered alike."""
    with closing(sqlite3.connect(path)) as db:
        keys = [row[0] for row in db.execute("SELECT story FROM entry ORDER BY id DESC LIMIT ?", [times])]
        newest = db.execute("SELECT max(published) FROM entry").fetchone()[0]
    older = [f"before={newest - number * 20_000_000:x}-1" for number in range(times)]
    yield "front page", ["/"] * times
    yield "an older page", [f"/?{place}" for place in older]
    yield "one language", [f"/?language=fr&{place}" for place in older]
    yield "a tag of few sources", [f"/?tag=rare&{place}" for place in older]
    yield "a filter that nothing passes", [f"/?tag=none{number}" for number in range(times)]
    yield "one source", [f"/?source={address(number)}" for number in range(times)]
    yield "a story", [f"/story/{key}" for key in keys]
    yield "search", [f"/search?q=w{number:x}+w{number + 1:x}" for number in range(min(times, SEARCHES))]
    yield "search, words that many have", [f"/search?q=w0{'+w1' * number}" for number in range(min(times, SEARCHES))]
    yield "sources", ["/sources"] * times
    yield "sources, further on", [f"/sources?page={number + 2}" for number in range(times)]
    yield "subscribe", ["/subscribe"] * times


def wait(port: int, path: str) -> tuple[float, int]:
    """Return milliseconds until the head of the answer is there, and the size of the page."""
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
        connection.connect()
        begun = time.perf_counter()
        connection.request("GET", path, headers={"Accept-Encoding": "identity"})
        answer = connection.getresponse()
        waited = (time.perf_counter() - begun) * 1000
        size = len(answer.read())
        if answer.status != 200:  # noqa: PLR2004
            raise SystemExit(f"{path}: {answer.status}")
        return waited, size


def cpu() -> float:
    """Return the milliseconds that our child, the server, has used."""
    me = os.getpid()
    (child,) = Path(f"/proc/{me}/task/{me}/children").read_text().split()
    fields = Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * 1000 / os.sysconf("SC_CLK_TCK")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--entries", type=int, default=100_000)
    parser.add_argument("--sources", type=int, default=1_000)
    parser.add_argument("--times", type=int, default=20)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        filled = fill(folder / "aggregator.db", options.sources, options.entries)
        filled.store.close()
        lengthen(folder / "aggregator.db")
        publish(folder, filled.settings)
        print("| page | median, ms | worst, ms | CPU, ms | KB |\n| --- | ---: | ---: | ---: | ---: |")
        with ours(folder) as port:
            for page, paths in asked(folder / "aggregator.db", options.times):
                waits, begun = [], cpu()
                for path in paths:
                    time.sleep(FRESH if len(set(paths)) == 1 else 0.25)  # strangers' choices have a rate
                    waits.append(wait(port, path))
                spent = [waited for waited, _ in waits]
                size = max(size for _, size in waits) / 1000
                used = (cpu() - begun) / len(waits)
                print(f"| {page} | {statistics.median(spent):.0f} | {max(spent):.0f} | {used:.0f} | {size:.0f} |")


if __name__ == "__main__":
    main()
