"""Everything that can be secret, in one configuration in which everything fails: no secret is told anywhere."""

from __future__ import annotations

import os
import subprocess
import sys
import urllib.request
from base64 import b64encode
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

import pytest

if TYPE_CHECKING:
    from pathlib import Path

CANARIES = {
    "a header": "canary-header-aa1", "a header from the environment": "canary-environment-bb2", "a cookie": "canary-cookie-cc3", "a path": "canary-path-dd4",
    "a query": "canary-query-ee5", "a user": "canary-user-ff6", "a password": "canary pass/word-gg7", "a token": "canary-token-hh8", "a file": "canary-file-ii9",
    "a list": "canary-list-jj1", "a list's password": "canary-listpass-kk2", "a subscriber": "canary-hubsecret-ll3", "a proxy": "canary-proxy-mm4",
    "a database": "canary-postgres-nn5", "where it moved from": "canary-was-oo6",
}  # fmt: skip
COMMANDS = """
import sys
from aggregator.cli import main
for words in sys.stdin.read().split("\\n"):
    sys.argv = ["aggregator", *words.split()]
    try:
        main()
    except SystemExit as ended:
        print(f"== {words.partition(' ')[0]} {ended.code}", flush=True)
"""


def leaks(*texts: str) -> list[str]:
    """Return which canaries texts tell, as they are or as they look in an address or encoded."""
    forms = {
        (what, form)
        for what, one in CANARIES.items()
        for form in (one, quote(one, safe=""), quote(one), b64encode(one.encode()).decode())
    }
    pair = b64encode(f"{CANARIES['a user']}:{CANARIES['a password']}".encode()).decode()
    return sorted({what for what, form in {*forms, ("a password", pair)} if any(form in text for text in texts)})


def configuration(home: Any, publisher: Any, make: Any) -> str:
    """Write a feeds.yaml with a secret in every place; return the address of the one source that works."""
    host = publisher.base.removeprefix("http://")
    echo = f"<html><title>{CANARIES['a header']} {CANARIES['a query']}</title><link rel=alternate type='application/rss+xml' href='/x?key={CANARIES['a query']}'></html>"
    good = publisher.serve(
        f"/{CANARIES['a path']}/good", make.rss(make.item(1, "For members"), make.item(2, "Of a list"))
    )
    publisher.serve("/echo?key=" + CANARIES["a query"], echo, headers={"Content-Type": "text/html"})
    publisher.serve("/away", b"", status=302, headers={"Location": f"{publisher.base}/there?key={CANARIES['a query']}"})
    publisher.serve("/denied", b"", status=401, headers={"WWW-Authenticate": "Basic"})
    publisher.serve("/broken", b"<rss><channel>", headers={"Content-Encoding": "gzip"})
    publisher.serve(
        f"/{CANARIES['a list']}", "<opml><body>damaged <outline xmlUrl='http://127.0.0.1:9/?key=x'/></body>"
    )
    secret = {name: quote(value, safe="") for name, value in CANARIES.items()}
    (home.folder / "key").write_text(CANARIES["a file"])
    listed = secret["a list's password"]
    login = f"{secret['a user']}:{secret['a password']}"
    home.write(
        f"{{url: '{good}', private: true, tags: [club], was: ['https://old.example/{CANARIES['where it moved from']}']}}",
        f"{{url: '{publisher.base}/echo?key={CANARIES['a query']}', private: true}}",
        f"{{url: '{publisher.base}/away', headers: {{X-Key: '{CANARIES['a header']}', Cookie: 'id={CANARIES['a cookie']}'}}}}",
        f"{{url: 'http://{login}@{host}/denied'}}",
        f"{{url: '{publisher.base}/broken', headers: {{Authorization: 'Bearer ${{CANARY}}'}}}}",
        f"{{url: '{publisher.base}/${{CANARY_KEY}}/gone'}}",
        f"{{opml: 'http://u:{listed}@{host}/${{CANARY_LIST}}'}}",
        more=f"outputs: [{{name: club, tags: [club], token: {CANARIES['a token']}}}]\nsite: {{url: https://news.example/}}\n"
        "polling: {host_gap: 10ms, min_interval: 1s, default_interval: 1s}\n",
    )  # fmt: skip
    return good


