"""A snapshot's record: what we write we read, and what is none is told apart. The bytes are pinned by golden lines."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from eventstore.events import Place
from eventstore.snapshots import Snapshot, Stamp
from eventstore.snapshots.record import Garbage, decode, encode
from tests.golden.vectors import bytes_of, lines

SNAPSHOT = Snapshot(
    "order.order-1",
    10,
    UUID("5b1f4ab6-2f3c-4a59-9f3a-0d6f6f0a1b2c"),
    datetime(2026, 11, 23, 9, 0, 0, 123456, tzinfo=UTC),
    Stamp(1, bytes(range(32))),
    b'{"quantity":9}',
)
PLACE = Place("snapshots.order", 0)  # the one partition that there is


def said(snapshot: Snapshot) -> dict[str, Any]:
    """As a golden line writes it."""
    return {
        "stream_id": snapshot.stream_id,
        "version": snapshot.version,
        "event_id": str(snapshot.event_id),
        "recorded_at": snapshot.recorded_at.isoformat(),
        "state_schema": snapshot.stamp.state_schema,
        "code": snapshot.stamp.code.hex(),
        "state": snapshot.state.decode(),
    }


def test_what_is_written_is_read() -> None:
    read = decode(PLACE, 1, b"order.order-1", encode(SNAPSHOT))

    assert read == SNAPSHOT


@pytest.mark.parametrize(
    "line", lines("snapshots.jsonl"), ids=lambda line: str(line["name"])
)
def test_a_record_means_what_its_golden_line_says(line: dict[str, Any]) -> None:
    place = Place(line["topic"], line["partition"])

    read = decode(
        place, line["partitions"], bytes_of(line["key"]), bytes_of(line["value"])
    )

    if isinstance(read, Garbage):
        assert line["gives"] == {"garbage": read.reason}
    else:
        assert line["gives"] == {"snapshot": said(read)}


def test_our_own_bytes_are_those_of_the_first_golden_line() -> None:
    first, *_ = lines("snapshots.jsonl")

    assert encode(SNAPSHOT) == bytes_of(first["value"])
