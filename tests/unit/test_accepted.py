"""The fast reading of what the fold accepted: the same as the grammar's, for every record that the grammar takes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from hypothesis import example, given

from eventstore.events import Commit, instant_of
from eventstore.protocol.accepted import decode_accepted
from eventstore.protocol.codec import decode, encode
from tests.strategies import GATE, commits, json_like_bytes, mutated_records
from tests.unit.records import a_commit, an_event

if TYPE_CHECKING:
    from eventstore.protocol.accepted import AcceptedCommit

KEY = b"order.order-1"


def agree(key: bytes | None, value: bytes) -> bool:
    """Hold the two readings together, if the grammar takes the record; whether it did."""
    strict = decode(key, value)
    if not isinstance(strict, Commit):
        return False
    for read in (decode_accepted(value), decode_accepted(value.decode())):
        assert fields_of(read) == [
            strict.commit_id,
            strict.stream_id,
            events_of(strict),
        ]
    return True


def fields_of(read: AcceptedCommit) -> list[Any]:
    events = [
        (
            event.event_id,
            event.type,
            event.schema,
            event.occurred_at,
            event.correlation_id,
            event.causation_id,
            exactly(event.data),
            event.sealed,
        )
        for event in read.events
    ]
    return [read.commit_id, read.stream_id, events]


def events_of(strict: Commit) -> list[Any]:
    return [
        (
            event.event_id,
            event.type,
            event.schema,
            instant_of(event.occurred_at),
            event.correlation_id,
            event.causation_id,
            exactly(event.data),
            event.sealed,
        )
        for event in strict.events
    ]


def exactly(data: Any) -> str:
    """As text, in which 1 and 1.0, True and 1, 0.0 and -0.0 differ, and the order of names counts."""
    return json.dumps(data)


@GATE
@given(record=commits)
def test_both_readings_agree_on_whole_records(record: dict[str, Any]) -> None:
    value = json.dumps(record).encode()

    agree(record["stream_id"].encode(), value)


@GATE
@given(record=mutated_records())
def test_both_readings_agree_on_mutated_records(
    record: tuple[bytes | None, bytes],
) -> None:
    agree(*record)


@GATE
@given(inside=json_like_bytes)
@example(b"-0")
@example(b"-0.0")
@example(b"1E3")
@example(b"5e-324")
@example(b"1e-400")
@example(b"9007199254740992")
@example(b"9007199254740993.0")
@example(b"2.2250738585072011e-308")
@example(rb'"\ud83d\ude00\/\b\f\u00e9"')
@example(b"[1 ,\n\t2 ]")
@example(b"[" * 60 + b"]" * 60)
def test_both_readings_agree_on_anything_inside_of_data(inside: bytes) -> None:
    shell = encode(a_commit(an_event(data={"a": "@"})))

    agree(KEY, shell.replace(b'"@"', inside))


@pytest.mark.parametrize(
    "instant",
    [
        "0001-01-01T00:00:00.000000Z",
        "9999-12-31T23:59:59.999999Z",
        "2024-02-29T12:00:00.000001Z",
    ],
)
def test_both_readings_agree_on_instants_at_the_edges(instant: str) -> None:
    assert agree(KEY, encode(a_commit(an_event(occurred_at=instant))))


def test_bytes_that_no_fold_takes_are_refused() -> None:
    with pytest.raises(msgspec.DecodeError):
        decode_accepted(b'{"v":1,"activate":2}')
