"""No way leads to addresses of our own network, unless the operator says so; nor to our own outputs."""

from __future__ import annotations

import socket
import subprocess
import sys
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from aggregator.config.advice import warnings
from aggregator.config.load import load
from aggregator.errors import ConfigError
from aggregator.fetch.guard import Guard
from aggregator.model import Outcome
from aggregator.publish.press import Press
from aggregator.publish.static import StaticFiles
from aggregator.run.clock import utc_now
from aggregator.store.sqlite.store import SqliteStore

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from aggregator.errors import Problem

    Answer = Callable[..., bytes]


def redirect(answer: Answer, to: str, status: str = "302 Found") -> bytes:
    """Write a redirect."""
    return answer(b"", f"Location: {to}", status=status)


def allowing(world: Any, *entries: str, **network: Any) -> dict[str, Any]:
    """Allow the healthy feeds' server, and what a test says."""
    return {"allow_private": (f"127.0.0.1:{world.publisher.server_port}", *entries), **network}


@pytest.fixture
def inner(world: Any, answer: Answer) -> Any:
    """Return a server on loopback that is allowed to nobody."""
    world.origin.answers["*"] = answer(world.rss("secret"))
    return world.origin


# --- T1: every way goes through the one client


@pytest.fixture
def entrance(world: Any) -> Any:
    """Return a server on loopback that is allowed."""
    return world.make_origin(address="127.0.0.2")


@pytest.mark.parametrize("command", ["check", "add", "poll"])
@pytest.mark.fault("T1")
def test_T1_no_command_goes_around_the_guard(
    command: str, inner: Any, entrance: Any, answer: Answer, tmp_path: Path
) -> None:
    """Whether named, redirected to or found in a page: the address is refused, and not one connection is made."""
    target = inner.url(host="127.0.0.1")
    entrance.answers["/moved"] = redirect(answer, target)
    page = f'<!doctype html><html><head><link rel=alternate type="application/rss+xml" href="{target}"></head></html>'
    entrance.answers["/page"] = answer(page.encode(), "Content-Type: text/html")
    urls = [target, entrance.url("/moved", host="127.0.0.2"), entrance.url("/page", host="127.0.0.2")]
    runs = [begin(tmp_path / str(number), command, url) for number, url in enumerate(urls)]
    told = [" ".join(run.communicate(timeout=60)[0].split()) for run in runs]
    assert [run.returncode for run in runs] == [1, 1, 1], told
    assert inner.connections == 0
    assert ["network.allow_private" in words for words in told[:2]] == [True, True], told
    assert "secret" not in "".join(told)
    for number in range(3):
        text = (tmp_path / str(number) / "feeds.yaml").read_text()
        assert "feeds: []" in text or command == "poll"


def begin(folder: Path, command: str, url: str) -> subprocess.Popen[str]:
    """Start a command on an address, with a configuration of its own."""
    folder.mkdir()
    feeds = f"feeds:\n  - {url}\n" if command == "poll" else "feeds: []\n"
    config = folder / "feeds.yaml"
    config.write_text(f"network: {{allow_private: [127.0.0.2]}}\npolling: {{host_gap: 0s}}\n{feeds}")
    words = [sys.executable, "-m", "aggregator", "--config", str(config), command, url]
    return subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


