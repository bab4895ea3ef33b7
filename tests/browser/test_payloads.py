"""Hostile markup in a real browser: what the pipeline lets through of it runs nothing, loads nothing and hides nothing."""

from __future__ import annotations

import re
import urllib.request
from email.utils import format_datetime
from html import escape
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import pytest

from aggregator.parse.clean import clean_html, plain_text
from aggregator.serve.rates import Rates
from tests.browser.conftest import Town, _aside, complaint, serving
from tests.browser.payloads import AWAY, PAYLOADS, RUN

if TYPE_CHECKING:
    from collections.abc import Iterator

_SITE = "https://evil.example"
_ITEM = """<item><title>{title}</title><link>{link}</link><guid isPermaLink="false">{number}</guid>
<pubDate>{date}</pubDate><description>{text}</description><content:encoded><![CDATA[{cdata}]]></content:encoded>
<comments>javascript:{run}</comments><enclosure url="javascript:{run}" type="text/html" length="1"/></item>"""


def _feed(town: Town) -> bytes:
    """Return a feed with every payload as title and as text of an item of its own, and one with all of them."""
    whole = [*PAYLOADS, "".join(f"<section>{payload}</section>" for payload in PAYLOADS)]
    items = "".join(
        _ITEM.format(
            title=escape(f"{number} {payload[:300]}"), link=f"{_SITE}/{number}", number=number, run=RUN,
            date=format_datetime(town.now), text=escape(payload), cdata=payload.replace("]]>", "]]]]><![CDATA[>"),
        )
        for number, payload in enumerate(whole)
    )  # fmt: skip
    items = re.sub("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe]", "", items)
    head = (
        f"<title>{escape(PAYLOADS[0])}</title><link>javascript:{RUN}</link><image><url>javascript:{RUN}</url></image>"
    )
    return f'<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/"><channel>{head}{items}</channel></rss>'.encode()


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """Return a town with one source, the most hostile; who looks at all of it at once is not told to wait."""
    town = Town(tmp_path_factory.mktemp("hostile"))
    _aside(lambda: town.take("evil", _feed(town)))
    _aside(town.settle_stories)
    with patch.object(Rates, "wait", return_value=0.0), serving(town):
        yield town


@pytest.fixture(scope="module")
def stories(town: Town) -> dict[str, str]:
    """Return the pages of all stories by their addresses; what is nearly the same text is one story."""
    found: dict[str, str] = {}
    page = "?tag=evil"
    while page:
        text = _read(town, page)
        found |= {key: _read(town, key) for key in re.findall(r'href="(story/[^"]+)"', text)}
        older = re.search(r'href="\./(\?[^"]*before=[^"]*)"', text)
        page = older[1].replace("&amp;", "&") if older else ""
    assert len(found) >= 60
    return found


class Watched:
    """A window that notes what was asked of others, what the console said, and what ran."""

    def __init__(self, browser: Any, address: str) -> None:
        self.context = browser.new_context(base_url=address)
        self.context.route(re.compile(r"^https?://(?!127\.0\.0\.1)"), self._refuse)
        self.page = self.context.new_page()
        self.page.set_default_timeout(20_000)
        self.asked: list[str] = []
        self.kinds: set[str] = set()
        """As what."""
        self.said: list[str] = []
        self.page.on("console", lambda one: self._hear(complaint(one)))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.on("dialog", lambda dialog: (self.said.append(dialog.message), dialog.dismiss()))

    def _hear(self, complaint: str | None) -> None:
        if complaint is not None:
            self.said.append(complaint)

    def _refuse(self, route: Any) -> None:
        self.asked.append(route.request.url)
        self.kinds.add(route.request.resource_type)
        route.abort()

    def open(self, address: str) -> None:
        """Go there, touch what is there, and wait for what would happen a little later."""
        self.page.goto(address)
        self.page.mouse.move(300, 300)
        self.page.keyboard.press("Tab")
        self.page.wait_for_timeout(150)

    def show(self, html: str, **headers: str) -> None:
        """Show markup of a test's own, at an address beside the pages."""
        self.page.route(
            "**/shown",
            lambda route: route.fulfill(body=html, headers={"content-type": "text/html; charset=utf-8", **headers}),
        )
        self.open("/shown")
        self.page.unroute("**/shown")

    @property
    def ran(self) -> Any:
        """How often something ran."""
        return self.page.evaluate("window.canary ?? null")


