"""The hostile documents and the real feeds that lie beside the repository, where they do."""

from __future__ import annotations

import io
import json
import lzma
import os
import subprocess
import sys
import tarfile
import warnings
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import feedparser
import pytest

from aggregator.errors import EmptyDocument, NotAFeed, ParseError
from aggregator.parse.encoding import legal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from aggregator.model import Document

CORPUS = Path(__file__).parents[3] / "shared" / "corpus"
TITLE = "é à ü — “x” 日本"
TITLES = {
    **dict.fromkeys(("utf8_bom.xml", "utf16le_bom.xml", "utf16be_bom.xml", "utf8_declared_latin1.xml", "utf8_header_says_latin1.xml"), TITLE),
    **dict.fromkeys(("cp1252_declared_latin1.xml", "cp1252_declared_utf8.xml"), "café ’€"),
    "no_declaration_gb18030.xml": "人工智能新闻",
    "shift_jis.xml": "人工知能",
    "html_entities.xml": "café ’",
    "control_chars.xml": "abc",
    "lone_surrogate.xml": "ab",
    "unescaped_amp.xml": "AT&T & R&D <3",
    "emoji_zwj_rtl.xml": "👩\u200d💻 evil עברית",
}  # fmt: skip
REFUSED = {"empty.xml": EmptyDocument, "whitespace.xml": EmptyDocument}
COUNTS = {
    "billion_laughs.xml": 4, "quadratic.xml": 4, "xxe_file.xml": 4, "xxe_http.xml": 4, "xxe_param.xml": 3, "dtd_external.xml": 3,
    "xinclude.xml": 4, "deep_nesting.xml": 3, "deep_html.xml": 4, "huge_text.xml": 4, "many_items.xml": 1000, "many_attrs.xml": 3,
    "long_guid.xml": 4, "unknown_encoding.xml": 3, "numeric_ref_bad.xml": 4, "truncated_mid_item.xml": 2, "leading_whitespace.xml": 3,
    "php_warning_before.xml": 3, "unclosed_tag.xml": 3, "undeclared_ns.xml": 4, "dates.xml": 19, "xss_content.xml": 16, "xss_fields.xml": 4,
    "dup_guid.xml": 2, "vanish_return_2.xml": 0, "ssrf_links.xml": 5, "no_guid_no_link.xml": 3,
}  # fmt: skip


def strings(value: Any) -> Iterator[str]:
    """Every string in a document."""
    if isinstance(value, str):
        yield value
    elif is_dataclass(value):
        for each in fields(value):
            yield from strings(getattr(value, each.name))
    elif isinstance(value, tuple | frozenset):
        for member in value:
            yield from strings(member)


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[dict[str, Any], bytes]]:
    """Return the hostile documents with their manifest."""
    generator = CORPUS / "hostile.py"
    if not generator.exists():
        pytest.skip(f"the generator of hostile documents is not there: {generator}")
    folder = tmp_path_factory.mktemp("hostile")
    subprocess.run([sys.executable, str(generator), str(folder)], check=True, capture_output=True)
    manifest = map(json.loads, (folder / "manifest.jsonl").read_text().splitlines())
    return [(each, (folder / each["file"]).read_bytes()) for each in manifest]


def test_hostile_documents(hostile: list[tuple[dict[str, Any], bytes]], read: Callable[..., Document]) -> None:
    """Every hostile document is read or refused as its manifest says, with nothing illegal or read from a file."""
    seen: dict[str, Any] = {}
    for each, body in hostile:
        try:
            seen[each["file"]] = read(body, each.get("http", {}).get("content_type"))
        except ParseError as error:
            seen[each["file"]] = error
    for name, result in seen.items():
        assert all(text == legal(text) and "root:" not in text for text in strings(result)), name
    assert {name: seen[name].items[0].title for name in TITLES} == TITLES
    assert {name: len(seen[name].items) for name in COUNTS} == COUNTS
    refused = {name: type(result) for name, result in seen.items() if isinstance(result, ParseError)}
    others = {each["file"] for each, _ in hostile if each["kind"] == "not-a-feed" or each["file"].endswith(".gz")}
    assert refused == {**dict.fromkeys(others, NotAFeed), **REFUSED}


MEASURE = r"""
import json, re, sys, time
from datetime import UTC, datetime
from aggregator.errors import ParseError
from aggregator.parse.document import parse

def cost(body):
    start = time.process_time()
    try:
        parse(body, url="https://example.org/", content_type="text/xml", received=datetime.now(UTC))
    except ParseError:
        pass
    return time.process_time() - start

item = b"<item><title>T</title><link>https://e.org/%d</link><description>&lt;p&gt;Words.&lt;/p&gt;</description></item>"
full = b"<rss version='2.0'><channel><title>T</title>" + b"".join(item % n for n in range(1000)) + b"</channel></rss>"
yardstick = min(cost(full) for _ in range(3))
costs = {}
for name in sys.argv[1:]:
    with open(name, "rb") as file:
        body = file.read()
    costs[name] = cost(body) / yardstick
    if costs[name] > 3:  # in turns: the machine may be slower than it was at the beginning
        turns = [(cost(body), cost(full)) for _ in range(4)]
        costs[name] = min(own for own, _ in turns) / min(honest for _, honest in turns)
with open("/proc/self/status") as status:  # not ru_maxrss: that counts the parent before exec, too
    print(json.dumps([int(re.search(r"VmHWM:\s+(\d+)", status.read())[1]), costs]))
"""


def test_hostile_documents_cost_little(hostile: list[tuple[dict[str, Any], bytes]], tmp_path: Path) -> None:
    """One process reads all hostile documents within 200 MB, none for more than ten honest ones of 1,000 items."""
    paths = []
    for each, body in hostile:
        paths.append(tmp_path / each["file"])
        paths[-1].write_bytes(body)
    untraced = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE")}
    command = [sys.executable, "-c", MEASURE, *map(str, paths)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=untraced)
    memory, costs = json.loads(done.stdout)
    assert memory < 200 * 1024
    assert {Path(name).name: cost for name, cost in costs.items() if cost > 10} == {}


def test_real_feeds(tmp_path: Path, read: Callable[..., Document]) -> None:
    """Every real feed parses, with as many items as feedparser finds alone, in legal strings, its dates agreeing."""
    archive = CORPUS / "real-feeds.tar.xz"
    if not archive.exists():
        pytest.skip(f"the archive of real feeds is not there: {archive}")
    with lzma.open(archive) as packed, tarfile.open(fileobj=packed) as files:
        files.extractall(tmp_path, filter="data")
    documents = 0
    for path in sorted(each for each in tmp_path.rglob("*") if each.is_file()):
        body = path.read_bytes()
        document = read(body, None)
        with warnings.catch_warnings(action="ignore"):
            alone = feedparser.parse(io.BytesIO(body), sanitize_html=False, resolve_relative_uris=False)
        assert len(document.items) == min(len(alone.entries), 1000), path.name
        assert all(text == legal(text) for text in strings(document)), path.name
        documents += 1
    assert documents == 138
