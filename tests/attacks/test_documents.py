"""Documents that want more than to be read: files, networks, memory, time."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from aggregator.config.settings import FeedSettings

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Answer = Callable[..., bytes]

READER = r"""
import json, re, sys, time
from datetime import datetime, UTC
from pathlib import Path

from aggregator.errors import ParseError
from aggregator.parse import worker

folder, told = Path(sys.argv[1]), dict(url="https://lab.example/x", content_type=None, received=datetime(2026, 1, 7, tzinfo=UTC))
worker.load()
documents = [(file.name, file.read_bytes()) for file in sorted(folder.iterdir())]
reads = {
    "feed": lambda body: worker.work(body, told, worker.FEED, (10, 2**40)),
    "page": lambda body: worker.work(body, told, worker.How("page"), (10, 2**40)),
    "sitemap": lambda body: worker.work(body, told, worker.How("sitemap"), (10, 2**40)),
    "list": lambda body: worker.read_list(body, "https://lab.example/x", None, (10, 2**40)),
    "article": lambda body: worker.read_article(body, told, (10, 2**40)),
}
for read in reads.values():  # what is loaded on first use, is loaded now
    try:
        read(b"<html><body><article><h1>A title of words</h1>" + b"<p>Words of a text that is long enough to tell its language.</p>" * 9)
    except ParseError:
        pass
def most():  # VmHWM, not ru_maxrss: that counts the parent before exec, too
    return int(re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())[1])

before, reached = most(), []
sys.addaudithook(lambda event, args: reached.append([event, str(args[0])]) if event in
    ("open", "socket.connect", "socket.getaddrinfo", "os.system", "subprocess.Popen", "urllib.Request") else None)
slowest, texts = 0.0, []
for name, body in documents:
    for kind, read in reads.items():
        begun = time.process_time()
        try:
            texts.append(repr(read(body)))
        except ParseError as error:
            texts.append(str(error))
        slowest = max(slowest, time.process_time() - begun)
seen = list(reached)
print(json.dumps({
    "reached": [one for one in seen if "site-packages" not in one[1] and not one[1].endswith((".py", ".pyc", ".so"))], "slowest": slowest, "read": len(texts),
    "leaks": [text[:300] for text in texts if "root:" in text or "lolol" in text or "canary-of-the-file" in text],
    "grown": most() - before,
}))
"""
ENCODINGS = ("utf-8", "utf-16", "latin-1", "utf-7")
LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
DOCTYPES = {
    "laughs": f'<!DOCTYPE rss [<!ENTITY l0 "lol">{LAUGHS}]>',
    "quadratic": f'<!DOCTYPE rss [<!ENTITY l9 "{"lolol" * 20_000}">]>',
    "file": '<!DOCTYPE rss [<!ENTITY l9 SYSTEM "file://{file}">]>',
    "http": '<!DOCTYPE rss [<!ENTITY l9 SYSTEM "http://127.0.0.1:9/evil">]>',
    "parameter": '<!DOCTYPE rss [<!ENTITY % p SYSTEM "file://{file}"><!ENTITY % q "<!ENTITY l9 SYSTEM \'file://{file}\'>">%p;%q;]>',
    "external": '<!DOCTYPE rss SYSTEM "http://127.0.0.1:9/evil.dtd">',
    "stylesheet": '<?xml-stylesheet type="text/xsl" href="file://{file}"?>',
    "include": "<!-- -->",
}
BODIES = {
    "rss": "<rss version='2.0' xmlns:xi='http://www.w3.org/2001/XInclude'><channel><title>{refs}</title><item><title>{refs}</title>"
    "<xi:include href='file://{file}' parse='text'/><link>https://lab.example/1</link></item></channel></rss>",
    "urlset": "<urlset><url><loc>https://lab.example/{refs}</loc></url></urlset>",
    "opml": "<opml><body><outline xmlUrl='https://lab.example/{refs}' text='{refs}'/></body></opml>",
}  # fmt: skip


@pytest.mark.fault("T19")
def test_entities_reach_nothing_and_grow_to_nothing(tmp_path: Path) -> None:
    """Bombs and external entities in four encodings, in feeds, sitemaps, lists and pages: no file, no network, no growth."""
    (tmp_path / "secret").write_text("canary-of-the-file")
    documents = tmp_path / "documents"
    documents.mkdir()
    for kind, doctype in DOCTYPES.items():
        for root, body in BODIES.items():
            text = doctype.replace("{file}", str(tmp_path / "secret")) + body.replace(
                "{file}", str(tmp_path / "secret")
            )
            text = text.replace("{refs}", "&l9;" * (200 if kind == "quadratic" else 2))
            for encoding in ENCODINGS if kind in {"laughs", "file", "parameter"} else ENCODINGS[:1]:
                whole = f'<?xml version="1.0" encoding="{encoding}"?>{text}'
                (documents / f"{kind}-{root}-{encoding}").write_bytes(
                    whole.encode("ascii" if encoding == "utf-7" else encoding)
                )
    done = subprocess.run(
        [sys.executable, "-c", READER, str(documents)], capture_output=True, text=True, timeout=120, check=True
    )
    found = json.loads(done.stdout.splitlines()[-1])
    assert (
        found["read"]
        == 5 * len(list(documents.iterdir()))
        == 5 * len(BODIES) * (len(DOCTYPES) + 3 * (len(ENCODINGS) - 1))
    )
    assert (found["reached"], found["leaks"]) == ([], [])
    assert found["slowest"] < 2
    assert found["grown"] < 100_000, "kilobytes"


@pytest.mark.fault("T10")
def test_pictures_of_sources_are_asked_for_by_nobody(world: Any, answer: Answer) -> None:
    """Icons, logos, thumbnails and pictures in texts stay where they are: there is nothing to poison, and no SVG to serve."""
    pictures = "".join(
        f"<image><url>{world.origin.url(f'/{n}.svg')}</url></image><icon>{world.origin.url(f'/{n}.ico')}</icon>"
        for n in range(3)
    )
    item = f"<item><title>a</title><guid>a</guid><description>&lt;img src='{world.origin.url('/x.svg')}'&gt;</description></item>"
    world.origin.answers["/feed"] = answer(
        f"<rss version='2.0'><channel><title>T</title>{pictures}{item}</channel></rss>".encode()
    )
    world.configure(FeedSettings(url=world.origin.url()))
    world.round().check_healthy()
    world.later(hours=2)
    world.round().check_healthy()
    assert world.origin.targets == ["/feed", "/feed"]
