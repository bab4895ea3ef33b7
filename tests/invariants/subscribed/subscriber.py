"""People who read an output now and then, with what a feed reader remembers: the ids that it has shown."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from aggregator.store.rows import from_ms

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from subscribed.ledger import Ledger
    from subscribed.program import Program


@dataclass
class Subscriber:
    """One reader of one output."""

    output: str
    pause: timedelta
    next_at: datetime
    last_at: datetime | None = None
    seen: dict[str, datetime] = field(default_factory=dict)
    days: set[datetime] = field(default_factory=set)
    """Days of a digest that were closed when it looked last."""
    withdrawn: int = 0
    """How many entries were withdrawn when it subscribed: each may let an older entry come up again."""

    def look(self, program: Program, ledger: Ledger) -> None:
        """Read the document if it is time to."""
        document = program.documents.get(self.output)
        if document is None or program.now < self.next_at or self.output not in program.settings.published:
            return
        self.next_at = program.now + self.pause
        ids = [entry.id for entry in document.entries]
        assert len(set(ids)) == len(ids), "an id twice in one document"
        output = program.settings.published[self.output]
        if self.last_at is None:
            self.withdrawn = ledger.withdrawn
        elif output.digest is None and output.top is None:
            self._nothing_old(set(ids), ledger)
            self._nothing_missed(set(ids), program, ledger)
        elif output.digest:
            self._no_issue_missed(program, [entry.published for entry in document.entries])
        self.days = self._closed_days(program)
        self.seen.update(dict.fromkeys(ids, program.now))
        self.last_at = program.now

    def _nothing_old(self, ids: set[str], ledger: Ledger) -> None:
        """What is new to this reader was released since it looked last."""
        appeared = {release.id: release.appeared for release in ledger.releases.get(self.output, {}).values()}
        old = {one: appeared[one] for one in ids - self.seen.keys() if appeared[one] < self.last_at}
        assert not old or ledger.withdrawn > self.withdrawn, f"{self} sees {old} as new"

    def _nothing_missed(self, ids: set[str], program: Program, ledger: Ledger) -> None:
        """What was released since it looked last is here, unless it was dated back, or withdrawn."""
        gone = {row["atom_id"] for row in program.rows("SELECT atom_id FROM entry WHERE withdrawn_at IS NOT NULL")}
        released = {
            release.id
            for release in ledger.releases.get(self.output, {}).values()
            if release.appeared > self.last_at and release.at > self.last_at
        }
        assert released - gone <= ids, f"{self} misses {released - gone - ids}"

    def _no_issue_missed(self, program: Program, days: list[datetime]) -> None:
        """Every day that was closed since it looked last has its issue here."""
        assert len(set(days)) == len(days)
        missing = self._closed_days(program) - self.days - set(days)
        assert not missing, f"{self} misses the issues of {missing}"

    def _closed_days(self, program: Program) -> set[datetime]:
        """Return the ends of days that have an issue with something in it."""
        return {
            from_ms((row["day"] + 1) * 86_400_000)
            for row in program.rows(
                "SELECT day FROM issue WHERE output = ? AND EXISTS (SELECT 1 FROM release"
                " JOIN entry ON entry.id = release.entry WHERE release.output = issue.output"
                " AND released_at / 86400000 = day AND withdrawn_at IS NULL)",
                self.output,
            )
        }
