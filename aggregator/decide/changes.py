"""What a document changes: which of its items are new, edited, known, or known from elsewhere.

The law (docs/design.md): duplicates merge on exact evidence. Within a feed: the same key. Across feeds: the
same canonical URL, and titles that agree, or one body inside the other, or both feeds on the link's own site.
On one site: the same title and text. Anything less stays two entries.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from aggregator.decide.canonical import bodies_contain, canonical_url, titles_agree
from aggregator.decide.identity import content_key, derived_id, digest, item_keys, publisher_id, same_day
from aggregator.decide.sites import same_site

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from aggregator.model import Item

EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
"""No feed is older: an earlier date is a mistake."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """An item with what it is compared by."""

    item: Item
    key: str
    """Its name within its feed."""
    canonical: str | None
    digest: str
    content_key: str | None


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
    private: bool = False
    """That feed is private."""
    held: str | None = None
    here: tuple[str, ...] = ()
    """Keys under which the feed being judged has listed it."""


@dataclass(frozen=True, slots=True)
class Known:
    """What the store knows of the candidates of one document."""

    sighted: Mapping[str, tuple[int, str]] = field(default_factory=dict)
    """Item key -> entry and the digest that this feed listed last."""
    entries: Mapping[int, KnownEntry] = field(default_factory=dict)
    """The entries of `sighted`, and all that share a canonical URL or a content key with a candidate."""
    taken: frozenset[str] = frozenset()
    """Those of the publishers' ids that are in use."""


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
    edited: bool = True
    """What readers see changed; otherwise only the supplier did."""


@dataclass(frozen=True, slots=True)
class Sight:
    """An entry listed by this feed under a key."""

    entry: int
    candidate: Candidate
    first: bool
    """Never listed under this key before."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a document changes."""

    additions: tuple[Addition, ...] = ()
    revisions: tuple[Revision, ...] = ()
    sights: tuple[Sight, ...] = ()
    duplicates: int = 0
    """Items new to this feed that are entries already, brought by another."""


def candidates(items: Iterable[Item], ignore: Collection[str] = ()) -> list[Candidate]:
    """Prepare a document's items for judging; fields that the operator distrusts (`ignore`) are left out."""
    believed = [_believed(item, ignore) for item in items]
    return [
        Candidate(item, key, canonical_url(item.link), digest(item), content_key(item))
        for item, key in zip(believed, item_keys(believed), strict=True)
    ]


_IGNORED: dict[str, dict[str, object]] = {
    "title": {"title": ""},
    "author": {"authors": ()},
    "id": {"guid": None},
    "published": {"published": None},
    "updated": {"updated": None},
}


def _believed(item: Item, ignore: Collection[str]) -> Item:
    changes: dict[str, object] = {}
    for name in ignore:
        changes |= _IGNORED[name]
    return replace(item, **changes) if changes else item  # type: ignore[arg-type]


def judge(feed: str, listed: Sequence[Candidate], known: Known, *, now: datetime, private: bool = False) -> Verdict:
    """Decide what the document of `feed` changes; items are taken last first, so that entries number in order."""
    bench = _Bench(feed, listed, known, now, private=private)
    for candidate in reversed(listed):
        bench.take(candidate)
    return Verdict(
        tuple(bench.additions), tuple(bench.revisions.values()), tuple(bench.sights.values()), bench.duplicates
    )


