"""Articles with invented names in them: what is one story shares rare words, in every language."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

_SYLLABLES = ("ba", "dor", "fen", "gal", "hux", "jin", "kor", "lam", "mez", "nop", "quar", "rus", "tev", "vil", "zan")
_NAMES = 4
"""Names that all articles of a story mention."""
_TELLINGS = {
    "en": ("{0} unveils {1} for {own}", "The laboratory {0} announced {1} today; {2} and {3} are part of it, says {own}."),
    "fr": ("{0} dévoile {1} pour {own}", "Le laboratoire {0} a annoncé {1} ; {2} et {3} en font partie, dit {own}."),
}  # fmt: skip


def invented(number: int) -> str:
    """Return a word that no other number has and no language."""
    word = "ix"
    while number:
        number, place = divmod(number, len(_SYLLABLES))
        word = _SYLLABLES[place] + word
    return word


def names_of(story: int) -> list[str]:
    """Return the names that are in the news of a story."""
    return [invented(100 + story * _NAMES + place).title() for place in range(_NAMES)]


@dataclass
class Site:
    """Where articles lie; it may move."""

    host: str
    scheme: str = "https"


@dataclass
class Article:
    """One thing that was written: true whatever feeds say of it."""

    name: str
    story: int
    site: Site = field(repr=False)
    path: str = field(repr=False)
    published: datetime | None = field(repr=False)
    title: str = field(repr=False)
    text: str = field(repr=False)
    language: str = "en"
    shares_link: bool = False
    edits: int = 0
    unseen: set[str] = field(default_factory=set)
    """Sources that list it, or did, and have not been read since it changed."""
    change: str = ""
    """What they have not seen: `title`, `text` or `link`."""

    @property
    def link(self) -> str:
        """Its address."""
        return f"{self.site.scheme}://{self.site.host}{self.path}"


class Pen:
    """Writes articles."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)
        self.number = 0
        """Of the article written last."""

    def write(self, site: Site, story: int, published: datetime | None, *, language: str = "en") -> Article:
        """Return a new article of a story."""
        number = self.number = next(self._numbers)
        own = invented(number)
        title, sentence = (line.format(*names_of(story), own=own) for line in _TELLINGS[language])
        return Article(f"a{number}", story, site, f"/{number}", published, title, _long(sentence, number), language)

    def copy(self, article: Article, site: Site) -> Article:
        """Return the same text as it stands on another site."""
        return replace(article, name=f"c{next(self._numbers)}", site=site, unseen=set(), change="")

    def headline(self, article: Article, published: datetime) -> Article:
        """Return a headline of one's own over a link to another's article, as the link is now."""
        number = next(self._numbers)
        title = f"What {invented(number)} thinks of it"
        return replace(
            article, name=f"h{number}", site=replace(article.site), published=published, title=title, text="",
            unseen=set(), change="", shares_link=False,
        )  # fmt: skip

    def version(self, site: Site, published: datetime) -> Article:
        """Return the notes of a release, all of which stand on one page."""
        number = next(self._numbers)
        text = _long("Improved:", number)
        return Article(f"v{number}", 0, site, "/log", published, f"Release 2.{number}", text, shares_link=True)


def _long(sentence: str, number: int) -> str:
    return " ".join([sentence, *(invented(5_000 + number * 30 + place) for place in range(25))])


def edit(article: Article, *, title: bool) -> None:
    """Change the title or the text."""
    article.edits += 1
    mark = invented(3_000 + article.edits)
    if title:
        article.title = f"{article.title.partition(', now')[0]}, now {mark}"
    else:
        article.text = f"{article.text.partition(' Edited:')[0]} Edited: {mark}."
