"""What the operator corrects by hand: stories split, joined and decided anew, entries withdrawn.

Nothing of it changes an id or a lead that was released: two released stories that are joined name each other, an
entry that is split off tells its own story, and a story whose lead was withdrawn gets another.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from aggregator.decide.identity import story_key
from aggregator.errors import Usage
from aggregator.kinship import Kinship
from aggregator.model import Held
from aggregator.releasing import outputs_of
from aggregator.store.stories import Decision
from aggregator.telling import tell

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from aggregator.config.settings import Settings
    from aggregator.model import Entry
    from aggregator.store.protocols import Transaction

_BY_HAND = "by hand"
_SHOWN = 10
"""Entries that are told apart in a message."""


def split(tx: Transaction, entry_id: str, settings: Settings, now: datetime) -> tuple[str, set[str]]:
    """Take an entry out of its story for good; return its own story's key, and the outputs that changed.

    Usage when there is no such entry, or nothing to split it from.
    """
    entry = named(tx, entry_id)
    others = [key for key in tx.kinships.keys_of_story(entry.key) if key != entry.key]
    if not others:
        raise Usage(f"{entry_id!r} is alone in its story.", "See: aggregator show ENTRY")
    pairs = [(entry.key, other) for other in others]
    friends = [key for key, _ in tx.kinships.joined(entry.key)]
    tx.kinships.sever([(entry.key, friend) for friend in friends], Kinship.TOGETHER)
    tx.kinships.relate(pairwise(friends), Kinship.TOGETHER, now)  # they may have been put together through it alone
    tx.kinships.relate(pairs, Kinship.APART, now)
    own = story_key(entry.id)
    decided = [Decision(entry.key, own, _BY_HAND)]
    if own == entry.story:  # it has founded the story: the others go on under the name of their first
        first = next(one for one in tx.kinships.members(entry.key) if one.entry_id != entry.id)
        rest = story_key(first.entry_id)
        decided += [Decision(key, rest, _BY_HAND, 1.0, closest=others[0]) for key in others]
    return own, _decided(tx, decided, {entry.story, *(one.story for one in decided)}, settings, now)


def join(tx: Transaction, one_id: str, other_id: str, settings: Settings, now: datetime) -> tuple[str, set[str]]:
    """Make the stories of two entries one, the one's; return its key, and the outputs that changed.

    Usage when there is no such entry, or they are one story already.
    """
    one, other = named(tx, one_id), named(tx, other_id)
    if one.story == other.story:
        raise Usage(f"{one_id!r} and {other_id!r} are one story already.", "See: aggregator show ENTRY")
    theirs, others = tx.kinships.keys_of_story(one.key), tx.kinships.keys_of_story(other.key)
    tx.kinships.sever([(mine, yours) for mine in theirs for yours in others], Kinship.APART)
    both = [key for key in theirs + others if key != one.key]
    tx.kinships.relate([(one.key, key) for key in both], Kinship.TOGETHER, now)  # whichever is decided first
    decided = [Decision(key, one.story, _BY_HAND, 1.0, closest=one.key) for key in others]
    return one.story, _decided(tx, decided, {one.story, other.story}, settings, now)


def withdraw(tx: Transaction, entry_id: str, settings: Settings, now: datetime) -> set[str]:
    """Delete what an entry says, everywhere and for good; return the outputs that changed.

    What stays is a tombstone: its source may list it again, and nothing comes of it. Usage when there is none.
    """
    entry = named(tx, entry_id)
    changed = _known_to(tx, [entry.key])
    tx.kinships.withdraw(entry.key, now)
    tx.tellings.orphaned(now, {entry.story})
    return changed | tell(tx, settings, now)


def named(tx: Transaction, word: str) -> Entry:
    """Return the entry that a word names: its id, the key of the story that it began, or its link.

    Usage when there is none, or when several that were not withdrawn have the link.
    """
    if (entry := tx.entries.get(word)) is not None:
        return entry
    found = tx.entries.with_link(word)
    there = [one for one in found if one.held != Held.WITHDRAWN] or found[:1]
    if not there:
        raise Usage(
            f"There is no entry {word!r}.", "Give its link or its id; ids are printed by: aggregator search WORDS"
        )
    if len(there) > 1:
        several = "; ".join(f"{one.id} ({one.item.title}, in {one.source.title})" for one in there[:_SHOWN])
        raise Usage(f"{len(there)} entries have the link {word!r}: {several}.", "Say which, by its id.")
    return there[0]


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """What a withdrawal takes away, and what of its story stays."""

    entry: Entry
    already: bool
    """It was withdrawn before: there is nothing to take away."""
    others: tuple[Entry, ...]


def withdrawal(tx: Transaction, word: str) -> Withdrawal:
    """Return what withdrawing the entry that a word names would mean; Usage as of `named`."""
    entry = named(tx, word)
    members = (tx.entries.get(one.entry_id) for one in tx.kinships.members(entry.key) if one.entry_id != entry.id)
    others = tuple(one for one in members if one is not None and one.held != Held.WITHDRAWN)
    return Withdrawal(entry, entry.held == Held.WITHDRAWN, others)


def _decided(
    tx: Transaction, decided: Sequence[Decision], stories: set[str], settings: Settings, now: datetime
) -> set[str]:
    tx.stories.decide(decided, now)
    tx.tellings.orphaned(now, stories)
    return _known_to(tx, [one.entry for one in decided]) | tell(tx, settings, now)


def _known_to(tx: Transaction, keys: Iterable[int]) -> set[str]:
    return set().union(*outputs_of(tx, list(keys)).values())
