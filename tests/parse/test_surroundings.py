from __future__ import annotations

import pytest

from aggregator.parse.surroundings import without_surroundings
from aggregator.parse.webpage import read_webpage

BODY = "".join(
    f"<p>{'Words of the article that go on for a while, with no link in them. ' * 4}{n}</p>" for n in range(4)
)
CARDS = "".join(
    f"<div><a href='/{n}'><h4>Another story {n}</h4></a><p>Its teaser, which is short.</p></div>" for n in range(3)
)


def left(html: str) -> str:
    """Return the text that is left of a page."""
    page = read_webpage(
        f"<html><body><main>{html}</main></body></html>".encode(), url="https://a.example/x", content_type=None
    )
    return " ".join(without_surroundings(page).root.text_content().split())


@pytest.mark.parametrize(
    "box",
    [
        f"<section><h2>Related articles</h2>{CARDS}</section>",
        f"<div class='x'><h3>Articles récents</h3>{CARDS}</div>",
        f"<h3>Das könnte Sie auch interessieren</h3>{CARDS}",
        f"<div class='related-posts'>{CARDS}</div>",
        "<div class='newsletter-signup'><p>Another story of our newsletter.</p></div>",
        "<nav><a href='/s'>Another story</a></nav>",
    ],
)
def test_boxes_go(box: str) -> None:
    """Boxes of other articles, by heading or by name, invitations and navigation are taken away, the article stays."""
    text = left(BODY + box)
    assert "Another story" not in text
    assert text.count("go on for a while") == 16


@pytest.mark.parametrize(
    "html",
    [
        f"<div class='content-with-sidebar'>{BODY}</div>",
        f"<div class='related'>{BODY}</div>",
        f"<h2>More about the method</h2>{BODY}",
        f"<h2>Related work</h2>{BODY}",
    ],
)
def test_the_article_stays(html: str) -> None:
    """What holds the article is never a box, whatever it is called; a heading of its own announces nothing else."""
    assert left(html).count("go on for a while") == 16
