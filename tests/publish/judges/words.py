"""What the validator demands of single values: addresses, dates, languages, names, HTML."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from html.entities import name2codepoint
from typing import TYPE_CHECKING

from lxml import html as lxml_html

if TYPE_CHECKING:
    from collections.abc import Iterator

_OLDEST, _NEWEST = datetime(1990, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
_ADDRESS = re.compile(r"[a-zA-Z][0-9a-zA-Z+\-.]*:(//)?[0-9a-zA-Z;/?:@&=+$.\-_!~*'()%,#]+")
_WEB = re.compile(r"https?://[^/].*", re.DOTALL)
_DOMAIN = r"(([0-9]{1,3}\.){3}|([A-Z0-9-]+\.)+)[A-Z0-9][-A-Z0-9]*"
_FILE = re.compile(rf"https?://{_DOMAIN}(:\d+)?(/.*)?", re.IGNORECASE | re.DOTALL)
_EMAIL = re.compile(rf"[A-Z0-9_\-+.']+@{_DOMAIN}", re.IGNORECASE)
_TAG_URI = re.compile(
    r"tag:([a-z0-9\-._]+?@)?[a-z0-9.\-]+?,\d{4}(-\d\d(-\d\d)?)?:[0-9a-zA-Z;/?:@&=+$.\-_!~*'()%,]*(#.*)?"
)
_URN = re.compile(r"urn:[a-z0-9][a-z0-9-]{1,31}:([a-z0-9()+,.:=@;$_!*'\-]|%[0-9a-f]{2})+", re.IGNORECASE)
_UUID = re.compile(r"urn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
_RFC822 = re.compile(
    r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d? (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{4} "
    r"\d\d:\d\d:\d\d (GMT|[+-]\d{4})"
)
_MEDIA_TYPE = re.compile(r"""[^\s()<>,;:\\"/[\]?=]+/[^\s()<>,;:\\"/[\]?=]+(\s*;\s*[^\s=]+=("[^"]*"|[^\s"]+))*""")
_LANGUAGE = re.compile(r"([a-z]{2,3})(-[a-z0-9]{1,8})*", re.IGNORECASE)
_NO_LANGUAGES = frozenset({"jp", "cn", "gb", "us", "uk-", "dk", "cz", "gr", "xx", "und"})
"""What feeds take for languages: countries, and placeholders."""
_REFERENCE = re.compile(r"&(#?\w+)")
_END_TAG = re.compile(r"</(\w+)>")
_TAGS = frozenset(
    [
        "a",
        "abbr",
        "acronym",
        "address",
        "area",
        "article",
        "aside",
        "audio",
        "b",
        "bdi",
        "big",
        "blockquote",
        "br",
        "button",
        "canvas",
        "caption",
        "center",
        "cite",
        "code",
        "col",
        "colgroup",
        "data",
        "datalist",
        "dd",
        "del",
        "details",
        "dfn",
        "dialog",
        "dir",
        "div",
        "dl",
        "dt",
        "em",
        "fieldset",
        "figcaption",
        "figure",
        "footer",
        "font",
        "form",
        "header",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "hgroup",
        "hr",
        "i",
        "img",
        "input",
        "ins",
        "kbd",
        "label",
        "legend",
        "li",
        "main",
        "map",
        "mark",
        "menu",
        "meter",
        "nav",
        "ol",
        "output",
        "optgroup",
        "option",
        "p",
        "picture",
        "pre",
        "progress",
        "q",
        "rp",
        "rt",
        "ruby",
        "s",
        "samp",
        "section",
        "select",
        "small",
        "source",
        "span",
        "strike",
        "strong",
        "sub",
        "summary",
        "sup",
        "table",
        "tbody",
        "td",
        "template",
        "textarea",
        "time",
        "tfoot",
        "th",
        "thead",
        "tr",
        "track",
        "tt",
        "u",
        "ul",
        "var",
        "video",
        "noscript",
        "wbr",
    ]
)
"""HTML that the validator takes for harmless."""
_HTML = _TAGS | frozenset(
    [
        "applet",
        "base",
        "basefont",
        "bdo",
        "body",
        "command",
        "embed",
        "frame",
        "frameset",
        "head",
        "html",
        "iframe",
        "isindex",
        "link",
        "meta",
        "noframes",
        "object",
        "param",
        "script",
        "style",
        "title",
        "xmp",
        "plaintext",
        "listing",
        "comment",
    ]
)
_ATTRIBUTES = frozenset(
    [
        "abbr",
        "align",
        "alt",
        "autoplay",
        "cite",
        "colspan",
        "datetime",
        "dir",
        "headers",
        "height",
        "href",
        "hreflang",
        "lang",
        "loop",
        "muted",
        "open",
        "poster",
        "preload",
        "rel",
        "reversed",
        "rowspan",
        "scope",
        "span",
        "src",
        "start",
        "title",
        "type",
        "value",
        "width",
    ]
)
"""Attributes that the validator takes for harmless; of those, what may be in what we publish."""
_ADDRESSES = ("href", "src", "cite", "poster")


def text_faults(words: str) -> Iterator[str]:
    """Yield BadCharacters: controls of ISO 8859-1, and what stands for an unreadable character."""
    if re.search("[\x80-\x9f\ufffd]", words):
        yield f"BadCharacters: {words[:60]!r}"


def plain_faults(words: str) -> Iterator[str]:
    """Yield ContainsHTML for text that a reader could take for HTML."""
    if tags := [tag for tag in _END_TAG.findall(words) if tag.lower() in _HTML]:
        yield f"ContainsHTML: </{tags[0]}> in {words[:60]!r}"
    for name in _REFERENCE.findall(words):
        if name in name2codepoint or name == "apos" or not name.isalpha():
            yield f"ContainsHTML: &{name} in {words[:60]!r}"


def html_faults(markup: str) -> Iterator[str]:
    """Yield SecurityRisk, SecurityRiskAttr, ContainsRelRef and NotHtml for what is published as HTML."""
    for element in lxml_html.fragments_fromstring(f"<div>{markup}</div>")[0].iter():
        if not isinstance(element.tag, str):
            yield f"NotHtml: {element}"
        elif element.tag not in _HTML:
            yield f"NotHtml: <{element.tag}>"
        elif element.tag not in _TAGS:
            yield f"SecurityRisk: <{element.tag}>"
        else:
            yield from _attribute_faults(element.tag, dict(element.attrib))


def _attribute_faults(tag: str, attributes: dict[str, str]) -> Iterator[str]:
    yield from (f"SecurityRiskAttr: <{tag} {name}>" for name in attributes if name not in _ATTRIBUTES)
    for name in _ADDRESSES:
        if name in attributes and not re.match(r"(https?|mailto):", attributes[name]):
            yield f"ContainsRelRef: <{tag} {name}={attributes[name]!r}>"


def address_faults(url: str | None) -> Iterator[str]:
    """Yield InvalidFullLink, InvalidTAG, InvalidURN and InvalidUUID for what should be an absolute URI."""
    url = url or ""
    scheme = url.partition(":")[0].lower()
    forms = {"tag": (_TAG_URI,), "urn": (_URN,), "http": (_ADDRESS, _WEB), "https": (_ADDRESS, _WEB)}
    if url.lower().startswith("urn:uuid:") and not _UUID.fullmatch(url):
        yield f"InvalidUUID: {url}"
    elif not all(form.fullmatch(url) for form in forms.get(scheme, (_ADDRESS,))):
        yield f"InvalidFullLink: {url!r}"


def id_faults(iri: str) -> Iterator[str]:
    """Yield InvalidFullLink for what is no IRI (RFC 3987); ids are as their publishers wrote them."""
    ascii_only = "".join(letter if letter < "\x80" else "a" for letter in iri)
    if not re.fullmatch(r"(https?://[^\s<>\"{}|\\^`/]+[^\s<>\"{}|\\^`]*|tag:[^\s,]+,\d{4}.*|urn:\w.*)", ascii_only):
        yield f"InvalidFullLink: {iri!r}"


def file_faults(url: str | None) -> Iterator[str]:
    """Yield InvalidURLAttribute for an enclosure's address that is no web address with a domain."""
    if not url or not _FILE.fullmatch(url) or not _ADDRESS.fullmatch(url):
        yield f"InvalidURLAttribute: {url!r}"


