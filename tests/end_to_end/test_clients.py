"""Eight feed readers that people use, subscribed to what we publish: each sees every entry once."""

from __future__ import annotations

import contextlib
import io
import shutil
import sqlite3
import subprocess
import urllib.request
from dataclasses import dataclass
from email import message_from_string
from email.header import decode_header, make_header
from typing import TYPE_CHECKING, Any

import feedparser
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

SLOW = "polling: {host_gap: 10ms}\n"


def with_file(item: str) -> str:
    """Return an item with a file: readers of podcasts see no other."""
    return item.replace("</item>", '<enclosure url="https://site.example/a.mp3" length="9" type="audio/mpeg"/></item>')


@pytest.fixture
def updated(home, publisher, start, make) -> tuple[Any, Callable[[], None]]:
    """A daemon with four entries of two sources, one story in both; and a function that brings an update."""
    shared = with_file(make.item(7, "Told by both"))
    one = publisher.serve("/one", make.rss(with_file(make.item(1)), with_file(make.item(2)), shared))
    elsewhere = shared.replace("/7</link>", "/7?utm_source=two</link>")
    two = publisher.serve("/two", make.rss(elsewhere, with_file(make.item(3))))
    home.write(one, two, more=SLOW)
    daemon = start().ready()
    make.wait_for(lambda: b"Told by both" in daemon.get("all.atom")[2] and b"Story 3" in daemon.get("all.atom")[2])

    def update() -> None:
        items = (make.item(4), make.item(1, "Story 1, corrected"), make.item(2))
        publisher.serve("/one", make.rss(*map(with_file, items), shared))
        home.run("poll", "--all", "--force")

    return daemon, update


@dataclass
class Desk:
    """A reader's user: a home of his own, and what he has been shown."""

    home: Path
    address: str
    shown: str = ""
    ids: frozenset[str] = frozenset()

    def knows(self, ids: Iterable[str]) -> None:
        """Note the ids of what it has: each once, and those of before are among them."""
        found = list(ids)
        assert len(set(found)) == len(found)
        assert self.ids <= set(found), "ids stay"
        self.ids = frozenset(found)

    def run(self, *command: str, **options: Any) -> str:
        """Run a program in his name; return what it prints."""
        environment = {"HOME": str(self.home), "PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8"}
        done = subprocess.run(
            command, check=True, timeout=30, capture_output=True, text=True, env=environment, cwd=self.home, **options
        )
        return done.stdout

    def read(self) -> str:
        """Return the document."""
        with urllib.request.urlopen(self.address, timeout=10) as answer:
            return str(answer.read().decode())


def reader_reads(desk: Desk) -> list[str]:
    """The library `reader` has a database of entries."""
    client = pytest.importorskip("reader").make_reader(str(desk.home / "reader.db"))
    client.add_feed(desk.address, exist_ok=True)
    client.update_feeds(scheduled=False)  # it would wait for our max-age
    found = {entry.id: entry.title for entry in client.get_entries()}
    client.close()
    desk.knows(found)
    return list(found.values())


def newsboat_reads(desk: Desk) -> list[str]:
    """Newsboat, too; it is asked in the words of a cron job."""
    (desk.home / "urls").write_text(f"{desk.address}\n")
    (desk.home / "config").write_text("")
    files = {"-u": "urls", "-C": "config", "-c": "cache.db"}
    words = [word for option, name in files.items() for word in (option, str(desk.home / name))]
    desk.run("newsboat", *words, "-x", "reload")
    with contextlib.closing(sqlite3.connect(desk.home / "cache.db")) as cache:
        found = cache.execute("SELECT guid, title FROM rss_item").fetchall()
    desk.knows(guid for guid, _ in found)
    return [title for _, title in found]


def feedparser_reads(desk: Desk) -> list[str]:
    """The library that most readers in Python are made of."""
    parsed = feedparser.parse(io.BytesIO(desk.read().encode()), response_headers={"content-type": "application/xml"})
    assert not parsed.bozo
    return [entry.title for entry in parsed.entries]


def sfeed_reads(desk: Desk) -> list[str]:
    """It filters a document into lines of fields."""
    return [line.split("\t")[1] for line in desk.run("sfeed", input=desk.read()).splitlines()]


