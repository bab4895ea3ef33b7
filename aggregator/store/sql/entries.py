"""Entries, sightings and revisions (protocols.Entries)."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections import defaultdict
from typing import TYPE_CHECKING, Any, ClassVar

from aggregator.decide.canonical import canonical_url, plain_text
from aggregator.decide.changes import Known, Listed, asked_ids
from aggregator.decide.identity import story_key
from aggregator.decide.release import Subject
from aggregator.listings import from_text
from aggregator.model import Sighting
from aggregator.store import rows
from aggregator.store.protocols import EntryRevision
from aggregator.store.rows import ENTRY_COLUMNS, from_ms, item_columns, sighting_columns, to_ms

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
    from collections.abc import Set as AbstractSet
    from datetime import datetime

    from aggregator.decide.candidates import Candidate
    from aggregator.decide.changes import Addition, Revision, Sight
    from aggregator.model import Entry, FeedState
    from aggregator.store.rows import Row
    from aggregator.store.sql.session import Session

KEPT_REVISIONS = 20
_SEARCHED_TEXT = 50_000
"""Characters of an entry's text that the full-text index sees."""
_BATCH = 200
_SELECT = f"SELECT {ENTRY_COLUMNS} FROM entry JOIN feed ON feed.id = entry.feed"
_KNOWN = """
    SELECT entry.id, entry.atom_id, entry.source, entry.title, entry.link, entry.digest, entry.canonical,
        entry.content_key, entry.published, entry.updated, entry.held,
        feed.url AS feed_url, feed.private AS feed_private, feed.fetch_url, feed.header,
        CASE WHEN entry.id = ANY(%(alike)s) THEN coalesce(content, summary) END AS body,
        (SELECT {keys} FROM sighting WHERE sighting.entry = entry.id AND sighting.feed = %(feed)s) AS here,
        EXISTS (SELECT 1 FROM sighting WHERE sighting.entry = entry.id AND sighting.feed <> %(feed)s) AS elsewhere,
        NOT EXISTS (SELECT 1 FROM sighting WHERE sighting.entry = entry.id AND sighting.feed = entry.feed) AS "left"
    FROM entry JOIN feed ON feed.id = entry.feed WHERE entry.id = ANY(%(ids)s)"""
_INSERT_SIGHTING = (
    "INSERT INTO sighting (feed, key, entry, guid, link, digest, first_seen, last_seen, evidence)"
    " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)"
)
NEAREST = 256
"""Entries that share one canonical URL or content key, the last ones: a hostile feed gives all its items one link."""


