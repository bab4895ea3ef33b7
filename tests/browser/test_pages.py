"""The pages in a real browser: read, searched, by keys, without script, by everyone."""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.browser.conftest import complaint

PAGES = ("/", "/?tag=evil", "/search", "/search?q=heron", "/sources", "/subscribe", "story")
HEADLINE = "Brindlewick opens the weights of its Heron model"


@dataclass
class Windows:
    """Windows of the browser, one for each set of options; what their consoles say of errors is kept."""

    browser: Any
    address: str
    errors: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    """What was asked of other sites, which are not there."""
    current: Any = None
    """What others say late does not count."""
    _open: dict[str, Any] = field(default_factory=dict)

    def __call__(self, **options: Any) -> Any:
        """Return a window, the same for the same options, with nothing said yet."""
        self.errors.clear()
        self.asked.clear()
        if repr(options) not in self._open:
            self._open[repr(options)] = self._opened(options)
        self.current = self._open[repr(options)]
        return self.current

    def _opened(self, options: dict[str, Any]) -> Any:
        context = self.browser.new_context(base_url=self.address, **options)
        context.route(re.compile(r"^https?://(?!127\.0\.0\.1)"), self._refuse)
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.on("console", lambda said: self._note(page, complaint(said)))
        page.on("pageerror", lambda error: self._note(page, str(error)))
        return page

    def _note(self, page: Any, said: str | None) -> None:
        if page is self.current and said is not None:
            self.errors.append(said)

    def _refuse(self, route: Any) -> None:
        self.asked.append(route.request.url)
        route.abort()


@pytest.fixture(scope="module")
def opened(browser: Any, town: Any) -> Windows:
    """Return what opens windows."""
    return Windows(browser, town.address)


@pytest.fixture(scope="module")
def story(opened: Windows) -> str:
    """Return the address of a story that several tell."""
    page = opened()
    page.goto("/")
    return str(page.locator(".story", has_text=HEADLINE).locator(".here").get_attribute("href"))


def test_a_reader_filters_and_opens_a_story(opened: Windows) -> None:
    """From the river by language to a story in full, whose images are loaded only when asked for."""
    page = opened(locale="en-IE")
    page.goto("/")
    assert page.locator(".day h2").first.is_visible()
    page.get_by_label("Language").select_option("fr")
    page.get_by_role("button", name="Show").click()
    assert set(page.locator(".story .language").all_inner_texts()) == {"fr"}
    page.get_by_role("link", name=re.compile("remove")).click()
    story = page.locator(".story", has_text=HEADLINE)
    assert story.locator(".others").inner_text() == "Also covered by The Patient Gradient, Le Fil des modèles"
    story.get_by_role("link", name="Read here").click()
    assert page.locator("h1").inner_text() == HEADLINE
    assert page.locator(".content").get_by_text("Image: A heron on a quay").is_visible()
    assert page.locator(".why").first.inner_text().startswith("It shares rare words with “")
    assert "secret" not in page.content()
    assert (opened.asked, opened.errors) == ([], [])
    page.get_by_role("link", name="Show images").click()
    page.locator(".content img").scroll_into_view_if_needed()
    assert opened.asked == ["https://images.example/heron.png"]


def test_keys_lead_through_the_river_and_can_be_switched_off(opened: Windows) -> None:
    """j, k, o and / do what the list of keys says; switched off they stay off on every page, and nothing else breaks."""
    page = opened(locale="en-GB")
    page.goto("/")
    focused = "document.activeElement.textContent"
    heads = page.locator(".story h3 a").all_inner_texts()
    page.keyboard.press("j")
    page.keyboard.press("j")
    assert page.evaluate(focused) == heads[1]
    page.keyboard.press("k")
    assert page.evaluate(focused) == heads[0]
    page.keyboard.press("o")
    page.wait_for_url("**/story/*")
    page.keyboard.press("/")
    page.wait_for_url("**/search")
    page.get_by_role("searchbox").fill("j?")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Keys").click()
    page.get_by_label("Single keys work").uncheck()
    page.get_by_role("button", name="Close").click()
    page.goto("/")
    page.keyboard.press("j")
    page.keyboard.press("?")
    assert page.evaluate("document.activeElement.tagName") == "BODY"
    assert not page.locator("dialog").is_visible()
    assert opened.errors == []


def test_words_that_were_searched_are_marked(opened: Windows) -> None:
    """A search shows what it found with its words marked, and where it is a feed."""
    page = opened()
    page.goto("/search")
    page.get_by_label("All of these words").fill("heron weights")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search?q=heron+weights")
    assert {text.lower() for text in page.locator("mark").all_inner_texts()} == {"heron", "weights"}
    assert page.get_by_role("link", name="This search as a feed").get_attribute("href") == "search.atom?q=heron+weights"
    assert opened.errors == []


