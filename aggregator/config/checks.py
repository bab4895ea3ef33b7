"""What a single value must be beyond its type: one function a kind of value, one table of where they apply."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import re2

from aggregator.config.addresses import (
    Finding,
    database_findings,
    network_findings,
    private_findings,
    site_findings,
    url_findings,
)
from aggregator.config.places import Mistake, Place
from aggregator.config.query import Unreadable, parse_query
from aggregator.config.settings import EXPRESSION, RESERVED_OUTPUTS

MAX_EXPRESSION = 1_000

_MONTH = re.compile(r"[0-9]{4}-[0-9]{2}(?:-[0-9]+)?")
"""Archives are called so: /all/2026-01.atom, beside an output at /TOKEN/NAME.atom."""
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_HEADER_VALUE = re.compile(r"[\t\x20-\x7e\u0080-\uffff]*")
# They would let a source's request pretend to come through a trusted proxy, break the connection, or defeat
# the conditional, compressed GET that we make.
_FORBIDDEN_HEADERS = frozenset(
    {
        "a-im", "accept-encoding", "connection", "content-length", "expect", "forwarded", "host", "keep-alive", "range",
        "remote-user", "te", "trailer", "transfer-encoding", "upgrade", "via", "x-real-ip", "x-remote-user",
    }
)  # fmt: skip
_FORBIDDEN_STARTS = ("proxy-", "x-forwarded-", "x-webauth-", "if-")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{1,8})*")
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
_TOKEN = re.compile(r"[A-Za-z0-9._~-]*")

_QUIET = re2.Options()
_QUIET.log_errors = False

Check = Callable[[Any], Iterator[Finding]]
"""Takes a value of the right type, gives what is wrong with it."""


def check_values(value: Any, place: Place = ()) -> Iterator[Mistake]:
    """Yield what is wrong with single values in the data of a file, wherever they stand."""
    key = tuple(None if isinstance(part, int) else part for part in place)
    kind, check = _CHECKS.get(key, (None, None))
    if kind is not None and check is not None and isinstance(value, kind):
        yield from (Mistake(place, *finding) for finding in check(value))
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, tuple) else ()
    for name, child in children:
        yield from check_values(child, (*place, name))


def expression_findings(expression: str) -> Iterator[Finding]:
    """Say what keeps a text from being an RE2 expression that is matched in any case."""
    if len(expression) > MAX_EXPRESSION:
        yield f"the expression is longer than {MAX_EXPRESSION} characters.", "Split it into several."
        return
    try:
        re2.compile(f"(?i){expression}", _QUIET)
    except re2.error as error:
        # What follows the colon quotes the expression, which may hold a secret.
        reason = str(error.args[0], "utf-8", "replace").partition(":")[0]
        remedy = "Expressions are RE2's: no lookahead, no backreference, and \\ before a literal bracket"
        yield f"the expression cannot be read: {reason}.", f"{remedy}."


def _word(text: str) -> Iterator[Finding]:
    if text.startswith(EXPRESSION):
        yield from _expression(text.removeprefix(EXPRESSION))
    else:
        yield from _filled(text)


def _expression(text: str) -> Iterator[Finding]:
    yield from _filled(text)
    yield from expression_findings(text)


def _search(text: str) -> Iterator[Finding]:
    yield from (missing := list(_filled(text)))
    if missing:
        return
    try:
        parse_query(text)
    except Unreadable as error:
        yield f"this search {error}.", 'Write words, as in: agents OR agentic "open weights" -crypto (a OR b) begin*'


def _filled(text: str) -> Iterator[Finding]:
    if not text.strip():
        yield "must not be empty.", "Write something, or remove it."


def _rule(rule: Mapping[str, Any]) -> Iterator[Finding]:
    if not rule.get("contains") and not rule.get("regex"):
        yield "a rule without words matches nothing.", "Add `contains: [word]` or `regex: [expression]`."


def _headers(headers: Mapping[str, Any]) -> Iterator[Finding]:
    seen: set[str] = set()
    for name, value in headers.items():
        lower = name.lower().replace("_", "-")  # as CGI and WSGI read it
        if not _HEADER_NAME.fullmatch(name):
            yield f"{name!a} is not the name of a header.", "Use letters, digits and -."
        elif lower in _FORBIDDEN_HEADERS or lower.startswith(_FORBIDDEN_STARTS):
            yield f"the header {name} must not be set for a source.", "Remove it."
        elif lower in seen:
            yield f"the header {name} stands here twice.", "Keep one; case does not count in names."
        elif isinstance(value, str) and not _HEADER_VALUE.fullmatch(value):
            yield f"the value of {name} has a line break or a control character.", "Write it in one line."
        seen.add(lower)


def _header_text(text: str) -> Iterator[Finding]:
    yield from _filled(text)
    if not _HEADER_VALUE.fullmatch(text):
        yield "must be one line without control characters.", "It is sent as a header."


def _contact(text: str) -> Iterator[Finding]:
    if " " in text or not ("@" in text or text.startswith(("https://", "http://"))):
        yield (
            "this is neither a URL nor an e-mail address.",
            "Write https://example.org/about or me@example.org.",
        )
    yield from _header_text(text)


def _token(text: str) -> Iterator[Finding]:
    if not _TOKEN.fullmatch(text):
        yield "a token has letters, digits and . _ ~ - only.", "It becomes part of an address."


def _output(name: str) -> Iterator[Finding]:
    if name in RESERVED_OUTPUTS or _MONTH.fullmatch(name):
        yield "this name belongs to an address of the program's own.", "Choose another name."


def _earlier_name(name: str) -> Iterator[Finding]:
    if not _NAME.fullmatch(name):
        yield "no output can have had this name.", "Write the name alone, as it stood in `name`: labs"
    yield from _output(name)


def _language(text: str) -> Iterator[Finding]:
    if not _LANGUAGE.fullmatch(text):
        yield "this is not a language tag.", "Write en, fr or pt-BR."


_Table = dict[tuple[str | None, ...], tuple[type, Check]]

_RULE: _Table = {
    (): (dict, _rule),
    ("contains", None): (str, _word),
    ("regex", None): (str, _expression),
}
_RULES: _Table = {(side, None, *rest): check for side in ("keep", "drop") for rest, check in _RULE.items()}

_SOURCE: _Table = {
    ("url",): (str, url_findings),
    ("opml",): (str, url_findings),
    ("was", None): (str, url_findings),
    ("tags", None): (str, _filled),
    ("headers",): (dict, _headers),
    **{("item", name): (str, _filled) for name in ("select", "title", "link", "date", "date_format")},
    **_RULES,
}

_OUTPUT: _Table = {
    ("name",): (str, _output),
    ("was", None): (str, _earlier_name),
    ("tags", None): (str, _filled),
    ("languages", None): (str, _language),
    ("search",): (str, _search),
    ("token",): (str, _token),
    **_RULES,
}

# By place; None stands for any position in a list.
_CHECKS: _Table = {
    ("site", "url"): (str, site_findings),
    ("site", "language"): (str, _language),
    ("database",): (str, database_findings),
    ("network", "user_agent"): (str, _header_text),
    ("network", "contact"): (str, _contact),
    ("network", "proxy"): (str, url_findings),
    ("network", "allow_private", None): (str, private_findings),
    ("server", "metrics_allow", None): (str, network_findings),
    ("server", "trusted_proxies", None): (str, network_findings),
    ("websub", "hub", None): (str, url_findings),
    **{("defaults", *place): check for place, check in _SOURCE.items()},
    **{("feeds", None, *place): check for place, check in _SOURCE.items()},
    **{("outputs", None, *place): check for place, check in _OUTPUT.items()},
}
