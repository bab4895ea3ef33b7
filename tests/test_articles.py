"""What becomes of articles in the serial stage, with a real database: they complete their entries, or cannot be had."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from aggregator.articles import complete
from aggregator.config.settings import Settings
from aggregator.decide.articles import TRIES, ArticlePage
from aggregator.decide.cadence import NextPoll
from aggregator.errors import (
    AddressRefused,
    AggregatorError,
    ConnectFailed,
    CrawlingRefused,
    HttpStatus,
    NetworkDown,
    ParseError,
    ParserBusy,
    ParserKilled,
    TimedOut,
)
from aggregator.model import Caching, Enclosure, Fetched, Item, Outcome, Person, RequestKind
from aggregator.settle import Chance, Result

if TYPE_CHECKING:
    from aggregator.model import Entry

    Newsdesk = Any

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
LINK = "https://pages.a.example.com/grok"
TEXT = f"<p>{'Grok has open weights now, they said in Memphis. ' * 8}</p>"
PAGE = ArticlePage(
    title="Grok, whole", content=TEXT, authors=(Person("Ann"),), language="fr", image="https://a.example/g.jpg"
)


@pytest.fixture
def desk(newsdesk: Newsdesk) -> Newsdesk:
    """Return a newsdesk whose source `a` is a page."""
    newsdesk.configure(a={"kind": "page"})
    return newsdesk


def teaser(title: str = "Grok", **fields: Any) -> Item:
    """Return what a list says of the article."""
    return Item(**{"title": title, "guid": LINK, "link": LINK, "summary": "<p>It opens.</p>", **fields})


def the_entry(desk: Newsdesk) -> Entry:
    """Return the only entry."""
    (entry,) = desk.entries()
    found: Entry = entry
    return found


def read(desk: Newsdesk, **page: Any) -> Any:
    """Let the article come, dated an hour ago."""
    return desk.article("a", replace(PAGE, **{"published": desk.now - HOUR, **page}))


def fails(desk: Newsdesk, error: AggregatorError, status: int | None = None, **fields: Any) -> Any:
    """Ask for the article in vain."""
    fetched = Fetched(LINK, status, desk.now, **fields) if status is not None else None
    return desk.article("a", error=error, fetched=fetched)


def test_an_entry_comes_whole(desk: Newsdesk) -> None:
    """No output has the entry before its article was read; then title, date, authors, text and picture are there."""
    desk.bring("a", teaser(enclosures=(Enclosure("https://a.example/1.mp3"),)))
    assert (the_entry(desk).held, desk.leads("all")) == ("article", [])
    settled = read(desk)
    assert (settled.report.kind, settled.report.outcome, settled.changed) == (RequestKind.ARTICLE, Outcome.NEW, {"all"})
    entry, item = the_entry(desk), the_entry(desk).item
    assert (entry.held, entry.revisions, entry.published, entry.updated) == (None, 0, desk.now - HOUR, desk.now - HOUR)
    assert (item.title, item.authors, item.content, item.thumbnail) == (PAGE.title, PAGE.authors, TEXT, PAGE.image)
    assert (item.link, item.summary, item.language) == (LINK, "<p>It opens.</p>", "fr")
    assert item.enclosures == (Enclosure("https://a.example/1.mp3"),)
    assert desk.leads("all") == [entry.id]
    assert TEXT[3:40].encode() in desk.render("all")


def test_an_article_is_read_once(desk: Newsdesk) -> None:
    """What was read is asked for no more, however often it is listed and edited; a second answer changes nothing."""
    desk.bring("a", teaser())
    request = desk.asks("a")
    result = Result(request, desk.now, article=replace(PAGE, published=desk.now - HOUR))
    with desk.store.transaction() as tx:
        complete(tx, result, desk.settings, Chance(0))
    entry = the_entry(desk)
    with desk.store.transaction() as tx:
        again = complete(tx, replace(result, article=ArticlePage("Else")), desk.settings, Chance(0))
    assert (again.report.outcome, again.report.reason) == (
        Outcome.SKIPPED, "its article was read, or is not wanted any more",
    )  # fmt: skip
    assert the_entry(desk) == entry
    desk.now += HOUR
    desk.bring("a", teaser("Grok, corrected"))
    assert desk.asks("a") is None


def test_a_feed_with_full_text(newsdesk: Newsdesk) -> None:
    """A feed's entry gets its text; its title stays where the page says the same, and a plain feed waits for nothing."""
    newsdesk.configure(a={"full_text": True})
    newsdesk.bring("a", teaser(title="Grok: whole", published=newsdesk.now - HOUR))
    newsdesk.bring("b", newsdesk.item("b", "Plain"))
    newsdesk.article("a", replace(PAGE, title="Grok: whole | Site"))
    entry = {one.item.title: one for one in newsdesk.entries()}["Grok: whole"]
    assert (entry.item.content, entry.held, entry.published) == (TEXT, None, newsdesk.now - HOUR)
    assert newsdesk.asks("b") is None
    assert len(newsdesk.leads("all")) == 2


