"""How entries are related, and what else there is on a story."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


class Kinship(StrEnum):
    """How one entry is related to another."""

    LINKS_TO = "links-to"
    """It tells of the other under the other's own address: a headline elsewhere, a commentary."""
    COPY = "copy"
    """The same text, at another publisher's."""
    TRANSLATION = "translation"
    TOGETHER = "together"
    """The operator put them into one story."""
    APART = "apart"
    """The operator keeps them out of one story."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """Another article on the story of an entry."""

    id: str
    title: str
    link: str | None
    source: str
    """Title of the feed that tells it."""
    language: str | None
    published: datetime
    rank: int = 5
    private: bool = False
    """A private feed tells it."""
    kind: Kinship | None = None
    """What it is to the entry, where that can be named: a copy of it, a translation, a link to it."""
