"""Scripted publishers: what each says at each moment, from a seed and the fake clock alone."""

from __future__ import annotations

import gzip
import hashlib
import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import format_datetime
from functools import cached_property
from typing import TYPE_CHECKING

from simulated.clock import START
from simulated.log import HOUR, Resource

if TYPE_CHECKING:
    from collections.abc import Mapping

REDIRECTING = frozenset({"moved", "found", "loop", "far429"})
"""Faults whose `more` is the host that is redirected to; far429: it answers 429 there."""
_LISTED = 15
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@dataclass(frozen=True)
class Fault:
    """What goes wrong with a feed, from and to an hour of the day that is played."""

    kind: str
    start: float
    end: float
    more: str = ""
    """Retry-After, or where a redirect leads."""

    def holds(self, now: datetime) -> bool:
        """Tell whether it is wrong now."""
        return START + self.start * HOUR <= now < START + self.end * HOUR


@dataclass(frozen=True)
class Answer:
    """What is sent back, and how."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    good: bool = False
    manner: str = ""
    """hang, drip or reset; else it is sent as it is."""


@dataclass(frozen=True)
class Publisher:
    """One feed."""

    resource: Resource
    form: str
    """atom or rss."""
    per_day: float
    seed: int
    end: datetime
    validators: str = "both"
    """both, etag, modified or none; `vanishing`: both, but not in every third hour; `changing`: an ETag a request."""
    caching: str = ""
    """A Cache-Control, or `expires` for one hour ahead by date."""
    caching_of_304: bool = True
    age: int = 0
    hints: str = ""
    """XML for the channel."""
    delay: float = 0.211
    """Seconds that its server thinks."""
    faults: tuple[Fault, ...] = ()

    @property
    def is_healthy(self) -> bool:
        """Nothing is ever wrong with it."""
        return not self.faults

    @cached_property
    def published(self) -> list[datetime]:
        """When its items come out, oldest first."""
        chance = random.Random(f"{self.seed} {self.resource.name}")  # noqa: S311 - no secret
        times, now = [], START - timedelta(days=3)
        for _ in range(1000):
            now += timedelta(days=chance.expovariate(self.per_day))
            if now > self.end:
                break
            times.append(now.replace(microsecond=0))
        return sorted(set(times)) or [START - timedelta(days=2)]

    def titles(self, since: datetime, until: datetime) -> list[str]:
        """Return the titles of what came out between two moments."""
        return [self.title(one) for one in self.published if since <= one <= until]

    @property
    def listed_first(self) -> datetime:
        """Return the date of the oldest item that is listed when the day begins."""
        return ([one for one in self.published if one <= START] or [START])[-_LISTED:][0]

    def fault(self, now: datetime, kind: str = "") -> Fault | None:
        """Return what is wrong now."""
        return next((one for one in self.faults if one.holds(now) and kind in ("", one.kind)), None)

    def answer(self, asked: Mapping[str, str], now: datetime, count: int) -> Answer:
        """Answer a request; names of headers in lower case, `count` of those that came before."""
        fault = self.fault(now)
        if fault is None or fault.kind == "dns" or fault.kind in REDIRECTING:
            return self._well(asked, now, count)
        return self._badly(fault, now)

    def redirect(self, now: datetime, port: int, *, away: bool) -> Answer | None:
        """Send elsewhere, or refuse there; `away`: it is asked at the address that it redirects to."""
        fault = self.fault(now)
        if fault is None or fault.kind not in REDIRECTING or (away and fault.kind in ("moved", "found")):
            return None
        host, _, seconds = fault.more.partition(" ")
        if away and fault.kind == "far429":
            return Answer(429, {"Retry-After": seconds} if seconds else {}, b"Too many.")
        target = self.resource.target if away else away_target(self.resource.name)
        where = f"http://{self.resource.host if away else host}:{port}{target}"
        return Answer(301 if fault.kind == "moved" else 302, {"Location": where})

    def _badly(self, fault: Fault, now: datetime) -> Answer:
        page = b"<!DOCTYPE html><html><head><title>Down</title></head><body><p>Back soon.</p></body></html>"
        document = self.document(now)
        if fault.kind.isdecimal():
            return Answer(int(fault.kind), _retry(fault, now) | {"Content-Type": "text/html"}, page)
        if fault.kind in ("hang", "drip", "reset"):
            return Answer(200, {"Content-Length": "5000"}, manner=fault.kind)
        if fault.kind == "challenge":
            return Answer(403, {"cf-mitigated": "challenge"}, page)
        bodies = {"html": page, "empty": b"", "emptied": self.document(START - timedelta(days=30)),
                  "cut": gzip.compress(document, mtime=0)[:-20], "bomb": gzip.compress(bytes(3_000_000), mtime=0)}  # fmt: skip
        packed = {"Content-Encoding": "gzip"} if fault.kind in ("cut", "bomb") else {}
        return Answer(200, {"ETag": '"of-a-bad-answer"', "Content-Type": self._type, **packed}, bodies[fault.kind])

    def _well(self, asked: Mapping[str, str], now: datetime, count: int) -> Answer:
        body = self.document(now)
        headers = self._validators(body, now, count)
        caching = self._freshness(now)
        none_match, since = asked.get("if-none-match"), asked.get("if-modified-since")
        known = none_match == headers.get("ETag") if none_match else since == headers.get("Last-Modified")
        if known and (none_match or since):
            return Answer(304, headers | (caching if self.caching_of_304 else {}), good=True)
        if count % 3 == 0:
            caching = caching | {"Set-Cookie": f"visit={count}; Path=/"}
        if "gzip" in asked.get("accept-encoding", "") and len(self.published) % 2:
            body, caching = gzip.compress(body, mtime=0), caching | {"Content-Encoding": "gzip"}
        return Answer(200, {"Content-Type": self._type} | headers | caching, body, good=True)

    def _validators(self, body: bytes, now: datetime, count: int) -> dict[str, str]:
        tag = hashlib.sha256(body).hexdigest()[:12]
        found = {
            "ETag": f'W/"{tag}"' if self.form == "rss" else f'"{tag}"',
            "Last-Modified": format_datetime(self._newest(now), usegmt=True),
        }
        if self.validators == "changing":
            return found | {"ETag": f'"{tag}-{count}"'}
        if self.validators == "vanishing":
            return {} if now.hour % 3 == 0 else found
        kept = {"etag": {"ETag"}, "modified": {"Last-Modified"}, "none": set[str]()}.get(self.validators, set(found))
        return {name: value for name, value in found.items() if name in kept}

    def _freshness(self, now: datetime) -> dict[str, str]:
        found = {"Cache-Control": self.caching} if self.caching and self.caching != "expires" else {}
        if self.caching == "expires":
            found = {"Expires": format_datetime(now.replace(microsecond=0) + HOUR, usegmt=True)}
        return found | ({"Age": str(self.age)} if self.age else {})

    def _newest(self, now: datetime) -> datetime:
        return max((one for one in self.published if one <= now), default=START - timedelta(days=30))

    @property
    def _type(self) -> str:
        return f"application/{self.form}+xml; charset=utf-8"

    def title(self, published: datetime) -> str:
        """Return the title of an item, its only one in all feeds."""
        return f"{self.resource.name} reports at {published:%Y-%m-%d %H:%M:%S}"

    def document(self, now: datetime) -> bytes:
        """Write the document as it is at a moment."""
        listed = [one for one in self.published if one <= now][-_LISTED:][::-1]
        site, name = f"https://{self.resource.host}", self.resource.name
        link = [f"{site}/{name}/{one:%Y%m%d%H%M%S}" for one in listed]
        pairs = list(zip(listed, link, strict=True))
        if self.form == "atom":
            items = "".join(
                f"<entry><title>{self.title(one)}</title><id>{link}</id><link href='{link}'/>"
                f"<updated>{one:%Y-%m-%dT%H:%M:%SZ}</updated><summary>What {name} knows.</summary></entry>"
                for one, link in pairs
            )
            head = (
                f"<title>{name}</title><id>{site}/{name}</id><updated>{self._newest(now):%Y-%m-%dT%H:%M:%SZ}</updated>"
            )
            return f"<feed xmlns='http://www.w3.org/2005/Atom'>{head}{self.hints}{items}</feed>".encode()
        items = "".join(
            f"<item><title>{self.title(one)}</title><guid>{link}</guid><link>{link}</link>"
            f"<pubDate>{format_datetime(one)}</pubDate><description>What {name} knows.</description></item>"
            for one, link in pairs
        )
        head = f"<title>{name}</title><link>{site}/</link><description>d</description>{self.hints}"
        space = "xmlns:sy='http://purl.org/rss/1.0/modules/syndication/'"
        return f"<rss version='2.0' {space}><channel>{head}{items}</channel></rss>".encode()


def away_target(name: str) -> str:
    """Return where a feed is on the host that it redirects to."""
    return f"/moved/{name}"


def _retry(fault: Fault, now: datetime) -> dict[str, str]:
    """Write Retry-After; `date:N` is N seconds ahead."""
    if fault.more.startswith("date:"):
        until = now.replace(microsecond=0) + timedelta(seconds=int(fault.more[5:]))
        return {"Retry-After": format_datetime(until, usegmt=True)}
    return {"Retry-After": fault.more} if fault.more else {}


def skip_hours(*hours: int) -> str:
    """Write skipHours."""
    return f"<skipHours>{''.join(f'<hour>{hour}</hour>' for hour in hours)}</skipHours>"


def skip_days(*days: int) -> str:
    """Write skipDays; 0 is Monday."""
    return f"<skipDays>{''.join(f'<day>{_DAYS[day]}</day>' for day in days)}</skipDays>"
