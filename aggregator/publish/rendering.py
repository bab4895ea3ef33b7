"""One bad entry never costs the document."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from aggregator.publish import legal
from aggregator.publish.piece import piece

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from aggregator.model import Entry
    from aggregator.publish.channel import Channel
    from aggregator.publish.piece import Piece

_log = structlog.get_logger()


def rendered(
    channel: Channel, build: Callable[[Channel, Sequence[Piece]], bytes], pieces: Sequence[Piece] | None = None
) -> bytes:
    """Build the document; when that fails, build it without the entries that fail alone.

    `pieces` are what pieces_of gave for this channel, when they are there already: all formats are made of the same.
    What is left out is logged as `publish.entry_left_out`. Raises what `build` raises for a channel without entries.
    """
    pieces = pieces_of(channel) if pieces is None else pieces
    try:
        return build(channel, pieces)
    except Exception:  # noqa: BLE001 - whatever it is, the other entries go out
        return build(channel, tuple(good for good in pieces if _builds_alone(channel, good, build)))


def pieces_of(channel: Channel) -> tuple[Piece, ...]:
    """Return what documents say of a channel's entries; what cannot be said is left out, and logged."""
    return tuple(_pieces(channel))


def _pieces(channel: Channel) -> Iterator[Piece]:
    for entry in channel.entries:
        try:
            yield piece(entry, channel)
        except Exception as error:  # noqa: BLE001 - see above
            _report(channel, entry, error)


def _builds_alone(channel: Channel, one: Piece, build: Callable[[Channel, Sequence[Piece]], bytes]) -> bool:
    try:
        build(channel, (one,))
    except Exception as error:  # noqa: BLE001 - see above
        _report(channel, one, error)
        return False
    return True


def _report(channel: Channel, entry: Entry | Piece, error: Exception) -> None:
    _log.error(
        "publish.entry_left_out",
        output=channel.name,
        entry=legal.text(str(entry.id)),
        error=f"{type(error).__name__}: {legal.text(str(error))}",
    )
