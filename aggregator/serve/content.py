"""An entry's own HTML on a page of ours: harmless already, it is made to fit in, and cleaned once more at the door."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import nh3
from markupsafe import Markup

from aggregator.publish import legal

if TYPE_CHECKING:
    from collections.abc import Mapping

_BYTES = 48_000
"""Of content on a page; what is longer is read at its source."""
_TAG = re.compile(r'<(/?)([a-z][a-z0-9]*)((?: [a-z-]+="[^"]*")*) ?/?>')
_ATTRIBUTE = re.compile(r' ([a-z-]+)="([^"]*)"')
_EMPTY_LINK = re.compile(r"<a(?: [^>]*)?>\s*</a>")
_HEADING = re.compile(r"h[1-6]")
_DIRECTIONS = frozenset({"ltr", "rtl", "auto"})
_PLAYED = {"audio": "Sound", "video": "Film", "source": "File"}
_TAGS = (
    "a abbr address b bdi bdo blockquote br caption cite code dd del details dfn div dl dt em figcaption figure h2 h3"
    " hr i img ins kbd li mark ol p pre q rp rt ruby s samp small span strong sub summary sup table tbody td tfoot th"
    " thead time tr u ul var wbr"
)

_ATTRIBUTES = {
    "*": {"dir", "lang"},
    "a": {"href", "hreflang"},
    "abbr": {"title"},
    "img": {"src", "alt", "width", "height", "loading"},
    "li": {"value"},
    "ol": {"start", "reversed"},
    "span": {"class"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan", "scope"},
    "time": {"datetime"},
}


@dataclass(frozen=True, slots=True)
class Shown:
    """Content, ready for a page."""

    html: Markup
    images: int
    """How many it has, shown or not."""
    cut: bool
    """There is more of it at its source."""


def shown(content: str, *, images: bool) -> Shown:
    """Return content as a page shows it: below a heading of ours, without what plays, images only where asked for.

    Images that do not come by https are never shown: a browser might be sent to a machine in its own network.
    """
    cut = _begin(content)
    fitted = _Fitted(images=images)
    clean = _CLEANER.clean(_EMPTY_LINK.sub("", _TAG.sub(fitted.tag, cut)))
    return Shown(Markup(clean), fitted.found, len(cut) < len(content))  # noqa: S704 - cleaned in the line above


def _begin(content: str) -> str:
    """Return as much of the beginning as a page takes, without half a tag at its end."""
    encoded = content.encode("utf-8", "replace")
    if len(encoded) <= _BYTES:
        return content
    head = encoded[:_BYTES].decode(errors="ignore")
    tag = head.rfind("<")
    return head[:tag] if tag > head.rfind(">") else head


@dataclass
class _Fitted:
    """Rewrites one tag after the other."""

    images: bool
    found: int = 0
    top: int | None = field(default=None)
    """The level of the first heading: it and those above become h2, those below h3."""
    linked: bool = False

    def tag(self, match: re.Match[str]) -> str:
        """Return what stands in place of a tag."""
        closing, name, written = match.groups()
        if name == "a":
            self.linked = not closing
        if _HEADING.fullmatch(name):
            return f"<{closing}{self._heading(int(name[1]))}>"
        given = {key: html.unescape(value) for key, value in _ATTRIBUTE.findall(written)}
        if name in _PLAYED:
            return "" if closing else _link(given.get("src", ""), _PLAYED[name])
        if name == "img":
            return self._image(given)
        return f"<{closing}{name}{_attributes(_kept(given))}>"

    def _heading(self, level: int) -> str:
        if self.top is None:
            self.top = level
        return "h2" if level <= self.top else "h3"

    def _image(self, given: Mapping[str, str]) -> str:
        self.found += 1
        source, words = given.get("src", ""), legal.line(given.get("alt"))
        if self.images and source.startswith("https://"):
            sizes = {name: given[name] for name in ("width", "height") if name in given}
            about = {"src": source, "alt": words or ("Image" if self.linked else ""), "loading": "lazy"}
            return f"<img{_attributes({**about, **sizes})}>"
        return f'<span class="image">{html.escape(f"Image: {words}" if words else "Image")}</span>'


def _link(address: str, words: str) -> str:
    return f"<p><a{_attributes({'href': address})}>{words}</a></p>" if address else ""


def _kept(given: Mapping[str, str]) -> dict[str, str]:
    """Leave out languages and directions that are none."""
    kept = dict(given)
    if "lang" in kept and legal.language(kept["lang"]) is None:
        del kept["lang"]
    if kept.get("dir", "auto") not in _DIRECTIONS:
        del kept["dir"]
    kept.pop("class", None)
    return kept


def _attributes(values: Mapping[str, str]) -> str:
    return "".join(f' {name}="{html.escape(value)}"' for name, value in values.items())


_CLEANER = nh3.Cleaner(
    tags=set(_TAGS.split()),
    attributes=_ATTRIBUTES,
    attribute_filter=lambda tag, name, value: None if (tag, name) == ("span", "class") and value != "image" else value,
    url_schemes={"http", "https", "mailto"},
    link_rel="noopener noreferrer nofollow",
)
