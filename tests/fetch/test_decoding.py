"""Bodies are decoded completely or not at all, and bombs are noticed early."""

from __future__ import annotations

import gzip
import sys
import tracemalloc
import zlib
from typing import TYPE_CHECKING

import brotli  # type: ignore[import-untyped]
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.errors import BrokenResponse, TooLarge
from aggregator.fetch.decoding import ACCEPT_ENCODING, Body

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

if TYPE_CHECKING:
    from collections.abc import Callable

MEGABYTE = 10**6
TEXT = b"<rss>" + bytes(range(256)) * 400 + b"</rss>"


def raw_deflate(data: bytes) -> bytes:
    """Compress as servers do that misread the standard."""
    compressor = zlib.compressobj(wbits=-15)
    return compressor.compress(data) + compressor.flush()


CODERS: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "gzip": ("gzip", gzip.compress),
    "x-gzip": ("x-gzip", gzip.compress),
    "deflate": ("deflate", zlib.compress),
    "raw deflate": ("deflate", raw_deflate),
    "br": ("br", brotli.compress),
    "zstd": ("zstd", zstd.compress),
    "gzip twice": ("gzip, gzip", lambda data: gzip.compress(gzip.compress(data))),
    "br in gzip": ("BR , Gzip", lambda data: gzip.compress(brotli.compress(data))),
    "identity": ("identity", bytes),
}


def decode(data: bytes, *codings: str, limit: int = MEGABYTE, step: int = 1 << 16) -> bytes:
    """Decode a body that arrives in steps."""
    body = Body("news.example", codings, limit)
    for start in range(0, len(data), step):
        body.feed(data[start : start + step])
    return body.close()


@pytest.mark.parametrize("name", CODERS)
@pytest.mark.parametrize("step", [1, 1000, 1 << 20])
def test_every_coding_in_any_pieces(name: str, step: int) -> None:
    """However the bytes arrive, the same body comes out."""
    codings, compress = CODERS[name]
    assert decode(compress(TEXT), codings, step=step) == TEXT


@given(st.binary(max_size=3000), st.sampled_from(sorted(CODERS)), st.integers(1, 500))
def test_decoding_undoes_coding(data: bytes, name: str, step: int) -> None:
    """What was compressed comes back."""
    codings, compress = CODERS[name]
    assert decode(compress(data), codings, step=step) == data


def test_what_is_asked_for_is_what_is_decoded() -> None:
    """Accept-Encoding promises nothing that cannot be undone, and nothing that can is left out."""
    asked = ACCEPT_ENCODING.split(", ")
    assert {coding for coding, _ in CODERS.values() if coding in asked} == set(asked)


def test_codings_on_several_lines_are_one_list() -> None:
    """Two Content-Encoding lines were applied in their order."""
    assert decode(gzip.compress(zlib.compress(TEXT)), "deflate", "gzip") == TEXT


@pytest.mark.parametrize("name", ["gzip", "deflate", "raw deflate", "br", "zstd", "gzip twice"])
@pytest.mark.parametrize("lost", [1, 8, 100])
def test_a_body_without_its_end_is_broken(name: str, lost: int) -> None:
    """A lost trailer means a lost end, even where all the text is there."""
    codings, compress = CODERS[name]
    with pytest.raises(BrokenResponse, match="cut short"):
        decode(compress(TEXT)[:-lost], codings)


def test_a_body_cut_inside_is_broken() -> None:
    """When the inner coding was cut before the outer one was applied, the inner end is missed."""
    with pytest.raises(BrokenResponse, match="cut short"):
        decode(gzip.compress(gzip.compress(TEXT)[:-8]), "gzip, gzip")


@pytest.mark.parametrize(("name", "compress"), [("gzip", gzip.compress), ("zstd", zstd.compress)])
@pytest.mark.parametrize("step", [1, 1 << 16])
def test_members_follow_each_other(name: str, compress: Callable[[bytes], bytes], step: int) -> None:
    """A file glued together from compressed files is one body."""
    assert decode(compress(b"one ") + compress(b"") + compress(b"two"), name, step=step) == b"one two"
    with pytest.raises(BrokenResponse, match="cut short"):
        decode(compress(b"one ") + compress(TEXT)[:-3], name, step=step)


