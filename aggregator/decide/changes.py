"""What a document changes: which of its items are new, edited, known, or known from elsewhere (decide/sameness.py)."""

from __future__ import annotations

import heapq
from collections import Counter, defaultdict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NamedTuple

from aggregator.decide.canonical import canonical_url, fold_title, titles_agree
from aggregator.decide.identity import GUID, derived_id, publisher_id
from aggregator.decide.origins import is_from
from aggregator.decide.sameness import EARLIEST, Evidence, Sameness, claim
from aggregator.decide.sites import same_site
from aggregator.decide.wrappers import target_of
from aggregator.model import Held

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from datetime import datetime

    from aggregator.decide.candidates import Candidate
    from aggregator.listings import Line
    from aggregator.model import Item

_COMPARED = 64
"""Entries that one candidate is compared with: a hostile feed gives a thousand items one link."""


@dataclass(frozen=True, slots=True)
class KnownEntry:
    """An entry, as far as it decides; entries of this very document that are not stored yet have negative keys."""

    key: int
    feed: str
    """Address of the feed that supplies its title and body."""
    item: Item
    digest: str
    canonical: str | None
    content_key: str | None
    published: datetime
    updated: datetime
    id: str = ""
    """Its Atom id."""
    names: frozenset[str] = frozenset()
    """Names of the feed that supplies it (decide.origins)."""
    private: bool = False
    """That feed is private."""
    held: str | None = None
    here: tuple[str, ...] = ()
    """Keys under which the feed being judged has listed it."""
    elsewhere: bool = False
    """A feed that is not the one being judged lists it too."""
    left: bool = False
    """The feed that supplies it lists it under no key any more: its item became another entry."""


class Listed(NamedTuple):
    """What a feed listed last under one of its keys."""

    entry: int
    digest: str
    link: str | None


@dataclass(frozen=True, slots=True)
class Known:
    """What the store knows of the candidates of one document."""

    sighted: Mapping[str, Listed] = field(default_factory=dict)
    """By the items' keys."""
    entries: Mapping[int, KnownEntry] = field(default_factory=dict)
    """The entries of `sighted`, and those with a canonical URL or a content key of a candidate that is new or moved.

    Of one URL or key, the last 256. Bodies are there where they are compared: with new candidates.
    """
    taken: frozenset[str] = frozenset()
    """Those of the publishers' ids that are in use."""
    former: frozenset[int] = frozenset()
    """Entries of the feed's last document that this one does not name, given when it names strangers.

    They are among `entries`, with bodies.
    """


@dataclass(frozen=True, slots=True)
class Addition:
    """A new entry."""

    key: int
    """Negative, until the store gives it a number."""
    id: str
    candidate: Candidate
    published: datetime
    updated: datetime


@dataclass(frozen=True, slots=True)
class Revision:
    """A change of what readers see of an entry; the feed being judged supplies it from now on."""

    entry: int
    candidate: Candidate
    updated: datetime
    published: datetime
    edited: bool = True
    """What readers see changed; otherwise only the supplier did."""


@dataclass(frozen=True, slots=True)
class Sight:
    """An entry listed by this feed under a key."""

    entry: int
    candidate: Candidate
    first: bool
    """Never listed under this key before."""
    evidence: Evidence | None = None
    """By what it is an entry that was known already; None for one that begins it."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a document changes."""

    additions: tuple[Addition, ...] = ()
    revisions: tuple[Revision, ...] = ()
    sights: tuple[Sight, ...] = ()
    duplicates: int = 0
    """Items new to this feed that are entries already, brought by another."""
    unread: tuple[str, ...] = ()
    """Keys of what else the document lists, all known (decide.listing)."""


def judge(
    feed: str,
    listed: Sequence[Candidate],
    known: Known,
    *,
    now: datetime,
    private: bool = False,
    names: frozenset[str] = frozenset(),
    unread: Collection[Line] = (),
) -> Verdict:
    """Decide what the document of `feed` changes; items are taken last first, so that entries number in order.

    `names` are those by which others may call it as their source (decide.origins); `unread` is what else it lists.
    """
    bench = _Bench(feed, _latest(listed), known, now, private=private, names=names, unread=unread)
    bench.take_all()
    return Verdict(
        tuple(bench.additions),
        tuple(bench.revisions.values()),
        tuple(bench.sights.values()),
        bench.duplicates,
        tuple(line.key for line in unread),
    )


