"""What the invented publishers serve: the files in feeds/, as Jinja templates with fresh dates.

A template knows `base` (the server's address), `round` (1 or 2), and writes a moment so long before now with
`rfc822(hours=3)` (RSS 2.0) or `rfc3339(hours=3)` (Atom, Dublin Core).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

from jinja2 import Environment, PackageLoader, StrictUndefined

ROUNDS = (1, 2)

_RELEASED = {1: timedelta(minutes=10), 2: timedelta(minutes=5)}
"""How long before now the documents of a round were last modified."""

_templates = Environment(
    loader=PackageLoader(__package__, ""),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
)


@dataclass(frozen=True, slots=True)
class Representation:
    """A document as it is served, with its validators (RFC 9110 section 8.8)."""

    body: bytes
    modified: datetime

    @property
    def etag(self) -> str:
        """The opaque tag, without its quotes."""
        return hashlib.sha256(self.body).hexdigest()[:16]


def documents(number: int, *, base: str, now: datetime) -> dict[str, Representation]:
    """Every document of a round, by its path on the server; what did not change keeps its validators."""
    folder = "feeds/"
    names = _templates.list_templates(filter_func=lambda name: name.startswith(folder))
    return {f"/{name.removeprefix(folder)}": _represent(name, number, base, now) for name in names}


def config(*, base: str) -> str:
    """Write a feeds.yaml that reads the documents at `base`."""
    return _templates.get_template("feeds.yaml").render(base=base, address=base.removeprefix("http://"))


def _represent(name: str, number: int, base: str, now: datetime) -> Representation:
    now = now.astimezone(UTC).replace(microsecond=0)
    first, body = (_render(name, round_number, base, now) for round_number in (ROUNDS[0], number))
    return Representation(body, now - _RELEASED[ROUNDS[0] if body == first else number])


def _render(name: str, number: int, base: str, now: datetime) -> bytes:
    def rfc822(**ago: float) -> str:
        return format_datetime(now - timedelta(**ago), usegmt=True)

    def rfc3339(**ago: float) -> str:
        return f"{now - timedelta(**ago):%Y-%m-%dT%H:%M:%SZ}"

    template = _templates.get_template(name)
    return template.render(base=base, round=number, rfc822=rfc822, rfc3339=rfc3339).encode()
