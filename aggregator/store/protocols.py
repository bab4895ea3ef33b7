"""What a backend keeps, by subject: each method is a use case, its contract stands here.

Everything happens inside a transaction. `Store.transaction` is the one writer's: it reads what is known and
writes what was decided, all or nothing. `Store.snapshot` only reads, beside a writer, one moment's state.
Times are aware UTC datetimes, kept to the millisecond. One contract test suite runs on every backend.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager
    from datetime import datetime, timedelta

    from aggregator.config.settings import FeedSettings
    from aggregator.decide.cadence import NextPoll
    from aggregator.decide.candidates import Candidate
    from aggregator.decide.changes import Addition, Known, Revision, Sight
    from aggregator.decide.gaps import Mark
    from aggregator.decide.release import Subject
    from aggregator.listings import NamedBy, Naming
    from aggregator.losses import Flood, Gap
    from aggregator.model import (
        Entry,
        FeedState,
        Fetched,
        Header,
        Hints,
        Move,
        Outcome,
        Request,
        Rhythm,
        Validators,
    )
    from aggregator.store.archives import Archives
    from aggregator.store.articles import Articles
    from aggregator.store.fleet import Fleet
    from aggregator.store.hub import Hub
    from aggregator.store.listings import Listings
    from aggregator.store.lists import Lists
    from aggregator.store.pages import Pages
    from aggregator.store.polls import PollCount
    from aggregator.store.pushes import Pushes
    from aggregator.store.readers import Readers, Tallies
    from aggregator.store.releases import Editions, Releases
    from aggregator.store.retention import Retention
    from aggregator.store.stories import Kinships, Stories, Tellings


@dataclass(frozen=True, slots=True)
class PollRecord:
    """What a poll taught about its feed; None leaves what is stored, save for the failure, the move and fresh_until."""

    at: datetime
    outcome: Outcome
    fetched: Fetched | None = None
    header: Header | None = None
    hints: Hints | None = None
    validators: Validators | None = None
    body_hash: str | None = None
    items: int | None = None
    new: int = 0
    updated: int = 0
    duplicates: int = 0
    asked_as: str | None = None
    unconditional: bool = False
    """It asked for the whole document, whatever had changed."""
    rhythm: Rhythm | None = None
    naming: Naming | None = None
    claimed: datetime | None = None
    restamped_at: datetime | None = None
    fresh_until: datetime | None = None
    gone: bool = False
    errors: int = 0
    failing_since: datetime | None = None
    error: str | None = None
    remedy: str | None = None
    move: Move | None = None
    fetch_url: str | None = None
    """Another address to ask from now on; validators are dropped with the old one."""


@dataclass(frozen=True, slots=True)
class PollLine:
    """One line of the poll log."""

    at: datetime
    outcome: Outcome
    status: int | None
    bytes: int
    elapsed: float
    new: int
    updated: int
    duplicates: int
    error: str | None
    unconditional: bool


@dataclass(frozen=True, slots=True)
class EntryRevision:
    """What an entry said before an edit."""

    at: datetime
    title: str
    link: str | None
    summary: str | None
    content: str | None


class Feeds(Protocol):
    """Sources and the poller's knowledge of them."""

    def sync(self, sources: Mapping[str, FeedSettings], now: datetime) -> None:
        """Make the stored sources those of the configuration, and give each enabled one a poll request.

        New ones are due at once. Removed and disabled ones keep their entries; their request is parked (it is not
        claimed, and they have no next poll) and is as it was when they return. An address in `was` hands its history
        to its successor, which is due at once, whatever became of the old one.
        """

    def get(self, url: str) -> FeedState | None:
        """Return a source by its configured address, removed ones too."""

    def all(self) -> list[FeedState]:
        """Return the sources of the configuration, in its order."""

    def record(self, feed: FeedState, poll: PollRecord) -> None:
        """Keep what a poll taught: header, validators and failure count on the feed, and a line in the log."""

    def absolve(self, feed: FeedState) -> None:
        """Take back failures that were not the feed's: make its count, since and words what they are in `feed`."""

    def rekey(self, feed: FeedState, keys: Mapping[str, str], by: NamedBy) -> None:
        """Give a feed's sightings the keys that they have by this; `keys` are those of what is listed now, old: new.

        What is listed no longer is named after what is kept of it; where that is no key of its own, the old one stays.
        """

    def rhythms(self) -> dict[str, Rhythm]:
        """Return the rhythm of every source of the configuration that is polled by itself, by address."""

    def polls_since(self, moment: datetime) -> PollCount:
        """Count the polls of all sources since then."""

    def polls_after(self, last: int, moment: datetime) -> list[tuple[int, datetime]]:
        """Return number and time of the polls that were logged after the one of this number and ended since a moment.

        Numbers begin at 1 and follow the order of logging.
        """

    def polls(self, feed: FeedState, limit: int) -> list[PollLine]:
        """Return the last polls of a source, newest first."""

    def forget_polls(self, before: datetime) -> int:
        """Delete older lines of the poll log; return how many."""


