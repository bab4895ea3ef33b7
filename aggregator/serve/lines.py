"""Entries as pages tell them: plain values, ready for the templates. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from itertools import groupby
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from aggregator.decide.stories.words import fold_accents
from aggregator.kinship import Kinship
from aggregator.publish import legal
from aggregator.publish.plain import excerpt
from aggregator.publish.plain import plain as plain_text
from aggregator.serve.marking import Piece, marked, snippet
from aggregator.serve.river import Asked

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date, datetime

    from aggregator.store.pages import Others, Told
    from aggregator.store.stories import Kin, Membership

_TITLE, _SUMMARY = 240, 240
"""Characters of a title and of a summary."""
_UNTITLED = 80
"""Characters of text that stand for a missing title."""
_LINK = 2_000
"""Characters of an address that is worth its bytes."""
_RIGHT_TO_LEFT = frozenset({"ar", "dv", "fa", "he", "ps", "sd", "ug", "ur", "yi"})
_KINDS = {
    Kinship.COPY: ("The same text.", "The same text."),
    Kinship.TRANSLATION: ("A translation of it.", "It is a translation of this."),
    Kinship.LINKS_TO: ("Links to it.", "It links to this."),
}
"""What an article is to the one that leads: seen from it, and from that one."""
_WORD = re.compile(r"[^\W_]+")
_SHARED = 6
"""Words that are named."""


@dataclass(frozen=True, slots=True)
class Other:
    """Another article on a story, by who tells it."""

    title: str
    link: str | None
    source: str
    language: str


@dataclass(frozen=True, slots=True)
class Line:
    """An entry in the river of news."""

    key: str
    """Of its story."""
    title: str
    link: str | None
    source: str
    feed: str
    """Address of its source."""
    published: datetime
    summary: str
    language: str
    """A language tag; "" is unknown."""
    others: tuple[Other, ...] = ()
    """Who else tells its story, the first of them."""
    more: int = 0
    """How many others there are beyond those."""
    marked_title: tuple[Piece, ...] = ()
    marked_summary: tuple[Piece, ...] = ()

    @property
    def direction(self) -> str:
        """How its words run: its language says it, else its first letters."""
        return direction(self.language)


@dataclass(frozen=True, slots=True)
class Day:
    """A day (UTC) with its entries, newest first."""

    date: date
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Chip:
    """A filter that is on, and where the stories are without it."""

    name: str
    value: str
    without: str


@dataclass(frozen=True, slots=True)
class River:
    """The river of news, a page of it."""

    days: tuple[Day, ...] = ()
    asked: Asked = Asked()  # noqa: RUF009 - it is frozen
    outputs: tuple[tuple[str, str], ...] = ()
    """Names and titles of those that can be chosen."""
    tags: tuple[str, ...] = ()
    languages: tuple[tuple[str, str], ...] = ()
    """Tag and name."""
    chips: tuple[Chip, ...] = ()
    older: str = ""
    """Where it goes on; "" at its end."""


@dataclass(frozen=True, slots=True)
class Member:
    """Another article on a story, and why it is there."""

    line: Line
    kind: str
    """What it is to the one that leads, where that can be named."""
    why: str


EMPTY = River()


def direction(language: str) -> str:
    """Return the value of `dir` for words in a language (HTML 3.2.6.4)."""
    return "rtl" if language.partition("-")[0].lower() in _RIGHT_TO_LEFT else "auto"


def days(lines: Iterable[Line]) -> tuple[Day, ...]:
    """Return entries, which come newest first, by the day of their publication."""
    return tuple(Day(day, tuple(of_day)) for day, of_day in groupby(lines, lambda line: line.published.date()))


def line(told: Told, others: Others | None = None) -> Line:
    """Return an entry with who else tells its story."""
    text = plain_text(told.text)
    title = _title(told)
    summary = excerpt(text, _SUMMARY) if title else ""
    link = _link(told)
    named = tuple(_other(one) for one in others.first) if others else ()
    return Line(
        key=told.story,
        title=f"{told.prefix or ''}{title or excerpt(text, _UNTITLED) or link or 'Untitled'}",
        link=link,
        source=legal.line(told.source) or urlsplit(told.feed).netloc,
        feed=told.feed,
        published=told.published,
        summary="" if summary == title else summary,
        language=legal.language(told.language) or "",
        others=named,
        more=others.count - len(named) if others else 0,
    )


def found(told: Told, query: str) -> Line:
    """Return what a search found, its words marked."""
    text, whole = plain_text(told.text), line(replace(told, text=""))
    part = snippet(text, query, _SUMMARY)
    return replace(whole, summary=part, marked_title=marked(whole.title, query), marked_summary=marked(part, query))


def size(line: Line) -> int:
    """Return how many bytes a line says."""
    words = [line.title, line.link or "", line.source, line.feed * 2, line.summary]
    words += [part for one in line.others for part in (one.title, one.link or "", one.source, " " * 80)]
    return sum(len(part.encode("utf-8", "replace")) for part in words)


def members(told: Sequence[Told], reasons: Iterable[Membership], kin: Iterable[Kin]) -> list[Member]:
    """Return the articles of a story but the first, with what is told of why they are there.

    Nothing is said of articles that are not shown: a private one may be what another is most like.
    """
    shown = {one.id: one for one in told}
    why = {one.entry_id: _why(one, shown) for one in reasons if one.entry_id in shown}
    kinds = {one.entry_id: _KINDS[one.kind][one.outgoing] for one in kin if one.kind in _KINDS}
    return [Member(line(one), kinds.get(one.id, ""), why.get(one.id, "")) for one in told[1:]]


def _why(reason: Membership, shown: Mapping[str, Told]) -> str:
    closest = shown.get(reason.closest or "")
    other = f"“{excerpt(_title(closest), _UNTITLED)}”" if closest else "another article"
    method = reason.method.partition("/")[0]  # what follows is its version
    if method == "words":
        words = _spelled(reason.shared, shown[reason.entry_id]) if closest else []
        return f"It shares rare words with {other}" + (f": {', '.join(words)}." if words else ".")
    return {
        "meaning": f"It means nearly the same as {other}.",
        "same link": "It leads to the same page as another article.",
        "by hand": "The operator put it here.",
    }.get(method, "")


def _spelled(stems: Iterable[str], told: Told) -> list[str]:
    """Return words, of which only the first letters are kept, as an entry spells them."""
    words = {fold_accents(word): word for word in reversed(_WORD.findall(f"{told.title} {plain_text(told.text)}"))}
    spelled = (next((words[word] for word in reversed(words) if word.startswith(stem)), "") for stem in stems)
    return list(dict.fromkeys(filter(None, spelled)))[:_SHARED]


def _title(told: Told) -> str:
    return excerpt(legal.line(told.title), _TITLE)


def _link(told: Told) -> str | None:
    link = legal.address(told.link)
    return link if link and len(link) <= _LINK else None


def _other(told: Told) -> Other:
    source = legal.line(told.source) or urlsplit(told.feed).netloc
    return Other(_title(told) or source, _link(told), excerpt(source, _UNTITLED), legal.language(told.language) or "")
