"""Gaps and floods in the serial stage, with a real database: what is noticed, asked for, kept and told."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from aggregator.awaiting import let_go
from aggregator.config.settings import FeedSettings, FilterRule, Polling, Publishing, Settings
from aggregator.decide.archives import PAGES, TRIES
from aggregator.decide.cadence import NextPoll
from aggregator.decide.notices import NO_ARCHIVE, gap_words
from aggregator.errors import AggregatorError, HttpStatus, NetworkDown, NotAFeed, TimedOut
from aggregator.indexes import ChildSitemap
from aggregator.model import Caching, Document, Fetched, Header, Item, Link, Outcome, Request, RequestKind, Validators
from aggregator.recovery import recover
from aggregator.releasing import release_missing
from aggregator.settle import Chance, Result, settle

if TYPE_CHECKING:
    from aggregator.losses import Gap
    from aggregator.model import FeedState, PollReport
    from aggregator.settle import Settled
    from aggregator.store.sqlite.store import SqliteStore

FEED = "https://site.example/feed.xml"
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@dataclass
class Desk:
    """A source that is polled, and whose archive is read; `now` goes on as told."""

    store: SqliteStore
    settings: Settings = field(default_factory=Settings)
    events: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        with self.store.snapshot() as tx:
            self.start = self.now = tx.created.replace(microsecond=0) + timedelta(minutes=1)
        self.configure()

    def configure(self, publishing: Publishing | None = None, **source: Any) -> None:
        """Take other settings over."""
        self.settings = Settings(
            feeds=(FeedSettings(url=FEED, **source),), publishing=publishing or Publishing(), polling=Polling()
        )
        with self.store.transaction() as tx:
            tx.feeds.sync(self.settings.sources, self.now)
            release_missing(tx, self.settings, self.now)

    def item(self, number: int, **changes: Any) -> Item:
        """Return an item of an hour: that of the start is 0."""
        link = f"https://site.example/story-{number}-x"
        guid = f"{number * 7919 % 100_003}-x"
        plain = Item(title=f"Story {number}", guid=guid, link=link, published=self.start + HOUR * (number - 9.1))
        return replace(plain, **changes)

    def items(self, numbers: range, **changes: Any) -> tuple[Item, ...]:
        """Return items, the newest first."""
        return tuple(self.item(number, **changes) for number in reversed(numbers))

    def poll(self, *items: Item, after: timedelta | None = None, complete: bool = False, **links: str) -> PollReport:
        """Poll the source, which lists these; keywords are links of its document by relation.

        The first time at once, then hour after hour.
        """
        self.now += after if after is not None else HOUR * (self.feed.last_success is not None)
        with self.store.transaction() as tx:
            (request,) = tx.requests.claim([FEED], self.now, lease=DAY)
        result = self._result(request, FEED, items, links, validators=Validators('"x"'))
        assert result.document is not None
        return self._settle(replace(result, document=replace(result.document, complete=complete))).report

    def unchanged(self) -> PollReport:
        """Poll the source, which says 304."""
        self.now += HOUR
        with self.store.transaction() as tx:
            (request,) = tx.requests.claim([FEED], self.now, lease=DAY)
        return self._settle(Result(request, self.now, Fetched(FEED, 304, self.now))).report

    def without_sitemap(self) -> None:
        """Forget that the site may have a sitemap: what is asked is the archive alone."""
        feed, gap = self.feed, replace(self.gap, routes=())
        with self.store.transaction() as tx:
            tx.gaps.note(feed, gap)

    def claim(self) -> Request | None:
        """Claim the archive request when it is due."""
        with self.store.transaction() as tx:
            return tx.requests.claim_page(FEED, self.now, lease=DAY)

    def page(self, *items: Item, url: str | None = None, **links: str) -> PollReport:
        """Read the page of the archive that is asked for; it lists these."""
        request = self._archive()
        return self._settle(self._result(request, url or self.asks(request), items, links)).report

    def fail(self, error: AggregatorError, status: int | None = None, **fields: Any) -> PollReport:
        """Ask for the page of the archive in vain."""
        request = self._archive()
        fetched = Fetched(self.asks(request), status, self.now, **fields) if status is not None else None
        return self._settle(Result(request, self.now, fetched, error=error)).report

    @staticmethod
    def asks(request: Request) -> str:
        """Return which page a request asks for."""
        assert request.feed.gap is not None
        assert request.feed.gap.page is not None
        return request.feed.gap.page

    def _archive(self) -> Request:
        request = self.claim()
        assert request is not None
        assert request.kind is RequestKind.ARCHIVE
        return request

    def _result(
        self, request: Request, url: str, items: tuple[Item, ...], links: dict[str, str], **facts: Any
    ) -> Result:
        named = tuple(Link(href, rel=rel.replace("_", "-")) for rel, href in links.items())
        document = Document(Header(title="T", links=named), items)
        return Result(request, self.now, Fetched(url, 200, self.now, **facts), document, body_hash=f"{hash(items)}")

    def _settle(self, result: Result) -> Settled:
        decide = recover if result.request.kind is RequestKind.ARCHIVE else settle
        with self.store.transaction() as tx:
            settled = decide(tx, result, self.settings, Chance(0))
        self.events += [(event.name, dict(event.facts)) for event in settled.events]
        return settled

    @property
    def feed(self) -> FeedState:
        """What is known of the source."""
        with self.store.snapshot() as tx:
            found = tx.feeds.get(FEED)
        assert found is not None
        return found

    @property
    def gap(self) -> Gap:
        """The last gap."""
        assert self.feed.gap is not None
        return self.feed.gap

    def held(self) -> dict[str, str | None]:
        """Return why entries are held back, by title."""
        with self.store.snapshot() as tx:
            return {entry.item.title: entry.held for entry in tx.entries.all()}

    def released(self) -> set[str]:
        """Return the titles of all that readers see."""
        with self.store.snapshot() as tx:
            return {one.entry.item.title for one in tx.releases.select("all", limit=9999, window=DAY, ceiling=9999)}


@pytest.fixture
def desk(database: SqliteStore) -> Desk:
    """Return a desk with one source."""
    return Desk(database)


def titles(numbers: range) -> set[str]:
    """Return the titles of items."""
    return {f"Story {number}" for number in numbers}


P = "https://site.example/archive/"


@pytest.fixture
def gapped(desk: Desk) -> Desk:
    """Return a desk whose source listed 0 to 9, then 25 to 34, and names the page /2 of its archive."""
    desk.poll(*desk.items(range(10)))
    report = desk.poll(*desk.items(range(25, 35)), after=25 * HOUR, prev_archive=f"{P}2")
    assert (report.new, report.pages) == (10, True)
    desk.without_sitemap()
    return desk


def test_a_gap_is_noticed(gapped: Desk) -> None:
    """No overlap is a gap: estimated, counted, logged once, learnt, and its archive asked for at once."""
    gap = gapped.gap
    assert gap.least <= 15 <= gap.most
    assert (gap.page, gapped.feed.gaps, gapped.feed.recovered) == (f"{P}2", 1, 0)
    ((name, facts),) = gapped.events
    assert name == "feed.gap"
    assert "entries" in facts["missed"]
    assert gapped.claim() is not None
    assert gapped.feed.rhythm.entries > 25
    assert "entries a day" in gapped.feed.reason


def test_a_repair(gapped: Desk) -> None:
    """Pages are asked, newest first, until what was known is reached; what they bring is news, what lies before is not."""
    before = gapped.feed
    first = gapped.page(*gapped.items(range(17, 27)), prev_archive=f"{P}1")
    assert (first.kind, first.outcome, first.new, first.entries) == (RequestKind.ARCHIVE, Outcome.NEW, 8, 10)
    assert (gapped.gap.recovered, gapped.gap.page) == (8, f"{P}1")
    second = gapped.page(*gapped.items(range(-5, 17)), prev_archive=f"{P}0")
    assert second.new == 7
    assert gapped.released() == titles(range(35))
    assert set(gapped.held().values()) == {None}
    gap = gapped.gap
    assert (gap.repaired, gap.page, gap.recovered, gap.ended) == (True, None, 15, gapped.now)
    assert gapped.claim() is None
    assert gapped.events[-1][0] == "feed.gap_searched"
    assert replace(gapped.feed, gap=None, recovered=0, entries=0) == replace(before, gap=None, entries=0)
    assert gapped.feed.recovered == 15


def test_polls_know_nothing_of_a_repair(gapped: Desk) -> None:
    """What an archive brings is not what the feed listed last: the next document is compared with the last one."""
    gapped.page(*gapped.items(range(8, 27)))
    assert gapped.poll(*gapped.items(range(26, 36))).new == 1
    assert gapped.feed.gaps == 1
    gapped.poll(*gapped.items(range(60, 70)), after=34 * HOUR)
    assert gapped.feed.gaps == 2
    assert gapped.gap.since == gapped.item(35).published


def test_edits_and_names_of_an_archive_are_not_believed(gapped: Desk) -> None:
    """An archive's copies of what the feed lists itself are neither edits nor new names."""
    live, old = gapped.item(30, title="Story 30, as it was"), gapped.item(31, guid="archive-31")
    gapped.page(live, old, *gapped.items(range(9, 25)))
    assert gapped.released() == titles(range(35))
    assert gapped.poll(*gapped.items(range(25, 35))).updated == 0


