"""The body of an append, against a second reading of what may stand in it."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventstore.api.problems import (
    ExpectationsDisagree,
    InvalidBody,
    MalformedBody,
)
from eventstore.api.proposals import proposal_of
from eventstore.events import Expected

ID = "0b6e8a3e-3f5c-4f0e-9a51-6d1f2c3b4a5d"
anything = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 2**53) | st.floats(allow_nan=False, allow_infinity=False) | st.sampled_from(["any", "no_stream", "", ID, "2026-11-23T09:00:00Z", "2026-11-23T09:00:00"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["a", "b"]), inner, max_size=2),
    max_leaves=4,
)  # fmt: skip


def some(**fields: Any) -> st.SearchStrategy[dict[str, Any]]:
    """An object with each field as given, as anything, or left out; now and then one more."""
    optional = {name: st.just(right) | anything for name, right in fields.items()}
    return st.fixed_dictionaries({}, optional=optional | {"more": anything})


events = some(
    type="T",
    data={"a": 1},
    event_id=ID,
    occurred_at="2026-11-23T09:00:00Z",
    correlation_id=ID,
    causation_id=ID,
)
bodies = st.fixed_dictionaries(
    {},
    optional={
        "events": st.lists(events, max_size=2) | anything,
        "expected_version": st.integers(0, 3) | anything,
        "more": anything,
    },
)

_IDS = ("event_id", "correlation_id", "causation_id")


def is_right(body: Any) -> bool:
    """By hand, from SURFACE's words."""
    if not (isinstance(body, dict) and body.keys() <= {"events", "expected_version"}):
        return False
    listed, expected = body.get("events"), body.get("expected_version", "missing")
    if type(expected) is int:
        if expected < 0:
            return False
    elif expected not in ("any", "no_stream", "stream_exists"):
        return False
    return isinstance(listed, list) and all(map(_is_event, listed))


def _is_event(event: Any) -> bool:
    if not isinstance(event, dict):
        return False
    if not event.keys() <= {"type", "data", "occurred_at", *_IDS}:
        return False
    if not (isinstance(event.get("type"), str) and isinstance(event.get("data"), dict)):
        return False
    if not all(_is_id(event[name]) for name in _IDS if name in event):
        return False
    return "occurred_at" not in event or _is_time(event["occurred_at"])


def _is_id(value: Any) -> bool:
    try:
        return isinstance(value, str) and bool(UUID(value))
    except ValueError:
        return False


def _is_time(value: Any) -> bool:
    try:
        return (
            isinstance(value, str) and datetime.fromisoformat(value).tzinfo is not None
        )
    except ValueError:
        return False


@given(bodies | anything)
def test_a_body_is_taken_as_it_is_meant_or_refused(body: Any) -> None:
    sent = json.dumps(body).encode()
    if not is_right(body):
        with pytest.raises((MalformedBody, InvalidBody)):
            proposal_of(sent, {})
        return

    proposal = proposal_of(sent, {})

    assert proposal.expected == Expected(body["expected_version"])
    assert proposal.contents == [(one["type"], one["data"]) for one in body["events"]]
    for new, one in zip(proposal.events, body["events"], strict=True):
        for name in _IDS:
            said = one.get(name)
            assert getattr(new, name) == (None if said is None else UUID(said))
        assert (new.occurred_at is None) == ("occurred_at" not in one)


@given(st.binary(max_size=40))
def test_bytes_are_taken_or_refused(sent: bytes) -> None:
    with pytest.raises((MalformedBody, InvalidBody)):
        proposal_of(sent, {})


@given(
    st.sampled_from([0, 4, "any", "stream_exists"]),
    st.sampled_from(['"0"', '"4"', "*"]),
)
def test_body_and_header_agree_or_are_refused(expected: Any, tag: str) -> None:
    sent = json.dumps({"expected_version": expected, "events": []}).encode()
    means = {'"0"': 0, '"4"': 4, "*": "stream_exists"}[tag]

    if means == expected:
        assert proposal_of(sent, {"If-Match": tag}).expected == Expected(expected)
    else:
        with pytest.raises(ExpectationsDisagree):
            proposal_of(sent, {"If-Match": tag})


def test_a_refusal_quotes_a_long_name_in_part_and_nothing_that_cannot_be_printed() -> (
    None
):
    sent = json.dumps({"\u202e" + "x" * 5_000: 1}).encode()

    with pytest.raises(InvalidBody) as refused:
        proposal_of(sent, {})

    assert len(str(refused.value.detail)) < 300
    assert "\u202e" not in str(refused.value.detail)
