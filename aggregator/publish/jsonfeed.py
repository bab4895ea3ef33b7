"""JSON Feed 1.1 (https://www.jsonfeed.org/version/1.1/)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from aggregator.publish import legal
from aggregator.publish.piece import hubs_of, publisher, shown_title
from aggregator.publish.plain import excerpt, plain
from aggregator.publish.rendering import rendered

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from aggregator.model import Enclosure, Header, Person
    from aggregator.publish.channel import Channel
    from aggregator.publish.piece import Piece

_UNKNOWN_TYPE = "application/octet-stream"


def render_json(channel: Channel, pieces: Sequence[Piece] | None = None) -> bytes:
    """Return the channel as a JSON Feed document, UTF-8, without white space, its keys in a fixed order."""
    return rendered(channel, _document, pieces)


def _document(channel: Channel, pieces: Sequence[Piece]) -> bytes:
    feed = _given(
        version="https://jsonfeed.org/version/1.1",
        title=shown_title(channel),
        home_page_url=legal.text(channel.base),
        feed_url=legal.text(channel.address("json")),
        description=legal.line(channel.subtitle),
        authors=_authors(publisher(channel)),
        language=legal.language(channel.language),
        hubs=[{"type": "WebSub", "url": hub} for hub in hubs_of(channel)],
    )
    feed["items"] = [_item(piece, full=channel.full_content) for piece in pieces]
    return json.dumps(feed, ensure_ascii=False, separators=(",", ":")).encode()


def _item(piece: Piece, *, full: bool) -> dict[str, Any]:
    summary = excerpt(plain(piece.summary))
    return _given(
        id=piece.id,
        url=piece.link,
        title=piece.title,
        content_html=piece.text if full else None,
        content_text=None if full else summary or piece.title,
        summary=summary if piece.content or not full else None,
        image=piece.thumbnail,
        date_published=legal.rfc3339(piece.published),
        date_modified=legal.rfc3339(piece.updated),
        authors=_authors(piece.authors),
        tags=list(dict.fromkeys(category.label for category in piece.categories)),
        language=piece.language,
        attachments=[_attachment(file) for file in piece.enclosures],
        _source=_source(piece.source, piece.feed),
        _story=_story(piece),
    )


def _story(piece: Piece) -> dict[str, Any]:
    """Return the story that an item leads: an extension, its members documented in docs/design.md."""
    if not piece.story:
        return {}
    return {
        "id": piece.story,
        "size": 1 + len(piece.coverage),
        "coverage": [
            _given(
                title=one.title,
                url=one.link,
                source=one.source,
                language=one.language,
                date_published=legal.rfc3339(one.published),
                relation=one.kind,
            )
            for one in piece.coverage
        ],
    }


def _authors(people: Iterable[Person]) -> list[dict[str, str]]:
    return [_given(name=person.name, url=person.uri) for person in people]


def _attachment(file: Enclosure) -> dict[str, Any]:
    return _given(
        url=file.href,
        mime_type=file.type or _UNKNOWN_TYPE,
        size_in_bytes=file.length,
        duration_in_seconds=file.duration,
    )


def _source(header: Header, feed: str | None) -> dict[str, Any]:
    return _given(title=header.title, url=header.site, feed=feed)


def _given(**fields: Any) -> dict[str, Any]:
    """Leave out what is unknown or empty."""
    return {name: value for name, value in fields.items() if value}
