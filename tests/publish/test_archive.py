"""Archives by month: who follows the links sees all that was released, and what was written stays as it was."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree
from structlog.testing import capture_logs

from aggregator.decide.months import Parts
from aggregator.publish.press import Press
from aggregator.publish.renditions import Renditions
from aggregator.publish.static import StaticFiles
from aggregator.run.clock import utc_now
from aggregator.store.sqlite.store import SqliteStore

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Newsdesk = Any

ATOM = "{http://www.w3.org/2005/Atom}"
HISTORY = "{http://purl.org/syndication/history/1.0}"
DAY = timedelta(days=1)
BASE = "http://localhost:8080/"
TOKEN = "s3cret-token"


@dataclass
class Library:
    """A newsdesk, and the folder of its documents."""

    desk: Newsdesk
    folder: Path
    released: list[str] = field(default_factory=list)
    number: int = 0

    def __post_init__(self) -> None:
        self.reopen()

    def reopen(self) -> None:
        """Begin with a press that remembers nothing, as after a restart."""
        path = self.desk.store.path
        self.press = Press(
            self.desk.settings, Renditions(self.folder), lambda: SqliteStore(path, readonly=True), clock=utc_now
        )

    def publish(self) -> list[str]:
        """Write the documents; return the names of those that changed."""
        return self.press.publish(frozenset(self.desk.settings.published))

    def release(self, count: int = 1, *, site: str = "a", at: datetime | None = None) -> list[str]:
        """Let a source tell news, in one poll, which every output releases; return their ids."""
        self.desk.now = at or self.desk.now + timedelta(hours=1)
        items = []
        for _ in range(count):
            self.number += 1
            items.append(self.desk.item(site, f"Number {self.number} of them all", hours=1))
        self.desk.bring(site, *items, drain=False)
        self.released += [str(item.guid) for item in items]
        return self.released[-count:]

    def read(self, name: str) -> bytes:
        """Return a document's bytes."""
        return (self.folder / name).read_bytes()

    def archives(self, below: str = "all") -> dict[str, bytes]:
        """Return an output's archives by month."""
        return {path.stem: path.read_bytes() for path in sorted((self.folder / below).glob("*.atom"))}


@pytest.fixture
def library(newsdesk: Newsdesk, tmp_path: Path) -> Library:
    """Return a library whose output `all` lists three entries, and its last month begins in an hour."""
    newsdesk.configure({"name": "all", "limit": 3})
    return Library(newsdesk, tmp_path / "renditions")


def months_later(moment: datetime, count: int = 1) -> datetime:
    """Return the 3rd, noon, of a later month."""
    year, month = divmod(moment.year * 12 + moment.month - 1 + count, 12)
    return datetime(year, month + 1, 3, 12, tzinfo=UTC)


def link(document: bytes, relation: str) -> str | None:
    """Return the address of a document's link."""
    found = etree.fromstring(document).xpath("a:link[@rel=$rel]/@href", namespaces={"a": ATOM[1:-1]}, rel=relation)
    assert len(found) <= 1
    return str(found[0]) if found else None


def ids(document: bytes) -> list[str]:
    """Return the ids of a document's entries."""
    return [str(entry.findtext(f"{ATOM}id")) for entry in etree.fromstring(document).iterfind(f"{ATOM}entry")]


def walk(read: Callable[[str], bytes], start: str) -> list[bytes]:
    """Return a subscription document and every archive before it, as a client of RFC 5005 finds them."""
    documents = [read(start)]
    while address := link(documents[-1], "prev-archive"):
        documents.append(read(re.sub(r"\?.*", "", address.removeprefix(BASE))))
    return documents


def test_walking_back_finds_everything_once(library: Library, atom: Callable[[bytes], Any]) -> None:
    """After months, every entry is in one archive or still in the subscription document; all are linked both ways."""
    for _ in range(4):
        library.release(2, at=months_later(library.desk.now))
        for _ in range(7):
            library.release()
        library.publish()
    current, *archives = walk(library.read, "all.atom")
    assert len(archives) == 4
    archived = [one for archive in archives for one in ids(archive)]
    assert len(set(archived)) == len(archived)
    assert {*ids(current), *archived} == set(library.released)
    assert link(current, "current") == link(current, "self") == f"{BASE}all.atom"
    for older, newer in zip(archives[1:], archives, strict=False):
        assert link(older, "next-archive") == link(newer, "self")
        assert link(newer, "prev-archive") == link(older, "self")
    for document in (current, *archives):
        feed = atom(document)
        assert feed.findtext(f"{ATOM}id") == atom(current).findtext(f"{ATOM}id")
        assert (feed.find(f"{HISTORY}archive") is None) == (document is current)
        assert link(document, "current") == f"{BASE}all.atom"


