"""A town of invented sources, read by the real parser, stored, grouped and published; a server; a browser before it."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from html import escape
from typing import TYPE_CHECKING, Any

import pytest

from aggregator.config.settings import FeedSettings, OutputSettings, Settings, Site
from aggregator.decide.cadence import NextPoll
from aggregator.errors import HttpStatus
from aggregator.model import Fetched
from aggregator.parse.document import parse
from aggregator.publish.press import Press
from aggregator.publish.renditions import Renditions
from aggregator.run.clock import utc_now
from aggregator.run.stories import StoryStage
from aggregator.serve.__main__ import _Server, configuration
from aggregator.serve.app import create_app
from aggregator.serve.repeats import Repeats
from aggregator.settle import Chance, Result, settle
from aggregator.store.sqlite.store import SqliteStore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

# (source, title, text, hours ago)
NEWS = [
    ("tensor", "Brindlewick opens the weights of its Heron model",
     ("<p>The laboratory in Leith has published the weights of <b>Heron</b>, a model of 40 billion parameters, under a"
     " licence that lets anyone build on it. It is the first of its size to run on a single laptop.</p>"
     "<h3>What it can do</h3><p>Heron reads forty languages and keeps a conversation of three hundred pages in mind."
     " <a href='https://brindlewick.example/heron'>The paper</a> has the numbers.</p>"
     "<figure><img src='https://images.example/heron.png' alt='A heron on a quay' width='640' height='360'></figure>"
     "<ul><li>40 billion parameters</li><li>Apache licence</li></ul>"), 1.2),
    ("gradient", "Heron: Brindlewick opens weights of a 40 billion model",
     "<p>Brindlewick opens the weights of Heron. We talk to the engineer who shrank it.</p>", 0.8),
    ("fil", "Brindlewick ouvre les poids de son modèle Heron",
     "<p>Le laboratoire de Leith publie les poids de Heron, un modèle de 40 milliards de paramètres.</p>", 0.5),
    ("tensor", "Dock robots halted after a near miss in the fog",
     ("<p>Tallow Pier has stopped its Longshore robots in four ports. Nobody was hurt; the robot’s planner had filed a"
     " crane driver under “steam”. The company is checking every planner update of the past month.</p>"), 3),
    ("notizen", "Quillon versteht jetzt Plattdeutsch",
     "<p>Das Sprachmodell der Genossenschaft Quillon transkribiert Niederdeutsch besser als jedes andere.</p>", 5),
    ("nabd", "نموذج جديد يكتب الشعر العربي الموزون",
     "<p>أعلن مختبر في صنعاء عن نموذج لغوي يلتزم ببحور الخليل، ويشرح للقارئ وزن كل بيت.</p>", 6),
    ("kotsu", "言語モデルが方言を学ぶ",
     "<p>研究者たちは、三十の方言を聞き分ける小さな言語モデルを公開した。</p>", 7),
    ("gradient", "Episode 58: what a benchmark forgets",
     "<p>Odile Karr on the questions that no leaderboard asks, and on the price of asking them.</p>", 9),
    ("tensor", "Parliament wants to know what models were read",
     "<p>A bill would oblige makers of language models to list the books that they were trained on.</p>", 27),
    ("notizen", "Ein Jahr mit dem Modell im Rathaus",
     "<p>Was Bad Saulgau gelernt hat, als ein Modell die Bescheide entwarf.</p>", 30),
    ("fil", "À Lyon, des modèles relisent les ordonnances",
     "<p>Les pharmaciens gardent la main; la machine ne fait que poser des questions.</p>", 33),
    ("gradient", "Small models, long memories: a field guide",
     "<p>How far can you get with three billion parameters and a good index? Further than we thought.</p>", 52),
]  # fmt: skip
CANARY = "window.canary = (window.canary || 0) + 1"
HOSTILE = [
    f"<script>{CANARY}</script>",
    f"<img src=x onerror='{CANARY}'>",
    f"<svg onload='{CANARY}'><animate onbegin='{CANARY}' attributeName=x dur=1s></svg>",
    f"<a href='javascript:{CANARY}' autofocus onfocus='{CANARY}'>click</a>",
    f"<iframe srcdoc='<script>parent.{CANARY}</script>'></iframe><object data='javascript:{CANARY}'></object>",
    f"<math><mtext><table><mglyph><style><!--</style><img title='--><img src=1 onerror={CANARY}>'></table></mtext></math>",
    f"<details open ontoggle='{CANARY}'><summary>more</summary></details><style>*{{display:none}}</style>",
    f"<form action='javascript:{CANARY}'><button formaction='javascript:{CANARY}'>go</button></form><base href='//evil.example/'>",
    f"<p style='position:fixed;inset:0' onmouseover='{CANARY}'>over all</p><video><source onerror='{CANARY}' src=x></video>",
    f"&lt;script&gt;{CANARY}&lt;/script&gt; <noscript><p title='</noscript><img src=x onerror={CANARY}>'>",
]
SOURCES = {
    "tensor": ("The Morning Tensor", "en", ("news",)),
    "gradient": ("The Patient Gradient", "en", ("podcast",)),
    "fil": ("Le Fil des modèles", "fr", ("news",)),
    "notizen": ("Modellnotizen", "de", ("news",)),
    "nabd": ("نبض الآلة", "ar", ("news",)),
    "kotsu": ("言語モデル通信", "ja", ("research",)),
    "evil": ("Mallory <script>canary=1</script>", "en", ("evil",)),
    "oakum": ("Oakum AI", "en", ("lab",)),
    "hidden": ("Hidden letters", "en", ()),
}


def complaint(said: Any) -> str | None:
    """Return what a browser's console says is wrong, and where."""
    return f"{said.text} ({said.location.get('url', '')})" if said.type in ("error", "warning") else None