class Requests(Protocol):
    """What is to be asked, when, and by whom."""

    def claim_due(self, now: datetime, *, limit: int, lease: timedelta, per_host: int) -> list[Request]:
        """Take due requests that nobody holds, longest due first, none of a paused site.

        At most `per_host` of one host, counting those held already. Nobody else gets them until `lease` is over or
        they are rescheduled or given back.
        """

    def claim(self, urls: Collection[str], now: datetime, *, lease: timedelta) -> list[Request]:
        """Take the poll requests of these sources, due or not, that nobody holds and that may be asked now."""

    def claim_page(self, url: str, now: datetime, *, lease: timedelta) -> Request | None:
        """Take what else is due of a source, an article or a page of its archive: the longest due, or None."""

    def reschedule(self, request: Request, then: NextPoll) -> None:
        """Set when a request is due again (None: never by itself), why, and before when it must not be asked at all.

        Its lease ends.
        """

    def give_back(self, requests: Collection[Request]) -> None:
        """End the leases of requests that were not carried out; they stay due."""

    def hasten(self, reason: str, now: datetime, *, limit: int | None = None) -> None:
        """Make due now what was put off for this reason, the first of it, or all."""

    def void_leases(self) -> None:
        """End every lease: only for the process that has just become the one writer."""

    def pause_site(self, site: str, until: datetime, reason: str) -> None:
        """Ask nothing of any host of a site (decide.sites.site_of) before `until`; a later pause wins.

        What would be due until then is spread over the half hour after it.
        """

    def pauses(self, now: datetime) -> dict[str, datetime]:
        """Return until when sites are paused, those whose pause is over left out."""

    def turn_back(self, now: datetime) -> timedelta | None:
        """Make what waits wait as long as it was meant to, when sources were polled in the future: the clock was ahead.

        Return by how much, None when it was not. Only for the one process that polls: the clocks of several differ.
        """


class Gaps(Protocol):
    """What feeds missed or flooded, and the requests for pages of their archives: at most one a feed."""

    def last_listed(self, feed: FeedState) -> list[Mark]:
        """Return the entries of a feed's last document."""

    def listed_by(self, feed: FeedState, keys: Collection[str], moment: datetime) -> set[str]:
        """Return those of the keys under which a feed had listed something by then."""

    def flooded(self, feed: FeedState) -> set[int]:
        """Return the entries that a feed lists, or has listed, and that are held back as a flood."""

    def note(self, feed: FeedState, gap: Gap, *, noticed: bool = False, recovered: int = 0) -> None:
        """Keep a feed's gap; count it when it was `noticed` just now, and entries `recovered` just now."""

    def note_flood(self, feed: FeedState, flood: Flood | None) -> None:
        """Keep that a feed floods, or that this is over."""

    def ask(self, feed: FeedState, page: str, now: datetime, reason: str) -> None:
        """Make a page of a feed's archive due now; whoever holds the request for another page keeps it."""

    def drop(self, feed: FeedState) -> None:
        """Ask a feed's archive no more."""


