"""Documents are taken apart at their entries and put together again, byte for byte."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from aggregator.publish.cutting import cut
from aggregator.publish.renderers import RENDERERS

if TYPE_CHECKING:
    from collections.abc import Callable

    from aggregator.model import Entry
    from aggregator.publish.channel import Channel

EVIL = '<entry></entry><item></item>]}"items":[</feed></channel>'


@pytest.mark.parametrize("ending", RENDERERS)
@pytest.mark.parametrize("count", [0, 1, 3])
def test_parts_are_the_document(
    ending: str, count: int, make_entry: Callable[..., Entry], make_channel: Callable[..., Channel]
) -> None:
    """Every entry is a part, whatever it says; together they are the document, without some the document of the others."""
    entries = [make_entry(number, title=EVIL, content=f"<p>{EVIL}</p>", summary=EVIL) for number in range(1, count + 1)]
    channel = make_channel(*entries, title=EVIL, subtitle=EVIL)
    document = RENDERERS[ending](channel)
    parts = cut(document, ending)
    assert len(parts.entries) == count
    assert parts.joined(parts.entries) == document
    fewer = make_channel(*entries[:2], title=EVIL, subtitle=EVIL, updated=channel.updated)
    assert parts.joined(parts.entries[:2]) == RENDERERS[ending](fewer)


@pytest.mark.parametrize("ending", RENDERERS)
def test_other_documents_are_refused(ending: str) -> None:
    """What we did not render is a ValueError."""
    with pytest.raises(ValueError, match="not a document of ours"):
        cut(b"<html></html>", ending)
