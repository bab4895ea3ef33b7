"""The program without its network: what was asked is settled, stories are told, documents are made of the rows."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from aggregator.errors import TimedOut
from aggregator.model import Document, Fetched, Header
from aggregator.publish.selection import channel
from aggregator.run.engine import take_over
from aggregator.run.stories import StoryStage
from aggregator.settle import Chance, Result, settle
from aggregator.store.sqlite.store import SqliteStore

if TYPE_CHECKING:
    from collections.abc import Collection, Coroutine, Sequence
    from pathlib import Path

    from aggregator.config.settings import Settings
    from aggregator.model import Item
    from aggregator.publish.channel import Channel

START = datetime(2026, 5, 4, 8, tzinfo=UTC)
"""When the database is made."""


class Killed(Exception):
    """The process dies here."""


class Program:
    """One database through many lives of the process."""

    def __init__(self, path: Path, settings: Settings, *, began: datetime = START) -> None:
        self.path, self.settings, self.now = path, settings, began
        self.documents: dict[str, Channel] = {}
        """What was published last."""
        self._dying = False
        self._made_at(began)
        self.start()

    def _made_at(self, moment: datetime) -> None:
        """Make the database, always under the same name and at the same time."""
        store = SqliteStore(self.path)
        for name, value in {"created": moment.isoformat(), "instance": "00000000-0000-4000-8000-000000000000"}.items():
            store._database.conn.execute("UPDATE meta SET value = ? WHERE name = ?", [value, name])
        store.close()

    def start(self, settings: Settings | None = None) -> None:
        """Begin as the daemon does: take the configuration over, publish everything."""
        self.settings = settings or self.settings
        self.store = SqliteStore(self.path)
        take_over(self.store, self.settings, self.now)
        self.stories = StoryStage(self.store, self._current_settings, clock=lambda: self.now, changed=self._publish)
        self._publish(self.settings.published)

    def stop(self) -> None:
        """End, whatever is under way; what was committed stays."""
        self.store.close()

    def poll(self, answers: Sequence[tuple[str, Sequence[Item] | None]], *, killed: bool = False) -> bool:
        """Settle answers in one transaction, None for one that never came; tell whether that was committed."""
        results = [self._result(url, items) for url, items in answers]
        with suppress(Killed), self.store.transaction() as tx:
            settled = [settle(tx, result, self.settings, Chance(0)) for result in results]
            if killed:
                raise Killed
        if killed:
            return False
        for one in settled:
            assert one.report.error is None or "made a mistake" not in one.report.error
            self._publish(one.changed)
        return True

    def _result(self, url: str, items: Sequence[Item] | None) -> Result:
        with self.store.transaction() as tx:
            (request,) = tx.requests.claim([url], self.now, lease=timedelta(hours=1))
        if items is None:
            return Result(request, self.now, error=TimedOut("Nothing came.", "Wait."))
        fetched = Fetched(url=url, status=200, received=self.now)
        document = Document(Header(title=url), tuple(items))
        return Result(request, self.now, fetched, document, body_hash="of these items")

    def drain(self, *, killed: bool = False) -> None:
        """Decide and tell all stories; `killed` in the middle of it."""
        self._dying = killed
        with suppress(Killed):
            _run(self.stories.drain())
        self._dying = False

    def correct(self, action: str, *ids: str) -> None:
        """Carry out a correction by hand; raises Usage."""
        _run(self.stories.correct(action, ids))

    def _current_settings(self) -> Settings:
        if self._dying:
            raise Killed
        return self.settings

    def _publish(self, names: Collection[str]) -> None:
        self.documents |= {name: self.document(name) for name in names if name in self.settings.published}

    def document(self, name: str) -> Channel:
        """Make a document of what is stored now."""
        with self.store.snapshot() as tx:
            return channel(tx, self.settings.published[name], self.settings)

    def rows(self, query: str, *values: object) -> list[Any]:
        """Look into the database."""
        return self.store._database.conn.execute(query, values).fetchall()


def _run(work: Coroutine[Any, Any, Any]) -> Any:
    """Run what waits for nothing."""
    try:
        work.send(None)
    except StopIteration as done:
        return done.value
    raise AssertionError("It waits for something.")
