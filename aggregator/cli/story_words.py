"""A story in words and as JSON: which entries it has, and by which evidence each is there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aggregator.kinship import Kinship
from aggregator.run.report import rfc3339

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aggregator.cli.context import Context
    from aggregator.model import Entry
    from aggregator.store.stories import Kin, Membership

_METHODS = {
    "same link": "it has the link of another",
    "by hand": "the operator decided",
    "undecided": "not decided yet: it is in a story of its own until then",
}
_KINDS = {
    Kinship.LINKS_TO: ("links to", "is linked to by"),
    Kinship.COPY: ("is a copy of", "is copied by"),
    Kinship.TRANSLATION: ("is a translation of", "is translated by"),
    Kinship.TOGETHER: ("was put together with", "was put together with"),
    Kinship.APART: ("is kept apart from", "is kept apart from"),
}


def story_json(entry: Entry, members: Sequence[Membership], kin: Sequence[Kin]) -> dict[str, Any]:
    """Return the story of an entry for `show --json`."""
    return {
        "id": entry.story,
        "entries": [
            {
                "id": one.entry_id,
                "title": one.title,
                "feed": one.feed,
                "method": one.method,
                "score": round(one.score, 3),
                "closest": one.closest,
                "shared": list(one.shared),
                "statistics": one.version,
                "decided_at": rfc3339(one.decided_at),
            }
            for one in members
        ],
        "relations": [
            {"relation": one.kind, "id": one.entry_id, "title": one.title, "outgoing": one.outgoing} for one in kin
        ],
    }


def print_story(context: Context, entry: Entry, members: Sequence[Membership], kin: Sequence[Kin]) -> None:
    """Print what else there is on an entry's story, and why."""
    context.out.print()
    context.print(f"story {entry.story}: {len(members)} {'entry' if len(members) == 1 else 'entries'}")
    for one in members:
        mark = ">" if one.entry_id == entry.id else " "
        context.print(f"{mark} {one.title or '(withdrawn)'}\n    {one.entry_id} in {one.feed}\n    {_why(one)}")
    for each in kin:
        words = _KINDS[each.kind][0 if each.outgoing else 1]
        context.print(f"this entry {words}: {each.title or '(withdrawn)'} ({each.entry_id})")


def _why(one: Membership) -> str:
    """Say by which evidence an entry is in its story."""
    if one.method == "first":
        nearest = f"; the nearest was {one.closest}, {one.score:.2f} of what is enough" if one.closest else ""
        return f"it began the story{nearest} (decided {rfc3339(one.decided_at)})"
    why = _METHODS.get(one.method, f"by {one.method}, {one.score:.2f} of what is enough on average")
    if one.closest is not None:
        why += f"; most like {one.closest}"
    if one.shared:
        why += f"; both have: {', '.join(one.shared)}"
    return f"{why} (decided {rfc3339(one.decided_at)}, word statistics {one.version})"
