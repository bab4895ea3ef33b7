"""By what the items of a feed are known within it: its guids, until the feed itself shows that they are no names.

The order is fixed: guid; link; link and title; link and date; content. A guid is what the publisher means as the name.
A link is the next best: readers keep it, so publishers do. Many items on one page (release notes) are told apart by
their titles, messages of one title by their dates. Content is last, because an edit changes it. A feed only ever goes
down this list, on evidence of whole documents, and stays where it is: a name that changes with every document names
nothing. What is known of it is given its new names in the same transaction, so a change announces nothing.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING

from aggregator.decide.canonical import fold_title
from aggregator.decide.identity import marks_of
from aggregator.decide.sameness import ENOUGH, MOST
from aggregator.listings import NamedBy, Naming

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from aggregator.decide.changes import KnownEntry, Verdict
    from aggregator.model import Item

DOUBTS = 3
"""Documents in a row that give known items other names before the names are given up."""
_LEVELS = tuple(NamedBy)
_NAME: dict[NamedBy, Callable[[Item], object]] = {
    NamedBy.GUID: lambda item: item.guid,
    NamedBy.LINK: lambda item: marks_of(item).canonical,
    NamedBy.TITLE: lambda item: (marks_of(item).canonical, fold_title(item.title)),
    NamedBy.DATE: lambda item: (marks_of(item).canonical, item.published),
}
_WORDS = {
    NamedBy.GUID: "guid",
    NamedBy.LINK: "link",
    NamedBy.TITLE: "link and title",
    NamedBy.DATE: "link and date",
}


def settled(naming: Naming, items: Sequence[Item], now: datetime, *, unread: int = 0) -> Naming:
    """Return by what a document's items are to be known: what they lack, or share with each other, is no name.

    It lists `unread` others, with names of their own.
    """
    by, reason = naming.by, ""
    while (fault := _fault(by, items, unread)) is not None:
        reason = reason or fault
        by = _LEVELS[_LEVELS.index(by) + 1]
    return naming if by is naming.by else Naming(by, reason, now)


def _fault(by: NamedBy, items: Sequence[Item], unread: int) -> str | None:
    """Return what is wrong with this kind of name in a document of at least three items, None if it will do."""
    if by is NamedBy.CONTENT or (total := len(items) + unread) < ENOUGH:
        return None
    missing = sum(not (item.guid if by is NamedBy.GUID else marks_of(item).canonical) for item in items)
    if 2 * missing > total:
        return f"{missing} of {total} items have no {'guid' if by is NamedBy.GUID else 'link'}"
    bearers: defaultdict[object, set[object]] = defaultdict(set)
    for item in items:
        bearers[_NAME[by](item)].add((marks_of(item).canonical, fold_title(item.title), item.published))
    shared = sum(len(each) for name, each in bearers.items() if len(each) > 1 and name)
    if shared >= ENOUGH and 2 * shared > total:
        return f"{shared} of {total} items share their {_WORDS[by]} with another"
    return None


def doubted(naming: Naming, verdict: Verdict, entries: Mapping[int, KnownEntry], now: datetime) -> Naming:
    """Return the naming after a document was judged: known items that came back under other names speak against it."""
    known = [(sight, entries[sight.entry]) for sight in verdict.sights if sight.entry in entries]
    renamed = [(sight, entry) for sight, entry in known if sight.first and entry.here]
    kept = sum(not sight.first for sight, _ in known) + len(verdict.unread)
    if not renamed and not kept:
        return naming
    if len(renamed) < max(ENOUGH, MOST * (len(renamed) + kept)) or naming.by is NamedBy.CONTENT:
        return replace(naming, doubts=0) if naming.doubts else naming
    if naming.doubts + 1 < DOUBTS:
        return replace(naming, doubts=naming.doubts + 1)
    moved = Counter(sight.candidate.canonical != entry.canonical for sight, entry in renamed)
    trusts_links = naming.by is NamedBy.GUID and moved[False] > moved[True]
    what = "guid" if trusts_links else "link"
    listed = len(known) + len(verdict.unread)
    reason = f"{len(renamed)} of {listed} known items had another {what}, {DOUBTS} documents in a row"
    return Naming(NamedBy.LINK if trusts_links else NamedBy.CONTENT, reason, now)