class SqlEntries(ABC):
    """Entries in a database, save for how it searches them."""

    all_keys: ClassVar[str]
    """The keys of some sightings as a list in JSON, in SQL."""

    def __init__(self, session: Session) -> None:
        self._db = session

    def known(self, feed: FeedState, listed: Sequence[Candidate], unread: Collection[str] = ()) -> Known:
        before = self._among(
            f"SELECT key, entry, digest, link FROM sighting WHERE feed = %s AND {self._db.among('key')}",
            self._db.names(candidate.key for candidate in listed),
            feed.key,
        )
        sighted = {row["key"]: Listed(row["entry"], row["digest"], row["link"]) for row in before}
        strangers = [each for each in listed if each.key not in sighted or sighted[each.key].link != each.item.link]
        names = {each.key for each in listed} | set(unread)
        former = self._former(feed, names) if strangers else set()
        alike = self._alike(strangers) | former
        ids = {last.entry for last in sighted.values()} | alike
        found = {"feed": feed.key, "ids": list(ids), "alike": list(alike)}
        entries = self._db.execute(_KNOWN.format(keys=self.all_keys), found).fetchall()
        taken = self._taken(asked_ids(feed.url, strangers))
        if taken:
            taken |= self._taken(asked_ids(feed.url, strangers, taken))
        return Known(
            sighted,
            dict(rows.known_entries(entries)),
            frozenset(taken),
            frozenset(former),
        )

    def _taken(self, ids: Collection[str]) -> set[str]:
        return {row["atom_id"] for row in self._named("atom_id", ids)}

    def _named(self, column: str, ids: Iterable[str]) -> Sequence[Row]:
        named = f"SELECT {column} FROM entry WHERE {self._db.among('atom_id')}"
        return self._among(named, self._db.names(ids))

    def _former(self, feed: FeedState, listed: AbstractSet[str]) -> set[int]:
        """Return the entries that a feed's last document listed under names that are listed no longer."""
        kept = self._db.execute("SELECT value FROM listing WHERE feed = %s", [feed.key]).fetchone()
        if kept is not None:
            gone = from_text(kept["value"]).keys - listed
            of_gone = f"SELECT entry FROM sighting WHERE feed = %s AND {self._db.among('key')}"
            return {row["entry"] for row in self._among(of_gone, self._db.names(gone), feed.key)}
        last = self._db.execute(
            "SELECT entry FROM sighting WHERE feed = %(feed)s"
            " AND last_seen = (SELECT max(last_seen) FROM sighting WHERE feed = %(feed)s)",
            {"feed": feed.key},
        )
        return {row["entry"] for row in last}

    def _alike(self, strangers: Sequence[Candidate]) -> set[int]:
        found: set[int] = set()
        for column in ("canonical", "content_key"):
            values = {getattr(candidate, column) for candidate in strangers} - {None}
            found |= self._near(column, values)
        guids = {one.item.guid for one in strangers if one.item.guid is not None}
        return found | {row["id"] for row in self._named("id", guids)}

    @abstractmethod
    def _near(self, column: str, values: Collection[str]) -> set[int]:
        """Return the NEAREST last entries with each of some values in a column."""

    def _among(self, query: str, values: Iterable[object], *before: object) -> Sequence[Row]:
        values = list(values)
        return self._db.execute(query, [*before, values]).fetchall() if values else []

    def add(
        self, feed: FeedState, additions: Sequence[Addition], held: Mapping[int, str], now: datetime
    ) -> dict[int, int]:
        keys = {}
        for addition in additions:
            candidate = addition.candidate
            columns: dict[str, Any] = {
                "atom_id": addition.id,
                "first_seen": to_ms(now),
                "published": to_ms(addition.published),
                "story": story_key(addition.id),
                "founds": story_key(addition.id),
                "held": held.get(addition.key),
                "updated": self._free_updated(to_ms(addition.updated)),
            }
            columns |= self._content_columns(feed, candidate)
            keys[addition.key] = self._insert(columns)
        self.enter_index(keys.values())
        return keys

    @abstractmethod
    def _insert(self, columns: Mapping[str, Any]) -> int:
        """Keep a new entry; return its key."""

    def _written(self, columns: Mapping[str, Any]) -> tuple[dict[str, str], list[Any]]:
        """Return what is written into each column, in SQL, and the values for that."""
        return dict.fromkeys(columns, "%s"), list(columns.values())

    def _update(self, entry: int, columns: Mapping[str, Any], *, edited: bool) -> None:
        written, values = self._written(columns)
        assignments = ", ".join(f"{name} = {value}" for name, value in written.items())
        self._db.execute(
            f"UPDATE entry SET {assignments}, revisions = revisions + %s,"
            " grouped = CASE grouped WHEN 0 THEN 0 ELSE 2 END WHERE id = %s",
            [*values, int(edited), entry],
        )

    @abstractmethod
    def leave_index(self, keys: Collection[int]) -> None:
        """Let these be found no longer: what they say is about to change."""

    @abstractmethod
    def enter_index(self, keys: Collection[int]) -> None:
        """Let these be found by what they say now."""

    def _content_columns(self, feed: FeedState, candidate: Candidate) -> dict[str, Any]:
        item = candidate.item
        language = item.language or feed.header.language
        return item_columns(item) | {
            "feed": feed.key,
            "canonical": candidate.canonical,
            "content_key": candidate.content_key,
            "digest": candidate.digest,
            "language": language,
            "text": plain_text(item.content or item.summary)[:_SEARCHED_TEXT],
        }

    def _updated(self, revision: Revision) -> int:
        wanted, same = to_ms(revision.updated), "SELECT 1 FROM entry WHERE id = %s AND updated = %s"
        if not revision.edited and self._db.execute(same, [revision.entry, wanted]).fetchone():
            return wanted
        return self._free_updated(wanted, revision.entry)

    def _free_updated(self, wanted: int, entry: int | None = None) -> int:
        """Return the first free millisecond of the second that begins with `wanted`, else of the next ones."""
        taken = "SELECT max(updated) AS last FROM entry WHERE updated >= %s AND updated < %s AND id <> coalesce(%s, 0)"
        while True:
            last = self._db.one(taken, [wanted, wanted + 1000, entry])["last"]
            if last is None:
                return wanted
            if last + 1 < wanted + 1000:
                return int(last) + 1
            wanted += 1000

    def revise(self, feed: FeedState, revisions: Sequence[Revision], now: datetime) -> None:
        changed = [revision.entry for revision in revisions]
        self.leave_index(changed)
        for revision in revisions:
            if revision.edited:
                self._keep_revision(revision.entry, now)
            columns = self._content_columns(feed, revision.candidate)
            columns["published"] = to_ms(revision.published)
            columns["updated"] = self._updated(revision)
            self._update(revision.entry, columns, edited=revision.edited)
        self.enter_index(changed)
        self._db.executemany("DELETE FROM vector WHERE entry = %s", [(entry,) for entry in changed])

    def _keep_revision(self, entry: int, now: datetime) -> None:
        self._db.execute(
            "INSERT INTO revision (entry, number, at, title, link, summary, content)"
            " SELECT id, revisions + 1, %s, title, link, summary, content FROM entry WHERE id = %s",
            [to_ms(now), entry],
        )
        self._db.execute(
            "DELETE FROM revision WHERE entry = %s AND number <= (SELECT revisions + 1 - %s FROM entry WHERE id = %s)",
            [entry, KEPT_REVISIONS, entry],
        )

    def sight(self, feed: FeedState, sights: Sequence[Sight], now: datetime, unread: Collection[str] = ()) -> None:
        listed = [*(sight.candidate.key for sight in sights), *unread]
        self._begin(feed, [sight for sight in sights if sight.first and sight.evidence is None], now)
        for sight in sights:
            if sight.first and sight.evidence is not None:
                self._first_sighting(feed, sight, listed, now)
        self._db.executemany(
            "UPDATE sighting SET digest = %s, link = %s, last_seen = %s, count = count + 1"
            f" WHERE feed = %s AND {self._db.is_text('key')}",
            [
                (sight.candidate.digest, sight.candidate.item.link, to_ms(now), feed.key, sight.candidate.key)
                for sight in sights
                if not sight.first
            ],
        )

    def _begin(self, feed: FeedState, sights: Sequence[Sight], now: datetime) -> None:
        """Note sightings that begin entries, under keys that are new, or that named other entries before."""
        if not sights:
            return
        keys = [sight.candidate.key for sight in sights]
        self._db.execute(
            f"DELETE FROM sighting WHERE feed = %s AND {self._db.among('key')}", [feed.key, self._db.names(keys)]
        )
        self._db.executemany(_INSERT_SIGHTING, [sighting_columns(feed, sight, now) for sight in sights])
        entries = len({sight.entry for sight in sights})
        self._db.execute("UPDATE feed SET entries = entries + %s WHERE id = %s", [entries, feed.key])

    def _first_sighting(self, feed: FeedState, sight: Sight, listed: Sequence[str], now: datetime) -> None:
        """Note a sighting under a key that is new, or that named another entry before."""
        of_key = f"DELETE FROM sighting WHERE feed = %s AND {self._db.is_text('key')}"
        self._db.execute(of_key, [feed.key, sight.candidate.key])
        if not self._rename(feed, sight, listed, now):
            self._insert_sighting(feed, sight, now)

    def _rename(self, feed: FeedState, sight: Sight, listed: Sequence[str], now: datetime) -> bool:
        """Give the feed's sighting of the entry its new key, if the old key is listed no longer."""
        candidate = sight.candidate
        renamed = self._db.execute(
            """
            UPDATE sighting SET key = %s, guid = %s, link = %s, digest = %s, last_seen = %s, count = count + 1,
                evidence = coalesce(evidence, %s)
            WHERE id = (SELECT id FROM sighting WHERE feed = %s AND entry = %s
                AND key <> ALL(%s) ORDER BY last_seen LIMIT 1)""",
            [
                *(candidate.key, candidate.item.guid, candidate.item.link, candidate.digest, to_ms(now)),
                *(sight.evidence, feed.key, sight.entry, listed),
            ],
        )
        return renamed.rowcount > 0

    def _insert_sighting(self, feed: FeedState, sight: Sight, now: datetime) -> None:
        self._db.execute(
            "UPDATE feed SET entries = entries + 1 WHERE id = %(feed)s"
            " AND NOT EXISTS (SELECT 1 FROM sighting WHERE entry = %(entry)s AND sighting.feed = %(feed)s)",
            {"feed": feed.key, "entry": sight.entry},
        )
        self._db.execute(_INSERT_SIGHTING, sighting_columns(feed, sight, now))

    def subjects(self, keys: Collection[int]) -> dict[int, Subject]:
        tags: dict[tuple[int, int], set[str]] = defaultdict(set)
        for row in self._among(
            "SELECT sighting.entry, feed.private, feed.tags FROM sighting JOIN feed ON feed.id = sighting.feed"
            " WHERE feed.tags <> '[]' AND sighting.entry = ANY(%s)",
            keys,
        ):
            tags[row["entry"], row["private"]].update(json.loads(row["tags"]))
        return {
            row["id"]: Subject(
                item=rows.item(row),
                published=from_ms(row["published"]),
                language=row["language"],
                tags=frozenset(tags[row["id"], 0]),
                private_tags=frozenset(tags[row["id"], 1]),
                private=bool(row["private"]),
                feed=row["feed_url"],
                held=row["held"],
            )
            for row in self._among(
                "SELECT entry.*, feed.private, feed.url AS feed_url FROM entry"
                " JOIN feed ON feed.id = entry.feed WHERE entry.id = ANY(%s)",
                keys,
            )
        }

    def set_held(self, keys: Collection[int], why: str | None) -> None:
        self._db.executemany("UPDATE entry SET held = %s WHERE id = %s", [(why, key) for key in keys])

    def get(self, entry_id: str) -> Entry | None:
        found = self._hydrate(
            self._db.execute(
                f"{_SELECT} WHERE {self._db.is_text('entry.atom_id')} OR entry.founds = %s LIMIT 1",
                [entry_id, entry_id],
            )
        )
        return found[0] if found else None

    def with_link(self, link: str) -> list[Entry]:
        listed = "SELECT entry FROM sighting WHERE link = %s"
        found = (
            f"{_SELECT} WHERE {self._db.is_text('entry.canonical')} OR entry.id IN ({listed})"
            f" ORDER BY entry.id DESC LIMIT {NEAREST}"
        )
        return self._hydrate(self._db.execute(found, [canonical_url(link), link]))

    def revisions(self, key: int) -> list[EntryRevision]:
        found = self._db.execute("SELECT * FROM revision WHERE entry = %s ORDER BY number DESC", [key])
        return [
            EntryRevision(from_ms(row["at"]), row["title"], row["link"], row["summary"], row["content"])
            for row in found
        ]

    def all(self, *, since: datetime | None = None) -> Iterator[Entry]:
        ids = self._db.execute(
            "SELECT id FROM entry WHERE first_seen >= %s ORDER BY published DESC, id DESC",
            [to_ms(since) if since else 0],
        ).fetchall()
        return self.by_keys([row["id"] for row in ids])

    @abstractmethod
    def search(self, query: str, *, limit: int) -> list[Entry]:
        """Find words in titles and texts (protocols.Entries)."""

    def search_released(self, query: str, outputs: Collection[str], *, limit: int) -> list[Entry]:
        return list(self.by_keys(self.released_matches(query, outputs, limit)))

    @abstractmethod
    def released_matches(self, query: str, outputs: Collection[str], limit: int) -> list[int]:
        """Return the keys of what `search_released` finds."""

    def by_keys(self, keys: Sequence[int], *, sightings: bool = True) -> Iterator[Entry]:
        """Return entries in the order of their keys, read in batches; with their sightings, or without."""
        for start in range(0, len(keys), _BATCH):
            batch = keys[start : start + _BATCH]
            read = self._among(f"{_SELECT} WHERE entry.id = ANY(%s)", batch)
            found = {entry.key: entry for entry in (self._hydrate(read) if sightings else map(rows.entry, read))}
            yield from (found[key] for key in batch if key in found)

    def _hydrate(self, found: Iterable[Row]) -> list[Entry]:
        found = list(found)
        sightings: dict[int, list[Sighting]] = defaultdict(list)
        for row in self._among(
            "SELECT sighting.*, feed.url FROM sighting JOIN feed ON feed.id = sighting.feed"
            " WHERE sighting.entry = ANY(%s)",
            [row["id"] for row in found],
        ):
            seen = Sighting(row["url"], row["guid"], row["link"], from_ms(row["first_seen"]), row["evidence"])
            sightings[row["entry"]].append(seen)
        return [
            rows.entry(row, sorted(sightings[row["id"]], key=lambda seen: (seen.first_seen, seen.feed)))
            for row in found
        ]
