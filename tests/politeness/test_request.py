"""Statements 28 to 36: the request itself says who asks and what for, and there is never one more than needed."""

from __future__ import annotations

import gzip
import os
import re
import subprocess
import sys
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import brotli
import pytest

from aggregator.config.settings import Network, Site
from aggregator.decide.discovery import common_places
from aggregator.fetch.decoding import zstd
from aggregator.model import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable

HOST, SISTER, ELSEWHERE = "news.site-a.com", "blog.site-a.com", "news.site-b.com"
ALLOWED = ("127.0.0.0/8", "::1")
GAP = timedelta(seconds=2)
BOMB = 3_000_000


def polled(world: Any, answer: Any = None, **settings: Any) -> Any:
    """Poll one feed once; return the request."""
    url = world.feed("/feed", *([answer] if answer else []), **settings)
    world.poll(url)
    (request,) = world.asked(url)
    return request


def network(**settings: Any) -> Network:
    """Return settings under which these publishers can be reached."""
    return Network(**{"allow_private": ALLOWED, "timeout": timedelta(seconds=10), **settings})


def test_28a_user_agent_says_who_asks_and_for_how_many(world: Any) -> None:
    """Name, version, contact, subscribers and which feed it is: all that a publisher may want to know."""
    world.network = network(contact="https://news.example/about")
    world.subscribers = lambda: 7
    agent = polled(world).get("User-Agent")
    pattern = r"aggregator/\d+\.\d+[\w.]* \(\+https://news\.example/about; 7 subscribers; feed-id [0-9a-f]{8}\)"
    assert re.fullmatch(pattern, agent)


def test_28b_user_agent_is_stable(world: Any) -> None:
    """One feed is always asked with the same words, after failures and restarts too; another has its own feed-id."""
    refused = [world.reply(status=status) for status in (403, 429, 406)]
    url, other = world.feed("/feed", *refused, world.conditional()), world.feed("/other")
    world.runs(days=1)
    world.restart()
    world.runs(days=1)
    (agent,) = {request.get("User-Agent") for request in world.asked(url)}
    (another,) = {request.get("User-Agent") for request in world.asked(other)}
    assert agent != another
    assert agent.partition("feed-id")[0] == another.partition("feed-id")[0]


def test_28c_no_browser_is_pretended(world: Any) -> None:
    """No word of a browser, and no header that only browsers send."""
    request = polled(world)
    assert not re.search("mozilla|webkit|gecko|chrome|safari|windows|bot", request.get("User-Agent"), re.IGNORECASE)
    assert {name for name in request.names if name.startswith(("sec-", "upgrade"))} == set()


def test_28d_the_public_site_is_the_contact_if_none_is_given(world: Any) -> None:
    """Whoever wants to complain finds the site, if it is on the public internet."""
    world.site = Site(url="https://ai.com/")
    assert "(+https://ai.com/; " in polled(world).get("User-Agent")


def test_29a_compression_is_offered(world: Any) -> None:
    """At least gzip is; br and zstd too, which are read as well."""
    offered = {name.strip() for name in polled(world).get("Accept-Encoding").split(",")}
    assert {"gzip", "br", "zstd"} <= offered


@pytest.mark.parametrize(
    ("name", "compress"), [("gzip", gzip.compress), ("br", brotli.compress), ("zstd", zstd.compress)]
)
def test_29b_what_is_offered_is_read(world: Any, name: str, compress: Callable[[bytes], bytes]) -> None:
    """A document in each of the encodings becomes entries."""
    polled(world, world.reply(compress(world.rss("one", "two")), Content_Encoding=name))
    assert world.titles() == {"one", "two"}