def test_filters_hold_for_archives(gapped: Desk) -> None:
    """What comes from an archive passes the source's filters like anything else."""
    gapped.configure(drop=(FilterRule(field="title", contains=("Story 20",)),))
    gapped.page(*gapped.items(range(9, 25)))
    assert (gapped.held()["Story 20"] or "").startswith("filtered")
    assert "Story 21" in gapped.released()


def test_much_that_was_missed_is_no_flood(desk: Desk) -> None:
    """Entries between two documents are wanted, however many and old they are."""
    desk.poll(*desk.items(range(10)))
    desk.poll(*desk.items(range(300, 310)), after=300 * HOUR, next=f"{P}2")
    desk.page(*desk.items(range(200, 300)), next=f"{P}3")
    desk.page(*desk.items(range(9, 200)))
    assert desk.released() == titles(range(310))


def test_nothing_offered(desk: Desk) -> None:
    """Where no archive is offered the operator is told an estimate, and the feed is asked more often."""
    desk.now += 2 * DAY
    desk.poll(*desk.items(range(10)))
    desk.now += 2 * DAY
    desk.unchanged()
    report = desk.poll(*desk.items(range(100, 110)), after=timedelta(minutes=40))
    assert (report.pages, desk.gap.page) == (True, "https://site.example/sitemap.xml")
    desk.fail(HttpStatus("404 Not Found."), 404)
    assert "no archive" in desk.gap.outcome
    assert (desk.claim(), desk.gap.ended) == (None, desk.now)
    assert report.reason.startswith("a gap: it turned over within 40 min")
    assert report.next_poll_at is not None
    assert report.next_poll_at <= desk.now + timedelta(minutes=22)


