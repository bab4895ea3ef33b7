"""Reading only what is new of a document keeps exactly what reading it whole keeps, whatever feeds do."""

from __future__ import annotations

import json
import tarfile
import tempfile
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from subscribed.twins import Twins

from aggregator.errors import ParseError
from aggregator.parse import pieces, syndication

if TYPE_CHECKING:
    from collections.abc import Iterator

CORPUS = Path(__file__).parents[3] / "shared" / "corpus"
REAL, REPLAY = CORPUS / "real-feeds.tar.xz", CORPUS / "replay-2026-04.tar.xz"
FEEDS = ("https://a.example/feed", "https://b.example/feed")
LONG = " ".join(f"word{number}" for number in range(60))
OWN = 9
"""A link, guid or title of the item's own; other numbers are shared with items of that number."""


@dataclass(frozen=True, slots=True)
class Post:
    """An item as a feed writes it."""

    number: int
    guid: int | None = OWN
    link: int | None = OWN
    title: int = OWN
    dated: bool = True
    version: int = 0

    def xml(self, atom: bool) -> str:
        """Return its element."""
        number = self.number
        name = "" if self.guid is None else f"tag:a.example,2026:{number if self.guid == OWN else -self.guid}"
        page = "" if self.link is None else f"https://a.example/{number if self.link == OWN else -self.link}"
        title = f"Story {number}" if self.title == OWN else f"Update {self.title}"
        date = f"2026-05-{number % 28 + 1:02}T08:00:00Z" if self.dated else ""
        text = f"&lt;p&gt;{LONG if number % 2 else 'In short'} {number}, version {self.version}.&lt;/p&gt;"
        if atom:
            link = f'<link href="{page}"/>' if page else ""
            return (
                f"<entry><id>{name}</id><title>{title}</title>{link}<updated>{date}</updated>"
                f'<content type="html">{text}</content></entry>'
            )
        return (
            f'<item><title>{title}</title><link>{page}</link><guid isPermaLink="false">{name}</guid>'
            f"<pubDate>{date}</pubDate><description>{text}</description></item>"
        )


def document(posts: list[Post], head: int, times: int, *, atom: bool) -> bytes:
    """Return a feed of these posts; `head` changes what they inherit, `times` what they do not."""
    items = "\n  ".join(post.xml(atom) for post in posts)
    if atom:
        return (
            f'<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="{"en" if head else "fr"}"><id>tag:a.example,2026:f</id>'
            f"<title>Feed {head}</title><updated>2026-05-30T00:00:{times:02}Z</updated>{items}</feed>"
        ).encode()
    return (
        f'<rss version="2.0"><channel><title>Feed {head}</title><link>https://a.example/</link><language>en</language>'
        f"<lastBuildDate>2026-05-30T00:00:{times:02}Z</lastBuildDate>{items}</channel></rss><!-- in {times} ms -->"
    ).encode()


_SHARED = st.sampled_from([OWN, OWN, OWN, OWN, 1, 2])
_POSTS = st.builds(
    Post,
    number=st.integers(0, 11),
    guid=st.one_of(_SHARED, st.none()),
    link=st.one_of(_SHARED, st.none()),
    title=_SHARED,
    dated=st.booleans(),
    version=st.integers(0, 1),
)
_PLAIN = st.builds(Post, number=st.integers(0, 11), version=st.integers(0, 1))
_CHANGES = st.sampled_from(["add", "add", "add", "drop", "edit", "turn", "rename", "move", "nothing", "head"])


def _changed(posts: list[Post], change: str, post: Post) -> list[Post]:  # noqa: PLR0911 - one for each change
    """Return what a feed lists next."""
    match change:
        case "add":
            return [post, *posts][:8]
        case "drop":
            return posts[:-1]
        case "edit" if posts:
            return [replace(posts[0], version=1 - posts[0].version), *posts[1:]]
        case "turn":
            return posts[::-1]
        case "rename":
            return [replace(each, guid=None if each.guid == OWN else OWN) for each in posts]
        case "move":
            return [replace(each, number=each.number + 20, guid=each.guid) for each in posts[:1]] + posts[1:]
    return posts


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(
    begin=st.tuples(st.lists(_PLAIN, max_size=6, unique_by=lambda post: post.number), st.lists(_POSTS, max_size=6)),
    steps=st.lists(st.tuples(st.integers(0, 1), _CHANGES, st.one_of(_PLAIN, _POSTS)), min_size=2, max_size=12),
    atom=st.booleans(),
)
def test_whatever_a_feed_does(
    begin: tuple[list[Post], list[Post]], steps: list[tuple[int, str, Post]], atom: bool
) -> None:
    """Entries, sightings, revisions, releases and all that is known of two feeds are the same, column by column."""
    with tempfile.TemporaryDirectory() as folder:
        twins = Twins(Path(folder), *FEEDS)
        listed, heads = [list(posts) for posts in begin], [0, 0]
        for feed, posts in enumerate(listed):
            twins.poll(FEEDS[feed], document(posts, 0, 0, atom=atom))
        for time, (feed, change, post) in enumerate(steps):
            listed[feed] = _changed(listed[feed], change, post)
            heads[feed] += change == "head"
            twins.poll(FEEDS[feed], document(listed[feed], heads[feed], time, atom=atom))
        twins.agree()
        twins.close()


