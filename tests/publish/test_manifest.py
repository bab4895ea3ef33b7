from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.publish.manifest import Manifest, PublishedOutput, PublishedSite, dump, hash_of, parse

OUTPUTS = st.lists(
    st.builds(
        PublishedOutput,
        name=st.from_regex(r"[a-z0-9][a-z0-9_-]{0,9}", fullmatch=True),
        title=st.text(),
        formats=st.lists(st.sampled_from(["atom", "rss", "json"])).map(tuple),
        token_sha256=st.none() | st.text().map(hash_of),
        was=st.lists(st.text(max_size=9)).map(tuple),
    )
)


@given(OUTPUTS)
def test_what_is_written_is_read(outputs: list[PublishedOutput]) -> None:
    """The list survives the way through its file."""
    given = Manifest(PublishedSite("News", url="https://news.example/"), tuple(outputs), ("127.0.0.0/8",))
    assert parse(dump(given)) == given


def test_a_private_output_hides_its_token() -> None:
    """The token stands neither in the list nor in the name of a file."""
    output = PublishedOutput("labs", "Labs", token_sha256=hash_of("open sesame"))
    assert b"sesame" not in dump(Manifest(outputs=(output,)))
    assert output.rendition("atom") == "private/labs.atom"
    assert output.private


def test_a_private_output_admits_only_its_token() -> None:
    """Only who brings the token gets in."""
    output = PublishedOutput("labs", "Labs", token_sha256=hash_of("open sesame"))
    assert output.admits("open sesame")
    assert not any(output.admits(token) for token in (None, "", "open sesam", "\ud800", hash_of("open sesame")))


def test_a_public_output_is_not_below_a_token() -> None:
    """A public output is at its plain address only."""
    output = PublishedOutput("all", "AI News")
    assert output.rendition("rss") == "all.rss"
    assert output.admits(None)
    assert not output.admits("anything")


@pytest.mark.parametrize(
    "document",
    [b"", b"[]", b"{}", b'{"schema":2,"site":{},"outputs":[]}', b'{"schema":1,"site":{},"outputs":[{}]}', b"\xff"],
)
def test_anything_else_is_refused(document: bytes) -> None:
    """A damaged list is not half understood."""
    with pytest.raises(ValueError, match=r".+"):
        parse(document)
