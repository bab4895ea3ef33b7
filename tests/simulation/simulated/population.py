"""Two hundred feeds on some hundred and forty hosts: healthy ones of every kind, and every fault."""

from __future__ import annotations

import itertools
import random
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from simulated.clock import START
from simulated.log import HOUR, Resource
from simulated.publishers import Fault, Publisher, skip_days, skip_hours

_PLACES = (
    *(("solo", f"www.solo{n}.com", f"solo{n}.com", 1) for n in range(60)),
    *(("duo", f"feeds.duo{n}.org", f"duo{n}.org", 2) for n in range(20)),
    *(("trio", f"{host}.trio{n}.net", f"trio{n}.net", 1) for n in range(10) for host in ("news", "blog", "www")),
    *(("quad", f"{host}.quad{n}.com", f"quad{n}.com", 2) for n in range(5) for host in ("en", "fr")),
    *(("many", f"user{n}.many.com", "many.com", 1) for n in range(20)),
    ("big", "www.big.com", "big.com", 12),
    ("huge", "feeds.huge.org", "huge.org", 18),
)
"""Kind, host, site, feeds."""
_CACHING = (
    ("", 0), ("max-age=600", 0), ("max-age=1800", 0), ("", 0), ("max-age=10800, public", 0), ("expires", 0),
    ("max-age=7200", 3000), ("no-cache", 0), ("max-age=3600", 0), ("max-age=0", 0), ("max-age=900", 0),
)  # fmt: skip
"""Cache-Control and Age."""
_VALIDATORS = ("both", "both", "etag", "modified", "none", "both", "changing", "etag", "vanishing", "modified")
_RATES = (0.3, 1, 3, 6, 12, 24, 48)
_SY = "<sy:updatePeriod>hourly</sy:updatePeriod><sy:updateFrequency>{}</sy:updateFrequency>"
_RARE = 6
"""Most items a day of a feed that may not be asked for a day: its document lists no more."""
BY_HAND = 9.2
"""Shortly before a round by hand: these feeds are well until then."""
_FAULTS: tuple[tuple[str, Fault], ...] = (
    ("trio", Fault("429", 2, 5, "1800")), ("trio", Fault("429", 6, 9)), ("trio", Fault("429", 4, 8, "date:5400")),
    ("quad", Fault("429", 3, 12)), ("quad", Fault("503", 5, 7, "3600")), ("quad", Fault("503", 8, 11, "date:2700")),
    ("many", Fault("429", 7, 9, "7200")), ("many", Fault("429", 27, 29)), ("big", Fault("429", 11, 12, "5400")),
    ("huge", Fault("429", 13, 14)), ("huge", Fault("503", 16, 17, "600")), ("solo", Fault("429", 2, 30)),
    ("solo", Fault("429", 6, 7, "864000")), ("solo", Fault("429", 5, 8, "garbage")), ("solo", Fault("503", 9, 12)),
    ("solo", Fault("503", 4, 6, "30")), ("duo", Fault("429", 25, 31)), ("duo", Fault("429", 1, 3, "60")),
    ("solo", Fault("500", 0, 40)), ("solo", Fault("500", 3, 9)), ("duo", Fault("500", 10, 16)),
    ("big", Fault("502", 6, 8)), ("solo", Fault("404", 0, 40)), ("huge", Fault("404", 8, 30)),
    ("solo", Fault("410", 6, 40)), ("duo", Fault("410", 0, 40)), ("big", Fault("410", 14, 40)),
    ("solo", Fault("401", 5, 40)), ("solo", Fault("challenge", 4, 20)), ("many", Fault("challenge", 12, 40)),
    ("solo", Fault("moved", 3, 40, "www.new.com")), ("duo", Fault("moved", 5, 12, "feeds.duo7.org")),
    ("trio", Fault("found", 2, 40, "www.big.com")), ("many", Fault("found", 0, 40, "feeds.duo8.org")),
    ("solo", Fault("loop", 4, 20, "www.new.com")), ("huge", Fault("loop", 9, 12, "feeds.huge.org")),
    ("solo", Fault("far429", 15, 17, "en.quad4.com 3600")), ("quad", Fault("far429", 9, 11, "feeds.duo9.org")),
    ("solo", Fault("hang", 3, 9)), ("huge", Fault("hang", 18, 19)), ("duo", Fault("hang", 0, 40)),
    ("solo", Fault("drip", 5, 12)), ("big", Fault("drip", 9, 10)), ("solo", Fault("reset", 2, 20)),
    ("many", Fault("reset", 5, 8)), ("solo", Fault("cut", 6, 12)), ("quad", Fault("cut", 0, 4)),
    ("solo", Fault("bomb", 4, 12)), ("duo", Fault("html", 7, 20)), ("huge", Fault("html", 3, 5)),
    ("solo", Fault("empty", 8, 16)), ("trio", Fault("empty", 0, 3)), ("duo", Fault("emptied", 5, 9)),
    ("solo", Fault("emptied", 6, 14)), ("solo", Fault("dns", 0, 40)), ("solo", Fault("dns", 7, 13)),
    ("duo", Fault("dns", 12, 22)), ("many", Fault("dns", 20, 21)),
    ("solo", Fault("hang", BY_HAND, 9.6)), ("many", Fault("reset", BY_HAND, 9.6)), ("huge", Fault("503", BY_HAND, 9.6)),
)  # fmt: skip


