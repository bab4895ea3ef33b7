from __future__ import annotations

import time
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree, html

from aggregator.parse.clean import LARGEST, clean_html, clean_text, is_heavy, plain_text, text_to_html

BASE = "https://example.org/a/"
ACTIVE = [
    "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", '<a href="javascript:alert(1)">x</a>',
    '<a href="java&#10;script:alert(1)">x</a>', '<a href=" &#14; javascript:alert(1)">x</a>', "<svg/onload=alert(1)>",
    "<svg><script>alert(1)</script></svg>", '<svg><a xlink:href="javascript:alert(1)">x</a></svg>',
    '<iframe srcdoc="<script>alert(1)</script>"></iframe>', "<iframe src=javascript:alert(1)></iframe>",
    "<style>*{background:url(javascript:alert(1))}</style>", "<form action=https://evil.example><input name=p></form>",
    '<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=alert(1)&gt;">',
    '<math href="javascript:alert(1)">x</math>', "<base href=https://evil.example/>", "<button formaction=javascript:x>b</button>",
    '<meta http-equiv=refresh content="0;url=https://evil.example">', '<object data="data:text/html,x"></object>',
    '<embed src="data:text/html,x">', '<a href="data:text/html;base64,PHNjcmlwdD4=">x</a>', "<link rel=stylesheet href=//evil.example>",
    '<div style="position:fixed;inset:0">cover</div>', '<noscript><p title="</noscript><img src=x onerror=alert(1)>">',
    "<template><img src=x onerror=alert(1)></template>", "<textarea></textarea><img src=x onerror=alert(1)>",
    '<img src="x" srcset="javascript:alert(1) 1x">', "<video autoplay src=x onplay=alert(1)></video>", "<a ping=//evil.example href=/>x</a>",
    '<video poster="javascript:alert(1)" src="/v.mp4"></video>', "<details open ontoggle=alert(1)>x</details>", "<p id=x class=y hx-get=/z>t</p>",
    "<![CDATA[<img src=x onerror=alert(1)>]]>", "<!--><img src=x onerror=alert(1)>-->", "<xmp><img src=x onerror=alert(1)></xmp>",
    "<select><style></select><img src=x onerror=alert(1)></style>", "<table background=javascript:alert(1)><td>x</table>",
    '<blockquote cite="javascript:alert(1)">x</blockquote>', "<image src=x onerror=alert(1)>", "<isindex type=image src=x onerror=alert(1)>",
    '<audio src="data:audio/mpeg,x"></audio>', "<frameset onload=alert(1)></frameset>", "<marquee onstart=alert(1)>x</marquee>",
]  # fmt: skip
SAFE_TAGS = {
    "a",
    "abbr",
    "b",
    "blockquote",
    "br",
    "code",
    "details",
    "div",
    "em",
    "h1",
    "img",
    "li",
    "p",
    "pre",
    "source",
    "table",
    "tbody",
    "td",
    "tr",
    "ul",
    "video",
    "audio",
    "span",
}
SAFE_ATTRIBUTES = {
    "href",
    "src",
    "title",
    "alt",
    "rel",
    "cite",
    "open",
    "poster",
    "controls",
    "width",
    "height",
}


