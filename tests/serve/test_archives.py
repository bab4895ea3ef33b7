"""Archives over HTTP: a subscriber who was away catches up, validators, caching, outputs with tokens."""

from __future__ import annotations

import contextlib
import gzip
import sqlite3
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from lxml import etree

from aggregator.model import Item
from aggregator.serve.shelf import ArchiveShelf
from aggregator.store.sqlite.store import SqliteStore

if TYPE_CHECKING:
    from conftest import Client, World

TOKEN = "s3cret-token"
NEWS, SITE = "https://news.example/feed", "https://news.test/sub"
ATOM = {"a": "http://www.w3.org/2005/Atom"}
GONE = "https://news.example/g2"


@pytest.fixture
def months(world: World) -> list[str]:
    """Months with archives of the outputs `all` and `agents`, the oldest first."""
    now = datetime.now(UTC).replace(microsecond=0)
    for number in range(1, 4):
        world.poll(NEWS, [item(now, 2 * number), item(now, 2 * number + 1)])
    with contextlib.closing(sqlite3.connect(world.database)) as database, database:
        database.execute("UPDATE release SET released_at = released_at - (10 - entry) * 40 * 86400000 WHERE entry < 10")
    world.publish()
    return sorted(path.stem for path in (world.folder / "renditions/all").glob("*.atom"))


def item(now: datetime, number: int) -> Item:
    """Return an item of the last hour."""
    link = f"https://news.example/g{number}"
    return Item(title=f"News {number}", guid=link, link=link, published=now - timedelta(minutes=50 - number))


def ids(body: bytes) -> list[str]:
    """Return the ids of a document's entries."""
    return [str(one) for one in etree.fromstring(body).xpath("a:entry/a:id/text()", namespaces=ATOM)]


def caught_up(client: Client, start: str, known: set[str]) -> list[list[str]]:
    """Return the ids in each document that a client of RFC 5005 fetches: back to the first archive that it knows."""
    address: str | None = start
    found = []
    while address is not None and address not in known:
        answer = client.get(address)
        assert answer.status == 200
        found.append(ids(answer.body))
        if address != start:
            known.add(address)
        links = etree.fromstring(answer.body).xpath("a:link[@rel='prev-archive']/@href", namespaces=ATOM)
        address = str(links[0]).removeprefix(SITE) if links else None
    return found


@pytest.mark.parametrize("start", ["/all.atom", f"/{TOKEN}/agents.atom"])
def test_a_subscriber_who_was_away_catches_up(own_client: Client, world: World, months: list[str], start: str) -> None:
    """By standard means, every entry once among the archives; the next time only what has changed is asked for."""
    assert len(months) > 3
    output = start.rpartition("/")[2].removesuffix(".atom")
    query = "SELECT atom_id FROM release JOIN entry ON entry.id = entry WHERE output = ?"
    with contextlib.closing(sqlite3.connect(world.database)) as database:
        released = {row[0] for row in database.execute(query, [output])}
    known: set[str] = set()
    current, *archives = caught_up(own_client, start, known)
    archived = [one for document in archives for one in document]
    assert len(archived) == len(set(archived))
    assert {*current, *archived} == released
    assert len(archives) >= len(months)
    assert len(caught_up(own_client, start, known)) == 1
    world.poll(NEWS, [item(datetime.now(UTC), 40)])
    world.publish()
    again = caught_up(own_client, start, known)
    assert "https://news.example/g40" in again[0]


def test_what_was_withdrawn_is_gone(own_client: Client, world: World, months: list[str]) -> None:
    """From its archive too, which then has another tag."""
    before = {month: own_client.get(f"/all/{month}.atom") for month in months}
    (month,) = [month for month in months if GONE in ids(before[month].body)]
    with contextlib.closing(SqliteStore(world.database)) as store, store.transaction() as tx:
        entry = tx.entries.get(GONE)
        assert entry is not None
        tx.kinships.withdraw(entry.key, datetime.now(UTC))
    world.publish()
    for name, answer in before.items():
        now = own_client.get(f"/all/{name}.atom", {"If-None-Match": str(answer["ETag"])})
        assert now.status == (200 if name == month else 304)
    assert GONE not in own_client.get(f"/all/{month}.atom").text


def test_archives_are_documents_like_others(own_client: Client, months: list[str]) -> None:
    """Type, tags, gzip, HEAD, 304, browsers; one that is over may be kept for a day, the running one as all others."""
    path = f"/all/{months[0]}.atom"
    whole = own_client.get(path)
    assert whole["Content-Type"] == "application/atom+xml; charset=utf-8"
    assert whole["Cache-Control"] == "public, max-age=86400"
    assert own_client.get(f"/all/{months[-1]}.atom?entries=1")["Cache-Control"] == "public, max-age=300"
    assert own_client.get(path, {"If-None-Match": str(whole["ETag"])}).status == 304
    small = own_client.get(path, {"Accept-Encoding": "gzip"})
    assert gzip.decompress(small.body) == whole.body
    assert small["ETag"] != whole["ETag"]
    head = own_client.get(path, method="HEAD")
    assert (head.status, head.body, head["ETag"]) == (200, b"", whole["ETag"])
    assert own_client.get(path, {"Sec-Fetch-Dest": "document"})["Content-Type"] == "application/xml; charset=utf-8"
    assert own_client.get(path, method="POST").status == 405


def test_archives_behind_a_token(own_client: Client, months: list[str]) -> None:
    """Only with it, and for one reader only; a wrong token and a month without news are the same 404."""
    path = f"/{TOKEN}/agents/{months[0]}.atom"
    answer = own_client.get(path)
    assert (answer.status, answer["Cache-Control"]) == (200, "private, max-age=86400")
    assert answer["Access-Control-Allow-Origin"] is None
    assert f"{SITE}/{TOKEN}/agents.atom" in answer.text
    refused = [f"/agents/{months[0]}.atom", f"/wrong-token/agents/{months[0]}.atom", f"/{TOKEN}/all/{months[0]}.atom",
               "/all/1999-12.atom", f"/private/agents/{months[0]}.atom", f"/nowhere/{months[0]}.atom",
               f"/all/{months[0]}.rss"]  # fmt: skip
    assert {own_client.get(one).status for one in refused} == {404}


def test_only_some_stay_in_memory(world: World, months: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Those asked for last, up to so many bytes; a single one that is greater stays alone."""
    shelf = ArchiveShelf(world.renditions)
    for month in months:
        assert shelf.document(f"all/{month}.atom", private=False, navigation=False) is not None
    assert len(shelf._held) == len(months)
    monkeypatch.setattr("aggregator.serve.shelf._ARCHIVE_BYTES", 10)
    assert shelf.document(f"all/{months[0]}.atom", private=False, navigation=False) is not None
    assert list(shelf._held) == [f"all/{months[0]}.atom"]
