"""Remote lists as commands see them: what the stored list names stands beside what feeds.yaml has."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from aggregator.cli.context import Context
from aggregator.cli.editing import _own_source
from aggregator.cli.list_states import list_lines, list_states, lists_table, why_list
from aggregator.cli.words import known_urls, one_source
from aggregator.decide.lists import Remark, Subscription
from aggregator.errors import Usage
from aggregator.run.clock import utc_now
from aggregator.run.engine import take_over

if TYPE_CHECKING:
    from pathlib import Path

LIST, OWN, NAMED = "https://lists.example.org/a.opml", "https://own.example.org/feed", "https://named.example.org/feed"


@pytest.fixture
def context(tmp_path: Path) -> Context:
    """Return the context of a configuration with a list and a source; the database is not there yet."""
    (tmp_path / "feeds.yaml").write_text(f"feeds:\n  - opml: {LIST}\n  - {OWN}\n")
    return Context(config=str(tmp_path / "feeds.yaml"), verbose=True)


@pytest.fixture
def read(context: Context) -> Context:
    """Return the context after the list was read: it names a source, and much that is none."""
    context.folder.mkdir()
    store = context.open_for_writing()
    take_over(store, context.settings, utc_now())
    with store.transaction() as tx:
        (state,) = tx.lists.all()
        remarks = tuple(Remark(line, "no feed") for line in range(9))
        feeds = (Subscription(NAMED, 1, "Named"), Subscription("http://10.0.0.1/", 20))
        tx.lists.record(replace(state, feeds=feeds, remarks=remarks, last_success=utc_now(), error="No.", remedy="Do."))
    store.close()
    return context


def test_a_list_that_was_never_read(context: Context) -> None:
    """Without a database a list names nothing, and is new."""
    assert list(context.effective.sources) == [OWN]
    (state,) = list_states(context)
    assert (state["state"], state["reason"], state["sources"]) == ("new", "never read", 0)


def test_a_database_that_cannot_be_read(context: Context) -> None:
    """Settings are shown all the same; the command that needs the database says what is wrong with it."""
    context.folder.mkdir()
    context.database.write_text("not a database")
    assert context.effective == context.settings
    assert context.mask("x") == "x"


def test_without_a_list_no_database_is_opened(context: Context) -> None:
    """Settings without lists are in force as they stand in the file."""
    context.config_path.write_text(f"feeds: [{OWN}]\n")
    assert context.effective is context.settings
    assert list_states(context) == []
    assert not context.folder.exists()


def test_words_that_name_a_list(read: Context) -> None:
    """Sources of a list are found as any other, the list by its whole address."""
    assert one_source(read.effective, "Named") == NAMED
    assert one_source(read.effective, LIST) == LIST
    assert known_urls(read.effective, [NAMED, LIST]) == [NAMED, LIST]
    with pytest.raises(Usage):
        known_urls(read.effective, ["https://lists.example.org/"])


@pytest.mark.parametrize(("word", "remedy"), [(NAMED, "enabled: false"), (LIST, "by hand")])
def test_what_cannot_be_removed(read: Context, word: str, remedy: str) -> None:
    """feeds.yaml is edited for sources that stand in it; for others it is said what to do."""
    assert _own_source(read, "own") == OWN
    with pytest.raises(Usage) as refused:
        _own_source(read, word)
    assert remedy in refused.value.remedy


def test_lists_for_people(read: Context, capsys: pytest.CaptureFixture[str]) -> None:
    """A line for each list, its error and its first remarks; all of them where it is asked for."""
    lists = list_states(read)
    lists_table(read, lists)
    list_lines(read, lists[0])
    some = capsys.readouterr().out
    assert "No. Do." in some
    assert some.count("no feed") == 5
    assert f"and 5 more: aggregator why {LIST}" in some
    why_list(read, LIST)
    whole = capsys.readouterr().out
    assert whole.count("no feed") == 9
    assert f"  {NAMED}\n" in whole
    assert "line 20: http://10.0.0.1/ is not on the public internet" in whole
    list_lines(read, lists[0] | {"error": None, "notices": []})
    assert capsys.readouterr().out == ""
