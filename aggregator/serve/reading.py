"""What each page needs, read in one moment of the store."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from aggregator.decide.health import TROUBLES, State, state_of
from aggregator.decide.outage import REASON
from aggregator.decide.readership import REMEMBERED
from aggregator.publish import legal
from aggregator.publish.plain import escaped, excerpt, plain
from aggregator.publish.plain import label as plain_label
from aggregator.serve import languages, lines, views
from aggregator.serve.content import shown
from aggregator.serve.river import STORIES, Asked, browsable, fitting, place, shown_in, written
from aggregator.serve.sparkline import DAYS, HOURS, until
from aggregator.store.pages import Place

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from aggregator.model import Entry, FeedState
    from aggregator.publish.manifest import PublishedOutput
    from aggregator.serve.lines import Chip, River
    from aggregator.store.pages import Told
    from aggregator.store.protocols import Transaction

_NAMED = 3
"""Others that the river names of a story."""
_MEMBERS = 100
"""Articles of a story that a page lists."""
_SOURCES = 40
"""On a page."""
_CHOICES = 100
"""Values of a filter that can be chosen."""
_EXCERPT = 600
"""Characters of an entry of which no output publishes more."""
_ORDER = (State.FAILING, State.GONE, State.STALE, State.QUIET, State.NEW, State.OK, State.DISABLED)
"""What an operator looks for comes first."""
_KEY_LENGTH = 64


@dataclass(frozen=True, slots=True)
class Asking:
    """Which sources are asked for."""

    state: str = ""
    """"": all."""
    page: int = 1

    @classmethod
    def read(cls, parameters: Mapping[str, str]) -> Asking:
        """Read a query; ValueError for a state or number that there cannot be."""
        state, page = parameters.get("state", ""), parameters.get("page", "1")
        if state and state not in set(State):
            raise ValueError("no state of a source")
        if not (page.isascii() and page.isdigit() and len(page) < 6 and int(page)):  # noqa: PLR2004 - no more pages
            raise ValueError("no number of a page")
        return cls(state, int(page))

    def address(self, **changes: Any) -> str:
        """Return where these sources are, with changes, beside the page."""
        asked = replace(self, **changes)
        query = {"state": asked.state} if asked.state else {}
        query |= {"page": str(asked.page)} if asked.page > 1 else {}
        return f"sources?{urlencode(query)}" if query else "sources"


def stretch(tx: Transaction, *, wanted: Asked, outputs: Mapping[str, PublishedOutput]) -> dict[str, River]:
    """Return a page of the river."""
    output = shown_in(outputs, wanted.output)
    if output is None:
        return {"river": lines.EMPTY}
    found = tx.pages.stretch(wanted.wanted(output.name), place(wanted.before), limit=STORIES)
    others = tx.pages.coverage([one.key for one in found.told], _public(outputs), most=_NAMED)
    told = [lines.line(one, others.get(one.key)) for one in found.told]
    fit = fitting(told, lines.size)
    end = found.end
    if fit < len(told):
        last = found.told[fit - 1]
        end = Place(last.published, last.key)
    facets = tx.pages.facets()
    return {
        "river": lines.River(
            days=lines.days(told[:fit]),
            asked=wanted,
            outputs=tuple((one.name, one.title or one.name) for one in browsable(outputs.values()).values())[:_CHOICES],
            tags=_with(facets.tags, wanted.tag),
            languages=languages.named(_with(_primary(facets.languages), wanted.language)),
            chips=tuple(_chips(tx, wanted, outputs)),
            older=wanted.address(before=written(end)) if end else "",
        )
    }


def _public(outputs: Mapping[str, PublishedOutput]) -> list[str]:
    return [output.name for output in outputs.values() if not output.private]


def _primary(languages: Iterable[str]) -> Sequence[str]:
    """Return languages without regions and scripts, in alphabetical order."""
    known = (legal.language(language) for language in languages)
    return sorted({language.partition("-")[0].lower() for language in known if language})


def _with(choices: Sequence[str], chosen: str) -> tuple[str, ...]:
    """Return what can be chosen; what is chosen is always there."""
    few = choices[:_CHOICES]
    return (*few, chosen) if chosen and chosen not in few else tuple(few)


def _chips(tx: Transaction, wanted: Asked, outputs: Mapping[str, PublishedOutput]) -> Iterable[Chip]:
    for name, value in wanted.filters.items():
        shown = value
        if name == "output":
            shown = outputs[value].title or value
        elif name == "source":
            feed = tx.feeds.get(value)
            shown = legal.line(feed.title) if feed is not None and not feed.private else value
        yield lines.Chip(name, excerpt(shown, 80), wanted.address(**{name: ""}))


def newest(tx: Transaction, outputs: Mapping[str, PublishedOutput]) -> River:
    """Return the newest stories as a river that nobody can choose from: a file."""
    river = stretch(tx, wanted=Asked(), outputs=outputs)["river"]
    return lines.River(days=river.days)


def one_story(
    tx: Transaction, *, key: str, outputs: Mapping[str, PublishedOutput], images: bool
) -> dict[str, Any] | None:
    """Return a story: its first entry with all that may be published of it, and the others; None: there is none."""
    told = tx.pages.story(key, _public(outputs), limit=_MEMBERS) if len(key) <= _KEY_LENGTH else []
    entry = tx.entries.get(told[0].own) if told else None
    if entry is None:
        return None
    found = lines.members(told, tx.kinships.members(entry.key), tx.kinships.kin(entry.key))
    fit = fitting([member.line for member in found], lines.size) if found else 0
    return {
        "line": lines.line(told[0]),
        "content": _content(tx, told[0], entry, outputs, images=images),
        "images": images,
        "authors": [name for name in (plain_label(person.name) for person in entry.item.authors) if name][:_NAMED],
        "members": found[: fit // 2 + 1],
        "more": len(found) - (fit // 2 + 1),
    }


def _content(tx: Transaction, told: Told, entry: Entry, outputs: Mapping[str, PublishedOutput], *, images: bool) -> Any:
    """Return an entry's content, or the beginning of its words where no output that has it publishes more."""
    item = entry.item
    whole = item.content or item.summary or ""
    having = tx.releases.outputs_of([entry.key]).get(entry.key, set()) | tx.tellings.of([entry.key]).get(
        entry.key, set()
    )
    if any(outputs[name].full_content for name in having if name in outputs and not outputs[name].private):
        return shown(legal.text(whole), images=images)
    return shown(escaped(excerpt(plain(told.text), _EXCERPT)), images=False)


