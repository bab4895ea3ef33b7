"""Feeds that rename, repeat, reorder and rewrite what they list, that list too much or nothing, and that cannot be read."""

from __future__ import annotations

import gzip
from html import unescape
from typing import TYPE_CHECKING, Any

import pytest
from lxml import etree

from aggregator.model import Outcome
from aggregator.publish.press import Press
from aggregator.publish.static import StaticFiles
from aggregator.run.clock import utc_now
from aggregator.store.sqlite.store import SqliteStore

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SITE = "https://wild.example"


def item(
    name: str, *, guid: str | None = None, link: str | None = None, date: str | None = None, text: str = ""
) -> str:
    """Write an item; without a date of its own it was published on the 4th of May."""
    dated = "" if date == "" else f"<pubDate>{date or 'Mon, 04 May 2026 10:00:00 GMT'}</pubDate>"
    return (
        f"<item><title>About {name}</title><guid isPermaLink='false'>{guid or name}</guid>"
        f"<link>{link or f'{SITE}/{name}'}</link>{dated}<description>{text or f'All of {name}.'}</description></item>"
    )


def document(*items: str, head: str = "") -> bytes:
    """Write a feed."""
    return f'{head}<rss version="2.0"><channel><title>T</title><link>{SITE}/</link>{"".join(items)}</channel></rss>'.encode()


def polled(world: Any, answer: Callable[..., bytes], *documents: bytes, **said: str) -> list[Any]:
    """Poll documents one after the other beside the healthy; return what was said of each."""
    url, reports = world.origin.url(), []
    world.configure(url)
    for body in documents:
        world.origin.answers["/feed"] = answer(body, *(f"{name}: {value}" for name, value in said.items()))
        told = world.round()
        told.check_healthy()
        reports.append(told[url])
        world.later(hours=2)
    return reports


NAMES = [f"story{number}" for number in range(8)]
PLAIN = document(*map(item, NAMES))
AGAIN = {
    "other guids": document(*(item(name, guid=f"new-{name}") for name in NAMES)),
    "other guids once more": document(*(item(name, guid=f"newer-{name}") for name in NAMES)),
    "another order": document(*map(item, reversed(NAMES))),
    "tracking": document(*(item(name, link=f"{SITE}/{name}?utm_source=rss&amp;utm_term={name}") for name in NAMES)),
    "other times": document(*(item(name, date="Mon, 04 May 2026 11:30:00 GMT") for name in NAMES)),
    "no guids": PLAIN.replace(b"<guid", b"<x").replace(b"</guid", b"</x"),
}
"""The same items, otherwise."""


@pytest.mark.fault("F19")
@pytest.mark.parametrize("kind", AGAIN)
def test_F19_the_same_items_otherwise_are_no_news(kind: str, world: Any, answer: Callable[..., bytes]) -> None:
    """New guids, another order, tracking, times made anew: nothing is new, nothing comes twice."""
    reports = polled(world, answer, PLAIN, AGAIN[kind], PLAIN, AGAIN[kind])
    assert [report.new for report in reports] == [8, 0, 0, 0]
    assert world.titles(world.origin.url()) == {f"About {name}" for name in NAMES}


@pytest.mark.fault("F19")
def test_F19_rewritten_items_are_edits(world: Any, answer: Callable[..., bytes]) -> None:
    """Every item rewritten at each poll is an edit in its place, not news."""
    texts = [document(*(item(name, text=f"Now it is {hour} of {name}.") for name in NAMES)) for hour in range(3)]
    reports = polled(world, answer, *texts)
    assert [(report.new, report.updated) for report in reports] == [(8, 0), (0, 8), (0, 8)]


@pytest.mark.fault("F19")
def test_F19_a_guid_that_is_used_again_is_an_edit(world: Any, answer: Callable[..., bytes]) -> None:
    """Who gives other items old guids changes the entries of these: nothing comes twice, what they said before is kept."""
    days = [
        document(
            *(item(f"{day}{number}", guid=f"g{number}", date=f"{day} May 2026 09:00:00 GMT") for number in range(3))
        )
        for day in ("02", "03", "04")
    ]
    reports = polled(world, answer, *days)
    assert [(report.new, report.updated) for report in reports] == [(3, 0), (0, 3), (0, 3)]
    assert world.titles(world.origin.url()) == {f"About 04{number}" for number in range(3)}
    with world.store.snapshot() as tx:
        (key,) = (entry.key for entry in tx.entries.all() if entry.item.title == "About 040")
        assert [revision.title for revision in tx.entries.revisions(key)] == ["About 030", "About 020"]


@pytest.mark.fault("F20")
def test_F20_thousands_of_items(world: Any, answer: Callable[..., bytes]) -> None:
    """Of 3,000 items the thousand newest are taken; the same again is nothing new, whatever their order."""
    days = [f"{day:02} {month} 2025 10:00:00 GMT" for month in ("Jan", "Feb", "Mar") for day in range(1, 29)]
    items = [item(f"n{number}", date=days[number % len(days)]) for number in range(3000)]
    body = gzip.compress(document(*items))
    again = gzip.compress(document(*reversed(items)))
    first, second = polled(world, answer, body, again, **{"Content-Encoding": "gzip"})
    assert (first.entries, first.new) == (1000, 1000)
    assert second.new <= 40, "of one day some were beyond the limit"


