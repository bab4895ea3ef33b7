"""The audit: each rule is a function of the day that returns what broke it, written from the publishers' side.

The rules are those of the project's list of politeness and of its table of numbers, not of its code.
"""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

from simulated.log import HOUR, Day, Line, Poll
from simulated.reading import freshness, polls, retry_after

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MINUTE = timedelta(minutes=1)
_SLACK = timedelta(milliseconds=5)
"""Clocks are read at slightly different moments."""
_GAP = timedelta(seconds=2)
_MIN_INTERVAL = 15 * MINUTE
_BY_HAND = 5 * MINUTE
_LONGEST = 24 * HOUR
_LONGEST_429 = 6 * HOUR
_LONGEST_RETRY_AFTER = timedelta(days=7)


def _told(rule: str, why: str, before: Line, line: Line) -> str:
    return f"{rule}: {line.feed} at {line.at:%d %H:%M:%S}: {why}\n    {before}\n    {line}"


def _too_soon(rule: str, before: Line, line: Line, since: datetime, wait: timedelta) -> Iterator[str]:
    if line.at - since < wait - _SLACK:
        yield _told(rule, f"after {line.at - since}, not {wait}", before, line)


def _in_turn(day: Day) -> Iterator[tuple[Poll, Poll, bool]]:
    """Yield each poll with the one before it of the same feed, and whether it was made by hand."""
    for several in polls(day).values():
        for before, poll in pairwise(several):
            yield before, poll, day.by_hand(poll.first)


def one_at_a_time(day: Day) -> Iterator[str]:
    """Never ask a host twice at the same time (33)."""
    for before, line in _by_host(day):
        if line.at < before.end:
            yield _told("one at a time", "while another request was under way", before, line)


def gap(day: Day) -> Iterator[str]:
    """Leave 2 s between different feeds of a host (33)."""
    for before, line in _by_host(day):
        if line.feed != before.feed:
            yield from _too_soon("gap", before, line, before.end, _GAP)


def _by_host(day: Day) -> Iterator[tuple[Line, Line]]:
    last: dict[str, Line] = {}
    for line in day.lines:
        if line.host in last:
            yield last[line.host], line
        last[line.host] = line if line.host not in last else max(last[line.host], line, key=lambda one: one.end)


def min_interval(day: Day) -> Iterator[str]:
    """Never ask for a feed twice in 15 minutes, 5 when the operator wants it now (12, 13, 19)."""
    for before, poll, by_hand in _in_turn(day):
        wait = _BY_HAND if by_hand else _MIN_INTERVAL
        yield from _too_soon("min_interval", before.last, poll.first, before.last.sent, wait)


def after_restart(day: Day) -> Iterator[str]:
    """Ask nothing because of a restart (13)."""
    for before, poll, by_hand in _in_turn(day):
        restart = next((one for one in day.restarts if before.first.at <= one <= poll.first.at), None)
        if restart is not None and not by_hand:
            yield from _too_soon("restart", before.last, poll.first, before.last.at, _MIN_INTERVAL)


def fresh(day: Day) -> Iterator[str]:
    """Do not ask while the last answer is fresh by max-age or Expires, for 24 h at most (14, 15)."""
    for before, poll, by_hand in _answered_in_turn(day):
        wait = min(freshness(before.last), _LONGEST)
        if wait and not by_hand:
            yield from _too_soon("max-age", before.last, poll.first, before.last.sent, wait)


def _answered_in_turn(day: Day) -> Iterator[tuple[Poll, Poll, bool]]:
    """Yield each poll with the last one that got an answer."""
    for several in polls(day).values():
        answered: Poll | None = None
        for poll in several:
            if answered is not None:
                yield answered, poll, day.by_hand(poll.first)
            answered = poll if poll.last.status else answered