def population(seed: int, end: datetime) -> list[Publisher]:
    """Return all feeds."""
    places = [(kind, host, site) for kind, host, site, count in _PLACES for _ in range(count)]
    faults = {kind: [fault for where, fault in _FAULTS if where == kind] for kind in {kind for kind, *_ in places}}
    chance = random.Random(seed)  # noqa: S311 - no secret
    healthy = itertools.count()
    made = []
    for number, (kind, host, site) in enumerate(places):
        resource = Resource(f"f{number:03}", host, site, f"/{number:03}/feed.xml?format=full&n={number}")
        publisher = _usual(resource, chance, seed, end)
        if faults[kind] and (kind != "solo" or chance.random() < 0.8):
            publisher = replace(publisher, faults=(faults[kind].pop(0),))
            if publisher.faults[0].kind == "emptied":  # of a short list nobody can tell
                publisher = replace(publisher, per_day=12)
            if publisher.faults[0].start == BY_HAND:  # the operator asks while it is fresh
                publisher = replace(publisher, caching="max-age=10800", caching_of_304=True)
        else:
            publisher = _special(publisher, next(healthy))
        made.append(publisher)
    left = [fault for several in faults.values() for fault in several]
    if left:
        raise ValueError(f"There is no place for {left}.")
    return made


def _usual(resource: Resource, chance: random.Random, seed: int, end: datetime) -> Publisher:
    caching, age = chance.choice(_CACHING)
    return Publisher(
        resource,
        form=chance.choice(("atom", "rss")),
        per_day=chance.choice(_RATES),
        seed=seed,
        end=end,
        validators=chance.choice(_VALIDATORS),
        caching=caching,
        caching_of_304=chance.random() < 0.7,
        age=age,
        delay=chance.choice((0.057, 0.113, 0.317, 0.531, 1.071, 3.037, 12.113)),
    )


def _special(publisher: Publisher, number: int) -> Publisher:
    """Give every second or so healthy feed hints of its own, or an interval by the operator."""
    night, saturday = frozenset({17, 18, 20, 3} if number % 24 < 12 else {22, 23, *range(6)}), frozenset({5})
    asked, hints = {
        1: ({"ttl": 2 * HOUR}, "<ttl>120</ttl>"),
        3: ({"ttl": HOUR / 2}, _SY.format(2)),
        4: ({"ttl": 3 * HOUR}, "<ttl>180</ttl>" + _SY.format(1)),
        6: ({"skip_hours": night}, skip_hours(*night)),
        8: ({"skip_days": saturday}, skip_days(*saturday)),
        10: ({"interval": timedelta(minutes=15) if number % 24 < 12 else 3 * HOUR}, ""),
        11: ({"independent": True}, ""),
    }.get(number % 12, ({}, ""))
    fields: dict[str, Any] = {"resource": replace(publisher.resource, **asked)}
    if hints:
        fields |= {"form": "rss", "hints": hints}
    if hints.startswith("<skip"):
        fields["per_day"] = min(publisher.per_day, _RARE)
    return replace(publisher, **fields)


def sites(publishers: list[Publisher]) -> dict[str, str]:
    """Return the site of every host, those that are only redirected to included."""
    return {each.resource.host: each.resource.site for each in publishers} | {"www.new.com": "new.com"}


def hour(number: float) -> datetime:
    """Return an hour of the day that is played."""
    return START + number * HOUR
