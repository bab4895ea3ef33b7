"""Nothing secret is shown: what is secret in Settings, and how it is hidden in texts for people and logs."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote

from aggregator.config.addresses import split
from aggregator.config.settings import FeedSettings, Settings

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

HIDDEN = "***"

# A shorter value is no secret, and hiding it would spoil every text that has it by chance.
_SHORTEST = 4
# Begins only where a word does, and is short: what a feed says may be one word of a megabyte.
_USERINFO = re.compile(r"(?<![a-z0-9+.-])([a-z][a-z0-9+.-]{0,30}://)[^/?#\s]*@", re.IGNORECASE)
_NOT_SECRET_HEADERS = frozenset({"accept", "accept-language", "user-agent", "referer"})


@dataclass(frozen=True, slots=True)
class Mask:
    """Hides secrets: call it with a text that is about to be shown or logged."""

    pattern: re.Pattern[str]
    shown: Mapping[str, str]
    """What is shown in the place of a private address; everything else becomes `***`."""

    @classmethod
    def of(cls, settings: Settings) -> Mask:
        """Return the mask of one Settings: its secret values, and the addresses of its private sources."""
        private = [feed for feed in settings.sources.values() if feed.private]
        shown = {url: display_url(feed) for feed in private for url in (feed.url, *feed.was)}
        return cls.hiding(secret_values(settings), shown)

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


def secret_values(settings: Settings) -> frozenset[str]:
    """Return the values that must not be shown: from the environment, of headers, tokens, and in addresses."""
    addresses = [settings.database, settings.network.proxy or "", *_addresses(settings)]
    tokens = {output.token for output in settings.outputs if output.token}
    headers = {value for feed in settings.sources.values() for value in _header_values(feed)}
    return settings.substituted | tokens | headers | {part for url in addresses for part in _userinfo(url)}


def display_url(feed: FeedSettings) -> str:
    """Return a source's address as it may be shown: of a private one, only the host, unless that is secret."""
    if not feed.private:
        return feed.url
    parts = split(feed.url)
    host = parts.netloc.rpartition("@")[2] if parts else ""
    if parts is None or any(value in host for value in feed.substituted):
        return HIDDEN
    return f"{parts.scheme}://{host}/{HIDDEN}"


def _addresses(settings: Settings) -> Iterator[str]:
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


def _header_values(feed: FeedSettings) -> Iterator[str]:
    """Yield a header's value, and what follows the scheme in `Bearer abc` (RFC 9110 section 11.4)."""
    for name, value in feed.headers.items():
        if name.lower() not in _NOT_SECRET_HEADERS:
            yield value
            yield value.partition(" ")[2] or value
