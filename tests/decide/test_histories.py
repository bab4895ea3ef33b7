"""Weeks of several feeds, invented by Hypothesis: every article is one entry, from its first listing on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from aggregator.decide.sites import same_host, same_site
from aggregator.model import Item

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

LONG = " ".join(f"word{number}" for number in range(60))


@dataclass(frozen=True, slots=True)
class Article:
    """What is told; `shares_link` when others have its link, `days` since it came out, None when nobody says."""

    name: str
    title: str
    link: str
    days: float | None
    text: str = ""
    shares_link: bool = False


A_POSTS = [
    Article("a1", "A first model", "https://site-a.example/posts/1", 1),
    Article("a2", "A second model", "https://site-a.example/posts/2", None),
    Article("a3", "A third model", "https://site-a.example/item?id=3", 3, LONG),
]
B_POSTS = [
    Article("b1", "新模型发布", "https://site-b.example/Posts/1", 2),
    Article("b2", "Another model", "https://site-b.example/posts/1", None, LONG),
]
RELEASES = [
    Article(f"r{number}", f"Release 1.{number}", "https://site-a.example/log", 5 + number, shares_link=True)
    for number in range(3)
]
UPDATES = [
    Article(
        f"u{number}", "Update", "https://site-a.example/status", 5 - number / 3, f"Number {number}", shares_link=True
    )
    for number in range(3)
]


@dataclass(frozen=True, slots=True)
class Source:
    """A feed, what it may list, and its manners."""

    url: str
    articles: list[Article]
    guids: bool = True
    own_dates: bool = False
    tail: str = ""


SOURCES = {
    source.url: source
    for source in [
        Source("https://site-a.example/feed", A_POSTS + RELEASES + UPDATES),
        Source("https://blog.site-a.example/feed", A_POSTS),
        Source("https://site-b.example/feed", B_POSTS, guids=False),
        Source("https://hub.example/feed", A_POSTS + B_POSTS + RELEASES, own_dates=True, tail=" | Hub"),
        Source("https://private.example/feed", A_POSTS + B_POSTS),
    ]
}
PRIVATE = {"https://private.example/feed"}


class History(RuleBasedStateMachine):
    """Feeds that list, edit, drop and list again, under changing guids and links, polled now and then."""

    new_shelf: ClassVar[Callable[[], Any]]
    now: ClassVar[datetime]

    def __init__(self) -> None:
        super().__init__()
        self.shelf = type(self).new_shelf()
        self.shelf.private = PRIVATE
        self.listed: dict[str, dict[str, int]] = {url: {} for url in SOURCES}
        self.guids = dict.fromkeys(SOURCES, 0)
        self.tracked = dict.fromkeys(SOURCES, False)
        self.entry_of: dict[str, int] = {}
        self.told: dict[str, dict[str, Item]] = {url: {} for url in SOURCES}
        self.ids: dict[int, str] = {}

    def made(self, source: Source, article: Article) -> Item:
        """Return an article as a source lists it now."""
        date = None if article.days is None else self.now - timedelta(days=article.days)
        if source.own_dates and date and not article.shares_link:
            date += timedelta(hours=5)
        mark = "&" if "?" in article.link else "?"
        return Item(
            title=article.title + ("" if article.shares_link else source.tail),
            guid=f"{article.name} {self.guids[source.url]}" if source.guids else None,
            link=article.link + (f"{mark}utm_source=feed" if self.tracked[source.url] else ""),
            summary=f"{source.url} {self.listed[source.url][article.name]} {article.text}",
            published=date,
        )

    @rule(url=st.sampled_from(list(SOURCES)), data=st.data(), count=st.integers(1, 4))
    def list_articles(self, url: str, data: st.DataObject, count: int) -> None:
        """List articles, or list them again."""
        for _ in range(count):
            article = data.draw(st.sampled_from(SOURCES[url].articles))
            self.listed[url].setdefault(article.name, 0)

    @rule(url=st.sampled_from(list(SOURCES)), data=st.data())
    def drop(self, url: str, data: st.DataObject) -> None:
        """List an article no longer."""
        self.listed[url].pop(data.draw(st.sampled_from(SOURCES[url].articles)).name, None)

    @rule(url=st.sampled_from(list(SOURCES)), data=st.data(), text=st.integers(0, 1))
    def edit(self, url: str, data: st.DataObject, text: int) -> None:
        """Write one of two texts: A, B, A."""
        name = data.draw(st.sampled_from(SOURCES[url].articles)).name
        if name in self.listed[url]:
            self.listed[url][name] = text

    @rule(url=st.sampled_from(list(SOURCES)))
    def change_guids(self, url: str) -> None:
        """Give every item another guid."""
        self.guids[url] += 1

    @rule(url=st.sampled_from(list(SOURCES)))
    def track(self, url: str) -> None:
        """Begin or end to count readers by a parameter of every link."""
        self.tracked[url] = not self.tracked[url]

    @rule(url=st.sampled_from(list(SOURCES)), backwards=st.booleans())
    def poll(self, url: str, backwards: bool) -> None:
        """Judge what a source lists, and compare with what is true."""
        source = SOURCES[url]
        items = {each.name: self.made(source, each) for each in source.articles if each.name in self.listed[url]}
        document = list(items.values())[:: -1 if backwards else 1]
        before = {key: entry.digest for key, entry in self.shelf.entries.items()}
        verdict = self.shelf.poll(url, document)
        assert len(verdict.additions) == len(items.keys() - self.entry_of.keys())
        assert verdict.duplicates == len((items.keys() & self.entry_of.keys()) - self.told[url].keys())
        for name, item in items.items():
            assert self.entry_of.setdefault(name, self.shelf.of(url, item, document)) == self.shelf.of(
                url, item, document
            )
        edited = {revision.entry for revision in verdict.revisions if revision.edited}
        assert edited == {key for key, digest in before.items() if self.shelf.entries[key].digest != digest}
        self.told[url].update(items)
        again = self.shelf.judged(url, self.shelf.listed(url, document))
        assert (again.additions, again.revisions, again.duplicates) == ((), (), 0)

    @invariant()
    def articles_are_entries(self) -> None:
        """No two articles are one entry, none is two."""
        assert sorted(self.entry_of.values()) == list(range(1, len(self.shelf.entries) + 1))

    @invariant()
    def ids_are_for_ever(self) -> None:
        """An id never changes, and none is given twice."""
        assert self.ids.items() <= self.shelf.ids.items()
        assert len(set(self.shelf.ids.values())) == len(self.shelf.ids)
        self.ids = dict(self.shelf.ids)

    @invariant()
    def the_best_source_is_quoted(self) -> None:
        """A public one before private ones, then the link's own host, then its site; in the words it used last."""
        for name, key in self.entry_of.items():
            entry = self.shelf.entries[key]
            tellers = {url for url, items in self.told.items() if name in items}
            best = max(rank(url, entry.item.link) for url in tellers)
            assert rank(entry.feed, entry.item.link) == best
            told = self.told[entry.feed][name]
            assert (entry.item.title, entry.item.summary) == (told.title, told.summary)


def rank(url: str, link: str | None) -> tuple[bool, bool, bool]:
    """Return how well a source speaks for a link."""
    return url not in PRIVATE, same_site(url, link), same_host(url, link)


def test_every_article_is_one_entry(new_shelf: Callable[[], Any], now: datetime) -> None:
    """Nothing lost, nothing twice, ids for ever, the best source quoted: whatever feeds do, and whenever we look."""

    class Played(History):
        pass

    Played.new_shelf, Played.now = staticmethod(new_shelf), now
    run_state_machine_as_test(Played, settings=settings(max_examples=60, stateful_step_count=40, deadline=None))
