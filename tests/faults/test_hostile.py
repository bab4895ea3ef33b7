"""The hostile documents that lie beside the repository, as feeds of one configuration beside twenty healthy ones."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from lxml import etree

from aggregator.config.settings import OutputSettings
from aggregator.decide.health import State, state_of
from aggregator.model import Outcome
from aggregator.parse.encoding import legal
from aggregator.parse.pool import ParserPool
from aggregator.publish.press import Press
from aggregator.publish.static import StaticFiles
from aggregator.run.clock import utc_now
from aggregator.store.sqlite.store import SqliteStore

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Iterator

    Answer = Callable[..., bytes]

CORPUS = Path(__file__).parents[3] / "shared" / "corpus"
REFUSED = {
    "empty.xml": "empty document",
    "whitespace.xml": "empty document",
    "html_instead.html": "no feed but a web page",
    "json_error.json": "JSON",
    "cloudflare.html": "403 Forbidden",
    "zip_bytes.xml": "ZIP",
    "image.xml": "image",
    "gzip_bomb.xml.gz": "after decompression",
    "double_gzip.gz": "compressed once more",
    "truncated_gzip.gz": "cut short",
}
"""What cannot be read, and a word of what is said of it; all others are."""
COUNTS = {
    "dtd_external.xml": 3, "html_entities.xml": 4, "unknown_encoding.xml": 3, "control_chars.xml": 4, "leading_whitespace.xml": 3,
    "php_warning_before.xml": 3, "unescaped_amp.xml": 4, "undeclared_ns.xml": 4, "dates.xml": 19, "many_items.xml": 1000,
    "xss_content.xml": 16, "dup_guid.xml": 2, "no_guid.xml": 3, "no_guid_no_link.xml": 3, "huge_text.xml": 4, "long_guid.xml": 4,
}  # fmt: skip
"""Items of documents, where the manifest gives a number."""
TITLES = {
    **dict.fromkeys(("utf8_bom.xml", "utf16le_bom.xml", "utf16be_bom.xml"), "é à ü — “x” 日本"),
    "cp1252_declared_latin1.xml": "café ’€",
    "no_declaration_gb18030.xml": "人工智能新闻",
    "shift_jis.xml": "人工知能",
    "html_entities.xml": "café ’",
    "unescaped_amp.xml": "AT&T & R&D <3",
    "emoji_zwj_rtl.xml": "👩\u200d💻 evil עברית",
}
SECOND = {
    "changing_guid": (Outcome.UNCHANGED, 0, 0),
    "changing_title": (Outcome.UPDATED, 0, 3),
    "vanish_return": (Outcome.ERROR, 0, 0),
}
"""Outcome, new and updated of what has another document at the second poll."""
ACTIVE = re.compile(
    r"<script|<iframe|<object|<base|<form|<style|<svg|srcdoc|\son\w+\s*=|(?:javascript|data|vbscript):", re.IGNORECASE
)
ATOM = "{http://www.w3.org/2005/Atom}"


@pytest.fixture(scope="session")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[dict[str, Any], bytes]]:
    """Return the hostile documents by name, each with its line of the manifest."""
    generator = CORPUS / "hostile.py"
    if not generator.exists():
        pytest.skip(f"the generator of hostile documents is not there: {generator}")
    folder = tmp_path_factory.mktemp("hostile")
    subprocess.run([sys.executable, str(generator), str(folder)], check=True, capture_output=True)
    manifest = map(json.loads, (folder / "manifest.jsonl").read_text().splitlines())
    return {each["file"]: (each, (folder / each["file"]).read_bytes()) for each in manifest}


class Served:
    """All documents, served each at an address of its own; those with a number one after the other at one address."""

    def __init__(self, world: Any, answer: Answer, hostile: dict[str, tuple[dict[str, Any], bytes]]) -> None:
        self.world = world
        world.now = datetime(2026, 1, 8, 12, tzinfo=UTC)  # just after the documents
        self.urls: dict[str, str] = {}
        for name, (about, body) in hostile.items():
            path = f"/{re.sub(r'_[12].xml$', '', name) if 'poll' in about else name}"
            http = about.get("http", {})
            said = {"Content-Type": http.get("content_type"), "Content-Encoding": http.get("content_encoding")}
            headers = [f"{key}: {value}" for key, value in said.items() if value]
            status = "403 Forbidden" if http.get("status") == 403 else "200 OK"
            own = b"https://e.org/"
            if "poll" in about:  # these are told apart by their links
                own = f"https://{path[1:].replace('_', '-')}.example/".encode()
            served = answer(body.replace(b"https://e.org/", own), *headers, f'ETag: "{name}"', status=status)
            world.origin.answers.setdefault(path, []).append(served)
            self.urls[path[1:]] = world.origin.url(path, host=f"{path[1:].partition('.')[0].replace('_', '-')}.example")
        for path in ("/vanish_return",):
            world.origin.answers[path].append(world.origin.answers[path][0])
        world.configure(*self.urls.values())

    def round(self) -> dict[str, Any]:
        """Poll all; return the reports of the hostile ones by name."""
        told = self.world.round()
        told.check_healthy()
        reports = {name: told[url] for name, url in self.urls.items()}
        errors = {name: report.error for name, report in reports.items() if report.error}
        assert not {name: error for name, error in errors.items() if "mistake" in error or "crashed" in error}
        return reports


@pytest.fixture
def served(world: Any, answer: Answer, hostile: dict[str, tuple[dict[str, Any], bytes]]) -> Served:
    """Return the documents, served."""
    return Served(world, answer, hostile)


def strings(value: Any) -> Iterator[str]:
    """Every string in an entry."""
    if isinstance(value, str):
        yield value
    elif is_dataclass(value):
        for each in fields(value):
            yield from strings(getattr(value, each.name))
    elif isinstance(value, tuple | frozenset):
        for member in value:
            yield from strings(member)


@pytest.mark.fault("F21")
def test_F21_hostile_documents_are_read_or_refused(served: Served, world: Any, tmp_path: Path) -> None:
    """Each ends as its manifest says, in one round beside the healthy; nothing illegal or active is kept or published."""
    reports = served.round()
    refused = {name: report.error for name, report in reports.items() if report.error is not None}
    assert refused.keys() == REFUSED.keys()
    assert {name for name, word in REFUSED.items() if word not in refused[name]} == set(), refused
    assert "https://html-instead.example" not in refused["html_instead.html"]
    assert ":" in refused["html_instead.html"]
    assert "/feed: use that address" in refused["html_instead.html"]
    assert {name: reports[name].entries for name in COUNTS} == COUNTS
    assert {name for name, title in TITLES.items() if title not in world.titles(served.urls[name])} == set()
    assert world.titles(served.urls["truncated_mid_item.xml"]) >= {"good 1", "good 2"}
    for name, url in served.urls.items():
        state = State.FAILING if name in REFUSED else State.OK
        assert state_of(world.feed(url), world.now) is state, name
        unread = name in REFUSED or name == "truncated_mid_item.xml"  # whose validators stand for more than came
        assert (world.feed(url).validators.etag is None) is unread, name
    check_kept(world)
    check_published(world, tmp_path / "out")


@pytest.mark.fault("F19")
def test_F19_hostile_documents_of_two_polls(served: Served, world: Any) -> None:
    """New guids, tracking parameters, other titles, and what vanishes and returns bring no entry twice."""
    served.round()
    count = len(everything(world))
    world.later(hours=2)
    second = served.round()
    found = {name: (second[name].outcome, second[name].new, second[name].updated) for name in SECOND}
    assert found == SECOND
    world.later(hours=2)
    third = served.round()
    assert (third["vanish_return"].error, third["vanish_return"].new) == (None, 0)
    others = [report for told in (second, third) for name, report in told.items() if name != "changing_link"]
    assert {report.new for report in others} == {0}
    links = [told["changing_link"].new for told in (second, third)]
    assert len(everything(world)) == count + 40 + sum(links), "the news of the healthy"
    assert links == [0, 0]


def everything(world: Any) -> list[Any]:
    """Return all entries."""
    with world.store.snapshot() as tx:
        return list(tx.entries.all())


def check_kept(world: Any) -> None:
    """Hold all entries to legal strings, dead markup and links to the web, and to nothing read from a file."""
    entries = everything(world)
    assert len(entries) > 1000
    for entry in entries:
        assert all(text == legal(text) for text in strings(entry)), entry.id
        assert not [text for text in strings(entry) if "root:" in text], entry.id
        assert not ACTIVE.search(f"{entry.item.summary} {entry.item.content}".replace("&lt;", "")), entry.id
        links = [entry.item.link, entry.item.comments, *(one.href for one in entry.item.enclosures)]
        assert all(link is None or link.startswith(("https://", "http://")) for link in links), entry.id
        assert entry.published <= world.now, entry.id


def check_published(world: Any, folder: Path) -> None:
    """Hold an output of all entries to be well-formed and legal, and to nothing read from a file."""
    settings = world.settings.model_copy(update={"outputs": (OutputSettings(name="all", limit=500),)})
    press = Press(settings, StaticFiles(folder), lambda: SqliteStore(world.store.path, readonly=True), clock=utc_now)
    press.publish(frozenset(["all"]))
    strict = etree.XMLParser(resolve_entities=False, no_network=True)
    for ending in ("atom", "rss"):
        document = (folder / f"all.{ending}").read_bytes()
        assert len(list(etree.fromstring(document, strict).iter("{*}entry", "item"))) == 500
        assert document.decode() == legal(document.decode())
        assert b"root:" not in document
    assert json.loads((folder / "all.json").read_bytes())["items"]
    links = etree.fromstring((folder / "all.atom").read_bytes(), strict).iter(f"{ATOM}link")
    assert {link.get("href").partition(":")[0] for link in links} <= {"http", "https"}


CATEGORIES = "".join(f"<category>{n}</category>" for n in range(4900))
HTML = f"<description><![CDATA[{'<b><i>x</i></b>' * 6000}]]></description>"
SLOW = f"<rss><channel>{f'<item>{CATEGORIES}{HTML}</item>' * 10}{f'<item>{HTML}</item>' * 27}</channel></rss>".encode()
"""Within every limit on tags, and 4 s of CPU time (tests/parse/test_pool.py)."""
LARGE = b"<rss><channel><item><title>x</title></item><!--" + b"x" * 9_000_000 + b"--></channel></rss>"


@pytest.fixture
def pool_of(world: Any, runner: asyncio.Runner) -> Iterator[Callable[..., None]]:
    """Return what gives the world parsers with lower limits."""
    pools: list[ParserPool] = []

    def limited(**limits: float) -> None:
        pools.append(ParserPool(workers=2, **limits))
        world.parser = pools[-1]

    yield limited
    for pool in pools:
        runner.run(pool.__aexit__(None, None, None))


@pytest.mark.fault("F22")
@pytest.mark.parametrize(
    ("killer", "limits", "words"),
    [
        pytest.param(SLOW, {"seconds": 1}, "took more than 1 s of CPU time|longer than 3 s", id="CPU time"),
        pytest.param(LARGE, {"memory": 96 * 2**20}, "needed more than 96 MB of memory", id="memory"),
    ],
)
@pytest.mark.fault("T20")
def test_F22_a_killer_document_costs_its_own_feed_alone(
    killer: bytes, limits: dict[str, float], words: str, pool_of: Callable[..., None], world: Any, answer: Answer
) -> None:
    """The worker is killed and replaced; the feed keeps what it had and recovers, no other feed notices."""
    pool_of(**limits)
    failed = world.suffers(answer(killer, 'ETag: "bad"'), words)
    assert "Other feeds are not affected" in failed.remedy


@pytest.mark.fault("F22")
def test_F22_killers_of_many_feeds_hold_up_nobody(pool_of: Callable[..., None], world: Any, answer: Answer) -> None:
    """Three killers at once: all healthy feeds are read before the last of them is given up."""
    pool_of(seconds=1)
    killers = [world.origin.url(f"/{number}", host=f"killer{number}.example") for number in range(3)]
    world.origin.answers["*"] = answer(SLOW)
    world.configure(*killers)
    told = world.round()
    told.check_healthy()
    assert list(told.reports)[-1] in killers
    assert {told[url].outcome for url in killers} == {Outcome.ERROR}
    assert all(re.search("CPU time|longer than", world.feed(url).error) for url in killers)
