"""What the real history does to a poller (../shared/corpus beside the repository), document by document."""

from __future__ import annotations

import collections
import itertools
import json
import tarfile
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from aggregator.config.settings import FeedSettings, Settings
from aggregator.decide.identity import publisher_id
from aggregator.errors import HttpStatus
from aggregator.listings import NamedBy
from aggregator.model import Document, Entry, Fetched, Header, Item, PollReport
from aggregator.parse.syndication import parse
from aggregator.releasing import release_missing
from aggregator.settle import Chance, Result, settle
from aggregator.store.sqlite.store import SqliteStore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Polls = list[tuple[datetime, Document]]

CORPUS = Path(__file__).parents[3] / "shared" / "corpus"
REPLAY, GROUPS = CORPUS / "replay-2026-04.tar.xz", CORPUS / "ai_crosspost_groups.dev.jsonl"
HOUR = timedelta(hours=1)
MANY = 400
"""Documents of one feed that a test plays; the slow ones play all."""
PLAYED = {
    "aibase_daily", "anthropic_changelog_claude_code", "anthropic_news", "anthropic_research", "google_ai",
    "hackernews_best_stories", "openai_research", "the_batch",
}  # fmt: skip


class Reader:
    """A database that is handed documents one by one, each an hour after the last unless said otherwise."""

    def __init__(self, store: SqliteStore, *urls: str) -> None:
        self.store, self.now = store, datetime(2026, 1, 1, tzinfo=UTC)
        self.settings = Settings(feeds=tuple(FeedSettings(url=url) for url in urls))
        with store.transaction() as tx:
            tx.feeds.sync(self.settings.sources, self.now)
            release_missing(tx, self.settings, self.now)

    def poll(self, url: str, document: Document | None, at: datetime | None = None) -> PollReport:
        """Settle a document, or an answer of 404."""
        self.now = at or self.now + HOUR
        with self.store.transaction() as tx:
            (request,) = tx.requests.claim([url], self.now, lease=HOUR)
            fetched = Fetched(url=url, status=200 if document else 404, received=self.now)
            error = None if document else HttpStatus("404 Not Found.", "Look for its new address.")
            result = Result(request, self.now, fetched, document, body_hash="-" if document else None, error=error)
            return settle(tx, result, self.settings, Chance(0)).report

    def play(self, url: str, polls: Polls) -> collections.Counter[str]:
        """Return the sums of all reports."""
        total: collections.Counter[str] = collections.Counter()
        for at, document in polls:
            report = self.poll(url, document, at)
            total.update(new=report.new, updated=report.updated, duplicates=report.duplicates)
        return total

    def entries(self) -> list[Entry]:
        """Return all entries."""
        with self.store.snapshot() as tx:
            return list(tx.entries.all())

    def named_by(self, url: str) -> NamedBy:
        """Return by what a feed's items are known."""
        with self.store.snapshot() as tx:
            feed = tx.feeds.get(url)
        assert feed is not None
        return feed.naming.by


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Callable[..., Reader]]:
    """Return a maker of empty databases."""
    made: list[Reader] = []

    def make(*urls: str) -> Reader:
        made.append(Reader(SqliteStore(tmp_path / f"{len(made)}.db"), *urls))
        return made[-1]

    yield make
    for each in made:
        each.store.close()


@pytest.fixture(scope="session")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the unpacked history of the feeds that are played here."""
    if not REPLAY.exists():
        pytest.skip("the archive of feeds' history is not beside the repository")
    folder = tmp_path_factory.mktemp("history")
    with tarfile.open(REPLAY) as tar:
        members = (each for each in tar if PLAYED & set(Path(each.name).parts))
        tar.extractall(folder, members=members, filter="data")
    return folder


@pytest.fixture
def history(archive: Path) -> Callable[..., Polls]:
    """Return what reads a feed's documents with the times of their polls: the last ones, `every` so many."""

    def read(feed: str, *, most: int = MANY, every: int = 1) -> Polls:
        (index,) = (
            archive.rglob(f"{feed}/index.jsonl")
            if feed != "anthropic_news"
            else list(archive.rglob("olshansk/anthropic_news/index.jsonl"))
        )
        lines = sorted(map(json.loads, index.read_text().splitlines()), key=lambda line: line["t"])
        chosen = lines[::every][-most:]
        return [
            (datetime.fromtimestamp(line["t"], UTC), document(index.parent / line["file"], feed)) for line in chosen
        ]

    return read


