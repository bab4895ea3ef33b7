"""Lets go of memory that glibc would keep in reserve."""

from __future__ import annotations

import ctypes

_M_ARENA_MAX = -8
"""mallopt(3)."""


def share_one_arena() -> bool:
    """Let threads that begin from now on take their memory from one pool; return whether the C library can do it.

    glibc gives each thread a pool of its own, against waiting for each other, and each keeps what its most expensive
    piece of work needed once: documents, entries, a rendering. Python's threads take turns anyway.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError):  # another C library
        return False
    return bool(mallopt(_M_ARENA_MAX, 1))
