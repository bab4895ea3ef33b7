"""The invented news: well-formed, fresh, in every format, and exactly as much as is promised."""

from __future__ import annotations

import calendar
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from hatchling.builders.wheel import WheelBuilder
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

import aggregator.demo
from aggregator.demo.documents import documents
from aggregator.demo.publishers import EXPECTED

if TYPE_CHECKING:
    from collections.abc import Iterable

    from aggregator.demo.documents import Representation

    Rounds = tuple[dict[str, Representation], dict[str, Representation]]
    Parsed = tuple[dict[str, Any], dict[str, Any]]

FEEDS = {
    "/brindlewick.atom": ("atom10", 4, 4),
    "/fennmoor.rdf": ("rss10", 3, 3),
    "/fil-des-modeles.rss": ("rss20", 3, 4),
    "/magpie.xml": ("rss092", 3, 4),
    "/modellnotizen.atom": ("atom10", 2, 2),
    "/morning-tensor.rss": ("rss20", 5, 6),
    "/patient-gradient.rss": ("rss20", 2, 2),
    "/planet.atom": ("atom10", 4, 4),
    "/quillon.rss": ("rss20", 1, 1),
    "/tallow-pier.xml": ("rss091u", 2, 2),
    "/teakettle.atom": ("atom03", 2, 2),
}


def test_every_format_is_read_with_its_entries(parsed: Parsed) -> None:
    """Feedparser finds the format and number of entries in both rounds, and nothing to complain of."""
    first, second = parsed
    found = {path: (feed.version, len(feed.entries), len(second[path].entries)) for path, feed in first.items()}
    assert found == FEEDS
    assert not [path for feeds in parsed for path, feed in feeds.items() if feed.bozo]


def test_every_feed_is_well_formed(rounds: Rounds) -> None:
    """A strict XML parser accepts each feed, and no placeholder is left in it."""
    for path, document in ((path, served[path]) for served in rounds for path in FEEDS):
        etree.fromstring(document.body)
        assert not re.search(rb"\{\{|\{%", document.body), path


def test_every_entry_can_be_told_apart_and_opened(parsed: Parsed) -> None:
    """Each entry has a title, a text and a link on a host that nobody can own (RFC 2606)."""
    for entry in (entry for feeds in parsed for feed in feeds.values() for entry in feed.entries):
        assert entry.title
        assert entry.summary
        assert str(urlsplit(entry.link).hostname).endswith(".example")


def test_every_date_is_fresh(parsed: Parsed, now: datetime) -> None:
    """All dates lie between 4 days and 5 minutes before now; only formats without dates have none."""
    undated = set()
    for path, feed in ((path, feed) for feeds in parsed for path, feed in feeds.items()):
        for thing in (feed.feed, *feed.entries):
            dates = [thing[key] for key in ("published_parsed", "updated_parsed") if key in thing]
            moments = [datetime.fromtimestamp(calendar.timegm(date), UTC) for date in dates]
            assert all(now - timedelta(days=4) <= moment <= now - timedelta(minutes=5) for moment in moments)
            if thing is not feed.feed and not moments:
                undated.add(path)
    assert undated == {"/tallow-pier.xml", "/magpie.xml"}


def test_second_round_is_newer_than_all_of_the_first(parsed: Parsed, rounds: Rounds, now: datetime) -> None:
    """What comes in the second round is dated after anything in the first, and is modified later."""
    newest = [max(_published(entry) for feed in feeds.values() for entry in feed.entries) for feeds in parsed]
    modified = [max(document.modified for document in served.values()) for served in rounds]
    assert newest[0] < newest[1]
    assert newest[0] < modified[0].timestamp() < modified[1].timestamp() < now.timestamp()


def test_equal_arguments_give_equal_bytes(rounds: Rounds, now: datetime) -> None:
    """Documents depend on address and moment only, and not on the moment's time zone or fraction."""
    moment = now.astimezone(UTC).replace(microsecond=0)
    again = tuple(documents(number, base="http://127.0.0.1:80", now=moment) for number in (1, 2))
    assert again == rounds


def test_second_round_changes_just_what_it_says(rounds: Rounds) -> None:
    """Five documents change; each other keeps its bytes and both validators."""
    first, second = rounds
    assert first.keys() == second.keys()
    changed = {path for path in first if first[path] != second[path]}
    assert changed == {
        "/brindlewick.atom",
        "/fil-des-modeles.rss",
        "/magpie.xml",
        "/morning-tensor.rss",
        "/patient-gradient.rss",
    }
    assert all(first[path].etag != second[path].etag for path in changed)
    assert all(first[path].modified < second[path].modified for path in changed)


