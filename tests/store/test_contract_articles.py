"""The contract of store.articles.Articles, on every backend, and of articles' requests in the queue."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from aggregator.config.settings import FeedSettings
from aggregator.decide.articles import ArticlePage, Read, Wait
from aggregator.decide.cadence import NextPoll
from aggregator.model import Enclosure, Held, Person, RequestKind
from aggregator.store.articles import ArticleCount, ArticleState

if TYPE_CHECKING:
    from collections.abc import Callable

    from aggregator.decide.articles import Lacking
    from aggregator.model import Item, Request

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
SECOND, HOUR = timedelta(seconds=1), timedelta(hours=1)
A, B = "https://a.example/feed", "https://b.example/feed"
PAGE = ArticlePage(
    title="Whole", published=NOON - HOUR, authors=(Person("Ann", email="ann@a.example"),), language="fr",
    canonical="https://a.example/1", image="https://a.example/1.jpg", content="<p>é</p>", text="é",
)  # fmt: skip


def _want(desk: Any, *keys: int, url: str = A, at: datetime = NOON, wait: Wait | None = None) -> None:
    feed = desk.feed(url)
    with desk.store.transaction() as tx:
        tx.articles.want(feed, {key: wait or Wait(f"https://a.example/{key}") for key in keys}, at)


def _keep(desk: Any, key: int, page: ArticlePage = PAGE, at: datetime = NOON) -> None:
    with desk.store.transaction() as tx:
        tx.articles.keep(key, page, at)


def _fail(desk: Any, key: int, error: str, *, final: bool = False, at: datetime = NOON) -> None:
    with desk.store.transaction() as tx:
        tx.articles.fail(key, error, at, final=final)


def _lacking(desk: Any, *keys: int) -> list[Lacking]:
    with desk.store.snapshot() as tx:
        found: list[Lacking] = tx.articles.lacking(keys)
    return found


def _claim_page(desk: Any, url: str = A, now: datetime = NOON) -> Request | None:
    with desk.store.transaction() as tx:
        found: Request | None = tx.requests.claim_page(url, now, lease=HOUR)
    return found


def _state(desk: Any, key: int) -> ArticleState | None:
    with desk.store.snapshot() as tx:
        found: ArticleState | None = tx.articles.of_entry(key)
    return found


def _count(desk: Any, url: str = A) -> ArticleCount:
    feed = desk.feed(url)
    with desk.store.snapshot() as tx:
        found: ArticleCount = tx.articles.count(feed)
    return found


def test_an_article_is_a_request(desk: Any, item: Callable[..., Item]) -> None:
    """An article is asked for of its own host, in the one queue, and the request says of which entry and where."""
    desk.sync(A)
    (poll,) = desk.claim()
    first, second = desk.keep(A, item(1), item(2), held="article")
    _want(desk, first, second, wait=Wait("https://Pages.example:8443/x"))
    requests = desk.claim()
    assert [(one.kind, one.entry, one.page, one.host) for one in requests] == [
        (RequestKind.ARTICLE, key, "https://Pages.example:8443/x", "pages.example:8443") for key in (first, second)
    ]
    assert {one.feed.url for one in requests} == {A}
    assert desk.claim() == []
    assert (poll.entry, poll.page) == (0, "")


def test_a_source_has_polls_articles_and_its_archive_at_a_time(desk: Any, item: Callable[..., Item]) -> None:
    """Requests of three kinds stand beside each other; what is claimed by name are polls, what a page is are not."""
    desk.sync(A)
    (key,) = desk.keep(A, item(), held="article")
    _want(desk, key, at=NOON + SECOND)
    feed = desk.feed(A)
    with desk.store.transaction() as tx:
        tx.gaps.ask(feed, "https://a.example/2", NOON, "test")
    assert [one.kind for one in desk.take(A)] == [RequestKind.POLL]
    later = NOON + SECOND
    pages = [_claim_page(desk, now=later), _claim_page(desk, now=later), _claim_page(desk, now=later)]
    assert [one and one.kind for one in pages] == [RequestKind.ARCHIVE, RequestKind.ARTICLE, None]
    with desk.store.transaction() as tx:
        tx.gaps.drop(feed)
        tx.requests.void_leases()
    assert {one.kind for one in desk.claim(later)} == {RequestKind.POLL, RequestKind.ARTICLE}
    assert desk.feed(A).reason == "never polled", "what is told of a source is told of its poll"


def test_articles_starve_no_polls(desk: Any, item: Callable[..., Item]) -> None:
    """Hundreds of articles that are due longer keep no other host waiting, and of their own no more are out than may."""
    desk.sync(A, B, at=NOON)
    keys = desk.keep(A, *map(item, range(300)), held="article")
    _want(desk, *keys, at=NOON - HOUR)
    claimed = desk.claim(limit=10, per_host=2)
    assert [(one.kind, one.host) for one in claimed] == [
        (RequestKind.ARTICLE, "a.example"), (RequestKind.ARTICLE, "a.example"), (RequestKind.POLL, "b.example"),
    ]  # fmt: skip
    assert desk.claim(limit=10, per_host=2) == []


def test_a_page_by_name(desk: Any, item: Callable[..., Item]) -> None:
    """A source's pages are taken one by one, the longest due first, and none that is not due, held, parked, or rests."""
    desk.sync(A, B)
    first, second, third = desk.keep(A, item(1), item(2), item(3), held="article")
    _want(desk, second, at=NOON - HOUR)
    _want(desk, first)
    _want(desk, third, at=NOON + HOUR)
    assert _claim_page(desk, B) is None
    found = [_claim_page(desk) for _ in range(3)]
    assert [one and one.entry for one in found] == [second, first, None]
    with desk.store.transaction() as tx:
        tx.requests.reschedule(found[0], NextPoll(NOON, "test", NOON + HOUR))
        tx.requests.give_back([found[1]])
        tx.requests.pause_site("a.example", NOON + SECOND, "429")
    assert _claim_page(desk) is None
    desk.sync(B)
    assert _claim_page(desk, now=NOON + 2 * HOUR) is None
    desk.sync(A)
    assert len({_claim_page(desk, now=NOON + 2 * HOUR).key for _ in range(3)}) == 3  # type: ignore[union-attr]