def test_a_teaser_that_changes_takes_nothing_away(desk: Newsdesk) -> None:
    """A list that says something else beside the title edits nothing: the text stays, and nobody is told."""
    desk.bring("a", teaser())
    read(desk)
    before = the_entry(desk)
    for summary in ("<p>It has opened.</p>", "<p>Read on.</p>", None):
        desk.now += HOUR
        desk.bring("a", teaser(summary=summary))
    after = the_entry(desk)
    assert (after.item.content, after.item.title) == (TEXT, PAGE.title)
    assert (after.revisions, after.updated, after.item) == (0, before.updated, before.item)


def test_a_title_that_changes_is_an_edit(desk: Newsdesk) -> None:
    """A title that the list changes after the article was read is the newer; the text stays, then and later."""
    desk.bring("a", teaser())
    read(desk)
    for summary in ("<p>It opens.</p>", "<p>Another.</p>"):
        desk.now += HOUR
        desk.bring("a", teaser("Grok, corrected", summary=summary))
        entry = the_entry(desk)
        assert (entry.item.title, entry.item.content, entry.revisions) == ("Grok, corrected", TEXT, 1)
    assert entry.updated == desk.now - HOUR


def test_an_edit_while_it_waits(desk: Newsdesk) -> None:
    """What the list corrects before the article was read is what the article is compared with: no edit follows it."""
    desk.bring("a", teaser())
    desk.now += MINUTE
    desk.bring("a", teaser("Grok, corrected", summary="<p>It has opened.</p>"))
    read(desk)
    desk.now += MINUTE
    before = the_entry(desk)
    desk.bring("a", teaser("Grok, corrected", summary="<p>Read on.</p>"))
    entry = the_entry(desk)
    assert (entry.item.title, entry.item.content) == (PAGE.title, TEXT)
    assert (entry.revisions, entry.updated) == (before.revisions, before.updated)


def test_a_late_article_is_quiet(desk: Newsdesk) -> None:
    """An article that comes after its entry was released fills in the text: no edit, no new date, the same title."""
    desk.bring("a", teaser())
    desk.now += 11 * MINUTE
    desk.drain()
    before = the_entry(desk)
    assert (before.held, before.item.title, before.item.content) == (None, "Grok", None)
    document = desk.render("all")
    settled = read(desk)
    assert settled.changed == {"all"}
    after = the_entry(desk)
    assert (after.item.title, after.item.content, after.revisions) == ("Grok", TEXT, 0)
    assert (after.published, after.updated) == (before.published, before.updated)
    assert desk.render("all") != document
    assert desk.leads("all") == [after.id]
    desk.now += HOUR
    desk.bring("a", teaser(summary="<p>Read on.</p>"))
    assert the_entry(desk).item == after.item, "a title that was told does not change with a teaser"
    assert the_entry(desk).revisions == 0


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (HttpStatus("404 Not Found."), 404),
        (HttpStatus("410 Gone."), 410),
        (HttpStatus("403 Forbidden."), 403),
        (ParseError("No article."), 200),
        (ParserKilled("Too much."), 200),
        (CrawlingRefused("Left alone."), None),
        (AddressRefused("A private address."), None),
        (None, 200),
    ],
)
def test_what_will_not_be_had_is_given_up_at_once(desk: Newsdesk, error: Any, status: int | None) -> None:
    """An article that is not there, is none, or must not be asked for leaves the entry as it was listed, at once."""
    desk.bring("a", teaser())
    feed = _feed(desk)
    settled = fails(desk, error, status)
    assert (settled.report.outcome, settled.changed) == (Outcome.ERROR, {"all"})
    (event,) = settled.events
    assert (event.name, event.facts["article"]) == ("article.failed", LINK)
    assert (error.message if error else "nothing new") in event.facts["error"]
    entry = the_entry(desk)
    assert (entry.held, entry.item.title, entry.item.content, entry.item.summary) == (
        None, "Grok", None, "<p>It opens.</p>",
    )  # fmt: skip
    assert desk.asks("a") is None
    desk.now += DAY
    desk.bring("a", teaser())
    assert desk.asks("a") is None, "it is not asked for again"
    assert feed.errors == _feed(desk).errors == 0, "it is no failure of the feed"


