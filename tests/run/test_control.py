"""The control socket, with real sockets and clients in threads."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import stat
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from aggregator.errors import AggregatorError, Unavailable, Usage
from aggregator.run.control import ControlServer, call

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

    Handlers = dict[str, Callable[[dict[str, Any]], AsyncIterator[dict[str, Any]]]]


@pytest.fixture
def folder() -> Iterator[Path]:
    """Return a folder with a short name, as sockets need."""
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


async def _count(request: dict[str, Any]) -> AsyncIterator[dict[str, Any]]:
    for number in range(request.get("to", 2)):
        await asyncio.sleep(0)
        yield {"number": number}


def _served(folder: Path, handlers: Handlers, scenario: Callable[[ControlServer], Awaitable[Any]]) -> Any:
    """Run a scenario beside a server."""

    async def play() -> Any:
        async with ControlServer(folder, handlers) as server:
            return await scenario(server)

    return asyncio.run(asyncio.wait_for(play(), 20))


async def _asked(server: ControlServer, **command: Any) -> list[dict[str, Any]]:
    return await asyncio.to_thread(lambda: list(call(server.path, command, timeout=5)))


def _said(server: ControlServer, line: bytes) -> dict[str, Any]:
    """Send a raw line and return the one answer."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(5)
        connection.connect(str(server.path))
        connection.sendall(line)
        connection.shutdown(socket.SHUT_WR)
        (answer,) = connection.makefile("rb").readlines()
    found: dict[str, Any] = json.loads(answer)
    return found


def test_command_and_answers(folder: Path) -> None:
    """A command's answers arrive one a line, and a closing line ends them."""
    answers = _served(folder, {"count": _count}, lambda server: _asked(server, command="count", to=3))
    assert answers == [{"number": 0}, {"number": 1}, {"number": 2}, {"done": True}]


def test_answers_about_errors_are_answers(folder: Path) -> None:
    """What a handler tells about an error of a source is data: only the closing line can say that the command failed."""

    async def poll(_: dict[str, Any]) -> AsyncIterator[dict[str, Any]]:
        yield {"url": "a", "error": "404 Not Found."}
        yield {"url": "b", "error": None}

    answers = _served(folder, {"poll": poll}, lambda server: _asked(server, command="poll"))
    assert [answer.get("url") for answer in answers] == ["a", "b", None]


def test_only_this_user_may_connect(folder: Path) -> None:
    """The socket is this user's alone, and gone after the end."""

    async def look(server: ControlServer) -> int:
        return server.path.stat().st_mode

    mode = _served(folder, {}, look)
    assert stat.S_ISSOCK(mode)
    assert stat.S_IMODE(mode) == 0o600
    assert list(folder.iterdir()) == []


def test_leftover_of_a_killed_daemon(folder: Path) -> None:
    """A socket that a killed daemon left is replaced."""
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(folder / "control.sock"))
    answers = _served(folder, {"count": _count}, lambda server: _asked(server, command="count"))
    assert answers[-1] == {"done": True}


@pytest.mark.parametrize("kind", ["file", "empty", "folder", "link", "link to nothing"])
def test_file_in_the_place_of_the_socket(folder: Path, kind: str) -> None:
    """What is no socket is refused with a remedy, and stays; so does what a link points to, be it a socket."""
    path, other = folder / "control.sock", folder / "other"
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(other))
    make: dict[str, Callable[[], object]] = {
        "file": lambda: path.write_bytes(b"mine"),
        "empty": path.touch,
        "folder": path.mkdir,
        "link": lambda: path.symlink_to(other),
        "link to nothing": lambda: path.symlink_to("nowhere"),
    }
    make[kind]()
    before = path.lstat()
    with pytest.raises(Unavailable, match=r"control\.sock is in the way") as raised:
        _served(folder, {}, lambda server: _asked(server, command="count"))
    assert (raised.value.exit_code, bool(raised.value.remedy)) == (69, True)
    assert path.lstat() == before
    assert sorted(found.name for found in folder.iterdir()) == ["control.sock", "other"]


def test_file_that_took_the_place_of_the_socket(folder: Path) -> None:
    """What somebody put there while the daemon ran is not the daemon's to delete when it ends."""

    async def replace(server: ControlServer) -> None:
        server.path.unlink()
        server.path.write_bytes(b"mine")

    _served(folder, {}, replace)
    assert (folder / "control.sock").read_bytes() == b"mine"


