"""What an operator does with a database and a machine: back up, restore, look for what is wrong."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest


@pytest.mark.fault("F5")
def test_backup_and_restore(home, publisher, make, start) -> None:
    """A copy is made beside the running daemon, restored while none runs, and polled on from where it was."""
    home.write(publisher.serve("/feed", make.rss(make.item(1))))
    daemon = start().ready()
    make.wait_for(lambda: b"Story 1" in daemon.get("all.atom")[2])
    assert "the copy is whole" in home.run("backup", str(home.folder / "copy.db")).stderr
    assert "is in use" in home.run("restore", str(home.folder / "copy.db"), code=75).stderr
    assert daemon.stop() == 0
    publisher.serve("/feed", make.rss(make.item(1), make.item(2)))
    home.run("poll", "--force")
    assert len(home.entries()) == 2
    assert "before-restore" in home.run("restore", str(home.folder / "copy.db")).stderr
    assert len(home.entries()) == 1
    home.run("poll", "--force")
    assert len(home.entries()) == 2
    assert "exists" in home.run("backup", str(home.folder / "copy.db"), code=2).stderr


@pytest.mark.fault("F5")
def test_doctor(home, publisher, make) -> None:
    """It looks at everything, names a source that fails with its remedy, and finds a damaged database."""
    home.write(publisher.serve("/feed", make.rss(make.item(1))), f"{publisher.base}/gone")
    home.run("poll", code=1)
    found = {one["check"]: one for one in home.json("doctor")["findings"]}
    assert {"versions", "configuration", "names", "disk", "database", "clock", "source", "daemon"} <= set(found)
    assert found["source"]["remedy"]
    assert found["database"]["grade"] == "ok"
    database = home.folder / "db/aggregator.db"
    content = bytearray(database.read_bytes())
    content[20_000:60_000] = b"\x5a" * 40_000
    database.write_bytes(content)
    assert "problem  database" in home.run("doctor", code=1).stdout
    database.write_bytes(b"")
    database.unlink()
    home.run("poll", code=1)
    home.config.write_text("feeds: [nonsense]")
    found = {one["check"]: one for one in home.json("doctor", code=1)["findings"]}
    assert found["configuration"]["grade"] == "problem"
    assert {"versions", "configuration", "names", "disk", "database", "clock", "source", "daemon"} <= set(found)


def test_completion(home) -> None:
    """Each shell gets a script, and a shell that runs it is told of commands."""
    for shell in ("bash", "zsh", "fish"):
        assert "_AGGREGATOR_COMPLETE" in home.run("completion", shell).stdout
    done = subprocess.run(
        [Path(sys.executable).with_name("aggregator")],
        env=os.environ
        | {"_AGGREGATOR_COMPLETE": "bash_complete", "COMP_WORDS": "aggregator do", "COMP_CWORD": "1"},
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert "doctor" in done.stdout


@pytest.mark.fault("F2")
def test_what_systemd_is_told(home, start, make, monkeypatch) -> None:
    """Ready once it serves, alive while loop and server work, silent while the server hangs, stopping when told."""
    with closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) as ear:
        ear.bind(str(home.folder / "notify"))
        ear.settimeout(20)
        monkeypatch.setenv("NOTIFY_SOCKET", str(home.folder / "notify"))
        monkeypatch.setenv("WATCHDOG_USEC", "600000")
        home.write("http://127.0.0.1:9/feed")
        daemon = start()

        def hears(word: str) -> None:
            make.wait_for(lambda: word in ear.recv(4096).decode().split("\n"))

        hears("READY=1")
        assert daemon.ready().get("healthz")[0] == 200
        hears("WATCHDOG=1")
        (child,) = (
            pid
            for pid in map(
                int, Path(f"/proc/{daemon.process.pid}/task/{daemon.process.pid}/children").read_text().split()
            )
            if b"aggregator.serve" in Path(f"/proc/{pid}/cmdline").read_bytes()
        )
        os.kill(child, signal.SIGSTOP)
        try:
            hears("STATUS=the web process does not answer (timed out)")
            while ear.recv(4096) == b"WATCHDOG=1":  # asked before it hung
                pass
        finally:
            os.kill(child, signal.SIGCONT)
        hears("WATCHDOG=1")
        os.kill(daemon.process.pid, signal.SIGTERM)
        hears("STOPPING=1")
        assert daemon.stop() == 0
