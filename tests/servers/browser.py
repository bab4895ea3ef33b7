"""A real browser, driven by Playwright: Debian's Chromium, or the one that Playwright installed."""

from __future__ import annotations

import shutil
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

HOW_TO_GET_ONE = "needs a browser: apt install chromium, or playwright install chromium"
QUIET = (
    "--no-sandbox",  # root of a container has no other way; it visits loopback alone
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
"""Words for Chromium: it asks nobody but who the test names."""


@contextmanager
def started() -> Iterator[Any | None]:
    """Yield a browser (playwright.sync_api.Browser); None where there is none."""
    if find_spec("playwright") is None:
        yield None
        return
    api = import_module("playwright.sync_api")
    with api.sync_playwright() as playwright:
        try:
            browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=list(QUIET))
        except api.Error:
            yield None
            return
        yield browser
        browser.close()