def test_path_too_long_for_a_socket(tmp_path: Path) -> None:
    """Where the database's folder has a long name the socket is elsewhere, in a folder of its own that goes with it."""
    folder = tmp_path / ("long" * 30)
    folder.mkdir()
    elsewhere: list[Path] = []

    async def ask(server: ControlServer) -> list[dict[str, Any]]:
        elsewhere.append(server.path.parent)
        assert stat.S_IMODE(server.path.parent.stat().st_mode) == 0o700
        return await _asked(server, command="count")

    assert len(_served(folder, {"count": _count}, ask)) == 3
    assert elsewhere[0] != folder
    assert not elsewhere[0].exists()


def test_relative_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder may be given relative to the current one."""
    monkeypatch.chdir(folder)
    Path("db").mkdir()
    assert len(_served(Path("db"), {"count": _count}, lambda server: _asked(server, command="count"))) == 3


@pytest.mark.parametrize("exit_code", [2, 69])
def test_error_in_a_handler(folder: Path, exit_code: int) -> None:
    """An error with a name arrives with its message, remedy and exit code, after what was said before it."""
    kind = {2: Usage, 69: Unavailable}[exit_code]

    async def fail(_: dict[str, Any]) -> AsyncIterator[dict[str, Any]]:
        yield {"number": 1}
        raise kind("It did not work.", "Try it otherwise.")

    async def ask(server: ControlServer) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        with pytest.raises(AggregatorError) as raised:
            await asyncio.to_thread(lambda: found.extend(call(server.path, {"command": "fail"})))
        assert (raised.value.message, raised.value.remedy) == ("It did not work.", "Try it otherwise.")
        assert raised.value.exit_code == exit_code
        return found

    assert _served(folder, {"fail": fail}, ask) == [{"number": 1}]


def test_error_without_words(folder: Path) -> None:
    """An error that has no message is an error all the same."""

    async def fail(_: dict[str, Any]) -> AsyncIterator[dict[str, Any]]:
        raise Usage("")
        yield {}

    async def ask(server: ControlServer) -> None:
        with pytest.raises(AggregatorError) as raised:
            await _asked(server, command="fail")
        assert raised.value.exit_code == 2

    _served(folder, {"fail": fail}, ask)


def test_mistake_in_a_handler(folder: Path) -> None:
    """A mistake of ours is told to the one who asked, and the daemon serves on."""

    async def fail(request: dict[str, Any]) -> AsyncIterator[dict[str, Any]]:
        yield {"number": request["not there"]}

    async def ask(server: ControlServer) -> list[dict[str, Any]]:
        with pytest.raises(AggregatorError, match=r"made a mistake: KeyError\('not there'\)") as raised:
            await _asked(server, command="fail")
        assert raised.value.exit_code == 1
        return await _asked(server, command="count")

    assert len(_served(folder, {"fail": fail, "count": _count}, ask)) == 3


def test_answer_that_is_no_json(folder: Path) -> None:
    """A handler's answer that cannot be sent is a mistake of ours."""

    async def odd(_: dict[str, Any]) -> AsyncIterator[dict[str, Any]]:
        yield {"set": {1}}

    async def ask(server: ControlServer) -> None:
        with pytest.raises(AggregatorError, match="made a mistake: TypeError"):
            await _asked(server, command="odd")

    _served(folder, {"odd": odd}, ask)


@pytest.mark.parametrize(
    "line",
    [b"", b"\n", b"poll\n", b"[]\n", b"null\n", b'{"command": "destroy"}\n', b'{"command": ["poll"]}\n', b"{}\n", b'"a"\n',
     b"\xff\xfe\n", b"[" * 100_000 + b"\n", b'{"command": "count"'],
    ids=range(12),
)  # fmt: skip
def test_garbage(folder: Path, line: bytes) -> None:
    """A line that is no command is refused as wrong usage, and the daemon serves on."""

    async def ask(server: ControlServer) -> dict[str, Any]:
        refused = await asyncio.to_thread(_said, server, line)
        assert len(await _asked(server, command="count")) == 3
        return refused

    refused = _served(folder, {"count": _count}, ask)
    assert (refused["done"], refused["exit_code"]) == (True, 2)
    assert "does not know this command" in refused["error"]


def test_endless_line(folder: Path) -> None:
    """A line that is too long is refused as such, and the daemon serves on."""

    async def ask(server: ControlServer) -> None:
        with pytest.raises(AggregatorError, match="at most 1048576 bytes") as raised:
            await _asked(server, command="count", padding="x" * 2**20)
        assert raised.value.exit_code == 2
        assert len(await _asked(server, command="count", padding="x" * (2**20 - 100))) == 3

    _served(folder, {"count": _count}, ask)