@pytest.mark.parametrize(
    ("name", "compress"), [("gzip", gzip.compress), ("br", brotli.compress), ("zstd", zstd.compress)]
)
def test_29c_bombs_are_not_unpacked(world: Any, name: str, compress: Callable[[bytes], bytes]) -> None:
    """The limit counts what comes out, not what goes in."""
    world.network = network(max_body=BOMB // 2)
    bomb = compress(world.rss("x" * BOMB))
    assert len(bomb) < BOMB / 100
    url = world.feed("/feed", world.reply(bomb, Content_Encoding=name))
    (report,) = world.poll(url)
    assert "after decompression" in report.error
    assert world.titles() == set()


def test_30a_no_cookies_and_no_referer(world: Any) -> None:
    """What servers set is not brought back, not within a redirect either; where we come from is nobody's business."""
    bites = {"Set_Cookie": "id=42; Path=/", "ETag": '"x"'}
    target = world.url("/target")
    world.says(target, world.conditional(**bites))
    moved = world.feed("/moved", world.reply(status=302, Location=target, **bites))
    url = world.feed("/feed", world.conditional(**bites))
    world.runs(hours=12)
    assert min(len(world.asked(one)) for one in (moved, url, target)) >= 5
    assert not any({"cookie", "referer", "cookie2"} & request.names for request in world.asked())


@pytest.mark.parametrize(
    "target",
    [
        "/feed?b=2&a=1&&c",
        "/a%20b/%7Euser/%E2%82%AC?q=%2F%3f",
        "/a//b/./c/../d;v=1?x=[1]|{2}",
        "/Feed.XML?utm_source=rss&utm_medium=feed",
        "/?feed=rss2",
        "/a+b?c+d",
    ],
)
def test_30b_the_address_is_used_exactly_as_configured(world: Any, target: str) -> None:
    """No parameter is added or dropped, nothing is sorted, decoded or encoded twice, poll after poll."""
    url = world.url(target)
    world.says(url, world.conditional())
    world.feed(target)
    world.runs(hours=5)
    assert len(world.seen) > 3
    assert {request.target for request in world.seen} == {target}


def test_30c_neither_fragments_nor_blanks_are_sent(world: Any) -> None:
    """A fragment stays here, and a blank is encoded: a request line has no room for either."""
    world.says(world.url("/a%20b?c%20d"), world.conditional())
    world.feed("/a b?c d#e f")
    world.says(world.url("/a%20b?c%20d"), world.conditional())
    world.runs(minutes=1)
    assert [request.target for request in world.seen] == ["/a%20b?c%20d"]


def test_30d_an_empty_query_stays(world: Any) -> None:
    """Not even a question mark that nothing follows is taken away."""
    world.feed("/feed?")
    world.runs(minutes=1)
    assert [request.target for request in world.seen] == ["/feed?"]


def test_31a_feed_types_come_first(world: Any) -> None:
    """Accept names the types of feeds before all others, and says so by their weight."""
    ranges = [part.strip() for part in polled(world).get("Accept").split(",")]
    first = ["application/atom+xml", "application/rss+xml", "application/feed+json"]
    assert sorted(ranges[:3]) == sorted(first)
    assert all(";q=0." in part for part in ranges[3:])


def test_31b_no_delta_is_asked_for(world: Any) -> None:
    """A-IM is never sent, neither first nor later nor by force."""
    url = world.feed("/feed", world.conditional(IM="feed"))
    world.runs(hours=5)
    world.poll(url, refetch=True)
    assert len(world.asked(url)) > 3
    assert not any("a-im" in request.names for request in world.seen)


def test_31c_a_226_is_read_and_deletes_nothing(world: Any) -> None:
    """Who answers with a part of the feed is understood: what is new comes in, what is missing stays."""
    part = world.reply(world.rss("four"), status=226, ETag='"y"', IM="feed")
    whole = world.reply(world.rss("four", "three", "two", "one"), ETag='"z"')
    url = world.feed("/feed", world.conditional(), part, whole)
    world.poll(url)
    (report,) = world.poll(url)
    assert (report.outcome, report.new) == (Outcome.NEW, 1)
    assert world.titles() == {"one", "two", "three", "four"}
    (report,) = world.poll(url)
    assert (report.new, report.updated) == (0, 0)
    assert world.asked(url)[-1].get("If-None-Match") == '"y"'


class Home:
    """A feeds.yaml of its own, and the program's real commands on it."""

    def __init__(self, world: Any) -> None:
        self.config = world.folder / "feeds.yaml"
        lines = ("network: {allow_private: [127.0.0.0/8]}", "# mine", "feeds: []")
        self.config.write_text("\n".join(lines) + "\n")

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        command = [sys.executable, "-m", "aggregator", "--config", str(self.config), *words]
        return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=os.environ)

    def does(self, *words: str) -> str:
        """Run a command that succeeds; return what it prints."""
        done = self.run(*words)
        assert done.returncode == 0, (done.stdout, done.stderr)
        return done.stdout


@pytest.fixture
def home(world: Any) -> Home:
    """Return the folder of an operator."""
    return Home(world)


def asked_for(world: Any) -> list[tuple[str, str]]:
    """Return method and path of all requests."""
    return [(request.method, request.target) for request in world.seen]


