"""What PostgreSQL promises beyond the contract: several processes write at a time, and it is as if they took turns."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from aggregator.config.settings import FeedSettings, Settings
from aggregator.releasing import release_missing

if TYPE_CHECKING:
    from postgres_server import PostgresServer

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
PROCESSES, ROUNDS = 8, 6
SHARED = "https://shared.example/feed"
OWN = [f"https://own{number}.example/feed" for number in range(PROCESSES)]

SETTLE = """
import sys
from datetime import UTC, datetime, timedelta
from aggregator.config.settings import FeedSettings, Settings
from aggregator.model import Document, Fetched, Header, Item, Request, RequestKind
from aggregator.settle import Chance, Result, settle
from aggregator.store.postgres.store import PostgresStore

database, rounds, shared, own = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4]
settings = Settings(feeds=(FeedSettings(url=shared), FeedSettings(url=own)))
store = PostgresStore(database)
sys.stdin.readline()  # all begin at once

def result(tx, url, *items):
    feed = tx.feeds.get(url)
    request = Request(feed.key, RequestKind.POLL, feed, "host.example")
    at = datetime(2026, 1, 5, 12, tzinfo=UTC)
    return Result(request, at, Fetched(url, 200, at), Document(Header(), items), body_hash="h")

for number in range(rounds):
    same = Item(title=f"News number {number} of the day", guid=f"g{number}", link=f"https://news.example/{number}",
        summary="<p>" + f"The same text, word for word, about number {number}. " * 8 + "</p>")
    alone = Item(title=f"Own {number} of {own}", guid=f"own{number}", link=f"{own}/{number}")
    with store.transaction() as tx:
        # In one transaction, as groups are, in both orders: whoever locked URLs would lock them crosswise.
        for url in (shared, own) if (number + len(own)) % 2 else (own, shared):
            settle(tx, result(tx, url, same, *([alone] if url == own else [])), settings, Chance(0))
store.close()
"""

CLAIM = """
import json, sys
from datetime import UTC, datetime, timedelta
from aggregator.decide.cadence import NextPoll
from aggregator.store.postgres.store import PostgresStore

store = PostgresStore(sys.argv[1])
sys.stdin.readline()
noon, lease = datetime(2026, 1, 5, 12, tzinfo=UTC), timedelta(minutes=1)
claimed = []
while True:
    with store.transaction() as tx:
        requests = tx.requests.claim_due(noon, limit=5, lease=lease, per_host=2)
    if not requests:
        break
    claimed += [(request.key, request.host) for request in requests]
print(json.dumps(claimed))
store.close()
"""


def _at_once(script: str, *words: list[str]) -> list[str]:
    """Run a script in several processes that begin when all are ready; return what each says."""
    started = [
        subprocess.Popen([sys.executable, "-c", script, *one], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for one in words
    ]
    for process in started:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    said = [process.communicate(timeout=240)[0] for process in started]
    assert [process.returncode for process in started] == [0] * len(words)
    return said


def _store(url: str) -> Any:
    from aggregator.store.postgres.store import PostgresStore  # noqa: PLC0415 - the server is there, so psycopg is

    return PostgresStore(url)


def test_one_url_and_one_feed_from_many_processes(postgres: PostgresServer) -> None:
    """Eight processes bring the same articles in one feed and in feeds of their own: one entry each, all sightings."""
    settings = Settings(feeds=tuple(FeedSettings(url=url) for url in (SHARED, *OWN)))
    database = postgres.ready()
    store = _store(database)
    with store.transaction() as tx:
        tx.feeds.sync(settings.sources, NOON)
        release_missing(tx, settings, NOON)
    _at_once(SETTLE, *([database, str(ROUNDS), SHARED, own] for own in OWN))
    with store.snapshot() as tx:
        entries = list(tx.entries.all())
        shared = [entry for entry in entries if entry.item.title.startswith("News number")]
        polls = [len(tx.feeds.polls(tx.feeds.get(url), 10_000)) for url in (SHARED, *OWN)]
        counted = [tx.feeds.get(url).entries for url in (SHARED, *OWN)]
        released = tx.releases.count("all")
    assert len(shared) == ROUNDS
    assert len(entries) == released == ROUNDS + PROCESSES * ROUNDS
    assert all(sorted(seen.feed for seen in entry.sightings) == sorted((SHARED, *OWN)) for entry in shared)
    assert polls == [PROCESSES * ROUNDS, *[ROUNDS] * PROCESSES]
    assert counted == [ROUNDS, *[2 * ROUNDS] * PROCESSES]
    with postgres.connect(database) as db:
        (places,) = db.execute("SELECT array_agg(seq ORDER BY seq) FROM release WHERE output = 'all'").fetchone()
        (listed,) = db.execute(
            "SELECT array_agg(DISTINCT count) FROM sighting WHERE feed = (SELECT id FROM feed WHERE url = %s)", [SHARED]
        ).fetchone()
    assert places == list(range(1, released + 1))
    assert listed == [PROCESSES]
    store.close()


def test_claims_of_many_processes(postgres: PostgresServer) -> None:
    """What one process claimed no other gets, and all together hold of a host what one may."""
    urls = [f"https://host{host}.example/{number}" for host in range(20) for number in range(3)]
    database = postgres.ready()
    store = _store(database)
    with store.transaction() as tx:
        tx.feeds.sync({url: FeedSettings(url=url) for url in urls}, NOON)
    claimed = [tuple(one) for said in _at_once(CLAIM, *[[database]] * 6) for one in json.loads(said)]
    store.close()
    assert len(claimed) == len(set(claimed)) == 40
    assert all(len([key for key, host in claimed if host == f"host{number}.example"]) == 2 for number in range(20))


def test_claims_wait_for_no_writer(postgres: PostgresServer) -> None:
    """While one process writes, another claims what is due, save what is being rescheduled just now."""
    database = postgres.ready()
    writer, other = _store(database), _store(database)
    with writer.transaction() as tx:
        tx.feeds.sync({url: FeedSettings(url=url) for url in OWN}, NOON)
        (mine,) = tx.requests.claim([OWN[0]], NOON, lease=MINUTE)
    with writer.transaction() as tx:
        tx.requests.give_back([mine])
        with other.transaction() as beside:
            claimed = beside.requests.claim_due(NOON, limit=100, lease=MINUTE, per_host=9)
    assert sorted(request.feed.url for request in claimed) == OWN[1:]
    writer.close()
    other.close()


@pytest.mark.parametrize("first", ["feeds", "lists", "entries"])
def test_writers_take_turns(postgres: PostgresServer, first: str) -> None:
    """A second writer waits for the first, and then sees what it wrote."""
    database = postgres.ready()
    writer, other = _store(database), _store(database)
    seen: list[int] = []

    def wait_and_look() -> None:
        with other.transaction() as tx:
            list(getattr(tx, first).all())
            seen.append(len(tx.feeds.all()))

    thread = threading.Thread(target=wait_and_look)
    with writer.transaction() as tx:
        tx.feeds.sync({OWN[0]: FeedSettings(url=OWN[0])}, NOON)
        thread.start()
        with postgres.connect(database) as db:
            waiting = "SELECT 1 FROM pg_stat_activity WHERE wait_event = 'advisory' AND datname = current_database()"
            while thread.is_alive() and db.execute(waiting).fetchone() is None:
                pass
        assert seen == []
    thread.join()
    assert seen == [1]
    writer.close()
    other.close()
