"""What an item is recognised by, computed once, where it was parsed: the serial stage only compares."""

from __future__ import annotations

from typing import NamedTuple


class Marks(NamedTuple):
    """Forms of an item in which equal things are equal (decide.identity)."""

    canonical: str | None
    """Of its link."""
    digest: str
    """Of what a reader sees."""
    content_key: str | None
    text: str
    """Digest of its text."""
