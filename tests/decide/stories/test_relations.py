"""Copies and translations."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from aggregator.decide.stories.profile import profile_of
from aggregator.decide.stories.relations import Relation, relation
from aggregator.decide.stories.statistics import Statistics
from aggregator.kinship import Kinship

if TYPE_CHECKING:
    from collections.abc import Callable

    from aggregator.decide.stories.article import Article

TEXT = " ".join(f"{chr(97 + number)}{chr(98 + number % 7)}k stood" for number in range(26))


def related(one: Article, other: Article) -> Kinship | None:
    """Return what the one is to the other."""
    found = relation(profile_of(one, Statistics()), profile_of(other, Statistics()))
    assert found is None or found == Relation(found.kind, other.key)
    return found.kind if found else None


def test_a_copy_has_title_and_text(write: Callable[..., Article]) -> None:
    """A syndicated article says the same under the same title elsewhere, a few words more or a site's name aside."""
    assert (
        related(write("Volcano erupts", TEXT), write("Volcano erupts - Gazette", TEXT + " Read more there."))
        is Kinship.COPY
    )


@pytest.mark.parametrize(
    ("title", "text", "more"),
    [
        ("Volcano sleeps", TEXT, {}),
        ("Volcano erupts", TEXT.replace("stood", "lay"), {}),
        ("Volcano erupts", "A short text.", {}),
        ("Volcano erupts", "", {}),
        ("Volcano erupts", TEXT, {"link": "https://one.news/b"}),
    ],
)
def test_less_is_no_copy(write: Callable[..., Article], title: str, text: str, more: dict[str, str]) -> None:
    """Another title, another text, too little text, or the publisher's own second edition is no copy."""
    assert related(write("Volcano erupts", TEXT, link="https://one.news/a"), write(title, text, **more)) is None


@pytest.mark.parametrize(
    ("languages", "toward", "titles", "kind"),
    [
        (("en", "fr"), (1, 0.1), ("Volcano", "Volcan"), Kinship.TRANSLATION),
        (("en-GB", "en-US"), (1, 0.1), ("Volcano", "Volcano!"), None),
        (("en", None), (1, 0.1), ("Volcano", "Volcan"), None),
        (("en", "fr"), (0, 1), ("Volcano", "Volcan"), None),
        (("en", "fr"), None, ("Volcano", "Volcan"), None),
        (("en", "fr"), (1, 0.1), ("Zeta 1 is out", "Zeta 2 est là"), None),
    ],
)
def test_a_translation_says_the_same(
    write: Callable[..., Article],
    languages: tuple[str, str | None],
    toward: tuple[float, float] | None,
    titles: tuple[str, str],
    kind: Kinship | None,
) -> None:
    """Two languages, both known, and meanings that are very close: anything less is not named in public."""
    one = write(titles[0], toward=(1, 0), language=languages[0])
    assert related(one, write(titles[1], toward=toward, language=languages[1])) is kind
