"""What the tests of parse/ share."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from aggregator.parse.document import parse

if TYPE_CHECKING:
    from collections.abc import Callable

    from aggregator.model import Document

NOON = datetime(2026, 1, 7, 12, tzinfo=UTC)


@pytest.fixture
def read() -> Callable[..., Document]:
    """Parse a document given as text or bytes, as if https://example.org/feed.xml had answered with it."""

    def read(body: str | bytes, content_type: str | None = "text/xml") -> Document:
        body = body.encode() if isinstance(body, str) else body
        return parse(body, url="https://example.org/feed.xml", content_type=content_type, received=NOON)

    return read


@pytest.fixture
def rss() -> Callable[[str], str]:
    """Wrap items in an RSS 2.0 document."""

    def rss(items: str) -> str:
        return f'<?xml version="1.0"?><rss version="2.0"><channel><title>T</title>{items}</channel></rss>'

    return rss