class _Bench:
    """The state of judging one document."""

    def __init__(self, feed: str, listed: Sequence[Candidate], known: Known, now: datetime, *, private: bool) -> None:
        self.feed, self.known, self.now, self.private = feed, known, now, private
        self.keys = {candidate.key for candidate in listed}
        self.links = Counter(candidate.canonical for candidate in listed)
        self.entries: dict[int, KnownEntry] = {}
        self.alike: defaultdict[str, set[int]] = defaultdict(set)
        for entry in known.entries.values():
            self._know(entry)
        self.taken = set(known.taken)
        self.additions: list[Addition] = []
        self.revisions: dict[int, Revision] = {}
        self.sights: dict[str, Sight] = {}
        self.duplicates = 0

    def take(self, candidate: Candidate) -> None:
        if candidate.key in self.sights:
            return  # listed twice in one document
        if candidate.key in self.known.sighted:
            self._again(candidate)
        elif (entry := self._same_as(candidate)) is not None:
            self._merge(candidate, entry)
        else:
            self._add(candidate)

    def _know(self, entry: KnownEntry) -> None:
        self.entries[entry.key] = entry
        if entry.canonical is not None:
            self.alike[f"l:{entry.canonical}"].add(entry.key)
        if entry.content_key is not None:
            self.alike[f"c:{entry.content_key}"].add(entry.key)

    def _again(self, candidate: Candidate) -> None:
        key, last_digest = self.known.sighted[candidate.key]
        self._sight(key, candidate, first=False)
        entry = self.entries[key]
        if candidate.digest not in (last_digest, entry.digest) and entry.feed == self.feed:
            self._revise(candidate, entry)

    def _merge(self, candidate: Candidate, entry: KnownEntry) -> None:
        self.duplicates += not entry.here
        self._sight(entry.key, candidate, first=True)
        if self._supplies(candidate, entry) and (candidate.digest, self.feed) != (entry.digest, entry.feed):
            self._revise(candidate, entry)

    def _supplies(self, candidate: Candidate, entry: KnownEntry) -> bool:
        """Tell whether title and body come from this feed from now on.

        The link's own site tells it best; what a private source says never reaches the public.
        """
        if entry.feed == self.feed:
            return True
        if self.private != entry.private:
            return entry.private
        return self._owns(candidate) and not self._owner(entry)

    def _add(self, candidate: Candidate) -> None:
        published = self._published(candidate.item)
        updated = max(min(candidate.item.updated or published, self.now), published)
        key = -len(self.additions) - 1
        self.additions.append(Addition(key, self._new_id(candidate), candidate, published, updated))
        self._know(
            KnownEntry(
                key=key,
                feed=self.feed,
                item=candidate.item,
                digest=candidate.digest,
                canonical=candidate.canonical,
                content_key=candidate.content_key,
                published=published,
                updated=updated,
                private=self.private,
            )
        )
        self._sight(key, candidate, first=True)

    def _revise(self, candidate: Candidate, entry: KnownEntry) -> None:
        edited = candidate.digest != entry.digest
        if entry.key > 0:
            updated = self._edited_at(candidate.item, entry) if edited else entry.updated
            self.revisions[entry.key] = Revision(entry.key, candidate, updated, edited)
        self.entries[entry.key] = replace(
            entry, item=candidate.item, digest=candidate.digest, feed=self.feed, private=self.private
        )

    def _edited_at(self, item: Item, entry: KnownEntry) -> datetime:
        """Return the publisher's `updated` where it is later than before and not in the future."""
        said = item.updated
        return said if said is not None and entry.updated < said <= self.now else self.now

    def _sight(self, entry: int, candidate: Candidate, *, first: bool) -> None:
        self.sights[candidate.key] = Sight(entry, candidate, first)
        known = self.entries[entry]
        self.entries[entry] = replace(known, here=(*known.here, candidate.key))

    def _same_as(self, candidate: Candidate) -> KnownEntry | None:
        """Return the entry that the candidate is, on exact evidence; of several the nearest in time."""
        alike = self.alike[f"l:{candidate.canonical}"] | self.alike[f"c:{candidate.content_key}"]
        fits = [self.entries[key] for key in alike if self._is(candidate, self.entries[key])]
        at = self._published(candidate.item)
        return min(fits, key=lambda entry: (abs(entry.published - at), entry.key), default=None)

    def _is(self, candidate: Candidate, entry: KnownEntry) -> bool:
        if entry.here:
            return self._is_renamed(candidate, entry)
        if candidate.canonical is not None and candidate.canonical == entry.canonical:
            return (
                titles_agree(candidate.item.title, entry.item.title)
                or bodies_contain(_body(candidate.item), _body(entry.item))
                or self._both_own(candidate, entry)
            )
        return self._is_copy(candidate, entry)

    def _is_renamed(self, candidate: Candidate, entry: KnownEntry) -> bool:
        """Tell whether this feed lists one of its own entries under a new key.

        Two that are listed side by side are two, unless nothing tells them apart.
        """
        if candidate.canonical is None or candidate.canonical != entry.canonical:
            return False
        if not self.keys.isdisjoint(entry.here):
            return candidate.digest == entry.digest and same_day(candidate.item.published, entry.published)
        return titles_agree(candidate.item.title, entry.item.title) and (
            same_day(candidate.item.published, entry.published)
            or bodies_contain(_body(candidate.item), _body(entry.item))
        )

    def _is_copy(self, candidate: Candidate, entry: KnownEntry) -> bool:
        """Tell whether a candidate has the title and the text of an entry on the same site."""
        return (
            candidate.content_key is not None
            and candidate.content_key == entry.content_key
            and same_site(candidate.item.link, entry.item.link)
        )

    def _both_own(self, candidate: Candidate, entry: KnownEntry) -> bool:
        """Tell whether both feeds are on the link's own site, and the link names one item in each."""
        alone = len(self.alike[f"l:{candidate.canonical}"]) == 1 and self.links[candidate.canonical] == 1
        return alone and self._owns(candidate) and self._owner(entry)

    def _owns(self, candidate: Candidate) -> bool:
        return same_site(self.feed, candidate.item.link)

    def _owner(self, entry: KnownEntry) -> bool:
        return same_site(entry.feed, entry.item.link)

    def _published(self, item: Item) -> datetime:
        said = item.published or item.updated
        return self.now if said is None or said < EARLIEST else min(said, self.now)

    def _new_id(self, candidate: Candidate) -> str:
        said = publisher_id(candidate.item)
        if said is not None and said not in self.taken:
            self.taken.add(said)
            return said
        derived = derived_id(self.feed, candidate.key)
        again = 0
        while derived in self.taken:
            again += 1
            derived = derived_id(self.feed, candidate.key, taken=again)
        self.taken.add(derived)
        return derived


def asked_ids(feed: str, listed: Iterable[Candidate]) -> list[str]:
    """Return the ids that judging may give out: the store says in Known.taken which of them are in use."""
    ids = [derived_id(feed, candidate.key, taken=0) for candidate in listed]
    return ids + [said for candidate in listed if (said := publisher_id(candidate.item)) is not None]


def _body(item: Item) -> str | None:
    return item.content or item.summary