def test_what_an_entry_lacks(desk: Any, item: Callable[..., Item]) -> None:
    """What waits comes with all that is kept of it, the oldest first, until its article was read."""
    desk.sync(A, B)
    rich = item(1, summary="<p>x</p>", authors=(Person("Bob"),), enclosures=(Enclosure("https://a.example/1.mp3"),))
    new, old = desk.keep(A, rich, item(2, published=NOON - 9 * HOUR), held="article")
    wait = Wait("https://a.example/1", NOON - 2 * HOUR, Held.FLOOD)
    _want(desk, new, old, wait=wait)
    second, first = reversed(_lacking(desk, new, old, 999))
    assert (first.entry, second.entry) == (old, new)
    assert (second.feed, second.key, second.wait, second.tries) == (A, "g:https://news.example/1", wait, 0)
    assert (second.published, second.updated, second.first_seen, second.held) == (NOON, NOON, NOON, "article")
    kept = ("title", "link", "summary", "authors", "enclosures")
    assert [getattr(second.item, name) for name in kept] == [getattr(rich, name) for name in kept]
    _fail(desk, new, "Slow.")
    assert [one.tries for one in _lacking(desk, new)] == [1]
    _keep(desk, new)
    assert _lacking(desk, new) == []


def test_what_lacks_its_source(desk: Any, item: Callable[..., Item]) -> None:
    """An entry that another source tells by now, and that the first lists no longer, is that of the other."""
    desk.sync(A, B)
    (key,) = desk.keep(A, item(1), held="article")
    _want(desk, key)
    desk.list(B, (key, item(1), True))
    desk.revise(B, key, item(1, title="Theirs"))
    (found,) = _lacking(desk, key)
    assert (found.feed, found.item.title, found.key) == (B, "Theirs", "g:https://news.example/1")


def test_what_is_overdue(desk: Any, item: Callable[..., Item]) -> None:
    """Overdue is what is held for its article since then, however old it says to be."""
    desk.sync(A)
    (old,) = desk.keep(A, item(1), held="article")
    desk.keep(A, item(2, published=NOON - HOUR), at=NOON + SECOND, held="article")
    desk.keep(A, item(3), held="flood")
    desk.keep(A, item(4))
    with desk.store.snapshot() as tx:
        assert tx.articles.overdue(NOON - SECOND) == []
        assert tx.articles.overdue(NOON) == [old]
        assert len(tx.articles.overdue(NOON + SECOND)) == 2


def test_what_was_read(desk: Any, item: Callable[..., Item]) -> None:
    """What an article says comes back as it was kept, beside the title that its entry had; nothing is asked any more."""
    desk.sync(A)
    desk.claim()
    key, other = desk.keep(A, item(1), item(2), held="article")
    _want(desk, key, other)
    desk.revise(A, key, item(1, title="Edited"))
    _keep(desk, key, at=NOON + HOUR)
    desk.revise(A, key, item(1, title="Whole"))
    with desk.store.snapshot() as tx:
        assert tx.articles.read([key, other, 999]) == {key: Read(PAGE, "Edited")}
        assert tx.articles.read([]) == {}
    assert [one.entry for one in desk.claim()] == [other]