def blind(day: Day) -> Iterator[str]:
    """Leave 60 minutes between whole documents that name neither validators nor max-age (12)."""
    for before, poll, by_hand in _after_good(day):
        line = before.last
        known = line.get("If-None-Match") or line.get("If-Modified-Since") if line.status == 304 else None
        named = {"ETag", "Last-Modified"} & set(line.answer) or known or freshness(line)
        if not named and not by_hand and day.feeds[line.feed].interval is None:
            yield from _too_soon("blind", line, poll.first, line.sent, HOUR)


def _after_good(day: Day) -> Iterator[tuple[Poll, Poll, bool]]:
    """Yield each poll with the last good one before it."""
    for several in polls(day).values():
        good: Poll | None = None
        for poll in several:
            if good is not None:
                yield good, poll, day.by_hand(poll.first)
            good = poll if poll.last.verdict == "good" else good


def hinted(day: Day) -> Iterator[str]:
    """Keep to ttl and sy:updatePeriod after a good answer, or to the operator's interval in their place (16)."""
    for before, poll, by_hand in _in_turn(day):
        feed = day.feeds[poll.first.feed]
        if by_hand:
            continue
        if feed.interval is not None and before.last.verdict != "abandoned":
            yield from _too_soon("interval", before.last, poll.first, before.last.sent, feed.interval)
        elif feed.ttl is not None and before.last.verdict == "good":
            yield from _too_soon("ttl", before.last, poll.first, before.last.sent, min(feed.ttl, _LONGEST))


def retry(day: Day) -> Iterator[str]:
    """Do not ask for a feed before its Retry-After, not even by hand, for 7 days at most (20)."""
    for before, poll, _ in _answered_in_turn(day):
        wait = retry_after(before.last)
        if wait is not None:
            yield from _too_soon(
                "Retry-After", before.last, poll.first, before.last.sent, min(wait, _LONGEST_RETRY_AFTER)
            )


def site(day: Day) -> Iterator[str]:
    """Leave a whole site alone after a 429, and after a 503 with Retry-After (22)."""
    resting: dict[str, tuple[datetime, Line]] = {}
    events = sorted([(line.at, 0, line) for line in day.lines] + [(line.sent, 1, line) for line in day.lines],
                    key=lambda one: one[:2])  # fmt: skip
    for when, is_answer, line in events:
        name = day.sites[line.host]
        if not is_answer:
            until, before = resting.get(name, (when, line))
            if when < until - _SLACK:
                yield _told("site", f"its site is to be left alone until {until:%d %H:%M:%S}", before, line)
            continue
        wait = retry_after(line)
        if day.feeds[line.feed].independent or line.status not in (429, 503) or (line.status == 503 and wait is None):
            continue
        until = when + min(wait or 30 * MINUTE, _LONGEST_RETRY_AFTER)
        if name not in resting or resting[name][0] < until:
            resting[name] = (until, line)


def backoff(day: Day) -> Iterator[str]:
    """Wait 30 min x 2^(n-1) after n failures in a row, at most 24 h, after a 429 at most 6 h (21, 23, 24, 26, 27)."""
    for several in polls(day).values():
        failures = 0
        for before, poll in pairwise(several):
            match before.last.verdict:
                case "good":
                    failures = 0
                case "failure" | "redirect":
                    failures += 1
            if before.last.verdict in ("good", "abandoned") or retry_after(before.last) is not None:
                continue
            wait = min(30 * MINUTE * 2 ** (failures - 1), _LONGEST_429 if before.last.status == 429 else _LONGEST)
            yield from _too_soon("backoff", before.last, poll.first, before.last.end, wait)


def gone(day: Day) -> Iterator[str]:
    """Never ask again after a 410 (24)."""
    for several in polls(day).values():
        for before, poll in pairwise(several):
            if before.last.status == 410:
                yield _told("gone", "after a 410", before.last, poll.first)