@pytest.mark.fault("T1")
def test_T1_the_guard_makes_every_socket_of_a_round(world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a whole round nothing is connected to a network that the guard did not make."""
    opened: list[socket.socket] = []
    connected: list[socket.socket] = []
    open_socket, connect = Guard.open_socket, socket.socket.connect

    def noted(guard: Guard, info: Any) -> socket.socket:
        opened.append(open_socket(guard, info))
        return opened[-1]

    def seen(one: socket.socket, address: Any) -> None:
        if one.family != socket.AF_UNIX:  # that is the way to our own parsers
            connected.append(one)
        connect(one, address)

    monkeypatch.setattr(Guard, "open_socket", noted)
    monkeypatch.setattr(socket.socket, "connect", seen, raising=False)
    world.configure()
    world.round().check_healthy()
    assert len(opened) == 20
    assert set(map(id, connected)) == set(map(id, opened))


# --- T2: whatever the spelling, the name server or the redirect

SPELLINGS = [
    "127.0.0.1", "127.1", "127.0.1", "2130706433", "0177.0.0.1", "017700000001", "0x7f.0.0.1", "0x7f000001",
    "127.0.0.1.", "0", "0.0.0.0", "①②⑦.⓪.⓪.①", "127。0。0。1", "127.0.0.1%00", "localhost", "LOCALHOST", "x.localhost",
    "[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::127.0.0.1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]",
    "[0:0:0:0:0:0:0:1]", "[fe80::1%25lo]", "user@127.0.0.1", "news.example@127.0.0.1", "127.0.0.1\\@news.example",
    "private.example",
]  # fmt: skip


@pytest.mark.fault("T2")
def test_T2_no_spelling_of_loopback_is_asked(world: Any, inner: Any) -> None:
    """Thirty ways to write loopback in one round, beside the healthy: each fails by itself, none connects."""
    urls = [f"http://{spelling}:{inner.port}/feed" for spelling in SPELLINGS]
    world.configure(*urls, network=allowing(world))
    told = world.round()
    told.check_healthy()
    assert {told[url].outcome for url in urls} == {Outcome.ERROR}
    assert not told.network_down, "they were refused, not in vain"
    assert {world.feed(url).errors for url in urls} == {1}
    assert inner.connections == 0


@pytest.mark.fault("T2")
def test_T2_no_redirect_leads_to_a_spelling_of_loopback(world: Any, inner: Any, entrance: Any, answer: Answer) -> None:
    """The same by redirect, from a server that may be asked."""
    for number, spelling in enumerate(SPELLINGS):
        entrance.answers[f"/{number}"] = redirect(answer, f"http://{spelling}:{inner.port}/feed")
    urls = [entrance.url(f"/{number}", host="127.0.0.2") for number in range(len(SPELLINGS))]
    world.configure(*urls, network=allowing(world, "127.0.0.2"), polling={"per_host": 64})
    told = world.round()
    told.check_healthy()
    assert {told[url].outcome for url in urls} == {Outcome.ERROR}
    assert (inner.connections, entrance.connections) == (0, len(SPELLINGS))


@pytest.mark.fault("T2")
def test_T2_a_name_that_changes_its_mind_is_refused(world: Any, inner: Any, answer: Answer) -> None:
    """DNS rebinding: a name that led to an allowed address leads to loopback now; entries stay, nothing connects."""
    good = world.make_origin(address="127.0.0.2", port=inner.port, answers={"*": answer(world.rss("one"))})
    world.names.found["rebinds.example"] = [["127.0.0.2"], ["127.0.0.1"], ["127.0.0.2"]]
    url = good.url(host="rebinds.example")
    world.configure(url, network=allowing(world, "127.0.0.2"))
    outcomes = []
    for _ in range(3):
        told = world.round()
        told.check_healthy()
        outcomes.append((told[url].outcome, world.titles(url)))
        world.later(hours=2)
    assert outcomes == [(Outcome.NEW, {"one"}), (Outcome.ERROR, {"one"}), (Outcome.UNCHANGED, {"one"})]
    assert (good.connections, inner.connections) == (2, 0)


@pytest.mark.parametrize("others", [["127.0.0.1"], ["::1", "127.0.0.1"], ["169.254.169.254", "10.0.0.1"]])
@pytest.mark.fault("T2")
def test_T2_of_a_mixed_answer_only_what_is_allowed_is_asked(
    others: list[str], world: Any, inner: Any, answer: Answer
) -> None:
    """A name with private addresses among others is read from the others."""
    good = world.make_origin(address="127.0.0.2", port=inner.port, answers={"*": answer(world.rss("good"))})
    world.names.found["mixed.example"] = [*others, "127.0.0.2"]
    url = good.url(host="mixed.example")
    world.configure(url, network=allowing(world, "127.0.0.2"))
    world.round().check_healthy()
    assert (world.titles(url), inner.connections) == ({"good"}, 0)


@pytest.mark.fault("T2")
def test_T2_a_public_host_does_not_lead_inside(world: Any, inner: Any, outside: Any, answer: Answer) -> None:
    """By no number of hops, by name or address, allowed or not, and not after a move for good either."""
    world.names.found["nas.lan"] = ["127.0.0.1"]
    outside.answers |= {
        "/address": redirect(answer, inner.url(host="127.0.0.1"), "301 Moved"),
        "/name": redirect(answer, inner.url(host="nas.lan"), "301 Moved"),
        "/hops": redirect(answer, "/name", "301 Moved"),
    }
    urls = [outside.url(path, host="public.org") for path in ("/address", "/name", "/hops")]
    world.configure(*urls, network=allowing(world, "127.0.0.1", "nas.lan"))
    for _ in range(4):
        world.round().check_healthy()
        errors = [world.feed(url).error for url in urls]
        assert all("public.org, a public host, must not redirect there" in error for error in errors)
        world.later(days=3)
    assert (inner.connections, {world.feed(url).fetch_url for url in urls}) == (0, set(urls))


# --- T3: schemes

SCHEMES = [
    "file:///etc/passwd", "gopher://127.0.0.1/_x", "ftp://127.0.0.1/feed", "data:text/xml,<rss/>", "jar:http://x/!/y",
    "unix:///run/docker.sock", "javascript:alert(1)", "dict://127.0.0.1/", "ldap://127.0.0.1/", "feed://x.example/y",
    "ws://127.0.0.1/", "about:blank", "//127.0.0.1/feed", "/etc/passwd",
]  # fmt: skip


@pytest.mark.parametrize("url", SCHEMES)
@pytest.mark.fault("T3")
def test_T3_other_schemes_are_refused_in_the_configuration(url: str, tmp_path: Path) -> None:
    """feeds.yaml with such an address is wrong, and the message names the line and what would be right."""
    path = tmp_path / "feeds.yaml"
    path.write_text(f"feeds:\n  - https://good.example/\n  - '{url}'\n", encoding="utf-8")
    with pytest.raises(ConfigError) as refused:
        load(path, {})
    (problem,) = refused.value.problems
    assert (problem.line, problem.message) == (3, "an address starts with https:// or http://.")


@pytest.mark.fault("T3")
def test_T3_other_schemes_are_never_asked(world: Any, inner: Any, answer: Answer) -> None:
    """Neither as a source, by whatever way it came in, nor by redirect, nor as a feed that a page names."""
    page = "".join(f'<link rel="alternate" type="application/rss+xml" href="{url}">' for url in SCHEMES[:12])
    world.origin.answers |= {f"/{n}": redirect(answer, url) for n, url in enumerate(SCHEMES[:12])}
    world.origin.answers["/page"] = answer(f"<html><head>{page}</head></html>".encode(), "Content-Type: text/html")
    redirected = [world.origin.url(f"/{number}") for number in range(12)]
    page_url = world.origin.url("/page")
    world.configure(*SCHEMES, *redirected, page_url, polling={"per_host": 64})
    told = world.round()
    told.check_healthy()
    assert {told[url].outcome for url in (*SCHEMES, *redirected)} == {Outcome.ERROR}
    assert {seen.target.partition("/")[0] for seen in world.origin.seen} == {""}, "only paths were ever asked for"
    assert all(
        "mistake" not in told[url].error and "root:" not in told[url].error for url in told.reports if told[url].error
    )
    assert {world.feed(url).error.partition(". ")[0] for url in redirected} == {
        "faulty.example redirects to where we do not go"
    }
    assert world.feed(page_url).fetch_url == f"{page_url}/feed", "none that is named, but a common place of its site"
    asked = [*(f"/{number}" for number in range(12)), "/page", "/page/feed"]
    assert sorted(world.origin.targets) == sorted(asked)


# --- T4: what is allowed


@pytest.mark.parametrize(
    ("allow", "host", "passes"),
    [
        ("127.0.0.2", "127.0.0.2", True),
        ("127.0.0.2:PORT", "127.0.0.2", True),
        ("127.0.0.2:1", "127.0.0.2", False),
        ("127.0.0.0/30", "127.0.0.2", True),
        ("127.0.0.4/30", "127.0.0.2", False),
        ("nas.lan", "nas.lan", True),
        ("nas.lan:PORT", "nas.lan", True),
        ("nas.lan:1", "nas.lan", False),
        ("nas.lan", "evil.nas.lan", False),
        ("nas.lan", "127.0.0.2", False),
        ("10.0.0.0/8", "nas.lan", False),
    ],
)
@pytest.mark.fault("T4")
def test_T4_private_sources_are_allowed_one_by_one(
    allow: str, host: str, passes: bool, world: Any, answer: Answer
) -> None:
    """By address, host, with or without port, or network; who is refused is told which setting to write what in."""
    nas = world.make_origin(address="127.0.0.2", answers={"*": answer(world.rss("one"))})
    world.names.found |= {"nas.lan": ["127.0.0.2"], "evil.nas.lan": ["127.0.0.2"]}
    url = nas.url(host=host)
    world.configure(url, network=allowing(world, allow.replace("PORT", str(nas.port))))
    world.round().check_healthy()
    feed = world.feed(url)
    assert (feed.error is None, nas.connections) == (passes, int(passes))
    if not passes:
        subject = f"{host} is" if host == "127.0.0.2" else f"{host} resolves to 127.0.0.2,"
        assert feed.error == f"{subject} a loopback address, where sources may not be."
        assert feed.remedy == (
            f"If this source may be on a private network, add 127.0.0.2:{nas.port} (or a network such as 127.0.0.0/8) "
            "to network.allow_private in feeds.yaml."
        )


# --- T5: a proxy


@pytest.mark.fault("T5")
def test_T5_a_proxy_on_loopback_is_used_and_is_no_source(world: Any, outside: Any) -> None:
    """The operator's own proxy may be anywhere; all feeds are read through it, and none of them may be the proxy."""
    proxy = f"http://127.0.0.1:{world.publisher.server_port}"
    world.publisher.most.clear()
    world.configure(
        f"{proxy}/feed", f"http://localhost:{world.publisher.server_port}/", "http://169.254.169.254/latest/",
        network={"proxy": proxy, "allow_private": ()},
    )  # fmt: skip
    world.names.found |= {f"healthy{number}.example": OSError("not looked up here") for number in range(20)}
    told = world.round()
    told.check_healthy()
    assert {seen.target for seen in world.publisher.seen} == set(world.healthy), "in absolute form"
    assert "is the proxy itself, which no source may be" in told[f"{proxy}/feed"].error
    for url in list(world.settings.sources)[1:3]:
        assert "network.allow_private" in told[url].error


@pytest.mark.fault("T5")
def test_T5_a_proxy_that_is_not_there_is_named(world: Any) -> None:
    """When the proxy is down the words say so, and no source is blamed."""
    world.configure(network={"proxy": "http://127.0.0.1:9", "timeout": timedelta(seconds=2)})
    told = world.round()
    assert told.network_down
    errors = [world.feed(url).errors for url in world.healthy]
    assert set(errors) == {0}


# --- T7: our own outputs


def findings(text: str, path: Path) -> list[Problem]:
    """Return what is said of a configuration, as an error or a warning."""
    path.write_text(text)
    try:
        return warnings(load(path, {}))
    except ConfigError as error:
        return list(error.problems)


@pytest.mark.parametrize(
    ("url", "ours"),
    [
        ("https://news.example.org/all.atom", True),
        ("https://news.example.org/all.rss", True),
        ("https://news.example.org/labs.json", True),
        ("https://NEWS.example.org:443/all.atom", True),
        ("https://news.example.org/blog/feed.xml", False),
        ("https://news.example.org:8443/all.atom", False),
        ("https://other.example.org/all.atom", False),
    ],
)
@pytest.mark.fault("T7")
def test_T7_our_own_outputs_are_no_sources(url: str, ours: bool, tmp_path: Path) -> None:
    """An address of an output of this very program is told; every other address of the host is not."""
    text = f"site: {{url: 'https://news.example.org/'}}\noutputs:\n  - name: labs\nfeeds:\n  - {url}\n"
    found = findings(text, tmp_path / "feeds.yaml")
    assert any(problem.path.startswith("feeds") and "output" in problem.message for problem in found) is ours, found


@pytest.mark.fault("T7")
def test_T7_our_own_output_read_back_brings_nothing_new(world: Any, answer: Answer, tmp_path: Path) -> None:
    """Even where it is subscribed to, through whatever address, nothing echoes."""
    loop = world.origin.url("/all.atom")
    world.configure(loop)
    for _ in range(3):
        told = world.round()
        told.check_healthy()
        assert told[loop].new == 0
        press = Press(
            world.settings, StaticFiles(tmp_path / "out"), lambda: SqliteStore(world.store.path), clock=utc_now
        )
        press.publish(frozenset(["all"]))
        document = (tmp_path / "out/all.atom").read_bytes()
        assert b"healthy0.example/feed-0" in document
        world.origin.answers["/all.atom"] = answer(document)
        world.later(hours=2)
    assert told[loop].entries > 20
    assert world.titles(loop) == set()
