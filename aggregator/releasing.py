"""Which entries become visible where, written by the serial stage: releases are append-only.

Outputs that tell stories are told of them when the stories are decided (telling.py); here it is noted which entries
belong there.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from datetime import timedelta
from itertools import chain
from typing import TYPE_CHECKING

from aggregator.decide.release import outputs_for
from aggregator.model import Held

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from datetime import datetime

    from aggregator.config.settings import Settings
    from aggregator.decide.release import Subject
    from aggregator.store.protocols import Transaction

OVER_CAP = "filtered: over per_source"
_DAY = timedelta(days=1)
_CHOOSES_NOTHING = {"token", "title", "limit", "full_content", "was"}
_CHOSE_BEFORE = {
    "name",
    "by",
    "tags",
    "languages",
    "search",
    "keep",
    "drop",
    "max_age",
    "hold",
    "per_source",
    "top",
    "digest",
}
"""The settings that output digests were made of while they were made of defaults too; no later one is added."""
_BATCH = 500
"""Entries looked at together when an output is filled: all of them may be many."""


def release(tx: Transaction, keys: Iterable[int], settings: Settings, now: datetime) -> set[str]:
    """Make entries visible in the outputs that they belong to and are not in yet; return those outputs."""
    subjects = {key: subject for key, subject in tx.entries.subjects(list(keys)).items() if subject.held is None}
    done = outputs_of(tx, subjects)
    wanted: dict[str, list[int]] = defaultdict(list)
    for key in sorted(subjects, key=lambda key: (subjects[key].published, key)):
        for name in outputs_for(subjects[key], settings.published, now=now, except_for=done.get(key, ())):
            wanted[name].append(key)
    cap = Cap(tx, settings)
    fresh: dict[str, list[int]] = {}
    for name, found in wanted.items():
        if (output := settings.published[name]).tells_stories:
            fresh[name] = found
            tx.tellings.add(name, found, now + output.hold)
        else:
            fresh[name] = [key for key in found if cap.allows(name, subjects[key].feed, now)]
            tx.releases.append(name, fresh[name], now)
    _explain(tx, subjects, told={*done, *chain(*fresh.values())}, wanted={*chain(*wanted.values())})
    return {name for name, found in fresh.items() if found and not settings.published[name].tells_stories}


class Cap:
    """Counts what an output releases of a source on a (UTC) day."""

    def __init__(self, tx: Transaction, settings: Settings) -> None:
        self._tx, self._settings = tx, settings
        self._counts: dict[tuple[str, str, datetime], int] = {}

    def allows(self, name: str, feed: str, at: datetime) -> bool:
        """Tell whether one more fits, and count it if so."""
        most = self._settings.published[name].per_source
        if most is None:
            return True
        day = day_of(at)
        place = name, feed, day
        if place not in self._counts:
            since, after = (self._tx.releases.released_since(name, feed, start) for start in (day, day + _DAY))
            self._counts[place] = since - after
        fits = self._counts[place] < most
        self._counts[place] += fits
        return fits


def day_of(moment: datetime) -> datetime:
    """Return when the (UTC) day of a moment began."""
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)


def outputs_of(tx: Transaction, keys: Collection[int]) -> dict[int, set[str]]:
    """Return the outputs that know entries: released there, or there to tell their stories."""
    released, told = tx.releases.outputs_of(keys), tx.tellings.of(keys)
    return {key: released.get(key, set()) | told.get(key, set()) for key in released.keys() | told.keys()}


def _explain(
    tx: Transaction, subjects: Mapping[int, Subject], *, told: Collection[int], wanted: Collection[int]
) -> None:
    """Note why those of the entries that are in no output are in none."""
    reasons = defaultdict(list)
    for key in subjects.keys() - set(told):
        if key in wanted:
            reasons[OVER_CAP].append(key)
        else:
            reasons[Held.PRIVATE.value if subjects[key].private else "filtered: no output takes it"].append(key)
    for why, keys in reasons.items():
        tx.entries.set_held(keys, why)


def release_missing(tx: Transaction, settings: Settings, now: datetime) -> set[str]:
    """Fill outputs that are new, or that choose differently, from what is released; return those that changed.

    Entries keep the time of their first release, so that a subscriber is not shown old ones as new.
    """
    for name in settings.published:
        tx.releases.open_output(name, now)
    others = tx.releases.note_choices(
        {name: _choice(name, settings) for name in settings.published},
        before={name: _choice_before(name, settings) for name in settings.published},
    )
    return {name for name in settings.published if name in others and _fill(tx, name, settings, now)}


def _choice(name: str, settings: Settings) -> str:
    """Return a digest of all that decides what an output takes: its own settings, and the tags of sources.

    Defaults are left out, so that a later version's new setting changes no output that does not use it.
    """
    own = settings.published[name].model_dump_json(exclude=_CHOOSES_NOTHING, exclude_defaults=True)
    return _digest([own, bool(settings.published[name].token), _sources(settings)])


def _choice_before(name: str, settings: Settings) -> str:
    """Return the digest that was stored for the same choice while defaults were part of it; none by later settings."""
    own = settings.published[name].model_dump_json(include=_CHOSE_BEFORE)
    later = settings.published[name].model_dump_json(exclude=_CHOOSES_NOTHING | _CHOSE_BEFORE, exclude_defaults=True)
    return _digest([own, bool(settings.published[name].token), later == "{}", _sources(settings)])


def _sources(settings: Settings) -> list[tuple[str, list[str], bool]]:
    return sorted((source.url, sorted(source.tags), source.private) for source in settings.sources.values())


def _digest(known: list[object]) -> str:
    return hashlib.sha256(json.dumps(known).encode()).hexdigest()


def _fill(tx: Transaction, name: str, settings: Settings, now: datetime) -> bool:
    """Release in one output what belongs there and is released elsewhere; tell whether there was any."""
    output, cap, filled = settings.published[name], Cap(tx, settings), False
    missing = tx.releases.missing(name, tells_stories=output.tells_stories)
    for start in range(0, len(missing), _BATCH):
        batch = missing[start : start + _BATCH]
        subjects = tx.entries.subjects([key for key, _ in batch])
        for key, first in batch:
            if subjects[key].held is not None or not outputs_for(subjects[key], {name: output}, now=now):
                continue  # released once, and withdrawn since; or not for this output
            if output.tells_stories:
                tx.tellings.add(name, [key], first, as_of=first)
                filled = True
            elif cap.allows(name, subjects[key].feed, first):
                tx.releases.append(name, [key], first)
                filled = True
    return filled
