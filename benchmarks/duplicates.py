"""How well duplicates are told: false merges, copies found across feeds, and what a month of real feeds does.

    python benchmarks/duplicates.py [--corpus DIR] [--parts pairs,copies] [--days N] [--feeds WORD,WORD]
                                    [--seed N] [--show]
    python benchmarks/duplicates.py --parts month       a month of feeds, poll by poll: five minutes

DIR (../shared/corpus beside the checkout by default) holds real-feeds.tar.xz and replay-2026-04.tar.xz, or both
already unpacked, ai_crosspost_groups.dev.jsonl and ai_same_title_moved_links.dev.jsonl.

Copies and months run through settle and a store in a temporary file, pairs through judging alone. Which items of a
history are one article is told without the code that is measured: items are one when they share a link that no
document lists twice with two titles, or a title that no document lists twice with two links. That is silver, not
gold: an article that changes link and title at once counts as two.

Peers in the same run: a reader that knows items by guid alone (else link), as most do, and one that goes by the link
alone; for both an edit is a change of title, text or `updated`.
"""

from __future__ import annotations

import argparse
import hashlib
import itertools
import json
import lzma
import random
import re
import tarfile
import tempfile
from collections import Counter, defaultdict
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from measured.pairs import AT, false_merges, halves, hard_pairs, pool_of_items, read, row, simple

from aggregator.config.settings import FeedSettings, Settings
from aggregator.decide.candidates import candidates
from aggregator.model import Document, Fetched, Header, Item
from aggregator.parse.dates import parse_date
from aggregator.releasing import release_missing
from aggregator.settle import Chance, Result, settle
from aggregator.store.sqlite.store import SqliteStore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from aggregator.model import PollReport

REAL, REPLAY = "real-feeds", "replay-2026-04"
GROUPS, MOVED = "ai_crosspost_groups.dev.jsonl", "ai_same_title_moved_links.dev.jsonl"
LEASE = timedelta(hours=1)
RANDOM = 10_000
"""Pairs drawn at random."""
LISTED = 1000
"""Items that a feed made of single items lists."""


class Kept:
    """A store in a temporary file, polled by handing it documents."""

    def __init__(self, folder: Path, urls: Iterable[str]) -> None:
        self.store = SqliteStore(folder / "aggregator.db")
        self.settings = Settings(feeds=tuple(FeedSettings(url=url) for url in urls))
        with self.store.transaction() as tx:
            tx.feeds.sync(self.settings.sources, datetime(2000, 1, 1, tzinfo=UTC))
            release_missing(tx, self.settings, datetime(2000, 1, 1, tzinfo=UTC))

    def poll(self, url: str, document: Document, at: datetime) -> tuple[PollReport, list[int]]:
        """Settle a document; return the report and the entry of each item."""
        with self.store.transaction() as tx:
            (request,) = tx.requests.claim([url], at, lease=LEASE)
            fetched = Fetched(url=url, status=200, received=at)
            result = Result(request, at, fetched, document, body_hash="-")
            report = settle(tx, result, self.settings, Chance(0)).report
            after = tx.feeds.get(url) or request.feed
            listed = candidates(document.items, by=after.naming.by)
            known = tx.entries.known(request.feed, listed)
        return report, [known.sighted[candidate.key].entry for candidate in listed]


# What a month does to a reader


@dataclass
class Peer:
    """A reader that knows an item by one field."""

    name: Callable[[Item], str]
    seen: dict[str, object] = field(default_factory=dict)
    edits: int = 0

    def poll(self, items: Sequence[Item]) -> None:
        for item in items:
            said = (item.title, item.summary, item.content, item.updated)
            name = self.name(item)
            self.edits += self.seen.setdefault(name, said) != said
            self.seen[name] = said


class Articles:
    """Which items are one article, by the rule that stands above."""

    def __init__(self, documents: Iterable[Sequence[Item]]) -> None:
        self.parents: dict[object, object] = {}
        self.shared: set[object] = set()
        documents = list(documents)
        for items in documents:
            pairs = {(item.link, item.title) for item in items}
            for place in (0, 1):
                counts = Counter(pair[place] for pair in pairs)
                self.shared |= {(place, value) for value, count in counts.items() if count > 1 or not value}
        for item in {(item.link, item.title): item for items in documents for item in items}.values():
            node = self.root((item.link, item.title))
            for name in ((0, item.link), (1, item.title)):
                if name not in self.shared:
                    self.parents[self.root(name)] = node

    def root(self, node: object) -> object:
        while (parent := self.parents.setdefault(node, node)) != node:
            self.parents[node] = node = self.parents.setdefault(parent, parent)
        return node

    def of(self, item: Item) -> object:
        return self.root((item.link, item.title))


