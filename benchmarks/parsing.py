"""What parsing a document costs: feedparser's handlers on expat beside feedparser itself, all else equal.

    python benchmarks/parsing.py [--corpus DIR] [--rounds N]

Two kinds of documents: what benchmarks/polling.py serves (20 entries with full content), and the real feeds of DIR
(../shared/corpus beside the checkout by default), where they are. Both ways take turns, document by document, in this
process; CPU time counts, of several rounds the least.
"""

from __future__ import annotations

import argparse
import lzma
import tarfile
import time
import warnings
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from measured import publisher

from aggregator.errors import ParseError
from aggregator.parse import syndication
from aggregator.parse.document import parse

CORPUS = Path(__file__).resolve().parents[2] / "shared" / "corpus"
RECEIVED = datetime(2026, 1, 1, tzinfo=UTC)
WAYS = {"handlers": syndication._ask_handlers, "feedparser": lambda _text: None}  # noqa: SLF001


def real_feeds(corpus: Path) -> list[bytes]:
    archive = corpus / "real-feeds.tar.xz"
    if not archive.exists():
        return []
    with lzma.open(archive) as packed, tarfile.open(fileobj=packed) as files:
        return [file.read() for member in files if member.isfile() and (file := files.extractfile(member))]


def seconds(body: bytes, way: str) -> float:
    syndication._ask_handlers = WAYS[way]  # type: ignore[assignment]  # noqa: SLF001
    start = time.process_time()
    with suppress(ParseError):
        parse(body, url="https://example.org/feed.xml", content_type=None, received=RECEIVED)
    return time.process_time() - start


def compare(name: str, bodies: list[bytes], rounds: int) -> None:
    """Print the sums, and the median of the ratios."""
    least = [{way: min(seconds(body, way) for _ in range(rounds)) for way in WAYS} for body in bodies]
    ratios = sorted(each["feedparser"] / each["handlers"] for each in least)
    sums = {way: sum(each[way] for each in least) for way in WAYS}
    print(
        f"{name}: {len(bodies)} documents, {sum(map(len, bodies)) // len(bodies) // 1000} KB each; "
        f"feedparser / handlers = {sums['feedparser'] / sums['handlers']:.2f} in all, {ratios[len(ratios) // 2]:.2f} "
        f"median, {ratios[0]:.2f} least; {sums['handlers'] / len(bodies) * 1000:.1f} ms each"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--corpus", type=Path, default=CORPUS)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    compare("20 entries", [publisher.document(feed) for feed in range(20)], options.rounds)
    if feeds := real_feeds(options.corpus):
        compare("real feeds", feeds, options.rounds)


if __name__ == "__main__":
    main()
