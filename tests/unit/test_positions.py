"""Packed positions, held against a second model: the digits of the binary number, written one behind the other."""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventstore.events import MAX_COMMIT_EVENTS, MAX_OFFSET, pack
from eventstore.protocol.positions import (
    PARTITIONS,
    TYPES,
    after_record,
    first_of,
    offset_in,
    partition_id,
    partition_in,
    partition_number_of,
    record_of,
    type_number_of,
    within_topic,
)
from tests.golden.vectors import lines
from tests.strategies import GATE

VECTORS = lines("positions.jsonl")


class Digits(NamedTuple):
    """A position as a person would write it down: six, nine, thirty-eight and ten binary digits."""

    type_number: int
    partition: int
    offset: int
    nth: int  # of the record's events

    def number(self, *, of: int = 4) -> int:
        """What the first so many of the four parts say, read as one binary number."""
        widths = (6, 9, 38, 10)[:of]
        digits = (f"{part:0{n}b}" for part, n in zip(self, widths, strict=False))
        return int("".join(digits), 2)


def near(most: int) -> st.SearchStrategy[int]:
    """A number up to this, often one at a border."""
    return st.integers(0, most) | st.sampled_from([0, 1, most - 1, most])


places = st.builds(
    Digits,
    near(62).map(lambda number: number + 1),
    near(511),
    near(2**38 - 1),
    near(1023),
)


@GATE
@given(at=places)
def test_a_position_is_taken_apart_as_its_digits_say(at: Digits) -> None:
    position = at.number()

    assert pack(*at) == position
    assert partition_in(position) == at.number(of=2)
    assert offset_in(position) == at.offset
    assert record_of(position) == at._replace(nth=0).number()
    assert within_topic(position) == at._replace(type_number=0).number()


@GATE
@given(at=places)
def test_a_partitions_id_is_taken_apart_as_its_digits_say(at: Digits) -> None:
    id_ = partition_id(at.type_number, at.partition)

    assert id_ == at.number(of=2)
    assert type_number_of(id_) == at.type_number
    assert partition_number_of(id_) == at.partition
    assert first_of(id_) == at._replace(offset=0, nth=0).number()
    assert first_of(id_, at.offset) == at._replace(nth=0).number()


@GATE
@given(at=places)
def test_behind_a_record_comes_the_next_offset_whatever_the_index(at: Digits) -> None:
    behind = after_record(at.number())

    assert behind == first_of(partition_id(*at[:2]), at.offset + 1)
    assert behind == at._replace(nth=1023).number() + 1


@GATE
@given(one=places, other=places)
def test_what_lies_before_the_end_of_a_record_is_the_record_or_older(
    one: Digits, other: Digits
) -> None:
    """Every "position >= first AND position < behind" rests on it."""
    assert (other.number() < after_record(one.number())) == (other[:3] <= one[:3])


@pytest.mark.parametrize("vector", VECTORS, ids=lambda v: str(v["packed"]))
def test_a_golden_vector_is_taken_apart_as_it_says(vector: dict[str, Any]) -> None:
    packed = vector["packed"]
    id_ = partition_id(vector["type_number"], vector["partition"])

    assert partition_in(packed) == id_
    assert offset_in(packed) == vector["offset"]
    assert first_of(id_, vector["offset"]) + vector["index"] == packed


def test_behind_the_last_offset_of_a_partition_begins_the_next() -> None:
    last = partition_id(1, PARTITIONS - 1)

    assert first_of(partition_id(1, 3), MAX_OFFSET) == first_of(partition_id(1, 4))
    assert first_of(last, MAX_OFFSET) == first_of(partition_id(2, 0))


@pytest.mark.parametrize("offset", [-1, MAX_OFFSET + 1])
def test_what_is_no_offset_has_no_position(offset: int) -> None:
    with pytest.raises(ValueError, match=f"no offset: {offset}"):
        first_of(partition_id(1, 0), offset)


def test_the_last_number_of_a_type_is_the_last_that_packs() -> None:
    assert pack(TYPES - 1, PARTITIONS - 1, MAX_OFFSET - 1, 1023) == 2**63 - 1
    with pytest.raises(ValueError, match="no position"):
        pack(TYPES, 0, 0)
    with pytest.raises(ValueError, match="no position"):
        pack(1, PARTITIONS, 0)


def test_the_largest_commit_fits_into_a_record() -> None:
    first = first_of(partition_id(1, 0), 7)

    assert first + MAX_COMMIT_EVENTS - 1 < after_record(first)
