"""Elements of other namespaces that change all the time, and are no news."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from aggregator.decide.identity import digest

if TYPE_CHECKING:
    from collections.abc import Callable

    from aggregator.model import Document

SPACES = (
    'xmlns:slash="http://purl.org/rss/1.0/modules/slash/" xmlns:thr="http://purl.org/syndication/thread/1.0" '
    'xmlns:wfw="http://wellformedweb.org/CommentAPI/" xmlns:media="http://search.yahoo.com/mrss/" '
    'xmlns:hatena="http://www.hatena.ne.jp/info/xmlns#" xmlns:podcast="https://podcastindex.org/namespace/1.0"'
)
COUNTED = (
    "<slash:comments>{0}</slash:comments><slash:hit_parade>{0},0</slash:hit_parade><thr:total>{0}</thr:total>"
    "<hatena:bookmarkcount>{0}</hatena:bookmarkcount><wfw:commentRss>https://e.org/1/comments?count={0}</wfw:commentRss>"
    "<media:community><media:statistics views='{0}'/></media:community>"
    "<podcast:transcript url='https://e.org/1.vtt?signed={0}' type='text/vtt'/>"
)
RSS = "<rss version='2.0' {1}><channel><title>T</title><item><title>One</title><guid>1</guid>{0}</item></channel></rss>"
ATOM = (
    "<feed xmlns='http://www.w3.org/2005/Atom' {1}><title>T</title><entry><id>urn:1</id><title>One</title>"
    "<thr:in-reply-to ref='urn:0' href='https://e.org/0' type='text/html'/>"
    "<link rel='replies' type='text/html' href='https://e.org/1#comments' thr:count='{2}' thr:updated='2026-01-0{2}T00:00:00Z'/>"
    "<link rel='replies' type='application/atom+xml' href='https://e.org/1/replies' thr:count='{2}'/>{0}</entry></feed>"
)


@pytest.mark.parametrize("document", [RSS, ATOM], ids=["rss", "atom"])
def test_counts_are_no_edit(document: str, read: Callable[..., Document]) -> None:
    """More comments, views, bookmarks, or another signature of a transcript leave an item what it was."""
    first, second = (read(document.format(COUNTED.format(n), SPACES, n)).items[0] for n in (1, 2))
    assert first == second
    assert digest(first) == digest(second)


def test_a_reply_is_an_item_of_its_own(read: Callable[..., Document]) -> None:
    """What an item replies to is not taken for its link, nor a feed of replies for a page of comments."""
    item = read(ATOM.format("", SPACES, 1)).items[0]
    assert (item.link, item.comments) == (None, "https://e.org/1#comments")
