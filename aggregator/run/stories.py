"""The story stage at work: entries are decided between two commits of polls' results, then outputs are told."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import structlog

from aggregator import corrections
from aggregator.awaiting import let_overdue_go
from aggregator.decide.stories.embedding import text_to_embed
from aggregator.errors import StoreError, Usage
from aggregator.grouping import STEP, Grouping
from aggregator.telling import tell

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
    from datetime import datetime

    from aggregator.config.settings import Settings
    from aggregator.decide.stories.embedding import Embedder
    from aggregator.store.protocols import Store, Transaction

_T = TypeVar("_T")
_log = structlog.get_logger(__name__)
_EMBEDDED = 32
"""Articles embedded together: about a second's work."""


async def at_once(work: Callable[[], _T]) -> _T:
    """Use the store right here: for a process in which nothing else does."""
    return work()


class StoryStage:
    """Decides what waits to be decided, and carries out corrections; one thing at a time."""

    def __init__(
        self,
        store: Store,
        settings: Callable[[], Settings],
        *,
        clock: Callable[[], datetime],
        in_writer: Callable[[Callable[[], Any]], Awaitable[Any]] = at_once,
        changed: Callable[[Collection[str]], None] = lambda _: None,
        embedder: Embedder | None = None,
    ) -> None:
        """Take `changed` as what is told, after a commit, which outputs' documents are not up to date any more."""
        self._store, self._settings, self._clock = store, settings, clock
        self._in_writer, self._changed = in_writer, changed
        self._embedder = embedder
        self._grouping = Grouping(embedder.name if embedder else None)
        self._one_at_a_time = asyncio.Lock()
        self._mute: set[int] = set()
        """Entries of which the embedder makes no vector: they are decided by their words."""
        self._mistake: str | None = None
        self._corrections = 0
        self._stopping = False

    def stop(self) -> None:
        """Let what is under way end soon: what is left is decided by whoever starts next."""
        self._stopping = True

    def forget(self) -> None:
        """Remember nothing of what was decided: another process has decided since."""
        self._grouping.forget()

    async def keep_up(self, failed: Callable[[StoreError], None]) -> None:
        """Drain; hand on what is wrong with the store, and tell a mistake of ours once: the next call tries again."""
        try:
            await self.drain()
        except StoreError as error:
            failed(error)
        except Exception as error:  # noqa: BLE001 - polls are written all the same
            if self._mistake != repr(error):
                _log.critical("stories.mistake", exc_info=True)
            self._mistake = repr(error)
        else:
            self._mistake = None

    async def drain(self) -> None:
        """Decide all that waits, then tell the outputs what is due; StoreError when it cannot be written."""
        async with self._one_at_a_time:
            await self._drain()

    async def correct(self, action: str, ids: Sequence[str]) -> dict[str, Any]:
        """Carry out a correction by hand; return what came of it, Usage when it makes no sense."""
        async with self._one_at_a_time:
            told: dict[str, Any]
            told, changed = await self._in_writer(lambda: self._correct(action, ids))
            self._changed(changed)
            await self._drain()
        return told

    async def _drain(self) -> None:
        left = True
        while left and not self._stopping:
            if self._embedder is not None:
                await self._embed(self._embedder)
            left, changed = await self._in_writer(self._step)
            self._changed(changed)

    def _step(self) -> tuple[bool, set[str]]:
        """Decide some entries, and tell outputs of stories when none is left.

        Return whether there are more, and which outputs changed.
        """
        now = self._clock()
        try:
            with self._store.transaction() as tx:
                self._heed(tx.kinships.corrections())
                step = self._grouping.step(tx, now, mute=self._mute)
                joined = tx.tellings.of([one.entry for one in step.decided])
                tx.tellings.orphaned(now, step.stories)
                changed = let_overdue_go(tx, self._settings(), now)
                changed |= set() if step.left else tell(tx, self._settings(), now)
                changed = changed.union(*joined.values())
                tx.editions.note(changed)
        except BaseException:
            self._grouping.forget()
            raise
        if not step.left:
            self._mute.clear()
        return step.left, changed

    def _correct(self, action: str, ids: Sequence[str]) -> tuple[dict[str, Any], set[str]]:
        self._grouping.forget()
        with self._store.transaction() as tx:
            told, changed = _corrected(tx, action, ids, self._settings(), self._clock())
            tx.kinships.note_correction()
            tx.editions.note(changed)
        return told, changed

    def _heed(self, corrections: int) -> None:
        """Remember nothing that a correction, by another process perhaps, has made untrue."""
        if corrections != self._corrections:
            self._grouping.forget()
        self._corrections = corrections

    async def _embed(self, embedder: Embedder) -> None:
        """Make the vectors of what is decided next, beside the writer."""
        while not self._stopping and (texts := await self._in_writer(lambda: self._unread(embedder.name))):
            vectors = await asyncio.to_thread(_embedded, embedder, texts)
            if failed := texts.keys() - vectors.keys():
                self._mute |= failed
                _log.error("stories.not_embedded", entries=sorted(failed))
            await self._in_writer(partial(self._keep, texts, vectors, embedder.name))

    def _unread(self, model: str) -> dict[int, str]:
        """Return texts of which there is no vector yet, some of those that wait, by their entries' keys."""
        with self._store.snapshot() as tx:
            waiting = tx.stories.waiting(limit=STEP, model=model)
        articles = [one.article for one in waiting if one.article.vector is None and one.article.key not in self._mute]
        return {article.key: text_to_embed(article) for article in articles[:_EMBEDDED]}

    def _keep(self, texts: Mapping[int, str], vectors: Mapping[int, bytes], model: str) -> None:
        """Keep vectors, but those of texts that were edited meanwhile: these are embedded again."""
        with self._store.transaction() as tx:
            waiting = tx.stories.waiting(limit=STEP, model=model)
            as_it_was = {one.article.key for one in waiting if texts.get(one.article.key) == text_to_embed(one.article)}
            tx.stories.keep_vectors({key: made for key, made in vectors.items() if key in as_it_was}, model)


def _embedded(embedder: Embedder, texts: Mapping[int, str]) -> dict[int, bytes]:
    """Return the vectors of texts; when some of them cannot be embedded, those of the others."""
    try:
        made = embedder.embed(list(texts.values()))
    except Exception:  # noqa: BLE001 - one text must not cost the others their vectors
        _log.debug("stories.embedder_failed", texts=len(texts), exc_info=True)
        if len(texts) == 1:
            return {}
        return {key: made for one in texts.items() for key, made in _embedded(embedder, dict([one])).items()}
    return {key: one.tobytes() for key, one in zip(texts, made, strict=True) if np.isfinite(one).all()}


def _corrected(
    tx: Transaction, action: str, ids: Sequence[str], settings: Settings, now: datetime
) -> tuple[dict[str, Any], set[str]]:
    match action, *ids:
        case "recompute", *_:
            tx.stories.undecide()
            return {}, set()
        case "split", one:
            story, changed = corrections.split(tx, one, settings, now)
        case "join", one, other:
            story, changed = corrections.join(tx, one, other, settings, now)
        case "withdraw", one:
            return {}, corrections.withdraw(tx, one, settings, now)
        case _:
            raise Usage("There is no such correction.", "Is the daemon of the same version?")
    return {"story": story}, changed
