"""Contract of store.retention.Retention, on every backend."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from aggregator.model import Item

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
DAY = timedelta(days=1)
A, B = "https://a.example/feed", "https://b.example/feed"
LATER = NOON + 100 * DAY


def _forget(desk: Any, *, kept: Collection[int] = (), after: int = 0, limit: int = 99) -> list[int]:
    """Drop what nobody has listed for 90 days, as of a hundred days after noon."""
    with desk.store.transaction() as tx:
        found: list[int] = tx.retention.forget(
            LATER - 90 * DAY, released_since=LATER - 35 * DAY, kept=kept, after=after, limit=limit
        )
    return found


def _texts(desk: Any) -> dict[int, str | None]:
    with desk.store.snapshot() as tx:
        return {entry.key: entry.item.summary for entry in tx.entries.all()}


def test_an_old_text_goes_and_the_rest_stays(desk: Any, item: Callable[..., Item]) -> None:
    """Title, link and dates stay, a search finds the title and no word of the text, and nothing is left to drop."""
    desk.sync(A)
    (key,) = desk.keep(A, item(1, title="Zebras", summary="<p>striped</p>", content="<p>striped, and fast</p>"))
    desk.revise(A, key, item(1, title="Zebras!", summary="<p>striped</p>", content="<p>striped, and slow</p>"))
    with desk.store.snapshot() as tx:
        (before,) = tx.entries.all()
    assert _forget(desk) == [key]
    with desk.store.snapshot() as tx:
        (after,) = tx.entries.all()
        assert (after.item.summary, after.item.content) == (None, None)
        assert (after.id, after.item.title, after.item.link, after.updated) == (
            before.id, before.item.title, before.item.link, before.updated,
        )  # fmt: skip
        assert tx.entries.revisions(key) == []
        assert [entry.key for entry in tx.entries.search("zebras", limit=9)] == [key]
        assert tx.entries.search("striped", limit=9) == []
    assert _forget(desk) == []


def test_what_somebody_lists_stays(desk: Any, item: Callable[..., Item]) -> None:
    """One source that still lists an entry keeps its text."""
    desk.sync(A, B)
    first, second = desk.keep(A, item(1), item(2))
    desk.list(B, (first, item(1), True), at=NOON + 50 * DAY)
    assert _forget(desk) == [second]
    assert [text is None for text in _texts(desk).values()].count(True) == 1


def test_what_was_released_lately_stays(desk: Any, item: Callable[..., Item]) -> None:
    """A release of the last weeks keeps the text, an older one does not; and so does who calls."""
    desk.sync(A)
    lately, long_ago, shown = desk.keep(A, item(1), item(2), item(3))
    desk.release("all", lately, at=LATER - DAY)
    desk.release("all", long_ago, shown, at=NOON)
    assert _forget(desk, kept=[shown]) == [long_ago]


def test_some_at_a_time(desk: Any, item: Callable[..., Item]) -> None:
    """Whoever goes on after the last one comes to all of them, in the order of their keys."""
    desk.sync(A)
    keys = sorted(desk.keep(A, *map(item, range(5))))
    first = _forget(desk, limit=2)
    assert first + _forget(desk, after=first[-1]) == keys