def test_many_clients_at_once(folder: Path) -> None:
    """Clients are served side by side: one that takes long keeps nobody waiting."""
    gate = asyncio.Event()

    async def wait(_: dict[str, Any]) -> AsyncIterator[dict[str, Any]]:
        await gate.wait()
        yield {"waited": True}

    async def ask(server: ControlServer) -> Any:
        slow = asyncio.create_task(_asked(server, command="wait"))
        quick = await asyncio.gather(*(_asked(server, command="count", to=number) for number in range(20)))
        gate.set()
        return [len(answers) for answers in quick], await slow

    counts, slow = _served(folder, {"wait": wait, "count": _count}, ask)
    assert counts == [number + 1 for number in range(20)]
    assert slow == [{"waited": True}, {"done": True}]


def test_client_hangs_up(folder: Path) -> None:
    """When the client is gone the handler is ended, its clean-up run, and the daemon serves on."""
    ended = asyncio.Event()

    async def endless(_: dict[str, Any]) -> AsyncIterator[dict[str, Any]]:
        try:
            while True:
                yield {"more": "x" * 1000}
                await asyncio.sleep(0)
        finally:
            ended.set()

    def hang_up(path: Path) -> None:
        answers = call(path, {"command": "endless"})
        next(answers)
        answers.close()  # type: ignore[attr-defined]

    async def ask(server: ControlServer) -> list[dict[str, Any]]:
        await asyncio.to_thread(hang_up, server.path)
        await asyncio.wait_for(ended.wait(), 5)
        return await _asked(server, command="count")

    assert len(_served(folder, {"endless": endless, "count": _count}, ask)) == 3


def test_stop_while_a_command_runs(folder: Path) -> None:
    """A client whose command is cut off by the daemon's end is told so, after the handler's clean-up."""
    running, cleaned = asyncio.Event(), []

    async def wait(_: dict[str, Any]) -> AsyncIterator[dict[str, Any]]:
        running.set()
        try:
            await asyncio.sleep(60)
            yield {}
        finally:
            await asyncio.sleep(0.01)
            cleaned.append(True)

    async def play() -> Any:
        async with ControlServer(folder, {"wait": wait}) as server:
            client = asyncio.create_task(_asked(server, command="wait"))
            await running.wait()
        assert cleaned == [True]
        return await asyncio.gather(client, return_exceptions=True)

    (error,) = asyncio.run(asyncio.wait_for(play(), 20))
    assert isinstance(error, AggregatorError)
    assert ("is stopping" in error.message, error.exit_code) == (True, 69)


def _one_connection(folder: Path, serve: Callable[[socket.socket], None]) -> tuple[Path, threading.Thread]:
    """Start a server of one connection that is no daemon of ours."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(folder / "odd.sock"))
    listener.listen()

    def run() -> None:
        with listener, listener.accept()[0] as connection:
            serve(connection)

    thread = threading.Thread(target=run)
    thread.start()
    return folder / "odd.sock", thread


@pytest.mark.parametrize(
    ("answer", "words"),
    [(b"", "broke off"), (b'{"number": 1}\n', "broke off"), (b"garbage\n", "does not answer")],
)
def test_daemon_that_dies(folder: Path, answer: bytes, words: str) -> None:
    """A client whose daemon dies, or answers nonsense, is told so."""

    def serve(connection: socket.socket) -> None:
        connection.recv(1000)
        connection.sendall(answer)

    path, thread = _one_connection(folder, serve)
    with pytest.raises(Unavailable, match=words) as raised:
        list(call(path, {"command": "poll"}))
    thread.join()
    assert (raised.value.exit_code, bool(raised.value.remedy)) == (69, True)


def test_daemon_that_says_nothing(folder: Path) -> None:
    """A client does not wait longer than it wants to."""
    gate = threading.Event()
    path, thread = _one_connection(folder, lambda _: gate.wait(5) and None)
    with pytest.raises(Unavailable, match="does not answer"):
        list(call(path, {"command": "status"}, timeout=0.05))
    gate.set()
    thread.join()


def test_no_daemon(folder: Path) -> None:
    """Where no daemon listens the client is told so."""
    for name in ("nowhere", "dead"):
        if name == "dead":
            with socket.socket(socket.AF_UNIX) as dead:
                dead.bind(str(folder / name))
        with pytest.raises(Unavailable, match="does not answer"):
            next(iter(call(folder / name, {"command": "status"})))


def test_mask_of_the_process_is_as_before(folder: Path) -> None:
    """Listening leaves the rights of files that this process makes later as they were."""
    before = os.umask(0o022)
    os.umask(before)

    async def look(_: ControlServer) -> int:
        mask = os.umask(0o022)
        os.umask(mask)
        return mask

    assert _served(folder, {}, look) == before
