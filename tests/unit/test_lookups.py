"""What a fold has to ask the database before it judges: nothing of what it made itself under the same view."""

from __future__ import annotations

from uuid import uuid4

import pytest

from eventstore.events import Malformed, Place
from eventstore.indexer.entries import Own
from eventstore.indexer.lookup import LookUp
from eventstore.indexer.view import View
from eventstore.protocol.fold import Entry
from tests.unit.records import a_commit

COMMIT = a_commit()


@pytest.fixture
def view() -> View:
    """One that knows the commit's stream."""
    made = View(Place("eventstore.order", 0), 0, 5, uuid4(), 3, 1, 0)
    made.heads = {COMMIT.stream_id: 0}
    return made


def entry(offset: int = 5, value: bytes = b"{}") -> Entry:
    return Entry(offset, 0, b"k", value, COMMIT)


def test_what_was_made_here_under_this_view_is_not_asked_for(view: View) -> None:
    own = {5: Own(entry(), view.serial)}

    assert not LookUp(view, [entry()], own).is_needed


@pytest.mark.parametrize("why", ["another's", "an older view", "given", "other bytes"])
def test_all_else_is_asked_for(view: View, why: str) -> None:
    own = {
        "another's": {6: Own(entry(6), view.serial)},
        "an older view": {5: Own(entry(), view.serial - 1)},
        "given": {5: Own(entry(), None)},
        "other bytes": {5: Own(entry(value=b"[]"), view.serial)},
    }[why]

    assert LookUp(view, [entry()], own).is_needed


def test_a_head_that_the_view_lacks_is_asked_for(view: View) -> None:
    view.heads.clear()

    assert LookUp(view, [entry()], {5: Own(entry(), view.serial)}).is_needed


def test_what_names_nothing_needs_nothing(view: View) -> None:
    malformed = Entry(5, 0, None, b"x", Malformed("not_json"))

    assert not LookUp(view, [malformed], {}).is_needed


def test_of_the_views_ids_the_fold_is_told_those_that_are_named(view: View) -> None:
    stream = COMMIT.stream_id
    commit_id, event_id = COMMIT.commit_id, COMMIT.events[0].event_id
    view.commits = {(stream, commit_id), (stream, uuid4())}
    view.event_ids = {(stream, event_id), (stream, uuid4())}

    state = LookUp(view, [entry()], {}).state()

    assert state.commits == {(stream, commit_id)}
    assert state.event_ids == {(stream, event_id)}
