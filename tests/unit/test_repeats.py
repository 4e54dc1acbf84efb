"""When a commit that is proposed again is the same one (rule 14), and what is said where it is not."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventstore.events import CommitEvent, Sealed
from eventstore.protocol.repeats import Difference, difference, is_same_json
from tests.strategies import GATE
from tests.unit.records import a_commit, an_event, an_id

LATER = "2027-01-01T00:00:00.000000Z"

values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=8,
)


def test_a_repeat_is_the_same_commit_whatever_it_expects() -> None:
    first = a_commit(an_event(1), an_event(2), expected=0)

    assert difference(first, a_commit(an_event(1), an_event(2), expected="any")) is None


@pytest.mark.parametrize(
    ("events", "found"),
    [
        ((an_event(1),), Difference("number")),
        ((an_event(1), an_event(2), an_event(3)), Difference("number")),
        ((an_event(2), an_event(1)), Difference("event_id", 0)),
        ((an_event(1), an_event(3)), Difference("event_id", 1)),
        ((an_event(1), an_event(2, type="OrderShipped")), Difference("type", 1)),
        ((an_event(1), an_event(2, schema=2)), Difference("schema", 1)),
        ((an_event(1), an_event(2, data={"x": 1})), Difference("data", 1)),
        ((an_event(1), an_event(2, data={})), Difference("data", 1)),
    ],
    ids=[
        *("fewer", "more", "another order", "another id", "another type"),
        *("another schema", "other data", "no data"),
    ],
)
def test_a_commit_with_other_events_is_another(
    events: tuple[CommitEvent, ...], found: Difference
) -> None:
    first = a_commit(an_event(1), an_event(2))

    assert difference(first, a_commit(*events)) == found


def test_of_another_schema_the_data_are_not_compared() -> None:
    """A deploy between the two: nobody proposed what an upcaster makes of the first."""
    first = a_commit(an_event(1, schema=1, data={"old": 1}))

    again = a_commit(an_event(1, schema=2, data={"new": 1}))

    assert difference(first, again) == Difference("schema", 0)


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"occurred_at": LATER}, "occurred_at"),
        ({"correlation_id": an_id(7)}, "correlation_id"),
        ({"causation_id": an_id(7)}, "causation_id"),
    ],
)
def test_what_a_call_fills_in_may_differ_but_what_a_file_says_may_not(
    changes: dict[str, Any], word: str
) -> None:
    first, again = a_commit(an_event(1)), a_commit(an_event(1, **changes))

    assert difference(first, again) is None
    assert difference(first, again, circumstances=True) == Difference(word, 0)


def test_what_differs_is_found_though_the_circumstances_are_the_same() -> None:
    first, again = a_commit(an_event(1)), a_commit(an_event(1, data={"x": 1}))

    found = difference(first, again, circumstances=True)

    assert found == Difference("data", 0)


def test_no_correlation_id_is_the_first_events() -> None:
    first = a_commit(an_event(1), an_event(2))

    events = [an_event(n, correlation_id=an_id(1)) for n in (1, 2)]

    assert difference(first, a_commit(*events), circumstances=True) is None


def test_what_was_sealed_is_not_the_same_as_what_lies_open() -> None:
    sealed = Sealed(str(an_id(9)), "n" * 16, "box")

    found = difference(a_commit(an_event(1, sealed=sealed)), a_commit(an_event(1)))

    assert found == Difference("data", 0)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (1, 1.0, True),
        (0.0, -0.0, True),
        ({"a": 1, "b": [2]}, {"b": (2.0,), "a": 1}, True),
        (1, True, False),
        (0, False, False),
        (False, None, False),
        ("1", 1, False),
        ([1, 2], [2, 1], False),
        ([1], [1, 2], False),
        ({"a": None}, {}, False),
        ([], {}, False),
        ("é", "e\u0301", False),
    ],
)
def test_two_json_values_mean_the_same(one: object, other: object, same: bool) -> None:  # noqa: FBT001
    assert is_same_json({"x": [one]}, {"x": [other]}) is same
    assert is_same_json({"x": [other]}, {"x": [one]}) is same


@GATE
@given(values)
def test_a_value_means_what_it_means_after_the_log(value: Any) -> None:
    again = json.loads(json.dumps(value, sort_keys=True))

    assert is_same_json(value, again)


@GATE
@given(values, values)
def test_values_that_mean_the_same_have_one_canonical_form(
    one: Any, other: Any
) -> None:
    assert is_same_json(one, other) == (_canonical(one) == _canonical(other))


def _canonical(value: Any) -> Any:
    """Another way to the same answer: each value with its kind."""
    if isinstance(value, dict):
        return ("object", {name: _canonical(inner) for name, inner in value.items()})
    if isinstance(value, list):
        return ("array", [_canonical(inner) for inner in value])
    kind = "number" if type(value) in (int, float) else type(value).__name__
    return (kind, value)
