"""Publishers and their manners: permalinks, no guids, guids anew at every poll, other people's articles."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from aggregator.config.settings import FeedSettings
from aggregator.model import Item
from subscribed.articles import Site

if TYPE_CHECKING:
    from datetime import datetime

    from subscribed.articles import Article


@dataclass
class Source:
    """A feed: what it lists now, and under which names."""

    url: str
    site: Site
    tags: tuple[str, ...]
    language: str = "en"
    guids: str = "own"
    """`permalink`, `own`, `none`, `fresh` (others at every poll)."""
    tail: str = ""
    teaser: bool = False
    dated: bool = True
    salt: int = 0
    configured: bool = True
    last_success: datetime | None = None
    listed: dict[str, Article] = field(default_factory=dict)
    ever: dict[str, Article] = field(default_factory=dict)

    @property
    def settings(self) -> FeedSettings:
        """The source as the operator configures it."""
        return FeedSettings(url=self.url, tags=self.tags)

    def document(self) -> list[tuple[str, Item]]:
        """Return what is listed now, the newest first, with the articles' names."""
        if self.guids == "fresh":
            self.salt += 1
        return [(name, self._item(article)) for name, article in reversed(self.listed.items())]

    def list(self, article: Article) -> None:
        """List an article, or list it again."""
        self.listed[article.name] = self.ever[article.name] = article

    def _item(self, article: Article) -> Item:
        permalink = f"{article.link}#{self.salt}" if self.salt else article.link
        guids = {"permalink": permalink, "none": None}
        return Item(
            title=article.title + ("" if article.shares_link else self.tail),
            guid=guids.get(self.guids, f"{self.site.host} {article.name} {self.salt}"),
            link=article.link,
            content=(article.text[:280] + "…" if self.teaser else article.text) or None,
            published=article.published if self.dated else None,
            language=article.language,
        )


def sources() -> dict[str, Source]:
    """Return all sources, as they are at the beginning."""
    whole = [
        _source("lab", "own", guids="permalink"),
        _source("rival", "own", guids="permalink", scheme="http"),
        _source("mute", "own", guids="none", dated=False),
        _source("revue", "own", "fr", language="fr"),
        _source("copier", "copies"),
        _source("log", "own", guids="fresh"),
        _source("linker", "links"),
        _source("planet", "planet", tail=" | Planet", teaser=True),
        _source("later", "planet", "later", configured=False),  # the operator adds it one day
    ]
    return {source.url: source for source in whole}


def _source(name: str, *tags: str, scheme: str = "https", **manners: Any) -> Source:
    return Source(f"https://{name}.example/feed", Site(f"{name}.example", scheme), tags, **manners)
