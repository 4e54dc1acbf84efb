"""Between a commit and the bytes of its record: the grammar of docs/RECORD_FORMAT.md, applied to the bytes.

What is malformed must not depend on a library's leniency or on a later release of it, so every rule is asked
here in so many words. Reasons are stable words: they stand in the mirror.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Callable, Collection
from typing import Any, Final
from uuid import UUID

import msgspec

from eventstore.errors import InvalidEvent
from eventstore.events import (
    EVENT_TYPE,
    EXPECTED_WORDS,
    MAX_COMMIT_BYTES,
    MAX_COMMIT_EVENTS,
    STREAM_ID,
    Activation,
    Commit,
    CommitEvent,
    Expected,
    Malformed,
    Sealed,
)
from eventstore.protocol import canonical
from eventstore.protocol.instants import is_written
from eventstore.protocol.json_values import unfit
from eventstore.protocol.strict_json import Broken, parse, refuse_other_than_json

FieldsOf = Callable[[str], Collection[str]]

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")

_RECORD_FIELDS: Final = {"v", "commit_id", "stream_id", "expected", "events"}
_EVENT_FIELDS: Final = {
    "event_id",
    "type",
    "schema",
    "occurred_at",
    "correlation_id",
    "causation_id",
    "data",
}
_SEALED_FIELDS: Final = {"key", "nonce", "box"}


def encode(commit: Commit, fields_of: FieldsOf | None = None) -> bytes:
    """The bytes of a commit's record. Raises `InvalidEvent` for what JSON or the grammar cannot hold.

    fields_of: by an event's type, the names of the fields that the message may tell; none, if left out.
    """
    try:
        for event in commit.events:
            refuse_other_than_json(event.data)
        value = canonical.write(commit)
    except (
        Broken,
        TypeError,
        ValueError,
        OverflowError,
        RecursionError,
        msgspec.MsgspecError,
    ) as error:
        _refuse_unfit(commit, fields_of)
        # the text of the error may quote the data
        msg = f"its data is not JSON ({type(error).__name__})"
        raise InvalidEvent(msg) from None
    if len(value) <= MAX_COMMIT_BYTES:  # too large is the appender's word to say
        check = decode(commit.stream_id.encode(), value)
        if isinstance(check, Malformed):
            _refuse_unfit(commit, fields_of)
            msg = f"its record would break the grammar: {check.reason}"
            raise InvalidEvent(msg)
    return value


def _refuse_unfit(commit: Commit, fields_of: FieldsOf | None) -> None:
    """Say where it is, if it is in the data: raise `InvalidEvent` with the event and the path."""
    for index, event in enumerate(commit.events):
        names = fields_of(event.type) if fields_of else ()
        if problem := unfit(event.data, names):
            msg = f"{event.type}: {problem}"
            raise InvalidEvent(msg, index=index)


def encode_activation(version: int) -> bytes:
    """The bytes that switch a rule version on; the key is null."""
    return msgspec.json.encode({"v": 1, "activate": version})


def decode(key: bytes | None, value: bytes | None) -> Commit | Activation | Malformed:
    """Read a record by the grammar. Never raises for what the bytes hold."""
    if value is None:
        return Malformed("null_value")
    if len(value) > MAX_COMMIT_BYTES:
        return Malformed("too_large")
    if (commit := canonical.read(key, value)) is not None:
        return commit
    return decode_strictly(key, value)


def decode_strictly(key: bytes | None, value: bytes) -> Commit | Activation | Malformed:
    """`decode` without the short cut: what a record says is what this reads in it."""
    try:
        record = _object(parse(value))
        if record.keys() == {"v", "activate"}:
            return _activation(key, record)
        return _commit(key, record)
    except Broken as broken:
        return Malformed(str(broken))


# ---- JSON → record ---------------------------------------------------------------------------------------------------


def _object(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        msg = "not_an_object"
        raise Broken(msg)
    return value


def _activation(key: bytes | None, record: dict[str, Any]) -> Activation:
    if (
        key is not None
        or type(record["v"]) is not int
        or record["v"] != 1
        or type(record["activate"]) is not int
        or record["activate"] < 0
    ):
        msg = "bad_activation"
        raise Broken(msg)
    return Activation(record["activate"])


def _commit(key: bytes | None, record: dict[str, Any]) -> Commit:
    _refuse_other_fields(record, _RECORD_FIELDS)
    stream_id = _matching(record["stream_id"], STREAM_ID, "bad_stream_id")
    commit = Commit(
        commit_id=_uuid(record["commit_id"]),
        stream_id=stream_id,
        expected=_expected(record["expected"]),
        events=_events(record["events"]),
        v=_natural(record["v"], "bad_version"),
    )
    if key != stream_id.encode():
        msg = "key_mismatch"
        raise Broken(msg)
    if len({event.event_id for event in commit.events}) != len(commit.events):
        msg = "event_id_twice"
        raise Broken(msg)
    return commit


def _events(value: Any) -> tuple[CommitEvent, ...]:
    if not isinstance(value, list) or not 1 <= len(value) <= MAX_COMMIT_EVENTS:
        msg = "bad_events"
        raise Broken(msg)
    return tuple(_event(fields) for fields in value)


def _event(fields: Any) -> CommitEvent:
    if not isinstance(fields, dict):
        msg = "bad_events"
        raise Broken(msg)
    sealed = None
    if "sealed" in fields:
        sealed = _sealed(fields["sealed"])
        fields = {name: fields[name] for name in fields if name != "sealed"}
    _refuse_other_fields(fields, _EVENT_FIELDS)
    if not isinstance(fields["data"], dict):
        msg = "bad_data"
        raise Broken(msg)
    return CommitEvent(
        event_id=_uuid(fields["event_id"]),
        type=_matching(fields["type"], EVENT_TYPE, "bad_type"),
        schema=_natural(fields["schema"], "bad_schema"),
        occurred_at=_instant(fields["occurred_at"]),
        correlation_id=_uuid_or_null(fields["correlation_id"]),
        causation_id=_uuid_or_null(fields["causation_id"]),
        data=fields["data"],
        sealed=sealed,
    )


def _refuse_other_fields(fields: dict[str, Any], wanted: set[str]) -> None:
    if fields.keys() != wanted:
        raise Broken("unknown_field" if fields.keys() - wanted else "missing_field")


def _matching(value: Any, pattern: re.Pattern[str], reason: str) -> str:
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise Broken(reason)
    return value


def _natural(value: Any, reason: str) -> int:
    if type(value) is not int or value < 0:
        raise Broken(reason)
    return value


def _uuid(value: Any) -> UUID:
    return UUID(_matching(value, _UUID, "bad_uuid"))


def _uuid_or_null(value: Any) -> UUID | None:
    return None if value is None else _uuid(value)


def _expected(value: Any) -> Expected:
    if isinstance(value, str):
        if value not in EXPECTED_WORDS:
            msg = "bad_expected"
            raise Broken(msg)
        return Expected(value)
    return Expected(_natural(value, "bad_expected"))


def _instant(value: Any) -> str:
    if not isinstance(value, str) or not is_written(value):
        msg = "bad_time"
        raise Broken(msg)
    return value


def _sealed(fields: Any) -> Sealed:
    if not isinstance(fields, dict) or fields.keys() != _SEALED_FIELDS:
        msg = "bad_sealed"
        raise Broken(msg)
    _uuid(fields["key"])
    if len(_base64(fields["nonce"])) != 12:
        msg = "bad_sealed"
        raise Broken(msg)
    _base64(fields["box"])
    return Sealed(**fields)


def _base64(value: Any) -> bytes:
    if not isinstance(value, str) or not value.isascii():
        msg = "bad_sealed"
        raise Broken(msg)
    try:
        data = binascii.a2b_base64(value, strict_mode=True)
    except binascii.Error:
        msg = "bad_sealed"
        raise Broken(msg) from None
    # one reading a record: unused bits must be zero, so only the canonical form passes
    if binascii.b2a_base64(data, newline=False).decode() != value:
        msg = "bad_sealed"
        raise Broken(msg)
    return data
