from __future__ import annotations

import pytest
from lxml import etree

from aggregator.publish.extension import parsed_back


def test_a_whole_document_comes_back() -> None:
    """A document that parses and holds what it should is handed on as it is."""
    document = b"<rss><channel><item/><item/></channel></rss>"
    assert parsed_back(document, 2, "channel/item") is document


def test_a_document_that_lost_an_entry_is_refused() -> None:
    """What was written has to be there when it is read."""
    with pytest.raises(ValueError, match="1 of 2 entries came back"):
        parsed_back(b"<rss><channel><item/></channel></rss>", 2, "channel/item")


def test_a_broken_document_is_refused() -> None:
    """What a subscriber could not parse never goes out."""
    with pytest.raises(etree.XMLSyntaxError):
        parsed_back(b"<rss><channel>&#0;</channel></rss>", 0, "channel/item")
