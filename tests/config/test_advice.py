"""What `aggregator check` warns of."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from aggregator.config.advice import warnings
from aggregator.config.settings import FeedSettings, Polling, Settings

if TYPE_CHECKING:
    from collections.abc import Callable

FEED = "feeds:\n  - url: https://a.example/\n    "
PLAIN = "feeds: [https://a.example/]\n"


@pytest.mark.parametrize(
    ("text", "line", "path", "message"),
    [
        # less polite than the defaults
        (PLAIN + "polling:\n  min_interval: 14m", 3, "polling.min_interval", "is below 15m."),
        (PLAIN + "polling:\n  host_gap: 1s", 3, "polling.host_gap", "is below 2s."),
        (PLAIN + "polling:\n  per_host: 2", 3, "polling.per_host", "several things at the same time."),
        (FEED + "interval: 5m", 3, "feeds[0].interval", "is below 15m."),
        (PLAIN + "defaults: {interval: 5m}", 2, "defaults.interval", "is below 15m."),
        # not safe
        (FEED + "verify: false", 3, "feeds[0].verify", "can change what this source says."),
        (PLAIN + "defaults: {verify: false}", 2, "defaults.verify", "can change what this source says."),
        (
            "feeds:\n  - url: HTTP://a.example/\n    headers: {X-Key: abcd}\noutputs: [{name: a, token: abcdefgh}]",
            3, "feeds[0].headers", "are sent unencrypted.",
        ),
        (
            "feeds: ['http://u:p@a.example/']\noutputs: [{name: a, token: abcdefgh}]",
            1, "feeds[0].url", "the password is sent unencrypted.",
        ),
        # of no use
        ("{}", 1, "feeds", "there are no sources."),
        ("site: {title: x}\nfeeds: []", 2, "feeds", "there are no sources."),
        (PLAIN + "outputs:\n  - name: labs\n    tags: [lab]", 4, "outputs[labs].tags[0]", "no source has the tag 'lab'."),
        (FEED + "private: true", 2, "feeds[0]", "this private source appears in no output."),
        (FEED + "private: true\noutputs: [{name: a}]", 2, "feeds[0]", "this private source appears in no output."),
        (
            FEED + "private: true\n    tags: [x]\n  - {url: https://b.example/, tags: [y]}\n"
            "outputs: [{name: a, tags: [y], token: abcdefgh}]",
            2, "feeds[0]", "this private source appears in no output.",
        ),
        (PLAIN + "outputs:\n  - {name: a, hold: 5m}", 3, "outputs[a].hold", "entries are not held"),
        (
            PLAIN + "database: postgresql:///news\nwebsub: {hub: built-in}",
            3, "websub.hub", "workers and --no-poll have no built-in hub.",
        ),
        # not active yet
        (
            PLAIN + "websub: {subscribe: true}",
            2, "websub.subscribe", "no hub can reach http://localhost:8080/: none is asked.",
        ),
        (
            PLAIN + "site: {url: 'https://news.org/'}\ndatabase: postgresql:///news\nwebsub: {subscribe: true}",
            4, "websub.subscribe", "workers ask no hubs.",
        ),
    ],
)  # fmt: skip
def test_each_warning_has_its_line(
    read: Callable[..., Settings], text: str, line: int, path: str, message: str
) -> None:
    """The file loads; one warning says where, what, and what would be better."""
    (problem,) = warnings(read(text + "\n"))
    assert (problem.line, problem.path) == (line, path)
    assert message in problem.message
    assert problem.remedy.endswith((".", ".xml"))


@pytest.mark.parametrize(
    "text",
    [
        PLAIN,
        PLAIN + "polling: {min_interval: 15m, host_gap: 2s, per_host: 1, budget: null}",
        FEED + "kind: page\n    enabled: false",
        FEED + "private: true\n    enabled: false",
        FEED + "private: true\noutputs: [{name: a, token: abcdefgh}]",
        FEED + "private: true\n    tags: [x]\noutputs: [{name: a, tags: [x], token: abcdefgh}]",
        FEED + "interval: 15m\n    ignore: [updated]\n    keep: [{contains: [a]}]\n    independent: true",
        FEED + "tags: [lab]\noutputs: [{name: labs, tags: [lab], per_source: 2, max_age: 7d, full_content: false}]",
        PLAIN + "websub: {hub: built-in, subscribe: false}",
        PLAIN + "database: postgresql:///news",
        PLAIN + "site: {url: 'https://news.org/'}\nwebsub: {subscribe: true}",
        PLAIN + "outputs: [{name: a, by: story, hold: 5m}, {name: b, top: 5}, {name: c, digest: daily}]",
        "feeds: ['http://a.example/', 'http://b.example/@jo']",
        "feeds: [{opml: https://a.example/, tags: [x]}]\noutputs: [{name: a, tags: [x]}]",
    ],
)
def test_a_wise_file_has_no_warning(read: Callable[..., Settings], text: str) -> None:
    """Nothing is warned of that is usual, active, or switched off."""
    assert warnings(read(text + "\n")) == []


def test_warnings_come_in_the_order_of_the_file(read: Callable[..., Settings]) -> None:
    """Whoever mends the file goes through it once."""
    text = "outputs: [{name: a, hold: 5m}]\npolling: {per_host: 2}\nfeeds:\n  - url: https://a.example/\n    verify: false\n"
    assert [problem.line for problem in warnings(read(text))] == [1, 2, 5]


def test_settings_without_a_file_are_warned_of_too() -> None:
    """Settings made by hand have no lines, and the same warnings."""
    settings = Settings(feeds=(FeedSettings(url="https://a.example/", verify=False),), polling=Polling(per_host=2))
    assert [str(problem) for problem in warnings(settings)] == [
        f"feeds.yaml: {text}"
        for text in (
            "polling.per_host: asks a host several things at the same time. Publishers may block such a reader.",
            "feeds[0].verify: anyone on the way can change what this source says. Remove it once the certificate is right.",
        )
    ]
