"""feeds.yaml to Settings."""

from __future__ import annotations

import pickle
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aggregator.config.load import load
from aggregator.config.settings import FeedSettings, OpmlSettings, Settings
from aggregator.errors import ConfigError, Problem

if TYPE_CHECKING:
    from collections.abc import Callable

    Read = Callable[..., Settings]
    Problems = Callable[..., tuple[Problem, ...]]

EVERYTHING = """
site:
  title: AI News
  url: https://news.example
  author: {name: Jo}
database: sqlite:///db/x.db
polling: {min_interval: 20m, max_interval: 2d}
network: {max_body: 5MB, allow_private: [10.0.0.0/8, "nas.lan:8080"]}
websub: {hub: [https://hub.example/], subscribe: false}
retention:
defaults: {tags: [ai, news], rank: 3, interval: 1h, keep: [{contains: [model]}]}
feeds:
  - https://a.example/feed
  - url: https://b.example/feed
    tags: [lab, ai]
    rank: 1
    keep: []
    interval: null
    full_text: true
  - {opml: https://c.example/list, tags: [blog]}
outputs:
  - {name: labs, tags: [lab], max_age: 7d}
"""


def test_a_file_becomes_settings(read: Read, tmp_path: Path) -> None:
    """Each kind of value arrives as its type, and what is left out has its default."""
    found = read(EVERYTHING)
    assert found.path == tmp_path / "feeds.yaml"
    assert found.site.url == "https://news.example/"
    assert found.site.author.name == "Jo"
    assert found.polling.min_interval == timedelta(minutes=20)
    assert found.polling.default_interval == timedelta(hours=1)
    assert found.network.max_body == 5_000_000
    assert found.network.allow_private == ("10.0.0.0/8", "nas.lan:8080")
    assert found.websub.hub == ("https://hub.example/",)
    assert found.retention.entries == timedelta(days=90)
    assert found.published["labs"].max_age == timedelta(days=7)
    assert isinstance(found.feeds[2], OpmlSettings)


def test_defaults_reach_every_source(read: Read) -> None:
    """Tags add up without repeats, in order; of every other setting the source's own wins, even an empty one."""
    first, second = read(EVERYTHING).sources.values()
    assert first.tags == ("ai", "news")
    assert (first.rank, first.interval, len(first.keep)) == (3, timedelta(hours=1), 1)
    assert second.tags == ("ai", "news", "lab")
    assert (second.rank, second.interval, second.keep, second.full_text) == (1, None, (), True)


@pytest.mark.parametrize(
    ("default", "feed", "page"),
    [
        ("", None, None),
        ("full_text: true", True, True),
        ("full_text: false", False, None),
        ("full_text: null", None, None),
        ("kind: page", None, None),
        ("kind: page, full_text: false", False, None),
    ],
)
def test_whose_articles_are_read_by_default(read: Read, default: str, feed: bool | None, page: bool | None) -> None:
    """What `defaults` say of full texts holds for all, but `false` not for pages and sitemaps: those have nothing else."""
    sources = "[{url: https://a.example/, kind: feed}, {url: https://b.example/, kind: page},"
    sources += " {url: https://c.example/, kind: sitemap}, {url: https://d.example/, kind: page, full_text: false},"
    sources += " {url: https://e.example/, kind: feed, full_text: true}, https://f.example/]"
    found = read(f"defaults: {{{default}}}\nfeeds: {sources}\n").sources.values()
    one, two, three, never, always, plain = (source.full_text for source in found)
    assert (one, two, three) == (feed, page, page)
    assert (never, always) == (False, True)
    assert plain is (page if "kind: page" in default else feed)


def test_a_reload_of_the_same_file_is_equal(read: Read) -> None:
    """Nothing is done on a reload that changes nothing, be it that only comments moved."""
    assert read(EVERYTHING) == read(EVERYTHING)
    assert read(EVERYTHING) == read("# a comment\n" + EVERYTHING)
    assert read(EVERYTHING) != read(EVERYTHING.replace("20m", "21m"))


def test_settings_can_be_sent_to_another_process(read: Read) -> None:
    """The web process gets the settings of the daemon, their lines and secrets included."""
    found = read("feeds:\n  - {url: https://a.example/, headers: {Authorization: '${TOKEN}'}}\n", {"TOKEN": "s3cret"})
    copy = pickle.loads(pickle.dumps(found))  # noqa: S301 - our own bytes
    assert copy == found
    assert copy.substituted == {"s3cret"}
    assert copy.places.line(("feeds", 0)) == 2
    assert copy.path == found.path


