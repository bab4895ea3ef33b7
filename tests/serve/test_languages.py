"""What languages are called."""

from __future__ import annotations

import pytest

from aggregator.serve.languages import name, named


@pytest.mark.parametrize(
    ("tag", "called"),
    [("fr", "French"), ("zh-Hant-TW", "Chinese"), ("PT-br", "Portuguese"), ("qqx", "qqx"), ("", "")],
)
def test_a_tag_has_a_name(tag: str, called: str) -> None:
    """Regions and scripts are left out; an unknown tag stands for itself."""
    assert name(tag) == called


def test_they_are_listed_by_name() -> None:
    """Readers look for names, not for tags."""
    assert named(["de", "en", "zz-none", "es"]) == (
        ("en", "English"),
        ("de", "German"),
        ("es", "Spanish"),
        ("zz-none", "zz-none"),
    )
