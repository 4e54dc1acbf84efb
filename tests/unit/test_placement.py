"""Where a stream lives is part of the log's format."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kafka.partitioner.default import murmur2 as murmur2_of_kafka_python

from eventstore.events import Place
from eventstore.protocol.placement import murmur2, partition_of, place_of
from teddy_es.faults import naive
from tests.golden.vectors import lines
from tests.strategies import GATE

VECTORS = lines("placement.jsonl")


def signed(number: int) -> int:
    """A 32-bit number as Java's int."""
    return number - 2**32 if number >= 2**31 else number


@pytest.mark.parametrize("vector", VECTORS, ids=lambda v: v["stream_id"][:40])
def test_a_stream_lives_where_its_golden_vector_says(vector: dict[str, Any]) -> None:
    stream_id = vector["stream_id"]

    found = {n: partition_of(stream_id, int(n)) for n in vector["partition"]}

    assert signed(murmur2(stream_id.encode())) == vector["murmur2"]
    assert found == vector["partition"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("21", -973932308),
        ("foobar", -790332482),
        ("a-little-bit-long-string", -985981536),
        ("a-little-bit-longer-string", -1486304829),
        ("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971),
        ("abc", 479470107),
    ],
)
def test_the_hash_is_that_of_kafkas_own_tests(text: str, expected: int) -> None:
    """The values of org.apache.kafka.common.utils.UtilsTest."""
    assert signed(murmur2(text.encode())) == expected


@GATE
@given(data=st.binary(max_size=70))
def test_the_hash_is_kafka_pythons_and_the_naive_ones(data: bytes) -> None:
    assert murmur2(data) == murmur2_of_kafka_python(data) & 0xFFFFFFFF
    assert signed(murmur2(data)) == naive.java_murmur2(data)


def test_a_place_is_the_topic_of_the_type_and_the_partition_of_the_id() -> None:
    assert place_of("order.2", 2) == Place("eventstore.order", 0)
    assert place_of("order.1", 2) == Place("eventstore.order", 1)
    assert place_of("basket.a.b", 1) == Place("eventstore.basket", 0)


def test_ten_thousand_ids_spread_evenly() -> None:
    counts = Counter(partition_of(f"order.order-{n}", 6) for n in range(10_000))

    assert len(counts) == 6
    assert max(counts.values()) <= 1.1 * 10_000 / 6
