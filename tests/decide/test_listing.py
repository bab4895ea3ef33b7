"""What of a document may stay unread the next time."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from aggregator.decide.candidates import candidates
from aggregator.decide.changes import Known, KnownEntry, Revision, Sight, Verdict, judge
from aggregator.decide.listing import dates_of, is_as_listed, listing_of, stand_alone, unchanged, unread
from aggregator.listings import Line, Listing, NamedBy, Parts, from_text, to_text
from aggregator.model import Document, FeedState, Header, Item

if TYPE_CHECKING:
    from collections.abc import Callable

    from aggregator.decide.candidates import Candidate

    Make = Callable[..., Item]

FEED = "https://site.example/feed"
STATE = FeedState(1, FEED, FEED)
NOW = datetime(2026, 4, 20, 12, tzinfo=UTC)


def kept(*items: Item, by: NamedBy = NamedBy.GUID, held: tuple[int, ...] = ()) -> Listing:
    """Return what is kept of a first document."""
    listed = candidates(items, by=by)
    judged = Known(), judge(FEED, listed, Known(), now=NOW)
    parts = Parts("context", tuple(f"raw {number}" for number in range(len(items))))
    return listing_of(parts, listed, judged, held, STATE, by)


def test_written_down_and_read(item: Make) -> None:
    """A listing survives being written down."""
    listing = kept(item(1), item(2, title="Été"), item(3, link=None))
    assert from_text(to_text(listing)) == listing
    assert len(listing.keys) == 3


@pytest.mark.parametrize(
    ("changes", "by"),
    [
        ({"link": None}, NamedBy.GUID),
        ({"guid": None}, NamedBy.GUID),
        ({"published": NOW + timedelta(microseconds=1)}, NamedBy.GUID),
        ({"link": None}, NamedBy.TITLE),
    ],
)
def test_items_that_are_read_each_time(item: Make, changes: dict[str, object], by: NamedBy) -> None:
    """What lacks the name that its feed goes by, or a link, or has a date finer than is kept, does not stay unread."""
    listing = kept(item(1), item(2, **changes), by=by)
    assert (len(listing.lines), len(listing.others)) == (1, 1)


@pytest.mark.parametrize("by", list(NamedBy))
def test_names_that_depend_on_others(item: Make, by: NamedBy) -> None:
    """Items that only more than their name tells apart, or nothing at all, are read each time."""
    one = item(1)
    same = {"guid": one.guid, "link": one.link, "title": one.title, "published": one.published}
    listing = kept(one, item(2, **same, summary="other"), item(3), item(4), item(4), by=by)
    assert len(listing.lines) == (3 if by is NamedBy.CONTENT else 1)


def test_what_is_held_back_is_read_each_time(item: Make) -> None:
    """A later listing may let it go."""
    assert len(kept(item(1), item(2), held=(-1,)).lines) == 1


def entry_of(candidate: Candidate, key: int, **changes: Any) -> KnownEntry:
    """Return an entry of this feed that a candidate was listed as before."""
    canonical, content = candidate.canonical, candidate.content_key
    entry = KnownEntry(key, FEED, candidate.item, candidate.digest, canonical, content, NOW, NOW, id=str(key))
    return replace(entry, **changes)


def test_what_others_supply_is_read_each_time(item: Make) -> None:
    """An entry of another feed's may become this one's; one that this one took over just now stays unread."""
    listed, other = candidates([item(1), item(2), item(3), item(4), item(5)]), "https://b.example/feed"
    states: list[dict[str, Any]] = [{"feed": other}, {"feed": other}, {"held": "flood"}, {}, {}]
    entries = {key: entry_of(one, key, **state) for key, (one, state) in enumerate(zip(listed, states, strict=True))}
    sights = tuple(Sight(key if key < 4 else -1, one, first=False) for key, one in enumerate(listed))
    revised = tuple(Revision(key, listed[0], NOW, NOW) for key in (1, 2, -1))
    judged = Known(entries=entries), Verdict(revisions=revised, sights=sights)
    listing = listing_of(Parts("context", tuple("abcde")), listed, judged, (), STATE, NamedBy.GUID)
    assert [line.raw for line in listing.lines] == ["b", "d", "e"]


def test_documents_that_cannot_be_read_in_part(item: Make) -> None:
    """Their items' names are kept."""
    listed = candidates([item(1), item(2)])
    for parts in (None, Parts("context", ("one",))):
        listing = listing_of(parts, listed, (Known(), Verdict()), (), STATE, NamedBy.GUID)
        assert (listing.context, listing.lines, len(listing.keys)) == ("", (), 2)


def test_what_stayed_unread_stays_so(item: Make) -> None:
    """Lines of the last document go over into the next."""
    line = kept(item(1)).lines[0]
    document = Document(Header(), (), parts=Parts("context", (), (line,)))
    assert unread(document) == (line,)
    assert unread(Document(Header(), ())) == unread(None) == ()
    assert listing_of(document.parts, [], (Known(), Verdict()), (), STATE, NamedBy.GUID).lines == (line,)


def test_which_are_unchanged(item: Make) -> None:
    """Those with the same bytes, while all that they inherit is the same and no two are alike."""
    listing = kept(item(1), item(2))
    assert unchanged(listing, "context", ["new", "raw 1"]) == {1: listing.lines[1]}
    assert unchanged(listing, "other", ["raw 1"]) == {}
    assert unchanged(listing, "context", ["raw 1", "raw 1"]) == {}
    assert unchanged(Listing(), "", ["raw 1"]) == {}


@pytest.mark.parametrize(
    ("changes", "alone"),
    [({}, True), ({"guid": "x"}, False), ({"title": "Post number 1"}, False), ({"link": None}, False)],
)
def test_what_stands_alone(item: Make, changes: dict[str, object], alone: bool) -> None:
    """An item that shares name, link or title with one that was not read is compared with it, so both are read."""
    lines = kept(item(1, guid="x"), item(3)).lines
    listed = candidates([item(2, **changes)])
    assert stand_alone(listed, lines) is alone
    assert not stand_alone(candidates([item(4, link=item(3).link)]), lines)


def test_is_as_it_was_listed(item: Make) -> None:
    """Digest and link of what is kept are compared with the line."""
    (candidate,), (line,) = candidates([item(1)]), kept(item(1)).lines
    assert is_as_listed(line, candidate.digest, candidate.canonical)
    assert not is_as_listed(line, "2:other", candidate.canonical)
    assert not is_as_listed(line, candidate.digest, "other")
    assert not is_as_listed(line, candidate.digest, None)


def test_dates() -> None:
    """Published comes first, and neither need be there."""
    line = Line("", "", "", "", "", None, 1000)
    assert dates_of(line) == [datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC)]
    assert [date.second for date in dates_of(line._replace(published=2000))] == [2, 1]
