"""Forms of URLs and texts in which equal things are equal."""

from __future__ import annotations

import string
from itertools import permutations
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.decide.canonical import bodies_contain, canonical_url, fold, plain_text, titles_agree

TRACKING = [
    "utm_source=rss",
    "UTM_Campaign=x",
    "fbclid=1",
    "gclid=2",
    "mc_cid=3",
    "mtm_medium=feed",
    "wt.mc_id=4",
    "_ga=5",
]
PARAMETERS = ["id=1", "page=2", "q=a%20b", "flag"]
LONG = " ".join(f"word{number}" for number in range(60))

paths = st.lists(st.text("abzABZ019-._~é ", min_size=1, max_size=6), max_size=3).map("/".join)


@st.composite
def spellings(draw: st.DrawFn) -> tuple[str, str]:
    """Draw one address, spelt in two ways that lead to the same page."""
    path, parameters = draw(paths), draw(st.lists(st.sampled_from(PARAMETERS), unique=True))

    def spelt() -> str:
        scheme, port = draw(st.sampled_from([("http", ":80"), ("https", ":443"), ("http", ""), ("HTTPS", "")]))
        host = draw(st.sampled_from(["news.example", "NEWS.example", "www.news.example", "news.example."]))
        extra = draw(st.lists(st.sampled_from(TRACKING), unique=True))
        query = "&".join(draw(st.permutations(parameters + extra)))
        escaped = quote(path) if draw(st.booleans()) else "".join(draw(st.sampled_from([c, hexed(c)])) for c in path)
        slash, mark = draw(st.sampled_from(["", "/"])), draw(st.sampled_from(["", "#top", "#"]))
        return f"{scheme}://{host}{port}/{escaped}{slash}{'?' if query else ''}{query}{mark}"

    return spelt(), spelt()


def hexed(character: str) -> str:
    """Percent-encode a character that need not be, except a slash, which then would be no separator."""
    if character == "/":
        return character
    return "".join(f"%{byte:02x}" for byte in character.encode())


@settings(deadline=None)
@given(spellings())
def test_spellings_of_one_address_have_one_key(pair: tuple[str, str]) -> None:
    """Scheme, www., case of the host, default port, fragment, tracking, order and needless escapes make no difference."""
    assert canonical_url(pair[0]) == canonical_url(pair[1])


@settings(deadline=None)
@given(paths, paths)
def test_other_paths_have_other_keys(one: str, other: str) -> None:
    """A path is kept as it is: case, and every character that is not a trailing slash."""
    keys = {canonical_url(f"https://news.example/{quote(path)}") for path in (one, other)}
    assert len(keys) == len({one.rstrip("/"), other.rstrip("/")})


@settings(deadline=None)
@given(st.text() | st.from_regex(r"https?://[a-z.]{1,9}[/?#].*", fullmatch=True))
def test_a_key_is_its_own_key(text: str) -> None:
    """No text raises, and a key read again is the same."""
    key = canonical_url(text)
    assert key is None or canonical_url(f"//{key}") == key


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://hn.example/item?id=1", "https://hn.example/item?id=2"),
        ("https://hn.example/Item", "https://hn.example/item"),
        ("https://hn.example/a%2Fb", "https://hn.example/a/b"),
        ("https://hn.example/a?b=c%26d", "https://hn.example/a?b=c&d"),
        ("https://hn.example/a?b=c%2Bd", "https://hn.example/a?b=c+d"),
        ("https://hn.example/%E9", "https://hn.example/%E8"),
        ("https://hn.example/?q=%ff", "https://hn.example/?q=%fe"),
        ("https://hn.example/100%2541", "https://hn.example/100%41"),
        ("https://hn.example:8080/", "https://hn.example/"),
        ("https://blog.example/", "https://news.example/"),
        ("https://hn.example/?page=1", "https://hn.example/"),
    ],
)
def test_what_chooses_content_makes_another_key(one: str, other: str) -> None:
    """Two pages never share a key, not even where their paths are no UTF-8."""
    assert canonical_url(one) != canonical_url(other)


@pytest.mark.parametrize(
    ("url", "key"),
    [
        ("https://www.News.example/A/?b=2&a=1&utm_source=rss#top", "news.example/A?a=1&b=2"),
        ("https://www.com/", "www.com"),
        ("https://www.www.news.example/", "news.example"),
        ("https://awww.news.example/", "awww.news.example"),
        ("https://news.example/50%-off", "news.example/50%25-off"),
        ("https://news.example/?a=&b&=&&c=1+2", "news.example?a&b&c=1%202"),
        ("https://news.example/\ud800", "news.example/%ED%A0%80"),
        (None, None),
        ("", None),
        ("urn:isbn:0451450523", None),
        ("/relative", None),
    ],
)
def test_keys(url: str | None, key: str | None) -> None:
    """A key is host, path and sorted parameters; without a host there is none."""
    assert canonical_url(url) == key


def test_plain_text_has_no_markup() -> None:
    """Tags go, character references are read once, white space is folded."""
    assert plain_text("<p>AT&amp;T&nbsp;says:\n <b>1 &lt; 2</b></p><p>&amp;lt;</p>") == "AT&T says: 1 < 2 &lt;"
    assert plain_text(None) == ""


