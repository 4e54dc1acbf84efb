"""What a reach hides is hidden wherever it stands, and nothing else is."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from eventstore.api.hiding import HIDDEN, may_show, may_show_all, state_without
from tests.unit.test_api_rendering import an_event

REACH: Any = SimpleNamespace(hides=frozenset({"officer"}))


@pytest.mark.parametrize(
    ("state", "shown"),
    [
        ({"officer": "ada", "level": "high"}, {"officer": HIDDEN, "level": "high"}),
        ({"officer": None, "n": 1}, {"officer": None, "n": 1}),
        (
            {"v": [{"officer": "ada", "a": "b"}, "officer"]},
            {"v": [{"officer": HIDDEN, "a": "b"}, "officer"]},
        ),
        # a key that somebody has chosen, and no field
        (
            {"officer": {"level": "high", "officer": "bo"}},
            {"officer": {"level": "high", "officer": HIDDEN}},
        ),
        ("officer", "officer"),
    ],
)
def test_of_a_state_the_texts_of_these_names_are_left_out(
    state: Any, shown: Any
) -> None:
    assert state_without(REACH.hides, state) == shown
    assert state_without(frozenset(), state) == state


def test_of_an_event_the_values_of_its_own_fields_are_left_out() -> None:
    event = an_event({"officer": "ada", "level": "high", "in": {"officer": "x"}})
    nobodys = an_event({"officer": None, "level": "high"})

    shown = may_show(REACH, event)

    assert shown.data == {"officer": HIDDEN, "level": "high", "in": {"officer": "x"}}
    assert shown.metadata == event.metadata
    assert may_show(REACH, nobodys) is nobodys


def test_whether_anything_of_some_is_hidden() -> None:
    one, other = an_event({"officer": "ada"}), an_event({"level": "high"})

    assert may_show_all(REACH, [])
    assert may_show_all(REACH, [other, other])
    assert not may_show_all(REACH, [other, one])
    assert not may_show_all(REACH, [one, other])