class Entries(Protocol):
    """Entries, where they were sighted, and what they said before."""

    def known(self, feed: FeedState, listed: Sequence[Candidate], unread: Collection[str] = ()) -> Known:
        """Return all that judging a feed's candidates needs; `unread`: keys of what else its document lists."""

    def add(
        self, feed: FeedState, additions: Sequence[Addition], held: Mapping[int, str], now: datetime
    ) -> dict[int, int]:
        """Keep new entries, `updated` made unique by milliseconds, and return their keys by those of the additions."""

    def revise(self, feed: FeedState, revisions: Sequence[Revision], now: datetime) -> None:
        """Change entries; what they said before is kept as a revision (the newest 20) when readers see a difference."""

    def sight(self, feed: FeedState, sights: Sequence[Sight], now: datetime, unread: Collection[str] = ()) -> None:
        """Note that a feed lists entries: one row a feed and link with a count; a changed guid replaces the old one.

        `unread`: keys of what else its document lists.
        """

    def subjects(self, keys: Collection[int]) -> dict[int, Subject]:
        """Return entries as outputs choose them."""

    def set_held(self, keys: Collection[int], why: str | None) -> None:
        """Note why entries are in no output, or that they are."""

    def get(self, entry_id: str) -> Entry | None:
        """Return an entry by its Atom id or story key, with its sightings."""

    def with_link(self, link: str) -> list[Entry]:
        """Return the entries that have a link in its canonical form, or with which a source lists it; newest first."""

    def revisions(self, key: int) -> list[EntryRevision]:
        """Return what an entry said before, newest first."""

    def all(self, *, since: datetime | None = None) -> Iterator[Entry]:
        """Return every entry first seen since then, newest first, with sightings."""

    def search(self, query: str, *, limit: int) -> list[Entry]:
        """Return entries with all the words of the query in title or text, best first; any text is a valid query."""

    def search_released(self, query: str, outputs: Collection[str], *, limit: int) -> list[Entry]:
        """Return what a search finds that one of these outputs released, the last stored first, nothing private.

        Only the last thousands of what is found are looked at: the time that a stranger's query takes has a bound.
        """


class Transaction(Protocol):
    """One moment of the store."""

    @property
    def feeds(self) -> Feeds:
        """Sources."""

    @property
    def lists(self) -> Lists:
        """Remote lists of sources."""

    @property
    def requests(self) -> Requests:
        """The queue."""

    @property
    def gaps(self) -> Gaps:
        """What feeds missed."""

    @property
    def entries(self) -> Entries:
        """Entries."""

    @property
    def listings(self) -> Listings:
        """Feeds' last documents."""

    @property
    def articles(self) -> Articles:
        """Articles' pages."""

    @property
    def releases(self) -> Releases:
        """Outputs' contents."""

    @property
    def archives(self) -> Archives:
        """Outputs' contents by month."""

    @property
    def editions(self) -> Editions:
        """Outputs' changes."""

    @property
    def retention(self) -> Retention:
        """What is forgotten."""

    @property
    def stories(self) -> Stories:
        """Which entries are the same news."""

    @property
    def kinships(self) -> Kinships:
        """How entries are related."""

    @property
    def tellings(self) -> Tellings:
        """What outputs know of stories."""

    @property
    def hub(self) -> Hub:
        """Subscriptions to our documents."""

    @property
    def pages(self) -> Pages:
        """What pages show."""

    @property
    def pushes(self) -> Pushes:
        """Our subscriptions to feeds."""

    @property
    def readers(self) -> Readers:
        """Who reads our documents, as they say."""

    @property
    def tallies(self) -> Tallies:
        """Numbers that are kept."""

    @property
    def fleet(self) -> Fleet | None:
        """How workers do; None where none has ever polled."""

    @property
    def created(self) -> datetime:
        """When the database was made."""

    @property
    def size(self) -> int:
        """Bytes that the database has on its disk, without logs."""

    @property
    def instance(self) -> str:
        """The database's own name, made once: ids of outputs derive from it."""


class Store(Protocol):
    """A backend."""

    def transaction(self) -> AbstractContextManager[Transaction]:
        """Read and write, all or nothing; StoreError when the database can't."""

    def snapshot(self) -> AbstractContextManager[Transaction]:
        """Only read."""

    def keep_up(self) -> None:
        """Do what keeps the database small and quick, for an hour in which little else is done."""

    def close(self) -> None:
        """Let go of the database."""
