"""Reads the database beside its writer."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from aggregator.store.opening import open_store

if TYPE_CHECKING:
    from collections.abc import Callable

    from aggregator.store.opening import Place
    from aggregator.store.protocols import Store, Transaction

_T = TypeVar("_T")


class Reader:
    """One connection in a thread of its own, opened again when the file is another one (made, restored)."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._store: Store | None = None
        self._opened: tuple[int, int] | None = None
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="reader")

    async def read(self, work: Callable[[Transaction], _T]) -> _T:
        """Run something on one moment's state; StoreError when the database can't be read."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._read, work)

    def _read(self, work: Callable[[Transaction], _T]) -> _T:
        with self._current().snapshot() as tx:
            return work(tx)

    def _current(self) -> Store:
        file = self._file()
        if self._store is None or file != self._opened:
            self._let_go()
            self._store, self._opened = open_store(self._place, readonly=True), file
        return self._store

    def _file(self) -> tuple[int, int] | None:
        if not isinstance(self._place, Path):
            return None
        try:
            status = self._place.stat()
        except OSError:
            return None
        return status.st_dev, status.st_ino

    def _let_go(self) -> None:
        if self._store is not None:
            self._store.close()
            self._store = None

    def close(self) -> None:
        """Let go of the database, after what is being read."""
        self._thread.submit(self._let_go)
        self._thread.shutdown()
