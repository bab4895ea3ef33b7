"""Content codings undone piece by piece, so that a bomb is noticed before it fills the memory (RFC 9110 section 8.4).

Ours rather than aiohttp's because the end mark is demanded: a gzip body without its trailer was cut short, and its
validators must not be kept.
"""

from __future__ import annotations

import sys
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol

import brotli  # type: ignore[import-untyped]

from aggregator.errors import BrokenResponse, TooLarge

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

ACCEPT_ENCODING: Final = "gzip, deflate, br, zstd"

_PIECE: Final = 1 << 16
_MOST_CODINGS: Final = 2
_MOST_MEMBERS: Final = 1000
_ERRORS: Final = (zlib.error, zstd.ZstdError, brotli.error)
_AGAIN: Final = "This should pass; if it does not, tell the publisher."


class _Stream(Protocol):
    """One compressed member."""

    @property
    def eof(self) -> bool:
        """The end mark has been seen."""

    @property
    def unused_data(self) -> bytes:
        """What came after it."""


@dataclass(frozen=True, slots=True)
class _Coding:
    """How a content coding is undone."""

    new: Callable[[bytes], _Stream]
    """Begin a member, given its first bytes."""
    expand: Callable[[Any, bytes], Iterator[bytes]]
    """Feed a member; yields at most about _PIECE bytes at a time."""
    magic: bytes | None = None
    """How a further member begins; None where one is all there is."""


class _Brotli:
    """A brotli stream behind the face of the others."""

    unused_data = b""

    def __init__(self, _: bytes) -> None:
        self.inner = brotli.Decompressor()

    @property
    def eof(self) -> bool:
        return bool(self.inner.is_finished())


def _expand_zlib(stream: zlib._Decompress, data: bytes) -> Iterator[bytes]:
    while True:
        piece = stream.decompress(data, _PIECE)
        yield piece
        data = stream.unconsumed_tail
        if stream.eof or not (data or len(piece) == _PIECE):
            return


def _expand_zstd(stream: zstd.ZstdDecompressor, data: bytes) -> Iterator[bytes]:
    yield stream.decompress(data, _PIECE)
    while not (stream.eof or stream.needs_input):
        yield stream.decompress(b"", _PIECE)


def _expand_brotli(stream: _Brotli, data: bytes) -> Iterator[bytes]:
    piece = stream.inner.process(data, output_buffer_limit=_PIECE)
    # can_accept_more_data() speaks of input alone: output may still be waiting
    while piece or not stream.inner.can_accept_more_data():
        yield piece
        if stream.eof:
            return
        piece = stream.inner.process(b"", output_buffer_limit=_PIECE)


def _new_gzip(_: bytes) -> zlib._Decompress:
    return zlib.decompressobj(16 + zlib.MAX_WBITS)


def _new_deflate(head: bytes) -> zlib._Decompress:
    """Deflate is a zlib stream by the standard, and a bare one by custom."""
    framed = head[0] & 0x0F == zlib.DEFLATED and head[0] >> 4 <= zlib.MAX_WBITS - 8
    return zlib.decompressobj(zlib.MAX_WBITS if framed else -zlib.MAX_WBITS)


def _new_zstd(_: bytes) -> zstd.ZstdDecompressor:
    return zstd.ZstdDecompressor(options={zstd.DecompressionParameter.window_log_max: 23})  # 8 MB: RFC 9659


_GZIP: Final = _Coding(_new_gzip, _expand_zlib, b"\x1f\x8b")
_CODINGS: Final[Mapping[str, _Coding]] = {
    "gzip": _GZIP,
    "x-gzip": _GZIP,
    "deflate": _Coding(_new_deflate, _expand_zlib),
    "br": _Coding(_Brotli, _expand_brotli),
    "zstd": _Coding(_new_zstd, _expand_zstd, b"\x28\xb5\x2f\xfd"),
}


class _Decoder:
    """Undoes one coding: members one after another; what follows the last is not ours."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._coding = _CODINGS[name]
        self._member: _Stream | None = None
        self._members = 0
        self._head = b""
        self._over = False

    @property
    def complete(self) -> bool:
        """The end mark has been seen, or nothing ever came."""
        return self._member is None or self._member.eof

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Decode what came, a bounded piece at a time."""
        data = self._head + data
        self._head = b""
        while data and not self._over:
            if not self._begin(data):
                return
            assert self._member is not None  # noqa: S101 - _begin made one
            yield from self._coding.expand(self._member, data)
            if not self._member.eof:
                return
            data = self._member.unused_data

    def _begin(self, data: bytes) -> bool:
        """Have a member that takes `data`; False when there is none (yet)."""
        if self._member is not None and not self._member.eof:
            return True
        if self._members:
            magic = self._coding.magic
            if magic is not None and len(data) < len(magic) and magic.startswith(data):
                self._head = data
                return False
            if magic is None or not data.startswith(magic) or self._members == _MOST_MEMBERS:
                self._over = True
                return False
        self._members += 1
        self._member = self._coding.new(data)
        return True


class Body:
    """A response's body, decoded as it arrives and never over `limit` bytes, before decoding or after."""

    def __init__(self, host: str, codings: Sequence[str], limit: int) -> None:
        """Take the values of Content-Encoding; raises BrokenResponse for one that was not asked for."""
        self.received = 0
        """Bytes on the wire."""
        self._host = host
        self._limit = limit
        self._size = 0
        self._pieces: list[bytes] = []
        names = [name.strip().lower() for value in codings for name in value.split(",")]
        self._decoders = [self._decoder(name) for name in reversed(names) if name not in ("", "identity")]
        if len(self._decoders) > _MOST_CODINGS:
            raise BrokenResponse(f"{host}: the body is compressed {len(self._decoders)} times over.", _AGAIN)

    def _decoder(self, name: str) -> _Decoder:
        if name not in _CODINGS:
            raise BrokenResponse(
                f"{self._host}: the body is compressed in a way that was not asked for ({name[:20]!r}).",
                "Tell the publisher: the server ignores Accept-Encoding.",
            )
        return _Decoder(name)

    def feed(self, data: bytes) -> None:
        """Take what came; raises TooLarge, or BrokenResponse for what cannot be decoded."""
        self.received += len(data)
        if self.received > self._limit:
            raise too_large(self._host, self._limit)
        try:
            for piece in _through(self._decoders, data):
                self._keep(piece)
        except _ERRORS as error:
            codings = ", ".join(decoder.name for decoder in self._decoders)
            raise BrokenResponse(
                f"{self._host}: the body is labelled {codings} and cannot be decoded as that.", _AGAIN
            ) from error

    def close(self) -> bytes:
        """Give the whole body; raises BrokenResponse when a compressed one lacks its end."""
        for decoder in self._decoders:
            if not decoder.complete:
                raise BrokenResponse(f"{self._host}: the {decoder.name} body was cut short.", _AGAIN)
        return b"".join(self._pieces)

    def _keep(self, piece: bytes) -> None:
        self._size += len(piece)
        if self._size > self._limit:
            raise too_large(self._host, self._limit, " after decompression")
        if piece:
            self._pieces.append(piece)


def _through(decoders: Sequence[_Decoder], data: bytes) -> Iterator[bytes]:
    if not decoders:
        yield data
        return
    for piece in decoders[0].feed(data):
        yield from _through(decoders[1:], piece)


def too_large(host: str, limit: int, when: str = "") -> TooLarge:
    """Say that a body is over `limit` bytes."""
    return TooLarge(
        f"{host}: the body is over {limit:,} bytes{when}.",
        "If it is a feed of that size, raise network.max_body in feeds.yaml.",
    )