def _latest(listed: Sequence[Candidate]) -> list[Candidate]:
    """Return the candidates last first; of several with one key the one updated last (RFC 4287 section 4.1.1)."""
    latest: dict[str, Candidate] = {}
    for candidate in reversed(listed):
        rival = latest.setdefault(candidate.key, candidate)
        if (candidate.item.updated or EARLIEST) >= (rival.item.updated or EARLIEST):
            latest[candidate.key] = candidate
    return list(latest.values())


class _Bench:
    """The state of judging one document."""

    def __init__(
        self,
        feed: str,
        listed: Sequence[Candidate],
        known: Known,
        now: datetime,
        *,
        private: bool,
        names: frozenset[str],
        unread: Collection[Line],
    ) -> None:
        self.feed, self.listed, self.known, self.now = feed, listed, known, now
        self.private, self.names = private, names
        self.sameness = Sameness(
            feed, listed, known.entries.values(), now=now, former=known.former, names=names, unread=unread
        )
        self.entries: dict[int, KnownEntry] = {}
        self.titles: dict[int, str] = {}
        self.alike: defaultdict[str, set[int]] = defaultdict(set)
        for entry in known.entries.values():
            self._know(entry)
        self.taken = set(known.taken)
        self.additions: list[Addition] = []
        self.revisions: dict[int, Revision] = {}
        self.sights: dict[str, Sight] = {}
        self.duplicates = 0

    def take_all(self) -> None:
        for candidate in self.listed:
            if candidate.key in self.known.sighted:
                self._again(candidate)
            else:
                self._first(candidate)

    def _know(self, entry: KnownEntry) -> None:
        self.entries[entry.key] = entry
        self.titles[entry.key] = fold_title(entry.item.title)
        if entry.canonical is not None:
            self.alike[f"l:{entry.canonical}"].add(entry.key)
        if entry.content_key is not None:
            self.alike[f"c:{entry.content_key}"].add(entry.key)
        self.alike[f"i:{entry.id}"].add(entry.key)
        if entry.here:
            self.alike[f"t:{self.titles[entry.key]}"].add(entry.key)

    def _again(self, candidate: Candidate) -> None:
        last = self.known.sighted[candidate.key]
        entry = self.entries[last.entry]
        if self._turns(candidate, entry, last):
            self._first(candidate)
            return
        self._sight(entry, candidate, first=False)
        changed = candidate.digest not in (last.digest, entry.digest)
        if self._supplies(candidate, entry) and (changed or entry.feed != self.feed):
            self._revise(candidate, entry)

    def _first(self, candidate: Candidate) -> None:
        if (found := self._same_as(candidate)) is not None:
            self._merge(candidate, *found)
        else:
            self._add(candidate)

    def _merge(self, candidate: Candidate, entry: KnownEntry, evidence: Evidence) -> None:
        self.duplicates += not entry.here
        self._sight(entry, candidate, first=True, evidence=evidence)
        if self._supplies(candidate, entry) and (candidate.digest, self.feed) != (entry.digest, entry.feed):
            self._revise(candidate, entry)

    def _turns(self, candidate: Candidate, entry: KnownEntry, last: Listed) -> bool:
        """Tell whether an item became another article while other feeds list the entry: theirs stays what it was."""
        return (
            entry.elsewhere
            and candidate.canonical not in {entry.canonical, canonical_url(last.link)}
            and not titles_agree(candidate.item.title, entry.item.title)
        )

    def _supplies(self, candidate: Candidate, entry: KnownEntry) -> bool:
        """Tell whether title and body come from this feed from now on.

        The link's own host tells it best, then its site; what a private source says never reaches the public. A feed
        that is neither, and told of the link first, can give another title or link only to what no other lists.
        """
        if entry.feed == self.feed:
            same = candidate.canonical == entry.canonical and titles_agree(candidate.item.title, entry.item.title)
            return same or not entry.elsewhere or claim(self.feed, entry.item) > 0
        if self.private != entry.private:
            return entry.private
        if is_from(candidate.item.source, entry.feed, entry.names):
            return False
        if entry.left or is_from(entry.item.source, self.feed, self.names):
            return True
        if entry.item.link and not same_site(target_of(candidate.item.link or ""), target_of(entry.item.link)):
            return False  # on a site of its own every feed speaks best
        return claim(self.feed, candidate.item) > claim(entry.feed, entry.item)

    def _add(self, candidate: Candidate) -> None:
        published = self._published(candidate.item)
        updated = max(min(candidate.item.updated or published, self.now), published)
        key = -len(self.additions) - 1
        self.additions.append(Addition(key, self._new_id(candidate), candidate, published, updated))
        entry = KnownEntry(
            key=key,
            feed=self.feed,
            item=candidate.item,
            digest=candidate.digest,
            canonical=candidate.canonical,
            content_key=candidate.content_key,
            published=published,
            updated=updated,
            id=self.additions[-1].id,
            names=self.names,
            private=self.private,
        )
        self._know(entry)
        self._sight(entry, candidate, first=True)

    def _revise(self, candidate: Candidate, entry: KnownEntry) -> None:
        if entry.held == Held.WITHDRAWN:  # a tombstone stays one, whoever lists what it was
            return
        edited = candidate.digest != entry.digest
        published = entry.published if entry.feed == self.feed else self._published(candidate.item, entry.published)
        updated = max(self._edited_at(candidate.item, entry) if edited else entry.updated, published)
        self.revisions[entry.key] = Revision(entry.key, candidate, updated, published, edited)
        self.entries[entry.key] = replace(
            self.entries[entry.key],
            item=candidate.item,
            digest=candidate.digest,
            published=published,
            updated=updated,
            feed=self.feed,
            names=self.names,
            private=self.private,
        )

    def _edited_at(self, item: Item, entry: KnownEntry) -> datetime:
        """Return the publisher's `updated` where it is later than before and not in the future."""
        said = item.updated
        return said if said is not None and entry.updated < said <= self.now else self.now

    def _sight(self, entry: KnownEntry, candidate: Candidate, *, first: bool, evidence: Evidence | None = None) -> None:
        self.sights[candidate.key] = Sight(entry.key, candidate, first, evidence)
        if candidate.key not in entry.here:
            self.entries[entry.key] = replace(entry, here=(*entry.here, candidate.key))

    def _same_as(self, candidate: Candidate) -> tuple[KnownEntry, Evidence] | None:
        """Return the entry that a candidate is; of several one with its title, then its link, then the nearest."""
        if (renamed := self.sameness.renamed.get(candidate.key)) is not None:
            return self.entries[renamed], Evidence.ALL_RENAMED
        title, at = fold_title(candidate.item.title), self._published(candidate.item)
        names = (f"l:{candidate.canonical}", f"c:{candidate.content_key}", f"t:{title}", f"i:{candidate.item.guid}")
        nearest = heapq.nsmallest(
            _COMPARED,
            set[int]().union(*(self.alike[name] for name in names)),
            key=lambda key: (
                self.titles[key] != title,
                self.entries[key].canonical != candidate.canonical,
                abs(self.entries[key].published - at),
                key,
            ),
        )
        alike = (self.entries[key] for key in nearest)
        proven = ((entry, self.sameness.evidence(candidate, entry)) for entry in alike)
        return next(((entry, evidence) for entry, evidence in proven if evidence is not None), None)

    def _published(self, item: Item, otherwise: datetime | None = None) -> datetime:
        said = item.published or item.updated
        return otherwise or self.now if said is None or said < EARLIEST else min(said, self.now)

    def _new_id(self, candidate: Candidate) -> str:
        """Return the publisher's id, else one made of the key, else (an entry that had this key has it) a fresh one.

        Guids that do not name items in their feed cannot be ids for ever either.
        """
        new = next(each for each in self._ids(candidate) if each not in self.taken)
        self.taken.add(new)
        return new

    def _ids(self, candidate: Candidate) -> Iterator[str]:
        if (said := _said_id(candidate)) is not None:
            yield said
        yield derived_id(self.feed, candidate.key)
        yield derived_id(self.feed, f"{candidate.key}\x1f{self.now.isoformat()}")


def asked_ids(feed: str, listed: Sequence[Candidate], taken: Collection[str] = ()) -> list[str]:
    """Return the ids that judging may give out: the store says in Known.taken which of them are in use.

    Those come first that are wanted first; `taken` are those of them that are in use, for what is wanted instead.
    """
    said = [_said_id(candidate) for candidate in listed]
    times = Counter(said)
    in_vain = [each is None or times[each] > 1 or each in taken for each in said]
    derived = [derived_id(feed, candidate.key) for candidate, vain in zip(listed, in_vain, strict=True) if vain]
    return derived + [each for each in times if each is not None]


def _said_id(candidate: Candidate) -> str | None:
    return publisher_id(candidate.item) if candidate.key.startswith(GUID) else None