@pytest.mark.fault("T16")
@pytest.mark.fault("T18")
def test_no_secret_is_told_anywhere(
    home: Any, publisher: Any, start: Any, make: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither in logs, debug ones too, pages, numbers, documents, exports and copies of settings, nor by a command that fails."""
    monkeypatch.setenv("CANARY", CANARIES["a header from the environment"])
    monkeypatch.setenv("CANARY_KEY_FILE", str(home.folder / "key"))
    monkeypatch.setenv("CANARY_LIST", CANARIES["a list"])
    good = configuration(home, publisher, make)
    original = home.command

    def verbose(*words: str) -> list[str]:
        return [*original()[:3], "-v", *original(*words)[3:]]

    home.command = verbose
    daemon = start().ready()
    club = f"{CANARIES['a token']}/club"
    make.wait_for(lambda: b"For members" in daemon.get(f"{club}.atom")[2])
    make.wait_for(lambda: "list.read" in daemon.log.read_text() or "list.failed" in daemon.log.read_text())
    asked = {
        "hub.mode": "subscribe",
        "hub.topic": "https://news.example/all.atom",
        "hub.callback": f"http://127.0.0.1:9/{CANARIES['a subscriber']}",
        "hub.secret": CANARIES["a subscriber"],
    }
    with urllib.request.urlopen(f"{daemon.base}hub", urlencode(asked).encode(), timeout=5) as answer:
        assert answer.status == 202
    paths = [
        "",
        "?tag=club",
        "search?q=members",
        "sources",
        "subscribe",
        "metrics",
        "readyz",
        "healthz",
        "all.atom",
        "all.json",
        "sources.opml",
        "sources.atom",
    ]
    told = [daemon.get(path, check=False)[2].decode() for path in paths]
    documents = [
        daemon.get(f"{club}.{ending}")[2].decode().replace(CANARIES["a token"], "")
        for ending in ("atom", "rss", "json")
    ]
    words = ["feeds", "feeds --json", "why /echo --json", "why /away", "check --online --json", f"check {good}?x", "poll --all --json", "entries", "opml export",
             "doctor", "health", f"export {home.folder}/site", f"add {good}", "backup /nowhere/x.db"]  # fmt: skip
    said = _said(home, words)
    make.wait_for(lambda: "hub.not_confirmed" in daemon.log.read_text())
    daemon.stop()
    exported = [file.read_text(errors="replace") for file in (home.folder / "site").rglob("*") if file.is_file()]
    assert len(exported) > 5
    names = [name for name in ("a subscriber",) if name in leaks(daemon.log.read_text())]
    assert names == [], daemon.log.read_text()
    for text in (*told, *documents, *said, *exported, daemon.log.read_text()):
        assert leaks(text) == [], text[:3000]


def _said(home: Any, words: list[str], config: Path | None = None) -> list[str]:
    """Run commands one after another in one process; return what they say, by command."""
    script = [sys.executable, "-c", COMMANDS]
    lines = "\n".join(f"--config {config or home.config} -v {one}" for one in words)
    done = subprocess.run(
        script,
        input=lines,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
        env={**os.environ, "COLUMNS": "400"},
    )
    assert done.stdout.count("== --config") == len(words), done.stderr[-3000:]
    return [done.stdout, done.stderr]


@pytest.mark.fault("T16")
def test_no_password_of_a_server_is_told(home: Any) -> None:
    """A proxy's and a database's password, while neither server answers: by no command, as text or JSON, nor in a mistake of the file."""
    password, proxy = CANARIES["a database"], CANARIES["a proxy"]
    home.config.write_text(
        f"database: postgresql://reader:{password}@127.0.0.1:9/news\nnetwork: {{proxy: 'http://u:{proxy}@127.0.0.1:9', timeout: 1s}}\nfeeds: [https://a.example/]\n"
    )
    words = ["feeds", "feeds --json", "check", "doctor --json", "migrate", "run --port 0"]
    said = _said(home, words)
    assert leaks(*said) == [], said
    wrong = home.folder / "wrong.yaml"
    wrong.write_text(home.config.read_text().replace("feeds:", "nonsense: 1\nfeeds:").replace("postgresql", "mysql"))
    assert leaks(*_said(home, ["check", "feeds --json"], wrong)) == []
