from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

from aggregator.config.settings import Settings, Site
from aggregator.decide.lists import ListState
from aggregator.losses import Flood, Gap
from aggregator.model import FeedState, Header, Link, Rhythm
from aggregator.publish.atom import render_atom
from aggregator.publish.troubles import troubles

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)
SETTINGS = Settings(site=Site(title="Model News", url="https://news.example/"))
GOOD = FeedState(
    key=1, url="https://a.example/feed", fetch_url="https://a.example/feed", title="The A", last_success=NOON,
    last_poll=NOON, header=Header(links=(Link("https://a.example/"),)), rhythm=Rhythm(30, 30, NOON),
)  # fmt: skip
FAILING = replace(
    GOOD, key=2, title="The B <b>", errors=3, failing_since=NOON - DAY, error="404 Not Found.", remedy="Check <it>."
)
GONE = replace(GOOD, key=3, title="The C", gone=True, failing_since=NOON - DAY, error="410 Gone.")
SECRET = replace(FAILING, key=4, url="https://secret.example/?key=hush", title="Letters", private=True)


def told(*feeds: FeedState, now: datetime = NOON, lists: tuple[ListState, ...] = ()) -> list[Any]:
    """Return the entries of the feed of troubles; the document is written, too."""
    tx: Any = SimpleNamespace(feeds=SimpleNamespace(all=lambda: list(feeds)), instance="i", created=NOON - 99 * DAY)
    tx.lists = SimpleNamespace(all=lambda: list(lists))
    channel = troubles(tx, SETTINGS, now)
    document = render_atom(channel)
    assert document.count(b"<entry>") == len(channel.entries)
    assert b"<b>" not in document
    assert b"hush" not in document
    return list(channel.entries)


def test_nothing_wrong() -> None:
    """Sources that do well, were not asked yet or are switched off are not told of."""
    assert told(GOOD, replace(GOOD, last_success=None), replace(FAILING, enabled=False)) == []


def test_what_is_wrong() -> None:
    """A failing and a gone source have an entry each, with the reason, the remedy and since when; newest first."""
    gone, failing = told(GOOD, FAILING, GONE)
    assert (failing.item.title, failing.published) == ("The B <b>: failing", NOON - DAY)
    assert failing.item.content.startswith("<p>404 Not Found.</p><p>Check &lt;it&gt;.</p>")
    assert "It last answered on 2026-05-01" in failing.item.content
    assert failing.item.link == "https://a.example/"
    assert gone.item.title == "The C: gone"


def test_an_entry_stays_while_the_trouble_lasts() -> None:
    """Later failures change nothing, a new trouble is a new entry, and silence is told from its own time on."""
    (first,), (again,) = told(FAILING), told(replace(FAILING, errors=9, last_poll=NOON + DAY), now=NOON + DAY)
    assert again == first
    (later,) = told(replace(FAILING, failing_since=NOON))
    assert later.id != first.id
    assert told(GOOD, now=NOON + 7 * DAY) == []
    (quiet,) = told(GOOD, now=NOON + 8 * DAY)
    assert (quiet.item.title, quiet.published) == ("The A: quiet", NOON + 8 * DAY)
    assert told(GOOD, now=NOON + 50 * DAY) == [quiet]


def test_no_two_entries_of_one_moment() -> None:
    """Entries that changed in the same moment differ by milliseconds: validators warn of equal ones."""
    entries = told(*(replace(FAILING, key=key) for key in range(5)))
    assert len({entry.updated for entry in entries}) == 5
    assert max(entry.updated for entry in entries) - (NOON - DAY) < timedelta(milliseconds=9)


def test_a_private_source_is_not_named() -> None:
    """Anybody may read the feed: of a private source it says only that something is wrong."""
    (entry,) = told(SECRET)
    assert entry.item.title == "A private source: failing"
    assert (entry.item.link, entry.feed) == (None, "")
    assert "404" not in entry.item.content


LOST = Gap(at=NOON, before=NOON - DAY, least=1, likely=2, most=4, ended=NOON, outcome="there is no archive")
FLOODED = replace(GOOD, gap=LOST, flood=Flood(NOON - DAY, 80))


def test_gaps_and_floods() -> None:
    """A gap that is not repaired and a flood have entries of their own, for a week, whatever the source's state."""
    gap, flood = told(FLOODED)
    assert (gap.item.title, gap.published) == ("The A: gap", NOON)
    assert "about 2 entries (1 to 4)" in gap.item.content
    assert (flood.item.title, flood.published) == ("The A: flood", NOON - DAY)
    assert "80 entries" in flood.item.content
    assert told(FLOODED, now=NOON + 6 * DAY) == [gap]
    assert [entry.item.title for entry in told(FLOODED, now=NOON + 8 * DAY)] == ["The A: quiet"]
    assert told(replace(FLOODED, enabled=False)) == []
    assert len(told(replace(FAILING, gap=LOST, flood=FLOODED.flood))) == 3


def test_a_gap_that_is_or_may_be_repaired_is_no_trouble() -> None:
    """While a gap is being repaired, and when it is, there is nothing to be done."""
    assert told(replace(GOOD, gap=replace(LOST, page="https://a.example/2"))) == []
    assert told(replace(GOOD, gap=replace(LOST, repaired=True))) == []


def test_a_private_sources_gap_is_not_described() -> None:
    """Of a private source it is told that there is a gap, and nothing of what it says."""
    (entry,) = told(replace(SECRET, errors=0, gap=replace(LOST, outcome="hush is wrong")))
    assert entry.item.title == "A private source: gap"
    assert entry.item.content == "<p>See: aggregator feeds</p>"


def test_a_failing_list() -> None:
    """A remote list that cannot be read has an entry while it lasts; a private one tells nothing that could name it."""
    failing = ListState(
        "https://lists.example/a.opml", title="Blogs <b>", errors=1, failing_since=NOON - DAY, error="404 Not Found."
    )
    secret = replace(failing, address="https://lists.example/?key=hush", private=True, title="hush", error="hush")
    private, public = told(GOOD, lists=(ListState("https://lists.example/ok"), failing, secret))
    if "private" in public.item.title:
        private, public = public, private
    assert (public.item.title, public.item.link) == ("Blogs <b>: failing", failing.address)
    assert "<p>404 Not Found.</p><p>The sources that it named before stay.</p>" in public.item.content
    assert (private.item.title, private.item.link) == ("A private list of sources: failing", None)
    (again, _) = told(lists=(replace(failing, errors=9), failing), now=NOON + DAY)
    assert again.id == public.id