@pytest.mark.parametrize("final", [False, True])
def test_what_could_not_be_had(desk: Any, item: Callable[..., Item], final: bool) -> None:
    """A try that failed leaves the request; the last one does not, and the entry lacks its article for ever."""
    desk.sync(A)
    desk.claim()
    (key,) = desk.keep(A, item(1), held="article")
    _want(desk, key)
    _fail(desk, key, "404 Not Found.", final=final)
    assert [one.entry for one in desk.claim()] == ([] if final else [key])
    assert _lacking(desk, key)[0].tries == 1
    assert _state(desk, key) == ArticleState(
        f"https://a.example/{key}", is_read=False, ended_at=NOON if final else None, error="404 Not Found."
    )


def test_one_article_of_two_sources(desk: Any, item: Callable[..., Item]) -> None:
    """What becomes of one entry's article leaves the requests of other entries and other sources alone."""
    desk.sync(A, B)
    desk.claim()
    (mine,), (theirs,) = desk.keep(A, item(1), held="article"), desk.keep(B, item(2), held="article")
    _want(desk, mine)
    _want(desk, theirs, url=B)
    _keep(desk, mine)
    assert [one.entry for one in desk.claim()] == [theirs]


def test_words_of_one(desk: Any, item: Callable[..., Item]) -> None:
    """What became of an article is told in words."""
    desk.sync(A)
    key, other = desk.keep(A, item(1), item(2), held="article")
    assert _state(desk, key) is None
    _want(desk, key, other)
    told = [_state(desk, key)]
    _fail(desk, key, "Slow.")
    told.append(_state(desk, key))
    _keep(desk, key)
    _fail(desk, other, "404.", final=True)
    told += [_state(desk, key), _state(desk, other)]
    assert [one and one.words for one in told] == [
        "asked for", "asked for: Slow.", "read on 2026-01-05 at 12:00 UTC", "not had: 404.",
    ]  # fmt: skip


def test_words_of_a_source(desk: Any, item: Callable[..., Item]) -> None:
    """A source's articles are counted, with the newest reason why one could not be had."""
    desk.sync(A, B)
    assert _count(desk).words is None
    read, waiting, failed, last = desk.keep(A, *map(item, range(4)), held="article")
    _want(desk, read, waiting, failed)
    _want(desk, last, at=NOON + SECOND)
    _keep(desk, read)
    assert _count(desk).words == "1 read, 3 asked for, 0 not had"
    _fail(desk, last, "410.", final=True)
    _fail(desk, failed, "404.", final=True)
    assert _count(desk) == ArticleCount(1, 1, 2, "410.")
    assert _count(desk).words == "1 read, 1 asked for, 2 not had; the last of these: 410."
    assert _count(desk, B).words is None


def test_stories_wait_for_articles(desk: Any, item: Callable[..., Item]) -> None:
    """What is held for its article is not decided; what is held for another reason, or not at all, is."""
    desk.sync(A)
    (waiting,) = desk.keep(A, item(1), held="article")
    others = [*desk.keep(A, item(2), held="flood"), *desk.keep(A, item(3))]

    def undecided() -> set[int]:
        with desk.store.snapshot() as tx:
            return {one.article.key for one in tx.stories.waiting(limit=9)}

    assert undecided() == set(others)
    with desk.store.transaction() as tx:
        tx.entries.set_held([waiting], None)
    assert undecided() == {waiting, *others}


def test_another_store_goes_on(open_store: Callable[[], Any], new_desk: Any, item: Callable[..., Item]) -> None:
    """A writer that starts anew finds what waits, what was read, and the requests of a dead one."""
    desk = new_desk(open_store())
    desk.sync(A)
    read, waiting = desk.keep(A, item(1), item(2), held="article")
    _want(desk, read, waiting)
    _keep(desk, read)
    desk.claim()
    desk.store.close()
    desk = new_desk(open_store())
    with desk.store.transaction() as tx:
        tx.requests.void_leases()
        assert set(tx.articles.read([read, waiting])) == {read}
    assert [one.entry for one in desk.claim()] == [0, waiting]


def test_a_source_that_left_asks_for_nothing(desk: Any, item: Callable[..., Item]) -> None:
    """Articles of a source that is switched off or gone are not asked for, and are again when it comes back."""
    desk.sync(A)
    (key,) = desk.keep(A, item(1), held="article")
    _want(desk, key)
    desk.sync(FeedSettings(url=A, enabled=False))
    assert desk.claim() == []
    desk.sync(B)
    assert {one.feed.url for one in desk.claim()} == {B}
    desk.sync(A)
    assert [one.entry for one in desk.claim()] == [0, key]