def document(file: Path, feed: str) -> Document:
    """Parse a document of the history."""
    return parse(file.read_bytes(), url=address(feed), content_type=None, received=datetime.now(UTC))


def address(feed: str) -> str:
    """Return where a feed of the history would be."""
    return f"https://feeds.example/{feed}.xml"


def test_versions_of_one_page_whose_guids_change_at_every_poll(reader: Callable[..., Reader], history) -> None:
    """Release notes under one link, each with a guid of its own at every poll: an entry a version, said once."""
    url, polls = address("anthropic_changelog_claude_code"), history("anthropic_changelog_claude_code", every=60)
    page, made = "https://github.com/anthropics/claude-code/blob/main/CHANGELOG.md", itertools.count()
    polls = [
        (at, replace(listed, items=tuple(replace(item, guid=f"#{next(made)}", link=page) for item in listed.items)))
        for at, listed in polls
    ]
    versions = {item.title for _, listed in polls for item in listed.items}
    read = reader(url)
    total = read.play(url, polls)
    assert total["new"] == len(read.entries()) == len(versions)
    assert read.named_by(url) is not NamedBy.GUID


@pytest.mark.parametrize("change", ["guid", "guid and link"])
def test_all_guids_change_once(reader: Callable[..., Reader], history, change: str) -> None:
    """Nothing is announced or edited again when all items of a large feed get other guids, also with other links."""
    url = address("the_batch")
    ((at, before),) = history("the_batch", most=1)
    after = replace(
        before,
        items=tuple(
            replace(item, guid=f"g{n}", link=item.link if change == "guid" else f"https://new.example/{n}")
            for n, item in enumerate(before.items)
        ),
    )
    read = reader(url)
    total = read.play(url, [(at, before), (at + HOUR, after), (at + 2 * HOUR, after), (at + 3 * HOUR, before)])
    assert total["new"] == len(read.entries()) == len(before.items)
    assert total["updated"] == (0 if change == "guid" else 2 * len(before.items))


def test_a_feed_flaps(reader: Callable[..., Reader], history) -> None:
    """A feed that lists now a few items, now many, announces each once, however often they come and go."""
    url, polls = address("anthropic_research"), history("anthropic_research", every=9)
    few = replace(polls[0][1], items=polls[0][1].items[:3])
    polls = [poll for at, listed in polls for poll in ((at, listed), (at + timedelta(minutes=1), few))]
    read = reader(url)
    total = read.play(url, polls)
    links = {(item.link or "").rpartition("/")[2] for _, listed in polls for item in listed.items}
    assert total["new"] == len(read.entries()) <= len(links) + 1


def test_a_feed_is_emptied_and_deleted_and_returns(reader: Callable[..., Reader], history) -> None:
    """No items with 200 OK, then 404, then all items again: none of them is new, none is edited."""
    url = address("anthropic_news")
    ((at, full),) = history("anthropic_news", most=1)
    read = reader(url)
    read.poll(url, full, at)
    known = len(read.entries())
    assert read.poll(url, replace(full, items=())).new == 0
    assert read.poll(url, None).error is not None
    back = read.poll(url, full)
    assert (back.new, back.updated, back.duplicates, len(read.entries())) == (0, 0, 0, known)


@pytest.mark.parametrize("feed", ["google_ai", "openai_research"])
def test_feeds_without_guids(reader: Callable[..., Reader], history, feed: str) -> None:
    """Links name their items: an entry for each, also where the documents now and then have guids."""
    url, polls = address(feed), history(feed, every=12)
    bare = [
        (at, replace(listed, items=tuple(replace(item, guid=None) for item in listed.items))) for at, listed in polls
    ]
    read = reader(url)
    total = read.play(url, bare)
    assert total["new"] == len({item.link for _, listed in polls for item in listed.items})
    again = read.play(url, [(at + timedelta(days=90), listed) for at, listed in polls[-1:]])
    assert again["new"] == 0


