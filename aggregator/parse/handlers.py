"""feedparser's handlers on expat without the layers between: the same words of a document for a fifth of the time.

What an element means stays feedparser's: `_start_` and `_end_` methods are its own. What is done anew is what it does
around them for every element: names and attributes are read once, text comes whole and not line by line, nothing is
copied deep, and dates, which are read elsewhere (see dates), are not parsed. Markup inside a content, and whatever else
is rare, takes the way through its own code. Tests hold the outcome against feedparser's on every document there is.
"""

from __future__ import annotations

import re
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from xml.parsers import expat
from xml.sax.expatreader import ExpatParser

from feedparser.api import StrictFeedParser
from feedparser.html import _cp1252
from feedparser.urls import make_safe_absolute_uri
from feedparser.util import FeedParserDict

if TYPE_CHECKING:
    from collections.abc import Mapping

    Found = tuple[Mapping[str, Any], list[Mapping[str, Any]], str]

_TEXTS = ("text/plain", "text/html")
_ALIASES = {*FeedParserDict.keymap, "category", "enclosures", "license", "updated", "updated_parsed"}
_INHERITED = frozenset({"base", "lang"})
_IN_TEXT_INPUT = frozenset({"title", "link", "description", "name"})
_IN_IMAGE = frozenset({"title", "link", "description", "url", "href", "width", "height"})
_FOREIGN = ("svg", "math")
_LANGUAGE_IS_THE_FEEDS = frozenset({"feed", "rss", "rdf:RDF"})
_LONGEST_NAME = 3
"""Parts of an element's name as expat gives it: namespace, name, prefix."""
_NOT_STORED = frozenset({"category", "tags", "itunes_keywords"})
_CONTROLS = re.compile("[\x80-\x9f]")
_REFERENCE = re.compile("&([A-Za-z0-9_]+);")


class _Unusual(Exception):
    """What only feedparser itself knows how to take."""


def read_strictly(text: str) -> Found:
    """Return feed, entries and version of a document as feedparser.parse would, without dates as tuples.

    Raise ExpatError when it is not well-formed, and whatever feedparser's handlers raise.
    """
    handlers = _Handlers()
    parser = expat.ParserCreate("utf-8", namespace_separator=" ")
    parser.namespace_prefixes = True
    parser.buffer_text = True
    parser.StartElementHandler = handlers.start
    parser.EndElementHandler = handlers.end
    parser.CharacterDataHandler = handlers.handle_data
    parser.StartNamespaceDeclHandler = handlers.declare
    parser.Parse(text.encode(), True)
    return dict(handlers.feeddata), [dict(entry) for entry in handlers.entries], handlers.version or ""


class _Words(FeedParserDict):  # type: ignore[misc]
    """A feedparser dictionary that is quick where a key has one name only."""

    def __getitem__(self, key: str) -> Any:
        return super().__getitem__(key) if key in _ALIASES else dict.__getitem__(self, key)

    def __contains__(self, key: object) -> bool:
        return bool(super().__contains__(key)) if key in _ALIASES else dict.__contains__(self, key)

    def get(self, key: str, default: Any = None) -> Any:
        """Return a value, or `default`."""
        return super().get(key, default) if key in _ALIASES else dict.get(self, key, default)

    def setdefault(self, key: str, default: Any) -> Any:
        """Return a value, set to `default` when there is none."""
        return super().setdefault(key, default) if key in _ALIASES else dict.setdefault(self, key, default)


