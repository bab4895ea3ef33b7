"""What an operator does with a database and a machine: back up, restore, look for what is wrong."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path


def test_backup_and_restore(home, publisher, make, start) -> None:
    """A copy is made beside the running daemon, restored while none runs, and polled on from where it was."""
    home.write(publisher.serve("/feed", make.rss(make.item(1))))
    daemon = start().ready()
    make.wait_for(lambda: len(home.entries()) == 1)
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
    home.config.write_text("feeds: [nonsense]")
    assert "problem  configuration" in home.run("doctor", code=1).stdout


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