def test_dates_invented_at_every_poll(reader: Callable[..., Reader], history) -> None:
    """A feed that sets `updated` from its clock at each poll has no edits."""
    url, polls = address("aibase_daily"), history("aibase_daily")
    read = reader(url)
    total = read.play(url, polls)
    assert total["updated"] == 0
    assert total["new"] == len({item.link for _, listed in polls for item in listed.items})


def test_ids_that_are_no_iris(reader: Callable[..., Reader], history) -> None:
    """Atom ids that are bare md5 strings name the items; what is published is an id that is an IRI."""
    url, polls = address("hackernews_best_stories"), history("hackernews_best_stories", most=2)
    read = reader(url)
    read.play(url, polls)
    entries = read.entries()
    assert entries
    assert all(entry.id.startswith("urn:uuid:") for entry in entries)
    assert all(publisher_id(Item(guid=entry.id)) for entry in entries)


def test_counters_are_no_edits(reader: Callable[..., Reader], history) -> None:
    """Scores and numbers of comments that move at every poll are no edits; titles that change are."""
    url, polls = address("hackernews_best_stories"), history("hackernews_best_stories")
    titles = collections.defaultdict(set)
    for _, listed in polls:
        for item in listed.items:
            titles[item.guid].add(item.title)
    retitled = sum(len(each) - 1 for each in titles.values())
    total = reader(url).play(url, polls)
    assert retitled <= total["updated"] <= 2 * retitled + 5


def test_titles_edited_under_one_link(reader: Callable[..., Reader], history) -> None:
    """Every title of a feed edited at once, there and back, is two revisions of each entry, and no news."""
    url = address("anthropic_news")
    ((at, before),) = history("anthropic_news", most=1)
    edited = replace(before, items=tuple(replace(item, title=f"{item.title}, updated") for item in before.items))
    read = reader(url)
    total = read.play(url, [(at, before), (at + HOUR, edited), (at + 2 * HOUR, before)])
    assert total["new"] == len(read.entries())
    assert total["updated"] == 2 * total["new"]
    assert {entry.revisions for entry in read.entries()} == {2}


def test_copies_in_several_feeds_are_one(reader: Callable[..., Reader]) -> None:
    """Of the groups that share a link and a title, dates up to a day apart, 98 of 100 are one entry."""
    if not GROUPS.exists():
        pytest.skip("the groups of cross-posts are not beside the repository")
    groups = [json.loads(line) for line in GROUPS.read_text().splitlines()]
    groups = [group for group in groups if len({item["title"] for item in group["items"]}) == 1][:200]
    listed: collections.defaultdict[str, list[Item]] = collections.defaultdict(list)
    for group in groups:
        for item in group["items"]:
            link = item["link"]
            listed[f"https://feeds.example/{item['src']}/{item['feed']}"].append(Item(item["title"], link, link))
    read = reader(*listed)
    for url, items in listed.items():
        read.poll(url, Document(Header(title=url), tuple({item.link: item for item in items}.values())))
    entries = collections.Counter(entry.canonical for entry in read.entries())
    assert sum(entries[group["canonical"]] == 1 for group in groups) >= 0.98 * len(groups)


@pytest.mark.slow
@pytest.mark.parametrize("feed", ["aibase_daily", "anthropic_changelog_claude_code", "anthropic_research"])
def test_a_month(reader: Callable[..., Reader], history, feed: str) -> None:
    """The whole month of a feed: entries within 5 % of its titles and links, whichever are fewer."""
    url, polls = address(feed), history(feed, most=9999)
    read = reader(url)
    total = read.play(url, polls)
    items = {(item.link, item.title) for _, listed in polls for item in listed.items}
    fewest = min(len({link for link, _ in items}), len({title for _, title in items}))
    assert fewest <= total["new"] <= 1.05 * fewest + 1
