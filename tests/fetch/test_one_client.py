"""There is one way to the network: every request goes through the guarded client."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import aggregator

if TYPE_CHECKING:
    from collections.abc import Iterator

PACKAGE = Path(aggregator.__file__).parent
CLIENTS = {"aiohttp", "ftplib", "http.client", "httpx", "pycurl", "requests", "urllib.request", "urllib3"}
SERVER_SIDE = {"aiohttp.ETag", "aiohttp.hdrs", "aiohttp.web"}
CONNECTORS = {"create_connection", "open_connection"}
ALLOWED = {
    "fetch/client.py",
    "fetch/failures.py",
    "fetch/guard.py",
    "fetch/resolver.py",
    "run/web.py",  # asks the web process, on the socket that it gave it, whether it is alive
}


def imported(tree: ast.AST) -> Iterator[str]:
    """Every module, and every name of a module, that is imported; aiohttp's server side aside."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield from {f"{node.module}.{alias.name}" for alias in node.names} - SERVER_SIDE


def ways_out(source: str) -> set[str]:
    """Name the clients that a module uses."""
    tree = ast.parse(source)
    found = {client for name in imported(tree) for client in CLIENTS if name == client or name.startswith(f"{client}.")}
    calls = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    return found | (calls & CONNECTORS)


@pytest.mark.parametrize("module", sorted(path.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("*.py")))
@pytest.mark.fault("T1")
def test_only_fetch_talks_to_servers(module: str) -> None:
    """No other module has a client of its own."""
    assert module in ALLOWED or ways_out((PACKAGE / module).read_text(encoding="utf-8")) == set()


def test_every_exception_is_needed() -> None:
    """The list of who may is not longer than it must be."""
    for module in ALLOWED:
        assert ways_out((PACKAGE / module).read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("import aiohttp", {"aiohttp"}),
        ("from aiohttp import web", set()),
        ("from aiohttp import ClientSession, web", {"aiohttp"}),
        ("from urllib import request", {"urllib.request"}),
        ("from urllib.request import urlopen", {"urllib.request"}),
        ("from urllib.parse import quote", set()),
        ("import http.client as c", {"http.client"}),
        ("from http import HTTPStatus", set()),
        ("import asyncio\nasyncio.open_connection('x', 1)", {"open_connection"}),
    ],
)
def test_a_way_out_is_seen(source: str, found: set[str]) -> None:
    """The check itself sees what it must."""
    assert ways_out(source) == found
