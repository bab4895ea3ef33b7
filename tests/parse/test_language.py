"""The language of items that do not say it."""

from __future__ import annotations

import pytest

from aggregator.model import Item
from aggregator.parse.language import detected, spoken

TEXTS = {
    "en": "The laboratory has published the weights of its newest language model, and everyone may download them.",
    "fr": "Le laboratoire a publié les poids de son nouveau modèle de langue, que chacun peut télécharger.",
    "de": "Das Labor hat die Gewichte seines neuesten Sprachmodells veröffentlicht, die jeder herunterladen darf.",
    "ja": "研究所は最新の言語モデルの重みを公開し、誰でもダウンロードできるようになりました。",
    "ru": "Лаборатория опубликовала веса своей новейшей языковой модели, их может скачать каждый.",
}


@pytest.mark.parametrize("language", TEXTS)
def test_a_language_is_told_by_its_text(language: str) -> None:
    """Plain sentences of several scripts are known."""
    assert detected(TEXTS[language]) == language


@pytest.mark.parametrize("text", ["", "GPT-4o mini", "12:30 — 45 % (2026)", "🚀🚀🚀" * 20, "…" * 50])
def test_it_abstains_where_nothing_can_be_told(text: str) -> None:
    """Names, numbers and signs are of no language."""
    assert detected(text) is None


@pytest.mark.parametrize("text", ["\ud800" * 30, "abc \udfff" * 30, "\x00" * 99, "a" * 10**6])
def test_it_survives_any_text(text: str) -> None:
    """Lone surrogates, control characters and monotony are no error."""
    assert detected(text) is None or isinstance(detected(text), str)


def test_what_is_declared_counts() -> None:
    """An item that says its language, or whose feed does, is left as it is."""
    french = Item(title=TEXTS["fr"])
    assert spoken(french, "de") is french
    said = Item(title=TEXTS["fr"], language="en")
    assert spoken(said, None) is said


def test_title_and_text_are_looked_at() -> None:
    """A title alone may say too little: the text helps, content before summary, without its markup."""
    item = Item(title="Grok 5", content=f"<p class='english'>{TEXTS['fr']}</p>", summary=TEXTS["de"])
    assert spoken(item, None).language == "fr"
    assert spoken(Item(title="Grok 5"), None).language is None