def test_what_is_known_stays_unread(tmp_path: Path) -> None:
    """One new item of six is read alone, an edit that is taken back is read twice, another head makes all read."""
    twins, posts = Twins(tmp_path, *FEEDS), [Post(number) for number in range(6)]
    edited = [replace(posts[0], version=1), *posts[1:]]
    seen = []
    for turn, (listed, head) in enumerate([(posts[1:], 0), (posts, 0), (edited, 0), (posts, 0), (posts, 1)]):
        before = twins.part.unread
        twins.poll(FEEDS[0], document(listed, head, turn, atom=False))
        seen.append(twins.part.unread - before)
    assert seen == [0, 5, 5, 5, 0]
    assert twins.part.reread == 0
    twins.agree()
    twins.close()


def test_what_changed_elsewhere_is_read_whole(tmp_path: Path) -> None:
    """An entry that was withdrawn, or is held back, since its item was read last makes the document be read whole."""
    twins, posts = Twins(tmp_path, *FEEDS), [Post(number) for number in range(6)]
    twins.poll(FEEDS[0], document(posts[1:], 0, 0, atom=False))
    for side in (twins.whole, twins.part):
        with side.store.transaction() as tx:
            (entry,) = tx.entries.search("3", limit=1)
            tx.entries.set_held([entry.key], "withdrawn")
    twins.poll(FEEDS[0], document(posts, 0, 1, atom=False))
    assert twins.part.reread == 1
    twins.poll(FEEDS[0], document([Post(7), *posts], 0, 2, atom=False))
    assert twins.part.reread == 1
    twins.agree()
    twins.close()


def _windows(body: bytes) -> Iterator[bytes]:
    """Yield a real document as it may have been before: without its newest items, the oldest there instead."""
    try:
        whole = pieces.cut(syndication.opened(body, url=FEEDS[0], content_type=None).text)
    except ParseError:
        return
    if whole is None:
        yield body
        return
    last = len(whole.items)
    for newest in sorted({0, 1, 2, last // 2}, reverse=True):
        yield whole.only(range(newest, last)).encode()
    yield whole.only(range(last - last // 4)).encode()
    yield body


@pytest.mark.skipif(not REAL.exists(), reason="the archive of real feeds is not beside the repository")
@pytest.mark.parametrize("every", [pytest.param(5, marks=pytest.mark.slow), 14])
def test_real_feeds(tmp_path: Path, every: int) -> None:
    """138 real feeds grow item by item: the same is kept, and most of their items are read once."""
    with tarfile.open(REAL) as archive:
        files = [member for member in archive.getmembers() if member.isfile()][::every]
        bodies = [archive.extractfile(member).read() for member in files]  # type: ignore[union-attr]
    urls = [f"https://f{number}.example/feed" for number in range(len(bodies))]
    twins = Twins(tmp_path, *urls)
    for url, body in zip(urls, bodies, strict=True):
        for window in _windows(body):
            twins.poll(url, window)
    assert twins.part.unread > len(bodies) * 20
    twins.agree()
    twins.close()


def _history(folder: Path, every: int) -> Iterator[tuple[datetime, str, bytes]]:
    with tarfile.open(REPLAY) as archive:
        archive.extractall(folder, filter="data")
    polls = []
    for index in folder.rglob("index.jsonl"):
        lines = [json.loads(line) for line in index.read_text().splitlines()]
        feed = f"https://feeds.example/{index.parent.parent.name}-{index.parent.name}"
        polls += [(line["t"], feed, index.parent / line["file"]) for line in lines][::every]
    for time, feed, file in sorted(polls):
        if file.exists():
            yield datetime.fromtimestamp(time, UTC), feed, file.read_bytes()


@pytest.mark.slow
@pytest.mark.skipif(not REPLAY.exists(), reason="the archive of feeds' history is not beside the repository")
def test_a_month_of_history(tmp_path: Path) -> None:
    """28 feeds through a month, with all that they changed, lost and renamed: the same is kept."""
    polls = list(_history(tmp_path / "replay", every=96))
    twins = Twins(tmp_path, *sorted({feed for _, feed, _ in polls}))
    for at, feed, body in polls:
        twins.poll(feed, body, at)
    assert twins.part.unread > 1_000
    twins.agree()
    twins.close()