@dataclass(frozen=True)
class Month:
    """What became of a feed's history."""

    feed: str
    polls: int
    articles: int
    entries: int
    again: int
    """Entries that are an article which had one before."""
    merged: int
    """Articles that became part of another's entry."""
    edits: int
    by_guid: Peer
    by_link: Peer


def documents_of(folder: Path, days: int) -> Iterator[tuple[datetime, bytes]]:
    lines = [json.loads(line) for line in (folder / "index.jsonl").read_text().splitlines()]
    lines = [line for line in sorted(lines, key=lambda line: line["t"]) if (folder / line["file"]).exists()]
    for line in lines:
        if line["t"] < lines[0]["t"] + days * 86_400:
            yield datetime.fromtimestamp(line["t"], UTC), (folder / line["file"]).read_bytes()


def month(folder: Path, days: int) -> Month:
    """Play a feed's history poll by poll; a body that is the last one, but for its own date, is not parsed again."""
    url = f"https://feeds.example/{folder.parent.name}/{folder.name}.xml"
    played: list[tuple[datetime, Document]] = []
    last: tuple[str, Document | None] = ("", None)
    polls = 0
    for at, body in documents_of(folder, days):
        polls += 1
        stamp = hashlib.sha256(re.sub(rb"<lastBuildDate>[^<]*", b"", body)).hexdigest()
        last = last if last[0] == stamp else (stamp, read(body, url))
        if last[1] is not None:
            played.append((at, last[1]))
    articles = Articles(document.items for _, document in played)
    found: defaultdict[object, set[int]] = defaultdict(set)
    edits = 0
    guid = Peer(lambda item: item.guid or item.link or item.title)
    link = Peer(lambda item: item.link or item.guid or item.title)
    with tempfile.TemporaryDirectory() as place:
        kept = Kept(Path(place), [url])
        for at, document in played:
            report, entries = kept.poll(url, document, at)
            edits += report.updated
            for item, entry in zip(document.items, entries, strict=True):
                found[articles.of(item)].add(entry)
            guid.poll(document.items)
            link.poll(document.items)
        kept.store.close()
    guid.name = link.name = str  # what is handed over between processes holds no functions
    entries_of = Counter(entry for each in found.values() for entry in each)
    again = sum(len(each) - 1 for each in found.values())
    merged = sum(count - 1 for count in entries_of.values())
    name = f"{folder.parent.name}/{folder.name}"
    return Month(name, polls, len(found), len(entries_of), again, merged, edits, guid, link)


def months(corpus: Path, days: int, words: Sequence[str], pool: ProcessPoolExecutor) -> None:
    folders = sorted(index.parent for index in corpus.rglob("index.jsonl"))
    folders = [folder for folder in folders if not words or any(word in str(folder) for word in words)]
    print("\n## A month of real feeds, poll by poll\n")
    heads = ("feed", "polls", "articles", "entries", "again", "merged", "edits")
    row(*heads, "by guid: entries", "edits", "by link: entries", "edits")
    row("---", *["---:"] * 10)
    total: Counter[int] = Counter()
    for found in pool.map(partial(month, days=days), folders):
        peers = [number for peer in (found.by_guid, found.by_link) for number in (len(peer.seen), peer.edits)]
        ours = (found.polls, found.articles, found.entries, found.again, found.merged, found.edits)
        total.update(dict(enumerate([*ours, *peers])))
        row(found.feed, *ours, *peers)
    row("**all**", *(total[column] for column in range(10)))


# Copies in several feeds


def items_of_group(group: dict[str, Any]) -> Iterator[tuple[str, Item, int]]:
    for each in group["items"]:
        item = Item(
            title=each["title"],
            guid=each["link"],
            link=each["link"],
            summary=each.get("summary") or None,
            published=parse_date(each["date"] or ""),
        )
        yield (
            f"https://feeds.example/{each['src']}/{each['feed'].removeprefix('feeds/')}",
            item,
            each.get("first_seen", 0),
        )


