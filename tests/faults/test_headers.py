"""What requests say: a source's own headers, and nothing to whom it does not concern."""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING, Any

import pytest

from aggregator.config.load import load
from aggregator.config.settings import FeedSettings
from aggregator.errors import ConfigError
from aggregator.model import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Answer = Callable[..., bytes]

FORBIDDEN = [
    "Host", "Connection", "Keep-Alive", "TE", "Trailer", "Transfer-Encoding", "Content-Length", "Upgrade", "Via",
    "Proxy-Authorization", "Proxy-Connection", "X-Forwarded-For", "X-Forwarded-Host", "x-forwarded-user", "Forwarded",
    "X-Real-IP", "Remote-User", "REMOTE-USER", "X-Remote-User", "X-WebAuth-User", "If-None-Match", "Range", "Expect",
]  # fmt: skip
DISGUISED = ["Remote_User", "X_Forwarded_For", "X_WebAuth_User"]
"""CGI and WSGI read _ as - (RFC 3875 section 4.1.18)."""
BROKEN = ["a\r\nX-Evil: 1", "a\nX-Evil: 1", "a\rX-Evil: 1", "a\0b", "a\x7f"]
EVERYBODY = {"host", "user-agent", "accept", "accept-encoding", "connection"}


def refused(tmp_path: Path, name: str, value: str) -> str:
    """Return what is said of a feeds.yaml with this header."""
    path = tmp_path / "feeds.yaml"
    path.write_text(f'feeds:\n  - url: https://x.example/\n    headers:\n      "{name}": "${{VALUE}}"\n')
    with pytest.raises(ConfigError) as caught:
        load(path, {"VALUE": value})
    (problem,) = caught.value.problems
    return problem.message


@pytest.mark.parametrize("name", FORBIDDEN)
@pytest.mark.fault("T6")
def test_T6_headers_that_say_who_asks_are_refused_in_the_configuration(name: str, tmp_path: Path) -> None:
    """No source pretends to come through a trusted proxy, or changes how a message is framed."""
    assert refused(tmp_path, name, "root") == f"the header {name} must not be set for a source."


@pytest.mark.parametrize("value", BROKEN)
@pytest.mark.fault("T6")
def test_T6_line_breaks_are_refused_in_the_configuration(value: str, tmp_path: Path) -> None:
    """No value begins another header, wherever it comes from; it is not repeated in the message."""
    message = refused(tmp_path, "X-Token", value)
    assert "a line break or a control character" in message or "U+0000" in message
    assert "Evil" not in message


@pytest.mark.fault("T6")
def test_T6_none_of_them_is_ever_sent(world: Any) -> None:
    """Whatever way they came into the settings: such a source fails by itself, before anything is sent."""
    pairs = [*((name, "root") for name in FORBIDDEN), *(("X-Token", value) for value in BROKEN)]
    pairs += [("X Token", "x"), ("X-Token:", "x"), ("", "x"), ("X-Token\r\nX-Evil", "x")]
    urls = [world.origin.url(f"/{number}") for number in range(len(pairs))]
    sources = [FeedSettings(url=url, headers=dict([pair])) for url, pair in zip(urls, pairs, strict=True)]
    world.configure(*sources, polling={"per_host": 64})
    told = world.round()
    told.check_healthy()
    assert world.origin.seen == []
    assert all("the source's headers in feeds.yaml" in told[url].error for url in urls)


@pytest.mark.parametrize("name", DISGUISED)
@pytest.mark.fault("T6")
def test_T6_an_underscore_is_no_disguise(name: str, world: Any, tmp_path: Path) -> None:
    """What an application behind CGI or WSGI takes for such a header is refused like it, and not sent."""
    world.configure(FeedSettings(url=world.origin.url(), headers={name: "root"}))
    world.round().check_healthy()
    assert world.origin.seen == []
    assert refused(tmp_path, name, "root") == f"the header {name} must not be set for a source."


@pytest.mark.fault("T6")
def test_T6_other_headers_are_a_sources_own(world: Any, answer: Answer, rss: Any) -> None:
    """What opens a private feed, or chooses its language, is sent with its requests."""
    names = ["Authorization", "Cookie", "X-Token", "User-Agent", "Accept", "Accept-Language"]
    world.origin.answers["/feed"] = answer(rss("one"))
    world.configure(FeedSettings(url=world.origin.url(), headers=dict.fromkeys(names, "hush"), private=True))
    world.round().check_healthy()
    assert {name: world.origin.seen[0].headers[name.lower()] for name in names} == dict.fromkeys(names, "hush")