def _feed(desk: Newsdesk) -> Any:
    with desk.store.snapshot() as tx:
        return tx.feeds.get(desk.feed("a"))


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (TimedOut("Slow."), None),
        (ConnectFailed("Refused."), None),
        (ParserBusy("Busy."), 200),
        (HttpStatus("500."), 500),
        (HttpStatus("503."), 503),
        (HttpStatus("408."), 408),
    ],
)
def test_what_may_pass_is_tried_three_times(desk: Newsdesk, error: AggregatorError, status: int | None) -> None:
    """A server that does not answer is asked three times, ever later, and the entry waits meanwhile; then it is as listed."""
    desk.bring("a", teaser())
    for tries in range(1, TRIES):
        settled = fails(desk, error, status)
        assert (settled.report.outcome, settled.changed, settled.events) == (Outcome.ERROR, frozenset(), ())
        assert the_entry(desk).held == "article"
        assert desk.asks("a") is None
        desk.now += 2 * tries * MINUTE
        if status == 503:  # an overloaded server is given more time
            assert desk.asks("a") is None
            desk.now += 3 * HOUR
    settled = fails(desk, error, status)
    assert [event.name for event in settled.events] == ["article.failed"]
    assert (the_entry(desk).held, desk.asks("a")) == (None, None)


def test_what_failed_once_comes_later(desk: Newsdesk) -> None:
    """The second try may bring the article, within the time that its entry waits."""
    desk.bring("a", teaser())
    fails(desk, TimedOut("Slow."))
    desk.now += 2 * MINUTE
    read(desk)
    assert (the_entry(desk).held, the_entry(desk).item.content) == (None, TEXT)


def test_a_server_that_asks_for_time_gets_it(desk: Newsdesk) -> None:
    """503 with Retry-After pauses the whole site, its feed included, and the article is asked for when that is over."""
    desk.bring("a", teaser())
    until = desk.now + 2 * HOUR
    fails(desk, HttpStatus("503."), 503, caching=Caching(retry_after=until))
    with desk.store.snapshot() as tx:
        assert tx.requests.pauses(desk.now) == {"example.com": until}
    desk.now = until - MINUTE
    assert desk.asks("a") is None
    desk.drain()
    assert the_entry(desk).held is None, "nobody waits as long as that"
    desk.now = until + MINUTE
    read(desk)
    assert the_entry(desk).item.content == TEXT


def test_our_network_s_fault_is_not_counted(desk: Newsdesk) -> None:
    """While our network is down an article is not blamed, however often it is tried."""
    desk.bring("a", teaser())
    for _ in range(2 * TRIES):
        assert fails(desk, NetworkDown("Down.")).report.outcome is Outcome.SKIPPED
        desk.now += 30 * MINUTE
    read(desk)
    assert the_entry(desk).item.content == TEXT


def test_what_was_postponed_stays_asked_for(desk: Newsdesk) -> None:
    """A request whose turn did not come counts as no try."""
    desk.bring("a", teaser())
    then = NextPoll(desk.now + MINUTE, "its site asked to be left alone")
    assert desk.article("a", postponed=then).report.outcome is Outcome.SKIPPED
    desk.now += MINUTE
    assert desk.asks("a") is not None


def test_a_source_that_left(desk: Newsdesk) -> None:
    """What comes for a source that was removed meanwhile is not written."""
    desk.bring("a", teaser())
    request = desk.asks("a")
    feeds = tuple(feed for feed in desk.settings.feeds if feed.url != desk.feed("a"))
    gone = Settings(feeds=feeds)
    with desk.store.transaction() as tx:
        settled = complete(tx, Result(request, desk.now, article=PAGE), gone, Chance(0))
    assert (settled.report.outcome, settled.report.kind) == (Outcome.SKIPPED, RequestKind.ARTICLE)
    assert the_entry(desk).item.content is None


def test_another_source_tells_it(desk: Newsdesk) -> None:
    """Once the article's own site tells the entry, what the article of another source brings changes nothing of it."""
    own = {"link": "https://c.example/grok", "guid": "https://c.example/grok"}
    desk.bring("a", teaser(**own))
    desk.bring("c", teaser(summary=None, content="<p>Our own words.</p>", **own))
    entry = the_entry(desk)
    assert (entry.feed, entry.held, desk.leads("all")) == (desk.feed("c"), None, [entry.id])
    assert read(desk).changed == frozenset()
    assert the_entry(desk).item == entry.item
    desk.bring("a", teaser("Grok, once more", **own))
    assert the_entry(desk).item == entry.item
