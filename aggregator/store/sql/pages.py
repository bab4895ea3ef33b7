"""What pages show (store.pages.Pages)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aggregator.store import page_rows
from aggregator.store.page_rows import DAY, LANGUAGES, LATEST, STANDINGS, TAGS
from aggregator.store.pages import EXAMINED, EXCERPTED, Place, Stretch
from aggregator.store.rows import from_ms, to_ms

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import date, datetime

    from aggregator.model import FeedState, Outcome
    from aggregator.store.pages import Facets, Others, Told, Wanted
    from aggregator.store.rows import Row
    from aggregator.store.sql.entries import SqlEntries
    from aggregator.store.sql.session import Session

_TOLD = """entry.id, entry.atom_id, entry.founds, entry.story, entry.title, entry.link, entry.published, entry.language,
    coalesce(nullif(feed.title, ''), nullif({title}, ''), feed.url) AS source,
    feed.url AS feed_url, feed.prefix"""
_EXCERPT = f"substr(coalesce(nullif(entry.summary, ''), entry.content), 1, {EXCERPTED}) AS shown"
_SEARCHED = f"substr(coalesce(nullif(entry.content, ''), entry.summary), 1, {EXCERPTED}) AS shown"
_SEEN_BY_ALL = """entry.withdrawn_at IS NULL AND NOT feed.private AND (
    EXISTS (SELECT 1 FROM release WHERE release.entry = entry.id AND output = ANY(%(outputs)s))
    OR entry.held IS NULL AND EXISTS (
        SELECT 1 FROM telling WHERE telling.entry = entry.id AND output = ANY(%(outputs)s)))"""
_BEFORE = "(published, id) < (%(published)s, %(key)s)"
_NEWEST = "ORDER BY published DESC, id DESC"
_AT_FIRST = 4
"""Times as many are looked at first as are to be returned, enough without filters; then as many times those."""


class SqlPages:
    """Pages in a database."""

    def __init__(self, session: Session, entries: SqlEntries) -> None:
        self._db = session
        self._entries = entries
        self._told_columns = _TOLD.format(title=session.member("feed.header", "title"))

    def stretch(self, wanted: Wanted, after: Place | None, *, limit: int) -> Stretch:
        walk, values = self._walk(wanted, after)
        if not walk:
            return Stretch((), None)
        for examined in (_AT_FIRST * limit, _AT_FIRST**2 * limit, EXAMINED):
            found = self._leads(walk, wanted, {**values, "examined": examined, "more": limit + 1})
            if len(found) > limit:
                return Stretch(self._told([row["id"] for row in found[:limit]], _EXCERPT), _place(found[limit - 1]))
        last = f"SELECT id, published FROM {walk} {_NEWEST} LIMIT 1 OFFSET %(examined)s - 1"
        ends = self._db.execute(last, {**values, "examined": EXAMINED}).fetchall()
        return Stretch(self._told([row["id"] for row in found], _EXCERPT), _place(ends[0]) if ends else None)

    def _leads(self, walk: str, wanted: Wanted, values: dict[str, Any]) -> Sequence[Row]:
        """Return the first stories among the candidates, each by its first entry."""
        return self._db.execute(
            # Materialized: else conditions may move inside, and more would be looked at.
            f"""
            WITH candidate AS MATERIALIZED (
                SELECT id, published, story, language, feed, withdrawn_at FROM {walk} {_NEWEST} LIMIT %(examined)s)
            SELECT candidate.id, candidate.published FROM candidate
            WHERE {_wanted(self._db, "candidate", wanted)} AND NOT EXISTS (
                SELECT 1 FROM entry AS earlier WHERE earlier.story = candidate.story
                AND (earlier.published, earlier.id) < (candidate.published, candidate.id)
                AND {_wanted(self._db, "earlier", wanted)})
            ORDER BY candidate.published DESC, candidate.id DESC LIMIT %(more)s""",
            values,
        ).fetchall()

    def _walk(self, wanted: Wanted, after: Place | None) -> tuple[str, dict[str, Any]]:
        """Return where candidates come from, and the values of all conditions; "" where there are none."""
        published, key = (to_ms(after.published), after.key) if after else LATEST
        values: dict[str, Any] = {"published": published, "key": key, "output": wanted.output}
        values |= {"tag": wanted.tag, "language": wanted.language}
        if wanted.source is None:
            return f"entry WHERE {_BEFORE}", values
        feed = self._db.execute("SELECT id, entries FROM feed WHERE url = %s", [wanted.source]).fetchone()
        if feed is None:
            return "", values
        values["feed"] = feed["id"]
        # All entries of a small source are sorted; those of a large one are found on the way sooner.
        small = feed["entries"] <= EXAMINED
        of_feed = " AND feed = %(feed)s"
        return f"entry /* by entry_feed */ WHERE {_BEFORE}{of_feed}" if small else f"entry WHERE {_BEFORE}", values

    def _told(self, keys: Sequence[int], shown: str) -> tuple[Told, ...]:
        found = self._db.execute(
            f"SELECT {self._told_columns}, {shown} FROM entry JOIN feed ON feed.id = entry.feed"
            " WHERE entry.id = ANY(%s)",
            [list(keys)],
        )
        by_key = {row["id"]: page_rows.told(row) for row in found}
        return tuple(by_key[key] for key in keys)

    def coverage(self, leads: Collection[int], outputs: Collection[str], *, most: int) -> Mapping[int, Others]:
        rows = self._db.execute(
            f"""
            SELECT * FROM (
                SELECT lead.id AS lead, {self._told_columns}, NULL AS shown, row_number() OVER of_lead AS place,
                    count(*) OVER (PARTITION BY lead.id) AS count
                FROM {self._db.numbers("%(leads)s")} AS wanted JOIN /* then */ entry AS lead ON lead.id = wanted.value
                JOIN /* then */ entry ON entry.story = lead.story AND entry.id <> lead.id
                JOIN /* then */ feed ON feed.id = entry.feed
                WHERE {_SEEN_BY_ALL} WINDOW of_lead AS (PARTITION BY lead.id ORDER BY entry.published, entry.id)
            ) AS placed WHERE place <= %(most)s ORDER BY lead, place""",
            {"leads": list(leads), "outputs": list(outputs), "most": most},
        )
        return page_rows.others(rows)

    def story(self, key: str, outputs: Collection[str], *, limit: int) -> list[Told]:
        values = {"story": key, "outputs": list(outputs), "limit": limit}
        story = (
            f"SELECT {self._told_columns}, {_EXCERPT} FROM entry JOIN feed ON feed.id = entry.feed WHERE {_SEEN_BY_ALL}"
            " AND entry.story = %(story)s ORDER BY entry.published, entry.id LIMIT %(limit)s"
        )
        found = self._db.execute(story, values).fetchall()
        if not found:  # the entry that began it has joined another one
            began = f"SELECT entry.story FROM entry JOIN feed ON feed.id = entry.feed WHERE {_SEEN_BY_ALL}"
            for row in self._db.execute(f"{began} AND entry.founds = %(story)s", values).fetchall():
                found = self._db.execute(story, {**values, "story": row["story"]}).fetchall()
        return [page_rows.told(row) for row in found]

    def found(self, query: str, outputs: Collection[str], *, limit: int) -> list[Told]:
        keys = self._entries.released_matches(query, outputs, limit)
        return list(self._told(keys, _SEARCHED))

    def facets(self) -> Facets:
        return page_rows.facets(self._db.execute(TAGS), self._db.execute(LANGUAGES))

    def standings(self) -> list[FeedState]:
        return [page_rows.standing(row) for row in self._db.execute(STANDINGS)]

    def days(self, feeds: Collection[int], since: datetime) -> Mapping[int, Mapping[date, int]]:
        # Nothing is published after it was first seen, and sightings are looked through faster than texts.
        rows = self._db.execute(
            f"""
            SELECT sighting.feed, entry.published / {DAY} AS day, count(DISTINCT entry.id) AS count
            FROM sighting JOIN entry ON entry.id = sighting.entry
            WHERE sighting.feed = ANY(%(feeds)s) AND sighting.first_seen >= %(since)s
              AND entry.published >= %(since)s GROUP BY sighting.feed, day""",
            {"feeds": list(feeds), "since": to_ms(since)},
        )
        return page_rows.days(rows)

    def polls(self, feeds: Collection[int], since: datetime) -> Mapping[int, Sequence[tuple[datetime, Outcome]]]:
        rows = self._db.execute(
            "SELECT feed, at, outcome FROM poll_log /* by poll_log_feed */"
            " WHERE feed = ANY(%s) AND at >= %s ORDER BY feed, at, id",
            [list(feeds), to_ms(since)],
        )
        return page_rows.polls(rows)


def _place(row: Row) -> Place:
    return Place(from_ms(row["published"]), row["id"])


def _wanted(db: Session, one: str, wanted: Wanted) -> str:
    """Return the conditions for an entry, by its alias."""
    conditions = [
        f"{one}.withdrawn_at IS NULL",
        f"EXISTS (SELECT 1 FROM feed WHERE feed.id = {one}.feed AND NOT feed.private)",
        f"EXISTS (SELECT 1 FROM release WHERE release.entry = {one}.id AND release.output = %(output)s)",
    ]
    if wanted.source is not None:
        conditions.append(f"{one}.feed = %(feed)s")
    if wanted.language is not None:
        tag = f"replace(lower({one}.language), '_', '-')"
        conditions.append(
            f"({tag} = lower(%(language)s) OR substr({tag}, 1, length(%(language)s) + 1) = lower(%(language)s) || '-')"
        )
    if wanted.tag is not None:
        conditions.append(
            f"EXISTS (SELECT 1 FROM sighting JOIN feed ON feed.id = sighting.feed WHERE sighting.entry = {one}.id"
            f" AND NOT feed.private AND {db.holds('feed.tags', '%(tag)s')})"
        )
    return " AND ".join(conditions)
