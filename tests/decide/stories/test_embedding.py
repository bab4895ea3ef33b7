"""What of an article is given to a model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aggregator.decide.stories.embedding import text_to_embed

if TYPE_CHECKING:
    from collections.abc import Callable

    from aggregator.decide.stories.article import Article


def test_title_and_lead_are_embedded(write: Callable[..., Article]) -> None:
    """The model reads the title and the beginning of the text, no more."""
    assert text_to_embed(write("Volcano erupts", "Near Reykjavik.")) == "Volcano erupts. Near Reykjavik."
    assert len(text_to_embed(write("Volcano", "word " * 1000))) <= 400
