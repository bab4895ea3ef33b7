"""Content codings of published documents (RFC 9110 section 8.4): a document is compressed once and sent many times."""

from __future__ import annotations

import gzip
import sys
import zlib
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import brotli  # type: ignore[import-untyped]

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

if TYPE_CHECKING:
    from collections.abc import Callable

_GZIP, _BROTLI, _ZSTD = 6, 5, 9
"""Levels beyond which time grows and sizes hardly shrink: see docs/design.md."""
_ERRORS = (OSError, EOFError, zlib.error, brotli.error, zstd.ZstdError)


@dataclass(frozen=True, slots=True)
class Coding:
    """How documents are compressed, and how a compressed one is told from another's."""

    ending: str
    """Of the name of a file that is compressed so."""
    compress: Callable[[bytes], bytes]
    """Equal bytes give equal bytes, as long as the library is of one version."""
    decompress: Callable[[bytes], bytes]

    def fits(self, compressed: bytes, body: bytes) -> bool:
        """Tell whether this is the compressed form of this body."""
        try:
            return self.decompress(compressed) == body
        except _ERRORS:
            return False


CODINGS = {
    "br": Coding(".br", partial(brotli.compress, mode=brotli.MODE_TEXT, quality=_BROTLI), brotli.decompress),
    "zstd": Coding(".zst", partial(zstd.compress, level=_ZSTD), zstd.decompress),
    "gzip": Coding(".gz", partial(gzip.compress, compresslevel=_GZIP, mtime=0), gzip.decompress),
}
"""By content coding, as registered with IANA; the smaller result first."""
