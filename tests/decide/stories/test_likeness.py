"""How sure it is that two articles tell the same news."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from aggregator.decide.stories.likeness import are_of_one_publisher, likeness, must_stay_apart
from aggregator.decide.stories.profile import profile_of
from aggregator.decide.stories.statistics import Statistics

if TYPE_CHECKING:
    from collections.abc import Callable

    from aggregator.decide.stories.article import Article
    from aggregator.decide.stories.likeness import Likeness

HERE = {"link": "https://one.news/a"}


def compare(one: Article, other: Article) -> Likeness:
    """Compare two articles on an empty database, from either side."""
    found = likeness(profile_of(one, Statistics()), profile_of(other, Statistics()))
    assert found == likeness(profile_of(other, Statistics()), profile_of(one, Statistics()))
    return found


def test_one_shared_word_is_no_proof(write: Callable[..., Article]) -> None:
    """Two short headlines with one word in common are alike, and prove nothing."""
    found = compare(write("A tracker for Linux"), write("Kernels of Linux"))
    assert found.score > 1
    assert found.proof < 1


def test_a_name_and_a_deed_are_proof(write: Callable[..., Article]) -> None:
    """Two headlines that name the same place and what happened there tell one story."""
    found = compare(write("Volcano erupts near Reykjavik"), write("Near Reykjavik, a volcano has erupted"))
    assert found.score > 1
    assert found.proof > 1


def test_a_version_counts_little_beside_its_name(write: Callable[..., Article]) -> None:
    """Two headlines that share a product and its version, and nothing else, are two things said of one product."""
    assert compare(write("Zetamax 4 on a phone"), write("Zetamax 4 tuned by hobbyists")).proof < 1.1
    assert compare(write("Chip B200 arrives"), write("Hall full of B200")).proof > 0.7


def test_a_publisher_seldom_tells_news_twice(write: Callable[..., Article]) -> None:
    """The same evidence counts less than half between two articles of one site."""
    titles = "Volcano erupts near Reykjavik", "Near Reykjavik, a volcano has erupted"
    apart = compare(*(write(title) for title in titles))
    one_site = compare(*(write(title, **HERE) for title in titles))
    assert one_site.proof < apart.proof / 2
    assert one_site.score < apart.score / 2


def test_one_list_is_one_taste(write: Callable[..., Article]) -> None:
    """Two sites' articles in one feed of links count a little less than in two feeds."""
    titles = "Volcano erupts near Reykjavik", "Near Reykjavik, a volcano has erupted"
    apart = compare(*(write(title) for title in titles))
    one_list = compare(*(write(title, feed="https://links.example/") for title in titles))
    assert apart.proof * 0.7 < one_list.proof < apart.proof


def test_another_version_is_other_news(write: Callable[..., Article]) -> None:
    """Titles that name two versions of one thing count half."""
    same = compare(write("Volcano model Zetamax 2 in Reykjavik"), write("Reykjavik volcano: Zetamax 2"))
    other = compare(write("Volcano model Zetamax 2 in Reykjavik"), write("Reykjavik volcano: Zetamax 3"))
    assert other.proof < same.proof / 1.8


def test_a_roundup_is_not_one_of_its_topics(write: Callable[..., Article]) -> None:
    """An article on one of three topics of a title has little in common with it; the same roundup elsewhere has all."""
    roundup = "Volcano near Reykjavik; floods in Lima; a strike"
    assert compare(write(roundup), write("Volcano near Reykjavik")).proof < 1
    assert compare(write(roundup), write(roundup)).proof > 2


def test_meanings_are_added(write: Callable[..., Article]) -> None:
    """What words leave open, close embeddings decide, and far ones as well; a very close one is proof by itself."""
    titles = "Volcano in Iceland", "Volcan en Islande"
    without = compare(*(write(title) for title in titles))
    near = compare(write(titles[0], toward=(1, 0.5)), write(titles[1], toward=(1, 0.6)))
    far = compare(write(titles[0], toward=(1, 0)), write(titles[1], toward=(-1, 0)))
    assert near.proof > without.proof > 0
    assert near.proof >= 1
    assert far.score < 0
    assert far.proof == without.proof
    assert compare(write(titles[0], toward=(1, 0)), write(titles[1])) == without


def test_opposite_meanings_stay_so_at_one_publisher(write: Callable[..., Article]) -> None:
    """Less evidence against is no evidence for."""
    one, other = write("Volcano", toward=(1, 0), **HERE), write("Strike", toward=(-1, 0), **HERE)
    assert compare(one, other).score < -1


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ({"link": "https://one.news/a"}, {"link": "https://www.one.news/b"}, True),
        ({"link": "https://one.news/a"}, {"link": "https://two.news/b"}, False),
        (
            {"link": None, "feed": "https://f.example/"},
            {"link": "https://one.news/a", "feed": "https://f.example/"},
            True,
        ),
        ({"link": None, "feed": "https://f.example/"}, {"link": None, "feed": "https://g.example/"}, False),
        ({"link": "http://127.0.0.1:8000/a"}, {"link": "http://127.0.0.1:8000/b"}, False),
        ({"link": "https://example.org/a"}, {"link": "https://example.org/b"}, False),
        (
            {"link": "https://a.example/", "feed": "https://f.example/"},
            {"link": "https://b.example/", "feed": "https://f.example/"},
            False,
        ),
    ],
)
def test_a_publisher_is_the_site_of_the_link(
    write: Callable[..., Article], one: dict[str, str], other: dict[str, str], same: bool
) -> None:
    """A feed of links speaks for many publishers; where links are missing, the feed is the publisher."""
    profiles = [profile_of(write("x", **given), Statistics()) for given in (one, other)]
    assert are_of_one_publisher(*profiles) is same


def test_what_is_kept_apart(write: Callable[..., Article]) -> None:
    """Split articles, filled forms, and numbers of a publisher's series are never of one story."""

    def apart(one: Article, other: Article) -> bool:
        found = must_stay_apart(profile_of(one, Statistics()), profile_of(other, Statistics()))
        assert found is must_stay_apart(profile_of(other, Statistics()), profile_of(one, Statistics()))
        return found

    volcano = write("Volcano erupts")
    assert not apart(volcano, write("Volcano erupts"))
    assert apart(volcano, replace(write("Volcano erupts"), apart=frozenset({volcano.key})))
    assert apart(write("Zeta 2.1.5"), write("Zeta 2.1.6"))
    assert apart(write("Digest 12: volcano wakes", **HERE), write("Digest 13: volcano sleeps", **HERE))
    assert not apart(write("Digest 12: volcano wakes"), write("Digest 13: volcano sleeps"))