@pytest.mark.parametrize("text", ["feeds: []\n", "feeds:\n", "feeds:\n  # - https://a.example/\nsite:\n", "{}"])
def test_a_file_without_sources_is_valid(read: Read, text: str) -> None:
    """A group whose lines are all comments is as good as none."""
    assert read(text).feeds == ()


@pytest.mark.parametrize(
    ("feed", "private"),
    [
        ("{url: https://a.example/}", False),
        ("{url: https://a.example/, private: true}", True),
        ("{url: https://a.example/, headers: {X-Key: abc}}", True),
        ("{url: https://a.example/, headers: {X-Key: abc}, private: false}", True),
        ("{url: 'https://u:p@a.example/'}", True),
        ("{url: https://a.example/, was: ['https://u@b.example/']}", True),
        ("{url: 'https://a.example/${KEY}'}", True),
        ("https://a.example/${KEY}", True),
        ("{url: https://a.example/, keep: [{contains: ['${KEY}']}]}", True),
        ("{url: https://a.example/, title: '$${KEY}'}", False),
    ],
)
def test_a_source_with_a_secret_is_private(read: Read, feed: str, private: bool) -> None:
    """Headers, values from the environment and passwords in addresses make a source private."""
    found = read(f"feeds:\n  - {feed}\n  - https://other.example/\n", {"KEY": "k3y"})
    first, second = found.sources.values()
    assert first.private is private
    assert second.private is False
    assert first.substituted == ({"k3y"} if "${KEY}" in feed and "$${" not in feed else frozenset())


def test_secrets_of_defaults_make_private_whom_they_reach(read: Read) -> None:
    """A source that sets its own value does not get the secret of `defaults`; tags reach all."""
    text = """
defaults: {prefix: "${KEY}", headers: {X-Key: abc}}
feeds:
  - https://a.example/
  - {url: https://b.example/, prefix: "", headers: {}}
  - {url: https://c.example/, headers: {}}
"""
    found = read(text, {"KEY": "k3yk3y"})
    assert [feed.private for feed in found.sources.values()] == [True, False, True]
    tagged = read("defaults: {tags: ['${KEY}']}\nfeeds: [{url: https://a.example/, tags: [b]}]\n", {"KEY": "k3y"})
    assert [feed.private for feed in tagged.sources.values()] == [True]


def test_what_site_says_is_public(read: Read) -> None:
    """A value from the environment below `site` is published, so it is no secret; all others are."""
    text = "site: {url: '${URL}'}\nnetwork: {proxy: '${PROXY}'}\noutputs: [{name: a, token: '${TOKEN}'}]\n"
    environ = {"URL": "https://news.example/", "PROXY": "http://u:p@proxy.example/", "TOKEN": "abcdefgh"}
    assert read(text, environ).substituted == {environ["PROXY"], environ["TOKEN"]}


def test_every_mistake_is_reported_at_once(problems: Problems) -> None:
    """Mistakes of form, of the environment, of types, of values and between settings come together, by line."""
    found = problems(
        "site: {titel: x}\n"
        "polling: {concurrency: 0, concurrency: 5}\n"
        "feeds:\n"
        "  - {url: 'https://a.example/${MISSING}'}\n"
        "  - {url: https://b.example/, rank: best}\n"
        "  - {url: ftp://c.example/}\n"
        "  - {url: https://b.example/}\n"
    )
    assert [(problem.line, problem.path) for problem in found] == [
        (1, "site.titel"),
        (2, "polling.concurrency"),
        (2, "polling.concurrency"),
        (4, "feeds[0].url"),
        (5, "feeds[1].rank"),
        (6, "feeds[2].url"),
        (7, "feeds[3].url"),
    ]


def test_a_mistake_has_no_echo(problems: Problems) -> None:
    """What follows from a value that could not be read is not reported beside it."""
    (problem,) = problems("feeds:\n  - url: !!python/name:os.system x\n")
    assert "tag" in problem.message
    (problem,) = problems("feeds:\n  - ${MISSING}\n")
    assert "MISSING" in problem.message
    assert problem.path == "feeds[0].url"


def test_a_problem_reads_as_one_line(problems: Problems, tmp_path: Path) -> None:
    """File, line, path, what is wrong, what would be right."""
    (problem,) = problems("feeds:\n  - url: https://a.example/\n    intervall: 1h\n")
    assert str(problem) == (
        f"{tmp_path}/feeds.yaml:3: feeds[0].intervall: there is no such setting. Did you mean 'interval'?"
    )


SECRET = "hunter2hunter2"


