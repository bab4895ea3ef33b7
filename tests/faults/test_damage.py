"""Databases that are damaged: found, never written into, never deleted, and had back from a copy."""

from __future__ import annotations

import asyncio
import contextlib
import re
import sqlite3
import subprocess
import sys
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from lxml import etree

from aggregator.errors import CorruptDatabase, ForeignDatabase, StoreError
from aggregator.run.clock import utc_now
from aggregator.store.sqlite.copies import keep_copy, restore
from aggregator.store.sqlite.store import SqliteStore

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

ATOM = "{http://www.w3.org/2005/Atom}"
PAGE = 16_384


def damage_page(path: Path, table: str = "vector") -> None:
    """Overwrite the page of a table; of this one neither polls nor documents want to know anything."""
    with contextlib.closing(sqlite3.connect(path)) as db:
        (root,) = db.execute("SELECT rootpage FROM sqlite_schema WHERE name = ?", [table]).fetchone()
    content = bytearray(path.read_bytes())
    content[(root - 1) * PAGE : root * PAGE] = b"\xa5" * PAGE
    path.write_bytes(content)


DAMAGE: dict[str, Callable[[bytes], bytes]] = {
    "header": lambda content: b"\x00" * 100 + content[100:],
    "schema": lambda content: content[:100] + b"\xa5" * (PAGE - 100) + content[PAGE:],
    "truncated": lambda content: content[: 3 * PAGE],
    "empty": lambda _: b"",
}


def seen_by_subscribers(house: Any) -> dict[str, str]:
    """Return the ids of all entries that are published, by title."""
    found = etree.fromstring(house.published).iter(f"{ATOM}entry")
    listed = [(entry.findtext(f"{ATOM}title"), entry.findtext(f"{ATOM}id")) for entry in found]
    assert len(dict(listed)) == len(listed), "nothing twice"
    return dict(listed)


@pytest.mark.fault("F5", "F6")
@pytest.mark.parametrize("kind", DAMAGE)
def test_F5_a_damaged_database_is_refused(kind: str, tmp_path: Path) -> None:
    """It is not opened, nor changed; the words name the command; what is restored stands in its place, and it beside it."""
    path = tmp_path / "aggregator.db"
    SqliteStore(path).close()
    copy = keep_copy(path, 3, utc_now())
    content = DAMAGE[kind](path.read_bytes())
    path.write_bytes(content)
    with pytest.raises((CorruptDatabase, ForeignDatabase)) as raised:
        SqliteStore(path)
    assert f"aggregator restore {copy}" in raised.value.remedy
    assert raised.value.exit_code == 65
    assert path.read_bytes() == content
    aside = restore(copy, path, utc_now())
    assert aside is not None
    assert aside.read_bytes() == content
    SqliteStore(path).close()


@pytest.mark.fault("F5")
def test_F5_a_copy_is_gone_back_to(house: Any) -> None:
    """Copied while it runs, damaged, restored, it goes on: what came after the copy returns, and nothing is seen twice."""

    async def with_a_copy() -> None:
        await house.goes_on()
        await asyncio.to_thread(keep_copy, house.database, 3, utc_now())
        await house.goes_on()

    house.run(with_a_copy)
    house.world.store.close()
    house.database.write_bytes(DAMAGE["header"](house.database.read_bytes()))
    before = seen_by_subscribers(house)
    assert len(before) == 2 * len(house.world.healthy) + 1
    (copy,) = house.folder.glob("backups/*.db")
    restore(copy, house.database, utc_now())
    with contextlib.closing(SqliteStore(house.database)) as store:
        house.run(house.goes_on, store=store)
    after = seen_by_subscribers(house)
    assert len(after) == 3 * len(house.world.healthy) + 1
    assert before.items() <= after.items(), "under the same ids"


@pytest.mark.fault("F6")
def test_F6_an_empty_file_is_no_new_database(tmp_path: Path) -> None:
    """Beside a log and copies it is what a database was: it stays, and `aggregator restore` puts a copy in its place."""
    path = tmp_path / "db" / "aggregator.db"
    SqliteStore(path).close()
    copy = keep_copy(path, 3, utc_now())
    path.write_bytes(b"")
    path.with_name("aggregator.db-wal").write_bytes(b"\x37\x7f\x06\x82" + bytes(28))
    (tmp_path / "feeds.yaml").write_text("feeds: [https://a.example/]\n")

    def aggregator(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "aggregator", "--config", str(tmp_path / "feeds.yaml"), *words]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    refused = aggregator("run", "--port", "0", "--no-serve")
    assert refused.returncode == 65
    assert "is empty (0 bytes)" in refused.stderr
    assert f"aggregator restore {copy}" in refused.stderr
    assert path.read_bytes() == b""
    assert "before-restore" in aggregator("restore", str(copy)).stderr
    SqliteStore(path, readonly=True).close()


