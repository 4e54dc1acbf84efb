"""The record as our own encoder writes it, and a quick way to read such records back.

The grammar leaves room: fields in any order, white space, escapes. Nearly every record uses none of it. So the quick
reader asks first whether a record is, byte for byte, what the encoder makes of what was read in it. Then no name
stands twice, nothing is in the wrong form, nothing is left over; what such a text can still break is asked in so many
words. Whatever fails here is not judged here: `codec.decode` reads it strictly and knows the reason.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

import msgspec

from eventstore.events import (
    EVENT_TYPE,
    EXPECTED_WORDS,
    MAX_COMMIT_EVENTS,
    STREAM_ID,
    Commit,
    CommitEvent,
    Expected,
    Sealed,
)
from eventstore.protocol.instants import is_written
from eventstore.protocol.sealed import is_sound
from eventstore.protocol.strict_json import may_be_deep

# An integer beyond ±2^53 has 16 digits or more. Found as text: in fields, too, where it means nothing.
_DIGITS: Final = bytes.maketrans(b"123456789", b"000000000")
_LONG_NUMBER: Final = b"0" * 16


class _Event(msgspec.Struct):
    event_id: UUID
    type: str
    schema: int
    occurred_at: str
    correlation_id: UUID | None
    causation_id: UUID | None
    data: Mapping[str, Any]
    sealed: Sealed | msgspec.UnsetType = msgspec.UNSET


class _Record(msgspec.Struct):
    v: int
    commit_id: UUID
    stream_id: str
    expected: int | str
    events: list[_Event]


_ENCODER: Final = msgspec.json.Encoder()
_DECODER: Final = msgspec.json.Decoder(_Record)


def write(commit: Commit) -> bytes:
    """The record. Raises what msgspec raises for data that is not JSON; it takes some that is not (see `strict_json`)."""
    return _ENCODER.encode(
        _Record(
            commit.v,
            commit.commit_id,
            commit.stream_id,
            commit.expected.value,
            [_wire(event) for event in commit.events],
        )
    )


def read(key: bytes | None, value: bytes) -> Commit | None:
    """The commit, if `write` makes these very bytes of it and it keeps the grammar; None: ask the strict reader."""
    if _LONG_NUMBER in value.translate(_DIGITS) or b"\\u" in value:
        return None
    if may_be_deep(value):
        return None
    try:
        value.decode()
        record = _DECODER.decode(value)
        if _ENCODER.encode(record) != value:
            return None
    except (UnicodeError, msgspec.MsgspecError):
        return None
    return _commit(record) if _is_sound(record, key) else None


def _wire(event: CommitEvent) -> _Event:
    return _Event(
        event.event_id,
        event.type,
        event.schema,
        event.occurred_at,
        event.correlation_id,
        event.causation_id,
        event.data,
        msgspec.UNSET if event.sealed is None else event.sealed,
    )


def _is_sound(record: _Record, key: bytes | None) -> bool:
    events, expected = record.events, record.expected
    return (
        key == record.stream_id.encode()
        and STREAM_ID.fullmatch(record.stream_id) is not None
        and record.v >= 0
        and (expected in EXPECTED_WORDS if isinstance(expected, str) else expected >= 0)
        and 1 <= len(events) <= MAX_COMMIT_EVENTS
        and len({event.event_id.int for event in events}) == len(events)
        and all(map(_is_event_sound, events))
    )


def _is_event_sound(event: _Event) -> bool:
    return (
        (event.sealed is msgspec.UNSET or is_sound(event.sealed))
        and event.schema >= 0
        and EVENT_TYPE.fullmatch(event.type) is not None
        and is_written(event.occurred_at)
    )


def _commit(record: _Record) -> Commit:
    events = tuple(
        CommitEvent(
            e.event_id, e.type, e.schema, e.occurred_at, e.correlation_id, e.causation_id, e.data,
            None if e.sealed is msgspec.UNSET else e.sealed,
        )
        for e in record.events
    )  # fmt: skip
    return Commit(
        record.commit_id, record.stream_id, Expected(record.expected), events, record.v
    )