@settings(deadline=None, max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(0, 40 * 24), st.integers(1, 4), st.booleans()), min_size=1, max_size=6))
def test_no_history_has_a_gap(
    newsdesk: Newsdesk,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
    history: list[tuple[int, int, bool]],
) -> None:
    """However releases fall into months and parts, and whenever documents are written: each is found in its own."""
    monkeypatch.setattr("aggregator.publish.archive.PART", 3)
    newsdesk.configure({"name": "all", "limit": 2})
    library = Library(newsdesk, tmp_path_factory.mktemp("library"), number=newsdesk.__dict__.setdefault("number", 0))
    for hours, count, published in history:
        library.release(count, at=newsdesk.now + timedelta(hours=hours, seconds=1))
        if published:
            library.publish()
    newsdesk.__dict__["number"] = library.number
    library.publish()
    current, *archives = walk(library.read, "all.atom")
    with newsdesk.store.snapshot() as tx:
        released = {entry.id for entry in tx.releases.of_output("all")}
        parts = Parts(3)
        parts.add(tx.archives.released("all", 0))
        months = {part.name: tx.archives.places("all", part, private=False) for part in parts.all()}
    assert {one for document in (current, *archives) for one in ids(document)} == released
    written = library.archives()
    assert written.keys() == months.keys()
    for month, places in months.items():
        told = ids(written[month])[::-1]
        assert told == [place.id for place in places][: len(told)]
        assert len(told) == len(places) or month == list(months)[-1]


def test_what_is_written_stays(library: Library) -> None:
    """Edits, restarts, another title and what is released later change no byte of a month that is over and followed."""
    first = library.release(5, at=months_later(library.desk.now))
    library.release(1, at=months_later(library.desk.now))
    library.publish()
    name = min(library.archives())
    before = library.read(f"all/{name}.atom")
    assert set(ids(before)) == set(first)
    library.desk.bring("a", library.desk.item("a", "Number 1 of them all", content="<p>Edited beyond recognition.</p>"))
    library.desk.settings = library.desk.settings.model_copy(
        update={"site": library.desk.settings.site.model_copy(update={"title": "Renamed"})}
    )
    library.reopen()
    for _ in range(5):
        library.release(at=months_later(library.desk.now))
        changed = library.publish()
        assert f"all/{name}.atom" not in changed
    assert library.read(f"all/{name}.atom") == before
    assert b"Edited beyond" not in b"".join(library.archives().values())


def test_next_month_is_linked_with_one_rewrite(library: Library) -> None:
    """The first release of a month closes the month before: its last entries and next-archive come together."""
    library.release(2, at=months_later(library.desk.now))
    library.publish()
    (name,) = library.archives()
    assert len(ids(library.read(f"all/{name}.atom"))) == 1
    assert link(library.read("all.atom"), "prev-archive") == f"{BASE}all/{name}.atom?entries=1"
    assert link(library.read(f"all/{name}.atom"), "next-archive") is None
    library.release(1, at=months_later(library.desk.now))
    assert f"all/{name}.atom" in library.publish()
    assert len(ids(library.read(f"all/{name}.atom"))) == 2
    assert link(library.read(f"all/{name}.atom"), "next-archive") == f"{BASE}all/{max(library.archives())}.atom"


def test_the_running_month_grows_by_steps(library: Library) -> None:
    """Its address changes with it, so that clients read it again; meanwhile its bytes stay."""
    library.desk.settings = library.desk.settings.model_copy(
        update={"publishing": library.desk.settings.publishing.model_copy(update={"window": timedelta(0)})}
    )
    library.reopen()
    library.release(at=months_later(library.desk.now))
    seen: dict[str, bytes] = {}
    for _ in range(20):
        library.release()
        library.publish()
        document = library.archives()[f"{library.desk.now:%Y-%m}"]
        address = str(link(library.read("all.atom"), "prev-archive"))
        assert address.endswith(f"?entries={len(ids(document))}")
        assert seen.setdefault(address, document) == document
    assert [len(ids(document)) for document in seen.values()] == [1, *range(2, 19, 2)]