SECRETS = ["hush-token", "session=hush", "hush-word", b64encode(b"me:hush-word").decode()]


@pytest.fixture
def private(world: Any, answer: Answer, rss: Any) -> FeedSettings:
    """Return a source with a token, a cookie and a password, read once."""
    url = world.origin.url().replace("//", "//me:hush-word@")
    source = FeedSettings(url=url, headers={"X-Token": "hush-token", "Cookie": "session=hush"}, private=True)
    world.origin.answers["/feed"] = answer(rss("one"), 'ETag: "hush-etag"', "Set-Cookie: id=hush")
    world.configure(source)
    world.round().check_healthy()
    world.later(hours=2)
    return source


def has_secret(world: Any, seen: Any) -> bool:
    """Tell whether a request carries one of the secrets."""
    return any(secret in f"{seen.target} {seen.headers}" for secret in SECRETS)


@pytest.mark.fault("T17")
def test_T17_secrets_are_sent_to_their_own_source_alone(private: FeedSettings, world: Any) -> None:
    """Of one configuration, each source gets its own headers and validators; the others nothing but the usual ones."""
    world.round().check_healthy()
    assert [has_secret(world, seen) for seen in world.origin.seen] == [True, True]
    first, second = world.origin.seen
    assert set(first.headers) == EVERYBODY | {"authorization", "x-token", "cookie"}
    assert set(second.headers) == set(first.headers) | {"if-none-match"}
    assert second.headers["cookie"] == "session=hush", "and not what the server set"
    assert len(world.publisher.seen) == 40
    for seen in world.publisher.seen:
        assert set(seen.headers) <= EVERYBODY | {"if-none-match"}
        assert not has_secret(world, seen)


@pytest.mark.parametrize("status", ["301 Moved", "302 Found"])
@pytest.mark.parametrize("leaving", ["to another host", "to another port", "through home"])
@pytest.mark.fault("T17")
def test_T17_secrets_stay_when_a_redirect_leaves(
    status: str, leaving: str, private: FeedSettings, world: Any, answer: Answer, rss: Any
) -> None:
    """Another host or port gets none of them; nor does home when the way came from elsewhere."""
    other = world.make_origin()
    away = other.url("/away", host="other.example" if leaving == "to another host" else "faulty.example")
    world.origin.answers["/feed"] = answer(b"", f"Location: {away}", status=status)
    other.answers["/away"] = answer(rss("one", "two"))
    if leaving == "through home":
        other.answers["/away"] = answer(b"", f"Location: {world.origin.url('/collect')}", status=status)
        world.origin.answers["/collect"] = answer(rss("one", "two"))
    for _ in range(4):
        world.round().check_healthy()
        world.later(days=4)
    assert world.titles(private.url) == {"one", "two"}
    assert not any(has_secret(world, seen) for seen in other.seen)
    assert {seen.target for seen in world.origin.seen if has_secret(world, seen)} == {"/feed"}
    assert len(other.seen) == 4


@pytest.mark.fault("T17")
def test_T17_a_move_for_good_takes_no_secrets_along(
    private: FeedSettings, world: Any, answer: Answer, rss: Any
) -> None:
    """A source with secrets is asked at its own host for ever: a move elsewhere is followed, and never believed."""
    other = world.make_origin()
    world.origin.answers["/feed"] = answer(b"", f"Location: {other.url(host='other.example')}", status="301 Moved")
    other.answers["/feed"] = answer(rss("one"), 'ETag: "other"')
    for _ in range(5):
        world.round().check_healthy()
        world.later(days=4)
    assert world.feed(private.url).fetch_url == private.url
    assert not any(has_secret(world, seen) for seen in other.seen)


@pytest.mark.fault("T17")
def test_T17_what_is_told_of_a_failure_holds_no_secret(private: FeedSettings, world: Any, answer: Answer) -> None:
    """Neither password nor token stands in an error, its remedy or the reason of the next poll."""
    faults = [answer(status="401 Unauthorized"), b"", answer(b"<html>hush-token</html>"), (answer(b"x", length=99),)]
    faults.append(answer(b"", "Location: /feed", status="302 Found"))
    for fault in faults:
        world.origin.answers["/feed"] = fault
        told = world.round()
        told.check_healthy()
        assert told[private.url].outcome is Outcome.ERROR
        feed = world.feed(private.url)
        said = f"{told[private.url].error} {told[private.url].reason} {feed.error} {feed.remedy} {feed.reason}"
        assert not [secret for secret in SECRETS if secret in said], said
        world.later(days=2)
