"""The hub in the daemon: takes subscriptions, asks callbacks what they intend, and tells them what is new (WebSub).

What is to be told is a row: a delivery that nobody acknowledged, because either side died, is due again. What is new
is found by looking at the documents themselves, so whatever is told is live already.
"""

from __future__ import annotations

import asyncio
import hmac
import random
import secrets
import time
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import structlog

from aggregator.decide.websub import (
    Intent,
    Refusal,
    asked_again_at,
    crowded,
    intent_of,
    question,
    told_again_at,
)
from aggregator.errors import FetchError, Usage
from aggregator.fetch.client import Message
from aggregator.publish.websub import headers_of, hub_address, topics_of
from aggregator.run.clock import utc_now
from aggregator.run.pings import Pings
from aggregator.run.storing import Storing
from aggregator.run.tasks import Tasks
from aggregator.run.watching import Watch
from aggregator.store.hub import DELIVERED, FAILED

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from aggregator.config.settings import Settings
    from aggregator.decide.websub import Subscription
    from aggregator.fetch.client import Client
    from aggregator.publish.renditions import Rendition, Renditions
    from aggregator.run.watching import Seen
    from aggregator.store.protocols import Store

_log = structlog.get_logger(__name__)
_ASKED_AT_ONCE, _TOLD_AT_ONCE, _PER_SITE = 8, 32, 2
_OFFERED, _OFFERED_OF_SITE = 256, 16
"""What is read at a tick, of all and of one site: as much as may be done until the next."""
_TIDY = 60.0
"""Seconds between two looks for subscriptions that are over."""
_random = random.SystemRandom().random