def test_a_large_month_has_parts(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    """A document holds so many releases, and the next ones go to another: what is full is written once, and linked."""
    monkeypatch.setattr("aggregator.publish.archive.PART", 4)
    library.reopen()
    library.release(at=months_later(library.desk.now))
    for _ in range(9):
        library.release()
        library.publish()
    month = f"{library.desk.now:%Y-%m}"
    assert {name: len(ids(document)) for name, document in library.archives().items()} == {
        month: 4,
        f"{month}-2": 4,
        f"{month}-3": 1,
    }
    assert {one for document in walk(library.read, "all.atom") for one in ids(document)} == set(library.released)
    before = library.archives()
    library.desk.correct("withdraw", library.released[5])
    library.reopen()
    library.publish()
    after = library.archives()
    assert [name for name in before if before[name] != after[name]] == [f"{month}-2"]
    assert len(ids(after[f"{month}-2"])) == 3


def test_a_busy_source_rewrites_little(library: Library) -> None:
    """Where sources share the room, the archive grows when what it lacks is no longer shown, not with each release."""
    library.desk.configure({"name": "all", "limit": 4})
    library.reopen()
    library.release(at=months_later(library.desk.now))
    writes = 0
    for number in range(40):
        library.release(site="b" if number % 10 == 9 else "a")
        writes += any(name.startswith("all/") for name in library.publish())
        assert {one for document in walk(library.read, "all.atom") for one in ids(document)} == set(library.released)
    assert writes < 20


def test_withdrawing_rewrites_one_month(library: Library) -> None:
    """What is withdrawn goes from the month that held it; the others of it, and other months, keep their bytes."""
    for _ in range(3):
        library.release(3, at=months_later(library.desk.now))
    library.publish()
    before = library.archives()
    library.desk.correct("withdraw", library.released[1])
    library.publish()
    after = library.archives()
    (month,) = [month for month in before if before[month] != after[month]]
    assert set(ids(after[month])) == {library.released[0], library.released[2]}
    assert set(re.findall(rb"<entry.*?</entry>", after[month])) < set(re.findall(rb"<entry.*?</entry>", before[month]))
    assert b"Number 2 of" not in after[month]
    for one in library.released[::2][:2]:
        library.desk.correct("withdraw", one)
    library.publish()
    assert ids(library.archives()[month]) == []
    assert library.released[1] not in {one for document in walk(library.read, "all.atom") for one in ids(document)}


def test_what_comes_to_belong_to_an_output_later_is_added(library: Library) -> None:
    """A changed choice releases entries under the dates of then: their months get them, and keep what was there."""
    wide = {"name": "wide"}
    library.desk.configure({"name": "all", "limit": 3, "drop": [{"contains": ["Number 2"]}]}, wide)
    library.reopen()
    for _ in range(3):
        library.release(2, at=months_later(library.desk.now))
        library.publish()
    month, before = min(library.archives().items())
    assert ids(before) == library.released[:1]
    library.desk.configure({"name": "all", "limit": 3}, wide)
    library.press.settings = library.desk.settings
    changed = library.publish()
    assert [name for name in changed if name.startswith("all/")] == [f"all/{month}.atom"]
    after = library.archives()[month]
    assert set(ids(after)) == set(library.released[:2])
    assert set(re.findall(rb"<entry.*?</entry>", before)) < set(re.findall(rb"<entry.*?</entry>", after))


def test_the_running_month_gets_what_comes_later_under_an_earlier_date(library: Library) -> None:
    """Also where it holds as many entries as before: nothing is found nowhere."""
    wide = {"name": "wide"}
    library.desk.configure({"name": "all", "limit": 3, "drop": [{"contains": ["Number 3"]}]}, wide)
    library.reopen()
    for days in range(1, 9):
        library.release(at=datetime(2027, 2, 1 + 3 * days, tzinfo=UTC))
        library.publish()
    assert library.released[2] not in ids(library.archives()["2027-02"])
    library.desk.configure({"name": "all", "limit": 3}, wide)
    library.publish()
    assert {one for document in walk(library.read, "all.atom") for one in ids(document)} == set(library.released)


def test_a_source_that_becomes_private_leaves_public_archives(library: Library) -> None:
    """When the configuration says so, nothing of it stays where everybody may read it."""
    for site in "abb":
        library.release(2, at=months_later(library.desk.now), site=site)
    library.publish()
    month = min(library.archives())
    library.desk.configure({"name": "all", "limit": 3}, a={"private": True})
    library.press.settings = library.desk.settings
    library.publish()
    assert ids(library.archives()[month]) == []


def test_withdrawn_coverage_goes_too(newsdesk: Newsdesk, tmp_path: Path) -> None:
    """An archived story no longer tells of an article that was withdrawn."""
    library = Library(newsdesk, tmp_path / "renditions")
    newsdesk.tell("a", "grok", 0, hours=3)
    second = newsdesk.tell("b", "grok", 1)
    newsdesk.now = months_later(newsdesk.now)
    newsdesk.tell("c", "law", 0)
    library.publish()
    title = b"Memphis: weights of Grok are open"
    assert title in min(library.archives("stories").items())[1]
    newsdesk.correct("withdraw", second)
    library.publish()
    assert title not in min(library.archives("stories").items())[1]


def test_what_is_lost_or_damaged_is_made_again(library: Library) -> None:
    """From stored rows, with the same bytes where no entry has changed since; what is damaged is logged."""
    for _ in range(2):
        library.release(4, at=months_later(library.desk.now))
    library.publish()
    before = library.archives()
    lost, damaged = (f"all/{month}.atom" for month in sorted(before)[:2])
    (library.folder / lost).unlink()
    assert library.publish() == [lost]
    (library.folder / damaged).write_bytes(before[damaged[4:11]][:-200])
    library.reopen()
    with capture_logs() as logged:
        assert library.publish() == [damaged]
    assert [line["event"] for line in logged] == ["publish.archive_damaged"]
    assert library.archives() == before


def test_entries_of_an_earlier_version_that_do_not_fit_are_made_again(library: Library) -> None:
    """Where kept entries and a new head are no document together, the entries are rendered anew, and this is logged."""
    library.release(3, at=months_later(library.desk.now))
    library.release(1, at=months_later(library.desk.now))
    library.publish()
    name = f"all/{min(library.archives())}.atom"
    good = library.read(name)
    old = re.sub(rb"(<feed [^>]*>)", rb'\1<!-- old --><link rel="x"/>', good)
    old = re.sub(rb"<feed ([^>]*)>", rb'<feed xmlns:gone="urn:gone" \1>', old).replace(
        b"</entry>", b"<gone:x/></entry>"
    )
    (library.folder / name).write_bytes(old)
    library.reopen()
    with capture_logs() as logged:
        assert library.publish() == [name]
    assert [line["event"] for line in logged] == ["publish.archive_made_anew"]
    assert library.read(name) == good


def test_outputs_with_tokens_have_private_archives(newsdesk: Newsdesk, tmp_path: Path) -> None:
    """Their links bear the token, their files do not; what a private source says is in them and nowhere else."""
    newsdesk.configure({"name": "mine", "token": TOKEN, "limit": 1}, a={"private": True})
    library = Library(newsdesk, tmp_path / "renditions")
    library.release(2, at=months_later(newsdesk.now))
    library.release(2, at=months_later(newsdesk.now), site="b")
    library.publish()
    archives = library.archives("private/mine")
    assert {link(document, "current") for document in archives.values()} == {f"{BASE}{TOKEN}/mine.atom"}
    assert (
        link(
            library.read("private/mine.atom"),
            "prev-archive",
        )
        == f"{BASE}{TOKEN}/mine/{max(archives)}.atom?entries=1"
    )
    assert set(ids(archives[min(archives)])) == set(library.released[:2])
    assert b"a.example/feed" not in archives[min(archives)]
    assert set(library.released[:2]).isdisjoint(
        one for document in library.archives().values() for one in ids(document)
    )


def test_outputs_that_choose_anew_have_none(newsdesk: Newsdesk, tmp_path: Path) -> None:
    """A size tier and a digest have no archives, nor links to any."""
    newsdesk.configure({"name": "top", "top": 3}, {"name": "daily", "digest": "daily"})
    library = Library(newsdesk, tmp_path / "renditions")
    library.release(2, at=months_later(newsdesk.now))
    newsdesk.drain()
    library.publish()
    for name in ("top", "daily"):
        assert library.archives(name) == {}
        assert link(library.read(f"{name}.atom"), "current") is None


def test_archives_go_with_their_output(library: Library) -> None:
    """What was archived of an output that is gone is removed; other files and folders stay."""
    library.desk.configure({"name": "all"}, {"name": "labs"}, {"name": "mine", "token": TOKEN})
    library.reopen()
    library.release(at=months_later(library.desk.now))
    library.publish()
    (library.folder / "labs" / "notes.atom").write_text("mine")
    assert library.archives("private/mine")
    library.desk.configure({"name": "all"})
    library.reopen()
    library.publish()
    assert list(library.archives("labs")) == ["notes"]
    assert not (library.folder / "private").exists()
    assert library.archives()


def test_export_writes_archives(library: Library, tmp_path: Path) -> None:
    """As files for any web server, kept when exported again."""
    library.release(4, at=months_later(library.desk.now))
    library.release(1, at=months_later(library.desk.now))
    path = library.desk.store.path
    press = Press(
        library.desk.settings, StaticFiles(tmp_path / "www"), lambda: SqliteStore(path, readonly=True), clock=utc_now
    )
    names = [name for name in press.publish(frozenset(["all"])) if name.startswith("all/")]
    assert len(names) == 2
    current, *archives = walk(lambda name: (tmp_path / "www" / name).read_bytes(), "all.atom")
    assert {one for document in (current, *archives) for one in ids(document)} == set(library.released)
    library.desk.bring("a", library.desk.item("a", "Number 1 of them all", content="<p>Edited.</p>"))
    again = Press(
        library.desk.settings, StaticFiles(tmp_path / "www"), lambda: SqliteStore(path, readonly=True), clock=utc_now
    )
    assert not [name for name in again.publish(frozenset(["all"])) if name.startswith("all/")]