def email_faults(address: str) -> Iterator[str]:
    """Yield InvalidContact for what is no address with a domain."""
    if not _EMAIL.fullmatch(address):
        yield f"InvalidContact: {address!r}"


def name_faults(name: str) -> Iterator[str]:
    """Yield what is wrong with somebody's name."""
    if not name.strip():
        yield "NotBlank: name"
    if re.search(f"<{_EMAIL.pattern}>", name, re.IGNORECASE):
        yield f"ContainsEmail: {name!r}"
    yield from plain_faults(name)


def media_type_faults(media_type: str | None) -> Iterator[str]:
    """Yield InvalidMIMEType."""
    if not media_type or not _MEDIA_TYPE.fullmatch(media_type):
        yield f"InvalidMIMEType: {media_type!r}"


def language_faults(tag: str | None) -> Iterator[str]:
    """Yield InvalidLanguage for what does not begin with a code of ISO 639."""
    found = _LANGUAGE.fullmatch(tag or "")
    if found is None or found[1].lower() in _NO_LANGUAGES:
        yield f"InvalidLanguage: {tag!r}"


def number_faults(number: str | None, least: int = 0) -> Iterator[str]:
    """Yield InvalidInteger for what is no number of at least this."""
    if not number or not number.isascii() or not number.isdigit() or int(number) < least:
        yield f"InvalidInteger: {number!r}"


def rfc3339_faults(moment: str | None) -> Iterator[str]:
    """Yield InvalidRFC3339Date and ImplausibleDate."""
    if not moment or not _RFC3339.fullmatch(moment):
        yield f"InvalidRFC3339Date: {moment!r}"
    elif not _OLDEST <= datetime.fromisoformat(moment) <= _NEWEST:
        yield f"ImplausibleDate: {moment}"


def rfc822_faults(moment: str | None) -> Iterator[str]:
    """Yield InvalidRFC2822Date, IncorrectDOW and ImplausibleDate."""
    if not moment or not _RFC822.fullmatch(moment):
        yield f"InvalidRFC2822Date: {moment!r}"
        return
    parsed = parsedate_to_datetime(moment)
    if parsed.strftime("%a") != moment[:3]:
        yield f"IncorrectDOW: {moment}"
    if not _OLDEST <= parsed <= _NEWEST:
        yield f"ImplausibleDate: {moment}"