@pytest.mark.parametrize(
    ("one", "other", "equal"),
    [
        ("Grok : 1.5!", "grok 1.5", True),
        ("ＧＰＴ－５", "gpt5", True),
        ("Straße", "STRASSE", True),
        ("caf\u00e9", "cafe\u0301", True),
        ("snake_case", "snakecase", True),
        ("2026-04-20", "2026/04/20", True),
        ("v1.11", "v1.1.1", False),
        ("1 - 12", "11 - 2", False),
        ("新模型发布", "新模型发布！", True),
        ("新模型发布", "旧模型发布", False),
    ],
)
def test_folding(one: str, other: str, equal: bool) -> None:
    """Case, width and punctuation go; a number is not read into another."""
    assert (fold(one) == fold(other)) is equal


@pytest.mark.parametrize("nothing", [None, "", " ", "🚀🔥", "❤️", "…!?", "_"])
def test_a_title_without_letters_agrees_with_none(nothing: str | None) -> None:
    """Empty and emoji-only titles prove nothing, not even when they are equal."""
    assert fold(nothing) == ""
    assert not titles_agree(nothing, nothing)
    assert not titles_agree(nothing, "Title")


@pytest.mark.parametrize(
    ("one", "other", "agree"),
    [
        ("A new model", "A new model | Example News", True),
        ("A new model \u2013 today", "A new model", True),
        ("A new - model", "A new - model - Example", True),
        ("Roundup - 12", "Roundup - 13", False),
        ("Roundup - 12 | Example", "Roundup - 13 | Example", False),
        ("A new model | One", "A new model | Other", False),
        ("A-new-model", "A", False),
        ("新模型发布 - 例子", "新模型发布", True),
        ("新模型发布", "旧模型发布", False),
        ("- Example", "Example", True),
        (" | Example", "Other | Example", False),
        ("Another model", "A new model", False),
    ],
)
def test_titles_agree_but_for_a_tail(one: str, other: str, agree: bool) -> None:
    """A site's name behind one of two titles is no difference; tails are never cut from both."""
    assert titles_agree(one, other) is agree
    assert titles_agree(other, one) is agree


titles = st.lists(st.sampled_from([*"ab1 -|", " - ", " | ", "\u00e9", "新"]), max_size=8).map("".join)


@given(titles, titles)
def test_titles_agree_either_way_round(one: str, other: str) -> None:
    """Agreement is symmetric, and a title with letters agrees with itself."""
    assert titles_agree(one, other) == titles_agree(other, one)
    assert titles_agree(one, one) is bool(fold(one))


@given(st.text("ab ", max_size=20), st.text("ab ", max_size=20), st.text("ab", min_size=1, max_size=20))
def test_tails_are_never_cut_from_both(one: str, other: str, head: str) -> None:
    """Two titles that differ in their tails alone differ."""
    tails = [f"{head} - 1{one}x", f"{head} - 2{other}x"]
    assert not titles_agree(*tails)


def test_a_long_line_of_blanks_is_read_quickly() -> None:
    """A hostile title takes no longer than its length."""
    assert not titles_agree(" " * 200_000 + "a", "b")


@pytest.mark.parametrize(
    ("one", "other", "contain"),
    [
        (f"<p>{LONG}</p>", LONG, True),
        (f"<p>{LONG} [\u2026]</p>", f"<div>{LONG} and then more</div>", True),
        (f"{LONG} ...", f"Before. {LONG} after", True),
        (LONG, LONG.replace("word30", "word31"), False),
        (f"{LONG} end", f"{LONG} other", False),
        ("short", "short and long", False),
        ("x" * 199, "x" * 300, False),
        ("x" * 200, "x" * 300, True),
        (None, LONG, False),
        (None, None, False),
    ],
)
def test_a_teaser_is_in_its_text(one: str | None, other: str | None, contain: bool) -> None:
    """A text of at least 200 characters proves something when the other has the whole of it."""
    assert bodies_contain(one, other) is contain
    assert bodies_contain(other, one) is contain


@given(st.text("ab", min_size=190, max_size=210), st.text("ab", max_size=5), st.text("ab", max_size=5))
def test_containing_is_symmetric(body: str, before: str, after: str) -> None:
    """It does not matter which of the two is the longer, nor who lists it first."""
    longer = before + body + after
    assert bodies_contain(body, longer) == bodies_contain(longer, body) == (len(body) >= 200)


def test_the_order_of_parameters_is_nothing() -> None:
    """Every order of the same parameters gives one key."""
    orders = permutations([*PARAMETERS, "utm_id=7"])
    assert len({canonical_url(f"https://news.example/?{'&'.join(order)}") for order in orders}) == 1


@given(st.sampled_from(string.ascii_letters + string.digits + "-._~"))
def test_unreserved_characters_need_no_escape(character: str) -> None:
    """RFC 3986 section 6.2.2.2."""
    assert canonical_url(f"https://news.example/a%{ord(character):02X}b?c=%{ord(character):02x}") == canonical_url(
        f"https://news.example/a{character}b?c={character}"
    )
