"""Article pages (`full_text: true`): bytes in, what an entry takes from its page out.

decode | tree | facts (JSON-LD, meta, headings, lines) | body (trafilatura) | language
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from aggregator.decide.articles import ArticlePage
from aggregator.errors import ParseError
from aggregator.parse.article_body import body_of
from aggregator.parse.article_dates import published_of
from aggregator.parse.article_facts import authors_of, canonical_of, image_of, title_of
from aggregator.parse.page_dates import Calendar
from aggregator.parse.surroundings import without_surroundings
from aggregator.parse.webpage import Webpage, read_webpage

if TYPE_CHECKING:
    from datetime import datetime

_COMMON = {
    "en": "the of and to in a is that for with on as are this by it we from be our",
    "fr": "le la les de des et en un une du que est pour dans qui sur pas plus au ce",
    "de": "der die das und in zu den von mit ist für auf ein eine nicht dem im sich auch werden",
    "es": "el la los de que y en un una las por para con es del se no al su más",
    "it": "il la di che e un una per in con del non i le della si è sono da gli",
    "pt": "o a de que e em um uma os para com do da não as se por mais no na",
    "nl": "de het een van en in is dat op te voor met zijn die niet aan er ook om als",
}
_COMMON_WORDS = {language: frozenset(words.split()) for language, words in _COMMON.items()}
_USUAL = 0.15
"""Share of these words in texts of their language: a fifth to a third; in texts of others up to a tenth."""
_ENOUGH_WORDS = 40
_LOOKED_AT = 4000
_CJK = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")


def parse_article(body: bytes, *, url: str, content_type: str | None, received: datetime) -> ArticlePage:
    """Parse the page of one article that `url` answered with.

    What the page does not say is empty. Raise ParseError when neither a title nor a body is found, or a bot check
    answered; EmptyDocument and NotAFeed as read_webpage does.
    """
    page = read_webpage(body, url=url, content_type=content_type)
    calendar = Calendar.of(received, page.language).after(page.words)
    title = title_of(page)
    bare = without_surroundings(page)
    content, text = body_of(bare, title, calendar)
    if page.may_be_challenge and len(text) < _LOOKED_AT // 10:
        raise ParseError(
            f'A bot check or an error page ("{title}") answered in place of the article.',
            "Ask the publisher to let feed readers through, or set `full_text: false`.",
        )
    if not title and not content:
        raise ParseError("No article was found on the page.", "A page that is built by scripts cannot be read.")
    return ArticlePage(
        title=title,
        published=published_of(page, bare, title, calendar),
        authors=authors_of(page, bare),
        language=language_of(page, text),
        canonical=canonical_of(page),
        image=image_of(page),
        content=content,
        text=text,
    )


def language_of(page: Webpage, text: str) -> str | None:
    """Return the language that the page states, if its text may be in it, else the one that is detected in the text.

    Pages are made from templates: `lang="en"` stands on many that are not in English.
    """
    stated = page.language
    if stated and is_plausible(stated, text):
        return stated
    from aggregator.parse.language import detected  # noqa: PLC0415 - with its model 100 MB: only where it is needed

    return detected(text) or stated


def is_plausible(language: str, text: str) -> bool:
    """Whether a text may be in a language: by its script, and for some languages by the words that all texts have."""
    text = text[:_LOOKED_AT]
    primary = language.partition("-")[0]
    letters = sum(map(str.isalpha, text))
    is_east_asian = len(_CJK.findall(text)) * 4 > letters
    if letters and is_east_asian != (primary in ("zh", "ja", "ko")):
        return False
    words = re.findall(r"[^\W\d_]+", text.lower())
    common = _COMMON_WORDS.get(primary)
    if common is None or len(words) < _ENOUGH_WORDS:
        return True
    return sum(word in common for word in words) >= _USUAL * len(words)
