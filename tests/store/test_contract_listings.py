"""Feeds' last documents: every backend keeps them alike (store/listings.py)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from aggregator.decide.listing import short
from aggregator.listings import Line, Listing, NamedBy, to_text

if TYPE_CHECKING:
    from collections.abc import Callable

LATER = datetime(2026, 1, 6, tzinfo=UTC)
A, B = "https://a.example/feed", "https://b.example/feed"


def lines(desk: Any, *items: Any) -> list[Line]:
    """Return items as the last document listed them."""
    made = [(desk.candidate(item), item) for item in items]
    return [Line("", one.key, one.digest[:14], short(one.canonical), "", None, None) for one, _ in made]


def test_the_last_document_is_kept(desk: Any) -> None:
    """Each feed has one listing, the last one; new names of its items make it worthless."""
    desk.sync(A, B)
    listing = Listing("context", NamedBy.LINK, (Line("r", "k", "d", "c", "t", 1, None),), ("é",))
    a, b = desk.feed(A), desk.feed(B)
    with desk.store.transaction() as tx:
        tx.listings.keep(a, Listing())
        tx.listings.keep(a, listing)
        assert tx.listings.last(a) == to_text(listing)
        assert tx.listings.last(b) is None
        tx.feeds.rekey(a, {}, NamedBy.CONTENT)
        assert tx.listings.last(a) is None


def test_sighted_once_more(desk: Any, item: Callable[..., Any]) -> None:
    """What was left unread is noted as listed."""
    desk.sync(A)
    keys = desk.keep(A, item(1), item(2))
    feed, moved = (
        desk.feed(A),
        [item(number, guid=f"new {number}", link=f"https://b.example/{number}") for number in (1, 2)],
    )
    desk.keep(A, item(3), at=LATER)
    with desk.store.transaction() as tx:
        same = tx.listings.unread(feed, lines(desk, item(1), item(2)))
        assert tx.listings.unread(feed, []) == []
        tx.listings.sight(same, LATER)
        former = tx.entries.known(feed, [desk.candidate(one) for one in moved]).former
    assert len(same) == 2
    assert former == {*keys, 3}


@pytest.mark.parametrize("change", ["edited", "held", "unknown", "another's"])
def test_what_is_not_as_it_was(desk: Any, item: Callable[..., Any], change: str) -> None:
    """Listed with something else, held back, unknown, or supplied by another feed: it has to be read."""
    desk.sync(A, B)
    one, _ = desk.keep(A, item(1), item(2))
    known = lines(desk, item(1), item(2))
    if change == "edited":
        desk.list(A, (one, item(1, title="Other"), False))
    elif change == "held":
        with desk.store.transaction() as tx:
            tx.entries.set_held([one], "flood")
    elif change == "unknown":
        known.append(known[0]._replace(key="g:other"))
    else:
        desk.list(B, (one, item(1), True))
        desk.revise(B, one, item(1))
    feed = desk.feed(A)
    with desk.store.snapshot() as tx:
        assert tx.listings.unread(feed, known) is None
