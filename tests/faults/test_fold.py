"""The campaign's fold against the naive one, on logs that hypothesis makes up."""

from __future__ import annotations

import json

import pytest
from hypothesis import given

from teddy_es.faults import fold, naive
from tests.strategies import GATE, PARTITIONS, logs, mutated_records

TOPIC = "eventstore.order"


@GATE
@given(records=logs())
def test_it_gives_the_same_lines(records: list[naive.Record]) -> None:
    partition = fold.Partition(TOPIC, 0, PARTITIONS, naive.read)

    lines = [partition.take(record)[0] for record in records]

    assert lines == naive.fold(TOPIC, 0, PARTITIONS, records, known=99)


@GATE
@given(record=mutated_records())
def test_what_it_reads_quickly_and_otherwise_is_a_leniency_of_pythons(
    record: tuple[bytes | None, bytes],
) -> None:
    quickly, by_hand = fold.read_quickly(*record), naive.read(*record)

    assert quickly == by_hand or by_hand is None


def test_what_python_refuses_is_read_by_hand() -> None:
    activation = json.dumps({"v": 1, "activate": 2}).encode()

    assert fold.read_quickly(None, activation) == {"v": 1, "activate": 2}
    assert fold.read_quickly(None, b"{") is None


@pytest.mark.parametrize("value", [None, b""])
def test_nothing_is_no_record(value: bytes | None) -> None:
    assert fold.read_quickly(b"order.2", value) is None
