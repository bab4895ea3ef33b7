"""Archives are asked as politely as feeds: the host's turn, its Retry-After, skipped hours, nobody else's site."""

from __future__ import annotations

import itertools
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from aggregator.model import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable

SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
NAMES = [f"{chr(97 + number % 26)}{number * 7919 % 997}" for number in range(60)]
HOST = "news.example.com"


def document(world: Any, numbers: range, more: str = "") -> Any:
    """Return an answer that lists undated items, the newest first."""
    titles = [f"{NAMES[number]}-x" for number in reversed(numbers)]
    return world.reply(world.rss(*titles, more=more), ETag=f'"{numbers}"')


def link(href: str, rel: str = "prev-archive") -> str:
    """Return a link of a channel."""
    return f'<a:link xmlns:a="http://www.w3.org/2005/Atom" rel="{rel}" href="{href}"/>'


def turned_over(
    world: Any, page: str, *, path: str = "/news.xml", more: str = "", **settings: Any
) -> Callable[[], Any]:
    """Add a source that lists ten items; return what lets it publish 25 more, name a page of its archive, and polls."""
    url = world.feed(path, document(world, range(10)), host=HOST, **settings)
    assert world.poll(url)[0].new == 10
    world.sleep(hours=6)

    def turn() -> Any:
        world.says(url, document(world, range(25, 35), more=link(page) + more))
        (report,) = world.poll(url)
        return report

    return turn


def test_pages_of_a_host_are_a_gap_apart(world: Any) -> None:
    """Between a poll and the pages of its archive lies the host's gap, and each is asked unconditionally and once."""
    pages = [world.url(f"/{number}", HOST) for number in range(3)]
    world.says(pages[0], document(world, range(18, 25), more=link(pages[1])))
    world.says(pages[1], document(world, range(5, 18), more=link(pages[2])))
    report = turned_over(world, pages[0])()
    assert (report.outcome, report.new) == (Outcome.NEW, 25)
    asked = world.asked()[1:]
    assert [request.url for request in asked[1:]] == pages[:2]
    assert all(later.at - earlier.at >= 2 * SECOND for earlier, later in itertools.pairwise(asked))
    assert all(request.get("If-None-Match") is None for request in asked[1:])


def test_an_archive_may_ask_for_rest(world: Any) -> None:
    """429 of a page rests the whole site as long as it says, the feed included; then the page is asked once more."""
    page = world.url("/1", HOST)
    world.says(page, world.reply(status=429, Retry_After="7200"), document(world, range(5, 25)))
    report = turned_over(world, page)()
    assert (report.outcome, report.error, report.new) == (Outcome.NEW, None, 10)
    refused = world.asked(page)[0].at
    world.runs(hours=6)
    assert [request.at >= refused + 2 * HOUR for request in world.asked() if request.at > refused].count(False) == 0
    assert len(world.asked(page)) == 2


def test_no_page_in_hours_that_are_skipped(world: Any) -> None:
    """What a feed's skipHours forbid is forbidden for its archive."""
    page = world.url("/1", HOST)
    world.says(page, document(world, range(5, 25)))
    turn = turned_over(world, page, more="<skipHours><hour>18</hour></skipHours>")
    turn()
    assert world.asked(page) == []
    world.runs(hours=3)
    (request,) = world.asked(page)
    assert request.at.hour != 18


def test_nobody_elses_server_is_asked(world: Any) -> None:
    """A page on another site is not asked for."""
    elsewhere = world.url("/1", "other.example.org")
    world.says(elsewhere, document(world, range(5, 25)))
    report = turned_over(world, elsewhere)()
    assert (report.new, world.asked(elsewhere)) == (10, [])


def test_a_page_that_leads_elsewhere_is_not_read(world: Any) -> None:
    """What a redirect to another site answers is not taken for the feed's archive."""
    elsewhere, page = world.url("/1", "other.example.org"), world.url("/2", HOST)
    world.says(elsewhere, document(world, range(5, 25)))
    world.says(page, world.redirect(302, elsewhere))
    report = turned_over(world, page)()
    assert (report.new, len(world.asked(page))) == (10, 1)
    assert world.asked(elsewhere)[0].at - world.asked(page)[0].at >= timedelta(0)


def test_secrets_are_not_sent_to_other_hosts(world: Any) -> None:
    """A source's own headers go to pages of its host; of one that has such, no other host is asked for pages."""
    page, other = world.url("/1", HOST), world.url("/2", "archive.example.com")
    world.says(page, document(world, range(18, 25), more=link(other)))
    world.says(other, document(world, range(5, 18)))
    report = turned_over(world, page, headers={"X-Key": "hush"})()
    assert report.new == 17
    assert world.asked(page)[0].get("X-Key") == "hush"
    assert world.asked(other) == []


def test_a_restart_asks_no_page_twice(world: Any) -> None:
    """A page that was read is not asked again after a restart; one that was not is asked then."""
    first, second = world.url("/1", HOST), world.url("/2", HOST)
    world.says(first, document(world, range(18, 25), more=link(second)))
    world.says(second, world.reply(status=503), document(world, range(5, 18)))
    report = turned_over(world, first)()
    assert report.new == 17
    world.restart()
    world.runs(hours=2)
    assert (len(world.asked(first)), len(world.asked(second))) == (1, 2)
    feed = world.state(world.url("/news.xml", HOST))
    assert (feed.gap.repaired, feed.gap.recovered, feed.errors) == (True, 15, 0)
