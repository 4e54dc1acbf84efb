"""The vocabulary: places, expectations, instants, and ids that a repeat derives again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventstore.events import (
    Cut,
    Expected,
    Place,
    Position,
    derived_event_id,
    from_milliseconds,
    instant_of,
    pack,
    to_milliseconds,
    topic_of,
    unpack,
    written,
)
from tests.golden.vectors import lines
from tests.strategies import GATE
from tests.unit.records import an_id

POSITIONS = lines("positions.jsonl")
PARTS = ("type_number", "partition", "offset", "index")

places = st.tuples(
    st.integers(1, 63),
    st.integers(0, 511),
    st.integers(0, 2**38 - 1),
    st.integers(0, 1023),
)


# ---- positions


@pytest.mark.parametrize("vector", POSITIONS, ids=lambda v: str(v["packed"]))
def test_a_position_packs_as_its_golden_vector_says(vector: dict[str, Any]) -> None:
    parts = tuple(vector[part] for part in PARTS)

    assert pack(*parts) == vector["packed"]
    assert unpack(vector["packed"]) == parts


def test_packed_positions_sort_as_the_golden_file_does() -> None:
    packed = [vector["packed"] for vector in POSITIONS]

    assert packed == sorted(packed)


@GATE
@given(one=places, other=places)
def test_packed_positions_sort_as_the_log_does(
    one: tuple[int, int, int, int], other: tuple[int, int, int, int]
) -> None:
    assert (pack(*one) < pack(*other)) == (one < other)
    assert unpack(pack(*one)) == one
    assert 0 < pack(*one) < 2**63


@pytest.mark.parametrize(
    "parts",
    [
        (0, 0, 0, 0),
        (64, 0, 0, 0),
        (1, -1, 0, 0),
        (1, 512, 0, 0),
        (1, 0, -1, 0),
        (1, 0, 2**38, 0),
        (1, 0, 0, -1),
        (1, 0, 0, 1024),
    ],
)
def test_what_does_not_fit_its_bits_is_no_position(
    parts: tuple[int, int, int, int],
) -> None:
    with pytest.raises(ValueError, match="no position"):
        pack(*parts)


@GATE
@given(place=places)
def test_a_written_position_is_read_as_it_was(place: tuple[int, int, int, int]) -> None:
    position = Position("eventstore.order", *place[1:])

    assert Position.parse(str(position)) == position


@pytest.mark.parametrize(
    "text",
    [
        "",
        "eventstore.order/3/4711",
        "eventstore.order/3/4711/0/0",
        "eventstore.order/3/4711/",
        "eventstore.order/-3/4711/0",
        "eventstore.order/+3/4711/0",
        "eventstore.order/ 3/4711/0",
        "eventstore.order/3/4_711/0",
        "eventstore.order/03/4711/0",
        "eventstore.order/٣/4711/0",
        "/3/4711/0",
    ],
)
def test_what_is_not_as_written_is_no_position(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  (any text of it)
        Position.parse(text)


# ---- cuts


def test_a_written_cut_is_read_as_it_was() -> None:
    cut = Cut({Place("eventstore.order", 1): 4, Place("eventstore.order", 0): 17})

    assert str(cut) == "eventstore.order/0:17,eventstore.order/1:4"
    assert Cut.parse(str(cut)) == cut
    assert Cut.parse("") == Cut()


@pytest.mark.parametrize(
    "text",
    [
        "eventstore.order",
        "eventstore.order/0",
        "eventstore.order/0:",
        "eventstore.order/0:-1",
        "eventstore.order/x:1",
        "eventstore.order/0/0:1",
        "eventstore.order/0:1_0",
        "/0:1",
        "eventstore.order/0:1,eventstore.order/0:2",
    ],
)
def test_what_is_not_as_written_is_no_cut(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  (any text of it)
        Cut.parse(text)


# ---- expectations

HEADS = (0, 1, 4, 5)


@pytest.mark.parametrize(
    ("expected", "holds", "can_still_hold"),
    [
        (Expected.ANY, {0, 1, 4, 5}, {0, 1, 4, 5}),
        (Expected.NO_STREAM, {0}, {0}),
        (Expected.STREAM_EXISTS, {1, 4, 5}, {0, 1, 4, 5}),
        (Expected.version(0), {0}, {0}),
        (Expected.version(4), {4}, {0, 1, 4}),
        (Expected.version(6), set(), {0, 1, 4, 5}),
    ],
    ids=lambda value: str(value),
)
def test_an_expectation_holds_at_these_heads(
    expected: Expected, holds: set[int], can_still_hold: set[int]
) -> None:
    assert {head for head in HEADS if expected.holds_for(head)} == holds
    assert {head for head in HEADS if expected.can_still_hold(head)} == can_still_hold


@GATE
@given(
    expected=st.sampled_from([Expected.ANY, Expected.NO_STREAM, Expected.STREAM_EXISTS])
    | st.integers(0, 9).map(Expected.version),
    head=st.integers(0, 9),
    more=st.integers(0, 9),
)
def test_what_can_never_hold_again_does_not_hold_at_any_later_head(
    expected: Expected, head: int, more: int
) -> None:
    """The pre-check refuses on this ground alone (rule 11)."""
    if not expected.can_still_hold(head):
        assert not expected.holds_for(head + more)


def test_an_expectation_may_be_given_as_a_number_or_a_word() -> None:
    assert Expected.of(4) == Expected.version(4)
    assert Expected.of("any") is not None
    assert Expected.of("no_stream") == Expected.NO_STREAM
    assert Expected.of(Expected.STREAM_EXISTS) is Expected.STREAM_EXISTS


@pytest.mark.parametrize("value", [-1, "sometimes", "", True, False])
def test_nothing_else_is_an_expectation(value: int | str) -> None:
    with pytest.raises((ValueError, TypeError)):
        Expected.of(value)


# ---- ids that a repeat derives again


def test_the_id_of_an_event_without_one_is_the_same_in_every_repeat() -> None:
    """Pinned: a later release must derive the ids that an earlier one did."""
    commit = UUID("0e7a3f64-2b1c-4d5e-8f90-0000000000c1")

    assert [str(derived_event_id(commit, index)) for index in (0, 1, 999)] == [
        "5eecacf1-219a-51c4-80b2-a5a746163e3c",
        "8bf3a02b-a06a-5f5c-8667-3b3aae1561b3",
        "4bf69c31-3e34-5e1b-83dd-8e79b86a3de4",
    ]
    assert derived_event_id(an_id(1), 0) != derived_event_id(an_id(2), 0)


# ---- topics and instants


def test_the_topic_of_a_stream_is_that_of_its_type() -> None:
    assert topic_of("order.order-1") == "eventstore.order"
    assert topic_of("order.a.b") == "eventstore.order"


@pytest.mark.parametrize(
    ("instant", "text"),
    [
        (datetime(2026, 11, 23, 9, 0, 0, 123456, UTC), "2026-11-23T09:00:00.123456Z"),
        (datetime(2026, 11, 23, 9, tzinfo=UTC), "2026-11-23T09:00:00.000000Z"),
        (datetime(1, 1, 1, tzinfo=UTC), "0001-01-01T00:00:00.000000Z"),
        (datetime(999, 2, 3, tzinfo=UTC), "0999-02-03T00:00:00.000000Z"),
        (
            datetime(2026, 11, 23, 1, tzinfo=timezone(timedelta(hours=2))),
            "2026-11-22T23:00:00.000000Z",
        ),
    ],
)
def test_an_instant_has_one_written_form(instant: datetime, text: str) -> None:
    assert written(instant) == text
    assert instant_of(text) == instant


@pytest.mark.parametrize(
    "instant",
    [
        datetime(2026, 11, 23),  # noqa: DTZ001  (naive on purpose)
        datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=1))),
        datetime(9999, 12, 31, 23, tzinfo=timezone(timedelta(hours=-2))),
    ],
    ids=["naive", "before year 1", "after year 9999"],
)
def test_an_instant_that_a_record_cannot_hold_is_refused(instant: datetime) -> None:
    with pytest.raises(ValueError, match="instant"):
        written(instant)


@GATE
@given(instant=st.datetimes(timezones=st.just(UTC)))
def test_a_written_instant_is_read_as_it_was(instant: datetime) -> None:
    assert instant_of(written(instant)) == instant


@GATE
@given(milliseconds=st.integers(0, 253_402_300_799_999))
def test_a_brokers_time_stamp_survives_being_an_instant(milliseconds: int) -> None:
    assert to_milliseconds(from_milliseconds(milliseconds)) == milliseconds


def test_milliseconds_are_cut_off_and_not_rounded() -> None:
    instant = from_milliseconds(1) + timedelta(microseconds=999)

    assert to_milliseconds(instant) == 1


def test_positions_sort_within_their_place() -> None:
    ordered = [Position("a", 0, 1, 1), Position("a", 0, 2), Position("a", 1, 0)]

    assert all(one < other for one, other in pairwise(ordered))
