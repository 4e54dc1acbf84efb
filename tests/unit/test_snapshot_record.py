"""A snapshot's record: what we write we read, and what is none is told apart. The bytes are pinned by golden lines."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest

from eventstore.events import Place, Position
from eventstore.ports import LogRecord
from eventstore.snapshots import Snapshot, Stamp
from eventstore.snapshots.record import Garbage, believed, decode, encode
from eventstore.snapshots.signing import Signer, said_by
from eventstore.snapshots.states import MAX_STATE_BYTES
from tests.golden.vectors import bytes_of, lines

if TYPE_CHECKING:
    from collections.abc import Iterator

SNAPSHOT = Snapshot(
    "order.order-1",
    10,
    UUID("5b1f4ab6-2f3c-4a59-9f3a-0d6f6f0a1b2c"),
    datetime(2026, 11, 23, 9, 0, 0, 123456, tzinfo=UTC),
    Stamp(1, bytes(range(32))),
    b'{"quantity":9}',
    Position("eventstore.order", 0, 7),
)
OURS = Signer([b"long and random"])
PLACE = Place("snapshots.order", 0)  # the one partition that there is


def said(snapshot: Snapshot) -> dict[str, Any]:
    """As a golden line writes it."""
    signed = {"position": str(snapshot.position), "mac": snapshot.mac.hex()}
    return (signed if snapshot.position else {}) | {
        "stream_id": snapshot.stream_id,
        "version": snapshot.version,
        "event_id": str(snapshot.event_id),
        "recorded_at": snapshot.recorded_at.isoformat(),
        "state_schema": snapshot.stamp.state_schema,
        "code": snapshot.stamp.code.hex(),
        **held(snapshot),
    }


def held(snapshot: Snapshot) -> dict[str, Any]:
    """The state as it is, or its box."""
    if snapshot.key_id is None:
        return {"state": snapshot.state.decode()}
    nonce, box = b64encode(snapshot.state[:12]), b64encode(snapshot.state[12:])
    key = str(snapshot.key_id)
    return {"sealed": {"key": key, "nonce": nonce.decode(), "box": box.decode()}}


def test_what_is_written_is_read() -> None:
    read = decode(PLACE, 1, b"order.order-1", encode(SNAPSHOT, OURS))

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


JUDGED = [line for line in lines("snapshots.jsonl") if "ours" in line]
SIGNED = [line for line in JUDGED if line["name"].startswith("third form")]
EARLIER = [line for line in JUDGED if line not in SIGNED]


@pytest.mark.parametrize("line", SIGNED, ids=lambda line: str(line["name"]))
def test_a_snapshot_is_ours_if_its_golden_line_says_so(line: dict[str, Any]) -> None:
    place = Place(line["topic"], line["partition"])
    key, value = bytes_of(line["key"]), bytes_of(line["value"])
    read = decode(place, line["partitions"], key, value)
    assert isinstance(read, Snapshot)

    own = Signer([secret.encode() for secret in line["secrets"]])

    assert own.knows(said_by(read), read.mac) is line["ours"]


@pytest.mark.parametrize("line", EARLIER, ids=lambda line: str(line["name"]))
def test_an_earlier_form_is_nobodys_whoever_has_signed_it(line: dict[str, Any]) -> None:
    place = Place(line["topic"], line["partition"])
    record = LogRecord(0, 1_000, bytes_of(line["key"]), bytes_of(line["value"]))
    own = Signer([secret.encode() for secret in line["secrets"]])

    assert believed(place, line["partitions"], record, own) == Garbage("earlier_form")


def test_what_is_read_says_of_which_form_it_is() -> None:
    first = lines("snapshots.jsonl")[0]
    place, key = Place(first["topic"], first["partition"]), bytes_of(first["key"])

    read = decode(place, first["partitions"], key, bytes_of(first["value"]))

    assert isinstance(read, Snapshot)
    assert read.form == 1


def test_a_sealed_state_that_is_written_is_read() -> None:
    sealed = replace(SNAPSHOT, state=bytes(40), key_id=UUID(int=7))

    assert decode(PLACE, 1, b"order.order-1", encode(sealed, OURS)) == sealed


@pytest.mark.parametrize("beyond", [0, 1])
def test_a_box_of_just_the_largest_state_is_read_and_one_above_is_not(
    beyond: int,
) -> None:
    nonce, tag = 12, 16  # bytes, docs/RECORD_FORMAT.md
    box = bytes(nonce + MAX_STATE_BYTES + tag + beyond)
    sealed = replace(SNAPSHOT, state=box, key_id=UUID(int=7))

    found = decode(PLACE, 1, b"order.order-1", encode(sealed, OURS))

    assert found == (Garbage("too_large") if beyond else sealed)


def test_a_snapshot_shows_nobody_its_state() -> None:
    assert "quantity" not in repr(SNAPSHOT)


def test_our_own_bytes_are_those_of_the_golden_line_signed() -> None:
    assert encode(SNAPSHOT, OURS) == bytes_of(SIGNED[0]["value"])


def test_what_does_not_say_where_its_event_stands_is_not_signed() -> None:
    with pytest.raises(ValueError, match="where its event stands"):
        encode(replace(SNAPSHOT, position=None), OURS)


@pytest.mark.parametrize(
    ("version", "is_one"), [(0, False), (1, True), (2**31 - 1, True), (2**31, False)]
)
def test_a_version_is_what_the_tables_column_holds(
    version: int, *, is_one: bool
) -> None:
    value = encode(replace(SNAPSHOT, version=version), OURS)

    assert isinstance(decode(PLACE, 1, b"order.order-1", value), Snapshot) is is_one


@pytest.mark.parametrize("beyond", [0, 1])
def test_a_state_of_just_the_limit_is_read_and_one_above_is_not(beyond: int) -> None:
    room = MAX_STATE_BYTES - len(b'{"a":""}')
    state = b'{"a":"%b"}' % (b"x" * (room + beyond))
    value = encode(replace(SNAPSHOT, state=state), OURS)

    found = decode(PLACE, 1, b"order.order-1", value)

    assert found == (Garbage("too_large") if beyond else replace(SNAPSHOT, state=state))


def test_who_has_signed_it_is_believed_and_nobody_else() -> None:
    record = LogRecord(0, 1_000, b"order.order-1", encode(SNAPSHOT, OURS))
    foreign = encode(SNAPSHOT, Signer([b"another secret"]))
    first_format = bytes_of(lines("snapshots.jsonl")[0]["value"])
    assert first_format is not None

    assert believed(PLACE, 1, record, OURS) == SNAPSHOT
    assert of_value(foreign) == Garbage("not_ours")
    assert of_value(first_format) == Garbage("earlier_form")
    assert of_value(b"no json") == Garbage("not_a_snapshot")


def of_value(value: bytes) -> Snapshot | Garbage:
    """What we believe of such a record."""
    return believed(PLACE, 1, LogRecord(0, 1_000, b"order.order-1", value), OURS)


def test_every_flipped_bit_of_state_or_mac_is_found() -> None:
    mac = OURS.mac(said_by(SNAPSHOT))
    for changed in flipped(SNAPSHOT.state):
        assert not OURS.knows(said_by(replace(SNAPSHOT, state=changed)), mac)
    for changed in flipped(mac):
        assert not OURS.knows(said_by(SNAPSHOT), changed)


def flipped(value: bytes) -> Iterator[bytes]:
    """The value with each of its bits turned round in turn."""
    for bit in range(len(value) * 8):
        changed = bytearray(value)
        changed[bit // 8] ^= 1 << bit % 8
        yield bytes(changed)