class _Handlers(StrictFeedParser):  # type: ignore[misc]
    """feedparser's state, fed by expat."""

    baseuri: str
    lang: str | None

    def __init__(self) -> None:
        super().__init__("", None, "utf-8")
        self.resolve_relative_uris = self.sanitize_html = False
        self.feeddata = _Words()
        self.contentparams: dict[str, Any] = {}
        self._names: dict[str, tuple[str, str, bool]] = {}
        """An element's tag, its name in feedparser's methods and whether that has no prefix, by expat's name."""
        self._depths: dict[str, int] = {}
        """How deep the elements stood whose texts the entry has, as property_depth_map has it."""
        self._inside = 0
        """Elements that are open inside a content."""

    @property
    def _cont_handler(self) -> _Handlers:
        """Whom ExpatParser's methods call: for what is rare they are called with this object in the place of theirs."""
        return self

    def declare(self, prefix: str | None, uri: str | None) -> None:
        """Take note of a namespace: names may mean something else from here."""
        self._names.clear()
        self.startPrefixMapping(prefix, uri)

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """Begin an element."""
        tag, method, bare = self._names.get(name) or self._name(name)
        words = _attributes(attributes) if attributes else {}
        if words is None or self.incontent or self.decls or self.svgOK or tag.endswith(_FOREIGN):
            self._inside += 1 if self.incontent else 0
            ExpatParser.start_element_ns(self, name, attributes)
            return
        self._enter(tag, bare)
        try:
            getattr(self, "_start_" + method)(words)
        except AttributeError:  # there is no such method, or it met what it does not know: as unknown_starttag
            if words:
                self._get_context()[method] = words
            else:
                self.push(method, 1)

    def _enter(self, tag: str, bare: bool) -> None:  # noqa: FBT001
        """Inherit base and language; leave a text input or an image that was not closed."""
        self.depth += 1
        if self.baseuri:
            self.baseuri = make_safe_absolute_uri(self.baseuri, self.baseuri) or self.baseuri
        if self.lang and tag in _LANGUAGE_IS_THE_FEEDS:
            self.feeddata["language"] = self.lang.replace("_", "-")
        self.basestack.append(self.baseuri)
        self.langstack.append(self.lang)
        if bare and tag not in _IN_TEXT_INPUT:
            self.intextinput = 0
        if bare and tag not in _IN_IMAGE:
            self.inimage = 0

    def end(self, name: str) -> None:
        """End an element."""
        tag, method, _ = self._names.get(name) or self._name(name)
        if self._inside or self.svgOK:
            self._inside -= 1 if self._inside else 0
            self.unknown_endtag(tag)
            return
        try:
            getattr(self, "_end_" + method)()
        except AttributeError:
            self.pop(method)
        if self.incontent:
            raise _Unusual
        self._leave()

    def _leave(self) -> None:
        """Go back to the base and language of the element around."""
        self.basestack.pop()
        if self.basestack and self.basestack[-1]:
            self.baseuri = self.basestack[-1]
        self.langstack.pop()
        if self.langstack:
            self.lang = self.langstack[-1]
        self.depth -= 1

    def _name(self, name: str) -> tuple[str, str, bool]:
        """Spell an element as endElementNS and unknown_endtag do; good until another namespace is declared."""
        parts = name.split()
        uri, local = parts[:2] if len(parts) > 1 else ("", name)
        if len(parts) > _LONGEST_NAME or "backend.userland.com/rss" in uri.lower():
            raise _Unusual
        prefix = self._matchnamespaces.get(uri.lower(), "")
        if uri and not prefix:
            prefix = next((known for known, used in self.namespaces_in_use.items() if known and used == uri), "")
        tag = f"{prefix}:{local}".lower() if prefix else local.lower()
        before, mark, after = tag.partition(":")
        prefix, suffix = (before, after) if mark else ("", tag)
        prefix = self.namespacemap.get(prefix, prefix)
        method = f"{prefix}_{suffix}" if prefix else suffix
        self._names[name] = found = (tag, method, not prefix)
        return found

    def push_content(self, tag: str, attrs_d: dict[str, str], default_content_type: str, expecting_text: int) -> None:
        """Begin a text construct."""
        kind = self.map_content_type(attrs_d.get("type", default_content_type))
        if "mode" in attrs_d or kind not in _TEXTS:
            super().push_content(tag, attrs_d, default_content_type, expecting_text)
            return
        self.incontent += 1
        if self.lang:
            self.lang = self.lang.replace("_", "-")
        self.contentparams = {"type": kind, "language": self.lang, "base": self.baseuri}
        self.push(tag, expecting_text)

    def pop(self, element: str, strip_whitespace: int = 1) -> str | None:
        """End an element that text was expected of, or might be; return the text."""
        kind = self.contentparams.get("type", "text/html")
        if kind not in _TEXTS or "mode" in self.contentparams or "base64" in self.contentparams:
            return super().pop(element, strip_whitespace)  # type: ignore[no-any-return]
        if not self.elementstack or self.elementstack[-1][0] != element:
            return None
        _, expecting_text, pieces = self.elementstack.pop()
        output = "".join(pieces)
        if strip_whitespace:
            output = output.strip()
        if not expecting_text:
            return output
        if element in self.can_be_relative_uri and output:
            output = self.resolve_uri(output)
        if kind == "text/plain" and not self.version.startswith("atom") and _is_html(self, output):
            self.contentparams["type"] = "text/html"
        output = output if output.isascii() else _recoded(output)
        if element not in _NOT_STORED and not (element == "title" and -1 < self.title_depth <= self.depth):
            self._store(element, output)
        return output

    def _store(self, element: str, output: str) -> None:
        """Put a text where it belongs."""
        if self.inentry and not self.insource:
            self._store_in_entry(element, output)
        elif self.infeed or self.insource:
            context = self._get_context()
            element = "subtitle" if element == "description" else element
            context[element] = output
            if element == "link":
                context[element] = context["links"][-1]["href"] = _REFERENCE.sub(r"&\g<1>", output)
            elif self.incontent:
                context[element + "_detail"] = {**self.contentparams, "value": output}

    def _store_in_entry(self, element: str, output: str) -> None:
        entry = self.entries[-1]
        if element == "content":
            entry.setdefault(element, []).append({**self.contentparams, "value": output})
        elif element == "link":
            if not self.inimage:
                entry[element] = output = _REFERENCE.sub(r"&\g<1>", output.replace("&amp;", "&"))
                if output:
                    entry["links"][-1]["href"] = output
        else:
            element = "summary" if element == "description" else element
            if self.depth <= self._depths.get(element, self.depth):
                self._depths[element] = self.depth
                entry[element] = output
            if self.incontent:
                entry[element + "_detail"] = {**self.contentparams, "value": output}

    def _start_item(self, attrs_d: dict[str, str]) -> None:
        self._depths = {}
        super()._start_item(attrs_d)
        if not self.entries[-1]:
            self.entries[-1] = _Words()
        self.property_depth_map[self.entries[-1]] = self._depths

    _start_entry = _start_item

    def _end_published(self) -> None:
        self.pop("published")
        self._get_context()

    _end_issued = _end_pubdate = _end_published

    def _end_updated(self) -> None:
        self.pop("updated")
        self._get_context()

    _end_modified = _end_lastbuilddate = _end_updated

    def _end_created(self) -> None:
        self.pop("created")
        self._get_context()


def _attributes(attributes: dict[str, str]) -> dict[str, str] | None:
    """Return attributes as _normalize_attributes spells them, or None when some have a namespace or are inherited."""
    words = {}
    for name, value in attributes.items():
        key = name.lower()
        if " " in name or key in _INHERITED:
            return None
        words[key] = value.lower() if key in ("rel", "type") else value
    return words


def _is_html(handlers: _Handlers, text: str) -> bool:
    """Ask feedparser whether a plain text is HTML, where it might be: it wants an end tag or a reference."""
    return ("</" in text or "&" in text) and bool(handlers.looks_like_html(text))


def _recoded(text: str) -> str:
    """Put right UTF-8 that was taken for Latin-1, and Windows' characters in the place of controls."""
    with suppress(UnicodeError):
        text = text.encode("iso-8859-1").decode()
    return text.translate(_cp1252) if _CONTROLS.search(text) else text
