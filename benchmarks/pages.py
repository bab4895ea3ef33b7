"""How well pages are read without selectors: lists and articles of the layouts in tests/parse/layouts.

    python benchmarks/pages.py [-v]

Of lists, F1 is over the links of a page, as a set; "order" says whether those found stand in the page's order. Titles
and days are shares of the links found that have the right one. Of articles, F1 is over the words of the text.
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).parents[1]))

from aggregator.errors import ParseError
from aggregator.parse.article import parse_article
from aggregator.parse.page import parse_page
from tests.parse.layouts import LAYOUTS, Layout
from tests.parse.layouts.texts import TEXTS, Text

if TYPE_CHECKING:
    from aggregator.model import Item

RECEIVED = datetime(2026, 1, 7, 12, tzinfo=UTC)


def read(layout: Layout) -> dict[str, Item]:
    try:
        document = parse_page(
            layout.html.encode(), url=layout.url, content_type="text/html", received=RECEIVED, selectors=None
        )
    except ParseError as error:
        print(f"  {error}")
        return {}
    return {(item.link or "").partition("?source")[0]: item for item in document.items}


def measure(layout: Layout, *, verbose: bool) -> tuple[float, bool, float, float]:
    found, expected = read(layout), {article.url: article for article in layout.articles}
    right = [url for url in found if url in expected]
    f1 = 2 * len(right) / (len(found) + len(expected)) if found else 0.0
    titles = [url for url in right if found[url].title == expected[url].title]
    days = [url for url in right if expected[url].day == (found[url].published and found[url].published.date())]
    if verbose:
        for url in [url for url in found if url not in expected]:
            print(f"  + {url} {found[url].title!r}")
        for url in [url for url in expected if url not in found]:
            print(f"  - {url}")
        for url in right:
            if url not in titles or url not in days:
                item = found[url]
                print(
                    f"  ~ {url} {item.title!r} {item.published} (expected {expected[url].title!r} {expected[url].day})"
                )
    many = len(right) or 1
    return f1, right == [url for url in expected if url in found], len(titles) / many, len(days) / many


def measure_text(text: Text, *, verbose: bool) -> tuple[float, bool, bool]:
    page = parse_article(text.html.encode(), url=text.url, content_type="text/html", received=RECEIVED)
    found, expected = Counter(page.text.split()), Counter(" ".join(text.lines).split())
    if verbose and found != expected:
        print(f"  + {' '.join((found - expected).elements())}\n  - {' '.join((expected - found).elements())}")
    f1 = 2 * (found & expected).total() / (found.total() + expected.total())
    return f1, page.title == text.title, bool(page.published) and page.published.date() == text.day


def texts(*, verbose: bool) -> None:
    rows = []
    for build in TEXTS:
        text = build()
        rows.append(row := measure_text(text, verbose=verbose))
        print(f"{text.name:20} F1 {row[0]:.2f}  title {'yes' if row[1] else 'NO '}  day {'yes' if row[2] else 'NO '}")
    means = [sum(float(row[n]) for row in rows) / len(rows) for n in range(3)]
    print(f"{len(rows)} articles: F1 {means[0]:.3f}, titles {means[1]:.3f}, days {means[2]:.3f}")


def main() -> None:
    verbose = "-v" in sys.argv
    rows = []
    for build in LAYOUTS:
        layout = build()
        start = time.process_time()
        row = measure(layout, verbose=verbose)
        rows.append(row)
        elapsed = (time.process_time() - start) * 1000
        order = "yes" if row[1] else "NO "
        shares = f"titles {row[2]:.2f}  days {row[3]:.2f}"
        print(f"{layout.name:20} F1 {row[0]:.2f}  order {order}  {shares}  {elapsed:4.0f} ms")
    means = [sum(float(row[n]) for row in rows) / len(rows) for n in range(4)]
    print(
        f"{len(rows)} layouts: F1 {means[0]:.3f}, in order {means[1]:.2f}, titles {means[2]:.3f}, days {means[3]:.3f}"
    )
    texts(verbose=verbose)


if __name__ == "__main__":
    main()