def test_32a_adding_a_feed_costs_one_get(world: Any, home: Home) -> None:
    """`aggregator add FEED` finds out that it is one and reads it, both with one request; it is not due after that."""
    url = world.url("/feed")
    world.says(url, world.conditional())
    assert f"added {url}: 3 entries" in home.does("add", url)
    assert asked_for(world) == [("GET", "/feed")]
    assert url in home.config.read_text()
    home.does("poll")
    assert asked_for(world) == [("GET", "/feed")]


def test_32b_adding_a_site_costs_a_get_more(world: Any, home: Home) -> None:
    """`aggregator add SITE` reads the page and the feed that it names, each once; the site's icon is left alone."""
    page = b"""<!doctype html><html><head><title>Site</title><link rel="icon" href="/favicon.ico">
    <link rel="alternate" type="application/rss+xml" href="/feed"></head><body><p>Hello</p></body></html>"""
    world.says(world.url("/"), world.reply(page, Content_Type="text/html"))
    world.says(world.url("/feed"), world.conditional())
    assert f"added {world.url('/feed')}: 3 entries" in home.does("add", world.url("/"))
    assert asked_for(world) == [("GET", "/"), ("GET", "/feed")]


def test_32c_guessing_ends_with_the_first_refusal(world: Any, home: Home) -> None:
    """Where a page names no feed, usual places are asked, each once; a server that has enough of it is asked no more."""
    world.says(world.url("/"), world.reply(b"<html><p>Hello</p></html>", Content_Type="text/html"))
    first, *_ = common_places(world.url("/"))
    world.says(first, world.reply(status=429))
    assert home.run("add", world.url("/")).returncode != 0
    assert asked_for(world) == [("GET", "/"), ("GET", urlsplit(first).path)]


def test_32d_one_get_a_check_and_never_head(world: Any) -> None:
    """For days every poll is one GET of the feed: no HEAD before it, no icon, no page of the site, no robots.txt."""
    look = "<image><url>{0}/logo.png</url></image><link>{0}/</link>".format(world.url("", host=HOST))
    answers = [world.reply(world.rss("one", more=look), ETag='"x"'), world.reply(status=304), world.reply(status=500)]
    url = world.feed("/feed", *answers, host=HOST)
    world.runs(days=3)
    assert len(world.log(url)) == len(world.seen) > 5
    assert {(request.method, request.url) for request in world.seen} == {("GET", url)}


def test_33a_one_request_a_host_and_a_gap_after_it(world: Any) -> None:
    """Feeds of one host are asked one after another, two seconds from the end of one to the start of the next."""
    takes = timedelta(seconds=10)
    urls = [world.feed(f"/{number}", world.reply(world.rss("one"), takes=takes), host=HOST) for number in range(4)]
    world.carry_out(world.claim())
    assert len(world.asked(*urls)) == 4
    assert min(world.gaps(*urls)) >= takes + GAP


def test_33b_hosts_do_not_wait_for_each_other(world: Any) -> None:
    """Another host is asked at once, while feeds of the first wait for the gap."""
    here = [world.feed(f"/{number}", host=HOST) for number in range(4)]
    there = world.feed("/feed", host=ELSEWHERE)
    started = world.now
    world.carry_out(world.claim())
    assert world.asked(there)[0].at - started <= GAP
    assert world.asked(*here)[-1].at - started >= 3 * GAP


def test_33c_a_redirect_waits_for_the_host_that_it_leads_to(world: Any) -> None:
    """Whoever comes by a redirect stands in line like all others."""
    takes = timedelta(seconds=10)
    target = world.url("/target", host=ELSEWHERE)
    world.says(target, world.conditional())
    there = world.feed("/feed", world.reply(world.rss("one"), takes=takes), host=ELSEWHERE)
    world.feed("/moved", world.redirect(302, target), host=HOST)
    world.carry_out(world.claim())
    assert len(world.asked(there, target)) == 2
    assert world.gaps(there, target)[0] >= takes + GAP


def test_33d_the_gap_holds_from_round_to_round(world: Any) -> None:
    """What an operator asks for by hand right after a poll waits, too."""
    urls = [world.feed(f"/{number}", host=HOST) for number in range(2)]
    world.poll(urls[0])
    world.poll(urls[1])
    world.poll(urls[0])
    assert min(world.gaps(*urls)) >= GAP


def article(world: Any, name: str, host: str = HOST) -> str:
    """Serve the page of an article; return its address."""
    url = world.url(f"/{name}", host)
    text = f"<p>{'All that was to be said of it was said here. ' * 9}</p>"
    world.says(
        url, world.reply(f"<html><article><h1>{name}</h1>{text}</article></html>".encode(), Content_Type="text/html")
    )
    return str(url)


