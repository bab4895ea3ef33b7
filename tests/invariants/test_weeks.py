"""Ten days of polls over real sockets, with faults and kills, read by feed readers that people use."""

from __future__ import annotations

import json
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections import Counter
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from subscribed.loopback import Publishers, publishers, rss
from subscribed.program import START
from subscribed.world import World

from aggregator.store.sqlite.store import SqliteStore

if TYPE_CHECKING:
    from datetime import datetime

HERE = Path(__file__).parent
DAYS = 10
FEEDS = ("lab", "rival", "mute", "revue", "log", "linker", "planet")
FAULTS = ("500", "404", "hang", "cut", "half", "empty")
SEED = 4
PAUSES = (timedelta(0), timedelta(hours=12), timedelta(hours=40))
OUTPUTS = ("all.atom", "all.rss", "all.json", "stories.atom", "stories.json", "patient.rss")
CONFIG = """
polling: {{host_gap: 0ms, per_host: 9}}
network: {{allow_private: [127.0.0.0/8], timeout: 1500ms}}
feeds: [{feeds}]
outputs:
  - {{name: all, limit: 4}}
  - {{name: stories, by: story, limit: 4}}
  - {{name: patient, by: story, hold: 5h, limit: 4}}
"""


class Weeks:
    """A world of publishers on loopback, and the process that polls them, from life to life."""

    def __init__(self, server: Publishers, folder: Path) -> None:
        self.server, self.folder, self.world = server, folder, World()
        self.chance = random.Random(SEED)  # noqa: S311 - no secret
        self.now = START
        self.process: subprocess.Popen[str] | None = None
        self.kills = 0
        base = f"http://127.0.0.1:{server.server_port}"
        self.urls = {f"{base}/{name}": name for name in FEEDS}
        (folder / "feeds.yaml").write_text(CONFIG.format(feeds=", ".join(self.urls)))
        self.talk = (folder / "talk.txt").open("w")
        self._make_database()
        self.read: set[str] = set()
        """Articles that the program has been given."""

    @property
    def database(self) -> Path:
        """The program's."""
        return self.folder / "aggregator.db"

    def _make_database(self) -> None:
        SqliteStore(self.database).close()
        with closing(sqlite3.connect(self.database)) as connection, connection:
            connection.execute("UPDATE meta SET value = ? WHERE name = 'created'", [START.isoformat()])

    def news(self) -> None:
        """Let something happen, one thing or another."""
        for _ in range(self.chance.randint(0, 3)):
            self.chance.choice(
                (self._write, self._write, self._write, self._release, self._take_up, self._take_up, self._edit,
                 self._rename, self._move, self._flap)
            )()  # fmt: skip

    def _write(self) -> None:
        name = self.chance.choice(("lab", "rival", "mute", "revue"))
        source = self.world.own(name)
        date = self.now - timedelta(hours=self.chance.randint(0, 9))
        story = self.now.day * 3 + self.chance.randint(0, 2)
        self.world.add(source, self.world.pen.write(source.site, story, date, language=source.language))

    def _release(self) -> None:
        source = self.world.own("log")
        self.world.add(source, self.world.pen.version(source.site, self.now))

    def _some(self) -> Any:
        young = [one for one in self.world.articles.values() if one.text and not one.shares_link][-20:]
        return self.chance.choice(young) if young else None

    def _take_up(self) -> None:
        if (article := self._some()) is not None and article.change != "link":
            if self.chance.random() < 0.3:
                self.world.add(self.world.own("linker"), self.world.pen.headline(article, self.now))
            else:
                self.world.lists_too(self.world.own("planet"), article)

    def _edit(self) -> None:
        if (article := self._some()) is not None:
            self.world.edit(article, title=self.chance.random() < 0.5)

    def _rename(self) -> None:
        self.world.rename(self.world.own(self.chance.choice(FEEDS)))

    def _move(self) -> None:
        self.world.move(self.world.own(self.chance.choice(("lab", "rival", "mute"))))

    def _flap(self) -> None:
        if (article := self._some()) is not None:
            for source in self.world.sources.values():
                if source.listed.pop(article.name, None) is None and article.name in source.ever:
                    source.list(article)

    def poll(self, *, sound: bool = False) -> None:
        """Poll everything: some of it fails, and sometimes the process is killed in the middle."""
        told = {name: self.world.own(name).document() for name in FEEDS}
        self.server.documents = {f"/{name}": rss(item for _, item in found) for name, found in told.items()}
        failing = [] if sound else [name for name in FEEDS if self.chance.random() < 0.12]
        self.server.faults = {f"/{name}": self.chance.choice(FAULTS) for name in failing}
        while self.server.answered.acquire(blocking=False):
            pass
        process = self._say(self.now)
        if not sound and self.chance.random() < 0.12:
            self._kill(process)
            return
        line = process.stdout.readline() if process.stdout else ""
        errors = {self.urls[url]: error for url, error in json.loads(line).items()}
        for name in FEEDS:
            if f"/{name}" not in self.server.faults and errors[name] is None:
                self._has_read(name, [each for each, _ in told[name]])

    def _has_read(self, name: str, articles: list[str]) -> None:
        self.read.update(articles)
        for each in articles:
            self.world.is_seen(self.world.own(name), self.world.articles[each])

    def _say(self, now: datetime) -> subprocess.Popen[str]:
        """Tell the process to do a round; a dead one is started."""
        if self.process is None:
            command = [sys.executable, "-m", "subscribed.life", *map(str, self._places())]
            self.process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.talk, text=True,
                env={"PYTHONPATH": f"{HERE}:{HERE.parents[1]}", "PATH": "/usr/bin:/bin"},
            )  # fmt: skip
        assert self.process.stdin is not None
        self.process.stdin.write(f"{now.isoformat()}\n")
        self.process.stdin.flush()
        return self.process

    def _places(self) -> tuple[Path, Path, Path]:
        return self.folder / "feeds.yaml", self.database, self.folder / "public"

    def _kill(self, process: subprocess.Popen[str]) -> None:
        """Kill the process when some of the publishers have answered."""
        for _ in range(self.chance.randint(1, 4)):
            self.server.answered.acquire(timeout=20)
        process.send_signal(signal.SIGKILL)
        self.kills += 1
        self.stop()

    def stop(self) -> None:
        """Let the process end."""
        if self.process is not None:
            process, self.process = self.process, None
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    pipe.close()
            process.wait(timeout=20)


