"""What the operator corrects by hand: stories split and joined, entries withdrawn; and what subscribers see of it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from aggregator.errors import Usage
from aggregator.model import Held

if TYPE_CHECKING:
    Newsdesk = Any

HOUR = timedelta(hours=1)


@pytest.fixture
def grok(newsdesk: Newsdesk) -> list[str]:
    """Return three entries of one story, the lead first."""
    return [newsdesk.tell(site, "grok", number, hours=9 - number) for number, site in enumerate("abc")]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("split", "urn:none"), "no entry"),
        (("join", "urn:none", "urn:none"), "no entry"),
        (("withdraw", "urn:none"), "no entry"),
        (("split",), "no such correction"),
        (("join", "one"), "no such correction"),
        (("merge", "one"), "no such correction"),
    ],
    ids=" ".join,
)  # fmt: skip
def test_what_makes_no_sense_is_wrong_usage(newsdesk: Newsdesk, words: tuple[str, ...], message: str) -> None:
    """An unknown entry or correction is refused with what to do."""
    with pytest.raises(Usage, match=message) as caught:
        newsdesk.correct(*words)
    assert caught.value.remedy


def test_what_is_done_already_is_wrong_usage(newsdesk: Newsdesk, grok: list[str]) -> None:
    """An entry alone in its story cannot be split, and two of one story not be joined; nothing changes."""
    chip = newsdesk.tell("d", "chip", 0)
    with pytest.raises(Usage, match="alone in its story"):
        newsdesk.correct("split", chip)
    with pytest.raises(Usage, match="one story already"):
        newsdesk.correct("join", grok[0], grok[2])
    assert newsdesk.groups() == {frozenset(grok), frozenset({chip})}


def test_coverage_that_is_split_tells_its_own_story(newsdesk: Newsdesk, grok: list[str]) -> None:
    """It is released now, under its own id; the lead stays released and names the rest."""
    before = newsdesk.released()
    newsdesk.now += HOUR
    newsdesk.changed.clear()
    told = newsdesk.correct("split", grok[1])
    assert told == {"story": newsdesk.entry(grok[1]).story}
    assert newsdesk.groups() == {frozenset({grok[0], grok[2]}), frozenset({grok[1]})}
    assert newsdesk.leads() == [before[0][0], grok[1]]
    assert newsdesk.released()[0] == before[0]
    assert newsdesk.told() == {grok[0]: [grok[2]], grok[1]: []}
    assert "stories" in newsdesk.changed


def test_a_lead_that_is_split_stays_released(newsdesk: Newsdesk, grok: list[str]) -> None:
    """The founder keeps its story's key and its release; the rest goes on under the next one's and gets its own lead."""
    key, before = newsdesk.entry(grok[0]).story, newsdesk.released()
    ids = {entry.id for entry in newsdesk.entries()}
    newsdesk.correct("split", grok[0])
    assert newsdesk.entry(grok[0]).story == key
    assert newsdesk.groups() == {frozenset({grok[0]}), frozenset(grok[1:])}
    assert newsdesk.told() == {grok[0]: [], grok[1]: [grok[2]]}
    assert newsdesk.released()[:1] == before
    assert {entry.id for entry in newsdesk.entries()} == ids
    newsdesk.now += 5 * HOUR
    newsdesk.drain()
    assert newsdesk.leads() == grok[:2]


def test_a_split_of_old_coverage_is_no_news(newsdesk: Newsdesk, grok: list[str]) -> None:
    """What was stored days ago and is split now is released as of then, not on top of what readers see."""
    then = newsdesk.now
    newsdesk.now += timedelta(days=5)
    newsdesk.correct("split", grok[1])
    assert newsdesk.released() == [(grok[0], then), (grok[1], then)]


def test_a_split_lasts(newsdesk: Newsdesk, grok: list[str]) -> None:
    """Neither deciding all anew nor later articles bring a split entry back; it may gather others of its own."""
    newsdesk.correct("split", grok[2])
    newsdesk.correct("recompute")
    assert newsdesk.groups() == {frozenset(grok[:2]), frozenset(grok[2:])}
    newsdesk.tell("d", "grok", 1)
    newsdesk.correct("recompute")
    assert frozenset(grok) not in {group & set(grok) for group in newsdesk.groups()}


def test_joined_stories_name_each_other(newsdesk: Newsdesk, grok: list[str]) -> None:
    """Both leads stay as they were released, nothing is announced, and each tells of all the rest."""
    chip = [newsdesk.tell(site, "chip", number, hours=5 - number) for number, site in enumerate("ab")]
    before = newsdesk.released()
    newsdesk.now += HOUR
    newsdesk.changed.clear()
    told = newsdesk.correct("join", grok[1], chip[1])
    assert told == {"story": newsdesk.entry(grok[0]).story}
    assert newsdesk.groups() == {frozenset({*grok, *chip})}
    assert newsdesk.released() == before
    assert newsdesk.told() == {grok[0]: [*grok[1:], *chip], chip[0]: [*grok, chip[1]]}
    assert set(newsdesk.changed) >= {"stories"}


def test_a_join_lasts(newsdesk: Newsdesk, grok: list[str]) -> None:
    """Deciding all anew keeps joined stories whole, whichever of their entries is decided first."""
    chip = [newsdesk.tell(site, "chip", number, hours=20 - number) for number, site in enumerate("ab")]
    law = newsdesk.tell("c", "law", 0, hours=30)
    newsdesk.correct("join", grok[2], chip[1])
    newsdesk.correct("join", grok[2], law)
    before = newsdesk.released(), newsdesk.told()
    newsdesk.correct("recompute")
    assert newsdesk.groups() == {frozenset({*grok, *chip, law})}
    assert (newsdesk.released(), newsdesk.told()) == before


def test_splitting_what_held_a_join_together(newsdesk: Newsdesk, grok: list[str]) -> None:
    """When the entry that others were joined to is split off, the others stay joined, also when decided anew."""
    chip, law = newsdesk.tell("a", "chip", 0, hours=20), newsdesk.tell("c", "law", 0, hours=30)
    newsdesk.correct("join", grok[2], chip)
    newsdesk.correct("join", grok[2], law)
    newsdesk.correct("split", grok[2])
    rest = {frozenset({*grok[:2], chip, law}), frozenset({grok[2]})}
    assert newsdesk.groups() == rest
    newsdesk.correct("recompute")
    assert newsdesk.groups() == rest


def test_a_join_takes_a_split_back_and_the_other_way_round(newsdesk: Newsdesk, grok: list[str]) -> None:
    """The last word of the operator counts."""
    newsdesk.correct("split", grok[1])
    newsdesk.correct("join", grok[0], grok[1])
    newsdesk.correct("recompute")
    assert newsdesk.groups() == {frozenset(grok)}
    newsdesk.correct("split", grok[1])
    newsdesk.correct("recompute")
    assert newsdesk.groups() == {frozenset({grok[0], grok[2]}), frozenset({grok[1]})}


def test_a_link_names_its_entry(newsdesk: Newsdesk) -> None:
    """A link is as good as an id, in any form; of several that have it the one that is left; else their ids are told."""
    link = "https://c.example/grok"
    one = newsdesk.item("a", "Grok opens its weights", guid="tag:a", link=link, hours=3)
    other = newsdesk.item("b", "Bakers bake bread in Memphis", guid="tag:b", link=link, hours=2)
    newsdesk.bring("a", one)
    newsdesk.bring("b", other)
    first, second = sorted(newsdesk.entries(), key=lambda entry: entry.published)
    with pytest.raises(Usage, match="2 entries have the link") as caught:
        newsdesk.correct("withdraw", link)
    assert all(part in caught.value.message for part in (first.id, second.id, "Bakers bake bread in Memphis"))
    newsdesk.correct("withdraw", first.id)
    newsdesk.correct("withdraw", "http://www.c.example/grok/?utm_source=x")
    assert {entry.held for entry in newsdesk.entries()} == {Held.WITHDRAWN}
    newsdesk.correct("withdraw", link)
    assert {entry.held for entry in newsdesk.entries()} == {Held.WITHDRAWN}


def test_a_withdrawn_lead_gives_way(newsdesk: Newsdesk, grok: list[str]) -> None:
    """It is in no output any more, and the next of its story leads; its text is gone, its id stays."""
    newsdesk.changed.clear()
    assert newsdesk.correct("withdraw", grok[0]) == {}
    assert newsdesk.leads() == [grok[1]]
    assert newsdesk.told() == {grok[1]: [grok[2]]}
    assert sorted(newsdesk.leads("all")) == sorted(grok[1:])
    assert {"all", "stories"} <= set(newsdesk.changed)
    entry = newsdesk.entry(grok[0])
    assert (entry.held, entry.item.title, entry.item.content) == (Held.WITHDRAWN, "", None)
    assert b"opens its weights" not in newsdesk.render() + newsdesk.render("all")


def test_withdrawn_coverage_is_named_no_longer(newsdesk: Newsdesk, grok: list[str]) -> None:
    """The lead stays as it was, without it."""
    before = newsdesk.released()
    newsdesk.correct("withdraw", grok[1])
    assert newsdesk.released() == before
    assert newsdesk.told() == {grok[0]: [grok[2]]}


def test_a_withdrawn_story_is_gone(newsdesk: Newsdesk) -> None:
    """When all of a story was withdrawn, nothing of it is told, not even when all is decided anew."""
    grok = [newsdesk.tell(site, "grok", number, hours=9 - number) for number, site in enumerate("ab")]
    for entry_id in grok:
        newsdesk.correct("withdraw", entry_id)
    newsdesk.correct("recompute")
    assert (newsdesk.leads(), newsdesk.leads("all")) == ([], [])


def test_a_withdrawn_story_without_decision(newsdesk: Newsdesk) -> None:
    """An entry that is withdrawn before its story was decided is never told."""
    spam = newsdesk.tell("a", "grok", 0, drain=False)
    newsdesk.correct("withdraw", spam)
    assert (newsdesk.leads(), newsdesk.leads("all")) == ([], [])
    other = newsdesk.tell("b", "grok", 1)
    assert newsdesk.leads() == [other]


def test_listed_again_a_withdrawn_entry_stays_withdrawn(newsdesk: Newsdesk, grok: list[str]) -> None:
    """Its source lists it as it was: nothing comes of it."""
    newsdesk.correct("withdraw", grok[0])
    newsdesk.now += HOUR
    newsdesk.tell("a", "grok", 0, hours=9)
    entry = newsdesk.entry(grok[0])
    assert (entry.item.title, entry.held) == ("", Held.WITHDRAWN)
    assert grok[0] not in newsdesk.leads() + newsdesk.leads("all")


def test_edited_a_withdrawn_entry_stays_withdrawn(newsdesk: Newsdesk, grok: list[str]) -> None:
    """Its source lists it with another text: it says nothing all the same."""
    newsdesk.correct("withdraw", grok[0])
    newsdesk.bring("a", newsdesk.item("a", "Grok again", guid=grok[0], link=grok[0], hours=9))
    assert newsdesk.entry(grok[0]).item.title == ""
    assert grok[0] not in newsdesk.leads() + newsdesk.leads("all")


def test_told_by_another_a_withdrawn_entry_stays_withdrawn(newsdesk: Newsdesk, grok: list[str]) -> None:
    """Another source lists it under the same link with the same title: it is the same entry, and stays withdrawn."""
    title = newsdesk.entry(grok[0]).item.title
    newsdesk.correct("withdraw", grok[0])
    newsdesk.bring("d", newsdesk.item("d", title, link=grok[0], guid="tag:d.example,2026:x"))
    assert {entry.id for entry in newsdesk.entries()} == set(grok)


def test_recompute_keeps_what_was_released(newsdesk: Newsdesk, grok: list[str]) -> None:
    """After an earlier article came late, deciding anew makes it the founder; the released lead stays the lead."""
    before = newsdesk.released()
    early = newsdesk.tell("d", "grok", 1, hours=30)
    newsdesk.correct("recompute")
    assert newsdesk.entry(early).story == newsdesk.entry(grok[0]).story
    assert newsdesk.released() == before
    assert newsdesk.told() == {grok[0]: [early, *grok[1:]]}
