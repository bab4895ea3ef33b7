"""What pages show of the store, read in short: no method costs more than a bounded number of rows of texts.

What everyone may see is what an output without a token has released, or knows as part of a story, of a source that is
not private, and was not withdrawn. The third part of protocols.py, whose rules hold here too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import date, datetime

    from aggregator.model import FeedState, Outcome

EXAMINED = 2_000
"""Entries that are looked at for a stretch of the river: filters that let few through end it early, and it goes on."""
EXCERPTED = 4_000
"""Characters of an entry's HTML that an excerpt is made of, or in which words that were looked for are shown."""


@dataclass(frozen=True, slots=True)
class Place:
    """A place between two entries of the river, which flows from the newest publication to the oldest."""

    published: datetime
    key: int


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which stories the river is to show: those that have an entry which all of this holds for."""

    output: str
    """It has released the entry."""
    tag: str | None = None
    """A source that lists it has this tag."""
    language: str | None = None
    """It is in this language: `pt` is also `pt-BR`."""
    source: str | None = None
    """Address of the source that supplies it."""


@dataclass(frozen=True, slots=True)
class Told:
    """An entry, in short."""

    key: int
    id: str
    """Its Atom id."""
    own: str
    """Key of the story that begins with it, whether it is in that story or not."""
    story: str
    """Key of its story."""
    title: str
    link: str | None
    text: str
    """The beginning of its summary or content, of what a search found its content's: HTML, maybe cut within a tag."""
    published: datetime
    language: str | None
    source: str
    """Title of the feed that supplies it."""
    feed: str
    """Address of that feed."""
    prefix: str | None


@dataclass(frozen=True, slots=True)
class Stretch:
    """A part of the river."""

    told: tuple[Told, ...]
    end: Place | None
    """Where the next part begins; None where nothing follows."""


@dataclass(frozen=True, slots=True)
class Others:
    """What else there is on a story: how much, and the first of it."""

    count: int
    first: tuple[Told, ...]


@dataclass(frozen=True, slots=True)
class Facets:
    """What the river can be asked for."""

    tags: tuple[str, ...]
    """Of sources that are not private, in alphabetical order."""
    languages: tuple[str, ...]
    """Of the newest entries, as stored."""


class Pages(Protocol):
    """What pages show."""

    def stretch(self, wanted: Wanted, after: Place | None, *, limit: int) -> Stretch:
        """Return stories, each by the first published of its entries that are wanted, the newest first.

        At most EXAMINED entries are looked at: the end may come before `limit` is reached.
        """

    def coverage(self, leads: Collection[int], outputs: Collection[str], *, most: int) -> Mapping[int, Others]:
        """Return what else everyone may see of the stories of these entries, the oldest published first.

        `most`: how many of each are returned; all are counted. Those without anything else are left out.
        """

    def story(self, key: str, outputs: Collection[str], *, limit: int) -> list[Told]:
        """Return what everyone may see of the story that has this key, or that the entry is in which began it.

        The oldest published first; nothing where there is no such story, or none of it may be seen.
        """

    def found(self, query: str, outputs: Collection[str], *, limit: int) -> list[Told]:
        """Return what Entries.search_released finds."""

    def facets(self) -> Facets:
        """Return by what the river can be filtered."""

    def standings(self) -> list[FeedState]:
        """Return the sources of the configuration in its order, with what decide.health.state_of looks at, and reasons.

        All else is left as it is of a new one: a page that counts many needs little of each.
        """

    def days(self, feeds: Collection[int], since: datetime) -> Mapping[int, Mapping[date, int]]:
        """Count the entries of feeds, given by key, that were published since then, by day (UTC)."""

    def polls(self, feeds: Collection[int], since: datetime) -> Mapping[int, Sequence[tuple[datetime, Outcome]]]:
        """Return when feeds, given by key, were polled since then, and what came of it, in order."""
