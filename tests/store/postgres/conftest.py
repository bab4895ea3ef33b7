"""What PostgreSQL's own tests start from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from aggregator.store.postgres.store import PostgresStore


@pytest.fixture
def opened() -> Iterator[Callable[..., PostgresStore]]:
    """Return what opens stores that are closed with the test."""
    pytest.importorskip("psycopg")
    from aggregator.store.postgres.store import PostgresStore  # noqa: PLC0415 - skipped where it can't be had

    stores: list[PostgresStore] = []

    def make(url: str, *, readonly: bool = False) -> PostgresStore:
        stores.append(PostgresStore(url, readonly=readonly))
        return stores[-1]

    yield make
    for store in stores:
        store.close()
