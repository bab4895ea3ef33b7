from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from lxml import etree

from aggregator.publish.atom import render_atom
from aggregator.publish.rss import render_rss
from aggregator.publish.styling import styled

if TYPE_CHECKING:
    from collections.abc import Callable

    from aggregator.model import Entry
    from aggregator.publish.channel import Channel


@pytest.mark.parametrize("render", [render_atom, render_rss])
@pytest.mark.parametrize(
    ("path", "sheet"),
    [
        ("all", "static/feed.css"),
        ("s3cret/agents", "../static/feed.css"),
        ("all/2026-01", "../static/feed.css"),
    ],
)
def test_documents_name_their_style_sheet(
    make_entry: Callable[..., Entry],
    make_channel: Callable[..., Channel],
    render: Callable[[Channel], bytes],
    path: str,
    sheet: str,
) -> None:
    """Atom and RSS have one processing instruction before the root, whose address leads to the sheet from any depth."""
    root = etree.fromstring(render(make_channel(make_entry(), path=path)))
    instruction = root.getprevious()
    assert isinstance(instruction, etree._ProcessingInstruction)
    assert (instruction.target, instruction.get("type"), instruction.get("href")) == (
        "xml-stylesheet",
        "text/css",
        sheet,
    )
    assert instruction.getprevious() is None


def test_a_document_without_declaration_is_refused() -> None:
    """What does not begin with an XML declaration gets no instruction in a wrong place."""
    for document in (b"<feed/>", b"<feed a='?>\n'/>", b""):
        with pytest.raises(ValueError, match="without an XML declaration"):
            styled(document, "all")


@pytest.mark.parametrize(
    ("summary", "kind", "text"),
    [
        ("In short.", "text", "In short."),
        ("<p>In short.</p>", "html", "<p>In short.</p>"),
        ("A &amp; B", "html", "A &amp; B"),
    ],
)
def test_a_summary_without_markup_is_text(
    make_entry: Callable[..., Entry], make_channel: Callable[..., Channel], summary: str, kind: str, text: str
) -> None:
    """A summary without tags and references says so, which lets the style sheet show it; any other stays HTML."""
    element = etree.fromstring(render_atom(make_channel(make_entry(summary=summary)))).find(".//{*}summary")
    assert element is not None
    assert (element.get("type"), element.text) == (kind, text)