@pytest.mark.parametrize(
    "text",
    [
        "polling: {min_interval: '${S}'}",
        "polling: {concurrency: '${S}'}",
        "database: '${S}'",
        "network: {max_body: '${S}', proxy: '${S}', contact: '${S}', allow_private: ['${S}'], user_agent: \"${S}\\n\"}",
        "site: {url: '${S}', language: '${S}'}",
        "server: {metrics_allow: ['${S}', '${S}/8']}",
        "websub: {hub: '${S}'}",
        "feeds: ['${S}', 'https://u:${S}@a.example/#x', 'https://u:${S}@b.example/', 'https://u:${S}@b.example/']",
        "feeds: [{url: https://a.example/, kind: '${S}', rank: '${S}', ignore: ['${S}'], verify: '${S}'}]",
        "feeds: [{url: https://a.example/, keep: [{regex: ['(${S}', '*${S}', '\\p{${S}}', '[z-a]${S}']}]}]",
        "feeds: [{url: https://a.example/, headers: {Host: '${S}', Authorization: \"${S}\\r\\nX: y\"}}]",
        "outputs: [{name: '${S}!'}, {name: a, token: '${S} x', by: '${S}', limit: '${S}'}]",
        "outputs: [{name: '${S}'}, {name: '${S}'}, {name: b, token: '${S}'}]",
    ],
)
def test_no_message_shows_a_secret(problems: Problems, text: str) -> None:
    """Whatever is wrong with a value from the environment, it is not printed, nor is any of it in a path."""
    for problem in problems(text, {"S": SECRET}):
        assert SECRET not in str(problem)


def test_no_message_shows_a_password(problems: Problems) -> None:
    """A password written into the file is not printed either."""
    text = "feeds:\n  - https://u:hunter2@a.example/#x\n  - url: https://a.example/\n    'https://u:hunter2@b/': 1\n"
    for problem in problems(text):
        assert "hunter2" not in str(problem)


PLAIN = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
NAMES = st.sampled_from([*Settings.model_fields, *FeedSettings.model_fields, "name", "opml", "contains", "x"])
VALUES = st.recursive(PLAIN, lambda child: st.lists(child, max_size=3) | st.dictionaries(NAMES, child, max_size=4))
GROUPS = st.dictionaries(st.sampled_from([*Settings.model_fields, "x"]), VALUES, max_size=4)
SOURCES = st.lists(st.dictionaries(NAMES, VALUES, max_size=4) | VALUES, max_size=3)


def attempt(path: Path, text: bytes) -> None:
    """Load a file: only ConfigError may be raised, with problems that can be said."""
    path.write_bytes(text)
    problems: tuple[Problem, ...] = ()
    try:
        load(path, {"A": "a"})
    except ConfigError as error:
        problems = error.problems or (Problem("", None, "", ""),)
    assert all(problem.message and str(problem).encode() for problem in problems)


def as_yaml(value: Any) -> bytes:
    """Write a value in the flow style of YAML, which JSON is."""
    if isinstance(value, dict):
        return b"{" + b", ".join(as_yaml(key) + b": " + as_yaml(child) for key, child in value.items()) + b"}"
    if isinstance(value, list):
        return b"[" + b", ".join(map(as_yaml, value)) + b"]"
    if isinstance(value, str):
        return b"'" + value.replace("'", "''").encode("utf-8", "surrogatepass") + b"'"
    return str({None: "null", True: "true", False: "false"}.get(value, value)).encode()


ANY_FILE = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@ANY_FILE
@given(st.binary(max_size=200))
def test_no_bytes_raise_anything_else(tmp_path: Path, content: bytes) -> None:
    """Whatever the file contains, the answer is Settings or ConfigError."""
    attempt(tmp_path / "feeds.yaml", content)


@ANY_FILE
@given(st.text(alphabet="ab:-[]{}&*!|>'\"#%@`,?~<=.$\\\n\t 01\x85\u2028\ufeff", max_size=60))
def test_no_text_raises_anything_else(tmp_path: Path, text: str) -> None:
    """Texts made of YAML's own signs reach every corner of its reader."""
    attempt(tmp_path / "feeds.yaml", text.encode())


@ANY_FILE
@given(GROUPS, SOURCES, SOURCES)
def test_no_values_raise_anything_else(tmp_path: Path, groups: dict[str, Any], feeds: Any, outputs: Any) -> None:
    """Values of every type at every place are reported in words that we have."""
    attempt(tmp_path / "feeds.yaml", as_yaml({**groups, "feeds": feeds, "outputs": outputs}))


def test_the_projects_own_file_has_no_mistake() -> None:
    """The feeds.yaml that comes with the program loads, and each of its sources is enabled or waits for a reason."""
    found = load(Path(__file__).parents[2] / "feeds.yaml", {})
    assert len(found.sources) > 20
    assert not any(feed.private for feed in found.sources.values())
