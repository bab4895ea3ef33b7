"""Small bodies that become large ones, through the whole pipeline."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
import zlib
from typing import TYPE_CHECKING, Any

import brotli  # type: ignore[import-untyped]
import pytest

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

MEGABYTE = 10**6
GROWTH = 32 * 1024
"""Kilobytes that the process may grow by, over 20 healthy feeds and a bomb."""


def packed(pack: Callable[[bytes], bytes], end: Callable[[], bytes], megabytes: int) -> bytes:
    """Compress a feed that never ends, without holding it."""
    blocks = [pack(b"<rss><channel><title>"), *(pack(b"A" * MEGABYTE) for _ in range(megabytes))]
    return b"".join([*blocks, end()])


def bomb(name: str) -> bytes:
    """Make a bomb: a gigabyte where that is quick, else 200 MB."""
    if name == "br":
        brotli_ = brotli.Compressor(quality=1)
        return packed(brotli_.process, brotli_.finish, 1000)
    if name == "zstd":
        zstd_ = zstd.ZstdCompressor()
        return packed(zstd_.compress, zstd_.flush, 1000)
    bits = {"deflate": 15, "raw deflate": -15}.get(name, 31)
    zlib_ = zlib.compressobj(1, wbits=bits)
    body = packed(zlib_.compress, zlib_.flush, 200)
    return gzip.compress(body) if name == "gzip, gzip" else body


BOMBS = ["gzip", "gzip, gzip", "br", "zstd", "deflate", "raw deflate"]


def labelled(name: str) -> str:
    """Return the header of a bomb."""
    return f"Content-Encoding: {'deflate' if name == 'raw deflate' else name}"


@pytest.fixture(scope="session")
def bombs() -> dict[str, bytes]:
    """Return all bombs; each is less than the limit of a body."""
    made = {name: bomb(name) for name in BOMBS}
    assert max(map(len, made.values())) < 5 * MEGABYTE
    return made


@pytest.mark.fault("F15")
@pytest.mark.parametrize("name", BOMBS)
@pytest.mark.fault("T24")
def test_F15_a_bomb_is_too_large_after_decompression(
    name: str, world: Any, answer: Callable[..., bytes], bombs: dict[str, bytes]
) -> None:
    """Its own feed fails, in these words; nothing else does."""
    fault = answer(bombs[name], labelled(name), 'ETag: "bad"')
    world.suffers(fault, r"^faulty\.example: .* over 10,000,000 bytes.* after decompression")


@pytest.mark.fault("F15")
def test_F15_raw_deflate_labelled_deflate_is_read(world: Any, answer: Callable[..., bytes], rss: Any) -> None:
    """What servers send that misread the standard is read fine."""
    packer = zlib.compressobj(wbits=-15)
    body = packer.compress(rss("one")) + packer.flush()
    world.origin.answers["/feed"] = answer(body, "Content-Encoding: deflate")
    world.configure(world.origin.url())
    world.round().check_healthy()
    assert world.titles(world.origin.url()) == {"one"}


POLL = r"""
import asyncio, json, re, sys
from pathlib import Path
from aggregator.config.load import load
from aggregator.decide.choice import Choice
from aggregator.run.clock import utc_now
from aggregator.run.engine import Engine, take_over
from aggregator.run.round import poll_round
from aggregator.store.sqlite.store import SqliteStore

async def poll(store, settings, bombs):
    async with Engine(store, settings) as engine:
        grown, errors = {}, {}
        for url in ["", *bombs]:  # the first round warms everything up
            Path("/proc/self/clear_refs").write_text("5")  # the high-water mark begins anew at what is used now
            before = high_water()
            urls = frozenset(u for u in settings.sources if u == url or u not in bombs)
            reports = poll_round(engine.pipeline, store, Choice(urls, force=True, refetch=True), utc_now)
            found = {report.url: report async for report in reports}
            assert len(found) == 20 + bool(url)
            assert not [report for report in found.values() if report.error and report.url != url], found
            if url:
                grown[url], errors[url] = high_water() - before, found[url].error
    return {"grown": grown, "errors": errors}

def high_water():  # VmHWM, not ru_maxrss: that counts the parent before exec, too
    return int(re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())[1])

path = Path(sys.argv[1])
settings = load(path, {})
store = SqliteStore(path.parent / "aggregator.db")
take_over(store, settings, utc_now())
print(json.dumps(asyncio.run(poll(store, settings, sys.argv[2:]))))
store.close()
"""


@pytest.mark.fault("T24")
def test_T24_bombs_do_not_fill_the_memory(
    world: Any, answer: Callable[..., bytes], bombs: dict[str, bytes], tmp_path: Path
) -> None:
    """Every bomb beside twenty healthy feeds, in a process of its own: it grows by 32 MB at most."""
    urls = {name: world.origin.url(f"/{number}", host="127.0.0.1") for number, name in enumerate(bombs)}
    for number, (name, body) in enumerate(bombs.items()):
        world.origin.answers[f"/{number}"] = answer(body, labelled(name))
    world.publisher.edition = 3
    healthy = [world.publisher.url(f"/{number}", host="127.0.0.1") for number in range(20)]
    config = tmp_path / "feeds.yaml"
    feeds = "".join(f"  - {url}\n" for url in [*urls.values(), *healthy])
    config.write_text(
        f"polling: {{host_gap: 0s, per_host: 20}}\nnetwork: {{allow_private: [127.0.0.0/8]}}\nfeeds:\n{feeds}"
    )
    done = subprocess.run(
        [sys.executable, "-c", POLL, str(config), *urls.values()],
        check=True, stdout=subprocess.PIPE, timeout=100,
    )  # fmt: skip
    found = json.loads(done.stdout.splitlines()[-1])
    assert all("after decompression" in error for error in found["errors"].values())
    grown = {name: found["grown"][url] for name, url in urls.items()}
    assert max(grown.values()) < GROWTH, grown
