"""Eight feed readers that people use, subscribed to what we publish: each sees every entry once."""

from __future__ import annotations

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
    from collections.abc import Callable
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


@pytest.mark.parametrize("ending", ["atom", "rss", "json"])
def test_reader_sees_every_entry_once(updated, ending: str, tmp_path: Path) -> None:
    """The library `reader` has 4 entries, then 5 with one edited in place, in every format."""
    make_reader = pytest.importorskip("reader").make_reader
    daemon, update = updated
    client = make_reader(str(tmp_path / "reader.db"))
    client.add_feed(f"{daemon.base}all.{ending}")
    client.update_feeds()
    first = {entry.id: entry for entry in client.get_entries()}
    assert sorted(entry.title for entry in first.values()) == ["Story 1", "Story 2", "Story 3", "Told by both"]
    update()
    client.update_feeds(scheduled=False)  # it would wait for our max-age
    second = {entry.id: entry for entry in client.get_entries()}
    titles = sorted(entry.title for entry in second.values())
    assert titles == ["Story 1, corrected", "Story 2", "Story 3", "Story 4", "Told by both"]
    assert set(first) < set(second), "ids stay"
    client.close()


@pytest.mark.newsboat
@pytest.mark.skipif(shutil.which("newsboat") is None, reason="newsboat is not installed: apt install newsboat")
@pytest.mark.parametrize("ending", ["atom", "rss"])
def test_newsboat_sees_every_entry_once(updated, ending: str, tmp_path: Path) -> None:
    """Newsboat has 4 articles, then 5, with the edited title and every guid once."""
    daemon, update = updated
    (tmp_path / "urls").write_text(f"{daemon.base}all.{ending}\n")
    (tmp_path / "config").write_text("")
    (tmp_path / "home").mkdir()

    def reload() -> list[tuple[str, str]]:
        files = {"-u": "urls", "-C": "config", "-c": "cache.db"}
        words = [word for option, name in files.items() for word in (option, str(tmp_path / name))]
        subprocess.run(
            ["newsboat", *words, "-x", "reload"], check=True, timeout=30, capture_output=True,
            env={"HOME": str(tmp_path / "home"), "PATH": "/usr/bin:/bin"},
        )  # fmt: skip
        with sqlite3.connect(tmp_path / "cache.db") as cache:
            found = cache.execute("SELECT guid, title FROM rss_item ORDER BY title").fetchall()
        cache.close()
        return found

    first = reload()
    assert [title for _, title in first] == ["Story 1", "Story 2", "Story 3", "Told by both"]
    update()
    second = reload()
    assert [title for _, title in second] == ["Story 1, corrected", "Story 2", "Story 3", "Story 4", "Told by both"]
    assert len({guid for guid, _ in second}) == 5
    assert {guid for guid, _ in first} < {guid for guid, _ in second}


@dataclass
class Desk:
    """A reader's user: a home of his own, and what he has been shown."""

    home: Path
    address: str
    shown: str = ""

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


READERS = {
    "feedparser": (feedparser_reads, None),
    "sfeed": (sfeed_reads, "sfeed"),
    "rsstail": (rsstail_reads, "rsstail"),
    "rss2email": (rss2email_reads, "r2e"),
    "feed2exec": (feed2exec_reads, "feed2exec"),
    "gpodder": (gpodder_reads, "gpo"),
}
"""Debian's package of each, how it is asked what it has shown, and its program."""


@pytest.mark.parametrize("ending", ["atom", "rss"])
@pytest.mark.parametrize("name", READERS)
def test_other_readers_see_every_entry_once(updated, name: str, ending: str, tmp_path: Path) -> None:
    """4 entries, then 5; an edited one is told again by nobody."""
    read, program = READERS[name]
    if program is not None and shutil.which(program) is None:
        pytest.skip(f"{name} is not installed: apt install {name}")
    daemon, update = updated
    desk = Desk(tmp_path, f"{daemon.base}all.{ending}")
    assert sorted(read(desk)) == ["Story 1", "Story 2", "Story 3", "Told by both"]
    update()
    titles = sorted(title.removesuffix(", corrected") for title in read(desk))
    assert titles == ["Story 1", "Story 2", "Story 3", "Story 4", "Told by both"]
