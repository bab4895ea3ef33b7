"""A site that moves, a platform that changes, a feed that gives everything a new name: no news."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from aggregator.model import Item

    Make = Callable[..., Item]
    NewShelf = Callable[[], Any]

OWN = "https://site.example/feed"


def moved(post: Item, **changes: Any) -> Item:
    """Return an item after its site has moved: another guid, another address altogether."""
    number = (post.link or "").rpartition("/")[2]
    return replace(post, **({"guid": f"new {number}", "link": f"https://new.example/p?id={number}9"} | changes))


def test_a_site_moves_and_edits_its_summaries(new_shelf: NewShelf, item: Make) -> None:
    """Titles and moments tell: other texts are edits, not news."""
    shelf = new_shelf()
    shelf.poll(OWN, [item(number) for number in range(5)])
    verdict = shelf.poll(OWN, [moved(item(number), summary=f"Slightly other {number}.") for number in range(5)])
    assert verdict.additions == ()
    assert [revision.edited for revision in verdict.revisions] == [True] * 5


def test_a_site_moves_and_has_news(new_shelf: NewShelf, item: Make) -> None:
    """What is newer than all that was listed has no counterpart, and what fell out of the window none either."""
    shelf = new_shelf()
    shelf.poll(OWN, [item(number) for number in range(10, 20)])
    old = [moved(item(number), summary="Other.") for number in range(10, 15)]
    verdict = shelf.poll(OWN, [*(moved(item(number)) for number in range(7)), *old])
    assert len(verdict.additions) == 7
    assert len(shelf.entries) == 17


def test_a_site_moves_to_dates_without_hours(new_shelf: NewShelf, item: Make) -> None:
    """Dates that lose their time of day, or gain one, mean the same day."""
    day = datetime(2026, 4, 1, tzinfo=UTC)
    for first, second in ((timedelta(hours=15), timedelta()), (timedelta(), timedelta(hours=15))):
        shelf = new_shelf()
        shelf.poll(OWN, [item(number, published=day - timedelta(days=number) + first) for number in range(4)])
        after = [
            moved(item(number), summary="Other.", published=day - timedelta(days=number) + second)
            for number in range(4)
        ]
        assert shelf.poll(OWN, after).additions == ()


def test_a_small_site_moves(new_shelf: NewShelf, item: Make) -> None:
    """One item alone is known by title, moment and the end of its address, whatever became of its text."""
    shelf = new_shelf()
    shelf.poll(OWN, [item(1, link="https://site.example/2026/04/a-post")])
    after = moved(item(1), link="https://www.new.example/blog/a-post/", summary="Other.")
    assert shelf.poll(OWN, [after]).additions == ()
    assert (
        len(shelf.poll(OWN, [moved(after, guid="newer", link="https://new.example/blog/b", summary="X")]).additions)
        == 1
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"title": "Another title"},
        {"published": datetime(2026, 3, 1, tzinfo=UTC)},
        {"published": None},
        {"link": "https://new.example/another-post"},
    ],
)
def test_less_tells_nothing_of_one_item(new_shelf: NewShelf, item: Make, changes: dict[str, Any]) -> None:
    """Where title, moment or the end of the address is another, so is the item."""
    shelf = new_shelf()
    shelf.poll(OWN, [item(1, link="https://site.example/2026/04/a-post")])
    after = moved(item(1), **({"link": "https://new.example/a-post", "summary": "Other."} | changes))
    assert len(shelf.poll(OWN, [after]).additions) == 1


def test_from_http_to_https_is_nothing(new_shelf: NewShelf, item: Make) -> None:
    """Guids and links that only change scheme and `www.` are the same entries, unedited."""
    shelf = new_shelf()
    before = [
        item(number, link=f"http://site.example/{number}", guid=f"http://site.example/{number}") for number in range(4)
    ]
    after = [
        replace(post, link=f"https://www.site.example/{n}", guid=f"https://www.site.example/{n}")
        for n, post in enumerate(before)
    ]
    shelf.poll(OWN, before)
    verdict = shelf.poll(OWN, after)
    assert (verdict.additions, verdict.revisions) == ((), ())
