"""What became visible, when, and whether it was news: kept beside the program, and held against its tables."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from aggregator.store.rows import from_ms

if TYPE_CHECKING:
    from datetime import datetime

    from subscribed.program import Program

_DUE = "SELECT output, entry, due_at FROM telling"
_ORPHANS = """
    SELECT telling.output, entry.atom_id FROM telling JOIN entry ON entry.id = telling.entry
    WHERE due_at IS NULL AND NOT EXISTS (
        SELECT 1 FROM entry AS lead JOIN release ON release.entry = lead.id AND release.output = telling.output
        WHERE lead.story = entry.story AND lead.withdrawn_at IS NULL)"""
_LEADS = """
    SELECT output, story, count(*) AS leads FROM release JOIN entry ON entry.id = release.entry
    WHERE withdrawn_at IS NULL GROUP BY output, story HAVING count(*) > 1"""
_UNTOLD = """
    SELECT atom_id FROM entry WHERE held IS NULL AND id NOT IN (SELECT entry FROM telling WHERE output = ?)"""
_UNRELEASED = """
    SELECT atom_id, held FROM entry
    WHERE (held IS NULL) <> (withdrawn_at IS NULL AND id IN (SELECT entry FROM release WHERE output = 'all'))"""
_TWICE = "SELECT feed, entry, link FROM sighting GROUP BY feed, entry, link HAVING count(*) > 1"


@dataclass(frozen=True, slots=True)
class Release:
    """A row of the table, and when it was there first."""

    entry: int
    id: str
    at: datetime
    appeared: datetime


@dataclass
class Ledger:
    """All releases of all outputs, and the entries whose story is news to an output."""

    releases: dict[str, dict[int, Release]] = field(default_factory=dict)
    """By output and place."""
    ids: dict[int, str] = field(default_factory=dict)
    fresh: set[tuple[str, int]] = field(default_factory=set)
    """Outputs and entries that came since, and are not told yet."""
    known: dict[tuple[str, int], datetime] = field(default_factory=dict)
    """When an output was told of an entry, or when it was first released where the output was filled from."""
    withdrawn: int = 0
    corrected: bool = False

    def note(self, program: Program, *, filled: bool = False, drained: bool = False) -> None:
        """Take note of what is new: nothing that was there has changed or gone."""
        ids = {row["id"]: row["atom_id"] for row in program.rows("SELECT id, atom_id FROM entry")}
        assert self.ids.items() <= ids.items(), "an id has changed"
        self.ids = ids
        before = {output: len(places) for output, places in self.releases.items()}
        new = self._note_releases(program)
        if drained:
            for output, release in new:
                self._is_dated_right(program, output, release)
        self._note_tellings(program, filled=filled)
        assert all(len(self.releases[output]) >= count for output, count in before.items())

    def _note_releases(self, program: Program) -> list[tuple[str, Release]]:
        new, found = [], set()
        for row in program.rows("SELECT * FROM release"):
            place = row["output"], row["seq"]
            found.add(place)
            releases = self.releases.setdefault(row["output"], {})
            one = releases.get(row["seq"])
            if one is None:
                one = Release(row["entry"], self.ids[row["entry"]], from_ms(row["released_at"]), program.now)
                releases[row["seq"]] = one
                new.append((row["output"], one))
            assert (one.entry, one.at) == (row["entry"], from_ms(row["released_at"])), "a release has changed"
        assert found == {(output, seq) for output, places in self.releases.items() for seq in places}, "one is gone"
        return new

    def _is_dated_right(self, program: Program, output: str, release: Release) -> None:
        """A story that is news to an output is dated now; one that is not, when the output was told of it."""
        if not program.settings.published[output].tells_stories:
            return
        story = program.rows("SELECT other.id FROM entry JOIN entry AS other ON other.story = entry.story"
                             " WHERE entry.id = ?", release.entry)  # fmt: skip
        if any((output, row["id"]) in self.fresh for row in story):
            assert release.at == program.now, f"{release} is news to {output}, and hidden among what is old"
        else:
            known = self.known[output, release.entry]
            assert release.at <= known, f"{release} is told as news to {output}, which has known it since {known}"

    def _note_tellings(self, program: Program, *, filled: bool) -> None:
        rows = {(row["output"], row["entry"]): row["due_at"] for row in program.rows(_DUE)}
        self.fresh &= rows.keys()
        for place, due_at in rows.items():
            if place not in self.known:
                self.known[place] = from_ms(due_at) if filled and due_at is not None else program.now
                if not filled and due_at is not None:
                    self.fresh.add(place)
            elif place in self.fresh and due_at is None:
                self.known[place] = program.now
                self.fresh.remove(place)

    def nothing_is_lost(self, program: Program) -> None:
        """When nothing waits to be decided: all that is visible is released, as a lead or with one."""
        assert program.rows("SELECT id FROM entry WHERE grouped <> 1") == []
        assert [tuple(row) for row in program.rows(_ORPHANS)] == [], "entries whose story nobody tells"
        assert [tuple(row) for row in program.rows(_UNRELEASED)] == [], "held, or else released"
        assert [tuple(row) for row in program.rows(_TWICE)] == [], "one sighting a feed and link"
        for name, output in program.settings.published.items():
            if output.tells_stories and not output.tags:
                assert [tuple(row) for row in program.rows(_UNTOLD, name)] == [], f"unknown to {name}"
        twice = [tuple(row) for row in program.rows(_LEADS) if _tells_stories(program, row["output"])]
        assert twice == [] or self.corrected, f"stories that are told twice: {twice}"


def _tells_stories(program: Program, output: str) -> bool:
    return output in program.settings.published and program.settings.published[output].tells_stories
