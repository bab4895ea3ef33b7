"""Answers that are made for what a stranger asks: so many a second, given up when they take long, kept for a while."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from math import ceil
from typing import TYPE_CHECKING, Generic, TypeVar

from aggregator.serve.health import plain

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Hashable
    from typing import Any

    from starlette.requests import Request
    from starlette.responses import Response

    from aggregator.serve.rates import Rates

_KEPT = 100
"""Answers that are kept."""

_T = TypeVar("_T")


class OnDemand(Generic[_T]):
    """Keeps, counts and bounds what is made."""

    def __init__(self, rates: Rates) -> None:
        self._rates = rates
        self._made: OrderedDict[Hashable, tuple[float, _T]] = OrderedDict()

    async def answer(
        self,
        request: Request,
        key: Hashable,
        make: Callable[[], Coroutine[Any, Any, _T]],
        *,
        fresh: float,
        patience: float,
    ) -> _T | Response:
        """Return what was made for this key in the last `fresh` seconds, or make it in `patience` seconds at most.

        Who asks too often gets 429, who asks for what takes long 503; what is kept costs nothing.
        """
        made = self._made.get(key)
        if made is not None and time.monotonic() - made[0] <= fresh:
            return made[1]
        if wait := self._rates.wait(request.client.host if request.client else "", time.monotonic()):
            return plain("429 Too Many Requests: ask less often.", 429, {"retry-after": str(ceil(wait))})
        try:
            answer = await asyncio.wait_for(make(), patience)
        except TimeoutError:
            return plain("503 Service Unavailable: this takes too long now.", 503, {"retry-after": "60"})
        self._keep(key, answer)
        return answer

    def _keep(self, key: Hashable, answer: _T) -> None:
        self._made[key] = time.monotonic(), answer
        self._made.move_to_end(key)
        if len(self._made) > _KEPT:
            self._made.popitem(last=False)