def test_news_are_told_without_reloading(opened: Windows, town: Any) -> None:
    """A page that is open tells how many stories have come since, and leads to them."""
    page = opened()
    page.goto("/")
    page.wait_for_timeout(1_100)  # for so long the server's page stands

    def bring() -> None:
        town.bring("oakum", ("Oakum is back, and has news", "<p>Nobody knows why.</p>", 0.01))
        town.settle_stories()

    thread = threading.Thread(target=bring)
    thread.start()
    thread.join()
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    page.get_by_role("link", name="1 new").click()
    assert "Oakum is back" in page.locator(".story").first.inner_text()
    assert page.locator(".new").count() == 0
    assert opened.errors == []


def test_addresses_are_copied(opened: Windows) -> None:
    """A button beside each address copies it, and says so."""
    page = opened(permissions=["clipboard-read", "clipboard-write"])
    page.goto("/subscribe")
    page.get_by_role("button", name="Copy: Address of Model News, by story").click()
    assert page.evaluate("navigator.clipboard.readText()") == "https://news.example/stories.atom"
    assert page.get_by_role("status").inner_text() == "Copied"
    assert opened.errors == []


@pytest.mark.parametrize(("scheme", "rules"), [("light", {}), ("dark", {"runOnly": ["color-contrast"]})])
def test_pages_break_no_rule_of_accessibility(opened: Windows, story: str, scheme: str, rules: dict[str, Any]) -> None:
    """axe-core finds nothing on any page (WCAG 2.2 A and AA, and best practices); what differs in the dark is colours."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    page = opened(color_scheme=scheme)
    for address in PAGES:
        page.goto(story if address == "story" else address)
        results = axe.run(page, options={"resultTypes": ["violations"], **rules})
        assert results.violations_count == 0, f"{address}: {results.generate_report()}"


@pytest.mark.fault("T11")
def test_nothing_hostile_runs(opened: Windows) -> None:
    """No payload of a source that went the whole way into the pages runs, leads elsewhere, or asks anybody anything."""
    page = opened()
    page.goto("/?tag=evil")
    stories = page.locator(".here").evaluate_all("links => links.map(link => link.href)")
    assert stories
    for address in ["/?tag=evil", "/search?q=canary", "/sources", *stories]:
        page.goto(address)
        page.mouse.move(300, 300)
        assert page.evaluate("window.canary") is None
        links = page.locator("a[href]").evaluate_all("links => links.map(link => link.protocol)")
        assert set(links) <= {"http:", "https:"}
    assert (opened.asked, opened.errors) == ([], [])
    page = opened(locale="en-IE")  # whose images are refused: it says so, and may say it late
    for address in stories:
        page.goto(f"{address}?images=1")
        assert page.evaluate("window.canary") is None
    assert set(opened.asked) == {"https://evil.example/x"}


def test_pages_fit_a_small_screen_and_great_zoom(opened: Windows, story: str) -> None:
    """Nothing is to be scrolled sideways at 320 pixels: a phone, or a zoom of 400 % on 1,280 pixels."""
    page = opened(viewport={"width": 320, "height": 640})
    for address in PAGES:
        page.goto(story if address == "story" else address)
        assert page.evaluate("document.documentElement.scrollWidth") <= 320, address
    assert opened.errors == []


def test_everything_works_without_script(opened: Windows) -> None:
    """Filters, search and addresses need no script; what needs one is not offered."""
    page = opened(java_script_enabled=False)
    page.goto("/")
    page.get_by_label("Tag").select_option("podcast")
    page.get_by_role("button", name="Show").click()
    assert set(page.locator(".source").all_inner_texts()) == {"The Patient Gradient"}
    page.goto("/search?q=plattdeutsch")
    assert page.locator("mark").first.inner_text() == "Plattdeutsch"
    assert not page.get_by_role("button", name="Keys").is_visible()
    page.goto("/subscribe")
    assert page.get_by_label("Address of Model News, by story").input_value() == "https://news.example/stories.atom"
    assert page.get_by_role("button").count() == 0


def test_words_run_in_their_own_direction(opened: Windows) -> None:
    """An Arabic story runs from right to left with its language named, those around it do not."""
    page = opened()
    page.goto("/")
    arabic = page.locator(".story[dir=rtl]")
    assert arabic.count() == 1
    assert arabic.locator("h3").get_attribute("lang") == "ar"
    style = "element => [getComputedStyle(element).direction, element.getBoundingClientRect().right]"
    direction, right = arabic.locator("h3").evaluate(style)
    assert direction == "rtl"
    assert arabic.locator("h3 a").evaluate(style)[1] == pytest.approx(right, abs=1)
    assert page.locator("html").evaluate(style)[0] == "ltr"


def test_the_keyboard_alone_is_enough(opened: Windows) -> None:
    """The first stop leads past the navigation; every stop on the way is seen."""
    page = opened()
    page.goto("/")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    outline = "getComputedStyle(document.activeElement).outlineStyle"
    assert page.evaluate("document.activeElement.closest('main') !== null")
    for _ in range(12):
        assert page.evaluate(outline) == "solid"
        page.keyboard.press("Tab")
