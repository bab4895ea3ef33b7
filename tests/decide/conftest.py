"""Items made for one test, and a store in memory that applies verdicts as the real one does."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from aggregator.decide import naming
from aggregator.decide.candidates import Candidate, candidates, renamed
from aggregator.decide.changes import Known, KnownEntry, Listed, Sight, Verdict, asked_ids, judge
from aggregator.decide.origins import names_of
from aggregator.listings import Naming
from aggregator.model import Header, Item

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence

NOW = datetime(2026, 4, 20, 12, tzinfo=UTC)


@dataclass(slots=True)
class Seen:
    """A feed's sighting of an entry."""

    entry: int
    digest: str
    link: str | None
    last: int


def _to_the_millisecond(moment: datetime) -> datetime:
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def named_as(feed: str) -> frozenset[str]:
    """Return the names of a feed whose id is `urn:` and its address."""
    return names_of(feed, feed, Header(id=f"urn:{feed}"))


class Shelf:
    """Entries and sightings, kept as store/ keeps them: what judging is given, and what becomes of its verdicts."""

    def __init__(self) -> None:
        self.entries: dict[int, KnownEntry] = {}
        self.ids: dict[int, str] = {}
        self.sightings: dict[tuple[str, str], Seen] = {}
        self.private: set[str] = set()
        self.naming: dict[str, Naming] = {}
        self.now = NOW
        self.polls = 0

    def poll(self, feed: str, items: Iterable[Item], *, ignore: Collection[str] = ()) -> Verdict:
        """Judge a document and keep what it changes; a minute goes by."""
        listed = self.prepared(feed, items, ignore)
        known = self.known(feed, listed)
        verdict = judge(feed, listed, known, now=self.now, private=feed in self.private, names=named_as(feed))
        keys = self._add(feed, verdict)
        self._revise(feed, verdict)
        self._sight(feed, [replace(sight, entry=keys.get(sight.entry, sight.entry)) for sight in verdict.sights])
        named = self.naming[feed]
        self.naming[feed] = naming.doubted(named, verdict, known.entries, self.now)
        self._renamed(feed, listed, named, self.naming[feed])
        self.now += timedelta(minutes=1)
        self.polls += 1
        return verdict

    def prepared(self, feed: str, items: Iterable[Item], ignore: Collection[str] = ()) -> list[Candidate]:
        """Return a document's candidates, under names that will do for it."""
        before = self.naming.get(feed, Naming())
        listed = candidates(items, ignore, before.by)
        self.naming[feed] = naming.settled(before, [candidate.item for candidate in listed], self.now)
        return self._renamed(feed, listed, before, self.naming[feed])

    def _renamed(self, feed: str, listed: list[Candidate], before: Naming, after: Naming) -> list[Candidate]:
        """Give what a feed lists its new names; what it lists no longer keeps the old ones."""
        if after.by is before.by:
            return listed
        anew = renamed(listed, after.by)
        for old, new in zip(listed, anew, strict=True):
            if (feed, old.key) in self.sightings and (feed, new.key) not in self.sightings:
                self.sightings[feed, new.key] = self.sightings.pop((feed, old.key))
        return anew

    def listed(self, feed: str, items: Iterable[Item]) -> list[Candidate]:
        """Return the candidates of a document as the feed's items are named now."""
        return candidates(items, by=self.naming.get(feed, Naming()).by)

    def judged(self, feed: str, listed: Sequence[Candidate]) -> Verdict:
        """Judge a document, and keep nothing."""
        return judge(
            feed, listed, self.known(feed, listed), now=self.now, private=feed in self.private, names=named_as(feed)
        )

    def known(self, feed: str, listed: Sequence[Candidate]) -> Known:
        """Return what the store would."""
        sighted = {
            candidate.key: Listed(seen.entry, seen.digest, seen.link)
            for candidate in listed
            if (seen := self.sightings.get((feed, candidate.key))) is not None
        }
        strangers = [each for each in listed if each.key not in sighted or sighted[each.key].link != each.item.link]
        former = self._former(feed) if strangers else frozenset()
        links = {candidate.canonical for candidate in strangers} - {None}
        texts = {candidate.content_key for candidate in strangers} - {None}
        guids = {candidate.item.guid for candidate in strangers}
        entries = {
            key: replace(
                entry,
                private=entry.feed in self.private,
                id=self.ids[key],
                names=named_as(entry.feed),
                here=self._here(feed, key),
                elsewhere=not self._listers(key) <= {feed},
                left=entry.feed not in self._listers(key),
            )
            for key, entry in self.entries.items()
            if self.ids[key] in guids
            or key in {last.entry for last in sighted.values()} | former
            or entry.canonical in links
            or entry.content_key in texts
        }
        given = set(self.ids.values())
        taken = given & set(asked_ids(feed, strangers))
        return Known(sighted, entries, frozenset(given & set(asked_ids(feed, strangers, taken))), former)

    def _former(self, feed: str) -> frozenset[int]:
        seen = [seen for (lister, _), seen in self.sightings.items() if lister == feed]
        last = max((one.last for one in seen), default=0)
        return frozenset(one.entry for one in seen if one.last == last)

    def of(self, feed: str, item: Item, among: Sequence[Item]) -> int:
        """Return the entry that an item of a document was sighted as."""
        key = next(each.key for each in self.listed(feed, among) if each.item == item)
        return self.sightings[feed, key].entry

    def titles(self) -> list[str]:
        """Return the titles of all entries, in order."""
        return [entry.item.title for entry in self.entries.values()]

    def _here(self, feed: str, entry: int) -> tuple[str, ...]:
        return tuple(key for (lister, key), seen in self.sightings.items() if lister == feed and seen.entry == entry)

    def _listers(self, entry: int) -> set[str]:
        return {lister for (lister, _), seen in self.sightings.items() if seen.entry == entry}

    def _add(self, feed: str, verdict: Verdict) -> dict[int, int]:
        keys = {}
        for addition in verdict.additions:
            key = keys[addition.key] = len(self.entries) + 1
            assert addition.id not in self.ids.values(), "ids are unique"
            self.ids[key] = addition.id
            published, updated = map(_to_the_millisecond, (addition.published, addition.updated))
            self.entries[key] = self._entry(key, feed, addition.candidate, published, updated)
        return keys

    def _revise(self, feed: str, verdict: Verdict) -> None:
        for revision in verdict.revisions:
            published, updated = map(_to_the_millisecond, (revision.published, revision.updated))
            held = self.entries[revision.entry].held
            entry = self._entry(revision.entry, feed, revision.candidate, published, updated)
            self.entries[revision.entry] = replace(entry, held=held)

    def _entry(self, key: int, feed: str, candidate: Candidate, published: datetime, updated: datetime) -> KnownEntry:
        item = candidate.item
        return KnownEntry(
            key=key,
            feed=feed,
            item=Item(title=item.title, link=item.link, summary=item.summary, content=item.content, source=item.source),
            digest=candidate.digest,
            canonical=candidate.canonical,
            content_key=candidate.content_key,
            published=published,
            updated=updated,
        )

    def _sight(self, feed: str, sights: Sequence[Sight]) -> None:
        listed = {sight.candidate.key for sight in sights}
        for sight in sights:
            if sight.first:
                self._forget_old_key(feed, sight.entry, listed)
            self.sightings[feed, sight.candidate.key] = Seen(
                sight.entry, sight.candidate.digest, sight.candidate.item.link, self.polls
            )

    def _forget_old_key(self, feed: str, entry: int, listed: set[str]) -> None:
        """Take away the key that a new one replaces, when the feed lists it no longer."""
        old = [key for key in self._here(feed, entry) if key not in listed]
        if old:
            del self.sightings[feed, min(old, key=lambda key: self.sightings[feed, key].last)]


@pytest.fixture(scope="session")
def new_shelf() -> type[Shelf]:
    """Return what makes an empty store."""
    return Shelf


@pytest.fixture(scope="session")
def now() -> datetime:
    """Return the moment of the tests."""
    return NOW


@pytest.fixture(scope="session")
def item() -> Callable[..., Item]:
    """Return a function that makes an item of a number: title, link, guid, text and date, each replaceable."""

    def made(number: int = 1, **changes: Any) -> Item:
        link = f"https://site.example/posts/{number}"
        usual = Item(
            title=f"Post number {number}",
            guid=link,
            link=link,
            summary=f"<p>What post {number} says.</p>",
            published=NOW - timedelta(days=number, hours=1),
        )
        return replace(usual, **changes)

    return made
