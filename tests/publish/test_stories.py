"""Which stories most sources tell, and which are young enough."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from aggregator.kinship import Coverage
from aggregator.publish.stories import most_covered, sources_of, within
from aggregator.store.releases import Released

if TYPE_CHECKING:
    from collections.abc import Callable

    from aggregator.model import Entry

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)


def by(*sources: str, rank: int = 5) -> tuple[Coverage, ...]:
    """Return coverage by these sources."""
    return tuple(Coverage("urn:9", "T", None, source, None, NOON, rank=rank) for source in sources)


def test_a_source_counts_once(make_entry: Callable[..., Entry]) -> None:
    """Whoever tells a story twice, or leads it, is one source."""
    assert sources_of(make_entry(1)) == 1
    assert sources_of(make_entry(1, coverage=by("A", "A", "The News", "B"))) == 3


def test_the_most_covered_come_first(make_entry: Callable[..., Entry]) -> None:
    """More sources first, then the better rank among them, then the newer, then the later stored; and no more than asked."""
    same = NOON - timedelta(days=3)
    entries = [
        make_entry(1),
        make_entry(2, coverage=by("A", "B")),
        make_entry(3, coverage=by("A")),
        make_entry(4, coverage=by("A", rank=1)),
        replace(make_entry(5), published=same),
        replace(make_entry(6), published=same),
    ]
    assert [entry.key for entry in most_covered(entries, 9)] == [2, 4, 3, 1, 6, 5]
    assert [entry.key for entry in most_covered(entries, 2)] == [2, 4]


def test_within_counts_from_the_newest_release(make_entry: Callable[..., Entry]) -> None:
    """What was released longer before the newest than the span is left out; of nothing there is nothing."""
    released = [Released(n, make_entry(n), NOON - timedelta(hours=n)) for n in (1, 3, 4)]
    assert [one.seq for one in within(released, timedelta(hours=3))] == [1, 3]
    assert within([], timedelta(hours=3)) == []


def test_top_holds_the_most_covered_of_its_window(newsdesk: Any) -> None:
    """An output with `top` has the best stories of the last days, presented by date, and lets the others go."""
    newsdesk.configure({"name": "top", "by": "story", "top": 1})
    grok = newsdesk.tell("a", "grok", 0, hours=9)
    chip = newsdesk.tell("a", "chip", 0, hours=2)
    assert list(newsdesk.told("top")) == [chip]
    newsdesk.tell("b", "grok", 1, hours=1)
    assert list(newsdesk.told("top")) == [grok]
    newsdesk.now += timedelta(days=4)
    law = newsdesk.tell("c", "law", 0)
    assert list(newsdesk.told("top")) == [law]


def test_documents_of_stories_do_not_depend_on_time(newsdesk: Any) -> None:
    """The same rows give the same bytes in every format, whatever the clock says."""
    newsdesk.tell("a", "grok", 0, hours=3)
    newsdesk.tell("b", "grok", 1)
    before = [newsdesk.render(ending=ending) for ending in ("atom", "rss", "json")]
    newsdesk.now += timedelta(days=9)
    newsdesk.drain()
    assert [newsdesk.render(ending=ending) for ending in ("atom", "rss", "json")] == before
    assert all(b"Also covered by" in document for document in before)