@pytest.fixture
def window(browser: Any, town: Town) -> Iterator[Watched]:
    """Return a window on the town."""
    window = Watched(browser, town.address)
    yield window
    window.context.close()


def _read(town: Town, path: str) -> str:
    with urllib.request.urlopen(f"{town.address}/{path}") as answer:
        return str(answer.read().decode())


@pytest.mark.fault("T11")
@pytest.mark.fault("T12")
def test_no_payload_comes_through_the_pipeline(window: Watched, town: Town, stories: dict[str, str]) -> None:
    """More than sixty payloads, through feed, store and pages: the river, a search, a story with all of them, as feeds."""
    assert len(PAYLOADS) >= 60
    whole = next(key for key, page in stories.items() if f'href="{_SITE}/{len(PAYLOADS)}"' in page)
    for address in (
        "/",
        "/?tag=evil",
        "/search?q=canary",
        "/sources",
        "/subscribe",
        f"/{whole}",
        "/all.atom",
        "/all.rss",
    ):
        window.open(address)
        assert window.ran is None, address
        assert window.page.url == f"{town.address}{address}", "it leads nowhere by itself"
        links = window.page.locator("a[href]").evaluate_all("links => links.map(link => link.protocol)")
        assert set(links) <= {"http:", "https:", "mailto:"}, address
    assert (window.asked, window.said) == ([], [])
    window.open(f"/{whole}?images=1")
    assert window.ran is None
    assert window.kinds == {"image"}
    assert not [address for address in window.asked if address.endswith("1.gif")], "which only counts readers"


@pytest.mark.fault("T11")
def test_what_the_sanitiser_leaves_needs_no_policy(window: Watched, stories: dict[str, str]) -> None:
    """What every story's page shows, and what is stored, on one page without a Content-Security-Policy: nothing runs."""
    shown = [
        re.search(r'<div class="content"[^>]*>(.*?)</div>\n<p class="doing">', page, re.DOTALL)
        for page in stories.values()
    ]
    assert None not in shown
    stored = [clean_html(payload, base=f"{_SITE}/") or "" for payload in PAYLOADS]
    titles = [escape(plain_text(payload, markup=True)) for payload in PAYLOADS]
    parts = [*(found[1] for found in shown if found), *stored, *titles]
    window.show("<!doctype html><p>begin" + "<hr>".join(parts) + "<p id=end>end")
    assert window.ran is None
    assert window.page.locator("hr").count() == len(parts) - 1, "no part swallows those that follow"
    assert window.page.locator("#end").is_visible()
    assert window.kinds <= {"image", "media"}
    bad = "script, style, iframe, object, embed, form, input, button, base, meta, link, svg, math, template, [style], [onclick], [ping], [srcset]"
    assert window.page.evaluate(f"document.body.querySelectorAll({bad!r}).length") == 0


@pytest.mark.fault("T9")
@pytest.mark.fault("T11")
def test_the_policy_alone_keeps_payloads_from_running(window: Watched, town: Town) -> None:
    """With no sanitiser at all, under the policy of our pages, no payload runs, and nobody else is asked but by a refresh."""
    with urllib.request.urlopen(town.address) as answer:
        policy = answer.headers["Content-Security-Policy"]
    raw = [payload for payload in PAYLOADS if "refresh" not in payload and "<plaintext" not in payload]
    for half in (raw[::2], raw[1::2]):
        window.show("<!doctype html>" + "\n".join(half), **{"Content-Security-Policy": policy})
        assert window.ran is None
    assert {address for address in window.asked if AWAY in address} == set()