@pytest.mark.parametrize("how", ["first", "emptied", "complete", "overlap", "old", "rename"])
def test_what_is_no_gap(desk: Desk, how: str) -> None:
    """A first document, one after an empty one, a complete one, an overlap, old entries, new names: no gap."""
    if how != "first":
        desk.poll(*desk.items(range(10)))
    if how == "emptied":
        desk.poll()
    numbers = {"overlap": range(9, 35), "old": range(-60, -40), "rename": range(10)}.get(how, range(25, 35))
    changes = {"guid": None} if how == "rename" else {}
    items = [replace(one, link=f"{one.link}?new", **changes) for one in desk.items(numbers)]
    desk.poll(*items, after=25 * HOUR, complete=how == "complete")
    assert (desk.feed.gap, desk.feed.gaps) == (None, 0)


def test_new_names_at_every_poll(desk: Desk) -> None:
    """A feed that gives its undated items new names at each poll is told of three times at most, then called so."""
    for number in range(9):
        desk.poll(*(Item(title=f"{number} {place}", guid=f"{number}/{place}") for place in range(5)))
    assert desk.feed.gaps == 3
    assert desk.gap.times == 8
    assert [name for name, _ in desk.events] == ["feed.gap"] * 3
    desk.poll(*(Item(title=f"8 {place}", guid=f"8/{place}") for place in range(2, 7)))
    assert desk.gap.times == 0


def test_a_hostile_loop_ends(gapped: Desk) -> None:
    """Pages that name each other are asked once each; pages without end ten times."""
    gapped.page(*gapped.items(range(20, 25)), prev_archive=f"{P}3")
    gapped.page(*gapped.items(range(19, 20)), prev_archive=f"{P}2")
    assert (gapped.claim(), gapped.gap.repaired, gapped.gap.recovered) == (None, False, 6)
    assert "does not reach back" in gapped.gap.outcome


