"""The leaf of every integrity proof: its layout is pinned, and every field counts."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventstore.events import Place
from eventstore.protocol.hashing import record_hash
from tests.golden.vectors import bytes_of, lines
from tests.strategies import GATE

VECTORS = lines("record_hash.jsonl")

maybe_bytes = st.none() | st.binary(max_size=12)
records = st.tuples(
    st.builds(Place, st.text("eventsor.", max_size=9), st.integers(0, 511)),
    st.integers(0, 2**38 - 1),
    st.integers(0, 2**53),
    maybe_bytes,
    maybe_bytes,
)
Fields = tuple[Place, int, int, bytes | None, bytes | None]


@pytest.mark.parametrize("vector", VECTORS, ids=lambda v: v["name"])
def test_a_record_hashes_as_its_golden_vector_says(vector: dict[str, Any]) -> None:
    topic, _, partition = vector["place"].partition("/")

    found = record_hash(
        Place(topic, int(partition)),
        vector["offset"],
        vector["recorded_at"],
        bytes_of(vector["key"]),
        bytes_of(vector["value"]),
    )

    assert found.hex() == vector["sha256"]


def test_no_two_golden_vectors_hash_alike() -> None:
    hashes = [vector["sha256"] for vector in VECTORS]

    assert len(set(hashes)) == len(hashes)


@GATE
@given(record=records)
def test_the_hash_is_that_of_the_layout_in_the_documentation(record: Fields) -> None:
    place, offset, recorded_at, key, value = record

    def number(n: int) -> bytes:
        return n.to_bytes(8, "big", signed=True)

    def behind_its_length(part: bytes | None) -> bytes:
        return number(-1) if part is None else number(len(part)) + part

    parts = [
        place.topic.encode(),
        number(place.partition),
        number(offset),
        number(recorded_at),
        key,
        value,
    ]
    layout = b"\x00" + b"".join(map(behind_its_length, parts))

    assert record_hash(*record) == hashlib.sha256(layout).digest()


@GATE
@given(one=records, other=records)
def test_different_records_have_different_hashes(one: Fields, other: Fields) -> None:
    assert (record_hash(*one) == record_hash(*other)) == (one == other)
