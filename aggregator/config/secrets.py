"""Nothing secret is shown: what is secret in Settings, and how it is hidden in texts for people and logs."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, quote, unquote

from aggregator.config.addresses import split
from aggregator.config.settings import FeedSettings, Settings

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

HIDDEN = "***"

# A shorter value is no secret, and hiding it would spoil every text that has it by chance.
_SHORTEST = 4
# Begins only where a word does, and is short: what a feed says may be one word of a megabyte.
_USERINFO = re.compile(r"(?<![a-z0-9+.-])([a-z][a-z0-9+.-]{0,30}://)[^/?#\s]*@", re.IGNORECASE)
_KEY = re.compile(r"(?=.*[0-9])(?=.*[A-Za-z])\S{12}")
"""So begins what is no word: twelve characters and more, with letters and digits."""
_NOT_SECRET_HEADERS = frozenset({"accept", "accept-language", "user-agent", "referer"})


@dataclass(frozen=True, slots=True)
class Mask:
    """Hides secrets: call it with a text that is about to be shown or logged."""

    pattern: re.Pattern[str]
    shown: Mapping[str, str]
    """What is shown in the place of a private address; everything else becomes `***`."""

    @classmethod
    def of(cls, settings: Settings, also: Iterable[str] = ()) -> Mask:
        """Return the mask of one Settings: its secret values, the addresses of its private sources, and more."""
        private = [(feed, url) for feed in settings.sources.values() if feed.private for url in (feed.url, *feed.was)]
        shown = {form: short for feed, url in private for form, short in _forms(feed, url)}
        told = {pair for feed in settings.sources.values() if not feed.private for pair in _query(feed.url)}
        secrets = secret_values(settings) | {pair for _, url in private for pair in _query(url)} - told
        return cls.hiding(secrets.union(also), shown)

    @classmethod
    def hiding(cls, values: Iterable[str], shown: Mapping[str, str] | None = None) -> Mask:
        """Return a mask for single values, as written and as they look in a URL."""
        texts = {form for value in values for form in (value, quote(value, safe=""), quote(value))}
        kept = {text for text in texts if len(text) >= _SHORTEST} | set(shown or ())
        longest_first = sorted(kept, key=lambda text: (-len(text), text))
        return cls(re.compile("|".join(map(re.escape, longest_first)) or r"(?!)"), dict(shown or {}))

    def __call__(self, text: str) -> str:
        """Return the text without the secrets."""
        hidden = self.pattern.sub(lambda found: self.shown.get(found[0], HIDDEN), text)
        return _USERINFO.sub(rf"\1{HIDDEN}@", hidden)

    def deep(self, data: Any) -> Any:
        """Return JSON data without the secrets: written as JSON some would look different."""
        if isinstance(data, str):
            return self(data)
        if isinstance(data, dict):
            return {name: self.deep(value) for name, value in data.items()}
        return [self.deep(value) for value in data] if isinstance(data, list | tuple) else data


def secret_values(settings: Settings) -> frozenset[str]:
    """Return the values that must not be shown: from the environment, of headers, tokens, and in addresses."""
    places = [settings.network.proxy or "", *addresses(settings)]
    tokens = {output.token for output in settings.outputs if output.token}
    headers = {value for feed in settings.sources.values() for value in _header_values(feed)}
    in_places = {part for url in places for part in _userinfo(url)}
    return settings.substituted | tokens | headers | in_places | set(_passwords(settings.database))


def display_url(feed: FeedSettings, url: str | None = None) -> str:
    """Return a source's address (or where that led) as it may be shown: of a private one, only a host not secret."""
    url = feed.url if url is None else url
    return f"{_origin(feed, url)}{HIDDEN}" if feed.private else url


def base_address(feed: FeedSettings, url: str) -> str:
    """Return what the relative references in a source's document are resolved against; `url` is what answered.

    The path and query of a private address may be the key to it, and would become part of published links: there
    only `https://host/` counts, and nothing ("") where the host itself is secret.
    """
    return _origin(feed, url) if feed.private else url


def _origin(feed: FeedSettings, url: str) -> str:
    """Return `https://host/` without user and password; "" when the host is secret or there is none."""
    parts = split(url)
    host = parts.netloc.rpartition("@")[2] if parts else ""
    if parts is None or not host or any(value.lower() in host.lower() for value in feed.substituted):
        return ""
    return f"{parts.scheme}://{host}/"


def _forms(feed: FeedSettings, url: str) -> Iterator[tuple[str, str]]:
    """Yield a private address in the forms in which it may be told, each with what is shown in its place."""
    origin, parts = _origin(feed, url), split(url)
    yield url, f"{origin}{HIDDEN}"
    if parts is not None and origin:
        host = origin.partition("://")[2]
        targets = {parts.path, url.partition(parts.netloc)[2]} - {"", "/"}
        yield from ((f"{host.rstrip('/')}{target}", f"{host}{HIDDEN}") for target in targets)


def _query(url: str) -> Iterator[str]:
    """Yield the `name=value` of an address, and alone the values that look like keys: a server may repeat them."""
    parts = split(url)
    if parts is not None and "?" in url:
        for pair in (pair for pair in parts.query.split("&") if "=" in pair):
            yield pair
            yield from (
                value for value in {pair.partition("=")[2], unquote(pair.partition("=")[2])} if _KEY.match(value)
            )


def addresses(settings: Settings) -> Iterator[str]:
    """Yield every address that feeds.yaml names, former ones and lists too."""
    for feed in settings.feeds:
        if isinstance(feed, FeedSettings):
            yield from (feed.url, *feed.was)
        else:
            yield feed.opml


def _userinfo(url: str) -> Iterator[str]:
    """Yield `user:password`, and the password alone, of an address."""
    parts = split(url)
    if parts is not None and "@" in parts.netloc:
        userinfo = parts.netloc.rpartition("@")[0]
        yield userinfo
        yield userinfo.partition(":")[2] or userinfo


def _passwords(database: str) -> Iterator[str]:
    """Yield the password in the address of a database: its user is no secret, and may be a word of every message."""
    parts = split(database)
    if parts is not None:
        user, colon, password = parts.netloc.rpartition("@")[0].partition(":")
        yield from (f"{user}:{password}", password) if colon else ()
        yield from (value for name, value in parse_qsl(parts.query) if name == "password")


def _header_values(feed: FeedSettings) -> Iterator[str]:
    """Yield a header's value, and what follows the scheme in `Bearer abc` (RFC 9110 section 11.4)."""
    for name, value in feed.headers.items():
        if name.lower() not in _NOT_SECRET_HEADERS:
            yield value
            yield value.partition(" ")[2] or value
