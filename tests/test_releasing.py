"""What an output chooses by, and that a newer version fills again only what chooses differently."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from aggregator.config.settings import FeedSettings, FilterRule, OutputSettings, Settings
from aggregator.releasing import release_missing

if TYPE_CHECKING:
    from aggregator.store.sqlite.store import SqliteStore

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
SOURCES = (FeedSettings(url="https://a.example/feed", tags=("lab",)), FeedSettings(url="https://b.example/feed"))
LABS = OutputSettings(
    name="labs",
    title="L",
    tags=("lab",),
    keep=(FilterRule(contains=("x",)),),
    hold=timedelta(hours=1),
    token="12345678",
    search="grok",
)
DIGESTS = {
    "all": "73f7a68d1fb19ad10b0bfd4b21178727d410212d764f16c27a9b3c055e42890d",
    "labs": "4eeab54f45ed46d3fa84679aba83203cd8626de13915f98121500c996d6fb708",
}
BEFORE = {
    "all": "d2e7d66fc49059c042a8054d85d0ee7eed5e37409eec357a3726180b8f22ea82",
    "labs": "aab2bd1082a67db0ae60a20480e89e045c1424b7d85655bca7870c90f8452fd8",
}
"""What was stored for the same outputs while defaults were part of the digest."""


class Later(OutputSettings):
    """An output as a later version knows it: with one more setting, which nobody uses yet."""

    colour: str | None = None


def configured(*outputs: OutputSettings) -> Settings:
    """Return settings with two sources and these outputs."""
    return Settings(feeds=SOURCES, outputs=outputs)


def differing(store: SqliteStore, settings: Settings, known: dict[str, str]) -> set[str]:
    """Take settings over; return the outputs whose choice is none of those that are known by then."""
    with store.transaction() as tx:
        release_missing(tx, settings, NOON)
        return tx.releases.note_choices(known)


def opened(store: SqliteStore, known: dict[str, str]) -> None:
    """Bring the outputs into the database, which choose as is known."""
    with store.transaction() as tx:
        for name in known:
            tx.releases.open_output(name, NOON)
        tx.releases.note_choices(known)


@pytest.mark.parametrize(
    "labs", [LABS, LABS.model_copy(update={"title": "Other", "limit": 5}), Later(**LABS.model_dump())]
)
def test_the_digest_of_a_choice_is_a_constant(database: SqliteStore, labs: OutputSettings) -> None:
    """Settings at their defaults, how an output looks, and settings of later versions do not change what is stored."""
    assert differing(database, configured(labs), DIGESTS) == set()


@pytest.mark.parametrize("known", [DIGESTS, BEFORE])
def test_an_upgrade_fills_nothing(
    database: SqliteStore, known: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An output that chooses as it did is not looked through, in whichever form its choice was stored."""
    opened(database, known)
    filled: list[str] = []
    monkeypatch.setattr("aggregator.releasing._fill", lambda _, name, *__: filled.append(name))
    assert differing(database, configured(Later(**LABS.model_dump())), DIGESTS) == set()
    assert filled == []


@pytest.mark.parametrize("known", [DIGESTS, BEFORE])
@pytest.mark.parametrize(
    "change", [{"search": None}, {"tags": ()}, {"token": None}, {"hold": timedelta(0)}, {"colour": "red"}]
)
def test_a_change_is_still_seen(
    database: SqliteStore, known: dict[str, str], change: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An output that chooses differently is looked through, and no other one."""
    opened(database, known)
    filled: list[str] = []
    monkeypatch.setattr("aggregator.releasing._fill", lambda _, name, *__: filled.append(name))
    assert differing(database, configured(Later(**{**LABS.model_dump(), **change})), DIGESTS) == {"labs"}
    assert filled == ["labs"]
