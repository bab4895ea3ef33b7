"""Every mistake in a value, and between values: its line, its path, and what would be right."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from aggregator.config.checks import MAX_EXPRESSION
from aggregator.config.settings import RESERVED_OUTPUTS

if TYPE_CHECKING:
    from collections.abc import Callable

    from aggregator.config.settings import Settings
    from aggregator.errors import Problem

    Problems = Callable[..., tuple[Problem, ...]]

FEED = "feeds:\n  - url: https://a.example/\n    "
OUTPUT = "outputs:\n  - name: labs\n    "


@pytest.mark.parametrize(
    ("text", "line", "path", "message", "remedy"),
    [
        # unknown settings
        (FEED + "intervall: 1h", 3, "feeds[0].intervall", "no such setting", "Did you mean 'interval'?"),
        ("outputz: []", 1, "outputz", "no such setting", "Did you mean 'outputs'?"),
        ("site:\n  author:\n    nam: x\n    name: y", 3, "site.author.nam", "no such setting", "'name'"),
        (FEED + "item: {selct: a}", 3, "feeds[0].item.selct", "no such setting", "'select'"),
        (FEED + "keep: [{contians: [a], regex: [b]}]", 3, "feeds[0].keep[0].contians", "no such setting", "'contains'"),
        ("websub: {zzz: 1}", 1, "websub.zzz", "no such setting", "Here may stand: hub, subscribe."),
        ("feeds:\n  - opml: https://a.example/\n    rank: 1", 3, "feeds[0].rank", "no such setting", "opml, tags"),
        ("defaults: {url: https://a.example/}", 1, "defaults.url", "no such setting", ""),
        ("'': 1", 1, "''", "no such setting", "Here may stand"),
        # missing
        ("feeds:\n\n  - title: x", 3, "feeds[0].url", "is missing", "Add `url: https://example.org/feed.xml`."),
        ("outputs: [{limit: 5}]", 1, "outputs[0].name", "is missing", "Add `name: ai-news`."),
        ("site: {author: {email: a@b.example}}", 1, "site.author.name", "is missing", "Add `name:"),
        # types
        ("site: {title: 2024}", 1, "site.title", "must be text", 'Write it in quotes: "2024".'),
        ("site: {title: true}", 1, "site.title", "must be text", 'Write it in quotes: "true".'),
        ("site:\n  title:", 2, "site.title", "must be text", "Write one value after the colon."),
        ("site: {title: [a]}", 1, "site.title", "must be text", "Write one value, not several."),
        ("polling: {concurrency: many}", 1, "polling.concurrency", "a whole number", "without quotes"),
        ("polling: {concurrency: 1.5}", 1, "polling.concurrency", "a whole number", "digits only"),
        (FEED + "rank: true", 3, "feeds[0].rank", "a whole number", "digits only"),
        (FEED + "enabled: no", 3, "feeds[0].enabled", "must be true or false", "yes, no, on and off are text"),
        (FEED + "tags: lab", 3, "feeds[0].tags", "must be a list", "brackets"),
        (FEED + "keep: {contains: [a]}", 3, "feeds[0].keep", "must be a list", "one `- ` a line"),
        ("feeds: https://a.example/", 1, "feeds", "must be a list", "brackets"),
        ("feeds:\n  - 3", 2, "feeds[0]", "the address of a source, or its settings", "- url:"),
        ("feeds:\n  -", 2, "feeds[0]", "the address of a source, or its settings", "- url:"),
        ("site: x", 1, "site", "must be a group of settings", "name: value"),
        (FEED + "headers: [a]", 3, "feeds[0].headers", "must be a group of settings", "name: value"),
        (FEED + "headers: {X-Key: 12}", 3, "feeds[0].headers.X-Key", "must be text", '"12"'),
        ("outputs: [labs]", 1, "outputs[0]", "must be a group of settings", "name: value"),
        # values
        (FEED + "kind: pgae", 3, "feeds[0].kind", "must be feed, page or sitemap", "Did you mean 'page'?"),
        (FEED + "kind: 7", 3, "feeds[0].kind", "must be feed, page or sitemap", ""),
        (FEED + "ignore: [date]", 3, "feeds[0].ignore[0]", "must be title, author, id, published or updated", ""),
        (FEED + "rank: 0", 3, "feeds[0].rank", "must be at least 1", ""),
        (FEED + "rank: 100", 3, "feeds[0].rank", "must be at most 99", ""),
        (FEED + "interval: 0s", 3, "feeds[0].interval", "must be more than 0s", ""),
        ("network: {timeout: 0s}", 1, "network.timeout", "must be more than 0s", ""),
        (FEED + "interval: 30", 3, "feeds[0].interval", "such as 30s, 15m, 1h or 7d", ""),
        (FEED + "interval: 1 day", 3, "feeds[0].interval", "a number with a unit", ""),
        (FEED + "interval: 99999999w", 3, "feeds[0].interval", "at most 36500d", ""),
        ("network: {max_body: 10XB}", 1, "network.max_body", "such as 500KB or 10MB", ""),
        ("network: {max_body: 0}", 1, "network.max_body", "must be at least 1", ""),
        (OUTPUT + "limit: 501", 3, "outputs[labs].limit", "must be at most 500", ""),
        (OUTPUT + "by: stories", 3, "outputs[labs].by", "must be entry or story", ""),
        (OUTPUT + "digest: weekly", 3, "outputs[labs].digest", "must be daily", ""),
        ("polling:\n  per_host: 0", 2, "polling.per_host", "must be at least 1", ""),
        ("websub: {hub: external}", 1, "websub.hub", "must be `built-in` or a list", ""),
        ("websub: {hub: [hub.example]}", 1, "websub.hub[0]", "starts with https://", "Put https:// in front."),
        # addresses of sources
        ("feeds:\n  - a.example/feed", 2, "feeds[0].url", "starts with https:// or http://", "Put https:// in front."),
        ("feeds:\n  - localhost:8000/x", 2, "feeds[0].url", "starts with https://", "Put https:// in front."),
        ("feeds:\n  - feed://a.example/", 2, "feeds[0].url", "starts with https://", "instead of feed:"),
        ("feeds:\n  - feed:https://a.example/", 2, "feeds[0].url", "starts with https://", "instead of feed:"),
        ("feeds:\n  - file:///etc/passwd", 2, "feeds[0].url", "starts with https://", "one of these two"),
        ("feeds:\n  - /feed.xml", 2, "feeds[0].url", "starts with https://", "one of these two"),
        ("feeds:\n  - https:///feed", 2, "feeds[0].url", "names no host", "https://HOST/PATH"),
        ("feeds:\n  - https://a..b/", 2, "feeds[0].url", "names no host", "https://HOST/PATH"),
        ("feeds:\n  - https://<host>/", 2, "feeds[0].url", "names no host", "https://HOST/PATH"),
        ("feeds:\n  - https://a.example:http/", 2, "feeds[0].url", "not an address", "https://HOST/PATH"),
        ("feeds:\n  - 'https://[::1/'", 2, "feeds[0].url", "not an address", "https://HOST/PATH"),
        ("feeds:\n  - https:\\\\a.example\\x", 2, "feeds[0].url", "not an address", "https://HOST/PATH"),
        ("feeds:\n  - https://a.example/a b", 2, "feeds[0].url", "must not contain spaces", "%20"),
        ('feeds:\n  - "https://a.example/\\n"', 2, "feeds[0].url", "must not contain spaces", ""),
        ("feeds:\n  - 'https://a.example/#top'", 2, "feeds[0].url", "no #fragment", "Remove #"),
        ("feeds:\n  - ''", 2, "feeds[0].url", "starts with https://", ""),
        ("feeds:\n  - opml: a.example", 2, "feeds[0].opml", "starts with https://", "in front"),
        (FEED + "was: [b.example]", 3, "feeds[0].was[0]", "starts with https://", "in front"),
        # one address, one source
        (FEED + "\n  - https://a.example/", 4, "feeds[1].url", "the same address as feeds[0] in line 2", "Keep one"),
        (FEED + "\n  - HTTPS://A.example:443", 4, "feeds[1].url", "the same address as feeds[0] in line 2", "Keep one"),
        (FEED + "\n  - opml: https://a.example/", 4, "feeds[1].opml", "the same address as feeds[0] in line 2", ""),
        (FEED + "was: [https://a.example/]", 3, "feeds[0].was[0]", "the same address as feeds[0] in line 2", ""),
        (
            "feeds:\n  - url: https://b.example/\n    was: [https://a.example/]\n  - https://a.example/",
            3, "feeds[0].was[0]", "the same address as feeds[1] in line 4", "Keep one",
        ),
        (
            "feeds: [{url: https://b.example/, was: [https://o.example/]},\n"  # noqa: ISC004 - one file
            "  {url: https://c.example/, was: [https://o.example/]}]",
            2, "feeds[1].was[0]", "the same address as feeds[0].was[0] in line 1", "Keep one",
        ),
        # headers
        (FEED + "headers: {Host: b.example}", 3, "feeds[0].headers", "the header Host must not be set", "Remove it."),
        (FEED + 'headers: {X-Key: "a\\r\\nHost: b"}', 3, "feeds[0].headers", "X-Key has a line break", "one line"),
        (FEED + "headers: {'X Key': a}", 3, "feeds[0].headers", "'X Key' is not the name of a header", "letters"),
        (FEED + 'headers: {"X\\nY": a}', 3, "feeds[0].headers", "'X\\nY' is not the name of a header", "letters"),
        (FEED + "headers: {X-Key: a, x-key: b}", 3, "feeds[0].headers", "the header x-key stands here twice", "Keep one"),
        ("defaults: {headers: {TE: gzip}}", 1, "defaults.headers", "the header TE must not be set", "Remove it."),
        # filters
        (FEED + "keep:\n      - {field: title}", 4, "feeds[0].keep[0]", "a rule without words", "contains: [word]"),
        (FEED + "drop: [{contains: [], regex: []}]", 3, "feeds[0].drop[0]", "a rule without words", "contains: [word]"),
        (FEED + "keep: [{field: titel, contains: [a]}]", 3, "feeds[0].keep[0].field", "must be title, summary", "'title'"),
        (FEED + "keep: [{contains: ['']}]", 3, "feeds[0].keep[0].contains[0]", "must not be empty", ""),
        (FEED + "keep: [{contains: ['regex:']}]", 3, "feeds[0].keep[0].contains[0]", "must not be empty", ""),
        (FEED + "keep: [{contains: ['regex:(']}]", 3, "feeds[0].keep[0].contains[0]", "cannot be read: missing )", "RE2"),
        (FEED + "keep: [{regex: ['(?=a)']}]", 3, "feeds[0].keep[0].regex[0]", "cannot be read: invalid perl", "lookahead"),
        (FEED + "keep: [{regex: ['(a)\\1']}]", 3, "feeds[0].keep[0].regex[0]", "invalid escape", "backreference"),
        (FEED + "keep: [{regex: ['']}]", 3, "feeds[0].keep[0].regex[0]", "must not be empty", ""),
        (FEED + f"keep: [{{regex: ['{'a' * 1001}']}}]", 3, "feeds[0].keep[0].regex[0]", "longer than 1000", "Split"),
        (FEED + "keep: [{regex: ['((a{100}){100}){100}']}]", 3, "feeds[0].keep[0].regex[0]", "cannot be read", "RE2"),
        (OUTPUT + "drop: [{regex: ['[']}]", 3, "outputs[labs].drop[0].regex[0]", "missing ]", "RE2"),
        ("defaults: {drop: [{}]}", 1, "defaults.drop[0]", "a rule without words", ""),
        # pages and tags
        (FEED + "item: {select: ' '}", 3, "feeds[0].item.select", "must not be empty", ""),
        (FEED + "tags: [a, '']", 3, "feeds[0].tags[1]", "must not be empty", ""),
        # network
        ("network: {allow_private: [10.0.0.1/8]}", 1, "network.allow_private[0]", "bits after /8", "Write 10.0.0.0/8."),
        ("network: {allow_private: [10.0.0.0/33]}", 1, "network.allow_private[0]", "neither", "Write"),
        ("network: {allow_private: ['*']}", 1, "network.allow_private[0]", "neither a network nor host[:port]", "nas.lan"),
        ("network: {allow_private: ['nas.lan:0']}", 1, "network.allow_private[0]", "1 to 65535", "host:8080"),
        ("network: {allow_private: ['nas.lan:99999']}", 1, "network.allow_private[0]", "1 to 65535", "host:8080"),
        ("network: {allow_private: ['nas.lan:']}", 1, "network.allow_private[0]", "1 to 65535", "host:8080"),
        ("network: {allow_private: ['[::1]x']}", 1, "network.allow_private[0]", "neither a network", ""),
        ("network: {proxy: proxy.lan}", 1, "network.proxy", "starts with https://", "in front"),
        ("network: {contact: me}", 1, "network.contact", "neither a URL nor an e-mail", "me@example.org"),
        ('network: {contact: "a@b.example\\n"}', 1, "network.contact", "one line", ""),
        ('network: {user_agent: "a\\nb"}', 1, "network.user_agent", "one line", ""),
        ("network: {user_agent: ''}", 1, "network.user_agent", "must not be empty", ""),
        ("server: {metrics_allow: [localhost]}", 1, "server.metrics_allow[0]", "neither an IP address nor", "192.168"),
        ("server: {trusted_proxies: [10.0.0.5/8]}", 1, "server.trusted_proxies[0]", "bits after /8", "10.0.0.0/8"),
        # site, database, polling
        ("site: {url: news.example}", 1, "site.url", "starts with https://", "in front"),
        ("site: {url: https://news.example/?a=b}", 1, "site.url", "no ?query", "https://HOST/"),
        ("site: {url: 'https://u:p@news.example/'}", 1, "site.url", "no user:password@", "https://HOST/"),
        ("site: {language: english language}", 1, "site.language", "not a language tag", "pt-BR"),
        ("database: mysql://x", 1, "database", "not the address of a database", "sqlite:///db/aggregator.db"),
        ("database: sqlite:///", 1, "database", "names no database file", "sqlite:///db/aggregator.db"),
        ("polling:\n  min_interval: 2d", 2, "polling.min_interval", "(2d) is longer than max_interval (1d)", "shorter"),
        ("polling:\n  max_interval: 5m", 2, "polling.max_interval", "(15m) is longer than max_interval (5m)", "longer"),
        # outputs
        *((f"outputs: [{{name: {name}}}]", 1, f"outputs[{name}].name", "the program's own", "another name")
          for name in sorted({*RESERVED_OUTPUTS, "2026-01", "2026-01-2"})),
        ("outputs: [{name: 'A B'}]", 1, "outputs[0].name", "small letters, digits", "/NAME.atom"),
        (OUTPUT + "\n  - name: labs", 4, "outputs[labs].name", "the same name as outputs[labs] in line 2", "another"),
        (OUTPUT + "was: [labs]", 3, "outputs[labs].was[0]", "the same name as outputs[labs] in line 2", "Remove it"),
        (OUTPUT + "was: [x]\n  - {name: b, was: [x]}", 4, "outputs[b].was[0]", "the same name as outputs[labs].was[0] in line 3", "Remove it"),
        (OUTPUT + "was: [x]\n  - {name: x}", 3, "outputs[labs].was[0]", "the same name as outputs[x] in line 4", "Remove it"),
        (OUTPUT + "was: [all]", 3, "outputs[labs].was[0]", "`all` exists even where it is not listed", "Remove it"),
        (OUTPUT + "was: [Labs.atom]", 3, "outputs[labs].was[0]", "no output can have had this name", "labs"),
        (OUTPUT + "was: [sources]", 3, "outputs[labs].was[0]", "the program's own", ""),
        (OUTPUT + "was: [oldlabs1]\n    token: oldlabs1", 4, "outputs[labs].token", "must not be the name of an output", "random"),
        (OUTPUT + "languages: [en, fr_FR]", 3, "outputs[labs].languages[1]", "not a language tag", "pt-BR"),
        (OUTPUT + "search: ' '", 3, "outputs[labs].search", "must not be empty", ""),
        (OUTPUT + "token: short", 3, "outputs[labs].token", "at least 8 characters", "secret"),
        (OUTPUT + "token: long/enough", 3, "outputs[labs].token", "letters, digits and . _ ~ - only", "address"),
        (OUTPUT + "token: subscribe", 3, "outputs[labs].token", "must not be the name of an output or address", "random"),
        ("outputs: [{name: labslabs, token: labslabs}]", 1, "outputs[labslabs].token", "the name of an output", "random"),
    ],
)  # fmt: skip
def test_a_mistake_says_where_what_and_what_would_be_right(
    problems: Problems, text: str, line: int, path: str, message: str, remedy: str
) -> None:
    """One mistake gives one problem, with its line and path, in plain words."""
    (problem,) = problems(text + "\n")
    assert (problem.line, problem.path) == (line, path)
    assert message in problem.message
    assert remedy in problem.remedy
    assert problem.message.endswith(".")


@pytest.mark.parametrize(
    "name",
    [
        "Host", "host", "Connection", "Keep-Alive", "TE", "Trailer", "Transfer-Encoding", "Upgrade", "Content-Length", "Expect",
        "Forwarded", "Via", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-IP", "Proxy-Authorization", "Proxy-Connection",
        "Remote-User", "X-Remote-User", "X-WebAuth-User", "If-None-Match", "If-Modified-Since", "Accept-Encoding", "Range", "A-IM",
    ],
)  # fmt: skip
def test_headers_that_pretend_or_disturb_are_refused(problems: Problems, name: str) -> None:
    """No source can act as a trusted proxy, break the connection, or defeat the conditional request."""
    (problem,) = problems(f"{FEED}headers: {{{name}: x}}\n")
    assert f"the header {name} must not be set" in problem.message


@pytest.mark.parametrize("name", ["Authorization", "Cookie", "X-API-Key", "Accept", "User-Agent", "Accept-Language"])
def test_headers_for_access_are_taken(read: Callable[..., Settings], name: str) -> None:
    """What a private feed needs can be sent."""
    (feed,) = read(f"{FEED}headers: {{{name}: 'käse 1'}}\n").sources.values()
    assert feed.headers == {name: "käse 1"}


@pytest.mark.parametrize(
    "text",
    [
        "feeds: ['http://a.example', 'https://A.example:8443/x?y=z', 'https://u:p@b.example/']",
        "feeds: ['https://bücher.example/ä', 'https://[::1]:8080/', 'http://127.0.0.1/']",
        "feeds: ['https://a.example/x', 'https://a.example/X', 'http://a.example/x', 'https://a.example:8443/x']",
        "network: {allow_private: [10.0.0.0/8, 'fd00::/8', '::1', '[::1]', '[::1]:80', 10.0.0.5, '10.0.0.5:80']}",
        "network: {allow_private: [nas, nas.lan, 'my_nas.lan.:65535', localhost]}",
        "network: {contact: https://a.example/about, user_agent: 'x/1 (+https://a.example)', proxy: 'http://u:p@p.lan:3128'}",
        "server: {metrics_allow: [], trusted_proxies: [10.0.0.5, '::/0', 0.0.0.0/0]}",
        "site: {url: 'http://localhost:8080', language: pt-BR}",
        "websub: {hub: []}",
        "websub: {hub: null}",
        "database: postgresql://u:p@db.example/x",
        "polling: {min_interval: 1ms, max_interval: 1ms, per_host: 99, host_gap: 0s}",
        "polling: {min_interval: 1h, max_interval: 1h}",
        f"outputs: [{{name: all}}, {{name: a, drop: [{{regex: ['{'a' * MAX_EXPRESSION}']}}]}}]",
        "outputs: [{name: a, token: Ab0._~-x}, {name: b, token: Ab0._~-x, was: [c]}]",
        "defaults: {keep: [{contains: ['regex:\\bai\\b', '(literal']}]}",
    ],
)
def test_what_is_right_is_accepted(read: Callable[..., Settings], text: str) -> None:
    """The checks refuse nothing that works."""
    read(text)


def test_what_has_the_wrong_type_is_reported_once(problems: Problems) -> None:
    """Checks of values and between values pass over what is not of their type."""
    text = (
        "polling: x\nwebsub: {hub: [1]}\nfeeds: [{url: 3, was: 4}, {url: [a], was: [5], headers: 6}]\n"
        "outputs: [{name: 1, token: 2, was: 3}, x]\n"
    )
    assert len(problems(text)) == len({problem.path for problem in problems(text)}) == 12


def test_bad_intervals_are_not_compared(problems: Problems) -> None:
    """A duration that cannot be read is one mistake, not two."""
    (problem,) = problems("polling: {min_interval: soon, max_interval: 1m}\n")
    assert problem.path == "polling.min_interval"