def skipped(day: Day) -> Iterator[str]:
    """Do not ask in skipHours and on skipDays once they are known (17)."""
    for before, poll, by_hand in _after_good(day):
        feed, when = day.feeds[poll.first.feed], poll.first.at
        if not by_hand and (when.hour in feed.skip_hours or when.weekday() in feed.skip_days):
            yield _told("skipHours", "in hours that it wants to be left alone", before.last, poll.first)


def validators(day: Day) -> Iterator[str]:
    """Send the last good answer's validators as they came, and ask without any only when there are none (1-11)."""
    for several in polls(day).values():
        known: dict[str, str] = {}
        last = several[0].first
        for poll in several:
            for line in poll.lines:
                sent = {"ETag": line.get("If-None-Match"), "Last-Modified": line.get("If-Modified-Since")}
                if {name: value for name, value in sent.items() if value is not None} != known:
                    yield _told("validators", f"known are {known}", last, line)
            if poll.last.verdict == "good":
                given = {name: poll.last.answer[name] for name in ("ETag", "Last-Modified") if name in poll.last.answer}
                known = known | given if poll.last.status == 304 else given
                last = poll.last


def address(day: Day) -> Iterator[str]:
    """Ask at the configured address; elsewhere only as a redirect's next hop (25, 30)."""
    for several in polls(day).values():
        for poll in several:
            feed = day.feeds[poll.first.feed]
            if (poll.first.host, poll.first.target) != (feed.host, feed.target):
                yield _told(
                    "address", f"is not {feed.host}{feed.target}, nor was it sent there", poll.first, poll.first
                )


def headers(day: Day) -> Iterator[str]:
    """Send GET, no Cookie, no Referer, and one truthful User-Agent with a contact for each feed (28-32)."""
    agents: dict[str, Line] = {}
    for line in day.lines:
        first = agents.setdefault(line.feed, line)
        agent, accept = line.get("User-Agent") or "", line.get("Accept") or ""
        wrong = [
            line.method != "GET" and f"method {line.method}",
            *(
                line.get(name) is not None and f"header {name}"
                for name in ("Cookie", "Referer", "Cache-Control", "Pragma")
            ),
            agent != first.get("User-Agent") and "another User-Agent",
            not (agent.startswith("aggregator/") and "+https://" in agent) and f"User-Agent {agent!r}",
            "gzip" not in (line.get("Accept-Encoding") or "") and "no gzip",
            not accept.startswith("application/atom+xml") and f"Accept {accept!r}",
            "#" in line.target and "a fragment",
        ]
        for what in filter(None, wrong):
            yield _told("headers", str(what), first, line)


def hops(day: Day) -> Iterator[str]:
    """Follow at most 5 redirects, and each only once in a poll (25)."""
    for several in polls(day).values():
        for poll in several:
            places = [(line.host, line.target) for line in poll.lines]
            if len(places) > 6 or len(set(places)) < len(places):
                yield _told("hops", f"{len(places)} requests for one poll", poll.first, poll.last)


def outage(day: Day) -> Iterator[str]:
    """Ask nobody while our network is down, and begin again slowly: at most twice as many each second."""
    for start, end in day.outages:
        inside = [line for line in day.lines if start <= line.at < end]
        yield from (_told("outage", "while our network is down", line, line) for line in inside)
        after = [line for line in day.lines if end <= line.at < end + 10 * MINUTE]
        for number, line in enumerate(after, start=1):
            seconds = math.floor((line.at - end).total_seconds())
            if number > 2 ** min(seconds + 2, 30):
                yield _told("outage", f"the {number}th request in {seconds} s after it", after[0], line)


RULES: tuple[Callable[[Day], Iterator[str]], ...] = (
    one_at_a_time, gap, min_interval, after_restart, fresh, blind, hinted, retry, site, backoff, gone, skipped,
    validators, address, headers, hops, outage,
)  # fmt: skip


def audit(day: Day) -> dict[str, list[str]]:
    """Return what broke each rule."""
    return {rule.__name__: list(rule(day)) for rule in RULES}