def listing(world: Any, *urls: str) -> Any:
    """Return an answer that lists articles."""
    items = "".join(f"<item><title>{urlsplit(url).path}</title><link>{url}</link></item>" for url in urls)
    return world.reply(
        f"<rss version='2.0'><channel><title>T</title>{items}</channel></rss>".encode(), ETag=f'"{len(urls)}"'
    )


def texts(world: Any) -> int:
    """Count the entries that have their articles' texts."""
    with world.store.snapshot() as tx:
        return sum("All that was to be said" in (entry.item.content or "") for entry in tx.entries.all())


def test_34a_articles_stand_in_their_host_s_queue(world: Any) -> None:
    """Between the feed, the site's robots.txt and each article lies the gap, from the end of one to the start of the next."""
    pages = [article(world, name) for name in ("one", "two", "three")]
    takes = timedelta(seconds=10)
    url = world.feed("/feed", listing(world, *pages), host=HOST, full_text=True)
    rules = world.url("/robots.txt", HOST)
    world.says(rules, world.reply(b"User-agent: *\nDisallow: /private", takes=takes))
    assert world.poll(url)[0].new == 3
    asked = [request.url for request in world.seen]
    assert (asked[:2], sorted(asked[2:])) == ([url, rules], sorted(pages))
    assert min(world.gaps(url, rules, *pages)) >= GAP
    assert world.asked(*pages)[0].at - world.asked(rules)[0].at >= takes + GAP
    assert texts(world) == 3


def test_34b_articles_keep_no_other_host_waiting(world: Any) -> None:
    """While articles of a host wait for their turns, another host's feed is asked at once, and as many are out as may."""
    pages = [article(world, f"page-{number}") for number in range(20)]
    url = world.feed("/feed", listing(world, *pages), host=HOST, full_text=True)
    world.carry_out(world.claim())
    other, started = world.feed("/other", host=ELSEWHERE), world.now
    requests = world.claim()
    assert sorted(request.host.partition(":")[0] for request in requests) == [HOST] * 4 + [ELSEWHERE]
    world.carry_out(requests)
    assert world.asked(other)[0].at - started <= GAP
    assert len(world.asked(url)) == 1


def test_34c_robots_txt_is_obeyed(world: Any) -> None:
    """What it forbids is not asked for, the rest is; it is asked once for all articles of a site, in our own name."""
    pages = [article(world, name) for name in ("private/one", "private/two", "public")]
    rules = world.url("/robots.txt", HOST)
    world.says(rules, world.reply(b"User-agent: *\nDisallow: /private/"))
    url = world.feed("/feed", listing(world, *pages), host=HOST, full_text=True)
    world.runs(hours=12)
    assert (len(world.asked(*pages)), len(world.asked(pages[2])), len(world.asked(rules))) == (1, 1, 1)
    assert texts(world) == 1
    assert world.state(url).errors == 0
    assert world.asked(rules)[0].get("User-Agent").startswith("aggregator/")


def test_34d_each_article_is_asked_for_once(world: Any) -> None:
    """Days of polls and edits, restarts and forced refetches bring no second request for a page; news brings one each."""
    first, second = article(world, "one"), article(world, "two")
    edited = world.reply(listing(world, first).body.replace(b"/one</title>", b"Edited</title>"), ETag='"e"')
    url = world.feed("/feed", listing(world, first), edited, listing(world, first, second), host=HOST, full_text=True)
    world.runs(hours=8)
    world.restart()
    world.poll(url, refetch=True)
    world.runs(hours=8)
    assert len(world.asked(url)) > 3
    assert [len(world.asked(page)) for page in (first, second)] == [1, 1]
    assert all(request.validators == (None, None) for request in world.asked(first, second))
    assert len(world.asked(world.url("/robots.txt", HOST))) <= 2


@pytest.mark.parametrize("what", ["robots.txt", "one"])
def test_34e_a_site_that_asks_for_rest_gets_it(world: Any, what: str) -> None:
    """429 of an article or of robots.txt rests the whole site, feed included, as long as it says; later it is asked again."""
    pages = [article(world, name) for name in ("one", "two")]
    busy, after = world.url(f"/{what}", HOST), world.answers.get(pages[0].partition("#")[0], [])[:1]
    again = after[0] if what == "one" else world.reply(status=404)
    world.says(busy, world.reply(status=429, Retry_After="7200"), again)
    world.feed("/feed", listing(world, pages[0]), listing(world, *pages), host=HOST, full_text=True)
    world.runs(hours=1)
    refused = world.asked(busy)[-1].at
    assert world.seen[-1].at == refused
    world.runs(hours=12)
    assert all(request.at <= refused or request.at >= refused + timedelta(hours=2) for request in world.seen)
    assert len(world.asked(busy)) == 2
    assert texts(world) == 2


