"""A story in words and as JSON: which entries it has, and by which evidence each is there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aggregator.decide.sameness import Evidence
from aggregator.kinship import Kinship
from aggregator.run.report import rfc3339

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aggregator.cli.context import Context
    from aggregator.model import Entry, Sighting
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
_EVIDENCE = {
    Evidence.ALL_RENAMED: "its feed gave all its items new names",
    Evidence.RELISTED: "its feed lists the same link under another name",
    Evidence.MOVED: "its feed lists the same text at another address",
    Evidence.NAMED_SOURCE: "one is a copy that names the other as its source",
    Evidence.COPY: "the same title and text on one site",
    Evidence.VERSION: "the same link and title, where several have this link",
    Evidence.LINK_AND_TITLE: "the same link, and titles that agree",
    Evidence.LINK_AND_TEXT: "the same link, and one text is inside the other",
    Evidence.LINK_OF_WITHDRAWN: "the same link as what was withdrawn",
    Evidence.LINK_OF_BOTH: "the same link, and both feeds are on its site",
}


def why_same(seen: Sighting) -> str:
    """Say by which evidence what a feed lists is an entry."""
    return f"as {_EVIDENCE[Evidence(seen.evidence)]}" if seen.evidence else "where it began"


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
