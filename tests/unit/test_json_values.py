"""A refusal says where in a value the first part stands that a record cannot hold, and quotes nothing of it."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from eventstore.protocol.json_values import changed, unencodable, unfit
from eventstore.protocol.strict_json import MAX_DEPTH
from tests.strategies_of_anything import cyclic


class Held(msgspec.Struct):
    """Two fields."""

    first: Any = None
    second: Any = None


def nested(levels: int) -> Any:
    """Lists within lists."""
    value: list[Any] = []
    for _ in range(levels - 1):
        value = [value]
    return value


def test_data_may_be_as_deep_as_the_record_that_holds_it_leaves() -> None:
    levels = MAX_DEPTH - 3  # the record, its events, the event

    assert unfit(nested(levels)) is None
    assert "deeper than the 64 levels" in str(unfit(nested(levels + 1)))
    assert "without end" in str(unfit(cyclic(list)))


@pytest.mark.parametrize(
    ("data", "told"),
    [
        ({}, None),
        ({"a": [1, -0.5, None, True, "ü", (2**53, -(2**53))]}, None),
        ({"a": 2**53 + 1}, "$.a: an integer of a record lies within ±2^53"),
        ({"b": -(2**53) - 1}, "$[...]: an integer of a record lies within ±2^53"),
        ({"a": [0, float("nan")]}, "$.a[1]: JSON has no infinite numbers and no NaN"),
        ({"a": {"a": "\x00"}}, "$.a[...]: a text of a record holds no NUL"),
        ({"a": "\ud800"}, "$.a: half a surrogate pair is no text"),
        ({"a": 1, "\x00": 2}, "$: a name in it: a text of a record holds no NUL"),
        ([{1: 2}], "$[0]: a name in it is a int, not a text"),
        ({"a": b"secret"}, "$.a: a bytes has no form in JSON"),
        ("\ud800", "$: half a surrogate pair is no text"),
    ],
)
def test_the_first_part_that_does_not_fit_is_named(data: Any, told: str | None) -> None:
    assert unfit(data, ("a",)) == told


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (Held(1, object()), "$.second: a object has no form in JSON"),
        (Held(first=[1, {2, 3j}]), "$.first[1]"),
        ({"a": 1, "b": 1j}, "$[...]: a complex has no form in JSON"),
        ({"b": 1, "a": [1, 1j]}, "$.a[1]: a complex has no form in JSON"),
        (1j, "$: a complex has no form in JSON"),
        ([cyclic(list)], "$[0]: it is nested deeper"),
    ],
)
def test_what_has_no_form_in_json_is_named(value: Any, told: str) -> None:
    assert unencodable(value, ("a",)).startswith(told)


@pytest.mark.parametrize(
    ("value", "back", "told"),
    [
        ((1, 2), [1, 2], None),
        ([1], (1,), None),
        ({"a": (1,)}, {"a": [1]}, None),
        (Held(1, (2,)), Held(1, [2]), None),
        ([1, 2], [1], "$: it would be read as another"),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}, "$: it would be read as another"),
        ({"a": 1}, None, "$: a dict would be read as a NoneType"),
        (None, {"a": 1}, "$: a NoneType would be read as a dict"),
        ([1], 1, "$: a list would be read as a int"),
        (1, [1], "$: a int would be read as a list"),
        (Held(1), {"first": 1}, "$: a Held would be read as a dict"),
        (1, 1.5, "$: a int would be read as a float"),
        (Held(1, [0, b"a"]), Held(1, [0, "a"]), "$.second[1]: a bytes would be read"),
        ({"a": 1}, {"a": 2}, "$[...]: a int would be read as a int"),
    ],
)
def test_what_would_be_read_as_another_is_named(
    value: Any, back: Any, told: str | None
) -> None:
    found = changed(value, back)

    assert found is None if told is None else str(found).startswith(told)
