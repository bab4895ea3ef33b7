"""Articles of one story by their link: a headline elsewhere, or a commentary, under the article's own address.

The law (docs/design.md): equal links with different titles are two entries of one story.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from aggregator.decide.sites import same_site

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aggregator.decide.stories.article import Article


def linked_to(article: Article, others: Sequence[Article]) -> Article | None:
    """Return the one of the articles with the same canonical URL whose story an article belongs to.

    That is the one on the link's own site, else the first. None where the link is no article's: a home page, or a
    page that some feed lists several entries of (release notes); and where the operator keeps the two apart.
    """
    if not {"/", "?"} & set(article.canonical or ""):
        return None
    told = Counter(other.feed for other in [article, *others])
    if max(told.values()) > 1 or any(other.key in article.apart for other in others):
        return None
    own = (other for other in others if same_site(other.feed, other.link))
    return next(own, others[0] if others else None)


def tells_of(article: Article, other: Article) -> bool:
    """Tell whether the first of two articles with one link tells of the second, rather than the other way round."""
    return same_site(other.feed, other.link) or not same_site(article.feed, article.link)