class Client:
    """The library `reader`, subscribed to one document."""

    def __init__(self, folder: Path, document: str, pause: timedelta) -> None:
        make_reader = pytest.importorskip("reader").make_reader
        self.document, self.pause, self.next_at = document, pause, START
        self.reader = make_reader(":memory:", feed_root=str(folder))
        self.reader.add_feed(document)

    def look(self, now: datetime) -> None:
        """Read if it is time to."""
        if now >= self.next_at:
            self.next_at = now + self.pause
            self.reader.update_feed(self.document)

    def seen(self) -> dict[str, str]:
        """Return the titles of all that it has ever seen, by id."""
        return {entry.id: entry.title for entry in self.reader.get_entries()}


class Newsboat:
    """The terminal reader, subscribed to one document."""

    def __init__(self, folder: Path, home: Path, document: str, pause: timedelta) -> None:
        self.document, self.pause, self.next_at, self.home = document, pause, START, home
        home.mkdir()
        (home / "urls").write_text(f"file://{folder / document}\n")
        (home / "config").write_text("")

    def look(self, now: datetime) -> None:
        """Read if it is time to."""
        if now >= self.next_at:
            self.next_at = now + self.pause
            files = {"-u": "urls", "-C": "config", "-c": "cache.db"}
            words = [word for option, name in files.items() for word in (option, str(self.home / name))]
            subprocess.run(
                ["newsboat", *words, "-x", "reload"], check=True, timeout=30, capture_output=True,
                env={"HOME": str(self.home), "PATH": "/usr/bin:/bin"},
            )  # fmt: skip

    def seen(self) -> dict[str, str]:
        """Return the titles of all that it has ever seen, by guid."""
        with closing(sqlite3.connect(self.home / "cache.db")) as cache:
            return dict(cache.execute("SELECT guid, title FROM rss_item").fetchall())


def own_word(title: str) -> str:
    """Return the part of a title that its article shares with no other, however it is edited."""
    words = title.replace(",", "").split()
    return words[1] if words[0] in {"Release", "What"} else words[words.index("for" if "for" in words else "pour") + 1]


def released(database: Path, output: str) -> set[str]:
    """Return the ids of all that was ever released in an output."""
    with closing(sqlite3.connect(database)) as connection:
        rows = connection.execute(
            "SELECT atom_id FROM release JOIN entry ON entry.id = release.entry WHERE output = ?", [output]
        )
        return {row[0] for row in rows}


def readers(folder: Path, newsboats: Path) -> list[Client | Newsboat]:
    """Return every client at every interval."""
    found: list[Client | Newsboat] = [Client(folder, document, pause) for document in OUTPUTS for pause in PAUSES]
    if shutil.which("newsboat"):
        newsboats.mkdir()
        found += [Newsboat(folder, newsboats / name, name, PAUSES[-1]) for name in ("all.atom", "stories.rss")]
    return found


@pytest.mark.slow
def test_real_clients_see_everything_once(tmp_path: Path) -> None:
    """After ten days of faults and kills each client, at any interval, has every article or story exactly once."""
    with publishers() as server:
        weeks = Weeks(server, tmp_path)
        try:
            weeks.poll(sound=True)
            clients = readers(tmp_path / "public", tmp_path / "newsboat")
            while weeks.now < START + timedelta(days=DAYS):
                weeks.now += timedelta(hours=weeks.chance.choice((1, 2, 4, 7)))
                weeks.news()
                weeks.poll()
                for client in clients:
                    client.look(weeks.now)
            for hours in (6, 40):
                weeks.now += timedelta(hours=hours)
                weeks.poll(sound=True)
                for client in clients:
                    client.look(weeks.now)
        finally:
            weeks.stop()
            weeks.talk.close()
    assert weeks.kills > 3
    assert {200, 304, 404, 500} <= set(server.statuses)
    written = {own_word(weeks.world.articles[name].title) for name in weeks.read}
    assert len(written) >= 40
    for client in clients:
        name, seen = client.document.partition(".")[0], client.seen()
        assert seen.keys() == released(weeks.database, name), f"{client.document} every {client.pause}"
        times = Counter(map(own_word, seen.values()))
        assert [word for word, count in times.items() if count > 1] == []
        assert name != "all" or times.keys() >= written
