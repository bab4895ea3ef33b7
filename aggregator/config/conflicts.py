"""What is wrong between settings that are each right."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aggregator.config.addresses import same_address
from aggregator.config.places import Mistake, Place, Places, spell
from aggregator.config.settings import RESERVED_OUTPUTS, Polling
from aggregator.config.types import format_duration, parse_duration

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


def check_conflicts(data: Mapping[str, Any], places: Places) -> Iterator[Mistake]:
    """Yield what contradicts or repeats itself in the data of a file."""
    yield from _intervals(data)
    yield from _addresses(data, places)
    yield from _names(data, places)
    yield from _tokens(data)


def _intervals(data: Mapping[str, Any]) -> Iterator[Mistake]:
    polling = data.get("polling")
    if not isinstance(polling, dict):
        return
    shortest, longest = (
        _duration(polling.get(name), Polling.model_fields[name].default) for name in ("min_interval", "max_interval")
    )
    if shortest is not None and longest is not None and shortest > longest:
        name = "min_interval" if "min_interval" in polling else "max_interval"
        lengths = f"min_interval ({format_duration(shortest)}) is longer than max_interval ({format_duration(longest)})"
        yield Mistake(("polling", name), f"{lengths}.", "Make min_interval shorter, or max_interval longer.")


def _duration(value: Any, default: Any) -> Any:
    try:
        return default if value is None else parse_duration(value)
    except ValueError:
        return None


def _addresses(data: Mapping[str, Any], places: Places) -> Iterator[Mistake]:
    """Every address belongs to one source: now, or in its history."""
    taken: dict[str, Place] = {}
    for place, url in (*_urls(data), *_earlier(data)):
        first = taken.setdefault(same_address(url), place)
        if first is not place:
            yield Mistake(place, f"the same address as {_at(first, data, places)}.", "Keep one of the two.")


def _urls(data: Mapping[str, Any]) -> Iterator[tuple[Place, str]]:
    for place, feed in _entries(data, "feeds"):
        for name in ("url", "opml"):
            if isinstance(feed.get(name), str):
                yield (*place, name), feed[name]


def _earlier(data: Mapping[str, Any]) -> Iterator[tuple[Place, str]]:
    for place, feed in _entries(data, "feeds"):
        yield from _texts(feed.get("was"), (*place, "was"))


def _names(data: Mapping[str, Any], places: Places) -> Iterator[Mistake]:
    """Every name belongs to one output: now, or in its history."""
    taken: dict[str, Place] = {}
    outputs = list(_entries(data, "outputs"))
    named = [((*place, "name"), output["name"]) for place, output in outputs if isinstance(output.get("name"), str)]
    earlier = [pair for place, output in outputs for pair in _texts(output.get("was"), (*place, "was"))]
    for place, name in named:
        first = taken.setdefault(name, place)
        if first is not place:
            yield Mistake(place, f"the same name as {_at(first, data, places)}.", "Choose another name.")
    for place, name in earlier:
        first = taken.setdefault(name, place)
        if first is not place:
            remedy = "Remove it here: an address leads to one output."
            yield Mistake(place, f"the same name as {_at(first, data, places)}.", remedy)
        elif name == "all":
            yield Mistake(place, "the output `all` exists even where it is not listed.", "Remove it here.")


def _tokens(data: Mapping[str, Any]) -> Iterator[Mistake]:
    """Keep tokens and names apart, which stand at one place of an address: /TOKEN/NAME.atom, /NAME/2026-01.atom."""
    outputs = list(_entries(data, "outputs"))
    names = {output["name"] for _, output in outputs if isinstance(output.get("name"), str)} | RESERVED_OUTPUTS
    names |= {old for place, output in outputs for _, old in _texts(output.get("was"), place)}
    for place, output in outputs:
        if isinstance(output.get("token"), str) and output["token"] in names:
            yield Mistake((*place, "token"), "a token must not be the name of an output or address.", "Make it random.")


def _entries(data: Mapping[str, Any], name: str) -> Iterator[tuple[Place, dict[str, Any]]]:
    entries = data.get(name)
    for index, entry in enumerate(entries if isinstance(entries, tuple) else ()):
        if isinstance(entry, dict):
            yield (name, index), entry


def _texts(value: Any, place: Place) -> Iterator[tuple[Place, str]]:
    for index, text in enumerate(value if isinstance(value, tuple) else ()):
        if isinstance(text, str):
            yield (*place, index), text


def _at(place: Place, data: Mapping[str, Any], places: Places) -> str:
    return f"{spell(place[:-1] if place[-1] in ('url', 'opml', 'name') else place, data)} in line {places.line(place)}"