@pytest.mark.fault("F20")
@pytest.mark.parametrize(
    ("body", "outcome", "words"),
    [
        (document(item("large", text="x" * 11_000_000)), Outcome.ERROR, "max_body"),
        (document(), Outcome.UNCHANGED, None),
        (document(*(item(name, date="Mon, 04 May 2026 10:00:00 GMT") for name in NAMES)), Outcome.NEW, None),
        (document(*(item(name, date="") for name in NAMES)), Outcome.NEW, None),
        (document(*(item(name, date="yesterday, I think") for name in NAMES)), Outcome.NEW, None),
        (document(*(item(name, date="Mon, 01 Jan 0001 00:00:00 GMT") for name in NAMES)), Outcome.NEW, None),
    ],
    ids=["15 MB", "no items", "one date", "no dates", "no date that is one", "the year 1"],
)
def test_F20_sizes_and_dates(
    body: bytes, outcome: Outcome, words: str | None, world: Any, answer: Callable[..., bytes]
) -> None:
    """Too large is told; without dates, items keep their order, and are of when they came."""
    (report,) = polled(world, answer, body)
    assert (report.outcome, words is None or words in (report.error or "")) == (outcome, True)
    with world.store.snapshot() as tx:
        entries = [entry for entry in tx.entries.all() if entry.feed == world.origin.url()]
    assert len(entries) == (8 if outcome is Outcome.NEW else 0)
    assert all(entry.published.year >= 1990 and entry.published <= world.now for entry in entries)
    assert len({entry.updated for entry in entries}) == len(entries), "a stable order"


def encoded(text: str, encoding: str, label: str = "") -> bytes:
    """Write a feed with this title in an encoding."""
    head = f'<?xml version="1.0"{f" encoding={chr(34)}{label}{chr(34)}" if label else ""}?>'
    return document(item("x"), head=head).decode().replace("About x", text).encode(encoding)


ENCODINGS = {
    "utf-16 with BOM": (encoded("é 日本", "utf-16"), "é 日本", ""),
    "latin-1 labelled utf-8": (encoded("café", "latin-1", "utf-8"), "café", ""),
    "windows-1252 in the header": (encoded("“x” €", "cp1252"), "“x” €", "application/rss+xml; charset=windows-1252"),
    "gb18030": (encoded("人工智能", "gb18030", "gb18030"), "人工智能", ""),
    "control characters": (encoded("a\x01\x08b", "utf-8"), "ab", ""),
    "NUL": (encoded("a\x00b", "utf-8"), "ab", ""),
    "a lone surrogate": (encoded("a&#xD800;b", "utf-8"), "a", ""),
    "entities of HTML": (encoded("caf&eacute; &rsquo;", "utf-8"), "café ’", ""),
    "an ampersand": (encoded("AT&T & R&D", "utf-8"), "AT&T & R&D", ""),
    "cut in the middle": (document(item("whole"), "<item><title>cut")[:-24], "About whole", ""),
}


@pytest.mark.fault("F21")
@pytest.mark.parametrize("kind", ENCODINGS)
def test_F21_any_encoding_becomes_clean_xml(
    kind: str, world: Any, answer: Callable[..., bytes], tmp_path: Path
) -> None:
    """The text is recovered, and what is published of it is UTF-8 and well-formed XML 1.0 to a strict parser."""
    body, title, content_type = ENCODINGS[kind]
    (report,) = polled(world, answer, body, **({"Content-Type": content_type} if content_type else {}))
    assert report.error is None
    titles = {found.strip() for found in world.titles(world.origin.url())}
    assert any(found.startswith(title) for found in titles), titles
    press = Press(
        world.settings,
        StaticFiles(tmp_path / "out"),
        lambda: SqliteStore(world.store.path, readonly=True),
        clock=utc_now,
    )
    press.publish(frozenset(["all"]))
    for ending in ("atom", "rss"):
        published = (tmp_path / f"out/all.{ending}").read_bytes()
        etree.fromstring(published, etree.XMLParser(recover=False, resolve_entities=False))
        assert title in unescape(unescape(published.decode("utf-8")))


KILLERS = {
    "a bomb of entities": document(item("&i;"), head="<!DOCTYPE rss [<!ENTITY a 'lol'>" + "".join(
        f"<!ENTITY {new} '{f'&{old};' * 10}'>" for old, new in zip("abcdefgh", "bcdefghi", strict=True)) + "]>"),
    "deep XML": b"<rss><channel>" + b"<a>" * 200_000 + b"</a>" * 200_000 + b"</channel></rss>",
    "deep HTML": document(item("deep", text="&lt;b&gt;" * 100_000)),
    "a long attribute": document(item("attribute").replace("<link>", f"<link x='{'y' * 9_000_000}'>")),
}  # fmt: skip


@pytest.mark.fault("F22")
@pytest.mark.parametrize("kind", KILLERS)
def test_F22_killers_cost_nobody_else_anything(kind: str, world: Any, answer: Callable[..., bytes]) -> None:
    """Bombs, depth and length are read or refused in the time that a document has; the next document is read as ever."""
    first, second = polled(world, answer, KILLERS[kind], PLAIN)
    assert "mistake" not in (first.error or "")
    assert (second.error, second.new) == (None, 8)