class Outline(HTMLParser):
    """Tags, attributes and addresses of cleaned HTML."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.addresses: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.addresses |= {value or "" for name, value in attrs if name in ("href", "src", "cite", "poster")}


@pytest.mark.parametrize("payload", ACTIVE)
@pytest.mark.fault("T11")
def test_nothing_active_stays(payload: str) -> None:
    """Of every known way to run or load something, only harmless tags, attributes and web addresses are left."""
    cleaned = clean_html(f"ok {payload} end", base=BASE)
    assert cleaned is not None
    outline = Outline(cleaned)
    assert outline.tags <= SAFE_TAGS
    assert outline.attributes <= SAFE_ATTRIBUTES
    assert all(address.startswith(("https://", "http://", "mailto:")) for address in outline.addresses)
    assert clean_html(cleaned, base=BASE) == cleaned


@pytest.mark.parametrize(
    ("given_html", "cleaned"),
    [
        ("<p>x</p>", "<p>x</p>"),
        (
            '<img src="/x.png" alt="a" width="600" class="c">',
            '<img src="https://example.org/x.png" alt="a" width="600">',
        ),
        (
            '<a href="b?c=1&amp;d=2">y</a>',
            '<a href="https://example.org/a/b?c=1&amp;d=2" rel="noopener noreferrer">y</a>',
        ),
        (
            '<a href="mailto:a@example.org">y</a>',
            '<a href="mailto:a@example.org" rel="noopener noreferrer">y</a>',
        ),
        (
            '<audio src="/a.mp3" autoplay controls></audio>',
            '<audio src="https://example.org/a.mp3" controls=""></audio>',
        ),
        ('x<img src="/t.gif" width="1" height="1">', "x"),
        ("x<img src='data:image/gif;base64,R0'>", "x"),
        ("<td>loose</td>", "loose"),
        ("a ]]> b", "a ]]&gt; b"),
        ("a\0b&#1;c\x0bd\ufffe", "abcd"),
        ("evil\u202egpj", "evilgpj"),
        ("5 < 6 & 7", "5 &lt; 6 &amp; 7"),
        ("<p>open <b>bold", "<p>open <b>bold</b></p>"),
    ],
)
def test_html_is_cleaned(given_html: str, cleaned: str) -> None:
    """What readers show stays, with absolute addresses; trackers and what is illegal in XML go."""
    assert clean_html(given_html, base=BASE) == cleaned


@pytest.mark.parametrize(
    "nothing",
    [
        "",
        "  ",
        "<p>&nbsp;</p>",
        "<script>x</script>",
        "<br><hr>",
        "\u200b\ufeff",
        '<img src="/t" width=1 height=1>',
    ],
)
def test_nothing_visible_is_none(nothing: str) -> None:
    """HTML without text or media is None."""
    assert clean_html(nothing, base=BASE) is None


def test_too_large_is_kept_as_text() -> None:
    """HTML over 256 KB is kept as escaped text, cut between two characters and outside character references."""
    text = clean_html("<b>" + "é&amp;" * LARGEST, base=BASE)
    assert text is not None
    assert LARGEST - 8 < len(text.encode()) <= LARGEST
    assert set(text.replace("&amp;", "")) == {"é"}
    assert is_heavy("x" * (LARGEST + 1))
    assert not is_heavy("x" * LARGEST)


@pytest.mark.parametrize(
    "unit",
    ["<div>", "<b>", "<p><b>", "<table>", "<svg><p>", "<font>", "<div><object></div></object>", '<b title="</b>">', "<!--><div>",
     "<div><style><!--</style>", "<a href=x b='>'></a><i>", "<dd><dt>", "<p>", "<"],
)  # fmt: skip
def test_deep_html_is_quick(unit: str) -> None:
    """Nesting that would take the sanitiser seconds is recognised in a fraction, tricks with end tags included."""
    start = time.process_time()
    text = clean_html(unit * (LARGEST // len(unit)) + "bottom", base=BASE)
    assert time.process_time() - start < 1
    assert text is None or text.count("<div>") <= 256


def test_moderately_deep_html_is_measured_after_cleaning() -> None:
    """HTML of few tags but deeper than 256 is kept as text, and of 200 levels as it is."""
    assert clean_html("<div>" * 300 + "x", base=BASE) == "x"
    assert (clean_html("<div>" * 200 + "x", base=BASE) or "").count("<div>") == 200


def test_long_articles_keep_their_markup() -> None:
    """Thousands of tags side by side are no depth."""
    page = "".join(f"<p>a <b>{n}</b><br><li>é &amp; <img src=/i.png></p><!-- {n} -->" for n in range(1500))
    cleaned = clean_html(page, base=BASE)
    assert (cleaned or "").count("<b>") == 1500


@given(st.text("<>/abdivp\"'=! -&#;x1 \n\0\ud800é", max_size=80) | st.text(max_size=60))
def test_law(text: str) -> None:
    """Whatever comes in, what goes out is well-formed in XML, made of allowed tags, and stays when cleaned again."""
    cleaned = clean_html(text, base=BASE)
    if cleaned is not None:
        assert Outline(cleaned).tags <= SAFE_TAGS | {"i", "dd", "address"} | {"bdi", "bdo", "big"}
        etree.fromstring(etree.tostring(html.fragment_fromstring(cleaned, create_parent="div")))
        assert clean_html(cleaned, base=BASE) == cleaned


def test_text_is_one_legal_line() -> None:
    """White space is collapsed; control characters and bidi overrides go, joiners and marks stay."""
    assert clean_text(" a\r\n\tb\u2028c \x1b[31m\x9b1m\0\ud800") == "a b c [31m1m"
    assert clean_text("\u202eevil\u202c \u2066x\u2069") == "evil x"
    assert clean_text("👩\u200d💻 می\u200cخواهم \u200fעברית") == "👩\u200d💻 می\u200cخواهم \u200fעברית"
    assert clean_text("e\u0301") == "e\u0301"


def test_text_is_cut() -> None:
    """A text over the limit ends in an ellipsis, within the limit."""
    assert clean_text("x" * 1000) == "x" * 1000
    assert clean_text("x" * 1001) == "x" * 999 + "…"
    assert clean_text("x" * 10**7, limit=5) == "xxxx…"


def test_titles_are_decoded_once() -> None:
    """Of HTML, tags go and references are decoded once; plain text is left alone."""
    assert plain_text("&lt;b&gt; &amp;amp; <b>x</b><!-- y --><script>z</script>", markup=True) == "<b> &amp; x"
    assert plain_text("<b> &amp;", markup=False) == "<b> &amp;"


def test_text_as_html() -> None:
    """Plain text is escaped and keeps its lines; markup that was sent as text is left for the sanitiser."""
    assert text_to_html("a < b\n& c") == "a &lt; b<br>\n&amp; c"
    assert text_to_html("<p>x") == "<p>x"


@given(st.text("ab \t\n\r\x85\xa0\xad\u200b\u202e\ufeff\"'/=;é日", max_size=40))
def test_text_needs_no_sanitiser(text: str) -> None:
    """What has no markup is what the sanitiser would have written: a comment at its end makes no difference."""
    assert clean_html(text, base=BASE) == clean_html(f"{text}<!-- -->", base=BASE)
