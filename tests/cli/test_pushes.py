"""How hubs do, as `aggregator feeds` shows it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from aggregator.cli.context import Context
from aggregator.cli.pushes import known_pushes, push_json, pushes_in_words
from aggregator.decide.pushing import Offer, State
from aggregator.run.clock import utc_now
from aggregator.run.engine import take_over

if TYPE_CHECKING:
    from pathlib import Path

ONE, TWO = "https://one.example.org/feed", "https://two.example.org/feed"


@pytest.fixture
def context(tmp_path: Path) -> Context:
    """Return the context of two sources, the first of which has a hub."""
    (tmp_path / "feeds.yaml").write_text(f"feeds:\n  - {ONE}\n  - {TWO}\n")
    context = Context(config=str(tmp_path / "feeds.yaml"))
    context.folder.mkdir()
    store, now = context.open_for_writing(), utc_now()
    take_over(store, context.settings, now)
    with store.transaction() as tx:
        feed = tx.feeds.get(ONE)
        assert feed is not None
        tx.pushes.want(feed.key, Offer("https://hub.example.org/x", ONE), "https://we.example.org/", now)
        push = tx.pushes.of(feed.key)
        assert push is not None
        until = now.replace(microsecond=0) + timedelta(days=1)
        told = replace(push, name="secret", secret="hush", state=State.VERIFIED, lease_until=until, delivered=2)
        tx.pushes.keep(replace(told, streak=2, missed=1))
    store.close()
    return context


def test_hubs_in_json_and_in_words(context: Context) -> None:
    """Each with its host, how far it is and what it did; the name of its callback and its secret are not shown."""
    pushes = known_pushes(context)
    assert list(pushes) == [ONE]
    shown = push_json(ONE, pushes[ONE])
    assert shown["until"].endswith("Z")
    assert {name: shown[name] for name in ("url", "hub", "state", "trusted", "delivered", "missed")} == {
        "url": ONE, "hub": "hub.example.org", "state": "verified", "trusted": True, "delivered": 2, "missed": 1,
    }  # fmt: skip
    assert "secret" not in str(shown)
    assert "hush" not in str(shown)
    assert "1 of 1 sources" in pushes_in_words(pushes)


def test_without_hubs_there_is_nothing_to_show(context: Context) -> None:
    """Sources whose hubs are being left are shown no more."""
    store = context.open_for_writing()
    with store.transaction() as tx:
        tx.pushes.want(1, None, "", utc_now())
    store.close()
    assert known_pushes(context) == {}