@pytest.mark.fault("F5")
@pytest.mark.parametrize("content", ["another program's database", "notes"])
def test_F5_nothing_of_others_is_replaced(content: str, tmp_path: Path) -> None:
    """A copy is put in the place of what was ours, not over a file that never was."""
    path, copy = tmp_path / "elsewhere" / "aggregator.db", tmp_path / "copy.db"
    SqliteStore(copy).close()
    path.parent.mkdir()
    if content == "notes":
        path.write_text(content)
    else:
        with contextlib.closing(sqlite3.connect(path)) as other:
            other.execute("CREATE TABLE diary (line)")
    before = path.read_bytes()
    with pytest.raises(ForeignDatabase, match="another program's file"):
        restore(copy, path, utc_now())
    assert {file.name: file.read_bytes() for file in path.parent.iterdir()} == {"aggregator.db": before}


async def damage_is_told(house: Any) -> None:
    """Wait until the damage is known; hold the daemon to ask nothing more, to say so, and to be read still."""
    while (status := await house.command("status"))["writable"]:
        await asyncio.sleep(0.05)
    assert status["trouble"] == "the database is damaged"
    assert "is damaged" in status["reason"]
    await asyncio.sleep(0.5)
    asked, stored = len(house.world.publisher.seen), house.stored("%")
    house.world.publisher.edition += 1
    await asyncio.sleep(1.2)
    assert (len(house.world.publisher.seen), house.stored("%")) == (asked, stored)
    assert b"healthy0.example/feed-0" in house.published


@pytest.mark.fault("F5", "F1")
@pytest.mark.parametrize("found", ["after an unclean stop", "at night"])
def test_F5_a_damaged_page_ends_all_writing(found: str, house: Any) -> None:
    """It is found by a look at all of it, beside polling, when the last daemon was killed; and by the nightly copy."""
    house.run(house.settles)  # a story that is undecided would want to know something of that page
    house.world.store.close()
    damage_page(house.database)
    content = house.database.read_bytes()
    with contextlib.closing(SqliteStore(house.database)) as store:

        async def scenario() -> None:
            if found == "at night":
                await house.daemon._tidy()
            await damage_is_told(house)

        parts = {"look_over": store.look_over, "copy": partial(keep_copy, house.database)}
        logged = house.run(scenario, store=store, was_broken_off=found != "at night", **parts)
        with pytest.raises(CorruptDatabase), store.transaction():
            pass
    told = [line for line in logged if line["event"] == "store.failed"]
    assert re.search("Nothing more is written. Restore a backup .*: aggregator restore ", told[0]["remedy"])
    assert len(house.database.read_bytes()) >= len(content)
    assert not list(house.database.parent.glob("backups/*.db"))


@pytest.mark.fault("F5")
def test_F5_a_well_database_is_looked_over_after_an_unclean_stop_alone(house: Any) -> None:
    """Where the last daemon came to an end, nothing of it is read that nobody wants to know."""
    for was_broken_off in (True, False):
        looked: list[bool] = []

        def look_over(broken_off: Callable[[], bool], looked: list[bool] = looked) -> None:
            looked.append(broken_off())
            house.world.store.look_over(broken_off)

        logged = house.run(house.goes_on, look_over=look_over, was_broken_off=was_broken_off)
        assert looked == [False] * was_broken_off
        events = [line for line in logged if line["event"] == "store.looked_over"]
        assert len(events) == was_broken_off


@pytest.mark.fault("F5", "F2")
def test_F5_a_look_is_broken_off_at_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stopping does not wait for the look at a large database."""
    monkeypatch.setattr("aggregator.store.sqlite.copies._STEPS", 1)
    asked: list[int] = []
    with contextlib.closing(SqliteStore(tmp_path / "aggregator.db")) as store:
        store.look_over(lambda: bool(asked.append(0)) or len(asked) > 3)
        assert len(asked) == 4
        with store.transaction():
            pass


@pytest.mark.fault("F5")
def test_F5_damage_that_is_met_ends_all_writing(tmp_path: Path) -> None:
    """A transaction that comes upon a damaged page is the last; reading goes on where that can be."""
    path = tmp_path / "aggregator.db"
    SqliteStore(path).close()
    damage_page(path, "poll_log_at")
    with contextlib.closing(SqliteStore(path)) as store:
        with store.transaction() as tx:
            assert tx.feeds.all() == []
        with pytest.raises(CorruptDatabase, match="damaged"), store.transaction() as tx:
            tx.feeds.polls_since(utc_now())
        with pytest.raises(StoreError, match="damaged") as raised, store.transaction() as tx:
            tx.feeds.all()
        assert raised.value.remedy
        with store.snapshot() as tx:
            assert tx.feeds.all() == []