@pytest.mark.parametrize("garbage", [b"\0" * 512, b"trailing", b"\x1f", b"\x1f\x00"])
@pytest.mark.parametrize("step", [1, 1 << 16])
@pytest.mark.parametrize("name", ["gzip", "deflate", "zstd"])
def test_garbage_after_the_end_is_ignored(name: str, garbage: bytes, step: int) -> None:
    """Padding after the end mark harms nobody."""
    assert decode(CODERS[name][1](TEXT) + garbage, name, step=step) == TEXT


def test_endless_members_are_not_followed() -> None:
    """A million empty members cost no more than a thousand."""
    assert decode(gzip.compress(b"x") + gzip.compress(b"") * 3000 + gzip.compress(b"y"), "gzip") == b"x"


@pytest.mark.parametrize("name", ["gzip", "deflate", "br", "zstd"])
def test_an_empty_body_is_empty(name: str) -> None:
    """Servers label empty bodies too."""
    assert decode(b"", name) == b""


@pytest.mark.parametrize("name", ["gzip", "deflate", "br", "zstd"])
def test_what_is_mislabelled_is_broken(name: str) -> None:
    """Plain text labelled as compressed is named as such."""
    with pytest.raises(BrokenResponse, match=f"labelled {name}"):
        decode(b"<?xml version='1.0'?><rss>" * 20, name)


def test_a_wrong_checksum_is_broken() -> None:
    """One flipped bit in the trailer is noticed."""
    data = bytearray(gzip.compress(TEXT))
    data[-8] ^= 1
    with pytest.raises(BrokenResponse, match="cannot be decoded"):
        decode(bytes(data), "gzip")


@pytest.mark.parametrize("codings", ["compress", "aws-chunked", "gzip, foo"])
def test_an_unknown_coding_is_refused(codings: str) -> None:
    """What was not asked for is not guessed at."""
    with pytest.raises(BrokenResponse, match="not asked for"):
        decode(b"x", codings)


def test_more_than_two_codings_are_refused() -> None:
    """Nobody compresses three times over in good faith."""
    with pytest.raises(BrokenResponse, match="3 times"):
        decode(b"x", "gzip, gzip, gzip")


def test_a_zstd_window_over_eight_megabytes_is_refused() -> None:
    """A frame may not ask for more memory than RFC 9659 grants."""
    compressor = zstd.ZstdCompressor(options={zstd.CompressionParameter.window_log: 27})
    with pytest.raises(BrokenResponse, match="cannot be decoded"):
        decode(compressor.compress(TEXT) + compressor.flush(), "zstd")


def test_the_limit_is_exact() -> None:
    """A body of the limit passes, one byte more does not, before decoding or after."""
    assert len(decode(b"x" * 1000, limit=1000)) == 1000
    assert len(decode(gzip.compress(b"x" * 1000), "gzip", limit=1000)) == 1000
    with pytest.raises(TooLarge, match="over 1,000 bytes"):
        decode(b"x" * 1001, limit=1000)
    with pytest.raises(TooLarge, match="after decompression"):
        decode(gzip.compress(b"x" * 1001), "gzip", limit=1000)


def bomb(name: str, size: int) -> bytes:
    """Compress `size` zeros without holding them."""
    block = b"\0" * MEGABYTE
    makers = {
        "gzip": (zlib.compressobj(9, wbits=31), "compress", "flush"),
        "deflate": (zlib.compressobj(9), "compress", "flush"),
        "br": (brotli.Compressor(quality=5), "process", "finish"),
        "zstd": (zstd.ZstdCompressor(), "compress", "flush"),
    }
    compressor, step, end = makers[name]
    blocks = [getattr(compressor, step)(block) for _ in range(size // MEGABYTE)]
    return b"".join([*blocks, getattr(compressor, end)()])


@pytest.mark.parametrize("name", ["gzip", "gzip, gzip", "deflate", "br", "zstd"])
@pytest.mark.fault("T24")
def test_bombs_stop_at_the_limit(name: str) -> None:
    """A gigabyte in a megabyte is over the limit at once, and the memory hardly grows."""
    outer, _, inner = name.partition(", ")
    data = bomb(outer, 1000 * MEGABYTE if outer in ("br", "zstd") else 200 * MEGABYTE)
    data = gzip.compress(data) if inner else data
    tracemalloc.start()
    try:
        with pytest.raises(TooLarge, match="after decompression"):
            decode(data, name, limit=10 * MEGABYTE)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 32 * MEGABYTE
