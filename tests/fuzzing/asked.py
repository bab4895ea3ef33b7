"""The web application, asked as strangers ask it: query strings, and the callbacks of hubs."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import hmac
import tempfile
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import patch
from urllib.parse import quote, unquote

from aggregator.decide.pushing import Offer, Question, State, answered
from aggregator.serve.app import create_app
from aggregator.serve.limits import bounded
from aggregator.serve.rates import Rates
from aggregator.store.sqlite.store import SqliteStore
from tests.serve.conftest import World, _world

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Mapping

NAME, SECRET, TOPIC = "n" * 43, "hush", "https://news.example/feed"
_PRINTED = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"
_PUSHED = frozenset({200, 202, 404, 410, 413, 415, 429})


class _Asked:
    """The application on an event loop of its own, with no limits of rates, and no network before it."""

    def __init__(self, world: World, runner: asyncio.Runner) -> None:
        self._runner = runner
        self._app = bounded(create_app(world.renditions, world.database, world.ask, world.tell))

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """Start it up, and let it close what it opened."""
        said: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        heard: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        loop = self._runner.get_loop()
        life = loop.create_task(self._app({"type": "lifespan", "asgi": {"version": "3.0"}}, said.get, heard.put))
        for word in ("startup", "shutdown"):
            said.put_nowait({"type": f"lifespan.{word}"})
            loop.run_until_complete(heard.get())
            if word == "startup":
                yield
        loop.run_until_complete(life)

    def __call__(
        self, method: str, target: str, headers: list[tuple[str, str]], body: bytes = b""
    ) -> tuple[int, dict[str, str], bytes]:
        """Ask; return the status, the headers and the body of the answer."""
        path, _, query = quote(target, safe=_PRINTED).partition("?")
        scope = {
            "type": "http", "http_version": "1.1", "method": method, "scheme": "http", "root_path": "",
            "path": unquote(path), "raw_path": path.encode(), "query_string": query.encode(), "client": ("192.0.2.7", 1),
            "headers": [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers],
        }  # fmt: skip
        said: list[Any] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Any) -> None:
            said.append(message)

        self._runner.run(self._app(scope, receive, send))
        told = {name.decode().lower(): value.decode() for name, value in said[0]["headers"]}
        return said[0]["status"], told, b"".join(part.get("body", b"") for part in said[1:])


@contextlib.contextmanager
def _asking() -> Iterator[tuple[World, _Asked]]:
    with (
        tempfile.TemporaryDirectory() as folder,
        asyncio.Runner() as runner,
        patch.object(Rates, "wait", return_value=0.0),
    ):
        world = _world(Path(folder))
        asked = _Asked(world, runner)
        with asked.running():
            yield world, asked


@contextlib.contextmanager
def queries() -> Iterator[Callable[[bytes], None]]:
    """Ask for any address, in the first line, with any headers, in those below."""
    with _asking() as (_, ask):

        def read(data: bytes) -> None:
            target, *lines = data.decode("latin-1").split("\n")
            headers = [
                (name.strip(), value.strip()) for name, colon, value in (line.partition(":") for line in lines) if colon
            ]
            status, told, body = ask("GET", f"/{target.lstrip('/')}", headers)
            assert status < 500, status
            assert "content-security-policy" in told
            assert told["x-content-type-options"] == "nosniff"
            assert not any(sign in value for value in told.values() for sign in "\r\n\0")
            if status >= 400 and body:
                assert told["content-type"] == "text/plain; charset=utf-8"

        yield read


@contextlib.contextmanager
def websub() -> Iterator[Callable[[bytes], None]]:
    """Ask a callback what the first line says, else deliver the rest to it with that line as its signature.

    The line is `?query`, or `signature content-type`; the signature `right` is made to be right.
    """
    with _asking() as (world, ask):
        _verified(world)
        world.hear = _heard(world)

        def read(data: bytes) -> None:
            first, _, body = data.partition(b"\n")
            line = first.decode("latin-1").strip()
            world.told.clear()
            if line.startswith("?"):
                status, _, said = ask("GET", f"/websub/{NAME}{line}", [])
                assert len(said) <= 512
            else:
                signature, _, kind = line.partition(" ")
                right = f"sha256={hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()}"
                headers = [("x-hub-signature", right if signature == "right" else signature), ("content-type", kind)]
                status, _, said = ask("POST", f"/websub/{NAME}", headers, body)
                told = [one["command"] for one in world.told]
                assert told == (["pushed"] if signature == "right" else ["push-refused"]) or _is_right(signature, body)
            assert status in _PUSHED, status
            assert list((world.folder / "pushes").glob("*")) == []

        yield read


def _is_right(signature: str, body: bytes) -> bool:
    method, _, value = signature.partition("=")
    if method not in {"sha1", "sha256", "sha384", "sha512"}:
        return False
    return value.strip().lower() == hmac.new(SECRET.encode(), body, method).hexdigest()


def _verified(world: World) -> None:
    """Let a hub have agreed."""
    now = datetime.now(UTC)
    with contextlib.closing(SqliteStore(world.database)) as store, store.transaction() as tx:
        tx.pushes.want(1, Offer("https://hub.example/", TOPIC), "https://we.example/", now)
        push = tx.pushes.of(1)
        assert push is not None
        until = now + timedelta(days=1)
        tx.pushes.keep(replace(push, name=NAME, secret=SECRET, state=State.VERIFIED, lease_until=until, due_at=until))


def _heard(world: World) -> Callable[[Mapping[str, Any]], Awaitable[dict[str, Any]]]:
    """Return what decides, in the daemon's place, as it does."""
    with contextlib.closing(SqliteStore(world.database, readonly=True)) as store, store.snapshot() as tx:
        push = tx.pushes.of(1)

    async def hear(command: Mapping[str, Any]) -> dict[str, Any]:
        if command["command"] != "push-asked":
            return {"taken": True}
        question = Question(command["mode"], command["topic"], command["lease"], command["reason"])
        return {"agreed": answered(push, question, datetime.now(UTC)) is not None}

    return hear
