"""A document's items prepared for judging: named within their feed, without what the operator distrusts."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from aggregator.decide.identity import item_keys, marks_of
from aggregator.listings import NamedBy

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from aggregator.model import Item


@dataclass(frozen=True, slots=True)
class Candidate:
    """An item with what it is compared by."""

    item: Item
    key: str
    """Its name within its feed."""
    canonical: str | None
    digest: str
    content_key: str | None


def candidates(items: Iterable[Item], ignore: Collection[str] = (), by: NamedBy = NamedBy.GUID) -> list[Candidate]:
    """Prepare a document's items for judging, named `by` this; fields that the operator distrusts are left out."""
    trusted = [believed(item, ignore) for item in items]
    return [_candidate(item, key) for item, key in zip(trusted, item_keys(trusted, by), strict=True)]


def _candidate(item: Item, key: str) -> Candidate:
    marks = marks_of(item)
    return Candidate(item, key, marks.canonical, marks.digest, marks.content_key)


def renamed(listed: Sequence[Candidate], by: NamedBy) -> list[Candidate]:
    """Return a document's candidates under the names that they have by this."""
    keys = item_keys([candidate.item for candidate in listed], by)
    return [replace(candidate, key=key) for candidate, key in zip(listed, keys, strict=True)]


_IGNORED: dict[str, dict[str, object]] = {
    "title": {"title": ""},
    "author": {"authors": ()},
    "id": {"guid": None},
    "published": {"published": None},
    "updated": {"updated": None},
}


def believed(item: Item, ignore: Collection[str]) -> Item:
    """Return an item without the fields that the operator distrusts."""
    changes: dict[str, object] = {}
    for name in ignore:
        changes |= _IGNORED[name]
    if all(getattr(item, name) == value for name, value in changes.items()):
        return item
    return replace(item, **changes, marks=None)  # type: ignore[arg-type]
