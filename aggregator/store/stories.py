"""What a backend keeps of stories: which entries are one story and why, and which outputs are told of it.

The second half of protocols.py, whose rules hold here too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from aggregator.decide.stories.article import Article
    from aggregator.decide.stories.relations import Relation
    from aggregator.decide.stories.statistics import Statistics
    from aggregator.kinship import Coverage, Kinship
    from aggregator.model import Entry


@dataclass(frozen=True, slots=True)
class Waiting:
    """An entry that the story stage has to look at."""

    article: Article
    founds: str
    """Key of the story that begins with it, if it belongs to no other."""
    until_now: str
    """Key of the story that it is in."""
    edited: bool
    """Its story is decided; its text has changed since."""
    linked: bool
    """Other entries have its link: `linked` may find them."""
    by_hand: bool
    """The operator put it together with other entries: `Kinships.joined` may find them."""


@dataclass(frozen=True, slots=True)
class Decision:
    """Which story an entry belongs to, and why."""

    entry: int
    story: str
    method: str
    """`first`, `words`, `meaning`, `same link`, `by hand`: what it was decided by."""
    score: float = 0.0
    """0 to 1: the average similarity to the story's articles."""
    closest: int | None = None
    """The article of the story that it is most like."""
    shared: tuple[str, ...] = ()
    """Rare words that they share."""
    version: int = 0
    """Of the statistics that the score was made with."""
    relations: tuple[Relation, ...] = ()


@dataclass(frozen=True, slots=True)
class Kin:
    """Another entry, and how an entry is related to it."""

    entry_id: str
    title: str
    kind: Kinship
    outgoing: bool
    """Seen from the entry that was asked for: it links to, copies or translates the other."""


@dataclass(frozen=True, slots=True)
class Membership:
    """Why an entry is in its story, as it was decided last."""

    entry_id: str
    title: str
    feed: str
    private: bool
    method: str
    score: float
    closest: str | None
    """Atom id of the article of the story that it is most like."""
    shared: tuple[str, ...]
    version: int
    decided_at: datetime


@dataclass(frozen=True, slots=True)
class Teller:
    """An entry of a story that is due in an output."""

    key: int
    published: datetime
    rank: int
    feed: str


@dataclass(frozen=True, slots=True)
class Due:
    """A story that an output is to be told of."""

    output: str
    story: str
    as_of: datetime | None
    """When the output had it first, or would have had; None: it is news to the output."""
    told: bool
    """The output has released it already: what is due joins its coverage."""
    tellers: tuple[Teller, ...]


class Stories(Protocol):
    """Which entries are the same news."""

    def waiting(self, *, limit: int, model: str | None = None) -> list[Waiting]:
        """Return entries whose story is undecided, or that were edited since, the oldest published first.

        With the vectors that the embedder `model` made of them, where it did.
        """

    def around(self, first: datetime, last: datetime, *, model: str | None = None) -> list[Article]:
        """Return the articles published from `first` up to and without `last` whose story is decided.

        Withdrawn ones are left out: they say nothing any more.
        """

    def linked(self, canonical: str) -> list[Article]:
        """Return the articles with this canonical URL whose story is decided, the oldest first (at most 64)."""

    def decide(self, decisions: Sequence[Decision], now: datetime) -> None:
        """Keep which stories entries belong to, and why; what was kept of them before is replaced."""

    def read_again(self, keys: Collection[int]) -> None:
        """Note that edited entries have been looked at."""

    def undecide(self) -> None:
        """Let the story of every entry be decided anew; until then each stays where it is."""

    def snapshot(self) -> tuple[Statistics, int] | None:
        """Return the latest statistics, and the key of the last entry at their time; None when there are none."""

    def keep_snapshot(self, statistics: Statistics, through: int, now: datetime) -> None:
        """Keep newer statistics; the last three versions stay."""

    def latest(self, limit: int, *, model: str | None = None) -> Iterator[Article]:
        """Return the articles stored last, whatever their stories."""

    def keep_vectors(self, vectors: Mapping[int, bytes], model: str) -> None:
        """Keep what an embedder made of entries: 32-bit floats, one after the other."""


class Kinships(Protocol):
    """How entries are related, by evidence and by hand."""

    def members(self, key: int) -> list[Membership]:
        """Return the entries of an entry's story, itself among them, the oldest published first."""

    def keys_of_story(self, key: int) -> list[int]:
        """Return the keys of the entries of an entry's story, itself among them, the oldest published first."""

    def kin(self, key: int) -> list[Kin]:
        """Return how an entry is related to others, both ways."""

    def relate(self, pairs: Iterable[tuple[int, int]], kind: Kinship, now: datetime) -> None:
        """Note that entries are related."""

    def sever(self, pairs: Iterable[tuple[int, int]], kind: Kinship) -> None:
        """Forget that entries are related, whichever way round."""

    def joined(self, key: int) -> list[tuple[int, str]]:
        """Return the entries that the operator put together with an entry, with the keys of their stories.

        Directly or through others, the oldest published first; those whose story is undecided are left out.
        """

    def note_correction(self) -> None:
        """Count a correction by hand: whoever remembers stories is to read them again."""

    def corrections(self) -> int:
        """Return how many there have been."""

    def withdraw(self, key: int, now: datetime) -> None:
        """Delete what an entry says, revisions and article too; ids and sightings stay, so that it never comes back."""


class Tellings(Protocol):
    """Outputs that have one item for each story: which entries belong there, and whether their stories are told."""

    def add(self, output: str, keys: Collection[int], due_at: datetime, *, as_of: datetime | None = None) -> None:
        """Note that entries belong to a known output, and when it is to be told of their stories at the latest.

        Those that are no news have a time `as_of` which the output would have had them.
        """

    def of(self, keys: Collection[int]) -> dict[int, set[str]]:
        """Return the outputs that entries belong to, told or not."""

    def due(self, now: datetime) -> list[Due]:
        """Return the stories that outputs are to be told of by now; entries whose story is undecided wait."""

    def told(self, output: str, keys: Collection[int]) -> None:
        """Note that entries' stories have been told to an output: they are no news any more."""

    def drop(self, output: str, keys: Collection[int]) -> None:
        """Note that entries do not belong to an output after all."""

    def orphaned(self, now: datetime, stories: Collection[str]) -> None:
        """Make due what an output was told by an entry that has left these stories, or was withdrawn.

        It keeps the date as of which it was told: what is old by now is not announced as new.
        A story that has entries whose story is being decided anew waits until that is done.
        """

    def coverage(self, output: str, leads: Collection[int]) -> dict[int, list[Coverage]]:
        """Return what else an output knows of the stories of these entries, the oldest published first."""

    def close_days(self, output: str, before: datetime) -> bool:
        """Let a digest have an issue for each day (UTC) before this that has news; tell whether there is a new one."""

    def issues(self, output: str, *, limit: int) -> list[tuple[datetime, list[Entry]]]:
        """Return the newest days that are closed, each with the entries released on it, in order of release."""
