from __future__ import annotations

import contextlib
import json
import signal
import socket
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from aggregator.run.web import GO

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from conftest import Client, World


@contextlib.contextmanager
def _child(world: World, *words: str) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """Start the web process as the daemon does: on a socket that listens already, on a leash."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        number = listener.fileno()
        command = [sys.executable, "-m", "aggregator.serve", "--fd", str(number)]
        command += ["--database", str(world.database), "--renditions", str(world.renditions.folder), *words]
        child = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, pass_fds=[number]
        )
        try:
            yield child, listener.getsockname()[1]
        finally:
            child.kill()
            child.communicate()


def _let_go(child: subprocess.Popen[bytes]) -> None:
    assert child.stdin is not None
    child.stdin.close()
    child.stdin = None


@pytest.mark.parametrize("end", [_let_go, subprocess.Popen.terminate], ids=["stdin ends", "SIGTERM"])
def test_child_serves_until_it_is_let_go(
    published: World, connect: Callable[[int], Client], end: Callable[[subprocess.Popen[bytes]], None]
) -> None:
    """The process serves pages and feeds, ignores SIGINT, and ends well when its parent goes or says so."""
    with _child(published) as (child, port):
        client = connect(port)
        assert client.get("/all.atom").status == 200
        assert "The Daily Tensor" in client.get("/").text
        assert client.get("/readyz").text == "not ready: No daemon runs on this database. Start it: aggregator run\n"
        child.send_signal(signal.SIGINT)
        assert client.get("/healthz").status == 200
        with client.connect() as slow:
            slow.sendall(b"GET / HTTP/1.1\r\n")
            start = time.monotonic()
            end(child)
            assert child.wait(10) == 0
            assert time.monotonic() - start < 5
        output, talk = child.communicate()
        assert (output, talk) == (b"", b"")


@pytest.mark.parametrize("words", [(), ("--log-format", "json"), ("--log-format", "text")])
def test_child_logs_as_it_is_told(world: World, connect: Callable[[int], Client], words: tuple[str, ...]) -> None:
    """Each event is one line on stderr, in JSON or for people."""
    world.database.write_text("no database")
    with _child(world, *words) as (child, port):
        assert connect(port).get("/").status == 503
        child.terminate()
        output, talk = child.communicate(timeout=10)
    (line,) = talk.decode().splitlines()
    assert output == b""
    assert "serve.database_unreadable" in line
    if "text" in words:
        assert "error=" in line
    else:
        assert json.loads(line)["level"] == "error"


def test_a_child_that_waits_serves_when_it_is_told(published: World, connect: Callable[[int], Client]) -> None:
    """It loads, and answers nobody before; it ends when its parent goes without a word."""
    with _child(published, "--wait") as (child, port):
        with socket.create_connection(("127.0.0.1", port), timeout=1) as early:
            early.sendall(b"GET /all.atom HTTP/1.1\r\nHost: localhost\r\n\r\n")
            with pytest.raises(TimeoutError):
                early.recv(1)
        assert child.stdin is not None
        child.stdin.write(GO)
        child.stdin.flush()
        assert connect(port).get("/all.atom").status == 200
        _let_go(child)
        assert child.wait(timeout=10) == 0
    with _child(published, "--wait") as (child, _):
        _let_go(child)
        assert child.wait(timeout=10) == 0


def test_wrong_arguments_are_told(published: World) -> None:
    """Without its arguments the process says what it wants, on stderr, with status 2."""
    done = subprocess.run([sys.executable, "-m", "aggregator.serve"], capture_output=True, check=False)
    assert (done.returncode, done.stdout) == (2, b"")
    assert b"--fd" in done.stderr