def rsstail_reads(desk: Desk) -> list[str]:
    """It prints headlines."""
    lines = desk.run("rsstail", "-1", "-u", desk.address).splitlines()
    return [line.removeprefix("Title: ") for line in lines if line.startswith("Title: ")]


def rss2email_reads(desk: Desk) -> list[str]:
    """It sends a mail for each new entry."""
    mails, mailer = desk.home / "mails", desk.home / "mailer"
    if not mails.exists():
        mailer.write_text(f"#!/bin/sh\ncat >> {mails}\nprintf '\\n\\f' >> {mails}\n")
        mailer.chmod(0o700)
        desk.run("r2e", "new", "me@me.example")
        desk.run("r2e", "add", "planet", desk.address)
        settings = desk.home / ".config/rss2email.cfg"
        settings.write_text(settings.read_text().replace("sendmail = /usr/sbin/sendmail", f"sendmail = {mailer}"))
    desk.run("r2e", "run")
    sent = [message_from_string(mail) for mail in mails.read_text().split("\f") if mail.strip()]
    return [str(make_header(decode_header(mail["Subject"]))) for mail in sent]


def feed2exec_reads(desk: Desk) -> list[str]:
    """It runs a command for each new entry; this one prints its title."""
    if not desk.shown:
        desk.run(
            "feed2exec", "add", "planet", desk.address, "--output", "feed2exec.plugins.echo", "--args", "{item.title}"
        )
    desk.shown += desk.run("feed2exec", "fetch", "--nocache")  # it would wait for our max-age
    return [line.strip("'") for line in desk.shown.splitlines()]


def gpodder_reads(desk: Desk) -> list[str]:
    """It lists what may be downloaded."""
    if not desk.shown:
        desk.shown = desk.run("gpo", "subscribe", desk.address, "planet")
    desk.run("gpo", "update")
    lines = desk.run("gpo", "episodes").splitlines()
    return [line.partition("*")[2].strip() for line in lines if "*" in line]


@dataclass(frozen=True)
class Reader:
    """How a reader is asked what it has shown; Debian's package of it has its name."""

    reads: Callable[[Desk], list[str]]
    program: str | None = None
    endings: tuple[str, ...] = ("atom", "rss")
    edits: bool = False
    """It has an entry's last title."""


READERS = {
    "reader": Reader(reader_reads, endings=("atom", "rss", "json"), edits=True),
    "newsboat": Reader(newsboat_reads, "newsboat", edits=True),
    "feedparser": Reader(feedparser_reads, edits=True),
    "sfeed": Reader(sfeed_reads, "sfeed", edits=True),
    "rsstail": Reader(rsstail_reads, "rsstail"),
    "rss2email": Reader(rss2email_reads, "r2e"),
    "feed2exec": Reader(feed2exec_reads, "feed2exec"),
    "gpodder": Reader(gpodder_reads, "gpo"),
}
SUBSCRIPTIONS = [(name, ending) for name, reader in READERS.items() for ending in reader.endings]


def test_readers_see_every_entry_once(updated, subtests, tmp_path: Path) -> None:
    """4 entries, then 5; one that is edited is told again by nobody, and edited in place by those who can."""
    daemon, update = updated
    desks: dict[tuple[str, str], Desk] = {}
    for name, ending in SUBSCRIPTIONS:
        with subtests.test("first", reader=name, ending=ending):
            reader = READERS[name]
            if reader.program is not None and shutil.which(reader.program) is None:
                pytest.skip(f"{name} is not installed: apt install {name}")
            home = tmp_path / f"{name}-{ending}"
            home.mkdir()
            desk = Desk(home, f"{daemon.base}all.{ending}")
            assert sorted(reader.reads(desk)) == ["Story 1", "Story 2", "Story 3", "Told by both"]
            desks[name, ending] = desk
    update()
    for (name, ending), desk in desks.items():
        with subtests.test("then", reader=name, ending=ending):
            reader = READERS[name]
            titles = [title if reader.edits else title.removesuffix(", corrected") for title in reader.reads(desk)]
            corrected = "Story 1, corrected" if reader.edits else "Story 1"
            assert sorted(titles) == [corrected, "Story 2", "Story 3", "Story 4", "Told by both"]
