"""What pydantic finds wrong, in words for the person who wrote the file."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from aggregator.config.places import Mistake, Place, within
from aggregator.config.settings import FeedSettings, OpmlSettings, Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pydantic_core import ErrorDetails

_UNION_TAGS: dict[str, type[BaseModel]] = {"feed": FeedSettings, "opml": OpmlSettings}
_GROUP = "Write its settings below it, `name: value`, one a line and further in."


def mistakes(errors: list[ErrorDetails], data: Any) -> Iterator[Mistake]:
    """Yield a Mistake for each error of pydantic."""
    for error in errors:
        place = _place(error["loc"])
        yield Mistake(place, *_WORDS[error["type"]](error, place, data))


def _place(location: tuple[int | str, ...]) -> Place:
    """Leave out which kind of entry of `feeds` pydantic took it for."""
    match location:
        case ("feeds", int(index), _, *rest):
            return ("feeds", index, *rest)
    return location


def _unknown(error: ErrorDetails, place: Place, _data: Any) -> tuple[str, str]:
    known = sorted(_settings_at(error["loc"][:-1]))
    close = difflib.get_close_matches(str(place[-1]), known, n=1, cutoff=0.6)
    remedy = f"Did you mean '{close[0]}'?" if close else f"Here may stand: {', '.join(known)}."
    return "there is no such setting.", remedy


def _settings_at(location: tuple[int | str, ...]) -> set[str]:
    """Return the names that may stand at a place, found by walking down the models."""
    model: type[BaseModel] = Settings
    for part in location:
        if part in _UNION_TAGS:
            model = _UNION_TAGS[str(part)]
        elif part in model.model_fields:
            model = _model_of(model.model_fields[str(part)].annotation) or model
    return set(model.model_fields)


def _model_of(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    inner = (_model_of(argument) for argument in getattr(annotation, "__args__", ()))
    return next((model for model in inner if model is not None), None)


def _missing(_error: ErrorDetails, place: Place, _data: Any) -> tuple[str, str]:
    examples = {"url": "https://example.org/feed.xml", "opml": "https://example.org/list.opml"}
    name = str(place[-1])
    return "is missing.", f"Add `{name}: {examples.get(name, 'ai-news')}`."


def _text(error: ErrorDetails, _place: Place, _data: Any) -> tuple[str, str]:
    value = error["input"]
    if isinstance(value, bool | int | float):
        return "must be text.", f'Write it in quotes: "{str(value).lower()}".'
    return (
        "must be text.",
        "Write one value after the colon." if value is None else "Write one value, not several.",
    )


def _number(_error: ErrorDetails, place: Place, data: Any) -> tuple[str, str]:
    if isinstance(within(place, data), str):
        return "must be a whole number.", "Write it without quotes; ${...} gives text and cannot stand here."
    return "must be a whole number.", "Write digits only, such as 5."


def _boolean(_error: ErrorDetails, _place: Place, _data: Any) -> tuple[str, str]:
    return "must be true or false.", "Write true or false, without quotes; yes, no, on and off are text."


def _list(error: ErrorDetails, _place: Place, _data: Any) -> tuple[str, str]:
    lone = isinstance(error["input"], str | int | float)
    return "must be a list.", "Put it in brackets: [...]." if lone else "Write [a, b], or one `- ` a line."


def _group(_error: ErrorDetails, place: Place, _data: Any) -> tuple[str, str]:
    match place:
        case ("feeds", _):
            message = "must be the address of a source, or its settings."
            return message, "Write `- url: https://example.org/feed.xml`."
    return "must be a group of settings.", _GROUP


def _one_of(error: ErrorDetails, place: Place, data: Any) -> tuple[str, str]:
    expected = error["ctx"]["expected"].replace("'", "")
    close = difflib.get_close_matches(str(within(place, data)), expected.replace(" or ", ", ").split(", "), n=1)
    return f"must be {expected}.", f"Did you mean '{close[0]}'?" if close else ""


def _bound(words: str, key: str) -> Callable[[ErrorDetails, Place, Any], tuple[str, str]]:
    def describe(error: ErrorDetails, _place: Place, _data: Any) -> tuple[str, str]:
        limit = error["ctx"][key]
        shown = limit if isinstance(limit, int) else "0s"  # the only bound of a duration, in pydantic's words
        return f"must be {words} {shown}.", ""

    return describe


def _output_name(_error: ErrorDetails, _place: Place, _data: Any) -> tuple[str, str]:
    message = "the name of an output has small letters, digits, - and _, starts with a letter or digit, and"
    return f"{message} is at most 64 long.", "It becomes an address: /NAME.atom."


def _token(_error: ErrorDetails, _place: Place, _data: Any) -> tuple[str, str]:
    return "a token has at least 8 characters.", "It is a secret that must not be guessed; 32 are better."


def _said(error: ErrorDetails, _place: Place, _data: Any) -> tuple[str, str]:
    return f"{error['ctx']['error']}.", ""


# Every type of error that the models can give; a test holds it complete.
_WORDS: dict[str, Callable[[ErrorDetails, Place, Any], tuple[str, str]]] = {
    "bool_type": _boolean,
    "dict_type": _group,
    "extra_forbidden": _unknown,
    "greater_than": _bound("more than", "gt"),
    "greater_than_equal": _bound("at least", "ge"),
    "int_type": _number,
    "less_than_equal": _bound("at most", "le"),
    "literal_error": _one_of,
    "missing": _missing,
    "model_type": _group,
    "string_pattern_mismatch": _output_name,
    "string_too_short": _token,
    "string_type": _text,
    "tuple_type": _list,
    "value_error": _said,
}
