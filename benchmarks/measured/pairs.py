"""Pairs of real items that are two articles: drawn at random, and of the kinds that are hardest to tell apart."""

from __future__ import annotations

import hashlib
import itertools
import re
from collections import defaultdict
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from aggregator.decide.candidates import candidates
from aggregator.decide.changes import Known, KnownEntry, judge
from aggregator.errors import AggregatorError
from aggregator.parse.syndication import parse

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from concurrent.futures import ProcessPoolExecutor
    from pathlib import Path

    from aggregator.model import Document, Item

    Pair = tuple[tuple[str, Item], tuple[str, Item]]

HARD = 600
"""Pairs of each hard kind."""
NEAR = 0.6
"""Shared words of two titles that are nearly equal, of all words of both."""
AT = datetime(2026, 5, 1, tzinfo=UTC)


def row(*cells: object) -> None:
    print(f"| {' | '.join(map(str, cells))} |", flush=True)


def read(body: bytes, url: str) -> Document | None:
    try:
        return parse(body, url=url, content_type=None, received=AT)
    except AggregatorError:
        return None


def simple(title: str) -> str:
    return re.sub(r"\W+", "", title).casefold()


def pool_of_items(real: Path, replayed: Path, pool: ProcessPoolExecutor) -> list[list[tuple[str, Item]]]:
    """Return the items of one document of each feed, beside the feed's address."""
    files = sorted(path for path in real.rglob("*") if path.is_file())
    files += [max(index.parent.glob("*.xml")) for index in sorted(replayed.rglob("index.jsonl"))]
    return [found for found in pool.map(items_of_file, files, chunksize=8) if found]


def items_of_file(file: Path) -> list[tuple[str, Item]]:
    stand_in = f"https://{hashlib.sha256(str(file).encode()).hexdigest()[:8]}.example/feed"
    document = read(file.read_bytes(), stand_in)
    if document is None:
        return []
    own = next((link.href for link in document.header.links if link.rel == "self"), stand_in)
    return [(own, item) for item in document.items]


def hard_pairs(documents: list[list[tuple[str, Item]]], chance: random.Random) -> dict[str, list[Pair]]:
    everything = [each for document in documents for each in document]
    kinds = {
        "neighbours in one document": [pair for document in documents for pair in itertools.pairwise(document)],
        "one title, two links": alike(everything, lambda item: simple(item.title), lambda item: item.link),
        "one link, two titles": alike(everything, lambda item: item.link, lambda item: simple(item.title)),
        "titles nearly equal": list(near(everything)),
        "numbered alike": alike(everything, lambda item: re.sub(r"\d+", "0", item.title), lambda item: item.title),
    }
    return {kind: chance.sample(pairs, min(HARD, len(pairs))) for kind, pairs in kinds.items()}


def alike(
    everything: Iterable[tuple[str, Item]], same: Callable[[Item], str | None], other: Callable[[Item], str | None]
) -> list[Pair]:
    groups: defaultdict[str, list[tuple[str, Item]]] = defaultdict(list)
    for each in everything:
        if name := same(each[1]):
            groups[name].append(each)
    pairs = (pair for group in groups.values() for pair in itertools.combinations(group[:40], 2))
    return [(one, two) for one, two in pairs if other(one[1]) != other(two[1])]


def near(everything: Iterable[tuple[str, Item]]) -> Iterator[Pair]:
    words = [(each, frozenset(re.findall(r"\w+", each[1].title.casefold()))) for each in everything]
    by_word: defaultdict[str, list[int]] = defaultdict(list)
    for at, (_, bag) in enumerate(words):
        for word in bag:
            by_word[word].append(at)
    rare = [places for places in by_word.values() if len(places) <= 20]  # noqa: PLR2004
    for one, two in sorted({pair for places in rare for pair in itertools.combinations(places, 2)}):
        (first, bag), (second, other) = words[one], words[two]
        if bag != other and len(bag & other) >= NEAR * len(bag | other):
            yield first, second


def merged_alone(pair: Pair) -> str | None:
    """Return how two items became one entry, if they did: listed side by side in a feed, or one after the other."""
    (feed, one), (other, two) = pair
    if feed == other and len(entries_after([(feed, [one, two])])) == 1:
        return "side by side"
    if len(entries_after([(feed, [one]), (other, [two])])) == 1:
        return "after each other"
    return None


def entries_after(polls: Sequence[tuple[str, Sequence[Item]]]) -> list[KnownEntry]:
    """Judge documents one after the other, as if nothing else were known; nothing is listed twice."""
    entries: list[KnownEntry] = []
    for feed, items in polls:
        listed = candidates(items)
        known = {
            each.key: replace(each, here=each.here if each.feed == feed else (), elsewhere=each.feed != feed)
            for each in entries
        }
        verdict = judge(feed, listed, Known({}, known, former=frozenset(known)), now=AT)
        sighted = {sight.entry: sight.candidate for sight in verdict.sights}
        for addition in verdict.additions:
            it = addition.candidate
            entry = KnownEntry(
                key=len(entries) + 1,
                feed=feed,
                item=it.item,
                digest=it.digest,
                canonical=it.canonical,
                content_key=it.content_key,
                published=addition.published,
                updated=addition.updated,
                here=(sighted[addition.key].key,),
            )
            entries.append(entry)
    return entries


def false_merges(pairs: dict[str, list[Pair]], *, show: bool) -> None:
    print("\n## Pairs of items that are two\n")
    row("pairs", "of them", "one link, title and date: the same", "other pairs that became one entry")
    row("---", *["---:"] * 3)
    for kind, members in pairs.items():
        became = [(pair, way) for pair in members if (way := merged_alone(pair))]
        apart = [(pair, way) for pair, way in became if not is_plainly_one(pair)]
        row(kind, len(members), len(became) - len(apart), len(apart))
        for ((feed, one), (other, two)), way in apart if show else ():
            print(way, *((url, each.title, each.link, each.published) for url, each in ((feed, one), (other, two))))


def halves(documents: list[list[tuple[str, Item]]]) -> None:
    """Count merges where a feed lists half of its items, and then the others: as if everything had been renamed."""
    items = entries = 0
    for document in documents:
        feed, listed = document[0][0], [item for _, item in document]
        apart = {(item.link, simple(item.title), item.published, item.summary): item for item in listed}
        found = entries_after([(feed, list(apart.values())[::2]), (feed, list(apart.values())[1::2])])
        items, entries = items + len(apart), entries + len(found)
    row("every other item of each feed, then the rest (items)", items, "", items - entries)


def is_plainly_one(pair: Pair) -> bool:
    (_, one), (_, two) = pair
    return one.link == two.link and simple(one.title) == simple(two.title) and one.published == two.published