def play_groups(groups: Sequence[dict[str, Any]], *, one_link: bool) -> list[set[int]]:
    """Poll all feeds of the groups in the order in which items were first seen; return the entries of each group."""
    seen = sorted(
        ((at, url, number, item) for number, group in enumerate(groups) for url, item, at in items_of_group(group)),
        key=lambda each: each[:3],
    )
    listed: defaultdict[str, dict[str | None, tuple[int, Item]]] = defaultdict(dict)
    entries: list[set[int]] = [set() for _ in groups]
    with tempfile.TemporaryDirectory() as place:
        kept = Kept(Path(place), {url for _, url, *_ in seen})
        for (at, url), members in itertools.groupby(seen, key=lambda each: each[:2]):
            for _, _, number, item in members:
                name = str(number) if one_link else item.guid  # a feed lists an article once: what it said of it last
                listed[url].pop(name, None)
                listed[url][name] = (number, item)
            latest = list(listed[url].values())[: -LISTED - 1 : -1]
            document = Document(Header(title=url), tuple(item for _, item in latest))
            _, found = kept.poll(url, document, datetime.fromtimestamp(at, UTC) if at else AT)
            for (number, _), entry in zip(latest, found, strict=True):
                entries[number].add(entry)
        kept.store.close()
    return entries


def copies(corpus: Path, *, show: bool) -> None:
    print("\n## Copies of one article in several feeds\n")
    row("groups", "of them", "one entry", "more", "entries by guid in each feed")
    row("---", *["---:"] * 4)
    for name, file in (("one link", GROUPS), ("one title, several links", MOVED)):
        groups = [json.loads(line) for line in (corpus / file).read_text().splitlines()]
        entries = play_groups(groups, one_link=file == GROUPS)
        alike = [len({simple(each["title"]) for each in group["items"]}) == 1 for group in groups]
        for kind, wanted in (("titles agree", True), ("titles differ", False)):
            chosen = [at for at, agrees in enumerate(alike) if agrees is wanted]
            if not chosen:
                continue
            ones = sum(len(entries[at]) == 1 for at in chosen)
            guids = sum(len({(e["feed"], e["link"]) for e in groups[at]["items"]}) for at in chosen)
            row(f"{name}, {kind}", len(chosen), f"{ones} ({ones / len(chosen):.3f})", len(chosen) - ones, guids)
            for at in chosen if show else ():
                if (len(entries[at]) == 1) is not wanted:
                    print([(e["feed"], e["title"], e["date"], e["link"]) for e in groups[at]["items"]])
        crossed = Counter(entry for each in entries for entry in each)
        row(f"{name}, in an entry of another group", sum(count > 1 for count in crossed.values()), "", "", "")


def unpacked(corpus: Path, name: str, folder: Path) -> Path:
    """Return the folder of that name, unpacked if it has to be."""
    for place in (corpus / name, folder / name):
        if place.is_dir():
            return place
    with lzma.open(corpus / f"{name}.tar.xz") as stream, tarfile.open(fileobj=stream, mode="r|") as tar:
        tar.extractall(folder, filter="data")
    return folder / name


def main() -> None:
    parser = argparse.ArgumentParser(description="How well duplicates are told.")
    beside = Path(__file__).resolve().parents[2] / "shared" / "corpus"
    parser.add_argument("--corpus", type=Path, default=beside)
    parser.add_argument("--days", type=int, default=31, help="of the month to play")
    parser.add_argument("--feeds", default="", help="words of the feeds to play, with commas; all by default")
    parser.add_argument("--parts", default="pairs,copies", help="what to measure")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--show", action="store_true", help="print every pair and group to look at")
    given = parser.parse_args()
    if not (given.corpus / GROUPS).exists():
        print(f"Skipped: a folder with {REAL}.tar.xz, {REPLAY}.tar.xz and {GROUPS} is needed: --corpus DIR")
        return
    with tempfile.TemporaryDirectory() as folder, ProcessPoolExecutor(2) as pool:
        replayed = unpacked(given.corpus, REPLAY, Path(folder))
        if "pairs" in given.parts:
            documents = pool_of_items(unpacked(given.corpus, REAL, Path(folder)), replayed, pool)
            chance = random.Random(given.seed)  # noqa: S311
            everything = [each for document in documents for each in document]
            drawn = {"at random": [tuple(chance.sample(everything, 2)) for _ in range(RANDOM)]}
            false_merges({**drawn, **hard_pairs(documents, chance)}, show=given.show)
            halves(documents)
        if "copies" in given.parts:
            copies(given.corpus, show=given.show)
        if "month" in given.parts:
            months(replayed, given.days, list(filter(None, given.feeds.split(","))), pool)


if __name__ == "__main__":
    main()
