"""Copies that name their source: whose they are, and what a forged name can do."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from aggregator.decide.origins import is_from, is_one_source, names_of
from aggregator.model import Header, Item, Link

if TYPE_CHECKING:
    from collections.abc import Callable

    Make = Callable[..., Item]
    NewShelf = Callable[[], Any]

# The original's feed is not on the site of its links: nothing but the source tells whose they are.
ORIGINAL = "https://feeds.example/original"
PLANET = "https://planet.example/feed"
OTHER_PLANET = "https://hub.example/feed"
ID = "tag:site.example,2026:1"
SOURCE = Header(id=f"urn:{ORIGINAL}", title="The Original", links=(Link(ORIGINAL, rel="self"),))
LONG = " ".join(f"word{number}" for number in range(60))


def original(item: Make, **changes: Any) -> Item:
    """Return an item as its own feed lists it."""
    return item(1, **({"guid": ID, "title": "A model", "summary": LONG} | changes))


def copied(item: Make, **changes: Any) -> Item:
    """Return the item as a planet lists it: with another title and a link of its own, and where it is from."""
    return original(item, **({"title": "Ann: A model", "link": "https://planet.example/1", "source": SOURCE} | changes))


@pytest.mark.parametrize(
    ("source", "told"),
    [
        (SOURCE, True),
        (Header(links=(Link("http://www.feeds.example/original/", rel="self"),)), True),
        (Header(id=f"urn:{ORIGINAL}"), True),
        (Header(id=f"urn:{ORIGINAL}", links=(Link("https://www.feeds.example/"),)), True),
        (Header(id=f"urn:{ORIGINAL}", links=(Link("https://site.example/"),)), False),
        (Header(id=f"urn:{ORIGINAL}", links=(Link("https://evil.example/feed", rel="self"),)), False),
        (Header(title="The Original"), False),
        (None, False),
    ],
)
def test_whose_a_copy_is(source: Header | None, told: bool) -> None:
    """The address of a source decides; its id where no address says otherwise; never its title."""
    names = names_of(ORIGINAL, ORIGINAL, Header(id=f"urn:{ORIGINAL}"))
    assert is_from(source, ORIGINAL, names) is told
    assert not is_from(source, PLANET, names_of(PLANET, PLANET, Header()))


def test_two_copies_of_one_source() -> None:
    """Two copies have one source by its address, or by its id where one of them gives no address."""
    assert is_one_source(SOURCE, replace(SOURCE, id=None))
    assert is_one_source(SOURCE, replace(SOURCE, links=()))
    assert not is_one_source(SOURCE, replace(SOURCE, links=(Link(PLANET, rel="self"),)))
    assert not is_one_source(SOURCE, None)
    assert not is_one_source(replace(SOURCE, links=(), id=None), replace(SOURCE, links=(), id=None))


def test_a_copy_of_what_is_known_is_the_original_s(new_shelf: NewShelf, item: Make) -> None:
    """The same id under the original's name is the same entry, in whatever words and with whatever link."""
    shelf = new_shelf()
    shelf.poll(ORIGINAL, [original(item)])
    verdict = shelf.poll(PLANET, [copied(item, summary="Short.")])
    assert (verdict.additions, verdict.revisions, verdict.duplicates) == ((), (), 1)
    assert shelf.entries[1].item.title == "A model"


def test_the_original_takes_over_what_a_planet_told_first(new_shelf: NewShelf, item: Make) -> None:
    """A planet that was faster named its source: that supplies title and text, and the id stays."""
    shelf = new_shelf()
    shelf.poll(PLANET, [copied(item)])
    verdict = shelf.poll(ORIGINAL, [original(item)])
    assert (verdict.additions, verdict.duplicates) == ((), 1)
    assert (shelf.entries[1].feed, shelf.entries[1].item.title, shelf.ids[1]) == (ORIGINAL, "A model", ID)
    assert shelf.poll(PLANET, [copied(item, summary="Other words.")]).revisions == ()


def test_two_planets_tell_one_story_of_a_third(new_shelf: NewShelf, item: Make) -> None:
    """Copies of one source under one id are one entry when their texts agree, though the source is not ours."""
    shelf = new_shelf()
    source = Header(links=(Link("https://unknown.example/feed", rel="self"),))
    shelf.poll(PLANET, [copied(item, source=source)])
    link = "https://hub.example/1"
    assert shelf.poll(OTHER_PLANET, [copied(item, source=source, link=link, title="A model (Ann)")]).additions == ()
    other = copied(item, source=source, link=f"{link}?n=2", title="Nonsense", summary="Nothing of it.")
    assert len(shelf.poll("https://third.example/feed", [other]).additions) == 1


def test_a_forged_source_captures_nothing(new_shelf: NewShelf, item: Make) -> None:
    """Who takes an id before its owner comes, with words of his own, gets an entry of his own and keeps it alone."""
    shelf = new_shelf()
    shelf.poll(PLANET, [copied(item, title="Buy this", summary="Now.")])
    verdict = shelf.poll(ORIGINAL, [original(item)])
    assert [addition.candidate.item.title for addition in verdict.additions] == ["A model"]
    assert shelf.entries[2].feed == ORIGINAL


@pytest.mark.parametrize("later", [{}, {"source": None}, {"source": Header(links=(Link(PLANET, rel="self"),))}])
def test_a_copy_never_supplies_what_the_original_told(new_shelf: NewShelf, item: Make, later: dict[str, Any]) -> None:
    """Not even one that names itself the source, or none, once it is taken for a copy, on a site of its own."""
    shelf = new_shelf()
    shelf.poll(ORIGINAL, [original(item)])
    shelf.poll(PLANET, [copied(item)])
    shelf.poll(PLANET, [copied(item, title="Buy this", summary="Now.", **later)])
    shelf.poll(PLANET, [copied(item, title="A model", summary="Now.", **later)])
    assert (shelf.entries[1].feed, shelf.entries[1].item.title, shelf.entries[1].item.summary) == (
        ORIGINAL,
        "A model",
        LONG,
    )


def test_an_id_alone_proves_nothing(new_shelf: NewShelf, item: Make) -> None:
    """The same guid in two feeds that do not name each other is no evidence: numbers and forgeries are alike."""
    shelf = new_shelf()
    shelf.poll(ORIGINAL, [original(item)])
    assert len(shelf.poll(PLANET, [copied(item, source=None)]).additions) == 1


def test_our_own_words_do_not_come_back(new_shelf: NewShelf, item: Make) -> None:
    """An item under an id that we made, with the text that we published, is our entry read back."""
    shelf = new_shelf()
    shelf.poll(ORIGINAL, [original(item, guid="no IRI")])
    assert shelf.ids[1].startswith("urn:uuid:")
    echo = copied(item, guid=shelf.ids[1], source=None)
    assert shelf.poll(PLANET, [echo]).additions == ()
    assert len(shelf.poll(OTHER_PLANET, [replace(echo, summary="Else", link="https://hub.example/1")]).additions) == 1
