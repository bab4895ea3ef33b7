"""Being told of feeds' news by their hubs, in the daemon: asks hubs, answers them, and takes what they deliver.

What is to be asked is a row. A delivery is answered once what it brought is written: a hub that hears nothing sends
it again, and what is known already changes nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import re
import secrets
import shutil
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import structlog

from aggregator.decide.pushing import Question, State, answered, asking, outside, request
from aggregator.decide.sites import host_of
from aggregator.errors import FetchError, Usage
from aggregator.fetch.client import Message
from aggregator.model import Fetched
from aggregator.run.clock import utc_now
from aggregator.run.storing import Storing
from aggregator.run.tasks import Tasks

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from aggregator.decide.pushing import Push
    from aggregator.model import FeedState, PollReport
    from aggregator.run.engine import Engine
    from aggregator.store.protocols import Store

_log = structlog.get_logger(__name__)
_ASKED_AT_ONCE, _PER_HUB = 8, 1
_OFFERED, _OFFERED_OF_HUB = 64, 16
"""What is read at a tick, of all and of one hub."""
_ELSEWHERE = frozenset({307, 308})
"""By these a hub says that another one is to be asked the same (section 5.1); it may do so once."""
_FORM = {"Content-Type": "application/x-www-form-urlencoded"}
_SPOOLED = re.compile(r"[A-Za-z0-9_-]{1,64}")
_random = random.SystemRandom().random


class Pushes:
    """Our subscriptions at other people's hubs."""

    def __init__(self, engine: Engine, store: Store, spool: Path) -> None:
        """`spool`: where deliveries are; what a daemon before left there is sent again by those who sent it."""
        self._engine, self._store, self._spool = engine, store, spool
        self._storing = Storing(engine.pipeline.in_writer)
        self._asking = Tasks(_ASKED_AT_ONCE, _PER_HUB)
        shutil.rmtree(spool, ignore_errors=True)

    async def look(self) -> None:
        """Ask the hubs that are due."""
        await self._storing.do(self._due, self._begin)

    def _due(self) -> list[Push]:
        with self._store.snapshot() as tx:
            return tx.pushes.due(utc_now(), limit=_OFFERED, per_host=_OFFERED_OF_HUB)

    def _begin(self, due: list[Push]) -> None:
        self._asking.offer((push.key, host_of(push.hub), partial(self._ask, push.key)) for push in due)

    async def _ask(self, key: int) -> None:
        """Ask a hub for a subscription, or tell it that we leave (section 5.1); it asks back by itself."""
        begun: list[tuple[Push, str]] = []
        await self._storing.do(partial(self._begun, key), begun.extend)
        for push, feed in begun:
            why = await self._told(push, feed)
            mode = "unsubscribe" if push.state is State.LEAVING else "subscribe"
            _log.info("push.asked", feed=feed, hub=host_of(push.hub), mode=mode, why=why, tries=push.tries)
            await self._storing.do(partial(self._note, push, why))

    def _begun(self, key: int) -> list[tuple[Push, str]]:
        """Note that a hub is being asked, before it can ask back; return what it is asked for, and the feed."""
        names = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
        with self._store.transaction() as tx:
            push, now = tx.pushes.get(key), utc_now()
            if push is None or push.due_at is None or push.due_at > now:
                return []
            asked = asking(push, names, now, _random())
            if asked is None:
                tx.pushes.drop(push)
                return []
            tx.pushes.keep(asked)
            found = tx.pushes.named(asked.name or "")
            return [found] if found is not None else []

    async def _told(self, push: Push, feed: str) -> str:
        """Send a hub what it is asked; return what is wrong with its answer, "" if nothing is."""
        message = Message(push.hub, urlencode(request(push)).encode(), _FORM, outside=outside(feed, push.hub))
        try:
            reply = await self._engine.client.tell(message)
            if reply.status in _ELSEWHERE and reply.location is not None:
                led = replace(message, url=reply.location, outside=message.outside or outside(push.hub, reply.location))
                reply = await self._engine.client.tell(led)
        except FetchError as error:
            return error.message
        return "" if reply.status // 100 == 2 else f"status {reply.status}"  # noqa: PLR2004 - of HTTP

    def _note(self, push: Push, why: str) -> None:
        """Keep what a hub answered, unless it has agreed meanwhile."""
        with self._store.transaction() as tx:
            now = tx.pushes.get(push.key)
            if now is not None and now.tries == push.tries:
                tx.pushes.keep(replace(now, why=why))

    async def answer(self, command: Mapping[str, Any]) -> dict[str, Any]:
        """Tell whether what a hub asks a callback is what we asked for (sections 5.2 and 5.3): `agreed`."""
        name, mode, topic, lease, reason = _texts(command, "name", "mode", "topic", "lease", "reason")
        question = Question(mode, topic, lease, reason)
        push = await self._engine.pipeline.in_writer(partial(self._answered, name, question))
        if push is not None:
            _log.info("push.answered", hub=host_of(push.hub), topic=topic, mode=mode)
        return {"agreed": push is not None}

    def _answered(self, name: str, question: Question) -> Push | None:
        with self._store.transaction() as tx:
            found = tx.pushes.named(name)
            after = answered(found[0] if found is not None else None, question, utc_now())
            if after is None:
                return None
            if after.state is State.LEAVING:
                tx.pushes.drop(after)
            else:
                tx.pushes.keep(after)
        return after

    async def receive(self, command: Mapping[str, Any]) -> PollReport | None:
        """Take a delivery that the web process checked and put into the folder; return None where nobody wants it.

        StoreError when it could not be written: whoever sent it is to send it again.
        """
        name, spooled, content_type = _texts(command, "name", "file", "content_type")
        if not _SPOOLED.fullmatch(spooled):
            raise Usage("`file` of the command is no name.", "Write the name that the file has in its folder.")
        file = self._spool / spooled
        try:
            body = await asyncio.to_thread(file.read_bytes)
        except OSError as error:
            raise Usage("`file` of the command is not there.", "Put it into the folder first.") from error
        finally:
            with contextlib.suppress(OSError):
                file.unlink(missing_ok=True)
        feed = await self._engine.pipeline.in_writer(partial(self._feed, name))
        if feed is None:
            return None
        delivery = Fetched(
            feed.fetch_url,
            200,
            utc_now(),
            body=body,
            content_type=content_type or None,
            bytes_received=len(body),
        )
        return await self._engine.pipeline.receive(feed, delivery)

    def _feed(self, name: str) -> FeedState | None:
        with self._store.snapshot() as tx:
            found = tx.pushes.named(name)
            return tx.feeds.get(found[1]) if found is not None and found[0].state is State.VERIFIED else None

    async def refuse(self, command: Mapping[str, Any]) -> None:
        """Count a delivery that was not what its hub should send."""
        (name,) = _texts(command, "name")
        push = await self._engine.pipeline.in_writer(partial(self._refused, name))
        if push is not None:
            _log.warning("push.refused", hub=host_of(push.hub), topic=push.topic, why="wrong signature")

    def _refused(self, name: str) -> Push | None:
        with self._store.transaction() as tx:
            found = tx.pushes.named(name)
            if found is not None:
                tx.pushes.keep(replace(found[0], refused=found[0].refused + 1))
        return found[0] if found is not None else None

    async def end(self) -> None:
        """Break off what goes on; it is due again after a restart."""
        await self._asking.end()


def _texts(command: Mapping[str, Any], *names: str) -> list[str]:
    """Return fields of a command, "" for one that is missing; Usage for what is no text."""
    values = [command.get(name, "") for name in names]
    if not all(isinstance(value, str) for value in values):
        raise Usage(f"One of {', '.join(names)} of the command is no text.", 'Write "name": "text".')
    return values
