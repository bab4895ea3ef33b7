"""A PostgreSQL server of the tests' own: in a temporary folder, on a Unix socket, shared by the workers of one run."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import pwd
import shutil
import subprocess
import tempfile
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

HOW_TO_GET_ONE = (
    "no PostgreSQL server: apt install postgresql (or pip install pgserver), and psycopg: requirements/fleet.txt"
)
_TEMPLATE = "ready"
_FAST = ("fsync=off", "full_page_writes=off", "synchronous_commit=off", "shared_buffers=32MB", "max_connections=60")


def find_programs() -> Path | None:
    """Return the folder of initdb and pg_ctl: on the PATH, where Debian has them, or the wheel pgserver's."""
    if (found := shutil.which("initdb")) is not None:
        return Path(found).resolve().parent
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda one: int(one.parts[-3]))
    if versions:
        return versions[-1].parent
    wheel = find_spec("pgserver")
    if wheel is not None and wheel.origin is not None:
        folder = Path(wheel.origin).parent / "pginstall" / "bin"
        return folder if (folder / "initdb").exists() else None
    return None


@dataclass
class PostgresServer:
    """A server that runs, and databases in it."""

    folder: Path
    programs: Path
    made: list[str] = field(default_factory=list)

    def url(self, name: str = "postgres") -> str:
        """Return the address of a database."""
        return f"postgresql://aggregator@/{name}?host={self.folder}"

    def empty(self) -> str:
        """Make a database without tables; return its address."""
        return self.url(self._make("template1"))

    def ready(self) -> str:
        """Make a database that has today's tables and was made just now; return its address."""
        address = self.url(self._make(_TEMPLATE))
        with self.connect(address) as db:
            for key, value in (("instance", str(uuid.uuid4())), ("created", datetime.now(UTC).isoformat())):
                db.execute("UPDATE meta SET value = %s WHERE name = %s", [value, key])
        return address

    def _make(self, template: str) -> str:
        name = f"t{uuid.uuid4().hex}"
        with self.connect() as db:
            db.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        self.made.append(name)
        return name

    def drop_all(self) -> None:
        """Drop the databases that were made here, whoever still uses them."""
        with self.connect() as db:
            for name in self.made:
                db.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        self.made.clear()

    @contextlib.contextmanager
    def connect(self, address: str = "") -> Iterator[Any]:
        """Connect to a database beside what is tested; each statement is a transaction."""
        import psycopg  # noqa: PLC0415 - where it is not installed, tests that need it are skipped

        with psycopg.connect(address or self.url(), autocommit=True) as db:
            yield db

    def control(self, *words: str) -> None:
        """Start or stop the server."""
        self.run("pg_ctl", "-D", str(self.folder / "data"), "-w", "-l", str(self.folder / "log"), *words)

    def start(self, options: tuple[str, ...] = _FAST) -> None:
        """Start it, on its socket alone."""
        words = " ".join(f"-c {one}" for one in (*options, f"unix_socket_directories={self.folder}"))
        self.control("start", "-o", f"{words} -c listen_addresses=''")

    def run(self, program: str, *words: str) -> None:
        """Run one of its programs, not as root: it refuses that."""
        user: dict[str, Any] = {}
        if (owner := _owner()) is not None:
            user = {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []}
        subprocess.run(
            [self.programs / program, *words], check=True, capture_output=True, cwd=self.folder, timeout=120, **user
        )


def _owner() -> pwd.struct_passwd | None:
    """Return as whom the server runs when the tests run as root; None: as whoever runs them."""
    if os.getuid() != 0:
        return None
    with contextlib.suppress(KeyError):
        return pwd.getpwnam("postgres")
    return pwd.getpwnam("nobody")


@contextlib.contextmanager
def shared(programs: Path, meeting_place: Path) -> Iterator[PostgresServer]:
    """Give the server of a run: the first of its workers starts it, the last one stops it."""
    state = meeting_place / "postgres.json"
    with _alone(meeting_place):
        known = json.loads(state.read_text()) if state.exists() else {"users": 0}
        server = PostgresServer(Path(known["folder"]), programs) if known["users"] else started(programs)
        state.write_text(json.dumps({"users": known["users"] + 1, "folder": str(server.folder)}))
    try:
        yield server
    finally:
        with _alone(meeting_place):
            users = json.loads(state.read_text())["users"] - 1
            state.write_text(json.dumps({"users": users, "folder": str(server.folder)}))
            if users == 0:
                server.control("stop", "-m", "immediate")
                shutil.rmtree(server.folder)


@contextlib.contextmanager
def _alone(meeting_place: Path) -> Iterator[None]:
    with (meeting_place / "postgres.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def started(programs: Path, options: tuple[str, ...] = _FAST) -> PostgresServer:
    """Start a server in a new folder."""
    from aggregator.store.postgres.store import PostgresStore  # noqa: PLC0415 - see connect

    server = PostgresServer(Path(tempfile.mkdtemp(prefix="pg")), programs)
    if (owner := _owner()) is not None:
        os.chown(server.folder, owner.pw_uid, owner.pw_gid)
    server.run(
        "initdb",
        "-D",
        str(server.folder / "data"),
        "-U",
        "aggregator",
        "-A",
        "trust",
        "--no-sync",
        "-E",
        "UTF8",
        "--locale=C",
    )
    server.start(options)
    with server.connect() as db:
        db.execute(f"CREATE DATABASE {_TEMPLATE}")
    PostgresStore(server.url(_TEMPLATE)).close()
    return server
