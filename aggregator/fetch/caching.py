"""When a response says it should be asked for again, and with what (RFC 9111 4.2 and 5, RFC 9110 8.8 and 10.2.3)."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from aggregator.model import Caching, Validators

if TYPE_CHECKING:
    from multidict import MultiMapping

_LONGEST: Final = 1 << 31
"""Seconds: a larger number counts as this one (RFC 9111 section 1.2.2)."""
_READ: Final = 4096
"""Characters of Cache-Control that are looked at."""
_DIRECTIVE: Final = re.compile(r'([!#$%&\'*+.^_`|~0-9A-Za-z-]+)(?:\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,;"]*)))?')
_RAW_BYTE: Final = re.compile("[\udc80-\udcff]")
"""A header's byte that is not UTF-8, as aiohttp hands it on."""
_AHEAD: Final = timedelta(days=1)
"""How far the clocks of servers may be wrong."""
_FORBIDDING: Final = frozenset({"no-cache", "no-store"})


def read_caching(headers: MultiMapping[str], received: datetime) -> Caching:
    """Read freshness and Retry-After; names in any case.

    Dates count from the response's own Date, so that a server's wrong clock does no harm.
    """
    max_age, source = _freshness(headers, received)
    return Caching(max_age, source, _retry_after(headers, received))


def read_validators(headers: MultiMapping[str], received: datetime) -> Validators:
    """Read ETag and Last-Modified byte for byte; a Last-Modified far in the future is none: nothing would follow it."""
    etag, last_modified = (header_text(headers, name) for name in ("ETag", "Last-Modified"))
    date = _http_date(last_modified)
    if date is not None and date > received + _AHEAD:
        last_modified = None
    return Validators(etag, last_modified)


def header_text(headers: MultiMapping[str], name: str) -> str | None:
    """Give a header as it came; None when its bytes are not UTF-8: they can be neither stored nor sent again."""
    value = headers.get(name)
    return value if value and not _RAW_BYTE.search(value) else None


def _freshness(headers: MultiMapping[str], received: datetime) -> tuple[timedelta | None, str]:
    directives = _directives(", ".join(headers.getall("Cache-Control", ())))
    # no-cache="Set-Cookie" is about that field alone
    if any(directives.get(name) == "" for name in _FORBIDDING):
        return None, ""
    if "max-age" in directives:
        lifetime, source = _seconds(directives["max-age"]), f"max-age={directives['max-age'][:20]}"
    else:
        lifetime, source = _until_date(headers.get("Expires"), headers, received), "Expires"
    left = (lifetime or 0) - (_seconds(headers.get("Age", "")) or 0)
    return (timedelta(seconds=left), source) if left > 0 else (None, "")


def _directives(cache_control: str) -> dict[str, str]:
    """Read directives, quoted or not; the first of a name counts (RFC 9111 section 4.2.1)."""
    found: dict[str, str] = {}
    for name, quoted, token in _DIRECTIVE.findall(cache_control[:_READ]):
        found.setdefault(name.lower(), quoted or token)
    return found


def _retry_after(headers: MultiMapping[str], received: datetime) -> datetime | None:
    value = headers.get("Retry-After", "").strip()
    seconds = _seconds(value)
    if seconds is None:
        seconds = _until_date(value, headers, received)
    return received + timedelta(seconds=seconds) if seconds and seconds > 0 else None


def _until_date(value: str | None, headers: MultiMapping[str], received: datetime) -> int | None:
    """Count the seconds from the response's Date, else from `received`, to an HTTP-date."""
    date = _http_date(value)
    if date is None:
        return None
    start = _http_date(headers.get("Date")) or received
    return min(int((date - start).total_seconds()), _LONGEST)


def _seconds(value: str) -> int | None:
    """Read delta-seconds: digits and nothing else."""
    value = value.strip()
    if not (value.isascii() and value.isdecimal()):
        return None
    return min(int(value[:20]), _LONGEST)


@lru_cache(maxsize=4096)  # a Last-Modified comes again with every 304, a Date with every answer of a second
def _http_date(value: str | None) -> datetime | None:
    """Read an HTTP-date in any of its three forms (RFC 9110 section 5.6.7)."""
    try:
        date = parsedate_to_datetime(value or "")
        return date.replace(tzinfo=UTC) if date.tzinfo is None else date.astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
