"""By what a feed's items are known: it only becomes stricter, on evidence, and announces nothing."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from aggregator.decide.naming import settled
from aggregator.listings import NamedBy, Naming

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from aggregator.model import Item

    Make = Callable[..., Item]

FEED = "https://site.example/feed"
LOG = "https://site.example/log"


def test_guids_are_believed(item: Make, now: datetime) -> None:
    """A feed whose items have a guid each is known by them, and nothing is written."""
    naming = Naming()
    assert settled(naming, [item(number) for number in range(9)], now) is naming


@pytest.mark.parametrize(
    ("changes", "by", "reason"),
    [
        ({"guid": None}, NamedBy.LINK, "4 of 4 items have no guid"),
        ({"guid": "same"}, NamedBy.LINK, "4 of 4 items share their guid with another"),
        ({"guid": LOG, "link": LOG}, NamedBy.TITLE, "4 of 4 items share their guid with another"),
        ({"guid": None, "link": LOG, "title": "Update"}, NamedBy.DATE, "4 of 4 items have no guid"),
        ({"guid": None, "link": None}, NamedBy.CONTENT, "4 of 4 items have no guid"),
        ({"guid": None, "link": LOG, "title": "Update", "published": None}, NamedBy.GUID, ""),
    ],
)
def test_what_is_missing_or_shared_names_nothing(
    item: Make, now: datetime, changes: dict[str, Any], by: NamedBy, reason: str
) -> None:
    """Down the list to the first kind of name that tells a document's items apart, with the reason for leaving."""
    items = [item(number, **changes) for number in range(4)]
    named = settled(Naming(), items, now)
    if by is NamedBy.GUID:  # nothing at all tells them apart but the text: they have no guid, and share all else
        assert named.by is NamedBy.LINK
        return
    assert (named.by, named.reason, named.since) == (by, reason, now)
    assert settled(named, items, now + timedelta(days=1)) is named


def test_it_never_becomes_looser(item: Make, now: datetime) -> None:
    """A feed that begins to give guids goes on under the names that it has."""
    named = settled(Naming(), [item(number, guid=None) for number in range(4)], now)
    assert settled(named, [item(number) for number in range(4)], now) is named


@pytest.mark.parametrize("changed", [1, 2])
def test_a_few_items_are_no_evidence(item: Make, now: datetime, changed: int) -> None:
    """A guid that is missing or given twice here and there is told apart within its document."""
    items = [item(number, guid=None if number < changed else f"{number // 2}") for number in range(9)]
    items = [item(number, guid=None if number < changed else f"g{max(number, 4)}") for number in range(9)]
    assert settled(Naming(), items, now).by is NamedBy.GUID
    assert settled(Naming(), items[:2], now).by is NamedBy.GUID


def test_guids_of_one_day_are_given_up_after_three_documents(new_shelf: Callable[[], Any], item: Make) -> None:
    """Known items under other guids, three documents in a row: links name them, nothing is announced or edited."""
    shelf = new_shelf()
    for poll in range(6):
        verdict = shelf.poll(FEED, [item(number, guid=f"{poll}-{number}") for number in range(5)])
        assert bool(verdict.additions) is (poll == 0)
        assert verdict.revisions == ()
        assert shelf.naming[FEED].by is (NamedBy.GUID if poll < 3 else NamedBy.LINK)
    assert shelf.naming[FEED].reason == "5 of 5 known items had another guid, 3 documents in a row"
    assert not any(sight.first for sight in verdict.sights)
    assert len(shelf.sightings) == 5


def test_guids_that_change_once_are_believed_again(new_shelf: Callable[[], Any], item: Make) -> None:
    """A publisher may change its platform, even twice: guids that stay afterwards are names."""
    shelf = new_shelf()
    for version in (0, 1, 1, 2, 2, 2):
        shelf.poll(FEED, [item(number, guid=f"{version}-{number}") for number in range(5)])
    assert shelf.naming[FEED] == Naming()


def test_links_of_one_day_are_given_up_too(new_shelf: Callable[[], Any], item: Make) -> None:
    """Guids and links that carry a token of the request leave title, date and text; an edit there is a new name."""
    shelf = new_shelf()
    for poll in range(6):
        items = [item(number, guid=None, link=f"https://site.example/{number}?q={poll}") for number in range(5)]
        assert bool(shelf.poll(FEED, items).additions) is (poll == 0)
    assert shelf.naming[FEED].by is NamedBy.CONTENT
    items[0] = item(0, guid=None, link="https://site.example/0?q=9", summary="An edit")
    assert shelf.poll(FEED, items).additions == ()


def test_an_id_is_never_a_guid_that_names_nothing(new_shelf: Callable[[], Any], item: Make) -> None:
    """Entries of a feed whose guids are no names get ids of ours."""
    shelf = new_shelf()
    shelf.poll(FEED, [item(number, guid="https://site.example/same") for number in range(4)])
    assert all(made.startswith("urn:uuid:") for made in shelf.ids.values())