def test_34f_a_robots_txt_in_trouble_is_not_insisted_on(world: Any) -> None:
    """Where it is not answered no article is asked for, and it is asked once for all that wait, not for each."""
    pages = [article(world, f"page-{number}") for number in range(9)]
    rules = world.url("/robots.txt", HOST)
    world.says(rules, world.reply(status=500))
    url = world.feed("/feed", listing(world, *pages), host=HOST, full_text=True)
    world.poll(url)
    assert world.asked(*pages) == []
    assert len(world.asked(rules)) == 1
    world.runs(days=1)
    assert world.asked(*pages) == []
    assert len(world.asked(rules)) <= 9


def test_34g_secrets_stay_with_the_feed_s_origin(world: Any) -> None:
    """A source's headers and password go to articles of its origin, to no robots.txt, and to no other host."""
    own, other = article(world, "own", "127.0.0.1"), article(world, "other", ELSEWHERE)
    url = world.url("/feed").replace("://", "://ann:hush@")
    world.says(world.url("/feed"), listing(world, own, other))
    world.source(url, full_text=True, headers={"X-Key": "hush"})
    world.poll(url)
    knows = {request.url: (request.get("X-Key"), bool(request.get("Authorization"))) for request in world.seen}
    assert knows == {
        world.url("/feed"): ("hush", True),
        own: ("hush", True),
        other: (None, False),
        world.url("/robots.txt"): (None, False),
        world.url("/robots.txt", ELSEWHERE): (None, False),
    }


def test_34h_an_unchecked_certificate_is_that_of_the_feed(world: Any) -> None:
    """`verify: false` is said of a source's own origin: an article elsewhere is not taken from anybody."""
    own, other = (world.url(path, host, secure=True) for path, host in (("/own", "127.0.0.1"), ("/other", ELSEWHERE)))
    for page in (own, other):
        world.answers[page] = world.answers[article(world, "page")]
    url = world.feed("/feed", listing(world, own, other), secure=True, full_text=True, verify=False)
    world.poll(url)
    assert (len(world.asked(own)), len(world.asked(other)), texts(world)) == (1, 0, 1)


@pytest.mark.fault("T1")
def test_34i_a_public_feed_leads_to_no_private_network(world: Any) -> None:
    """An article's link to a private address is not followed, allowed or not; what is there never hears of us."""
    world.network = network(allow_private=(f"127.0.0.1:{world.port}",))
    inside = [
        article(world, "inside", "127.0.0.1"),
        world.url("/x", secure=True),
        "http://10.0.0.1:81/",
        "http://[::1]/",
    ]
    url = world.feed("/feed", listing(world, *inside), host=HOST, full_text=True)
    assert world.poll(url)[0].new == 4
    assert asked_for(world) == [("GET", "/feed")]
    with world.store.snapshot() as tx:
        feed = tx.feeds.get(url)
        assert tx.articles.count(feed).failed == 4


def test_34j_nothing_is_asked_for_unasked(world: Any) -> None:
    """Without `full_text` a feed's articles are left alone, robots.txt too."""
    url = world.feed("/feed", listing(world, article(world, "one")), host=HOST)
    world.runs(days=1)
    assert {request.url for request in world.seen} == {url}