def test_an_endless_archive_ends(gapped: Desk) -> None:
    """At most ten pages are read."""
    for number in range(PAGES):
        gapped.page(gapped.item(20, guid=f"{number}", title=f"{number}", link=None), prev_archive=f"{P}x{number}")
    assert gapped.claim() is None
    assert "after 10 pages" in gapped.gap.outcome


def test_a_page_that_is_not_there(gapped: Desk) -> None:
    """404 ends the search at once, and harms nothing that polls know."""
    before = gapped.feed
    report = gapped.fail(HttpStatus("404 Not Found."), 404)
    assert (report.outcome, report.error) == (Outcome.ERROR, "Its archive: 404 Not Found.")
    assert gapped.claim() is None
    assert gapped.gap.outcome == "its archive cannot be had: 404 Not Found"
    assert replace(gapped.feed, gap=None) == replace(before, gap=None)


@pytest.mark.parametrize("error", [HttpStatus("500."), TimedOut("Slow.")])
def test_a_page_that_fails(gapped: Desk, error: AggregatorError) -> None:
    """A server in trouble is asked three times, later each time; then the gap stays."""
    for _ in range(TRIES):
        gapped.fail(error, 500 if isinstance(error, HttpStatus) else None)
        assert gapped.claim() is None
        gapped.now += 3 * HOUR
    assert gapped.claim() is None
    assert gapped.gap.page is None
    assert (gapped.feed.errors, gapped.feed.error) == (0, None)


def test_a_page_that_fails_once(gapped: Desk) -> None:
    """What failed once is tried again and goes on; meanwhile it is told."""
    gapped.fail(HttpStatus("503.", ""), 503, caching=Caching(retry_after=gapped.now + 2 * HOUR))
    assert (gapped.gap.tries, gapped.gap.outcome) == (1, "503")
    gapped.now += HOUR
    assert gapped.claim() is None
    gapped.now += HOUR
    gapped.page(*gapped.items(range(9, 25)))
    assert (gapped.gap.repaired, gapped.gap.tries) == (True, 0)


def test_an_outage_of_ours_is_not_the_archives(gapped: Desk) -> None:
    """While our network is down an archive is not blamed: it is asked again soon, as often as that takes."""
    for _ in range(5):
        gapped.fail(NetworkDown("Down."))
        gapped.now += timedelta(minutes=10)
    assert gapped.gap.tries == 0
    gapped.page(*gapped.items(range(9, 25)))
    assert gapped.gap.repaired


def test_the_next_way(desk: Desk) -> None:
    """Where one archive is none, the next way is tried; one that has brought something is believed."""
    desk.poll(*desk.items(range(10)))
    desk.poll(*desk.items(range(25, 35)), after=25 * HOUR, prev_archive=f"{P}a", next=f"{P}b")
    desk.fail(NotAFeed("A page."), 200)
    assert desk.gap.page == f"{P}b"
    desk.page(*desk.items(range(20, 25)))
    assert desk.claim() is None
    assert desk.gap.recovered == 5


@pytest.fixture
def paged(gapped: Desk) -> Desk:
    """Return a desk that asks for the second page of WordPress, as it would of a feed that looks like it."""
    feed, gap = gapped.feed, replace(gapped.gap, page=f"{FEED}?paged=2")
    with gapped.store.transaction() as tx:
        tx.gaps.note(feed, gap)
    gapped.page(*gapped.items(range(20, 25)))
    assert gapped.gap.page == f"{FEED}?paged=3"
    return gapped


def test_wordpress_pages_end(paged: Desk) -> None:
    """Pages by number go on until one is not there: there the archive ends."""
    paged.fail(HttpStatus("404 Not Found."), 404)
    assert (paged.gap.outcome, paged.gap.recovered) == ("where its archive ends", 5)
    assert paged.claim() is None


def test_wordpress_pages_that_repeat(paged: Desk) -> None:
    """A page by number that brings nothing is the last that is asked."""
    paged.page(*paged.items(range(20, 25)))
    assert "does not reach back" in paged.gap.outcome
    assert paged.claim() is None


