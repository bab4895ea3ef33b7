"""What is wrong on a machine, of what was found there: for `aggregator doctor`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

Grade: TypeAlias = Literal["ok", "warning", "problem"]

_SQLITE_MENDED = (3, 51, 3)
_EXPAT_MENDED = (2, 7, 2)
_LITTLE_ROOM = 200 * 2**20
"""Bytes below which a database, its log and its documents may soon find no room."""
_AHEAD = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    check: str
    grade: Grade
    words: str
    remedy: str = ""


def versions(found: Mapping[str, str]) -> list[Finding]:
    """Judge versions by name: `sqlite` and `expat` have known faults, the others are told."""
    sqlite, expat = found["sqlite"], found["expat"]
    told = ", ".join(f"{name} {version}" for name, version in found.items())
    findings = [Finding("versions", "ok", told)]
    if _numbers(sqlite) < _SQLITE_MENDED:
        words = f"SQLite {sqlite} may damage a database that several connections write at the same instant."
        remedy = "One process writes here, so it is safe; let no other program write it. SQLite 3.51.3 has it mended."
        findings.append(Finding("sqlite", "warning", words, remedy))
    if _numbers(expat) < _EXPAT_MENDED:
        words = f"expat {expat} takes long for some hostile documents."
        remedy = "Parsers are killed in time, so it is safe; a newer Python brings a newer expat."
        findings.append(Finding("expat", "warning", words, remedy))
    return findings


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdigit())


def clock(now: datetime, last_written: datetime | None, built: datetime) -> Finding:
    """Judge the clock by what was written last, and by when this version was made."""
    if now < built:
        return Finding("clock", "problem", f"The clock says {now:%Y-%m-%d}: that is past.", "Set it (timedatectl).")
    if last_written is not None and last_written > now + _AHEAD:
        words = f"The clock says {now:%Y-%m-%d %H:%M}, and a source was polled at {last_written:%Y-%m-%d %H:%M}."
        return Finding("clock", "problem", words, "It went back, or had been ahead: set it (timedatectl).")
    return Finding("clock", "ok", f"{now:%Y-%m-%d %H:%M} UTC")


def room(free: int, database: int) -> Finding:
    """Judge the free space beside a database; both in bytes."""
    words = f"{free / 2**30:.1f} GB free, the database has {database / 2**30:.1f} GB"
    if free < _LITTLE_ROOM:
        return Finding("disk", "problem", f"{words}.", "Make room: nothing is lost when it is full, but nothing comes.")
    if free < database:
        return Finding("disk", "warning", f"{words}.", "A backup beside it, or an upgrade, finds no room.")
    return Finding("disk", "ok", words)