@pytest.mark.parametrize("started", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n<rss><channel>"])
def test_35a_a_hung_server_holds_nobody_up(world: Any, started: bytes) -> None:
    """Without a first byte, or without a last, a request ends by itself, and makes room for the next feed."""
    world.network = network(timeout=timedelta(seconds=1.5))
    world.polling = world.polling.model_copy(update={"concurrency": 1, "host_gap": timedelta(0)})
    hung, url = world.feed("/hung", world.hangs(started)), world.feed("/feed")
    reports = {report.url: report for report in world.carry_out(world.claim())}
    assert "no complete answer within" in reports[hung].error
    assert reports[url].new == 3


@pytest.mark.parametrize("drops", ["name", "connection"])
def test_35b_connecting_ends_by_itself(world: Any, drops: str, closed_door: int) -> None:
    """A name server or a host that never answers does not hold a worker either."""
    world.network = network(timeout=timedelta(seconds=2))
    world.polling = world.polling.model_copy(update={"concurrency": 1})
    world.names.hanging.add("hung.com")
    hung, url = world.feed("/hung", host="hung.com"), world.feed("/feed", host=HOST)
    if drops == "connection":
        world.source(f"http://{SISTER}:{closed_door}/", without=[hung])
    reports = {report.url: report for report in world.carry_out(world.claim())}
    assert reports.pop(url).new == 3
    (report,) = reports.values()
    assert {"name": "looking the name up took too long", "connection": "no connection in time"}[drops] in report.error


@pytest.mark.parametrize("said", [True, False])
def test_35c_a_body_over_the_limit_is_not_even_parsed(world: Any, said: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is too large is given up while it is read, whether the server said how large it is or not."""
    world.network = network(max_body=10_000)
    unsaid = {} if said else {"Content_Length": None}
    answer = world.reply(world.rss(*(f"title {number}" for number in range(1000))), **unsaid)
    parsed: list[Any] = []
    monkeypatch.setattr(world._parser, "parse", lambda *_, **__: parsed.append(1), raising=True)
    (report,) = world.poll(world.feed("/feed", answer))
    assert "over 10,000 bytes" in report.error
    assert parsed == []


@pytest.mark.parametrize(
    "url", ["ftp://news.site-a.com/", "file:///etc/passwd", "gopher://site-a.com/", "data:,x", "feed://site-a.com/"]
)
def test_36a_only_http_and_https(world: Any, url: str) -> None:
    """No other scheme is asked, neither as configured nor at the end of a redirect."""
    (report,) = world.poll(world.feed("/moved", world.redirect(302, url)))
    assert "its scheme is" in report.error
    world.source(url)
    (report,) = world.poll(url)
    assert "its scheme is" in report.error
    assert len(world.seen) == 1


PRIVATE = [
    "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "127.0.0.1", "224.0.0.1",
    "192.0.2.1", "198.18.0.1", "255.255.255.255", "::1", "::", "fe80::1", "fd00::1", "fc00::1", "ff02::1",
    "::ffff:10.0.0.1", "64:ff9b::a00:1", "2002:a00:1::1",
]  # fmt: skip
"""Addresses where no source may be."""


@pytest.mark.parametrize("way", ["literally", "by a name", "by a redirect"])
def test_36b_no_private_address_is_connected_to(world: Any, way: str) -> None:
    """Loopback, private, link-local, shared and other such addresses are refused, whichever way leads there."""
    world.network = network(allow_private=(f"127.0.0.1:{world.port}",))
    world.polling = world.polling.model_copy(update={"host_gap": timedelta(0)})
    for number, address in enumerate(PRIVATE):
        host = f"trap-{number}.com" if way == "by a name" else f"[{address}]" if ":" in address else address
        world.names.addresses[host] = [address]
        if way == "by a redirect":
            world.feed(f"/{number}", world.redirect(302, f"http://{host}:81/"))
        else:
            world.source(f"http://{host}:81/")
    reports = world.poll()
    assert [report.url for report in reports if "where sources may not be" not in report.error] == []
    assert len(reports) == len(PRIVATE)
    assert len(world.seen) == (len(PRIVATE) if way == "by a redirect" else 0)


def test_36c_every_hop_is_checked_anew(world: Any) -> None:
    """The last of several redirects is held to the same rule as the first; what is behind it never hears of us."""
    world.network = network(allow_private=(f"127.0.0.1:{world.port}",))
    url = world.feed("/1", world.redirect(301, world.url("/2")))
    world.says(world.url("/2"), world.redirect(302, world.url("/3")))
    world.says(world.url("/3"), world.redirect(307, world.url("/secret", secure=True)))
    (report,) = world.poll(url)
    assert "where sources may not be" in report.error
    assert asked_for(world) == [("GET", "/1"), ("GET", "/2"), ("GET", "/3")]


def test_36d_the_address_that_is_connected_to_is_the_one_that_is_judged(world: Any) -> None:
    """A name that leads to a good address today and to a private one at the next poll is refused then."""
    url = world.feed("/feed", host="rebind.com")
    assert world.poll(url)[0].error is None
    world.names.addresses["rebind.com"] = ["10.0.0.1"]
    (report,) = world.poll(url)
    assert "resolves to 10.0.0.1, a private address" in report.error
    assert len(world.seen) == 1