class Hub:
    """Tells subscribers of our documents; where other hubs are named, those."""

    def __init__(
        self,
        store: Store,
        renditions: Renditions | None,
        settings: Callable[[], Settings],
        *,
        in_writer: Callable[[Callable[[], Any]], Awaitable[Any]],
        client: Callable[[], Client],
    ) -> None:
        """`renditions`: where the documents are; None: nobody is told of any.

        `in_writer` runs something in the one thread that may use the store.
        """
        self._store, self._settings = store, settings
        self._watch = None if renditions is None else Watch(renditions)
        self._in_writer, self._storing, self._client = in_writer, Storing(in_writer), client
        self._asking = Tasks(_ASKED_AT_ONCE, _PER_SITE)
        self._telling = Tasks(_TOLD_AT_ONCE, _PER_SITE)
        self._pings = Pings(client)
        self._tidied: tuple[frozenset[str], float] = frozenset(), float("-inf")
        """For which topics, and when."""
        self._loaded: dict[str, Rendition] = {}
        self._loading = asyncio.Lock()

    @property
    def _topics(self) -> Mapping[str, str]:
        """The renditions that our own hub tells of, by topic."""
        settings = self._settings()
        return topics_of(settings) if settings.websub.hub == "built-in" and self._watch is not None else {}

    async def answer(self, form: object) -> dict[str, Any]:
        """Take a subscriber's request, or say why not: `status` (of HTTP) and `reason`."""
        if not isinstance(form, dict) or not all(isinstance(one, str) for pair in form.items() for one in pair):
            raise Usage("`form` of the command is no form.", 'Write "form": {"hub.mode": "subscribe", ...}.')
        intent = intent_of(form, self._topics, secrets.token_urlsafe(32))
        refusal = intent if isinstance(intent, Refusal) else await self._in_writer(partial(self._keep, intent))
        if refusal is not None:
            return {"status": refusal.status, "reason": refusal.reason}
        return {"status": 202, "reason": "the callback will be asked to confirm it"}

    def _keep(self, intent: Intent) -> Refusal | None:
        with self._store.transaction() as tx:
            refusal = crowded(intent, tx.hub.standing(intent.topic, intent.callback, intent.site))
            if refusal is None:
                tx.hub.ask(intent, utc_now())
        return refusal

    async def look(self) -> None:
        """Note which documents are new, and begin what is due."""
        watch, settings = self._watch, self._settings()
        if watch is None:
            return
        news = await watch.news(settings)
        if news or self._to_tidy():
            await self._storing.do(partial(self._note, news), lambda _: watch.note(news, self._pings, settings))
        self._pings.send()
        await self._storing.do(self._due, self._begin)

    def _to_tidy(self) -> bool:
        topics, at = self._tidied
        return topics != frozenset(self._topics) or time.monotonic() - at > _TIDY

    def _note(self, news: Mapping[str, Seen]) -> None:
        now, topics = utc_now(), self._topics
        with self._store.transaction() as tx:
            for topic, (_, version) in news.items():
                if topic in topics:
                    tx.hub.news(topic, version, now)
            for ended in tx.hub.keep_only(topics, now):
                denied = Intent(ended.topic, ended.callback, ended.site, "denied", secrets.token_urlsafe(32))
                tx.hub.ask(denied, now)
        self._tidied = frozenset(topics), time.monotonic()

    def _due(self) -> tuple[list[Intent], list[Subscription]]:
        with self._store.snapshot() as tx:
            return tx.hub.due(utc_now(), limit=_OFFERED, per_site=_OFFERED_OF_SITE)

    def _begin(self, due: tuple[list[Intent], list[Subscription]]) -> None:
        self._asking.offer((one.challenge, one.site, partial(self._ask, one)) for one in due[0])
        self._telling.offer((one.key, one.site, partial(self._tell, one)) for one in due[1])
        if not due[1]:
            self._loaded.clear()

    async def _ask(self, intent: Intent) -> None:
        """Ask a callback whether it wants this (section 5.3), or tell it that it can't have it (section 5.2)."""
        asked = question(intent, offered=intent.topic in self._topics)
        status, body, why = await self._asked(intent, asked)
        challenge = asked.get("hub.challenge")
        confirmed = challenge is not None and _is_good(status) and hmac.compare_digest(body, challenge.encode())
        event, why = ("hub.confirmed", "") if confirmed else ("hub.not_confirmed", why)
        _log.info(event, mode=asked["hub.mode"], topic=intent.topic, site=intent.site, why=why)
        await self._storing.do(lambda: self._asked_of(intent, status, confirmed=confirmed))

    async def _asked(self, intent: Intent, asked: Mapping[str, str]) -> tuple[int | None, bytes, str]:
        """Return status and body of the answer, and what may be wrong with it; whatever a query said before stays."""
        url = f"{intent.callback}{'&' if '?' in intent.callback else '?'}{urlencode(asked)}"
        try:
            reply = await self._client().tell(Message(url, reply_limit=len(intent.challenge)))
        except FetchError as error:
            return None, b"", error.message
        return reply.status, reply.body, f"status {reply.status}"

    def _asked_of(self, intent: Intent, status: int | None, *, confirmed: bool) -> None:
        now = utc_now()
        with self._store.transaction() as tx:
            if confirmed:
                known = "" if self._watch is None else self._watch.version(intent.topic)
                tx.hub.confirm(intent, now + intent.lease, known)
            else:
                tx.hub.put_off(intent, asked_again_at(intent, status, now, _random()))

    async def _tell(self, subscription: Subscription) -> None:
        """Deliver a document as it is now (section 7)."""
        topic = subscription.topic
        document = await self._document(topic)
        if document is None:
            return
        headers = headers_of(topic, hub_address(self._settings().site.url), document, subscription.secret)
        status, why = None, ""
        try:
            reply = await self._client().tell(Message(subscription.callback, document.bodies["identity"], headers))
            status, why = reply.status, f"status {reply.status}"
        except FetchError as error:
            why = error.message
        version = document.etags["identity"]
        await self._storing.do(lambda: self._told(subscription, version, status, why))

    async def _document(self, topic: str) -> Rendition | None:
        """Return a topic's document, None when it is gone; read once for all who are told of it."""
        name = self._topics.get(topic)
        if name is None or self._watch is None:
            return None
        renditions = self._watch.renditions
        async with self._loading:
            stamp, known = renditions.stamp(name), self._loaded.get(topic)
            if stamp is not None and known is not None and known.stamp == stamp:
                return known
            document = await asyncio.to_thread(renditions.load, name)
            if document is not None:
                self._loaded[topic] = document
            return document

    def _told(self, subscription: Subscription, version: str, status: int | None, why: str) -> None:
        now = utc_now()
        with self._store.transaction() as tx:
            tx.tallies.add(DELIVERED if _is_good(status) else FAILED, 1, now)
            if _is_good(status):
                tx.hub.told(subscription, version)
                return
            again_at = told_again_at(subscription, status, now, _random())
            tx.hub.failed(subscription, now, again_at)
        event = "hub.delivery_failed" if again_at is not None else "hub.subscription_ended"
        _log.info(event, topic=subscription.topic, site=subscription.site, why=why, tries=subscription.tries + 1)

    async def end(self) -> None:
        """Break off what goes on; it is due again after a restart."""
        for work in (self._asking, self._telling, self._pings):
            await work.end()


def _is_good(status: int | None) -> bool:
    return status is not None and status // 100 == 2  # noqa: PLR2004 - of HTTP