def test_second_round_edits_one_text(parsed: Parsed) -> None:
    """One entry has another text and `updated`, and the same id, link, title and published."""
    pairs = zip(*(feeds["/brindlewick.atom"].entries for feeds in parsed), strict=True)
    ((old, new),) = [(old, new) for old, new in pairs if old != new]
    assert {key for key in old if old[key] != new[key]} == {"updated", "updated_parsed", "content", "summary"}


def test_second_round_changes_one_guid(parsed: Parsed) -> None:
    """One entry has another guid, and nothing else about it differs."""
    pairs = zip(*(feeds["/patient-gradient.rss"].entries for feeds in parsed), strict=True)
    ((old, new),) = [(old, new) for old, new in pairs if old != new]
    assert {key for key in old if old[key] != new[key]} == {"id"}


def test_planet_says_where_its_entries_come_from(rounds: Rounds, parsed: Parsed) -> None:
    """Every entry of the planet keeps the id, link, title and feed id of the entry that it repeats."""
    originals = {
        (entry.id, entry.link, entry.title, feed.feed.id)
        for path, feed in parsed[0].items()
        if path in {"/brindlewick.atom", "/teakettle.atom"}
        for entry in feed.entries
    }
    copies = {(entry.id, entry.link, entry.title, entry.source.id) for entry in parsed[0]["/planet.atom"].entries}
    assert len(copies) == 4
    assert copies < originals


def test_podcast_has_what_players_need(parsed: Parsed) -> None:
    """Every episode has an enclosure with type and length, and a duration."""
    for episode in parsed[0]["/patient-gradient.rss"].entries:
        (enclosure,) = episode.enclosures
        assert enclosure.type == "audio/mpeg"
        assert int(enclosure.length) > 0
        assert re.fullmatch(r"\d+:\d\d", episode.itunes_duration)


def test_languages_are_stated(parsed: Parsed) -> None:
    """The French and the German feed say so, and the others are English."""
    languages = {path: feed.feed.language for path, feed in parsed[0].items()}
    assert languages.pop("/fil-des-modeles.rss") == "fr"
    assert languages.pop("/modellnotizen.atom") == "de"
    assert {language[:2] for language in languages.values()} == {"en"}


@given(data=st.data())
def test_expected_numbers_hold_in_any_order(parsed: Parsed, data: st.DataObject) -> None:
    """Counting by links, titles and guids gives EXPECTED, whichever source is read first."""
    sources = sorted(FEEDS)
    orders = [data.draw(st.permutations(sources)) for _ in parsed]
    counts = _count([(path, feeds[path]) for path in order] for order, feeds in zip(orders, parsed, strict=True))
    assert counts == [(number.new, number.updated, number.duplicates) for number in EXPECTED]


def test_every_document_is_in_the_wheel() -> None:
    """The build takes the templates along, not only the modules."""
    folder = Path(aggregator.demo.__file__).parent
    root = folder.parent.parent
    if not (root / "pyproject.toml").exists():
        pytest.skip("installed: there is nothing to build")
    built = {file.distribution_path for file in WheelBuilder(str(root)).recurse_included_files()}
    ours = {str(path.relative_to(root)) for path in (folder / "feeds").iterdir()}
    assert len(ours) == len(FEEDS) + 1
    assert {*ours, "aggregator/demo/feeds.yaml"} <= built


def _published(entry: Any) -> int:
    return calendar.timegm(entry.get("published_parsed") or (1970, 1, 1, 0, 0, 0))


def _count(rounds: Iterable[Iterable[tuple[str, Any]]]) -> list[tuple[int, int, int]]:
    """Count new, updated and duplicate items of each round, by brute force."""
    texts: dict[tuple[str, str], str] = {}
    known: dict[tuple[str, str], set[str]] = {}
    counts = []
    for feeds in rounds:
        new = updated = duplicates = 0
        for path, entry in ((path, entry) for path, feed in feeds for entry in feed.entries):
            guid = (path, entry.get("id", entry.link))
            sources = known.setdefault((entry.link.partition("?utm_")[0], entry.title), set())
            new += not sources
            duplicates += bool(sources) and path not in sources
            updated += texts.get(guid, entry.summary) != entry.summary
            sources.add(path)
            texts[guid] = entry.summary
        counts.append((new, updated, duplicates))
    return counts