def _feed(name: str) -> str:
    return f"https://{name}.example/feed"


def _document(name: str, items: list[tuple[str, str, float]], now: datetime) -> bytes:
    title, language, _ = SOURCES[name]
    told = "".join(
        f"<item><title>{escape(head)}</title><link>https://{name}.example/{number}-{len(items)}</link>"
        f"<pubDate>{format_datetime(now - timedelta(hours=hours))}</pubDate>"
        f"<description>{escape(text)}</description></item>"
        for number, (head, text, hours) in enumerate(items)
    )
    return (
        f'<?xml version="1.0"?><rss version="2.0"><channel><title>{escape(title)}</title>'
        f"<link>https://{name}.example/</link><language>{language}</language>{told}</channel></rss>"
    ).encode()


@dataclass
class Town:
    """The sources, what is stored of them, and where it is served."""

    folder: Path
    address: str = ""
    now: datetime = field(default_factory=lambda: datetime.now(UTC).replace(microsecond=0))
    settings: Settings = field(init=False)

    def __post_init__(self) -> None:
        feeds = tuple(
            FeedSettings(url=_feed(name), title=title, tags=tags, private=name == "hidden")
            for name, (title, _, tags) in SOURCES.items()
        )
        outputs = (
            OutputSettings(name="all", title="Model News"),
            OutputSettings(name="stories", title="Model News, by story", by="story"),
            OutputSettings(name="french", title="En français", languages=("fr",)),
        )
        site = Site(
            title="Model News", subtitle="Every story about machines that learn, once", url="https://news.example/"
        )
        self.settings = Settings(site=site, feeds=feeds, outputs=outputs)

    @property
    def database(self) -> Path:
        return self.folder / "aggregator.db"

    def bring(self, name: str, *items: tuple[str, str, float], at: datetime | None = None) -> None:
        """Let a source list items: title, text and age in hours; none: it fails."""
        self.take(name, _document(name, list(items), self.now) if items else b"", at)

    def take(self, name: str, body: bytes, at: datetime | None = None) -> None:
        """Let a source answer with a document; an empty one: it fails."""
        at = at or self.now
        with contextlib.closing(SqliteStore(self.database)) as store, store.transaction() as tx:
            tx.feeds.sync(self.settings.sources, at)
            for output in self.settings.published:
                tx.releases.open_output(output, at)
            (request,) = tx.requests.claim([_feed(name)], at, lease=timedelta(minutes=1))
            if not body:
                error = HttpStatus("404 Not Found.", "Check the address.")
                settle(tx, Result(request, at, error=error), self.settings, Chance(0))
                return
            document = parse(body, url=_feed(name), content_type=None, received=at)
            result = Result(request, at, Fetched(_feed(name), 200, at), document, body_hash=f"{hash(body)}")
            settle(tx, result, self.settings, Chance(0))
            tx.requests.reschedule(request, NextPoll(at + timedelta(minutes=40), "publishes 4 times a day"))

    def found(self) -> None:
        """Fill the town."""
        for name in SOURCES:
            for ago in range(22, 0, -3) if name == "oakum" else ():
                self.bring(name, at=self.now - timedelta(hours=ago))
        for name in SOURCES:
            told = [(title, text, hours) for source, title, text, hours in NEWS if source == name]
            if told:
                self.bring(name, *told)
        self.bring("evil", *((f"{payload} {number}", payload, 40 + number) for number, payload in enumerate(HOSTILE)))
        self.bring("hidden", ("Between us", "<p>Heron: Brindlewick opens weights, a secret letter says.</p>", 0.1))

    def settle_stories(self) -> None:
        """Decide which news are one story, and publish."""
        with contextlib.closing(SqliteStore(self.database)) as store:
            stage = StoryStage(store, lambda: self.settings, clock=lambda: self.now, changed=lambda _: None)
            asyncio.run(stage.drain())
        press = Press(
            self.settings,
            Renditions(self.folder / "renditions"),
            lambda: SqliteStore(self.database, readonly=True),
            clock=utc_now,
        )
        press.publish(self.settings.published)


def _aside(work: Callable[[], None]) -> None:
    """Do something in a thread: the browser's event loop runs in this one."""
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()


@contextlib.contextmanager
def serving(town: Town) -> Iterator[Town]:
    """Serve a town."""

    async def nobody(*_: Any) -> dict[str, Any]:
        return {}

    renditions = Renditions(town.folder / "renditions")
    app = create_app(renditions, town.database, nobody, nobody)
    server = _Server(configuration(app, Repeats(renditions)))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        town.address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        try:
            yield town
        finally:
            server.stop()
            thread.join(10)


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """Return a town that is served."""
    town = Town(tmp_path_factory.mktemp("town"))
    _aside(town.found)
    _aside(town.settle_stories)
    with serving(town):
        yield town