def sources(
    tx: Transaction, *, asking: Asking, outputs: Mapping[str, PublishedOutput], now: datetime
) -> dict[str, Any]:
    """Return how the sources are doing, a page of them, those with troubles first; on the first page also all else."""
    feeds = tx.pages.standings()
    states = {feed.key: state_of(feed, now) for feed in feeds}
    chosen = [feed for feed in feeds if not asking.state or states[feed.key] == asking.state]
    chosen.sort(key=lambda feed: _ORDER.index(states[feed.key]))
    first = (asking.page - 1) * _SOURCES
    counts = Counter(states.values())
    first_page = asking == Asking()
    return {
        "sources": _charted(tx, chosen[first : first + _SOURCES], now),
        "lists": [views.source_list(state) for state in tx.lists.all()] if first_page else [],
        "readers": views.readers(tx.readers.known(now - REMEMBERED), outputs) if first_page else [],
        "network_down": any(feed.reason == REASON for feed in feeds),
        "states": [(state, counts[state], Asking(str(state)).address()) for state in _ORDER if counts[state]],
        "troubles": sum(counts[state] for state in TROUBLES),
        "total": len(feeds),
        "asking": asking,
        "newer": asking.address(page=asking.page - 1) if asking.page > 1 else "",
        "older": asking.address(page=asking.page + 1) if first + _SOURCES < len(chosen) else "",
    }


def _charted(tx: Transaction, standings: Sequence[FeedState], now: datetime) -> list[views.Source]:
    feeds = [feed for one in standings if (feed := tx.feeds.get(one.url)) is not None]
    shown = [feed.key for feed in feeds if not feed.private]
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    days = tx.pages.days(shown, today - timedelta(days=DAYS - 1))
    polls = tx.pages.polls(shown, until(now) - timedelta(hours=HOURS))
    return [
        views.source(feed, now, views.charts(days.get(feed.key, {}), polls.get(feed.key, ()), now)) for feed in feeds
    ]
