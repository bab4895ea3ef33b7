"""Which of many requests begin, and when: each is a task, and a hundred thousand sleeping ones are memory for nothing.

A host that has enough under way is passed over until one of its requests has ended, so that many requests to a slow
one keep nobody else waiting.
"""

from __future__ import annotations

from collections import Counter, deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from aggregator.model import Request


class Line:
    """Requests that wait to begin, first come, first served; at most `most` are under way, `per_host` of one host."""

    def __init__(self, requests: Iterable[Request], *, most: int, per_host: int) -> None:
        self._coming = deque(requests)
        self._most, self._per_host = most, per_host
        self._passed_over: dict[str, deque[Request]] = {}
        """Whose hosts had enough under way when their turn came, by host."""
        self._again: deque[Request] = deque()
        """Those of them whose hosts have a place now."""
        self._under_way: set[int] = set()
        """Keys of requests."""
        self._of_host: Counter[str] = Counter()

    def next(self) -> Request | None:
        """Return the request that begins now; None while there is none."""
        if len(self._under_way) >= self._most or (request := self._first()) is None:
            return None
        self._under_way.add(request.key)
        self._of_host[request.host] += 1
        return request

    def _first(self) -> Request | None:
        if self._again:
            return self._again.popleft()
        while self._coming:
            request = self._coming.popleft()
            if self._of_host[request.host] < self._per_host:
                return request
            self._passed_over.setdefault(request.host, deque()).append(request)
        return None

    def end(self, request: Request) -> None:
        """Give a request's place to another; it may have been given away already."""
        if request.key not in self._under_way:
            return
        self._under_way.discard(request.key)
        self._of_host[request.host] -= 1
        if not self._of_host[request.host]:
            del self._of_host[request.host]
        if (others := self._passed_over.get(request.host)) is not None:
            self._again.append(others.popleft())
            if not others:
                del self._passed_over[request.host]

    def close(self) -> list[Request]:
        """Let nothing begin any more; return what was still waiting."""
        left = [*self._again, *(one for waiting in self._passed_over.values() for one in waiting), *self._coming]
        self._again.clear()
        self._passed_over.clear()
        self._coming.clear()
        return left
