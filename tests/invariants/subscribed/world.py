"""What is true: who has written what, what each feed lists, and what no reader of it can know.

Publishers do what they like, but one thing at a time: a feed that changes title, text and name of an article at once,
between two looks, has made another article of it for everyone who looks.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from aggregator.decide.candidates import candidates
from aggregator.store.rows import from_ms
from subscribed.articles import Article, Pen, edit
from subscribed.sources import Source, sources

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from aggregator.model import Item
    from subscribed.program import Program

LATE = timedelta(hours=48)
"""What is dated so long before a source's last good poll was old when it came."""


_SIGHTED = """
    SELECT key, sighting.entry, held, published FROM sighting JOIN entry ON entry.id = sighting.entry
    JOIN feed ON feed.id = sighting.feed WHERE feed.url = ?"""


class World:
    """All publishers."""

    def __init__(self) -> None:
        self.pen = Pen()
        self.sources = sources()
        self.articles: dict[str, Article] = {}
        self.entry_of: dict[str, int] = {}
        """Which entry each article is: the program said so once, and must say so for ever."""

    def own(self, name: str) -> Source:
        """Return a source by its host's first label."""
        return self.sources[f"https://{name}.example/feed"]

    def add(self, source: Source, article: Article) -> Article:
        """List a new article."""
        self.articles[article.name] = article
        source.list(article)
        return article

    def tellers(self, article: Article) -> set[str]:
        """Return the sources that list an article, or did."""
        return {url for url, source in self.sources.items() if source.configured and article.name in source.ever}

    def lists_too(self, source: Source, article: Article) -> None:
        """Let a source list another's article, unless that is moving just now."""
        if article.change != "link":
            source.list(article)

    def edit(self, article: Article, *, title: bool) -> None:
        """Change an article's title or text, once everybody has seen the last change."""
        what = "title" if title else "text"
        if not article.unseen or article.change == what:
            edit(article, title=title)
            article.unseen, article.change = self.tellers(article), what

    def rename(self, source: Source) -> None:
        """Give all that a source lists other guids, once it has been read as it is."""
        if not any(source.url in article.unseen for article in source.ever.values()):
            source.salt += 1
            for article in source.ever.values():
                article.unseen, article.change = article.unseen | {source.url}, "link"

    def move(self, source: Source) -> None:
        """Move a whole site to https, or to another host, once everybody has seen it where it is."""
        lying = [article for article in self.articles.values() if article.site is source.site]
        if any(article.unseen for article in lying) or source.guids == "fresh":
            return
        if source.site.scheme == "http":
            source.site.scheme = "https"
        else:
            source.site.host = f"new.{source.site.host}"
        for article in lying:
            article.unseen, article.change = self.tellers(article), "link"

    def has_read(self, program: Program, source: Source, document: Sequence[tuple[str, Item]]) -> None:
        """Compare what the program made of a document with what is true."""
        with program.store.snapshot() as tx:
            feed = tx.feeds.get(source.url)
        assert feed is not None
        listed = candidates([item for _, item in document], by=feed.naming.by)
        keys = [candidate.key for candidate in listed]
        sighted = {
            row["key"]: (row["entry"], row["held"], row["published"]) for row in program.rows(_SIGHTED, source.url)
        }
        for (name, _), key in zip(document, keys, strict=True):
            entry, held, published = sighted[key]
            known = self.entry_of.setdefault(name, entry)
            assert known == entry, f"{name} was entry {known}, and is entry {entry} for {source.url}"
            self._is_shown(source, held, from_ms(published))
            self.is_seen(source, self.articles[name])
        gone = {row["id"] for row in program.rows("SELECT id FROM entry WHERE withdrawn_at IS NOT NULL")}
        entries = [
            entry for entry in self.entry_of.values() if entry not in gone
        ]  # what links to those is one with them
        assert len(set(entries)) == len(entries), "two articles are one entry"
        source.last_success = program.now

    def _is_shown(self, source: Source, held: str | None, published: datetime) -> None:
        """What is news is never held back."""
        if source.last_success is not None and published >= source.last_success - LATE:
            assert held in {None, "withdrawn", "backlog"}, f"held: {held}"

    def is_seen(self, source: Source, article: Article) -> None:
        """Note that a source has been read as it lists an article now."""
        article.unseen.discard(source.url)
        if not article.unseen:
            article.change = ""