def test_the_feed_itself_is_no_archive(gapped: Desk) -> None:
    """A page that is the feed's own body, unread, ends that way."""
    request = gapped._archive()
    gapped._settle(Result(request, gapped.now, Fetched(f"{P}2", 200, gapped.now), body_hash="same"))
    assert gapped.gap.outcome == "what it calls its archive is the feed itself"
    assert gapped.claim() is None


@pytest.mark.parametrize("answer", ["404", "the feed"])
def test_a_guess_that_is_wrong(gapped: Desk, answer: str) -> None:
    """Where WordPress's pages are guessed and not there, the publisher offers no archive."""
    feed, gap = gapped.feed, replace(gapped.gap, page=f"{FEED}?paged=2")
    with gapped.store.transaction() as tx:
        tx.gaps.note(feed, gap)
    if answer == "404":
        gapped.fail(HttpStatus("404 Not Found."), 404)
    else:
        gapped._settle(Result(gapped._archive(), gapped.now, Fetched(f"{P}2", 200, gapped.now), body_hash="same"))
    assert gapped.gap.outcome == NO_ARCHIVE
    assert gapped.claim() is None


def test_a_page_elsewhere(gapped: Desk) -> None:
    """A page that redirects off the feed's site is not read."""
    gapped.page(*gapped.items(range(9, 25)), url="https://elsewhere.example.org/2")
    assert gapped.gap.recovered == 0
    assert "leads away" in gapped.gap.outcome


def test_a_gap_while_one_is_repaired(gapped: Desk) -> None:
    """A second gap before the first is repaired starts anew from the top, and ends where the first did."""
    request = gapped._archive()
    gapped.poll(*gapped.items(range(60, 70)), after=35 * HOUR, prev_archive=f"{P}4")
    stale = gapped._settle(gapped._result(request, f"{P}2", gapped.items(range(9, 25)), {}))
    assert stale.report.outcome is Outcome.SKIPPED
    gapped.page(*gapped.items(range(30, 60)), prev_archive=f"{P}2")
    gapped.page(*gapped.items(range(9, 30)))
    assert gapped.gap.repaired
    assert gapped.released() == titles(range(70))


def test_a_repair_goes_on_while_the_feed_is_polled(gapped: Desk) -> None:
    """A poll that began before a page came does not undo what the page did."""
    with gapped.store.transaction() as tx:
        (request,) = tx.requests.claim([FEED], gapped.now, lease=DAY)
    gapped.page(*gapped.items(range(9, 25)))
    result = gapped._result(request, FEED, gapped.items(range(26, 36)), {})
    gapped._settle(result)
    assert (gapped.gap.repaired, gapped.gap.recovered, gapped.gap.times) == (True, 15, 0)


def test_restart_in_the_middle(gapped: Desk) -> None:
    """What a page brought is kept, and the next is asked for after a restart, lease or not."""
    gapped.page(*gapped.items(range(17, 25)), prev_archive=f"{P}1")
    assert gapped.claim() is not None
    assert gapped.claim() is None
    with gapped.store.transaction() as tx:
        tx.requests.void_leases()
    gapped.page(*gapped.items(range(9, 17)))
    assert gapped.released() == titles(range(35))


def test_removed_or_put_off_meanwhile(gapped: Desk) -> None:
    """A page of a source that was removed is not read, nor asked for; one that may not be asked now comes later."""
    request = gapped._archive()
    later = NextPoll(gapped.now + HOUR, "skipHours")
    put_off = gapped._settle(Result(request, gapped.now, postponed=later)).report
    assert (put_off.kind, put_off.reason) == (RequestKind.ARCHIVE, "skipHours")
    assert gapped.claim() is None
    gapped.now += HOUR
    request = gapped._archive()
    gapped.settings = Settings()
    with gapped.store.transaction() as tx:
        tx.feeds.sync({}, gapped.now)
    assert gapped._settle(Result(request, gapped.now)).report.outcome is Outcome.SKIPPED
    assert gapped.claim() is None
    gapped.configure()
    gapped.page(*gapped.items(range(9, 25)))
    assert gapped.gap.repaired


def test_mended_meanwhile(gapped: Desk) -> None:
    """A page of a gap that is over is dropped."""
    request = gapped._archive()
    feed, gap = gapped.feed, gapped.gap
    with gapped.store.transaction() as tx:
        tx.gaps.note(feed, replace(gap, page=None))
    assert gapped._settle(Result(request, gapped.now)).report.reason == "its gap is mended"
    assert gapped.claim() is None


def test_a_flood(desk: Desk) -> None:
    """Old entries that come at once are held back; the operator is told once in the log, and as long as they are listed."""
    desk.poll(*desk.items(range(10)))
    desk.poll(*desk.items(range(-100, 10)))
    assert desk.feed.flood is not None
    assert 60 <= desk.feed.flood.entries <= 100
    assert desk.events == [("feed.flood", {"feed": FEED, "held": desk.feed.flood.entries})]
    desk.unchanged()
    desk.poll(*desk.items(range(-100, 11)))
    assert desk.feed.flood is not None
    assert len(desk.events) == 1
    desk.poll(*desk.items(range(12)))
    assert desk.feed.flood is None


def test_a_flood_is_let_in(desk: Desk) -> None:
    """An operator who allows as many at once publishes them with the next poll, whatever it answers."""
    desk.poll(*desk.items(range(10)))
    desk.poll(*desk.items(range(-100, 10)))
    assert desk.feed.flood is not None
    desk.configure(Publishing(flood=desk.feed.flood.entries - 1))
    desk.unchanged()
    assert len(desk.released()) < 60
    desk.configure(Publishing(flood=desk.feed.flood.entries))
    desk.unchanged()
    assert desk.released() == titles(range(-100, 10))
    assert desk.feed.flood is None


SITEMAP = "https://site.example/sitemap.xml"


@pytest.fixture
def mapped(desk: Desk) -> Desk:
    """Return a desk whose source listed 0 to 9, then 25 to 34, and names no archive."""
    desk.poll(*desk.items(range(10)))
    desk.poll(*desk.items(range(25, 35)), after=25 * HOUR)
    assert desk.gap.page == SITEMAP
    assert desk.gap.by_sitemap
    return desk


def listed_pages(desk: Desk, numbers: range) -> tuple[Item, ...]:
    """Return articles as a sitemap lists them: address, a title made of it, when they changed."""
    whole = desk.items(numbers)
    return tuple(Item(title="Made of it", link=each.link, updated=each.published) for each in whole)


def test_a_sitemap_names_what_was_missed(mapped: Desk) -> None:
    """Its entries wait for their articles, without a title of their own, and are no duplicates of what is known."""
    report = mapped.page(*listed_pages(mapped, range(35)))
    assert (report.new, mapped.gap.recovered, mapped.gap.repaired) == (15, 15, True)
    assert {title for title, why in mapped.held().items() if why == "article"} == {""}
    since = mapped.gap.since
    with mapped.store.transaction() as tx:
        waiting = tx.articles.lacking([entry.key for entry in tx.entries.all() if entry.held == "article"])
        assert len(waiting) == 15
        assert {one.wait.oldest for one in waiting} == {since}
        # Nobody answers for their articles: addresses alone are nothing to read.
        assert let_go(tx, waiting, mapped.settings, mapped.now) == set()
    assert mapped.released() == titles(range(10)) | titles(range(25, 35))
    assert "15 recovered from the site's sitemap" in gap_words(mapped.gap)


def test_a_sitemap_without_what_was_missed(mapped: Desk) -> None:
    """A sitemap that knows of nothing new ends the search; so does none at all."""
    mapped.page(*listed_pages(mapped, range(10)))
    assert (mapped.gap.page, mapped.gap.outcome) == (None, "its site's sitemap names nothing of it")


def test_an_index_leads_to_its_sitemaps(mapped: Desk) -> None:
    """Of an index those are asked that changed; the first that names what was missed is enough."""
    changed = [ChildSitemap(f"https://site.example/{name}.xml", mapped.now) for name in ("post-1", "post-2")]
    request = mapped._archive()
    document = Document(Header(title="T", sitemaps=tuple(changed)), ())
    mapped._settle(Result(request, mapped.now, Fetched(SITEMAP, 200, mapped.now), document, body_hash="x"))
    assert mapped.gap.page == "https://site.example/post-2.xml"
    mapped.page()
    assert mapped.gap.page == "https://site.example/post-1.xml"
    mapped.page(*listed_pages(mapped, range(35)))
    assert (mapped.gap.recovered, mapped.gap.page) == (15, None)
